"""GET, the list and the answer to PATCH that differ, and timestamps."""

import re
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from tests.conformance.caller import Caller
from tests.conformance.reference import (
    Answer,
    Api,
    Handler,
    RefusalError,
    Request,
    User,
    now,
    stamp,
)

from .catalogue import DOCUMENTED, STRICT, Catalogue, Level, Session, operation_of, showing

FAULTS = Catalogue("views")
TIMES = Catalogue("timestamps")
GET, PATCH, LIST = "getSession", "updateSession", "listLinkedUserSessions"
FORM = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?", re.ASCII)
JOHN = {"name": "John Doe", "gender": "MALE", "dob": "1990-01-01"}


def keeps(**members: Any) -> Callable[[Caller], object]:
    return lambda caller: caller.keeps(**members)


def keeps_after(first: Session, second: Session) -> Callable[[Caller], object]:
    """Return a witness that a second update shows everywhere, after a first."""

    def witness(caller: Caller) -> bool:
        session_id = caller.create()
        caller.views(session_id, **first)
        return all(second.items() <= view.items() for view in caller.views(session_id, **second))

    return witness


def same(caller: Caller) -> bool:
    """Say whether the three operations show one session alike, but for what they need not show."""
    views = caller.views(caller.create(), duration=2, patient=JOHN)
    return all({**view, "audio": []} == {**views[1], "audio": []} for view in views)


ONE: tuple[tuple[str, str, str, str, Any, Session, Level], ...] = (
    (
        "stale_duration_in_list",
        "The list shows the duration of the creation.",
        LIST,
        "duration",
        lambda d: 0,
        {"duration": 5},
        DOCUMENTED,
    ),
    (
        "whole_seconds_in_list",
        "The list rounds durations to whole seconds.",
        LIST,
        "duration",
        int,
        {"duration": 5.75},
        DOCUMENTED,
    ),
    (
        "milliseconds_in_get",
        "GET shows the duration in milliseconds.",
        GET,
        "duration",
        lambda d: d * 1000,
        {"duration": 5},
        DOCUMENTED,
    ),
    (
        "one_note_in_list",
        "The list shows the first note alone.",
        LIST,
        "clinician_notes",
        lambda n: n[:1],
        {"clinician_notes": ["a", "b"]},
        STRICT,
    ),
    (
        "sorted_notes_in_get",
        "GET sorts the notes.",
        GET,
        "clinician_notes",
        sorted,
        {"clinician_notes": ["b", "a"]},
        STRICT,
    ),
    (
        "no_notes_in_update",
        "The answer to an update shows no note, as the sample does.",
        PATCH,
        "clinician_notes",
        lambda n: [],
        {"clinician_notes": ["b"]},
        STRICT,
    ),
    (
        "initials_in_list",
        "The list shows the initials of the patient.",
        LIST,
        "patient",
        lambda p: p | {"name": "".join(w[0] for w in p["name"].split())},
        {"patient": JOHN},
        DOCUMENTED,
    ),
    (
        "no_dob_in_list",
        "The list hides the date of birth.",
        LIST,
        "patient",
        lambda p: p | {"dob": None},
        {"patient": JOHN},
        DOCUMENTED,
    ),
    (
        "year_of_birth_in_get",
        "GET shows the year of birth alone, as the first of January.",
        GET,
        "patient",
        lambda p: p | {"dob": p["dob"] and p["dob"][:4] + "-01-01"},
        {"patient": {"dob": "1990-05-06"}},
        DOCUMENTED,
    ),
    (
        "no_gender_in_update",
        "The answer to an update shows no gender.",
        PATCH,
        "patient",
        lambda p: p | {"gender": None},
        {"patient": JOHN},
        DOCUMENTED,
    ),
    (
        "no_appointment_in_list",
        "The list shows null for the appointment.",
        LIST,
        "ehr_appt_id",
        lambda i: None,
        {"ehr_appt_id": "A1"},
        DOCUMENTED,
    ),
    (
        "empty_link_is_null_in_get",
        "GET shows an empty patient link as null.",
        GET,
        "ehr_patient_id",
        lambda i: i or None,
        {"ehr_patient_id": ""},
        STRICT,
    ),
    (
        "no_region_in_list",
        "The list shows a language without its region.",
        LIST,
        "output_language_code",
        lambda c: c[:2],
        {"output_language_code": "es-MX"},
        DOCUMENTED,
    ),
    (
        "small_regions_in_get",
        "GET shows languages in small letters.",
        GET,
        "language_code",
        str.lower,
        {"language_code": "en-AU"},
        STRICT,
    ),
)
for name, sentence, operation, member, change, members, level in ONE:

    def spoil(
        told: Session,
        at: str,
        operation: str = operation,
        member: str = member,
        change: Any = change,
    ) -> None:
        if at == operation:
            told[member] = change(told[member])

    FAULTS.add(name, sentence, f"S11 L103 {member}", level, showing(spoil), keeps(**members))

