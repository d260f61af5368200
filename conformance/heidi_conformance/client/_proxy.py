"""The server that a client talks to: records exchanges, and passes them on or fails.

It issues its own tokens, which expire when a scenario wants it, and exchanges them for those of the
server behind it.
"""

import asyncio
import base64
import contextlib
import gzip
import json
import secrets
import socket
import ssl
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import h11

from heidi_conformance.contract._document import Json, as_array, as_object, pointed
from heidi_conformance.contract._operations import (
    ERROR,
    ISSUE,
    ISSUER,
    KEY_HEADER,
    OPERATIONS,
    READ,
    Operation,
    route,
)

from ._upstream import Upstream

if TYPE_CHECKING:
    import httpx

Headers = tuple[tuple[str, str], ...]
LARGEST = 8 * 2**20
# Between values, JSON may have any number of spaces.
PADDING = b" " * 2**18
# Seconds between two bytes of an endless response.
DRIP = 0.1
# What every connection with TLS begins with.
HANDSHAKE = 0x16
# Headers of a response that the proxy writes itself, or that concern one connection only.
HOP_BY_HOP = frozenset(
    "connection content-encoding content-length date keep-alive server transfer-encoding".split()
)
# No client needs it: the token says who asks.
COOKIE = ("Set-Cookie", "visit=1; Path=/; HttpOnly")
JSON_TYPE = ("Content-Type", "application/json")
# Seconds that a token lives where a scenario says nothing else.
LIFE = 3600.0
# Seconds that a request may take to arrive.
LATE = 0.05


@dataclass(frozen=True)
class Reply:
    """What the proxy sends back.

    gone: the connection is closed instead. cut: how many bytes of the body are sent before it is.
    stalls: nothing comes after them, and the connection stays open. pieces: the sizes of chunks.
    more: how many bytes of space come in place of its last byte; after them, some come for ever.
    gzip: whether the body is compressed on its way.
    """

    status: int
    headers: Headers = ()
    body: bytes = b""
    gone: bool = False
    cut: int | None = None
    stalls: bool = False
    pieces: int = 0
    more: int = 0
    gzip: bool = False

    @property
    def sent(self) -> bytes:
        """The body as it goes over the wire."""
        return gzip.compress(self.body) if self.gzip else self.body

    @cached_property
    def content(self) -> Any:
        """The body as JSON, None if it is not JSON."""
        return parsed(self.body)

    def with_content(self, content: Any) -> "Reply":
        return replace(self, body=json.dumps(content).encode())


@dataclass
class Exchange:
    """A request of the client, and its outcome.

    at, ended: seconds on one clock. host: where it was sent to. stranger: whether that is a host
    that the client was only redirected to. done: whether the server behind did what it asks for.
    token: what it carries as bearer.
    """

    number: int
    at: float
    method: str
    target: str
    headers: Headers
    body: bytes
    stranger: bool = False
    ended: float = 0.0
    reply: Reply = field(default_factory=lambda: Reply(0, gone=True))
    done: bool = False
    token: str = ""

    @cached_property
    def operation(self) -> Operation | None:
        """What it asks for, None if the document has no such method or path."""
        return route(self.target).methods.get(self.method)

    @property
    def name(self) -> str:
        return self.operation.id if self.operation else ""

    @cached_property
    def path(self) -> dict[str, str]:
        """The path parameters."""
        return dict(route(self.target).values)

    @cached_property
    def query(self) -> list[tuple[str, str]]:
        return parse_qsl(urlsplit(self.target).query, keep_blank_values=True)

    def parameter(self, name: str) -> str | None:
        return next((text for key, text in self.query if key == name), None)

    def header(self, name: str) -> str | None:
        return next((text for key, text in self.headers if key.lower() == name.lower()), None)

    @cached_property
    def content(self) -> Any:
        """The body as JSON, None if it is not JSON."""
        return parsed(self.body)

    @property
    def ok(self) -> bool:
        """Whether the client got a response of success."""
        return 200 <= self.reply.status < 300 and not self.reply.gone


@dataclass
class Visit:
    """An exchange that is going on, for what decides on its response."""

    exchange: Exchange
    proxy: "Proxy"

    async def forward(self) -> Reply:
        """Forward the request to the upstream server."""
        return await self.proxy.forward(self.exchange)


