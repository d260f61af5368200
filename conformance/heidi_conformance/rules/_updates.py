"""What an update must and must not change, and the instant of a resource's last change."""
# ruff: noqa: E501  # tables read better in rows

import itertools
from collections.abc import Iterator
from typing import Any

from heidi_conformance._wire import Reply
from heidi_conformance.contract._operations import MAIN
from heidi_conformance.contract._schemas import branch
from heidi_conformance.contract._values import ABSENT, FOREIGN, Flat, flattened, nested, within
from heidi_conformance.evidence._history import Request, as_json
from heidi_conformance.run._resources import FEW, Resources

from ._pages import pager
from ._rule import LISTS, NOUN, READS, SHOWN, UPDATES, Script, decided, promised

# Names of internal properties that a server may have, and that no request may write.
STRANGE = {
    **dict.fromkeys(("id", "user_id", "owner_id", "email", "role", "tenant", "tags", "color", "title", "notes", "metadata", "archived", "x_unknown"), FOREIGN),
    "deleted": True, "__proto__": {"a": 1},
}  # fmt: skip
STRANGE_INSIDE = {"x_inner": "kept?", "age": 42}
# Texts that a list may take for a state of its own.
RARE = ("", "DONE", "ARCHIVED", "DELETED", "007", "2024-12-11 03:57")
# The longest value that every server must store, and one that a list may shorten.
LONG, LONGER = ("long " * 19).strip(), ("longer " * 50).strip()
# Headers of a response, and of a request that asks whether something has changed since; and
# conditions that every resource meets.
CONDITIONS = {"etag": "If-None-Match", "last-modified": "If-Modified-Since"}
NOTHING = (
    ("If-None-Match", '"of-nothing"'),
    ("If-Modified-Since", "Thu, 01 Jan 2015 00:00:00 GMT"),
)
# Requests of one batch.
MOST_AT_ONCE = 9


def properties(on: Resources) -> None:
    """Every property and every kind of value, between two resources that must stay as they are."""
    valid = on.fields.valid
    witness, name, newest = on.new(), on.new(), on.new()
    start = {key: items[0] for key, items in valid.items() if not isinstance(items[0], list)}
    for one in (witness, name, newest):
        on.read(one)
        on.update(one, start)
        on.read(one)
    for property_, items in valid.items():
        # What takes any value takes the further ones of several properties at once.
        alone = items if on.fields.leaves[property_].restricted else items[:2]
        for value in alone:
            on.update(name, {property_: value})
            on.read(name)
        on.update(name, {property_: alone[-1]})
        for one in (witness, newest):
            on.read(one)
    free = {key: items[2:] for key, items in valid.items() if not on.fields.leaves[key].restricted}
    for together in itertools.zip_longest(*free.values(), fillvalue=ABSENT):
        pairs = zip(free, together, strict=True)
        on.update(name, {key: value for key, value in pairs if value is not ABSENT})
        on.read(name)
    on.look(name)


def documented_properties(on: Resources) -> None:
    """What the page shows of an update, in the list as well."""
    fields = on.fields
    name = on.new(None)
    one = fields.name or fields.lead
    # The second value, or the only one that the page shows.
    other = {one: fields.documented.get(one, fields.valid[one])[:2][-1]}
    for change in (on.fields.shown_update, fields.update(other)):
        on.update(name, as_json(change))
        on.read(name)
    rows = [*zip(*fields.documented.values(), strict=False)]
    # The first once more: it is not a retry, since another came in between.
    for items in (*rows, *rows[:1]):
        on.update(name, dict(zip(fields.documented, items, strict=True)))
        on.read(name)
    on.page()
    on.walk(10)


