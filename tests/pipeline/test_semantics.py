"""`x-semantics` uses the vocabulary, and its references exist."""

# ruff: noqa: E501  # tables read better in rows

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from heidi_spec_tools.nodes import Document, place
from heidi_spec_tools.overlay import apply

from scripts.library.semantics import KEY, faults, shown_updates
from scripts.steps.documents import derive

if TYPE_CHECKING:
    from collections.abc import Callable

CREATE = "#/paths/~1things/post/x-semantics"
READ = "#/paths/~1things~1{thing_id}/get/x-semantics"
LIST = "#/paths/~1things/get/x-semantics"
ISSUE = "#/paths/~1token/get/x-semantics"
THING = "#/components/schemas/Thing/x-semantics"
PART = "#/components/schemas/Part/properties/counts/x-semantics"
ID = {"name": "thing_id", "in": "path", "required": True, "schema": {"type": "string"}}


def response(schema: str) -> dict[str, Any]:
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
    return {"200": {"description": "Fine.", "content": content}}


def query(name: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": {"type": "string"}}


def body(schema: str) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}}


def record(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


TEXT: dict[str, Any] = {"type": "string"}
MAP: dict[str, Any] = {"type": ["object", "null"], "additionalProperties": TEXT}
PAGE = {"items": "/things", "size": "limit", "token": "after", "next": "/next"}


def document() -> dict[str, Any]:
    """A document of another API, with every action."""
    one = {"resource": "Thing", "result": "/thing"}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Things", "version": "1.0.0"},
        "x-derived-from": ["things.yaml", "semantics.yaml"],
        "paths": {
            "/things": {
                "post": {
                    "operationId": "addThing",
                    "requestBody": body("ThingCreate"),
                    "responses": response("ThingCreated"),
                    KEY: {"action": "create", "resource": "Thing", "id": "/thing_id"},
                },
                "get": {
                    "operationId": "listThings",
                    "parameters": [query("limit"), query("after")],
                    "responses": response("ThingPage"),
                    KEY: {"action": "list", "resource": "Thing", "page": dict(PAGE)},
                },
            },
            "/things/{thing_id}": {
                "parameters": [ID],
                "get": {
                    "operationId": "getThing",
                    "responses": response("ThingEnvelope"),
                    KEY: {"action": "read", **one},
                },
                "patch": {
                    "operationId": "changeThing",
                    "requestBody": body("ThingUpdate"),
                    "responses": response("ThingEnvelope"),
                    KEY: {"action": "update", **one},
                },
            },
            "/token": {
                "get": {
                    "operationId": "issueToken",
                    "parameters": [query("user")],
                    "responses": response("Token"),
                    KEY: {
                        "action": "issue",
                        "scheme": "token",
                        "user": ["user"],
                        "token": "/token",
                        "expires": "/end",
                    },
                },
            },
        },
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": {
                "Thing": {
                    **record(thing_id=TEXT, ref=TEXT, born=TEXT, part={"$ref": "#/components/schemas/Part"}),
                    KEY: {"id": "thing_id", "owner": "token", "created": "born"},
                },
                "Part": record(size=TEXT, counts={**MAP, KEY: {"replaced": True}}),
                "ThingCreate": record(reference={**TEXT, KEY: {"stored_as": "ref"}}),
                "ThingCreated": record(thing_id={**TEXT, KEY: {"private": False}}),
                "ThingEnvelope": record(thing={"$ref": "#/components/schemas/Thing"}),
                "ThingPage": record(things={"type": "array", "items": {}}, next=TEXT),
                "ThingUpdate": record(
                    ref=TEXT, color=TEXT, part={"$ref": "#/components/schemas/PartUpdate"}
                ),
                "PartUpdate": record(size=TEXT, weight=TEXT),
                "Token": record(token=TEXT, end=TEXT),
                "Failure": {
                    **record(kind=TEXT, words=TEXT),
                    KEY: {"error": {"type": "/kind", "message": "/words"}},
                },
            },
        },
    }  # fmt: skip


def put(pointer: str, value: Any) -> Callable[[dict[str, Any]], None]:
    """Return an edit that writes a value at a pointer such as `#/paths/~1things`."""
    *way, last = [part.replace("~1", "/") for part in pointer.removeprefix("#/").split("/")]

    def write(root: dict[str, Any]) -> None:
        node: Any = root
        for part in way:
            node = node[part]
        if value is None:
            del node[last]
        else:
            node[last] = value

    return write


