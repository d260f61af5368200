"""CPU seconds of one of many concurrent GETs: by our client on aiohttp, and by plain httpx.

gathers.py PORT CONCURRENT CALLS
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import json
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

Get: TypeAlias = Callable[[], Awaitable[object]]
SESSION: Final = "1358142819904139567"


async def gather(get: Get, concurrent: int, calls: int) -> None:
    """Let some tasks make some calls each."""

    async def work() -> None:
        for _ in range(calls):
            await get()

    await asyncio.gather(*(work() for _ in range(concurrent)))


async def seconds(get: Get, concurrent: int, calls: int) -> float:
    """Measure one call, as the mean of all; connections are open before."""
    await gather(get, concurrent, 1)
    gc.collect()
    start = time.process_time()
    await gather(get, concurrent, calls)
    return (time.process_time() - start) / (concurrent * calls)


async def main(port: int, concurrent: int, calls: int) -> None:
    """Measure a round for each line that comes in."""
    server = f"http://127.0.0.1:{port}"
    heidi = importlib.import_module("heidi_sessions")
    httpx = importlib.import_module("httpx")
    async with heidi.AsyncHeidi(token="t", base_url=server) as ours, httpx.AsyncClient() as plain:  # noqa: S106
        cases: dict[str, Get] = {
            "ours": lambda: ours.sessions.get(SESSION),
            "httpx": lambda: plain.get(f"{server}/sessions/{SESSION}"),
        }
        for get in cases.values():
            await gather(get, concurrent, 1)
        if "aiohttp" not in sys.modules:
            sys.exit("the client did not choose aiohttp")
        gc.freeze()  # the cost of imports is not measured
        print(json.dumps("ready"), flush=True)
        for _ in sys.stdin:  # nothing may happen between rounds
            times = {name: await seconds(get, concurrent, calls) for name, get in cases.items()}
            print(json.dumps(times), flush=True)


if __name__ == "__main__":
    asyncio.run(main(*map(int, sys.argv[1:])))
