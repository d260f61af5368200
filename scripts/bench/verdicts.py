"""Verdicts of two tools on one server: their reports, requests and times."""

from __future__ import annotations

import contextlib
import json
import resource
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from .measure import ROOT, NotMeasuredError, environment

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

LIMIT: Final = 180.0
"""Seconds that a tool has for one server."""

PATIENCE: Final = 30.0
"""Seconds that a server may take to start, and to count its requests."""

SEED: Final = 1
STRICT: Final = ROOT / "generated/heidi_spec/strict.yaml"
USERS: Final = {
    "second": "HEIDI_OTHER_TOKEN",
    "same": "HEIDI_SAME_USER_TOKEN",
    "unlinked": "HEIDI_UNLINKED_TOKEN",
    "expired": "HEIDI_EXPIRED_TOKEN",
    "key": "HEIDI_API_KEY",
}
_VERDICTS: Final = (0, 1)
"""Exit codes of both tools: no findings, or findings."""

_HEADERS: Final = '[headers]\nAuthorization = "Bearer ${HEIDI_TOKEN}"\n'


@dataclass(frozen=True)
class Verdict:
    """What one tool said of one server.

    Attributes:
        failures: its reports, without ids and values.
        requests: as the server counted them.
        seconds: from the start of the program to its end.
        cpu: of the program alone.
        over: whether it reached a verdict within `LIMIT`.
    """

    failures: frozenset[tuple[str, ...]]
    requests: int
    seconds: float
    cpu: float
    over: bool = True


class Tool(Protocol):
    """Gives the command that judges a URL, and reads what it reported."""

    def command(self, url: str, folder: Path) -> list[str]: ...

    def failures(self, folder: Path) -> frozenset[tuple[str, ...]]: ...


@dataclass(frozen=True)
class Judge:
    """Ours, at level strict."""

    python: Path
    smoke: bool = False

    def command(self, url: str, folder: Path) -> list[str]:
        """Judge with default settings."""
        program = [str(self.python), "-m", "heidi_conformance", "run", url, "--level", "strict"]
        less = ["--rules-only"] if self.smoke else []
        return [*program, "--seed", str(SEED), "--report", str(folder), *less]

    def failures(self, folder: Path) -> frozenset[tuple[str, ...]]:
        """Read the findings."""
        findings = _read(folder / "report.json")["findings"]
        return frozenset((each["rule"], each["operation"], each["title"]) for each in findings)


@dataclass(frozen=True)
class Schemathesis:
    """Plain `schemathesis run`: the strict document, and default settings."""

    python: Path
    smoke: bool = False

    def command(self, url: str, folder: Path) -> list[str]:
        """Run all phases. The token is in a file, because every user can read arguments."""
        (folder / "schemathesis.toml").write_text(_HEADERS)
        program = [str(self.python.parent / "schemathesis"), "run", str(STRICT), "--url", url]
        report = ["--report", "json", "--report-json-path", str(folder / "report.json")]
        less = ["--phases", "coverage"] if self.smoke else []
        return [*program, "--seed", str(SEED), *report, *less]

    def failures(self, folder: Path) -> frozenset[tuple[str, ...]]:
        """Read the failures and the errors, such as a response that breaks off."""
        report = _read(folder / "report.json")
        failures = {
            (each["type"], operation)
            for each in report["failures"]
            for operation in each["operations"]
        }
        return frozenset(failures | {(each["title"],) for each in report["errors"]})


class Server:
    """A server of the catalogue that runs; `fault` is empty for the correct one.

    Attributes:
        url: below it are the operations.
        tokens: by the name of the user, and the key.
    """

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        news = self._news()
        self.url: str = news["url"]
        self.tokens: dict[str, str] = news["tokens"]

    def requests(self) -> int:
        """Ask how many requests it has had."""
        assert self._process.stdin is not None  # noqa: S101  # it is a pipe
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return int(self._news()["requests"])

    def _news(self) -> Any:
        assert self._process.stdout is not None  # noqa: S101  # it is a pipe
        timer = threading.Timer(PATIENCE, self._process.kill)
        timer.start()
        try:
            line = self._process.stdout.readline()
        finally:
            timer.cancel()
        if not line:
            raise NotMeasuredError("a server of the catalogue did not start, or hangs")
        return json.loads(line)


@contextlib.contextmanager
def serving(fault: str) -> Generator[Server]:
    """Serve a fault in its own process."""
    command = [sys.executable, "-m", "tests.conformance.faults", "--serve", fault]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, cwd=ROOT, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            yield Server(process)
        finally:
            # It may hang on purpose.
            process.kill()


def catalogue() -> list[str]:
    """List the ids of all faults."""
    command = [sys.executable, "-m", "tests.conformance.faults"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True)
    return [line.split()[1] for line in done.stdout.splitlines()[2:]]


def verdict(tool: Tool, fault: str, users: Mapping[str, str]) -> Verdict:
    """Let a tool judge a new server; `users` says what it gets besides one token."""
    with serving(fault) as server, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        secrets = {"HEIDI_TOKEN": server.tokens["first"]}
        secrets |= {variable: server.tokens[user] for user, variable in users.items()}
        before, started = _cpu(), time.monotonic()
        code = _ended(tool.command(server.url, folder), folder, secrets)
        seconds, cpu = time.monotonic() - started, _cpu() - before
        over = code in _VERDICTS and (folder / "report.json").exists()
        failures = tool.failures(folder) if over else frozenset[tuple[str, ...]]()
        return Verdict(failures, server.requests(), seconds, cpu, over)


def _ended(command: list[str], folder: Path, secrets: Mapping[str, str]) -> int | None:
    """Run a command to its end, or until its time is over; then there is no code."""
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env={**environment(), **secrets},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=LIMIT,
        )
    except subprocess.TimeoutExpired:
        return None
    return done.returncode


def _cpu() -> float:
    """Return the CPU seconds of all finished child processes."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))
