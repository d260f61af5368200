"""heidi-conformance client: the options, and a run from the command line."""

import argparse
import os
import shlex
from collections.abc import Collection, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from rich.console import Console

from heidi_conformance import _commands, _terminal
from heidi_conformance._access import base_url, credential, permit
from heidi_conformance._verdict import CannotJudgeError
from heidi_conformance.evidence import _baseline
from heidi_conformance.run._shards import WHOLE

from ._observe import Observation, observe
from ._report import LEVELS, known
from ._run import JOBS, Plan, judge_client
from ._trial import PATIENCE
from ._watch import WATCHES
from .scenarios import SCENARIOS

ABOUT = """Judge a client of this API. COMMAND starts a driver, a small program that reads steps
from its standard input, has the client do them, and writes what it got to its standard output; see
the guide "Testing your integration". Exit codes: 0 it conforms, 1 there are findings, 2 it could
not be judged."""


def add_to(commands: Any, number: Any) -> None:
    """Add the command to the command line."""
    client: argparse.ArgumentParser = commands.add_parser(
        "client",
        help="judge a client",
        usage="%(prog)s [OPTIONS] -- COMMAND...",
        description=ABOUT,
        allow_abbrev=False,
    )
    client.add_argument("program", nargs="*", metavar="COMMAND", help="starts the driver")
    client.add_argument(
        "--level",
        choices=LEVELS,
        default="practice",
        help="judge it by the vendor's page, by the whole contract, or by good practice as well "
        "(default: practice)",
    )
    client.add_argument(
        "--scenario",
        action="append",
        metavar="ID",
        default=[],
        help="put only this scenario to the client; may be repeated",
    )
    client.add_argument(
        "--list", action="store_true", help="print each scenario with its level, and do nothing"
    )
    client.add_argument(
        "--upstream",
        metavar="URL",
        default="",
        help="the server to pass requests on to, with the key of HEIDI_API_KEY "
        "(default: a sandbox of its own)",
    )
    client.add_argument(
        "--allow-writes",
        action="store_true",
        help="create sessions on a host other than this one; the API cannot delete them",
    )
    client.add_argument(
        "--observe",
        action="store_true",
        help="drive nothing: serve, while COMMAND or a person uses the client, and judge what it "
        "requests",
    )
    client.add_argument(
        "--port",
        type=number,
        metavar="N",
        default=0,
        help="with --observe: where to listen (default: any free port)",
    )
    client.add_argument(
        "--seconds",
        type=number,
        metavar="N",
        help="with --observe: how long (default: until COMMAND ends, or Ctrl-C)",
    )
    client.add_argument(
        "--patience",
        type=number,
        metavar="SECONDS",
        default=int(PATIENCE),
        help="how long a step may take (default: %(default)s)",
    )
    client.add_argument(
        "--jobs",
        type=number,
        metavar="N",
        default=JOBS,
        help="how many scenarios go on at the same time (default: %(default)s)",
    )
    client.add_argument(
        "--report",
        type=Path,
        metavar="DIR",
        default=_commands.FOLDERS["client"],
        help="where report.json, report.html, report.sarif and junit.xml go (default: %(default)s)",
    )
    _commands.add_shard(client)
    _commands.add_demands(client)


def run(arguments: argparse.Namespace) -> int:
    """Judge, report and summarise; return the exit code. Raises CannotJudgeError."""
    level = arguments.level
    if arguments.list:
        for item in (*SCENARIOS, *WATCHES):
            if known(item.id, level):
                print(f"{item.id:24} {item.level:10} {item.words}")
        return 0
    old = _baseline.baseline(arguments.baseline, level)
    url, key = upstream(arguments)
    command = tuple(arguments.program)
    console = Console(stderr=True)
    if arguments.observe:
        watch = Observation(command, level, url, key, arguments.port, arguments.seconds)
        verdict = observe(watch, lambda variables: greet(variables, ends=bool(command)))
    else:
        only = scenarios(arguments.scenario)
        if not command:
            raise CannotJudgeError("no driver; give the command that starts it behind --")
        patience, jobs = float(arguments.patience), arguments.jobs
        plan = Plan(command, level, only, url, key, patience, jobs, arguments.shard or WHOLE)
        with _terminal.progress(console) as on_progress:
            verdict = judge_client(plan, on_progress)
    return _commands.conclude(arguments, verdict, old, arguments.report)


def greet(variables: Mapping[str, str], *, ends: bool) -> None:
    """Say how the client that is observed is to be set."""
    if not ends:
        print("Use the client with these settings, and press Ctrl-C when you are done:")
        for name, text in variables.items():
            print(f"export {name}={shlex.quote(text)}", flush=True)


def upstream(arguments: argparse.Namespace) -> tuple[str, str]:
    """Return URL and key of the server behind; both are empty for a new sandbox."""
    if not arguments.upstream:
        return "", ""
    url = base_url(arguments.upstream)
    instead = "--allow-writes if that is fine"
    permit(url, "sessions", allowed=arguments.allow_writes, instead=instead)
    return url, credential(os.environ.get("HEIDI_API_KEY", ""), "HEIDI_API_KEY")


def scenarios(names: Collection[str]) -> frozenset[str]:
    """Return the ids of scenarios. Raises CannotJudgeError if one is unknown."""
    known = [item.id for item in SCENARIOS]
    for name in names:
        if name not in known:
            close = get_close_matches(name, known, n=1)
            meant = f"did you mean {close[0]}? " if close else ""
            reason = f"{name[:40]!r} is not a scenario"
            raise CannotJudgeError(f"{reason}; {meant}--list prints them all")
    return frozenset(names)
