"""What a body may be: its media type, its JSON, its shape and its size."""
# ruff: noqa: E501  # tables read better in rows

from typing import Any

from heidi_conformance.contract._schemas import values_of
from heidi_conformance.evidence._history import as_json
from heidi_conformance.run._probe import Probe
from heidi_conformance.run._resources import HOLE, Call, Resources, calls, some

from ._rule import BODIES, Script, decided

MIB = 1024 * 1024
MEDIA_TYPES = (
    "application/json; charset=utf-8", "Application/JSON", "application/json;charset=UTF-8", "APPLICATION/JSON ; x=y",
    'application/json; charset="utf-8"', "application/json;v=1; charset=utf-8", 'application/json; profile="x"',
)  # fmt: skip
# A server may refuse them, and may take them for UTF-8, as which JSON is sent.
CHARSETS = (
    "application/json; charset=utf-16",
    "application/json; charset=iso-8859-1",
    "application/json; charset=x-unknown",
    "application/json; charset=",
)
OTHER_TYPES = (
    None, "text/plain", "application/x-www-form-urlencoded", "application/merge-patch+json", "*/*", "text/json",
    "multipart/form-data; boundary=x", "application/json-patch+json", "application/jsonx", "application/xjson",
    "application/vnd.api+json", "application/xml", "application/octet-stream", "json", "text/plain; a=application/json",
)  # fmt: skip
# Additions after a valid body, and replacements of a number or a string in it.
BEHIND = (b"}", b" {}", b" x", b"\x00", b" // x")
NO_NUMBERS = (b"NaN", b"Infinity", b"-Infinity", b"060", b"+60", b".5", b"5.", b"0x3c", b"60,")
NO_STRINGS = (b'"line\nbreak"', b'"\\x41"', b'"\xff\xfe"', b'"\xed\xa0\x80"', b'"\xc0\x80"')
NO_BODIES = (
    b"{", b"nul", b'{"a": "', b"{'a': 60}", b"}", b"{a: 60}", b'{"x_unknown": NaN}', b"NaN", b"True", b"/* */ {}",
    b"\xff\xfe{\x00}\x00", b"a=60", b"<a/>", b" ", b'["a"',
)  # fmt: skip
ROOTS = (b"[]", b"null", b'"x"', b"60", b"0", b"true", b"false", b'""', b"[[]]", b'"{}"')


def media_types(probe: Probe) -> None:
    """Media types of a body, in every spelling and of every other kind."""
    for call in calls(probe, among=BODIES):
        for number, media_type in enumerate(some(call, MEDIA_TYPES), start=61):
            call.send(media_type=media_type, body=as_json(call.body(number)))
        for other_type in some(call, OTHER_TYPES):
            call.send(media_type=other_type, body=as_json(call.body(99)))
        for charset in CHARSETS if call.first else ():
            call.send(media_type=charset, body=as_json(call.body(98, "Zoë")))


def broken_bodies(probe: Probe) -> None:
    """Bodies that are no JSON, or JSON of the wrong kind."""
    for call in calls(probe, among=BODIES):
        good = as_json(call.body(60))
        # One parser reads all bodies of most servers.
        whole = call.first and call.operation.action == "update"
        for body in (*broken(call, good), b"[%s]" % good, *ROOTS)[:: 1 if whole else 3]:
            call.send(body=body)
        call.send(body=b"")


def broken(call: Call, good: bytes) -> list[bytes]:
    """Return bodies that are no JSON."""
    told = [*NO_BODIES, good[:-1], *(good + text for text in BEHIND)]
    for kind, holes in (("number", NO_NUMBERS), ("string", NO_STRINGS)):
        told += [call.raw(kind, hole) for hole in holes]
    return told


def spelled_bodies(on: Resources) -> None:
    """JSON in rare spellings, and with duplicate keys."""
    name = on.new()
    on.read(name)
    for number, change in enumerate((b" \r\n\t%s\n", b"\xef\xbb\xbf%s"), start=61):
        on.update(name, change % as_json(on.fields.update(on.fields.change(number))))
        on.read(name)
    lead = on.fields.lead.rpartition(".")[2].encode()
    escaped = b"".join(b"\\u%04x" % letter for letter in lead)
    body = as_json(on.fields.update(on.fields.change(63)))
    twice = b'"%s": ' % lead
    for change in (body.replace(lead, escaped), body.replace(twice, twice + b"1, " + twice)):
        on.update(name, change)
        on.read(name)


