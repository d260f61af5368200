"""The facts about operations and resources agree with the documents."""

from __future__ import annotations

import copy
from typing import Any

import heidi_spec
import pytest
from heidi_generated import metadata
from jsonschema_rs import Draft202012Validator

from scripts.generator.facts import Facts, Spec, facts_of, literal, python_name
from tests.owner.subject import READ

CLIENT, STRICT = heidi_spec.load("client"), heidi_spec.load("strict")
METHODS = ("get", "put", "post", "delete", "patch")
OPERATIONS = [
    (route, method, item[method])
    for route, item in CLIENT["paths"].items()
    for method in METHODS
    if method in item
]


@pytest.fixture
def document() -> dict[str, Any]:
    """The client document, for tests to change."""
    return copy.deepcopy(CLIENT)


def said(document: dict[str, Any]) -> Facts:
    return facts_of(document, document)


def method_of(document: dict[str, Any], id_: str) -> str | None:
    return next(each.client_method for each in said(document).operations if each.id == id_)


def test_every_operation_has_the_statuses_of_the_strict_document() -> None:
    assert [(route, method.upper(), node["operationId"]) for route, method, node in OPERATIONS] == [
        (each.route, each.method, each.id) for each in metadata.OPERATIONS
    ]
    for each in metadata.OPERATIONS:
        responses = STRICT["paths"][each.route][each.method.lower()]["responses"]
        statuses = {str(each.status), *(str(failure.status) for failure in each.failures)}
        assert set(responses) == statuses


@pytest.mark.parametrize("operation", metadata.OPERATIONS, ids=lambda each: each.id)
def test_a_sample_and_each_failure_are_valid_by_the_strict_document(operation: Any) -> None:
    responses = STRICT["paths"][operation.route][operation.method.lower()]["responses"]
    components = {"components": STRICT["components"]}
    bodies = {operation.status: operation.sample} | {f.status: f.body for f in operation.failures}
    for status, body in bodies.items():
        response = Spec(STRICT).follow(responses[str(status)])
        schema = response["content"]["application/json"]["schema"]
        Draft202012Validator({**schema, **components}).validate(body)


def test_a_request_schema_is_self_contained_and_as_strict_as_the_strict_document() -> None:
    schemas = [each.body for each in metadata.OPERATIONS if each.body is not None]
    assert schemas
    for body in schemas:
        validator = Draft202012Validator(metadata.self_contained(body))
        assert validator.is_valid({})
        assert not validator.is_valid([])


def test_the_failure_of_an_unknown_id_is_that_of_the_read_operation() -> None:
    by_id = [each for each in metadata.OPERATIONS if "{" in each.route]
    types = {failure.type for each in by_id for failure in [each.failure(404)] if failure}
    assert len(by_id) > 1
    assert 1 == len(types)
    assert None not in types


def test_a_resource_has_the_sample_of_its_read_operation_and_its_initial_values() -> None:
    for name, resource in metadata.RESOURCES.items():
        semantics = STRICT["components"]["schemas"][name]["x-semantics"]
        assert resource.id == semantics["id"]
        assert set(STRICT["components"]["schemas"][name]["required"]) <= resource.sample.keys()
        assert resource.initial
        assert set(resource.harmless) < set(resource.columns)


def test_a_method_is_called_as_the_document_says_or_by_tag_and_action(
    document: dict[str, Any],
) -> None:
    node = document["paths"][READ.path]["get"]
    node["x-semantics"]["method"] = "visits.fetch"
    assert "visits.fetch" == method_of(document, node["operationId"])
    del node["x-semantics"]["method"]
    assert f"{python_name(READ.tag)}.get" == method_of(document, node["operationId"])
    twin = copy.deepcopy(node) | {"operationId": "getTheTwin"}
    document["paths"][f"/twin{READ.path}"] = {"get": twin}
    assert f"{python_name(READ.tag)}.get_the_twin" == method_of(document, "getTheTwin")
    twin["tags"] = ["Two Words"]
    del twin["x-semantics"]
    assert "two_words.get_the_twin" == method_of(document, "getTheTwin")


def test_an_operation_that_issues_tokens_is_not_a_method_and_names_its_header() -> None:
    (issuing,) = [each for each in metadata.OPERATIONS if each.issue]
    assert issuing.issue is not None
    assert issuing.client_method is None
    headers = {each.get("name") for each in CLIENT["components"]["securitySchemes"].values()}
    assert issuing.issue.header in headers


def test_a_response_without_an_example_is_the_smallest_value_of_its_schema(
    document: dict[str, Any],
) -> None:
    schema = {
        "type": "object",
        "required": ["a", "b", "c", "d", "e", "f"],
        "properties": {
            "a": {"type": "string", "minLength": 2},
            "b": {"type": "integer", "minimum": 3},
            "c": {"type": ["string", "null"]},
            "d": {"type": "array", "minItems": 1, "items": {"enum": ["X", "Y"]}},
            "e": {"oneOf": [{"$ref": "#/components/schemas/Session"}, {"type": "null"}]},
            "f": {"type": "string", "format": "date"},
            "left_out": {"type": "string"},
        },
    }
    document["paths"]["/new"] = {
        "get": {
            "operationId": "new",
            "responses": {"200": {"content": {"application/json": {"schema": schema}}}},
        },
        "delete": {"operationId": "gone", "responses": {"204": {"description": "Gone."}}},
    }
    new, gone = [each for each in said(document).operations if each.route == "/new"]
    Draft202012Validator({**schema, "components": CLIENT["components"]}).validate(new.sample)
    assert {"a": "xx", "b": 3, "c": None, "d": ["X"], "e": None} == {
        name: value for name, value in new.sample.items() if name != "f"
    }
    assert (204, None, "default.gone") == (gone.status, gone.sample, gone.client_method)


def test_an_object_with_allof_has_the_properties_of_all_parts(
    document: dict[str, Any],
) -> None:
    def part(name: str) -> dict[str, Any]:
        return {"required": [name], "properties": {name: {"type": "integer", "multipleOf": 5}}}

    schemas = document["components"]["schemas"]
    schemas["First"] = {"type": "object", **part("first")}
    schemas["Both"] = {"allOf": [{"$ref": "#/components/schemas/First"}, part("second")]}
    body = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Both"}}}}
    document["paths"]["/new"] = {
        "post": {"operationId": "new", "requestBody": body, "responses": {"200": body}}
    }
    new = next(each for each in said(document).operations if each.route == "/new")
    assert {"first": "first", "second": "second"} == new.keywords
    assert {"first": 0, "second": 0} == new.sample


def test_a_resource_without_a_sample_is_the_smallest_one(document: dict[str, Any]) -> None:
    def without_samples(node: Any) -> None:
        for child in node.values() if isinstance(node, dict) else node:
            if isinstance(child, (dict, list)):
                without_samples(child)
        if isinstance(node, dict) and "content" in node:
            node["content"]["application/json"].pop("examples", None)

    without_samples(document["paths"])
    (resource, *_) = said(document).resources
    schema = {"$ref": f"#/$defs/{resource.name}", "$defs": metadata.DEFS}
    Draft202012Validator(schema).validate(resource.sample)


def test_code_of_a_value_gives_the_value() -> None:
    facts = said(CLIENT)
    operation = facts.operations[0]
    rebuilt = eval(literal(operation), dict(vars(metadata)))  # noqa: S307  # our own text
    assert operation.sample == rebuilt.sample
    assert [each.body for each in operation.failures] == [each.body for each in rebuilt.failures]
