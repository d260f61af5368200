"""Variants that keep every row of the contract: the state, requests and responses."""

import base64
import hashlib
import json
import re
import secrets
import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.conformance.caller import Caller, is_error
from tests.conformance.faults.auth import two_users, users_by
from tests.conformance.faults.catalogue import (
    GET,
    LIST,
    Remembering,
    Session,
    between,
    instead,
    opening,
    operation_of,
    paged,
    responding,
    showing,
    telling,
)
from tests.conformance.reference import (
    BASE_PATH,
    UPDATE,
    Api,
    Handler,
    Inexact,
    RefusalError,
    Request,
    Response,
    User,
    decimal_number,
    is_flag,
    is_text,
    is_texts,
    new_session,
    refuse_constant,
    stamp,
    whole,
    whole_number,
)

from .catalogue import BOTH, enter, variant

DEEP = b'{"x": ' + b"[" * 600 + b"]" * 600 + b"}"


def invalid(name: str) -> RefusalError:
    return RefusalError(422, "ValidationError", f"{name} is not valid")


# --- time ---


def stepping(timespec: str, **step: int) -> type[Api]:
    """Return a server with coarser instants; a change within one moves on to the next."""

    def cut(moment: datetime) -> str:
        return moment.isoformat(timespec=timespec)

    def opened(api: Api, user: User, sent: Session) -> Session:
        session = Api.opened(api, user, sent)
        moment = cut(datetime.fromisoformat(session["created_at"]))
        return session | {"created_at": moment, "updated_at": moment}

    def touch(api: Api, session: Session) -> None:
        following = datetime.fromisoformat(session["updated_at"]) + timedelta(**step)
        present = datetime.fromisoformat(cut(datetime.now(UTC).replace(tzinfo=None)))
        session["updated_at"] = cut(max(present, following))

    return instead(opened=opened, touch=touch)


def clock(**offset: int) -> type[Api]:
    """Return a server whose clock is wrong, or in another time zone."""

    def shift(text: str) -> str:
        return stamp(datetime.fromisoformat(text) + timedelta(**offset))

    return showing(
        lambda told, _: told.update({n: shift(told[n]) for n in ("created_at", "updated_at")})
    )


def leap(_: Api, session: Session) -> None:
    minutes = timedelta(minutes=1 + secrets.randbelow(90))
    session["updated_at"] = stamp(datetime.fromisoformat(session["updated_at"]) + minutes)


def hours_off(caller: Caller) -> float:
    told = datetime.fromisoformat(caller.created()["created_at"])
    return (told - datetime.now(UTC).replace(tzinfo=None)).total_seconds() / 3600


def zone_of_update(caller: Caller) -> float:
    session_id = caller.create()
    moments = (caller.read(session_id)["updated_at"], caller.patched(session_id)["updated_at"])
    before, after = map(datetime.fromisoformat, moments)
    return (after - before).total_seconds()


@variant(
    BOTH, lambda c: (i := c.create()) and c.patched(i)["updated_at"] == c.read(i)["created_at"]
)
class EmptyUpdateIsNoChange(Api):
    """`updated_at` does not change for an empty update."""

    empty = False

    def change(self, session: Session, sent: Session) -> None:
        self.empty = not sent
        super().change(session, sent)

    def touch(self, session: Session) -> None:
        if not self.empty:
            super().touch(session)


enter(
    BOTH,
    ("whole_seconds", "Timestamps have whole seconds; a change within the second moves on to the next one.", stepping("seconds", seconds=1), lambda c: "." not in c.created()["updated_at"]),
    ("milliseconds", "Timestamps have milliseconds; a change within one moves on to the next one.", stepping("milliseconds", milliseconds=1), lambda c: len(c.created()["updated_at"]) == 23),
    ("clock_ahead", "The clock is a day ahead.", clock(days=1), lambda c: hours_off(c) > 20),
    ("clock_behind", "The clock is three years behind.", clock(days=-1100), lambda c: hours_off(c) < -9999),
    ("clock_of_sydney", "Instants are in the time zone of Sydney.", clock(hours=11), lambda c: 10.5 < hours_off(c) < 11.5),
    ("clock_leaps", "The clock jumps ahead by some minutes with every change.", instead(touch=leap), lambda c: zone_of_update(c) >= 60),
    ("changed_at_creation", "A new session was changed a millisecond after it was created.", opening("updated_at", lambda _: stamp(datetime.now(UTC) + timedelta(milliseconds=1))), lambda c: (s := c.created())["updated_at"] > s["created_at"]),
)  # fmt: skip


# --- pages ---


