"""A page of the list over HTTP: as quick with a million sessions as with a thousand."""

from __future__ import annotations

import subprocess
import tempfile
from typing import TYPE_CHECKING, Final

from scripts.bench import servers
from scripts.bench.measure import NotMeasuredError, interleave, last_line
from scripts.bench.table import Bound, Row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from scripts.bench.environments import Environments
    from scripts.bench.servers import Load, Server

FEW: Final = 1_000
MANY: Final = 1_000_000
MOST: Final = Bound("≤", 1.5)
PATIENCE: Final = 900
"""Seconds that filling a database may take."""


def rows(environments: Environments, *, smoke: bool) -> Iterator[Row]:
    """Fill two databases, and ask both for the same page."""
    many, seconds, rounds = (FEW * 2, 0, 1) if smoke else (MANY, 3, 5)
    python = environments.ours("sandbox")
    with tempfile.TemporaryDirectory() as folder, servers.load() as load:
        urls = [f"sqlite:///{folder}/{count}.db" for count in (FEW, many)]
        for url, count in zip(urls, (FEW, many), strict=True):
            _seed(python, url, count)
        with (
            servers.sandbox(python, "--database-url", urls[0], sessions=0) as small,
            servers.sandbox(python, "--database-url", urls[1], sessions=0) as large,
        ):
            cases = [_case(load, "few", small, seconds), _case(load, "many", large, seconds)]
            medians = interleave(cases, rounds)
    yield Row.of_ratio(
        "list of 20, at 1e6 sessions against 1e3",
        f"{medians['many'] * 1e6:.0f} µs",
        f"{medians['few'] * 1e6:.0f} µs",
        medians["many"] / medians["few"],
        MOST,
    )


def _seed(python: Path, url: str, sessions: int) -> None:
    command = [str(python), "-m", "heidi_sandbox", "seed", "--database-url", url]
    command += ["--sessions", str(sessions), "--users", "1"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    if done.returncode:
        raise NotMeasuredError(last_line(done.stderr))


def _case(load: Load, name: str, server: Server, seconds: float) -> Callable[[], dict[str, float]]:
    requests = servers.lists(server)
    return lambda: {name: 1 / load.burst(server, requests, seconds).rate}
