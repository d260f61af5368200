"""What differs between two schemas, and the pairs of schemas below them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from heidi_spec_tools.differences.changes import Reading
    from heidi_spec_tools.differences.facets import Schema

Steps: TypeAlias = tuple[str, ...]
"""The way from one schema to another below it, in the words of a message."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference of a pair: its kind, what its sentence needs, the steps below the pair."""

    kind: str
    words: dict[str, Any]
    steps: Steps = ()
    path: str | None = None
    """The place of the difference, if it is not that of the pair."""


@dataclass(frozen=True, slots=True)
class Edge:
    """A pair of schemas below a pair."""

    steps: Steps
    old: Schema
    new: Schema


@dataclass(slots=True)
class Pair:
    """What differs between two schemas, and the pairs below them."""

    findings: list[Finding] = field(default_factory=list[Finding])
    edges: list[Edge] = field(default_factory=list[Edge])
    level: int = 0
    """The gravest level of the findings, once all are known."""
    below: dict[tuple[int, int], tuple[Schema, Schema]] | None = None
    """The schemas of the edges, each pair once; None until they are asked for."""

    def add(self, kind: str, *steps: str, path: str | None = None, **said: Any) -> None:
        """Write down one difference."""
        self.findings.append(Finding(kind, said, steps, path))

    def take(self, other: Pair, *steps: str) -> None:
        """Write down all differences of another pair, below some steps."""
        self.findings += [
            Finding(f.kind, f.words, (*steps, *f.steps), f.path) for f in other.findings
        ]
        self.edges += [Edge((*steps, *e.steps), e.old, e.new) for e in other.edges]

    def weighed(self, reading: Reading) -> Pair:
        """Return the pair with its level; all of its findings are known."""
        self.level = max((reading.level(found.kind) for found in self.findings), default=0)
        return self
