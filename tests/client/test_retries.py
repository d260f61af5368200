from __future__ import annotations

import logging
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from heidi_sessions import (
    APIConnectionError,
    APIResponseValidationError,
    APIStatusError,
    RateLimitError,
)

from .harness import Driver, Script, envelope, failure, page

if TYPE_CHECKING:
    from collections.abc import Callable

    from .conftest import Clock

CALLS: dict[str, Callable[[Any], Any]] = {
    "get": lambda c: c.sessions.get("1"),
    "list": lambda c: c.sessions.list().first_page(),
    "create": lambda c: c.sessions.create(),
    "update": lambda c: c.sessions.update("1", duration=1),
}
RESPONSES: dict[str, httpx.Response] = {
    "get": envelope(),
    "list": page(["1"], 1, None),
    "create": httpx.Response(200, json={"session_id": "1"}),
    "update": envelope(),
}
READS = ("get", "list")

NEVER_CONNECTED: list[Any] = [
    httpx.ConnectError("x"),
    httpx.ConnectTimeout("x"),
    httpx.PoolTimeout("x"),
]
REFUSED: list[Any] = [
    failure(429),
    failure(429, **{"retry-after": "1"}),
    failure(503, **{"retry-after": "1"}),
]
MAY_HAVE_ACTED: list[Any] = [
    httpx.ReadTimeout("x"),
    httpx.WriteTimeout("x"),
    httpx.ReadError("x"),
    httpx.WriteError("x"),
    httpx.RemoteProtocolError("x"),
    *(failure(status) for status in (500, 502, 503, 504, 520, 524)),
]
UNREADABLE = httpx.Response(200, text='{"session')
FINAL: list[Any] = [failure(status) for status in (400, 401, 403, 404, 409, 413, 422, 501)]


def name(step: Any) -> str:
    return str(step.status_code) if isinstance(step, httpx.Response) else type(step).__name__


def count(make: Callable[..., Driver], call: str, step: Any, **options: Any) -> int:
    """How many requests a call makes if the first one fails."""
    script = Script(step, RESPONSES[call])
    driver = make(script)
    try:
        driver.run(CALLS[call], **options)
    except (APIConnectionError, APIStatusError):
        assert 1 == len(script.requests)
    return len(script.requests)


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("step", NEVER_CONNECTED + REFUSED, ids=name)
def test_a_request_that_cannot_have_arrived_is_retried(
    driver: Callable[..., Driver], call: str, step: Any
) -> None:
    assert 2 == count(driver, call, step)


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("step", MAY_HAVE_ACTED, ids=name)
def test_a_request_that_may_have_arrived_is_retried_only_for_reads(
    driver: Callable[..., Driver], call: str, step: Any
) -> None:
    assert (2 if call in READS else 1) == count(driver, call, step)


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize(
    ("step", "expected"),
    [
        *((step, False) for step in (*NEVER_CONNECTED, *REFUSED)),
        *((failure(status), False) for status in (307, 308, 404, 422)),
        *((step, True) for step in (*MAY_HAVE_ACTED, UNREADABLE)),
        *((failure(status), True) for status in (301, 302, 303, 501)),
    ],
    ids=name,
)
def test_every_error_says_whether_the_server_may_have_acted(
    driver: Callable[..., Driver], step: Any, expected: bool
) -> None:
    with pytest.raises((APIConnectionError, APIStatusError, APIResponseValidationError)) as caught:
        driver(Script(step)).run(CALLS["create"], max_retries=0)
    assert expected is caught.value.may_have_arrived


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize("last", [httpx.ConnectError("x"), failure(404)], ids=name)
def test_a_server_may_have_acted_on_an_earlier_attempt(
    driver: Callable[..., Driver], last: Any
) -> None:
    script = Script(httpx.ReadTimeout("x"), last)
    with pytest.raises((APIConnectionError, APIStatusError)) as caught:
        driver(script).run(CALLS["create"], max_retries=1, retry_writes=True)
    assert (2, True) == (len(script.requests), caught.value.may_have_arrived)


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize("call", ["create", "update"])
@pytest.mark.parametrize("step", MAY_HAVE_ACTED, ids=name)
def test_writes_are_retried_if_the_user_asks_for_it(
    driver: Callable[..., Driver], call: str, step: Any
) -> None:
    assert 2 == count(driver, call, step, retry_writes=True)


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("step", FINAL, ids=name)
def test_an_error_of_the_caller_is_not_retried(
    driver: Callable[..., Driver], call: str, step: Any
) -> None:
    assert 1 == count(driver, call, step, retry_writes=True)


@pytest.mark.parametrize("max_retries", [0, 1, 2, 5])
def test_max_retries_limits_the_attempts_and_the_error_has_their_number(
    driver: Callable[..., Driver], clock: Clock, max_retries: int
) -> None:
    script = Script(failure(500))
    with pytest.raises(APIStatusError) as caught:
        driver(script).run(CALLS["get"], max_retries=max_retries)
    assert 1 + max_retries == len(script.requests)
    assert max_retries == caught.value.retries_taken == len(clock.sleeps)


@pytest.mark.usefixtures("clock")
def test_a_late_success_has_the_number_of_its_retries(driver: Callable[..., Driver]) -> None:
    script = Script(failure(500), httpx.ReadTimeout("x"), envelope("7"))
    raw = driver(script).run(lambda c: c.sessions.with_raw_response.get("7"))
    assert (2, "7") == (raw.retries_taken, raw.parse().session_id)


