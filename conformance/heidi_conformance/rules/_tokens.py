"""Authentication: a valid token is needed, and checked before everything else."""
# ruff: noqa: E501  # tables read better in rows

import re
from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import Any

from heidi_conformance.contract._operations import LIST, OPERATIONS, READ, route
from heidi_conformance.evidence._history import paged
from heidi_conformance.run._probe import Probe
from heidi_conformance.run._resources import Call, Resources, calls

from ._rule import TOKEN, Script, decided, promised

INVENTED = ("", "Bearer invented-by-the-judge")
# At any level: no server may take them for the token.
WRONG = (
    "Bearer", "Bearer {first:first+1}", "Bearer {first:middle+1}", "Bearer {first:last+32}", "Bearer {first:header+1}",
    "Bearer {first:payload+1}", "Bearer {first:shorter}", "Bearer {first:headless}", "Bearer {first:half}", "Bearer {first}x",
    "Bearer x{first}", "Bearer {first}.", "Bearer {first:recased}", "Bearer {first:unsigned}", "Bearer {first:unsealed}",
    "Bearer {first:reissued}", "Bearer null", "Bearer undefined", "Bearer *",
)  # fmt: skip
# For every operation: other schemes, and another character that a lenient reader of base64 passes over.
SCHEMES = (
    "{first}",
    "Bearer{first}",
    "Basic {first}",
    "Basic {first:basic}",
    "Token {first}",
    "Bearer {first:last+1}",
)
# The token in other case, unless it is hexadecimal: then it is the same token.
CASES = ("Bearer {first:twisted}", "Bearer {first:upper}", "Bearer {first:lower}")
HEXADECIMAL = re.compile("[0-9A-Fa-f-]+")
# Spellings of a token that a lenient reader accepts, for one read and one write.
NEAR = (
    "JWT {first}", "Digest {first}", "BearerX {first}", "Bearer {first}=", "Bearer {first} x", "Bearer x {first}", "Bearer Bearer {first}",
    "Bearer {first},{first}", "Bearer {first} {first}", "Bearer {first}{first}", "Bearer {first}, Bearer {first}", 'Bearer "{first}"',
    "Bearer <{first}>", "Bearer '{first}'", "Bearer {first};", "Bearer {first},", "Bearer token={first}", "Bearer {first:encoded}",
    "Bearer {first}%20", "Bearer {first}%00", "Bearer:{first}", "Bearer {first}\t.",
)  # fmt: skip
COOKIES = ("token", "access_token", "session", "jwt", "Authorization")
ELSEWHERE = (
    *(("Cookie", f"{key}={{first}}") for key in COOKIES),
    ("X-Authorization", "Bearer {first}"),
    ("X-Access-Token", "{first}"),
)  # fmt: skip
HARD = ("...", "!.!.!", "a.b.c", "..", ".", "!", "t" * 5000, "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.", "%00", "'", "{{}}", "a" * 20 + ".", "t\u00f6ken")  # fmt: skip
MIB = 1024 * 1024


def no_token(probe: Probe) -> None:
    """No token, and an invented one, on every operation."""
    for call in calls(probe, among=TOKEN):
        for text in INVENTED:
            call.send(authorization=text)


def wrong_tokens(probe: Probe) -> None:
    """Near misses of a valid token, on every operation."""
    for call in calls(probe, among=TOKEN):
        for text in WRONG:
            call.send(authorization=text)


def tokens_for_the_list(probe: Probe) -> None:
    """Tokens under other schemes, joined, quoted, elsewhere; and such as are hard to read."""
    near_tokens(probe, [name for name in TOKEN if name == LIST])


def tokens_for_others(probe: Probe) -> None:
    """The same for all other operations."""
    near_tokens(probe, [name for name in TOKEN if name != LIST])


def near_tokens(probe: Probe, among: Collection[str]) -> None:
    cases = () if HEXADECIMAL.fullmatch(probe.setting.tokens["first"]) else CASES
    for call in calls(probe, among=among):
        often = call.first and call.operation.action not in ("read", "update")
        for text in (*SCHEMES, *cases, *(() if often else NEAR)):
            call.send(authorization=text)
        if call.operation.id == LIST:
            for header in ELSEWHERE:
                call.send(authorization="", headers=(header,))
            for text in HARD:
                call.send(authorization=f"Bearer {text}")


def token_before_all(probe: Probe) -> None:
    """No token, and another fault: the token comes first."""
    for call in calls(probe, among=TOKEN):
        absent = [name for name in ("PUT", "DELETE", "GET") if name not in methods_of(call)]
        for text in INVENTED:
            for settings in also_wrong(call):
                call.send(authorization=text, **settings)
            for method in absent[:2]:
                probe.try_send(replace(call.request(authorization=text), method=method))
        if call.first and call.operation.action == "create":
            call.send(body=b"[" + b" " * MIB + b"]", authorization="")


def also_wrong(call: Call) -> Iterator[dict[str, Any]]:
    """Yield what else may be wrong with a request."""
    page, name = call.operation.page, call.operation.id
    yield from ({"names": names} for names in call.unknown())
    if call.operation.body is not None:
        yield from ({"body": body} for body in (b"{", b"[]", call.raw("number", b'"x"')))
        yield {"media_type": "text/plain"}
    if page.size:
        yield {"query": paged(0, of=name)}
        yield {"query": paged(page="no-such-page", of=name)}


def methods_of(call: Call) -> Collection[str]:
    return route(call.request().target).methods.keys()


def expired_tokens(probe: Probe) -> None:
    """An expired token, on every operation."""
    for call in calls(probe, among=TOKEN):
        call.send(authorization="Bearer {expired}")


def second_token(on: Resources) -> None:
    """Two tokens of one user, in turn: neither ends the other, and both see the same."""
    name = on.new()
    on.read(name, user="same")
    on.update(name, on.fields.change(60), user="same")
    for user in ("first", "same"):
        on.read(name, user=user)
        on.page(1, user=user)
    on.read(on.new(user="same"))


TYPE = OPERATIONS[READ].error_type(401)
RULES = (
    promised("token-needed", "S1", TOKEN, "an operation asks for a token", "security"),
    decided("token-first", "S1", TOKEN, "401 before all else on a known path"),
    decided("expired-token", "S1", TOKEN, "401 for an expired token"),
    decided("challenge", "S1", TOKEN, f"401 has `WWW-Authenticate: Bearer` and type {TYPE}"),
)
SCRIPTS = (
    Script(no_token, "documented", ("token-needed",), reads=True),
    Script(wrong_tokens, "documented", ("token-needed",), reads=True),
    Script(tokens_for_the_list, "strict", ("token-needed", "token-first", "challenge"), reads=True),
    Script(tokens_for_others, "strict", ("token-needed", "token-first", "challenge"), reads=True),
    Script(token_before_all, "strict", ("token-first",)),
    Script(expired_tokens, "strict", ("expired-token",), needs=("expired",)),
    Script(second_token, "strict", ("created-exists", "works"), ("read", "update"), needs=("same",)),
)  # fmt: skip
