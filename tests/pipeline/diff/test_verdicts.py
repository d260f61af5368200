"""Tables of verdicts that were written from the specifications alone."""

from __future__ import annotations

from typing import Any, Final

import pytest
from heidi_spec_tools.documents import DocumentError

from tests.pipeline.diff.samples import compared, gravest, holding, table
from tests.pipeline.diff.test_documents import patched

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