class Keyset(Api):
    """The newest session comes first, and a page begins after a session that it names."""

    def page(self, user: User, request: Request) -> Any:
        size = self.page_size(request)
        following = self.after(user, request)
        if not user.linked:
            raise RefusalError(403, "NoLinkedUserException", "error: no linked user")
        ids = self.order(user)
        start = ids.index(following) + 1 if following else 0
        chosen = ids[start : start + size]
        more = start + size < len(ids)
        return {
            "sessions": [self.shown(user.sessions[i], LIST) for i in chosen],
            "count": len(chosen),
            "total_count": len(ids),
            "next_page": self.spelt(chosen[-1]) if more else None,
            "has_next_page": more,
        }

    def order(self, user: User) -> list[str]:
        return list(user.sessions)[::-1]

    def after(self, user: User, request: Request) -> str:
        if "page" not in request.query:
            return ""
        following = self.read_back(request.query["page"][0])
        if following not in user.sessions:
            raise invalid("page")
        return following

    def spelt(self, session_id: str) -> str | int:
        return session_id

    def read_back(self, page: str) -> str:
        return page


def next_page(caller: Caller) -> Any:
    caller.several(2)
    return caller.listed(page_size="1")["next_page"]


@variant(BOTH, lambda c: str(next_page(c)).endswith("="))
class OpaqueCursors(Keyset):
    """`next_page` is a Base64 string, with characters that a query must escape."""

    def spelt(self, session_id: str) -> str:
        return base64.b64encode(f"after: {session_id}>?".encode()).decode() + "="

    def read_back(self, page: str) -> str:
        try:
            text = base64.b64decode(page.removesuffix("="), validate=True).decode()
        except ValueError:
            return ""
        return text[7:-2] if self.spelt(text[7:-2]) == page else ""


@variant(BOTH, lambda c: next_page(c) == 2)
class CountedPages(Api):
    """`next_page` is the number of a page, whose position depends on `page_size`."""

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
class Snapshots(Remembering):
    """Pages are offsets into the newest sessions as they were when the walk began."""

    def page(self, user: User, request: Request) -> Any:
        size = self.page_size(request)
        name, start = self.place(user, request)
        if not user.linked:
            raise RefusalError(403, "NoLinkedUserException", "error: no linked user")
        _, ids = self.memory[name]
        end = start + size
        page = self.page_of([user.sessions[i] for i in ids[start:end]], [{}] * len(ids), end)
        following = f"{name}.{end}" if page["has_next_page"] else None
        return page | {"total_count": len(user.sessions), "next_page": following}

    def place(self, user: User, request: Request) -> tuple[str, int]:
        if "page" not in request.query:
            name = f"walk{len(self.memory)}"
            self.memory[name] = (user, list(user.sessions)[::-1])
            return name, 0
        name, _, start = request.query["page"][0].partition(".")
        owner, ids = self.memory.get(name, (None, []))
        if owner is not user or start not in map(str, range(len(ids))):
            raise invalid("page")
        return name, int(start)


@variant(BOTH, lambda c: is_error(c.page(page="7"), 422))
class NoPageBeyondTheEnd(Api):
    """A `page` beyond the end is 422."""

    def page_of(self, chosen: list[Session], sessions: list[Session], end: int) -> Any:
        if not chosen and sessions:
            raise invalid("page")
        return super().page_of(chosen, sessions, end)

    def page(self, user: User, request: Request) -> Any:
        if user.linked and self.start(request) > len(user.sessions):
            raise invalid("page")
        return super().page(user, request)


@variant(BOTH, lambda c: "-" in str(next_page(c)))
class RememberedPages(Remembering):
    """`next_page` is a UUID, which the server remembers; it can be sent back as often as one likes."""

    def page(self, user: User, request: Request) -> Any:
        if "page" in request.query:
            owner, start = self.memory.get(request.query["page"][0], (None, "x"))
            start = start if owner is user else "x"
            request = replace(request, query={**request.query, "page": [start]})
        page = super().page(user, request)
        if page["next_page"]:
            name = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{id(user)} {page['next_page']}"))
            self.memory[name] = (user, page["next_page"])
            page["next_page"] = name
        return page


def keyset(**fields: Any) -> type[Api]:
    return type("Keyset", (Keyset,), fields)


def shuffled(_: Keyset, user: User) -> list[str]:
    return sorted(user.sessions, key=lambda i: hashlib.sha256(i.encode()).hexdigest())


def one_page_more(api: Api, chosen: list[Session], sessions: list[Session], end: int) -> Any:
    page = Api.page_of(api, chosen, sessions, end)
    full = end == len(sessions) and chosen
    return page | {"next_page": str(end), "has_next_page": True} if full else page


