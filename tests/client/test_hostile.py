"""A server may send anything, forever: the settings of the client limit all of it."""

from __future__ import annotations

import asyncio
import gzip
import socket
import threading
import time
import tracemalloc
import zlib
from functools import cache
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from heidi_sessions import (
    APIConnectionError,
    APIResponseValidationError,
    APIStatusError,
    APITimeoutError,
    AsyncHeidi,
    ConfigurationError,
    Heidi,
    HeidiError,
)
from heidi_sessions._http import _clients

from .harness import Driver, Script, envelope, failure

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping

MEBIBYTE = 2**20
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
LARGE = 20 * MEBIBYTE
USER = {"api_key": "k", "email": "e@clinic.test", "third_party_internal_id": "1"}


@cache
def bomb() -> bytes:
    """Return 400 MiB, compressed."""
    packer = zlib.compressobj(9, wbits=31)
    pieces = [packer.compress(bytes(MEBIBYTE)) for _ in range(400)]
    return b"".join([*pieces, packer.flush()])


class Server:
    """Responds to each connection with a function, once it has read a request."""

    def __init__(self, respond: Callable[[socket.socket], None]) -> None:
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.respond = respond
        self.requests = 0
        threading.Thread(target=self.serve, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.listening.getsockname()[1]}"

    def serve(self) -> None:
        while True:
            try:
                connection, _ = self.listening.accept()
            except OSError:
                return
            threading.Thread(target=self.talk, args=(connection,), daemon=True).start()

    def talk(self, connection: socket.socket) -> None:
        with connection:
            try:
                while connection.recv(65536):
                    self.requests += 1
                    self.respond(connection)
            except OSError:
                return


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    servers: list[Server] = []

    def start(respond: Callable[[socket.socket], None]) -> Server:
        servers.append(Server(respond))
        return servers[-1]

    yield start
    for server in servers:
        server.listening.close()


