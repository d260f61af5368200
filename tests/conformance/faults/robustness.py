"""Input that makes a server fail, and concurrent requests."""

import contextlib
import copy
import json
import random
import re
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any
from urllib.parse import unquote_plus

from tests.conformance.caller import Caller, is_error
from tests.conformance.reference import Api, RefusalError, Request, Response, User, now, respond

from .catalogue import (
    DOCUMENTED,
    GET,
    LIST,
    STRICT,
    Catalogue,
    Defect,
    Remembering,
    Session,
    Witness,
    instead,
    kept,
)

FAULTS = Catalogue("robustness")
RACES = Catalogue("concurrency")
FAILURE = {"detail": {"msg": "internal error", "type": "InternalError"}}


def failing(when: Callable[[Request], bool]) -> type[Api]:
    def handle(api: Api, request: Request) -> Response:
        reply = Api.handle(api, request)
        # A good token comes first, as everywhere.
        return respond(500, FAILURE) if reply.status != 401 and when(request) else reply

    return instead(handle=handle)


def body_has(*parts: bytes) -> Callable[[Request], bool]:
    return lambda request: any(part in request.body for part in parts)


def survives(body: bytes) -> Callable[[Caller], object]:
    return lambda caller: caller.patch_raw(caller.create(), body).status < 500


def survives_path(path: str) -> Callable[[Caller], object]:
    return lambda caller: caller.get(path).status < 500


def in_path(*parts: str) -> Callable[[Request], bool]:
    return lambda request: any(part in request.path for part in parts)


def sent(value: Any) -> bytes:
    return json.dumps(value).encode()


def depth(body: bytes) -> int:
    return body.count(b"[") + body.count(b"{")


def has_twice(request: Request) -> bool:
    return request.body.count(b'"duration"') == 2


def long_number(request: Request) -> bool:
    digits = longest = 0
    for mark in request.body:
        digits = digits + 1 if 48 <= mark <= 57 else 0
        longest = max(longest, digits)
    return longest > 4300


