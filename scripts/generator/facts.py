"""What a document says about its operations and resources, as plain data for heidi_generated.

The client document gives names and the data of the client; the strict document gives the schemas of
requests, every status and the errors.
"""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any, Final, TypeGuard

from heidi_spec_tools.nodes import follow, operations_of
from heidi_spec_tools.values import Values
from openapi_python_client.strings import PythonIdentifier

from scripts.generator.vocabulary import (
    Failure,
    Issue,
    Operation,
    Paging,
    Parameter,
    Resource,
    value_at,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from heidi_spec_tools import nodes

KEY: Final = "x-semantics"
JSON: Final = "application/json"
FIELD_PREFIX: Final = "field_"
"""The prefix of the generator for a name that is not a Python name."""

MAX_DEPTH: Final = 20
"""Of objects inside objects: a schema may contain itself."""

_DROPPED: Final = frozenset({"x-provenance"})
_SCHEMAS: Final = "#/components/schemas/"


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
        """Follow references."""
        _, found = follow(self.root, node)
        return found

    def operation(self, route: str, method: str) -> dict[str, Any]:
        """Return an operation, empty if there is none."""
        return part(self.root, "paths", route, method)

    def media(self, owner: Any) -> dict[str, Any]:
        """Return what a body is as JSON, empty where it is not."""
        return part(self.follow(owner), "content", JSON)

    def success(self, operation: Mapping[str, Any]) -> tuple[int, Any]:
        """Return the first success response, and its status."""
        for status, response in part(operation, "responses").items():
            if status.startswith("2"):
                return int(status.replace("X", "0")), response
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
        """Return a schema that refers to `$defs`, without provenance."""
        copied: dict[str, Any] = _rewritten(node)
        return copied

    def properties(self, node: Any) -> dict[str, Any]:
        """Return the properties of an object, including those of its `allOf`."""
        return part(Values(self.root).flat(self.follow(node)), "properties")


def _rewritten(node: Any) -> Any:
    if _is_object(node):
        return {
            name: value.replace(_SCHEMAS, "#/$defs/") if name == "$ref" else _rewritten(value)
            for name, value in node.items()
            if name not in _DROPPED
        }
    return [_rewritten(item) for item in node] if _is_list(node) else node


def semantics(node: Any) -> dict[str, Any]:
    """Return the semantics of a node, empty if it has none."""
    return part(node, KEY)


def _is_object(value: Any) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict)


def _is_tuple(value: Any) -> TypeGuard[tuple[Any, ...]]:
    return isinstance(value, tuple)


def _is_list(value: Any) -> TypeGuard[list[Any]]:
    return isinstance(value, list)


def part(node: Any, *names: str) -> dict[str, Any]:
    """Return the object at a path of names, empty if there is none."""
    for name in names:
        node = node.get(name) if _is_object(node) else None
    return node if _is_object(node) else {}


def python_name(name: str) -> str:
    """Spell a name of the document as Python has it."""
    return PythonIdentifier(name, prefix=FIELD_PREFIX)


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
    names = method_names(spec.root)
    strict = {(each.path, each.method): each for each in operations_of(rules.root)}
    for each in operations_of(spec.root):
        key = each.path, each.method
        yield _operation(spec, rules, each, strict.get(key, each), names.get(key))


def _operation(
    spec: Spec, rules: Spec, own: nodes.Operation, other: nodes.Operation, client_method: str | None
) -> Operation:
    node, rule = own.value, other.value
    said = semantics(node)
    body = rules.media(rule.get("requestBody"))
    status, response = rules.success(rule)
    return Operation(
        id=node.get("operationId", ""),
        method=own.method.upper(),
        route=own.path,
        tag=tag_of(node),
        action=said.get("action"),
        resource=said.get("resource"),
        client_method=client_method,
        summary=node.get("summary", ""),
        parameters=tuple(_parameter(rules, each) for each in other.parameters),
        body=rules.schema(body["schema"]) if "schema" in body else None,
        body_required=bool(rules.follow(rule.get("requestBody")).get("required")),
        keywords={name: python_name(name) for name in rules.properties(part(body, "schema"))},
        status=status,
        sample=rules.example(rules.media(response)),
        headers=_headers(rules, response),
        result=said.get("result"),
        id_at=said.get("id"),
        page=Paging(**said["page"]) if "page" in said else None,
        issue=_issue(spec, node, said) if said.get("action") == "issue" else None,
        failures=tuple(_failures(rules, rule)),
    )


