"""The body of a response: decompressed here, so that it never takes more memory than it may."""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING, Any, Final

from heidi_sessions._messages import Response

from ._deadline import left

if TYPE_CHECKING:
    import httpx

    from heidi_sessions._messages import PreparedRequest

_REQUEST_ID_HEADERS: Final = (b"x-request-id", b"request-id", b"x-correlation-id", b"cf-ray")
_READ: Final = {b"content-encoding", *_REQUEST_ID_HEADERS}
_REQUEST_ID: Final = re.compile(rb"[\w.:/+=-]{1,128}")
_GZIP: Final = 16 + zlib.MAX_WBITS


class Body:
    """Takes in a body, piece by piece."""

    def __init__(self, response: httpx.Response, prepared: PreparedRequest) -> None:
        self._response = response
        self._headers = {
            name: value
            for header, value in response.headers.raw
            if (name := header.lower()) in _READ
        }
        self._room = self._limit = prepared.limit
        self._ends = prepared.ends
        self._pieces: list[bytes] = []
        self._zipped: Any = None
        self._problem: str | None = None
        if encoding := self._headers.get(b"content-encoding", b"").strip().lower():
            if encoding == b"gzip":
                self._zipped = zlib.decompressobj(_GZIP)
            elif encoding != b"identity":
                self._problem = "has a Content-Encoding that was not asked for"

    def add(self, piece: bytes) -> bool:
        """Take a piece as it came; say whether to go on.

        Raises:
            httpx.ReadTimeout: the deadline has passed.
        """
        left(self._ends)
        if self._problem is not None:
            return False
        if self._zipped is not None:
            try:
                piece = self._decompressed(piece)
            except zlib.error:
                self._problem = "cannot be decompressed"
                return False
        self._pieces.append(piece)
        self._room -= len(piece)
        if self._room < 0:
            self._problem = f"is larger than max_response_bytes, {self._limit}"
        return self._room >= 0

    def _decompressed(self, piece: bytes) -> bytes:
        """Decompress a piece, up to one byte more than there is room for."""
        whole = b""
        while piece and len(whole) <= self._room:
            if self._zipped.eof:  # RFC 1952, section 2.2: one member may follow another.
                self._zipped = zlib.decompressobj(_GZIP)
            whole += self._zipped.decompress(piece, self._room + 1 - len(whole))
            piece = self._zipped.unused_data
        return whole

    def response(self) -> Response:
        """Return the response with what was read."""
        response, content = self._response, b""
        if self._problem is None and self._pieces and self._zipped and not self._zipped.eof:
            self._problem = "cannot be decompressed: its end is missing"
        if self._problem is None:
            content = b"".join(self._pieces)
        return Response(
            response.status_code,
            response.headers,
            content,
            request_id=self._request_id(),
            problem=self._problem,
        )

    def _request_id(self) -> str | None:
        """The server's id of the request; None if it does not look like an id."""
        for name in _REQUEST_ID_HEADERS:
            if name in self._headers and _REQUEST_ID.fullmatch(self._headers[name]):
                return self._headers[name].decode("ascii")
        return None
