"""What a session is and how it changes: values in, values out."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeAlias, cast

Session: TypeAlias = dict[str, Any]

_PROVIDER: Final = "Heidi sandbox"
_TICK: Final = timedelta(microseconds=1)


def now() -> datetime:
    """Return the time in UTC, without an offset as the document wants it."""
    return datetime.now(UTC).replace(tzinfo=None)


def new_session(session_id: str, number: int, at: datetime, members: Mapping[str, Any]) -> Session:
    """Return a session as it is before anybody touched it.

    Args:
        session_id: its id.
        number: which session of its user it is, from 1.
        at: when it is created.
        members: the body of createSession. Nothing shows `patient_profile_id`, so it is not kept.
    """
    return {
        "session_id": session_id,
        "session_name": f"Session {number}",
        "patient": {"name": "", "gender": None, "dob": None},
        "audio": [],
        "clinician_notes": [],
        "consult_note": {
            "status": "CREATED",
            "result": "",
            "heading": "Note",
            "brain": "RIGHT",
            "voice_style": None,
            "generation_method": "TEMPLATE",
            "template_id": None,
            "ai_command_id": None,
            "ai_command_text": None,
            "feedback": None,
            "dictation_cleanup_mode": None,
        },
        "duration": 0,
        "created_at": _text(at),
        "updated_at": _text(at),
        "language_code": "en",
        "output_language_code": "en",
        "documents": None,
        "ehr_appt_id": members.get("ehr_appointment_id"),
        "ehr_provider": _PROVIDER,
        "ehr_patient_id": None,
    }


def updated(session: Session, members: Mapping[str, Any], at: datetime) -> Session:
    """Return a session after an update.

    Args:
        session: as it was.
        members: what to replace; an object is merged member by member.
        at: when it changes; a clock that went back does not take `updated_at` along.
    """
    earliest = datetime.fromisoformat(session["updated_at"]) + _TICK
    return {**_merged(session, members), "updated_at": _text(max(at, earliest))}


def _merged(old: Mapping[str, Any], members: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **old,
        **{
            name: _merged(old[name], cast("Mapping[str, Any]", value))
            if isinstance(value, Mapping)
            else value
            for name, value in members.items()
        },
    }


def _text(at: datetime) -> str:
    return at.isoformat(timespec="microseconds")
