"""The command line: `heidi-sandbox serve`, and the commands of `_maintenance`."""

import argparse
import logging
import os
import queue
import shlex
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from heidi_sandbox._arguments import whole_number
from heidi_sandbox._errors import CannotServeError, StoreUnavailableError
from heidi_sandbox._maintenance import add_maintenance
from heidi_sandbox._server import DEFAULT_TOKEN_LIFETIME, Sandbox, serving

_KEY_VARIABLE = "HEIDI_SANDBOX_API_KEY"
_LONGEST_LIFETIME = 100 * 365 * 24 * 60 * 60  # seconds


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit: 0 when stopped, 2 when it could not run."""
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except (CannotServeError, StoreUnavailableError) as error:
        sys.stderr.write(f"heidi-sandbox: {error}\n")
        sys.exit(2)
    except KeyboardInterrupt:
        sys.stderr.write("heidi-sandbox: interrupted; what was done is kept\n")
        sys.exit(130)
    sys.exit(0)


def _serve(options: argparse.Namespace) -> None:
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(asctime)s %(message)s")
    # Below an error it tells only of requests that are not HTTP, and they are answered.
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
    if options.access_log:
        logging.getLogger("heidi_sandbox.access").setLevel(logging.INFO)
    # Of all queues, this one may be fed by a signal handler.
    stops: queue.SimpleQueue[bool] = queue.SimpleQueue()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: stops.put(True))
    with serving(
        options.database_url,
        host=options.host,
        port=options.port,
        api_key=_api_key(options),
        token_lifetime=options.token_lifetime,
    ) as sandbox:
        sandbox.when_ended(lambda: stops.put(False))
        sys.stdout.write(_greeting(sandbox, show_key=not _is_hidden(options)))
        sys.stdout.flush()
        asked = stops.get()
    if not asked:
        raise CannotServeError("the server ended by itself; its log says why")


def _greeting(sandbox: Sandbox, *, show_key: bool) -> str:
    key = shlex.quote(sandbox.api_key) if show_key else "YOUR-KEY"
    # printf is built into shells: curl's own arguments would show in the process list.
    command = (
        f"printf 'Heidi-Api-Key: %s' {key} | curl --silent --header @- --get"
        " --data-urlencode email=clinician@example.com"
        f" --data-urlencode third_party_internal_id=1 {sandbox.url}/jwt"
    )
    shown = sandbox.api_key if show_key else "the one you gave"
    return f"Heidi sandbox: {sandbox.url}\nAPI key: {shown}\nGet a token: {command}\n"


def _is_hidden(options: argparse.Namespace) -> bool:
    """Whether the user keeps the key out of sight: in a file or the environment."""
    if options.api_key is not None:
        return False
    return options.api_key_file is not None or _KEY_VARIABLE in os.environ


def _api_key(options: argparse.Namespace) -> str | None:
    """Return the key of the flags or the environment, None where the database keeps one."""
    key: str | None = os.environ.get(_KEY_VARIABLE)
    if options.api_key is not None:
        key = options.api_key
    elif options.api_key_file is not None:
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


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        problem, unknown, words = message.partition("unrecognized arguments: ")
        if unknown:  # what stands behind a misspelt flag may be a key
            flags = [word.partition("=")[0] for word in words.split() if word.startswith("-")]
            message = f"{problem}unknown: {' '.join(flags) or 'a word without a flag'}"
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="heidi-sandbox",
        description="A reference server of the Heidi Sessions API.",
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    serve = commands.add_parser("serve", help="run the server", allow_abbrev=False)
    serve.add_argument(
        "--host", type=_host, default="127.0.0.1", help="address to listen on (%(default)s)"
    )
    serve.add_argument(
        "--port", type=_port, default=8080, help="port to listen on, 0 for a free one (%(default)s)"
    )
    serve.add_argument(
        "--database-url",
        metavar="URL",
        default="sqlite:///heidi-sandbox.db",
        help="sqlite:///FILE or sqlite:///:memory: (%(default)s)",
    )
    keys = serve.add_mutually_exclusive_group()
    keys.add_argument(
        "--api-key",
        metavar="KEY",
        help="the key that buys tokens; everybody on this machine can see it in the process list, "
        "so use it for throwaway keys",
    )
    keys.add_argument(
        "--api-key-file",
        metavar="FILE",
        help=f"read the key from a file; the environment variable {_KEY_VARIABLE} works as well, "
        "and without any of them the key is made at first start and kept in the database",
    )
    serve.add_argument(
        "--token-lifetime",
        metavar="SECONDS",
        type=_lifetime,
        default=DEFAULT_TOKEN_LIFETIME,
        help="seconds until a token expires (%(default)s)",
    )
    serve.add_argument(
        "--access-log",
        action="store_true",
        help="log each request to stderr: its operation and status, nothing that was sent",
    )
    serve.set_defaults(run=_serve)
    add_maintenance(commands.add_parser)
    return parser


def _host(text: str) -> str:
    if not text:
        raise argparse.ArgumentTypeError("must be an address, such as 127.0.0.1")
    return text


def _port(text: str) -> int:
    return whole_number(text, 0, 65535)


def _lifetime(text: str) -> int:
    return whole_number(text, 1, _LONGEST_LIFETIME)


if __name__ == "__main__":
    main()