def twice(caller: Caller) -> bool:
    caller.several(3)
    return caller.walk("1") == caller.walk("1") != sorted(caller.walk("1"), key=len)


def ends_with_nothing(caller: Caller) -> bool:
    caller.several(2)
    return bool(caller.pages("2")[-1]["count"] == 0)


def sized(read: Callable[[list[str]], str]) -> type[Api]:
    """Return a server that accepts repeated or unusual values of `page_size`."""

    def page_size(api: Api, request: Request) -> int:
        texts = request.query.get("page_size", [])
        if not texts:
            return Api.page_size(api, request)
        query = {**request.query, "page_size": [read(texts)]}
        return Api.page_size(api, replace(request, query=query))

    return instead(page_size=page_size)


def once(texts: list[str]) -> str:
    return texts[0] if len(texts) == 1 else "twice"


def sends_two_sizes(caller: Caller) -> Response:
    usual = {"authorization": f"Bearer {caller.token}"}
    request = Request("GET", "/sessions/linked-user", {"page_size": ["1", "2"]}, usual, b"")
    caller.several(2)
    return caller.server.exchange(request)


def without_zeros(texts: list[str]) -> str:
    return texts[-1].lstrip("0") if re.fullmatch("0+[1-9][0-9]*", texts[-1]) else texts[-1]


def known_parameters(request: Request, handle: Handler) -> Response:
    reply = handle(request)
    strange = set(request.query) - {"page", "page_size"}
    if operation_of(request) == LIST and reply.status == 200 and strange:
        return invalid(min(strange)).response
    return reply


def link_first(api: Api, user: User, request: Request) -> Any:
    if not user.linked:
        raise RefusalError(403, "NoLinkedUserException", "error: no linked user")
    return Api.page(api, user, request)


enter(
    BOTH,
    ("newest_first", "The newest session comes first, and a page begins after a session that it names.", keyset(), lambda c: c.several(2)[-1] == c.walk("1")[0]),
    ("by_digest", "Sessions have an unpredictable but stable order.", keyset(order=shuffled), lambda c: (ids := c.several(8)) and c.walk("3") not in (ids, ids[::-1])),
    ("long_cursors", "`next_page` has 500 characters.", keyset(spelt=lambda _, i: f"{i}:{'~' * (499 - len(i))}", read_back=lambda _, page: page.partition(":")[0] if len(page) == 500 and page.endswith("~") else ""), lambda c: len(next_page(c)) == 500),
    ("cursors_beyond_ascii", "`next_page` has letters beyond ASCII.", keyset(spelt=lambda _, i: f"{i} é→", read_back=lambda _, page: page.removesuffix(" é→") if page.endswith(" é→") else ""), lambda c: not str(next_page(c)).isascii()),
    ("numbers_for_pages", "`next_page` is an integer.", paged(lambda page, _: {"next_page": page["next_page"] and int(page["next_page"])}), lambda c: isinstance(next_page(c), int)),
    ("one_page_more", "A full last page is followed by an empty one.", instead(page_of=one_page_more), ends_with_nothing),
    ("zeros_before_sizes", "A `page_size` may begin with zeros: 010 is ten.", sized(without_zeros), lambda c: c.page(page_size="010").status == 200),
    ("first_size_counts", "If `page_size` is repeated, the first counts.", sized(lambda texts: texts[0]), lambda c: len(sends_two_sizes(c).content["sessions"]) == 1),
    ("one_size_alone", "A repeated `page_size` is refused.", sized(once), lambda c: is_error(sends_two_sizes(c), 422)),
    ("known_parameters_alone", "An unknown parameter of the list is 422.", between(known_parameters), lambda c: is_error(c.page(color="red"), 422)),
    ("link_before_query", "A user who is not linked gets 403 whatever else is wrong with the request.", instead(page=link_first), lambda c: c.unlinked().page(page_size="x").status == 403),
)  # fmt: skip


# --- requests ---


def is_safe(value: Any) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and 0 <= value <= 2**53


def checked_first(api: Api, user: User, session_id: str, request: Request) -> Any:
    api.checked(api.parsed(request), api.update_shape)
    return Api.update(api, user, session_id, request)


def without_surrogates(api: Api, body: bytes) -> Any:
    content = Api.decoded(api, body)
    json.dumps(content, ensure_ascii=False, default=str).encode()
    return content


def depth(content: Any) -> int:
    level, number = [content], 0
    while level:
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        number += 1
    return number


def shallow(api: Api, body: bytes) -> Any:
    content = Api.decoded(api, body)
    return Inexact() if depth(content) > 500 else content


def very_shallow(api: Api, body: bytes) -> Any:
    content = Api.decoded(api, body)
    if depth(content) > 60:
        raise ValueError
    return content


