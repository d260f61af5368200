"""Differences between GET, the list and the response to PATCH, and timestamps."""

import copy
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from tests.conformance.caller import Caller
from tests.conformance.reference import (
    Api,
    Handler,
    RefusalError,
    Request,
    Response,
    User,
    now,
    stamp,
)

from .catalogue import (
    DOCUMENTED,
    GET,
    LIST,
    PATCH,
    STRICT,
    Catalogue,
    Remembering,
    Session,
    Witness,
    between,
    instead,
    keeps,
    operation_of,
    telling,
)

FAULTS = Catalogue("views")
TIMES = Catalogue("timestamps")
FORM = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?", re.ASCII)
AGE = 0.5  # seconds that something lasts
JOHN = {"name": "John Doe", "gender": "MALE", "dob": "1990-01-01"}


def keeps_after(first: Session, second: Session) -> Callable[[Caller], object]:
    """Return a witness that every operation shows the second of two updates."""

    def witness(caller: Caller) -> bool:
        session_id = caller.create()
        caller.views(session_id, **first)
        return all(second.items() <= view.items() for view in caller.views(session_id, **second))

    return witness


def same(caller: Caller) -> bool:
    """Say whether the three operations show a session alike, except what they need not show."""
    views = caller.views(caller.create(), duration=2, patient=JOHN)
    return all({**view, "audio": []} == {**views[1], "audio": []} for view in views)


FAULTS.enter(
    ("stale_duration_in_list", "The list shows the duration of the creation.", "S11 L103 duration", DOCUMENTED, telling("duration", lambda d: 0, LIST), keeps("duration", 5)),
    ("whole_seconds_in_list", "The list rounds durations to whole seconds.", "S11 L103 duration", DOCUMENTED, telling("duration", int, LIST), keeps("duration", 5.75)),
    ("milliseconds_in_get", "GET shows the duration in milliseconds.", "S11 L103 duration", DOCUMENTED, telling("duration", lambda d: d * 1000, GET), keeps("duration", 5)),
    ("one_note_in_list", "The list shows the first note alone.", "S11 L103 clinician_notes", STRICT, telling("clinician_notes", lambda n: n[:1], LIST), keeps("clinician_notes", ["a", "b"])),
    ("sorted_notes_in_get", "GET sorts the notes.", "S11 L103 clinician_notes", STRICT, telling("clinician_notes", sorted, GET), keeps("clinician_notes", ["b", "a"])),
    ("no_notes_in_update", "The response to an update shows no note, as the sample does.", "S11 L103 clinician_notes", STRICT, telling("clinician_notes", lambda n: [], PATCH), keeps("clinician_notes", ["b"])),
    ("initials_in_list", "The list shows the initials of the patient.", "S11 L103 patient", DOCUMENTED, telling("patient", lambda p: p | {"name": "".join(w[0] for w in p["name"].split())}, LIST), keeps("patient", JOHN)),
    ("no_dob_in_list", "The list hides the date of birth.", "S11 L103 patient", DOCUMENTED, telling("patient", lambda p: p | {"dob": None}, LIST), keeps("patient", JOHN)),
    ("year_of_birth_in_get", "GET shows the year of birth alone, as the first of January.", "S11 L103 patient", DOCUMENTED, telling("patient", lambda p: p | {"dob": p["dob"] and p["dob"][:4] + "-01-01"}, GET), keeps("patient", {"dob": "1990-05-06"})),
    ("no_gender_in_update", "The response to an update shows no gender.", "S11 L103 patient", DOCUMENTED, telling("patient", lambda p: p | {"gender": None}, PATCH), keeps("patient", JOHN)),
    ("no_appointment_in_list", "The list shows null for the appointment.", "S11 L103 ehr_appt_id", DOCUMENTED, telling("ehr_appt_id", lambda i: None, LIST), keeps("ehr_appt_id", "A1")),
    ("empty_link_is_null_in_get", "GET shows an empty patient link as null.", "S11 L103 ehr_patient_id", STRICT, telling("ehr_patient_id", lambda i: i or None, GET), keeps("ehr_patient_id", "")),
    ("no_region_in_list", "The list shows a language without its region.", "S11 L103 output_language_code", DOCUMENTED, telling("output_language_code", lambda c: c[:2], LIST), keeps("output_language_code", "es-MX")),
    ("small_regions_in_get", "GET shows languages in small letters.", "S11 L103 language_code", STRICT, telling("language_code", str.lower, GET), keeps("language_code", "en-AU")),
    ("no_consent_in_get", "GET does not show `is_consent`.", "S11", STRICT, telling("is_consent", ..., GET), keeps("is_consent", True)),
    ("no_context_in_list", "The list does not show `linked_sessions_for_context`.", "S11", STRICT, telling("linked_sessions_for_context", ..., LIST), keeps("linked_sessions_for_context", ["1"])),
    ("no_mode_in_update", "The response to an update does not show `transcribe_mode`.", "S11", STRICT, telling("transcribe_mode", ..., PATCH), keeps("transcribe_mode", "dictation")),
    ("no_local_time_in_list", "The list does not show `created_time_local`.", "S11", STRICT, telling("created_time_local", ..., LIST), keeps("created_time_local", "09:00")),
    ("no_demographics_in_list", "The list does not show `demographic_details`.", "S11", STRICT, telling("patient.demographic_details", ..., LIST), keeps("patient.demographic_details", "left-handed")),
)  # fmt: skip


