"""How a token is asked for, and what the response means. No I/O."""

from __future__ import annotations

import contextlib
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from heidi_generated.errors import (
    APIConnectionError,
    APIResponseValidationError,
    HeidiError,
    TokenError,
)

from . import _clock, _log
from ._answers import failure_of, is_elsewhere, read
from ._messages import Answer, seconds_until
from ._tokens import IssuedTokens, TimedToken, is_token

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._messages import Outgoing
    from ._options import Key
    from ._secret import Secret
    from ._settings import Settings


MAX_USERS: Final = 10_000
"""Whose tokens are kept; those of the first to come are dropped first."""


class Users:
    """The users of one key, each with tokens of their own."""

    def __init__(self, key: Key, settings: Settings, send: Callable[[Outgoing, None], Any]) -> None:
        self._key = key
        self._settings = settings
        self._send = send
        self._tokens: dict[tuple[Secret, ...], IssuedTokens] = {}

    def tokens(self, user: tuple[Secret, ...]) -> IssuedTokens:
        """Return the tokens of a user, the same each time."""
        found = self._tokens.get(user)
        if found is not None:
            return found
        if len(self._tokens) >= MAX_USERS:
            with contextlib.suppress(KeyError, RuntimeError):  # another thread was faster
                del self._tokens[next(iter(self._tokens))]
        issuer = Issuer(self._key._replace(user=user), self._settings)
        return self._tokens.setdefault(user, IssuedTokens(issuer, self._send))


class Issuer:
    """Asks for tokens on behalf of one user of a partner."""

    def __init__(self, key: Key, settings: Settings) -> None:
        self._key = key
        self._settings = settings
        self._started = 0.0

    def request(self, call: Outgoing) -> Outgoing:
        """Say what to send for a call, within its time.

        The key goes in a header, and nowhere else.
        """
        self._started = _clock.monotonic()
        return self._outgoing(call)

    def too_late(self, call: Outgoing) -> HeidiError:
        """Return the error of a call that got no token in its time."""
        return self._outgoing(call).too_late()

    def _outgoing(self, call: Outgoing) -> Outgoing:
        issuing = self._key.issuing
        request = issuing.request(*(secret.reveal() for secret in self._key.user))
        outgoing = self._settings.outgoing(request, None)
        outgoing.headers = {**outgoing.headers, issuing.header: self._key.api_key.reveal()}
        outgoing.ends, outgoing.timeout = call.ends, call.timeout
        return outgoing

    def read(self, outgoing: Outgoing, result: Answer | HeidiError) -> TimedToken | HeidiError:
        """Take the token out of the answer, or say why there is none."""
        _log.attempt(outgoing, result, _clock.monotonic() - self._started, 1)
        if isinstance(result, HeidiError):
            if isinstance(result, APIConnectionError):
                result.may_have_arrived = False  # the call itself was not made
            return result
        if not 200 <= result.status_code < 300:
            _, type_ = failure_of(result)
            problem = f"no token was issued, {result.status_code} {type_ or ''}".rstrip()
            return _error(outgoing, result, problem, type_)
        try:
            token, expires = read(result, outgoing, self._key.issuing.read, strict=True)
        except APIResponseValidationError as error:
            problem = f"the response is not what the document says at {error.path}"
            return _error(outgoing, result, problem)
        if not is_token(token):
            problem = "the response holds something that is not a bearer token"
            return _error(outgoing, result, problem)
        if not isinstance(expires, datetime):
            return _error(outgoing, result, "the response does not say when the token ends")
        return TimedToken.for_seconds(token, seconds_until(expires, result))


def _error(
    outgoing: Outgoing, answer: Answer, problem: str, type_: str | None = None
) -> TokenError:
    hint = outgoing.server.hint if is_elsewhere(answer.status_code, type_) else None
    if answer.status_code in {401, 403}:
        hint = "check the key and the user"
    return TokenError(
        problem,
        **outgoing.facts,
        hint=hint,
        request_id=answer.request_id,
        status_code=answer.status_code,
        type=type_,
        retry_after=answer.retry_after,
    )
