"""Requests that are refused, rightly or wrongly, and those that should have been."""

from collections.abc import Iterable, Iterator

from heidi_conformance._wire import Reply
from heidi_conformance.contract._fields import MAIN_FIELDS, fields_of
from heidi_conformance.contract._operations import (
    LIST,
    OPERATIONS,
    READ,
    UNLINKED,
    UPDATE,
    error_type,
)

from ._complaint import Complaint
from ._memory import Memory
from ._messages import wording
from ._pages import PAGE
from ._reading import Reading
from ._sessions import Known, usual
from ._shapes import declared


def note_refusal(reading: Reading, user: str, known: Known | None) -> None:
    if reading.operation == UPDATE and known is not None:
        known.attempts.add("rejected" if known.owner == user else "foreign")


def refused(
    memory: Memory,
    reading: Reading,
    answer: Reply,
    user: str,
    *,
    known: Known | None,
    refusals: Iterable[int],
) -> Iterator[Complaint]:
    """Yield what is wrong with a refusal; nothing, where the contract asks for it."""
    operation, status = reading.operation, answer.status
    allowed = set(refusals)
    if operation == LIST and reading.asks_page:
        allowed.add(422)
        if memory.strict and memory.shelves[user].offers(reading):
            yield Complaint(
                "walks", LIST, "refuses the page that it offered", "", "the page",
                f"status {status}",
            )  # fmt: skip
    if status in allowed:
        return
    problem = reading.sure
    own = known is not None and known.owner == user
    # Of a session that was never to be seen, no refusal says more than that.
    if status == 404 and known is not None and own and (problem is None or not known.seen):
        yield Complaint(
            "created-exists",
            operation,
            "answers 404 for a session that was created",
            "",
            "the session",
            "status 404",
        )
        return
    if problem is not None or (reading.session_id and not own):
        if memory.strict:
            rule = (
                problem.rule
                if problem is not None
                else "own-sessions"
                if known is not None
                else "unknown-id"
            )
            what = problem.what if problem is not None else "an id that is no session of the caller"
            yield Complaint(
                rule,
                operation,
                f"answers {status} to {{}}",
                what,
                " or ".join(map(str, sorted(allowed))),
                f"status {status}",
            )
        return
    if status == 403 and memory.strict:
        yield Complaint(
            "forbidden", operation, "answers 403 to a user who may", "", "success", "status 403"
        )
    elif memory.strict and reading.problems:
        doubt = reading.problems[0]
        fit = " or ".join(["success", *map(str, sorted(allowed))])
        what = f"answers {status} to {{}}"
        yield Complaint(doubt.rule, operation, what, doubt.what, fit, f"status {status}")
    elif memory.strict:
        rule = reading.special or ("page-size" if reading.query else "works")
        subject = f"`{next(iter(reading.sent))}`" if len(reading.sent) == 1 else ""
        what = "a valid {}" if subject else "a valid request"
        yield Complaint(
            rule,
            operation,
            f"refuses {what} with {status}",
            subject,
            "success",
            f"status {status}",
        )
    elif plain(reading) and (UNLINKED is None or error_type(answer.content) != UNLINKED.type):
        yield Complaint(
            "works", operation, "refuses what the page shows", "", "success", f"status {status}"
        )


def not_found(
    memory: Memory, reading: Reading, answer: Reply, known: Known | None
) -> Iterator[Complaint]:
    """Yield how the refusal of an id says too much, or the wrong thing."""
    operation = reading.operation
    if "%2F" in reading.message.target:
        # Many servers take it for a slash, and so for a path that they do not have.
        return
    documented = memory.strict or operation == READ
    told, kind = error_type(answer.content), OPERATIONS[READ].error_type(404)
    if documented and None not in (told, kind) and told != kind:
        what = f"answers 404 with another type than {kind}"
        yield Complaint("unknown-id", operation, what, "", f"{kind}", "another type")
    yield from memory.if_strict(told_apart(memory, reading, answer, known))


def told_apart(
    memory: Memory, reading: Reading, answer: Reply, known: Known | None
) -> Iterator[Complaint]:
    """Yield that a request is refused otherwise for another user's session than for none."""
    if known is None and not MAIN_FIELDS.is_id(reading.session_id):
        return
    operation = reading.operation
    kind = "never" if known is None else "foreign"
    media_type = dict(reading.message.headers).get("Content-Type", "").encode()
    wrong = media_type + b" " + reading.message.body if reading.problems else b""
    memory.strangers[operation, wrong, kind] = answer.status, wording(answer.content)
    both = [memory.strangers.get((operation, wrong, name)) for name in ("never", "foreign")]
    if None not in both and both[0] != both[1]:
        del memory.strangers[operation, wrong, kind]
        yield Complaint(
            "unknown-alike",
            operation,
            "answers differently for a session of another user and for none",
            "",
            "the same refusal",
            "another one",
        )


def glimpsed(memory: Memory, reading: Reading, answer: Reply, user: str) -> Iterator[Complaint]:
    """Yield that HEAD tells of a session what GET would not."""
    known = memory.sessions.get(reading.session_id)
    foreign = known is not None and known.owner != user
    if reading.message.method == "HEAD" and answer.ok and foreign:
        yield Complaint(
            "own-sessions",
            READ,
            "shows a session of another user to HEAD",
            "",
            "404 or 405",
            f"status {answer.status}",
        )


def found_elsewhere(
    memory: Memory, reading: Reading, answer: Reply, known: Known | None
) -> Iterator[Complaint]:
    """A request for no session of the caller succeeded."""
    verb = "shows" if reading.operation == READ else "changes"
    if known is not None:
        known.attempts.add("foreign")
        if memory.strict:
            yield Complaint(
                "own-sessions",
                reading.operation,
                f"{verb} a session of another user",
                "",
                "404",
                f"status {answer.status}",
            )
        return
    real = OPERATIONS[READ].made(answer.content)
    if isinstance(real, str) and real in memory.sessions:
        memory.sessions[real].settled = False
        if memory.strict:
            yield Complaint(
                "exact-lookup",
                reading.operation,
                f"{verb} a session by an id that is not quite its own",
                "",
                "404",
                f"status {answer.status}",
            )
        return
    yield Complaint(
        "unknown-id",
        reading.operation,
        "answers an unknown id with success",
        "",
        "404",
        f"status {answer.status}",
    )


def unfit_status(
    reading: Reading, answer: Reply, *, elsewhere: bool, together: bool
) -> Iterator[Complaint]:
    """Yield what is wrong with a status, whatever else was sent before.

    Where a refusal is right, or wrong for another reason, that rule says which status it has.
    """
    status = answer.status
    right = reading.sure is not None or elsewhere
    if together and reading.operation == UPDATE and not (answer.ok or right):
        yield Complaint(
            "concurrent",
            UPDATE,
            "refuses an update that runs at the same time as others",
            "",
            "success",
            f"status {status}",
        )
    elif str(status) not in declared(reading.operation) and (
        answer.ok or not (right or status == 403)
    ):
        yield Complaint(
            "declared-status",
            reading.operation,
            f"answers {status}, which the document does not declare",
            "",
            "a declared status",
            f"status {status}",
        )


def plain(reading: Reading) -> bool:
    """Whether a request is such as the page shows."""
    fields = fields_of(reading.operation) or MAIN_FIELDS
    return (
        not reading.strange
        and not reading.problems
        and all(name == PAGE.size and text == "10" for name, text in reading.query)
        and all(usual(fields, name, value) for name, value in reading.sent.items())
    )
