"""Cursors: where in a list a page begins, in a form that only we can write."""

import base64
import hashlib
import hmac
from typing import Final

from heidi_sandbox._keys import derive_key

_NUMBER_BYTES: Final = 8
_SIGNATURE_BYTES: Final = 16


class InvalidCursorError(Exception):
    """The string is no cursor of this list."""


class Cursors:
    """Write and read the cursors of every collection.

    Args:
        secret: what the signatures are made from.
    """

    def __init__(self, secret: bytes) -> None:
        self._key = derive_key(secret, "cursor")

    def write(self, collection: str, number: int) -> str:
        """Return the cursor for what stands below a number."""
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
