"""What a resource shows of what a request sends: all but what is writeOnly.

The schemas here have no references; see heidi_spec_tools.dereference.
"""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING

from heidi_spec_tools.nodes import Node, as_list, as_object

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from heidi_spec_tools.documents import Json


def is_write_only(schema: Json) -> bool:
    """Tell whether a schema is writeOnly, in a part of its `allOf` or in all of its branches."""
    node = as_object(schema)
    branches = [
        each
        for word in ("oneOf", "anyOf")
        for each in as_list(node.get(word))
        if as_object(each).get("type") != "null"
    ]
    return (
        node.get("writeOnly") is True
        or any(map(is_write_only, as_list(node.get("allOf"))))
        or (branches != [] and all(map(is_write_only, branches)))
    )


def readable_schema(schema: Json) -> Json:
    """Return a copy of a schema without the properties that are writeOnly, at every depth."""
    copied = deepcopy(schema)
    for node in Node("schema", (), as_object(copied)).descendants():
        if node.kind not in ("schema", "property"):
            continue
        properties = as_object(node.value.get("properties"))
        hidden = [name for name, child in properties.items() if is_write_only(child)]
        for name in hidden:
            del properties[name]
        if hidden and "required" in node.value:
            required = as_list(node.value["required"])
            node.value["required"] = [name for name in required if name not in hidden]
    return copied


def readable_value(schemas: Sequence[Json], value: Json) -> Json:
    """Return a value without what one of its schemas calls writeOnly, at every depth."""
    parts = [part for schema in schemas for part in _parts(schema)]
    if isinstance(value, list):
        items = [part.get("items") for part in parts]
        return [readable_value(items, each) for each in value]
    if not isinstance(value, dict):
        return value
    shown: dict[str, Json] = {}
    for name, child in value.items():
        found = [
            as_object(part.get("properties")).get(name, part.get("additionalProperties"))
            for part in parts
        ]
        if not any(map(is_write_only, found)):
            shown[name] = readable_value(found, child)
    return shown


def _parts(schema: Json) -> Iterator[dict[str, Json]]:
    """Yield a schema, each part of its `allOf` and each of its branches."""
    node = as_object(schema)
    yield node
    for word in ("allOf", "oneOf", "anyOf"):
        for each in as_list(node.get(word)):
            yield from _parts(each)
