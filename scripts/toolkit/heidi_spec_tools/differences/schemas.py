"""Compare two schemas: a graph of pairs, so that a schema may contain itself.

A pair of schemas is compared once per reading. What differs right there is kept with the pair;
properties and items are edges to further pairs. A body changed if a schema that it reaches did.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from heidi_spec_tools.differences import words
from heidi_spec_tools.differences.changes import REQUEST, RESPONSE, Findings, Place, Reading
from heidi_spec_tools.differences.facets import whole
from heidi_spec_tools.differences.keywords import (
    compare_bound,
    compare_bounds,
    compare_discriminators,
    compare_factors,
    compare_listed,
    compare_sets,
    compare_values,
)
from heidi_spec_tools.differences.kinds import Level
from heidi_spec_tools.differences.notes import compare_notes
from heidi_spec_tools.differences.pairs import Edge, Finding, Pair, Steps
from heidi_spec_tools.differences.shapes import Shape, Shapes
from heidi_spec_tools.differences.unchanged import Unchanged

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from heidi_spec_tools.differences.facets import Case, Schema
    from heidi_spec_tools.differences.source import Source
    from heidi_spec_tools.differences.witnesses import Spot

Key: TypeAlias = tuple[int, int, Reading]
Standing: TypeAlias = "tuple[Source, Schema] | None"
"""A schema that is somewhere, as true and false do not, and its document."""
Numbered: TypeAlias = "dict[int, Case]"
"""Alternatives by their place in the list."""


class Schemas:
    """Compares the schemas of two documents."""

    def __init__(self, old: Source, new: Source) -> None:
        self.old, self.new = old, new
        self._old_shapes, self._new_shapes = Shapes(old), Shapes(new)
        self._pairs: dict[Key, Pair | None] = {}
        self._case_pairs: dict[Key, Pair] = {}
        self._together: dict[tuple[int, ...], list[Case]] = {}
        self._signs_of: dict[Case, dict[str, frozenset[str]]] = {}
        self._gravest: dict[Reading, dict[tuple[int, int], int]] = {}
        self._met_unfinished = 0
        self._belows: dict[frozenset[tuple[int, int]], dict[tuple[int, int], Any]] = {}
        self._least: dict[Key, tuple[int, int]] = {}
        self._finished = 0
        self._unchanged = Unchanged(old, new)

    def compare(self, old: Schema, new: Schema, place: Place, findings: Findings) -> None:
        """Write down all that changed, from a schema down; what recurs is said once."""
        told: set[tuple[str, str, Steps, str]] = set()
        start = place.spot and replace(place.spot, old=old, new=new)
        for steps, finding, path, spot in self._reachable(old, new, place.reading, start):
            key = (finding.kind, path, finding.steps, repr(finding.words))
            if key in told and path:
                continue  # the same component, further down
            told.add(key)
            subject = words.within(steps, place.subject)
            names = tuple(step[1:] for step in finding.steps if step.startswith("."))
            here = replace(place, subject=subject, spot=spot, names=names)
            if finding.kind == "xml-changed" and not place.xml:
                findings.add("text-changed", here, path, keyword="xml")
            else:
                findings.add(finding.kind, here, path, cause=key, **finding.words)

    def shapes(self, old: Schema, new: Schema) -> tuple[Shape, Shape]:
        """Return the shapes of two schemas."""
        return self._old_shapes(old), self._new_shapes(new)

    def reaches(self, level: int, old: Schema, new: Schema, reading: Reading) -> bool:
        """Say whether a change of this level or a graver one is found from a pair down."""
        old, new = self.old.meant(old), self.new.meant(new)
        known, at = self._gravest.setdefault(reading, {}), (id(old), id(new))
        if at in known:
            return known[at] >= level
        finished, least = self._least.get((*at, reading), (-1, 0))
        unfinished = self._met_unfinished
        if least < level and finished != self._finished:
            least = self._searched(level, old, new, reading, known)
            if least == Level.BREAKING or (least < level and self._met_unfinished == unfinished):
                known[at] = least
            else:
                self._least[*at, reading] = (-1 if least >= level else self._finished, least)
        elif least < level:  # another search would find the same
            self._met_unfinished += 1
        if least >= level:
            self._met_unfinished = unfinished  # what is unfinished can only add to it
        return least >= level

    def _searched(
        self,
        level: int,
        old: Schema,
        new: Schema,
        reading: Reading,
        known: dict[tuple[int, int], int],
    ) -> int:
        """Return the gravest level that is found until one is grave enough."""
        gravest, seen, found = 0, {(id(old), id(new))}, [(old, new)]
        walked: set[int] = set()
        while found and gravest < level:
            pair = self._pair(*found.pop(), reading)
            gravest = max(gravest, pair.level)
            below = self._below(pair)
            if id(below) in walked:
                continue
            walked.add(id(below))
            for at, schemas in below.items():
                if at in seen:
                    continue
                seen.add(at)
                if at in known:
                    gravest = max(gravest, known[at])
                else:
                    found.append(schemas)
        return gravest

    def _below(self, pair: Pair) -> dict[tuple[int, int], tuple[Schema, Schema]]:
        """Return the pairs below a pair, each once; the same object for the same pairs."""
        if pair.below is None:
            meant = ((self.old.meant(edge.old), self.new.meant(edge.new)) for edge in pair.edges)
            below = {(id(was), id(now)): (was, now) for was, now in meant}
            pair.below = self._belows.setdefault(frozenset(below), below)
        return pair.below

    def relation(self, old: Schema, new: Schema) -> str:
        """Say whether a schema allows the same as another: same, narrower, wider or unclear."""
        if not any(self.reaches(Level.MINOR, old, new, reading) for reading in _READINGS):
            return "same"
        wider, narrower = (
            not self.reaches(Level.UNCERTAIN, old, new, reading) for reading in _READINGS
        )
        return "unclear" if wider == narrower else "wider" if wider else "narrower"

    def _reachable(
        self, old: Schema, new: Schema, reading: Reading, start: Spot | None
    ) -> Iterator[tuple[Steps, Finding, str, Spot | None]]:
        seen = {(id(old), id(new))}
        queue: deque[tuple[Steps, Schema, Schema, Standing, Spot | None]]
        queue = deque([((), old, new, None, start)])
        while queue:
            steps, old, new, above, spot = queue.popleft()
            stands = self._stands(old, new) or above
            pair = self._pair(self.old.meant(old), self.new.meant(new), reading)
            place = stands[0].place(stands[1]) if stands and pair.findings else ""
            for finding in pair.findings:
                yield (*steps, *finding.steps), finding, finding.path or place, spot
            for edge in pair.edges:
                was, now = self.old.meant(edge.old), self.new.meant(edge.new)
                if (id(was), id(now)) not in seen:
                    seen.add((id(was), id(now)))
                    below = spot and spot.below(*edge.steps, old=was, new=now)
                    queue.append(((*steps, *edge.steps), was, now, stands, below))

    def _stands(self, old: Schema, new: Schema) -> Standing:
        if not isinstance(new, bool):
            return self.new, new
        return None if isinstance(old, bool) else (self.old, old)

    def _pair(self, old: Schema, new: Schema, reading: Reading) -> Pair:
        """Return what differs right between two schemas; nothing where that is being found out.

        old, new: as `Source.meant` returns them.
        """
        key = (id(old), id(new), reading)
        if key not in self._pairs:
            self._pairs[key] = None
            self._pairs[key] = self._compared(old, new, reading).weighed(reading)
            self._finished += 1
        pair = self._pairs[key]
        self._met_unfinished += pair is None
        return pair or Pair()

    def _compared(self, old: Schema, new: Schema, reading: Reading) -> Pair:
        pair = Pair()
        if self._unchanged(old, new):
            return pair
        one, other = self.shapes(old, new)
        self._types(one, other, pair)
        for kind in one.types():
            if other.of(kind):
                pair.take(self._unions(one.of(kind), other.of(kind), reading))
        if one.known is not None and other.known is not None:
            compare_values(one.known, other.known, "known-value", pair)
        exclusive = [any(c.facets.get("exclusive") for c in shape.cases) for shape in (one, other)]
        if exclusive[0] != exclusive[1] and one.cases and other.cases:
            pair.add("alternatives-exclusive" if exclusive[1] else "alternatives-overlapping")
        for kind, said in compare_notes(one.notes, other.notes):
            pair.add(kind, **said)
        compare_discriminators(one, other, pair)
        return pair

    # Types and alternatives

    def _types(self, one: Shape, other: Shape, pair: Pair) -> None:
        if not one.cases or not other.cases:
            if one.cases or other.cases:
                pair.add("value-allowed" if other.cases else "value-forbidden")
            return
        old, new = one.types(), other.types()
        kind = _change_of(old.keys(), new.keys())
        if old.keys() ^ new.keys() == {"null"} and old.keys() & new.keys():
            pair.add("null-allowed" if "null" in new else "null-forbidden")
            kind = None
        if kind:
            pair.add(f"type-{kind}", old=words.types(old), new=words.types(new))

    def _unions(self, olds: list[Case], news: list[Case], reading: Reading) -> Pair:
        """Compare the alternatives of one type; those that go together are compared in detail."""
        pair = Pair()
        if len(olds) == len(news) == 1:
            return self._cases(olds[0], news[0], reading)
        if 1 in (len(olds), len(news)):
            olds, news = self._among(olds), self._among(news)
        left, right = dict(enumerate(olds)), dict(enumerate(news))
        for near, fitting in (
            (self._akin, self._equal),
            (self._possible, self._equal),
            (self._akin, None),
            (self._possible, self._compatible),
            (self._possible, self._unclear),
        ):
            for i, j in _ordered(near(left, right)):
                if i in left and j in right and (fitting is None or fitting(olds[i], news[j])):
                    old, new = left.pop(i), right.pop(j)
                    label = f"<{new.name}>" if new.name else ""
                    pair.take(self._cases(old, new, reading), *filter(None, [label]))
        if len(left) == len(right) == 1:
            (old,), (new,) = left.values(), right.values()
            pair.take(self._cases(old, new, reading))
            return pair
        for old in left.values():
            if all(self._case_reaches(Level.UNCERTAIN, old, new, REQUEST) for new in news):
                pair.add("alternative-removed", shape=words.case(old))
        for new in right.values():
            if all(self._case_reaches(Level.UNCERTAIN, old, new, RESPONSE) for old in olds):
                pair.add("alternative-added", shape=words.case(new))
        return pair

    def _among(self, cases: list[Case]) -> list[Case]:
        """Return the alternatives; a property of one of them is known in the others."""
        names = {name for case in cases for name in _names(case)}
        key = tuple(map(id, cases))
        if key not in self._together:
            self._together[key] = [
                replace(case, others=frozenset(names)) if names else case for case in cases
            ]
        return self._together[key]

    def _akin(self, left: Numbered, right: Numbered) -> Iterable[tuple[int, int]]:
        """Return the alternatives that share a name, or the one value of a property they need."""
        named: dict[Any, list[int]] = {}
        for j, case in right.items():
            for name in _identities(case, self._new_shapes):
                named.setdefault(name, []).append(j)
        return {
            (i, j)
            for i, case in left.items()
            for name in _identities(case, self._old_shapes)
            for j in named.get(name, ())
        }

    def _possible(self, left: Numbered, right: Numbered) -> Iterable[tuple[int, int]]:
        """Return the alternatives that no property that all of them list keeps apart."""
        mine = {i: self._signs(case, self._old_shapes) for i, case in left.items()}
        theirs = {j: self._signs(case, self._new_shapes) for j, case in right.items()}
        signs = [*mine.values(), *theirs.values()]
        names = {name for name in signs[0] if all(name in each for each in signs)} if signs else ()
        if not names:
            return product(left, right)
        name = min(names)
        having: dict[str, list[int]] = {}
        for j, listed in theirs.items():
            for value in listed[name]:
                having.setdefault(value, []).append(j)
        return {
            (i, j)
            for i, listed in mine.items()
            for value in listed[name]
            for j in having.get(value, ())
        }

    def _equal(self, old: Case, new: Case) -> bool:
        return not self._apart(old, new) and not any(self._reached(Level.MINOR, old, new))

    def _compatible(self, old: Case, new: Case) -> bool:
        return not self._apart(old, new) and not all(self._reached(Level.UNCERTAIN, old, new))

    def _unclear(self, old: Case, new: Case) -> bool:
        return not self._apart(old, new) and not all(self._reached(Level.BREAKING, old, new))

    def _apart(self, old: Case, new: Case) -> bool:
        """See at once that a property has other values, without a look at all the others."""
        mine, theirs = self._signs(old, self._old_shapes), self._signs(new, self._new_shapes)
        return any(
            name in theirs and values.isdisjoint(theirs[name]) for name, values in mine.items()
        )

    def _signs(self, case: Case, shapes: Shapes) -> dict[str, frozenset[str]]:
        """Return the listed values of the properties that are in every message."""
        if case not in self._signs_of:
            self._signs_of[case] = {
                name: frozenset(values)
                for name, values in shapes.tags(case).items()
                if not any(shapes(case.layout.named[name]).notes.get(mark) for mark in _MARKS)
            }
        return self._signs_of[case]

    def _reached(self, level: int, old: Case, new: Case) -> Iterator[bool]:
        """Yield whether a level is reached between two alternatives, for each reading."""
        return (self._case_reaches(level, old, new, reading) for reading in _READINGS)

    def _case_reaches(self, level: int, old: Case, new: Case, reading: Reading) -> bool:
        pair = self._cases(old, new, reading)
        return pair.level >= level or any(
            self.reaches(level, edge.old, edge.new, reading) for edge in pair.edges
        )

    def _cases(self, old: Case, new: Case, reading: Reading) -> Pair:
        key = (id(old), id(new), reading)
        if key not in self._case_pairs:
            self._case_pairs[key] = self._compared_cases(old, new, reading).weighed(reading)
        return self._case_pairs[key]

    def _compared_cases(self, old: Case, new: Case, reading: Reading) -> Pair:
        pair = Pair()
        for kind, said in compare_notes(old.notes, new.notes):
            pair.add(kind, **said)
        if "values" in old.facets or "values" in new.facets:
            compare_listed(old, new, pair)
        else:
            if whole(old) != whole(new):
                kind = "type-narrowed" if whole(new) else "type-widened"
                pair.add(kind, old=words.number(whole(old)), new=words.number(whole(new)))
            compare_bounds(old, new, pair)
            compare_sets(old, new, pair)
            compare_factors(old, new, pair)
            if old.type == "array":
                self._items(old, new, pair)
            if old.type == "object":
                self._properties(old, new, pair, reading)
            self._contents(old, new, pair)
        self._assertions(old, new, pair)
        return pair

    # Arrays

    def _items(self, old: Case, new: Case, pair: Pair) -> None:
        one, other = old.layout, new.layout
        places = sorted({**one.named, **other.named})
        most = min(case.facets.get("maxItems", (math.inf, 0))[0] for case in (old, new))
        for index in places:
            if index < most:
                pair.edges.append(Edge((f"[{index}]",), one.view(index), other.view(index)))
        if len(places) < most:
            pair.edges.append(Edge(("[]",), one.others(), other.others()))
        unique = [bool(case.facets.get("uniqueItems")) for case in (old, new)]
        if unique[0] != unique[1]:
            pair.add("unique-items-demanded" if unique[1] else "unique-items-waived")
        self._contains(old.facets.get("contains", ()), new.facets.get("contains", ()), pair)

    def _contains(
        self, old: tuple[tuple[Any, ...], ...], new: tuple[tuple[Any, ...], ...], pair: Pair
    ) -> None:
        if {len(old), len(new)} == {0, 1} and not (*old, *new)[0][1]:
            before, after = (next(((most, 0) for *_, most in side), None) for side in (old, new))
            compare_bound("max-contains", before, after, pair)
            return
        if len(old) != len(new) or len(old) > 1:
            if old != new:
                kinds = {(True, False): "loosened", (False, True): "tightened"}
                kind = kinds.get((bool(old), bool(new)), "changed")
                pair.add(f"contains-{kind}")
            return
        for (schema, least, most), (another, at_least, at_most) in zip(old, new, strict=True):
            relation = self.relation(schema, another)
            if relation != "same":
                capped = most is not None or at_most is not None or relation == "unclear"
                kind = (
                    "changed" if capped else f"{'tight' if relation == 'narrower' else 'loos'}ened"
                )
                pair.add(f"contains-{kind}")
            compare_bound("min-contains", (least, 0), (at_least, 0), pair)
            before, after = ((n, 0) if n is not None else None for n in (most, at_most))
            compare_bound("max-contains", before, after, pair)

    # Objects

    def _properties(self, old: Case, new: Case, pair: Pair, reading: Reading) -> None:
        for name in _names(old, new):
            self._property(name, old, new, pair, reading)
        one, other = old.layout, new.layout
        shut, closed = one.rest is False, other.rest is False
        if shut != closed:
            pair.add("further-members-forbidden" if closed else "further-members-allowed")
        else:
            pair.edges.append(Edge((".*",), one.others(), other.others()))
        for pattern in {**one.patterns, **other.patterns}:
            before = one.patterns.get(pattern, one.others())
            after = other.patterns.get(pattern, other.others())
            pair.edges.append(Edge((f".{{{pattern}}}",), before, after))
        self._property_names(old.facets.get("names", ()), new.facets.get("names", ()), pair)
        self._dependencies(old, new, pair)

    def _property(self, name: str, old: Case, new: Case, pair: Pair, reading: Reading) -> None:
        step = f".{name}"
        before, after = _described(name, old), _described(name, new)
        was, now = old.layout.view(name), new.layout.view(name)
        needed = [name in case.facets.get("required", ()) for case in (old, new)]
        if before and after and needed[0] == needed[1] and self._unchanged(was, now):
            return
        if before and after:
            self._marks(was, now, step, pair)
        mark = "readOnly" if reading.request else "writeOnly"
        hidden = [bool(shape.notes.get(mark)) for shape in self.shapes(was, now)]
        if not any(hidden):
            silent = before != after and _silent(old if after else new, name)
            closed = before != after and (was if after else now) is False
            if silent or closed:
                spot = (self.new, now) if after else (self.old, was)
                here = None if isinstance(spot[1], bool) else spot[0].place(spot[1])
                mark = "required-" * any(needed) if silent else "closed-"
                pair.add(f"{mark}member-{'added' if after else 'removed'}", step, path=here)
            if not silent and needed[0] != needed[1]:
                pair.add("member-required" if needed[1] else "member-optional", step)
            if not silent and not closed:
                pair.edges.append(Edge((step,), was, now))
        elif hidden == [True, False] and needed[1]:
            pair.add("member-required", step)
        elif hidden == [False, True] and needed[0]:
            pair.add("member-optional", step)

    def _marks(self, was: Schema, now: Schema, step: str, pair: Pair) -> None:
        """Compare the messages that contain a property."""
        for mark, (on, off) in _MARKS.items():
            marked = [bool(shape.notes.get(mark)) for shape in self.shapes(was, now)]
            if marked[0] != marked[1]:
                pair.add(on if marked[1] else off, step)

    def _property_names(self, old: tuple[Schema, ...], new: tuple[Schema, ...], pair: Pair) -> None:
        if len(old) == len(new) == 1:
            pair.edges.append(Edge((" (names of properties)",), old[0], new[0]))
        elif old != new:
            pair.add("member-names-restricted" if len(new) > len(old) else "member-names-freed")

    def _dependencies(self, old: Case, new: Case, pair: Pair) -> None:
        before, after = (
            {
                (trigger, name)
                for trigger, names in case.facets.get("needs", {}).items()
                for name in names
            }
            for case in (old, new)
        )
        for trigger, name in sorted(before ^ after):
            word = "added" if (trigger, name) in after else "removed"
            pair.add(f"member-dependency-{word}", trigger=trigger, rule=f"`{name}` goes with it")
        one, other = (case.facets.get("dependentSchemas", {}) for case in (old, new))
        for trigger in {**one, **other}:
            if trigger in one and trigger in other:
                step = f" (where `{trigger}` stands)"
                pair.edges.append(Edge((step,), one[trigger], other[trigger]))
            else:
                word = "added" if trigger in other else "removed"
                rule = "the other properties follow a schema of their own"
                pair.add(f"member-dependency-{word}", trigger=trigger, rule=rule)

    # Both

    def _contents(self, old: Case, new: Case, pair: Pair) -> None:
        one, other = (case.facets.get("contentSchema", (True,)) for case in (old, new))
        if len(one) == len(other) == 1:
            pair.edges.append(Edge((" (its content)",), one[0], other[0]))
        elif one != other:
            pair.add("not-compared", keyword="contentSchema")

    def _assertions(self, old: Case, new: Case, pair: Pair) -> None:
        """Compare what is kept as it is written."""
        gone, come = self._unmatched(old, new, "not")
        if gone or come:
            self._excluded(_any(gone, self.old), _any(come, self.new), pair)
        gone, come = self._unmatched(old, new, "if")
        if len(gone) == len(come) == 1:
            self._conditioned(gone[0], come[0], pair)
        elif gone or come:
            kind = "changed" if gone and come else "removed" if gone else "added"
            pair.add(f"condition-{kind}")
        gone, come = self._unmatched(old, new, "union")
        if gone or come:
            pair.add("composition-changed")
        before, after = (dict(case.facets.get("unknown", ())) for case in (old, new))
        for keyword in {**before, **after}:
            if before.get(keyword, _ABSENT) != after.get(keyword, _ABSENT):
                pair.add("not-compared", keyword=keyword)

    def _excluded(self, old: Schema, new: Schema, pair: Pair) -> None:
        kinds = {"narrower": "exclusion-removed", "wider": "exclusion-added"}
        relation = self.relation(old, new)
        if relation != "same":
            pair.add(kinds.get(relation, "exclusion-changed"))

    def _conditioned(self, old: Any, new: Any, pair: Pair) -> None:
        if self.relation(old[0], new[0]) == "same":
            for step, before, after in zip(("then", "else"), old[1:], new[1:], strict=True):
                pair.edges.append(Edge((f" (`{step}`)",), before, after))
        else:
            pair.add("condition-changed")

    def _unmatched(self, old: Case, new: Case, facet: str) -> tuple[list[Any], list[Any]]:
        """Return what only the old case has, and what only the new one has, in whatever words."""
        gone, come = list(old.facets.get(facet, ())), list(new.facets.get(facet, ()))
        for one in tuple(gone):
            for other in come:
                if self._same_text(facet, one, other):
                    gone.remove(one)
                    come.remove(other)
                    break
        return gone, come

    def _same_text(self, facet: str, one: Any, other: Any) -> bool:
        if facet == "not":
            return self.relation(one, other) == "same"
        if facet == "union":
            (word, before), (keyword, after) = one, other
            one, other = before, after
            if word != keyword or len(before) != len(after):
                return False
        return all(self.relation(a, b) == "same" for a, b in zip(one, other, strict=True))


def _any(schemas: list[Schema], source: Source) -> Schema:
    """Return the schema of what fits one of several."""
    if len(schemas) == 1:
        return schemas[0]
    return source.keep({"anyOf": schemas}, schemas[0]) if schemas else False


def _ordered(pairs: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Sort pairs in an order that is the same both ways, so that the way back pairs the same."""
    return sorted(pairs, key=lambda at: (sum(at), abs(at[0] - at[1])))


