"""Checks of a success: a resource, a page of them, or another effect."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from heidi_conformance._wire import Reply
from heidi_conformance.contract._document import as_id, pointed, property_of
from heidi_conformance.contract._fields import MAIN_FIELDS, fields_of
from heidi_conformance.contract._operations import OPERATIONS
from heidi_conformance.contract._values import ABSENT, Flat, within
from heidi_conformance.evidence._history import Exchange, digits

from ._differences import instants, kind, misfits, new_faults, unread
from ._memory import Id, Known, Memory, kind_of, same
from ._pages import NUMBER, ListState, is_whole, page_faults, tokens_of
from ._reading import Reading, understand
from ._violation import Violation

# Of an id: S15.
BITS = 128
# So many ids that a random one shows no pattern by chance.
ENOUGH_IDS = 24
LEAST_BITS = 64


# --- one resource ---


def created(memory: Memory, reading: Reading, response: Reply, user: str) -> Iterator[Violation]:
    """A resource is created."""
    operation, fields = reading.operation, fields_of(reading.operation)
    if fields is None:
        return
    resource = fields.resource.name
    for state in memory.lists_of(user, resource):
        state.added()
    resource_id = OPERATIONS[operation].made(response.content)
    if resource_id is None:
        return
    beyond = resource_id.isascii() and resource_id.isdigit() and int(resource_id) >= 2**BITS
    if fields is MAIN_FIELDS and (beyond or not fields.is_id(resource_id)):
        yield Violation("id-form", operation)
    if (resource, resource_id) in memory.resources:
        yield Violation("id-unique", operation)
        return
    known = Known(user, len(memory.resources), fields, fields.as_stored(reading.sent))
    known.shown = {fields.id: pointed(response.content, OPERATIONS[operation].id_pointer or "")}
    known.take(reading)
    memory.resources[resource, resource_id] = known
    memory.tell_others(known, reading)
    made = [
        name
        for (_, name), item in memory.resources.items()
        if item.fields is fields and item.order >= 0
    ]
    # An integer of JSON has no room for 128 bits.
    wide = "integer" not in fields.shows[fields.id].kinds
    if fields is MAIN_FIELDS and wide and guessable(made):
        yield Violation("id-random", operation)


def guessable(ids: Sequence[str]) -> bool:
    """Whether ids have a pattern: most bits stay, or each is close to the one before."""
    if len(ids) != ENOUGH_IDS or not all(text.isascii() and text.isdigit() for text in ids):
        return False
    numbers = [int(text) for text in ids if len(text) < 60]
    varying = 0
    for number in numbers:
        varying |= number ^ numbers[0]
    steps = [(two - one) % 2**BITS for one, two in itertools.pairwise(numbers)]
    near = max(min(step, 2**BITS - step) for step in steps) < 2**LEAST_BITS
    # Each step is the one before times a number, which is 1 where all are the same.
    follow = all((a * c - b * b) % 2**BITS == 0 for a, b, c in triples(steps))
    return varying.bit_count() < LEAST_BITS or near or follow


def triples(items: Sequence[int]) -> Iterator[tuple[int, int, int]]:
    return zip(items, items[1:], items[2:], strict=False)


def shown(
    memory: Memory,
    reading: Reading,
    response: Reply,
    known: Known,
    exchange: Exchange,
    *,
    skip: set[str],
    together: bool,
) -> Iterator[Violation]:
    """A resource of the caller is shown, by a read or an update."""
    fields, operation = known.fields, reading.operation
    got = fields.shown_in(OPERATIONS[operation].shown(response.content))
    sent = fields.as_stored(reading.sent)
    updates = reading.action == "update"
    if updates:
        updated(memory, reading, known)
    if not got:
        known.settled = False
        return
    if reading.sure is not None or (
        updates and any(problem.rule == "json-syntax" for problem in reading.problems)
    ):
        known.settled = False
    asked = reading.one[1]
    resource_id = got.get(fields.id, asked)
    if as_id(resource_id) != asked and fields.id not in skip:
        # Nothing is known about the requested one now.
        known.settled = False
        written = memory.strict and same(known.strange.get(fields.id, ABSENT), resource_id)
        code = "unknown-members/id" if written else "created-exists/another"
        yield Violation(code, operation)
        return
    if together:
        # A read may show what was there before, or after.
        for name, value in sent.items() if updates else ():
            found = got.get(name, ABSENT)
            if not within(name, skip) and not same(value, found):
                how = "missing" if found is ABSENT else "changed"
                yield Violation(
                    f"update-answer/{how}",
                    operation,
                    field=name,
                    expected=kind(value),
                    got=kind(found),
                )
        return
    if len(known.shown) == 1 and not updates and not known.sent:
        yield from new_faults(known, got, skip)
        yield from inherited(memory, known, got)
    wrong = memory.asserted(
        (
            *misfits(memory, operation, known, sent, got, skip=skip),
            *instants(memory, reading, known, got, exchange),
        )
    )
    yield from wrong
    doubtful = known.doubtful(operation) - sent.keys()
    known.see(got, sent, skip | doubtful)
    if updates:
        accepted(known, sent, exchange)
        # The update moved the instant, to where a response that is not believed does not tell.
        if fields.updated in doubtful:
            known.shown.pop(fields.updated, None)
    else:
        known.together.clear()
        known.read_by(operation)
    known.doubt({item.field or fields.updated: item.rule for item in wrong}, operation)


def inherited(memory: Memory, known: Known, got: Flat) -> Iterator[Violation]:
    """Yield what a new resource has of another one, and has not had of itself."""
    if not known.settled or "foreign" in known.attempts:
        return
    fields = known.fields
    if not known.strange:
        memory.initial.setdefault(fields.resource.name, got)
    first = memory.initial.get(fields.resource.name, got)
    own = fields.initial.keys() | fields.written_by(fields.creates)
    for name in (fields.written_by(fields.updates) - own) & got.keys():
        found = got[name]
        sent = [other.sent.get(name, ABSENT) for other in memory.others(known)]
        if not same(first.get(name, ABSENT), found) and any(same(item, found) for item in sent):
            by = fields.named("create")
            yield Violation("new-session", by, name, expected="nothing", got=kind(found))


def updated(memory: Memory, reading: Reading, known: Known) -> None:
    """An update was accepted."""
    for state in memory.lists_of(known.owner, known.fields.resource.name):
        state.order.clear()
    known.take(reading)
    memory.tell_others(known, reading)


def accepted(known: Known, sent: Flat, update: Exchange) -> None:
    """An update was shown: whatever shows the resource from now on must show what it sent."""
    known.sent = {**known.sent, **sent}
    known.unread |= unread(known.fields, sent)
    known.together -= sent.keys()
    known.changed = update.seconds[1]


def torn(exchanges: Sequence[Exchange], memory: Memory) -> dict[int, list[Violation]]:
    """Return violations of reads that show half of an update, by their place in a batch."""
    readings = [understand(exchange) for exchange in exchanges]
    updates: dict[Id, list[Reading]] = {}
    for reading in readings:
        if reading.action == "update" and reading.method_known:
            updates.setdefault(reading.one, []).append(reading)
    told: dict[int, list[Violation]] = {}
    for place, (reading, exchange) in enumerate(zip(readings, exchanges, strict=True)):
        known, sent = memory.resources.get(reading.one), updates.get(reading.one, [])
        response = exchange.response
        if reading.action != "read" or known is None or len(sent) != 1:
            continue
        if isinstance(response, Reply) and response.ok:
            got = known.fields.shown_in(OPERATIONS[reading.operation].shown(response.content))
            if halfway(known.shown, known.fields.as_stored(sent[0].sent), got):
                told[place] = [Violation("concurrent/half", known.fields.named("update"))]
    return told


def halfway(before: Flat, sent: Mapping[str, object], got: Flat) -> bool:
    """Whether some properties are as before an update, and some as after."""
    changes = {
        name: value for name, value in sent.items() if not same(value, before.get(name, ABSENT))
    }
    new = [same(value, got.get(name, ABSENT)) for name, value in changes.items()]
    old = [same(before.get(name, ABSENT), got.get(name, ABSENT)) for name in changes]
    return any(new) and any(old)


# --- a page of resources ---


def listed(
    memory: Memory, reading: Reading, response: Reply, user: str, skip: set[str]
) -> Iterator[Violation]:
    """A page of the caller's resources is shown."""
    operation, page = reading.declared, response.content
    fields = fields_of(operation.id)
    if fields is None:
        return
    resource, ids = fields.resource.name, operation.ids_on(page)
    state = memory.list_state(reading, user)
    if memory.moving:
        state.order.clear()
    yield from misplaced(memory, reading, ids, user)
    if reading.sure is not None:
        return
    if any(rounded(memory, resource, resource_id) for resource_id in ids):
        yield Violation("created-exists/rounded", operation.id)
    if unissued(memory, reading, ids, state):
        yield Violation("page-token", operation.id, expected=422, got=response.status)
    # If no response has shown it, its creation may have returned a wrong id.
    mine = {
        key for key, known in memory.resources.items() if known.owner == user and known.seen
    } - memory.away
    # A list inside of something holds a part of them.
    there = frozenset(name for kind, name in mine if kind == resource and not operation.ids)
    if is_whole(operation, page, ids) and not filtered(reading):
        yield from page_faults(state, reading, page, ids, there)
    else:
        # Its shape was reported; its counts cannot be judged.
        state.walk = None
    gone = memory.deleted | memory.unsure | memory.moving
    for item in operation.listed(page):
        resource_id = as_id(property_of(item, fields.id))
        if resource_id is None or (resource, resource_id) in gone:
            continue
        known = memory.resources.setdefault((resource, resource_id), Known(user, -1, fields))
        if known.owner != user:
            continue
        if not skip and known.stands_as_listed(item):
            # What was tried on it since then changed nothing.
            known.attempts.clear()
            continue
        faults = listed_one(memory, reading, known, fields.shown_in(item), skip)
        known.listed = "" if faults or known.doubted else repr(item)
        for fault in faults:
            yield replace(fault, resource_id=resource_id)


