"""The page shows the verdict, is accessible, and cannot be scripted by a server."""

import base64
import hashlib
import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from importlib import resources

import pytest
from heidi_conformance import Finding, Outcome, Verdict, Words
from heidi_conformance._text import visible
from heidi_conformance.evidence._baseline import compare
from heidi_conformance.reports._page import as_page

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'&amp;\x00\x1b[31m\u202e"
FINDING = Finding(
    rule="counts",
    level="strict",
    operation="listLinkedUserSessions",
    title="listLinkedUserSessions returns a `count` that is wrong",
    words=Words("/paths/~1sessions~1linked-user/get", "decision:S16", "`count` counts"),
    expected="2",
    got="3",
    requests=('curl -H "Authorization: Bearer $HEIDI_TOKEN" http://127.0.0.1/sessions',),
    python="import httpx\nprint(1 < 2)\n",
    stability="confirmed",
    seen=3,
    code="counts",
)
VERDICT = Verdict(
    level="strict",
    seed=1,
    target="127.0.0.1:8000",
    findings=(FINDING,),
    outcomes=(
        Outcome("counts", "listLinkedUserSessions", "failed"),
        Outcome("works", "getSession", "passed"),
        Outcome("expired-token", "getSession", "skipped", "give a token that has expired"),
        Outcome("numbers", "updateSession", "skipped", "The run was about other rules."),
    ),
    answers={"getSession": {200: 3, 404: 1}},
    requests=4,
    sessions_created=2,
    seconds=1.5,
    notes=("one thing was left unjudged",),
    versions={"schemathesis": "1"},
)


