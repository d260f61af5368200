"""A sandbox in its own process."""

import contextlib
import io
import os
import secrets
import signal
import socket
import subprocess
import sys
from collections.abc import Generator, Sequence
from pathlib import Path
from unittest import mock

import httpx
import pytest
from heidi_sandbox.__main__ import main

from tests.sandbox.api import TRUST, Api

COMMAND = [sys.executable, "-W", "error", "-m", "heidi_sandbox"]


def free_port() -> int:
    """Return a port that stays free: the kernel gives those below 32768 to nobody by itself."""
    while True:
        with contextlib.suppress(OSError), socket.socket() as probe:
            port = 20_000 + secrets.randbelow(12_000)
            probe.bind(("127.0.0.1", port))
            return port


class Process:
    """A running `heidi-sandbox serve`, with what it printed."""

    def __init__(self, running: subprocess.Popen[str]) -> None:
        assert running.stdout is not None
        self.running = running
        self.lines = [running.stdout.readline() for _ in range(5)]
        self.url = self.lines[0].split()[-1]
        self.api_key = self.lines[1].split()[-1]

    def api(self, email: str = "clinician@example.com", api_key: str | None = None) -> Api:
        query = {"email": email, "third_party_internal_id": "1"}
        headers = {"Heidi-Api-Key": api_key or self.api_key}
        response = httpx.get(f"{self.url}/jwt", params=query, headers=headers, verify=TRUST)
        assert 200 == response.status_code, response.text
        return Api(self.url, response.json()["token"])

    def stop(self) -> tuple[int, str, str]:
        """Ask it to end; return exit code, what else it printed, and its stderr."""
        self.running.terminate()
        out, err = self.running.communicate(timeout=20)
        return self.running.returncode, out, err


def environment(**variables: str) -> dict[str, str]:
    own = {name: text for name, text in os.environ.items() if not name.startswith("HEIDI_SANDBOX_")}
    return {**own, "PYTHONUNBUFFERED": "", **variables}


@contextlib.contextmanager
def started(
    folder: Path, *arguments: str, variables: dict[str, str] | None = None
) -> Generator[Process, None, None]:
    """Run `heidi-sandbox serve` on a free port in a folder; kill it at the end of the block."""
    with subprocess.Popen(
        [*COMMAND, "serve", "--port", "0", *arguments],
        cwd=folder,
        env=environment(**(variables or {})),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        try:
            yield Process(running)
        finally:
            running.kill()


def failed(folder: Path, *arguments: str, variables: dict[str, str] | None = None) -> str:
    """Run the command line in this process: it must exit with 2 and one line; return the line."""
    out, err = io.StringIO(), io.StringIO()
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with (
            contextlib.chdir(folder),
            mock.patch.dict(os.environ, environment(**(variables or {})), clear=True),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
            pytest.raises(SystemExit) as ended,
        ):
            main(arguments)
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    assert (2, "") == (ended.value.code, out.getvalue())
    assert 1 == err.getvalue().count("\n"), err.getvalue()
    assert "Traceback" not in err.getvalue()
    return err.getvalue()


def run(
    folder: Path, arguments: Sequence[str], variables: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments],
        cwd=folder,
        env=environment(**(variables or {})),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
