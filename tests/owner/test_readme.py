"""What the README tells a newcomer, command after command, in a clone with a HOME of its own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from scripts.steps.documents import ROOT
from tests.sandbox.process import free_port

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

BLOCK = re.compile(r"^```(?:sh|python)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
OVERLAY = re.compile(r"<<'END'\n(overlay: .*?)^END$", re.DOTALL | re.MULTILINE)
FEW = "make test ARGS='-n 0 tests/client/test_options.py'\n"
"""In the place of all the quick tests."""
AGAIN = 'eval "$(.venv/bin/heidi-sandbox env)"'


class Newcomer:
    """Whoever has cloned the repository, and no more.

    Attributes:
        clone: the checkout.
    """

    def __init__(self, folder: Path) -> None:
        self.clone = folder / "clone"
        self._port = str(free_port())
        own = {"HOME": str(folder / "home"), "HEIDI_SANDBOX_PORT": self._port}
        (folder / "home").mkdir()
        tools = [each for each in os.environ["PATH"].split(":") if "venv" not in each]
        theirs = (
            "HEIDI_",
            "PYTHON",
            "VIRTUAL_ENV",
            "MAKE",
            "MFLAGS",
            "UV_PROJECT",
            "PYTEST_",
            "COV_",
        )
        known = {name: value for name, value in os.environ.items() if not name.startswith(theirs)}
        self._environment = known | own | {"PATH": ":".join(tools)}
        self.run(f"git clone --quiet '{ROOT}' '{self.clone}'", folder)

    def run(self, commands: str, folder: Path | None = None) -> str:
        """Run commands as a shell does, and return what they print; each must succeed."""
        done = subprocess.run(
            ["bash", "-euc", commands],  # noqa: S607  # wherever it is
            cwd=folder or self.clone,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert 0 == done.returncode, f"{commands}\n{done.stdout}"
        return done.stdout

    def here(self, text: str) -> str:
        """Name the port that is free here in the place of the usual one."""
        return text.replace("8080", self._port)

    @contextmanager
    def running(self, command: str) -> Generator[list[str]]:
        """Let a server run in another shell; its first lines are what it greets with."""
        with subprocess.Popen(
            ["bash", "-euc", command],  # noqa: S607  # wherever it is
            cwd=self.clone,
            env=self._environment,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        ) as process:
            assert process.stdout is not None
            try:
                yield [process.stdout.readline() for _ in range(5)]
            finally:
                os.killpg(process.pid, signal.SIGINT)


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_the_readme_runs_from_its_first_command_to_its_last(tmp_path: Path) -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    make, sandbox, export, program, judge, client, overlay = BLOCK.findall(text)
    newcomer = Newcomer(tmp_path)
    first, second = make.splitlines()
    assert "✓ sandbox" in newcomer.run(first)
    assert FEW.startswith(second)
    assert " passed" in newcomer.run(FEW)
    with newcomer.running(sandbox) as greeting:
        url = export.partition(" HEIDI_API_KEY")[0]
        assert greeting[4].startswith(newcomer.here(url))
        (newcomer.clone / "first.py").write_text(program, encoding="utf-8")
        duration, *ids = newcomer.run(f"{greeting[4]}.venv/bin/python first.py").split()
        assert ("60", 1) == (duration, len(ids))
        assert AGAIN in text
        newcomer.run(f"{AGAIN}\n{newcomer.here(judge)}")
    newcomer.run(client)
    guide = (ROOT / "openapi/guides/documents.md").read_text(encoding="utf-8")
    (clinic,) = OVERLAY.findall(guide)
    (tmp_path / "clinic.overlay.yaml").write_text(clinic, encoding="utf-8")
    newcomer.run(overlay)
    assert (tmp_path / "clinic/heidi_generated/models/session.py").is_file()
    assert "" == newcomer.run("git status --porcelain -- generated openapi")
