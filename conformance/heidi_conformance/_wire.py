"""HTTP/1.1 to the byte: what is sent is what was written, and no answer can harm the judge."""

import json
import select
import socket
import ssl
import time
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any, NoReturn, Self
from urllib.parse import urlsplit

import h11

# Bytes and seconds that one answer may take, and seconds that all silence of a run may.
LARGEST_HEAD = 64 * 1024
LARGEST_ANSWER = 16 * 1024 * 1024
SLOWEST_ANSWER = 10.0
SILENCE = 25.0
LONGEST_WAIT = 5.0
CHUNK = 64 * 1024
DEEPEST = 100
USER_AGENT = "heidi-conformance"


class UnreadableError(ValueError):
    """The text is not JSON; `code` says why, as `syntax` or `encoding`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class HungUpError(Exception):
    """A connection that had served before was closed without a byte."""


class OutOfPatienceError(Exception):
    """The server was silent for so long that nothing more can be asked of it."""


@dataclass(frozen=True)
class Message:
    """One request as it goes over the wire; `target` is what stands behind the base URL."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    body: bytes = field(default=b"", repr=False)
    chunked: bool = False


@dataclass(frozen=True)
class Reply:
    """One answer, whole; header names are in lower case."""

    status: int
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    body: bytes = field(default=b"", repr=False)

    @property
    def ok(self) -> bool:
        """Whether the status means success."""
        return 200 <= self.status < 300

    def header(self, name: str) -> str | None:
        """Return a header, its values joined by commas, or None where it is missing."""
        values = [text for key, text in self.headers if key == name]
        return ", ".join(values) if values else None

    @cached_property
    def content(self) -> Any:
        """The body as JSON, fractions as `Decimal`; None where it is not JSON."""
        try:
            return read_json(self.body)
        except UnreadableError:
            return None


@dataclass(frozen=True)
class Silence:
    """No answer, or none that is whole; `reason` quotes nothing of it."""

    reason: str


def read_json(raw: bytes) -> Any:
    """Return the value of a JSON text: RFC 8259, in UTF-8, no name twice, fractions as `Decimal`.

    Raises UnreadableError.
    """
    try:
        value = json.loads(
            raw.decode(),
            parse_float=Decimal,
            parse_int=integer,
            parse_constant=refuse,
            object_pairs_hook=unique,
        )
    except UnreadableError:
        raise
    except UnicodeDecodeError:
        raise UnreadableError("encoding") from None
    except RecursionError:
        raise UnreadableError("too-deep") from None
    except ValueError:
        raise UnreadableError("syntax") from None
    if raw.count(b"[") + raw.count(b"{") > DEEPEST and deeper(value):
        raise UnreadableError("too-deep")
    return value


def deeper(value: Any) -> bool:
    """Whether a value is nested more deeply than anything that follows can take."""
    level = [value]
    for _ in range(DEEPEST):
        level = [
            inner
            for item in level
            if isinstance(item, dict | list)
            for inner in (item.values() if isinstance(item, dict) else item)  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]  # JSON
        ]
    return bool(level)


def integer(text: str) -> int | Decimal:
    # Python reads no integer of more than 4,300 digits.
    return int(text) if len(text) < 4000 else Decimal(text)


def refuse(_: str) -> NoReturn:
    raise UnreadableError("constant")


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise UnreadableError("duplicate-key")
    return members


Event = h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]


