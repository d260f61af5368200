"""The scorecards say of each ready driver what the judge said."""

from __future__ import annotations

import re
from importlib import metadata
from typing import TYPE_CHECKING, Any, Final

import heidi_sessions
import pytest
from heidi_conformance.client.scenarios import PROBE, RULES

from scripts.bundle import ROOT
from scripts.portability.scorecards import (
    DRIVERS,
    PAGE,
    READY,
    Card,
    Driver,
    judged,
    page,
    scenarios,
)
from scripts.portability.tools import PortabilityError

if TYPE_CHECKING:
    from pathlib import Path

TEXT: Final = PAGE.read_text("utf-8")
ROW: Final = re.compile(r"^\| .* \(`([\w-]+)`\) \| (\w+) \| (.*) \|$", re.MULTILINE)
ROWS: Final = [("cookies", "practice", "no cookie"), ("pages-all", "documented", "all pages")]


def card(file: str, *findings: dict[str, str], **results: str) -> Card:
    rules = [{"rule": name.replace("_", "-"), "result": result} for name, result in results.items()]
    report: dict[str, Any] = {"findings": [*findings], "rules": rules}
    return Card(Driver(file, "bash", "bash"), f"{file} 1", report)


def test_a_page_says_what_became_of_each_scenario_for_each_driver() -> None:
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


def test_a_driver_that_cannot_be_judged_is_no_scorecard(tmp_path: Path) -> None:
    silent = tmp_path / "silent.sh"
    silent.write_text("exit 3\n")
    with pytest.raises(PortabilityError, match="exited with 3 before it wrote"):
        judged(Driver(str(silent), "bash", "bash"))


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


def test_the_page_names_the_versions_that_are_here() -> None:
    own = heidi_sessions.__version__
    stock = metadata.version("openapi-python-client")
    for words in (
        f"`python.py` | heidi-sessions {own}",
        f"`python_async.py` | heidi-sessions {own} (asyncio)",
        f"`stock.py` | openapi-python-client {stock}",
    ):
        assert f"| {words} |" in TEXT


def test_the_own_client_passes_everything_on_the_page() -> None:
    for _, _, cells in ROW.findall(TEXT):
        assert ["passed", "passed"] == cells.split(" | ")[:2]
