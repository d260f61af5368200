"""Three independent servers agree: the sandbox, the reference and the second reference."""

from collections.abc import Generator
from dataclasses import replace
from typing import Any

import heidi_sandbox
import pytest

from . import independent
from .caller import Server, in_process, remote
from .faults import CATALOGUE
from .recorded import CHOICES, heard
from .reference import Api


@pytest.fixture(scope="module")
def fastapi() -> Generator[Server]:
    with independent.serving() as running, remote(running.url) as exchange:
        practice = running.practice
        yield Server(exchange, practice.issue, practice.api_key, brief=0)


@pytest.fixture(scope="module")
def sandbox() -> Generator[Server]:
    with heidi_sandbox.serving() as running, remote(running.url) as exchange:

        def issue(email: str, internal_id: str, lifetime: float | None = None) -> str:
            seconds = None if lifetime is None else int(lifetime)
            return running.token(email, internal_id, lifetime=seconds)

        yield Server(exchange, issue, running.api_key, brief=0)


@pytest.fixture(scope="module")
def of_reference() -> dict[str, list[Any]]:
    """The responses of the reference to each witness."""
    return {planted.id: heard(planted, of(Api()))[1] for planted in CATALOGUE}


def of(api: Api) -> Server:
    # The sandbox counts in whole seconds, and its shortest tokens expire at once.
    return replace(in_process(api), brief=0)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["fastapi", "sandbox"])
def test_a_server_passes_every_witness_and_responds_as_the_reference(
    name: str, of_reference: dict[str, list[Any]], request: pytest.FixtureRequest
) -> None:
    server: Server = request.getfixturevalue(name)
    broken: list[str] = []
    different: list[Any] = []
    for planted in CATALOGUE:
        says, told = heard(planted, server)
        broken += [] if says else [planted.id]
        if told != of_reference[planted.id] and planted.id not in CHOICES:
            apart = zip(of_reference[planted.id], told, strict=False)
            different.append((planted.id, *[pair for pair in apart if pair[0] != pair[1]][:1]))
    assert ([], []) == (broken, different)


def test_the_witnesses_send_thousands_of_requests_and_see_most_statuses(
    of_reference: dict[str, list[Any]],
) -> None:
    told = [reply for replies in of_reference.values() for _, reply in replies]
    assert 3000 < len(told)
    assert {200, 400, 401, 403, 404, 405, 413, 415, 422} == {reply["status"] for reply in told}


@pytest.mark.parametrize("name", ["methods.linked_user_is_an_id", "errors.other_type_for_401"])
def test_a_fault_shows_in_the_recorded_responses(
    name: str, of_reference: dict[str, list[Any]]
) -> None:
    (planted,) = (planted for planted in CATALOGUE if planted.id == name)
    assert heard(planted, of(planted.server()))[1] != of_reference[name]
