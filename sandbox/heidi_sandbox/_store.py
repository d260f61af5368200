"""Where resources are kept: the one thing the server asks of a database."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol


class Page(NamedTuple):
    """Some documents of a collection, newest first.

    documents: as they were stored.
    total: how many the collection has, at the same moment.
    next: the number below which the next page begins, None on the last page.
    """

    documents: Sequence[bytes]
    total: int
    next: int | None


class Size(NamedTuple):
    """How many users and resources there are."""

    users: int
    resources: int


class Store(Protocol):
    """Documents by collection and id, in the order of their creation.

    A collection is named by a user, or by a user, a slash, and what else distinguishes it. When a
    method that writes returns, what it wrote is on the disk. A document is opaque bytes. The
    documents of a collection are numbered from 1 without a gap, in the order of their creation.
    Whatever makes a document may be called again for the same write, so it has no effects.

    Every method raises StoreUnavailableError where the database is away or full, and a method that
    writes UnknownOutcomeError where nobody can tell whether the write was kept.
    """

    async def setting(self, name: str, default: bytes) -> bytes:
        """Return what is kept under a name; keep the default where there is nothing yet."""
        ...

    async def create(self, collection: str, id_: str, document: Callable[[int], bytes]) -> None:
        """Add a document, made from its number.

        Raises:
            DuplicateIdError: the id is taken, in this collection or another one.
        """
        ...

    async def get(self, collection: str, id_: str) -> bytes | None:
        """Return a document of the collection, None where there is none."""
        ...

    async def update(
        self, collection: str, id_: str, change: Callable[[bytes], bytes]
    ) -> bytes | None:
        """Replace a document by what the change makes of it, atomically; return the new one."""
        ...

    async def delete(self, collection: str, id_: str) -> bytes | None:
        """Delete a document, and return what it was; None where there is none."""
        ...

    async def page(self, collection: str, below: int | None, size: int) -> Page:
        """Return the newest documents whose number is below the one given, at most `size`."""
        ...

    async def extend(
        self, collection: str, count: int, document: Callable[[int], tuple[str, bytes]]
    ) -> None:
        """Add many documents at once: all or none. From a number comes an id and a document.

        Raises:
            DuplicateIdError: an id is taken.
        """
        ...

    async def size(self) -> Size:
        """Return how many users and resources there are."""
        ...

    async def clear(self, *, settings: bool) -> None:
        """Delete every document and every collection, and the settings only if asked to."""
        ...

    async def ping(self) -> None:
        """Return when the database answers."""
        ...

    async def close(self) -> None:
        """Finish what was begun, and let go of the database."""
        ...
