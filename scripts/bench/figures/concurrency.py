"""CPU time of concurrent GETs on loopback: our client with the extra [aiohttp], and plain httpx."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from scripts.bench.measure import SAMPLE, interleave, running
from scripts.bench.table import Bound, Row

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scripts.bench.environments import Environments
    from scripts.bench.measure import Program

CONCURRENT: Final = 20
MOST: Final = Bound("≤", 0.25)


def rows(environments: Environments, *, smoke: bool) -> Iterator[Row]:
    """Count the CPU time of the client only; the server has its own process."""
    calls, rounds = (1, 1) if smoke else (20, 30)
    python = environments.ours("aiohttp")
    with (
        running(Path(sys.executable), "server.py", SAMPLE) as server,
        running(python, "gathers.py", server.greeting, CONCURRENT, calls) as client,
    ):
        medians = interleave([lambda: _round(client)], rounds)
    yield Row.of_ratio(
        f"{CONCURRENT} concurrent GETs, [aiohttp]",
        f"{medians['ours'] * 1e6:.0f} µs",
        f"plain httpx {medians['httpx'] * 1e6:.0f} µs",
        medians["ratio"],
        MOST,
    )


def _round(client: Program) -> dict[str, float]:
    times = client.round()
    return {**times, "ratio": times["ours"] / times["httpx"]}
