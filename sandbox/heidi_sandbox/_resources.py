"""Resources: what a new one is, how one changes, and how an older one is completed."""

import hashlib
import json
import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final, NamedTuple, cast

from heidi_sandbox._document import SEMANTICS, Body, Document, Operation
from heidi_sandbox._errors import CannotServeError, InvalidRequestError, InvalidResourceError
from heidi_sandbox._json import Path, dump, inexact_numbers
from heidi_sandbox._schemas import (
    LEAST,
    SECURE,
    Dice,
    Node,
    Pointer,
    Problem,
    Schemas,
    is_list,
    is_object,
    put,
    split,
    value_at,
)

_NAME: Final = re.compile(r"[\w.-]{1,64}", re.ASCII)  # what a message may repeat
_NUMBER: Final = "{number}"
_SAMPLE_TIME: Final = datetime(2000, 1, 1, tzinfo=UTC)
_PRECISIONS: Final = {
    "microseconds": timedelta(microseconds=1),
    "milliseconds": timedelta(milliseconds=1),
    "seconds": timedelta(seconds=1),
}


class Instants(NamedTuple):
    """How a property writes an instant.

    tick: the shortest time that it can tell.
    """

    write: Callable[[datetime], Any]
    tick: timedelta

    def after(self, earlier: Any, at: datetime) -> Any:
        """Return an instant, or the next one after an earlier one if the clock has gone back."""
        if isinstance(earlier, str):
            seen = datetime.fromisoformat(earlier)
            seen = seen if seen.tzinfo else seen.replace(tzinfo=UTC)
        else:
            seen = datetime.fromtimestamp(earlier, UTC)
        return self.write(max(at, seen + self.tick))


def instants(schemas: Schemas, schema: Node, place: str) -> Instants:
    """Return how a property of a schema writes instants.

    Raises:
        CannotServeError: it takes no form that we know.
    """
    validator = schemas.validator(schema)
    node = schemas.flat(schema)
    forms = _forms(node.get("format") == "date-time-local")
    valid = [form for form in forms if validator.is_valid(form.write(_SAMPLE_TIME))]
    if not valid:
        raise CannotServeError(f"{place}: its schema takes no instant that the sandbox can write")
    # An example shows how precise it is.
    shown = [len(str(one)) for one in node.get("examples", ())]
    return next((one for one in valid if len(str(one.write(_SAMPLE_TIME))) in shown), valid[0])


def _forms(is_local: bool) -> Iterator[Instants]:
    for zone in ("", "Z") if is_local else ("Z", ""):
        for precision, tick in _PRECISIONS.items():
            yield Instants(partial(_isoformat, precision=precision, zone=zone), tick)
    yield Instants(_epoch, timedelta(seconds=1))
    yield Instants(_day, timedelta(days=1))


def _isoformat(at: datetime, precision: str, zone: str) -> str:
    return at.replace(tzinfo=None).isoformat(timespec=precision) + zone


def _epoch(at: datetime) -> int:
    return int(at.timestamp())


def _day(at: datetime) -> str:
    return at.date().isoformat()


