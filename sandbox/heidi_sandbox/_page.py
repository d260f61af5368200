"""The reference page: the strict document for people, in one file that asks nobody for anything."""

import base64
import hashlib
import html
import json
from collections.abc import Iterator
from importlib import resources
from typing import Any, Final, TypeAlias

from markdown_it import MarkdownIt

from heidi_sandbox import _chaos

Node: TypeAlias = dict[str, Any]

_STYLE: Final = resources.files("heidi_sandbox").joinpath("page.css").read_text(encoding="utf-8")
_STYLE_HASH: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
CONTENT_SECURITY_POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

_METHODS: Final = ("get", "post", "patch", "put", "delete")
_BOUNDS: Final = ("pattern", "format", "minimum", "maximum", "minLength", "maxLength", "default")
_markdown: Final = MarkdownIt("js-default")  # which lets no HTML through

_START: Final = """\
# The key that the sandbox printed when it started
HEIDI_API_KEY=...

# A token; any email and id make a user, and one that ends in +unlinked before the @ has no link
printf 'Heidi-Api-Key: %s' "$HEIDI_API_KEY" | curl --silent --header @- --get \\
  --data-urlencode email=clinician@example.com \\
  --data-urlencode third_party_internal_id=1 \\
  URL/jwt

# A session
TOKEN=...
printf 'Authorization: Bearer %s' "$TOKEN" | curl --silent --header @- --request POST \\
  URL/sessions
"""


class _Html(str):
    """Text that is HTML already."""

    __slots__ = ()


def render(strict: Node, client: Node, url: str) -> str:
    """Return the page.

    Args:
        strict: the document that the sandbox obeys.
        client: the document that has the token operation; what both have is shown as in the first.
        url: the base URL to show in commands.
    """
    operations = list(_operations(strict, client))
    schemas = {**_token_schemas(strict, client), **strict["components"]["schemas"]}
    body = _join(
        _tag("header", _tag("h1", strict["info"]["title"]), _facts(strict)),
        _tag("nav", _tag("h2", "Operations"), _contents(operations), aria_label="Operations"),
        _tag("main", *_main(strict, operations, schemas, url)),
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
    strict: Node, operations: list[tuple[Node, str, str, Node]], schemas: Node, url: str
) -> Iterator[_Html]:
    yield _tag("h2", "Start here", id="start")
    yield _tag("p", "This server speaks the API below ", _tag("code", url), ".")
    yield _tag("pre", _tag("code", _START.replace("URL", url)), tabindex="0")
    yield _tag("h2", "Faults on demand", id="faults")
    yield _tag(
        "p",
        "A sandbox that was started with ",
        _tag("code", "--chaos"),
        " reads from the header ",
        _tag("code", "Heidi-Sandbox-Chaos"),
        " of a request what is to go wrong with it. Any other one ignores the header.",
    )
    yield _tag("pre", _tag("code", _chaos.GRAMMAR), tabindex="0")
    yield _tag("h2", "The document", id="document")
    yield _text(strict["info"].get("description", ""))
    for root, method, path, node in operations:
        yield _operation(root, method, path, node)
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


def _token_schemas(strict: Node, client: Node) -> Node:
    """Return the schemas that only the token operation names."""
    own = client["components"]["schemas"].keys() - strict["components"]["schemas"].keys()
    return {name: client["components"]["schemas"][name] for name in sorted(own)}


def _operations(strict: Node, client: Node) -> Iterator[tuple[Node, str, str, Node]]:
    """Yield document, method, path and node of each operation, that of the token first."""
    paths = {path: (client, item) for path, item in client["paths"].items()}
    paths |= {path: (strict, item) for path, item in strict["paths"].items()}
    for path, (root, item) in sorted(paths.items(), key=lambda pair: pair[1][0] is strict):
        for method in _METHODS:
            if method in item:
                parameters = [*item.get("parameters", []), *item[method].get("parameters", [])]
                yield root, method.upper(), path, {**item[method], "parameters": parameters}


def _contents(operations: list[tuple[Node, str, str, Node]]) -> _Html:
    return _tag(
        "ul",
        *(
            _tag(
                "li",
                _tag("a", _signature(method, path), href=f"#{node['operationId']}"),
                f" {node.get('summary', '')}",
            )
            for _, method, path, node in operations
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
    parameters = [_resolve(root, one) for one in node["parameters"]]
    if parameters:
        parts += [
            _tag("h4", "Parameters"),
            _table("name type meaning", *map(_parameter, parameters)),
        ]
    if "requestBody" in node:
        body = _resolve(root, node["requestBody"])
        required = "required" if body.get("required") else "may be left out"
        parts += [_tag("h4", f"Body, {required}"), _text(body.get("description", ""))]
        parts += [_content(root, body)]
    answers = ((status, _resolve(root, one)) for status, one in sorted(node["responses"].items()))
    parts += [
        _tag("h4", "Answers"),
        _table("status meaning", *(_answer(root, *answer) for answer in answers)),
    ]
    return _tag("section", *parts, id=name, class_="card")


def _parameter(node: Node) -> _Html:
    return _row(
        _name(node["name"], required=node.get("required", False)),
        _join(f"in the {node['in']}", _Html("<br>"), _type(node["schema"])),
        _join(_text(_description(node)), _provenance(node)),
    )


def _answer(root: Node, status: str, node: Node) -> _Html:
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
            value = json.dumps(_resolve(root, example)["value"], indent=2, ensure_ascii=False)
            code = _tag("pre", _tag("code", value), tabindex="0")
            parts.append(_tag("details", _tag("summary", f"Example: {name}"), code))
    return _join(*parts)


def _schema(name: str, node: Node) -> _Html:
    parts = [_tag("h3", _tag("code", name)), _text(_description(node)), _provenance(node)]
    if "properties" in node:
        required = node.get("required", [])
        parts.append(
            _table(
                "member type meaning",
                *(
                    _row(
                        _name(member, required=member in required),
                        _type(one),
                        _join(_text(_description(one)), _provenance(one)),
                    )
                    for member, one in node["properties"].items()
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
        name, *member = schema["$ref"].removeprefix("#/components/schemas/").split("/properties/")
        return _tag("a", ".".join((name, *member)), href=f"#schema-{name}")
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


def _resolve(root: Node, node: Node) -> Node:
    while "$ref" in node:
        target: Node = root
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part.replace("~1", "/").replace("~0", "~")]
        node = target
    return node


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
