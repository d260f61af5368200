"""Schemas for a validator: what OpenAPI adds to JSON Schema, expressed in JSON Schema.

A reading names what counts: `request` or `response`, where some properties do not belong;
`described`, where an object holds nothing but what is described; `listed`, where an open list
is closed.
"""

from __future__ import annotations

import base64
import re
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from heidi_spec_tools.differences.facets import SIZES, is_open
from heidi_spec_tools.differences.keywords import values_of
from heidi_spec_tools.nodes import as_list, as_object

if TYPE_CHECKING:
    from collections.abc import Callable

    from heidi_spec_tools.differences.facets import Schema
    from heidi_spec_tools.differences.source import Source

_DEEPEST: Final = 4
_NESTED: Final = 50
"""So many schemas stand in each other in one definition; the validator takes 255 levels."""

_SAME: Final = frozenset(
    "not if then else propertyNames allOf anyOf oneOf dependentSchemas".split()
)
"""Keywords whose schemas apply to the same value."""

_BELOW: Final = frozenset(
    "items contains additionalProperties unevaluatedItems unevaluatedProperties contentSchema"
    " properties patternProperties prefixItems".split()
)
"""Keywords whose schemas apply to values inside it."""

_LISTS: Final = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
_MAPS: Final = frozenset({"properties", "patternProperties", "dependentSchemas"})


class Bundle:
    """A schema with all that it refers to, in one that refers to nothing else.

    depth: the deepest nesting of values that is described; None for all.
    most: more schemas are not read to the end.
    nodes: the number of schemas in it.
    """

    def __init__(
        self, source: Source, schema: Schema, reading: str, depth: int | None, most: float
    ) -> None:
        self._most = most
        self._source, self._reading = source, reading
        self._names: dict[tuple[int, int | None], str] = {}
        self._found: list[tuple[str, Schema, int | None]] = []
        self._kept: list[Schema] = []
        self.nodes = 0
        described = "described" in reading
        whole = self._read(_closed(schema) if described else schema, depth)
        definitions: dict[str, Schema] = {}
        while self._found and self.nodes <= most:
            name, target, left = self._found.pop()
            definitions[name] = self._read(target, left)
        self.schema: Schema = {"allOf": [whole], "$defs": definitions}

    def _read(self, schema: Schema, depth: int | None, nested: int = 0) -> Schema:
        if isinstance(schema, bool) or self.nodes > self._most:
            return schema
        if nested > _NESTED:
            return self._reference(schema, depth)
        self.nodes += 1
        node: dict[str, Any] = as_object(schema)
        twin = _translated(self._source, node, self._reading)
        if depth == 0:  # The rest is not described: a schema may only ask less of it.
            twin = {word: said for word, said in twin.items() if word not in _STRICT}
            if alternatives := node.get("oneOf"):
                twin["allOf"] = [*twin.get("allOf", ()), {"anyOf": alternatives}]
        for word in _SAME & twin.keys():
            read = partial(self._read, depth=depth, nested=nested + 1)
            twin[word] = _each(twin[word], word, read)
        for word in _BELOW & twin.keys():
            below = partial(self._below, depth=depth, nested=nested + 1)
            twin[word] = _each(twin[word], word, below)
        targets = [self._source.target(node, word) for word in _REFERENCES if word in node]
        if targets:
            references = [self._reference(target, depth) for target in targets]
            twin["allOf"] = [*twin.get("allOf", ()), *references]
        return twin

    def _below(self, schema: Schema, depth: int | None, nested: int) -> Schema:
        if depth is None:
            return self._read(schema, None, nested)
        if depth or schema is False:
            return self._read(schema, depth - 1, nested)
        self.nodes += 1
        return True

    def _reference(self, target: Schema, depth: int | None) -> Schema:
        key = (id(target), depth)
        if key not in self._names:
            self._names[key] = f"_{len(self._names)}"
            self._kept.append(target)
            self._found.append((self._names[key], target, depth))
        return {"$ref": f"#/$defs/{self._names[key]}"}


def _each(said: Any, word: str, read: Callable[[Schema], Schema]) -> Any:
    """Read the schema of a keyword, or each of its schemas."""
    if word in _MAPS:
        return {key: read(child) for key, child in said.items()}
    return list(map(read, as_list(said))) if word in _LISTS else read(said)


