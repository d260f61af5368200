"""heidi-conformance client: the options, and a run from the command line."""

import argparse
import os
from pathlib import Path
from typing import Any

from rich.console import Console

from heidi_conformance import _baseline, _terminal
from heidi_conformance._access import base_url, credential, is_loopback, target
from heidi_conformance._verdict import CannotJudgeError
from heidi_conformance.reports import write_reports

from ._run import JOBS, LEVELS, Plan, judge_client
from ._trial import PATIENCE
from .scenarios import SCENARIOS

ABOUT = """Judge a client of this API. COMMAND starts a driver, a small program that reads steps
from its standard input, has the client do them, and writes what it got to its standard output; see
the guide "Testing your integration". Exit codes: 0 it conforms, 1 there are findings, 2 it could
not be judged."""


def add_to(commands: Any, number: Any) -> argparse.ArgumentParser:
    """Add the command to the command line, and return it."""
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
        help="what to hold it to: the vendor's page, all of the contract, or what the field holds "
        "right as well (default: practice)",
    )
    client.add_argument(
        "--scenario",
        action="append",
        metavar="ID",
        default=[],
        help="put only this scenario to the client; may be repeated",
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
        default=Path("reports/client"),
        help="where report.json, report.html, report.sarif and junit.xml go "
        "(default: reports/client)",
    )
    return client


def run(arguments: argparse.Namespace, conclude: Any) -> int:
    """Judge, report and summarise; return the exit code. Raises CannotJudgeError."""
    plan = plan_of(arguments)
    old = _baseline.baseline(arguments.baseline, plan.level) if arguments.baseline else None
    with _terminal.progress(Console(stderr=True)) as on_progress:
        verdict = judge_client(plan, on_progress)

    def write(*said: Any) -> tuple[Path, ...]:
        return write_reports(said[0], arguments.report, said[1])

    return int(conclude(verdict, old, write, complete=arguments.complete))


def plan_of(arguments: argparse.Namespace) -> Plan:
    """Return what a run is to do. Raises CannotJudgeError."""
    if not arguments.program:
        raise CannotJudgeError("no driver; give the command that starts it behind --")
    key = ""
    if arguments.upstream:
        url = base_url(arguments.upstream)
        if not arguments.allow_writes and not is_loopback(url):
            raise CannotJudgeError(
                f"{target(url)} is another machine, a run creates sessions there, and the API "
                "cannot delete them; add --allow-writes if that is fine"
            )
        key = credential(os.environ.get("HEIDI_API_KEY", ""), "HEIDI_API_KEY")
    known = [item.id for item in SCENARIOS]
    for name in arguments.scenario:
        if name not in known:
            raise CannotJudgeError(f"{name[:40]!r} is no scenario; they are {', '.join(known)}")
    return Plan(
        tuple(arguments.program),
        arguments.level,
        frozenset(arguments.scenario),
        arguments.upstream,
        key,
        float(arguments.patience),
        arguments.jobs,
    )
