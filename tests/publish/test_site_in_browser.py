"""The site in a real browser: its requests, messages, looks and behaviour."""

from __future__ import annotations

import functools
import http.server
import json
import os
import re
import shutil
import subprocess
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import httpx
import pytest
from heidi_sandbox import serving

from scripts.publication.preview import Handler
from scripts.publication.requests import base_url
from scripts.steps.documents import ROOT, derive
from tests.owner.edits import objects
from tests.owner.project import path_of
from tests.owner.subject import CREATE, ERROR_SCHEMA, ID, LIST, PAGE, READ, UPDATE, at

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from tests.owner.subject import Action

    App = Callable[[Any, Any, Any], Awaitable[None]]
    Seen = dict[str, Any]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1200),  # one browser visits every page four times
]

BASE_URL: Final = base_url(cast("dict[str, Any]", derive("strict")))
PLACE: Final = f"operation/{UPDATE.name}"
SAMPLE: Final[str] = next(
    value
    for part in objects(UPDATE.sample)
    for value in part.values()
    if isinstance(value, str) and " " in value
)
"""A string that the update's sample sets."""

BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome")
SCRIPT: Final = ROOT / "tests/publish/browser.mjs"
MODULES: Final = ROOT / "scripts/node/node_modules"

FIRST_CONTENT: Final = 1000  # ms
LIGHT: Final = 100_000  # bytes of a page without the bundle of a reference
BUNDLES: Final = {"redoc.js", "scalar.js"}
PHONE: Final = (390, 844)
NARROWEST: Final = (360, 780)

WIDTH: Final = "document.documentElement.scrollWidth"
HEADER: Final = """[...document.querySelectorAll("#top, .brand, #top form, #theme, #more")]
  .map((element) => element.offsetHeight)"""
ONE_LINE: Final = 56  # pixels
PAPER: Final = "getComputedStyle(document.body).backgroundColor"
DARK_REFERENCE: Final = "document.querySelector('#reference.dark h1')"
DARK_CONSOLE: Final = "document.body.classList.contains('dark-mode')"
STRUCTURE: Final = (
    "empty-table-header landmark-no-duplicate-main landmark-unique page-has-heading-one"
).split()
"""Rules of axe that WCAG AA does not ask for."""

SEND: Final = "::-p-xpath(//button[normalize-space()='Send' or .//text()='Send'])"
RESPONSES: Final = "[...document.querySelectorAll('.cm-content')].map((e) => e.textContent)"
PATCH: Final = f"document.getElementById('{PLACE}')?.getBoundingClientRect().top"
PLACED: Final = """new Promise((resolve) => setTimeout(resolve, 300)).then(
  () => [location.hash, document.querySelector("#reference label.active").textContent])"""
RESULTS: Final = "[...document.querySelectorAll('#results a')].map((a) => a.getAttribute('href'))"
SHOWN: Final = """[...document.querySelectorAll(".tabs")].map((group) =>
  [...group.querySelectorAll("figure")].filter((each) => each.checkVisibility())
    .map((each) => each.querySelector("figcaption").textContent).join())"""
IN_SIGHT: Final = """(({left, right}) => left >= 0 && right <= innerWidth)(
  document.querySelector(".side [aria-current]").getBoundingClientRect())"""
MENU: Final = "document.getElementById('menu').checkVisibility()"
STORED: Final = """indexedDB.databases().then((databases) =>
  JSON.stringify([databases, {...localStorage}, {...sessionStorage}]))"""
VIOLATION: Final = """new Promise((resolve) => {
  addEventListener("securitypolicyviolation", (event) => resolve(event.violatedDirective));
  fetch("http://192.0.2.1/").catch(() => {});
})"""
PRINTED_REFERENCE: Final = """[...document.querySelectorAll("#reference *")]
  .filter((element) => element.checkVisibility())
  .filter((element) => getComputedStyle(element).color !== "rgb(0, 0, 0)").length"""
PRINTED: Final = """["main", "#top nav", "#theme", ".side", ".contents"].map(
  (place) => document.querySelector(place).checkVisibility())"""

