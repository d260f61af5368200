"""Only for PostgreSQL: it goes away, comes back, and is shared."""

import asyncio
import logging
import os
import signal
import time
from collections.abc import AsyncGenerator, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from heidi_sandbox import (
    CannotServeError,
    Store,
    StoreUnavailableError,
    UnknownOutcomeError,
    _postgresql,
    open_store,
    serving,
)
from heidi_sandbox._postgresql import PostgresqlStore
from heidi_sandbox._store import Share

from scripts.bench.postgresql import PASSWORD, Postgresql
from tests.sandbox.api import Api, error_of
from tests.sandbox.process import failed
from tests.sandbox.stores import OpenStore, opened, with_store

READY = 10  # seconds, also on a busy machine
OURS = "application_name = 'heidi-sandbox'"


@pytest.fixture
def url(postgresql: Postgresql) -> Iterator[str]:
    with postgresql.database() as empty:
        yield empty


@pytest.fixture
def store(url: str) -> Iterator[OpenStore]:
    with opened(url) as one:
        one.run(lambda store: store.create("ann", "1", lambda _: b"x"))
        yield one


def append(document: bytes) -> bytes:
    return document + b"x"


@asynccontextmanager
async def other(url: str) -> AsyncGenerator[Any, None]:
    """Lend the connection of another program."""
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


async def shown(store: Store, setting: str) -> str:
    """Return a setting as the connections of a store have it."""
    assert isinstance(store, PostgresqlStore)
    ((value,),) = await store._read(f"SHOW {setting}")
    assert isinstance(value, str)
    return value


async def until_one(connection: Any, condition: str) -> None:
    """Wait for a connection of the store's to be in a state."""
    query = f"SELECT count(*) FROM pg_stat_activity WHERE {OURS} AND {condition}"  # noqa: S608
    deadline = time.monotonic() + 20
    while not await connection.fetchval(query):
        assert time.monotonic() < deadline, condition
        await asyncio.sleep(0.01)


async def terminate(connection: Any, condition: str = "true") -> None:
    await connection.execute(
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {OURS} AND {condition}"  # noqa: S608
    )


@contextmanager
def killed(server: Postgresql) -> Generator[None]:
    """Crash the server, and start it again."""
    server.kill()
    try:
        yield
    finally:
        server.start()


def statements(server: Postgresql, since: int) -> list[str]:
    log = server.log.read_bytes()[since:].decode()
    return [line.partition("LOG:  ")[2] for line in log.splitlines() if "LOG:  " in line]


def test_a_read_is_one_round_trip_and_an_update_four(postgresql: Postgresql, url: str) -> None:
    def logged(use: Any) -> list[str]:
        async def run(store: Store) -> list[str]:
            await store.create("ann", "1", lambda _: b"x")
            await use(store)
            since = postgresql.log.stat().st_size
            for _ in range(5):
                await use(store)
            return statements(postgresql, since)

        postgresql.execute("DROP SCHEMA IF EXISTS heidi_sandbox CASCADE", url)
        return with_store(f"{url}&log_statement=all", run)

    assert 5 == len(logged(lambda store: store.get("ann", "1")))
    assert 5 == len(logged(lambda store: store.page("ann", None, 9)))
    assert 20 == len(logged(lambda store: store.update("ann", "1", append)))


def test_commits_are_synchronous_whatever_the_settings_of_server_and_url(store: OpenStore) -> None:
    async def setting(one: Store) -> str:
        return await shown(one, "synchronous_commit")

    assert "on" == store.run(setting)
    weaker = f"{store.url}&synchronous_commit=off"
    assert "on" == with_store(weaker, setting)


def test_connections_that_were_lost_while_idle_are_replaced_silently(store: OpenStore) -> None:
    async def use(one: Store) -> list[bytes | None]:
        async with other(store.url) as connection:
            found = [await one.get("ann", "1")]
            for _ in range(3):
                await terminate(connection)
                found += [await one.get("ann", "1"), await one.update("ann", "1", append)]
        return found

    expected = [b"x", b"x", b"xx", b"xx", b"xxx", b"xxx", b"xxxx"]
    assert expected == store.run(use)


