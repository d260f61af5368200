"""Requests that can be sent again: to other sessions, with other tokens, in another order.

A target or a body names what earlier responses gave: `{s1}` is the id of what was created under
that name, `{next}` the token of the next page of the last list. A header names a token, `{first}`,
or the key that tokens are issued for, `{key}`, or a near miss of it, `{first:last+1}`.
"""

import base64
import json
import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, cast
from urllib.parse import quote, urlencode

from heidi_conformance._wire import Message, Reply, Silence
from heidi_conformance.contract._document import pointed
from heidi_conformance.contract._operations import (
    CREATE,
    ISSUER,
    KEY_HEADER,
    LIST,
    OPERATIONS,
    READ,
    UPDATE,
    Operation,
    route,
)

LONGEST = 32 * 1024
LONGEST_FILLED = 4096


class UnboundError(Exception):
    """A request names what no earlier response gave."""


# Near misses of a string `x`, as Python expressions: evaluated here, printed in reproducers.
# In base64, characters of `A` whose places differ in the lowest bit are as near as it gets. Of the
# last one, a lenient reader passes over the lowest bits, and never over the highest.
A = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
NEAR = {
    # of a token
    "first+1": "A[A.find(x[0]) ^ 1] + x[1:]",
    "middle+1": "(lambda i: x[:i] + A[A.find(x[i]) ^ 1] + x[i + 1:])(len(x) // 2)",
    "last+1": "x[:-1] + A[A.find(x[-1]) ^ 1]",
    "last+32": "x[:-1] + A[A.find(x[-1]) ^ 32]",
    "header+1": '(lambda h, p, s: f"{h[:-1]}{A[A.find(h[-1]) ^ 1]}.{p}.{s}")(*x.split("."))',
    "payload+1": '(lambda h, p, s: f"{h}.{p[:-1]}{A[A.find(p[-1]) ^ 1]}.{s}")(*x.split("."))',
    "shorter": "x[:-1]",
    "headless": "x[1:]",
    "half": "x[:len(x) // 2]",
    "upper": "x.upper()",
    "lower": "x.lower()",
    "recased": '(lambda h, p, s: f"{h}.{p}.{s.swapcase()}")(*x.split("."))',
    # The header says that the algorithm is `none`.
    "unsigned": '(lambda h, p, s: f"eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{p}.")(*x.split("."))',
    "unsealed": '(lambda h, p, s: f"{h}.{p}.")(*x.split("."))',
    # A name without a password.
    "basic": 'base64.b64encode(f"{x}:".encode()).decode()',
    # Another end, and the signature of the old one.
    "reissued": '(lambda h, p, s: h + "." + base64.urlsafe_b64encode(json.dumps((lambda c: {**c, '
    '"exp": c["exp"] + 1})(json.loads(base64.urlsafe_b64decode(p + "==")))).encode()).decode()'
    '.rstrip("=") + "." + s)(*x.split("."))',
    # of an id
    "arabic": "x.translate({48 + n: 0x660 + n for n in range(10)})",
    "full-width": "x.translate({48 + n: 0xFF10 + n for n in range(10)})",
    "double": "str(int(float(x)))",
    "next": "str(int(x) + 1)",
    "beyond": "str(int(x) + 2**128)",
    "exponent": 'x + "e0"',
    "hexadecimal": "hex(int(x))",
    "uuid": "str(uuid.UUID(int=int(x)))",
    "signed": "str(int(x) - 2**128)",
    "scientific": '(lambda d: f"{d[0]}.{d[1:]}e{len(d) - 1}")(str(int(x)))',
    "base64": 'base64.urlsafe_b64encode(int(x).to_bytes(16, "big")).decode().rstrip("=")',
    "twisted": "x.swapcase()",
    "encoded": 'f"%{ord(x[0]):02X}{x[1:]}"',
}  # fmt: skip
GIVEN = {"A": A, "base64": base64, "json": json, "uuid": uuid}
COMPILED: dict[str, Callable[[str], str]] = {
    near: eval(f"lambda x: {expression}", GIVEN)  # noqa: S307  # the table above
    for near, expression in NEAR.items()
}


def near_miss(near: str, text: str) -> str:
    """Return a near miss of a string. Raises UnboundError if it has none."""
    try:
        made = COMPILED[near](text)
    except (ArithmeticError, LookupError, RecursionError, TypeError, ValueError):
        raise UnboundError(near) from None
    if made in ("", text):
        raise UnboundError(near)
    return made


