"""A breaking verdict brings a message that proves it, or says why there is none."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from heidi_spec_tools.differences import Level
from heidi_spec_tools.differences.show import as_json

from tests.pipeline.diff.samples import compared, document, holding, kinds, table
from tests.pipeline.diff.test_documents import PETS, patched
from tests.pipeline.diff.test_properties import validator

if TYPE_CHECKING:
    from collections.abc import Iterator

    from heidi_spec_tools.differences import Change

SCHEMAS = [*table("schemas.yaml"), *table("verdicts.yaml")]
DOCUMENTS = [*table("documents.yaml"), *table("document_verdicts.yaml")]


def pairs() -> Iterator[tuple[Any, Any]]:
    """Yield all our pairs of documents, both ways."""
    for row in SCHEMAS:
        for sent in (True, False):
            old, new = (holding(row[side], sent=sent) for side in ("old", "new"))
            yield from ((old, new), (new, old))
    for row in DOCUMENTS:
        if not row.get("refused"):
            old, new = patched(row.get("old", {})), patched(row["new"])
            yield from ((old, new), (new, old))


@pytest.mark.slow
def test_a_witness_proves_95_percent_of_what_breaks() -> None:
    breaking = [
        change
        for old, new in pairs()
        for change in compared(old, new).changes
        if change.level == Level.BREAKING
    ]
    proven = [change for change in breaking if change.witness and change.witness.valid]
    assert len(breaking) > 350
    assert len(proven) / len(breaking) >= 0.95, sorted({c.id for c in breaking} - kinds_of(proven))
    assert all(
        change.witness and change.witness.reason for change in breaking if change not in proven
    )


def kinds_of(changes: list[Change]) -> set[str]:
    return {change.id for change in changes}


PLAIN = "readOnly writeOnly Extensible x-ext format content discriminator $id Product Tree".split()
"""What the validator of this test does not know of."""


POLICY = {"member-removed", "required-member-removed", "known-value-removed"}
"""What breaks though JSON Schema alone still allows it."""


@pytest.mark.parametrize("row", SCHEMAS, ids=[row["name"] for row in SCHEMAS])
def test_a_validator_of_its_own_confirms_a_witness(row: dict[str, Any]) -> None:
    if any(word in str(row) for word in PLAIN):
        return
    schemas = [row["old"], row["new"]]
    for before, after in (schemas, schemas[::-1]):
        comparison = compared(*(holding(schema, sent=True) for schema in (before, after)))
        for change in comparison.changes:
            witness = change.witness
            if witness and witness.valid and change.id not in POLICY:
                message: Any = witness.value
                value = message["content"]["application/json"]
                assert validator(before).is_valid(value)
                assert not validator(after).is_valid(value)


PERSON = "#/components/schemas/Person"


def people(length: int, **more: Any) -> dict[str, Any]:
    """Make a document with people in people, in two operations."""
    schema = {"type": "array", "items": {"$ref": PERSON}, "minItems": 2}
    content = {"content": {"application/json": {"schema": schema}}}
    name = {"type": "string", "maxLength": length}
    friend = {"anyOf": [{"$ref": PERSON}, {"type": "null"}]}
    person = {
        "type": "object",
        "required": ["id", "name"],
        "properties": {"id": {"type": "integer"}, "name": name, "friend": friend, **more},
    }
    post = {"requestBody": content, "responses": {"200": {"description": "Done."}}}
    return document(
        paths={"/a/{id}": {"post": post}, "/b": {"post": post}},
        components={"schemas": {"Person": person}},
    )


def test_a_witness_is_a_whole_message() -> None:
    change = compared(people(9), people(8)).changes[0]
    assert change.witness is not None
    value: Any = change.witness.value
    body = value["content"]["application/json"]
    assert ["POST /a/{}", "before"] == [value["request"], change.witness.valid]
    assert len(body) >= 2
    assert any(len(person["name"]) == 9 for person in body)


def test_a_witness_is_about_its_own_property() -> None:
    old, new = patched({}), patched({})
    for whole, required in ((old, []), (new, ["a", "b"])):
        whole["paths"]["/pets"]["post"]["requestBody"] = {
            "content": {
                "application/json": {
                    "schema": {
                        "type": "object",
                        "required": required,
                        "properties": {"a": {}, "b": {}},
                    }
                }
            }
        }
    changes = compared(old, new).changes
    assert ["member-required", "member-required"] == [change.id for change in changes]
    for change, name in zip(changes, "ab", strict=True):
        assert change.witness is not None
        value: Any = change.witness.value
        assert name not in value["content"]["application/json"]


def test_what_no_message_proves_says_why() -> None:
    change = compared(PETS, patched({"/paths/~1pets/get/operationId": "findPets"})).changes[0]
    assert change.witness is not None
    assert {"valid": None, "reason": "no message holds the name; generated code does"} == (
        change.witness.as_json()
    )


def test_what_a_witness_proves_is_not_uncertain() -> None:
    old, new = ({"type": "string", "pattern": pattern} for pattern in ("^a", "^b"))
    levels = [c.level for c in compared(*(holding(s, sent=True) for s in (old, new))).changes]
    assert [Level.BREAKING] == levels
    same = [holding({"type": "string", "nullable": flag}, sent=True) for flag in (True, False)]
    assert [Level.UNCERTAIN] == [change.level for change in compared(*same).changes]


def test_json_says_once_what_stands_in_several_operations() -> None:
    result = json.loads(as_json(compared(people(9), people(8))))
    assert [["POST /a/{id}", "POST /b"]] == [change["operations"] for change in result["changes"]]
    assert ["max-length-lowered"] == kinds(compared(people(9), people(8)))
