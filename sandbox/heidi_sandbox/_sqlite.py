"""Sessions in SQLite: one process per file, many writes in one commit."""

import asyncio
import contextlib
import errno
import logging
import shutil
import sqlite3
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, TypeAlias, TypeVar, cast

from heidi_sandbox._batches import Batches
from heidi_sandbox._errors import (
    CannotServeError,
    DuplicateIdError,
    StoreDamagedError,
    StoreFullError,
    StoreUnavailableError,
    UnknownOutcomeError,
)
from heidi_sandbox._migrations import ID, SQLITE
from heidi_sandbox._recent import Recent
from heidi_sandbox._store import Collection, Page, Share, Size, page_of

T = TypeVar("T")
_Operation: TypeAlias = Callable[[sqlite3.Connection], Any]

_TURN: Final = 0.01  # seconds of writing, after which others have a turn
_LARGEST_PART: Final = 4 * 1024 * 1024  # bytes that are read before others have a turn
_ABOVE_ALL: Final = 2**63 - 1
_APPLICATION: Final = b"Heid"
_APPLICATION_ID: Final = int.from_bytes(_APPLICATION, "big")
_APPLICATION_ID_AT: Final = slice(68, 72)  # in the header of every SQLite file
_LEAST_SPACE: Final = 4 * 1024 * 1024  # bytes, for the log and one large session
_INSPECTION: Final = 1  # seconds, at most
_INSPECTED_FOR: Final = 5  # seconds, until it is inspected again
_STEPS: Final = 10_000  # of SQLite, between two looks at the clock
_FAILURES: Final = {
    sqlite3.SQLITE_FULL: StoreFullError,
    sqlite3.SQLITE_CORRUPT: StoreDamagedError,
    sqlite3.SQLITE_NOTADB: StoreDamagedError,
}
_MAGIC: Final = b"SQLite format 3\0"

_KEEP_SETTING: Final = "INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT DO NOTHING"
_SETTING: Final = "SELECT value FROM settings WHERE name = ?"
_COUNT: Final = """
    INSERT INTO users (name, total, owner) VALUES (?, ?, ?)
    ON CONFLICT (name) DO UPDATE
    SET total = total + excluded.total, owner = coalesce(excluded.owner, owner)
    RETURNING id, total"""
_CREATE: Final = f"""
    INSERT INTO sessions (user_id, number, {ID}, document) VALUES (?, ?, ?, ?)"""  # noqa: S608  # a name of ours
_GET: Final = f"""
    SELECT s.document FROM sessions s JOIN users u ON u.id = s.user_id
    WHERE s.{ID} = ? AND u.name = ?"""  # noqa: S608  # a name of ours
_OWN: Final = f"WHERE {ID} = ? AND user_id = (SELECT id FROM users WHERE name = ?)"  # noqa: S608  # a name of ours
_UPDATE: Final = f"UPDATE sessions SET document = ? {_OWN}"  # noqa: S608  # words of ours
_DELETE: Final = f"DELETE FROM sessions {_OWN} RETURNING document"  # noqa: S608  # words of ours
_COUNT_DELETED: Final = "UPDATE users SET deleted = deleted + 1 WHERE name = ?"
# One statement sees one moment: the total and the page agree.
_PAGE: Final = """
    SELECT u.total - u.deleted, s.number, s.document
    FROM users u LEFT JOIN sessions s ON s.user_id = u.id AND s.number < ?
    WHERE u.name = ? ORDER BY s.number DESC LIMIT ?"""
_ANY: Final = "SELECT count(*) FROM settings"
_COLLECTIONS: Final = """
    SELECT name, owner, total - deleted FROM users WHERE total > deleted ORDER BY id"""
_SIZE: Final = """
    SELECT count(DISTINCT substr(name, 1, instr(name || '/', '/') - 1)),
        coalesce(sum(total - deleted), 0) FROM users"""
