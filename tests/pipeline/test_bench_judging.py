"""The judge is compared with its peer on the same servers, and nothing is counted twice."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from scripts.bench.judging import VARIABLE, Tally, asked, rows, sample
from scripts.bench.measure import NotMeasuredError
from scripts.bench.verdicts import Judge, Schemathesis, Verdict, catalogue, verdict
from tests.conformance.faults import CATALOGUE

if TYPE_CHECKING:
    from scripts.bench.environments import Environments

HERE = Path(sys.executable)
KNOWN = frozenset({("refused", "GET /sessions")})
OTHER = frozenset({("refused", "POST /sessions")})


class Here:
    """The environment that runs the tests has the judge and its peer."""

    def ours(self, *extras: str) -> Path:
        return HERE

    def peer(self, name: str) -> Path:
        raise NotMeasuredError(name)

    def prism(self) -> Path:
        raise NotMeasuredError("Prism")


class Nothing:
    """A missing tool."""

    def command(self, url: str, folder: Path) -> list[str]:
        return [str(HERE), "-c", "raise SystemExit(1)"]

    def failures(self, folder: Path) -> frozenset[tuple[str, ...]]:
        raise AssertionError("it reported nothing")


@pytest.mark.long
def test_both_tools_are_counted_and_timed_on_a_faulty_server() -> None:
    here: Environments = Here()
    found, *told = rows(here, smoke=True)
    assert f"faults found, one token, 1 of {len(CATALOGUE)}, in short" == found.figure
    assert ("1, 1 with other users and the key", "schemathesis run 1") == (found.ours, found.peer)
    assert ["said of the correct server", "without a verdict"] == [row.figure for row in told[:2]]
    assert ("0", "0") == (told[0].ours, told[1].ours)
    assert ("1", "0") == (told[0].peer, told[1].peer)
    assert 3 == len([row.ratio for row in told if row.ratio])


def test_a_finding_on_the_correct_server_does_not_count_as_a_fault_found() -> None:
    tally = Tally(KNOWN)
    tally.verdicts = [Verdict(KNOWN, 1, 1, 1), Verdict(KNOWN | OTHER, 1, 1, 1)]
    assert [False, True] == [tally.finds(one) for one in tally.verdicts]
    assert 1 == tally.found


def test_a_tool_that_ends_without_a_report_has_no_verdict() -> None:
    one = verdict(Nothing(), "", {})
    assert (frozenset(), 0, False) == (one.failures, one.requests, one.over)


def test_a_sample_has_as_many_of_each_class_and_is_always_the_same() -> None:
    faults = [f"{name}.{number}" for name in "abc" for number in range(9)]
    assert ["a", "b", "c", "a", "b", "c"] == [fault[0] for fault in sample(faults, 2)]
    assert sample(faults, 2) == sample(faults, 2)
    assert sorted(faults) == sorted(sample(faults, None))


@pytest.mark.parametrize("text", ["", "0", "-1", "some", "1000", "٣"])
def test_an_invalid_number_of_faults_is_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, text)
    with pytest.raises(NotMeasuredError, match=VARIABLE):
        asked()


def test_the_whole_catalogue_can_be_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "all")
    assert asked() is None
    whole = sample(catalogue(), asked())
    assert sorted(planted.id for planted in CATALOGUE) == sorted(whole)


def test_no_token_is_among_the_arguments_of_a_tool(tmp_path: Path) -> None:
    for tool in (Judge(HERE), Schemathesis(HERE)):
        assert "TOKEN" not in " ".join(tool.command("http://127.0.0.1:1", tmp_path))
    assert "${HEIDI_TOKEN}" in (tmp_path / "schemathesis.toml").read_text()
