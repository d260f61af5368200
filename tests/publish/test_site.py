"""The pages of the site: their links, their policy, and what is made from the provenance."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import unquote, urlsplit

import pytest
from heidi_spec_tools.dereference import dereference
from heidi_spec_tools.documents import DocumentError
from heidi_spec_tools.nodes import METHODS

from scripts.publication.markdown import COLOURED, anchor, render
from scripts.publication.operations import operations
from scripts.publication.provenance import Silence, decisions, silences
from scripts.publication.requests import base_url
from scripts.steps.documents import ROOT, derive

if TYPE_CHECKING:
    from pathlib import Path


class Page(HTMLParser):
    """Collects the links, anchors and policy of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.anchors: list[str] = []
        self.inline: list[str] = []
        self.policy: dict[str, str] = {}
        self.text = ""
        self._in_script = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = {key: value or "" for key, value in attrs}
        if tag == "a":
            self.links.append(named["href"])
        elif "src" in named or "href" in named:
            self.loaded.append(named.get("src") or named["href"])
        self.anchors += [named["id"]] if "id" in named else []
        self.inline += [key for key in named if key == "style" or key.startswith("on")]
        self._in_script = tag == "script" and "src" not in named
        if named.get("http-equiv") == "Content-Security-Policy":
            pairs = (directive.split(" ", 1) for directive in named["content"].split("; "))
            self.policy = {pair[0]: pair[1] for pair in pairs}

    def handle_data(self, data: str) -> None:
        if self._in_script:
            digest = base64.b64encode(hashlib.sha256(data.encode()).digest()).decode()
            self.inline.append(f"'sha256-{digest}'")
        self._in_script = False
        self.text += data


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[str, Page]:
    return {path.name: Page(path.read_text(encoding="utf-8")) for path in site.glob("*.html")}


def leads_nowhere(site: Path, pages: dict[str, Page], start: str, link: str) -> bool:
    address = urlsplit(link)
    if address.scheme:
        return address.scheme != "https"
    name, anchor = address.path or start, unquote(address.fragment)
    if name not in pages:
        return not (site / name).is_file()
    held = not anchor or anchor in pages[name].anchors
    return not held and not (name == "reference.html" and drawn_by_redoc(anchor))


def drawn_by_redoc(anchor: str) -> bool:
    document = cast("dict[str, Any]", dereference(derive("client")))
    names = {operation.id for operation in operations(document)}
    kind, _, name = anchor.partition("/")
    known = {"operation": names, "schema": document["components"]["schemas"]}
    return name in known.get(kind, [])


def test_every_link_leads_to_a_page_or_a_file_and_to_a_place_on_it(
    site: Path, pages: dict[str, Page]
) -> None:
    links = [(name, link) for name, page in pages.items() for link in page.links + page.loaded]
    local = [pair for pair in links if not pair[1].startswith("data:")]
    assert len(local) > 200
    assert [] == [pair for pair in local if leads_nowhere(site, pages, *pair)]


def test_every_entry_of_the_search_leads_to_a_place(site: Path, pages: dict[str, Page]) -> None:
    script = (site / "assets/search-data.js").read_text(encoding="utf-8")
    entries, _ = json.JSONDecoder().raw_decode(script.removeprefix("window.heidiSearch = "))
    kinds = {entry["kind"] for entry in entries}
    texts = {"changelog", "decision", "error", "evidence", "guide", "page"}
    assert texts | {"operation", "schema"} == kinds
    assert [] == [e["url"] for e in entries if leads_nowhere(site, pages, "index.html", e["url"])]


def test_every_page_can_be_reached_from_the_first_one(pages: dict[str, Page]) -> None:
    reached, waiting = set[str](), {"index.html"}
    while waiting:
        name = waiting.pop()
        reached.add(name)
        targets = {urlsplit(link).path for link in pages[name].links}
        waiting |= (targets & pages.keys()) - reached
    assert pages.keys() - {"404.html"} == reached


def anchors_of(markdown: str) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", COMMENTED.sub("", markdown), re.MULTILINE)
    return {anchor(re.sub(r"[`*]|\[(.+?)\]\(.*?\)", r"\1", heading)) for heading in headings}


COMMENTED = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
TARGET = re.compile(r"\]\(([^)\s]+)\)")


def test_every_page_exists_as_markdown_too(site: Path, pages: dict[str, Page]) -> None:
    texts = {path.name for path in site.glob("*.html.md")}
    assert {f"{name}.md" for name in pages.keys() - {"404.html"}} == texts
    for name in texts:
        page = pages[name.removesuffix(".md")]
        assert name in page.loaded  # as the alternate of the page
        assert name in page.links or "unsafe-inline" in str(page.policy)  # a bundle's own page
        assert (site / name).read_text(encoding="utf-8").startswith("# ")


