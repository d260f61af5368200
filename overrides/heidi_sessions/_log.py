"""The logger of this package: method, route, status, time, attempt and request id; no more."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from ._messages import Answer

if TYPE_CHECKING:
    from heidi_generated.errors import HeidiError
    from heidi_generated.types import Operation

logger: Final = logging.getLogger("heidi_sessions")


def attempt(operation: Operation, result: Answer | HeidiError, seconds: float, number: int) -> None:
    """Log one attempt."""
    if not logger.isEnabledFor(logging.INFO):
        return
    if isinstance(result, Answer):
        outcome, request_id = str(result.status_code), result.request_id
    else:
        outcome, request_id = type(result).__name__, None
    logger.info(
        "%s %s: %s in %.1f ms, attempt %d, request id %s",
        operation.method,
        operation.route,
        outcome,
        seconds * 1000,
        number,
        request_id or "-",
    )


def wait(seconds: float) -> None:
    """Log that a failed attempt is followed by another."""
    logger.info("trying again in %.1f s", seconds)


def short_walk(seen: int, total: int | None, noun: str) -> None:
    """Log that a walk ended early by the server's own count."""
    logger.warning("the last page came after %d of %s %s", seen, total, noun)
