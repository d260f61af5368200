"""Ten minutes of mixed load: no error, and no more memory than after the first minute."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from scripts.bench import servers
from scripts.bench.table import Bound, Row

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scripts.bench.environments import Environments

MINUTES: Final = 10
SAMPLES: Final = 6
"""How often memory is read in a minute."""

MOST: Final = Bound("≤", 1.2)


def rows(environments: Environments, *, smoke: bool) -> Iterator[Row]:
    """Read, update, list and create in turn; an error ends it."""
    minutes, samples, seconds = (2, 1, 0) if smoke else (MINUTES, SAMPLES, 60 / SAMPLES)
    sizes = list[int]()
    with (
        servers.load() as load,
        servers.sandbox(environments.ours("sandbox")) as server,
    ):
        requests = _mixed(server)
        for _ in range(minutes * samples):
            load.burst(server, requests, seconds)
            sizes.append(server.resident())
    first, most = sizes[samples - 1], max(sizes)
    yield Row.of_ratio(
        "memory, most in ten minutes of load",
        f"{most / 1e6:.0f} MB",
        f"after the first {first / 1e6:.0f} MB",
        most / first,
        MOST,
    )


def _mixed(server: servers.Server) -> list[dict[str, str]]:
    create = [{"method": "POST", "path": servers.path(server, "/sessions"), "body": "{}"}]
    reads = servers.gets(server)
    return [
        one
        for read, patch in zip(reads, servers.patches(server), strict=True)
        for one in (read, patch, read, *servers.lists(server))
    ] + create
