"""What an update changes, and what it must not change."""

import re
from collections.abc import Callable
from typing import Any, cast

from tests.conformance.caller import Caller, is_error
from tests.conformance.reference import UPDATE, Api, RefusalError, Request, Shape, User, new_session

from .catalogue import (
    DOCUMENTED,
    STRICT,
    Catalogue,
    Level,
    Remembering,
    Session,
    changing,
    instead,
    losing,
    place_in,
    refusing_bodies,
    turning,
)

FAULTS = Catalogue("patch")
PROPERTIES: Session = {
    "duration": 61.5,
    "language_code": "es",
    "output_language_code": "de",
    "ehr_patient_id": "P1",
    "ehr_appt_id": "A1",
    "clinician_notes": ["b", "a", "b"],
    "transcribe_mode": "dictation",
    "generate_output_without_recording": True,
    "recording_status": "PAUSED",
    "session_status": "DONE",
    "is_consent": True,
    "created_time_local": "2024-12-11T09:00",
    "linked_sessions_for_context": ["2", "1"],
}
PATIENT = {
    "name": "John Doe",
    "gender": "MALE",
    "dob": "1990-01-01",
    "demographic_details": "left-handed",
}
NOBODY = {"name": "", "gender": None, "dob": None}
# The properties of a session in the base document, and those that only an update has.
SHOWN = {"duration", "language_code", "output_language_code", "ehr_patient_id", "ehr_appt_id"}


def level_of(field: str) -> Level:
    return DOCUMENTED if field in SHOWN | {"name", "gender", "dob"} else STRICT


def keeps(**fields: Any) -> Callable[[Caller], object]:
    return lambda caller: caller.keeps(**fields)


def keeps_each(*updates: Session) -> Callable[[Caller], object]:
    """Return a witness that the session shows all these updates, made one after the other."""

    def witness(caller: Caller) -> bool:
        session_id = caller.create()
        wanted: Session = {}
        told: Session = {}
        for update in updates:
            patient = wanted.get("patient", {}) | update.get("patient", {})
            wanted |= update | ({"patient": patient} if patient else {})
            told = caller.patched(session_id, **update)
        views = [told, caller.read(session_id), caller.in_list(session_id)]
        return all(
            {**view, "patient": {}}.items() >= {**wanted, "patient": {}}.items()
            and view["patient"].items() >= wanted.get("patient", {}).items()
            for view in views
        )

    return witness


# --- a property that an update ignores, or loses ---


for field, value in PROPERTIES.items():
    sentence = f"An update of `{field}` is accepted and changes nothing."
    rows, witness = "S11 L103 L135-L156", keeps(**{field: value})
    FAULTS.add(f"ignores_{field}", sentence, rows, level_of(field), losing(field), witness)
for field, value in PATIENT.items():
    sentence = f"An update of the patient's `{field}` is accepted and changes nothing."
    rows, witness = "S11 L103 L143-L147", keeps(patient={field: value})
    server = losing(f"patient.{field}")
    FAULTS.add(f"ignores_patient_{field}", sentence, rows, level_of(field), server, witness)


def resetting(field: str, *others: str) -> type[Api]:
    """Return a server that resets other properties when one is sent."""

    def reset(session: Session, sent: Session) -> None:
        if field in sent:
            fresh = new_session("", 0)
            session.update({name: fresh.get(name) for name in others if name not in sent})

    return changing(reset)


RESETS: tuple[tuple[str, str, str, Level], ...] = (
    ("notes", "duration", "clinician_notes", STRICT),
    ("the_duration", "language_code", "duration", DOCUMENTED),
    ("the_appointment", "ehr_patient_id", "ehr_appt_id", DOCUMENTED),
    ("the_patient", "ehr_patient_id", "patient", DOCUMENTED),
    ("the_language", "output_language_code", "language_code", DOCUMENTED),
    ("notes_with_mode", "transcribe_mode", "clinician_notes", STRICT),
)
for name, cause, lost, level in RESETS:
    first = {"patient": PATIENT} if lost == "patient" else {lost: PROPERTIES[lost]}
    sentence = f"An update of `{cause}` resets `{lost}`."
    witness = keeps_each(first, {cause: PROPERTIES[cause]})
    FAULTS.add(f"resets_{name}", sentence, "S11 L137", level, resetting(cause, lost), witness)


