"""Several processes on one address and one PostgreSQL database."""

import asyncio
import contextlib
import logging
import multiprocessing
import signal
import socket
import threading
import time
from collections.abc import Callable, Generator
from dataclasses import replace
from functools import partial
from multiprocessing.connection import wait
from multiprocessing.context import SpawnProcess
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from heidi_sandbox import _transfer
from heidi_sandbox._errors import CannotServeError, StoreUnavailableError
from heidi_sandbox._process import STOPPING, end_process, keep_memory, set_up_process
from heidi_sandbox._server import Settings, listen, running
from heidi_sandbox._store import use_store

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from heidi_sandbox._store import Size
    from heidi_sandbox._transfer import Imported

# Other start methods copy threads or file descriptors that the worker must not have.
_processes: Final = multiprocessing.get_context("spawn")
_MOST_DEATHS: Final = 5  # more within this time end all workers
_DEATHS_WITHIN: Final = 60.0

_log = logging.getLogger("heidi_sandbox")


class _Worker(NamedTuple):
    process: SpawnProcess
    connection: "Connection[Any, Any]"

    def end(self) -> None:
        self.connection.close()
        self.process.join()
        self.process.close()


class Workers:
    """Running workers; one that ends by itself is replaced.

    url: the base URL of the API, path included.
    api_key: what the issue of a token asks for.
    imported: what came of the import, None if there was none.
    exported: what the export has, once they have ended; None if there was none.
    """

    def __init__(self, settings: Settings, port: int, count: int) -> None:
        self.imported: Imported | None = None
        self.exported: Size | None = None
        self._settings = replace(settings, import_file=None, export_file=None)
        self._workers: list[_Worker] = []
        self._deaths: list[float] = []
        self._ended = threading.Event()
        self._callbacks: list[Callable[[], None]] = []
        self._told, self._tell = _processes.Pipe(duplex=False)
        self._watching = threading.Thread(target=self._watch, daemon=True)
        host, limits = settings.host, settings.limits
        with contextlib.closing(listen(host, port, limits)) as probe:  # the port must be free
            self._port: int = probe.getsockname()[1]
        try:
            for _ in range(count):  # all at once, and not one after the other
                self._workers.append(self._start())
            self.url, self.api_key = [_started(one) for one in self._workers][-1]
        except BaseException:
            self._end()
            raise
        self._watching.start()

    def when_ended(self, callback: Callable[[], None]) -> None:
        """Call back, in a thread, when they end and are not replaced."""
        self._callbacks.append(callback)
        if self._ended.is_set():
            callback()

    def stop(self) -> None:
        """Let them finish what runs, and end."""
        self._tell.close()
        self._watching.join()
        self._end()

    def _start(self) -> _Worker:
        """Start one, on its own socket, so that the system distributes connections."""
        settings = self._settings
        listener = listen(settings.host, self._port, settings.limits, shared=True)
        with contextlib.closing(listener):
            ours, theirs = _processes.Pipe()
            # Settings and socket go through a pipe: no argument shows in the process list.
            process = _processes.Process(target=_work, args=(settings, listener, theirs))
            process.start()
            theirs.close()
        return _Worker(process, ours)

    def _end(self) -> None:
        for worker in self._workers:
            worker.connection.close()
        for worker in self._workers:
            worker.end()

    def _watch(self) -> None:
        """Replace each worker that ends, until they are stopped."""
        while True:
            sentinels = [worker.process.sentinel for worker in self._workers]
            if self._told in wait([*sentinels, self._told]):
                return
            try:
                for index, worker in enumerate(self._workers):
                    if not worker.process.is_alive():
                        self._workers[index] = self._replaced(worker)
            except (CannotServeError, StoreUnavailableError) as error:
                _log.error("%s", error)
                self._ended.set()
                for callback in self._callbacks:
                    callback()
                return

    def _replaced(self, worker: _Worker) -> _Worker:
        number, code = worker.process.pid, worker.process.exitcode or 0
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        now = time.monotonic()
        self._deaths = [one for one in self._deaths if now - one < _DEATHS_WITHIN] + [now]
        if len(self._deaths) > _MOST_DEATHS:
            raise CannotServeError(f"worker {number} ended ({how}), the last of too many")
        _log.warning("worker %s ended (%s); another one takes its place", number, how)
        successor = self._start()
        _started(successor)
        worker.end()
        return successor


@contextlib.contextmanager
def workers(settings: Settings, port: int, count: int) -> Generator[Workers, None, None]:
    """Run `count` processes; they stop at the end of the block, or when this process ends.

    Raises:
        CannotServeError: the address, the database or one of the files cannot be used.
    """
    url, imported = settings.database_url, None
    if settings.export_file is not None:
        _transfer.refuse_unwritable(settings.export_file)
    if settings.import_file is not None:
        import_into = _transfer.read_file(settings.import_file)
        imported = asyncio.run(use_store(url, import_into))
    running_workers = Workers(settings, port, count)
    running_workers.imported = imported
    try:
        yield running_workers
    finally:
        running_workers.stop()
    if settings.export_file is not None:
        export = partial(_transfer.export_file, settings.export_file)
        running_workers.exported = asyncio.run(use_store(url, export))


def _started(worker: _Worker) -> tuple[str, str]:
    """Wait until a worker serves, and return its URL and key."""
    try:
        told = worker.connection.recv()
    except EOFError:
        raise CannotServeError("a worker ended by itself; its log says why") from None
    if isinstance(told, str):
        raise CannotServeError(told)
    url, api_key = told
    return url, api_key


def _work(settings: Settings, listener: socket.socket, connection: "Connection[Any, Any]") -> None:
    """Serve until the other end of the connection is closed."""
    for number in STOPPING:  # they go to the parent as well
        signal.signal(number, signal.SIG_IGN)
    set_up_process(settings.limits, access_log=settings.access_log)
    try:
        with contextlib.closing(listener), running(settings, listener) as sandbox:
            keep_memory()
            connection.send((sandbox.url, sandbox.api_key))
            with contextlib.suppress(EOFError):
                connection.recv()
    except (CannotServeError, StoreUnavailableError) as error:
        with contextlib.suppress(OSError):  # another one has reported it already
            connection.send(str(error))
    else:
        end_process()
