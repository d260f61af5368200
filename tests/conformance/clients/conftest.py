"""The sandbox that the drivers talk to."""

import sys
from collections.abc import Iterator

import pytest

from scripts.library.serving import Served, serving


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Served]:
    """A sandbox for all drivers; each is another user of it."""
    with serving([sys.executable, "-m", "heidi_sandbox"]) as served:
        yield served
