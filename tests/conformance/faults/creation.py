"""New sessions, and reading them back."""

import copy
from collections.abc import Callable
from typing import Any

from tests.conformance.caller import Caller, is_error, shows
from tests.conformance.reference import CREATE as CREATION
from tests.conformance.reference import Api, Handler, RefusalError, Request, Response, User, respond

from .catalogue import (
    CREATE,
    DOCUMENTED,
    STRICT,
    Catalogue,
    Remembering,
    Session,
    Witness,
    between,
    instead,
    opening,
    operation_of,
    place_in,
    refusing_bodies,
)

FAULTS = Catalogue("creation")
PATIENT = {"name": "", "gender": None, "dob": None}


def is_new(name: str, value: object) -> Witness:
    return lambda caller: shows(caller.created(), {name: value})


def named(caller: Caller) -> bool:
    return str(caller.created()["session_name"]).startswith("Session ")


def of_note(name: str, *values: Any) -> Witness:
    return lambda caller: caller.created()["consult_note"][name] in values


FAULTS.enter(
    ("untitled", "A new session is called `Untitled`.", "S20 Session", STRICT, opening("session_name", "Untitled"), named),
    ("name_is_null", "The name of a new session is null.", "S20 Session", DOCUMENTED, opening("session_name", None), named),
    ("patient_is_null", "A new session has no patient, but null.", "S20 Session", DOCUMENTED, opening("patient", None), is_new("patient", PATIENT)),
    ("patient_without_dob", "The patient of a new session has no `dob`.", "S20 Session", DOCUMENTED, opening("patient", {"name": "", "gender": None}), is_new("patient", PATIENT)),
    ("patient_is_unknown", "The patient of a new session is called `Unknown`.", "S20 Session", STRICT, opening("patient", PATIENT | {"name": "Unknown"}), is_new("patient", PATIENT)),
    ("patient_name_is_null", "The name of a new patient is null.", "S20 Session", DOCUMENTED, opening("patient", PATIENT | {"name": None}), is_new("patient", PATIENT)),
    ("gender_is_other", "The patient of a new session has the gender OTHER.", "S20 Session", STRICT, opening("patient", PATIENT | {"gender": "OTHER"}), is_new("patient", PATIENT)),
    ("dob_is_the_epoch", "The patient of a new session was born on 1970-01-01.", "S20 Session", STRICT, opening("patient", PATIENT | {"dob": "1970-01-01"}), is_new("patient", PATIENT)),
    ("audio_is_null", "The audio of a new session is null.", "S20 Session", DOCUMENTED, opening("audio", None), is_new("audio", [])),
    ("a_first_note", "A new session has an empty note.", "S20 Session", STRICT, opening("clinician_notes", [""]), is_new("clinician_notes", [])),
    ("notes_are_null", "The notes of a new session are null.", "S20 Session", DOCUMENTED, opening("clinician_notes", None), is_new("clinician_notes", [])),
    ("documents_are_empty", "The documents of a new session are [], not null.", "S20 Session", STRICT, opening("documents", []), is_new("documents", None)),
    ("duration_is_null", "The duration of a new session is null.", "S20 Session", DOCUMENTED, opening("duration", None), is_new("duration", 0)),
    ("duration_is_one", "A new session has lasted a second.", "S20 Session", STRICT, opening("duration", 1), is_new("duration", 0)),
    ("language_of_the_region", "The language of a new session is `en-AU`.", "S20 Session", STRICT, opening("language_code", "en-AU"), is_new("language_code", "en")),
    ("no_output_language", "A new session has null for `output_language_code`.", "S20 Session", DOCUMENTED, opening("output_language_code", None), is_new("output_language_code", "en")),
    ("result_is_null", "The result of a new note is null.", "ConsultNote L67", DOCUMENTED, opening("consult_note.result", None), of_note("result", "")),
    ("result_of_a_sample", "The result of a new note is that of the sample.", "S20", STRICT, opening("consult_note.result", "Consult note content..."), of_note("result", "")),
    ("status_is_pending", "A new note has the status PENDING.", "S20", STRICT, opening("consult_note.status", "PENDING"), of_note("status", "CREATED")),
    ("brain_is_a_number", "The brain of a note is a number.", "ConsultNote L69", DOCUMENTED, opening("consult_note.brain", 1), of_note("brain", "LEFT", "RIGHT")),
    ("template_is_a_number", "The template of a note is the number 0.", "ConsultNote L72", DOCUMENTED, opening("consult_note.template_id", 0), of_note("template_id", None)),
    ("note_without_feedback", "A new note has no property `feedback`.", "ConsultNote L75", DOCUMENTED, opening("consult_note.feedback", ...), lambda c: "feedback" in c.created()["consult_note"]),
    ("no_provider", "`ehr_provider` is null.", "Session L85", DOCUMENTED, opening("ehr_provider", None), lambda c: isinstance(c.created()["ehr_provider"], str)),
)  # fmt: skip


