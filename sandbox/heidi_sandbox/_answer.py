"""One HTTP response, before it is sent."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from heidi_sandbox._asgi import Send

_PART: Final = (
    256 * 1024
)  # bytes; a larger body is sent in parts, and others have a turn in between


class Answer(NamedTuple):
    """A response.

    headers: by lower-case name.
    media_type: what the body is, None where there is none.
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
        for part in self._parts() if self.rest else ():
            await send({"type": "http.response.body", "body": part, "more_body": True})
            await asyncio.sleep(0)
        body = b"" if self.rest else self.body
        await send({"type": "http.response.body", "body": body})

    def _parts(self) -> Iterator[bytes]:
        part = bytearray(self.body)
        for piece in self.rest:
            part += piece
            if len(part) > _PART:
                yield bytes(part)
                part.clear()
        yield bytes(part)


def joined(
    status: int, pieces: Sequence[bytes], media_type: str | None, headers: Mapping[str, str]
) -> Answer:
    """Return a response whose body is made of pieces."""
    if sum(map(len, pieces)) > _PART:
        return Answer(status, b"", headers, media_type, pieces)
    return Answer(status, b"".join(pieces), headers, media_type)