def digits(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 300


# What something is bound to that was created.
ID = re.compile("s[0-9]+")
# Anything else in braces is not a name: it may be broken JSON.
NAME = re.compile(
    r"\{(first|second|same|unlinked|expired|key|next|[su][0-9]+)"
    rf"(?::({'|'.join(map(re.escape, NEAR))}))?\}}"
)


@dataclass(frozen=True)
class Request:
    """One request, as a script writes it.

    target: what is behind the base URL. user: whose token is sent, none where empty.
    authorization: instead of `Bearer {user}`. binds: the name of what it makes: of the session that
    it creates or, where it asks for a token, of the user that it identifies.
    headers: further ones, in which a token may be named as well.
    batch: requests in a row with the same number are sent at once. pause: seconds before it.
    """

    method: str
    target: str
    user: str = "first"
    body: bytes = field(default=b"", repr=False)
    media_type: str | None = "application/json"
    authorization: str | None = None
    binds: str = ""
    chunked: bool = False
    headers: tuple[tuple[str, str], ...] = ()
    batch: int = 0
    pause: float = 0.0

    @property
    def names(self) -> set[str]:
        """The sessions and pages that the request names."""
        body = self.body.decode("latin-1") if self.fills_body else ""
        return {match[1] for match in NAME.finditer(self.target + body)}

    @property
    def fills_body(self) -> bool:
        """Whether the body may name something, which is then filled in."""
        return len(self.body) < LONGEST_FILLED and b"{s" in self.body

    @property
    def wants(self) -> set[str]:
        """All names that must be known for it to be sent: of sessions, of pages and of its user."""
        return self.names | ({self.user} - {""})

    @cached_property
    def operation(self) -> Operation | None:
        """The operation that it is for, None if the document has none."""
        return route(self.target).methods.get(self.method)

    @property
    def action(self) -> str:
        """What it does: the action of its operation, empty without."""
        return self.operation.action if self.operation else ""

    @property
    def issues(self) -> bool:
        """Whether it asks for a token."""
        return self.action == "issue"

    @cached_property
    def fields(self) -> tuple[tuple[str, str], ...]:
        """The headers, with tokens still names."""
        fields = self.headers
        if self.media_type is not None and (self.body or self.method in ("PATCH", "POST")):
            fields = (("Content-Type", self.media_type), *fields)
        bearer = f"Bearer {{{self.user}}}" if self.user else ""
        credentials = bearer if self.authorization is None else self.authorization
        return (("Authorization", credentials), *fields) if credentials else fields


@dataclass(frozen=True)
class Exchange:
    """A request, the bytes that were sent, and the response.

    seconds: the instants (`time.monotonic`) at which it was sent and responded to.
    """

    request: Request
    message: Message = field(repr=False)
    response: Reply | Silence = field(repr=False)
    seconds: tuple[float, float] = (0.0, 0.0)


@dataclass
class Bindings:
    """The values of the names in requests.

    tokens: those given, and those issued since. found: names of resources that a list showed, which
    the run did not create.
    """

    tokens: dict[str, str] = field(repr=False)
    values: dict[str, str] = field(default_factory=dict[str, str])
    found: set[str] = field(default_factory=set[str])

    def message(self, request: Request) -> Message:
        """Return what goes over the wire. Raises UnboundError."""
        chosen = any(name == "Accept" for name, _ in request.headers)
        headers = () if chosen else (("Accept", "application/json"),)
        fields = ((name, self.filled(text, self.tokens, str)) for name, text in request.fields)
        return Message(
            request.method,
            self.target(request),
            (*headers, *fields),
            self.body(request),
            request.chunked,
        )

    def target(self, request: Request) -> str:
        """Return the target of a request. Raises UnboundError."""
        return self.filled(request.target, self.values, quoted)

    def body(self, request: Request) -> bytes:
        if not request.fills_body:
            return request.body
        return self.filled(request.body.decode("latin-1"), self.values, str).encode("latin-1")

    def filled(self, text: str, values: dict[str, str], spelled: Callable[[str], str]) -> str:
        def value(match: re.Match[str]) -> str:
            if match[1] not in values:
                raise UnboundError(match[1])
            known = values[match[1]]
            return spelled(near_miss(match[2], known) if match[2] else known)

        return NAME.sub(value, text)

    def name(self, resource_id: str) -> str:
        """Return the name of a session, empty where it has none."""
        named = (name for name, value in self.values.items() if value == resource_id)
        return next(named, "") if resource_id else ""

    def learn(self, request: Request, response: Reply | Silence) -> None:
        """Bind the names that a response gives."""
        if not isinstance(response, Reply) or not response.ok:
            return
        operation = request.operation
        if operation is None:
            return
        if operation.action == "issue" and request.binds and (token := issued(response)):
            self.tokens = self.tokens | {request.binds: token}
        if operation.action == "create" and request.binds:
            made = operation.made(response.content)
            if made is not None:
                self.values[request.binds] = made
        if operation.action == "list":
            self.values.pop("next", None)
            if request.binds and (ids := operation.ids_on(response.content)):
                self.values[request.binds] = ids[0]
                self.found.add(request.binds)
            token = pointed(response.content, operation.page.next)
            if isinstance(token, str | int) and not isinstance(token, bool):
                self.values["next"] = str(token)


def quoted(text: str) -> str:
    return quote(text, safe="")


def request_of(
    operation: Operation,
    *names: str,
    query: str = "",
    values: Mapping[str, Any] | None = None,
    **settings: Any,
) -> Request:
    """Return a request for an operation, with the parameters that it requires.

    names: what is in its path, in order: ids by the name that they are bound to, or text as it
    is sent. values: of parameters, besides what they require; None leaves one out.
    """
    path = operation.path
    for parameter, name in zip(operation.ids, names, strict=True):
        path = path.replace(f"{{{parameter}}}", f"{{{name}}}" if ID.fullmatch(name) else name)
    given = {item.name: item.sample for item in operation.parameters if item.required}
    given |= values or {}
    sent = [(item, given[item.name]) for item in operation.free if given.get(item.name) is not None]
    texts = [(item.name, spelled(value)) for item, value in sent if item.where == "query"]
    headers = tuple((item.name, spelled(value)) for item, value in sent if item.where == "header")
    query = "&".join(filter(None, (urlencode(texts), query)))
    settings = {"media_type": None, **settings, "headers": (*headers, *settings.get("headers", ()))}
    return Request(operation.method, path + (f"?{query}" if query else ""), **settings)


def spelled(value: Any) -> str:
    """Spell a value as a query or a header has it."""
    if isinstance(value, list):
        return ",".join(map(spelled, cast("list[object]", value)))
    return value if isinstance(value, str) else json.dumps(value)


def create(name: str, body: Any = None, **settings: Any) -> Request:
    """Return a request that creates a session under a name."""
    settings.setdefault("media_type", None if body is None else "application/json")
    raw = b"" if body is None else as_json(body)
    return request_of(OPERATIONS[CREATE], body=raw, binds=name, **settings)


def read(name: str, **settings: Any) -> Request:
    """Return a request that reads a session, by its name or by an id."""
    return request_of(OPERATIONS[READ], name, **settings)


def update(name: str, body: Any, **settings: Any) -> Request:
    """Return a request that updates a session; bytes are sent as they are."""
    settings.setdefault("media_type", "application/json")
    raw = body if isinstance(body, bytes) else as_json(body)
    return request_of(OPERATIONS[UPDATE], name, body=raw, **settings)


def listing(query: str = "", **settings: Any) -> Request:
    """Return a request that lists sessions."""
    return request_of(OPERATIONS[LIST], query=query, **settings)


def paged(size: Any = None, page: str | None = None, of: str = LIST) -> str:
    """Return the query for a page of a size, or for the page of a token; of: which list."""
    words = OPERATIONS[of].page
    asked = ((words.size, size), (words.token, page))
    return "&".join(f"{name}={text}" for name, text in asked if text is not None)


def issue(address: str, internal_id: str, key: str | None = "{key}", **settings: Any) -> Request:
    """Return a request for the token of a user, with a key or without one.

    The address goes into the first of the parameters that name a user, the id into all others.
    """
    first, *others = ISSUER.semantics["user"]
    return issue_of({first: address} | dict.fromkeys(others, internal_id), key, **settings)


def issue_of(user: dict[str, str], key: str | None = "{key}", **settings: Any) -> Request:
    """Return a request for a token, with these parameters alone."""
    headers = () if key is None else ((KEY_HEADER, key),)
    operation = ISSUER
    target = operation.path + (f"?{urlencode(user)}" if user else "")
    return Request(operation.method, target, user="", media_type=None, headers=headers, **settings)


def issued(response: Reply) -> str:
    """Return the token of a response, empty if there is none that a header can carry."""
    token = pointed(response.content, ISSUER.semantics["token"])
    return token if isinstance(token, str) and is_credential(token) else ""


def is_credential(text: str) -> bool:
    """Whether a header can carry a text as a token or a key; servers bound their headers."""
    return 0 < len(text) <= LONGEST and text.isascii() and text.isprintable() and " " not in text


def as_json(value: Any) -> bytes:
    """Return JSON in UTF-8; what only an escape can carry is escaped."""
    try:
        return json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return json.dumps(value).encode()


def strings(value: Any) -> Iterator[str]:
    """Yield every string in a value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in cast("dict[str, Any]", value).values():
            yield from strings(item)
    elif isinstance(value, list):
        for item in cast("list[object]", value):
            yield from strings(item)
