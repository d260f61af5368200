"""Settings of one process: its log, its memory and its end."""

import contextlib
import gc
import logging
import os
import signal
import sys
from queue import Empty, SimpleQueue
from typing import Final, NoReturn

from heidi_sandbox._limits import Limits, allow_connections

# A closed terminal sends SIGHUP; Windows has none.
STOPPING: Final = tuple(
    number
    for name in ("SIGINT", "SIGTERM", "SIGHUP")
    if (number := getattr(signal, name, None)) is not None
)


def set_up_process(limits: Limits, *, access_log: bool) -> None:
    """Log warnings, and each request where that is wanted; of requests, nothing that was sent."""
    allow_connections(limits.connections)
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(asctime)s %(message)s")
    if access_log:
        for name in ("heidi_sandbox.access", "heidi_sandbox.chaos"):
            logging.getLogger(name).setLevel(logging.INFO)


def say(text: str) -> None:
    """Write to stdout; a closed or unread stdout does not end a command."""
    try:
        print(text, end="", flush=True)
    except OSError:
        with open(os.devnull, "wb") as nowhere:  # noqa: PTH123  # what is left would fail at exit
            os.dup2(nowhere.fileno(), sys.stdout.fileno())


def end_process() -> NoReturn:
    """End a process that has served, with 0.

    Threads of granian outlive the server; if the interpreter ends while one runs, it panics.
    """
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, OSError):  # it may be closed
            stream.flush()
    os._exit(0)


def keep_memory() -> None:
    """Exclude everything that is loaded by now from garbage collection."""
    gc.collect()
    gc.freeze()


class Stops:
    """Why a process ends: a signal asks it to, or its server is gone."""

    def __init__(self) -> None:
        # A handler may put while the same thread gets.
        self._asked: SimpleQueue[bool] = SimpleQueue()
        for number in STOPPING:
            if signal.getsignal(number) is signal.SIG_IGN:  # as under nohup
                continue
            signal.signal(number, lambda _number, _frame: self._asked.put(True))

    def end(self) -> None:
        """End the wait from any thread: the server is gone."""
        self._asked.put(False)

    def wait(self) -> bool:
        """Wait, and return whether it was a signal that ended the wait."""
        while True:
            # A signal that comes just before a wait does not interrupt it.
            with contextlib.suppress(Empty):
                return self._asked.get(timeout=1)
