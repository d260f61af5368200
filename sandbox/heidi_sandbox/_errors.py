"""What a request can do wrong.

ApiError
├── MalformedRequestError       400  the body is not JSON
├── AuthenticationError         401  no token or key, or one that is wrong or expired
├── UnlinkedError               403  the user has no counterpart; or as the document says
├── PathNotFoundError           404  no such path
├── NotFoundError               404  no such resource of this user
├── MethodNotAllowedError       405  the path has no such method
├── ContentTooLargeError        413  the body has more than 1 MiB
├── UnsupportedMediaTypeError   415  the body is of another media type
├── InvalidRequestError         422  well-formed, and not what the operation takes
├── RateLimitedError            429  too many requests; the sandbox says so only when told to
└── ServerError                      not about the request, so no operation declares it
    ├── RequestTimeoutError     408  the body came too slowly
    ├── InternalServerError     500  a bug of ours
    ├── ServiceUnavailableError 503  what a request for a fault gets
    └── StoreUnavailableError   503  the database is away: nothing was written
        ├── StoreFullError      503  it has no space left: nothing was written
        ├── StoreDamagedError   503  it is damaged, and stays so until a person repairs it
        └── UnknownOutcomeError 503  it went away during a commit, which may have been kept or not

How a response calls an error, the document says; where it does not, it is the name of the class.

CannotServeError: the server cannot start; its text is one line for the person at the terminal.
DuplicateIdError: a resource with this id exists.
InvalidResourceError: a resource would break the document, through no fault of the request.
"""

from http import HTTPStatus


class CannotServeError(Exception):
    """The server cannot start. The text says what is wrong and how to fix it, in one line."""


class DuplicateIdError(Exception):
    """A resource with this id exists."""


class InvalidResourceError(Exception):
    """A resource would break the document. The text says where, and quotes none of it."""


class ApiError(Exception):
    """A request that fails.

    Args:
        msg: what is wrong, where the document's own words do not say it.
        headers: those of the response, with underscores for hyphens.
    """

    status: int

    def __init__(self, msg: str = "", **headers: str) -> None:
        super().__init__(msg)
        self.msg = msg
        self.headers = {name.replace("_", "-").lower(): text for name, text in headers.items()}

    @property
    def phrase(self) -> str:
        """What is wrong, in the words of HTTP."""
        return HTTPStatus(self.status).phrase.lower()


class MalformedRequestError(ApiError):
    status = 400


class AuthenticationError(ApiError):
    status = 401


class UnlinkedError(ApiError):
    def __init__(self, status: int) -> None:
        super().__init__()
        self.status = status


class PathNotFoundError(ApiError):
    status = 404


class NotFoundError(ApiError):
    status = 404


class MethodNotAllowedError(ApiError):
    status = 405


class ContentTooLargeError(ApiError):
    status = 413


class UnsupportedMediaTypeError(ApiError):
    status = 415


class InvalidRequestError(ApiError):
    status = 422


class RateLimitedError(ApiError):
    status = 429


class ServerError(ApiError):
    """What any server may return to any request; the document of an API does not speak of it."""


class RequestTimeoutError(ServerError):
    status = 408


class InternalServerError(ServerError):
    status = 500


class ServiceUnavailableError(ServerError):
    status = 503


class StoreUnavailableError(ServerError):
    """The database is unavailable to everyone; nothing was written.

    Args:
        reason: what is wrong, for the person at the terminal; callers are not told.
    """

    status = 503
    message = "the database is not available; try again"
    usual_reason = "it does not respond"
    retry_after = "1"

    def __init__(self, reason: str = "") -> None:
        super().__init__(
            self.message, **({"Retry_After": self.retry_after} if self.retry_after else {})
        )
        self.reason = reason or self.usual_reason

    def __str__(self) -> str:
        return f"the database cannot be used: {self.reason}"


class StoreFullError(StoreUnavailableError):
    """The database has no space left; nothing was written."""

    message = "the database has no space left, so nothing was written; try again"
    usual_reason = "its disk is full"
    retry_after = "10"


class StoreDamagedError(StoreUnavailableError):
    """The database is damaged. No Retry-After: it takes a person to repair it."""

    message = "the database is damaged"
    usual_reason = "it is damaged; restore it from a copy"
    retry_after = ""


class UnknownOutcomeError(StoreUnavailableError):
    """A commit ended in the middle. No Retry-After: a blind repetition might do it twice."""

    message = "the database went away during this request, which may have been done or not"
    retry_after = ""

    def __str__(self) -> str:
        return f"{super().__str__()}; what was written last may be there or not"
