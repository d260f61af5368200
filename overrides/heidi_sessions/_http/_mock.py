from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import attrs
import httpx

from heidi_sessions import _json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

Fault: TypeAlias = Literal["refused", "timeout", "cut"]

_FAULTS: Final[Mapping[Fault, type[httpx.TransportError]]] = {
    "refused": httpx.ConnectError,
    "timeout": httpx.ReadTimeout,
    "cut": httpx.RemoteProtocolError,
}


@attrs.frozen
class Received:
    """A request that a mock received.

    Attributes:
        method: in upper case.
        path: with the path of the base URL.
        query: the parameters of the query.
        pairs: the same in their order, a name as often as it is there.
        headers: their names fit in any case.
        json: the body; None if there is none.
        timeout: seconds that the client waits for the response; None for ever.
    """

    method: str
    path: str
    query: Mapping[str, str] = attrs.field(repr=False)
    pairs: Sequence[tuple[str, str]] = attrs.field(repr=False)
    headers: Mapping[str, str] = attrs.field(repr=False)
    json: object = attrs.field(repr=False)
    timeout: float | None


@attrs.frozen
class Reply:
    """A response of a mock."""

    status_code: int
    content: bytes = attrs.field(repr=False)
    headers: Mapping[str, str] = attrs.field(factory=dict[str, str], repr=False)


Handler: TypeAlias = "Callable[[Received], Reply | Fault]"


def mock_client(handler: Handler) -> httpx.Client:
    """Make a client whose requests go to a function."""
    return httpx.Client(transport=_transport(handler))


def mock_async_client(handler: Handler) -> httpx.AsyncClient:
    """Make a client for asyncio whose requests go to a function."""
    return httpx.AsyncClient(transport=_transport(handler))


def _transport(handler: Handler) -> httpx.MockTransport:
    def handle(request: httpx.Request) -> httpx.Response:
        reply = handler(
            Received(
                method=request.method,
                path=request.url.path,
                query=request.url.params,
                pairs=request.url.params.multi_items(),
                headers=request.headers,
                json=_json.load(request.content) if request.content else None,
                timeout=request.extensions.get("timeout", {}).get("read"),
            )
        )
        if not isinstance(reply, Reply):
            raise _FAULTS[reply]("as the test asked for", request=request)
        return httpx.Response(reply.status_code, headers=reply.headers, content=reply.content)

    return httpx.MockTransport(handle)