FAULTS: list[tuple[Callable[[dict[str, Any]], None], str, str]] = [
    (put(f"{CREATE}/action", "invent"), f"{CREATE}/action", "must be one of create, read"),
    (put(f"{CREATE}/resorce", "Thing"), CREATE, "resorce: unknown word for create"),
    (put(f"{CREATE}/id", None), CREATE, "create needs id or result; add one of them"),
    (put(f"{CREATE}/id", "/nothing"), f"{CREATE}/id", "/nothing does not exist in the success response"),
    (put(f"{CREATE}/id", "thing_id"), f"{CREATE}/id", '"^(/.*)?$"'),
    (put(f"{CREATE}/resource", "Part"), f"{CREATE}/resource", "Part is not a resource"),
    (put(f"{CREATE}/resource", "Nothing"), f"{CREATE}/resource", "Nothing is not a resource"),
    (put(f"{READ}/result", None), READ, "read needs result; add it"),
    (put(f"{READ}/result", "/things"), f"{READ}/result", "/things does not exist"),
    (put("#/paths/~1things~1{thing_id}/parameters", []), f"{READ}/action", "no parameter thing_id"),
    (put(f"{LIST}/page/size", None), f"{LIST}/page", "list needs size; add it"),
    (put(f"{LIST}/page/size", "most"), f"{LIST}/page/size", "no query parameter most"),
    (put(f"{LIST}/page/token", "page"), f"{LIST}/page/token", "no query parameter page"),
    (put(f"{LIST}/page/total", "/total"), f"{LIST}/page/total", "/total does not exist"),
    (put(f"{LIST}/method", "things list"), f"{LIST}/method", "does not match"),
    (put(f"{ISSUE}/scheme", "key"), f"{ISSUE}/scheme", "key is not a security scheme"),
    (put(f"{ISSUE}/user", ["email"]), f"{ISSUE}/user/0", "no query parameter email"),
    (put(f"{ISSUE}/expires", "/until"), f"{ISSUE}/expires", "/until does not exist"),
    (put(f"{THING}/id", "id"), f"{THING}/id", "no property id"),
    (put(f"{THING}/created", "made"), f"{THING}/created", "no property made"),
    (put(f"{THING}/owner", "nobody"), f"{THING}/owner", "nobody is not a security scheme"),
    (put(f"{THING}/colour", "red"), THING, "colour: unknown word for resource"),
    (put("#/components/schemas/Failure/x-semantics/error/type", "/name"), "#/components/schemas/Failure/x-semantics/error/type", "/name does not exist"),
    (put("#/components/schemas/ThingCreate/properties/reference/x-semantics/stored_as", "refs"), "#/components/schemas/ThingCreate/properties/reference/x-semantics/stored_as", "has a property refs"),
    (put("#/components/schemas/ThingCreated/properties/thing_id/x-semantics/private", "no"), "#/components/schemas/ThingCreated/properties/thing_id/x-semantics/private", "boolean"),
    (put(f"{PART}/replaced", False), f"{PART}/replaced", "true"),
    (put("#/components/schemas/Thing/properties/ref", {**TEXT, KEY: {"replaced": True}}), "#/components/schemas/Thing/properties/ref/x-semantics/replaced", "only an object can be merged"),
    (put("#/components/schemas/ThingUpdate/properties/color", {**MAP, KEY: {"replaced": True}}), "#/components/schemas/ThingUpdate/properties/color/x-semantics/replaced", "no request merges this property"),
    (put("#/components/schemas/ThingCreated/properties/thing_id/x-semantics", {}), "#/components/schemas/ThingCreated/properties/thing_id/x-semantics", "propert"),
]  # fmt: skip


def found(root: dict[str, Any]) -> list[tuple[str, str]]:
    return [(place(fault.pointer), fault.message) for fault in faults(Document(root))]


def test_valid_semantics_have_no_fault() -> None:
    assert [] == found(document())


@pytest.mark.parametrize(("spoil", "where", "message"), FAULTS)
def test_a_fault_is_named_with_its_place_and_its_fix(
    spoil: Callable[[dict[str, Any]], None], where: str, message: str
) -> None:
    root = document()
    spoil(root)

    faults_found = found(root)

    assert any(where == place_ and message in words for place_, words in faults_found), faults_found
    assert all("\n" not in words for _, words in faults_found)


def test_a_resource_may_get_its_semantics_from_an_overlay() -> None:
    root = document()
    del root["x-derived-from"], root["components"]["schemas"]["Thing"][KEY]

    assert [] == found(root)

    put(f"{CREATE}/resource", "Nothing")(root)
    message = "Nothing is not a resource; give that component x-semantics with id and owner"
    assert (f"{CREATE}/resource", message) in found(root)


