"""Scripts about what an update does, and what it must not do."""
# ruff: noqa: E501  # tables read better in rows

import itertools
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from heidi_conformance._history import Request, as_json, create, listing, paged, read, update
from heidi_conformance._probe import Probe
from heidi_conformance.contract._fields import Flat, flattened, nested
from heidi_conformance.contract._values import BEYOND, EXACT, STRINGS, Values, sendable, values_of

from ._script import Script

SURROGATES = (b"\\ud800", b"\\udc00", b"\\ud800x", b"\\udc00\\ud800", b"\\udfff", b"\\ud83d")
# Names of properties that a server may have of its own, and that no request may write.
STRANGE = {
    **dict.fromkeys(("id", "user_id", "owner_id", "email", "role", "tenant", "tags", "color", "title", "notes", "metadata", "archived", "x_unknown"), "kept by the caller?"),
    "deleted": True, "__proto__": {"a": 1},
}  # fmt: skip
STRANGE_INSIDE = {"x_inner": "kept?", "age": 42}
# Stands in a body for what JSON of Python would spell otherwise.
HOLE = "@hole@"
# Requests of one batch.
MOST_AT_ONCE = 9
CANARY = "qz7-canary-93x"


def strange() -> dict[str, Any]:
    """Return properties that no update takes: invented, misspelled, or of a creation."""
    send = sendable()
    known = {*send.fields.updates, *send.fields.shows}
    told = {**STRANGE, send.lead.title(): 7, f"{send.lead} ": 8}
    for name, values in send.valid.items():
        first, *others = name.split("_")
        if others and "." not in name:
            told[first + "".join(map(str.title, others))] = values[-1]
    told |= dict.fromkeys(send.fields.creates, "EHR-9")
    return {name: value for name, value in told.items() if name not in known}


def raw(members: Mapping[str, Any], hole: bytes) -> bytes:
    """Return the body of an update, with bytes where a value has the hole."""
    return as_json(sendable().update(members)).replace(as_json(HOLE), hole)


def each_member(probe: Probe, values: dict[str, Values], *, twice: bool) -> None:
    """Set every property to every value, between two sessions that must stay as they are."""
    send = sendable()
    witness, name, newest = probe.new(), probe.new(), probe.new()
    start = {key: items[0] for key, items in values.items() if not isinstance(items[0], list)}
    for session in (witness, name, newest):
        probe.send(read(session))
        probe.send(update(session, send.update(start)))
        probe.send(read(session))
    for member, items in values.items():
        for value in items:
            told = (
                as_json(send.update({member: value}))
                .replace(b"{other}", f"{{{witness}}}".encode())
                .replace(b"{self}", f"{{{name}}}".encode())
            )
            probe.send(update(name, told))
            probe.send(read(name))
        if twice:
            probe.send(update(name, send.update({member: items[-1]})))
        for session in (witness, newest):
            probe.send(read(session))


def documented_members(probe: Probe) -> None:
    """Every property that the page describes and shows, one at a time, then all at once."""
    send = sendable()
    each_member(probe, send.documented, twice=False)
    name = probe.new(None)
    one = send.name or send.lead
    for change in (send.fields.change, send.update({one: send.documented[one][1]})):
        probe.send(update(name, change))
        probe.send(read(name))
    probe.send(listing())
    probe.walk(10)


def members(probe: Probe) -> None:
    """Every property and every kind of value, falsy ones among them."""
    each_member(probe, sendable().valid, twice=True)
    probe.send(listing(paged(100)))


def merging(probe: Probe) -> None:
    """Parts of an object, nothing at all, and the same again; each seen in the list."""
    send = sendable()
    name = probe.new()
    probe.send(update(name, send.update(send.full)))
    probe.send(read(name))
    inner = [{key: values[1]} for key, values in send.valid.items() if "." in key]
    empty: list[Flat] = [{key: {}} for key, field in send.fields.updates.items() if field.inner]
    falsy = [{key: value} for key, values in send.valid.items() for value in values if not value]
    same = {send.lead: send.valid[send.lead][2]}
    for change in (*inner, *empty, {}, same, same, *falsy):
        probe.send(update(name, send.update(change)))
        probe.send(read(name))
        probe.send(listing(paged(100)))
    for first, second in itertools.pairwise([*send.full, next(iter(send.full))]):
        both = {key: send.valid[key][1] for key in (first, second)}
        probe.send(update(name, send.update(both)))
    probe.send(read(name))


