"""Rules by operations, with what was not exercised and why."""

from collections.abc import Iterator
from xml.etree.ElementTree import Element  # only written here, never parsed

from ._cells import Cell
from ._html import h, prose
from ._promises import promise

Table = dict[tuple[str, str], Cell]


def matrix(table: Table) -> Element:
    """Return the section with the matrix; reasons have numbers, and are spelled out below it."""
    operations = list(dict.fromkeys(operation for _, operation in table))
    reasons = list(dict.fromkeys(
        cell.outcome.why for cell in table.values() if cell.outcome.result == "skipped"
    ))  # fmt: skip
    rules = list(dict.fromkeys(rule for rule, _ in table))
    head = h("tr", h("th", "Rule", scope="col"),
             *(h("th", broken(name), scope="col") for name in operations))  # fmt: skip
    grid = h("table", h("thead", head), body(rules, operations, table, reasons), class_="matrix")
    return h(
        "section",
        h("h2", "Rules by operation", id="rules-title"),
        h("p", h("b", "✓ passed", class_="passed"), ", ", h("b", "✗ failed", class_="failed"),
          ", ", h("b", "○ not exercised", class_="skipped"), " with the number of the reason; "
          "an empty cell: the rule is not about that operation.", class_="legend"),
        h("div", grid, class_="scroll", role="region", tabindex="0", aria_labelledby="rules-title"),
        why(reasons, table) if reasons else None,
        id="rules",
        aria_labelledby="rules-title",
    )  # fmt: skip


def broken(name: str) -> Element:
    """Spell an operation so that a narrow column can break it between its words."""
    parts: list[Element | str] = []
    for letter in name:
        if letter.isupper():
            parts.append(h("wbr"))
        parts.append(letter)
    return h("span", *parts)


def body(rules: list[str], operations: list[str], table: Table, reasons: list[str]) -> Element:
    rows = (
        h("tr", rule_head(rule), *(entry(table.get((rule, name)), reasons) for name in operations))
        for rule in rules
    )
    return h("tbody", *rows)


def rule_head(rule: str) -> Element:
    known = promise(rule)
    note = " · ".join(filter(None, (known.words, known.row)))
    return h("th", h("code", rule), h("small", *prose(note)) if note else None, scope="row")


def entry(cell: Cell | None, reasons: list[str]) -> Element:
    if cell is None:
        return h("td", h("span", "not about this operation", class_="hidden"))
    if cell.findings or cell.outcome.result == "failed":
        return h("td", *failures(cell), class_="failed")
    if cell.outcome.result == "passed":
        return h("td", sign("✓"), h("span", "passed", class_="word"), class_="passed")
    number = str(reasons.index(cell.outcome.why) + 1)
    reason = h("a", h("span", "not exercised, reason ", class_="hidden"), number,
               href=f"#why-{number}", title=cell.outcome.why)  # fmt: skip
    return h("td", sign("○"), reason, class_="skipped")


def sign(text: str) -> Element:
    return h("span", text, class_="sign", aria_hidden="true")


def failures(cell: Cell) -> Iterator[Element]:
    yield sign("✗")
    for number, finding in enumerate(cell.findings, start=1):
        text = "failed" if len(cell.findings) == 1 else f"failed {number}"
        yield h("a", text, href=f"#f-{finding.fingerprint}", title=finding.title)
    if not cell.findings:
        yield h("span", "failed", class_="word")


def why(reasons: list[str], table: Table) -> Element:
    """Spell out why checks were not exercised, each reason with the rules it kept back."""
    entries: list[Element] = []
    for number, reason in enumerate(reasons, start=1):
        rules = dict.fromkeys(
            rule for (rule, _), cell in table.items()
            if cell.outcome.result == "skipped" and cell.outcome.why == reason
        )  # fmt: skip
        entries.append(
            h(
                "li",
                *prose(reason or "no reason given"),
                h("small", ", ".join(rules)),
                id=f"why-{number}",
            )
        )
    return h("div", h("h3", "Not exercised, and why"), h("ol", *entries), class_="why")
