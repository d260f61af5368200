"""What a document says about its operations and resources, as plain data for heidi_generated.

The client document gives names and what the client knows; the strict document gives the schemas of
requests, every status and the errors.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any, Final, TypeGuard

from openapi_python_client.strings import PythonIdentifier

from scripts.nodes import METHODS, find, pointer_of
from scripts.values import Values

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

KEY: Final = "x-semantics"
JSON: Final = "application/json"
PREFIX: Final = "field_"
"""What the generator puts before a name that is no Python name."""

_DROPPED: Final = frozenset({"x-provenance"})
_SCHEMAS: Final = "#/components/schemas/"


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """A parameter of an operation."""

    name: str
    keyword: str
    place: str
    required: bool
    description: str
    schema: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Failure:
    """An error response of an operation: the document's example of it."""

    status: int | None
    description: str
    type: str | None
    message: str | None
    body: Any


@dataclass(frozen=True, kw_only=True)
class Paging:
    """Where a list has its items and counts, and how to ask for the next page."""

    items: str
    size: str
    token: str
    next: str
    more: str | None = None
    count: str | None = None
    total: str | None = None


@dataclass(frozen=True, kw_only=True)
class Issue:
    """How an operation gives tokens out."""

    scheme: str
    user: tuple[str, ...]
    token: str
    expires: str
    header: str


@dataclass(frozen=True, kw_only=True)
class Operation:
    """An operation of the document."""

    id: str
    method: str
    route: str
    tag: str
    action: str | None
    resource: str | None
    client_method: str | None
    summary: str
    parameters: tuple[Parameter, ...]
    body: dict[str, Any] | None
    body_required: bool
    keywords: dict[str, str]
    status: int
    sample: Any
    result: str | None
    id_at: str | None
    page: Paging | None
    unlinked: str | None
    issue: Issue | None
    failures: tuple[Failure, ...]


@dataclass(frozen=True, kw_only=True)
class Resource:
    """A component schema that operations create, read, update, list or delete."""

    name: str
    id: str
    parameter: str
    created: str | None
    updated: str | None
    sample: dict[str, Any]
    initial: dict[str, Any]
    stored_as: dict[str, str]
    columns: tuple[str, ...]
    harmless: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Facts:
    """All that is said."""

    operations: tuple[Operation, ...]
    resources: tuple[Resource, ...]
    schemas: dict[str, Any]
    error_type: str | None
    error_message: str | None


def facts_of(client: dict[str, Any], strict: dict[str, Any]) -> Facts:
    """Read both documents."""
    spec = Spec(client)
    rules = Spec(strict)
    error = rules.error
    operations = tuple(_with_known_failures(list(_operations(spec, rules))))
    resources = tuple(_resources(spec, rules, operations))
    return Facts(
        operations=operations,
        resources=resources,
        schemas={name: rules.schema(node) for name, node in rules.schemas.items()},
        error_type=error.get("type"),
        error_message=error.get("message"),
    )


@dataclass(frozen=True)
class Spec:
    """A document, with its references followed."""

    root: dict[str, Any]
    schemas: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "schemas", part(self.root, "components", "schemas"))

    @property
    def error(self) -> dict[str, str]:
        """Where the error schema has its parts."""
        found = [node[KEY]["error"] for node in self.schemas.values() if "error" in semantics(node)]
        return found[0] if found else {}

    def follow(self, node: Any) -> dict[str, Any]:
        """Follow references, also that of a nullable object, which is `oneOf` it and null."""
        seen: list[str] = []
        while True:
            branches = [one for one in part(node).get("oneOf", ()) if one.get("type") != "null"]
            if len(branches) == 1:
                node = branches[0]
            ref = part(node).get("$ref")
            if not isinstance(ref, str) or ref in seen:
                return part(node)
            seen.append(ref)
            node = find(self.root, pointer_of(ref) or ())

    def operation(self, route: str, method: str) -> dict[str, Any]:
        """Return an operation, empty where there is none."""
        return part(self.root, "paths", route, method)

    def media(self, owner: Any) -> dict[str, Any]:
        """Return what a body is as JSON, empty where it is not."""
        return part(self.follow(owner), "content", JSON)

    def success(self, operation: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        """Return the status of the first success response, and what its body is."""
        for status, response in part(operation, "responses").items():
            if status.startswith("2"):
                return int(status.replace("X", "0")), self.media(response)
        return 200, {}

    def example(self, media: Mapping[str, Any]) -> Any:
        """Return the example of a body, else the smallest value of its schema; None for no body."""
        if not media:
            return None
        if "example" in media:
            return media["example"]
        for example in part(media, "examples").values():
            return self.follow(example).get("value")
        return self.smallest(part(media, "schema"))

    def smallest(self, node: Any) -> Any:
        """Return the smallest value of a schema."""
        return Values(self.root).of(node)

    def schema(self, node: Any) -> dict[str, Any]:
        """Return a schema that refers to `$defs`, without what says where it comes from."""
        copied: dict[str, Any] = _rewritten(node)
        return copied

    def properties(self, node: Any) -> dict[str, Any]:
        """Return the properties of an object."""
        return part(self.follow(node), "properties")


def _rewritten(node: Any) -> Any:
    if _is_object(node):
        return {
            name: value.replace(_SCHEMAS, "#/$defs/") if name == "$ref" else _rewritten(value)
            for name, value in node.items()
            if name not in _DROPPED
        }
    return [_rewritten(item) for item in node] if _is_list(node) else node


def semantics(node: Any) -> dict[str, Any]:
    """Return what a node means, empty where it does not say."""
    return part(node, KEY)


def _is_object(value: Any) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict)


