"""Everything that touches httpx: a successor replaces this folder and nothing else."""

from __future__ import annotations

from ._auth import TokenAuth
from ._failures import failure
from ._pool import AsyncPool, SyncPool
from ._timeout import Timeout, as_timeout

__all__ = ["AsyncPool", "SyncPool", "Timeout", "TokenAuth", "as_timeout", "failure"]
