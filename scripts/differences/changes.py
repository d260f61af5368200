"""What a comparison finds: changes, and what they ask of the next version."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from scripts.differences.kinds import KINDS, Level

if TYPE_CHECKING:
    from collections.abc import Hashable

    from scripts.documents import Json

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
    """

    id: str
    level: Level
    operation: str | None
    path: str
    message: str
    cause: Hashable = field(default=None, compare=False, repr=False)

    def as_json(self) -> dict[str, Json]:
        """Return the change as the JSON output shows it."""
        return {
            "id": self.id,
            "level": str(self.level),
            "operation": self.operation,
            "path": self.path,
            "message": self.message,
        }


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

    def as_json(self) -> dict[str, Json]:
        """Return the comparison as the JSON output shows it."""
        return {
            "breaking": self.breaking,
            "bump": self.bump,
            "changes": [change.as_json() for change in self.changes],
        }


@dataclass(frozen=True, slots=True)
class Reading:
    """Who writes a value, and in which message it stands."""

    sent: bool
    """Whether the partner writes it, and the API reads it."""
    request: bool
    """Whether it stands in a request; read-only members matter only in answers."""

    @property
    def other(self) -> Reading:
        """The reading of what comes back: the answer to a request."""
        return Reading(not self.sent, not self.request)

    def level(self, kind: str) -> Level:
        """Return what a kind of change means for this reading."""
        return KINDS[kind].sent if self.sent else KINDS[kind].received


REQUEST: Final = Reading(sent=True, request=True)
ANSWER: Final = Reading(sent=False, request=False)
PUSHED: Final = Reading(sent=False, request=True)
"""The request of a webhook or a callback: the partner receives it."""


@dataclass(frozen=True)
class Place:
    """Where something stands, in the words of a message."""

    operation: str | None
    reading: Reading
    subject: str
    xml: bool = False
    """Whether it is written as XML; what a schema says of XML matters only there."""

    def named(self, subject: str) -> Place:
        """Return another subject of the same operation."""
        return replace(self, subject=subject)

    def answered(self, subject: str) -> Place:
        """Return what comes back, where this is what is sent."""
        return Place(self.operation, self.reading.other, subject)


@dataclass
class Findings:
    """The changes found so far; the same one is kept once."""

    _changes: dict[Change, None] = field(default_factory=dict[Change, None])

    def add(
        self, kind: str, place: Place, path: str, *, cause: Hashable = None, **words: Any
    ) -> None:
        """Write down one change, with what its sentence needs."""
        level, message = place.reading.level(kind), sentence(kind, place, words)
        self._changes[Change(kind, level, place.operation, path, message, cause)] = None

    def comparison(self) -> Comparison:
        """Return all changes, the gravest first, else in the order in which they were found."""
        return Comparison(tuple(sorted(self._changes, key=lambda change: -change.level)))


def sentence(kind: str, place: Place, words: dict[str, Any]) -> str:
    """Write the sentence of a kind of change."""
    template = KINDS[kind].send if place.reading.sent else KINDS[kind].receive
    where = place.subject
    text = template.format(where=where, Where=where, **words)
    return text[0].upper() + text[1:]
