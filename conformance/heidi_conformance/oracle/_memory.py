"""What an oracle knows after all that it has seen."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from heidi_conformance._verdict import Level

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


class Memory:
    """What is known of a server.

    tokens: user by token. unlinked: users whose list is refused. key: what tokens are issued for.
    issued: tokens that were issued, each with its end. sessions: by id. shelves: what is known of
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
        self.shelves: dict[str, Shelf] = defaultdict(Shelf)
        self.strangers: dict[tuple[str, bytes, str], Any] = {}
        self.written: dict[str, set[str]] = defaultdict(set)

    def adopt(self, session_id: str, user: str) -> None:
        """Take note of a session that was created elsewhere."""
        self.sessions[session_id] = Known(user, -1)

    def if_strict(self, complaints: Iterator[Complaint]) -> Iterator[Complaint]:
        """Yield complaints that only level strict has."""
        if self.strict:
            yield from complaints

    def doubt(self, reading: Reading) -> None:
        """Whether the request did what it asked for is not known."""
        user = self.tokens.get(reading.token or "", "")
        self.shelves[user].walk = None
        self.shelves[user].order.clear()
        if reading.operation == "createSession":
            self.shelves[user].total = None
        elif reading.operation == "updateSession" and reading.session_id in self.sessions:
            self.sessions[reading.session_id].settled = False
