"""Find the shortest requests that reproduce a violation, with new sessions each time."""

import itertools
import re
import secrets
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from urllib.parse import parse_qsl, urlsplit

from heidi_conformance._verdict import Stability
from heidi_conformance._wire import OutOfPatienceError, Reply, Wire
from heidi_conformance.contract._operations import CREATE, ISSUE, LIST, OPERATIONS
from heidi_conformance.run._probe import (
    TAG,
    Limits,
    Probe,
    Setting,
    Sighting,
    TooManySessionsError,
    TooManyTokensError,
    replay,
)

from ._findings import Case
from ._history import LONGEST_FILLED, Request, UnboundError, create, issue, listing, paged

# Runs of requests for one finding.
TRIES = 40
# Requests that go into the reproducer of one finding, and of all. Counted, because time would end
# elsewhere in every run.
FOR_ONE = 1500
FOR_ALL = 4000
# The number of pages to search for a session; a run creates no more.
MOST_ON_A_PAGE = 100
PAGES = 12
# So many creations are printed, so that a list shows enough to anybody; or a part of so many where
# a user has more than a list takes.
MOST_CREATED, MANY = 12, 60
# How often the requests of a proof are sent: found, confirmed twice, and sent by others.
REPLAYS = 4
# The part of the sessions left that go into the shortening of one proof: one in so many.
SHARE = 4
# The longest part of a history that is looked for further up in it.
IN_A_ROW = 8
# How requests are sent to confirm a finding (see `replay`), and what a reader must know where they
# show it at no earlier pace. The first is the pace of curl, which starts slowly.
PACES = (
    (0.01, ""),
    (0.0, "It shows only where the requests follow each other within a few milliseconds."),
    (None, "It shows only where all requests use one connection; curl opens one for each."),
)
FILLED = "It shows only for a user who has {} or more sessions; these requests do not create them."
NEW = "It shows for a user who had nothing before."
KEPT = "These requests alone do not reproduce it; it depends on earlier requests of the run."
# The name of what a request makes, and the label that a new session gets from the judge.
LOST = "These requests did not show it again; it may take more of the run, or its pace."
# The users of the tokens that a run was given, each with the one that has the same sessions.
GIVEN = {"first": "first", "second": "second", "same": "first"}
GIVEN_TOKEN = re.compile(rf"(?<={{)({'|'.join(GIVEN)})(?=[:}}])")
MADE = re.compile(rf"\b[su][0-9]+\b|{TAG}-[0-9]+")


@dataclass(frozen=True)
class Proof:
    """Requests that show a violation.

    stability: whether they did so twice more. note: further conditions, for the reader.
    """

    requests: tuple[Request, ...]
    stability: Stability
    note: str = ""


