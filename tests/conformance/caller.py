"""A client for witnesses: one user of the four operations, and the claims that witnesses share."""

import contextlib
import json
import threading
import time
import uuid
from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from http.client import HTTPConnection
from typing import Any, Protocol
from urllib.parse import urlencode, urlsplit

from .reference import Api, Handler, Request, Response

PAGE_LIMIT = 50  # no walk of a witness is longer
LIST = "/sessions/linked-user"


class Issue(Protocol):
    """Issue a token to a user, for some seconds or for as long as the server likes."""

    def __call__(self, email: str, internal_id: str, lifetime: float | None = None) -> str: ...


@dataclass(frozen=True)
class Server:
    """A server as a witness sees it, in this process or behind a socket."""

    exchange: Handler
    issue: Issue
    api_key: str
    brief: float = 0.02  # the shortest lifetime, in seconds, that a token can have

    def caller(self, kind: str = "", internal_id: str = "1") -> "Caller":
        """Return a user that no other witness has."""
        email = f"{uuid.uuid4().hex}{kind}@example.com"
        return Caller(self, email, internal_id, self.issue(email, internal_id))


def in_process(api: Api) -> Server:
    return Server(api.handle, api.token, api.api_key)


@dataclass(frozen=True)
class Caller:
    server: Server
    email: str
    internal_id: str
    token: str

    # --- who asks ---

    @property
    def id_of_nobody(self) -> str:
        return str(uuid.uuid4().int)

    def another(self, kind: str = "") -> "Caller":
        return self.server.caller(kind)

    def unlinked(self) -> "Caller":
        return self.server.caller("+unlinked")

    def using(self, token: str) -> "Caller":
        return replace(self, token=token)

    def expired(self, lifetime: float | None = None) -> "Caller":
        """Return this user with a token that was used while it was valid, and has expired."""
        seconds = self.server.brief if lifetime is None else lifetime
        brief = self.using(self.server.issue(self.email, self.internal_id, seconds))
        # On a busy machine, it may have expired before it was used.
        in_time = brief.page().status != 401 or not 0 < seconds < 0.4
        time.sleep(seconds * 1.5)
        return brief if in_time else self.expired(seconds * 5)

    # --- requests ---

    def send(
        self,
        method: str,
        path: str,
        content: Any = ...,
        *,
        body: bytes = b"",
        query: dict[str, str] | None = None,
        **headers: Any,
    ) -> Response:
        """Send a request; a header of None is left out, one underscore stands for a hyphen."""
        if content is not ...:
            body = json.dumps(content).encode()
        usual: dict[str, Any] = {"authorization": f"Bearer {self.token}"}
        if body:
            usual["content_type"] = "application/json"
        chosen = {name.replace("_", "-"): text for name, text in (usual | headers).items()}
        return self.server.exchange(
            Request(
                method,
                path,
                {name: [text] for name, text in (query or {}).items()},
                {name: text for name, text in chosen.items() if text is not None},
                body,
            )
        )

    def post(self, content: Any = ..., **headers: Any) -> Response:
        return self.send("POST", "/sessions", content, **headers)

    def get(self, session_id: str, **headers: Any) -> Response:
        return self.send("GET", f"/sessions/{session_id}", **headers)

    def patch(self, session_id: str, content: Any = ..., **headers: Any) -> Response:
        return self.send("PATCH", f"/sessions/{session_id}", content, **headers)

    def patch_raw(self, session_id: str, body: bytes, **headers: Any) -> Response:
        return self.send("PATCH", f"/sessions/{session_id}", body=body, **headers)

    def page(self, **query: str) -> Response:
        return self.send("GET", LIST, query=query)

    def page_without_token(self) -> Response:
        return self.send("GET", LIST, authorization=None)

    def issue(self, **settings: str | None) -> Response:
        """Ask for a token; `key`, `email` and `internal_id` may be others than the caller's."""
        known = {"key": self.server.api_key, "email": self.email, "internal_id": self.internal_id}
        asked = known | settings
        query = {"email": str(asked["email"]), "third_party_internal_id": str(asked["internal_id"])}
        return self.send("GET", "/jwt", query=query, authorization=None, heidi_api_key=asked["key"])

    # --- responses ---

    def issued_again(self) -> str:
        return str(self.issue().content["token"])

    def told_lifetime(self) -> float:
        """Return the lifetime of an issued token in seconds, as the server states it."""
        end = datetime.fromisoformat(self.issue().content["expiration_time"])
        return (end - datetime.now(UTC)).total_seconds()

    def create(self, **fields: Any) -> str:
        return str(self.post(fields).content["session_id"])

    def several(self, number: int) -> list[str]:
        return [self.create() for _ in range(number)]

    def created(self, **fields: Any) -> dict[str, Any]:
        return self.read(self.create(**fields))

    def read(self, session_id: str) -> dict[str, Any]:
        session: dict[str, Any] = self.get(session_id).content["session"]
        return session

    def patched(self, session_id: str, **fields: Any) -> dict[str, Any]:
        session: dict[str, Any] = self.patch(session_id, fields).content["session"]
        return session

    def listed(self, **query: str) -> dict[str, Any]:
        page: dict[str, Any] = self.page(**query).content
        return page

    def in_list(self, session_id: str) -> dict[str, Any]:
        """Return a session as the list shows it."""
        for page in self.pages("100"):
            for session in page["sessions"]:
                if session["session_id"] == session_id:
                    return dict(session)
        raise LookupError(session_id)

    def views(self, session_id: str, **fields: Any) -> list[dict[str, Any]]:
        """Change a session, and return it as all three operations show it."""
        patched = self.patched(session_id, **fields)
        return [patched, self.read(session_id), self.in_list(session_id)]

    def pages(self, page_size: str = "2", between: Callable[[int], object] = int) -> list[Any]:
        """Walk through the list; `between` is called after each page, with its number."""
        pages: list[Any] = [self.listed(page_size=page_size)]
        while pages[-1]["next_page"] is not None and len(pages) < PAGE_LIMIT:
            between(len(pages))
            pages.append(self.listed(page_size=page_size, page=str(pages[-1]["next_page"])))
        return pages

    def walk(self, page_size: str = "2", between: Callable[[int], object] = int) -> list[str]:
        pages = self.pages(page_size, between)
        return [str(session["session_id"]) for page in pages for session in page["sessions"]]

    # --- claims ---

    def keeps(self, **fields: Any) -> bool:
        """Say whether all operations show what was sent in an update."""
        return all(shows(view, fields) for view in self.views(self.create(), **fields))

    def refuses(self, status: int, content: Any) -> bool:
        """Say whether an update is refused with a status, and changes nothing."""
        return self.refuses_raw(status, json.dumps(content).encode())

    def refuses_raw(self, status: int, body: bytes, **headers: Any) -> bool:
        session_id = self.create()
        before = self.read(session_id)
        reply = self.patch_raw(session_id, body, **headers)
        return is_error(reply, status) and before == self.read(session_id)


