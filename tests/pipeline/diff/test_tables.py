"""A table of what each change of a schema means, both ways, for who sends and for who reads."""

from __future__ import annotations

import re
from typing import Any, Final

import pytest
from heidi_spec_tools.differences import KINDS
from heidi_spec_tools.documents import DocumentError

from tests.pipeline.diff.samples import compared, gravest, holding, kinds, table
from tests.pipeline.diff.test_documents import patched

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


# Tables of verdicts that were written from the specifications alone.


SCHEMAS = table("verdicts.yaml")
DOCUMENTS = table("document_verdicts.yaml")
VERDICTS: Final = {".": ".", "B": "B", "U": "U", "M": "-", "P": "-"}
"""The verdict for each gravest level."""


def accepts(verdict: str, level: str) -> bool:
    """Tell whether a verdict holds; what is compatible may be no change at all."""
    return VERDICTS[level] in ({"-", "."} if verdict == "-" else {verdict})


def assert_both_ways(verdicts: str, old: Any, new: Any) -> None:
    """Compare there and back."""
    for verdict, before, after in zip(verdicts.split(), (old, new), (new, old), strict=True):
        comparison = compared(before, after)
        assert accepts(verdict, gravest(comparison)), [str(c) for c in comparison.changes]


@pytest.mark.parametrize("sent", [True, False], ids=["sent", "received"])
@pytest.mark.parametrize("pair", SCHEMAS, ids=[pair["name"] for pair in SCHEMAS])
def test_a_pair_of_schemas_has_the_verdict_of_the_specification(
    pair: dict[str, Any], sent: bool
) -> None:
    old, new = (holding(pair[side], sent=sent) for side in ("old", "new"))
    assert_both_ways(pair["sent" if sent else "received"], old, new)


@pytest.mark.parametrize("pair", DOCUMENTS, ids=[pair["name"] for pair in DOCUMENTS])
def test_a_pair_of_documents_has_the_verdict_of_the_specification(pair: dict[str, Any]) -> None:
    old, new = patched(pair.get("old", {})), patched(pair["new"])
    if pair.get("refused"):
        with pytest.raises(DocumentError):
            compared(old, new)
    else:
        assert_both_ways(pair["verdict"], old, new)


# What other tools check is checked here, or left out for a reason.


CHECKS = table("peers.yaml")


@pytest.mark.parametrize("row", CHECKS, ids=[row["check"] for row in CHECKS])
def test_a_check_of_a_peer_has_kinds_of_ours_or_a_reason(row: dict[str, Any]) -> None:
    re.compile(row["check"])
    assert ("same" in row) != ("out" in row)
    assert set() == set(row.get("same", [])) - KINDS.keys()
