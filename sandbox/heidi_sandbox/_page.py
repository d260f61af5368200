"""The reference page: the strict document for people, in one file that loads nothing."""

import base64
import hashlib
import json
from collections.abc import Iterator
from functools import partial
from importlib import resources
from typing import Any, Final

from jinja2 import Environment
from markdown_it import MarkdownIt
from markupsafe import Markup

from heidi_sandbox import _chaos
from heidi_sandbox._document import SEMANTICS, Document
from heidi_sandbox._schemas import Node, follow

_FILES: Final = resources.files("heidi_sandbox")
_STYLE: Final = _FILES.joinpath("page.css").read_text(encoding="utf-8")
_STYLE_HASH: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
CONTENT_SECURITY_POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

_METHODS: Final = ("get", "post", "patch", "put", "delete")
_BOUNDS: Final = ("pattern", "format", "minimum", "maximum", "minLength", "maxLength", "default")
_markdown: Final = MarkdownIt("js-default")  # which lets no HTML through


def token_command(document: Document, url: str, key: str) -> str:
    """Return the shell command that gets a token; a key in it shows in no process list."""
    for operation in document.of("issue"):
        (scheme, *_) = operation.schemes
        word = f"{scheme.word.capitalize()} " if scheme.word else ""
        # printf is built into shells: curl's own arguments would show in the process list.
        return " ".join(
            (
                f"printf '{scheme.header}: {word}%s' {key} | curl --silent --header @- --get",
                *(f"--data-urlencode {name}={value}" for name, value in sample_user(document)),
                f"{url}{operation.template}",
            )
        )
    return "the document says of no operation that it issues one"


def sample_user(document: Document) -> Iterator[tuple[str, str]]:
    """Yield the parameters that name a user, with values of a user that any sandbox knows."""
    for operation in document.of("issue"):
        for index, name in enumerate(operation.semantics["user"]):
            yield name, "1" if index else "clinician@example.com"


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
