from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from heidi_generated.metadata import ERROR_MESSAGE, value_at

from heidi_sessions import APIStatusError, BadRequestError, UnprocessableEntityError, _json

from ._rows import flat, row

if TYPE_CHECKING:
    from collections.abc import Sequence

    from heidi_generated.decoding import Model

    from heidi_sessions import HeidiError


def show_json(
    models: Sequence[Model], resource: str | None, *, show_phi: bool, in_full: bool = False
) -> None:
    """Print responses for programs: an array, or the one that there is."""
    rows = [row(model, resource, show_phi=show_phi) for model in models]
    print(json.dumps(rows[0] if in_full else rows, ensure_ascii=False, indent=2))


def show(
    models: Sequence[Model], resource: str | None, *, show_phi: bool, in_full: bool = False
) -> None:
    """Print responses for people: a table, or a line for each property of one."""
    from rich.console import Console  # noqa: PLC0415  # the extra [cli]
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    rows = [flat(row(model, resource, show_phi=show_phi)) for model in models]
    if not rows:
        print("the list is empty", file=sys.stderr)
        return
    if rows and not any(rows):
        print("nothing to show without --show-phi")
        return
    console = Console()
    if in_full:
        table = Table("property", "value")
        for name, value in rows[0].items():
            table.add_row(name, Text(_plain(value)))
    else:
        names = list(dict.fromkeys(name for cells in rows for name in cells))
        fitting = _fitting(names, rows, console.width)
        table = Table(caption_justify="left")
        for name in fitting:
            table.add_column(name, overflow="fold")
        for cells in rows:
            table.add_row(*(Text(_plain(cells.get(name))) for name in fitting))
        if left := ", ".join(names[len(fitting) :]):
            table.caption = f"no room for {left}; --json shows them"
    console.print(table)


def _fitting(names: Sequence[str], rows: Sequence[dict[str, Any]], width: int) -> Sequence[str]:
    """Return the first columns, as many as a table of this width has room for."""
    room = width - 1
    for index, name in enumerate(names):
        cells = [name, *(_plain(each.get(name)) for each in rows)]
        room -= max(len(line) for cell in cells for line in cell.split("\n")) + 3
        if room < 0:
            return names[: max(index, 1)]
    return names


def in_one_line(error: HeidiError, *, show_phi: bool) -> str:
    """Describe a failure; a message of the server may repeat patient data."""
    message = _message(error)
    if message is None:
        return str(error)
    if show_phi:
        return f"{error}: {_plain(message)}".replace("\n", "\\n")
    if isinstance(error, (BadRequestError, UnprocessableEntityError)):
        return f"{error}; run again with --show-phi to see the server's message"
    return str(error)


def _message(error: HeidiError) -> str | None:
    if not isinstance(error, APIStatusError):
        return None
    try:
        message: Any = value_at(_json.load(error.body), ERROR_MESSAGE)
    except (ValueError, RecursionError):
        return None
    return message if isinstance(message, str) else None


def _plain(value: object) -> str:
    """Write a value so that nothing in it can steer the terminal."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return "".join(c if c.isprintable() or c == "\n" else repr(c)[1:-1] for c in text)