LATER: Final = """new Promise((resolve) =>
  setTimeout(() => resolve(document.body.className), 300))"""
DRAWN: Final = {
    "reference.html": ["wait", f"document.querySelector('[id=\"schema/{ERROR_SCHEMA}\"]')"],
    "console.html": ["wait", f"document.body.innerText.includes({json.dumps(CREATE.title)})"],
}
SEARCHES: Final = {
    UPDATE.name: f"reference.html#{PLACE}",
    ERROR_SCHEMA.lower(): f"reference.html#schema/{ERROR_SCHEMA}",
    "judging": "judging.html",
    "region": "index.html#base-urls-and-regions",
    "postman": "downloads.html#collections",
    "retry": "client.html#retries",
    "retry-after": "errors.html#rate-limits",
    "rate limits": "errors.html#rate-limits",
    "has_next_page anomal": "decisions.html#anomalies",
    "404": "errors.html#every-status",
    "error 422": "errors.html#every-status",
    "idempotency": "errors.html#what-to-send-again",
    "webhook": "getting-started.html#list-them",
    "swagger": "index.html#which-openapi-document-to-take",
    "client.yaml": "documents.html",
    "openapi": "documents.html",
    "refresh token": "authentication.html#renew-it",
    "how do I test my client": "client.html#testing-your-program",
    "503": "errors.html#500-502-503-server-errors",
    "duplicate session": "errors.html#what-to-send-again",
    "make it fail": "sandbox.html#make-requests-fail",
    "sha256": "downloads.html",
    "cors": "sandbox.html#from-a-page",
    "which errors can happen": "errors.html#every-status",
    "user not linked": "errors.html#every-status",
    "curl": "getting-started.html",
}


def search(words: str) -> list[list[str]]:
    return [
        ["press", "/"],
        ["read", "document.activeElement.id"],
        ["type", "#query", words],
        ["wait", "document.querySelector('#results a')"],
        ["read", RESULTS],
        ["press", "ArrowDown"],
        ["read", "document.activeElement === document.querySelector('#results a')"],
        ["press", "Escape"],
        ["read", "[document.activeElement.id, document.getElementById('results').hidden]"],
    ]


PRINT_DARK: Final = {
    "name": "print reference",
    "page": "reference.html",
    "scheme": "dark",
    "steps": [
        DRAWN["reference.html"],
        ["read", DARK_REFERENCE + " !== null"],
        ["media", "print"],
        ["read", PRINTED_REFERENCE],
    ],
}

FILES: Final = ("index.html", "reference.html", "console.html")
"""One page of each kind, opened from files."""

