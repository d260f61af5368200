"""What operations do: create, read, update, list, delete, act and issue, for any resource."""

import asyncio
import contextlib
import json
import re
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import chain
from typing import Any, Final, NamedTuple, TypeAlias
from urllib.parse import quote

from heidi_sandbox._asgi import Response
from heidi_sandbox._document import Document, Operation
from heidi_sandbox._errors import (
    CannotServeError,
    ContentTooLargeError,
    DuplicateIdError,
    InvalidRequestError,
    NotFoundError,
    UnlinkedError,
)
from heidi_sandbox._json import dump
from heidi_sandbox._request import LARGEST_BODY
from heidi_sandbox._resources import Resource, instants, resources_of
from heidi_sandbox._schemas import Seeded, put, split
from heidi_sandbox._store import Store
from heidi_sandbox._tokens import Caller, Cursors, InvalidCursorError, Tokens

# Bytes. Every body fits into a new resource, and a page of a hundred into memory.
LARGEST_RESOURCE: Final = 2 * LARGEST_BODY
_LARGEST_PAGE: Final = 10_000  # resources, where the document sets no bound
_USUAL_PAGE: Final = 100
_LARGEST_NUMBER: Final = 2**63 - 1
_ATTEMPTS: Final = 10  # at an id that nobody has
_PARAMETER: Final = re.compile(r"\{([^{}]+)\}")


class Call(NamedTuple):
    """A request that the document takes: who asks, and the values of its parts."""

    caller: Caller
    path: Mapping[str, str]
    values: Mapping[str, Any]
    body: Mapping[str, Any]


Handler: TypeAlias = Callable[[Call], Awaitable[Response]]


class Template:
    """The success response of an operation, with a gap at each of some pointers.

    Args:
        document: the strict document.
        operation: the operation; what its example says beside the gaps, each response says.
        gaps: pointers by name, each with a value that shows that the response is then valid.
        location: the URL of the resource, with its path parameters in braces, for a response that
            declares this header; empty where nothing reads the resource.

    Raises:
        CannotServeError: the response would not be valid.
    """

    def __init__(
        self,
        document: Document,
        operation: Operation,
        gaps: Mapping[str, tuple[str, bytes]],
        location: str = "",
    ) -> None:
        success = operation.success
        self._status, self._media_type = success.status, success.media_type
        self._headers = success.headers
        self._location = location if "location" in success.headers else ""
        self._gaps: list[str] = []
        value = success.example
        if success.validator is None:  # not JSON
            self._pieces = [b"" if value is None else str(value).encode()]
            return
        if value is None:
            value = document.returned.smallest(success.schema)
        marks = {secrets.token_hex(16): name for name in gaps}
        for mark, name in marks.items():
            value = put(value, split(gaps[name][0]), mark)
        # Every other piece is a mark, which is between its quotation marks.
        pieces = re.split(f'"({"|".join(marks) or "$"})"', dump(value).decode())
        self._pieces = [piece.encode() for piece in pieces[::2]]
        self._gaps = [marks[mark] for mark in pieces[1::2]]
        sample = self.fill({name: one for name, (_, one) in gaps.items()})
        violation = success.violation(sample.body)
        if violation is not None:
            raise CannotServeError(
                f"{operation.id}: its response would not be valid: {violation}; give it an example"
            )

    def fill(self, values: Mapping[str, bytes], path: Mapping[str, str] = {}) -> Response:
        """Return the response with a JSON text in each gap; a path leads to its resource."""
        headers = self._headers
        if self._location and path:
            location = _PARAMETER.sub(lambda name: quote(path[name[1]], ""), self._location)
            headers = {**headers, "location": location}
        return Response(self._status, b"".join(self._filled(values)), headers, self._media_type)

    def fill_large(self, values: Mapping[str, bytes], items: Sequence[bytes]) -> Response:
        """Return the response with many items, as pieces that are not joined."""
        pieces = self._filled({**values, "items": b""})
        at = 2 * self._gaps.index("items") + 1
        pieces[at : at + 1] = items
        return Response(self._status, b"", self._headers, self._media_type, pieces)

    def _filled(self, values: Mapping[str, bytes]) -> list[bytes]:
        pieces = [self._pieces[0]]
        for name, piece in zip(self._gaps, self._pieces[1:], strict=True):
            pieces.append(values[name])
            pieces.append(piece)
        return pieces


