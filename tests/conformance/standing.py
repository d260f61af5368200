"""Running servers, each with its own socket and the tokens of its users."""

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, cast, get_args

from heidi_conformance import Level, judge
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


# --- servers of other documents ---


def print_findings(
    right: type[Any],
    faulty: Sequence[tuple[type[Any], str]],
    tokens_of: Callable[[Any], dict[str, Any]],
) -> None:
    """Judge a server at each level, and each faulty one by a rule; print the findings as JSON.

    It goes by the documents that this process was started with.
    """

    def findings(server: type[Any], level: Level, rules: tuple[str, ...] = ()) -> list[str]:
        api = server()
        with serving(api.handle) as url:
            verdict = judge(url, level=level, rules_only=True, rules=rules, **tokens_of(api))
        notes = [] if rules else [*verdict.notes]
        return [*(f"{item.rule}: {item.title}" for item in verdict.findings), *notes]

    told = {server.__name__: findings(server, "strict", (rule,)) for server, rule in faulty}
    told |= {level: findings(right, level) for level in get_args(Level)}
    sys.stdout.write(json.dumps(told))


def printed_findings(module: str, documents: Path) -> dict[str, list[str]]:
    """Run a module that prints findings, with the documents in a folder."""
    run = subprocess.run(
        [sys.executable, "-m", module],
        env=os.environ | {"HEIDI_DOCUMENTS": str(documents)},
        capture_output=True,
        text=True,
        check=True,
    )
    return cast("dict[str, list[str]]", json.loads(run.stdout))
