"""This project's own client, sync and async, has no finding in any scenario."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from heidi_conformance.client._run import Plan, judge_client
from heidi_conformance.client.scenarios import TOPICS

if TYPE_CHECKING:
    from scripts.library.serving import Served

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