def merging(on: Resources) -> None:
    """Parts of an object, nothing at all, and the same again; each seen in the list."""
    fields, valid = on.fields, on.fields.valid
    name = on.new()
    on.update(name, fields.full)
    on.read(name)
    inner = [{key: items[1]} for key, items in valid.items() if "." in key]
    empty: list[Flat] = [{key: {}} for key, field in on.fields.updates.items() if field.inner]
    falsy = [{key: value} for key, items in valid.items() for value in items if not value]
    same = {fields.lead: valid[fields.lead][-1]}
    for change in (*inner, *empty, {}, same, same, *falsy):
        on.update(name, change)
        on.page(on.most)
    for first, second in itertools.pairwise([*fields.full, next(iter(fields.full))]):
        on.update(name, {key: valid[key][1] for key in (first, second)})
    on.read(name)


def untouched_update(on: Resources) -> None:
    """An update as the very first request, and one that sends nothing."""
    fields = on.fields
    for change in ({fields.lead: fields.valid[fields.lead][0]}, {}, {fields.name: "Ann"}):
        name = on.new(None)
        for sent in ({key: value for key, value in change.items() if key}, {}):
            on.update(name, sent)
            on.read(name)


def seen_everywhere(on: Resources) -> None:
    """The same resource in an update, a reading and a list, in rare states."""
    name = on.new(None)
    on.look(name)
    for state in states(on):
        on.update(name, state)
        on.look(name)


def states(on: Resources) -> list[Flat]:
    """Return what an update can make of a resource: one rare value, or a text everywhere."""
    told: list[Flat] = []
    for name, field in on.fields.leaves.items():
        enum, dates = branch(field.schema).get("enum", ()), ("1912-01-31",) if field.is_date else ()
        told += [{name: value} for value in (*enum, 0.5, True, *dates) if field.fits(value)]
    told += [{name: [text]} for name in on.fields.lists for text in ("", "1")]
    told += [dict.fromkeys(on.fields.texts, text) for text in RARE if on.fields.texts]
    long = dict.fromkeys(on.fields.texts, LONG) | {name: [LONGER] for name in on.fields.lists}
    return [*told, long] if long else told


def strange(on: Resources) -> dict[str, Any]:
    """Return properties that no update takes: invented, misspelled, or of a creation."""
    known = {*on.fields.updates, *on.fields.shows}
    told = {**STRANGE, on.fields.lead.title(): 7, f"{on.fields.lead} ": 8}
    for name, items in on.fields.valid.items():
        first, *others = name.split("_")
        if others and "." not in name:
            told[first + "".join(map(str.title, others))] = items[-1]
    told |= dict.fromkeys(on.fields.creates, "EHR-9")
    return {name: value for name, value in told.items() if name not in known}


def unknown_properties(on: Resources) -> None:
    """Properties that no document knows, and those that only the server writes."""
    fields, creates = on.fields, on.fields.creates
    unknown = {**fields.read_only, **strange(on)}
    name, other = on.new(), on.new()
    # A value that a new one shows of itself was not kept.
    on.read(other)
    on.update(name, fields.change(60, "Ann"))
    on.read(name)
    for at in range(0, len(unknown), FEW):
        several = dict([*unknown.items()][at : at + FEW])
        on.update(name, as_json({**fields.update({}), **several}))
        on.read(name)
    for place, field in on.fields.updates.items():
        if field.inner:
            titles = dict.fromkeys(map(str.title, field.inner), "No")
            on.update(
                name, {f"{place}.{key}": value for key, value in (STRANGE_INSIDE | titles).items()}
            )
            on.read(name)
    changed = fields.update(fields.change(62))
    on.update(name, as_json({**unknown, **changed}))
    on.read(name)
    # Of the wrong type, too.
    misfits = {key: 5 if isinstance(value, str) else "x" for key, value in fields.read_only.items()}
    on.update(name, as_json({**fields.update({}), **misfits}))
    on.read(name)
    on.update(name, {on.fields.id: f"{{{other}}}", **fields.change(63)})
    for one in (name, other):
        on.read(one)
    # A creation takes none of the properties of an update.
    updates = {key: value for key, value in fields.full.items() if key not in creates}
    updates |= {key: FOREIGN for key in fields.texts if key in updates}
    updates |= {key: [FOREIGN] for key in fields.lists if key in updates}
    flags = {key: fields.valid[key][1] for key in fields.of_kind("boolean") if key in updates}
    whole = (nested(updates), nested(updates | flags))
    for told in (unknown | fields.update(fields.change(9, "No")), *whole):
        taken = {key: value for key, value in told.items() if key not in creates}
        on.create(made := on.probe.name(), as_json({**fields.creation({}), **taken}))
        on.read(made)
    on.page(on.most)


