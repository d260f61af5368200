from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from heidi_sessions import _clock

from .harness import Driver

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

ENVIRONMENT = (
    "HEIDI_TOKEN",
    "HEIDI_API_KEY",
    "HEIDI_EMAIL",
    "HEIDI_THIRD_PARTY_INTERNAL_ID",
    "HEIDI_BASE_URL",
    "HEIDI_REGION",
    "HEIDI_LOG",
)


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(params=["sync", "async"])
def driver(
    request: pytest.FixtureRequest,
) -> Callable[[Callable[[httpx.Request], httpx.Response]], Driver]:
    """Drives `Heidi` and `AsyncHeidi` alike."""
    return lambda handler: Driver(request.param, handler)


class Clock:
    """A clock that moves only in sleeps, or when set."""

    def __init__(self) -> None:
        self.time = 1_700_000_000.0
        self.sleeps: list[float] = []

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.time += seconds

    async def sleep_async(self, seconds: float) -> None:
        self.sleep(seconds)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(_clock, "now", clock.now)
    monkeypatch.setattr(_clock, "monotonic", clock.now)
    monkeypatch.setattr(_clock, "sleep", clock.sleep)
    monkeypatch.setattr(_clock, "sleep_async", clock.sleep_async)
    return clock