BODIES: tuple[tuple[str, str, Callable[[Request], bool], bytes], ...] = (
    ("deep_arrays", "A body of a thousand arrays inside each other is 500.", lambda r: r.body.count(b"[") > 900, b'{"x": ' + b"[" * 1000 + b"]" * 1000 + b"}"),
    ("deep_objects", "A body of a thousand objects inside each other is 500.", lambda r: r.body.count(b'{"a"') > 900, b'{"x": ' + b'{"a": ' * 1000 + b"1" + b"}" * 1001),
    ("deep_and_broken", "A hundred thousand unclosed brackets are 500.", lambda r: depth(r.body) > 90_000, b"[" * 100_000),
    ("long_integers", "An integer of 5,000 digits is 500.", long_number, b'{"duration": ' + b"9" * 5000 + b"}"),
    ("long_unknown_integers", "An integer of 5,000 digits is 500, even where it is ignored.", lambda r: long_number(r) and b'"x"' in r.body, b'{"x": ' + b"9" * 5000 + b"}"),
    ("huge_numbers", "A number of 1e999 is 500.", body_has(b"1e999"), b'{"duration": 1e999}'),
    ("huge_exponents", "A number with an exponent of nine digits is 500.", body_has(b"e999999999"), b'{"duration": 1e999999999}'),
    ("tiny_exponents", "A number of 1e-400 is 500.", body_has(b"1e-400"), b'{"duration": 1e-400}'),
    ("lone_surrogates", "Half of a surrogate pair is 500.", body_has(b'\\ud83d"', b"\\ud800"), b'{"patient": {"name": "\\ud800"}}'),
    ("lone_surrogates_in_notes", "Half of a surrogate pair in a note is 500; in a name it is 422.", body_has(b'notes": ["\\udfff'), b'{"clinician_notes": ["\\udfff"]}'),
    ("surrogates_in_names", "Half of a surrogate pair in the name of a property is 500.", body_has(b'{"\\ud800'), b'{"\\ud800": 1}'),
    ("nul_in_texts", "NUL in a string is 500.", body_has(b"\\u0000"), sent({"ehr_appt_id": "a\0"})),
    ("duplicate_members", "A property that is sent twice is 500.", has_twice, b'{"duration": 1, "duration": 2}'),
    ("empty_member_name", "A property without a name is 500.", body_has(b'"":'), b'{"": 1}'),
    ("proto", "A property named __proto__ is 500.", body_has(b"__proto__"), b'{"__proto__": {"x": 1}}'),
    ("dollars", "A property whose name begins with a dollar is 500.", body_has(b'"$'), b'{"$set": {"duration": 5}}'),
    ("dots", "A property whose name has a dot is 500.", body_has(b'"a.b"'), b'{"a.b": 1}'),
    ("percent_signs", "A name with %s is 500.", body_has(b"%s"), sent({"patient": {"name": "%s %d"}})),
    ("braces", "A note with {0} is 500.", body_has(b"{0}"), sent({"clinician_notes": ["{0} {x}"]})),
    ("quotes", "A name with a quote is 500.", body_has(b"'"), sent({"patient": {"name": "O'Neil"}})),
    ("array_for_gender", "An array for the gender is 500.", body_has(b'"gender": ['), b'{"patient": {"gender": []}}'),
    ("object_for_gender", "An object for the gender is 500.", body_has(b'"gender": {'), b'{"patient": {"gender": {}}}'),
    ("number_for_dob", "A number for `dob` is 500.", body_has(b'"dob": 1'), b'{"patient": {"dob": 1}}'),
    ("year_zero", "A `dob` in the year 0000 is 500.", body_has(b"0000-"), b'{"patient": {"dob": "0000-01-01"}}'),
    ("object_for_duration", "An object for the duration is 500.", body_has(b'"duration": {'), b'{"duration": {}}'),
    ("number_for_language", "A number for the language is 500.", body_has(b'language_code": 5'), b'{"language_code": 5}'),
    ("number_for_notes", "A number for the notes is 500.", body_has(b'notes": 5'), b'{"clinician_notes": 5}'),
    ("text_for_patient", "A string for the patient is 500.", body_has(b'"patient": "'), b'{"patient": "x"}'),
    ("null_for_patient", "A null for the patient is 500.", body_has(b'"patient": null'), b'{"patient": null}'),
    ("array_body", "A body that is an array is 500.", lambda r: r.body.startswith(b"["), b"[]"),
    ("text_body", "A body that is a string is 500.", lambda r: r.body.startswith(b'"'), b'"x"'),
    ("number_body", "A body that is a number is 500.", lambda r: r.body.isdigit(), b"5"),
    ("false_body", "A body of false is 500.", lambda r: r.body == b"false", b"false"),
    ("not_utf8", "A body that is not UTF-8 is 500.", lambda r: b"\xff" in r.body, b'{"patient": {"name": "\xff"}}'),
    ("utf16", "A body in UTF-16 is 500.", lambda r: r.body.startswith(b"\xff\xfe"), '{"duration": 5}'.encode("utf-16")),
    ("only_spaces", "A body of spaces is 500.", lambda r: r.body == b"   ", b"   "),
    ("many_notes", "More than 10,000 notes are 500.", lambda r: r.body.count(b",") > 10_000, sent({"clinician_notes": [""] * 10_002})),
    ("many_members", "More than 1,000 properties are 500.", lambda r: r.body.count(b'": 1') > 1000, sent({f"m{n}": 1 for n in range(1001)})),
    ("astral", "A character beyond U+FFFF is 500.", body_has(b"\\ud83d\\ude00"), sent({"patient": {"name": "\U0001f600"}})),
)  # fmt: skip
for name, sentence, when, body in BODIES:
    FAULTS.add(f"crash_{name}", sentence, "S19", STRICT, failing(when), survives(body))

