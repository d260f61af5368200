"""What an answer means: the value that it holds, or the error that it is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, TypeVar

from heidi_generated.errors import APIResponseError, APIStatusError, failure_in, status_error
from heidi_generated.types import MismatchError

from . import _json

if TYPE_CHECKING:
    from heidi_generated.facade import Decode
    from heidi_generated.types import Operation

    from ._messages import Answer

T = TypeVar("T")

# The name of a failure is shown; a text of another form could be anything.
_TYPE: Final = r"[A-Za-z][\w.]{0,99}"


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


def failure_of(answer: Answer) -> tuple[Any, str | None]:
    """Read the failure that an error response describes, and its name; None where it has none."""
    try:
        detail, name = failure_in(_json.load_object(answer.content))
    except (ValueError, RecursionError):
        return None, None
    if isinstance(name, str) and re.fullmatch(_TYPE, name, re.ASCII):
        return detail, name
    return detail, None
