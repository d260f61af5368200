"""Everything in the guide of the sandbox runs, and does what the guide says."""

import contextlib
import os
import re
import subprocess
import sys
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Final, NamedTuple

import pytest
from heidi_sandbox import Sandbox, serving
from heidi_sandbox._chaos import GRAMMAR, SCENARIOS
from heidi_sandbox._limits import Limits
from heidi_sandbox._request import LARGEST_BODY

from tests.sandbox.process import environment, free_port
from tests.versions import WHEEL

GUIDE: Final = Path(__file__).parents[2] / "openapi" / "guides" / "sandbox.md"
TEXT: Final = GUIDE.read_text(encoding="utf-8")
SERVE: Final = re.compile(r"^heidi-sandbox serve.*$", re.MULTILINE)


class Block(NamedTuple):
    """A fenced block of the guide."""

    language: str
    text: str
    line: int


BLOCKS: Final = [
    Block(match[1], match[2], TEXT[: match.start()].count("\n") + 1)
    for match in re.finditer(r"^```(\w*)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
]
SHELL: Final = [block for block in BLOCKS if block.language == "sh"]
SERVERS: Final = [block for block in SHELL if SERVE.search(block.text)]
# Without Docker, test_container runs the same steps.
DOCKER: Final = [block for block in SHELL if block.text.startswith("docker ")]
COMMANDS: Final = [block for block in SHELL if block not in SERVERS + DOCKER]


def line_of(block: Block) -> str:
    return f"line {block.line}"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with serving() as running:
        yield running


def shell(text: str, folder: Path, **variables: str) -> subprocess.Popen[str]:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return subprocess.Popen(
        ["bash", "-eu", "-c", text],  # noqa: S607  # wherever it is
        cwd=folder,
        env=environment(
            PATH=path,
            PIP_NO_INDEX="1",  # the packages of `pip install` must be installed already
            PIP_CONFIG_FILE=os.devnull,
            PIP_DISABLE_PIP_VERSION_CHECK="1",
            **variables,
        ),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("block", COMMANDS, ids=line_of)
def test_a_command_runs_cleanly(sandbox: Sandbox, tmp_path: Path, block: Block) -> None:
    variables = {"HEIDI_BASE_URL": sandbox.url, "HEIDI_API_KEY": sandbox.api_key}
    with shell(block.text.replace(WHEEL, "heidi-sessions"), tmp_path, **variables) as running:
        out, err = running.communicate(timeout=60)
    assert ("", 0) == (err, running.returncode)
    if "/sessions" in block.text:
        assert out.startswith('{"session_id":')


@pytest.mark.slow
@pytest.mark.parametrize("block", SERVERS, ids=line_of)
def test_a_server_starts_and_stops(tmp_path: Path, block: Block) -> None:
    text = SERVE.sub(lambda match: f"exec {match[0]} --port 0", block.text)
    with shell(text, tmp_path) as running:
        assert running.stdout is not None
        begun = time.monotonic()
        lines = [running.stdout.readline() for _ in range(3)]
        running.terminate()
        _, err = running.communicate(timeout=20)
    assert ("", 0) == (err, running.returncode)
    assert lines[0].startswith("Heidi sandbox: http://127.0.0.1:")
    assert time.monotonic() - begun < 20


@pytest.mark.slow
def test_the_commands_run_one_after_the_other_in_one_folder(tmp_path: Path) -> None:
    port = {"HEIDI_SANDBOX_PORT": str(free_port())}

    @contextlib.contextmanager
    def served(text: str) -> Generator[str]:
        """Run a server beside a command, and return what it says to export."""
        with shell(SERVE.sub(lambda match: f"exec {match[0]}", text), tmp_path, **port) as running:
            assert running.stdout is not None
            lines = [running.stdout.readline() for _ in range(5)]
            yield lines[4]
            running.terminate()
            assert ("", 0) == (running.communicate(timeout=60)[1], running.returncode)

    for block in SHELL:
        if block in SERVERS:
            with served(block.text) as export:
                assert export.startswith("export HEIDI_BASE_URL=")
        elif block in COMMANDS:
            alone = contextlib.nullcontext("")
            with served("heidi-sandbox serve") if "HEIDI_BASE" in block.text else alone as export:
                text = export + block.text.replace(WHEEL, "heidi-sessions")
                with shell(text, tmp_path, **port) as running:
                    err = running.communicate(timeout=60)[1]
                assert ("", 0) == (err, running.returncode), block


def test_the_python_prints_what_the_guide_shows(tmp_path: Path) -> None:
    (program,) = [block for block in BLOCKS if block.language == "python"]
    (shown,) = [block for block in BLOCKS if block.language == "text"]
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program.text],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ("", shown.text) == (done.stderr, done.stdout)


def test_no_block_goes_unchecked() -> None:
    assert {"python", "sh", "text"} == {block.language for block in BLOCKS}
    assert ["docker build", "docker run", "docker compose"] == [
        " ".join(block.text.split()[:2]) for block in DOCKER
    ]
    assert len(BLOCKS) == len(SERVERS) + len(COMMANDS) + len(DOCKER) + 2


def test_every_fault_is_in_the_table() -> None:
    there = [line.split()[0] for line in GRAMMAR.splitlines() if line.startswith("    ")][2:]
    assert there == re.findall(r"^\| `([a-z=0-9-]+)` \|", section("Faults on demand"), re.MULTILINE)


def section(title: str) -> str:
    return TEXT.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def test_the_scenarios_are_those_of_the_code_in_its_words() -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \| (.+) \|$", section("Make requests fail"), re.MULTILINE)
    assert {name: one.text for name, one in SCENARIOS.items()} == dict(rows)


def test_the_limits_are_those_of_the_code() -> None:
    limits = Limits()
    assert 1024 * 1024 == LARGEST_BODY
    for bound in (
        f"1 MiB, and {limits.body_time:.0f} seconds",
        f"{limits.head // 1024} KiB at a time",
        f"headers | {limits.head_time:.0f} seconds",
        f"{limits.send_time:.0f} seconds, on Linux",
        f"{limits.connections:,} for each process",
        f"{limits.requests} for each process",
    ):
        assert bound in TEXT


def test_the_list_of_contents_names_every_section() -> None:
    sections = re.findall(r"^## (.+)$", TEXT, re.MULTILINE)
    anchors = [section.lower().replace(" ", "-") for section in sections]
    assert list(zip(sections, anchors, strict=True)) == re.findall(
        r"^- \[(.+)\]\(#(.+)\)$", TEXT, re.MULTILINE
    )