def shows(session: dict[str, Any], fields: dict[str, Any]) -> bool:
    """Say whether a session shows these properties; an object among them may hold others too."""
    return all(
        name in session
        and (
            shows(session[name], value)
            if isinstance(value, dict)
            # 60 and 60.0 are one number; 1 and true are not one value.
            else isinstance(session[name], bool) == isinstance(value, bool)
            and session[name] == value
        )
        for name, value in fields.items()
    )


def is_error(reply: Response, status: int, kind: str | None = None) -> bool:
    """Say whether a response is this error, in the shape that all errors have."""
    media_type = reply.headers.get("content-type", "").partition(";")[0].strip().lower()
    if reply.status != status or media_type != "application/json":
        return False
    detail = reply.content["detail"]
    fits = isinstance(detail["msg"], str) and isinstance(detail["type"], str)
    return fits and kind in {None, detail["type"]}


@contextlib.contextmanager
def remote(url: str) -> Generator[Handler]:
    """Yield what sends a request to a server behind a socket; each thread keeps a connection."""
    parts = urlsplit(url)
    threads = threading.local()
    with contextlib.ExitStack() as opened:

        def connection() -> HTTPConnection:
            if not hasattr(threads, "connection"):
                threads.connection = HTTPConnection(parts.netloc, timeout=10)
                opened.callback(threads.connection.close)
                threads.used = time.monotonic()
            known: HTTPConnection = threads.connection
            # A server closes idle connections: open a new one before it does.
            if time.monotonic() - threads.used > 1:
                known.close()
            threads.used = time.monotonic()
            return known

        def exchange(request: Request) -> Response:
            query = urlencode(request.query, doseq=True)
            asked = connection()
            asked.request(
                request.method,
                parts.path + request.path + (f"?{query}" if query else ""),
                # Without a body no length is sent, as for GET.
                body=request.body or None,
                headers=dict(request.headers),
            )
            reply = asked.getresponse()
            headers = {name.lower(): text for name, text in reply.getheaders()}
            return Response(reply.status, reply.read(), headers)

        yield exchange
