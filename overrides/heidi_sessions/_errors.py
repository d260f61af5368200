"""What can go wrong, sorted by what the caller does next.

    HeidiError
    ├── ConfigurationError          options are missing or contradict each other
    ├── ClosedClientError           a call on a client that is closed
    ├── TokenError                  no token was issued
    ├── PaginationError             a walk over the sessions would lose some or never end
    ├── APIConnectionError          no answer; `may_have_arrived` says what that leaves open
    │   └── APITimeoutError         no answer in time
    ├── APIResponseError            an answer that is not what the document says
    └── APIStatusError              an answer that says no
        ├── BadRequestError         400
        ├── AuthenticationError     401
        ├── PermissionDeniedError   403
        ├── NotFoundError           404
        │   └── SessionNotFoundError    by its type, whatever the status
        ├── ValidationError         422
        ├── RateLimitError          429, see `retry_after`
        ├── ServerError             5xx
        └── NoLinkedUserError       by its type, whatever the status

Every error pickles and copies. None shows what was sent or received: a server may repeat patient
data in an error, so its words are in `detail` and `body`, and never in the text of the exception.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping

    from heidi_generated.models import ErrorDetail


class HeidiError(Exception):
    """The root: catches everything that this package raises on purpose."""

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (type(self), self.args, self._state())

    def _state(self) -> dict[str, Any]:
        return self.__dict__


class ConfigurationError(HeidiError):
    """Options are missing, contradict each other or would send a secret in the open."""


class ClosedClientError(HeidiError):
    """The client, or the one it derives from, is closed: make a new one."""


class _CallError(HeidiError):
    """A call that failed.

    Attributes:
        operation: the operationId, such as `getSession`.
        route: the method and the path template, such as `GET /sessions/{session_id}`.
        request_id: how the server names this request in its own logs, if it says so.
        retries_taken: how many times the request was repeated before giving up.
    """

    operation: str
    route: str
    request_id: str | None
    retries_taken: int

    def __init__(
        self, problem: str, *, operation: str, route: str, request_id: str | None = None
    ) -> None:
        suffix = f" (request id {request_id})" if request_id else ""
        super().__init__(f"{route}: {problem}{suffix}")
        self.operation = operation
        self.route = route
        self.request_id = request_id
        self.retries_taken = 0


class TokenError(_CallError):
    """No token was issued, so the call was not made.

    Attributes:
        status_code: the status of the token endpoint; None where there was no answer of its own.
        type: the name of the failure, if the answer gave one.
        retry_after: seconds to wait before trying again, if the answer said so.
    """

    def __init__(
        self,
        problem: str,
        *,
        operation: str,
        route: str,
        request_id: str | None = None,
        status_code: int | None = None,
        type: str | None = None,  # noqa: A002  # the name that the API gives it
        retry_after: float | None = None,
    ) -> None:
        super().__init__(problem, operation=operation, route=route, request_id=request_id)
        self.status_code = status_code
        self.type = type
        self.retry_after = retry_after


class PaginationError(HeidiError):
    """A walk over the sessions stopped, because it would lose sessions or never end.

    Attributes:
        seen: how many different sessions the walk has met.
        total_count: how many there are, by the last answer.
    """

    def __init__(self, problem: str, *, seen: int, total_count: int | None) -> None:
        super().__init__(f"{problem} ({seen} of {total_count} sessions seen)")
        self.seen = seen
        self.total_count = total_count


class APIConnectionError(_CallError):
    """No answer came.

    Attributes:
        reason: the kind of failure, such as `ConnectError: Connection refused`.
        may_have_arrived: False where no connection was made, so that nothing can have happened;
            True where the server may have acted on the request all the same.
    """

    def __init__(self, *, operation: str, route: str, reason: str, may_have_arrived: bool) -> None:
        super().__init__(f"no answer, {reason}", operation=operation, route=route)
        self.reason = reason
        self.may_have_arrived = may_have_arrived


class APITimeoutError(APIConnectionError):
    """No answer came in time."""


class APIResponseError(_CallError):
    """The answer is not what the document says: not JSON, or of another shape.

    Attributes:
        status_code: the status of the answer.
        path: the JSON path of the first member that is wrong, `$` for the whole.
        body: the answer as it came. May hold patient data; pickling and copying leave it behind.
    """

    def __init__(
        self,
        *,
        operation: str,
        route: str,
        request_id: str | None,
        status_code: int,
        path: str,
        body: bytes,
    ) -> None:
        problem = f"{status_code}, and the answer is not what the document says at {path}"
        super().__init__(problem, operation=operation, route=route, request_id=request_id)
        self.status_code = status_code
        self.path = path
        self.body = body

    def _state(self) -> dict[str, Any]:
        return self.__dict__ | {"body": b""}


class APIStatusError(_CallError):
    """The server answered with an error.

    Attributes:
        status_code: the HTTP status.
        type: the name of the failure (`detail.type`), None where the answer has none.
        detail: the failure in the server's words. May repeat what was sent: show it to nobody
            who may not see patient data.
        headers: the headers of the answer.
        body: the answer as it came. May hold patient data; pickling and copying leave it behind.
        retry_after: seconds to wait before trying again, if the answer said so.
    """

    def __init__(
        self,
        *,
        operation: str,
        route: str,
        request_id: str | None,
        status_code: int,
        type: str | None,  # noqa: A002  # the name that the API gives it
        detail: ErrorDetail | None,
        headers: Mapping[str, str],
        body: bytes,
        retry_after: float | None,
    ) -> None:
        problem = f"{status_code} {type}" if type else f"{status_code}"
        super().__init__(problem, operation=operation, route=route, request_id=request_id)
        self.status_code = status_code
        self.type = type
        self.detail = detail
        self.headers = headers
        self.body = body
        self.retry_after = retry_after

    def _state(self) -> dict[str, Any]:
        return self.__dict__ | {"body": b""}


class BadRequestError(APIStatusError):
    """400: the request cannot be read."""


class AuthenticationError(APIStatusError):
    """401: the token is missing, wrong or expired, and a fresh one did not help."""


class PermissionDeniedError(APIStatusError):
    """403: the token is good, and does not allow this."""


class NotFoundError(APIStatusError):
    """404: there is no such thing."""


class SessionNotFoundError(NotFoundError):
    """The caller has no session with this id. Chosen by the type, whatever the status."""


class ValidationError(APIStatusError):
    """422: the request can be read, and its content is not what the operation takes."""


class RateLimitError(APIStatusError):
    """429: too many requests; `retry_after` says how long to wait."""


class ServerError(APIStatusError):
    """5xx: the server failed."""


class NoLinkedUserError(APIStatusError):
    """No Heidi user is linked to the API user. Chosen by the type, whatever the status."""


BY_TYPE: Mapping[str, type[APIStatusError]] = {
    "SessionNotFoundError": SessionNotFoundError,
    "NoLinkedUserException": NoLinkedUserError,
}
BY_STATUS: Mapping[int, type[APIStatusError]] = {
    400: BadRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    422: ValidationError,
    429: RateLimitError,
}


def status_error(status_code: int, type_: str | None) -> type[APIStatusError]:
    """Choose the class for an answer: by its type, else by its status."""
    if type_ is not None and type_ in BY_TYPE:
        return BY_TYPE[type_]
    if status_code in BY_STATUS:
        return BY_STATUS[status_code]
    return ServerError if status_code >= 500 else APIStatusError


_E = TypeVar("_E", bound=HeidiError)


def _restore(cls: type[_E], args: tuple[Any, ...], state: dict[str, Any]) -> _E:
    error = cls.__new__(cls, *args)
    error.__dict__.update(state)
    return error
