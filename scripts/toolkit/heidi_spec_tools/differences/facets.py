"""The constraints of a schema on one type of value, and how two of them combine."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:
    from heidi_spec_tools.documents import Json

Schema: TypeAlias = Any
"""A schema as it is in a document: an object or a boolean."""

TYPES: Final = ("null", "boolean", "number", "string", "array", "object")

OPEN: Final = "Extensible enum."
"""A description that starts so makes an enum a list of known values; more must be expected."""

Bound: TypeAlias = "tuple[float, int]"
"""A number, and 0 where it is within; otherwise 1 for a lower bound and -1 for an upper one.

So the tighter of two lower bounds is the greater one, and of two upper ones the lesser."""

LOWER: Final = frozenset({"minimum", "minLength", "minItems", "minProperties"})
UPPER: Final = frozenset({"maximum", "maxLength", "maxItems", "maxProperties"})
COUNTS: Final = {
    "string": ("minLength", "maxLength"),
    "array": ("minItems", "maxItems"),
    "object": ("minProperties", "maxProperties"),
}


@dataclass(frozen=True, eq=False)
class Layout:
    """The schemas of the properties of an object, or of the items of an array.

    rest: of properties that are not named; None if the schema does not say.
    """

    named: dict[Any, Schema] = field(default_factory=dict[Any, Schema])
    patterns: dict[str, Schema] = field(default_factory=dict[str, Schema])
    rest: Schema = None

    def others(self) -> Schema:
        """Return the schema of properties that are not named."""
        return True if self.rest is None else self.rest

    def view(self, name: Any) -> Schema:
        """Return the schema of one property or item, but no pattern: those apply by themselves."""
        if name in self.named:
            return self.named[name]
        if any(matches(pattern, str(name)) for pattern in self.patterns):
            return True
        return self.others()


@dataclass(frozen=True, eq=False)
class Case:
    """One type of value that a schema allows, and what else it asks of it.

    notes: what an alternative of a union says that asserts nothing.
    name: what the alternative is called, empty where it has no name.
    others: the properties that only the other alternatives describe.
    """

    type: str
    facets: dict[str, Any] = field(default_factory=dict[str, Any])
    notes: dict[str, Any] = field(default_factory=dict[str, Any])
    name: str = ""
    others: frozenset[str] = frozenset()

    @property
    def layout(self) -> Layout:
        """The properties or items."""
        layout: Layout = self.facets.get("layout", _EMPTY)
        return layout


_EMPTY: Final = Layout()


def canonical(value: Any) -> str:
    """Write a JSON value so that equal values give equal strings; 1 and 1.0 are equal."""
    return json.dumps(_integral(value), sort_keys=True, ensure_ascii=False)


def _integral(value: Json) -> Json:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [_integral(item) for item in value]
    if isinstance(value, dict):
        return {key: _integral(item) for key, item in value.items()}
    return value


def matches(pattern: str, text: str, *, unread: bool = True) -> bool:
    """Say whether a string matches a pattern; `unread` for one that Python cannot read."""
    try:
        return re.search(pattern, text) is not None
    except (re.error, OverflowError, RecursionError):
        return unread


def type_of(value: Any) -> str:
    """Return the JSON type of a value."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object"


def whole(case: Case) -> bool:
    """Say whether a case allows integers alone."""
    if case.type == "number" and "values" in case.facets:
        return all(float(value).is_integer() for value in case.facets["values"].values())
    return bool(case.facets.get("integer"))


def is_open(notes: dict[str, Any]) -> bool:
    """Say whether an enum is a list of known values."""
    return str(notes.get("description", "")).startswith(OPEN)


# Two sayings together

Both: TypeAlias = Callable[[Schema, Schema], Schema]
"""Makes one schema of two that must both hold."""


def _union(a: frozenset[Any], b: frozenset[Any]) -> frozenset[Any]:
    return a | b


def _either(a: bool, b: bool) -> bool:
    return a or b


def _all(a: tuple[Any, ...], b: tuple[Any, ...]) -> tuple[Any, ...]:
    return (*a, *(item for item in b if item not in a))


def _common(a: dict[str, Any], b: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in a.items() if key in b}


