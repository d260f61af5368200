"""A session that a creation makes, and that a reading or an update shows."""

from collections.abc import Iterator
from typing import Any

from heidi_conformance._document import member
from heidi_conformance._history import Exchange
from heidi_conformance._wire import Reply

from ._complaint import Complaint
from ._memory import Memory
from ._newborn import ID, guessable, newborn
from ._reading import Reading
from ._sessions import (
    ABSENT,
    AFTER_UPDATE,
    Flat,
    Known,
    flattened,
    instant,
    misfits,
    same,
)

# Two updates closer to each other than this may have the same instant: clocks tick in milliseconds.
TICK = 0.005


def created(memory: Memory, reading: Reading, answer: Reply, user: str) -> Iterator[Complaint]:
    memory.shelves[user].added()
    session_id = member(answer.content, "session_id")
    if not isinstance(session_id, str):
        return
    if memory.strict and not (ID.fullmatch(session_id) and int(session_id) < 2**128):
        yield Complaint(
            "id-form",
            "createSession",
            "gives an id that is no 128-bit number in decimal",
            "",
            "a 128-bit number in decimal",
            "another id",
        )
    if session_id in memory.sessions:
        if memory.strict:
            yield Complaint(
                "id-unique", "createSession", "gives an id twice", "", "a new id", "a known one"
            )
        return
    known = Known(user, len(memory.sessions), reading.sent.get("ehr_appointment_id"))
    known.shown = {"session_id": session_id}
    known.strange = dict(reading.strange)
    memory.sessions[session_id] = known
    for other in memory.sessions.values():
        if other is not known:
            other.attempts.add("other")
    if memory.strict and guessable(
        [key for key, item in memory.sessions.items() if item.order >= 0]
    ):
        yield Complaint(
            "id-random",
            "createSession",
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
    """A session of the caller is shown, by getSession or updateSession."""
    got = flattened(member(answer.content, "session"))
    sent = reading.sent
    updates = reading.operation == "updateSession"
    if updates:
        updated(memory, reading, known)
    if not got:
        known.settled = False
        return
    if reading.sure is not None or (
        updates and "json-syntax" in {p.rule for p in reading.problems}
    ):
        known.settled = False
    shown = got.get("session_id", reading.session_id)
    if shown != reading.session_id and "session_id" not in skip:
        # Of the one that was asked for, nothing is known now.
        known.settled = False
        written = memory.strict and same(known.strange.get("session_id", ABSENT), got["session_id"])
        yield Complaint(
            "unknown-members" if written else "created-exists",
            reading.operation,
            "answers with another session than was asked for",
            "",
            "the session",
            "another one",
        )
        return
    if together and not updates:
        # It may show what was there before, or after.
        return
    if together:
        for name, value in sent.items():
            if name not in skip and not same(value, got.get(name, ABSENT)):
                yield Complaint(
                    "update-answer",
                    "updateSession",
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
    settle(known, got, sent, skip | doubtful, exchange if updates else None)
    known.doubt(members_of(wrong), reading.operation)


def updated(memory: Memory, reading: Reading, known: Known) -> None:
    """An update was accepted."""
    shelf = memory.shelves[known.owner]
    shelf.order.clear()
    known.strange |= reading.strange
    for other in memory.sessions.values():
        if other is not known:
            other.attempts.add("other")


def settle(known: Known, got: Flat, sent: Any, skip: set[str], update: Exchange | None) -> None:
    known.see(got, sent, skip)
    if update is not None:
        known.sent = {**known.sent, **sent}
        known.unread |= {(name, operation) for name in sent for operation in AFTER_UPDATE}
        known.together -= sent.keys()
        known.changed = update.seconds[1]
    else:
        known.together.clear()
        known.read_by("getSession")


def instants(
    memory: Memory, reading: Reading, known: Known, got: Flat, exchange: Exchange
) -> Iterator[Complaint]:
    """Yield what is wrong with `updated_at`."""
    now, before = instant(got.get("updated_at")), instant(known.shown.get("updated_at"))
    made = instant(got.get("created_at"))
    if not memory.strict or now is None:
        return
    operation = reading.operation
    if made is not None and now < made:
        yield Complaint(
            "updated-at",
            operation,
            "shows an `updated_at` before `created_at`",
            "",
            "the instant of `created_at`, or a later one",
            "an earlier instant",
        )
    latest, known.latest = known.latest, None
    last = before or latest
    if last is not None and now < last:
        yield Complaint(
            "updated-at",
            operation,
            "shows an `updated_at` that went back",
            "",
            "the instant that was shown before, or a later one",
            "an earlier instant",
        )
    elif before is None:
        return
    elif operation == "updateSession":
        changes = any(
            not same(value, known.shown.get(name, ABSENT)) for name, value in reading.sent.items()
        )
        if changes and now == before and exchange.seconds[0] - known.changed >= TICK:
            yield Complaint(
                "updated-at",
                "updateSession",
                "does not let `updated_at` grow with a change",
                "",
                "a later instant than before the update",
                "the same instant",
            )
    elif now != before and known.settled:
        yield moved(reading, known, "a later instant" if now > before else "an earlier instant")


# Who may have moved `updated_at` when nobody may have: by what was tried since, the gravest first.
MOVERS = {
    "foreign": ("own-sessions", "changes {} of a session of another user"),
    "rejected": ("rejected-update", "changes {} although it rejects the update"),
    "other": ("one-session", "changes {} of another session"),
}


def moved(reading: Reading, known: Known, got: str) -> Complaint:
    """Return what is said of an `updated_at` that is another one without an update."""
    tried = next((name for name in MOVERS if name in known.attempts), None)
    expected = "the instant that was shown before"
    if tried is None:
        what = "shows another `updated_at` though nothing was sent since"
        return Complaint("reading", reading.operation, what, "", expected, got)
    return Complaint(
        MOVERS[tried][0], "updateSession", MOVERS[tried][1], "`updated_at`", expected, got
    )


def members_of(complaints: list[Complaint]) -> set[str]:
    """Return the members that differ from what they must be; `updated_at` where none is named."""
    return {complaint.subject.strip("`") or "updated_at" for complaint in complaints}