def untouched_update(probe: Probe) -> None:
    """An update as the very first request, and one that sends nothing."""
    send = sendable()
    firsts: tuple[Flat, ...] = (
        {send.lead: send.valid[send.lead][0]},
        {},
        {send.name: "Ann"} if send.name else {},
    )
    for change in firsts:
        name = probe.new(None)
        for body in (send.update(change), send.update({})):
            probe.send(update(name, body))
            probe.send(read(name))


def unknown_members(probe: Probe) -> None:
    """Properties that no document knows, and those that only the server writes."""
    send = sendable()
    unknown = {**send.read_only, **strange()}
    name, other = probe.new(), probe.new()
    probe.send(update(name, send.change(60, "Ann")))
    probe.send(read(name))
    for key, value in unknown.items():
        probe.send(update(name, {**send.update({}), key: value}))
        probe.send(read(name))
    for place, field in send.fields.updates.items():
        if field.inner:
            titles = dict.fromkeys(map(str.title, field.inner), "No")
            hidden = {f"{place}.{key}": value for key, value in (STRANGE_INSIDE | titles).items()}
            probe.send(update(name, send.update(hidden)))
            probe.send(read(name))
    probe.send(update(name, {**unknown, **send.change(62)}))
    probe.send(read(name))
    # Of the wrong type, too.
    misfits = {key: 5 if isinstance(value, str) else "x" for key, value in send.read_only.items()}
    probe.send(update(name, {**send.update({}), **misfits}))
    probe.send(read(name))
    probe.send(update(name, {send.fields.id: f"{{{other}}}", **send.change(63)}))
    for session in (name, other):
        probe.send(read(session))
    # A creation takes none of the properties of an update.
    updates = {key: value for key, value in send.full.items() if key not in send.fields.creates}
    for told in (unknown | send.change(9, "No"), nested(updates)):
        taken = {key: value for key, value in told.items() if key not in send.fields.creates}
        made = probe.name()
        probe.send(create(made, {**send.creation({}), **taken}))
        probe.send(read(made))
    probe.send(listing(paged(100)))


def strings(probe: Probe) -> None:
    """Strings that are hard to keep, in every property that takes one."""
    send = sendable()
    name = probe.new()
    for text in STRINGS:
        told: dict[str, Any] = dict.fromkeys(send.texts, text)
        told |= {member: [text, f"{text}!"] for member in send.lists}
        probe.send(update(name, send.update(told)))
        probe.send(read(name))
        if len(text) > 1000:
            told = dict.fromkeys(send.texts, "short") | {member: [] for member in send.lists}
            probe.send(update(name, send.update(told)))
    for member in send.texts[:1]:
        probe.send(update(name, raw({member: HOLE}, b'"\\ud83d\\ude00 \\u0041\\/\\b"')))
        probe.send(read(name))
    for member in send.lists:
        for texts in ([f"note {number}" for number in range(200)], []):
            probe.send(update(name, send.update({member: texts})))
            probe.send(read(name))
    probe.send(listing(paged(100)))


def appointments(probe: Probe) -> None:
    """What a creation says, each property alone and all at once."""
    send = sendable()
    german = (("Accept-Language", "de-AU,de;q=0.9"),)
    valid = {
        key: values_of(field).valid for key, field in send.fields.creates.items() if not field.inner
    }
    for text in (
        (
            "EHR1234",
            "",
            " x ",
            "nul\u0000",
            "\U0001f468",
            "e\u0301",
            "0",
            "x" * 300,
            "a+b %41 &amp;",
            "007",
        )
        if send.first_mark
        else ()
    ):
        probe.send(read(probe.new(send.creation({send.first_mark: text}))))
    for key, values in valid.items():
        for value in values[:1] if key in send.fields.create_only else values:
            probe.send(read(probe.new(send.creation({key: value}))))
    both = send.creation({key: values[0] for key, values in valid.items() if values})
    for body in (both, send.creation({}), send.creation({}) or None):
        probe.send(read(probe.new(body)))
    probe.send(create(german_one := probe.name(), send.creation({}), headers=german))
    probe.send(read(german_one, headers=german))
    # Two sessions that were created alike, of which one is updated.
    twins = [probe.new(both) for _ in range(2)]
    for twin in twins:
        probe.send(read(twin))
    probe.send(update(twins[0], send.update(send.full)))
    for twin in twins:
        probe.send(read(twin))


