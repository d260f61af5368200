"""A driver written with the care that the contract asks of a client, in plain httpx.

Faults and variants are small changes of this text; see `changes.py`.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import logging
import os
import random
import re
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import httpx

if TYPE_CHECKING:
    from collections.abc import Mapping

    Json = Any

BASE = os.environ["HEIDI_BASE_URL"].rstrip("/")
KEY = os.environ["HEIDI_API_KEY"]
EMAIL = os.environ["HEIDI_EMAIL"]
INTERNAL_ID = os.environ["HEIDI_THIRD_PARTY_INTERNAL_ID"]

OPERATIONS = {
    "createSession": ("POST", "/sessions", "session_id"),
    "getSession": ("GET", "/sessions/{session_id}", "session"),
    "updateSession": ("PATCH", "/sessions/{session_id}", "session"),
    "listLinkedUserSessions": ("GET", "/sessions/linked-user", "sessions"),
}
SHAPES: dict[str, type] = {"session_id": str, "session": dict, "sessions": list, "token": str}
TYPES = {"SessionNotFoundError": "not_found", "NoLinkedUserException": "not_linked"}

ATTEMPT_SECONDS = float(os.environ.get("HEIDI_TIMEOUT", "10"))  # for a whole request and response
MOST_BYTES = 16 * 1024 * 1024  # of one response, decompressed
MOST_PAGES = 10_000
ATTEMPTS = 3
FIRST_PAUSE = 0.2
LONGEST_PAUSE = 5.0  # a server that asks for more is not waited for
EARLY = 60.0  # a token is renewed so many seconds before its end, or after nine tenths of its life
BUSY = {429, 503}  # nothing was done, if there is a Retry-After
BROKEN = {500, 502, 503, 504, 520, 521, 522, 523, 524}

log = logging.getLogger("client")


class FailedError(Exception):
    """A step that failed. The message shows nothing that was sent or received."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class LostError(Exception):
    """No response came."""

    def __init__(self, reason: str, *, sent: bool) -> None:
        super().__init__(reason)
        self.sent = sent


@dataclass(frozen=True)
class Reply:
    """A response, read to its end."""

    status: int
    headers: httpx.Headers
    content: bytes


@dataclass(frozen=True)
class Token:
    """A token, and the time until which it is used, by the monotonic clock."""

    text: str
    until: float


