"""What a request can do wrong, and what the sandbox answers to it.

ApiError
├── MalformedRequest       400  the body is not JSON
├── Unauthenticated        401  no token or key, or one that is wrong or expired
├── NoLinkedUser           403  no Heidi user is linked to the API user
├── PathNotFound           404  no such path
├── SessionNotFound        404  no such session of this user
├── MethodNotAllowed       405  the path has no such method
├── ContentTooLarge        413  the body has more than 1 MiB
├── UnsupportedMediaType   415  the body is not application/json
├── InvalidRequest         422  well-formed, and not what the operation takes
└── InternalError          500  a bug of ours

CannotServe: the server cannot start; its text is one line for the person at the terminal.
"""

from typing import ClassVar

from heidi_sandbox._answer import Answer
from heidi_sandbox._json import dump


class CannotServe(Exception):
    """The server cannot start. The text says what is wrong and how to mend it, in one line."""


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


class MalformedRequest(ApiError):
    status = 400
    type = "MalformedRequestError"


class Unauthenticated(ApiError):
    status = 401
    type = "AuthenticationError"


class NoLinkedUser(ApiError):
    status = 403
    type = "NoLinkedUserException"


class PathNotFound(ApiError):
    status = 404
    type = "PathNotFoundError"


class SessionNotFound(ApiError):
    status = 404
    type = "SessionNotFoundError"


class MethodNotAllowed(ApiError):
    status = 405
    type = "MethodNotAllowedError"


class ContentTooLarge(ApiError):
    status = 413
    type = "ContentTooLargeError"


class UnsupportedMediaType(ApiError):
    status = 415
    type = "UnsupportedMediaTypeError"


class InvalidRequest(ApiError):
    status = 422
    type = "InvalidRequestError"


class InternalError(ApiError):
    status = 500
    type = "InternalServerError"
