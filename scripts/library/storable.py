"""Whether a resource allows what its requests may set.

The document is compared with itself: what a request takes stands for the old version of a request
body, and what the resource may hold for the new one. What breaks is a value that a server must
accept and could never show.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from heidi_spec_tools.differences import Level, Source, compare
from heidi_spec_tools.documents import DocumentError
from heidi_spec_tools.nodes import Document, as_object, follow

from scripts.library.semantics import KEY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from heidi_spec_tools.documents import Json

SETTING: Final = ("create", "update")
HARMLESS: Final = {"member-required", "required-member-added", "member-removed"}
"""What a request leaves out stays as it is, and a resource need not show all that it is sent."""

_LONGEST: Final = 80


class Clash(NamedTuple):
    """Where the resource refuses a value, and what says so, with the fix."""

    place: str
    message: str


def clashes(document: Document) -> Iterator[Clash]:
    """Yield the properties of requests that take a value which their resource does not allow."""
    root = as_object(document.root)
    taken: dict[str, Json] = {}
    kept: dict[str, Json] = {}
    resources: dict[str, str] = {}
    for operation in document.of("operation"):
        semantics = as_object(operation.value.get(KEY))
        resource = str(semantics.get("resource"))
        schema = as_object(as_object(root.get("components")).get("schemas")).get(resource)
        if semantics.get("action") in SETTING and schema is not None:
            name = f"/{operation.value.get('operationId')}"
            resources[f"POST {name}"] = resource
            both = [*_shared(root, operation.value, schema)]
            taken[name] = _request({shown: sent for shown, sent, _ in both})
            kept[name] = _request({shown: stored for shown, _, stored in both})
    try:
        changes = compare(_source(root, taken), _source(root, kept)).changes
    except DocumentError:  # which the other checks explain
        return
    for change in changes:
        witness = change.witness
        if (
            change.level is Level.BREAKING
            and change.id not in HARMLESS
            and witness
            and witness.valid
        ):
            (value,) = as_object(as_object(witness.value).get("content")).values()
            text = json.dumps(value, ensure_ascii=False)
            text = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
            name = str(change.operation).removeprefix("POST /")
            resource = resources[str(change.operation)]
            yield Clash(
                change.path,
                f"{name} takes {text}, which {resource} does not allow; write the same in both",
            )


def _shared(
    root: dict[str, Any], operation: dict[str, Any], resource: Json
) -> Iterator[tuple[str, Json, Json]]:
    """Yield each property of a request that the resource shows: its name, and both schemas."""
    _, body = follow(root, operation.get("requestBody"))
    media = next(iter(as_object(body.get("content")).values()), None)
    _, sent = follow(root, as_object(media).get("schema"))
    shown = as_object(follow(root, resource)[1].get("properties"))
    for name, node in as_object(sent.get("properties")).items():
        _, followed = follow(root, node)
        stored = str(as_object(followed.get(KEY)).get("stored_as", name))
        if stored in shown and True not in (
            as_object(each).get("writeOnly") for each in (node, followed, shown[stored])
        ):
            yield stored, node, shown[stored]


def _request(properties: dict[str, Json]) -> Json:
    schema: Json = {"type": "object", "properties": properties}
    return {
        "post": {
            "requestBody": {"content": {"application/json": {"schema": schema}}},
            "responses": {"200": {"description": ""}},
        }
    }


def _source(root: dict[str, Any], paths: dict[str, Json]) -> Source:
    # In this order, a schema of both is known by its place among the components.
    parts = {**root, "paths": paths, "components": root.get("components", {})}
    names = ("openapi", "info", "paths", "components")
    return Source({name: parts.get(name, {}) for name in names}, "the document")
