"""Requests that can be sent again: to other sessions, with other tokens, in another order.

A target or a body names what earlier responses gave: `{s1}` is the id of what was created under
that name, `{next}` the token of the next page of the last list. A header names a token, `{first}`,
or the key that tokens are issued for, `{key}`, or a near miss of it, `{first:last+1}`.
"""

import base64
import json
import re
import string
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import quote, urlencode

from ._document import member, pointed
from ._wire import Message, Reply, Silence
from .contract._operations import (
    CREATE,
    ISSUE,
    KEY_HEADER,
    LIST,
    OPERATIONS,
    READ,
    UPDATE,
    Operation,
    route,
)

LONGEST = 32 * 1024
ALPHABET = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"


class UnboundError(Exception):
    """A request names what no earlier answer gave."""


def neighbour(character: str) -> str:
    """Return the character whose six bits differ in the lowest: in base64, as near as it gets."""
    place = ALPHABET.find(character)
    return ALPHABET[place ^ 1] if place >= 0 else "A"


def changed(text: str, at: int) -> str:
    """Return a text with one character changed."""
    at %= len(text)
    return text[:at] + neighbour(text[at]) + text[at + 1 :]


def segments(token: str) -> list[str]:
    """Return header, payload and signature. Raises UnboundError where it is no JWT."""
    parts = token.split(".")
    if len(parts) != 3 or not all(parts):
        raise UnboundError
    return parts


