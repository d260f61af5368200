"""The form that each field of an OpenAPI document must have, as data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from heidi_spec_tools.differences.contract import unnamed

if TYPE_CHECKING:
    from collections.abc import Callable

    from heidi_spec_tools.documents import Json
    from heidi_spec_tools.nodes import Node


def _number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _count(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0


def _schema(value: Json) -> bool:
    return isinstance(value, dict | bool)


def _list_of(form: Callable[[Json], bool]) -> Callable[[Json], bool]:
    return lambda value: isinstance(value, list) and all(map(form, value))


def _map_of(form: Callable[[Json], bool]) -> Callable[[Json], bool]:
    return lambda value: isinstance(value, dict) and all(map(form, value.values()))


def _string(value: Json) -> bool:
    return isinstance(value, str)


def _object(value: Json) -> bool:
    return isinstance(value, dict)


_TYPES: Final = ("null", "boolean", "object", "array", "number", "string", "integer")


def _type(value: Json) -> bool:
    return all(name in _TYPES for name in (value if isinstance(value, list) else [value]))


_FORMS: Final[dict[str, tuple[Callable[[Json], bool], str]]] = {
    "string": (_string, "must be a string"),
    "strings": (_list_of(_string), "must be a list of strings"),
    "list": (lambda value: isinstance(value, list), "must be a list"),
    "flag": (lambda value: isinstance(value, bool), "must be true or false"),
    "number": (_number, "must be a number"),
    "count": (_count, "must be a number of at least 0"),
    "factor": (lambda value: _count(value) and value != 0, "must be a number above 0"),
    "object": (_object, "must be an object"),
    "objects": (_list_of(_object), "must be a list of objects"),
    "object map": (_map_of(_object), "must be an object of objects"),
    "strings map": (_map_of(_list_of(_string)), "must be an object of lists of strings"),
    "schema": (_schema, "must be a schema: an object, true or false"),
    "schemas": (_list_of(_schema), "must be a list of schemas"),
    "schema map": (_map_of(_schema), "must be an object of schemas"),
    "type": (_type, f"must be one of {', '.join(_TYPES)}, or a list of them"),
    "needs": (_map_of(lambda value: isinstance(value, list)), "must be an object of lists"),
}


def _fields(**names: str) -> dict[str, str]:
    return {
        field: form.replace("_", " ") for form, fields in names.items() for field in fields.split()
    }


_SCHEMA: Final = _fields(
    type="type",
    list="enum",
    strings="required",
    flag="uniqueItems deprecated readOnly writeOnly",
    number="minimum maximum exclusiveMinimum exclusiveMaximum",
    count="minLength maxLength minItems maxItems minProperties maxProperties"
    " minContains maxContains",
    factor="multipleOf",
    string="pattern format contentMediaType contentEncoding description title $ref",
    schema="items contains additionalProperties propertyNames not if then else"
    " unevaluatedItems unevaluatedProperties contentSchema",
    schemas="allOf anyOf oneOf prefixItems",
    schema_map="properties patternProperties dependentSchemas $defs",
    strings_map="dependentRequired",
    object="discriminator xml",
)
_FIELDS: Final[dict[str, dict[str, str]]] = {
    "schema": _SCHEMA,
    "property": _SCHEMA,
    "document": _fields(
        object="info components", objects="servers tags security", object_map="webhooks"
    )
    | {"paths": "object"},
    "path item": _fields(
        object="get put post delete options head patch trace", objects="parameters servers"
    ),
    "operation": _fields(
        string="operationId description summary",
        strings="tags",
        flag="deprecated",
        object="requestBody responses",
        object_map="callbacks",
        objects="parameters servers security",
    ),
    "parameter": _fields(
        string="name in style",
        flag="required deprecated explode allowReserved allowEmptyValue",
        schema="schema",
        object_map="content",
    ),
    "header": _fields(
        string="style", flag="required deprecated explode", schema="schema", object_map="content"
    ),
    "request body": _fields(flag="required", object_map="content"),
    "response": _fields(object_map="headers content links"),
    "media type": _fields(schema="schema", object_map="encoding"),
    "server": _fields(string="url", object_map="variables"),
    "components": _fields(
        object_map="responses parameters examples requestBodies headers securitySchemes links"
        " callbacks pathItems",
        schema_map="schemas",
    ),
    "security scheme": _fields(string="type name in scheme openIdConnectUrl", object="flows"),
}


_NEEDED: Final = {"parameter": ("name", "in")}
"""Fields that identify a node among others."""


def misfit(node: Node) -> tuple[str, str] | None:
    """Return a field of a node whose form is wrong, and how to fix it; None for none."""
    forms = _FIELDS.get(node.kind, {})
    for field, value in node.value.items():
        if field in forms:
            fits, fix = _FORMS[forms[field]]
            if not fits(value):
                return field, f"{fix}; fix it"
    for field in _NEEDED.get(node.kind, ()):
        if field not in node.value and "$ref" not in node.value:
            return field, "is missing; add it"
    if node.kind in _PATHS and "$ref" not in node.value:
        for name, value in node.value.items():
            if not isinstance(value, dict) and not name.startswith("x-"):
                return name, "must be an object; fix it"
    return _repeated(node) if node.kind == "paths" else None


def _repeated(node: Node) -> tuple[str, str] | None:
    """Return a path that is another one's with other names of variables."""
    seen: dict[str, str] = {}
    for path in node.value:
        first = seen.setdefault(unnamed(path), path)
        if first != path:
            return path, f"is the same as {first}; write one of them"
    return None


_PATHS: Final = frozenset({"paths", "responses", "callback"})
