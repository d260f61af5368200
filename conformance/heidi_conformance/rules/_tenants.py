"""Scripts about ids, other users and lists."""
# ruff: noqa: E501  # tables read better in rows

from dataclasses import replace
from functools import partial

from heidi_conformance._history import create, listing, paged, read, update
from heidi_conformance._probe import Probe
from heidi_conformance.contract._operations import MAIN, OPERATIONS, PATHS, READ, fitted
from heidi_conformance.oracle import MARK

from ._changes import (
    CHOICE,
    CHOICES,
    DATES,
    FIELDS,
    LISTS,
    TEXTS,
    change,
    nested,
    opening,
    raw,
    wrong,
)
from ._script import Script

NEAR_IDS = (
    "0{%s}", "00{%s}", "%%2B{%s}", "-{%s}", "{%s}%%20", "%%20{%s}", "{%s}%%09", "{%s}%%0A", "%%0A{%s}", "{%s}.0", "{%s}.", "{%s:double}",
    "{%s:arabic}", "{%s:full-width}", "{%s:next}", "{%s:beyond}", "{%s:exponent}", "{%s:hexadecimal}", "{%s}%%00", "{%s}%%00x", "%%00{%s}", "{%s},",
    "{%s},1", "%%22{%s}%%22", "%%27{%s}%%27", "{%s}%%2F", "..%%2Fsessions%%2F{%s}", "{%s}%%2F..%%2F{%s}", "{%s}x", "x{%s}", "{%s}0",
    "%%EF%%BB%%BF{%s}", "{%s}%%E2%%80%%8B", "{%s}%%C2%%A0", "{%s:twisted}", "{%s}%%3F", "{%s}%%23", "{%s}_", "{%s}%%25", "%%25%%32%%35{%s}", "{%s}n", "{%s}_0", "{%s}.json", "{%s};v=1", "{%s:encoded}", "{%s}%%3Bv=1", "{%s}&x=1", "{%s}~", "{%s}-0",
)  # fmt: skip
# What a path has beside an id, and what is almost that.
ONE = OPERATIONS[READ].path
BESIDE = [
    path.rpartition("/")[2]
    for path in PATHS
    if path != ONE and fitted(ONE.split("/"), path.split("/"))
]
NO_IDS = ("0", "1", "-1", "9" * 39, "null", "undefined", "*", "%2A", "_", "%25", *(near for text in BESIDE for near in (text.title(), f"{text}%20", text.replace("-", "_"), f"{text}s")), "%27%20OR%20%271%27=%271", "true", "[]", "{{}}")  # fmt: skip
WRONG_SIZES = ("", "0", "-1", "-10", "101", "1000", "99999999999999999999999", "abc", "1.5", "1e1", "true", "null", "1_0", "0x10", "%D9%A3", "%EF%BC%95", "10abc", "5,5", "%20", "NaN", "-0", "1%000", "010", "%2B10", "%2010", "10%20", "10%0A", "10.0", "%C2%B2", "%C2%B9%C2%B2", "all", "max", "10%2C000", "1e0", "0b11", "%E2%91%A0", "%E4%BA%94", "10%3B", "10;", "ten", "101%2F10", "4294967301", "18446744073709551621", "%225%22", "%275%27")  # fmt: skip
WRONG_PAGES = (
    "",
    "no-such-page",
    "no-such-page-2",
    "-1",
    "%D9%A3",
    "%F0%9F%91%A8",
    "no-such-page%00",
    "null",
    "undefined",
    "1.5",
    "0x1",
    "!!!",
)


def near_ids(probe: Probe) -> None:
    """Ids that are almost that of a session, and such as no session has."""
    name = probe.new()
    probe.send(update(name, change(60, "Ann")))
    probe.send(read(name))
    for near in NEAR_IDS:
        text = near.replace("%s", name).replace("%%", "%")
        probe.try_send(read(text))
        probe.try_send(update(text, change(77)))
    probe.send(read(name))
    for text in NO_IDS:
        probe.send(read(text))
        probe.send(update(text, change(77)))
    for literal in BESIDE:
        probe.send(update(literal, change(77)))
    probe.send(read(name))


