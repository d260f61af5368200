"""The proxy spoils what it is told to, and nothing else."""

from __future__ import annotations

import socket
import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
import pytest

from scripts.serving import Served, serving
from tests.owner.proxy import ABSENT, Fault, spoiling

if TYPE_CHECKING:
    from collections.abc import Generator

ONE = "/sessions/{id}"


@pytest.fixture(scope="module")
def served() -> Generator[Served]:
    with serving([sys.executable, "-m", "heidi_sandbox"]) as served:
        yield served


class Caller:
    """Two users, behind a proxy."""

    def __init__(self, served: Served, url: str) -> None:
        self.url = url
        self.tokens = [served.token(f"{name}@example.com") for name in "ab"]
        self.id = self.ask("POST", "/sessions", {}).json()["session_id"]

    def ask(self, method: str, path: str, body: Any = None, user: int = 0) -> httpx.Response:
        token = self.tokens[user] if user >= 0 else "wrong"
        headers = {"Authorization": f"Bearer {token}"}
        return httpx.request(method, self.url + path, json=body, headers=headers)

    def one(self, method: str, body: Any = None, user: int = 0) -> httpx.Response:
        return self.ask(method, f"/sessions/{self.id}", body, user)


@pytest.mark.parametrize(
    ("fault", "method", "body", "user", "status", "shown"),
    [
        (Fault("forget", "PATCH", ONE, "/duration"), "PATCH", {"duration": 5}, 0, 200, 0),
        (Fault("forget", "PATCH", ONE, "/is_consent"), "PATCH", {"duration": 5}, 0, 200, 5),
        (Fault("forget", "GET", ONE, "/duration"), "PATCH", {"duration": 5}, 0, 200, 5),
        (Fault("accept", "PATCH", ONE, "/duration"), "PATCH", {"duration": "5"}, 0, 200, 0),
        (Fault("accept", "PATCH", ONE, "/is_consent"), "PATCH", {"duration": "5"}, 0, 422, ABSENT),
        (Fault("fill", "PATCH", ONE, "/duration", 7), "PATCH", {}, 0, 200, 7),
        (Fault("share", "GET", ONE), "GET", None, 1, 200, 0),
        (Fault("share", "PATCH", ONE), "GET", None, 1, 404, ABSENT),
        (Fault("open", "GET", ONE), "GET", None, -1, 200, 0),
        (Fault("misshape", "GET", ONE, "/session/duration", "5"), "GET", None, 0, 200, "5"),
        (Fault("misshape", "GET", ONE, "/session/duration", ABSENT), "GET", None, 0, 200, ABSENT),
        (Fault("ignore", "PATCH", ONE, status=204), "PATCH", {"duration": 5}, 0, 204, ABSENT),
        (Fault("answer", "GET", ONE, value={"session": {"duration": 9}}), "GET", None, 0, 200, 9),
    ],
)
def test_a_fault_concerns_its_operation_and_its_place(
    served: Served, fault: Fault, method: str, body: Any, user: int, status: int, shown: Any
) -> None:
    with spoiling(served.url, fault) as url:
        caller = Caller(served, url)
        caller.one("GET")
        response = caller.one(method, body, user)
    assert status == response.status_code
    session = response.json().get("session", {}) if response.content else {}
    assert shown == session.get("duration", ABSENT)


def test_a_query_parameter_is_accepted_although_it_is_wrong(served: Served) -> None:
    path = "/sessions/linked-user"
    with spoiling(served.url, Fault("accept", "GET", path, "page_size")) as url:
        assert 200 == Caller(served, url).ask("GET", f"{path}?page_size=0").status_code


def test_a_value_is_repeated_in_the_message_alone(served: Served) -> None:
    with spoiling(served.url, Fault("echo", "PATCH", ONE, "/duration")) as url:
        detail = Caller(served, url).one("PATCH", {"duration": "secret"}).json()["detail"]
    assert detail["msg"].endswith(" secret")
    assert "secret" not in detail["type"]


@pytest.mark.parametrize(
    "request_",
    [b"GET /healthz HTTP/1.1\r\n\r\n", b"GET / HTTP/9 x\r\n\r\n", b"\x00\x01\r\n\r\n"],
)
def test_odd_bytes_reach_the_server_and_come_back_as_they_are(
    served: Served, request_: bytes
) -> None:
    def say(url: str) -> bytes:
        parts = urlsplit(url)
        with socket.create_connection((parts.hostname, parts.port), timeout=10) as connection:
            connection.sendall(request_)
            return connection.recv(2**16)

    with spoiling(served.url) as url:
        assert say(served.url).split(b"\r\n")[0] == say(url).split(b"\r\n")[0]
