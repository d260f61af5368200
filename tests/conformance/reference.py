"""A correct server of the API, written by hand from the contract alone.

It shares no code with the sandbox or the judge and reads no document, so that it has none of their
bugs. A fault is a function that is between a request and this server, or a subclass of `Api`
that overrides one of its small methods.
"""

import asyncio
import contextlib
import copy
import itertools
import json
import math
import re
import secrets
import socket
import threading
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Self, cast
from urllib.parse import parse_qs, unquote_to_bytes
from weakref import WeakKeyDictionary

import uvicorn

BASE_PATH = "/api/v2/ml-scribe/open-api"
BODY_LIMIT = 1024 * 1024


@dataclass(frozen=True)
class Request:
    method: str
    path: str  # below the base path, still percent-encoded
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes
    connection: int = 0


@dataclass(frozen=True)
class Response:
    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=lambda: {"content-type": "application/json"})
    interim: tuple[int, ...] = ()  # statuses of the responses that come before this one
    pieces: tuple[bytes, ...] = ()  # what is sent in its place, before the connection is closed

    @property
    def content(self) -> Any:
        return json.loads(self.body.decode())

    def but(
        self, *, content: Any = None, headers: dict[str, str] | None = None, **changes: Any
    ) -> Self:
        """Return this response with some of it changed; headers are merged."""
        if content is not None:
            changes["body"] = json.dumps(content).encode()
        return replace(self, headers=self.headers | (headers or {}), **changes)


Handler = Callable[[Request], Response]
Fault = Callable[[Request, Handler], Response]


class RefusalError(Exception):
    """An error that the contract names."""

    def __init__(
        self, status: int, kind: str, msg: str, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(msg)
        detail = {"detail": {"msg": msg, "type": kind}}
        self.response = respond(status, detail).but(headers=headers)


def respond(status: int, content: Any) -> Response:
    return Response(status, json.dumps(content).encode())


# --- the shape of requests ---


def is_text(value: Any) -> bool:
    return isinstance(value, str) and not any("\ud800" <= mark <= "\udfff" for mark in value)


def is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(map(is_text, cast("list[object]", value)))


def is_duration(value: Any) -> bool:
    return isinstance(value, int | float) and not is_flag(value) and 0 <= value < math.inf


def is_language(value: Any) -> bool:
    return is_text(value) and re.fullmatch(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*", value) is not None


def is_gender(value: Any) -> bool:
    return value in {"MALE", "FEMALE", "OTHER"} if isinstance(value, str) else False


def is_date(value: Any) -> bool:
    if not isinstance(value, str) or not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        return False
    with contextlib.suppress(ValueError):
        return bool(date.fromisoformat(value))
    return False


Shape = dict[str, Any]
CREATE: Shape = {"patient_profile_id": is_text, "ehr_appointment_id": is_text}
PATIENT: Shape = {
    "name": is_text,
    "gender": is_gender,
    "dob": is_date,
    "demographic_details": is_text,
}
UPDATE: Shape = {
    "duration": is_duration,
    "language_code": is_language,
    "output_language_code": is_language,
    "transcribe_mode": is_text,
    "patient": PATIENT,
    "clinician_notes": is_texts,
    "ehr_patient_id": is_text,
    "ehr_appt_id": is_text,
    "generate_output_without_recording": is_flag,
    "recording_status": is_text,
    "session_status": is_text,
    "is_consent": is_flag,
    "created_time_local": is_text,
    "linked_sessions_for_context": is_texts,
}


def checked(value: Any, shape: Shape, where: str = "body") -> dict[str, Any]:
    """Return the properties of `value` that `shape` knows; anything it does not know is ignored."""
    if not isinstance(value, dict):
        raise RefusalError(422, "ValidationError", f"{where} must be an object")
    fields: dict[str, Any] = {}
    for name, rule in shape.items():
        if name not in value:
            continue
        if isinstance(rule, dict):
            fields[name] = checked(value[name], cast("Shape", rule), f"{where}.{name}")
        elif rule(value[name]):
            fields[name] = value[name]
        else:
            raise RefusalError(422, "ValidationError", f"{where}.{name} is not valid")
    return fields


class Inexact:
    """A number that this server cannot keep as it was written: it is refused."""


def whole_number(text: str) -> int | Inexact:
    return int(text) if len(text) <= 4000 else Inexact()


def decimal_number(text: str) -> float | Inexact:
    number = float(text)
    with contextlib.suppress(ArithmeticError):
        if Decimal(repr(number)) == Decimal(text):
            return number
    return Inexact()


def refuse_constant(_: str) -> Any:
    raise ValueError


# --- the state ---


@dataclass
class User:
    linked: bool
    # In the order of their creation.
    sessions: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])


def stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f")


def now() -> str:
    return stamp(datetime.now(UTC))


def after(text: str) -> str:
    """Return the next instant that a timestamp can express."""
    return stamp(datetime.fromisoformat(text) + timedelta(microseconds=1))


def new_session(session_id: str, number: int) -> dict[str, Any]:
    moment = now()
    note = dict.fromkeys(
        (
            "voice_style",
            "template_id",
            "ai_command_id",
            "ai_command_text",
            "feedback",
            "dictation_cleanup_mode",
        )
    )
    return {
        "session_id": session_id,
        "session_name": f"Session {number}",
        "patient": {"name": "", "gender": None, "dob": None},
        "audio": [],
        "clinician_notes": [],
        "consult_note": {
            "status": "CREATED",
            "result": "",
            "heading": "Note",
            "brain": "RIGHT",
            "generation_method": "TEMPLATE",
            **note,
        },
        "duration": 0,
        "created_at": moment,
        "updated_at": moment,
        "language_code": "en",
        "output_language_code": "en",
        "documents": None,
        "ehr_appt_id": None,
        "ehr_provider": "EHR",
        "ehr_patient_id": None,
    }


class Api:
    """The contract, sections 2 to 4."""

    create_shape = CREATE
    update_shape = UPDATE
    body_limit = BODY_LIMIT
    default_page_size = 10
    largest_page_size = 100
    lifetime: float = 24 * 60 * 60

    def __init__(self, new_id: Callable[[], str] = lambda: str(secrets.randbits(128))) -> None:
        self.new_id = new_id
        self.api_key = secrets.token_hex(16)
        self.users: dict[tuple[str, str], User] = {}
        self.tokens: dict[str, User] = {}
        self.expiries: dict[str, float] = {}
        self.requests: list[Request] = []
        self.lock: contextlib.AbstractContextManager[Any] = threading.RLock()

    def token(
        self,
        email: str = "clinician@example.com",
        internal_id: str = "1",
        lifetime: float | None = None,
    ) -> str:
        linked = not email.partition("@")[0].endswith("+unlinked")
        token = "t" + secrets.token_urlsafe(24)
        self.tokens[token] = self.users.setdefault((email, internal_id), User(linked))
        self.expiries[token] = time.time() + (self.lifetime if lifetime is None else lifetime)
        return token

    def handle(self, request: Request) -> Response:
        self.requests.append(request)
        with self.lock:
            try:
                return self.route(request)
            except RefusalError as refusal:
                return refusal.response

    def route(self, request: Request) -> Response:
        if request.path == "/jwt":
            return self.issue_token(request)
        parts = request.path.split("/")
        if parts[:2] != ["", "sessions"] or len(parts) > 3 or parts[2:] == [""]:
            raise RefusalError(404, "NotFound", "no such path")
        user = self.authenticate(request)
        methods = self.methods(parts[2:])
        if request.method not in methods:
            allow = {"allow": ", ".join(methods)}
            raise RefusalError(405, "MethodNotAllowed", "no such method", allow)
        return respond(200, methods[request.method](user, request))

    def methods(self, below: list[str]) -> dict[str, Callable[[User, Request], Any]]:
        """Return the methods of a path, given its segments below `/sessions`."""
        if not below:
            return {"POST": self.create}
        if below == ["linked-user"]:
            return {"GET": self.page}
        session_id = unquote_to_bytes(below[0]).decode(errors="replace")
        return {
            "GET": lambda user, _: self.read(user, session_id),
            "PATCH": lambda user, request: self.update(user, session_id, request),
        }

    # --- who asks ---

    def issue_token(self, request: Request) -> Response:
        if request.headers.get("heidi-api-key") != self.api_key:
            raise self.unauthenticated("wrong key")
        email, internal_id = (
            request.query.get(name, [""])[0] for name in ("email", "third_party_internal_id")
        )
        if not (email and internal_id):
            raise RefusalError(
                422, "ValidationError", "email and third_party_internal_id are required"
            )
        token = self.token(email, internal_id)
        return respond(200, {"token": token, "expiration_time": self.expiration(token)})

    def expiration(self, token: str) -> str:
        moment = datetime.fromtimestamp(self.expiries[token], UTC)
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def authenticate(self, request: Request) -> User:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        user = self.owner(token)
        if scheme.lower() != "bearer" or user is None:
            raise self.unauthenticated("the token is missing, wrong or expired")
        return user

    def owner(self, token: str) -> User | None:
        return None if self.expired(token) else self.tokens.get(token)

    def expired(self, token: str) -> bool:
        return time.time() >= self.expiries.get(token, math.inf)

    def unauthenticated(self, msg: str) -> RefusalError:
        return RefusalError(401, "AuthenticationError", msg, {"www-authenticate": "Bearer"})

    # --- what is sent ---

    def parsed(self, request: Request) -> Any:
        if len(request.body) > self.body_limit:
            raise RefusalError(413, "BodyTooLarge", "the body has more than 1 MiB")
        if not self.is_json(request.headers.get("content-type", "")):
            raise RefusalError(415, "UnsupportedMediaType", "the body must be application/json")
        try:
            return self.decoded(request.body)
        except (ValueError, RecursionError):
            raise RefusalError(400, "MalformedRequest", "the body is not JSON") from None

    def is_json(self, content_type: str) -> bool:
        return content_type.partition(";")[0].strip().lower() == "application/json"

    def decoded(self, body: bytes) -> Any:
        return json.loads(
            body.decode(),
            parse_int=whole_number,
            parse_float=decimal_number,
            parse_constant=refuse_constant,
        )

    def checked(self, value: Any, shape: Shape, where: str = "body") -> dict[str, Any]:
        """Return the properties of `value` that `shape` knows; the others are ignored."""
        if not isinstance(value, dict):
            raise self.invalid(where, value)
        fields: dict[str, Any] = {}
        for name, rule in shape.items():
            if name not in value:
                continue
            if isinstance(rule, dict):
                fields[name] = self.checked(value[name], cast("Shape", rule), f"{where}.{name}")
            elif rule(value[name]):
                fields[name] = value[name]
            else:
                raise self.invalid(f"{where}.{name}", value[name])
        return fields

    def invalid(self, where: str, value: object) -> RefusalError:
        return RefusalError(422, "ValidationError", f"{where} is not valid")

    # --- the operations ---

    def create(self, user: User, request: Request) -> Any:
        sent = self.checked(self.parsed(request), self.create_shape) if request.body else {}
        session = self.opened(user, sent)
        user.sessions[session["session_id"]] = session
        return {"session_id": session["session_id"]}

    def opened(self, user: User, sent: dict[str, Any]) -> dict[str, Any]:
        session = new_session(self.new_id(), len(user.sessions) + 1)
        session["ehr_appt_id"] = sent.get("ehr_appointment_id")
        return session

    def find(self, user: User, session_id: str) -> dict[str, Any]:
        session = self.lookup(user, session_id)
        if session is None:
            raise RefusalError(404, "SessionNotFoundError", "Session not found")
        return session

    def lookup(self, user: User, session_id: str) -> dict[str, Any] | None:
        return user.sessions.get(session_id)

    def read(self, user: User, session_id: str) -> Any:
        return {"session": self.shown(self.find(user, session_id), "getSession")}

    def update(self, user: User, session_id: str, request: Request) -> Any:
        session = self.find(user, session_id)
        sent = self.checked(self.parsed(request), self.update_shape)
        self.change(session, sent)
        self.touch(session)
        return {"session": self.shown(session, "updateSession")}

    def change(self, session: dict[str, Any], sent: dict[str, Any]) -> None:
        patient = session["patient"] | sent.get("patient", {})
        session.update(sent, patient=patient)

    def touch(self, session: dict[str, Any]) -> None:
        session["updated_at"] = max(now(), after(session["updated_at"]))

    def shown(self, session: dict[str, Any], operation: str) -> dict[str, Any]:
        """Return a copy of a session as an operation returns it."""
        return copy.deepcopy(session)

    def page(self, user: User, request: Request) -> Any:
        size = self.page_size(request)
        start = self.start(request)
        if not user.linked:
            raise RefusalError(403, "NoLinkedUserException", "error: no linked user")
        sessions = self.ordered(user)
        end = start + size
        return self.page_of(sessions[start:end], sessions, end)

    def page_of(
        self, chosen: list[dict[str, Any]], sessions: list[dict[str, Any]], end: int
    ) -> Any:
        more = end < len(sessions)
        return {
            "sessions": [self.shown(session, "listLinkedUserSessions") for session in chosen],
            "count": len(chosen),
            "total_count": len(sessions),
            "next_page": str(end) if more else None,
            "has_next_page": more,
        }

    def ordered(self, user: User) -> list[dict[str, Any]]:
        # New sessions go to the end, so that an offset stays where it was.
        return list(user.sessions.values())

    def page_size(self, request: Request) -> int:
        size = whole(request, "page_size", self.default_page_size)
        if not 1 <= size <= self.largest_page_size:
            raise RefusalError(422, "ValidationError", "page_size must be from 1 to 100")
        return size

    def start(self, request: Request) -> int:
        return whole(request, "page", 0)


