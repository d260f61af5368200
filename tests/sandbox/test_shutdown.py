"""A server that stops finishes running requests, and loses no acknowledged write."""

import contextlib
import socket
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from heidi_sandbox import serving

from tests.sandbox.api import Api, new_user
from tests.sandbox.process import started

WRITERS = 8
LATEST = 30  # seconds: longer than it takes on a busy machine, and no wait for a caller


def write_until_the_end(url: str, token: str, acknowledged: list[str]) -> None:
    with Api(url, token) as api:
        try:
            while True:
                acknowledged.append(api.create())
        except httpx.TransportError:
            return


def test_no_acknowledged_write_is_lost_when_it_stops_under_load(tmp_path: Path) -> None:
    acknowledged: list[str] = []
    with started(tmp_path) as process, process.api() as api:
        token = api.headers["authorization"].split()[1]
        arguments = (process.url, token, acknowledged)
        writers = [
            threading.Thread(target=write_until_the_end, args=arguments) for _ in range(WRITERS)
        ]
        for writer in writers:
            writer.start()
        while len(acknowledged) < 100:
            writers[0].join(0.01)
        begun = time.monotonic()
        assert (0, "", "") == process.stop()
        assert time.monotonic() - begun < LATEST
        for writer in writers:
            writer.join()
    with started(tmp_path) as process, process.api() as api:
        kept = {one["session_id"] for page in api.walk(100) for one in page["sessions"]}
    assert set() == set(acknowledged) - kept


def test_a_running_request_gets_a_response() -> None:
    responses: list[httpx.Response] = []
    with contextlib.ExitStack() as closing:
        with serving(chaos=True) as sandbox:
            api = closing.enter_context(new_user(sandbox))

            sent = threading.Event()

            def trace(event: str, _: object) -> None:
                if event == "http11.send_request_body.complete":
                    sent.set()

            def ask() -> None:
                headers = {"Heidi-Sandbox-Chaos": "latency=2s"}
                extensions = {"trace": trace}
                responses.append(api.post("/sessions", headers=headers, extensions=extensions))

            api.create()  # on the same connection
            asking = threading.Thread(target=ask)
            asking.start()
            assert sent.wait(20)
            time.sleep(0.7)  # until it is read
        asking.join()
    assert [200] == [response.status_code for response in responses]


def test_no_new_connection_is_accepted() -> None:
    with serving() as sandbox:
        parts = urlsplit(sandbox.url)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((parts.hostname, parts.port))


def test_incomplete_requests_do_not_delay_the_stop() -> None:
    with contextlib.ExitStack() as closing:
        with serving() as sandbox:
            parts = urlsplit(sandbox.url)
            half = (
                f"POST {parts.path}/sessions HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n"
                f"Authorization: Bearer {sandbox.token()}\r\n\r\n{{"
            )
            request = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
            callers = [
                closing.enter_context(
                    socket.create_connection((parts.hostname, parts.port), timeout=20)
                )
                for _ in range(4)
            ]
            for caller, sent in zip(callers, (half, "", "GET / HT", request), strict=True):
                caller.sendall(sent.encode())
            time.sleep(1)  # until they are read
            begun = time.monotonic()
        assert time.monotonic() - begun < LATEST
        assert callers[0].recv(65536).startswith(b"HTTP/1.1 408 ")
