"""How a response that shows a resource differs from what is known of it."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from heidi_conformance.contract._fields import Fields
from heidi_conformance.contract._operations import OPERATIONS
from heidi_conformance.contract._values import (
    ABSENT,
    FOREIGN,
    Flat,
    is_number,
    is_ordinary_text,
    outers,
    within,
)
from heidi_conformance.evidence._history import Exchange, strings

from ._memory import Known, Memory, same
from ._reading import Reading, json_type
from ._shapes import is_instant
from ._violation import Violation

# By what the operation does that shows it.
AFTER_UPDATE = {"read": "update-read", "update": "update-keeps", "list": "update-listed"}
# An update caused it, whichever operation shows it.
FAULT_OF_UPDATE = {
    "concurrent",
    "unknown-members",
    "own-sessions",
    "rejected-update",
    "one-session",
}
# Two updates closer to each other than this may have the same instant: clocks tick in milliseconds.
TICK = 0.005


def instant(value: Any) -> datetime | None:
    """Return an instant; None if it is invalid, or has an offset, which the document excludes."""
    told = datetime.fromisoformat(value) if isinstance(value, str) and is_instant(value) else None
    return None if told is None or told.tzinfo else told


def kind(value: Any) -> str:
    """Return the JSON type of a property, `nothing` where it is missing."""
    return "nothing" if value is ABSENT else json_type(value)


def misfits(
    memory: Memory,
    operation: str,
    known: Known,
    sent: Mapping[str, Any],
    got: Flat,
    *,
    skip: set[str],
) -> Iterator[Violation]:
    """Yield how a resource is not what it must be; `skip` names properties of the wrong shape."""
    strict = memory.strict
    expected = known.expected(sent)
    fresh = sent or known.sent
    for name, value in expected.items() if known.settled else ():
        found = got.get(name, ABSENT)
        if same(value, found) or name == known.fields.updated or within(name, skip):
            continue
        # What only the server knows, such as a revision, may change when it likes.
        if not (name in sent or name in known.sent or known.fields.knows(name)):
            continue
        if found is ABSENT and (name in known.fields.optional or not (strict or name in fresh)):
            continue
        if not strict and not comparable(known.fields, name, value, sent=name in sent):
            continue
        rule = blame(operation, known, name, value, found, sent=name in sent, strict=strict)
        unchanged = name in sent and same(known.shown.get(name, ABSENT), found)
        how = "missing" if found is ABSENT else "ignored" if unchanged else "changed"
        yield Violation(
            f"{rule}/{how}",
            (known.fields.named("update") if rule in FAULT_OF_UPDATE else "") or operation,
            field=name,
            expected=kind(value),
            got=kind(found),
        )
    for name, value in known.strange.items():
        if name in got and name not in expected and same(value, got[name]):
            by = known.strange_to[name]
            if name not in known.fields.shows:
                yield Violation("unknown-members/kept", by)
            elif is_no_default(memory, known.fields, name, value):
                yield Violation("unknown-members/taken", by, field=name)


def is_no_default(memory: Memory, fields: Fields, name: str, value: Any) -> bool:
    """Whether a value of a property cannot be the server's default.

    It contains a string of the judge's own, or a new resource showed another value.
    """
    if any(text.startswith(FOREIGN) for text in strings(value)):
        return True
    new = memory.initial.get(fields.resource.name, {})
    return name in new and not same(new[name], value)


def comparable(fields: Fields, name: str, value: Any, *, sent: bool) -> bool:
    """Whether the page says how a value is handled."""
    field = fields.shows.get(name)
    if field is None or field.status in ("anomaly", "decided") or name in fields.optional:
        return False
    if name in fields.steady and not sent:
        return True
    # What only the server writes into an object may change without an update.
    known = name in fields.steady or "." not in name
    return known and (value is None or fields.ordinary(name, value))


def unread(fields: Fields, names: Iterable[str]) -> set[tuple[str, str]]:
    """Return what must show properties that an update sent."""
    operations = [fields.named(action) for action in AFTER_UPDATE]
    return {(name, operation) for name in names for operation in operations if operation}


def blame(
    operation: str, known: Known, name: str, value: Any, found: Any, *, sent: bool, strict: bool
) -> str:
    """Return the rule that a difference breaks: the nearest cause comes first."""
    action = OPERATIONS[operation].action
    before = known.shown.get(name, ABSENT)
    suspects = (
        (name in known.together, "concurrent"),
        (name in known.strange and same(known.strange[name], found), "unknown-members"),
        (name == known.fields.created, "created-at"),
        (name in known.strange, "unknown-members"),
        (sent and strict, distortion(known.fields, name, value, found, before)),
        (sent, "update-answer"),
        (known.tried("foreign", name, found), "own-sessions"),
        (known.tried("rejected", name, found), "rejected-update"),
        ((name, operation) in known.unread, AFTER_UPDATE[action]),
        (not sent, known.doubted.get((name, operation), "")),
        (action == "update", "update-keeps"),
        ("foreign" in known.attempts, "own-sessions"),
        ("rejected" in known.attempts, "rejected-update"),
        # A list that lags shows what was there before, whatever happened to others.
        (action == "list" and known.had(name, found), AFTER_UPDATE[action]),
        (known.tried("other", name, found), "one-session"),
        (action != "list" and "other" in known.attempts, "one-session"),
        (strict and action != "list", "reading"),
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


def new_faults(known: Known, got: Flat, skip: set[str]) -> Iterator[Violation]:
    """Yield how a resource that was not updated differs from a new one."""
    if not known.settled or "foreign" in known.attempts:
        return
    fields = known.fields
    opened = known.opened or {}
    unknown = fields.written_by(fields.creates) if known.opened is None else set[str]()
    # An object that was sent is there in place of null.
    unknown |= {outer for name in opened for outer in outers(name)}
    for name, value in (fields.initial | opened).items():
        found = got.get(name, ABSENT)
        if within(name, skip) or name in unknown:
            continue
        # The document does not name the keys of a map.
        field = fields.shows.get(name) if name not in opened else None
        form = field.initial_form if field is not None else None
        if (form is None and not same(value, found)) or (
            form is not None and isinstance(found, str) and not form.fullmatch(found)
        ):
            sent = next((sent for sent, shown in fields.stored.items() if shown == name), name)
            code = "new-session" if name not in opened else "appointment"
            if name in opened and sent != name:
                code = "appointment/renamed"
            place = name if code != "appointment/renamed" else sent
            yield Violation(
                code, fields.named("create"), field=place, expected=kind(value), got=kind(found)
            )


def instants(
    memory: Memory, reading: Reading, known: Known, got: Flat, exchange: Exchange | None
) -> Iterator[Violation]:
    """Yield the violations of the instant of the last change; exchange: of one resource."""
    fields, operation = known.fields, reading.operation
    now, before = (instant(told.get(fields.updated)) for told in (got, known.shown))
    made = instant(got.get(fields.created))
    if not memory.strict or now is None:
        return
    if made is not None and now < made:
        yield Violation("updated-at/before-creation", operation)
    latest, known.latest = known.latest, None
    last = before or latest
    if last is not None and now < last:
        yield Violation("updated-at/back", operation)
    elif before is None:
        return
    elif reading.action == "update" and exchange is not None:
        sent = fields.as_stored(reading.sent)
        if known.moves(sent) and now == before and exchange.seconds[0] - known.changed >= TICK:
            yield Violation("updated-at/still", operation)
    elif now != before and known.settled:
        yield moved(reading, known)


# What may have changed the instant by mistake: the attempts, the gravest first.
MOVERS = {"foreign": "own-sessions", "rejected": "rejected-update", "other": "one-session"}


def moved(reading: Reading, known: Known) -> Violation:
    """Return the violation that an instant changed without an update."""
    rule = next((rule for tried, rule in MOVERS.items() if tried in known.attempts), "reading")
    operation = known.fields.named("update") if rule in FAULT_OF_UPDATE else reading.operation
    field = known.fields.updated
    return Violation(f"{rule}/changed", operation, field=field, expected="string", got="string")
