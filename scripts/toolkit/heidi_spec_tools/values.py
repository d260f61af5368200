"""A value of each schema: what the document shows, else a small one that the schema takes."""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING, Any, Final, cast

from jsonschema_rs import Draft202012Validator

from heidi_spec_tools.nodes import as_list, as_object, find, pointer_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hypothesis.strategies import SearchStrategy

    from heidi_spec_tools.documents import Json

TEXTS: Final = {
    "date": "1990-01-31",
    "date-time": "1990-01-31T00:00:00Z",
    "date-time-local": "1990-01-31T00:00:00",
    "email": "user@example.com",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "time": "00:00:00Z",
    "uri": "https://example.com/",
    "uuid": "00000000-0000-4000-8000-000000000000",
}
_DEEPEST: Final = 8  # schemas in schemas; one that holds itself ends there


@dataclass(frozen=True)
class Values:
    """Makes values of the schemas of a document.

    root: what references lead into; a document without references needs none.
    full: an object has each property that a request may set, an array has an item, a string a
        word, and a number is 1; otherwise a value has what it must have, and is null if it may be.
    """

    root: Mapping[str, Any] = field(default_factory=dict[str, Any])
    full: bool = False

    def of(self, schema: Any, depth: int = 0) -> Json:
        """Return a value, None if we know none."""
        fits = self._validator(schema)
        return next(filter(fits.is_valid, self._candidates(self.flat(schema), depth)), None)

    def completed(self, schema: Any, value: Json, depth: int = 0) -> Json:
        """Return a value with each property that a request may set and that it lacks.

        What would make the whole invalid is left out.
        """
        node = next(
            (each for each in self._branches(schema) if self._validator(each).is_valid(value)),
            self.flat(schema),
        )
        if isinstance(value, list):
            return [self.completed(node.get("items", {}), each, depth + 1) for each in value]
        if not isinstance(value, dict):
            return value
        fits = self._validator(schema)
        known: dict[str, Any] = node.get("properties", {})
        whole: dict[str, Json] = dict(value)
        for name, child in known.items():
            if name in value:
                wider = self.completed(child, value[name], depth + 1)
            elif depth < _DEEPEST and not self.flat(child).get("readOnly"):
                wider = self.of(child, depth + 1)
            else:
                continue
            if fits.is_valid({**whole, name: wider}):
                whole[name] = wider
        return whole

    def flat(self, schema: Any) -> dict[str, Any]:
        """Return a schema with what it refers to and every part of its `allOf` in one object."""
        node: dict[str, Any] = dict(as_object(schema))
        parts: list[Any] = as_list(node.pop("allOf", None))
        if isinstance(reference := node.pop("$ref", None), str):
            parts.append(find(dict(self.root), pointer_of(reference) or ()))
        for one in map(self.flat, parts):
            properties = {**one.get("properties", {}), **node.get("properties", {})}
            required = [*one.get("required", ()), *node.get("required", ())]
            node = {**one, **node, "properties": properties, "required": required}
        return node

    def _branches(self, schema: Any) -> Iterator[dict[str, Any]]:
        """Yield a schema once for each of its alternatives, with what holds for all of them."""
        node = self.flat(schema)
        rest = {word: child for word, child in node.items() if word not in ("oneOf", "anyOf")}
        for branch in (*as_list(node.get("oneOf")), *as_list(node.get("anyOf"))):
            yield self.flat({"allOf": [rest, branch]})

    def _validator(self, schema: Any) -> Draft202012Validator:
        components = self.root.get("components", {})
        return Draft202012Validator(
            {**as_object(schema), "components": components}, validate_formats=True, offline=True
        )

    def _candidates(self, node: dict[str, Any], depth: int) -> Iterator[Json]:
        for word in ("examples", "example", "default", "const", "enum"):
            if word in node:
                yield from node[word] if word in ("examples", "enum") else (node[word],)
        if not self.full:
            yield None
        if depth > _DEEPEST:
            return
        for branch in self._branches(node):
            yield from self._candidates(branch, depth + 1)
        types = node.get("type", _TYPES)
        for type_ in (types,) if isinstance(types, str) else types:
            yield from self._of_type(type_, node, depth)

    def _of_type(self, type_: str, node: dict[str, Any], depth: int) -> Iterator[Json]:
        match type_:
            case "object":
                yield self._object(node, depth)
            case "array":
                items = node.get("items", {})
                least = max(int(self.full), node.get("minItems", 0))
                yield [self.of(items, depth + 1)] * least
                yield as_list(self.flat(items).get("enum"))[:least]
            case "string":
                yield from self._strings(node)
            case "integer" | "number":
                yield from map(_plain, _numbers(node, Decimal(self.full)))
            case "boolean":
                yield self.full
            case _:
                pass

    def _object(self, node: dict[str, Any], depth: int) -> dict[str, Json]:
        known: dict[str, Any] = node.get("properties", {})
        required: list[str] = node.get("required", [])
        value = {name: self.of(known.get(name, {}), depth + 1) for name in required}
        keys = node.get("additionalProperties")
        least = max(node.get("minProperties", 0), int(self.full and isinstance(keys, dict)))
        for number in range(least - len(value)):
            value[f"key{number or ''}"] = self.of(keys, depth + 1)
        filled = self.completed(node, value, depth) if self.full else value
        return as_object(filled)

    def _strings(self, node: dict[str, Any]) -> Iterator[str]:
        word = TEXTS.get(node.get("format", ""), "text" if self.full else "")
        yield word.ljust(node.get("minLength", 0), "x")[: node.get("maxLength")]
        if "pattern" in node:
            yield from matching(node)


