"""Walking over all sessions, page by page: what to ask next, and when the walk must stop. No I/O.

The document leaves open how pages follow each other, so nothing is taken on trust: sessions that
come twice are dropped, and a walk that would lose sessions or never end is an error.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import attrs

from . import _log
from ._errors import BadRequestError, PaginationError, ValidationError
from ._fields import UNSET, Unset
from ._seen import Seen

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from heidi_generated.models import Session, SessionPage

Cursor: TypeAlias = "str | int"
Progress: TypeAlias = "Callable[[int, int], object]"

# When others create sessions during the walk, some servers show the same page again.
MAX_STALE_PAGES: Final = 10


def check_page_size(size: Any) -> None:
    """Refuse what no server can make pages of; how large a page may be, the server says.

    Raises:
        ValueError: it is not a whole number above 0.
    """
    if not isinstance(size, Unset) and (type(size) is not int or size < 1):
        raise ValueError("page_size: give a whole number, 1 or more, or leave it out")


def check_cursor(cursor: Any) -> None:
    """Refuse what no `next_page` can be.

    Raises:
        TypeError: it is neither a text nor a whole number.
    """
    if isinstance(cursor, bool) or not isinstance(cursor, (str, int, Unset)):
        raise TypeError("page: give the next_page of an answer that has one, or leave it out")


@attrs.frozen
class Page:
    """One page of sessions.

    Attributes:
        items: the sessions of this page.
        count: how many there are on this page, by the server's count.
        total_count: how many there are on all pages.
        next_page: leads to the next page; None where the server names none.
        has_next_page: whether there is a page after this one.

    Spec: SessionPage (documented; the form of `next_page` is inferred).
    """

    items: Sequence[Session] = attrs.field(repr=lambda items: f"<{len(items)} sessions>")
    count: int
    total_count: int
    next_page: Cursor | None = attrs.field(repr=False)
    has_next_page: bool

    @classmethod
    def of(cls, page: SessionPage) -> Page:
        """Take over what the generated model holds."""
        return cls(
            items=page.sessions,
            count=page.count,
            total_count=page.total_count,
            next_page=page.next_page,
            has_next_page=page.has_next_page,
        )


@attrs.frozen(eq=False, repr=False)
class PageQuery:
    """What to ask for: how many sessions, and from where."""

    page_size: int | Unset
    page: Cursor | Unset


class Walk:
    """One walk over all pages."""

    def __init__(
        self, page_size: int | Unset, max_items: int | None, progress: Progress | None
    ) -> None:
        check_page_size(page_size)
        bound: Any = max_items
        if bound is not None and (type(bound) is not int or bound < 0):
            raise ValueError("max_items: give a whole number, 0 or more, or None for all")
        self._page_size = page_size
        self._room = max_items
        self._progress = progress
        self._given = 0
        self._ids = Seen()
        self._cursors = Seen()
        self._total: int | None = None
        self._stale_pages = 0
        self._last: Page | None = None
        self._widened = False

    def next_query(self) -> PageQuery | None:
        """Say what to ask next; None where the walk is over.

        Raises:
            PaginationError: going on would never end, or the walk would lose sessions.
        """
        if self._room == 0:
            return None
        if self._last is None:
            return PageQuery(self._page_size, UNSET)
        cursor, more = self._last.next_page, self._last.has_next_page
        if cursor is not None and (more or self._incomplete()):
            return self._follow(cursor)
        if more and self._incomplete():
            return self._widen()
        if self._incomplete():
            _log.short_walk(len(self._ids), self._total)
        return None

    def take(self, page: Page) -> list[Session]:
        """Take in a page; return those of its sessions that are new, in its order."""
        fresh = [session for session in page.items if self._is_new(session)]
        self._last = page
        self._total = page.total_count
        self._stale_pages = 0 if fresh else self._stale_pages + 1
        if self._room is not None:
            del fresh[self._room :]
            self._room -= len(fresh)
        self._given += len(fresh)
        if self._progress is not None:
            self._progress(self._given, page.total_count)
        return fresh

    @contextlib.contextmanager
    def explain_refusal(self) -> Generator[None]:
        """Make the refusal of a page as large as all sessions what it is here: a loss."""
        try:
            yield
        except (BadRequestError, ValidationError) as error:
            if not self._widened:
                raise
            raise self._loss() from error

    def _is_new(self, session: Session) -> bool:
        # A lenient answer may lack the id; then nothing says that the session came before.
        session_id: Any = session.session_id
        return not isinstance(session_id, str) or self._ids.add(session_id)

    def _incomplete(self) -> bool:
        return self._total is None or len(self._ids) < self._total

    def _follow(self, cursor: Cursor) -> PageQuery:
        if not self._cursors.add(str(cursor)):
            raise self._error("the server names a next page that was read before")
        if self._stale_pages > MAX_STALE_PAGES:
            raise self._error(f"{self._stale_pages} pages in a row held nothing new")
        return PageQuery(self._page_size, cursor)

    def _widen(self) -> PageQuery:
        total, size = self._total, self._page_size
        if self._widened or total is None or (isinstance(size, int) and size >= total):
            raise self._loss()
        self._widened = True
        self._page_size = total
        return PageQuery(total, UNSET)

    def _loss(self) -> PaginationError:
        return self._error("the server says that there is more, and not how to get it")

    def _error(self, problem: str) -> PaginationError:
        return PaginationError(problem, seen=len(self._ids), total_count=self._total)
