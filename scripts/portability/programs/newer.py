"""The sandbox of a newer vendor: every object of a response has one more property.

Objects of the document are open, so every client must accept it.
"""

import json
import os
import signal
from typing import Any

from heidi_sandbox import serving


def with_more(value: Any) -> Any:
    """Add to every object a property that no document names."""
    if isinstance(value, list):
        return [with_more(each) for each in value]
    if isinstance(value, dict):
        return {key: with_more(each) for key, each in value.items()} | {"not_yet_known": {"a": [1]}}
    return value


def wrap(app: Any) -> Any:
    """Put more into what an application responses."""

    async def wrapped(scope: Any, receive: Any, send: Any) -> None:
        start: dict[str, Any] = {}
        body = bytearray()

        async def send_more(message: Any) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
                return
            body.extend(message.get("body", b""))
            if message.get("more_body"):
                return
            content = json.dumps(with_more(json.loads(body))).encode()
            kept = [each for each in start["headers"] if each[0].lower() != b"content-length"]
            length = (b"content-length", str(len(content)).encode())
            await send({**start, "headers": [*kept, length]})
            await send({"type": "http.response.body", "body": content})

        await app(scope, receive, send_more)

    return wrapped


with serving(api_key=os.environ["HEIDI_SANDBOX_API_KEY"], wrap=wrap) as sandbox:
    print(sandbox.url, flush=True)
    signal.pause()
