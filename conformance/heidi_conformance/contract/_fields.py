"""What the strict document says of the properties of each resource, and of each request.

A property inside another one is spelled `outer.inner`. Nothing here names a property: who may write
one, what a new resource has, and what only the server knows follows from the schemas and from
`x-semantics`.
"""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, cached_property
from typing import Any, Final, cast

from heidi_conformance._document import Json, expanded

from ._operations import MAIN, OPERATIONS, STRICT, Operation, Resource, read_resources, samples
from ._schemas import Field, branch, walk

Flat = dict[str, Any]
ABSENT: Any = object()
# More digits than any integer has that names something.
LONGEST = 100


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
        return self.resource.noun

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
    def replaced(self) -> frozenset[str]:
        """The objects that a request replaces whole."""
        return frozenset(
            name for name, field in self.shows.items() if field.semantics.get("replaced")
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

    def is_id(self, text: str) -> bool:
        """Whether an id, as a path has it, has the form that the document gives it."""
        field = self.shows[self.id]
        if "integer" in field.kinds and text.isascii() and text.isdigit() and len(text) < LONGEST:
            return field.fits(int(text))
        return field.fits(text)

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
        inner = {
            name: known_items(value, self.shows[name].schema)
            for name, value in told.items()
            if value.__class__ in (list, dict) and name in self.shows
        }
        return {**told, **inner}


# --- values with properties in them ---


def flattened(value: Any, at: str = "") -> Flat:
    """Spell what is in an object as `outer.inner`; an empty object inside is a value."""
    if not isinstance(value, dict):
        return {}
    told: Flat = {}
    for name, item in cast("dict[str, Any]", value).items():
        place = f"{at}.{name}" if at else name
        if isinstance(item, dict) and item:
            told |= flattened(item, place)
        else:
            told[place] = item
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


def nested(properties: Mapping[str, Any]) -> Json:
    """Return the object that `flattened` spells so."""
    told: Json = {}
    for name, value in properties.items():
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


def within(name: str, names: AbstractSet[str]) -> bool:
    """Whether a property, or one that it stands in, is among those."""
    return name in names or not names.isdisjoint(outers(name))


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
