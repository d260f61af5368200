"""The public names of `heidi_conformance`, each imported only when it is used."""

import subprocess
import sys

import heidi_conformance
import pytest


@pytest.mark.parametrize("name", heidi_conformance.__all__)
def test_every_name_exists(name: str) -> None:
    assert getattr(heidi_conformance, name)


def test_the_names_are_sorted_and_complete() -> None:
    assert sorted(heidi_conformance.__all__) == heidi_conformance.__all__
    with pytest.raises(AttributeError, match="'heidi_conformance' has no attribute 'nothing'"):
        _ = heidi_conformance.nothing


def test_importing_the_package_loads_no_optional_dependency() -> None:
    program = "import sys, heidi_conformance; print(*{'schemathesis', 'h11'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert b"\n" == done.stdout
