"""HTTP/1.1 to the byte: requests are sent as written, and no response can harm the judge."""

import ipaddress
import json
import re
import select
import socket
import ssl
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Context, Decimal
from functools import cached_property
from typing import Any, NoReturn, Self, cast
from urllib.parse import urlsplit

import h11

# Bytes, values and seconds that one response may take, and seconds that all silence of a run may.
LARGEST_HEAD = 64 * 1024
LARGEST_RESPONSE = 16 * 1024 * 1024
MOST_VALUES = 200_000
# The share of each where several are read at the same time.
TOGETHER = 4
SLOWEST_RESPONSE = 10.0
SILENCE = 25.0
LONGEST_WAIT = 5.0
# Seconds in which a server shows that it hangs up after a response, or that it sent too much.
AFTERWARDS = 0.005
# Seconds between two signs of life while a server is waited for.
PACE = 0.25
CHUNK = 64 * 1024
DEEPEST = 100
USER_AGENT = "heidi-conformance"
# Methods that a client may repeat automatically: RFC 9110, 9.2.2.
REPEATABLE = ("GET", "HEAD", "OPTIONS")
# Responses that have no body: RFC 9110, 15.3.5 and 15.4.5.
BODILESS = (204, 304)
TOO_LARGE = 431
# In JSON: half of a surrogate pair, perhaps.
SURROGATE = re.compile(rb"\\u[dD]")
# Integers beyond it may not be exact as doubles.
EXACT = 2**53
# Digits of an integer that is read as it is; the digits after those of a longer one are rounded.
LONGEST = 4000
ROUNDED = Context(prec=LONGEST)
STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
CLOSED = "the connection was closed without a response"
SPENT = "the time budget is spent"
UNREACHED = "is the server running, is the URL right?"
UNTRUSTED = "name the file of its certificate, or of who signed it, in --ca-file or SSL_CERT_FILE"


class UnreadableError(ValueError):
    """The text is not JSON; `code` says why, as `syntax` or `encoding`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class UnfitError(Exception):
    """The server does what HTTP or the judge does not allow; the message names it.

    hint: what helps.
    """

    def __init__(self, reason: str, hint: str = "") -> None:
        super().__init__(reason)
        self.hint = hint


class HungUpError(UnfitError):
    """A connection that had served before was closed without a byte."""


class OutOfPatienceError(Exception):
    """The server was silent for so long that nothing more can be asked of it."""


@dataclass(frozen=True)
class Message:
    """One request as it goes over the wire; `target` is the part after the base URL."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    body: bytes = field(default=b"", repr=False)
    chunked: bool = False

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]


@dataclass(frozen=True)
class Reply:
    """One response, whole; header names are in lower case.

    surplus: whether bytes came after its end, such as a body where HEAD has none.
    """

    status: int
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    body: bytes = field(default=b"", repr=False)
    surplus: bool = False

    @property
    def ok(self) -> bool:
        """Whether the status means success."""
        return 200 <= self.status < 300

    def header(self, name: str) -> str | None:
        """Return a header, its values joined by commas, or None if it is missing."""
        values = [text for key, text in self.headers if key == name]
        return ", ".join(values) if values else None

    @cached_property
    def read(self) -> Any:
        """The body as JSON, fractions as `Decimal`; an UnreadableError where it is not JSON."""
        if (
            values_in(self.body) > MOST_VALUES
            and values_in(STRING.sub(b"", self.body)) > MOST_VALUES
        ):
            return UnreadableError("too-large")
        try:
            return read_json(self.body)
        except UnreadableError as error:
            return error

    @property
    def content(self) -> Any:
        """The body as JSON, None if it is not JSON."""
        return None if isinstance(self.read, UnreadableError) else self.read

    @property
    def plain(self) -> Any:
        """The body as JSON, with strings that a validator takes."""
        return plainly(self.content) if SURROGATE.search(self.body) else self.content


@dataclass(frozen=True)
class Silence:
    """No response, or none that is whole; `reason` quotes nothing of it. hint: what helps."""

    reason: str
    hint: str = ""


def read_json(raw: bytes) -> Any:
    """Return the value of a JSON text: RFC 8259, in UTF-8, no name twice, fractions as `Decimal`.

    Raises UnreadableError.
    """
    try:
        value = DECODER.decode(raw.decode())
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


def values_in(raw: bytes) -> int:
    """Return about how many values a JSON text has that has no strings in it."""
    return sum(map(raw.count, (b",", b"[", b"{")))


def deeper(value: Any) -> bool:
    """Whether a value is nested too deeply for later steps."""
    level, depth = [value], 0
    while level and depth <= DEEPEST:
        level = [
            inner
            for item in level
            for inner in (item.values() if item.__class__ is dict else item)
            if inner.__class__ in (dict, list)
        ]
        depth += 1
    return depth > DEEPEST