def test_a_lost_connection_is_not_used_again(store: OpenStore) -> None:
    used: list[int] = []

    async def work(connection: Any) -> None:
        used.append(await connection.fetchval("SELECT pg_backend_pid()"))
        if len(used) == 1:
            raise asyncpg.InternalClientError

    assert isinstance(store.store, PostgresqlStore)
    store.runner.run(store.store._again_if_lost(work))
    assert 2 == len(set(used))


def test_a_transaction_that_was_lost_before_its_commit_is_repeated_once(store: OpenStore) -> None:
    async def use(one: Store) -> bytes | None:
        async with other(store.url) as connection:
            async with connection.transaction():
                await connection.execute("SELECT FROM heidi_sandbox.sessions FOR UPDATE")
                update = asyncio.ensure_future(one.update("ann", "1", append))
                await until_one(connection, "wait_event_type = 'Lock'")
                await terminate(connection, "wait_event_type = 'Lock'")
            assert b"xx" == await update
        return await one.get("ann", "1")

    assert b"xx" == store.run(use)


def test_a_commit_whose_outcome_is_unknown_is_an_error_and_not_repeated(store: OpenStore) -> None:
    async def use(one: Store) -> bytes | None:
        async with other(store.url) as connection:
            await connection.execute(
                """CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS
                   'BEGIN PERFORM pg_sleep(60); RETURN NULL; END'"""
            )
            await connection.execute(
                """CREATE CONSTRAINT TRIGGER slow AFTER UPDATE ON heidi_sandbox.sessions
                   DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION wait()"""
            )
            updates = asyncio.gather(
                *(one.update("ann", "1", append) for _ in range(3)), return_exceptions=True
            )
            await until_one(connection, "wait_event = 'PgSleep'")
            await terminate(connection, "wait_event = 'PgSleep'")
            assert [UnknownOutcomeError] * 3 == [type(outcome) for outcome in await updates]
            await connection.execute("DROP TRIGGER slow ON heidi_sandbox.sessions")
        return await one.get("ann", "1")

    assert b"x" == store.run(use)  # this server lost it; another might have kept it


def test_a_full_disk_is_an_error_and_the_store_works_again_afterwards(store: OpenStore) -> None:
    async def use(one: Store) -> None:
        async with other(store.url) as connection:
            await connection.execute(
                """CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS
                   'BEGIN RAISE EXCEPTION USING ERRCODE = ''disk_full''; END'"""
            )
            await connection.execute(
                """CREATE TRIGGER full_disk BEFORE INSERT ON heidi_sandbox.sessions
                   FOR EACH ROW EXECUTE FUNCTION fail()"""
            )
            with pytest.raises(StoreUnavailableError):
                await one.create("ann", "2", lambda _: b"x")
            with pytest.raises(StoreUnavailableError):
                await one.extend(Share("ann", [lambda number: (str(number), b"x")] * 2))
            assert 1 == (await one.page("ann", None, 9)).total
            await connection.execute("DROP TRIGGER full_disk ON heidi_sandbox.sessions")
        await one.create("ann", "2", lambda _: b"x")
        assert 2 == (await one.page("ann", None, 9)).total

    store.run(use)


