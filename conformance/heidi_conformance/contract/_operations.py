"""The operations of the documents: their requests and responses."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, field
from functools import cached_property, lru_cache
from typing import Any, cast
from urllib.parse import unquote

from heidi_conformance._verdict import CannotJudgeError, Level

from ._document import (
    SAID,
    Json,
    as_id,
    expanded,
    load,
    operations,
    pointed,
    property_of,
    without,
)
from ._schemas import first, kinds

# What the strict document may add to any operation; another error status is the owner's own.
USUAL = frozenset(map(str, (400, 401, 403, 404, 405, 413, 415, 422, 429)))
HIGHEST = 2**31 - 1
STATEFUL = ("create", "read", "update", "list")


@dataclass(frozen=True)
class Resource:
    """A component schema that operations create, read, update, list and delete.

    id: the property that names one. parameter: the path parameter that carries it.
    owner: the security scheme that says whose it is. unknown: an id that none has.
    created, updated: properties with instants.
    """

    name: str
    id: str
    parameter: str
    owner: str
    unknown: str
    created: str = ""
    updated: str = ""

    @property
    def noun(self) -> str:
        """What it is called in a sentence: a `NoteTemplate` is a note template."""
        return re.sub("(?<=[a-z0-9])(?=[A-Z])", " ", self.name).lower()


@dataclass(frozen=True, eq=False)
class Parameter:
    """A parameter.

    where: `path`, `query`, `header` or `cookie`. values: those of its examples. plain: whether it
    is written as usual. explode: whether an array repeats the name.
    """

    name: str
    where: str
    required: bool
    schema: Json
    values: tuple[Any, ...] = ()
    plain: bool = True
    explode: bool = True

    def is_named(self, name: str) -> bool:
        """Whether a name is its own; that of a header has no case."""
        if self.where == "header":
            return name.lower() == self.name.lower()
        return name == self.name

    @property
    def sample(self) -> Any:
        """A value that fits."""
        return self.values[0] if self.values else first(self.schema, self.name)


@dataclass(frozen=True)
class Body:
    """A request body. optional: whether it may be left out; said: whether the page says that."""

    schema: Json
    optional: bool
    said: bool
    samples: tuple[Any, ...] = ()

    @property
    def least(self) -> Any:
        """The properties of the sample that are required, and no other."""
        sample = self.samples[0] if self.samples else first(self.schema)
        if not isinstance(sample, dict):
            return sample
        needed = self.schema.get("required", ())
        known = cast("Json", sample)
        return {
            name: known.get(name, first(self.schema["properties"][name], name)) for name in needed
        }


@dataclass(frozen=True)
class Page:
    """The words of a list: names of parameters, and pointers into the response."""

    items: str = ""
    size: str = ""
    token: str = ""
    next: str = ""
    more: str = ""
    count: str = ""
    total: str = ""

    @property
    def spelled(self) -> "Page":
        """How the words are spelled in a sentence."""
        return Page(*(f"`{pointer.rpartition('/')[2]}`" for pointer in astuple(self)))


@dataclass(frozen=True)
class Operation:
    """One method of one path.

    method: in capitals. scheme: the security scheme that it asks for, empty where it asks for none.
    responses: by status, with references resolved. semantics: `x-semantics`, empty without.
    documented: whether the base document has it, from the vendor's page.
    """

    id: str
    method: str
    path: str
    tag: str
    scheme: str
    parameters: tuple[Parameter, ...]
    body: Body | None
    responses: Mapping[str, Json]
    semantics: Json = field(default_factory=Json)
    documented: bool = False

    @property
    def action(self) -> str:
        """What it does, `create` to `issue`; empty without semantics."""
        return str(self.semantics.get("action", ""))

    @cached_property
    def resource(self) -> Resource | None:
        """The resource that it is about: by its semantics, or by its last path parameter."""
        named = RESOURCES.get(str(self.semantics.get("resource")))
        return named or next(iter([*self.owned.values()][::-1]), None)

    @cached_property
    def ids(self) -> tuple[str, ...]:
        """The names of its path parameters, in the order of the path."""
        return tuple(part[1:-1] for part in self.path.split("/") if is_parameter(part))

    @cached_property
    def owned(self) -> Mapping[str, Resource]:
        """The resources that its path names, by the parameter."""
        return {name: RESOURCE_OF[name] for name in self.ids if name in RESOURCE_OF}

    @cached_property
    def free(self) -> tuple[Parameter, ...]:
        """Its parameters in the query and in headers, without those of the page."""
        page = (self.page.size, self.page.token)
        return tuple(
            item
            for item in self.parameters
            if item.where in ("query", "header") and item.name not in page
        )

    @property
    def place(self) -> tuple[str, str, str]:
        """The keys that lead to it in a document."""
        return "paths", self.path, self.method.lower()

    @property
    def writes(self) -> bool:
        """Whether it may change something."""
        return self.method not in ("GET", "HEAD", "OPTIONS")

    @cached_property
    def page(self) -> Page:
        """The words of the list that it shows."""
        return Page(**self.semantics.get("page", {}))

    def declares(self, status: int) -> bool:
        """Whether the document has a response of this status, by itself or by its class."""
        return bool({str(status), f"{status // 100}XX", "default"} & self.responses.keys())

    def doubtful(self, status: int) -> bool:
        """Whether the owner of the document declares an error that no rule has, such as 409."""
        own = str(status) not in USUAL or (status == 403 and self.action != "list")
        return status >= 400 and own and self.declares(status)

    @property
    def success(self) -> tuple[str, ...]:
        """The declared statuses of success."""
        return tuple(status for status in self.responses if status.startswith("2"))

    @property
    def least(self) -> Any:
        """The smallest body that fits, None without a body."""
        return self.body.least if self.body else None

    def bare(self, level: Level) -> bool:
        """Whether a request without a body is valid at a level."""
        body = self.body
        said = level == "strict" or (body is not None and body.said)
        return body is None or (body.optional and said and not body.least)

    @property
    def properties(self) -> Mapping[str, Json]:
        """The properties of its body."""
        schema: Json = self.body.schema if self.body else {}
        named: Json = schema.get("properties", {})
        return named

    @property
    def size(self) -> Json:
        """The schema of the parameter that says how many items a page holds; empty without."""
        nothing: Json = {}
        named = (item.schema for item in self.parameters if item.name == self.page.size)
        return next(named, nothing)

    def shown(self, content: Any) -> Any:
        """Return the resource that a response shows, None if it shows none."""
        result = self.semantics.get("result")
        return None if result is None else pointed(content, result)

    @property
    def shown_at(self) -> str:
        """Where a response shows the resource, spelled `$.name`, on a page `$.name[*]`."""
        pointer = self.page.items or str(self.semantics.get("result", ""))
        return "$" + pointer.replace("/", ".") + ("[*]" if self.page.items else "")

    def made(self, content: Any) -> str | None:
        """Return the id that a response gives to what it created, None without."""
        return None if self.id_pointer is None else as_id(pointed(content, self.id_pointer))

    @property
    def id_pointer(self) -> str | None:
        """Where a response has the id of its resource."""
        if "id" in self.semantics:
            return str(self.semantics["id"])
        if "result" in self.semantics and self.resource is not None:
            return f"{self.semantics['result']}/{self.resource.id}"
        return None

    def listed(self, content: Any) -> list[Any]:
        """Return the items of a page."""
        items = pointed(content, self.page.items) if self.action == "list" else None
        return [*cast("list[object]", items)] if isinstance(items, list) else []

    def ids_on(self, content: Any) -> list[str]:
        """Return the ids of the resources on a page."""
        name = self.resource.id if self.resource else ""
        ids = (property_of(item, name) for item in self.listed(content))
        return [text for text in map(as_id, ids) if text is not None]

    def error_type(self, status: int | str) -> str | None:
        """Return the type of an error that the document shows by an example, None without."""
        return next((kind for kind, _ in self.errors(status)), None)

    def errors(self, status: int | str) -> Iterator[tuple[str, str]]:
        """Yield type and message of the examples of an error."""
        for example in samples(self.responses.get(str(status), {})):
            if isinstance(kind := error_type(example), str):
                yield kind, error_message(example)


def is_parameter(segment: str) -> bool:
    return segment.startswith("{") and segment.endswith("}")


def error_type(content: Any) -> Any:
    """Return the type of an error response, None if it has none."""
    return pointed(content, ERROR["type"])


def error_message(content: Any) -> Any:
    """Return the message of an error response, None if it has none."""
    return pointed(content, ERROR["message"])


# Reading the documents


def samples(node: Json) -> tuple[Any, ...]:
    """Return the examples of a request body or a response, as JSON."""
    media: Json = node.get("content", {}).get("application/json", {})
    named = [example.get("value") for example in media.get("examples", {}).values()]
    return (*([media["example"]] if "example" in media else []), *named)


def schema_of(node: Json) -> Json | None:
    """Return the schema of a request body or a response, None if it has no JSON."""
    found: Json | None = node.get("content", {}).get("application/json", {}).get("schema")
    return found


def status_of(node: Any, inherited: str = "") -> str:
    """Return the provenance of a node, or what it inherits."""
    return str(property_of(property_of(node, "x-provenance"), "status") or inherited)


def read_resources(document: Json) -> Iterator[Resource]:
    for name, schema in document["components"]["schemas"].items():
        words: Json = schema.get("x-semantics", {})
        if "id" in words:
            parameter = str(words.get("parameter", words["id"]))
            created, updated = str(words.get("created", "")), str(words.get("updated", ""))
            form: Json = expanded(document, schema["properties"][words["id"]])
            known = words["id"], parameter, words["owner"], unknown_id(form)
            yield Resource(name, *known, created, updated)


def unknown_id(schema: Json) -> str:
    """Return an id of the usual form that none has: the longest example, ended otherwise.

    Servers count integers up from the lowest, and the highest may be more than they can keep.
    """
    if "integer" in kinds(schema):
        return str(min(schema.get("maximum", HIGHEST), HIGHEST))
    shown = schema.get("examples") or [str(first(schema)).replace(" ", "-")]
    example = max(map(str, shown), key=len)
    return example[:-1] + ("1" if example.endswith("0") else "0")


def read_operations(document: Json, base: Json) -> Iterator[Operation]:
    said = {
        operation["operationId"]: (item, operation)
        for item, operation in (
            (base["paths"][path], operation) for _, path, operation in operations(base)
        )
    }
    for method, path, raw in operations(document):
        node: Json = expanded(document, raw)
        shared: list[Json] = expanded(document, document["paths"][path].get("parameters", []))
        _, of_base = said.get(node["operationId"], ({}, {}))
        security: Sequence[Json] = node.get("security", document.get("security")) or ()
        yield Operation(
            node["operationId"],
            method.upper(),
            path,
            next(iter(node.get("tags", [])), ""),
            next((name for need in security for name in need), ""),
            tuple(map(read_parameter, (*shared, *node.get("parameters", [])))),
            read_body(without(document, node.get("requestBody"), "readOnly"), of_base),
            without(document, node["responses"], "writeOnly"),
            node.get("x-semantics", {}),
            status_of(of_base) in SAID and node.get("x-semantics", {}).get("action") != "issue",
        )


def read_parameter(node: Json) -> Parameter:
    schema: Json = node.get("schema", {})
    named = [example.get("value") for example in node.get("examples", {}).values()]
    values = [
        *([node["example"]] if "example" in node else []),
        *named,
        *schema.get("examples", []),
    ]
    style = node.get("style", "form")
    return Parameter(
        node["name"],
        node["in"],
        bool(node.get("required")),
        schema,
        tuple(values),
        "schema" in node and style in ("form", "simple"),
        bool(node.get("explode", style == "form")),
    )


def read_body(node: Json | None, of_base: Json) -> Body | None:
    schema = None if node is None else schema_of(node)
    if node is None or schema is None:
        return None
    said = status_of(of_base.get("requestBody"), status_of(of_base)) in SAID
    return Body(schema, not node.get("required"), said, samples(node))


def read_error(document: Json) -> tuple[str, Json]:
    """Return the schema of an error by its name, and the pointers to type and message."""
    for name, schema in document["components"]["schemas"].items():
        words: Json = schema.get("x-semantics", {})
        if "error" in words:
            return name, cast("Json", words["error"])
    raise CannotJudgeError("no schema of the document has x-semantics with error; add it")


STRICT = load("strict")
TITLE: str = STRICT["info"]["title"]
ERROR_NAME, ERROR = read_error(STRICT)
RESOURCES = {resource.name: resource for resource in read_resources(STRICT)}
RESOURCE_OF = {resource.parameter: resource for resource in RESOURCES.values()}
OPERATIONS = {item.id: item for item in read_operations(STRICT, load("documented"))}
# By path and method. Where two paths fit, the one with more literal segments comes first.
PATHS: dict[str, dict[str, Operation]] = {}
for _operation in sorted(
    OPERATIONS.values(), key=lambda item: [is_parameter(part) for part in item.path.split("/")]
):
    PATHS.setdefault(_operation.path, {})[_operation.method] = _operation


def of(resource: str, action: str) -> Operation | None:
    """Return the operation of a resource with an action, None without."""
    semantics = {"resource": resource, "action": action}
    found = (one for one in OPERATIONS.values() if semantics.items() <= one.semantics.items())
    return next(found, None)


def main_resource() -> tuple[Resource, list[Operation]]:
    """Return the first resource that can be created, read, updated and listed, and by what.

    That is the first in the order of operations. Nested resources, with ids in the path of their
    create or list, do not count.
    """
    named = dict.fromkeys(item.semantics.get("resource", "") for item in OPERATIONS.values())
    for resource in (RESOURCES[name] for name in named if name in RESOURCES):
        found = [item for action in STATEFUL if (item := of(resource.name, action))]
        below = [item for item in found if item.action in ("create", "list") and item.ids]
        if len(found) == len(STATEFUL) and not below:
            return resource, found
    raise CannotJudgeError(
        "no resource of the document has x-semantics for create, read, update and list, and a"
        " create and a list without ids in their paths; add them"
    )


# The resource that a run begins with, and its operations.
MAIN, (_create, _read, _update, _list) = main_resource()
CREATE, READ, UPDATE, LIST = _create.id, _read.id, _update.id, _list.id
# The operation that issues tokens; one without an id where tokens come from elsewhere.
ISSUER = next(
    (item for item in OPERATIONS.values() if item.action == "issue"),
    Operation("", "GET", "", "", "", (), None, {}, {"user": (), "token": "/", "expires": "/"}),
)
ISSUE = ISSUER.id
# The header that carries the key for which tokens are issued.
KEY_HEADER: str = STRICT["components"]["securitySchemes"][ISSUER.scheme]["name"] if ISSUE else ""
# Operations that only the rules for all operations judge, and those that need another credential.
OTHERS = tuple(
    item.id
    for item in OPERATIONS.values()
    if item.id not in (CREATE, READ, UPDATE, LIST, ISSUE) and item.scheme in ("", MAIN.owner)
)
EVERY = (CREATE, READ, UPDATE, LIST, *OTHERS)
UNJUDGED = tuple(OPERATIONS.keys() - {ISSUE, *EVERY})
DELETES = tuple(name for name in OTHERS if OPERATIONS[name].action == "delete")
# Those with a parameter in the query or a header that has no rule of its own.
PARAMETERS = tuple(name for name in EVERY if OPERATIONS[name].free)


@dataclass(frozen=True)
class Refusal:
    """An error that the document shows: its status, type and message."""

    status: int
    type: str
    message: str


# The response of the list to an unlinked user, None if any user may list.
UNLINKED = next(
    (
        Refusal(int(status), kind, message)
        for status in _list.responses
        if status.isdigit()
        for kind, message in _list.errors(status)
        if kind == _list.semantics.get("unlinked")
    ),
    None,
)


@dataclass(frozen=True)
class Route:
    """The path and parameters of a target.

    path: of the document, empty where it has none. values: by parameter.
    """

    path: str = ""
    values: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def methods(self) -> Mapping[str, Operation]:
        """The operations of the path, by their method."""
        return PATHS.get(self.path, {})


@lru_cache(maxsize=4096)
def route(target: str) -> Route:
    """Return the path and parameters of a target, with or without a query."""
    segments = target.partition("?")[0].split("/")
    for path in PATHS:
        values = fitted(path.split("/"), segments)
        if values is not None:
            return Route(path, values)
    return Route()


def fitted(template: Sequence[str], segments: Sequence[str]) -> dict[str, str] | None:
    """Return the values of the parameters of a path, None if the segments are of another."""
    if len(template) != len(segments):
        return None
    values: dict[str, str] = {}
    for part, segment in zip(template, segments, strict=True):
        text = unquote(segment, errors="replace")
        if is_parameter(part) and text:
            values[part[1:-1]] = text
        elif part != text:
            return None
    return values
