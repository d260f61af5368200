"""A tracer of OpenTelemetry sees one span for a call, and nothing private."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from heidi_sessions import APIConnectionError, ConfigurationError, Heidi, NotFoundError
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from .harness import BASE_URL, Driver, Script, envelope

if TYPE_CHECKING:
    from collections.abc import Callable

    from .harness import Step

ID = "170141183460469231731687303715884105727"


@pytest.fixture(params=["sync", "async"])
def traced(request: pytest.FixtureRequest) -> Callable[..., ReadableSpan]:
    """Read a session from a server that responds in steps; return the span of the call."""

    def call(*steps: Step, fails: type[Exception] | None = None, **options: Any) -> ReadableSpan:
        exporter = InMemorySpanExporter()
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(exporter))
        driver = Driver(request.param, Script(*steps))
        options |= {"tracer": provider.get_tracer("test"), "token": "t-secret"}
        with pytest.raises(fails) if fails else contextlib.nullcontext():
            driver.run(lambda client: client.sessions.get(ID), **options)
        (span,) = exporter.get_finished_spans()
        told = span.to_json()
        assert not [word for word in ("Jane", ID, "t-secret") if word in told]
        return span

    return call


def test_a_call_is_one_span_named_after_method_and_route(
    traced: Callable[..., ReadableSpan],
) -> None:
    span = traced(envelope())

    assert "GET /sessions/{session_id}" == span.name
    assert {
        "http.request.method": "GET",
        "url.template": "/sessions/{session_id}",
        "server.address": httpx.URL(BASE_URL).host,
        "server.port": 443,
        "http.response.status_code": 200,
    } == dict(span.attributes or {})


def test_retries_are_counted_in_the_span_of_the_call(
    traced: Callable[..., ReadableSpan],
) -> None:
    broken = httpx.Response(503, headers={"retry-after": "0"})
    attributes = traced(broken, envelope()).attributes or {}

    assert 1 == attributes["http.request.resend_count"]
    assert 200 == attributes["http.response.status_code"]


def test_an_error_has_its_status_but_no_message_of_the_server(
    traced: Callable[..., ReadableSpan],
) -> None:
    said = {"detail": {"type": "SessionNotFoundError", "msg": "Jane Roe is not here"}}
    span = traced(httpx.Response(404, json=said), fails=NotFoundError)

    assert "404" == (span.attributes or {})["error.type"]
    assert StatusCode.ERROR is span.status.status_code


def test_a_missing_response_is_named_by_its_error(
    traced: Callable[..., ReadableSpan],
) -> None:
    refused = httpx.ConnectError("no way to Jane Roe")
    attributes = traced(refused, fails=APIConnectionError, max_retries=0).attributes or {}

    assert "APIConnectionError" == attributes["error.type"]
    assert "http.response.status_code" not in attributes


def test_an_object_that_is_not_a_tracer_is_refused() -> None:
    wrong: Any = object()
    with pytest.raises(ConfigurationError, match="tracer must be a tracer of OpenTelemetry"):
        Heidi(token="t", tracer=wrong)
