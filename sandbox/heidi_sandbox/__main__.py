"""The command line: `heidi-sandbox serve`, and the commands of `_maintenance`."""

import argparse
import logging
import re
import shlex
import socket
import sys
import textwrap
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

from heidi_sandbox._arguments import (
    add_address_arguments,
    add_database_arguments,
    add_key_argument,
    api_key,
    database_url,
    whole_number,
)
from heidi_sandbox._chaos import GRAMMAR, SCENARIOS
from heidi_sandbox._document import load_document
from heidi_sandbox._environment import add_environment, env_command, export
from heidi_sandbox._errors import CannotServeError, StoreUnavailableError
from heidi_sandbox._maintenance import add_maintenance, counted
from heidi_sandbox._process import Stops, end_process, keep_memory, say, set_up_process
from heidi_sandbox._server import (
    DEFAULT_TOKEN_LIFETIME,
    WILDCARDS,
    Sandbox,
    Settings,
    base_url_of,
    serving_with,
)
from heidi_sandbox._site import token_command
from heidi_sandbox._store import MEMORY
from heidi_sandbox._transfer import Imported
from heidi_sandbox._workers import Workers, workers

_LONGEST_LIFETIME = 100 * 365 * 24 * 60 * 60  # seconds
_MOST_WORKERS = 64
_RATE = re.compile(r"0(\.[0-9]{1,9})?|1(\.0{1,9})?", re.ASCII)
_SQLITE = "sqlite:"
_CHOICE = re.compile(r"invalid choice: '(.*)' \(choose from (.*)\)")
_NO_LOG = logging.NullHandler()


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit: 0 when stopped, 2 when it could not run."""
    options = _parser().parse_args(arguments)
    # A command says in its one line what a server logs.
    logging.getLogger("heidi_sandbox").addHandler(_NO_LOG)
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
    settings = _settings(options)
    set_up_process(settings.limits, access_log=settings.access_log)
    stops = Stops()
    alone = options.workers == 1
    with (
        serving_with(settings, options.port)
        if alone
        else workers(settings, options.port, options.workers)
    ) as sandbox:
        sandbox.when_ended(stops.end)
        keep_memory()
        say(_greeting(sandbox, options, show_key=settings.api_key is None))
        say(_imported(sandbox.imported, settings.import_file))
        if options.scenario is not None:
            say(f"Scenario {options.scenario}: {SCENARIOS[options.scenario].text}.\n")
        asked = stops.wait()
    if sandbox.exported is not None:
        say(f"Exported {counted(sandbox.exported)} to {settings.export_file}.\n")
    if not asked:
        raise CannotServeError("the server ended by itself; its log says why")
    if alone:
        end_process()


def _settings(options: argparse.Namespace) -> Settings:
    url = database_url(options)
    if options.workers > 1 and url.startswith(_SQLITE):
        raise CannotServeError(
            "--workers: a SQLite database has one process; name one, or a PostgreSQL database"
        )
    if options.scenario and options.chaos_rate:
        raise CannotServeError("--scenario and --chaos-rate: one of them decides what goes wrong")
    if not options.chaos and (options.chaos_rate or options.chaos_seed is not None):
        raise CannotServeError("--chaos-rate and --chaos-seed need --chaos")
    return Settings(
        database_url=url,
        host=options.host,
        api_key=api_key(options),
        token_lifetime=options.token_lifetime,
        chaos=options.chaos,
        chaos_rate=options.chaos_rate,
        chaos_seed=options.chaos_seed,
        scenario=options.scenario,
        access_log=options.access_log,
        import_file=options.import_file,
        export_file=options.export_on_exit,
    )


def _greeting(sandbox: Sandbox | Workers, options: argparse.Namespace, *, show_key: bool) -> str:
    key = shlex.quote(sandbox.api_key) if show_key else "YOUR-KEY"
    document = load_document()
    shown = sandbox.api_key if show_key else "the one you gave"
    given = sandbox.api_key if show_key else None
    print_it = "prints it again" if show_key else "prints it with the key"
    again = f"; {env_command(sandbox.url, options)} {print_it}"
    if show_key and database_url(options) == MEMORY:  # which no other process can read
        again = ""
    lines = [
        f"Heidi sandbox: {sandbox.url}",
        f"API key: {shown}",
        f"Get a token: {token_command(document, sandbox.url, key)}",
        f"For a client, in its shell{again}:",
        export(document, sandbox.url, given),
    ]
    if options.host in WILDCARDS:
        there = base_url_of(document, socket.gethostname(), urlsplit(sandbox.url).port or 0)
        lines.append("For a client on another machine, where this one is known by that name:")
        lines.append(export(document, there, given))
    if document.without_semantics:
        names = ", ".join(document.without_semantics)
        lines.append(f"served from an example: {names} (no x-semantics)")
    return "\n".join((*lines, ""))


def _imported(imported: Imported | None, file: Path | None) -> str:
    if imported is None:
        return ""
    there = f"; {imported.kept:,} were there already, and stay as they are" if imported.kept else ""
    return f"Imported {counted(imported.added)} from {file}{there}.\n"


class _Parser(argparse.ArgumentParser):
    def parse_known_args(self, *arguments: Any, **named: Any) -> Any:
        parsed, rest = super().parse_known_args(*arguments, **named)
        if rest:  # what is behind a misspelt flag may be a key
            flags = [word.partition("=")[0] for word in rest if word.startswith("-")]
            unknown = " ".join(flags) or "a word without a flag"
            self.error(f"unknown: {unknown}{_meant(flags, self._option_string_actions)}")
        return parsed, rest

    def error(self, message: str) -> NoReturn:
        wrong = _CHOICE.search(message)
        if wrong is not None:
            message += _meant([wrong[1]], re.findall(r"[\w-]+", wrong[2]))
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")


def _meant(words: Sequence[str], known: Iterable[str]) -> str:
    found = [close for word in words for close in get_close_matches(word, known, n=1)]
    return f"; did you mean {found[0]}?" if found else ""


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="heidi-sandbox",
        description="A reference server of the Heidi Sessions API.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--version", action="version", version=f"%(prog)s {version('heidi-sessions')}"
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    serve = commands.add_parser(
        "serve",
        help="run the server",
        description="Run the server until it is told to stop by Ctrl-C, SIGTERM or SIGHUP.",
        epilog=f"{_scenarios()}\nWith --chaos, faults on demand.\n\n{GRAMMAR}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    serve.set_defaults(run=_serve)
    _add_server_flags(serve)
    add_database_arguments(serve)
    add_key_argument(serve)
    _add_file_flags(serve)
    _add_chaos_flags(serve)
    add_environment(commands.add_parser)
    add_maintenance(commands.add_parser)
    return parser


def _scenarios() -> str:
    """Return what each scenario does, a paragraph of its own width for each."""
    lines = ["With --scenario NAME, one of these happens to the requests of every caller:", ""]
    for name, one in SCENARIOS.items():
        text = textwrap.wrap(one.text, 58)
        lines += [f"    {name:<18}{text[0]}", *(" " * 22 + more for more in text[1:])]
    return "\n".join((*lines, ""))


def _add_server_flags(serve: argparse.ArgumentParser) -> None:
    add_address_arguments(serve, least_port=0)
    serve.add_argument(
        "--workers",
        metavar="N",
        type=partial(whole_number, least=1, most=_MOST_WORKERS),
        default=1,
        help="how many processes share the work; more than one needs PostgreSQL (%(default)s)",
    )
    serve.add_argument(
        "--token-lifetime",
        metavar="SECONDS",
        type=partial(whole_number, least=1, most=_LONGEST_LIFETIME),
        default=DEFAULT_TOKEN_LIFETIME,
        help="seconds until a token expires (%(default)s)",
    )
    serve.add_argument(
        "--access-log",
        action="store_true",
        help="log each request to stderr: its operation, status and time, nothing that was sent",
    )


def _add_file_flags(serve: argparse.ArgumentParser) -> None:
    serve.add_argument(
        "--import",
        dest="import_file",
        metavar="FILE",
        type=Path,
        help="first add the users and sessions of a file that --export-on-exit or a person wrote; "
        "those that are there already stay as they are",
    )
    serve.add_argument(
        "--export-on-exit",
        metavar="FILE",
        type=Path,
        help="when stopped, write every user and session to a file; it may be that of --import",
    )


def _add_chaos_flags(serve: argparse.ArgumentParser) -> None:
    serve.add_argument(
        "--scenario",
        metavar="NAME",
        choices=[*SCENARIOS],
        help=f"let requests fail as servers do, see below; one of {', '.join(SCENARIOS)}",
    )
    serve.add_argument(
        "--chaos",
        action="store_true",
        help="let requests ask for faults with the header Heidi-Sandbox-Chaos, see below",
    )
    serve.add_argument(
        "--chaos-rate",
        metavar="RATE",
        type=_rate,
        default=0,
        help="with --chaos: how likely a fault is where none is asked for, 0 to 1 (%(default)s)",
    )
    serve.add_argument(
        "--chaos-seed",
        metavar="SEED",
        type=partial(whole_number, least=0, most=2**63 - 1),
        help="with --chaos-rate: the same seed gives the same faults in the same order",
    )


def _rate(text: str) -> float:
    if _RATE.fullmatch(text) is None:
        raise argparse.ArgumentTypeError("must be a number from 0 to 1, such as 0.1")
    return float(text)


if __name__ == "__main__":
    main()
