"""The proxy that is between a client and the server behind it."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

import pytest
from heidi_conformance.client._proxy import Proxy

if TYPE_CHECKING:
    from heidi_conformance.client._upstream import Upstream


class Behind:
    path = "/api"


async def vanished() -> None:
    proxy = Proxy(cast("Upstream", Behind()), "key", lambda: None)
    await proxy.open()
    address: Any = ("127.0.0.1", urlsplit(proxy.url).port)
    _, writer = await asyncio.open_connection(*address)
    await proxy.vanish()
    writer.close()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(*address)
    with socket.socket() as another:
        another.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with pytest.raises(OSError, match="in use"):
            another.bind(address)
    await proxy.close()


def test_the_port_of_a_closed_proxy_stays_reserved() -> None:
    asyncio.run(vanished())
