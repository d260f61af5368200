"""Every operation of the document, in memory: results and errors."""

from __future__ import annotations

import contextlib
import copy
import itertools
import re
from collections import defaultdict
from functools import cache
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from urllib.parse import unquote

from heidi_generated.factories import fault_of, merged
from heidi_generated.metadata import (
    ERROR_MESSAGE,
    ERROR_TYPE,
    OPERATIONS,
    RESOURCES,
)

from heidi_sessions import _json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from heidi_generated.metadata import Issue, Operation, Paging, Parameter, Resource

    from heidi_sessions._http._mock import Received

Response: TypeAlias = "tuple[int, Any, Mapping[str, str]]"
"""A status, the body, None if there is none, and headers."""

_NEVER: Final = "2999-01-01T00:00:00.000Z"


class RefusalError(Exception):
    """A request fails, as the strict document says."""

    def __init__(self, operation: Operation | None, status: int, message: str) -> None:
        super().__init__(message)
        failure = operation.failure(status) if operation else None
        self.status = status
        self.headers = dict(failure.headers) if failure else {}
        self.body: Any = copy.deepcopy(failure.body) if failure else {}
        if failure is None or failure.type is None:
            self.body = error_body(f"Status{status}", message)
        elif status != 404 or failure.message is None:
            put_at(self.body, ERROR_MESSAGE, message)


class Server:
    """The resources of one linked user, by name and id, the newest last."""

    def __init__(self) -> None:
        self._resources: defaultdict[str, dict[str, dict[str, Any]]] = defaultdict(dict)
        self._around: dict[tuple[str, str], Mapping[str, str]] = {}
        self._numbers = itertools.count(1)
        self._tokens = itertools.count(1)

    def put(self, name: str, resource: dict[str, Any]) -> None:
        """Keep a resource.

        Args:
            name: that of its component schema.
        """
        self._resources[name][str(resource[RESOURCES[name].id])] = resource

    def respond(self, request: Received, path: str) -> Response:
        """Do what a request asks for.

        Args:
            path: below the path of the base URL.

        Raises:
            RefusalError: the strict document does not allow it.
        """
        operation, values = _find(request.method, path)
        arguments = _arguments(operation, request, values)
        body = _body(operation, request)
        for resource in RESOURCES.values():
            if resource.parameter in values:
                self._one(operation, resource, values)
        response = self._done(operation, values, arguments, body)
        headers = operation.headers
        if operation.action == "create" and "location" in map(str.lower, headers):
            base = request.path.removesuffix(path)
            headers = {**headers, "Location": base + self._place(operation, values)}
        return operation.status, response, headers

    def _place(self, operation: Operation, values: Mapping[str, str]) -> str:
        """Return where the resource is read that an operation has just created."""
        resource = RESOURCES[operation.resource or ""]
        newest = next(reversed(self._resources[resource.name]))
        reads = (each for each in OPERATIONS if each.action == "read")
        route = next((each.route for each in reads if each.resource == resource.name), "")
        return route.format(**{**values, resource.parameter: newest})

    def _done(
        self,
        operation: Operation,
        values: Mapping[str, str],
        arguments: Mapping[str, Any],
        body: Mapping[str, Any],
    ) -> Any:
        """Do what the operation does, and return the body of the response."""
        resource = RESOURCES.get(operation.resource or "")
        if operation.issue is not None:
            return self._issued(operation, operation.issue)
        if resource is None or operation.action is None:
            return copy.deepcopy(operation.sample)
        if operation.page is not None:
            return self._list(operation, operation.page, resource, arguments, values)
        if operation.action == "create":
            found = merged(self._new(resource), _stored(resource, body), resource.replaced)
        else:
            found = self._one(operation, resource, values)
        if operation.action == "update":
            found = merged(found, _stored(resource, body), resource.replaced)
        if operation.action in ("create", "update"):
            self.put(resource.name, found)
        if operation.action == "create":
            self._around[resource.name, str(found[resource.id])] = values
        if operation.action == "delete":
            del self._resources[resource.name][values[resource.parameter]]
        response = copy.deepcopy(operation.sample)
        if operation.id_at is not None:
            return put_at(response, operation.id_at, found[resource.id])
        return response if operation.result is None else put_at(response, operation.result, found)

    def _issued(self, operation: Operation, issue: Issue) -> Any:
        """Issue another token each time: that of a refused one would not count as renewed."""
        token = f"mock-{next(self._tokens)}"
        response = put_at(copy.deepcopy(operation.sample), issue.token, token)
        return put_at(response, issue.expires, _NEVER)

    def _one(
        self, operation: Operation, resource: Resource, values: Mapping[str, str]
    ) -> dict[str, Any]:
        id_ = values[resource.parameter]
        found = self._resources[resource.name].get(id_)
        if found is None or not self._is_below(resource, id_, values):
            raise RefusalError(operation, 404, f"{resource.name} not found")
        return found

    def _is_below(self, resource: Resource, id_: str, values: Mapping[str, str]) -> bool:
        """Whether a resource is where a path leads; one that a test put there, anywhere."""
        around = self._around.get((resource.name, id_), {})
        return all(values.get(name, id_) == id_ for name, id_ in around.items())

    def _new(self, resource: Resource) -> dict[str, Any]:
        number = next(self._numbers)
        made: dict[str, Any] = merged(resource.sample, {})
        for pointer, value in resource.initial.items():
            said = value.format(number=number) if isinstance(value, str) else value
            put_at(made, pointer, said)
        return made | {resource.id: number if isinstance(made[resource.id], int) else str(number)}

    def _list(
        self,
        operation: Operation,
        page: Paging,
        resource: Resource,
        arguments: Mapping[str, Any],
        values: Mapping[str, str],
    ) -> Any:
        known = self._resources[resource.name]
        newest_first = [
            known[id_] for id_ in reversed(known) if self._is_below(resource, id_, values)
        ]
        text = str(arguments.get(page.token) or "0")
        start = int(text) if text.isascii() and text.isdigit() else -1
        if not 0 <= start <= len(newest_first):
            raise RefusalError(operation, 422, f"{page.token}: must be the next token of a page")
        end = start + int(arguments.get(page.size) or len(newest_first))
        items, more = newest_first[start:end], end < len(newest_first)
        response = copy.deepcopy(operation.sample)
        said: dict[str | None, Any] = {
            page.items: items,
            page.next: str(end) if more else None,
            page.more: more,
            page.count: len(items),
            page.total: len(newest_first),
        }
        for pointer, value in said.items():
            response = response if pointer is None else put_at(response, pointer, value)
        return response


