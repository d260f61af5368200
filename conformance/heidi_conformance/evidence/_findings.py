"""Violations by their cause."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from heidi_conformance.contract._fields import fields_of
from heidi_conformance.contract._operations import OPERATIONS
from heidi_conformance.oracle import Violation
from heidi_conformance.run._probe import Sighting

from ._history import Request

Cause = tuple[str, str, str]
# Requests that led to a violation: those of a part of a run, the place among them that showed it,
# and the resource on a page that it is about.
Path = tuple[Sequence[Request], int, str]
# Consequences of one cause on the same operation.
EXPLAINED_BY = {
    "token-first": frozenset({"token-needed"}),
    "challenge": frozenset({"token-needed"}),
    "own-sessions": frozenset({"own-list"}),
}
# What may be blamed for an instant that moved, although reading alone moves it.
BLAMED = frozenset({"rejected-update/changed", "own-sessions/changed", "one-session/changed"})
# How a violation ends that an update accepts: beside properties that it left out, and else.
UNREAD, ACCEPTED = "unread", "/accepted"
# Rules that may report the same about an operation, and the one that reports it for both.
TWINS = {"error-shape": "json-answers", "own-sessions": "unknown-id"}


@dataclass
class Case:
    """All violations of one cause.

    history, at: the first requests seen that led to one. about: the resource on a page it is about.
    first: all requests up to the first of them. fields: of all of them, in the order of their
    coming. refused: whether each response was 401 to a token as it was given. alternatives: other
    histories, the shortest for each number of writes.
    """

    violation: Violation
    history: Sequence[Request]
    at: int
    about: str = ""
    first: Sequence[Request] = ()
    fields: dict[str, None] = field(default_factory=dict[str, None])
    seen: int = 0
    refused: bool = True
    alternatives: dict[int, Path] = field(default_factory=dict[int, Path])

    @property
    def pause(self) -> int:
        """The seconds for which these requests wait for each other."""
        return round(sum(request.pause for request in self.history[: self.at + 1]))

    @property
    def paths(self) -> list[Path]:
        """The requests that led to one, the shortest first."""
        shortest = (self.history, self.at, self.about)
        others = sorted(self.alternatives.values(), key=lambda path: effort(path[0], path[1]))
        return [shortest, *(path for path in others if path != shortest)]

    @property
    def cause(self) -> Cause:
        """What all of them have in common."""
        return self.violation.cause


def effort(history: Sequence[Request], at: int) -> tuple[int, int]:
    """Return what it takes to see what a request shows: KiB, and requests."""
    # A request that the server asks to repeat is not part of the history yet.
    return sum(len(request.body) for request in history[at : at + 1]) // 1024, at


def magnitude(history: Sequence[Request], at: int) -> int:
    """Return the number of writes before a request, on a log2 scale."""
    return sum(request.method != "GET" for request in history[:at]).bit_length()


class Cases:
    """The violations seen so far, by cause. sent: the requests of the run until then."""

    def __init__(self) -> None:
        self.known: dict[Cause, Case] = {}
        self.sent: list[Request] = []

    def add(self, sighting: Sighting, history: Sequence[Request]) -> None:
        """Take one violation; the shortest path to it is kept, by the shortest body."""
        violation, at, about = sighting.violation, sighting.at, sighting.about
        case = self.known.get(violation.cause)
        if case is None:
            first = (*self.sent, *history[: at + 1])
            case = self.known[violation.cause] = Case(violation, history, at, about, first)
        if effort(history, at) < effort(case.history, case.at):
            case.violation, case.about = violation, about
            case.history, case.at = history, at
        writes = magnitude(history, at)
        path = case.alternatives.setdefault(writes, (history, at, about))
        if effort(history, at) < effort(path[0], path[1]):
            case.alternatives[writes] = (history, at, about)
        case.seen += 1
        case.refused &= sighting.refused
        if violation.field:
            case.fields[violation.field] = None

    def apart(self) -> list[Case]:
        """Return the cases without those that only repeat another."""
        told = {cause: replace(case) for cause, case in self.known.items()}
        for (code, operation, detail), case in self.known.items():
            rule, slash, variant = code.partition("/")
            other = rule + ACCEPTED if variant == UNREAD else TWINS.get(rule, "") + slash + variant
            twin = told.get((other, operation, detail))
            if twin is not None:
                twin.fields = twin.fields | case.fields
                twin.seen += case.seen
            shown = self.repeats(case.violation) or self.read_alone(case) or self.let_in(case)
            if twin is not None or shown:
                del told[case.cause]
        return list(told.values())

    def repeats(self, violation: Violation) -> bool:
        """Whether another case shows the same cause better."""
        rule, operation = violation.rule, violation.operation
        # The same failure of a valid request.
        if violation.code == "no-server-error/invalid":
            return (rule, operation, violation.detail) in self.known
        # What an update does not read, it cannot refuse.
        if violation.code == f"{rule}/{UNREAD}":
            return ("update-answer/ignored", operation, "") in self.known
        told = EXPLAINED_BY.get(rule, frozenset[str]())
        others = (case.violation for case in self.known.values())
        return any(other.operation == operation and other.rule in told for other in others)

    def let_in(self, case: Case) -> bool:
        """Whether a case is only about values that a request should not have brought in."""
        operation = OPERATIONS.get(case.violation.operation)
        if case.violation.rule != "answer-schema" or operation is None:
            return False
        alike = {each.id for each in OPERATIONS.values() if each.resource is operation.resource}
        taken = {
            name
            for other in self.known.values()
            if other.violation.code.endswith(ACCEPTED) and other.violation.operation in alike
            if len(other.first) <= len(case.first)
            for name in other.fields
        }
        places = {place.replace("[*]", "") for place in case.fields}
        shown_at = operation.shown_at.replace("[*]", "")
        return bool(places) and places <= {f"{shown_at}.{name}" for name in taken}

    def read_alone(self, case: Case) -> bool:
        """Whether a case is only about an instant that changes when it is read."""
        moves = (
            other.fields.keys()
            for other in self.known.values()
            if other.violation.code == "reading/changed"
        )
        fields = fields_of(case.violation.operation)
        instant = {fields.updated} if fields is not None else set[str]()
        return (
            case.violation.code in BLAMED
            and case.fields.keys() == instant
            and any(instant <= names for names in moves)
        )
