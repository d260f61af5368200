"""The pages of the site, from the guides, the documents and the templates in scripts/site/.

Each page exists as HTML and as Markdown, and `llms.txt` lists the latter, as llmstxt.org says.
"""

from __future__ import annotations

import base64
import collections
import dataclasses
import hashlib
import posixpath
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Final, cast

from heidi_spec_tools.dereference import dereference
from heidi_spec_tools.documents import DocumentError
from jinja2 import (
    Environment,
    FileSystemLoader,
    StrictUndefined,
    TemplateError,
    select_autoescape,
)
from markdown_it import MarkdownIt

from scripts.generator.facts import Spec
from scripts.library.semantics import VOCABULARY
from scripts.publication import search
from scripts.publication.changes import changes
from scripts.publication.markdown import Heading, Text, anchor, breakable, cell, markdown_of, render
from scripts.publication.operations import operations
from scripts.publication.provenance import decisions, silences
from scripts.publication.reference import kind
from scripts.publication.tables import GUIDES, filled, servers, tables
from scripts.steps.documents import DOCUMENTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

TEMPLATES: Final = Path("scripts/site")
DECISIONS: Final = Path("openapi/DECISIONS.md")
CHANGELOG: Final = Path("CHANGELOG.md")
CHANGES: Final = Path("openapi/releases")

HOME: Final = "home"
ERRORS: Final = "errors.html#every-status"
INDEX: Final = "index.html"
MISSING: Final = "404.html"
LLMS: Final = "llms.txt"
INLINE: Final = ("base", "theme")
"""The scripts inside pages: the first in the page for unknown paths, the last in all."""
ORDER: Final = (
    "getting-started",
    "authentication",
    "pagination",
    "errors",
    "client",
    "sandbox",
    "integration",
    "documents",
    "portability",
    "workflows",
    "judging",
    "scorecards",
    "coverage",
)
"""The guides as one reads them; one that is not named here comes behind these."""
EVIDENCE: Final = {"coverage", "scorecards"}
"""Guides that the search shows behind those that say how to do something."""

NAVIGATION: Final = {
    "getting-started.html": "Guides",
    "reference.html": "Reference",
    "console.html": "Console",
    "unsaid.html": "Open questions",
    "changelog.html": "Changelog",
    "downloads.html": "Downloads",
}

TITLES: Final = NAVIGATION | {
    "reference.html": "API reference",
    "unsaid.html": "What the vendor does not say",
}

SUMMARIES: Final = {
    "reference.html": "Every operation and schema, and where each comes from.",
    "console.html": "Call the sandbox from your browser.",
    "unsaid.html": "What is unknown, inferred or contradictory, with our decision beside it.",
    "decisions.html": "What we repaired, read and decided, row by row.",
    "changelog.html": "What changed, version by version.",
    "changes.html": "The differences between the documents of two versions, and what you must do.",
    "downloads.html": "The documents in every form, collections, a wheel, checksums (SHA256SUMS).",
    MISSING: "There is no such page.",
}

MEANINGS: Final = {
    "unknown": "Only null, or only an empty list, is ever shown.",
    "anomaly": "The vendor contradicts itself.",
    "inferred": "The vendor is silent, and OpenAPI needs something to be written.",
    "narrowed": "The vendor says it, and we added a bound.",
    "decided": "The vendor says nothing, and we decided.",
}

DOWNLOADS: Final = {
    "documents/": (
        "Documents",
        (
            "`client` is the one to build on: all that a client needs, tokens and paging included."
            " `strict` adds what we decided, as the sandbox obeys it. `base` says only what the"
            " vendor's Sessions page says, so it has no way to get a token. `dereferenced` is for"
            " tools that cannot follow `$ref`, `plain` leaves out where each node comes from."
            " `generators` is `client` with the markers of"
            " [Speakeasy, Fern, Redocly and Scalar](documents.html#markers-of-other-generators)."
            f" `{VOCABULARY.name}` describes [x-semantics](documents.html#x-semantics)."
        ),
    ),
    "package/": (
        "Python package",
        (
            "The Python client, the sandbox and `heidi-conformance` as a wheel, which `pip install`"
            " takes as a file, and their source. It has a version of its own."
            " [The Python client](client.html#install) says what its extras bring."
        ),
    ),
    "collections/": (
        "Collections",
        (
            "Every operation and the main errors, ready to run against the sandbox: a Postman"
            " collection, and a `.http` file with its environment for JetBrains' HTTP Client and"
            " httpYac. Each says where the key goes. [Workflows](workflows.html) are an Arazzo"
            " document."
        ),
    ),
    "drivers/": (
        "Drivers",
        (
            "The programs that let `heidi-conformance client` call a client: see"
            " [Testing your integration](integration.html)."
        ),
    ),
    "overlays/": (
        "Overlays",
        (
            "What makes the other documents from `base`, as OpenAPI Overlay 1.1, in this order: "
            + "; ".join(
                f"`{name}` = {', '.join(f'`{overlay}`' for overlay in overlays)}"
                for name, overlays in DOCUMENTS.items()
                if overlays
            )
            + ". `shown`, where there is one, comes last and completes `strict`. `generators` makes"
            " the document of that name from `client`."
        ),
    ),
    "samples/": ("Samples", "The vendor's samples as printed, and what we repaired in them."),
    "": (
        "About this version",
        "The changelog, and what the Python package is made of, with licences, as CycloneDX.",
    ),
}
"""Titles and summaries of the downloads, by the folder that they are in."""

