"""Compare the keywords that hold values, not schemas: of two cases of one type, of two unions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from heidi_spec_tools.differences import words
from heidi_spec_tools.differences.facets import Case, fits, listed
from heidi_spec_tools.nodes import as_object

if TYPE_CHECKING:
    from collections.abc import Iterable

    from heidi_spec_tools.differences.facets import Schema
    from heidi_spec_tools.differences.pairs import Pair
    from heidi_spec_tools.differences.shapes import Shape
    from heidi_spec_tools.documents import Json


_BOUNDS: Final = {
    "maxItems": "max-items",
    "maxLength": "max-length",
    "maxProperties": "max-properties",
    "maximum": "maximum",
    "minItems": "min-items",
    "minLength": "min-length",
    "minProperties": "min-properties",
    "minimum": "minimum",
}


def compare_bounds(old: Case, new: Case, pair: Pair) -> None:
    for facet, name in _BOUNDS.items():
        if facet in old.facets or facet in new.facets:
            compare_bound(name, _bound(old, facet), _bound(new, facet), pair)


def _bound(case: Case, facet: str) -> Any:
    """Return a bound of a case; required properties are a number of properties, too."""
    bound, needed = case.facets.get(facet), len(case.facets.get("required", ()))
    return (needed, 0) if facet == "minProperties" and not bound and needed else bound


def compare_bound(name: str, old: Any, new: Any, pair: Pair) -> None:
    if old == new:
        return
    if name.startswith("min"):
        raised = old is None or (new is not None and new > old)
    else:
        raised = new is None or (old is not None and new > old)
    kind = f"{name}-{'raised' if raised else 'lowered'}"
    loosened = raised != name.startswith("min")
    now = words.reach(new, name) if loosened else words.bound(new, name)
    pair.add(kind, old=words.bound(old, name), new=now)


_SETS: Final = {
    "pattern": ("pattern-added", "pattern-removed", "pattern-changed"),
    "format": ("format-narrowed", "format-widened", "format-changed"),
    "contentEncoding": ("content-described", "content-undescribed", "content-changed"),
    "contentMediaType": ("content-described", "content-undescribed", "content-changed"),
}

WIDER: Final = {
    "float": {"double"},
    "uri": {"uri-reference", "iri", "iri-reference"},
    "uri-reference": {"iri-reference"},
    "iri": {"iri-reference"},
    "email": {"idn-email"},
    "hostname": {"idn-hostname"},
    "json-pointer": {"uri-fragment"},
}
"""Formats that allow all that another one allows."""


def compare_sets(old: Case, new: Case, pair: Pair) -> None:
    for facet, (more, less, other) in _SETS.items():
        before, after = (case.facets.get(facet, frozenset()) for case in (old, new))
        if before == after:
            continue
        kind = less if after < before else more if before < after else other
        if facet == "format" and kind == other and len(before) == len(after) == 1:
            (one,), (two,) = before, after
            kind = (
                less if two in WIDER.get(one, ()) else more if one in WIDER.get(two, ()) else kind
            )
        none = {"format": "any form", "pattern": "none"}.get(facet, "none")
        pair.add(kind, keyword=facet, old=words.names(before, none), new=words.names(after, none))


def compare_factors(old: Case, new: Case, pair: Pair) -> None:
    before, after = (case.facets.get("multipleOf") for case in (old, new))
    if before == after:
        return
    if before is None or (after is not None and (after / before).denominator == 1):
        kind = "tightened"
    elif after is None or (before / after).denominator == 1:
        kind = "loosened"
    else:
        kind = "changed"
    pair.add(f"multiple-of-{kind}", old=words.factor(before, kind), new=words.factor(after, kind))


def compare_listed(old: Case, new: Case, pair: Pair) -> None:
    before, after = map(listed, (old, new))
    if before is not None and after is not None:
        compare_values(before, after, "enum-value", pair)
    elif before is None and after is not None:
        pair.add("enum-closed", values=words.values(after.values()))
        if stray := [value for value in after.values() if not fits(old, value)]:
            pair.add("enum-value-added", values=words.values(stray))
    elif before is not None:
        pair.add("enum-opened", values=words.values(before.values()))
        if stray := [value for value in before.values() if not fits(new, value)]:
            pair.add("enum-value-removed", values=words.values(stray))


def compare_values(before: dict[str, Any], after: dict[str, Any], name: str, pair: Pair) -> None:
    if gone := [value for key, value in before.items() if key not in after]:
        pair.add(f"{name}-removed", values=words.values(gone))
    if come := [value for key, value in after.items() if key not in before]:
        pair.add(f"{name}-added", values=words.values(come))


_ALTERNATIVES: Final = frozenset({"alternative-added", "alternative-removed"})


def compare_discriminators(one: Shape, other: Shape, pair: Pair) -> None:
    """Compare the property that tells, and the values it may have.

    Values are not named beside alternatives that came or went, which say it already.
    """
    notes = [as_object(shape.notes.get("discriminator")) for shape in (one, other)]
    old, new = (note.get("propertyName") for note in notes)
    if old != new:
        kind = "added" if old is None else "removed" if new is None else "changed"
        pair.add(f"discriminator-{kind}", old=old, new=new)
    if old is None or new is None or any(f.kind in _ALTERNATIVES for f in pair.findings):
        return
    branches = [shape.branches for shape in (one, other)]
    if not all(some and all("$ref" in as_object(each) for each in some) for some in branches):
        branches = [(), ()]  # an alternative is not a component: only the mapping is known
    before, after = (set(values_of(*side)) for side in zip(notes, branches, strict=True))
    for word, values in (("removed", before - after), ("added", after - before)):
        if values:
            said = words.values(sorted(values))
            pair.add(f"discriminator-value-{word}", name=new, values=said)


def values_of(discriminator: Json, branches: Iterable[Schema]) -> list[str]:
    """Return the values of a discriminator: those that it maps, and the other components."""
    mapping = as_object(as_object(discriminator).get("mapping"))
    mapped = set(map(_last, mapping.values()))
    nodes: list[dict[str, Any]] = list(map(as_object, branches))
    names = [_last(node["$ref"]) for node in nodes if "$ref" in node]
    return [*mapping, *(name for name in names if name not in mapped)]


def _last(reference: Any) -> str:
    return str(reference).rsplit("/", 1)[-1]
