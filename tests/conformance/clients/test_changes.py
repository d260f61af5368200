"""Every fault and every variant is a change of the right driver that runs."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from .changes import RIGHT, Change
from .conversation import CREATE, Talk, holds
from .faults import FAULTS
from .variants import VARIANTS

if TYPE_CHECKING:
    from pathlib import Path

    from scripts.serving import Served

CLASSES = {"tokens", "retries", "paging", "reading", "sending", "errors", "privacy", "safety"}
CERTIFICATES = httpx.create_ssl_context()
CREATION = {"id": 1, "operation": "createSession", "body": CREATE}


class Quick(httpx.AsyncClient):
    """A client that does not read the certificates of the machine each time it is made."""

    def __init__(self, *, verify: bool = True, **options: Any) -> None:
        super().__init__(verify=CERTIFICATES if verify else False, **options)


def by_id(change: Change) -> str:
    return change.id


def command(program: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", f"tests.conformance.clients.{program}", *arguments]


@pytest.fixture
def user(sandbox: Served, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The settings of a user, and a folder for what drivers leave behind."""
    settings = {
        "HEIDI_BASE_URL": sandbox.url,
        "HEIDI_API_KEY": sandbox.key,
        "HEIDI_EMAIL": "clinician@example.com",
        "HEIDI_THIRD_PARTY_INTERNAL_ID": "1",
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


def test_every_fault_names_scenarios() -> None:
    assert CLASSES == {each.scenarios for each in FAULTS}


def test_an_edit_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="stands 0 times"):
        Change("", "", "", (("no such text", ""),)).text()


@pytest.mark.usefixtures("user")
@pytest.mark.parametrize("change", FAULTS, ids=by_id)
def test_a_fault_starts_and_answers(change: Change) -> None:
    program: dict[str, Any] = {"__name__": __name__}
    exec(compile(change.text(), change.id, "exec"), program)  # noqa: S102  # a program of this folder

    async def answer() -> Any:
        client = program["Client"]()
        line = await asyncio.wait_for(program["result"](client, CREATION), 10)
        await client.http.aclose()
        return json.loads(line)

    assert 1 == asyncio.run(answer())["id"]


def test_the_right_driver_holds_a_conversation(sandbox: Served) -> None:
    holds(Talk([sys.executable, str(RIGHT)], sandbox))


@pytest.mark.parametrize("change", VARIANTS, ids=by_id)
def test_a_variant_holds_a_conversation(change: Change, sandbox: Served) -> None:
    holds(Talk(command("variant", change.id), sandbox))


@pytest.mark.parametrize("change", FAULTS[::80], ids=by_id)
def test_a_fault_runs_by_its_id(change: Change, sandbox: Served, tmp_path: Path) -> None:
    talk = Talk(command("faulty", change.id), sandbox, environment={"TMPDIR": str(tmp_path)})
    try:
        assert "id" in talk.ask("createSession", body=CREATE)
        assert 0 == talk.end()
    finally:
        talk.kill()