def atomic_rejection(on: Resources) -> None:
    """Valid properties beside an invalid one, which comes first, last or inside."""
    fields = on.fields
    name = on.new()
    on.update(name, fields.full)
    on.read(name)
    good = {key: items[1] for key, items in fields.valid.items()}
    for place, (property_, items) in enumerate(fields.invalid.items()):
        rest = {key: item for key, item in good.items() if not key.startswith(f"{property_}.")}
        bad = {property_: items[place % len(items)]}
        for change in (bad | {**rest, **bad}, {**rest, **bad}):
            on.update(name, as_json(nested(change)))
            on.read(name)
    on.update(name, as_json(fields.update(good))[:-1])
    on.update(name, fields.change(99), media_type="text/plain")
    on.look(name)


def instants(on: Resources) -> None:
    """Updates with a pause between them, and readings that must not count as one."""
    fields = on.fields
    name, other = on.new(), on.new()
    on.read(name)
    on.read(other)
    for number in (1, 2, 3, 4, 5):
        on.update(name, fields.change(number), pause=0.008)
        on.read(name)
    for property_, items in fields.valid.items():
        on.update(name, {property_: items[1]}, pause=0.008)
    for _ in range(2):
        on.read(name, pause=0.003)
        on.page(on.most, pause=0.003)
    on.update(name, {fields.lead: fields.invalid[fields.lead][0]}, pause=0.008)
    on.read(name)
    on.update(name, fields.change(6), pause=0.008)
    on.look(name, other)


def conditions(on: Resources) -> Iterator[None]:
    """Conditional reads of a session that changed after the condition's tag or instant."""
    name = on.new()
    page, seen = on.page(on.most), on.read(name)
    # Twice, because the instant has whole seconds: the first update may fall into the next second.
    for number in (60, 61):
        on.update(name, on.fields.change(number))
        for header in (*known_by(seen), *NOTHING):
            seen = on.read(name, headers=(header,))
    for header in known_by(page) if on.shows(page, name) else ():
        on.page(on.most, headers=(header,))
    yield
    if seen and (date := seen.header("date")):
        on.update(name, on.fields.change(62), pause=2.0)
        on.read(name, headers=(("If-Modified-Since", date),))


def known_by(reply: Reply | None) -> list[tuple[str, str]]:
    """Return the conditional headers that a reply permits in later requests."""
    told = {name: reply.header(word) for word, name in CONDITIONS.items()} if reply else {}
    return [(name, text) for name, text in told.items() if text]


def concurrency(on: Resources) -> None:
    """Updates of different properties at the same time, and creations."""
    fields = on.fields
    names = apart(on)[:MOST_AT_ONCE]

    def each(name: str, place: int) -> list[Request]:
        return [
            on.changing(name, {property_: fields.valid[property_][place]}) for property_ in names
        ]

    for round_ in range(4):
        name = on.new()
        on.read(name)
        for place in (round_ % 2, 1 - round_ % 2):
            on.probe.batch(each(name, place))
            on.read(name)
    name = on.new()
    on.read(name)
    on.page(on.most)
    pages = [on.paging(on.most)] * 2 if on.lists() else []
    for number in (1, 0, 1):
        whole = {property_: fields.valid[property_][number] for property_ in names[:4]}
        on.probe.batch([on.changing(name, whole), *pages, *[on.request("read", name)] * 6])
        on.read(name)


