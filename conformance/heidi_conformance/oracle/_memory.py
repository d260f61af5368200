"""What an oracle knows after all that it has seen."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from heidi_conformance._verdict import Level
from heidi_conformance.contract._operations import CREATE, MAIN, UPDATE

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


Id = tuple[str, str]


class Memory:
    """What is known of a server.

    tokens: user by token. unlinked: users whose list is refused. key: what tokens are issued for.
    issued: tokens that were issued, each with its end. sessions: by id. others: users by their
    resources of other kinds. deleted: what is no more. unsure: what may be no more. away: sessions
    that a list may leave out. shelves: what is known of
    the list of a user. strangers: what was said of ids that are no session of the caller, by
    operation, what is wrong with the request, and kind. written: by user, texts that nobody else
    writes.
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
        self.sessions: dict[str, Known] = {}
        self.others: dict[Id, str] = {}
        self.deleted: set[Id] = set()
        self.unsure: set[Id] = set()
        self.away: set[str] = set()
        self.shelves: dict[str, Shelf] = defaultdict(Shelf)
        self.strangers: dict[tuple[str, bytes, str], Any] = {}
        self.written: dict[str, set[str]] = defaultdict(set)

    def adopt(self, resource_id: str, user: str) -> None:
        """Take note of a session that was created elsewhere."""
        self.sessions[resource_id] = Known(user, -1)

    def if_strict(self, complaints: Iterator[Complaint]) -> Iterator[Complaint]:
        """Yield complaints that only level strict has."""
        if self.strict:
            yield from complaints

    def owner(self, named: Id) -> str | None:
        """Return whose a resource is, None where it is not known to exist."""
        kind, name = named
        if kind != MAIN.name:
            return self.others.get(named)
        return self.sessions[name].owner if name in self.sessions else None

    def forget(self, named: Id) -> None:
        """Take note that a resource is no more."""
        kind, name = named
        self.others.pop(named, None)
        known = self.sessions.pop(name, None) if kind == MAIN.name else None
        if known is not None:
            shelf = self.shelves[known.owner]
            shelf.walk = None
            shelf.order.clear()
            shelf.total = None if shelf.total is None else shelf.total - 1

    def doubt(self, reading: Reading) -> None:
        """Whether the request did what it asked for is not known."""
        user = self.tokens.get(reading.token or "", "")
        shelf = self.shelves[user]
        shelf.walk = None
        shelf.order.clear()
        operation = reading.declared if reading.method_known else None
        if reading.operation == CREATE:
            shelf.total = None
        elif operation is not None and operation.writes:
            self.unsettle(reading, user)
            if operation.action == "delete" or operation.method == "DELETE":
                self.unsure |= {*reading.named[-1:]}

    def unsettle(self, reading: Reading, user: str) -> None:
        """Know nothing of what a write may have changed: its session or, without one, all."""
        shelf = self.shelves[user]
        shelf.walk = None
        shelf.order.clear()
        if reading.operation != UPDATE:
            shelf.total = None
            self.away |= {reading.resource_id} - {""}
        for name, known in self.sessions.items():
            if name == reading.resource_id or (not reading.named and known.owner == user):
                known.settled = False