PATHS: tuple[tuple[str, str, Callable[[Request], bool], str], ...] = (
    ("nul_in_path", "An id with NUL is 500.", in_path("%00"), "1%00"),
    ("broken_utf8_in_path", "An id that is not UTF-8 is 500.", in_path("%ff"), "%ff%fe"),
    ("percent_in_path", "An id with a lone percent sign is 500.", in_path("%zz"), "%zz"),
    ("word_for_an_id", "An id that is not a number is 500.", in_path("abc"), "abc"),
    ("quote_in_path", "An id with a quote is 500.", in_path("%27"), "1%27%20OR%20%271"),
    ("emoji_in_path", "An id beyond ASCII is 500.", in_path("%F0%9F"), "%F0%9F%98%80"),
    ("negative_id", "An id below zero is 500.", in_path("/-1"), "-1"),
    ("wide_id", "An id of more than 128 bits is 500.", in_path("9" * 40), "9" * 40),
    ("dots_in_path", "An id of encoded dots is 500.", in_path("%2e%2e"), "%2e%2e"),
    ("newline_in_path", "An id with a newline is 500.", in_path("%0a"), "1%0a2"),
    ("long_path", "An id of 2,000 characters is 500.", lambda r: len(r.path) > 2000, "7" * 2000),
)
for name, sentence, when, path in PATHS:
    FAULTS.add(f"crash_{name}", sentence, "S19", STRICT, failing(when), survives_path(path))


def crashing_tokens(test: Callable[[str], bool]) -> type[Api]:
    def authenticate(api: Api, request: Request) -> User:
        if test(request.headers.get("authorization", "").removeprefix("Bearer ")):
            raise RefusalError(500, "InternalError", "internal error")
        return Api.authenticate(api, request)

    return instead(authenticate=authenticate)


def stays_401(token: str) -> Callable[[Caller], object]:
    return lambda caller: is_error(caller.using(token).page(), 401)


TOKENS: tuple[tuple[str, str, Callable[[str], bool], str], ...] = (
    ("three_dots", "A token of three dots is 500.", lambda t: t == "...", "..."),
    ("not_base64", "A token like a JWT that is not Base64 is 500.", lambda t: t.count(".") == 2 and "!" in t, "!.!.!"),
    ("latin_1_token", "A token beyond ASCII is 500.", lambda t: not t.isascii(), "t\xf6ken"),
    ("long_token", "A token of 5,000 characters is 500.", lambda t: len(t) > 4999, "t" * 5000),
    ("unsigned", "A JWT without a signature is 500.", lambda t: t.endswith(".") and t.count(".") == 2, "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0."),
)  # fmt: skip
for name, sentence, test, token in TOKENS:
    server = crashing_tokens(test)
    FAULTS.add(f"crash_{name}", sentence, "S19 S1", STRICT, server, stays_401(token))


def each_is(status: int, times: int, ask: Callable[[Caller, str], Response]) -> Witness:
    """Return a witness that a request for one session may be repeated many times."""

    def witness(caller: Caller) -> bool:
        session_id = caller.create()
        return {ask(caller, session_id).status for _ in range(times)} == {status}

    return witness


def limits(fits: Callable[[Response], bool]) -> Witness:
    """Return a witness that every 429 is correct."""
    return lambda caller: all(
        reply.status != 429 or fits(reply) for reply in [caller.page() for _ in range(40)]
    )


def counts_down(reply: Response) -> bool:
    return reply.headers.get("retry-after", "").isdigit()


@FAULTS.fault(
    "S19 S16", STRICT, lambda c: [c.page().status, c.create(), c.page().status][::2] == [200, 200]
)
class EmptyListCrashes(Api):
    """The list of a user without sessions is 500."""

    def page(self, user: User, request: Request) -> Any:
        if user.linked and not user.sessions:
            raise RefusalError(500, "InternalError", "internal error")
        return super().page(user, request)


