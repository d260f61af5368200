"""What a schema says of a value: types, properties, and valid and invalid values to send.

Nothing here names a property. Candidates are neutral, or come from the schema; the schema itself
says which of them are valid.
"""
# ruff: noqa: E501  # tables read better in rows

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import import_module
from typing import Any, cast

import jsonschema_rs

from heidi_conformance._verdict import CannotJudgeError

from ._document import SAID, Json, property_of

# In what a new resource has, its number among those of its owner.
NUMBER = "{number}"


@dataclass(frozen=True, eq=False)
class Field:
    """One property of a request or of a resource.

    name: spelled `outer.inner`. schema: without references. needed: whether what it is in must
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
        """What a new resource has, where that holds its number; None if it does not."""
        said = self.semantics.get("initial")
        if not isinstance(said, str) or NUMBER not in said:
            return None
        return re.compile("[0-9]+".join(map(re.escape, said.split(NUMBER))))


# --- schemas ---


def branches(schema: Json) -> list[Json]:
    """Return the alternatives of a schema without null, or the schema itself if it has none."""
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
    status = property_of(schema.get("x-provenance"), "status") or status
    for name, node in inner.get("properties", {}).items():
        place = f"{at}.{name}" if at else name
        needed = name in inner.get("required", ())
        told = property_of(node.get("x-provenance"), "status") or status
        yield Field(place, node, needed, required and needed, told)
        yield from walk(node, place, required=required and needed, status=told)


# --- values ---

Values = tuple[Any, ...]
# The only reader of patterns that Python has, and no type checker knows it.
PATTERNS: Any = import_module("re._parser")
# Where a string may be any, the name of its property stands for `{}`.
TEXTS = ("{} one", "", "Zoë Müller", "2")
# Strings that look like a code, of a language or of anything else, and such as look almost like one.
CODES = (
    "es", "en-AU", "fil", "zh-Hant-TW", "es-419", "de-1996", "pt-br", "iw", "deu", "cmn-Hans", "en-Latn-AU",
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
    "uri": ("https://example.com/", "https://example.com/a?b=c#d", "urn:isbn:0451450523", "example", "https://exa mple.com/", ""),
    "time": ("12:00:00Z", "23:59:59.5+01:00", "25:00:00Z", "12:00", "noon", ""),
    "hostname": ("example.com", "a-1.example.org", "exa mple.com", "-a.example.com", ""),
}  # fmt: skip
NUMBERS: Values = (60, 0, 75, 1.5, 2.5, 5.75, 3600, 90_061, -1, -0.5, -1e-9)
FLAGS: Values = (True, False, True)
# Ids of resources stand for the names in braces.
NAMED: Values = (["{other}"], ["{self}"])
LISTS: Values = (["Note 1", "Note 2"], ["Note 2", "Note 1", "Note 2"], ["only"], [], ["", "x"], ["one, two; three | four", "a\tb"], ["two\nlines"], ["2", "1", "2"], *NAMED)  # fmt: skip
# Values of other types than the required one.
OTHERS: Mapping[str, Values] = {
    "string": (5, 0, True, None, [], {}, ["x"]),
    "number": ("60", "1:30", "60s", "PT1M", "", True, False, [], {}, None, "NaN", [60]),
    "boolean": (0, 1, "true", "yes", "1", "", None, [], {}, 1.0),
    "array": ("x", "", None, {}, 5, True, {"0": "a"}),
    "object": (None, [], "x", 1, True, ""),
}
# A string or an array of more is not sent: a server may bound its bodies.
LONGEST = 10_000


@dataclass(frozen=True)
class Candidates:
    """Valid and invalid values of a property."""

    valid: Values
    invalid: Values


@cache
def values_of(field: Field) -> Candidates:
    """Sort candidates for a property into valid and invalid ones."""
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
    """Yield values to try for a schema without alternatives, valid and invalid."""
    named = schema["enum"] if "enum" in schema else [schema["const"]] if "const" in schema else []
    shown = [*named, *schema.get("examples", ())]
    yield from shown
    yield from near(named[0]) if named and isinstance(named[0], str) else ()
    yield from ([value] for value in shown[:1])
    for kind in sorted(kinds(schema)) or ("string", "boolean", "number"):
        if not named:
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
    """Return a string that matches a pattern; look-aheads are ignored.

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
    yield from ([value] for value in {type(value): value for value in unfit[::-1]}.values())
    yield from ([fit[0], value] for value in unfit[:1] if fit)
    bounds = (schema.get("minItems", 0), schema.get("maxItems", 0))
    sizes = {size for bound in bounds if bound for size in (bound - 1, bound, bound + 1)}
    for size in sorted(sizes):
        if fit and 0 <= size <= LONGEST:
            yield [fit[place % len(fit)] for place in range(size)]


def objects(schema: Json, name: str) -> Iterator[Any]:
    """Yield objects: whole, and without each property that it must have; of a map, right or wrong."""
    inner = schema.get("properties", {})
    if not inner:
        yield from ({"key": "one"}, {"key": "two"})
        if isinstance(rest := schema.get("additionalProperties"), dict):
            of = values_of(Field(name, cast("Json", rest)))
            wrong = {json.dumps(value)[:1]: value for value in reversed(of.invalid)}
            yield from ({"key": value} for value in (*of.valid[:2], *wrong.values()))
        return
    whole = sample(schema, name)
    yield whole
    yield from (
        {key: item for key, item in whole.items() if key != missing}
        for missing in schema.get("required", ())
    )


def sample(schema: Json, at: str) -> dict[str, Any]:
    """Return an object with all properties that a schema names, as far as values are known."""
    made: dict[str, Any] = {}
    for name, node in schema.get("properties", {}).items():
        try:
            made[name] = first(node, f"{at}.{name}" if at else name)
        except CannotJudgeError:
            if name in schema.get("required", ()):
                raise
    return made


def first(schema: Json, name: str = "") -> Any:
    """Return a value that a schema takes, such as it shows. Raises CannotJudgeError without one.

    name: the property or the parameter, empty for a whole body.
    """
    field = Field(name, schema)
    given = [schema[word] for word in ("const", "default") if word in schema]
    for value in (*given, *values_of(field).valid):
        if field.fits(value):
            return value
    place = name or "the body of a request"
    raise CannotJudgeError(f"no value is known that {place} takes; give its schema an example")


MAKERS = {
    "string": strings,
    "number": numbers,
    "integer": numbers,
    "boolean": flags,
    "array": arrays,
    "object": objects,
}
