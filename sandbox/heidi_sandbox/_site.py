"""Everything that the sandbox serves beside the API: health, documents, and the reference page."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from http import HTTPStatus
from importlib import resources
from typing import Final, TypeAlias

import heidi_spec

from heidi_sandbox._asgi import Response
from heidi_sandbox._document import Document
from heidi_sandbox._errors import MethodNotAllowedError, StoreUnavailableError
from heidi_sandbox._json import dump
from heidi_sandbox._page import CONTENT_SECURITY_POLICY, render
from heidi_sandbox._schemas import Node
from heidi_sandbox._store import Store

Page: TypeAlias = Callable[[str], Awaitable[Response]]

_PATIENCE: Final = 5  # seconds for the store to respond
_HEALTHY: Final = Response(HTTPStatus.OK, dump({"status": "ok"}))
_SELF: Final = "This sandbox."
_SNIFF: Final = {"x-content-type-options": "nosniff"}
_HEADERS: Final = {
    **_SNIFF,
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "referrer-policy": "no-referrer",
}

_log = logging.getLogger("heidi_sandbox")


class Site:
    """The pages by path; each responds to GET and HEAD.

    Args:
        store: the one whose readiness is reported.
        document: the one that the sandbox obeys.
        url: the base URL that the reference page and the document show.
    """

    def __init__(self, store: Store, document: Document, url: str) -> None:
        self._store = store
        self._document = document
        url = url or document.base_path
        text = render(document, url).encode()
        page = Response(HTTPStatus.OK, text, _HEADERS, "text/html; charset=utf-8")
        pages: dict[bytes, Callable[[], Awaitable[Response]]] = {
            b"/": partial(_constant, page),
            b"/healthz": partial(_constant, _HEALTHY),
            b"/openapi.json": partial(_constant, _as_json(document.root, url)),
            b"/openapi.yaml": partial(_constant, _as_yaml(document.root, url)),
            b"/readyz": self._ready,
        }
        self.pages: Mapping[bytes, Page] = {
            path: partial(self._read_only, page) for path, page in pages.items()
        }

    async def _ready(self) -> Response:
        try:
            async with asyncio.timeout(_PATIENCE):
                await self._store.ping()
        except StoreUnavailableError as error:
            _log.warning("the store is not ready: %s", type(error).__name__)
            return self._document.refuse(error)
        except Exception as error:  # noqa: BLE001  # whatever it is, the store is not ready
            _log.warning("the store is not ready: %s", type(error).__name__)
            return self._document.refuse(StoreUnavailableError())
        return _HEALTHY

    async def _read_only(self, page: Callable[[], Awaitable[Response]], method: str) -> Response:
        if method not in ("GET", "HEAD"):
            error = MethodNotAllowedError("the path has no such method", Allow="GET, HEAD")
            return self._document.refuse(error)
        return await page()


async def _constant(response: Response) -> Response:
    return response


def _as_json(root: Node, url: str) -> Response:
    """Return the document, with the sandbox as its first server."""
    served = {**root, "servers": [{"url": url, "description": _SELF}, *root["servers"]]}
    text = json.dumps(served, indent=2, ensure_ascii=False).encode()
    return Response(HTTPStatus.OK, text, _SNIFF, "application/json")


def _as_yaml(root: Node, url: str) -> Response:
    """Return the same as it is written, where it is the one of this distribution; else as JSON."""
    if root != heidi_spec.load("strict"):
        return _as_json(root, url)._replace(media_type="application/yaml")
    text = resources.files(heidi_spec).joinpath("strict.yaml").read_text(encoding="utf-8")
    text = text.replace(
        "\nservers:\n", f"\nservers:\n  - url: {url}\n    description: {_SELF}\n", 1
    )
    return Response(HTTPStatus.OK, text.encode(), _SNIFF, "application/yaml")
