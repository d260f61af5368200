"""From a database URL to a store."""

from pathlib import Path

from heidi_sandbox._errors import CannotServeError
from heidi_sandbox._sqlite import SqliteStore
from heidi_sandbox._store import Store

_SQLITE = "sqlite:///"
_MEMORY = ":memory:"


async def open_store(database_url: str) -> Store:
    """Return the store that a URL names; close it when done.

    Args:
        database_url: `sqlite:///FILE`, with a fourth slash for an absolute path, or `sqlite:///:memory:`.

    Raises:
        CannotServeError: the URL names no database we know, or the database cannot be used.
    """
    name = database_url.removeprefix(_SQLITE)
    if name in ("", database_url):
        # The URL itself is not repeated: it may hold a password.
        raise CannotServeError(f"the database URL must read {_SQLITE}FILE or {_SQLITE}{_MEMORY}")
    return SqliteStore(None if name == _MEMORY else Path(name))
