"""Properties that are missing or of another type, some of them only in rare cases."""

from collections.abc import Callable
from typing import Any

from tests.conformance.caller import Caller
from tests.conformance.reference import Api, Request, User

from .catalogue import (
    DOCUMENTED,
    GET,
    LIST,
    PATCH,
    STRICT,
    Catalogue,
    Session,
    instead,
    paged,
    telling,
)

FAULTS = Catalogue("shape")
PROPERTIES: dict[str, Any] = {
    "session_id": str,
    "session_name": str,
    "patient": dict,
    "clinician_notes": list,
    "consult_note": dict,
    "duration": (int, float),
    "created_at": str,
    "updated_at": str,
    "language_code": str,
    "output_language_code": str,
    "documents": (list, type(None)),
    "ehr_appt_id": (str, type(None)),
    "ehr_provider": str,
    "ehr_patient_id": (str, type(None)),
}
NOTE = {"status", "result", "heading", "brain", "voice_style", "generation_method", "template_id"}


def fits(session: Session) -> bool:
    """Say whether a session has the properties that the base document requires, with their types."""
    patient = session["patient"]
    return (
        all(
            name in session
            and isinstance(session[name], kind)
            and not isinstance(session[name], bool)
            for name, kind in PROPERTIES.items()
        )
        and isinstance(patient["name"], str)
        and patient["gender"] in {None, "MALE", "FEMALE", "OTHER"}
        and (
            patient["dob"] is None
            or (isinstance(patient["dob"], str) and len(patient["dob"]) == 10)
        )
        and all(isinstance(note, str) for note in session["clinician_notes"])
        and set(session["consult_note"]) >= NOTE
    )


def fit(**fields: Any) -> Callable[[Caller], object]:
    """Return a witness that all views of a session are well-formed after an update."""
    return lambda caller: all(fits(view) for view in caller.views(caller.create(), **fields))


