"""What is only written in another way, or is in another place, is no change."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest
from heidi_spec_tools.dereference import dereference
from heidi_spec_tools.documents import dump_yaml, load

from scripts.steps.documents import DOCUMENTS, derive
from tests.pipeline.diff.samples import compared, document
from tests.pipeline.diff.test_documents import PETS, patched

if TYPE_CHECKING:
    from pathlib import Path


def schema(**members: Any) -> dict[str, Any]:
    return {"schema": members}


ID = {"name": "id", "in": "path", "required": True, **schema(type="string")}
LIMIT = {"name": "limit", "in": "query", **schema(type="integer")}
RESPONSE = PETS["paths"]["/pets"]["get"]["responses"]["200"]
BODY = PETS["paths"]["/pets"]["post"]["requestBody"]
TOKEN = {"type": "http", "scheme": "bearer"}

SAME: dict[str, dict[str, Any]] = {
    "a path variable has another name": {
        "/paths/~1pets~1{id}": "null!",
        "/paths/~1pets~1{pet_id}": {
            "parameters": [{**ID, "name": "pet_id"}],
            "get": {"operationId": "getPet", "responses": {"200": {"description": "Done."}}},
        },
    },
    "a parameter stands on the path": {
        "/paths/~1pets~1{id}/parameters": [],
        "/paths/~1pets~1{id}/get/parameters": [ID],
    },
    "a parameter is a component": {
        "/components/parameters": {"Limit": LIMIT},
        "/paths/~1pets/get/parameters/0": {"$ref": "#/components/parameters/Limit"},
    },
    "a response is a component": {
        "/components/responses": {"Done": RESPONSE},
        "/paths/~1pets/get/responses/200": {"$ref": "#/components/responses/Done"},
    },
    "a body is a component": {
        "/components/requestBodies": {"Pet": BODY},
        "/paths/~1pets/post/requestBody": {"$ref": "#/components/requestBodies/Pet"},
    },
    "a header is a component, written otherwise": {
        "/components/headers": {"Rate": schema(type="integer")},
        "/paths/~1pets/get/responses/200/headers": {
            "x-rate": {"$ref": "#/components/headers/Rate"}
        },
    },
    "a path is a component": {
        "/components/pathItems": {"Pets": PETS["paths"]["/pets"]},
        "/paths/~1pets": {"$ref": "#/components/pathItems/Pets"},
    },
    "defaults are written out": {
        "/paths/~1pets/get/parameters/0/required": False,
        "/paths/~1pets/get/parameters/0/style": "form",
        "/paths/~1pets/get/parameters/0/explode": True,
        "/paths/~1pets/get/parameters/0/deprecated": False,
        "/paths/~1pets/get/deprecated": False,
        "/paths/~1pets/post/requestBody/required": False,
    },
    "a media type is written otherwise": {
        "/paths/~1pets/post/requestBody/content": {"Application/JSON": schema(type="object")}
    },
    "servers are repeated": {"/paths/~1pets/get/servers": PETS["servers"]},
    "a server variable has another name": {
        "/servers/0": {
            "url": "https://example.com/{region}/",
            "variables": {"region": {"default": "a", "enum": ["b", "a"]}},
        }
    },
    "security for all is what none says": {"/security": [{}]},
    "a reserved header is described": {
        "/paths/~1pets/get/parameters/1": {"name": "Accept", "in": "header", **schema()},
        "/paths/~1pets/get/responses/200/headers/Content-Type": schema(type="string"),
    },
    "tags stand in another order": {"/paths/~1pets/get/tags": ["Pets"]},
    "an unused component comes": {"/components/schemas": {"Unused": {"type": "string"}}},
    "the version moves": {"/info/version": "2.0.0"},
    "where it comes from is said": {"/x-provenance": {"status": "documented"}},
}


@pytest.mark.parametrize("patch", SAME.values(), ids=SAME)
def test_a_document_in_other_words_is_no_change(patch: dict[str, Any]) -> None:
    old, new = patched({}), patched(patch)
    assert [] == [change.message for change in compared(old, new).changes]
    assert [] == [change.message for change in compared(new, old).changes]


def test_a_security_scheme_may_have_another_name() -> None:
    old = patched({"/security": [{"token": []}]})
    new = patched({"/security": [{"bearer": []}], "/components/securitySchemes/bearer": TOKEN})
    del new["components"]["securitySchemes"]["token"]
    assert () == compared(old, new).changes


def test_a_link_follows_a_path_variable_to_its_new_name() -> None:
    old, new = (
        document(
            paths={
                f"/pets/{{{name}}}": {
                    "parameters": [{**ID, "name": name}],
                    "get": {"operationId": "getPet", "responses": {"200": {"description": "A."}}},
                },
                "/pets": {
                    "post": {
                        "responses": {
                            "201": {
                                "description": "B.",
                                "links": {
                                    "pet": {
                                        "operationId": "getPet",
                                        "parameters": {name: "$response.body#/id"},
                                    }
                                },
                            }
                        }
                    }
                },
            }
        )
        for name in ("id", "pet_id")
    )
    assert () == compared(old, new).changes


def test_the_order_of_everything_does_not_count() -> None:
    assert () == compared(patched({}), turned(PETS)).changes


def turned(node: Any) -> Any:
    """Turn the order of all members round."""
    if isinstance(node, dict):
        return {key: turned(node[key]) for key in reversed(node)}
    return [turned(item) for item in node] if isinstance(node, list) else node


@pytest.mark.parametrize("name", DOCUMENTS)
def test_our_documents_bundled_and_dereferenced_do_not_differ(name: str, tmp_path: Path) -> None:
    source = derive(name)
    bundled = tmp_path / "bundled.yaml"
    bundled.write_text(dump_yaml(source), encoding="utf-8")
    assert () == compared(load(bundled), dereference(copy.deepcopy(source))).changes
    assert () == compared(dereference(copy.deepcopy(source)), source).changes
