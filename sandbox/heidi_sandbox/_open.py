"""From a database URL to a store."""

from pathlib import Path

from heidi_sandbox._errors import CannotServeError
from heidi_sandbox._sqlite import SqliteStore
from heidi_sandbox._store import Store

SQLITE = "sqlite:///"
MEMORY = f"{SQLITE}:memory:"
POSTGRESQL = ("postgresql://", "postgres://")


async def open_store(database_url: str) -> Store:
    """Return the store that a URL names; close it when done.

    Args:
        database_url: `sqlite:///FILE`, with a fourth slash for an absolute path, `sqlite:///:memory:`,
            or `postgresql://USER@HOST/DATABASE` as PostgreSQL's own programs read it. What the URL
            leaves out comes from the environment (PGHOST, PGPASSWORD, ...) and `~/.pgpass`.

    Raises:
        CannotServeError: the URL names no database we know, or the database cannot be used.
    """
    if database_url.startswith(POSTGRESQL):
        # 60 ms of import, which SQLite does without.
        from heidi_sandbox._postgresql import PostgresqlStore  # noqa: PLC0415

        return await PostgresqlStore.open(database_url)
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
