"""The shortest requests that show a complaint: fewer and fewer, to new sessions each time."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ._history import Request, UnboundError
from ._probe import Limits, Setting, TooManySessionsError, replay
from ._verdict import Stability
from ._wire import OutOfPatienceError, Wire

Cause = tuple[str, str, str]
# For one finding: runs of requests, and the length up to which leaving one out is worth a run.
TRIES = 16
SHORT = 12


@dataclass(frozen=True)
class Proof:
    """Requests that show a complaint. stability: whether they did so again, twice."""

    requests: tuple[Request, ...]
    stability: Stability


@dataclass
class Reducer:
    """Replays what a run has seen.

    until: the instant after which no replay starts.
    """

    wire: Wire
    setting: Setting
    limits: Limits
    until: float
    tries: int = field(default=0, init=False)

    def proof(self, history: Sequence[Request], at: int, cause: Cause) -> Proof:
        """Return the shortest requests found to lead to a complaint, and whether they always do."""
        self.tries = 0
        whole = tuple(history[: at + 1])
        try:
            shown = next(filter(None, (self.shows(part, cause) for part in suspects(whole))), None)
            if shown is None:
                return Proof(essential(whole), "unstable")
            shown = self.shortest(shown, cause)
            again = [self.shows(shown, cause) for _ in range(2)]
        except (TooManySessionsError, OutOfPatienceError):
            return Proof(essential(whole), "untried")
        return Proof(shown, "confirmed" if all(again) else "unstable")

    def shortest(self, requests: tuple[Request, ...], cause: Cause) -> tuple[Request, ...]:
        """Leave out one request after the other, where the complaint stays."""
        at = len(requests) - 2
        while at >= 0 and len(requests) <= SHORT and self.tries < TRIES:
            fewer = requests[:at] + requests[at + 1 :]
            requests = self.shows(fewer, cause) or requests
            at = min(at, len(requests) - 1) - 1
        return requests

    def shows(self, requests: tuple[Request, ...], cause: Cause) -> tuple[Request, ...] | None:
        """Return the requests up to the one that shows the complaint, or None.

        Raises TooManySessionsError, OutOfPatienceError.
        """
        if time.monotonic() > self.until:
            raise OutOfPatienceError
        self.tries += 1
        try:
            seen = replay(self.wire, self.setting, self.limits, list(requests))
        except UnboundError:
            return None
        first = next((item for item in seen if item.complaint.cause == cause), None)
        return None if first is None else requests[: last_of_batch(requests, first.at) + 1]


def last_of_batch(requests: Sequence[Request], at: int) -> int:
    """Return the last of the requests that were sent together with one."""
    while (
        requests[at].batch
        and at + 1 < len(requests)
        and requests[at + 1].batch == requests[at].batch
    ):
        at += 1
    return at


def suspects(whole: tuple[Request, ...]) -> Iterator[tuple[Request, ...]]:
    """Yield parts of a history that may be enough, short ones first."""
    needed = {id(request) for request in essential(whole)}
    yield essential(whole)
    names = {name for request in essential(whole) for name in (*request.names, request.binds)} - {
        ""
    }
    related = [
        request for request in whole if touches(request, names) and id(request) not in needed
    ]
    for number in (1, 2, 4, 8):
        if number < len(related):
            kept = needed | {id(request) for request in related[-number:]}
            yield tuple(request for request in whole if id(request) in kept)
    kept = needed | {id(request) for request in related}
    if len(kept) < len(whole):
        yield tuple(request for request in whole if id(request) in kept)
    yield whole


def touches(request: Request, names: set[str]) -> bool:
    return bool(names & (request.names | {request.binds}))


def essential(whole: tuple[Request, ...]) -> tuple[Request, ...]:
    """Return the last request, with those that made what it names and those sent along with it."""
    kept: list[Request] = []
    wanted: set[str] = set()
    batch = whole[-1].batch
    for request in reversed(whole):
        makes_page = "next" in wanted and request.target.startswith("/sessions/linked-user")
        alike = bool(batch) and request.batch == batch
        if not kept or request.binds in wanted or makes_page or alike:
            kept.append(request)
            wanted -= {request.binds} | ({"next"} if makes_page else set())
            wanted |= request.names
    return tuple(reversed(kept))
