"""Rules, scripts, and the operations that rules are about."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from heidi_conformance._verdict import Level
from heidi_conformance.contract._fields import FIELDS, MAIN_FIELDS, Fields, fields_of
from heidi_conformance.contract._operations import EVERY, ISSUE, MAIN, OPERATIONS
from heidi_conformance.oracle import Judge
from heidi_conformance.run._probe import Probe, Setting
from heidi_conformance.run._resources import resources_of

NOUN = MAIN.name.lower()
# The operations that ask for a token, that take a body, and whose path names a resource.
TOKEN = tuple(name for name in EVERY if OPERATIONS[name].scheme)
BODIES = tuple(name for name in EVERY if OPERATIONS[name].body)
ONE = tuple(name for name in EVERY if OPERATIONS[name].owned)
CREATES, READS, UPDATES, LISTS, DELETES = (
    tuple(name for name in EVERY if OPERATIONS[name].action == action)
    for action in ("create", "read", "update", "list", "delete")
)
SHOWN = (*READS, *UPDATES, *LISTS)
ISSUES = (ISSUE,) if ISSUE else ()
ALL = (*EVERY, *ISSUES)


@dataclass(frozen=True)
class Rule:
    """One thing that a server must do.

    level: `documented` rests on a line of the base document, `strict` on a decision, or on what
    the vendor's page about tokens says. row: the decision, S1 to S21, that says it at level strict;
    empty where only a page of the vendor does.
    words: the promise in short. place: where in an operation of the document it is made.
    judge: what it says of one request and its response, where it needs no others to say it.
    """

    id: str
    level: Level
    row: str
    operations: tuple[str, ...]
    words: str
    place: tuple[str, ...] = ()
    judge: Judge | None = None


def promised(rule: str, row: str, operations: tuple[str, ...], words: str, *place: str) -> Rule:
    """Return a rule that rests on the base document."""
    return Rule(rule, "documented", row, operations, words, place)


def decided(
    rule: str, row: str, operations: tuple[str, ...], words: str, judge: Judge | None = None
) -> Rule:
    """Return a rule that rests on a decision."""
    return Rule(rule, "strict", row, operations, words, judge=judge)


@dataclass(frozen=True)
class Script:
    """Requests that put a server to some rules.

    level: `documented` where it sends only what the page describes. rules: those that it is there
    for; every response is held to all others as well. actions: where it drives one resource, what
    operations must do with that; None if it goes through the operations by itself. needs: what a
    run must have been given. once: whether it is put to the first resource alone. reads: whether it
    says something by GET alone, and runs where nothing may be created.
    """

    run: Callable[[Any], object]
    level: Level
    rules: tuple[str, ...]
    actions: tuple[str, ...] | None = None
    needs: tuple[str, ...] = ()
    once: bool = False
    reads: bool = False

    @property
    def id(self) -> str:
        return self.run.__name__.replace("_", "-")

    def parts(self, setting: Setting) -> Iterator[Callable[[Probe], object]]:
        """Send the requests, with a separate history for each resource."""
        if self.actions is None:
            yield self.run
            return
        for fields in sorted(FIELDS.values(), key=lambda fields: fields is not MAIN_FIELDS):
            if self.drives(fields, setting):
                yield partial(self.drive, fields.resource.name)

    def drive(self, kind: str, probe: Probe) -> object:
        """Run it for the resources of a kind."""
        return self.run(resources_of(probe, kind))

    def drives(self, fields: Fields, setting: Setting) -> bool:
        """Whether it can run for a resource."""
        if self.once and fields is not MAIN_FIELDS:
            return False
        needed = [name for name in self.actions or () if not setting.reads or name in READING]
        known = {name for name, item in fields.operations.items() if setting.asks(item)}
        return known.issuperset(needed) and bool(fields.leaves or "update" not in needed)

    def covers(self, operation: str, setting: Setting) -> bool:
        """Whether it may say something of an operation."""
        fields = fields_of(operation)
        return self.actions is None or (fields is not None and self.drives(fields, setting))


# What operations do that a run may always do.
READING = ("read", "list")