def misplaced(
    memory: Memory, reading: Reading, ids: Sequence[str], user: str
) -> Iterator[Violation]:
    """Yield that a page holds resources that do not belong there."""
    operation = reading.declared
    named = [(kind_of(operation.id), resource_id) for resource_id in ids]
    if any(memory.owner(one) not in (None, user) for one in named):
        yield Violation("own-list", operation.id)
    if memory.deleted.intersection(named):
        yield Violation("deleted/lists", operation.id)


def listed_one(
    memory: Memory, reading: Reading, known: Known, got: Flat, skip: set[str]
) -> list[Violation]:
    """Return the violations of one resource on a page."""
    fields, operation = known.fields, reading.operation
    new: list[Violation] = []
    if len(known.shown) == 1 and not known.sent:
        # A list need not show what an update does not.
        new = [*new_faults(known, got, skip | (fields.optional - got.keys()))]
    wrong = memory.asserted(
        (
            *misfits(memory, operation, known, {}, got, skip=skip),
            *instants(memory, reading, known, got, None),
        )
    )
    known.see(got, {}, skip | known.doubtful(operation))
    known.read_by(operation)
    known.doubt({fault.field or fields.updated: fault.rule for fault in wrong}, operation)
    return [*new, *wrong]


def filtered(reading: Reading) -> bool:
    """Whether a parameter may leave out some of the resources."""
    return any(item.is_named(name) for item in reading.declared.free for name, _ in reading.query)


