"""Sessions in SQLite: one process per file, one thread that writes, many writes in one commit."""

import asyncio
import contextlib
import errno
import logging
import queue
import sqlite3
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar, cast

from heidi_sandbox._errors import (
    CannotServeError,
    DuplicateSessionError,
    StoreUnavailableError,
    UnknownOutcomeError,
)
from heidi_sandbox._migrations import SQLITE
from heidi_sandbox._recent import Recent
from heidi_sandbox._store import Page, Size

T = TypeVar("T")

_LARGEST_BATCH: Final = 64
_ABOVE_ALL: Final = 2**63 - 1
_APPLICATION: Final = b"Heid"
_APPLICATION_ID: Final = int.from_bytes(_APPLICATION, "big")
_APPLICATION_ID_AT: Final = slice(68, 72)  # in the header of every SQLite file
_MAGIC: Final = b"SQLite format 3\0"

_KEEP_SETTING: Final = "INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT DO NOTHING"
_SETTING: Final = "SELECT value FROM settings WHERE name = ?"
_COUNT: Final = """
    INSERT INTO users (name, total) VALUES (?1, ?2)
    ON CONFLICT (name) DO UPDATE SET total = total + ?2 RETURNING id, total"""
_CREATE: Final = """
    INSERT INTO sessions (user_id, number, session_id, document) VALUES (?, ?, ?, ?)"""
_GET: Final = """
    SELECT s.id, s.document FROM sessions s JOIN users u ON u.id = s.user_id
    WHERE s.session_id = ? AND u.name = ?"""
_UPDATE: Final = "UPDATE sessions SET document = ? WHERE id = ?"
# One statement sees one moment: the total and the page agree.
_PAGE: Final = """
    SELECT u.total, s.number, s.document
    FROM users u LEFT JOIN sessions s ON s.user_id = u.id AND s.number < ?
    WHERE u.name = ? ORDER BY s.number DESC LIMIT ?"""
_ANY: Final = "SELECT count(*) FROM settings"
_SIZE: Final = "SELECT count(*), coalesce(sum(total), 0) FROM users"
_SESSION_TABLES: Final = ("sessions", "users")
_CACHE_OF_MANY: Final = "PRAGMA cache_size = -262144"  # KiB: ids are random, so all of their index

_log = logging.getLogger("heidi_sandbox")


