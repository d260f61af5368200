"""The strict document: which paths there are, and what each operation takes and returns."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain
from typing import Any, Final, NamedTuple
from urllib.parse import unquote, unquote_to_bytes, urlsplit

import heidi_spec

from heidi_sandbox._answer import Answer
from heidi_sandbox._errors import ApiError, CannotServeError, InvalidRequestError
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
    word: what stands before the credentials, empty where nothing does.
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

    separator: between the items of an array that is sent as one string, None where each is sent.
    read: from a string to the value, or to one item, or None where it is an object.
    properties: of an object, how to read each of them.
    """

    name: str
    place: str
    required: bool
    default: Any
    read: Read
    is_array: bool
    separator: str | None
    properties: Mapping[str, Read] | None
    validator: Validator

    def value(self, texts: Sequence[str]) -> Any:
        """Return the value that a request gives, or the default.

        Raises:
            InvalidRequestError: it is missing, given twice, or not as documented.
        """
        if not texts:
            if self.required:
                raise InvalidRequestError(f"{self.name} is missing")
            return self.default
        if self.is_array:
            split_ = texts if self.separator is None else texts[0].split(self.separator)
            value: Any = [self.read(text) for text in split_]
        else:
            value = self.read(texts[0])
        if len(texts) > 1 and not (self.is_array and self.separator is None):
            raise InvalidRequestError(f"{self.name} must be given once")
        return self._valid(value)

    def object(self, texts: Mapping[str, list[str]]) -> Any:
        """Return the object that a request gives as one parameter for each property."""
        value = {
            name: read(texts[f"{self.name}[{name}]"][0])
            for name, read in (self.properties or {}).items()
            if texts[f"{self.name}[{name}]"]
        }
        if not value:
            return self.value(())
        return self._valid(value)

    def _valid(self, value: Any) -> Any:
        problem = self.validator.problem(value)
        if problem is not None:
            raise InvalidRequestError(problem._replace(path=(self.name, *problem.path)).at(""))
        return value


