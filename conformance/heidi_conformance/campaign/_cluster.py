"""Workers of a Dask cluster: a local one, or a running one."""

import ipaddress
import logging
import os
import tempfile
import time
import warnings
from concurrent.futures import Future
from contextlib import ExitStack
from typing import Any, Self
from urllib.parse import urlsplit

from heidi_conformance._verdict import CannotJudgeError, Progress

from ._rounds import Result, Task

try:
    import dask.config
    import distributed
except ImportError:
    raise CannotJudgeError("a campaign needs the extra heidi-sessions[campaign]") from None

# Their types say too little.
new_client: Any = distributed.Client
new_cluster: Any = distributed.LocalCluster
TOPIC = "heidi-conformance"
# Seconds between two progress messages of a worker.
PACE = 0.5
PATIENCE = 15


class Cluster:
    """Perform tasks on a Dask cluster. lanes: how many at a time.

    Tokens, and the key at level strict, are in the arguments of tasks, which the cluster's own
    connections carry: always TLS with certificates of its own on this machine, so that no other
    user there can join; TLS, or nothing but this machine, where the scheduler is given.
    """

    def __init__(self, scheduler: str | None, lanes: int) -> None:
        self.progress: dict[int, Progress] = {}
        self.opened = ExitStack()
        try:
            self.client = self.joined(scheduler) if scheduler else self.own(lanes)
        except BaseException:
            self.opened.close()
            raise
        threads = sum(self.client.nthreads().values())
        if not threads:
            self.opened.close()
            raise CannotJudgeError(f"the cluster at {scheduler} has no workers; start some")
        self.lanes = min(lanes, threads)
        self.client.subscribe_topic(TOPIC, self.hear)

    def own(self, lanes: int) -> Any:
        """Start processes on this machine."""
        folder = self.opened.enter_context(tempfile.TemporaryDirectory(prefix="heidi-conformance-"))
        # Not all of its output goes where it is configured to.
        self.opened.enter_context(dask.config.set({"temporary-directory": folder}))
        cluster = self.opened.enter_context(
            new_cluster(
                n_workers=min(lanes, os.cpu_count() or 1),
                threads_per_worker=1,
                host="127.0.0.1",
                security=True,
                dashboard_address=None,
                worker_dashboard_address=None,
                memory_limit=0,
                local_directory=folder,
                silence_logs=logging.CRITICAL,
            )
        )
        return self.opened.enter_context(new_client(cluster))

    def joined(self, scheduler: str) -> Any:
        """Join a cluster; its certificates are named in Dask's own configuration."""
        address = protected(scheduler)
        try:
            return self.opened.enter_context(new_client(address, timeout=PATIENCE))
        except (OSError, ValueError, TypeError, TimeoutError) as error:
            raise CannotJudgeError(
                f"no Dask scheduler responds at {address} ({type(error).__name__}); is it running, "
                "and are the certificates in Dask's configuration (distributed.comm.tls)?"
            ) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.opened.close()

    def start(self, task: Task) -> Future[Result]:
        """Begin a task."""
        executor = self.client.get_executor(pure=False, retries=0)
        future: Future[Result] = executor.submit(perform, task)
        return future

    def hear(self, event: tuple[float, Any]) -> None:
        """Record the progress of a worker."""
        number, *told = event[1]
        self.progress[number] = Progress(*told)


def protected(address: str) -> str:
    """Return the address of a scheduler that tokens may be sent to. Raises CannotJudgeError."""
    parts = urlsplit(address if "://" in address else f"tcp://{address}")
    try:
        local = ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        local = parts.hostname == "localhost"
    if parts.scheme == "tls" or (parts.scheme == "tcp" and local):
        return parts.geturl()
    raise CannotJudgeError(
        f"tokens would travel unprotected to {address[:80]}; give a scheduler at tls://host:port"
    )


def perform(task: Task) -> Result:
    """Perform a task in the process of a worker, and report progress."""
    worker = distributed.get_worker()
    said = 0.0

    def say(progress: Progress) -> None:
        nonlocal said
        if time.monotonic() - said > PACE:
            said = time.monotonic()
            told = progress.phase, progress.requests, progress.findings, progress.seconds
            worker.log_event(TOPIC, (task.shard.number, *told))

    with warnings.catch_warnings():
        # Hypothesis warns when other threads of the worker use `random`.
        warnings.simplefilter("ignore")
        return task.perform(say)
