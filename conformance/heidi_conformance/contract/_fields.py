"""What the strict document says of the properties of each resource, and of each request.

A property inside another one is spelled `outer.inner`. Nothing here names a property: who may write
one, what a new resource has, and what only the server knows follows from the schemas and from
`x-semantics`.
"""

import re
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, cached_property
from typing import Any, Final, cast

import jsonschema_rs

from heidi_conformance._document import Json, expanded, member

from ._operations import (
    MAIN,
    OPERATIONS,
    SAID,
    STRICT,
    Operation,
    Resource,
    read_resources,
    samples,
)

Flat = dict[str, Any]
ABSENT: Any = object()
# In what a new resource has, its number among those of its owner.
NUMBER = "{number}"


@dataclass(frozen=True, eq=False)
class Field:
    """One property of a request or of a resource.

    name: spelled `outer.inner`. schema: without references. needed: whether what it stands in must
    have it; required: whether that must be there as well. status: of its provenance, or inherited.
    """

    name: str
    schema: Json
    needed: bool = False
    required: bool = False
    status: str = ""

    @cached_property
    def kinds(self) -> frozenset[str]:
        """The JSON types that it takes; empty where it takes all."""
        return kinds(self.schema)

    @property
    def said(self) -> bool:
        """Whether the vendor says it without contradicting it."""
        return self.status in SAID

    @property
    def inner(self) -> Mapping[str, Json]:
        """The schemas of the properties in it."""
        return cast("Mapping[str, Json]", branch(self.schema).get("properties", {}))

    @property
    def semantics(self) -> Json:
        return cast("Json", self.schema.get("x-semantics", {}))

    @property
    def examples(self) -> list[Any]:
        """The values that the document shows of it."""
        schema = branch(self.schema)
        constant = [schema["const"]] if "const" in schema else []
        return [*schema.get("enum", ()), *constant, *schema.get("examples", ())]

    @property
    def is_date(self) -> bool:
        return branch(self.schema).get("format") in ("date", "date-time")

    @property
    def is_code(self) -> bool:
        return "pattern" in branch(self.schema)

    @property
    def restricted(self) -> bool:
        """Whether it takes less than all values of a type that has many, or is a number."""
        words = {"enum", "const", "pattern", "format", "minLength", "maxLength"}
        return bool(words & branch(self.schema).keys()) or bool(self.kinds & {"number", "integer"})

    @property
    def refers(self) -> bool:
        """Whether it names something elsewhere, by an id that a server may not know."""
        *_, name = self.name.split(".")
        return name.lower() == "id" or name.endswith(("_id", "Id"))

    def fits(self, value: Any) -> bool:
        """Whether the schema takes a value."""
        return self.validator.is_valid(value)

    @cached_property
    def validator(self) -> jsonschema_rs.Draft202012Validator:
        return jsonschema_rs.Draft202012Validator(self.schema, validate_formats=True)

    @cached_property
    def initial_form(self) -> re.Pattern[str] | None:
        """What a new resource has, where that holds its number; None where it does not."""
        said = self.semantics.get("initial")
        if not isinstance(said, str) or NUMBER not in said:
            return None
        return re.compile("[0-9]+".join(map(re.escape, said.split(NUMBER))))


