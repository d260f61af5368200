"""The clients that we open ourselves: with one SSL context for all, and without cookies.

A cookie that came with the token of one user must not go with the token of another. `request`
sends none; the classes below spare httpx the work of reading them.
"""

from __future__ import annotations

import functools
import logging
import math
from typing import TYPE_CHECKING, Any, Final

import httpx
from heidi_generated.errors import ConfigurationError
from heidi_generated.types import Unset

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping

    from heidi_sessions._messages import Outgoing


class _NoCookies(httpx.Cookies):
    def extract_cookies(self, response: httpx.Response) -> None:
        """Leave them where they are."""


_NO_COOKIES: Final = _NoCookies()


class _Cookieless:
    @property
    def cookies(self) -> httpx.Cookies:
        return _NO_COOKIES

    @cookies.setter
    def cookies(self, cookies: object) -> None:
        """Keep none of these either."""


class Client(_Cookieless, httpx.Client):
    """An httpx.Client that keeps no cookies."""


class AsyncClient(_Cookieless, httpx.AsyncClient):
    """An httpx.AsyncClient that keeps no cookies."""


def open_client(base_url: str) -> httpx.Client:
    """Open a client for a server."""
    return Client(**options(base_url))


def open_async_client(base_url: str) -> httpx.AsyncClient:
    """Open a client for a server and asyncio: on aiohttp, where that is installed."""
    return async_client_class()(**options(base_url))


def options(base_url: str) -> dict[str, Any]:
    """Choose the options of a client for a server."""
    # On this machine no proxy is needed, and one from the environment would see plain http.
    return {"verify": _ssl_context(), "trust_env": httpx.URL(base_url).scheme == "https"}


@functools.cache
def async_client_class() -> type[httpx.AsyncClient]:
    """Choose the class of a client for asyncio."""
    try:
        from ._aiohttp import AiohttpClient  # noqa: PLC0415  # the extra [aiohttp]
    except ImportError:
        return AsyncClient

    class CookielessAiohttpClient(_Cookieless, AiohttpClient):
        pass

    return CookielessAiohttpClient


def all_headers(base_url: str, headers: Mapping[str, str]) -> Mapping[str, str]:
    """Write out all headers that the requests of a client of ours have in common."""
    return encoded({"host": httpx.URL(base_url).netloc.decode(), **_defaults(), **headers})


def encoded(headers: Mapping[str, str]) -> Mapping[str, str]:
    """Encode headers once for all requests."""
    return httpx.Headers(headers)


def request(outgoing: Outgoing) -> httpx.Request:
    """Make a request for a client of ours, whose headers are written out already.

    Half as much work as `build_request`, which merges them again with those of the client.
    """
    timeout = {} if outgoing.timeout is None else {"timeout": outgoing.timeout.as_dict()}
    return httpx.Request(
        outgoing.operation.method,
        outgoing.url,
        headers=outgoing.headers,
        content=outgoing.content,
        extensions=timeout,
    )


@functools.cache
def _ssl_context() -> ssl.SSLContext:
    # Reading the certificates takes longer than a call: once for all clients.
    try:
        return httpx.create_ssl_context()
    except OSError as error:
        raise ConfigurationError(
            f"SSL_CERT_FILE or SSL_CERT_DIR: no certificates there, {error.strerror}"
        ) from None


@functools.cache
def _defaults() -> Mapping[str, str]:
    with httpx.Client(transport=httpx.BaseTransport()) as client:
        names = ("accept-encoding", "connection")
        return {name: client.headers[name] for name in names}


# What is logged, and how long to wait


class _HideQueries(logging.Filter):
    """Takes the query out of httpx's own log lines for our hosts: it can hold an email address."""

    def __init__(self) -> None:
        super().__init__()
        self.hosts: set[str] = set()

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(self._hide(value) for value in record.args)
        return True

    def _hide(self, value: object) -> object:
        if isinstance(value, httpx.URL) and value.host in self.hosts:
            return value.copy_with(query=None)
        return value


_filter: Final = _HideQueries()


def hide_queries(base_url: str) -> None:
    """Keep the queries of requests to this host out of httpx's log."""
    _filter.hosts.add(httpx.URL(base_url).host)
    logging.getLogger("httpx").addFilter(_filter)


def as_timeout(value: Any) -> httpx.Timeout | Unset:
    """Read the option `timeout`, which may be UNSET.

    Raises:
        ConfigurationError: it is not a number of seconds above 0.
    """
    if isinstance(value, (httpx.Timeout, Unset)):
        return value
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ConfigurationError("timeout: give a number of seconds or an httpx.Timeout")
    if not 0 < value < math.inf:
        raise ConfigurationError("timeout: give more than 0 seconds, and an end")
    return httpx.Timeout(value)
