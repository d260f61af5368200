from __future__ import annotations

from array import array
from typing import Final

_EMPTY: Final = 0
_MASK: Final = (1 << 64) - 1


class Seen:
    """The ids that a walk has met, in 16 to 32 bytes each, so that its memory stays flat.

    Keeps 64 bits of each id's hash: among 100,000 sessions, two are taken for one with a
    probability of 1 in 4 billion.
    """

    __slots__ = ("_count", "_slots")

    def __init__(self) -> None:
        self._count = 0
        self._slots = array("Q", bytes(8 * 1024))

    def __len__(self) -> int:
        return self._count

    def add(self, item: str | int) -> bool:
        """Remember an id; say whether it is new."""
        mark = (hash(item) & _MASK) or 1
        place = self._find(self._slots, mark)
        if self._slots[place] == mark:
            return False
        self._slots[place] = mark
        self._count += 1
        if self._count * 2 > len(self._slots):
            self._grow()
        return True

    def _grow(self) -> None:
        larger = array("Q", bytes(8 * 2 * len(self._slots)))
        for mark in self._slots:
            if mark != _EMPTY:
                larger[self._find(larger, mark)] = mark
        self._slots = larger

    @staticmethod
    def _find(slots: array[int], mark: int) -> int:
        last = len(slots) - 1
        place = mark & last
        while slots[place] != _EMPTY and slots[place] != mark:  # `in` would make a set
            place = (place + 1) & last
        return place
