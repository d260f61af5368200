"""Tell the nodes of an OpenAPI 3.1 document from data that only looks like them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from heidi_spec_tools.documents import Json

Pointer: TypeAlias = tuple[str | int, ...]

METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_ANY: Final = "*"

# Kind of node -> property -> kind of what is there, or of each item where a list is there.
_SCHEMA: Final = {
    **dict.fromkeys(("allOf", "anyOf", "oneOf", "not", "if", "then", "else"), "schema"),
    **dict.fromkeys(("items", "prefixItems", "contains", "unevaluatedItems"), "schema"),
    **dict.fromkeys(("additionalProperties", "unevaluatedProperties", "propertyNames"), "schema"),
    **dict.fromkeys(("$defs", "dependentSchemas"), "schemas"),
    **dict.fromkeys(("properties", "patternProperties"), "properties"),
    "contentSchema": "schema",
}
_VALUE: Final = {"schema": "schema", "examples": "examples"}
_CHILDREN: Final[dict[str, dict[str, str]]] = {
    "document": {
        "info": "info",
        "servers": "server",
        "tags": "tag",
        "paths": "paths",
        "webhooks": "path items",
        "components": "components",
    },
    "paths": {_ANY: "path item"},
    "path items": {_ANY: "path item"},
    "path item": {
        "parameters": "parameter",
        "servers": "server",
        **dict.fromkeys(METHODS, "operation"),
    },
    "operation": {
        "parameters": "parameter",
        "requestBody": "request body",
        "responses": "responses",
        "callbacks": "callbacks",
        "servers": "server",
    },
    "callbacks": {_ANY: "callback"},
    "callback": {_ANY: "path item"},
    "parameters": {_ANY: "parameter"},
    "parameter": {**_VALUE, "content": "content"},
    "headers": {_ANY: "header"},
    "header": {**_VALUE, "content": "content"},
    "request bodies": {_ANY: "request body"},
    "request body": {"content": "content"},
    "responses": {_ANY: "response"},
    "named responses": {_ANY: "response"},
    "response": {"headers": "headers", "content": "content", "links": "links"},
    "content": {_ANY: "media type"},
    "media type": {**_VALUE, "encoding": "encodings"},
    "encodings": {_ANY: "encoding"},
    "encoding": {"headers": "headers"},
    "examples": {_ANY: "example"},
    "links": {_ANY: "link"},
    "link": {"server": "server"},
    "schemas": {_ANY: "schema"},
    "schema": _SCHEMA,
    "properties": {_ANY: "property"},
    "property": _SCHEMA,
    "security schemes": {_ANY: "security scheme"},
    "components": {
        "schemas": "schemas",
        "responses": "named responses",
        "parameters": "parameters",
        "examples": "examples",
        "requestBodies": "request bodies",
        "headers": "headers",
        "securitySchemes": "security schemes",
        "links": "links",
        "callbacks": "callbacks",
        "pathItems": "path items",
    },
}
# Of the nodes whose properties are named by the author, those where `x-…` is still an extension.
_EXTENSIBLE: Final = frozenset({"paths", "callback", "responses"})
_MAPS: Final = {kind for kind, fields in _CHILDREN.items() if _ANY in fields} - _EXTENSIBLE


@dataclass(frozen=True, slots=True)
class Node:
    """An object of the specification: its kind, its place and its content."""

    kind: str
    pointer: Pointer
    value: dict[str, Json]

    @property
    def place(self) -> str:
        """Where the node is, as `#/paths/~1sessions/post`."""
        return place(self.pointer)

    @property
    def provenance(self) -> Json:
        """What the node itself says about where it comes from, None if it says nothing."""
        return None if self.kind in _MAPS else self.value.get("x-provenance")

    def children(self) -> Iterator[Node]:
        """Yield the nodes right below, in the order of the document."""
        kinds = _CHILDREN.get(self.kind, {})
        for name, value in self.value.items():
            if self.kind in _EXTENSIBLE and name.startswith("x-"):
                continue
            kind = kinds.get(name) or kinds.get(_ANY)
            if kind:
                yield from self._nodes(kind, name, value)

    def _nodes(self, kind: str, name: str, value: Json) -> Iterator[Node]:
        if isinstance(value, dict):
            yield Node(kind, (*self.pointer, name), value)
        elif isinstance(value, list):
            for index, item in enumerate(value):
                if isinstance(item, dict):
                    yield Node(kind, (*self.pointer, name, index), item)

    def descendants(self) -> Iterator[Node]:
        """Yield the node itself and all below it, top down."""
        waiting: list[Node] = [self]
        while waiting:
            node = waiting.pop()
            yield node
            waiting.extend(reversed(list(node.children())))


class Document:
    """A self-contained OpenAPI 3.1 document and its nodes; references are not followed."""

    def __init__(self, root: dict[str, Json]) -> None:
        self.root = root
        self.nodes = tuple(Node("document", (), root).descendants())

    def of(self, *kinds: str) -> list[Node]:
        """Return the nodes of some kinds, in the order of the document."""
        return [node for node in self.nodes if node.kind in kinds]

    def chain(self, node: Node) -> Iterator[Node]:
        """Yield the node, what it refers to, and so on; a dangling or circular end is left out."""
        seen: set[Pointer] = set()
        current: Node | None = node
        while current and current.pointer not in seen:
            seen.add(current.pointer)
            yield current
            current = self.target(current)

    def target(self, node: Node) -> Node | None:
        """Return what the node's `$ref` names, or None if it has none or it dangles."""
        pointer = reference(node)
        if pointer is None:
            return None
        try:
            value = find(self.root, pointer)
        except LookupError:
            return None
        return Node(node.kind, pointer, value) if isinstance(value, dict) else None