def error_body(type_: str, message: str) -> Any:
    """Return the body of an error response.

    Args:
        type_: the name of the failure.
        message: the failure in words.
    """
    body: Any = {}
    for pointer, value in ((ERROR_TYPE, type_), (ERROR_MESSAGE, message)):
        body = put_at(body, pointer, value)
    return body


def put_at(value: Any, pointer: str | None, new: Any) -> Any:
    """Set a value at a JSON Pointer, and create the objects on its way."""
    *way, last = (pointer or "").split("/")
    if not way:
        return new
    node = value
    for token in way[1:]:
        node = node.setdefault(token, {})
    node[last] = new
    return value


def _stored(resource: Resource, body: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the resource shows of a request body, by its own names."""
    renamed = {resource.stored_as.get(name, name): value for name, value in body.items()}
    return {name: value for name, value in renamed.items() if name in resource.properties}


# Requests


def _find(method: str, path: str) -> tuple[Operation, dict[str, str]]:
    """Return the operation of a request, and the values in its path."""
    matching = [
        (operation, found) for operation, pattern in _routes() if (found := pattern.fullmatch(path))
    ]
    for operation, found in matching:
        if operation.method == method:
            names = re.findall(_PARAMETER, operation.route)
            return operation, dict(zip(names, map(unquote, found.groups()), strict=True))
    if not matching:
        raise RefusalError(None, 404, "no such path")
    refusal = RefusalError(matching[0][0], 405, "the path has no such method")
    refusal.headers["Allow"] = ", ".join(operation.method for operation, _ in matching)
    raise refusal


@cache
def _routes() -> list[tuple[Operation, re.Pattern[str]]]:
    """Return each operation with the pattern of its path, those without parameters first."""
    routes: list[tuple[Operation, re.Pattern[str]]] = []
    for operation in sorted(OPERATIONS, key=lambda operation: operation.route.count("{")):
        around = map(re.escape, re.split(r"{[^}]+}", operation.route))
        routes.append((operation, re.compile("([^/]+)".join(around))))
    return routes


_PARAMETER: Final = r"{([^}]+)}"


def _arguments(operation: Operation, request: Received, path: Mapping[str, str]) -> dict[str, Any]:
    """Return the parameters of a request, with the defaults of those left out.

    An id in the path is not checked: whether there is such a resource is all that counts.
    """
    ids = {resource.parameter for resource in RESOURCES.values()}
    arguments: dict[str, Any] = {}
    for parameter in operation.parameters:
        if parameter.place == "path":
            texts = [] if parameter.name in ids else [path[parameter.name]]
        else:
            texts = _texts(parameter, request)
        if texts:
            arguments[parameter.name] = _value(parameter, texts)
            _check(operation, parameter.schema, arguments[parameter.name], parameter.name)
        elif parameter.required and parameter.place != "path":
            raise RefusalError(operation, 422, f"{parameter.name}: is missing")
        elif "default" in parameter.schema:
            arguments[parameter.name] = parameter.schema["default"]
    return arguments


def _texts(parameter: Parameter, request: Received) -> list[str]:
    if parameter.place == "cookie":
        return []
    if parameter.place == "query":
        return [text for name, text in request.pairs if name == parameter.name]
    text = request.headers.get(parameter.name)
    return [] if text is None else [text]


def _value(parameter: Parameter, texts: list[str]) -> Any:
    schema = parameter.schema
    if schema.get("type") == "array":
        items = texts if len(texts) > 1 else texts[0].split(",")
        return [_scalar(schema.get("items", {}), text) for text in items]
    return _scalar(schema, texts[-1])


def _scalar(schema: Mapping[str, Any], text: str) -> Any:
    """Read a value as its type has it; the schema refuses what stays a string."""
    type_ = schema.get("type")
    if isinstance(type_, str) and type_ in _JSON_TYPES:
        with contextlib.suppress(ValueError):
            return _json.load(text.encode())
    return text


_JSON_TYPES: Final = frozenset({"boolean", "integer", "number"})


def _body(operation: Operation, request: Received) -> Mapping[str, Any]:
    if operation.body is None:
        return {}
    if request.json is None:
        if operation.body_required:
            raise RefusalError(operation, 422, "body: is missing")
        return {}
    _check(operation, operation.body, request.json)
    body: Any = request.json
    return {name: value for name, value in body.items() if name in operation.keywords}


def _check(operation: Operation, schema: Mapping[str, Any], value: Any, name: str = "") -> None:
    """Raise RefusalError where the strict document does not allow a parameter, or the body."""
    if told := fault_of(schema, value, name):
        raise RefusalError(operation, 422, told)
