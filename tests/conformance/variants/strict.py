"""Variants that keep every row of the contract."""

import base64
import gzip
import hashlib
import json
import secrets
import time
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from tests.conformance.caller import Caller, is_error
from tests.conformance.reference import (
    Answer,
    Api,
    Handler,
    Inexact,
    RefusalError,
    Request,
    User,
    whole,
)

from .catalogue import BOTH, variant, variant_between

Session = dict[str, Any]
DEEP = b'{"x": ' + b"[" * 600 + b"]" * 600 + b"}"


# --- time ---


@variant(BOTH, lambda c: "." not in c.created()["updated_at"])
class WholeSeconds(Api):
    """Timestamps have whole seconds; a change within the second moves on to the next one."""

    def opened(self, user: User, sent: Session) -> Session:
        session = super().opened(user, sent)
        moment = session["created_at"].partition(".")[0]
        return session | {"created_at": moment, "updated_at": moment}

    def touch(self, session: Session) -> None:
        following = datetime.fromisoformat(session["updated_at"]) + timedelta(seconds=1)
        present = datetime.now().replace(microsecond=0)  # noqa: DTZ005  # the zone is unknown
        session["updated_at"] = max(present, following).isoformat()


@variant(BOTH, lambda c: len(c.created()["updated_at"]) == 23)
class Milliseconds(Api):
    """Timestamps have milliseconds; a change within the millisecond moves on to the next one."""

    def opened(self, user: User, sent: Session) -> Session:
        session = super().opened(user, sent)
        moment = session["created_at"][:23]
        return session | {"created_at": moment, "updated_at": moment}

    def touch(self, session: Session) -> None:
        before = datetime.fromisoformat(session["updated_at"])
        super().touch(session)
        following = before + timedelta(milliseconds=1)
        present = datetime.fromisoformat(session["updated_at"])
        session["updated_at"] = max(present, following).isoformat(timespec="milliseconds")


@variant(
    BOTH, lambda c: (i := c.create()) and c.patched(i)["updated_at"] == c.read(i)["created_at"]
)
class EmptyUpdateIsNoChange(Api):
    """`updated_at` stays where an update is empty."""

    empty = False

    def change(self, session: Session, sent: Session) -> None:
        self.empty = not sent
        super().change(session, sent)

    def touch(self, session: Session) -> None:
        if not self.empty:
            super().touch(session)


@variant_between(
    BOTH, lambda c: (t := time.monotonic(), c.page(), time.monotonic() - t > 0.05)[2], steady=False
)
def slow(request: Request, handle: Handler) -> Answer:
    """Each answer takes 60 ms."""
    time.sleep(0.06)
    return handle(request)


# --- pages ---


class Keyset(Api):
    """The newest session comes first, and a page begins after a session that it names."""

    def page(self, user: User, request: Request) -> Any:
        size = self.page_size(request)
        following = self.after(user, request)
        if not user.linked:
            raise RefusalError(403, "NoLinkedUserException", "error: no linked user")
        newest_first = list(user.sessions)[::-1]
        start = newest_first.index(following) + 1 if following else 0
        chosen = newest_first[start : start + size]
        more = start + size < len(newest_first)
        return {
            "sessions": [self.shown(user.sessions[i], "listLinkedUserSessions") for i in chosen],
            "count": len(chosen),
            "total_count": len(newest_first),
            "next_page": self.spelt(chosen[-1]) if more else None,
            "has_next_page": more,
        }

    def after(self, user: User, request: Request) -> str:
        if "page" not in request.query:
            return ""
        following = self.read_back(request.query["page"][0])
        if following not in user.sessions:
            raise RefusalError(422, "ValidationError", "page is not valid")
        return following

    def spelt(self, session_id: str) -> str | int:
        return session_id

    def read_back(self, page: str) -> str:
        return page


def first_is_newest(caller: Caller) -> bool:
    return caller.several(2)[-1] == caller.walk("1")[0]


