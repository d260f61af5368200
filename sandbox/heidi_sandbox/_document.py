"""The strict document: which paths there are, and what each operation takes and returns."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from itertools import chain
from typing import Any, Final, NamedTuple
from urllib.parse import unquote, unquote_to_bytes, urlsplit

import heidi_spec

from heidi_sandbox._asgi import Response
from heidi_sandbox._errors import ApiError, CannotServeError, InvalidRequestError, NotFoundError
from heidi_sandbox._json import MalformedJsonError, dump, inexact_numbers, parse
from heidi_sandbox._schemas import (
    Node,
    Pointer,
    Problem,
    Schemas,
    Shape,
    Validator,
    is_list,
    is_object,
    put,
    split,
)

SEMANTICS: Final = "x-semantics"
_METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_INTEGER: Final = re.compile(r"-?(0|[1-9][0-9]{0,18})", re.ASCII)
_NUMBER: Final = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?", re.ASCII)
_SEPARATORS: Final = {"form": ",", "simple": ",", "spaceDelimited": " ", "pipeDelimited": "|"}
# What OpenAPI gives no meaning as a parameter.
_NO_PARAMETERS: Final = ("accept", "authorization", "content-type")
# What each response says of itself, whatever the document shows.
_OWN_HEADERS: Final = ("cache-control", "connection", "content-length", "content-type", "date")

Read = Callable[[str], Any]


class Scheme(NamedTuple):
    """A security scheme.

    header: the one that it reads; `header_name` is that as ASGI names it.
    word: what comes before the credentials, empty where nothing does.
    """

    name: str
    header: str
    word: str
    header_name: bytes

    @property
    def challenge(self) -> str:
        """What a response to missing credentials asks for."""
        return self.word.capitalize() or self.header


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter, but for those that name a resource.

    sent: the names under which it is sent, one for each property where it is a deep object.
    convert: from the strings that are sent under each of these names to the value.
    """

    name: str
    place: str
    required: bool
    default: Any
    sent: frozenset[str]
    convert: Callable[[Mapping[str, Sequence[str]]], Any]
    validator: Validator

    def value(self, texts: Mapping[str, Sequence[str]]) -> Any:
        """Return the value that a request gives, or the default.

        Raises:
            NotFoundError: it is in the path, and not as documented.
            InvalidRequestError: it is missing, given twice, or not as documented.
        """
        given = {name: texts[name] for name in self.sent if texts.get(name)}
        if not given:
            if self.required:
                raise InvalidRequestError(f"{self.name} is missing")
            return self.default
        value = self.convert(given)
        problem = self.validator.problem(value)
        if problem is None:
            return value
        if self.place == "path":
            raise NotFoundError
        raise InvalidRequestError(problem._replace(path=(self.name, *problem.path)).at(""))


@dataclass(frozen=True, slots=True)
class Body:
    """What an operation takes as its body.

    validator: None if the body is not JSON, and so is taken as it is.
    """

    required: bool
    media_types: frozenset[str]
    schema: Node
    shape: Shape
    validator: Validator | None

    def read(self, raw: bytes) -> dict[str, Any]:
        """Return the properties that the document names, and none of the others.

        Raises:
            MalformedJsonError: it is not JSON.
            InvalidRequestError: the schema does not take it, or it would lose digits.
        """
        if self.validator is None:
            return {}
        value = parse(raw)
        problem = self.validator.problem(value)
        known = self.shape.pick(value)
        for path in inexact_numbers(known) if problem is None else ():
            problem = Problem(self.validator.named(path), "has more digits than a double holds")
            break
        if problem is not None:
            raise InvalidRequestError(problem.at("body"))
        return known if is_object(known) else {}


