"""Every fault is caught by the code that it names, and no correct client is accused.

    python -m tests.conformance.clients.calibration [OPTION] [ID…]

Without an option, the faults are judged, each in the scenario that catches it; with `--right`,
correct clients in all scenarios; with `--find`, the faults in one scenario after the other, those
of their topic first, until one catches it.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from heidi_conformance import CannotJudgeError
from heidi_conformance.client._run import Plan, Run
from heidi_conformance.client.scenarios import SCENARIOS, TOPICS

from scripts.library.serving import Served, serving

from .caught import CAUGHT
from .changes import Change
from .faults import FAULTS
from .variants import VARIANTS

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator, Iterable

FORKS = Path(__file__).with_name("forks.py")
# Of a topic, the scenarios that catch most come first; a fault is tried until one catches it.
FIRST = (
    "body-complete values-exact strings-exact page-token-string pages-all create-lost "
    "create-gateway token-reused token-revoked quoted-error not-found-status forbidden"
).split()
GROUP = 3
PATIENCE = 15.0
Caught = tuple[str, str]


@contextlib.contextmanager
def forking() -> Generator[str, None, None]:
    """Run the process that forks drivers, and return where it listens."""
    with tempfile.TemporaryDirectory() as folder:
        address = str(Path(folder, "forks"))
        command = [sys.executable, "-m", "tests.conformance.clients.forks", address]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            try:
                assert process.stdout is not None
                process.stdout.readline()
                yield address
            finally:
                process.kill()


class Bench:
    """A sandbox and a process that forks drivers, for many runs."""

    def __init__(self, sandbox: Served, address: str) -> None:
        self.sandbox, self.address = sandbox, address

    async def judge(self, id_: str, scenarios: Iterable[str]) -> list[Caught]:
        """Judge a changed driver by some scenarios; return codes, each with its scenario."""
        command = (sys.executable, "-I", "-S", str(FORKS), self.address, id_)
        only = frozenset(scenarios)
        url, key = self.sandbox.url, self.sandbox.key
        plan = Plan(command, "practice", only, url, key, patience=PATIENCE, jobs=4)
        try:
            verdict = await Run(plan, lambda _: None).go()
        except CannotJudgeError as error:
            return [(f"! {error}", "")]
        return [(item.code, item.requests[0].split()[3]) for item in verdict.findings]


@contextlib.asynccontextmanager
async def bench() -> AsyncGenerator[Bench]:
    with serving([sys.executable, "-m", "heidi_sandbox"]) as sandbox, forking() as address:
        yield Bench(sandbox, address)


async def find(on: Bench, id_: str, topic: str) -> list[Caught]:
    """Put scenario after scenario to a fault until one catches it."""
    mine = [item.id for item in TOPICS.get(topic, ())]
    others = [item.id for item in SCENARIOS if item.id not in mine]
    order = sorted(mine, key=lambda name: name not in FIRST)
    order += sorted(others, key=lambda name: name not in FIRST)
    for start in range(0, len(order), GROUP):
        if found := await on.judge(id_, order[start : start + GROUP]):
            return found
    return []


async def main(arguments: argparse.Namespace) -> int:
    """Judge what was asked for, print a line for each that is wrong, and return the exit code.

    Standard error shows how far it is.
    """
    began = time.monotonic()
    changes = VARIANTS if arguments.right else FAULTS
    chosen = [item for item in changes if chosen_by(arguments.ids, item.id)]
    if arguments.right and not arguments.ids:
        chosen = [Change("right", "The correct driver itself.", "", ()), *chosen]
    chosen = chosen[:: arguments.each]
    everything = [item.id for item in SCENARIOS]

    async def judge(on: Bench, change: Change) -> str:
        """Return what is wrong; empty if nothing is."""
        if arguments.right:
            found = await on.judge(change.id, everything[:: arguments.each])
            return f"accused: {found}" if found else ""
        if arguments.find:
            return f"{await find(on, change.id, change.scenarios)}"
        code, scenario = CAUGHT[change.id]
        found = await on.judge(change.id, [scenario])
        return "" if code in [name for name, _ in found] else f"expected {code}, found {found}"

    async with bench() as on:
        turns = asyncio.Semaphore(arguments.jobs)

        async def in_turn(change: Change) -> str:
            async with turns:
                text = await judge(on, change)
                print(f"{change.id}: {text or 'as it should be'}", file=sys.stderr, flush=True)
                return text

        words = await asyncio.gather(*map(in_turn, chosen))
        # What is a matter of time is judged again, alone.
        wrong = [item for item, text in zip(chosen, words, strict=True) if text]
        again = [] if arguments.find else [await judge(on, item) for item in wrong]
    for item, text in zip(wrong, again or filter(None, words), strict=True):
        if text:
            print(f"{item.id}: {text}")
    number = sum(map(bool, again))
    print(f"{len(chosen)} clients, {number} wrong, {time.monotonic() - began:.0f} s")
    return int(bool(number))


def chosen_by(prefixes: list[str], id_: str) -> bool:
    return not prefixes or id_.startswith(tuple(prefixes))


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("ids", nargs="*")
    parser.add_argument("--right", action="store_true")
    parser.add_argument("--find", action="store_true")
    parser.add_argument("--jobs", type=int, default=4)
    parser.add_argument("--each", type=int, default=1, help="one part of these")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(asyncio.run(main(parsed())))
