"""The guide about what the judge covers is current and complete."""

import pytest

from .matrix import Row, decisions, main, places


@pytest.mark.parametrize("row", [*decisions(), *places()], ids=lambda row: row.place[:40])
def test_every_decision_and_every_place_of_the_page_has_rules_and_faults(row: Row) -> None:
    assert row.rules
    assert row.faults


def test_the_guide_is_current() -> None:
    assert 0 == main(["--check"])
