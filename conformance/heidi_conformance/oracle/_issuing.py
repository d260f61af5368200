"""Tokens that are issued: for which key, in which form, and to whom; for level strict."""

import math
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from heidi_conformance._wire import Reply
from heidi_conformance.contract._document import pointed
from heidi_conformance.contract._operations import ISSUE, ISSUER, KEY_HEADER
from heidi_conformance.evidence._history import issued

from ._memory import Issue, Memory
from ._reading import Reading
from ._shapes import misshapen
from ._violation import Violation

# What names a user together; the document does not say that either may not be empty.
SEMANTICS = ISSUER.semantics
USER = frozenset(SEMANTICS["user"])
# What a wrong key gets from a server that does not say 401.
OTHER_REFUSALS = (400, 403, 404, 422)
# Seconds by which a server may be early when it ends a token: its `Date` tells none smaller.
HASTE = 5
# Seconds by which the clock may be wrong that a token is seen to have ended by: that of its `Date`
# or, where it tells none, that of the judge.
HOUR, DAY = 60 * 60, 24 * 60 * 60


def issuing(memory: Memory, reading: Reading, response: Reply) -> Iterator[Violation]:
    """Yield the violations of the response to a request for a token."""
    if response.ok or response.status >= 400:
        yield from misshapen("strict", ISSUE, response)
    key = next((text for name, text in reading.message.headers if name == KEY_HEADER), None)
    asked = dict(reading.query)
    names_user = all(asked.get(name) for name in USER)
    if not response.ok:
        if key != memory.key and names_user and response.status in OTHER_REFUSALS:
            yield Violation("key-needed/status", ISSUE, expected=401, got=response.status)
        return
    if key != memory.key:
        code = "key-needed" if key is None else "key-needed/wrong"
        yield Violation(code, ISSUE, expected=401, got=response.status)
        return
    if not asked.keys() >= USER:
        yield Violation("issued-token/nobody", ISSUE, got=response.status)
        return
    if not ISSUER.declares(response.status):
        yield Violation("declared-status", ISSUE, detail=str(response.status))
    end = end_of(response)
    if end is not None and end.utcoffset():
        yield Violation("issued-token/zone", ISSUE)
    if end is not None and lifetime(response) < -(HOUR if response.header("date") else DAY):
        yield Violation("issued-token/past", ISSUE)
    token = issued(response)
    if not token and isinstance(pointed(response.content, SEMANTICS["token"]), str):
        yield Violation("issued-token/characters", ISSUE)
    if token:
        user = " ".join(asked[name] for name in sorted(USER))
        if memory.tokens.setdefault(token, user) != user:
            yield Violation("own-sessions/token", ISSUE)
        memory.issued.setdefault(token, Issue(time.time() + lifetime(response)))


def end_of(response: Reply) -> datetime | None:
    """Return when a token ends; None if it is not an instant, which its schema reports."""
    text = pointed(response.content, SEMANTICS["expires"])
    try:
        end = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return end if end is not None and end.utcoffset() is not None else None


def lifetime(response: Reply) -> float:
    """Return for how many seconds a token lives, by the clock of the server where it tells it."""
    end = end_of(response)
    if end is None:
        return math.inf
    try:
        now = parsedate_to_datetime(response.header("date") or "")
    except ValueError:
        now = datetime.now(UTC)
    if now.utcoffset() is None:
        now = now.replace(tzinfo=UTC)
    return (end - now) / timedelta(seconds=1)


def refused(memory: Memory, reading: Reading) -> list[Violation] | None:
    """Return the violation of a 401 for a token that was issued; None if it was not.

    At its end it is right, and nothing else is to be said of the response.
    """
    issue = memory.issued.get(reading.token or "")
    if issue is None or (issue.used and time.time() < issue.end - HASTE):
        return None
    ended = time.time() >= issue.end - HASTE
    return [] if ended else [Violation("issued-token/refused", ISSUE, detail=reading.operation)]
