"""What is known of a resource, and how an answer that shows it differs."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, cast

from heidi_conformance.contract._fields import (
    ABSENT,
    MAIN_FIELDS,
    Fields,
    Flat,
    is_number,
    is_ordinary_text,
    outers,
    within,
)
from heidi_conformance.contract._operations import OPERATIONS

from ._complaint import Complaint
from ._reading import EXACT, as_float
from ._shapes import is_instant

# By what the operation does that shows it.
AFTER_UPDATE = {"read": "update-read", "update": "update-keeps", "list": "update-listed"}
# Whatever operation shows the damage, an update did it.
FAULT_OF_UPDATE = {
    "concurrent",
    "unknown-members",
    "own-sessions",
    "rejected-update",
    "one-session",
}
# What the page does not speak of.
DECIDED = frozenset("concurrent created-at own-sessions rejected-update unknown-members".split())


@dataclass
class Known:
    """A resource that the judge created.

    opened: what its creation set, by the names of the resource; None where somebody else created
    it. shown: what the server showed last, with what was sent since. sent: what the last accepted
    updates sent. unread: members of those, by the operation that did not show them since.
    strange: members sent that must not be kept. attempts: what happened since it was last
    seen, and could have changed it though it must not. settled: False where an update may or may
    not have happened. together: members of updates that ran at the same time. latest: the last
    instant that any of those showed, until it is seen again. seen: whether it ever was.
    doubted: members that an operation told wrong.
    """

    owner: str
    order: int
    fields: Fields = MAIN_FIELDS
    opened: Flat | None = None
    shown: Flat = field(default_factory=Flat)
    sent: Flat = field(default_factory=Flat)
    unread: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    strange: Flat = field(default_factory=Flat)
    attempts: set[str] = field(default_factory=set[str])
    seen: bool = False
    settled: bool = True
    changed: float = 0.0
    together: set[str] = field(default_factory=set[str])
    latest: datetime | None = None
    doubted: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])

    def expected(self, sent: Mapping[str, Any]) -> Flat:
        """Return what is to be seen after an update: objects are merged, unless one is null."""
        opened = {outer for name in sent for outer in outers(name)}
        stays = {
            name: item
            for name, item in self.shown.items()
            if name not in opened and not within(name, sent)
        }
        return {**stays, **sent}

    def see(self, got: Flat, sent: Mapping[str, Any], skip: set[str]) -> None:
        """Take what the server shows for what it has, whatever was expected; `skip` is no value."""
        unseen = self.fields.optional | skip if self.settled else self.fields.optional
        kept = {name: item for name, item in self.expected(sent).items() if within(name, unseen)}
        self.shown = {name: item for name, item in got.items() if not within(name, skip)} | kept
        self.seen = True
        self.attempts.clear()
        self.settled = True

    def doubt(self, names: Iterable[str], operation: str) -> None:
        """Know nothing of members that were told wrong, so that no answer is blamed for another.

        What the operation tells of them from now on is compared, and no more believed.
        """
        for name in names:
            self.shown.pop(name, None)
            self.doubted.add((name, operation))

    def doubtful(self, operation: str) -> set[str]:
        """Return the members that an operation has told wrong."""
        return {name for name, where in self.doubted if where == operation}

    def read_by(self, operation: str) -> None:
        """The resource was shown by an operation that changes nothing."""
        self.unread = {item for item in self.unread if item[1] != operation}


def same(expected: Any, got: Any) -> bool:
    """Whether two JSON values are the same: numbers exactly, an array in its order."""
    alike = type(expected) is type(got) and bool(expected == got)
    if isinstance(expected, bool) or isinstance(got, bool):
        return expected is got
    if is_number(expected) and is_number(got):
        if expected == got:
            return True
        written_as_double = isinstance(expected, Decimal) or abs(expected) <= EXACT
        return written_as_double and as_float(expected) == as_float(got)
    if isinstance(expected, dict) and isinstance(got, dict):
        one, two = cast("Flat", expected), cast("Flat", got)
        return one.keys() == two.keys() and all(same(item, two[name]) for name, item in one.items())
    if isinstance(expected, list) and isinstance(got, list):
        first, second = cast("list[object]", expected), cast("list[object]", got)
        return len(first) == len(second) and all(map(same, first, second))
    return alike


def instant(value: Any) -> datetime | None:
    """Return an instant, or None where it is none, or has an offset, which the document has not."""
    told = datetime.fromisoformat(value) if isinstance(value, str) and is_instant(value) else None
    return None if told is None or told.tzinfo else told


def usual(fields: Fields, name: str, value: Any) -> bool:
    """Whether a request sends a value such as the page shows, which every server takes."""
    field = fields.updates.get(name) or fields.creates[name]
    if field.refers:
        return False
    if field.kinds & {"array", "boolean"}:
        return bool(field.examples)
    return bool(value) and fields.ordinary(name, value)


def misfits(
    operation: str,
    known: Known,
    sent: Mapping[str, Any],
    got: Flat,
    *,
    strict: bool,
    skip: set[str],
) -> Iterator[Complaint]:
    """Yield how a resource is not what it must be; `skip` names members of the wrong shape."""
    expected = known.expected(sent)
    fresh = sent or known.sent
    for name, value in expected.items():
        if within(name, skip) or name == known.fields.updated or not known.settled:
            continue
        if name in known.fields.optional and (not strict or name not in got):
            continue
        if not strict and not comparable(known.fields, name, value, sent=name in sent):
            continue
        found = got.get(name, ABSENT)
        if found is ABSENT and name not in fresh and not strict:
            continue
        if found is ABSENT or not same(value, found):
            is_sent = name in sent
            rule = blame(operation, known, name, value, found, sent=is_sent, strict=strict)
            if rule in DECIDED and not strict:
                continue
            before = known.shown.get(name, ABSENT)
            yield Complaint(
                rule,
                (known.fields.named("update") if rule in FAULT_OF_UPDATE else "") or operation,
                pattern(rule, known.fields.noun, found, before, sent=is_sent),
                f"`{name}`",
                "what was sent" if name in fresh and rule != "rejected-update" else "as it was",
                "no such member" if found is ABSENT else "another value",
            )
    if strict:
        yield from smuggled(known, expected, got)


def comparable(fields: Fields, name: str, value: Any, *, sent: bool) -> bool:
    """Whether the page says what becomes of a value."""
    field = fields.shows.get(name)
    if field is None or field.status in ("anomaly", "decided"):
        return False
    if name in fields.steady and not sent:
        return True
    # What only the server writes into an object may change without an update.
    known = name in fields.steady or "." not in name
    return known and (value is None or fields.ordinary(name, value))


def blame(
    operation: str, known: Known, name: str, value: Any, found: Any, *, sent: bool, strict: bool
) -> str:
    """Return the rule that a difference breaks."""
    action = OPERATIONS[operation].action
    before = known.shown.get(name, ABSENT)
    suspects = (
        (name in known.together, "concurrent"),
        (name in known.strange and same(known.strange[name], found), "unknown-members"),
        (name == known.fields.created, "created-at"),
        (name in known.strange, "unknown-members"),
        (sent and strict, distortion(known.fields, name, value, found, before)),
        (sent, "update-answer"),
        ("foreign" in known.attempts, "own-sessions"),
        ("rejected" in known.attempts, "rejected-update"),
        ((name, operation) in known.unread, AFTER_UPDATE[action]),
        (action == "update", "update-keeps"),
        ("other" in known.attempts, "one-session"),
        (strict, "reading"),
        (True, AFTER_UPDATE[action]),
    )
    return next(rule for suspected, rule in suspects if suspected and rule)


def distortion(fields: Fields, name: str, value: Any, found: Any, before: Any) -> str:
    """Return the rule of a value that came back, and came back different."""
    if found is ABSENT or (before is not ABSENT and same(before, found)):
        return ""
    if isinstance(value, str) and isinstance(found, str):
        if name in fields.updates and fields.updates[name].is_code:
            return "values"
        near = value.strip().casefold() == found.strip().casefold()
        return "strings" if near or not is_ordinary_text(value) else ""
    if is_number(value) and is_number(found):
        return "" if fields.ordinary(name, value) else "numbers"
    lists = isinstance(value, list) and isinstance(found, list)
    return "strings" if lists and not is_ordinary_text(value) else ""


def pattern(rule: str, noun: str, found: Any, before: Any, *, sent: bool) -> str:
    """Say what became of a member."""
    what = "leaves out {}" if found is ABSENT else "shows {} changed"
    if sent and rule in ("update-answer", "strings", "numbers", "values"):
        unchanged = found is not ABSENT and before is not ABSENT and same(before, found)
        what = "does not change {}" if unchanged else what
        return f"{what} in the answer to the update that sends it"
    return {
        "update-read": f"{what} after an update that was answered right",
        "update-listed": f"{what} where an update showed it right",
        "rejected-update": "changes {} although it rejects the update",
        "own-sessions": f"changes {{}} of a {noun} of another user",
        "one-session": f"changes {{}} of another {noun}",
        "update-keeps": f"{what} though the update does not send it",
        "created-at": "shows another {} than before",
        "unknown-members": "lets a request write {}, which only the server may",
        "concurrent": "loses {} of an update that runs at the same time as others",
    }.get(rule, f"{what} though nothing was sent since")


def smuggled(known: Known, expected: Flat, got: Flat) -> Iterator[Complaint]:
    """Yield members that no document knows, were sent, and are shown."""
    for name, value in known.strange.items():
        if name in got and name not in expected and same(value, got[name]):
            yield Complaint(
                "unknown-members",
                known.fields.named("update") or known.fields.named("create"),
                "keeps a member that no document knows",
                "",
                "no such member",
                "the value sent",
            )