@FAULTS.fault("S19 L99", DOCUMENTED, each_is(200, 12, lambda c, i: c.patch(i, {"duration": 1})))
class TenthUpdateCrashes(Remembering):
    """The tenth update of a session is 500."""

    def update(self, user: User, session_id: str, request: Request) -> Any:
        self.memory[session_id] = self.memory.get(session_id, 0) + 1
        if self.memory[session_id] == 10:
            raise RefusalError(500, "InternalError", "internal error")
        return super().update(user, session_id, request)


@FAULTS.fault("L39", DOCUMENTED, each_is(200, 12, lambda c, i: c.get(i)))
class ReadsRunOut(Remembering):
    """A session can be read ten times, then it is 404."""

    def read(self, user: User, session_id: str) -> Any:
        self.memory[session_id] = self.memory.get(session_id, 0) + 1
        return super().read(User(True) if self.memory[session_id] > 10 else user, session_id)


@FAULTS.fault("S21", STRICT, limits(counts_down))
class SilentLimit(Api):
    """Every thirtieth request of a list is 429, without Retry-After."""

    lists = 0
    told: Mapping[str, str] = {}

    def page(self, user: User, request: Request) -> Any:
        self.lists += 1
        if self.lists % 30 == 0:
            raise RefusalError(429, "TooManyRequests", "wait", dict(self.told))
        return super().page(user, request)


@FAULTS.fault("S21", STRICT, limits(counts_down))
class WordyLimit(SilentLimit):
    """429 carries a Retry-After that is not a number."""

    told: Mapping[str, str] = {"retry-after": "soon"}


@FAULTS.fault("S18 S21", STRICT, limits(lambda reply: is_error(reply, 429)))
class LimitOfTheProxy(Api):
    """429 comes from a proxy in front of the server, as a line of text."""

    lists = 0

    def handle(self, request: Request) -> Response:
        reply = super().handle(request)
        self.lists += request.path.endswith("/linked-user")
        if self.lists % 30 or reply.status != 200:
            return reply
        self.lists += 1
        return Response(429, b"slow down", {"content-type": "text/plain", "retry-after": "0"})


# --- concurrent requests ---


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result() for future in [pool.submit(call) for call in calls]]


def race(rows: str, witness: Witness) -> Callable[[Defect], Defect]:
    """Enter a server that is wrong only when requests meet: four users try to see it."""

    def insistent(caller: Caller) -> bool:
        return all(kept(witness, caller.another()) for _ in range(4))

    return RACES.fault(rows, STRICT, insistent, slow=True)


PROPERTIES: list[Session] = [
    {"duration": 9},
    {"ehr_appt_id": "A"},
    {"ehr_patient_id": "P"},
    {"clinician_notes": ["n"]},
]


def all_survive(*updates: Session) -> Callable[[Caller], object]:
    """Return a witness that concurrent updates of different properties all show afterwards."""

    def witness(caller: Caller) -> bool:
        session_id = caller.create()
        replies = at_once(*(lambda u=u: caller.patch(session_id, u) for u in updates))
        told = caller.read(session_id)
        patient = {k: v for update in updates for k, v in update.get("patient", {}).items()}
        wanted = {k: v for update in updates for k, v in update.items() if k != "patient"}
        return (
            {reply.status for reply in replies} == {200}
            and wanted.items() <= told.items()
            and patient.items() <= told["patient"].items()
        )

    return witness


class Unlocked(Api):
    """A slow server that handles requests concurrently."""

    pause = 0.02

    def __init__(self) -> None:
        super().__init__()
        self.lock = contextlib.nullcontext()


@race("S17", all_survive(*PROPERTIES))
class LostUpdates(Unlocked):
    """An update reads the session, waits, and writes all of it back: one of two concurrent updates is lost."""

    def change(self, session: Session, sent: Session) -> None:
        before = copy.deepcopy(session)
        time.sleep(self.pause)
        super().change(before, sent)
        session.update(before)