_TYPES: Final = ("object", "array", "string", "number", "boolean")
"""What a schema may mean that names no type; the first that it takes."""


def _numbers(node: Mapping[str, Any], usual: Decimal) -> Iterator[Decimal]:
    """Yield numbers between the bounds, those near to the usual one first."""
    bounds = {word: Decimal(str(node[word])) for word in _BOUNDS if word in node}
    step = bounds.get("multipleOf", Decimal(1))
    low = bounds.get("minimum", bounds.get("exclusiveMinimum", -_FAR))
    high = bounds.get("maximum", bounds.get("exclusiveMaximum", _FAR))
    near = min(max(usual, low), high)
    first = (near / step).to_integral_value(rounding="ROUND_FLOOR" if near < 0 else "ROUND_CEILING")
    yield from ((first + away) * step for away in (0, 1, -1))
    yield from (near, (low + high) / 2)
    # For an integer that must be a multiple of a fraction.
    yield from ((first + away) * step for away in range(2, 100))


_BOUNDS: Final = ("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum", "multipleOf")
_FAR: Final = Decimal(2**53)


def _plain(number: Decimal) -> int | float:
    return int(number) if number == number.to_integral_value() else float(number)


def matching(node: Mapping[str, Any]) -> Iterator[str]:
    """Yield the simplest string that hypothesis knows for a pattern, the same each time."""
    from hypothesis import HealthCheck, Phase, find, settings  # noqa: PLC0415  takes a moment
    from hypothesis.errors import HypothesisWarning, NoSuchExample  # noqa: PLC0415
    from hypothesis.strategies import from_regex  # noqa: PLC0415

    quick = settings(
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )
    words = {word: node[word] for word in ("pattern", "minLength", "maxLength") if word in node}
    fits = Draft202012Validator(words)
    try:
        strings = cast("SearchStrategy[str]", from_regex(node["pattern"]))
        with warnings.catch_warnings():
            # It reports a recursion limit that a caller raised.
            warnings.simplefilter("ignore", HypothesisWarning)
            text = find(strings, fits.is_valid, settings=quick, random=Random(0))  # noqa: S311
        yield text
    except (NoSuchExample, re.error):
        return  # a pattern of another dialect, or one that nothing matches
