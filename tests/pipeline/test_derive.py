"""One command derives everything that is committed, and stops at what fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scripts import derive

if TYPE_CHECKING:
    import pytest


def test_all_parts_run_with_the_same_arguments_until_one_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ran: list[tuple[str, list[str]]] = []

    def part(name: str, code: int) -> object:
        def main(argv: list[str]) -> int:
            ran.append((name, argv))
            return code

        return main

    monkeypatch.setattr(derive, "PARTS", (part("one", 0), part("two", 2), part("three", 0)))
    assert 2 == derive.main(["--check"])
    assert [("one", ["--check"]), ("two", ["--check"])] == ran


def test_the_committed_files_are_derived_from_the_sources(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert 0 == derive.main(["--check"])
    assert "" == capsys.readouterr().out
