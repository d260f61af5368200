"""Faults on demand, so that partners can test how their program takes them.

A request asks for one by `GRAMMAR`; a scenario of `SCENARIOS` has them happen unasked.
"""

import asyncio
import contextlib
import json
import logging
import os
import random
import re
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

from heidi_sandbox._asgi import App, Message, Receive, Response, Scope, Send
from heidi_sandbox._document import Document, Operation
from heidi_sandbox._errors import (
    ApiError,
    AuthenticationError,
    MalformedRequestError,
    RateLimitedError,
    ServiceUnavailableError,
)
from heidi_sandbox._json import dump
from heidi_sandbox._request import origin_path
from heidi_sandbox._schemas import put, split

HEADER: Final = b"heidi-sandbox-chaos"
GRAMMAR: Final = """\
A request says in its header `Heidi-Sandbox-Chaos` what is to go wrong with it:

    fault *( "," fault )         several go wrong one after the other, from left to right
    fault = name [ "=" value ] *( ";" parameter "=" value )

    latency=500ms                wait so long first (ms or s, at most 60s)
    rate-limited                 429; retry-after=SECONDS says when to come again (1)
    unavailable                  503; retry-after=SECONDS, without it no such header
    drop                         close the connection without a response, nothing is done
    drop=after                   handle the request, then close the connection without a response
    malformed                    handle the request, respond with the first half of the JSON
    malformed=html               handle the request, respond with an HTML page
    expired-token                401, as if the token had expired
    next-page-null               a list says that no page follows although there is more

Any fault takes `times=N`: it happens to N requests with this header and these credentials, the next
one passes, and so on. So `rate-limited; times=2` tests a client that tries three times.
"""


class Scenario(NamedTuple):
    """What goes wrong with requests that ask for nothing, in a way that a server may really have.

    text: what happens, in words.
    faults: the same by the grammar.
    some: how many of `of` requests in a row it happens to, from the first on.
    issue: whether it happens to the issue of tokens as well.
    """

    text: str
    faults: str
    some: int = 1
    of: int = 1
    issue: bool = True


SCENARIOS: Final[dict[str, Scenario]] = {
    "deploy": Scenario(
        "two of ten requests are 503, with Retry-After: 1",
        "unavailable; retry-after=1",
        some=2,
        of=10,
    ),
    "dropped": Scenario(
        "one of three requests is done, and its connection closed without a response",
        "drop=after",
        of=3,
    ),
    "expired-tokens": Scenario(
        "one of three requests with a token is 401, as if the token had expired",
        "expired-token",
        of=3,
        issue=False,
    ),
    "gateway": Scenario(
        "one of three responses is an HTML page in place of JSON", "malformed=html", of=3
    ),
    "paging": Scenario(
        "a page of a list says that more follow and does not name the next one, as one of the "
        "vendor's samples does",
        "next-page-null",
    ),
    "rate-limit": Scenario(
        "one of three requests is 429, with Retry-After: 1", "rate-limited; retry-after=1", of=3
    ),
    "slow": Scenario("every response takes 3 seconds", "latency=3s"),
    "truncated": Scenario(
        "one of three responses is the first half of its JSON", "malformed", of=3
    ),
}

_LONGEST_WAIT: Final = 60  # seconds
_MOST_COUNTED: Final = 1000  # headers whose `times` are remembered
_TIME: Final = re.compile(r"([0-9]{1,6})(ms|s)", re.ASCII)
_COUNT: Final = re.compile(r"[0-9]{1,4}", re.ASCII)
_HTML: Final = b"<!doctype html><title>Bad gateway</title><h1>502 Bad gateway</h1>\n"

_log = logging.getLogger("heidi_sandbox.chaos")


class Fault(NamedTuple):
    """One thing that goes wrong.

    name: which one.
    value: what is behind the equals sign.
    parameters: the rest, by name.
    """

    name: str
    value: str = ""
    parameters: Mapping[str, str] = {}


class Exchange(NamedTuple):
    """A request, the operation that it asks for, and what serves it."""

    app: App
    document: Document
    operation: Operation | None
    scope: Scope
    receive: Receive

    async def respond(self, faults: Sequence[Fault] = ()) -> Response | None:
        """Do what is asked, with faults; return the response, None if there is none."""
        if faults:
            fault, *rest = faults
            _log.info("chaos: %s", fault.name)
            return await _FAULTS[fault.name].do(fault, self, partial(self.respond, rest))
        start: Message = {}
        body = bytearray()

        async def keep(message: Message) -> None:
            start.update(message) if "status" in message else body.extend(message["body"])

        await self.app(self.scope, self.receive, keep)
        headers = {name.decode(): text.decode() for name, text in start["headers"]}
        media_type = headers.pop("content-type", None)
        for name in ("content-length", "cache-control"):
            headers.pop(name, None)
        return Response(start["status"], bytes(body), headers, media_type)

    def refuse(self, error: ApiError) -> Response:
        return self.document.refuse(error, self.operation)


