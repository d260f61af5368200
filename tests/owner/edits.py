"""What an owner writes into openapi/openapi.yaml: pieces of a document, with their provenance."""

from __future__ import annotations

import copy
from typing import Any, Final

SAID: Final = {"status": "documented", "source": "seed:L1"}
JSON: Final = "application/json"


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
    """Return a parameter, required in a path alone."""
    return {
        "name": name,
        "in": place,
        "required": place == "path",
        "description": "New.",
        "x-provenance": dict(SAID),
        "schema": schema,
    }


def content(schema: str, example: Any = None) -> dict[str, Any]:
    """Return the content of a body."""
    media: dict[str, Any] = {"schema": ref(schema)}
    if example is not None:
        media["examples"] = {"sample": {"value": example}}
    return {JSON: media}


def response(schema: str = "", example: Any = None) -> dict[str, Any]:
    """Return a response, without a body if no schema is named."""
    body = {"content": content(schema, example)} if schema else {}
    return {"description": "New.", "x-provenance": dict(SAID), **body}


def operation(name: str, tag: str, responses: dict[str, Any], **rest: Any) -> dict[str, Any]:
    """Return an operation behind a token, with an error response."""
    return {
        "operationId": name,
        "tags": [tag],
        "summary": f"Do {name}",
        "description": "New.",
        "security": [{"bearerAuth": []}],
        "x-provenance": dict(SAID),
        "responses": {**responses, "default": response("ErrorResponse")},
        **rest,
    }


def error(kind: str) -> dict[str, Any]:
    """Return an error response of a type."""
    return response("ErrorResponse", {"detail": {"msg": "it cannot be done now", "type": kind}})


def schemas(document: dict[str, Any]) -> dict[str, Any]:
    """Return the component schemas."""
    found: dict[str, Any] = document["components"]["schemas"]
    return found


def add(document: dict[str, Any], name: str, *owners: str, **schema: Any) -> None:
    """Add a property to component schemas."""
    for owner in owners:
        schemas(document)[owner]["properties"][name] = prop(**copy.deepcopy(schema))


def samples(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Return each session in the samples of responses."""
    found: list[dict[str, Any]] = []
    for sample in document["components"]["examples"].values():
        value = sample["value"]
        found += [value["session"]] if "session" in value else value.get("sessions", [])
    return found
