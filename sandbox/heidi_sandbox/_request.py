"""What the sandbox reads of an HTTP request."""

import contextlib
from typing import Any, Final

from heidi_sandbox._asgi import Receive, Scope
from heidi_sandbox._document import Body
from heidi_sandbox._errors import (
    ContentTooLargeError,
    MalformedRequestError,
    RequestTimeoutError,
    UnsupportedMediaTypeError,
)
from heidi_sandbox._json import MalformedJsonError
from heidi_sandbox._limits import Deadlines

LARGEST_BODY: Final = 1024 * 1024  # bytes
_LARGEST_REST: Final = 8 * LARGEST_BODY
_REST_TIME: Final = 2  # seconds


class Request:
    """An HTTP request, whose body is still to come.

    method: as it was sent, whatever that is.
    path: still quoted; that of the target where the target names a host as well.
    query: still quoted.
    """

    __slots__ = ("_headers", "_more", "_receive", "_version", "method", "path", "query")

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self.method: str = scope["method"]
        self.path = origin_path(scope["raw_path"])
        self.query: bytes = scope["query_string"]
        self._version: str = scope["http_version"]
        self._receive = receive
        self._headers: dict[bytes, bytes | None] = {}
        for name, value in scope["headers"]:
            self._headers[name] = None if name in self._headers else value
        self._more = self.has(b"content-length") or self.has(b"transfer-encoding")

    @property
    def has_one_host(self) -> bool:
        """Whether the request names its host once, as HTTP/1.1 demands."""
        return bool(self._headers.get(b"host")) or self._version != "1.1"

    def has(self, name: bytes) -> bool:
        """Tell whether a header is there, once or more often."""
        return name in self._headers

    def header(self, name: bytes) -> str | None:
        """Return the one value of a header; None if it is missing or given twice."""
        value = self._headers.get(name)
        return None if value is None else value.decode("latin-1")

    async def body(self, rules: Body, deadlines: Deadlines) -> dict[str, Any]:
        """Return the properties of the body that the document names; none where it may be left out.

        Raises:
            ApiError: the body is too large or too slow, breaks off, or is of another media type,
                not JSON, or not as documented.
        """
        declared = self.header(b"content-length") or ""
        if declared.isdecimal() and int(declared) > LARGEST_BODY:
            raise _too_large()
        try:
            async with deadlines.body():
                raw = await self._read()
        except RequestTimeoutError:
            self._more = False  # or no longer waited for
            raise
        if not raw and not rules.required:
            return {}
        media_type = (self.header(b"content-type") or "").partition(";")[0].strip().lower()
        if media_type not in rules.media_types:
            raise UnsupportedMediaTypeError(
                f"the body must be {' or '.join(sorted(rules.media_types))}"
            )
        try:
            return rules.read(raw)
        except MalformedJsonError as error:
            raise MalformedRequestError(f"body: {error}") from None

    async def _read(self) -> bytes:
        body = bytearray()
        while self._more:
            body += await self._next_part()
            if len(body) > LARGEST_BODY:
                raise _too_large()
        return bytes(body)

    async def finish(self, deadlines: Deadlines) -> None:
        """Read past an unwanted body: who cannot send all of it may not see the response."""
        if self._more and not self.has(b"expect"):
            with contextlib.suppress(RequestTimeoutError, MalformedRequestError):
                async with deadlines.body(_REST_TIME):
                    await self._skip(_LARGEST_REST)

    async def _skip(self, left: int) -> None:
        while self._more and left > 0:
            left -= len(await self._next_part())

    async def _next_part(self) -> bytes:
        message = await self._receive()
        if message["type"] == "http.disconnect":
            self._more = False
            # Broken chunks end here as well, and whoever sent them waits for a response.
            raise MalformedRequestError("the body breaks off", Connection="close")
        self._more = message.get("more_body", False)
        part: bytes = message.get("body", b"")
        return part


def origin_path(target: bytes) -> bytes:
    """Return the path of a request target without its query, where it names a host as well."""
    if target[:8].lower().startswith((b"http://", b"https://")):  # RFC 9112, 3.2.2
        return b"/" + target.partition(b"://")[2].partition(b"/")[2]
    return target


def _too_large() -> ContentTooLargeError:
    return ContentTooLargeError(f"the body has more than {LARGEST_BODY} bytes")
