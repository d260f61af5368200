"""What `heidi_conformance` offers, though each name is imported only when it is asked for."""

import subprocess
import sys

import heidi_conformance
import pytest


@pytest.mark.parametrize("name", heidi_conformance.__all__)
def test_every_name_is_there(name: str) -> None:
    assert getattr(heidi_conformance, name)


def test_the_names_are_sorted_and_no_other_is_there() -> None:
    assert sorted(heidi_conformance.__all__) == heidi_conformance.__all__
    with pytest.raises(AttributeError, match="'heidi_conformance' has no attribute 'nothing'"):
        _ = heidi_conformance.nothing


def test_the_package_alone_loads_nothing_that_may_be_missing() -> None:
    program = "import sys, heidi_conformance; print(*{'schemathesis', 'h11'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert b"\n" == done.stdout