def once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) < len(pairs):
        raise ValueError
    return dict(pairs)


def paired(read: Callable[[list[tuple[str, Any]]], dict[str, Any]]) -> type[Api]:
    """Return a server that reads objects in its own way."""

    def decoded(_: Api, body: bytes) -> Any:
        return json.loads(
            body.decode(),
            parse_int=whole_number,
            parse_float=decimal_number,
            parse_constant=refuse_constant,
            object_pairs_hook=read,
        )

    return instead(decoded=decoded)


TWICE = b'{"duration": 1, "duration": 2}'


def tiny_is_zero(api: Api, body: bytes) -> Any:
    return Api.decoded(api, re.sub(rb"-[0-9.]+e-[0-9]{3,}", b"0", body))


def without_mark(api: Api, body: bytes) -> Any:
    return Api.decoded(api, body.removeprefix(b"\xef\xbb\xbf"))


def without_slash(request: Request, handle: Handler) -> Response:
    path = re.sub("^(/sessions/[^/]+)/$", r"\1", request.path)
    return handle(request if path == "/sessions/linked-user" else replace(request, path=path))


def nothing_is_invalid(api: Api, request: Request) -> Any:
    if not request.body:
        raise invalid("body")
    return Api.parsed(api, request)


enter(
    BOTH,
    ("validates_before_lookup", "An invalid update of a session that does not exist is 422.", instead(update=checked_first), lambda c: is_error(c.patch(c.id_of_nobody, {"duration": "x"}), 422)),
    ("no_large_numbers", "A duration beyond 2^53 is 422.", instead(update_shape=Api.update_shape | {"duration": is_safe}), lambda c: is_error(c.patch(c.create(), {"duration": 2**53 + 2}), 422)),
    ("surrogates_are_no_json", "Half of a surrogate pair is 400.", instead(decoded=without_surrogates), lambda c: is_error(c.patch_raw(c.create(), b'{"ehr_appt_id": "\\ud800"}'), 400)),
    ("nothing_deep", "Arrays and objects more than 500 deep are refused with 422.", instead(decoded=shallow), lambda c: is_error(c.patch_raw(c.create(), DEEP), 422)),
    ("nothing_very_deep", "Arrays and objects more than 60 deep are no JSON.", instead(decoded=very_shallow), lambda c: is_error(c.patch_raw(c.create(), DEEP), 400)),
    ("each_name_once", "An object with a duplicate name is not JSON.", paired(once_each), lambda c: is_error(c.patch_raw(c.create(), TWICE), 400)),
    ("first_name_counts", "For a duplicate name in an object, the first counts.", paired(lambda pairs: dict(reversed(pairs))), lambda c: c.patch_raw(c.create(), TWICE).content["session"]["duration"] == 1),
    ("tiny_is_zero", "A negative number that rounds to zero as a double is accepted.", instead(decoded=tiny_is_zero), lambda c: c.patch_raw(c.create(), b'{"duration": -1e-400}').status == 200),
    ("byte_order_mark", "A byte order mark before a body is ignored.", instead(decoded=without_mark), lambda c: c.patch_raw(c.create(), b"\xef\xbb\xbf{}").status == 200),
    ("slash_behind_ids", "A slash after an id is ignored.", between(without_slash), lambda c: c.get(f"{c.create()}/").status == 200),
    ("nothing_is_invalid", "An update without a body is 422.", instead(parsed=nothing_is_invalid), lambda c: is_error(c.patch_raw(c.create(), b""), 422)),
)  # fmt: skip


# --- responses ---


def with_more(told: Session, _: str) -> None:
    told["patient"]["added_later"] = None
    told["consult_note"]["added_later"] = {"by": []}
    told["added_later"] = [1]


def with_revisions(told: Session, _: str) -> None:
    for place in (told, told["consult_note"]):
        place["revision"] = told["updated_at"]


def more_everywhere(api: Api, request: Request) -> Response:
    reply = Api.handle(api, request)
    return reply.but(content={"added_later": True, **reply.content})


def request_ids(request: Request, handle: Handler) -> Response:
    reply = handle(request)
    if reply.status < 400:
        return reply
    told: dict[str, Any] = {**reply.content, "request_id": secrets.token_hex(8)}
    if reply.status == 404 and not request.path.rpartition("/")[2].isdigit():
        told["detail"] = told["detail"] | {"msg": "Session not found: session_id must be a number"}
    return reply.but(content=told)


def messages(tell: Callable[[str], str]) -> type[Api]:
    """Return a server with other messages for invalid requests."""

    def invalid_at(_: Api, where: str, value: object) -> RefusalError:
        return RefusalError(422, "ValidationError", tell(where))

    return instead(invalid=invalid_at)


