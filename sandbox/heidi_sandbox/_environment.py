"""`heidi-sandbox env`: what a client needs to call the sandbox, as a shell takes it."""

import argparse
import asyncio
import contextlib
import shlex
import sqlite3
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from heidi_sandbox._arguments import (
    add_address_arguments,
    add_database_arguments,
    add_key_argument,
    api_key,
    database_url,
    default_port,
)
from heidi_sandbox._document import Document, load_document
from heidi_sandbox._errors import CannotServeError
from heidi_sandbox._process import say
from heidi_sandbox._server import base_url_of
from heidi_sandbox._store import SQLITE, use_store


def add_environment(add_parser: Callable[..., argparse.ArgumentParser]) -> None:
    """Add the command to the command line."""
    env = add_parser(
        "env",
        help="print what a client needs in its environment, for eval or to paste",
        allow_abbrev=False,
    )
    add_database_arguments(env)
    add_key_argument(env)
    add_address_arguments(env, least_port=1)
    env.set_defaults(run=_print)


def export(document: Document, url: str, key: str | None) -> str:
    """Return the command; without the key where that is not to be shown."""
    # The client of this project takes no http to another machine unasked.
    elsewhere = None if _is_local(urlsplit(url).hostname or "") else "1"
    variables = {"BASE_URL": url, "ALLOW_HTTP": elsewhere, "API_KEY": key}
    variables |= {name.upper(): value for name, value in document.sample_user.items()}
    given = (f"HEIDI_{name}={shlex.quote(value)}" for name, value in variables.items() if value)
    return f"export {' '.join(given)}"


def env_command(url: str, options: argparse.Namespace) -> str:
    """Return what prints the export of a server again, in the folder where it was started."""
    words = ["heidi-sandbox", "env"]
    if options.database_url is not None:
        words += ["--database-url", options.database_url]
    if options.database_url_file is not None:
        words += ["--database-url-file", options.database_url_file]
    if options.api_key_file is not None:
        words += ["--api-key-file", options.api_key_file]
    if (port := str(urlsplit(url).port)) != default_port():
        words += ["--port", port]
    return shlex.join(words)


def _print(options: argparse.Namespace) -> None:
    document = load_document()
    base_url = base_url_of(document, options.host, options.port)
    key = api_key(options) or _kept_key(database_url(options))
    say(f"{export(document, base_url, key)}\n")


def _kept_key(url: str) -> str:
    if url.startswith(SQLITE):
        kept = _in_file(Path(url.removeprefix(SQLITE)))
    else:
        kept = asyncio.run(use_store(url, lambda store: store.setting("api_key", b""))) or None
    if kept is None:
        place = url.removeprefix(SQLITE) if url.startswith(SQLITE) else "the PostgreSQL database"
        raise CannotServeError(
            f"{place}: no key is kept there; start heidi-sandbox serve first, in this folder or "
            "with the same --database-url; a key of your own is read with --api-key-file"
        )
    return kept.decode()


def _is_local(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _in_file(file: Path) -> bytes | None:
    """Read the key beside a server that owns the file."""
    try:
        place = f"{file.resolve().as_uri()}?mode=rw"
        with contextlib.closing(sqlite3.connect(place, uri=True)) as database:
            found = database.execute("SELECT value FROM settings WHERE name = 'api_key'").fetchone()
    except sqlite3.Error:
        return None
    return found and bytes(found[0])
