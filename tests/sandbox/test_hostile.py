"""S19: no bytes give a 5xx, and the next caller is served."""

import asyncio
import contextlib
import itertools
import json
import re
import resource
import socket
import threading
import time
from asyncio import Queue
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from heidi_sandbox import Sandbox, serving
from heidi_sandbox._asgi import Message, Receive, Scope, Send
from heidi_sandbox._limits import Limits, Turns, allow_connections, possible_connections

from tests.sandbox.api import Api, exchange, new_user
from tests.sandbox.process import Process, started

BASE = b"/api/v2/ml-scribe/open-api"
JSON = b"Content-Type: application/json\r\n"


def request(
    method: bytes = b"GET", target: bytes = b"/sessions/1", head: bytes = b"", body: bytes = b""
) -> bytes:
    """Return a request; TOKEN is where the test puts a token."""
    return (
        method + b" " + BASE + target + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        b"Authorization: Bearer TOKEN\r\n" + head + b"\r\n" + body
    )


def patch(body: bytes, head: bytes = b"") -> bytes:
    length = b"Content-Length: %d\r\n" % len(body)
    return request(b"PATCH", b"/sessions/1", JSON + length + head, body)


def chunked(body: bytes, head: bytes = b"") -> bytes:
    return request(b"PATCH", b"/sessions/1", JSON + b"Transfer-Encoding: chunked\r\n" + head, body)


