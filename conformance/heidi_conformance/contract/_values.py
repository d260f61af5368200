"""What can be sent in the requests about a resource, and strings and numbers that are hard to keep."""
# ruff: noqa: E501  # tables read better in rows

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from heidi_conformance._document import Json, member

from ._fields import ABSENT, FIELDS, Fields, Flat, nested
from ._operations import MAIN
from ._schemas import Field, Values, first, values_of

STRINGS = (
    "two  spaces   inside", "C:\\new\\table \\n \\t", " leading and trailing ", "\t\n", "\r\n", "line\r\nbreak\rend\n", "nul\u0000inside", "\u0000",
    "\u0001\u001f\u007f\u0085", "astral \U0001f468\u200d\u2695\ufe0f \U00020000", "combining e\u0301 a\u030a",
    "composed \u00e9 \u00e5 \ufb01 \u212b", "\u202eright to left\u200f \u05d0\u0628", "\ufeffmark of order",
    "\ufffe\uffff \ue000", "<script>alert('x')</script> &amp; &lt;b&gt;", "%20 %00 %s {0} {{x}} ${y} \\u0041 \\",
    "Robert'); DROP TABLE sessions;--", '"quoted" \'single\' `tick`', "null", "true", "0", "007", "1e5", "NaN",
    "2024-01-01T00:00:00Z", "2024-12-11T03:57:57+11:00", "2024-12-11T03:57", "2024-12-11 3:57 PM", "2024-12-11T24:00:00.125",
    "NA", "N/A", "None", "nan", "-", "1.0", "1/2", "=1+1", "+61 2", "943 476 5919", "943-476-5919", "MAR1", '{"a":1}', "**no** fever... fine :) since 03/02/1990",
    "\u0410nn\u0430 \u0421", "\u2028\u2029", "\u00a0\u3000", "\u0130\u0131\u00df\u1e9e", "x" * 300, "\u00e9" * 5000,
    "long " * 14_000,
)  # fmt: skip
EXACT = (1, 59, 86_400, 2**31 - 1, 2**31, 2**32, 2**53 - 1, 2**53, 0.1, 0.5, 1.25, 3.141592653589793, 1e-7, 0.30000000000000004, 123456.789)  # fmt: skip
# As text: Python would spell some of them otherwise.
BEYOND = ("9007199254740993", "18446744073709551616", "1e21", "1e308", "1e400", "1" + "0" * 400, "5e-324", "0.1000000000000000055511151231257827")  # fmt: skip


def body(request: Mapping[str, Field], properties: Mapping[str, Any], shown: Any = None) -> Json:
    """Return a body that sends properties, spelled `outer.inner`, with what has to stand beside them.

    shown: a body that the document shows, whose values stand where no property says another.
    """
    told = dict(properties)
    for name, field in request.items():
        outer = name.rpartition(".")[0]
        opened = not outer or any(key.startswith(f"{outer}.") for key in told)
        there = any(key == name or key.startswith(f"{name}.") for key in told)
        if field.needed and opened and not there:
            known = member(shown, name)
            told[name] = first(field.schema, name) if known is None else known
    return nested(told)


@dataclass(frozen=True, eq=False)
class Sendable:
    """What can be sent in the requests about a resource, by property, spelled `outer.inner`."""

    fields: Fields

    # What an update takes

    @cached_property
    def valid(self) -> dict[str, Values]:
        """What each property of an update takes; first what a new resource has not."""
        told = {name: values_of(field).valid for name, field in self.fields.leaves.items()}
        return {name: self.changing(name, values) for name, values in told.items() if values}

    @cached_property
    def invalid(self) -> dict[str, Values]:
        """What each property of an update does not take."""
        told = {name: values_of(field).invalid for name, field in self.fields.updates.items()}
        return {name: values for name, values in told.items() if values}

    @cached_property
    def full(self) -> Flat:
        """A value of every property that an update takes."""
        return {name: values[0] for name, values in self.valid.items()}

    @cached_property
    def documented(self) -> dict[str, Values]:
        """What the page shows of an update, and what its responses show back."""
        told = {
            name: tuple(value for value in values if self.fields.ordinary(name, value))[:3]
            for name, values in self.valid.items()
            if name in self.fields.steady
        }
        return {name: values for name, values in told.items() if values}

    def of_kind(self, *kinds: str) -> list[str]:
        """Return the properties of an update that take one of some JSON types."""
        return [name for name in self.valid if self.fields.leaves[name].kinds & {*kinds}]

    @cached_property
    def texts(self) -> list[str]:
        """The properties of an update that take any string."""
        return [name for name in self.of_kind("string") if not self.fields.leaves[name].restricted]

    @cached_property
    def lists(self) -> list[str]:
        """The properties of an update that take any strings in an array."""
        return [name for name in self.of_kind("array") if self.fields.leaves[name].fits(["a b"])]

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
        free = (name for name in self.texts if not self.fields.updates[name].refers)
        return next((name for name in free if name in self.fields.steady), "")

    def changing(self, name: str, values: Values) -> Values:
        """Return two values or more, of which the first is another one than a new resource has."""
        shown = self.fields.stored.get(name, name)
        first, second, *others = (*values, *values[:1])[: max(2, len(values))]
        if first == self.fields.initial.get(shown, ABSENT):
            return (second, first, *others)
        return (first, second, *others)

    # Bodies

    def update(self, properties: Mapping[str, Any]) -> Json:
        """Return the body of an update that sends properties."""
        return body(self.fields.updates, properties, self.least("update"))

    def creation(self, properties: Mapping[str, Any]) -> Json:
        """Return the body of a creation that sends properties."""
        return body(self.fields.creates, properties, self.least("create"))

    def least(self, action: str) -> Any:
        """Return the least that the document shows of a body."""
        return self.fields.operations[action].least if self.fields.named(action) else None

    def change(self, number: int = 60, text: str | None = None) -> Flat:
        """Return what an update sends that tells one change from another.

        number: the value of `lead`, or of one of its values the number. text: the value of `name`.
        """
        if not self.lead:
            return {}
        values = self.valid[self.lead]
        fits = self.fields.updates[self.lead].fits(number)
        told = {self.lead: number if fits else values[number % len(values)]}
        return told | ({self.name: text} if self.name and text is not None else {})

    @cached_property
    def mark(self) -> str:
        """The property of an update that a run may leave its mark in; empty without.

        One that a creation sets as well, where there is one.
        """
        opened = self.fields.written_by(self.fields.creates)
        return next((name for name in self.texts if name in opened), self.name)

    @cached_property
    def label(self) -> str:
        """The property of a creation that takes any string and is shown; empty without.

        Best one that is shown under another name.
        """
        fields = self.fields
        free = [
            name
            for name, field in fields.creates.items()
            if "string" in field.kinds and not field.restricted and name not in fields.create_only
        ]
        return next((name for name in (*fields.stored, *free) if name in free), "")

    @cached_property
    def read_only(self) -> Flat:
        """A value that a new resource has not, of every property that only the server writes."""
        told: Flat = {}
        for name, field in self.fields.shows.items():
            if name.partition(".")[0] in self.fields.read_only and not field.inner:
                was = [
                    known.get(name, ABSENT) for known in (self.fields.initial, self.fields.sample)
                ]
                others = [value for value in values_of(field).valid if value not in was]
                told |= {name: others[0]} if others else {}
        return nested(told)


@cache
def sendable(resource: str = MAIN.name) -> Sendable:
    """Return what can be sent in the requests about a resource, by the name of its schema."""
    return Sendable(FIELDS[resource])
