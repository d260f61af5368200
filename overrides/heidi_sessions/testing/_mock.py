from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from heidi_sessions import AsyncHeidi, Heidi, _credentials, _json
from heidi_sessions._http._mock import Reply, mock_async_client, mock_client
from heidi_sessions._settings import DEFAULT_TIMEOUT

from ._server import RefusalError, Server
from ._steps import Step

if TYPE_CHECKING:
    from collections.abc import Mapping

    from heidi_generated.decoding import Model

    from heidi_sessions._http._mock import Fault, Received
    from heidi_sessions._tokens import TokenSource

BASE_URL: Final = "https://heidi.test/api"
_PREFIX: Final = "/api"
_CREDENTIALS: Final = {"token", "token_provider", "api_key", "email", "third_party_internal_id"}


class HeidiMock:
    """A server in memory, for one linked user, that fails when a test tells it to.

    Whoever a client calls `as_user` is that user: `heidi_sandbox` keeps users apart.

    It has every operation of the document, sends the headers that the document declares, and
    refuses what the strict document refuses. It cannot know what no document says, such as what a
    filter means.

    Attributes:
        requests: what was received, in its order.
        waits: how long the client waited between attempts, in seconds; only the fixture fills it.
    """

    def __init__(self) -> None:
        self.requests: list[Received] = []
        self.waits: list[float] = []
        self._server = Server()
        self._steps: list[Step] = []

    def client(self, **options: Any) -> Heidi:
        """Make a client of this server.

        Args:
            options: those of `Heidi`, but for http_client; a token is not needed.

        Raises:
            TypeError: http_client is given.
            ConfigurationError: an option is not what it must be.
        """
        kind = Heidi if _CREDENTIALS & options.keys() else _Heidi
        return kind(**_with_defaults(options), http_client=mock_client(self._handle))

    def async_client(self, **options: Any) -> AsyncHeidi:
        """Make a client of this server for asyncio.

        Args:
            options: those of `AsyncHeidi`, but for http_client; a token is not needed.

        Raises:
            TypeError: http_client is given.
            ConfigurationError: an option is not what it must be.
        """
        kind = AsyncHeidi if _CREDENTIALS & options.keys() else _AsyncHeidi
        return kind(**_with_defaults(options), http_client=mock_async_client(self._handle))

    def add(self, *resources: Model) -> None:
        """Put resources, such as sessions, on the server.

        Args:
            resources: the newest last; one with the id of an older one takes its place.
        """
        for model in resources:
            self._server.put(type(model).__name__, model.to_dict())

    def next(self, *steps: Step) -> None:
        """Set the outcomes of the next requests; after those, all succeed.

        Args:
            steps: one for each request, requests for a token and repeated ones included.

        Raises:
            TypeError: one is not an outcome, such as `rate_limited` without its parentheses.
        """
        self._steps += [_outcome(step) for step in steps]

    def _handle(self, request: Received) -> Reply | Fault:
        self.requests.append(request)
        if self._steps:
            outcome = self._steps.pop(0).outcome(request)
            if outcome is not None:
                return outcome
        try:
            response = self._server.respond(request, request.path.removeprefix(_PREFIX))
        except RefusalError as refusal:
            response = refusal.status, refusal.body, refusal.headers
        status, body, headers = response
        if body is None:
            return Reply(status, b"", headers)
        return Reply(status, _json.dump(body), {**headers, "content-type": "application/json"})


class _AnyUser:
    """What a client of the mock has whose token is good for every user."""

    _engine: Any

    def _tokens_of(self, user: Mapping[str, str]) -> TokenSource:
        _credentials.user(_credentials.conceal(**user))
        tokens: TokenSource = self._engine.tokens
        return tokens


class _Heidi(_AnyUser, Heidi):
    pass


class _AsyncHeidi(_AnyUser, AsyncHeidi):
    pass


def _with_defaults(options: dict[str, Any]) -> dict[str, Any]:
    if "http_client" in options:
        raise TypeError("http_client: a mock has its own; make a Heidi yourself to use yours")
    defaults: dict[str, Any] = {"base_url": BASE_URL, "timeout": DEFAULT_TIMEOUT}
    if not _CREDENTIALS & options.keys():
        defaults["token"] = "mock"  # noqa: S105  # opens nothing
    return defaults | options


def _outcome(step: object) -> Step:
    if not isinstance(step, Step):
        name = getattr(step, "__name__", type(step).__name__)
        raise TypeError(f"{name} is not an outcome; write a call such as rate_limited()")
    return step