class SqliteStore:
    """A store in one file, or in memory where no file is named.

    Args:
        file: where to keep the sessions; made with mode 0600 where there is none.

    Raises:
        CannotServeError: the file is in use, not ours, newer than this program, or unusable.
    """

    def __init__(self, file: Path | None) -> None:
        self._closing = contextlib.ExitStack()
        self._closed = False
        self._recent = Recent()
        self._file = None if file is None else _resolved(file)
        self._places: dict[Path, tuple[int, int]] = {}
        try:
            self._open(self._file)
        except BaseException:
            self._closing.close()
            raise
        self._queue: queue.SimpleQueue[_Write | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._write_forever, name="heidi-sandbox-writer")
        self._thread.start()

    def _open(self, file: Path | None) -> None:
        if file is None:
            self._writer = self._reader = _migrated(self._connect(":memory:"), ":memory:")
            self._exclusive: contextlib.AbstractContextManager[Any] = threading.Lock()
            return
        try:
            if not file.parent.is_dir():
                raise CannotServeError(f"{file}: there is no such folder to keep a database in")
            _refuse_foreign(file)
            self._lock(file)
            _make_private(file)
            self._writer = self._connect(file)
            _migrated(self._writer, str(file))
            (mode,) = self._writer.execute("PRAGMA journal_mode = WAL").fetchone()
            if mode != "wal":
                raise CannotServeError(
                    f"{file}: this file system cannot keep a write-ahead log; "
                    "name a file on a local disk"
                )
            self._writer.execute("PRAGMA synchronous = FULL")
            self._reader = self._connect(file)
            self._reader.execute("PRAGMA query_only = ON")
            self._reader.execute(_ANY).fetchone()  # from now on its log is there
            log = file.with_name(f"{file.name}-wal")
            self._places = {one: _identity(one) for one in (file, log)}
        except (OSError, sqlite3.Error) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise CannotServeError(f"{file}: cannot be used as a database: {reason}") from None
        self._exclusive = contextlib.nullcontext()

    def _lock(self, file: Path) -> None:
        """Let one process own the file; the lock ends with the process, however that ends."""
        beside = file.with_name(f"{file.name}-lock")
        _make_private(beside)
        lock = self._connect(beside)
        try:
            lock.execute("PRAGMA journal_mode = MEMORY")  # no second file beside the lock
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
            raise CannotServeError(
                f"{file}: another heidi-sandbox uses this database; stop it, or name another file"
            ) from None

    def _connect(self, file: Path | str) -> sqlite3.Connection:
        connection = sqlite3.connect(file, timeout=0, isolation_level=None, check_same_thread=False)
        return self._closing.enter_context(contextlib.closing(connection))

    async def setting(self, name: str, default: bytes) -> bytes:
        def keep(db: sqlite3.Connection) -> bytes:
            db.execute(_KEEP_SETTING, (name, default))
            return cast("bytes", db.execute(_SETTING, (name,)).fetchone()[0])

        return await self._write(keep)

    async def create(self, user: str, session_id: str, document: Callable[[int], bytes]) -> None:
        await self._write(
            lambda db: _add(db, user, 1, lambda number: (session_id, document(number)))
        )

    async def get(self, user: str, session_id: str) -> bytes | None:
        def read() -> bytes | None:
            rows = self._read(_GET, (session_id, user))
            return rows[0][1] if rows else None

        return self._recent.get(user, session_id, read)

    async def update(
        self, user: str, session_id: str, change: Callable[[bytes], bytes]
    ) -> bytes | None:
        def replace(db: sqlite3.Connection) -> bytes | None:
            row = db.execute(_GET, (session_id, user)).fetchone()
            if row is None:
                return None
            document = change(row[1])
            self._recent.forget(user, session_id)
            db.execute(_UPDATE, (document, row[0]))
            return document

        return await self._write(replace)

    async def page(self, user: str, below: int | None, size: int) -> Page:
        bound = _ABOVE_ALL if below is None else below
        rows = self._read(_PAGE, (bound, user, size + 1))
        shown = [row for row in rows[:size] if row[1] is not None]
        return Page(
            documents=[document for _, _, document in shown],
            total=rows[0][0] if rows else 0,
            next=shown[-1][1] if len(rows) > size else None,
        )

    async def extend(
        self, user: str, count: int, session: Callable[[int], tuple[str, bytes]]
    ) -> None:
        def add(db: sqlite3.Connection) -> None:
            db.execute(_CACHE_OF_MANY)
            _add(db, user, count, session)

        await self._write(add)

    async def size(self) -> Size:
        return Size(*self._read(_SIZE, ())[0])

    async def clear(self, *, settings: bool) -> None:
        def delete(db: sqlite3.Connection) -> None:
            self._recent.forget_all()
            for table in (*_SESSION_TABLES, *(["settings"] if settings else [])):
                db.execute(f"DELETE FROM {table}")  # noqa: S608  # names of ours

        await self._write(delete)
        if self._file is not None:
            await asyncio.to_thread(self._compact, self._file)

    async def ping(self) -> None:
        try:
            self._refuse_moved()
        except OSError as error:
            raise _unavailable(error) from None
        self._read(_ANY, ())

    async def close(self) -> None:
        self._closed = True
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)
        self._closing.close()

    def _read(self, query: str, values: tuple[object, ...]) -> list[Any]:
        try:
            with self._exclusive:
                return self._reader.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise _unavailable(error) from None

    def _compact(self, file: Path) -> None:
        """Return the space of what was deleted, which would stay readable in the file."""
        try:
            with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as db:
                db.execute("VACUUM")
                db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.Error as error:
            raise _unavailable(error) from None

    async def _write(self, operation: Callable[[sqlite3.Connection], T]) -> T:
        if self._closed:
            raise StoreUnavailableError
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._queue.put(_Write(operation, future))
        return await future

    def _write_forever(self) -> None:
        open_for_more = True
        while open_for_more:
            batch, open_for_more = self._next_batch()
            _settle(zip(batch, self._commit(batch), strict=True))

    def _next_batch(self) -> tuple[list["_Write"], bool]:
        """Wait for a write, take along what queued up behind it; tell whether more may come."""
        batch: list[_Write] = []
        write = self._queue.get()
        with contextlib.suppress(queue.Empty):
            while write is not None:
                batch.append(write)
                if len(batch) == _LARGEST_BATCH:
                    break
                write = self._queue.get_nowait()
        return batch, write is not None

    def _commit(self, batch: list["_Write"]) -> list["_Outcome"]:
        """Do a batch, or tell every one of it why not: nothing may end the thread."""
        with self._exclusive, self._recent.changing():
            failure = StoreUnavailableError
            try:
                self._undo()  # what a rollback that failed has left
                self._refuse_moved()
                self._writer.execute("BEGIN IMMEDIATE")
                outcomes = [self._attempt(write.operation) for write in batch]
                failure = UnknownOutcomeError
                self._writer.execute("COMMIT")
            except BaseException as error:  # noqa: BLE001  # whoever waits would wait for ever
                _report(error)
                with contextlib.suppress(sqlite3.Error):
                    self._undo()
                return [_Outcome(error=failure(_reason(error))) for _ in batch]
        return outcomes

    def _refuse_moved(self) -> None:
        """Raise where the files are no longer what their names lead to: writes would be lost."""
        for file, identity in self._places.items():
            if _identity(file) != identity:
                raise FileNotFoundError(errno.ENOENT, "another file has taken its place")

    def _undo(self) -> None:
        if self._writer.in_transaction:
            self._writer.execute("ROLLBACK")

    def _attempt(self, operation: Callable[[sqlite3.Connection], Any]) -> "_Outcome":
        """Run one write of a batch; one that fails takes no other along."""
        self._writer.execute("SAVEPOINT one")
        try:
            outcome = _Outcome(operation(self._writer))
        except Exception as error:  # it belongs to whoever waits for this write
            if not self._writer.in_transaction:  # SQLite itself has undone the whole batch
                raise
            self._writer.execute("ROLLBACK TO one")
            outcome = _Outcome(
                error=_unavailable(error) if isinstance(error, sqlite3.Error) else error
            )
        self._writer.execute("RELEASE one")
        return outcome


