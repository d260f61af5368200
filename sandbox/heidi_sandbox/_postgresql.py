"""Sessions in PostgreSQL: any number of processes and hosts on one database."""

import asyncio
import contextlib
import logging
import secrets
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from typing import Any, Final, TypeAlias, TypeVar

import asyncpg

from heidi_sandbox._batches import Batches
from heidi_sandbox._errors import (
    CannotServeError,
    DuplicateIdError,
    StoreDamagedError,
    StoreFullError,
    StoreUnavailableError,
    UnknownOutcomeError,
)
from heidi_sandbox._migrations import ID, POSTGRESQL
from heidi_sandbox._store import Collection, Make, Page, Share, Size, page_of

T = TypeVar("T")
Connection: TypeAlias = Any  # asyncpg's own and the pool's proxy of it share no type

_CONNECTIONS: Final = 8  # a process; PostgreSQL accepts 100 by default
_PATIENCE: Final = 10  # seconds, for a connection, a statement, a lock
_PATIENCE_WITH_MANY: Final = 120
_PAUSE: Final = 0.1  # seconds, until a database that had no connection left is asked again
_ABOVE_ALL: Final = 2**63 - 1
_SCHEMA: Final = "heidi_sandbox"
_MIGRATION_LOCK: Final = int.from_bytes(b"HeidiSbx", "big")

# What a server or a role may have set otherwise.
_SESSION: Final = {
    "application_name": "heidi-sandbox",
    "default_transaction_isolation": "read committed",
    # A process that is frozen or cut off in a transaction does not keep a row from the others.
    "idle_in_transaction_session_timeout": f"{_PATIENCE}s",
    "lock_timeout": f"{_PATIENCE}s",
    "search_path": _SCHEMA,
    "synchronous_commit": "on",
}

_FAILED: Final = (
    OSError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.PostgresError,
)
_LOST: Final = (
    ConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.InterfaceError,
    # A connection that ended while it was idle: https://github.com/MagicStack/asyncpg/issues/1069
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
)

_DAMAGED: Final = (asyncpg.DataCorruptedError, asyncpg.IndexCorruptedError)

# Our own words: what PostgreSQL says may repeat a piece of a misspelt URL, and so of its password.
_REASONS: Final[tuple[tuple[type[BaseException], str], ...]] = (
    (asyncpg.InvalidAuthorizationSpecificationError, "it refuses the user or the password"),
    (asyncpg.InvalidCatalogNameError, "it has no such database; make one with createdb"),
    (asyncpg.InsufficientPrivilegeError, "the user may not make tables in this database"),
    (asyncpg.TooManyConnectionsError, "it has no connection left"),
    (asyncpg.CannotConnectNowError, "it is starting or stopping; try again"),
    (asyncpg.LockNotAvailableError, "another program keeps its tables locked"),
    (asyncpg.ReadOnlySQLTransactionError, "it takes no writes; name the primary server"),
    (asyncpg.UndefinedColumnError, f"its schema {_SCHEMA} belongs to another program"),
    (asyncpg.UndefinedTableError, f"its schema {_SCHEMA} lacks a table; drop it to start over"),
    (asyncpg.UndefinedObjectError, "it does not know a parameter of the URL"),
    (asyncpg.PostgresSyntaxError, "it does not know a parameter of the URL"),
    (asyncpg.QueryCanceledError, "it gives statements too little time; see statement_timeout"),
    (asyncpg.DiskFullError, "its disk is full"),
    (asyncpg.DataCorruptedError, "it is damaged; restore it from a copy"),
    (asyncpg.IndexCorruptedError, "it is damaged; restore it from a copy"),
    (asyncpg.ClientConfigurationError, "the URL cannot be read; see PostgreSQL's own manual"),
    (ValueError, "the URL cannot be read; see PostgreSQL's own manual"),
    (socket.gaierror, "there is no such host"),
    (TimeoutError, "it does not respond"),
    (FileNotFoundError, "nothing listens on its socket, or a file of the URL is missing; start it"),
    (ConnectionRefusedError, "nothing listens there; start it"),
    (OSError, "it cannot be reached"),
)

_KEEP_SETTING: Final = "INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING"
_SETTING: Final = "SELECT value FROM settings WHERE name = $1"
_COUNT: Final = """
    INSERT INTO users (name, total, owner) VALUES ($1, $2, $3)
    ON CONFLICT (name) DO UPDATE
    SET total = users.total + $2, owner = coalesce($3, users.owner)
    RETURNING id, total"""
