"""The requests and responses of an operation as JSON Schemas, so that a validator judges them.

A request is an object of `request`, `path`, `query`, `header`, `cookie`, `security` and
`content`; a response one of `request` and `response`, by its status.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from heidi_spec_tools.nodes import as_list, as_object

if TYPE_CHECKING:
    from collections.abc import Iterable

    from heidi_spec_tools.differences.facets import Schema
    from heidi_spec_tools.differences.source import Source
    from heidi_spec_tools.documents import Json

VARIABLE: Final = re.compile(r"\{([^{}]*)\}")
_RANGE: Final = re.compile(r"[1-5](XX|xx)")

Demand: TypeAlias = "dict[str, frozenset[str]]"
"""One alternative: the schemes that must be used together, and their scopes."""


def request(
    source: Source,
    name: str,
    parameters: dict[tuple[str, str], dict[str, Json]],
    operation: dict[str, Json],
) -> Schema:
    """Return the schema of the requests of an operation."""
    groups: dict[str, Schema] = {}
    for where in ("path", "query", "header", "cookie"):
        group = {key: node for (place, key), node in parameters.items() if place == where}
        needed = [key for key, node in group.items() if node.get("required")]
        groups[where] = _object({key: schema_of(node) for key, node in group.items()}, needed)
    body = source.resolve(operation.get("requestBody"))
    if content := as_object(body.get("content")):
        groups["content"] = _content(content)
    groups["security"] = {"anyOf": [_demand(demand) for demand in demands(source, operation)]}
    required = [key for key, group in groups.items() if as_object(group).get("required")]
    required += ["content"] if body.get("required") and content else []
    properties = {"request": {"const": name}, **groups}
    return _object(properties, ["request", "security", *required])


def response(source: Source, name: str, operation: dict[str, Json]) -> Schema:
    """Return the schema of the responses of an operation."""
    described = responses(source, operation)
    statuses = {status: _response(source, node) for status, node in described.items()}
    named = {status: node for status, node in statuses.items() if status.isdigit()}
    ranges = {status[0]: node for status, node in statuses.items() if _RANGE.fullmatch(status)}
    others = f"(?!({'|'.join(named) or 'none'})$)"
    whole = {
        "type": "object",
        "x-statuses": True,
        "properties": named,
        "patternProperties": {f"^{others}{first}..$": node for first, node in ranges.items()},
        "additionalProperties": statuses.get("default", False),
        "propertyNames": {"pattern": "^[1-5][0-9][0-9]$"},
        "minProperties": 1,
        "maxProperties": 1,
    }
    return _object({"request": {"const": name}, "response": whole}, ["request", "response"])


def _response(source: Source, node: dict[str, Json]) -> Schema:
    found = headers(source, node)
    needed = [key for key, header in found.items() if header.get("required")]
    properties: dict[str, Schema] = {}
    if found:
        values = {key: schema_of(header) for key, header in found.items()}
        properties["headers"] = _object(values, needed)
    if content := as_object(node.get("content")):
        properties["content"] = _content(content)
    return _object(properties, [*(["headers"] if needed else [])])


# What a document says of the parts of a message


def positions(path: str) -> dict[str, str]:
    """Return the variables of a path, of which only the position counts."""
    return {name: f"{{{i}}}" for i, name in enumerate(VARIABLE.findall(path))}


def unnamed(template: str) -> str:
    """Return a path or an address without the names of its variables."""
    return VARIABLE.sub("{}", template)


def responses(source: Source, operation: dict[str, Json]) -> dict[str, dict[str, Any]]:
    """Return the responses of an operation by their status."""
    return {
        str(status): source.resolve(node)
        for status, node in as_object(operation.get("responses")).items()
        if not str(status).startswith("x-")
    }


def headers(source: Source, node: dict[str, Json]) -> dict[str, dict[str, Any]]:
    """Return the headers of a response or an encoding by their names, written alike."""
    return {
        name.casefold(): source.resolve(header)
        for name, header in as_object(node.get("headers")).items()
    }


def value(node: dict[str, Any]) -> tuple[str, Schema]:
    """Return the media type of a parameter or header, empty for none, and its schema."""
    for name, media in as_object(node.get("content")).items():
        return name.casefold(), as_object(media).get("schema", True)
    return "", node.get("schema", True)


def schema_of(node: dict[str, Any]) -> Schema:
    """Return the schema of a parameter or header."""
    return value(node)[1]


def demands(source: Source, operation: dict[str, Json]) -> list[Demand]:
    """Return the alternatives; an operation without any may be called by all."""
    listed = operation.get("security", source.root.get("security"))
    return [
        {name: frozenset(map(str, as_list(scopes))) for name, scopes in as_object(demand).items()}
        for demand in as_list(listed)
    ] or [{}]


def media_types(content: Json) -> dict[str, dict[str, Any]]:
    """Return the media types of a body by their names, written alike."""
    return {
        re.sub(r"\s*;\s*", ";", name.strip().casefold()): as_object(media)
        for name, media in as_object(content).items()
    }


def _content(content: dict[str, Any]) -> Schema:
    """Return the schema of a body by its media type; a message has one."""
    schemas = {name: media.get("schema", True) for name, media in media_types(content).items()}
    exact = {name: schema for name, schema in schemas.items() if "*" not in name}
    others = f"(?!({'|'.join(map(re.escape, exact)) or 'none'})$)"
    return {
        "type": "object",
        "properties": exact,
        "patternProperties": {
            f"^{others}{re.escape(name).replace(chr(92) + '*', '[^;]+')}$": schema
            for name, schema in schemas.items()
            if "*" in name
        },
        "additionalProperties": False,
        "minProperties": 1,
        "maxProperties": 1,
    }


def _demand(demand: Demand) -> Schema:
    scopes = {
        name: {
            "type": "array",
            "items": {"enum": sorted(listed)},
            "allOf": [{"contains": {"const": scope}} for scope in sorted(listed)],
        }
        if listed
        else {"type": "array"}
        for name, listed in demand.items()
    }
    return {"type": "object", "properties": scopes, "required": list(scopes)}


def _object(properties: dict[str, Schema], required: Iterable[str]) -> Schema:
    return {"type": "object", "properties": properties, "required": list(required)}