def _is_tuple(value: Any) -> TypeGuard[tuple[Any, ...]]:
    return isinstance(value, tuple)


def _is_list(value: Any) -> TypeGuard[list[Any]]:
    return isinstance(value, list)


def part(node: Any, *names: str) -> dict[str, Any]:
    """Return the object at a path of names, empty where there is none."""
    for name in names:
        node = node.get(name) if _is_object(node) else None
    return node if _is_object(node) else {}


def at(value: Any, pointer: str | None) -> Any:
    """Return what a pointer leads to in a value, None where it leads nowhere."""
    if pointer is None:
        return None
    try:
        return find(value, pointer_of(f"#{pointer}") or ())
    except LookupError:
        return None


def python_name(name: str) -> str:
    """Spell a name of the document as Python has it."""
    return PythonIdentifier(name, prefix=PREFIX)


def literal(value: Any) -> str:
    """Write a value as Python code; what this module describes, as a call of its class."""
    if is_dataclass(value) and not isinstance(value, type):
        parts = [f"{each.name}={literal(getattr(value, each.name))}" for each in fields(value)]
        return f"{type(value).__name__}({', '.join(parts)})"
    if _is_tuple(value):
        return f"({''.join(f'{literal(item)}, ' for item in value)})"
    return repr(value)


# Operations


def _operations(spec: Spec, rules: Spec) -> Iterator[Operation]:
    names = method_names(spec)
    for route, item in part(spec.root, "paths").items():
        for method in METHODS:
            if method in item:
                yield _operation(spec, rules, route, method, names.get((route, method)))


def _operation(
    spec: Spec, rules: Spec, route: str, method: str, client_method: str | None
) -> Operation:
    node = spec.operation(route, method)
    rule = rules.operation(route, method) or node
    said = semantics(node)
    body = rules.media(rule.get("requestBody"))
    status, media = rules.success(rule)
    return Operation(
        id=node.get("operationId", ""),
        method=method.upper(),
        route=route,
        tag=tag_of(node),
        action=said.get("action"),
        resource=said.get("resource"),
        client_method=client_method,
        summary=node.get("summary", ""),
        parameters=tuple(_parameters(rules, route, rule)),
        body=rules.schema(body["schema"]) if "schema" in body else None,
        body_required=bool(rules.follow(rule.get("requestBody")).get("required")),
        keywords={name: python_name(name) for name in rules.properties(part(body, "schema"))},
        status=status,
        sample=rules.example(media),
        result=said.get("result"),
        id_at=said.get("id"),
        page=Paging(**said["page"]) if "page" in said else None,
        unlinked=said.get("unlinked"),
        issue=_issue(spec, node, said) if said.get("action") == "issue" else None,
        failures=tuple(_failures(rules, rule)),
    )


def method_names(spec: Spec) -> dict[tuple[str, str], str]:
    """Name the client's method of each operation but those that issue tokens."""
    found: dict[tuple[str, str], str] = {}
    nodes = {
        (route, method): item[method]
        for route, item in part(spec.root, "paths").items()
        for method in METHODS
        if method in item
    }
    usual = [_usual_name(node) for node in nodes.values()]
    for key, node in nodes.items():
        said = semantics(node)
        if said.get("action") == "issue":
            continue
        name = said.get("method") or _usual_name(node)
        if name is None or (not said.get("method") and usual.count(name) > 1):
            name = f"{attribute_of(node)}.{python_name(node.get('operationId', ''))}"
        found[key] = name
    return found


def _usual_name(node: Mapping[str, Any]) -> str | None:
    action = semantics(node).get("action")
    if action in {None, "act", "issue"}:
        return None
    return f"{attribute_of(node)}.{'get' if action == 'read' else action}"


def tag_of(node: Mapping[str, Any]) -> str:
    """Return the tag that an operation is grouped by."""
    return str((node.get("tags") or ["default"])[0])


def attribute_of(node: Mapping[str, Any]) -> str:
    """Name the attribute of the client for the tag of an operation."""
    return python_name(tag_of(node))


