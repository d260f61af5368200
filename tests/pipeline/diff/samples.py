"""Documents to compare."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any, Final

from heidi_spec_tools.differences import Comparison, Source, compare
from heidi_spec_tools.documents import load
from heidi_spec_tools.nodes import as_list

HERE: Final = Path(__file__).parent


def _lengths(most: int) -> dict[str, Any]:
    """Return a schema with too many alternatives for products of two to be computed."""
    return {"anyOf": [{"type": "string", "minLength": n, "maxLength": most + n} for n in range(11)]}


_CAT: Final = {"type": "object", "required": ["kind"], "properties": {"kind": {"const": "cat"}}}
_DOG: Final = {"type": "object", "required": ["kind"], "properties": {"kind": {"const": "dog"}}}

SCHEMAS: Final[dict[str, Any]] = {
    "Short": {"type": "string", "maxLength": 5, "$anchor": "short"},
    "Brief": {"type": "string", "maxLength": 5},
    "Alias": {"$ref": "#/components/schemas/Short"},
    "X": {"type": "object"},
    "Cat": _CAT,
    "Dog": _DOG,
    "PartCat": {
        "type": "object",
        "required": ["kind"],
        "properties": {"kind": {"allOf": [{"type": "string"}, {"const": "cat"}]}},
    },
    "Tree": {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}},
    "ShortTree": {
        "type": "array",
        "maxItems": 2,
        "items": {"$ref": "#/components/schemas/ShortTree"},
    },
    "Nest": {"type": "object", "properties": {"a": {"$ref": "#/components/schemas/Nest"}}},
    "PatternNest": {
        "type": "object",
        "properties": {"a": {"$ref": "#/components/schemas/PatternNest"}},
        "patternProperties": {"^a$": {"$ref": "#/components/schemas/PatternNest"}},
    },
    "Product": {"allOf": [_lengths(40), _lengths(50)]},
    "OtherProduct": {"allOf": [_lengths(40), _lengths(60)]},
}


def table(name: str) -> list[dict[str, Any]]:
    """Read a table of this folder."""
    rows: list[Any] = as_list(load(HERE / name))
    return rows


def document(**rest: Any) -> dict[str, Any]:
    """Make a document without operations."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "Sample", "version": "1.0.0"},
        "paths": {},
        **copy.deepcopy(rest),
    }


def holding(schema: Any, *, sent: bool, media: str = "application/json") -> dict[str, Any]:
    """Make a document with one member of that schema, in a request or in a response."""
    whole = {"type": "object", "required": ["it"], "properties": {"it": schema}}
    content = {"content": {media: {"schema": whole}}}
    operation: dict[str, Any] = {"responses": {"200": {"description": "Done."}}}
    if sent:
        operation["requestBody"] = {"required": True, **content}
    else:
        operation["responses"]["200"] |= content
    return document(paths={"/it": {"post": operation}}, components={"schemas": SCHEMAS})


def compared(old: Any, new: Any) -> Comparison:
    """Compare two documents."""
    return compare(Source(old, "old"), Source(new, "new"))


def kinds(comparison: Comparison) -> list[str]:
    """Name the kinds of a comparison, sorted, each once."""
    return sorted({change.id for change in comparison.changes})


def gravest(comparison: Comparison) -> str:
    """Return the letter of the gravest level, a dot for none."""
    level = max((change.level for change in comparison.changes), default=None)
    return str(level)[0].upper() if level else "."
