"""An environment for each client, made by uv below `build/bench` and kept while it fits."""

from __future__ import annotations

import functools
import hashlib
import shutil
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING, Final, Protocol

from .measure import ROOT, NotMeasuredError

if TYPE_CHECKING:
    from pathlib import Path

FOLDER: Final = ROOT / "build/bench"
TIMEOUT: Final = 180
"""Seconds that making an environment may take."""

PEERS: Final = {
    "openai": "3.54.0",
    "anthropic": "2.12.0",
    "cohere": "7.3.1",
    "mistralai": "3.7.0",
}
"""By the makers of their generators: Stainless twice, Fern, Speakeasy."""


class Environments(Protocol):
    """Gives the Python of an environment; raises NotMeasuredError where there can be none."""

    def ours(self, *extras: str) -> Path: ...

    def peer(self, name: str) -> Path: ...


class Installed:
    """Environments that hold one distribution each, and what it needs."""

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
        _uv("pip", "install", "--quiet", "--compile-bytecode", "--python", str(python), wanted)
        stamp.write_text(made_of)
        return python


def _fingerprint(wheel: Path) -> str:
    return hashlib.sha256(wheel.read_bytes()).hexdigest()


def _uv(*arguments: str) -> None:
    command = [sys.executable, "-m", "uv", *arguments]
    try:
        subprocess.run(command, capture_output=True, check=True, text=True, timeout=TIMEOUT)
    except subprocess.CalledProcessError as error:
        reason = textwrap.shorten(error.stderr, 120) or f"ended with code {error.returncode}"
        raise NotMeasuredError(f"uv {arguments[0]}: {reason}") from error
    except subprocess.TimeoutExpired as error:
        raise NotMeasuredError(f"uv {arguments[0]}: took longer than {TIMEOUT} s") from error