GoOn: TypeAlias = Callable[[], Awaitable[Response | None]]
Doing: TypeAlias = Callable[[Fault, Exchange, GoOn], Awaitable[Response | None]]


class Chaos:
    """Put round the application, it lets go wrong what the requests ask for.

    Args:
        app: the application.
        document: below its path, things go wrong; health and the reference page stay as they are.
        asked: whether requests may ask for faults.
        scenario: one of `SCENARIOS`, for requests that ask for nothing.
        rate: how likely it is that something goes wrong with any other request.
        seed: the same one lets the same things go wrong, in the order of the requests.
    """

    def __init__(
        self,
        app: App,
        document: Document,
        *,
        asked: bool = True,
        scenario: str | None = None,
        rate: float = 0,
        seed: int | None = None,
    ) -> None:
        self._app = app
        self._document = document
        self._base_path = f"{document.base_path}/".encode()
        self._rate = rate
        self._random = random.Random(seed)  # noqa: S311  # nothing secret is made from it
        self._asked = asked
        self._scenario = None if scenario is None else SCENARIOS[scenario]
        self._scenario_faults = parse(self._scenario.faults) if self._scenario else []
        self._met = 0
        self._counts: dict[tuple[bytes, ...], int] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = origin_path(scope["raw_path"])
        response: Response | None
        operation = self._document.find_operation(scope["method"], path)
        try:
            faults = self._faults(scope, operation) if path.startswith(self._base_path) else []
        except ValueError as error:
            text = f"Heidi-Sandbox-Chaos: {error}"
            response = self._document.refuse(MalformedRequestError(text, Connection="close"))
        else:
            if not faults:
                await self._app(scope, receive, send)
                return
            exchange = Exchange(self._app, self._document, operation, scope, receive)
            response = await exchange.respond(faults)
        if response is not None:
            await response.send(send)

    def _faults(self, scope: Scope, operation: Operation | None) -> list[Fault]:
        asked = (value for name, value in scope["headers"] if self._asked and name == HEADER)
        text = b", ".join(asked)
        if not text and self._scenario is not None:
            return self._scenario_faults if self._is_met(self._scenario, operation) else []
        if not text:
            return [self._random.choice(_RANDOM)] if self._random.random() < self._rate else []
        faults = parse(text.decode("latin-1"))
        credentials = [value for name, value in scope["headers"] if name == b"authorization"]
        turn = self._turn((text, *credentials))
        return [
            fault
            for fault in faults
            if "times" not in fault.parameters
            or turn % (int(fault.parameters["times"]) + 1) < int(fault.parameters["times"])
        ]

    def _is_met(self, scenario: Scenario, operation: Operation | None) -> bool:
        """Count a request, and return whether the scenario happens to it."""
        if not scenario.issue and operation and operation.semantics.get("action") == "issue":
            return False
        self._met += 1
        return (self._met - 1) % scenario.of < scenario.some

    def _turn(self, key: tuple[bytes, ...]) -> int:
        """Return how often this was asked for before."""
        turn = self._counts.pop(key, 0)
        self._counts[key] = turn + 1
        if len(self._counts) > _MOST_COUNTED:
            del self._counts[next(iter(self._counts))]
        return turn


def parse(text: str) -> list[Fault]:
    """Return the faults that a header names.

    Raises:
        ValueError: it violates the grammar above; the message lists what is known.
    """
    return [_fault(part) for part in text.split(",")]


def _fault(text: str) -> Fault:
    head, *rest = (part.strip() for part in text.split(";"))
    name, _, value = (part.strip() for part in head.partition("="))
    if name not in _FAULTS:
        raise ValueError(f"no such fault; there are {', '.join(_FAULTS)}")
    kind = _FAULTS[name]
    if not kind.takes(value):
        raise ValueError(f"{name} is written {' or '.join(kind.forms)}")
    parameters: dict[str, str] = {}
    for part in rest:
        parameter, _, number = (side.strip() for side in part.partition("="))
        if parameter not in ("times", *kind.parameters):
            raise ValueError(f"{name} takes {' and '.join(('times', *kind.parameters))}")
        if not _COUNT.fullmatch(number):
            raise ValueError(f"{parameter} must be a whole number up to 9999")
        parameters[parameter] = number
    return Fault(name, value, parameters)


