"""Every sample of the vendor is kept as printed, and matches the document."""

from __future__ import annotations

import json
from typing import Any

import jsonschema_rs
import pytest
from heidi_spec_tools.documents import load

from .conftest import OPENAPI, cited, lines_of, read_repairs, without_other_sources

EXAMPLES: dict[str, Any] = without_other_sources(load(OPENAPI / "openapi.yaml"))["components"][
    "examples"
]
REPAIRED = sorted({repair["sample"] for repair in read_repairs().values()})

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


def is_valid(value: Any, schema: Any, base: Any) -> bool:
    components = {"components": base["components"]}
    return jsonschema_rs.Draft202012Validator(schema | components, validate_formats=True).is_valid(
        value
    )


def places(name: str, base: Any) -> list[tuple[Any, Any]]:
    """Return each body that shows a sample, and its media type."""
    shown = {"$ref": f"#/components/examples/{name}"}
    return [
        (body, media)
        for item in base["paths"].values()
        for method, operation in item.items()
        if method != "parameters"
        for body in (operation.get("requestBody", {}), *operation["responses"].values())
        for media in body.get("content", {}).values()
        if shown in media.get("examples", {}).values()
    ]


def test_the_kept_samples_are_the_examples_that_cite_the_page() -> None:
    kept = {path.stem for path in (OPENAPI / "examples").glob("*.txt")}
    assert EXAMPLES.keys() == kept


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_sample_is_kept_as_the_page_prints_it(name: str, page: list[str]) -> None:
    assert cited(EXAMPLES[name]["x-provenance"], page) == printed(name).rstrip("\n")


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_sample_is_an_example_of_the_document(name: str, repairs: Repairs) -> None:
    assert repaired(name, repairs) == EXAMPLES[name]["value"]


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_sample_is_where_the_page_prints_it_and_obeys_the_schema_there(
    name: str, base: Any, repairs: Repairs
) -> None:
    ((body, media),) = places(name, base)
    assert lines_of(EXAMPLES[name]["x-provenance"]) <= lines_of(body["x-provenance"])
    assert is_valid(repaired(name, repairs), media["schema"], base)


@pytest.mark.parametrize("name", REPAIRED)
def test_every_repaired_sample_is_invalid_as_printed(name: str, base: Any) -> None:
    ((_, media),) = places(name, base)
    try:
        value = json.loads(printed(name))
    except json.JSONDecodeError:
        return
    assert not is_valid(value, media["schema"], base)


def test_every_repair_has_its_row_in_the_ledger(repairs: Repairs) -> None:
    rows = (OPENAPI / "DECISIONS.md").read_text(encoding="utf-8").splitlines()
    for name, repair in repairs.items():
        wanted = f"| {name} | `{repair['sample']}` | {repair['line']} |"
        assert any(row.startswith(wanted) for row in rows), wanted