def next_page(caller: Caller) -> Any:
    caller.several(2)
    return caller.listed(page_size="1")["next_page"]


variant(BOTH, first_is_newest)(type("NewestFirst", (Keyset,), {"__doc__": Keyset.__doc__}))


@variant(BOTH, lambda c: str(next_page(c)).endswith("="))
class OpaqueCursors(Keyset):
    """`next_page` is a text in Base64, with signs that a query must escape."""

    def spelt(self, session_id: str) -> str:
        return base64.b64encode(f"after: {session_id}>?".encode()).decode() + "="

    def read_back(self, page: str) -> str:
        try:
            text = base64.b64decode(page.removesuffix("="), validate=True).decode()
        except ValueError:
            return ""
        return (
            text.removeprefix("after: ").removesuffix(">?")
            if self.spelt(text[7:-2]) == page
            else ""
        )


@variant(BOTH, lambda c: isinstance(next_page(c), int))
class NumbersForPages(Api):
    """`next_page` is an integer."""

    def page_of(self, chosen: list[Session], sessions: list[Session], end: int) -> Any:
        page = super().page_of(chosen, sessions, end)
        return page | {"next_page": page["next_page"] and int(page["next_page"])}


@variant(BOTH, lambda c: next_page(c) == 2)
class CountedPages(Api):
    """`next_page` is the number of a page, which lies elsewhere for another `page_size`."""

    def start(self, request: Request) -> int:
        number = whole(request, "page", 1)
        if number < 1:
            raise RefusalError(422, "ValidationError", "page must be at least 1")
        return (number - 1) * self.page_size(request)

    def page(self, user: User, request: Request) -> Any:
        page = super().page(user, request)
        more = page["next_page"] is not None
        following = self.start(request) // self.page_size(request) + 2
        return page | {"next_page": following if more else None}


@variant(BOTH, lambda c: str(next_page(c)).startswith("walk"))
class Snapshots(Api):
    """Pages are offsets into the newest sessions as they were when the walk began."""

    def __init__(self) -> None:
        super().__init__()
        self.walks: dict[str, tuple[User, list[str]]] = {}

    def page(self, user: User, request: Request) -> Any:
        size = self.page_size(request)
        name, start = self.place(user, request)
        if not user.linked:
            raise RefusalError(403, "NoLinkedUserException", "error: no linked user")
        _, ids = self.walks[name]
        end = start + size
        page = self.page_of([user.sessions[i] for i in ids[start:end]], [{}] * len(ids), end)
        following = f"{name}.{end}" if page["has_next_page"] else None
        return page | {"total_count": len(user.sessions), "next_page": following}

    def place(self, user: User, request: Request) -> tuple[str, int]:
        if "page" not in request.query:
            name = f"walk{len(self.walks)}"
            self.walks[name] = (user, list(user.sessions)[::-1])
            return name, 0
        name, _, start = request.query["page"][0].partition(".")
        owner, ids = self.walks.get(name, (None, []))
        if owner is not user or start not in map(str, range(len(ids))):
            raise RefusalError(422, "ValidationError", "page is not valid")
        return name, int(start)


@variant(BOTH, lambda c: is_error(c.page(page="7"), 422))
class NoPageBeyondTheEnd(Api):
    """A `page` beyond the end is 422."""

    def page_of(self, chosen: list[Session], sessions: list[Session], end: int) -> Any:
        if not chosen and sessions:
            raise RefusalError(422, "ValidationError", "page is not valid")
        return super().page_of(chosen, sessions, end)

    def page(self, user: User, request: Request) -> Any:
        if user.linked and self.start(request) > len(user.sessions):
            raise RefusalError(422, "ValidationError", "page is not valid")
        return super().page(user, request)


# --- what is sent ---