def _needs(a: dict[str, frozenset[str]], b: dict[str, frozenset[str]]) -> dict[str, frozenset[str]]:
    return {name: a.get(name, frozenset()) | b.get(name, frozenset()) for name in {**a, **b}}


def _least_common_multiple(a: Fraction, b: Fraction) -> Fraction:
    return Fraction(math.lcm(a.numerator, b.numerator), math.gcd(a.denominator, b.denominator))


_TOGETHER: Final[dict[str, Callable[[Any, Any], Any]]] = {
    **dict.fromkeys(LOWER, max),
    **dict.fromkeys(UPPER, min),
    **dict.fromkeys(("pattern", "format", "contentEncoding", "contentMediaType"), _union),
    **dict.fromkeys(("integer", "uniqueItems", "exclusive"), _either),
    **dict.fromkeys(("names", "contains", "not", "if", "unknown", "union", "contentSchema"), _all),
    "values": _common,
    "required": _union,
    "needs": _needs,
    "multipleOf": _least_common_multiple,
}


def together(a: Case, b: Case, both: Both) -> Case | None:
    """Return what two cases say together, None if no value fits both."""
    if a.type != b.type:
        return None
    facets = {**a.facets, **b.facets}
    for name in a.facets.keys() & b.facets.keys():
        one, other = a.facets[name], b.facets[name]
        if name == "layout":
            facets[name] = _layouts(one, other, both)
        elif name == "dependentSchemas":
            facets[name] = _maps(one, other, both)
        else:
            facets[name] = _TOGETHER[name](one, other)
    return Case(a.type, facets, {**a.notes, **b.notes}, a.name or b.name)


def _maps(a: dict[str, Schema], b: dict[str, Schema], both: Both) -> dict[str, Schema]:
    return {key: both(a.get(key, True), b.get(key, True)) for key in {**a, **b}}


def _layouts(a: Layout, b: Layout, both: Both) -> Layout:
    for one, other in ((a, b), (b, a)):
        if _neutral("layout", one):
            return other
    named = {name: both(a.view(name), b.view(name)) for name in {**a.named, **b.named}}
    patterns = {
        pattern: both(a.patterns.get(pattern, a.others()), b.patterns.get(pattern, b.others()))
        for pattern in {**a.patterns, **b.patterns}
    }
    rest = [layout.rest for layout in (a, b) if layout.rest is not None]
    return Layout(named, patterns, both(*rest) if len(rest) == 2 else next(iter(rest), None))


# The shortest way to say it

_FROM_ZERO: Final = frozenset({"minLength", "minItems", "minProperties"})
_BESIDE_VALUES: Final = frozenset({"not", "if", "unknown", "union", "exclusive"})
_HOW_MANY: Final = {"null": 1, "boolean": 2}


def settled(case: Case) -> Case | None:
    """Return the normal form of a case; None if no value fits it."""
    facets = dict(case.facets)
    _SETTLED[case.type](facets)
    if "values" in facets:
        values = {key: value for key, value in facets["values"].items() if _fits(facets, value)}
        if not values:
            return None
        # Listed values make bounds redundant; a list of all values of a type is redundant.
        facets = {name: facets[name] for name in _BESIDE_VALUES & facets.keys()}
        if len(values) != _HOW_MANY.get(case.type):
            facets["values"] = values
    facets = {name: value for name, value in facets.items() if not _neutral(name, value)}
    for low, high in (*COUNTS.values(), ("minimum", "maximum")):
        if low in facets and high in facets and _crossed(facets[low], facets[high]):
            return None
    return Case(case.type, facets, case.notes, case.name)


def _neutral(name: str, value: Any) -> bool:
    if isinstance(value, Layout):
        return not value.named and not value.patterns and value.rest is None
    if name in _FROM_ZERO:
        return bool(value == (0, 0))
    return value is False or (isinstance(value, frozenset | tuple | dict) and not value)


def _crossed(low: Bound, high: Bound) -> bool:
    (least, above), (most, below) = low, high
    return least > most or (least == most and bool(above or below))


SIZES: Final = {"int32": 31, "int64": 63}
"""The formats of integers that are bounds; of each, the bits beside the sign."""


