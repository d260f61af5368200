"""Knowledge of a user's list, and the checks of one page."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from heidi_conformance.contract._document import pointed
from heidi_conformance.contract._operations import Operation

from ._reading import Reading, json_type
from ._violation import Violation

# A larger number cannot be a number of resources, and may be a value of the server.
MOST = 1_000_000
NUMBER = re.compile("0|[1-9][0-9]*")


@dataclass
class Walk:
    """One way through the pages, from the first one on.

    there: the resources that are known to have existed when it began. least: how many there were,
    where the server said it. token: leads to its next page.
    """

    size: int
    there: frozenset[str]
    least: int | None = None
    seen: Counter[str] = field(default_factory=Counter[str])
    token: str = ""
    pages: int = 0


@dataclass
class ListState:
    """One list of one user.

    total: how many resources there are, None until the server said it. walk: the latest.
    order: the ids of a page by its query, until something is written. numbers: whether the pages
    that were offered so far are all numbers, without zeros before them. plain: whether they are
    all ASCII. offered: whether any was. below: whether one is a number below zero.
    """

    total: int | None = None
    walk: Walk | None = None
    order: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    numbers: bool = False
    plain: bool = True
    offered: bool = False
    below: bool = False

    def offers(self, reading: Reading) -> bool:
        """Whether the last page of the walk offered the requested one."""
        walk = self.walk
        return (
            walk is not None
            and tokens_of(reading) == [walk.token]
            and size_of(reading) == walk.size
        )

    def unsettle(self) -> None:
        """Something may have been written."""
        self.walk = None
        self.order.clear()

    def added(self) -> None:
        """One resource was created."""
        if self.total is not None:
            self.total += 1
        self.order.clear()


def size_of(reading: Reading) -> int | None:
    """Return the size of page that is asked for; None if the query is odd."""
    operation = reading.declared
    texts = [text for name, text in reading.query if name == operation.page.size]
    if not texts:
        return cast("int | None", operation.size.get("default"))
    plain = len(texts) == 1 and texts[0].isascii() and texts[0].isdigit()
    return int(texts[0]) if plain else None


def tokens_of(reading: Reading) -> list[str]:
    return [text for name, text in reading.query if name == reading.declared.page.token]


def is_whole(operation: Operation, page: Any, ids: Sequence[str]) -> bool:
    """Whether a page has its resources, and each of them an id."""
    items = pointed(page, operation.page.items)
    return isinstance(items, list) and len(ids) == len(cast("list[object]", items))


def page_faults(
    state: ListState, reading: Reading, page: Any, ids: list[str], there: frozenset[str]
) -> Iterator[Violation]:
    """Yield violations of a page's numbers, and remember what the page shows: these ids."""
    operation, words = reading.operation, reading.declared.page
    size = size_of(reading)
    token, more, total, count = (
        pointed(page, pointer) if pointer else None
        for pointer in (words.next, words.more, words.total, words.count)
    )
    if words.count and count != len(ids):
        yield Violation("counts", operation, expected=len(ids), got=plausible(count))
    contradicts = isinstance(more, bool) and more != (token is not None)
    if contradicts:
        yield Violation("next-page", operation, expected=token is not None, got=more)
    if isinstance(total, int) and not isinstance(total, bool):
        if state.total is not None and total != state.total:
            yield Violation("totals", operation, expected=state.total, got=plausible(total))
        state.total = total
    if len(ids) > len(set(ids)):
        yield Violation("walks/twice", operation, expected=len(ids), got=len(set(ids)))
    # Where it contradicts itself, it does not tell whether it is the last.
    if size is not None and not contradicts:
        yield from length_faults(state, reading, len(ids), size, more=token is not None)
    if token is not None:
        number = NUMBER.fullmatch(str(token)) is not None
        state.numbers = number and (state.numbers or not state.offered)
        state.plain = state.plain and str(token).isascii()
        state.below |= str(token).startswith("-")
        state.offered = True
    key = reading.message.target
    before = state.order.get(key, ids)
    if before != ids:
        lost, others = len(set(before) - set(ids)), len(set(ids) - set(before))
        yield Violation("walks/again", operation, expected=len(before), got=(lost, others))
    state.order[key] = ids
    walk = state.walk
    if not tokens_of(reading):
        walk = None if size is None else Walk(size, there, state.total)
    elif not state.offers(reading):
        walk = None
    # Nobody knows whether to go on from a page that offers another one, and says there is none.
    state.walk = walk = None if contradicts and token is not None else walk
    if walk is not None:
        yield from walk_faults(state, reading, walk, ids, token)


def length_faults(
    state: ListState, reading: Reading, length: int, size: int, *, more: bool
) -> Iterator[Violation]:
    """Yield that a page holds too much or too little."""
    operation = reading.operation
    asked = any(name == reading.declared.page.size for name, _ in reading.query)
    if length > size:
        code = "page-bound" if asked else "page-size/default-long"
        yield Violation(code, operation, expected=size, got=length)
        return
    first = not tokens_of(reading)
    fit = size if more else min(size, state.total or 0) if first else 0
    if length < fit:
        code = "full-pages" if asked else "page-size/default-short"
        yield Violation(code, operation, expected=fit, got=length)
    elif first and not more and (state.total or 0) > length:
        yield Violation("next-page/missing", operation, expected=plausible(state.total), got=length)


def walk_faults(
    state: ListState, reading: Reading, walk: Walk, ids: list[str], token: Any
) -> Iterator[Violation]:
    """Follow a walk by one page; at its end, say what it missed or repeated."""
    operation, total = reading.operation, state.total
    repeated = [resource_id for resource_id in ids if resource_id in walk.seen]
    walk.seen.update(ids)
    walk.pages += 1
    if repeated:
        yield Violation("walks/repeated", operation, expected=len(ids), got=len(repeated))
    if token is not None:
        walk.token = str(token)
        # Of a total that is too small, another rule says so.
        most = None if total is None else max(total, len(walk.seen))
        if most is not None and walk.pages > most // walk.size + 20:
            state.walk = None
            pages = plausible(-(-most // walk.size))
            yield Violation("walks/endless", operation, expected=pages, got=walk.pages)
        return
    state.walk = None
    missing = len(walk.there - walk.seen.keys())
    least = max(len(walk.there), walk.least or 0)
    if missing or len(walk.seen) < (walk.least or 0):
        yield Violation("walks/lost", operation, expected=plausible(least), got=len(walk.seen))
    elif total is not None and len(walk.seen) > total:
        yield Violation("walks/more", operation, expected=plausible(total), got=len(walk.seen))


def plausible(value: Any) -> int | str:
    """Return a number of resources, or the type of a value that cannot be one."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < MOST:
        return value
    return json_type(value)