def shows_again(*operations: str) -> type[Remembering]:
    """Return a server whose operations always show the first version of a session."""

    class Cached(Remembering):
        def shown(self, session: Session, operation: str) -> Session:
            told = super().shown(session, operation)
            if operation not in operations:
                return told
            return dict(self.memory.setdefault(told["session_id"], told))

    return Cached


FAULTS.enter(
    ("cached_reads", "GET always shows the first version of a session that it showed.", "S11 L99", DOCUMENTED, shows_again(GET), keeps_after({"duration": 1}, {"duration": 2})),
    ("cached_list", "The list always shows the first version of a session that it showed.", "S11 L99", DOCUMENTED, shows_again(LIST), keeps_after({"duration": 1}, {"duration": 2})),
)  # fmt: skip


@FAULTS.fault("S11 L99", DOCUMENTED, keeps_after({"duration": 1}, {"duration": 2}))
class OneReadLate(Remembering):
    """The first GET after an update shows the session as it was before; the second is right."""

    def shown(self, session: Session, operation: str) -> Session:
        told = super().shown(session, operation)
        if operation != GET:
            return told
        before = self.memory.get(told["session_id"], told)
        self.memory[told["session_id"]] = told
        return dict(before)


def listed_after_an_update(caller: Caller) -> bool:
    session_id = caller.create()
    caller.patch(session_id, {"duration": 9})
    return any(item["duration"] == 9 for item in caller.listed()["sessions"])


@FAULTS.fault("S11 L199", DOCUMENTED, listed_after_an_update)
class ListLags(Remembering):
    """The list shows sessions as they were 150 ms ago."""

    lag = 0.15

    def change(self, session: Session, sent: Session) -> None:
        before = (time.monotonic(), copy.deepcopy(session))
        self.memory.setdefault(session["session_id"], []).append(before)
        super().change(session, sent)

    def shown(self, session: Session, operation: str) -> Session:
        late = [
            before
            for moment, before in self.memory.get(session["session_id"], ())
            if operation == LIST and time.monotonic() - moment < self.lag
        ]
        return super().shown(late[0] if late else session, operation)


def page_is_fresh(caller: Caller) -> bool:
    session_id = caller.create()
    shown = [
        caller.patched(session_id, duration=number) and caller.listed(page_size="5")
        for number in (1, 2)
    ]
    return [1, 2] == [page["sessions"][0]["duration"] for page in shown]


