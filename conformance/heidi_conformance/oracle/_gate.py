"""Responses that come before an operation is reached, or instead of it."""

import re
from collections.abc import Iterator

from heidi_conformance._text import printable
from heidi_conformance._verdict import Level
from heidi_conformance._wire import Reply, Silence
from heidi_conformance.contract._operations import (
    LIST,
    OPERATIONS,
    PATHS,
    READ,
    Refusal,
    error_message,
    error_type,
    route,
)

from ._memory import Memory
from ._reading import Reading
from ._shapes import misshapen
from ._violation import Violation

# Below it lies no path of any server.
INVENTED = "/no-such-path-"
# All others, and TRACE and CONNECT, may be refused by what stands before a server.
METHODS = frozenset("DELETE GET HEAD OPTIONS PATCH POST PUT".split())
REFUSALS = (400, 405, 501)
LONGEST_TOKEN = 8000


def silent(reading: Reading, silence: Silence) -> Iterator[Violation]:
    """Yield that no response came; a body that is too large may be cut off."""
    if "body-size" not in {problem.rule for problem in reading.problems}:
        yield Violation("answers", reading.operation or LIST, got=silence.reason)


def broken(reading: Reading, answer: Reply) -> Iterator[Violation]:
    """Yield that a server failed."""
    valid = reading.method_known and not reading.problems
    code = "no-server-error" if valid else "no-server-error/invalid"
    yield Violation(code, reading.operation or LIST, detail=str(answer.status))


def too_many(reading: Reading, answer: Reply) -> Iterator[Violation]:
    """Yield what a response of 429 lacks."""
    text = answer.header("retry-after") or ""
    if not (text.isascii() and text.isdigit()):
        yield Violation("retry-after", reading.operation or LIST)
    if reading.message.method != "HEAD":
        yield from misshapen("strict", reading.operation or LIST, answer)


def nowhere(reading: Reading, answer: Reply) -> Iterator[Violation]:
    """A path that the document does not have: an error of the usual shape."""
    target = reading.message.target
    if answer.ok and route(target.partition("?")[0].removesuffix("/")).path:
        # With a slash behind it, a path may be found or not.
        return
    shown = OPERATIONS[READ].made(answer.content) if answer.ok else None
    if answer.ok and "%2F" in target.removesuffix("%2F"):
        yield Violation("exact-lookup/slash", READ, expected=404, got=answer.status)
    elif shown and shown in target:
        yield Violation("exact-lookup/path", READ, expected=404, got=answer.status)
    elif answer.ok and target.startswith(INVENTED):
        yield Violation("error-shape/unknown-path", READ, expected=404, got=answer.status)
    elif answer.status >= 400:
        yield from misshapen("strict", READ, answer)


def wrong_method(reading: Reading, answer: Reply) -> Iterator[Violation]:
    """Yield what is wrong with the response to a method that a path does not have."""
    method, operation = reading.message.method, reading.operation
    documented = set(PATHS[reading.path])
    if method == "OPTIONS" and answer.ok:
        return
    if method == "HEAD" and "GET" in documented and answer.status != 405:
        return
    if method not in METHODS and answer.status in REFUSALS:
        return
    if answer.status != 405:
        yield Violation(
            "methods", operation, field=printable(method), expected=405, got=answer.status
        )
        return
    allow = {text.strip().upper() for text in (answer.header("allow") or "").split(",")} - {""}
    if not allow:
        yield Violation("allow/missing", operation, expected=sorted(documented))
    elif not documented <= allow or allow - documented - {"HEAD", "OPTIONS"}:
        yield Violation("allow", operation, expected=sorted(documented))
    if method != "HEAD":
        yield from misshapen("strict", operation, answer)


def without_link(level: Level, refusal: Refusal, answer: Reply) -> Iterator[Violation]:
    """Yield what is wrong with the list of a user who is not linked.

    The page shows the error and not its status.
    """
    if answer.ok:
        yield Violation("unlinked", LIST, detail=str(answer.status))
        return
    if level == "strict" and answer.status != refusal.status:
        yield Violation("forbidden", LIST, expected=refusal.status, got=answer.status)
        return
    if (error_type(answer.content), error_message(answer.content)) != (
        refusal.type,
        refusal.message,
    ):
        yield Violation("unlinked/error", LIST, detail=str(answer.status))
    yield from misshapen(level, LIST, answer, shown=True)


def stranger(memory: Memory, reading: Reading, answer: Reply) -> Iterator[Violation]:
    """A request without a token that the judge knows to be valid."""
    if reading.message.method == "OPTIONS" or (reading.message.method == "HEAD" and not answer.ok):
        return
    token = reading.token or ""
    if answer.status in (400, 431) and not (token.isascii() and len(token) <= LONGEST_TOKEN):
        # What stands before a server may refuse bytes beyond ASCII, and what is too long for it.
        return
    expired = memory.tokens.get(reading.token or "") == "expired"
    how = "expired" if expired else "none" if reading.token is None else "wrong"
    operation = reading.operation
    known = memory.resources.get(reading.one)
    if not answer.ok and reading.declared.writes and known is not None:
        known.attempt("rejected", reading)
    if answer.ok:
        code = "expired-token" if expired else "token-needed"
        yield Violation(code, operation, field=f":{how}", expected=401, got=answer.status)
        memory.doubt(reading)
        for shelf in memory.shelves.values() if reading.action == "create" else ():
            shelf.total = None
    elif memory.strict and answer.status != 401:
        yield Violation("token-first", operation, field=f":{how}", expected=401, got=answer.status)
    elif memory.strict:
        challenge = answer.header("www-authenticate") or ""
        if not re.search(r"(^|,\s*)bearer\b", challenge, re.IGNORECASE):
            yield Violation("challenge", operation)
        told, kind = error_type(answer.content), OPERATIONS[operation].error_type(401)
        if None not in (told, kind) and told != kind:
            yield Violation("challenge/type", operation, expected=kind)
        yield from misshapen("strict", operation, answer)
