"""Scripts about requests before they reach an operation: tokens, methods, paths, bodies."""
# ruff: noqa: E501  # tables read better in rows

from dataclasses import replace
from typing import Any

from heidi_conformance._history import Request, as_json, create, listing, paged, read, update
from heidi_conformance._probe import Probe
from heidi_conformance.contract._operations import (
    CREATE,
    LIST,
    MAIN,
    OPERATIONS,
    READ,
    UPDATE,
    route,
)

from ._changes import DATES, LISTS, NUMBER, TEXT, TITLE, change, nested, opening, raw, wrong
from ._script import Script
from ._table import STATEFUL

MIB = 1024 * 1024
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
WRONG_TOKENS = (
    "", "Bearer", "Bearer {first:first+1}", "Bearer {first:middle+1}", "Bearer {first:last+1}",
    "Bearer {first:header+1}", "Bearer {first:payload+1}", "Bearer {first:shorter}", "Bearer {first:headless}",
    "Bearer {first:half}", "Bearer {first:twisted}", "Bearer {first:upper}", "Bearer {first:lower}", "Bearer {first}x",
    "Bearer x{first}", "Bearer {first}.", "Bearer {first:recased}", "Bearer {first:unsigned}", "Bearer {first:unsealed}",
    "Bearer {first:reissued}", "Bearer null", "Bearer undefined", "Bearer *",
)  # fmt: skip
COOKIES = ("token", "access_token", "session", "jwt", "Authorization")
NEAR_TOKENS = (
    "", "Bearer", "{first}", "Bearer{first}", "Basic {first}", "Token {first}", "JWT {first}", "Digest {first}",
    "BearerX {first}", "Bearer {first:first+1}", "Bearer {first:middle+1}", "Bearer {first:last+1}",
    "Bearer {first:header+1}", "Bearer {first:payload+1}", "Bearer {first:shorter}", "Bearer {first:headless}",
    "Bearer {first:half}", "Bearer {first:twisted}", "Bearer {first:upper}", "Bearer {first:lower}", "Bearer {first}x", "Bearer x{first}",
    "Bearer {first}=", "Bearer {first}.", "Bearer {first} x", "Bearer x {first}", "Bearer {first:recased}", "Bearer {first:unsigned}",
    "Bearer {first:unsealed}", "Bearer {first:reissued}", "Bearer null", "Bearer undefined", "Bearer *",
)  # fmt: skip
MEDIA_TYPES = ("application/json; charset=utf-8", "Application/JSON", "application/json;charset=UTF-8", "APPLICATION/JSON ; x=y", 'application/json; charset="utf-8"', "application/json;v=1; charset=utf-8", 'application/json; profile="x"')  # fmt: skip
OTHER_TYPES = (None, "text/plain", "text/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/merge-patch+json", "application/json-patch+json", "application/jsonx", "application/xjson", "application/vnd.api+json", "application/xml", "application/octet-stream", "*/*", "json", "text/plain; a=application/json")  # fmt: skip
ONE = OPERATIONS[READ].path.rpartition("/")[0]
PAGES = OPERATIONS[LIST].path
N = NUMBER.rpartition(".")[2].encode() or b"x_unknown"
BROKEN = (
    b"{", b"}", raw(NUMBER, b"60")[:-1], raw(NUMBER, b"60") + b"}", raw(NUMBER, b"60,"), b"{'%s': 60}" % N, b"{%s: 60}" % N,
    *(raw(NUMBER, value) for value in (b"NaN", b"Infinity", b"-Infinity")), b'{"x_unknown": NaN}',
    *(raw(NUMBER, value) for value in (b"060", b"+60", b".5", b"5.", b"0x3c")),
    *(raw(NUMBER, b"60") + after for after in (b" {}", b" x", b"\x00")),
    raw(TEXT, b'"line\nbreak"'), raw(TEXT, b'"\\x41"'), b"NaN", b"nul", b"True", b"/* */ {}", b"{} // x",
    *(raw(TEXT, value) for value in (b'"\xff\xfe"', b'"\xed\xa0\x80"', b'"\xc0\x80"')),
    b"\xff\xfe{\x00}\x00", b"%s=60" % N, b"<a/>", b" ", b'{"a": "', b'["a"',
)  # fmt: skip
ROOTS = (
    b"null",
    b"[]",
    b"[%s]" % raw(NUMBER, b"60"),
    b'"x"',
    b"60",
    b"0",
    b"true",
    b"false",
    b'""',
    b"[[]]",
    b'"{}"',
)


