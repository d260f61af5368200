"""How JSON becomes models, and models JSON, without losing anything.

Reading is lenient. The type of an attribute is the type in the document. Where a response breaks
the document, an object reads as an empty one and anything else as None, whatever its type, and what
was sent is kept: `to_dict` returns it until the attribute is changed. An unknown value of a closed
enum reads as that value. Properties that the document does not name are `additional_properties`.
`Model.mismatch` returns the first place where a response breaks the document.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Container, Iterator, Mapping
from datetime import date, datetime
from enum import Enum, IntEnum, StrEnum
from functools import cache
from typing import Any, ClassVar, Final, Self, TypeVar, cast

from attrs import define, field, frozen

from .types import UNSET, MismatchError

T = TypeVar("T")
E = TypeVar("E", bound=Enum)

OBJECT: Final[type[dict[str, Any]]] = dict
ARRAY: Final[type[list[Any]]] = list

MISFIT: Final = object()
"""What a shape reads where a value does not have that shape."""


@frozen(kw_only=True, eq=False, repr=False)
class Shape:
    """A schema, as far as models know it."""

    expected: str
    """What it allows, in words for a message."""

    read: Callable[[Any], Any]
    """Turns a JSON value into a Python value, or `MISFIT`."""

    salvage: Callable[[Any], Any] = lambda _: None
    """Turns a misfit into the value of the attribute."""

    exact: bool = True
    """Whether the JSON value can always be written again from the Python value."""

    items: Shape | None = None

    model: type[Model] | None = None

    branches: tuple[Shape, ...] = ()

    nests: bool = False
    """Whether it holds objects that models read."""


@frozen(eq=False, repr=False)
class Member:
    """A property that the document names."""

    attribute: str
    shape: Shape
    required: bool = field(default=True, kw_only=True)
    shown: bool = field(default=False, kw_only=True)
    """Whether repr shows it: only where the document says that it is not private."""


@frozen(repr=False)
class Kept:
    """What was sent for a property that cannot be written again from its attribute."""

    sent: Any
    read: Any
    fits: bool = field(kw_only=True)


_LEFT_OUT: Final = Kept(UNSET, None, fits=False)

_WHOLE: Final = None
"""Stands for the object itself among its properties."""


class _Hidden:
    """Stands in a repr for what it does not show."""

    def __repr__(self) -> str:
        return "..."


_HIDDEN: Final = _Hidden()


def _unless_empty(values: dict[T, Any] | None) -> dict[T, Any] | None:
    return values or None


@define(kw_only=True, repr=False, weakref_slot=False)
class Model:
    """An object of the document: compares by value, pickles, copies; repr hides its content."""

    members: ClassVar[Mapping[str, Member]] = {}
    """The properties that the document names, by their names in JSON."""

    additional_values: ClassVar[Shape | None] = None
    """The shape of all other properties, as in a map; None if the document does not say."""

    _additional: dict[str, Any] | None = field(default=None, init=False, eq=_unless_empty)
    _kept: dict[str | None, Kept] | None = field(default=None, init=False, eq=_unless_empty)
    _request_id: str | None = field(default=None, init=False, eq=False)
    """Of what a method returned: how the server names the request in its own logs."""

    @property
    def additional_properties(self) -> dict[str, Any]:
        """The properties that the document does not name. A change of it changes the model."""
        if self._additional is None:
            self._additional = {}
        return self._additional

    @additional_properties.setter
    def additional_properties(self, values: dict[str, Any]) -> None:
        self._additional = values

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read an object leniently; see this module.

        Args:
            data: an object, as a JSON parser returns it. Anything else reads as an empty object.
        """
        return cls._from_table(data)

    @classmethod
    def _from_table(cls, data: object) -> Self:
        model = object.__new__(cls)
        model._kept = model._additional = model._request_id = None
        given = _mapping(data)
        if given is None:
            model._kept = {_WHOLE: Kept(data, None, fits=False)}
            given = dict[str, Any]()
        for name, member in cls.members.items():
            sent = given.get(name, UNSET)
            optional = sent is UNSET and not member.required
            setattr(model, member.attribute, UNSET if optional else model._recover(name, sent))
        model._additional = model._read_others(given)
        return model

    def to_dict(self) -> dict[str, Any]:
        """Write the object as JSON values, and as it was sent where nothing was changed."""
        sent = self._kept or {}
        data: dict[str, Any] = {}
        for name, _, value in self._properties():
            kept = sent.get(name)
            shown = kept.sent if kept is not None and _same(kept.read, value) else value
            if shown is not UNSET:
                data.setdefault(name, to_json(shown))
        return data

    def to_json(self, *, indent: int | None = None) -> str:
        """Write the object as a JSON text; see `to_dict`.

        Raises:
            ValueError: it holds NaN or infinity, for which JSON has no word.
        """
        return json.dumps(self.to_dict(), indent=indent, ensure_ascii=False, allow_nan=False)

    def mismatch(self, path: str = "$") -> MismatchError | None:
        """Find the first place that breaks the document, in the order of the document.

        A place in a map is `.*`: the names in it are data, and may tell about a patient.
        """
        kept = self._kept or {}
        if _WHOLE in kept:
            return MismatchError(path, "an object", kind(kept[_WHOLE].sent))
        for name, shape, value in self._properties():
            here = path + (_step(name) if name in self.members else ".*")
            if name in kept and not kept[name].fits:
                return _describe(here, shape, kept[name].sent)
            if shape.nests:
                for step, inner in _models_in(value):
                    error = inner.mismatch(here + step)
                    if error is not None:
                        return error
        return None

    def _properties(self) -> Iterator[tuple[str, Shape, Any]]:
        """Yield the name, the shape and the value of each property, those of the document first."""
        for name, member in self.members.items():
            yield name, member.shape, getattr(self, member.attribute)
        for name, value in (self._additional or {}).items():
            yield name, self.additional_values or ANYTHING, value

    def _read_others(self, data: Mapping[str, Any]) -> dict[str, Any] | None:
        """Read the properties that the document does not name."""
        found = others(data, self.members)
        if found and self.additional_values is not None:
            for name, sent in found.items():
                found[name] = self._recover(name, sent)
        return found

    def _recover(self, name: str, sent: Any) -> Any:
        """Read any value of a property, and keep what was sent where the attribute cannot hold it.

        Args:
            sent: a JSON value, or UNSET where a required property is missing.
        """
        member = self.members.get(name)
        shape = member.shape if member else self.additional_values or ANYTHING
        if sent is UNSET and shape.model is None:
            self._kept = {**self._kept, name: _LEFT_OUT} if self._kept else _one_left_out(name)
            return None
        read = shape.read(sent)
        if read is MISFIT:
            kept = Kept(sent, shape.salvage(sent), fits=False)
            read = shape.salvage(sent)  # another, since a model may be changed
        elif shape.exact or _same(to_json(read), sent):
            return read
        else:
            kept = Kept(sent, read, fits=True)
        self._kept = {**(self._kept or {}), name: kept}
        return read

    def lacks(self, attribute: str) -> bool:
        """Say whether a response left a property out, or broke the document there."""
        return self._kept is not None and any(
            name in self.members and self.members[name].attribute == attribute and not kept.fits
            for name, kept in self._kept.items()
            if name is not None
        )

    def __repr__(self) -> str:
        facts = [f"{name}={value!r}" for name, value in self._shown()]
        return f"{type(self).__name__}({', '.join([*facts, repr(_HIDDEN)])})"

    def __rich_repr__(self) -> Iterator[object]:
        """Show the same to rich, which would read every attribute instead of the repr."""
        yield from self._shown()
        yield _HIDDEN

    def _shown(self) -> Iterator[tuple[str, object]]:
        for member in self.members.values():
            value = getattr(self, member.attribute)
            if member.shown and value is not UNSET:
                yield member.attribute, value


