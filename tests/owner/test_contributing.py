"""The steps of CONTRIBUTING for an owner, in order, in a fresh checkout."""

from __future__ import annotations

import os
import re
import shutil
import site
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

import pytest
from heidi_spec_tools.documents import dump_yaml, load

from scripts.steps.documents import ROOT, SPEC
from tests.owner.edits import add, schemas
from tests.owner.project import NODE, PACKAGES
from tests.versions import release_first, set_version

LOCKS = ("pyproject.toml", "uv.lock", "scripts/bootstrap.txt", "scripts/node/package.json")
STEPS = ("Edit", "Make", "Read", "Raise", "Commit")


class Checkout:
    """A git checkout of the sources as they are now, with the tools that are installed."""

    def __init__(self, root: Path) -> None:
        self.root = root
        listed = self._output("git", "ls-files", "-co", "--exclude-standard", cwd=ROOT)
        for name in listed.splitlines():
            if (ROOT / name).is_file():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / name, root / name)
        self._borrow_tools()
        release_first(root, "1.2.3")
        self.git("init", "-q")

    def _borrow_tools(self) -> None:
        """Make an environment that finds the packages here first, then the installed ones."""
        tools = Path(sys.executable).parent.parent
        venv.create(self.root / ".venv", symlinks=True)
        (own,) = (self.root / ".venv").glob("lib/python*/site-packages")
        folders = [str(self.root / name) for name in PACKAGES]
        lines = [*folders, *site.getsitepackages()]
        (own / "tools.pth").write_text("\n".join(lines) + "\n", encoding="utf-8")
        for name in ("ruff", "uv"):
            (self.root / ".venv/bin" / name).symlink_to(tools / "bin" / name)
        (self.root / NODE).symlink_to(ROOT / NODE)
        # make installs packages that are older than their lock.
        for name in (*LOCKS, "scripts/node/package-lock.json"):
            os.utime(self.root / name, (0, 0))
        (self.root / ".venv/.synced").touch()
        stamp = (tools / ".synced").stat().st_mtime
        os.utime(self.root / ".venv/.synced", (stamp, stamp))

    def commit(self) -> None:
        self.git("add", ".")
        self.git("-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-qm", "all")

    def git(self, *arguments: str) -> str:
        return self._output("git", *arguments, cwd=self.root)

    def make(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["make", *arguments],  # noqa: S607
            cwd=self.root,
            env={"PATH": os.environ["PATH"], "HOME": str(self.root / "build")},
            capture_output=True,
            text=True,
            check=False,
        )

    def _output(self, *command: str, cwd: Path) -> str:
        environment = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": os.devnull}
        return subprocess.run(
            command, cwd=cwd, env=environment, capture_output=True, text=True, check=True
        ).stdout


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    found = Checkout(tmp_path)
    found.commit()
    return found


def test_contributing_names_the_steps_in_their_order() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    section = text.partition("## Change the spec\n")[2].partition("\n## ")[0]
    assert list(STEPS) == re.findall(r"^\d\. \*\*(\w+)\*\*", section, re.MULTILINE)


@pytest.mark.long
def test_edit_make_read_raise_commit(checkout: Checkout) -> None:
    # Edit
    document: Any = load(checkout.root / SPEC)
    name = min(name for name, each in schemas(document).items() if "properties" in each)
    add(document, "visit_number", name, type="integer", minimum=1)
    (checkout.root / SPEC).write_text(dump_yaml(document), encoding="utf-8")

    # Make
    made = checkout.make()
    assert 0 != made.returncode
    assert "tools:" not in made.stdout
    last = made.stdout.splitlines()
    (gate,) = (line for line in last if "info.version is 1.2.3" in line)
    found = re.match(r"✗ version: (\S+): info\.version is 1\.2\.3; write (\S+) or higher: ", gate)
    assert found
    assert str(SPEC) == found[1]

    # Read
    assert "visit_number" in checkout.git("diff", "generated/heidi_generated")
    assert (checkout.root / "build/publish/1.2.3/index.html").exists()

    # Raise
    set_version(checkout.root, found[2])
    made = checkout.make()
    assert 0 == made.returncode, made.stdout + made.stderr
    assert "commit them with the sources" in made.stdout

    # Commit
    changed = [line[3:] for line in checkout.git("status", "--porcelain").splitlines()]
    assert str(SPEC) in changed
    assert [] == [each for each in changed if not each.startswith(("generated/", str(SPEC)))]
    checkout.commit()
    assert 0 == checkout.make("check-generated").returncode
    assert "" == checkout.git("status", "--porcelain")
