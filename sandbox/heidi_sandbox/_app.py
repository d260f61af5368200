"""The sandbox as an ASGI application."""

import hmac
import logging
import secrets
import traceback
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any, Final, NamedTuple

import heidi_spec

from heidi_sandbox._answer import Answer
from heidi_sandbox._asgi import App, Receive, Scope, Send
from heidi_sandbox._cursor import Cursors, InvalidCursorError
from heidi_sandbox._document import Document, Operation, PathItem, read_document
from heidi_sandbox._errors import (
    ApiError,
    AuthenticationError,
    InternalServerError,
    InvalidRequestError,
    MethodNotAllowedError,
    NoLinkedUserError,
    PathNotFoundError,
    SessionNotFoundError,
)
from heidi_sandbox._json import dump, parse
from heidi_sandbox._request import DisconnectedError, header, read_body
from heidi_sandbox._sessions import new_session, now, updated
from heidi_sandbox._store import Store
from heidi_sandbox._tokens import Caller, InvalidTokenError, Tokens

HEALTH_PATH: Final = b"/healthz"

_ID_BITS: Final = 128
_HEALTHY: Final = Answer(HTTPStatus.OK, dump({"status": "ok"}))
_ANONYMOUS: Final = Caller(user="", linked=False)

_log = logging.getLogger("heidi_sandbox")
_access_log = logging.getLogger("heidi_sandbox.access")


def create_app(store: Store, *, tokens: Tokens, cursors: Cursors, api_key: str) -> App:
    """Return the sandbox as an ASGI application, answering below the path of the document's server.

    Args:
        store: where sessions are kept; it stays open until the caller closes it.
        tokens: issues and reads the tokens of callers.
        cursors: writes and reads the pages of lists.
        api_key: what `/jwt` wants to see.
    """
    return _Application(load_document(), store, tokens, cursors, api_key)


def load_document() -> Document:
    """Return the strict document, with the token operation of the client document."""
    return read_document(heidi_spec.load("strict"), heidi_spec.load("client"))


class _Call(NamedTuple):
    caller: Caller
    path: Mapping[str, str]
    query: Mapping[str, Any]
    body: Mapping[str, Any]


