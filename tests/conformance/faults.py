"""Deliberate defects, each a small change between a request and the reference server."""

from __future__ import annotations

import json
from collections.abc import Callable

from .reference import Answer, Handler, Request, answer

Fault = Callable[[Request, Handler], Answer]


def is_session(request: Request, *methods: str) -> bool:
    inside = request.path.startswith("/sessions/") and request.path != "/sessions/linked-user"
    return inside and request.method in methods


def undeclared_status(request: Request, handle: Handler) -> Answer:
    reply = handle(request)
    return reply.but(status=418) if is_session(request, "GET") and reply.status == 200 else reply


def session_without_id(request: Request, handle: Handler) -> Answer:
    reply = handle(request)
    if not is_session(request, "GET") or reply.status != 200:
        return reply
    session = {name: value for name, value in reply.content["session"].items() if name != "session_id"}
    return reply.but(content={"session": session})


def duration_as_text(request: Request, handle: Handler) -> Answer:
    reply = handle(request)
    if not is_session(request, "PATCH") or reply.status != 200:
        return reply
    session = reply.content["session"]
    return reply.but(content={"session": session | {"duration": str(session["duration"])}})


def page_as_html(request: Request, handle: Handler) -> Answer:
    reply = handle(request)
    if request.path == "/sessions/linked-user" and reply.status == 200:
        return reply.but(headers={"content-type": "text/html; charset=utf-8"})
    return reply


def broken_json(request: Request, handle: Handler) -> Answer:
    reply = handle(request)
    if request.path == "/sessions" and reply.status == 200:
        return reply.but(body=reply.body[:-1])
    return reply


def crash_on_other(request: Request, handle: Handler) -> Answer:
    if is_session(request, "PATCH") and b'"OTHER"' in request.body:
        return answer(500, {"detail": {"msg": "oops", "type": "InternalError"}})
    return handle(request)


def text_as_number(request: Request, handle: Handler) -> Answer:
    """Take numbers that are written as text, as a lax framework does."""
    if is_session(request, "PATCH"):
        try:
            body = json.loads(request.body)
        except ValueError:
            return handle(request)
        if isinstance(body, dict) and isinstance(body.get("duration"), str):
            sent = Request(request.method, request.path, request.query, request.headers, b'{"duration": 1}')
            return handle(sent)
    return handle(request)


def plain_errors(request: Request, handle: Handler) -> Answer:
    reply = handle(request)
    if is_session(request, "GET") and reply.status == 404:
        return reply.but(body=b"not found", headers={"content-type": "text/plain"})
    return reply


def without_header(name: str) -> Fault:
    def fault(request: Request, handle: Handler) -> Answer:
        reply = handle(request)
        return Answer(reply.status, reply.body, {key: text for key, text in reply.headers.items() if key != name})

    return fault


def no_token_needed(token: str) -> Fault:
    def fault(request: Request, handle: Handler) -> Answer:
        if "authorization" in request.headers:
            return handle(request)
        headers = {**request.headers, "authorization": f"Bearer {token}"}
        return handle(Request(request.method, request.path, request.query, headers, request.body))

    return fault


def any_token(token: str) -> Fault:
    def fault(request: Request, handle: Handler) -> Answer:
        if "authorization" not in request.headers:
            return handle(request)
        headers = {**request.headers, "authorization": f"Bearer {token}"}
        return handle(Request(request.method, request.path, request.query, headers, request.body))

    return fault


def lost_sessions(request: Request, handle: Handler) -> Answer:
    if is_session(request, "GET"):
        return answer(404, {"detail": {"msg": "Session not found", "type": "SessionNotFoundError"}})
    return handle(request)


def any_page_size(request: Request, handle: Handler) -> Answer:
    query = {name: values for name, values in request.query.items() if name != "page_size"}
    return handle(Request(request.method, request.path, query, request.headers, request.body))


def refuses_other(request: Request, handle: Handler) -> Answer:
    if is_session(request, "PATCH") and b'"OTHER"' in request.body:
        return answer(422, {"detail": {"msg": "body.patient.gender is not valid", "type": "ValidationError"}})
    return handle(request)


def deletes(request: Request, handle: Handler) -> Answer:
    if is_session(request, "DELETE") and "authorization" in request.headers:
        return answer(200, {})
    return handle(request)