@pytest.mark.slow
def test_an_unavailable_server_is_an_error_until_it_is_back(
    postgresql: Postgresql, store: OpenStore, caplog: pytest.LogCaptureFixture
) -> None:
    with killed(postgresql):
        for use in (
            lambda one: one.ping(),
            lambda one: one.get("ann", "1"),
            lambda one: one.page("ann", None, 1),
            lambda one: one.update("ann", "1", append),
            lambda one: one.create("ann", "2", lambda _: b"x"),
            lambda one: one.extend(Share("ann", [lambda _: ("2", b"x")])),
            lambda one: one.setting("a", b"b"),
            lambda one: one.size(),
        ):
            began = time.monotonic()
            with pytest.raises(StoreUnavailableError) as raised:
                store.run(use)
            assert StoreUnavailableError is raised.type
            assert time.monotonic() - began < READY
    began = time.monotonic()
    assert b"xx" == store.run(lambda one: one.update("ann", "1", append))
    assert time.monotonic() - began < READY
    messages = [record.getMessage() for record in caplog.records]
    assert 2 == len(messages), messages
    assert messages[0].startswith("the database is not available: ")
    assert "the database is available again" == messages[1]


def test_a_server_that_hangs_is_an_error_in_bounded_time(
    postgresql: Postgresql, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_postgresql, "_PATIENCE", 0.5)
    with opened(url) as store:
        store.run(lambda one: one.create("ann", "1", lambda _: b"x"))
        query = f"SELECT pid FROM pg_stat_activity WHERE {OURS}"  # noqa: S608
        ((pid,),) = postgresql.fetch(query)
        os.kill(pid, signal.SIGSTOP)
        began = time.monotonic()
        try:
            with pytest.raises(StoreUnavailableError):
                store.run(lambda one: one.get("ann", "1"))
        finally:
            os.kill(pid, signal.SIGCONT)
        assert time.monotonic() - began < 2 * READY
        assert b"x" == store.run(lambda one: one.get("ann", "1"))


def test_over_http_an_unavailable_database_is_503_with_retry_after(
    postgresql: Postgresql, url: str
) -> None:
    with serving(url) as sandbox, Api(sandbox.url, sandbox.token()) as api:
        session_id = api.create()
        with killed(postgresql):
            responses = [
                api.post("/sessions"),
                api.get(f"/sessions/{session_id}"),
                api.patch(f"/sessions/{session_id}", json={"duration": 1}),
                api.get("/sessions/linked-user"),
            ]
            for response in responses:
                assert (503, "StoreUnavailableError") == error_of(response)
                assert "1" == response.headers["retry-after"]
            health = httpx.get(f"{sandbox.url.partition('/api')[0]}/healthz", trust_env=False)
            assert 200 == health.status_code
        assert 2 == api.update(session_id, {"duration": 2})["duration"]


def test_a_frozen_process_does_not_block_a_row_for_the_others(store: OpenStore) -> None:
    assert "10s" == store.run(lambda one: shown(one, "idle_in_transaction_session_timeout"))


@pytest.fixture
def crowded(postgresql: Postgresql, url: str) -> Iterator[str]:
    """Name a database as a user who may have two connections."""
    postgresql.execute("CREATE SCHEMA heidi_sandbox AUTHORIZATION guarded", url)
    postgresql.execute("ALTER ROLE guarded CONNECTION LIMIT 2")
    yield url.replace("user=heidi", f"user=guarded&password={PASSWORD}")
    postgresql.execute("ALTER ROLE guarded CONNECTION LIMIT -1")


def test_a_request_waits_for_a_free_connection(crowded: str) -> None:
    async def use(store: Store) -> list[bytes | None]:
        ids = [str(number) for number in range(32)]
        await asyncio.gather(*(store.create(id_, id_, lambda _: b"x") for id_ in ids))
        await asyncio.gather(*(store.update(id_, id_, append) for id_ in ids))
        return await asyncio.gather(*(store.get(id_, id_) for id_ in ids))

    assert [b"xx"] * 32 == with_store(crowded, use)