JOURNEYS: Final[dict[str, tuple[str, list[list[Any]]]]] = {
    "toggle": (
        "index.html",
        [
            ["read", PAPER],
            ["click", "#theme"],
            ["read", PAPER],
            ["read", "document.getElementById('theme').getAttribute('aria-pressed')"],
            ["click", "a[href='errors.html']"],
            ["wait", "location.pathname.endsWith('errors.html') && document.querySelector('main')"],
            ["read", PAPER],
        ],
    ),
    "toggle reference": (
        "reference.html",
        [
            DRAWN["reference.html"],
            ["click", "#theme"],
            ["wait", DARK_REFERENCE],
            ["read", f"getComputedStyle({DARK_REFERENCE}).color"],
        ],
    ),
    "toggle console": (
        "console.html",
        [
            DRAWN["console.html"],
            ["read", DARK_CONSOLE],
            ["click", "#theme"],
            ["wait", DARK_CONSOLE],
        ],
    ),
    "copy": (
        "index.html",
        [
            ["read", "void (navigator.clipboard.writeText = async (text) => { copied = text; })"],
            ["click", "figure.code .copy"],
            ["wait", "globalThis.copied && document.querySelector('.copy.done')"],
            ["read", "[copied, document.querySelector('figure.code code').textContent]"],
            ["wait", "!document.querySelector('.copy.done')"],
        ],
    ),
    "tabs": (
        "index.html",
        [
            ["read", SHOWN],
            ["click", "::-p-xpath(//button[@role='tab'][.='Python'])"],
            ["read", SHOWN],
            ["press", "ArrowRight"],
            ["read", "document.activeElement.textContent"],
            ["read", "location.reload()"],
            ["wait", f"document.readyState === 'complete' && {SHOWN}[0] !== 'curl'"],
            ["read", SHOWN],
        ],
    ),
    "menu": (
        "errors.html",
        [
            ["size", *PHONE],
            ["read", MENU],
            ["click", "#more"],
            ["read", MENU],
            ["axe", "body", STRUCTURE],
            ["click", "#menu a[href='downloads.html']"],
            ["wait", "location.pathname.endsWith('downloads.html')"],
        ],
    ),
    "row": (
        "coverage.html",
        [
            ["size", *PHONE],
            ["read", "location.reload()"],
            ["wait", "document.querySelector('.side ul').scrollLeft > 0"],
            ["read", IN_SIGHT],
        ],
    ),
    "missing": (
        "documents/nothing.html",
        [
            ["read", "getComputedStyle(document.getElementById('top')).position"],
            ["read", "document.querySelector('.cards a').href"],
            ["click", ".cards a"],
            ["wait", "location.pathname === '/index.html'"],
        ],
    ),
    "nothing found": (
        "index.html",
        [
            ["type", "#query", "zzzz"],
            ["wait", "document.getElementById('count').textContent"],
            ["read", "document.getElementById('count').textContent"],
        ],
    ),
    "deep link": (
        f"reference.html#{PLACE}",
        [["wait", f"{PATCH} >= 0 && {PATCH} < innerHeight / 2"], ["read", PLACED]],
    ),
    "print": (
        "errors.html",
        [
            ["scheme", "dark"],
            ["media", "print"],
            ["read", PRINTED],
            ["read", "getComputedStyle(document.body).color"],
        ],
    ),
    "system console": (
        "console.html",
        [DRAWN["console.html"], ["scheme", "dark"], ["wait", DARK_CONSOLE], ["read", LATER]],
    ),
    **{f"search {words}": ("index.html", search(words)) for words in SEARCHES},
    **{
        f"policy {page}": (page, [*([DRAWN[page]] if page in DRAWN else []), ["read", VIOLATION]])
        for page in ("index.html", "reference.html", "console.html")
    },
}
"""The steps on a page, by name."""


def console(token: str, identifier: str) -> list[list[Any]]:
    """Send each operation to the sandbox from the console."""
    named = [["click", "[contenteditable][aria-label=Value]"], ["keys", identifier]]
    items = PAGE["items"].rpartition("/")[2]
    requests: list[tuple[Action, list[list[Any]], str]] = [
        (CREATE, [], rf"{ID}\W+\d{{30,39}}"),
        (READ, named, rf"{ID}\W+{identifier}"),
        (UPDATE, named, rf"{ID}[^]*{SAMPLE}"),
        (LIST, [], rf"{items}\W[^]*{ID}"),
    ]
    steps = [DRAWN["console.html"], ["type", "#console input[placeholder=Token]", token]]
    for operation, fields, response in requests:
        name = f"{operation.method.lower()} {operation.path})"
        steps += [
            ["click", f"::-p-xpath(//button[contains(., {json.dumps(text)})])"]
            for text in (operation.title, name)
        ]
        steps += fields
        steps += [["clickUntil", SEND, f"{RESPONSES}.some((text) => /{response}/.test(text))"]]
        steps += [["axe", "body"], ["press", "Escape"]]
    return [*steps, ["read", STORED]]


def create(url: str, token: str) -> str:
    response = httpx.post(url + CREATE.path, headers={"Authorization": f"Bearer {token}"})
    return str(at(response.raise_for_status().json(), CREATE.semantics["id"]))


def read(url: str, token: str, identifier: str) -> str:
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.get(url + path_of(identifier), headers=headers).raise_for_status().text