def operation(name: str, session: str, **settings: Any) -> Request:
    """Return the least request of an operation."""
    made = {
        CREATE: create("", opening()),
        READ: read(session),
        UPDATE: update(session, OPERATIONS[UPDATE].little),
        LIST: listing(),
    }
    return replace(made[name], **settings)


def basics(probe: Probe) -> None:
    """Every operation once, as the page shows it."""
    if "second" in probe.setting.tokens:
        probe.send(listing(paged(10), user="second"))
    probe.new({})
    name = probe.new()
    probe.send(read(name))
    probe.send(update(name, change(60)))
    probe.send(read(name))
    probe.send(listing())
    probe.send(listing(paged(1)))
    # As a library asks, and as a browser does.
    for usual in (("Accept-Encoding", "gzip, deflate"), ("Accept", BROWSER)):
        probe.send(listing(paged(10), headers=(usual,)))
        probe.send(read(name, headers=(usual,)))
    probe.send(update(MAIN.unknown, change(60)))
    probe.send(read(MAIN.unknown))
    body = OPERATIONS[CREATE].body
    samples = body.samples if body else ()
    for session in (probe.new({}), probe.new(None), *map(probe.new, samples)):
        # A server that knows its patients may refuse the sample.
        probe.try_send(read(session))


def no_token(probe: Probe) -> None:
    """No token, and an invented one, on every operation."""
    name = probe.new()
    for each in STATEFUL:
        probe.send(operation(each, name, authorization=""))
        probe.send(operation(each, name, authorization="Bearer invented-by-the-judge"))
    probe.send(read(name))


def wrong_tokens(probe: Probe) -> None:
    """Tokens that differ from a good one by little, on every operation."""
    name = probe.new()
    for each in STATEFUL:
        for credentials in WRONG_TOKENS:
            probe.try_send(operation(each, name, authorization=credentials))
    probe.send(read(name))


def near_tokens(probe: Probe) -> None:
    """Tokens that are almost right, on every operation."""
    name = probe.new()
    probe.send(read(name))
    for each in STATEFUL:
        for credentials in NEAR_TOKENS:
            probe.try_send(operation(each, name, authorization=credentials))
    cookies = tuple(("Cookie", f"{key}={{first}}") for key in COOKIES)
    for header in (*cookies, ("X-Authorization", "Bearer {first}"), ("X-Access-Token", "{first}")):
        request = operation(LIST, name, authorization="", headers=(header,))
        probe.send(request)
    probe.send(read(name))


def token_before_all(probe: Probe) -> None:
    """No token, and something else wrong: the token is what counts."""
    name = probe.new()
    for credentials in ("", "Bearer wrong"):
        for request in (
            read("1"), update("1", {}), update(name, wrong()), update(name, b"{"), replace(create("", {}), body=b"{"),
            create("", []), create("", {}, media_type="text/plain"), update(name, {}, media_type="text/plain"),
            listing(paged(0)), listing(paged(page="no-such-page")), replace(read(name), method="DELETE"),
            Request("PUT", OPERATIONS[CREATE].path, media_type=None), Request("DELETE", PAGES, media_type=None),
            Request("GET", OPERATIONS[CREATE].path, media_type=None), Request("PATCH", PAGES, body=b"{}"),
        ):  # fmt: skip
            probe.send(replace(request, authorization=credentials))
    large = replace(create("", {}), body=b"[" + b" " * MIB + b"]")
    probe.send(replace(large, authorization=""))


def expired_tokens(probe: Probe) -> None:
    """A token whose time is over, on every operation."""
    name = probe.new()
    for each in STATEFUL:
        probe.send(operation(each, name, authorization="Bearer {expired}"))
    probe.send(read(name))