HIDDEN = (
    ("no_consent_in_get", "GET does not show `is_consent`.", GET, "is_consent", True),
    (
        "no_context_in_list",
        "The list does not show `linked_sessions_for_context`.",
        LIST,
        "linked_sessions_for_context",
        ["1"],
    ),
    (
        "no_mode_in_update",
        "The answer to an update does not show `transcribe_mode`.",
        PATCH,
        "transcribe_mode",
        "dictation",
    ),
    (
        "no_local_time_in_list",
        "The list does not show `created_time_local`.",
        LIST,
        "created_time_local",
        "09:00",
    ),
)
for name, sentence, operation, member, value in HIDDEN:

    def hide(told: Session, at: str, operation: str = operation, member: str = member) -> None:
        if at == operation:
            told.pop(member, None)

    FAULTS.add(name, sentence, "S11", STRICT, showing(hide), keeps(**{member: value}))


@FAULTS.shown("S11", STRICT, keeps(patient={"demographic_details": "left-handed"}))
def no_demographics_in_list(told: Session, operation: str) -> None:
    """The list does not show `demographic_details`."""
    if operation == LIST:
        told["patient"].pop("demographic_details", None)


class Snapshots(Api):
    """A server that keeps what it once showed."""

    def __init__(self) -> None:
        super().__init__()
        self.shots: dict[str, Session] = {}

    def shot(self, told: Session) -> Session:
        return self.shots.setdefault(told["session_id"], told)


@FAULTS.fault("S11 L99", DOCUMENTED, keeps_after({"duration": 1}, {"duration": 2}))
class CachedReads(Snapshots):
    """GET shows a session for ever as it first did."""

    def shown(self, session: Session, operation: str) -> Session:
        told = super().shown(session, operation)
        return self.shot(told) if operation == GET else told


@FAULTS.fault("S11 L99", DOCUMENTED, keeps_after({"duration": 1}, {"duration": 2}))
class OneReadLate(Snapshots):
    """The first GET after an update shows the session as it was before; the second is right."""

    def shown(self, session: Session, operation: str) -> Session:
        told = super().shown(session, operation)
        if operation != GET:
            return told
        before = self.shot(told)
        self.shots[told["session_id"]] = told
        return before


def read_again(caller: Caller, name: str, header: str) -> int:
    """Return the status of a reading on condition, after an update."""
    session_id = caller.create()
    shown = caller.get(session_id).headers.get(name, "Thu, 01 Jan 2015 00:00:00 GMT")
    caller.patched(session_id, duration=7)
    return caller.get(session_id, **{header: shown}).status


@FAULTS.fault("S11 L99", DOCUMENTED, lambda c: read_again(c, "etag", "if_none_match") == 200)
def tag_of_the_id(request: Request, handle: Handler) -> Answer:
    """The ETag of a session is its id: whatever changes, a reader that has it gets 304."""
    reply = handle(request)
    if operation_of(request) != GET or reply.status != 200:
        return reply
    tag = f'"{request.path.rpartition("/")[2]}"'
    fresh = request.headers.get("if-none-match") != tag
    return reply.but(headers={"etag": tag}) if fresh else Answer(304, b"", {"etag": tag})


@FAULTS.fault("S11 L99", DOCUMENTED, lambda c: read_again(c, "", "if_modified_since") == 200)
def never_modified(request: Request, handle: Handler) -> Answer:
    """A reading with If-Modified-Since is 304."""
    asked = operation_of(request) == GET and "if-modified-since" in request.headers
    return Answer(304, b"", {}) if asked else handle(request)


@FAULTS.fault("S11 L99", DOCUMENTED, keeps_after({"duration": 1}, {"duration": 2}))
class CachedList(Snapshots):
    """The list shows a session for ever as it first did."""

    def shown(self, session: Session, operation: str) -> Session:
        told = super().shown(session, operation)
        return self.shot(told) if operation == LIST else told


@FAULTS.fault("S11 L99", DOCUMENTED, keeps(duration=9))
class StateBefore(Snapshots):
    """The answer to an update shows the session as it was before."""

    def update(self, user: User, session_id: str, request: Request) -> Any:
        before = self.shown(self.find(user, session_id), PATCH)
        super().update(user, session_id, request)
        return {"session": before}


def answers_what_was_kept(caller: Caller) -> object:
    session_id = caller.create()
    caller.patch(session_id, {"duration": 3})
    return caller.patched(session_id, language_code="es")["duration"] == 3


