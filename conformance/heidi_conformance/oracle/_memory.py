"""What an oracle knows after all that it has seen."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from heidi_conformance._verdict import Level
from heidi_conformance.contract._operations import LIST, MAIN, OPERATIONS

from ._complaint import Complaint
from ._pages import Shelf
from ._reading import Reading
from ._sessions import Known


@dataclass
class Issue:
    """A token that was issued.

    end: the instant (`time.time`) at which it ends, as the server told. used: whether it was
    accepted since.
    """

    end: float
    used: bool = False


# Of a resource: the name of its schema, and its id. Of a list: user, operation and path.
Id = tuple[str, str]
Place = tuple[str, str, str]


class Memory:
    """What is known of a server.

    tokens: user by token. unlinked: users whose list is refused. key: what tokens are issued for.
    issued: tokens that were issued, each with its end. resources: by id. deleted: what is no more.
    unsure: what may be no more. away: what a list may leave out. shelves: what is known of a list.
    strangers: what was said of ids that are no resource of the caller, by operation, what is wrong
    with the request, and kind. written: by user, texts that nobody else writes.
    """

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
        self.shelves: dict[Place, Shelf] = defaultdict(Shelf)
        self.strangers: dict[tuple[str, bytes, str], Any] = {}
        self.written: dict[str, set[str]] = defaultdict(set)

    def adopt(self, resource_id: str, user: str) -> None:
        """Take note of a session that was created elsewhere."""
        self.resources[MAIN.name, resource_id] = Known(user, -1)

    def shelf(self, reading: Reading, user: str) -> Shelf:
        """Return what is known of the list that a request asks for."""
        path = reading.message.target.partition("?")[0]
        return self.shelves[user, reading.operation, path]

    def shelves_of(self, user: str, kind: str = "") -> list[Shelf]:
        """Return what is known of the lists of a user; kind: of the resources on them."""
        return [
            shelf
            for (owner, operation, _), shelf in self.shelves.items()
            if owner == user and kind in ("", kind_of(operation))
        ]

    def total(self, user: str) -> int:
        """Return how many main resources a user has, 0 where no list said it."""
        return self.shelves[user, LIST, OPERATIONS[LIST].path].total or 0

    def others(self, of: Known) -> list[Known]:
        """Return the other resources of the same kind."""
        return [one for one in self.resources.values() if one is not of and one.fields is of.fields]

    def if_strict(self, complaints: Iterator[Complaint]) -> Iterator[Complaint]:
        """Yield complaints that only level strict has."""
        if self.strict:
            yield from complaints

    def owner(self, named: Id) -> str | None:
        """Return whose a resource is, None where it is not known to exist."""
        return self.resources[named].owner if named in self.resources else None

    def forget(self, named: Id) -> None:
        """Take note that a resource is no more."""
        known = self.resources.pop(named, None)
        for shelf in self.shelves_of(known.owner, named[0]) if known is not None else ():
            shelf.unsettle()
            shelf.total = None if shelf.total is None else shelf.total - 1

    def doubt(self, reading: Reading) -> None:
        """Whether the request did what it asked for is not known."""
        user = self.tokens.get(reading.token or "", "")
        operation = reading.declared if reading.method_known else None
        creates = operation is not None and operation.action == "create"
        for shelf in self.shelves_of(user):
            shelf.unsettle()
            shelf.total = None if creates else shelf.total
        if not creates and operation is not None and operation.writes:
            self.unsettle(reading, user)
            if operation.action == "delete" or operation.method == "DELETE":
                self.unsure |= {*reading.named[-1:]}

    def unsettle(self, reading: Reading, user: str) -> None:
        """Know nothing of what a write may have changed: its resource or, without one, all."""
        updates = reading.action == "update"
        for shelf in self.shelves_of(user):
            shelf.unsettle()
            shelf.total = shelf.total if updates else None
        self.away |= set() if updates else {*reading.named}
        for named, known in self.resources.items():
            if named in reading.named or (not reading.named and known.owner == user):
                known.settled = False


def kind_of(operation: str) -> str:
    """Return the name of the resource that an operation is about, empty without."""
    resource = OPERATIONS[operation].resource
    return resource.name if resource else ""
