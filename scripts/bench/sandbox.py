"""The figures of the sandbox: requests a second, and memory under load."""

from __future__ import annotations

import subprocess
import tempfile
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final

from . import servers
from .measure import NotMeasuredError, interleave, last_line
from .postgresql import NoPostgresqlError, running_postgresql
from .table import Bound, Row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path
    from typing import TypeAlias

    from .environments import Environments
    from .servers import Load, Server

    Requests: TypeAlias = Callable[[Server], Sequence[Mapping[str, str]]]

# Requests a second, durable and with validated responses: the sandbox, and usual servers.

REQUESTS: Final[Mapping[str, Requests]] = {"GET": servers.gets, "PATCH": servers.patches}
MUST: Final[Mapping[str, Mapping[str, Bound]]] = {
    "FastAPI, SQLAlchemy, aiosqlite": {"GET": Bound("≥", 6), "PATCH": Bound("≥", 12)},
    "FastAPI in memory": {"GET": Bound("≥", 2), "PATCH": Bound("≥", 1)},
    "Prism": {"GET": Bound("≥", 3), "PATCH": Bound("≥", 1.3)},
    "a bare ASGI constant": {"GET": Bound("≥", 0.5)},
}


def served(environments: Environments, *, smoke: bool) -> Iterator[Row]:
    """Run all servers at the same time, and load one after the other."""
    seconds, rounds = (0, 1) if smoke else (3, 5)
    missing = dict[str, str]()
    with ExitStack() as stack:
        load = stack.enter_context(servers.load())
        running = {"ours": stack.enter_context(servers.sandbox(environments.ours("sandbox")))}
        for name, start in _peers(environments).items():
            try:
                running[name] = stack.enter_context(start())
            except NotMeasuredError as reason:
                missing[name] = str(reason)
        cases = [
            servers.case(load, f"{method} {name}", server, REQUESTS[method](server), seconds)
            for method in REQUESTS
            for name, server in running.items()
            if method in MUST.get(name, REQUESTS)
        ]
        medians = interleave(cases, rounds)
    for name, bounds in MUST.items():
        for method, must in bounds.items():
            figure = f"{method}, against {name}"
            if name in missing:
                yield Row.not_measured(figure, missing[name], must)
                continue
            ours, peer = medians[f"{method} ours"], medians[f"{method} {name}"]
            yield Row.of_ratio(
                figure,
                servers.cell(medians, f"{method} ours"),
                servers.cell(medians, f"{method} {name}"),
                ours / peer,
                must,
            )


def _peers(
    environments: Environments,
) -> dict[str, Callable[[], AbstractContextManager[Server]]]:
    return {
        "FastAPI, SQLAlchemy, aiosqlite": lambda: servers.fastapi(durable=True),
        "FastAPI in memory": lambda: servers.fastapi(durable=False),
        "Prism": lambda: servers.prism(environments.prism()),
        "a bare ASGI constant": servers.bare,
    }


# A page of the list over HTTP: as quick with a million sessions as with a thousand.

FEW: Final = 1_000
MANY: Final = 1_000_000
PATIENCE: Final = 900
"""Seconds that filling a database may take."""


def listed(environments: Environments, *, smoke: bool) -> Iterator[Row]:
    """Fill two databases, and ask both for the same page."""
    many, seconds, rounds = (FEW * 2, 0, 1) if smoke else (MANY, 3, 5)
    python = environments.ours("sandbox")
    with tempfile.TemporaryDirectory() as folder, servers.load() as load:
        urls = [f"sqlite:///{folder}/{count}.db" for count in (FEW, many)]
        for url, count in zip(urls, (FEW, many), strict=True):
            _seed(python, url, count)
        with (
            servers.sandbox(python, "--database-url", urls[0], sessions=0) as small,
            servers.sandbox(python, "--database-url", urls[1], sessions=0) as large,
        ):
            cases = [_case(load, "few", small, seconds), _case(load, "many", large, seconds)]
            medians = interleave(cases, rounds)
    yield Row.of_ratio(
        "list of 20, at 1e6 sessions against 1e3",
        f"{medians['many'] * 1e6:.0f} µs",
        f"{medians['few'] * 1e6:.0f} µs",
        medians["many"] / medians["few"],
        Bound("≤", 1.5),
    )


def _seed(python: Path, url: str, sessions: int) -> None:
    command = [str(python), "-m", "heidi_sandbox", "seed", "--database-url", url]
    command += ["--sessions", str(sessions), "--users", "1"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    if done.returncode:
        raise NotMeasuredError(last_line(done.stderr))


def _case(load: Load, name: str, server: Server, seconds: float) -> Callable[[], dict[str, float]]:
    requests = servers.lists(server)
    return lambda: {name: 1 / load.burst(server, requests, seconds).rate}


# Requests a second of several processes on one PostgreSQL database, against those of one.

WORKERS: Final = (1, 2, 4)


def shared(environments: Environments, *, smoke: bool) -> Iterator[Row]:
    """Let them share the machine with PostgreSQL and with what sends the load.

    A report only: the gain depends on the number of cores. It scales if a response costs a process
    no more CPU time than it costs a single one.
    """
    seconds, rounds = (0, 1) if smoke else (3, 5)
    python = environments.ours("sandbox")
    with ExitStack() as stack:
        load = stack.enter_context(servers.load())
        try:
            postgresql = stack.enter_context(running_postgresql())
        except NoPostgresqlError as error:
            raise NotMeasuredError(str(error)) from error
        running: dict[int, Server] = {}
        for workers in WORKERS:
            url = stack.enter_context(postgresql.database())
            arguments = ("--database-url", url, "--workers", str(workers))
            running[workers] = stack.enter_context(servers.sandbox(python, *arguments))
        cases = [
            servers.case(load, f"{method} {workers}", server, REQUESTS[method](server), seconds)
            for method in REQUESTS
            for workers, server in running.items()
        ]
        medians = interleave(cases, rounds)
    for method in REQUESTS:
        one = f"{method} 1"
        for workers in WORKERS[1:]:
            several = f"{method} {workers}"
            yield Row.reported(
                f"{method} on PostgreSQL, {workers} processes against one",
                servers.cell(medians, several),
                servers.cell(medians, one),
                medians[several] / medians[one],
            )


# Ten minutes of mixed load: no error, and no more memory than after the first minute.

MINUTES: Final = 10
SAMPLES: Final = 6
"""How often memory is read in a minute."""


def soaked(environments: Environments, *, smoke: bool) -> Iterator[Row]:
    """Read, update, list and create in turn; an error ends it."""
    minutes, samples, seconds = (2, 1, 0) if smoke else (MINUTES, SAMPLES, 60 / SAMPLES)
    sizes = list[int]()
    with (
        servers.load() as load,
        servers.sandbox(environments.ours("sandbox")) as server,
    ):
        requests = _mixed(server)
        for _ in range(minutes * samples):
            load.burst(server, requests, seconds)
            sizes.append(server.resident())
    first, most = sizes[samples - 1], max(sizes)
    yield Row.of_ratio(
        "memory, most in ten minutes of load",
        f"{most / 1e6:.0f} MB",
        f"after the first {first / 1e6:.0f} MB",
        most / first,
        Bound("≤", 1.2),
    )


def _mixed(server: Server) -> list[dict[str, str]]:
    create = [{"method": "POST", "path": servers.path(server, "/sessions"), "body": "{}"}]
    reads = servers.gets(server)
    return [
        one
        for read, patch in zip(reads, servers.patches(server), strict=True)
        for one in (read, patch, read, *servers.lists(server))
    ] + create
