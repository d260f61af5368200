"""Where sessions are kept: the one thing the server asks of a database."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol


class Page(NamedTuple):
    """Some sessions of a user, newest first.

    documents: the sessions, as they were stored.
    total: how many the user has altogether, at the same moment.
    next: the number below which the next page begins, None on the last page.
    """

    documents: Sequence[bytes]
    total: int
    next: int | None


class Size(NamedTuple):
    """How many users and sessions there are."""

    users: int
    sessions: int


class Store(Protocol):
    """Sessions by user, in the order of their creation.

    When a method that writes returns, what it wrote is on the disk. A document is opaque bytes. The
    sessions of a user are numbered from 1 without a gap. Whatever makes a document may be called
    again for the same write, so it has no effects.

    Every method raises StoreUnavailableError where the database is away or full, and a method that
    writes UnknownOutcomeError where nobody can tell whether the write was kept.
    """

    async def setting(self, name: str, default: bytes) -> bytes:
        """Return what is kept under a name; keep the default where there is nothing yet."""
        ...

    async def create(self, user: str, session_id: str, document: Callable[[int], bytes]) -> None:
        """Add a session, whose document is made from its number.

        Raises:
            DuplicateSessionError: the id is taken.
        """
        ...

    async def get(self, user: str, session_id: str) -> bytes | None:
        """Return a session of the user, None where there is none."""
        ...

    async def update(
        self, user: str, session_id: str, change: Callable[[bytes], bytes]
    ) -> bytes | None:
        """Replace a session by what the change makes of it, atomically; return the new one."""
        ...

    async def page(self, user: str, below: int | None, size: int) -> Page:
        """Return the newest sessions whose number is below the one given, at most `size`."""
        ...

    async def extend(
        self, user: str, count: int, session: Callable[[int], tuple[str, bytes]]
    ) -> None:
        """Add many sessions at once: all or none. Each is an id and a document, made from a number.

        Raises:
            DuplicateSessionError: an id is taken.
        """
        ...

    async def size(self) -> Size:
        """Return how many users and sessions there are."""
        ...

    async def clear(self, *, settings: bool) -> None:
        """Delete every session and every user, and the settings only if asked to."""
        ...

    async def ping(self) -> None:
        """Return when the database answers."""
        ...

    async def close(self) -> None:
        """Finish what was begun, and let go of the database."""
        ...