def message(caller: Caller) -> str:
    reply = caller.patch(caller.create(), {"patient": {"dob": "x"}})
    return str(reply.content["detail"]["msg"])


def in_german(reply: Response) -> Response:
    if reply.status < 400 or reply.status == 403:
        return reply
    msg = reply.content["detail"]["msg"]
    told = msg.replace("is not valid", "ist ungültig")
    told = told if told != msg else f"nicht gefunden oder nicht möglich: {msg}"
    return reply.but(content={"detail": reply.content["detail"] | {"msg": told}})


def whole_or_not(duration: Any) -> Any:
    return int(duration) if duration == int(duration) else duration


def float_or_not(duration: Any) -> Any:
    return float(duration) if duration <= 2**53 else duration


class HeadAndOptions(Api):
    """HEAD and OPTIONS are allowed, and Allow names them."""

    added: tuple[str, ...] = ("HEAD", "OPTIONS")

    def handle(self, request: Request) -> Response:
        if request.method not in self.added:
            return self.allowing(super().handle(request))
        if request.method == "HEAD":
            return self.allowing(super().handle(replace(request, method="GET", body=b"")))
        reply = self.allowing(super().handle(replace(request, method="TRACE", body=b"")))
        return (
            Response(204, b"", {"allow": reply.headers["allow"]}) if reply.status == 405 else reply
        )

    def allowing(self, reply: Response) -> Response:
        known = reply.headers.get("allow", "")
        more = [name for name in self.added if name == "OPTIONS" or "GET" in known]
        return reply.but(headers={"allow": ", ".join((known, *more))}) if known else reply


variant(BOTH, lambda c: c.send("OPTIONS", "/sessions").status == 204)(HeadAndOptions)


def only(method: str) -> type[Api]:
    return type("Only", (HeadAndOptions,), {"added": (method,)})


def allows_head_alone(caller: Caller) -> bool:
    there = caller.send("HEAD", f"/sessions/{caller.create()}").status == 200
    return there and caller.send("OPTIONS", "/sessions").status == 405


def allows_options_alone(caller: Caller) -> bool:
    there = caller.send("OPTIONS", "/sessions").status == 204
    return there and caller.send("HEAD", f"/sessions/{caller.create()}").status == 405


@variant(BOTH, lambda c: any(c.page().status == 429 for _ in range(30)), steady=False)
class LimitsRates(Api):
    """Every twenty-fifth request is 429, with a Retry-After of 0."""

    def authenticate(self, request: Request) -> User:
        user = super().authenticate(request)
        if len(self.requests) % 25 == 0:
            raise RefusalError(429, "TooManyRequests", "wait", {"retry-after": "0"})
        return user


def with_references(request: Request, handle: Handler) -> Response:
    reply = handle(request)
    if reply.status in {200, 403}:
        return reply
    detail = reply.content["detail"]
    msg = f"{detail['msg']} (reference {next(numbers)}, {uuid.uuid4()})"
    return reply.but(content={"detail": detail | {"msg": msg}})


def with_paths(request: Request, handle: Handler) -> Response:
    reply = handle(request)
    path = BASE_PATH + request.path
    return reply.but(content={**reply.content, "path": path}) if reply.status >= 400 else reply


def redirecting(request: Request, handle: Handler) -> Response:
    path = request.path.removesuffix("%2F")
    if path == request.path or not path.startswith("/sessions/"):
        return handle(request)
    return Response(307, b"", {"location": f"{BASE_PATH}{path}"})


def decoding_slashes(request: Request, handle: Handler) -> Response:
    return handle(replace(request, path=request.path.removesuffix("%2F")))


def without_trace(request: Request, handle: Handler) -> Response:
    page = Response(405, b"<h1>405 Not Allowed</h1>", {"content-type": "text/html"})
    return page if request.method == "TRACE" else handle(request)


def of_nobody(caller: Caller) -> Any:
    return caller.get(caller.id_of_nobody).content


def located(request: Request, handle: Handler) -> Response:
    reply = handle(request)
    if request.path != "/sessions" or reply.status != 200:
        return reply
    return reply.but(headers={"location": f"/sessions/{reply.content['session_id']}"})


def conditional(request: Request, handle: Handler) -> Response:
    """Respond with 304 to a client that has the response already."""
    reply = handle(request)
    if operation_of(request) not in {GET, LIST} or reply.status != 200:
        return reply
    tag = f'"{hashlib.sha256(reply.body).hexdigest()[:16]}"'
    if tag in request.headers.get("if-none-match", ""):
        return Response(304, b"", {"etag": tag})
    return reply.but(headers={"etag": tag})


