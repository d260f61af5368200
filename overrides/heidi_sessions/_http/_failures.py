from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeGuard

import httpx
from heidi_generated.errors import APIConnectionError, APITimeoutError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from heidi_sessions._messages import PreparedRequest

# The first that fits: the class to raise, and whether the server may have seen the request.
_KINDS: Final[tuple[tuple[type[Exception], type[APIConnectionError], bool], ...]] = (
    (httpx.ConnectTimeout, APITimeoutError, False),
    (httpx.PoolTimeout, APITimeoutError, False),
    (httpx.TimeoutException, APITimeoutError, True),
    (TimeoutError, APITimeoutError, True),
    (httpx.ConnectError, APIConnectionError, False),
    (httpx.ProxyError, APIConnectionError, False),
    (httpx.UnsupportedProtocol, APIConnectionError, False),
    (httpx.InvalidURL, APIConnectionError, False),
)
# httpx-aiohttp 0.2.0 reports every connection that fails as a ConnectTimeout, also one that is
# refused, or breaks after the request was sent, and passes on what aiohttp raises for a response
# that is not HTTP. This is what aiohttp's errors mean, by name, the first that fits: None where
# it is what httpx-aiohttp says.
_MEANINGS: Final[tuple[tuple[str, type[httpx.TransportError] | None], ...]] = (
    ("ServerTimeoutError", None),
    ("ClientHttpProxyError", None),
    ("ClientConnectorError", httpx.ConnectError),
    ("ServerDisconnectedError", httpx.RemoteProtocolError),
    ("ClientConnectionError", httpx.ReadError),
    ("ClientResponseError", httpx.RemoteProtocolError),
)
# What the name of a class does not say.
_IN_WORDS: Final[dict[type[Exception], str]] = {
    httpx.RemoteProtocolError: "the server closed the connection or sent something other than HTTP",
}
# OpenSSL's codes for a certificate that nothing trusted vouches for: its issuer is unknown, or it
# is self-signed. One that has expired or is for another host has another code.
_UNTRUSTED: Final = frozenset({2, 18, 19, 20, 21})


def is_failure(error: BaseException) -> TypeGuard[Exception]:
    """Say whether an exception means that no response came, rather than a bug in a program."""
    kinds = (httpx.HTTPError, httpx.InvalidURL, OSError)
    return isinstance(error, kinds) or _is_aiohttps(error)


def failure(error: Exception, prepared: PreparedRequest) -> APIConnectionError:
    """Say in our own words why no response came.

    Nothing of the original is kept but its kind and what the operating system said: its text and
    its traceback can hold the token, and the body. The cause is made from that.
    """
    meant = _meant(error)
    kind, may_have_arrived = next(
        (row[1:] for row in _KINDS if issubclass(meant, row[0])), (APIConnectionError, True)
    )
    system = _system_error(error)
    name = meant.__name__
    said = system.strerror if system else _IN_WORDS.get(meant)
    reason = f"{name}: {said}" if said else name
    if issubclass(kind, APITimeoutError) and prepared.left <= 0:
        reason = "the deadline passed"
    hint = None if may_have_arrived else prepared.server.hint
    if any(getattr(each, "verify_code", None) in _UNTRUSTED for each in _causes(error)):
        hint = "name the certificates that you trust in SSL_CERT_FILE"
    made = kind(
        **prepared.facts,
        hint=hint,
        reason=reason,
        may_have_arrived=may_have_arrived,
    )
    cause = OSError(system.errno, system.strerror) if system else None
    if issubclass(meant, httpx.TransportError):
        made.__cause__ = meant(str(system.strerror) if system else "")
        made.__cause__.__cause__ = cause
    else:
        made.__cause__ = cause
    return made


def _meant(error: Exception) -> type[Exception]:
    """Return the class of an error; that of what it means, where it comes from aiohttp."""
    source = error if _is_aiohttps(error) else error.__cause__
    if source is None or not _is_aiohttps(source):
        return type(error)
    names = {cls.__name__ for cls in type(source).__mro__}
    return next((meant for name, meant in _MEANINGS if name in names), None) or type(error)


def _is_aiohttps(error: BaseException) -> bool:
    # By name, so that it is imported only where it is used.
    return type(error).__module__.partition(".")[0] == "aiohttp"


def _system_error(error: BaseException) -> OSError | None:
    """Find what the operating system said."""
    said = (each for each in _causes(error) if isinstance(each, OSError) and each.strerror)
    return next(said, None)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception, what caused it, and so on."""
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__