class _Write(NamedTuple):
    operation: Callable[[sqlite3.Connection], Any]
    future: asyncio.Future[Any]


class _Outcome(NamedTuple):
    value: Any = None
    error: Exception | None = None


def _add(
    db: sqlite3.Connection, user: str, count: int, session: Callable[[int], tuple[str, bytes]]
) -> None:
    user_id, total = db.execute(_COUNT, (user, count)).fetchone()
    numbers = range(total - count + 1, total + 1)
    try:
        db.executemany(_CREATE, ((user_id, number, *session(number)) for number in numbers))
    except sqlite3.IntegrityError:
        raise DuplicateSessionError from None


def _unavailable(error: OSError | sqlite3.Error) -> StoreUnavailableError:
    _report(error)
    return StoreUnavailableError(_reason(error))


def _reason(error: BaseException) -> str:
    """Return what is wrong in the words of the system or of SQLite, which quote no value."""
    if isinstance(error, OSError):
        return f"its file is gone: {error.strerror}"
    return str(error) if isinstance(error, sqlite3.Error) else type(error).__name__


def _report(error: BaseException) -> None:
    name = getattr(error, "sqlite_errorname", type(error).__name__)
    _log.error("the database failed: %s", name)


def _settle(settled: Iterable[tuple[_Write, _Outcome]]) -> None:
    """Hand each outcome to whoever waits for it, waking each event loop once."""
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[Any], _Outcome]]] = {}
    for write, outcome in settled:
        by_loop.setdefault(write.future.get_loop(), []).append((write.future, outcome))
    for loop, outcomes in by_loop.items():
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(_resolve, outcomes)


def _resolve(outcomes: list[tuple[asyncio.Future[Any], _Outcome]]) -> None:
    for future, outcome in outcomes:
        if future.done():  # whoever waited has given up
            continue
        if outcome.error is None:
            future.set_result(outcome.value)
        else:
            future.set_exception(outcome.error)


def _resolved(file: Path) -> Path:
    """Follow links, so that a file has one lock whatever it is called."""
    try:
        return file.resolve()
    except (OSError, RuntimeError, ValueError):
        raise CannotServeError(
            f"{str(file)!r}: cannot be used as a database: its links lead in a circle, "
            "the current folder is gone, or its name holds NUL"
        ) from None


def _identity(file: Path) -> tuple[int, int]:
    status = file.stat()
    return status.st_dev, status.st_ino


def _refuse_foreign(file: Path) -> None:
    """Look at a file before anything is written to it or beside it."""
    if not file.exists():
        return
    if not file.is_file():  # reading a pipe waits for ever, and a device is everybody's
        raise CannotServeError(f"{file}: cannot be used as a database: it is no ordinary file")
    if file.stat().st_nlink > 1:  # each name would have a lock and a log of its own
        raise CannotServeError(
            f"{file}: cannot be used as a database: it has a second name; name a copy of it"
        )
    with file.open("rb") as opened:
        start = opened.read(_APPLICATION_ID_AT.stop)
    mine = start.startswith(_MAGIC) and start[_APPLICATION_ID_AT] == _APPLICATION
    if start.strip(b"\0") and not mine:  # all zero: a first start that was cut short
        raise CannotServeError(f"{file}: belongs to another program; name another file")


def _make_private(file: Path) -> None:
    """Make a file that its owner alone can read; one that is there keeps its content and time."""
    with contextlib.suppress(FileExistsError):
        file.touch(mode=0o600, exist_ok=False)
    if file.stat().st_mode & 0o077:
        file.chmod(0o600)


def _migrated(db: sqlite3.Connection, name: str) -> sqlite3.Connection:
    """Bring a new or an older database up to date, and leave any other alone."""
    (application,) = db.execute("PRAGMA application_id").fetchone()
    (version,) = db.execute("PRAGMA user_version").fetchone()
    (tables,) = db.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if application != _APPLICATION_ID and (application or version or tables):
        raise CannotServeError(f"{name}: belongs to another program; name another file")
    if version > len(SQLITE):
        raise CannotServeError(f"{name}: was made by a newer heidi-sandbox; update this one")
    db.execute("BEGIN IMMEDIATE")
    for statement in (one for migration in SQLITE[version:] for one in migration):
        db.execute(statement)
    db.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
    # Written even where it stays the same, so that a disk that takes no writes shows now.
    db.execute(f"PRAGMA user_version = {len(SQLITE)}")
    db.execute("COMMIT")
    return db