class Resource:
    """One kind of documents that operations create, read, update, list and delete.

    Args:
        document: the strict document.
        name: the component schema.

    Raises:
        CannotServeError: no new one would be valid.
    """

    def __init__(self, document: Document, name: str) -> None:
        self.name = name
        self.schemas = document.returned
        self.schema: Node = self.schemas.root["components"]["schemas"][name]
        meaning: Mapping[str, str] = self.schema[SEMANTICS]
        self.id = meaning["id"]
        self.properties = self.schemas.properties(self.schema)
        self._shape = self.schemas.shape(self.schema)
        self._validator = self.schemas.validator(self.schema)
        self._id_validator = self.schemas.validator(self.properties[self.id])
        self._instants = {
            word: instants(self.schemas, self.properties[meaning[word]], f"{name}.{meaning[word]}")
            for word in ("created", "updated")
            if word in meaning
        }
        self._meaning = meaning
        self._own = {meaning[word] for word in ("id", "created", "updated") if word in meaning}
        self._own |= {
            one for one, node in self.properties.items() if self.schemas.flat(node).get("readOnly")
        }
        value = self.schemas.complete(self.schema, _sample(document, name) or {})
        self._numbered: dict[Pointer, str] = {}
        self._replaced: set[Pointer] = set()
        for pointer, said in self._meanings(self.schema, ()):
            if "replaced" in said:
                self._replaced.add(pointer)
            if "initial" in said and value_at(value, pointer[:-1]) is not None:
                initial = said["initial"]
                value = put(value, pointer, initial)
                if isinstance(initial, str) and _NUMBER in initial:
                    self._numbered[pointer] = initial
        self._fresh = dump(value)
        self.sample = self.new(self.new_id(LEAST), 1, _SAMPLE_TIME, {})
        self.check(self.sample, name)

    def _meanings(self, schema: Node, at: Pointer) -> Iterator[tuple[Pointer, Node]]:
        """Yield the semantics of each property, an object before its properties."""
        for name, node in self.schemas.properties(schema).items():
            yield (*at, name), self.schemas.flat(node).get(SEMANTICS, {})
            if len(at) < _DEEPEST:
                yield from self._meanings(node, (*at, name))

    def fingerprint(self) -> str:
        """Return a hash that changes when the schema takes other values."""
        root = {**self.schemas.root["components"]["schemas"], "": self.name}
        return hashlib.sha256(dump(_bare(root))).hexdigest()

    def new_id(self, dice: Dice = SECURE) -> Any:
        """Return an id of the form that its schema asks for."""
        schema = self.properties[self.id]
        bits = dice.randint(0, 2**128 - 1)
        node = self.schemas.flat(schema)
        wide = _FAR if node.get("format") == "int64" else _INT32
        low, high = max(1, int(node.get("minimum", 1))), min(wide, int(node.get("maximum", wide)))
        candidates = (
            *(str(bits), str(uuid.UUID(int=bits, version=4)), f"{bits:032x}"),
            low + bits % max(1, high - low + 1),
            self.schemas.smallest({**node, **_UNSHOWN}, dice),
        )
        for value in candidates:
            if self._id_validator.is_valid(value):
                return value
        raise CannotServeError(
            f"{self.name}.{self.id}: no value fits its schema; give it an example"
        )

    def new(self, id_: Any, number: int, at: datetime, properties: Mapping[str, Any]) -> Node:
        """Return a resource as it is before anybody has changed it.

        Args:
            id_: its id.
            number: which one of its owner it is, from 1.
            at: when it is created.
            properties: those that the request sets, by the names of the resource.
        """
        value = json.loads(self._fresh)
        for pointer, text in self._numbered.items():
            value = put(value, pointer, text.replace(_NUMBER, str(number)))
        value = _merged(value, properties, self._replaced)
        value[self.id] = id_
        for word, form in self._instants.items():
            value[self._meaning[word]] = form.write(at)
        return value

    def changed(self, old: Node, properties: Mapping[str, Any], at: datetime) -> Node:
        """Return a resource after an update.

        Args:
            old: as it was.
            properties: what to replace; an object is merged property by property, unless its
                semantics say that it is replaced.
            at: when it changes; a clock that went back does not take the instant along.
        """
        new = _merged(old, properties, self._replaced)
        if "updated" in self._instants:
            name = self._meaning["updated"]
            new[name] = self._instants["updated"].after(old[name], at)
        return new

    def kept(self, body: Body | None) -> Mapping[str, str]:
        """Return the names of a request's properties that a resource keeps, with its own names."""
        names: dict[str, str] = {}
        for name, node in self.schemas.properties(body.schema).items() if body else ():
            meaning = self.schemas.flat(node).get(SEMANTICS, {})
            stored = meaning.get("stored_as", name)
            if stored in self.properties and stored not in self._own:
                names[name] = stored
        return names

    def pick(self, sent: Mapping[str, Any], kept: Mapping[str, str]) -> Node:
        """Return what a request sets, by the names of the resource."""
        value = {kept[name]: one for name, one in sent.items() if name in kept}
        return cast("Node", self._shape.pick(value))

    def text(self, value: Node, sent: Mapping[str, Any]) -> bytes:
        """Validate a resource, and return it as it is stored.

        Raises:
            InvalidRequestError: what was sent makes the resource invalid.
            InvalidResourceError: the resource is invalid for another reason.
        """
        if not self._validator.is_valid(value):
            value = self.schemas.complete(self.schema, value)
            problem = self._validator.problem(value)
            if problem is not None:
                was_sent = {*problem.path[:1]} & sent.keys()
                kind = InvalidRequestError if was_sent else InvalidResourceError
                raise kind(problem.at(self.name))
        return dump(value)

    def described(self, given: Node, id_: Any, number: int, at: datetime) -> Node:
        """Return a resource that a person or an export describes.

        Args:
            given: any of its properties; required ones that are left out are as in a new resource.
            id_: its id, where none is given.
            number: as in `new`.
            at: as in `new`.
        """
        fresh = self.new(given.get(self.id, id_), number, at, {})
        value = self._with_required(self.schema, given, fresh)
        return cast("Node", self.schemas.complete(self.schema, value))

    def _with_required(self, schema: Node, value: Node, fresh: Node) -> Node:
        completed = dict(value)
        required = self.schemas.flat(schema).get("required", ())
        for name, node in self.schemas.properties(schema).items():
            new = fresh.get(name)
            if name in required and name in fresh and name not in completed:
                completed[name] = new
            elif is_object(new) and is_object(completed.get(name)):
                completed[name] = self._with_required(node, completed[name], new)
        return completed

    def problem(self, value: Node) -> Problem | None:
        """Return why a value cannot be stored as it is, None if it can."""
        problem = self._validator.problem(value)
        if problem is not None:
            return problem
        unknown = next(_differences(value, self._shape.pick(value)), None)
        if unknown is not None:
            return Problem(unknown, f"is not a property of a {self.name}")
        for path in inexact_numbers(value):
            return Problem(path, "has more digits than a double holds")
        return None

    def check(self, value: Node, place: str) -> None:
        """Raise CannotServeError where a value is not a resource."""
        problem = self._validator.problem(value)
        if problem is not None:
            where = problem._replace(path=(place, *problem.path)).at("")
            raise CannotServeError(
                f"a new {self.name} would not be valid: {where}; give it an example or an initial "
                "value that its schema takes"
            )

    def completed(self, stored: bytes) -> bytes:
        """Return a resource that was stored under another document as this one has it."""
        value = json.loads(stored)
        if self._validator.is_valid(value):
            return stored
        value = self._shape.pick(value)
        fresh: Node = self.new(value.get(self.id), 1, _SAMPLE_TIME, {})
        value = self.schemas.complete(self.schema, self._with_required(self.schema, value, fresh))
        for name in self._validator.wrong_properties(value):
            if name in fresh:
                value[name] = fresh[name]
            else:
                value.pop(name, None)
        return dump(value)


