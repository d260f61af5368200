"""What can go wrong with one request, for a mock to act out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from heidi_sessions import _json
from heidi_sessions._http._mock import Reply

from ._server import error_body

if TYPE_CHECKING:
    from heidi_sessions._http._mock import Fault, Received


@attrs.frozen
class Step:
    """The outcome of one request: make it with a function such as `rate_limited`.

    Attributes:
        reply: a response or a fault; None for an ordinary response.
        delay: seconds until then, counted against the client's timeout without waiting.
    """

    reply: Reply | Fault | None
    delay: float = 0

    def outcome(self, request: Received) -> Reply | Fault | None:
        """Return the outcome of a request."""
        if request.timeout is not None and self.delay >= request.timeout:
            return "timeout"
        return self.reply


def fails(
    status_code: int,
    type: str = "Error",  # noqa: A002  # the name that the API gives it
    msg: str = "failed",
    *,
    retry_after: int | None = None,
) -> Step:
    """Respond with an error of the API.

    Args:
        status_code: the HTTP status, such as 500.
        type: the name of the failure (`detail.type`).
        msg: the failure in words (`detail.msg`).
        retry_after: whole seconds for the header `Retry-After`; None for no such header.
    """
    headers = {"content-type": "application/json"}
    if retry_after is not None:
        headers["retry-after"] = str(retry_after)
    body = _json.dump(error_body(type, msg))
    return Step(Reply(status_code, body, headers))


def rate_limited(retry_after: int = 1) -> Step:
    """Respond with 429, and when to retry.

    Args:
        retry_after: whole seconds to wait.
    """
    return fails(429, "RateLimitError", "too many requests", retry_after=retry_after)


def unavailable(retry_after: int | None = None) -> Step:
    """Respond with 503.

    Args:
        retry_after: whole seconds to wait; None leaves it open, so that no write is repeated.
    """
    return fails(503, "ServiceUnavailable", "try later", retry_after=retry_after)


def malformed(content: bytes = b"<html>Bad gateway</html>") -> Step:
    """Respond with 200 and a body that breaks the document.

    Args:
        content: the body, as it is sent.
    """
    return Step(Reply(200, content))


def times_out() -> Step:
    """Give no response in time, whatever the timeout is."""
    return Step("timeout")


def refused() -> Step:
    """Accept no connection."""
    return Step("refused")


def cut_off() -> Step:
    """Hang up before the response."""
    return Step("cut")


def slow(seconds: float) -> Step:
    """Respond as usual, but late: a client with a shorter timeout gives up. Nobody waits.

    Args:
        seconds: how late.
    """
    return Step(None, delay=seconds)
