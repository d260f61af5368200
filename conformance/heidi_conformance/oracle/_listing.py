"""A page of the caller's resources."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from heidi_conformance._history import digits
from heidi_conformance._wire import Reply
from heidi_conformance.contract._fields import fields_of

from ._complaint import Complaint
from ._memory import Memory
from ._newborn import newborn
from ._others import misplaced
from ._pages import Shelf, complaint, counted, is_whole, page_faults, tokens_of
from ._reading import Reading
from ._sessions import Known, misfits
from ._showing import instants, members_of

NEVER: Any = None


def listed(
    memory: Memory, reading: Reading, answer: Reply, user: str, skip: set[str]
) -> Iterator[Complaint]:
    """A page of the caller's resources is shown."""
    operation, noun, page = reading.declared, reading.noun, answer.content
    fields = fields_of(operation.id)
    if fields is None:
        return
    kind, ids = fields.resource.name, operation.ids_on(page)
    words, shelf = operation.page, memory.shelf(reading, user)
    sizes = [text for name, text in reading.query if name == words.size]
    bounded = sizes and reading.sure is None and sizes[0].isdigit()
    if not memory.strict and bounded and len(ids) > int(sizes[0]):
        yield complaint(
            reading,
            "page-bound",
            f"puts more {noun}s on a page than `{words.size}`",
            f"at most {int(sizes[0])}",
            counted(len(ids), noun),
        )
    yield from misplaced(memory, reading, [(kind, resource_id) for resource_id in ids], user)
    if reading.sure is not None:
        return
    if any(rounded(memory, kind, resource_id) for resource_id in ids):
        yield Complaint(
            "created-exists",
            operation.id,
            f"lists a {noun} by an id that a double has rounded",
            "",
            "the id of its creation",
            "another one",
        )
    if memory.strict and unissued(reading, ids, shelf):
        yield Complaint(
            "page-token",
            operation.id,
            f"accepts a `{words.token}` of a form that is never issued",
            "",
            "422",
            f"status {answer.status}",
        )
    mine = {key for key, known in memory.resources.items() if known.owner == user} - memory.away
    # A list inside of something holds a part of them.
    there = frozenset(name for of_kind, name in mine if of_kind == kind and not operation.ids)
    if is_whole(operation, page) and not filtered(reading):
        yield from memory.if_strict(page_faults(shelf, reading, page, there))
    else:
        # What is wrong with its shape was said; of its numbers, nothing can be.
        shelf.walk = None
    gone = memory.deleted | memory.unsure
    for item in operation.listed(page):
        got = fields.shown_in(item)
        resource_id = got.get(fields.id)
        if not isinstance(resource_id, str) or (kind, resource_id) in gone:
            continue
        known = memory.resources.setdefault((kind, resource_id), Known(user, -1, fields))
        if known.owner != user:
            continue
        if len(known.shown) == 1 and not known.sent:
            # A list need not show what an update does not.
            silent = known.fields.optional - got.keys()
            yield from memory.if_strict(newborn(known, got, skip | silent))
        wrong = [
            *misfits(operation.id, known, {}, got, strict=memory.strict, skip=skip),
            *instants(memory, reading, known, got, NEVER),
        ]
        yield from (replace(fault, resource_id=resource_id) for fault in wrong)
        known.see(got, {}, skip | known.doubtful(operation.id))
        known.doubt(members_of(wrong, known), operation.id)
        known.read_by(operation.id)


def filtered(reading: Reading) -> bool:
    """Whether a parameter may leave out some of the resources."""
    return any(item.is_named(name) for item in reading.declared.free for name, _ in reading.query)


def rounded(memory: Memory, kind: str, resource_id: str) -> bool:
    """Whether an id is what a double makes of a known one."""
    if (kind, resource_id) in memory.resources or not digits(resource_id) or len(resource_id) < 17:
        return False
    known = (name for of_kind, name in memory.resources if of_kind == kind and digits(name))
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
