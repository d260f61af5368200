"""What an operation does that neither creates, reads, updates nor lists resources."""

from collections.abc import Iterator

from heidi_conformance._document import member
from heidi_conformance._wire import Reply

from ._complaint import Complaint
from ._memory import Id, Memory
from ._reading import Reading


def affected(memory: Memory, reading: Reading, answer: Reply, user: str) -> Iterator[Complaint]:
    """Take what a success did, and yield what is wrong with what it shows."""
    operation = reading.declared
    match operation.action:
        case "delete":
            for named in reading.named[-1:]:
                memory.forget(named)
                memory.deleted.add(named)
        case _ if operation.method == "DELETE":
            # Without semantics, nobody says that it deletes.
            memory.doubt(reading)
        case _:
            yield from another(reading, answer)
            if operation.writes:
                memory.unsettle(reading, user)


def misplaced(memory: Memory, reading: Reading, ids: list[Id], user: str) -> Iterator[Complaint]:
    """Yield that a list holds what is another user's, or is no more."""
    noun = reading.noun
    if any(memory.owner(named) not in (None, user) for named in ids):
        what = f"lists a {noun} of another user"
        yield Complaint("own-list", reading.operation, what, "", f"{noun}s of the caller", "others")
    if memory.strict and memory.deleted.intersection(ids):
        yield revived(reading, "lists")


def revived(reading: Reading, verb: str) -> Complaint:
    """Return that something is there that was deleted."""
    what = f"{verb} a {reading.noun} that was deleted"
    return Complaint("deleted", reading.operation, what, "", "nothing of it", "it")


def another(reading: Reading, answer: Reply) -> Iterator[Complaint]:
    """Yield that another resource is shown than the one that was asked for."""
    operation = reading.declared
    shown = operation.shown(answer.content)
    if shown is None or operation.resource is None or not reading.one[1]:
        return
    name = member(shown, operation.resource.id)
    if isinstance(name, str) and name != reading.one[1]:
        what = f"answers with another {reading.noun} than was asked for"
        yield Complaint(
            "created-exists", operation.id, what, "", f"the {reading.noun}", "another one"
        )
