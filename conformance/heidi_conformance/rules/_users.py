"""Ownership: no user sees the resources of another."""
# ruff: noqa: E501  # tables read better in rows

from dataclasses import replace

from heidi_conformance.contract._operations import EVERY, LIST, READ, UNLINKED, UPDATE
from heidi_conformance.oracle import MARK
from heidi_conformance.run._probe import Probe
from heidi_conformance.run._resources import Resources, calls

from ._rule import DELETES, ISSUES, LISTS, NOUN, ONE, Script, decided, promised

BOTH = ("first", "second")


def lists_of_users(on: Resources) -> None:
    """The same list, asked for by two users in turn."""
    for user in ("second", "first", "second"):
        on.page(10, user=user)
        name = on.new(user=user)
        on.update(name, on.fields.change(text=f"Name of {user}"), user=user)
    for size in (None, 10):
        for user in BOTH:
            on.page(size, user=user)


def foreign_requests(probe: Probe) -> None:
    """Requests for another user's resource, compared with requests for one that does not exist."""
    for owner, viewer in (BOTH[::-1], BOTH):
        for call in calls(probe, owner, ONE):
            for request in (*map(call.request, call.unknown()), call.request()):
                probe.try_send(replace(request, user=viewer))
            if call.operation.id not in DELETES:
                call.send(user=owner)


def other_users(on: Resources) -> None:
    """Resources of one user, as another one changes and lists them."""
    fields, unknown = on.fields, on.fields.resource.unknown
    mine, other = on.new(), on.new(user="second")
    owners = {mine: "first", other: "second"}
    lists = {name: ["x"] for name in fields.lists[:1]}
    wrong = {fields.lead: fields.invalid[fields.lead][0]}
    for name, user in owners.items():
        text = "Ann" if user == "first" else f"Bob {MARK}"
        on.update(name, fields.change(60, text), user=user)
        on.read(name, user=user)
    for user in BOTH:
        on.page(1, user=user)
    for name, user in owners.items():
        viewer = "second" if user == "first" else "first"
        for asked in (unknown, name):
            on.read(asked, user=viewer)
            on.update(asked, wrong, user=viewer)
        on.probe.send(replace(on.request("read", name, user=viewer), method="HEAD"))
        on.probe.try_send(on.request("read", f"{{{name}}}%2F", user=viewer))
        on.update(name, fields.change(61, "Eve") | lists, user=viewer)
        on.update(name, {}, user=viewer)
        on.read(name, user=user)
    for property_ in fields.lists:
        on.update(mine, {property_: [f"{{{other}}}"]})
    on.read(mine)
    on.read(other)
    on.update(other, fields.change(62))
    taken = {**on.label("second"), on.fields.id: f"{{{mine}}}"}
    on.create(on.probe.name(), taken, user="second")
    for name, user in ((mine, "second"), *owners.items()):
        on.read(name, user=user)
    for user in BOTH:
        on.new(user=user)
        for viewer in BOTH:
            on.page(on.most, user=viewer)
    for viewer in BOTH:
        on.walk(1, viewer, pages=4)
    # Both at the same time: a server may confuse them.
    pages = "list" in on.operations
    for _ in range(3):
        each = [
            [on.request("read", name, user=user), *([on.paging(1, user=user)] if pages else [])]
            for name, user in owners.items()
        ]
        on.probe.batch([request for several in each * 2 for request in several])
    # The page that one user was offered, asked for by another.
    for owner, viewer in (BOTH[::-1], BOTH):
        if pages and on.page(1, user=owner) is not None:
            on.probe.try_send(on.paging(1, "{next}", user=viewer))


def twins(on: Resources) -> None:
    """Resources that have their values in common, or name each other, of two users and of one."""
    fields = on.fields
    owners = {on.new(user=user): user for user in (*BOTH, "first")}
    one, foreign, two = owners
    for name in (foreign, two):
        on.update(name, fields.full, user=owners[name])
        on.look(name, user=owners[name])
    on.update(one, fields.change(61, "Ann"))
    on.update(one, {name: value for name, value in fields.full.items() if "." not in name})
    for name, viewer in ((one, "second"), (foreign, "first")):
        on.read(name, user=viewer)
        on.update(name, fields.change(62), user=viewer)
    for property_ in fields.lists:
        on.update(one, {property_: [f"{{{foreign}}}", f"{{{two}}}"]})
    on.read(one, query=f"{fields.id}={{{foreign}}}")
    for name, user in owners.items():
        on.read(name, user=user)
    for user in BOTH:
        on.page(on.most, user=user)


def unlinked_user(on: Resources) -> None:
    """A user without a link: only the list is refused."""
    user = "unlinked"
    for size in (10, 1):
        on.probe.send(on.paging(size, user=user))
    name = on.new(user=user)
    on.read(name, user=user)
    on.update(name, on.fields.change(60), user=user)
    on.read(name, user=user)
    on.probe.send(on.paging(10, user=user))
    on.read("1", user=user)


REFUSED = UNLINKED.type if UNLINKED else "an error"
CLOSED = (LIST,) if UNLINKED else ()
RULES = (
    promised("own-list", "S2", LISTS, f"the list holds {NOUN}s of the caller alone"),
    decided("own-sessions", "S2", tuple(dict.fromkeys((READ, UPDATE, *LISTS, *ONE, *ISSUES))), f"a {NOUN} of another user is 404, and nowhere else to be seen"),
    decided("unknown-alike", "S2", ONE, f"a {NOUN} of another user is the same 404 as one that never was"),
    promised("unlinked", "S3", CLOSED, f"a user who is not linked gets {REFUSED} from the list"),
    decided("forbidden", "S3", EVERY[:4] if UNLINKED else (), "403 for a user who is not linked, from the list and only there"),
)  # fmt: skip
SCRIPTS = (
    Script(lists_of_users, "documented", ("own-list",), ("create", "list"), ("second",)),
    Script(other_users, "strict", ("own-list", "own-sessions", "unknown-alike"), ("create", "read", "update"), ("second",)),
    Script(twins, "strict", ("own-list", "own-sessions", "one-session", "update-keeps"), ("create", "read", "update"), ("second",)),
    Script(foreign_requests, "strict", ("own-list", "own-sessions", "unknown-alike"), needs=("second",)),
    Script(unlinked_user, "documented", ("unlinked", "forbidden"), ("create", "read", "update", "list"), ("unlinked",), once=True),
)  # fmt: skip
