"""What a request can do wrong, and what the sandbox answers to it.

ApiError
├── MalformedRequestError       400  the body is not JSON
├── AuthenticationError         401  no token or key, or one that is wrong or expired
├── NoLinkedUserError           403  no Heidi user is linked to the API user
├── PathNotFoundError           404  no such path
├── SessionNotFoundError        404  no such session of this user
├── MethodNotAllowedError       405  the path has no such method
├── ContentTooLargeError        413  the body has more than 1 MiB
├── UnsupportedMediaTypeError   415  the body is not application/json
├── InvalidRequestError         422  well-formed, and not what the operation takes
├── RateLimitedError            429  asked for too often; the sandbox says so only when told to
└── ServerError                      not about the request, so no operation declares it
    ├── RequestTimeoutError     408  the body came too slowly
    ├── HeadersTooLargeError    431  the head of the request is too large
    ├── InternalServerError     500  a bug of ours
    ├── UnavailableError        503  what a request for a fault gets
    └── StoreUnavailableError   503  the database is away or full: nothing was written
        └── UnknownOutcomeError 503  it went away during a commit, which may have been kept or not

CannotServeError: the server cannot start; its text is one line for the person at the terminal.
DuplicateSessionError: a session with this id is there already.
"""

from typing import ClassVar

from heidi_sandbox._answer import Answer
from heidi_sandbox._json import dump


class CannotServeError(Exception):
    """The server cannot start. The text says what is wrong and how to mend it, in one line."""


class DuplicateSessionError(Exception):
    """A session with this id is there already."""


class ApiError(Exception):
    """A request that fails, as it is answered."""

    status: ClassVar[int]
    type: ClassVar[str]

    def __init__(self, msg: str, **headers: str) -> None:
        super().__init__(msg)
        self.msg = msg
        self.headers = headers

    def answer(self) -> Answer:
        """Return the answer, in the one shape that errors have."""
        body = dump({"detail": {"msg": self.msg, "type": self.type}})
        headers = {name.replace("_", "-").lower(): text for name, text in self.headers.items()}
        return Answer(self.status, body, headers)


class MalformedRequestError(ApiError):
    status = 400
    type = "MalformedRequestError"


class AuthenticationError(ApiError):
    status = 401
    type = "AuthenticationError"


class NoLinkedUserError(ApiError):
    status = 403
    type = "NoLinkedUserException"


class PathNotFoundError(ApiError):
    status = 404
    type = "PathNotFoundError"


class SessionNotFoundError(ApiError):
    status = 404
    type = "SessionNotFoundError"


class MethodNotAllowedError(ApiError):
    status = 405
    type = "MethodNotAllowedError"


class ContentTooLargeError(ApiError):
    status = 413
    type = "ContentTooLargeError"


class UnsupportedMediaTypeError(ApiError):
    status = 415
    type = "UnsupportedMediaTypeError"


class InvalidRequestError(ApiError):
    status = 422
    type = "InvalidRequestError"


class RateLimitedError(ApiError):
    status = 429
    type = "RateLimitedError"


class ServerError(ApiError):
    """What a server may say whatever was asked; the document of an API does not speak of it."""


class RequestTimeoutError(ServerError):
    status = 408
    type = "RequestTimeoutError"


class HeadersTooLargeError(ServerError):
    status = 431
    type = "HeadersTooLargeError"


class InternalServerError(ServerError):
    status = 500
    type = "InternalServerError"


class UnavailableError(ServerError):
    status = 503
    type = "ServiceUnavailableError"


class StoreUnavailableError(ServerError):
    """The database is away or full, whoever asks; nothing was written.

    Args:
        reason: what is wrong, for the person at the terminal; callers are not told.
    """

    status = 503
    type = "StoreUnavailableError"

    def __init__(self, reason: str = "it does not answer") -> None:
        super().__init__("the database is not available; try again", Retry_After="1")
        self.reason = reason

    def __str__(self) -> str:
        return f"the database cannot be used: {self.reason}"


class UnknownOutcomeError(StoreUnavailableError):
    """A commit ended in the middle. No Retry-After: a blind repetition might do it twice."""

    type = "UnknownOutcomeError"

    def __init__(self, reason: str = "it does not answer") -> None:
        ApiError.__init__(
            self, "the database went away during this request, which may have been done or not"
        )
        self.reason = reason

    def __str__(self) -> str:
        return f"{super().__str__()}; what was written last may be there or not"
