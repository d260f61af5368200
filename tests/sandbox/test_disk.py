"""A full disk and a damaged file, both real, show in responses and `/readyz`."""

import asyncio
import contextlib
import os
import subprocess
import tempfile
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import httpx
import pytest
from heidi_sandbox import Sandbox, Store, StoreUnavailableError, _sqlite, serving

from scripts.bench.postgresql import Postgresql
from tests.sandbox.api import TRUST, Api, error_of
from tests.sandbox.stores import with_store

FULL = (503, "StoreFullError")
# Makes each commit fail that has updated a session.
NO_COMMIT = """
    CREATE FUNCTION heidi_sandbox.fail() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION USING ERRCODE = 'disk_full'; END $$;
    CREATE CONSTRAINT TRIGGER fail AFTER UPDATE ON heidi_sandbox.sessions
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION heidi_sandbox.fail()"""


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A file system of 16 MiB; skip where this user may mount none."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # for the user of PostgreSQL
        disk = Path(folder, "disk")
        disk.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(disk)]
        if os.name == "nt" or subprocess.run(command, capture_output=True, check=False).returncode:
            pytest.skip("this user may not mount a file system")
        try:
            yield disk
        finally:
            subprocess.run(["umount", str(disk)], check=True)  # noqa: S607  # wherever it is


@contextlib.contextmanager
def on_a_small_disk(postgresql: Postgresql, url: str, disk: Path) -> Generator[None]:
    """Move the tables of a database to a disk, beside a table of 6 MB."""
    owner = postgresql.folder.stat()
    os.chown(disk, owner.st_uid, owner.st_gid)
    with_store(url, lambda store: store.ping())
    postgresql.execute(f"CREATE TABLESPACE small LOCATION '{disk}'", url)
    try:
        for name in ("sessions", "settings"):
            postgresql.execute(f"ALTER TABLE heidi_sandbox.{name} SET TABLESPACE small", url)
        postgresql.execute(
            "CREATE TABLE heidi_sandbox.ballast TABLESPACE small AS "
            "SELECT repeat('x', 1000) FROM generate_series(1, 6000)",
            url,
        )
        yield
    finally:
        postgresql.execute("DROP SCHEMA heidi_sandbox CASCADE", url)
        postgresql.execute("DROP TABLESPACE small", url)


def ready(sandbox: Sandbox) -> tuple[int, str]:
    response = httpx.get(httpx.URL(sandbox.url).join("/readyz"), verify=TRUST)
    return (200, "") if response.status_code == 200 else error_of(response)


def fill(api: Api, session_id: str) -> list[str]:
    """Create sessions of some size until the disk is full, and return those that exist."""
    created = [session_id]
    for _ in range(1000):
        response = api.post("/sessions")
        if response.status_code == 200:
            created.append(response.json()["session_id"])
            notes = {"clinician_notes": [os.urandom(60_000).hex()]}
            response = api.patch(f"/sessions/{created[-1]}", json=notes)
        if response.status_code != 200:
            assert FULL == error_of(response)
            assert "10" == response.headers["retry-after"]
            return created
    pytest.fail("the disk is not full")


def survives(sandbox: Sandbox, make_space: Callable[[], None]) -> None:
    """Check that a full disk is reported, and no acknowledged write is lost."""
    with Api(sandbox.url, sandbox.token()) as api:
        first = api.create()
        assert (200, "") == ready(sandbox)
        created = fill(api, first)
        assert FULL == ready(sandbox)
        assert 200 == httpx.get(httpx.URL(sandbox.url).join("/healthz"), verify=TRUST).status_code
        assert 0 == api.session(first)["duration"]
        kept = {one["session_id"] for page in api.walk(20) for one in page["sessions"]}
        assert {*created} == kept
        make_space()
        assert (200, "") == ready(sandbox)
        api.create()


def test_a_full_disk_under_sqlite(small_disk: Path) -> None:
    ballast = small_disk / "ballast"
    with serving(f"sqlite:///{small_disk}/x.db") as sandbox:
        ballast.write_bytes(bytes(6_000_000))
        survives(sandbox, ballast.unlink)


@pytest.mark.slow
def test_a_full_disk_under_postgresql(postgresql: Postgresql, small_disk: Path) -> None:
    with (
        postgresql.database() as url,
        on_a_small_disk(postgresql, url, small_disk),
        serving(url) as sandbox,
    ):
        survives(
            sandbox, lambda: postgresql.execute("DROP TABLE heidi_sandbox.ballast; CHECKPOINT", url)
        )


def test_a_database_without_space_at_the_commit_has_written_nothing(
    postgresql: Postgresql,
) -> None:
    with postgresql.database() as url:

        async def use(store: Store) -> bytes | None:
            await store.create("ann", "1", lambda _: b"old")
            await asyncio.to_thread(postgresql.execute, NO_COMMIT, url)
            with pytest.raises(StoreUnavailableError) as caught:
                await store.update("ann", "1", lambda _: b"new")
            assert "StoreFullError" == type(caught.value).__name__
            return await store.get("ann", "1")

        assert b"old" == with_store(url, use)


@pytest.mark.parametrize("how", ["overwritten", "cut short"])
def test_a_damaged_file_is_not_ready(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    monkeypatch.setattr(_sqlite, "_INSPECTED_FOR", 0)
    file = tmp_path / "x.db"
    with serving(f"sqlite:///{file}") as sandbox, Api(sandbox.url, sandbox.token()) as api:
        for _ in range(100):
            api.create()
    with serving(f"sqlite:///{file}") as sandbox:
        assert (200, "") == ready(sandbox)
        if how == "overwritten":
            with file.open("r+b") as opened:
                opened.seek(4096 * 6)
                opened.write(os.urandom(4096 * 12))
        else:
            os.truncate(file, 4096 * 8)
        assert (503, "StoreDamagedError") == ready(sandbox)
        assert 200 == httpx.get(httpx.URL(sandbox.url).join("/healthz"), verify=TRUST).status_code
        with Api(sandbox.url, sandbox.token()) as api:
            assert (503, "StoreDamagedError") == error_of(api.get("/sessions/linked-user"))
