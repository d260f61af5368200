"""The code of the guides runs against the sandbox, and prints what they show."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from scripts.steps.documents import ROOT
from tests.versions import WHEEL

if TYPE_CHECKING:
    from heidi_sandbox import Sandbox

GUIDES = ROOT / "openapi/guides"
NAMES = (
    *("home", "getting-started", "authentication", "pagination", "errors", "judging"),
    "documents",
)
"""Each of the others has its own test."""

DOCUMENT = ROOT / "generated/heidi_spec/client.yaml"
"""What a reader of "The documents" has downloaded."""

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
ENTERED = ("python3 -m venv heidi\n", ". heidi/bin/activate\n")
INSTALLED = f"pip install '{WHEEL}[sandbox]'\n"
SERVED = "heidi-sandbox serve\n"
TOLD = f'{ENTERED[-1]}eval "$(heidi-sandbox env)"\n'
STARTS = {
    "home": {"".join((*ENTERED, INSTALLED, SERVED)), TOLD},
    "getting-started": {ENTERED[-1] + SERVED, TOLD},
}
"""Commands that set up what the environment of these tests already has."""


class Block(NamedTuple):
    """The code of one guide in one language, and its output in the guide."""

    program: str
    output: str


def blocks(name: str) -> list[tuple[str, str]]:
    return FENCE.findall((GUIDES / f"{name}.md").read_text(encoding="utf-8"))


def programs(name: str) -> dict[str, Block]:
    """Join the snippets of a guide, and the output after each, by language.

    The output after tabs is that of each language.
    """
    found: dict[str, Block] = {}
    shown: list[str] = []
    last_end = 0
    text = (GUIDES / f"{name}.md").read_text(encoding="utf-8")
    for match in FENCE.finditer(text):
        language, code = match.groups()
        if language in {"text", "json"}:
            for each in shown:
                found[each] = found[each]._replace(output=found[each].output + code)
        elif code not in STARTS.get(name, ()):
            together = not text[last_end : match.start()].strip()
            shown = [*shown, language] if together else [language]
            before = found.get(language, Block("", ""))
            found[language] = before._replace(program=before.program + code)
        last_end = match.end()
    return found


def steady(text: str) -> str:
    """Replace all ids and ports by fixed ones, and end each response with a newline."""
    text = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:8080", text)
    return re.sub(r"\d{30,39}", "0", text).replace("}{", "}\n{").rstrip("\n")


def changed() -> str:
    """Return what differs from the last commit in the checkout."""
    done = subprocess.run(
        ["git", "status", "--porcelain"],  # noqa: S607
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout


RUNS = [(name, language) for name in NAMES for language in programs(name)]


@pytest.fixture
def environment(sandbox: Sandbox, tmp_path: Path) -> dict[str, str]:
    return {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "HOME": str(tmp_path),
        "HEIDI_BASE_URL": sandbox.url,
        "HEIDI_API_KEY": sandbox.api_key,
    }


@pytest.mark.slow
@pytest.mark.parametrize(("name", "language"), RUNS)
def test_a_guide_prints_what_it_shows(
    name: str, language: str, environment: dict[str, str], tmp_path: Path
) -> None:
    program, output = programs(name)[language]
    # Separate users, so that sessions of one guide do not show in another.
    program = program.replace("user@example.com", f"{name}@example.com")
    command = {
        "sh": ["bash", "-euo", "pipefail", "-c", program],
        "python": [sys.executable, "-W", "error", "-c", program],
        "ts": ["node", str(tmp_path / "first.mts")],
    }[language]
    (tmp_path / "first.mts").write_text(program, encoding="utf-8")
    shutil.copy(DOCUMENT, tmp_path)
    before = changed()
    done = subprocess.run(
        command,
        env=environment | {"TMPDIR": str(tmp_path), "PYTHONPATH": str(ROOT)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert ("", 0) == (done.stderr, done.returncode)
    said = done.stdout.replace(str(tmp_path), "/tmp")  # noqa: S108  where it is by default
    assert steady(output) == steady(said)
    assert before == changed()


def test_the_settings_of_the_guides_are_those_of_the_sandbox() -> None:
    for name, commands in STARTS.items():
        shown = [code for _, code in blocks(name)]
        assert commands == {code for code in shown if code in commands}


def test_the_first_call_is_shown_in_three_languages() -> None:
    assert {"sh", "python", "ts"} == programs("home").keys()
    assert 1 == len({block.output for block in programs("home").values()})


def test_no_block_of_a_guide_goes_unchecked() -> None:
    languages = {language for name in NAMES for language, _ in blocks(name)}
    assert {"json", "python", "sh", "text", "ts"} == languages
    others = {path.stem for path in GUIDES.glob("*.md")} - set(NAMES)
    more = {
        "client",
        "coverage",
        "integration",
        "portability",
        "sandbox",
        "scorecards",
        "workflows",
    }
    assert others <= more


def test_no_secret_and_no_patient_is_an_argument_of_a_program() -> None:
    for name in NAMES:
        for language, text in blocks(name):
            if language == "sh":
                assert not re.search(r"-H |--header ['\"]|--(json|data) .*patient", text)


@pytest.mark.slow
def test_the_python_of_the_guides_passes_mypy_at_its_strictest(tmp_path: Path) -> None:
    for name, language in RUNS:
        if language == "python":
            file = tmp_path / f"{name.replace('-', '_')}.py"
            file.write_text(programs(name)["python"].program, encoding="utf-8")
    options = ["--strict", "--no-error-summary", f"--cache-dir={ROOT / '.mypy_cache'}"]
    done = subprocess.run(
        [sys.executable, "-m", "mypy", *options, str(tmp_path)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ("", "", 0) == (done.stdout, done.stderr, done.returncode)
