"""`client.sessions`: the calls as methods, sync and async, plain and with the raw response."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from . import _calls
from ._fields import UNSET
from ._methods import AsyncResource, Resource, plain, plain_async, raw, raw_async
from ._pages import PageQuery, Walk
from ._uncopied import Uncopied

if TYPE_CHECKING:
    from asyncio import Task
    from collections.abc import AsyncIterator, Iterator

    from heidi_generated.models import Session
    from heidi_generated.types import Unset

    from ._engine import AsyncEngine, Engine
    from ._pages import Page, Progress


class Sessions(Resource):
    """The sessions of one user."""

    create = plain(_calls.create)
    get = plain(_calls.get)
    update = plain(_calls.update)

    def list(
        self,
        *,
        page_size: int | Unset = UNSET,
        max_items: int | None = None,
        progress: Progress | None = None,
    ) -> SessionList:
        """List the sessions of the linked user, lazily: nothing is sent until it is iterated.

        Args:
            page_size: how many sessions to ask for at a time, 1 or more. Left out, the server
                decides. The vendor names no largest size; the strict document has 1 to 100.
            max_items: stop after so many sessions, 0 or more; None for all.
            progress: called after each page with two numbers of sessions: those that this walk
                gives so far, at most max_items, and all there are by the server's count.

        Returns:
            Something to iterate over, as often as you like; each time it asks again.

        Raises:
            ValueError: page_size or max_items is not such a number.

        Iterating raises:
            NoLinkedUserError: no Heidi user is linked to the API user.
            PaginationError: going on would never end, or the walk would lose sessions.
            HeidiError: see its other subclasses.

        Spec: listLinkedUserSessions (documented; how pages follow each other is inferred).
        """
        return SessionList(self._engine, page_size, max_items, progress)

    @functools.cached_property
    def with_raw_response(self) -> SessionsWithRawResponse:
        """The same calls, but they return the answers themselves."""
        return SessionsWithRawResponse(self._engine)


class SessionsWithRawResponse(Resource):
    """The sessions of one user; every answer with its status and headers."""

    create = raw(_calls.create)
    get = raw(_calls.get)
    update = raw(_calls.update)
    list = raw(_calls.page)


class AsyncSessions(AsyncResource):
    """The sessions of one user."""

    create = plain_async(_calls.create)
    get = plain_async(_calls.get)
    update = plain_async(_calls.update)

    def list(
        self,
        *,
        page_size: int | Unset = UNSET,
        max_items: int | None = None,
        progress: Progress | None = None,
        prefetch: bool = False,
    ) -> AsyncSessionList:
        """List the sessions of the linked user, lazily: nothing is sent until it is iterated.

        Args:
            page_size: how many sessions to ask for at a time, 1 or more. Left out, the server
                decides. The vendor names no largest size; the strict document has 1 to 100.
            max_items: stop after so many sessions, 0 or more; None for all.
            progress: called after each page with two numbers of sessions: those that this walk
                gives so far, at most max_items, and all there are by the server's count.
            prefetch: ask for the next page while this one is worked on.

        Returns:
            Something to iterate over, as often as you like; each time it asks again.

        Raises:
            ValueError: page_size or max_items is not such a number.

        Iterating raises:
            NoLinkedUserError: no Heidi user is linked to the API user.
            PaginationError: going on would never end, or the walk would lose sessions.
            HeidiError: see its other subclasses.

        Spec: listLinkedUserSessions (documented; how pages follow each other is inferred).
        """
        return AsyncSessionList(self._engine, page_size, max_items, progress, prefetch=prefetch)

    @functools.cached_property
    def with_raw_response(self) -> AsyncSessionsWithRawResponse:
        """The same calls, but they return the answers themselves."""
        return AsyncSessionsWithRawResponse(self._engine)


class AsyncSessionsWithRawResponse(AsyncResource):
    """The sessions of one user; every answer with its status and headers."""

    create = raw_async(_calls.create)
    get = raw_async(_calls.get)
    update = raw_async(_calls.update)
    list = raw_async(_calls.page)


class SessionList(Uncopied):
    """The sessions of the linked user, as `client.sessions.list()` gives them. Iterate over it.

    Spec: listLinkedUserSessions (documented; how pages follow each other is inferred).
    """

    def __init__(
        self,
        engine: Engine,
        page_size: int | Unset,
        max_items: int | None,
        progress: Progress | None,
    ) -> None:
        self._engine = engine
        self._page_size = page_size
        self._walk = functools.partial(Walk, page_size, max_items, progress)
        self._walk()  # refuses a bad max_items here, not at the first step

    def __iter__(self) -> Iterator[Session]:
        """Yield every session once; ask for a page when the one before is used up.

        Raises:
            NoLinkedUserError: no Heidi user is linked to the API user.
            PaginationError: going on would never end, or the walk would lose sessions.
            HeidiError: see its other subclasses.
        """
        walk = self._walk()
        while (query := walk.next_query()) is not None:
            with walk.explain_refusal():
                page = self._fetch(query)
            yield from walk.take(page)

    def first_page(self) -> Page:
        """Read the first page, and no other.

        Returns:
            Its sessions, at most page_size of them (max_items does not count here), and its counts.

        Raises:
            NoLinkedUserError: no Heidi user is linked to the API user.
            APIResponseError: the answer is not what the document says.
            HeidiError: see its other subclasses.

        Spec: listLinkedUserSessions (documented).
        """
        return self._fetch(PageQuery(self._page_size, UNSET))

    def _fetch(self, query: PageQuery) -> Page:
        call = _calls.page(page_size=query.page_size, page=query.page)
        return self._engine.send(call).parse()


class AsyncSessionList(Uncopied):
    """The sessions of the linked user, as `client.sessions.list()` gives them.

    Iterate over it with `async for`.

    Spec: listLinkedUserSessions (documented; how pages follow each other is inferred).
    """

    def __init__(
        self,
        engine: AsyncEngine,
        page_size: int | Unset,
        max_items: int | None,
        progress: Progress | None,
        *,
        prefetch: bool,
    ) -> None:
        self._engine = engine
        self._page_size = page_size
        self._prefetch = prefetch
        self._walk = functools.partial(Walk, page_size, max_items, progress)
        self._walk()  # refuses a bad max_items here, not at the first step

    async def __aiter__(self) -> AsyncIterator[Session]:
        """Yield every session once; ask for a page when the one before is used up.

        Raises:
            NoLinkedUserError: no Heidi user is linked to the API user.
            PaginationError: going on would never end, or the walk would lose sessions.
            HeidiError: see its other subclasses.
        """
        walk = self._walk()
        ahead: Task[Page | None] | None = None
        try:
            while (page := await (ahead or self._next(walk))) is not None:
                sessions = walk.take(page)
                ahead = self._start(walk) if self._prefetch else None
                for session in sessions:
                    yield session
        finally:
            if ahead is not None and not ahead.cancel():
                ahead.exception()  # nobody waits for it any more

    async def first_page(self) -> Page:
        """Read the first page, and no other.

        Returns:
            Its sessions, at most page_size of them (max_items does not count here), and its counts.

        Raises:
            NoLinkedUserError: no Heidi user is linked to the API user.
            APIResponseError: the answer is not what the document says.
            HeidiError: see its other subclasses.

        Spec: listLinkedUserSessions (documented).
        """
        return await self._fetch(PageQuery(self._page_size, UNSET))

    def _start(self, walk: Walk) -> Task[Page | None]:
        from asyncio import create_task  # noqa: PLC0415  # not for those who are not async

        return create_task(self._next(walk))

    async def _next(self, walk: Walk) -> Page | None:
        query = walk.next_query()
        if query is None:
            return None
        with walk.explain_refusal():
            return await self._fetch(query)

    async def _fetch(self, query: PageQuery) -> Page:
        call = _calls.page(page_size=query.page_size, page=query.page)
        return (await self._engine.send(call)).parse()
