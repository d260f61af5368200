"""The result of a comparison: changes, and the next version that they require."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from heidi_spec_tools.differences.kinds import KINDS, Level
from heidi_spec_tools.differences.witnesses import Spot
from heidi_spec_tools.nodes import as_object

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

    from heidi_spec_tools.differences.witnesses import Witness, Witnesses

_BUMPS: Final = {
    Level.BREAKING: "major",
    Level.UNCERTAIN: "major",
    Level.MINOR: "minor",
    Level.PATCH: "patch",
}


@dataclass(frozen=True, slots=True)
class Change:
    """One change, for one operation.

    id: a key of KINDS.
    operation: `PATCH /things/{id}`; None for what concerns the whole document.
    path: a JSON pointer into the new document, into the old one for what is gone.
    message: one sentence that says what to do, or what is new.
    cause: the same for one difference of two schemas, wherever they stand.
    place: where it is, and the properties that it is about.
    witness: for what breaks or may break, the message that shows it.
    """

    id: str
    level: Level
    operation: str | None
    path: str
    message: str
    place: Place = field(compare=False, repr=False)
    cause: Hashable = field(default=None, compare=False, repr=False)
    witness: Witness | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Comparison:
    """All changes from one document to another, the gravest first."""

    changes: tuple[Change, ...]

    @property
    def breaking(self) -> bool:
        """Whether a partner may have to change something; what is uncertain counts."""
        return self.reaches(Level.UNCERTAIN)

    @property
    def bump(self) -> str:
        """The part of a version at or above 1.0.0 that must move: major, minor, patch or none."""
        gravest = max((change.level for change in self.changes), default=None)
        return _BUMPS[gravest] if gravest else "none"

    def reaches(self, level: Level) -> bool:
        """Whether there is a change of this level or a graver one."""
        return any(change.level >= level for change in self.changes)


class Reading(NamedTuple):
    """Who writes a value, and in which message it is."""

    sent: bool
    """Whether the partner writes it, and the API reads it."""
    request: bool
    """Whether it is in a request; read-only properties matter only in responses."""

    @property
    def other(self) -> Reading:
        """The reading of what comes back: the response to a request."""
        return Reading(not self.sent, not self.request)

    def level(self, kind: str) -> Level:
        """Return what a kind of change means for this reading."""
        return KINDS[kind].sent if self.sent else KINDS[kind].received


REQUEST: Final = Reading(sent=True, request=True)
RESPONSE: Final = Reading(sent=False, request=False)
PUSHED: Final = Reading(sent=False, request=True)
"""The request of a webhook or a callback: the partner receives it."""


@dataclass(frozen=True)
class Place:
    """Where something is, in the words of a message."""

    operation: str | None
    reading: Reading
    subject: str
    xml: bool = False
    """Whether it is written as XML; what a schema says of XML matters only there."""
    spot: Spot | None = None
    """The schemas of the message, or of a part of it."""
    names: tuple[str, ...] = ()
    """The properties of the value there that are meant."""
    back: Spot | None = None
    """The schemas of what comes back."""

    def at(self, *steps: str) -> Place:
        """Return a part of the message, down the properties of its schemas."""
        spot = self.spot
        for step in steps:
            if spot is not None:
                old, new = (_property(schema, step) for schema in (spot.old, spot.new))
                spot = spot.below(f"={step}", old=old, new=new)
        return replace(self, spot=spot, names=())

    def about(self, *names: str) -> Place:
        """Return the place with the properties that are meant."""
        return replace(self, names=names)

    def showing(self, old: Any, new: Any) -> Place:
        """Return a place whose witness is a value of two schemas by themselves."""
        return replace(self, spot=Spot(old, new))

    def named(self, subject: str) -> Place:
        """Return another subject of the same operation."""
        return replace(self, subject=subject)

    def response(self, subject: str) -> Place:
        """Return the place of the response, if this is that of a request."""
        return Place(self.operation, self.reading.other, subject, spot=self.back)


def _property(schema: Any, name: str) -> Any:
    """Return the schema of a property of a message."""
    if isinstance(schema, bool):
        return schema
    node: dict[str, Any] = as_object(schema)
    if name in node.get("properties", {}):
        return node["properties"][name]
    for pattern, child in node.get("patternProperties", {}).items():
        if re.search(pattern, name):
            return child
    return node.get("additionalProperties", True)


@dataclass
class Findings:
    """The changes found so far; the same one is kept once."""

    _changes: dict[Change, None] = field(default_factory=dict[Change, None])

    def add(
        self,
        kind: str,
        place: Place,
        path: str,
        *,
        cause: Hashable = None,
        **words: Any,
    ) -> None:
        """Write down one change, with what its sentence needs."""
        level, message = place.reading.level(kind), sentence(kind, place, words)
        change = Change(kind, level, place.operation, path, message, place, cause)
        self._changes[change] = None

    def take(
        self, differences: Iterable[tuple[str, dict[str, Any]]], place: Place, path: str
    ) -> None:
        """Write down several changes, each its kind and what its sentence needs."""
        for kind, said in differences:
            self.add(kind, place, path, **said)

    def comparison(self) -> Comparison:
        """Return all changes, the gravest first, else in the order in which they were found."""
        return Comparison(tuple(sorted(self._changes, key=lambda change: -change.level)))

    def proven(self, witnesses: Witnesses) -> Findings:
        """Return the changes, with a witness for each that breaks; none of these is uncertain."""
        return Findings(dict.fromkeys(_proven(change, witnesses) for change in self._changes))


def _proven(change: Change, witnesses: Witnesses) -> Change:
    if change.level < Level.UNCERTAIN:
        return change
    witness = witnesses.of(change)
    level = Level.BREAKING if witness.valid else change.level
    return replace(change, level=level, witness=witness)


def sentence(kind: str, place: Place, words: dict[str, Any]) -> str:
    """Write the sentence of a kind of change."""
    template = KINDS[kind].send if place.reading.sent else KINDS[kind].receive
    where = place.subject
    text = template.format(where=where, Where=where, **words)
    return text[0].upper() + text[1:]
