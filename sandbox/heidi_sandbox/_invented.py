"""Invented sessions: they read like consultations, and nobody can take one for a patient's."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

from heidi_sandbox._json import dump
from heidi_sandbox._sessions import new_session, updated

_ID_BYTES: Final = 16
_EPOCH: Final = datetime(2020, 1, 1)  # noqa: DTZ001  # without an offset, as the document wants it
_INTERVAL: Final = timedelta(seconds=20)  # so that ten million sessions lie in the past
_OLDEST: Final = date(1930, 1, 1).toordinal()
_DAYS: Final = 90 * 365  # between the oldest and the youngest patient
_LONGEST: Final = 60 * 60  # seconds

_FIRST_NAMES: Final = (
    "Ada Ben Chloé Dmitri Esra Fatima Goran Hana Iván Jun Kofi Léa Mei Noor Oona Priya".split()
)
_LAST_NAMES: Final = (
    "Example Sample Testcase Placeholder Mockup Invented Specimen Fictitious".split()
)
_GENDERS: Final = ("FEMALE", "MALE", "OTHER", None)
_LANGUAGES: Final = "en en en-AU en-GB es fr zh-Hans hi".split()
_COMPLAINTS: Final = (
    "an invented cough",
    "a fictitious headache",
    "sample back pain",
    "a placeholder rash",
    "test fatigue",
    "a mock sore throat",
    "a specimen ankle sprain",
    "an example of poor sleep",
)
_ADVICE: Final = (
    "rest and fluids, as in every example",
    "a review in two invented weeks",
    "no treatment, as there is no patient",
    "a referral to nobody in particular",
)


def invented_sessions(key: bytes, email: str) -> Callable[[int], tuple[str, bytes]]:
    """Return what makes the id and the document of a user's session from its number.

    Args:
        key: at most 64 bytes; the same key makes the same sessions.
        email: the user's address.
    """
    user = email.encode()

    def session(number: int) -> tuple[str, bytes]:
        return _session(hashlib.blake2b(b"%b %d" % (user, number), key=key).digest(), number)

    return session


def _session(random: bytes, number: int) -> tuple[str, bytes]:
    session_id = str(int.from_bytes(random[:_ID_BYTES], "big"))
    dice = iter(random[_ID_BYTES:])
    created = _EPOCH + number * _INTERVAL
    duration = _below(dice, _LONGEST)
    members = _members(dice)
    appointment = {"ehr_appointment_id": f"EXAMPLE-APPOINTMENT-{number}"}
    session = new_session(session_id, number, created, appointment)
    changed = updated(
        session, {**members, "duration": duration}, created + timedelta(seconds=duration)
    )
    return session_id, dump(changed)


def _members(dice: Iterator[int]) -> dict[str, Any]:
    name = f"{_one(dice, _FIRST_NAMES)} {_one(dice, _LAST_NAMES)}"
    complaint, advice = _one(dice, _COMPLAINTS), _one(dice, _ADVICE)
    language = _one(dice, _LANGUAGES)
    return {
        "patient": {
            "name": name,
            "gender": _one(dice, _GENDERS),
            "dob": date.fromordinal(_OLDEST + _below(dice, _DAYS)).isoformat(),
        },
        "clinician_notes": [f"Presents with {complaint}.", f"Plan: {advice}."],
        "consult_note": {
            "result": f"{name} does not exist and presents with {complaint}. Advised {advice}."
        },
        "language_code": language,
        "output_language_code": language,
        "ehr_patient_id": f"EXAMPLE-PATIENT-{_below(dice, 10_000)}",
    }


def _one(dice: Iterator[int], choices: Sequence[Any]) -> Any:
    return choices[_below(dice, len(choices))]


def _below(dice: Iterator[int], most: int) -> int:
    return (next(dice) << 8 | next(dice)) % most
