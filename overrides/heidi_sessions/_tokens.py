"""Where tokens come from: given, provided by a function, or issued for a key."""

from __future__ import annotations

import contextlib
import copy
import re
import threading
from inspect import isawaitable
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias

from heidi_generated.errors import (
    APITimeoutError,
    ConfigurationError,
    HeidiError,
    TokenError,
)

from . import _clock, _fork

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from ._issuer import Issuer
    from ._messages import PreparedRequest

# RFC 6750, section 2.1; whatever else ends up in a header could break it.
_TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/-]+=*", re.ASCII)

MAX_MARGIN: Final = 60.0
"""Seconds before its end at which a token is replaced; at most a tenth of its life."""


class Secret:
    """A text that no repr, log or traceback shows; equal to another of the same text."""

    # Not a class of attrs or a dataclass: rich and others read the fields of those, past the repr.
    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)

    def reveal(self) -> str:
        """Return the text itself: only where it is sent."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(***)"

    def __reduce__(self) -> str:
        raise TypeError("a secret is not pickled or copied")


class TokenSource(Protocol):
    """Gives the token for a call; `refused` is the one that just came to a 401."""

    @property
    def hint(self) -> str | None:
        """What to check where a token is refused that the user gave."""

    def token(self, call: PreparedRequest, refused: Secret | None = None) -> Secret: ...

    async def token_async(self, call: PreparedRequest, refused: Secret | None = None) -> Secret: ...


def is_token(text: object) -> bool:
    """Say whether a header can carry it."""
    return isinstance(text, str) and _TOKEN.fullmatch(text) is not None


class FixedToken:
    """A token that was given: it is never replaced."""

    hint = "check the token: it may have expired, and an API key is not a token"

    def __init__(self, token: Secret) -> None:
        self._token = token

    def token(self, call: PreparedRequest, refused: Secret | None = None) -> Secret:  # noqa: ARG002
        return self._token

    async def token_async(self, call: PreparedRequest, refused: Secret | None = None) -> Secret:
        return self.token(call, refused)


class NoUser:
    """A key without a user: tokens are for one user."""

    hint = None

    def token(self, call: PreparedRequest, refused: Secret | None = None) -> Secret:  # noqa: ARG002
        raise ConfigurationError(
            "no user: set HEIDI_EMAIL and HEIDI_THIRD_PARTY_INTERNAL_ID",
            in_code="give email= and third_party_internal_id=, or call as_user",
        )

    async def token_async(self, call: PreparedRequest, refused: Secret | None = None) -> Secret:
        return self.token(call, refused)


class ProvidedTokens:
    """Tokens from the user's function.

    It is asked before every request, since it may respond for another user each time.
    """

    hint = "check what token_provider returns"

    def __init__(self, provide: Callable[[], object]) -> None:
        self._provide = provide

    def token(self, call: PreparedRequest, refused: Secret | None = None) -> Secret:  # noqa: ARG002
        text = self._call()
        if isawaitable(text):
            getattr(text, "close", lambda: None)()
            raise _provider_error("is async; AsyncHeidi takes it, or give a plain function")
        return _secret(text)

    async def token_async(
        self,
        call: PreparedRequest,
        refused: Secret | None = None,  # noqa: ARG002
    ) -> Secret:
        text = self._call()
        if isawaitable(text):
            from asyncio import timeout  # noqa: PLC0415  # not for those who are not async

            limit = timeout(call.left)
            try:
                async with limit:
                    text = await text
            except Exception as error:
                if limit.expired():
                    raise call.too_late() from None
                raise _provider_error(f"failed with {type(error).__name__}") from error
        return _secret(text)

    def _call(self) -> object:
        try:
            return self._provide()
        except Exception as error:
            raise _provider_error(f"failed with {type(error).__name__}") from error


def given_tokens(token: Secret | None, provide: Callable[[], object] | None) -> TokenSource:
    """Read the user's token, or the function that provides one for each request."""
    if token is not None:
        return FixedToken(token)
    if not callable(provide):
        raise ConfigurationError("must be a function that returns a token", option="token_provider")
    return ProvidedTokens(provide)


def _secret(text: object) -> Secret:
    if not isinstance(text, str) or not is_token(text):
        raise _provider_error("returned something that is not a bearer token")
    return Secret(text)


def _provider_error(problem: str) -> TokenError:
    return TokenError(problem, operation="token_provider", route="token_provider")