class Collections:
    """Where the resources of each user are kept.

    A database knows collections by name. Those of its first resource are named after the user
    alone, because the first version had no other resource. Resources are completed when they are
    read, unless all of them were written under the schemas of this document.
    """

    def __init__(self, document: Document, store: Store) -> None:
        self.store = store
        self.resources = resources_of(document)
        self._first = ""
        self._is_current = False
        self._is_open = False
        self._opening = asyncio.Lock()

    async def open(self) -> None:
        """Look up, once, what the database was first used with; before, nothing is kept in it."""
        async with self._opening:  # the first requests may come together
            if self._is_open:
                return
            first = next(iter(self.resources), "")
            schemas = "".join(one.fingerprint() for one in self.resources.values()).encode()
            kept = await self.store.setting("first_resource", first.encode())
            self._first = kept.decode()
            self._is_current = schemas == await self.store.setting("schemas", schemas)
            self._is_open = True

    def name(self, user: str, resource: str, within: Sequence[str] = ()) -> str:
        """Return the name of a collection: the resources of a user, or of one within others."""
        if resource == self._first and not within:
            return user
        return "/".join((user, resource, *within))

    def key(self, collection: str) -> str:
        """Return a collection's name without the user: the resource, and what it is within."""
        return collection.partition("/")[2] or self._first

    def current(self, resource: Resource, stored: bytes) -> bytes:
        """Return a stored resource as this document has it."""
        return stored if self._is_current else resource.completed(stored)


