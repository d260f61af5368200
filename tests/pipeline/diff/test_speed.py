"""Large documents are compared while a person waits."""

from __future__ import annotations

import copy
import time
from typing import Any

import pytest
from heidi_spec_tools.documents import dump_json

from tests.pipeline.diff.samples import compared, document, kinds


def record(number: int) -> dict[str, Any]:
    """Make a schema of twenty members that refers to two others, in a ring of five hundred."""
    members: dict[str, Any] = {
        f"member_{n}": {"type": "string", "maxLength": n + 1, "description": f"Member {n}."}
        for n in range(20)
    }
    for name, step in (("next", 1), ("far", 7)):
        other = {"$ref": f"#/components/schemas/Record{(number + step) % 500}"}
        members[name] = {"oneOf": [other, {"type": "null"}]}
    return {"type": "object", "properties": members, "required": ["member_1"]}


def large() -> dict[str, Any]:
    content = [
        {"application/json": {"schema": {"$ref": f"#/components/schemas/Record{n}"}}}
        for n in range(500)
    ]
    return document(
        paths={
            f"/records-{n}/{{id}}": {
                "post": {
                    "operationId": f"post{n}",
                    "requestBody": {"content": content[n]},
                    "responses": {"200": {"description": "Done.", "content": content[-n]}},
                }
            }
            for n in range(4)
        },
        components={"schemas": {f"Record{n}": record(n) for n in range(500)}},
    )


@pytest.mark.long
def test_two_documents_of_a_megabyte_take_less_than_ten_seconds() -> None:
    old = large()
    assert len(dump_json(old)) > 1_000_000
    new = copy.deepcopy(old)
    new["components"]["schemas"]["Record250"]["properties"]["member_3"]["maxLength"] = 9
    started = time.process_time()
    comparison = compared(old, new)
    assert time.process_time() - started < 10
    # Every operation reaches the record, both ways.
    assert 8 == len(comparison.changes)


def nested(length: int, depth: int = 400) -> dict[str, Any]:
    """Make components that are each all of the next one."""
    schemas: dict[str, Any] = {
        f"S{n}": {"allOf": [{"$ref": f"#/components/schemas/S{n + 1}"}]} for n in range(depth)
    }
    schemas[f"S{depth}"] = {"type": "string", "maxLength": length}
    body = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/S0"}}}}
    post = {"requestBody": body, "responses": {"200": {"description": "Done."}}}
    return document(paths={"/s": {"post": post}}, components={"schemas": schemas})


def test_four_hundred_schemas_that_are_all_of_each_other_are_compared() -> None:
    started = time.process_time()
    assert ["max-length-lowered"] == kinds(compared(nested(9), nested(8)))
    assert time.process_time() - started < 10


def mutual(word: str, length: int) -> dict[str, Any]:
    """Make eighty schemas, each of which refers to all of them."""
    references = [{"$ref": f"#/components/schemas/Node{n}"} for n in range(80)]
    schemas = {
        f"Node{n}": {
            "type": "object",
            "required": ["kind"],
            "properties": {
                "kind": {"const": f"Node{n}"},
                "leaf": {"type": "string", "maxLength": length if n == 40 else 9},
                **(
                    {f"to_{m}": each for m, each in enumerate(references)}
                    if word == "properties"
                    else {"to": {word: references}}
                ),
            },
        }
        for n in range(80)
    }
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Node0"}}}
    get = {"responses": {"200": {"description": "Done.", "content": content}}}
    return document(paths={"/nodes": {"get": get}}, components={"schemas": schemas})


@pytest.mark.parametrize("word", ["properties", "anyOf", "oneOf"])
def test_eighty_schemas_that_refer_to_each_other_are_compared(word: str) -> None:
    started = time.process_time()
    assert ["max-length-raised"] == kinds(compared(mutual(word, 9), mutual(word, 10)))
    assert time.process_time() - started < 30
