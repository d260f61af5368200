"""Parts of a document that the generator of heidi_generated refuses, with the place and the fix."""

from __future__ import annotations

import re
from collections import Counter
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

from heidi_spec_tools.nodes import Document, Node, as_list, as_object
from openapi_python_client.parser.properties import ModelProperty
from openapi_python_client.parser.properties.list_property import ListProperty
from openapi_python_client.parser.properties.union import UnionProperty
from openapi_python_client.strings import PythonIdentifier

from scripts.generator.facts import FIELD_PREFIX, python_name, semantics
from scripts.generator.properties import UnsupportedError, others_of, properties_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from openapi_python_client.parser import GeneratorData
    from openapi_python_client.parser.properties.protocol import PropertyProtocol

_IGNORED_HEADERS: Final = frozenset({"accept", "content-type", "authorization"})
_HEADER_NAME: Final = re.compile(r"[\w!#$%&'*+.^`|~-]+", re.ASCII)


def check_document(document: dict[str, Any]) -> None:
    """Refuse what the templates do not support.

    Raises:
        UnsupportedError: with the place of the first such node.
    """
    nodes = Document(document)
    for node in nodes.of(*_SCHEMAS):
        if len(_objects_of(nodes, node)) > 1:
            raise UnsupportedError(
                f"{node.place}: one of several objects is not supported; write one object with the"
                " properties of all"
            )
    for node in nodes.nodes:
        if isinstance(node.value.get("$ref"), str) and nodes.target(node) is None:
            raise UnsupportedError(f"{node.place}: $ref {node.value['$ref']} not found; correct it")
        for kinds, refused, message in _REFUSED:
            if node.kind in kinds and "$ref" not in node.value and refused(node.value):
                raise UnsupportedError(f"{node.place}: {message}")


def check_security(document: dict[str, Any]) -> None:
    """Refuse operations with a credential that the client does not send.

    Comes last: before the semantics, an operation that issues tokens is like any other.

    Raises:
        UnsupportedError: with the place of the first such operation.
    """
    for node in Document(document).of("operation"):
        if node.pointer[0] == "paths" and (scheme := _unsent(document, node.value)):
            raise UnsupportedError(
                f"{node.place}: the client sends bearer tokens, and no credential for {scheme}; "
                "demand a bearer token, or remove the operation"
            )


def _unsent(document: Mapping[str, Any], operation: Mapping[str, Any]) -> str:
    """Name the first security scheme that an operation demands and the client does not serve."""
    if semantics(operation).get("action") == "issue":
        return ""
    schemes = as_object(as_object(document.get("components")).get("securitySchemes"))
    choices = [
        [name for name in each if not _is_bearer(as_object(schemes.get(name)))]
        for each in map(as_object, as_list(operation.get("security", document.get("security"))))
    ]
    return next(chain.from_iterable(choices), "") if all(choices) else ""


def _is_bearer(scheme: Mapping[str, Any]) -> bool:
    said = (scheme.get("type"), str(scheme.get("scheme")).lower())
    return said == ("http", "bearer") or said[0] in ("oauth2", "openIdConnect")


def _objects_of(document: Document, node: Node) -> list[Node]:
    """Return the alternatives of a schema that are objects."""
    found: list[Node] = []
    for each in node.children():
        if each.pointer[-2] in ("oneOf", "anyOf"):
            *_, end = document.chain(each)
            found += _objects_of(document, end) or [end] * _is_object(end.value)
    return found


def _is_object(schema: Mapping[str, Any]) -> bool:
    types = (schema.get("type"), *as_list(schema.get("type")))
    return "object" in types or bool(schema.keys() & {"properties", "allOf"})


def check_models(data: GeneratorData) -> None:
    """Refuse models that cannot be written as modules that import each other.

    Raises:
        UnsupportedError: two models have one module, or a model contains itself.
    """
    modules = dict[str, str]()
    for each in (*data.models, *data.enums):
        name, module = str(each.class_info.name), str(each.class_info.module_name)
        other = modules.setdefault(module, name)
        if name.startswith("ClassVar"):  # attrs reads such an annotation as typing.ClassVar
            raise UnsupportedError(
                f"the schema {name} has a name that starts with ClassVar; rename it"
            )
        if other != name:
            raise UnsupportedError(
                f"the schemas {other} and {name} differ in case only; rename one"
            )
    inner = {str(each.class_info.name): [*_models_in(each)] for each in data.models}
    for name in inner:
        if circle := _circle(name, inner, (name,)):
            raise UnsupportedError(
                f"the schema {' > '.join(circle)} contains itself; write `type: object` in place"
                " of one $ref"
            )


