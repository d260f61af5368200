"""The properties of each resource in the strict document, and values to send for them.

A property inside another one is spelled `outer.inner`. Nothing here names a property: who may write
one, what a new resource has, and what only the server knows follows from the schemas and from
`x-semantics`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, Final

from ._document import Json, expanded, property_of, without
from ._operations import MAIN, OPERATIONS, STRICT, Operation, Resource, read_resources, samples
from ._schemas import Field, Values, first, values_of, walk
from ._values import (
    ABSENT,
    Flat,
    flattened,
    is_number,
    is_ordinary_text,
    known_items,
    nested,
    outers,
    within,
)

# More digits than any integer has that names something.
LONGEST = 100


@dataclass(frozen=True, eq=False)
class Fields:
    """The properties of a resource, and of the requests that create and update one.

    operations: by what they do. creates, updates, shows: the properties of the request that creates
    one, of the request that updates one, and of itself. stored: by property of a request, the one
    that shows it. sample: what the read operation shows, flat. shown_update: the body that
    the update operation shows, empty where it shows none.
    """

    resource: Resource
    operations: Mapping[str, Operation]
    creates: Mapping[str, Field]
    updates: Mapping[str, Field]
    shows: Mapping[str, Field]
    stored: Mapping[str, str]
    sample: Flat
    shown_update: Json

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
    def of_server(self) -> Mapping[str, Field]:
        """The properties that only the server writes, without their inner ones."""
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
    def unseen(self) -> frozenset[str]:
        """What a request takes and no response shows, with all that is in it."""
        hidden = {
            field.name
            for field in (*self.creates.values(), *self.updates.values())
            if field.schema.get("writeOnly") is True
        }
        sent = (*self.creates, *self.updates)
        return self.create_only | {name for name in sent if within(name, hidden)}

    @cached_property
    def replaced(self) -> frozenset[str]:
        """The objects that a request replaces whole."""
        return frozenset(
            name for name, field in self.shows.items() if field.semantics.get("replaced")
        )

    @cached_property
    def initial(self) -> Flat:
        """The initial values of a new resource; `{number}` is its number."""
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

    # What an update takes

    @cached_property
    def valid(self) -> dict[str, Values]:
        """The valid values of each property of an update; those of a new resource last."""
        told = {name: values_of(field).valid for name, field in self.leaves.items()}
        return {name: self.changing(name, values) for name, values in told.items() if values}

    @cached_property
    def invalid(self) -> dict[str, Values]:
        """What each property of an update does not take."""
        told = {name: values_of(field).invalid for name, field in self.updates.items()}
        return {name: values for name, values in told.items() if values}

    @cached_property
    def full(self) -> Flat:
        """A value of every property that an update takes."""
        return {name: values[0] for name, values in self.valid.items()}

    @cached_property
    def documented(self) -> dict[str, Values]:
        """The properties of an update on the page, and those that its responses show."""
        told = {
            name: tuple(value for value in values if self.ordinary(name, value))[:3]
            for name, values in self.valid.items()
            if name in self.steady
        }
        return {name: values for name, values in told.items() if values}

    def of_kind(self, *kinds: str) -> list[str]:
        """Return the properties of an update that take one of some JSON types."""
        return [name for name in self.valid if self.leaves[name].kinds & {*kinds}]

    @cached_property
    def texts(self) -> list[str]:
        """The properties of an update that take any string."""
        return [name for name in self.of_kind("string") if not self.leaves[name].restricted]

    @cached_property
    def lists(self) -> list[str]:
        """The properties of an update that take any strings in an array."""
        return [name for name in self.of_kind("array") if self.leaves[name].fits(["a b"])]

    @cached_property
    def numbers(self) -> list[str]:
        """The properties of an update that take a number."""
        return self.of_kind("number", "integer")

    @cached_property
    def lead(self) -> str:
        """The property that shows whether an update happened: a number, where one can be sent."""
        return next(iter((*self.numbers, *self.documented, *self.valid)), "")

    @cached_property
    def name(self) -> str:
        """The property that takes any string, and refers to nothing elsewhere; empty without."""
        free = (name for name in self.texts if not self.updates[name].refers)
        return next((name for name in free if name in self.steady), "")

    def changing(self, name: str, values: Values) -> Values:
        """Return two values or more; the first differs from that of a new resource."""
        shown = self.stored.get(name, name)
        first, second, *others = (*values, *values[:1])[: max(2, len(values))]
        if first == self.initial.get(shown, ABSENT):
            return (second, first, *others)
        return (first, second, *others)

    # Bodies

    def update(self, properties: Mapping[str, Any]) -> Json:
        """Return the body of an update that sends properties."""
        return body(self.updates, properties, self.least("update"))

    def creation(self, properties: Mapping[str, Any]) -> Json:
        """Return the body of a creation that sends properties."""
        return body(self.creates, properties, self.least("create"))

    def least(self, action: str) -> Any:
        """Return the least that the document shows of a body."""
        return self.operations[action].least if self.named(action) else None

    def change(self, number: int = 60, text: str | None = None) -> Flat:
        """Return an update whose values identify one change.

        number: the value of `lead`, or of one of its values the number. text: the value of `name`.
        """
        if not self.lead:
            return {}
        values = self.valid[self.lead]
        fits = self.updates[self.lead].fits(number)
        told = {self.lead: number if fits else values[number % len(values)]}
        return told | ({self.name: text} if self.name and text is not None else {})

    @cached_property
    def mark(self) -> str:
        """The property of an update that a run may leave its mark in; empty without.

        One that a creation sets as well, where there is one.
        """
        opened = self.written_by(self.creates)
        return next((name for name in self.texts if name in opened), self.name)

    @cached_property
    def label(self) -> str:
        """The property of a creation that takes any string and is shown; empty without.

        Best one that is shown under another name.
        """
        free = [
            name
            for name, field in self.creates.items()
            if "string" in field.kinds and not field.restricted and name not in self.unseen
        ]
        return next((name for name in (*self.stored, *free) if name in free), "")

    @cached_property
    def read_only(self) -> Flat:
        """For every property that only the server writes, a value unlike the initial one."""
        told: Flat = {}
        for name, field in self.shows.items():
            if name.partition(".")[0] in self.of_server and not field.inner:
                was = [known.get(name, ABSENT) for known in (self.initial, self.sample)]
                others = [value for value in values_of(field).valid if value not in was]
                told |= {name: others[0]} if others else {}
        return nested(told)

    # What a request says

    def written_by(self, request: Mapping[str, Field]) -> set[str]:
        """Return the properties that show what a request sets."""
        return {self.stored.get(name, name) for name in request}

    def as_stored(self, sent: Mapping[str, Any]) -> Flat:
        """Return the values of a request by the resource's names; only those that are shown.

        An empty object changes nothing, unless it is a map that is replaced.
        """
        named = {
            shown: value
            for name, value in sent.items()
            if (shown := self.stored.get(name, name)) in self.replaced or value != {}
        }
        return self.known({n: value for n, value in named.items() if n not in self.unseen})

    def knows(self, name: str) -> bool:
        """Whether the document names a property, or what holds it and not what is in there."""
        if name in self.shows:
            return True
        nearest = next((outer for outer in reversed(outers(name)) if outer in self.shows), None)
        return nearest is not None and not self.shows[nearest].inner

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


def body(request: Mapping[str, Field], properties: Mapping[str, Any], shown: Any = None) -> Json:
    """Return a body that sends properties, spelled `outer.inner`, and what must be beside them.

    shown: a body that the document shows, whose values stand where no property says another.
    """
    told = dict(properties)
    for name, field in request.items():
        outer = name.rpartition(".")[0]
        opened = not outer or any(key.startswith(f"{outer}.") for key in told)
        there = any(key == name or key.startswith(f"{name}.") for key in told)
        if field.needed and opened and not there:
            known = property_of(shown, name)
            told[name] = first(field.schema, name) if known is None else known
    return nested(told)


# --- documents ---


def fields_by_resource(document: Json, known: Iterable[Operation]) -> dict[str, Fields]:
    """Return the fields of every resource of a document, by the name of its schema."""
    everything = [*known]
    return {
        resource.name: fields_of_resource(
            resource,
            without(
                document,
                expanded(document, document["components"]["schemas"][resource.name]),
                "writeOnly",
            ),
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
    """Return the fields of what an operation is about; None if it is about no resource."""
    return FIELDS.get(str(OPERATIONS[operation].semantics.get("resource")))


@cache
def fields_of_body(operation: str) -> Mapping[str, Field]:
    """Return the properties of the body that an operation takes."""
    body = OPERATIONS[operation].body
    return {} if body is None else {field.name: field for field in walk(body.schema)}
