"""The sandbox as an ASGI application: who may ask, what is refused, and what is sent and logged."""

import hmac
import logging
import time
import traceback
from collections.abc import Callable, Mapping
from functools import cache
from http import HTTPStatus
from typing import Final

import heidi_spec

from heidi_sandbox._answer import Answer
from heidi_sandbox._asgi import App, Receive, Scope, Send
from heidi_sandbox._cursor import Cursors
from heidi_sandbox._deadlines import Deadlines
from heidi_sandbox._document import Document, PathItem, read_document
from heidi_sandbox._errors import (
    ApiError,
    AuthenticationError,
    InternalServerError,
    MalformedRequestError,
    MethodNotAllowedError,
    PathNotFoundError,
    ServerError,
)
from heidi_sandbox._limits import Limits
from heidi_sandbox._operations import Call, Operations
from heidi_sandbox._request import Request
from heidi_sandbox._rules import Operation
from heidi_sandbox._site import Site
from heidi_sandbox._store import Store
from heidi_sandbox._tokens import Caller, InvalidTokenError, Tokens

_ANONYMOUS: Final = Caller(user="", linked=False)

_log = logging.getLogger("heidi_sandbox")
_access_log = logging.getLogger("heidi_sandbox.access")


def create_app(
    store: Store,
    *,
    secret: bytes,
    api_key: str,
    token_lifetime: int,
    url: str = "",
    deadlines: Deadlines | None = None,
) -> App:
    """Return the sandbox as an ASGI application, answering below the path of the document's server.

    Args:
        store: where sessions are kept; it stays open until the caller closes it.
        secret: what tokens, cursors and the names of users are made from; it belongs to the store.
        api_key: what `/jwt` wants to see.
        token_lifetime: seconds until a token expires.
        url: the base URL that the reference page shows.
        deadlines: until when bodies must be here; by default 60 seconds after their headers.
    """
    tokens = Tokens(secret, token_lifetime)
    document = load_document()
    return _Application(
        document=document,
        site=Site(store, heidi_spec.load("strict"), heidi_spec.load("client"), url),
        operations=Operations(store, tokens, Cursors(secret)),
        tokens=tokens,
        api_key=api_key,
        deadlines=deadlines or Deadlines(Limits().body_time),
    )


@cache
def load_document() -> Document:
    """Return the strict document, with the token operation of the client document."""
    return read_document(heidi_spec.load("strict"), heidi_spec.load("client"))


class _Application:
    def __init__(
        self,
        *,
        document: Document,
        site: Site,
        operations: Operations,
        tokens: Tokens,
        api_key: str,
        deadlines: Deadlines,
    ) -> None:
        self._document = document
        self._site = site
        self._tokens = tokens
        self._api_key = api_key.encode()
        self._deadlines = deadlines
        self._authenticators: dict[str, Callable[[Request], Caller]] = {
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
        begun = time.perf_counter()
        request = Request(scope, receive)
        name, answer = await self._answer(request)
        if request.has(b"transfer-encoding") and request.has(b"content-length"):
            # RFC 9112, 6.3: whoever wrote both may see another end of the body than we do.
            answer = answer._replace(headers={**answer.headers, "connection": "close"})
        milliseconds = (time.perf_counter() - begun) * 1000
        _access_log.info("%s %d %.1f ms", name, answer.status, milliseconds)
        await request.finish(self._deadlines)
        await answer.send(send)

    async def _answer(self, request: Request) -> tuple[str, Answer]:
        """Return what is logged as the operation, and the answer."""
        if not request.has_one_host:
            error = MalformedRequestError("the request names no host, or two", Connection="close")
            return "no host", error.answer()
        page = self._site.pages.get(request.path)
        if page is not None:
            return request.path.decode(), await page(request.method)
        found = self._document.find(request.path)
        if found is None:
            return "unknown path", PathNotFoundError("no such path").answer()
        item, path_values = found
        name = item.name(request.method)
        operation = item.operations.get(request.method, item.any_operation)
        return name, await self._answer_operation(request, name, operation, item, path_values)

    async def _answer_operation(
        self,
        request: Request,
        name: str,
        operation: Operation,
        item: PathItem,
        path_values: Mapping[str, str],
    ) -> Answer:
        try:
            answer = await self._serve(request, item, path_values)
        except ServerError as error:  # a store that fails has said so itself, and not each time
            return error.answer()
        except ApiError as error:
            answer = error.answer()
        except Exception as error:  # noqa: BLE001  # no bug may show its values to a caller or in a log
            _log.error("%s: %s at %s", name, type(error).__name__, _place(error))
            return _internal_error()
        violation = operation.violation(answer)
        if violation is not None:
            _log.error("%s: the answer breaks the document: %s", name, violation)
            return _internal_error()
        return answer

    async def _serve(
        self, request: Request, item: PathItem, path_values: Mapping[str, str]
    ) -> Answer:
        caller = self._authenticators[item.any_operation.scheme](request)
        operation = item.operations.get(request.method)
        if operation is None:
            raise MethodNotAllowedError("the path has no such method", Allow=item.allow)
        query = operation.read_query(request.query)
        body = await request.body(operation.body, self._deadlines) if operation.body else {}
        call = Call(caller, path_values, query, body)
        return Answer(HTTPStatus.OK, await self._handlers[operation.id](call))

    def _read_token(self, request: Request) -> Caller:
        scheme, _, token = (request.header(b"authorization") or "").partition(" ")
        if scheme.lower() != "bearer":
            raise AuthenticationError("a bearer token is missing", WWW_Authenticate="Bearer")
        try:
            return self._tokens.read(token.lstrip(" "))
        except InvalidTokenError:
            raise AuthenticationError(
                "the token is wrong or has expired", WWW_Authenticate="Bearer"
            ) from None

    def _check_api_key(self, request: Request) -> Caller:
        name = self._document.key_header
        given = (request.header(name.lower().encode()) or "").encode()
        if not hmac.compare_digest(given, self._api_key):
            raise AuthenticationError(f"{name}: the key is missing or wrong", WWW_Authenticate=name)
        return _ANONYMOUS


def _internal_error() -> Answer:
    return InternalServerError("the sandbox failed; its log says where").answer()


def _place(error: Exception) -> str:
    """Return where an error was raised, without its message: that may quote what a caller sent."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{frame.filename}:{frame.lineno}"
