"""A database of an earlier version is migrated, one of a later version is refused."""

import asyncio
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from heidi_sandbox import (
    CannotServeError,
    Page,
    Store,
    _postgresql,
    _sqlite,
    open_store,
    serving,
)
from heidi_sandbox._document import load_document
from heidi_sandbox._migrations import POSTGRESQL, SQLITE, Migrations
from heidi_sandbox._resources import Resource
from heidi_sandbox._tokens import Tokens

from scripts.bench.postgresql import Postgresql
from tests.sandbox.api import Api
from tests.sandbox.stores import with_store

PLANTED = "ALTER TABLE sessions ADD COLUMN planted integer NOT NULL DEFAULT 7"
BROKEN = "ALTER TABLE nothing ADD COLUMN planted integer"


# How versions without owners of collections counted.
OWNERS_SINCE = 3
SQLITE_COUNT = """
    INSERT INTO users (name, total) SELECT ?1, ?2 WHERE ?3 IS NULL
    ON CONFLICT (name) DO UPDATE SET total = total + excluded.total RETURNING id, total"""
POSTGRESQL_COUNT = """
    INSERT INTO users (name, total) SELECT $1::bytea, $2::bigint WHERE $3::bytea IS NULL
    ON CONFLICT (name) DO UPDATE SET total = users.total + $2 RETURNING id, total"""


class Database:
    """A database of one dialect, for several versions of the program."""

    def __init__(self, url: str, migrations: Migrations, monkeypatch: pytest.MonkeyPatch) -> None:
        self.url = url
        self.migrations = migrations
        self._monkeypatch = monkeypatch

    def know(self, migrations: Migrations) -> None:
        """Act as a program that knows these versions."""
        raise NotImplementedError

    def rows(self, query: str) -> list[Any]:
        raise NotImplementedError

    def version(self) -> int:
        raise NotImplementedError

    def content(self) -> object:
        """Return the content of all tables, to compare."""
        raise NotImplementedError


class Sqlite(Database):
    def know(self, migrations: Migrations) -> None:
        self._monkeypatch.undo()
        self._monkeypatch.setattr(_sqlite, "SQLITE", migrations)
        if len(migrations) < OWNERS_SINCE:
            self._monkeypatch.setattr(_sqlite, "_COUNT", SQLITE_COUNT)

    def rows(self, query: str) -> list[Any]:
        db = sqlite3.connect(self.file)
        try:
            return db.execute(query).fetchall()
        finally:
            db.close()

    def version(self) -> int:
        version: int = self.rows("PRAGMA user_version")[0][0]
        return version

    def content(self) -> object:
        return self.file.read_bytes()

    @property
    def file(self) -> Path:
        return Path(self.url.removeprefix("sqlite:///"))


class OnPostgresql(Database):
    server: Postgresql

    def know(self, migrations: Migrations) -> None:
        self._monkeypatch.undo()
        self._monkeypatch.setattr(_postgresql, "POSTGRESQL", migrations)
        if len(migrations) < OWNERS_SINCE:
            self._monkeypatch.setattr(_postgresql, "_COUNT", POSTGRESQL_COUNT)

    def rows(self, query: str) -> list[Any]:
        return [tuple(row) for row in self.server.fetch(query, self._in_schema)]

    def version(self) -> int:
        version: int = self.rows("SELECT max(version) FROM migrations")[0][0]
        return version

    def content(self) -> object:
        columns = """SELECT table_name, column_name, data_type FROM information_schema.columns
            WHERE table_schema = 'heidi_sandbox' ORDER BY 1, 2"""
        tables = ("migrations", "settings", "users", "sessions")
        return self.rows(columns), [self.rows(f"SELECT * FROM {table}") for table in tables]  # noqa: S608

    @property
    def _in_schema(self) -> str:
        return f"{self.url}&search_path=heidi_sandbox"


@pytest.fixture
def database(kept_url: str, request: pytest.FixtureRequest) -> Iterator[Database]:
    with pytest.MonkeyPatch.context() as monkeypatch:
        if kept_url.startswith("sqlite"):
            yield Sqlite(kept_url, SQLITE, monkeypatch)
        else:
            found = OnPostgresql(kept_url, POSTGRESQL, monkeypatch)
            found.server = request.getfixturevalue("postgresql")
            yield found


