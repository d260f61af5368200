"""Responses before an operation is reached, or instead of it."""

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
from ._reading import SLASH, Reading
from ._shapes import misshapen
from ._violation import Violation

# No server has a path below it.
INVENTED = "/no-such-path-"
# All others, and TRACE and CONNECT, may be refused by what comes before a server.
METHODS = frozenset("DELETE GET HEAD OPTIONS PATCH POST PUT".split())
REFUSALS = (400, 405, 501)
LONGEST_TOKEN = 8000


def silent(reading: Reading, silence: Silence) -> Iterator[Violation]:
    """Yield that no response came; a body that is too large may be cut off."""
    if "body-size" not in {problem.rule for problem in reading.problems}:
        yield Violation("answers", reading.operation or LIST, got=silence.reason)


def broken(reading: Reading, response: Reply) -> Iterator[Violation]:
    """Yield that a server failed."""
    valid = reading.method_known and not reading.problems and not reading.malformed
    code = "no-server-error" if valid else "no-server-error/invalid"
    yield Violation(code, reading.operation or LIST, detail=str(response.status))


def too_many(reading: Reading, response: Reply) -> Iterator[Violation]:
    """Yield what a response of 429 lacks."""
    text = response.header("retry-after") or ""
    if not (text.isascii() and text.isdigit()):
        yield Violation("retry-after", reading.operation or LIST)
    if reading.message.method != "HEAD":
        yield from misshapen("strict", reading.operation or LIST, response)


def nowhere(reading: Reading, response: Reply) -> Iterator[Violation]:
    """A path that the document does not have: an error of the usual shape."""
    path = reading.message.path
    if response.ok and route(path.removesuffix("/")).path:
        # With a trailing slash, a path may be found or not.
        return
    shown = OPERATIONS[READ].made(response.content) if response.ok else None
    if response.ok and SLASH in path:
        yield Violation("exact-lookup/slash", READ, expected=404, got=response.status)
    elif shown and shown in reading.message.target:
        yield Violation("exact-lookup/path", READ, expected=404, got=response.status)
    elif response.ok and path.startswith(INVENTED):
        yield Violation("error-shape/unknown-path", READ, expected=404, got=response.status)
    elif response.status >= 400:
        yield from misshapen("strict", READ, response)


def wrong_method(reading: Reading, response: Reply) -> Iterator[Violation]:
    """Yield the violations of the response to an undocumented method."""
    method, operation = reading.message.method, reading.operation
    documented = set(PATHS[reading.path])
    if method == "OPTIONS" and response.ok:
        return
    if method == "HEAD" and "GET" in documented and response.status != 405:
        return
    if method not in METHODS and response.status in REFUSALS:
        return
    if response.status != 405:
        yield Violation(
            "methods", operation, field=printable(method), expected=405, got=response.status
        )
        return
    allow = {text.strip().upper() for text in (response.header("allow") or "").split(",")} - {""}
    if not allow:
        yield Violation("allow/missing", operation, expected=sorted(documented))
    elif not documented <= allow or allow - documented - {"HEAD", "OPTIONS"}:
        yield Violation("allow", operation, expected=sorted(documented))
    if method != "HEAD":
        yield from misshapen("strict", operation, response)


def without_link(level: Level, refusal: Refusal, response: Reply) -> Iterator[Violation]:
    """Yield the violations of the list of a user who is not linked.

    The page shows the error and not its status; that its message is more than an example is S3.
    """
    if response.ok:
        yield Violation("unlinked", LIST, detail=str(response.status))
        return
    if level == "strict" and response.status != refusal.status:
        yield Violation("forbidden", LIST, expected=refusal.status, got=response.status)
        return
    status = str(response.status)
    if error_type(response.content) != refusal.type:
        yield Violation("unlinked/error", LIST, "", status, refusal.type, "type")
    elif level == "strict" and error_message(response.content) != refusal.message:
        yield Violation("unlinked/error", LIST, "", status, refusal.message, "message")
    yield from misshapen(level, LIST, response, shown=True)


def absent(reading: Reading) -> str:
    """Return how a request goes without a bearer token."""
    given = [text for name, text in reading.message.headers if name == "Authorization" and text]
    return "scheme" if given and given[0].partition(" ")[0].lower() != "bearer" else "none"


def unauthenticated(memory: Memory, reading: Reading, response: Reply) -> Iterator[Violation]:
    """A request without a token that the judge knows to be valid."""
    if reading.message.method == "OPTIONS" or (
        reading.message.method == "HEAD" and not response.ok
    ):
        return
    token = reading.token or ""
    if response.status in (400, 431) and not (token.isascii() and len(token) <= LONGEST_TOKEN):
        # A proxy may refuse non-ASCII bytes and requests that are too long.
        return
    expired = memory.tokens.get(reading.token or "") == "expired"
    how = "expired" if expired else absent(reading) if reading.token is None else "wrong"
    operation = reading.operation
    known = memory.resources.get(reading.one)
    if not response.ok and reading.declared.writes and known is not None:
        known.attempt("rejected", reading)
    if response.ok:
        code = "expired-token" if expired else "token-needed"
        yield Violation(code, operation, field=f":{how}", expected=401, got=response.status)
        memory.doubt(reading)
        for state in memory.lists.values() if reading.action == "create" else ():
            state.total = None
    elif response.status != 401:
        yield Violation(
            "token-first", operation, field=f":{how}", expected=401, got=response.status
        )
    else:
        challenge = response.header("www-authenticate") or ""
        if not re.search(r"(^|,\s*)bearer\b", challenge, re.IGNORECASE):
            yield Violation("challenge", operation)
        told, kind = error_type(response.content), OPERATIONS[operation].error_type(401)
        if None not in (told, kind) and told != kind:
            yield Violation("challenge/type", operation, expected=kind)
        yield from misshapen("strict", operation, response)
