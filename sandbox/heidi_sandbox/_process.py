"""What a process has to itself: its log and its memory."""

import gc
import logging
import sys


def set_up_process(*, access_log: bool) -> None:
    """Log warnings, and each request where that is wanted; of requests, nothing that was sent."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(asctime)s %(message)s")
    # Below an error it tells only of requests that are not HTTP, and they are answered.
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
    if access_log:
        for name in ("heidi_sandbox.access", "heidi_sandbox.chaos"):
            logging.getLogger(name).setLevel(logging.INFO)


def keep_memory() -> None:
    """Spare the garbage collector what stays for good: everything that is loaded by now."""
    gc.collect()
    gc.freeze()