def test_every_link_of_the_markdown_leads_to_markdown_and_to_a_place_in_it(site: Path) -> None:
    texts = {path.name: path.read_text(encoding="utf-8") for path in site.glob("*.html.md")}
    texts |= {"llms.txt": (site / "llms.txt").read_text(encoding="utf-8")}
    count, dead = 0, list[tuple[str, str]]()
    for name, text in texts.items():
        for link in TARGET.findall(COMMENTED.sub("", text)):
            file, _, place = link.partition("#")
            if re.match(r"[a-z]+:", link):
                continue
            count += 1
            target = file or name
            held = not place or place in anchors_of(texts.get(target, ""))
            rows = re.findall(r"^\| ([A-Z]\d+) \|", texts.get(target, ""), re.MULTILINE)
            if (
                target.endswith(".html")
                or not (site / target).is_file()
                or not (held or place in rows)
            ):
                dead.append((name, link))
    assert count > 100
    assert [] == dead


def test_llms_txt_lists_every_page_as_llmstxt_org_says(site: Path) -> None:
    text = (site / "llms.txt").read_text(encoding="utf-8")
    title, quote, *_ = [line for line in text.splitlines() if line]
    assert title.startswith("# ")
    assert quote.startswith("> ")
    listed = re.findall(r"^- \[[^\]]+\]\(([^)]+)\): \S.*$", text, re.MULTILINE)
    assert len(listed) == text.count("\n- ")
    assert {path.name for path in site.glob("*.html.md")} <= set(listed)
    assert len(listed) == len(set(listed))


def test_no_comment_of_a_source_is_shown(site: Path, pages: dict[str, Page]) -> None:
    assert [] == [name for name, page in pages.items() if "<!--" in page.text]
    texts = [*site.glob("*.html.md"), site / "llms.txt"]
    assert [] == [path.name for path in texts if "<!--" in path.read_text(encoding="utf-8")]
    commented = "# T\n\n<!-- Written\nelsewhere. -->\n\nFirst.\n"
    text = render(commented, "t.md", dict[str, str]().__getitem__)
    assert ("First.", "# T\n\n\nFirst.\n") == (text.summary, text.markdown)


def test_the_first_page_has_the_important_links(pages: dict[str, Page]) -> None:
    page = pages["index.html"]
    client: Any = derive("client")
    for server in client["servers"]:
        for region in server.get("variables", {}).get("region", {}).get("enum", [""]):
            assert server["url"].replace("{region}", region) in page.text
    assert base_url(client) in page.text
    wanted = {"reference.html", "console.html", "documents/client.yaml"}
    wanted |= {"downloads.html#python-package", "downloads.html#collections"}
    assert wanted <= set(page.links)
    assert [link for link in page.links if link.startswith("https://www.heidihealth.com/")]


def test_the_reference_has_a_sample_of_each_operation_in_three_languages(site: Path) -> None:
    script = (site / "assets/reference-data.js").read_text(encoding="utf-8")
    drawn, _ = json.JSONDecoder().raw_decode(script.removeprefix("window.heidi = "))
    for path, item in drawn["document"]["paths"].items():
        for method in item.keys() & METHODS:
            shown = item[method]["x-codeSamples"]
            assert ["curl", "Python", "TypeScript"] == [each["label"] for each in shown], path
    assert "x-codeSamples" not in (site / "documents/client.yaml").read_text(encoding="utf-8")


def test_snippets_of_several_languages_become_tabs() -> None:
    fences = [f"```{name}\n{name}\n```\n" for name in ("sh", "python", "sh", "text", "ts")]
    text = render("# T\n\n" + "\n".join(fences), "t.md", dict[str, str]().__getitem__)
    assert 1 == text.html.count('class="tabs"')
    assert ["curl", "Python"] == re.findall(r"<figcaption>(\w+)</figcaption>", text.html)
    assert 4 == text.html.count('class="code"')
    assert 1 == text.html.count('class="output"')


def test_long_names_and_urls_may_go_on_in_the_next_line() -> None:
    shown = {
        "`listLinkedUserSessions`": "listLinked<wbr>UserSessions",
        "`third_party_internal_id`": "third_party_<wbr>internal_<wbr>id",
        "`short`": "short",
        "`https://a.example/b`": "https://<wbr>a.<wbr>example/<wbr>b",
        "`a sentence of camelCase words`": "a sentence of camelCase words",
    }
    for source, code in shown.items():
        assert f"<code>{code}</code>" in render(f"# A\n\n{source}\n", "a", str).html