@FAULTS.sent("S11 L137", DOCUMENTED, keeps_each({"duration": 5}, {"language_code": "es"}))
def put_in_disguise(session: Session, sent: Session) -> None:
    """An update replaces the session: properties that are not sent are reset."""
    fresh = new_session("", 0)
    for name in PROPERTIES:
        if name not in sent:
            session[name] = fresh.get(name)


def emptying(when: Callable[[Session], object], *names: str) -> type[Api]:
    """Return a server that first empties the patient, or some of it, given the patient that was sent."""

    def empty(session: Session, sent: Session) -> None:
        if "patient" in sent and when(sent["patient"]):
            lost = set(names or session["patient"])
            kept = {n: value for n, value in session["patient"].items() if n not in lost}
            session["patient"] = {n: NOBODY[n] for n in NOBODY if n in lost} | kept

    return changing(empty)


FAULTS.enter(
    ("replaces_the_patient", "The patient is replaced, not merged: properties not sent are lost.", "S11 L137", DOCUMENTED, emptying(lambda p: True), keeps_each({"patient": {"name": "A"}}, {"patient": {"gender": "OTHER"}})),
    ("forgets_demographics", "An update of the patient without `demographic_details` loses them.", "S11", STRICT, emptying(lambda p: True, "demographic_details"), keeps_each({"patient": {"demographic_details": "x"}}, {"patient": {"name": "A"}})),
    ("gender_resets_dob", "A new gender resets the date of birth.", "S11 L137", DOCUMENTED, emptying(lambda p: "gender" in p, "dob"), keeps_each({"patient": {"dob": "1990-01-01"}}, {"patient": {"gender": "OTHER"}})),
    ("empty_name_empties_the_patient", "An empty name empties the whole patient.", "S11 L137", DOCUMENTED, emptying(lambda p: p.get("name") == ""), keeps_each({"patient": PATIENT}, {"patient": {"name": ""}})),
    ("empty_patient_empties", "An update with an empty `patient` empties the patient.", "S11 L137", DOCUMENTED, emptying(lambda p: p == {}), keeps_each({"patient": PATIENT}, {"patient": {}})),
    ("drops_falsy_name", "A patient's name cannot be emptied.", "S11", DOCUMENTED, losing("patient.name", lambda old, new: not new["patient"]["name"]), keeps_each({"patient": {"name": "A"}}, {"patient": {"name": ""}})),
)  # fmt: skip


# --- values that count as nothing ---

FALSY: tuple[tuple[str, Any, Any], ...] = (
    ("duration", 5, 0),
    ("ehr_patient_id", "P", ""),
    ("ehr_appt_id", "A", ""),
    ("clinician_notes", ["a"], []),
    ("is_consent", True, False),
    ("generate_output_without_recording", True, False),
    ("session_status", "DONE", ""),
    ("linked_sessions_for_context", ["1"], []),
)


def falsy_of(field: str) -> Callable[[Session, Session], bool]:
    return lambda old, new: not new[field]


for field, first_value, falsy in FALSY:
    server = losing(field, falsy_of(field))
    witness = keeps_each({field: first_value}, {field: falsy})
    sentence = f"`{field}` cannot be set back to {falsy!r}."
    FAULTS.add(f"drops_falsy_{field}", sentence, "S11", level_of(field), server, witness)


# --- arrays ---

NOTES = ["b", "", " a", "b", "c"]
ARRAYS: tuple[
    tuple[str, str, Callable[[list[str], list[str]], list[str]], list[list[str]]], ...
] = (
    ("appended", "New notes are put behind the old ones.", lambda old, new: old + new, [["a"], ["b"]]),
    ("prepended", "New notes are put before the old ones.", lambda old, new: new + old, [["a"], ["b"]]),
    ("merged_by_position", "A shorter array of notes leaves the end of the old one.", lambda old, new: new + old[len(new) :], [["a", "b"], ["c"]]),
    ("sorted", "Notes are sorted.", lambda old, new: sorted(new), [NOTES]),
    ("unique", "A note that was sent twice is kept once.", lambda old, new: list(dict.fromkeys(new)), [NOTES]),
    ("reversed", "Notes are kept with the last one first.", lambda old, new: new[::-1], [NOTES]),
    ("without_empty", "Empty notes are dropped.", lambda old, new: [n for n in new if n], [NOTES]),
    ("trimmed", "Notes lose the spaces around them.", lambda old, new: [n.strip() for n in new], [NOTES]),
    ("ten_at_most", "Notes after the tenth are dropped.", lambda old, new: new[:10], [[str(n) for n in range(11)]]),
    ("joined", "Notes are joined into one.", lambda old, new: ["\n".join(new)] if new else [], [NOTES]),
    ("split_at_lines", "A note of two lines becomes two notes.", lambda old, new: [line for n in new for line in n.split("\n")], [["a\nb"]]),
    ("split_at_commas", "Notes are kept as a string with commas: a note with one becomes two.", lambda old, new: ",".join(new).split(",") if new else [], [["a,b"]]),
    ("unchanged_when_longer", "An array that is longer than the current one is not stored.", lambda old, new: old if old and len(new) > len(old) else new, [["a"], ["b", "c"]]),
)  # fmt: skip
for name, sentence, combine, sequence in ARRAYS:
    witness = keeps_each(*({"clinician_notes": notes} for notes in sequence))
    server = turning("clinician_notes", combine)
    FAULTS.add(f"notes_{name}", sentence, "S11", STRICT, server, witness)