FAULTS.enter(
    ("no_provider_in_updates", "The response to an update has no `ehr_provider`.", "Session ehr_provider", DOCUMENTED, telling("ehr_provider", ..., PATCH), fit()),
    ("no_notes_in_list", "The list has no `consult_note`.", "Session consult_note", DOCUMENTED, telling("consult_note", ..., LIST), fit()),
    ("nulls_left_out", "GET leaves `documents` out while it is null.", "Session documents", DOCUMENTED, telling("documents", ..., GET, when=lambda s: s["documents"] is None), fit()),
    ("no_link_no_member", "The list leaves `ehr_patient_id` out while it is null.", "Session ehr_patient_id", DOCUMENTED, telling("ehr_patient_id", ..., LIST, when=lambda s: s["ehr_patient_id"] is None), fit()),
    ("zero_is_null", "A duration of zero is shown as null after an update.", "Session duration", DOCUMENTED, telling("duration", None, PATCH, when=lambda s: not s["duration"]), fit(duration=0)),
    ("zero_is_left_out", "The list leaves out a duration of zero.", "Session duration", DOCUMENTED, telling("duration", ..., LIST, when=lambda s: not s["duration"]), fit()),
    ("fraction_is_text", "A duration with a fraction is shown as a string.", "Session duration", DOCUMENTED, telling("duration", str, when=lambda s: s["duration"] % 1 != 0), fit(duration=1.5)),
    ("long_duration_is_text", "A duration beyond a day is shown as a string, as in 1 day, 0:01:00.", "Session duration", DOCUMENTED, telling("duration", str, when=lambda s: s["duration"] > 86400), fit(duration=86460)),
    ("empty_notes_are_null", "Notes that were emptied are null.", "Session clinician_notes", DOCUMENTED, telling("clinician_notes", None, when=lambda s: s["created_at"] != s["updated_at"] and not s["clinician_notes"]), fit(clinician_notes=[])),
    ("one_note_is_a_text", "A single note is shown without its array.", "Session clinician_notes", DOCUMENTED, telling("clinician_notes", lambda n: n[0], when=lambda s: len(s["clinician_notes"]) == 1), fit(clinician_notes=["one"])),
    ("notes_as_objects", "The list shows notes as objects.", "Session clinician_notes", DOCUMENTED, telling("clinician_notes", lambda n: [{"text": t} for t in n], LIST), fit(clinician_notes=["one"])),
    ("note_is_gone", "After an update, `consult_note` is null.", "Session consult_note", DOCUMENTED, telling("consult_note", None, GET, when=lambda s: s["created_at"] != s["updated_at"]), fit(duration=1)),
    ("empty_note_is_null", "The list shows null for a note without a result.", "Session consult_note", DOCUMENTED, telling("consult_note", None, LIST, when=lambda s: not s["consult_note"]["result"]), fit()),
    ("appointment_of_digits", "An `ehr_appt_id` of digits is shown as a number.", "Session ehr_appt_id", DOCUMENTED, telling("ehr_appt_id", int, when=lambda s: str(s["ehr_appt_id"]).isdecimal()), fit(ehr_appt_id="42")),
    ("patient_link_of_digits", "The list shows an `ehr_patient_id` of digits as a number.", "Session ehr_patient_id", DOCUMENTED, telling("ehr_patient_id", int, LIST, when=lambda s: str(s["ehr_patient_id"]).isdecimal()), fit(ehr_patient_id="42")),
    ("empty_link_is_false", "An empty `ehr_patient_id` is shown as false.", "Session ehr_patient_id", DOCUMENTED, telling("ehr_patient_id", False, when=lambda s: s["ehr_patient_id"] == ""), fit(ehr_patient_id="")),
    ("language_as_list", "The list shows the language as an array.", "Session language_code", DOCUMENTED, telling("language_code", lambda c: [c], LIST), fit()),
    ("language_null_for_regions", "A language with a region is shown as null.", "Session language_code", DOCUMENTED, telling("language_code", None, GET, when=lambda s: "-" in s["language_code"]), fit(language_code="en-AU")),
    ("documents_as_object", "`documents` is an empty object in the list.", "Session documents", DOCUMENTED, telling("documents", {}, LIST), fit()),
    ("created_as_seconds", "The list shows `created_at` as a number of seconds.", "Session created_at", DOCUMENTED, telling("created_at", 1733889477, LIST), fit()),
    ("name_is_a_number", "The name of a session is its number.", "Session session_name", DOCUMENTED, telling("session_name", lambda n: 1, GET), fit()),
    ("other_in_small_letters", "The gender OTHER is shown as `other`.", "Patient gender", DOCUMENTED, telling("patient.gender", lambda g: "other" if g == "OTHER" else g), fit(patient={"gender": "OTHER"})),
    ("female_is_a_letter", "The list shows the gender FEMALE as `F`.", "Patient gender", DOCUMENTED, telling("patient.gender", lambda g: "F" if g == "FEMALE" else g, LIST), fit(patient={"gender": "FEMALE"})),
    ("unknown_gender_is_empty", "GET shows a gender that is not known as an empty string.", "Patient gender", DOCUMENTED, telling("patient.gender", lambda g: g or "", GET), fit(patient={"name": "x"})),
    ("dob_is_a_moment", "The response to an update shows `dob` with a time of day.", "Patient dob", DOCUMENTED, telling("patient.dob", lambda d: d and f"{d}T00:00:00", PATCH), fit(patient={"dob": "1990-01-01"})),
    ("dob_is_local", "The list shows `dob` as 01/02/1990.", "Patient dob", DOCUMENTED, telling("patient.dob", lambda d: d and "/".join(reversed(d.split("-")))[:9], LIST), fit(patient={"dob": "1990-02-01"})),
    ("old_dob_is_a_number", "A `dob` before 1970 is shown as a negative number.", "Patient dob", DOCUMENTED, telling("patient.dob", lambda d: -1 if d and d < "1970" else d), fit(patient={"dob": "1969-12-31"})),
    ("empty_name_is_null", "A name that was emptied is shown as null in the list.", "Patient name", DOCUMENTED, telling("patient.name", lambda n: n or None, LIST), fit(patient={"name": ""})),
    ("name_in_parts", "A name of two words is shown as an array.", "Patient name", DOCUMENTED, telling("patient.name", lambda n: n.split() if " " in n else n), fit(patient={"name": "John Doe"})),
    ("half_a_patient", "A patient whose gender and `dob` are null is shown with the name alone.", "Patient gender", DOCUMENTED, telling("patient", lambda p: {"name": p["name"]} if p["name"] and p["gender"] is None else p), fit(patient={"name": "x"})),
    ("empty_patient_is_an_array", "The list shows an empty patient as an empty array.", "Session patient", DOCUMENTED, telling("patient", lambda p: p if any(p.values()) else [], LIST), fit()),
    ("note_changes_with_status", "Once `session_status` is set, the note loses `voice_style`.", "ConsultNote L70", DOCUMENTED, telling("consult_note.voice_style", ..., when=lambda s: "session_status" in s), fit(session_status="DONE")),
)  # fmt: skip


