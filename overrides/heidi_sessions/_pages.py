"""Walking over a list, page by page: what to ask next, and when the walk must stop.

A document may leave open how pages follow each other, so nothing is taken on trust: items that come
twice are dropped, and a walk that would lose items or never end is an error.
"""

from __future__ import annotations

import contextlib
import functools
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from heidi_generated.errors import APIStatusError, PaginationError
from heidi_generated.facade import Uncopied

from . import _log
from ._seen import Seen

if TYPE_CHECKING:
    from asyncio import Task
    from collections.abc import AsyncIterator, Generator, Iterator

    from heidi_generated.facade import (
        AsyncSender,
        Call,
        Cursor,
        Progress,
        Query,
        Sender,
        Window,
    )

T = TypeVar("T")

# When others create items during the walk, some servers show the same page again.
MAX_STALE_PAGES: Final = 10

_TOO_LARGE: Final = frozenset({400, 422})
"""Statuses by which a server refuses the size of a page."""


class Walk(Generic[T]):
    """One walk over all pages. No I/O."""

    def __init__(self, query: Query[T], max_items: int | None, progress: Progress | None) -> None:
        bound: Any = max_items
        if bound is not None and (type(bound) is not int or bound < 0):
            raise ValueError("max_items must be an integer, 0 or more, or None for all")
        self._query = query
        self._room = max_items
        self._progress = progress
        self._given = 0
        self._ids = Seen()
        self._cursors = Seen()
        self._total: int | None = None
        self._stale_pages = 0
        self._last: Window[T] | None = None
        self._widened = False

    def next_call(self) -> Call[Window[T]] | None:
        """Say what to ask next; None where the walk is over.

        Raises:
            PaginationError: going on would never end, or the walk would lose items.
        """
        if self._room == 0:
            return None
        if self._last is None:
            return self._query.call()
        cursor, more = self._last.next, self._last.more
        if cursor is not None and (more or self._incomplete()):
            return self._follow(cursor)
        if more and self._incomplete():
            return self._widen()
        if self._total is not None and self._incomplete():
            _log.short_walk(len(self._ids), self._total, self._query.listing.noun)
        return None

    def take(self, page: Window[T]) -> list[T]:
        """Take in a page; return those of its items that are new, in its order."""
        fresh = [item for item in page.items if self._is_new(item)]
        self._last = page
        self._total = page.total
        self._stale_pages = 0 if fresh else self._stale_pages + 1
        if self._room is not None:
            del fresh[self._room :]
            self._room -= len(fresh)
        self._given += len(fresh)
        if self._progress is not None:
            self._progress(self._given, page.total)
        return fresh

    @contextlib.contextmanager
    def explain_refusal(self) -> Generator[None]:
        """Make the refusal of a page as large as the list what it is here: a loss."""
        try:
            yield
        except APIStatusError as error:
            if not self._widened or error.status_code not in _TOO_LARGE:
                raise
            raise self._loss() from error

    def _is_new(self, item: T) -> bool:
        # A lenient response may lack the id; then nothing says that the item came before.
        id_: Any = getattr(item, self._query.listing.id, None)
        return not isinstance(id_, str | int) or self._ids.add(id_)

    def _incomplete(self) -> bool:
        return self._total is None or len(self._ids) < self._total

    def _follow(self, cursor: Cursor) -> Call[Window[T]]:
        if not self._cursors.add(str(cursor)):
            raise self._error("the server names a next page that was read before")
        if self._stale_pages > MAX_STALE_PAGES:
            raise self._error(f"{self._stale_pages} pages in a row held nothing new")
        return self._query.call(cursor)

    def _widen(self) -> Call[Window[T]]:
        total, size = self._total, self._query.size
        if self._widened or total is None or (size is not None and size >= total):
            raise self._loss()
        self._widened = True
        self._query = self._query.sized(total)
        return self._query.call()

    def _loss(self) -> PaginationError:
        return self._error("the server says that there is more, and not how to get it")

    def _error(self, problem: str) -> PaginationError:
        noun = self._query.listing.noun
        return PaginationError(problem, seen=len(self._ids), total_count=self._total, noun=noun)


class Walker(Uncopied, Generic[T]):
    """Walks over the pages of a list, each time anew."""

    def __init__(
        self,
        sender: Sender,
        query: Query[T],
        max_items: int | None,
        progress: Progress | None,
    ) -> None:
        self._sender = sender
        self._query = query
        self._walk = functools.partial(Walk[T], query, max_items, progress)
        self._walk()  # refuses a bad max_items here, not at the first step

    def __iter__(self) -> Iterator[T]:
        walk = self._walk()
        while (call := walk.next_call()) is not None:
            with walk.explain_refusal():
                page = self._sender.send(call).parse()
            yield from walk.take(page)

    def first(self) -> Window[T]:
        """Read the first page, and no other."""
        return self._sender.send(self._query.call()).parse()


class AsyncWalker(Uncopied, Generic[T]):
    """Walks over the pages of a list, each time anew."""

    def __init__(
        self,
        sender: AsyncSender,
        query: Query[T],
        max_items: int | None,
        progress: Progress | None,
        *,
        prefetch: bool,
    ) -> None:
        self._sender = sender
        self._query = query
        self._prefetch = prefetch
        self._walk = functools.partial(Walk[T], query, max_items, progress)
        self._walk()  # refuses a bad max_items here, not at the first step

    async def __aiter__(self) -> AsyncIterator[T]:
        walk = self._walk()
        ahead: Task[Window[T] | None] | None = None
        try:
            while (page := await (ahead or self._next(walk))) is not None:
                items = walk.take(page)
                ahead = self._start(walk) if self._prefetch else None
                for item in items:
                    yield item
        finally:
            if ahead is not None and not ahead.cancel():
                ahead.exception()  # nobody waits for it any more

    async def first(self) -> Window[T]:
        """Read the first page, and no other."""
        return (await self._sender.send(self._query.call())).parse()

    def _start(self, walk: Walk[T]) -> Task[Window[T] | None]:
        from asyncio import create_task  # noqa: PLC0415  # not for those who are not async

        return create_task(self._next(walk))

    async def _next(self, walk: Walk[T]) -> Window[T] | None:
        call = walk.next_call()
        if call is None:
            return None
        with walk.explain_refusal():
            return (await self._sender.send(call)).parse()
