"""Everything that the sandbox serves beside the API: health, documents, and the reference page.

The page is the strict document for people, in one file that loads nothing.
"""

import asyncio
import base64
import hashlib
import json
import logging
from collections.abc import Iterator, Mapping
from functools import partial
from http import HTTPStatus
from importlib import resources
from typing import Any, Final

import heidi_spec
from jinja2 import Environment
from markdown_it import MarkdownIt
from markupsafe import Markup

from heidi_sandbox import _chaos
from heidi_sandbox._asgi import Response
from heidi_sandbox._document import SEMANTICS, Document
from heidi_sandbox._errors import MethodNotAllowedError, StoreUnavailableError
from heidi_sandbox._json import dump
from heidi_sandbox._schemas import Node, follow
from heidi_sandbox._store import Store

_FILES: Final = resources.files("heidi_sandbox")
_STYLE: Final = _FILES.joinpath("page.css").read_text(encoding="utf-8")
_STYLE_HASH: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

_METHODS: Final = ("get", "post", "patch", "put", "delete")
_BOUNDS: Final = ("pattern", "format", "minimum", "maximum", "minLength", "maxLength", "default")
_markdown: Final = MarkdownIt("js-default")  # which lets no HTML through

_READY: Final = b"/readyz"
_PATIENCE: Final = 5  # seconds for the store to respond
_HEALTHY: Final = Response(HTTPStatus.OK, dump({"status": "ok"}))
_SELF: Final = "This sandbox."
_SNIFF: Final = {"x-content-type-options": "nosniff"}
_HEADERS: Final = {
    **_SNIFF,
    "content-security-policy": _POLICY,
    "referrer-policy": "no-referrer",
}

_log = logging.getLogger("heidi_sandbox")


class Site:
    """The pages by path; each responds to GET and HEAD.

    pages: what each shows; for readiness, where the store is ready.

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
        self.pages: Mapping[bytes, Response] = {
            b"/": page,
            b"/healthz": _HEALTHY,
            b"/openapi.json": _as_json(document.root, url),
            b"/openapi.yaml": _as_yaml(document.root, url),
            _READY: _HEALTHY,
        }

    async def respond(self, path: bytes, method: str) -> Response:
        """Return the response of a page."""
        if method not in ("GET", "HEAD"):
            error = MethodNotAllowedError("the path has no such method", Allow="GET, HEAD")
            return self._document.refuse(error)
        return await self._ready() if path == _READY else self.pages[path]

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
        return self.pages[_READY]


def _as_json(root: Node, url: str) -> Response:
    """Return the document, with the sandbox as its first server."""
    served = {**root, "servers": [{"url": url, "description": _SELF}, *root["servers"]]}
    text = json.dumps(served, indent=2, ensure_ascii=False).encode()
    return Response(HTTPStatus.OK, text, _SNIFF, "application/json")


def _as_yaml(root: Node, url: str) -> Response:
    """Return the same as it is written, where it is the one of this distribution; else as JSON."""
    if root != heidi_spec.load("strict"):
        return _as_json(root, url)._replace(media_type="application/yaml")
    text = heidi_spec.read("strict", "yaml")
    text = text.replace(
        "\nservers:\n", f"\nservers:\n  - url: {url}\n    description: {_SELF}\n", 1
    )
    return Response(HTTPStatus.OK, text.encode(), _SNIFF, "application/yaml")


# The reference page


def token_command(document: Document, url: str, key: str) -> str:
    """Return the shell command that gets a token; a key in it shows in no process list."""
    for operation in document.of("issue"):
        (scheme, *_) = operation.schemes
        word = f"{scheme.word.capitalize()} " if scheme.word else ""
        user = document.sample_user.items()
        # printf is built into shells: curl's own arguments would show in the process list.
        return " ".join(
            (
                f"printf '{scheme.header}: {word}%s' {key} | curl --silent --header @- --get",
                *(f"--data-urlencode {name}={value}" for name, value in user),
                f"{url}{operation.template}",
            )
        )
    return "the document says of no operation that it issues one"


def _start(document: Document, url: str) -> str:
    command = token_command(document, url, '"$KEY"').replace(" --", " \\\n  --")
    lines = ["# The key that the sandbox printed when it started", "KEY=...", ""]
    lines += [
        "# A token; any values make a user, and one whose first value ends in +unlinked, before"
    ]
    lines += ["# the @ if there is one, has no link", command]
    for operation in document.of("create"):
        lines += ["", f"# A new {operation.semantics['resource']}", "TOKEN=..."]
        lines += ["printf 'Authorization: Bearer %s' \"$TOKEN\" | curl --silent --header @- \\"]
        lines += [f"  --request {operation.method} {url}{operation.template}"]
        break
    return "\n".join((*lines, ""))


def render(document: Document, url: str) -> str:
    """Return the page.

    Args:
        document: the one that the sandbox obeys.
        url: the base URL to show in commands.
    """
    root = document.root
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    filters: dict[str, Any] = {
        "follow": partial(follow, root),
        "markdown": _html,
        "origins": _origins,
        "pretty": partial(json.dumps, indent=2, ensure_ascii=False),
    }
    environment.filters.update(filters)
    template = environment.from_string(_FILES.joinpath("page.html").read_text(encoding="utf-8"))
    return template.render(
        info=root["info"],
        operations=sorted(_operations(root), key=_is_later),
        schemas=root["components"]["schemas"],
        bounds=_BOUNDS,
        style=Markup(_STYLE),  # noqa: S704  # a file of ours
        url=url,
        start=_start(document, url),
        grammar=_chaos.GRAMMAR,
    )


def _html(markdown: str) -> Markup:
    return Markup(_markdown.render(markdown))  # noqa: S704  # it lets no HTML through


def _operations(root: Node) -> Iterator[tuple[str, str, Node]]:
    """Yield method, path and node of each operation."""
    for path, item in root["paths"].items():
        for method in _METHODS:
            if method in item:
                parameters = [*item.get("parameters", []), *item[method].get("parameters", [])]
                yield method.upper(), path, {**item[method], "parameters": parameters}


def _is_later(operation: tuple[str, str, Node]) -> bool:
    """Tell whether an operation comes after the issue of tokens."""
    semantics: Node = operation[2].get(SEMANTICS, {})
    return bool(semantics.get("action") != "issue")


def _origins(node: Node) -> list[str]:
    """Return where a node comes from, and the decisions that narrow it."""
    provenance: Node = node.get("x-provenance", {})
    sources = [provenance.get("source", ""), provenance.get("narrowed_by", "")]
    decisions = [
        source.removeprefix("decision:")
        for joined in sources
        for source in joined.split(", ")
        if source.startswith("decision:")
    ]
    return [word for word in (provenance.get("status"), *decisions) if word]
