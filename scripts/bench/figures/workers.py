"""Requests a second of several processes on one PostgreSQL database, against those of one."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Final

from scripts.bench import servers
from scripts.bench.measure import NotMeasuredError, interleave
from scripts.bench.postgresql import NoPostgresqlError, running_postgresql
from scripts.bench.table import Row

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scripts.bench.environments import Environments
    from scripts.bench.servers import Server

WORKERS: Final = (1, 2, 4)
REQUESTS: Final = {"GET": servers.gets, "PATCH": servers.patches}


def rows(environments: Environments, *, smoke: bool) -> Iterator[Row]:
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
