"""Values to send: what every member takes, what none takes, and what is hard to keep."""
# ruff: noqa: E501  # tables read better in rows

from typing import Any

Values = tuple[Any, ...]
# Members of an update, spelled `patient.name` where they stand in the patient.
TEXTS = (
    "transcribe_mode", "ehr_patient_id", "ehr_appt_id", "recording_status", "session_status",
    "created_time_local", "patient.name", "patient.demographic_details",
)  # fmt: skip
FLAGS = ("generate_output_without_recording", "is_consent")
LISTS = ("clinician_notes", "linked_sessions_for_context")
LANGUAGES = ("language_code", "output_language_code")
# What the page shows of an update, and what its answers show back.
DOCUMENTED: dict[str, Values] = {
    "duration": (60, 0, 75),
    "language_code": ("es", "en"),
    "output_language_code": ("es", "en"),
    "patient.name": ("John Doe", "", "Jane Roe"),
    "patient.gender": ("MALE", "FEMALE", "OTHER"),
    "patient.dob": ("1990-01-01", "2000-02-29"),
    "ehr_patient_id": ("EHR-1", "EHR-2"),
    "ehr_appt_id": ("EHR-3", "EHR-4"),
}
VALID: dict[str, Values] = {
    **DOCUMENTED,
    "duration": (60, 0, 75, 1.5, 2.5, 5.75, 3600, 90_061),
    **dict.fromkeys(LANGUAGES, ("es", "en-AU", "fil", "zh-Hant-TW", "es-419", "de-1996", "pt-br")),
    "patient.dob": ("1990-01-01", "2000-02-29", "1912-12-31", "1990-05-06", "1969-12-31", "1990-07-15", "1875-03-02"),
    **{name: (f"{name} one", "", "Zoë Müller", "2") for name in TEXTS},
    **dict.fromkeys(FLAGS, (True, False, True)),
    "clinician_notes": (["Note 1", "Note 2"], ["Note 2", "Note 1", "Note 2"], ["only"], [], ["", "x"], ["one, two; three | four", "a\tb"], ["two\nlines"]),
    "linked_sessions_for_context": (["{other}"], ["2", "1", "2"], ["{self}"], []),
}  # fmt: skip
WRONG_LANGUAGES = ("", "e", "english", "EN", "en_US", "en-", " en", "en ", "en\n", "en-A", "123", "en--US", "en-ABCDEFGHI", "en-abcdefghi", "ën")  # fmt: skip
INVALID: dict[str, Values] = {
    "duration": ("60", "1:30", "60s", "PT1M", "", True, False, [], {}, None, -1, -0.5, -1e-9, "NaN", [60]),
    **{name: (*WRONG_LANGUAGES, 5, True, None, [], {}, ["en"]) for name in LANGUAGES},
    **{name: (1, 0, 1.5, True, False, None, [], {}, ["x"]) for name in TEXTS},
    "patient.gender": ("male", "Male", "UNKNOWN", "", "MALE ", " MALE", "\tMALE", "M", 1, True, None, [], {}, ["MALE"]),
    "patient.dob": (
        "1990-02-30", "1990-04-31", "1990-13-01", "1990-00-10", "1990-01-00", "1900-02-29", "1990-1-1", "19900101",
        "1990-01-01T00:00:00", "1990-01-01Z", " 1990-01-01", "1990-01-01\n", "01/01/1990", "1990-W01-1",
        "1990-001", "", "today", "\u0661\u0669\u0669\u0660-\u0660\u0661-\u0660\u0661", "\u0661990-01-01", 19900101, True, None, [], {},
    ),
    **{name: (0, 1, "true", "false", "yes", "on", "1", "", None, [], {}, 1.0) for name in FLAGS},
    **{name: ("x", "", None, {}, 5, True, [1], [None], [["a"]], [True], ["a", 2], {"0": "a"}) for name in LISTS},
    "patient": (None, [], "x", 1, True, ""),
}  # fmt: skip
CREATE_TEXTS = ("patient_profile_id", "ehr_appointment_id")
STRINGS = (
    "two  spaces   inside", "C:\\new\\table \\n \\t", " leading and trailing ", "\t\n", "\r\n", "line\r\nbreak\rend\n", "nul\u0000inside", "\u0000",
    "\u0001\u001f\u007f\u0085", "astral \U0001f468\u200d\u2695\ufe0f \U00020000", "combining e\u0301 a\u030a",
    "composed \u00e9 \u00e5 \ufb01 \u212b", "\u202eright to left\u200f \u05d0\u0628", "\ufeffmark of order",
    "\ufffe\uffff \ue000", "<script>alert('x')</script> &amp; &lt;b&gt;", "%20 %00 %s {0} {{x}} ${y} \\u0041 \\",
    "Robert'); DROP TABLE sessions;--", '"quoted" \'single\' `tick`', "null", "true", "0", "007", "1e5", "NaN",
    "2024-01-01T00:00:00Z", "2024-12-11T03:57:57+11:00", "2024-12-11T03:57", "2024-12-11 3:57 PM",
    "NA", "N/A", "None", "nan", "-", "1.0", "1/2", "=1+1", "+61 2", "\u0410nn\u0430 \u0421", "\u2028\u2029", "\u00a0\u3000", "\u0130\u0131\u00df\u1e9e", "x" * 300, "\u00e9" * 5000,
    "long " * 14_000,
)  # fmt: skip
EXACT = (1, 59, 86_400, 2**31 - 1, 2**31, 2**32, 2**53 - 1, 2**53, 0.1, 0.5, 1.25, 3.141592653589793, 1e-7, 0.30000000000000004, 123456.789)  # fmt: skip
# As text: Python would spell some of them otherwise.
BEYOND = ("9007199254740993", "18446744073709551616", "1e21", "1e308", "1e400", "1" + "0" * 400, "5e-324", "0.1000000000000000055511151231257827")  # fmt: skip


def body(name: str, value: Any) -> dict[str, Any]:
    """Return an update that sends one member."""
    if name.startswith("patient."):
        return {"patient": {name.partition(".")[2]: value}}
    return {name: value}


def merged(members: dict[str, Any]) -> dict[str, Any]:
    """Return an update that sends several members."""
    told: dict[str, Any] = {}
    for name, value in members.items():
        if name.startswith("patient."):
            told.setdefault("patient", {})[name.partition(".")[2]] = value
        else:
            told[name] = value
    return told
