"""A dereferenced document has the same meaning and no references."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from heidi_spec_tools.__main__ import main
from heidi_spec_tools.dereference import dereference
from heidi_spec_tools.documents import DocumentError, Json, load

from scripts.steps.documents import DOCUMENTS, derive

if TYPE_CHECKING:
    from pathlib import Path

NAME = {"type": "string", "description": "A name.", "minLength": 1}


def document(**rest: Any) -> Any:
    return {"components": {"schemas": {"Name": NAME}}, **rest}


def resolved(node: Any) -> Any:
    result: Any = dereference(document(node=node))
    return result["node"]


REF = {"$ref": "#/components/schemas/Name"}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_our_documents_have_no_references_afterwards(name: str) -> None:
    source = derive(name)
    assert "'$ref'" in str(source)
    assert "'$ref'" not in str(dereference(source))


def test_a_reference_becomes_what_it_refers_to() -> None:
    assert resolved({"properties": {"name": REF}}) == {"properties": {"name": NAME}}


def test_an_annotation_beside_a_reference_wins() -> None:
    assert resolved({**REF, "description": "Mine."}) == {**NAME, "description": "Mine."}


def test_a_new_assertion_beside_a_reference_is_added() -> None:
    assert resolved({**REF, "maxLength": 9}) == {**NAME, "maxLength": 9}


def test_a_different_assertion_beside_a_reference_requires_both() -> None:
    assert resolved({**REF, "minLength": 3}) == {"allOf": [NAME, {"minLength": 3}]}


@pytest.mark.parametrize(
    "literal",
    [
        {"example": REF},
        {"const": REF},
        {"enum": [REF]},
        {"default": REF},
        {"examples": [REF]},
        {"examples": {"one": {"value": REF}}},
    ],
)
def test_data_that_looks_like_a_reference_stays(literal: Any) -> None:
    assert resolved(literal) == literal


@pytest.mark.parametrize(
    "named",
    [
        {"responses": {"default": REF}},
        {"properties": {"$ref": REF, "default": REF, "example": REF, "properties": REF}},
        {"examples": {"value": REF, "one": REF}},
        {"properties": {"properties": {"properties": {"enum": REF}}}},
    ],
)
def test_a_name_that_looks_like_a_keyword_is_a_name(named: Any) -> None:
    assert resolved(named) == eval(repr(named).replace(repr(REF), repr(NAME)))  # noqa: S307


def test_a_reference_in_a_reference_is_followed() -> None:
    source = document(node={"$ref": "#/other"}, other={"items": REF})
    result: Any = dereference(source)
    assert result["node"] == {"items": NAME}


def test_escapes_in_a_pointer_are_decoded() -> None:
    source: Json = {"a/b~c d": [1, 2], "node": {"$ref": "#/a~1b~0c%20d/1"}}
    result: Any = dereference(source)
    assert result["node"] == 2


@pytest.mark.parametrize(
    ("reference", "reason"),
    [
        ("#/components/schemas/Nobody", "does not exist"),
        ("other.yaml#/Name", "leaves the document"),
        ("https://example.com/openapi.yaml", "leaves the document"),
        ("#/node", "contains itself"),
    ],
)
def test_a_reference_that_cannot_be_replaced_is_named_with_its_place(
    reference: str, reason: str
) -> None:
    with pytest.raises(DocumentError, match=r"^\$\.node(\.items)+: .*" + reason):
        resolved({"items": {"$ref": reference}})


def test_a_cycle_is_found_through_other_references() -> None:
    source: Json = {"a": {"items": {"$ref": "#/b"}}, "b": {"items": {"$ref": "#/a"}}}
    with pytest.raises(DocumentError, match="contains itself; break the cycle"):
        dereference(source)


def test_the_source_is_not_changed() -> None:
    source = derive("base")
    dereference(source)
    assert source == derive("base")


def test_the_command_writes_json_or_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad, output = (tmp_path / name for name in ("good.json", "bad.yaml", "out.json"))
    good.write_text('{"a": {"$ref": "#/b"}, "b": 1}')
    bad.write_text("a: {$ref: '#/c'}\n")
    assert main(["dereference", str(bad), "-o", str(output)]) == 2
    assert not output.exists()
    assert capsys.readouterr().err == f"{bad}: $.a: #/c does not exist; fix it\n"
    assert main(["dereference", str(good), "-o", str(output)]) == 0
    assert load(output) == {"a": 1, "b": 1}