def rounded(memory: Memory, resource: str, resource_id: str) -> bool:
    """Whether an id is what a double makes of a known one."""
    one = (resource, resource_id)
    if one in memory.resources or not digits(resource_id) or len(resource_id) < 17:
        return False
    known = (name for kind, name in memory.resources if kind == resource and digits(name))
    return any(resource_id == str(int(float(key))) for key in known)


def unissued(memory: Memory, reading: Reading, ids: list[str], state: ListState) -> bool:
    """Whether a `page` that was accepted has a form that no server issues."""
    tokens = tokens_of(reading)
    if not tokens:
        return False
    token = tokens[-1]
    if token in ("", " ") or token.startswith("no-such-page"):
        return True
    if not token.isascii() and all(known.plain for known in memory.lists.values()):
        return True
    if token.startswith("-") and token[1:].isdigit():
        offered = [known.below for known in memory.lists.values() if known.offered]
        return bool(ids and offered) and not any(offered)
    return state.numbers and NUMBER.fullmatch(token) is None


# --- anything else ---


def affected(memory: Memory, reading: Reading, response: Reply, user: str) -> Iterator[Violation]:
    """Record what another operation did, and yield the violations in its response."""
    operation = reading.declared
    match operation.action:
        case "delete":
            for named in reading.named[-1:]:
                memory.forget(named)
                memory.deleted.add(named)
        case _ if operation.method == "DELETE":
            # Without semantics, it may delete or not.
            memory.doubt(reading)
        case _:
            name = operation.resource.id if operation.resource is not None else ""
            shown_id = as_id(property_of(operation.shown(response.content), name))
            if reading.one[1] and shown_id not in (None, reading.one[1]):
                yield Violation("created-exists/another", operation.id)
            if operation.writes:
                memory.unsettle(reading, user)
