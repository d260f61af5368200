"""Ends a call at its deadline, whatever the server sends, and however slowly.

A timeout of httpx bounds each wait for more, and so no call as a whole: a server that sends a byte
at a time, or one response of 1xx after the other, would never end. On asyncio a task can be
cancelled instead.
"""

from __future__ import annotations

import threading
from typing import Any, Final

import httpx

from heidi_sessions import _clock


class _Call(threading.local):
    ends = float("inf")


_call: Final = _Call()
"""What this thread calls."""


def wait_until(ends: float) -> None:
    """Limit the waits of our connections in this thread until the next call."""
    _call.ends = ends


def left(ends: float) -> float:
    """Return the seconds until a moment.

    Raises:
        httpx.ReadTimeout: it has passed.
    """
    seconds = ends - _clock.monotonic()
    if seconds <= 0:
        raise httpx.ReadTimeout("the deadline has passed")
    return seconds


def within_deadlines(transport: httpx.BaseTransport) -> httpx.BaseTransport:
    """Let a transport of httpx's own keep to deadlines."""
    pool: Any = getattr(transport, "_pool", None)
    if pool is not None:
        pool._network_backend = _Backend(pool._network_backend)  # noqa: SLF001  # httpx passes none on
    return transport


class _Backend:
    """Opens streams of httpcore that keep to the deadline of the call."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def connect_tcp(self, *args: Any, timeout: float | None = None, **kwargs: Any) -> _Stream:
        try:
            seconds = _bounded(timeout)
        except httpx.ReadTimeout:
            raise httpx.ConnectTimeout("the deadline has passed") from None
        return _Stream(self._inner.connect_tcp(*args, timeout=seconds, **kwargs))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class _Stream:
    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self._read, self._write = inner.read, inner.write
        self.get_extra_info = inner.get_extra_info

    def read(self, max_bytes: int, timeout: float | None = None) -> Any:
        return self._read(max_bytes, _bounded(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._write(buffer, _bounded(timeout))

    def start_tls(self, *args: Any, timeout: float | None = None, **kwargs: Any) -> _Stream:
        return _Stream(self._inner.start_tls(*args, timeout=_bounded(timeout), **kwargs))

    def close(self) -> None:
        self._inner.close()


def _bounded(timeout: float | None) -> float:
    seconds = left(_call.ends)
    return seconds if timeout is None or seconds < timeout else timeout
