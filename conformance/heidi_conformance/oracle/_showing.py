"""A resource that a creation makes, and that a read or an update shows."""

from collections.abc import Iterator

from heidi_conformance._history import Exchange
from heidi_conformance._wire import Reply
from heidi_conformance.contract._fields import (
    ABSENT,
    MAIN_FIELDS,
    Flat,
    fields_of,
    within,
)
from heidi_conformance.contract._operations import OPERATIONS

from ._complaint import Complaint
from ._memory import Memory
from ._newborn import guessable, newborn
from ._reading import Reading
from ._sessions import AFTER_UPDATE, Known, instant, misfits, same

# Two updates closer to each other than this may have the same instant: clocks tick in milliseconds.
TICK = 0.005
# Of an id: S15.
BITS = 128


def created(memory: Memory, reading: Reading, answer: Reply, user: str) -> Iterator[Complaint]:
    fields = fields_of(reading.operation)
    if fields is None:
        return
    kind = fields.resource.name
    for shelf in memory.shelves_of(user, kind):
        shelf.added()
    resource_id = OPERATIONS[reading.operation].made(answer.content)
    if not isinstance(resource_id, str):
        return
    main = fields is MAIN_FIELDS
    beyond = resource_id.isascii() and resource_id.isdigit() and int(resource_id) >= 2**BITS
    if memory.strict and main and (beyond or not fields.is_id(resource_id)):
        yield Complaint(
            "id-form",
            reading.operation,
            "gives an id that is no 128-bit number in decimal",
            "",
            "a 128-bit number in decimal",
            "another id",
        )
    if (kind, resource_id) in memory.resources:
        if memory.strict:
            yield Complaint(
                "id-unique", reading.operation, "gives an id twice", "", "a new id", "a known one"
            )
        return
    known = Known(user, len(memory.resources), fields, fields.as_stored(reading.sent))
    known.shown = {fields.id: resource_id}
    known.strange = dict(reading.strange)
    memory.resources[kind, resource_id] = known
    for other in memory.others(known):
        other.attempts.add("other")
    made = [
        name
        for (_, name), item in memory.resources.items()
        if item.fields is fields and item.order >= 0
    ]
    if memory.strict and main and guessable(made):
        yield Complaint(
            "id-random",
            reading.operation,
            "gives ids that can be guessed from each other",
            "",
            "128 random bits",
            "a pattern",
        )


def shown(
    memory: Memory,
    reading: Reading,
    answer: Reply,
    known: Known,
    exchange: Exchange,
    *,
    skip: set[str],
    together: bool,
) -> Iterator[Complaint]:
    """A resource of the caller is shown, by a read or an update."""
    fields = known.fields
    got = fields.shown_in(OPERATIONS[reading.operation].shown(answer.content))
    sent = fields.as_stored(reading.sent)
    updates = reading.action == "update"
    if updates:
        updated(memory, reading, known)
    if not got:
        known.settled = False
        return
    if reading.sure is not None or (
        updates and "json-syntax" in {p.rule for p in reading.problems}
    ):
        known.settled = False
    asked = reading.one[1]
    shown = got.get(fields.id, asked)
    if shown != asked and fields.id not in skip:
        # Of the one that was asked for, nothing is known now.
        known.settled = False
        written = memory.strict and same(known.strange.get(fields.id, ABSENT), shown)
        yield Complaint(
            "unknown-members" if written else "created-exists",
            reading.operation,
            f"answers with another {reading.noun} than was asked for",
            "",
            f"the {reading.noun}",
            "another one",
        )
        return
    if together and not updates:
        # It may show what was there before, or after.
        return
    if together:
        for name, value in sent.items():
            if not within(name, skip) and not same(value, got.get(name, ABSENT)):
                yield Complaint(
                    "update-answer",
                    reading.operation,
                    "does not show {} in the answer to the update that sends it",
                    f"`{name}`",
                    "what was sent",
                    "another value",
                )
        return
    if len(known.shown) == 1 and not updates and not known.sent:
        yield from memory.if_strict(newborn(known, got, skip))
    wrong = [
        *misfits(reading.operation, known, sent, got, strict=memory.strict, skip=skip),
        *instants(memory, reading, known, got, exchange),
    ]
    yield from wrong
    doubtful = known.doubtful(reading.operation) - sent.keys()
    known.see(got, sent, skip | doubtful)
    if updates:
        accepted(known, sent, exchange)
    else:
        known.together.clear()
        known.read_by(reading.operation)
    known.doubt(members_of(wrong, known), reading.operation)


