"""One call with all its attempts: the request, the retries, and the waits.

Sync and async differ only in how they wait.
"""

from __future__ import annotations

import contextlib
import functools
from typing import TYPE_CHECKING, Any, Final, Generic, TypeAlias, TypeVar

from heidi_generated.errors import APIConnectionError, APIStatusError, HeidiError, TokenError
from heidi_generated.facade import RawResponse, Uncopied, checked

from . import _clock, _log
from ._http import AsyncPool, SyncPool
from ._messages import PreparedRequest, Response, read, refusal
from ._pages import Walk

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from heidi_generated.facade import Call, Progress, Query

    from ._issuer import Users
    from ._settings import Settings
    from ._tokens import Secret, TokenSource

T = TypeVar("T")
Pool = TypeVar("Pool")
Result: TypeAlias = "Response | HeidiError"

MAX_RETRY_AFTER: Final = 60.0
"""Seconds; where a server asks for a longer wait, the error says so, and the caller decides."""

# Statuses that are usually temporary; those from 520 on come from a proxy in front of the server.
_PASSING: Final = frozenset({429, 500, 502, 503, 504, 520, 521, 522, 523, 524})

_UNTRACED: Final = contextlib.nullcontext()
_NOT_SENT: Final = HeidiError()
_FAILURES: Final = (APIStatusError, APIConnectionError, TokenError)


class Exchange(Generic[T]):
    """One call, and the attempts made so far.

    Attributes:
        prepared: what to send.
        result: of the last attempt.
    """

    def __init__(self, call: Call[T], settings: Settings, tokens: TokenSource) -> None:
        if call.settings is not None:
            settings = checked(settings.evolved(call.settings))
        self._call = call
        self._settings = settings
        self._tokens = tokens
        self.prepared = settings.prepare(call.request, call.content, token=call.token)
        self._safe = call.request.operation.method == "GET" or settings.retry_writes
        self._started = 0.0
        self._attempts = 0
        self._renewals = 0
        self._may_have_arrived = False
        self.result: Result | None = None

    @property
    def retries(self) -> int:
        """How many attempts there were after the first."""
        return self._attempts - 1

    def span(self) -> AbstractContextManager[None]:
        """What all attempts are made in: a span, where the client has a tracer."""
        if self._settings.tracer is None:
            return _UNTRACED
        from ._trace import span  # noqa: PLC0415  # of few users

        return span(self._settings.tracer, self)

    def begin(self) -> PreparedRequest:
        """Say what to send."""
        self._started = _clock.monotonic()
        return self.prepared

    def judge(self, result: Result, *, renewed: bool = False) -> Result:
        """Count and log an attempt, and turn an error response into its error.

        Args:
            renewed: whether it was made only because a token was refused.
        """
        self._attempts += 1
        self._renewals += renewed
        seconds = _clock.monotonic() - self._started
        _log.attempt(self.prepared, result, seconds, self._attempts)
        if isinstance(result, Response):
            result.seconds = seconds
            if not 200 <= result.status_code < 300:
                result = refusal(result, self.prepared, self._tokens.hint)
        if isinstance(result, _FAILURES):
            self._may_have_arrived |= result.may_have_arrived
        self.result = result
        return result

    def may_repeat(self, result: Result) -> bool:
        """Say whether to try again."""
        return (
            isinstance(result, HeidiError)
            and self._attempts - self._renewals <= self._settings.max_retries
            and repeatable(result, safe=self._safe)
        )

    def too_late(self, seconds: float) -> bool:
        """Say whether the deadline passes within some seconds."""
        return self.prepared.left <= seconds

    def conclude(self, result: Result) -> RawResponse[T]:
        """Return the last response.

        Raises:
            HeidiError: no response came, or it has an error status.
        """
        if isinstance(result, Response):
            reading = functools.partial(
                read,
                result,
                self.prepared,
                strict=self._settings.strict_responses,
                retries=self.retries,
            )
            return RawResponse(self.retries, result, self._call, reading)
        if isinstance(result, _FAILURES):
            result.retries_taken = self.retries
            result.may_have_arrived = self._may_have_arrived
        raise result


def renewable(result: Result) -> bool:
    """Say whether another token may help."""
    return isinstance(result, APIStatusError) and result.status_code == 401


def repeatable(error: HeidiError, *, safe: bool) -> bool:
    """Say whether a failure may be temporary, and whether a retry is safe.

    Args:
        safe: whether doing it twice does no harm.
    """
    match error:
        case APIStatusError() | TokenError() if (error.retry_after or 0) > MAX_RETRY_AFTER:
            return False
        case APIStatusError() | TokenError() if error.status_code not in _PASSING:
            return False
        case APIConnectionError() | APIStatusError() | TokenError():
            return safe or not error.may_have_arrived
        case _:
            return False


class _Engine(Uncopied, Generic[Pool]):
    def __init__(
        self, pool: Pool, tokens: TokenSource, settings: Settings, users: Users | None
    ) -> None:
        """Take the parts that derived clients share, and those that may differ."""
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
        exchange = Exchange(call, self.settings, self.tokens)

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
    ) -> tuple[Response | HeidiError, Secret | None]:
        """Get a token and send, unless it is the one that was refused."""
        prepared = exchange.begin()
        try:
            token = self.tokens.token(prepared, refused)
        except HeidiError as error:
            return error.with_traceback(None), None
        if token == refused:
            return _NOT_SENT, token
        return self.pool.send(prepared, token), token


class AsyncEngine(_Engine[AsyncPool]):
    """Sends calls for an `AsyncHeidi`."""

    async def send(self, call: Call[T]) -> RawResponse[T]:
        """Send a call, again where that is allowed and may help.

        Raises:
            HeidiError: there is no response, or it is an error.
        """
        exchange = Exchange(call, self.settings, self.tokens)

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
    ) -> tuple[Response | HeidiError, Secret | None]:
        """Get a token and send, unless it is the one that was refused."""
        prepared = exchange.begin()
        try:
            token = await self.tokens.token_async(prepared, refused)
        except HeidiError as error:
            return error.with_traceback(None), None
        if token == refused:
            return _NOT_SENT, token
        return await self.pool.send(prepared, token), token
