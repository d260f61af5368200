"""Sends a call until there is a result: sync and async, the same but for the waiting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from heidi_generated.errors import HeidiError
from heidi_generated.facade import Uncopied

from ._exchange import Exchange, renewable
from ._http import AsyncPool, SyncPool
from ._pages import Walk

if TYPE_CHECKING:
    from heidi_generated.facade import Call, Progress, Query, RawResponse

    from ._exchange import Result
    from ._issuer import Users
    from ._messages import Answer
    from ._secret import Secret
    from ._settings import Settings
    from ._tokens import TokenSource

T = TypeVar("T")
Pool = TypeVar("Pool")

_NOT_SENT: Final = HeidiError()


class _Engine(Uncopied, Generic[Pool]):
    def __init__(
        self, pool: Pool, tokens: TokenSource, settings: Settings, users: Users | None
    ) -> None:
        """Take what clients that derive from each other share, and what may differ."""
        self.pool = pool
        self.tokens = tokens
        self.settings = settings
        self.users = users

    def walk(self, query: Query[T], max_items: int | None, progress: Progress | None) -> Walk[T]:
        """Begin a walk over the pages of a list.

        Raises:
            ValueError: max_items is negative, or not an integer.
        """
        return Walk(query, max_items, progress, self.settings.server)


class Engine(_Engine[SyncPool]):
    """Sends calls for a `Heidi`."""

    def send(self, call: Call[T]) -> RawResponse[T]:
        """Send a call, again where that is allowed and may help.

        Raises:
            HeidiError: there is no response, or it is an error.
        """
        exchange = Exchange(call, self.settings)

        def attempt() -> Result:
            result, token = self._once(exchange)
            judged = exchange.judge(result)
            if token is None or not renewable(judged):
                return judged
            result, fresh = self._once(exchange, refused=token)
            return judged if fresh == token else exchange.judge(result, renewed=True)

        with exchange.span():
            result = attempt()
            if exchange.may_repeat(result):
                from ._retry import go_on  # noqa: PLC0415  # tenacity takes long to import

                result = go_on(exchange, result, attempt)
            return exchange.conclude(result)

    def _once(
        self, exchange: Exchange[Any], refused: Secret | None = None
    ) -> tuple[Answer | HeidiError, Secret | None]:
        """Get a token and send, unless it is the one that was refused."""
        outgoing = exchange.begin()
        try:
            token = self.tokens.token(outgoing, refused)
        except HeidiError as error:
            return error.with_traceback(None), None
        if token == refused:
            return _NOT_SENT, token
        return self.pool.send(outgoing, token), token


class AsyncEngine(_Engine[AsyncPool]):
    """Sends calls for an `AsyncHeidi`."""

    async def send(self, call: Call[T]) -> RawResponse[T]:
        """Send a call, again where that is allowed and may help.

        Raises:
            HeidiError: there is no response, or it is an error.
        """
        exchange = Exchange(call, self.settings)

        async def attempt() -> Result:
            result, token = await self._once(exchange)
            judged = exchange.judge(result)
            if token is None or not renewable(judged):
                return judged
            result, fresh = await self._once(exchange, refused=token)
            return judged if fresh == token else exchange.judge(result, renewed=True)

        with exchange.span():
            result = await attempt()
            if exchange.may_repeat(result):
                from ._retry import go_on_async  # noqa: PLC0415  # tenacity takes long to import

                result = await go_on_async(exchange, result, attempt)
            return exchange.conclude(result)

    async def _once(
        self, exchange: Exchange[Any], refused: Secret | None = None
    ) -> tuple[Answer | HeidiError, Secret | None]:
        """Get a token and send, unless it is the one that was refused."""
        outgoing = exchange.begin()
        try:
            token = await self.tokens.token_async(outgoing, refused)
        except HeidiError as error:
            return error.with_traceback(None), None
        if token == refused:
            return _NOT_SENT, token
        return await self.pool.send(outgoing, token), token
