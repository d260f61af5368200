"""The reference page: the strict document for people, in one file that asks nobody for anything."""

import base64
import hashlib
import html
import json
from collections.abc import Iterator
from importlib import resources
from typing import Any, Final

from markdown_it import MarkdownIt

from heidi_sandbox import _chaos
from heidi_sandbox._document import SEMANTICS, Document
from heidi_sandbox._schemas import Node, follow

_STYLE: Final = resources.files("heidi_sandbox").joinpath("page.css").read_text(encoding="utf-8")
_STYLE_HASH: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
CONTENT_SECURITY_POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

_METHODS: Final = ("get", "post", "patch", "put", "delete")
_BOUNDS: Final = ("pattern", "format", "minimum", "maximum", "minLength", "maxLength", "default")
_markdown: Final = MarkdownIt("js-default")  # which lets no HTML through


class _Html(str):
    """Text that is HTML already."""

    __slots__ = ()


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
    strict = document.root
    operations = sorted(_operations(strict), key=lambda one: _action(one[2]) != "issue")
    schemas = strict["components"]["schemas"]
    body = _join(
        _tag("header", _tag("h1", strict["info"]["title"]), _facts(strict)),
        _tag("nav", _tag("h2", "Operations"), _contents(operations), aria_label="Operations"),
        _tag("main", *_main(document, operations, schemas, url)),
    )
    title = f"{strict['info']['title']}: sandbox"
    head = _join(
        _Html('<meta charset="utf-8">'),
        _Html('<meta name="viewport" content="width=device-width, initial-scale=1">'),
        _Html('<link rel="icon" href="data:,">'),
        _tag("title", title),
        _Html(f"<style>{_STYLE}</style>"),
    )
    page = _tag("html", _tag("head", head), _tag("body", body), lang="en")
    return f"<!doctype html>\n{page}\n"


def _main(
    document: Document, operations: list[tuple[str, str, Node]], schemas: Node, url: str
) -> Iterator[_Html]:
    strict = document.root
    yield _tag("h2", "Start here", id="start")
    yield _tag("p", "This server speaks the API below ", _tag("code", url), ".")
    yield _tag("pre", _tag("code", _start(document, url)), tabindex="0")
    yield _tag("h2", "Faults on demand", id="faults")
    yield _tag(
        "p",
        "A sandbox that was started with ",
        _tag("code", "--chaos"),
        " reads from the header ",
        _tag("code", "Heidi-Sandbox-Chaos"),
        " of a request what must go wrong with it. Any other one ignores the header.",
    )
    yield _tag("pre", _tag("code", _chaos.GRAMMAR), tabindex="0")
    yield _tag("h2", "The document", id="document")
    yield _text(strict["info"].get("description", ""))
    for method, path, node in operations:
        yield _operation(strict, method, path, node)
    yield _tag("h2", "Schemas", id="schemas")
    for name, node in schemas.items():
        yield _schema(name, node)


def _facts(strict: Node) -> _Html:
    links = [
        _tag("a", path.removeprefix("/"), href=path)
        for path in ("/openapi.json", "/openapi.yaml", "/healthz", "/readyz")
    ]
    version = _tag("span", f"version {strict['info']['version']}", class_="tag")
    return _tag("p", _join(version, *links, between=" "), class_="quiet")


def _action(node: Node) -> str:
    return str(node.get(SEMANTICS, {}).get("action", ""))


def _operations(root: Node) -> Iterator[tuple[str, str, Node]]:
    """Yield method, path and node of each operation."""
    for path, item in root["paths"].items():
        for method in _METHODS:
            if method in item:
                parameters = [*item.get("parameters", []), *item[method].get("parameters", [])]
                yield method.upper(), path, {**item[method], "parameters": parameters}


def _contents(operations: list[tuple[str, str, Node]]) -> _Html:
    return _tag(
        "ul",
        *(
            _tag(
                "li",
                _tag("a", _signature(method, path), href=f"#{node['operationId']}"),
                f" {node.get('summary', '')}",
            )
            for method, path, node in operations
        ),
    )


def _signature(method: str, path: str) -> _Html:
    return _join(_tag("code", _tag("span", method, class_=f"method {method}"), f" {path}"))


def _operation(root: Node, method: str, path: str, node: Node) -> _Html:
    name = node["operationId"]
    parts = [
        _tag("h3", _signature(method, path)),
        _tag(
            "p",
            _tag("strong", node.get("summary", "")),
            " ",
            _tag("code", name),
            " ",
            _provenance(node),
        ),
        _text(node.get("description", "")),
    ]
    parameters = [follow(root, one) for one in node["parameters"]]
    if parameters:
        parts += [
            _tag("h4", "Parameters"),
            _table("name type meaning", *map(_parameter, parameters)),
        ]
    if "requestBody" in node:
        body = follow(root, node["requestBody"])
        required = "required" if body.get("required") else "may be left out"
        parts += [_tag("h4", f"Body, {required}"), _text(body.get("description", ""))]
        parts += [_content(root, body)]
    responses = ((status, follow(root, one)) for status, one in sorted(node["responses"].items()))
    parts += [
        _tag("h4", "Responses"),
        _table("status meaning", *(_response(root, *response) for response in responses)),
    ]
    return _tag("section", *parts, id=name, class_="card")


