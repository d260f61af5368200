"""The generators and compilers: installed from the locks beside this file, and reused."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Final

from scripts.steps.documents import ROOT
from scripts.steps.lint import NODE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LOCKS: Final = Path(__file__).parent
FOLDER: Final = ROOT / "build" / "portability"
TIMEOUT: Final = 300
"""Seconds that one command may take; Go compiles its own library the first time."""
ENDING: Final = 20
"""Seconds that one may take to stop."""


class PortabilityError(Exception):
    """A tool failed; the message is one line with its name and output."""


class AbsentError(PortabilityError):
    """The machine lacks a tool that no lock file can bring."""


def run(
    command: Sequence[str | Path],
    folder: Path,
    variables: Mapping[str, str] | None = None,
    fine: Sequence[int] = (0,),
) -> str:
    """Run a command in a folder and return all that it printed; fine: its good exit codes.

    Raises:
        PortabilityError: it failed, or took too long.
    """
    name = Path(command[0]).name
    kept = {key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ}
    with subprocess.Popen(
        command,
        cwd=folder,
        env={**kept, **(variables or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    ) as process:
        try:
            output, _ = process.communicate(timeout=TIMEOUT)
        except subprocess.TimeoutExpired as error:
            raise PortabilityError(f"{name}: took longer than {TIMEOUT} s") from error
        finally:
            _end(process)
    if process.returncode not in fine:
        raise PortabilityError(f"{name}: {_reason(output) or f'code {process.returncode}'}")
    return output


def _end(process: subprocess.Popen[str]) -> None:
    """Stop a running command, and let it stop its own processes: the judge has a sandbox."""
    process.terminate()
    try:
        process.communicate(timeout=ENDING)
    except subprocess.TimeoutExpired:
        process.kill()


def _reason(output: str) -> str:
    """Find the line with the error: the first that names one, or else the last."""
    lines = [" ".join(line.split()) for line in output.splitlines() if line.strip()]
    named = [line for line in lines if "error" in line.lower()]
    return (named or lines[-1:] or [""])[0][:300]


def python(group: str) -> Path:
    """Install a group of the lock; return the folder of its programs.

    Raises:
        PortabilityError: it cannot be installed.
    """
    folder = FOLDER / group
    locks = (LOCKS / "pyproject.toml", LOCKS / "uv.lock")
    if not _is_current(folder, locks):
        sync = ["uv", "sync", "--quiet", "--locked", "--only-group", group]
        place = ["--project", str(LOCKS), "--python", sys.executable]
        run([sys.executable, "-m", *sync, *place], ROOT, _installing(folder))
        _remember(folder, locks)
    return folder / "bin"


def library(group: str, pattern: str) -> Path:
    """Find a file of an installed group.

    Raises:
        PortabilityError: it does not exist.
    """
    root = python(group).parent
    found = next(root.glob(f"lib/python*/site-packages/{pattern}"), None)
    if found is None:
        raise PortabilityError(f"{group}: holds no {pattern}; remove {root} and try again")
    return found


def node() -> Path:
    """Install the Node packages; return the folder that holds them.

    Raises:
        PortabilityError: they cannot be installed.
    """
    folder = FOLDER / "node"
    locks = (LOCKS / "package.json", LOCKS / "package-lock.json")
    if not _is_current(folder, locks):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for lock in locks:
            shutil.copy(lock, folder)
        quiet = ("--silent", "--ignore-scripts", "--no-audit", "--no-fund")
        npm = Path(sys.executable).with_name("npm")
        run([npm, "ci", *quiet], folder, _installing(folder))
        _remember(folder, locks)
    return folder / "node_modules"


def script(name: str) -> list[str | Path]:
    """Return the command for a program of the Node packages.

    Raises:
        PortabilityError: they cannot be installed.
    """
    return [NODE, node() / ".bin" / name]


def javac() -> str:
    """Find the Java compiler of the machine.

    Raises:
        AbsentError: there is none.
    """
    found = shutil.which("javac")
    if not found:
        raise AbsentError("no javac on this machine; install a JDK of version 11 or newer")
    return found


def go(folder: Path, *arguments: str | Path) -> str:
    """Run the Go command in a folder.

    Raises:
        PortabilityError: it failed, or cannot be installed.
    """
    own = {
        "GOCACHE": str(FOLDER / "go-build"),
        "GOFLAGS": "-mod=mod",
        "GOPATH": str(FOLDER / "go-path"),
        "GOPROXY": "off",
        "GOTELEMETRY": "off",
        "GOTOOLCHAIN": "local",
    }
    return run([library("go", "go/bin/go"), *arguments], folder, own)


def version(package: str) -> str:
    """Look up in the locks which version of a package is tried.

    Raises:
        PortabilityError: no lock has it.
    """
    locked = json.loads((LOCKS / "package-lock.json").read_text("utf-8"))["packages"]
    versions = {name.rpartition("node_modules/")[2]: each for name, each in locked.items()}
    uv = tomllib.loads((LOCKS / "uv.lock").read_text("utf-8"))["package"]
    versions |= {each["name"]: each for each in uv}
    if package not in versions:
        raise PortabilityError(f"{package}: is in no lock of {LOCKS.relative_to(ROOT)}")
    return str(versions[package]["version"])


def _installing(folder: Path) -> dict[str, str]:
    """An installation may need the machine's settings of proxies, caches and certificates."""
    own = {"VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME"}
    kept = {name: value for name, value in os.environ.items() if name not in own}
    return {
        "UV_SYSTEM_CERTS": "true",
        "NODE_USE_SYSTEM_CA": "1",
        **kept,
        "UV_PROJECT_ENVIRONMENT": str(folder),
    }


def _stamp(locks: Sequence[Path]) -> str:
    content = b"".join(lock.read_bytes() for lock in locks) + sys.version.encode()
    return hashlib.sha256(content).hexdigest()


def _is_current(folder: Path, locks: Sequence[Path]) -> bool:
    made_of = folder / "made-of.txt"
    return made_of.exists() and made_of.read_text() == _stamp(locks)


def _remember(folder: Path, locks: Sequence[Path]) -> None:
    (folder / "made-of.txt").write_text(_stamp(locks))
