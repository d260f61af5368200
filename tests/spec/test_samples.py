"""Every sample of the vendor is kept as printed, and means what the document says."""

from __future__ import annotations

import json
from typing import Any

import jsonschema_rs
import pytest

from .conftest import OPENAPI

SAMPLES = {
    "createSession.request": (23, 26, "SessionCreate"),
    "createSession.200": (35, 37, "SessionCreated"),
    "getSession.200": (54, 88, "SessionEnvelope"),
    "getSession.404": (92, 97, "ErrorResponse"),
    "updateSession.request": (119, 133, "SessionUpdate"),
    "updateSession.200": (160, 193, "SessionEnvelope"),
    "listLinkedUserSessions.200": (212, 223, "SessionPage"),
    "listLinkedUserSessions.default": (227, 232, "ErrorResponse"),
}

Repairs = dict[str, dict[str, str]]


def printed(name: str) -> str:
    return (OPENAPI / "examples" / f"{name}.txt").read_text(encoding="utf-8")


def repaired(name: str, repairs: Repairs) -> Any:
    text = printed(name)
    for repair in repairs.values():
        if repair["sample"] == name:
            assert text.count(repair["printed"].rstrip("\n")) == 1
            text = text.replace(repair["printed"].rstrip("\n"), repair["repaired"].rstrip("\n"))
    return json.loads(text)


def test_the_samples_kept_are_those_of_the_table() -> None:
    kept = {path.stem for path in (OPENAPI / "examples").glob("*.txt")}
    assert SAMPLES.keys() == kept


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_is_kept_as_the_page_prints_it(name: str, page: list[str]) -> None:
    first, last, _ = SAMPLES[name]
    assert page[first - 1 : last] == printed(name).rstrip("\n").split("\n")


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_is_an_example_of_the_document(name: str, base: Any, repairs: Repairs) -> None:
    assert repaired(name, repairs) == base["components"]["examples"][name]["value"]


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_obeys_its_schema(name: str, base: Any, repairs: Repairs) -> None:
    reference = f"#/components/schemas/{SAMPLES[name][2]}"
    schema = {"$ref": reference, "components": base["components"]}
    validator = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
    errors = [str(error.instance_path) for error in validator.iter_errors(repaired(name, repairs))]
    assert errors == []


@pytest.mark.parametrize("name", SAMPLES)
def test_an_operation_shows_its_sample_where_it_belongs(name: str, base: Any) -> None:
    operation_id, place = name.split(".")
    operation = next(
        operation
        for item in base["paths"].values()
        for method, operation in item.items()
        if method != "parameters" and operation["operationId"] == operation_id
    )
    body = operation["requestBody"] if place == "request" else operation["responses"][place]
    media = body["content"]["application/json"]
    assert media["examples"] == {"sample": {"$ref": f"#/components/examples/{name}"}}
    assert media["schema"] == {"$ref": f"#/components/schemas/{SAMPLES[name][2]}"}


@pytest.mark.parametrize("name", ["createSession.request", "listLinkedUserSessions.200"])
def test_a_sample_with_a_repair_is_not_json_as_printed(name: str, repairs: Repairs) -> None:
    assert name in {repair["sample"] for repair in repairs.values()}
    with pytest.raises(json.JSONDecodeError):
        json.loads(printed(name))


def test_every_repair_has_its_row_in_the_ledger(repairs: Repairs) -> None:
    rows = (OPENAPI / "DECISIONS.md").read_text(encoding="utf-8").splitlines()
    for name, repair in repairs.items():
        wanted = f"| {name} | `{repair['sample']}` | {repair['line']} |"
        assert any(row.startswith(wanted) for row in rows), wanted
