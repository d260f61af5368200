"""Every fault and every variant is a change of the correct driver that runs."""

from __future__ import annotations

import asyncio
import json
import sys
import uuid
from collections import Counter
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from heidi_conformance.client._watch import IDS
from heidi_conformance.client.scenarios import RULES, SCENARIOS
from heidi_conformance.oracle import Violation
from heidi_conformance.reports._clients import SENTENCES, sentence

from .caught import CAUGHT
from .changes import RIGHT, Change
from .conversation import CREATE, Talk, holds
from .faults import FAULTS
from .variants import VARIANTS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from scripts.library.serving import Served


CLASSES = {"tokens", "retries", "paging", "reading", "sending", "errors", "privacy", "safety"}
CERTIFICATES = httpx.create_ssl_context()


class Quick(httpx.AsyncClient):
    """A client that does not read the certificates of the machine each time it is created."""

    def __init__(self, *, verify: bool = True, **options: Any) -> None:
        super().__init__(verify=CERTIFICATES if verify else False, **options)


class Inside(Talk):
    """A changed driver that runs in this process, where it starts sooner."""

    def __init__(self, change: Change) -> None:
        program: dict[str, Any] = {"__name__": __name__}
        exec(compile(change.text(), change.id, "exec"), program)  # noqa: S102  # of this folder
        self._last = 0
        self._loop = asyncio.new_event_loop()
        self._client = program["Client"]()
        self._result = program["result"]

    def ask(self, operation: str, **arguments: Any) -> dict[str, Any]:
        return self.together([self.step(operation, **arguments)])[0]

    def together(self, steps: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._loop.run_until_complete(self._results(steps))]

    async def _results(self, steps: Sequence[Mapping[str, Any]]) -> list[str]:
        results = (self._result(self._client, step) for step in steps)
        return await asyncio.wait_for(asyncio.gather(*results), 10)

    def end(self) -> int:
        self._loop.run_until_complete(self._client.http.aclose())
        return 0

    def kill(self) -> None:
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()


def by_id(change: Change) -> str:
    return change.id


def main_of(text: str) -> str:
    return text.partition("async def main")[2]


def command(program: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", f"tests.conformance.clients.{program}", *arguments]


@pytest.fixture
def user(sandbox: Served, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The settings of a user, and a folder for what drivers leave behind."""
    settings = {
        "HEIDI_BASE_URL": sandbox.url,
        "HEIDI_API_KEY": sandbox.key,
        "HEIDI_EMAIL": "clinician@example.com",
        "HEIDI_THIRD_PARTY_INTERNAL_ID": uuid.uuid4().hex,
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("httpx.AsyncClient", Quick)


def test_ids_and_sentences_are_unique() -> None:
    changes = (*FAULTS, *VARIANTS)
    assert len(changes) == len({each.id for each in FAULTS}) + len({each.id for each in VARIANTS})
    assert len(changes) == len({each.sentence for each in changes})
    assert len(changes) == len({each.text() for each in changes})
    assert all(old != new for each in changes for old, new in each.edits)


def test_every_fault_names_scenarios() -> None:
    assert CLASSES == {each.scenarios for each in FAULTS}


def test_an_edit_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="stands 0 times"):
        Change("", "", "", (("no such text", ""),)).text()


@pytest.mark.usefixtures("user")
@pytest.mark.parametrize("change", FAULTS, ids=by_id)
def test_a_fault_starts_and_responds(change: Change) -> None:
    talk = Inside(change)
    try:
        assert "id" in talk.ask("createSession", body=CREATE)
        assert 0 == talk.end()
    finally:
        talk.kill()


def test_the_right_driver_holds_a_conversation(sandbox: Served) -> None:
    holds(Talk([sys.executable, str(RIGHT)], sandbox))


@pytest.mark.usefixtures("user")
@pytest.mark.parametrize("change", VARIANTS, ids=by_id)
def test_a_variant_holds_a_conversation(change: Change, sandbox: Served, tmp_path: Path) -> None:
    if main_of(change.text()) == main_of(RIGHT.read_text("utf-8")):
        holds(Inside(change))
    else:
        folder = {"TMPDIR": str(tmp_path)}
        holds(Talk(command("changed", change.id), sandbox, environment=folder))


@pytest.mark.parametrize("change", FAULTS[::80], ids=by_id)
def test_a_fault_runs_by_its_id(change: Change, sandbox: Served, tmp_path: Path) -> None:
    talk = Talk(command("changed", change.id), sandbox, environment={"TMPDIR": str(tmp_path)})
    try:
        assert "id" in talk.ask("createSession", body=CREATE)
        assert 0 == talk.end()
    finally:
        talk.kill()


# Each fault names the code that catches it, each code has words, and each scenario is needed.


def test_each_fault_names_the_code_that_catches_it() -> None:
    assert {item.id for item in FAULTS} == set(CAUGHT)


@pytest.mark.parametrize("code", sorted({code for code, _ in CAUGHT.values()}))
def test_each_code_has_words_and_a_way_to_fix_it(code: str) -> None:
    rule = RULES[code.partition("/")[0]]
    said = sentence(Violation(code, rule.operation, "x", "y", 1, 2))
    assert all(said)
    assert "{" not in "".join(said)


def test_each_scenario_and_each_watch_catches_two_faults() -> None:
    caught = Counter(code.partition("/")[0] for code, _ in CAUGHT.values())
    assert {item.id for item in SCENARIOS} | IDS <= {id_ for id_, n in caught.items() if n > 1}


def test_every_sentence_belongs_to_a_code_of_a_rule() -> None:
    assert {code.partition("/")[0] for code in SENTENCES} <= {*RULES, "*"}
