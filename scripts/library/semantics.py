"""`x-semantics`: a check of each use, and the overlay that follows from it.

openapi/semantics.schema.yaml describes the vocabulary.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from heidi_spec_tools.documents import load
from heidi_spec_tools.nodes import (
    Document,
    Node,
    as_list,
    as_object,
    find,
    follow,
    parameters_of,
    pointer_of,
)
from jsonschema_rs import Draft202012Validator, ValidationErrorKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from heidi_spec_tools.documents import Json
    from heidi_spec_tools.nodes import Pointer
    from jsonschema_rs import ValidationError

KEY: Final = "x-semantics"
VOCABULARY: Final = Path(__file__).parents[2] / "openapi" / "semantics.schema.yaml"
ACTIONS: Final = ("create", "read", "update", "delete", "list", "act", "issue")
_SCHEMAS: Final = ("components", "schemas")


@dataclass(frozen=True, slots=True)
class Fault:
    """A finding about one use: where, and what, with the fix."""

    pointer: Pointer
    message: str


# The rule


def shown_updates(root: dict[str, Any]) -> Json:
    """Return the overlay that adds the missing properties of the update request to each resource.

    That is done for a resource whose semantics say `shows_updates`; what is `writeOnly` is never
    shown, and so not added. What is added is a copy: some generators follow no reference to a
    property. One with semantics is referred to all the same, so that they are said once. None if
    no resource has it.
    """
    schemas = root["components"]["schemas"]
    added: dict[Pointer, dict[str, Json]] = {}
    done: dict[str, None] = {}
    for operation in _operations(root):
        semantics = as_object(operation.get(KEY))
        resource = str(semantics.get("resource"))
        meaning = as_object(as_object(schemas.get(resource)).get(KEY))
        if semantics.get("action") == "update" and "shows_updates" in meaning:
            at = (*_SCHEMAS, resource)
            _, body = follow(root, operation.get("requestBody"))
            for place_, properties in _lacking(root, at, _schema(body), meaning["shows_updates"]):
                # The first of several updates says what a property is.
                added[place_] = properties | added.get(place_, {})
            done[_query((*at, KEY))] = None
    shown = "What an update sets is shown from then on."
    actions: list[Json] = [
        {"target": f"{_query(at)}['properties']", "description": shown, "update": properties}
        for at, properties in added.items()
    ]
    for meant in done:
        target = f"{meant}['shows_updates']"
        actions.append({"target": target, "description": "It is done.", "remove": True})
    if not actions:
        return None
    info: Json = {"title": "What updates show", "version": str(root["info"]["version"])}
    return {"overlay": "1.1.0", "info": info, "actions": actions}


def _lacking(
    root: dict[str, Any], at: Pointer, sent: dict[str, Any], provenance: Json
) -> Iterator[tuple[Pointer, dict[str, Json]]]:
    """Yield the place of each object, and the properties that it lacks."""
    at, shown = follow(root, find(root, at), at)
    reference = sent.get("$ref")
    _, sent = follow(root, sent)
    if "properties" not in shown:
        return
    lacking: dict[str, Json] = {}
    for name, node in as_object(sent.get("properties")).items():
        if name in shown["properties"]:
            yield from _lacking(root, (*at, "properties", name), as_object(node), provenance)
        elif True in (as_object(each).get("writeOnly") for each in (node, follow(root, node)[1])):
            continue
        elif isinstance(reference, str) and KEY in as_object(node):
            target = f"{reference}/properties/{name}"
            lacking[name] = {"$ref": target, "x-provenance": provenance}
        else:
            lacking[name] = {**as_object(node), "x-provenance": provenance}
    if lacking:
        yield at, lacking


def _query(pointer: Pointer) -> str:
    """Spell a pointer as an RFC 9535 query."""
    return "$" + "".join(f"[{str(token)!r}]" for token in pointer)


def _operations(root: dict[str, Any]) -> Iterator[dict[str, Any]]:
    return (node.value for node in Document(root).of("operation"))


# The check


def faults(document: Document) -> Iterator[Fault]:
    """Yield the findings about the semantics of a document: a word, a name or a pointer."""
    for node in document.nodes:
        if KEY not in node.value or node.kind not in _DEFINITION:
            continue
        at = (*node.pointer, KEY)
        semantics = node.value[KEY]
        found = False
        for fault in _breaches(at, semantics, _DEFINITION[node.kind](as_object(semantics))):
            found = True
            yield fault
        if not found:
            yield from _NAMES[node.kind](document, node, as_object(semantics), at)
    yield from _twins(document)
    yield from _absent(document)


def _definition_of_operation(semantics: dict[str, Json]) -> str:
    action = semantics.get("action")
    return str(action) if action in ACTIONS else "one"


def _definition_of_schema(semantics: dict[str, Json]) -> str:
    return "error" if "error" in semantics else "resource"


def _definition_of_property(_: dict[str, Json]) -> str:
    return "property"


_DEFINITION: Final = {
    "operation": _definition_of_operation,
    "schema": _definition_of_schema,
    "property": _definition_of_property,
}


@functools.cache
def _validator(definition: str) -> Draft202012Validator:
    vocabulary: Any = load(VOCABULARY)
    schema = {"$ref": f"#/$defs/{definition}", "$defs": vocabulary["$defs"]}
    return Draft202012Validator(schema)


def _breaches(at: Pointer, semantics: Json, definition: str) -> Iterator[Fault]:
    if definition == "one" and as_object(semantics).get("action") not in ACTIONS[:-1]:
        yield Fault((*at, "action"), f"must be one of {', '.join(ACTIONS)}")
        return
    for error in _validator(definition).iter_errors(semantics):
        yield Fault((*at, *error.instance_path), _explained(error, definition))


def _explained(error: ValidationError, definition: str) -> str:
    kind = error.kind
    if isinstance(kind, ValidationErrorKind.AdditionalProperties):
        words = ", ".join(map(str, kind.unexpected))
        return f"{words}: unknown word for {definition}; see openapi/semantics.schema.yaml"
    if isinstance(kind, ValidationErrorKind.Required):
        return f"{definition} needs {kind.property}; add it"
    if isinstance(kind, ValidationErrorKind.AnyOf):
        return f"{definition} needs id or result; add one of them"
    return error.message


def _names_of_operation(
    document: Document, node: Node, semantics: dict[str, Json], at: Pointer
) -> Iterator[Fault]:
    yield from _pointers(document, node, semantics, at, ("id", "result", "token", "expires"))
    page = as_object(semantics.get("page"))
    pointers = ("items", "next", "more", "count", "total")
    yield from _pointers(document, node, page, (*at, "page"), pointers)
    known = {(one["in"], one["name"]) for one in parameters(document, node)}
    for word in ("size", "token"):
        if word in page and ("query", page[word]) not in known:
            message = f"the operation has no query parameter {page[word]}; name one that it has"
            yield Fault((*at, "page", word), message)
    for index, name in enumerate(as_list(semantics.get("user"))):
        if ("query", name) not in known:
            message = f"the operation has no query parameter {name}; name one that it has"
            yield Fault((*at, "user", index), message)
    if semantics["action"] == "update" and not _body(document, node):
        message = "update needs a requestBody of application/json; add it"
        yield Fault((*at, "action"), message)
    scheme = semantics.get("scheme")
    if scheme is not None and not _exists(document, ("components", "securitySchemes", str(scheme))):
        yield Fault((*at, "scheme"), f"{scheme} is not a security scheme; name one")
    yield from _resource(document, semantics, at, known)


def _resource(
    document: Document,
    semantics: dict[str, Json],
    at: Pointer,
    known: set[tuple[Json, Json]],
) -> Iterator[Fault]:
    name = semantics.get("resource")
    if name is None:
        return
    schema = _value(document, (*_SCHEMAS, str(name)))
    resource = as_object(as_object(schema).get(KEY))
    if schema is not None and not resource and not _has_overlays(document):
        return  # an overlay may say that it is a resource
    if "id" not in resource:
        message = f"{name} is not a resource; give that component {KEY} with id and owner"
        yield Fault((*at, "resource"), message)
        return
    parameter = resource.get("parameter", resource["id"])
    needs_id = semantics["action"] in ("read", "update", "delete", "act")
    if needs_id and ("path", parameter) not in known:
        message = f"the path has no parameter {parameter}, which names a {name}; add it"
        yield Fault((*at, "action"), message)


def _names_of_schema(
    document: Document, node: Node, semantics: dict[str, Json], at: Pointer
) -> Iterator[Fault]:
    if "error" in semantics:
        for word, pointer in as_object(semantics["error"]).items():
            if _walk(document, node.value, str(pointer)) is None:
                yield Fault((*at, "error", word), f"{pointer} does not exist; fix the pointer")
        return
    properties = as_object(node.value.get("properties"))
    for word in ("id", "created", "updated"):
        if word in semantics and semantics[word] not in properties:
            message = f"the schema has no property {semantics[word]}; name one that it has"
            yield Fault((*at, word), message)
    owner = str(semantics["owner"])
    if not _exists(document, ("components", "securitySchemes", owner)):
        yield Fault((*at, "owner"), f"{owner} is not a security scheme; name one")


def _names_of_property(
    document: Document, node: Node, semantics: dict[str, Json], at: Pointer
) -> Iterator[Fault]:
    if "stored_as" in semantics:
        yield from _stored_as(document, node, semantics["stored_as"], at)
    if "replaced" in semantics:
        if not _is_object(document, node):
            yield Fault(
                (*at, "replaced"),
                "only an object can be merged, and this property is not one; remove it",
            )
        elif _has_overlays(document) and node.pointer not in _merged(document):
            message = "no request merges this property; say it where the resource has the property"
            yield Fault((*at, "replaced"), message)


def _stored_as(document: Document, node: Node, name: Json, at: Pointer) -> Iterator[Fault]:
    owner = _value(document, node.pointer[:3])
    resources = [
        as_object(_value(document, (*_SCHEMAS, str(as_object(operation.value[KEY])["resource"]))))
        for operation in document.of("operation")
        if "resource" in as_object(operation.value.get(KEY)) and _body(document, operation) is owner
    ]
    if not any(name in as_object(schema.get("properties")) for schema in resources):
        message = f"no resource that is made from this schema has a property {name}; name one"
        yield Fault((*at, "stored_as"), message)


def _is_object(document: Document, node: Node) -> bool:
    _, schema = follow(document.root, node.value)
    return "object" in (schema.get("type"), *as_list(schema.get("type"))) or "properties" in schema


def _merged(document: Document) -> set[Pointer]:
    """Return the place of each property that a resource has outside arrays and maps."""
    nodes = [node for node in document.of("schema") if "id" in as_object(node.value.get(KEY))]
    found: set[Pointer] = set()
    while nodes:
        for node in document.chain(nodes.pop()):
            if node.pointer not in found:
                found.add(node.pointer)
                nodes += [each for each in node.children() if _is_part(each.pointer)]
    return found


def _is_part(pointer: Pointer) -> bool:
    return pointer[-1] == "properties" or pointer[-2] in ("properties", "allOf", "anyOf", "oneOf")


_NAMES: Final = {
    "operation": _names_of_operation,
    "schema": _names_of_schema,
    "property": _names_of_property,
}


def _pointers(
    document: Document,
    node: Node,
    semantics: dict[str, Json],
    at: Pointer,
    words: tuple[str, ...],
) -> Iterator[Fault]:
    for word in words:
        pointer = semantics.get(word)
        if isinstance(pointer, str) and _walk(document, _success(document, node), pointer) is None:
            message = "does not exist in the success response; fix the pointer"
            yield Fault((*at, word), f"{pointer or 'the whole response'} {message}")


def _twins(document: Document) -> Iterator[Fault]:
    first: dict[Json, Node] = {}
    for node in document.of("operation"):
        method = as_object(node.value.get(KEY)).get("method")
        if method is not None and (other := first.setdefault(method, node)) is not node:
            message = f"{method} is the method of {other.place} as well; rename one"
            yield Fault((*node.pointer, KEY, "method"), message)


def _absent(document: Document) -> Iterator[Fault]:
    """Yield the operations on a resource of which the sandbox can never have one."""
    if not _has_overlays(document):
        return  # an overlay may say what creates it
    said = [(node, as_object(node.value.get(KEY))) for node in document.of("operation")]
    created = {str(one.get("resource")) for _, one in said if one.get("action") == "create"}
    listed = {str(one.get("resource")) for _, one in said if one.get("action") == "list"}
    for node, semantics in said:
        name, action = str(semantics.get("resource")), semantics.get("action")
        known = created if action == "delete" else created | listed
        if action in ("read", "update", "delete", "act") and name not in known:
            words = "creates" if action == "delete" else "creates or lists"
            message = f"no operation {words} a {name}, so there is none to {action}"
            fix = f"remove {KEY} here, and the operation is served from its example"
            yield Fault((*node.pointer, KEY, "resource"), f"{message}; {fix}")


# Looking things up


def parameters(document: Document, node: Node) -> list[dict[str, Json]]:
    """Return the parameters of an operation, those of its path first."""
    return parameters_of(document.root, find(document.root, node.pointer[:-1]), node.value)


def _body(document: Document, node: Node) -> dict[str, Json]:
    body = _followed(document, node.value.get("requestBody"))
    return _followed(document, _schema(body))


def _success(document: Document, node: Node) -> Json:
    """Return the schema of the first success response, None if it has no body."""
    for status, response in as_object(node.value.get("responses")).items():
        if status.startswith("2"):
            return _schema(_followed(document, response)) or None
    return None


def _schema(owner: dict[str, Json]) -> dict[str, Json]:
    media = as_object(as_object(owner.get("content")).get("application/json"))
    return as_object(media.get("schema"))


def _walk(document: Document, schema: Json, pointer: str) -> Json:
    """Return the schema at a pointer into a value of a schema, None if there is none."""
    if schema is None:
        return None
    node = _followed(document, schema)
    for token in pointer_of(f"#{pointer}") or ():
        properties = as_object(node.get("properties"))
        if token not in properties:
            return None
        node = _followed(document, properties[str(token)])
    return node


def _followed(document: Document, value: Json) -> dict[str, Json]:
    _, node = follow(document.root, value)
    return node


def _has_overlays(document: Document) -> bool:
    return len(as_list(as_object(document.root).get("x-derived-from"))) > 1


def _exists(document: Document, pointer: Pointer) -> bool:
    return _value(document, pointer) is not None


def _value(document: Document, pointer: Pointer) -> Json:
    try:
        return find(document.root, pointer)
    except LookupError:
        return None