@variant(BOTH, lambda c: is_error(c.patch(c.id_of_nobody, {"duration": "x"}), 422))
class ValidatesBeforeLookup(Api):
    """A wrong update of a session that is not there is 422."""

    def update(self, user: User, session_id: str, request: Request) -> Any:
        self.checked(self.parsed(request), self.update_shape)
        return super().update(user, session_id, request)


def is_safe(value: Any) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and 0 <= value <= 2**53


@variant(BOTH, lambda c: is_error(c.patch(c.create(), {"duration": 2**53 + 2}), 422))
class NoLargeNumbers(Api):
    """A duration beyond 2^53 is 422."""

    update_shape = Api.update_shape | {"duration": is_safe}


@variant(BOTH, lambda c: is_error(c.patch_raw(c.create(), b'{"ehr_appt_id": "\\ud800"}'), 400))
class SurrogatesAreNoJson(Api):
    """Half of a surrogate pair is 400."""

    def decoded(self, body: bytes) -> Any:
        content = super().decoded(body)
        json.dumps(content, ensure_ascii=False, default=str).encode()
        return content


@variant(BOTH, lambda c: is_error(c.patch_raw(c.create(), DEEP), 422))
class NothingDeep(Api):
    """Arrays and objects more than 500 deep are refused with 422."""

    def decoded(self, body: bytes) -> Any:
        content = super().decoded(body)
        return (
            Inexact() if body.count(b"[") + body.count(b"{") > 500 and nested(content) else content
        )


def nested(content: Any) -> bool:
    level = [content]
    for _ in range(500):
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
    return bool(level)


# --- what is answered ---


@variant(BOTH, lambda c: "added_later" in c.created())
class NewMembers(Api):
    """Sessions, patients, pages and errors have members that the document does not know."""

    def shown(self, session: Session, operation: str) -> Session:
        told = super().shown(session, operation)
        told["patient"]["added_later"] = None
        told["consult_note"]["added_later"] = {"by": []}
        return {"added_later": [1], **told}

    def handle(self, request: Request) -> Answer:
        reply = super().handle(request)
        return reply.but(content={"added_later": True, **reply.content})


@variant_between(BOTH, lambda c: "request_id" in c.get(c.id_of_nobody).content)
def request_ids(request: Request, handle: Handler) -> Answer:
    """Every error has an id of its own, and says what is wrong with an id that has no digits."""
    reply = handle(request)
    if reply.status < 400:
        return reply
    told: dict[str, Any] = {**reply.content, "request_id": secrets.token_hex(8)}
    if reply.status == 404 and not request.path.rpartition("/")[2].isdigit():
        told["detail"] = told["detail"] | {"msg": "Session not found: session_id must be a number"}
    return reply.but(content=told)


@variant(BOTH, lambda c: c.create() and "audio" not in c.page().content["sessions"][0])
class ListWithoutAudio(Api):
    """The list does not show `audio`, as in the sample."""

    def shown(self, session: Session, operation: str) -> Session:
        told = super().shown(session, operation)
        if operation == "listLinkedUserSessions":
            del told["audio"]
        return told


@variant(BOTH, lambda c: type(c.created()["duration"]) is float)
class FractionsEverywhere(Api):
    """A whole duration is written with a fraction of zero."""

    def shown(self, session: Session, operation: str) -> Session:
        told = super().shown(session, operation)
        exact = told["duration"] <= 2**53
        return told | {"duration": float(told["duration"])} if exact else told


@variant_between(BOTH, lambda c: "charset" in c.page().headers["content-type"])
def charset(request: Request, handle: Handler) -> Answer:
    """The content type names its charset, in capitals."""
    return handle(request).but(headers={"content-type": "Application/JSON; charset=UTF-8"})


@variant_between(
    BOTH,
    lambda c: (
        c.send("GET", "/sessions/linked-user", accept_encoding="gzip").headers.get(
            "content-encoding"
        )
        == "gzip"
    ),
)
def compressed(request: Request, handle: Handler) -> Answer:
    """Answers are compressed where gzip is accepted."""
    reply = handle(request)
    if "gzip" not in request.headers.get("accept-encoding", "") or not reply.body:
        return reply
    headers = {"content-encoding": "gzip", "vary": "accept-encoding"}
    return reply.but(body=gzip.compress(reply.body, mtime=0), headers=headers)


