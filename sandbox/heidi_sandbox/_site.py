"""What the sandbox serves beside the API: its health, the documents, and their reference page."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from http import HTTPStatus
from importlib import resources
from typing import Any, Final, TypeAlias

from heidi_sandbox._answer import Answer
from heidi_sandbox._errors import ApiError, MethodNotAllowedError, StoreUnavailableError
from heidi_sandbox._json import dump
from heidi_sandbox._page import CONTENT_SECURITY_POLICY, render
from heidi_sandbox._store import Store

Page: TypeAlias = Callable[[str], Awaitable[Answer]]

_PATIENCE: Final = 5  # seconds for the store to answer
_HEALTHY: Final = Answer(HTTPStatus.OK, dump({"status": "ok"}))
_HEADERS: Final = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}

_log = logging.getLogger("heidi_sandbox")


class Site:
    """The pages by path; each answers GET and HEAD.

    Args:
        store: the one whose readiness is told.
        strict: the document that the sandbox obeys.
        client: the document that has the token operation.
        url: the base URL that the reference page shows.
    """

    def __init__(
        self, store: Store, strict: dict[str, Any], client: dict[str, Any], url: str
    ) -> None:
        self._store = store
        text = render(strict, client, url).encode()
        page = Answer(HTTPStatus.OK, text, _HEADERS, "text/html; charset=utf-8")
        pages: dict[bytes, Callable[[], Awaitable[Answer]]] = {
            b"/": partial(_constant, page),
            b"/healthz": partial(_constant, _HEALTHY),
            b"/openapi.json": partial(_constant, _document("strict.json", "application/json")),
            b"/openapi.yaml": partial(_constant, _document("strict.yaml", "application/yaml")),
            b"/readyz": self._ready,
        }
        self.pages: Mapping[bytes, Page] = {
            path: partial(_read_only, answer) for path, answer in pages.items()
        }

    async def _ready(self) -> Answer:
        try:
            async with asyncio.timeout(_PATIENCE):
                await self._store.ping()
        except Exception as error:  # noqa: BLE001  # whatever it is, the store is not ready
            _log.warning("the store is not ready: %s", type(error).__name__)
            return StoreUnavailableError().answer()
        return _HEALTHY


async def _constant(answer: Answer) -> Answer:
    return answer


async def _read_only(answer: Callable[[], Awaitable[Answer]], method: str) -> Answer:
    if method not in ("GET", "HEAD"):
        error: ApiError = MethodNotAllowedError("the path has no such method", Allow="GET, HEAD")
        return error.answer()
    return await answer()


def _document(file: str, media_type: str) -> Answer:
    text = resources.files("heidi_spec").joinpath(file).read_bytes()
    return Answer(HTTPStatus.OK, text, {"x-content-type-options": "nosniff"}, media_type)
