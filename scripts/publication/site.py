"""The pages of the site, from the guides, the documents and the templates in scripts/site/."""

from __future__ import annotations

import base64
import collections
import dataclasses
import hashlib
import posixpath
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Final

from heidi_spec_tools.documents import DocumentError
from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError
from markdown_it import MarkdownIt

from scripts.bundle import DOCUMENTS
from scripts.publication import search
from scripts.publication.changes import changes
from scripts.publication.markdown import Heading, Text, anchor, render
from scripts.publication.provenance import decisions, silences
from scripts.publication.tables import GUIDES, filled, tables
from scripts.semantics import VOCABULARY

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

TEMPLATES: Final = Path("scripts/site")
DECISIONS: Final = Path("openapi/DECISIONS.md")
CHANGELOG: Final = Path("CHANGELOG.md")
CHANGES: Final = Path("openapi/releases")

HOME: Final = "home"
ORDER: Final = (
    "getting-started",
    "authentication",
    "pagination",
    "errors",
    "documents",
    "sandbox",
    "judging",
    "integration",
    "coverage",
    "client",
)
"""The guides as one reads them; one that is not named here comes behind these."""

NAVIGATION: Final = {
    "getting-started.html": "Guides",
    "reference.html": "Reference",
    "console.html": "Console",
    "unsaid.html": "What the vendor does not say",
    "changelog.html": "Changelog",
    "downloads.html": "Downloads",
}

SUMMARIES: Final = {
    "reference.html": "Every operation and schema, and where each comes from.",
    "console.html": "Call the sandbox from your browser.",
    "unsaid.html": "What is unknown, inferred or contradictory, with our decision beside it.",
    "decisions.html": "What we repaired, read and decided, row by row.",
    "changelog.html": "What changed, version by version.",
    "changes.html": "What differs between the documents of two versions, and what it asks of you.",
    "downloads.html": "The documents in every form, collections, and their checksums.",
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
            f" `{VOCABULARY.name}` describes [x-semantics](documents.html#x-semantics)."
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
            + ". `shown`, where there is one, comes last and completes `strict`."
        ),
    ),
    "collections/": (
        "Collections",
        (
            "Every operation and the main errors, ready to run against the sandbox: a Postman"
            " collection, and a `.http` file with its environment for JetBrains' HTTP Client and"
            " httpYac. Each says where the key goes."
        ),
    ),
    "samples/": ("Samples", "The vendor's samples as printed, and what we repaired in them."),
    "": (
        "About this version",
        "The changelog, and what the Python package is made of, with licences, as CycloneDX.",
    ),
}
"""Titles and summaries of the downloads, by the folder that they are in."""

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
CONSOLE: Final = POLICY | {
    "style-src": "'self' 'unsafe-inline'",
    "connect-src": "'self' http://127.0.0.1:* http://localhost:*",
}


@dataclass(frozen=True)
class Page:
    """A page: its file, its title, a line about it, what it shows, and how.

    section: the page of the navigation that it belongs to.
    siblings: the pages beside it in that section.
    """

    name: str
    title: str
    summary: str
    body: str = ""
    section: str = ""
    contents: tuple[Heading, ...] = ()
    siblings: tuple[Page, ...] = ()
    template: str = "page.html"
    policy: Mapping[str, str] = dataclasses.field(default_factory=lambda: OWN)


