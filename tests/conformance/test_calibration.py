"""The rules catch faults of every class and row, and accuse no correct server.

The whole catalogue, and every script against every variant: python -m tests.conformance.calibration
"""

import pytest

from .calibration import (
    STRICT_ONLY,
    UNSEEN,
    Judgement,
    chosen,
    judged,
    line,
    main,
)
from .correct import accusations, by_hand, sandbox
from .faults import CATALOGUE, Planted
from .standing import standing
from .variants import VARIANTS, Variant

# Each variant meets every fifth script, and others than the one before it.
PARTS = 5
# What only some lines of the oracle see.
RARE = {
    "auth.new_token_new_user",
    "auth.one_token_at_a_time",
    "auth.token_in_a_cookie",
    "concurrency.busy_is_conflict",
    "concurrency.torn_reads",
    "creation.appointment_in_capitals",
    "errors.echoes_the_id",
    "errors.other_type_for_403",
    "ids.rounded_in_list",
    "ids.trailing_slash",
    "paging.arabic_page",
    "paging.null_page",
    "paging.pages_only_once",
    "patch.ignores_transcribe_mode",
    "patch.writes_audio",
    "tenants.linked_sessions_are_shown",
    "tenants.unlinked_list_is_empty",
    "transport.empty_list_is_404",
    "views.stale_duration_in_list",
}


def stratified() -> list[Planted]:
    """Return the first fault of each level and of each row in each class, and the rare ones."""
    first: dict[tuple[str, str], Planted] = {}
    for planted in CATALOGUE:
        if planted.id in RARE:
            first["", planted.id] = planted
        if planted.slow or planted.id in UNSEEN:
            continue
        rows = [row for row in planted.rows if row[0] == "S" and row[1:].isdigit()]
        for row in (planted.level, *rows):
            first.setdefault((planted.id.partition(".")[0], row), planted)
    return list(dict.fromkeys(first.values()))


@pytest.mark.parametrize("planted", stratified(), ids=lambda planted: planted.id)
def test_a_fault_is_caught_by_a_rule_of_its_row(planted: Planted) -> None:
    level = "strict" if planted.id in STRICT_ONLY else planted.level
    judgement = judged(planted, near_first=True, level=level)
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


@pytest.mark.parametrize("excused", [UNSEEN, STRICT_ONLY])
def test_every_excused_fault_is_in_the_catalogue_and_has_its_reason(
    excused: dict[str, str],
) -> None:
    assert set() == set(excused) - {planted.id for planted in CATALOGUE}
    assert all(excused.values())


def test_the_program_tells_what_was_caught_and_what_was_not(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert 0 == main(["--near-first", "--id", "tenants.reads_all"])
    assert "own-sessions (S2)" in capsys.readouterr().out


def test_a_fault_that_cannot_be_seen_is_told_with_the_reason() -> None:
    (planted,) = chosen(["auth.token_in_the_query"], [], "1/1")
    assert UNSEEN["auth.token_in_the_query"] in line(Judgement(planted, None, None, 0.0))


def test_the_program_judges_correct_servers(capsys: pytest.CaptureFixture[str]) -> None:
    assert 0 == main(["--correct", "--id", "short_ids"])
    assert "0 false accusations" in capsys.readouterr().out