def updated(memory: Memory, reading: Reading, known: Known) -> None:
    """An update was accepted."""
    for shelf in memory.shelves_of(known.owner, known.fields.resource.name):
        shelf.order.clear()
    known.strange |= reading.strange
    for other in memory.others(known):
        other.attempts.add("other")


def accepted(known: Known, sent: Flat, update: Exchange) -> None:
    """An update was shown: whatever shows the resource from now on must show what it sent."""
    operations = known.fields.operations
    shown_by = [operations[action].id for action in AFTER_UPDATE if action in operations]
    known.sent = {**known.sent, **sent}
    known.unread |= {(name, operation) for name in sent for operation in shown_by}
    known.together -= sent.keys()
    known.changed = update.seconds[1]


def instants(
    memory: Memory, reading: Reading, known: Known, got: Flat, exchange: Exchange
) -> Iterator[Complaint]:
    """Yield what is wrong with the instant of the last change."""
    fields = known.fields
    now, before = (instant(told.get(fields.updated)) for told in (got, known.shown))
    made = instant(got.get(fields.created))
    if not memory.strict or now is None:
        return
    operation = reading.operation
    changed_at = f"`{fields.updated}`"
    if made is not None and now < made:
        yield Complaint(
            "updated-at",
            operation,
            f"shows an {changed_at} before `{fields.created}`",
            "",
            f"the instant of `{fields.created}`, or a later one",
            "an earlier instant",
        )
    latest, known.latest = known.latest, None
    last = before or latest
    if last is not None and now < last:
        yield Complaint(
            "updated-at",
            operation,
            f"shows an {changed_at} that went back",
            "",
            "the instant that was shown before, or a later one",
            "an earlier instant",
        )
    elif before is None:
        return
    elif reading.action == "update":
        sent = fields.as_stored(reading.sent)
        changes = any(
            not same(value, known.shown.get(name, ABSENT)) for name, value in sent.items()
        )
        if changes and now == before and exchange.seconds[0] - known.changed >= TICK:
            yield Complaint(
                "updated-at",
                operation,
                f"does not let {changed_at} grow with a change",
                "",
                "a later instant than before the update",
                "the same instant",
            )
    elif now != before and known.settled:
        yield moved(reading, known, "a later instant" if now > before else "an earlier instant")


# Who may have moved the instant when nobody may have: by what was tried since, the gravest first.
MOVERS = {
    "foreign": ("own-sessions", "changes {{}} of a {} of another user"),
    "rejected": ("rejected-update", "changes {{}} although it rejects the update"),
    "other": ("one-session", "changes {{}} of another {}"),
}


def moved(reading: Reading, known: Known, got: str) -> Complaint:
    """Return what is said of an instant that is another one without an update."""
    tried = next((name for name in MOVERS if name in known.attempts), None)
    expected = "the instant that was shown before"
    subject = f"`{known.fields.updated}`"
    if tried is None:
        what = f"shows another {subject} though nothing was sent since"
        return Complaint("reading", reading.operation, what, "", expected, got)
    rule, what = MOVERS[tried]
    what = what.format(reading.noun)
    return Complaint(rule, known.fields.named("update"), what, subject, expected, got)


def members_of(complaints: list[Complaint], known: Known) -> set[str]:
    """Return the properties that differ; the instant of the last change where none is named."""
    return {complaint.subject.strip("`") or known.fields.updated for complaint in complaints}
