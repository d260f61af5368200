"""The strict document: which paths there are, and the rules of their operations."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain
from typing import Any, TypeAlias
from urllib.parse import unquote, urlsplit

from jsonschema_rs import Draft202012Validator

from heidi_sandbox._rules import Body, Members, Operation, Parameter, Response

Node: TypeAlias = dict[str, Any]

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


@dataclass(frozen=True, slots=True)
class PathItem:
    """One path: its segments, None where a parameter stands, and its operations by method."""

    template: str
    segments: tuple[str | None, ...]
    names: tuple[str, ...]
    operations: Mapping[str, Operation]

    @property
    def allow(self) -> str:
        return ", ".join(sorted(self.operations))

    def name(self, method: str) -> str:
        """Return what is logged of a request: of what was sent, a method of the standard alone."""
        operation = self.operations.get(method)
        if operation is not None:
            return operation.id
        known = method.lower() in _METHODS
        return f"{method if known else 'another method of'} {self.template}"

    @property
    def any_operation(self) -> Operation:
        """Return one operation, to speak for the path where the method names none."""
        return next(iter(self.operations.values()))

    def match(self, segments: list[str]) -> dict[str, str] | None:
        """Return the path parameters, or None where as many segments are another path."""
        values: list[str] = []
        for own, given in zip(self.segments, segments, strict=True):
            if own is None and given:
                values.append(given)
            elif own != given:
                return None
        return dict(zip(self.names, values, strict=True))


@dataclass(frozen=True, slots=True)
class Document:
    """Every path of one or more OpenAPI documents, below the path of the first one's server.

    key_header: the header that carries a partner's key.
    paths: by number of segments, in the order in which they are tried.
    """

    base_path: str
    key_header: str
    paths: Mapping[int, Sequence[PathItem]]

    @property
    def operations(self) -> Iterator[Operation]:
        items = chain.from_iterable(self.paths.values())
        return (operation for item in items for operation in item.operations.values())

    @property
    def methods(self) -> Iterator[str]:
        items = chain.from_iterable(self.paths.values())
        return chain.from_iterable(item.operations for item in items)

    def find(self, raw_path: bytes) -> tuple[PathItem, dict[str, str]] | None:
        """Return the path item that a request target leads to, with its path parameters."""
        quoted = raw_path.decode("latin-1")
        if not quoted.startswith(f"{self.base_path}/"):
            return None
        # Split first, decode then: %2F is a part of a segment.
        segments = [unquote(part) for part in quoted[len(self.base_path) + 1 :].split("/")]
        for item in self.paths.get(len(segments), ()):
            values = item.match(segments)
            if values is not None:
                return item, values
        return None


def read_document(strict: Node, *others: Node) -> Document:
    """Return the rules of the strict document, with the operations that only the others have."""
    paths: dict[str, PathItem] = {}
    for root in (strict, *others):
        for template, node in root["paths"].items():
            paths.setdefault(template, _path_item(root, template, node))
    by_length: dict[int, list[PathItem]] = {}
    # linked-user first: it also matches {session_id}.
    for item in sorted(paths.values(), key=lambda item: len(item.names)):
        by_length.setdefault(len(item.segments), []).append(item)
    base_path = urlsplit(str(strict["servers"][0]["url"])).path.rstrip("/")
    return Document(base_path, _key_header(strict, *others), by_length)


def _key_header(*roots: Node) -> str:
    schemes = chain.from_iterable(root["components"]["securitySchemes"].values() for root in roots)
    return next(str(one["name"]) for one in schemes if one["type"] == "apiKey")


def _path_item(root: Node, template: str, node: Node) -> PathItem:
    parts = template.removeprefix("/").split("/")
    return PathItem(
        template=template,
        segments=tuple(None if part.startswith("{") else part for part in parts),
        names=tuple(part.strip("{}") for part in parts if part.startswith("{")),
        operations={
            method.upper(): _operation(root, node, node[method])
            for method in _METHODS
            if method in node
        },
    )


def _operation(root: Node, path_node: Node, node: Node) -> Operation:
    parameters = [
        _resolve(root, parameter)
        for parameter in (*path_node.get("parameters", ()), *node.get("parameters", ()))
    ]
    responses = {status: _resolve(root, response) for status, response in node["responses"].items()}
    return Operation(
        id=node["operationId"],
        scheme=next(iter(node["security"][0])),
        query=tuple(_parameter(root, one) for one in parameters if one["in"] == "query"),
        body=_body(root, _resolve(root, node["requestBody"])) if "requestBody" in node else None,
        responses={status: _response(root, one) for status, one in responses.items()},
    )


def _parameter(root: Node, node: Node) -> Parameter:
    schema = _resolve(root, node["schema"])
    types: list[str] = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
    if not {"integer", "string"}.issuperset(types):
        raise NotImplementedError(f"query parameter {node['name']}: cannot read a {types}")
    return Parameter(
        name=node["name"],
        required=node.get("required", False),
        default=schema.get("default"),
        is_integer="string" not in types,
        validator=_validator(root, schema),
    )


def _body(root: Node, node: Node) -> Body:
    schema = node["content"]["application/json"]["schema"]
    return Body(
        required=node.get("required", False),
        media_types=frozenset(node["content"]),
        members=_members(root, schema) or {},
        validator=_validator(root, schema),
    )


def _response(root: Node, node: Node) -> Response:
    headers = {name.lower(): _resolve(root, one) for name, one in node.get("headers", {}).items()}
    return Response(
        headers=frozenset(name for name, header in headers.items() if header.get("required")),
        validator=_validator(root, node["content"]["application/json"]["schema"]),
    )


def _members(root: Node, schema: Node) -> Members | None:
    """Return the named members of an object, None where it names none and is taken whole."""
    properties: Node = _resolve(root, schema).get("properties", {})
    return {name: _members(root, node) for name, node in properties.items()} or None


def _resolve(root: Node, node: Node) -> Node:
    while "$ref" in node:
        target: Node = root
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part.replace("~1", "/").replace("~0", "~")]
        node = target
    return node


def _validator(root: Node, schema: Node) -> Draft202012Validator:
    return Draft202012Validator(
        {**schema, "components": root["components"]},
        validate_formats=True,
        formats={"date": _is_date},
        mask="the value",
        offline=True,
    )


def _is_date(text: str) -> bool:
    """Tell whether a text is a day of the calendar; the built-in check takes the year 0000."""
    if _DATE.fullmatch(text) is None:
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
