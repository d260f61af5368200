"""Parts of a campaign: each takes some of the rules, and its own random requests."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self, TypeVar

from heidi_conformance._verdict import CannotJudgeError
from heidi_conformance.rules import SCRIPTS, Script

Item = TypeVar("Item")


@dataclass(frozen=True)
class Shard:
    """One of several parts; a part beyond the last has only random requests of its own."""

    number: int = 1
    of: int = 1

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read K/N, such as 2/4. Raises ValueError for any other text."""
        number, slash, of = text.partition("/")
        digits = number.isascii() and number.isdigit() and of.isascii() and of.isdigit()
        if not slash or not digits or len(text) > 12 or not 1 <= int(number) <= int(of):
            raise ValueError(f"{text[:20]!r} must be K/N such as 2/4, with K from 1 to N")
        return cls(int(number), int(of))

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"

    @property
    def name(self) -> tuple[str, ...]:
        """Its name as a verdict has it, nothing where it is the whole."""
        return (str(self),) if self.of > 1 else ()

    def takes(self, script: Script) -> bool:
        """Whether the scripts of this part include one; they are dealt like cards, by a hash."""
        return RANKS[script] % self.of == self.number - 1

    def part(self, items: Sequence[Item]) -> Sequence[Item]:
        """Return the items of this part."""
        return items[self.number - 1 :: self.of]


WHOLE = Shard()


def mark(script: Script) -> str:
    return hashlib.sha256(script.id.encode()).hexdigest()


RANKS = {script: rank for rank, script in enumerate(sorted(SCRIPTS, key=mark))}


def missing(shards: tuple[str, ...]) -> list[str]:
    """Return the parts that are not there. Raises CannotJudgeError if wholes differ."""
    parts = [Shard(*map(int, text.split("/"))) for text in shards]
    wholes = {part.of for part in parts}
    if len(wholes) > 1:
        raise CannotJudgeError(
            f"the shards {', '.join(shards)} are not parts of one whole; give shards of one N"
        )
    numbers = {part.number for part in parts}
    return [
        f"{number}/{of}" for of in wholes for number in range(1, of + 1) if number not in numbers
    ]
