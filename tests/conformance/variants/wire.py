"""Variants that keep every row of the contract: how responses are written and sent."""

import gzip
import json
import random
import time
import zlib
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from tests.conformance.caller import Caller
from tests.conformance.faults.catalogue import between, instead, responding, to
from tests.conformance.reference import Api, Handler, Request, Response

from .catalogue import BOTH, VARIANTS, Variant, enter

# --- JSON ---


def written(write: Callable[[Any], str]) -> type[Api]:
    """Return a server that writes its JSON in another way."""
    return responding(
        lambda reply: reply.but(body=write(reply.content).encode()) if reply.body else reply
    )


def turned(content: Any) -> Any:
    if isinstance(content, dict):
        return {name: turned(value) for name, value in reversed(content.items())}
    return list(map(turned, content)) if isinstance(content, list) else content


def escaped(content: Any) -> str:
    """Write every character of a string as an escape, and those beyond U+FFFF as two."""
    if isinstance(content, dict):
        return "{" + ",".join(f"{escaped(n)}:{escaped(v)}" for n, v in content.items()) + "}"
    if isinstance(content, list):
        return "[" + ",".join(map(escaped, content)) + "]"
    if not isinstance(content, str):
        return json.dumps(content)
    units = content.encode("utf-16-be", "surrogatepass").hex().upper()
    return '"' + "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4)) + '"'


def with_exponents(content: Any) -> str:
    if isinstance(content, dict):
        return (
            "{" + ",".join(f"{json.dumps(n)}:{with_exponents(v)}" for n, v in content.items()) + "}"
        )
    if isinstance(content, list):
        return "[" + ",".join(map(with_exponents, content)) + "]"
    return (
        f"{content}E+00"
        if type(content) is float and "e" not in str(content)
        else json.dumps(content)
    )


def body_has(text: bytes) -> Callable[[Caller], object]:
    return lambda caller: text in caller.page().body


enter(
    BOTH,
    ("other_order", "The properties of objects come in the opposite order.", written(lambda c: json.dumps(turned(c))), lambda c: next(iter(c.created())) == "ehr_patient_id"),
    ("pretty", "JSON is indented and ends with a newline.", written(lambda c: json.dumps(c, indent=4) + "\n"), body_has(b"\n    ")),
    ("compact", "JSON is compact and holds its characters as they are.", written(lambda c: json.dumps(c, ensure_ascii=False, separators=(",", ":"))), body_has(b'"count":0')),
    ("spaced", "White space of every kind is between the tokens of JSON.", written(lambda c: "\r\n\t " + json.dumps(c, separators=(" \r\n, ", " \t: ")) + " \n"), body_has(b" \t: ")),
    ("escaped", "Every character of JSON is an escape.", written(escaped), body_has(b"\\u0063\\u006F")),
    ("exponents", "Numbers with a fraction are written with an exponent.", written(with_exponents), lambda c: b"E+00" in c.patch(c.create(), {"duration": 1.5}).body),
    ("escaped_slashes", "A slash in JSON is escaped.", written(lambda c: json.dumps(c).replace("/", "\\/")), lambda c: b"\\/" in c.patch(c.create(), {"ehr_appt_id": "a/b"}).body),
)  # fmt: skip


# --- headers and codings ---


def coded(coding: str, encode: Callable[[bytes], bytes], least: int = 1) -> type[Api]:
    """Return a server that compresses responses of that length, if that is accepted."""

    def compress(request: Request, handle: Handler) -> Response:
        reply = handle(request)
        if coding not in request.headers.get("accept-encoding", "") or len(reply.body) < least:
            return reply
        headers = {"content-encoding": coding, "vary": "accept-encoding"}
        return reply.but(body=encode(reply.body), headers=headers)

    return between(compress)


def in_members(body: bytes) -> bytes:
    half = len(body) // 2
    return gzip.compress(body[:half], mtime=0) + gzip.compress(body[half:], mtime=0)


def is_coded(coding: str, size: int = 0) -> Callable[[Caller], object]:
    def witness(caller: Caller) -> bool:
        caller.several(size)
        reply = caller.send("GET", "/sessions/linked-user", accept_encoding=coding)
        return reply.headers.get("content-encoding") == coding

    return witness


def has(name: str, text: str = "") -> Callable[[Caller], object]:
    return lambda caller: text in caller.page().headers.get(name, "-")


