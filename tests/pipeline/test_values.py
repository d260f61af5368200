"""A value of each schema: one that the document shows, else a small valid one."""

# ruff: noqa: E501  # tables read better in rows

from __future__ import annotations

from typing import Any

import pytest
from heidi_spec_tools.values import Values
from jsonschema_rs import Draft202012Validator

TEXT = {"type": "string"}
PATIENT = {
    "type": "object",
    "required": ["name"],
    "properties": {
        "name": TEXT,
        "born": {"type": "string", "format": "date"},
        "id": {**TEXT, "readOnly": True},
    },
}
ROOT = {"components": {"schemas": {"Patient": PATIENT, "Code": {**TEXT, "examples": ["C-1"]}}}}
REF = "#/components/schemas/"

# A schema, its smallest value, and the value that shows all of it.
VALUES: list[tuple[dict[str, Any], Any, Any]] = [
    (TEXT, "", "text"),
    ({**TEXT, "minLength": 6}, "xxxxxx", "textxx"),
    ({**TEXT, "maxLength": 2}, "", "te"),
    ({**TEXT, "pattern": "^[A-Z]{2}-[0-9]{3}$"}, "AA-000", "AA-000"),
    ({**TEXT, "pattern": "^(te|to)+$"}, "te", "te"),
    ({**TEXT, "format": "date"}, "1990-01-31", "1990-01-31"),
    ({**TEXT, "example": "b", "examples": ["a"]}, "a", "a"),
    ({**TEXT, "pattern": "^x$", "default": "y"}, "x", "x"),
    ({"enum": ["B", "A"]}, "B", "B"),
    ({"const": 7}, 7, 7),
    ({"type": "boolean"}, False, True),
    ({"type": "integer"}, 0, 1),
    ({"type": "integer", "minimum": -3, "maximum": -2}, -2, -2),
    ({"type": "integer", "exclusiveMinimum": 3}, 4, 4),
    ({"type": "integer", "multipleOf": 2.5, "minimum": 1}, 5, 5),
    ({"type": "number", "multipleOf": 0.05, "exclusiveMinimum": 12.3}, 12.35, 12.35),
    ({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}, 0.5, 0.5),
    ({"type": ["string", "null"]}, None, "text"),
    ({"oneOf": [{"$ref": f"{REF}Code"}, {"type": "null"}]}, None, "C-1"),
    ({"type": "array", "items": {"type": "integer", "minimum": 2}}, [], [2]),
    ({"type": "array", "minItems": 2, "items": TEXT}, ["", ""], ["text", "text"]),
    ({"type": "array", "minItems": 2, "uniqueItems": True, "items": {"enum": [3, 4]}}, [3, 4], [3, 4]),
    ({"type": "object", "additionalProperties": {"type": "integer"}}, {}, {"key": 1}),
    ({"type": "object", "minProperties": 1, "additionalProperties": TEXT}, {"key": ""}, {"key": "text"}),
    ({"$ref": f"{REF}Patient"}, {"name": ""}, {"name": "text", "born": "1990-01-31"}),
    ({"allOf": [{"$ref": f"{REF}Patient"}, {"required": ["age"], "properties": {"age": {"const": 9}}}]}, {"name": "", "age": 9}, {"name": "text", "age": 9, "born": "1990-01-31"}),
    ({"properties": {"a": TEXT, "b": TEXT}, "oneOf": [{"required": ["b"]}, {"required": ["a"]}], "type": "object"}, {"b": ""}, {"a": "text"}),
    ({"not": {}}, None, None),
    ({**TEXT, "pattern": "^a$", "minLength": 2}, None, None),
]  # fmt: skip


@pytest.mark.parametrize(("schema", "smallest", "full"), VALUES)
def test_a_value_is_the_first_in_the_document_or_a_small_one(
    schema: dict[str, Any], smallest: Any, full: Any
) -> None:
    assert smallest == Values(ROOT).of(schema)
    assert full == Values(ROOT, full=True).of(schema)
    validator = Draft202012Validator({**schema, **ROOT}, validate_formats=True)
    assert smallest is None or (validator.is_valid(smallest) and validator.is_valid(full))


def test_a_recursive_schema_has_a_finite_value() -> None:
    node = {"type": "object", "properties": {"child": {"$ref": f"{REF}Node"}}}
    made = Values({"components": {"schemas": {"Node": node}}}, full=True).of(node)
    assert made["child"]["child"]  # type: ignore[index, call-overload]  # an object, as deep as we go


def test_a_sample_is_completed_at_every_depth_and_keeps_what_it_says() -> None:
    schema = {
        "type": "object",
        "properties": {
            "people": {"type": "array", "items": {"oneOf": [{"$ref": f"{REF}Patient"}, {"type": "null"}]}},
            "code": {"$ref": f"{REF}Code"},
            "server": {**TEXT, "readOnly": True},
        },
    }  # fmt: skip
    sample: Any = {"people": [{"name": "A"}, None], "other": 1}
    expected = {"people": [{"name": "A", "born": "1990-01-31"}, None], "other": 1, "code": "C-1"}
    assert expected == Values(ROOT, full=True).completed(schema, sample)


def test_a_value_that_would_be_invalid_is_left_out() -> None:
    schema = {"type": "object", "properties": {"a": TEXT, "b": TEXT, "c": TEXT}, "maxProperties": 2}
    assert {"c": "C", "a": "text"} == Values(full=True).completed(schema, {"c": "C"})
