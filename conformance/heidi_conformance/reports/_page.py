"""A verdict as one page of HTML that needs nothing else, for people."""

import base64
import hashlib
from collections import Counter
from importlib import resources
from xml.etree.ElementTree import Element  # only written here, never parsed

from heidi_conformance._baseline import Comparison
from heidi_conformance._probe import TAG
from heidi_conformance._verdict import Finding, Verdict
from heidi_conformance.contract._values import sendable

from ._card import card
from ._cells import Cell, cells
from ._html import as_html, h, prose
from ._matrix import matrix

# So many cards are shown with their requests; of more, a reader opens what matters.
OPEN = 5
LEVELS = {
    "documented": "what the vendor's page says",
    "strict": "all of the contract: the vendor's page, and what was decided where it is silent",
}


def as_page(verdict: Verdict, comparison: Comparison | None = None) -> str:
    """Return the verdict as a page. It runs and loads nothing but what is in it."""
    style, script = asset("page.css"), asset("page.js")
    policy = (
        f"default-src 'none'; style-src '{digest(style)}'; script-src '{digest(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    head = h(
        "head",
        h("meta", charset="utf-8"),
        h("meta", http_equiv="Content-Security-Policy", content=policy),
        h("meta", name="viewport", content="width=device-width, initial-scale=1"),
        h("meta", name="color-scheme", content="light dark"),
        h("meta", name="referrer", content="no-referrer"),
        h("title", f"{sentence(verdict)} · conformance report"),
        raw("style", style),
    )
    table = cells(verdict)
    body = h(
        "body",
        h("a", "To the findings", href="#findings", class_="skip"),
        summary(verdict, table),
        h(
            "main",
            since(comparison) if comparison else None,
            findings(verdict, comparison),
            matrix(table),
            answers(verdict) if verdict.answers else None,
            notes(verdict) if verdict.notes else None,
            h("footer", made_by(verdict)),
        ),
        raw("script", script),
    )
    return as_html(h("html", head, body, lang="en"))


def asset(name: str) -> str:
    return resources.files("heidi_conformance.reports").joinpath(name).read_text(encoding="utf-8")


def raw(tag: str, text: str) -> Element:
    """Return a style or script, which HTML does not escape; the text is ours alone."""
    element = Element(tag)
    element.text = text
    return element


def digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


# --- the top ---


def sentence(verdict: Verdict) -> str:
    """Return the verdict in one sentence."""
    if verdict.conforms:
        return f"{verdict.target} conforms"
    return f"{verdict.target} does not conform: {counted(len(verdict.findings), 'finding')}"


def summary(verdict: Verdict, table: dict[tuple[str, str], Cell]) -> Element:
    results = Counter(cell.outcome.result for cell in table.values())
    rules = {rule for rule, _ in table}
    mark, kind = ("✓", "passes") if verdict.conforms else ("✗", "fails")
    lead = (
        f"Level {verdict.level} asks for {LEVELS[verdict.level]}. "
        f"{counted(len(rules), 'rule')} on {counted(len({op for _, op in table}), 'operation')} "
        f"make {counted(len(table), 'check')}: {results['passed']} passed, "
        f"{results['failed']} failed, {results['skipped']} not exercised."
    )
    facts = (
        ("Target", verdict.target),
        ("Level", verdict.level),
        ("Requests sent", f"{verdict.requests:,}"),
        ("Sessions created", f"{verdict.sessions_created:,}"),
        (f"With {sendable().mark} {TAG}", f"{verdict.sessions_tagged:,}"),
        ("Duration", f"{verdict.seconds:.1f} s"),
        ("Seed", str(verdict.seed)),
    )
    return h(
        "header",
        h("p", "Conformance report · Heidi Sessions API", class_="kicker"),
        h("h1", h("span", mark, class_="mark", aria_hidden="true"), " ", sentence(verdict)),
        h("p", lead, class_="lead"),
        h("dl", *(h("div", h("dt", name), h("dd", text)) for name, text in facts), class_="facts"),
        class_=kind,
    )


def section(name: str, title: str, *children: Element | str | None) -> Element:
    return h("section", h("h2", title, id=f"{name}-title"), *children, id=name,
             aria_labelledby=f"{name}-title")  # fmt: skip


# --- findings ---


def findings(verdict: Verdict, comparison: Comparison | None) -> Element:
    if verdict.conforms:
        return section("findings", "Findings", h("p", "None: no rule was seen to be broken."))
    new = {finding.fingerprint for finding in comparison.new} if comparison else set[str]()
    ordered = sorted(verdict.findings, key=lambda item: item.fingerprint not in new)
    number = len(ordered)
    return section(
        "findings",
        counted(number, "finding"),
        contents(ordered, new) if number > OPEN else None,
        *(card(item, shown=number <= OPEN, new=item.fingerprint in new) for item in ordered),
    )


def contents(ordered: list[Finding], new: set[str]) -> Element:
    links = (
        h("li", "new: " if item.fingerprint in new else "",
          h("a", *prose(item.title), href=f"#f-{item.fingerprint}"))
        for item in ordered
    )  # fmt: skip
    return h("nav", h("ol", *links), aria_label="List of findings", class_="contents")


def since(comparison: Comparison) -> Element:
    """Return what became of the findings of an earlier run; those that are there have cards."""
    return section(
        "since",
        "Since the baseline",
        h(
            "ul",
            h("li", h("strong", f"New: {len(comparison.new)}")),
            h("li", h("strong", f"Still there: {len(comparison.stayed)}")),
            gone("Fixed", comparison.fixed),
            gone("Not exercised this time, so nothing is known of them", comparison.unseen),
            class_="since",
        ),
    )


def gone(name: str, items: tuple[Finding, ...]) -> Element:
    titles = h("ul", *(h("li", *prose(item.title)) for item in items)) if items else None
    return h("li", h("strong", f"{name}: {len(items)}"), titles)


# --- the rest ---


def answers(verdict: Verdict) -> Element:
    statuses = sorted({status for numbers in verdict.answers.values() for status in numbers})
    head = h("tr", h("th", "Operation", scope="col"),
             *(h("th", str(status), scope="col") for status in statuses))  # fmt: skip
    rows = (
        h("tr", h("th", h("code", operation), scope="row"),
          *(h("td", f"{numbers[status]:,}" if status in numbers else "") for status in statuses))
        for operation, numbers in verdict.answers.items()
    )  # fmt: skip
    table = h("table", h("thead", head), h("tbody", *rows), class_="numbers")
    return section("answers", "Answers by status", scrolling(table, "Answers by status"))


def scrolling(table: Element, label: str) -> Element:
    """Let a table that is wider than its page scroll, for a keyboard too."""
    return h("div", table, class_="scroll", role="region", tabindex="0", aria_label=label)


def notes(verdict: Verdict) -> Element:
    return section("notes", "Notes", h("ul", *(h("li", *prose(note)) for note in verdict.notes)))


def made_by(verdict: Verdict) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in verdict.versions.items())
    return f"Made by heidi-conformance{f' ({versions})' if versions else ''}."
