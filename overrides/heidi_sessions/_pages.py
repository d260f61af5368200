"""Walk over a list, page by page: the next request, and when the walk must stop.

A document may leave open how pages follow each other, so nothing is taken on trust: items that come
twice are dropped, and a walk that would lose items or never end is an error.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from heidi_generated.errors import APIStatusError, PaginationError
from heidi_generated.page import outlook

from . import _log
from ._messages import facts_of
from ._seen import Seen

if TYPE_CHECKING:
    from collections.abc import Generator

    from heidi_generated.facade import Call, Progress, Query
    from heidi_generated.page import Cursor, Page

    from ._settings import Server

T = TypeVar("T")

# When others create items during the walk, some servers show the same page again.
MAX_STALE_PAGES: Final = 10

_TOO_LARGE: Final = frozenset({400, 422})
"""Statuses by which a server refuses the size of a page."""


class Walk(Generic[T]):
    """One walk over all pages. No I/O."""

    def __init__(
        self,
        query: Query[T],
        max_items: int | None,
        progress: Progress | None,
        server: Server,
    ) -> None:
        bound: Any = max_items
        if bound is not None and (type(bound) is not int or bound < 0):
            raise ValueError("max_items must be an integer, 0 or more, or None for all")
        self._query = query
        self._room = max_items
        self._progress = progress
        self._server = server
        self._given = 0
        self._ids = Seen()
        self._cursors = Seen()
        if query.start is not None:
            self._cursors.add(str(query.start))
        self._stale_pages = 0
        self._last: Page[T] | None = None
        self._widened = False

    def next_call(self) -> Call[Page[T]] | None:
        """Say what to ask next; None if the walk is over.

        Raises:
            PaginationError: the pages repeat, or items would be missing.
        """
        if self._room == 0:
            return None
        if self._last is None:
            return self._query.call()
        cursor, more, _ = outlook(self._last)
        # Of a walk that starts late, only the server knows whether it is complete.
        if cursor is not None and (more or (self._query.start is None and self._incomplete())):
            return self._follow(cursor)
        if more and self._incomplete():
            return self._widen()
        if self._expected is not None and self._incomplete():
            _log.short_walk(len(self._ids), self._expected, self._query.listing.noun)
        return None

    def take(self, page: Page[T]) -> list[T]:
        """Take in a page; return those of its items that are new, in its order."""
        fresh = [item for item in page.items if self._is_new(item)]
        self._last = page
        self._stale_pages = 0 if fresh else self._stale_pages + 1
        if self._room is not None:
            del fresh[self._room :]
            self._room -= len(fresh)
        self._given += len(fresh)
        if self._progress is not None:
            self._progress(self._given, self._total)
        return fresh

    @contextlib.contextmanager
    def explain_refusal(self) -> Generator[None]:
        """Report the refusal of a page as large as the list as missing items."""
        try:
            yield
        except APIStatusError as error:
            if not self._widened or error.status_code not in _TOO_LARGE:
                raise
            raise self._loss() from error

    @property
    def _total(self) -> int | None:
        return outlook(self._last).total if self._last is not None else None

    @property
    def _expected(self) -> int | None:
        """How many items this walk must meet; None if nothing says so."""
        return self._total if self._query.start is None else None

    def _is_new(self, item: T) -> bool:
        # A lenient response may lack the id; then nothing says that the item came before.
        id_: Any = getattr(item, self._query.listing.id, None)
        return not isinstance(id_, str | int) or self._ids.add(id_)

    def _incomplete(self) -> bool:
        return self._expected is None or len(self._ids) < self._expected

    def _follow(self, cursor: Cursor) -> Call[Page[T]]:
        if not self._cursors.add(str(cursor)):
            raise self._error("the server names a next page that was read before")
        if self._stale_pages > MAX_STALE_PAGES:
            raise self._error(f"{self._stale_pages} pages in a row held nothing new")
        return self._query.call(cursor)

    def _widen(self) -> Call[Page[T]]:
        total, size = self._expected, self._query.size
        if self._widened or total is None or (size is not None and size >= total):
            raise self._loss()
        self._widened = True
        self._query = self._query.sized(total)
        return self._query.call()

    def _loss(self) -> PaginationError:
        missing = ".".join(self._query.listing.next)
        return self._error(f"the response says there are more pages but has no {missing}")

    def _error(self, problem: str) -> PaginationError:
        return PaginationError(
            problem,
            seen=len(self._ids),
            total_count=self._total,
            noun=self._query.listing.noun,
            request_id=getattr(self._last, "_request_id", None),
            **facts_of(self._query.call().request.operation, self._server),
        )
