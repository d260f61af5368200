from __future__ import annotations

import copy
from typing import Any, Final

from heidi_generated.models import Session

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
        members: what is to differ from the document's sample, as JSON has it; of `patient` and
            `consult_note`, the members that differ.

    Returns:
        A session that keeps to the document as far as the members do.
    """
    return Session.from_dict(make_session_json(**members))
