"""What a run has seen so far."""

from collections import Counter
from dataclasses import dataclass, field, replace

from ._verdict import Finding

Key = tuple[str, str]
# The rule whose findings explain the vague ones of another.
EXPLAINED_BY = {"missing_required_header": "ignored_auth"}


@dataclass
class Tally:
    """Answers, checks and findings of a run.

    answers: number by operation and status. checked: rule and operation.
    vague: keys of findings that give way to those that say more.
    """

    answers: Counter[tuple[str, int]] = field(default_factory=Counter[tuple[str, int]])
    checked: set[Key] = field(default_factory=set[Key])
    found: dict[Key, Finding] = field(default_factory=dict[Key, Finding])
    vague: set[Key] = field(default_factory=set[Key])
    requests: int = 0

    def add(self, finding: Finding, *, vague: bool = False) -> None:
        """Count a finding; of the requests that show it, keep the shortest."""
        key = finding.rule, finding.title
        known = self.found.get(key)
        if known is not None:
            shown = filter(None, (known.requests, finding.requests))
            requests = min(shown, key=length, default=())
            finding = replace(known, requests=requests, seen=known.seen + 1)
        self.found[key] = finding
        if vague:
            self.vague.add(key)

    def findings(self) -> tuple[Finding, ...]:
        """Return the findings in a fixed order, without the vague ones that others explain."""
        precise = {
            (item.rule, item.operation) for key, item in self.found.items() if key not in self.vague
        }
        kept = (
            item
            for key, item in self.found.items()
            if key not in self.vague
            or (EXPLAINED_BY.get(item.rule, item.rule), item.operation) not in precise
        )
        return tuple(sorted(kept, key=lambda item: (item.rule, item.operation, item.title)))

    def statuses(self) -> dict[str, dict[int, int]]:
        """Return how often each operation answered with each status."""
        table: dict[str, dict[int, int]] = {}
        for (operation, status), number in sorted(self.answers.items()):
            table.setdefault(operation, {})[status] = number
        return table

    def successes(self, operation: str) -> int:
        """Return how often an operation succeeded."""
        statuses = self.statuses().get(operation, {})
        return sum(number for status, number in statuses.items() if 200 <= status < 300)


def length(requests: tuple[str, ...]) -> tuple[int, int]:
    """Order sequences of requests by what they ask of a reader."""
    return len(requests), sum(map(len, requests))
