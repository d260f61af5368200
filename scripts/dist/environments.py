"""Environments that have the wheel but not the source, and the trials in them."""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from scripts.dist.archives import PACKAGES, DistError, uv
from scripts.steps.documents import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

TIMEOUT: Final = 600
"""Seconds that one command may take; the judge needs a sixth of it on a busy machine."""

CORE: Final = "core"
PROGRAMS: Final = ("heidi-conformance", "heidi-sandbox", "heidi-sessions", "heidi-spec")

EXTRAS: Final[Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    CORE: (("heidi_sessions", "heidi_sessions.testing"), ("heidi-sessions",)),
    "aiohttp": (("heidi_sessions", "httpx_aiohttp"), ("heidi-sessions",)),
    "campaign": (("heidi_conformance", "distributed"), ("heidi-conformance",)),
    "cli": (("heidi_sessions.cli", "rich"), ("heidi-sessions",)),
    "msgspec": (("heidi_sessions", "msgspec"), ("heidi-sessions",)),
    "spec": (("heidi_spec_tools", "jsonpath_rfc9535"), ("heidi-spec",)),
    "testing": (("heidi_sessions.testing", "jsonschema_rs"), ("heidi-sessions",)),
    "sandbox": (("heidi_sandbox", "asyncpg", "granian"), ("heidi-sandbox",)),
    "conformance": (("heidi_conformance", "schemathesis"), ("heidi-conformance",)),
    "all": (
        (*PACKAGES, "asyncpg", "distributed", "httpx_aiohttp", "msgspec", "schemathesis"),
        PROGRAMS,
    ),
}
"""For each extra, which modules it makes importable, and which programs run."""

_IMPORT: Final = """
import importlib, json, sys
names = sys.argv[1:]
print(json.dumps([importlib.import_module(name).__file__ for name in names] + sys.path))
"""

_SPEC: Final = """
import heidi_spec
assert heidi_spec.load("base")["openapi"].startswith("3.1")
"""

_WRITE_DOCUMENTS: Final = """
import pathlib, sys, heidi_spec
pathlib.Path("client.yaml").write_text(heidi_spec.read("client", "yaml"))
pathlib.Path("own.overlay.yaml").write_text(sys.argv[1])
"""
_OVERLAY: Final = """
overlay: 1.1.0
info: {title: A parameter that each operation needs, version: 1.0.0}
actions:
  - target: $.paths.*[?@.operationId]
    update: {parameters: [{name: own, in: query, required: true, schema: {pattern: '^[a-z]+$'}}]}
"""