def from_file(site: Path, page: str) -> dict[str, Any]:
    """Search on a page that is opened as a file."""
    steps = [
        *([DRAWN[page]] if page in DRAWN else []),
        ["type", "#query", UPDATE.name],
        ["wait", "document.querySelector('#results a')"],
        ["read", RESULTS],
    ]
    return {"name": f"file {page}", "url": (site / page).as_uri(), "steps": steps}


def looks(page: str) -> list[dict[str, Any]]:
    """Look at a page: light and dark, on a desktop and on a phone."""
    drawn = [DRAWN[page]] if page in DRAWN else []
    look = [
        *drawn,
        ["axe", "body", STRUCTURE],
        ["read", PAPER],
        ["paint"],
        ["size", *PHONE],
        ["axe", "body", STRUCTURE],
        ["read", HEADER],
        ["size", *NARROWEST],
        ["read", WIDTH],
    ]
    return [
        {"name": f"{page} {scheme}", "page": page, "scheme": scheme, "steps": look}
        for scheme in ("light", "dark")
    ]


def browser() -> str:
    """Find a browser, or skip; where one must be there, fail."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        reason = f"no browser: none of {', '.join(BROWSERS)} is on PATH; install Debian's chromium"
        if os.environ.get("HEIDI_REQUIRE_BROWSER") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return found


class _Handler(Handler):
    """Serves the site with a console that calls the sandbox of these tests."""

    def __init__(self, *values: Any, sandbox_url: str, **named: Any) -> None:
        self.sandbox_url = sandbox_url
        super().__init__(*values, **named)

    def do_GET(self) -> None:  # noqa: N802  as it is inherited
        if not self.path.endswith("/console-data.js"):
            super().do_GET()
            return
        text = Path(self.translate_path(self.path)).read_text(encoding="utf-8")
        content = text.replace(BASE_URL, self.sandbox_url).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/javascript")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@pytest.fixture(scope="module")
def seen(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Seen]]:
    """The results of all journeys in one browser, by name, and the looks, by `page scheme`."""
    chromium = browser()
    with serving() as sandbox:
        handler = functools.partial(_Handler, directory=str(site), sandbox_url=sandbox.url)
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        base = f"http://127.0.0.1:{server.server_port}/"
        token = sandbox.token()
        identifier = create(sandbox.url, token)
        journeys = {**JOURNEYS, "console": ("console.html", console(token, identifier))}
        visits = [look for page in sorted(site.glob("*.html")) for look in looks(page.name)]
        visits += [{"name": n, "page": page, "steps": do} for n, (page, do) in journeys.items()]
        visits.append(PRINT_DARK)
        opened = [{**visit, "url": base + visit["page"]} for visit in visits]
        opened += [from_file(site, page) for page in FILES]
        task = {
            "modules": str(MODULES),
            "chromium": chromium,
            "profile": str(tmp_path_factory.mktemp("profile")),
            "visits": opened,
        }
        try:
            done = subprocess.run(
                ["node", str(SCRIPT)],  # noqa: S607
                input=json.dumps(task),
                capture_output=True,
                text=True,
                check=False,
                timeout=1200,
            )
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
        assert "" == done.stderr
        found = {visit["name"]: visit for visit in json.loads(done.stdout)}
        for visit in found.values():
            requests = (url.removeprefix(f"{site.as_uri()}/") for url in visit["requests"])
            visit["requests"] = [url.removeprefix(base) for url in requests]
        found["console"] |= {"sandbox": sandbox.url, "token": token, "session": identifier}
        found["console"]["changed"] = read(sandbox.url, token, identifier)
        yield found


@pytest.fixture(scope="module")
def pages(seen: dict[str, Seen]) -> dict[str, Seen]:
    """The looks: violations, paper, first content, and on a phone violations, header and width."""
    keys = ("violations", "paper", "paint", "on_a_phone", "header", "width")
    return {
        name: {**visit, **dict(zip(keys, visit["read"], strict=True))}
        for name, visit in seen.items()
        if name.endswith((" light", " dark"))
    }


def test_every_page_is_visited(site: Path, pages: dict[str, Seen]) -> None:
    names = {path.name for path in site.glob("*.html")}
    assert {"index.html", "reference.html", "console.html", "unsaid.html"} <= names
    assert {f"{name} {scheme}" for name in names for scheme in ("light", "dark")} == pages.keys()


def test_every_journey_is_completed(seen: dict[str, Seen]) -> None:
    assert {} == {name: visit["failure"] for name, visit in seen.items() if visit["failure"]}


def test_no_page_logs_an_error(seen: dict[str, Seen]) -> None:
    expected = ("policy ", "missing")
    errors = {name: v["errors"] for name, v in seen.items() if not name.startswith(expected)}
    assert {} == {name: said for name, said in errors.items() if said}


def test_no_page_calls_another_host(seen: dict[str, Seen]) -> None:
    ours = ("data:", "blob:", seen["console"]["sandbox"])
    asked = {url for visit in seen.values() for url in visit["requests"]}
    bundles = {"assets/scalar.js", "assets/redoc.js", "assets/lunr.js"}
    assert {*bundles, "assets/search-data.js"} <= asked
    assert ["http://192.0.2.1/"] * ("http://192.0.2.1/" in asked) == [
        url for url in asked if re.match(r"\w+:", url) and not url.startswith(ours)
    ]


def test_no_page_breaks_a_rule_of_wcag_aa(pages: dict[str, Seen]) -> None:
    for width in ("violations", "on_a_phone"):
        assert {} == {name: page[width] for name, page in pages.items() if page[width]}


def test_content_appears_within_a_second(pages: dict[str, Seen]) -> None:
    # The better of two visits counts, because the machine may be busy.
    best: dict[str, float] = {}
    for name, page in pages.items():
        key = name.split()[0]
        best[key] = min(best.get(key, page["paint"]), page["paint"])
    assert {} == {name: paint for name, paint in best.items() if not 0 < paint < FIRST_CONTENT}


def test_a_page_is_small_except_the_bundle_of_its_reference(
    site: Path, pages: dict[str, Seen]
) -> None:
    weights = {
        name: sum(
            (site / url).stat().st_size
            for url in set(page["requests"])
            if ":" not in url and url.rpartition("/")[2] not in BUNDLES
        )
        for name, page in pages.items()
    }
    assert {} == {name: weight for name, weight in weights.items() if not 0 < weight < LIGHT}


def test_a_phone_scrolls_no_page_sideways(pages: dict[str, Seen]) -> None:
    assert {} == {n: page["width"] for n, page in pages.items() if page["width"] > NARROWEST[0]}


def test_the_header_is_one_line_on_a_phone(pages: dict[str, Seen]) -> None:
    heights = {name: max(page["header"]) for name, page in pages.items()}
    assert {} == {name: height for name, height in heights.items() if not 0 < height <= ONE_LINE}


def test_on_a_phone_a_button_opens_the_navigation(seen: dict[str, Seen]) -> None:
    assert [False, True, []] == seen["menu"]["read"]


def test_code_is_copied_as_shown(seen: dict[str, Seen]) -> None:
    *_, (copied, shown) = seen["copy"]["read"]
    assert "heidi-sandbox serve" in copied
    assert shown.rstrip() == copied


def test_a_reader_chooses_a_language_once(seen: dict[str, Seen]) -> None:
    first, chosen, focused, _, later = seen["tabs"]["read"]
    assert (["curl"], ["Python"], "TypeScript", ["TypeScript"]) == (first, chosen, focused, later)


def test_the_page_for_unknown_paths_has_links(seen: dict[str, Seen]) -> None:
    position, link = seen["missing"]["read"]
    assert "sticky" == position  # the style is found, from a subfolder as well
    assert re.fullmatch(r"http://[\w.:]+/index.html", link)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_follows_the_dark_mode_of_the_system(pages: dict[str, Seen], scheme: str) -> None:
    papers = {name: page["paper"] for name, page in pages.items() if name.endswith(scheme)}
    dark = {name for name, paper in papers.items() if max(colour(paper)) < 64}
    assert dark == (papers.keys() if scheme == "dark" else set())


def colour(text: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", text)][:3]


def test_the_toggle_changes_the_mode_and_is_remembered(seen: dict[str, Seen]) -> None:
    light, dark, pressed, later = seen["toggle"]["read"]
    assert ("true", dark) == (pressed, later)
    assert min(colour(light)) > 192
    assert max(colour(dark)) < 64


def test_the_references_follow_the_toggle(seen: dict[str, Seen]) -> None:
    assert ["rgb(223, 231, 237)"] == seen["toggle reference"]["read"]
    assert [False] == seen["toggle console"]["read"]  # and then its journey waits for true


def test_the_console_follows_the_dark_mode_of_the_system(seen: dict[str, Seen]) -> None:
    assert ["dark-mode"] == seen["system console"]["read"]


@pytest.mark.parametrize("words", SEARCHES)
def test_the_search_finds_guides_operations_and_schemas(seen: dict[str, Seen], words: str) -> None:
    entered, found, reached, left = seen[f"search {words}"]["read"]
    assert SEARCHES[words] in found[:3]
    assert ("query", True, ["query", True]) == (entered, reached, left)


def test_a_link_to_an_operation_leads_to_it_and_stays_a_link_to_it(seen: dict[str, Seen]) -> None:
    ((anchor, item),) = seen["deep link"]["read"]
    assert anchor.endswith(f"/{PLACE}")
    assert UPDATE.title in item


def test_the_row_of_guides_on_a_phone_shows_the_one_that_is_read(seen: dict[str, Seen]) -> None:
    assert True is seen["row"]["read"][-1]


def test_a_search_without_a_result_says_so(seen: dict[str, Seen]) -> None:
    assert ["Nothing found"] == seen["nothing found"]["read"]


def test_print_shows_the_text_and_not_the_navigation(seen: dict[str, Seen]) -> None:
    assert [[True, False, False, False, False], "rgb(27, 39, 51)"] == seen["print"]["read"]


def test_a_reference_that_was_dark_is_printed_black_on_white(seen: dict[str, Seen]) -> None:
    assert [True, 0] == seen["print reference"]["read"]


@pytest.mark.parametrize("page", FILES)
def test_a_page_that_is_opened_as_a_file_is_rendered_and_searchable(
    seen: dict[str, Seen], page: str
) -> None:
    (found,) = seen[f"file {page}"]["read"]
    assert f"reference.html#{PLACE}" in found[:3]


@pytest.mark.parametrize("page", ["index.html", "reference.html", "console.html"])
def test_the_policy_blocks_requests_to_other_hosts(seen: dict[str, Seen], page: str) -> None:
    visit = seen[f"policy {page}"]
    assert ["connect-src"] == visit["read"]
    assert visit["errors"]
    assert [] == [error for error in visit["errors"] if "Content Security Policy" not in error]


def test_the_console_sends_every_operation_to_the_sandbox(seen: dict[str, Seen]) -> None:
    visit = seen["console"]
    sent = {url for url in visit["requests"] if url.startswith("http")}
    paths = (CREATE.path, path_of(visit["session"]), LIST.path)
    assert {visit["sandbox"] + path for path in paths} == sent
    assert SAMPLE in visit["changed"]


def test_the_console_keeps_no_token(seen: dict[str, Seen]) -> None:
    *_, stored = seen["console"]["read"]
    assert stored.startswith("[[],")
    assert seen["console"]["token"] not in stored


def test_a_request_and_its_response_in_the_console_break_no_rule_of_wcag_aa(
    seen: dict[str, Seen],
) -> None:
    *violations, _ = seen["console"]["read"]
    assert [[]] * 4 == violations


def test_without_a_browser_the_reason_is_shown_and_ci_fails(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("HEIDI_REQUIRE_BROWSER", raising=False)
    with pytest.raises(
        pytest.skip.Exception, match="none of chromium, chromium-browser, google-chrome is on"
    ):
        browser()
    monkeypatch.setenv("HEIDI_REQUIRE_BROWSER", "1")
    with pytest.raises(
        pytest.fail.Exception, match="none of chromium, chromium-browser, google-chrome is on"
    ):
        browser()
