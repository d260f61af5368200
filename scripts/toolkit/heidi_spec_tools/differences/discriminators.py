"""Compare how the alternatives of a schema are distinguished."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from heidi_spec_tools.differences import words
from heidi_spec_tools.nodes import as_object

if TYPE_CHECKING:
    from heidi_spec_tools.differences.pairs import Pair
    from heidi_spec_tools.differences.shapes import Shape

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
    before, after = _names(one, notes[0]), _names(other, notes[1])
    if before is None or after is None:
        before, after = (set(as_object(note.get("mapping"))) for note in notes)
    for word, values in (("removed", before - after), ("added", after - before)):
        if values:
            said = words.values(sorted(values))
            pair.add(f"discriminator-value-{word}", name=new, values=said)


def _names(shape: Shape, note: dict[str, Any]) -> set[str] | None:
    """Return the values of a discriminator, the names of components among them.

    None if an alternative is not a component: then only the mapping is known.
    """
    mapping = as_object(note.get("mapping"))
    references = [as_object(branch).get("$ref") for branch in shape.branches]
    if not references or not all(references):
        return None
    mapped = {_last(target) for target in mapping.values()}
    return {*mapping, *(name for name in map(_last, references) if name not in mapped)}


def _last(reference: Any) -> str:
    return str(reference).rsplit("/", 1)[-1]
