"""A proxy on loopback that plants faults, and passes everything else byte for byte.

It knows HTTP/1.1 and JSON, and nothing of the document: a fault names its operation by method and
path template, and its place by a JSON pointer.
"""

from __future__ import annotations

import asyncio
import json
import re
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

ABSENT: Final = object()


@dataclass(frozen=True)
class Fault:
    """What goes wrong with one operation.

    kind: `forget` drops a property of the request before the server sees it, `fill` puts `value`
    where it is missing, `accept` drops an invalid one, or sends `value` for it, and shows success,
    `echo` repeats it in the error message, `misshape` puts `value` into the response, `share`
    shows a resource to every user, `open` needs no token, `ignore` responds with `status` and the
    server hears nothing, `respond` likewise with `value`, `refuse` likewise if the request has a
    property and the server would accept an empty object.
    route: the path template below the server's path, such as `/sessions/{id}`.
    at: the property, as a JSON pointer into the body, or the name of a query parameter.
    """

    kind: str
    method: str
    route: str
    at: str = ""
    value: Any = None
    status: int = 200

    def concerns(self, method: str, path: str) -> bool:
        """Whether a request is for the operation."""
        pattern = re.sub(r"\{[^}]*\}", "[^/]+", self.route)
        return self.method == method and re.fullmatch(pattern, path) is not None


class Message(NamedTuple):
    """A request or a response: its first line and headers as they came, and its body.

    chunks: the body as it came, where it came in chunks.
    """

    head: bytes
    body: bytes
    chunks: bytes = b""

    @property
    def status(self) -> int:
        return int(self.head.split(b" ", 2)[1])

    @property
    def json(self) -> Any:
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return ABSENT

    def header(self, name: bytes) -> bytes:
        found = re.search(rb"(?im)^" + name + rb":[ \t]*(.*?)\r$", self.head)
        return found[1] if found else b""

    def without_header(self, name: bytes) -> Message:
        lines = self.head.split(b"\r\n")
        kept = [line for line in lines if not line.lower().startswith(name + b":")]
        return self._replace(head=b"\r\n".join(kept))

    def with_header(self, name: bytes, value: bytes) -> Message:
        lines = self.without_header(name).head.split(b"\r\n")
        lines[-2:-2] = [name + b": " + value]
        return self._replace(head=b"\r\n".join(lines))

    def with_json(self, value: Any) -> Message:
        body = json.dumps(value).encode()
        whole = Message(self.head, body).without_header(b"transfer-encoding")
        return whole.with_header(b"content-length", str(len(body)).encode())

    def with_target(self, target: str) -> Message:
        first, rest = self.head.split(b"\r\n", 1)
        method, _, version = first.split(b" ", 2)
        return self._replace(head=b"%b %b %b\r\n%b" % (method, target.encode(), version, rest))

    @property
    def bytes(self) -> bytes:
        return self.head + (self.chunks or self.body)


