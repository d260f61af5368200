"""`Heidi` and `AsyncHeidi`: options in, resources out."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from heidi_generated.client import AsyncResources, Resources
from heidi_generated.facade import Uncopied
from heidi_generated.types import UNSET

from . import _options
from ._engine import AsyncEngine, Engine
from ._http import AsyncPool, HttpxAsyncClient, HttpxClient, SyncPool, TokenAuth
from ._issuer import Issuer
from ._settings import DEFAULT_TIMEOUT, Settings
from ._tokens import IssuedTokens, given_tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType
    from typing import Self

    from heidi_generated.document import Region
    from heidi_generated.types import Unset

    from ._http import Timeout
    from ._tokens import TokenSource

Token = TypeVar("Token")
HttpxT = TypeVar("HttpxT")


class _Client(Uncopied, Generic[Token, HttpxT]):
    """What both clients have: their options."""

    _pool_class: ClassVar[type[Any]]
    _engine_class: ClassVar[type[Any]]
    _engine: Any
    _base_url = "no server yet"

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
        timeout: float | Timeout | Unset = UNSET,
        max_retries: int = 2,
        retry_writes: bool = False,
        default_headers: Mapping[str, str] | None = None,
        strict_responses: bool = False,
        page_parameter: str | None = None,
        http_client: HttpxT | None = None,
    ) -> None:
        """Set up a client; nothing is sent yet.

        What is not passed is taken from the environment. Authenticate in one of three ways: a
        token, a function that gives tokens, or a key with the user it is for.

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
            timeout: seconds that connecting, sending and each wait for more of an answer may take;
                or an httpx.Timeout. Without it 30, or as http_client says.
            max_retries: how many times to repeat a request that failed and may be repeated.
            retry_writes: also repeat calls that write where the server may have acted on the
                first attempt. May create the same thing twice.
            default_headers: sent with every request.
            strict_responses: refuse answers that are not what the document says, instead of
                reading them as far as they go.
            page_parameter: the query parameter that asks for the next page; None: as the
                document names it.
            http_client: your own httpx.Client or, for `AsyncHeidi`, httpx.AsyncClient, with your
                proxies, certificates or HTTP/2. It is yours to close.

        Raises:
            ConfigurationError: an option is missing, contradicts another, or is not safe.
        """
        given = _options.conceal(
            token=token,
            api_key=api_key,
            email=email,
            third_party_internal_id=third_party_internal_id,
        )
        del token, api_key, email, third_party_internal_id  # tracebacks that show locals show these
        credentials = _options.credentials(given, provider=token_provider is not None)
        own_client = http_client is not None
        settings = Settings(
            base_url=_options.base_url(base_url, region),
            own_client=own_client,
            timeout=DEFAULT_TIMEOUT if timeout is UNSET and not own_client else timeout,
            max_retries=max_retries,
            retry_writes=retry_writes,
            default_headers=default_headers or {},
            strict_responses=strict_responses,
            page_parameter=page_parameter,
        )
        pool = self._pool_class(settings.base_url, http_client)
        if isinstance(credentials, _options.Key):
            source: TokenSource = IssuedTokens(Issuer(credentials, settings), pool.send)
        else:
            source = given_tokens(credentials, token_provider)
        auth = TokenAuth(source, settings.base_url)
        self._set_up(self._engine_class(pool, auth, settings), derived=False)

    def with_options(
        self,
        *,
        timeout: float | Timeout | Unset = UNSET,
        max_retries: int | Unset = UNSET,
        retry_writes: bool | Unset = UNSET,
        default_headers: Mapping[str, str] | Unset = UNSET,
        strict_responses: bool | Unset = UNSET,
    ) -> Self:
        """Derive a client with other options, which shares this one's connections and token.

        It lives as long as this one; closing it does nothing. What is left out stays as it is here.

        Args:
            timeout: seconds that connecting, sending and each wait for more of an answer may take;
                or an httpx.Timeout.
            max_retries: how many times to repeat a request that failed and may be repeated.
            retry_writes: also repeat calls that write where the server may have acted on the
                first attempt. May create the same thing twice.
            default_headers: sent with every request, on top of those that are there.
            strict_responses: refuse answers that are not what the document says.

        Returns:
            A client of the same class.

        Raises:
            ConfigurationError: an option is not what it must be.
        """
        settings = self._engine.settings.evolve(
            timeout=timeout,
            max_retries=max_retries,
            retry_writes=retry_writes,
            default_headers=default_headers,
            strict_responses=strict_responses,
        )
        engine = self._engine_class(self._engine.pool, self._engine.auth, settings)
        client = object.__new__(type(self))
        client.__dict__.update(self.__dict__)
        client._set_up(engine, derived=True)
        return client

    def __repr__(self) -> str:
        return f"<{type(self).__name__} at {self._base_url}>"

    def _set_up(self, engine: Any, *, derived: bool) -> None:
        self._engine = engine
        self._base_url = engine.settings.base_url
        self._derived = derived
        self._set_up_resources(engine)

    def _set_up_resources(self, sender: Any) -> None:
        raise NotImplementedError


class Heidi(Resources, _Client[str, HttpxClient]):
    """The Heidi Sessions API.

    Threads may share it. Clients that derive from it by `with_options` share its connections and
    its token. Close it after use, or use it in a `with` statement.
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
    `asyncio.run` closes at its end if nobody did before. Clients that derive from it by
    `with_options` share its connections and its token. Close it after use, or use it in an
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