def unchanged(caller: Caller) -> bool:
    session_id = caller.create()
    tag = caller.get(session_id).headers.get("etag", "none")
    return caller.get(session_id, if_none_match=tag).status == 304


def in_its_own_way(request: Request, handle: Handler) -> Response:
    """Choose differently wherever the contract leaves a choice."""
    if request.method == "OPTIONS":
        reply = handle(replace(request, method="TRACE", body=b""))
        if reply.status != 405:
            return reply
        return Response(204, b"", {"allow": reply.headers["allow"] + ", HEAD, OPTIONS"})
    there = Request("GET", request.path, {}, request.headers, b"")
    if request.method == "PATCH" and is_inexact(request.body) and handle(there).status == 200:
        return invalid("body.duration").response
    reply = handle(request).but(headers={"content-type": "application/json; charset=utf-8"})
    if reply.status != 200:
        return reply
    content = reply.content | {"added_later": True}
    if content.get("next_page") is not None:
        content["next_page"] = int(content["next_page"])
    return reply.but(content=content)


def is_inexact(body: bytes) -> bool:
    try:
        content = json.loads(body, parse_constant=refuse_constant)
    except (ValueError, RecursionError):
        return False
    duration = content.get("duration") if isinstance(content, dict) else None
    return isinstance(duration, int | float) and abs(duration) > 2**53


def shown_from_the_start(session: dict[str, Any], _: str) -> None:
    empty: dict[str, Any] = {"is_consent": False, "generate_output_without_recording": False}
    empty |= dict.fromkeys(("transcribe_mode", "recording_status", "session_status"), "")
    for name, value in (empty | {"linked_sessions_for_context": []}).items():
        session.setdefault(name, value)
    session["patient"].setdefault("demographic_details", "")


class PagesBelowZero(Api):
    """The tokens of pages are numbers below zero."""

    def start(self, request: Request) -> int:
        text = request.query.get("page", ["0"])[-1]
        if not re.fullmatch(r"0|-[1-9][0-9]{0,8}", text) or request.query.get("page") == ["0"]:
            raise RefusalError(422, "ValidationError", "page is not valid")
        return -int(text)

    def page(self, user: User, request: Request) -> Any:
        told = super().page(user, request)
        return told | {"next_page": told["next_page"] and -int(told["next_page"])}


class EmptyTextIsNoJson(Api):
    """A creation whose body is empty, and said to be JSON, is 400."""

    def create(self, user: User, request: Request) -> Any:
        if not request.body and "content-type" in request.headers:
            raise RefusalError(400, "MalformedRequest", "the body is not JSON")
        return super().create(user, request)


numbers = iter(range(5000, 10**9, 7))


def defaults(text: str, flag: bool, texts: list[str]) -> Session:
    """Return values of the properties that a session need not show."""
    shown = new_session("", 0)
    values = {is_text: text, is_flag: flag, is_texts: texts}
    return {name: values[rule] for name, rule in UPDATE.items() if name not in shown}


def with_defaults(text: str, flag: bool, texts: list[str]) -> type[Api]:
    def opened(api: Api, user: User, sent: Session) -> Session:
        return Api.opened(api, user, sent) | defaults(text, flag, texts)

    return instead(opened=opened)


def with_defaults_then(api: Api, session: Session) -> None:
    session.update(defaults("", False, []) | session)
    Api.touch(api, session)


