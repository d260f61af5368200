"""The imports of changed drivers, and how to run one in a process that has them already."""

from __future__ import annotations

import importlib
import os
import random
import sys
import tempfile
import time
from typing import Any

from .changed import CHANGES
from .changes import Change

# What the driver imports, and what httpx imports at the first request.
for _name in ("httpx", "anyio._backends._asyncio", "email.utils", "http.cookiejar"):
    importlib.import_module(_name)
RIGHT_ITSELF = Change("right", "", "", ())


def run(told: dict[str, Any]) -> None:
    """Run a changed driver as the main program, with the environment of its stand-in."""
    os.environ.clear()
    os.environ.update(told["environment"])
    time.tzset()
    tempfile.tempdir = None
    random.seed()
    sys.argv = ["right.py"]
    sys.stdin, sys.stdout, sys.stderr = (
        open(place, mode, encoding="utf-8", buffering=1)  # noqa: SIM115, PTH123
        for place, mode in enumerate(("r", "w", "w"))
    )
    id_ = told["id"]
    CHANGES.get(id_, RIGHT_ITSELF).run()
