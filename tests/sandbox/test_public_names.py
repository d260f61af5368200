"""The public names of `heidi_sandbox`, each imported only when it is used."""

import subprocess
import sys

import heidi_sandbox
import pytest


@pytest.mark.parametrize("name", heidi_sandbox.__all__)
def test_every_name_is_the_object_with_that_name(name: str) -> None:
    assert name == getattr(heidi_sandbox, name).__name__


def test_the_names_are_sorted_and_complete() -> None:
    assert sorted(heidi_sandbox.__all__) == heidi_sandbox.__all__
    with pytest.raises(AttributeError, match="'heidi_sandbox' has no attribute 'nothing'"):
        _ = heidi_sandbox.nothing


def test_importing_the_package_loads_no_optional_dependency() -> None:
    program = "import sys, heidi_sandbox; print(*{'granian', 'jsonschema_rs'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert b"\n" == done.stdout
