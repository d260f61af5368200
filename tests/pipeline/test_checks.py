"""Our own checks find what other linters miss, and nothing in a valid document."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest
from heidi_spec_tools.nodes import Document, place, pointer_of

from scripts.library.checks import CHECKS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from heidi_spec_tools.nodes import Pointer

SOURCED: Any = {"status": "documented", "source": "seed:L1"}
TEXT: Any = {"type": "string"}
WHOLE: Any = {"type": "integer"}
WHOLE_REF: Any = {"$ref": "#/components/schemas/Whole"}
ENDLESS: Any = {"$ref": "#/components/schemas/Endless"}


def places(check: str, document: dict[str, Any]) -> list[str]:
    return sorted({defect.place for defect in CHECKS[check](Document(document))})


def api(operation: Any = None, *, path: str = "/things", **components: Any) -> dict[str, Any]:
    return {
        "openapi": "3.1.0",
        "info": {"title": "Things", "version": "1"},
        "paths": {path: {"get": operation or {}}},
        "components": components,
    }


def schema_api(schema: Any) -> dict[str, Any]:
    others = {"Text": TEXT, "Whole": WHOLE, "Endless": {"allOf": [ENDLESS]}}
    return api(schemas={"It": schema, **others})


@pytest.mark.parametrize(
    ("schema", "misfits"),
    [
        ({"type": "integer", "maxLength": 3}, ["maxLength"]),
        ({"type": "string", "minimum": 3}, ["minimum"]),
        ({"type": "string", "items": TEXT}, ["items"]),
        ({"type": "number", "pattern": "^a"}, ["pattern"]),
        ({"type": "array", "items": TEXT, "required": ["a"]}, ["required"]),
        ({"type": "object", "minItems": 1, "maxItems": 2}, ["maxItems", "minItems"]),
        ({"type": "boolean", "multipleOf": 2}, ["multipleOf"]),
        ({"type": "null", "maxLength": 3}, ["maxLength"]),
        ({"type": ["integer", "null"], "maxLength": 3}, ["maxLength"]),
        ({"type": "integer", "format": "date"}, ["format"]),
        ({"type": "string", "format": "double"}, ["format"]),
        ({"properties": {"a": {**WHOLE, "maxLength": 3}}}, ["properties/a/maxLength"]),
        ({"items": {"type": "integer", "pattern": "a"}}, ["items/pattern"]),
        ({**WHOLE_REF, "maxLength": 3}, ["maxLength"]),
        ({"allOf": [WHOLE], "maxLength": 3}, ["maxLength"]),
        ({"oneOf": [WHOLE_REF, {"type": "null"}], "minLength": 1}, ["minLength"]),
        ({"anyOf": [WHOLE, {"type": "null"}], "minLength": 1}, ["minLength"]),
        ({"type": "string", "maxLength": 3, "pattern": "a", "format": "date"}, []),
        ({"type": "integer", "minimum": 0}, []),
        ({"type": "number", "minimum": 0, "format": "double"}, []),
        ({"type": ["string", "null"], "maxLength": 3}, []),
        ({"type": ["string", "integer"], "maxLength": 3, "minimum": 0}, []),
        ({"maxLength": 3, "minimum": 0, "items": TEXT, "required": ["a"]}, []),
        ({"oneOf": [TEXT, WHOLE], "maxLength": 3, "minimum": 0}, []),
        ({"anyOf": [WHOLE, True], "maxLength": 3}, []),
        ({"allOf": [TEXT, WHOLE], "maxLength": 3}, []),
        ({"$ref": "#/components/schemas/Text", "maxLength": 3}, []),
        ({"$ref": "#/components/schemas/Nowhere", "maxLength": 3}, []),
        ({**ENDLESS, "maxLength": 3}, []),
        ({"type": "object", "properties": {"pattern": WHOLE, "maxLength": WHOLE}}, []),
        ({"type": "object", "examples": [{"type": "integer", "maxLength": 3}]}, []),
        ({"type": "object", "properties": {"allOf": {"not": WHOLE, "maxLength": 3}}}, []),
        ({"type": "string", "format": "a-format-of-our-own"}, []),
    ],
)  # fmt: skip
def test_a_keyword_belongs_to_a_type_that_the_schema_allows(
    schema: Any, misfits: list[str]
) -> None:
    expected = [f"#/components/schemas/It/{misfit}" for misfit in misfits]
    assert expected == places("keyword-fits-type", schema_api(schema))


@pytest.mark.parametrize(
    ("schema", "misfits"),
    [
        ({**WHOLE, "default": "ten"}, ["default"]),
        ({**WHOLE, "example": "ten"}, ["example"]),
        ({**WHOLE, "examples": [1, "ten", 3]}, ["examples/1"]),
        ({**TEXT, "enum": ["a", 7]}, ["enum/1"]),
        ({**TEXT, "const": 7}, ["const"]),
        ({**TEXT, "format": "date", "default": "1990-13-01"}, ["default"]),
        ({**TEXT, "pattern": "^a", "default": "b"}, ["default"]),
        ({**WHOLE_REF, "default": "ten"}, ["default"]),
        ({"properties": {"a/b": WHOLE}, "default": {"a/b": ""}}, ["default/a~1b"]),
        ({"properties": {"é {#}%": {**WHOLE, "default": ""}}}, ["properties/é {#}%/default"]),
        ({"type": "text", "default": ""}, ["type"]),
        ({**WHOLE, "default": 10, "examples": [1], "enum": [1, 10]}, []),
        ({**TEXT, "format": "date", "default": "1990-01-01"}, []),
        ({**WHOLE_REF, "default": 10}, []),
        ({"properties": {"default": WHOLE, "example": TEXT}}, []),
        ({"$ref": "#/components/schemas/Nowhere", "default": 10}, []),
    ],
)  # fmt: skip
def test_defaults_examples_enums_and_constants_are_valid(schema: Any, misfits: list[str]) -> None:
    expected = [f"#/components/schemas/It/{misfit}" for misfit in misfits]
    assert expected == places("value-fits-schema", schema_api(schema))


GET = "#/paths/~1things/get"
CONTENT = f"{GET}/responses/200/content"
KEPT = {"kept": {"value": {"size": "ten"}}}
SIZE = {"type": "object", "properties": {"size": WHOLE}}


def response(media_type: str, **fields: Any) -> dict[str, Any]:
    content = {media_type: {"schema": SIZE, **fields}}
    return {"responses": {"200": {"description": "", "content": content}}}


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        ({"parameters": [{"schema": WHOLE, "example": "ten"}]}, [f"{GET}/parameters/0/example"]),
        (
            {"parameters": [{"schema": WHOLE, "examples": {"a": {"value": "ten"}}}]},
            [f"{GET}/parameters/0/examples/a/value"],
        ),
        (
            {"responses": {"200": {"headers": {"X-Size": {"schema": WHOLE, "example": "ten"}}}}},
            [f"{GET}/responses/200/headers/X-Size/example"],
        ),
        (
            response("application/json", example={"size": "ten"}),
            [f"{CONTENT}/application~1json/example/size"],
        ),
        (
            response("application/problem+json; charset=utf-8", example={"size": "ten"}),
            [f"{CONTENT}/application~1problem+json; charset=utf-8/example/size"],
        ),
        (
            response("application/json", examples={"a": {"$ref": "#/components/examples/kept"}}),
            ["#/components/examples/kept/value/size"],
        ),
        (response("application/json", example={"size": 10}), []),
        (response("application/xml", example="<size>ten</size>"), []),
        (response("application/json", examples={"a": {"externalValue": "a.json"}}), []),
        ({"parameters": [{"schema": WHOLE, "example": 10}]}, []),
        ({"parameters": [{"example": "no schema, no fault of the example"}]}, []),
    ],
)
def test_examples_of_parameters_headers_and_bodies_are_valid(
    operation: Any, expected: list[str]
) -> None:
    assert expected == places("value-fits-schema", api(operation, examples=KEPT))


def test_a_finding_does_not_repeat_the_value() -> None:
    defects = CHECKS["value-fits-schema"](Document(schema_api({**WHOLE, "default": "Jane Doe"})))
    assert [False] == ["Jane Doe" in defect.message for defect in defects]


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        ("getThing", ["#/paths/~1others/get"]),
        ("get_thing", ["#/paths/~1others/get"]),
        ("GetThing", ["#/paths/~1others/get"]),
        ("getThings", []),
        (None, []),
    ],
)
def test_no_two_operation_ids_make_the_same_name(other: str | None, expected: list[str]) -> None:
    document = api({"operationId": "getThing"})
    document["paths"]["/others"] = {"get": {"operationId": other} if other else {}}
    assert expected == places("operation-id-is-unique", document)


def test_an_operation_id_of_a_callback_counts_too() -> None:
    callback = {"{$url}": {"post": {"operationId": "getThing"}}}
    document = api({"operationId": "getThing", "callbacks": {"done": callback}})
    assert [f"{GET}/callbacks/done/{{$url}}/post"] == places("operation-id-is-unique", document)


UNUSED: dict[str, dict[str, Any]] = {
    "schemas that only name each other": {
        "schemas": {
            "A": {"properties": {"b": {"$ref": "#/components/schemas/B"}}},
            "B": {"properties": {"a": {"$ref": "#/components/schemas/A"}}},
        }
    },
    "a schema that only names itself": {
        "schemas": {"A": {"items": {"$ref": "#/components/schemas/A"}}}
    },
    "a security scheme": {"securitySchemes": {"A": {"type": "http", "scheme": "basic"}}},
    "a link": {"links": {"A": {"operationId": "getThing"}}},
    "what an unused response needs": {
        "responses": {"A": {"content": {"a/b": {"schema": {"$ref": "#/components/schemas/B"}}}}},
        "schemas": {"B": TEXT},
    },
}  # fmt: skip


@pytest.mark.parametrize("components", UNUSED.values(), ids=UNUSED)
def test_a_component_that_no_operation_needs_is_reported(components: dict[str, Any]) -> None:
    expected = sorted(
        f"#/components/{section}/{name}" for section, named in components.items() for name in named
    )
    assert expected == places("component-is-reachable", api(**components))


def test_a_component_that_an_operation_needs_transitively_is_not_reported() -> None:
    basic: dict[str, list[str]] = {"basic": []}
    response = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Pet"}}}}
    mapping = {"cat": "#/components/schemas/Cat", "dog": "Dog"}
    document = api(
        {"security": [basic], "responses": {"200": {"$ref": "#/components/responses/Pet"}}},
        responses={"Pet": response},
        schemas={
            "Pet": {"discriminator": {"propertyName": "kind", "mapping": mapping}},
            "Cat": {"$ref": "#/components/schemas/Animal/properties/a~1b"},
            "Animal": {"properties": {"a/b": TEXT}},
            "Dog": TEXT,
        },
        securitySchemes={"basic": {}, "bearer": {}},
    )
    document["security"] = [{"bearer": []}]
    assert [] == places("component-is-reachable", document)


@pytest.mark.parametrize(("used", "expected"), [("Things", []), ("Others", ["#/tags/0"])])
def test_each_tag_belongs_to_an_operation(used: str, expected: list[str]) -> None:
    document = api({"tags": [used]}) | {"tags": [{"name": "Things"}]}
    assert expected == places("tag-is-used", document)


LINK = f"{GET}/responses/200/links/next"
PASSED = f"{LINK}/parameters"


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ({"operationId": "getNothing"}, [LINK]),
        ({"operationId": "getThing", "parameters": {"nope": 1}}, [f"{PASSED}/nope"]),
        ({"operationId": "getThing", "parameters": {"id": 1, "query.page": 1}}, []),
        ({"operationId": "getThing", "parameters": {"path.page": 1}}, [f"{PASSED}/path.page"]),
        ({"operationRef": "#/paths/~1things/get"}, []),
    ],
)  # fmt: skip
def test_a_link_names_an_operation_and_its_parameters(link: Any, expected: list[str]) -> None:
    operation = {
        "operationId": "getThing",
        "parameters": [{"$ref": "#/components/parameters/page"}],
        "responses": {"200": {"links": {"next": link}}},
    }
    document = api(operation, parameters={"page": {"name": "page", "in": "query"}})
    document["paths"]["/things"]["parameters"] = [{"name": "id", "in": "path"}]
    assert expected == places("link-leads-somewhere", document)


THING = "#/components/schemas/Thing/properties"
WITHOUT = {
    "an operation": GET,
    "a parameter": f"{GET}/parameters/0",
    "a parameter of a path": "#/paths/~1things/parameters/0",
    "a response": f"{GET}/responses/200",
    "a response that others share": "#/components/responses/Failed",
    "a property": f"{THING}/size",
    "a property below a property": f"{THING}/part/properties/x-size",
    "a property of an item": "#/components/schemas/Things/items/properties/size",
    "a property of a body": f"{GET}/requestBody/content/application~1json/schema/properties/size",
}


def sourced_api() -> dict[str, Any]:
    own = {"x-provenance": SOURCED}
    parts = {"type": "object", "properties": {"size": {**WHOLE, **own}}}
    body = {"content": {"application/json": {"schema": parts}}}
    response = {"description": "", **own}
    operation = {
        **own,
        "parameters": [{"name": "page", "in": "query", **own}],
        "requestBody": body,
        "responses": {
            "x-provenance": SOURCED,
            "200": response,
            "default": {"$ref": "#/components/responses/Failed"},
        },
    }
    part = {"type": "object", "properties": {"x-size": {**WHOLE, **own}}, **own}
    thing = {
        "properties": {
            "size": {**WHOLE, **own},
            "part": part,
            "same": {"$ref": "#/components/schemas/Thing/properties/size"},
            "again": {"$ref": "#/components/schemas/Thing/properties/same"},
            "x-provenance": {**TEXT, **own},
        }
    }
    schemas = {"Thing": thing, "Things": {"items": parts}}
    document = api(operation, schemas=schemas, responses={"Failed": response})
    document["paths"]["/things"]["parameters"] = [{"name": "id", "in": "path", **own}]
    return copy.deepcopy(document)


@pytest.mark.parametrize("where", WITHOUT.values(), ids=WITHOUT)
def test_a_node_without_provenance_is_reported(where: str) -> None:
    document: Any = sourced_api()
    node = document
    for token in pointer_of(where) or ():
        node = node[int(str(token)) if isinstance(node, list) else token]
    del node["x-provenance"]
    assert where in places("provenance-is-complete", document)


def test_a_node_has_its_own_provenance_or_that_of_its_reference() -> None:
    assert [] == places("provenance-is-complete", sourced_api())


def test_a_property_may_be_called_x_provenance() -> None:
    assert [] == places("provenance-is-well-formed", sourced_api())


def test_circular_references_give_no_provenance() -> None:
    document = sourced_api()
    properties = document["components"]["schemas"]["Thing"]["properties"]
    properties |= {"here": {"$ref": f"{THING}/there"}, "there": {"$ref": f"{THING}/here"}}
    assert [f"{THING}/here", f"{THING}/there"] == places("provenance-is-complete", document)


def test_a_reference_to_a_node_without_provenance_gives_none() -> None:
    document = sourced_api()
    del document["components"]["schemas"]["Thing"]["properties"]["size"]["x-provenance"]
    lacking = places("provenance-is-complete", document)
    assert [f"{THING}/again", f"{THING}/same", f"{THING}/size"] == lacking


@pytest.mark.parametrize(
    "provenance",
    [
        SOURCED,
        {"status": "example", "source": "seed:L58-L62, L164-L168"},
        {"status": "inferred", "source": "page:go-live", "note": "The page names no default."},
        {"status": "unknown", "source": "seed:L5, page:authentication"},
        {"status": "anomaly", "source": "seed:L5, L7-L9, decision:S8"},
        {"status": "decided", "source": "decision:S5, decision:S13"},
        {**SOURCED, "narrowed_by": "decision:S8"},
    ],
)
def test_a_provenance_that_is_well_formed_is_accepted(provenance: Any) -> None:
    document = api({"x-provenance": provenance})
    assert [] == places("provenance-is-well-formed", document)


@pytest.mark.parametrize(
    ("provenance", "field"),
    [
        ("seed:L1", ""),
        ({}, ""),
        ({"status": "documented"}, ""),
        ({"source": "seed:L1"}, ""),
        ({**SOURCED, "sources": "seed:L1"}, ""),
        ({**SOURCED, "status": "guessed"}, "/status"),
        ({**SOURCED, "source": ""}, "/source"),
        ({**SOURCED, "source": ["seed:L1"]}, "/source"),
        ({**SOURCED, "source": "seed:1"}, "/source"),
        ({**SOURCED, "source": "seed:L0"}, "/source"),
        ({**SOURCED, "source": "L1"}, "/source"),
        ({**SOURCED, "source": "seed:L1-2"}, "/source"),
        ({**SOURCED, "source": "seed:L1,L2"}, "/source"),
        ({**SOURCED, "source": "seed:L1 and more"}, "/source"),
        ({**SOURCED, "source": "page:Go Live"}, "/source"),
        ({**SOURCED, "source": "decision:8"}, "/source"),
        ({**SOURCED, "source": "seed:L1\n"}, "/source"),
        ({**SOURCED, "narrowed_by": "seed:L1"}, "/narrowed_by"),
        ({**SOURCED, "note": ""}, "/note"),
        ({**SOURCED, "note": 1}, "/note"),
    ],
)
def test_a_provenance_that_cannot_be_looked_up_is_reported(provenance: Any, field: str) -> None:
    document = api(tags=[])
    document["tags"] = [{"name": "Things", "x-provenance": provenance}]
    assert [f"#/tags/0/x-provenance{field}"] == places("provenance-is-well-formed", document)


@pytest.mark.parametrize(
    "check", ["keyword-fits-type", "provenance-is-complete", "provenance-is-well-formed"]
)
def test_data_that_looks_like_a_node_is_not_one(check: str) -> None:
    fake = {"x-provenance": "no", "properties": {"a": {"type": "integer", "maxLength": 3}}}
    schema = {"default": fake, "example": fake, "enum": [fake], "examples": [fake]}
    document = api(
        {"x-provenance": SOURCED}, examples={"a": {"value": fake}}, schemas={"A": schema}
    )
    assert [] == places(check, document)


@pytest.mark.parametrize(
    ("reference", "pointer"),
    [
        ("#", ()),
        ("#/paths/~1a~1b", ("paths", "/a/b")),
        ("#/components/schemas/a~01", ("components", "schemas", "a~1")),
        ("#/components/schemas/a%20%C3%A9", ("components", "schemas", "a é")),
        ("#Anchor", None),
        ("other.yaml#/a", None),
    ],
)
def test_a_reference_is_read_as_a_pointer(reference: str, pointer: Pointer | None) -> None:
    assert pointer == pointer_of(reference)


def test_a_place_leads_back_to_its_pointer() -> None:
    pointer = ("paths", "/a~b/{c}", "~1")
    assert pointer == pointer_of(place(pointer))


JUNK: list[Any] = [None, True, 1, "x", [], {}, [None], [{}], {"x": {}}, {"$ref": []}, {"$ref": "#"}]


def holders(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield each object and list of a document, with each of its keys."""
    keys: Any = value if hasattr(value, "keys") else range(len(value))
    for key in tuple(keys):
        yield value, key
        if isinstance(value[key], (dict, list)):
            yield from holders(value[key])


