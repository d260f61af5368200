"""The requests of the collections, from a document: every operation and the errors to provoke."""

from __future__ import annotations

import json
import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast
from urllib.parse import quote, urlsplit

from heidi_spec_tools.dereference import dereference
from heidi_spec_tools.documents import DocumentError
from heidi_spec_tools.nodes import pointer_of
from jsonschema_rs import Draft202012Validator

from scripts.library.semantics import KEY
from scripts.publication.operations import (
    JSON,
    Operation,
    Response,
    error_of,
    error_type,
    example_of,
    operations,
    type_of,
    value_of,
    whole_body_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from heidi_spec_tools.documents import Json
    from heidi_spec_tools.nodes import Pointer

SANDBOX: Final = "http://127.0.0.1:8080"
"""Where `make sandbox` serves."""

UNLINKED: Final = "+unlinked"
"""The suffix, before the @ of an email, of a user without a link in the sandbox."""

NONE: Final[Mapping[str, Any]] = MappingProxyType({})
ERRORS: Final = "Errors"
REMOVAL: Final = "Removal"
STAGES: Final = ("create", "read", "update", "list")
WRONG: Final[tuple[Json, ...]] = ([], {}, "", 0)
HIGHEST: Final = 2**31 - 1
CONDITIONS: Final = frozenset(
    ("if-match", "if-none-match", "if-modified-since", "if-unmodified-since", "if-range")
)
"""Headers for which no example is correct, because they change with the resource (RFC 9110)."""

OTHER_METHODS: Final = ("put", "delete", "patch", "post", "get")


class Request(NamedTuple):
    """One request, and the response of the sandbox.

    name: what the request shows, unique in the collection.
    operation: the operationId.
    path, query, headers, body: what is sent; a name in double braces is a variable.
    optional: the query that may be sent as well, for the first request of an operation.
    status: the status of the response.
    has_body: whether the response has a body.
    error: the type of the error, and error_at where it is in the response.
    keeps: the variables that take their value from the response, each with a pointer into it.
    documented: the responses that the document shows, for the first request of an operation.
    """

    folder: str
    name: str
    operation: str
    method: str
    path: str
    status: int
    has_body: bool
    headers: Mapping[str, str] = NONE
    query: Mapping[str, str] = NONE
    body: str | None = None
    error: str | None = None
    error_at: Pointer = ()
    keeps: Mapping[str, Pointer] = NONE
    documented: tuple[Response, ...] = ()
    optional: Mapping[str, str] = NONE


class Collection(NamedTuple):
    """The requests in an order that runs, and the variables that a user sets.

    variables: their values, but for the key, which is empty.
    """

    title: str
    version: str
    requests: tuple[Request, ...]
    variables: Mapping[str, str]


def base_url(document: Mapping[str, Any]) -> str:
    """Return the URL below which the sandbox serves the operations."""
    path = urlsplit(str(document["servers"][0]["url"])).path
    return SANDBOX + path.rstrip("/")


def collection(document: Mapping[str, Any]) -> Collection:
    """Derive the collection from the strict document.

    Raises:
        DocumentError: a reference has no target.
    """
    writer = _Writer(cast("dict[str, Any]", dereference(dict(document))))
    info = document["info"]
    variables = {"baseUrl": base_url(document), "apiKey": "", **writer.variables}
    return Collection(info["title"], info["version"], tuple(writer.requests()), variables)


def calls(document: Mapping[str, Any]) -> dict[str, Request]:
    """Return a request for each operation, by method and path, with the values of its examples.

    Only the key and the token are variables.

    Raises:
        DocumentError: a reference has no target.
    """
    writer = _Writer(cast("dict[str, Any]", dereference(dict(document))))
    return {each.request: writer.call(each) for each in writer.operations}


class _Writer:
    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = document
        self.operations = operations(document)
        self.error_at, _ = error_type(document)
        self.resources = {
            name: schema[KEY]
            for name, schema in document["components"]["schemas"].items()
            if "id" in schema.get(KEY, {})
        }
        self.created = {
            each.semantics["resource"] for each in self.operations if each.action == "create"
        }
        self.linked = dict(self._links())
        self.variables: dict[str, str] = {}
        self.unlinked: dict[str, str] = {}
        for operation in self.operations:
            for name in operation.semantics.get("user", ()):
                self._know_user(operation, name)

    def _know_user(self, operation: Operation, name: str) -> None:
        (parameter,) = (each for each in operation.parameters if each["name"] == name)
        value = str(value_of(parameter))
        self.variables[camel(name)] = quote(value, safe="@")
        if "@" in value and any("unlinked" in each.semantics for each in self.operations):
            self.unlinked[name] = camel("unlinked", name)
            unlinked = value.replace("@", f"{UNLINKED}@", 1)
            self.variables[self.unlinked[name]] = quote(unlinked, safe="@")

    def _links(self) -> Iterator[tuple[tuple[str, str], tuple[str, str, Pointer]]]:
        """Yield each parameter that a link fills: the source, the variable and the pointer."""
        for operation in self.operations:
            response = operation.value["responses"].get(str(operation.success.status), {})
            for link in response.get("links", {}).values():
                target = str(link.get("operationId"))
                for name, expression in link.get("parameters", {}).items():
                    pointer = pointer_of(str(expression).removeprefix("$response.body"))
                    plain = name.rpartition(".")[2]
                    if pointer is not None:
                        variable = camel(target, plain)
                        yield (target, plain), (operation.id, variable, pointer)

    def call(self, operation: Operation) -> Request:
        """Return the request of an operation, with an example for all but its secrets."""
        known = {f"{{{{{name}}}}}": value for name, value in self.variables.items()}
        query = {name: known.get(value, value) for name, value in self._query(operation).items()}
        return self._request(operation, operation.title, path=_example_path(operation), query=query)

    # The order

    def requests(self) -> Iterator[Request]:
        """Yield the requests in an order that satisfies their dependencies."""
        ordered = sorted(self.operations, key=self._place)
        removing = [each for each in ordered if _removes(each)]
        for operation in ordered:
            if operation not in removing:
                yield from self._successes(operation)
        paths: set[str] = set()
        for operation in ordered:
            yield from self._failures(operation)
            if operation.path not in paths:
                yield from self._undocumented_method(operation)
            paths.add(operation.path)
        for operation in reversed(removing):
            title = operation.title
            yield self._request(operation, title, folder=REMOVAL, **_shown(operation))

    def _place(self, operation: Operation) -> tuple[int, int, int, int]:
        """Return the position of an operation: tokens, then resources by depth, then all others."""
        if operation.action == "issue":
            return (0, 0, 0, 0)
        if operation.action not in STAGES:
            return (2, operation.path.count("{"), 0, 0)
        resource = operation.semantics["resource"]
        own = [each for each in self.operations if each.semantics.get("resource") == resource]
        depth = min(each.path.count("{") for each in own)
        first = self.operations.index(own[0])
        return (1, depth, first, STAGES.index(operation.action))

    # What succeeds

    def _successes(self, operation: Operation) -> Iterator[Request]:
        title = operation.title
        yield self._request(operation, title, keeps=self._keeps(operation), **_shown(operation))
        whole = whole_body_of(operation)
        if operation.body is not None and whole != value_of(operation.body):
            yield self._request(operation, f"{title}, every property", body=_text(whole))
        if operation.action == "issue" and self.unlinked:
            keeps = {"unlinkedToken": _pointer(operation.semantics["token"])}
            query = self._query(operation, linked=False)
            name = f"{title}, user without a link"
            yield self._request(operation, name, query=query, keeps=keeps)
        if operation.action == "create":
            yield self._second(operation)
        if operation.action == "list":
            yield from self._pages(operation)

    def _second(self, operation: Operation) -> Request:
        """Create another resource, so that there is a second page."""
        if operation.value.get("requestBody", {}).get("required", False):
            return self._request(operation, f"{operation.title}, second")
        headers = self._headers(operation, body=False)
        name = f"{operation.title}, without a body"
        return self._request(operation, name, headers=headers, body=None)

    def _pages(self, operation: Operation) -> Iterator[Request]:
        page = operation.semantics["page"]
        needed = {
            name: value
            for name, value in self._query(operation).items()
            if any(each.get("required") and each["name"] == name for each in operation.parameters)
        }
        needed[page["size"]] = "1"
        variable = self._next(operation)
        keeps = {variable: _pointer(page["next"])}
        title = operation.title
        yield self._request(operation, f"{title}, first page", query=needed, keeps=keeps)
        query = needed | {page["token"]: f"{{{{{variable}}}}}"}
        yield self._request(operation, f"{title}, next page", query=query)

    def _next(self, operation: Operation) -> str:
        lists = [each for each in self.operations if each.action == "list"]
        return "nextPage" if len(lists) == 1 else camel("next", operation.id)

    def _keeps(self, operation: Operation) -> dict[str, Pointer]:
        """Return the variables that take their value from the response of an operation."""
        kept = {
            variable: pointer
            for source, variable, pointer in self.linked.values()
            if source == operation.id
        }
        if operation.action == "issue":
            kept["token"] = _pointer(operation.semantics["token"])
        if operation.action == "create":
            resource = operation.semantics["resource"]
            at = operation.semantics.get("id")
            if at is None:
                at = f"{operation.semantics['result']}/{self.resources[resource]['id']}"
            kept[camel(resource, "id")] = _pointer(at)
        return {name: at for name, at in kept.items() if name not in self._shadowed()}

    def _shadowed(self) -> set[str]:
        """Return the variables of links that lead to a resource whose id is kept anyway."""
        return {
            variable
            for (target, name), (_, variable, _) in self.linked.items()
            for operation in self.operations
            if operation.id == target and self._resource(operation, name)
        }

    # What fails

    def _failures(self, operation: Operation) -> Iterator[Request]:
        for status, reason, changes in self._spoilt(operation):
            response = operation.responses.get(status)
            if response:
                yield self._request(
                    operation,
                    f"{operation.title}: {reason}",
                    response,
                    folder=ERRORS,
                    **changes,
                )

    def _spoilt(self, operation: Operation) -> Iterator[tuple[int, str, dict[str, Any]]]:
        """Yield the statuses that a request can provoke, the reason, and what it sends."""
        secret = self._secret(operation)
        if secret:
            kept = {
                key: value for key, value in self._headers(operation).items() if key not in secret
            }
            reason = "no key" if "{{apiKey}}" in secret.values() else "no token"
            yield 401, reason, {"headers": kept}
        if operation.parameters_in("path"):
            parameters = operation.parameters_in("path")
            unknown = {each["name"]: quote(_unknown(each), safe="") for each in parameters}
            yield 404, "unknown id", {"path": operation.path.format_map(unknown)}
        if operation.body is not None:
            yield from self._spoilt_bodies(operation, operation.body)
        else:
            yield from self._spoilt_query(operation)
        if "unlinked" in operation.semantics and self.unlinked:
            token = {"Authorization": "Bearer {{unlinkedToken}}"}
            for response in operation.responses.values():
                if type_of(response, self.error_at) == operation.semantics["unlinked"]:
                    headers = self._headers(operation) | token
                    yield response.status, "user without a link", {"headers": headers}

    def _spoilt_bodies(
        self, operation: Operation, media: Mapping[str, Any]
    ) -> Iterator[tuple[int, str, dict[str, Any]]]:
        yield 400, "malformed JSON", {"body": _text(value_of(media))[:-1]}
        headers = self._headers(operation) | {"Content-Type": "text/plain"}
        yield 415, "not application/json", {"headers": headers}
        validator = Draft202012Validator(media["schema"])
        for name in media["schema"].get("properties", {}):
            for value in WRONG:
                if not validator.is_valid({name: value}):
                    body = _text({name: value})
                    yield 422, f"invalid {name}", {"body": body}
                    return

    def _spoilt_query(self, operation: Operation) -> Iterator[tuple[int, str, dict[str, Any]]]:
        for parameter in operation.parameters_in("query"):
            if not Draft202012Validator(parameter.get("schema", {})).is_valid("x"):
                name = parameter["name"]
                yield 422, f"invalid {name}", {"query": {**self._query(operation), name: "x"}}
                return

    def _undocumented_method(self, operation: Operation) -> Iterator[Request]:
        known = self.document["paths"][operation.path]
        response = operation.responses.get(405)
        method = next((each for each in OTHER_METHODS if each not in known), None)
        if response and method:
            yield self._request(
                operation,
                f"{operation.title}: undocumented method",
                response,
                folder=ERRORS,
                method=method.upper(),
                headers=self._headers(operation, body=False),
                body=None,
            )

    # The parts of a request

    def _request(
        self, operation: Operation, name: str, response: Response | None = None, **changes: Any
    ) -> Request:
        values = {p["name"]: self._value(operation, p) for p in operation.parameters_in("path")}
        expected = response or operation.success
        error = error_of(operation, response, self.operations, self.error_at) if response else None
        request = Request(
            operation.tag,
            name,
            operation.id,
            operation.method.upper(),
            operation.path.format_map(values),
            expected.status,
            expected.has_body,
            self._headers(operation),
            self._query(operation),
            None if operation.body is None else _text(value_of(operation.body)),
            error,
            self.error_at,
        )
        return request._replace(**changes)

    def _value(self, operation: Operation, parameter: Mapping[str, Any]) -> str:
        """Return the variable or the value for a parameter in the path."""
        name = parameter["name"]
        resource = self._resource(operation, name)
        if resource:
            return f"{{{{{camel(resource, 'id')}}}}}"
        if (operation.id, name) in self.linked:
            return f"{{{{{self.linked[operation.id, name][1]}}}}}"
        return quote(_spelled(value_of(parameter)), safe="")

    def _resource(self, operation: Operation, parameter: str) -> str | None:
        """Return the resource that a parameter names, if a request creates one."""
        own = [operation.semantics.get("resource")]
        if operation.action in {"", "create", "list", "issue"}:
            own = []
        for name in (*own, *self.resources):
            meaning = self.resources[name]
            if meaning.get("parameter", meaning["id"]) == parameter and name in self.created:
                return str(name)
        return None

    def _query(self, operation: Operation, *, linked: bool = True) -> dict[str, str]:
        user = operation.semantics.get("user", ())
        query: dict[str, str] = {}
        for parameter in operation.parameters_in("query"):
            name = parameter["name"]
            if name in user:
                variable = camel(name)
                if not linked:
                    variable = self.unlinked.get(name, variable)
                query[name] = f"{{{{{variable}}}}}"
            elif is_sent(parameter):
                query |= _spelled_query(parameter)
        return query

    def _headers(self, operation: Operation, *, body: bool = True) -> dict[str, str]:
        headers = self._secret(operation)
        for parameter in operation.parameters_in("header"):
            conditional = parameter["name"].lower() in CONDITIONS
            if parameter.get("required") or (is_sent(parameter) and not conditional):
                headers[parameter["name"]] = _spelled(value_of(parameter))
        return headers | ({"Content-Type": JSON} if body and operation.body is not None else {})

    def _secret(self, operation: Operation) -> dict[str, str]:
        """Return the headers that carry the token or the key."""
        default: list[dict[str, Any]] = self.document.get("security", [])
        required: list[dict[str, Any]] = operation.value.get("security", default)
        schemes = self.document["components"].get("securitySchemes", {})
        headers: dict[str, str] = {}
        for name in required[0] if required else ():
            scheme = schemes[name]
            if scheme["type"] == "http" and scheme["scheme"].lower() == "bearer":
                headers["Authorization"] = "Bearer {{token}}"
            elif scheme["type"] == "apiKey" and scheme["in"] == "header":
                headers[scheme["name"]] = "{{apiKey}}"
            else:
                place = f"$.components.securitySchemes.{name}"
                raise DocumentError(f"{place}: must be http bearer or an apiKey in a header")
        return headers


def _example_path(operation: Operation) -> str:
    parameters = operation.parameters_in("path")
    values = {each["name"]: quote(_spelled(value_of(each)), safe="") for each in parameters}
    return operation.path.format_map(values)


def _shown(operation: Operation) -> dict[str, Any]:
    """Return what the first request of an operation shows of it."""
    token = operation.semantics.get("page", {}).get("token")
    optional: dict[str, str] = {}
    for parameter in operation.parameters_in("query"):
        if not is_sent(parameter) and parameter["name"] != token:
            optional |= _spelled_query(parameter)
    return {"documented": tuple(operation.responses.values()), "optional": optional}


def _removes(operation: Operation) -> bool:
    return operation.action == "delete" or operation.method == "delete"


def is_sent(parameter: Mapping[str, Any]) -> bool:
    """Return whether a request has a parameter: one that is required, or has an example."""
    return bool(parameter.get("required")) or example_of(parameter) is not None


def _unknown(parameter: Mapping[str, Any]) -> str:
    """Write an id that no resource has; for integers, which servers count up, the highest."""
    schema = parameter.get("schema", {})
    if schema.get("type") == "integer":
        return str(min(schema.get("maximum", HIGHEST), HIGHEST))
    return _spelled(value_of(parameter))


def _pointer(text: str) -> Pointer:
    return pointer_of(f"#{text}") or ()


def camel(*words: str) -> str:
    """Join words as the name of a variable."""
    parts = [part for word in words for part in re.split(r"[^0-9A-Za-z]+", word) if part]
    joined = "".join(part[0].upper() + part[1:] for part in parts)
    return joined[:1].lower() + joined[1:]


def _text(value: Json) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def _spelled_query(parameter: Mapping[str, Any]) -> dict[str, str]:
    """Write the example of a parameter; of an array that is repeated, its first item."""
    name, value = parameter["name"], value_of(parameter)
    if isinstance(value, dict):
        return {f"{name}[{key}]": quote(_spelled(child)) for key, child in value.items()}
    if isinstance(value, list) and parameter.get("explode", True):
        value = value[0]
    return {name: quote(_spelled(value), safe=",")}


def _spelled(value: Json) -> str:
    """Write a value as a query, a path or a header takes it."""
    if isinstance(value, list):
        return ",".join(map(_spelled, value))
    return value if isinstance(value, str) else json.dumps(value)
