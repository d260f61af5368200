"""What a creation makes: an empty session, and an id that nobody can guess."""

import itertools
import re
from collections.abc import Iterator
from typing import Any, cast

from ._complaint import Complaint
from ._sessions import ABSENT, Flat, Known, same

ID = re.compile(r"0|[1-9][0-9]{0,38}")
FRESH: Flat = {
    "patient.name": "",
    "patient.gender": None,
    "patient.dob": None,
    "audio": [],
    "clinician_notes": [],
    "documents": None,
    "duration": 0,
    "language_code": "en",
    "output_language_code": "en",
}
FRESH_NOTE: Flat = {
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
}
# So many ids that a random one shows no pattern by chance.
ENOUGH_IDS = 24
LEAST_BITS = 64


def newborn(known: Known, got: Flat, skip: set[str]) -> Iterator[Complaint]:
    """Yield how a session that nobody touched is not a new one."""
    if not known.settled or "foreign" in known.attempts:
        return
    expected = {
        **FRESH,
        **{f"consult_note.{name}": value for name, value in FRESH_NOTE.items()},
    }
    note = got.get("consult_note")
    flat = {
        **got,
        **(
            {f"consult_note.{name}": item for name, item in cast("Flat", note).items()}
            if isinstance(note, dict)
            else {}
        ),
    }
    for name, value in expected.items():
        if (
            name not in skip
            and (name in flat or name == "audio")
            and not same(value, flat.get(name, ABSENT))
        ):
            yield Complaint(
                "new-session",
                "createSession",
                "makes a session with another {} than a new one has",
                f"`{name}`",
                "as the contract says",
                "another value",
            )
    title: Any = got.get("session_name")
    if isinstance(title, str) and not re.fullmatch(r"Session [0-9]+", title, re.ASCII):
        yield Complaint(
            "new-session",
            "createSession",
            "makes a session with another {} than a new one has",
            "`session_name`",
            "Session <n>",
            "another name",
        )
    given = got.get("ehr_appt_id", ABSENT)
    if (
        known.appointment is not ABSENT
        and given is not ABSENT
        and "ehr_appt_id" not in skip
        and not same(known.appointment, given)
    ):
        if known.appointment is None:
            yield Complaint(
                "new-session",
                "createSession",
                "makes a session with another {} than a new one has",
                "`ehr_appt_id`",
                "null",
                "another value",
            )
        else:
            yield Complaint(
                "appointment",
                "createSession",
                "does not keep `ehr_appointment_id` as `ehr_appt_id`",
                "",
                "what was sent",
                "another value",
            )


def guessable(ids: list[str]) -> bool:
    """Whether ids have a pattern: most bits stay, or each lies close to the one before."""
    if len(ids) != ENOUGH_IDS or not all(text.isascii() and text.isdigit() for text in ids):
        return False
    numbers = [int(text) for text in ids if len(text) < 60]
    varying = 0
    for number in numbers:
        varying |= number ^ numbers[0]
    steps = [abs(one - two) for one, two in itertools.pairwise(numbers)]
    return varying.bit_count() < LEAST_BITS or max(steps) < 2**LEAST_BITS or len(set(steps)) == 1