def surrogates(probe: Probe) -> None:
    """Half of a surrogate pair, which no string holds."""
    send = sendable()
    name = probe.new()
    probe.send(update(name, send.change(60)))
    created = as_json(send.creation({send.first_mark: HOLE})) if send.first_mark else b"{}"
    lead = {send.lead: send.valid[send.lead][1]}
    for half in (b'"%b"' % text for text in SURROGATES):
        for told in (
            *({member: HOLE} for member in send.texts[:1]),
            *({**lead, member: [HOLE]} for member in send.lists[:1]),
            *({member: [HOLE]} for member in send.lists[:1]),
        ):
            probe.send(update(name, raw(told, half)))
        probe.send(replace(create(probe.name(), {}), body=created.replace(as_json(HOLE), half)))
    probe.send(update(name, b'{"\\ud800": 1}'))
    probe.send(read(name))


def numbers(probe: Probe) -> None:
    """Numbers that are hard to keep."""
    send = sendable()
    name = probe.new()
    for member in send.numbers:
        for number in (*map(repr, EXACT), "60.0", "6e1", "9007199254740992.0", *BEYOND, "0.0", "0"):
            probe.send(update(name, raw({member: HOLE}, number.encode())))
            probe.send(read(name))
    probe.send(listing(paged(100)))


def invalid_members(probe: Probe) -> None:
    """Values that no property takes; nothing changes by them."""
    send = sendable()
    name = probe.new()
    probe.send(update(name, send.update(send.full)))
    probe.send(read(name))
    for member, values in send.invalid.items():
        for value in values:
            probe.send(update(name, send.update({member: value})))
        probe.send(read(name))
    probe.send(listing(paged(100)))


def null_members(probe: Probe) -> None:
    """Null, where the session holds something and where it holds nothing yet."""
    send = sendable()
    name = probe.new()
    probe.send(read(name))
    for member in send.fields.updates:
        probe.send(update(name, send.update({member: None})))
    probe.send(read(name))


def atomic_rejection(probe: Probe) -> None:
    """Valid properties beside an invalid one, which comes first, last or inside."""
    send = sendable()
    name = probe.new()
    probe.send(update(name, send.update(send.full)))
    probe.send(read(name))
    good = {key: values[1] for key, values in send.valid.items()}
    for place, (member, values) in enumerate(send.invalid.items()):
        rest = {key: item for key, item in good.items() if not key.startswith(f"{member}.")}
        bad = {member: values[place % len(values)]}
        for change in (bad | {**rest, **bad}, {**rest, **bad}):
            probe.send(update(name, nested(change)))
            probe.send(read(name))
    broken = as_json(send.update(good))[:-1]
    probe.send(update(name, broken))
    probe.send(update(name, send.change(99), media_type="text/plain"))
    probe.send(read(name))
    probe.send(listing(paged(100)))


def invalid_creations(probe: Probe) -> None:
    """Values that no property of a creation takes, and creations without what they need."""
    send = sendable()
    for member, field in send.fields.creates.items():
        for value in values_of(field).invalid:
            probe.send(create(probe.name(), send.creation({member: value})))
        if field.required:
            lacking = flattened(send.creation({}))
            lacking.pop(member, None)
            probe.send(create(probe.name(), nested(lacking)))
    probe.send(listing(paged(1)))