# --- pages ---


def fits_page(page: Session) -> bool:
    counts = [page["count"], page["total_count"]]
    return (
        isinstance(page["sessions"], list)
        and all(fits(session) for session in page["sessions"])
        and all(type(number) is int for number in counts)
        and isinstance(page["has_next_page"], bool)
        and isinstance(page["next_page"], str | int | None)
        and not isinstance(page["next_page"], bool)
    )


def fit_pages(number: int) -> Callable[[Caller], object]:
    def witness(caller: Caller) -> bool:
        caller.several(number)
        return all(fits_page(page) for page in caller.pages("2"))

    return witness


FAULTS.enter(
    ("count_is_text", "`count` is a string.", "SessionPage", DOCUMENTED, paged(lambda p, _: {"count": str(p["count"])}), fit_pages(1)),
    ("total_is_a_fraction", "`total_count` is not a whole number.", "SessionPage", DOCUMENTED, paged(lambda p, _: {"total_count": p["total_count"] + 0.5}), fit_pages(1)),
    ("total_is_null", "`total_count` is null on every page but the first.", "SessionPage", DOCUMENTED, paged(lambda p, _: ({"total_count": None} if p["next_page"] is None and p["count"] != p["total_count"] else {})), fit_pages(3)),
    ("more_is_a_number", "`has_next_page` is 1 or 0.", "SessionPage", DOCUMENTED, paged(lambda p, _: {"has_next_page": int(p["has_next_page"])}), fit_pages(1)),
    ("next_is_false", "`next_page` is false on the last page.", "SessionPage S16", STRICT, paged(lambda p, _: {"next_page": p["next_page"] or False}), fit_pages(1)),
    ("next_is_an_object", "`next_page` is an object.", "SessionPage S16", STRICT, paged(lambda p, _: {"next_page": p["next_page"] and {"after": p["next_page"]}}), fit_pages(3)),
    ("no_sessions_are_null", "The sessions of a user without any are null.", "SessionPage", DOCUMENTED, paged(lambda p, _: {"sessions": p["sessions"] or None}), fit_pages(0)),
    ("sessions_by_id", "The sessions of a page are an object, by id.", "SessionPage", DOCUMENTED, paged(lambda p, _: {"sessions": {s["session_id"]: s for s in p["sessions"]}}), fit_pages(1)),
    ("one_session_is_no_array", "A page of one session has it without an array.", "SessionPage", DOCUMENTED, paged(lambda p, _: {"sessions": p["sessions"][0]} if p["count"] == 1 else {}), fit_pages(3)),
    ("ids_on_the_second_page", "Pages after the first show ids and names alone.", "SessionPage", DOCUMENTED, paged(lambda p, _: ({"sessions": [{"session_id": s["session_id"], "session_name": s["session_name"]} for s in p["sessions"]]} if p["next_page"] is None and p["count"] != p["total_count"] else {})), fit_pages(3)),
    ("null_among_sessions", "The last page ends with null.", "SessionPage", DOCUMENTED, paged(lambda p, _: {"sessions": [*p["sessions"], None]} if p["next_page"] is None else {}), fit_pages(3)),
    ("sessions_in_envelopes", "Each session of a page is inside `session`.", "SessionPage", DOCUMENTED, paged(lambda p, _: {"sessions": [{"session": s} for s in p["sessions"]]}), fit_pages(1)),
)  # fmt: skip


def without(name: str) -> type[Api]:
    def page(api: Api, user: User, request: Request) -> Any:
        told = Api.page(api, user, request)
        return {key: value for key, value in told.items() if key != name or told["next_page"]}

    return instead(page=page)


for name in ("next_page", "has_next_page", "count", "total_count"):
    sentence = f"The last page has no property `{name}`."
    server = without(name)
    FAULTS.add(f"no_{name}_at_the_end", sentence, "SessionPage", DOCUMENTED, server, fit_pages(3))