# The bytes to send, and the permitted statuses; none if the connection may just end.
CASES: dict[str, tuple[bytes, set[int]]] = {
    "path with NUL": (request(target=b"/sessions/%00"), {404}),
    "path of broken UTF-8": (request(target=b"/sessions/%ff%fe"), {404}),
    "path with half of an escape": (request(target=b"/sessions/%"), {404}),
    "path with an overlong slash": (request(target=b"/sessions/%c0%af"), {404}),
    "path with a surrogate": (request(target=b"/sessions/%ed%a0%80"), {404}),
    "path with dots": (request(target=b"/sessions/../../../etc/passwd"), {404}),
    "path with encoded dots": (request(target=b"/sessions/%2e%2e%2fjwt"), {404}),
    "path of 60,000 characters": (request(target=b"/sessions/" + b"9" * 60_000), {404}),
    "path of 60,000 segments": (request(target=b"/sessions" + b"/a" * 30_000), {404}),
    "path with raw bytes above 127": (request(target=b"/sessions/\xc3\xa9"), {400, 404}),
    "path with a space": (request(target=b"/sessions/1 2"), {400}),
    "path that is an asterisk": (
        b"OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        {404},
    ),
    "target with a host": (
        b"GET http://x" + BASE + b"/sessions/1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        {401},
    ),
    "target with a host, its scheme in capitals": (
        b"GET HTTP://x" + BASE + b"/sessions/1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        {401},
    ),
    "CONNECT": (b"CONNECT x:1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", {400, 404}),
    "query of broken UTF-8": (request(target=b"/sessions/linked-user?page=%ff"), {422}),
    "query of 60,000 characters": (
        request(target=b"/sessions/linked-user?page=" + b"A" * 60_000),
        {422},
    ),
    "query of 30,000 parameters": (
        request(target=b"/sessions/linked-user?" + b"&a" * 30_000),
        {200},
    ),
    "page_size of 60,000 digits": (
        request(target=b"/sessions/linked-user?page_size=" + b"9" * 60_000),
        {422},
    ),
    "query with escapes of escapes": (request(target=b"/sessions/linked-user?page=%25ff"), {422}),
    "query of question marks": (request(target=b"/sessions/linked-user????"), {200}),
    "method of another alphabet": (request(b"\xd0\x9f"), {400}),
    "method in lower case": (request(b"get"), {405}),
    "method of 60,000 characters": (request(b"G" * 60_000), {405}),
    "token of 60,000 characters": (
        request(head=b"X: TOKEN\r\n").replace(b"TOKEN", b"a" * 30_000),
        {401},
    ),
    "token of raw bytes": (request().replace(b"TOKEN", b"\xff\xfe"), {401}),
    "token of dots": (request().replace(b"TOKEN", b"." * 1000), {401}),
    "token with a deep header": (
        request().replace(b"TOKEN", b"W1tb" * 10_000 + b".e30.AAAA"),
        {401},
    ),
    "header of 300,000 bytes": (request(head=b"X: " + b"a" * 300_000 + b"\r\n"), {431}),
    "20,000 headers": (request(head=b"X: a\r\n" * 20_000), {404, 431}),
    "header without a colon": (request(head=b"nonsense\r\n"), {400}),
    "header with NUL": (request(head=b"X: a\0b\r\n"), {400}),
    "header folded": (request(head=b"X: a\r\n b\r\n"), {400, 404}),
    "header with a space before the colon": (request(head=b"X : a\r\n"), {400}),
    "no Host": (b"GET " + BASE + b"/sessions/1 HTTP/1.1\r\n\r\n", {400}),
    "HTTP/1.0": (b"GET " + BASE + b"/sessions/1 HTTP/1.0\r\n\r\n", {401}),
    "HTTP/0.9": (b"GET /\r\n\r\n", {400}),
    "HTTP/2 preface": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {400, 404}),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 500, {400}),
    "upgrade to a socket": (
        request(head=b"Upgrade: websocket\r\nSec-WebSocket-Key: x\r\n").replace(
            b"Connection: close", b"Connection: close, upgrade"
        ),
        {404},
    ),
    "length below zero": (patch(b"{}").replace(b"Length: 2", b"Length: -2"), {400}),
    "length that is a word": (patch(b"{}").replace(b"Length: 2", b"Length: two"), {400}),
    "length of Arabic digits": (patch(b"{}").replace(b"Length: 2", b"Length: \xd9\xa2"), {400}),
    "length of 5,000 digits": (
        patch(b"{}").replace(b"Length: 2", b"Length: " + b"9" * 5000),
        {400, 413},
    ),
    "two lengths": (patch(b"{}", b"Content-Length: 3\r\n"), {400}),
    "length and chunks": (chunked(b"2\r\n{}\r\n0\r\n\r\n", b"Content-Length: 2\r\n"), {400, 404}),
    "chunk size that is not a number": (chunked(b"zz\r\n{}\r\n0\r\n\r\n"), {400}),
    "chunk size below zero": (chunked(b"-2\r\n{}\r\n0\r\n\r\n"), {400}),
    "chunk size of 100 digits": (chunked(b"f" * 100 + b"\r\n{}"), {400, 413}),
    "chunk longer than said": (chunked(b"1\r\n{}\r\n0\r\n\r\n"), {400}),
    "another transfer coding": (
        chunked(b"{}").replace(b"Encoding: chunked", b"Encoding: gzip"),
        {400, 501},
    ),
    "2 MiB in chunks": (chunked(b"8000\r\n" + b"[" * 0x8000 + b"\r\n") + b"", set()),
    "NUL in the JSON": (patch(b'{"duration": 1\0}'), {400}),
    "a megabyte of brackets": (patch(b"[" * (1024 * 1024)), {400}),
    "a megabyte of braces": (patch(b'{"a":' * 200_000), {400}),
    "a megabyte of digits": (patch(b'{"duration":' + b"9" * 1_000_000 + b"}"), {422}),
    "a megabyte of zeros": (patch(b'{"duration":0.' + b"0" * 1_000_000 + b"1}"), {422}),
    "an endless exponent": (patch(b'{"duration":1e' + b"9" * 100_000 + b"}"), {422}),
    "a negative exponent": (patch(b'{"duration":1e-' + b"9" * 100_000 + b"}"), {422}),
    "a megabyte of wrong notes": (patch(b'{"clinician_notes":[' + b"1," * 500_000 + b"1]}"), {422}),
    "100,000 members": (
        patch(b"{" + b",".join(b'"%d":0' % number for number in range(90_000)) + b"}"),
        {404},
    ),
    "a number where an object belongs": (patch(b'{"patient":1e999}'), {422}),
    "a proto": (patch(b'{"__proto__":{"duration":1},"__class__":1}'), {404}),
    "no Host at all": (b"GET " + BASE + b"/sessions/1 HTTP/1.1\r\nA: b\r\n\r\n", {400}),
    "two Hosts": (request(head=b"Host: y\r\n"), {400}),
    "line ends without CR": (request().replace(b"\r\n", b"\n"), {400, 404}),
    "line ends without LF": (request().replace(b"\r\n", b"\r") + b"\r\n\r\n", {400}),
    "an empty line first": (b"\r\n" + request(), {400, 404}),
    "only line ends": (b"\r\n" * 50_000, {400, 431}),
    "header name of 60,000 bytes": (request(head=b"a" * 60_000 + b": b\r\n"), {400, 404, 431}),
    "header with raw bytes": (request(head=b"X: \xff\xfe\r\n"), {400, 404}),
    "header name with raw bytes": (request(head=b"\xff: a\r\n"), {400}),
    "invalid version of HTTP": (request().replace(b"HTTP/1.1", b"HTTP/9.9"), {400, 404}),
    "chunk extension of 60,000 bytes": (
        chunked(b"2;" + b"a" * 60_000 + b"\r\n{}\r\n0\r\n\r\n"),
        {400, 404},
    ),
    "trailers without end": (chunked(b"2\r\n{}\r\n0\r\n" + b"a: b\r\n" * 20_000), {400, 404, 431}),
    "trailer that is a length": (
        chunked(b"2\r\n{}\r\n0\r\nContent-Length: 5\r\n\r\n"),
        {400, 404},
    ),
    "chunked twice": (
        chunked(b"2\r\n{}\r\n0\r\n\r\n", b"Transfer-Encoding: chunked\r\n"),
        {400, 404},
    ),
    "a length with a sign": (patch(b"{}").replace(b"Length: 2", b"Length: +2"), {400}),
    "two equal lengths in one header": (
        patch(b"{}").replace(b"Length: 2", b"Length: 2, 2"),
        {400, 404},
    ),
    "chunked in another alphabet": (
        chunked(b"2\r\n{}\r\n0\r\n\r\n").replace(b"chunked", b"\xd1\x81hunked"),
        {400, 501},
    ),
    "JSON of UTF-16": (patch('{"duration": 1}'.encode("utf-16")), {400}),
    "JSON of UTF-7": (patch(b"+AHs-+AH0-"), {400}),
    "JSON with a byte order mark": (patch(b"\xef\xbb\xbf{}"), {400}),
    "an overlong character": (patch(b'{"session_name":"\xc0\x80"}'), {400}),
    "half of a surrogate pair": (patch(b'{"transcribe_mode":"\\ud800"}'), {400}),
    "a surrogate pair the wrong way round": (
        patch(b'{"transcribe_mode":"\\udc00\\ud800"}'),
        {400},
    ),
    "a million escapes": (patch(b'{"language_code":"' + b"\\u0000" * 170_000 + b'"}'), {422}),
    "a name of half a megabyte": (patch(b'{"' + b"a" * 500_000 + b'":1}'), {404}),
    "the same name again": (patch(b'{"duration":1,"duration":2}'), {400}),
    "the same name, escaped": (patch(b'{"duration":1,"dur\\u0061tion":2}'), {400}),
    "minus zero": (patch(b'{"duration":-0}'), {404, 422}),
    "NaN": (patch(b'{"duration":NaN}'), {400}),
    "a number of many zeros": (patch(b'{"duration":1' + b"0" * 400 + b"}"), {422}),
    "a date of the year 0": (patch(b'{"patient":{"dob":"0000-00-00"}}'), {422}),
    "a date of Arabic digits": (
        patch('{"patient":{"dob":"\u0662020-01-01"}}'.encode()),
        {422},
    ),
    "a note of half a megabyte": (
        patch(b'{"clinician_notes":["' + b"a" * 500_000 + b'"]}'),
        {404},
    ),
}


