"""What is known of a user's list, and how one page of it can be wrong."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, cast

from heidi_conformance._document import pointed
from heidi_conformance._text import kind_of
from heidi_conformance.contract._operations import Operation

from ._complaint import Complaint
from ._reading import Reading

# A larger number is not the number of anybody's resources, and nobody knows what it is.
MOST = 1_000_000


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
class Shelf:
    """One list of one user.

    total: how many resources there are, None until the server said it. walk: the latest.
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
    """Return the size of page that is asked for; None where the query is odd."""
    operation = reading.declared
    texts = [text for name, text in reading.query if name == operation.page.size]
    if not texts:
        return cast("int | None", operation.size.get("default"))
    plain = len(texts) == 1 and texts[0].isascii() and texts[0].isdigit()
    return int(texts[0]) if plain else None


def tokens_of(reading: Reading) -> list[str]:
    return [text for name, text in reading.query if name == reading.declared.page.token]


def is_whole(operation: Operation, page: Any) -> bool:
    """Whether a page has its resources, and each of them an id."""
    items, ids = pointed(page, operation.page.items), operation.ids_on(page)
    return isinstance(items, list) and len(ids) == len(operation.listed(page))


def page_faults(
    shelf: Shelf, reading: Reading, page: Any, there: frozenset[str]
) -> Iterator[Complaint]:
    """Yield what is wrong with the numbers of a page; take what it tells."""
    words, noun = reading.declared.page, reading.noun
    told = words.spelled
    ids, size = reading.declared.ids_on(page), size_of(reading)
    token, more, total, count = (
        pointed(page, pointer) if pointer else None
        for pointer in (words.next, words.more, words.total, words.count)
    )
    if words.count and count != len(ids):
        yield complaint(
            reading,
            "counts",
            f"answers a {told.count} that is not the number of its {noun}s",
            f"{told.count} {len(ids)}, as the page shows {counted(len(ids), noun)}",
            f"{told.count} {numbered(count)}",
        )
    if isinstance(more, bool) and more != (token is not None):
        yield complaint(
            reading,
            "next-page",
            f"answers {told.more} and {told.next} that contradict each other",
            "true beside a page to ask for, false beside null",
            f"{str(more).lower()} beside {'null' if token is None else 'a page to ask for'}",
        )
    if isinstance(total, int) and not isinstance(total, bool):
        if shelf.total is not None and total != shelf.total:
            yield complaint(
                reading,
                "totals",
                f"answers a {told.total} that is not the number of the caller's {noun}s",
                f"{told.total} {numbered(shelf.total)}",
                f"{told.total} {numbered(total)}",
            )
        shelf.total = total
    if (twice := len(ids) - len(set(ids))) > 0:
        yield complaint(
            reading,
            "walks",
            f"shows a {noun} twice on one page",
            f"{counted(len(ids), noun)}, each with an id of its own",
            f"{len(set(ids))} different ids, and {twice} of them again",
        )
    asked = f"without {told.size}" if all(name != words.size for name, _ in reading.query) else ""
    if size is not None:
        yield from length_faults(shelf, reading, len(ids), size, asked, more=token is not None)
    if token is not None:
        digits = str(token).isascii() and str(token).isdigit()
        shelf.numbers = digits and (shelf.numbers or not shelf.offered)
        shelf.offered = True
    key = reading.message.target
    if key in shelf.order and shelf.order[key] != ids:
        yield complaint(
            reading,
            "walks",
            f"shows other {noun}s, or another order, when asked again",
            "the same page as before, since nothing was written in between",
            difference(shelf.order[key], ids, noun),
        )
    shelf.order[key] = ids
    walk = shelf.walk
    if not tokens_of(reading):
        walk = None if size is None else Walk(size, there, shelf.total)
    elif not shelf.offers(reading):
        walk = None
    shelf.walk = walk
    if walk is not None:
        yield from walk_faults(shelf, reading, walk, ids, token)


