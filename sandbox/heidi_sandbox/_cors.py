"""Pages in a browser may call the sandbox, wherever they come from (CORS, the Fetch standard).

What protects sessions is the token, which a page of a stranger does not have: the sandbox sets no
cookie that a browser would send by itself.
"""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Final

from heidi_sandbox._asgi import App, Message, Receive, Scope, Send

_ANYBODY: Final = (b"access-control-allow-origin", b"*")
_READABLE: Final = (b"access-control-expose-headers", b"allow, retry-after, www-authenticate")
_LASTING: Final = (b"access-control-max-age", b"600")  # seconds


class Cors:
    """Answers what a browser asks before a call, and marks answers as readable by any page.

    Args:
        methods: what pages may call.
        headers: what they may send.
    """

    def __init__(self, app: App, methods: Iterable[str], headers: Iterable[str]) -> None:
        self._app = app
        self._permission = [
            _ANYBODY,
            _LASTING,
            (b"access-control-allow-methods", ", ".join(sorted(set(methods))).encode()),
            (b"access-control-allow-headers", ", ".join(sorted(headers)).lower().encode()),
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        names = {name for name, _ in scope["headers"]} if scope["type"] == "http" else set[bytes]()
        if b"origin" not in names:
            await self._app(scope, receive, send)
        elif scope["method"] == "OPTIONS" and b"access-control-request-method" in names:
            # Before a call a browser sends no token, so this is no question of S1.
            await send(_start(HTTPStatus.NO_CONTENT, self._permission))
            await send({"type": "http.response.body", "body": b""})
        else:
            await self._app(scope, receive, _readable(send))


def _readable(send: Send) -> Send:
    async def send_readable(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], _ANYBODY, _READABLE]}
        await send(message)

    return send_readable


def _start(status: int, headers: list[tuple[bytes, bytes]]) -> Message:
    return {"type": "http.response.start", "status": status, "headers": headers}
