"""One secret, and a key of its own for each purpose."""

import hashlib
import hmac
from typing import Literal

Purpose = Literal["cursor", "token", "user"]


def derive_key(secret: bytes, purpose: Purpose) -> bytes:
    """Return 32 bytes that tell nothing about the secret or the other keys."""
    return hmac.digest(secret, purpose.encode(), hashlib.sha256)
