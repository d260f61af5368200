"""New sessions, and reading them back."""

from collections.abc import Callable
from typing import Any

from tests.conformance.caller import Caller, is_error, shows
from tests.conformance.reference import Answer, Api, Handler, RefusalError, Request, User, answer

from .catalogue import DOCUMENTED, STRICT, Catalogue, Level, Session, operation_of

FAULTS = Catalogue("creation")
PATIENT = {"name": "", "gender": None, "dob": None}


def opening(change: Callable[[Session, Session], object]) -> type[Api]:
    """Return a server whose new sessions are changed, given what was sent."""

    class Opening(Api):
        def opened(self, user: User, sent: Session) -> Session:
            session = super().opened(user, sent)
            change(session, sent)
            return session

    return Opening


def is_new(name: str, value: object) -> Callable[[Caller], object]:
    return lambda caller: shows(caller.created(), {name: value})


def put(name: str, value: Any) -> Callable[[Session, Session], object]:
    return lambda session, sent: session.update({name: value})


def named(caller: Caller) -> bool:
    return str(caller.created()["session_name"]).startswith("Session ")


DEFAULTS: tuple[tuple[str, str, Level, str, Any, Any], ...] = (
    ("untitled", "A new session is called `Untitled`.", STRICT, "session_name", "Untitled", None),
    ("name_is_null", "The name of a new session is null.", DOCUMENTED, "session_name", None, None),
    (
        "patient_is_null",
        "A new session has no patient, but null.",
        DOCUMENTED,
        "patient",
        None,
        PATIENT,
    ),
    (
        "patient_without_dob",
        "The patient of a new session has no `dob`.",
        DOCUMENTED,
        "patient",
        {"name": "", "gender": None},
        PATIENT,
    ),
    (
        "patient_is_unknown",
        "The patient of a new session is called `Unknown`.",
        STRICT,
        "patient",
        PATIENT | {"name": "Unknown"},
        PATIENT,
    ),
    (
        "patient_name_is_null",
        "The name of a new patient is null.",
        DOCUMENTED,
        "patient",
        PATIENT | {"name": None},
        PATIENT,
    ),
    (
        "gender_is_other",
        "The patient of a new session has the gender OTHER.",
        STRICT,
        "patient",
        PATIENT | {"gender": "OTHER"},
        PATIENT,
    ),
    (
        "dob_is_the_epoch",
        "The patient of a new session was born on 1970-01-01.",
        STRICT,
        "patient",
        PATIENT | {"dob": "1970-01-01"},
        PATIENT,
    ),
    ("audio_is_null", "The audio of a new session is null.", DOCUMENTED, "audio", None, []),
    ("a_first_note", "A new session has an empty note.", STRICT, "clinician_notes", [""], []),
    (
        "notes_are_null",
        "The notes of a new session are null.",
        DOCUMENTED,
        "clinician_notes",
        None,
        [],
    ),
    (
        "documents_are_empty",
        "The documents of a new session are [], not null.",
        STRICT,
        "documents",
        [],
        None,
    ),
    ("duration_is_null", "The duration of a new session is null.", DOCUMENTED, "duration", None, 0),
    ("duration_is_one", "A new session has lasted a second.", STRICT, "duration", 1, 0),
    (
        "language_of_the_region",
        "The language of a new session is `en-AU`.",
        STRICT,
        "language_code",
        "en-AU",
        "en",
    ),
    (
        "no_output_language",
        "A new session has null for `output_language_code`.",
        DOCUMENTED,
        "output_language_code",
        None,
        "en",
    ),
)
for name, sentence, level, member, value, expected in DEFAULTS:
    witness = named if member == "session_name" else is_new(member, expected)
    FAULTS.add(name, sentence, "S20 Session", level, opening(put(member, value)), witness)


def note(name: str, value: Any) -> Callable[[Session, Session], object]:
    return lambda session, sent: session["consult_note"].update({name: value})


def notes(name: str, *values: Any) -> Callable[[Caller], object]:
    return lambda caller: caller.created()["consult_note"][name] in values