def resources_of(document: Document) -> dict[str, Resource]:
    """Return the resources of a document by name, in the order of its operations."""
    schemas = document.root.get("components", {}).get("schemas", {})
    said = (one.semantics for one in document.operations)
    named = dict.fromkeys(one["resource"] for one in said if "resource" in one)
    return {name: Resource(document, name) for name in named if name in schemas}


_DEEPEST: Final = 8  # objects in objects whose semantics are read
_UNSHOWN: Final[Node] = {"examples": []}
# Integers that JSON keeps everywhere, and those that every language has room for.
_FAR: Final = 2**53 - 1
_INT32: Final = 2**31 - 1
_ANNOTATIONS: Final = {
    *("default", "description", "deprecated", "example", "examples", "externalDocs", "summary"),
    *("title", "x-provenance"),
}


def _bare(node: Any) -> Any:
    """Return a schema without the keywords that do not affect which values are valid."""
    if is_list(node):
        return [_bare(one) for one in node]
    if not is_object(node):
        return node
    names = sorted(node)
    return {
        name: {inner: _bare(one) for inner, one in sorted(node[name].items())}
        if name == "properties" and is_object(node[name])
        else _bare(node[name])
        for name in names
        if name not in _ANNOTATIONS
    }


def _sample(document: Document, name: str) -> Any:
    """Return the resource in the example of the operation that reads it."""
    readers: list[Operation] = list(document.of("read", name))
    for operation in readers:
        return value_at(operation.success.example, split(operation.semantics["result"]))
    return None


def _differences(value: Any, known: Any, at: Path = ()) -> Iterator[Path]:
    """Yield the paths of what a value has and its known part has not."""
    if is_object(value):
        for name, inner in value.items():
            if name in known:
                yield from _differences(inner, known[name], (*at, name))
            else:
                yield (*at, name if _NAME.fullmatch(name) else "*")
    elif is_list(value):
        for index, inner in enumerate(value):
            yield from _differences(inner, known[index], (*at, index))


def _merged(
    old: Mapping[str, Any], properties: Mapping[str, Any], whole: set[Pointer], at: Pointer = ()
) -> Node:
    merged = dict(old)
    for name, value in properties.items():
        inner = merged.get(name)
        merged[name] = value
        if is_object(inner) and is_object(value) and (*at, name) not in whole:
            merged[name] = _merged(inner, value, whole, (*at, name))
    return merged
