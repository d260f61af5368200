"""Signed strings of the sandbox: tokens of callers, and tokens of pages (cursors)."""

import base64
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final, Literal, NamedTuple

import jwt

_ALGORITHM = "HS256"
_UNLINKED = "+unlinked"
_EXPIRED = "+expired"
_MOST_REMEMBERED = 1024  # tokens
_OPTIONS = {"require": ["exp", "sub", "linked"], "verify_exp": False}
# Any: its types name those of cryptography, which HS256 does without.
_jwt: Any = jwt.PyJWT()

_NUMBER_BYTES: Final = 8
_SIGNATURE_BYTES: Final = 16


def _derived(secret: bytes, purpose: Literal["cursor", "seal", "token", "user"]) -> bytes:
    """Return a key of 32 bytes that tells nothing about the secret or the other keys."""
    return hmac.digest(secret, purpose.encode(), hashlib.sha256)


class Caller(NamedTuple):
    """The user a token stands for.

    user: a name derived from the user's identity, which it does not reveal.
    linked: whether the user has a counterpart.
    identity: the JSON array of what names the user; None in a token of an earlier version.
    """

    user: str
    linked: bool
    identity: bytes | None = None


class IssuedToken(NamedTuple):
    """A token, and when it ends."""

    token: str
    expires: datetime


class InvalidTokenError(Exception):
    """The token is not one of ours, or it has expired."""


class Tokens:
    """Issue tokens and read them back.

    Args:
        secret: what tokens and user names are made from.
        lifetime: seconds until a token expires.
    """

    def __init__(self, secret: bytes, lifetime: int) -> None:
        self._key = _derived(secret, "token")
        self._user_key = _derived(secret, "user")
        self._seal_key = _derived(secret, "seal")
        self._lifetime = lifetime
        # Checking a signature is most of the work of reading a session. Invalid tokens are never
        # kept, and a look-up leaks no timing: it compares keyed hashes.
        self._verified = lru_cache(maxsize=_MOST_REMEMBERED)(self._verify)
        self._header = _jwt.encode({}, self._key, _ALGORITHM).partition(".")[0]

    def issue(self, identity: Sequence[str], lifetime: int | None = None) -> IssuedToken:
        """Return a token for one user.

        Args:
            identity: what names the user together; where the first part, or what comes before its
                @, ends in `+unlinked`, the user has no link, and in `+expired`, the token has
                expired.
            lifetime: seconds until it expires, which may be negative; by default the usual time.
        """
        name = identity[0].rpartition("@")[0] or identity[0]
        if lifetime is None:
            lifetime = -1 if name.endswith(_EXPIRED) else self._lifetime
        expires = int(time.time()) + lifetime
        claims = {
            "sub": self.user(identity),
            "user": base64.b64encode(self._sealed(identity)).decode(),
            "linked": not name.endswith(_UNLINKED),
            "exp": expires,
            "jti": secrets.token_hex(8),  # two tokens of one second are not the same
        }
        token = _jwt.encode(claims, self._key, _ALGORITHM)
        return IssuedToken(token, datetime.fromtimestamp(expires, UTC))

    def user(self, identity: Sequence[str]) -> str:
        """Return the name of a user, as collections have it."""
        return hmac.new(self._user_key, json.dumps([*identity]).encode(), "sha256").hexdigest()

    def _sealed(self, identity: Sequence[str]) -> bytes:
        """Return what names a user, encrypted: a token tells nothing of its user."""
        return self._masked(self.user(identity), json.dumps([*identity]).encode())

    def _masked(self, user: str, text: bytes) -> bytes:
        """Encrypt or decrypt. `user` is derived from the text, so no two texts share a mask."""
        mask = hashlib.shake_256(self._seal_key + user.encode()).digest(len(text))
        return bytes(one ^ other for one, other in zip(text, mask, strict=True))

    def read(self, token: str) -> Caller:
        """Return whom a token stands for.

        Raises:
            InvalidTokenError: it was not issued here, was changed, or has expired.
        """
        caller, expires = self._verified(token)
        if expires <= time.time():
            raise InvalidTokenError
        return caller

    def _verify(self, token: str) -> tuple[Caller, int]:
        """Return whom a token stands for, and until when, whether or not that is over."""
        # Nothing may be parsed before its signature is checked: hence the header as text.
        if token.partition(".")[0] != self._header:
            raise InvalidTokenError
        try:
            claims = _jwt.decode(token, self._key, [_ALGORITHM], options=_OPTIONS)
        except jwt.InvalidTokenError:
            raise InvalidTokenError from None
        if token != _jwt.encode(claims, self._key, _ALGORITHM):  # the same bytes, spelled otherwise
            raise InvalidTokenError
        sealed = base64.b64decode(claims.get("user", ""))
        identity = self._masked(claims["sub"], sealed) or None
        return Caller(claims["sub"], claims["linked"], identity), claims["exp"]


class InvalidCursorError(Exception):
    """The string is not a cursor of this list."""


class Cursors:
    """Write and read the cursors of every collection.

    Args:
        secret: what the signatures are made from.
    """

    def __init__(self, secret: bytes) -> None:
        self._key = _derived(secret, "cursor")

    def write(self, collection: str, number: int) -> str:
        """Return the cursor for what is below a number."""
        position = number.to_bytes(_NUMBER_BYTES, "big")
        signature = hmac.digest(self._key, position + collection.encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(position + signature[:_SIGNATURE_BYTES]).decode()

    def read(self, collection: str, cursor: str) -> int:
        """Return the number that a cursor was written for.

        Raises:
            InvalidCursorError: it was never issued for this collection.
        """
        try:
            position = base64.urlsafe_b64decode(cursor)[:_NUMBER_BYTES]
        except ValueError:
            raise InvalidCursorError from None
        number = int.from_bytes(position, "big")
        if not hmac.compare_digest(self.write(collection, number), cursor):
            raise InvalidCursorError
        return number
