"""heidi-conformance: judge a server from the command line."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from rich.console import Console

from . import _access, _terminal
from ._judge import judge
from ._reports import write_reports
from ._settings import BUDGET, EXAMPLES, SEED
from ._verdict import CannotJudgeError, Verdict

CONFORMS, FINDINGS, COULD_NOT_RUN = 0, 1, 2
PROGRAM = "heidi-conformance"
SECRETS = {"--token": "HEIDI_TOKEN", "--api-key": "HEIDI_API_KEY"}


class Parser(argparse.ArgumentParser):
    """Answers a wrong flag with one line."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and where help is; a stray word may be a secret and is not said."""
        problem, unknown, words = message.partition("unrecognized arguments: ")
        if unknown:
            flags = [word.partition("=")[0] for word in words.split() if word.startswith("-")]
            message = f"{problem}unknown: {', '.join(flags) or 'an argument too many'}"
        raise CannotJudgeError(f"{message}; see {self.prog} --help")


def parser() -> argparse.ArgumentParser:
    """Return what the command line takes."""
    about = "Judge a server of the Heidi Sessions API."
    root = Parser(prog=PROGRAM, description=about, allow_abbrev=False)
    commands = root.add_subparsers(dest="command", required=True)
    run = commands.add_parser(
        "run",
        help="judge one server",
        description="Exit codes: 0 it conforms, 1 there are findings, 2 it could not be judged.",
        allow_abbrev=False,
    )
    run.add_argument("url", metavar="URL", help="the base URL of the API, with its path")
    run.add_argument(
        "--level",
        choices=("documented", "strict"),
        default="documented",
        help="hold it to the vendor's page, or to all of the contract (default: documented)",
    )
    secrets = run.add_mutually_exclusive_group()
    secrets.add_argument("--token", help="the token of the user to run as (better: HEIDI_TOKEN)")
    secrets.add_argument(
        "--api-key", metavar="K", help="mint a token with this key (better: HEIDI_API_KEY)"
    )
    run.add_argument(
        "--report",
        type=Path,
        metavar="DIR",
        default=Path("reports/conformance"),
        help="where report.json and junit.xml go (default: reports/conformance)",
    )
    run.add_argument("--seed", type=whole, metavar="N", default=SEED, help="default: %(default)s")
    run.add_argument(
        "--max-examples",
        type=positive,
        metavar="N",
        default=EXAMPLES,
        help="how many requests to invent for each operation (default: %(default)s)",
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
    return root


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


def run(arguments: argparse.Namespace) -> Verdict:
    """Judge, report and summarise."""
    url = _access.base_url(arguments.url)
    if not arguments.allow_writes and not _access.is_loopback(url):
        raise CannotJudgeError(
            f"{_access.target(url)} is another machine, a run creates about "
            f"{3 * arguments.max_examples} sessions there, and the API cannot delete them; "
            "add --allow-writes if that is fine"
        )
    token = credential(url, arguments)
    with _terminal.progress(Console(stderr=True)) as on_progress:
        verdict = judge(
            url,
            level=arguments.level,
            token=token,
            seed=arguments.seed,
            max_examples=arguments.max_examples,
            time_budget=arguments.time_budget,
            on_progress=on_progress,
        )
    _terminal.summarise(Console(), verdict, write_reports(verdict, arguments.report))
    return verdict


def credential(url: str, arguments: argparse.Namespace) -> str:
    """Return the token given or a minted one; a flag comes before the environment."""
    given = {"--token": arguments.token, "--api-key": arguments.api_key}
    if not any(given.values()):
        given = {name: os.environ.get(variable) for name, variable in SECRETS.items()}
    if given["--token"]:
        return _access.credential(given["--token"], "the token")
    if given["--api-key"]:
        return _access.mint(url, _access.credential(given["--api-key"], "the key"))
    raise CannotJudgeError(
        "there is no token; set HEIDI_TOKEN, or HEIDI_API_KEY to mint one, "
        "or give --token or --api-key"
    )


def out_of_sight(command: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """Return a command without the secrets in it, and the variables that carry them instead."""
    left: list[str] = []
    variables: dict[str, str] = {}
    words = iter(command)
    for word in words:
        flag, equals, value = word.partition("=")
        if flag in SECRETS and (equals or (value := next(words, ""))):
            variables[SECRETS[flag]] = value
        else:
            left.append(word)
    return left, variables


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code."""
    command, secrets = out_of_sight(sys.orig_argv)
    if argv is None and len(secrets) == 1:
        # Everybody on the machine can read the arguments of a process, and nobody its environment.
        others = {name: value for name, value in os.environ.items() if name not in SECRETS.values()}
        os.execve(sys.executable, command, others | secrets)  # noqa: S606  # this same program
    try:
        verdict = run(parser().parse_args(argv))
    except CannotJudgeError as error:
        reason = str(error)
    except KeyboardInterrupt:
        reason = "interrupted; no report was written"
    except Exception as error:  # noqa: BLE001  # no answer of a server may end in a traceback
        reason = f"the judge failed ({type(error).__name__}); this is a defect of the judge"
    else:
        return CONFORMS if verdict.conforms else FINDINGS
    print(f"{PROGRAM}: {' '.join(reason.split())}", file=sys.stderr)
    return COULD_NOT_RUN


if __name__ == "__main__":
    sys.exit(main())