@FAULTS.fault("S11 L103", DOCUMENTED, answers_what_was_kept)
class AnswersTheDefaults(Api):
    """The answer to an update shows a duration of 0 where the request sent none."""

    def update(self, user: User, session_id: str, request: Request) -> Any:
        told = super().update(user, session_id, request)["session"]
        return {"session": told if "duration" in self.parsed(request) else told | {"duration": 0}}


def second_page_is_fresh(caller: Caller) -> bool:
    ids = caller.several(3)
    last = caller.walk("2")[-1]
    caller.patch(last, {"duration": 77})
    return ids != [] and caller.pages("2")[-1]["sessions"][-1]["duration"] == 77


@FAULTS.fault("S11 S16", DOCUMENTED, second_page_is_fresh)
class StaleSecondPage(Snapshots):
    """Sessions on a page after the first are shown as they first were."""

    def page(self, user: User, request: Request) -> Any:
        page = super().page(user, request)
        if "page" in request.query:
            page["sessions"] = [self.shot(told) for told in page["sessions"]]
        return page


def neighbours(caller: Caller) -> bool:
    ids = caller.several(2)
    for session_id in ids:
        caller.patch(session_id, {"patient": {"name": session_id}})
    page = caller.listed()["sessions"]
    return all(told["patient"]["name"] == told["session_id"] for told in page)


@FAULTS.fault("S11 L210", DOCUMENTED, neighbours)
class NeighboursPatient(Api):
    """The list shows each session with the patient of the one before it."""

    def page(self, user: User, request: Request) -> Any:
        page = super().page(user, request)
        patients = [told["patient"] for told in page["sessions"]]
        for told, patient in zip(page["sessions"][1:], patients, strict=False):
            told["patient"] = patient
        return page


# --- timestamps ---


def grows(*changes: Session) -> Callable[[Caller], object]:
    """Return a witness that `updated_at` grows with each of these changes."""

    def witness(caller: Caller) -> bool:
        session_id = caller.create()
        seen = [caller.read(session_id)["updated_at"]]
        for members in changes:
            time.sleep(0.002)
            seen.append(caller.patched(session_id, **members)["updated_at"])
        return all(a < b for a, b in pairwise(seen))

    return witness


def untouched(use: Callable[[Caller, str], object]) -> Callable[[Caller], object]:
    """Return a witness that something leaves a session as it is."""

    def witness(caller: Caller) -> bool:
        session_id = caller.create()
        before = caller.patched(session_id, duration=1)
        time.sleep(0.002)
        use(caller, session_id)
        return {**caller.read(session_id), "audio": []} == {**before, "audio": []}

    return witness


def created_stays(caller: Caller) -> bool:
    session_id = caller.create()
    created_at = caller.read(session_id)["created_at"]
    time.sleep(0.002)
    views = caller.views(session_id, duration=1)
    return {created_at} == {view["created_at"] for view in views}


def well_formed(caller: Caller) -> bool:
    session_id = caller.create()
    views = [caller.read(session_id), *caller.views(session_id, duration=1)]
    return all(
        FORM.fullmatch(str(view[name])) for view in views for name in ("created_at", "updated_at")
    )


class Clock(Api):
    """A server that touches a session in its own way, given what was sent."""

    sent: Session

    def change(self, session: Session, sent: Session) -> None:
        self.sent = sent
        super().change(session, sent)


@TIMES.fault("S12", STRICT, created_stays)
class CreatedMoves(Api):
    """`created_at` moves with every update."""

    def touch(self, session: Session) -> None:
        super().touch(session)
        session["created_at"] = session["updated_at"]


@TIMES.shown("S12", STRICT, created_stays)
def created_is_now_in_list(told: Session, operation: str) -> None:
    """The list shows the present for `created_at`."""
    if operation == LIST:
        told["created_at"] = now()


@TIMES.fault("S12", STRICT, grows({"duration": 1}))
class UpdatedStays(Api):
    """`updated_at` never moves."""

    def touch(self, session: Session) -> None:
        return


@TIMES.fault("S12", STRICT, grows({"duration": 1}, {"duration": 2}))
class UpdatedMovesOnce(Api):
    """`updated_at` moves with the first update alone."""

    def touch(self, session: Session) -> None:
        if session["updated_at"] == session["created_at"]:
            super().touch(session)


@TIMES.fault("S12", STRICT, grows({"duration": 1}, {"duration": 2}, {"duration": 3}))
class UpdatedGoesBack(Api):
    """Every third update sets `updated_at` back by an hour, as a wrong clock would."""

    number = 0

    def touch(self, session: Session) -> None:
        self.number += 1
        super().touch(session)
        if self.number % 3 == 0:
            back = datetime.fromisoformat(session["updated_at"]) - timedelta(hours=1)
            session["updated_at"] = stamp(back)


