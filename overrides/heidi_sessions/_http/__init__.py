"""Everything that touches httpx: a successor replaces this folder and nothing else."""

from __future__ import annotations

from httpx import AsyncClient as HttpxAsyncClient
from httpx import Client as HttpxClient
from httpx import Timeout

from ._clients import all_headers, as_timeout, encoded
from ._pool import AsyncPool, SyncPool

__all__ = [
    "AsyncPool",
    "HttpxAsyncClient",
    "HttpxClient",
    "SyncPool",
    "Timeout",
    "all_headers",
    "as_timeout",
    "encoded",
]