@FAULTS.fault("S11 L199", DOCUMENTED, page_is_fresh)
class PagesAreKept(Remembering):
    """The first page of each size is kept until a session is created."""

    def page(self, user: User, request: Request) -> Any:
        page = super().page(user, request)
        key = (id(user), str(request.query), len(user.sessions))
        return page if "page" in request.query else self.memory.setdefault(key, page)


@FAULTS.fault("S11 L99", DOCUMENTED, keeps("duration", 9))
class StateBefore(Api):
    """The response to an update shows the session before the update."""

    def update(self, user: User, session_id: str, request: Request) -> Any:
        before = self.shown(self.find(user, session_id), PATCH)
        super().update(user, session_id, request)
        return {"session": before}


def returns_what_was_kept(caller: Caller) -> object:
    session_id = caller.create()
    caller.patch(session_id, {"duration": 3})
    return caller.patched(session_id, language_code="es")["duration"] == 3


@FAULTS.fault("S11 L103", DOCUMENTED, returns_what_was_kept)
class AnswersTheDefaults(Api):
    """The response to an update shows a duration of 0 where the request sent none."""

    def update(self, user: User, session_id: str, request: Request) -> Any:
        told = super().update(user, session_id, request)["session"]
        return {"session": told if "duration" in self.parsed(request) else told | {"duration": 0}}


def second_page_is_fresh(caller: Caller) -> bool:
    ids = caller.several(3)
    last = caller.walk("2")[-1]
    caller.patch(last, {"duration": 77})
    return ids != [] and caller.pages("2")[-1]["sessions"][-1]["duration"] == 77


@FAULTS.fault("S11 S16", DOCUMENTED, second_page_is_fresh)
class StaleSecondPage(Remembering):
    """Sessions on a page after the first are shown as they first were."""

    def page(self, user: User, request: Request) -> Any:
        page = super().page(user, request)
        if "page" in request.query:
            page["sessions"] = [
                self.memory.setdefault(told["session_id"], told) for told in page["sessions"]
            ]
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
        for fields in changes:
            time.sleep(0.002)
            seen.append(caller.patched(session_id, **fields)["updated_at"])
        return all(a < b for a, b in pairwise(seen))

    return witness


def untouched(use: Callable[[Caller, str], object]) -> Callable[[Caller], object]:
    """Return a witness that something does not change a session."""

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


@TIMES.fault("S12", STRICT, created_stays)
class CreatedMoves(Api):
    """`created_at` moves with every update."""

    def touch(self, session: Session) -> None:
        super().touch(session)
        session["created_at"] = session["updated_at"]


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


def touched_where(moves: Callable[[set[str]], bool]) -> type[Api]:
    """Return a server that touches a session only with some updates, given what they send."""

    class Touching(Api):
        sent: set[str]

        def change(self, session: Session, sent: Session) -> None:
            self.sent = set(sent)
            super().change(session, sent)

        def touch(self, session: Session) -> None:
            if moves(self.sent):
                super().touch(session)

    return Touching


