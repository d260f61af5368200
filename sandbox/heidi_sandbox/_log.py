"""What a process of the sandbox writes to stderr."""

import logging
import sys


def set_up_logging(*, access_log: bool) -> None:
    """Log warnings, and each request where that is wanted; of requests, nothing that was sent."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(asctime)s %(message)s")
    # Below an error it tells only of requests that are not HTTP, and they are answered.
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
    if access_log:
        for name in ("heidi_sandbox.access", "heidi_sandbox.chaos"):
            logging.getLogger(name).setLevel(logging.INFO)
