"""The protocol of the server for databases, and how one is opened."""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol, TypeAlias, TypeVar

from heidi_sandbox._errors import CannotServeError

T = TypeVar("T")

SQLITE = "sqlite:///"
MEMORY = f"{SQLITE}:memory:"
POSTGRESQL = ("postgresql://", "postgres://")


class Page(NamedTuple):
    """Some documents of a collection, newest first.

    documents: as they were stored.
    total: how many the collection has, at the same moment.
    next: the number below which the next page begins, None on the last page.
    """

    documents: Sequence[bytes]
    total: int
    next: int | None


def page_of(rows: Sequence[tuple[int, int | None, bytes]], size: int) -> Page:
    """Return a page from rows of total, number and document, one more than it shows if there is.

    A collection without documents has one row, of its total alone.
    """
    found = [(number, document) for _, number, document in rows if number is not None]
    shown = found[:size]
    return Page(
        documents=[document for _, document in shown],
        total=rows[0][0] if rows else 0,
        next=shown[-1][0] if len(found) > size else None,
    )


class Collection(NamedTuple):
    """A collection, as `Store.collections` lists it.

    owner: what says whose it is, as it was given at the last creation that gave it; None if none
        has.
    """

    name: str
    owner: bytes | None
    total: int


Make: TypeAlias = Callable[[int], tuple[str, bytes]]


class Share(NamedTuple):
    """Documents to add to a collection.

    documents: one callable for each; it returns an id and a document for a number.
    owner: identifies the owner of the collection.
    """

    collection: str
    documents: Sequence[Make]
    owner: bytes | None = None

    @classmethod
    def of_one(
        cls, collection: str, id_: str, document: Callable[[int], bytes], owner: bytes | None
    ) -> "Share":
        """Return a share of one document."""

        def make(number: int) -> tuple[str, bytes]:
            return id_, document(number)

        return cls(collection, [make], owner)


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

    Every method raises StoreUnavailableError where the database is away, StoreDamagedError where it
    is damaged, and a method that writes StoreFullError where it has no space left, and
    UnknownOutcomeError where it is not known whether the write was kept.
    """

    async def setting(self, name: str, default: bytes) -> bytes:
        """Return what is kept under a name; keep the default where there is nothing yet."""
        ...

    async def create(
        self,
        collection: str,
        id_: str,
        document: Callable[[int], bytes],
        owner: bytes | None = None,
    ) -> None:
        """Add a document, made from its number.

        Args:
            collection: its name.
            id_: the document's id.
            document: makes it.
            owner: what says whose the collection is, for `collections`.

        Raises:
            DuplicateIdError: the id is taken, in this collection or another one.
        """
        ...

    async def get(self, collection: str, id_: str) -> bytes | None:
        """Return a document of the collection, None if there is none."""
        ...

    async def update(
        self, collection: str, id_: str, change: Callable[[bytes], bytes]
    ) -> bytes | None:
        """Replace a document by what the change makes of it, atomically; return the new one."""
        ...

    async def delete(self, collection: str, id_: str) -> bytes | None:
        """Delete a document, and return what it was; None if there is none."""
        ...

    async def page(self, collection: str, below: int | None, size: int) -> Page:
        """Return the newest documents whose number is below the one given, at most `size`."""
        ...

    async def extend(self, *shares: Share) -> None:
        """Add many documents at once, of any number of collections: all or none.

        Raises:
            DuplicateIdError: an id is taken.
        """
        ...

    async def collections(self) -> Sequence[Collection]:
        """Return every collection that has documents, in the order of their first one."""
        ...

    async def size(self) -> Size:
        """Return how many users and resources there are."""
        ...

    async def clear(self, *, settings: bool) -> None:
        """Delete every document and every collection, and the settings only if asked to."""
        ...

    async def ping(self) -> None:
        """Return when the database responds, takes writes, and shows no damage."""
        ...

    async def close(self) -> None:
        """Finish what was begun, and let go of the database."""
        ...


async def open_store(database_url: str) -> Store:
    """Return the store that a URL names; close it when done.

    Args:
        database_url: `sqlite:///FILE`, with a fourth slash for an absolute path, `sqlite:///:memory:`,
            or `postgresql://USER@HOST/DATABASE` as PostgreSQL's own programs read it. What the URL
            leaves out comes from the environment (PGHOST, PGPASSWORD, ...) and `~/.pgpass`.

    Raises:
        CannotServeError: the URL names no database we know, or the database cannot be used.
    """
    # Each of them imports this module, and that of PostgreSQL takes 60 ms.
    if database_url.startswith(POSTGRESQL):
        from heidi_sandbox._postgresql import PostgresqlStore  # noqa: PLC0415

        return await PostgresqlStore.open(database_url)
    from heidi_sandbox._sqlite import SqliteStore  # noqa: PLC0415

    if database_url == MEMORY:
        return SqliteStore(None)
    name = database_url.removeprefix(SQLITE)
    if name in ("", database_url):
        # The URL itself is not repeated: it may hold a password.
        raise CannotServeError(
            f"the database URL must read {SQLITE}FILE, {MEMORY} "
            f"or {POSTGRESQL[0]}USER@HOST/DATABASE"
        )
    return SqliteStore(Path(name))


async def use_store(database_url: str, use: Callable[[Store], Awaitable[T]]) -> T:
    """Open the store that a URL names, use it, and close it.

    Raises:
        CannotServeError: as `open_store` does.
    """
    store = await open_store(database_url)
    try:
        return await use(store)
    finally:
        await store.close()
