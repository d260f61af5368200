"""The figures of the client, each a ratio within one run."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from .environments import PEERS
from .measure import SAMPLE, NotMeasuredError, ask, interleave, running
from .table import Bound, Row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from .environments import Environments
    from .measure import Program

# CPU time that a client adds to a GET of its HTTP library, over MockTransport.

MOST_ADDED: Final = Bound("≤", 50, "µs")
LESS: Final = Bound("<", 1)


def added(environments: Environments, *, smoke: bool) -> Iterator[Row]:
    """Compare the overhead of our client over raw httpx with that of each peer."""
    calls, rounds = (1, 1) if smoke else (200, 40)
    missing = dict[str, str]()
    with ExitStack() as programs:

        def start(name: str, python: Path) -> Callable[[], Mapping[str, float]]:
            program = programs.enter_context(running(python, "calls.py", name, calls, SAMPLE))
            return lambda: _added(name, program)

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
        MOST_ADDED,
        MOST_ADDED.met(ours * 1e6),
    )
    for name in PEERS:
        figure = f"GET, added, against {name}"
        if name in missing:
            yield Row.not_measured(figure, missing[name], LESS)
            continue
        added, below = medians[name], medians[f"{name} raw"]
        peer = f"{_micros(added)} (raw {_micros(below)})"
        yield Row.of_ratio(figure, _micros(ours), peer, ours / added, LESS)


def _added(name: str, program: Program) -> dict[str, float]:
    times = program.round()
    return {name: times["client"] - times["raw"], f"{name} raw": times["raw"]}


def _micros(seconds: float) -> str:
    return f"{seconds * 1e6:.0f} µs"


# CPU time of importing the client, against its dependencies.


def imported(environments: Environments, *, smoke: bool) -> Iterator[Row]:
    """Import in fresh processes; the start of the interpreter does not count."""
    python = environments.ours()
    medians = interleave([lambda: _imported(python)], 1 if smoke else 40)
    yield Row.of_ratio(
        "import heidi_sessions",
        f"{medians['ours'] * 1e3:.0f} ms",
        f"httpx, attrs {medians['needed'] * 1e3:.0f} ms",
        medians["ratio"],
        Bound("≤", 1.3),
    )


def _imported(python: Path) -> dict[str, float]:
    # In one process, one after the other: the speed of a machine changes less between the two.
    _, needed, ours = ask(python, "imports.py", "httpx", "attrs", "heidi_sessions")
    return {"needed": needed, "ours": ours, "ratio": ours / needed}


# What a plain installation brings: distributions, and their size without bytecode.

MOST_INSTALLED: Final = {"distributions": Bound("≤", 12), "megabytes": Bound("≤", 5)}


def installed(environments: Environments, *, smoke: bool) -> Iterator[Row]:  # noqa: ARG001  # the same however small
    """Count; the ratio is to the smallest peer."""
    ours = _count(environments.ours())
    peers = dict[str, dict[str, float]]()
    for name in PEERS:
        try:
            peers[name] = _count(environments.peer(name))
        except NotMeasuredError:
            continue  # the rows that compare the calls say why
    for figure, must in MOST_INSTALLED.items():
        own = ours[figure]
        others = {name: counts[figure] for name, counts in peers.items()}
        ratio = own / min(others.values()) if others else None
        shown = ", ".join(f"{name} {count:.3g}" for name, count in others.items())
        yield Row(f"installed {figure}", f"{own:.3g}", shown, ratio, must, must.met(own))


def _count(python: Path) -> dict[str, float]:
    counts: Any = ask(python, "installed.py")
    return {"distributions": counts["distributions"], "megabytes": counts["bytes"] / 1e6}


# CPU time of concurrent GETs on loopback: our client with the extra [aiohttp], and plain httpx.

CONCURRENT: Final = 20


def concurrent(environments: Environments, *, smoke: bool) -> Iterator[Row]:
    """Count the CPU time of the client only; the server has its own process."""
    calls, rounds = (1, 1) if smoke else (20, 30)
    python = environments.ours("aiohttp")
    with (
        running(Path(sys.executable), "server.py", SAMPLE) as server,
        running(python, "gathers.py", server.greeting, CONCURRENT, calls) as client,
    ):
        medians = interleave([lambda: _gathered(client)], rounds)
    yield Row.of_ratio(
        f"{CONCURRENT} concurrent GETs, [aiohttp]",
        f"{medians['ours'] * 1e6:.0f} µs",
        f"plain httpx {medians['httpx'] * 1e6:.0f} µs",
        medians["ratio"],
        Bound("≤", 0.25),
    )


def _gathered(client: Program) -> dict[str, float]:
    times = client.round()
    return {**times, "ratio": times["ours"] / times["httpx"]}


# The most memory that a walk over many sessions takes, against a short walk.

FIGURE: Final = "memory, walk over 1e5 sessions"
MOST_WALKED: Final = Bound("≤", 1.2)


def walked(environments: Environments, *, smoke: bool) -> Iterator[Row]:
    """Walk in fresh processes that keep no session."""
    if sys.platform != "linux":
        yield Row.not_measured(FIGURE, "only Linux gives it without the parent's", MOST_WALKED)
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
        MOST_WALKED,
    )