def length_faults(
    shelf: Shelf, reading: Reading, length: int, size: int, asked: str, *, more: bool
) -> Iterator[Complaint]:
    told, noun = reading.declared.page.spelled, reading.noun
    rule = "page-size" if asked else "full-pages"
    most = str(size) if asked else told.size
    got = counted(length, noun)
    if length > size:
        yield complaint(
            reading,
            "page-size" if asked else "page-bound",
            f"puts more {noun}s on a page than {most} {asked}".strip(),
            f"at most {counted(size, noun)}",
            got,
        )
    elif more and length < size:
        yield complaint(
            reading,
            rule,
            f"leaves a page short that is not the last {asked}".strip(),
            f"{counted(size, noun)}, as {told.next} leads to more",
            got,
        )
    elif not tokens_of(reading) and shelf.total is not None:
        if length < min(size, shelf.total):
            yield complaint(
                reading,
                rule,
                f"leaves the first page short {asked}".strip(),
                f"{counted(min(size, shelf.total), noun)}, "
                f"as {told.total} is {numbered(shelf.total)}",
                got,
            )
        if more != (shelf.total > length):
            yield complaint(
                reading,
                "next-page",
                "has a next page where there is nothing left, or none where there is",
                f"{'null' if more else f'a {told.next}'} after "
                f"{length} of {numbered(shelf.total)} {noun}s",
                f"a {told.next}" if more else "null",
            )


def walk_faults(
    shelf: Shelf, reading: Reading, walk: Walk, ids: list[str], token: Any
) -> Iterator[Complaint]:
    """Follow a walk by one page; at its end, say what it missed or repeated."""
    told, noun = reading.declared.page.spelled, reading.noun
    repeated = [resource_id for resource_id in ids if resource_id in walk.seen]
    walk.seen.update(ids)
    walk.pages += 1
    if repeated:
        yield complaint(
            reading,
            "walks",
            f"repeats {noun}s on a later page of a walk",
            f"{counted(len(ids), noun)} on page {walk.pages} that no earlier page showed",
            f"{len(repeated)} of them shown before",
        )
    if token is not None:
        walk.token = str(token)
        if shelf.total is not None and walk.pages > shelf.total // walk.size + 20:
            shelf.walk = None
            yield complaint(
                reading,
                "walks",
                "does not come to an end of its pages",
                f"{told.next} null after {numbered(-(-shelf.total // walk.size))} pages, "
                f"as {told.total} is {numbered(shelf.total)}",
                f"a {told.next} on page {walk.pages}",
            )
        return
    shelf.walk = None
    yield from end_faults(shelf, reading, walk)


def end_faults(shelf: Shelf, reading: Reading, walk: Walk) -> Iterator[Complaint]:
    """Say what a walk that has ended missed, or showed too much."""
    told, noun = reading.declared.page.spelled, reading.noun
    got = f"{counted(len(walk.seen), noun)} on {walk.pages} page{'s' * (walk.pages != 1)}"
    missing = len(walk.there - walk.seen.keys())
    if missing or len(walk.seen) < (walk.least or 0):
        there = max(len(walk.there), walk.least or 0)
        yield complaint(
            reading,
            "walks",
            f"leaves out {noun}s that were there throughout a walk",
            f"the {noun}s that were there when the walk began, {numbered(there)} at least",
            f"{got}, without {missing or numbered(there - len(walk.seen))} of them",
        )
    elif shelf.total is not None and len(walk.seen) > shelf.total:
        yield complaint(
            reading,
            "walks",
            f"shows more {noun}s in a walk than {told.total} says there are",
            f"at most {numbered(shelf.total)}, which is {told.total}",
            got,
        )


# --- in words ---


def complaint(reading: Reading, rule: str, pattern: str, expected: str, got: str) -> Complaint:
    return Complaint(rule, reading.operation, pattern, "", expected, got)


def counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"


def numbered(value: Any) -> str:
    """Spell a number of resources; of what cannot be one, no more than the type is told."""
    plausible = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < MOST
    return str(value) if plausible else kind_of(value)


def difference(before: list[str], now: list[str], noun: str) -> str:
    """Say how a page differs from what it was."""
    missing, added = len(set(before) - set(now)), len(set(now) - set(before))
    if missing or added:
        return f"{missing} of its {counted(len(before), noun)} missing and {added} others there"
    return f"the same {noun}s in another order"
