"""Servers under load: each in its own process, on a free port of loopback."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import httpx
import jwt

from .environments import TOOLS
from .measure import PROGRAMS, ROOT, SAMPLE, NotMeasuredError, environment, last_line, running

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping, Sequence

    from .measure import Program

CONNECTIONS: Final = 64
SESSIONS: Final = 64
"""How many sessions the load is spread over."""

PATIENCE: Final = 60.0
"""Seconds in which a server must be ready, or have ended."""

_USER: Final = "clinician1@example.com"
"""Whose sessions `heidi-sandbox seed` makes."""

_TICKS: Final = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Server:
    """A server that runs.

    Attributes:
        url: below it are the operations.
        token: for the operations.
    """

    url: str
    token: str = field(repr=False)
    process: subprocess.Popen[str]
    session_ids: tuple[str, ...] = ()

    def cpu_seconds(self) -> float:
        """Return the CPU time of the process and all its children so far."""
        return sum(_ticks(pid) for pid in _family(self.process.pid)) / _TICKS

    def resident(self) -> int:
        """Count the bytes of memory of the process and of all its children."""
        pages = (Path(f"/proc/{pid}/statm").read_text().split()[1] for pid in self.family())
        return sum(map(int, pages)) * os.sysconf("SC_PAGE_SIZE")

    def family(self) -> list[int]:
        """List the ids of the process and of all its children."""
        return _family(self.process.pid)


@dataclass(frozen=True)
class Burst:
    """The result of some seconds of requests over `CONNECTIONS` connections.

    Attributes:
        rate: responses a second.
        cpu: CPU seconds of the server for one response.
    """

    rate: float
    cpu: float


class Load:
    """Sends bursts to servers."""

    def __init__(self, program: Program) -> None:
        self._program = program

    def burst(self, server: Server, requests: Sequence[Mapping[str, Any]], seconds: float) -> Burst:
        """Send the requests in turn, as fast as responses come.

        Args:
            seconds: how long; 0 for a few requests, which is enough to see that it works.

        Raises:
            NotMeasuredError: a response was no success.
        """
        headers = {"authorization": f"Bearer {server.token}", "content-type": "application/json"}
        order = {
            "url": server.url,
            "connections": CONNECTIONS,
            "seconds": seconds,
            "requests": [{**request, "headers": headers} for request in requests],
        }
        before = server.cpu_seconds()
        result = self._program.round(json.dumps(order))
        if result["failures"]:
            failures = ", ".join(result["failures"])
            raise NotMeasuredError(f"requests to {server.url} failed: {failures}")
        if not result["responses"]:
            raise NotMeasuredError(f"no response from {server.url} in {seconds} s")
        spent = server.cpu_seconds() - before
        return Burst(result["responses"] / result["seconds"], spent / result["responses"])


def case(
    load: Load,
    name: str,
    server: Server,
    requests: Sequence[Mapping[str, str]],
    seconds: float,
) -> Callable[[], dict[str, float]]:
    """Return what measures one burst: the rate by its name, and the cost of a response."""

    def measure() -> dict[str, float]:
        burst = load.burst(server, requests, seconds)
        return {name: burst.rate, f"{name} cpu": burst.cpu}

    return measure


def cell(medians: Mapping[str, float], name: str) -> str:
    """Return the measurements of a case."""
    return f"{medians[name]:,.0f}/s, {medians[f'{name} cpu'] * 1e6:.0f} µs CPU"


@contextlib.contextmanager
def load() -> Generator[Load]:
    """Start what sends bursts."""
    with running(TOOLS / "node", "load.mjs", ROOT / "scripts/node") as program:
        yield Load(program)


def path(server: Server, below: str) -> str:
    """Return the full path of a path below the URL of a server."""
    return httpx.URL(server.url).path.rstrip("/") + below


def gets(server: Server) -> list[dict[str, str]]:
    """List a GET for each session."""
    return [
        {"method": "GET", "path": path(server, f"/sessions/{each}")} for each in server.session_ids
    ]


def patches(server: Server) -> list[dict[str, str]]:
    """List a PATCH for each session."""
    body = json.dumps({"duration": 60, "patient": {"name": "A", "gender": "FEMALE"}})
    return [{**get, "method": "PATCH", "body": body} for get in gets(server)]


def lists(server: Server) -> list[dict[str, str]]:
    """List a GET of the first page."""
    return [{"method": "GET", "path": path(server, "/sessions/linked-user?page_size=20")}]


@contextlib.contextmanager
def sandbox(python: Path, *arguments: str, sessions: int = SESSIONS) -> Generator[Server]:
    """Run ours, by default in its own folder."""
    key = secrets.token_hex(16)
    command = [str(python), "-m", "heidi_sandbox", "serve", *arguments]
    variables = {"HEIDI_SANDBOX_API_KEY": key}
    with _running(command, variables) as (origin, process):
        url = f"{origin}/api/v2/ml-scribe/open-api"
        query = {"email": _USER, "third_party_internal_id": "1"}
        headers = {"Heidi-Api-Key": key}
        # It listens before it serves.
        response = httpx.get(f"{url}/jwt", params=query, headers=headers, timeout=PATIENCE)
        yield _filled(Server(url, response.json()["token"], process), sessions)


@contextlib.contextmanager
def fastapi(*, durable: bool) -> Generator[Server]:
    """Run the usual server, on a file or in memory."""
    secret = secrets.token_hex(32)
    variables = {"BENCH_DATABASE": "peer.db" if durable else "", "BENCH_SECRET": secret}
    with _running(_granian("fastapi_app:app"), variables) as (url, process):
        token = jwt.encode({"sub": _USER, "exp": time.time() + 3600}, secret, "HS256")  # pyright: ignore[reportUnknownMemberType]  # of a key it has no type for
        yield _filled(Server(url, token, process), SESSIONS)


@contextlib.contextmanager
def bare() -> Generator[Server]:
    """Run the server that responds to everything with one session."""
    variables = {"BENCH_SAMPLE": str(SAMPLE)}
    with _running(_granian("bare:app"), variables) as (url, process):
        yield Server(url, "none", process, ("1",) * SESSIONS)


@contextlib.contextmanager
def prism(program: Path) -> Generator[Server]:
    """Run a mock of the strict document."""
    document = ROOT / "generated/heidi_spec/strict.json"
    command = [str(TOOLS / "node"), str(program), "mock", str(document), "--verboseLevel", "fatal"]
    with _running(command, {}) as (url, process):
        yield Server(url, "none", process, ("1",) * SESSIONS)


def _granian(application: str) -> list[str]:
    return [
        *(sys.executable, "-m", "granian", "--interface", "asgi", "--no-ws"),
        *("--log-level", "error", application),
    ]


def _filled(server: Server, sessions: int) -> Server:
    headers = {"authorization": f"Bearer {server.token}"}
    with httpx.Client(headers=headers, timeout=PATIENCE) as client:
        responses = [client.post(f"{server.url}/sessions") for _ in range(sessions)]
    ids = tuple(str(response.json()["session_id"]) for response in responses)
    return Server(server.url, server.token, server.process, ids)


@contextlib.contextmanager
def _running(
    command: Sequence[str], variables: Mapping[str, str]
) -> Generator[tuple[str, subprocess.Popen[str]]]:
    port = _free_port()
    with (
        tempfile.TemporaryDirectory() as folder,
        tempfile.TemporaryFile("w+") as errors,
        subprocess.Popen(
            [*command, "--port", str(port)],
            cwd=folder,
            env={**environment(), "PYTHONPATH": str(PROGRAMS), **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            text=True,
            start_new_session=True,
        ) as process,
    ):
        try:
            if not _ready(port, process):
                errors.seek(0)
                raise NotMeasuredError(f"{Path(command[0]).name}: {last_line(errors.read())}")
            yield f"http://127.0.0.1:{port}", process
        finally:
            # All of its processes: the program `node` starts another one.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _ready(port: int, process: subprocess.Popen[str]) -> bool:
    end = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < end:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return True
        time.sleep(0.05)
    return False


def _family(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task").glob("*/children")
    return [pid, *(one for file in children for child in _numbers(file) for one in _family(child))]


def _numbers(file: Path) -> list[int]:
    try:
        return [int(word) for word in file.read_text().split()]
    except FileNotFoundError:  # the thread has ended
        return []


def _ticks(pid: int) -> int:
    # The name of the program comes second, in brackets, and may hold spaces.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])