@dataclass(frozen=True, eq=False)
class Fields:
    """The properties of a resource, and of the requests that create and update one.

    operations: by what they do. creates, updates, shows: the properties of the request that creates
    one, of the request that updates one, and of itself. stored: by property of a request, the one
    that shows it. sample: what the read operation shows, flat. change: the body that the update
    operation shows, empty where it shows none.
    """

    resource: Resource
    operations: Mapping[str, Operation]
    creates: Mapping[str, Field]
    updates: Mapping[str, Field]
    shows: Mapping[str, Field]
    stored: Mapping[str, str]
    sample: Flat
    change: Json

    @property
    def id(self) -> str:
        return self.resource.id

    @property
    def noun(self) -> str:
        """What it is called in a sentence."""
        return self.resource.name.lower()

    @property
    def created(self) -> str:
        return self.resource.created

    @property
    def updated(self) -> str:
        return self.resource.updated

    @cached_property
    def leaves(self) -> Mapping[str, Field]:
        """The properties of an update that hold a value, not further properties."""
        return {name: field for name, field in self.updates.items() if not field.inner}

    @cached_property
    def steady(self) -> frozenset[str]:
        """What the vendor says that an update sets, and that is shown from then on."""
        shown = {name for name, field in self.shows.items() if field.said}
        return frozenset(shown & self.written_by(self.leaves))

    @cached_property
    def optional(self) -> frozenset[str]:
        """What may be missing: neither required nor written by a request."""
        written = self.written_by(self.updates) | self.written_by(self.creates)
        return frozenset(
            name for name, field in self.shows.items() if not field.required and name not in written
        )

    @cached_property
    def read_only(self) -> Mapping[str, Field]:
        """What only the server writes, without what stands in it."""
        written = self.written_by(self.updates) | self.written_by(self.creates)
        return {
            name: field
            for name, field in self.shows.items()
            if "." not in name and name not in written
        }

    @cached_property
    def create_only(self) -> frozenset[str]:
        """What a creation takes, and nothing shows or updates."""
        return frozenset(
            name
            for name in self.creates
            if self.stored.get(name, name) not in self.shows and name not in self.updates
        )

    @cached_property
    def initial(self) -> Flat:
        """What a new resource has before anybody writes to it; `{number}` stands for its number."""
        set_by_server = {self.id, self.created, self.updated}
        said = {
            name: field.semantics["initial"]
            for name, field in self.shows.items()
            if "initial" in field.semantics
        }
        varies = {name for name, field in self.shows.items() if field.semantics.get("varies")}
        told = {**self.sample, **flattened(said)}
        return {name: item for name, item in told.items() if name not in set_by_server | varies}

    def named(self, action: str) -> str:
        """Return the id of the operation that does something; empty without one."""
        return self.operations[action].id if action in self.operations else ""

    def is_id(self, text: Any) -> bool:
        """Whether an id has the form that the document gives it."""
        return self.shows[self.id].fits(text)

    def ordinary(self, name: str, value: Any) -> bool:
        """Whether a value is such as the page shows: what every server must be able to keep."""
        shown = self.shows.get(name)
        field = self.updates.get(name, shown)
        if field is None or shown is None or not shown.said:
            return False
        if is_number(value):
            return bool(0 <= value < 10_000 and value * 4 == int(value * 4))
        if not isinstance(value, str):
            return isinstance(value, bool | list) and is_ordinary_text(value)
        if field.is_date:
            return "1900" < value < "2025"
        return value in field.examples if field.restricted else is_ordinary_text(value)

    def written_by(self, request: Mapping[str, Field]) -> set[str]:
        """Return the properties that show what a request sets."""
        return {self.stored.get(name, name) for name in request}

    def as_stored(self, sent: Mapping[str, Any]) -> Flat:
        """Return what a request sets by the names of the resource, without what nothing shows."""
        named = {self.stored.get(name, name): value for name, value in sent.items()}
        return self.known({n: value for n, value in named.items() if n not in self.create_only})

    def shown_in(self, resource: Any) -> Flat:
        """Spell a resource, without what no document knows inside its arrays."""
        return self.known(flattened(resource))

    def known(self, told: Flat) -> Flat:
        """Drop what no document knows inside arrays; a server may keep it or not."""
        return {
            name: known_items(value, self.shows[name].schema) if name in self.shows else value
            for name, value in told.items()
        }


# --- values with properties in them ---


def flattened(value: Any, at: str = "") -> Flat:
    """Spell what is in an object as `outer.inner`; an empty object inside is a value."""
    if not isinstance(value, dict):
        return {}
    told: Flat = {}
    for name, item in cast("dict[str, Any]", value).items():
        place = f"{at}.{name}" if at else name
        told |= flattened(item, place) if isinstance(item, dict) and item else {place: item}
    return told


def known_items(value: Any, schema: Json) -> Any:
    """Return a value whose objects in arrays have the properties alone that the schema names."""
    if not value or not isinstance(value, list | dict):
        return value  # pyright: ignore[reportUnknownVariableType]  # JSON
    inner = branch(schema)
    named = inner.get("properties")
    if isinstance(value, list) and "items" in inner:
        return [known_items(item, inner["items"]) for item in cast("list[object]", value)]
    if isinstance(value, dict) and named and not inner.get("additionalProperties"):
        item = cast("Json", value)
        return {name: known_items(item[name], named[name]) for name in item if name in named}
    return value  # pyright: ignore[reportUnknownVariableType]  # JSON


def is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def is_ordinary_text(value: Any) -> bool:
    """Whether strings are short, and of printable ASCII; what is no string may be anything."""
    if isinstance(value, list):
        return all(map(is_ordinary_text, cast("list[object]", value)))
    return not isinstance(value, str) or (
        len(value) < 100 and value.isascii() and (value == value.strip()) and value.isprintable()
    )