def judged(response: bytes) -> int:
    """Return the status of the first response, whose body has the one shape of errors."""
    head, _, rest = response.partition(b"\r\n\r\n")
    status = int(head.split()[1])
    length = re.search(rb"(?i)content-length: (\d+)", head)
    body = rest[: int(length[1])] if length else b""
    # Granian responds to what is not HTTP itself, without a body.
    if status >= 400 and body:
        assert {"msg", "type"} == json.loads(body)["detail"].keys()
    return status


@pytest.mark.parametrize("name", CASES)
def test_s19_no_bytes_yield_a_5xx(sandbox: Sandbox, name: str) -> None:
    data, statuses = CASES[name]
    response = exchange(
        sandbox.url, data.replace(b"TOKEN", sandbox.token().encode()), half_close=not statuses
    )
    # A request that is not HTTP may be cut off without a response, or while it is being sent.
    may_be_cut = not statuses or statuses & {400, 431}
    if response or not may_be_cut:
        assert judged(response) in (statuses or {400, 413})
    with new_user(sandbox) as api:
        assert 0 == api.page()["count"]


def test_the_cases_are_at_least_60() -> None:
    assert 60 <= len(CASES)


def test_s19_an_incomplete_request_changes_nothing(sandbox: Sandbox, api: Api) -> None:
    session_id = api.create()
    head = (
        f"PATCH {urlsplit(sandbox.url).path}/sessions/{session_id} HTTP/1.1\r\nHost: x\r\n"
        f"Authorization: {api.headers['authorization']}\r\nContent-Type: application/json\r\n"
        'Content-Length: 20\r\n\r\n{"duration": 1}'
    )
    response = exchange(sandbox.url, head.encode(), half_close=True)
    assert b"" == response or judged(response) == 400
    assert 0 == api.session(session_id)["duration"]