class Wire:
    """One persistent connection to a server.

    deadline: the instant (`time.monotonic`) after which nothing is waited for.
    """

    def __init__(self, url: str, deadline: float = float("inf")) -> None:
        parts = urlsplit(url)
        self.url = url
        self.base = parts.path
        self.secure = parts.scheme == "https"
        self.address = parts.hostname or "", parts.port or (443 if self.secure else 80)
        self.host = parts.netloc
        self.deadline = deadline
        self.silent = 0.0
        self.received = 0
        self.socket: socket.socket | None = None
        self.state = h11.Connection(h11.CLIENT)
        self.event: Event = h11.NEED_DATA

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def fork(self) -> "Wire":
        """Return another connection to the same server."""
        return Wire(self.url, self.deadline)

    def close(self) -> None:
        """Hang up."""
        if self.socket is not None:
            with suppress(OSError):
                self.socket.close()
            self.socket = None

    def send(self, message: Message) -> Reply | Silence:
        """Send a message and return the answer, or why there is none.

        Raises OutOfPatienceError where too much time went by without answers.
        """
        started = time.monotonic()
        if started >= self.deadline:
            raise OutOfPatienceError("the time budget is spent")
        until = min(started + SLOWEST_ANSWER, self.deadline)
        try:
            return self.exchange(message, until)
        except HungUpError:
            # A server may hang up between two requests; this one never reached it.
            self.close()
            return self.send(message)
        except TimeoutError:
            if until == self.deadline:
                self.close()
                # The run has ended; the server may have been about to answer.
                raise OutOfPatienceError("the time budget is spent") from None
            reason = f"no whole answer within {until - started:.0f} seconds"
        except (h11.RemoteProtocolError, ValueError, zlib.error) as error:
            reason = f"an answer that is not HTTP ({plain(str(error))})"
        except OSError as error:
            reason = f"the connection broke ({error.strerror or type(error).__name__})"
        self.close()
        self.silent += time.monotonic() - started
        if self.silent > SILENCE:
            raise OutOfPatienceError("the server left too many requests unanswered for too long")
        return Silence(reason)

    def exchange(self, message: Message, until: float) -> Reply:
        served = self.connect(until)
        self.received, self.event = 0, h11.NEED_DATA
        try:
            early = self.write(message, until)
            head, body = self.read(until)
        except (ConnectionError, h11.RemoteProtocolError):
            if served and not self.received:
                raise HungUpError from None
            raise
        if early or self.state.their_state is not h11.DONE or self.state.our_state is not h11.DONE:
            self.close()
        else:
            self.state.start_next_cycle()
        headers = tuple(
            (name.decode("latin-1").lower(), text.decode("latin-1")) for name, text in head.headers
        )
        coding = dict(headers).get("content-encoding", "identity").strip().lower()
        return Reply(head.status_code, headers, inflated(body, coding))

    def connect(self, until: float) -> bool:
        """Connect where there is no connection; return whether there was one."""
        if self.socket is not None:
            if not readable(self.socket):
                return True
            self.close()
        made = socket.create_connection(self.address, timeout=left(until))
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.secure:
            context = ssl.create_default_context()
            made = context.wrap_socket(made, server_hostname=self.address[0])
        self.socket = made
        self.state = h11.Connection(h11.CLIENT, max_incomplete_event_size=LARGEST_HEAD)
        return False

    def write(self, message: Message, until: float) -> bool:
        """Write a message; return whether the server did not wait for the end of it."""
        headers = [("Host", self.host), ("User-Agent", USER_AGENT), *message.headers]
        if message.chunked:
            headers.append(("Transfer-Encoding", "chunked"))
        elif message.body or message.method in ("POST", "PATCH", "PUT"):
            headers.append(("Content-Length", str(len(message.body))))
        target = f"{self.base}{message.target}".encode()
        encoded = [(name.encode(), text.encode()) for name, text in headers]
        written = self.state.send(
            h11.Request(method=message.method, target=target, headers=encoded)
        )
        for part in parts_of(message.body):
            written += self.state.send(h11.Data(data=part)) or b""
        written += self.state.send(h11.EndOfMessage()) or b""
        for part in parts_of(written):
            try:
                if part is not written and self.answered(until):
                    return True
                self.connection.settimeout(left(until))
                self.connection.sendall(part)
            except (BrokenPipeError, ConnectionResetError):
                return True
        return False

    def answered(self, until: float) -> bool:
        """Whether an answer has begun; one of 1xx is none."""
        while self.event is h11.NEED_DATA and readable(self.connection):
            self.receive(until)
        return self.event is not h11.NEED_DATA

    def receive(self, until: float) -> None:
        """Take what arrives, up to the next event."""
        self.connection.settimeout(left(until))
        data = self.connection.recv(CHUNK)
        self.received += len(data)
        self.state.receive_data(data)
        self.advance()

    def advance(self) -> None:
        """Go to the next event that is no answer of 1xx."""
        self.event = self.state.next_event()
        while isinstance(self.event, h11.InformationalResponse):
            self.event = self.state.next_event()

    def read(self, until: float) -> tuple[h11.Response, bytes]:
        head: h11.Response | None = None
        body = bytearray()
        while True:
            event = self.event
            if event is h11.NEED_DATA:
                self.receive(until)
                continue
            if isinstance(event, h11.Response):
                head = event
            elif isinstance(event, h11.Data):
                body += event.data
                if len(body) > LARGEST_ANSWER:
                    raise ValueError(f"a body of more than {LARGEST_ANSWER} bytes")
            elif isinstance(event, h11.EndOfMessage) and head is not None:
                return head, bytes(body)
            elif isinstance(event, h11.ConnectionClosed) or event is h11.PAUSED:
                raise ValueError("the answer ended before it began")
            self.advance()

    @property
    def connection(self) -> socket.socket:
        if self.socket is None:
            raise ConnectionError
        return self.socket


def wait_of(answer: Reply) -> float:
    """Return how many seconds an answer of 429 asks for, within reason."""
    text = answer.header("retry-after") or "1"
    return min(float(text) if text.isascii() and text.isdigit() else 1.0, LONGEST_WAIT)


def parts_of(data: bytes) -> Iterator[bytes]:
    """Cut into pieces that the buffers of a connection take at once."""
    if len(data) <= CHUNK:
        yield from (data,) if data else ()
        return
    yield from (data[start : start + CHUNK] for start in range(0, len(data), CHUNK))


def readable(connection: socket.socket) -> bool:
    """Whether something has arrived, or the other side has hung up."""
    return bool(select.select([connection], [], [], 0)[0])


def left(until: float) -> float:
    """Return the seconds left. Raises TimeoutError where there are none."""
    seconds = until - time.monotonic()
    if seconds <= 0:
        raise TimeoutError
    return seconds


def inflated(body: bytes, coding: str) -> bytes:
    """Undo a content coding, of which a bomb would be one. Raises ValueError."""
    if coding in ("identity", "") or not body:
        return body
    if coding not in ("gzip", "x-gzip", "deflate"):
        raise ValueError("a content coding that was not asked for")
    inflater = zlib.decompressobj(
        wbits=zlib.MAX_WBITS | 32 if coding != "deflate" else zlib.MAX_WBITS
    )
    whole = inflater.decompress(body, LARGEST_ANSWER)
    if not (inflater.eof or inflater.unconsumed_tail):
        raise ValueError("a compressed body that ends too early")
    if inflater.unconsumed_tail:
        raise ValueError(f"a compressed body of more than {LARGEST_ANSWER} bytes")
    return whole


def plain(text: str) -> str:
    """Keep what is fit to print of a library's complaint, without what it quotes."""
    return text.partition(":")[0].partition("(")[0].encode("ascii", "replace").decode()[:60].strip()