FAULTS.add(
    "result_is_null",
    "The result of a new note is null.",
    "ConsultNote L67",
    DOCUMENTED,
    opening(note("result", None)),
    notes("result", ""),
)
FAULTS.add(
    "result_of_a_sample",
    "The result of a new note is the text of the sample.",
    "S20",
    STRICT,
    opening(note("result", "Consult note content...")),
    notes("result", ""),
)
FAULTS.add(
    "status_is_pending",
    "A new note has the status PENDING.",
    "S20",
    STRICT,
    opening(note("status", "PENDING")),
    notes("status", "CREATED"),
)
FAULTS.add(
    "brain_is_a_number",
    "The brain of a note is a number.",
    "ConsultNote L69",
    DOCUMENTED,
    opening(note("brain", 1)),
    notes("brain", "LEFT", "RIGHT"),
)
FAULTS.add(
    "template_is_a_number",
    "The template of a note is the number 0.",
    "ConsultNote L72",
    DOCUMENTED,
    opening(note("template_id", 0)),
    notes("template_id", None),
)
FAULTS.add(
    "note_without_feedback",
    "A new note has no member `feedback`.",
    "ConsultNote L75",
    DOCUMENTED,
    opening(lambda session, _: session["consult_note"].pop("feedback")),
    lambda c: "feedback" in c.created()["consult_note"],
)
FAULTS.add(
    "no_provider",
    "`ehr_provider` is null.",
    "Session L85",
    DOCUMENTED,
    opening(put("ehr_provider", None)),
    lambda c: isinstance(c.created()["ehr_provider"], str),
)


def appointment(sent: str) -> Callable[[Caller], object]:
    return lambda caller: caller.created(ehr_appointment_id=sent)["ehr_appt_id"] == sent


@FAULTS.fault("S14", STRICT, appointment("EHR1234"))
class AppointmentIsLost(Api):
    """`ehr_appointment_id` does not come back."""

    def opened(self, user: User, sent: Session) -> Session:
        return super().opened(user, {})


@FAULTS.fault("S14", STRICT, appointment("EHR1234"))
class AppointmentHasTwoNames(Api):
    """`ehr_appointment_id` comes back under that name, and `ehr_appt_id` stays null."""

    def opened(self, user: User, sent: Session) -> Session:
        return super().opened(user, {}) | sent


ALTERED = (
    (
        "empty_appointment_is_null",
        "An empty `ehr_appointment_id` comes back as null.",
        "",
        lambda text: text or None,
    ),
    (
        "appointment_in_capitals",
        "`ehr_appointment_id` comes back in capitals.",
        "ehr-1a",
        str.upper,
    ),
    (
        "appointment_as_number",
        "An `ehr_appointment_id` of digits loses its leading zeros.",
        "00042",
        lambda text: text.lstrip("0"),
    ),
    (
        "short_appointment",
        "An `ehr_appointment_id` is cut after 32 characters.",
        "7" * 33,
        lambda text: text[:32],
    ),
)
for name, sentence, sent_text, alter in ALTERED:

    def altered(session: Session, sent: Session, alter: Callable[[str], Any] = alter) -> None:
        if "ehr_appointment_id" in sent:
            session["ehr_appt_id"] = alter(sent["ehr_appointment_id"])

    FAULTS.add(name, sentence, "S14 S13", STRICT, opening(altered), appointment(sent_text))


@FAULTS.fault(
    "S14",
    STRICT,
    lambda c: c.created(ehr_appointment_id="A", patient_profile_id="p")["ehr_appt_id"] == "A",
)
class ProfileHidesAppointment(Api):
    """`ehr_appointment_id` is lost where `patient_profile_id` is sent too."""

    def opened(self, user: User, sent: Session) -> Session:
        return super().opened(user, {} if len(sent) == 2 else sent)


@FAULTS.fault(
    "S15 L9-L13",
    DOCUMENTED,
    lambda c: c.create(ehr_appointment_id="A") != c.create(ehr_appointment_id="A"),
)
class SameAppointmentSameSession(Api):
    """A second session for an appointment is not created: the first is answered."""

    def opened(self, user: User, sent: Session) -> Session:
        wanted = sent.get("ehr_appointment_id")
        same = [s for s in user.sessions.values() if wanted and s["ehr_appt_id"] == wanted]
        return same[0] if same else super().opened(user, sent)


@FAULTS.fault("S15 L9-L13", DOCUMENTED, lambda c: c.create() != c.create())
class EmptyCreationIsKnown(Api):
    """A creation that says nothing answers with the latest session that nobody has changed."""

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
    """Each creation creates two sessions and answers the id of one."""

    def create(self, user: User, request: Request) -> Any:
        super().create(user, request)
        return super().create(user, request)


