"""Three servers, written apart, agree: the sandbox, the reference and the independent one."""

from collections.abc import Generator
from typing import Any

import heidi_sandbox
import pytest

from . import independent
from .caller import Server, in_process, remote
from .faults import CATALOGUE, Planted
from .faults.catalogue import kept
from .recorded import RUN, Recorded, Tape
from .reference import Api


@pytest.fixture(scope="module")
def fastapi() -> Generator[Server]:
    with independent.serving() as running, remote(running.url) as exchange:
        practice = running.practice
        yield Server(exchange, practice.issue, practice.api_key)


@pytest.fixture(scope="module")
def sandbox() -> Generator[Server]:
    with heidi_sandbox.serving() as running, remote(running.url) as exchange:

        def issue(email: str, internal_id: str, lifetime: float | None = None) -> str:
            seconds = None if lifetime is None else int(lifetime)
            return running.token(email, internal_id, lifetime=seconds)

        yield Server(exchange, issue, running.api_key, brief=0)


def broken_on(server: Server) -> list[str]:
    return [planted.id for planted in CATALOGUE if not kept(planted.witness, server.caller())]


def test_the_independent_server_keeps_all_that_the_faults_break(fastapi: Server) -> None:
    assert [] == broken_on(fastapi)


def test_the_sandbox_keeps_all_that_the_faults_break(sandbox: Server) -> None:
    assert [] == broken_on(sandbox)


@pytest.fixture(scope="module")
def reference_run() -> list[Any]:
    return Tape(in_process(Api())).play()


WALKS = Recorded("GET", "what the walks showed")


def differences(run: list[Any], other: list[Any]) -> list[Any]:
    return [
        (f"{item.method} {item.path} {item.query}"[:80], item.body[:80], one, two)
        for item, one, two in zip((*RUN, WALKS), run, other, strict=True)
        if one != two
    ]


def test_the_run_has_hundreds_of_requests_and_most_statuses(reference_run: list[Any]) -> None:
    assert 500 < len(RUN)
    statuses = {told["status"] for told in reference_run if "status" in told}
    assert {200, 400, 401, 403, 404, 405, 413, 415, 422} == statuses


def test_the_independent_server_answers_the_run_as_the_reference(
    fastapi: Server, reference_run: list[Any]
) -> None:
    assert [] == differences(reference_run, Tape(fastapi).play())


def test_the_sandbox_answers_the_run_as_the_reference(
    sandbox: Server, reference_run: list[Any]
) -> None:
    assert [] == differences(reference_run, Tape(sandbox).play())


SHOWN = [
    planted
    for planted in CATALOGUE
    if planted.id
    in {
        "patch.drops_falsy_duration",
        "fidelity.composes",
        "methods.linked_user_is_an_id",
        "paging.count_is_the_total",
        "errors.other_type_for_401",
        "validation.negative_duration",
        "tenants.reads_all",
    }
]


@pytest.mark.parametrize("planted", SHOWN, ids=lambda planted: planted.id)
def test_a_fault_shows_in_the_run(planted: Planted, reference_run: list[Any]) -> None:
    assert differences(reference_run, Tape(in_process(planted.server())).play())