def appointment(sent: str) -> Witness:
    return lambda caller: caller.created(ehr_appointment_id=sent)["ehr_appt_id"] == sent


def altered(alter: Callable[[str], Any]) -> type[Api]:
    """Return a server that stores another appointment than a creation sends."""

    def keep(sent: Session) -> Any:
        return alter(sent[APPOINTMENT]) if APPOINTMENT in sent else None

    return opening("ehr_appt_id", keep)


def noticing(notices: Callable[[Session], Session]) -> type[Api]:
    """Return a server that stores something else of a creation."""
    return instead(opened=lambda api, user, sent: Api.opened(api, user, notices(sent)))


APPOINTMENT = "ehr_appointment_id"
FAULTS.enter(
    ("appointment_is_lost", "`ehr_appointment_id` does not come back.", "S14", STRICT, noticing(lambda sent: {}), appointment("EHR1234")),
    ("appointment_has_two_names", "`ehr_appointment_id` comes back under that name, and `ehr_appt_id` stays null.", "S14", STRICT, instead(opened=lambda api, user, sent: Api.opened(api, user, {}) | sent), appointment("EHR1234")),
    ("empty_appointment_is_null", "An empty `ehr_appointment_id` comes back as null.", "S14 S13", STRICT, altered(lambda text: text or None), appointment("")),
    ("appointment_in_capitals", "`ehr_appointment_id` comes back in capitals.", "S14 S13", STRICT, altered(str.upper), appointment("ehr-1a")),
    ("appointment_as_number", "An `ehr_appointment_id` of digits loses its leading zeros.", "S14 S13", STRICT, altered(lambda text: text.lstrip("0")), appointment("00042")),
    ("short_appointment", "An `ehr_appointment_id` is cut after 32 characters.", "S14 S13", STRICT, altered(lambda text: text[:32]), appointment("7" * 33)),
    ("profile_hides_appointment", "`ehr_appointment_id` is lost where `patient_profile_id` is sent too.", "S14", STRICT, noticing(lambda sent: {} if len(sent) == 2 else sent), lambda c: c.created(ehr_appointment_id="A", patient_profile_id="p")["ehr_appt_id"] == "A"),
)  # fmt: skip


@FAULTS.fault(
    "S15 L9-L13",
    DOCUMENTED,
    lambda c: c.create(ehr_appointment_id="A") != c.create(ehr_appointment_id="A"),
)
class SameAppointmentSameSession(Api):
    """A second session for an appointment is not created: the first is returned."""

    def opened(self, user: User, sent: Session) -> Session:
        wanted = sent.get("ehr_appointment_id")
        same = [s for s in user.sessions.values() if wanted and s["ehr_appt_id"] == wanted]
        return same[0] if same else super().opened(user, sent)


@FAULTS.fault("S15 L9-L13", DOCUMENTED, lambda c: c.create() != c.create())
class EmptyCreationIsKnown(Api):
    """A creation without properties returns the newest session that was never updated."""

    def opened(self, user: User, sent: Session) -> Session:
        fresh = [s for s in user.sessions.values() if s["created_at"] == s["updated_at"]]
        return fresh[-1] if fresh and not sent else super().opened(user, sent)


