"""An environment for each client, made by uv below `build/bench` and kept while it fits."""

from __future__ import annotations

import functools
import hashlib
import json
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Final, Protocol

from .measure import ROOT, NotMeasuredError

FOLDER: Final = ROOT / "build/bench"
TOOLS: Final = Path(sys.executable).parent
TIMEOUT: Final = 180
"""Seconds that may pass until an environment is made."""

PEERS: Final = {
    "openai": "3.54.0",
    "anthropic": "2.12.0",
    "cohere": "7.3.1",
    "mistralai": "3.7.0",
}
"""By the makers of their generators: Stainless twice, Fern, Speakeasy."""

PRISM: Final = {"@stoplight/prism-cli": "5.16.0"}
"""A mock server that reads the document."""


class Environments(Protocol):
    """Gives the Python of an environment; raises NotMeasuredError where there can be none."""

    def ours(self, *extras: str) -> Path: ...

    def peer(self, name: str) -> Path: ...

    def prism(self) -> Path: ...


class Installed:
    """Environments with one distribution each and its dependencies."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._folder = folder

    def ours(self, *extras: str) -> Path:
        """Install our wheel as it would be today."""
        wheel = self._wheel
        wanted = f"{wheel}[{','.join(extras)}]" if extras else str(wheel)
        return self._make("-".join(["heidi", *extras]), wanted, _fingerprint(wheel))

    def peer(self, name: str) -> Path:
        """Install a peer."""
        return self._make(name, f"{name}=={PEERS[name]}", "")

    def prism(self) -> Path:
        """Install the mock server; give its program, which Node runs."""
        folder = self._folder / "prism"
        wanted = json.dumps({"private": True, "dependencies": PRISM})
        stamp = folder / "made-of.txt"
        if not (stamp.exists() and stamp.read_text() == wanted):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            (folder / "package.json").write_text(wanted)
            quiet = ("--silent", "--ignore-scripts", "--no-audit", "--no-fund")
            _run("npm install", [str(TOOLS / "npm"), "install", *quiet], folder)
            stamp.write_text(wanted)
        return folder / "node_modules/.bin/prism"

    @functools.cached_property
    def _wheel(self) -> Path:
        folder = self._folder / "wheel"
        shutil.rmtree(folder, ignore_errors=True)
        _uv("build", "--quiet", "--wheel", "--out-dir", str(folder), str(ROOT))
        return next(folder.glob("*.whl"))

    def _make(self, name: str, wanted: str, fingerprint: str) -> Path:
        folder = self._folder / name
        python, stamp = folder / "bin/python", folder / "made-of.txt"
        made_of = f"{wanted} {fingerprint} {sys.version}\n"
        if python.exists() and stamp.exists() and stamp.read_text() == made_of:
            return python
        _uv("venv", "--quiet", "--clear", "--python", sys.executable, str(folder))
        _uv(
            "pip",
            "install",
            "--quiet",
            "--compile-bytecode",
            "--python",
            str(python),
            *wanted.split(),
        )
        stamp.write_text(made_of)
        return python


def _fingerprint(wheel: Path) -> str:
    return hashlib.sha256(wheel.read_bytes()).hexdigest()


def _uv(*arguments: str) -> None:
    _run(f"uv {arguments[0]}", [sys.executable, "-m", "uv", *arguments], None)


def _run(name: str, command: list[str], folder: Path | None) -> None:
    try:
        subprocess.run(
            command, capture_output=True, check=True, text=True, timeout=TIMEOUT, cwd=folder
        )
    except subprocess.CalledProcessError as error:
        reason = textwrap.shorten(error.stderr, 120) or f"ended with code {error.returncode}"
        raise NotMeasuredError(f"{name}: {reason}") from error
    except subprocess.TimeoutExpired as error:
        raise NotMeasuredError(f"{name}: took longer than {TIMEOUT} s") from error
