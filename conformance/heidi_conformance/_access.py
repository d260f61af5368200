"""From what a user gives to a server that can be judged: address, token, first contact."""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import quote, urlsplit

import httpx

from ._verdict import CouldNotRun

TIMEOUT = 10.0
# The user that a key is exchanged for: invented, and told apart from real ones by its address.
EMAIL = "conformance@heidi-conformance.invalid"
INTERNAL_ID = "heidi-conformance"
UNKNOWN_ID = "0"
REFUSED = (401, 403)
ERRORS = ("SessionNotFoundError", "NoLinkedUserException")


@dataclass
class Contact:
    """What the first requests met: answers by operation and status, and values that parameters can have."""

    answers: Counter[tuple[str, int]] = field(default_factory=Counter[tuple[str, int]])
    examples: dict[str, str | int] = field(default_factory=dict[str, str | int])


def ok(status: int) -> bool:
    """Whether a status means success."""
    return 200 <= status < 300


def base_url(text: str) -> str:
    """Return the base URL of the API, without a slash at its end. Raises CouldNotRun for anything else."""
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        raise CouldNotRun("the URL is not valid; give the base URL of the API, such as https://host/path") from None
    if parts.username is not None or parts.password is not None:
        raise CouldNotRun("the URL carries a name or a password; give the token with --token or HEIDI_TOKEN")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise CouldNotRun(f"{text!r} is no http or https URL; give the base URL of the API, such as https://host/path")
    if parts.query or parts.fragment:
        raise CouldNotRun("the URL has a query or a fragment; give the base URL of the API, such as https://host/path")
    return text.rstrip("/")


def credential(text: str, name: str) -> str:
    """Return a token or a key that a header can carry. Raises CouldNotRun, which never repeats it."""
    if not text or not text.isascii() or not text.isprintable() or " " in text:
        raise CouldNotRun(f"{name} is empty or holds characters that no header can carry")
    return text


def target(url: str) -> str:
    """Return host and port of a base URL."""
    return urlsplit(url).netloc


def is_loopback(url: str) -> bool:
    """Whether the URL names this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@contextmanager
def speaking_to(url: str) -> Iterator[httpx.Client]:
    """Open a client that turns a broken connection into one line."""
    try:
        # The environment may name a proxy or a netrc entry; the verdict is about the server that was given.
        with httpx.Client(timeout=TIMEOUT, trust_env=False) as client:
            yield client
    except httpx.HTTPError as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise CouldNotRun(f"{target(url)} does not answer ({reason}); is the server running, is the URL right?") from None


def mint(url: str, api_key: str) -> str:
    """Exchange a partner's key for a token. Raises CouldNotRun where none is issued."""
    query = {"email": EMAIL, "third_party_internal_id": INTERNAL_ID}
    with speaking_to(url) as client:
        answer = client.get(f"{url}/jwt", params=query, headers={"Heidi-Api-Key": api_key})
    token = member(content(answer), "token")
    if not ok(answer.status_code) or not isinstance(token, str) or not token:
        raise CouldNotRun(f"{target(url)} issued no token for the key (status {answer.status_code}); check --api-key")
    return token


def introduce(url: str, token: str) -> Contact:
    """Meet the server: each operation, with the least that the page documents.

    Raises CouldNotRun where the server refuses the token or is another one altogether.
    """
    contact = Contact()

    def send(operation: str, method: str, path: str, **request: Any) -> httpx.Response:
        answer = client.request(method, f"{url}{path}", headers={"Authorization": f"Bearer {token}"}, **request)
        contact.answers[operation, answer.status_code] += 1
        return answer

    with speaking_to(url) as client:
        page = send("listLinkedUserSessions", "GET", "/sessions/linked-user")
        missing = send("getSession", "GET", f"/sessions/{UNKNOWN_ID}")
        if page.status_code in REFUSED and missing.status_code in REFUSED:
            raise CouldNotRun(f"{target(url)} refuses the token (status {missing.status_code}); give one that is valid")
        if not any(map(speaks_heidi, (page, missing))):
            raise CouldNotRun(f"{target(url)} does not answer like the Heidi Sessions API; is the path of the URL right?")
        for _ in range(2):
            created = send("createSession", "POST", "/sessions", json={})
        session_id = member(content(created), "session_id")
        if isinstance(session_id, str) and session_id:
            contact.examples["session_id"] = session_id
            path = f"/sessions/{quote(session_id, safe='')}"
            send("getSession", "GET", path)
            send("updateSession", "PATCH", path, json={"duration": 60})
        page = send("listLinkedUserSessions", "GET", "/sessions/linked-user", params={"page_size": 1})
        next_page = member(content(page), "next_page")
        if isinstance(next_page, str | int):
            contact.examples["page"] = next_page
    return contact


def speaks_heidi(answer: httpx.Response) -> bool:
    """Whether an answer is a page, a session or an error that the vendor's page names."""
    body = content(answer)
    if ok(answer.status_code):
        return isinstance(body, dict) and ("sessions" in body or "session" in body)
    return member(member(body, "detail"), "type") in ERRORS


def content(answer: httpx.Response) -> Any:
    """Return the body as JSON, or None."""
    try:
        return answer.json()
    except (ValueError, RecursionError):
        return None


def member(value: Any, name: str) -> Any:
    """Return a member of an object, or None."""
    return cast("dict[str, Any]", value).get(name) if isinstance(value, dict) else None
