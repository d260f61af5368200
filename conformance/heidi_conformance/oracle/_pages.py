"""What is known of a user's list, and how one page of it can be wrong."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from heidi_conformance._document import pointed
from heidi_conformance._words import kind_of
from heidi_conformance.contract._operations import DEFAULT, LIST, OPERATIONS

from ._complaint import Complaint
from ._reading import Reading

PAGE = OPERATIONS[LIST].page
# How its parts are called in a sentence.
NEXT, MORE, COUNT, TOTAL = (
    f"`{pointer.rpartition('/')[2]}`" for pointer in (PAGE.next, PAGE.more, PAGE.count, PAGE.total)
)
# A larger number is not the number of anybody's sessions, and nobody knows what it is.
MOST = 1_000_000


@dataclass
class Walk:
    """One way through the pages, from the first one on.

    there: the sessions that are known to have existed when it began. least: how many there were,
    where the server said it. token: leads to its next page.
    """

    size: int
    there: frozenset[str]
    least: int | None = None
    seen: Counter[str] = field(default_factory=Counter[str])
    token: str = ""
    pages: int = 0


@dataclass
class Shelf:
    """The list of one user.

    total: how many sessions there are, None until the server said it. walk: the latest.
    order: the ids of a page by its query, until something is written. numbers: whether the pages
    that were offered so far are all numbers.
    """

    total: int | None = None
    walk: Walk | None = None
    order: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    numbers: bool = False
    offered: bool = False

    def offers(self, reading: Reading) -> bool:
        """Whether the last page of the walk offered what is asked for."""
        walk = self.walk
        return (
            walk is not None
            and tokens_of(reading) == [walk.token]
            and size_of(reading) == walk.size
        )

    def added(self) -> None:
        """One session was created."""
        if self.total is not None:
            self.total += 1
        self.order.clear()


def size_of(reading: Reading) -> int | None:
    """Return the size of page that is asked for; None where the query is odd."""
    texts = [text for name, text in reading.query if name == PAGE.size]
    if not texts:
        return DEFAULT
    plain = len(texts) == 1 and texts[0].isascii() and texts[0].isdigit()
    return int(texts[0]) if plain else None


def tokens_of(reading: Reading) -> list[str]:
    return [text for name, text in reading.query if name == PAGE.token]


def ids_of(page: Any) -> list[str]:
    """Return the ids of the sessions on a page."""
    return OPERATIONS[LIST].ids_on(page)


def is_whole(page: Any) -> bool:
    """Whether a page has its sessions, and each of them an id."""
    listed = pointed(page, PAGE.items)
    return isinstance(listed, list) and len(ids_of(page)) == len(OPERATIONS[LIST].listed(page))


def page_faults(
    shelf: Shelf, reading: Reading, page: Any, there: frozenset[str]
) -> Iterator[Complaint]:
    """Yield what is wrong with the numbers of a page; take what it tells."""
    ids, size = ids_of(page), size_of(reading)
    token, more, total, count = (
        pointed(page, pointer) if pointer else None
        for pointer in (PAGE.next, PAGE.more, PAGE.total, PAGE.count)
    )
    if PAGE.count and count != len(ids):
        yield complaint(
            "counts",
            f"answers a {COUNT} that is not the number of its sessions",
            f"{COUNT} {len(ids)}, as the page shows {sessions(len(ids))}",
            f"{COUNT} {numbered(count)}",
        )
    if isinstance(more, bool) and more != (token is not None):
        yield complaint(
            "next-page",
            f"answers {MORE} and {NEXT} that contradict each other",
            "true beside a page to ask for, false beside null",
            f"{str(more).lower()} beside {'null' if token is None else 'a page to ask for'}",
        )
    if isinstance(total, int) and not isinstance(total, bool):
        if shelf.total is not None and total != shelf.total:
            yield complaint(
                "totals",
                f"answers a {TOTAL} that is not the number of the caller's sessions",
                f"{TOTAL} {numbered(shelf.total)}",
                f"{TOTAL} {numbered(total)}",
            )
        shelf.total = total
    if (twice := len(ids) - len(set(ids))) > 0:
        yield complaint(
            "walks",
            "shows a session twice on one page",
            f"{sessions(len(ids))}, each with an id of its own",
            f"{len(set(ids))} different ids, and {twice} of them again",
        )
    asked = (
        f"without `{PAGE.size}`" if not any(name == PAGE.size for name, _ in reading.query) else ""
    )
    if size is not None:
        yield from length_faults(shelf, reading, len(ids), size, asked, more=token is not None)
    if token is not None:
        digits = str(token).isascii() and str(token).isdigit()
        shelf.numbers = digits and (shelf.numbers or not shelf.offered)
        shelf.offered = True
    key = reading.message.target
    if key in shelf.order and shelf.order[key] != ids:
        yield complaint(
            "walks",
            "shows other sessions, or another order, when asked again",
            "the same page as before, since nothing was written in between",
            difference(shelf.order[key], ids),
        )
    shelf.order[key] = ids
    walk = shelf.walk
    if not tokens_of(reading):
        walk = Walk(size or DEFAULT, there, shelf.total)
    elif not shelf.offers(reading):
        walk = None
    shelf.walk = walk
    if walk is not None:
        yield from walk_faults(shelf, walk, ids, token)


def length_faults(
    shelf: Shelf, reading: Reading, length: int, size: int, asked: str, *, more: bool
) -> Iterator[Complaint]:
    rule = "page-size" if asked else "full-pages"
    most = str(DEFAULT) if asked else f"`{PAGE.size}`"
    got = sessions(length)
    if length > size:
        yield complaint(
            "page-size" if asked else "page-bound",
            f"puts more sessions on a page than {most} {asked}".strip(),
            f"at most {sessions(size)}",
            got,
        )
    elif more and length < size:
        yield complaint(
            rule,
            f"leaves a page short that is not the last {asked}".strip(),
            f"{sessions(size)}, as {NEXT} leads to more",
            got,
        )
    elif not tokens_of(reading) and shelf.total is not None:
        if length < min(size, shelf.total):
            yield complaint(
                rule,
                f"leaves the first page short {asked}".strip(),
                f"{sessions(min(size, shelf.total))}, as {TOTAL} is {numbered(shelf.total)}",
                got,
            )
        if more != (shelf.total > length):
            yield complaint(
                "next-page",
                "has a next page where there is nothing left, or none where there is",
                f"{'null' if more else f'a {NEXT}'} after "
                f"{length} of {numbered(shelf.total)} sessions",
                f"a {NEXT}" if more else "null",
            )


def walk_faults(shelf: Shelf, walk: Walk, ids: list[str], token: Any) -> Iterator[Complaint]:
    """Follow a walk by one page; at its end, say what it missed or repeated."""
    repeated = [resource_id for resource_id in ids if resource_id in walk.seen]
    walk.seen.update(ids)
    walk.pages += 1
    if repeated:
        yield complaint(
            "walks",
            "repeats sessions on a later page of a walk",
            f"{sessions(len(ids))} on page {walk.pages} that no earlier page showed",
            f"{len(repeated)} of them shown before",
        )
    if token is not None:
        walk.token = str(token)
        if shelf.total is not None and walk.pages > shelf.total // walk.size + 20:
            shelf.walk = None
            yield complaint(
                "walks",
                "does not come to an end of its pages",
                f"{NEXT} null after {numbered(-(-shelf.total // walk.size))} pages, "
                f"as {TOTAL} is {numbered(shelf.total)}",
                f"a {NEXT} on page {walk.pages}",
            )
        return
    shelf.walk = None
    yield from end_faults(shelf, walk)


def end_faults(shelf: Shelf, walk: Walk) -> Iterator[Complaint]:
    """Say what a walk that has ended missed, or showed too much."""
    got = f"{sessions(len(walk.seen))} on {walk.pages} page{'s' * (walk.pages != 1)}"
    missing = len(walk.there - walk.seen.keys())
    if missing or len(walk.seen) < (walk.least or 0):
        there = max(len(walk.there), walk.least or 0)
        yield complaint(
            "walks",
            "leaves out sessions that were there throughout a walk",
            f"the sessions that were there when the walk began, {numbered(there)} at least",
            f"{got}, without {missing or numbered(there - len(walk.seen))} of them",
        )
    elif shelf.total is not None and len(walk.seen) > shelf.total:
        yield complaint(
            "walks",
            f"shows more sessions in a walk than {TOTAL} says there are",
            f"at most {numbered(shelf.total)}, which is {TOTAL}",
            got,
        )


# --- in words ---


def complaint(rule: str, pattern: str, expected: str, got: str) -> Complaint:
    return Complaint(rule, LIST, pattern, "", expected, got)


def sessions(number: int) -> str:
    return f"{number} session{'s' * (number != 1)}"


def numbered(value: Any) -> str:
    """Spell a number of sessions; of what cannot be one, no more than the type is told."""
    plausible = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < MOST
    return str(value) if plausible else kind_of(value)


def difference(before: list[str], now: list[str]) -> str:
    """Say how a page differs from what it was."""
    missing, added = len(set(before) - set(now)), len(set(now) - set(before))
    if missing or added:
        return f"{missing} of its {sessions(len(before))} missing and {added} others there"
    return "the same sessions in another order"
