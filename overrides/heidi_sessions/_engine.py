"""Sends a call until there is a result: sync and async, the same but for the waiting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from heidi_generated.facade import Uncopied

from ._exchange import Exchange
from ._http import AsyncPool, SyncPool
from ._pages import Walk

if TYPE_CHECKING:
    from heidi_generated.facade import Call, Progress, Query, RawResponse

    from ._exchange import Result
    from ._http import TokenAuth
    from ._settings import Settings

T = TypeVar("T")
Pool = TypeVar("Pool")


class _Engine(Uncopied, Generic[Pool]):
    def __init__(self, pool: Pool, auth: TokenAuth, settings: Settings) -> None:
        self.pool = pool
        self.auth = auth
        self.settings = settings

    def walk(self, query: Query[T], max_items: int | None, progress: Progress | None) -> Walk[T]:
        """Begin a walk over the pages of a list.

        Raises:
            ValueError: max_items is negative, or not an integer.
        """
        return Walk(query, max_items, progress)


class Engine(_Engine[SyncPool]):
    """Sends calls for a `Heidi`."""

    def send(self, call: Call[T]) -> RawResponse[T]:
        """Send a call, again where that is allowed and may help.

        Raises:
            HeidiError: there is no response, or it is an error.
        """
        exchange = Exchange(call, self.settings)

        def attempt() -> Result:
            return exchange.judge(self.pool.send(exchange.begin(), self.auth))

        result = attempt()
        if exchange.may_repeat(result):
            from ._retry import go_on  # noqa: PLC0415  # tenacity takes long to import

            result = go_on(exchange, result, attempt)
        return exchange.conclude(result)


class AsyncEngine(_Engine[AsyncPool]):
    """Sends calls for an `AsyncHeidi`."""

    async def send(self, call: Call[T]) -> RawResponse[T]:
        """Send a call, again where that is allowed and may help.

        Raises:
            HeidiError: there is no response, or it is an error.
        """
        exchange = Exchange(call, self.settings)

        async def attempt() -> Result:
            return exchange.judge(await self.pool.send(exchange.begin(), self.auth))

        result = await attempt()
        if exchange.may_repeat(result):
            from ._retry import go_on_async  # noqa: PLC0415  # tenacity takes long to import

            result = await go_on_async(exchange, result, attempt)
        return exchange.conclude(result)