def unpadded(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def recased(token: str) -> str:
    """Return the token with the letters of its signature in the other case."""
    header, payload, signature = segments(token)
    return other(token, f"{header}.{payload}.{signature.swapcase()}")


def unsigned(token: str) -> str:
    """Return the token with the algorithm `none` and no signature."""
    return f"{unpadded({'alg': 'none', 'typ': 'JWT'})}.{segments(token)[1]}."


def reissued(token: str) -> str:
    """Return the token with another end, and the signature of the old one."""
    header, payload, signature = segments(token)
    try:
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except ValueError:
        raise UnboundError from None
    end = member(claims, "exp")
    if not isinstance(end, int):
        raise UnboundError
    return f"{header}.{unpadded(cast('dict[str, Any]', claims) | {'exp': end + 1})}.{signature}"


def double(text: str) -> str:
    """Return the number that a double makes of an id. Raises UnboundError where it is the same."""
    return other(text, str(int(float(text))) if digits(text) else text)


def other(text: str, near: str) -> str:
    if text == near:
        raise UnboundError
    return near


def digits(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 300


def shifted(text: str, by: int) -> str:
    """Return the id next to a number. Raises UnboundError where it is none."""
    if not digits(text):
        raise UnboundError
    return str(int(text) + by)


def foreign_digits(text: str, zero: int) -> str:
    """Return a text in the digits of another script. Raises UnboundError where it has none."""
    marks = (chr(zero + int(mark)) if mark in string.digits else mark for mark in text)
    return other(text, "".join(marks))


NEAR: dict[str, Callable[[str], str]] = {
    # of a token
    "first+1": lambda text: changed(text, 0),
    "middle+1": lambda text: changed(text, len(text) // 2),
    "last+1": lambda text: changed(text, -1),
    "header+1": lambda text: changed(text, len(segments(text)[0]) - 1),
    "payload+1": lambda text: changed(text, len(".".join(segments(text)[:2])) - 1),
    "shorter": lambda text: text[:-1],
    "headless": lambda text: text[1:],
    "half": lambda text: text[: len(text) // 2],
    "upper": lambda text: other(text, text.upper()),
    "lower": lambda text: other(text, text.lower()),
    "recased": recased,
    "unsigned": unsigned,
    "unsealed": lambda text: ".".join(segments(text)[:2]) + ".",
    "reissued": reissued,
    # of an id
    "arabic": lambda text: foreign_digits(text, 0x660),
    "full-width": lambda text: foreign_digits(text, 0xFF10),
    "double": double,
    "next": lambda text: shifted(text, 1),
    "beyond": lambda text: shifted(text, 2**128),
    "exponent": lambda text: f"{text}e0",
    "hexadecimal": lambda text: hex(int(shifted(text, 0))),
    "twisted": lambda text: other(text, text.swapcase()),
    "encoded": lambda text: f"%{ord(text[0]):02X}{text[1:]}",
}  # fmt: skip
# What something is bound to that was created.
ID = re.compile("s[0-9]+")
# Nothing else in braces is a name: it may be broken JSON.
NAME = re.compile(
    r"\{(first|second|same|unlinked|expired|key|next|[su][0-9]+)"
    rf"(?::({'|'.join(map(re.escape, NEAR))}))?\}}"
)


@dataclass(frozen=True)
class Request:
    """One request, as a script writes it.

    target: what stands behind the base URL. user: whose token is sent, none where empty.
    authorization: instead of `Bearer {user}`. binds: the name of what it makes: of the session that
    it creates or, where it asks for a token, of the user that it stands for.
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
        body = self.body.decode("latin-1") if len(self.body) < 4096 else ""
        return {match[1] for match in NAME.finditer(self.target + body)}

    @property
    def wants(self) -> set[str]:
        """All names that must be known for it to be sent: of sessions, of pages and of its user."""
        return self.names | ({self.user} - {""})

    @property
    def operation(self) -> Operation | None:
        """The operation that it is for, None where the document has none."""
        return route(self.target).methods.get(self.method)

    @property
    def action(self) -> str:
        """What it does: the action of its operation, empty without."""
        return self.operation.action if self.operation else ""

    @property
    def issues(self) -> bool:
        """Whether it asks for a token."""
        return self.action == "issue"

    @property
    def credentials(self) -> str | None:
        """The Authorization header, with the token still a name."""
        if self.authorization is not None:
            return self.authorization or None
        return f"Bearer {{{self.user}}}" if self.user else None


@dataclass(frozen=True)
class Exchange:
    """A request, what of it went over the wire, and what came back.

    seconds: the instants (`time.monotonic`) at which it was sent and answered.
    """

    request: Request
    message: Message = field(repr=False)
    answer: Reply | Silence = field(repr=False)
    seconds: tuple[float, float] = (0.0, 0.0)


@dataclass
class Bindings:
    """What the names in requests stand for. tokens: those given, and those issued since."""

    tokens: dict[str, str] = field(repr=False)
    values: dict[str, str] = field(default_factory=dict[str, str])

    def message(self, request: Request) -> Message:
        """Return what goes over the wire. Raises UnboundError."""
        chosen = any(name == "Accept" for name, _ in request.headers)
        headers = [] if chosen else [("Accept", "application/json")]
        if (credentials := request.credentials) is not None:
            headers.append(("Authorization", self.filled(credentials, self.tokens, str)))
        if request.media_type is not None and (request.body or request.method in ("PATCH", "POST")):
            headers.append(("Content-Type", request.media_type))
        for name, text in request.headers:
            headers.append((name, self.filled(text, self.tokens, str)))
        return Message(
            request.method,
            self.filled(request.target, self.values, quoted),
            tuple(headers),
            self.body(request),
            request.chunked,
        )

    def body(self, request: Request) -> bytes:
        if len(request.body) > 4096 or b"{s" not in request.body:
            return request.body
        return self.filled(request.body.decode("latin-1"), self.values, str).encode("latin-1")

    def filled(self, text: str, values: dict[str, str], spelled: Callable[[str], str]) -> str:
        def value(match: re.Match[str]) -> str:
            if match[1] not in values:
                raise UnboundError(match[1])
            known = values[match[1]]
            return spelled(NEAR[match[2]](known) if match[2] else known)

        return NAME.sub(value, text)

    def name(self, resource_id: str) -> str:
        """Return the name of a session, empty where it has none."""
        named = (name for name, value in self.values.items() if value == resource_id)
        return next(named, "") if resource_id else ""

    def learn(self, request: Request, answer: Reply | Silence) -> None:
        """Take the names that an answer gives."""
        if not isinstance(answer, Reply) or not answer.ok:
            return
        operation = request.operation
        if operation is None:
            return
        if operation.action == "issue" and request.binds and (token := issued(answer)):
            self.tokens = self.tokens | {request.binds: token}
        if operation.action == "create" and request.binds:
            made = operation.made(answer.content)
            if made is not None:
                self.values[request.binds] = str(made)
        if operation.action == "list":
            self.values.pop("next", None)
            ids = operation.ids_on(answer.content)
            if request.binds and ids:
                self.values[request.binds] = ids[0]
            token = pointed(answer.content, operation.page.next)
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

    names: what stands in its path, in order: ids by the name that they are bound to, or text as it
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
    first, *others = OPERATIONS[ISSUE].semantics["user"]
    return issue_of({first: address} | dict.fromkeys(others, internal_id), key, **settings)


def issue_of(user: dict[str, str], key: str | None = "{key}", **settings: Any) -> Request:
    """Return a request for a token, with these parameters alone."""
    headers = () if key is None else ((KEY_HEADER, key),)
    operation = OPERATIONS[ISSUE]
    target = operation.path + (f"?{urlencode(user)}" if user else "")
    return Request(operation.method, target, user="", media_type=None, headers=headers, **settings)


def issued(answer: Reply) -> str:
    """Return the token of a response, empty where there is none that a header can carry."""
    token = pointed(answer.content, OPERATIONS[ISSUE].semantics["token"])
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
