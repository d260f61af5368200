"""Complaints by their cause."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from ._history import Request
from .oracle import Complaint

Cause = tuple[str, str, str]
MOST_SUBJECTS = 6
# What one cause brings about besides, on the same operation.
EXPLAINED_BY = {
    "token-first": frozenset({"token-needed"}),
    "challenge": frozenset({"token-needed"}),
}
# Rules that may say the same of an operation, and the one that says it for both.
TWINS = {"error-shape": "json-answers", "own-sessions": "unknown-id"}


@dataclass
class Case:
    """All complaints of one cause.

    history, at: the first requests seen that led to one. about: the session on a page it is about.
    """

    complaint: Complaint
    history: Sequence[Request]
    at: int
    about: str = ""
    subjects: dict[str, None] = field(default_factory=dict[str, None])
    seen: int = 0

    @property
    def cause(self) -> Cause:
        """What all of them have in common."""
        return self.complaint.cause

    @property
    def title(self) -> str:
        """The cause as a sentence."""
        subjects = list(self.subjects)
        named = ", ".join(subjects[:MOST_SUBJECTS])
        if len(subjects) > MOST_SUBJECTS:
            named += f" and {len(subjects) - MOST_SUBJECTS} more"
        return f"{self.complaint.operation} {self.complaint.pattern.replace('{}', named)}"


class Cases:
    """What the oracle complained of so far, by cause."""

    def __init__(self) -> None:
        self.known: dict[Cause, Case] = {}

    def add(
        self,
        complaint: Complaint,
        history: Sequence[Request],
        at: int,
        about: str = "",
    ) -> None:
        """Take one complaint; the shortest way to it is kept."""
        case = self.known.setdefault(complaint.cause, Case(complaint, history, at, about))
        if at < case.at:
            case.complaint, case.about = complaint, about
            case.history, case.at = history, at
        case.seen += 1
        if complaint.subject:
            case.subjects[complaint.subject] = None

    def apart(self) -> list[Case]:
        """Return the cases without those that only repeat another."""
        told = {cause: replace(case) for cause, case in self.known.items()}
        for (rule, operation, pattern), case in self.known.items():
            twin = told.get((TWINS.get(rule, ""), operation, pattern))
            if twin is not None:
                twin.subjects = twin.subjects | case.subjects
                twin.seen += case.seen
            if twin is not None or self.repeats(case):
                del told[case.complaint.cause]
        return list(told.values())

    def repeats(self, case: Case) -> bool:
        """Whether another case tells the same cause better."""
        rule, operation, pattern = case.complaint.cause
        if rule == "no-server-error":
            # The same failure of a valid request.
            valid = pattern.replace("the contract refuses", "the contract allows")
            return pattern != valid and (rule, operation, valid) in self.known
        others = [item.complaint for item in self.known.values() if item is not case]
        told = EXPLAINED_BY.get(rule, frozenset[str]())
        return any(other.operation == operation and other.rule in told for other in others)
