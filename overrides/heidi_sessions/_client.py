"""`Heidi` and `AsyncHeidi`: options in, resources out."""

from __future__ import annotations

from collections.abc import Awaitable
from types import FunctionType
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from heidi_generated.client import AsyncResources, Resources
from heidi_generated.errors import ConfigurationError
from heidi_generated.facade import Uncopied, checked
from heidi_generated.types import UNSET

from . import _credentials, _log, _settings
from ._calls import AsyncEngine, Engine
from ._http import AsyncPool, HttpxAsyncClient, HttpxClient, SyncPool
from ._issuer import Users
from ._settings import DEFAULT_DEADLINE, DEFAULT_TIMEOUT, MAX_RESPONSE_BYTES, Settings, quietly
from ._tokens import NoUser, given_tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType
    from typing import Self

    from heidi_generated.document import Region
    from heidi_generated.types import Unset

    from ._http import Timeout
    from ._tokens import TokenSource
    from ._trace import Tracer

Token = TypeVar("Token")
HttpxT = TypeVar("HttpxT")


class _Client(Uncopied, Generic[Token, HttpxT]):
    """What both clients have: their options."""

    _pool_class: ClassVar[type[Any]]
    _engine_class: ClassVar[type[Any]]
    _engine: Any
    _base_url = "no server yet"

    def __init_subclass__(cls) -> None:
        """Let Python name the class of the user where it refuses an argument."""
        if _Client in cls.__bases__:
            for name in ("__init__", "with_options", "as_user"):
                setattr(cls, name, _copy(vars(_Client)[name], f"{cls.__name__}.{name}"))

    def __init__(
        self,
        *,
        token: str | None = None,
        token_provider: Callable[[], Token] | None = None,
        api_key: str | None = None,
        email: str | None = None,
        third_party_internal_id: str | None = None,
        base_url: str | None = None,
        region: Region | None = None,
        allow_http: bool | None = None,
        timeout: float | Timeout | Unset = UNSET,
        deadline: float | None = DEFAULT_DEADLINE,
        max_retries: int = 2,
        retry_writes: bool = False,
        default_headers: Mapping[str, str] | None = None,
        strict_responses: bool = False,
        max_response_bytes: int = MAX_RESPONSE_BYTES,
        page_parameter: str | None = None,
        http_client: HttpxT | None = None,
        tracer: Tracer | None = None,
    ) -> None:
        """Set up a client; nothing is sent yet.

        What is not passed is taken from the environment. Authenticate in one of three ways: a
        token, a function that gives tokens, or a key with the user it is for. With a key alone,
        `as_user` names the user.

        Args:
            token: a bearer token (HEIDI_TOKEN).
            token_provider: called before every request, and once more after a 401; gives a token
                or, for `AsyncHeidi`, something to await for one.
            api_key: your key as a partner (HEIDI_API_KEY).
            email: the email address of your user (HEIDI_EMAIL).
            third_party_internal_id: the id of the same user in your own system
                (HEIDI_THIRD_PARTY_INTERNAL_ID).
            base_url: the server (HEIDI_BASE_URL): https, or http on this machine.
            region: instead of base_url, where the data of the clinic lives (HEIDI_REGION). Without
                either, the server for all regions.
            allow_http: also take http to another machine (HEIDI_ALLOW_HTTP=1). Anyone on the
                network can read tokens and patient data, so only for servers without patients.
            timeout: seconds that connecting, sending and each wait for more of a response may
                take; or an httpx.Timeout. Without it 30, or as http_client says.
            deadline: seconds that a whole call may take, repetitions and waits between them
                included; None for no end. A list is a call for each page.
            max_retries: how many times to repeat a request that failed and may be repeated.
            retry_writes: also repeat calls that write where the server may have acted on the
                first attempt. May create the same thing twice.
            default_headers: sent with every request.
            strict_responses: refuse responses that are not what the document says, instead of
                reading them as far as they go.
            max_response_bytes: the largest body of a response that is read, decompressed; a larger
                one is an APIResponseValidationError.
            page_parameter: the query parameter that asks for the next page; None: as the
                document names it.
            http_client: your own httpx.Client or, for `AsyncHeidi`, httpx.AsyncClient, with your
                proxies, certificates or HTTP/2. It is yours to close.
            tracer: a tracer of OpenTelemetry; each call is a span with method, route, status and
                host, and no id, address or string of a patient.

        Raises:
            ConfigurationError: an option is missing, contradicts another, or is not safe.
        """
        names = ("token", "api_key", "email", "third_party_internal_id")
        made = quietly(
            self._engine_of,
            dict(zip(names, (token, api_key, email, third_party_internal_id), strict=True)),
            token_provider,
            http_client,
            server=(base_url, region, allow_http),
            timeout=DEFAULT_TIMEOUT if timeout is UNSET and http_client is None else timeout,
            deadline=deadline,
            max_retries=max_retries,
            retry_writes=retry_writes,
            default_headers={} if default_headers is None else default_headers,
            strict_responses=strict_responses,
            max_response_bytes=max_response_bytes,
            page_parameter=page_parameter,
            tracer=tracer,
        )
        # Tracebacks that show locals would show these.
        del token, api_key, email, third_party_internal_id, base_url, region, default_headers
        self._set_up(checked(made), derived=False)

    def _engine_of(
        self,
        given: Mapping[str, str | None],
        provider: Callable[[], Token] | None,
        http_client: HttpxT | None,
        server: tuple[str | None, str | None, bool | None],
        **options: Any,
    ) -> Any:
        _log.follow_environment()
        credentials = _credentials.credentials(
            _credentials.conceal(**given), provider=provider is not None
        )
        base_url, region, allow_http = server
        settings = Settings(
            server=_settings.server(base_url, region, allow_http=allow_http),
            own_client=http_client is not None,
            **options,
        )
        pool = self._pool_class(settings.server.url, http_client)
        users = None
        if isinstance(credentials, _credentials.Key):
            users = Users(credentials, settings, pool.send)
            tokens: TokenSource = users.tokens(credentials.user) if credentials.user else NoUser()
        else:
            tokens = given_tokens(credentials, provider)
        return self._engine_class(pool, tokens, settings, users)

    def with_options(
        self,
        *,
        timeout: float | Timeout | Unset = UNSET,
        deadline: float | Unset | None = UNSET,
        max_retries: int | Unset = UNSET,
        retry_writes: bool | Unset = UNSET,
        default_headers: Mapping[str, str] | Unset = UNSET,
        strict_responses: bool | Unset = UNSET,
        max_response_bytes: int | Unset = UNSET,
    ) -> Self:
        """Derive a client with other options, which shares this one's connections and token.

        It lives as long as this one; closing it does nothing. What is left out stays as it is here.

        Args:
            timeout: seconds that connecting, sending and each wait for more of a response may
                take; or an httpx.Timeout.
            deadline: seconds that a whole call may take; None for no end.
            max_retries: how many times to repeat a request that failed and may be repeated.
            retry_writes: also repeat calls that write where the server may have acted on the
                first attempt. May create the same thing twice.
            default_headers: sent with every request, on top of those that are there.
            strict_responses: refuse responses that are not what the document says.
            max_response_bytes: the largest body of a response that is read, decompressed.

        Returns:
            A client of the same class.

        Raises:
            ConfigurationError: an option is not what it must be.
        """
        settings = self._engine.settings.evolved(
            {
                "timeout": timeout,
                "deadline": deadline,
                "max_retries": max_retries,
                "retry_writes": retry_writes,
                "default_headers": default_headers,
                "strict_responses": strict_responses,
                "max_response_bytes": max_response_bytes,
            }
        )
        del default_headers  # it may be refused because it holds a secret
        return self._derive(self._engine.tokens, checked(settings))

    def as_user(self, *, email: str, third_party_internal_id: str) -> Self:
        """Derive a client for another user of the same key, which shares this one's connections.

        Each user has a token, asked for once: this client and all that derive from it keep the
        tokens of their last 10,000 users, so make one for each request if that is simpler. It lives
        as long as this one; closing it does nothing.

        Args:
            email: the email address of the user.
            third_party_internal_id: the id of the same user in your own system.

        Returns:
            A client of the same class, with the same options.

        Raises:
            ConfigurationError: this client has a token and no key, or an argument is empty.
        """
        tokens = quietly(
            self._tokens_of,
            {"email": email, "third_party_internal_id": third_party_internal_id},
        )
        del email, third_party_internal_id
        return self._derive(checked(tokens), self._engine.settings)

    def _tokens_of(self, user: Mapping[str, str]) -> TokenSource:
        users: Users | None = self._engine.users
        if users is None:
            raise ConfigurationError("as_user: a token is for one user; give api_key= instead")
        return users.tokens(_credentials.user(_credentials.conceal(**user)))

    def _derive(self, tokens: TokenSource, settings: Settings) -> Self:
        client = object.__new__(type(self))
        client.__dict__.update(self.__dict__)
        old = self._engine
        client._set_up(self._engine_class(old.pool, tokens, settings, old.users), derived=True)
        return client

    def __repr__(self) -> str:
        return f"<{type(self).__name__} at {self._base_url}>"

    def _set_up(self, engine: Any, *, derived: bool) -> None:
        self._engine = engine
        self._base_url = engine.settings.server.url
        self._derived = derived
        self._set_up_resources(engine)

    def _set_up_resources(self, sender: Any) -> None:
        raise NotImplementedError


