"""A user of the API who records requests and the violations of responses."""

import itertools
import random
import re
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from heidi_conformance._access import Renewal
from heidi_conformance._verdict import Level
from heidi_conformance._wire import REPEATABLE, Reply, Silence, Wire, wait_of
from heidi_conformance.contract._document import pointed
from heidi_conformance.contract._operations import (
    CREATE,
    ISSUER,
    OPERATIONS,
    RESOURCE_OF,
    Operation,
    Resource,
    route,
)
from heidi_conformance.evidence._history import (
    Bindings,
    Exchange,
    Request,
    UnboundError,
    digits,
    issued,
)
from heidi_conformance.oracle import Oracle, Violation, understand

if TYPE_CHECKING:
    from ._resources import Resources

# How often a request is repeated that the server asks to wait for.
PATIENCE = 3
# The longest pause before a request that is sent again, in seconds.
LONGEST_PAUSE = 2.0
# At its end, a run marks the sessions that it created with this.
TAG = "heidi-conformance"
# Two random ids differ in more places than this; counters, clocks and short ids do not.
PLACES = 12
# Wildcards for servers that look ids up by a pattern, and characters that end one in a query.
WILD = frozenset("*%_?'\"")
# What a lenient server may take for an id, where ids are numbers and where they are not.
NUMBER, WORD = re.compile(r"\d+"), re.compile(r"[^\W_]+")


class TooManySessionsError(Exception):
    """The run may create no more sessions."""


class TooManyTokensError(Exception):
    """The server limits how many tokens it issues, and need not be waited for."""


@dataclass
class Ids:
    """The ids of one kind of resource that a run has seen.

    apart: in how many places those differ that came one after the other, at least; None before two
    have come.
    """

    seen: set[str] = field(default_factory=set[str])
    latest: str = ""
    apart: int | None = None

    def see(self, text: str) -> None:
        """Record an id."""
        if text in self.seen:
            return
        if self.seen:
            places = sum(map(str.__ne__, *padded(self.latest, text)))
            self.apart = places if self.apart is None else min(self.apart, places)
        self.seen.add(text)
        self.latest = text

    @property
    def random(self) -> bool:
        """Whether ids of other resources cannot be hit by chance."""
        return self.apart is not None and self.apart > PLACES


def padded(one: str, other: str) -> tuple[str, str]:
    """Return two texts of the same length."""
    width = max(len(one), len(other))
    return one.rjust(width), other.rjust(width)


def names_another(text: str, own: Iterable[str]) -> bool:
    """Whether a string has a number or a word that is in none of the ids of a run."""
    known = [*own]
    if all(map(digits, known)):
        return bool({*map(Decimal, NUMBER.findall(text))} - {*map(Decimal, known)})
    words = {word.casefold() for each in known for word in WORD.findall(each)}
    return any(word.casefold() not in words for word in WORD.findall(text))


