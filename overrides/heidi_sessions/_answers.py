"""What an answer means: the value that it holds, or the error that it is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

import attrs
from heidi_generated.models import ErrorDetail, ErrorResponse
from heidi_generated.types import MismatchError

from . import _json
from ._errors import APIResponseError, APIStatusError, status_error

if TYPE_CHECKING:
    from collections.abc import Mapping

    from heidi_generated.types import Operation

    from ._calls import Call, Decode
    from ._messages import Answer

T = TypeVar("T")

# The name of a failure is shown; a text of another form could be anything.
_TYPE: Final = re.compile(r"[A-Za-z][\w.]{0,99}", re.ASCII)


@attrs.frozen(repr=False)
class RawResponse(Generic[T]):
    """An answer as it came, from a call of `with_raw_response`; `parse()` reads the body.

    Attributes:
        retries_taken: how many times the request was repeated before this answer.
    """

    _answer: Answer
    _call: Call[T]
    _strict: bool
    retries_taken: int

    @property
    def status_code(self) -> int:
        """The HTTP status."""
        return self._answer.status_code

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers; their names fit in any case."""
        return self._answer.headers

    @property
    def content(self) -> bytes:
        """The body. May hold patient data."""
        return self._answer.content

    @property
    def request_id(self) -> str | None:
        """How the server names this request in its own logs, if it says so."""
        return self._answer.request_id

    def parse(self) -> T:
        """Read the body, each time anew.

        Returns:
            What the call itself returns: a Session, a SessionCreated or a Page.

        Raises:
            APIResponseError: the body is not what the document says: not JSON, or without what
                was asked for; with `strict_responses`, different from the document at all.
        """
        request = self._call.request
        return read(self._answer, request.operation, self._call.decode, strict=self._strict)

    def __repr__(self) -> str:
        return f"<RawResponse {self.status_code} to {self._call.request.operation.id}>"


def read(answer: Answer, operation: Operation, decode: Decode[T], *, strict: bool) -> T:
    """Read the body of an answer that says yes.

    Raises:
        APIResponseError: it is not what the document says.
    """
    try:
        if operation.empty and not answer.content:
            return decode(None, strict=strict)
        return decode(_json.load(answer.content), strict=strict)
    except MismatchError as error:
        path = error.path
    except (ValueError, RecursionError):
        path = "$"
    # Outside of the handlers: their tracebacks hold the body.
    raise APIResponseError(
        operation=operation.id,
        route=f"{operation.method} {operation.route}",
        request_id=answer.request_id,
        status_code=answer.status_code,
        path=path,
        body=answer.content,
    )


def refusal(answer: Answer, operation: Operation) -> APIStatusError:
    """Turn an answer that says no into its error, whatever the body is."""
    detail, type_ = failure_of(answer)
    return status_error(answer.status_code, type_)(
        operation=operation.id,
        route=f"{operation.method} {operation.route}",
        request_id=answer.request_id,
        status_code=answer.status_code,
        type=type_,
        detail=detail,
        headers=answer.headers,
        body=answer.content,
        retry_after=answer.retry_after,
    )


def failure_of(answer: Answer) -> tuple[ErrorDetail | None, str | None]:
    """Read the failure that an answer describes, and its name; None where it has none."""
    try:
        detail: Any = ErrorResponse.from_dict(_json.load_object(answer.content)).detail
    except (ValueError, RecursionError):
        return None, None
    if not isinstance(detail, ErrorDetail):
        return None, None
    name: Any = detail.type_
    return detail, name if isinstance(name, str) and _TYPE.fullmatch(name) else None
