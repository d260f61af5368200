"""The public names of the sandbox and of the judge, each imported only when it is used."""

import subprocess
import sys
from importlib import import_module
from typing import Literal, get_origin

import pytest

OPTIONAL = {
    "heidi_conformance": {"schemathesis", "h11"},
    "heidi_sandbox": {"granian", "jsonschema_rs"},
}
NAMES = [(package, name) for package in OPTIONAL for name in import_module(package).__all__]


@pytest.mark.parametrize(("package", "name"), NAMES)
def test_every_name_is_the_object_with_that_name(package: str, name: str) -> None:
    found = getattr(import_module(package), name)
    assert name == found.__name__ or get_origin(found) is Literal


@pytest.mark.parametrize("package", OPTIONAL)
def test_the_names_are_sorted_and_complete(package: str) -> None:
    module = import_module(package)
    assert sorted(module.__all__) == module.__all__
    with pytest.raises(AttributeError, match=f"'{package}' has no attribute 'nothing'"):
        _ = module.nothing


@pytest.mark.parametrize(("package", "optional"), OPTIONAL.items())
def test_importing_a_package_loads_no_optional_dependency(package: str, optional: set[str]) -> None:
    program = f"import sys, {package}; print(*{optional} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert b"\n" == done.stdout
