"""What an answer means: the value that it holds, or the error that it is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, TypeVar

from heidi_generated.errors import (
    BY_TYPE,
    APIResponseValidationError,
    APIStatusError,
    failure_in,
    status_error,
)
from heidi_generated.types import MismatchError

from . import _json

if TYPE_CHECKING:
    from heidi_generated.facade import Decode

    from ._messages import Answer, Outgoing

T = TypeVar("T")

# The name of a failure is shown; a string of another form could be anything, such as a name.
_TYPE: Final = r"([A-Za-z][A-Za-z0-9_.]{0,90})?(Error|Exception|error|exception)"


def read(answer: Answer, outgoing: Outgoing, decode: Decode[T], *, strict: bool) -> T:
    """Decode a successful response.

    Raises:
        APIResponseValidationError: it is not what the document says.
    """
    operation, path = outgoing.operation, "$"
    try:
        if operation.empty and not answer.content:
            return decode(None, strict=strict)
        return decode(_json.load(answer.content), strict=strict)
    except MismatchError as error:
        path = error.path
    except (ValueError, RecursionError):
        pass
    # Outside of the handlers: their tracebacks hold the body.
    raise APIResponseValidationError(
        **outgoing.facts,
        hint=outgoing.server.hint if path == "$" and answer.problem is None else None,
        request_id=answer.request_id,
        status_code=answer.status_code,
        path=path,
        problem=answer.problem,
        body=answer.content,
    )


def refusal(answer: Answer, outgoing: Outgoing) -> APIStatusError:
    """Build the error for an error response, whatever the body is."""
    detail, type_ = failure_of(answer)
    return status_error(answer.status_code, type_)(
        **outgoing.facts,
        hint=outgoing.server.hint if is_elsewhere(answer.status_code, type_) else None,
        request_id=answer.request_id,
        status_code=answer.status_code,
        type=type_,
        detail=detail,
        headers=answer.headers,
        body=answer.content,
        retry_after=answer.retry_after,
    )


def is_elsewhere(status_code: int, type_: str | None) -> bool:
    """Say whether another server may have been meant: there is no such path, or it has moved."""
    return type_ not in BY_TYPE and (status_code < 400 or status_code in {404, 405})


def failure_of(answer: Answer) -> tuple[Any, str | None]:
    """Read the failure that an error response describes, and its name; None where it has none."""
    try:
        detail, name = failure_in(_json.load_object(answer.content))
    except (ValueError, RecursionError):
        return None, None
    if isinstance(name, str) and (name in BY_TYPE or re.fullmatch(_TYPE, name)):
        return detail, name
    return detail, None
