"""Where tokens come from: given, provided by a function, or issued for a key."""

from __future__ import annotations

import copy
import re
import threading
from concurrent.futures import Future
from inspect import isawaitable, iscoroutine
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

import attrs

from . import _clock, _fork
from ._errors import HeidiError, TokenError
from ._secret import Secret

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

# RFC 6750, section 2.1; whatever else ends up in a header could break it.
_TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/-]+=*", re.ASCII)

MAX_MARGIN: Final = 60.0
"""Seconds before its end at which a token is replaced; at most a tenth of its life."""


class TokenSource(Protocol):
    """Gives the token to send; `refused` is the one that the server just answered 401 to."""

    def token(self, refused: Secret | None = None) -> Secret: ...

    async def token_async(self, refused: Secret | None = None) -> Secret: ...


def is_token(text: object) -> bool:
    """Say whether a header can carry it."""
    return isinstance(text, str) and _TOKEN.fullmatch(text) is not None