@pytest.mark.usefixtures("clock")
def test_a_late_response_that_cannot_be_read_has_that_number_too(
    driver: Callable[..., Driver],
) -> None:
    script = Script(failure(500), httpx.Response(200, text="<html>"))
    with pytest.raises(APIResponseValidationError) as caught:
        driver(script).run(CALLS["get"])
    assert (200, 1) == (caught.value.status_code, caught.value.retries_taken)


@pytest.mark.usefixtures("clock")
def test_the_last_of_several_failures_is_raised() -> None:
    script = Script(httpx.ReadTimeout("x"), failure(500), failure(404))
    with pytest.raises(APIStatusError) as caught:
        Driver("sync", script).run(CALLS["get"])
    assert (404, 2) == (caught.value.status_code, caught.value.retries_taken)


def test_a_write_is_not_retried_after_a_second_failure_of_another_kind(
    driver: Callable[..., Driver], clock: Clock
) -> None:
    script = Script(httpx.ConnectError("x"), httpx.ReadTimeout("x"), RESPONSES["create"])
    with pytest.raises(APIConnectionError):
        driver(script).run(CALLS["create"])
    assert (2, 1) == (len(script.requests), len(clock.sleeps))


def test_the_same_request_is_sent_again() -> None:
    script = Script(failure(429, **{"retry-after": "0"}), RESPONSES["update"])
    Driver("sync", script).run(CALLS["update"])
    first, second = script.requests
    assert (first.method, first.url, first.content) == (second.method, second.url, second.content)
    assert first.headers == second.headers


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7),
        ("0", 0),
        (" 12 ", 12),
        ("60", 60),
        (formatdate(1_700_000_000 + 5, usegmt=True), 5),
        (formatdate(1_700_000_000 - 5, usegmt=True), 0),
    ],
)
def test_retry_after_is_honoured(
    driver: Callable[..., Driver], clock: Clock, header: str, seconds: float
) -> None:
    script = Script(failure(429, **{"retry-after": header}), envelope())
    driver(script).run(CALLS["get"])
    assert [seconds] == clock.sleeps


@pytest.mark.parametrize(
    "header", ["61", "999999999", formatdate(1_700_000_000 + 9_999, usegmt=True)]
)
def test_a_longer_wait_than_a_minute_is_left_to_the_caller(
    driver: Callable[..., Driver], clock: Clock, header: str
) -> None:
    script = Script(failure(429, **{"retry-after": header}))
    with pytest.raises(RateLimitError) as caught:
        driver(script).run(CALLS["get"])
    assert (1, []) == (len(script.requests), clock.sleeps)
    assert caught.value.retry_after is not None


def test_a_date_to_wait_for_is_read_by_the_clock_of_the_server(clock: Clock) -> None:
    server = 1_000_000_000
    dates = {
        "date": formatdate(server, usegmt=True),
        "retry-after": formatdate(server + 9, usegmt=True),
    }
    Driver("sync", Script(failure(503, **dates), envelope())).run(CALLS["get"])
    assert [9] == clock.sleeps


@pytest.mark.parametrize(
    "header",
    [
        "soon",
        "-1",
        "1.5",
        "\u0661",
        "9" * 5000,
        "",
        "Mon, 99 Foo 2024",
        "Mon, 01 Jan 99999999999999999999 00:00:00 GMT",
    ],
)
def test_a_malformed_retry_after_is_ignored(clock: Clock, header: str) -> None:
    response = httpx.Response(503, headers=[(b"retry-after", header.encode())])
    script = Script(response, RESPONSES["create"])
    with pytest.raises(APIStatusError) as caught:
        Driver("sync", script).run(CALLS["create"])
    assert (None, []) == (caught.value.retry_after, clock.sleeps)


def test_the_error_says_how_long_to_wait() -> None:
    script = Script(failure(429, **{"retry-after": "3600"}))
    with pytest.raises(RateLimitError) as caught:
        Driver("sync", script).run(CALLS["get"], max_retries=0)
    assert 3600 == caught.value.retry_after


def test_without_retry_after_waits_are_random_below_a_doubling_limit(clock: Clock) -> None:
    for _ in range(200):
        script = Script(failure(500))
        with pytest.raises(APIStatusError):
            Driver("sync", script).run(CALLS["get"], max_retries=7)
    rounds = [clock.sleeps[start::7] for start in range(7)]
    for bound, sleeps in zip([0.5, 1, 2, 4, 8, 8, 8], rounds, strict=True):
        assert 0 <= min(sleeps) < 0.1 * bound
        assert 0.9 * bound < max(sleeps) <= bound


@pytest.mark.usefixtures("clock")
def test_every_attempt_is_logged(
    driver: Callable[..., Driver], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "heidi_sessions")
    script = Script(failure(503, **{"retry-after": "7"}), httpx.ReadTimeout("x"), envelope())
    driver(script).run(CALLS["get"])
    lines = [r.getMessage() for r in caplog.records if r.name == "heidi_sessions"]
    route = "GET heidi.test/api/sessions/{session_id}"
    assert f"{route}: 503 in 0.0 ms, attempt 1, request id -" == lines[0]
    assert "trying again in 7.0 s" == lines[1]
    assert f"{route}: APITimeoutError in 0.0 ms, attempt 2, request id -" == lines[2]
    assert lines[3].startswith("trying again in ")
    assert f"{route}: 200 in 0.0 ms, attempt 3, request id -" == lines[4]