@dataclass
class Proxy:
    """What the proxy does, and what it knows about users.

    base: the path of the server, which routes leave out.
    """

    upstream: tuple[str, int]
    base: str
    faults: Sequence[Fault]
    tokens: dict[str, bytes] = field(default_factory=dict)
    """The Authorization of the owner, by the id of the resource."""
    last: bytes = b""
    """An Authorization that the server accepted."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Respond to the requests of one connection, each on a connection to the server."""
        inner, outer = await asyncio.open_connection(*self.upstream)
        try:
            while (request := await _read(reader)) is not None:
                response = await self._respond(request, inner, outer)
                if response is None:
                    break
                writer.write(response.bytes)
                await writer.drain()
                if response.header(b"connection").lower() == b"close":
                    break
        except _Odd as odd:
            await _tunnel(odd.seen, reader, writer, inner, outer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # either side has ended, or the proxy ends
        finally:
            outer.close()
            writer.close()

    async def _respond(
        self, request: Message, inner: asyncio.StreamReader, outer: asyncio.StreamWriter
    ) -> Message | None:
        words = request.head.partition(b"\r\n")[0].decode("latin-1").split(" ")
        if len(words) != 3:
            raise _Odd(request.bytes)
        method, target, _ = words
        path = urlsplit(target).path.removeprefix(self.base)
        faults = [each for each in self.faults if each.concerns(method, path)]

        async def exchange(message: Message) -> Message:
            outer.write(message.bytes)
            await outer.drain()
            response = await _read(inner, of=method)
            if response is None:
                raise OSError("the server closed the connection")
            return response

        for fault in faults:
            if fault.kind in ("ignore", "respond"):
                return _response(fault)
            if fault.kind == "refuse" and _find(request.json, fault.at) is not ABSENT:
                response = await exchange(request.with_json({}))
                return _response(fault) if response.status < 300 else response
            if fault.kind == "forget":
                request = _without(request, target, fault.at)
            if fault.kind == "fill":
                request = _filled(request, fault.at, fault.value)
        response = await exchange(request)
        self._learn(path, request, response)
        for fault in faults:
            response = await self._spoiled(fault, request, response, path, target, exchange)
        return response

    async def _spoiled(
        self,
        fault: Fault,
        request: Message,
        response: Message,
        path: str,
        target: str,
        exchange: Any,
    ) -> Message:
        status = response.status
        if fault.kind == "accept" and status == 422:
            without = _without(request, target, fault.at)
            if without != request:
                if fault.value is not None:  # the server requires it
                    without = _filled(without, fault.at, fault.value)
                again: Message = await exchange(without)
                return again if again.status < 300 else response
        if fault.kind == "echo" and 400 <= status < 500:
            value = _find(request.json, fault.at)
            if value is not ABSENT and isinstance(response.json, dict):
                return response.with_json(_appended(response.json, value))
        if fault.kind == "share" and status == 404 and (owner := self._owner(path)):
            shared: Message = await exchange(request.with_header(b"authorization", owner))
            return shared
        if fault.kind == "open" and status == 401 and (token := self._owner(path) or self.last):
            opened: Message = await exchange(request.with_header(b"authorization", token))
            return opened
        if fault.kind == "misshape" and status < 300:
            return response.with_json(_replaced(response.json, fault.at, fault.value))
        return response

    def _learn(self, path: str, request: Message, response: Message) -> None:
        authorization = request.header(b"authorization")
        if not authorization or response.status >= 300:
            return
        self.last = authorization
        shown = response.json if isinstance(response.json, dict) else {}
        for identifier in (*path.split("/"), *(v for v in shown.values() if isinstance(v, str))):
            self.tokens.setdefault(identifier, authorization)

    def _owner(self, path: str) -> bytes:
        return next((self.tokens[part] for part in path.split("/")[2:] if part in self.tokens), b"")


@contextmanager
def spoiling(url: str, *faults: Fault) -> Generator[str]:
    """Put a proxy in front of a server, and yield its URL."""
    parts = urlsplit(url)
    proxy = Proxy((str(parts.hostname), int(parts.port or 80)), parts.path, faults)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def start() -> asyncio.Server:
        return await asyncio.start_server(proxy.serve, "127.0.0.1", 0, limit=2**22)

    async def stop(server: asyncio.Server) -> None:
        server.close()
        own = asyncio.current_task()
        tasks = [task for task in asyncio.all_tasks() if task is not own]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    server = asyncio.run_coroutine_threadsafe(start(), loop).result()
    try:
        port = server.sockets[0].getsockname()[1]
        yield parts._replace(netloc=f"127.0.0.1:{port}").geturl()
    finally:
        asyncio.run_coroutine_threadsafe(stop(server), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


# Bytes


class _Odd(Exception):  # noqa: N818  no error: such a message is passed on as it is
    """A message whose end cannot be known from its headers."""

    def __init__(self, seen: bytes) -> None:
        super().__init__()
        self.seen = seen


async def _read(reader: asyncio.StreamReader, of: str | None = None) -> Message | None:
    """Read a request, or with `of` the response to that method; None at the end."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise _Odd(error.partial) from None
        return None
    except asyncio.LimitOverrunError:
        raise _Odd(await reader.read(2**16)) from None
    message = Message(head, b"")
    length = message.header(b"content-length")
    lines = head.lower().count(b"\r\ncontent-length:")
    if b"\r\nexpect:" in head.lower() or lines > 1:
        raise _Odd(head)
    if message.header(b"transfer-encoding").lower() == b"chunked" and not length:
        return Message(head, *await _chunks(reader, head))
    if b"\r\ntransfer-encoding:" in head.lower():
        raise _Odd(head)
    if of is not None and (of == "HEAD" or message.status in (204, 304)):
        return message
    if not length:
        return message
    if not length.isdigit():
        raise _Odd(head)
    return Message(head, await reader.readexactly(int(length)))


async def _chunks(reader: asyncio.StreamReader, head: bytes) -> tuple[bytes, bytes]:
    """Read a chunked body; return it whole, and as it came."""
    whole = seen = b""
    while True:
        line = await reader.readuntil(b"\r\n")
        size = line.partition(b";")[0].strip()
        seen += line
        if not re.fullmatch(rb"[0-9a-fA-F]+", size):
            raise _Odd(head + seen)
        if int(size, 16) == 0:
            break
        chunk = await reader.readexactly(int(size, 16) + 2)
        whole, seen = whole + chunk[:-2], seen + chunk
    while (line := await reader.readuntil(b"\r\n")) != b"\r\n":
        seen += line
    return whole, seen + line


async def _tunnel(
    seen: bytes,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    inner: asyncio.StreamReader,
    outer: asyncio.StreamWriter,
) -> None:
    """Copy bytes in both directions, until either side ends."""

    async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while data := await source.read(2**16):
            sink.write(data)
            await sink.drain()
        sink.write_eof()

    outer.write(seen)
    await asyncio.gather(pump(reader, outer), pump(inner, writer), return_exceptions=True)


def _response(fault: Fault) -> Message:
    body = b"" if fault.kind == "ignore" else json.dumps(fault.value).encode()
    head = f"HTTP/1.1 {fault.status} Spoiled\r\n"
    if body or fault.status != 204:
        head += f"content-type: application/json\r\ncontent-length: {len(body)}\r\n"
    return Message(f"{head}\r\n".encode(), body)


# Values


def _tokens(at: str) -> list[str]:
    return at.split("/")[1:]


def _find(value: Any, at: str) -> Any:
    for token in _tokens(at):
        if not isinstance(value, dict) or token not in value:
            return ABSENT
        value = value[token]
    return value


def _without(request: Message, target: str, at: str) -> Message:
    """Return a request without a property or, if `at` is not a pointer, a query parameter."""
    if not at.startswith("/"):
        parts = urlsplit(target)
        pairs = parse_qsl(parts.query, keep_blank_values=True)
        kept = [pair for pair in pairs if pair[0] != at]
        if kept == pairs:
            return request
        return request.with_target(parts._replace(query=urlencode(kept)).geturl())
    body = request.json
    if _find(body, at) is ABSENT:
        return request
    *way, last = _tokens(at)
    del _find(body, "".join(f"/{token}" for token in way))[last]
    return request.with_json(body)


def _filled(request: Message, at: str, value: Any) -> Message:
    body = request.json
    if not isinstance(body, dict) or _find(body, at) is not ABSENT:
        return request
    return request.with_json({**body, _tokens(at)[0]: value})


def _replaced(body: Any, at: str, value: Any) -> Any:
    """Return a body with another value at a pointer, in which `*` stands for every item."""
    if not at:
        return value
    token, *rest = _tokens(at)
    deeper = "".join(f"/{each}" for each in rest)
    if token == "*" and isinstance(body, list):
        return [_replaced(each, deeper, value) for each in body]
    if isinstance(body, dict) and token in body:
        if value is ABSENT and not rest:
            return {key: each for key, each in body.items() if key != token}
        return {**body, token: _replaced(body[token], deeper, value)}
    return body


def _appended(error: Any, value: Any) -> Any:
    """Return an error in which each string of several words ends with a value."""
    if isinstance(error, dict):
        return {key: _appended(each, value) for key, each in error.items()}
    return f"{error} {value}" if isinstance(error, str) and " " in error else error