def leaks_nothing(caller: Caller) -> bool:
    caller.patched(caller.create(), clinician_notes=["Note"])
    return bool(caller.created()["clinician_notes"] == [])


@FAULTS.fault("S20", STRICT, leaks_nothing)
class SharedNotes(Api):
    """All sessions of a user begin with the notes of the one that was changed last."""

    def opened(self, user: User, sent: Session) -> Session:
        notes = [s["clinician_notes"] for s in user.sessions.values() if s["clinician_notes"]]
        return super().opened(user, sent) | ({"clinician_notes": notes[-1]} if notes else {})


@FAULTS.fault("S15 L43", STRICT, lambda c: c.get(c.several(60)[0]).status == 200)
class FiftySessions(Api):
    """A user has room for fifty sessions; the oldest are forgotten."""

    def opened(self, user: User, sent: Session) -> Session:
        while len(user.sessions) >= 50:
            del user.sessions[next(iter(user.sessions))]
        return super().opened(user, sent)


@FAULTS.fault("S16 L9-L13", DOCUMENTED, lambda c: (c.create(), c.listed()["total_count"])[1] == 1)
class CreatesTwo(Api):
    """Each creation creates two sessions and returns the id of one."""

    def create(self, user: User, request: Request) -> Any:
        super().create(user, request)
        return super().create(user, request)


def taken(*content: Any) -> Witness:
    return lambda caller: caller.post(*content).status == 200


def refused(content: Any) -> Witness:
    return lambda caller: is_error(caller.post(content), 422)


def without_body(request: Request, handle: Handler) -> Response:
    reply = handle(request)
    if operation_of(request) != CREATE or request.body or reply.status != 200:
        return reply
    return respond(422, {"detail": {"msg": "body is missing", "type": "ValidationError"}})


def rewriting(rewrite: Callable[[Any], Any]) -> type[Api]:
    """Return a server that changes the body of a creation."""

    def parsed(api: Api, request: Request) -> Any:
        body = Api.parsed(api, request)
        return rewrite(body) if request.method == "POST" else body

    return instead(parsed=parsed)


def with_text(body: Any) -> Any:
    number = body.get(APPOINTMENT) if isinstance(body, dict) else None
    return body | {APPOINTMENT: str(number)} if isinstance(number, int) else body


def without_null(body: Any) -> Any:
    return {n: v for n, v in body.items() if v is not None} if isinstance(body, dict) else body


FAULTS.enter(
    ("body_is_required", "A creation without a body is 422.", "SessionCreate L19-L31", DOCUMENTED, between(without_body), taken()),
    ("profile_is_required", "`patient_profile_id` is required as soon as a body is sent.", "SessionCreate L27-L31", DOCUMENTED, refusing_bodies("POST", lambda body: body and "patient_profile_id" not in body), taken({APPOINTMENT: "A"})),
    ("empty_object_is_refused", "A creation with an empty object is 422; one without a body is accepted.", "SessionCreate L19-L31", DOCUMENTED, refusing_bodies("POST", lambda body: not body), taken({})),
    ("unknown_members_are_refused", "A creation with an unknown property is 422.", "S10", STRICT, refusing_bodies("POST", lambda body: set(body) - set(CREATION)), taken({"x": 1})),
    ("empty_array_is_a_body", "A creation accepts [] as an empty object.", "S5", STRICT, rewriting(lambda body: {} if body == [] else body), refused([])),
    ("number_is_an_appointment", "`ehr_appointment_id` may be a number, which becomes a string.", "S9", STRICT, rewriting(with_text), refused({APPOINTMENT: 7})),
    ("null_profile", "`patient_profile_id` may be null.", "S9", STRICT, rewriting(without_null), refused({"patient_profile_id": None})),
    ("profile_is_not_looked_at", "`patient_profile_id` may be anything, because it is not checked.", "S9", STRICT, instead(create_shape=CREATION | {"patient_profile_id": lambda _: True}), refused({"patient_profile_id": 5})),
)  # fmt: skip


