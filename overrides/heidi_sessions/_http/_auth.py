from __future__ import annotations

from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator

    from heidi_sessions._secret import Secret
    from heidi_sessions._tokens import TokenSource


class TokenAuth(httpx.Auth):
    """Sends the token of a source, and once more with a fresh one after a 401.

    Spec: bearerAuth (documented).
    """

    def __init__(self, source: TokenSource, base_url: str) -> None:
        self._source = source
        self._origin = _origin(httpx.URL(base_url))

    def sync_auth_flow(
        self, request: httpx.Request
    ) -> Generator[httpx.Request, httpx.Response, None]:
        """Yield the request with a token; a request to another host goes without."""
        if _origin(request.url) != self._origin:
            yield request
            return
        token = self._source.token()
        response = yield _authorize(request, token)
        if response.status_code == 401:
            fresh = self._source.token(refused=token)
            if fresh != token:
                yield _authorize(request, fresh)

    async def async_auth_flow(
        self, request: httpx.Request
    ) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Yield the request with a token; a request to another host goes without."""
        if _origin(request.url) != self._origin:
            yield request
            return
        token = await self._source.token_async()
        response = yield _authorize(request, token)
        if response.status_code == 401:
            fresh = await self._source.token_async(refused=token)
            if fresh != token:
                yield _authorize(request, fresh)


def _authorize(request: httpx.Request, token: Secret) -> httpx.Request:
    request.headers["Authorization"] = f"Bearer {token.reveal()}"
    return request


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port
