"""Variants that keep what the vendor's page says, and not all that we decided beyond it."""

import uuid
from typing import Any

from tests.conformance.caller import Caller
from tests.conformance.reference import Answer, Api, Handler, RefusalError, Request, User, answer

from .catalogue import DOCUMENTED_ONLY, variant, variant_between

Session = dict[str, Any]


@variant_between(DOCUMENTED_ONLY, lambda c: c.post({}).status == 201)
def created_is_201(request: Request, handle: Handler) -> Answer:
    """The creation answers 201."""
    reply = handle(request)
    return reply.but(status=201) if request.path == "/sessions" and reply.status == 200 else reply


@variant_between(DOCUMENTED_ONLY, lambda c: c.post().status == 422)
def body_is_required(request: Request, handle: Handler) -> Answer:
    """A creation without a body is 422."""
    if request.method == "POST" and request.path == "/sessions" and not request.body:
        return answer(422, {"detail": {"msg": "body is missing", "type": "ValidationError"}})
    return handle(request)


class Named(Api):
    """Ids have another form."""

    def name(self) -> str:
        return str(uuid.uuid4())

    def __init__(self) -> None:
        super().__init__(self.name)


@variant(DOCUMENTED_ONLY, lambda c: c.create().count("-") == 4)
class UuidIds(Named):
    """Ids are UUIDs."""


@variant(DOCUMENTED_ONLY, lambda c: c.create().startswith("ses_"))
class PrefixedIds(Named):
    """Ids begin with `ses_`."""

    def name(self) -> str:
        return f"ses_{uuid.uuid4().hex}"


@variant(DOCUMENTED_ONLY, lambda c: len(c.create()) < 12)
class ShortIds(Named):
    """Ids are ten digits, as in a sample."""

    def name(self) -> str:
        return str(1234567890 + sum(len(user.sessions) for user in self.users.values()))


@variant(
    DOCUMENTED_ONLY,
    lambda c: (
        (i := c.create()) and c.read(i)["created_at"] == c.patched(i, duration=3)["updated_at"]
    ),
)
class WholeSeconds(Api):
    """Timestamps have whole seconds, and stay within the second."""

    def shown(self, session: Session, operation: str) -> Session:
        told = super().shown(session, operation)
        for name in ("created_at", "updated_at"):
            told[name] = told[name].partition(".")[0]
        return told


@variant(
    DOCUMENTED_ONLY,
    lambda c: (
        (i := c.create()) and c.read(i)["updated_at"] == c.patched(i, duration=3)["updated_at"]
    ),
)
class UpdatedStays(Api):
    """`updated_at` does not move, as in the samples."""

    def touch(self, session: Session) -> None:
        return


@variant(DOCUMENTED_ONLY, lambda c: c.created()["documents"] == [])
class EmptyDocuments(Api):
    """`documents` is an empty array, not null."""

    def opened(self, user: User, sent: Session) -> Session:
        return super().opened(user, sent) | {"documents": []}


@variant(DOCUMENTED_ONLY, lambda c: "audio" not in c.created())
class NoAudio(Api):
    """Sessions have no `audio`, which one sample lacks."""

    def shown(self, session: Session, operation: str) -> Session:
        told = super().shown(session, operation)
        del told["audio"]
        return told


@variant(
    DOCUMENTED_ONLY, lambda c: c.patched(c.create(), clinician_notes=["a"])["clinician_notes"] == []
)
class NotesAreNotShown(Api):
    """Notes are stored and not shown, as in the sample of the update."""

    def shown(self, session: Session, operation: str) -> Session:
        return super().shown(session, operation) | {"clinician_notes": []}


@variant(DOCUMENTED_ONLY, lambda c: "is_consent" not in c.patched(c.create(), is_consent=True))
class UpdatesAreNotAllShown(Api):
    """Members that only an update names are not shown."""

    def shown(self, session: Session, operation: str) -> Session:
        told = super().shown(session, operation)
        patient = {name: told["patient"][name] for name in ("name", "gender", "dob")}
        hidden = set(self.update_shape) - {
            "duration",
            "language_code",
            "output_language_code",
            "patient",
            "clinician_notes",
            "ehr_patient_id",
            "ehr_appt_id",
        }
        return {name: value for name, value in told.items() if name not in hidden} | {
            "patient": patient
        }


