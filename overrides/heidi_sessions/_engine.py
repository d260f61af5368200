"""Sends a call until there is a result: sync and async, the same but for the waiting."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from ._exchange import Exchange
from ._uncopied import Uncopied

if TYPE_CHECKING:
    from ._answers import RawResponse
    from ._calls import Call
    from ._exchange import Result
    from ._http import AsyncPool, AsyncTokenAuth, SyncPool, TokenAuth
    from ._settings import Settings

T = TypeVar("T")


class Engine(Uncopied):
    """Sends calls for a `Heidi`."""

    def __init__(self, pool: SyncPool, auth: TokenAuth, settings: Settings) -> None:
        self.pool = pool
        self.auth = auth
        self.settings = settings

    def send(self, call: Call[T]) -> RawResponse[T]:
        """Send a call, again where that is allowed and may help.

        Raises:
            HeidiError: there is no answer, or it says no.
        """
        exchange = Exchange(call, self.settings)

        def attempt() -> Result:
            return exchange.judge(self.pool.send(exchange.begin(), self.auth))

        result = attempt()
        if exchange.may_repeat(result):
            from ._retry import go_on  # noqa: PLC0415  # tenacity takes long to import

            result = go_on(exchange, result, attempt)
        return exchange.conclude(result)


class AsyncEngine(Uncopied):
    """Sends calls for an `AsyncHeidi`."""

    def __init__(self, pool: AsyncPool, auth: AsyncTokenAuth, settings: Settings) -> None:
        self.pool = pool
        self.auth = auth
        self.settings = settings

    async def send(self, call: Call[T]) -> RawResponse[T]:
        """Send a call, again where that is allowed and may help.

        Raises:
            HeidiError: there is no answer, or it says no.
        """
        exchange = Exchange(call, self.settings)

        async def attempt() -> Result:
            return exchange.judge(await self.pool.send(exchange.begin(), self.auth))

        result = await attempt()
        if exchange.may_repeat(result):
            from ._retry import go_on_async  # noqa: PLC0415  # tenacity takes long to import

            result = await go_on_async(exchange, result, attempt)
        return exchange.conclude(result)