def test_a_request_fails_if_no_connection_becomes_free(
    crowded: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def use(store: Store) -> None:
        async with other(crowded), other(crowded):
            monkeypatch.setattr(_postgresql, "_PATIENCE", 0.5)
            with pytest.raises(StoreUnavailableError, match="it has no connection left"):
                await store.get("ann", "1")

    with_store(crowded, use)


def test_the_first_requests_of_all_callers_may_be_concurrent(crowded: str) -> None:
    with (
        serving(crowded) as sandbox,
        Api(sandbox.url, sandbox.token()) as api,
        ThreadPoolExecutor(32) as callers,
    ):
        path = f"/sessions/{api.create()}"
        statuses = set(callers.map(lambda _: api.get(path).status_code, range(32)))
    assert {200} == statuses


def test_stores_that_are_opened_concurrently_agree_on_tables_and_settings(url: str) -> None:
    async def use() -> tuple[set[bytes], int]:
        stores = await asyncio.gather(*(open_store(url) for _ in range(8)))
        settings = await asyncio.gather(
            *(store.setting("secret", b"%d" % n) for n, store in enumerate(stores))
        )
        await asyncio.gather(
            *(store.create("ann", str(n), lambda _: b"x") for n, store in enumerate(stores * 4))
        )
        page = await stores[0].page("ann", None, 100)
        await asyncio.gather(*(store.close() for store in stores))
        return set(settings), page.total

    settings, total = asyncio.run(use())
    assert 1 == len(settings)
    assert 32 == total


def test_a_store_that_was_opened_in_one_event_loop_works_in_another(url: str) -> None:
    async def begin() -> tuple[Store, bytes]:
        store = await open_store(url)
        return store, await store.setting("secret", b"1")

    async def serve(store: Store) -> bytes | None:
        await store.create("ann", "1", lambda _: b"x")
        found = await store.get("ann", "1")
        await store.close()
        return found

    store, secret = asyncio.run(begin())
    assert b"1" == secret
    assert b"x" == asyncio.run(serve(store))


def test_both_url_schemes_work(url: str) -> None:
    with_store(url, lambda store: store.create("ann", "1", lambda _: b"x"))
    other_scheme = url.replace("postgresql://", "postgres://")
    assert b"x" == with_store(other_scheme, lambda store: store.get("ann", "1"))


def test_missing_parts_of_the_url_come_from_the_environment(
    postgresql: Postgresql, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = url.partition("?")[0].rpartition("/")[2]
    postgresql.execute(f"GRANT CREATE ON DATABASE {database} TO guarded")
    monkeypatch.setenv("PGHOST", str(postgresql.folder))
    monkeypatch.setenv("PGUSER", "guarded")
    monkeypatch.setenv("PGDATABASE", database)
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    with_store("postgresql://", lambda store: store.ping())


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        ("postgresql:///postgres?host={folder}/nowhere&user=heidi", "start it"),
        ("postgresql://heidi:hunter2@127.0.0.1:1/x", "start it"),
        ("postgresql:///hunter2?host={folder}&user=heidi", "no such database"),
        ("postgresql://guarded:hunter22@/postgres?host={folder}", "refuses the user or the pass"),
        ("postgresql://nobody:hunter2@/postgres?host={folder}", "refuses the user or the pass"),
        ("postgresql://guarded:hunter2@/postgres?host={folder}", "may not make tables"),
        ("postgresql://heidi:hunter2/x@127.0.0.1/x", "cannot be used"),
        ("postgresql://heidi:[hunter2]@127.0.0.1:1/x", "cannot be used"),
        ("postgresql://heidi@127.0.0.1:hunter2/x", "cannot be used"),
        ("postgresql://heidi@127.0.0.1:1/x?sslmode=hunter2", "cannot be used"),
        ("postgresql:///x?host={folder}&user=heidi&hunter2=1", "cannot be used"),
        ("postgresql://heidi@127.0.0.1:hunter2/x", "the URL cannot be read"),
        ("postgresql://h..hunter2/x", "the URL cannot be read"),
        ("postgresql:///postgres?host={folder}&user=heidi&hunter2=1", "parameter of the URL"),
        ("postgresql:///postgres?host={folder}&user=heidi&options=-c%20hunter2", "parameter of th"),
        (
            "postgresql:///postgres?host={folder}&user=heidi&sslmode=verify-full&sslrootcert=/hunter2",
            "a file of the URL is missing",
        ),
        ("postgresql:/hunter2@127.0.0.1", "must read"),
    ],
)
def test_a_database_that_cannot_be_used_is_one_line_without_the_password(
    postgresql: Postgresql, make: str, reason: str
) -> None:
    with pytest.raises(CannotServeError) as raised:
        asyncio.run(open_store(make.format(folder=postgresql.folder)))
    assert reason in str(raised.value)
    assert "\n" not in str(raised.value)
    assert "hunter2" not in str(raised.value)
    assert raised.value.__cause__ is None