def _parameters(rules: Spec, route: str, rule: Mapping[str, Any]) -> Iterator[Parameter]:
    item = rules.root["paths"][route]
    for each in (*item.get("parameters", ()), *rule.get("parameters", ())):
        node = rules.follow(each)
        yield Parameter(
            name=node["name"],
            keyword=python_name(node["name"]),
            place=node["in"],
            required=bool(node.get("required")),
            description=" ".join(node.get("description", "").split()),
            schema=rules.schema(part(node, "schema")),
        )


def _issue(spec: Spec, node: Mapping[str, Any], said: Mapping[str, Any]) -> Issue:
    schemes = part(spec.root, "components", "securitySchemes")
    names = [name for requirement in node.get("security", ()) for name in requirement]
    headers = [schemes[name]["name"] for name in names if schemes[name].get("in") == "header"]
    return Issue(
        scheme=said["scheme"],
        user=tuple(said["user"]),
        token=said["token"],
        expires=said["expires"],
        header=headers[0] if headers else "Authorization",
    )


def _failures(rules: Spec, rule: Mapping[str, Any]) -> Iterator[Failure]:
    error = rules.error
    for status, response in part(rule, "responses").items():
        if status.startswith(("2", "3")):
            continue
        media = rules.media(response)
        body = rules.example(media)
        shown = bool(media.keys() & {"example", "examples"})
        yield Failure(
            status=int(status) if status.isdecimal() else None,
            description=" ".join(rules.follow(response).get("description", "").split()),
            type=at(body, error.get("type")) if shown else None,
            message=at(body, error.get("message")) if shown else None,
            body=body,
        )


def _with_known_failures(operations: list[Operation]) -> Iterator[Operation]:
    """Give a failure without an example that of the same status and resource elsewhere."""
    known: dict[tuple[str | None, int | None], Failure] = {
        (each.resource, failure.status): failure
        for each in reversed(operations)
        for failure in each.failures
        if failure.type is not None and failure.status is not None
    }
    for each in operations:
        failures = [
            failure if failure.type else _like(failure, known.get((each.resource, failure.status)))
            for failure in each.failures
        ]
        yield replace(each, failures=tuple(failures))


def _like(failure: Failure, known: Failure | None) -> Failure:
    return replace(known, description=failure.description) if known else failure


# Resources


def _resources(spec: Spec, rules: Spec, operations: Iterable[Operation]) -> Iterator[Resource]:
    for name, node in rules.schemas.items():
        said = semantics(node)
        if "id" in said:
            own = [each for each in operations if each.resource == name]
            paths = list(_paths(spec, part(spec.schemas, name) or node, "."))
            yield Resource(
                name=name,
                id=said["id"],
                parameter=said.get("parameter", said["id"]),
                created=said.get("created"),
                updated=said.get("updated"),
                sample=_sample(rules, node, own),
                initial={
                    f"/{path}": semantics(leaf)["initial"]
                    for path, leaf in _paths(rules, node, "/", inner=True)
                    if "initial" in semantics(leaf)
                },
                stored_as=_stored_as(rules, own),
                columns=tuple(path for path, _ in paths),
                harmless=tuple(p for p, leaf in paths if semantics(leaf).get("private") is False),
            )


def _sample(rules: Spec, node: Mapping[str, Any], operations: list[Operation]) -> dict[str, Any]:
    by_action = {each.action: each for each in operations}
    for action in ("read", "create", "update"):
        each = by_action.get(action)
        if each and _is_object(found := at(each.sample, each.result)):
            return copy.deepcopy(found)
    if (listing := by_action.get("list")) and listing.page:
        items = at(listing.sample, listing.page.items)
        if _is_list(items) and items and _is_object(items[0]):
            return copy.deepcopy(items[0])
    smallest: dict[str, Any] = rules.smallest(node)
    return smallest


def _stored_as(rules: Spec, operations: Iterable[Operation]) -> dict[str, str]:
    return {
        name: semantics(node)["stored_as"]
        for each in operations
        if each.body is not None
        for name, node in _body_properties(rules, each).items()
        if "stored_as" in semantics(node)
    }


def _body_properties(rules: Spec, operation: Operation) -> dict[str, Any]:
    node = rules.operation(operation.route, operation.method.lower())
    return rules.properties(part(rules.media(node.get("requestBody")), "schema"))


def _paths(
    spec: Spec, node: Any, joint: str, *, inner: bool = False, seen: tuple[int, ...] = ()
) -> Iterator[tuple[str, Any]]:
    """Yield the path and the schema of each property, of an object those inside it instead."""
    for name, child in spec.properties(node).items():
        nested = spec.properties(child)
        if inner or not nested or id(nested) in seen:
            yield name, child
        if nested and id(nested) not in seen:
            for path, leaf in _paths(spec, child, joint, inner=inner, seen=(*seen, id(nested))):
                yield f"{name}{joint}{path}", leaf
