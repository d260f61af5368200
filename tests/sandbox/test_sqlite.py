"""Only for SQLite: its disk fails, and its one writer must survive that."""

import asyncio
import contextlib
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import pytest
from heidi_sandbox import (
    CannotServeError,
    Store,
    StoreUnavailableError,
    UnknownOutcomeError,
    open_store,
)
from heidi_sandbox._errors import StoreFullError
from heidi_sandbox._sqlite import SqliteStore

from tests.sandbox.stores import OpenStore, opened, with_store


class Faulty:
    """A connection on which some statements fail, each a number of times."""

    def __init__(self, db: sqlite3.Connection, **times: int) -> None:
        self.db = db
        self.times = times

    def execute(self, statement: str, *values: Any) -> sqlite3.Cursor:
        name = statement.partition(" ")[0]
        if self.times.get(name, 0) > 0:
            self.times[name] -= 1
            raise sqlite3.OperationalError("disk I/O error")
        return self.db.execute(statement, *values)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.db, name)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[OpenStore]:
    with opened(f"sqlite:///{tmp_path}/x.db") as one:
        one.run(lambda store: store.create("ann", "1", lambda _: b"x"))
        yield one


def writer(store: Store) -> Any:
    return vars(store)["_writer"]


def plant(monkeypatch: pytest.MonkeyPatch, store: Store, **times: int) -> None:
    monkeypatch.setattr(store, "_writer", Faulty(writer(store), **times))


async def append(store: Store) -> bytes | None:
    return await asyncio.wait_for(store.update("ann", "1", lambda old: old + b"x"), 10)


def test_a_begin_that_fails_is_an_error_and_the_next_write_works(
    store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch, store.store, BEGIN=1)
    with pytest.raises(StoreUnavailableError) as raised:
        store.run(append)
    assert StoreUnavailableError is raised.type
    assert b"xx" == store.run(append)


def test_a_commit_that_fails_has_an_unknown_outcome_and_the_next_write_works(
    store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch, store.store, COMMIT=1)
    with pytest.raises(UnknownOutcomeError):
        store.run(append)
    assert b"xx" == store.run(append)


def test_a_failed_rollback_is_repeated_before_the_next_write(
    store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch, store.store, COMMIT=1, ROLLBACK=2)
    with pytest.raises(UnknownOutcomeError):
        store.run(append)
    with pytest.raises(StoreUnavailableError):
        store.run(append)
    assert b"xx" == store.run(append)


def test_an_unexpected_error_fails_one_write_and_the_next_one_works(
    store: OpenStore,
) -> None:
    def leave(_: bytes) -> NoReturn:
        raise SystemExit

    with pytest.raises(StoreUnavailableError):
        store.run(lambda one: asyncio.wait_for(one.update("ann", "1", leave), 10))
    assert b"xx" == store.run(append)


def test_a_write_to_a_closed_store_fails_at_once(tmp_path: Path) -> None:
    async def use() -> None:
        store = await open_store(f"sqlite:///{tmp_path}/x.db")
        await store.close()
        with pytest.raises(StoreUnavailableError):
            await append(store)
        with pytest.raises(StoreUnavailableError):
            await store.ping()

    asyncio.run(use())


def test_a_full_disk_is_an_error_and_the_store_works_again_afterwards(store: OpenStore) -> None:
    (pages,) = writer(store.store).execute("PRAGMA page_count").fetchone()
    writer(store.store).execute(f"PRAGMA max_page_count = {pages}")

    async def fill(one: Store) -> list[object]:
        return await asyncio.gather(
            *(one.create("ann", f"big {n}", lambda _: b"x" * 100_000) for n in range(5)),
            return_exceptions=True,
        )

    outcomes = store.run(fill)
    assert [StoreFullError] * 5 == [type(one) for one in outcomes]
    for _ in range(2):
        with pytest.raises(StoreFullError):
            store.run(lambda one: one.ping())
    writer(store.store).execute("PRAGMA max_page_count = 1000000")
    store.run(lambda one: one.ping())
    assert b"x" == store.run(lambda one: one.get("ann", "1"))
    writer(store.store).execute("PRAGMA max_page_count = 1000000")
    assert [None] * 5 == store.run(fill)
    assert 6 == store.run(lambda one: one.page("ann", None, 9)).total


