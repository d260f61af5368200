"""The clients that we open ourselves: with one SSL context for all, and without cookies.

A cookie that came with the token of one user must not go with the token of another. `request`
sends none; the classes below spare httpx the work of reading them.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import math
from typing import TYPE_CHECKING, Any, Final

import httpx
from heidi_generated.errors import ConfigurationError
from heidi_generated.types import Unset

from ._deadline import within_deadlines

if TYPE_CHECKING:
    import ssl
    from collections.abc import Generator, Mapping

    from heidi_sessions._messages import PreparedRequest
    from heidi_sessions._tokens import Secret


class _NoCookies(httpx.Cookies):
    def extract_cookies(self, response: httpx.Response) -> None:
        """Ignore cookies of responses."""


_NO_COOKIES: Final = _NoCookies()
_NOTHING: Final = httpx.ByteStream(b"")


class _Cookieless:
    @property
    def cookies(self) -> httpx.Cookies:
        return _NO_COOKIES

    @cookies.setter
    def cookies(self, cookies: object) -> None:
        """Ignore cookies that are set."""


class Client(_Cookieless, httpx.Client):
    """An httpx.Client that keeps no cookies, and ends each call at its deadline."""

    def _init_transport(self, *args: Any, **kwargs: Any) -> httpx.BaseTransport:
        return within_deadlines(super()._init_transport(*args, **kwargs))

    def _init_proxy_transport(self, *args: Any, **kwargs: Any) -> httpx.BaseTransport:
        return within_deadlines(super()._init_proxy_transport(*args, **kwargs))


class AsyncClient(_Cookieless, httpx.AsyncClient):
    """An httpx.AsyncClient that keeps no cookies."""


def open_client(base_url: str) -> httpx.Client:
    """Open a client for a server."""
    with _proxies_named():
        return Client(**options(base_url))


def open_async_client(base_url: str) -> httpx.AsyncClient:
    """Open a client for a server and asyncio: on aiohttp, where that is installed."""
    with _proxies_named():
        return async_client_class()(**options(base_url))


@contextlib.contextmanager
def _proxies_named() -> Generator[None]:
    """Say where a proxy comes from that cannot be used; its URL may hold a password."""
    try:
        yield
    except (ValueError, ImportError, httpx.InvalidURL) as error:
        extra = "; for SOCKS, install httpx[socks]" if isinstance(error, ImportError) else ""
        raise ConfigurationError(
            f"cannot be used{extra}", option="HTTPS_PROXY, ALL_PROXY or NO_PROXY"
        ) from None


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
    return encoded({"host": _host(base_url), **_defaults(), **headers})


def _host(base_url: str) -> str:
    return httpx.URL(base_url).netloc.decode()


def encoded(headers: Mapping[str, str]) -> Mapping[str, str]:
    """Encode headers once for all requests."""
    return httpx.Headers(headers)


class Requests:
    """Makes requests for a client of ours, or for one that the user gave.

    `build_request` would merge the same headers each time, which takes half as long as a call.
    """

    def __init__(self, given: httpx.Client | httpx.AsyncClient | None, base_url: str) -> None:
        self._given = given
        self._host = _host(base_url)
        self._merged: tuple[object, object, httpx.Headers] | None = None

    def make(self, prepared: PreparedRequest, token: Secret | None) -> httpx.Request:
        """Make a request, with the token of the user."""
        given, timeout = self._given, prepared.timeout
        method, url, content = prepared.operation.method, prepared.url, prepared.content
        if given is not None and timeout is None:
            timeout = given.timeout
        if given is not None and (given.params or given.cookies):
            made = given.build_request(
                method, url, headers=prepared.headers, content=content, timeout=timeout
            )
        else:
            # A body costs httpx a third of a request, even one of no bytes.
            bare = content is None and method == "GET"
            body: dict[str, Any] = {"stream": _NOTHING} if bare else {"content": content}
            made = httpx.Request(
                method,
                url,
                headers=self._headers(prepared.headers),
                extensions={} if timeout is None else {"timeout": timeout.as_dict()},
                **body,
            )
            made.read()  # for hooks of the user, which may look at it
        if token is not None:
            made.headers["Authorization"] = f"Bearer {token.reveal()}"
        return made

    def _headers(self, ours: Any) -> Any:
        """Add those of the user's client, which may change."""
        if self._given is None:
            return ours
        theirs, merged = self._given.headers.raw, self._merged
        if merged is None or merged[0] != theirs or merged[1] is not ours:
            headers = httpx.Headers({"host": self._host})
            headers.update(self._given.headers)
            headers.update(ours)
            merged = self._merged = (theirs, ours, headers)
        return merged[2]


@functools.cache
def _ssl_context() -> ssl.SSLContext:
    # Reading the certificates takes longer than a call: once for all clients.
    try:
        return httpx.create_ssl_context()
    except OSError as error:
        raise ConfigurationError(
            f"has no certificates: {error.strerror}", option="SSL_CERT_FILE or SSL_CERT_DIR"
        ) from None


@functools.cache
def _defaults() -> Mapping[str, str]:
    with httpx.Client(transport=httpx.BaseTransport()) as client:
        return {"connection": client.headers["connection"]}


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


def hide_what_was_sent(base_url: str) -> None:
    """Keep the queries of requests to this host out of httpx's log, and headers out of hpack's.

    With HTTP/2, hpack logs every header at DEBUG. Its level stays where somebody has set one.

    Raises:
        ConfigurationError: base_url is not a URL.
    """
    try:
        _filter.hosts.add(httpx.URL(base_url).host)
    except httpx.InvalidURL:
        raise ConfigurationError(
            "must be a URL such as https://host/path", option="base_url"
        ) from None
    logging.getLogger("httpx").addFilter(_filter)
    hpack = logging.getLogger("hpack")
    if hpack.level == logging.NOTSET:
        hpack.setLevel(logging.INFO)


def as_timeout(value: Any) -> httpx.Timeout | Unset:
    """Read the option `timeout`, which may be UNSET.

    Raises:
        ConfigurationError: it is not a number of seconds above 0.
    """
    if isinstance(value, (httpx.Timeout, Unset)):
        return value
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ConfigurationError(
            "must be a number of seconds or an httpx.Timeout", option="timeout"
        )
    if not 0 < value < math.inf:
        raise ConfigurationError("must be more than 0 seconds, and finite", option="timeout")
    return httpx.Timeout(value)
