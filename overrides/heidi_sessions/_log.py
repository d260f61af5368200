"""The logger of this package: method, place, status, time, attempt and request id; no more.

Each fact is an attribute of the record too, for a formatter that writes JSON.
"""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING, Final

from heidi_generated.errors import ConfigurationError

from ._messages import Response

if TYPE_CHECKING:
    from heidi_generated.errors import HeidiError

    from ._messages import PreparedRequest

logger: Final = logging.getLogger("heidi_sessions")

_LEVELS: Final = ("debug", "info", "warning", "error")


def follow_environment() -> None:
    """Set the level that HEIDI_LOG names, and write to stderr where logging is not set up.

    Raises:
        ConfigurationError: there is no such level.
    """
    level = os.environ.get("HEIDI_LOG", "").lower()
    if not level:
        return
    if level not in _LEVELS:
        raise ConfigurationError(f"must be one of {', '.join(_LEVELS)}", option="HEIDI_LOG")
    logger.setLevel(level.upper())
    if not logger.hasHandlers():
        logging.basicConfig(format="%(asctime)s %(name)s %(levelname)s %(message)s")


def attempt(
    prepared: PreparedRequest, result: Response | HeidiError, seconds: float, number: int
) -> None:
    """Log one attempt."""
    if not logger.isEnabledFor(logging.INFO):
        return
    operation = prepared.operation
    response = result if isinstance(result, Response) else None
    facts = {
        "method": operation.method,
        "server": prepared.server.url.partition("://")[2],
        "route": operation.route,
        "outcome": str(response.status_code) if response else type(result).__name__,
        "duration_ms": round(seconds * 1000, 1),
        "attempt": number,
        "request_id": response.request_id if response else None,
    }
    logger.info(
        "%s %s%s: %s in %.1f ms, attempt %d, request id %s",
        *(facts | {"request_id": facts["request_id"] or "-"}).values(),
        extra={**facts, "operation": operation.id},
    )


def wait(seconds: float) -> None:
    """Log that a failed attempt is followed by another."""
    logger.info("trying again in %.1f s", seconds, extra={"wait_s": round(seconds, 1)})


def short_walk(seen: int, total: int | None, noun: str) -> None:
    """Log that a walk ended early by the server's own count."""
    logger.warning("the last page came after %d of %s %s", seen, total, noun)
