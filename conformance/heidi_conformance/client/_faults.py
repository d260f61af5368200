"""What the proxy does to an exchange instead of passing it on, or to the response afterwards."""

import asyncio
import contextlib
import itertools
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ._proxy import JSON_TYPE, Act, Reply, Visit, error

HTML = b"<!DOCTYPE html><html><head><title>Error</title></head><body>Bad gateway</body></html>"
HTML_TYPE = ("Content-Type", "text/html; charset=utf-8")
GONE = Reply(0, gone=True)


def respond(status: int, content: Any = None, *headers: tuple[str, str], kind: str = "") -> Act:
    """Respond with JSON; with an error, where a type is given and no content."""
    told = (
        error(kind, f"the server responds with {status}") if content is None and kind else content
    )
    body = b"" if told is None else json.dumps(told).encode()
    return plain(status, body, *(() if told is None else (JSON_TYPE,)), *headers)


def plain(status: int, body: bytes, *headers: tuple[str, str]) -> Act:
    """Respond with bytes."""

    async def act(_: Visit) -> Reply:
        return Reply(status, headers, body)

    return act


def page(status: int) -> Act:
    """Respond with a page of HTML, as gateways do."""
    return plain(status, HTML, HTML_TYPE)


async def dropped(_: Visit) -> Reply:
    """Close the connection, and do nothing."""
    return GONE


async def lost(visit: Visit) -> Reply:
    """Do what is asked for, and close the connection instead of a response."""
    await visit.forward()
    return GONE


def done_but(status: int, body: bytes, *headers: tuple[str, str]) -> Act:
    """Do what is asked for, and respond with something else."""

    async def act(visit: Visit) -> Reply:
        await visit.forward()
        return Reply(status, headers, body)

    return act


def changed(change: Callable[[Any], Any]) -> Act:
    """Change the JSON of a success."""

    async def act(visit: Visit) -> Reply:
        reply = await visit.forward()
        if reply.status >= 300 or reply.content is None:
            return reply
        return reply.with_content(change(reply.content))

    return act


def reshaped(change: Callable[[Reply, Visit], Reply]) -> Act:
    """Change how a success is sent."""

    async def act(visit: Visit) -> Reply:
        reply = await visit.forward()
        return reply if reply.status >= 300 else change(reply, visit)

    return act


def as_gzip(reply: Reply, visit: Visit) -> Reply:
    """Compress a response where the client says that it can read that."""
    if "gzip" not in (visit.exchange.header("accept-encoding") or ""):
        return reply
    headers = (*reply.headers, ("Content-Encoding", "gzip"))
    return replace(reply, headers=headers, gzip=True)


def in_pieces(reply: Reply, _: Visit) -> Reply:
    """Send a response in chunks of 7 bytes, which end within characters."""
    return replace(reply, pieces=7)


def half(reply: Reply, _: Visit) -> Reply:
    """Send half of a response as if it were all."""
    return replace(reply, body=reply.body[: len(reply.body) // 2])


def broken_off(reply: Reply, _: Visit) -> Reply:
    """Close the connection in the middle of a response."""
    return replace(reply, cut=len(reply.body) // 2)


def stalled(reply: Reply, _: Visit) -> Reply:
    """Send half of a response, and nothing more."""
    return replace(reply, cut=len(reply.body) // 2, stalls=True)


def typed(media_type: str) -> Callable[[Reply, Visit], Reply]:
    """Say another media type; none where it is empty."""

    def change(reply: Reply, _: Visit) -> Reply:
        kept = [item for item in reply.headers if item[0].lower() != "content-type"]
        return replace(
            reply, headers=(*kept, *([("Content-Type", media_type)] if media_type else []))
        )

    return change


def redirected(to: Callable[[Visit], str], status: int = 307) -> Act:
    """Send the client to another host."""

    async def act(visit: Visit) -> Reply:
        return Reply(status, (("Location", to(visit)),))

    return act


def late(seconds: float, act: Act) -> Act:
    """Wait first."""

    async def waiting(visit: Visit) -> Reply:
        await asyncio.sleep(seconds)
        return await act(visit)

    return waiting


def together(number: int, seconds: float = 0.3) -> Act:
    """Hold back responses until as many are there, or for some seconds; then give all at once."""
    arrived = itertools.count(1)
    release = asyncio.Event()

    async def act(visit: Visit) -> Reply:
        reply = await visit.forward()
        if next(arrived) < number:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(release.wait(), seconds)
        # A client that sends sequentially is delayed once.
        release.set()
        return reply

    return act