MORE = {
    "etag": 'W/"1"',
    "x-request-id": "8f14e45f",
    "set-cookie": "lb=1; Path=/",
    "ratelimit-remaining": "99",
    "cache-control": "no-store",
}
PROXY = {
    "via": "1.1 varnish, 1.1 10a7c.cloudfront.net (CloudFront)",
    "x-cache": "MISS",
    "age": "0",
    "server-timing": "app;dur=1.5",
    "strict-transport-security": "max-age=31536000",
    "alt-svc": 'h3=":443"; ma=86400',
}
CROSS = {
    "access-control-allow-origin": "*",
    "access-control-expose-headers": "location",
    "timing-allow-origin": "*",
}
enter(
    BOTH,
    ("charset", "The content type names its charset, in capitals.", responding(to(headers={"content-type": "Application/JSON; charset=UTF-8"})), has("content-type", "charset")),
    ("compressed", "Responses are compressed where gzip is accepted.", coded("gzip", lambda body: gzip.compress(body, mtime=0)), is_coded("gzip")),
    ("long_ones_are_compressed", "Responses of a thousand bytes are compressed where gzip is accepted.", coded("gzip", lambda body: gzip.compress(body, mtime=0), 1000), lambda c: is_coded("gzip", 3)(c) and not is_coded("gzip")(c.another())),
    ("gzip_in_members", "Compressed responses have two gzip members, like a file that was appended to.", coded("gzip", in_members), is_coded("gzip")),
    ("deflated", "Responses are compressed where deflate is accepted.", coded("deflate", zlib.compress), is_coded("deflate")),
    ("chunked", "Responses come in chunks, without a length.", responding(to(headers={"transfer-encoding": "chunked"})), has("transfer-encoding", "chunked")),
    ("closing", "The connection is closed after every response.", responding(to(headers={"connection": "close"})), has("connection", "close")),
    ("interim", "Continue, Processing and Early Hints come before every response.", responding(to(interim=(100, 102, 103))), lambda c: c.page().interim == (100, 102, 103)),
    ("more_headers", "Responses have an ETag, a request id, a cookie and the rest of a rate limit.", responding(to(headers=MORE)), has("etag", "W/")),
    ("behind_proxies", "Responses name the proxies that they came through.", responding(to(headers=PROXY)), has("via", "varnish")),
    ("for_any_origin", "Scripts of every site may read the responses.", responding(to(headers=CROSS)), has("access-control-allow-origin", "*")),
)  # fmt: skip


NODES: tuple[dict[str, str], ...] = ({"x-node": "east"}, {"x-node": "west", "x-debug": "on"})


def served_by(node: Callable[[Api, Request], int]) -> type[Api]:
    """Return one of two servers behind a proxy, which do not add the same headers."""

    def handle(api: Api, request: Request) -> Response:
        return Api.handle(api, request).but(headers=NODES[node(api, request) % 2])

    return instead(handle=handle)


def two_nodes(caller: Caller) -> bool:
    name = caller.create()
    return len({caller.get(f"{name}{at}").headers.get("x-debug") for at in range(20)}) == 2


enter(
    BOTH,
    ("servers_in_turn", "Two servers respond in turn, and each adds its own headers.", served_by(lambda api, _: len(api.requests)), two_nodes),
    ("servers_by_path", "Of two servers with headers of their own, the path says which one responds.", served_by(lambda _, request: zlib.crc32(request.path.encode())), two_nodes),
)  # fmt: skip


# --- bytes ---


def head(reply: Response, version: str = "1.1", reason: str | None = None, **more: str) -> bytes:
    """Write the first lines of a response; a header of None is left out."""
    known = HTTPStatus(reply.status).phrase if reason is None else reason
    headers = {**reply.headers, **{name.replace("_", "-"): text for name, text in more.items()}}
    lines = [f"HTTP/{version} {reply.status} {known}", *(f"{n}: {t}" for n, t in headers.items())]
    return "\r\n".join((*lines, "", "")).encode("latin-1")


def in_pieces(pieces: Callable[[Response], tuple[bytes, ...]]) -> type[Api]:
    """Return a server that writes the bytes of its responses itself, and closes after each."""

    def write(request: Request, handle: Handler) -> Response:
        reply = handle(request)
        sent = reply.but(body=b"") if request.method == "HEAD" else reply
        return reply.but(pieces=pieces(sent))

    return between(write)


def with_length(reply: Response) -> dict[str, str]:
    return {"content_length": str(len(reply.body)), "connection": "close"}


def in_chunks(reply: Response, size: int) -> tuple[bytes, ...]:
    parts = [reply.body[at : at + size] for at in range(0, len(reply.body), size)]
    return tuple(b'%x;part="of; many"\r\n%s\r\n' % (len(part), part) for part in parts)


def chunks_with_trailers(reply: Response) -> tuple[bytes, ...]:
    first = head(reply, transfer_encoding="chunked", trailer="x-digest", connection="close")
    return (first, *in_chunks(reply, 700), b"0\r\nx-digest: abc\r\n\r\n")