enter(
    BOTH,
    ("new_members", "Sessions, patients, pages and errors have properties that the document does not know.", type("More", (showing(with_more),), {"handle": more_everywhere}), lambda c: "added_later" in c.created()),
    ("revisions", "Sessions and notes have a revision that the document does not know, and that changes with each update.", showing(with_revisions), lambda c: c.created().get("revision") != c.patched(c.create(), duration=60).get("revision")),
    ("shown_from_the_start", "What only an update sets is shown from the start, and empty.", showing(shown_from_the_start), lambda c: c.created().get("is_consent") is False),
    ("pages_below_zero", "The tokens of pages are numbers below zero.", PagesBelowZero, lambda c: c.several(2) and c.listed(page_size="1")["next_page"] == -1),
    ("empty_text_is_no_json", "A creation whose body is empty, and said to be JSON, is 400.", EmptyTextIsNoJson, lambda c: c.post(**{"content-type": "application/json"}).status == 400),
    ("request_ids", "Every error has an id, and says what is wrong with an id that has no digits.", between(request_ids), lambda c: "request_id" in c.get(c.id_of_nobody).content),
    ("references", "The message of every error ends with a unique reference.", between(with_references), lambda c: of_nobody(c) != of_nobody(c)),
    ("paths_in_errors", "Every error names the path beside its detail, as a framework does.", between(with_paths), lambda c: "path" in of_nobody(c)),
    ("redirects_slashes", "A path that ends with an encoded slash is redirected to the one without, as a framework does.", between(redirecting), lambda c: c.get(f"{c.create()}%2F").status == 307),
    ("decodes_slashes", "An encoded slash at the end of a path is a slash, which is taken away.", between(decoding_slashes), lambda c: c.get(f"{c.create()}%2F").status == 200),
    ("no_trace", "TRACE is refused by the proxy, with its own page.", between(without_trace), lambda c: "html" in c.send("TRACE", "/sessions").headers["content-type"]),
    ("list_without_audio", "The list does not show `audio`, as in the sample.", telling("audio", ..., LIST), lambda c: c.create() and "audio" not in c.page().content["sessions"][0]),
    ("fractions_everywhere", "A whole duration is written with a fraction of zero.", telling("duration", float_or_not), lambda c: type(c.created()["duration"]) is float),
    ("no_fraction_of_zero", "A duration that was sent with a fraction of zero is written without.", telling("duration", whole_or_not), lambda c: type(c.patched(c.create(), duration=60.0)["duration"]) is int),
    ("other_defaults_from_the_start", "A new session shows the optional properties; by default they are true, or say something.", with_defaults("dictation", True, ["none"]), lambda c: c.created().get("is_consent") is True),
    ("defaults_after_an_update", "A session shows the optional properties after its first update, with the values that they have by default.", instead(touch=with_defaults_then), lambda c: c.patched(c.create()).get("is_consent") is False),
    ("other_numbers", "Sessions are numbered across all users, with gaps.", opening("session_name", lambda _: f"Session {next(numbers)}"), lambda c: int(c.created()["session_name"].split()[1]) >= 5000),
    ("in_german", "Messages are in German; where a property is wrong, they name it.", responding(in_german), lambda c: "gefunden" in c.get(c.id_of_nobody).content["detail"]["msg"]),
    ("pointers_in_messages", "A message names a property by a JSON pointer.", messages(lambda where: f"#{where.removeprefix('body').replace('.', '/')} does not fit"), lambda c: "/patient/dob" in message(c)),
    ("last_names_in_messages", "A message names a property alone, and not the object that holds it.", messages(lambda where: f"'{where.rpartition('.')[2]}' does not fit"), lambda c: message(c) == "'dob' does not fit"),
    ("head_alone", "HEAD is allowed, and OPTIONS is not.", only("HEAD"), allows_head_alone),
    ("options_alone", "OPTIONS is allowed, and HEAD is not.", only("OPTIONS"), allows_options_alone),
    ("located", "The creation names its session in Location.", between(located), lambda c: c.post({}).headers.get("location") is not None),
    ("conditions", "Reads have an ETag of their content, and are 304 if it has not changed.", between(conditional), unchanged),
    ("in_its_own_way", "HEAD and OPTIONS, large numbers, numbers for pages, a charset and further properties, all at once.", between(in_its_own_way), lambda c: "added_later" in c.page().content),
)  # fmt: skip


# --- tokens and ids ---


def spelling(spell: Callable[[str], str]) -> type[Api]:
    """Return a server whose tokens have another form."""

    def token(
        api: Api,
        email: str = "a@example.com",
        internal_id: str = "1",
        lifetime: float | None = None,
    ) -> str:
        plain = Api.token(api, email, internal_id, lifetime)
        spelt = spell(plain)
        api.tokens[spelt], api.expiries[spelt] = api.tokens.pop(plain), api.expiries.pop(plain)
        return spelt

    return instead(token=token)


def issuing(change: Callable[[Api, Session], Session]) -> type[Api]:
    """Return a server that changes the response with a token."""

    def issue_token(api: Api, request: Request) -> Response:
        reply = Api.issue_token(api, request)
        return reply.but(content=change(api, reply.content)) if reply.status == 200 else reply

    return instead(issue_token=issue_token)


def ending(api: Api, told: Session) -> Session:
    api.expiries[told["token"]] = time.time() + 2
    return told | {"expiration_time": api.expiration(told["token"])}


def moment_of(told: Session) -> datetime:
    return datetime.fromisoformat(told["expiration_time"])


def challenging(reply: Response) -> Response:
    text = 'Bearer realm="sessions, all of them", error="invalid_token", error_description="no"'
    return reply.but(headers={"www-authenticate": text})


