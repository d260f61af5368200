"""The limits of one caller, so that others are served as well."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Final

from heidi_sandbox._asgi import App, Receive, Scope, Send
from heidi_sandbox._errors import RequestTimeoutError

_NEVER: Final = float("inf")
_OWN_FILES: Final = 100  # that a process needs beside its connections
_MACOS_FILES: Final = 10_240  # what macOS allows where it says that there is no bound


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The bounds of a connection, beside the size of a body, which the API itself sets.

    head: bytes of a request's line and headers, up to twice as many where they come at once; 100
        headers at most.
    head_time: seconds that a connection may wait for a request, and a request for its last header.
    body_time: seconds from the last header to the last byte of the body.
    send_time: seconds that a response may lie unread; where the system knows TCP_USER_TIMEOUT.
    connections: how many there may be at once, or as many as the process may open files. Further
        ones wait.
    requests: how many may run at once. Further ones wait; an idle connection has none.
    """

    head: int = 64 * 1024
    # Longer than clients keep idle connections, so that it is they who close.
    head_time: float = 75
    body_time: float = 60
    send_time: float = 60
    connections: int = 12_000
    requests: int = 512


def possible_connections(wanted: int) -> int:
    """Return how many connections this process can have, at most as many as are wanted."""
    if sys.platform == "win32":
        return wanted
    import resource  # noqa: PLC0415  # Windows has none

    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = soft == resource.RLIM_INFINITY
    return wanted if unlimited else max(1, min(wanted, soft - _OWN_FILES))


def allow_connections(wanted: int) -> None:
    """Let this process open as many files as that takes, or as many as it may."""
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415  # Windows has none

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = wanted + _OWN_FILES
    if hard != resource.RLIM_INFINITY:
        most = min(most, hard)
    for files in (most, min(most, _MACOS_FILES)):
        if soft == resource.RLIM_INFINITY or soft >= files:
            return
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (files, hard))
            return


class Turns:
    """Limits how many requests of an application run at once.

    Args:
        app: the application.
        count: how many; further ones wait for their turn.
    """

    def __init__(self, app: App, count: int) -> None:
        self._app = app
        self._free = asyncio.Semaphore(count)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with self._free:
            await self._app(scope, receive, send)


class Deadlines:
    """The deadlines of the bodies that are on their way.

    Args:
        seconds: what each body is given.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._latest = _NEVER
        self._running: set[asyncio.Timeout] = set()

    @contextlib.asynccontextmanager
    async def body(self, most: float = _NEVER) -> AsyncGenerator[None, None]:
        """Bound the time that the block takes.

        Args:
            most: seconds, where a body is given less than usual.

        Raises:
            RequestTimeoutError: the block took too long.
        """
        end = asyncio.get_running_loop().time() + min(self._seconds, most)
        try:
            async with asyncio.timeout_at(min(end, self._latest)) as timeout:
                self._running.add(timeout)
                try:
                    yield
                finally:
                    self._running.discard(timeout)
        except TimeoutError:
            raise RequestTimeoutError("the body came too slowly", Connection="close") from None

    def hurry(self, seconds: float) -> None:
        """Limit the time of all bodies from now on: the server is about to stop."""
        self._latest = asyncio.get_running_loop().time() + seconds
        for timeout in self._running:
            timeout.reschedule(min(self._latest, timeout.when() or _NEVER))