@race("S17", all_survive({"patient": {"name": "A"}}, {"patient": {"gender": "OTHER"}}))
class LostPatients(Unlocked):
    """The patient is merged outside the lock: one of two concurrent updates is lost."""

    def change(self, session: Session, sent: Session) -> None:
        patient = session["patient"] | sent.get("patient", {})
        time.sleep(self.pause)
        session.update(sent, patient=patient)


@race("S17", all_survive(*PROPERTIES))
class BusyIsConflict(Unlocked):
    """An update during another one of the same session is 409."""

    def __init__(self) -> None:
        super().__init__()
        self.busy: set[str] = set()

    def update(self, user: User, session_id: str, request: Request) -> Any:
        if session_id in self.busy:
            raise RefusalError(409, "Conflict", "busy")
        self.busy.add(session_id)
        try:
            time.sleep(self.pause)
            return super().update(user, session_id, request)
        finally:
            self.busy.discard(session_id)


def unique_at_once(caller: Caller) -> bool:
    ids = at_once(*[caller.create] * 4)
    return len(set(ids)) == 4 and sorted(caller.walk("100")) == sorted(ids)


@race("S15", unique_at_once)
class SameIdAtOnce(Unlocked):
    """Sessions that are created at the same time get the same id."""

    def __init__(self) -> None:
        super().__init__()
        self.recent: list[str] = []

    def opened(self, user: User, sent: Session) -> Session:
        session = super().opened(user, sent)
        self.recent.append(session["session_id"])
        first = self.recent[0]
        time.sleep(self.pause)
        self.recent.clear()
        return session | {"session_id": first}


