"""CPU time that a client adds to a GET of its HTTP library, over MockTransport."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Final

from scripts.bench.environments import PEERS
from scripts.bench.measure import SAMPLE, NotMeasuredError, interleave, running
from scripts.bench.table import Bound, Row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from scripts.bench.environments import Environments
    from scripts.bench.measure import Program

MOST: Final = Bound("≤", 50, "µs")
LESS: Final = Bound("<", 1)


def rows(environments: Environments, *, smoke: bool) -> Iterator[Row]:
    """Compare the overhead of our client over raw httpx with that of each peer."""
    calls, rounds = (1, 1) if smoke else (200, 40)
    missing = dict[str, str]()
    with ExitStack() as programs:

        def start(name: str, python: Path) -> Callable[[], Mapping[str, float]]:
            program = programs.enter_context(running(python, "calls.py", name, calls, SAMPLE))
            return lambda: _round(name, program)

        cases = [start("heidi", environments.ours())]
        for name in PEERS:
            try:
                cases.append(start(name, environments.peer(name)))
            except NotMeasuredError as reason:
                missing[name] = str(reason)
        medians = interleave(cases, rounds)
    ours, raw = medians["heidi"], medians["heidi raw"]
    yield Row(
        "GET, added to raw httpx",
        _micros(ours),
        f"raw httpx {_micros(raw)}",
        ours / raw,
        MOST,
        MOST.met(ours * 1e6),
    )
    for name in PEERS:
        figure = f"GET, added, against {name}"
        if name in missing:
            yield Row.not_measured(figure, missing[name], LESS)
            continue
        added, below = medians[name], medians[f"{name} raw"]
        peer = f"{_micros(added)} (raw {_micros(below)})"
        yield Row.of_ratio(figure, _micros(ours), peer, ours / added, LESS)


def _round(name: str, program: Program) -> dict[str, float]:
    times = program.round()
    return {name: times["client"] - times["raw"], f"{name} raw": times["raw"]}


def _micros(seconds: float) -> str:
    return f"{seconds * 1e6:.0f} µs"
