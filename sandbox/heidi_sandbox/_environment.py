"""`heidi-sandbox env`: what a client needs to call the sandbox, as a shell takes it."""

import argparse
import asyncio
import contextlib
import shlex
import sqlite3
from collections.abc import Callable
from pathlib import Path

from heidi_sandbox._arguments import add_address_arguments, add_database_arguments, database_url
from heidi_sandbox._document import Document, load_document
from heidi_sandbox._errors import CannotServeError
from heidi_sandbox._page import sample_user
from heidi_sandbox._process import say
from heidi_sandbox._store import SQLITE, open_store


def add_environment(add_parser: Callable[..., argparse.ArgumentParser]) -> None:
    """Add the command to the command line."""
    env = add_parser(
        "env",
        help="print what a client needs in its environment, for eval or to paste",
        allow_abbrev=False,
    )
    add_database_arguments(env)
    add_address_arguments(env, least_port=1)
    env.set_defaults(run=_print)


def export(document: Document, url: str, api_key: str | None) -> str:
    """Return the command; without the key where the user has one of their own."""
    variables = {"BASE_URL": url, "API_KEY": api_key}
    variables |= {name.upper(): value for name, value in sample_user(document)}
    given = (f"HEIDI_{name}={shlex.quote(value)}" for name, value in variables.items() if value)
    return f"export {' '.join(given)}"


def _print(options: argparse.Namespace) -> None:
    url = database_url(options)
    kept = _in_file(Path(url.removeprefix(SQLITE))) if url.startswith(SQLITE) else _in_server(url)
    if kept is None:
        raise CannotServeError(
            "no key is kept there: start heidi-sandbox serve first; a key of your own is not kept"
        )
    document = load_document()
    host = f"[{options.host}]" if ":" in options.host else options.host
    base_url = f"http://{host}:{options.port}{document.base_path}"
    say(f"{export(document, base_url, kept.decode())}\n")


def _in_file(file: Path) -> bytes | None:
    """Read the key beside a server that owns the file."""
    try:
        place = f"{file.resolve().as_uri()}?mode=rw"
        with contextlib.closing(sqlite3.connect(place, uri=True)) as database:
            found = database.execute("SELECT value FROM settings WHERE name = 'api_key'").fetchone()
    except sqlite3.Error:
        return None
    return found and bytes(found[0])


def _in_server(url: str) -> bytes | None:
    async def read() -> bytes | None:
        store = await open_store(url)
        try:
            return await store.setting("api_key", b"") or None
        finally:
            await store.close()

    return asyncio.run(read())
