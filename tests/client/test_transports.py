from __future__ import annotations

import ast
import asyncio
import copy
import functools
import gc
import os
import pickle
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import unquote

import heidi_sessions
import httpx
import pytest
from heidi_sessions import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    AsyncHeidi,
    ClosedClientError,
    ConfigurationError,
    Heidi,
)
from heidi_sessions._http import _clients
from httpx_aiohttp import HttpxAiohttpClient

from .harness import BASE_URL, Driver, Script, envelope

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PACKAGE = Path(heidi_sessions.__file__).parent
BODY = b'{"session": {"session_id": "1"}}'


class Server(ThreadingHTTPServer):
    """A server on this machine that counts connections and requests."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.connections: set[Any] = set()
        self.requests: list[tuple[str, str]] = []
        self.headers: list[dict[str, str]] = []
        self.script: list[str] = []
        self.patience = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    @property
    def counter(self) -> Server:
        return cast("Server", self.server)

    def setup(self) -> None:
        super().setup()
        self.counter.connections.add(self.client_address)

    def respond(self) -> None:
        self.counter.requests.append((self.command, self.path))
        self.counter.headers.append({k.lower(): v for k, v in self.headers.items()})
        self.rfile.read(int(self.headers.get("content-length") or 0))
        step = self.counter.script.pop(0) if self.counter.script else "respond"
        if step == "stall":
            self.counter.patience.wait(10)
        if step in {"hang up", "stall"}:
            self.close_connection = True
            return
        if step == "not HTTP":
            self.wfile.write(b"SSH-2.0-OpenSSH_9.2\r\n")
            self.close_connection = True
            return
        body = BODY.replace(b"}}", b', "session_name": "x"}}') if step == "other" else BODY
        self.send_response(302 if step == "redirect" else 200)
        if step == "redirect":
            self.send_header("location", f"http://localhost:{self.counter.server_address[1]}/evil")
        if step == "cookie":
            self.send_header("set-cookie", "a=b")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        if step == "cut":
            self.wfile.write(body[:10])
            self.close_connection = True
            return
        self.wfile.write(body)

    do_GET = do_POST = do_PATCH = respond  # noqa: N815  # the names that http.server looks for

    def do_CONNECT(self) -> None:
        self.send_error(407)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(params=["sync", "httpx", "aiohttp"])
def real(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Drives a client over real connections: `Heidi`, and `AsyncHeidi` over both its transports."""
    if request.param == "httpx":
        monkeypatch.setattr(_clients, "async_client_class", lambda: _clients.AsyncClient)

    def run(server: Server, action: Callable[[Any], Any], **options: Any) -> Any:
        options = {"token": "t0ken", "base_url": server.url} | options
        if request.param == "sync":
            with Heidi(**options) as client:
                return action(client)

        async def run_async() -> Any:
            async with AsyncHeidi(**options) as client:
                result = await action(client)
            await asyncio.sleep(0)
            return result

        return asyncio.run(run_async())

    return run


def get(client: Any) -> Any:
    return client.sessions.get("1")


def create(client: Any) -> Any:
    return client.sessions.create()


def test_the_aiohttp_transport_is_used_where_it_is_installed() -> None:
    assert issubclass(_clients.async_client_class(), HttpxAiohttpClient)


def test_a_request_travels_over_a_real_connection(real: Callable[..., Any], server: Server) -> None:
    assert "1" == real(server, get).session_id
    assert [("GET", "/sessions/1")] == server.requests
    assert "Bearer t0ken" == server.headers[0]["authorization"]


@pytest.mark.parametrize("session_id", ["a/b", "%2e%2e", "a?b#c", "ü ", "a+b", "a%2Fb", "~!$&'()*"])
def test_every_transport_keeps_the_quoted_path(
    real: Callable[..., Any], server: Server, session_id: str
) -> None:
    real(server, lambda c: c.sessions.get(session_id))
    path = server.requests[0][1]
    assert 2 == path.count("/")
    assert f"/sessions/{session_id}" == unquote(path)


def test_a_server_that_does_not_speak_http_is_named(
    real: Callable[..., Any], server: Server
) -> None:
    server.script = ["not HTTP"]
    with pytest.raises(APIConnectionError, match="something other than HTTP") as caught:
        real(server, create)
    assert caught.value.may_have_arrived
    assert httpx.RemoteProtocolError is type(caught.value.__cause__)


