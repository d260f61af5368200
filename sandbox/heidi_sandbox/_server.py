"""Run the sandbox on a socket, in a thread of its own."""

import asyncio
import contextlib
import secrets
import socket
import sys
import threading
from collections.abc import Callable, Generator
from concurrent.futures import Future
from dataclasses import dataclass, field

import uvicorn

from heidi_sandbox._app import create_app, load_document
from heidi_sandbox._asgi import App
from heidi_sandbox._errors import CannotServeError
from heidi_sandbox._open import open_store
from heidi_sandbox._protocol import Protocol
from heidi_sandbox._tokens import Tokens

DEFAULT_TOKEN_LIFETIME = 24 * 60 * 60  # seconds

_KEEP_ALIVE = 75  # seconds; longer than clients keep idle connections, so that it is they who close
_BACKLOG = 128  # connections that wait to be accepted
_GRACE = 5  # seconds for the requests that run when the server is asked to stop
_WILDCARDS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  # read, not bound


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A running sandbox.

    url: the base URL of the API, path included.
    api_key: what `{url}/jwt` wants to see.
    """

    url: str
    api_key: str = field(repr=False)
    _tokens: Tokens = field(repr=False)
    _ended: Future[None] = field(repr=False)

    def token(
        self,
        email: str = "clinician@example.com",
        third_party_internal_id: str = "1",
        *,
        lifetime: int | None = None,
    ) -> str:
        """Return a token, as `/jwt` would issue it.

        Args:
            email: a local part that ends in `+unlinked` makes a user without link.
            third_party_internal_id: the partner's own id of the user.
            lifetime: seconds until it expires, which may be negative; by default the server's own.
        """
        return self._tokens.issue(email, third_party_internal_id, lifetime).token

    def when_ended(self, callback: Callable[[], None]) -> None:
        """Call back, in the server's thread, when the server has ended for whatever reason."""
        self._ended.add_done_callback(lambda _: callback())


@contextlib.contextmanager
def serving(
    database_url: str = "sqlite:///:memory:",
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    api_key: str | None = None,
    token_lifetime: int = DEFAULT_TOKEN_LIFETIME,
    wrap: Callable[[App], App] | None = None,
) -> Generator[Sandbox, None, None]:
    """Run a sandbox in a thread of this process; it stops at the end of the block.

    Args:
        database_url: see `open_store`.
        host: the address to listen on.
        port: the port to listen on, 0 for a free one.
        api_key: the key that `/jwt` wants; where left out, the one that the database keeps.
        token_lifetime: seconds until a token expires.
        wrap: what to put round the application; tests plant faults with it.

    Raises:
        CannotServeError: the address or the database cannot be used.
    """
    with contextlib.closing(_listen(host, port)) as listener:
        runner = _Runner(
            listener=listener,
            host=host,
            database_url=database_url,
            api_key=api_key,
            token_lifetime=token_lifetime,
            wrap=wrap,
        )
        with runner.running() as sandbox:
            yield sandbox


@dataclass(frozen=True, slots=True, kw_only=True)
class _Runner:
    listener: socket.socket
    host: str
    database_url: str
    api_key: str | None
    token_lifetime: int
    wrap: Callable[[App], App] | None
    _ready: Future[tuple[Sandbox, uvicorn.Server]] = field(
        default_factory=Future[tuple[Sandbox, uvicorn.Server]], init=False
    )
    _ended: Future[None] = field(default_factory=Future[None], init=False)

    @contextlib.contextmanager
    def running(self) -> Generator[Sandbox, None, None]:
        thread = threading.Thread(target=self._run, name="heidi-sandbox")
        thread.start()
        try:
            yield self._ready.result()[0]
        finally:
            if self._ready.exception() is None:
                self._ready.result()[1].should_exit = True
            thread.join()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:
            if self._ready.done():
                raise
            self._ready.set_exception(error)
        finally:
            self._ended.set_result(None)

    async def _serve(self) -> None:
        store = await open_store(self.database_url)
        try:
            secret = await store.setting("secret", secrets.token_bytes(32))
            api_key = self.api_key
            if api_key is None:
                made = await store.setting("api_key", secrets.token_urlsafe(32).encode())
                api_key = made.decode()
            app = create_app(
                store, secret=secret, api_key=api_key, token_lifetime=self.token_lifetime
            )
            server = _server(self.wrap(app) if self.wrap else app)
            tokens = Tokens(secret, self.token_lifetime)
            sandbox = Sandbox(self._url(), api_key, tokens, self._ended)
            self._ready.set_result((sandbox, server))
            await server.serve(sockets=[self.listener])
        finally:
            await store.close()

    def _url(self) -> str:
        host = _WILDCARDS.get(self.host, self.host)
        authority = f"[{host}]" if ":" in host else host
        port = self.listener.getsockname()[1]
        return f"http://{authority}:{port}{load_document().base_path}"


def _server(app: App) -> uvicorn.Server:
    return uvicorn.Server(
        uvicorn.Config(
            app,
            http=Protocol,
            ws="none",
            lifespan="off",
            log_config=None,
            server_header=False,
            backlog=_BACKLOG,
            timeout_keep_alive=_KEEP_ALIVE,
            timeout_graceful_shutdown=_GRACE,
        )
    )


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol by name: only then does asyncio switch Nagle's algorithm off.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if sys.platform != "win32":  # there it would let two servers share a port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except (OSError, UnicodeError) as error:
        listener.close()
        reason = error.strerror if isinstance(error, OSError) else "not a host name"
        raise CannotServeError(f"cannot listen on {host} port {port}: {reason}") from None
    return listener