def many_ids(probe: Probe) -> None:
    """As many ids as it takes to see whether they can be guessed."""
    names = [probe.new(None) for _ in range(24)]
    for name in (names[0], names[-1]):
        probe.send(read(name))
    if "second" in probe.setting.tokens:
        # A server that has its sessions in several places may forget the owner in one of them.
        for name in names:
            probe.send(read(name, user="second"))


def lists_of_users(probe: Probe) -> None:
    """The same list, asked for by two users in turn."""
    for user in ("second", "first", "second"):
        probe.send(listing(paged(10), user=user))
        name = probe.new(user=user)
        probe.send(update(name, change(text=f"Patient of {user}"), user=user))
    for query in ("", paged(10)):
        for user in ("first", "second"):
            probe.send(listing(query, user=user))


def other_users(probe: Probe) -> None:
    """Sessions of one user, as another one sees them."""
    mine, other = probe.new(), probe.new(user="second")
    choice = {name: values[-1] for name, values in CHOICES.items() if name == CHOICE}
    for session, user, text in ((mine, "first", "Ann"), (other, "second", f"Bob {MARK}")):
        probe.send(update(session, change(60, text, choice), user=user))
        probe.send(read(session, user=user))
    for user in ("first", "second"):
        probe.send(listing(paged(1), user=user))
    for session, stranger, owner in ((mine, "second", "first"), (other, "first", "second")):
        for request in (
            read(MAIN.unknown, user=stranger),
            read(session, user=stranger),
            update(MAIN.unknown, change(61), user=stranger),
            replace(read(session, user=stranger), method="HEAD"),
            update(session, change(61), user=stranger),
            update(session, change(text="Eve", others={key: ["x"] for key in LISTS[:1]}), user=stranger),
            update(session, {}, user=stranger),
            update(session, wrong(), user=stranger),
            update(MAIN.unknown, wrong(), user=stranger),
            read(session, user=owner),
        ):  # fmt: skip
            probe.send(request)
    for name in LISTS:
        probe.send(update(mine, raw(name, b'["{%s}"]' % other.encode())))
    for session, user in ((mine, "first"), (other, "second"), (other, "first")):
        probe.send(read(session, user=user))
    probe.send(update(other, change(62)))
    taken = {**opening("x"), MAIN.id: f"{{{mine}}}"}
    probe.send(create(probe.name(), taken, user="second"))
    for session, user in ((mine, "second"), (mine, "first"), (other, "second")):
        probe.send(read(session, user=user))
    for user in ("first", "second", "first"):
        probe.new(user=user)
        for viewer in ("first", "second"):
            probe.send(listing(paged(100), user=viewer))
    for viewer in ("first", "second"):
        probe.walk(1, viewer, pages=4)
    # Both at the same time: a server may take the one for the other.
    for _ in range(3):
        probe.batch(
            [
                request
                for session, user in ((mine, "first"), (other, "second")) * 2
                for request in (read(session, user=user), listing(paged(1), user=user))
            ]
        )
    # The page that one user was offered, asked for by another.
    for owner, stranger in (("second", "first"), ("first", "second")):
        probe.send(listing(paged(1), user=owner))
        probe.try_send(listing(paged(1, "{next}"), user=stranger))


def second_token(probe: Probe) -> None:
    """Two tokens of one user, in turn: neither ends the other, and both see the same."""
    name = probe.new()
    probe.send(read(name, user="same"))
    probe.send(update(name, change(60), user="same"))
    for user in ("first", "same"):
        probe.send(read(name, user=user))
        probe.send(listing(paged(1), user=user))
    probe.send(read(probe.new(user="same")))


