"""The shortest requests that show a violation: fewer and fewer, to new sessions each time."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ._findings import Case
from ._history import Request, listing, paged
from ._probe import Limits, Setting, TooManySessionsError, replay
from ._verdict import Stability
from ._wire import OutOfPatienceError, Wire

# Runs of requests for one finding.
TRIES = 40
# Requests that go into the proof of one finding, and of all. Counted, as time would end elsewhere
# in every run.
FOR_ONE = 1500
FOR_ALL = 4000
# Pages of 100 in which a session is looked for; a run creates no more.
PAGES = 12


@dataclass(frozen=True)
class Proof:
    """Requests that show a violation. stability: whether they did so again, twice."""

    requests: tuple[Request, ...]
    stability: Stability


@dataclass
class Reducer:
    """Replays what a run has seen.

    until: the instant after which no replay starts. late: whether it has come. used_up: whether all
    requests that proofs may take were sent.
    """

    wire: Wire
    setting: Setting
    limits: Limits
    until: float
    tries: int = field(default=0, init=False)
    sent: int = field(default=0, init=False)
    most: int = field(default=FOR_ONE, init=False)
    late: bool = field(default=False, init=False)
    used_up: bool = field(default=False, init=False)

    def proof(self, case: Case) -> Proof:
        """Return the shortest requests found to lead to a violation, and whether they always do."""
        self.tries = 0
        self.most = min(self.sent + FOR_ONE, FOR_ALL)
        whole = tuple(case.history[: case.at + 1])
        if not whole:
            return Proof((), "untried")
        best = essential(whole)
        try:
            parts = suspects(whole, case.about)
            shown = next(filter(None, (self.shows(part, case) for part in parts)), None)
            if shown is None:
                return Proof(best, "unstable")
            best = shown
            best = self.shortest(shown, case)
            again = [self.shows(best, case) for _ in range(2)]
        except (TooManySessionsError, OutOfPatienceError):
            return Proof(best, "untried")
        return Proof(best, "confirmed" if all(again) else "unstable")

    def shortest(self, requests: tuple[Request, ...], case: Case) -> tuple[Request, ...]:
        """Leave out requests where the violation stays: the half of them, and less and less."""
        size = len(requests) // 2
        while size:
            requests = self.without(size, requests, case)
            size //= 2
        return requests

    def without(self, size: int, requests: tuple[Request, ...], case: Case) -> tuple[Request, ...]:
        """Leave out as many requests in a row, from the last to the first, where it goes."""
        needed = {id(request) for request in essential(requests, case.about)} if size > 1 else ()
        end = len(requests) - 1
        # Two more are wanted to confirm what is left.
        while end > 0 and self.tries < TRIES and self.may_send(requests, 3):
            start = max(0, end - size)
            kept = tuple(item for item in requests[start:end] if id(item) in needed)
            if len(kept) < end - start:
                requests = self.shows(requests[:start] + kept + requests[end:], case) or requests
            end = min(start, len(requests) - 1)
        return requests

    def may_send(self, requests: Sequence[Request], times: int) -> bool:
        """Whether requests may be sent so often, for this proof and by the sessions they create."""
        created = sum(request.method == "POST" for request in requests)
        room = self.limits.sessions - self.limits.created
        return self.sent + times * len(requests) <= self.most and times * created <= room

    def shows(self, requests: tuple[Request, ...], case: Case) -> tuple[Request, ...] | None:
        """Return the requests up to the one that shows the violation, or None; take its numbers.

        Raises TooManySessionsError, OutOfPatienceError.
        """
        self.late = time.monotonic() > self.until
        self.used_up |= self.sent + len(requests) > FOR_ALL
        if self.late or self.sent + len(requests) > self.most:
            raise OutOfPatienceError
        self.tries += 1
        self.sent += len(requests)
        seen = replay(self.wire, self.setting, self.limits, list(requests))
        first = next((item for item in seen if item.violation.cause == case.cause), None)
        if first is None:
            return None
        # What it counts is what these requests show, and no longer those of the run.
        case.violation = first.violation
        return requests[: last_of_batch(requests, first.at) + 1]


def last_of_batch(requests: Sequence[Request], at: int) -> int:
    """Return the last of the requests that were sent together with one."""
    while (
        requests[at].batch
        and at + 1 < len(requests)
        and requests[at + 1].batch == requests[at].batch
    ):
        at += 1
    return at


def suspects(whole: tuple[Request, ...], about: str) -> Iterator[tuple[Request, ...]]:
    """Yield parts of a history that may be enough, short ones first; `about` is on a page."""
    for part in parts(whole, about):
        if not about:
            yield part
        if about or part[-1].action == "list":
            yield walked(part)


def walked(part: tuple[Request, ...]) -> tuple[Request, ...]:
    """Return requests with a walk in place of the page at their end: by now there are others."""
    user = part[-1].user
    end = len(part)
    while end and part[end - 1].action == "list":
        end -= 1
    further = listing(paged(100, "{next}"), user=user)
    return *part[:end], listing(paged(100), user=user), *([further] * (PAGES - 1))


def parts(whole: tuple[Request, ...], about: str) -> Iterator[tuple[Request, ...]]:
    least = essential(whole, about)
    needed = {id(request) for request in least}
    yield least
    names = {name for request in least for name in (*request.names, request.binds)} - {""}
    if not names - {"next"}:
        # A list shows what was created, whoever did it.
        names = {request.binds for request in whole} - {""}
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


def essential(whole: tuple[Request, ...], about: str = "") -> tuple[Request, ...]:
    """Return the last request, with those that made what it names and those sent along with it."""
    kept: list[Request] = []
    wanted: set[str] = {about} - {""}
    batch = whole[-1].batch if whole else 0
    for request in reversed(whole):
        makes_page = "next" in wanted and request.action == "list"
        alike = bool(batch) and request.batch == batch
        if not kept or request.binds in wanted or makes_page or alike:
            kept.append(request)
            wanted -= {request.binds} | ({"next"} if makes_page else set())
            wanted |= request.wants
    return tuple(reversed(kept))
