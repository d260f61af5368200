"""The Heidi Sessions API: create, read, update and list the consultations of a Heidi user.

from heidi_sessions import Heidi

with Heidi() as client:
    for session in client.sessions.list():
        print(session.session_id)
"""

from __future__ import annotations

from heidi_generated.document import Region
from heidi_generated.models import (
    ConsultNote,
    ErrorDetail,
    Gender,
    Patient,
    PatientUpdate,
    Session,
    SessionCreated,
)
from heidi_generated.types import UNSET, Unset

from ._answers import RawResponse
from ._client import AsyncHeidi, Heidi
from ._errors import (
    APIConnectionError,
    APIResponseError,
    APIStatusError,
    APITimeoutError,
    AuthenticationError,
    BadRequestError,
    ClosedClientError,
    ConfigurationError,
    HeidiError,
    NoLinkedUserError,
    NotFoundError,
    PaginationError,
    PermissionDeniedError,
    RateLimitError,
    ServerError,
    SessionNotFoundError,
    TokenError,
    ValidationError,
)
from ._fields import PatientFields
from ._pages import Page
from ._sessions import AsyncSessionList, SessionList
from ._version import __version__

__all__ = [
    "UNSET",
    "APIConnectionError",
    "APIResponseError",
    "APIStatusError",
    "APITimeoutError",
    "AsyncHeidi",
    "AsyncSessionList",
    "AuthenticationError",
    "BadRequestError",
    "ClosedClientError",
    "ConfigurationError",
    "ConsultNote",
    "ErrorDetail",
    "Gender",
    "Heidi",
    "HeidiError",
    "NoLinkedUserError",
    "NotFoundError",
    "Page",
    "PaginationError",
    "Patient",
    "PatientFields",
    "PatientUpdate",
    "PermissionDeniedError",
    "RateLimitError",
    "RawResponse",
    "Region",
    "ServerError",
    "Session",
    "SessionCreated",
    "SessionList",
    "SessionNotFoundError",
    "TokenError",
    "Unset",
    "ValidationError",
    "__version__",
]