TIMES.enter(
    ("created_is_now_in_list", "The list shows the current time as `created_at`.", "S12", STRICT, telling("created_at", lambda _: now(), LIST), created_stays),
    ("updated_only_with_duration", "`updated_at` moves only where the duration is sent.", "S12", STRICT, touched_where(lambda sent: "duration" in sent), grows({"language_code": "es"})),
    ("updated_not_with_patient", "`updated_at` moves except where the patient alone is sent.", "S12", STRICT, touched_where(lambda sent: sent != {"patient"}), grows({"patient": {"name": "x"}})),
    ("updated_not_with_notes", "`updated_at` moves except where notes alone are sent.", "S12", STRICT, touched_where(lambda sent: sent != {"clinician_notes"}), grows({"clinician_notes": ["x"]})),
    ("updated_not_with_consent", "`updated_at` moves except where `is_consent` alone is sent.", "S12", STRICT, touched_where(lambda sent: sent != {"is_consent"}), grows({"is_consent": True})),
    ("with_z", "`updated_at` ends with Z.", "updated_at L79-L80", DOCUMENTED, telling("updated_at", lambda t: t + "Z"), well_formed),
    ("with_offset", "`created_at` has an offset.", "created_at L79-L80", DOCUMENTED, telling("created_at", lambda t: t + "+10:00"), well_formed),
    ("with_a_space", "`updated_at` has a space instead of the T.", "updated_at L79-L80", DOCUMENTED, telling("updated_at", lambda t: t.replace("T", " ")), well_formed),
    ("nanoseconds", "`updated_at` has nine digits after the second.", "updated_at L79-L80", DOCUMENTED, telling("updated_at", lambda t: t + "000"), well_formed),
    ("date_alone", "`created_at` is a date.", "created_at L79-L80", DOCUMENTED, telling("created_at", lambda t: t[:10]), well_formed),
    ("to_the_minute", "`created_at` has no seconds.", "created_at L79-L80", DOCUMENTED, telling("created_at", lambda t: t[:16]), well_formed),
    ("as_http", "`updated_at` is written as in an HTTP header.", "updated_at L79-L80", DOCUMENTED, telling("updated_at", lambda t: f"{datetime.fromisoformat(t):%a, %d %b %Y %H:%M:%S GMT}"), well_formed),
    ("with_a_comma", "`updated_at` has a decimal comma.", "updated_at L79-L80", DOCUMENTED, telling("updated_at", lambda t: t.replace(".", ",")), well_formed),
    ("never_updated_is_null", "`updated_at` is null until the first update.", "updated_at L80", DOCUMENTED, telling("updated_at", None, when=lambda s: s["updated_at"] == s["created_at"]), well_formed),
    ("update_tells_another_time", "The response to an update shows `updated_at` a millisecond too early.", "S11 S12", STRICT, telling("updated_at", lambda t: stamp(datetime.fromisoformat(t) - timedelta(milliseconds=1)), PATCH), same),
)  # fmt: skip


@TIMES.fault("S12", STRICT, untouched(lambda c, i: c.get(i)))
class ReadingTouches(Api):
    """GET moves `updated_at`."""

    def read(self, user: User, session_id: str) -> Any:
        self.touch(self.find(user, session_id))
        return super().read(user, session_id)


@TIMES.fault("S12 reading", STRICT, untouched(lambda c, i: c.get(i)))
class FirstReadTouches(Remembering):
    """The first GET of a session moves `updated_at`, after its response."""

    def read(self, user: User, session_id: str) -> Any:
        told = copy.deepcopy(super().read(user, session_id))
        if session_id not in self.memory:
            self.memory[session_id] = True
            self.touch(self.find(user, session_id))
        return told


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
            if refusal.response.status != 404:
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


# --- conditional requests ---


def tagging(tag: Callable[[Session], str], *operations: str) -> type[Api]:
    """Return a server that responds with 304 to the tag that a function computes."""

    def handle(request: Request, handle: Handler) -> Response:
        reply = handle(request)
        if reply.status != 200 or operation_of(request) not in operations:
            return reply
        named = f'"{tag(reply.content)}"'
        if named in request.headers.get("if-none-match", ""):
            return Response(304, b"", {"etag": named})
        return reply.but(headers={"etag": named})

    return between(handle)


def as_http(text: str) -> str:
    return f"{datetime.fromisoformat(text):%a, %d %b %Y %H:%M:%S GMT}"


