"""Judge the sandbox at level strict: start it on a free port, point the judge at it, stop it.

    python scripts/judge.py

Exit codes: 0 the sandbox conforms, 1 findings, 2 one of the two could not run.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import subprocess
import sys
import tempfile
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from scripts.bundle import ROOT
from scripts.steps import StepFailure

if TYPE_CHECKING:
    from collections.abc import Generator

REPORT: Final = ROOT / "reports" / "sandbox" / "report.json"
TIME: Final = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} ", re.MULTILINE)
"""What a line of the sandbox's log starts with; without it, the same complaint is one line."""

PATIENCE: Final = 30
"""Seconds that the sandbox may take to start or to stop."""


def judge_sandbox() -> str:
    """Judge the sandbox and return the verdict in a few words.

    Raises:
        StepFailure: findings, each with its sentence, and what the sandbox itself complained of.
    """
    key = secrets.token_urlsafe(16)
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "log")
        with _sandbox(Path(folder), key, log) as url:
            code = _judge(url, key)
        complaints = list(dict.fromkeys(TIME.sub("", log.read_text("utf-8")).splitlines()))
    if code == 2 or not REPORT.exists():
        raise StepFailure(2, "the judge could not run", complaints)
    verdict: Any = json.loads(REPORT.read_text(encoding="utf-8"))
    if code or not verdict["conforms"]:
        findings = [finding["title"] for finding in verdict["findings"]]
        raise StepFailure(1, f"does not conform; see {REPORT}", [*_said(complaints), *findings])
    return f"conforms at level strict, {verdict['requests']} requests"


def _said(complaints: list[str]) -> list[str]:
    return [f"the sandbox says: {line}" for line in complaints]


@contextmanager
def _sandbox(folder: Path, key: str, log: Path) -> Generator[str]:
    """Serve the sandbox on a new database and yield its base URL."""
    command = [sys.executable, "-m", "heidi_sandbox", "serve", "--port", "0"]
    command += ["--database-url", f"sqlite:///{folder / 'sandbox.db'}"]
    environment = {**os.environ, "HEIDI_SANDBOX_API_KEY": key}
    with (
        log.open("wb") as errors,
        subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=errors, text=True
        ) as process,
    ):
        try:
            with _deadline(process):
                address = _address(process, log)
            yield address
        finally:
            process.terminate()
            with _deadline(process):
                process.wait()


@contextmanager
def _deadline(process: subprocess.Popen[str]) -> Generator[None]:
    """Kill the process where the block takes too long, which ends the waiting."""
    timer = threading.Timer(PATIENCE, process.kill)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _address(process: subprocess.Popen[str], log: Path) -> str:
    for line in process.stdout or ():
        if match := re.search(r"http://\S+", line):
            return match[0]
    raise StepFailure(2, "the sandbox did not start", log.read_text("utf-8").splitlines())


def _judge(url: str, key: str) -> int:
    REPORT.unlink(missing_ok=True)
    command = [sys.executable, "-m", "heidi_conformance", "run", url, "--level", "strict"]
    command += ["--report", str(REPORT.parent)]
    environment = {**os.environ, "HEIDI_API_KEY": key}
    environment.pop("HEIDI_TOKEN", None)
    return subprocess.run(command, env=environment, check=False).returncode


def main() -> int:
    """Run the command line."""
    try:
        print(f"sandbox: {judge_sandbox()}")
    except StepFailure as failure:
        print(f"sandbox: {failure}", file=sys.stderr)
        return failure.code
    return 0


if __name__ == "__main__":
    sys.exit(main())