async def write(store: Store) -> None:
    await store.setting("secret", b"\0kept")
    for number in range(3):
        await store.create("ann", str(number), lambda number: b"\0%d" % number)
    await store.update("ann", "1", lambda old: old + b" changed")


async def read(store: Store) -> tuple[Page, bytes]:
    return await store.page("ann", None, 9), await store.setting("secret", b"other")


def test_a_database_of_every_earlier_version_keeps_its_data(database: Database) -> None:
    planted = (*database.migrations, (PLANTED,))
    for version in range(1, len(planted)):
        database.know(planted[:version])
        with_store(database.url, write if version == 1 else read)
        assert version == database.version()
    before = with_store(database.url, read)
    assert [b"\0003", b"\0002 changed", b"\0001"] == list(before[0].documents)

    database.know(planted)
    assert before == with_store(database.url, read)
    assert len(planted) == database.version()
    assert [(7,)] * 3 == database.rows("SELECT planted FROM sessions")
    with_store(database.url, lambda store: store.create("ann", "3", lambda _: b"new"))


def test_what_the_first_version_kept_is_the_first_resource_of_its_user(database: Database) -> None:
    document = load_document()
    resource = Resource(document, next(document.of("create")).semantics["resource"])
    value = resource.new("77", 1, datetime.now(UTC), {})
    tokens = Tokens(b"s" * 32, lifetime=60)
    token = tokens.issue(["ann@example.com", "1"]).token

    async def keep(store: Store) -> None:
        await store.setting("secret", b"s" * 32)
        await store.create(tokens.read(token).user, "77", lambda _: resource.text(value, {}))

    async def delete(store: Store) -> bytes | None:
        return await store.delete(tokens.read(token).user, "77")

    database.know(database.migrations[:1])
    with_store(database.url, keep)
    database.know(database.migrations)
    with serving(database.url) as sandbox, Api(sandbox.url, token) as api:
        assert value == api.session("77")
        made = api.session(api.create())
        assert resource.new(made[resource.id], 2, datetime.now(UTC), {}).keys() == made.keys()
        assert [made, value] == api.page()["sessions"]
    assert resource.text(value, {}) == with_store(database.url, delete)
    with serving(database.url) as sandbox, Api(sandbox.url, token) as api:
        assert 404 == api.get("/sessions/77").status_code
        assert [made] == api.page()["sessions"]
        assert 1 == api.page()["total_count"]


def test_several_versions_are_migrated_at_once(database: Database) -> None:
    planted = (*database.migrations, (PLANTED,), ("CREATE INDEX planted ON sessions (planted)",))
    database.know(planted[:1])
    with_store(database.url, write)
    database.know(planted)
    assert 3 == with_store(database.url, read)[0].total
    assert len(planted) == database.version()


def test_a_database_of_a_newer_version_is_refused(database: Database) -> None:
    database.know((*database.migrations, (PLANTED,)))
    with_store(database.url, write)
    database.know(database.migrations)
    before = database.content()
    with pytest.raises(CannotServeError, match="made by a newer heidi-sandbox; update this one"):
        asyncio.run(open_store(database.url))
    assert before == database.content()


def test_a_failed_migration_does_not_change_the_database(database: Database) -> None:
    with_store(database.url, write)
    before = database.content()
    database.know((*database.migrations, (PLANTED, BROKEN)))
    with pytest.raises(CannotServeError, match="cannot be used"):
        asyncio.run(open_store(database.url))
    assert before == database.content()
    database.know(database.migrations)
    assert 3 == with_store(database.url, read)[0].total


def test_a_process_of_the_earlier_version_continues_beside_a_newer_one(
    postgresql: Postgresql, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def use(store: Store) -> int:
        await write(store)
        monkeypatch.setattr(_postgresql, "POSTGRESQL", (*POSTGRESQL, (PLANTED,)))
        newer = await open_store(url)
        await newer.create("ann", "newer", lambda _: b"x")
        await store.create("ann", "older", lambda _: b"x")
        await store.update("ann", "1", lambda old: old)
        await newer.close()
        return (await store.page("ann", None, 9)).total

    with postgresql.database() as url:
        assert 5 == with_store(url, use)
