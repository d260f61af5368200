"""The requests of the collections: every operation and its main errors, in an order that runs."""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

BASE_URL: Final = "http://127.0.0.1:8080/api/v2/ml-scribe/open-api"
"""Where `make sandbox` serves."""

VARIABLES: Final = MappingProxyType(
    {
        "baseUrl": BASE_URL,
        "email": "clinician@example.com",
        "unlinkedEmail": "clinician%2Bunlinked@example.com",
        "thirdPartyInternalId": "1",
    }
)
"""What a request may name in double braces, besides `apiKey` and what another request kept."""

BEARER: Final = MappingProxyType({"Authorization": "Bearer {{token}}"})
JSON: Final = BEARER | {"Content-Type": "application/json"}
NONE: Final[Mapping[str, str]] = MappingProxyType({})


class Request(NamedTuple):
    """One request, and what the sandbox answers.

    `sample` names the sample of the document that is the body, where `body` is not the body
    itself. `error` is the type of the error, where it is decided. `keeps` maps variables to the
    members of the answer that give them their value.
    """

    folder: str
    name: str
    operation: str
    method: str
    path: str
    status: int = 200
    headers: Mapping[str, str] = BEARER
    query: Mapping[str, str] = NONE
    sample: str | None = None
    body: str | None = None
    error: str | None = None
    keeps: Mapping[str, str] = NONE


def _token(name: str, variable: str, email: str, **rest: Any) -> Request:
    return Request(
        rest.pop("folder", "Authentication"),
        name,
        "issueToken",
        "GET",
        "/jwt",
        headers={"Heidi-Api-Key": rest.pop("key", "{{apiKey}}")},
        query={"email": email, "third_party_internal_id": "{{thirdPartyInternalId}}"},
        keeps={variable: "token"} if variable else {},
        **rest,
    )


def _create(folder: str, name: str, **rest: Any) -> Request:
    return Request(folder, name, "createSession", "POST", "/sessions", **rest)


def _get(folder: str, name: str, session: str = "{{sessionId}}", **rest: Any) -> Request:
    return Request(folder, name, "getSession", "GET", f"/sessions/{session}", **rest)


def _update(folder: str, name: str, session: str = "{{sessionId}}", **rest: Any) -> Request:
    path = f"/sessions/{session}"
    return Request(folder, name, "updateSession", "PATCH", path, headers=JSON, **rest)


def _list(folder: str, name: str, **rest: Any) -> Request:
    path = "/sessions/linked-user"
    return Request(folder, name, "listLinkedUserSessions", "GET", path, **rest)


SESSIONS: Final = "Sessions"
ERRORS: Final = "Errors"
NOBODY: Final = "1"
"""The id of no session: an id is random, and this one is as likely as any other of 2^128."""

REQUESTS: Final = (
    _token("Issue a token", "token", "{{email}}"),
    _token("Issue a token to a user without a link", "unlinkedToken", "{{unlinkedEmail}}"),
    _create(
        SESSIONS,
        "Create a session",
        headers=JSON,
        sample="createSession.request",
        keeps={"sessionId": "session_id"},
    ),
    _create(SESSIONS, "Create a session without a body"),
    _get(SESSIONS, "Get the session"),
    _update(SESSIONS, "Update the session", sample="updateSession.request"),
    _list(SESSIONS, "List sessions"),
    _list(
        SESSIONS,
        "List sessions, first page",
        query={"page_size": "1"},
        keeps={"nextPage": "next_page"},
    ),
    _list(SESSIONS, "List sessions, next page", query={"page_size": "1", "page": "{{nextPage}}"}),
    _token(
        "Token: wrong key",
        "",
        "{{email}}",
        folder=ERRORS,
        key="wrong",
        status=401,
        error="AuthenticationError",
    ),
    _get(ERRORS, "Get: no token", headers=NONE, status=401, error="AuthenticationError"),
    _get(ERRORS, "Get: no such session", NOBODY, status=404, error="SessionNotFoundError"),
    _update(
        ERRORS,
        "Update: no such session",
        NOBODY,
        body='{"duration": 60}',
        status=404,
        error="SessionNotFoundError",
    ),
    _update(ERRORS, "Update: broken JSON", body='{"duration": ', status=400),
    _update(ERRORS, "Update: a number as text", body='{"duration": "60"}', status=422),
    _create(
        ERRORS,
        "Create: not application/json",
        headers=BEARER | {"Content-Type": "text/plain"},
        body="EHR1234",
        status=415,
    ),
    _list(ERRORS, "List: page_size out of bounds", query={"page_size": "0"}, status=422),
    _list(
        ERRORS,
        "List: no linked user",
        headers={"Authorization": "Bearer {{unlinkedToken}}"},
        status=403,
        error="NoLinkedUserException",
    ),
    Request(ERRORS, "Session: no such method", "getSession", "DELETE", "/sessions/1", status=405),
)


def body_of(request: Request, document: Mapping[str, Any]) -> str | None:
    """Return the text of a body, from the document where it is one of its samples."""
    if request.sample is None:
        return request.body
    return json.dumps(document["components"]["examples"][request.sample]["value"], indent=2)
