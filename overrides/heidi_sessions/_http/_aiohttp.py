"""httpx on aiohttp, without the cookies that aiohttp keeps by itself. Needs the extra [aiohttp]."""

from __future__ import annotations

import functools
from typing import Any

from aiohttp import ClientSession, DummyCookieJar, TCPConnector
from httpx_aiohttp import AiohttpTransport, HttpxAiohttpClient


class AiohttpClient(HttpxAiohttpClient):
    """An httpx.AsyncClient that sends with aiohttp."""

    def _init_transport(self, *args: Any, **kwargs: Any) -> Any:
        return _without_cookies(super()._init_transport(*args, **kwargs))

    def _init_proxy_transport(self, *args: Any, **kwargs: Any) -> Any:
        return _without_cookies(super()._init_proxy_transport(*args, **kwargs))


def _without_cookies(transport: Any) -> Any:
    if isinstance(transport, AiohttpTransport):
        transport.client = functools.partial(_session, transport)
    return transport


def _session(transport: AiohttpTransport) -> ClientSession:
    connector = TCPConnector(
        limit=transport.limits.max_connections or 0,
        keepalive_timeout=transport.limits.keepalive_expiry,
        ssl=transport.ssl_context,
    )
    session = ClientSession(connector=connector, cookie_jar=DummyCookieJar())
    setattr(session, "_retry_connection", False)  # noqa: B010  # it would repeat a GET by itself
    return session
