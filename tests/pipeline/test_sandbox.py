"""A fault in the sandbox fails the main job with a sentence that names it."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from heidi_spec_tools.documents import load
from heidi_spec_tools.nodes import Document

from scripts.library import serving
from scripts.library.running import StepFailure
from scripts.steps import sandbox as step
from scripts.steps.documents import ROOT
from tests.owner.subject import CREATE, MEANING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Plant = Callable[[str, str, str], None]

FAULT = (
    "_resources.py",
    "        if not self._validator.is_valid(value):\n            value = ",
    "        del value[next(iter(sorted(self._own)))]\n        if True:\n            _ = ",
)


@pytest.fixture
def report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "report" / "report.json"
    monkeypatch.setattr(step, "REPORT", path)
    return path


@pytest.fixture
def plant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plant:
    """Put an edited copy of the sandbox before the real one on the path."""

    def edit(file: str, old: str, new: str) -> None:
        copy = tmp_path / "faulty" / "heidi_sandbox"
        shutil.copytree(ROOT / "sandbox" / "heidi_sandbox", copy)
        text = (copy / file).read_text(encoding="utf-8")
        assert text.count(old) == 1
        (copy / file).write_text(text.replace(old, new), encoding="utf-8")
        monkeypatch.setenv("PYTHONPATH", str(copy.parent))

    return edit


@pytest.mark.long  # `make` does the same, and fails where the sandbox does not conform
def test_the_sandbox_conforms_and_the_output_of_the_judge_is_in_a_file(
    report: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert step.judge_sandbox().startswith("conforms at level strict, ")
    verdict = json.loads(report.read_text(encoding="utf-8"))
    assert (verdict["conforms"], verdict["level"], verdict["findings"]) == (True, "strict", [])
    assert ("", "") == capfd.readouterr()
    printed = report.with_name(step.PRINTED).read_text(encoding="utf-8")
    assert f"{verdict['requests']} requests" in printed


def verdict_on(*skipped: dict[str, Any], unseen: str = "") -> Any:
    """Return a report in which every operation passed except one that is named."""
    names = [each.value["operationId"] for each in Document(strict()).of("operation")]
    row: dict[str, Any] = {"rule": "works", "result": "passed", "reason": ""}
    passed = [row | {"operation": name} for name in names if name != unseen]
    return {"rules": [*passed, *skipped], "gaps": []}


def strict() -> Any:
    return load(ROOT / step.STRICT)


def test_an_operation_without_a_rule_is_named(report: Path) -> None:
    first = str(next(iter(Document(strict()).of("operation"))).value["operationId"])
    (line,) = step.unjudged(verdict_on(unseen=first), strict())
    assert line.startswith("generated/heidi_spec/strict.json: #/paths/")
    assert line.endswith(": no rule was put to it; fix conformance/")


def test_an_operation_that_never_succeeded_is_named_once(report: Path) -> None:
    first = str(next(iter(Document(strict()).of("operation"))).value["operationId"])
    gap = f"{first} never succeeded (statuses: 404), so it is not judged"
    rows = verdict_on() | {"answers": {first: {"404": 1}}, "gaps": [gap]}
    assert [gap] == [*step.unjudged(rows, strict())]


SKIPPED = {"rule": "walks", "operation": "readThem", "result": "skipped", "why": "no token"}
JUDGED = SKIPPED | {"operation": "listThem", "result": "passed", "reason": ""}


@pytest.mark.parametrize("reason", sorted(step.WANTING))
def test_a_rule_that_was_skipped_is_named(reason: str) -> None:
    rows = verdict_on(SKIPPED | {"reason": reason}, JUDGED)
    assert ["walks was not judged on readThem: no token"] == [*step.unjudged(rows, strict())]


def test_a_rule_that_was_judged_nowhere_is_named() -> None:
    skipped = SKIPPED | {"reason": ""}
    never = skipped | {"rule": "retry-after"}
    found = [*step.unjudged(verdict_on(skipped, never), strict())]
    assert ["walks was not judged on readThem: no token"] == found
    assert [] == [*step.unjudged(verdict_on(skipped, JUDGED), strict())]


def test_what_a_run_could_not_finish_is_named() -> None:
    gap = "walks: not all of their requests could be sent, as the session limit is reached"
    assert [gap] == [*step.unjudged(verdict_on() | {"gaps": [gap]}, strict())]


@pytest.mark.slow
def test_a_planted_fault_is_named_by_the_sandbox_and_by_the_judge(
    report: Path, plant: Plant
) -> None:
    plant(*FAULT)
    with pytest.raises(StepFailure) as caught:
        step.judge_sandbox()
    assert caught.value.code == 1
    said = f"{CREATE.name}: the response breaks the document: {MEANING['created']} is missing"
    assert said in str(caught.value)
    printed = report.with_name(step.PRINTED).read_text(encoding="utf-8").splitlines()
    assert any("does not conform: " in line for line in printed)
    assert all(f"    {line}" in str(caught.value).splitlines() for line in printed)


def test_a_sandbox_that_does_not_start_is_code_2_with_its_last_words(
    report: Path, plant: Plant
) -> None:
    plant("__main__.py", "def main(", "raise SystemExit('out of order')\ndef main(")
    with pytest.raises(StepFailure, match="the sandbox did not start: out of order") as caught:
        step.judge_sandbox()
    assert caught.value.code == 2
    assert not report.exists()


def test_a_silent_sandbox_is_given_up(
    report: Path, plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "PATIENCE", 0.5)
    plant("__main__.py", "def main(", "import time; time.sleep(60)\ndef main(")
    with pytest.raises(StepFailure, match="the sandbox did not start"):
        step.judge_sandbox()
