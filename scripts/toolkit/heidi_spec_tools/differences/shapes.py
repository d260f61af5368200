"""The shape of a schema: one form for all the ways to write the same schema.

A shape is a union of cases, each of one type. `$ref`, `allOf`, `anyOf` and `oneOf` are worked
out; so `type: [string, 'null']` and `oneOf` of a string and null have the same shape.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import combinations
from typing import TYPE_CHECKING, Any, Final

from heidi_spec_tools.differences.facets import (
    COUNTS,
    TYPES,
    Case,
    Layout,
    Schema,
    canonical,
    fits,
    is_open,
    matches,
    opposites,
    settled,
    together,
    type_of,
    whole,
)
from heidi_spec_tools.nodes import as_list, as_object

if TYPE_CHECKING:
    from collections.abc import Iterable

    from heidi_spec_tools.differences.source import Source

MAX_CASES: Final = 100
"""A product of alternatives with more cases is compared as it is written."""

_NOTES: Final = frozenset(
    "title description default deprecated readOnly writeOnly example examples externalDocs xml"
    " discriminator $comment".split()
)
_SILENT: Final = frozenset("$defs definitions $id $anchor $dynamicAnchor".split())
_DIALECTS: Final = {
    ("$schema", "https://json-schema.org/draft/2020-12/schema"),
    ("$schema", "https://spec.openapis.org/oas/3.1/dialect/base"),
}
"""Dialects that say what OpenAPI 3.1 says anyway."""

_NAMES: Final = re.compile(r"\^(?:([\w-]+)|\((?:\?:)?([\w-]+(?:\|[\w-]+)*)\))\$")
"""A pattern that only a few names match."""

_PLAIN_NAMES: Final = {"type", "enum", "const", "minLength", "maxLength", "pattern", "description"}
_APPLIED: Final = frozenset(
    "$ref $dynamicRef allOf anyOf oneOf not if then else type enum const".split()
)

_BY_TYPE: Final = {
    "number": "minimum maximum exclusiveMinimum exclusiveMaximum multipleOf format",
    "string": "minLength maxLength pattern format contentEncoding contentMediaType contentSchema",
    "array": "minItems maxItems uniqueItems items prefixItems contains minContains maxContains"
    " unevaluatedItems",
    "object": "minProperties maxProperties properties patternProperties additionalProperties"
    " propertyNames required dependentRequired dependentSchemas unevaluatedProperties",
}
_KNOWN: Final = (
    _NOTES | _SILENT | _APPLIED | {word for words in _BY_TYPE.values() for word in words.split()}
)


@dataclass(frozen=True, eq=False)
class Shape:
    """The values that a schema allows, and its annotations.

    known: the values of an open list, by their canonical string; they assert nothing.
    branches: the alternatives as they are written, where there are several.
    """

    cases: tuple[Case, ...]
    notes: dict[str, Any]
    known: dict[str, Any] | None = None
    branches: tuple[Schema, ...] = ()

    def of(self, kind: str) -> list[Case]:
        """Return the cases of one type."""
        return [case for case in self.cases if case.type == kind]

    def types(self) -> dict[str, bool]:
        """Return the types, and of each whether only integers are meant."""
        types: dict[str, bool] = {}
        for case in self.cases:
            types[case.type] = types.get(case.type, True) and whole(case)
        return types


_ALL: Final = tuple(Case(kind) for kind in TYPES)
_ANYTHING: Final = Shape(_ALL, {})
_NOTHING: Final = Shape((), {})


class Shapes:
    """The shapes of the schemas of one document; each is worked out once."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._shapes: dict[int, Shape | None] = {}
        self._joined: dict[tuple[int, ...], Schema] = {}
        self._parts_of: dict[int, tuple[Schema, ...]] = {}
        self._separate: dict[tuple[Case, Case], bool] = {}
        self._tags: dict[Layout, dict[str, dict[str, Any]]] = {}

    def __call__(self, schema: Schema) -> Shape:
        """Return the shape of a schema.

        Raises:
            DocumentError: the schema is made of itself.
        """
        if isinstance(schema, bool):
            return _ANYTHING if schema else _NOTHING
        if id(schema) not in self._shapes:
            self._shapes[id(schema)] = None
            self._shapes[id(schema)] = self._shape(schema)
        shape = self._shapes[id(schema)]
        if shape is None:
            raise self._source.unclear(schema, "is made of itself; break the cycle")
        return shape

    def both(self, a: Schema, b: Schema) -> Schema:
        """Return the schema that asks what two schemas ask."""
        if a is b or a == b or b is True or a is False:
            return a
        if a is True or b is False:
            return b
        parts = {id(p): p for schema in (a, b) for p in self._parts_of.get(id(schema), (schema,))}
        key = tuple(parts)
        if key not in self._joined:
            self._joined[key] = joined = self._source.keep({"allOf": [*parts.values()]}, a)
            self._parts_of[id(joined)] = tuple(parts.values())
        return self._joined[key]

    def _shape(self, schema: dict[str, Any]) -> Shape:
        cases, notes = self._own(schema), dict[str, Any]()
        branches: tuple[Schema, ...] = ()
        known: dict[str, Any] | None = None
        for part in self._parts(schema):
            shape = self(part)
            notes |= shape.notes
            branches = shape.branches or branches
            known = shape.known if known is None else known
            cases = self._product(cases, shape, ("allOf", (part,)))
        for union in ("anyOf", "oneOf"):
            alternatives = schema.get(union, [])
            if len(alternatives) > 1 and not _implication(union, alternatives):
                branches = tuple(alternatives)
                shape = self._union(alternatives, exclusive=union == "oneOf")
                notes |= shape.notes
                known = shape.known if known is None else known
                cases = self._product(cases, shape, (union, branches))
        notes |= {k: v for k, v in schema.items() if k in _NOTES or k.startswith("x-")}
        if "not" in schema:
            cases = [left for case in cases for left in self._without(case, schema["not"])]
        for condition in self._conditions(schema):
            cases = [done for case in cases for done in self._conditioned(case, *condition)]
        cases = [_evaluated(case, schema) for case in cases]
        for refined in (self._matched, self._named, self._counted):
            cases = list(map(refined, cases))
        cases = [done for case in cases if (done := settled(case))]
        return _opened(Shape(tuple(_tidied(cases)), notes, known, branches))

    def _parts(self, schema: dict[str, Any]) -> Iterable[Schema]:
        """Yield the schemas that must hold in addition to the schema itself."""
        if "$ref" in schema:
            yield self._source.target(schema)
        if "$dynamicRef" in schema:
            yield self._source.target(schema, "$dynamicRef")
        yield from schema.get("allOf", ())
        for union in ("anyOf", "oneOf"):
            alternatives = schema.get(union, [])
            if len(alternatives) == 1:
                yield alternatives[0]

    def _own(self, schema: dict[str, Any]) -> list[Case]:
        """Return the constraints of the keywords that apply to one value."""
        types = schema.get("type", TYPES)
        types = [types] if isinstance(types, str) else types
        beside = self._beside(schema)
        cases: list[Case] = []
        for kind in TYPES:
            if kind not in types and not (kind == "number" and "integer" in types):
                continue
            facets = {**_facets(schema, kind), **beside}
            if kind == "number" and "number" not in types:
                facets["integer"] = True
            if (values := _values(schema, kind)) is not None:
                facets["values"] = values
            cases.append(Case(kind, facets))
        return cases

    def _beside(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Return the constraints of the keywords that apply to every type."""
        unknown = tuple(
            (keyword, value)
            for keyword, value in schema.items()
            if keyword not in _KNOWN and not keyword.startswith("x-")
            if (keyword, value) not in _DIALECTS
        )
        return {"unknown": unknown} if unknown else {}

    def _product(
        self, cases: list[Case], shape: Shape, written: tuple[str, tuple[Schema, ...]]
    ) -> list[Case]:
        """Return what both say; as it is written where that would be too many cases."""
        pairs = [(a, b) for a in cases for b in shape.of(a.type)]
        if len(pairs) > MAX_CASES and len(shape.cases) > len(TYPES):
            return [_with(case, "union", (written,)) for case in cases if shape.of(case.type)]
        return [case for a, b in pairs if (case := together(a, b, self.both))]

    def _union(self, alternatives: list[Schema], *, exclusive: bool) -> Shape:
        shapes = [self(alternative) for alternative in alternatives]
        alone = self._alone(alternatives, shapes) if exclusive else shapes
        shapes = alone or shapes
        solid = [i for i, shape in enumerate(shapes) if set(shape.types()) - {"null"}]
        only = shapes[solid[0]] if len(solid) == 1 else _NOTHING
        cases: list[Case] = []
        for alternative, shape in zip(alternatives, shapes, strict=True):
            name = "" if len(solid) < 2 else _name(alternative, shape)
            cases += [
                Case(
                    case.type,
                    case.facets,
                    {} if len(solid) < 2 else {**case.notes, **shape.notes},
                    name or case.name,
                )
                for case in shape.cases
            ]
        if alone is None:
            cases = [_with(case, "exclusive", value=True) for case in cases]
        return Shape(tuple(_tidied(cases)), only.notes, only.known or _recommended(cases))

    def _alone(self, alternatives: list[Schema], shapes: list[Shape]) -> list[Shape] | None:
        """Return what fits each alternative and no other; None if two overlap in part.

        What another alternative contains fits two; so it is left out of both.
        """
        if self._disjoint([shape.cases for shape in shapes]):
            return shapes
        alone: list[Shape] = []
        for i, mine in enumerate(alternatives):
            cases = [*shapes[i].cases]
            for j, other in enumerate(alternatives):
                if i == j:
                    continue
                met = [(a, b) for a in cases for b in shapes[j].cases if self._meet(a, b)]
                left = {a: self._outside(a, mine, other) for a, _ in met}
                if any(left[a] and self._outside(b, other, mine) for a, b in met):
                    return None
                cases = [rest for case in cases for rest in left.get(case, [case])]
            alone.append(replace(shapes[i], cases=tuple(cases)))
        return alone

    def _meet(self, a: Case, b: Case) -> bool:
        return a.type == b.type and not self._apart(a, b)

    def _outside(self, case: Case, mine: Schema, other: Schema) -> list[Case]:
        """Return the part of a schema's case that another schema does not allow."""
        if self._source.meant(mine) == self._source.meant(other):
            return []
        return [rest for left in self._without(case, other) if (rest := settled(left))]

    def _disjoint(self, groups: list[tuple[Case, ...]]) -> bool:
        objects = [case for group in groups for case in group if case.type == "object"]
        tagged = self._tagged(objects)
        return all(
            a.type != b.type or (tagged and a.type == "object") or self._apart(a, b)
            for one, other in combinations(groups, 2)
            for a in one
            for b in other
        )

    def _apart(self, a: Case, b: Case) -> bool:
        """Say whether no value fits both cases, as far as that is plain to see."""
        if (a, b) not in self._separate:
            self._separate[a, b] = self._tagged([a, b]) or together_none(a, b, self.both)
        return self._separate[a, b]

    def _tagged(self, cases: list[Case]) -> bool:
        """Say whether a property that all cases require has other values in each."""
        shared = [self.tags(case).keys() & case.facets.get("required", ()) for case in cases]
        names = shared[0].intersection(*shared) if shared else ()
        listed = [[self.tags(case)[name] for case in cases] for name in names]
        return any(sum(map(len, each)) == len(set[str]().union(*each)) for each in listed)

    def tags(self, case: Case) -> dict[str, dict[str, Any]]:
        """Return the properties of a case whose values are listed."""
        layout = case.layout
        if layout not in self._tags:
            listed = {n: self._asserted(schema) for n, schema in layout.named.items()}
            self._tags[layout] = {name: values for name, values in listed.items() if values}
        return self._tags[layout]

    def _asserted(self, schema: Schema, above: tuple[int, ...] = ()) -> dict[str, Any] | None:
        """Return the values that are listed, by their string, or by a part; None for no list.

        The shape would show it, too, but may be incomplete.
        """
        node = self._source.resolve(schema)
        if id(node) in above or is_open(node):
            return None
        parts = (self._asserted(part, (*above, id(node))) for part in node.get("allOf", ()))  # type: ignore[union-attr]  # forms.py saw a list
        lists = [values for values in (_listed(node), *parts) if values is not None]
        return _common(lists) if lists else None

    def _without(self, case: Case, excluded: Schema) -> list[Case]:
        """Remove what `not` excludes; what cannot be expressed as a case is kept unchanged."""
        node: dict[str, Any] = as_object(excluded)
        if node.keys() == {"anyOf"}:
            cases = [case]
            for alternative in node["anyOf"]:
                cases = [left for each in cases for left in self._without(each, alternative)]
            return cases
        cases = [case]
        for one in self(excluded).of(case.type):
            others = self._opposites(one, case)
            if others is None or len(cases) * len(others) > MAX_CASES:
                return [_with(case, "not", (excluded,))]
            cases = [
                joined
                for left in cases
                for other in others
                if (joined := together(left, other, self.both)) and settled(joined)
            ]
        return cases

    def _opposites(self, excluded: Case, case: Case) -> list[Case] | None:
        """Return what an excluded case leaves of another one; None if that is not a case."""
        facets = {  # what the other one says anyway needs no opposite
            name: said
            for name, said in excluded.facets.items()
            if name == "exclusive" or case.facets.get(name) != said
        }
        if facets.keys() == {"not"} and len(facets["not"]) == 1:
            return self(facets["not"][0]).of(case.type)
        if facets.keys() == {"values"} and "values" in case.facets:
            kept = case.facets["values"].items() - facets["values"].items()
            return [Case(case.type, {"values": dict(kept)})]
        return opposites(replace(excluded, facets=facets))

    def _conditions(self, schema: dict[str, Any]) -> Iterable[tuple[Schema, Schema, Schema]]:
        """Yield conditions, each with the schemas that apply if it holds and if not."""
        if "if" in schema:
            yield schema["if"], schema.get("then", True), schema.get("else", True)
        for name, then in schema.get("dependentSchemas", {}).items():
            yield self._having(name, schema), then, True
        if implied := _implication("anyOf", schema.get("anyOf", [])):
            yield *implied, True

    def _having(self, name: str, like: Schema) -> Schema:
        """Return the schema of the objects with a property."""
        return self._source.keep({"type": "object", "required": [name]}, like)

    def _conditioned(self, case: Case, test: Schema, then: Schema, otherwise: Schema) -> list[Case]:
        """Return a case with a condition, or with its consequence where it is plain which."""
        held = self(test).of(case.type)
        if not held or any(not one.facets for one in held):
            asked = then if held else otherwise
            return self._product([case], self(asked), ("allOf", (asked,)))
        facets = held[0].facets if len(held) == 1 else {}
        if facets.keys() == {"not"} and len(facets["not"]) == 1:
            (inner,) = facets["not"]
            return self._conditioned(case, inner, otherwise, then)
        absent = opposites(held[0]) if facets.keys() == {"layout"} else None
        if absent:
            (name,) = absent[0].facets["required"]
            return self._conditioned(case, self._having(name, test), otherwise, then)
        if not self(then).of(case.type):
            rest = self._without(case, test)
            return [
                done
                for left in rest
                for done in self._product([left], self(otherwise), ("allOf", (otherwise,)))
            ]
        then, otherwise = (self._said(asked, case.type) for asked in (then, otherwise))
        if facets.keys() == {"required"} and len(facets["required"]) == 1:
            (name,) = facets["required"]
            test = self._having(name, test)
            if name in case.facets.get("required", ()):
                return self._product([case], self(then), ("allOf", (then,)))
            case, then = self._dependent(case, name, then), True
        return [
            case if then is otherwise is True else _with(case, "if", ((test, then, otherwise),))
        ]

    def _said(self, schema: Schema, kind: str) -> Schema:
        """Return a schema, or True where it asks nothing of a type."""
        return True if any(not case.facets for case in self(schema).of(kind)) else schema

    def _dependent(self, case: Case, name: str, then: Schema) -> Case:
        """Return an object with another schema for one property."""
        cases = self(then).of("object")
        facets = cases[0].facets if len(cases) == 1 else {}
        said: dict[str, Any] = {}
        if not cases:
            said["layout"] = Layout({name: False})
        if "required" in facets:
            said["needs"] = {name: facets["required"]}
        if then is not True and facets.keys() != {"required"} and cases:
            said["dependentSchemas"] = {name: then}
        return together(case, Case("object", said), self.both) or case

    def _matched(self, case: Case) -> Case:
        """Let each property say what the patterns say that its name matches."""
        layout = case.layout
        if not layout.patterns:
            return case
        exact = {p: found for p in layout.patterns if (found := _NAMES.fullmatch(p))}
        names = [name for found in exact.values() for name in (found[1] or found[2]).split("|")]
        named = {**layout.named, **{name: layout.named.get(name, True) for name in names}}
        for pattern, schema in layout.patterns.items():
            for name, child in named.items():
                if matches(pattern, name, unread=False):
                    named[name] = self.both(child, schema)
        patterns = {p: schema for p, schema in layout.patterns.items() if p not in exact}
        return _with(case, "layout", Layout(named, patterns, layout.rest))

    def _named(self, case: Case) -> Case:
        """Let `propertyNames` say which properties there are, where it is plain to see."""
        kept: list[Schema] = []
        layout = case.layout
        for schema in case.facets.get("names", ()):
            node = self._source.resolve(schema)
            if node.keys() - _PLAIN_NAMES:
                kept.append(schema)  # it may be in the making
                continue
            texts = self(node or schema).of("string")
            listed = all(text.facets.keys() == {"values"} for text in texts)
            if any(not text.facets for text in texts):
                continue
            if listed and not layout.patterns:
                names = {name for text in texts for name in text.facets["values"].values()}
                layout = Layout({name: layout.view(name) for name in names}, rest=False)
            elif layout.rest is False and not layout.patterns:
                named = {
                    name: child
                    for name, child in layout.named.items()
                    if any(fits(text, name) for text in texts)
                }
                layout = Layout(named, rest=False)
            else:
                kept.append(schema)
        if len(kept) == len(case.facets.get("names", ())):
            return case
        return replace(case, facets={**case.facets, "names": tuple(kept), "layout": layout})

    def _counted(self, case: Case) -> Case:
        """Let a list of unique items be no longer than there are values for them."""
        if case.facets.get("uniqueItems") and not case.layout.named and case.layout.rest:
            values = self._asserted(case.layout.rest)
            if values is not None:
                most = min((len(values), 0), case.facets.get("maxItems", (len(values), 0)))
                return replace(case, facets={**case.facets, "maxItems": most})
        return case


def _implication(union: str, alternatives: list[Schema]) -> tuple[Schema, Schema] | None:
    """Return condition and consequence of an `anyOf` that says: not this, or that."""
    if union == "anyOf" and len(alternatives) == 2:
        for one, other in (alternatives, alternatives[::-1]):
            node: dict[str, Any] = as_object(one)
            if node.keys() == {"not"}:
                return node["not"], other
    return None


def together_none(a: Case, b: Case, both: Any) -> bool:
    """Say whether the bounds or the values of two cases leave nothing."""
    joined = together(a, b, both)
    return joined is None or settled(joined) is None


def _with(case: Case, facet: str, value: Any) -> Case:
    if isinstance(value, tuple):
        value = (*case.facets.get(facet, ()), *value)
    return replace(case, facets={**case.facets, facet: value})


def _name(alternative: Schema, shape: Shape) -> str:
    reference = as_object(alternative).get("$ref")
    if reference is not None:
        return str(reference).rsplit("/", 1)[-1]
    return str(shape.notes.get("title", ""))


def _listed(schema: dict[str, Any]) -> dict[str, Any] | None:
    """Return the values that are listed, by their canonical string; None if there is no list."""
    lists = [schema["enum"]] if "enum" in schema else []
    lists += [[schema["const"]]] if "const" in schema else []
    lists += [[True, False]] if schema.get("type") == "boolean" else []
    if not lists:
        return None
    return _common([{canonical(value): value for value in values} for values in lists])


def _common(lists: list[dict[str, Any]]) -> dict[str, Any]:
    first, *others = lists
    return {key: value for key, value in first.items() if all(key in other for other in others)}


def _values(schema: dict[str, Any], kind: str) -> dict[str, Any] | None:
    """Return the values that are listed for a type; None if there is no list."""
    listed = _listed(schema)
    if listed is None:
        return None
    return {key: value for key, value in listed.items() if type_of(value) == kind}


def _facets(schema: dict[str, Any], kind: str) -> dict[str, Any]:
    """Return the constraints of the keywords that apply to one type."""
    facets: dict[str, Any] = {
        keyword: (schema[keyword], 0) for keyword in COUNTS.get(kind, ()) if keyword in schema
    }
    for keyword in _GATHERED.get(kind, ()):
        if keyword in schema:
            facets[keyword] = frozenset({schema[keyword]})
    read = _READ.get(kind)
    return {**facets, **read(schema)} if read else facets


def _number(schema: dict[str, Any]) -> dict[str, Any]:
    lower = [(schema[k], i) for i, k in enumerate(("minimum", "exclusiveMinimum")) if k in schema]
    upper = [(schema[k], -i) for i, k in enumerate(("maximum", "exclusiveMaximum")) if k in schema]
    facets: dict[str, Any] = {}
    if lower:
        facets["minimum"] = max(lower)
    if upper:
        facets["maximum"] = min(upper)
    if "multipleOf" in schema:
        facets["multipleOf"] = Fraction(str(schema["multipleOf"]))
    return facets


def _string(schema: dict[str, Any]) -> dict[str, Any]:
    return {"contentSchema": (schema["contentSchema"],)} if "contentSchema" in schema else {}


def _array(schema: dict[str, Any]) -> dict[str, Any]:
    prefix: list[Schema] = schema.get("prefixItems", [])
    named: dict[Any, Schema] = dict(enumerate(prefix))
    facets: dict[str, Any] = {
        "layout": Layout(named, rest=schema.get("items")),
        "uniqueItems": schema.get("uniqueItems", False),
    }
    least, most = schema.get("minContains", 1), schema.get("maxContains")
    if "contains" in schema and (least or most is not None):
        facets["contains"] = ((schema["contains"], least, most),)
    return facets


def _object(schema: dict[str, Any]) -> dict[str, Any]:
    layout = Layout(
        schema.get("properties", {}),
        schema.get("patternProperties", {}),
        schema.get("additionalProperties"),
    )
    facets: dict[str, Any] = {
        "layout": layout,
        "required": frozenset(schema.get("required", ())),
        "needs": {
            name: frozenset(needed)
            for name, needed in schema.get("dependentRequired", {}).items()
            if needed
        },
    }
    if "propertyNames" in schema:
        facets["names"] = (schema["propertyNames"],)
    return facets


_GATHERED: Final = {
    "string": ("pattern", "format", "contentEncoding", "contentMediaType"),
    "number": ("format",),
}
_READ: Final = {"number": _number, "string": _string, "array": _array, "object": _object}


def _evaluated(case: Case, schema: dict[str, Any]) -> Case:
    """Apply `unevaluated…` to what nothing else named, where that can be decided."""
    keyword = {"array": "unevaluatedItems", "object": "unevaluatedProperties"}.get(case.type, "")
    if keyword not in schema:
        return case
    facets, layout = case.facets, case.layout
    if "if" in facets or "contains" in facets or facets.get("dependentSchemas"):
        return _with(case, "unknown", ((keyword, schema[keyword]),))
    if layout.rest is not None:
        return case
    closed = Layout(layout.named, layout.patterns, schema[keyword])
    return replace(case, facets={**facets, "layout": closed})


def _tidied(cases: list[Case]) -> list[Case]:
    """Join lists of values, and leave out what another case allows anyway."""
    if len(cases) < 2:
        return cases
    tidy: list[Case] = []
    for kind in TYPES:
        same = [case for case in cases if case.type == kind]
        anything = [case for case in same if not case.facets]
        listed = [case for case in same if case.facets.keys() == {"values"}]
        if anything:
            tidy.append(anything[0])
            continue
        if len(listed) > 1:
            values = {key: value for case in listed for key, value in case.facets["values"].items()}
            joined = settled(Case(kind, {"values": values}))
            same = [case for case in same if case not in listed]
            same += [joined] if joined else []
        tidy += same
    return tidy


def _recommended(cases: list[Case]) -> dict[str, Any] | None:
    """Return the values that are listed beside an alternative that allows any."""
    free = {case.type for case in cases if not case.facets}
    listed = [case.facets.get("values", {}) for case in cases if case.type in free]
    return {key: value for values in listed for key, value in values.items()} or None


def _opened(shape: Shape) -> Shape:
    """Turn the values of an open list into known values, which are not asserted."""
    notes = dict(shape.notes)
    listed = notes.pop("x-extensible-enum", None)
    known = shape.known
    if listed:
        known = {canonical(value): value for value in as_list(listed)}
    if is_open(notes):
        values = {k: v for case in shape.cases for k, v in case.facets.get("values", {}).items()}
        known = {**(known or {}), **values} if values else known
        shape = replace(
            shape,
            cases=tuple(
                Case(
                    case.type,
                    {name: value for name, value in case.facets.items() if name != "values"},
                    case.notes,
                    case.name,
                )
                for case in shape.cases
            ),
        )
    return replace(shape, notes=notes, known=known)
