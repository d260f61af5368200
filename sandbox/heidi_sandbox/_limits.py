"""What the server grants to one caller, so that there is something left for the next."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Final

from heidi_sandbox._errors import RequestTimeoutError

_NEVER: Final = float("inf")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The bounds of a connection, beside the size of a body, which the API itself sets.

    head: bytes of a request's line and headers, up to twice as many where they come at once; 100
        headers at most.
    head_time: seconds that a connection may wait for a request, and a request for its last header.
    body_time: seconds from the last header to the last byte of the body.
    send_time: seconds that a response may lie unread; where the system knows TCP_USER_TIMEOUT.
    connections: how many there may be at once. Further ones wait.
    """

    head: int = 64 * 1024
    # Longer than clients keep idle connections, so that it is they who close.
    head_time: float = 75
    body_time: float = 60
    send_time: float = 60
    connections: int = 512


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
        """Let no body take longer from now on: the server is about to stop."""
        self._latest = asyncio.get_running_loop().time() + seconds
        for timeout in self._running:
            timeout.reschedule(min(self._latest, timeout.when() or _NEVER))