def test_a_list_of_the_headings_of_a_page_is_marked_and_no_other_list_is() -> None:
    contents, mixed = "- [B](#b)\n- [C](#c)\n", "- [B](#b)\n- [C](c.md)\n"
    shown = {contents: True, mixed: False, "- B\n": False, "- See [B](#b)\n": False}
    for source, marked in shown.items():
        text = render(f"# A\n\n{source}\n## B\n\n## C\n", "a", str)
        assert marked is ('<ul class="inside">' in text.html)


def test_every_anchor_is_unique_on_a_page(pages: dict[str, Page]) -> None:
    twice = {
        name: [anchor for anchor in page.anchors if page.anchors.count(anchor) > 1]
        for name, page in pages.items()
    }
    assert {} == {name: anchors for name, anchors in twice.items() if anchors}


def test_the_policy_allows_the_scripts_of_the_site_and_no_others(pages: dict[str, Page]) -> None:
    for name, page in pages.items():
        assert "'none'" == page.policy["default-src"], name
        assert {"'self'", *page.inline} == set(page.policy["script-src"].split()), name
        assert not re.search(r"unsafe-eval|https:|//\*", str(page.policy)), name


def test_the_policy_lets_the_bundles_alone_write_styles(pages: dict[str, Page]) -> None:
    loose = {n for n, page in pages.items() if "'unsafe-inline'" in page.policy["style-src"]}
    assert {"console.html", "reference.html"} == loose


def test_the_policy_lets_the_console_alone_call_this_machine(pages: dict[str, Page]) -> None:
    allowed = {name: page.policy["connect-src"] for name, page in pages.items()}
    assert "'self' http://127.0.0.1:* http://localhost:*" == allowed.pop("console.html")
    assert {"'self'"} == set(allowed.values())


def test_the_bundles_are_configured_to_call_no_other_host(site: Path) -> None:
    script = (site / "assets/console-data.js").read_text(encoding="utf-8")
    drawn, _ = json.JSONDecoder().raw_decode(script.removeprefix("window.heidi = "))
    wanted = {
        "agent": {"disabled": True},
        "persistAuth": False,
        "proxyUrl": "",
        "showDeveloperTools": "never",
        "telemetry": False,
        "withDefaultFonts": False,
    }
    assert wanted == {key: drawn["options"][key] for key in wanted}
    url = base_url(drawn["document"])
    assert [url] == [server["url"] for server in drawn["document"]["servers"]]
    assert url.startswith("http://127.0.0.1:8080/")
    redoc = (site / "assets/redoc.js").read_text(encoding="utf-8")
    loaded = re.findall(r"""(?:src|href|fetch\()\s*[:=]?\s*["'](https?://[^"']+)""", redoc)
    assert ["https://redocly.com/redoc/"] == loaded  # a link for people, not a request


def test_the_console_has_fields_to_write_into_and_no_lists_of_samples(site: Path) -> None:
    script = (site / "assets/console-data.js").read_text(encoding="utf-8")
    drawn, _ = json.JSONDecoder().raw_decode(script.removeprefix("window.heidi = "))
    paths: dict[str, Any] = drawn["document"]["paths"]
    holders: list[Any] = [
        *paths.values(),
        *(each for item in paths.values() for each in item.values()),
    ]
    lists: list[Any] = [each.get("parameters", []) for each in holders if isinstance(each, dict)]
    parameters = [parameter for parameters in lists for parameter in parameters]
    found = operations(cast("dict[str, Any]", dereference(derive("strict"))))
    names = {each["name"] for operation in found for each in operation.parameters}
    assert names == {parameter["name"] for parameter in parameters}
    assert [] == [p["name"] for p in parameters if "examples" in p["schema"]]


def test_the_reference_shows_where_a_property_comes_from_in_words(site: Path) -> None:
    script = (site / "assets/reference-data.js").read_text(encoding="utf-8")
    drawn, _ = json.JSONDecoder().raw_decode(script.removeprefix("window.heidi = "))
    shown = provenance_texts(drawn["document"])
    (found,) = {", ".join(each.values()) for each in provenances(derive("client"))[:1]}
    assert found in shown
    assert all(isinstance(text, str) for text in shown)


