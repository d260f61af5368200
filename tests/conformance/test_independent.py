"""Three servers, written apart, agree: the sandbox, the reference and the independent one."""

from collections.abc import Generator

import heidi_sandbox
import pytest

from . import independent
from .caller import Server, remote
from .faults import CATALOGUE


@pytest.fixture(scope="module")
def fastapi() -> Generator[Server]:
    with independent.serving() as running:
        practice = running.practice
        yield Server(remote(running.url), practice.issue, practice.api_key)


@pytest.fixture(scope="module")
def sandbox() -> Generator[Server]:
    with heidi_sandbox.serving() as running:

        def issue(email: str, internal_id: str, lifetime: float | None = None) -> str:
            seconds = None if lifetime is None else int(lifetime)
            return running.token(email, internal_id, lifetime=seconds)

        yield Server(remote(running.url), issue, running.api_key, brief=1)


def broken_on(server: Server) -> list[str]:
    return [planted.id for planted in CATALOGUE if not planted.slow and not planted.witness(server.caller())]


def test_the_independent_server_keeps_all_that_the_faults_break(fastapi: Server) -> None:
    assert [] == broken_on(fastapi)