def _settle_number(facets: dict[str, Any]) -> None:
    factor = facets.get("multipleOf")
    if factor is not None and factor.denominator == 1:
        facets["integer"] = True
    if not facets.get("integer"):
        return
    for size in SIZES.keys() & facets.get("format", frozenset()):
        most = 2 ** SIZES[size]
        facets["minimum"] = max((-most, 0), facets.get("minimum", (-math.inf, 0)))
        facets["maximum"] = min((most - 1, 0), facets.get("maximum", (math.inf, 0)))
        facets["format"] -= {size}
    if factor is not None:
        facets["multipleOf"] = factor = _least_common_multiple(Fraction(1), factor)
    if factor == 1:
        del facets["multipleOf"]
    if "minimum" in facets:
        value, above = facets["minimum"]
        facets["minimum"] = (math.floor(value) + 1 if above else math.ceil(value), 0)
    if "maximum" in facets:
        value, below = facets["maximum"]
        facets["maximum"] = (math.ceil(value) - 1 if below else math.floor(value), 0)


def _settle_items(facets: dict[str, Any]) -> None:
    layout = facets.get("layout", _EMPTY)
    named, rest = layout.named, layout.rest
    if rest is False:
        _lower(facets, "maxItems", len(named))
        rest = None
    kept: list[tuple[Schema, int, int | None]] = []
    for schema, least, most in _counts(facets.get("contains", ())):
        if most is not None and least > most:
            facets["values"] = {}
        if named or rest is None or canonical(schema) != canonical(rest):
            kept.append((schema, least, most))
            continue
        facets["minItems"] = max((least, 0), facets.get("minItems", (0, 0)))
        if most is not None:
            _lower(facets, "maxItems", most)
    if facets.get("minItems", (0, 0))[0] <= max((least for _, least, _ in kept), default=0):
        facets.pop("minItems", None)
    most, _ = facets.get("maxItems", (math.inf, 0))
    named = {index: schema for index, schema in named.items() if index < most}
    facets["layout"] = Layout(named, rest=None if len(named) >= most else rest)
    facets["contains"] = tuple(kept)
    facets["uniqueItems"] = most > 1 and facets.get("uniqueItems", False)


def _counts(
    contains: tuple[tuple[Schema, int, int | None], ...],
) -> list[tuple[Schema, int, int | None]]:
    """Say once of each schema how many items match it."""
    counts: dict[str, tuple[Schema, int, int | None]] = {}
    for schema, least, most in contains:
        first, at_least, at_most = counts.get(key := canonical(schema), (schema, 0, None))
        limits = [limit for limit in (most, at_most) if limit is not None]
        counts[key] = (first, max(least, at_least), min(limits, default=None))
    return list(counts.values())


def _settle_properties(facets: dict[str, Any]) -> None:
    layout, needs = facets.get("layout", _EMPTY), facets.get("needs", {})
    required = _implied(facets.get("required", frozenset()), needs)
    if facets.get("maxProperties", (1, 0))[0] < 1:
        layout = Layout(rest=False)
    if layout.rest is False and not layout.patterns:
        named = {name: schema for name, schema in layout.named.items() if schema is not False}
        layout = Layout(named, rest=False)
        least, most = facets.get("minProperties", (0, 0))[0], facets.pop("maxProperties", None)
        if least >= len(named):
            required |= named.keys()
        if most and most[0] < len(named):
            facets["maxProperties"] = most
        if least > len(named):
            facets["values"] = {}
    if any(layout.view(name) is False for name in required):
        facets["values"] = {}
    if facets.get("minProperties", (0, 0))[0] <= len(required):
        facets.pop("minProperties", None)
    facets |= {"layout": layout, "required": required}
    facets["needs"] = {
        trigger: names - required
        for trigger, names in needs.items()
        if trigger not in required and not names <= required
    }


def _implied(required: frozenset[str], needs: dict[str, frozenset[str]]) -> frozenset[str]:
    """Return the required properties, and those that they require in turn."""
    more = required.union(*(needs.get(name, ()) for name in required))
    return required if more == required else _implied(more, needs)


def _lower(facets: dict[str, Any], name: str, most: float) -> None:
    facets[name] = min((most, 0), facets.get(name, (math.inf, 0)))


def _settle_others(facets: dict[str, Any]) -> None:
    """The absence of constraints can be written in several ways."""