PARTS: tuple[tuple[str, str, str, Session], ...] = (
    ("only_with_duration", "only where the duration is sent", "duration", {"language_code": "es"}),
    (
        "not_with_patient",
        "except where the patient alone is sent",
        "!patient",
        {"patient": {"name": "x"}},
    ),
    (
        "not_with_notes",
        "except where notes alone are sent",
        "!clinician_notes",
        {"clinician_notes": ["x"]},
    ),
    (
        "not_with_consent",
        "except where `is_consent` alone is sent",
        "!is_consent",
        {"is_consent": True},
    ),
)
for name, sentence, part, members in PARTS:

    class Partly(Clock):
        part: str

        def touch(self, session: Session) -> None:
            wanted = self.part.removeprefix("!")
            moves = set(self.sent) != {wanted} if self.part[0] == "!" else wanted in self.sent
            if moves:
                super().touch(session)

    TIMES.add(
        f"updated_{name}",
        f"`updated_at` moves {sentence}.",
        "S12",
        STRICT,
        type("Part", (Partly,), {"part": part}),
        grows(members),
    )


@TIMES.fault("S12", STRICT, untouched(lambda c, i: c.get(i)))
class ReadingTouches(Api):
    """GET moves `updated_at`."""

    def read(self, user: User, session_id: str) -> Any:
        self.touch(self.find(user, session_id))
        return super().read(user, session_id)


@TIMES.fault("S12", STRICT, untouched(lambda c, _: c.page()))
class ListingTouches(Api):
    """The list moves `updated_at` of the sessions that it shows."""

    def page(self, user: User, request: Request) -> Any:
        for session in self.ordered(user):
            self.touch(session)
        return super().page(user, request)


@TIMES.fault("S12 S6", STRICT, untouched(lambda c, i: c.patch(i, {"duration": "x"})))
class RefusingTouches(Api):
    """A rejected update moves `updated_at`."""

    def update(self, user: User, session_id: str, request: Request) -> Any:
        try:
            return super().update(user, session_id, request)
        except RefusalError as refusal:
            if refusal.answer.status != 404:
                self.touch(self.find(user, session_id))
            raise


@TIMES.fault("S12 S11", STRICT, untouched(lambda c, _: c.patch(c.create(), {"duration": 4})))
class AllAreTouched(Api):
    """An update moves `updated_at` of all sessions of the user."""

    def update(self, user: User, session_id: str, request: Request) -> Any:
        told = super().update(user, session_id, request)
        for session in user.sessions.values():
            session["updated_at"] = told["session"]["updated_at"]
        return told


FORMS: tuple[tuple[str, str, Callable[[str], Any], str], ...] = (
    ("with_z", "`updated_at` ends with Z.", lambda t: t + "Z", "updated_at"),
    ("with_offset", "`created_at` has an offset.", lambda t: t + "+10:00", "created_at"),
    (
        "with_a_space",
        "`updated_at` has a space for the T.",
        lambda t: t.replace("T", " "),
        "updated_at",
    ),
    (
        "nanoseconds",
        "`updated_at` has nine digits behind the second.",
        lambda t: t + "000",
        "updated_at",
    ),
    ("date_alone", "`created_at` is a date.", lambda t: t[:10], "created_at"),
    ("to_the_minute", "`created_at` has no seconds.", lambda t: t[:16], "created_at"),
    (
        "as_http",
        "`updated_at` is written as in an HTTP header.",
        lambda t: f"{datetime.fromisoformat(t):%a, %d %b %Y %H:%M:%S GMT}",
        "updated_at",
    ),
    (
        "with_a_comma",
        "`updated_at` has a comma for the point.",
        lambda t: t.replace(".", ","),
        "updated_at",
    ),
)
for name, sentence, form, member in FORMS:

    def write(told: Session, _: str, form: Any = form, member: str = member) -> None:
        told[member] = form(told[member])

    TIMES.add(name, sentence, f"{member} L79-L80", DOCUMENTED, showing(write), well_formed)


@TIMES.shown("updated_at L80", DOCUMENTED, well_formed)
def never_updated_is_null(told: Session, _: str) -> None:
    """`updated_at` is null until the first update."""
    if told["updated_at"] == told["created_at"]:
        told["updated_at"] = None


@TIMES.shown("S11 S12", STRICT, same)
def update_tells_another_time(told: Session, operation: str) -> None:
    """The answer to an update shows `updated_at` a millisecond before what is kept."""
    if operation == PATCH:
        moment = datetime.fromisoformat(told["updated_at"]) - timedelta(milliseconds=1)
        told["updated_at"] = stamp(moment)
