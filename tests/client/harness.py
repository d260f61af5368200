"""A server that is a function, and one way to use both clients with it."""

from __future__ import annotations

import asyncio
import inspect
import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TypeAlias

import httpx
from heidi_sessions import AsyncHeidi, Heidi

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Callable

BASE_URL = "https://heidi.test/api"

Step: TypeAlias = "httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]"


class Script:
    """Responds with the next step, the last one for ever, and keeps the requests."""

    def __init__(self, *steps: Step) -> None:
        self.steps = list(steps)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        step = self.steps.pop(0) if len(self.steps) > 1 else self.steps[0]
        if isinstance(step, Exception):
            raise step
        if isinstance(step, httpx.Response):
            return httpx.Response(step.status_code, headers=step.headers, content=step.content)
        return step(request)

    @property
    def bodies(self) -> list[Any]:
        return [json.loads(request.content) for request in self.requests]


class Driver:
    """One of the two clients; what it returns is awaited where that is needed."""

    def __init__(self, kind: str, handler: Callable[[httpx.Request], httpx.Response]) -> None:
        self.kind = kind
        self.transport = httpx.MockTransport(handler)

    def client(self, **options: Any) -> Any:
        options = {"base_url": BASE_URL, "token": "t0ken"} | options
        if options["token"] is None:
            del options["token"]
        if self.kind == "sync":
            return Heidi(http_client=httpx.Client(transport=self.transport), **options)
        return AsyncHeidi(http_client=httpx.AsyncClient(transport=self.transport), **options)

    def run(self, action: Callable[[Any], Any], **options: Any) -> Any:
        """Do something with a fresh client."""
        return self.wait(lambda: action(self.client(**options)))

    def collect(self, action: Callable[[Any], Any], **options: Any) -> list[Any]:
        """Iterate over something from a fresh client."""
        return list(self.run(lambda client: drain(action(client)), **options))

    @staticmethod
    def wait(action: Callable[[], Any]) -> Any:
        async def wait() -> Any:
            result = action()
            return await result if inspect.isawaitable(result) else result

        return asyncio.run(wait())


def drain(items: Iterable[Any] | AsyncIterable[Any]) -> Any:
    """Read an iterator of either kind to its end."""
    if isinstance(items, Iterable):
        return list(items)

    async def drain_async() -> list[Any]:
        return [item async for item in items]

    return drain_async()


def session(session_id: str = "1234567890", **fields: Any) -> dict[str, Any]:
    """A session as the document's sample has it."""
    sample: dict[str, Any] = {
        "session_id": session_id,
        "session_name": "Session 123",
        "patient": {"name": "", "gender": None, "dob": None},
        "audio": [],
        "clinician_notes": [],
        "consult_note": {
            "status": "CREATED",
            "result": "Consult note content...",
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
        "duration": 16,
        "created_at": "2024-12-11T03:57:57.921000",
        "updated_at": "2024-12-11T23:41:54.138000",
        "language_code": "en",
        "output_language_code": "en",
        "documents": None,
        "ehr_appt_id": None,
        "ehr_provider": "EHR Provider Name",
        "ehr_patient_id": None,
    }
    return sample | fields


def envelope(session_id: str = "1234567890", **fields: Any) -> httpx.Response:
    return httpx.Response(200, json={"session": session(session_id, **fields)})


def page(
    ids: Iterable[str], total_count: int, next_page: str | int | None, *, more: bool | None = None
) -> httpx.Response:
    sessions = [session(session_id) for session_id in ids]
    return httpx.Response(
        200,
        json={
            "sessions": sessions,
            "count": len(sessions),
            "total_count": total_count,
            "next_page": next_page,
            "has_next_page": next_page is not None if more is None else more,
        },
    )


def failure(status: int, type_: str = "SomeError", **headers: str) -> httpx.Response:
    return httpx.Response(
        status, headers=headers, json={"detail": {"msg": "in words", "type": type_}}
    )