class Client:
    """Calls the API for one user."""

    def __init__(self) -> None:
        self.http = httpx.AsyncClient(
            timeout=ATTEMPT_SECONDS,
            follow_redirects=False,
            verify=True,
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            headers={"Accept": "application/json", "User-Agent": "partner/1.0"},
        )
        self.token: Token | None = None
        self.renewal: asyncio.Task[Token] | None = None

    # Steps

    async def run(self, step: Json) -> Json:
        """Do a step, and return its value."""
        method, route, wanted = OPERATIONS[step["operation"]]
        path = route
        for name, value in step.get("path", {}).items():
            path = path.replace("{" + name + "}", segment(value))
        query = dict(step.get("query", {}))
        if wanted == "sessions":
            return await self.walk(path, query)
        body = step.get("body", {}) if method in {"POST", "PATCH"} else None
        reply = await self.call(method, route, path, query, body)
        content = demand(reply, wanted)
        return content["session"] if wanted == "session" else content

    async def walk(self, path: str, query: dict[str, Any]) -> list[Json]:
        """Read all pages of a list."""
        found: dict[str, Json] = {}
        asked: set[str] = set()
        for _ in range(MOST_PAGES):
            reply = await self.call("GET", path, path, query)
            page = demand(reply, "sessions")
            for each in page["sessions"]:
                found.setdefault(each["session_id"], each)
            cursor = page.get("next_page")
            if cursor is None or page.get("has_next_page") is False:
                return [*found.values()]
            query["page"] = cursor_text(cursor)
            if query["page"] in asked:
                raise FailedError("protocol", f"GET {path}: the same page again")
            asked.add(query["page"])
        raise FailedError("protocol", f"GET {path}: more than {MOST_PAGES} pages")

    # Tokens

    async def call(
        self, method: str, route: str, path: str, query: Mapping[str, Any], body: Json = None
    ) -> Reply:
        """Send a request with a token, and once more with a new one if it is not accepted."""
        token = await self.current()
        reply = await self.persist(method, route, path, query, bearer(token), body)
        if reply.status == 401:
            if self.token is token:
                self.token = None
            token = await self.current()
            reply = await self.persist(method, route, path, query, bearer(token), body)
        return succeeded(method, route, reply)

    async def current(self) -> Token:
        """Return the token; whoever needs a new one waits for the same request."""
        if self.token is not None and time.monotonic() < self.token.until:
            return self.token
        if self.renewal is None:
            self.renewal = asyncio.create_task(self.issue())
            self.renewal.add_done_callback(self.issued)
        return await asyncio.shield(self.renewal)

    def issued(self, renewal: asyncio.Task[Token]) -> None:
        """Keep a new token; after a failure, the next call asks again."""
        self.renewal = None
        self.token = None if renewal.exception() else renewal.result()

    async def issue(self) -> Token:
        """Exchange the key for a token."""
        user = {"email": EMAIL, "third_party_internal_id": INTERNAL_ID}
        key = {"Heidi-Api-Key": KEY}
        reply = await self.persist("GET", "/jwt", "/jwt", user, key)
        content = demand(succeeded("GET", "/jwt", reply), "token")
        if not re.fullmatch("[!-~]+", content["token"]):
            raise FailedError("protocol", "GET /jwt: the token is not readable")
        return Token(content["token"], time.monotonic() + life(content, reply.headers))

    # Requests

    async def persist(
        self,
        method: str,
        route: str,
        path: str,
        query: Mapping[str, Any],
        headers: Mapping[str, str],
        body: Json = None,
    ) -> Reply:
        """Send a request, and retry it where that cannot do the work twice."""
        safe = method == "GET"
        for attempt in range(1, ATTEMPTS + 1):
            last = attempt == ATTEMPTS
            try:
                reply = await self.exchange(method, path, query, headers, body)
            except LostError as lost:
                log.info("%s %s: no response, %s", method, route, lost)
                if last or (lost.sent and not safe):
                    raise FailedError("unavailable", f"{method} {route}: {lost}") from None
                await asyncio.sleep(pause(attempt))
                continue
            log.info("%s %s: %s", method, route, reply.status)
            asked = retry_after(reply.headers)
            busy = reply.status == 429 or (reply.status == 503 and asked is not None)
            again = busy or (safe and reply.status in BROKEN)
            if last or not again or kind_of(reply) in TYPES.values():
                return reply
            if asked is not None and asked > LONGEST_PAUSE:
                return reply
            await asyncio.sleep((asked or 0.0) + pause(attempt))
        raise AssertionError

    async def exchange(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any],
        headers: Mapping[str, str],
        body: Json = None,
    ) -> Reply:
        """Send one request and read its response, bounded in time and size."""
        headers = dict(headers)
        content = None
        if body is not None:
            content = encoded(body)
            headers["Content-Type"] = "application/json"
        url = BASE + path
        request = self.http.build_request(
            method, url, params=query or None, headers=headers, content=content
        )
        received = bytearray()
        try:
            async with asyncio.timeout(ATTEMPT_SECONDS):
                response = await self.http.send(request, stream=True)
                try:
                    async for chunk in response.aiter_bytes():
                        received += chunk
                        if len(received) > MOST_BYTES:
                            raise FailedError("protocol", f"{method}: the response is too large")
                finally:
                    await response.aclose()
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise LostError(type(error).__name__, sent=False) from None
        except (httpx.TransportError, TimeoutError) as error:
            raise LostError(type(error).__name__, sent=True) from None
        except httpx.DecodingError:
            raise FailedError("protocol", f"{method}: the response is not readable") from None
        return Reply(response.status_code, response.headers, bytes(received))


# What is sent


def bearer(token: Token) -> dict[str, str]:
    return {"Authorization": f"Bearer {token.text}"}


def segment(value: str) -> str:
    """Write a value as one segment of a path."""
    if not value:
        raise FailedError("refused", "an id must not be empty")
    encoded_value = quote(value, safe="")
    return encoded_value.replace(".", "%2E") if value in {".", ".."} else encoded_value


