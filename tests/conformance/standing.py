"""Running servers, each with its own socket and the tokens of its users."""

import contextlib
import time
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager
from typing import Any

from heidi_conformance import Level
from heidi_conformance._settings import Plan

from .reference import Api, Handler, Request, Response, serving

# The URL of a running server, the tokens of its users and its key.
Standing = Callable[[], AbstractContextManager[tuple[str, dict[str, str]]]]
# Serve on an existing socket, and return the server's URL and tokens.
Put = Callable[[Handler], str]


def users(issue: Callable[[str, str], str]) -> dict[str, str]:
    """Return the tokens of users who may do something, by the names of a run's settings."""
    return {
        "same": issue("clinician@example.com", "1"),
        "second": issue("other@example.com", "2"),
        "unlinked": issue("nobody+unlinked@example.com", "3"),
        "first": issue("clinician@example.com", "1"),
    }


def tokens(api: Api) -> dict[str, str]:
    """Return all tokens that a run can have, and the key; a faulty server may prefer some user."""
    return {**users(api.token), "expired": expired_token(api), "key": api.api_key}


def expired_token(api: Api, lifetime: float = 0.02) -> str:
    """Return a token that was used while it was valid, and has expired."""
    token = api.token(lifetime=lifetime)
    headers = {"authorization": f"Bearer {token}"}
    # On a busy machine, it may have expired before it was used.
    response = api.handle(Request("GET", "/sessions/linked-user", {}, headers, b""))
    time.sleep(lifetime * 1.5)
    late = response.status == 401 and lifetime < 0.4
    return expired_token(api, lifetime * 5) if late else token


def plan(url: str, level: Level, given: dict[str, str], **settings: Any) -> Plan:
    """Return a run with these tokens, and with this key."""
    held = {name: token for name, token in given.items() if name != "key"}
    return Plan(url, level, held, api_key=given["key"], **settings)


@contextlib.contextmanager
def standing(server: type[Api]) -> Generator[tuple[str, dict[str, str]]]:
    api = server()
    with serving(api.handle) as url:
        yield url, tokens(api)


@contextlib.contextmanager
def place() -> Generator[Put]:
    """Yield a function that serves one server after another on the same socket."""
    current: list[Handler] = []

    def handle(request: Request) -> Response:
        return current[-1](request)

    with serving(handle) as url:

        def put(handle: Handler) -> str:
            current[:] = [handle]
            return url

        yield put