@FAULTS.fault("SessionCreate L19-L31", DOCUMENTED, lambda c: c.post().status == 200)
def body_is_required(request: Request, handle: Handler) -> Answer:
    """A creation without a body is 422."""
    if (
        operation_of(request) == "createSession"
        and not request.body
        and handle(request).status == 200
    ):
        return answer(422, {"detail": {"msg": "body is missing", "type": "ValidationError"}})
    return handle(request)


@FAULTS.fault(
    "SessionCreate L27-L31", DOCUMENTED, lambda c: c.post({"ehr_appointment_id": "A"}).status == 200
)
class ProfileIsRequired(Api):
    """`patient_profile_id` is required as soon as a body is sent."""

    def opened(self, user: User, sent: Session) -> Session:
        if sent and "patient_profile_id" not in sent:
            raise RefusalError(422, "ValidationError", "body.patient_profile_id is missing")
        return super().opened(user, sent)


@FAULTS.fault("SessionCreate L19-L31", DOCUMENTED, lambda c: c.post({}).status == 200)
class EmptyObjectIsRefused(Api):
    """A creation with an empty object is 422, one without a body is not."""

    def parsed(self, request: Request) -> Any:
        body = super().parsed(request)
        if request.method == "POST" and not body:
            raise RefusalError(422, "ValidationError", "body is empty")
        return body


@FAULTS.fault("S10", STRICT, lambda c: c.post({"x": 1}).status == 200)
class UnknownMembersAreRefused(Api):
    """A creation with a member that is not known is 422."""

    def parsed(self, request: Request) -> Any:
        body = super().parsed(request)
        if request.method == "POST" and not set(body) <= set(self.create_shape):
            raise RefusalError(422, "ValidationError", "body has an unknown member")
        return body


@FAULTS.fault("S10", STRICT, lambda c: "x" not in c.created(x=1))
class StoresWhatIsCreated(Api):
    """Members of a creation that are not known are stored and shown."""

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
    """A creation also takes the members of an update, which it does not have."""

    def create(self, user: User, request: Request) -> Any:
        created = super().create(user, request)
        sent = self.checked(self.parsed(request), self.update_shape) if request.body else {}
        self.change(user.sessions[created["session_id"]], sent)
        return created


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


@FAULTS.fault("S5", STRICT, lambda c: is_error(c.post([]), 422))
class EmptyArrayIsABody(Api):
    """A creation takes [] for an empty object."""

    def parsed(self, request: Request) -> Any:
        body = super().parsed(request)
        return {} if body == [] and request.method == "POST" else body


@FAULTS.fault("S9", STRICT, lambda c: is_error(c.post({"ehr_appointment_id": 7}), 422))
class NumberIsAnAppointment(Api):
    """`ehr_appointment_id` may be a number, which becomes a text."""

    def checked(self, value: Any, shape: Session, where: str = "body") -> Session:
        if isinstance(value, dict) and isinstance(value.get("ehr_appointment_id"), int):
            value = value | {"ehr_appointment_id": str(value["ehr_appointment_id"])}
        return super().checked(value, shape, where)


@FAULTS.fault("S9", STRICT, lambda c: is_error(c.post({"patient_profile_id": None}), 422))
class NullProfile(Api):
    """`patient_profile_id` may be null."""

    def checked(self, value: Any, shape: Session, where: str = "body") -> Session:
        if isinstance(value, dict) and value.get("patient_profile_id", 0) is None:
            value = {name: text for name, text in value.items() if name != "patient_profile_id"}
        return super().checked(value, shape, where)


@FAULTS.fault("S9", STRICT, lambda c: is_error(c.post({"patient_profile_id": 5}), 422))
class ProfileIsNotLookedAt(Api):
    """`patient_profile_id` may be anything, for nobody looks at it."""

    create_shape = Api.create_shape | {"patient_profile_id": lambda _: True}


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
    """A creation takes the appointment under the name that an update gives it."""

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
    """A new session has the language that the caller would rather read."""

    def create(self, user: User, request: Request) -> Any:
        told = super().create(user, request)
        if language := request.headers.get("accept-language", "")[:2]:
            user.sessions[told["session_id"]]["language_code"] = language
        return told
