"""Tokens that are issued: for which key, in which form, and to whom; for level strict."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from heidi_conformance._document import member
from heidi_conformance._history import issued
from heidi_conformance._wire import Reply

from ._complaint import Complaint
from ._memory import Memory
from ._reading import ISSUE, Reading
from ._shapes import misshapen


def issuing(memory: Memory, reading: Reading, answer: Reply) -> Iterator[Complaint]:
    """Yield what is wrong with the answer to who asks for a token."""
    key = next((text for name, text in reading.message.headers if name == "Heidi-Api-Key"), None)
    yield from misshapen("strict", ISSUE, answer)
    if not answer.ok:
        return
    if key != memory.key:
        how = "without a key" if key is None else "for a wrong key"
        yield Complaint(
            "key-needed", ISSUE, f"issues a token {how}", "", "401", f"status {answer.status}"
        )
        return
    if not in_utc(member(answer.content, "expiration_time")):
        yield Complaint(
            "issued-token",
            ISSUE,
            "tells the end of a token in another zone than UTC",
            "",
            "UTC",
            "another zone",
        )
    asked = dict(reading.query)
    email, internal_id = asked.get("email"), asked.get("third_party_internal_id")
    if (token := issued(answer)) and email and internal_id:
        user = f"{email} {internal_id}"
        if memory.tokens.setdefault(token, user) != user:
            yield Complaint(
                "own-sessions",
                ISSUE,
                "issues one token for two users",
                "",
                "a token for each",
                "the same token",
            )
        memory.fresh.add(token)


def in_utc(value: object) -> bool:
    """Whether an instant is in UTC; what is no instant, the document has its own words for."""
    try:
        offset = datetime.fromisoformat(value).utcoffset() if isinstance(value, str) else None
    except ValueError:
        return True
    return offset in (None, timedelta())


def stillborn(reading: Reading) -> Iterator[Complaint]:
    """Yield that a token is refused which was issued a moment before."""
    yield Complaint(
        "issued-token", ISSUE, "issues a token that is refused at once", "",
        f"{reading.operation} takes it", "status 401",
    )  # fmt: skip
