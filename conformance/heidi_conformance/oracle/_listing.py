"""A page of the caller's sessions."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from heidi_conformance._history import digits
from heidi_conformance._wire import Reply
from heidi_conformance.contract._fields import flattened
from heidi_conformance.contract._operations import LIST, MAIN, OPERATIONS

from ._complaint import Complaint
from ._memory import Memory
from ._newborn import newborn
from ._others import misplaced
from ._pages import PAGE, Shelf, complaint, ids_of, is_whole, page_faults, sessions, tokens_of
from ._reading import Reading
from ._sessions import Known, misfits
from ._showing import instants, members_of

NEVER: Any = None


def listed(
    memory: Memory, reading: Reading, answer: Reply, user: str, skip: set[str]
) -> Iterator[Complaint]:
    """A page of the caller's sessions is shown."""
    page = answer.content
    ids = ids_of(page)
    sizes = [text for name, text in reading.query if name == PAGE.size]
    bounded = sizes and reading.sure is None and sizes[0].isdigit()
    if not memory.strict and bounded and len(ids) > int(sizes[0]):
        yield complaint(
            "page-bound",
            f"puts more sessions on a page than `{PAGE.size}`",
            f"at most {int(sizes[0])}",
            sessions(len(ids)),
        )
    yield from misplaced(memory, reading, [(MAIN.name, resource_id) for resource_id in ids], user)
    if reading.sure is not None:
        return
    if any(rounded(memory, resource_id) for resource_id in ids):
        yield Complaint(
            "created-exists",
            LIST,
            "lists a session by an id that a double has rounded",
            "",
            "the id of its creation",
            "another one",
        )
    if memory.strict and unissued(reading, ids, memory.shelves[user]):
        yield Complaint(
            "page-token",
            LIST,
            f"accepts a `{PAGE.token}` of a form that is never issued",
            "",
            "422",
            f"status {answer.status}",
        )
    mine = (key for key, known in memory.sessions.items() if known.owner == user)
    there = frozenset(mine) - memory.away
    if is_whole(page):
        yield from memory.if_strict(page_faults(memory.shelves[user], reading, page, there))
    else:
        # What is wrong with its shape was said; of its numbers, nothing can be.
        memory.shelves[user].walk = None
    gone = memory.deleted | memory.unsure
    for session in OPERATIONS[LIST].listed(page):
        got = flattened(session)
        resource_id = got.get(MAIN.id)
        if not isinstance(resource_id, str) or (MAIN.name, resource_id) in gone:
            continue
        known = memory.sessions.setdefault(resource_id, Known(user, -1))
        if known.owner != user:
            continue
        if len(known.shown) == 1 and not known.sent:
            # A list need not show what an update does not.
            silent = known.fields.optional - got.keys()
            yield from memory.if_strict(newborn(known, got, skip | silent))
        wrong = [
            *misfits(LIST, known, {}, got, strict=memory.strict, skip=skip),
            *instants(memory, reading, known, got, NEVER),
        ]
        yield from (replace(item, resource_id=resource_id) for item in wrong)
        known.see(got, {}, skip | known.doubtful(LIST))
        known.doubt(members_of(wrong, known), LIST)
        known.read_by(LIST)


def rounded(memory: Memory, resource_id: str) -> bool:
    """Whether an id is what a double makes of that of a session."""
    if resource_id in memory.sessions or not digits(resource_id) or len(resource_id) < 17:
        return False
    known = (key for key in memory.sessions if digits(key))
    return any(resource_id == str(int(float(key))) for key in known)


def unissued(reading: Reading, ids: list[str], shelf: Shelf) -> bool:
    """Whether a `page` that was accepted has a form that no server issues."""
    tokens = tokens_of(reading)
    if not tokens:
        return False
    token = tokens[-1]
    if token in ("", " ") or not token.isascii() or token.startswith("no-such-page"):
        return True
    if token.startswith("-") and token[1:].isdigit():
        return bool(ids)
    return shelf.numbers and not token.isdigit()
