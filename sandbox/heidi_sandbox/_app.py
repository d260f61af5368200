"""The sandbox as an ASGI application: who may ask, what is refused, and what is sent and logged."""

import hmac
import logging
import traceback
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Final

import heidi_spec

from heidi_sandbox._answer import Answer
from heidi_sandbox._asgi import App, Receive, Scope, Send
from heidi_sandbox._cursor import Cursors
from heidi_sandbox._document import Document, PathItem, read_document
from heidi_sandbox._errors import (
    ApiError,
    AuthenticationError,
    InternalServerError,
    MethodNotAllowedError,
    PathNotFoundError,
)
from heidi_sandbox._json import dump
from heidi_sandbox._operations import Call, Operations
from heidi_sandbox._request import DisconnectedError, header, read_body
from heidi_sandbox._store import Store
from heidi_sandbox._tokens import Caller, InvalidTokenError, Tokens

HEALTH_PATH: Final = b"/healthz"

_HEALTHY: Final = Answer(HTTPStatus.OK, dump({"status": "ok"}))
_ANONYMOUS: Final = Caller(user="", linked=False)

_log = logging.getLogger("heidi_sandbox")
_access_log = logging.getLogger("heidi_sandbox.access")


def create_app(store: Store, *, secret: bytes, api_key: str, token_lifetime: int) -> App:
    """Return the sandbox as an ASGI application, answering below the path of the document's server.

    Args:
        store: where sessions are kept; it stays open until the caller closes it.
        secret: what tokens, cursors and the names of users are made from; it belongs to the store.
        api_key: what `/jwt` wants to see.
        token_lifetime: seconds until a token expires.
    """
    tokens = Tokens(secret, token_lifetime)
    operations = Operations(store, tokens, Cursors(secret))
    return _Application(load_document(), operations, tokens, api_key)


def load_document() -> Document:
    """Return the strict document, with the token operation of the client document."""
    return read_document(heidi_spec.load("strict"), heidi_spec.load("client"))


class _Application:
    def __init__(
        self, document: Document, operations: Operations, tokens: Tokens, api_key: str
    ) -> None:
        self._document = document
        self._tokens = tokens
        self._api_key = api_key.encode()
        self._authenticators: dict[str, Callable[[Scope], Caller]] = {
            "bearerAuth": self._read_token,
            "heidiApiKey": self._check_api_key,
        }
        self._handlers = operations.handlers
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
        if header(scope, b"transfer-encoding") and header(scope, b"content-length"):
            # RFC 9112, 6.3: whoever wrote both may see another end of the body than we do.
            answer = answer._replace(headers={**answer.headers, "connection": "close"})
        await _send(answer, send)

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
        operation = item.operations.get(scope["method"])
        if operation is None:
            raise MethodNotAllowedError("the path has no such method", Allow=item.allow)
        query = operation.read_query(scope["query_string"])
        body = await read_body(scope, receive, operation.body) if operation.body else {}
        call = Call(caller, path_values, query, body)
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


async def _send(answer: Answer, send: Send) -> None:
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


def _internal_error() -> Answer:
    return InternalServerError("the sandbox failed; its log says where").answer()


def _place(error: Exception) -> str:
    """Return where an error was raised, without its message: that may quote what a caller sent."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{frame.filename}:{frame.lineno}"
