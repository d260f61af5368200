"""What a process has to itself: its log and its memory."""

import contextlib
import gc
import logging
import os
import sys
from typing import NoReturn


def set_up_process(*, access_log: bool) -> None:
    """Log warnings, and each request where that is wanted; of requests, nothing that was sent."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(asctime)s %(message)s")
    if access_log:
        for name in ("heidi_sandbox.access", "heidi_sandbox.chaos"):
            logging.getLogger(name).setLevel(logging.INFO)


def say(text: str) -> None:
    """Write to stdout; that nobody reads it, or that it is closed, ends no command."""
    try:
        print(text, end="", flush=True)
    except OSError:
        with open(os.devnull, "wb") as nowhere:  # noqa: PTH123  # what is left would fail at exit
            os.dup2(nowhere.fileno(), sys.stdout.fileno())


def end_process() -> NoReturn:
    """End a process that has served, with 0.

    Threads of granian outlive it. Where the interpreter's own end meets one, it panics.
    """
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, OSError):  # it may be closed
            stream.flush()
    os._exit(0)


def keep_memory() -> None:
    """Spare the garbage collector what stays for good: everything that is loaded by now."""
    gc.collect()
    gc.freeze()
