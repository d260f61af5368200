"""The first resource of the document, which the tests change, as the document describes it."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from heidi_spec_tools.documents import load

from scripts.library.semantics import KEY
from scripts.publication.operations import JSON, example_of
from scripts.steps.check import subjects_of
from scripts.steps.documents import OUTPUT, ROOT

DOCUMENT: Final[Any] = load(ROOT / OUTPUT / "client.json")


class Action(NamedTuple):
    """An operation on the resource.

    name: the operationId. title: the summary. call: the client's method, such as `sessions.get`.
    command: that of the command line. body: the component schema of the request, with its sample,
    and shown: that of the response.
    """

    name: str
    title: str
    call: str
    command: str
    path: str
    method: str
    tag: str
    body: str
    shown: str
    sample: Any
    semantics: dict[str, Any]


def _actions() -> dict[str, Action]:
    found: dict[str, Action] = {}
    first = next(name for name, each in _schemas().items() if "id" in each.get(KEY, {}))
    for operation, call in subjects_of(DOCUMENT):
        semantics = dict(operation.semantics)
        if semantics.get("resource") == first:
            node = DOCUMENT["paths"][operation.path][operation.method]
            success = node["responses"][str(operation.success.status)]
            found[operation.action] = Action(
                operation.id,
                operation.title,
                call,
                call.rpartition(".")[2].replace("_", "-"),
                operation.path,
                operation.method.upper(),
                operation.tag,
                _schema_of(node.get("requestBody", {})),
                _schema_of(success),
                example_of(operation.body or {}),
                semantics,
            )
    return found


def _schema_of(owner: dict[str, Any]) -> str:
    reference: str = owner.get("content", {}).get(JSON, {}).get("schema", {}).get("$ref", "")
    return reference.rpartition("/")[2]


def _schemas() -> dict[str, Any]:
    schemas: dict[str, Any] = DOCUMENT["components"]["schemas"]
    return schemas


ACTIONS: Final = _actions()
CREATE, READ, UPDATE, LIST = (ACTIONS[name] for name in ("create", "read", "update", "list"))
RESOURCE: Final[str] = READ.semantics["resource"]
MEANING: Final[dict[str, str]] = _schemas()[RESOURCE][KEY]
ID: Final = MEANING["id"]
RESULT: Final[str] = READ.semantics["result"]
PAGE: Final[dict[str, str]] = LIST.semantics["page"]
ERROR_SCHEMA, ERROR = next(
    (name, each[KEY]["error"]) for name, each in _schemas().items() if "error" in each.get(KEY, {})
)
"""The component schema of errors, and the places of `type` and `message`."""

GROUP: Final = READ.call.partition(".")[0]
"""The attribute of the client."""


def properties(schema: str) -> dict[str, Any]:
    """Return the properties of a component schema."""
    found: dict[str, Any] = _schemas()[schema].get("properties", {})
    return found


def one(schema: str, of: str, *, also: str = "", not_of: str = "") -> str:
    """Name the first property of a type that another schema has too, or lacks."""
    return next(
        name
        for name, each in properties(schema).items()
        if each.get("type") == of
        and (not also or name in properties(also))
        and (not not_of or name not in properties(not_of))
    )


def enumeration() -> tuple[str, str]:
    """Return the first enum that an update takes in an object, and its place, such as `a/b`."""
    for name, each in properties(UPDATE.body).items():
        inner = each.get("$ref", "").rpartition("/")[2]
        for deeper, value in properties(inner).items() if inner else ():
            target = value.get("$ref", "").rpartition("/")[2]
            if "enum" in _schemas().get(target, {}):
                return target, f"{name}/{deeper}"
    raise AssertionError("no update takes an enum in an object")


def values_of(schema: str) -> list[str]:
    """Return the values of an enum."""
    found: list[str] = _schemas()[schema]["enum"]
    return found


def at(value: Any, pointer: str) -> Any:
    """Return the value at a pointer."""
    for token in pointer.split("/")[1:]:
        value = value[token]
    return value