@dataclass(frozen=True, slots=True)
class Body:
    """What an operation takes as its body.

    validator: None where the body is not JSON, and so is taken as it is.
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
class Response:
    """What an operation may return with one status.

    media_type: None where there is no body.
    example: the value that it shows, None where it shows none.
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
        """Return how a body breaks the document, quoting none of it; None where it obeys."""
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
    semantics: what `x-semantics` says, empty where there is none.
    errors: the example of each error, by status.
    """

    id: str
    method: str
    template: str
    schemes: tuple[Scheme, ...]
    path: tuple[Parameter, ...]
    query: tuple[Parameter, ...]
    header: tuple[Parameter, ...]
    resources: Mapping[str, str]
    body: Body | None
    responses: Mapping[str, Response]
    success: Response
    semantics: Node
    errors: dict[int, Any]

    def read(
        self, path: Mapping[str, str], query: bytes, header: Callable[[bytes], str | None]
    ) -> dict[str, Any]:
        """Return the value of each parameter; what the document does not name is ignored.

        Raises:
            InvalidRequestError: a parameter is not what the document takes.
        """
        if not (self.path or self.query or self.header):
            return {}
        values = {one.name: one.value([path[one.name]]) for one in self.path}
        for one in self.header:
            text = header(one.name.lower().encode())
            values[one.name] = one.value([] if text is None else [text])
        return values | self._read_query(query) if self.query else values

    def _read_query(self, raw: bytes) -> dict[str, Any]:
        texts: dict[str, list[str]] = {}
        for one in self.query:
            names = [f"{one.name}[{name}]" for name in one.properties or ()] or [one.name]
            texts.update((name, []) for name in names)
        for pair in raw.decode("latin-1").split("&"):
            name, _, text = pair.partition("=")
            name = unquote(name.replace("+", " "))
            if name in texts:
                texts[name].append(_unquoted(name, text))
        return {
            one.name: one.value(texts[one.name]) if one.properties is None else one.object(texts)
            for one in self.query
        }

    def violation(self, answer: Answer) -> str | None:
        """Return how an error breaks the document, quoting none of it; None where it obeys."""
        response = self.responses.get(str(answer.status)) or self.responses.get("default")
        if response is None:
            # That the server failed is no response of the operation, so it is not declared.
            return None if answer.status >= 500 else f"status {answer.status} is not declared"
        for name in response.headers.keys() - answer.headers.keys():
            return f"status {answer.status} lacks the header {name}"
        return response.violation(answer.body)


@dataclass(frozen=True, slots=True)
class PathItem:
    """One path: its segments, None where a parameter stands, and its operations by method."""

    template: str
    segments: tuple[str | None, ...]
    names: tuple[str, ...]
    operations: Mapping[str, Operation]

    @property
    def allow(self) -> str:
        return ", ".join(sorted(self.operations))

    def name(self, method: str) -> str:
        """Return what is logged of a request: of what was sent, a method of the standard alone."""
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
        """Return the path parameters, or None where as many segments are another path."""
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
    def without_semantics(self) -> list[str]:
        """The operations of which nothing says what they do."""
        return [operation.id for operation in self.operations if not operation.semantics]

    def refuse(self, error: ApiError, operation: Operation | None = None) -> Answer:
        """Return the response to a request that fails, as the operation shows it."""
        value = None if operation is None else operation.errors.get(error.status)
        if value is None:
            value = put({}, self.error["type"], type(error).__name__)
            value = put(value, self.error["message"], error.msg or error.phrase)
        elif error.msg:
            value = put(value, self.error["message"], error.msg)
        headers = error.headers
        response = None if operation is None else operation.responses.get(str(error.status))
        if response is not None:
            headers = {**response.headers, **headers}
        return Answer(error.status, dump(value), headers)


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
        places: dict[str, list[Parameter]] = {"path": [], "query": [], "header": [], "cookie": []}
        for (place, name), one in named.items():
            is_id = place == "path" and name in self._resources
            if not is_id and not (place == "header" and name.lower() in _NO_PARAMETERS):
                places[place].append(self._parameter(one))
        if places["cookie"]:
            raise CannotServeError(f"parameter {places['cookie'][0].name}: cookies are not served")
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
            path=tuple(places["path"]),
            query=tuple(places["query"]),
            header=tuple(places["header"]),
            resources={
                name: self._resources[name]
                for place, name in named
                if place == "path" and name in self._resources
            },
            body=self._body(taken["requestBody"]) if "requestBody" in taken else None,
            responses=responses,
            success=_success(responses),
            semantics=returned.get(SEMANTICS, {}),
            errors={},
        )

    def _parameter(self, node: Node) -> Parameter:
        name, place = node["name"], node["in"]
        style = node.get("style", "form" if place in ("query", "cookie") else "simple")
        if "content" in node:
            (media,) = node["content"].values()
            schema, read, is_array, properties = media["schema"], _json_reader(name), False, None
        else:
            schema = node["schema"]
            types = self._taken.types(schema)
            is_array, is_object = "array" in types, "object" in types
            if (is_object and style != "deepObject") or (
                not is_object and style not in _SEPARATORS
            ):
                raise CannotServeError(f"parameter {name}: style {style} is not served")
            items = self._taken.flat(schema).get("items", {}) if is_array else schema
            read = _reader(self._taken.types(items))
            properties = (
                {
                    inner: _reader(self._taken.types(one))
                    for inner, one in self._taken.properties(schema).items()
                }
                if is_object
                else None
            )
        return Parameter(
            name=name,
            place=place,
            required=node.get("required", False),
            default=self._taken.flat(schema).get("default"),
            read=read,
            is_array=is_array,
            separator=None if node.get("explode", style == "form") else _SEPARATORS.get(style),
            properties=properties,
            validator=self._taken.validator(schema),
        )

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

    def _response(self, status: str, node: Node) -> Response:
        headers = {
            name.lower(): self._returned.follow(one)
            for name, one in node.get("headers", {}).items()
        }
        media = _json_media(node)
        schema = media.get("schema", {})
        media_type = "application/json" if media else next(iter(node.get("content", ())), None)
        content = media or node.get("content", {}).get(media_type, {})
        return Response(
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


def _success(responses: Mapping[str, Response]) -> Response:
    """Return the first response that is no error."""
    for status, response in responses.items():
        if status.startswith("2"):
            return response
    return responses.get("default", _NOTHING)


_NOTHING: Final = Response(204, None, {}, None, {}, None)


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
    """Return what reads a value of one of some types; what is of none of them stays a string."""
    if "string" in types or not types:
        return str
    numbers = _NUMBER if "number" in types else _INTEGER if "integer" in types else None
    words = {"true": True, "false": False} if "boolean" in types else {}

    def read(text: str) -> Any:
        if numbers is not None and numbers.fullmatch(text):
            return parse(text.encode())
        return words.get(text, text)

    return read


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