class _Application:
    def __init__(
        self, document: Document, store: Store, tokens: Tokens, cursors: Cursors, api_key: str
    ) -> None:
        self._document = document
        self._store = store
        self._tokens = tokens
        self._cursors = cursors
        self._api_key = api_key.encode()
        self._authenticators: dict[str, Callable[[Scope], Caller]] = {
            "bearerAuth": self._read_token,
            "heidiApiKey": self._check_api_key,
        }
        self._handlers: dict[str, Callable[[_Call], Awaitable[bytes]]] = {
            "createSession": self._create_session,
            "getSession": self._get_session,
            "issueToken": self._issue_token,
            "listLinkedUserSessions": self._list_linked_user_sessions,
            "updateSession": self._update_session,
        }
        unknown = {operation.id for operation in document.operations} ^ self._handlers.keys()
        if unknown:
            raise NotImplementedError(f"document and sandbox differ in {sorted(unknown)}")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise NotImplementedError(f"the sandbox does not speak {scope['type']}")
        try:
            operation_id, answer = await self._answer(scope, receive)
        except DisconnectedError:
            return
        _access_log.info("%s %d", operation_id, answer.status)
        headers = {
            "content-type": "application/json",
            "content-length": str(len(answer.body)),
            "cache-control": "no-store",
            **answer.headers,
        }
        await send(
            {
                "type": "http.response.start",
                "status": answer.status,
                "headers": [(name.encode(), text.encode()) for name, text in headers.items()],
            }
        )
        await send({"type": "http.response.body", "body": answer.body})

    async def _answer(self, scope: Scope, receive: Receive) -> tuple[str, Answer]:
        """Return what is logged as the operation, and the answer."""
        path: bytes = scope["raw_path"]
        if path == HEALTH_PATH:
            return "health", _HEALTHY
        found = self._document.find(path)
        if found is None:
            return "unknown path", PathNotFoundError("no such path").answer()
        item, path_values = found
        operation = item.operations.get(scope["method"], item.any_operation)
        try:
            answer = await self._serve(scope, receive, item, path_values)
        except ApiError as error:
            answer = error.answer()
        except DisconnectedError:
            raise
        except Exception as error:  # noqa: BLE001  # no bug may show its values to a caller or in a log
            _log.error("%s: %s at %s", operation.id, type(error).__name__, _place(error))
            return operation.id, _internal_error()
        violation = operation.violation(answer)
        if violation is not None:
            _log.error("%s: the answer breaks the document: %s", operation.id, violation)
            return operation.id, _internal_error()
        return operation.id, answer

    async def _serve(
        self, scope: Scope, receive: Receive, item: PathItem, path_values: Mapping[str, str]
    ) -> Answer:
        caller = self._authenticators[item.any_operation.scheme](scope)
        operation: Operation | None = item.operations.get(scope["method"])
        if operation is None:
            raise MethodNotAllowedError("the path has no such method", Allow=item.allow)
        query = operation.read_query(scope["query_string"])
        body = await read_body(scope, receive, operation.body) if operation.body else {}
        call = _Call(caller, path_values, query, body)
        return Answer(HTTPStatus.OK, await self._handlers[operation.id](call))

    def _read_token(self, scope: Scope) -> Caller:
        scheme, _, token = (header(scope, b"authorization") or "").partition(" ")
        if scheme.lower() != "bearer":
            raise AuthenticationError("a bearer token is missing", WWW_Authenticate="Bearer")
        try:
            return self._tokens.read(token.lstrip(" "))
        except InvalidTokenError:
            raise AuthenticationError(
                "the token is wrong or has expired", WWW_Authenticate="Bearer"
            ) from None

    def _check_api_key(self, scope: Scope) -> Caller:
        given = (header(scope, b"heidi-api-key") or "").encode()
        if not hmac.compare_digest(given, self._api_key):
            raise AuthenticationError(
                "Heidi-Api-Key: the key is missing or wrong", WWW_Authenticate="Heidi-Api-Key"
            )
        return _ANONYMOUS

    async def _issue_token(self, call: _Call) -> bytes:
        issued = self._tokens.issue(call.query["email"], call.query["third_party_internal_id"])
        expires = issued.expires.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return dump({"token": issued.token, "expiration_time": expires})

    async def _create_session(self, call: _Call) -> bytes:
        session_id = str(secrets.randbits(_ID_BITS))
        await self._store.create(
            call.caller.user,
            session_id,
            lambda number: dump(new_session(session_id, number, now(), call.body)),
        )
        return dump({"session_id": session_id})

    async def _get_session(self, call: _Call) -> bytes:
        return _envelope(await self._store.get(call.caller.user, call.path["session_id"]))

    async def _update_session(self, call: _Call) -> bytes:
        if not call.body:  # nothing that we know was sent, so nothing changes
            return await self._get_session(call)
        return _envelope(
            await self._store.update(
                call.caller.user,
                call.path["session_id"],
                lambda document: dump(updated(parse(document), call.body, now())),
            )
        )

    async def _list_linked_user_sessions(self, call: _Call) -> bytes:
        user, linked = call.caller
        if not linked:
            raise NoLinkedUserError("error: no linked user")
        try:
            cursor = call.query["page"]
            below = None if cursor is None else self._cursors.read(user, cursor)
        except InvalidCursorError:
            raise InvalidRequestError("page: the value is no next_page of this user") from None
        page = await self._store.page(user, below, call.query["page_size"])
        next_page = None if page.next is None else self._cursors.write(user, page.next)
        rest = {
            "count": len(page.documents),
            "total_count": page.total,
            "next_page": next_page,
            "has_next_page": next_page is not None,
        }
        return b'{"sessions":[%b],%b' % (b",".join(page.documents), dump(rest)[1:])


def _envelope(document: bytes | None) -> bytes:
    if document is None:
        raise SessionNotFoundError("Session not found")
    return b'{"session":%b}' % document


def _internal_error() -> Answer:
    return InternalServerError("the sandbox failed; its log says where").answer()


def _place(error: Exception) -> str:
    """Return where an error was raised, without its message: that may quote what a caller sent."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{frame.filename}:{frame.lineno}"