def _identities(case: Case, shapes: Shapes) -> Iterator[tuple[str, str]]:
    """Yield the values that distinguish an alternative from the others."""
    if case.name:
        yield "", case.name
    needed = case.facets.get("required", ())
    for name, values in shapes.tags(case).items():
        if len(values) == 1 and name in needed:
            yield name, next(iter(values))


_READINGS: Final = (REQUEST, RESPONSE)
_ABSENT: Final = object()
_MARKS: Final = {
    "readOnly": ("member-read-only", "member-writable"),
    "writeOnly": ("member-write-only", "member-readable"),
}


def _names(*cases: Case) -> Iterable[str]:
    named = {name: None for case in cases for name in case.layout.named}
    needed = {name for case in cases for name in case.facets.get("required", ())}
    return [*named, *sorted(needed - named.keys())]


def _described(name: str, case: Case) -> bool:
    needed = case.facets.get("required", ())
    return name in case.layout.named or name in needed or name in case.others


def _silent(case: Case, name: str) -> bool:
    """Say whether a case allows any value of a property that it does not describe."""
    return case.layout.view(name) in (True, {})


def _change_of(before: Any, after: Any) -> str | None:
    if before == after:
        return None
    if before > after:
        return "narrowed"
    return "widened" if before < after else "changed"