class Verbs:
    """The operations of a document on one store.

    Args:
        document: the strict document.
        collections: where resources are kept.
        tokens: what issues them.
        cursors: what writes and reads the tokens of pages.
        url: the base URL of the API, for headers that lead to a resource.
    """

    def __init__(
        self,
        document: Document,
        collections: Collections,
        tokens: Tokens,
        cursors: Cursors,
        url: str = "",
    ) -> None:
        self._document = document
        self._collections = collections
        self._store = collections.store
        self._tokens = tokens
        self._cursors = cursors
        self._url = url
        self._within = {name: document.containers(name) for name in collections.resources}
        bind: dict[str, Callable[[Operation], Handler]] = {
            "create": self._create,
            "read": self._read,
            "update": self._update,
            "delete": self._delete,
            "act": self._act,
            "list": self._list,
            "issue": self._issue,
        }
        self.handlers: dict[str, Handler] = {}
        for operation in document.operations:
            make = bind.get(operation.semantics.get("action", ""), self._example)
            handler = self._owned(operation, make(operation))
            needs_store = operation.resources or "resource" in operation.semantics
            self.handlers[operation.id] = (
                self._opening(operation.id, handler) if needs_store else handler
            )

    def _opening(self, operation_id: str, handler: Handler) -> Handler:
        """Return what opens the collections when the operation is first asked for."""

        async def open_first(call: Call) -> Response:
            await self._collections.open()
            self.handlers[operation_id] = handler
            return await handler(call)

        return open_first

    def _owned(self, operation: Operation, handler: Handler) -> Handler:
        """Refuse an id of another user in the path that the operation itself does not use."""
        own = operation.semantics.get("resource")
        others = {name: one for name, one in operation.resources.items() if one != own}
        if not others:
            return handler

        async def owned(call: Call) -> Response:
            for name, resource in others.items():
                collection = self._collection(resource, call)
                if await self._store.get(collection, call.path[name]) is None:
                    raise NotFoundError
            return await handler(call)

        return owned

    def _collection(self, resource: str, call: Call) -> str:
        within = [call.path[name] for name in self._within.get(resource, ()) if name in call.path]
        return self._collections.name(call.caller.user, resource, within)

    def _resource(self, operation: Operation) -> tuple[Resource, str]:
        """Return the resource of an operation, and the path parameter that names it, if any."""
        name = operation.semantics["resource"]
        return self._collections.resources[name], self._parameter(name)

    def _template(
        self, operation: Operation, words: Sequence[str], values: Mapping[str, Any]
    ) -> Template:
        """Return the response of an operation with a gap at what its semantics say."""
        said = {**operation.semantics, **operation.semantics.get("page", {})}
        gaps = {word: (said[word], dump(values[word])) for word in words if word in said}
        return Template(self._document, operation, gaps, self._location(operation))

    def _location(self, operation: Operation) -> str:
        """Return the URL of an operation's resource; empty without one."""
        resource = operation.semantics.get("resource")
        known = {*_PARAMETER.findall(operation.template), self._parameter(resource)}
        shown = operation.success.headers.get("location", "")
        start = self._url if shown.startswith(("http:", "https:")) else self._document.base_path
        for reader in self._document.of("read", resource):
            if known.issuperset(_PARAMETER.findall(reader.template)):
                return start + reader.template
        return ""

    def _parameter(self, resource: str | None) -> str:
        """Return the path parameter that names a resource, empty where none does."""
        named = (one.resources.items() for one in self._document.operations)
        return next((name for name, one in chain.from_iterable(named) if one == resource), "")

    def _example(self, operation: Operation) -> Handler:
        response = Template(self._document, operation, {}).fill({})

        async def show(_: Call) -> Response:
            return response

        return show

    def _create(self, operation: Operation) -> Handler:
        resource, parameter = self._resource(operation)
        sample = resource.sample
        values = {"result": sample, "id": sample[resource.id]}
        template = self._template(operation, ("id", "result"), values)
        kept = resource.kept(operation.body)

        async def create(call: Call) -> Response:
            collection = self._collection(resource.name, call)
            properties = resource.pick(call.body, kept)
            for _ in range(_ATTEMPTS):
                id_ = resource.new_id()
                texts: list[bytes] = []

                def document(number: int, id_: Any = id_, texts: list[bytes] = texts) -> bytes:
                    value = resource.new(id_, number, _now(), properties)
                    texts.append(_bounded(resource.text(value, properties)))
                    return texts[-1]

                with contextlib.suppress(DuplicateIdError):
                    await self._store.create(collection, str(id_), document, call.caller.identity)
                    path = {**call.path, parameter: str(id_)}
                    return template.fill({"result": texts[-1], "id": dump(id_)}, path)
            raise DuplicateIdError

        return create

    def _read(self, operation: Operation) -> Handler:
        resource, parameter = self._resource(operation)
        template = self._template(operation, ("result",), {"result": resource.sample})

        async def read(call: Call) -> Response:
            collection = self._collection(resource.name, call)
            stored = await self._store.get(collection, call.path[parameter])
            if stored is None:
                raise NotFoundError
            current = self._collections.current(resource, stored)
            return template.fill({"result": current}, call.path)

        return read

    def _update(self, operation: Operation) -> Handler:
        resource, _ = self._resource(operation)
        read = self._read(operation)
        change = self._changing(operation)
        kept = resource.kept(operation.body)

        async def update(call: Call) -> Response:
            properties = resource.pick(call.body, kept)
            # Nothing that the resource has was sent, so nothing changes.
            return await (change(call, properties) if properties else read(call))

        return update

    def _changing(
        self, operation: Operation
    ) -> Callable[[Call, Mapping[str, Any]], Awaitable[Response]]:
        resource, parameter = self._resource(operation)
        template = self._template(operation, ("result",), {"result": resource.sample})

        async def change(call: Call, properties: Mapping[str, Any]) -> Response:
            def changed(stored: bytes) -> bytes:
                old = json.loads(self._collections.current(resource, stored).decode())
                new = resource.changed(old, properties, _now())
                return _bounded(resource.text(new, properties))

            collection = self._collection(resource.name, call)
            new = await self._store.update(collection, call.path[parameter], changed)
            if new is None:
                raise NotFoundError
            return template.fill({"result": new}, call.path)

        return change

    def _act(self, operation: Operation) -> Handler:
        if operation.method == "GET":
            return self._read(operation)
        change = self._changing(operation)
        return lambda call: change(call, {})

    def _delete(self, operation: Operation) -> Handler:
        resource, parameter = self._resource(operation)
        template = self._template(operation, ("result",), {"result": resource.sample})

        async def delete(call: Call) -> Response:
            collection = self._collection(resource.name, call)
            last = await self._store.delete(collection, call.path[parameter])
            if last is None:
                raise NotFoundError
            return template.fill({"result": self._collections.current(resource, last)})

        return delete

    def _list(self, operation: Operation) -> Handler:
        resource, _ = self._resource(operation)
        page = operation.semantics["page"]
        sample = {"items": [resource.sample], "count": 1, "total": 1, "more": False, "next": None}
        template = self._template(operation, tuple(sample), sample)
        parameters = {one.name: one for one in operation.parameters}
        token, size = parameters[page["token"]], page["size"]
        is_text = token.validator.is_valid("x")
        is_made = any(self._document.of("create", resource.name))

        async def show(call: Call) -> Response:
            if not call.caller.linked and "unlinked" in operation.semantics:
                raise UnlinkedError(_unlinked_status(operation))
            collection = self._collection(resource.name, call)
            below = self._position(collection, token.name, call.values[token.name])
            wanted = min(max(call.values[size] or _USUAL_PAGE, 1), _LARGEST_PAGE)
            found = await self._store.page(collection, below, wanted)
            if not (is_made or found.total):
                await self._give(resource, collection, call.caller)
                found = await self._store.page(collection, below, wanted)
            items: list[bytes] = [b"["]
            for document in found.documents:
                items += (self._collections.current(resource, document), b",")
            items[-1 if found.documents else 1 :] = [b"]"]
            following: str | int | None = found.next
            if found.next is not None and is_text:
                following = self._cursors.write(collection, found.next)
            rest = {
                "count": len(found.documents),
                "total": found.total,
                "more": following is not None,
                "next": following,
            }
            texts = {name: dump(value) for name, value in rest.items()}
            return template.fill_large(texts, items)

        return show

    async def _give(self, resource: Resource, collection: str, caller: Caller) -> None:
        """Create a user's only resource of a kind that no operation creates."""
        # The same id for each request that finds the list empty: one of them creates it.
        id_ = resource.new_id(Seeded(collection))

        def document(number: int) -> bytes:
            return resource.text(resource.new(id_, number, _now(), {}), {})

        with contextlib.suppress(DuplicateIdError):
            await self._store.create(collection, str(id_), document, caller.identity)

    def _position(self, collection: str, name: str, token: str | int | None) -> int | None:
        """Return the number below which a page begins."""
        if token is None:
            return None
        if not isinstance(token, str):
            return min(int(token), _LARGEST_NUMBER)
        try:
            return self._cursors.read(collection, token)
        except InvalidCursorError:
            raise InvalidRequestError(f"{name} must be the token of a next page") from None

    def _issue(self, operation: Operation) -> Handler:
        schemas, meaning = self._document.returned, operation.semantics
        schema = schemas.at(operation.success.schema, split(meaning["expires"]))
        form = instants(schemas, schema, f"{operation.id}: {meaning['expires']}")
        sample = {"token": "x", "expires": form.write(datetime.now(UTC))}
        template = self._template(operation, ("token", "expires"), sample)

        async def issue(call: Call) -> Response:
            issued = self._tokens.issue([str(call.values[name]) for name in meaning["user"]])
            expires = dump(form.write(issued.expires))
            return template.fill({"token": dump(issued.token), "expires": expires})

        return issue


def _unlinked_status(operation: Operation) -> int:
    """Return the status whose example shows the error of a user who may not list."""
    wanted = operation.semantics["unlinked"]
    for status, example in operation.errors.items():
        if wanted in dump(example).decode():
            return status
    return 403


def _bounded(text: bytes) -> bytes:
    if len(text) > LARGEST_RESOURCE:
        raise ContentTooLargeError(f"the resource would have more than {LARGEST_RESOURCE} bytes")
    return text


def _now() -> datetime:
    return datetime.now(UTC)
