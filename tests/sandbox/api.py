"""A client of a sandbox for tests: the four operations, and bytes that no client would send."""

import contextlib
import json
import re
import socket
import ssl
from collections.abc import Iterator
from itertools import count
from typing import Any
from urllib.parse import urlsplit

import httpx
from heidi_sandbox import Sandbox

# Created once: each client would create its own, which takes 20 ms.
TRUST = ssl.create_default_context()

_numbers = count(1)


class Api(httpx.Client):
    """The API, as one user sees it."""

    def __init__(self, url: str, token: str) -> None:
        headers = {"authorization": f"Bearer {token}"}
        super().__init__(base_url=url, headers=headers, timeout=20, verify=TRUST)

    def create(self, body: object = None) -> str:
        response = self.post("/sessions", json=body) if body is not None else self.post("/sessions")
        assert 200 == response.status_code, response.text
        session_id: str = response.json()["session_id"]
        return session_id

    def session(self, session_id: str) -> dict[str, Any]:
        response = self.get(f"/sessions/{session_id}")
        assert 200 == response.status_code, response.text
        session: dict[str, Any] = response.json()["session"]
        return session

    def update(self, session_id: str, properties: object) -> dict[str, Any]:
        response = self.patch(f"/sessions/{session_id}", json=properties)
        assert 200 == response.status_code, response.text
        session: dict[str, Any] = response.json()["session"]
        return session

    def patch_raw(self, session_id: str, body: str | bytes) -> httpx.Response:
        """Update with a body as it is."""
        return self.patch(
            f"/sessions/{session_id}", content=body, headers={"content-type": "application/json"}
        )

    def page(self, **query: str | int) -> dict[str, Any]:
        response = self.get("/sessions/linked-user", params=query)
        assert 200 == response.status_code, response.text
        page: dict[str, Any] = response.json()
        return page

    def walk(self, page_size: int) -> Iterator[dict[str, Any]]:
        """Yield every page of the list."""
        page = self.page(page_size=page_size)
        yield page
        while page["has_next_page"]:
            page = self.page(page_size=page_size, page=page["next_page"])
            yield page


def new_user(sandbox: Sandbox, suffix: str = "") -> Api:
    """Return the API as a new user sees it."""
    return Api(sandbox.url, sandbox.token(f"user{next(_numbers)}{suffix}@example.com"))


def error_of(response: httpx.Response) -> tuple[int, str]:
    """Return status and type of an error, having checked its shape."""
    assert "application/json" == response.headers["content-type"]
    detail = response.json()["detail"]
    assert {"msg", "type"} == detail.keys()
    assert isinstance(detail["msg"], str)
    return response.status_code, detail["type"]


def message_of(response: httpx.Response) -> str:
    """Return the message of an error."""
    message: str = response.json()["detail"]["msg"]
    return message


def exchange(url: str, request: bytes, *, half_close: bool = False) -> bytes:
    """Send bytes, and return all that comes back until the server closes."""
    parts = urlsplit(url)
    assert parts.hostname is not None
    response = bytearray()
    with socket.create_connection((parts.hostname, parts.port or 80), timeout=20) as connection:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(request)
            if half_close:
                connection.shutdown(socket.SHUT_WR)
        with contextlib.suppress(ConnectionResetError):
            while chunk := connection.recv(65536):
                response += chunk
    return bytes(response)


def status_and_body(response: bytes) -> tuple[int, Any]:
    """Return the status and the JSON body of the first response on a connection."""
    head, _, rest = response.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: (\d+)", head)
    assert length is not None, head
    return int(head.split()[1]), json.loads(rest[: int(length[1])])
