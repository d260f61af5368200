"""Show a comparison: as text for a terminal, as JSON, as Markdown for a changelog."""

from __future__ import annotations

import sys
import textwrap
from typing import TYPE_CHECKING, Final

from rich.text import Text

from scripts.differences.kinds import Level
from scripts.documents import dump_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console

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
_MANY: Final = 4
"""So many operations are named in one heading."""

_INDENT: Final = 13
_NARROWEST: Final = 20


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
    """Say a change of several operations once, with their names."""
    names: dict[str, list[str]] = {}
    for change in changes:
        name = f"`{change.operation}`" if change.operation else _EVERYWHERE
        names.setdefault(change.message, []).append(name)
    return [f"- {', '.join(operations)}: {message}" for message, operations in names.items()]


def show(comparison: Comparison, console: Console) -> None:
    """Print the comparison for people: by operation, the gravest first.

    On a terminal, lines are wrapped; elsewhere a sentence is a line.
    """
    for heading, changes in _by_operations(comparison.changes).items():
        console.print(Text(heading, "bold"))
        for change in changes:
            for line in _lines(change, console.width if console.is_terminal else None):
                console.print(line, soft_wrap=True)
        console.print()
    console.print(_summary(comparison))


def _lines(change: Change, width: int | None) -> Iterator[Text]:
    label = Text(f"  {change.level!s:<{_INDENT - 2}}", _COLORS[change.level])
    room = max(width - _INDENT, _NARROWEST) if width else sys.maxsize
    first, *more = textwrap.wrap(change.message, room, break_on_hyphens=False)
    yield label + Text(first, "default")
    yield from (Text(f"{'':{_INDENT}}{line}") for line in more)
    yield Text(f"{'':{_INDENT}}{change.id}  {change.path}", "dim")


def _by_operations(changes: Sequence[Change]) -> dict[str, list[Change]]:
    """Group by operation; what several operations share stands once, below all of them."""
    names: dict[tuple[str, str], list[str]] = {}
    for change in changes:
        names.setdefault((change.id, change.message), []).append(change.operation or _EVERYWHERE)
    groups: dict[str, list[Change]] = {}
    told = {(change.id, change.message): change for change in reversed(changes)}
    for key, operations in names.items():
        heading = ", ".join(operations[:_MANY])
        if len(operations) > _MANY:
            heading += f" and {len(operations) - _MANY} more"
        groups.setdefault(heading, []).append(told[key])
    return groups


def _summary(comparison: Comparison) -> str:
    counts = [
        (level, sum(change.level == level for change in comparison.changes)) for level in _ASKS
    ]
    said = ", ".join(f"{count} {level}" for level, count in counts if count)
    return f"{said}; bump: {comparison.bump}" if said else "no change"