def test_s19_requests_sent_in_one_go_get_responses_in_turn(sandbox: Sandbox, api: Api) -> None:
    session_id = api.create()
    path = f"{urlsplit(sandbox.url).path}/sessions/{session_id}"
    common = f"Host: x\r\nAuthorization: {api.headers['authorization']}\r\n"
    body = '{"duration": 1}'
    update = f"PATCH {path} HTTP/1.1\r\n{common}Content-Type: application/json\r\n"
    whole = (
        f"GET {path} HTTP/1.1\r\n{common}\r\n"
        f"{update}Content-Length: {len(body)}\r\n\r\n{body}"
        f"GET {path} HTTP/1.1\r\n{common}Connection: close\r\n\r\n"
    )
    response = exchange(sandbox.url, whole.encode())
    assert 3 == response.count(b"HTTP/1.1 200 OK")
    assert 1 == response.count(b'"duration":0')
    assert 2 == response.count(b'"duration":1')


def test_s19_a_body_on_a_get_is_ignored(api: Api) -> None:
    session_id = api.create()
    response = api.request("GET", f"/sessions/{session_id}", content=b"{" * 100_000)
    assert 200 == response.status_code
    assert 200 == api.get(f"/sessions/{session_id}").status_code


# Requests whose end two servers read differently, so that a second request can hide behind them.
HIDDEN: dict[str, bytes] = {
    "length and chunks": chunked(b"0\r\n\r\n", b"Content-Length: 2\r\n"),
    "chunks and length": chunked(b"0\r\n\r\n").replace(
        b"Transfer-Encoding", b"Content-Length: 5\r\nTransfer-Encoding"
    ),
    "two lengths": patch(b"{}", b"Content-Length: 3\r\n"),
    "a length with a sign": patch(b"{}").replace(b"Length: 2", b"Length: +2"),
    "chunked with a space before the colon": chunked(b"0\r\n\r\n").replace(
        b"Encoding:", b"Encoding :"
    ),
    "something like chunked": chunked(b"0\r\n\r\n").replace(b"chunked", b"xchunked"),
    "chunked and more": chunked(b"0\r\n\r\n").replace(b"chunked", b"chunked, identity"),
    "a chunk size with a sign": chunked(b"+0\r\n\r\n"),
    "a chunk size with a prefix": chunked(b"0x0\r\n\r\n"),
}


@pytest.mark.parametrize("name", HIDDEN)
def test_nothing_after_an_ambiguous_request_gets_a_response(sandbox: Sandbox, name: str) -> None:
    first = HIDDEN[name].replace(b"Connection: close\r\n", b"")
    whole = (first + request(target=b"/sessions/2")).replace(b"TOKEN", sandbox.token().encode())
    assert exchange(sandbox.url, whole).count(b"HTTP/1.1 ") <= 1


def with_token(data: bytes, token: str) -> bytes:
    return data.replace(b"TOKEN", token.encode())