def keeps_own_link(caller: Caller) -> object:
    session_id = caller.create()
    told = caller.patched(session_id, linked_sessions_for_context=[session_id])
    return told["linked_sessions_for_context"] == [session_id]


@FAULTS.sent("S11", STRICT, keeps_own_link)
def no_link_to_itself(session: Session, sent: Session) -> None:
    """A link of a session to itself is dropped."""
    links = sent.get("linked_sessions_for_context", [])
    links[:] = [link for link in links if link != session["session_id"]]


class TakesRepeatsForRetries(Remembering):
    """A server that passes over an update that it has seen before."""

    def update(self, user: User, session_id: str, request: Request) -> Any:
        if (session_id, request.body) in self.memory:
            return self.read(user, session_id)
        self.memory[session_id, request.body] = True
        return super().update(user, session_id, request)


TO_AND_FRO = keeps_each({"duration": 5}, {"duration": 6}, {"duration": 5})
LINKS = "linked_sessions_for_context"
FAULTS.enter(
    ("durations_add_up", "A duration is added to the current one.", "S11 L103", DOCUMENTED, turning("duration", lambda old, new: old + new), keeps_each({"duration": 3}, {"duration": 4})),
    ("repeats_are_retries", "An update that was sent before is taken for a retry, and ignored.", "S11 L99", DOCUMENTED, TakesRepeatsForRetries, TO_AND_FRO),
    ("links_are_a_set", "`linked_sessions_for_context` is kept as a sorted set.", "S11", STRICT, turning(LINKS, lambda old, new: sorted(set(new))), keeps(**{LINKS: ["3", "1", "3"]})),
    ("unknown_links_are_dropped", "A link to a session that does not exist is dropped silently.", "S11", STRICT, losing(LINKS), keeps(**{LINKS: ["1"]})),
    ("context_ends_at_nul", "An id of a linked session ends at the first NUL.", "S13", STRICT, turning(LINKS, lambda old, new: [text.partition("\0")[0] for text in new]), keeps(**{LINKS: ["nul\0inside"]})),
)  # fmt: skip


# --- unknown and read-only properties ---


def unshown(name: str, value: Any) -> Callable[[Caller], object]:
    """Return a witness that a property is accepted, and neither stored nor shown."""

    def witness(caller: Caller) -> bool:
        session_id = caller.create()
        before = caller.read(session_id).get(name, ...)
        reply = caller.patch(session_id, {name: value})
        told = reply.content["session"]
        views = [told, caller.read(session_id), caller.in_list(session_id)]
        seen = [view for view in views if name != "audio" or name in view]
        return reply.status == 200 and all(view.get(name, ...) == before for view in seen)

    return witness


def writing(**rules: Callable[[Any], bool]) -> type[Api]:
    """Return a server on which other properties can be written, where their type fits."""
    return instead(update_shape=Api.update_shape | rules)


READ_ONLY: Session = {
    "session_id": "1",
    "session_name": "Mine",
    "audio": ["a"],
    "consult_note": {"result": "mine"},
    "created_at": "2000-01-01T00:00:00",
    "documents": [],
    "ehr_provider": "Mine",
    "color": "red",
    "user_id": "1",
}
for field, value in READ_ONLY.items():
    unknown = field in {"color", "user_id"}
    sentence = f"`{field}`{', which is undocumented, is stored' if unknown else ' can be written'}."
    server = writing(**{field: lambda _: True})
    FAULTS.add(f"writes_{field}", sentence, "S10", STRICT, server, unshown(field, value))