def unlinked_user(probe: Probe) -> None:
    """A user without a link: the list is closed, all else is open."""
    user = "unlinked"
    for query in ("", paged(1)):
        probe.send(listing(query, user=user))
    name = probe.new(user=user)
    probe.send(read(name, user=user))
    probe.send(update(name, change(60), user=user))
    probe.send(read(name, user=user))
    probe.send(listing(user=user))
    probe.send(read("1", user=user))


def pager(probe: Probe) -> str:
    """Return the user with the fewer sessions to walk through."""
    return (
        "second"
        if "second" in probe.setting.tokens and "second" not in probe.setting.unlinked
        else "first"
    )


def total_of(probe: Probe, user: str) -> int:
    probe.send(listing(paged(1), user=user))
    return probe.oracle.total(user)


def page_lengths(probe: Probe) -> None:
    """Walks in pages of every interesting length, exact multiples among them."""
    user = pager(probe)
    total = total_of(probe, user)
    while total < 13:
        probe.new(user=user)
        if total in (0, 1, 9, 10):
            probe.walk(user=user)
            probe.walk(1 if total < 2 else 10, user=user)
        total += 1
    total = total_of(probe, user)
    around = [
        size
        for size in (
            total - 3,
            total - 2,
            total - 1,
            total,
            total + 1,
            (total + 1) // 2,
            total // 2,
        )
        if 0 < size <= 100
    ]
    for size in (*dict.fromkeys([1, 2, 3, 5, 10, *around, 99, 100]), None):
        # A user of many sessions is not walked to the end in small steps.
        probe.walk(size, user=user, pages=45 if total // (size or 10) < 40 else 3)
    for query in (paged(2), paged(2), "", ""):
        probe.send(listing(query, user=user))


def page_sizes(probe: Probe) -> None:
    """Sizes that a page cannot have."""
    user = pager(probe)
    for _ in range(2):
        probe.new(user=user)
    for text in WRONG_SIZES:
        probe.send(listing(paged(text), user=user))


def page_tokens(probe: Probe) -> None:
    """Pages that no answer offered, and such as lie beyond the end."""
    user = pager(probe)
    for _ in range(2):
        probe.new(user=user)
    for text in WRONG_PAGES:
        probe.send(listing(paged(page=text), user=user))
        probe.send(listing(paged(1, text), user=user))
    probe.send(listing(paged(1), user=user))
    token = probe.bindings.values.get("next", "")
    # A page may be counted in pages, and its number then means another one.
    probe.try_send(listing(paged(100, "{next}"), user=user))
    probe.send(listing(paged(1), user=user))
    probe.try_send(listing(paged(1, "{next}"), user=user))
    if token.isascii() and token.isdigit():
        for text in ("99999999", str(10**30), "0" + token):
            probe.send(listing(paged(1, text), user=user))
    elif token:
        probe.bindings.values["next"] = token
        probe.try_send(listing(paged(1, "{next}x"), user=user))
    if token:
        for behind in ("%20OR%201=1", "%20", ";", ".0"):
            probe.bindings.values["next"] = token
            probe.try_send(listing(paged(1, f"{{next}}{behind}"), user=user))
        # A client that lost the answer asks again.
        probe.send(listing(paged(1), user=user))
        for _ in range(3):
            token = probe.bindings.values.get("next", token)
            probe.try_send(listing(paged(1, "{next}"), user=user))
            probe.bindings.values["next"] = token


def documented_pages(probe: Probe) -> None:
    """Pages of the sizes that the page shows."""
    for _ in range(3):
        probe.new()
    for query in ("", paged(10), paged(1), paged(2)):
        probe.send(listing(query))


def write_while_walking(probe: Probe) -> None:
    """Creations and updates between the pages of a walk, of sessions before and behind."""
    user = pager(probe)
    names = [probe.new(None if number else "tagged", user=user) for number in range(7)]

    def write(number: int, *, creates: bool, updates: bool) -> None:
        if creates and (number in (1, 2, 4) or number > 6):
            probe.new(user=user)
        if updates:
            for name in (names[0], names[-1], names[number % len(names)]):
                changed = change(number, "AZ"[number % 2] * number)
                probe.send(update(name, changed, user=user, pause=0.002))

    size = max(3, total_of(probe, user) // 12)
    if size > 100:
        return
    for creates, updates in ((True, False), (False, True), (True, True)):
        probe.walk(size, user, partial(write, creates=creates, updates=updates), pages=60)
    probe.walk(100, user)


def order(probe: Probe) -> None:
    """The same question twice gets the same answer, whatever was read between."""
    user = pager(probe)
    names = [probe.new(user=user) for _ in range(3)]
    for query in (paged(100), paged(2)):
        probe.send(listing(query, user=user))
        for name in names:
            probe.send(read(name, user=user))
        probe.send(listing(query, user=user))


# What an update can make of a session: a text in every property that takes any, or one rare value.
STATES = (
    *({name: value} for name, values in CHOICES.items() for value in values),
    *({name: "1912-01-31"} for name in DATES),
    *({name: [text]} for name in LISTS for text in ("", "1")),
    *(dict.fromkeys(TEXTS, text) for text in ("", "DONE", "ARCHIVED", "DELETED", "007", "2024-12-11 03:57")),
    *({name: 0.5} for name, schema in FIELDS.items() if schema.get("type") == "number"),
    *({name: True} for name, schema in FIELDS.items() if schema.get("type") == "boolean"),
)  # fmt: skip


def seen_everywhere(probe: Probe) -> None:
    """The same session in an update, a reading and a list, in rare states."""
    name = probe.new(None)
    for state in ({}, *STATES):
        if state:
            probe.send(update(name, nested(state)))
        probe.send(read(name))
        probe.walk(100)


def creations(probe: Probe) -> None:
    """Creations count, whatever they say, and a refused one does not."""
    probe.send(listing(paged(1)))
    for body in (None, {}, opening("EHR1"), opening("EHR1"), {**opening(), "x_unknown": 1}):
        probe.send(create(probe.name(), body))
        probe.send(listing(paged(1)))
    probe.send(create(probe.name(), opening(1)))
    probe.send(listing(paged(100)))


def beyond_a_page(probe: Probe) -> None:
    """More sessions than the longest page holds."""
    for _ in range(101 - total_of(probe, "first")):
        probe.new(None)
    probe.walk(100, pages=4)


# When nothing is left to be created.
LAST = (Script(beyond_a_page, "strict", ("walks", "next-page", "totals"), ("linked",)),)
SCRIPTS = (
    Script(documented_pages, "documented", ("page-bound",)),
    Script(page_lengths, "strict", ("counts", "totals", "next-page", "full-pages", "walks", "page-size"), ("linked",)),
    Script(page_sizes, "strict", ("page-size",), ("linked",)),
    Script(page_tokens, "strict", ("page-token",), ("linked",)),
    Script(write_while_walking, "strict", ("walks", "totals"), ("linked",)),
    Script(order, "strict", ("walks", "reading"), ("linked",)),
    Script(seen_everywhere, "documented", ("update-listed",), ("linked",)),
    Script(creations, "strict", ("totals",), ("linked",)),
    Script(near_ids, "strict", ("exact-lookup", "unknown-id")),
    Script(many_ids, "strict", ("id-form", "id-unique", "id-random")),
    Script(lists_of_users, "documented", ("own-list",), ("second",)),
    Script(other_users, "strict", ("own-list", "own-sessions", "unknown-alike"), ("second",)),
    Script(second_token, "strict", ("created-exists", "works"), ("same",)),
    Script(unlinked_user, "documented", ("unlinked", "forbidden"), ("unlinked",)),
)  # fmt: skip
