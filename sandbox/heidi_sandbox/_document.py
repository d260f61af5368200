"""The strict document as rules: which paths there are, what they take, and what they may answer."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeAlias
from urllib.parse import unquote, unquote_to_bytes, urlsplit

from jsonschema_rs import Draft202012Validator, ValidationError

from heidi_sandbox._answer import Answer
from heidi_sandbox._errors import InvalidRequestError
from heidi_sandbox._json import inexact_numbers, path_text

Node: TypeAlias = dict[str, Any]
Members: TypeAlias = Mapping[str, "Members | None"]

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,18})", re.ASCII)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Parameter:
    """One query parameter."""

    name: str
    required: bool
    default: Any
    is_integer: bool
    validator: Draft202012Validator

    def read(self, texts: list[str]) -> Any:
        """Return the value that the query gives, or the default.

        Raises:
            InvalidRequestError: it is missing, given twice, not UTF-8, or not as documented.
        """
        if not texts:
            if self.required:
                raise InvalidRequestError(f"{self.name}: the parameter is missing")
            return self.default
        if len(texts) > 1:
            raise InvalidRequestError(f"{self.name}: the parameter is given more than once")
        value = self._value(texts[0])
        _validate(self.validator, value, self.name)
        return value

    def _value(self, quoted: str) -> int | str:
        try:
            text = unquote_to_bytes(quoted.replace("+", " ")).decode()
        except UnicodeDecodeError:
            raise InvalidRequestError(f"{self.name}: the value is not UTF-8") from None
        return int(text) if self.is_integer and _INTEGER.fullmatch(text) else text


@dataclass(frozen=True, slots=True)
class Body:
    """What an operation takes as its body."""

    required: bool
    media_types: frozenset[str]
    members: Members
    validator: Draft202012Validator

    def read(self, value: Any) -> dict[str, Any]:
        """Return the members that the document names, and none of the others.

        Raises:
            InvalidRequestError: the schema does not take it, or it would lose digits.
        """
        _validate(self.validator, value, "body")
        known = _known(value, self.members)
        for path in inexact_numbers(known):
            place = path_text(path)
            raise InvalidRequestError(f"{place}: the number has more digits than a double holds")
        return known


@dataclass(frozen=True, slots=True)
class Response:
    """What an operation may answer with one status."""

    headers: frozenset[str]
    validator: Draft202012Validator


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path."""

    id: str
    scheme: str
    query: tuple[Parameter, ...]
    body: Body | None
    responses: Mapping[str, Response]

    def read_query(self, raw: bytes) -> dict[str, Any]:
        """Return the value of each parameter; what the document does not name is ignored.

        Raises:
            InvalidRequestError: a parameter is not what the document takes.
        """
        if not self.query:
            return {}
        texts: dict[str, list[str]] = {parameter.name: [] for parameter in self.query}
        for pair in raw.decode("latin-1").split("&"):
            name, _, text = pair.partition("=")
            texts.get(unquote(name.replace("+", " ")), []).append(text)
        return {parameter.name: parameter.read(texts[parameter.name]) for parameter in self.query}

    def violation(self, answer: Answer) -> str | None:
        """Return how an answer breaks the document, quoting none of it; None where it obeys."""
        response = self.responses.get(str(answer.status)) or self.responses.get("default")
        if response is None:
            return f"status {answer.status} is not declared"
        for name in response.headers - answer.headers.keys():
            return f"status {answer.status} lacks the header {name}"
        try:
            response.validator.validate(json.loads(answer.body))
        except ValidationError as error:
            place = path_text(tuple(error.instance_path)) or "body"
            return f"status {answer.status}, {place}: breaks `{error.kind.name}`"
        except json.JSONDecodeError:
            return f"status {answer.status}: the body is not JSON"
        return None


@dataclass(frozen=True, slots=True)
class PathItem:
    """One path: its segments, None where a parameter stands, and its operations by method."""

    segments: tuple[str | None, ...]
    names: tuple[str, ...]
    operations: Mapping[str, Operation]

    @property
    def allow(self) -> str:
        return ", ".join(sorted(self.operations))

    @property
    def any_operation(self) -> Operation:
        """Return one operation, to speak for the path where the method names none."""
        return next(iter(self.operations.values()))

    def match(self, segments: list[str]) -> dict[str, str] | None:
        """Return the path parameters, or None where the path is another one."""
        if len(segments) != len(self.segments):
            return None
        values: list[str] = []
        for own, given in zip(self.segments, segments, strict=True):
            if own is None and given:
                values.append(given)
            elif own != given:
                return None
        return dict(zip(self.names, values, strict=True))


@dataclass(frozen=True, slots=True)
class Document:
    """Every path of one or more OpenAPI documents, below the path of the first one's server."""

    base_path: str
    paths: tuple[PathItem, ...]

    @property
    def operations(self) -> Iterator[Operation]:
        return (operation for item in self.paths for operation in item.operations.values())

    def find(self, raw_path: bytes) -> tuple[PathItem, dict[str, str]] | None:
        """Return the path item that a request target leads to, with its path parameters."""
        quoted = raw_path.decode("latin-1")
        if not quoted.startswith(f"{self.base_path}/"):
            return None
        # Split first, decode then: %2F is a part of a segment.
        segments = [unquote(part) for part in quoted[len(self.base_path) + 1 :].split("/")]
        for item in self.paths:
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
    return Document(
        base_path=urlsplit(str(strict["servers"][0]["url"])).path.rstrip("/"),
        # linked-user first: it also matches {session_id}.
        paths=tuple(sorted(paths.values(), key=lambda item: len(item.names))),
    )


def _path_item(root: Node, template: str, node: Node) -> PathItem:
    parts = template.removeprefix("/").split("/")
    return PathItem(
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


def _known(value: Mapping[str, Any], members: Members) -> dict[str, Any]:
    known: dict[str, Any] = {}
    for name, inner in members.items():
        if name not in value:
            continue
        if inner is None:
            known[name] = value[name]
        elif inner_known := _known(value[name], inner):
            known[name] = inner_known
    return known


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


def _validate(validator: Draft202012Validator, value: Any, place: str) -> None:
    try:
        # The first error only: collecting half a million of them takes seconds.
        validator.validate(value)
    except ValidationError as error:
        path = path_text(tuple(error.instance_path))
        raise InvalidRequestError(f"{path or place}: {error.message}") from None
    except ValueError:
        raise InvalidRequestError(f"{place}: nested too deeply") from None
