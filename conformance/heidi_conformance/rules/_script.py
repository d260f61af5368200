"""What a script is."""

from collections.abc import Callable
from dataclasses import dataclass

from heidi_conformance._probe import Probe
from heidi_conformance._verdict import Level


@dataclass(frozen=True)
class Script:
    """Requests that put a server to some rules.

    level: `documented` where it sends only what the page describes. rules: those that it is there
    for; every answer is held to all others as well. needs: what a run must have been given.
    reads: whether it sends nothing but GET, and runs where nothing may be created. others: whether
    it is about operations that no rule about sessions drives.
    """

    run: Callable[[Probe], None]
    level: Level
    rules: tuple[str, ...]
    needs: tuple[str, ...] = ()
    reads: bool = False
    others: bool = False

    @property
    def id(self) -> str:
        return self.run.__name__.replace("_", "-")
