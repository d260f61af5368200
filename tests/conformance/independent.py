"""A second server of the contract, on FastAPI. It shares no code with the reference or the sandbox.

Where the contract leaves a choice, it differs from the reference as far as that makes sense: the
newest session comes first, a page names the place where it begins, and a number that a double
cannot hold is refused.
"""

import contextlib
import json
import re
import secrets
import socket
import threading
from collections.abc import AsyncIterator, Generator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal, TypeVar

import uvicorn
from fastapi import APIRouter, FastAPI
from fastapi import Request as HttpRequest
from fastapi.responses import JSONResponse
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from starlette.exceptions import HTTPException

PREFIX = "/api/v2/ml-scribe/open-api"
MEBIBYTE = 1 << 20
LANGUAGE = r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$"
METHODS = {"/sessions": ["POST"], "/sessions/linked-user": ["GET"]}


# --- what is sent ---


def real_date(text: str) -> str:
    if not re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        raise ValueError("not a date")
    date.fromisoformat(text)
    return text


def held_by_a_double(number: float) -> float:
    if number > 2**53:
        raise ValueError("too large")
    return number


def encodable(text: str) -> str:
    text.encode()  # half of a surrogate pair is a ValueError
    return text


Text = Annotated[str, AfterValidator(encodable)]


class Sent(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore")


class PatientSent(Sent):
    name: Text = ""
    gender: Literal["MALE", "FEMALE", "OTHER"] = "OTHER"
    dob: Annotated[str, AfterValidator(real_date)] = ""
    demographic_details: Text = ""


class UpdateSent(Sent):
    """The defaults are never used: only properties that were sent are read."""

    duration: Annotated[
        int | float, Field(ge=0, allow_inf_nan=False), AfterValidator(held_by_a_double)
    ] = 0
    language_code: Annotated[str, Field(pattern=LANGUAGE)] = "en"
    output_language_code: Annotated[str, Field(pattern=LANGUAGE)] = "en"
    transcribe_mode: Text = ""
    patient: PatientSent = PatientSent()
    clinician_notes: list[Text] = []
    ehr_patient_id: Text = ""
    ehr_appt_id: Text = ""
    generate_output_without_recording: bool = False
    recording_status: Text = ""
    session_status: Text = ""
    is_consent: bool = False
    created_time_local: Text = ""
    linked_sessions_for_context: list[Text] = []


class CreationSent(Sent):
    patient_profile_id: Text = ""
    ehr_appointment_id: Text = ""


class Unreadable:
    """A number that no double can hold: valid JSON, but never accepted."""


def fraction(text: str) -> float | Unreadable:
    number = float(text)
    with contextlib.suppress(ArithmeticError):
        return number if Decimal(text) == Decimal(repr(number)) else Unreadable()
    return Unreadable()


def integer(text: str) -> int | Unreadable:
    return int(text) if len(text) < 400 else Unreadable()


def no_constant(name: str) -> None:
    raise ValueError(name)


# --- errors ---


class Problem(Exception):  # noqa: N818  # it is the response, more than a mistake
    def __init__(self, status: int, kind: str, msg: str, **headers: str) -> None:
        super().__init__(msg)
        self.response = JSONResponse(
            {"detail": {"msg": msg, "type": kind}},
            status,
            {name.replace("_", "-"): value for name, value in headers.items()},
        )


def unauthenticated() -> Problem:
    return Problem(401, "AuthenticationError", "no valid token", www_authenticate="Bearer")


def unknown_session() -> Problem:
    return Problem(404, "SessionNotFoundError", "Session not found")


def invalid(place: str) -> Problem:
    return Problem(422, "ValidationError", f"{place}: not valid")


def not_allowed(path: str) -> Problem:
    allow = ", ".join(METHODS.get(path, ["GET", "PATCH"]))
    return Problem(405, "MethodNotAllowed", "the path has no such method", allow=allow)


# --- the state ---


@dataclass
class Clinician:
    linked: bool
    newest_first: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])


@dataclass(frozen=True)
class Token:
    owner: Clinician
    until: datetime


