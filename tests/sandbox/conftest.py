from collections.abc import Iterator

import pytest
from heidi_sandbox import Sandbox, serving

from tests.sandbox.api import Api, new_user


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    with serving() as running:
        yield running


@pytest.fixture
def api(sandbox: Sandbox) -> Iterator[Api]:
    with new_user(sandbox) as user:
        yield user


@pytest.fixture
def other(sandbox: Sandbox) -> Iterator[Api]:
    with new_user(sandbox) as user:
        yield user


@pytest.fixture
def unlinked(sandbox: Sandbox) -> Iterator[Api]:
    with new_user(sandbox, "+unlinked") as user:
        yield user
