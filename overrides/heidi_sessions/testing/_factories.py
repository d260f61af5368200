from __future__ import annotations

import copy
from datetime import date
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final, cast

from heidi_generated.models import ConsultNote, Patient, Session

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# The document's own sample of getSession.
_SAMPLE: Final[dict[str, Any]] = {
    "session_id": "1234567890",
    "session_name": "Session 123",
    "patient": {"name": "", "gender": None, "dob": None},
    "audio": [],
    "clinician_notes": [],
    "consult_note": {
        "status": "CREATED",
        "result": "Consult note content...",
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
    "duration": 16,
    "created_at": "2024-12-11T03:57:57.921000",
    "updated_at": "2024-12-11T23:41:54.138000",
    "language_code": "en",
    "output_language_code": "en",
    "documents": None,
    "ehr_appt_id": None,
    "ehr_provider": "EHR Provider Name",
    "ehr_patient_id": None,
}


_INNER: Final[Mapping[str, type[Patient | ConsultNote]]] = {
    "patient": Patient,
    "consult_note": ConsultNote,
}


def make_session_json(**members: Any) -> dict[str, Any]:
    """Make a session as JSON has it; `patient` and `consult_note` are merged member by member."""
    session = copy.deepcopy(_SAMPLE)
    for name, value in members.items():
        inner = session.get(name)
        if isinstance(inner, dict) and isinstance(value, dict):
            session[name] = {**inner, **value}
        else:
            session[name] = value
    return session


def make_session(**members: Any) -> Session:
    """Make a session for a test.

    Args:
        members: what is to differ from the document's own sample, as JSON has it (`dob` may be a
            date); of `patient` and `consult_note`, a dict of the members that differ.

    Returns:
        A session that keeps to the document as far as the members do.

    Raises:
        TypeError: the document knows no such member. To try one, use `Session.from_dict`.

    Spec: Session (documented).
    """
    _check("", members, Session.members)
    for name, model in _INNER.items():
        if isinstance(inner := members.get(name), dict):
            inner = cast("dict[str, Any]", inner)
            _check(f"{name}.", inner, model.members)
            members[name] = {key: _as_json(value) for key, value in inner.items()}
    return Session.from_dict(make_session_json(**members))


def _check(prefix: str, given: Iterable[str], known: Iterable[str]) -> None:
    names = list(known)
    for name in given:
        if name not in names:
            closest = get_close_matches(name, names, n=1, cutoff=0)
            raise TypeError(
                f"make_session: a session has no {prefix}{name}; did you mean {prefix}{closest[0]}?"
            )


def _as_json(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value