_COLUMNS: Final = ("user_id", "number", ID, "document")
_CREATE: Final = f"""
    INSERT INTO sessions ({", ".join(_COLUMNS)})
    SELECT $1, * FROM unnest($2::bigint[], $3::bytea[], $4::bytea[])"""  # noqa: S608  # names of ours
_GET: Final = f"""
    SELECT s.document FROM sessions s JOIN users u ON u.id = s.user_id
    WHERE s.{ID} = $1 AND u.name = $2"""  # noqa: S608  # a name of ours
_LOCK: Final = f"{_GET} FOR UPDATE OF s"
_UPDATE: Final = f"UPDATE sessions SET document = $2 WHERE {ID} = $1"  # noqa: S608  # a name of ours
# One statement sees one moment: the total and the page agree.
_PAGE: Final = """
    SELECT u.total - u.deleted, s.number, s.document FROM users u LEFT JOIN LATERAL (
        SELECT number, document FROM sessions
        WHERE user_id = u.id AND number < $1 ORDER BY number DESC LIMIT $3) s ON true
    WHERE u.name = $2 ORDER BY s.number DESC"""
_DELETE: Final = f"""
    DELETE FROM sessions s USING users u
    WHERE u.id = s.user_id AND s.{ID} = $1 AND u.name = $2 RETURNING s.document"""  # noqa: S608  # a name of ours
_COUNT_DELETED: Final = "UPDATE users SET deleted = deleted + 1 WHERE name = $1"
_SIZE: Final = r"""
    SELECT count(DISTINCT split_part(encode(name, 'escape'), '/', 1)),
        coalesce(sum(total - deleted), 0)::bigint FROM users"""

_PROBE: Final = "INSERT INTO settings VALUES ('probe', $1) ON CONFLICT DO NOTHING"
_PROBED: Final = "DELETE FROM settings WHERE name = 'probe'"
_COLLECTIONS: Final = """
    SELECT name, owner, total - deleted FROM users WHERE total > deleted ORDER BY id"""

_log = logging.getLogger("heidi_sandbox")


