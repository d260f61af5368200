"""`make lint` finds typos, and words for which the field has another one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TYPOS = Path(sys.executable).with_name("typos")


@pytest.mark.parametrize(
    ("word", "instead"),
    [("mended", "fixed"), ("trespass", "authorization"), ("recieve", "receive")],
)
def test_a_word_to_avoid_is_named_with_the_one_to_write(
    word: str, instead: str, tmp_path: Path
) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"It is {word}.\n", encoding="utf-8")

    command = [str(TYPOS), "--format", "brief", "--config", str(ROOT / "_typos.toml"), str(page)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert (2, f"{page}:1:7: error: `{word}` should be `{instead}`\n") == (
        done.returncode,
        done.stdout,
    )


def test_make_lint_checks_words() -> None:
    command = ["make", "--dry-run", "lint-style"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert "typos" in done.stdout.splitlines()
