"""Sessions as flat rows, with and without what may identify a patient."""

from __future__ import annotations

from typing import Any, Final, cast

from heidi_sessions import ConsultNote, Patient, Session

# A name says nothing about a session's content; all others may, the session's own name included.
HARMLESS: Final = (
    "session_id",
    "created_at",
    "updated_at",
    "duration",
    "language_code",
    "output_language_code",
    "ehr_provider",
)


def columns(*, show_phi: bool) -> list[str]:
    """Return the names of all cells that a row can have by the document."""
    if not show_phi:
        return list(HARMLESS)
    inner: dict[str, type[Patient | ConsultNote]] = {
        "patient": Patient,
        "consult_note": ConsultNote,
    }
    return [
        f"{name}.{part}" if part else name
        for name in Session.members
        for part in (inner[name].members if name in inner else [""])
    ]


def row(session: Session, *, show_phi: bool) -> dict[str, Any]:
    """Return the members of a session that may be shown."""
    members = session.to_dict()
    return members if show_phi else {name: members.get(name) for name in HARMLESS}


def flat(members: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return the members with those of inner objects beside them, as `patient.name`."""
    result: dict[str, Any] = {}
    for name, value in members.items():
        if isinstance(value, dict):
            result |= flat(cast("dict[str, Any]", value), f"{prefix}{name}.")
        else:
            result[prefix + name] = value
    return result
