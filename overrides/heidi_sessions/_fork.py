"""Reset a child process, which must not use the connections and locks of its parent."""

from __future__ import annotations

import os
from typing import Final, Protocol
from weakref import WeakSet


class Inherited(Protocol):
    """Holds an object that a child process must not use."""

    def start_over(self) -> None:
        """Leave it to the parent."""


# Not a WeakMethod: its callback fails where Python 3.13 ends with an object still alive.
_inherited: Final[WeakSet[Inherited]] = WeakSet()


def start_over_in_child(one: Inherited) -> None:
    """Register an object to be reset in every child process, until it is collected."""
    _inherited.add(one)


def _run() -> None:
    for one in list(_inherited):
        one.start_over()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_run)
