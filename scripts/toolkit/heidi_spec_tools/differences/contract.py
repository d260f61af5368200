"""The requests and responses of an operation as JSON Schemas, so that a validator judges them.

A request is an object of `request`, `path`, `query`, `header`, `cookie`, `security` and
`content`; a response one of `request` and `response`, by its status.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from heidi_spec_tools.nodes import as_list, as_object

if TYPE_CHECKING:
    from collections.abc import Iterable

    from heidi_spec_tools.differences.facets import Schema
    from heidi_spec_tools.differences.source import Source
    from heidi_spec_tools.documents import Json

_RANGE: Final = re.compile(r"[1-5](XX|xx)")


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
        groups[where] = _object({key: value(node) for key, node in group.items()}, needed)
    body = source.resolve(operation.get("requestBody"))
    if content := as_object(body.get("content")):
        groups["content"] = _content(content)
    groups["security"] = _security(operation, source)
    required = [key for key, group in groups.items() if as_object(group).get("required")]
    required += ["content"] if body.get("required") and content else []
    properties = {"request": {"const": name}, **groups}
    return _object(properties, ["request", "security", *required])


def response(source: Source, name: str, operation: dict[str, Json]) -> Schema:
    """Return the schema of the responses of an operation."""
    statuses = {
        str(status): _response(source, source.resolve(node))
        for status, node in as_object(operation.get("responses")).items()
        if not str(status).startswith("x-")
    }
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
    headers = {
        key.casefold(): source.resolve(header)
        for key, header in as_object(node.get("headers")).items()
    }
    needed = [key for key, header in headers.items() if header.get("required")]
    properties: dict[str, Schema] = {}
    if headers:
        properties["headers"] = _object({k: value(header) for k, header in headers.items()}, needed)
    if content := as_object(node.get("content")):
        properties["content"] = _content(content)
    return _object(properties, [*(["headers"] if needed else [])])


def value(node: dict[str, Any]) -> Schema:
    """Return the schema of the value of a parameter or header."""
    for media in as_object(node.get("content")).values():
        return as_object(media).get("schema", True)
    return node.get("schema", True)


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


def _security(operation: dict[str, Json], source: Source) -> Schema:
    demands = as_list(operation.get("security", source.root.get("security"))) or [{}]
    return {"anyOf": [_demand(as_object(demand)) for demand in demands]}


def _demand(demand: dict[str, Json]) -> Schema:
    scopes = {
        name: {
            "type": "array",
            "items": {"enum": sorted(map(str, as_list(listed)))},
            "allOf": [{"contains": {"const": scope}} for scope in as_list(listed)],
        }
        if listed
        else {"type": "array"}
        for name, listed in demand.items()
    }
    return {"type": "object", "properties": scopes, "required": list(scopes)}


def _object(properties: dict[str, Schema], required: Iterable[str]) -> Schema:
    return {"type": "object", "properties": properties, "required": list(required)}
