"""The knowledge of an oracle about a server, from all exchanges."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, cast

from heidi_conformance._verdict import Level
from heidi_conformance._wire import EXACT
from heidi_conformance.contract._fields import MAIN_FIELDS, Fields
from heidi_conformance.contract._operations import (
    LIST,
    MAIN,
    OPERATIONS,
)
from heidi_conformance.contract._values import ABSENT, Flat, is_number, outers, within

from ._pages import ListState
from ._reading import Reading, as_float
from ._violation import Violation

# Of a resource: the name of its schema, and its id. Of a list: user, operation and path.
Id = tuple[str, str]
Place = tuple[str, str, str]


@dataclass
class Issue:
    """A token that was issued.

    end: the instant (`time.time`) at which it ends, as the server said. used: whether it was
    accepted since.
    """

    end: float
    used: bool = False


@dataclass
class Known:
    """A resource that the judge created.

    opened: what its creation set, by the names of the resource; None if somebody else created it.
    shown: what the server showed last, with what was sent since. sent: what the last accepted
    updates sent. unread: properties of those, by the operation that did not show them since.
    strange: properties sent that must not be kept. strange_to: the operation that each was sent to.
    attempts: what was sent since it was last seen, and must not change it: by `foreign` users, in
    `rejected` requests, to `other` resources. settled: False where an update may or may not have
    happened. together: properties of updates that ran at the same time. latest: the last instant
    that any of those showed, until it is seen again. seen: whether it ever was. doubted: properties
    that an operation has shown incorrectly, each with the rule that was blamed. past: what it had
    before accepted updates. listed: how it stood on a page, as Python writes it, in which nothing
    was wrong, where nothing may have changed it since; empty where that is not known.
    """

    owner: str
    order: int
    fields: Fields = MAIN_FIELDS
    opened: Flat | None = None
    shown: Flat = field(default_factory=Flat)
    sent: Flat = field(default_factory=Flat)
    unread: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    strange: Flat = field(default_factory=Flat)
    strange_to: dict[str, str] = field(default_factory=dict[str, str])
    attempts: dict[str, list[Flat]] = field(default_factory=dict[str, list[Flat]])
    seen: bool = False
    settled: bool = True
    changed: float = 0.0
    together: set[str] = field(default_factory=set[str])
    latest: datetime | None = None
    doubted: dict[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])
    past: dict[str, list[Any]] = field(default_factory=dict[str, list[Any]])
    listed: str = ""

    def take(self, reading: Reading) -> None:
        """Record what an accepted request sent that must not be kept."""
        self.strange |= reading.strange
        self.strange_to |= dict.fromkeys(reading.strange, reading.operation)

    def attempt(self, kind: str, reading: Reading) -> None:
        """Record a request that may have changed it, but must not."""
        self.attempts.setdefault(kind, []).append(self.fields.as_stored(reading.sent))

    def tried(self, kind: str, name: str, value: Any) -> bool:
        """Whether such a request sent a value of a property."""
        tries = self.attempts.get(kind, ())
        return any(name in sent and same(sent[name], value) for sent in tries)

    def had(self, name: str, value: Any) -> bool:
        """Whether a property had a value before an update."""
        return any(same(item, value) for item in self.past.get(name, ()))

    def moves(self, sent: Mapping[str, Any]) -> bool:
        """Whether an update changes it."""
        return any(not same(value, self.shown.get(name, ABSENT)) for name, value in sent.items())

    def expected(self, sent: Mapping[str, Any]) -> Flat:
        """Return the expected state after an update.

        Objects are merged, unless one is null or the document says that it is replaced whole.
        """
        if not sent:
            return {**self.shown}
        opened = {outer for name in sent for outer in outers(name)}
        gone = {*sent, *(opened & self.fields.replaced)}
        stays = {
            name: item
            for name, item in self.shown.items()
            if name not in opened and not within(name, gone)
        }
        return {**stays, **sent}

    def see(self, got: Flat, sent: Mapping[str, Any], skip: set[str]) -> None:
        """Assume that the server has what it shows, whatever was expected, but for `skip`."""
        unseen = self.fields.optional | skip if self.settled else self.fields.optional
        kept = {name: item for name, item in self.expected(sent).items() if within(name, unseen)}
        if skip:
            got = {name: item for name, item in got.items() if not within(name, skip)}
        for name in sent:
            self.past.setdefault(name, []).append(self.shown.get(name, ABSENT))
        self.shown = got | kept
        self.seen = True
        self.listed = ""
        self.attempts.clear()
        self.settled = True

    def doubt(self, blamed: Mapping[str, str], operation: str) -> None:
        """Forget properties that were shown incorrectly, so that no response is blamed twice.

        What the operation tells of them from now on is compared, and no more believed.
        """
        for name, rule in blamed.items():
            self.shown.pop(name, None)
            self.doubted.setdefault((name, operation), rule)
            self.listed = ""

    def stands_as_listed(self, item: Any) -> bool:
        """Whether a page shows it as the one before, whatever was sent to it in between."""
        return self.settled and repr(item) == self.listed

    def doubtful(self, operation: str) -> set[str]:
        """Return the properties that an operation has shown incorrectly."""
        return {name for name, where in self.doubted if where == operation}

    def read_by(self, operation: str) -> None:
        """The resource was shown by an operation that changes nothing."""
        self.unread = {item for item in self.unread if item[1] != operation}


class Memory:
    """What is known of a server.

    decided: the rules that level strict alone has. tokens: user by token. unlinked: users whose
    list is refused. key: what tokens are issued for.
    issued: tokens that were issued, each with its end. resources: by id. deleted: what was deleted.
    unsure: what may be no more. away: what a list may leave out. lists: what is known of a list.
    moving: what is updated while other requests run. initial: by kind, the state of the first new
    resource that was seen.
    refusals: how requests for unknown resources, or another user's, were refused: by operation,
    what else is wrong with the request, and kind. turns: headers of such refusals, by operation,
    what else is wrong, and id. written: by user, strings that no other user sends.
    """

    decided: frozenset[str] = frozenset()

    def __init__(
        self, level: Level, tokens: dict[str, str], unlinked: Iterable[str] = (), key: str = ""
    ) -> None:
        self.level: Level = level
        self.strict = level == "strict"
        self.tokens = tokens
        self.key = key
        self.issued: dict[str, Issue] = {}
        self.unlinked = frozenset(unlinked)
        self.resources: dict[Id, Known] = {}
        self.deleted: set[Id] = set()
        self.unsure: set[Id] = set()
        self.away: set[Id] = set()
        self.moving: set[Id] = set()
        self.lists: dict[Place, ListState] = defaultdict(ListState)
        self.initial: dict[str, Flat] = {}
        self.refusals: dict[tuple[str, bytes, str], Any] = {}
        self.turns: defaultdict[tuple[str, bytes], dict[object, tuple[str, set[tuple[str, ...]]]]]
        self.turns = defaultdict(dict)
        self.written: dict[str, set[str]] = defaultdict(set)

    def adopt(self, resource_id: str, user: str) -> None:
        """Record a session that was created elsewhere."""
        self.resources[MAIN.name, resource_id] = Known(user, -1)

    def list_state(self, reading: Reading, user: str) -> ListState:
        """Return what is known of the list that a request asks for."""
        path = reading.message.target.partition("?")[0]
        return self.lists[user, reading.operation, path]

    def lists_of(self, user: str, kind: str = "") -> list[ListState]:
        """Return what is known of the lists of a user; kind: of the resources on them."""
        return [
            state
            for (owner, operation, _), state in self.lists.items()
            if owner == user and kind in ("", kind_of(operation))
        ]

    def total(self, user: str) -> int:
        """Return how many main resources a user has, 0 where no list said it."""
        return self.lists[user, LIST, OPERATIONS[LIST].path].total or 0

    def others(self, of: Known) -> list[Known]:
        """Return the other resources of the same kind."""
        return [one for one in self.resources.values() if one is not of and one.fields is of.fields]

    def tell_others(self, of: Known, reading: Reading) -> None:
        """Record for the other resources of the same kind what was sent to one."""
        sent = of.fields.as_stored(reading.sent)
        for other in self.others(of):
            other.attempts.setdefault("other", []).append(sent)

    def asserted(self, violations: Iterable[Violation]) -> list[Violation]:
        """Return the violations that count at the level: all, or those of what the page says."""
        return [
            item
            for item in violations
            if self.strict
            or (item.rule not in self.decided and OPERATIONS[item.operation].documented)
        ]

    def owner(self, named: Id) -> str | None:
        """Return whose a resource is, None if it is not known to exist."""
        return self.resources[named].owner if named in self.resources else None

    def forget(self, named: Id) -> None:
        """Record that a resource was deleted."""
        known = self.resources.pop(named, None)
        for state in self.lists_of(known.owner, named[0]) if known is not None else ():
            state.unsettle()
            state.total = None if state.total is None else state.total - 1

    def doubt(self, reading: Reading) -> None:
        """Whether the request did what it asked for is not known."""
        user = self.tokens.get(reading.token or "", "")
        operation = reading.declared if reading.method_known else None
        creates = operation is not None and operation.action == "create"
        for state in self.lists_of(user):
            state.unsettle()
            state.total = None if creates else state.total
        if not creates and operation is not None and operation.writes:
            self.unsettle(reading, user)
            if operation.action == "delete" or operation.method == "DELETE":
                self.unsure |= {*reading.named[-1:]}

    def unsettle(self, reading: Reading, user: str) -> None:
        """Forget what a write may have changed: its resource or, without one, everything."""
        updates = reading.action == "update"
        for state in self.lists_of(user):
            state.unsettle()
            state.total = state.total if updates else None
        self.away |= set() if updates else {*reading.named}
        for named, known in self.resources.items():
            if named in reading.named or (not reading.named and known.owner == user):
                known.settled = False


def kind_of(operation: str) -> str:
    """Return the name of the resource that an operation is about, empty without."""
    resource = OPERATIONS[operation].resource
    return resource.name if resource else ""


def same(expected: Any, got: Any) -> bool:
    """Whether two JSON values are the same: numbers exactly, an array in its order."""
    if expected is None or isinstance(expected, str | bool) or isinstance(got, bool):
        return type(expected) is type(got) and bool(expected == got)
    if is_number(expected) and is_number(got):
        written_as_double = isinstance(expected, Decimal) or abs(expected) <= EXACT
        close = written_as_double and as_float(expected) == as_float(got)
        return bool(expected == got) or close
    if isinstance(expected, dict) and isinstance(got, dict):
        one, two = cast("Flat", expected), cast("Flat", got)
        return one.keys() == two.keys() and all(same(item, two[name]) for name, item in one.items())
    if isinstance(expected, list) and isinstance(got, list):
        first, second = cast("list[object]", expected), cast("list[object]", got)
        return len(first) == len(second) and all(map(same, first, second))
    return expected is got
