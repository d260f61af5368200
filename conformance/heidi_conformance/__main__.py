"""heidi-conformance: judge a server or a client from the command line."""

import argparse
import os
import re
import signal
import sys
import time
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from importlib.metadata import version
from pathlib import Path
from typing import Any, NoReturn

from rich.console import Console

from . import _commands, _credentials, _terminal
from ._access import Client
from ._credentials import SECRETS, credentials, moved
from ._judge import judge
from ._settings import BUDGET, EXAMPLES, SEED, SESSIONS
from ._verdict import CannotJudgeError
from ._wire import Wire
from .client import _command as _client
from .evidence import _baseline

PROGRAM = "heidi-conformance"
_CHOICE = re.compile(r"invalid choice: '(.*)' \(choose from (.*)\)")


class Parser(argparse.ArgumentParser):
    """Says in one line what is wrong with the arguments."""

    def parse_known_args(self, *arguments: Any, **named: Any) -> Any:
        """Parse arguments; what is unknown is an error, and a stray word may be a secret."""
        parsed, rest = super().parse_known_args(*arguments, **named)
        if rest:
            flags = [word.partition("=")[0] for word in rest if word.startswith("-")]
            unknown = ", ".join(flags) or "an argument too many"
            self.error(f"unknown: {unknown}{meant(flags, self._option_string_actions)}")
        return parsed, rest

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and where help is."""
        wrong = _CHOICE.search(message)
        if wrong is not None:
            message += meant([wrong[1]], re.findall(r"[\w-]+", wrong[2]))
        raise CannotJudgeError(f"{message}; see {self.prog} --help")


def meant(words: Sequence[str], known: Iterable[str]) -> str:
    """Ask whether another word was meant; nothing where none is close."""
    found = [close for word in words for close in get_close_matches(word, known, n=1)]
    return f"; did you mean {found[0]}?" if found else ""


def parser() -> argparse.ArgumentParser:
    """Return what the command line takes."""
    about = "Judge a server or a client of the Heidi Sessions API."
    root = Parser(prog=PROGRAM, description=about, allow_abbrev=False)
    root.add_argument(
        "--version", action="version", version=f"%(prog)s {version('heidi-sessions')}"
    )
    commands = root.add_subparsers(dest="command", required=True)
    run = commands.add_parser(
        "run",
        help="judge one server",
        description=_commands.CODES % ("it conforms", "it could not be judged"),
        allow_abbrev=False,
    )
    run.add_argument("url", metavar="URL", help="the base URL of the API, with its path")
    run.add_argument(
        "--level",
        choices=("documented", "strict"),
        default="documented",
        help="hold it to the vendor's page, or to all of the contract (default: documented)",
    )
    run.add_argument(
        "--documents",
        metavar="DIR",
        type=too_late,
        help="judge by base.yaml and strict.yaml of this folder (default: those of this release)",
    )
    _credentials.add_to(run)
    run.add_argument(
        "--rules-only", action="store_true", help="leave out the requests that are made at random"
    )
    run.add_argument(
        "--read-only", action="store_true", help="send nothing but GET, and create no session"
    )
    run.add_argument(
        "--rule",
        action="append",
        metavar="ID",
        default=[],
        help="put only this rule to the server; may be repeated",
    )
    run.add_argument(
        "--max-sessions",
        type=positive,
        metavar="N",
        default=SESSIONS,
        help="create at most this many sessions (default: %(default)s)",
    )
    run.add_argument(
        "--report",
        type=Path,
        metavar="DIR",
        default=_commands.FOLDERS["server"],
        help="where report.json, report.html, report.sarif and junit.xml go "
        "(default: reports/conformance)",
    )
    run.add_argument("--seed", type=whole, metavar="N", default=SEED, help="default: %(default)s")
    run.add_argument(
        "--max-examples",
        type=positive,
        metavar="N",
        default=EXAMPLES,
        help="how many requests to generate for each operation (default: %(default)s)",
    )
    run.add_argument(
        "--time-budget",
        type=positive,
        metavar="SECONDS",
        default=BUDGET,
        help="cut the run short after this long (default: 300)",
    )
    run.add_argument(
        "--allow-writes",
        action="store_true",
        help="create sessions on a host other than this one; the API cannot delete them",
    )
    run.add_argument(
        "--proxy",
        metavar="URL",
        default="",
        help="send everything through this HTTP proxy; none is used otherwise",
    )
    run.add_argument(
        "--ca-file", metavar="FILE", default="", help="certificates to trust besides the usual ones"
    )
    _commands.add_to(commands, run, positive)
    _client.add_to(commands, positive)
    return root


def too_late(_: str) -> str:
    """Refuse a folder of documents that did not come from the environment: others were read."""
    raise argparse.ArgumentTypeError(
        f"set the environment variable {DOCUMENTS} before importing heidi_conformance"
    )


def whole(text: str) -> int:
    """Read a number that is 0 or more."""
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is not a whole number")
    return int(text)


def positive(text: str) -> int:
    """Read a number that is 1 or more."""
    if not (number := whole(text)):
        raise argparse.ArgumentTypeError("it must be at least 1")
    return number


def run(arguments: argparse.Namespace) -> int:
    """Judge, report and summarise; return the exit code."""
    ends = time.monotonic() + (arguments.time_budget or BUDGET)
    way = _commands.permitted(arguments)
    old = _baseline.baseline(arguments.baseline, arguments.level)
    lane = arguments.shard.number if arguments.shard else 1
    with Wire(way, ends) as wire:
        client = Client(wire)
        tokens = credentials(client, _commands.flags(arguments), lane)
    given = _commands.settings(arguments, tokens, client.issued)
    # Tokens have taken some of the time.
    given["time_budget"] = max(1.0, ends - time.monotonic())
    with _terminal.progress(Console(stderr=True)) as on_progress:
        verdict = judge(way.url, **given, shard=arguments.shard, on_progress=on_progress)
    return _commands.conclude(arguments, verdict, old, arguments.report)


# What a process takes from its environment: secrets, and where the documents are.
DOCUMENTS = "HEIDI_DOCUMENTS"
CARRIED = {**{flag: moved(flag) for flag in SECRETS}, "--documents": DOCUMENTS}
COMMANDS = {
    "run": run,
    "merge": _commands.run_merge,
    "campaign": _commands.run_campaign,
    "client": _client.run,
}


def out_of_sight(command: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """Return a command without what is read before it runs, and the variables that carry that."""
    left: list[str] = []
    variables: dict[str, str] = {}
    words = iter(command)
    for word in words:
        if word == "--":  # what follows is another program
            return [*left, word, *words], variables
        flag, equals, value = word.partition("=")
        if flag in CARRIED and (equals or (value := next(words, ""))):
            variables[CARRIED[flag]] = value
        else:
            left.append(word)
    return left, variables


def end(*_: object) -> NoReturn:
    """Close what was opened: other processes would go on without this one."""
    # What is only half open cannot be closed, and says so at length.
    sys.unraisablehook = lambda _: None
    raise KeyboardInterrupt


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code."""
    command, secrets = out_of_sight(sys.orig_argv)
    if argv is None and secrets:
        # Other users of the machine can read the arguments of a process, but not its environment.
        # The documents were read before the arguments.
        os.execve(sys.executable, command, {**os.environ, **secrets})  # noqa: S606  # this program
    if argv is None:
        signal.signal(signal.SIGTERM, end)
    try:
        arguments = parser().parse_args(argv)
        return COMMANDS[arguments.command](arguments)
    except CannotJudgeError as error:
        reason = str(error)
    except KeyboardInterrupt:
        reason = "interrupted; no report was written"
    except Exception as error:  # noqa: BLE001  # no response of a server may end in a traceback
        reason = f"the judge failed ({type(error).__name__}); this is a defect of the judge"
    print(f"{PROGRAM}: {' '.join(reason.split())}", file=sys.stderr)
    return _commands.COULD_NOT_RUN


if __name__ == "__main__":
    sys.exit(main())