_SETTLED: Final[dict[str, Callable[[dict[str, Any]], None]]] = {
    **dict.fromkeys(TYPES, _settle_others),
    "number": _settle_number,
    "array": _settle_items,
    "object": _settle_properties,
}
_FEW: Final = 100
_EMPTIES: Final[dict[str, Any]] = {"string": "", "array": [], "object": {}}


def listed(case: Case) -> dict[str, Any] | None:
    """Return the values that a case allows, by their canonical string; None if they are many."""
    if "values" in case.facets:
        values: dict[str, Any] = case.facets["values"]
        return values
    if case.type == "number" and {"minimum", "maximum"} <= case.facets.keys():
        least, most = (case.facets[name][0] for name in ("minimum", "maximum"))
        numbers = [least] if least == most else []
        if whole(case) and most - least < _FEW:
            numbers = [*range(int(least), int(most) + 1)]
        if numbers:
            return {canonical(number): number for number in numbers if fits(case, number)}
    empty = case.type in _EMPTIES and (
        case.layout.rest is False and not case.layout.named and not case.layout.patterns
        if case.type == "object"
        else case.facets.get(COUNTS[case.type][1], (1, 0))[0] < 1
    )
    return {canonical(_EMPTIES[case.type]): _EMPTIES[case.type]} if empty else None


Others: TypeAlias = "list[dict[str, Any]] | None"
"""The constraints that apply only where another one does not; None if they are unknown."""


def opposites(case: Case) -> list[Case] | None:
    """Return the cases of the same type that make up what a case leaves out; None for unknown."""
    cases: list[Case] = []
    for name, said in case.facets.items():
        others = _OPPOSITES[name](said) if name in _OPPOSITES else None
        if others is None:
            return None
        cases += [Case(case.type, facets) for facets in others]
    return cases


def _opposite_count(other: str, shift: int) -> Callable[[Any], Others]:
    return lambda said: [{other: (said[0] + shift, 0)}]


def _present(layout: Layout) -> Others:
    """Return what is said where a property may not be absent."""
    absent = list(layout.named.values()) == [False] and not layout.patterns
    return [{"required": frozenset(layout.named)}] if absent and layout.rest is None else None


def _absent(required: frozenset[str]) -> Others:
    return [{"layout": Layout(dict.fromkeys(required, False))}] if len(required) == 1 else None


def _fewer_or_more(contains: tuple[tuple[Schema, int, int | None], ...]) -> Others:
    if len(contains) != 1:
        return None
    ((schema, least, most),) = contains
    fewer = [(schema, 0, least - 1)] if least else []
    more = [(schema, most + 1, None)] if most is not None else []
    return [{"contains": (count,)} for count in (*fewer, *more)]


_OPPOSITES: Final[dict[str, Callable[[Any], Others]]] = {
    "minimum": lambda said: [{"maximum": (said[0], said[1] - 1)}],
    "maximum": lambda said: [{"minimum": (said[0], said[1] + 1)}],
    **{least: _opposite_count(most, -1) for least, most in COUNTS.values()},
    **{most: _opposite_count(least, 1) for least, most in COUNTS.values()},
    "required": _absent,
    "layout": _present,
    "contains": _fewer_or_more,
}
"""What each keyword leaves out."""


def fits(case: Case, value: Any) -> bool:
    """Say whether a value is within the bounds of a case; if that cannot be decided, it is."""
    return _fits(case.facets, value)


def _fits(facets: dict[str, Any], value: Any) -> bool:
    if isinstance(value, bool) or value is None:
        return True
    if isinstance(value, int | float):
        least, above = facets.get("minimum", (-math.inf, 0))
        most, below = facets.get("maximum", (math.inf, 0))
        whole = not facets.get("integer") or float(value).is_integer()
        factor = facets.get("multipleOf")
        return (
            (value > least if above else value >= least)
            and (value < most if below else value <= most)
            and whole
            and (factor is None or (Fraction(str(value)) / factor).denominator == 1)
        )
    low, high = COUNTS[type_of(value)]
    least, most = facets.get(low, (0, 0))[0], facets.get(high, (math.inf, 0))[0]
    return least <= len(value) <= most and all(
        isinstance(value, str) and matches(pattern, value) for pattern in facets.get("pattern", ())
    )
