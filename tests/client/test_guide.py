"""Everything in the guide runs, and prints what the guide shows."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import pytest
from heidi_sandbox import serving

from tests.versions import WHEEL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from heidi_sandbox import Sandbox

    Run = Callable[..., subprocess.CompletedProcess[str]]

ROOT: Final = Path(__file__).parents[2]
GUIDE: Final = ROOT / "openapi" / "guides" / "client.md"
CHANCE: Final = (
    (re.compile(r"\d+\.\d ms"), "1.0 ms"),
    (re.compile(r"127\.0\.0\.1:\d+"), "127.0.0.1:8080"),
)


class Block(NamedTuple):
    """A fenced block of the guide."""

    section: str
    language: str
    line: int
    text: str

    @property
    def is_test(self) -> bool:
        return self.language == "python" and bool(
            re.search(r"^(async )?def test_|^pytest_plugins", self.text, re.MULTILINE)
        )


def _blocks() -> Iterator[Block]:
    section, language, start = "", None, 0
    lines = GUIDE.read_text(encoding="utf-8").splitlines(keepends=True)
    for number, line in enumerate(lines, start=1):
        if language is None and line.startswith("## "):
            section = line.removeprefix("## ").strip()
        if not line.startswith("```"):
            continue
        if language is None:
            language, start = line.removeprefix("```").strip(), number
        else:
            yield Block(section, language, start, "".join(lines[start : number - 1]))
            language = None


BLOCKS: Final = list(_blocks())
TESTS: Final = [block for block in BLOCKS if block.is_test]
SECTIONS: Final = list(dict.fromkeys(b.section for b in BLOCKS if b.language == "python"))


def python_of(section: str) -> str:
    """Join the snippets of a section that are not tests, each at its original lines."""
    program = ""
    for block in BLOCKS:
        if (block.section, block.language, block.is_test) == (section, "python", False):
            program += "\n" * (block.line - program.count("\n")) + block.text
    return program


def output_of(section: str) -> str:
    shown = [b.text for b in BLOCKS if (b.section, b.language) == (section, "text")]
    return without_chance("".join(shown))


def without_chance(text: str) -> str:
    for pattern, word in CHANCE:
        text = pattern.sub(word, text)
    return text


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with serving() as sandbox:
        yield sandbox


@pytest.fixture
def run(sandbox: Sandbox, tmp_path: Path, request: pytest.FixtureRequest) -> Run:
    """Runs a command as a partner would, with a new user in the environment."""
    environment = {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "HOME": str(tmp_path),
        "HEIDI_BASE_URL": sandbox.url,
        "HEIDI_API_KEY": sandbox.api_key,
        "HEIDI_EMAIL": f"user{abs(hash(request.node.name))}@clinic.example",
        "HEIDI_THIRD_PARTY_INTERNAL_ID": "1",
        "CLINIC_TOKEN": sandbox.token(),
        # The packages of `pip install` must be installed already.
        "PIP_NO_INDEX": "1",
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }

    def run(*command: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            env=environment | variables,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


@pytest.mark.slow
@pytest.mark.parametrize("section", SECTIONS)
def test_the_python_of_a_section_prints_what_the_guide_shows(
    section: str, run: Run, tmp_path: Path
) -> None:
    program = tmp_path / GUIDE.with_suffix(".py").name
    program.write_text(python_of(section), encoding="utf-8")
    done = run(sys.executable, "-W", "error", str(program))
    shown = without_chance(done.stdout)
    assert ("", 0, output_of(section)) == (done.stderr, done.returncode, shown)


@pytest.mark.slow
def test_the_tests_in_the_guide_pass(run: Run, tmp_path: Path) -> None:
    (conftest,) = [block for block in TESTS if block.text.startswith("# conftest.py\n")]
    (tmp_path / "conftest.py").write_text(conftest.text, encoding="utf-8")
    for block in TESTS:
        if block is not conftest:
            file = tmp_path / f"test_line_{block.line}.py"
            file.write_text(block.text, encoding="utf-8")
    shown = sum(
        len(re.findall(r"^(?:async )?def test_", block.text, re.MULTILINE)) for block in TESTS
    )
    done = run(sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider")
    assert (f"{shown} passed", 0) == (
        "".join(re.findall(r"^\d+ passed", done.stdout, re.MULTILINE)),
        done.returncode,
    ), done.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    "block", [b for b in BLOCKS if b.language == "sh"], ids=lambda b: f"line {b.line}"
)
def test_a_shell_snippet_of_the_guide_runs_cleanly(block: Block, run: Run) -> None:
    text = block.text.replace(WHEEL, "heidi-sessions")
    warnings = "" if block.text.startswith("pip ") else "error"  # warnings of pip are not ours
    done = run("bash", "-eu", "-c", text, PYTHONWARNINGS=warnings)
    assert ("", 0) == (done.stderr, done.returncode)


@pytest.mark.slow
def test_the_python_of_the_guide_passes_mypy_at_its_strictest(run: Run, tmp_path: Path) -> None:
    for number, section in enumerate(SECTIONS):
        (tmp_path / f"section_{number}.py").write_text(python_of(section), encoding="utf-8")
    for block in TESTS:
        (tmp_path / f"test_line_{block.line}.py").write_text(block.text, encoding="utf-8")
    options = ["--strict", "--no-error-summary", f"--cache-dir={ROOT / '.mypy_cache'}"]
    done = run(sys.executable, "-m", "mypy", *options, str(tmp_path))
    assert ("", "", 0) == (done.stdout, done.stderr, done.returncode)


def test_no_block_of_the_guide_goes_unchecked() -> None:
    assert {"python", "sh", "text", ""} == {block.language for block in BLOCKS}
    # Drawings, and output in a section that has something to run.
    assert ["Errors"] == [block.section for block in BLOCKS if not block.language]
    assert {block.section for block in BLOCKS if block.language == "text"} <= set(SECTIONS)


def test_the_list_of_contents_names_every_section_of_the_guide() -> None:
    text = GUIDE.read_text(encoding="utf-8")
    sections = re.findall(r"^## (.+)$", text, re.MULTILINE)
    anchors = [re.sub(r"[^\w -]", "", section).lower().replace(" ", "-") for section in sections]
    assert list(zip(sections, anchors, strict=True)) == re.findall(
        r"^- \[(.+)\]\(#(.+)\)$", text, re.MULTILINE
    )
