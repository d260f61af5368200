"""CPU time of importing the client, against its dependencies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from scripts.bench.measure import ask, interleave
from scripts.bench.table import Bound, Row

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from scripts.bench.environments import Environments

MOST: Final = Bound("≤", 1.3)


def rows(environments: Environments, *, smoke: bool) -> Iterator[Row]:
    """Import in fresh processes; the start of the interpreter does not count."""
    python = environments.ours()
    medians = interleave([lambda: _round(python)], 1 if smoke else 40)
    yield Row.of_ratio(
        "import heidi_sessions",
        f"{medians['ours'] * 1e3:.0f} ms",
        f"httpx, attrs {medians['needed'] * 1e3:.0f} ms",
        medians["ratio"],
        MOST,
    )


def _round(python: Path) -> dict[str, float]:
    # In one process, one after the other: the speed of a machine changes less between the two.
    _, needed, ours = ask(python, "imports.py", "httpx", "attrs", "heidi_sessions")
    return {"needed": needed, "ours": ours, "ratio": ours / needed}
