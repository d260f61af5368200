"""What each operation of the document does, once its request is known to be right."""

import json
import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, NamedTuple, TypeAlias

from heidi_sandbox._cursor import Cursors, InvalidCursorError
from heidi_sandbox._errors import (
    ContentTooLargeError,
    InvalidRequestError,
    NoLinkedUserError,
    SessionNotFoundError,
)
from heidi_sandbox._json import dump
from heidi_sandbox._request import LARGEST_BODY
from heidi_sandbox._sessions import new_session, now, updated
from heidi_sandbox._store import Store
from heidi_sandbox._tokens import Caller, Tokens

_ID_BITS: Final = 128
# Bytes. Every body fits into a new session, and a page of a hundred into memory.
_LARGEST_SESSION: Final = 2 * LARGEST_BODY


class Call(NamedTuple):
    """A request that the document takes: who asks, and the values of its parts."""

    caller: Caller
    path: Mapping[str, str]
    query: Mapping[str, Any]
    body: Mapping[str, Any]


Handler: TypeAlias = Callable[[Call], Awaitable[bytes]]


class Operations:
    """The operations on one store, by operationId: each returns the JSON text of its success."""

    def __init__(self, store: Store, tokens: Tokens, cursors: Cursors) -> None:
        self._store = store
        self._tokens = tokens
        self._cursors = cursors
        self.handlers: Mapping[str, Handler] = {
            "createSession": self._create_session,
            "getSession": self._get_session,
            "issueToken": self._issue_token,
            "listLinkedUserSessions": self._list_linked_user_sessions,
            "updateSession": self._update_session,
        }

    async def _issue_token(self, call: Call) -> bytes:
        issued = self._tokens.issue(call.query["email"], call.query["third_party_internal_id"])
        expires = issued.expires.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return dump({"token": issued.token, "expiration_time": expires})

    async def _create_session(self, call: Call) -> bytes:
        session_id = str(secrets.randbits(_ID_BITS))
        await self._store.create(
            call.caller.user,
            session_id,
            lambda number: dump(new_session(session_id, number, now(), call.body)),
        )
        return dump({"session_id": session_id})

    async def _get_session(self, call: Call) -> bytes:
        return _envelope(await self._store.get(call.caller.user, call.path["session_id"]))

    async def _update_session(self, call: Call) -> bytes:
        if not call.body:  # nothing that we know was sent, so nothing changes
            return await self._get_session(call)
        return _envelope(
            await self._store.update(
                call.caller.user,
                call.path["session_id"],
                lambda document: _changed(document, call.body),
            )
        )

    async def _list_linked_user_sessions(self, call: Call) -> bytes:
        user, linked = call.caller
        if not linked:
            raise NoLinkedUserError("error: no linked user")
        try:
            cursor = call.query["page"]
            below = None if cursor is None else self._cursors.read(user, cursor)
        except InvalidCursorError:
            raise InvalidRequestError("page: the value is no next_page of this user") from None
        page = await self._store.page(user, below, call.query["page_size"])
        next_page = None if page.next is None else self._cursors.write(user, page.next)
        rest = {
            "count": len(page.documents),
            "total_count": page.total,
            "next_page": next_page,
            "has_next_page": next_page is not None,
        }
        return b'{"sessions":[%b],%b' % (b",".join(page.documents), dump(rest)[1:])


def _changed(document: bytes, members: Mapping[str, Any]) -> bytes:
    changed = dump(updated(json.loads(document.decode()), members, now()))
    if len(changed) > _LARGEST_SESSION:
        raise ContentTooLargeError(f"the session would have more than {_LARGEST_SESSION} bytes")
    return changed


def _envelope(document: bytes | None) -> bytes:
    if document is None:
        raise SessionNotFoundError("Session not found")
    return b'{"session":%b}' % document
