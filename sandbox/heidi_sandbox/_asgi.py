"""The part of ASGI that the sandbox uses: its types, one response, and CORS."""

import asyncio
from collections.abc import (
    Awaitable,
    Callable,
    Iterable,
    Mapping,
    MutableMapping,
    Sequence,
)
from http import HTTPStatus
from typing import Any, Final, NamedTuple, TypeAlias

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

# Bytes; a larger body is sent in parts, with other tasks in between.
_PART: Final = 256 * 1024
_READABLE: Final = [
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", b"allow, location, retry-after, www-authenticate"),
]


class Response(NamedTuple):
    """A response.

    headers: by lower-case name.
    media_type: what the body is, None if there is none.
    rest: what follows the body, where it is too much to be copied into one.
    """

    status: int
    body: bytes
    headers: Mapping[str, str] = {}
    media_type: str | None = "application/json"
    rest: Sequence[bytes] = ()

    async def send(self, send: Send) -> None:
        """Send it; no cache may keep it."""
        headers = [(b"cache-control", b"no-store")]
        if self.media_type is not None:
            length = len(self.body) + sum(map(len, self.rest))
            headers.append((b"content-type", self.media_type.encode()))
            headers.append((b"content-length", b"%d" % length))
        headers += [(name.encode(), text.encode()) for name, text in self.headers.items()]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        if not self.rest:
            await send({"type": "http.response.body", "body": self.body})
            return
        part = bytearray(self.body)
        for piece in self.rest:
            part += piece
            if len(part) > _PART:
                await send({"type": "http.response.body", "body": bytes(part), "more_body": True})
                part.clear()
                await asyncio.sleep(0)
        await send({"type": "http.response.body", "body": bytes(part)})


class Cors:
    """Lets pages of any origin call an application from a browser (CORS, the Fetch standard).

    What protects resources is the token, which a foreign page does not have: the sandbox sets no
    cookie that a browser would send by itself.

    Args:
        app: the application.
        methods: what pages may call.
        headers: what they may send.
    """

    def __init__(self, app: App, methods: Iterable[str], headers: Iterable[str]) -> None:
        self._app = app
        permission = {
            "access-control-allow-origin": "*",
            "access-control-max-age": "600",  # seconds
            "access-control-allow-methods": ", ".join(sorted(set(methods))),
            "access-control-allow-headers": ", ".join(sorted(headers)).lower(),
        }
        self._permission = Response(HTTPStatus.NO_CONTENT, b"", permission, None)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        names = {name for name, _ in scope.get("headers", ())}
        if b"origin" not in names:
            await self._app(scope, receive, send)
        elif scope["method"] == "OPTIONS" and b"access-control-request-method" in names:
            # Before a call a browser sends no token, so S1 does not hold.
            await self._permission.send(send)
        else:
            await self._app(scope, receive, _readable(send))


def _readable(send: Send) -> Send:
    async def send_readable(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], *_READABLE]}
        await send(message)

    return send_readable