def reference(node: Node) -> Pointer | None:
    """Return the pointer that the node's `$ref` holds, if it has one."""
    ref = node.value.get("$ref")
    return pointer_of(ref) if isinstance(ref, str) else None


def follow(root: dict[str, Json], value: Json, at: Pointer = ()) -> tuple[Pointer, dict[str, Any]]:
    """Return where references lead, and what is there.

    A nullable reference (`oneOf` it and null) is followed too. A dangling or circular reference is
    returned as it is.

    Args:
        value: what is at a place.
        at: the place.
    """
    seen: set[Pointer] = set()
    while True:
        node = as_object(value)
        choices = [
            ((*at, word, index), as_object(each))
            for word in ("oneOf", "anyOf")
            for index, each in enumerate(as_list(node.get(word)))
            if as_object(each).get("type") != "null"
        ]
        if len(choices) == 1:
            ((at, node),) = choices
        pointer = pointer_of(str(node.get("$ref", "")))
        if pointer is None or pointer in seen:
            return at, node
        seen.add(pointer)
        try:
            value, at = find(root, pointer), pointer
        except LookupError:
            return at, node


class Operation(NamedTuple):
    """An operation, as a document has it; the references of its parameters are followed."""

    path: str
    method: str
    value: dict[str, Any]
    parameters: tuple[dict[str, Any], ...]

    @property
    def id(self) -> str:
        """The operationId, or method and path."""
        return str(self.value.get("operationId", self.request))

    @property
    def request(self) -> str:
        """Method and path."""
        return f"{self.method.upper()} {self.path}"

    def parameters_in(self, place: str) -> list[Mapping[str, Any]]:
        """Return the parameters in the path, the query or the headers."""
        return [parameter for parameter in self.parameters if parameter["in"] == place]


def operations_of(root: dict[str, Json]) -> Iterator[Operation]:
    """Yield the operations of the paths of a document, in its order."""
    for path, item in as_object(root.get("paths")).items():
        for method, value in as_object(item).items():
            if method in METHODS:
                found = parameters_of(root, item, value)
                yield Operation(path, method, as_object(value), tuple(found))


def parameters_of(root: dict[str, Json], item: Json, operation: Json) -> list[dict[str, Any]]:
    """Return the parameters of a path, and those of an operation, which replace them."""
    owners = (as_object(item), as_object(operation))
    listed = [each for owner in owners for each in as_list(owner.get("parameters"))]
    followed = [follow(root, each)[1] for each in listed]
    named = {(e["in"], e["name"]): e for e in followed if {"in", "name"} <= e.keys()}
    return list(named.values())


def pointer_of(ref: str) -> Pointer | None:
    """Split a reference such as `#/components/schemas/Patient`; None if it is not a pointer."""
    if ref != "#" and not ref.startswith("#/"):
        return None
    tokens = ref.removeprefix("#").split("/")[1:]
    return tuple(unquote(token).replace("~1", "/").replace("~0", "~") for token in tokens)


def find(root: Json, pointer: Pointer) -> Json:
    """Return what a pointer leads to.

    Raises:
        LookupError: the pointer leads nowhere; names the first token that is not found.
    """
    value = root
    for token in map(str, pointer):
        if isinstance(value, dict) and token in value:
            value = value[token]
        elif isinstance(value, list) and token.isdecimal() and int(token) < len(value):
            value = value[int(token)]
        else:
            raise LookupError(token)
    return value


def place(pointer: Iterable[str | int]) -> str:
    """Join a pointer: `#/paths/~1sessions/post`."""
    return "#" + "".join(
        "/" + str(token).replace("~", "~0").replace("/", "~1") for token in pointer
    )


def as_list(value: Json) -> list[Json]:
    """Return a list as it is, and for anything else an empty one."""
    return value if isinstance(value, list) else []


def as_object(value: Json) -> dict[str, Json]:
    """Return an object as it is, and for anything else an empty one."""
    return value if isinstance(value, dict) else {}