_STRICT: Final = frozenset(
    "oneOf not if then else contains uniqueItems unevaluatedItems unevaluatedProperties".split()
)
_REFERENCES: Final = ("$ref", "$dynamicRef")


def _translated(source: Source, node: dict[str, Any], reading: str) -> dict[str, Any]:
    """Return the keywords of one schema, without those of its references."""
    twin = {word: said for word, said in node.items() if word not in _SILENT}
    if "listed" in reading:
        _close_lists(node, twin)
    elif is_open(node):
        twin.pop("enum", None)
    _hide(source, node, twin, "readOnly" if "request" in reading else "writeOnly")
    if "described" in reading:
        _describe(node, twin)
    if more := _beside(node):
        twin["allOf"] = [*twin.get("allOf", ()), *more]
    return twin


_SILENT: Final = {"$id", "$anchor", "$dynamicAnchor", "$schema", "$defs", *_REFERENCES}


def _beside(node: dict[str, Any]) -> list[Schema]:
    """Return what formats, contents and the discriminator assert."""
    more: list[Schema] = []
    if node.get("format") in SIZES:
        bits = SIZES[node["format"]]
        more.append({"minimum": -(2**bits), "maximum": 2**bits - 1})
    if text := signature(node):
        more.append({"pattern": f"^{re.escape(text)}"})
    if node.get("contentEncoding") == "base64":
        more.append({"pattern": "^[A-Za-z0-9+/]*={0,2}$"})
    if isinstance(name := as_object(node.get("discriminator")).get("propertyName"), str):
        more.append({"properties": {name: discriminated(node)}, "required": [name]})
    return more


def _close_lists(node: dict[str, Any], twin: dict[str, Any]) -> None:
    """Take the known values of an open list for all that there are."""
    if any("enum" in as_object(part) for part in as_list(node.get("anyOf"))):
        twin["anyOf"] = [part for part in twin["anyOf"] if part.keys() != {"type"}]
    if "x-extensible-enum" in node:
        twin.setdefault("enum", node["x-extensible-enum"])


def _hide(source: Source, node: dict[str, Any], twin: dict[str, Any], mark: str) -> None:
    """Take out the properties that do not belong into the message."""
    properties = as_object(node.get("properties"))
    hidden = {name for name, child in properties.items() if _marked(source, child, mark)}
    if hidden:
        twin["properties"] = {**twin["properties"], **dict.fromkeys(hidden, False)}
        twin["required"] = [name for name in node.get("required", ()) if name not in hidden]


def _marked(source: Source, schema: Any, mark: str, depth: int = 0) -> bool:
    node: dict[str, Any] = as_object(schema)
    if mark in node:
        return bool(node[mark])
    parts = [*node.get("allOf", ()), *([source.target(node)] if "$ref" in node else [])]
    return depth < _DEEPEST and any(_marked(source, part, mark, depth + 1) for part in parts)


def _describe(node: dict[str, Any], twin: dict[str, Any]) -> None:
    """Forbid properties that an object does not describe."""
    if "x-statuses" in node:
        twin |= {"patternProperties": {}, "additionalProperties": False}
    names = {**dict.fromkeys(node.get("required", ()), True), **twin.get("properties", {})}
    twin["properties"] = {name: _closed(child) for name, child in names.items()}
    if isinstance(twin.get("items"), dict):
        twin["items"] = _closed(twin["items"])


def signature(node: dict[str, Any]) -> str:
    """Return how a string begins that holds a file, empty where that is unknown."""
    text = _SIGNATURES.get(node.get("contentMediaType", ""), "")
    if node.get("contentEncoding") != "base64":
        return text
    code = base64.b64encode(text.encode("latin-1")).decode()
    return code[: len(text) // 3 * 4]


_SIGNATURES: Final = {
    "application/pdf": "%PDF-1",
    "image/gif": "GIF89a",
    "image/jpeg": "\xff\xd8\xff",
    "image/png": "\x89PNG\r\n\x1a\n",
}


def _closed(schema: Schema) -> Schema:
    return {"allOf": [schema], "unevaluatedProperties": False} if schema is not False else False


def discriminated(node: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of the property that tells alternatives apart."""
    branches = (*as_list(node.get("oneOf")), *as_list(node.get("anyOf")))
    listed = values_of(node.get("discriminator"), branches)
    return {"enum": listed} if listed else {"type": "string"}
