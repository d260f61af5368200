"""Show a comparison: as text for a terminal, as JSON, as Markdown for a changelog."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.console import Console, Group
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from scripts.differences.kinds import Level
from scripts.documents import dump_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import RenderableType

    from scripts.differences.changes import Change, Comparison

_COLORS: Final = {
    Level.BREAKING: "red",
    Level.UNCERTAIN: "magenta",
    Level.MINOR: "green",
    Level.PATCH: "dim",
}

_ASKS: Final = {
    Level.BREAKING: "You must change",
    Level.UNCERTAIN: "You must check",
    Level.MINOR: "You may use",
    Level.PATCH: "Nothing to do",
}
"""What a level asks of a partner."""

_EVERYWHERE: Final = "The whole API"
_MANY: Final = 3
"""So many operations with the same change are named together."""


def as_json(comparison: Comparison) -> str:
    """Return the comparison as the JSON document that other programs read."""
    return dump_json(comparison.as_json())


def as_markdown(comparison: Comparison, title: str) -> str:
    """Return an entry of a changelog: what partners must do, then what they may."""
    lines = [f"## {title}", ""]
    for level, heading in _ASKS.items():
        changes = [change for change in comparison.changes if change.level == level]
        if changes:
            lines += [f"### {heading}", "", *_bullets(changes), ""]
    if not comparison.changes:
        lines += ["No change.", ""]
    return "\n".join(lines)


def _bullets(changes: Sequence[Change]) -> list[str]:
    said = {id(change): change for change in changes}
    grouped = _merged(said.values())
    return [f"- {heading}: {message}" for heading, message in grouped]


def _merged(changes: Iterable[Change]) -> list[tuple[str, str]]:
    """Say a change of several operations once, with their names."""
    by_message: dict[str, list[str]] = {}
    for change in changes:
        by_message.setdefault(change.message, []).append(change.operation or _EVERYWHERE)
    return [
        (", ".join(f"`{name}`" if name != _EVERYWHERE else name for name in names), message)
        for message, names in by_message.items()
    ]


def show(comparison: Comparison, console: Console) -> None:
    """Print the comparison for people: by operation, the gravest first."""
    for heading, changes in _by_operation(comparison.changes).items():
        console.print(Text(heading, style="bold"))
        console.print(Padding(_rows(changes), (0, 0, 1, 2)))
    console.print(_summary(comparison), highlight=False)


def _by_operation(changes: Sequence[Change]) -> dict[str, list[Change]]:
    """Group by operation; what several operations share stands in a group of its own."""
    operations: dict[tuple[str, str], list[str]] = {}
    for change in changes:
        names = operations.setdefault((change.id, change.message), [])
        names.append(change.operation or _EVERYWHERE)
    groups: dict[str, list[Change]] = {}
    told: set[tuple[str, str]] = set()
    for change in changes:
        key = (change.id, change.message)
        if key in told:
            continue
        told.add(key)
        names = list(dict.fromkeys(operations[key]))
        heading = ", ".join(names[:_MANY])
        if len(names) > _MANY:
            heading += f" and {len(names) - _MANY} more"
        groups.setdefault(heading, []).append(change)
    return groups


def _rows(changes: Iterable[Change]) -> RenderableType:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, width=len("uncertain"))
    table.add_column(ratio=1)
    for change in changes:
        color = _COLORS[change.level]
        said = Group(
            Text.from_markup(escape(change.message)), Text(f"{change.id}  {change.path}", "dim")
        )
        table.add_row(Text(str(change.level), color), said)
    return table


def _summary(comparison: Comparison) -> str:
    counts = [
        (level, sum(change.level == level for change in comparison.changes)) for level in _ASKS
    ]
    said = ", ".join(f"{count} {level}" for level, count in counts if count)
    return f"{said}; bump: {comparison.bump}" if said else "no change"