@variant_between(BOTH, lambda c: "transfer-encoding" in c.page().headers)
def chunked(request: Request, handle: Handler) -> Answer:
    """Answers come in chunks, without a length."""
    return handle(request).but(headers={"transfer-encoding": "chunked"})


@variant_between(BOTH, lambda c: c.page().headers.get("connection") == "close")
def closing(request: Request, handle: Handler) -> Answer:
    """The connection is closed after every answer, as HTTP/1.0 has it."""
    return handle(request).but(headers={"connection": "close"})


@variant_between(BOTH, lambda c: c.page().interim == (100, 102, 103))
def interim(request: Request, handle: Handler) -> Answer:
    """Continue, Processing and Early Hints come before every answer."""
    return handle(request).but(interim=(100, 102, 103))


@variant_between(BOTH, lambda c: "etag" in c.page().headers)
def more_headers(request: Request, handle: Handler) -> Answer:
    """Answers have an ETag, a request id, a cookie and what is left of a rate."""
    return handle(request).but(
        headers={
            "etag": 'W/"1"',
            "x-request-id": "8f14e45f",
            "set-cookie": "lb=1; Path=/",
            "ratelimit-remaining": "99",
            "cache-control": "no-store",
        }
    )


@variant_between(BOTH, lambda c: "gefunden" in c.get(c.id_of_nobody).content["detail"]["msg"])
def in_german(request: Request, handle: Handler) -> Answer:
    """Messages are in German; where a member is wrong, they name it."""
    reply = handle(request)
    if reply.status < 400 or reply.status == 403:
        return reply
    detail = reply.content["detail"]
    msg = detail["msg"].replace("is not valid", "ist ungültig")
    return reply.but(
        content={
            "detail": detail
            | {"msg": msg if msg != detail["msg"] else f"nicht gefunden oder nicht möglich: {msg}"}
        }
    )


def written(reply: Answer, content: Any, **options: Any) -> Answer:
    return reply.but(body=json.dumps(content, **options).encode())


def turned(content: Any) -> Any:
    if isinstance(content, dict):
        return {name: turned(value) for name, value in reversed(content.items())}
    return list(map(turned, content)) if isinstance(content, list) else content


@variant_between(BOTH, lambda c: next(iter(c.created())) == "ehr_patient_id")
def other_order(request: Request, handle: Handler) -> Answer:
    """The members of objects come in the opposite order."""
    reply = handle(request)
    return written(reply, turned(reply.content))


@variant_between(BOTH, lambda c: b"\n    " in c.page().body)
def pretty(request: Request, handle: Handler) -> Answer:
    """JSON is indented and ends with a newline."""
    reply = handle(request)
    return reply.but(body=json.dumps(reply.content, indent=4).encode() + b"\n")


@variant_between(BOTH, lambda c: b"\xc3\xa9" in c.patch(c.create(), {"ehr_appt_id": "é"}).body)
def compact(request: Request, handle: Handler) -> Answer:
    """JSON is compact and holds its characters as they are."""
    reply = handle(request)
    return written(reply, reply.content, ensure_ascii=False, separators=(",", ":"))


@variant(BOTH, lambda c: c.send("OPTIONS", "/sessions").status == 204)
class HeadAndOptions(Api):
    """HEAD and OPTIONS are answered, and Allow names them."""

    def handle(self, request: Request) -> Answer:
        if request.method == "OPTIONS":
            reply = super().handle(
                Request("TRACE", request.path, request.query, request.headers, b"")
            )
            return (
                Answer(204, b"", {"allow": reply.headers["allow"] + ", OPTIONS"})
                if reply.status == 405
                else reply
            )
        if request.method == "HEAD":
            return super().handle(Request("GET", request.path, request.query, request.headers, b""))
        reply = super().handle(request)
        if reply.status != 405:
            return reply
        known = reply.headers["allow"]
        return reply.but(
            headers={"allow": f"{known}, OPTIONS" + (", HEAD" if "GET" in known else "")}
        )


