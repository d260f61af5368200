"""Every fault of the catalogue breaks what its witness claims, and no correct server does."""

import pytest

from .caller import in_process
from .faults import CATALOGUE, Planted
from .faults.catalogue import kept
from .reference import Api


def by_id(planted: Planted) -> str:
    return planted.id


def test_the_catalogue_has_a_name_for_every_fault_and_each_only_once() -> None:
    assert 130 <= len(CATALOGUE)
    assert sorted({planted.id for planted in CATALOGUE}) == sorted(map(by_id, CATALOGUE))


@pytest.mark.parametrize("planted", CATALOGUE, ids=by_id)
def test_the_reference_keeps_what_the_fault_breaks(planted: Planted) -> None:
    assert planted.witness(in_process(Api()).caller())
    assert not kept(planted.witness, in_process(planted.server()).caller())
