"""Tokens that are issued: for which key, in which form, and to whom; for level strict."""

import math
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from heidi_conformance._document import pointed
from heidi_conformance._history import issued
from heidi_conformance._wire import Reply
from heidi_conformance.contract._operations import ISSUE, KEY_HEADER, OPERATIONS

from ._complaint import Complaint
from ._memory import Issue, Memory
from ._reading import Reading
from ._shapes import misshapen

STILLBORN = "issues a token that is refused at once"
# What names a user together; the document does not say that either may not be empty.
SEMANTICS = OPERATIONS[ISSUE].semantics
USER = frozenset(SEMANTICS["user"])
# Seconds by which a server may be early when it ends a token: its `Date` tells none smaller.
HASTE = 5
# Seconds by which its clock may be wrong where it tells no `Date`.
DAY = 24 * 60 * 60


def issuing(memory: Memory, reading: Reading, answer: Reply) -> Iterator[Complaint]:
    """Yield what is wrong with the answer to who asks for a token."""
    if answer.ok or answer.status >= 400:
        yield from misshapen("strict", ISSUE, answer)
    if not answer.ok:
        return
    key = next((text for name, text in reading.message.headers if name == KEY_HEADER), None)
    if key != memory.key:
        how = "without a key" if key is None else "for a wrong key"
        yield Complaint(
            "key-needed", ISSUE, f"issues a token {how}", "", "401", f"status {answer.status}"
        )
        return
    asked = dict(reading.query)
    if not asked.keys() >= USER:
        yield unfit("issues a token for nobody", "a refusal", f"status {answer.status}")
        return
    yield from told_end(answer)
    token = issued(answer)
    if not token and isinstance(pointed(answer.content, SEMANTICS["token"]), str):
        yield unfit("issues a token that no header can carry", "visible ASCII", "another text")
    if token:
        user = " ".join(asked[name] for name in sorted(USER))
        if memory.tokens.setdefault(token, user) != user:
            yield Complaint(
                "own-sessions",
                ISSUE,
                "issues one token for two users",
                "",
                "a token for each",
                "the same token",
            )
        memory.issued.setdefault(token, Issue(time.time() + lifetime(answer)))


def told_end(answer: Reply) -> Iterator[Complaint]:
    """Yield what is wrong with the end that an answer tells."""
    end = end_of(answer)
    if end is None:
        return
    if end.utcoffset():
        yield unfit("tells the end of a token in another zone than UTC", "UTC", "another zone")
    if lifetime(answer) < -DAY:
        yield unfit("tells an end that was over before", "an end that is to come", "one long ago")


def unfit(what: str, expected: str, got: str) -> Complaint:
    return Complaint("issued-token", ISSUE, what, "", expected, got)


def end_of(answer: Reply) -> datetime | None:
    """Return when a token ends; None for no instant, of which the document has its own words."""
    text = pointed(answer.content, SEMANTICS["expires"])
    try:
        end = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return end if end is not None and end.utcoffset() is not None else None


def lifetime(answer: Reply) -> float:
    """Return for how many seconds a token lives, by the clock of the server where it tells it."""
    end = end_of(answer)
    if end is None:
        return math.inf
    try:
        now = parsedate_to_datetime(answer.header("date") or "")
    except ValueError:
        now = datetime.now(UTC)
    if now.utcoffset() is None:
        now = now.replace(tzinfo=UTC)
    return (end - now) / timedelta(seconds=1)


def refused(memory: Memory, reading: Reading) -> Iterator[Complaint] | None:
    """Return what is wrong with 401 for a token that was issued; None where it was not.

    At its end it is right, and nothing else is to be said of the answer.
    """
    issue = memory.issued.get(reading.token or "")
    if issue is None or (issue.used and time.time() < issue.end - HASTE):
        return None
    ended = time.time() >= issue.end - HASTE
    return iter(() if ended else [unfit(STILLBORN, f"{reading.operation} takes it", "status 401")])
