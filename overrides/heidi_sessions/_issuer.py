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
from ._messages import Response, failure_of, is_elsewhere, read, seconds_until
from ._tokens import IssuedTokens, TimedToken, is_token

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._credentials import Key
    from ._messages import PreparedRequest
    from ._settings import Settings
    from ._tokens import Secret


MAX_USERS: Final = 10_000
"""Whose tokens are kept; those of the first to come are dropped first."""


class Users:
    """The users of one key, each with their own tokens."""

    def __init__(
        self, key: Key, settings: Settings, send: Callable[[PreparedRequest, None], Any]
    ) -> None:
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

    def request(self, call: PreparedRequest) -> PreparedRequest:
        """Return the request for a token, within the time of a call.

        The key goes in a header, and nowhere else.
        """
        self._started = _clock.monotonic()
        return self._prepared(call)

    def too_late(self, call: PreparedRequest) -> HeidiError:
        """Return the error of a call that got no token in its time."""
        return self._prepared(call).too_late()

    def _prepared(self, call: PreparedRequest) -> PreparedRequest:
        issuing = self._key.issuing
        request = issuing.request(*(secret.reveal() for secret in self._key.user))
        prepared = self._settings.prepare(request, None)
        prepared.headers = {**prepared.headers, issuing.header: self._key.api_key.reveal()}
        prepared.ends, prepared.timeout = call.ends, call.timeout
        return prepared

    def read(
        self, prepared: PreparedRequest, result: Response | HeidiError
    ) -> TimedToken | HeidiError:
        """Take the token out of the response, or say why there is none."""
        _log.attempt(prepared, result, _clock.monotonic() - self._started, 1)
        if isinstance(result, HeidiError):
            if isinstance(result, APIConnectionError):
                result.may_have_arrived = False  # the call itself was not made
            return result
        if not 200 <= result.status_code < 300:
            _, type_ = failure_of(result)
            problem = f"no token was issued, {result.status_code} {type_ or ''}".rstrip()
            return _error(prepared, result, problem, type_)
        try:
            token, expires = read(result, prepared, self._key.issuing.read, strict=True)
        except APIResponseValidationError as error:
            return _error(prepared, result, f"the response {error.problem}")
        if not is_token(token):
            problem = "the response holds something that is not a bearer token"
            return _error(prepared, result, problem)
        if not isinstance(expires, datetime):
            return _error(prepared, result, "the response does not say when the token ends")
        return TimedToken.for_seconds(token, seconds_until(expires, result))


def _error(
    prepared: PreparedRequest, response: Response, problem: str, type_: str | None = None
) -> TokenError:
    hint = prepared.server.hint if is_elsewhere(response.status_code, type_) else None
    if response.status_code in {401, 403}:
        hint = "check the key and the user"
    return TokenError(
        problem,
        **prepared.facts,
        hint=hint,
        request_id=response.request_id,
        status_code=response.status_code,
        type=type_,
        retry_after=response.retry_after,
    )
