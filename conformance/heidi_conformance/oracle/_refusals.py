"""Requests that are refused, rightly or wrongly, and those that should have been."""

from collections.abc import Iterable, Iterator

from heidi_conformance._text import printable
from heidi_conformance._wire import Reply
from heidi_conformance.contract._fields import MAIN_FIELDS, Fields, fields_of
from heidi_conformance.contract._operations import (
    MAIN,
    OPERATIONS,
    OTHERS,
    READ,
    RESOURCES,
    UNLINKED,
    error_type,
)
from heidi_conformance.contract._values import ABSENT, is_ordinary_text, within

from ._memory import Known, Memory, same
from ._messages import REFERENCE, wording
from ._reading import SLASH, Problem, Reading
from ._violation import Violation

# A missed change: 304 is correct only if nothing changed.
STALE = {"read": "update-read/not-modified", "list": "update-listed/not-modified"}

# So many refusals, alternately for another user's resource and for an unknown id: the servers
# behind a proxy, which may add what they like, do not take such turns by chance.
TURNS = 12
# These headers say how a body comes, and not of what.
FRAMING = frozenset("connection content-length keep-alive transfer-encoding".split())


def note_refusal(reading: Reading, user: str, known: Known | None) -> None:
    if reading.declared.writes and known is not None:
        known.attempt("rejected" if known.owner == user else "foreign", reading)


def accepted(problem: Problem | None, reading: Reading, response: Reply) -> Iterator[Violation]:
    """Yield that a request succeeded that must be refused."""
    if problem is not None:
        code = f"{problem.rule}/{'unread' if unread(reading, response) else 'accepted'}"
        allowed = sorted(problem.statuses)
        yield Violation(
            code, reading.operation, problem.where, problem.kind, allowed, response.status
        )


def unread(reading: Reading, response: Reply) -> bool:
    """Whether an accepted update left out something valid beside what must be refused."""
    fields = fields_of(reading.operation)
    if fields is None or reading.action != "update":
        return False
    wrong = {problem.where for problem in reading.problems}
    valid = {name: value for name, value in reading.sent.items() if not within(name, wrong)}
    got = fields.shown_in(reading.declared.shown(response.content))
    sent = fields.as_stored(valid)
    return any(not same(value, got.get(name, ABSENT)) for name, value in sent.items())


def refused(
    memory: Memory,
    reading: Reading,
    response: Reply,
    user: str,
    *,
    known: Known | None,
    elsewhere: bool,
    refusals: Iterable[int],
) -> Iterator[Violation]:
    """Yield the violations of a refusal; nothing, where the contract asks for it."""
    operation, status = reading.operation, response.status
    allowed = set(refusals)
    if reading.asks_page:
        allowed.add(422)
        if memory.list_state(reading, user).offers(reading):
            yield Violation("walks/refused", operation, got=status)
    problem = reading.sure
    # Which of two mistakes it refuses is seen where one alone is made.
    if status in allowed or (problem and elsewhere) or OPERATIONS[operation].doubtful(status):
        return
    there = bool(reading.named) and not elsewhere
    # For a session that never was visible, a refusal gives no other information.
    if status == 404 and there and (problem is None or (known is not None and not known.seen)):
        yield Violation("created-exists", operation, got=status)
        return
    if not memory.strict:
        usual_error = UNLINKED is None or error_type(response.content) != UNLINKED.type
        if problem is None and not elsewhere and plain(reading) and usual_error:
            yield Violation("works", operation, detail=str(status))
        return
    if elsewhere:
        rule = "own-sessions" if known is not None else "unknown-id"
        problem = Problem(rule, frozenset(), "foreign-id")
    if problem is None and status == 403:
        how = "unlinked" if user in memory.unlinked else "allowed"
        yield Violation(f"forbidden/{how}", operation)
    elif problem is None and reading.problems:
        problem = reading.problems[0]
        allowed.add(200)
    if problem is not None:
        field = problem.where or f":{problem.kind}"
        code, detail = f"{problem.rule}/status", str(status)
        yield Violation(code, operation, field, detail, sorted(allowed), status)
    elif status != 403:
        rule = reading.special or of_query(reading)
        field = next(iter(reading.sent)) if len(reading.sent) == 1 else ""
        code = f"{rule}/refused" if field else f"{rule}/request-refused"
        if not reading.message.body and not reading.declared.bare("documented"):
            code = f"{rule}/without-body"
        yield Violation(code, operation, field=field, detail=str(status))


def of_query(reading: Reading) -> str:
    """Return the rule that applies to a valid request without a body."""
    names = [name for name, _ in reading.query]
    if any(item.is_named(name) for item in reading.declared.free for name in names):
        return "parameters"
    return "page-size" if names and reading.action == "list" else "works"


def not_found(memory: Memory, reading: Reading, response: Reply) -> Iterator[Violation]:
    """Yield how the refusal of an id says too much, or the wrong thing."""
    operation = reading.operation
    if SLASH in reading.message.path:
        # Many servers take it for a slash, and so for a path that they do not have.
        return
    documented = memory.strict or operation == READ
    told, type_ = error_type(response.content), reading.declared.error_type(404)
    if type_ is None and reading.one[0] == MAIN.name:
        type_ = OPERATIONS[READ].error_type(404)
    if documented and None not in (told, type_) and told != type_:
        yield Violation("unknown-id/type", operation, expected=type_)
    yield from told_apart(memory, reading, response)


