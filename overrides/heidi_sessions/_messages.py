"""One HTTP request and its response, as plain values, and what the response means."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Final, TypeVar

from heidi_generated.errors import (
    BY_TYPE,
    APIResponseValidationError,
    APIStatusError,
    APITimeoutError,
    failure_in,
    status_error,
)
from heidi_generated.types import MismatchError

from . import _clock, _json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from heidi_generated.facade import Decode
    from heidi_generated.types import Operation

    from ._http import Timeout
    from ._settings import Server

T = TypeVar("T")

# Written out: each call makes them, and attrs would take longer, at import too.


class PreparedRequest:
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


class Response:
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
        """When the server sent the response: by its own clock where it says so, else by ours."""
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


def seconds_until(moment: datetime, response: Response) -> float:
    """Count the seconds from a response to a moment that it names."""
    return moment.replace(tzinfo=moment.tzinfo or UTC).timestamp() - response.sent_at


# What a response means

# The name of a failure is shown; a string of another form could be anything, such as a name.
_TYPE: Final = r"([A-Za-z][A-Za-z0-9_.]{0,90})?(Error|Exception|error|exception)"


def read(
    response: Response,
    prepared: PreparedRequest,
    decode: Decode[T],
    *,
    strict: bool,
    retries: int = 0,
) -> T:
    """Decode a successful response.

    Args:
        retries: how many times the request was repeated before this response.

    Raises:
        APIResponseValidationError: it is not what the document says.
    """
    operation, path, problem = prepared.operation, "$", response.problem
    try:
        if operation.empty and not response.content:
            return decode(None, strict=strict)
        return decode(_json.load(response.content), strict=strict)
    except MismatchError as error:
        path = error.path
    except (ValueError, RecursionError):
        problem = problem or ("cannot be read as JSON" if response.content else "has no body")
    # Outside of the handlers: their tracebacks hold the body.
    raise APIResponseValidationError(
        **prepared.facts,
        hint=prepared.server.hint if path == "$" and response.problem is None else None,
        request_id=response.request_id,
        status_code=response.status_code,
        path=path,
        problem=problem,
        body=response.content,
        retries_taken=retries,
    )


def refusal(
    response: Response, prepared: PreparedRequest, token_hint: str | None
) -> APIStatusError:
    """Build the error for an error response, whatever the body is.

    Args:
        token_hint: what to check where the token is refused.
    """
    detail, type_ = failure_of(response)
    hint = prepared.server.hint if is_elsewhere(response.status_code, type_) else None
    if response.status_code == 401:
        hint = token_hint
    return status_error(response.status_code, type_)(
        **prepared.facts,
        hint=hint,
        request_id=response.request_id,
        status_code=response.status_code,
        type=type_,
        detail=detail,
        headers=response.headers,
        body=response.content,
        retry_after=response.retry_after,
    )


def is_elsewhere(status_code: int, type_: str | None) -> bool:
    """Say whether another server may have been meant: there is no such path, or it has moved."""
    return type_ not in BY_TYPE and (status_code < 400 or status_code in {404, 405})


def failure_of(response: Response) -> tuple[Any, str | None]:
    """Read the failure that an error response describes, and its name; None if it has none."""
    try:
        detail, name = failure_in(_json.load_object(response.content))
    except (ValueError, RecursionError):
        return None, None
    if isinstance(name, str) and (name in BY_TYPE or re.fullmatch(_TYPE, name)):
        return detail, name
    return detail, None