@dataclass
class Limits:
    """The limits of a run, and what it has done.

    sessions: how many it may create. sessions_of: user by id of those that it created; a user whom
    a token was issued for by the request for it. issued: that request, by the name that the user
    has for now. latest: the last token that it got. secrets: all tokens that were ever issued.
    ids: those of resources, by the name of the schema.
    """

    sessions: int
    created: int = 0
    requests: int = 0
    answers: dict[tuple[str, int], int] = field(default_factory=dict[tuple[str, int], int])
    sessions_of: dict[str, str] = field(default_factory=dict[str, str], repr=False)
    issued: dict[str, str] = field(default_factory=dict[str, str])
    latest: dict[str, str] = field(default_factory=dict[str, str], repr=False)
    secrets: set[str] = field(default_factory=set[str], repr=False)
    ids: defaultdict[str, Ids] = field(default_factory=lambda: defaultdict(Ids), repr=False)

    def allow(self, requests: Sequence[Request]) -> None:
        """Raise TooManySessionsError where requests together may create too many."""
        creations = sum(operation_of(request) == CREATE for request in requests)
        if creations and self.created + creations > self.sessions:
            raise TooManySessionsError

    def heard(self, request: Request, response: Reply | Silence, operation: str) -> None:
        """Count a response; one that does not come may have created a session as well."""
        if isinstance(response, Reply) and operation:
            key = operation, response.status
            self.answers[key] = self.answers.get(key, 0) + 1
            self.see(OPERATIONS[operation], response)
        if request.issues and isinstance(response, Reply):
            if isinstance(text := pointed(response.content, ISSUER.semantics["token"]), str):
                self.secrets.add(text)
            if request.binds and (token := issued(response)):
                self.issued[request.binds] = request.target
                self.latest[request.target] = token
        if operation_of(request) == CREATE:
            self.created += not isinstance(response, Reply) or response.ok
            content = response.content if isinstance(response, Reply) else None
            resource_id = OPERATIONS[CREATE].made(content)
            if resource_id:
                user = self.issued.get(request.user, request.user)
                self.sessions_of.setdefault(resource_id, user or "first")

    def see(self, operation: Operation, response: Reply) -> None:
        """Record the ids in a response."""
        if operation.resource is not None and response.ok:
            made = operation.made(response.content)
            for text in (*([made] if made else []), *operation.ids_on(response.content)):
                self.ids[operation.resource.name].see(text)


@dataclass(frozen=True)
class Setting:
    """Against whom, and as whom: what does not change while a run goes on.

    tokens: by the name of the user, of whom `first` is always there. unlinked: users who have no
    list. key: what tokens are issued for, empty where the run has none. reads: whether nothing but
    GET may be sent. renewal: replaces the tokens before they end.
    """

    level: Level
    tokens: dict[str, str] = field(repr=False)
    unlinked: frozenset[str] = frozenset()
    key: str = field(default="", repr=False)
    reads: bool = False
    renewal: Renewal | None = None

    @property
    def secrets(self) -> dict[str, str]:
        """The tokens, and the key as `key`."""
        return self.tokens | ({"key": self.key} if self.key else {})

    @property
    def users(self) -> dict[str, str]:
        """User by token; the first one may have two."""
        return {token: "first" if name == "same" else name for name, token in self.tokens.items()}

    def oracle(self) -> Oracle:
        from heidi_conformance.rules import TABLE  # noqa: PLC0415  # its scripts send through this module

        oracle = Oracle(self.level, self.users, self.unlinked, self.key)
        oracle.judges = tuple(rule.judge for rule in TABLE if rule.judge is not None)
        oracle.decided = frozenset(rule.id for rule in TABLE if rule.level == "strict")
        return oracle

    def asks(self, operation: Operation) -> bool:
        """Whether the level says something of an operation that may be sent."""
        asserted = operation.documented or self.level == "strict"
        return asserted and (operation.method == "GET" or not self.reads)


@dataclass(frozen=True)
class Sighting:
    """One violation, the request of a history that caused it, and the session it is about.

    listed: whether the response is a page of a list with something on it. refused: whether the
    response is 401 to a token as it was given.
    """

    violation: Violation
    at: int
    about: str = ""
    listed: bool = False
    refused: bool = False