# The first bytes of a slow caller, and those that it repeats; empty if it stops sending.
SLOW: dict[str, tuple[bytes, bytes]] = {
    "says nothing": (b"", b""),
    "stops in the request line": (b"GET /x HT", b""),
    "stops in a header": (b"GET /x HTTP/1.1\r\nHos", b""),
    "stops before the last line end": (b"GET /x HTTP/1.1\r\nHost: x\r\n", b""),
    "drips a header": (b"GET /x HTTP/1.1\r\nHost: x\r\nX: ", b"a"),
    "drips headers": (b"GET /x HTTP/1.1\r\nHost: x\r\n", b"X: a\r\n"),
    "drips line ends": (b"", b"\r\n"),
    "stops in the body": (patch(b"{}")[:-1], b""),
    "drips a body": (patch(b"{" + b" " * 999 + b"}")[:-999], b" "),
    "stops in a chunk": (chunked(b"5\r\n{"), b""),
    "stops between chunks": (chunked(b"1\r\n{\r\n"), b""),
    "drips chunks": (chunked(b""), b"1\r\n \r\n"),
    "drips a body that is not read": (request(head=b"Content-Length: 9999\r\n"), b" "),
    "drips trailers": (chunked(b"2\r\n{}\r\n0\r\n"), b"a: b\r\n"),
    "says nothing after a response": (request().replace(b"Connection: close\r\n", b""), b""),
}
QUICK = Limits(head_time=0.5, body_time=0.5, send_time=1)
LONG_ENOUGH = 8  # seconds


def drip(url: str, begin: bytes, one: bytes) -> bytes:
    """Send slowly, and return what came back when the server had enough; fail if it has not."""
    parts = urlsplit(url)
    response = b""
    with socket.create_connection((parts.hostname, parts.port), timeout=LONG_ENOUGH) as connection:
        connection.sendall(begin)
        end = time.monotonic() + LONG_ENOUGH
        connection.settimeout(0.05 if one else LONG_ENOUGH)
        with contextlib.suppress(ConnectionError):
            while time.monotonic() < end:
                try:
                    chunk = connection.recv(65536)
                except TimeoutError:
                    connection.sendall(one)
                    continue
                if not chunk:
                    return response
                response += chunk
            raise AssertionError("the server is still listening")
    return response


def test_a_slow_caller_is_cut_off(database_url: str) -> None:
    responses: dict[str, bytes] = {}
    with serving(database_url, limits=QUICK) as sandbox:

        def run(name: str) -> None:
            begin, one = SLOW[name]
            responses[name] = drip(sandbox.url, with_token(begin, sandbox.token()), one)

        threads = [threading.Thread(target=run, args=(name,)) for name in SLOW]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert SLOW.keys() == responses.keys()
    statuses = {name: judged(response) for name, response in responses.items() if response}
    assert set(statuses.values()) <= {400, 404, 408}
    assert 408 == statuses["stops in the body"] == statuses["drips chunks"]


def test_a_caller_that_does_not_read_is_cut_off(database_url: str) -> None:
    with serving(database_url, limits=QUICK) as sandbox, new_user(sandbox) as api:
        for _ in range(16):
            api.update(api.create(), {"clinician_notes": ["a" * 900_000]})
        parts = urlsplit(sandbox.url)
        with socket.socket() as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.connect((parts.hostname, parts.port))
            whole = request(target=b"/sessions/linked-user?page_size=100")
            connection.sendall(with_token(whole, api.headers["authorization"].split()[1]))
            connection.settimeout(LONG_ENOUGH)
            first = connection.recv(4096)
            time.sleep(4)
            received = len(first)
            with contextlib.suppress(ConnectionError):
                while chunk := connection.recv(1 << 20):
                    received += len(chunk)
    assert first.startswith(b"HTTP/1.1 200 ")
    assert received < 14_000_000


def test_a_busy_connection_may_last_longer_than_one_request(database_url: str) -> None:
    limits = Limits(head_time=2, body_time=2)
    with serving(database_url, limits=limits) as sandbox, new_user(sandbox) as api:
        session_id = api.create()
        for number in range(8):
            assert number == api.update(session_id, {"duration": number})["duration"]
            time.sleep(0.3)  # each far below the limit, together above it


@pytest.mark.parametrize("count", [600, pytest.param(10_000, marks=pytest.mark.long)])
def test_idle_connections_do_not_keep_others_waiting(tmp_path: Path, count: int) -> None:
    allow_connections(count)
    with started(tmp_path) as process, contextlib.ExitStack() as idle:
        parts = urlsplit(process.url)
        for number in range(count):
            address = (parts.hostname, parts.port)
            connection = idle.enter_context(socket.create_connection(address, timeout=60))
            if number % 2:
                connection.sendall(request()[:20])
        with process.api() as api:
            assert api.session(api.create())
        assert resident(process) < 512 * 1024 * 1024