def told_apart(memory: Memory, reading: Reading, response: Reply) -> Iterator[Violation]:
    """Yield that a request is refused otherwise for another user's session than for none."""
    foreign = any(memory.owner(named) is not None for named in reading.named)
    if not foreign and not all(formed(*named) for named in reading.named):
        return
    operation = reading.operation
    kind = "foreign" if foreign else "never"
    media_type = dict(reading.message.headers).get("Content-Type", "").encode()
    wrong = media_type + b" " + reading.message.body if reading.problems else b""
    memory.refusals[operation, wrong, kind] = response.status, wording(response.content)
    both = [memory.refusals.get((operation, wrong, name)) for name in ("never", "foreign")]
    if None not in both and both[0] != both[1]:
        del memory.refusals[operation, wrong, kind]
        yield Violation("unknown-alike", operation)
    yield from marked(memory.turns[operation, wrong], reading, response, kind)


def marked(
    turns: dict[object, tuple[str, set[tuple[str, ...]]]],
    reading: Reading,
    response: Reply,
    kind: str,
) -> Iterator[Violation]:
    """Yield the headers that tell another user's resource from none, whichever is asked for."""
    latest = next(reversed(turns.values()), ("",))
    if reading.named in turns or latest[0] == kind:
        return
    headers = [(name, text) for name, text in response.headers if name not in FRAMING]
    marks = [((name,), (name, REFERENCE.sub("#", text))) for name, text in headers]
    turns[reading.named] = kind, {mark for both in marks for mark in both}
    if len(turns) >= TURNS:
        foreign = [marks for known, marks in turns.values() if known == "foreign"]
        never = [marks for known, marks in turns.values() if known == "never"]
        telling = foreign[0].intersection(*foreign).difference(*never)
        telling |= never[0].intersection(*never).difference(*foreign)
        for name in sorted({mark[0] for mark in telling}):
            yield Violation("unknown-alike/header", reading.operation, field=printable(name))


def formed(resource: str, name: str) -> bool:
    """Whether an id has the form of those that a server gives."""
    return MAIN_FIELDS.is_id(name) if resource == MAIN.name else name == RESOURCES[resource].unknown


def glimpsed(memory: Memory, reading: Reading, response: Reply, user: str) -> Iterator[Violation]:
    """Yield that HEAD reveals more about a session than GET."""
    known = memory.resources.get(reading.one)
    foreign = known is not None and known.owner != user
    if reading.message.method == "HEAD" and response.ok and foreign:
        yield Violation("own-sessions/head", READ, got=response.status)


def found_elsewhere(
    memory: Memory, reading: Reading, response: Reply, known: Known | None
) -> Iterator[Violation]:
    """Yield that a request for no session of the caller succeeded."""
    how = "changes" if reading.declared.writes else "shows"
    # A twin of what is said of unknown ids.
    empty = reading.action == "read" and not reading.declared.shown(response.content)
    real = (reading.one[0], reading.declared.made(response.content) or "")
    if memory.deleted.intersection(reading.named):
        rule = "deleted"
    elif any(memory.owner(named) is not None for named in reading.named):
        rule, how = "own-sessions", "accepted" if empty else how
        if known is not None:
            known.attempt("foreign", reading)
        if reading.action != "update":
            memory.doubt(reading)
    elif real in memory.resources:
        rule = "exact-lookup"
        memory.resources[real].settled = False
    else:
        yield Violation(
            "unknown-id/accepted",
            reading.operation,
            expected=404,
            got=response.status,
            resource_id=real[1],
        )
        return
    yield Violation(f"{rule}/{how}", reading.operation, expected=404, got=response.status)


def unfit_status(
    reading: Reading, response: Reply, *, elsewhere: bool, together: bool
) -> Iterator[Violation]:
    """Yield the violations of a status, whatever else was sent before.

    Where a refusal is right, or wrong for another reason, that rule says which status it has.
    """
    status = response.status
    right = reading.sure is not None or elsewhere
    if reading.declared.doubtful(status):
        return
    if together and reading.action == "update" and not (response.ok or right):
        yield Violation("concurrent/refused", reading.operation, got=status)
    elif status == 304 and reading.action in STALE and not right:
        yield Violation(STALE[reading.action], reading.operation, detail=str(status))
    elif not reading.declared.declares(status) and (response.ok or not (right or status == 403)):
        yield Violation("declared-status", reading.operation, detail=str(status))


def plain(reading: Reading) -> bool:
    """Whether a request is such as the page shows."""
    body = reading.declared.body
    if not reading.message.body and not reading.declared.bare("documented"):
        return False
    if reading.action == "update" and not reading.sent:
        # That it may send nothing at all is a decision.
        return False
    if reading.action == "list" and reading.declared.page.size and not reading.query:
        # The page always asks for a size.
        return False
    if reading.operation in OTHERS:
        shown = [*body.samples, body.least] if body else []
        fit = not reading.message.body or reading.body in shown
        return not reading.problems and not reading.query and fit
    fields = fields_of(reading.operation) or MAIN_FIELDS
    return (
        not reading.strange
        and not reading.problems
        and all(name == reading.declared.page.size and text == "10" for name, text in reading.query)
        and all(usual(fields, name, value) for name, value in reading.sent.items())
    )


def usual(fields: Fields, name: str, value: object) -> bool:
    """Whether a request sends a value such as the page shows, which every server takes."""
    field = fields.updates.get(name) or fields.creates[name]
    if field.refers:
        return False
    if field.kinds & {"array", "boolean"}:
        return bool(field.examples) and is_ordinary_text(value)
    return bool(value) and fields.ordinary(name, value)
