"""What the commands of heidi-conformance share, and those beside `run`."""

import argparse
import os
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console

from . import _access, _credentials, _terminal
from ._settings import BUDGET, Issued
from ._verdict import Verdict
from ._wire import Way, Wire
from .campaign._merge import merge
from .evidence import _baseline
from .reports import write_json, write_reports
from .run._shards import Shard

Number = Callable[[str], int]
CONFORMS, FINDINGS, COULD_NOT_RUN = 0, 1, 2
FOLDERS = {"server": Path("reports/conformance"), "client": Path("reports/client")}
CODES = "Exit codes: 0 %s, 1 there are findings, 2 %s."


def add_to(commands: Any, run: argparse.ArgumentParser, number: Number) -> None:
    """Add `campaign`, which takes all that `run` takes, and `merge`."""
    add_demands(run)
    campaign = commands.add_parser(
        "campaign",
        parents=[run],
        add_help=False,
        help="judge one server from many processes",
        description="Run the shards of a campaign on a Dask cluster, and join their reports. "
        + CODES % ("it conforms", "it could not be judged"),
        allow_abbrev=False,
    )
    campaign.set_defaults(time_budget=None)
    campaign.add_argument(
        "--shards",
        type=number,
        metavar="N",
        default=os.cpu_count() or 1,
        help="parts to make of the rules (default: one for each core)",
    )
    campaign.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="a Dask cluster that runs already, tls://host:port (default: one on this machine)",
    )
    campaign.add_argument(
        "--requests",
        type=number,
        metavar="MAX",
        help="continue with other seeds until MAX requests were sent, or --time-budget is over",
    )
    add_shard(run)
    join = commands.add_parser(
        "merge",
        help="join the reports of shards",
        description="Join reports about one server, or one client, at one level. "
        + CODES % ("it conforms", "they cannot be joined"),
        allow_abbrev=False,
    )
    join.add_argument("files", nargs="+", type=Path, metavar="REPORT.json")
    join.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="write the JSON report here"
    )
    join.add_argument(
        "--report",
        type=Path,
        metavar="DIR",
        help="write all reports here (default: reports/conformance, or reports/client of a client, "
        "unless there is -o)",
    )
    add_demands(join)


def add_shard(command: argparse.ArgumentParser) -> None:
    """Add what splits a run."""
    command.add_argument(
        "--shard",
        type=shard,
        metavar="K/N",
        help="run the K-th of N parts only; `merge` joins their reports",
    )


def add_demands(command: argparse.ArgumentParser) -> None:
    """Add what decides on the exit code."""
    command.add_argument(
        "--complete",
        action="store_true",
        help="exit with 2 if there are no findings but something could not be judged",
    )
    command.add_argument(
        "--baseline",
        type=Path,
        metavar="OLD.json",
        help="mark new and fixed findings since this report; only new ones give exit code 1",
    )


# Of `judge`, under the same name on the command line.
OPTIONS = "level seed max_examples max_sessions rules_only read_only proxy ca_file".split()


def shard(text: str) -> Shard:
    """Read K/N."""
    try:
        return Shard.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def permitted(arguments: argparse.Namespace) -> Way:
    """Return the way to the server. Raises CannotJudgeError if writing is not allowed there."""
    url = _access.base_url(arguments.url)
    _access.permit(
        url,
        f"up to {arguments.max_sessions} sessions",
        allowed=arguments.read_only or arguments.allow_writes,
        instead="--allow-writes if that is fine, or --read-only",
    )
    return Way(url, _access.proxy_url(arguments.proxy), arguments.ca_file)


def flags(arguments: argparse.Namespace) -> dict[str, str | None]:
    """Return the secrets on the command line, by flag."""
    return {flag: getattr(arguments, _credentials.option(flag)) for flag in _credentials.SECRETS}


def settings(
    arguments: argparse.Namespace, tokens: Mapping[str, str], issued: Mapping[str, Issued]
) -> dict[str, Any]:
    """Return what `judge` is to do, but for the address."""
    return {
        **{name: getattr(arguments, name) for name in OPTIONS},
        **_credentials.options(tokens, issued),
        "time_budget": arguments.time_budget or BUDGET,
        "rules": arguments.rule,
    }


def conclude(
    arguments: argparse.Namespace,
    verdict: Verdict,
    old: Verdict | None,
    folder: Path | None,
    file: Path | None = None,
) -> int:
    """Report and summarise; return the exit code: of findings, only those new since the baseline.

    old: the baseline. folder: of all reports. file: of the one in JSON alone.
    """
    comparison = _baseline.compare(old, verdict) if old else None
    paths: tuple[Path, ...] = (write_json(file, verdict, comparison),) if file else ()
    paths += write_reports(verdict, folder, comparison) if folder else ()
    _terminal.summarise(Console(), verdict, paths, comparison)
    if comparison.new if comparison else verdict.findings:
        return FINDINGS
    return COULD_NOT_RUN if arguments.complete and verdict.gaps else CONFORMS


def run_merge(arguments: argparse.Namespace) -> int:
    """Join reports."""
    joined = merge(map(_baseline.load, arguments.files))
    folder: Path | None = arguments.report
    if folder is None and arguments.output is None:
        folder = FOLDERS[joined.subject]

    old = _baseline.baseline(arguments.baseline, joined.level)
    return conclude(arguments, joined, old, folder, arguments.output)


def run_campaign(arguments: argparse.Namespace) -> int:
    """Run shards on a cluster."""
    from .campaign._cluster import Cluster  # noqa: PLC0415  # it needs an extra that no other command needs
    from .campaign._rounds import Budget, Rounds, Task  # noqa: PLC0415

    way = permitted(arguments)
    old = _baseline.baseline(arguments.baseline, arguments.level)
    given = flags(arguments)
    most = arguments.shards if _credentials.can_mint(given) else 1
    console = Console(stderr=True)
    if most < arguments.shards:
        console.print(
            "one token means one user: shards run one at a time; "
            "give --api-key to run them in parallel"
        )
    with Cluster(arguments.scheduler, most) as cluster:
        with Wire(way) as wire:
            client = _access.Client(wire)
            lanes = range(1, cluster.lanes + 1)
            tokens = [_credentials.credentials(client, given, lane) for lane in lanes]
        random = not (arguments.rules_only or arguments.read_only or arguments.rule)
        budget = Budget(
            arguments.requests,
            arguments.time_budget,
            arguments.max_sessions,
            extra=random and bool(arguments.requests or arguments.time_budget),
        )
        tasks = [Task(way.url, settings(arguments, item, client.issued)) for item in tokens]
        write = partial(write_reports, folder=arguments.report)
        rounds = Rounds(cluster, tasks, arguments.shards, budget, write)
        with _terminal.progress(console) as on_progress:
            verdict = rounds.run(on_progress)
    return conclude(arguments, verdict, old, arguments.report)
