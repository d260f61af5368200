"""What to do in a child process: its parent's connections and locks are not its own."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final
from weakref import WeakMethod

if TYPE_CHECKING:
    from collections.abc import Callable

_calls: Final[set[WeakMethod[Callable[[], None]]]] = set()


def call_in_child(method: Callable[[], None]) -> None:
    """Call a bound method in every child process, as long as its object lives."""
    _calls.add(WeakMethod(method, _calls.discard))


def _run() -> None:
    for reference in list(_calls):
        if (method := reference()) is not None:
            method()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_run)
