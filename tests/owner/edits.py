"""Pieces of a document, with provenance, as an owner writes them into openapi/openapi.yaml."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, Final

from tests.owner import subject

if TYPE_CHECKING:
    from collections.abc import Iterator

SAID: Final = {"status": "documented", "source": "seed:L1"}
JSON: Final = "application/json"
ERROR: Final = subject.ERROR_SCHEMA


def ref(name: str, kind: str = "schemas") -> dict[str, Any]:
    """Refer to a component."""
    return {"$ref": f"#/components/{kind}/{name}"}


def prop(**schema: Any) -> dict[str, Any]:
    """Return a property."""
    return {"description": "New.", **schema, "x-provenance": dict(SAID)}


def record(required: tuple[str, ...] = (), **properties: Any) -> dict[str, Any]:
    """Return the schema of an object."""
    needed = {"required": list(required)} if required else {}
    return {
        "type": "object",
        "description": "New.",
        "x-provenance": dict(SAID),
        **needed,
        "properties": properties,
    }


def parameter(name: str, place: str = "query", **schema: Any) -> dict[str, Any]:
    """Return a parameter, which is required only in a path."""
    return {
        "name": name,
        "in": place,
        "required": place == "path",
        "description": "New.",
        "x-provenance": dict(SAID),
        "schema": schema,
    }


def pages(token: str, usual: int) -> list[dict[str, Any]]:
    """Return the query parameters of a list: the size of a page, and the token of the next one."""
    size = parameter("limit", type="integer", minimum=1, maximum=50, default=usual)
    return [size, parameter(token, type="string")]


def content(schema: str, example: Any = None) -> dict[str, Any]:
    """Return the content of a body."""
    media: dict[str, Any] = {"schema": ref(schema)}
    if example is not None:
        media["examples"] = {"sample": {"value": example}}
    return {JSON: media}


def body(schema: str, example: Any = None) -> dict[str, Any]:
    """Return the body that a request must have."""
    return {
        "required": True,
        "description": "New.",
        "x-provenance": dict(SAID),
        "content": content(schema, example),
    }


def response(schema: str = "", example: Any = None) -> dict[str, Any]:
    """Return a response, without a body if no schema is named."""
    body = {"content": content(schema, example)} if schema else {}
    return {"description": "New.", "x-provenance": dict(SAID), **body}


def operation(name: str, tag: str, responses: dict[str, Any], **rest: Any) -> dict[str, Any]:
    """Return an operation that needs a token, with an error response."""
    return {
        "operationId": name,
        "tags": [tag],
        "summary": f"Do {name}",
        "description": "New.",
        "security": [{subject.MEANING["owner"]: []}],
        "x-provenance": dict(SAID),
        "responses": {**responses, "default": response(ERROR)},
        **rest,
    }


def failure(kind: str) -> dict[str, Any]:
    """Return the body of an error of a type."""
    body: dict[str, Any] = {}
    for word, text in (("type", kind), ("message", "it cannot be done now")):
        *way, last = subject.ERROR[word].split("/")[1:]
        node = body
        for token in way:
            node = node.setdefault(token, {})
        node[last] = text
    return body


def error(kind: str) -> dict[str, Any]:
    """Return an error response of a type."""
    return response(ERROR, failure(kind))


def schemas(document: dict[str, Any]) -> dict[str, Any]:
    """Return the component schemas."""
    found: dict[str, Any] = document["components"]["schemas"]
    return found


def add(document: dict[str, Any], name: str, *owners: str, **schema: Any) -> None:
    """Add a property to component schemas."""
    for owner in owners:
        schemas(document)[owner]["properties"][name] = prop(**copy.deepcopy(schema))


def samples(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Return each resource in the samples of responses."""
    return [
        each
        for sample in document["components"]["examples"].values()
        for each in objects(sample["value"])
        if subject.MEANING["created"] in each
    ]


def objects(value: Any) -> Iterator[dict[str, Any]]:
    """Yield a value and the values in it that are objects."""
    if isinstance(value, dict):
        yield value
    for each in value.values() if isinstance(value, dict) else value:
        if isinstance(each, dict | list):
            yield from objects(each)
