from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from heidi_sessions import UNSET

from ._export import export
from ._view import show

if TYPE_CHECKING:
    from argparse import Namespace

    from heidi_sessions import Heidi


class InputError(Exception):
    """What was handed in cannot be used; the text is one line."""


def list_sessions(client: Heidi, options: Namespace) -> None:
    """Show sessions in a table."""
    size = min(options.max_items, 100)
    sessions = client.sessions.list(page_size=size, max_items=options.max_items)
    show(list(sessions), show_phi=options.show_phi)


def get_session(client: Heidi, options: Namespace) -> None:
    """Show one session."""
    try:
        session = client.sessions.get(options.session_id)
    except ValueError as error:
        raise InputError(str(error)) from None
    show([session], show_phi=options.show_phi, in_full=True)


def create_session(client: Heidi, options: Namespace) -> None:
    """Create a session and print its id."""
    created = client.sessions.create(
        ehr_appointment_id=options.ehr_appointment_id or UNSET,
        patient_profile_id=options.patient_profile_id or UNSET,
    )
    print(created.session_id)


def update_session(client: Heidi, options: Namespace) -> None:
    """Change a session as a file says, and show it."""
    changes = _changes(options.input)
    try:
        session = client.sessions.update(options.session_id, **changes)
    except (TypeError, ValueError) as error:
        raise InputError(f"{options.input}: {error}") from None
    show([session], show_phi=options.show_phi, in_full=True)


def export_sessions(client: Heidi, options: Namespace) -> None:
    """Write all sessions to a file."""
    try:
        export(
            client,
            options.output,
            format_=options.format,
            page_size=options.page_size,
            show_phi=options.show_phi,
        )
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            raise
        raise InputError(f"{options.output}: cannot be written: {error.strerror}") from error


def _changes(source: Path) -> dict[str, Any]:
    try:
        text = sys.stdin.read() if source == Path("-") else source.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"{source}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError:
        raise InputError(f"{source}: is not UTF-8") from None
    try:
        changes: Any = json.loads(text)
    except (ValueError, RecursionError):
        raise InputError(f"{source}: is not JSON") from None
    if not isinstance(changes, dict):
        raise InputError(f"{source}: give a JSON object of members of SessionUpdate")
    return cast("dict[str, Any]", changes)