RECOMMENDED: Final = {
    "documents/": ("client", "strict", "base"),
    "overlays/": DOCUMENTS["strict"],
}
"""The downloads that come first in their folder, in order."""

WHEEL: Final = re.compile(r"package/.*\.whl")

NOT_BUILT: Final = (
    "Not built for this publication: `make dist` in a checkout of the project builds it, and the"
    " next `make publish` takes it along."
)

POLICY: Final = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "connect-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
}
OWN: Final = POLICY | {"require-trusted-types-for": "'script'", "trusted-types": "search"}
# The bundles write styles and mark-up of their own. The console may talk to this machine alone.
REFERENCE: Final = POLICY | {"style-src": "'self' 'unsafe-inline'", "worker-src": "blob:"}
LOST: Final = OWN | {"base-uri": "'self'"}
CONSOLE: Final = POLICY | {
    "style-src": "'self' 'unsafe-inline'",
    "connect-src": "'self' http://127.0.0.1:* http://localhost:*",
}


@dataclass(frozen=True)
class Page:
    """A page: its file, its title, a line about it, what it shows, and how.

    markdown: the same for those who read no HTML.
    section: the page of the navigation that it belongs to.
    siblings: the pages beside it in that section.
    """

    name: str
    title: str
    summary: str
    body: str = ""
    markdown: str = ""
    section: str = ""
    contents: tuple[Heading, ...] = ()
    siblings: tuple[Page, ...] = ()
    template: str = "page.html"
    policy: Mapping[str, str] = dataclasses.field(default_factory=lambda: OWN)

    @property
    def source(self) -> str:
        """The file that holds it as Markdown."""
        return markdown_of(self.name)

    @property
    def beside(self) -> tuple[Page | None, Page | None]:
        """The pages before and behind it in its section."""
        at = [page.name for page in self.siblings].index(self.name) if self.siblings else 0
        around = (None, *self.siblings, None)
        return around[at], around[at + 2] if self.siblings else None


