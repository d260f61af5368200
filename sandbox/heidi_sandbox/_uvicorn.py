"""The sandbox on uvicorn: its log, its errors and its timeouts are replaced."""

import asyncio
import math
import socket
import sys
from http import HTTPStatus
from typing import Any, Final, cast

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from heidi_sandbox._asgi import App
from heidi_sandbox._document import load_document
from heidi_sandbox._errors import ApiError, HeadersTooLargeError, MalformedRequestError
from heidi_sandbox._limits import Limits

_GRACE: Final = 5  # seconds for the requests that run when the server is asked to stop


class UvicornServer(uvicorn.Server):
    """Serves an application on a socket that listens already."""

    def __init__(self, app: App, listener: socket.socket, limits: Limits) -> None:
        super().__init__(_Config(app, limits))
        self._listener = listener

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        await super().serve(sockets or [self._listener])

    def stop(self) -> None:
        self.should_exit = True


class _Config(uvicorn.Config):
    def __init__(self, app: App, limits: Limits) -> None:
        super().__init__(
            cast("Any", app),
            http=_Protocol,
            ws="none",
            lifespan="off",
            log_config=None,
            server_header=False,
            h11_max_incomplete_event_size=limits.head,
            timeout_keep_alive=math.ceil(limits.head_time),
            timeout_graceful_shutdown=_GRACE,
        )
        self.limits = limits


class _Protocol(H11Protocol):
    """HTTP/1.1 in bounds and without an access log; its errors have the shape of all others."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self.access_log = False  # it writes queries, and so email addresses
        self._limits = cast("_Config", self.config).limits
        self._awaited: object = None
        self._deadline: asyncio.TimerHandle | None = None
        self._await(h11.IDLE)
        if len(self.connections) > self._limits.connections:
            transport.abort()

    def handle_events(self) -> None:
        super().handle_events()
        self._await(self.conn.their_state)

    def connection_lost(self, exc: Exception | None) -> None:
        self._await(None)
        super().connection_lost(exc)

    def _await(self, part: object) -> None:
        """Limit the time for the part of the request that comes next."""
        if part is self._awaited:
            return
        self._awaited = part
        if self._deadline is not None:
            self._deadline.cancel()
        # The application bounds the body; nobody reads one that belongs to no operation.
        times: dict[object, float] = {
            h11.IDLE: self._limits.head_time,
            h11.SEND_BODY: 2 * self._limits.body_time,
        }
        seconds = times.get(part)
        if seconds is not None:
            self._deadline = self.loop.call_later(seconds, self.transport.close)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  # the name is uvicorn's
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            answer = load_document().refuse(_problem(sys.exception()))
            headers = [
                ("content-type", "application/json"),
                ("content-length", str(len(answer.body))),
                ("connection", "close"),
            ]
            reason = HTTPStatus(answer.status).phrase
            for event in (
                h11.Response(status_code=answer.status, headers=headers, reason=reason),
                h11.Data(data=answer.body),
                h11.EndOfMessage(),
            ):
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()


def _problem(error: BaseException | None) -> ApiError:
    """Return what is wrong with a request that h11 refuses."""
    if isinstance(error, h11.RemoteProtocolError) and error.error_status_hint == 431:
        return HeadersTooLargeError("the request line and its headers are too large")
    return MalformedRequestError("the request is not HTTP/1.1")