class Page(HTMLParser):
    """The parsed page: tags with attributes, and the text between them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.raw: dict[str, str] = {}
        self.words: list[str] = []
        self.open = ""
        self.feed(text)
        self.close()
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.open = tag

    def handle_endtag(self, tag: str) -> None:
        self.open = ""

    def handle_data(self, data: str) -> None:
        if self.open in ("script", "style"):
            self.raw[self.open] = self.raw.get(self.open, "") + data
        else:
            self.words.append(data)

    def values(self, attribute: str) -> list[str]:
        return [value for _, found in self.tags if (value := found.get(attribute)) is not None]


def test_a_finding_is_shown_in_full() -> None:
    page = Page(as_page(VERDICT)).text

    assert "127.0.0.1:8000 does not conform: 1 finding" in page
    for told in (
        "listLinkedUserSessions returns a count that is wrong",
        "decision S16 in openapi/DECISIONS.md",
        "/paths/~1sessions~1linked-user/get",
        "Expected 2 Got 3",
        "3 times. The requests below showed it again, twice",
        FINDING.requests[0],
        "print(1 < 2)",
        "one thing was left unjudged",
    ):
        assert told in page


def test_of_many_requests_the_page_has_the_first_and_the_last_and_no_script() -> None:
    requests = tuple(f"curl -{number}-" for number in range(1, 245))
    page = Page(as_page(replace(VERDICT, findings=(replace(FINDING, requests=requests),)))).text

    shown = [int(number) for number in re.findall(r"curl -(\d+)-", page)]
    assert [1, 2, 3, *range(233, 245)] == shown
    assert "-3- # … 229 requests are left out here; report.json has all 244 curl -233-" in page
    assert "print(1 < 2)" not in page


def test_a_server_that_conforms_is_reported_as_such() -> None:
    page = Page(as_page(replace(VERDICT, findings=(), outcomes=VERDICT.outcomes[1:]))).text

    assert "✓ 127.0.0.1:8000 conforms" in page
    assert "None: no rule was seen to be broken." in page


def test_a_rule_that_was_not_exercised_is_shown_with_its_reason() -> None:
    page = Page(as_page(VERDICT))

    assert "not exercised, reason 1" in page.text
    assert "give a token that has expired expired-token" in page.text
    assert "The run was about other rules. numbers" in page.text
    assert {"why-1", "why-2"} <= set(page.values("id"))


def test_nothing_that_a_server_sent_becomes_markup() -> None:
    hostile = replace(
        FINDING, rule=HOSTILE, operation=HOSTILE, title=HOSTILE, expected=HOSTILE, got=HOSTILE,
        words=Words(HOSTILE, HOSTILE, HOSTILE), requests=(HOSTILE,), python=HOSTILE,
    )  # fmt: skip
    verdict = replace(
        VERDICT,
        findings=(hostile,),
        outcomes=(Outcome(HOSTILE, HOSTILE, "failed"), Outcome("x", HOSTILE, "skipped", HOSTILE)),
        answers={HOSTILE: {200: 1}},
        notes=(HOSTILE,),
        target=HOSTILE,
        versions={HOSTILE: HOSTILE},
    )
    harmless = replace(hostile, title="a", rule="b", operation="c")
    text = as_page(verdict, compare(replace(verdict, findings=(harmless,)), verdict))

    page = Page(text)
    tags = Counter(tag for tag, _ in page.tags)
    assert (1, 1, 0) == (tags["script"], tags["style"], tags["img"])
    assert not [name for _, found in page.tags for name in found if name.startswith("on")]
    assert visible(HOSTILE) in page.words
    assert not set("\x00\x1b\u202e") & set(text)


def test_the_page_loads_nothing() -> None:
    page = Page(as_page(VERDICT))

    assert not page.values("src")
    assert not [target for target in page.values("href") if not target.startswith("#")]
    assert not re.search(r"url\(|@import|fetch\(|XMLHttp|import\(", "".join(page.raw.values()))


def test_only_the_style_and_script_of_the_page_are_allowed() -> None:
    page = Page(as_page(VERDICT))

    policy = next(found["content"] for _, found in page.tags if "http-equiv" in found) or ""
    allowed = {name: f"'{digest(page.raw[name])}'" for name in ("script", "style")}
    assert policy.split("; ") == [
        "default-src 'none'",
        f"style-src {allowed['style']}",
        f"script-src {allowed['script']}",
        "base-uri 'none'",
        "form-action 'none'",
    ]
    assert not page.values("style")


def digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def test_every_link_has_a_target_and_every_anchor_is_unique() -> None:
    verdict = replace(
        VERDICT, findings=tuple(replace(FINDING, detail=f"cause {'x' * n}") for n in range(9))
    )
    page = Page(as_page(verdict))

    ids = page.values("id")
    assert [] == [name for name, number in Counter(ids).items() if number > 1]
    assert {target.removeprefix("#") for target in page.values("href")} <= set(ids)
    assert {label for text in page.values("aria-labelledby") for label in text.split()} <= set(ids)


def test_tables_have_headers_and_scrollable_regions_are_focusable_and_named() -> None:
    page = Page(as_page(VERDICT))

    assert all("scope" in found for tag, found in page.tags if tag == "th")
    regions = [found for _, found in page.tags if found.get("role") == "region"]
    assert len(regions) == 4
    assert all(found.get("tabindex") == "0" for found in regions)
    assert all("aria-label" in found or "aria-labelledby" in found for found in regions)
    assert "en" == page.tags[0][1]["lang"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_has_enough_contrast(scheme: str) -> None:
    css = resources.files("heidi_conformance.reports").joinpath("page.css").read_text()
    schemes = re.findall(r":root \{(.*?)\}", css, re.DOTALL)
    colours = dict(re.findall(r"--([\w-]+): (#\w+)", schemes[scheme == "dark"]))
    behind = ("page", "card", "good-bg", "bad-bg")
    pairs = [(text, back) for text in ("ink", "link") for back in behind]
    pairs += [(text, back) for text in ("soft", "good", "bad") for back in ("page", "card")]
    pairs += [("good", "good-bg"), ("bad", "bad-bg")]

    assert [] == [pair for pair in pairs if contrast(*(colours[name] for name in pair)) < 4.5]


def contrast(first: str, second: str) -> float:
    """Return the contrast of two colours as WCAG 2 has it."""
    lighter, darker = sorted((luminance(first), luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(digit * 2 for digit in colour[1:])
    channels = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_findings_are_marked_as_new_and_fixed_ones_are_listed() -> None:
    gone = replace(FINDING, title="it was once wrong", detail="another")
    away = replace(gone, title="nobody asked", rule="expired-token", operation="getSession")
    old = replace(VERDICT, findings=(gone, away))

    page = Page(as_page(VERDICT, compare(old, VERDICT))).text

    assert "New: 1 Still there: 0 Fixed: 1 it was once wrong" in page
    assert "nothing is known of them: 1 nobody asked" in page