class PostgresqlStore:
    """A store in the schema `heidi_sandbox` of a database, shared by all who open it.

    Its pool of connections belongs to the event loop that first reads or writes a session.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._pool: asyncpg.Pool[Any] | None = None
        self._making_pool = asyncio.Lock()
        self._available = True
        self._is_full = False
        self._creations = Batches(self._create)
        self._updates = Batches(self._update)

    @classmethod
    async def open(cls, url: str) -> "PostgresqlStore":
        """Return the store of a URL, its tables up to date.

        Raises:
            CannotServeError: the database cannot be reached, is not ours, or is newer.
        """
        try:
            async with _connected(url) as connection:
                await _migrate(connection)
        except (*_FAILED, ValueError) as error:
            raise CannotServeError(
                f"the PostgreSQL database cannot be used: {_reason(error)}"
            ) from None
        return cls(url)

    async def setting(self, name: str, default: bytes) -> bytes:
        try:
            async with _connected(self._url) as connection:
                await connection.execute(_KEEP_SETTING, name, default)
                value: bytes = await connection.fetchval(_SETTING, name)
                return value
        except _FAILED as error:
            raise StoreUnavailableError(_reason(error)) from None

    async def create(
        self,
        collection: str,
        id_: str,
        document: Callable[[int], bytes],
        owner: bytes | None = None,
    ) -> None:
        await self._creations.add(collection, Share.of_one(collection, id_, document, owner))

    async def get(self, collection: str, id_: str) -> bytes | None:
        rows = await self._read(_GET, id_.encode(), collection.encode())
        return rows[0][0] if rows else None

    async def update(
        self, collection: str, id_: str, change: Callable[[bytes], bytes]
    ) -> bytes | None:
        return await self._updates.add((collection, id_), change)

    async def delete(self, collection: str, id_: str) -> bytes | None:
        async def remove(connection: Connection) -> bytes | None:
            name = collection.encode()
            document: bytes | None = await connection.fetchval(_DELETE, id_.encode(), name)
            if document is not None:
                await connection.execute(_COUNT_DELETED, name)
            return document

        return await self._write(remove)

    async def page(self, collection: str, below: int | None, size: int) -> Page:
        bound = _ABOVE_ALL if below is None else below
        return page_of(await self._read(_PAGE, bound, collection.encode(), size + 1), size)

    async def extend(self, *shares: Share) -> None:
        async def copy(connection: Connection) -> None:
            for share in shares:
                user_id, numbered = await _count(connection, share)
                records = (
                    (user_id, number, id_.encode(), one)
                    for number, make in numbered
                    for id_, one in [make(number)]
                )
                await connection.copy_records_to_table(
                    "sessions", records=records, columns=_COLUMNS, timeout=_PATIENCE_WITH_MANY
                )

        await self._write(copy)

    async def collections(self) -> Sequence[Collection]:
        rows = await self._read(_COLLECTIONS)
        return [Collection(name.decode(), owner, total) for name, owner, total in rows]

    async def size(self) -> Size:
        (row,) = await self._read(_SIZE)
        return Size(*row)

    async def clear(self, *, settings: bool) -> None:
        tables = "sessions, users, settings" if settings else "sessions, users"
        await self._write(lambda connection: connection.execute(f"TRUNCATE {tables}"))

    async def ping(self) -> None:
        await self._read("SELECT count(*) FROM settings")
        if self._is_full:  # perhaps no more
            await self._write(_probe)

    async def close(self) -> None:
        await self._creations.finish()
        await self._updates.finish()
        if self._pool is not None:
            try:
                await asyncio.wait_for(self._pool.close(), _PATIENCE)
            except _FAILED:
                self._pool.terminate()

    async def _create(self, collection: str, wanted: Sequence[Share]) -> Sequence[None]:
        owner = next((one.owner for one in wanted if one.owner is not None), None)
        share = Share(collection, [make for one in wanted for make in one.documents], owner)

        async def add(connection: Connection) -> Sequence[None]:
            user_id, numbered = await _count(connection, share)
            made = [(number, *make(number)) for number, make in numbered]
            numbers, ids, documents = zip(*made, strict=True)
            encoded = [id_.encode() for id_ in ids]
            await connection.execute(_CREATE, user_id, numbers, encoded, documents)
            return [None] * len(wanted)

        return await self._write(add)

    async def _update(
        self, row: tuple[str, str], changes: Sequence[Callable[[bytes], bytes]]
    ) -> Sequence[bytes | None]:
        collection, id_ = (name.encode() for name in row)

        async def replace(connection: Connection) -> Sequence[bytes | None]:
            document: bytes | None = await connection.fetchval(_LOCK, id_, collection)
            if document is None:
                return [None] * len(changes)
            documents = [document := change(document) for change in changes]
            await connection.execute(_UPDATE, id_, document)
            return documents

        return await self._write(replace)

    async def _read(self, query: str, *values: object) -> list[Any]:
        async def fetch(connection: Connection) -> list[Any]:
            rows: list[Any] = await connection.fetch(query, *values)
            return rows

        return await self._again_if_lost(fetch)

    async def _write(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        try:
            result = await self._again_if_lost(lambda connection: _committed(connection, work))
        except StoreFullError:
            self._is_full = True
            raise
        self._is_full = False
        return result

    async def _again_if_lost(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        """Run something that has no effect if it fails; run it again if the connection is lost."""
        error: BaseException | None = None
        pool = self._pool or await self._make_pool()
        try:
            for _ in range(_CONNECTIONS):  # each may have been lost while it was idle
                connection = await _patiently(pool.acquire)
                try:
                    result = await work(connection)
                except _LOST as lost:
                    error = lost
                    _let_go(connection)
                except asyncio.CancelledError:  # in the middle of whatever it was
                    _let_go(connection)
                    raise
                else:
                    self._notice(None)
                    return result
                finally:
                    with contextlib.suppress(*_FAILED):  # one that is lost is replaced
                        await pool.release(connection, timeout=_PATIENCE)
        except asyncpg.UniqueViolationError:
            raise DuplicateIdError from None
        except _FAILED as failed:
            error = failed
        self._notice(error)
        raise _failure(error) from None

    def _notice(self, error: BaseException | None) -> None:
        """Log when the database goes away and when it is back, not each request in between."""
        if self._available and error is not None:
            _log.error("the database is not available: %s", type(error).__name__)
        elif error is None and not self._available:
            _log.warning("the database is available again")
        self._available = error is None

    async def _make_pool(self) -> "asyncpg.Pool[Any]":
        async with self._making_pool:
            if self._pool is None:
                self._pool = await asyncpg.create_pool(
                    self._url,
                    min_size=0,
                    max_size=_CONNECTIONS,
                    reset=_nothing,
                    timeout=_PATIENCE,
                    command_timeout=_PATIENCE,
                    server_settings=_SESSION,
                )
        return self._pool


async def _nothing(_: Connection) -> None:
    """Leave a session as it is between two uses: ours set nothing, and a reset is a round trip."""


async def _patiently(connect: Callable[[], Awaitable[Connection]]) -> Connection:
    """Get a connection; where the database has none left, wait until somebody gives one back."""
    error: BaseException = TimeoutError()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_PATIENCE):  # the pool's own costs a task
            while True:
                try:
                    return await connect()
                except asyncpg.TooManyConnectionsError as none_left:
                    error = none_left
                await asyncio.sleep(_PAUSE)
    raise error


async def _committed(connection: Connection, work: Callable[[Connection], Awaitable[T]]) -> T:
    """Do work in a transaction: an error other than UnknownOutcomeError has written nothing."""
    transaction = connection.transaction()
    await transaction.start()
    try:
        result = await work(connection)
    except Exception:
        with contextlib.suppress(*_FAILED):
            await transaction.rollback()
        raise
    try:
        await transaction.commit()
    except asyncpg.DiskFullError:  # then nothing is committed
        raise
    except _FAILED as error:
        _log.error("the database went away during a commit: %s", type(error).__name__)
        _let_go(connection)
        raise UnknownOutcomeError(_reason(error)) from None
    return result


async def _probe(connection: Connection) -> None:
    """Write what needs new space, and cannot be compressed."""
    await connection.execute(_PROBE, secrets.token_bytes(65536))
    await connection.execute(_PROBED)


def _failure(error: BaseException | None) -> StoreUnavailableError:
    if isinstance(error, asyncpg.DiskFullError):
        return StoreFullError(_reason(error))
    if isinstance(error, _DAMAGED):
        return StoreDamagedError(_reason(error))
    return StoreUnavailableError(_reason(error))


def _reason(error: BaseException | None) -> str:
    return next((why for kind, why in _REASONS if isinstance(error, kind)), type(error).__name__)


def _let_go(connection: Connection) -> None:
    """Give a connection up; its server rolls back what was begun on it."""
    with contextlib.suppress(asyncpg.InterfaceError):  # it has noticed itself
        connection.terminate()


async def _count(connection: Connection, share: Share) -> tuple[int, Iterable[tuple[int, Make]]]:
    """Count documents in advance; return the collection's id in the database, and number them."""
    count = len(share.documents)
    values = (share.collection.encode(), count, share.owner)
    user_id, total = await connection.fetchrow(_COUNT, *values)
    return user_id, enumerate(share.documents, total - count + 1)


