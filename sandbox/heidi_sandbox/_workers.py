"""Several processes on one address and one database."""

import contextlib
import multiprocessing
import signal
import socket
import threading
from collections.abc import Callable, Generator
from multiprocessing.connection import wait
from multiprocessing.context import SpawnProcess
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from heidi_sandbox._errors import CannotServeError, StoreUnavailableError
from heidi_sandbox._process import end_process, keep_memory, set_up_process
from heidi_sandbox._server import Settings, listen, running

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

# Other start methods copy threads or file descriptors that are none of the worker's.
_processes: Final = multiprocessing.get_context("spawn")


class Workers(NamedTuple):
    """Running workers.

    url: the base URL of the API, path included.
    api_key: what the issue of a token asks for.
    processes: one for each worker.
    """

    url: str
    api_key: str
    processes: list[SpawnProcess]

    def when_ended(self, callback: Callable[[], None]) -> None:
        """Call back, in a thread, when one of them has ended for whatever reason."""
        for process in self.processes:
            threading.Thread(target=_wait, args=(process.sentinel, callback), daemon=True).start()


class _Worker(NamedTuple):
    process: SpawnProcess
    connection: "Connection[Any, Any]"


@contextlib.contextmanager
def workers(settings: Settings, port: int, count: int) -> Generator[Workers, None, None]:
    """Run so many processes; they stop at the end of the block, or when this process is gone.

    Raises:
        CannotServeError: the address or the database cannot be used.
    """
    with contextlib.ExitStack() as stack:
        started = [
            stack.enter_context(_started(settings, listener))
            for listener in _listeners(settings, port, count)
        ]
        answers = [_answer(worker) for worker in started]
        url, api_key = answers[0]
        yield Workers(url, api_key, [worker.process for worker in started])
        for worker in started:  # all at once, and not one after the other
            worker.connection.close()


def _listeners(settings: Settings, port: int, count: int) -> Generator[socket.socket, None, None]:
    """Yield a socket for each worker, so that the system shares connections out among them."""
    host, limits = settings.host, settings.limits
    with contextlib.closing(listen(host, port, limits)) as probe:  # nobody else may be there
        taken = probe.getsockname()[1]
    with contextlib.ExitStack() as stack:
        for _ in range(count):
            listener = listen(host, taken, limits, shared=True)
            yield stack.enter_context(contextlib.closing(listener))


@contextlib.contextmanager
def _started(settings: Settings, listener: socket.socket) -> Generator[_Worker, None, None]:
    ours, theirs = _processes.Pipe()
    # Settings and socket go through a pipe: no argument shows in the process list.
    process = _processes.Process(target=_work, args=(settings, listener, theirs))
    process.start()
    theirs.close()
    try:
        yield _Worker(process, ours)
    finally:
        ours.close()
        process.join()
        process.close()


def _answer(worker: _Worker) -> tuple[str, str]:
    """Wait until a worker serves, and return its URL and key."""
    try:
        answer = worker.connection.recv()
    except EOFError:
        raise CannotServeError("a worker ended by itself; its log says why") from None
    if isinstance(answer, str):
        raise CannotServeError(answer)
    url, api_key = answer
    return url, api_key


def _work(settings: Settings, listener: socket.socket, connection: "Connection[Any, Any]") -> None:
    """Serve until the other end of the connection is closed."""
    for number in (signal.SIGINT, signal.SIGTERM):  # they go to the parent as well
        signal.signal(number, signal.SIG_IGN)
    set_up_process(access_log=settings.access_log)
    try:
        with contextlib.closing(listener), running(settings, listener) as sandbox:
            keep_memory()
            connection.send((sandbox.url, sandbox.api_key))
            with contextlib.suppress(EOFError):
                connection.recv()
    except (CannotServeError, StoreUnavailableError) as error:
        with contextlib.suppress(OSError):  # another one has told the parent already
            connection.send(str(error))
    else:
        end_process()


def _wait(sentinel: int, callback: Callable[[], None]) -> None:
    wait([sentinel])
    callback()