@cache
def _one_left_out(name: str) -> dict[str | None, Kept]:
    """The record of a model that lacks one property; it is immutable, so all models share it."""
    return {name: _LEFT_OUT}


def to_json(value: Any) -> Any:
    """Turn the value of an attribute into a JSON value."""
    if isinstance(value, Model):
        return value.to_dict()
    if type(value) is ARRAY:
        return [to_json(item) for item in value]
    if isinstance(value, date):  # a datetime is a date too
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    return value


def kind(value: object) -> str:
    """Name the type of a JSON value."""
    return _KINDS.get(type(value), "something else")


_KINDS: Final[Mapping[type, str]] = {
    type(UNSET): "nothing",
    type(None): "null",
    bool: "a boolean",
    int: "an integer",
    float: "a number",
    str: "a string",
    list: "an array",
    dict: "an object",
}


def _mapping(value: object) -> Mapping[str, Any] | None:
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else None


def _same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and bool(one == other)


def _step(name: str) -> str:
    return f".{name}" if re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII) else f"[{name!r}]"


def _describe(path: str, shape: Shape, sent: Any) -> MismatchError:
    if shape.items is not None and type(sent) is ARRAY:
        for index, item in enumerate(sent):
            if shape.items.read(item) is MISFIT:
                return _describe(f"{path}[{index}]", shape.items, item)
    return MismatchError(path, shape.expected, kind(sent))


def _models_in(value: Any) -> Iterator[tuple[str, Model]]:
    if isinstance(value, Model):
        yield "", value
    elif type(value) is ARRAY:
        for index, item in enumerate(value):
            for step, inner in _models_in(item):
                yield f"[{index}]{step}", inner