def _copy(method: FunctionType, name: str) -> FunctionType:
    copy = FunctionType(method.__code__, method.__globals__)
    for each in ("__annotations__", "__doc__", "__kwdefaults__", "__name__"):
        setattr(copy, each, getattr(method, each))
    copy.__qualname__ = name
    return copy


class Heidi(Resources, _Client[str, HttpxClient]):
    """The Heidi Sessions API.

    Threads may share it. Clients that derive from it by `with_options` and `as_user` share its
    connections. Close it after use, or use it in a `with` statement.
    """

    _pool_class = SyncPool
    _engine_class = Engine
    _engine: Engine

    def close(self) -> None:
        """Close the connections. A call after this raises ClosedClientError."""
        if not self._derived:
            self._engine.pool.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class AsyncHeidi(AsyncResources, _Client[str | Awaitable[str], HttpxAsyncClient]):
    """The Heidi Sessions API, for asyncio.

    Tasks, threads and event loops may share it. Each event loop has its own connections, which
    `asyncio.run` closes at its end if they are still open. Clients that derive from it by
    `with_options` and `as_user` share its connections. Close it after use, or use it in an
    `async with` statement.
    """

    _pool_class = AsyncPool
    _engine_class = AsyncEngine
    _engine: AsyncEngine

    async def close(self) -> None:
        """Close the connections. A call after this raises ClosedClientError.

        Those of other event loops that still run are closed there, a moment later.
        """
        if not self._derived:
            await self._engine.pool.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()