def test_a_replaced_property_may_be_one_of_the_request() -> None:
    root = document()
    replaced = {**MAP, KEY: {"replaced": True}}
    root["components"]["schemas"]["PartUpdate"]["properties"]["weights"] = replaced
    root["components"]["schemas"]["Thing"][KEY]["shows_updates"] = {"status": "decided"}

    made: Any = apply(root, shown_updates(root), strict_targets=True)

    assert [] == found(made)


def test_two_operations_cannot_have_one_method() -> None:
    root = document()
    for path, method in (("/things", "post"), ("/things/{thing_id}", "get")):
        root["paths"][path][method][KEY]["method"] = "things.one"

    ((where, message),) = found(root)

    assert f"{READ}/method" == where
    assert "things.one is the method of #/paths/~1things/post as well; rename one" == message


@pytest.mark.parametrize(
    ("gone", "left"),
    [
        (("post", "get"), {"read", "update", "delete"}),
        (("post",), {"delete"}),
    ],
    ids=["neither created nor listed", "not created"],
)
def test_a_resource_is_created_or_listed_before_anything_else_is_done_with_it(
    gone: tuple[str, ...], left: set[str]
) -> None:
    root = document()
    deletes = {KEY: {"action": "delete", "resource": "Thing"}, "responses": {"204": {}}}
    root["paths"]["/things/{thing_id}"]["delete"] = {"operationId": "removeThing", **deletes}
    for method in gone:
        del root["paths"]["/things"][method]

    seen = [message for where, message in found(root) if where.endswith("/resource")]

    assert left == {message.partition("there is none to ")[2].partition(";")[0] for message in seen}
    assert all("remove x-semantics here" in message for message in seen)


@pytest.mark.parametrize("name", ["client", "strict"])
def test_the_semantics_of_the_documents_have_no_fault(name: str) -> None:
    root: Any = derive(name)

    assert [] == found(root)
    assert KEY in str(root)


def test_a_resource_shows_what_an_update_takes() -> None:
    root = document()
    root["components"]["schemas"]["Thing"][KEY]["shows_updates"] = {"status": "decided"}

    made: Any = apply(root, shown_updates(root), strict_targets=True)

    schemas = made["components"]["schemas"]

    provenance = {"x-provenance": {"status": "decided"}}
    for shown, update, name in (
        ("Thing", "ThingUpdate", "color"),
        ("Part", "PartUpdate", "weight"),
    ):
        added = schemas[update]["properties"][name] | provenance
        assert added == schemas[shown]["properties"][name]
    assert TEXT == schemas["Thing"]["properties"]["ref"]
    assert "shows_updates" not in schemas["Thing"][KEY]


def test_a_resource_shows_what_each_of_several_updates_takes() -> None:
    root = document()
    schemas = root["components"]["schemas"]
    schemas["Thing"][KEY]["shows_updates"] = {"status": "decided"}
    schemas["ThingWhole"] = record(color={"type": "integer"}, size=TEXT)
    one = root["paths"]["/things/{thing_id}"]
    one["put"] = {**one["patch"], "operationId": "replaceThing", "requestBody": body("ThingWhole")}

    made: Any = apply(root, shown_updates(root), strict_targets=True)

    shown = made["components"]["schemas"]["Thing"]["properties"]
    assert TEXT["type"] == shown["size"]["type"]
    update = schemas["ThingUpdate"]["properties"]["color"]
    assert update["type"] == shown["color"]["type"]


def test_a_resource_does_not_show_what_is_only_written() -> None:
    root = document()
    schemas = root["components"]["schemas"]
    schemas["Thing"][KEY]["shows_updates"] = {"status": "decided"}
    schemas["ThingUpdate"]["properties"]["pin"] = {**TEXT, "writeOnly": True}

    made: Any = apply(root, shown_updates(root), strict_targets=True)

    assert "pin" not in made["components"]["schemas"]["Thing"]["properties"]


def test_an_update_without_a_body_needs_one() -> None:
    root = document()
    root["components"]["schemas"]["Thing"][KEY]["shows_updates"] = {"status": "decided"}
    del root["paths"]["/things/{thing_id}"]["patch"]["requestBody"]

    apply(root, shown_updates(root), strict_targets=True)

    at = "#/paths/~1things~1{thing_id}/patch/x-semantics/action"
    assert (at, "update needs a requestBody of application/json; add it") in found(root)


def test_a_resource_that_does_not_say_so_stays_as_it_is() -> None:
    assert shown_updates(document()) is None
