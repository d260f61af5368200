"""Requests are sent once, directly and in time, and every response belongs to one request."""

import contextlib
import datetime
import ipaddress
import re
import socket
import ssl
import threading
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from heidi_conformance import CannotJudgeError, _wire, judge
from heidi_conformance._access import Client
from heidi_conformance._wire import (
    MOST_VALUES,
    Message,
    OutOfPatienceError,
    Reply,
    Silence,
    UnreadableError,
    Way,
    Wire,
)
from jsonschema_rs import Draft202012Validator

from .conftest import Judged
from .faults.simple import TOKEN
from .reference import Api, serving

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
GET, HEAD = Message("GET", "/sessions/linked-user"), Message("HEAD", "/sessions/linked-user")
POST = Message("POST", "/sessions", body=b"{}")
PATCH = Message("PATCH", "/sessions/1", body=b"{}")
# What a server does after each request of a connection: bytes are sent, None closes it.
Script = Iterable[bytes | None]


@dataclass
class Raw:
    """A server of scripts, one for each connection. requests: the first lines that it received."""

    port: int
    requests: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/api"


def play(connection: socket.socket, script: Script, raw: Raw) -> None:
    for response in script:
        received = b""
        while b"\r\n\r\n" not in received or len(received) < whole(received):
            if not (part := connection.recv(65536)):
                return
            received += part
        raw.requests.append(received.decode("latin-1").partition(" HTTP/")[0])
        if response is None:
            return
        connection.sendall(response)


def whole(received: bytes) -> int:
    """Return the length of a request whose head is complete."""
    head, _, _ = received.partition(b"\r\n\r\n")
    length = re.search(rb"Content-Length: (\d+)", head)
    return len(head) + 4 + (int(length[1]) if length else 0)


@contextlib.contextmanager
def raw_server(
    *scripts: Script, wrap: Callable[[socket.socket], socket.socket] = lambda plain: plain
) -> Generator[Raw]:
    listener = socket.create_server(("127.0.0.1", 0))
    raw = Raw(listener.getsockname()[1])

    def run() -> None:
        for script in scripts:
            with contextlib.suppress(OSError):
                plain, _ = listener.accept()
                with wrap(plain) as connection:
                    play(connection, script, raw)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield raw
    finally:
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


