"""Make the request or response that proves a break: valid on one side, invalid on the other.

It is built of the words of both schemas: numbers around each bound, strings around each length,
listed values, a string for each pattern, objects with and without each property. A validator
says which of them prove anything; what changed deep inside is put into the message that holds it.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from functools import partial
from itertools import combinations
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast
from urllib.parse import quote

from jsonschema_rs import Draft202012Validator

from heidi_spec_tools.differences.assertions import Bundle, discriminated, signature
from heidi_spec_tools.differences.facets import canonical
from heidi_spec_tools.nodes import as_list, as_object
from heidi_spec_tools.values import TEXTS, matching

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from heidi_spec_tools.differences.changes import Change
    from heidi_spec_tools.differences.facets import Schema
    from heidi_spec_tools.differences.source import Source
    from heidi_spec_tools.documents import Json

_ENOUGH: Final = 60_000
"""So many schemas and values are looked at for proofs; in long lists, the last have none."""

_LARGE: Final = 1_000
_NEAR: Final = 3
"""So many values in values are looked at where a change is."""

_DEEPEST: Final = 4
_LARGEST: Final = 10_000

GONE: Final = frozenset(
    "member-removed required-member-removed closed-member-removed member-write-only"
    " parameter-removed status-unnamed"
    " required-parameter-removed header-removed success-status-removed error-status-removed"
    " other-answers-undescribed media-type-removed body-removed required-body-removed"
    " parameter-moved webhook-removed callback-removed operation-removed operation-moved".split()
)
"""Kinds of removals, whoever sends the value."""

DESCRIBED: Final = frozenset(
    "member-removed required-member-removed parameter-removed required-parameter-removed"
    " header-removed body-removed required-body-removed parameter-moved status-unnamed".split()
)
"""Of these, the kinds where only what a document describes counts as part of a message."""

UNPROVEN: Final = {
    "operation-id-changed": "no message holds the name; generated code does",
    "operation-id-removed": "no message holds the name; generated code does",
    "default-changed": "the same request is valid before and after; it means something else",
    "default-removed": "the same request is valid before and after; it means something else",
    "server-default-changed": "the same address is valid before and after; another one is usual",
    "link-removed": "no message holds a link",
    "xml-changed": "values are checked, not how XML writes them",
}
"""Kinds that no message can prove, and why."""
_NOT_FOUND: Final = "none was found"
_DEEPEST_SPOT: Final = 100
_TOO_DEEP: Final = f"it is deeper than {_DEEPEST_SPOT} values in values"
_NOT_SOUGHT: Final = "too much changed to prove it all"


@dataclass(frozen=True, slots=True)
class Spot:
    """A pair of schemas in a message, and the pair that holds it, down some steps."""

    old: Schema
    new: Schema
    steps: tuple[str, ...] = ()
    above: Spot | None = None

    @property
    def depth(self) -> int:
        """How many pairs hold this one."""
        depth, spot = 0, self
        while spot.above is not None:
            depth, spot = depth + 1, spot.above
        return depth

    def below(self, *steps: str, old: Schema, new: Schema) -> Spot:
        """Return a pair that this one holds."""
        return Spot(old, new, steps, self)


@dataclass(frozen=True, slots=True)
class Witness:
    """A message that is valid before a change and invalid after it, or the other way round.

    valid: `before` or `after`, empty where no such message can be made; `reason` says why.
    """

    value: Json
    valid: str = ""
    reason: str = ""

    def as_json(self) -> Json:
        """Return the witness as the JSON output shows it."""
        if not self.valid:
            return {"valid": None, "reason": self.reason}
        return {"valid": self.valid, "value": self.value}


class _TooMuchError(Exception):
    """Enough was read."""


Sided: TypeAlias = tuple[int, Any]
"""A schema, and whether the old (0) or the new (1) document holds it."""


@dataclass
class _Words:
    """What schemas describe."""

    values: list[Any] = field(default_factory=list[Any])
    numbers: set[float] = field(default_factory=set[float])
    counts: set[int] = field(default_factory=set[int])
    patterns: dict[str, None] = field(default_factory=dict[str, None])
    formats: set[str] = field(default_factory=set[str])
    names: dict[str, list[Sided]] = field(default_factory=dict[str, list[Sided]])
    required: dict[str, None] = field(default_factory=dict[str, None])
    items: list[Sided] = field(default_factory=list[Sided])
    alternatives: list[Sided] = field(default_factory=list[Sided])
    places: list[list[Sided]] = field(default_factory=list[list[Sided]])


class Witnesses:
    """Makes witnesses for the changes of two documents."""

    def __init__(self, old: Source, new: Source) -> None:
        self._sources = (old, new)
        self._read = 0
        self._validators: dict[tuple[Any, ...], Any] = {}
        self.some: dict[tuple[Any, ...], list[Any]] = {}
        self._kept: list[Any] = []
        self._sought: dict[Any, Witness] = {}

    def of(self, change: Change) -> Witness:
        """Return the witness of a change."""
        spot = change.place.spot
        if change.id in UNPROVEN or spot is None:
            return Witness(None, reason=UNPROVEN.get(change.id, _NOT_FOUND))
        if spot.depth > _DEEPEST_SPOT:
            return Witness(None, reason=_TOO_DEEP)
        key = change.cause
        if key is None:
            key = (change.id, id(spot.old), id(spot.new), change.place.names)
        if key not in self._sought:
            if self._read > _ENOUGH:
                return Witness(None, reason=_NOT_SOUGHT)
            try:
                self._sought[key] = self._made(change, spot)
            except _TooMuchError:
                return Witness(None, reason=_NOT_SOUGHT)
        return self._sought[key]

    def _made(self, change: Change, spot: Spot) -> Witness:
        forward = change.place.reading.sent or change.id in GONE
        reading = "request" if change.place.reading.request else "response"
        reading += " described" * (change.id in DESCRIBED)
        reading += " listed" * (change.id == "known-value-removed")
        search = _Search(self, 0 if forward else 1, reading)
        found = search.witness(spot, change.place.names)
        if found is _NONE:
            return Witness(None, reason=_NOT_FOUND)
        return Witness(_shown(found, change.id), "before" if forward else "after")

    def validator(self, side: int, schema: Schema, reading: str, depth: int | None) -> Any:
        """Return the validator of a schema of the old (0) or the new (1) document.

        Raises:
            _TooMuchError: too many values were read already.
        """
        key = (side, schema if isinstance(schema, bool) else id(schema), reading, depth)
        if key not in self._validators:
            self._kept.append(schema)
            source = self._sources[side]
            bundle = Bundle(source, schema, reading, depth, _LARGE if depth else _ENOUGH)
            while depth and bundle.nodes > _LARGE:
                depth -= 1
                bundle = Bundle(source, schema, reading, depth, _LARGE if depth else _ENOUGH)
            self.spend(bundle.nodes)
            self._validators[key] = Draft202012Validator(
                bundle.schema, validate_formats=True, offline=True
            )
        return self._validators[key]

    def spend(self, effort: int) -> None:
        """Count what is looked at.

        Raises:
            _TooMuchError: it is enough.
        """
        self._read += effort
        if self._read > _ENOUGH:
            raise _TooMuchError

    def keep(self, made: Schema) -> None:
        """Let something made here outlive its id."""
        self._kept.append(made)

    def source(self, side: int) -> Source:
        """Return the old (0) or the new (1) document."""
        return self._sources[side]


def _shown(message: Any, kind: str) -> Json:
    """Return a message as people read it: its path written out, and nothing that is empty."""
    whole: dict[str, Any] = as_object(message)
    if "request" not in whole:
        return cast("Json", message)
    path = as_object(whole.get("path"))
    steps = (quote(_text(value), safe="") for value in path.values())
    request = re.sub(r"\{\}", lambda _: next(steps, "{}"), whole["request"])
    rest = {
        name: part
        for name, part in whole.items()
        if name not in {"request", "path"} and (part or name == "content" or name in kind)
    }
    return {"request": request, **rest}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


_NONE: Final = object()


class _Search:
    """Looks for values that one side takes and the other refuses."""

    def __init__(self, owner: Witnesses, side: int, reading: str) -> None:
        self._owner, self._side, self._reading = owner, side, reading

    def witness(self, spot: Spot, names: tuple[str, ...]) -> Any:
        """Return a message that proves a change at a place, or _NONE."""
        messages = (self._message(spot, found) for found in self._between(spot, names))
        return next((message for message in messages if message is not _NONE), _NONE)

    def _pair(self, spot: Spot) -> tuple[Schema, Schema]:
        return (spot.old, spot.new) if self._side == 0 else (spot.new, spot.old)

    def _proves(self, spot: Spot, value: Any, names: tuple[str, ...] = ()) -> bool:
        taking, refusing = self._pair(spot)
        depth = None if spot.above is None else _NEAR
        judge = self._owner.validator(1 - self._side, refusing, self._reading, depth)
        takes = self._owner.validator(self._side, taking, self._reading, depth)
        if not takes.is_valid(value) or judge.is_valid(value):
            return False
        return not names or any(
            name in map(str, error.instance_path) or name in error.message
            for error in judge.iter_errors(value)
            for name in names
        )

    def _between(self, spot: Spot, names: tuple[str, ...]) -> Iterator[Any]:
        """Yield the values of a pair that prove something, the shortest first."""
        taking, refusing = self._pair(spot)
        words = _Words()
        self._read(self._side, taking, words, set())
        self._read(1 - self._side, refusing, words, set())
        found = (v for v in self._values(words, 0) if self._proves(spot, v, names))
        yield from list(_first(found, 12))

    def _message(self, spot: Spot, value: Any) -> Any:
        """Put a value into what holds it, up to the whole message; _NONE where that fails."""
        while spot.above is not None:
            holder = spot.above
            found = value
            value = next(filter(partial(self._proves, holder), self._wholes(spot, found)), _NONE)
            if value is _NONE and holder.above and not _same_value(spot.steps):
                value = next(filter(partial(self._takes, holder), self._wholes(spot, found)), _NONE)
            elif value is _NONE and _same_value(spot.steps):
                value = next(self._between(holder, ()), _NONE)
            if value is _NONE:
                return _NONE
            spot = holder
        return value

    def _wholes(self, spot: Spot, value: Any) -> Iterator[Any]:
        """Yield what may hold a value."""
        if spot.above is not None:
            for base in self._bases(spot.above, spot.steps):
                yield from _put(base, spot.steps, value)

    def _takes(self, holder: Spot, value: Any) -> bool:
        """Say whether a holder takes a value; what refuses it may lie too deep to see here."""
        taking, _ = self._pair(holder)
        return bool(self._owner.validator(self._side, taking, self._reading, 1).is_valid(value))

    def _bases(self, holder: Spot, steps: tuple[str, ...]) -> Iterator[Any]:
        """Yield values that may hold another one; many where it applies to the same value."""
        taking, _ = self._pair(holder)
        words = _Words()
        self._read(self._side, taking, words, set())
        yield from ({}, [], self._needed(words, 0))
        yield from self._some(self._side, taking, 0)
        if _same_value(steps):
            yield from _first(self._values(words, 0), 100)

    def _some(self, side: int, schema: Schema, depth: int) -> list[Any]:
        """Return some values that a schema takes."""
        key = (side, schema if isinstance(schema, bool) else id(schema), self._reading)
        known = self._owner.some
        if key not in known:
            known[key] = []  # a schema that holds itself ends there
            words = _Words()
            self._read(side, schema, words, set())
            fits = self._owner.validator(side, schema, self._reading, 1)
            known[key] = list(_first(filter(fits.is_valid, self._values(words, depth)), 4))
        return known[key]

    def _read(self, side: int, schema: Schema, words: _Words, seen: set[int]) -> None:
        """Gather the words of a schema, and of all that apply to the same value."""
        node: dict[str, Any] = as_object(schema)
        if not node or id(node) in seen:
            return
        seen.add(id(node))
        self._owner.spend(1 + len(node.get("properties", ())))
        for word in ("examples", "enum", "x-extensible-enum"):
            words.values += as_list(node.get(word))
        words.values += [node[word] for word in ("example", "default", "const") if word in node]
        words.numbers |= {node[word] for word in _NUMBERS if word in node}
        words.counts |= {int(node[word]) for word in _COUNTS if word in node}
        words.patterns |= dict.fromkeys(node[word] for word in ("pattern",) if word in node)
        words.formats |= {node[word] for word in ("format", "contentEncoding") if word in node}
        words.values += [text for text in [signature(node)] if text]
        words.required |= dict.fromkeys(node.get("required", ()))
        for name, child in node.get("properties", {}).items():
            words.names.setdefault(name, []).append((side, child))
        for pattern, child in node.get("patternProperties", {}).items():
            for name in self._names({"pattern": pattern}):
                words.names.setdefault(name, []).append((side, child))
        rest: Schema = node.get("additionalProperties", True)
        for name in self._names(node.get("propertyNames")):
            words.names.setdefault(name, []).extend([(side, rest)] if rest is not True else [])
        if not isinstance(rest, bool):
            for name in ("key", "other"):
                words.names.setdefault(name, []).append((side, rest))
        triggers: dict[str, Any] = dict.fromkeys(node.get("dependentSchemas", {}), ())
        for trigger, needed in {**node.get("dependentRequired", {}), **triggers}.items():
            for name in (trigger, *needed):
                words.names.setdefault(name, [])
        words.items += [(side, node[word]) for word in ("items", "contains") if word in node]
        places = node.get("prefixItems", ())
        words.places += [[(side, child) for child in places]] if places else []
        discriminator = as_object(node.get("discriminator"))
        if isinstance(name := discriminator.get("propertyName"), str):
            listed = discriminated(node)
            self._owner.keep(listed)
            words.names.setdefault(name, []).append((side, listed))
        source = self._owner.source(side)
        below = [source.target(node, word) for word in ("$ref", "$dynamicRef") if word in node]
        below += [child for word in ("allOf", "anyOf", "oneOf") for child in node.get(word, ())]
        below += [node[word] for word in ("not", "if", "then", "else") if word in node]
        below += node.get("dependentSchemas", {}).values()
        unions = (child for word in ("anyOf", "oneOf") for child in node.get(word, ()))
        words.alternatives += [(side, child) for child in unions]
        for child in below:
            self._read(side, child, words, seen)

    def _names(self, schema: Any) -> list[str]:
        """Return some names of properties."""
        if not isinstance(schema, dict):
            return []
        self._owner.keep(schema)
        usual = [name for name in _STATUSES if "pattern" in schema]
        words = _Words()
        self._read(self._side, schema, words, set())
        fits = self._owner.validator(self._side, schema, "plain", 1)
        found = (v for v in (*usual, *self._values(words, _DEEPEST)) if isinstance(v, str))
        return list(_first(filter(fits.is_valid, found), 3))

    # Values

    def _values(self, words: _Words, depth: int) -> Iterator[Any]:
        """Yield values, each once."""
        seen: set[str] = set()
        for value in self._candidates(words, depth):
            self._owner.spend(1)
            if (text := canonical(value)) not in seen:
                seen.add(text)
                yield value

    def _candidates(self, words: _Words, depth: int) -> Iterator[Any]:
        yield from words.values
        yield from ("text", 1, True, None, [], {}, "", 0, -1, 0.5, False)
        for number in sorted(words.numbers):
            yield from (number, number + 1, number - 1, number + 0.5, number - 0.5, 2 * number)
            yield number / 2
        counts = sorted({n for c in words.counts for n in (c - 1, c, c + 1) if 0 <= n < _LARGEST})
        yield from ("x" * count for count in counts)
        for form in sorted(words.formats):
            yield from (TEXTS[form],) if form in TEXTS else _FORMATS.get(form, ())
        bounds: dict[str, Any] = {}
        if words.patterns and words.counts:
            bounds = {"minLength": min(words.counts), "maxLength": max(words.counts)}
        for pattern in words.patterns:
            yield from ("a", "b", "ab", "aa", "0")
            yield from matching({"pattern": pattern})
            yield from matching({"pattern": pattern, **bounds}) if bounds else ()
        if depth < _DEEPEST:
            yield from self._lists(words, counts, depth)
            yield from self._objects(words, counts, depth)

    def _children(self, schemas: Iterable[Sided], depth: int) -> list[Any]:
        """Return values that some of these schemas take; any value if there is none."""
        mine = sorted(schemas, key=lambda pair: pair[0] != self._side)
        found = [v for side, schema in mine for v in self._some(side, schema, depth + 1)]
        return found if len({side for side, _ in mine}) == 2 else [*found, "text", 1]

    def _lists(self, words: _Words, counts: list[int], depth: int) -> Iterator[list[Any]]:
        items = [*self._children(words.items, depth), "text", 1, *words.values][:12]
        tuples = [
            [value for place in places for value in self._children([place], depth)[:1]]
            for places in words.places
        ]
        yield from (whole[:length] for whole in tuples for length in range(len(whole) + 1))
        yield from ([*whole, items[0]] for whole in tuples)
        yield from ([item] for item in items)
        yield from ([one, other] for one, other in combinations(items, 2))
        yield [items[0], items[0]]
        several = [canonical(item) for item in items]
        distinct = [item for n, item in enumerate(items) if several.index(several[n]) == n]
        for count in counts:
            yield [items[0]] * count
            yield (distinct + [n + 2 for n in range(count)])[:count]
        if words.values:
            yield words.values

    def _objects(self, words: _Words, counts: list[int], depth: int) -> Iterator[dict[str, Any]]:
        needed = self._needed(words, depth)
        yield needed
        names = [*words.names, *(name for name in words.required if name not in words.names)]
        values = {name: self._children(words.names.get(name, ()), depth) for name in names}
        full = {name: some[0] for name, some in values.items() if some}
        if len(full) <= _FEW:
            for size in range(len(full) + 1):
                yield from (dict(chosen) for chosen in combinations(full.items(), size))
        parts = self._children(words.alternatives, depth) if words.alternatives else []
        for part in filter(None, map(as_object, parts)):
            yield part
            yield {**needed, **part}
            yield {**full, **part}
        yield full
        for name, usual in full.items():
            yield {key: value for key, value in full.items() if key != name}
            yield {key: value for key, value in needed.items() if key != name}
            yield {**needed, name: usual}
        for name, some in values.items():
            for value in some[1:]:
                yield {name: value}
                yield {**needed, name: value}
                yield {**full, name: value}
        rest = self._rest(words)
        for base in ({}, needed, full):
            yield {**base, "other": "text"}
            yield {**base, "other": 1}
            for count in counts:
                more = range(max(count - len(base), 0))
                yield {**base, **{f"key{n}": rest for n in more}}
                yield dict(list(full.items())[:count])

    def _needed(self, words: _Words, depth: int) -> dict[str, Any]:
        """Return an object with what is required alone."""
        children = {
            name: self._children(words.names.get(name, ()), depth) for name in words.required
        }
        return {name: some[0] for name, some in children.items() if some}

    def _rest(self, words: _Words) -> Any:
        return next(iter(self._children(words.names.get("key", ()), _DEEPEST - 1)), 1)


_NUMBERS: Final = "minimum maximum exclusiveMinimum exclusiveMaximum multipleOf".split()
_COUNTS: Final = (
    "minLength maxLength minItems maxItems minProperties maxProperties minContains maxContains"
).split()
_STATUSES: Final = ("200", "201", "202", "204", "404", "418", "500", "application/octet-stream")
_FORMATS: Final = {"int32": (2**31, -(2**31) - 1), "int64": (2**63,), "base64": ("dGV4dA==", "%")}
_FEW: Final = 6


_INSIDE: Final = (".", "[", "=")
"""How the steps begin that lead into a value."""


def _first(values: Iterable[Any], most: int) -> Iterator[Any]:
    return (value for _, value in zip(range(most), values, strict=False))


def _same_value(steps: tuple[str, ...]) -> bool:
    """Say whether a pair applies to the same value as its holder."""
    return not any(step.startswith(_INSIDE) for step in steps)


def _put(base: Any, steps: tuple[str, ...], value: Any) -> Iterator[Any]:
    """Put a value where the steps of a pair lead; most of them lead to one place."""
    step = next((step for step in reversed(steps) if step.startswith(_INSIDE)), "")
    if not step:
        if any("names" in each for each in steps):
            yield {**as_object(base), str(value): 1}
        elif any("content" in each for each in steps):
            yield json.dumps(value)
        else:
            yield value
            yield from (
                [{**base, **value}] if isinstance(base, dict) and isinstance(value, dict) else []
            )
    elif step.startswith("["):
        items = as_list(base)
        index = int(step[1:-1] or 0)
        if index <= len(items):
            yield [*items[:index], value, *items[index + 1 :]]
        yield [*items, value]
        yield [value] * max(len(items), index + 1)
    elif step.startswith((".*", ".{")):
        names = matching({"pattern": step[2:-1]}) if step != ".*" else (*as_object(base), "key")
        yield from ({**as_object(base), name: value} for name in (*names, "other"))
    else:
        yield {**as_object(base), step[1:]: value}
        yield {step[1:]: value}
