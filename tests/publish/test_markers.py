"""The markers of other generators have the documented form, and their references exist."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import pytest
from heidi_spec_tools.dereference import dereference
from heidi_spec_tools.documents import load
from heidi_spec_tools.overlay import apply
from jsonschema_rs import Draft202012Validator

from scripts.publication.markers import markers
from scripts.publication.operations import operations
from scripts.publication.samples import samples
from scripts.steps.documents import derive

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from scripts.publication.operations import Operation

FORMS: Final = cast("dict[str, Any]", load(Path(__file__).with_name("markers.yaml")))
DOCUMENT: Final = cast("dict[str, Any]", derive("client"))
OVERLAY: Final = cast("dict[str, Any]", markers(DOCUMENT, samples(DOCUMENT)))
MARKED: Final = cast("dict[str, Any]", dereference(apply(DOCUMENT, OVERLAY, strict_targets=True)))
OPERATIONS: Final = operations(MARKED)
LIST: Final = next(each for each in OPERATIONS if each.action == "list")


def of(operation: Operation) -> dict[str, Any]:
    """Return the markers of an operation."""
    return {name: value for name, value in operation.value.items() if name in FORMS}


def faults(name: str, value: Any, operation: Operation) -> Iterator[str]:
    """Yield the faults of a marker: its form, or its references."""
    validator = Draft202012Validator(FORMS[name]["schema"])
    wrong = [error.message for error in validator.iter_errors(value)]
    yield from wrong
    if not wrong and name.endswith("-pagination"):
        parameters = {parameter["name"] for parameter in operation.parameters}
        for way in leads(value):
            head, *steps = way.split(".")
            sent = head == "$request"
            if not (steps[0] in parameters if sent else in_response(operation, steps)):
                yield f"{way} leads nowhere"


def leads(value: Mapping[str, Any]) -> Iterator[str]:
    """Yield the references of a pagination marker, as Fern writes them."""
    yield from (f"$request.{each['name']}" for each in value.get("inputs", ()))
    yield from value.get("outputs", {}).values()
    yield from (each for each in value.values() if str(each).startswith("$"))


def in_response(operation: Operation, steps: list[str]) -> bool:
    """Say whether the response has a property at a path."""
    media = operation.value["responses"][str(operation.success.status)]["content"]
    schema = media["application/json"]["schema"]
    for step in steps:
        schema = schema.get("properties", {}).get(step, False)
    return schema is not False


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: each.id)
def test_each_marker_has_the_documented_form_and_leads_somewhere(operation: Operation) -> None:
    assert [] == [
        f"{name}: {fault}"
        for name, value in of(operation).items()
        for fault in faults(name, value, operation)
    ]


@pytest.mark.parametrize(
    ("name", "wrong"), [(name, wrong) for name, form in FORMS.items() for wrong in form["wrong"]]
)
def test_an_invalid_marker_is_reported(name: str, wrong: Any) -> None:
    assert list(faults(name, wrong, LIST))


def test_each_marker_of_the_overlay_has_a_documented_form_and_each_form_is_used() -> None:
    written = {name for action in OVERLAY["actions"] for name in action["update"]}
    assert FORMS.keys() == written


def test_a_client_has_the_same_methods_as_ours() -> None:
    for operation in OPERATIONS:
        found = of(operation)
        method = operation.semantics.get("method", "")
        fern = [*found.get("x-fern-sdk-group-name", ()), found.get("x-fern-sdk-method-name", "")]
        speakeasy = [found.get(f"x-speakeasy-{each}", "") for each in ("group", "name-override")]
        assert [method] * 2 == [".".join(filter(None, names)) for names in (fern, speakeasy)]


def test_only_idempotent_operations_are_marked_as_repeatable() -> None:
    repeated = {each.action for each in OPERATIONS if "x-speakeasy-retries" in of(each)}
    refused = {each.action for each in OPERATIONS if "x-fern-retries" in of(each)}
    assert {"read", "list", "update"} == repeated
    assert {"create"} == refused


def test_the_markers_change_nothing_else() -> None:
    document = apply(DOCUMENT, OVERLAY, strict_targets=True)
    for item in cast("dict[str, Any]", document)["paths"].values():
        for operation in item.values():
            if isinstance(operation, dict):
                for name in FORMS:
                    operation.pop(name, None)
    assert DOCUMENT == document


def test_an_operation_without_semantics_has_only_samples() -> None:
    operation: dict[str, Any] = {"responses": {"200": {"description": "Done."}}}
    document: dict[str, Any] = {**DOCUMENT, "paths": {"/it's": {"get": operation}}}
    overlay = cast("dict[str, Any]", markers(document, samples(document)))
    (action,) = overlay["actions"]
    assert ["x-codeSamples"] == list(action["update"])
    assert apply(document, overlay, strict_targets=True)


def test_the_overlay_makes_the_published_document_from_the_published_client_document(
    site: Path,
) -> None:
    path = site / "overlays/generators.yaml"
    overlay = cast("dict[str, Any]", load(path))
    extended = (path.parent / overlay["extends"]).resolve()
    assert site / "documents/client.yaml" == extended
    expected = apply(load(extended), overlay, strict_targets=True)
    assert expected == load(site / "documents/generators.yaml")
    assert expected == load(site / "documents/generators.json")


def test_the_guide_names_every_marker() -> None:
    guide = (Path(__file__).parents[2] / "openapi/guides/documents.md").read_text("utf-8")
    assert FORMS.keys() == set(re.findall(r"`(x-(?:speakeasy|fern|code)[\w-]+)`", guide))


def test_each_form_names_the_page_it_was_taken_from() -> None:
    assert all(form["source"].startswith("https://") for form in FORMS.values())
