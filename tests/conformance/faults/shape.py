"""Members that are missing, or of another type, also where that is rare."""

from collections.abc import Callable
from typing import Any

from tests.conformance.caller import Caller
from tests.conformance.reference import Api, Request, User

from .catalogue import DOCUMENTED, STRICT, Catalogue, Level, Session, showing

FAULTS = Catalogue("shape")
MEMBERS: dict[str, Any] = {
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
    """Say whether a session has the members that the base document requires, of their types."""
    patient = session["patient"]
    return (
        all(
            name in session
            and isinstance(session[name], kind)
            and not isinstance(session[name], bool)
            for name, kind in MEMBERS.items()
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


def fit(**members: Any) -> Callable[[Caller], object]:
    """Return a witness that all views of a session are well-formed after an update."""
    return lambda caller: all(fits(view) for view in caller.views(caller.create(), **members))


def in_state(
    condition: Callable[[Session], bool], name: str, value: Any, *operations: str
) -> type[Api]:
    """Return a server that shows another value of a member; `...` leaves the member out."""

    def spoil(told: Session, operation: str) -> None:
        if condition(told) and (not operations or operation in operations):
            told[name] = value(told[name]) if callable(value) else value
            if value is ...:
                del told[name]

    return showing(spoil)


def always(_: Session) -> bool:
    return True


GET, PATCH, LIST = "getSession", "updateSession", "listLinkedUserSessions"
BOB = {"name": "Bob", "gender": "MALE", "dob": "1950-02-28"}
ROWS: tuple[tuple[str, str, Any, str, Any, tuple[str, ...], Session], ...] = (
    (
        "no_provider_in_updates",
        "The answer to an update has no `ehr_provider`.",
        always,
        "ehr_provider",
        ...,
        (PATCH,),
        {},
    ),
    (
        "no_notes_in_list",
        "The list has no `consult_note`.",
        always,
        "consult_note",
        ...,
        (LIST,),
        {},
    ),
    (
        "nulls_left_out",
        "GET leaves `documents` out while it is null.",
        lambda s: s["documents"] is None,
        "documents",
        ...,
        (GET,),
        {},
    ),
    (
        "no_link_no_member",
        "The list leaves `ehr_patient_id` out while it is null.",
        lambda s: s["ehr_patient_id"] is None,
        "ehr_patient_id",
        ...,
        (LIST,),
        {},
    ),
    (
        "zero_is_null",
        "A duration of zero is shown as null after an update.",
        lambda s: not s["duration"],
        "duration",
        None,
        (PATCH,),
        {"duration": 0},
    ),
    (
        "zero_is_left_out",
        "The list leaves a duration of zero out.",
        lambda s: not s["duration"],
        "duration",
        ...,
        (LIST,),
        {},
    ),
    (
        "fraction_is_text",
        "A duration with a fraction is shown as text.",
        lambda s: s["duration"] % 1 != 0,
        "duration",
        str,
        (),
        {"duration": 1.5},
    ),
    (
        "long_duration_is_text",
        "A duration beyond a day is shown as text, as in 1 day, 0:01:00.",
        lambda s: s["duration"] > 86400,
        "duration",
        str,
        (),
        {"duration": 86460},
    ),
    (
        "empty_notes_are_null",
        "Notes that were emptied are null.",
        lambda s: s["created_at"] != s["updated_at"] and not s["clinician_notes"],
        "clinician_notes",
        None,
        (),
        {"clinician_notes": []},
    ),
    (
        "one_note_is_a_text",
        "A single note is shown without its array.",
        lambda s: len(s["clinician_notes"]) == 1,
        "clinician_notes",
        lambda n: n[0],
        (),
        {"clinician_notes": ["one"]},
    ),
    (
        "notes_as_objects",
        "The list shows notes as objects.",
        always,
        "clinician_notes",
        lambda n: [{"text": t} for t in n],
        (LIST,),
        {"clinician_notes": ["one"]},
    ),
    (
        "note_is_gone",
        "After an update, `consult_note` is null.",
        lambda s: s["created_at"] != s["updated_at"],
        "consult_note",
        None,
        (GET,),
        {"duration": 1},
    ),
    (
        "empty_note_is_null",
        "The list shows null for a note without a result.",
        lambda s: not s["consult_note"]["result"],
        "consult_note",
        None,
        (LIST,),
        {},
    ),
    (
        "appointment_of_digits",
        "An `ehr_appt_id` of digits is shown as a number.",
        lambda s: str(s["ehr_appt_id"]).isdecimal(),
        "ehr_appt_id",
        int,
        (),
        {"ehr_appt_id": "42"},
    ),
    (
        "patient_link_of_digits",
        "The list shows an `ehr_patient_id` of digits as a number.",
        lambda s: str(s["ehr_patient_id"]).isdecimal(),
        "ehr_patient_id",
        int,
        (LIST,),
        {"ehr_patient_id": "42"},
    ),
    (
        "empty_link_is_false",
        "An empty `ehr_patient_id` is shown as false.",
        lambda s: s["ehr_patient_id"] == "",
        "ehr_patient_id",
        False,
        (),
        {"ehr_patient_id": ""},
    ),
    (
        "language_as_list",
        "The list shows the language as an array.",
        always,
        "language_code",
        lambda c: [c],
        (LIST,),
        {},
    ),
    (
        "language_null_for_regions",
        "A language with a region is shown as null.",
        lambda s: "-" in s["language_code"],
        "language_code",
        None,
        (GET,),
        {"language_code": "en-AU"},
    ),
    (
        "documents_as_object",
        "`documents` is an empty object in the list.",
        always,
        "documents",
        {},
        (LIST,),
        {},
    ),
    (
        "created_as_seconds",
        "The list shows `created_at` as a number of seconds.",
        always,
        "created_at",
        1733889477,
        (LIST,),
        {},
    ),
    (
        "name_is_a_number",
        "The name of a session is its number.",
        always,
        "session_name",
        lambda n: 1,
        (GET,),
        {},
    ),
)
for name, sentence, condition, member, value, operations, members in ROWS:
    FAULTS.add(
        name,
        sentence,
        f"Session {member}",
        DOCUMENTED,
        in_state(condition, member, value, *operations),
        fit(**members),
    )

PATIENTS: tuple[tuple[str, str, str, Any, tuple[str, ...], Session], ...] = (
    (
        "other_in_small_letters",
        "The gender OTHER is shown as `other`.",
        "gender",
        lambda g: "other" if g == "OTHER" else g,
        (),
        {"gender": "OTHER"},
    ),
    (
        "female_is_a_letter",
        "The list shows the gender FEMALE as `F`.",
        "gender",
        lambda g: "F" if g == "FEMALE" else g,
        (LIST,),
        {"gender": "FEMALE"},
    ),
    (
        "unknown_gender_is_empty",
        "GET shows a gender that is not known as an empty text.",
        "gender",
        lambda g: g or "",
        (GET,),
        {"name": "x"},
    ),
    (
        "dob_is_a_moment",
        "The answer to an update shows `dob` with a time of day.",
        "dob",
        lambda d: d and f"{d}T00:00:00",
        (PATCH,),
        {"dob": "1990-01-01"},
    ),
    (
        "dob_is_local",
        "The list shows `dob` as 01/02/1990.",
        "dob",
        lambda d: d and "/".join(reversed(d.split("-")))[:9],
        (LIST,),
        {"dob": "1990-02-01"},
    ),
    (
        "old_dob_is_a_number",
        "A `dob` before 1970 is shown as a negative number.",
        "dob",
        lambda d: -1 if d and d < "1970" else d,
        (),
        {"dob": "1969-12-31"},
    ),
    (
        "empty_name_is_null",
        "A name that was emptied is shown as null in the list.",
        "name",
        lambda n: n or None,
        (LIST,),
        {"name": ""},
    ),
    (
        "name_in_parts",
        "A name of two words is shown as an array.",
        "name",
        lambda n: n.split() if " " in n else n,
        (),
        {"name": "John Doe"},
    ),
)
for name, sentence, member, value, operations, patient in PATIENTS:

    def spoiled(told: Session, member: str = member, value: Any = value) -> Session:
        return told | {member: value(told[member])}

    server = in_state(always, "patient", spoiled, *operations)
    FAULTS.add(name, sentence, f"Patient {member}", DOCUMENTED, server, fit(patient=patient))


@FAULTS.shown("Patient gender", DOCUMENTED, fit(patient={"name": "x"}))
def half_a_patient(told: Session, operation: str) -> None:
    """A patient whose gender and `dob` are not known is shown with the name alone."""
    if told["patient"]["name"] and told["patient"]["gender"] is None:
        told["patient"] = {"name": told["patient"]["name"]}


@FAULTS.shown("Session patient", DOCUMENTED, fit())
def empty_patient_is_an_array(told: Session, operation: str) -> None:
    """The list shows a patient about whom nothing is known as an empty array."""
    if operation == LIST and not any(told["patient"].values()):
        told["patient"] = []


@FAULTS.shown("ConsultNote L70", DOCUMENTED, fit(session_status="DONE"))
def note_changes_with_status(told: Session, operation: str) -> None:
    """Once `session_status` is set, the note loses `voice_style`."""
    if "session_status" in told:
        del told["consult_note"]["voice_style"]


# --- pages ---


def paging(change: Callable[[Session], Session]) -> type[Api]:
    class Paging(Api):
        def page(self, user: User, request: Request) -> Any:
            page = super().page(user, request)
            return page | change(page)

    return Paging


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


PAGES: tuple[tuple[str, str, Level, Callable[[Session], Session], int], ...] = (
    ("count_is_text", "`count` is a text.", DOCUMENTED, lambda p: {"count": str(p["count"])}, 1),
    (
        "total_is_a_fraction",
        "`total_count` is not a whole number.",
        DOCUMENTED,
        lambda p: {"total_count": p["total_count"] + 0.5},
        1,
    ),
    (
        "total_is_null",
        "`total_count` is null on every page but the first.",
        DOCUMENTED,
        lambda p: (
            {"total_count": None}
            if p["next_page"] is None and p["count"] != p["total_count"]
            else {}
        ),
        3,
    ),
    (
        "more_is_a_number",
        "`has_next_page` is 1 or 0.",
        DOCUMENTED,
        lambda p: {"has_next_page": int(p["has_next_page"])},
        1,
    ),
    (
        "next_is_false",
        "`next_page` is false on the last page.",
        STRICT,
        lambda p: {"next_page": p["next_page"] or False},
        1,
    ),
    (
        "next_is_an_object",
        "`next_page` is an object.",
        STRICT,
        lambda p: {"next_page": p["next_page"] and {"after": p["next_page"]}},
        3,
    ),
    (
        "no_sessions_are_null",
        "The sessions of a user without any are null.",
        DOCUMENTED,
        lambda p: {"sessions": p["sessions"] or None},
        0,
    ),
    (
        "sessions_by_id",
        "The sessions of a page are an object, by id.",
        DOCUMENTED,
        lambda p: {"sessions": {s["session_id"]: s for s in p["sessions"]}},
        1,
    ),
    (
        "one_session_is_no_array",
        "A page of one session holds it without an array.",
        DOCUMENTED,
        lambda p: {"sessions": p["sessions"][0]} if p["count"] == 1 else {},
        3,
    ),
    (
        "ids_on_the_second_page",
        "Pages after the first show ids and names alone.",
        DOCUMENTED,
        lambda p: (
            {
                "sessions": [
                    {"session_id": s["session_id"], "session_name": s["session_name"]}
                    for s in p["sessions"]
                ]
            }
            if p["next_page"] is None and p["count"] != p["total_count"]
            else {}
        ),
        3,
    ),
    (
        "null_among_sessions",
        "The last page ends with null.",
        DOCUMENTED,
        lambda p: {"sessions": [*p["sessions"], None]} if p["next_page"] is None else {},
        3,
    ),
    (
        "sessions_in_envelopes",
        "The sessions of a page are each inside `session`.",
        DOCUMENTED,
        lambda p: {"sessions": [{"session": s} for s in p["sessions"]]},
        1,
    ),
)
for name, sentence, level, change, number in PAGES:
    FAULTS.add(
        name,
        sentence,
        "SessionPage" + (" S16" if level == STRICT else ""),
        level,
        paging(change),
        fit_pages(number),
    )


def without(name: str) -> type[Api]:
    class Without(Api):
        def page(self, user: User, request: Request) -> Any:
            page = super().page(user, request)
            return {key: value for key, value in page.items() if key != name or page["next_page"]}

    return Without


for name in ("next_page", "has_next_page", "count", "total_count"):
    FAULTS.add(
        f"no_{name}_at_the_end",
        f"The last page has no member `{name}`.",
        "SessionPage",
        DOCUMENTED,
        without(name),
        fit_pages(3),
    )