def integer(text: str) -> int | Decimal:
    # Neither Python nor a validator takes an integer of more than 4,300 digits.
    return int(text) if len(text) < LONGEST else ROUNDED.create_decimal(text)


def refuse(_: str) -> NoReturn:
    raise UnreadableError("constant")


def plainly(value: Any) -> Any:
    """Replace each half of a surrogate pair in the strings of a value."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {plainly(name): plainly(item) for name, item in cast("Any", value).items()}
    if isinstance(value, list):
        return [*map(plainly, cast("list[object]", value))]
    return value


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    known = dict(pairs)
    if len(known) != len(pairs):
        raise UnreadableError("duplicate-key")
    return known


DECODER = json.JSONDecoder(
    parse_float=Decimal, parse_int=integer, parse_constant=refuse, object_pairs_hook=unique
)


Event = h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]


@dataclass(frozen=True)
class Way:
    """How to reach a server.

    proxy: the URL of an HTTP proxy, none where empty. ca_file: certificates to trust besides.
    """

    url: str
    proxy: str = ""
    ca_file: str = ""

    @property
    def secure(self) -> bool:
        """Whether the server speaks TLS."""
        return urlsplit(self.url).scheme == "https"

    @cached_property
    def near(self) -> bool:
        """Whether a new connection costs next to nothing."""
        return not self.secure and not self.proxy and is_loopback(self.url)

    @cached_property
    def context(self) -> ssl.SSLContext:
        """What certificates are checked by. Raises UnfitError."""
        context = ssl.create_default_context()
        if self.ca_file:
            try:
                context.load_verify_locations(self.ca_file)
            except OSError:
                raise UnfitError(f"{self.ca_file} holds no certificates") from None
        return context

    def connect(self, until: float) -> socket.socket:
        """Return a new connection to the server. Raises OSError, UnfitError."""
        try:
            made = socket.create_connection(address_of(self.proxy or self.url), left(until))
        except OSError as error:
            where = "to the proxy " if self.proxy else ""
            why = error.strerror or "no response"
            raise UnfitError(f"could not connect {where}({why})", UNREACHED) from None
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if not self.secure:
            return made
        try:
            host, port = address_of(self.url)
            if self.proxy:
                tunnel(made, f"[{host}]:{port}" if ":" in host else f"{host}:{port}", until)
            return self.context.wrap_socket(made, server_hostname=host)
        except BaseException:
            made.close()
            raise


def is_loopback(url: str) -> bool:
    """Whether the URL names this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def address_of(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)


def tunnel(connection: socket.socket, target: str, until: float) -> None:
    """Let a proxy pass on what is encrypted. Raises UnfitError."""
    state = h11.Connection(h11.CLIENT)
    request = h11.Request(method="CONNECT", target=target, headers=[("Host", target)])
    connection.sendall((state.send(request) or b"") + (state.send(h11.EndOfMessage()) or b""))
    while (event := state.next_event()) is h11.NEED_DATA:
        connection.settimeout(left(until))
        state.receive_data(connection.recv(CHUNK))
    if not isinstance(event, h11.Response) or event.status_code >= 300:
        status = getattr(event, "status_code", "no status")
        raise UnfitError(f"the proxy does not connect to it ({status})")