def _parameter(node: Node) -> _Html:
    return _row(
        _name(node["name"], required=node.get("required", False)),
        _join(f"in the {node['in']}", _Html("<br>"), _type(node["schema"])),
        _join(_text(_description(node)), _provenance(node)),
    )


def _response(root: Node, status: str, node: Node) -> _Html:
    headers = ", ".join(node.get("headers", {}))
    return _row(
        _tag("code", status),
        _join(
            _text(node["description"]),
            _tag("p", f"Header: {headers}") if headers else "",
            _content(root, node),
            _provenance(node),
        ),
    )


def _content(root: Node, node: Node) -> _Html:
    parts: list[_Html] = []
    for media_type, one in node.get("content", {}).items():
        parts.append(_tag("p", _tag("code", media_type), " ", _type(one["schema"])))
        for name, example in one.get("examples", {}).items():
            value = json.dumps(follow(root, example)["value"], indent=2, ensure_ascii=False)
            code = _tag("pre", _tag("code", value), tabindex="0")
            parts.append(_tag("details", _tag("summary", f"Example: {name}"), code))
    return _join(*parts)


def _schema(name: str, node: Node) -> _Html:
    parts = [_tag("h3", _tag("code", name)), _text(_description(node)), _provenance(node)]
    if "properties" in node:
        required = node.get("required", [])
        parts.append(
            _table(
                "property type meaning",
                *(
                    _row(
                        _name(inner, required=inner in required),
                        _type(one),
                        _join(_text(_description(one)), _provenance(one)),
                    )
                    for inner, one in node["properties"].items()
                ),
            )
        )
    else:
        parts.append(_tag("p", _type(node)))
    return _tag("section", *parts, id=f"schema-{name}", class_="card")


def _name(name: str, *, required: bool) -> _Html:
    mark = _tag("span", " required", class_="required") if required else ""
    return _join(_tag("code", name), mark)


def _type(schema: Node) -> _Html:
    """Write what a schema takes, with a link where it has a name."""
    if "$ref" in schema:
        name, *inner = schema["$ref"].removeprefix("#/components/schemas/").split("/properties/")
        return _tag("a", ".".join((name, *inner)), href=f"#schema-{name}")
    for keyword, between in (("oneOf", " or "), ("anyOf", " or "), ("allOf", " and ")):
        if keyword in schema:
            return _join(*map(_type, schema[keyword]), between=between)
    types: Any = schema.get("type", "any value")
    word: str | _Html = types if isinstance(types, str) else " or ".join(types)
    if "items" in schema:
        word = _join(word, " of ", _type(schema["items"]))
    if "enum" in schema:
        word = _join(word, ": ", ", ".join(str(one) for one in schema["enum"]))
    bounds = [
        _join(_Html("<br>"), f"{bound} ", _tag("code", str(schema[bound])))
        for bound in _BOUNDS
        if bound in schema
    ]
    return _join(word, *bounds)


def _description(node: Node) -> str:
    schema: Node = node.get("schema", {})
    return str(node.get("description") or schema.get("description") or "")


def _provenance(node: Node) -> _Html:
    """Show where a node comes from, and the decisions that narrow it."""
    provenance: Node = node.get("x-provenance", {})
    sources = [provenance.get("source", ""), provenance.get("narrowed_by", "")]
    decisions = [
        source.removeprefix("decision:")
        for joined in sources
        for source in joined.split(", ")
        if source.startswith("decision:")
    ]
    words = [word for word in (provenance.get("status"), *decisions) if word]
    return _join(*(_tag("span", word, class_="tag") for word in words), between=" ")


def _text(markdown: str) -> _Html:
    return _Html(_markdown.render(markdown))


def _table(heads: str, *rows: _Html) -> _Html:
    head = _tag("tr", *(_tag("th", word, scope="col") for word in heads.split()))
    table = _tag("table", _tag("thead", head), _tag("tbody", *rows))
    return _tag("div", table, class_="scroll")


def _row(*cells: str) -> _Html:
    return _tag("tr", *(_tag("td", cell) for cell in cells))


def _tag(name: str, *children: str, **attributes: str) -> _Html:
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{html.escape(text)}"'
        for key, text in attributes.items()
    )
    return _Html(f"<{name}{given}>{_join(*children)}</{name}>")


def _join(*parts: str, between: str = "") -> _Html:
    """Put parts together, escaping those that are not HTML yet."""
    texts = (part if isinstance(part, _Html) else html.escape(part) for part in parts)
    return _Html(html.escape(between).join(texts))
