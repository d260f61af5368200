"""Scripts about requests before they reach an operation: tokens, methods, paths, bodies."""
# ruff: noqa: E501  # tables read better in rows

from dataclasses import replace
from typing import Any

from heidi_conformance._history import Request, create, listing, read, update
from heidi_conformance._probe import Probe

from ._script import Script

MIB = 1024 * 1024
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
OPERATIONS = ("createSession", "getSession", "updateSession", "listLinkedUserSessions")
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
BROKEN = (
    b"{", b"}", b'{"duration": 60', b'{"duration": 60}}', b'{"duration": 60,}', b"{'duration': 60}", b"{duration: 60}",
    b'{"duration": NaN}', b'{"duration": Infinity}', b'{"duration": -Infinity}', b'{"x_unknown": NaN}', b'{"duration": 060}',
    b'{"duration": +60}', b'{"duration": .5}', b'{"duration": 5.}', b'{"duration": 0x3c}', b'{"duration": 60} {}',
    b'{"duration": 60} x', b'{"duration": 60}\x00', b'{"patient": {"name": "line\nbreak"}}', b'{"patient": {"name": "\\x41"}}',
    b"NaN", b"nul", b"True", b"/* */ {}", b"{} // x", b'{"patient": {"name": "\xff\xfe"}}', b'{"patient": {"name": "\xed\xa0\x80"}}',
    b'{"patient": {"name": "\xc0\x80"}}', b"\xff\xfe{\x00}\x00", b"duration=60", b"<a/>", b" ", b'{"a": "', b'["a"',
)  # fmt: skip
ROOTS = (
    b"null",
    b"[]",
    b'[{"duration": 60}]',
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
    made: dict[str, Request] = {
        "createSession": Request("POST", "/sessions", body=b"{}"),
        "getSession": Request("GET", f"/sessions/{{{session}}}", media_type=None),
        "updateSession": Request("PATCH", f"/sessions/{{{session}}}", body=b'{"duration": 60}'),
        "listLinkedUserSessions": Request("GET", "/sessions/linked-user", media_type=None),
    }
    request = made[name]
    return replace(request, **settings)


def basics(probe: Probe) -> None:
    """Every operation once, as the page shows it."""
    if "second" in probe.setting.tokens:
        probe.send(listing("page_size=10", user="second"))
    probe.new({})
    name = probe.new()
    probe.send(read(name))
    probe.send(update(name, {"duration": 60}))
    probe.send(read(name))
    probe.send(listing())
    probe.send(listing("page_size=1"))
    # As a library asks, and as a browser does.
    for usual in (("Accept-Encoding", "gzip, deflate"), ("Accept", BROWSER)):
        probe.send(listing("page_size=10", headers=(usual,)))
        probe.send(read(name, headers=(usual,)))
    unknown = Request(
        "PATCH", "/sessions/135814281990413956785027749853284386580", body=b'{"duration": 60}'
    )
    probe.send(unknown)
    probe.send(replace(unknown, method="GET", body=b"", media_type=None))
    sample = {"patient_profile_id": "5eb7cf5a86d9755df3a6c593", "ehr_appointment_id": "EHR1234"}
    for session in (probe.new({}), probe.new(None), probe.new(sample)):
        # A server that knows its patients may refuse the sample.
        probe.try_send(read(session))


def no_token(probe: Probe) -> None:
    """No token, and an invented one, on every operation."""
    name = probe.new()
    for each in OPERATIONS:
        probe.send(operation(each, name, authorization=""))
        probe.send(operation(each, name, authorization="Bearer invented-by-the-judge"))
    probe.send(read(name))


def wrong_tokens(probe: Probe) -> None:
    """Tokens that differ from a good one by little, on every operation."""
    name = probe.new()
    for each in OPERATIONS:
        for credentials in WRONG_TOKENS:
            probe.try_send(operation(each, name, authorization=credentials))
    probe.send(read(name))


def near_tokens(probe: Probe) -> None:
    """Tokens that are almost right, on every operation."""
    name = probe.new()
    probe.send(read(name))
    for each in OPERATIONS:
        for credentials in NEAR_TOKENS:
            probe.try_send(operation(each, name, authorization=credentials))
    cookies = tuple(("Cookie", f"{key}={{first}}") for key in COOKIES)
    for header in (*cookies, ("X-Authorization", "Bearer {first}"), ("X-Access-Token", "{first}")):
        request = operation("listLinkedUserSessions", name, authorization="", headers=(header,))
        probe.send(request)
    probe.send(read(name))


def token_before_all(probe: Probe) -> None:
    """No token, and something else wrong: the token is what counts."""
    name = probe.new()
    for credentials in ("", "Bearer wrong"):
        for request in (
            Request("GET", "/sessions/1", media_type=None), Request("PATCH", "/sessions/1", body=b"{}"),
            Request("PATCH", f"/sessions/{{{name}}}", body=b'{"duration": "x"}'),
            Request("PATCH", f"/sessions/{{{name}}}", body=b"{"), Request("POST", "/sessions", body=b"{"),
            Request("POST", "/sessions", body=b"[]"), Request("POST", "/sessions", body=b"{}", media_type="text/plain"),
            Request("PATCH", f"/sessions/{{{name}}}", body=b"{}", media_type="text/plain"),
            Request("GET", "/sessions/linked-user?page_size=0", media_type=None),
            Request("GET", "/sessions/linked-user?page=no-such-page", media_type=None),
            Request("DELETE", f"/sessions/{{{name}}}", media_type=None), Request("PUT", "/sessions", media_type=None),
            Request("DELETE", "/sessions/linked-user", media_type=None), Request("GET", "/sessions", media_type=None),
            Request("PATCH", "/sessions/linked-user", body=b"{}"),
        ):  # fmt: skip
            probe.send(replace(request, authorization=credentials))
    probe.send(Request("POST", "/sessions", body=b"[" + b" " * MIB + b"]", authorization=""))


def expired_tokens(probe: Probe) -> None:
    """A token whose time is over, on every operation."""
    name = probe.new()
    for each in OPERATIONS:
        probe.send(operation(each, name, authorization="Bearer {expired}"))
    probe.send(read(name))


def methods(probe: Probe) -> None:
    """Methods that a path does not have."""
    name = probe.new()
    probe.send(read(name))
    paths = {"/sessions": ("POST",), "/sessions/linked-user": ("GET",), f"/sessions/{{{name}}}": ("GET", "PATCH"), "/sessions/1": ("GET", "PATCH")}  # fmt: skip
    for path, own in paths.items():
        for method in (
            "GET",
            "POST",
            "PUT",
            "PATCH",
            "DELETE",
            "TRACE",
            "HEAD",
            "OPTIONS",
            "PROPFIND",
            "INVENTED",
        ):
            if method not in own:
                body = b"{}" if method in ("POST", "PUT", "PATCH") else b""
                probe.send(
                    Request(
                        method, path, body=body, media_type="application/json" if body else None
                    )
                )
    probe.send(read(name))
    for header in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"):
        for method, body in (("PATCH", b'{"duration": 78}'), ("DELETE", b"")):
            headers = ((header, method),)
            probe.send(Request("GET", f"/sessions/{{{name}}}", headers=headers, body=body))
            probe.send(read(name))
    probe.send(
        Request(
            "GET",
            f"/sessions/{{{name}}}?duration=77&session_name=No&patient[name]=No",
            media_type=None,
        )
    )
    probe.send(read(name))


def unknown_paths(probe: Probe) -> None:
    """Paths beside those of the document."""
    name = probe.new()
    for path in (
        "/no-such-path-5c81f0",
        "/sessions/",
        "/session",
        "/",
        "/sessions/1/2",
        "/sessions/linked-user/1",
        "/Sessions",
        "/sessionsx",
        f"/sessions/{{{name}}}/",
        f"/sessions/{{{name}}}/audio",
    ):
        probe.send(Request("GET", path, media_type=None))


def media_types(probe: Probe) -> None:
    """Media types of a body, in every spelling and of every other kind."""
    name = probe.new()
    probe.send(update(name, {"duration": 60}))
    for number, media_type in enumerate(MEDIA_TYPES):
        probe.send(update(name, {"duration": number}, media_type=media_type))
        probe.send(create(probe.name(), {"ehr_appointment_id": "EHR1"}, media_type=media_type))
    for other_type in OTHER_TYPES:
        probe.send(update(name, {"duration": 99}, media_type=other_type))
        probe.send(create(probe.name(), {"ehr_appointment_id": "EHR1"}, media_type=other_type))
    probe.send(read(name))
    probe.send(listing("page_size=1"))


def bodies(probe: Probe) -> None:
    """Bodies that are no JSON, or JSON of the wrong kind."""
    name = probe.new()
    probe.send(update(name, {"duration": 60}))
    probe.send(read(name))
    for raw in (*BROKEN, *ROOTS, b""):
        probe.send(update(name, raw))
        if raw:
            probe.send(Request("POST", "/sessions", body=raw, binds=probe.name()))
    probe.send(read(name))
    for raw in (
        b' \r\n\t{ "duration" : 61 }\n',
        b'{"dur\\u0061tion": 62}',
        b'{"duration": 63, "duration": 64}',
        b'\xef\xbb\xbf{"duration": 65}',
    ):
        probe.send(update(name, raw))
        probe.send(read(name))
    probe.send(listing("page_size=1"))


def sizes(probe: Probe) -> None:
    """Bodies of 1 MiB, and of one byte more."""
    name = probe.new()
    for chunked in (False, True):
        for size, value in ((MIB, 61), (MIB + 1, 62)):
            head = b'{"duration": %d' % value
            padded = head + b" " * (size - len(head) - 1) + b"}"
            probe.send(update(name, padded, chunked=chunked))
            probe.send(read(name))
    probe.send(Request("POST", "/sessions", body=b"{" + b" " * MIB + b"}", binds=probe.name()))
    probe.send(update(name, {"duration": 63}, chunked=True))
    probe.send(create(probe.name(), {}, chunked=True))


HARD_NUMBERS = (b"9" * 5000, b"-" + b"9" * 400, b"1e999999999", b"1e-400", b"-1e-400", b"1e-999999999", b"-0", b"1e+5", b"18446744073709551616")  # fmt: skip
HARD_NAMES = (b"$set", b"$where", b"a.b", b".", b"a[0]", b"a/b", b"constructor", b"toString", b"\\ud800", b" ", b"'", b"%s", b"{0}", b"x" * 5000)  # fmt: skip
HARD_TOKENS = ("...", "!.!.!", "a.b.c", "..", ".", "!", "t" * 5000, "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.", "%00", "'", "{{}}", "a" * 20 + ".", "t\u00f6ken")  # fmt: skip


def odd_input(probe: Probe) -> None:
    """What a careless server stumbles over."""
    name = probe.new()
    deep = 50_000
    probe.send(update(name, {"duration": 60}))
    for raw in (
        b"[" * deep + b"]" * deep, b'{"a":' * deep + b"1" + b"}" * deep, b'{"duration": 61, "x_unknown": ' + b"[" * 500 + b"]" * 500 + b"}",
        b'{"duration": 1e999}', b'{"duration": -1e999}', b'{"duration": 1' + b"0" * 5000 + b"}", b'{"duration": 1e-999}',
        *(b'{"%s": %s}' % (key, number) for key in (b"duration", b"x") for number in HARD_NUMBERS),
        *(b'{"%s": 1}' % key for key in HARD_NAMES),
        b'{"x": 5, "x": 6}', b"[" * 2 * deep, b'{"a":' * 2 * deep, b'{"patient": {"dob": "0000-01-01"}}', b'{"patient": {"dob": "9999-12-31"}}', b"   ", b"\n", b"5",
        b'{"clinician_notes": [' + b'"", ' * 10_100 + b'""]}', b"{" + b", ".join(b'"m%d": 1' % n for n in range(1100)) + b"}",
        b'{"x_unknown": 1e999}', b'{"x_unknown": 1' + b"0" * 5000 + b"}", b'{"": 1}', b'{"\\u0000": 1}', b'{"patient": {"": 1}}',
    ):  # fmt: skip
        probe.send(update(name, raw))
    probe.send(update(name, {"clinician_notes": []}))
    probe.send(read(name))
    for token in HARD_TOKENS:
        probe.send(listing(authorization=f"Bearer {token}"))
    for query in ("page_size=%00", "page_size=%FF", "page=%00", "page=%FF%FE", "page=" + "x" * 2000, "page_size=1&page_size=2",
                  "x=1&%=2&&=", "page_size[]=1", "page=%F0%9F%91%A8", "page=!!!", "page=%27", "page=e30%3D", "page_size=5&x_unknown=1"):  # fmt: skip
        probe.send(listing(query))
    for path in (
        "%00",
        "%FF",
        "%F0%9F%91%A8",
        "%25",
        "%",
        "%zz",
        "x" * 300,
        "3" * 2000,
        "9" * 40,
        "%2e%2e",
        "%2E",
        "abc",
        "%0a",
        "1%0d%0a2",
        "%ff%fe",
        "%5C",
        "%27%20OR%201=1--",
        "{{}}",
        "__proto__",
    ):
        probe.send(Request("GET", f"/sessions/{path}", media_type=None))


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
