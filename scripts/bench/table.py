"""The result of the bench: a row for each figure, and its limit."""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_COMPARE: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "≤": operator.le,
    "<": operator.lt,
    "≥": operator.ge,
}
_HEADS: Final = ("figure", "ours", "peer", "ratio", "must", "met")


@dataclass(frozen=True)
class Bound:
    """The limit of a value, such as ≤ 75 µs."""

    sign: str
    limit: float
    unit: str = ""

    def met(self, value: float) -> bool:
        """Say whether a value is within it."""
        return _COMPARE[self.sign](value, self.limit)

    def __str__(self) -> str:
        return f"{self.sign} {self.limit:g} {self.unit}".rstrip()


@dataclass(frozen=True)
class Row:
    """One figure.

    Attributes:
        ratio: of two values that were measured in the same rounds. must: None for a figure that is
        only reported. met: whether the figure is within it; None if it was not measured.
    """

    figure: str
    ours: str
    peer: str
    ratio: float | None
    must: Bound | None
    met: bool | None

    @classmethod
    def of_ratio(cls, figure: str, ours: str, peer: str, ratio: float, must: Bound) -> Row:
        """Judge the ratio."""
        return cls(figure, ours, peer, ratio, must, must.met(ratio))

    @classmethod
    def reported(cls, figure: str, ours: str, peer: str, ratio: float | None = None) -> Row:
        """Show a figure that has no limit."""
        return cls(figure, ours, peer, ratio, None, None)

    @classmethod
    def not_measured(cls, figure: str, reason: str, must: Bound) -> Row:
        """Say why there is no figure."""
        return cls(figure, f"not measured: {reason}", "", None, must, None)

    def cells(self) -> tuple[str, ...]:
        """Write the row."""
        ratio = "" if self.ratio is None else f"{self.ratio:.2f}"
        met = {True: "yes", False: "NO", None: ""}[self.met]
        return (self.figure, self.ours, self.peer, ratio, str(self.must or "report only"), met)


def table(rows: Sequence[Row]) -> str:
    """Write the rows as a Markdown table whose columns are aligned."""
    lines = [_HEADS, *(row.cells() for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    rule = tuple("-" * width for width in widths)
    return "\n".join(_line(line, widths) for line in (_HEADS, rule, *lines[1:]))


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (f"{cell:{width}}" for cell, width in zip(cells, widths, strict=True))
    return f"| {' | '.join(padded)} |"
