"""The most memory that a walk over many sessions takes, against a short walk."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from scripts.bench.measure import SAMPLE, ask, interleave
from scripts.bench.table import Bound, Row

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scripts.bench.environments import Environments

FIGURE: Final = "memory, walk over 1e5 sessions"
MOST: Final = Bound("≤", 1.2)


def rows(environments: Environments, *, smoke: bool) -> Iterator[Row]:
    """Walk in fresh processes that keep no session."""
    if sys.platform != "linux":
        yield Row.not_measured(FIGURE, "only Linux gives it without the parent's", MOST)
        return
    python = environments.ours()
    short, long, rounds = (1, 101, 1) if smoke else (1000, 100_000, 3)
    cases = (
        lambda: {"short": ask(python, "walk.py", short, SAMPLE)},
        lambda: {"long": ask(python, "walk.py", long, SAMPLE)},
    )
    peaks = interleave(cases, rounds)
    yield Row.of_ratio(
        FIGURE,
        f"{peaks['long'] / 1e6:.1f} MB",
        f"1e3 sessions {peaks['short'] / 1e6:.1f} MB",
        peaks["long"] / peaks["short"],
        MOST,
    )