class Practice:
    """All users of one partner, and their sessions."""

    def __init__(self) -> None:
        self.api_key = secrets.token_hex(16)
        self.clinicians: dict[tuple[str, str], Clinician] = {}
        self.tokens: dict[str, Token] = {}

    def issue(self, email: str, internal_id: str, lifetime: float | None = None) -> str:
        linked = not re.match("[^@]*[+]unlinked@", email)
        owner = self.clinicians.setdefault((email, internal_id), Clinician(linked))
        token = secrets.token_hex(32)
        seconds = 3600 if lifetime is None else lifetime
        self.tokens[token] = Token(owner, datetime.now(UTC) + timedelta(seconds=seconds))
        return token

    def owner(self, request: HttpRequest) -> Clinician:
        words = request.headers.get("authorization", "").split(" ")
        token = self.tokens.get(words[-1])
        bearer = len(words) == 2 and words[0].lower() == "bearer"
        if not bearer or token is None or datetime.now(UTC) >= token.until:
            raise unauthenticated()
        return token.owner


def timestamp() -> str:
    return datetime.now(UTC).replace(tzinfo=None).isoformat(timespec="microseconds")


def empty_session(number: int, appointment: str | None) -> dict[str, Any]:
    created_at = timestamp()
    return {
        "session_id": str(secrets.randbelow(2**128)),
        "session_name": f"Session {number}",
        "patient": {"name": "", "gender": None, "dob": None},
        "audio": [],
        "clinician_notes": [],
        "consult_note": {
            "status": "CREATED",
            "result": "",
            "heading": "Note",
            "brain": "RIGHT",
            "voice_style": None,
            "generation_method": "TEMPLATE",
            "template_id": None,
            "ai_command_id": None,
            "ai_command_text": None,
            "feedback": None,
            "dictation_cleanup_mode": None,
        },
        "duration": 0,
        "created_at": created_at,
        "updated_at": created_at,
        "language_code": "en",
        "output_language_code": "en",
        "documents": None,
        "ehr_appt_id": appointment,
        "ehr_provider": "Practice",
        "ehr_patient_id": None,
    }


def touch(session: dict[str, Any]) -> None:
    last = datetime.fromisoformat(session["updated_at"])
    next_one = (last + timedelta(microseconds=1)).isoformat(timespec="microseconds")
    session["updated_at"] = max(timestamp(), next_one)


# --- reading requests ---

S = TypeVar("S", bound=Sent)


async def body_of(request: HttpRequest) -> bytes:
    """Read a body to its end, and keep only the allowed size."""
    body = bytearray()
    size = 0
    stream: AsyncIterator[bytes] = request.stream()
    async for part in stream:
        size += len(part)
        if size <= MEBIBYTE:
            body += part
    if size > MEBIBYTE:
        raise Problem(413, "ContentTooLarge", "the body has more than 1 MiB")
    return bytes(body)


def read(body: bytes, request: HttpRequest, kind: type[S]) -> S:
    media_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if media_type != "application/json":
        raise Problem(415, "UnsupportedMediaType", "send application/json")
    try:
        content = json.loads(
            body.decode(), parse_constant=no_constant, parse_float=fraction, parse_int=integer
        )
    except (ValueError, RecursionError):
        raise Problem(400, "MalformedRequest", "the body is not JSON") from None
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors(include_url=False)[0]["loc"][:2])
        raise invalid(where or "body") from None


def page_size_of(request: HttpRequest) -> int:
    text = request.query_params.get("page_size", "10")
    if not re.fullmatch("[1-9][0-9]?|100", text):
        raise invalid("page_size")
    return int(text)


def place_of(request: HttpRequest, sessions: list[dict[str, Any]]) -> int:
    """Return where a page begins: after the session that `page` names."""
    page = request.query_params.get("page")
    if page is None:
        return 0
    for index, session in enumerate(sessions):
        if page == f"before-{session['session_id']}":
            return index + 1
    raise invalid("page")


# --- the operations ---


