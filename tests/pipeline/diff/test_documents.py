"""A table of what each change around the schemas means, both ways."""

from __future__ import annotations

import copy
from typing import Any, Final

import pytest
from heidi_spec_tools.differences import KINDS
from heidi_spec_tools.nodes import pointer_of

from tests.pipeline.diff.samples import compared, document, gravest, holding, kinds, table

PAIRS = table("documents.yaml")
TAKEN_OUT: Final = "null!"

PETS: Final[dict[str, Any]] = document(
    servers=[
        {
            "url": "https://example.com/{zone}",
            "variables": {"zone": {"default": "a", "enum": ["a", "b"]}},
        }
    ],
    tags=[{"name": "Pets"}],
    paths={
        "/pets": {
            "get": {
                "operationId": "listPets",
                "tags": ["Pets"],
                "parameters": [{"name": "limit", "in": "query", "schema": {"type": "integer"}}],
                "responses": {
                    "200": {
                        "description": "Done.",
                        "headers": {"X-Rate": {"schema": {"type": "integer"}}},
                        "content": {"application/json": {"schema": {"type": "object"}}},
                    },
                    "404": {"description": "None."},
                },
            },
            "post": {
                "requestBody": {"content": {"application/json": {"schema": {"type": "object"}}}},
                "responses": {"201": {"description": "Done."}},
                "security": [],
                "callbacks": {
                    "done": {
                        "{$request.body#/url}": {
                            "post": {
                                "requestBody": {
                                    "content": {"application/json": {"schema": {"enum": ["a"]}}}
                                },
                                "responses": {"200": {"description": "Done."}},
                            }
                        }
                    }
                },
            },
        },
        "/pets/{id}": {
            "parameters": [
                {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
            ],
            "get": {"operationId": "getPet", "responses": {"200": {"description": "Done."}}},
        },
    },
    webhooks={
        "sold": {
            "post": {
                "requestBody": {
                    "content": {
                        "application/json": {
                            "schema": {
                                "type": "object",
                                "properties": {"id": {"type": "string"}},
                                "required": ["id"],
                            }
                        }
                    }
                },
                "responses": {"200": {"description": "Done."}},
            }
        }
    },
    components={
        "securitySchemes": {
            "token": {"type": "http", "scheme": "bearer"},
            "key": {"type": "apiKey", "in": "header", "name": "X-Key"},
            "oauth": {
                "type": "oauth2",
                "flows": {
                    "clientCredentials": {
                        "tokenUrl": "https://example.com/token",
                        "scopes": {"read": "Read.", "write": "Write."},
                    }
                },
            },
        }
    },
)


def patched(patch: dict[str, Any]) -> dict[str, Any]:
    """Return the document with other members; those taken out are `null!`."""
    result = copy.deepcopy(PETS)
    for pointer, value in patch.items():
        *way, last = map(str, pointer_of(f"#{pointer}") or ())
        node: Any = result
        for step in way:
            node = node[int(step)] if isinstance(node, list) else node.setdefault(step, {})
        if value == TAKEN_OUT:
            del node[last]
        elif isinstance(node, list):
            node[int(last) : int(last) + 1] = [value]
        else:
            node[last] = value
    return result


@pytest.mark.parametrize("pair", PAIRS, ids=[pair["name"] for pair in PAIRS])
def test_a_change_of_a_document_is_found_both_ways(pair: dict[str, Any]) -> None:
    old, new = patched(pair.get("old", {})), patched(pair["new"])
    there, back = compared(old, new), compared(new, old)
    assert pair["there"].split() == [gravest(there), *kinds(there)]
    assert pair["back"].split() == [gravest(back), *kinds(back)]


def test_every_kind_of_change_has_a_pair() -> None:
    rows = [*table("schemas.yaml"), *PAIRS]
    named = {name for row in rows for way in ("there", "back") for name in _ids(row[way])}
    assert set() == set(KINDS) - named


def _ids(told: Any) -> list[str]:
    if isinstance(told, str):
        return told.split()[1:]
    if isinstance(told, dict):
        return [name for names in told.values() for name in names]
    return list(told)


def test_the_kinds_of_the_way_back_are_named_in_pairs() -> None:
    assert {name: name for name in KINDS} == {
        name: KINDS[kind.reverse].reverse for name, kind in KINDS.items()
    }


def placed(old: Any, new: Any) -> list[tuple[str, str]]:
    """Name the changes of a schema that is read, and where each is."""
    pair = (holding(schema, sent=False) for schema in (old, new))
    return [(change.id, change.path) for change in compared(*pair).changes]


IT: Final = "#/paths/~1it/post/responses/200/content/application~1json/schema/properties/it"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            {"type": "object"},
            {"type": "object", "required": ["a"]},
            ("required-member-added", IT),
        ),
        (
            {"type": "object"},
            {"type": "object", "properties": {"a": {}}},
            ("member-added", f"{IT}/properties/a"),
        ),
        (
            {"type": "array", "items": {"type": "string"}},
            {"type": "array", "items": True},
            ("type-widened", f"{IT}/items"),
        ),
        (
            {"type": "array", "items": True},
            {"type": "array", "items": False},
            ("max-items-lowered", IT),
        ),
    ],
)
def test_a_change_stands_where_the_schema_stands(
    old: Any, new: Any, expected: tuple[str, str]
) -> None:
    assert [expected] == placed(old, new)


def test_what_changed_in_a_component_is_said_once_for_each_message() -> None:
    twice = {
        "type": "object",
        "properties": {name: {"type": "object", "allOf": [PET]} for name in ("a", "b")},
    }
    old, new = (holding(twice, sent=False) for _ in range(2))
    for whole, pet in ((old, {"type": "object"}), (new, {"properties": {"tag": {}}})):
        whole["components"]["schemas"]["Pet"] = {"type": "object", **pet}
    assert ["`it.a.tag` in the response 200 is new; you may read it."] == [
        change.message for change in compared(old, new).changes
    ]


PET: Final = {"$ref": "#/components/schemas/Pet"}


def test_alternatives_that_hold_each_other_are_compared_to_the_end() -> None:
    def branch(other: str, **rest: Any) -> dict[str, Any]:
        reference = {"$ref": f"#/components/schemas/{other}"}
        nested = {"oneOf": [reference, {"type": "object", "required": ["z"]}]}
        return {"type": "object", "properties": {"next": nested, **rest}}

    old, new = (holding({"$ref": "#/components/schemas/A"}, sent=False) for _ in range(2))
    for whole, length in ((old, 5), (new, 6)):
        tag = {"type": "string", "maxLength": length}
        whole["components"]["schemas"] |= {"A": branch("B"), "B": branch("A", tag=tag)}
    assert [("max-length-raised", "#/components/schemas/B/properties/tag")] == [
        (change.id, change.path) for change in compared(old, new).changes
    ]
