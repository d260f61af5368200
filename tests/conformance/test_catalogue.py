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


@pytest.mark.slow
def test_the_reference_keeps_what_each_fault_breaks() -> None:
    wrong = [
        planted.id
        for planted in CATALOGUE
        if not planted.witness(in_process(Api()).caller())
        or kept(planted.witness, in_process(planted.server()).caller())
    ]
    assert [] == wrong
