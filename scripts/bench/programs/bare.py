"""An ASGI application that responds to everything with one session: the limit of the server."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

SAMPLE = Path(os.environ["BENCH_SAMPLE"]).read_bytes()
START: dict[str, Any] = {
    "type": "http.response.start",
    "status": 200,
    "headers": [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(SAMPLE)).encode()),
    ],
}
BODY: dict[str, Any] = {"type": "http.response.body", "body": SAMPLE}


async def app(
    scope: MutableMapping[str, Any],
    _receive: Callable[[], Awaitable[MutableMapping[str, Any]]],
    send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
) -> None:
    """Respond to any request."""
    if scope["type"] == "http":
        await send(START)
        await send(BODY)
