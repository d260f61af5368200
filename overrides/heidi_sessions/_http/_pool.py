from __future__ import annotations

import functools
import threading
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

import httpx

from .. import _fork
from .._errors import APIConnectionError, ClosedClientError, HeidiError
from .._messages import Answer
from ._failures import failure
from ._privacy import hide_queries

if TYPE_CHECKING:
    import ssl
    from asyncio import AbstractEventLoop

    from .._messages import Outgoing
    from ._auth import TokenAuth

_LOOPBACK: Final = ("http://",)
# A child process must not close the connections that it inherits: they are still its parent's.
_inherited: Final[list[object]] = []


class SyncPool:
    """The connections of a `Heidi` and all that derive from it."""

    def __init__(self, base_url: str, client: httpx.Client | None) -> None:
        hide_queries(base_url)
        self._options = _client_options(base_url)
        self._given = client
        self._own: httpx.Client | None = None
        self._lock = threading.Lock()
        self._closed = False
        _fork.call_in_child(self._start_over)

    def send(self, outgoing: Outgoing, auth: TokenAuth | None) -> Answer | HeidiError:
        """Make one attempt; a failure is returned, free of all that it saw."""
        client = self._client()
        try:
            request = client.build_request(**_request_options(outgoing))
            response = client.send(request, auth=auth, follow_redirects=False)
        except Exception as error:  # noqa: BLE001  # sorted, and raised again where it is not ours
            return _outcome(error, outgoing)
        except BaseException as error:  # Ctrl-C: httpx's frames hold the token
            raise error.with_traceback(None)  # noqa: B904
        return Answer(response.status_code, response.headers, response.content)

    def close(self) -> None:
        """Close what was opened here; a client that was given is left to its owner."""
        with self._lock:
            self._closed = True
            own, self._own = self._own, None
        if own is not None:
            own.close()