class TimedToken:
    """A token, and the moment (monotonic seconds) from which a new one is asked for."""

    def __init__(self, secret: Secret, renew_at: float) -> None:
        self.secret = secret
        self.renew_at = renew_at

    @classmethod
    def for_seconds(cls, text: str, life: float) -> TimedToken:
        """Keep a token that expires `life` seconds from now."""
        margin = min(MAX_MARGIN, max(life, 0) / 10)
        return cls(Secret(text), _clock.monotonic() + life - margin)


Outcome: TypeAlias = "TimedToken | HeidiError | None"
"""The outcome of a request for a token; None: it was interrupted."""


class _Pending:
    """A request for a token: the call that makes it, and what the others wait for."""

    __slots__ = ("done", "leader", "outcome")

    def __init__(self, leader: PreparedRequest) -> None:
        from concurrent.futures import Future  # noqa: PLC0415  # only for tokens that are issued

        self.leader = leader
        self.outcome: Outcome = None
        self.done = Future[None]()
        # From here on, a task that stops waiting cannot cancel it for the others.
        self.done.set_running_or_notify_cancel()


class IssuedTokens:
    """Tokens issued for a key, one request at a time.

    All threads, tasks and event loops share the token, and the one request for the next. The first
    who finds no good token asks for one; the others wait for its outcome, be it a token or an
    error. Where the first is interrupted, or has less time than another, the next one asks.
    """

    hint = None

    def __init__(self, issuer: Issuer, send: Callable[[PreparedRequest, None], Any]) -> None:
        """Take a function that makes the request and one that sends it, sync or async."""
        self._issuer = issuer
        self._send = send
        self._current: TimedToken | None = None
        self._pending: _Pending | None = None
        self._lock = threading.Lock()
        _fork.start_over_in_child(self)

    def token(self, call: PreparedRequest, refused: Secret | None = None) -> Secret:
        good = self._good(refused)
        while good is None:
            with self._join(call, refused) as (pending, is_leader):
                if is_leader:
                    request = self._issuer.request(call)
                    pending.outcome = self._issuer.read(request, self._send(request, None))
            with contextlib.suppress(TimeoutError):
                pending.done.result(min(call.left, threading.TIMEOUT_MAX))
            good = self._secret_of(pending, call)
        return good

    async def token_async(self, call: PreparedRequest, refused: Secret | None = None) -> Secret:
        from asyncio import timeout, wrap_future  # noqa: PLC0415  # not for those who are not async

        good = self._good(refused)
        while good is None:
            with self._join(call, refused) as (pending, is_leader):
                if is_leader:
                    request = self._issuer.request(call)
                    pending.outcome = self._issuer.read(request, await self._send(request, None))
            if not pending.done.done():
                with contextlib.suppress(TimeoutError):
                    async with timeout(call.left):
                        await wrap_future(pending.done)
            good = self._secret_of(pending, call)
        return good

    def start_over(self) -> None:
        self._pending = None
        self._lock = threading.Lock()

    def _good(self, refused: Secret | None) -> Secret | None:
        """Return the token, unless it is refused, or about to end."""
        token = self._current
        if token is None or token.secret == refused or _clock.monotonic() >= token.renew_at:
            return None
        return token.secret

    @contextlib.contextmanager
    def _join(
        self, call: PreparedRequest, refused: Secret | None
    ) -> Generator[tuple[_Pending, bool]]:
        """Return the request to wait for, and whether the caller is the one to make it.

        It is done when the caller leaves, whatever happens there.
        """
        own = _Pending(call)
        try:
            with self._lock:
                if self._pending is None:
                    if self._good(refused) is None:
                        self._pending = own
                    else:
                        own.outcome = self._current
                pending = self._pending or own
            yield pending, pending is own and own.outcome is None
        finally:
            with self._lock:
                if self._pending is own:
                    self._pending = None
                    if isinstance(own.outcome, TimedToken):
                        self._current = own.outcome
            own.done.set_result(None)

    def _secret_of(self, pending: _Pending, call: PreparedRequest) -> Secret | None:
        """Return the token that was issued; None if the call asks again."""
        if not pending.done.done():
            raise self._issuer.too_late(call)
        outcome = pending.outcome
        if isinstance(outcome, APITimeoutError) and _had_less_time(pending.leader, call):
            return None
        if isinstance(outcome, HeidiError):
            error = copy.copy(outcome)  # each waiting call gets its own error
            error.__cause__ = outcome.__cause__
            raise error
        return None if outcome is None else outcome.secret


def _had_less_time(leader: PreparedRequest, call: PreparedRequest) -> bool:
    return leader.timeout != call.timeout or (leader.ends < call.ends and leader.left <= 0)
