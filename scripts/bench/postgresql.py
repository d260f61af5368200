"""A real PostgreSQL for tests and benches: a separate server that lends databases."""

import asyncio
import contextlib
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Awaitable, Callable, Generator
from pathlib import Path
from typing import Any

import asyncpg

REQUIRED = "HEIDI_REQUIRE_POSTGRESQL"
USER = "heidi"
PASSWORD = "hunter2"  # noqa: S105  # of the role `guarded`, which nobody else ever sees

_FOLDERS = ("/usr/local/bin", "/usr/local/pgsql/bin")
_PORT = 5432  # part of the name of a socket in our own folder, so it is always free
_START = 20  # seconds, on a busy machine
_SETTINGS = {
    "listen_addresses": "",
    "fsync": "on",
    "synchronous_commit": "off",  # the store must not rely on the server's settings
    "shared_buffers": "32MB",
    "max_connections": "100",
}
# A database is used again: each has some 300 files, which a server that was killed all flushes.
_EMPTY = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid();
    DROP SCHEMA IF EXISTS heidi_sandbox CASCADE;
    DROP SCHEMA public CASCADE;
    CREATE SCHEMA public;
    REVOKE ALL ON DATABASE {name} FROM guarded"""
_ACCESS = f"local all guarded scram-sha-256\nlocal all {USER} trust\n"


class NoPostgresqlError(Exception):
    """There is no PostgreSQL on this machine; the text says where it was looked for."""


class Postgresql:
    """A server that listens on a socket in its own folder.

    Args:
        folder: one that the server's user can write.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "log"
        self._free: list[str] = []
        self._programs = _programs()
        self._user = _unprivileged_user()
        self._run(
            "initdb", "--no-sync", "--auth=trust", f"--username={USER}", f"--pgdata={folder}/data"
        )
        (folder / "data" / "pg_hba.conf").write_text(_ACCESS)
        self.start()
        self.execute(f"CREATE ROLE guarded LOGIN PASSWORD '{PASSWORD}'")

    def url(self, database: str) -> str:
        return f"postgresql:///{database}?host={self.folder}&user={USER}"

    @contextlib.contextmanager
    def database(self) -> Generator[str]:
        """Lend the URL of a new empty database."""
        if self._free:
            name = self._free.pop()
        else:
            name = f"test_{secrets.token_hex(6)}"
            self.execute(f"CREATE DATABASE {name}")
        try:
            yield self.url(name)
        finally:
            self.execute(_EMPTY.format(name=name), self.url(name))
            self._free.append(name)

    def execute(self, script: str, url: str | None = None) -> None:
        """Run statements on a separate connection."""
        asyncio.run(self._on_connection(url, lambda connection: connection.execute(script)))

    def fetch(self, query: str, url: str | None = None) -> list[Any]:
        """Return the rows of a query."""
        return asyncio.run(self._on_connection(url, lambda connection: connection.fetch(query)))

    async def _on_connection(self, url: str | None, use: Callable[[Any], Awaitable[Any]]) -> Any:
        connection = await asyncpg.connect(url or self.url("postgres"))
        try:
            return await use(connection)
        finally:
            await connection.close()

    def start(self) -> None:
        """Start it, and return when it responds."""
        deadline = time.monotonic() + _START
        while time.monotonic() < deadline:
            self._server = self._spawn()
            while self._server.poll() is None:  # otherwise a killed one still uses the folder
                with contextlib.suppress(OSError, asyncpg.PostgresError):
                    self.execute("SELECT 1")
                    return
                time.sleep(0.02)
        raise AssertionError(self.log.read_text())

    def kill(self) -> None:
        """End it as a crash of the machine would.

        A process of a connection lives on for a moment without the server, and would still respond.
        """
        others = self.fetch("SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
        self._server.kill()
        for (process,) in others:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        self._server.wait()

    def stop(self) -> None:
        self._server.send_signal(signal.SIGQUIT)  # without a checkpoint: nobody starts it again
        try:
            self._server.wait(_START)
        finally:
            self._server.kill()
            self._server.wait()

    def _spawn(self) -> subprocess.Popen[bytes]:
        settings = {"unix_socket_directories": str(self.folder), "port": str(_PORT), **_SETTINGS}
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [
                    self._programs / "postgres",
                    "-D",
                    f"{self.folder}/data",
                    *(f"--{name}={value}" for name, value in settings.items()),
                ],
                user=self._user,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
            )

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [self._programs / program, *arguments],
            user=self._user,
            cwd=self.folder,
            capture_output=True,
            check=True,
        )


@contextlib.contextmanager
def running_postgresql() -> Generator[Postgresql]:
    """Run a server until the end of the block.

    Raises:
        NoPostgresqlError: none is installed.
    """
    _programs()
    folder = Path(tempfile.mkdtemp(prefix="heidi-postgresql-"))
    try:
        user = _unprivileged_user()
        if user is not None:
            shutil.chown(folder, user)
        server = Postgresql(folder)
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)


def _programs() -> Path:
    """Return the folder with the programs of the newest PostgreSQL."""
    debian = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"),
        key=lambda one: (len(str(one)), one),
        reverse=True,
    )
    path = os.environ.get("PATH", "").split(os.pathsep)
    for folder in map(Path, [*path, *map(str, debian), *_FOLDERS]):
        if (folder / "postgres").exists() and (folder / "initdb").exists():
            return folder
    raise NoPostgresqlError(
        "no PostgreSQL: neither PATH nor /usr/lib/postgresql has initdb and postgres "
        "(Debian: apt-get install postgresql)"
    )


def _unprivileged_user() -> str | None:
    """Return the user to run as: PostgreSQL does not run as root."""
    if os.geteuid() != 0:
        return None
    names = {one.pw_name for one in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"