def test_a_file_system_without_a_write_ahead_log_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect: Callable[..., sqlite3.Connection] = sqlite3.connect

    def without_shared_memory(file: object, **options: Any) -> sqlite3.Connection:
        return connect(f"file:{file}?vfs=unix-none", uri=True, **options)

    monkeypatch.setattr("heidi_sandbox._sqlite.sqlite3.connect", without_shared_memory)
    with pytest.raises(CannotServeError, match="cannot keep a write-ahead log"):
        SqliteStore(tmp_path / "x.db")


def test_clearing_leaves_no_readable_data_in_the_files(tmp_path: Path) -> None:
    async def use(store: Store) -> None:
        for number in range(50):
            await store.create("ann", str(number), lambda _: b"zaphod77" * 100)
        await store.clear(settings=False)
        assert not any(b"zaphod77" in one.read_bytes() for one in tmp_path.iterdir())

    with_store(f"sqlite:///{tmp_path}/x.db", use)


@pytest.mark.parametrize("suffix", ["", "-wal"])
@pytest.mark.parametrize("replaced", [False, True])
def test_no_write_to_a_deleted_file_is_acknowledged(
    tmp_path: Path, store: OpenStore, suffix: str, replaced: bool
) -> None:
    file = tmp_path / f"x.db{suffix}"
    assert store.run(append)
    if replaced:
        shutil.copy(file, tmp_path / "copy")
        (tmp_path / "copy").replace(file)
    else:
        file.unlink()
    with pytest.raises(StoreUnavailableError, match="its file is gone"):
        store.run(append)
    with pytest.raises(StoreUnavailableError, match="its file is gone"):
        store.run(lambda one: one.ping())


def test_a_refused_second_store_does_not_release_the_lock(tmp_path: Path, store: OpenStore) -> None:
    file = tmp_path / "x.db"
    with pytest.raises(CannotServeError, match="another heidi-sandbox"):
        SqliteStore(file)
    # A process that believes it is the last one to use a file removes its log.
    read = (
        "import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute('SELECT * FROM users').close()"
    )
    subprocess.run([sys.executable, "-c", read, str(file)], check=True)
    assert (tmp_path / "x.db-wal").exists()
    assert b"xx" == store.run(append)


def test_clearing_says_when_another_program_keeps_the_data(
    tmp_path: Path, store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect: Callable[..., sqlite3.Connection] = sqlite3.connect
    with contextlib.closing(connect(tmp_path / "x.db", isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM users").fetchall()
        impatient = partial(connect, timeout=0.1)
        monkeypatch.setattr("heidi_sandbox._sqlite.sqlite3.connect", impatient)
        with pytest.raises(StoreUnavailableError, match="another program reads the file"):
            store.run(lambda one: one.clear(settings=False))
    assert 0 == store.run(lambda one: one.page("ann", None, 1)).total


def test_a_batch_of_slow_writes_does_not_block_other_tasks(store: OpenStore) -> None:
    turns = 0
    seen: set[int] = set()

    def slowly(old: bytes) -> bytes:
        time.sleep(0.006)
        seen.add(turns)
        return old + b"x"

    async def use(one: Store) -> None:
        nonlocal turns
        writes = asyncio.gather(*(one.update("ann", "1", slowly) for _ in range(60)))
        while not writes.done():
            turns += 1
            await asyncio.sleep(0)
        assert b"x" * 61 == await one.get("ann", "1")

    store.run(use)
    assert 20 < len(seen)