def apart(on: Resources) -> list[str]:
    """Return properties whose updates do not contradict each other.

    What the page shows comes first. Properties that require others come last.
    """
    fields = on.fields
    known = [*fields.documented, *(name for name in fields.valid if name not in fields.documented)]
    bodies = {
        name: [flattened(fields.update({name: item})) for item in fields.valid[name][:2]]
        for name in known
    }
    beside = {key for name in known for body in bodies[name] for key in body if key != name}
    chosen: list[str] = []
    for name in sorted(known, key=lambda name: any(within(key, {name}) for key in beside)):
        pairs = itertools.product(bodies[name], (body for one in chosen for body in bodies[one]))
        if not any(
            key in body and body[key] != item for one, body in pairs for key, item in one.items()
        ):
            chosen.append(name)
    return chosen


def created_at_once(on: Resources) -> None:
    """Creations at the same time, and a walk whose pages end between them."""
    fields, user = on.fields, pager(on)
    made = [on.probe.name() for _ in range(6)]
    on.page(1, user=user)
    labels = [{fields.label: f"EHR-{name}"} if fields.label else {} for name in made]
    on.probe.batch([
        on.request("create", "", fields.creation(label), binds=name, user=user)
        for name, label in zip(made, labels, strict=True)
    ])  # fmt: skip
    for name in made:
        on.probe.try_send(on.request("read", name, user=user))
    on.page(on.most, user=user)
    on.walk(3 if on.most else None, user=user)


CREATED, UPDATED = f"`{MAIN.created}`", f"`{MAIN.updated}`"
RULES = (
    decided("rejected-update", "S6", UPDATES, "a rejected update changes nothing"),
    decided("unknown-members", "S10", SHOWN, "unknown and read-only properties are never stored or returned"),
    promised("update-answer", "S11", UPDATES, "an update changes the properties that are sent, and its response shows it"),
    promised("update-keeps", "S11", UPDATES, "what is not sent stays"),
    promised("update-read", "S11", READS, "a later GET shows an update"),
    promised("one-session", "S11", (*READS, *UPDATES), f"an update changes one {NOUN}"),
    promised("update-listed", "S11", LISTS, "the list shows an update", "responses", "2XX"),
    decided("updated-at", "S12", SHOWN if MAIN.updated else (), f"{UPDATED} grows with every accepted change and never goes back"),
    decided("created-at", "S12", SHOWN if MAIN.created else (), f"{CREATED} never changes"),
    decided("reading", "S12", (*READS, *LISTS), "GET changes nothing"),
    decided("concurrent", "S17", UPDATES, "concurrent updates of different properties all survive"),
)  # fmt: skip
WRITES = ("create", "read", "update")
SCRIPTS = (
    Script(seen_everywhere, "documented", ("update-listed",), (*WRITES, "list"), ("linked",)),
    Script(merging, "documented", ("update-keeps", "update-listed", "reading"), WRITES),
    Script(documented_properties, "documented", ("works", "update-answer", "update-keeps", "update-read", "one-session"), WRITES),
    Script(properties, "documented", ("update-answer", "update-keeps", "update-read", "one-session", "values"), WRITES),
    Script(conditions, "documented", ("update-read",), WRITES),
    Script(untouched_update, "documented", ("update-answer", "new-session"), WRITES),
    Script(unknown_properties, "strict", ("unknown-members",), WRITES),
    Script(atomic_rejection, "strict", ("rejected-update",), WRITES),
    Script(instants, "strict", ("updated-at", "created-at", "reading"), WRITES),
    Script(concurrency, "strict", ("concurrent",), WRITES),
    Script(created_at_once, "strict", ("concurrent", "id-unique", "walks"), ("create", "read")),
)  # fmt: skip
