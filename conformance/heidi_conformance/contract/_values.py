"""Values to send: what a property takes, what it does not, and what is hard to keep.

Candidates are neutral, or come from the document; the schema itself says which of them are valid.
"""
# ruff: noqa: E501  # tables read better in rows

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import import_module
from typing import Any

from heidi_conformance._document import Json

from ._fields import ABSENT, MAIN_FIELDS, Field, Fields, Flat, branches, kinds, nested

Values = tuple[Any, ...]
# The only reader of patterns that Python has, and no type checker knows it.
PATTERNS: Any = import_module("re._parser")
# Where a string may be any, the name of its property stands for `{}`.
TEXTS = ("{} one", "", "Zoë Müller", "2")
# Strings that look like a code, of a language or of anything else, and such as look almost like one.
CODES = (
    "es", "en-AU", "fil", "zh-Hant-TW", "es-419", "de-1996", "pt-br",
    "", "e", "english", "EN", "en_US", "en-", " en", "en ", "en\n", "en-A", "123", "en--US", "en-ABCDEFGHI", "en-abcdefghi", "ën",
)  # fmt: skip
FORMATS: Mapping[str, Values] = {
    "date": (
        "1990-01-01", "2000-02-29", "1912-12-31", "1990-05-06", "1969-12-31", "1990-07-15", "1875-03-02",
        "1990-02-30", "1990-04-31", "1990-13-01", "1990-00-10", "1990-01-00", "1900-02-29", "1990-1-1", "19900101",
        "1990-01-01T00:00:00", "1990-01-01Z", " 1990-01-01", "1990-01-01\n", "01/01/1990", "1990-W01-1",
        "1990-001", "", "today", "\u0661\u0669\u0669\u0660-\u0660\u0661-\u0660\u0661", "\u0661990-01-01", 19900101,
    ),
    "date-time": (
        "1990-01-01T00:00:00Z", "2024-02-29T23:59:59.123456Z", "2024-12-11T03:57:57+11:00", "1969-12-31T12:00:00-00:30",
        "1990-02-30T00:00:00Z", "1990-13-01T00:00:00Z", "1990-01-01T25:00:00Z", "1990-01-01T00:61:00Z",
        "1990-01-01T00:00:00", "1990-01-01", " 1990-01-01T00:00:00Z", "1990-01-01T00:00:00Z\n", "01/01/1990 10:00", "now", "",
    ),
    "uuid": (
        "123e4567-e89b-42d3-a456-426614174000", "00000000-0000-4000-8000-000000000000",
        "123e4567-e89b-42d3-a456-42661417400", "123e4567-e89b-42d3-a456-4266141740000", "g23e4567-e89b-42d3-a456-426614174000",
        " 123e4567-e89b-42d3-a456-426614174000", "123e4567-e89b-42d3-a456-426614174000\n", "1", "",
    ),
    "email": (
        "ann@example.com", "ann.b+c@mail.example.com", "a-1@example.org",
        "ann", "ann@", "@example.com", "ann example.com", " ann@example.com", "ann@example.com\n", "",
    ),
}  # fmt: skip
NUMBERS: Values = (60, 0, 75, 1.5, 2.5, 5.75, 3600, 90_061, -1, -0.5, -1e-9)
FLAGS: Values = (True, False, True)
# Ids of resources stand for the names in braces.
NAMED: Values = (["{other}"], ["{self}"])
LISTS: Values = (["Note 1", "Note 2"], ["Note 2", "Note 1", "Note 2"], ["only"], [], ["", "x"], ["one, two; three | four", "a\tb"], ["two\nlines"], ["2", "1", "2"], *NAMED)  # fmt: skip
# What is of another type than the one that is asked for.
OTHERS: Mapping[str, Values] = {
    "string": (1, 0, 5, 1.5, True, False, None, [], {}, ["x"]),
    "number": ("60", "1:30", "60s", "PT1M", "", True, False, [], {}, None, "NaN", [60]),
    "boolean": (0, 1, "true", "false", "yes", "on", "1", "", None, [], {}, 1.0),
    "array": ("x", "", None, {}, 5, True, {"0": "a"}),
    "object": (None, [], "x", 1, True, ""),
}
STRINGS = (
    "two  spaces   inside", "C:\\new\\table \\n \\t", " leading and trailing ", "\t\n", "\r\n", "line\r\nbreak\rend\n", "nul\u0000inside", "\u0000",
    "\u0001\u001f\u007f\u0085", "astral \U0001f468\u200d\u2695\ufe0f \U00020000", "combining e\u0301 a\u030a",
    "composed \u00e9 \u00e5 \ufb01 \u212b", "\u202eright to left\u200f \u05d0\u0628", "\ufeffmark of order",
    "\ufffe\uffff \ue000", "<script>alert('x')</script> &amp; &lt;b&gt;", "%20 %00 %s {0} {{x}} ${y} \\u0041 \\",
    "Robert'); DROP TABLE sessions;--", '"quoted" \'single\' `tick`', "null", "true", "0", "007", "1e5", "NaN",
    "2024-01-01T00:00:00Z", "2024-12-11T03:57:57+11:00", "2024-12-11T03:57", "2024-12-11 3:57 PM",
    "NA", "N/A", "None", "nan", "-", "1.0", "1/2", "=1+1", "+61 2", "\u0410nn\u0430 \u0421", "\u2028\u2029", "\u00a0\u3000", "\u0130\u0131\u00df\u1e9e", "x" * 300, "\u00e9" * 5000,
    "long " * 14_000,
)  # fmt: skip
EXACT = (1, 59, 86_400, 2**31 - 1, 2**31, 2**32, 2**53 - 1, 2**53, 0.1, 0.5, 1.25, 3.141592653589793, 1e-7, 0.30000000000000004, 123456.789)  # fmt: skip
# As text: Python would spell some of them otherwise.
BEYOND = ("9007199254740993", "18446744073709551616", "1e21", "1e308", "1e400", "1" + "0" * 400, "5e-324", "0.1000000000000000055511151231257827")  # fmt: skip
# A string or an array of more is not sent: a server may bound its bodies.
LONGEST = 10_000


