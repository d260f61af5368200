"""One HTTP answer, before it is sent."""

from collections.abc import Mapping
from typing import NamedTuple

from heidi_sandbox._asgi import Send


class Answer(NamedTuple):
    """Status, text, headers by lower-case name, and what the text is."""

    status: int
    body: bytes
    headers: Mapping[str, str] = {}
    media_type: str = "application/json"

    async def send(self, send: Send) -> None:
        """Say it to whoever asked; no cache may keep it."""
        headers = [
            (b"content-type", self.media_type.encode()),
            (b"content-length", b"%d" % len(self.body)),
            (b"cache-control", b"no-store"),
        ]
        headers += [(name.encode(), text.encode()) for name, text in self.headers.items()]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})