def test_numbers_inside_strings_are_not_read_as_values() -> None:
    prose = b'{"note": "' + b'one, [two], {three} \\"four\\", ' * (MOST_VALUES // 2) + b'"}'
    assert isinstance(Reply(200, body=prose).content, dict)
    assert isinstance(Reply(200, body=b"[" + b"0," * MOST_VALUES + b"0]").read, UnreadableError)


def status(response: Reply | Silence) -> object:
    return response.status if isinstance(response, Reply) else response.reason


# --- one request, one response ---


def test_a_body_after_head_is_a_violation_of_head_and_not_of_the_next_request() -> None:
    with raw_server([OK], [OK.replace(b"200", b"201")]) as raw, Wire(raw.url) as wire:
        head, get = wire.send(HEAD), wire.send(GET)

    assert isinstance(head, Reply)
    assert (200, True) == (head.status, head.surplus)
    assert isinstance(get, Reply)
    assert (201, False) == (get.status, get.surplus)


def test_there_is_work_to_do_while_the_server_makes_its_response() -> None:
    working = threading.Event()

    def responses() -> Generator[bytes]:
        working.wait(5)
        yield OK if working.is_set() else OK.replace(b"200", b"503")

    # The server responds well only where that is done before its response is read.
    with raw_server(responses()) as raw, Wire(raw.url) as wire:
        assert 200 == status(wire.send(GET, working.set))


@pytest.mark.parametrize("message", [GET, PATCH, POST])
def test_only_repeatable_requests_are_sent_again_when_a_connection_is_closed(
    message: Message,
) -> None:
    with raw_server([OK, None], [OK]) as raw, Wire(far(raw.url)) as wire:
        assert 200 == status(wire.send(GET))
        second = wire.send(message)

    closed = "the connection was closed without a response"
    assert {"GET": 200, "PATCH": closed, "POST": closed}[message.method] == status(second)
    sent = [line for line in raw.requests if line.startswith(message.method)]
    assert {"GET": 3, "PATCH": 1, "POST": 1}[message.method] == len(sent)


def far(url: str) -> Way:
    """Return the URL of a server as if it were on another machine."""
    way = Way(url)
    vars(way)["near"] = False
    return way


def test_on_this_machine_no_write_uses_an_old_connection() -> None:
    with raw_server([OK, OK], [OK.replace(b"200", b"201")]) as raw, Wire(raw.url) as wire:
        assert [200, 201] == [status(wire.send(message)) for message in (GET, POST)]


def test_a_write_goes_out_over_the_connection_that_was_opened_for_it() -> None:
    with raw_server([OK]) as raw, Wire(raw.url) as wire:
        wire.open()
        assert 200 == status(wire.send(POST))


def test_no_write_is_lost_when_a_server_closes_a_connection_without_notice() -> None:
    with raw_server([OK], [OK], [OK]) as raw, Wire(far(raw.url)) as wire:
        assert [200, 200, 200] == [status(wire.send(message)) for message in (GET, POST, POST)]
    assert 3 == len(raw.requests)


# --- proxies ---


@pytest.mark.slow
def test_no_proxy_of_the_environment_is_used(
    judged: Judged, monkeypatch: pytest.MonkeyPatch
) -> None:
    with raw_server([OK]) as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        verdict = judged(level="documented", max_examples=1, rules=())

    assert verdict.conforms
    assert [] == proxy.requests


def test_a_proxy_gets_the_full_url() -> None:
    with raw_server([OK]) as proxy:
        way = Way("http://api.example/base", f"http://127.0.0.1:{proxy.port}")
        with Wire(way) as wire:
            assert 200 == status(wire.send(GET))

    assert ["GET http://api.example/base/sessions/linked-user"] == proxy.requests


def test_a_proxy_that_refuses_is_named() -> None:
    with raw_server([b"HTTP/1.1 403 Forbidden\r\n\r\n"]) as proxy:
        way = Way("https://api.example/base", f"http://127.0.0.1:{proxy.port}")
        with Wire(way) as wire:
            assert "the proxy does not connect to it (403)" == status(wire.send(GET))

    assert ["CONNECT api.example:443"] == proxy.requests


# --- certificates ---


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + datetime.timedelta(1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("certificate") / "both.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


def served_by(certificate: Path) -> Callable[[socket.socket], socket.socket]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return lambda plain: context.wrap_socket(plain, server_side=True)


def test_an_untrusted_certificate_is_reported_with_what_to_do(certificate: Path) -> None:
    with raw_server(*[[OK]] * 9, wrap=served_by(certificate)) as raw:
        url = raw.url.replace("http:", "https:")
        with pytest.raises(CannotJudgeError, match=r"certificate is not trusted.*--ca-file"):
            judge(url, token=TOKEN)


def test_a_certificate_is_trusted_by_its_file(certificate: Path) -> None:
    large = Message("POST", "/sessions", body=b"x" * 300_000)
    with raw_server([OK, OK], wrap=served_by(certificate)) as raw:
        way = Way(raw.url.replace("http:", "https:"), ca_file=str(certificate))
        with Wire(way) as wire:
            assert [200, 200] == [status(wire.send(message)) for message in (GET, large)]
    assert 2 == len(raw.requests)


# --- bounds ---


def test_json_of_too_many_values_is_not_read() -> None:
    body = b"[" + b"{}," * _wire.MOST_VALUES + b"{}]"
    assert "too-large" == Reply(200, body=body).read.code


def test_validators_get_strings_that_all_of_them_take() -> None:
    body = b'{"half \\ud83d": "\\ud83d\\ude00 \\udc00", "n": 1.5}'
    assert {"half ?": "\U0001f600 ?", "n": Decimal("1.5")} == Reply(200, body=body).plain


NUMBERS = ("60", "-2", "1.5", "-2e3", "0.0", "9007199254740993", "1e400", "-1e-400", "1" * 5000)


@pytest.mark.parametrize("text", NUMBERS, ids=range(len(NUMBERS)))
def test_validators_take_every_number_as_it_is(text: str) -> None:
    value = Reply(200, body=text.encode()).plain
    assert Draft202012Validator({"type": "number"}).is_valid(value)
    assert text.startswith("-") != Draft202012Validator({"minimum": 0}).is_valid(value)
    whole = text not in ("1.5", "-1e-400")
    assert whole == Draft202012Validator({"type": "integer", "minimum": -1e9}).is_valid(value)


class Clock:
    """A clock that moves only while somebody sleeps."""

    now = 100.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(_wire, "time", clock)
    return clock


def test_waiting_ends_with_the_budget(clock: Clock) -> None:
    with Wire("http://127.0.0.1:1", 100.5) as wire, pytest.raises(OutOfPatienceError):
        wire.wait(5)
    assert 100.5 == clock.now


def test_waiting_reports_progress(clock: Clock) -> None:
    ticks: list[float] = []
    with Wire("http://127.0.0.1:1", tick=lambda: ticks.append(clock.now)) as wire:
        wire.wait(0.6)
    assert [100, 100.25, 100.5] == ticks


def test_tokens_are_minted_over_the_given_connection(api: Api) -> None:
    with serving(api.handle) as url, Wire(url) as wire:
        tokens = Client(wire).mint_all(api.api_key)
    assert {"first", "same", "second", "unlinked"} == tokens.keys()
    assert 1 == len({request.connection for request in api.requests})
