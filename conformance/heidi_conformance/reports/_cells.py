"""What every report says of rules: rules by operations, their words, and where those come from."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from heidi_conformance._verdict import Finding, Grade, Outcome, Verdict
from heidi_conformance.client.scenarios import RULES as CLIENT_RULES
from heidi_conformance.rules import RULES


@dataclass(frozen=True)
class Cell:
    """The outcome of one rule on one operation, and its findings."""

    outcome: Outcome
    findings: tuple[Finding, ...]


def cells(verdict: Verdict) -> dict[tuple[str, str], Cell]:
    """Return a cell for each rule and operation; no finding is without one."""
    found: dict[tuple[str, str], list[Finding]] = {}
    for finding in verdict.findings:
        found.setdefault((finding.rule, finding.operation), []).append(finding)
    outcomes = {(item.rule, item.operation): item for item in verdict.outcomes}
    outcomes |= {place: Outcome(*place, "failed") for place in found}
    return {
        place: Cell(outcome, tuple(found.get(place, ()))) for place, outcome in outcomes.items()
    }


def lines(finding: Finding) -> Iterator[str]:
    """Yield the details of a finding, one line each, without its requests."""
    yield f"words     {finding.words.promise or 'the document'}"
    yield f"          {finding.words.pointer}, from {origin(finding.words.source)}"
    yield f"expected  {finding.expected}"
    yield f"got       {finding.got}"
    if finding.fix:
        yield f"fix       {finding.fix}"


class Promise(NamedTuple):
    """level, row: of the rule; of one that this version does not have, neither is known."""

    words: str = ""
    level: Grade | None = None
    row: str = ""


def promise(rule: str) -> Promise:
    """Return what a rule asks for, of a server or a client; nothing of an unknown one."""
    if known := RULES.get(rule):
        return Promise(known.words, known.level, known.row)
    scenario = CLIENT_RULES.get(rule)
    return Promise(scenario.words, scenario.level) if scenario else Promise()


def origin(source: str) -> str:
    """Spell `seed:L56` and `decision:S4` for a reader."""
    kind, _, place = source.partition(":")
    spelled = {
        "seed": f"the vendor's page, lines {place.replace('L', '')}",
        "decision": f"decision {place} in openapi/DECISIONS.md",
        "page": f"the vendor's page about {place}",
    }
    return spelled.get(kind, source)