Act = Callable[[Visit], Awaitable[Reply]]


class Proxy:
    """A server for one scenario.

    key: the key that the client was given. count: called at each request. life: seconds until its
    tokens end; told: how far from now it says that they end. late: how many requests came with a
    token whose time was over. plain: how many connections came without TLS where it was expected.
    aliases: what it calls otherwise than the server behind it does. script: what happens to the
    next exchanges of an operation; standing: to all others of it.
    """

    def __init__(
        self, upstream: Upstream, key: str, count: Callable[[], None], port: int = 0
    ) -> None:
        self.upstream = upstream
        self.key = key
        self.life = LIFE
        self.told: float | None = None
        self.exchanges: list[Exchange] = []
        self.failures: list[str] = []
        self.aliases: dict[str, str] = {}
        self.script: dict[str, deque[Act]] = {}
        self.standing: dict[str, Act] = {}
        self.tokens: dict[str, tuple[str, float]] = {}
        self.late = 0
        self.plain = 0
        self.tls: ssl.SSLContext | None = None
        self.url = ""
        self.elsewhere = ""
        self._count = count
        self._port = port
        self._servers: list[asyncio.Server] = []
        self._held = socket.socket()
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Start to listen, at two addresses: its own, and one that the client must not trust."""
        scheme = "https" if self.tls else "http"
        own = await self._listen(stranger=False, tls=self.tls, port=self._port)
        if self.tls:
            own = await self._front(own)
        other = await self._listen(stranger=True)
        self.url = f"{scheme}://127.0.0.1:{own}{self.upstream.path}"
        self.elsewhere = f"http://localhost:{other}"

    async def vanish(self) -> None:
        """Stop listening, and keep the port, so that no other server responds there."""
        port = urlsplit(self.url).port
        for server in self._servers:
            server.close()
        self._held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._held.bind(("127.0.0.1", port))
        self._held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
        await self.end()

    async def close(self) -> None:
        await self.end()
        self._held.close()

    async def end(self) -> None:
        """Stop listening, and close all connections."""
        for server in self._servers:
            server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def then(self, operation: str, *acts: Act) -> None:
        """Say what happens to the next requests of an operation."""
        self.script.setdefault(operation, deque()).extend(acts)

    def always(self, operation: str, act: Act) -> None:
        """Say what happens to all requests of an operation but those given to `then`."""
        self.standing[operation] = act

    def revoke(self) -> None:
        """Expire all tokens that were issued so far."""
        self.tokens = {token: (real, 0.0) for token, (real, _) in self.tokens.items()}

    async def _listen(
        self, *, stranger: bool, tls: ssl.SSLContext | None = None, port: int = 0
    ) -> int:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task: Any = asyncio.current_task()
            self._tasks.add(task)
            try:
                await Connection(self, reader, writer, stranger=stranger).serve()
            except (ConnectionError, h11.ProtocolError, ssl.SSLError, TimeoutError):
                pass
            except asyncio.CancelledError:
                pass
            except Exception as error:  # noqa: BLE001  # told at the end of the scenario
                self.failures.append(type(error).__name__)
            finally:
                self._tasks.discard(task)
                writer.transport.abort()

        server = await asyncio.start_server(serve, "127.0.0.1", port, ssl=tls)
        self._servers.append(server)
        return int(server.sockets[0].getsockname()[1])

    async def _front(self, port: int) -> int:
        """Listen in front of a TLS listener, and count connections without TLS."""

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            first = await reader.read(2**16)
            if first[:1] != bytes([HANDSHAKE]):
                self.plain += bool(first)
                writer.close()
                return
            inner, outer = await asyncio.open_connection("127.0.0.1", port)
            outer.write(first)
            await asyncio.gather(passed(reader, outer), passed(inner, writer))

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        self._servers.append(server)
        return int(server.sockets[0].getsockname()[1])

    async def respond(self, exchange: Exchange) -> Reply:
        """Return the reply to a request."""
        self._count()
        if exchange.stranger:
            return Reply(200, (JSON_TYPE,), b"{}")
        exchange.token = bearer(exchange)
        act = self._act(exchange)
        return await act(Visit(exchange, self))

    def _act(self, exchange: Exchange) -> Act:
        for name in (exchange.name, ""):
            if exchange.name == ISSUE and not name:
                break
            if waiting := self.script.get(name):
                return waiting.popleft()
            if name in self.standing:
                return self.standing[name]
        return Visit.forward

    async def forward(self, exchange: Exchange) -> Reply:
        """Send a request on, and return the response with the words of this proxy."""
        if exchange.name == ISSUE:
            return await self._issue(exchange)
        real = self._admitted(exchange.token)
        if real is None:
            return refusal()
        reply = await self.upstream.send(
            exchange.method,
            self._target(exchange),
            [("Authorization", f"Bearer {real}"), *content_type(exchange)],
            exchange.body,
        )
        exchange.done = 200 <= reply.status_code < 300
        return self._renamed(as_reply(reply))

    async def _issue(self, exchange: Exchange) -> Reply:
        if exchange.header(KEY_HEADER) != self.key:
            return refusal()
        key = [(KEY_HEADER, self.upstream.key)]
        reply = as_reply(await self.upstream.send("GET", exchange.target, key))
        real = pointed(reply.content, ISSUER.semantics["token"])
        if not isinstance(real, str):
            return reply
        exchange.done = True
        now = time.time()
        end = now + (self.life if self.told is None else self.told)
        token = token_until(end)
        self.tokens[token] = (real, now + self.life)
        instant = datetime.fromtimestamp(end, UTC).isoformat(timespec="milliseconds")
        content = put(reply.content, ISSUER.semantics["token"], token)
        content = put(content, ISSUER.semantics["expires"], instant.replace("+00:00", "Z"))
        return reply.with_content(content)

    def _admitted(self, token: str) -> str | None:
        """Return the token of the upstream server for a valid one of the proxy."""
        real, end = self.tokens.get(token, ("", 0.0))
        self.late += 0 < end < time.time() - LATE
        return real if time.time() < end else None

    def _target(self, exchange: Exchange) -> str:
        """Return a target as the server behind calls it."""
        operation = exchange.operation
        if operation is None:
            return exchange.target
        path = operation.path
        for name, text in exchange.path.items():
            path = path.replace(f"{{{name}}}", quote(self.aliases.get(text, text), safe=""))
        query = [(name, self.aliases.get(text, text)) for name, text in exchange.query]
        return path + (f"?{urlencode(query)}" if query else "")

    def _renamed(self, reply: Reply) -> Reply:
        if not self.aliases or reply.content is None:
            return reply
        shown = {real: alias for alias, real in self.aliases.items()}
        return reply.with_content(renamed(reply.content, shown))


class Connection:
    """One connection of a client."""

    def __init__(
        self,
        proxy: Proxy,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        stranger: bool,
    ) -> None:
        self.proxy, self.reader, self.writer = proxy, reader, writer
        self.stranger = stranger
        self.http = h11.Connection(h11.SERVER, max_incomplete_event_size=2**17)

    async def serve(self) -> None:
        """Serve requests until either side is done."""
        while True:
            exchange = await self._receive()
            if exchange is None:
                return
            self.proxy.exchanges.append(exchange)
            reply = await self.proxy.respond(exchange)
            exchange.reply = reply
            try:
                await self._send(reply, exchange.method)
            finally:
                exchange.ended = time.monotonic()
            if reply.gone or self.http.our_state is not h11.DONE:
                return
            if self.http.their_state is not h11.DONE:
                return
            self.http.start_next_cycle()

    async def _receive(self) -> Exchange | None:
        request: h11.Request | None = None
        body = bytearray()
        at = 0.0
        while True:
            if self.http.they_are_waiting_for_100_continue:
                await self._write(h11.InformationalResponse(status_code=100, headers=[]))
            event = self.http.next_event()
            if event is h11.NEED_DATA:
                self.http.receive_data(await self.reader.read(2**16))
            elif isinstance(event, h11.Request):
                request, at = event, time.monotonic()
            elif isinstance(event, h11.Data):
                body += event.data
                if len(body) > LARGEST:
                    return None
            elif isinstance(event, h11.EndOfMessage):
                return self._exchange(request, at, bytes(body))
            else:
                return None

    def _exchange(self, request: h11.Request | None, at: float, body: bytes) -> Exchange | None:
        if request is None:
            return None
        headers = tuple(
            (name.decode("latin-1"), text.decode("latin-1"))
            for name, text in request.headers.raw_items()
        )
        return Exchange(
            len(self.proxy.exchanges),
            at,
            request.method.decode("latin-1"),
            request.target.decode("latin-1").removeprefix(self.proxy.upstream.path),
            headers,
            body,
            self.stranger,
        )

    async def _send(self, reply: Reply, method: str) -> None:
        if reply.gone:
            return
        no_body = method == "HEAD" or reply.status in (204, 304)
        whole = reply.sent
        framing = ("Content-Length", str(len(whole)))
        if reply.pieces or reply.more:
            framing = ("Transfer-Encoding", "chunked")
        headers = [*reply.headers, COOKIE, *([] if no_body else [framing])]
        await self._write(h11.Response(status_code=reply.status, headers=headers))
        body = whole[: reply.cut]
        size = reply.pieces or max(1, len(body))
        last = len(body) - bool(reply.more)
        for start in range(0, 0 if no_body else last, size):
            await self._write(h11.Data(data=body[start : min(start + size, last)]))
        for _ in range(reply.more // len(PADDING)):
            await self._write(h11.Data(data=PADDING))
        while reply.more:  # until the client gives up
            await self._write(h11.Data(data=b" "))
            await asyncio.sleep(DRIP)
        if reply.stalls:
            await self.reader.read(1)  # until the client gives up
            self.http.send_failed()
        elif reply.cut is None:
            await self._write(h11.EndOfMessage())
        else:
            self.http.send_failed()

    async def _write(self, event: Any) -> None:
        data = cast("bytes | None", self.http.send(event))
        if data:
            self.writer.write(data)
            await self.writer.drain()


async def passed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass on what one side says until it ends."""
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(2**16):
            writer.write(data)
            await writer.drain()
    writer.close()


