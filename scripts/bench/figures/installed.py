"""What a plain installation brings: distributions, and their size without bytecode."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from scripts.bench.environments import PEERS
from scripts.bench.measure import NotMeasuredError, ask
from scripts.bench.table import Bound, Row

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from scripts.bench.environments import Environments

MOST: Final = {"distributions": Bound("≤", 12), "megabytes": Bound("≤", 5)}


def rows(environments: Environments, *, smoke: bool) -> Iterator[Row]:  # noqa: ARG001  # the same however small
    """Count; the ratio is to the smallest peer."""
    ours = _count(environments.ours())
    peers = dict[str, dict[str, float]]()
    for name in PEERS:
        try:
            peers[name] = _count(environments.peer(name))
        except NotMeasuredError:
            continue  # the rows that compare the calls say why
    for figure, must in MOST.items():
        own = ours[figure]
        others = {name: counts[figure] for name, counts in peers.items()}
        ratio = own / min(others.values()) if others else None
        shown = ", ".join(f"{name} {count:.3g}" for name, count in others.items())
        yield Row(f"installed {figure}", f"{own:.3g}", shown, ratio, must, must.met(own))


def _count(python: Path) -> dict[str, float]:
    counts: Any = ask(python, "installed.py")
    return {"distributions": counts["distributions"], "megabytes": counts["bytes"] / 1e6}
