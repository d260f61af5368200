"""The proxy changes what a fault says, and nothing else."""

from __future__ import annotations

import socket
import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
import pytest

from scripts.library.serving import Served, serving
from tests.owner.project import path_of
from tests.owner.proxy import ABSENT, Fault, spoiling
from tests.owner.subject import (
    CREATE,
    ERROR,
    LIST,
    PAGE,
    READ,
    RESOURCE,
    RESULT,
    UPDATE,
    at,
    one,
)

if TYPE_CHECKING:
    from collections.abc import Generator

ONE, PATCH = READ.path, UPDATE.method
N = one(UPDATE.body, "number", also=RESOURCE)
OTHER = one(UPDATE.body, "boolean")


@pytest.fixture(scope="module")
def served() -> Generator[Served]:
    with serving([sys.executable, "-m", "heidi_sandbox"]) as served:
        yield served


def enveloped(value: Any) -> Any:
    """Return a response that shows a resource with one property."""
    body: Any = {N: value}
    for token in reversed(RESULT.split("/")[1:]):
        body = {token: body}
    return body


class Caller:
    """Two users, behind a proxy."""

    def __init__(self, served: Served, url: str) -> None:
        self.url = url
        self.tokens = [served.token(f"{name}@example.com") for name in "ab"]
        self.id = at(self.ask(CREATE.method, CREATE.path, {}).json(), CREATE.semantics["id"])

    def ask(self, method: str, path: str, body: Any = None, user: int = 0) -> httpx.Response:
        token = self.tokens[user] if user >= 0 else "wrong"
        headers = {"Authorization": f"Bearer {token}"}
        return httpx.request(method, self.url + path, json=body, headers=headers)

    def one(self, method: str, body: Any = None, user: int = 0) -> httpx.Response:
        return self.ask(method, path_of(self.id), body, user)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "method", "body", "user", "status", "shown"),
    [
        (Fault("forget", PATCH, ONE, f"/{N}"), PATCH, {N: 5}, 0, 200, 0),
        (Fault("forget", PATCH, ONE, f"/{OTHER}"), PATCH, {N: 5}, 0, 200, 5),
        (Fault("forget", "GET", ONE, f"/{N}"), PATCH, {N: 5}, 0, 200, 5),
        (Fault("accept", PATCH, ONE, f"/{N}"), PATCH, {N: "5"}, 0, 200, 0),
        (Fault("accept", PATCH, ONE, f"/{OTHER}"), PATCH, {N: "5"}, 0, 422, ABSENT),
        (Fault("accept", PATCH, ONE, f"/{N}", 7), PATCH, {N: "5"}, 0, 200, 7),
        (Fault("fill", PATCH, ONE, f"/{N}", 7), PATCH, {}, 0, 200, 7),
        (Fault("share", "GET", ONE), "GET", None, 1, 200, 0),
        (Fault("share", PATCH, ONE), "GET", None, 1, 404, ABSENT),
        (Fault("open", "GET", ONE), "GET", None, -1, 200, 0),
        (Fault("misshape", "GET", ONE, f"{RESULT}/{N}", "5"), "GET", None, 0, 200, "5"),
        (Fault("misshape", "GET", ONE, f"{RESULT}/{N}", ABSENT), "GET", None, 0, 200, ABSENT),
        (Fault("ignore", PATCH, ONE, status=204), PATCH, {N: 5}, 0, 204, ABSENT),
        (Fault("refuse", PATCH, ONE, f"/{N}", {}, 409), PATCH, {N: 5}, 0, 409, ABSENT),
        (Fault("respond", "GET", ONE, value=enveloped(9)), "GET", None, 0, 200, 9),
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
    found = at(response.json(), RESULT) if status == 200 else {}
    assert shown == found.get(N, ABSENT)


def test_an_invalid_query_parameter_is_accepted(served: Served) -> None:
    size = PAGE["size"]
    with spoiling(served.url, Fault("accept", LIST.method, LIST.path, size)) as url:
        path = f"{LIST.path}?{size}=none"
        assert 200 == Caller(served, url).ask(LIST.method, path).status_code


def test_a_value_is_repeated_only_in_the_message(served: Served) -> None:
    with spoiling(served.url, Fault("echo", PATCH, ONE, f"/{N}")) as url:
        error = Caller(served, url).one(PATCH, {N: "secret"}).json()
    assert at(error, ERROR["message"]).endswith(" secret")
    assert "secret" not in at(error, ERROR["type"])


@pytest.mark.parametrize(("place", "kept"), [("/other", 5), (f"/{N}", 0)])
def test_a_chunked_body_and_the_next_message_are_changed_as_well(
    served: Served, place: str, kept: int
) -> None:
    faults = (
        Fault("forget", PATCH, ONE, place),
        Fault("misshape", "GET", ONE, f"{RESULT}/{N}", "5"),
    )
    with spoiling(served.url, *faults) as url, httpx.Client() as client:
        caller = Caller(served, url)
        headers = {"Authorization": f"Bearer {caller.tokens[0]}"}
        path = url + path_of(caller.id)
        body = iter([b'{"', N.encode(), b'": 5}'])
        json_ = {**headers, "Content-Type": "application/json"}
        updated = client.request(PATCH, path, content=body, headers=json_)
        assert kept == at(updated.json(), RESULT)[N]
        assert "5" == at(client.get(path, headers=headers).json(), RESULT)[N]


@pytest.mark.parametrize(
    "request_",
    [b"GET /healthz HTTP/1.1\r\n\r\n", b"GET / HTTP/9 x\r\n\r\n", b"\x00\x01\r\n\r\n"],
)
def test_unusual_bytes_reach_the_server_and_come_back_unchanged(
    served: Served, request_: bytes
) -> None:
    def say(url: str) -> bytes:
        parts = urlsplit(url)
        with socket.create_connection((parts.hostname, parts.port), timeout=10) as connection:
            connection.sendall(request_)
            return connection.recv(2**16)

    with spoiling(served.url) as url:
        assert say(served.url).split(b"\r\n")[0] == say(url).split(b"\r\n")[0]
