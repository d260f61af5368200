"""Run the sandbox on a socket, in its own thread."""

import asyncio
import contextlib
import errno
import secrets
import socket
import sys
import threading
from collections.abc import Callable, Generator
from concurrent.futures import Future
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server.embed import Server

from heidi_sandbox import _chaos, _transfer
from heidi_sandbox._app import create_app
from heidi_sandbox._asgi import App, Cors
from heidi_sandbox._document import Document, load_document
from heidi_sandbox._errors import CannotServeError
from heidi_sandbox._limits import Deadlines, Limits, Turns, possible_connections
from heidi_sandbox._store import Size, open_store
from heidi_sandbox._tokens import Tokens
from heidi_sandbox._transfer import Imported

DEFAULT_TOKEN_LIFETIME: Final = 24 * 60 * 60  # seconds

_HINTS: Final = {
    errno.EADDRINUSE: "choose another one with --port",
    errno.EACCES: "choose one from 1024 on with --port",
    errno.EADDRNOTAVAIL: "--host must be an address of this machine",
}
# Connections that wait to be accepted. A caller that finds no free place retries after a second.
_BACKLOG: Final = 1024
_GRACE: Final = 5  # seconds for the requests that run when the server is asked to stop
_BODY_GRACE: Final = 3  # seconds of them for the bodies that are on their way
# Granian would set up logging for the whole process; this setting prevents it.
_LEAVE_LOGGING: Final[dict[str, Any]] = {"incremental": True, "handlers": {}, "loggers": {}}
# What comes after the file descriptor differs from system to system.
_HOLDER: Final[dict[str, tuple[Any, ...]]] = {"linux": (False, _BACKLOG), "win32": ()}
# Any: its types leave these arguments out.
_net: Final[Any] = import_module("granian.net")
WILDCARDS: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  # read, not bound


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A running sandbox.

    url: the base URL of the API, path included.
    api_key: what the issue of a token asks for.
    imported: the result of the import, None if there was none.
    """

    url: str
    api_key: str = field(repr=False)
    _tokens: Tokens = field(repr=False)
    _ended: Future[Size | None] = field(repr=False)
    imported: Imported | None = field(repr=False, default=None)

    def token(self, *user: str, lifetime: int | None = None, **named: str) -> str:
        """Return a token, as the operation that issues tokens would.

        Args:
            user: values of the parameters that name a user, in the order of the document; where the
                first one ends in `+unlinked`, before the @ if there is one, the user has no link,
                and in `+expired`, the token has expired. Those left out are those of a sample user.
            named: the same by name.
            lifetime: seconds until it expires, which may be negative; by default the server's own.
        """
        sample = load_document().sample_user
        if len(user) > len(sample) or not sample.keys() >= named.keys():
            raise TypeError(f"a user is named by {', '.join(sample)}")
        identity = {**sample, **dict(zip(sample, user, strict=False)), **named}
        return self._tokens.issue(list(identity.values()), lifetime).token

    @property
    def exported(self) -> Size | None:
        """What the export contains, once the server has ended; None if there was none."""
        return self._ended.result()

    def when_ended(self, callback: Callable[[], None]) -> None:
        """Call back, in the server's thread, when the server has ended for whatever reason."""
        self._ended.add_done_callback(lambda _: callback())


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of a sandbox except its socket: see `serving`.

    access_log: for a process of its own, whether it logs each request.
    """

    database_url: str = field(default="sqlite:///:memory:", repr=False)
    host: str = "127.0.0.1"
    api_key: str | None = field(default=None, repr=False)
    token_lifetime: int = DEFAULT_TOKEN_LIFETIME
    chaos: bool = False
    chaos_rate: float = 0
    chaos_seed: int | None = None
    scenario: str | None = None
    limits: Limits = field(default_factory=Limits)
    access_log: bool = False
    import_file: Path | None = None
    export_file: Path | None = None


@contextlib.contextmanager
def serving(
    database_url: str = "sqlite:///:memory:",
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    api_key: str | None = None,
    token_lifetime: int = DEFAULT_TOKEN_LIFETIME,
    chaos: bool = False,
    chaos_rate: float = 0,
    chaos_seed: int | None = None,
    scenario: str | None = None,
    limits: Limits | None = None,
    import_file: Path | None = None,
    export_file: Path | None = None,
    wrap: Callable[[App], App] | None = None,
) -> Generator[Sandbox, None, None]:
    """Run a sandbox in a thread of this process; it stops at the end of the block.

    Args:
        database_url: see `open_store`.
        host: the address to listen on.
        port: the port to listen on, 0 for a free one.
        api_key: what tokens are issued for; where left out, the key that the database keeps.
        token_lifetime: seconds until a token expires.
        chaos: whether requests may ask for faults with the header Heidi-Sandbox-Chaos.
        chaos_rate: with chaos, how likely a fault is where none is asked for, from 0 to 1.
        chaos_seed: with chaos, what the order of such faults is made from.
        scenario: what goes wrong unasked; `heidi-sandbox serve --help` lists the names.
        limits: what is granted to one caller.
        import_file: what to add first to the database; see the guide for its format.
        export_file: where to write what the database holds, at the end of the block.
        wrap: what to put round the application; tests plant faults with it.

    Raises:
        CannotServeError: the address, the database or one of the files cannot be used.
    """
    settings = Settings(
        database_url=database_url,
        host=host,
        api_key=api_key,
        token_lifetime=token_lifetime,
        chaos=chaos,
        chaos_rate=chaos_rate,
        chaos_seed=chaos_seed,
        scenario=scenario,
        limits=limits or Limits(),
        import_file=import_file,
        export_file=export_file,
    )
    with serving_with(settings, port, wrap) as sandbox:
        yield sandbox


@contextlib.contextmanager
def serving_with(
    settings: Settings, port: int, wrap: Callable[[App], App] | None = None
) -> Generator[Sandbox]:
    """Run a sandbox in a thread of this process, as `serving` does."""
    with (
        contextlib.closing(listen(settings.host, port, settings.limits)) as listener,
        running(settings, listener, wrap) as sandbox,
    ):
        yield sandbox


@contextlib.contextmanager
def running(
    settings: Settings, listener: socket.socket, wrap: Callable[[App], App] | None = None
) -> Generator[Sandbox, None, None]:
    """Run a sandbox on a socket in a thread of this process; it stops at the end of the block."""
    runner = _Runner(settings, listener, wrap)
    thread = threading.Thread(target=runner.run, name="heidi-sandbox")
    thread.start()
    try:
        yield runner.sandbox()
    finally:
        runner.stop()
        thread.join()
    runner.sandbox().exported  # noqa: B018  # raises what the export has raised


class _Runner:
    def __init__(
        self, settings: Settings, listener: socket.socket, wrap: Callable[[App], App] | None
    ) -> None:
        self._settings = settings
        self._listener = listener
        port = listener.getsockname()[1]
        self._url = base_url_of(load_document(), settings.host, port)
        self._wrap = wrap
        self._ready: Future[tuple[Sandbox, Callable[[], None]]] = Future()
        self._ended: Future[Size | None] = Future()

    def sandbox(self) -> Sandbox:
        """Wait until it runs."""
        return self._ready.result()[0]

    def stop(self) -> None:
        if self._ready.exception() is None:
            with contextlib.suppress(RuntimeError):  # its loop is closed: it has ended by itself
                self._ready.result()[1]()

    def run(self) -> None:
        try:
            with asyncio.Runner(loop_factory=_new_event_loop()) as runner:
                exported = runner.run(self._open_and_serve())
        except BaseException as error:  # noqa: BLE001  # whoever waits for the end raises it
            if not self._ready.done():
                self._ready.set_exception(error)
            self._ended.set_exception(error)
        else:
            self._ended.set_result(exported)

    async def _open_and_serve(self) -> Size | None:
        """Serve, and return what was exported."""
        settings = self._settings
        if settings.export_file is not None:
            _transfer.refuse_unwritable(settings.export_file)
        # Read first, so that an invalid file makes no database.
        file = settings.import_file
        import_into = None if file is None else _transfer.read_file(file)
        store = await open_store(settings.database_url)
        try:
            imported = None if import_into is None else await import_into(store)
            secret = await store.setting("secret", secrets.token_bytes(32))
            api_key = settings.api_key
            if api_key is None:
                # Hexadecimal: a command line takes a value that begins with a dash for an option.
                made = await store.setting("api_key", secrets.token_hex(32).encode())
                api_key = made.decode()
            deadlines = Deadlines(settings.limits.body_time)
            app = create_app(
                store,
                secret=secret,
                api_key=api_key,
                token_lifetime=settings.token_lifetime,
                url=self._url,
                deadlines=deadlines,
            )
            tokens = Tokens(secret, settings.token_lifetime)
            sandbox = Sandbox(self._url, api_key, tokens, self._ended, imported)
            await self._serve(self._wrapped(app), sandbox, deadlines)
            if settings.export_file is None:
                return None
            return await _transfer.export_file(settings.export_file, store)
        finally:
            await store.close()

    def _wrapped(self, app: App) -> App:
        settings, document = self._settings, load_document()
        headers = ["Content-Type", *(one.header for one in document.schemes.values())]
        if settings.chaos or settings.scenario is not None:
            app = _chaos.Chaos(
                app,
                document,
                asked=settings.chaos,
                scenario=settings.scenario,
                rate=settings.chaos_rate,
                seed=settings.chaos_seed,
            )
        if settings.chaos:
            headers.append(_chaos.HEADER.decode())
        app = Cors(app, (one.method for one in document.operations), headers)
        app = self._wrap(app) if self._wrap else app
        return Turns(app, settings.limits.requests)

    async def _serve(self, app: App, sandbox: Sandbox, deadlines: Deadlines) -> None:
        """Serve until stopped; then finish running requests, within a time limit."""
        loop = asyncio.get_running_loop()
        stopping = asyncio.Event()
        limits = self._settings.limits
        server = _Server(app, self._listener, limits)

        def stop() -> None:
            loop.call_soon_threadsafe(stopping.set)

        self._ready.set_result((sandbox, stop))
        serve = asyncio.create_task(server.serve())
        told = asyncio.create_task(stopping.wait())
        await asyncio.wait({serve, told}, return_when=asyncio.FIRST_COMPLETED)
        told.cancel()
        server.stop()  # type: ignore[no-untyped-call]  # of granian
        deadlines.hurry(_BODY_GRACE)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(serve, _GRACE)


class _Server(Server):
    """Granian, which reads HTTP in its own thread, on a listening socket."""

    def __init__(self, app: App, listener: socket.socket, limits: Limits) -> None:
        super().__init__(
            app,
            interface=Interfaces.ASGINL,
            http=HTTPModes.http1,
            websockets=False,
            backpressure=possible_connections(limits.connections),
            http1_settings=HTTP1Settings(
                header_read_timeout=int(limits.head_time * 1000), max_buffer_size=limits.head
            ),
            log_enabled=False,
            log_dictconfig=_LEAVE_LOGGING,
        )
        self._listener = listener

    def _init_shared_socket(self) -> None:
        # Its own socket would share the port with other servers that allow sharing.
        self._listener.setblocking(False)
        rest = _HOLDER.get(sys.platform, (False,))
        self._shd = _net.SocketHolder(self._listener.detach(), *rest)


def _new_event_loop() -> Callable[[], asyncio.AbstractEventLoop]:
    """Return what makes the loop: uvloop responds a third sooner, and is not made for Windows."""
    module = import_module("asyncio" if sys.platform == "win32" else "uvloop")
    new_event_loop: Callable[[], asyncio.AbstractEventLoop] = module.new_event_loop
    return new_event_loop


def base_url_of(document: Document, host: str, port: int) -> str:
    """Return the base URL of a server that listens there, for a caller on this machine."""
    shown = WILDCARDS.get(host, host)
    authority = f"[{shown}]" if ":" in shown else shown
    return f"http://{authority}:{port}{document.base_path}"


def listen(host: str, port: int, limits: Limits, *, shared: bool = False) -> socket.socket:
    """Return a socket that listens.

    Args:
        host: the address.
        port: the port, 0 for a free one.
        limits: of them, how long a response may lie unread.
        shared: whether other sockets with the same setting may listen there as well.

    Raises:
        CannotServeError: the address cannot be used.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol by name: only then does asyncio switch Nagle's algorithm off.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if sys.platform != "win32":  # there it would let two servers share a port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            milliseconds = int(limits.send_time * 1000)
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds)
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except (OSError, OverflowError, TypeError, UnicodeError) as error:
        listener.close()
        named = "not a port" if isinstance(error, OverflowError) else "not a host name"
        reason = error.strerror if isinstance(error, OSError) else named
        number = error.errno if isinstance(error, OSError) else None
        hint = f"; {_HINTS[number]}" if number in _HINTS else ""
        raise CannotServeError(f"cannot listen on {host} port {port}: {reason}{hint}") from None
    return listener
