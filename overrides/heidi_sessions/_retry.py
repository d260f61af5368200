"""Retries, with tenacity. Imported at the first failure only."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Final, TypeVar

import tenacity

from . import _clock, _log

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ._calls import Exchange, Result

T = TypeVar("T")

_jitter: Final = tenacity.wait_random_exponential(multiplier=0.5, max=8)


def go_on(exchange: Exchange[T], failed: Result, attempt: Callable[[], Result]) -> Result:
    """Try again after a first attempt that failed; return the last result."""
    results = iter([failed])
    retrying = tenacity.Retrying(sleep=_clock.sleep, **_policy(exchange))
    return retrying(lambda: next(results, None) or attempt())


async def go_on_async(
    exchange: Exchange[T], failed: Result, attempt: Callable[[], Awaitable[Result]]
) -> Result:
    """Try again after a first attempt that failed; return the last result."""
    results = iter([failed])

    async def replay_or_attempt() -> Result:
        return next(results, None) or await attempt()

    retrying = tenacity.AsyncRetrying(sleep=_clock.sleep_async, **_policy(exchange))
    return await retrying(replay_or_attempt)


def _policy(exchange: Exchange[T]) -> dict[str, Any]:
    # The exchange counts the attempts, so tenacity itself need not stop.
    return {
        "retry": tenacity.retry_if_result(exchange.may_repeat),
        "wait": _wait,
        "stop": functools.partial(_stop, exchange),
        "retry_error_callback": _result,
        "before_sleep": _log_wait,
    }


def _wait(state: tenacity.RetryCallState) -> float:
    asked = getattr(_result(state), "retry_after", None)
    return _jitter(state) if asked is None else asked


def _stop(exchange: Exchange[Any], state: tenacity.RetryCallState) -> bool:
    return exchange.too_late(state.upcoming_sleep)


def _log_wait(state: tenacity.RetryCallState) -> None:
    _log.wait(state.upcoming_sleep)


def _result(state: tenacity.RetryCallState) -> Any:
    return state.outcome.result() if state.outcome is not None else None