@race("S16", lambda c: (at_once(*[c.create] * 4), c.listed()["total_count"] == 4)[1])
class LostCounts(Unlocked):
    """`total_count` is a counter that misses some concurrent creations."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: dict[int, int] = {}

    def create(self, user: User, request: Request) -> Any:
        known = self.counts.get(id(user), 0)
        time.sleep(self.pause)
        created = super().create(user, request)
        self.counts[id(user)] = known + 1
        return created

    def page(self, user: User, request: Request) -> Any:
        return super().page(user, request) | {"total_count": self.counts.get(id(user), 0)}


@race("S16 walks", lambda c: (at_once(*[c.create] * 6), len(c.walk("1")) == 6)[1])
class TiesAreSkipped(Unlocked):
    """A page begins after the instant of the last session, which those created at once share."""

    def __init__(self) -> None:
        super().__init__()
        self.creating = self.tick = 0
        self.instants: dict[str, int] = {}

    def create(self, user: User, request: Request) -> Any:
        self.tick += not self.creating
        self.creating += 1
        instant = self.tick
        try:
            time.sleep(self.pause)
            created = super().create(user, request)
        finally:
            self.creating -= 1
        self.instants[created["session_id"]] = instant
        return created

    def page(self, user: User, request: Request) -> Any:
        start, size = self.start(request), self.page_size(request)
        page = super().page(user, request)
        later = [s for s in self.ordered(user) if self.instants.get(s["session_id"], 0) > start]
        chosen, more = later[:size], len(later) > size
        return page | {
            "sessions": [self.shown(session, LIST) for session in chosen],
            "count": len(chosen),
            "next_page": str(self.instants[chosen[-1]["session_id"]]) if more else None,
            "has_next_page": more,
        }


def no_torn_read(caller: Caller) -> bool:
    session_id = caller.create()

    def watch() -> object:
        time.sleep(0.005)
        told = caller.read(session_id)
        return (told["duration"] == 5) == (told["language_code"] == "es")

    update = {"duration": 5, "language_code": "es"}
    return bool(at_once(lambda: caller.patch(session_id, update), watch)[1])


@race("S11 S17", no_torn_read)
class TornReads(Unlocked):
    """A session can be read halfway through an update: the duration is new, the language old."""

    def change(self, session: Session, sent: Session) -> None:
        rest = dict(sent)
        if "duration" in rest:
            session["duration"] = rest.pop("duration")
            time.sleep(self.pause)
        super().change(session, rest)


def each_is_served(caller: Caller) -> bool:
    callers = [caller, caller.another()]
    ids = [one.create() for one in callers]
    replies = at_once(*(lambda n=n: callers[n].get(ids[n]) for n in (0, 1) * 4))
    return {reply.status for reply in replies} == {200}


@race("S2", each_is_served)
class WhoeverCameLast(Unlocked):
    """The user of a request is kept in a variable that all requests share."""

    current: User

    def authenticate(self, request: Request) -> User:
        self.current = super().authenticate(request)
        time.sleep(self.pause / 4)
        return self.current


def latest_is_shown(caller: Caller) -> bool:
    session_id = caller.create()
    for _ in range(3):
        replies = at_once(
            *(lambda n=n: caller.patched(session_id, duration=n)["updated_at"] for n in range(8))
        )
        if caller.read(session_id)["updated_at"] < max(replies):
            return False
    return True


@race("S12", latest_is_shown)
class ClockBeforeTheLock(Unlocked):
    """`updated_at` is when an update arrived, and concurrent updates are written in any order."""

    def update(self, user: User, session_id: str, request: Request) -> Any:
        moment = now()
        time.sleep(random.uniform(0, self.pause))  # noqa: S311  # no secret
        super().update(user, session_id, request)
        session = self.find(user, session_id)
        session["updated_at"] = moment
        return {"session": self.shown(session, "updateSession")}


def appointment_comes_back(caller: Caller) -> bool:
    text = "a+b %41"
    return bool(caller.created(ehr_appointment_id=text)["ehr_appt_id"] == text)


@FAULTS.fault("S13 S14", STRICT, appointment_comes_back)
class AppointmentsAreForms(Api):
    """The appointment of a creation is decoded like a form."""

    def opened(self, user: User, sent: Session) -> Session:
        session = super().opened(user, sent)
        if isinstance(session["ehr_appt_id"], str):
            session["ehr_appt_id"] = unquote_plus(session["ehr_appt_id"])
        return session


# --- long values and unknown charsets ---


def of_charset(charset: str) -> Callable[[Request], bool]:
    return lambda request: f"charset={charset}" in request.headers.get("content-type", "").lower()


def survives_charset(charset: str) -> Witness:
    def witness(caller: Caller) -> bool:
        content_type = f"application/json; charset={charset}"
        return caller.patch_raw(caller.create(), b"{}", content_type=content_type).status < 500

    return witness


def in_its_charset(api: Api, request: Request) -> Any:
    """Decode a body as its type says, though JSON is UTF-8."""
    charset = request.headers.get("content-type", "").lower().partition("charset=")[2]
    if charset != "iso-8859-1":
        return Api.parsed(api, request)
    return Api.parsed(api, replace(request, body=request.body.decode("latin-1").encode()))


def kept_in_latin_1(caller: Caller) -> bool:
    session_id = caller.create()
    body = '{"ehr_patient_id": "Zo\u00eb"}'.encode()
    reply = caller.patch_raw(session_id, body, content_type="application/json; charset=ISO-8859-1")
    return reply.status != 200 or caller.read(session_id)["ehr_patient_id"] == "Zo\u00eb"


def header_crash(name: str, text: str) -> type[Api]:
    return failing(lambda request: text in request.headers.get(name, ""))


def survives_header(**headers: Any) -> Witness:
    return lambda caller: caller.get(caller.create(), **headers).status < 500


FAULTS.enter(
    ("crash_very_long_id", "An id of 5,000 characters is 500.", "S19", STRICT, failing(lambda r: len(r.path) > 5000), survives_path("7" * 5000)),
    ("crash_long_word_for_an_id", "An id of 300 letters is 500, because a column of a database has 255.", "S19", STRICT, failing(lambda r: re.search("[a-z]{256}", r.path) is not None), survives_path("x" * 300)),
    ("crash_long_digits", "An id of 40 digits or more is 500, because no number column holds it.", "S19", STRICT, failing(lambda r: re.search("/[0-9]{45,}$", r.path) is not None), survives_path("9" * 60)),
    ("crash_unknown_charset", "An unknown charset is 500.", "S19 S5", STRICT, failing(of_charset("x-unknown")), survives_charset("x-unknown")),
    ("crash_utf_16", "The charset UTF-16 is 500.", "S19 S5", STRICT, failing(of_charset("utf-16")), survives_charset("utf-16")),
    ("crash_empty_charset", "An empty charset is 500.", "S19 S5", STRICT, failing(lambda r: r.headers.get("content-type", "").endswith("charset=")), survives_charset("")),
    ("charset_is_believed", "A body is decoded in the charset that its type names, though JSON is UTF-8.", "S13 S5", STRICT, instead(parsed=in_its_charset), kept_in_latin_1),
    ("crash_on_languages", "A preference for languages that is not a list is 500.", "S19", STRICT, header_crash("accept-language", ";"), survives_header(accept_language=";q=;")),
    ("crash_on_conditions", "A condition that is not a tag is 500.", "S19", STRICT, header_crash("if-none-match", "tag"), survives_header(if_none_match="tag")),
    ("crash_on_dates", "A condition with an invalid date is 500.", "S19", STRICT, header_crash("if-modified-since", "yesterday"), survives_header(if_modified_since="yesterday")),
    ("crash_on_ranges", "A range is 500.", "S19", STRICT, header_crash("range", "bytes"), survives_header(range="bytes=0-10")),
)  # fmt: skip


# --- reads during a write ---


def seen_during(ask: Callable[[Caller, str], object]) -> Witness:
    """Return a witness for reads during an update of the same session."""

    def witness(caller: Caller) -> bool:
        session_id = caller.create()

        def watch() -> object:
            time.sleep(0.005)
            return ask(caller, session_id)

        return bool(at_once(lambda: caller.patch(session_id, {"duration": 5}), watch)[1])

    return witness


class Away(Unlocked):
    """A server that removes a session while it changes it."""

    pause = 0.06

    def __init__(self) -> None:
        super().__init__()
        self.away: set[str] = set()

    def change(self, session: Session, sent: Session) -> None:
        self.away.add(session["session_id"])
        time.sleep(self.pause)
        super().change(session, sent)
        self.away.discard(session["session_id"])


@race("S11 S15 S17", seen_during(lambda c, i: c.get(i).status == 200))
class GoneDuringUpdates(Away):
    """While a session is updated, GET does not find it."""

    def read(self, user: User, session_id: str) -> Any:
        return super().read(User(True) if session_id in self.away else user, session_id)


@race("S16 S17", seen_during(lambda c, i: i in c.walk("100")))
class UnlistedDuringUpdates(Away):
    """While a session is updated, the list does not show it."""

    def ordered(self, user: User) -> list[Session]:
        return [s for s in super().ordered(user) if s["session_id"] not in self.away]


@race("S17 S21", seen_during(lambda c, i: c.get(i).status == 200))
class BusyReaders(Away):
    """While a session is updated, GET is 423."""

    def read(self, user: User, session_id: str) -> Any:
        if session_id in self.away:
            raise RefusalError(423, "Locked", "busy")
        return super().read(user, session_id)


@race("Patient name", seen_during(lambda c, i: c.read(i)["patient"]["name"] is not None))
class EmptyDuringUpdates(Away):
    """While a session is updated, GET shows its patient without a name."""

    def shown(self, session: Session, operation: str) -> Session:
        told = super().shown(session, operation)
        if told["session_id"] in self.away and operation == GET:
            told["patient"]["name"] = None
        return told
