"""Rules by operations: what every report counts from."""

from collections.abc import Iterable
from dataclasses import dataclass

from heidi_conformance._verdict import Finding, Outcome, Verdict


@dataclass(frozen=True)
class Cell:
    """What became of one rule on one operation, and what it found."""

    outcome: Outcome
    findings: tuple[Finding, ...]


def cells(verdict: Verdict) -> dict[tuple[str, str], Cell]:
    """Return a cell for each rule and operation; no finding is without one."""
    found = by_place(verdict.findings)
    outcomes = {(item.rule, item.operation): item for item in verdict.outcomes}
    for place in found:
        outcomes[place] = Outcome(*place, "failed")
    return {
        place: Cell(outcome, tuple(found.get(place, ()))) for place, outcome in outcomes.items()
    }


def by_place(findings: Iterable[Finding]) -> dict[tuple[str, str], list[Finding]]:
    """Return findings by rule and operation."""
    found: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        found.setdefault((finding.rule, finding.operation), []).append(finding)
    return found