@dataclass(frozen=True, slots=True)
class DeclaredResponse:
    """What an operation may return with one status.

    media_type: None if there is no body.
    example: the value that it shows, None if it shows none.
    headers: those that it is sent with, each as its example or else its schema has it: all that a
        success declares, and of an error those that it must have.
    """

    status: int
    media_type: str | None
    schema: Node
    example: Any
    headers: Mapping[str, str]
    validator: Validator | None

    def violation(self, body: bytes) -> str | None:
        """Return how a body breaks the document, quoting none of it; None if it obeys."""
        if self.validator is None:
            return None
        try:
            # Decoded here, json need not guess the encoding.
            problem = self.validator.problem(json.loads(body.decode()))
        except ValueError:
            return f"status {self.status}: the body is not JSON"
        return None if problem is None else f"status {self.status}: {problem.at('body')}"


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path.

    resources: the resource that each path parameter names.
    success: the first response that says so.
    semantics: what `x-semantics` says, empty if there is none.
    errors: the example of each error, by status.
    """

    id: str
    method: str
    template: str
    schemes: tuple[Scheme, ...]
    parameters: tuple[Parameter, ...]
    resources: Mapping[str, str]
    body: Body | None
    responses: Mapping[str, DeclaredResponse]
    success: DeclaredResponse
    semantics: Node
    errors: dict[int, Any]

    def read(
        self, path: Mapping[str, str], query: bytes, header: Callable[[bytes], str | None]
    ) -> dict[str, Any]:
        """Return the value of each parameter; what the document does not name is ignored.

        Raises:
            NotFoundError: a parameter in the path is not what the document takes.
            InvalidRequestError: another one is not.
        """
        if not self.parameters:
            return {}
        headers = (one.name for one in self.parameters if one.place == "header")
        sent: dict[str, Mapping[str, Sequence[str]]] = {
            "path": {name: [text] for name, text in path.items()},
            "query": self._sent_in_query(query),
            "header": {
                name: [text]
                for name in headers
                if (text := header(name.lower().encode())) is not None
            },
        }
        return {one.name: one.value(sent[one.place]) for one in self.parameters}

    def _sent_in_query(self, raw: bytes) -> dict[str, list[str]]:
        wanted = {name for one in self.parameters if one.place == "query" for name in one.sent}
        texts: dict[str, list[str]] = {}
        for pair in raw.decode("latin-1").split("&"):
            name, _, text = pair.partition("=")
            name = unquote(name.replace("+", " "))
            if name in wanted:
                texts.setdefault(name, []).append(_unquoted(name, text))
        return texts

    def violation(self, response: Response) -> str | None:
        """Return how an error breaks the document, quoting none of it; None if it obeys."""
        declared = self.responses.get(str(response.status)) or self.responses.get("default")
        if declared is None:
            # A failure of the server is not a response of the operation, so it is not declared.
            return None if response.status >= 500 else f"status {response.status} is not declared"
        for name in declared.headers.keys() - response.headers.keys():
            return f"status {response.status} lacks the header {name}"
        return declared.violation(response.body)


@dataclass(frozen=True, slots=True)
class PathItem:
    """One path: its segments, None if a parameter stands, and its operations by method."""

    template: str
    segments: tuple[str | None, ...]
    names: tuple[str, ...]
    operations: Mapping[str, Operation]

    @property
    def allow(self) -> str:
        return ", ".join(sorted(self.operations))

    def name(self, method: str) -> str:
        """Return the log entry of a request; of its own words, only a standard method."""
        operation = self.operations.get(method)
        if operation is not None:
            return operation.id
        known = method.lower() in _METHODS
        return f"{method if known else 'another method of'} {self.template}"

    @property
    def any_operation(self) -> Operation:
        """Return one operation, to speak for the path where the method names none."""
        return next(iter(self.operations.values()))

    def match(self, segments: list[str]) -> dict[str, str] | None:
        """Return the path parameters, or None if as many segments are another path."""
        values: list[str] = []
        for own, given in zip(self.segments, segments):  # noqa: B905  # the caller has counted them
            if own != given:
                if own is not None or not given:
                    return None
                values.append(given)
        return dict(zip(self.names, values))  # noqa: B905  # one for each None


@dataclass(frozen=True, slots=True)
class Document:
    """Every path of an OpenAPI document, below the path of its first server.

    base_path: that path.
    paths: by number of segments, in the order in which they are tried.
    returned: the schemas of what is returned.
    schemes: by name.
    error: where type and message stand in an error.
    """

    root: Node
    base_path: str
    paths: Mapping[int, Sequence[PathItem]]
    returned: Schemas
    schemes: Mapping[str, Scheme]
    error: Mapping[str, Pointer]

    @property
    def items(self) -> Iterator[PathItem]:
        return chain.from_iterable(self.paths.values())

    @property
    def operations(self) -> Iterator[Operation]:
        return (operation for item in self.items for operation in item.operations.values())

    def of(self, action: str, resource: str | None = None) -> Iterator[Operation]:
        """Yield the operations that do something to a resource, or to any."""
        for operation in self.operations:
            semantics = operation.semantics
            if semantics.get("action") == action and resource in (None, semantics.get("resource")):
                yield operation

    def containers(self, resource: str) -> Mapping[str, str]:
        """Return what a resource is within, by path parameter: the same in each operation."""
        scopes = [
            {name: one for name, one in operation.resources.items() if one != resource}
            for operation in self.operations
            if operation.semantics.get("resource") == resource
        ]
        return scopes[0] if scopes and all(one == scopes[0] for one in scopes) else {}

    def find(self, raw_path: bytes) -> tuple[PathItem, dict[str, str]] | None:
        """Return the path item that a request target leads to, with its path parameters."""
        quoted = raw_path.decode("latin-1")
        if not quoted.startswith(f"{self.base_path}/"):
            return None
        # Split first, decode then: %2F is a part of a segment.
        segments = [unquote(part) for part in quoted[len(self.base_path) + 1 :].split("/")]
        for item in self.paths.get(len(segments), ()):
            values = item.match(segments)
            if values is not None:
                return item, values
        return None

    def find_operation(self, method: str, raw_path: bytes) -> Operation | None:
        """Return the operation that a request asks for."""
        found = self.find(raw_path)
        return None if found is None else found[0].operations.get(method)

    @property
    def sample_user(self) -> dict[str, str]:
        """The parameters that name a user, with values of a user that any sandbox knows."""
        names = [name for operation in self.of("issue") for name in operation.semantics["user"]]
        return {name: "1" if index else "clinician@example.com" for index, name in enumerate(names)}

    @property
    def without_semantics(self) -> list[str]:
        """The operations without semantics."""
        return [operation.id for operation in self.operations if not operation.semantics]

    def refuse(self, error: ApiError, operation: Operation | None = None) -> Response:
        """Return the response to a request that fails, as the operation shows it."""
        value = None if operation is None else operation.errors.get(error.status)
        if value is None:
            value = put({}, self.error["type"], type(error).__name__)
            value = put(value, self.error["message"], error.msg or error.phrase)
        elif error.msg:
            value = put(value, self.error["message"], error.msg)
        headers = error.headers
        declared = None if operation is None else operation.responses.get(str(error.status))
        if declared is not None:
            headers = {**declared.headers, **headers}
        return Response(error.status, dump(value), headers)


@cache
def load_document() -> Document:
    """Return the strict document of this distribution."""
    return read_document(heidi_spec.load("strict"))


def read_document(root: Node) -> Document:
    """Return what a document says, its operations and all that they need.

    Raises:
        CannotServeError: it says something that the sandbox does not know how to serve.
    """
    return _Reader(root).document()


class _Reader:
    def __init__(self, root: Node) -> None:
        self._root = root
        self._taken = Schemas(root, "readOnly")
        self._returned = Schemas(root, "writeOnly")
        components = root.get("components", {})
        self._schemes = {
            name: _scheme(name, self._returned.follow(one))
            for name, one in components.get("securitySchemes", {}).items()
        }
        semantics = {
            name: one[SEMANTICS]
            for name, one in components.get("schemas", {}).items()
            if SEMANTICS in one
        }
        self._resources = {
            one.get("parameter", one["id"]): name for name, one in semantics.items() if "id" in one
        }
        shown = next((one["error"] for one in semantics.values() if "error" in one), _OWN_ERROR)
        self._error = {word: split(pointer) for word, pointer in shown.items()}

    def document(self) -> Document:
        items = [
            self._path_item(template, self._taken.root["paths"][template], node)
            for template, node in self._returned.root["paths"].items()
        ]
        by_length: dict[int, list[PathItem]] = {}
        # A literal path comes first: one with a parameter in the same place matches it as well.
        for item in sorted(items, key=lambda item: len(item.names)):
            by_length.setdefault(len(item.segments), []).append(item)
        base_path = urlsplit(str(self._root["servers"][0]["url"])).path.rstrip("/")
        document = Document(
            self._root, base_path, by_length, self._returned, self._schemes, self._error
        )
        _fill_errors(document)
        return document

    def _path_item(self, template: str, taken: Node, returned: Node) -> PathItem:
        parts = template.removeprefix("/").split("/")
        methods = [method for method in _METHODS if method in returned]
        shared = taken.get("parameters", [])
        return PathItem(
            template=template,
            segments=tuple(None if part.startswith("{") else part for part in parts),
            names=tuple(part.strip("{}") for part in parts if part.startswith("{")),
            operations={
                method.upper(): self._operation(
                    method, template, shared, taken[method], returned[method]
                )
                for method in methods
            },
        )

    def _operation(
        self, method: str, template: str, shared: list[Node], taken: Node, returned: Node
    ) -> Operation:
        named = {
            (one["in"], one["name"]): one
            for one in map(self._taken.follow, (*shared, *taken.get("parameters", ())))
        }
        ids = {
            name: self._resources[name]
            for place, name in named
            if place == "path" and name in self._resources
        }
        parameters = [
            self._parameter(one)
            for (place, name), one in named.items()
            if not (place == "path" and name in ids)
            and not (place == "header" and name.lower() in _NO_PARAMETERS)
        ]
        responses = {
            status: self._response(status, self._returned.follow(one))
            for status, one in returned["responses"].items()
        }
        security = returned.get("security", self._root.get("security", []))
        return Operation(
            id=returned["operationId"],
            method=method.upper(),
            template=template,
            schemes=tuple(self._schemes[name] for name in (security[0] if security else ())),
            parameters=tuple(parameters),
            resources=ids,
            body=self._body(taken["requestBody"]) if "requestBody" in taken else None,
            responses=responses,
            success=_success(responses),
            semantics=returned.get(SEMANTICS, {}),
            errors={},
        )

    def _parameter(self, node: Node) -> Parameter:
        name, place = node["name"], node["in"]
        if place == "cookie":
            raise CannotServeError(f"parameter {name}: cookies are not served")
        schema = node.get("schema", {})
        for media in node.get("content", {}).values():
            schema = media["schema"]
        sent, convert = self._conversion(node, schema)
        return Parameter(
            name=name,
            place=place,
            required=node.get("required", False),
            default=self._taken.flat(schema).get("default"),
            sent=frozenset(sent),
            convert=convert,
            validator=self._taken.validator(schema),
        )

    def _conversion(
        self, node: Node, schema: Node
    ) -> tuple[Iterable[str], Callable[[Mapping[str, Sequence[str]]], Any]]:
        """Return the names under which a parameter is sent, and how its strings are read."""
        name = node["name"]
        style = node.get("style", "form" if node["in"] == "query" else "simple")
        types = set[str]() if "content" in node else self._taken.types(schema)
        if "object" in types and style == "deepObject":
            read_by_name = {
                f"{name}[{inner}]": (inner, _reader(self._taken.types(one)))
                for inner, one in self._taken.properties(schema).items()
            }
            return read_by_name, partial(_read_object, read_by_name)
        if "object" in types or style not in _SEPARATORS:
            raise CannotServeError(f"parameter {name}: style {style} is not served")
        if "array" not in types:
            read = _json_reader(name) if "content" in node else _reader(types)
            return [name], lambda texts: read(_only(name, texts[name]))
        read = _reader(self._taken.types(self._taken.flat(schema).get("items", {})))
        if node.get("explode", style == "form"):
            return [name], lambda texts: [read(text) for text in texts[name]]
        separator = _SEPARATORS[style]
        return [name], lambda texts: [
            read(text) for text in _only(name, texts[name]).split(separator)
        ]

    def _body(self, reference: Node) -> Body:
        node = self._taken.follow(reference)
        media = _json_media(node)
        schema = media.get("schema", {})
        return Body(
            required=node.get("required", False),
            media_types=frozenset(one.partition(";")[0].lower() for one in node["content"]),
            schema=schema,
            shape=self._taken.shape(schema),
            validator=self._taken.validator(schema) if media else None,
        )

    def _response(self, status: str, node: Node) -> DeclaredResponse:
        headers = {
            name.lower(): self._returned.follow(one)
            for name, one in node.get("headers", {}).items()
        }
        media = _json_media(node)
        schema = media.get("schema", {})
        media_type = "application/json" if media else next(iter(node.get("content", ())), None)
        content = media or node.get("content", {}).get(media_type, {})
        return DeclaredResponse(
            status=int(status.replace("X", "0").replace("default", "200")),
            media_type=media_type,
            schema=schema,
            example=self._example(content),
            headers={
                name: self._header(one)
                for name, one in headers.items()
                if name not in _OWN_HEADERS and (one.get("required") or status.startswith("2"))
            },
            validator=self._returned.validator(schema) if media else None,
        )

    def _header(self, header: Node) -> str:
        value = self._example(header)
        if value is None:
            value = self._returned.smallest(header.get("schema", {}))
        items = value if is_list(value) else [value]
        return ",".join(one if isinstance(one, str) else dump(one).decode() for one in items)

    def _example(self, media: Node) -> Any:
        for example in media.get("examples", {}).values():
            return self._returned.follow(example).get("value")
        return media.get("example")


_OWN_ERROR: Final = {"type": "/type", "message": "/message"}


def _fill_errors(document: Document) -> None:
    """Give each operation an example of each error, its own or that of another operation."""
    by_status: dict[int, Any] = {}
    for operation in document.operations:
        for status, response in operation.responses.items():
            if status.isdecimal() and response.status >= 400 and response.example is not None:
                operation.errors[response.status] = response.example
                by_status.setdefault(response.status, response.example)
    for operation in document.operations:
        named = [operation.semantics.get("resource"), *operation.resources.values()]
        resource = next(filter(None, named), None)
        for reader in document.of("read", resource):
            operation.errors.update({**reader.errors, **operation.errors})
        operation.errors.update({**by_status, **operation.errors})


def _success(responses: Mapping[str, DeclaredResponse]) -> DeclaredResponse:
    """Return the first response of success."""
    for status, response in responses.items():
        if status.startswith("2"):
            return response
    return responses.get("default", _NOTHING)


_NOTHING: Final = DeclaredResponse(204, None, {}, None, {}, None)


def _json_media(node: Node) -> Node:
    """Return what is said of JSON among the media types of a body."""
    content: dict[str, Node] = node.get("content", {})
    for media_type, media in content.items():
        name = media_type.partition(";")[0].lower()
        if name == "application/json" or name.endswith("+json"):
            return media
    return {}


def _scheme(name: str, node: Node) -> Scheme:
    if node["type"] == "http":
        return Scheme(name, "Authorization", node["scheme"].lower(), b"authorization")
    if node["type"] == "apiKey" and node["in"] == "header":
        return Scheme(name, node["name"], "", node["name"].lower().encode())
    raise CannotServeError(f"security scheme {name}: {node['type']} is not served; use a header")


def _reader(types: set[str]) -> Read:
    """Return a function that converts a string to one of some types if it can."""
    if "string" in types or not types:
        return str
    numbers = _NUMBER if "number" in types else _INTEGER if "integer" in types else None
    words = {"true": True, "false": False} if "boolean" in types else {}

    def read(text: str) -> Any:
        if numbers is not None and numbers.fullmatch(text):
            return parse(text.encode())
        return words.get(text, text)

    return read


def _only(name: str, texts: Sequence[str]) -> str:
    if len(texts) > 1:
        raise InvalidRequestError(f"{name} must be given once")
    return texts[0]


def _read_object(
    read_by_name: Mapping[str, tuple[str, Read]], texts: Mapping[str, Sequence[str]]
) -> Node:
    pairs = [(*read_by_name[name], text) for name, (text, *_) in texts.items()]
    return {inner: read(text) for inner, read, text in pairs}


def _json_reader(name: str) -> Read:
    def read(text: str) -> Any:
        try:
            return parse(text.encode())
        except (MalformedJsonError, UnicodeEncodeError):
            raise InvalidRequestError(f"{name} must be JSON") from None

    return read


def _unquoted(name: str, text: str) -> str:
    try:
        return unquote_to_bytes(text.replace("+", " ")).decode()
    except UnicodeDecodeError:
        raise InvalidRequestError(f"{name} must be UTF-8") from None