class Wire:
    """One persistent connection to a server.

    deadline: the instant (`time.monotonic`) after which nothing is waited for. tick: called now and
    then, while something is sent or waited for. drops: whether the server hangs up without notice;
    None if that is not known yet. latest: the instant of the last response.
    """

    def __init__(
        self,
        way: Way | str,
        deadline: float = float("inf"),
        tick: Callable[[], None] = lambda: None,
    ) -> None:
        self.way = Way(way) if isinstance(way, str) else way
        self.deadline = deadline
        self.tick = tick
        parts = urlsplit(self.way.url)
        self.host = parts.netloc
        # A proxy gets the whole URL, unless it tunnels an encrypted connection.
        self.base = self.way.url if self.way.proxy and not self.way.secure else parts.path
        self.drops: bool | None = None
        self.largest = LARGEST_RESPONSE
        self.lost = 0.0
        self.received = 0
        self.latest = 0.0
        self.ended = False
        self.unused = False
        self.socket: socket.socket | None = None
        self.state = h11.Connection(h11.CLIENT)
        self.event: Event = h11.NEED_DATA

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def fork(self) -> "Wire":
        """Return another connection to the same server."""
        wire = Wire(self.way, self.deadline)
        wire.drops, wire.largest = self.drops, LARGEST_RESPONSE // TOGETHER
        return wire

    def close(self) -> None:
        """Hang up."""
        if self.socket is not None:
            with suppress(OSError):
                self.socket.close()
            self.socket = None

    def open(self) -> None:
        """Reconnect, so that the next message goes out at once; if it fails, sending will tell."""
        self.close()
        with suppress(OSError, UnfitError):
            self.dial(time.monotonic() + SLOWEST_RESPONSE)
            self.unused = True

    def wait(self, seconds: float) -> None:
        """Do nothing for a while. Raises OutOfPatienceError if the time is not there."""
        until = time.monotonic() + seconds
        while (now := time.monotonic()) < until:
            if now >= self.deadline:
                raise OutOfPatienceError(f"{SPENT}, while it had to wait")
            self.tick()
            time.sleep(min(PACE, until - now, self.deadline - now))

    def send(
        self, message: Message, meanwhile: Callable[[], object] = lambda: None
    ) -> Reply | Silence:
        """Send a message and return the response, or why there is none.

        meanwhile: called once the message is sent, while the server works on it.
        Raises OutOfPatienceError if too much time went by without responses.
        """
        started = time.monotonic()
        self.tick()
        if started >= self.deadline:
            raise OutOfPatienceError(SPENT)
        until = min(started + SLOWEST_RESPONSE, self.deadline)
        try:
            return self.exchange(message, until, meanwhile)
        except HungUpError as error:
            self.close()
            if message.method in REPEATABLE:
                # A server may hang up between two requests; this one never reached it.
                return self.send(message, meanwhile)
            silence = Silence(str(error))
        except TimeoutError:
            what = "whole response" if self.received else "response"
            silence = Silence(f"no {what} within {until - started:.0f} seconds")
        except ssl.SSLCertVerificationError as error:
            silence = Silence(f"its certificate is not trusted: {error.verify_message}", UNTRUSTED)
        except UnfitError as error:
            silence = Silence(str(error), error.hint)
        except h11.RemoteProtocolError as error:
            silence = Silence(self.fault(error))
        except OSError as error:
            silence = Silence(f"the connection broke ({error.strerror or 'no reason given'})")
        self.close()
        if time.monotonic() >= self.deadline:
            # The run has ended; the server might still have responded.
            raise OutOfPatienceError(f"{SPENT}, and the last request has {silence.reason}")
        self.lose(time.monotonic() - started, "left too many requests unanswered for too long")
        return silence

    def lose(self, seconds: float, why: str) -> None:
        """Count time in vain. Raises OutOfPatienceError if it was too much."""
        self.lost += seconds
        if self.lost > SILENCE:
            raise OutOfPatienceError(f"the server {why}")

    def fault(self, error: h11.RemoteProtocolError) -> str:
        """Say what is wrong with a response, in words that quote nothing of it."""
        if self.ended:
            return "the connection was closed in the middle of a response"
        if error.error_status_hint == TOO_LARGE:
            return f"a response with a head of more than {LARGEST_HEAD} bytes"
        return "a response that is not HTTP"

    def exchange(self, message: Message, until: float, meanwhile: Callable[[], object]) -> Reply:
        self.received, self.event, self.ended = 0, h11.NEED_DATA, False
        reused = self.connect(message, until)
        try:
            early = self.write(message, until)
            meanwhile()
            head, body = self.read(until)
            self.latest = time.monotonic()
        except (ConnectionError, h11.RemoteProtocolError) as error:
            closed = self.ended or isinstance(error, ConnectionError)
            if closed and not self.received:
                raise (HungUpError if reused else UnfitError)(CLOSED) from None
            raise
        surplus = self.settle(message, head.status_code, usable=not early)
        headers = tuple(
            (name.decode("latin-1").lower(), text.decode("latin-1")) for name, text in head.headers
        )
        coding = dict(headers).get("content-encoding", "identity").strip().lower()
        return Reply(head.status_code, headers, inflated(body, coding, self.largest), surplus)

    def connect(self, message: Message, until: float) -> bool:
        """Connect where there is no connection; return whether one was used before."""
        unused, self.unused = self.unused, False
        if self.socket is not None and unused:
            return False
        if self.socket is not None:
            # A request that must not be sent twice does not use a connection that may be closed.
            once = message.method not in REPEATABLE
            soon = max(0.0, self.latest + AFTERWARDS - time.monotonic()) if once else 0.0
            renew = once and (self.drops or self.way.near)
            if not renew and self.arrived(soon) is None:
                return True
            self.close()
        self.dial(until)
        return False

    def dial(self, until: float) -> None:
        """Connect. Raises OSError, UnfitError."""
        self.socket = self.way.connect(until)
        self.state = h11.Connection(h11.CLIENT, max_incomplete_event_size=LARGEST_HEAD)

    def settle(self, message: Message, status: int, *, usable: bool) -> bool:
        """Make ready for the next message; return whether bytes came after the response."""
        surplus = bool(self.state.trailing_data[0])
        done = self.state.their_state is h11.DONE and self.state.our_state is h11.DONE
        # Bytes in place of a forbidden body are not the response to the next request.
        bodiless = message.method == "HEAD" or status in BODILESS
        if bodiless or (self.drops is None and done):
            late = self.arrived(AFTERWARDS)
            surplus |= bool(late)
            self.drops = self.drops or (done and late == b"")
        if usable and done and not (surplus or bodiless):
            self.state.start_next_cycle()
        else:
            self.close()
        return surplus

    def arrived(self, within: float = 0.0) -> bytes | None:
        """Return what has arrived, empty where the server hung up; None if nothing has."""
        if not readable(self.connection, within):
            return None
        self.connection.settimeout(0)
        try:
            return self.connection.recv(CHUNK)
        except (BlockingIOError, ssl.SSLWantReadError):
            return None
        except OSError:
            return b""

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
                if part is not written and self.responded():
                    return True
                self.connection.settimeout(left(until))
                self.connection.sendall(part)
            except (BrokenPipeError, ConnectionResetError):
                return True
        return False

    def responded(self) -> bool:
        """Whether a response has begun, other than 1xx."""
        while self.event is h11.NEED_DATA and (data := self.arrived()) is not None:
            self.take(data)
        return self.event is not h11.NEED_DATA

    def take(self, data: bytes) -> None:
        """Take what has arrived, up to the next event that is not a 1xx response."""
        self.received += len(data)
        self.ended |= not data
        self.state.receive_data(data)
        self.advance()

    def advance(self) -> None:
        """Go to the next event that is not a 1xx response."""
        self.event = self.state.next_event()
        while isinstance(self.event, h11.InformationalResponse):
            self.event = self.state.next_event()

    def read(self, until: float) -> tuple[h11.Response, bytes]:
        head: h11.Response | None = None
        body = bytearray()
        while True:
            event = self.event
            if event is h11.NEED_DATA:
                self.connection.settimeout(left(until))
                self.take(self.connection.recv(CHUNK))
                continue
            if isinstance(event, h11.Response):
                head = event
            elif isinstance(event, h11.Data):
                body += event.data
                if len(body) > self.largest:
                    raise UnfitError(f"a body of more than {self.largest} bytes")
            elif isinstance(event, h11.EndOfMessage) and head is not None:
                return head, bytes(body)
            elif isinstance(event, h11.ConnectionClosed) or event is h11.PAUSED:
                raise UnfitError(CLOSED)
            self.advance()

    @property
    def connection(self) -> socket.socket:
        if self.socket is None:
            raise ConnectionError
        return self.socket


