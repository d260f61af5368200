"""What other tools check is checked here, or left out for a reason."""

from __future__ import annotations

import re
from typing import Any

import pytest
from heidi_spec_tools.differences import KINDS

from tests.pipeline.diff.samples import table

CHECKS = table("peers.yaml")


@pytest.mark.parametrize("row", CHECKS, ids=[row["check"] for row in CHECKS])
def test_a_check_of_a_peer_has_kinds_of_ours_or_a_reason(row: dict[str, Any]) -> None:
    re.compile(row["check"])
    assert ("same" in row) != ("out" in row)
    assert set() == set(row.get("same", [])) - KINDS.keys()