@dataclass(frozen=True)
class Candidates:
    """What a property takes, and what it does not."""

    valid: Values
    invalid: Values


@cache
def values_of(field: Field) -> Candidates:
    """Sort what may be sent as a property by what its schema takes."""
    valid: dict[str, Any] = {}
    invalid: dict[str, Any] = {}
    for value in candidates(field):
        (valid if field.fits(value) else invalid).setdefault(json.dumps(value), value)
    # A property of two values is set to one, to the other and back.
    told = [*valid.values()]
    return Candidates((*told, *told[:1]) if len(told) == 2 else (*told,), (*invalid.values(),))


def candidates(field: Field) -> Iterator[Any]:
    """Yield what may be sent as a property, right or wrong."""
    for schema in branches(field.schema):
        yield from candidates_of(schema, field.name)


def candidates_of(schema: Json, name: str) -> Iterator[Any]:
    """Yield what may be sent where a schema stands that leaves no choice of others."""
    members = schema["enum"] if "enum" in schema else [schema["const"]] if "const" in schema else []
    shown = [*members, *schema.get("examples", ())]
    yield from shown
    yield from near(members[0]) if members and isinstance(members[0], str) else ()
    yield from ([value] for value in shown[:1])
    for kind in sorted(kinds(schema)) or ("string", "boolean", "number"):
        if not members:
            yield from MAKERS.get(kind, nothing)(schema, name)
        yield from OTHERS.get("number" if kind == "integer" else kind, ())


def nothing(_: Json, __: str) -> Iterator[Any]:
    yield from ()


def near(text: str) -> tuple[str, ...]:
    """Return strings that are almost the same."""
    return text.lower(), text.upper(), text.title(), f"{text} ", f" {text}", f"\t{text}", f"{text}\n", text[:1], f"{text}x", "UNKNOWN", ""  # fmt: skip


def strings(schema: Json, name: str) -> Iterator[Any]:
    """Yield strings: of the format, of the pattern, of the bounds, or any."""
    low, high = schema.get("minLength", 0), schema.get("maxLength", LONGEST)
    if "pattern" in schema:
        made = [matching(schema["pattern"], at) for at in (0, -1)]
        text = next(iter(schema.get("examples", ())), made[0])
        yield from (*CODES, *made, *near(text))
    elif schema.get("format") in FORMATS:
        yield from FORMATS[schema["format"]]
    else:
        yield from (text.format(name) for text in TEXTS)
    if "minLength" in schema or "maxLength" in schema:
        # A string is counted in code points.
        sizes = {size for bound in (low, high) for size in (bound - 1, bound, bound + 1)}
        fit = [size for size in sorted(sizes) if 0 <= size <= LONGEST]
        yield from (letter * size for size in fit for letter in ("x", "\U0001f468"))


def matching(pattern: str, at: int) -> str:
    """Return a string that matches a pattern, as far as it can be told without looking ahead.

    at: which of each choice, the first (0) or the last (-1).
    """
    try:
        return spelled(PATTERNS.parse(pattern), at)
    except re.error:
        return ""


def spelled(nodes: Iterable[tuple[Any, Any]], at: int) -> str:
    """Spell the shortest string for the nodes of a parsed pattern."""
    text = ""
    for kind, node in nodes:
        match str(kind):
            case "LITERAL":
                text += chr(node)
            case "IN":
                text += spelled(node[at:][:1], at)
            case "RANGE":
                text += chr(node[at])
            case "CATEGORY":
                text += {"CATEGORY_DIGIT": "0", "CATEGORY_SPACE": " "}.get(str(node), "a")
            case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
                text += spelled(node[2], at) * node[0]
            case "SUBPATTERN":
                text += spelled(node[3], at)
            case "BRANCH":
                text += spelled(node[1][at], at)
            case "ANY" | "NEGATE" | "NOT_LITERAL":
                text += "a"
            case _:
                pass
    return text