def method_names(document: dict[str, Any]) -> dict[tuple[str, str], str]:
    """Name the client's method of each operation but those that issue tokens."""
    found: dict[tuple[str, str], str] = {}
    by_place = {(each.path, each.method): each.value for each in operations_of(document)}
    usual = [_usual_name(node) for node in by_place.values()]
    for key, node in by_place.items():
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


def _parameter(rules: Spec, node: Mapping[str, Any]) -> Parameter:
    return Parameter(
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
            type=value_at(body, error.get("type")) if shown else None,
            message=value_at(body, error.get("message")) if shown else None,
            body=body,
            headers=_headers(rules, response),
        )


def _headers(rules: Spec, response: Any) -> dict[str, str]:
    """Return the headers of a response, those without an example with the smallest value."""
    found: dict[str, str] = {}
    for name, node in part(rules.follow(response), "headers").items():
        header = rules.follow(node)
        if name.lower() != "content-type" and (value := rules.example(header)) is not None:
            found[name] = _in_header(value)
    return found


def _in_header(value: Any) -> str:
    """Write a value as a header carries it, in the style `simple`."""
    if _is_list(value):
        return ",".join(map(_in_header, value))
    if _is_object(value):
        return ",".join(f"{name},{_in_header(each)}" for name, each in value.items())
    return value if isinstance(value, str) else json.dumps(value)


def _with_known_failures(operations: list[Operation]) -> Iterator[Operation]:
    """Give a failure without an example the one of the same status and resource elsewhere."""
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
                sample=_sample(rules, node, own),
                parts=dict(_parts(rules, node)),
                initial={
                    f"/{path}": semantics(leaf)["initial"]
                    for path, leaf in _paths(rules, node, "/", inner=True)
                    if "initial" in semantics(leaf)
                },
                replaced=tuple(
                    f"/{path}"
                    for path, leaf in _paths(rules, node, "/", inner=True)
                    if "replaced" in semantics(leaf)
                ),
                properties=tuple(rules.properties(node)),
                stored_as=_stored_as(rules, own),
                columns=tuple(path for path, _ in paths),
                harmless=tuple(p for p, leaf in paths if semantics(leaf).get("private") is False),
            )


def _sample(rules: Spec, node: Mapping[str, Any], operations: list[Operation]) -> dict[str, Any]:
    by_action = {each.action: each for each in operations}
    for action in ("read", "create", "update"):
        each = by_action.get(action)
        if each and _is_object(found := value_at(each.sample, each.result)):
            return copy.deepcopy(found)
    if (listing := by_action.get("list")) and listing.page:
        items = value_at(listing.sample, listing.page.items)
        if _is_list(items) and items and _is_object(items[0]):
            return copy.deepcopy(items[0])
    smallest: dict[str, Any] = rules.smallest(node)
    return smallest


def _parts(rules: Spec, node: Any, here: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    """Yield the smallest value of each object inside a schema, by its place."""
    schema = rules.follow(node)
    properties = rules.properties(schema)
    if here and properties:
        yield here, rules.smallest({**schema, "type": "object"})
    inner = {f"{here}.{name}".lstrip("."): child for name, child in properties.items()}
    inner |= {f"{here}[]": schema.get("items"), f"{here}.*": schema.get("additionalProperties")}
    for place, child in inner.items():
        if _is_object(child) and depth < MAX_DEPTH:
            yield from _parts(rules, child, place, depth + 1)


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
        known = id(spec.follow(child))
        if inner or not nested or known in seen:
            yield name, child
        if nested and known not in seen:
            for path, leaf in _paths(spec, child, joint, inner=inner, seen=(*seen, known)):
                yield f"{name}{joint}{path}", leaf