def wait_of(response: Reply) -> float:
    """Return how many seconds a response of 429 asks for, within reason."""
    text = response.header("retry-after") or "1"
    return min(float(text) if text.isascii() and text.isdigit() else 1.0, LONGEST_WAIT)


def parts_of(data: bytes) -> Iterator[bytes]:
    """Cut into pieces that the buffers of a connection take at once."""
    if len(data) <= CHUNK:
        yield from (data,) if data else ()
        return
    yield from (data[start : start + CHUNK] for start in range(0, len(data), CHUNK))


def readable(connection: socket.socket, within: float = 0.0) -> bool:
    """Whether something has arrived, or the other side has hung up."""
    if isinstance(connection, ssl.SSLSocket) and connection.pending():
        return True
    return bool(select.select([connection], [], [], within)[0])


def left(until: float) -> float:
    """Return the seconds left. Raises TimeoutError if there are none."""
    seconds = until - time.monotonic()
    if seconds <= 0:
        raise TimeoutError
    return seconds


def inflated(body: bytes, coding: str, largest: int) -> bytes:
    """Decompress a body, up to a limit. Raises UnfitError."""
    if coding in ("identity", "") or not body:
        return body
    if coding not in ("gzip", "x-gzip", "deflate"):
        raise UnfitError("a content coding that was not asked for")
    wbits = zlib.MAX_WBITS | 32 if coding != "deflate" else zlib.MAX_WBITS
    whole, left = b"", body
    # Of gzip, one member may follow another.
    while left:
        inflater = zlib.decompressobj(wbits=wbits)
        try:
            whole += inflater.decompress(left, largest + 1 - len(whole))
        except zlib.error:
            raise UnfitError(f"a body that is not {coding}") from None
        if inflater.unconsumed_tail or len(whole) > largest:
            raise UnfitError(f"a compressed body of more than {largest} bytes")
        if not inflater.eof:
            raise UnfitError("a compressed body that ends too early")
        left = inflater.unused_data if coding != "deflate" else b""
    return whole
