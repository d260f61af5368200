"""Shards of a run of one client join to one report."""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from heidi_conformance import CannotJudgeError
from heidi_conformance.__main__ import main
from heidi_conformance.campaign._merge import merge
from heidi_conformance.client._run import Plan
from heidi_conformance.client.scenarios import SCENARIOS
from heidi_conformance.run._shards import WHOLE, Shard

from tests.conformance.test_html import VERDICT

from .test_hostile import HOSTILE

if TYPE_CHECKING:
    from scripts.library.serving import Served

CLIENT = replace(VERDICT, subject="client", target="the client a 1")
CHOSEN = ("token-skew", "token-shared", "id-digits")


@pytest.mark.parametrize("number", [1, 2, 7, 200])
def test_every_scenario_is_in_exactly_one_shard(number: int) -> None:
    parts = [Plan((), shard=Shard(k, number)).scenarios for k in range(1, number + 1)]
    assert sorted(item.id for item in SCENARIOS) == sorted(
        item.id for part in parts for item in part
    )
    assert tuple(Plan((), shard=WHOLE).scenarios) == SCENARIOS


def test_shards_of_a_client_are_joined_on_the_command_line(
    sandbox: Served,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HEIDI_API_KEY", sandbox.key)
    chosen = [word for name in CHOSEN for word in ("--scenario", name)]
    # Other tests look for drivers of its name that were left behind.
    driver = ["--", sys.executable, str(shutil.copy(HOSTILE, tmp_path)), "again-with-cookie"]
    for shard in ("1/2", "2/2"):
        options = ["--upstream", sandbox.url, "--shard", shard, "--report", shard[0]]
        assert 1 == main(["client", *options, *chosen, *driver])

    assert 2 == main(["merge", "1/report.json"])
    assert "the report of shard 2/2 is missing" in capsys.readouterr().err
    assert 1 == main(["merge", "1/report.json", "2/report.json"])
    assert "the client hostile" in capsys.readouterr().out

    joined, *parts = (
        json.loads(Path(name, "report.json").read_text()) for name in ("reports/client", "1", "2")
    )
    assert ("client", []) == (joined["subject"], joined["shards"])
    assert {*CHOSEN, "cookies"} <= {item["rule"] for item in joined["rules"]}
    assert sum(part["requests"] for part in parts) == joined["requests"]
    marks = [{item["fingerprint"] for item in each["findings"]} for each in (joined, *parts)]
    assert marks[0] == marks[1] | marks[2]


def test_reports_of_different_clients_are_not_joined() -> None:
    with pytest.raises(CannotJudgeError) as caught:
        merge([CLIENT, replace(CLIENT, target="the client b 2")])
    assert str(caught.value) == (
        "the reports are of different targets, the client a 1 and the client b 2; "
        "give reports of one client at one level"
    )