@FAULTS.fault("S10", STRICT, lambda c: "x" not in c.created(x=1))
class StoresWhatIsCreated(Api):
    """Unknown properties of a creation are stored and shown."""

    def create(self, user: User, request: Request) -> Any:
        created = super().create(user, request)
        sent = self.parsed(request) if request.body else {}
        session = user.sessions[created["session_id"]]
        session.update({name: value for name, value in sent.items() if name not in session})
        return created


@FAULTS.fault(
    "S10 S20", STRICT, lambda c: c.created(duration=99, session_name="Mine")["duration"] == 0
)
class CreationTakesUpdates(Api):
    """A creation also accepts the properties of an update."""

    def create(self, user: User, request: Request) -> Any:
        created = super().create(user, request)
        sent = self.checked(self.parsed(request), self.update_shape) if request.body else {}
        self.change(user.sessions[created["session_id"]], sent)
        return created


@FAULTS.fault("S10", STRICT, lambda c: not c.created(is_consent=True).get("is_consent"))
class CreationTakesConsent(Api):
    """A new session shows `is_consent` as false, and a creation can set it."""

    create_shape = Api.create_shape | {"is_consent": Api.update_shape["is_consent"]}

    def opened(self, user: User, sent: Session) -> Session:
        return super().opened(user, sent) | {"is_consent": sent.get("is_consent", False)}


@FAULTS.fault("L39 L36", DOCUMENTED, lambda c: c.get(c.create()).status == 200)
class FirstReadMisses(Api):
    """The first GET of a session is 404, as if it were not there yet."""

    seen: frozenset[str] = frozenset()

    def read(self, user: User, session_id: str) -> Any:
        first = session_id not in self.seen
        self.seen |= {session_id}
        return super().read(User(True), session_id) if first else super().read(user, session_id)


@FAULTS.fault("L199 S16", DOCUMENTED, lambda c: c.create() in c.walk("100"))
class NewSessionsAreListedLater(Api):
    """A session is in the list only after its first update."""

    def ordered(self, user: User) -> list[Session]:
        return [s for s in super().ordered(user) if s["created_at"] != s["updated_at"]]


@FAULTS.fault(
    "L9-L13", DOCUMENTED, lambda c: [c.post({"x": [1]}).status for _ in range(2)] == [200, 200]
)
class SecondCreationIsAConflict(Api):
    """Two creations with the same body are a conflict, as if the second were a mistake."""

    bodies: frozenset[bytes] = frozenset()

    def create(self, user: User, request: Request) -> Any:
        if request.body in self.bodies - {b"", b"{}"}:
            raise RefusalError(409, "Conflict", "created already")
        self.bodies |= {request.body}
        return super().create(user, request)


@FAULTS.fault("S10 S20", STRICT, lambda c: c.created(ehr_appt_id="EHR9")["ehr_appt_id"] is None)
class EitherNameOfAnAppointment(Api):
    """A creation accepts the appointment under its name in updates."""

    create_shape = Api.create_shape | {"ehr_appt_id": lambda value: isinstance(value, str)}

    def opened(self, user: User, sent: Session) -> Session:
        session = super().opened(user, sent)
        session["ehr_appt_id"] = session["ehr_appt_id"] or sent.get("ehr_appt_id")
        return session


def english_for_germans(caller: Caller) -> bool:
    reply = caller.post({}, accept_language="de-AU,de;q=0.9")
    return bool(caller.read(reply.content["session_id"])["language_code"] == "en")


@FAULTS.fault("S20", STRICT, english_for_germans)
class SpeaksTheLanguageOfTheCaller(Api):
    """A new session has the language that the caller prefers."""

    def create(self, user: User, request: Request) -> Any:
        told = super().create(user, request)
        if language := request.headers.get("accept-language", "")[:2]:
            user.sessions[told["session_id"]]["language_code"] = language
        return told


