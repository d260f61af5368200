"""A server of the API, written by hand from the contract alone: the honest party of these tests.

It shares no code with the sandbox or the judge and reads no document, so that no mistake of theirs
can hide in it. A fault is a function that stands between a request and this server.
"""

import contextlib
import json
import math
import re
import secrets
import threading
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any, Self, cast
from urllib.parse import parse_qs, unquote_to_bytes

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


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=lambda: {"content-type": "application/json"})

    @property
    def content(self) -> Any:
        return json.loads(self.body)

    def but(
        self, *, content: Any = None, headers: dict[str, str] | None = None, **changes: Any
    ) -> Self:
        """Return this answer with some of it changed; headers are merged."""
        if content is not None:
            changes["body"] = json.dumps(content).encode()
        return replace(self, headers=self.headers | (headers or {}), **changes)


Handler = Callable[[Request], Answer]
Fault = Callable[[Request, Handler], Answer]


class RefusalError(Exception):
    """An error that the contract names."""

    def __init__(
        self, status: int, kind: str, msg: str, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(msg)
        detail = {"detail": {"msg": msg, "type": kind}}
        self.answer = answer(status, detail).but(headers=headers)


def answer(status: int, content: Any) -> Answer:
    return Answer(status, json.dumps(content).encode())


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
    """Return the members of `value` that `shape` knows; anything it does not know is ignored."""
    if not isinstance(value, dict):
        raise RefusalError(422, "ValidationError", f"{where} must be an object")
    members: dict[str, Any] = {}
    for name, rule in shape.items():
        if name not in value:
            continue
        if isinstance(rule, dict):
            members[name] = checked(value[name], cast("Shape", rule), f"{where}.{name}")
        elif rule(value[name]):
            members[name] = value[name]
        else:
            raise RefusalError(422, "ValidationError", f"{where}.{name} is not valid")
    return members


def refuse_constant(_: str) -> Any:
    raise ValueError


def parsed(request: Request) -> Any:
    if len(request.body) > BODY_LIMIT:
        raise RefusalError(413, "BodyTooLarge", "the body has more than 1 MiB")
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise RefusalError(415, "UnsupportedMediaType", "the body must be application/json")
    try:
        return json.loads(request.body.decode(), parse_constant=refuse_constant)
    except (ValueError, RecursionError):
        raise RefusalError(400, "MalformedRequest", "the body is not JSON") from None


# --- the state ---


@dataclass
class User:
    linked: bool
    # In the order of their creation.
    sessions: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")


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

    def __init__(self, new_id: Callable[[], str] = lambda: str(secrets.randbits(128))) -> None:
        self.new_id = new_id
        self.api_key = secrets.token_urlsafe(16)
        self.users: dict[tuple[str, str], User] = {}
        self.tokens: dict[str, User] = {}
        self.requests: list[Request] = []

    def token(self, email: str = "clinician@example.com", internal_id: str = "1") -> str:
        linked = not email.partition("@")[0].endswith("+unlinked")
        token = secrets.token_urlsafe(24)
        self.tokens[token] = self.users.setdefault((email, internal_id), User(linked))
        return token

    def handle(self, request: Request) -> Answer:
        self.requests.append(request)
        try:
            return self.route(request)
        except RefusalError as refusal:
            return refusal.answer

    def route(self, request: Request) -> Answer:
        if request.path == "/jwt":
            return self.issue_token(request)
        parts = request.path.split("/")
        if parts[:2] != ["", "sessions"] or len(parts) > 3 or parts[2:] == [""]:
            raise RefusalError(404, "NotFound", "no such path")
        user = self.authenticate(request)
        if len(parts) == 2:
            methods: dict[str, Callable[[User, Request], Any]] = {"POST": self.create}
        elif parts[2] == "linked-user":
            methods = {"GET": self.page}
        else:
            session_id = unquote_to_bytes(parts[2]).decode(errors="replace")
            methods = {
                "GET": lambda user, _: {"session": self.find(user, session_id)},
                "PATCH": lambda user, request: self.update(user, session_id, request),
            }
        if request.method not in methods:
            allow = {"allow": ", ".join(methods)}
            raise RefusalError(405, "MethodNotAllowed", "no such method", allow)
        return answer(200, methods[request.method](user, request))

    def issue_token(self, request: Request) -> Answer:
        if request.headers.get("heidi-api-key") != self.api_key:
            raise RefusalError(
                401, "AuthenticationError", "wrong key", {"www-authenticate": "Bearer"}
            )
        names = [request.query.get(name, [""])[0] for name in ("email", "third_party_internal_id")]
        if not all(names):
            raise RefusalError(
                422, "ValidationError", "email and third_party_internal_id are required"
            )
        return answer(
            200, {"token": self.token(*names), "expiration_time": "2099-01-01T00:00:00.000Z"}
        )

    def authenticate(self, request: Request) -> User:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        user = self.tokens.get(token)
        if scheme.lower() != "bearer" or user is None:
            challenge = {"www-authenticate": "Bearer"}
            raise RefusalError(
                401, "AuthenticationError", "the token is missing or wrong", challenge
            )
        return user

    def create(self, user: User, request: Request) -> Any:
        sent = checked(parsed(request), CREATE) if request.body else {}
        session_id = self.new_id()
        session = new_session(session_id, len(user.sessions) + 1)
        session["ehr_appt_id"] = sent.get("ehr_appointment_id")
        user.sessions[session_id] = session
        return {"session_id": session_id}

    def find(self, user: User, session_id: str) -> dict[str, Any]:
        if session_id not in user.sessions:
            raise RefusalError(404, "SessionNotFoundError", "Session not found")
        return user.sessions[session_id]

    def update(self, user: User, session_id: str, request: Request) -> Any:
        session = self.find(user, session_id)
        sent = checked(parsed(request), UPDATE)
        patient = session["patient"] | sent.get("patient", {})
        session.update(sent, patient=patient, updated_at=max(now(), session["updated_at"]))
        return {"session": session}

    def page(self, user: User, request: Request) -> Any:
        size = whole(request, "page_size", 10)
        start = whole(request, "page", 0)
        if not 1 <= size <= 100:
            raise RefusalError(422, "ValidationError", "page_size must be from 1 to 100")
        if not user.linked:
            raise RefusalError(403, "NoLinkedUserException", "error: no linked user")
        sessions = list(user.sessions.values())
        end = start + size
        chosen = sessions[start:end]
        more = end < len(sessions)
        return {
            "sessions": chosen,
            "count": len(chosen),
            "total_count": len(sessions),
            "next_page": str(end) if more else None,
            "has_next_page": more,
        }


def whole(request: Request, name: str, default: int) -> int:
    text = request.query.get(name, [str(default)])[-1]
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise RefusalError(422, "ValidationError", f"{name} is not valid")
    return int(text)


# --- the transport ---


class Application:
    """ASGI in front of a handler."""

    def __init__(self, handle: Handler) -> None:
        self.handle = handle

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = b""
        more = True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        reply = self.handle(
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
            )
        )
        length = {"content-length": str(len(reply.body))}
        headers = [
            (name.encode(), text.encode()) for name, text in (length | reply.headers).items()
        ]
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        await send(
            {"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else reply.body}
        )


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
    )
    server = uvicorn.Server(config)
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
