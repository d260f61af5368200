"""Every correct variant differs from the reference, and passes the witnesses of its levels."""

import pytest

from .caller import in_process
from .faults import CATALOGUE
from .faults.catalogue import kept
from .reference import Api
from .variants import VARIANTS, Variant

# Faults whose witness also fails for a permitted variant.
ALIKE = {
    "references": {"tenants.other_words_for_others"},
    "paths_in_errors": {"errors.echoes_the_id"},
    "tokens_with_marks": {"auth.seal_with_any_padding"},
    "short_heads": {"auth.first_of_two"},
    "tokens_are_numbers": {"auth.folded_token", "auth.seal_in_any_case"},
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
        if (place % 3 == number % 3 and not planted.slow) or planted.id in alike
    ]
    broken = {planted.id for planted in met if not kept(planted.witness, server.caller())}
    assert alike == broken