def numbers(schema: Json, _: str) -> Iterator[int | float]:
    """Yield numbers: round the bounds, and others."""
    yield from NUMBERS
    for word in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"):
        if word in schema and abs(schema[word]) < 2**40:
            bound = schema[word]
            yield from (bound - 1, bound, bound + 1)
            yield from (bound - 0.5, bound + 0.5) if "number" in kinds(schema) else ()
    if step := schema.get("multipleOf"):
        yield from (step, 2 * step, 1.5 * step)


def flags(_: Json, __: str) -> Iterator[bool]:
    yield from FLAGS


def arrays(schema: Json, name: str) -> Iterator[list[Any]]:
    """Yield arrays of what an item may be, right or wrong, and of as many as are allowed."""
    item: Json = schema.get("items", {})
    of = values_of(Field(name, item))
    fit, unfit = of.valid, of.invalid
    if kinds(item) <= {"string"} and Field(name, item).fits("{other}"):
        yield from LISTS
    elif fit:
        first, *_, last = (*fit, fit[0]) if len(fit) == 1 else fit
        second = fit[1] if len(fit) > 1 else last
        yield from ([first, second], [second, first, second], [first], [], [*fit])
    for order in (unfit, unfit[::-1]):
        yield from ([value] for value in {type(value): value for value in order}.values())
    yield from ([fit[0], value] for value in unfit[:1] if fit)
    bounds = (schema.get("minItems", 0), schema.get("maxItems", 0))
    sizes = {size for bound in bounds if bound for size in (bound - 1, bound, bound + 1)}
    for size in sorted(sizes):
        if fit and 0 <= size <= LONGEST:
            yield [fit[place % len(fit)] for place in range(size)]


def objects(schema: Json, _: str) -> Iterator[Any]:
    """Yield objects: whole, and without each property that it must have."""
    inner = schema.get("properties", {})
    if not inner:
        yield from ({"key": "one"}, {"key": "two"})
        return
    whole = sample(schema)
    yield whole
    yield from (
        {key: item for key, item in whole.items() if key != missing}
        for missing in schema.get("required", ())
    )


def sample(schema: Json) -> dict[str, Any]:
    """Return an object with all properties that a schema names."""
    return {name: first(node, name) for name, node in schema.get("properties", {}).items()}


def first(schema: Json, name: str = "value") -> Any:
    """Return a value that a schema takes. Raises LookupError where none is found."""
    of = values_of(Field(name, schema)).valid
    if not of:
        raise LookupError(f"no value is known that {name} takes; give its schema an example")
    return of[0]


MAKERS = {
    "string": strings,
    "number": numbers,
    "integer": numbers,
    "boolean": flags,
    "array": arrays,
    "object": objects,
}


# --- requests ---


def body(request: Mapping[str, Field], members: Mapping[str, Any]) -> Json:
    """Return a body that sends members, spelled `outer.inner`, with what has to stand beside them."""
    told = dict(members)
    for name, field in request.items():
        outer = name.rpartition(".")[0]
        opened = not outer or any(key.startswith(f"{outer}.") for key in told)
        there = any(key == name or key.startswith(f"{name}.") for key in told)
        if field.needed and opened and not there:
            told[name] = first(field.schema, name)
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
        return next(name for name in (*self.numbers, *self.documented, *self.valid))

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

    def update(self, members: Mapping[str, Any]) -> Json:
        """Return the body of an update that sends members."""
        return body(self.fields.updates, members)

    def creation(self, members: Mapping[str, Any]) -> Json:
        """Return the body of a creation that sends members."""
        return body(self.fields.creates, members)

    def change(self, number: int = 60, text: str | None = None) -> Json:
        """Return the body of an update that tells one change from another.

        number: the value of `lead`, or of one of its values the number. text: the value of `name`.
        """
        values = self.valid[self.lead]
        fits = self.fields.updates[self.lead].fits(number)
        told = {self.lead: number if fits else values[number % len(values)]}
        return self.update(told | ({self.name: text} if self.name and text is not None else {}))

    @cached_property
    def mark(self) -> str:
        """The property of an update that a run may leave its mark in; empty without.

        One that a creation sets as well, where there is one.
        """
        opened = self.fields.written_by(self.fields.creates)
        return next((name for name in self.texts if name in opened), self.name)

    @cached_property
    def first_mark(self) -> str:
        """The property of a creation that takes any string and is shown; empty without."""
        return next(
            (
                name
                for name, field in self.fields.creates.items()
                if "string" in field.kinds
                and not field.restricted
                and name not in self.fields.create_only
            ),
            "",
        )

    @cached_property
    def read_only(self) -> Flat:
        """A value that a new resource has not, of every property that only the server writes."""
        told: Flat = {}
        for name, field in self.fields.shows.items():
            top = name.partition(".")[0]
            if top in self.fields.read_only and not field.inner:
                was = [
                    known.get(name, ABSENT) for known in (self.fields.initial, self.fields.sample)
                ]
                others = [value for value in values_of(field).valid if value not in was]
                told |= {name: others[0]} if others else {}
        return nested(told)


@cache
def sendable() -> Sendable:
    """Return what can be sent in the requests about the main resource."""
    return Sendable(MAIN_FIELDS)
