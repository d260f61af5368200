"""The scorecards show the verdict of the judge for each ready driver."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import heidi_sessions
import pytest
from heidi_conformance.client.scenarios import PROBE, RULES

from scripts.portability.scorecards import (
    DRIVERS,
    PAGE,
    READY,
    Card,
    interpreted,
    judged,
    page,
    scenarios,
)
from scripts.portability.tools import PortabilityError
from scripts.steps.documents import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

TEXT: Final = PAGE.read_text("utf-8")
ROW: Final = re.compile(r"^\| .* \(`([\w-]+)`\) \| (\w+) \| (.*) \|$", re.MULTILINE)
ROWS: Final = [("cookies", "practice", "no cookie"), ("pages-all", "documented", "all pages")]


def card(file: str, *findings: dict[str, str], **results: str) -> Card:
    rules = [{"rule": name.replace("_", "-"), "result": result} for name, result in results.items()]
    report: dict[str, Any] = {"findings": [*findings], "rules": rules}
    return Card(interpreted(file, "bash", "bash"), f"{file} 1", report)


def test_a_page_has_the_result_of_each_scenario_for_each_driver() -> None:
    finding = {"title": "loses pages (pages-all)", "rule": "pages-all", "expected": "7", "got": "3"}
    cards = [
        card("one", cookies="passed", pages_all="passed"),
        card("two", finding, cookies="skipped", pages_all="failed"),
    ]
    text = page(cards, ROWS)
    assert "| `one` | one 1 | 2 of 2 | 0 | 0 |" in text
    assert "| `two` | two 1 | 0 of 2 | 0 | 1 |" in text
    assert "| no cookie (`cookies`) | practice | passed | not exercised |" in text
    assert "| all pages (`pages-all`) | documented | passed | **finding** |" in text
    assert ["two 1"] == re.findall(r"^### (.*)$", text, re.MULTILINE)
    assert "- `pages-all`: loses pages; expected 7, got 3\n" in text
    assert "client -- bash conformance/drivers/one\n" in text


def test_a_driver_that_cannot_be_judged_has_no_scorecard(tmp_path: Path) -> None:
    silent = tmp_path / "silent.sh"
    silent.write_text("exit 3\n")
    with pytest.raises(PortabilityError, match="exited with 3 before it wrote"):
        judged(interpreted(str(silent), "bash", "bash"))


def started_with(path: str) -> list[str]:
    """Return the commands of the processes that have this PATH."""
    found: list[str] = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if f"PATH={path}".encode() in (entry / "environ").read_bytes().split(b"\0"):
                found.append((entry / "cmdline").read_bytes().decode(errors="replace"))
    return [each for each in found if each]


def waited_for(seconds: float, done: Callable[[], bool]) -> bool:
    ends = time.monotonic() + seconds
    while not done() and time.monotonic() < ends:
        time.sleep(0.1)
    return done()


# A terminal sends it to the process group, which the sandbox has left; others to one process.
@pytest.mark.parametrize("send", [os.killpg, os.kill], ids=["group", "process"])
def test_ctrl_c_leaves_nothing_running(send: Callable[[int, int], None], tmp_path: Path) -> None:
    path = f"{tmp_path}:{os.environ['PATH']}"
    command = [sys.executable, "-m", "scripts.portability", "--only", "scorecards"]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, "PATH": path},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            assert waited_for(
                60, lambda: any("heidi_sandbox" in each for each in started_with(path))
            )
            send(process.pid, signal.SIGINT)
            _, said = process.communicate(timeout=60)
        finally:
            process.kill()
    assert (130, "portability: interrupted") == (process.returncode, said.splitlines()[-1][:24])
    assert waited_for(5, lambda: not started_with(path)), started_with(path)


def test_the_judge_lists_its_scenarios() -> None:
    known = [item for item in RULES.values() if item is not PROBE]
    assert [(item.id, item.level, item.words) for item in known] == scenarios()


# What is committed


def test_the_page_has_every_scenario_and_every_driver() -> None:
    known = {item.id: item.level for item in RULES.values() if item is not PROBE}
    found = ROW.findall(TEXT)
    assert known == {id_: level for id_, level, _ in found}
    assert {len(READY)} == {cells.count("|") + 1 for _, _, cells in found}
    assert {each.file for each in READY} == {path.name for path in (ROOT / DRIVERS).glob("*.*")}


def test_the_page_names_the_installed_versions() -> None:
    own = heidi_sessions.__version__
    stock = metadata.version("openapi-python-client")
    for words in (
        f"`python.py` | heidi-sessions {own}",
        f"`python_async.py` | heidi-sessions {own} (asyncio)",
        f"`stock.py` | openapi-python-client {stock}",
    ):
        assert f"| {words} |" in TEXT


def test_our_client_passes_everything_on_the_page() -> None:
    for _, _, cells in ROW.findall(TEXT):
        assert ["passed", "passed"] == cells.split(" | ")[:2]
