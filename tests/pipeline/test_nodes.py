"""References and operations of a document, as everything in the pipeline reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from heidi_spec_tools.nodes import follow, operations_of

if TYPE_CHECKING:
    from heidi_spec_tools.documents import Json

NULL: Json = {"type": "null"}
ROOT: dict[str, Json] = {
    "a": {"$ref": "#/b"},
    "b": {"type": "object"},
    "circle": {"$ref": "#/circle"},
    "nullable": {"oneOf": [NULL, {"$ref": "#/a"}]},
}
EITHER: Json = {"oneOf": [{"$ref": "#/a"}, {"$ref": "#/b"}]}


@pytest.mark.parametrize(
    ("value", "place", "found"),
    [
        ({"type": "string"}, ("x",), {"type": "string"}),
        ({"$ref": "#/a"}, ("b",), ROOT["b"]),
        ({"$ref": "#/nullable"}, ("b",), ROOT["b"]),
        ({"anyOf": [{"type": "object"}, NULL]}, ("x", "anyOf", 0), {"type": "object"}),
        (EITHER, ("x",), EITHER),
        ({"$ref": "#/nowhere"}, ("x",), {"$ref": "#/nowhere"}),
        ({"$ref": "https://example.com"}, ("x",), {"$ref": "https://example.com"}),
        ({"$ref": "#/circle"}, ("circle",), {"$ref": "#/circle"}),
        (True, ("x",), {}),
    ],
)  # fmt: skip
def test_references_are_followed_to_their_end(
    value: Json, place: tuple[str | int, ...], found: Json
) -> None:
    assert (place, found) == follow(ROOT, value, ("x",))


def test_an_operation_has_the_parameters_of_its_path_and_replaces_some() -> None:
    def parameter(name: str, **more: Any) -> dict[str, Any]:
        return {"in": "query", "name": name, **more}

    read = {"parameters": [parameter("b", required=True), {"$ref": "#/parameters/c"}]}
    update: dict[str, Any] = {}
    document: dict[str, Any] = {
        "paths": {
            "/a": {
                "summary": "no operation",
                "parameters": [parameter("a"), parameter("b")],
                "patch": update,
                "get": read,
            }
        },
        "parameters": {"c": parameter("c")},
    }
    assert [
        ("/a", "patch", update, (parameter("a"), parameter("b"))),
        ("/a", "get", read, (parameter("a"), parameter("b", required=True), parameter("c"))),
    ] == list(operations_of(document))