def _circle(name: str, inner: Mapping[str, Sequence[str]], path: tuple[str, ...]) -> Sequence[str]:
    for each in inner.get(name, ()):
        if each == path[0]:
            return (*path, each)
        if each not in path and (found := _circle(each, inner, (*path, each))):
            return found
    return ()


def _models_in(model: ModelProperty) -> Iterator[str]:
    for prop in (*properties_of(model).values(), others_of(model)):
        if prop is not None:
            yield from _models_of(prop)


def _models_of(prop: PropertyProtocol) -> Iterator[str]:
    if isinstance(prop, ModelProperty):
        yield str(prop.class_info.name)
    elif isinstance(prop, ListProperty):
        yield from _models_of(prop.inner_property)
    elif isinstance(prop, UnionProperty):
        for each in prop.inner_properties:
            yield from _models_of(each)


def _is_mixed_enum(schema: Mapping[str, Any]) -> bool:
    types = {type(value) for value in as_list(schema.get("enum"))} - {type(None)}
    return types not in ({str}, {int}, {bool}, set[type]())


def _is_array_of_anything(schema: Mapping[str, Any]) -> bool:
    return "array" in (schema.get("type"), *as_list(schema.get("type"))) and "items" not in schema


def _has_twins(schema: Mapping[str, Any]) -> bool:
    names = Counter(
        (python_name(name), PythonIdentifier(name, FIELD_PREFIX, True))
        for name in as_object(schema.get("properties"))
    )
    return any(count > 1 for count in names.values())


def _is_no_json(node: Mapping[str, Any]) -> bool:
    return [*as_object(node.get("content"))] != ["application/json"]


def _responses_no_json(responses: Mapping[str, Any]) -> bool:
    found = [each for code, each in responses.items() if code.startswith("2")]
    return any(each.get("content") and _is_no_json(each) for each in found)


_SCHEMAS: Final = ("schema", "property")
_PARAMETER: Final = ("parameter",)
_REFUSED: Final[Sequence[tuple[Sequence[str], Callable[[Mapping[str, Any]], object], str]]] = (
    (
        _PARAMETER,
        lambda node: node.get("in") == "cookie",
        "cookie parameters are not supported; send it in the query or a header",
    ),
    (
        _PARAMETER,
        lambda node: "schema" not in node,
        "a parameter must have a schema; write `schema` in place of `content`",
    ),
    (
        _PARAMETER,
        lambda node: node.get("in") == "header" and node["name"].lower() in _IGNORED_HEADERS,
        "OpenAPI ignores a header parameter of this name; remove it",
    ),
    (
        _PARAMETER,
        lambda node: node.get("in") == "header" and not _HEADER_NAME.fullmatch(node["name"]),
        "the name is not valid for a header; rename it",
    ),
    (
        ("request body",),
        _is_no_json,
        "the client sends application/json alone; declare it, or remove the operation",
    ),
    (
        ("responses",),
        _responses_no_json,
        "the client reads application/json alone; declare it, or remove the operation",
    ),
    (
        ("responses",),
        lambda node: not any(code.startswith("2") for code in node),
        "there is no successful response; write one, such as 200 or 204",
    ),
    (
        _SCHEMAS,
        _is_mixed_enum,
        "an enum must hold strings or integers, and not both; correct it",
    ),
    (
        _SCHEMAS,
        lambda node: "prefixItems" in node,
        "prefixItems is not supported; write `items`",
    ),
    (
        _SCHEMAS,
        _is_array_of_anything,
        "an array must have `items`; write `items: {}` for any items",
    ),
    (
        _SCHEMAS,
        lambda node: node.get("format") == "binary",
        "files are not supported; write another format",
    ),
    (
        _SCHEMAS,
        _has_twins,
        "two properties have the same name in Python; rename one",
    ),
)
"""Kinds of node, their unsupported forms, and what to do."""
