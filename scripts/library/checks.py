"""Our checks of an OpenAPI document, beyond those of other linters.

`CHECKS` names each check. A check takes a document and yields its defects, in any order; it skips
nodes that are broken in another way, which other linters report.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias
from urllib.parse import quote

from heidi_spec_tools.nodes import (
    Document,
    Node,
    Pointer,
    as_list,
    as_object,
    place,
    pointer_of,
    reference,
)
from jsonschema_rs import Draft202012Validator, Registry, ValidationError, ValidationErrorKind

from scripts.library.semantics import faults, parameters
from scripts.library.storable import clashes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from heidi_spec_tools.documents import Json


class Defect(NamedTuple):
    """One finding: where, as a JSON pointer, and what, with the fix."""

    place: str
    message: str


Check: TypeAlias = "Callable[[Document], Iterator[Defect]]"
Value: TypeAlias = tuple[Pointer, "Json"]

# Keywords and types

# JSON Schema's "number" is any number; here it means one with a fraction.
_TYPES: Final = {
    "null": {"null"},
    "boolean": {"boolean"},
    "string": {"string"},
    "array": {"array"},
    "object": {"object"},
    "integer": {"integer"},
    "number": {"integer", "number"},
}
_ALL_TYPES: Final = frozenset(_TYPES)
_KEYWORDS: Final = {
    "string": "minLength maxLength pattern contentEncoding contentMediaType contentSchema",
    "number": "minimum maximum exclusiveMinimum exclusiveMaximum multipleOf",
    "array": "items prefixItems contains minContains maxContains minItems maxItems uniqueItems"
    " unevaluatedItems",
    "object": "properties patternProperties additionalProperties unevaluatedProperties"
    " propertyNames required minProperties maxProperties dependentRequired dependentSchemas",
}
_FORMATS: Final = {
    "string": "date date-time date-time-local time time-local duration email idn-email hostname"
    " idn-hostname ipv4 ipv6 uri uri-reference uri-template iri iri-reference uuid regex"
    " json-pointer relative-json-pointer byte binary password",
    "number": "float double int8 int16 int32 uint8",
}


def _by_word(table: dict[str, str]) -> dict[str, str]:
    return {word: type_ for type_, words in table.items() for word in words.split()}


_TYPE_OF_KEYWORD: Final = _by_word(_KEYWORDS)
_TYPE_OF_FORMAT: Final = _by_word(_FORMATS)


def keyword_fits_type(document: Document) -> Iterator[Defect]:
    """A keyword constrains a type that the schema allows; elsewhere it does nothing."""
    for node in document.of("schema", "property"):
        types = _types(document, node)
        for keyword, type_ in _typed_keywords(node.value):
            if types and not types & _TYPES[type_]:
                allowed = ", ".join(sorted(types))
                yield Defect(
                    place((*node.pointer, keyword.partition(" ")[0])),
                    f"{keyword} is for {type_}, and the schema allows {allowed}; drop one of them",
                )


def _typed_keywords(schema: dict[str, Json]) -> Iterator[tuple[str, str]]:
    for keyword in schema:
        if keyword in _TYPE_OF_KEYWORD:
            yield keyword, _TYPE_OF_KEYWORD[keyword]
    format_ = schema.get("format")
    if isinstance(format_, str) and format_ in _TYPE_OF_FORMAT:
        yield f"format {format_}", _TYPE_OF_FORMAT[format_]


def _types(
    document: Document, node: Node, seen: frozenset[Pointer] = frozenset()
) -> frozenset[str]:
    """The types that `type`, `$ref`, `allOf`, `anyOf` and `oneOf` allow; all if none is given."""
    if node.pointer in seen:
        return _ALL_TYPES
    seen |= {node.pointer}
    types = _declared(node.value.get("type"))
    if target := document.target(node):
        types &= _types(document, target, seen)
    for keyword in ("allOf", "anyOf", "oneOf"):
        branches = [
            _types(document, child, seen)
            for child in node.children()
            if child.pointer[:-1] == (*node.pointer, keyword)
        ]
        complete = len(branches) == len(as_list(node.value.get(keyword)))
        if keyword == "allOf":
            types = types.intersection(*branches)
        elif branches and complete:
            types &= frozenset[str]().union(*branches)
    return types


def _declared(type_: Json) -> frozenset[str]:
    names = [type_] if isinstance(type_, str) else as_list(type_)
    known = [_TYPES[name] for name in names if isinstance(name, str) and name in _TYPES]
    return frozenset[str]().union(*known) if known else _ALL_TYPES


# Values and their schemas

_URI: Final = "urn:document"


def value_fits_schema(document: Document) -> Iterator[Defect]:
    """Defaults, examples, enums and constants are valid by the schema that they belong to."""
    registry = Registry([(_URI, document.root)])
    for schema, values in _values(document):
        if not values:
            continue
        try:
            validator = Draft202012Validator(
                {"$ref": f"{_URI}#{quote(place(schema)[1:])}"},
                registry=registry,
                validate_formats=True,
                mask="the value",
                offline=True,
            )
        except ValidationError as error:
            # Redocly reports references without a target.
            if not isinstance(error.kind, ValidationErrorKind.Referencing):
                yield Defect(place(error.instance_path), f"not JSON Schema: {error.message}")
            continue
        for pointer, value in values:
            for breach in validator.iter_errors(value):
                where = place((*pointer, *breach.instance_path))
                yield Defect(where, f"breaks the schema at {place(schema)}: {breach.message}")


def _values(document: Document) -> Iterator[tuple[Pointer, list[Value]]]:
    for node in document.of("schema", "property"):
        yield node.pointer, list(_values_of_schema(node))
    for node in document.of("media type", "parameter", "header"):
        if "schema" in node.value and (node.kind != "media type" or _is_json(node)):
            yield (*node.pointer, "schema"), list(_examples(document, node))


def _values_of_schema(node: Node) -> Iterator[Value]:
    for keyword in ("default", "example", "const"):
        if keyword in node.value:
            yield (*node.pointer, keyword), node.value[keyword]
    for keyword in ("examples", "enum"):
        for index, value in enumerate(as_list(node.value.get(keyword))):
            yield (*node.pointer, keyword, index), value


def _examples(document: Document, node: Node) -> Iterator[Value]:
    if "example" in node.value:
        yield (*node.pointer, "example"), node.value["example"]
    for child in node.children():
        for example in child.children() if child.kind == "examples" else ():
            *_, end = document.chain(example)
            if "value" in end.value:
                yield (*end.pointer, "value"), end.value["value"]


def _is_json(media_type: Node) -> bool:
    """Whether an example is the value itself; in other media types it is the text on the wire."""
    name = str(media_type.pointer[-1]).partition(";")[0].strip().lower()
    return name == "application/json" or name.endswith("+json")


# Names and references


def operation_id_is_unique(document: Document) -> Iterator[Defect]:
    """No two operationIds make the same name: the generator would silently drop one operation.

    Case and separators do not matter: `getThing` and `get_thing` make one module.
    """
    first: dict[str, Node] = {}
    for node in document.of("operation"):
        name = node.value.get("operationId")
        if not isinstance(name, str):
            continue
        other = first.setdefault("".join(filter(str.isalnum, name)).casefold(), node)
        if other is not node:
            message = f"operationId {name} makes the same name as the one at {other.place}"
            yield Defect(node.place, f"{message}; rename one")


def component_is_reachable(document: Document) -> Iterator[Defect]:
    """Each component is used by an operation, directly or transitively."""
    uses: dict[Pointer, set[Pointer]] = {}
    for node in document.nodes:
        uses.setdefault(_owner(node.pointer), set()).update(map(_owner, _references(node)))
    reached: set[Pointer] = set()
    ahead: set[Pointer] = {()}
    while ahead:
        reached |= ahead
        ahead = set[Pointer]().union(*(uses.get(owner, ()) for owner in ahead)) - reached
    for owner in uses:
        if owner and owner not in reached:
            yield Defect(place(owner), "no operation leads here; use the component or drop it")


def _owner(pointer: Pointer) -> Pointer:
    """The component that a place belongs to, `()` for what is outside the components."""
    return pointer[:3] if pointer[:1] == ("components",) and len(pointer) > 2 else ()


def _references(node: Node) -> Iterator[Pointer]:
    if pointer := reference(node):
        yield pointer
    for requirement in as_list(node.value.get("security")):
        for name in as_object(requirement):
            yield ("components", "securitySchemes", name)
    mapping = as_object(as_object(node.value.get("discriminator")).get("mapping"))
    for schema in map(str, mapping.values()):  # a reference or the name of a schema
        yield pointer_of(schema) or ("components", "schemas", schema)


def tag_is_used(document: Document) -> Iterator[Defect]:
    """Each tag that is declared belongs to an operation."""
    used = {
        str(tag) for node in document.of("operation") for tag in as_list(node.value.get("tags"))
    }
    for node in document.of("tag"):
        name = str(node.value.get("name"))
        if name not in used:
            yield Defect(node.place, f"no operation has the tag {name}; use it or drop it")


def link_leads_somewhere(document: Document) -> Iterator[Defect]:
    """A link names an operation of the document, and parameters that the operation has."""
    operations = {str(node.value.get("operationId")): node for node in document.of("operation")}
    for node in document.of("link"):
        if "operationId" not in node.value:
            continue
        name = str(node.value["operationId"])
        operation = operations.get(name)
        if operation is None:
            yield Defect(node.place, f"operationId {name} does not exist; name an operation")
            continue
        named = [(str(each["in"]), str(each["name"])) for each in parameters(document, operation)]
        known = {name for _, name in named} | {".".join(each) for each in named}
        for parameter in as_object(node.value.get("parameters")):
            if parameter not in known:
                where = place((*node.pointer, "parameters", parameter))
                yield Defect(where, f"{name} has no parameter {parameter}; name one that it has")


# Provenance

_LINES: Final = r"L[1-9]\d*(-L[1-9]\d*)?"
_DECISION: Final = r"decision:S[1-9]\d*"
_SOURCE: Final = rf"(seed:{_LINES}(, {_LINES})*|page:[a-z0-9]+(-[a-z0-9]+)*|{_DECISION})"
_PROVENANCE: Final = Draft202012Validator(
    {
        "type": "object",
        "required": ["status", "source"],
        "additionalProperties": False,
        "properties": {
            "status": {
                "enum": ["documented", "example", "inferred", "unknown", "anomaly", "decided"]
            },
            "source": {"type": "string", "pattern": rf"^{_SOURCE}(, {_SOURCE})*$"},
            "narrowed_by": {"type": "string", "pattern": rf"^{_DECISION}(, {_DECISION})*$"},
            # Keywords of this node that are our reading, whatever the status of the node is.
            "inferred": {"type": "array", "minItems": 1, "items": {"type": "string"}},
            "note": {"type": "string", "minLength": 1},
        },
    }
)


def provenance_is_complete(document: Document) -> Iterator[Defect]:
    """Each operation, parameter, property and response says where it comes from.

    It carries `x-provenance` itself, or it refers to a node that does. Every other node may have
    one, and otherwise inherits from the node above it.
    """
    for node in document.of("operation", "parameter", "property", "response"):
        if all(link.provenance is None for link in document.chain(node)):
            yield Defect(node.place, f"the {node.kind} has no x-provenance; say where it is from")


def provenance_is_well_formed(document: Document) -> Iterator[Defect]:
    """Each `x-provenance` has a status that we know and a source that can be looked up."""
    for node in document.nodes:
        if node.provenance is not None:
            for error in _PROVENANCE.iter_errors(node.provenance):
                where = place((*node.pointer, "x-provenance", *error.instance_path))
                yield Defect(where, error.message)


# Semantics


def semantics_lead_somewhere(document: Document) -> Iterator[Defect]:
    """Each `x-semantics` uses the vocabulary, and its names and pointers exist."""
    for fault in faults(document):
        yield Defect(place(fault.pointer), fault.message)


def requests_fit_resources(document: Document) -> Iterator[Defect]:
    """What a request may set, its resource allows."""
    for clash in clashes(document):
        yield Defect(*clash)


CHECKS: Final[dict[str, Check]] = {
    "component-is-reachable": component_is_reachable,
    "keyword-fits-type": keyword_fits_type,
    "link-leads-somewhere": link_leads_somewhere,
    "operation-id-is-unique": operation_id_is_unique,
    "provenance-is-complete": provenance_is_complete,
    "provenance-is-well-formed": provenance_is_well_formed,
    "requests-fit-resources": requests_fit_resources,
    "semantics-lead-somewhere": semantics_lead_somewhere,
    "tag-is-used": tag_is_used,
    "value-fits-schema": value_fits_schema,
}