class Site:
    """Makes the pages of one version.

    Args:
        root: the root of the repository.
        derived: its documents. The reference shows `client`, and the console calls the sandbox,
            which serves `strict`.
        calls: a call of each operation of the reference, by language.
        notes: the release notes, as Markdown with a title.
        downloads: the files to download.
    """

    def __init__(
        self,
        root: Path,
        derived: Mapping[str, Any],
        *,
        calls: Mapping[str, Mapping[str, str]],
        notes: str,
        downloads: Mapping[str, bytes],
    ) -> None:
        self._root = root
        self._base = derived["base"]
        self._complete = derived["client"]
        self._sandbox = derived["strict"]
        self._calls = calls
        self._silences = silences(self._base, self._sandbox)
        self._downloads = downloads
        self._tables = tables(root, self._sandbox)
        self._links = {
            "README.md": INDEX,
            CHANGELOG.as_posix(): "changelog.html",
            DECISIONS.as_posix(): "decisions.html",
            "openapi/openapi.yaml": "documents/base.yaml",
            "generated/heidi_spec": "downloads.html#documents",
            **{f"generated/heidi_spec/{name}.yaml": f"documents/{name}.yaml" for name in DOCUMENTS},
            "openapi/examples": "downloads.html#samples",
            "openapi/semantics.schema.yaml": "documents/semantics.schema.yaml",
            "overrides/overlays": "downloads.html#overlays",
            "conformance/drivers": "downloads.html#drivers",
            "scripts/publication/markers.py": "documents/generators.yaml",
            "scripts/publication/workflows.py": "collections/heidi-sessions.arazzo.yaml",
            "pyproject.toml": "downloads.html#python-package",
            "scripts/dist": next(filter(WHEEL.match, downloads), "downloads.html#python-package"),
            "openapi/examples/repairs.yaml": "samples/repairs.yaml",
            f"{GUIDES.as_posix()}/{HOME}.md": INDEX,
        }
        paths = {path.stem: path for path in sorted((root / GUIDES).glob("*.md"))}
        names = [name for name in ORDER if name in paths] + sorted(paths.keys() - {*ORDER, HOME})
        self._links |= {f"{GUIDES.as_posix()}/{name}.md": f"{name}.html" for name in names}
        self._guides = {name: self._text(GUIDES / f"{name}.md") for name in names}
        self._home = self._text(GUIDES / f"{HOME}.md")
        self._decisions = self._text(DECISIONS)
        self._notes = self._rendered(notes, CHANGELOG)
        self._changes = self._rendered(changes(root, derived), CHANGES)
        self._inline = MarkdownIt("commonmark", {"html": False}).renderInline
        self._environment = Environment(
            loader=FileSystemLoader(root / TEMPLATES),
            autoescape=select_autoescape(("html",)),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def files(self) -> dict[str, str]:
        """Return every page, and the assets that are not bundles."""
        guides = self._guide_pages()
        others = [self._unsaid(), *self._text_pages(), self._downloads_page()]
        others += [self._reference(), self._console()]
        home = self._front()
        files = {page.name: self._page(page) for page in (*guides, *others)}
        files[home.name] = self._page(home, **self._front_facts(), guides=guides)
        files |= {page.source: page.markdown for page in (home, *guides, *others)}
        for path in sorted((self._root / TEMPLATES).iterdir()):
            if path.suffix in {".css", ".js"} and path.stem not in INLINE:
                files[f"assets/{path.name}"] = path.read_text(encoding="utf-8")
        missing = Page(MISSING, "Page not found", SUMMARIES[MISSING], template=MISSING, policy=LOST)
        return files | {
            MISSING: self._page(missing),
            LLMS: self._fragment(LLMS, home=home, guides=guides, others=others),
            "assets/search-data.js": search.script(self._entries()),
        }

    def _front(self) -> Page:
        text = self._home
        body, markdown = text.html, text.markdown
        return Page(INDEX, text.title, text.summary, body, markdown, template="home.html")

    def _front_facts(self) -> dict[str, Any]:
        """Return the data at the top of the first page."""
        known = servers(self._sandbox)
        lead, mark, rest = self._home.html.partition("<h2")
        return {"lead": lead, "rest": mark + rest, "server": known[0], "sandbox": known[-1]}

    def _guide_pages(self) -> list[Page]:
        first = next(iter(self._guides))
        pages = [
            Page(
                f"{name}.html",
                text.title,
                text.summary,
                text.html,
                text.markdown,
                section=f"{first}.html",
                contents=_contents(text),
            )
            for name, text in self._guides.items()
        ]
        return _beside_each_other(pages)

    def _text_pages(self) -> list[Page]:
        decided = self._text_page("decisions.html", self._decisions, "unsaid.html")
        shown = {"changelog.html": self._notes, "changes.html": self._changes}
        changed = [self._text_page(name, text, "changelog.html") for name, text in shown.items()]
        return [decided, *_beside_each_other(changed)]

    def _text_page(self, name: str, text: Text, section: str) -> Page:
        contents = _contents(text)
        summary = SUMMARIES[name]
        return Page(name, text.title, summary, text.html, text.markdown, section, contents)

    def _reference(self) -> Page:
        plain = cast("dict[str, Any]", dereference(dict(self._complete)))
        markdown = self._fragment(
            "reference.md",
            document=self._complete,
            operations=operations(plain),
            samples=self._calls,
            kind=kind,
            media=Spec(dict(self._complete)).media,
        )
        return self._drawn("reference.html", markdown, REFERENCE)

    def _console(self) -> Page:
        markdown = self._fragment("console.md", sandbox=servers(self._sandbox)[-1][0])
        return self._drawn("console.html", markdown, CONSOLE)

    def _drawn(self, name: str, markdown: str, policy: Mapping[str, str]) -> Page:
        """Return a page that a bundle renders."""
        title, summary = TITLES[name], SUMMARIES[name]
        return Page(name, title, summary, "", markdown, name, template=name, policy=policy)

    def _unsaid(self) -> Page:
        groups = self._silences
        counts = collections.Counter(row.status for rows in groups.values() for row in rows)
        headings = (Heading(2, group, anchor(group), "") for group in groups)
        return self._own(
            "unsaid.html",
            headings,
            groups=groups,
            counts=counts,
            total=counts.total(),
            meanings=MEANINGS,
            decisions=decisions(self._read(DECISIONS)),
        )

    def _downloads_page(self) -> Page:
        folders = set(map(_folder, self._downloads))
        groups = [
            {
                "title": title,
                "summary": summary if folder in folders else NOT_BUILT,
                "files": [
                    {
                        "name": name,
                        "size": _size(len(content)),
                        "sum": hashlib.sha256(content).hexdigest(),
                    }
                    for name, content in sorted(self._downloads.items(), key=_place)
                    if _folder(name) == folder
                ],
            }
            for folder, (title, summary) in DOWNLOADS.items()
        ]
        titles = [*(title for title, _ in DOWNLOADS.values()), "Everything"]
        headings = (Heading(2, title, anchor(title), "") for title in titles)
        return self._own("downloads.html", headings, groups=groups)

    def _own(self, name: str, headings: Iterable[Heading], **values: Any) -> Page:
        body, markdown = (self._fragment(file, **values) for file in (name, f"{name[:-5]}.md"))
        title, summary = TITLES[name], SUMMARIES[name]
        return Page(name, title, summary, body, markdown, name, tuple(headings))

    def _entries(self) -> Iterable[search.Entry]:
        texts = [
            (f"{name}.html", "evidence" if name in EVIDENCE else "guide", text)
            for name, text in self._guides.items()
        ]
        texts.append((INDEX, "guide", self._home))
        texts.append(("decisions.html", "decision", self._decisions))
        texts.append(("changelog.html", "changelog", self._notes))
        texts.append(("changes.html", "changelog", self._changes))
        yield from search.operations(self._complete, "reference.html")
        yield from search.schemas(self._complete, "reference.html")
        yield from search.errors(self._tables["errors"], ERRORS)
        yield from search.texts(texts)
        for name in ("console.html", "unsaid.html", "downloads.html"):
            yield search.Entry(TITLES[name], "page", name, search.words(SUMMARIES[name]))
        for folder, (title, summary) in DOWNLOADS.items():
            names = " ".join(name for name in self._downloads if _folder(name) == folder)
            yield search.Entry(
                f"{title} · {TITLES['downloads.html']}",
                "page",
                f"downloads.html#{anchor(title)}",
                search.words(f"{summary} {names}"),
            )
        for group, rows in self._silences.items():
            yield search.Entry(
                f"{group} · {TITLES['unsaid.html']}",
                "page",
                f"unsaid.html#{anchor(group)}",
                search.words(" ".join(f"{row.place} {row.said} {row.decided}" for row in rows)),
            )

    def _text(self, path: Path) -> Text:
        return self._rendered(filled(self._read(path), self._tables, path.name), path)

    def _rendered(self, source: str, path: Path) -> Text:
        folder = PurePosixPath(path.as_posix()).parent

        def resolve(link: str) -> str:
            return self._links[posixpath.normpath(str(folder / link))]

        return render(source, str(path), resolve)

    def _read(self, path: Path) -> str:
        try:
            return (self._root / path).read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise DocumentError(f"{path}: not UTF-8; save as UTF-8") from error

    def _page(self, page: Page, **values: Any) -> str:
        names = INLINE if page.name == MISSING else INLINE[-1:]
        inline = [self._read(TEMPLATES / f"{name}.js").strip() for name in names]
        hashes = (hashlib.sha256(script.encode()).digest() for script in inline)
        allowed = " ".join(f"'sha256-{base64.b64encode(each).decode()}'" for each in hashes)
        policy = dict(page.policy) | {"script-src": f"'self' {allowed}"}
        return self._fragment(
            page.template,
            page=page,
            policy="; ".join(f"{directive} {sources}" for directive, sources in policy.items()),
            scripts=inline,
            navigation=NAVIGATION,
            **values,
        )

    def _fragment(self, template: str, **values: Any) -> str:
        info = self._base["info"]
        known = {"title": info["title"], "version": info["version"]}
        helpers = {
            "anchor": anchor,
            "breakable": breakable,
            "cell": cell,
            "inline": self._inline,
        }
        try:
            return self._environment.get_template(template).render(**known, **helpers, **values)
        except TemplateError as error:
            raise DocumentError(f"{TEMPLATES / template}: {error}; fix the template") from error


def _beside_each_other(pages: Sequence[Page]) -> list[Page]:
    return [dataclasses.replace(page, siblings=tuple(pages)) for page in pages]


def _contents(text: Text) -> tuple[Heading, ...]:
    return tuple(heading for heading in text.headings if heading.level == 2)


def _folder(name: str) -> str:
    """Return the folder of a download, with a trailing slash, or an empty string."""
    return name[: name.find("/") + 1]


def _place(download: tuple[str, bytes]) -> tuple[int, str, bool, bool, bool, str]:
    """Return the position of a download in its folder: the most useful first."""
    stem, *form = download[0].rpartition("/")[2].split(".")
    first = RECOMMENDED.get(_folder(download[0]), ())
    known = first.index(stem) if stem in first else len(first)
    return known, stem, "plain" in form, "dereferenced" in form, "json" in form, download[0]


def _size(count: int) -> str:
    return f"{count} B" if count < 1000 else f"{count / 1000:.0f} kB"