class Site:
    """Makes the pages of one version.

    Args:
        root: the root of the repository.
        base: what the vendor's Sessions page says.
        complete: the same with tokens and paging; the reference shows it.
        sandbox: what the sandbox serves; the console calls it.
        notes: the release notes, as Markdown with a title.
        downloads: the files to download.
    """

    def __init__(
        self,
        root: Path,
        base: Mapping[str, Any],
        complete: Mapping[str, Any],
        sandbox: Mapping[str, Any],
        *,
        notes: str,
        downloads: Mapping[str, bytes],
    ) -> None:
        self._root = root
        self._base = base
        self._complete = complete
        self._sandbox = sandbox
        self._downloads = downloads
        self._tables = tables(root)
        self._links = {
            "README.md": "index.html",
            CHANGELOG.as_posix(): "changelog.html",
            DECISIONS.as_posix(): "decisions.html",
            "openapi/openapi.yaml": "documents/base.yaml",
            "openapi/examples": "downloads.html#samples",
            "openapi/examples/repairs.yaml": "samples/repairs.yaml",
            f"{GUIDES.as_posix()}/{HOME}.md": "index.html",
        }
        paths = {path.stem: path for path in sorted((root / GUIDES).glob("*.md"))}
        names = [name for name in ORDER if name in paths] + sorted(paths.keys() - {*ORDER, HOME})
        self._links |= {f"{GUIDES.as_posix()}/{name}.md": f"{name}.html" for name in names}
        self._guides = {name: self._text(GUIDES / f"{name}.md") for name in names}
        self._home = self._text(GUIDES / f"{HOME}.md")
        self._decisions = self._text(DECISIONS)
        self._notes = self._rendered(notes, CHANGELOG)
        self._changes = self._rendered(changes(root), CHANGES)
        self._inline = MarkdownIt("commonmark", {"html": False}).renderInline
        self._environment = Environment(
            loader=FileSystemLoader(root / TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def files(self) -> dict[str, str]:
        """Return every page, and the assets that are not bundles."""
        guides = self._guide_pages()
        others = [self._unsaid(), *self._text_pages(), self._downloads_page()]
        others += self._reference_pages()
        pages = [*guides, *others]
        home = Page(
            "index.html",
            self._home.title,
            self._home.summary,
            self._home.html,
            template="home.html",
        )
        cards = [*guides, *(page for page in others if page.name in NAVIGATION)]
        files = {page.name: self._page(page) for page in pages}
        files[home.name] = self._page(home, cards=cards)
        for path in sorted((self._root / TEMPLATES).iterdir()):
            if path.suffix in {".css", ".js"} and path.stem != "theme":
                files[f"assets/{path.name}"] = path.read_text(encoding="utf-8")
        return files | {"assets/search-data.js": search.script(self._entries())}

    def _guide_pages(self) -> list[Page]:
        first = next(iter(self._guides))
        pages = [
            Page(
                f"{name}.html",
                text.title,
                text.summary,
                text.html,
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
        return Page(name, text.title, SUMMARIES[name], text.html, section, contents)

    def _reference_pages(self) -> list[Page]:
        return [
            Page(
                f"{name}.html",
                NAVIGATION[f"{name}.html"],
                SUMMARIES[f"{name}.html"],
                section=f"{name}.html",
                template=f"{name}.html",
                policy=policy,
            )
            for name, policy in {"reference": REFERENCE, "console": CONSOLE}.items()
        ]

    def _unsaid(self) -> Page:
        groups = silences(self._base, self._sandbox)
        counts = collections.Counter(row.status for rows in groups.values() for row in rows)
        body = self._fragment(
            "unsaid.html",
            groups=groups,
            counts=counts,
            total=counts.total(),
            meanings=MEANINGS,
            decisions=decisions(self._read(DECISIONS)),
        )
        headings = (Heading(2, group, anchor(group), "") for group in groups)
        return self._own("unsaid.html", body, headings)

    def _downloads_page(self) -> Page:
        groups = [
            {
                "title": title,
                "summary": summary,
                "files": [
                    {
                        "name": name,
                        "size": _size(len(content)),
                        "sum": hashlib.sha256(content).hexdigest(),
                    }
                    for name, content in sorted(self._downloads.items())
                    if name[: name.find("/") + 1] == folder
                ],
            }
            for folder, (title, summary) in DOWNLOADS.items()
        ]
        titles = [*(title for title, _ in DOWNLOADS.values()), "Everything"]
        headings = (Heading(2, title, anchor(title), "") for title in titles)
        return self._own(
            "downloads.html", self._fragment("downloads.html", groups=groups), headings
        )

    def _own(self, name: str, body: str, headings: Iterable[Heading]) -> Page:
        title, summary = NAVIGATION[name], SUMMARIES[name]
        return Page(name, title, summary, body, section=name, contents=tuple(headings))

    def _entries(self) -> Iterable[search.Entry]:
        texts = [(f"{name}.html", "guide", text) for name, text in self._guides.items()]
        texts.append(("index.html", "guide", self._home))
        texts.append(("decisions.html", "decision", self._decisions))
        texts.append(("changelog.html", "changelog", self._notes))
        texts.append(("changes.html", "changelog", self._changes))
        yield from search.operations(self._complete, "reference.html")
        yield from search.schemas(self._complete, "reference.html")
        yield from search.texts(texts)
        for name in ("console.html", "unsaid.html", "downloads.html"):
            yield search.Entry(NAVIGATION[name], "page", name, search.words(SUMMARIES[name]))

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
        theme = self._read(TEMPLATES / "theme.js").strip()
        digest = base64.b64encode(hashlib.sha256(theme.encode()).digest()).decode()
        policy = dict(page.policy) | {"script-src": f"'self' 'sha256-{digest}'"}
        return self._fragment(
            page.template,
            page=page,
            policy="; ".join(f"{directive} {sources}" for directive, sources in policy.items()),
            theme=theme,
            navigation=NAVIGATION,
            **values,
        )

    def _fragment(self, template: str, **values: Any) -> str:
        info = self._base["info"]
        known = {"title": info["title"], "version": info["version"]}
        helpers = {"anchor": anchor, "inline": self._inline}
        try:
            return self._environment.get_template(template).render(**known, **helpers, **values)
        except TemplateError as error:
            raise DocumentError(f"{TEMPLATES / template}: {error}; fix the template") from error


def _beside_each_other(pages: Sequence[Page]) -> list[Page]:
    return [dataclasses.replace(page, siblings=tuple(pages)) for page in pages]


def _contents(text: Text) -> tuple[Heading, ...]:
    return tuple(heading for heading in text.headings if heading.level == 2)


def _size(count: int) -> str:
    return f"{count} B" if count < 1000 else f"{count / 1000:.0f} kB"