@pytest.mark.parametrize("check", CHECKS)
def test_a_document_of_the_wrong_shape_breaks_no_check(check: str) -> None:
    document: Any = sourced_api()
    document |= {"tags": [{"name": "Things"}], "security": [{"basic": []}]}
    link = {"operationId": "getThing", "parameters": {"id": 1}}
    document["paths"]["/things"]["get"]["responses"]["200"]["links"] = {"next": link}
    document["components"]["schemas"]["Thing"]["default"] = {"size": 1}
    survived = 0
    for holder, key in list(holders(document)):
        kept = holder[key]
        for holder[key] in JUNK:
            list(CHECKS[check](Document(document)))
            survived += 1
        holder[key] = kept
    assert survived > 500


# What requests set, and what resources allow


def stored_api(sent: Any, shown: Any, **semantics: Any) -> dict[str, Any]:
    body = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Change"}}}}
    operation = {
        "operationId": "changeIt",
        "x-semantics": {"action": "update", "resource": "It", **semantics},
        "requestBody": body,
        "responses": {"200": {"description": "It."}},
    }
    change = {"type": "object", "properties": {"size": sent}}
    it = {"type": "object", "required": ["size"], "properties": {"size": shown}}
    return api(operation, schemas={"Change": change, "It": it})


SMALL: Any = {"type": "integer", "maximum": 9}
PIN: Any = {"type": "string", "writeOnly": True}


