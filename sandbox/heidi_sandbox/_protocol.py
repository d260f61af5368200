"""HTTP/1.1 as uvicorn speaks it, but for what it logs and how it answers what is not HTTP."""

import asyncio

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from heidi_sandbox._errors import MalformedRequestError

_SLOWEST_REQUEST = 90  # seconds from the first byte awaited to the last


class Protocol(H11Protocol):
    """HTTP/1.1 without an access log, whose own errors have the shape of every other error."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self.access_log = False  # it writes queries, and so email addresses
        self._deadline = self.loop.call_later(_SLOWEST_REQUEST, transport.close)

    def handle_events(self) -> None:
        super().handle_events()
        waiting = self.conn.their_state in (h11.IDLE, h11.SEND_BODY)
        if waiting and self._deadline.cancelled():
            self._deadline = self.loop.call_later(_SLOWEST_REQUEST, self.transport.close)
        elif not waiting:
            self._deadline.cancel()

    def connection_lost(self, exc: Exception | None) -> None:
        self._deadline.cancel()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  # the name is uvicorn's
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            answer = MalformedRequestError("the request is not HTTP/1.1").answer()
            headers = [
                ("content-type", "application/json"),
                ("content-length", str(len(answer.body))),
                ("connection", "close"),
            ]
            for event in (
                h11.Response(status_code=answer.status, headers=headers, reason="Bad Request"),
                h11.Data(data=answer.body),
                h11.EndOfMessage(),
            ):
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()
