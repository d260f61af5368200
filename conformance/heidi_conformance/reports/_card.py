"""One finding for a reader of the page."""

from xml.etree.ElementTree import Element  # only written here, never parsed

from heidi_conformance._text import excerpt
from heidi_conformance._verdict import Finding

from ._html import Child, h, prose

STABILITY = {
    "confirmed": "The requests below showed it again, twice, on sessions of their own.",
    "unstable": "It comes and goes: the requests below did not show it every time.",
    "untried": "The requests below were not sent a second time.",
}


def card(finding: Finding, *, shown: bool, new: bool) -> Element:
    """Return a finding; `shown` opens its requests."""
    words = finding.words
    return h(
        "article",
        h("h3", *prose(finding.title)),
        h(
            "p",
            h("span", "new", class_="tag new") if new else None,
            h("span", finding.rule, class_="tag"),
            h("span", f"{finding.level} {finding.row}".strip(), class_="tag"),
            h("span", finding.operation, class_="tag"),
            class_="tags",
        ),
        h(
            "dl",
            *pair("Rests on", *prose(words.promise or "the document"),
                  h("span", f"{origin(words.source)} · ", h("code", words.pointer),
                    class_="source")),
            *pair("Expected", *prose(finding.expected)),
            *pair("Got", *prose(finding.got)),
            *pair("Seen", f"{finding.seen:,} time{'s' * (finding.seen != 1)}. "
                          f"{STABILITY[finding.stability] if finding.requests else ''}"),
        ),
        recipes(finding, shown=shown) if finding.requests else None,
        id=f"f-{finding.fingerprint}",
    )  # fmt: skip


def pair(name: str, *content: Child) -> tuple[Element, Element]:
    return h("dt", name), h("dd", *content)


def origin(source: str) -> str:
    """Spell `seed:L56` and `decision:S4` for a reader."""
    kind, _, place = source.partition(":")
    spelled = {"seed": f"the vendor's page, {place}", "decision": f"decision {place}"}
    return spelled.get(kind, source)


def recipes(finding: Finding, *, shown: bool) -> Element:
    lines = excerpt(finding.requests)
    # Of a program, a part is of no use.
    program = finding.python and lines == finding.requests
    details = h("details", h("summary", "How to see it: curl and Python" if program else
                             "How to see it: curl"))  # fmt: skip
    if shown:
        details.set("open", "")
    details.append(block("curl", "\n".join(lines), finding))
    if program:
        details.append(block("Python", finding.python.rstrip("\n"), finding))
    return details


def block(language: str, text: str, finding: Finding) -> Element:
    label = f"{language}: {finding.rule}, {finding.operation}"
    return h(
        "figure",
        h("figcaption", language),
        h("pre", h("code", text), tabindex="0", role="region", aria_label=label),
    )
