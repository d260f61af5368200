"""Compare the keywords of two cases of one type that hold values, not schemas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from heidi_spec_tools.differences import words
from heidi_spec_tools.differences.facets import Case, fits, listed

if TYPE_CHECKING:
    from heidi_spec_tools.differences.pairs import Pair

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