@pytest.mark.parametrize("step", ["hang up", "cut"])
def test_a_create_is_never_repeated_after_it_was_sent(
    real: Callable[..., Any], server: Server, step: str
) -> None:
    server.script = [step]
    with pytest.raises(APIConnectionError) as caught:
        real(server, create)
    assert caught.value.may_have_arrived
    assert caught.value.reason.startswith(("RemoteProtocolError", "ReadError"))
    assert caught.value.reason.startswith(type(caught.value.__cause__).__name__)
    assert [("POST", "/sessions")] == server.requests


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize("step", ["hang up", "cut"])
def test_an_interrupted_read_is_repeated(
    real: Callable[..., Any], server: Server, step: str
) -> None:
    server.script = [step]
    assert "1" == real(server, get).session_id


@pytest.mark.usefixtures("clock")
def test_a_refused_connection_is_retried_for_a_create(real: Callable[..., Any], clock: Any) -> None:
    with Server() as gone:
        pass
    with pytest.raises(APIConnectionError, match="ConnectError: ") as caught:
        real(gone, create)
    assert type(caught.value) is APIConnectionError
    assert (False, 2) == (caught.value.may_have_arrived, caught.value.retries_taken)
    assert 2 == len(clock.sleeps)


@pytest.mark.parametrize("derived", [False, True])
def test_the_timeout_limits_the_wait_for_a_response(
    real: Callable[..., Any], server: Server, *, derived: bool
) -> None:
    def get_in_a_hurry(client: Any) -> Any:
        return get(client.with_options(timeout=0.05) if derived else client)

    server.script = ["stall"]
    options = {"timeout": 60 if derived else 0.05, "max_retries": 0}
    start = time.monotonic()
    with pytest.raises(APITimeoutError):
        real(server, get_in_a_hurry, **options)
    server.patience.set()
    assert time.monotonic() - start < 4  # httpx's own default is 5


def test_a_redirect_is_not_followed(real: Callable[..., Any], server: Server) -> None:
    server.script = ["redirect"]
    with pytest.raises(APIStatusError, match="302"):
        real(server, get)
    assert 1 == len(server.requests)


def test_a_cookie_is_not_sent_with_another_request(
    real: Callable[..., Any], server: Server
) -> None:
    def get_twice(client: Any) -> Any:
        async def get_twice_async() -> None:
            await get(client)
            await get(client)

        return get_twice_async() if isinstance(client, AsyncHeidi) else (get(client), get(client))

    server.script = ["cookie"]
    by_name = server.url.replace("127.0.0.1", "localhost")  # aiohttp keeps no cookies of an IP
    real(server, get_twice, base_url=by_name)
    assert [None, None] == [headers.get("cookie") for headers in server.headers]


def test_a_request_has_the_headers_that_httpx_would_send(
    real: Callable[..., Any], server: Server
) -> None:
    real(server, get, default_headers={"X-Clinic": "1"})
    real(server, lambda client: client.sessions.update("1"))
    with httpx.Client() as plain:
        expected = plain.build_request("GET", server.url).headers
    for headers in server.headers:
        for name in ("host", "connection"):
            assert expected[name] == headers[name]
        assert "gzip" == headers["accept-encoding"]
    first, second = server.headers
    assert ("1", None) == (first["x-clinic"], first.get("content-length"))
    assert ("application/json", "2") == (second["content-type"], second["content-length"])


