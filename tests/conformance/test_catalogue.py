"""Every fault of the catalogue breaks what its witness claims, and no correct server does."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from .caller import in_process
from .faults import CATALOGUE
from .faults.catalogue import kept
from .matrix import Row, decisions, main, places
from .reference import Api
from .variants import VARIANTS, Variant


def test_the_catalogue_has_a_name_for_every_fault_and_each_only_once() -> None:
    assert 130 <= len(CATALOGUE)
    ids = [planted.id for planted in CATALOGUE]
    assert sorted(set(ids)) == sorted(ids)


@pytest.mark.slow
def test_the_reference_keeps_what_each_fault_breaks() -> None:
    wrong = [
        planted.id
        for planted in CATALOGUE
        if not planted.witness(in_process(Api()).caller())
        or kept(planted.witness, in_process(planted.server()).caller())
    ]
    assert [] == wrong


# Every correct variant differs from the reference, and passes the witnesses of its levels.


# Faults whose witness also fails for a permitted variant.
ALIKE = {
    "references": {"tenants.other_words_for_others"},
    "pages_below_zero": {"paging.negative_page", "paging.crash_on_negative_page"},
    "counted_pages": {"paging.pages_keep_their_size"},
    "other_defaults_from_the_start": {"creation.creation_takes_consent"},
    "paths_in_errors": {"errors.echoes_the_id"},
    "tokens_with_marks": {"auth.seal_with_any_padding"},
    "short_heads": {"auth.first_of_two"},
    "tokens_are_numbers": {"auth.folded_token", "auth.seal_in_any_case"},
    "keys_are_numbers": {"auth.folded_key"},
    "revisions": {"patch.writes_consult_note", "patch.writes_feedback"},
}
# Witnesses that wait for half a second and longer.
PATIENT = {
    "auth.ends_sooner_than_told",
    "paging.old_ones_leave",
    "views.gone_after_a_while",
    "views.updates_are_forgotten",
}
STEADY = [variant for variant in VARIANTS if variant.steady and "strict" in variant.levels]


def by_id(variant: Variant) -> str:
    return f"{variant.id}-{variant.levels[-1]}"


@pytest.mark.parametrize("variant", VARIANTS, ids=by_id)
def test_a_variant_differs_from_the_reference(variant: Variant) -> None:
    assert variant.unlike(in_process(variant.server()).caller())
    assert not variant.unlike(in_process(Api()).caller())


@pytest.mark.parametrize(("number", "variant"), [*enumerate(STEADY)], ids=[*map(by_id, STEADY)])
def test_a_variant_passes_the_witnesses(number: int, variant: Variant) -> None:
    """Each variant meets every third fault, and another third than the previous variant."""
    server = in_process(variant.server())
    alike = ALIKE.get(variant.id, set())
    met = [
        planted
        for place, planted in enumerate(CATALOGUE)
        if (place % 3 == number % 3 and not planted.slow and planted.id not in PATIENT)
        or planted.id in alike
    ]
    broken = {planted.id for planted in met if not kept(planted.witness, server.caller())}
    assert alike == broken


def test_the_variants_pass_the_witnesses_that_wait() -> None:
    met = [planted.witness for planted in CATALOGUE if planted.id in PATIENT]
    assert len(PATIENT) == len(met)

    def passes(variant: Variant) -> bool:
        caller = in_process(variant.server()).caller
        return all(kept(witness, caller()) for witness in met)

    with ThreadPoolExecutor(len(STEADY)) as threads:
        passed = [*threads.map(passes, STEADY)]
    assert [] == [variant.id for variant, good in zip(STEADY, passed, strict=True) if not good]


# The guide about what the judge covers is current and complete.


@pytest.mark.parametrize("row", [*decisions(), *places()], ids=lambda row: row.place[:40])
def test_every_decision_and_every_place_of_the_page_has_rules_and_faults(row: Row) -> None:
    assert row.rules
    assert row.faults


def test_the_guide_is_current() -> None:
    assert 0 == main(["--check"])
