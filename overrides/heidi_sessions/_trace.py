"""A span for each call, for who gives a tracer of OpenTelemetry: names and numbers, no values.

The attributes are those of the semantic conventions for HTTP clients, without any that could hold
an id or what a patient said: https://opentelemetry.io/docs/specs/semconv/http/http-spans/
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from heidi_generated.errors import APIStatusError, HeidiError

if TYPE_CHECKING:
    from collections.abc import Generator
    from contextlib import AbstractContextManager

    from ._calls import Exchange


class Tracer(Protocol):
    """What is needed of `opentelemetry.trace.Tracer`."""

    @property
    def start_as_current_span(self) -> Any:
        """Start a span, which ends when the context ends."""
        ...


@contextlib.contextmanager
def span(tracer: Tracer, exchange: Exchange[Any]) -> Generator[None]:
    """Put a call and all its attempts into one span."""
    operation, server = exchange.prepared.operation, urlsplit(exchange.prepared.server.url)
    attributes = {
        "http.request.method": operation.method,
        "url.template": operation.route,
        "server.address": server.hostname,
        "server.port": server.port or (443 if server.scheme == "https" else 80),
    }
    # Without the stack, which is the caller's to show.
    started: AbstractContextManager[Any] = tracer.start_as_current_span(
        f"{operation.method} {operation.route}", attributes=attributes, record_exception=False
    )
    with started as current:
        try:
            yield
        finally:
            for name, value in _ended(exchange).items():
                current.set_attribute(name, value)


def _ended(exchange: Exchange[Any]) -> dict[str, str | int]:
    told: dict[str, str | int] = {}
    if exchange.retries > 0:
        told["http.request.resend_count"] = exchange.retries
    status = getattr(exchange.result, "status_code", None)
    if isinstance(status, int):
        told["http.response.status_code"] = status
    if isinstance(exchange.result, HeidiError):
        known = isinstance(exchange.result, APIStatusError)
        told["error.type"] = str(status) if known else type(exchange.result).__name__
    return told