@variant(DOCUMENTED_ONLY, lambda c: c.created(ehr_appointment_id="A")["ehr_appt_id"] is None)
class AppointmentIsNotShown(Api):
    """`ehr_appointment_id` does not come back, as in the samples."""

    def opened(self, user: User, sent: Session) -> Session:
        return super().opened(user, {})


@variant(
    DOCUMENTED_ONLY,
    lambda c: (
        (c.several(2), c.listed(page_size="1"))[1]["has_next_page"]
        and c.listed(page_size="1")["next_page"] is None
    ),
)
class NoNextPage(Api):
    """`has_next_page` is true beside a `next_page` of null, as in the sample."""

    def page_of(self, chosen: list[Session], sessions: list[Session], end: int) -> Any:
        return super().page_of(chosen, sessions, end) | {"next_page": None}


@variant(
    DOCUMENTED_ONLY,
    lambda c: (c.several(2), isinstance(c.listed(page_size="1")["next_page"], dict))[1],
)
class ObjectsForPages(Api):
    """`next_page` is an object."""

    def page_of(self, chosen: list[Session], sessions: list[Session], end: int) -> Any:
        page = super().page_of(chosen, sessions, end)
        return page | {"next_page": page["next_page"] and {"after": page["next_page"]}}


@variant(DOCUMENTED_ONLY, lambda c: c.several(2)[-1] == c.walk("1")[0])
class NewestFirstByOffset(Api):
    """The newest session comes first and pages are offsets, whatever is created meanwhile."""

    def ordered(self, user: User) -> list[Session]:
        return super().ordered(user)[::-1]


@variant(DOCUMENTED_ONLY, lambda c: c.page(page_size="101").status == 200)
class CapsPageSizes(Api):
    """A `page_size` beyond 50 is 50."""

    def page_size(self, request: Request) -> int:
        text = request.query.get("page_size", ["10"])[0]
        return (
            min(int(text), 50)
            if text.isdecimal() and int(text) > 50
            else super().page_size(request)
        )


@variant(DOCUMENTED_ONLY, lambda c: c.patch(c.create(), {"duration": "60"}).status == 200)
class Coerces(Api):
    """A duration may be sent as text."""

    def checked(self, value: Any, shape: Session, where: str = "body") -> Session:
        if (
            where == "body"
            and isinstance(value, dict)
            and str(value.get("duration", "")).isdecimal()
        ):
            value = value | {"duration": int(value["duration"])}
        return super().checked(value, shape, where)


def status_for_others(caller: Caller) -> int:
    return caller.another().get(caller.create()).status


@variant(DOCUMENTED_ONLY, lambda c: status_for_others(c) == 403)
class ForbidsOthers(Api):
    """A session of another user is 403."""

    def find(self, user: User, session_id: str) -> Session:
        if session_id not in user.sessions and any(
            session_id in u.sessions for u in self.users.values()
        ):
            raise RefusalError(403, "Forbidden", "not yours")
        return super().find(user, session_id)


@variant(DOCUMENTED_ONLY, lambda c: c.unlinked().page().status == 400)
class OtherStatuses(Api):
    """A user who is not linked gets 400, and so does any wrong request."""

    def handle(self, request: Request) -> Answer:
        reply = super().handle(request)
        return reply.but(status=400) if reply.status in {403, 405, 413, 415, 422} else reply


@variant(DOCUMENTED_ONLY, lambda c: c.created()["consult_note"]["voice_style"] is not None)
class LaterNotes(Api):
    """Notes are further on: a text, a style, a template, and values that nobody has seen."""

    def opened(self, user: User, sent: Session) -> Session:
        session = super().opened(user, sent)
        session["consult_note"] |= {
            "status": "GENERATED",
            "result": "…",
            "voice_style": "GOLDILOCKS",
            "brain": "LEFT",
            "template_id": "t1",
            "ai_command_id": "c1",
            "ai_command_text": "Shorter",
            "feedback": {"stars": 5},
        }
        return session | {"session_name": "", "audio": [{"id": 1}], "documents": [{"id": 2}]}
