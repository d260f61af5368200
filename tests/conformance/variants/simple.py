"""Correct servers that are unlike the reference: none of their choices is a fault."""

import json
import uuid
from typing import Any

from tests.conformance.reference import Answer, Api, Handler, Request, answer


def with_other_choices(request: Request, handle: Handler) -> Answer:
    """Choose differently wherever the vendor's page leaves a choice."""
    reply = handle(request)
    if not request.path.startswith("/sessions"):
        return reply
    if reply.status == 200:
        status = 201 if request.method == "POST" else 200
        return reply.but(status=status, content=retold(reply.content))
    if reply.status == 401:
        return Answer(404, b"<h1>Nothing here</h1>", {"content-type": "text/html"})
    if reply.status == 404 or b"NoLinkedUser" in reply.body:
        return reply.but(status=404)
    return answer(400, {"detail": [{"loc": ["body"], "msg": "invalid", "type": "value_error"}]})


def retold(content: Any) -> Any:
    """Tell the same with whole seconds, new members, and values where only null was shown."""
    if isinstance(content, list):
        return [retold(item) for item in content]
    if not isinstance(content, dict):
        return content
    told = {name: retold(value) for name, value in content.items()}
    changes: dict[str, Any] = {"added_later": {"by": "the vendor"}}
    for name in ("created_at", "updated_at"):
        if name in told:
            changes[name] = told[name].partition(".")[0]
    if "voice_style" in told:
        changes |= {"voice_style": {"id": 7}, "feedback": [1], "status": "A_NEW_STATUS"}
    if told.get("next_page") is not None:
        changes["next_page"] = {"after": told["next_page"]}
    if "documents" in told:
        changes |= {"documents": {"count": 0}, "has_next_page": True}
    told.pop("audio", None)
    return told | changes


def without_vendor_consistency(request: Request, handle: Handler) -> Answer:
    """Answer as the page's samples do where they contradict themselves."""
    reply = handle(request)
    if reply.status != 200 or request.method == "POST":
        return reply
    content = reply.content
    if "sessions" in content:
        return reply.but(content=content | {"has_next_page": True, "next_page": None, "count": 10})
    session = content["session"] | {"clinician_notes": []}
    session.pop("audio")
    return reply.but(content={"session": session})


def strict_in_its_own_way(request: Request, handle: Handler) -> Answer:
    """Choose differently wherever the strict contract leaves a choice."""
    if request.method == "OPTIONS":
        reply = handle(Request("TRACE", request.path, request.query, request.headers, b""))
        if reply.status == 405:
            allow = reply.headers["allow"] + ", HEAD, OPTIONS"
            return Answer(204, b"", {"allow": allow})
        return reply
    if request.method == "PATCH" and is_inexact(request.body) and handle(request).status == 200:
        detail = {"msg": "body.duration cannot be kept exactly", "type": "ValidationError"}
        return answer(422, {"detail": detail})
    reply = handle(request).but(headers={"content-type": "application/json; charset=utf-8"})
    if reply.status != 200:
        return reply
    content = reply.content | {"added_later": True}
    if content.get("next_page") is not None:
        content["next_page"] = int(content["next_page"])
    return reply.but(content=content)


def is_inexact(body: bytes) -> bool:
    try:
        content = json.loads(body)
    except ValueError:
        return False
    duration = content.get("duration") if isinstance(content, dict) else None
    return isinstance(duration, int | float) and abs(duration) > 2**53


def api_with_other_ids() -> Api:
    return Api(new_id=lambda: f"ses_{uuid.uuid4()}")
