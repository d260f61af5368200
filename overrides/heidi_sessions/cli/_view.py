from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from heidi_generated.metadata import ERROR_MESSAGE, RESOURCES, value_at

from heidi_sessions import APIStatusError, BadRequestError, UnprocessableEntityError, _json

from ._rows import flat, row

if TYPE_CHECKING:
    from collections.abc import Sequence

    from heidi_generated.decoding import Model

    from heidi_sessions import HeidiError


def show(
    models: Sequence[Model], resource: str | None, *, show_phi: bool, in_full: bool = False
) -> None:
    """Print responses for people: a table, or a line for each property of one."""
    from rich.console import Console  # noqa: PLC0415  # the extra [cli]
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    rows = [flat(row(model, resource, show_phi=show_phi)) for model in models]
    if rows and not any(rows):
        print("nothing to show without --show-phi")
        return
    if in_full:
        table = Table("property", "value")
        for name, value in rows[0].items():
            table.add_row(name, Text(_plain(value)))
    else:
        names = list(dict.fromkeys(name for cells in rows for name in cells))
        key = RESOURCES[resource].id if resource else None
        table = Table()
        for name in names:
            width = max(len(_plain(cells.get(name))) for cells in rows)
            # An id that is cut short names nothing.
            table.add_column(name, min_width=width if name == key else None)
        for cells in rows:
            table.add_row(*(Text(_plain(cells.get(name))) for name in names))
    Console().print(table)


def in_one_line(error: HeidiError, *, show_phi: bool) -> str:
    """Say what went wrong; a message of the server may repeat what was sent."""
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