_SESSION_TABLES: Final = ("sessions", "users")
_PROBE: Final = "INSERT INTO settings (name, value) VALUES ('probe', zeroblob(65536))"
_PROBED: Final = "DELETE FROM settings WHERE name = 'probe'"
_CACHE_OF_MANY: Final = "PRAGMA cache_size = -262144"  # KiB: ids are random, so all of their index

_log = logging.getLogger("heidi_sandbox")


class SqliteStore:
    """A store in one file, or in memory where no file is named.

    Args:
        file: where to keep the sessions; made with mode 0600 if there is none.

    Raises:
        CannotServeError: the file is in use, not ours, newer than this program, or unusable.
    """

    def __init__(self, file: Path | None) -> None:
        self._closing = contextlib.ExitStack()
        self._closed = False
        self._recent = Recent()
        self._file = None if file is None else _resolved(file)
        self._places: dict[Path, tuple[int, int]] = {}
        self._is_full = False
        self._is_sound = True
        self._inspected = -float(_INSPECTED_FOR)
        try:
            self._open(self._file)
        except BaseException:
            self._closing.close()
            raise
        self._batches: Batches[None, _Operation, Any] = Batches(self._commit)
        # Waits for the disk, and does nothing else: threads that share the interpreter with the
        # loop would spend more time on handing it over than on writing.
        self._disk = ThreadPoolExecutor(1, "heidi-sandbox-disk")

    def _open(self, file: Path | None) -> None:
        if file is None:
            self._writer = self._reader = _migrated(self._connect(":memory:"), ":memory:")
            return
        try:
            if not file.parent.is_dir():
                raise CannotServeError(f"{file}: there is no such folder to keep a database in")
            beside = file.with_name(f"{file.name}-lock")
            is_kept = beside.exists()
            if is_kept:  # perhaps by this process, whose locks end when the file is closed (POSIX)
                self._lock(file, beside)
            _refuse_foreign(file)
            if not is_kept:
                self._lock(file, beside)
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
            self._reader.execute(_ANY).fetchone()  # from now on its log exists
            log = file.with_name(f"{file.name}-wal")
            self._places = {one: _identity(one) for one in (file, log)}
        except (OSError, sqlite3.Error) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise CannotServeError(f"{file}: cannot be used as a database: {reason}") from None

    def _lock(self, file: Path, beside: Path) -> None:
        """Let one store own the file; the lock ends with the process, however that ends."""
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

    async def create(
        self,
        collection: str,
        id_: str,
        document: Callable[[int], bytes],
        owner: bytes | None = None,
    ) -> None:
        share = Share.of_one(collection, id_, document, owner)
        await self._write(lambda db: _add(db, share))

    async def get(self, collection: str, id_: str) -> bytes | None:
        document = self._recent.get(collection, id_)
        if document is None:
            rows = self._read(_GET, (id_, collection))
            if not rows:
                return None
            document = rows[0][0]
            self._recent.keep(collection, id_, document)
        return document

    async def update(
        self, collection: str, id_: str, change: Callable[[bytes], bytes]
    ) -> bytes | None:
        def replace(db: sqlite3.Connection) -> bytes | None:
            old = self._recent.get(collection, id_)
            if old is None:
                row = db.execute(_GET, (id_, collection)).fetchone()
                if row is None:
                    return None
                (old,) = row
            document = change(old)
            db.execute(_UPDATE, (document, id_, collection))
            self._recent.change(collection, id_, document)
            return document

        return await self._write(replace)

    async def delete(self, collection: str, id_: str) -> bytes | None:
        def remove(db: sqlite3.Connection) -> bytes | None:
            rows = db.execute(_DELETE, (id_, collection)).fetchall()
            if not rows:
                return None
            db.execute(_COUNT_DELETED, (collection,))
            self._recent.change(collection, id_, None)
            return cast("bytes", rows[0][0])

        return await self._write(remove)

    async def page(self, collection: str, below: int | None, size: int) -> Page:
        bound = _ABOVE_ALL if below is None else below
        rows, is_whole = self._read_page(bound, collection, size + 1)
        while not is_whole:
            await asyncio.sleep(0)
            bound = rows[-1][1]
            more, is_whole = self._read_page(bound, collection, size + 1 - len(rows))
            rows += more
        return page_of(rows, size)

    async def extend(self, *shares: Share) -> None:
        def add(db: sqlite3.Connection) -> None:
            db.execute(_CACHE_OF_MANY)
            for share in shares:
                _add(db, share)

        await self._write(add)

    async def collections(self) -> Sequence[Collection]:
        return [Collection(*row) for row in self._read(_COLLECTIONS, ())]

    async def size(self) -> Size:
        return Size(*self._read(_SIZE, ())[0])

    async def clear(self, *, settings: bool) -> None:
        def delete(db: sqlite3.Connection) -> None:
            self._recent.change_all()
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
        if self._file is not None:
            await asyncio.to_thread(self._inspect, self._file)
            if not self._is_sound:
                raise StoreDamagedError
            if await asyncio.to_thread(_free_space, self._file) < _LEAST_SPACE:
                raise StoreFullError
        if self._is_full:  # perhaps no more
            await self._write(lambda db: [db.execute(one) for one in (_PROBE, _PROBED)])

    async def close(self) -> None:
        self._closed = True
        await self._batches.finish()
        self._recent.clear()
        self._disk.shutdown()
        self._closing.close()

    def _read(self, query: str, values: tuple[object, ...]) -> list[Any]:
        try:
            return self._reader.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise _unavailable(error) from None

    def _read_page(self, *values: object) -> tuple[list[Any], bool]:
        """Return rows of a page, and whether they are all: large ones are read a few at a time."""
        rows: list[Any] = []
        size = 0
        try:
            # An open cursor would keep the reader at this moment, so it ends before others read.
            with contextlib.closing(self._reader.execute(_PAGE, values)) as cursor:
                for row in cursor:
                    rows.append(row)
                    size += len(row[2] or b"")
                    if size > _LARGEST_PART:
                        return rows, False
        except sqlite3.Error as error:
            raise _unavailable(error) from None
        return rows, True

    def _inspect(self, file: Path) -> None:
        """See whether the file is damaged, as far as can be seen in a moment."""
        begun = time.monotonic()
        if begun < self._inspected + _INSPECTED_FOR:
            return
        self._inspected = begun
        try:
            with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as db:
                late = begun + _INSPECTION
                db.set_progress_handler(lambda: time.monotonic() > late, _STEPS)
                (verdict,) = db.execute("PRAGMA quick_check(1)").fetchone()
                self._is_sound = verdict == "ok"
        except sqlite3.Error as error:
            code = error.sqlite_errorcode & 0xFF
            if code != sqlite3.SQLITE_INTERRUPT:
                self._is_sound = _FAILURES.get(code) is not StoreDamagedError

    def _compact(self, file: Path) -> None:
        """Return the space of what was deleted, which would stay readable in the file."""
        try:
            with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as db:
                db.execute("VACUUM")
                (is_busy, *_) = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except sqlite3.Error as error:
            raise _unavailable(error) from None
        if is_busy:
            raise StoreUnavailableError(
                "the sessions are deleted, but another program reads the file, so that their text "
                "stays in it; stop that program, and do this again"
            )

    async def _write(self, operation: Callable[[sqlite3.Connection], T]) -> T:
        if self._closed:
            raise StoreUnavailableError
        result: T = await self._batches.add(None, operation)
        return result

    async def _commit(self, _: None, operations: Sequence[_Operation]) -> list[Any]:
        """Do some writes, or none; return for each its result, or why it alone was not done."""
        failure = StoreUnavailableError
        try:
            self._undo()  # what a rollback that failed has left
            self._refuse_moved()
            self._writer.execute("BEGIN IMMEDIATE")
            results = await self._attempt_all(operations)
            failure = UnknownOutcomeError
            await self._flush()
        except BaseException as error:  # noqa: BLE001  # whoever waits would wait for ever
            _report(error)
            with contextlib.suppress(sqlite3.Error):
                self._undo()
            self._recent.settle(committed=False)
            found = _failure(error, failure)
            self._is_full = isinstance(found, StoreFullError)
            raise found from None
        self._recent.settle(committed=True)
        self._is_full = any(isinstance(one, StoreFullError) for one in results)
        return results

    async def _attempt_all(self, operations: Sequence[_Operation]) -> list[Any]:
        """Run the writes of a batch, and let the server respond to others in between."""
        loop = asyncio.get_running_loop()
        results: list[Any] = []
        end = loop.time() + _TURN
        for operation in operations:
            results.append(self._attempt(operation))
            # A database in memory has one connection, on which others would see half a batch.
            if loop.time() > end and self._file is not None:
                await asyncio.sleep(0)
                end = loop.time() + _TURN
        return results

    async def _flush(self) -> None:
        """Return when what was written is on the disk, if there is one."""
        if self._file is None:
            self._writer.execute("COMMIT")
        else:
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(self._disk, self._writer.execute, "COMMIT")

    def _refuse_moved(self) -> None:
        """Raise where the files are no longer what their names lead to: writes would be lost."""
        for file, identity in self._places.items():
            if _identity(file) != identity:
                raise FileNotFoundError(errno.ENOENT, "another file has taken its place")

    def _undo(self) -> None:
        if self._writer.in_transaction:
            self._writer.execute("ROLLBACK")

    def _attempt(self, operation: _Operation) -> Any:
        """Run one write of a batch; one that fails takes no other along."""
        self._writer.execute("SAVEPOINT one")
        try:
            result = operation(self._writer)
        except Exception as error:  # it belongs to whoever waits for this write
            if not self._writer.in_transaction:  # SQLite itself has undone the whole batch
                raise
            self._writer.execute("ROLLBACK TO one")
            result = _unavailable(error) if isinstance(error, sqlite3.Error) else error
        self._writer.execute("RELEASE one")
        return result