@pytest.fixture(params=["sync", "httpx", "aiohttp"])
def get(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Reads a session over each transport, a number of times over one client."""
    # Work that is done once is not part of a timed call.
    _clients.async_client_class()
    _clients.options("https://heidi.test")
    if request.param == "httpx":
        monkeypatch.setattr(_clients, "async_client_class", lambda: _clients.AsyncClient)

    def run(
        server: Server, *, times: int = 1, per_call: Mapping[str, Any] | None = None, **options: Any
    ) -> Any:
        limits = per_call or {}
        fixed: dict[str, Any] = {"token": "t", "base_url": server.url, "max_retries": 0}
        options = fixed | options
        if request.param == "sync":
            with Heidi(**options) as client:
                return [client.sessions.get("1", **limits) for _ in range(times)]

        async def run_async() -> Any:
            async with AsyncHeidi(**options) as client:
                return [await client.sessions.get("1", **limits) for _ in range(times)]

        return asyncio.run(run_async())

    return run


def drip(connection: socket.socket) -> None:
    connection.sendall(HEAD + b"content-length: 1000000\r\n\r\n")
    while True:
        connection.sendall(b" ")
        time.sleep(0.02)


def drip_headers(connection: socket.socket) -> None:
    connection.sendall(HEAD)
    while True:
        connection.sendall(b"x")
        time.sleep(0.02)


def early_hints(connection: socket.socket) -> None:
    while True:
        connection.sendall(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 10)
        time.sleep(0.01)


def endless(connection: socket.socket) -> None:
    connection.sendall(HEAD + b"\r\n")
    while True:
        connection.sendall(b" " * 65536)


def unzipped(connection: socket.socket) -> None:
    body = bomb()
    size = f"content-length: {len(body)}\r\n".encode()
    connection.sendall(HEAD + b"content-encoding: gzip\r\n" + size + b"\r\n" + body)


@pytest.mark.parametrize("respond", [drip, drip_headers, early_hints])
def test_a_call_ends_at_its_deadline_whatever_is_sent(
    serve: Callable[..., Server], get: Callable[..., Any], respond: Callable[..., None]
) -> None:
    started = time.monotonic()
    with pytest.raises(APITimeoutError) as caught:
        get(serve(respond), timeout=60, deadline=0.6)
    assert 0.5 < time.monotonic() - started < 30
    assert ("the deadline passed", True) == (caught.value.reason, caught.value.may_have_arrived)


def silent(_: socket.socket) -> None:
    time.sleep(3)


@pytest.mark.parametrize("limits", [{"timeout": 5, "deadline": 0.3}, {"timeout": 0.3}])
def test_a_request_for_a_token_ends_with_the_time_of_the_call(
    serve: Callable[..., Server], get: Callable[..., Any], limits: dict[str, float]
) -> None:
    with pytest.raises(APITimeoutError) as caught:
        get(serve(silent), token=None, **USER, per_call=limits)
    assert ("issueToken", False) == (caught.value.operation, caught.value.may_have_arrived)


@pytest.mark.slow
@pytest.mark.parametrize("respond", [endless, unzipped])
def test_a_body_is_not_read_beyond_its_limit(
    serve: Callable[..., Server], get: Callable[..., Any], respond: Callable[..., None]
) -> None:
    server = serve(respond)
    if respond is unzipped:
        bomb()  # before the client waits, and before memory is measured
    tracemalloc.start()
    try:
        with pytest.raises(
            APIResponseValidationError, match="200, and the response is larger than max_re"
        ):
            get(server, max_response_bytes=LARGE, deadline=60)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 3 * LARGE


def test_a_body_of_64_mebibytes_is_read_and_no_larger_one_by_default() -> None:
    for size, read in ((64 * MEBIBYTE, True), (64 * MEBIBYTE + 1, False)):
        body = b'{"session": {"session_id": "1"}}'.ljust(size)
        drive = Driver("sync", Script(httpx.Response(200, content=body)))
        response = drive.run(lambda c: c.sessions.with_raw_response.get("1"))
        assert (len(response.content) == size) is read


def stream(content: bytes, encoding: str, status: int = 200) -> Callable[..., httpx.Response]:
    return lambda _: httpx.Response(
        status, headers={"content-encoding": encoding}, stream=Twice(content)
    )


class Twice(httpx.SyncByteStream, httpx.AsyncByteStream):
    def __init__(self, content: bytes) -> None:
        self.content = content

    def __iter__(self) -> Iterator[bytes]:
        yield from (self.content[:7], self.content[7:])

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self:
            yield piece


def test_a_body_that_is_compressed_is_read(driver: Callable[..., Driver]) -> None:
    packed = gzip.compress(envelope("7").content)
    got = driver(stream(packed, "gzip")).run(lambda c: c.sessions.get("7"))
    assert "7" == got.session_id
    assert (
        "7"
        == driver(stream(envelope("7").content, "identity"))
        .run(lambda c: c.sessions.get("7"))
        .session_id
    )


@pytest.mark.parametrize("cut", [1, 7, 40])
def test_a_compressed_body_of_several_members_is_read_whole(
    driver: Callable[..., Driver], cut: int
) -> None:
    content = envelope("7").content
    packed = gzip.compress(content[:cut]) + gzip.compress(content[cut:])
    assert "7" == driver(stream(packed, "gzip")).run(lambda c: c.sessions.get("7")).session_id


@pytest.mark.parametrize("lost", [1, 8, 30])
def test_a_compressed_body_without_its_end_is_refused(
    driver: Callable[..., Driver], lost: int
) -> None:
    content = envelope("7").content
    packed = gzip.compress(content[:40]) + gzip.compress(content[40:])
    with pytest.raises(APIResponseValidationError, match="its end is missing"):
        driver(stream(packed[:-lost], "gzip")).run(lambda c: c.sessions.get("7"))


def test_an_empty_body_is_not_an_incomplete_one(driver: Callable[..., Driver]) -> None:
    with pytest.raises(APIStatusError, match=r"503$"):
        driver(stream(b"", "gzip", 503)).run(lambda c: c.sessions.get("7"), max_retries=0)


def test_several_members_of_a_compressed_body_share_one_bound(
    driver: Callable[..., Driver],
) -> None:
    packed = gzip.compress(b" " * 600) + gzip.compress(b" " * 600)
    with pytest.raises(APIResponseValidationError, match="larger than max_response_bytes, 1000"):
        driver(stream(packed, "gzip")).run(lambda c: c.sessions.get("7"), max_response_bytes=1000)


@pytest.mark.parametrize(
    ("encoding", "problem"),
    [("br", "has a Content-Encoding"), ("gzip, gzip", "has a Con"), ("gzip", "cannot be decomp")],
)
def test_a_body_in_an_encoding_that_was_not_asked_for_is_not_read(
    driver: Callable[..., Driver], encoding: str, problem: str
) -> None:
    with pytest.raises(APIResponseValidationError, match=problem) as caught:
        driver(stream(b"x" * 20, encoding)).run(lambda c: c.sessions.get("7"))
    assert b"" == caught.value.body
    with pytest.raises(APIStatusError, match="500"):
        driver(stream(b"x" * 20, encoding, 500)).run(lambda c: c.sessions.get("7"), max_retries=0)


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize("retries", [0, 2])
def test_a_dropped_get_is_sent_as_often_as_max_retries_allows(
    serve: Callable[..., Server], get: Callable[..., Any], retries: int
) -> None:
    body = envelope().content
    responses = [HEAD + f"content-length: {len(body)}\r\n\r\n".encode() + body]

    def respond(connection: socket.socket) -> None:
        if responses:
            connection.sendall(responses.pop())
        else:
            connection.shutdown(socket.SHUT_RDWR)

    server = serve(respond)
    with pytest.raises(APIConnectionError) as caught:
        get(server, times=2, max_retries=retries)
    assert (retries, retries + 2) == (caught.value.retries_taken, server.requests)


def test_no_wait_exceeds_the_deadline(driver: Callable[..., Driver], clock: Any) -> None:
    script = Script(failure(503, **{"retry-after": "20"}))
    with pytest.raises(APIStatusError) as caught:
        driver(script).run(lambda c: c.sessions.get("1"), deadline=50, max_retries=9)
    assert ([20, 20], 2, 503) == (
        clock.sleeps,
        caught.value.retries_taken,
        caught.value.status_code,
    )


def test_without_a_deadline_only_retries_limit_a_call(
    driver: Callable[..., Driver], clock: Any
) -> None:
    script = Script(failure(503, **{"retry-after": "60"}))
    with pytest.raises(APIStatusError):
        driver(script).run(lambda c: c.sessions.get("1", deadline=None), max_retries=9)
    assert [60] * 9 == clock.sleeps


@pytest.mark.parametrize("client", [Heidi, AsyncHeidi])
def test_a_base_url_that_httpx_does_not_accept_is_refused(
    client: Callable[..., object],
) -> None:
    url = "https://\u2603\ufffe"
    with pytest.raises(ConfigurationError, match=r"^base_url must be a URL"):
        client(token="t", base_url=url)


@pytest.mark.parametrize("proxy", ["ftp://user:s3cret@proxy", "socks5://user:s3cret@proxy:1"])
def test_a_proxy_that_cannot_be_used_is_a_configuration_error(
    monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    with Heidi(token="t") as client, pytest.raises(ConfigurationError, match=r"^HTTPS_PROXY") as e:
        client.sessions.get("1")
    assert "s3cret" not in str(e.value)


@pytest.mark.parametrize("options", [{"token": "t"}, {"token": None, **USER}])
def test_an_unknown_path_hints_at_the_server(
    driver: Callable[..., Driver], options: dict[str, Any]
) -> None:
    with pytest.raises(HeidiError, match=r"404 PathNotFoundError; check the base URL$"):
        driver(Script(failure(404, "PathNotFoundError"))).run(
            lambda c: c.sessions.get("1"), **options
        )


def test_the_server_that_was_called_and_what_to_check_are_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refused(**options: Any) -> str:
        http = httpx.Client(transport=httpx.MockTransport(Script(httpx.ConnectError(""))))
        client = Heidi(token="t", max_retries=0, http_client=http, **options)
        with pytest.raises(APIConnectionError) as caught:
            client.sessions.get("1")
        return str(caught.value)

    assert "; HEIDI_BASE_URL is not set; used https://" in refused()
    assert refused(region="au").endswith("; check the region")
    monkeypatch.setenv("HEIDI_BASE_URL", "https://wrong.test/api")
    said = "GET wrong.test/api/sessions/{session_id}: no response, ConnectError"
    assert f"{said}; check the base URL" == refused()