# --- what an older session leaves behind ---


def leaking(*fields: str, of_all: bool = False) -> type[Api]:
    """Return a server whose new sessions copy something from the one that changed last."""

    def opened(api: Api, user: User, sent: Session) -> Session:
        session = Api.opened(api, user, sent)
        users = api.users.values() if of_all else [user]
        older = [s for one in users for s in one.sessions.values()]
        last = max(older, key=lambda s: str(s["updated_at"]), default=session)
        for field in fields:
            source, name = place_in(last, field)
            if name in source:
                place_in(session, field)[0][name] = copy.deepcopy(source[name])
        return session

    return instead(opened=opened)


def is_fresh(**fields: Any) -> Witness:
    """Return a witness that a new session does not depend on an earlier one."""

    def witness(caller: Caller) -> bool:
        first = caller.create()
        before = caller.read(first)
        caller.patch(first, fields)
        after = caller.created()
        return all(after.get(name, ...) == before.get(name, ...) for name in fields)

    return witness


def apart_from_others(caller: Caller) -> bool:
    other = caller.another()
    other.patch(other.create(), {"patient": {"name": "Marigold"}})
    return bool(caller.created()["patient"]["name"] == "")


def no_appointment_left(caller: Caller) -> bool:
    caller.create(ehr_appointment_id="A1")
    return caller.created()["ehr_appt_id"] is None


def nothing_left_of_refused(caller: Caller) -> bool:
    caller.post({APPOINTMENT: "A1", "patient_profile_id": 5})
    return caller.created()["ehr_appt_id"] is None


class KeptAppointments(Remembering):
    """A server that fills in the appointment of another creation."""

    def opened(self, user: User, sent: Session) -> Session:
        known = {APPOINTMENT: self.memory[id(user)]} if id(user) in self.memory else {}
        return super().opened(user, known | sent)


@FAULTS.fault("S14 S20", STRICT, no_appointment_left)
class AppointmentOfTheLast(KeptAppointments):
    """A creation without an appointment gets that of the previous one."""

    def opened(self, user: User, sent: Session) -> Session:
        session = super().opened(user, sent)
        self.memory |= {id(user): sent[APPOINTMENT]} if APPOINTMENT in sent else {}
        return session


@FAULTS.fault("S14 S20", STRICT, nothing_left_of_refused)
class AppointmentOfTheRefused(KeptAppointments):
    """The next creation gets the appointment of one that was refused."""

    def create(self, user: User, request: Request) -> Any:
        try:
            created = super().create(user, request)
        except RefusalError:
            sent = self.parsed(request)
            if isinstance(sent, dict) and isinstance(sent.get(APPOINTMENT), str):
                self.memory[id(user)] = sent[APPOINTMENT]
            raise
        self.memory.pop(id(user), None)
        return created


FAULTS.enter(
    ("patient_comes_along", "A new session has the patient of the one that changed last.", "S20", STRICT, leaking("patient"), is_fresh(patient={"name": "A"})),
    ("language_comes_along", "A new session has the language of the one that changed last.", "S20", STRICT, leaking("language_code"), is_fresh(language_code="es")),
    ("duration_comes_along", "A new session has lasted as long as the one that changed last.", "S20", STRICT, leaking("duration"), is_fresh(duration=7)),
    ("link_comes_along", "A new session has the patient link of the one that changed last.", "S20", STRICT, leaking("ehr_patient_id"), is_fresh(ehr_patient_id="P")),
    ("consent_comes_along", "A new session shows the consent of the one that changed last.", "S20", STRICT, leaking("is_consent"), is_fresh(is_consent=True)),
    ("demographics_come_along", "A new session shows the demographics of the one that changed last.", "S20", STRICT, leaking("patient.demographic_details"), is_fresh(patient={"demographic_details": "x"})),
    ("patient_of_another_user", "A new session has the patient of the session that changed last, of any user.", "S2 S20", STRICT, leaking("patient", of_all=True), apart_from_others),
)  # fmt: skip