@pytest.mark.parametrize(
    ("limits", "most"),
    [((1_000, 1_000), 900), ((1_000, 4_000), 3_900), ((256, -1), 5_000), ((-1, -1), 5_000)],
)
def test_there_are_no_more_connections_than_files_may_be_open(
    monkeypatch: pytest.MonkeyPatch, limits: tuple[int, int], most: int
) -> None:
    held = [limits]
    monkeypatch.setattr(resource, "getrlimit", lambda _: held[-1])
    monkeypatch.setattr(resource, "setrlimit", lambda _, given: held.append(given))
    allow_connections(5_000)
    assert most == possible_connections(5_000)
    assert limits[1] == held[-1][1]


def test_where_the_system_allows_fewer_files_than_it_says_there_are_as_many_as_it_allows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    held = [(256, -1)]

    def set_limit(_: int, limits: tuple[int, int]) -> None:
        if limits[0] > 10_240:
            raise ValueError
        held.append(limits)

    monkeypatch.setattr(resource, "getrlimit", lambda _: held[-1])
    monkeypatch.setattr(resource, "setrlimit", set_limit)
    allow_connections(12_000)
    assert 10_140 == possible_connections(12_000)


def test_there_are_so_many_requests_at_once_and_no_more() -> None:
    running = most = 0

    async def app(_scope: Scope, _receive: Receive, _send: Send) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1

    async def many() -> None:
        turns, messages = Turns(app, 3), Queue[Message]()
        await asyncio.gather(*(turns({}, messages.get, messages.put) for _ in range(20)))

    asyncio.run(many())
    assert 3 == most


def test_the_number_of_connections_is_limited(database_url: str) -> None:
    limits = Limits(connections=20)
    with serving(database_url, limits=limits) as sandbox:
        parts = urlsplit(sandbox.url)
        served = 0
        with contextlib.ExitStack() as idle:
            for _ in range(30):
                connection = socket.create_connection((parts.hostname, parts.port), timeout=0.3)
                idle.enter_context(connection)
                with contextlib.suppress(TimeoutError, ConnectionError):
                    connection.sendall(request().replace(b"Connection: close\r\n", b""))
                    served += connection.recv(65536).startswith(b"HTTP/1.1 401 ")
        assert served == 20
        with new_user(sandbox) as api:
            assert api.session(api.create())


def is_cut_off(url: str, begin: bytes, one: bytes) -> bool:
    """Whether the server closes the connection of a caller that sends endlessly.

    It may show late: up to 40 MiB that the server has not read wait in the kernel.
    """
    parts = urlsplit(url)
    most = 256 * 1024 * 1024
    with socket.create_connection((parts.hostname, parts.port), timeout=LONG_ENOUGH) as connection:
        connection.sendall(begin)
        try:
            for _ in range(most // len(one)):
                connection.sendall(one)
        except ConnectionError:
            return True
    return False


def resident(process: Process) -> int:
    """Return the memory of a process in bytes."""
    pages = Path(f"/proc/{process.running.pid}/statm").read_text().split()[1]
    return int(pages) * 4096


def storm(process: Process, token: str) -> None:
    """Send it everything at once, by eight threads."""
    body = patch(b"").replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
    for begin, one in (
        (b"GET /x HTTP/1.1\r\nHost: x\r\nX: ", b"a" * 65536),
        (b"GET /", b"a" * 65536),
        (b"GET /x HTTP/1.1\r\n", b"X: a\r\n" * 10_000),
        (with_token(body, token), b"8000\r\n%b\r\n" % (b" " * 0x8000)),
    ):
        assert is_cut_off(process.url, begin, one)
    cases = [with_token(data, token) for data, statuses in CASES.values() if statuses]
    numbers = itertools.count()
    lock = threading.Lock()
    bad: list[bytes] = []

    def send() -> None:
        while (number := next(numbers)) < len(cases):
            response = exchange(process.url, cases[number])
            if b"HTTP/1.1 5" in response:
                with lock:
                    bad.append(cases[number][:200])

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [] == bad


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc").is_dir(), reason="memory is read from /proc")
def test_s19_memory_stays_flat_whatever_the_bytes(tmp_path: Path) -> None:
    with started(tmp_path) as process:
        with process.api() as api:
            token = api.headers["authorization"].split()[1]
            for _ in range(2):  # buffers and caches fill first
                storm(process, token)
            before = resident(process)
            for _ in range(3):
                storm(process, token)
            assert resident(process) - before < 16 * 1024 * 1024
            assert api.session(api.create())
        assert (0, "", "") == process.stop()
