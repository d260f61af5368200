"""How long callers may take to send their bodies."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from typing import Final

from heidi_sandbox._errors import RequestTimeoutError

_NEVER: Final = float("inf")


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