def of_another_hand(reply: Response) -> bytes:
    """Write headers in another case, without spaces or with many, and some of them twice."""
    lines = [f"HTTP/1.1 {reply.status} Whatever It Is"]
    lines += [f"{name.title()}:{text}  \t" for name, text in reply.headers.items()]
    lines += ["set-cookie: a=1", "SET-COOKIE: b=2; Path=/", "X-Empty:", "CONNECTION: Close"]
    return "\r\n".join((*lines, f"CONTENT-LENGTH:\t{len(reply.body)}", "", "")).encode("latin-1")


def dripping(reply: Response) -> tuple[bytes, ...]:
    whole = head(reply, **with_length(reply)) + reply.body
    return (whole[:9], whole[9:40], whole[40:-3], whole[-3:-1], whole[-1:])


def hangs_up(request: Request, handle: Handler) -> Response:
    """Close the connection after every fifth response without notice."""
    reply = handle(request)
    if random.random() < 0.8:  # noqa: S311  # no secret
        return reply
    return reply.but(pieces=(head(reply, content_length=str(len(reply.body))) + reply.body,))


def sends(text: bytes) -> Callable[[Caller], object]:
    return lambda caller: text in b"".join(caller.page().pieces)


enter(
    BOTH,
    ("http_1_0", "Responses use HTTP/1.0: they end with the connection.", in_pieces(lambda reply: (head(reply, "1.0") + reply.body,)), sends(b"HTTP/1.0 200 OK\r\n")),
    ("http_1_0_with_length", "Responses use HTTP/1.0, and have their length.", in_pieces(lambda reply: (head(reply, "1.0", content_length=str(len(reply.body))) + reply.body,)), sends(b"HTTP/1.0 200 OK\r\n")),
    ("until_the_end", "Responses of HTTP/1.1 have no length, and end with the connection.", in_pieces(lambda reply: (head(reply, connection="close"), reply.body)), lambda c: c.page().pieces[1:2] == (c.page().body,)),
    ("no_reason", "The status has no reason.", in_pieces(lambda reply: (head(reply, reason="", **with_length(reply)) + reply.body,)), sends(b"HTTP/1.1 200 \r\n")),
    ("chunks_with_trailers", "Responses come in chunks with extensions, and a trailer follows.", in_pieces(chunks_with_trailers), sends(b"\r\nx-digest: abc\r\n")),
    ("small_chunks", "Responses come in chunks of forty bytes.", in_pieces(lambda reply: (head(reply, transfer_encoding="chunked", connection="close"), b"".join(in_chunks(reply, 40)), b"0\r\n\r\n")), sends(b"28;part=")),
    ("of_another_hand", "Headers are written in other letters and spaces, and cookies are set twice.", in_pieces(lambda reply: (of_another_hand(reply) + reply.body,)), sends(b"SET-COOKIE: b=2")),
    ("dripping", "Responses come in five pieces.", in_pieces(dripping), lambda c: len(c.page().pieces) == 5),
    ("hangs_up", "About one of five responses ends with the connection without notice.", between(hangs_up), lambda c: any(c.page().pieces for _ in range(100))),
)  # fmt: skip


# --- time that it takes ---


def waiting(seconds: Callable[[Request], float]) -> type[Api]:
    def wait(request: Request, handle: Handler) -> Response:
        time.sleep(seconds(request))
        return handle(request)

    return between(wait)


def takes(
    seconds: float, ask: Callable[[Caller], object], times: int = 5
) -> Callable[[Caller], object]:
    """Return a witness that something takes long each time, and not because a machine is busy."""

    def takes_long(caller: Caller) -> bool:
        started = time.monotonic()
        ask(caller)
        return time.monotonic() - started > seconds

    return lambda caller: all(takes_long(caller) for _ in range(times))


class WakesUp(Api):
    """The first request takes a second, because the server was asleep."""

    def handle(self, request: Request) -> Response:
        if not self.requests:
            time.sleep(1)
        return super().handle(request)


VARIANTS.extend((
    Variant("slow", "Each response takes 60 ms.", BOTH, waiting(lambda _: 0.06), takes(0.05, lambda c: c.page()), steady=False),
    Variant("slow_writes", "Creations and updates take 60 ms.", BOTH, waiting(lambda request: 0.06 if request.body else 0), takes(0.05, lambda c: c.post({})), steady=False),
    Variant("in_fits", "A response takes up to 40 ms, at random.", BOTH, waiting(lambda _: random.uniform(0, 0.04)), takes(0.1, lambda c: [c.page() for _ in range(20)]), steady=False),  # noqa: S311  # no secret
    Variant("wakes_up", "The first request takes a second, because the server was asleep.", BOTH, WakesUp, takes(0.9, lambda c: c.page(), 1), steady=False),
))  # fmt: skip
