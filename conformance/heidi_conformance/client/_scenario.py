"""What a scenario is, and the order in which they stand."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from heidi_conformance._verdict import Grade

from ._trial import Trial

Script = Callable[[Trial], Awaitable[None]]


async def seen_elsewhere(_: Trial) -> None:
    """Ask for nothing: it is seen in all other scenarios."""


@dataclass(frozen=True)
class Scenario:
    """One thing that a client must do right, and how that is seen.

    level: `documented` rests on the vendor's page, `strict` on a decision, `practice` on good
    practice. operation: what it is about. source: where that is said. words: the promise
    in short. script: what is asked of a client; None if it is seen in all other scenarios.
    linked: whether the user is. tls: whether the proxy speaks TLS. waits: about how many seconds a
    client waits. variables: of the environment; a driver is restarted if there are any.
    """

    id: str
    level: Grade
    operation: str
    source: str
    words: str
    script: Script = seen_elsewhere
    linked: bool = True
    tls: bool = False
    waits: float = 0
    variables: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def command(self) -> tuple[str, ...]:
        """How to put it to a client again."""
        return (f"heidi-conformance client --scenario {self.id} -- COMMAND",)


def scenario(
    level: Grade, operation: str, source: str, words: str, **more: Any
) -> Callable[[Script], Scenario]:
    """Make a scenario of a function that is named like it; more: its other fields."""

    def make(script: Script) -> Scenario:
        name = getattr(script, "__name__", "").replace("_", "-")
        return Scenario(name, level, operation, source, words, script, **more)

    return make