def holding(**properties: Any) -> Any:
    return {"type": "object", "properties": properties}


def closed(**properties: Any) -> Any:
    return {**holding(**properties), "additionalProperties": False}


BRANCHES: Any = [closed(a=TEXT), closed(b=TEXT)]


@pytest.mark.parametrize(
    ("sent", "shown", "value"),
    [
        (WHOLE, SMALL, '{"size": 10}'),
        ({"type": ["integer", "null"], "maximum": 9}, SMALL, '{"size": null}'),
        (TEXT, SMALL, '{"size": "text"}'),
        (
            {"type": "object", "properties": {"in": WHOLE}},
            {"type": "object", "properties": {"in": SMALL}},
            '{"size": {"in": 10}}',
        ),
        (  # refused for two reasons, reported once
            {"properties": {"in": WHOLE, "out": WHOLE}},
            {"properties": {"in": SMALL, "out": SMALL}},
            '{"size": {"in": 10}}',
        ),
        ({"oneOf": [WHOLE, TEXT]}, {"oneOf": [SMALL, TEXT]}, '{"size": 10}'),
    ],
)
def test_a_request_that_takes_what_its_resource_refuses_is_found(
    sent: Any, shown: Any, value: str
) -> None:
    (defect,) = CHECKS["requests-fit-resources"](Document(stored_api(sent, shown)))
    assert defect.place.startswith("#/components/schemas/It/properties/size")
    expected = f"changeIt takes {value}, which the property size of It does not allow; allow it"
    assert expected in defect.message


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        (SMALL, SMALL),
        (SMALL, WHOLE),
        ({"type": "object"}, {"type": "object", "required": ["a"], "properties": {"a": {}}}),
        ({"type": "object", "properties": {"a": TEXT}}, {"type": "object"}),
        ({**WHOLE, "writeOnly": True}, SMALL),
        ({"allOf": [{**WHOLE, "writeOnly": True}]}, SMALL),
        ({"allOf": [{"$ref": "#/components/schemas/Pin"}]}, SMALL),
        ({"oneOf": [{"$ref": "#/components/schemas/Pin"}, {"type": "null"}]}, SMALL),
        (closed(a=TEXT, pin=PIN), closed(a=TEXT)),
        (holding(a=TEXT, pin=PIN), closed(a=TEXT)),
        ({**closed(pin=PIN), "required": ["pin"]}, closed(a=TEXT)),
        (closed(a=TEXT, pin=PIN), closed(a=TEXT, pin={**PIN, "maxLength": 4})),
        (closed(a=closed(pin=PIN)), closed(a=closed())),
        (holding(a=TEXT), closed(a=TEXT)),
        (holding(a=TEXT), {**holding(a=TEXT), "unevaluatedProperties": False}),
        ({"oneOf": BRANCHES}, {"oneOf": BRANCHES}),
        ({"anyOf": BRANCHES}, {"anyOf": BRANCHES}),
        ({"not": closed(a=TEXT)}, {"not": closed(a=TEXT)}),
    ],
)
def test_a_request_that_takes_less_or_what_is_never_shown_is_fine(sent: Any, shown: Any) -> None:
    document = stored_api(sent, shown)
    document["components"]["schemas"]["Pin"] = {**WHOLE, "writeOnly": True}
    assert [] == places("requests-fit-resources", document)


@pytest.mark.parametrize("composed", [["Change"], ["It"], ["Change", "It"]])
def test_a_request_and_a_resource_that_are_composed_are_compared(composed: list[str]) -> None:
    document = stored_api(WHOLE, SMALL)
    schemas = document["components"]["schemas"]
    for name in composed:
        schemas[f"Base{name}"] = schemas[name]
        schemas[name] = {"allOf": [{"$ref": f"#/components/schemas/Base{name}"}, {}]}
    (defect,) = CHECKS["requests-fit-resources"](Document(document))
    assert defect.place.startswith("#/components/schemas/It")
    assert 'changeIt takes {"size": 10}, which the property size of It' in defect.message


def test_a_property_that_is_stored_under_another_name_is_compared_with_that() -> None:
    document = stored_api(SMALL, SMALL)
    schemas = document["components"]["schemas"]
    schemas["Change"]["properties"] = {"length": {**WHOLE, "x-semantics": {"stored_as": "size"}}}
    (defect,) = CHECKS["requests-fit-resources"](Document(document))
    assert "#/components/schemas/It/properties/size" == defect.place
    assert 'changeIt takes {"length": 10}, which the property size of It' in defect.message