METHODS = (
    "GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "HEAD", "OPTIONS", "PROPFIND", "INVENTED",
)  # fmt: skip


def methods(probe: Probe) -> None:
    """Methods that a path does not have."""
    name = probe.new()
    probe.send(read(name))
    paths = [OPERATIONS[CREATE].path, PAGES, read(name).target, read("1").target]
    for path in paths:
        for method in METHODS:
            if method not in route(path).methods:
                body = b"{}" if method in ("POST", "PUT", "PATCH") else b""
                media_type = "application/json" if body else None
                probe.send(Request(method, path, body=body, media_type=media_type))
    probe.send(read(name))
    for header in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"):
        for method, body in (("PATCH", as_json(change(78))), ("DELETE", b"")):
            headers = ((header, method),)
            probe.send(read(name, headers=headers, body=body, media_type="application/json"))
            probe.send(read(name))
    outer, *inner = TEXT.split(".")
    fields = f"{NUMBER}=77&{TITLE}=No&{outer}{''.join(f'[{part}]' for part in inner)}=No"
    probe.send(read(name, query=fields))
    probe.send(read(name))


def unknown_paths(probe: Probe) -> None:
    """Paths beside those of the document."""
    name = probe.new()
    outer, inner = OPERATIONS[CREATE].path, read(name).target
    for path in (
        "/no-such-path-5c81f0", f"{outer}/", outer[:-1], "/", f"{ONE}/1/2", f"{PAGES}/1",
        outer.title(), f"{outer}x", f"{inner}/", f"{inner}/audio",
    ):  # fmt: skip
        if not route(path).path:
            probe.send(Request("GET", path, media_type=None))


def media_types(probe: Probe) -> None:
    """Media types of a body, in every spelling and of every other kind."""
    name = probe.new()
    probe.send(update(name, change(60)))
    for number, media_type in enumerate(MEDIA_TYPES):
        probe.send(update(name, change(number), media_type=media_type))
        probe.send(create(probe.name(), opening("EHR1"), media_type=media_type))
    for other_type in OTHER_TYPES:
        probe.send(update(name, change(99), media_type=other_type))
        probe.send(create(probe.name(), opening("EHR1"), media_type=other_type))
    probe.send(read(name))
    probe.send(listing(paged(1)))


def bodies(probe: Probe) -> None:
    """Bodies that are no JSON, or JSON of the wrong kind."""
    name = probe.new()
    probe.send(update(name, change(60)))
    probe.send(read(name))
    for body in (*BROKEN, *ROOTS, b""):
        probe.send(update(name, body))
        if body:
            probe.send(replace(create(probe.name(), {}), body=body))
    probe.send(read(name))
    escaped = b"".join(b"\\u%04x" % letter for letter in N)
    for body in (
        b' \r\n\t{ "%s" : 61 }\n' % N,
        b'{"%s": 62}' % escaped,
        b'{"%s": 63, "%s": 64}' % (N, N),
        b"\xef\xbb\xbf" + raw(NUMBER, b"65"),
    ):
        probe.send(update(name, body))
        probe.send(read(name))
    probe.send(listing(paged(1)))


def sizes(probe: Probe) -> None:
    """Bodies of 1 MiB, and of one byte more."""
    name = probe.new()
    for chunked in (False, True):
        for size, value in ((MIB, 61), (MIB + 1, 62)):
            head = raw(NUMBER, b"%d" % value)[:-1]
            padded = head + b" " * (size - len(head) - 1) + b"}"
            probe.send(update(name, padded, chunked=chunked))
            probe.send(read(name))
    probe.send(replace(create(probe.name(), {}), body=b"{" + b" " * MIB + b"}"))
    probe.send(update(name, change(63), chunked=True))
    probe.send(create(probe.name(), opening(), chunked=True))