def whole(request: Request, name: str, default: int) -> int:
    text = request.query.get(name, [str(default)])[-1]
    if not re.fullmatch(r"0|[1-9][0-9]{0,8}", text):
        raise RefusalError(422, "ValidationError", f"{name} is not valid")
    return int(text)


# --- the transport ---


INTERIM = b"HTTP/1.1 %d Interim\r\nLink: </style.css>; rel=preload\r\n\r\n"


class Application:
    """ASGI in front of a handler."""

    def __init__(self, handle: Handler) -> None:
        self.handle = handle
        # By their transports: a port may come again.
        self.connections: WeakKeyDictionary[Any, int] = WeakKeyDictionary()
        self.numbers = itertools.count(1)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = b""
        more = True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        transport = send.__self__.transport
        if transport not in self.connections:
            self.connections[transport] = next(self.numbers)
        # In its own thread: requests overlap, as they do on any server.
        reply = await asyncio.to_thread(
            self.handle,
            Request(
                method=scope["method"],
                path=scope["raw_path"].decode("ascii", "replace").removeprefix(BASE_PATH),
                query=parse_qs(
                    scope["query_string"].decode("ascii", "replace"), keep_blank_values=True
                ),
                headers={
                    name.decode("latin-1"): value.decode("latin-1")
                    for name, value in scope["headers"]
                },
                body=body,
                connection=self.connections[transport],
            ),
        )
        for status in reply.interim:
            # ASGI has no message for it.
            transport.write(INTERIM % status)
        if reply.pieces:
            for number, piece in enumerate(reply.pieces):
                await asyncio.sleep(0.001 if number else 0)
                transport.write(piece)
            transport.close()
            return
        chunked = "transfer-encoding" in reply.headers
        length = {} if chunked else {"content-length": str(len(reply.body))}
        headers = [
            (name.encode(), text.encode()) for name, text in (length | reply.headers).items()
        ]
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        await send(
            {"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else reply.body}
        )


class Server(uvicorn.Server):
    """It stops as soon as its connections are closed; its own class waits, each time, for more."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        while self.server_state.connections or self.server_state.tasks:
            await asyncio.sleep(0.002)


@contextlib.contextmanager
def serving(handle: Handler) -> Generator[str]:
    """Serve a handler on a free port of the loopback and yield its base URL."""
    config = uvicorn.Config(
        Application(handle),
        port=0,
        log_config=None,
        access_log=False,
        lifespan="off",
        ws="none",
        log_level="critical",
        # On a busy machine, a caller may take long between two requests of one connection.
        timeout_keep_alive=600,
    )
    server = Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        thread.join(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}{BASE_PATH}"
    finally:
        server.should_exit = True
        thread.join()


def faulty(api: Api, fault: Fault) -> Handler:
    """Put a fault between the requests and the API."""
    return lambda request: fault(request, api.handle)
