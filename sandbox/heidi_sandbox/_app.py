"""The sandbox as an ASGI application: authentication, errors, responses and logs."""

import hmac
import logging
import time
import traceback
from collections.abc import Mapping
from typing import Any, Final

from heidi_sandbox._asgi import App, Receive, Response, Scope, Send
from heidi_sandbox._document import Document, Operation, PathItem, load_document, read_document
from heidi_sandbox._errors import (
    ApiError,
    AuthenticationError,
    InternalServerError,
    InvalidResourceError,
    MalformedRequestError,
    MethodNotAllowedError,
    PathNotFoundError,
    ServerError,
)
from heidi_sandbox._limits import Deadlines, Limits
from heidi_sandbox._request import Request
from heidi_sandbox._site import Site
from heidi_sandbox._store import Store
from heidi_sandbox._tokens import Caller, Cursors, InvalidTokenError, Tokens
from heidi_sandbox._verbs import Call, Collections, Verbs

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
    root: dict[str, Any] | None = None,
) -> App:
    """Return the sandbox as an ASGI application, below the path of the document's server.

    Args:
        store: where resources are kept; it stays open until the caller closes it.
        secret: what tokens, cursors and the names of users are made from; it belongs to the store.
        api_key: what the issue of a token asks for.
        token_lifetime: seconds until a token expires.
        url: the base URL, for the reference page and for headers that lead to a resource.
        root: the document to serve; by default the strict one of this distribution.
        deadlines: until when bodies must be here; by default 60 seconds after their headers.

    Raises:
        CannotServeError: the document says something that the sandbox does not know how to serve.
    """
    document = load_document() if root is None else read_document(root)
    tokens = Tokens(secret, token_lifetime)
    verbs = Verbs(document, Collections(document, store), tokens, Cursors(secret), url)
    return _Application(
        document,
        Site(store, document, url),
        verbs,
        tokens,
        api_key=api_key,
        deadlines=deadlines or Deadlines(Limits().body_time),
    )


class _Application:
    def __init__(
        self,
        document: Document,
        site: Site,
        verbs: Verbs,
        tokens: Tokens,
        *,
        api_key: str,
        deadlines: Deadlines,
    ) -> None:
        self._document, self._site, self._tokens = document, site, tokens
        self._handlers = verbs.handlers
        self._token_schemes = {one.semantics["scheme"] for one in document.of("issue")}
        self._api_key = api_key.encode()
        self._deadlines = deadlines

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise NotImplementedError(f"the sandbox does not support {scope['type']}")
        begun = time.perf_counter()
        request = Request(scope, receive)
        name, response = await self._respond(request)
        if request.has(b"transfer-encoding") and request.has(b"content-length"):
            # RFC 9112, 6.3: whoever wrote both may see another end of the body than we do.
            response = response._replace(headers={**response.headers, "connection": "close"})
        milliseconds = (time.perf_counter() - begun) * 1000
        _access_log.info("%s %d %.1f ms", name, response.status, milliseconds)
        await request.finish(self._deadlines)
        await response.send(send)

    async def _respond(self, request: Request) -> tuple[str, Response]:
        """Return what is logged as the operation, and the response."""
        refuse = self._document.refuse
        if not request.has_one_host:
            error = MalformedRequestError("the request names no host, or two", Connection="close")
            return "no host", refuse(error)
        if request.path in self._site.pages:
            page = await self._site.respond(request.path, request.method)
            return request.path.decode(), page
        found = self._document.find(request.path)
        if found is None:
            return "unknown path", refuse(PathNotFoundError("no such path"))
        item, path = found
        name = item.name(request.method)
        return name, await self._respond_on_path(request, name, item, path)

    async def _respond_on_path(
        self, request: Request, name: str, item: PathItem, path: Mapping[str, str]
    ) -> Response:
        operation = item.operations.get(request.method)
        try:
            response = await self._serve(request, item, operation, path)
        except ApiError as error:
            response = self._document.refuse(error, operation or item.any_operation)
            violation = (operation or item.any_operation).violation(response)
            if isinstance(error, ServerError):  # a store that fails has said so, and not each time
                return response
        except InvalidResourceError as error:
            response, violation = self._internal_error(), str(error)
        except Exception as error:  # noqa: BLE001  # no bug may show its values to a caller or in a log
            _log.error("%s: %s at %s", name, type(error).__name__, _place(error))
            return self._internal_error()
        else:
            return response
        if violation is None:
            return response
        _log.error("%s: the response breaks the document: %s", name, violation)
        return self._internal_error()

    async def _serve(
        self,
        request: Request,
        item: PathItem,
        operation: Operation | None,
        path: Mapping[str, str],
    ) -> Response:
        caller = self._authenticate(request, operation or item.any_operation)
        if operation is None:
            raise MethodNotAllowedError(Allow=item.allow)
        values = operation.read(path, request.query, request.header)
        body = await request.body(operation.body, self._deadlines) if operation.body else {}
        return await self._handlers[operation.id](Call(caller, path, values, body))

    def _authenticate(self, request: Request, operation: Operation) -> Caller:
        caller = _ANONYMOUS
        for scheme in operation.schemes:
            given = request.header(scheme.header_name) or ""
            if scheme.word:
                word, _, given = given.partition(" ")
                given = given.lstrip(" ") if word.lower() == scheme.word else ""
            if scheme.name in self._token_schemes:
                try:
                    caller = self._tokens.read(given)
                except InvalidTokenError:
                    raise AuthenticationError(WWW_Authenticate=scheme.challenge) from None
            elif not hmac.compare_digest(given.encode(), self._api_key):
                raise AuthenticationError(WWW_Authenticate=scheme.challenge)
        return caller

    def _internal_error(self) -> Response:
        return self._document.refuse(InternalServerError("the sandbox failed; its log says where"))


def _place(error: Exception) -> str:
    """Return where an error was raised, without its message: that may quote what a caller sent."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{frame.filename}:{frame.lineno}"