def canaries(probe: Probe) -> None:
    """Values that an error could repeat, each of which no other string holds."""
    send = sendable()
    name = probe.new()
    for member, field in send.fields.updates.items():
        text = f"{CANARY} 1" if field.is_code else CANARY
        for value in (text, [text], -73519846.25, 73519846, ["fine-qz7-93x", 73519846]):
            if not field.fits(value):
                probe.send(update(name, send.update({member: value})))
    *_, wrong = send.invalid
    beside = {send.name: "name-qz7-93x"} if send.name else {}
    probe.send(update(name, send.update(beside | {wrong: send.invalid[wrong][0]})))
    for member in send.texts[:1]:
        probe.send(update(name, raw({member: HOLE}, b'"qz7-canary-93x" "x"')))
    probe.send(update(name, as_json(CANARY)))
    probe.send(update(name, send.change(60, CANARY), media_type="text/plain"))
    for member, field in send.fields.creates.items():
        for value in (CANARY, [CANARY]):
            if not field.fits(value):
                probe.send(create(probe.name(), send.creation({member: value})))
    for query in (paged(CANARY), paged(73519846), paged(page=f"no-such-page-{CANARY}")):
        probe.try_send(listing(query))


def instants(probe: Probe) -> None:
    """Updates with a pause between them, and readings that must not count as one."""
    send = sendable()
    name, other = probe.new(), probe.new()
    probe.send(read(name))
    probe.send(read(other))
    for number in (1, 2, 3, 4, 5):
        probe.send(update(name, send.change(number), pause=0.008))
        probe.send(read(name))
    for member, values in send.valid.items():
        probe.send(update(name, send.update({member: values[1]}), pause=0.008))
    for _ in range(2):
        probe.send(read(name, pause=0.003))
        probe.send(listing(paged(100), pause=0.003))
    probe.send(update(name, send.update({send.lead: send.invalid[send.lead][0]}), pause=0.008))
    probe.send(read(name))
    probe.send(update(name, send.change(6), pause=0.008))
    for session in (name, other):
        probe.send(read(session))
    probe.send(listing(paged(100)))


def concurrency(probe: Probe) -> None:
    """Updates of different properties at the same time, and creations."""
    send = sendable()
    # What the page shows first, then one of each other type.
    names = list(send.documented) + [name for name in send.valid if name not in send.documented]
    names = names[:MOST_AT_ONCE]

    def each(place: int) -> list[Request]:
        return [update(name, send.update({member: send.valid[member][place]})) for member in names]

    for round_ in range(4):
        name = probe.new()
        probe.send(read(name))
        for place in (round_ % 2, 1 - round_ % 2):
            probe.batch(each(place))
            probe.send(read(name))
    name = probe.new()
    probe.send(read(name))
    for number in (1, 0, 1):
        whole = {member: send.valid[member][number] for member in names[:4]}
        probe.batch([update(name, send.update(whole)), *(read(name) for _ in range(6))])
        probe.send(read(name))
    made = [probe.name() for _ in range(6)]
    probe.send(listing(paged(1)))
    marks = [{send.first_mark: f"EHR-{name}"} if send.first_mark else {} for name in made]
    probe.batch([create(name, send.creation(mark)) for name, mark in zip(made, marks, strict=True)])
    for name in made:
        probe.try_send(read(name))
    probe.send(listing(paged(100)))


SCRIPTS = (
    Script(documented_members, "documented", ("works", "update-answer", "update-keeps", "update-read", "one-session")),
    Script(members, "documented", ("update-answer", "update-keeps", "update-read", "one-session", "values")),
    Script(merging, "documented", ("update-keeps", "update-listed", "reading")),
    Script(untouched_update, "documented", ("update-answer", "new-session")),
    Script(unknown_members, "strict", ("unknown-members",)),
    Script(strings, "strict", ("strings",)),
    Script(appointments, "strict", ("appointment", "new-session", "one-session", "strings")),
    Script(surrogates, "strict", ("strings",)),
    Script(numbers, "strict", ("numbers",)),
    Script(invalid_members, "strict", ("values", "no-coercion", "body-shape", "rejected-update", "message-names")),
    Script(null_members, "strict", ("body-shape",)),
    Script(atomic_rejection, "strict", ("rejected-update",)),
    Script(invalid_creations, "strict", ("no-coercion", "body-shape", "totals")),
    Script(canaries, "strict", ("message-quotes", "message-names")),
    Script(instants, "strict", ("updated-at", "created-at", "reading")),
    Script(concurrency, "strict", ("concurrent", "id-unique")),
)  # fmt: skip
