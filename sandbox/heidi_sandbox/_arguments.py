"""What several commands read from their arguments and the environment."""

import argparse
import os
import re
from functools import partial
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from heidi_sandbox._errors import CannotServeError

DATABASE_URL_VARIABLE: Final = "HEIDI_SANDBOX_DATABASE_URL"
_DEFAULT_DATABASE_URL: Final = "sqlite:///heidi-sandbox.db"
_KEY_VARIABLE: Final = "HEIDI_SANDBOX_API_KEY"
_HOST_VARIABLE: Final = "HEIDI_SANDBOX_HOST"
_PORT_VARIABLE: Final = "HEIDI_SANDBOX_PORT"
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


def add_address_arguments(parser: argparse.ArgumentParser, *, least_port: int) -> None:
    """Add --host and --port, which the environment may give as well."""
    parser.add_argument(
        "--host",
        type=_host,
        default=os.environ.get(_HOST_VARIABLE, "127.0.0.1"),
        help=f"the address on which it listens, or {_HOST_VARIABLE} in the environment "
        "(%(default)s)",
    )
    parser.add_argument(
        "--port",
        type=partial(whole_number, least=least_port, most=65535),
        default=default_port(),
        help=f"its port, or {_PORT_VARIABLE} in the environment"
        f"{'; 0 for a free one' if not least_port else ''} (%(default)s)",
    )


def default_port() -> str:
    """Return the port where no flag says one."""
    return os.environ.get(_PORT_VARIABLE, "8080")


def add_database_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags that `database_url` reads."""
    database = parser.add_mutually_exclusive_group()
    database.add_argument(
        "--database-url",
        metavar="URL",
        help="sqlite:///FILE, sqlite:///:memory: or postgresql://USER@HOST/DATABASE, without a "
        f"password: everybody on this machine can see it in the process list "
        f"({_DEFAULT_DATABASE_URL})",
    )
    database.add_argument(
        "--database-url-file",
        metavar="FILE",
        help="read the URL, which may then hold a password, from a file; the environment variable "
        f"{DATABASE_URL_VARIABLE} works as well, and PGPASSWORD and ~/.pgpass do what they do for "
        "PostgreSQL's own programs",
    )


def add_key_argument(parser: argparse.ArgumentParser) -> None:
    """Add the flag that `api_key` reads."""
    parser.add_argument(
        "--api-key-file",
        metavar="FILE",
        help="read the key that buys tokens from a file; the environment variable "
        f"{_KEY_VARIABLE} works as well, and without them the key is made at first start and kept "
        "in the database",
    )


def api_key(options: argparse.Namespace) -> str | None:
    """Return the key of a file or the environment, None if the database keeps one."""
    key = os.environ.get(_KEY_VARIABLE)
    if options.api_key_file is not None:
        try:
            key = Path(options.api_key_file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            raise CannotServeError(
                f"{options.api_key_file}: cannot be read as an API key"
            ) from None
    if key is not None and (
        not key.isascii() or not key.isprintable() or key != key.strip() or not key
    ):
        raise CannotServeError("the API key must be printable ASCII, without spaces at its ends")
    return key


def database_url(options: argparse.Namespace) -> str:
    """Return the URL of the flags or the environment.

    Raises:
        CannotServeError: a flag shows a password, the file cannot be read or has several lines.
    """
    url = _given_url(options)
    if _CONTROL.search(url):
        raise CannotServeError("the database URL holds a line end or another control character")
    return url


def _given_url(options: argparse.Namespace) -> str:
    if options.database_url_file is not None:
        try:
            return Path(options.database_url_file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            raise CannotServeError(
                f"{options.database_url_file}: cannot be read as a database URL"
            ) from None
    if options.database_url is None:
        return os.environ.get(DATABASE_URL_VARIABLE, _DEFAULT_DATABASE_URL)
    url: str = options.database_url
    if _shows_password(url):
        raise CannotServeError(
            "--database-url: everybody on this machine can see the password in it; put the URL "
            f"into --database-url-file or {DATABASE_URL_VARIABLE}"
        )
    return url


def whole_number(text: str, least: int, most: int) -> int:
    """Return the number that a string writes in ASCII digits, as argparse wants it read."""
    if not (text.isascii() and text.isdecimal() and len(text) <= 20 and least <= int(text) <= most):
        raise argparse.ArgumentTypeError(f"must be a whole number from {least} to {most}")
    return int(text)


def _host(text: str) -> str:
    if not text:
        raise argparse.ArgumentTypeError("must be an address, such as 127.0.0.1")
    return text


def _shows_password(url: str) -> bool:
    if url.startswith("sqlite:"):
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return True  # as far as we know
    user_and_password = parts.netloc.rpartition("@")[0]
    names = (name for name, _ in parse_qsl(parts.query, keep_blank_values=True))
    return ":" in user_and_password or any(name.endswith("password") for name in names)
