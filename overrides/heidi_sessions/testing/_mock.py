from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, Final

from heidi_sessions import AsyncHeidi, Heidi, _json
from heidi_sessions._http._mock import Reply, mock_async_client, mock_client
from heidi_sessions._settings import DEFAULT_TIMEOUT

from ._factories import make_session_json

if TYPE_CHECKING:
    from heidi_generated.models import Session

    from heidi_sessions._http._mock import Fault, Received

    from ._steps import Step

BASE_URL: Final = "https://heidi.test/api"
_PREFIX: Final = "/api/sessions"
_DEFAULT_PAGE_SIZE: Final = "10"
_PAGE_SIZES: Final = range(1, 101)
_CREDENTIALS: Final = {"token", "token_provider", "api_key", "email", "third_party_internal_id"}
_JWT: Final = {"token": "mock", "expiration_time": "2999-01-01T00:00:00.000Z"}


class HeidiMock:
    """A server in memory, for one linked user, that fails when a test tells it to.

    It knows the four calls and little else: what it accepts, the sandbox may refuse. A page that
    cannot be asked for is a 422, as in the strict document.

    Attributes:
        requests: what was received, in its order.
        waits: how long the client waited between attempts, in seconds; only the fixture fills it.
    """

    def __init__(self) -> None:
        self.requests: list[Received] = []
        self.waits: list[float] = []
        self._sessions: dict[str, dict[str, Any]] = {}
        self._steps: list[Step] = []
        self._ids = itertools.count(1)

    def client(self, **options: Any) -> Heidi:
        """Make a client of this server.

        Args:
            options: those of `Heidi`, but for http_client; a token is not needed.

        Raises:
            TypeError: http_client is given.
            ConfigurationError: an option is not what it must be.
        """
        return Heidi(**_with_defaults(options), http_client=mock_client(self._handle))

    def async_client(self, **options: Any) -> AsyncHeidi:
        """Make a client of this server for asyncio.

        Args:
            options: those of `AsyncHeidi`, but for http_client; a token is not needed.

        Raises:
            TypeError: http_client is given.
            ConfigurationError: an option is not what it must be.
        """
        return AsyncHeidi(**_with_defaults(options), http_client=mock_async_client(self._handle))

    def add(self, *sessions: Session) -> None:
        """Put sessions on the server.

        Args:
            sessions: the newest last; one with the id of an older one takes its place.
        """
        for session in sessions:
            self._sessions[session.session_id] = session.to_dict()

    def next(self, *steps: Step) -> None:
        """Say what becomes of the next requests; after those, all goes well.

        Args:
            steps: one for each request, requests for a token and repeated ones included.
        """
        self._steps.extend(steps)

    def _handle(self, request: Received) -> Reply | Fault:
        self.requests.append(request)
        if self._steps:
            outcome = self._steps.pop(0).answer(request)
            if outcome is not None:
                return outcome
        return self._answer(request)

    def _answer(self, request: Received) -> Reply:
        if request.path == "/api/jwt":
            return _reply(_JWT)
        session_id = request.path.removeprefix(_PREFIX).removeprefix("/")
        body: Any = request.json or {}
        if request.method == "POST":
            return self._create(body)
        if session_id == "linked-user":
            return self._list(request)
        if session_id not in self._sessions:
            detail = {"msg": "Session not found", "type": "SessionNotFoundError"}
            return _reply({"detail": detail}, 404)
        if request.method == "PATCH":
            merged = make_session_json(**{**self._sessions[session_id], **_without_patient(body)})
            merged["patient"] = {**merged["patient"], **body.get("patient", {})}
            self._sessions[session_id] = merged
        return _reply({"session": self._sessions[session_id]})

    def _create(self, body: dict[str, Any]) -> Reply:
        session_id = str(next(self._ids))
        appointment = body.get("ehr_appointment_id")
        self._sessions[session_id] = make_session_json(
            session_id=session_id, ehr_appt_id=appointment, duration=0
        )
        return _reply({"session_id": session_id})

    def _list(self, request: Received) -> Reply:
        start = _whole_number(request.query.get("page", "0"), range(len(self._sessions) + 1))
        size = _whole_number(request.query.get("page_size", _DEFAULT_PAGE_SIZE), _PAGE_SIZES)
        if start is None or size is None:
            msg = "page_size: give 1 to 100" if size is None else "page: no next_page of this mock"
            return _reply({"detail": {"msg": msg, "type": "InvalidRequestError"}}, 422)
        end = start + size
        newest_first = list(reversed(self._sessions.values()))
        sessions = newest_first[start:end]
        more = end < len(newest_first)
        return _reply(
            {
                "sessions": sessions,
                "count": len(sessions),
                "total_count": len(newest_first),
                "next_page": str(end) if more else None,
                "has_next_page": more,
            }
        )


def _whole_number(text: str, allowed: range) -> int | None:
    number = int(text) if text.isascii() and text.isdigit() else -1
    return number if number in allowed else None


def _with_defaults(options: dict[str, Any]) -> dict[str, Any]:
    if "http_client" in options:
        raise TypeError("http_client: a mock has its own; make a Heidi yourself to use yours")
    defaults: dict[str, Any] = {"base_url": BASE_URL, "timeout": DEFAULT_TIMEOUT}
    if not _CREDENTIALS & options.keys():
        defaults["token"] = "mock"  # noqa: S105  # opens nothing
    return defaults | options


def _without_patient(body: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name != "patient"}


def _reply(body: object, status_code: int = 200) -> Reply:
    return Reply(status_code, _json.dump(body), {"content-type": "application/json"})
