"""A server that responds to every GET with the same session, and does as little as possible.

server.py SAMPLE

Writes its port when it is ready, and ends with its standard input.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

END = b"\r\n\r\n"


class Responses(asyncio.Protocol):
    """One connection; a GET ends with its first empty line."""

    def __init__(self, response: bytes) -> None:
        self.response = response
        self.rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  # for type checkers
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Respond to each request that is complete."""
        *requests, self.rest = (self.rest + data).split(END)
        self.transport.write(self.response * len(requests))


async def main(sample: bytes) -> None:
    """Serve until standard input ends."""
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(sample)}"
    response = head.encode() + END + sample
    loop, over = asyncio.get_running_loop(), asyncio.Event()
    server = await loop.create_server(lambda: Responses(response), "127.0.0.1", 0)
    async with server:
        loop.add_reader(sys.stdin, over.set)
        print(json.dumps(server.sockets[0].getsockname()[1]), flush=True)
        await over.wait()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]).read_bytes()))
