"""The ready drivers hold a conversation with the sandbox."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from heidi_conformance.client._run import Plan, judge_client
from heidi_conformance.client.scenarios import TOPICS

from scripts.portability.scorecards import READY

from .conversation import Talk, holds

if TYPE_CHECKING:
    from scripts.library.serving import Served


# Go takes long to install and to compile its own library.
NAMES = [
    pytest.param(each.file, marks=[pytest.mark.long] if each.file == "golang.go" else [])
    for each in READY
]


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where drivers are prepared."""
    return tmp_path_factory.mktemp("drivers")


@cache
def command(name: str, folder: Path) -> list[str]:
    driver = next(each for each in READY if each.file == name)
    return [*map(str, driver.start(folder))]


def start(name: str, sandbox: Served, folder: Path, email: str = "") -> Talk:
    variables = {"PYTHONPATH": str(folder)}
    return Talk(command(name, folder), sandbox, email=email, environment=variables)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_driver_holds_a_conversation(name: str, sandbox: Served, folder: Path) -> None:
    holds(start(name, sandbox, folder))


@pytest.mark.parametrize("name", NAMES)
def test_a_driver_says_that_no_user_is_linked(name: str, sandbox: Served, folder: Path) -> None:
    talk = start(name, sandbox, folder, email="nobody+unlinked@example.com")
    try:
        assert "not_linked" == talk.ask("listLinkedUserSessions")["error"]
        assert 0 == talk.end()
    finally:
        talk.kill()


@pytest.mark.parametrize("name", ["python.py", "python_async.py", "stock.py"])
def test_a_driver_that_says_so_takes_other_settings(
    name: str, sandbox: Served, folder: Path
) -> None:
    talk = start(name, sandbox, folder)
    try:
        assert "value" in talk.ask("listLinkedUserSessions")
        renewal = {"id": 99, "settings": {"HEIDI_EMAIL": "nobody+unlinked@example.com"}}
        talk.send(renewal)
        assert [{"id": 99, "value": None}] == talk.results([renewal])
        assert "not_linked" == talk.ask("listLinkedUserSessions")["error"]
        assert 0 == talk.end()
    finally:
        talk.kill()


# This project's own client, sync and async, has no finding in any scenario.

DRIVERS = Path(__file__).parents[3] / "conformance/drivers"
EVERYTHING: frozenset[str] = frozenset()
# Where the colour makes a difference: the same models read and write in both.
COLOURED = frozenset(
    item.id for name in ("tokens", "retries", "paging", "safety") for item in TOPICS[name]
)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("driver", "scenarios"), [("python.py", EVERYTHING), ("python_async.py", COLOURED)]
)
def test_our_client_conforms(driver: str, scenarios: frozenset[str], sandbox: Served) -> None:
    command = (sys.executable, str(DRIVERS / driver))
    plan = Plan(command, "practice", scenarios, sandbox.url, sandbox.key, patience=30)
    verdict = judge_client(plan)
    assert [] == [(item.code, item.operation, item.requests) for item in verdict.findings]
    assert () == verdict.gaps
    assert all(outcome.result == "passed" for outcome in verdict.outcomes)