@contextlib.asynccontextmanager
async def _connected(url: str) -> AsyncGenerator[Connection, None]:
    """Lend a separate connection, for use before the serving loop exists."""
    connection = await _patiently(
        lambda: asyncpg.connect(url, timeout=_PATIENCE, server_settings=_SESSION)
    )
    try:
        yield connection
    finally:
        with contextlib.suppress(*_FAILED):
            await connection.close(timeout=_PATIENCE)


async def _migrate(connection: Connection) -> None:
    """Bring a new or an older database up to date, and leave any other alone."""
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", _MIGRATION_LOCK)
        version = await _version(connection)
        if version > len(POSTGRESQL):
            raise CannotServeError(
                "the PostgreSQL database was made by a newer heidi-sandbox; update this one"
            )
        if version == 0:
            if not await connection.fetchval("SELECT to_regnamespace($1)", _SCHEMA):
                await connection.execute(f"CREATE SCHEMA {_SCHEMA}")
            await connection.execute("CREATE TABLE migrations (version integer PRIMARY KEY)")
        for number, migration in enumerate(POSTGRESQL[version:], start=version + 1):
            for statement in migration:
                await connection.execute(statement)
            await connection.execute("INSERT INTO migrations VALUES ($1)", number)


async def _version(connection: Connection) -> int:
    if await connection.fetchval("SELECT to_regclass($1)", f"{_SCHEMA}.migrations"):
        version: object = await connection.fetchval("SELECT max(version) FROM migrations")
        if isinstance(version, int):
            return version
    tables = "SELECT count(*) FROM pg_class WHERE relnamespace = to_regnamespace($1)"
    if await connection.fetchval(tables, _SCHEMA):
        raise CannotServeError(
            f"the PostgreSQL database has a schema {_SCHEMA} of another program; "
            "name another database"
        )
    return 0