HARD_NUMBERS = (b"9" * 5000, b"-" + b"9" * 400, b"1e999999999", b"1e-400", b"-1e-400", b"1e-999999999", b"-0", b"1e+5", b"18446744073709551616")  # fmt: skip
HARD_NAMES = (b"$set", b"$where", b"a.b", b".", b"a[0]", b"a/b", b"constructor", b"toString", b"\\ud800", b" ", b"'", b"%s", b"{0}", b"x" * 5000)  # fmt: skip
HARD_TOKENS = ("...", "!.!.!", "a.b.c", "..", ".", "!", "t" * 5000, "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.", "%00", "'", "{{}}", "a" * 20 + ".", "t\u00f6ken")  # fmt: skip


def odd_input(probe: Probe) -> None:
    """What a careless server stumbles over."""
    name = probe.new()
    deep = 50_000
    probe.send(update(name, change(60)))
    for body in (
        b"[" * deep + b"]" * deep, b'{"a":' * deep + b"1" + b"}" * deep, raw(NUMBER, b"61")[:-1] + b', "x_unknown": ' + b"[" * 500 + b"]" * 500 + b"}",
        *(raw(NUMBER, number) for number in (b"1e999", b"-1e999", b"1" + b"0" * 5000, b"1e-999")),
        *(raw(key, number) for key in (NUMBER, "x") for number in HARD_NUMBERS),
        *(b'{"%s": 1}' % key for key in HARD_NAMES),
        b'{"x": 5, "x": 6}', b"[" * 2 * deep, b'{"a":' * 2 * deep, *(raw(key, day) for key in DATES for day in (b'"0000-01-01"', b'"9999-12-31"')), b"   ", b"\n", b"5",
        *(raw(key, b"[" + b'"", ' * 10_100 + b'""]') for key in LISTS[:1]), b"{" + b", ".join(b'"m%d": 1' % n for n in range(1100)) + b"}",
        b'{"x_unknown": 1e999}', b'{"x_unknown": 1' + b"0" * 5000 + b"}", b'{"": 1}', b'{"\\u0000": 1}',
        *(raw(key.rpartition(".")[0], b'{"": 1}') for key in (TEXT,) if "." in key),
    ):  # fmt: skip
        probe.send(update(name, body))
    probe.send(update(name, nested({key: [] for key in LISTS[:1]})))
    probe.send(read(name))
    for token in HARD_TOKENS:
        probe.send(listing(authorization=f"Bearer {token}"))
    size = OPERATIONS[LIST].page.size
    pages = ("%00", "%FF%FE", "x" * 2000, "%F0%9F%91%A8", "!!!", "%27", "e30%3D")
    for query in (paged("%00"), paged("%FF"), *(paged(page=text) for text in pages), f"{paged(1)}&{paged(2)}",
                  "x=1&%=2&&=", f"{size}[]=1", f"{paged(5)}&x_unknown=1"):  # fmt: skip
        probe.send(listing(query))
    for path in (
        "%00", "%FF", "%F0%9F%91%A8", "%25", "%", "%zz", "x" * 300, "3" * 2000, "9" * 40, "%2e%2e", "%2E", "abc", "%0a",
        "1%0d%0a2", "%ff%fe", "%5C", "%27%20OR%201=1--", "{{}}", "__proto__",
    ):  # fmt: skip
        probe.send(read(path))


SCRIPTS = (
    Script(basics, "documented", ("answers", "no-server-error", "works", "json-answers", "answer-schema", "created-exists", "unknown-id", "page-bound")),
    Script(no_token, "documented", ("token-needed",)),
    Script(wrong_tokens, "documented", ("token-needed",)),
    Script(near_tokens, "strict", ("token-needed", "token-first", "challenge")),
    Script(token_before_all, "strict", ("token-first",)),
    Script(expired_tokens, "strict", ("expired-token",), ("expired",)),
    Script(methods, "strict", ("methods", "allow", "error-shape", "reading")),
    Script(unknown_paths, "strict", ("error-shape", "exact-lookup")),
    Script(media_types, "strict", ("media-type",)),
    Script(bodies, "strict", ("json-syntax", "body-shape", "error-shape")),
    Script(sizes, "strict", ("body-size",)),
    Script(odd_input, "strict", ("no-server-error", "declared-status")),
)  # fmt: skip