# Shapes


def _of_type(expected: str, *types: type) -> Shape:
    return Shape(expected=expected, read=lambda value: value if type(value) in types else MISFIT)


def _read_integer(value: Any) -> Any:
    if type(value) is float and value.is_integer():
        return int(value)
    return value if type(value) is int else MISFIT


def full_date(text: str) -> date | None:
    """Read a date in the format of RFC 3339; None for any other string."""
    # fromisoformat alone would take 20241231 and 2024-W01-1 too.
    try:
        return _from_iso(text) if len(text) == 10 and text[5] != "W" else None
    except ValueError:
        return None


_from_iso: Final = date.fromisoformat


def _read_date(value: Any) -> Any:
    return (full_date(value) if type(value) is str else None) or MISFIT


def _read_date_time(value: Any) -> Any:
    if type(value) is not str or not _DATE_TIME.fullmatch(value):
        return MISFIT
    try:
        return datetime.fromisoformat(value.upper())
    except ValueError:
        return MISFIT


_DATE_TIME: Final = re.compile(
    r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)

ANYTHING: Final = Shape(expected="anything", read=lambda value: value)
NULL: Final = _of_type("null", type(None))
BOOLEAN: Final = _of_type("a boolean", bool)
TEXT: Final = _of_type("a string", str)
NUMBER: Final = _of_type("a number", int, float)
INTEGER: Final = Shape(expected="an integer", read=_read_integer, exact=False)
DATE: Final = Shape(expected="a date", read=_read_date)
DATE_TIME: Final = Shape(expected="a date and time", read=_read_date_time, exact=False)


def one_of(values: type[StrEnum | IntEnum]) -> Shape:
    """A value of a closed enum."""
    known: Mapping[Any, Enum] = by_value(values)
    plain = INTEGER if issubclass(values, IntEnum) else TEXT

    def salvage(value: Any) -> Any:
        return None if (read := plain.read(value)) is MISFIT else read

    return Shape(
        expected="one of " + ", ".join(map(str, known)),
        read=lambda value: known.get(plain.read(value), MISFIT),
        salvage=salvage,
        exact=plain.exact,
    )


def an_object(model: type[Model]) -> Shape:
    """An object that a model reads."""
    return Shape(
        expected="an object",
        read=lambda value: model.from_dict(value) if type(value) is OBJECT else MISFIT,
        salvage=lambda _: model.from_dict({}),
        model=model,
        nests=True,
    )


def array(items: Shape) -> Shape:
    """An array of items of one shape."""

    def read(value: Any) -> Any:
        if type(value) is ARRAY:
            result = [items.read(item) for item in value]
            if not any(item is MISFIT for item in result):
                return result
        return MISFIT

    return Shape(
        expected=f"an array, each item {items.expected}",
        read=read,
        exact=items.exact,
        items=items,
        nests=items.nests,
    )


def either(*shapes: Shape) -> Shape:
    """A value of one of several shapes; the first that fits reads it."""

    def read(value: Any) -> Any:
        return next((r for s in shapes if (r := s.read(value)) is not MISFIT), MISFIT)

    def salvage(value: Any) -> Any:
        plain = (shape for shape in shapes if shape.model is None)
        return next((r for s in plain if (r := s.salvage(value)) is not None), None)

    return Shape(
        expected=" or ".join(dict.fromkeys(shape.expected for shape in shapes)),
        read=read,
        salvage=salvage,
        exact=all(shape.exact for shape in shapes),
        branches=shapes,
        nests=any(shape.nests for shape in shapes),
    )


# For the methods that read without a table

new: Final = object.__new__


def by_value(values: type[E]) -> dict[Any, E]:
    """The members of an enum by their JSON values."""
    return {member.value: member for member in values}


def others(data: Mapping[str, Any], named: Container[str]) -> dict[str, Any] | None:
    """The properties of an object that the document does not name; None if there are none."""
    found: dict[str, Any] = {}
    for name in data:  # in 3.11 a comprehension takes a quarter longer
        if name not in named:
            found[name] = data[name]
    return found or None


def are(items: Any, wanted: type) -> bool:
    """Whether a value is an array whose items all have exactly one type."""
    if type(items) is not ARRAY:
        return False
    for item in items:  # noqa: SIM110  # all() with a generator takes three times as long
        if type(item) is not wanted:
            return False
    return True


def read_all(read: Callable[[Any], T], items: list[Any], *, consume: bool) -> list[T]:
    """Read each item of an array.

    Args:
        consume: use the array itself for the result, so that each object is freed once it is
            read; a large page takes a tenth less time.
    """
    if not consume:
        return [read(item) for item in items]
    for index, item in enumerate(items):
        items[index] = read(item)
    return items