@dataclass
class Reducer:
    """Replays what a run has seen.

    until: the instant after which no replay starts. late: whether it has come. used_up: whether all
    requests that reproducers may take were sent. best, sighting: the latest requests that showed a
    violation, and how. earlier: requests of the run that did not show it.
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
    fresh: bool = field(default=False, init=False)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(10_000), init=False)
    best: tuple[Request, ...] = field(default=(), init=False)
    sighting: Sighting = field(init=False)
    earlier: Sequence[Sequence[Request]] = field(default=(), init=False)

    def proof(self, case: Case) -> Proof:
        """Return the shortest requests found to lead to a violation, and whether they always do."""
        self.most = min(self.sent + FOR_ONE, FOR_ALL)
        whole = tuple(case.history[: case.at + 1])
        self.earlier = (case.first[:-1], whole[:-1])
        self.best = essential(whole)
        try:
            first, *others = (
                sorted(suspects((*history[: at + 1],), about), key=self.was_sent)
                for history, at, about in case.paths
            )
            parts = [*first, *itertools.chain(*others)]
            # A new user may first need sessions, or every earlier request.
            crowds = self.crowded(whole, had(case))
            more = [*first, *crowds, *parts[len(first) :], tuple(case.first)]
            # Of a token that was refused, another one tells nothing.
            new = not case.refused and self.has_newcomers
            if not (
                (new and self.finds([*filter(None, more)], case, fresh=True))
                or self.finds(parts, case, fresh=False)
            ):
                return Proof(self.best, "flaky", LOST) if whole else Proof((), "untried")
            if any(request.batch for request in self.best):
                self.shows([replace(item, batch=0) for item in self.best], case)
            kept = self.was_sent(self.best)
            self.shorten(case, kept=kept)
            note = "" if self.fresh else self.lacking(whole, case)
            remaining = new and self.has_newcomers and not self.fresh
            if remaining and self.may_create(self.best, REPLAYS):
                note = "" if self.finds([self.best], case, fresh=True) else KEPT
                self.fresh = not note
            return self.confirmed(case, KEPT if kept or self.shows_older else note)
        except (TooManySessionsError, OutOfPatienceError):
            return Proof(self.best, "untried")

    @cached_property
    def welcomes(self) -> bool:
        """Whether a token is issued for a user who is new, and has an empty list."""
        if not self.setting.key:
            return False
        probe, user = Probe(self.wire, self.setting, self.limits), "u1"
        page: Reply | None = None
        with suppress(UnboundError, TooManyTokensError):
            probe.send(issue(invented(), "1", binds=user))
            page = probe.send(listing(user=user))
        return page is not None and page.ok and not OPERATIONS[LIST].ids_on(page.content)

    @property
    def shows_older(self) -> bool:
        """Whether a response shows a resource that the run made before these requests."""
        seen = self.sighting
        older = seen.violation.resource_id in self.limits.sessions_of and not seen.about
        return older and not seen.listed

    @property
    def has_newcomers(self) -> bool:
        """Whether there can be new users for each replay."""
        return self.welcomes and (ISSUE, 429) not in self.limits.answers

    def finds(self, parts: Sequence[Sequence[Request]], case: Case, *, fresh: bool) -> bool:
        """Whether one of some requests shows the violation, for new users or for those given.

        New users take half of the requests at most. What creates sessions is skipped unless they
        can be created as often as a proof takes.
        """
        self.fresh = fresh
        most = self.sent + FOR_ONE // 2
        fit = (
            part
            for part in parts
            if not fresh or (self.sent + len(part) <= most and self.may_create(part, REPLAYS))
        )
        return any(self.shows(part, case) for part in fit)

    def introduced(self, requests: Sequence[Request]) -> tuple[list[Request], list[Request]]:
        """Return requests for the tokens of new users, and requests as those send them."""
        texts = [
            text for item in requests for text in (f"{{{item.user}}}", *dict(item.fields).values())
        ]
        users = dict.fromkeys(match[1] for text in texts for match in GIVEN_TOKEN.finditer(text))
        names = {user: f"u{next(self.numbers)}" for user in users}
        addresses = {GIVEN[user]: invented() for user in users}
        issues = [issue(addresses[GIVEN[user]], "1", binds=name) for user, name in names.items()]

        def renamed(text: str) -> str:
            return GIVEN_TOKEN.sub(lambda match: names[match[1]], text)

        return issues, [
            replace(
                item,
                user=names.get(item.user, item.user),
                authorization=item.authorization and renamed(item.authorization),
                headers=tuple((name, renamed(text)) for name, text in item.headers),
            )
            for item in requests
        ]

    def was_sent(self, requests: Sequence[Request]) -> bool:
        """Whether the run sent the same in a row before, and it did not show the violation."""
        short = len(requests) <= IN_A_ROW
        return short and any(is_part(requests, history) for history in self.earlier)

    def shorten(self, case: Case, *, kept: bool) -> None:
        """Leave out requests where the violation stays: the half of them, and less and less."""
        self.tries = 0
        # Others need some sessions as well.
        most = self.limits.created + (self.limits.sessions - self.limits.created) // SHARE
        size = len(self.best) // 2
        while size:
            about = self.sighting.about
            needed = {id(item) for item in essential(self.best, about)} if size > 1 else ()
            end = len(self.best) - 1
            # Three more are wanted to confirm what is left.
            while (
                end > 0 and self.tries < TRIES and self.limits.created <= most and self.may_send(4)
            ):
                start = max(0, end - size)
                spared = tuple(item for item in self.best[start:end] if id(item) in needed)
                fewer = self.best[:start] + spared + self.best[end:]
                if len(fewer) < len(self.best) and (kept or not self.was_sent(fewer)):
                    self.shows(fewer, case)
                end = min(start, len(self.best) - 1)
            size //= 2

    def lacking(self, whole: tuple[Request, ...], case: Case) -> str:
        """Let the requests create what their list shows; return what they still lack."""
        asked = self.best[-1]
        number = 0 if self.sighting.about else beyond(self.best)
        if self.sighting.listed and not any(creates_for(item, asked) for item in self.best):
            number = max(number, 1)
        if not number:
            return ""
        filled = self.filled(self.best, whole, number)
        if number <= MOST_CREATED and filled and self.shows(filled, case):
            return ""
        return FILLED.format(number)

    def filled(
        self, requests: tuple[Request, ...], whole: tuple[Request, ...], number: int, at: int = 0
    ) -> tuple[Request, ...]:
        """Return requests with the creation of what their list shows; nothing if none does."""
        if not requests or requests[-1].action != "list":
            return ()
        asked = requests[-1]
        made = next((request for request in whole if creates_for(request, asked)), None)
        if made is None and asked.operation is OPERATIONS[LIST]:
            bare = OPERATIONS[CREATE].bare(self.setting.level)
            made = create("s0", None if bare else OPERATIONS[CREATE].least)
        if made is None:
            return ()
        return *requests[:at], *[replace(made, user=asked.user)] * number, *requests[at:]

    def crowded(self, whole: tuple[Request, ...], most: int) -> Iterator[tuple[Request, ...]]:
        """Yield requests for a list with creations before all of them, and just before the list.

        most: how many resources the user of the run had created.
        """
        short = whole if len(whole) <= IN_A_ROW else self.best
        for number in (MOST_CREATED, MANY) if most > MOST_CREATED else (MOST_CREATED,):
            places = dict.fromkeys((0, before_lists(short)))
            yield from (self.filled(short, whole, number, at) for at in places)

    def confirmed(self, case: Case, note: str) -> Proof:
        """Send the requests twice more, as a reader would; else as it takes, and say so."""
        together = Counter(request.batch for request in self.best if request.batch)
        races = max(together.values(), default=0) > 1
        for pace, special in PACES:
            if all(self.shows(self.best, case, pace) for _ in range(2)):
                if self.fresh and not note and not races and not self.holds_for_others(case):
                    return Proof(self.best, "confirmed", f"{NEW} {special}".strip())
                note = f"{note} {special}".strip()
                return Proof(self.best, "flaky" if note or races else "confirmed", note)
        return Proof(self.best, "flaky", note)

    def holds_for_others(self, case: Case) -> bool:
        """Whether what new users see shows for the users of the run as well."""
        if not any(item.action == "list" for item in self.best):
            return True
        best, held = self.best, False
        # Where there is no time for them, it is only known of the new users.
        with suppress(TooManySessionsError, OutOfPatienceError):
            held = self.finds([best], case, fresh=False)
        self.best, self.fresh = best, True
        return held

    def may_send(self, times: int) -> bool:
        """Whether the best may be sent so often, for this proof and by the sessions it creates."""
        enough = self.sent + times * len(self.best) <= self.most
        return enough and self.may_create(self.best, times)

    def may_create(self, requests: Sequence[Request], times: int) -> bool:
        """Whether requests may be sent so often, by the sessions that they create."""
        created = sum(request.operation is OPERATIONS[CREATE] for request in requests)
        return times * created <= self.limits.sessions - self.limits.created

    def shows(self, requests: Sequence[Request], case: Case, pace: float | None = None) -> bool:
        """Whether requests show the violation; then they are the best, up to the one that does.

        Raises TooManySessionsError, OutOfPatienceError.
        """
        self.late = time.monotonic() > self.until
        self.used_up |= self.sent + len(requests) > FOR_ALL
        if self.late or self.sent + len(requests) > self.most:
            raise OutOfPatienceError
        self.tries += 1
        issues, sent = self.introduced(requests) if self.fresh else ([], [*requests])
        self.sent += len(issues) + len(sent)
        seen = replay(self.wire, self.setting, self.limits, [*issues, *sent], pace=pace)
        sighting = next((item for item in seen if item.violation.cause == case.cause), None)
        if sighting is None or sighting.at < len(issues):
            return False
        self.sighting = sighting = replace(sighting, at=sighting.at - len(issues))
        # It counts what these requests show, no longer what the run showed.
        case.violation = sighting.violation
        self.best = tuple(requests[: last_of_batch(requests, sighting.at) + 1])
        return True


def invented() -> str:
    """Return the address of a user whom no server has met."""
    return f"conformance-{secrets.token_hex(8)}@heidi-conformance.invalid"


def last_of_batch(requests: Sequence[Request], at: int) -> int:
    """Return the last of the requests that were sent together with one."""
    batch = requests[at].batch
    while batch and at + 1 < len(requests) and requests[at + 1].batch == batch:
        at += 1
    return at


def suspects(whole: tuple[Request, ...], about: str) -> Iterator[tuple[Request, ...]]:
    """Yield parts of a history that may be enough, short ones first; `about` is on a page."""
    least = essential(whole, about)
    needed = {id(request) for request in least}
    names = {name for request in least for name in (*request.names, request.binds)} - {"", "next"}
    # A list shows all resources, whoever created them.
    names = names or {request.binds for request in whole} - {""}
    related = [
        id(request)
        for request in whole
        if names & {*request.names, request.binds} and id(request) not in needed
    ]
    numbers = [number for number in (0, 1, 2, 4, 8) if number < len(related)]
    chosen = [needed | {*related[len(related) - number :]} for number in (*numbers, len(related))]
    parts = [tuple(request for request in whole if id(request) in ids) for ids in chosen]
    for part in dict.fromkeys((*parts, whole)):
        if not about:
            yield part
        # A user who is not linked has no pages to walk.
        if about or (part[-1].action == "list" and part[-1].user in GIVEN):
            yield walked(part)


def walked(part: tuple[Request, ...]) -> tuple[Request, ...]:
    """Return requests with a walk in place of the page at their end: by now there are others."""
    user = part[-1].user
    end = before_lists(part)
    further = listing(paged(MOST_ON_A_PAGE, "{next}"), user=user)
    return *part[:end], listing(paged(MOST_ON_A_PAGE), user=user), *([further] * (PAGES - 1))


def before_lists(requests: Sequence[Request]) -> int:
    """Return the place behind which requests only list."""
    end = len(requests)
    while end and requests[end - 1].action == "list":
        end -= 1
    return end


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


def is_part(requests: Sequence[Request], of: Sequence[Request]) -> bool:
    """Whether requests occur in a row among others, with any names."""
    wanted = shapes(requests)
    rows = (of[start : start + len(requests)] for start in range(len(of) - len(requests) + 1))
    return any(all(map(alike, requests, row)) and shapes(row) == wanted for row in rows)


def alike(one: Request, other: Request) -> bool:
    """Whether two requests may be the same: a quick look."""
    return (
        one.method == other.method
        and one.target.partition("{")[0] == other.target.partition("{")[0]
        and one.authorization == other.authorization
    )


def shapes(requests: Sequence[Request]) -> list[tuple[object, ...]]:
    """Return requests with numbers in place of names."""
    numbers: dict[str, int] = {}

    def number(match: re.Match[str]) -> str:
        return str(numbers.setdefault(match[0], len(numbers)))

    return [
        (
            item.method, item.authorization, item.headers, item.media_type,
            MADE.sub(number, f"{item.user} {item.binds} {item.target}"),
            MADE.sub(number, item.body[:LONGEST_FILLED].decode("latin-1")), len(item.body),
        )
        for item in requests
    ]  # fmt: skip


def creates_for(request: Request, asked: Request) -> bool:
    """Whether a request creates what a list shows."""
    operation, listed = request.operation, asked.operation
    return (
        request.action == "create"
        and operation is not None
        and listed is not None
        and operation.resource == listed.resource
    )


def had(case: Case) -> int:
    """Return how many resources the user of a list had created when a violation first came."""
    asked = case.history[case.at]
    # The names of other users are of one history each.
    given = asked.user in GIVEN
    owner = GIVEN.get(asked.user, asked.user)
    return sum(
        creates_for(request, asked) and GIVEN.get(request.user, request.user) == owner
        for request in (case.first if given else case.history[: case.at])
    )


def beyond(requests: Sequence[Request]) -> int:
    """Return how many resources it takes to get to the last page, 0 where they are created."""
    lacking = reached = 0
    owner = ""
    for at, request in enumerate(requests):
        if request.operation is None or request.action != "list":
            continue
        # A page may be asked for by another user than the one whom it was offered to.
        owner = owner if "next" in request.names else request.user
        made = sum(
            creates_for(earlier, request) and earlier.user == owner for earlier in requests[:at]
        )
        before = reached if "next" in request.names else 0
        # A walk in pages of 100 finds what was created on whichever page it is.
        if before and made <= before and not (made and before >= MOST_ON_A_PAGE):
            lacking = before + 1
        words = dict(parse_qsl(urlsplit(request.target).query))
        size = words.get(request.operation.page.size, "")
        default = int(request.operation.size.get("default", 1))
        reached = before + (int(size) if size.isdecimal() else default)
    return lacking
