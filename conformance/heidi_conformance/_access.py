"""From what a user gives to a server that can be judged: address, token, first contact."""

import ipaddress
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import quote, urlsplit

import httpx

from ._document import member
from ._verdict import CannotJudgeError

TIMEOUT = 10.0
GIVE_URL = "give the base URL of the API, such as https://host/path"
# The user that a key is exchanged for: invented, and told apart from real ones by its address.
EMAIL = "conformance@heidi-conformance.invalid"
INTERNAL_ID = "heidi-conformance"
UNKNOWN_ID = "0"
REFUSED = (401, 403)
ERRORS = ("SessionNotFoundError", "NoLinkedUserException")


@dataclass
class Contact:
    """What the first requests met: answers by operation and status, and values for parameters."""

    answers: Counter[tuple[str, int]] = field(default_factory=Counter[tuple[str, int]])
    examples: dict[str, str | int] = field(default_factory=dict[str, str | int])


def ok(status: int) -> bool:
    """Whether a status means success."""
    return 200 <= status < 300


def base_url(text: str) -> str:
    """Return the base URL of the API, without a slash at its end.

    Raises CannotJudgeError for anything else.
    """
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        raise CannotJudgeError(f"the URL is not valid; {GIVE_URL}") from None
    if parts.username is not None or parts.password is not None:
        raise CannotJudgeError(f"the URL carries a name or a password; {GIVE_URL}")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise CannotJudgeError(f"{text[:80]!r} is no http or https URL; {GIVE_URL}")
    if parts.query or parts.fragment:
        raise CannotJudgeError(f"the URL has a query or a fragment; {GIVE_URL}")
    return text.rstrip("/")


def credential(text: str, name: str) -> str:
    """Return a token or a key that a header can carry. Raises CannotJudgeError without it."""
    if not text or not text.isascii() or not text.isprintable() or " " in text:
        raise CannotJudgeError(f"{name} is empty or holds characters that no header can carry")
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


class Client:
    """Sends requests, and remembers why the last one got no answer."""

    def __init__(self, url: str) -> None:
        self.url = url
        # The environment may name a proxy or a netrc entry; the verdict is about the given server.
        self.http = httpx.Client(timeout=TIMEOUT, trust_env=False)
        self.reason = ""

    def __enter__(self) -> Self:
        self.http.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self.http.close()

    def send(self, method: str, path: str, **request: Any) -> httpx.Response | None:
        """Send a request and return the answer, or None where the connection breaks."""
        try:
            return self.http.request(method, f"{self.url}{path}", **request)
        except httpx.HTTPError as error:
            self.reason = str(error) or type(error).__name__
            return None

    def silence(self) -> CannotJudgeError:
        """Return the error for a server that does not answer."""
        return CannotJudgeError(
            f"{target(self.url)} does not answer ({self.reason}); "
            "is the server running, is the URL right?"
        )


def mint(url: str, api_key: str) -> str:
    """Exchange a partner's key for a token. Raises CannotJudgeError where none is issued."""
    query = {"email": EMAIL, "third_party_internal_id": INTERNAL_ID}
    with Client(url) as client:
        answer = client.send("GET", "/jwt", params=query, headers={"Heidi-Api-Key": api_key})
        if answer is None:
            raise client.silence()
    token = member(content(answer), "token")
    if not ok(answer.status_code) or not isinstance(token, str):
        status = answer.status_code
        raise CannotJudgeError(
            f"{target(url)} issued no token for the key ({status}); check the key"
        )
    return credential(token, "the token that the server issued")


def introduce(url: str, token: str) -> Contact:
    """Meet the server: each operation, with the least that the page documents.

    Raises CannotJudgeError where the server is silent, refuses the token or is another one.
    """
    contact = Contact()
    with Client(url) as client:

        def send(operation: str, method: str, path: str, **request: Any) -> httpx.Response | None:
            headers = {"Authorization": f"Bearer {token}"}
            answer = client.send(method, path, headers=headers, **request)
            if answer is not None:
                contact.answers[operation, answer.status_code] += 1
            return answer

        first = [
            send("listLinkedUserSessions", "GET", "/sessions/linked-user"),
            send("getSession", "GET", f"/sessions/{UNKNOWN_ID}"),
        ]
        answers = [answer for answer in first if answer is not None]
        if not answers:
            raise client.silence()
        if all(answer.status_code in REFUSED for answer in answers):
            status = answers[-1].status_code
            raise CannotJudgeError(f"{target(url)} refuses the token ({status}); give a valid one")
        if not any(map(speaks_heidi, answers)):
            raise CannotJudgeError(
                f"{target(url)} does not answer like the Heidi Sessions API; "
                "is the path of the URL right?"
            )
        # Two, so that a page of one session has a next one.
        created = [send("createSession", "POST", "/sessions", json={}) for _ in range(2)]
        session_id = member(content(created[-1]), "session_id")
        if isinstance(session_id, str) and session_id:
            contact.examples["session_id"] = session_id
            path = f"/sessions/{quote(session_id, safe='')}"
            send("getSession", "GET", path)
            send("updateSession", "PATCH", path, json={"duration": 60})
        size = {"page_size": 1}
        page = send("listLinkedUserSessions", "GET", "/sessions/linked-user", params=size)
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


def content(answer: httpx.Response | None) -> Any:
    """Return the body as JSON, or None."""
    try:
        return None if answer is None else answer.json()
    except (ValueError, RecursionError):
        return None
