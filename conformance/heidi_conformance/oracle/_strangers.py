"""Requests without a token that the judge knows to be valid."""

import re
from collections.abc import Iterator

from heidi_conformance._wire import Reply
from heidi_conformance.contract._operations import OPERATIONS, error_type

from ._complaint import Complaint
from ._memory import Memory
from ._reading import Reading
from ._shapes import misshapen


def stranger(memory: Memory, reading: Reading, answer: Reply) -> Iterator[Complaint]:
    """A request without a token that the judge knows to be valid."""
    if reading.message.method in ("OPTIONS", "HEAD") and not answer.ok:
        return
    if reading.message.method == "OPTIONS":
        return
    if answer.status == 400 and not (reading.token or "").isascii():
        # What stands before a server may refuse bytes beyond ASCII.
        return
    how = "without a token" if reading.token is None else "with a wrong token"
    expired = memory.tokens.get(reading.token or "") == "expired"
    how = "with an expired token" if expired else how
    operation = reading.operation
    known = memory.resources.get(reading.one)
    if not answer.ok and reading.declared.writes and known is not None:
        known.attempts.add("rejected")
    if answer.ok:
        rule = "expired-token" if expired else "token-needed"
        yield Complaint(
            rule, operation, "accepts a request {}", how, "401", f"status {answer.status}"
        )
        memory.doubt(reading)
        for shelf in memory.shelves.values() if reading.action == "create" else ():
            shelf.total = None
    elif memory.strict and answer.status != 401:
        yield Complaint(
            "token-first",
            operation,
            "answers {}",
            f"{answer.status} to a request {how}",
            "401",
            f"status {answer.status}",
        )
    elif memory.strict:
        challenge = answer.header("www-authenticate") or ""
        if not re.search(r"(^|,\s*)bearer\b", challenge, re.IGNORECASE):
            yield Complaint(
                "challenge",
                operation,
                "answers 401 without `WWW-Authenticate: Bearer`",
                "",
                "`WWW-Authenticate: Bearer`",
                "none, or another one",
            )
        told, kind = error_type(answer.content), OPERATIONS[operation].error_type(401)
        if None not in (told, kind) and told != kind:
            what = f"answers 401 with another type than {kind}"
            yield Complaint("challenge", operation, what, "", f"{kind}", "another type")
        yield from misshapen("strict", operation, answer)
