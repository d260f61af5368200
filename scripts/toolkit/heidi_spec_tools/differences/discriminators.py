"""Compare how the alternatives of a schema are distinguished."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from heidi_spec_tools.differences import words
from heidi_spec_tools.nodes import as_object

if TYPE_CHECKING:
    from collections.abc import Iterable

    from heidi_spec_tools.differences.facets import Schema
    from heidi_spec_tools.differences.pairs import Pair
    from heidi_spec_tools.differences.shapes import Shape
    from heidi_spec_tools.documents import Json

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
        branches = [(), ()]  # an alternative is no component: only the mapping is known
    before, after = (set(values_of(*pair)) for pair in zip(notes, branches, strict=True))
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