def nested(members: Mapping[str, Any]) -> Json:
    """Return the object that `flattened` spells so."""
    told: Json = {}
    for name, value in members.items():
        *outer, last = name.split(".")
        place = told
        for step in outer:
            place = place.setdefault(step, {})
        place[last] = value
    return told


@cache
def outers(name: str) -> tuple[str, ...]:
    """Return the properties that a property stands in."""
    steps = name.split(".")
    return tuple(".".join(steps[:end]) for end in range(1, len(steps)))


def within(name: str, names: Container[str]) -> bool:
    """Whether a property, or one that it stands in, is among those."""
    outer = outers(name)
    return name in names or (bool(outer) and any(one in names for one in outer))


# --- schemas ---


def branches(schema: Json) -> list[Json]:
    """Return what a schema allows one of, without null; itself, where it has no choice."""
    told = [
        item
        for word in ("oneOf", "anyOf")
        for branch_ in schema.get(word, ())
        for item in branches(branch_)
        if item.get("type") != "null"
    ]
    return told or [schema]


def branch(schema: Json) -> Json:
    """Return the only thing but null that a schema allows; itself, where there are several."""
    several = branches(schema)
    return several[0] if len(several) == 1 else schema


def kinds(schema: Json) -> frozenset[str]:
    """Return the JSON types that a schema takes; empty where it takes all."""
    told = set[str]()
    for item in branches(schema):
        types = item.get("type", ())
        told |= {types} if isinstance(types, str) else set(types)
        if not types:
            told |= {KINDS[type(value)] for value in (*item.get("enum", ()), item.get("const"))}
            told -= set() if None in item.get("enum", ()) else {"null"}
    return frozenset(told)


KINDS: Mapping[type, str] = {
    str: "string", bool: "boolean", int: "integer", float: "number", list: "array", dict: "object",
    type(None): "null",
}  # fmt: skip


def walk(schema: Json, at: str = "", *, required: bool = True, status: str = "") -> Iterator[Field]:
    """Yield every property of a schema without references, outer ones before inner ones."""
    inner = branch(schema)
    status = member(schema.get("x-provenance"), "status") or status
    for name, node in inner.get("properties", {}).items():
        place = f"{at}.{name}" if at else name
        needed = name in inner.get("required", ())
        told = member(node.get("x-provenance"), "status") or status
        yield Field(place, node, needed, required and needed, told)
        yield from walk(node, place, required=required and needed, status=told)


# --- documents ---


def fields_by_resource(document: Json, known: Iterable[Operation]) -> dict[str, Fields]:
    """Return the fields of every resource of a document, by the name of its schema."""
    everything = [*known]
    return {
        resource.name: fields_of_resource(
            resource,
            expanded(document, document["components"]["schemas"][resource.name]),
            [item for item in everything if item.semantics.get("resource") == resource.name],
        )
        for resource in read_resources(document)
    }


def fields_of_resource(resource: Resource, schema: Json, mine: list[Operation]) -> Fields:
    """Return what a document says of one resource; mine: the operations that its semantics name."""
    by_action = {item.action: item for item in mine}
    requests = {
        action: {field.name: field for field in walk(operation.body.schema)}
        for action, operation in by_action.items()
        if operation.body is not None
    }
    stored = {
        field.name: str(field.semantics["stored_as"])
        for request in requests.values()
        for field in request.values()
        if "stored_as" in field.semantics
    }
    read, update = by_action.get("read"), by_action.get("update")
    examples = samples(read.responses[read.success[0]]) if read is not None else ()
    shown = [read.shown(example) for example in examples if read is not None]
    change: Json = update.body.samples[0] if update and update.body and update.body.samples else {}
    return Fields(
        resource,
        by_action,
        requests.get("create", {}),
        requests.get("update", {}),
        {field.name: field for field in walk(schema)},
        stored,
        flattened(next(iter(shown), None)),
        change,
    )


# --- the document that servers are judged by ---

FIELDS: Final = fields_by_resource(STRICT, OPERATIONS.values())
MAIN_FIELDS: Final = FIELDS[MAIN.name]


def fields_of(operation: str) -> Fields | None:
    """Return the fields of what an operation is about; None where it is about no resource."""
    return FIELDS.get(str(OPERATIONS[operation].semantics.get("resource")))


@cache
def fields_of_body(operation: str) -> Mapping[str, Field]:
    """Return the properties of the body that an operation takes."""
    body = OPERATIONS[operation].body
    return {} if body is None else {field.name: field for field in walk(body.schema)}
