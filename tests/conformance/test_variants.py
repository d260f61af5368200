"""Every correct variant is unlike the reference, and keeps what the faults of its levels break."""

import pytest

from .caller import in_process
from .faults import CATALOGUE
from .faults.catalogue import kept
from .reference import Api
from .variants import VARIANTS, Variant

STEADY = [variant for variant in VARIANTS if variant.steady and "strict" in variant.levels]


def by_id(variant: Variant) -> str:
    return f"{variant.id}-{variant.levels[-1]}"


@pytest.mark.parametrize("variant", VARIANTS, ids=by_id)
def test_a_variant_is_unlike_the_reference(variant: Variant) -> None:
    assert variant.unlike(in_process(variant.server()).caller())
    assert not variant.unlike(in_process(Api()).caller())


@pytest.mark.parametrize(("number", "variant"), [*enumerate(STEADY)], ids=[*map(by_id, STEADY)])
def test_a_variant_keeps_what_the_faults_break(number: int, variant: Variant) -> None:
    """Each variant meets every third fault, and another third than the one before it."""
    server = in_process(variant.server())
    broken = [
        planted.id
        for planted in CATALOGUE[number % 3 :: 3]
        if not planted.slow and not kept(planted.witness, server.caller())
    ]
    assert [] == broken
