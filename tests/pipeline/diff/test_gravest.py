"""What is known of a pair of schemas already is not forgotten, and not taken too early."""

from __future__ import annotations

from typing import Any

import pytest
from heidi_spec_tools.differences import Level, Source
from heidi_spec_tools.differences.changes import REQUEST
from heidi_spec_tools.differences.schemas import Schemas

from tests.pipeline.diff.samples import document


def alternative(number: int, **members: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["k"],
        "properties": {"k": {"const": number}, **members},
    }


def ring(length: int) -> dict[str, Any]:
    """Make two schemas that hold each other, a short text in the one, and one that holds it."""
    text = {"type": "string", "maxLength": length}
    to_a, to_b = ({"$ref": f"#/components/schemas/{name}"} for name in "AB")
    schemas = {
        "A": {"oneOf": [alternative(1, next=to_b), alternative(2, text=text)]},
        "B": {"oneOf": [alternative(3, next=to_a), alternative(4)]},
        "Holder": {"type": "object", "properties": {"deep": {"items": to_a}}},
    }
    return document(components={"schemas": schemas})


@pytest.mark.parametrize("order", [["A", "B", "Holder"], ["Holder", "B", "A"], ["B", "A"]])
def test_the_gravest_level_does_not_depend_on_what_was_asked_before(order: list[str]) -> None:
    sources = [Source(ring(length), name) for length, name in ((9, "old"), (8, "new"))]
    old, new = (source.root["components"]["schemas"] for source in sources)  # type: ignore[index,call-overload]  # ring has them
    schemas = Schemas(*sources)
    assert [True] * len(order) == [
        schemas.reaches(Level.BREAKING, old[name], new[name], REQUEST)  # type: ignore[index,call-overload]  # as above
        for name in order
    ]