def routes(practice: Practice) -> APIRouter:
    router = APIRouter(prefix=PREFIX)

    def known(owner: Clinician, session_id: str) -> dict[str, Any]:
        for session in owner.newest_first:
            if session["session_id"] == session_id:
                return session
        raise unknown_session()

    @router.get("/jwt")
    async def issue_token(request: HttpRequest) -> JSONResponse:
        if request.headers.get("heidi-api-key") != practice.api_key:
            raise unauthenticated()
        email = request.query_params.get("email")
        internal_id = request.query_params.get("third_party_internal_id")
        if not email or not internal_id:
            raise invalid("email and third_party_internal_id")
        token = practice.issue(email, internal_id)
        until = practice.tokens[token].until.isoformat(timespec="milliseconds")
        return JSONResponse({"token": token, "expiration_time": until.replace("+00:00", "Z")})

    @router.post("/sessions")
    async def create_session(request: HttpRequest) -> JSONResponse:
        owner = practice.owner(request)
        body = await body_of(request)
        appointment = None
        if body:
            sent = read(body, request, CreationSent).model_dump(exclude_unset=True)
            appointment = sent.get("ehr_appointment_id")
        session = empty_session(len(owner.newest_first) + 1, appointment)
        owner.newest_first.insert(0, session)
        return JSONResponse({"session_id": session["session_id"]})

    @router.get("/sessions/linked-user")
    async def list_sessions(request: HttpRequest) -> JSONResponse:
        owner = practice.owner(request)
        if not owner.linked:
            raise Problem(403, "NoLinkedUserException", "error: no linked user")
        size, sessions = page_size_of(request), owner.newest_first
        start = place_of(request, sessions)
        chosen = sessions[start : start + size]
        more = start + size < len(sessions)
        return JSONResponse(
            {
                "sessions": chosen,
                "count": len(chosen),
                "total_count": len(sessions),
                "next_page": f"before-{chosen[-1]['session_id']}" if more else None,
                "has_next_page": more,
            }
        )

    @router.get("/sessions/{session_id}")
    async def get_session(session_id: str, request: HttpRequest) -> JSONResponse:
        return JSONResponse({"session": known(practice.owner(request), session_id)})

    @router.patch("/sessions/{session_id}")
    async def update_session(session_id: str, request: HttpRequest) -> JSONResponse:
        owner = practice.owner(request)
        if session_id == "linked-user":
            raise not_allowed("/sessions/linked-user")
        session = known(owner, session_id)
        sent = read(await body_of(request), request, UpdateSent).model_dump(exclude_unset=True)
        session["patient"] |= sent.pop("patient", {})
        session |= sent
        touch(session)
        return JSONResponse({"session": session})

    return router


def create_app(practice: Practice) -> FastAPI:
    app = FastAPI(openapi_url=None)
    app.include_router(routes(practice))

    @app.exception_handler(Problem)
    async def explain(request: HttpRequest, problem: Problem) -> JSONResponse:
        return problem.response

    @app.exception_handler(HTTPException)
    async def explain_routing(request: HttpRequest, error: HTTPException) -> JSONResponse:
        """Respond where no route fits: on a known path, check the token, then the method."""
        path = request.url.path.removeprefix(PREFIX)
        if error.status_code != 405:
            return Problem(404, "NotFound", "no such path").response
        if path == "/jwt":
            return Problem(405, "MethodNotAllowed", "no such method", allow="GET").response
        try:
            practice.owner(request)
        except Problem as problem:
            return problem.response
        return not_allowed(path).response

    return app


@dataclass(frozen=True)
class Independent:
    """A running server: its base URL, its key, and who issues tokens."""

    url: str
    practice: Practice


@contextlib.contextmanager
def serving() -> Generator[Independent]:
    """Serve on a free port of the loopback, in a thread, until the end of the block."""
    practice = Practice()
    config = uvicorn.Config(
        create_app(practice), log_config=None, access_log=False, lifespan="off", ws="none"
    )
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        # asyncio sets this only on sockets that it opens; without it, each response waits 40 ms.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        port = listener.getsockname()[1]
        try:
            yield Independent(f"http://127.0.0.1:{port}{PREFIX}", practice)
        finally:
            server.should_exit = True
            thread.join()