def dated(request: Request, handle: Handler) -> Response:
    """Give Last-Modified in seconds, and respond with 304 to a date of the same second."""
    reply = handle(request)
    if reply.status != 200 or operation_of(request) != GET:
        return reply
    moment = as_http(reply.content["session"]["updated_at"])
    if request.headers.get("if-modified-since") == moment:
        return Response(304, b"", {"last-modified": moment})
    return reply.but(headers={"last-modified": moment})


def asks_again(caller: Caller, ask: Callable[..., Response]) -> bool:
    """Say whether a client that has the response of a GET sees a change."""
    before = ask()
    names = {"if_none_match": "etag", "if_modified_since": "last-modified"}
    known = {name: before.headers[of] for name, of in names.items() if of in before.headers}
    session_id = sessions_of(before)[0]["session_id"]
    caller.patch(session_id, {"duration": 9})
    after = ask(**known)
    return after.status == 200 and any(
        session["session_id"] == session_id and session["duration"] == 9
        for session in sessions_of(after)
    )


def sessions_of(reply: Response) -> list[Session]:
    """Return what a session or a page of them shows."""
    content = reply.content
    return content["sessions"] if "sessions" in content else [content["session"]]


def session_again(caller: Caller) -> bool:
    session_id = caller.create()
    return asks_again(caller, lambda **headers: caller.get(session_id, **headers))


def list_again(caller: Caller) -> bool:
    caller.create()
    return asks_again(
        caller, lambda **headers: caller.send("GET", "/sessions/linked-user", **headers)
    )


FAULTS.enter(
    ("tag_of_the_id", "The ETag of a session is its id: a conditional request after a change gets 304.", "S11 L99", DOCUMENTED, tagging(lambda c: c["session"]["session_id"], GET), session_again),
    ("never_modified", "A request with If-Modified-Since is 304.", "S11 L99", DOCUMENTED, between(lambda request, handle: Response(304, b"", {}) if operation_of(request) == GET and "if-modified-since" in request.headers else handle(request)), lambda c: c.get(c.create(), if_modified_since="Thu, 01 Jan 2015 00:00:00 GMT").status == 200),
    ("tag_of_the_creation", "The ETag of a session is its creation time: after a change it is 304.", "S11 L99", DOCUMENTED, tagging(lambda c: c["session"]["created_at"], GET), session_again),
    ("tag_of_the_total", "The ETag of the list is the number of sessions: after a change it is 304.", "S11 L199", DOCUMENTED, tagging(lambda c: str(c["total_count"]), LIST), list_again),
    ("modified_to_the_second", "Last-Modified has whole seconds: a change within the second gets 304.", "S11 L99", DOCUMENTED, between(dated), session_again),
)  # fmt: skip


# --- data that is lost after a while ---


def lasts(seconds: float, ask: Callable[[Caller, str], object]) -> Witness:
    """Return a witness that something holds for a session some seconds after its update."""

    def witness(caller: Caller) -> bool:
        session_id = caller.create()
        caller.patch(session_id, {"duration": 9})
        time.sleep(seconds)
        return bool(ask(caller, session_id))

    return witness


class ForgetsUpdates(Remembering):
    """The changes of an update are lost after half a second, except `updated_at`."""

    def change(self, session: Session, sent: Session) -> None:
        name = session["session_id"]
        self.memory.setdefault(name, (time.monotonic(), copy.deepcopy(session)))
        super().change(session, sent)

    def find(self, user: User, session_id: str) -> Session:
        session = super().find(user, session_id)
        moment, before = self.memory.get(session_id, (time.monotonic(), {}))
        if time.monotonic() - moment > AGE:
            del self.memory[session_id]
            session.update(before, updated_at=session["updated_at"])
        return session


def of_age(session: Session) -> bool:
    age = datetime.now(UTC).replace(tzinfo=None) - datetime.fromisoformat(session["created_at"])
    return age > timedelta(seconds=AGE)


def vanishing(api: Api, user: User, session_id: str) -> Session | None:
    session = Api.lookup(api, user, session_id)
    return None if session is None or of_age(session) else session