@dataclass(frozen=True)
class Environment:
    """A virtual environment, used from an empty folder."""

    folder: Path
    scratch: Path

    def run(
        self, command: Sequence[str], variables: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a program of the environment without the caller's variables."""
        path = f"{self.folder / 'bin'}:/usr/bin:/bin"
        try:
            return subprocess.run(
                [self.program(command[0]), *command[1:]],
                cwd=self.scratch,
                env={"PATH": path, "HOME": str(self.scratch), **(variables or {})},
                capture_output=True,
                text=True,
                timeout=TIMEOUT,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise DistError(f"{command[0]}: took longer than {TIMEOUT} s") from error

    def program(self, name: str) -> str:
        """Name the file of a program."""
        return str(self.folder / "bin" / name)

    def python(self, code: str, *arguments: str, **variables: str) -> str:
        """Run Python isolated from the caller, and return what it printed.

        Raises:
            DistError: it failed, or wrote to stderr.
        """
        command = ["python", "-I", "-W", "error", "-c", code, *arguments]
        done = self.run(command, variables)
        if done.returncode or done.stderr:
            raise DistError(f"python: {_last(done.stderr) or f'code {done.returncode}'}")
        return done.stdout


def create(name: str, wheel: Path, folder: Path, python: str, *options: str) -> Environment:
    """Install the wheel with one extra, or with none.

    Args:
        name: of the extra, or `core`.
        wheel: what to install.
        folder: outside the source; the environment is made in it.
        python: the interpreter.
        options: for the installer, such as constraints.

    Raises:
        DistError: it cannot be installed, or the installed packages conflict.
    """
    environment = Environment(folder / name, folder / f"{name}-scratch")
    environment.scratch.mkdir(parents=True)
    uv("venv", "--no-config", "--python", python, str(environment.folder))
    own = ("--no-config", "--python", environment.program("python"))
    wanted = str(wheel) if name == CORE else f"{wheel}[{name}]"
    uv("pip", "install", *own, *options, wanted)
    uv("pip", "check", *own)
    return environment


def check_imports(environment: Environment, name: str) -> None:
    """Import the packages of an extra, only from the environment.

    Raises:
        DistError: something is missing, or comes from the source.
    """
    modules, _ = EXTRAS[name]
    said = environment.python(_IMPORT, *modules)
    environment.python(_SPEC)
    if str(ROOT) in said:
        raise DistError(f"{name}: something is imported from {ROOT}")


def check_programs(environment: Environment, name: str) -> None:
    """Ask each program of an extra for its help.

    Raises:
        DistError: one has none.
    """
    for program in EXTRAS[name][1]:
        done = environment.run([program, "--help"])
        if done.returncode or not done.stdout.startswith(f"usage: {program}") or done.stderr:
            raise DistError(f"{program}: {_last(done.stderr) or 'gives no help'}")


def check_readme(environment: Environment, readme: str, access: Mapping[str, str]) -> None:
    """Run the Python of the README.

    Raises:
        DistError: it fails.
    """
    lines = re.findall(r"^```python\n(.*?)^```", readme, re.DOTALL | re.MULTILINE)
    if not lines:
        raise DistError("README.md: shows no Python; try what it shows instead")
    for block in lines:
        if not environment.python(block, **access).strip():
            raise DistError("README.md: its Python prints nothing")


def check_toolkit(environment: Environment) -> None:
    """Let `heidi-spec` apply an overlay, replace references, compare, and refuse a missing file.

    Raises:
        DistError: a command fails.
    """
    environment.python(_WRITE_DOCUMENTS, _OVERLAY)
    _heidi_spec(environment, 0, "apply client.yaml own.overlay.yaml -o own.json --strict-targets")
    _heidi_spec(environment, 0, "dereference own.json -o inline.json")
    if '"$ref"' in (environment.scratch / "inline.json").read_text("utf-8"):
        raise DistError("heidi-spec dereference: leaves references")
    said = _heidi_spec(environment, 1, "diff client.yaml own.json --format json --fail-on breaking")
    changes = json.loads(said.stdout)["changes"]
    if not all("witness" in change for change in changes):
        raise DistError("heidi-spec diff: proves nothing")
    said = _heidi_spec(environment, 2, "diff client.yaml absent.yaml")
    if len(said.stderr.splitlines()) != 1:
        raise DistError("heidi-spec diff: says more or less than one line of a missing file")


def _heidi_spec(
    environment: Environment, code: int, arguments: str
) -> subprocess.CompletedProcess[str]:
    done = environment.run(["heidi-spec", *arguments.split()])
    if done.returncode != code:
        said = _last(done.stderr or done.stdout) or f"code {done.returncode}"
        raise DistError(f"heidi-spec {arguments.split(maxsplit=1)[0]}: {said}")
    return done


def judge(environment: Environment, url: str, key: str) -> None:
    """Let the judge try a server at level strict.

    Raises:
        DistError: it has findings, or could not run.
    """
    command = ["heidi-conformance", "run", url, "--level", "strict", "--report", "report"]
    done = environment.run(command, {"HEIDI_API_KEY": key})
    if done.returncode:
        raise DistError(f"heidi-conformance: {_last(done.stderr or done.stdout)}")
    if not (environment.scratch / "report" / "report.json").exists():
        raise DistError("heidi-conformance: wrote no report")


def _last(text: str) -> str:
    return (text.strip().splitlines() or [""])[-1][:300]