def provenance_texts(node: Any) -> list[Any]:
    if isinstance(node, list):
        return [found for child in node for found in provenance_texts(child)]
    if not isinstance(node, dict):
        return []
    own = [node["x-provenance"]] if "x-provenance" in node else []
    return own + [found for child in node.values() for found in provenance_texts(child)]


def provenances(node: Any) -> list[dict[str, str]]:
    if isinstance(node, list):
        return [found for child in node for found in provenances(child)]
    if not isinstance(node, dict):
        return []
    own = [node["x-provenance"]] if "x-provenance" in node else []
    return own + [
        f for key, child in node.items() if key != "x-provenance" for f in provenances(child)
    ]


def test_everything_that_is_not_documented_is_on_the_page_with_its_decision(
    pages: dict[str, Page],
) -> None:
    base: Any = derive("base")
    decided: Any = derive("strict", ROOT)
    groups = silences(base, decided)
    rows = [row for silences_ in groups.values() for row in silences_]
    text = " ".join(pages["unsaid.html"].text.split())
    for found in provenances(base):
        if found["status"] in {"unknown", "inferred", "anomaly"}:
            assert " ".join(found["note"].replace("`", "").split()) in text
    statuses = [found["status"] for found in provenances(base)]
    for status in ("unknown", "inferred", "anomaly"):
        count = statuses.count(status)
        # The additional one: the name of the parameter for the next page, which an overlay infers.
        assert count + (status == "inferred") == [row.status for row in rows].count(status)
    known = decisions((ROOT / "openapi/DECISIONS.md").read_text(encoding="utf-8"))
    cited = set(re.findall(r"decision:(\w+)", str(provenances(decided))))
    assert cited == {id_ for row in rows for id_ in row.decisions}
    assert cited <= known.keys()
    for id_ in cited:
        assert f"decisions.html#{id_}" in pages["unsaid.html"].links


def test_an_undocumented_fact_has_its_place_and_decision() -> None:
    shown = {"status": "example", "source": "seed:L1", "note": "Shown once."}
    base = {"paths": {"/a": {"get": {"parameters": [{"name": "n", "x-provenance": shown}]}}}}
    decided = json.loads(json.dumps(base))
    (parameter,) = decided["paths"]["/a"]["get"]["parameters"]
    parameter["x-provenance"]["narrowed_by"] = "decision:S7"
    expected = Silence("GET /a", "parameter n", "narrowed", "L1", "Shown once.", ("S7",), "")
    assert {} == silences(base, base)
    assert {"GET /a": [expected]} == silences(base, decided)


def test_markdown_has_no_other_markup() -> None:
    text = render(
        "# T\n\n<script>x</script> [a](b.md) `<i>`\n", "t.md", {"b.md": "b.html"}.__getitem__
    )
    assert "<script>" not in text.html
    assert '<a href="b.html">a</a> <code>&lt;i&gt;</code>' in text.html


def test_code_without_colours_has_no_markup(site: Path) -> None:
    style = (site / "assets/text.css").read_text(encoding="utf-8")
    rules = re.findall(r"^(\.\w+(?:, \.\w+)+) \{ color: var\(--code-", style, re.MULTILINE)
    assert COLOURED == {name for rule in rules for name in re.findall(r"\.(\w+)", rule)}
    page = (site / "client.html").read_text(encoding="utf-8")
    text = "".join(re.findall(r"<pre.*?</pre>", page, re.DOTALL))
    assert set(re.findall(r'<span class="(\w+)">', text)) <= COLOURED
    assert '<span class="kn">from</span> ' in text


def test_headings_with_the_same_name_have_different_anchors() -> None:
    text = render("# T\n\n## Added\n\n## Added\n\n## Added\n", "t.md", dict[str, str]().__getitem__)
    assert ["t", "added", "added-1", "added-2"] == [heading.anchor for heading in text.headings]
    assert ["t", "added", "added-1", "added-2"] == Page(text.html).anchors


def test_a_link_with_a_script_is_not_a_link() -> None:
    text = render("# T\n\n[a](javascript:alert(1))\n", "t.md", dict[str, str]().__getitem__)
    assert "href" not in text.html


@pytest.mark.parametrize("link", ["x.md", "#T", "../x.md#t"])
def test_a_link_that_leads_nowhere_is_named(link: str) -> None:
    if link.startswith("#"):
        assert (
            f'href="{link}"'
            in render(f"# T\n\n[a]({link})\n", "t.md", dict[str, str]().__getitem__).html
        )
        return
    with pytest.raises(DocumentError, match=re.escape(f"t.md: the link {link} leads to no page")):
        render(f"# T\n\n[a]({link})\n", "t.md", dict[str, str]().__getitem__)
