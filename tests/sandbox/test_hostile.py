"""S19: whatever the bytes, the answer is no 5xx, and the next caller is served."""

import socket
import time
from urllib.parse import urlsplit

import pytest
from heidi_sandbox import Sandbox, serving

from tests.sandbox.api import Api, exchange, new_user, status_and_body

BASE = b"/api/v2/ml-scribe/open-api"
JSON = b"Content-Type: application/json\r\n"


def request(
    method: bytes = b"GET", target: bytes = b"/sessions/1", head: bytes = b"", body: bytes = b""
) -> bytes:
    """Return a request; TOKEN stands where the test puts a token."""
    return (
        method + b" " + BASE + target + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        b"Authorization: Bearer TOKEN\r\n" + head + b"\r\n" + body
    )


def patch(body: bytes, head: bytes = b"") -> bytes:
    length = b"Content-Length: %d\r\n" % len(body)
    return request(b"PATCH", b"/sessions/1", JSON + length + head, body)


def chunked(body: bytes, head: bytes = b"") -> bytes:
    return request(b"PATCH", b"/sessions/1", JSON + b"Transfer-Encoding: chunked\r\n" + head, body)


# What is sent, and the statuses that may come; none of them where the connection may just end.
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
    "path with raw bytes above 127": (request(target=b"/sessions/\xc3\xa9"), {400}),
    "path with a space": (request(target=b"/sessions/1 2"), {400}),
    "path that is a star": (b"OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", {404}),
    "target with a host": (
        b"GET http://x" + BASE + b"/sessions/1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        {401, 404},
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
    "header of 100,000 bytes": (request(head=b"X: " + b"a" * 100_000 + b"\r\n"), {400, 404}),
    "20,000 headers": (request(head=b"X: a\r\n" * 20_000), {400, 404}),
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
    "chunk size that is no number": (chunked(b"zz\r\n{}\r\n0\r\n\r\n"), {400}),
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
}


@pytest.mark.parametrize("name", CASES)
def test_s19_no_bytes_yield_a_5xx(sandbox: Sandbox, name: str) -> None:
    data, statuses = CASES[name]
    answer = exchange(
        sandbox.url, data.replace(b"TOKEN", sandbox.token().encode()), half_close=not statuses
    )
    if answer or statuses:
        status, body = status_and_body(answer)
        assert status in (statuses or {400, 413})
        if status >= 400:
            assert {"msg", "type"} == body["detail"].keys()
    with new_user(sandbox) as api:
        assert 0 == api.page()["count"]


def test_s19_a_request_that_breaks_off_changes_nothing(sandbox: Sandbox, api: Api) -> None:
    session_id = api.create()
    parts = urlsplit(sandbox.url)
    head = (
        f"PATCH {parts.path}/sessions/{session_id} HTTP/1.1\r\nHost: x\r\n"
        f"Authorization: {api.headers['authorization']}\r\nContent-Type: application/json\r\n"
        'Content-Length: 20\r\n\r\n{"duration": 1}'
    )
    assert b"" == exchange(sandbox.url, head.encode(), half_close=True)
    assert 0 == api.session(session_id)["duration"]


def test_s19_requests_sent_in_one_go_are_answered_in_turn(sandbox: Sandbox, api: Api) -> None:
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
    answer = exchange(sandbox.url, whole.encode())
    assert 3 == answer.count(b"HTTP/1.1 200 OK")
    assert 1 == answer.count(b'"duration":0')
    assert 2 == answer.count(b'"duration":1')


def test_s19_a_body_on_a_get_is_ignored(api: Api) -> None:
    session_id = api.create()
    answer = api.request("GET", f"/sessions/{session_id}", content=b"{" * 100_000)
    assert 200 == answer.status_code
    assert 200 == api.get(f"/sessions/{session_id}").status_code


def test_nothing_behind_a_body_of_two_lengths_is_answered(sandbox: Sandbox) -> None:
    smuggled = request(target=b"/sessions/2")
    whole = (
        b"PATCH "
        + BASE
        + b"/sessions/1 HTTP/1.1\r\nHost: x\r\n"
        + JSON
        + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        + smuggled
    )
    assert 1 == exchange(sandbox.url, whole).count(b"HTTP/1.1 ")


@pytest.mark.parametrize("sent", [b"", b"GET /x HT", patch(b"{}")[:-1]])
def test_a_request_that_does_not_end_is_cut(sent: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("_SLOWEST_REQUEST", 0.2)
    with serving() as sandbox:
        parts = urlsplit(sandbox.url)
        with socket.create_connection((parts.hostname, parts.port), timeout=10) as connection:
            connection.sendall(sent.replace(b"TOKEN", sandbox.token().encode()))
            assert b"" == connection.recv(1)


def test_a_busy_connection_outlives_the_limit_of_one_request(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("_SLOWEST_REQUEST", 0.4)
    with serving() as sandbox, new_user(sandbox) as api:
        for _ in range(4):
            assert 404 == api.get("/sessions/1").status_code
            time.sleep(0.2)


def test_a_connection_that_sends_nothing_does_not_keep_others_waiting(sandbox: Sandbox) -> None:
    parts = urlsplit(sandbox.url)
    assert parts.hostname is not None
    assert parts.port is not None
    idle = [socket.create_connection((parts.hostname, parts.port)) for _ in range(50)]
    try:
        with new_user(sandbox) as api:
            assert api.session(api.create())
    finally:
        for connection in idle:
            connection.close()
