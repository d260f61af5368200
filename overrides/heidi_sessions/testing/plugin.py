"""Fixtures for pytest: `pytest_plugins = ["heidi_sessions.testing.plugin"]` brings them."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

import pytest

from heidi_sessions import _clock

from ._mock import HeidiMock
from ._sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator


__all__ = ["HeidiMock", "Sandbox", "heidi_mock", "heidi_sandbox"]


@pytest.fixture(scope="session")
def heidi_sandbox() -> Iterator[Sandbox]:
    """Run the sandbox in this process, for all tests; each token's user has separate sessions.

    Needs the extra heidi-sessions[sandbox].
    """
    try:
        # By name: the client does not depend on the sandbox.
        serving = import_module("heidi_sandbox").serving
    except ImportError:
        pytest.fail("heidi_sandbox needs the extra heidi-sessions[sandbox]")
    with serving() as sandbox:
        yield sandbox


@pytest.fixture
def heidi_mock(monkeypatch: pytest.MonkeyPatch) -> HeidiMock:
    """Serve the API in memory, with failures on demand; waits between attempts take no time."""
    mock = HeidiMock()

    async def wait_async(seconds: float) -> None:
        mock.waits.append(seconds)

    monkeypatch.setattr(_clock, "sleep", mock.waits.append)
    monkeypatch.setattr(_clock, "sleep_async", wait_async)
    return mock