class Probe:
    """Send requests of one history and judge each response with the oracle.

    A response is judged while the server works on the next request.
    """

    def __init__(self, wire: Wire, setting: Setting, limits: Limits, seed: int = 0) -> None:
        self.wire = wire
        self.setting = setting
        self.limits = limits
        self.random = random.Random(seed)  # noqa: S311  # a run must be repeatable
        self.oracle = setting.oracle()
        self.bindings = Bindings(setting.secrets)
        self.history: list[Request] = []
        self.found: list[Sighting] = []
        self.reported = 0
        self.unjudged: tuple[Exchange, int] | None = None
        self.pool: list[Wire] = []
        self.names = 0
        self.latest = 0.0
        self.renewals = 0
        self.resources: dict[str, Resources] = {}

    def close(self) -> None:
        """Hang up the connections of batches."""
        for wire in self.pool:
            wire.close()

    # --- one request ---

    def send(self, request: Request) -> Reply | None:
        """Send a request; return the response, None if there is none.

        A read-only run only reads, and no run changes resources that it did not create, or reads
        those that another run may have created.

        Raises:
            UnboundError: it needs an id or a token that no response has shown.
            TooManySessionsError: it would create one session too many.
            TooManyTokensError: the server issues no more tokens for now.
            OutOfPatienceError: the server did not respond for too long.
        """
        if self.setting.reads and request.method != "GET":
            return None
        if request.method not in REPEATABLE and not self.bindings.found.isdisjoint(request.names):
            return None
        target = self.bindings.target(request)
        if self.guesses(target) or (request.method not in REPEATABLE and self.matches_many(target)):
            return None
        if request.pause:
            self.judge()
            self.wire.wait(min(request.pause, self.latest + request.pause - time.monotonic()))
        self.renew()
        exchange = self.exchange(self.wire, request)
        self.latest = exchange.seconds[1]
        at = len(self.history)
        self.history.append(request)
        self.hear(exchange)
        self.judge()
        self.unjudged = exchange, at
        return exchange.response if isinstance(exchange.response, Reply) else None

    def renew(self) -> None:
        """Use the tokens of now, in place of any that end soon."""
        renewal = self.setting.renewal
        if renewal is None:
            return
        renewal.renew()
        if self.renewals < renewal.times:
            self.renewals = renewal.times
            self.bindings.tokens = self.bindings.tokens | self.setting.secrets
            # Responses to the tokens before may still have to be judged.
            self.oracle.tokens |= self.setting.users

    def guesses(self, target: str) -> bool:
        """Whether a target may name a resource that this history did not make.

        It may where ids can be guessed, and where it is not known that they cannot.
        """
        return any(
            text != resource.unknown
            and not self.limits.ids[resource.name].random
            and names_another(text, self.own_ids)
            for text, resource in ids_in(target)
        )

    def matches_many(self, target: str) -> bool:
        """Whether a server that looks ids up by a pattern may find more than this history made."""
        wild = WILD.difference(*self.own_ids)
        return any(not wild.isdisjoint(text) for text, _ in ids_in(target))

    @property
    def own_ids(self) -> list[str]:
        """The ids of the resources that this history made."""
        return [text for name, text in self.bindings.values.items() if name != "next"]

    def exchange(self, wire: Wire, request: Request) -> Exchange:
        """Send a request, and repeat it if the server asks to wait."""
        message = self.bindings.message(request)
        attempts = itertools.count()
        while True:
            self.limits.allow([request])
            self.limits.requests += 1
            started = time.monotonic()
            response = wire.send(message, self.judge)
            exchange = Exchange(request, message, response, (started, time.monotonic()))
            if not isinstance(response, Reply) or response.status != 429:
                return exchange
            if next(attempts) >= PATIENCE:
                wire.lose(PATIENCE * wait_of(response), "kept responding with 429 after every wait")
                return exchange
            at = len(self.history)
            self.found += [Sighting(item, at) for item in self.oracle.judge(exchange)]
            self.limits.heard(request, response, operation_of(request))
            if request.issues:
                self.history.append(request)
                raise TooManyTokensError
            wire.wait(wait_of(response))

    @property
    def sightings(self) -> list[Sighting]:
        """What all responses so far break."""
        self.judge()
        return self.found

    def news(self) -> list[Sighting]:
        """Return what the responses break that were judged since this was last asked."""
        news, self.reported = self.found[self.reported :], len(self.found)
        return news

    def judge(self) -> None:
        """Judge the last response, where that is still to be done."""
        if self.unjudged is not None:
            (exchange, at), self.unjudged = self.unjudged, None
            self.note(exchange, at, self.oracle.judge(exchange))

    def note(self, exchange: Exchange, at: int, found: Iterable[Violation]) -> None:
        """Keep the violations of a response, and the resource of the request."""
        listed, refused = lists(exchange), refuses(exchange)
        self.found += [
            Sighting(item, at, self.bindings.name(item.resource_id), listed, refused)
            for item in found
        ]

    def hear(self, exchange: Exchange) -> None:
        """Take from a response what later requests need."""
        self.bindings.learn(exchange.request, exchange.response)
        response = exchange.response
        if exchange.request.action == "delete" and isinstance(response, Reply) and response.ok:
            # Resources that a run deletes are not missing at its end.
            for name in exchange.request.names:
                self.limits.sessions_of.pop(self.bindings.values.get(name, ""), None)
        self.limits.heard(exchange.request, exchange.response, operation_of(exchange.request))

    # --- concurrent requests ---

    def batch(self, requests: list[Request]) -> None:
        """Send requests at the same time, each on its own connection."""
        if self.setting.reads:
            return
        self.judge()
        self.limits.allow(requests)
        self.renew()
        while len(self.pool) < len(requests):
            self.pool.append(self.wire.fork())
        results: list[Exchange | BaseException | None] = [None] * len(requests)
        start = threading.Barrier(len(requests))

        def run(index: int) -> None:
            try:
                self.pool[index].open()
                start.wait()
                results[index] = self.exchange(self.pool[index], requests[index])
            except BaseException as error:  # noqa: BLE001  # raised below, in the thread that asked
                results[index] = error

        threads = [threading.Thread(target=run, args=(index,)) for index in range(len(requests))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        exchanges: list[Exchange] = []
        for result in results:
            if isinstance(result, BaseException):
                raise result
            if result is not None:
                exchanges.append(result)
        first = len(self.history)
        self.history += [replace(request, batch=first + 1) for request in requests]
        for offset, found in enumerate(self.oracle.judge_batch(exchanges)):
            self.hear(exchanges[offset])
            self.note(exchanges[offset], first + offset, found)

    # --- names ---

    def name(self) -> str:
        self.names += 1
        return f"s{self.names}"

    def user(self) -> str:
        """Return a name for a user whom a token will be issued for."""
        self.names += 1
        return f"u{self.names}"

    def try_send(self, request: Request) -> Reply | None:
        """Send a request if the resources that it names exist."""
        try:
            return self.send(request)
        except UnboundError:
            return None


def ids_in(target: str) -> Iterator[tuple[str, Resource]]:
    """Yield the ids in the path of a target, each with the resource that it is of."""
    for parameter, text in route(target).values.items():
        if parameter in RESOURCE_OF:
            yield text, RESOURCE_OF[parameter]


def operation_of(request: Request) -> str:
    """Return the operation that a request asks for, empty where it asks for none."""
    return request.operation.id if request.operation else ""


def refuses(exchange: Exchange) -> bool:
    """Whether the response is 401 to a token as it was given."""
    request, response = exchange.request, exchange.response
    good = bool(request.user) and request.authorization is None
    return good and isinstance(response, Reply) and response.status == 401


def lists(exchange: Exchange) -> bool:
    """Whether the response to a valid request is a page of a list with something on it."""
    operation, response = exchange.request.operation, exchange.response
    if operation is None or operation.action != "list" or not isinstance(response, Reply):
        return False
    shown = response.ok and bool(operation.listed(response.content))
    return shown and understand(exchange).sure is None


def replay(
    wire: Wire,
    setting: Setting,
    limits: Limits,
    requests: list[Request],
    *,
    pace: float | None = None,
) -> list[Sighting]:
    """Send requests once more, to new sessions, and return the violations.

    It ends at a request that names something that no response gave.
    pace: seconds before each request, which then has a connection of its own; None: one for all.
    Raises TooManySessionsError, OutOfPatienceError.
    """
    probe = Probe(wire, setting, limits)
    try:
        pending: list[Request] = []
        for request in [*requests, None]:
            if pending and (request is None or request.batch != pending[0].batch):
                probe.batch(pending)
                pending = []
            if request is not None and request.batch:
                pending.append(request)
            elif request is not None:
                if pace is not None:
                    wire.close()
                    time.sleep(pace)
                probe.send(replace(request, pause=min(request.pause, LONGEST_PAUSE)))
    except (UnboundError, TooManyTokensError):
        # What came before it was seen nevertheless.
        pass
    finally:
        probe.close()
    return probe.sightings
