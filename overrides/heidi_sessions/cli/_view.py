from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from heidi_sessions import APIStatusError, BadRequestError, ValidationError

from ._rows import flat, row

if TYPE_CHECKING:
    from collections.abc import Sequence

    from heidi_sessions import HeidiError, Session


def show(sessions: Sequence[Session], *, show_phi: bool, in_full: bool = False) -> None:
    """Print sessions for people: a table, or a line for each member of one."""
    from rich.console import Console  # noqa: PLC0415  # the extra [cli]
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    rows = [flat(row(session, show_phi=show_phi)) for session in sessions]
    if in_full:
        table = Table("member", "value")
        for name, value in rows[0].items():
            table.add_row(name, Text(_plain(value)))
    else:
        names = list(dict.fromkeys(name for members in rows for name in members))
        table = Table()
        for name in names:
            width = max(len(_plain(members.get(name))) for members in rows)
            # An id that is cut short names nothing.
            table.add_column(name, min_width=width if name == "session_id" else None)
        for members in rows:
            table.add_row(*(Text(_plain(members.get(name))) for name in names))
    Console().print(table)


def in_one_line(error: HeidiError, *, show_phi: bool) -> str:
    """Say what went wrong; a message of the server may repeat what was sent."""
    detail: Any = error.detail if isinstance(error, APIStatusError) else None
    if detail is None or not isinstance(detail.msg, str):
        return str(error)
    if show_phi:
        return f"{error}: {_plain(detail.msg)}".replace("\n", "\\n")
    if isinstance(error, (BadRequestError, ValidationError)):
        return f"{error}; run again with --show-phi to see the server's message"
    return str(error)


def _plain(value: object) -> str:
    """Write a value so that nothing in it can steer the terminal."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return "".join(c if c.isprintable() or c == "\n" else repr(c)[1:-1] for c in text)
