"""A table of what each change of a schema means, both ways, for who sends and for who reads."""

from __future__ import annotations

from typing import Any

import pytest

from tests.pipeline.diff.samples import compared, gravest, holding, kinds, table

PAIRS = table("schemas.yaml")
SAME = table("same.yaml")


def names(rows: list[dict[str, Any]]) -> list[str]:
    return [row["name"] for row in rows]


@pytest.mark.parametrize("sent", [True, False], ids=["sent", "received"])
@pytest.mark.parametrize("pair", PAIRS, ids=names(PAIRS))
def test_a_change_of_a_schema_is_found_both_ways(pair: dict[str, Any], sent: bool) -> None:
    reading = "sent" if sent else "received"
    old, new = (holding(pair[side], sent=sent) for side in ("old", "new"))
    there, back = compared(old, new), compared(new, old)
    expected = [pair[way] if isinstance(pair[way], list) else pair[way][reading] for way in WAYS]
    assert [sorted(ids) for ids in expected] == [kinds(there), kinds(back)]
    assert pair[reading].split() == [gravest(there), gravest(back)]


WAYS = ("there", "back")


@pytest.mark.parametrize("sent", [True, False], ids=["sent", "received"])
@pytest.mark.parametrize("pair", SAME, ids=names(SAME))
def test_a_schema_in_other_words_is_no_change(pair: dict[str, Any], sent: bool) -> None:
    old, new = (holding(pair[side], sent=sent) for side in ("old", "new"))
    assert [] == [change.message for change in compared(old, new).changes]
    assert [] == [change.message for change in compared(new, old).changes]
