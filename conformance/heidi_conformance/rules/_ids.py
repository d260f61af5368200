"""The ids of resources: their form, that they cannot be guessed, and that each finds its own."""
# ruff: noqa: E501  # tables read better in rows

from urllib.parse import quote

from heidi_conformance._wire import Reply
from heidi_conformance.contract._operations import CREATE, PATHS, fitted
from heidi_conformance.contract._values import is_ordinary_text
from heidi_conformance.run._resources import Resources, some

from ._rule import CREATES, DELETES, NOUN, ONE, READS, UPDATES, Script, decided, promised

# `%s` stands for the name of a resource.
NEAR = (
    "{%s:half}", "0{%s}", "{%s}%%20", "{%s}x", "{%s:next}", "{%s:twisted}", "{%s:shorter}", "{%s:headless}", "{%s:first+1}", "{%s:middle+1}",
    "00{%s}", "%%2B{%s}", "-{%s}", "%%20{%s}", "{%s}%%09", "{%s}%%0A", "%%0A{%s}", "{%s}.0", "{%s}.", "{%s:double}", "{%s:arabic}",
    "{%s:full-width}", "{%s:beyond}", "{%s:exponent}", "{%s:hexadecimal}", "{%s:uuid}", "{%s}%%00", "{%s}%%00x", "%%00{%s}", "{%s},", "{%s},1",
    "%%22{%s}%%22", "%%27{%s}%%27", "{%s}%%2F", "..%%2F{above}%%2F{%s}", "{%s}%%2F..%%2F{%s}", "x{%s}", "{%s}0", "%%EF%%BB%%BF{%s}",
    "{%s}%%E2%%80%%8B", "{%s}%%C2%%A0", "{%s}%%3F", "{%s}%%23", "{%s}_", "{%s}%%25", "%%25%%32%%35{%s}", "{%s}n", "{%s}_0", "{%s}.json",
    "{%s};v=1", "{%s:encoded}", "{%s}%%3Bv=1", "{%s:shorter}_", "{%s:shorter}*", "{%s}&x=1", "{%s}~", "{%s}-0", "{%s}{%s}", "{%s}" + "0" * 3000,
    "{%s:signed}", "{%s:scientific}", "{%s:base64}",
)  # fmt: skip
NONE = ("0", "1", "-1", "9" * 39, "null", "undefined", "*", "%2A", "_", "%25", "%27%20OR%20%271%27=%271", "true", "[]", "{{}}")  # fmt: skip
# Words that some servers resolve. An update of what they find could reach what others made.
FOUND = ("latest", "me")
# How many come first, how many an update names as well, and how many are sent for another resource.
LIKELY, LOOKUPS, FEWER = 32, 24, 10
# So many ids that a random one shows no pattern by chance.
ENOUGH = 24


def beside(on: Resources) -> list[str]:
    """Return the segments of other paths at the position of an id."""
    path = on.operations["read"].path
    mine = path.split("/")
    others = [other for other in PATHS if other != path and fitted(mine, other.split("/"))]
    return [other.rpartition("/")[2] for other in others]


def own_words(on: Resources, response: Reply | None) -> list[str]:
    """Return what a resource of the judge shows of itself besides its id and its times."""
    if response is None or on.probe.setting.reads:
        return []
    shown = on.fields.shown_in(on.operations["read"].shown(response.content))
    numbered = {name: text for name, text in on.fields.initial.items() if "{number}" in str(text)}
    fixed = {on.fields.id, on.fields.created, on.fields.updated, *numbered}
    told = [value for name, value in shown.items() if name in on.fields.shows and name not in fixed]
    words = [
        value for value in told if value and isinstance(value, str) and is_ordinary_text(value)
    ]
    # Of what is numbered, requests that are sent again make the first one.
    ones = (str(text).replace("{number}", "1") for text in numbered.values())
    return [quote(word, safe="") for word in dict.fromkeys((*ones, *words))]


def near_ids(on: Resources) -> None:
    """Ids that are almost that of a resource, the likeliest ones."""
    for text in near(on, on.new())[:LIKELY]:
        on.probe.try_send(on.request("read", text))


def near(on: Resources, name: str) -> list[str]:
    """Return near misses of the id of a resource."""
    above = on.operations["read"].path.split("/")[-2]
    return [
        text.replace("%s", name).replace("%%", "%").replace("{above}", above)
        for text in some(on, NEAR, FEWER)
    ]


def odd_ids(on: Resources) -> None:
    """Further ids that are almost that of a resource, updates by any, and ids that no resource has."""
    name = on.new()
    on.update(name, on.fields.change(60, "Ann"))
    own = own_words(on, on.read(name))
    probe, writes = on.probe, "update" in on.operations
    change = on.fields.change(77) if writes else {}
    words = beside(on)
    none = [
        *NONE,
        *(
            text
            for word in words
            for text in (word.title(), f"{word}%20", word.replace("-", "_"), f"{word}s")
        ),
    ]
    misses = near(on, name)
    for text in misses[LIKELY:]:
        probe.try_send(on.request("read", text))
    for text in misses[:LOOKUPS] if writes else ():
        probe.try_send(on.changing(text, change))
    on.read(name)
    for text in some(on, none):
        on.read(text)
        on.update(text, change)
    for word in words:
        on.update(word, change)
    for word in some(on, (*own, *FOUND)):
        on.read(word)
    on.read(name)


def many_ids(on: Resources) -> None:
    """As many ids as it takes to see whether they can be guessed."""
    names = [on.new(None) for _ in range(ENOUGH)]
    for name in (names[0], names[-1]):
        on.read(name)


def ids_in_turn(on: Resources) -> None:
    """As many ids of another user as it takes to see whether a refusal tells them from unknown ones.

    A server that keeps them in several places may forget the owner in one of them. Unknown ids come
    before and after them by turns that no round of several servers has.
    """
    for at in range(ENOUGH):
        name = on.new(None)
        both = (name, f"{{{name}:middle+1}}")
        for asked in both[:: -1 if at.bit_count() % 2 else 1]:
            on.read(asked, user="second")


RULES = (
    promised("created-exists", "S15", ONE, f"a {NOUN} can be read and updated by the id of its creation"),
    promised("unknown-id", "S15", ONE, f"an unknown id is no {NOUN}", "responses", "404"),
    decided("id-form", "S15", (CREATE,), "ids are 128-bit decimal strings"),
    promised("id-unique", "S15", CREATES, f"a creation makes a new {NOUN}, with an id of its own"),
    decided("id-random", "S15", (CREATE,), "ids cannot be guessed"),
    decided("deleted", "S15", DELETES, "what was deleted is found no more"),
    decided("exact-lookup", "S15", (*READS, *UPDATES), "a lookup is exact"),
)  # fmt: skip
SCRIPTS = (
    Script(near_ids, "strict", ("exact-lookup", "unknown-id"), ("read",), reads=True),
    Script(odd_ids, "strict", ("exact-lookup", "unknown-id", "error-shape", "declared-status"), ("read",), reads=True),
    Script(many_ids, "strict", ("id-form", "id-unique", "id-random"), ("create", "read"), once=True),
    Script(ids_in_turn, "strict", ("unknown-alike", "own-sessions"), ("create", "read"), ("second",), once=True),
)  # fmt: skip