def of_the_newest(number: int) -> type[Api]:
    return instead(
        lookup=lambda api, user, i: (
            Api.lookup(api, user, i) if i in [*user.sessions][-number:] else None
        )
    )


class GoneAfterRequests(Remembering):
    """A session is gone sixty responses after its last request."""

    def lookup(self, user: User, session_id: str) -> Session | None:
        session = super().lookup(user, session_id)
        since = len(self.requests) - self.memory.get(session_id, len(self.requests))
        if session is None or since > 60:
            return None
        self.memory[session_id] = len(self.requests)
        return session


def kept_among(number: int, ask: Callable[[Caller], object]) -> Witness:
    """Return a witness that a session is found before and after as many requests."""

    def witness(caller: Caller) -> bool:
        session_id = caller.create()
        before = caller.get(session_id).status
        for _ in range(number):
            ask(caller)
        return {before, caller.get(session_id).status} == {200}

    return witness


FAULTS.enter(
    ("gone_after_a_while", "Half a second after its creation a session is no longer found.", "S15 L39", DOCUMENTED, instead(lookup=vanishing), lasts(AGE * 1.1, lambda c, i: c.get(i).status == 200)),
    ("updates_are_forgotten", "Half a second after an update, the session is as before.", "S11 L99", DOCUMENTED, ForgetsUpdates, lasts(AGE * 1.1, lambda c, i: c.read(i)["duration"] == 9)),
    ("newest_twenty_are_found", "Only the twenty newest sessions of a user are found by their ids.", "S15 L39", DOCUMENTED, of_the_newest(20), kept_among(21, lambda c: c.create())),
    ("gone_after_requests", "A session is gone after sixty more responses.", "S15 L39", DOCUMENTED, GoneAfterRequests, kept_among(70, lambda c: c.page())),
)  # fmt: skip


# --- long values in one operation ---

FAULTS.enter(
    ("long_names_in_list", "The list cuts names after 64 characters, and ends them with dots.", "S11 L103 patient", DOCUMENTED, telling("patient.name", lambda n: f"{n[:63]}…" if len(n) > 64 else n, LIST), keeps("patient.name", "n" * 65)),
    ("long_notes_in_list", "The list cuts notes after 200 characters.", "S11", STRICT, telling("clinician_notes", lambda notes: [n[:200] for n in notes], LIST), keeps("clinician_notes", ["n" * 201])),
    ("long_links_in_get", "GET cuts a patient link after 32 characters.", "S11 L103 ehr_patient_id", DOCUMENTED, telling("ehr_patient_id", lambda i: i and i[:32], GET), keeps("ehr_patient_id", "7" * 33)),
    ("many_notes_in_get", "GET shows five notes at most.", "S11", STRICT, telling("clinician_notes", lambda notes: notes[:5], GET), keeps("clinician_notes", list("abcdef"))),
    ("long_demographics_in_update", "The response to an update cuts demographics after 100 characters.", "S11", STRICT, telling("patient.demographic_details", lambda t: t[:100], PATCH), keeps("patient.demographic_details", "d" * 101)),
)  # fmt: skip
TIMES.enter(
    ("with_offset_in_list", "The list shows `updated_at` with an offset of zero.", "updated_at L79-L80", DOCUMENTED, telling("updated_at", lambda t: f"{t}+00:00", LIST), well_formed),
    ("with_z_once_changed", "`updated_at` ends with Z once it has moved.", "updated_at L79-L80", DOCUMENTED, telling("updated_at", lambda t: f"{t}Z", when=lambda s: s["updated_at"] != s["created_at"]), well_formed),
    ("local_time_in_update", "The response to an update shows `updated_at` in another time zone than GET.", "S11 S12", STRICT, telling("updated_at", lambda t: stamp(datetime.fromisoformat(t) + timedelta(hours=10)), PATCH), same),
)  # fmt: skip
