"""Faults found: the judge, and plain `schemathesis run` on the same servers with the same token.

Both have default settings and the strict document, which helps Schemathesis most. A fault
counts as found if a tool reports something that it does not report for the correct server. By
default a few faults of each class are tried; HEIDI_BENCH_FAULTS says how many, or `all`.
"""

from __future__ import annotations

import itertools
import os
import random
import statistics
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from .measure import NotMeasuredError
from .table import Bound, Row
from .verdicts import SEED, USERS, Judge, Schemathesis, Verdict, catalogue, verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from .environments import Environments
    from .verdicts import Tool

VARIABLE: Final = "HEIDI_BENCH_FAULTS"
EACH: Final = 2
"""Faults of each class, where the variable does not say."""

MUST: Final = Bound("≥", 2)
NUMBERS: Final[Mapping[str, tuple[str, Callable[[Verdict], float]]]] = {
    "requests": ("", lambda one: one.requests),
    "time": (" s", lambda one: one.seconds),
    "CPU time": (" s", lambda one: one.cpu),
}


@dataclass
class Tally:
    """The results of one tool, over all servers.

    Attributes:
        known: what it reports for the correct server.
    """

    known: frozenset[tuple[str, ...]]
    verdicts: list[Verdict] = field(default_factory=list[Verdict])

    def finds(self, one: Verdict) -> bool:
        """Say whether a verdict has anything that the one for the correct server does not."""
        return bool(one.failures - self.known)

    @property
    def found(self) -> int:
        """How many faults it found."""
        return sum(map(self.finds, self.verdicts))

    def median(self, number: Callable[[Verdict], float]) -> float:
        """Give the median over all servers."""
        return statistics.median(map(number, self.verdicts))

    def cell(self, number: Callable[[Verdict], float], unit: str) -> str:
        """Write the median and the sum over all servers."""
        total = sum(map(number, self.verdicts))
        return f"{self.median(number):,.4g}{unit}, in all {total:,.0f}{unit}"


def rows(environments: Environments, *, smoke: bool) -> Iterator[Row]:
    """Let both tools judge each server, one after the other."""
    python = environments.ours("conformance")
    tools: tuple[Tool, Tool] = (Judge(python, smoke), Schemathesis(python, smoke))
    faults = ["shape.zero_is_null"] if smoke else sample(catalogue(), asked())
    tallies = [Tally(_known(tool)) for tool in tools]
    more = 0
    for number, fault in enumerate(faults, 1):
        for tally, tool in zip(tallies, tools, strict=True):
            tally.verdicts.append(verdict(tool, fault, {}))
        if not tallies[0].finds(tallies[0].verdicts[-1]):
            more += tallies[0].finds(verdict(tools[0], fault, USERS))
        _tell(f"{number}/{len(faults)} {fault}", tallies)
    yield from _summary(tallies, more, len(faults), smoke=smoke)


def asked() -> int | None:
    """Read how many faults of each class are wanted; None for all of them."""
    text = os.environ.get(VARIABLE, str(EACH))
    if text == "all":
        return None
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 1000):
        raise NotMeasuredError(f"{VARIABLE} is not a number from 1 to 999; write 2, or all")
    return int(text)


def sample(faults: Sequence[str], each: int | None) -> list[str]:
    """Take this many faults of each class, always the same ones, one class after the other."""
    classes = defaultdict[str, list[str]](list)
    for fault in faults:
        classes[fault.partition(".")[0]].append(fault)
    chance = random.Random(SEED)  # noqa: S311  # a sample, no secret
    shuffled = [chance.sample(members, len(members))[:each] for members in classes.values()]
    rounds = itertools.zip_longest(*shuffled)
    return [fault for round_ in rounds for fault in round_ if fault is not None]


def _known(tool: Tool) -> frozenset[tuple[str, ...]]:
    """Return what a tool reports for the correct server."""
    one = verdict(tool, "", {})
    if not one.over:
        raise NotMeasuredError(f"{type(tool).__name__} gives no verdict on the correct server")
    return one.failures


def _summary(tallies: Sequence[Tally], more: int, faults: int, *, smoke: bool) -> Iterator[Row]:
    ours, peer = tallies
    of = f"{faults} of {len(catalogue())}" + (", in short" if smoke else "")
    yield Row.of_ratio(
        f"faults found, one token, {of}",
        f"{ours.found}, {ours.found + more} with other users and the key",
        f"schemathesis run {peer.found}",
        ours.found / max(peer.found, 1),
        MUST,
    )
    yield _told("said of the correct server", [str(len(tally.known)) for tally in tallies])
    cut = [str(sum(not one.over for one in tally.verdicts)) for tally in tallies]
    yield _told("without a verdict", cut)
    for name, (unit, number) in NUMBERS.items():
        cells = [tally.cell(number, unit) for tally in tallies]
        medians = [tally.median(number) for tally in tallies]
        yield _told(f"{name} to a verdict, median", cells, medians[0] / medians[1])


def _told(figure: str, cells: Sequence[str], ratio: float | None = None) -> Row:
    ours, peer = cells
    return Row.reported(figure, ours, peer, ratio)


def _tell(what: str, tallies: Sequence[Tally]) -> None:
    last = [(tally.finds(tally.verdicts[-1]), tally.verdicts[-1]) for tally in tallies]
    said = " | ".join(
        f"{'found' if finds else 'missed'}, {one.requests} requests, {one.seconds:.1f} s"
        for finds, one in last
    )
    print(f"bench: judge: {what}: {said}", file=sys.stderr, flush=True)
