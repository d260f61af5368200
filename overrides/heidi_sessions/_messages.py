"""One HTTP request and its answer, as plain values: what the transport takes and gives."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from heidi_generated.errors import APITimeoutError

from . import _clock

if TYPE_CHECKING:
    from collections.abc import Mapping

    from heidi_generated.types import Operation

    from ._http import Timeout
    from ._options import Server

# Written out: each call makes them, and attrs would take longer, at import too.


class Outgoing:
    """A request without its credentials."""

    __slots__ = ("content", "ends", "headers", "limit", "operation", "server", "timeout", "url")

    def __init__(
        self,
        operation: Operation,
        url: str,
        headers: Mapping[str, str],
        content: bytes | None,
        timeout: Timeout | None,
        *,
        server: Server,
        ends: float,
        limit: int,
    ) -> None:
        """Take all parts.

        Args:
            server: what the URL begins with.
            timeout: None: that of the client that sends it.
            ends: the moment (monotonic seconds) by which the response must be read.
            limit: the most bytes that the body of the response may have.
        """
        self.operation = operation
        self.url = url
        self.headers = headers
        self.content = content
        self.timeout = timeout
        self.server = server
        self.ends = ends
        self.limit = limit

    @property
    def facts(self) -> dict[str, Any]:
        """What an error says of the request."""
        return facts_of(self.operation, self.server)

    @property
    def left(self) -> float:
        """Seconds until the response must be read; below 0 where it is too late."""
        return self.ends - _clock.monotonic()

    def too_late(self) -> APITimeoutError:
        """Return the error of a request whose deadline passed before it was sent."""
        return APITimeoutError(
            **self.facts, reason="the deadline passed before it was sent", may_have_arrived=False
        )


class Answer:
    """A response, read to its end."""

    __slots__ = ("content", "headers", "problem", "request_id", "seconds", "status_code")

    def __init__(
        self,
        status_code: int,
        headers: Mapping[str, str],
        content: bytes,
        *,
        request_id: str | None = None,
        problem: str | None = None,
    ) -> None:
        """Take all parts.

        Args:
            request_id: how the server names the request.
            problem: why there is no content, although some was sent.
        """
        self.status_code = status_code
        self.headers = headers
        self.content = content
        self.request_id = request_id
        self.problem = problem
        self.seconds = 0.0

    @property
    def retry_after(self) -> float | None:
        """Seconds to wait, from a `Retry-After` of either form."""
        value = self.headers.get("retry-after", "").strip()
        if value.isascii() and value.isdigit() and len(value) < 10:
            return float(value)
        date = _http_date(value)
        return None if date is None else max(0.0, date - self.sent_at)

    @property
    def sent_at(self) -> float:
        """When the server sent the answer: by its own clock where it says so, else by ours."""
        date = _http_date(self.headers.get("date", ""))
        return _clock.now() if date is None else date


def facts_of(operation: Operation, server: Server) -> dict[str, Any]:
    """Return what an error says of a request."""
    return {
        "operation": operation.id,
        "route": f"{operation.method} {operation.route}",
        "server": server.url,
    }


def _http_date(text: str) -> float | None:
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return date.replace(tzinfo=date.tzinfo or UTC).timestamp()


def seconds_until(moment: datetime, answer: Answer) -> float:
    """Count the seconds from an answer to a moment that it names."""
    return moment.replace(tzinfo=moment.tzinfo or UTC).timestamp() - answer.sent_at