def sizes(probe: Probe) -> None:
    """Bodies of 1 MiB, of one byte more, and of more bytes than characters."""
    for call in calls(probe, among=BODIES):
        whole = call.first and call.operation.action == "update"
        for size, number in ((MIB, 61), (MIB + 1, 62)):
            body = as_json(call.body(number))
            padded = body[:-1] + b" " * (size - len(body)) + body[-1:]
            for chunked in (False, True) if whole else (False,):
                if whole or size > MIB:
                    call.send(body=padded, chunked=chunked)
        call.send(body=as_json(call.body(63)), chunked=True)
        if whole:
            call.send(body=as_json({**call.body(64), "padding": "\u00e9" * (MIB // 2)}))


def unfit_bodies(probe: Probe) -> None:
    """Bodies of other operations, with one property that does not fit, or is missing."""
    for call in calls(probe, among=BODIES):
        if call.operation.action in ("create", "update") or not isinstance(call.body(60), dict):
            continue
        shown: dict[str, Any] = call.body(60)
        for name, field in call.fields.items():
            if "." not in name:
                for value in values_of(field).invalid:
                    call.send(body=as_json({**shown, name: value}))
            if "." not in name and field.needed:
                call.send(body=as_json({key: item for key, item in shown.items() if key != name}))


HARD_NAMES = (b"$set", b"$where", b"a.b", b".", b"a[0]", b"a/b", b"constructor", b"toString", b"\\ud800", b" ", b"'", b"%s", b"{0}", b"x" * 5000, b"", b"\\u0000")  # fmt: skip
HARD_NUMBERS = (b"1e999", b"-1e999", b"1" + b"0" * 5000, b"1e-999", b"9" * 5000, b"-" + b"9" * 400, b"1e999999999", b"1e-400", b"-1e-400", b"1e-999999999", b"-0", b"1e+5", b"18446744073709551616")  # fmt: skip
DEEP = 50_000


def odd_bodies(on: Resources) -> None:
    """Inputs that crash a careless server."""
    name = on.new()
    fields = on.fields
    on.update(name, fields.change(60))
    holes = [{fields.lead: HOLE}, {"x": HOLE}]
    told = [on.raw(properties, number) for properties in holes for number in HARD_NUMBERS]
    told += [
        b"[" * DEEP + b"]" * DEEP,
        b'{"a":' * DEEP + b"1" + b"}" * DEEP,
        b"[" * 2 * DEEP,
        b'{"a":' * 2 * DEEP,
    ]
    told += [
        on.raw({"x_unknown": HOLE}, b"[" * 500 + b"]" * 500),
        b'{"x": 5, "x": 6}',
        b"   ",
        b"\n",
        b"5",
    ]
    told += [b'{"%s": 1}' % key for key in HARD_NAMES]
    told += [b"{" + b", ".join(b'"m%d": 1' % number for number in range(1100)) + b"}"]
    days = [key for key, field in on.fields.leaves.items() if field.is_date]
    told += [on.raw({key: HOLE}, day) for key in days for day in (b'"0000-01-01"', b'"9999-12-31"')]
    outer = next((key for key, field in on.fields.updates.items() if field.inner), "")
    told += [on.raw({outer: HOLE}, b'{"": 1}')] if outer else []
    for key in fields.lists[:1]:
        told += [as_json(fields.update({key: [""] * 10_101})), as_json(fields.update({key: []}))]
    for body in told:
        on.update(name, body)
    on.read(name)


RULES = (
    decided("media-type", "S5", BODIES, "a body is application/json or 415"),
    decided("json-syntax", "S5", BODIES, "broken JSON, NaN and Infinity are 400"),
    decided("body-shape", "S5", BODIES, "valid JSON of the wrong shape is 422"),
    decided("body-size", "S5", BODIES, "a body over 1 MiB is 413, and one of 1 MiB is not"),
)
SCRIPTS = (
    Script(media_types, "strict", ("media-type",)),
    Script(broken_bodies, "strict", ("json-syntax", "body-shape", "error-shape")),
    Script(spelled_bodies, "strict", ("json-syntax",), ("read", "update")),
    Script(sizes, "strict", ("body-size",)),
    Script(unfit_bodies, "strict", ("body-shape", "no-coercion", "values", "strings", "message-names", "message-quotes")),
    Script(odd_bodies, "strict", ("no-server-error", "declared-status"), ("update",), once=True),
)  # fmt: skip