async def _wait(fault: Fault, _: Exchange, go_on: GoOn) -> Response | None:
    await asyncio.sleep(_seconds(fault.value))
    return await go_on()


async def _limit_rate(fault: Fault, exchange: Exchange, _: GoOn) -> Response:
    seconds = fault.parameters.get("retry-after", "1")
    return exchange.refuse(RateLimitedError("too many requests", Retry_After=seconds))


async def _be_unavailable(fault: Fault, exchange: Exchange, _: GoOn) -> Response:
    seconds = fault.parameters.get("retry-after")
    headers = {} if seconds is None else {"Retry_After": seconds}
    return exchange.refuse(ServiceUnavailableError("the service is unavailable", **headers))


async def _expire(_: Fault, exchange: Exchange, _go_on: GoOn) -> Response:
    schemes = exchange.operation.schemes if exchange.operation else ()
    challenge = schemes[0].challenge if schemes else "Bearer"
    return exchange.refuse(AuthenticationError(WWW_Authenticate=challenge))


async def _drop(fault: Fault, exchange: Exchange, go_on: GoOn) -> None:
    if fault.value == "after":
        await go_on()
    _cut(exchange.scope)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(1):  # the server takes note, and does not respond for us
            while (await exchange.receive())["type"] != "http.disconnect":
                pass


async def _malform(fault: Fault, _: Exchange, go_on: GoOn) -> Response | None:
    response = await go_on()
    if response is None:
        return None
    if fault.value == "html":
        return response._replace(body=_HTML, media_type="text/html; charset=utf-8")
    return response._replace(body=response.body[: len(response.body) // 2])


async def _hide_next_page(_: Fault, exchange: Exchange, go_on: GoOn) -> Response | None:
    response = await go_on()
    page = exchange.operation.semantics.get("page") if exchange.operation else None
    if response is None or page is None or response.status >= HTTPStatus.BAD_REQUEST:
        return response
    return response._replace(body=dump(put(json.loads(response.body), split(page["next"]), None)))


def _cut(scope: Scope) -> None:
    """Close the connection of a request, found by its address: ASGI does not pass it on."""
    host, port = scope["client"]
    for file in list(Path("/dev/fd").iterdir()):
        with (
            contextlib.suppress(OSError),
            contextlib.closing(_socket(int(file.name))) as connection,
        ):
            if connection.getpeername()[:2] == (host, int(port)):
                connection.shutdown(socket.SHUT_RDWR)


def _socket(descriptor: int) -> socket.socket:
    copy = os.dup(descriptor)
    try:
        return socket.socket(fileno=copy)
    except OSError:
        os.close(copy)
        raise


def _seconds(text: str) -> float:
    """Return the seconds of a time such as 500ms; more than allowed where it is invalid."""
    match = _TIME.fullmatch(text)
    if match is None:
        return _LONGEST_WAIT + 1
    return int(match[1]) / (1000 if match[2] == "ms" else 1)


class _Kind(NamedTuple):
    """A fault that there is: what it does, how it is written, and which parameters it takes."""

    do: Doing
    forms: tuple[str, ...]
    parameters: tuple[str, ...] = ()

    def takes(self, value: str) -> bool:
        if self.do is _wait:
            return _seconds(value) <= _LONGEST_WAIT
        return value in [form.partition("=")[2] for form in self.forms]


_FAULTS: Final[dict[str, _Kind]] = {
    "latency": _Kind(_wait, ("latency=500ms", "latency=2s, up to 60s")),
    "rate-limited": _Kind(_limit_rate, ("rate-limited",), ("retry-after",)),
    "unavailable": _Kind(_be_unavailable, ("unavailable",), ("retry-after",)),
    "drop": _Kind(_drop, ("drop", "drop=after")),
    "malformed": _Kind(_malform, ("malformed", "malformed=html")),
    "expired-token": _Kind(_expire, ("expired-token",)),
    "next-page-null": _Kind(_hide_next_page, ("next-page-null",)),
}
_RANDOM: Final = [
    fault
    for text in (
        "latency=200ms",
        "rate-limited; retry-after=1",
        "unavailable",
        "unavailable; retry-after=1",
        "drop",
        "drop=after",
        "malformed",
        "malformed=html",
        "expired-token",
    )
    for fault in parse(text)
]
