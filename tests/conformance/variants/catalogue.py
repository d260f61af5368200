"""The catalogue of correct variants, and what they share."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.conformance.faults.catalogue import Level, Witness, title
from tests.conformance.reference import Api

BOTH: tuple[Level, ...] = ("documented", "strict")
DOCUMENTED_ONLY: tuple[Level, ...] = ("documented",)


@dataclass(frozen=True)
class Variant:
    """A correct server that differs from the reference.

    id: its name.
    sentence: what it does in another way.
    levels: those at which it conforms.
    server: the server.
    unlike: returns whether a server behaves like this one, which the reference does not.
    steady: whether it responds to every request at once; one that is slow or limits rates does not.
    """

    id: str
    sentence: str
    levels: tuple[Level, ...]
    server: type[Api]
    unlike: Witness
    steady: bool = True


VARIANTS: list[Variant] = []


def enter(levels: tuple[Level, ...], *rows: tuple[str, str, type[Api], Witness]) -> None:
    """Enter a variant for each row of a table."""
    VARIANTS.extend(
        Variant(name, told, levels, server, unlike) for name, told, server, unlike in rows
    )


def variant(
    levels: tuple[Level, ...], unlike: Witness, *, steady: bool = True
) -> Callable[[type[Api]], type[Api]]:
    """Enter a subclass of `Api`."""

    def entered(server: type[Api]) -> type[Api]:
        name, sentence = title(server)
        VARIANTS.append(Variant(name, sentence, levels, server, unlike, steady))
        return server

    return entered