def cursor_text(cursor: Json) -> str:
    """Write `next_page` as it came."""
    if isinstance(cursor, bool) or not isinstance(cursor, (str, int)):
        raise FailedError("protocol", "next_page is neither a string nor an integer")
    return str(cursor)


def encoded(body: Json) -> bytes:
    """Write a body as JSON."""
    try:
        return json.dumps(body, ensure_ascii=False, allow_nan=False).encode("utf-8")
    except ValueError:
        raise FailedError("refused", "the body cannot be written as JSON") from None


# What is received


def decoded(content: bytes) -> Json:
    """Read JSON; None if it is not JSON."""
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def demand(reply: Reply, name: str) -> Json:
    """Read the object of a response, which must have a property."""
    content = decoded(reply.content)
    if not isinstance(content, dict) or not isinstance(content.get(name), SHAPES[name]):
        raise FailedError("protocol", f"the response has no {name}")
    return content


def kind_of(reply: Reply) -> str | None:
    """Name the failure that a response describes, None if it is a success."""
    if reply.status < 300:
        return None
    content = decoded(reply.content)
    detail = content.get("detail") if isinstance(content, dict) else None
    named = detail.get("type") if isinstance(detail, dict) else None
    if isinstance(named, str) and named in TYPES:
        return TYPES[named]
    if reply.status == 429 or reply.status >= 500:
        return "unavailable"
    return "refused" if reply.status >= 400 else "protocol"


def succeeded(method: str, route: str, reply: Reply) -> Reply:
    """Return a response that is a success."""
    kind = kind_of(reply)
    if kind is not None:
        raise FailedError(kind, f"{method} {route}: {reply.status}")
    return reply


def life(content: Json, headers: httpx.Headers) -> float:
    """Return the seconds that a token is used for; without end where the response does not say."""
    try:
        ends = datetime.fromisoformat(content["expiration_time"])
        seconds = (ends - server_time(headers)).total_seconds()
    except (KeyError, TypeError, ValueError):
        return float("inf")
    return max(seconds - EARLY, seconds * 0.9) if seconds > 0 else float("inf")


def server_time(headers: httpx.Headers) -> datetime:
    """Return the server's time, so that a wrong clock on this side does no harm."""
    try:
        return parsedate_to_datetime(headers["Date"])
    except (KeyError, ValueError):
        return datetime.now(UTC)


# Waiting


def pause(attempt: int) -> float:
    """Return seconds to wait, random so that clients do not come back all at once."""
    return random.uniform(0.2, 1.0) * FIRST_PAUSE * 2.0**attempt  # noqa: S311


def retry_after(headers: httpx.Headers) -> float | None:
    """Return the seconds that a server asks to wait, None if it does not say."""
    value = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"[0-9]+", value):
        return float(value[:9])
    try:
        seconds = (parsedate_to_datetime(value) - server_time(headers)).total_seconds()
        return max(0.0, seconds)
    except (TypeError, ValueError):
        return None


# The driver


def local(host: str | None) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


async def result(client: Client, step: Json) -> str:
    """Do a step, and return its result as a line."""
    if step["operation"] not in OPERATIONS:
        return line_of(step, error="unsupported")
    try:
        return line_of(step, value=await client.run(step))
    except FailedError as error:
        return line_of(step, error=error.kind, message=str(error))
    except (LookupError, TypeError, AttributeError, ValueError) as error:
        return line_of(step, error="protocol", message=type(error).__name__)


def line_of(step: Json, **found: Json) -> str:
    return json.dumps({"id": step["id"], **found}, allow_nan=False)


async def main() -> None:
    address = urlsplit(BASE)
    if address.scheme != "https" and not local(address.hostname):
        sys.exit("HEIDI_BASE_URL: http sends tokens and patients in the open; use https")
    client = Client()
    for line in sys.stdin.buffer:
        step = json.loads(line)
        steps = step.get("together", [step])
        for each in await asyncio.gather(*(result(client, one) for one in steps)):
            print(each, flush=True)
    await client.http.aclose()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    asyncio.run(main())
