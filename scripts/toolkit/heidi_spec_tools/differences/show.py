"""Show a comparison: as text for a terminal, as JSON, as Markdown for a changelog."""

from __future__ import annotations

import json
import sys
import textwrap
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from rich.text import Text

from heidi_spec_tools.differences.kinds import Level
from heidi_spec_tools.documents import dump_json

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator, Sequence

    from rich.console import Console

    from heidi_spec_tools.differences.changes import Change, Comparison
    from heidi_spec_tools.differences.witnesses import Witness
    from heidi_spec_tools.documents import Json

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
"""The most operations in a heading, and the most places of a schema that are named."""

_LONGEST: Final = 300  # characters of a witness
_INDENT: Final = 13
_NARROWEST: Final = 20


def as_json(comparison: Comparison) -> str:
    """Return the comparison as the JSON document that other programs read."""
    entries: list[Json] = [_entry_as_json(entry) for entry in _entries(comparison.changes)]
    return dump_json({"breaking": comparison.breaking, "bump": comparison.bump, "changes": entries})


def _entry_as_json(entry: _Entry) -> Json:
    change = entry.change
    said: dict[str, Json] = {
        "id": change.id,
        "level": str(change.level),
        "operations": list(entry.operations),
        "path": change.path,
        "message": entry.message,
    }
    return {**said, "witness": change.witness.as_json()} if change.witness else said


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
    return [
        f"- {_heading(entry.operations, '`{}`')}: {entry.message}" for entry in _entries(changes)
    ]


@dataclass
class _Entry:
    """A change, all the operations that it concerns, and all the sentences that say it."""

    change: Change
    operations: dict[str | None, None] = field(default_factory=dict[str | None, None])
    messages: dict[str, None] = field(default_factory=dict[str, None])

    @property
    def message(self) -> str:
        """One sentence for all."""
        others = len(self.messages) - 1
        return self.change.message + f" The same holds at {others} other places." * bool(others)


def _entries(changes: Sequence[Change]) -> list[_Entry]:
    """Group equal changes of several operations, and of a schema that is used in many places."""
    said: dict[tuple[str, Hashable], set[str]] = {}
    for change in changes:
        said.setdefault((change.id, change.cause), set()).add(change.message)
    entries: dict[tuple[str, Hashable], _Entry] = {}
    for change in changes:
        often = change.cause is not None and len(said[change.id, change.cause]) > _MANY
        key = change.cause if often else change.message
        entry = entries.setdefault((change.id, key), _Entry(change))
        entry.operations[change.operation] = None
        entry.messages[change.message] = None
    return list(entries.values())


def show(comparison: Comparison, console: Console) -> None:
    """Print the comparison for people: by operation, the gravest first.

    On a terminal, lines are wrapped; elsewhere a sentence is a line.
    """
    for operations, entries in _by_operations(comparison.changes).items():
        heading = _heading(operations)
        console.print(Text(heading, "bold"), soft_wrap=not console.is_terminal)
        for entry in entries:
            for line in _lines(entry, console.width if console.is_terminal else None):
                console.print(line, soft_wrap=True)
        console.print()
    console.print(_summary(comparison))


def _lines(entry: _Entry, width: int | None) -> Iterator[Text]:
    change = entry.change
    label = Text(f"  {change.level!s:<{_INDENT - 2}}", _COLORS[change.level])
    room = max(width - _INDENT, _NARROWEST) if width else sys.maxsize
    first, *more = textwrap.wrap(entry.message, room, break_on_hyphens=False)
    yield label + Text(first, "default")
    yield from (Text(f"{'':{_INDENT}}{line}") for line in more)
    yield Text(f"{'':{_INDENT}}{change.id}  {change.path}", "dim")
    if change.witness:
        yield Text(f"{'':{_INDENT}}{_proof(change.witness)}", "dim")


def _proof(witness: Witness) -> str:
    """Show the proof that a change breaks."""
    if not witness.valid:
        return f"no example: {witness.reason}"
    text = json.dumps(witness.value, ensure_ascii=False)
    shown = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}… ({len(text)} characters)"
    other = "after" if witness.valid == "before" else "before"
    return f"valid {witness.valid}, not {other}: {shown}"


def _by_operations(changes: Sequence[Change]) -> dict[tuple[str | None, ...], list[_Entry]]:
    """Group by operation; what several operations share occurs once, below all of them."""
    groups: dict[tuple[str | None, ...], list[_Entry]] = {}
    for entry in _entries(changes):
        groups.setdefault(tuple(entry.operations), []).append(entry)
    return groups


def _heading(operations: Iterable[str | None], form: str = "{}") -> str:
    names = [form.format(name) if name else _EVERYWHERE for name in operations]
    more = len(names) - _MANY
    return ", ".join(names[:_MANY]) + f" and {more} more" * (more > 0)


def _summary(comparison: Comparison) -> str:
    counts = [
        (level, sum(change.level == level for change in comparison.changes)) for level in _ASKS
    ]
    said = ", ".join(f"{count} {level}" for level, count in counts if count)
    return f"{said}; bump: {comparison.bump}" if said else "no change"