def note_stays(caller: Caller) -> bool:
    mine = caller.create()
    before = caller.read(mine)["consult_note"]
    return bool(caller.patched(mine, consult_note={"feedback": "good"})["consult_note"] == before)


@FAULTS.fault("S10", STRICT, note_stays)
class WritesFeedback(Api):
    """`feedback` of the consult note can be written, and the rest of it cannot."""

    update_shape = Api.update_shape | {"consult_note": lambda value: isinstance(value, dict)}

    def change(self, session: Session, sent: Session) -> None:
        told = sent.pop("consult_note", {})
        session["consult_note"]["feedback"] = told.get("feedback")
        super().change(session, sent)


@FAULTS.fault("S10", STRICT, lambda c: c.patch(c.create(), {"session_name": 5}).status == 200)
class ChecksWhatItIgnores(Api):
    """A `session_name` that is not a string is refused, though the property is read-only."""

    update_shape = Api.update_shape | {"session_name": lambda value: isinstance(value, str)}

    def change(self, session: Session, sent: Session) -> None:
        sent.pop("session_name", None)
        super().change(session, sent)


@FAULTS.fault(
    "S10 S12",
    STRICT,
    lambda c: c.patched(c.create(), updated_at="2000-01-01T00:00:00")["updated_at"] > "2001",
)
class WritesUpdatedAt(Api):
    """`updated_at` can be written."""

    update_shape = Api.update_shape | {"updated_at": lambda value: isinstance(value, str)}

    def touch(self, session: Session) -> None:
        # Only a time that was sent is before the creation.
        if session["updated_at"] >= session["created_at"]:
            super().touch(session)


@FAULTS.fault(
    "S10",
    STRICT,
    lambda c: "email" not in c.patched(c.create(), patient={"email": "a@example.com"})["patient"],
)
class StoresUnknownOfPatients(Api):
    """Unknown properties of the patient are stored."""

    def checked(self, value: Any, shape: Shape, where: str = "body") -> Session:
        fields = super().checked(value, shape, where)
        return value | fields if where == "body.patient" else fields


def resent(caller: Caller) -> object:
    session_id = caller.create()
    told = caller.patched(session_id, patient=PATIENT, ehr_appt_id="A", ehr_patient_id="P")
    return caller.patch(session_id, told).status == 200


def taken(**fields: Any) -> Callable[[Caller], object]:
    return lambda caller: caller.patch(caller.create(), fields).status == 200


FAULTS.enter(
    ("unknown_is_refused", "An update with an unknown property is 422.", "S10", STRICT, refusing_bodies("PATCH", lambda body: set(body) - set(UPDATE)), taken(x=1)),
    ("whole_session_is_refused", "An update that sends back `session_id` and `created_at` as they are is 422.", "S10", STRICT, refusing_bodies("PATCH", lambda body: "created_at" in body), resent),
    ("empty_is_refused", "An update with an empty object is 422.", "S11", STRICT, refusing_bodies("PATCH", lambda body: body == {}), taken()),
)  # fmt: skip


# --- all or nothing ---


def half_done(*stored: str) -> type[Api]:
    """Return a server that stores some properties of an update before it looks at the others."""

    def update(api: Api, user: User, session_id: str, request: Request) -> Any:
        session = api.find(user, session_id)
        body = api.parsed(request)
        for field in stored if isinstance(body, dict) else ():
            rules, name = place_in(api.update_shape, field)
            fields, _ = place_in(body, field)
            if isinstance(fields, dict) and name in fields and rules[name](fields[name]):
                place_in(session, field)[0][name] = fields[name]
        return Api.update(api, user, session_id, request)

    return instead(update=update)


def atomic(content: Any) -> Callable[[Caller], object]:
    return lambda caller: caller.refuses(422, content)


FAULTS.enter(
    ("half_done_duration", "An update that is refused stores its duration.", "S6", STRICT, half_done("duration"), atomic({"duration": 3, "is_consent": 1})),
    ("half_done_notes", "An update that is refused stores its notes.", "S6", STRICT, half_done("clinician_notes"), atomic({"clinician_notes": ["x"], "duration": -1})),
    ("half_done_links", "An update that is refused stores its links.", "S6", STRICT, half_done("ehr_appt_id", "ehr_patient_id"), atomic({"ehr_appt_id": "A", "language_code": "?"})),
    ("half_a_patient", "An update with a wrong gender is refused, and stores the name.", "S6", STRICT, half_done("patient.name"), atomic({"patient": {"name": "Half", "gender": "NONE"}})),
)  # fmt: skip


