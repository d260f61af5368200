"""The rules catch faults of every class and row, and accuse no correct server.

The whole catalogue, and every script against every variant: python -m tests.conformance.calibration
"""

import pytest

from .calibration import UNSEEN, accusations, by_hand, judged, sandbox, standing
from .faults import CATALOGUE, Planted
from .variants import VARIANTS, Variant

# Each variant meets every third script, and another third than the one before it.
PARTS = 3


def stratified() -> list[Planted]:
    """Return the first fault of each level and of each row in each class."""
    first: dict[tuple[str, str], Planted] = {}
    for planted in CATALOGUE:
        if planted.slow or planted.id in UNSEEN:
            continue
        rows = [row for row in planted.rows if row[0] == "S" and row[1:].isdigit()]
        for row in (planted.level, *rows):
            first.setdefault((planted.id.partition(".")[0], row), planted)
    return list(dict.fromkeys(first.values()))


@pytest.mark.parametrize("planted", stratified(), ids=lambda planted: planted.id)
def test_a_fault_is_caught_by_a_rule_of_its_row(planted: Planted) -> None:
    judgement = judged(planted, near_first=True)
    assert judgement.fitting is not None, judgement


STEADY = [variant for variant in VARIANTS if variant.steady]


@pytest.mark.parametrize(
    ("number", "variant"),
    [*enumerate(STEADY)],
    ids=[f"{variant.id}-{variant.levels[-1]}" for variant in STEADY],
)
def test_a_correct_variant_is_not_accused(number: int, variant: Variant) -> None:
    part = slice(number % PARTS, None, PARTS)
    assert [] == accusations(lambda: standing(variant.server), variant.levels[-1], part)


def test_a_server_written_apart_is_not_accused() -> None:
    assert [] == accusations(by_hand, "strict")


def test_the_sandbox_is_not_accused() -> None:
    assert [] == accusations(sandbox, "strict")


def test_every_unseen_fault_is_in_the_catalogue_and_has_its_reason() -> None:
    assert set() == set(UNSEEN) - {planted.id for planted in CATALOGUE}
    assert all(UNSEEN.values())
