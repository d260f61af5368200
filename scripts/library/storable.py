"""Whether a resource allows what its requests may set.

The document is compared with itself: what a request sends stands for the old version of a request
body, and what the resource may store for the new one. What breaks is a value that a server must
accept and could never store.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from heidi_spec_tools.dereference import dereference
from heidi_spec_tools.differences import Level, Source, compare
from heidi_spec_tools.documents import DocumentError
from heidi_spec_tools.nodes import Document, Node, as_list, as_object, find, follow, place

from scripts.library.readable import is_write_only, readable_schema
from scripts.library.semantics import KEY

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from heidi_spec_tools.documents import Json

SETTING: Final = ("create", "update")
HARMLESS: Final = {"member-required", "required-member-added", "member-removed"}
"""What a request leaves out stays as it is, and a resource need not store all that it is sent."""

_LONGEST: Final = 80


class Clash(NamedTuple):
    """Where the resource refuses a value, and what says so, with the fix."""

    place: str
    message: str


class _Pair(NamedTuple):
    """A property of a request, and the one of the resource that stores it."""

    operation: str
    resource: str
    sent_as: str
    stored_as: str
    sent: Json
    stored: Json


def clashes(document: Document) -> Iterator[Clash]:
    """Yield the properties of requests that take a value which their resource does not allow."""
    try:
        root = as_object(dereference(document.root))
        pairs = [*_pairs(root)]
        old = _source([_request(each.sent_as, each.sent) for each in pairs])
        new = _source([_request(each.sent_as, each.stored) for each in pairs])
        changes = compare(old, new).changes
    except DocumentError:  # which the other checks explain
        return
    refused: dict[str, str] = {}
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
            refused.setdefault(str(change.operation), text)
    for number, pair in enumerate(pairs):
        if example := refused.get(f"POST /{number}"):
            yield Clash(
                _place(document.root, pair),
                f"{pair.operation} takes {example}, which the property {pair.stored_as} of"
                f" {pair.resource} does not allow; allow it there, or refuse it in the request",
            )


def _pairs(root: dict[str, Any]) -> Iterator[_Pair]:
    """Yield each property of a request that its resource stores."""
    schemas = as_object(as_object(root.get("components")).get("schemas"))
    for operation in Document(root).of("operation"):
        semantics = as_object(operation.value.get(KEY))
        resource = str(semantics.get("resource"))
        if semantics.get("action") not in SETTING or resource not in schemas:
            continue
        stored = _properties(schemas[resource])
        content = as_object(as_object(operation.value.get("requestBody")).get("content"))
        body = as_object(next(iter(content.values()), None)).get("schema")
        for name, sent in _properties(body).items():
            semantics = as_object(follow({}, sent)[1].get(KEY))
            stored_as = str(semantics.get("stored_as", name))
            if stored_as in stored and not any(map(is_write_only, (sent, stored[stored_as]))):
                yield _Pair(
                    str(operation.value.get("operationId")),
                    resource,
                    name,
                    stored_as,
                    readable_schema(sent),
                    _loosened(readable_schema(stored[stored_as])),
                )


def _properties(schema: Json) -> dict[str, Json]:
    """Return the properties of an object and of every part of its `allOf`."""
    _, node = follow({}, schema)
    found = dict(as_object(node.get("properties")))
    for part in as_list(node.get("allOf")):
        for name, child in _properties(part).items():
            found[name] = {"allOf": [found[name], child]} if name in found else child
    return found


def _loosened(schema: Json) -> Json:
    """Let a schema allow properties that it does not name, since they are not stored.

    Where that could make it stricter, there is no finding.
    """
    for node in Node("schema", (), as_object(schema)).descendants():
        if node.kind not in ("schema", "property"):
            continue
        for word in ("additionalProperties", "unevaluatedProperties"):
            if node.value.get(word) is False:
                del node.value[word]
        for word in ("not", "if"):
            node.value.pop(word, None)
        if "oneOf" in node.value and "anyOf" not in node.value:
            node.value["anyOf"] = node.value.pop("oneOf")
    return schema


def _request(name: str, schema: Json) -> Json:
    body: Json = {"type": "object", "properties": {name: schema}}
    return {
        "post": {
            "requestBody": {"content": {"application/json": {"schema": body}}},
            "responses": {"200": {"description": ""}},
        }
    }


def _source(requests: Sequence[Json]) -> Source:
    paths = {f"/{number}": request for number, request in enumerate(requests)}
    return Source({"openapi": "3.1.0", "info": {}, "paths": paths}, "the document")


def _place(root: Mapping[str, Any], pair: _Pair) -> str:
    """Name the property of the resource or, if it is in a part of it, the resource."""
    resource = ("components", "schemas", pair.resource)
    pointer = (*resource, "properties", pair.stored_as)
    try:
        find(dict(root), pointer)
    except LookupError:
        return place(resource)
    return place(pointer)