@FAULTS.fault("S6", STRICT, atomic({"duration": 3, "clinician_notes": ["a", 1]}))
class NotesAreReadLast(Api):
    """A note that is not a string is noticed after everything else is stored."""

    def update(self, user: User, session_id: str, request: Request) -> Any:
        session = self.find(user, session_id)
        shape = {
            name: rule for name, rule in self.update_shape.items() if name != "clinician_notes"
        }
        self.change(session, self.checked(self.parsed(request), shape))
        return super().update(user, session_id, request)


# --- the wrong session, and states ---


@FAULTS.fault("S11 L99", DOCUMENTED, lambda c: others_stay(c, "A"))
class SameAppointmentChanges(Api):
    """An update also changes the other sessions of the user for the same appointment."""

    def update(self, user: User, session_id: str, request: Request) -> Any:
        session = self.find(user, session_id)
        sent = self.checked(self.parsed(request), self.update_shape)
        for other in user.sessions.values():
            if other is not session and session["ehr_appt_id"] in {other["ehr_appt_id"]} - {
                None,
                "",
            }:
                self.change(other, dict(sent))
        return super().update(user, session_id, request)


@FAULTS.fault("S11 L99", DOCUMENTED, lambda c: others_stay(c, None))
class NewestChanges(Api):
    """An update of the patient changes the newest session, whichever was meant."""

    def update(self, user: User, session_id: str, request: Request) -> Any:
        told = super().update(user, session_id, request)
        newest = list(user.sessions.values())[-1]
        newest["patient"] = dict(told["session"]["patient"])
        return told


def shared_notes(caller: Caller) -> object:
    first, second = caller.several(2)
    caller.patch(first, {"clinician_notes": ["mine"]})
    return caller.read(second)["clinician_notes"] == []


@FAULTS.fault("S11", STRICT, shared_notes)
class SharedNotes(Api):
    """All new sessions share one array of notes, and an update writes into it."""

    def __init__(self) -> None:
        super().__init__()
        self.notes: list[str] = []

    def opened(self, user: User, sent: Session) -> Session:
        return super().opened(user, sent) | {"clinician_notes": self.notes}

    def change(self, session: Session, sent: Session) -> None:
        super().change(session, {name: v for name, v in sent.items() if name != "clinician_notes"})
        if "clinician_notes" in sent:
            session["clinician_notes"][:] = sent["clinician_notes"]


def others_stay(caller: Caller, appointment: str | None) -> bool:
    sent = {} if appointment is None else {"ehr_appointment_id": appointment}
    first, second = caller.create(**sent), caller.create(**sent)
    before = caller.read(second)
    caller.patch(first, {"patient": {"name": "First"}, "duration": 9})
    return caller.read(second) == before


@FAULTS.fault("S11 L137", DOCUMENTED, keeps_each({"duration": 8}, {}))
class EmptyResets(Api):
    """An update with an empty object resets the duration."""

    def change(self, session: Session, sent: Session) -> None:
        super().change(session, sent or {"duration": 0})


@FAULTS.fault("S11 L99", DOCUMENTED, keeps_each(*({"duration": n} for n in range(1, 8))))
class FiveUpdatesAtMost(Api):
    """From the sixth update of a session on, nothing is stored."""

    def __init__(self) -> None:
        super().__init__()
        self.updates: dict[str, int] = {}

    def change(self, session: Session, sent: Session) -> None:
        name = session["session_id"]
        self.updates[name] = self.updates.get(name, 0) + 1
        super().change(session, sent if self.updates[name] <= 5 else {})


@FAULTS.fault("S11 L99", DOCUMENTED, keeps_each({"duration": 1}, {"duration": 1}, {"duration": 2}))
class SameAgainIsRefused(Api):
    """An update that changes nothing is a conflict."""

    def change(self, session: Session, sent: Session) -> None:
        if sent and all(session.get(name, ...) == value for name, value in sent.items()):
            raise RefusalError(409, "NothingToDo", "nothing to change")
        super().change(session, sent)