@variant(BOTH, lambda c: "etag" in c.get(c.create()).headers)
class Conditions(Api):
    """Readings have an ETag of what they show, and are 304 to who has seen just that."""

    def handle(self, request: Request) -> Answer:
        reply = super().handle(request)
        if request.method != "GET" or reply.status != 200:
            return reply
        tag = f'"{hashlib.sha256(reply.body).hexdigest()}"'
        seen = request.headers.get("if-none-match") == tag
        return Answer(304, b"", {"etag": tag}) if seen else reply.but(headers={"etag": tag})


@variant(BOTH, lambda c: any(c.page().status == 429 for _ in range(30)), steady=False)
class LimitsRates(Api):
    """Every twenty-fifth request is 429, with a Retry-After of 0."""

    def authenticate(self, request: Request) -> User:
        user = super().authenticate(request)
        if len(self.requests) % 25 == 0:
            raise RefusalError(429, "TooManyRequests", "wait", {"retry-after": "0"})
        return user


@variant(BOTH, lambda c: c.token.count(".") == 2)
class WebTokens(Api):
    """Tokens look like a JWT and are 700 characters long."""

    def token(
        self, email: str = "a@example.com", internal_id: str = "1", lifetime: float | None = None
    ) -> str:
        token = super().token(email, internal_id, lifetime)
        longer = f"eyJhbGciOiJIUzI1NiJ9.{token * 20}.{token}"
        self.tokens[longer], self.expiries[longer] = (
            self.tokens.pop(token),
            self.expiries.pop(token),
        )
        return longer


@variant(BOTH, lambda c: c.issued_again() == c.issued_again())
class OneTokenForUser(Api):
    """Whoever asks again gets the token that he has."""

    def token(
        self, email: str = "a@example.com", internal_id: str = "1", lifetime: float | None = None
    ) -> str:
        user = self.users.get((email, internal_id))
        known = (token for token, owner in self.tokens.items() if owner is user)
        own = None if lifetime is not None or user is None else next(known, None)
        return own or super().token(email, internal_id, lifetime)


@variant(BOTH, lambda c: c.told_lifetime() < 60)
class BriefTokens(Api):
    """Issued tokens live for two seconds, and say so."""

    def issue_token(self, request: Request) -> Answer:
        reply = super().issue_token(request)
        token = reply.content["token"]
        self.expiries[token] = time.time() + 2
        told = {"expiration_time": self.expiration(token)}
        return reply.but(content=reply.content | told)


@variant(BOTH, lambda c: c.issue(key=c.server.api_key.upper()).status == 200)
class KeysAreNumbers(Api):
    """Keys are read as numbers in hexadecimal digits, whose case is no matter."""

    def issue_token(self, request: Request) -> Answer:
        key = request.headers.get("heidi-api-key", "").lower()
        return super().issue_token(replace(request, headers={"heidi-api-key": key}))


@variant(BOTH, lambda c: int(c.create()) % 2**32 == 7)
class IdsWithAPlace(Api):
    """Ids are 96 random bits and the number of a machine: nobody guesses them."""

    def __init__(self) -> None:
        super().__init__(lambda: str(secrets.randbits(96) << 32 | 7))


@variant(BOTH, lambda c: c.post({}).headers.get("location") is not None)
class Located(Api):
    """The creation names its session in Location."""

    def handle(self, request: Request) -> Answer:
        reply = super().handle(request)
        if request.path != "/sessions" or reply.status != 200:
            return reply
        return reply.but(headers={"location": f"/sessions/{reply.content['session_id']}"})