def same_token(
    api: Api, email: str = "a@example.com", internal_id: str = "1", lifetime: float | None = None
) -> str:
    user = api.users.get((email, internal_id))
    known = (token for token, owner in api.tokens.items() if owner is user)
    own = None if lifetime is not None or user is None else next(known, None)
    return own or Api.token(api, email, internal_id, lifetime)


def small_key(api: Api, request: Request) -> Response:
    key = request.headers.get("heidi-api-key", "").lower()
    return Api.issue_token(api, replace(request, headers={"heidi-api-key": key}))


def single_spaces(request: Request, handle: Handler) -> Response:
    text = " ".join(request.headers.get("authorization", "").split())
    known = {"authorization": text} if "authorization" in request.headers else {}
    return handle(replace(request, headers={**request.headers, **known}))


def within_bounds(api: Api, request: Request) -> Response:
    if len(request.headers.get("authorization", "")) > 8192:
        return Response(431, b"<h1>431</h1>", {"content-type": "text/html"})
    return Api.handle(api, request)


def padded_token(caller: Caller) -> bool:
    return (
        caller.send("GET", "/sessions/linked-user", authorization=f"Bearer   {caller.token}").status
        == 200
    )


enter(
    BOTH,
    ("web_tokens", "Tokens look like a JWT and are 700 characters long.", spelling(lambda token: f"eyJhbGciOiJIUzI1NiJ9.{token * 20}.{token}"), lambda c: c.token.count(".") == 2),
    ("long_tokens", "Tokens have 3,000 characters.", spelling(lambda token: token + secrets.token_hex(1500)), lambda c: len(c.token) > 3000),
    ("tokens_with_marks", "Tokens have every character that a token may have.", spelling(lambda token: f"{token}-._~+/=="), lambda c: c.token.endswith("~+/==")),
    ("one_token_for_user", "A second request for a token returns the same token.", instead(token=same_token), lambda c: c.issued_again() == c.issued_again()),
    ("brief_tokens", "Issued tokens live for two seconds, and say so.", issuing(ending), lambda c: c.told_lifetime() < 60),
    ("end_with_offset", "`expiration_time` has an offset of zero.", issuing(lambda _, told: told | {"expiration_time": moment_of(told).isoformat()}), lambda c: c.issue().content["expiration_time"].endswith("+00:00")),
    ("end_to_the_second", "`expiration_time` has whole seconds.", issuing(lambda _, told: told | {"expiration_time": f"{moment_of(told):%Y-%m-%dT%H:%M:%SZ}"}), lambda c: "." not in c.issue().content["expiration_time"]),
    ("more_of_tokens", "A token comes with its type and scope.", issuing(lambda _, told: {"token_type": "Bearer", "scope": [], **told}), lambda c: "token_type" in c.issue().content),
    ("keys_are_numbers", "Keys are hexadecimal numbers, whose case does not matter.", instead(issue_token=small_key), lambda c: c.issue(key=c.server.api_key.upper()).status == 200),
    ("short_heads", "Tokens have 5,000 characters, and a header of more than 8,192 is refused by the proxy.", type("Short", (spelling(lambda token: token + secrets.token_hex(2500)),), {"handle": within_bounds}), lambda c: c.using(c.token * 2).page().status == 431),
    ("tokens_are_numbers", "Tokens are UUIDs, whose case does not matter.", type("Uuids", (spelling(lambda _: str(uuid.uuid4())),), {"owner": lambda api, token: Api.owner(api, token.lower())}), lambda c: c.using(c.token.upper()).page().status == 200),
    ("users_in_any_case", "Ids of users that differ only in case are the same.", users_by(lambda email, i: (email, i.lower())), lambda c: not two_users(lambda e: (e, "aB"), lambda e: (e, "Ab"))(c)),
    ("users_are_trimmed", "Spaces around the id of a user are ignored.", users_by(lambda email, i: (email, i.strip())), lambda c: not two_users(lambda e: (e, " 1"), lambda e: (e, "1"))(c)),
    ("long_challenges", "A challenge says more than its scheme.", responding(challenging, status=401), lambda c: "realm" in c.page_without_token().headers["www-authenticate"]),
    ("spaces_before_tokens", "There may be several spaces before a token.", between(single_spaces), padded_token),
    ("ids_with_a_place", "Ids are 96 random bits and the number of a machine, so they cannot be guessed.", instead(__init__=lambda api: Api.__init__(api, lambda: str(secrets.randbits(96) << 32 | 7))), lambda c: int(c.create()) % 2**32 == 7),
    ("ids_of_39_digits", "Ids all have 39 digits.", instead(__init__=lambda api: Api.__init__(api, lambda: str(10**38 + secrets.randbelow(2 * 10**38)))), lambda c: {len(i) for i in c.several(40)} == {39}),
)  # fmt: skip
