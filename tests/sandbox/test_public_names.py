"""What `heidi_sandbox` offers, though each name is imported only when it is asked for."""

import subprocess
import sys

import heidi_sandbox
import pytest


@pytest.mark.parametrize("name", heidi_sandbox.__all__)
def test_every_name_leads_to_what_bears_it(name: str) -> None:
    assert name == getattr(heidi_sandbox, name).__name__


def test_the_names_are_sorted_and_no_other_is_there() -> None:
    assert sorted(heidi_sandbox.__all__) == heidi_sandbox.__all__
    with pytest.raises(AttributeError, match="'heidi_sandbox' has no attribute 'nothing'"):
        _ = heidi_sandbox.nothing


def test_the_package_alone_loads_nothing_that_may_be_missing() -> None:
    program = "import sys, heidi_sandbox; print(*{'granian', 'jsonschema_rs'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert b"\n" == done.stdout