def _add(db: sqlite3.Connection, share: Share) -> None:
    count = len(share.documents)
    user_id, total = db.execute(_COUNT, (share.collection, count, share.owner)).fetchone()
    numbered = enumerate(share.documents, total - count + 1)
    try:
        db.executemany(_CREATE, ((user_id, number, *make(number)) for number, make in numbered))
    except sqlite3.IntegrityError:
        raise DuplicateIdError from None


def _unavailable(error: OSError | sqlite3.Error) -> StoreUnavailableError:
    _report(error)
    return _failure(error, StoreUnavailableError)


def _failure(error: BaseException, otherwise: type[StoreUnavailableError]) -> StoreUnavailableError:
    """Return our error for an error of SQLite. A write without space was not done, in any phase."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK) & 0xFF
    return _FAILURES.get(code, otherwise)(_reason(error))


def _free_space(file: Path) -> int:
    return shutil.disk_usage(file.parent).free


def _reason(error: BaseException) -> str:
    """Return what is wrong in the words of the system or of SQLite, which quote no value."""
    if isinstance(error, OSError):
        missing = isinstance(error, FileNotFoundError)
        return f"its file {'is gone' if missing else 'cannot be reached'}: {error.strerror}"
    return str(error) if isinstance(error, sqlite3.Error) else type(error).__name__


def _report(error: BaseException) -> None:
    name = getattr(error, "sqlite_errorname", type(error).__name__)
    _log.error("the database failed: %s", name)


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
    if not file.is_file():  # reading a pipe waits forever, and a device is shared
        raise CannotServeError(f"{file}: cannot be used as a database: it is not a regular file")
    if file.stat().st_nlink > 1:  # each name would have its own lock and log
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
