"""How a token is asked for, and what the response means. No I/O."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from heidi_generated.errors import APIConnectionError, APIResponseError, HeidiError, TokenError

from . import _clock, _log
from ._answers import failure_of, read
from ._messages import Answer, seconds_until
from ._tokens import TimedToken, is_token

if TYPE_CHECKING:
    from heidi_generated.types import Operation

    from ._messages import Outgoing
    from ._options import Key
    from ._settings import Settings


class Issuer:
    """Asks for tokens on behalf of one user of a partner."""

    def __init__(self, key: Key, settings: Settings) -> None:
        self._key = key
        self._settings = settings
        self._started = 0.0

    def request(self) -> Outgoing:
        """Say what to send: the key goes in a header, and nowhere else."""
        self._started = _clock.monotonic()
        issuing = self._key.issuing
        request = issuing.request(*(secret.reveal() for secret in self._key.user))
        outgoing = self._settings.outgoing(request, None)
        outgoing.headers = {**outgoing.headers, issuing.header: self._key.api_key.reveal()}
        return outgoing

    def read(self, result: Answer | HeidiError) -> TimedToken | HeidiError:
        """Take the token out of the answer, or say why there is none."""
        operation = self._key.issuing.operation
        _log.attempt(operation, result, _clock.monotonic() - self._started, 1)
        if isinstance(result, HeidiError):
            if isinstance(result, APIConnectionError):
                result.may_have_arrived = False  # the call itself was not made
            return result
        if not 200 <= result.status_code < 300:
            _, type_ = failure_of(result)
            problem = f"no token was issued, {result.status_code} {type_ or ''}".rstrip()
            return _error(operation, result, problem, type_)
        try:
            token, expires = read(result, operation, self._key.issuing.read, strict=True)
        except APIResponseError as error:
            problem = f"the answer is not what the document says at {error.path}"
            return _error(operation, result, problem)
        if not is_token(token):
            problem = "the answer holds something that is not a bearer token"
            return _error(operation, result, problem)
        if not isinstance(expires, datetime):
            return _error(operation, result, "the answer does not say when the token ends")
        return TimedToken.for_seconds(token, seconds_until(expires, result))


def _error(
    operation: Operation, answer: Answer, problem: str, type_: str | None = None
) -> TokenError:
    return TokenError(
        problem,
        operation=operation.id,
        route=f"{operation.method} {operation.route}",
        request_id=answer.request_id,
        status_code=answer.status_code,
        type=type_,
        retry_after=answer.retry_after,
    )
