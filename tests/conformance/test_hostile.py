"""Whatever a server sends, the judge ends in time, with a finding or with one clear sentence."""

import contextlib
import gzip
import socket
import threading
import time
from collections.abc import Callable, Generator
from itertools import pairwise

import pytest
from heidi_conformance import CannotJudgeError, Progress, _wire, judge

from .conftest import Judged
from .faults.simple import TOKEN
from .reference import Api, Fault, Handler, Request, Response, faulty, respond, serving

Attack = Callable[[socket.socket], None]
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
PAGE = b'{"sessions":[],"count":0,"total_count":0,"next_page":null,"has_next_page":false}'


@contextlib.contextmanager
def raw_server(attack: Attack) -> Generator[str]:
    """Respond to every connection with an attack."""
    listener = socket.create_server(("127.0.0.1", 0))
    threads: list[threading.Thread] = []

    def one(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.recv(65536)
            attack(connection)

    def run() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                thread = threading.Thread(target=one, args=(connection,), daemon=True)
                thread.start()
                threads.append(thread)

    acceptor = threading.Thread(target=run, daemon=True)
    acceptor.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/api"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        acceptor.join()
        for thread in threads:
            thread.join(5)


def endless_body(connection: socket.socket) -> None:
    connection.sendall(OK + b"Transfer-Encoding: chunked\r\n\r\n")
    while True:
        connection.sendall(b"10000\r\n" + b"x" * 65536 + b"\r\n")


def endless_head(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    while True:
        connection.sendall(b"X-More: " + b"x" * 4096 + b"\r\n")


def endless_hints(connection: socket.socket) -> None:
    while True:
        connection.sendall(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 100)


def slow_drip(connection: socket.socket) -> None:
    connection.sendall(OK + b"Content-Length: 1000\r\n\r\n")
    while True:
        connection.sendall(b" ")
        time.sleep(0.02)


def silence(connection: socket.socket) -> None:
    connection.recv(1)


def bomb(connection: socket.socket) -> None:
    body = gzip.compress(b"\0" * (_wire.LARGEST_RESPONSE + 1), 1)
    connection.sendall(
        OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    )


def plainly(text: bytes) -> Attack:
    return lambda connection: connection.sendall(text)


ATTACKS: dict[str, Attack] = {
    "silence": silence,
    "endless body": endless_body,
    "endless head": endless_head,
    "endless hints": endless_hints,
    "slow drip": slow_drip,
    "compressed bomb": bomb,
    "no HTTP": plainly(b"SSH-2.0-OpenSSH\r\n"),
    "half a status line": plainly(b"HTTP/1.1 2"),
    "half a body": plainly(OK + b"Content-Length: 99\r\n\r\n{"),
    "two lengths": plainly(OK + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}"),
    "a negative length": plainly(OK + b"Content-Length: -1\r\n\r\n{}"),
    "a broken chunk": plainly(OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n"),
    "broken compression": plainly(OK + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}"),
    "unknown compression": plainly(OK + b"Content-Encoding: br\r\nContent-Length: 2\r\n\r\n{}"),
    "nothing": plainly(b""),
}


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_a_server_that_sends_incomplete_responses_cannot_be_judged(
    attack: Attack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_wire, "SLOWEST_RESPONSE", 0.3)
    with (
        raw_server(attack) as url,
        pytest.raises(
            CannotJudgeError,
            match=r"^127\.0\.0\.1:\d+ does not respond to GET /api/[^\n]+ \([^\n]+\)$",
        ),
    ):
        judge(url, token=TOKEN)


# Rules whose scripts use every operation, many times.
SLACK = 4  # seconds that a busy machine may add
SOME = ("works", "update-read", "walks", "update-listed")


def too_many(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 429 Too Many\r\nRetry-After: 5\r\nContent-Length: 0\r\n\r\n")


def broken(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 500 Oops\r\nContent-Length: 4\r\n\r\noops")


USELESS: dict[str, tuple[Attack, str]] = {
    "silence": (silence, r"does not respond to GET .*no response within 1 seconds"),
    "slow drip": (slow_drip, r"does not respond to GET .*no whole response within 1 seconds"),
    "too many": (too_many, r"responds to GET \S+ with 429 .*raise the limit"),
    "broken": (broken, r"responds to GET \S+ with 500 and 4 bytes.*its log"),
}


@pytest.mark.parametrize(("attack", "named"), USELESS.values(), ids=USELESS)
def test_a_useless_server_is_reported_within_the_budget_with_what_it_did(
    attack: Attack, named: str
) -> None:
    started = time.monotonic()
    with raw_server(attack) as url, pytest.raises(CannotJudgeError, match=named):
        judge(url, token=TOKEN, time_budget=2)
    assert time.monotonic() - started < 2 + SLACK


def always(status: int) -> Fault:
    def fault(request: Request, handle: Handler) -> Response:
        error = {"detail": {"msg": "not now", "type": "Error"}}
        reply = respond(status, error).but(headers={"retry-after": "5"})
        return reply if request.method == "POST" else handle(request)

    return fault


@pytest.mark.slow
@pytest.mark.parametrize("status", [429, 500])
def test_a_server_that_creates_nothing_ends_within_the_budget(status: int, api: Api) -> None:
    told: list[Progress] = []
    started = time.monotonic()
    with serving(faulty(api, always(status))) as url, contextlib.suppress(CannotJudgeError):
        judge(url, token=TOKEN, level="strict", time_budget=5, on_progress=told.append)
    assert time.monotonic() - started < 5 + SLACK
    seconds = [step.seconds for step in told]
    assert max((later - earlier for earlier, later in pairwise(seconds)), default=0) < SLACK


def bare_list(request: Request, handle: Handler) -> Response:
    reply = handle(request)
    if reply.status != 200 or b'"sessions"' not in reply.body:
        return reply
    return respond(200, reply.content["sessions"])


def unwrapped(request: Request, handle: Handler) -> Response:
    reply = handle(request)
    if reply.status != 200 or b'"session"' not in reply.body:
        return reply
    return respond(200, reply.content["session"])


@pytest.mark.parametrize("fault", [bare_list, unwrapped])
def test_another_shape_on_the_right_path_is_a_finding(fault: Fault, judged: Judged) -> None:
    assert "answer-schema" in {item.rule for item in judged(fault, rules=SOME).findings}


def redirect(request: Request, handle: Handler) -> Response:
    return Response(307, b"", {"location": "http://127.0.0.1:1/elsewhere"})


def not_utf8(request: Request, handle: Handler) -> Response:
    reply = handle(request)
    return reply.but(body=reply.body.replace(b"Session", b"S\xff\xfe"))


def deep(request: Request, handle: Handler) -> Response:
    reply = handle(request)
    return (
        reply.but(body=b'{"session":' * 20_000 + b"1" + b"}" * 20_000)
        if reply.status == 200
        else reply
    )


def huge_number(request: Request, handle: Handler) -> Response:
    reply = handle(request)
    return reply.but(body=reply.body.replace(b'"duration": 60', b'"duration": 1' + b"0" * 9999))


def sessions_of_another_kind(request: Request, handle: Handler) -> Response:
    reply = handle(request)
    if reply.status != 200 or "sessions" not in reply.content:
        return reply
    strange = {
        "sessions": [None, 7, {"session_id": [1]}, {"session_id": {}, "patient": 3}],
        "next_page": {"a": 1},
    }
    return reply.but(content=reply.content | strange)


def endless_walk(request: Request, handle: Handler) -> Response:
    reply = handle(request)
    if reply.status != 200 or "sessions" not in reply.content:
        return reply
    return reply.but(content=reply.content | {"next_page": "again", "has_next_page": True})


def surrogates(request: Request, handle: Handler) -> Response:
    reply = handle(request)
    return reply.but(body=reply.body.replace(b'"Session ', b'"\\ud800\\udfff\\udc00'))


HOSTILE = {
    fault.__name__: fault
    for fault in (
        not_utf8,
        deep,
        huge_number,
        sessions_of_another_kind,
        endless_walk,
        surrogates,
    )
}


@pytest.mark.slow
@pytest.mark.parametrize("fault", HOSTILE.values(), ids=HOSTILE)
def test_responses_of_every_strange_kind_are_findings(
    fault: Callable[[Request, Handler], Response], judged: Judged
) -> None:
    verdict = judged(fault, rules=SOME)

    assert verdict.findings
    assert TOKEN not in verdict.to_json()


def test_a_server_that_redirects_cannot_be_judged(judged: Judged) -> None:
    with pytest.raises(
        CannotJudgeError, match=r"responds to GET /\S+ with 307 and 0 bytes, not with"
    ):
        judged(redirect)


def test_a_server_that_stops_responding_is_given_up_in_time(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_wire, "SLOWEST_RESPONSE", 0.2)
    monkeypatch.setattr(_wire, "SILENCE", 1.0)
    seen = iter(range(100))

    def falls_silent(request: Request, handle: Handler) -> Response:
        if next(seen, None) is None:
            time.sleep(0.4)
        return handle(request)

    started = time.monotonic()
    with serving(faulty(api, falls_silent)) as url:
        verdict = judge(url, level="strict", token=TOKEN, rules_only=True)

    assert "answers" in {finding.rule for finding in verdict.findings}
    assert any("unanswered" in note for note in verdict.notes)
    assert time.monotonic() - started < 20


@pytest.mark.slow
def test_a_connection_may_be_closed_after_every_response(judged: Judged) -> None:
    def closes(request: Request, handle: Handler) -> Response:
        return handle(request).but(headers={"connection": "close"})

    assert () == judged(closes, rules=SOME).findings


def test_a_request_is_sent_completely_when_early_hints_arrive_during_it() -> None:
    body = b"x" * 4 * 1024 * 1024 + b"!"

    def hints(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 103 Early Hints\r\n\r\n")
        time.sleep(0.1)
        while not (received := connection.recv(65536)).endswith(b"!"):
            assert received
        connection.sendall(OK + b"Content-Length: 2\r\n\r\n{}")

    with raw_server(hints) as url, _wire.Wire(url, time.monotonic() + 5) as wire:
        response = wire.send(_wire.Message("POST", "/sessions", body=body))

    assert isinstance(response, _wire.Reply)
    assert (200, b"{}") == (response.status, response.body)


@pytest.mark.slow
def test_a_compressed_response_is_read(judged: Judged) -> None:
    def compressed(request: Request, handle: Handler) -> Response:
        reply = handle(request)
        body = gzip.compress(reply.body)
        length = {"content-encoding": "gzip", "content-length": str(len(body))}
        return reply if request.method == "HEAD" else reply.but(body=body, headers=length)

    assert () == judged(compressed, rules=SOME).findings


@pytest.mark.slow
def test_a_server_that_asks_to_wait_is_not_accused(judged: Judged) -> None:
    numbers = iter(range(100_000))

    def busy(request: Request, handle: Handler) -> Response:
        if next(numbers) % 7 == 3:
            error = {"detail": {"msg": "slow down", "type": "TooManyRequests"}}
            return respond(429, error).but(headers={"retry-after": "0"})
        return handle(request)

    verdict = judged(busy, rules=(*SOME, "retry-after"))
    assert () == verdict.findings
    assert verdict.sessions_tagged == verdict.sessions_created > 7
    assert "passed" == next(item.result for item in verdict.outcomes if item.rule == "retry-after")


def test_a_slow_server_is_not_accused_when_the_run_ends(api: Api) -> None:
    def slow(request: Request, handle: Handler) -> Response:
        time.sleep(0.2)
        return handle(request)

    with (
        serving(faulty(api, slow)) as url,
        pytest.raises(CannotJudgeError, match=r"time budget is spent.*--time-budget"),
    ):
        judge(url, token=TOKEN, level="strict", time_budget=3)


def ending(api: Api) -> Fault:
    """Let the token expire after some requests."""

    def ends(request: Request, handle: Handler) -> Response:
        if len(api.requests) > 200:
            api.expiries[TOKEN] = time.time() - 1
        return handle(request)

    return ends


@pytest.mark.slow
def test_a_token_that_expires_during_the_run_causes_no_finding(api: Api) -> None:
    with (
        serving(faulty(api, ending(api))) as url,
        pytest.raises(CannotJudgeError, match="a token expired during the run"),
    ):
        judge(url, token=TOKEN, level="strict", rules_only=True)


def test_a_token_that_was_never_valid_is_named_before_anything_is_sent(api: Api) -> None:
    with (
        serving(api.handle) as url,
        pytest.raises(CannotJudgeError, match="refuses the token of the second user"),
    ):
        judge(url, token=TOKEN, other_token="of-nobody", level="strict", rules_only=True)
    assert {"GET"} == {request.method for request in api.requests}


@pytest.mark.slow
def test_a_fault_is_still_found_although_a_token_expired(api: Api) -> None:
    ends = ending(api)

    def unsure(request: Request, handle: Handler) -> Response:
        reply = ends(request, handle)
        return reply.but(status=500) if request.method == "PATCH" else reply

    with serving(faulty(api, unsure)) as url:
        verdict = judge(url, token=TOKEN, level="strict", rules_only=True)
    assert "no-server-error" in {item.rule for item in verdict.findings}
    assert not [item for item in verdict.findings if "401" in item.got]
    assert any("a token expired during the run" in note for note in verdict.notes)


def test_instants_with_and_without_an_offset_are_a_finding(judged: Judged) -> None:
    def of_a_zone(request: Request, handle: Handler) -> Response:
        reply = handle(request)
        if request.method == "POST" or reply.status != 200 or b'"sessions"' in reply.body:
            return reply
        session = reply.content["session"]
        session["created_at"] += "Z"
        return reply.but(content={"session": session})

    findings = judged(of_a_zone, rules=("update-read", "updated-at")).findings
    assert "answer-schema" in {finding.rule for finding in findings}
