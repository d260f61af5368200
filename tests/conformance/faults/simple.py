"""Deliberate faults, each a small change between a request and the reference server.

The tests of the judge name these one by one; the catalogue beside them is judged as a whole.
"""

import json
from dataclasses import replace
from typing import Any, cast

from tests.conformance.reference import Handler, Request, Response, respond

Session = dict[str, Any]
TOKEN = "the-token-of-the-only-user"


def is_session(request: Request, *methods: str) -> bool:
    inside = request.path.startswith("/sessions/") and request.path != "/sessions/linked-user"
    return inside and request.method in methods


def undeclared_status(request: Request, handle: Handler) -> Response:
    reply = handle(request)
    return reply.but(status=418) if is_session(request, "GET") and reply.status == 200 else reply


def session_without_id(request: Request, handle: Handler) -> Response:
    reply = handle(request)
    if not is_session(request, "GET") or reply.status != 200:
        return reply
    session = {
        name: value for name, value in reply.content["session"].items() if name != "session_id"
    }
    return reply.but(content={"session": session})


def duration_as_text(request: Request, handle: Handler) -> Response:
    reply = handle(request)
    if not is_session(request, "PATCH") or reply.status != 200:
        return reply
    session = reply.content["session"]
    return reply.but(content={"session": session | {"duration": str(session["duration"])}})


def page_as_html(request: Request, handle: Handler) -> Response:
    reply = handle(request)
    if request.path == "/sessions/linked-user" and reply.status == 200:
        return reply.but(headers={"content-type": "text/html; charset=utf-8"})
    return reply


def broken_json(request: Request, handle: Handler) -> Response:
    reply = handle(request)
    if request.path == "/sessions" and reply.status == 200:
        return reply.but(body=reply.body[:-1])
    return reply


def crash_on_empty_text(request: Request, handle: Handler) -> Response:
    if is_session(request, "PATCH") and b'""' in request.body:
        return respond(500, {"detail": {"msg": "oops", "type": "InternalError"}})
    return handle(request)


def text_as_number(request: Request, handle: Handler) -> Response:
    """Accept numbers in strings, as a lax framework does."""
    if is_session(request, "PATCH"):
        try:
            body = json.loads(request.body)
        except ValueError:
            return handle(request)
        if isinstance(body, dict) and isinstance(cast("Session", body).get("duration"), str):
            return handle(replace(request, body=b'{"duration": 1}'))
    return handle(request)


def plain_errors(request: Request, handle: Handler) -> Response:
    reply = handle(request)
    if is_session(request, "GET") and reply.status == 404:
        return reply.but(body=b"not found", headers={"content-type": "text/plain"})
    return reply


def as_the_only_user(request: Request) -> Request:
    return replace(request, headers={**request.headers, "authorization": f"Bearer {TOKEN}"})


def no_token_needed(request: Request, handle: Handler) -> Response:
    return handle(request if "authorization" in request.headers else as_the_only_user(request))


def any_token(request: Request, handle: Handler) -> Response:
    return handle(as_the_only_user(request) if "authorization" in request.headers else request)


def lost_sessions(request: Request, handle: Handler) -> Response:
    if is_session(request, "GET"):
        return respond(
            404, {"detail": {"msg": "Session not found", "type": "SessionNotFoundError"}}
        )
    return handle(request)


def refuses_empty_text(request: Request, handle: Handler) -> Response:
    if is_session(request, "PATCH") and b'""' in request.body:
        return respond(422, {"detail": {"msg": "body is not valid", "type": "ValidationError"}})
    return handle(request)


SECRET_VALUE = "value-from-the-record-of-a-patient"


def unknown_gender(request: Request, handle: Handler) -> Response:
    reply = handle(request)
    if request.path != "/sessions/linked-user" or reply.status != 200:
        return reply
    page = reply.content
    for session in page["sessions"]:
        session["patient"]["gender"] = SECRET_VALUE
    return reply.but(content=page)


def parrot(request: Request, handle: Handler) -> Response:
    """Repeat the token wherever a response has room for it."""
    reply = handle(request)
    token = request.headers.get("authorization", "")
    if is_session(request, "GET"):
        return reply.but(headers={"content-type": f"text/{token}", "x-token": token})
    if request.method == "OPTIONS":
        return reply.but(headers={"allow": token})
    if request.method == "PATCH" and reply.status == 200:
        return reply.but(content={"session": {token: token}, token: [token]})
    return reply


def created_without_id(request: Request, handle: Handler) -> Response:
    """Respond with 201, which the page allows, and sometimes without the id, which it requires."""
    reply = handle(request)
    if request.path != "/sessions" or reply.status != 200:
        return reply
    content = {"id": "1"} if b"EHR1234" in request.body else reply.content
    return reply.but(status=201, content=content)
