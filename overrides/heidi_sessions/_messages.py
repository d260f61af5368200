"""One HTTP request and its answer, as plain values: what the transport takes and gives."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final

from . import _clock

if TYPE_CHECKING:
    from collections.abc import Mapping

    from heidi_generated.types import Operation

    from ._http import Timeout

_REQUEST_ID_HEADERS: Final = ("x-request-id", "request-id", "x-correlation-id", "cf-ray")
_REQUEST_ID: Final = r"[\w.:/+=-]{1,128}"


# Written out: each call makes them, and attrs would take longer, at import too.


class Outgoing:
    """A request without its credentials."""

    __slots__ = ("content", "headers", "operation", "timeout", "url")

    def __init__(
        self,
        operation: Operation,
        url: str,
        headers: Mapping[str, str],
        content: bytes | None,
        timeout: Timeout | None,
    ) -> None:
        """Take all parts; without a timeout, that of the client that sends it holds."""
        self.operation = operation
        self.url = url
        self.headers = headers
        self.content = content
        self.timeout = timeout


class Answer:
    """A response, read to its end."""

    __slots__ = ("content", "headers", "status_code")

    def __init__(self, status_code: int, headers: Mapping[str, str], content: bytes) -> None:
        self.status_code = status_code
        self.headers = headers
        self.content = content

    @property
    def request_id(self) -> str | None:
        """How the server names the request; a text of another form than an id is not repeated."""
        for name in _REQUEST_ID_HEADERS:
            value = self.headers.get(name)
            if value is not None and re.fullmatch(_REQUEST_ID, value, re.ASCII):
                return value
        return None

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


def _http_date(text: str) -> float | None:
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return date.replace(tzinfo=date.tzinfo or UTC).timestamp()


def seconds_until(moment: datetime, answer: Answer) -> float:
    """Count the seconds from an answer to a moment that it names."""
    return moment.replace(tzinfo=moment.tzinfo or UTC).timestamp() - answer.sent_at