LATER: tuple[tuple[str, str, str, Session, Session, Callable[[Session, Session], bool]], ...] = (
    ("done_is_locked", "Once `session_status` is set, the duration cannot change.", "duration", {"session_status": "DONE"}, {"duration": 5}, lambda old, new: "session_status" in old),
    ("no_notes_without_consent", "While `is_consent` is false, notes are not stored.", "clinician_notes", {"is_consent": False}, {"clinician_notes": ["a"]}, lambda old, new: old.get("is_consent") is False),
    ("duration_only_grows", "A duration that is shorter than the current one is not stored.", "duration", {"duration": 9}, {"duration": 5}, lambda old, new: new["duration"] < old["duration"]),
    ("link_is_written_once", "`ehr_patient_id` cannot be changed once it is set.", "ehr_patient_id", {"ehr_patient_id": "1"}, {"ehr_patient_id": "2"}, lambda old, new: old["ehr_patient_id"] is not None),
    ("appointment_is_written_once", "`ehr_appt_id` cannot be changed once it is set.", "ehr_appt_id", {"ehr_appt_id": "1"}, {"ehr_appt_id": "2"}, lambda old, new: old["ehr_appt_id"] is not None),
    ("language_before_duration", "The language cannot be changed once there is a duration.", "language_code", {"duration": 9}, {"language_code": "es"}, lambda old, new: old["duration"] > 0),
    ("three_members_at_most", "Of an update with more than three properties, the notes are lost.", "clinician_notes", {}, {"duration": 2, "language_code": "es", "is_consent": True, "clinician_notes": ["a"]}, lambda old, new: len(new) > 3),
    ("same_language_twice", "`output_language_code` is lost where it equals `language_code`.", "output_language_code", {}, {"language_code": "fr", "output_language_code": "fr"}, lambda old, new: new["output_language_code"] == new.get("language_code")),
    ("notes_beside_patient", "Notes are lost where the patient is sent too.", "clinician_notes", {}, {"patient": {"name": "x"}, "clinician_notes": ["a"]}, lambda old, new: "patient" in new),
    ("consent_before_recording", "`recording_status` is lost while `is_consent` is not true.", "recording_status", {}, {"recording_status": "ON"}, lambda old, new: not old.get("is_consent")),
)  # fmt: skip
for name, sentence, field, before, after, loses in LATER:
    witness = keeps_each(before, after)
    FAULTS.add(name, sentence, "S11 L137", level_of(field), losing(field, loses), witness)


@FAULTS.sent(
    "S11 L103",
    DOCUMENTED,
    lambda c: c.patched(c.create(), language_code="es")["output_language_code"] == "en",
)
def output_follows_input(session: Session, sent: Session) -> None:
    """A new `language_code` changes `output_language_code` too."""
    if "language_code" in sent:
        sent.setdefault("output_language_code", sent["language_code"])


@FAULTS.sent(
    "S11",
    STRICT,
    lambda c: c.patched(c.create(), patient={"name": "Jo"})["session_name"].startswith("Session "),
)
def named_after_the_patient(session: Session, sent: Session) -> None:
    """A session gets the name of its patient."""
    if sent.get("patient", {}).get("name"):
        session["session_name"] = sent["patient"]["name"]


@FAULTS.fault(
    "S2 404", DOCUMENTED, lambda c: is_error(c.patch(c.id_of_nobody, {"duration": 1}), 404)
)
class UpdatesCreate(Api):
    """An update of a session that does not exist creates it."""

    def update(self, user: User, session_id: str, request: Request) -> Any:
        if session_id not in user.sessions:
            user.sessions[session_id] = new_session(session_id, len(user.sessions) + 1)
        return super().update(user, session_id, request)


@FAULTS.fault(
    "S10 S11", STRICT, lambda c: c.patched(c.create(), languageCode="fr")["language_code"] == "en"
)
class TakesCamels(Api):
    """Properties are also accepted in camel case."""

    def checked(self, value: Any, shape: Shape, where: str = "body") -> dict[str, Any]:
        if isinstance(value, dict) and where == "body":
            told = cast("dict[str, Any]", value)
            camels = {name for name in told if re.search("[a-z][A-Z]", name)}
            spelt = {re.sub("([A-Z])", r"_\1", name).lower(): told[name] for name in camels}
            value = spelt | told
        return super().checked(value, shape, where)


MANY = {f"x_{number}": number for number in range(10)}


@FAULTS.fault("S11", STRICT, lambda c: c.patched(c.create(), **MANY, duration=7)["duration"] == 7)
class ReadsTenProperties(Api):
    """Only the first ten properties of an update are read."""

    def parsed(self, request: Request) -> Any:
        body = super().parsed(request)
        return dict([*body.items()][:10]) if isinstance(body, dict) else body