def test_nothing_arrives_behind_a_proxy_that_refuses(
    real: Callable[..., Any], server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", server.url)
    with pytest.raises(APIConnectionError, match="ProxyError") as caught:
        real(server, create, base_url="https://heidi.test", max_retries=0)
    assert not caught.value.may_have_arrived


def test_a_proxy_from_the_environment_never_sees_plain_http(
    real: Callable[..., Any], server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Server() as gone:
        monkeypatch.setenv("HTTP_PROXY", gone.url)
        monkeypatch.setenv("ALL_PROXY", gone.url)
    assert "1" == real(server, get).session_id


def test_connections_are_kept_and_shared_with_derived_clients(server: Server) -> None:
    with Heidi(token="t", base_url=server.url) as client:
        get(client)
        get(client.with_options(timeout=1))
        get(client)
    assert (3, 1) == (len(server.requests), len(server.connections))


def test_threads_may_share_a_client(server: Server) -> None:
    with Heidi(token="t", base_url=server.url) as client:
        errors: list[BaseException] = []

        def work() -> None:
            try:
                for _ in range(10):
                    get(client)
            except BaseException as error:  # noqa: BLE001  # shown below
                errors.append(error)

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert ([], 80) == (errors, len(server.requests))


@pytest.mark.parametrize("transport", ["httpx", "aiohttp"])
def test_one_client_works_in_several_event_loops_one_after_the_other(
    server: Server, transport: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if transport == "httpx":
        monkeypatch.setattr(_clients, "async_client_class", lambda: _clients.AsyncClient)
    client = AsyncHeidi(token="t", base_url=server.url)

    async def once() -> Any:
        await get(client)
        return client._engine.pool._own[asyncio.get_running_loop()].client

    assert [True] * 3 == [asyncio.run(once()).is_closed for _ in range(3)]
    assert (3, 3) == (len(server.requests), len(server.connections))
    # A connection that a loop left open would be a ResourceWarning here, and so an error.
    gc.collect()


def test_an_unreferenced_client_is_closed(server: Server) -> None:
    async def forget() -> bool:
        client = AsyncHeidi(token="t", base_url=server.url)
        await get(client)
        opened = client._engine.pool._own[asyncio.get_running_loop()].client
        del client
        gc.collect()
        await asyncio.sleep(0.01)
        return opened.is_closed

    assert asyncio.run(forget())


def test_closing_in_one_event_loop_closes_the_connections_of_the_others(server: Server) -> None:
    client = AsyncHeidi(token="t", base_url=server.url)
    opened, closed = threading.Event(), threading.Event()

    async def elsewhere() -> bool:
        await get(client)
        own = client._engine.pool._own[asyncio.get_running_loop()].client
        opened.set()
        await asyncio.to_thread(closed.wait, 10)
        gc.collect()
        await asyncio.sleep(0.01)
        return own.is_closed

    with ThreadPoolExecutor() as threads:
        other = threads.submit(asyncio.run, elsewhere())
        assert opened.wait(10)
        asyncio.run(client.close())
        closed.set()
        assert other.result(10)


@pytest.mark.skipif(sys.platform == "win32", reason="processes are not forked there")
def test_a_child_process_opens_its_own_connections(server: Server) -> None:
    with Heidi(token="t", base_url=server.url) as client:
        get(client)
        child = os.fork()
        if child == 0:
            code = 1
            try:
                code = 0 if get(client).session_id == "1" else 2
            finally:
                os._exit(code)
        assert 0 == os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        get(client)
    assert (3, 2) == (len(server.requests), len(server.connections))


@pytest.mark.skipif(sys.platform == "win32", reason="processes are not forked there")
@pytest.mark.parametrize("transport", ["httpx", "aiohttp"])
def test_a_child_process_may_use_the_async_client_of_its_parent(
    server: Server, transport: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if transport == "httpx":
        monkeypatch.setattr(_clients, "async_client_class", lambda: _clients.AsyncClient)
    loop = asyncio.new_event_loop()
    client = AsyncHeidi(token="t", base_url=server.url)
    loop.run_until_complete(get(client))
    child = os.fork()
    if child == 0:
        code = 1
        try:
            asyncio.set_event_loop(None)
            asyncio._set_running_loop(None)
            code = 0 if asyncio.run(get(client)).session_id == "1" else 2
        finally:
            os._exit(code)
    assert 0 == os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    loop.run_until_complete(get(client))
    loop.run_until_complete(client.close())
    loop.close()
    assert (3, 2) == (len(server.requests), len(server.connections))


def parts_of_a_client() -> list[Any]:
    sync, other = Heidi(token="t"), AsyncHeidi(token="t")
    views = [
        (c, c.sessions, c.sessions.with_raw_response, c.sessions.list()) for c in (sync, other)
    ]
    return [part for view in views for part in view]


@pytest.mark.parametrize("duplicate", [pickle.dumps, copy.copy, copy.deepcopy])
@pytest.mark.parametrize("part", parts_of_a_client(), ids=lambda part: type(part).__name__)
def test_a_client_is_not_pickled_or_copied_and_says_what_to_do(
    part: Any, duplicate: Callable[[Any], object]
) -> None:
    with pytest.raises(TypeError, match="make a client in each process") as caught:
        duplicate(part)
    assert 1 == len(str(caught.value).splitlines())


def test_all_clients_share_one_ssl_context() -> None:
    contexts = [_clients.options(url)["verify"] for url in (BASE_URL, "http://localhost")]
    assert contexts[0] is contexts[1]


def test_certificates_that_cannot_be_read_are_a_configuration_error(
    monkeypatch: pytest.MonkeyPatch, server: Server
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere/at/all.pem")
    _clients._ssl_context.cache_clear()
    with (
        Heidi(token="t", base_url=server.url) as client,
        pytest.raises(ConfigurationError, match="has no certificates: No such file"),
    ):
        get(client)


def test_a_closed_client_says_so(driver: Callable[..., Driver], server: Server) -> None:
    drive = driver(Script(envelope()))

    async def call_after_close() -> None:
        kind: Any = Heidi if drive.kind == "sync" else AsyncHeidi
        client = kind(token="t", base_url=server.url)
        derived = client.with_options(timeout=1)
        for step in (get(client), client.close(), client.close()):
            if drive.kind == "async":
                await step
        for closed in (client, derived):
            with pytest.raises(ClosedClientError, match="closed"):
                await get(closed)

    asyncio.run(call_after_close())


def test_a_client_that_was_never_used_can_be_closed(driver: Callable[..., Driver]) -> None:
    drive = driver(Script(envelope()))
    kind: Any = Heidi if drive.kind == "sync" else AsyncHeidi
    client = kind(token="t")
    drive.wait(client.close)
    with pytest.raises(ClosedClientError):
        drive.wait(lambda: get(client))


def test_closing_a_derived_client_leaves_the_first_one_open(server: Server) -> None:
    with Heidi(token="t", base_url=server.url) as client:
        with client.with_options(timeout=1) as derived:
            get(derived)
        get(client)
    assert 1 == len(server.connections)


def test_your_own_client_stays_open(driver: Callable[..., Driver]) -> None:
    drive = driver(Script(envelope()))
    client = drive.client()
    drive.wait(lambda: get(client))
    drive.wait(client.close)
    assert not client._engine.pool._given.is_closed
    with pytest.raises(ClosedClientError):
        drive.wait(lambda: get(client))


def test_a_closed_client_of_your_own_is_reported_as_closed(driver: Callable[..., Driver]) -> None:
    drive = driver(Script(envelope()))
    client = drive.client()
    given = client._engine.pool._given
    drive.wait(given.close if drive.kind == "sync" else given.aclose)
    with pytest.raises(ClosedClientError):
        drive.wait(lambda: get(client))


def test_only_one_folder_touches_httpx() -> None:
    touching: set[str] = set()
    for file in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module:
                names.append(node.module)
            if any(name.partition(".")[0].startswith("httpx") for name in names):
                touching.add(file.relative_to(PACKAGE).parts[0])
    assert {"_http"} == touching


def imported_by(statement: str) -> set[str]:
    code = f"import sys\n{statement}\nprint(*sys.modules)"
    run = [sys.executable, "-c", code]
    return set(subprocess.run(run, capture_output=True, text=True, check=True).stdout.split())


@functools.cache
def newly_imported() -> set[str]:
    return imported_by("import heidi_sessions") - imported_by("import httpx, attrs")


@pytest.mark.parametrize(
    "module", ["tenacity", "asyncio", "msgspec", "aiohttp", "httpx_aiohttp", "rich", "argparse"]
)
def test_slow_imports_are_deferred(module: str) -> None:
    assert module not in newly_imported()


def test_the_first_import_loads_only_two_packages_of_others() -> None:
    roots = {name.partition(".")[0] for name in newly_imported()}
    third_party = roots - set(sys.stdlib_module_names)
    assert {"heidi_sessions", "heidi_generated"} == third_party