def test_a_schema_of_another_program_is_not_changed(postgresql: Postgresql, url: str) -> None:
    postgresql.execute("CREATE SCHEMA heidi_sandbox", url)
    postgresql.execute("CREATE TABLE heidi_sandbox.sessions (x int)", url)
    with pytest.raises(CannotServeError, match="of another program; name another database"):
        asyncio.run(open_store(url))
    postgresql.execute("DROP TABLE heidi_sandbox.sessions", url)
    postgresql.execute("CREATE TABLE heidi_sandbox.migrations (x int)", url)
    with pytest.raises(CannotServeError, match="belongs to another program"):
        asyncio.run(open_store(url))
    tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'heidi_sandbox'"
    assert 1 == postgresql.fetch(tables, url)[0][0]


@pytest.mark.parametrize(
    "of_another",
    [
        "CREATE TABLE heidi_sandbox.migrations (version integer)",
        "CREATE VIEW heidi_sandbox.migrations AS SELECT 'x' AS version",
    ],
)
def test_migrations_without_a_version_belong_to_another_program(
    postgresql: Postgresql, url: str, of_another: str
) -> None:
    postgresql.execute(f"CREATE SCHEMA heidi_sandbox; {of_another}", url)
    with pytest.raises(CannotServeError, match="of another program; name another database"):
        asyncio.run(open_store(url))


def test_a_read_only_database_is_one_line(url: str, tmp_path: Path) -> None:
    with_store(url, lambda store: store.ping())
    read_only = f"{url}&default_transaction_read_only=on"
    line = failed(tmp_path, "serve", "--port", "0", "--database-url", read_only)
    assert "it takes no writes" in line


def test_a_store_whose_tables_are_gone_is_not_ready(
    store: OpenStore, postgresql: Postgresql
) -> None:
    store.run(lambda one: one.ping())
    postgresql.execute("DROP SCHEMA heidi_sandbox CASCADE", store.url)
    with pytest.raises(StoreUnavailableError, match="lacks a table"):
        store.run(lambda one: one.ping())


def test_a_schema_that_an_administrator_made_is_used(postgresql: Postgresql, url: str) -> None:
    postgresql.execute("CREATE SCHEMA heidi_sandbox AUTHORIZATION guarded", url)
    guarded = url.replace("user=heidi", f"user=guarded&password={PASSWORD}")
    with_store(guarded, lambda store: store.create("ann", "1", lambda _: b"x"))


@pytest.mark.slow
def test_nothing_of_a_session_or_a_url_is_logged(
    postgresql: Postgresql, url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    postgresql.execute("CREATE SCHEMA heidi_sandbox AUTHORIZATION guarded", url)
    guarded = url.replace("user=heidi", f"user=guarded&password={PASSWORD}")

    with opened(guarded) as one:
        one.run(lambda store: store.create("zaphod77", "1", lambda _: b"zaphod77"))
        with killed(postgresql), pytest.raises(StoreUnavailableError) as raised:
            one.run(lambda store: store.update("zaphod77", "1", lambda old: old * 2))
    told = f"{one.store!r} {vars(raised.value)} {raised.value} {caplog.text}"
    for secret in ("zaphod77", PASSWORD):
        assert secret not in told
