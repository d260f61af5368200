"""Requests that are refused, rightly or wrongly, and those that should have been."""

from collections.abc import Iterable, Iterator

from heidi_conformance._wire import Reply
from heidi_conformance.contract._fields import MAIN_FIELDS, fields_of
from heidi_conformance.contract._operations import (
    MAIN,
    OPERATIONS,
    OTHERS,
    READ,
    RESOURCES,
    UNLINKED,
    error_type,
)

from ._complaint import Complaint
from ._memory import Memory
from ._messages import wording
from ._others import revived
from ._reading import Reading
from ._sessions import Known, usual


def note_refusal(reading: Reading, user: str, known: Known | None) -> None:
    if reading.declared.writes and known is not None:
        known.attempts.add("rejected" if known.owner == user else "foreign")


def refused(
    memory: Memory,
    reading: Reading,
    answer: Reply,
    user: str,
    *,
    known: Known | None,
    elsewhere: bool,
    refusals: Iterable[int],
) -> Iterator[Complaint]:
    """Yield what is wrong with a refusal; nothing, where the contract asks for it."""
    operation, status = reading.operation, answer.status
    allowed = set(refusals)
    if reading.asks_page:
        allowed.add(422)
        if memory.strict and memory.shelf(reading, user).offers(reading):
            yield Complaint(
                "walks", operation, "refuses the page that it offered", "", "the page",
                f"status {status}",
            )  # fmt: skip
    if status in allowed or OPERATIONS[operation].doubtful(status):
        return
    problem = reading.sure
    there = bool(reading.named) and not elsewhere
    # Of a session that was never to be seen, no refusal says more than that.
    if status == 404 and there and (problem is None or (known is not None and not known.seen)):
        what = f"answers 404 for a {reading.noun} that was created"
        yield Complaint("created-exists", operation, what, "", f"the {reading.noun}", "status 404")
        return
    if problem is not None or elsewhere:
        if memory.strict:
            rule = (
                problem.rule
                if problem is not None
                else "own-sessions"
                if known is not None
                else "unknown-id"
            )
            what = problem.what if problem else f"an id that is no {reading.noun} of the caller"
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
        rule = reading.special or of_query(reading)
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


def of_query(reading: Reading) -> str:
    """Return the rule that speaks for a valid request without a body."""
    names = [name for name, _ in reading.query]
    if any(item.is_named(name) for item in reading.declared.free for name in names):
        return "parameters"
    return "page-size" if names and reading.action == "list" else "works"


def not_found(memory: Memory, reading: Reading, answer: Reply) -> Iterator[Complaint]:
    """Yield how the refusal of an id says too much, or the wrong thing."""
    operation = reading.operation
    if "%2F" in reading.message.target:
        # Many servers take it for a slash, and so for a path that they do not have.
        return
    documented = memory.strict or operation == READ
    told, kind = error_type(answer.content), reading.declared.error_type(404)
    if kind is None and reading.one[0] == MAIN.name:
        kind = OPERATIONS[READ].error_type(404)
    if documented and None not in (told, kind) and told != kind:
        what = f"answers 404 with another type than {kind}"
        yield Complaint("unknown-id", operation, what, "", f"{kind}", "another type")
    yield from memory.if_strict(told_apart(memory, reading, answer))


def told_apart(memory: Memory, reading: Reading, answer: Reply) -> Iterator[Complaint]:
    """Yield that a request is refused otherwise for another user's session than for none."""
    foreign = any(memory.owner(named) is not None for named in reading.named)
    if not foreign and not all(formed(*named) for named in reading.named):
        return
    operation = reading.operation
    kind = "foreign" if foreign else "never"
    media_type = dict(reading.message.headers).get("Content-Type", "").encode()
    wrong = media_type + b" " + reading.message.body if reading.problems else b""
    memory.strangers[operation, wrong, kind] = answer.status, wording(answer.content)
    both = [memory.strangers.get((operation, wrong, name)) for name in ("never", "foreign")]
    if None not in both and both[0] != both[1]:
        del memory.strangers[operation, wrong, kind]
        yield Complaint(
            "unknown-alike",
            operation,
            f"answers differently for a {reading.noun} of another user and for none",
            "",
            "the same refusal",
            "another one",
        )


def formed(kind: str, name: str) -> bool:
    """Whether an id has the form of those that a server gives."""
    return MAIN_FIELDS.is_id(name) if kind == MAIN.name else name == RESOURCES[kind].unknown


def glimpsed(memory: Memory, reading: Reading, answer: Reply, user: str) -> Iterator[Complaint]:
    """Yield that HEAD tells of a session what GET would not."""
    known = memory.resources.get(reading.one)
    foreign = known is not None and known.owner != user
    if reading.message.method == "HEAD" and answer.ok and foreign:
        yield Complaint(
            "own-sessions",
            READ,
            f"shows a {reading.noun} of another user to HEAD",
            "",
            "404 or 405",
            f"status {answer.status}",
        )


def found_elsewhere(
    memory: Memory, reading: Reading, answer: Reply, known: Known | None
) -> Iterator[Complaint]:
    """A request for no session of the caller succeeded."""
    verb = "changes" if reading.declared.writes else "shows"
    if memory.deleted.intersection(reading.named):
        yield from memory.if_strict(iter([revived(reading, verb)]))
        return
    if any(memory.owner(named) is not None for named in reading.named):
        if known is not None:
            known.attempts.add("foreign")
        if reading.action != "update":
            memory.doubt(reading)
        if memory.strict:
            yield Complaint(
                "own-sessions",
                reading.operation,
                f"{verb} a {reading.noun} of another user",
                "",
                "404",
                f"status {answer.status}",
            )
        return
    real = (reading.one[0], reading.declared.made(answer.content))
    if real in memory.resources:
        memory.resources[real].settled = False
        if memory.strict:
            yield Complaint(
                "exact-lookup",
                reading.operation,
                f"{verb} a {reading.noun} by an id that is not quite its own",
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
    if reading.declared.doubtful(status):
        return
    if together and reading.action == "update" and not (answer.ok or right):
        yield Complaint(
            "concurrent",
            reading.operation,
            "refuses an update that runs at the same time as others",
            "",
            "success",
            f"status {status}",
        )
    elif not reading.declared.declares(status) and (answer.ok or not (right or status == 403)):
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
    body = reading.declared.body
    if not reading.message.body and not reading.declared.bare("documented"):
        return False
    if reading.operation in OTHERS:
        shown = not reading.message.body or (body and reading.body in [*body.samples, body.least])
        return not reading.problems and not reading.query and bool(shown)
    fields = fields_of(reading.operation) or MAIN_FIELDS
    return (
        not reading.strange
        and not reading.problems
        and all(name == reading.declared.page.size and text == "10" for name, text in reading.query)
        and all(usual(fields, name, value) for name, value in reading.sent.items())
    )
