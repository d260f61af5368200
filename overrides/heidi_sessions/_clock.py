"""Time, in one place, so that a test can replace it."""

from __future__ import annotations

import time

now = time.time
monotonic = time.monotonic
sleep = time.sleep


async def sleep_async(seconds: float) -> None:
    """Sleep in whatever event loop runs."""
    from asyncio import sleep  # noqa: PLC0415  # whoever runs an event loop has imported it

    await sleep(seconds)