# --- what requests and responses hold ---


def parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (RecursionError, ValueError):
        return None


def as_reply(response: "httpx.Response") -> Reply:
    kept = [(name, text) for name, text in response.headers.items() if name not in HOP_BY_HOP]
    return Reply(response.status_code, tuple(kept), response.content)


def content_type(exchange: Exchange) -> Sequence[tuple[str, str]]:
    text = exchange.header("content-type")
    return [("Content-Type", text)] if text else []


def bearer(exchange: Exchange) -> str:
    scheme, _, token = (exchange.header("authorization") or "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def error(kind: str, message: str) -> Json:
    """Return the body of an error."""
    content: Json = put(put({}, ERROR["type"], kind), ERROR["message"], message)
    return content


def refusal() -> Reply:
    """Return the response to a token or a key that is not good."""
    content = error(OPERATIONS[READ].error_type(401) or "Unauthorized", "not authenticated")
    challenge = ("WWW-Authenticate", "Bearer")
    return Reply(401, (JSON_TYPE, challenge), json.dumps(content).encode())


def token_until(end: float) -> str:
    """Return a token of the usual form that no server has issued."""
    head = {"alg": "HS256", "typ": "JWT"}
    claims = {"sub": secrets.token_hex(8), "exp": int(end)}
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()) for part in (head, claims)]
    return b".".join(part.rstrip(b"=") for part in parts).decode() + "." + secrets.token_urlsafe(32)


def put(content: Any, pointer: str, value: Any) -> Any:
    """Return an object with a value at a pointer."""
    *outer, last = pointer.split("/")[1:]
    told: Json = {**(as_object(content) or {})}
    place = told
    for step in outer:
        place[step] = {**(as_object(place.get(step)) or {})}
        place = place[step]
    place[last] = value
    return told


def renamed(value: Any, names: dict[str, str]) -> Any:
    """Return JSON with some of its strings replaced."""
    if (inner := as_object(value)) is not None:
        return {key: renamed(item, names) for key, item in inner.items()}
    if (items := as_array(value)) is not None:
        return [renamed(item, names) for item in items]
    return names.get(value, value) if isinstance(value, str) else value
