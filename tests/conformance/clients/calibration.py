"""Every fault is caught by the code that it names, and no right client is accused.

    python -m tests.conformance.clients.calibration [OPTION] [ID…]

Without an option, the faults are judged, each in the scenario that catches it; with `--right`,
right clients in all scenarios; with `--find`, the faults in scenario after scenario, those of their
topic first, until one catches it.
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

from scripts.serving import Served, serving

from .caught import CAUGHT
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
    """Judge what was asked for, print a line for each, and return the exit code."""
    began = time.monotonic()
    turns = asyncio.Semaphore(arguments.jobs)
    wrong: list[str] = []

    def tell(id_: str, *words: str) -> None:
        print(f"{time.monotonic() - began:6.1f} s  {id_}: {' '.join(words)}", flush=True)

    async def fault(on: Bench, id_: str, topic: str) -> None:
        async with turns:
            if arguments.find:
                found = await find(on, id_, topic)
                tell(id_, *(f"{code}@{scenario}" for code, scenario in found))
                return
            code, scenario = CAUGHT.get(id_, ("", ""))
            found = await on.judge(id_, [scenario])
        if code not in [name for name, _ in found]:
            wrong.append(id_)
            tell(id_, f"expected {code}, found", *(name for name, _ in found))

    async def right(on: Bench, id_: str) -> None:
        async with turns:
            found = await on.judge(id_, [item.id for item in SCENARIOS])
        if found:
            wrong.append(id_)
            tell(id_, "accused:", *(f"{code}@{scenario}" for code, scenario in found))

    async with bench() as on:
        if arguments.right:
            chosen = [item.id for item in VARIANTS if chosen_by(arguments.ids, item.id)]
            await asyncio.gather(*(right(on, id_) for id_ in ("right", *chosen)))
        else:
            faults = [item for item in FAULTS if chosen_by(arguments.ids, item.id)]
            chosen = [item.id for item in faults]
            await asyncio.gather(*(fault(on, item.id, item.scenarios) for item in faults))
    print(f"{len(chosen)} clients, {len(wrong)} wrong, {time.monotonic() - began:.0f} s")
    return int(bool(wrong))


def chosen_by(prefixes: list[str], id_: str) -> bool:
    return not prefixes or id_.startswith(tuple(prefixes))


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("ids", nargs="*")
    parser.add_argument("--right", action="store_true")
    parser.add_argument("--find", action="store_true")
    parser.add_argument("--jobs", type=int, default=3)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(asyncio.run(main(parsed())))
