"""Connections: opened at first use, shared by clients that derive from each other.

A child process opens its own, and so does each event loop. A client that the user gave is used as
it is, and left open.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import httpx
from heidi_generated.errors import ClosedClientError, ConfigurationError, HeidiError

from heidi_sessions import _fork
from heidi_sessions._messages import Response

from ._body import Body
from ._clients import Requests, hide_what_was_sent, open_async_client, open_client
from ._deadline import wait_until
from ._failures import failure, is_failure

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from collections.abc import AsyncGenerator

    from heidi_sessions._messages import PreparedRequest
    from heidi_sessions._tokens import Secret

# A child process must not close the connections that it inherits: they are its parent's.
_inherited: Final[list[object]] = []
# A response and its stream refer to each other, and would keep the body until the next collection.
_DRAINED: Final = httpx.ByteStream(b"")
_NO_AUTH: Final = httpx.Auth()


class SyncPool:
    """The connections of a `Heidi` and of all that derive from it."""

    def __init__(self, base_url: str, given: httpx.Client | None) -> None:
        _check_kind(given, httpx.Client)
        hide_what_was_sent(base_url)
        self._base_url = base_url
        self._given = given
        self._requests = Requests(given, base_url)
        self._own: httpx.Client | None = None
        self._closed = False
        self._lock = threading.Lock()
        _fork.start_over_in_child(self)

    def send(self, prepared: PreparedRequest, token: Secret | None) -> Response | HeidiError:
        """Make one attempt; what goes wrong is returned, stripped of what it saw."""
        client = self._given or self._own or self._open()
        _refuse_closed(client, closed=self._closed)
        if prepared.left <= 0:
            return prepared.too_late()
        try:
            wait_until(prepared.ends)
            response = client.send(
                self._requests.make(prepared, token),
                auth=_NO_AUTH,
                follow_redirects=False,
                stream=True,
            )
            body = Body(response, prepared)
            try:
                for piece in _pieces(response):
                    if not body.add(piece):
                        break
            finally:
                response.close()
                response.stream = _DRAINED
        except BaseException as error:  # noqa: BLE001  # what is not a failure is raised again
            return _outcome(error, prepared)
        return body.response()

    def close(self) -> None:
        """Close what was opened here."""
        with self._lock:
            self._closed = True
            own, self._own = self._own, None
        if own is not None:
            own.close()

    def _open(self) -> httpx.Client:
        with self._lock:
            _refuse_closed(None, closed=self._closed)
            if self._own is None:
                self._own = open_client(self._base_url)
            return self._own

    def start_over(self) -> None:
        _inherited.append(self._own)
        self._own = None
        self._lock = threading.Lock()


class AsyncPool:
    """The connections of an `AsyncHeidi` and of all that derive from it, for each event loop."""

    def __init__(self, base_url: str, given: httpx.AsyncClient | None) -> None:
        _check_kind(given, httpx.AsyncClient)
        hide_what_was_sent(base_url)
        self._base_url = base_url
        self._given = given
        self._requests = Requests(given, base_url)
        self._own: dict[AbstractEventLoop, _Opened] = {}
        self._closed = False
        self._lock = threading.Lock()
        _fork.start_over_in_child(self)

    async def send(self, prepared: PreparedRequest, token: Secret | None) -> Response | HeidiError:
        """Make one attempt; what goes wrong is returned, stripped of what it saw."""
        from asyncio import timeout  # noqa: PLC0415  # not for those who are not async

        client = self._given or await self._of_this_loop()
        _refuse_closed(client, closed=self._closed)
        if (seconds := prepared.left) <= 0:
            return prepared.too_late()
        try:
            async with timeout(seconds):
                response = await client.send(
                    self._requests.make(prepared, token),
                    auth=_NO_AUTH,
                    follow_redirects=False,
                    stream=True,
                )
                body = Body(response, prepared)
                try:
                    async for piece in _pieces(response):
                        if not body.add(piece):
                            break
                finally:
                    await response.aclose()
                    response.stream = _DRAINED
        except BaseException as error:  # noqa: BLE001  # what is not a failure is raised again
            return _outcome(error, prepared)
        return body.response()

    async def close(self) -> None:
        """Close the connections of this event loop; other loops close their own."""
        with self._lock:
            self._closed = True
            own, self._own = self._own.pop(_running_loop(), None), {}
        if own is not None:
            await own.end.aclose()

    async def _of_this_loop(self) -> httpx.AsyncClient:
        loop = _running_loop()
        own = self._own.get(loop)
        if own is not None:
            return own.client
        with self._lock:
            _refuse_closed(None, closed=self._closed)
            self._own = {loop: own for loop, own in self._own.items() if not loop.is_closed()}
            client = open_async_client(self._base_url)
            own = self._own[loop] = _Opened(client, _close_at_the_end(client))
        await anext(own.end)
        return client

    def start_over(self) -> None:
        _inherited.append(self._own)
        self._own = {}
        self._lock = threading.Lock()


class _Opened(NamedTuple):
    """The connections of one event loop, and what closes them."""

    client: httpx.AsyncClient
    end: AsyncGenerator[None]


async def _close_at_the_end(client: httpx.AsyncClient) -> AsyncGenerator[None]:
    # An event loop closes the generators that it has started: asyncio.run before it ends, and any
    # loop once nothing refers to them. Nothing else learns that a loop ends.
    try:
        yield
    finally:
        await client.aclose()


def _check_kind(given: object, kind: type) -> None:
    if given is not None and not isinstance(given, kind):
        raise ConfigurationError(f"must be an httpx.{kind.__name__}", option="http_client")


def _outcome(error: BaseException, prepared: PreparedRequest) -> Response | HeidiError:
    if isinstance(error, httpx.HTTPStatusError):  # from a hook of the user that refuses statuses
        return Response(error.response.status_code, error.response.headers, b"")
    if is_failure(error):
        return failure(error, prepared)
    if isinstance(error, Exception):
        raise error
    # Ctrl-C or a task that is cancelled: httpx's frames hold the token and the body.
    raise error.with_traceback(None)


def _refuse_closed(client: httpx.Client | httpx.AsyncClient | None, *, closed: bool) -> None:
    if closed or (client is not None and client.is_closed):
        raise ClosedClientError("this client is closed: make a new one")


def _pieces(response: httpx.Response) -> Any:
    """Return the undecoded body, or the decoded one if a hook of the user has read it."""
    return httpx.ByteStream(response.content) if response.is_stream_consumed else response.stream


def _running_loop() -> AbstractEventLoop:
    from asyncio import get_running_loop  # noqa: PLC0415  # not for those who are not async

    try:
        return get_running_loop()
    except RuntimeError:
        raise ConfigurationError("AsyncHeidi runs on asyncio: await it in asyncio.run") from None
