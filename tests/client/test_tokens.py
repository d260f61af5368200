from __future__ import annotations

import asyncio
import logging
import multiprocessing
import os
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from heidi_sessions import (
    APIConnectionError,
    APITimeoutError,
    AsyncHeidi,
    AuthenticationError,
    ConfigurationError,
    Heidi,
    TokenError,
    _issuer,
)

from .harness import BASE_URL, Driver, Script, envelope, failure

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from .conftest import Clock

KEY: dict[str, Any] = {
    "token": None,
    "api_key": "partner-key",
    "email": "dr+who@clinic.test",
    "third_party_internal_id": "7/8",
}


class Issuer:
    """Issues numbered tokens with a lifetime in seconds, and responds to calls that carry one."""

    def __init__(
        self,
        life: float = 3600,
        *,
        delay: float = 0,
        gate: threading.Event | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.life = life
        self.delay = delay
        self.gate = gate
        self.now = now
        self.issued = 0
        self.revoked: set[str] = set()
        self.requests: list[httpx.Request] = []
        self.calls: list[str | None] = []
        self.failures: list[Any] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if request.url.path.endswith("/jwt"):
            return self.issue()
        self.calls.append(request.headers.get("authorization"))
        if self.calls[-1] in self.revoked | {None}:
            return failure(401, "AuthenticationError")
        return envelope()

    def issue(self) -> httpx.Response:
        time.sleep(self.delay)
        if self.gate:
            self.gate.wait(20)
        if self.failures:
            step = self.failures.pop(0)
            if isinstance(step, Exception):
                raise step
            return httpx.Response(step.status_code, headers=step.headers, content=step.content)
        self.issued += 1
        end = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(self.now() + self.life))
        return httpx.Response(
            200,
            json={"token": f"token-{self.issued}", "expiration_time": end},
            headers={"date": formatdate(self.now(), usegmt=True)},
        )


def get(client: Any) -> Any:
    return client.sessions.get("1")


def twice(client: Any) -> Any:
    if isinstance(client, Heidi):
        return [get(client), get(client)]

    async def both() -> list[Any]:
        return [await get(client), await get(client)]

    return both()


def test_a_token_is_issued_for_the_key_and_the_user_and_then_kept(
    driver: Callable[..., Driver],
) -> None:
    issuer = Issuer()
    driver(issuer).run(twice, **KEY)
    assert 1 == issuer.issued
    assert ["Bearer token-1", "Bearer token-1"] == issuer.calls
    request = issuer.requests[0]
    assert ("GET", "/api/jwt") == (request.method, request.url.path)
    assert {"email": "dr+who@clinic.test", "third_party_internal_id": "7/8"} == dict(
        request.url.params
    )
    assert "partner-key" == request.headers["heidi-api-key"]
    assert "authorization" not in request.headers


def test_the_key_goes_to_the_token_endpoint_only(driver: Callable[..., Driver]) -> None:
    issuer = Issuer()
    driver(issuer).run(get, **KEY)
    assert "heidi-api-key" not in issuer.requests[1].headers
    assert "partner-key" not in str(issuer.requests[0].url)


def test_clients_that_derive_share_the_token() -> None:
    issuer = Issuer()
    client = Driver("sync", issuer).client(**KEY)
    get(client)
    get(client.with_options(timeout=1))
    assert 1 == issuer.issued


@pytest.mark.parametrize(("life", "kept", "over"), [(3600, 3539, 3541), (100, 89, 91)])
def test_a_token_is_replaced_before_it_ends(
    clock: Clock, life: float, kept: float, over: float
) -> None:
    issuer = Issuer(life, now=clock.now)
    client = Driver("sync", issuer).client(**KEY)
    start = clock.time
    for moment in (0, kept, over):
        clock.time = start + moment
        get(client)
    assert ["Bearer token-1", "Bearer token-1", "Bearer token-2"] == issuer.calls


def test_the_lifetime_of_a_token_is_measured_by_the_clock_of_its_server(clock: Clock) -> None:
    issuer = Issuer(3600, now=lambda: clock.now() - 9_999_999)
    Driver("sync", issuer).run(twice, **KEY)
    assert 1 == issuer.issued


@pytest.mark.parametrize("life", [0, -10])
def test_a_token_that_expires_at_once_is_used_once_without_a_loop(
    driver: Callable[..., Driver], life: float
) -> None:
    issuer = Issuer(life)
    driver(issuer).run(twice, **KEY)
    assert ["Bearer token-1", "Bearer token-2"] == issuer.calls


def test_after_a_401_a_new_token_is_tried_once(driver: Callable[..., Driver]) -> None:
    issuer = Issuer()
    issuer.revoked = {"Bearer token-1"}
    driver(issuer).run(twice, **KEY)
    assert ["Bearer token-1", "Bearer token-2", "Bearer token-2"] == issuer.calls


def test_a_renewed_token_shows_in_the_log_and_in_retries_taken(
    driver: Callable[..., Driver], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "heidi_sessions")
    issuer = Issuer()
    issuer.revoked = {"Bearer token-1"}
    raw = driver(issuer).run(lambda c: c.sessions.with_raw_response.get("1"), **KEY, max_retries=0)
    assert 1 == raw.retries_taken
    outcomes = [(r.operation, r.outcome, r.attempt) for r in caplog.records]  # type: ignore[attr-defined]  # extra
    assert [
        ("issueToken", "200", 1),
        ("getSession", "401", 1),
        ("issueToken", "200", 1),
        ("getSession", "200", 2),
    ] == outcomes


def test_a_second_401_is_final(driver: Callable[..., Driver]) -> None:
    issuer = Issuer()
    issuer.revoked = {f"Bearer token-{number}" for number in range(9)}
    with pytest.raises(AuthenticationError):
        driver(issuer).run(get, **KEY)
    assert ["Bearer token-1", "Bearer token-2"] == issuer.calls


def test_the_body_is_sent_again_with_the_fresh_token(driver: Callable[..., Driver]) -> None:
    issuer = Issuer()
    issuer.revoked = {"Bearer token-1"}
    driver(issuer).run(lambda c: c.sessions.update("1", duration=1), **KEY)
    assert [b'{"duration":1}'] * 2 == [r.content for r in issuer.requests if r.method == "PATCH"]


def test_a_given_token_is_not_tried_twice(driver: Callable[..., Driver]) -> None:
    script = Script(failure(401))
    with pytest.raises(AuthenticationError, match=r"check the token: .* an API key is not a token"):
        driver(script).run(get)
    assert 1 == len(script.requests)


def test_threads_share_one_request_for_a_token() -> None:
    issuer = Issuer(delay=0.1)
    client = Driver("sync", issuer).client(**KEY)
    with ThreadPoolExecutor(16) as threads:
        list(threads.map(lambda _: get(client), range(64)))
    assert (1, 64) == (issuer.issued, len(issuer.calls))


class Slow(httpx.AsyncBaseTransport):
    """Lets other tasks run while a token is issued."""

    def __init__(self, issuer: Issuer, wait: Callable[[], Awaitable[object]]) -> None:
        self.issuer = issuer
        self.wait = wait

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        if request.url.path.endswith("/jwt"):
            await self.wait()
        return self.issuer(request)


def async_client(issuer: Issuer, wait: Callable[[], Awaitable[object]], **more: Any) -> AsyncHeidi:
    options = {name: value for name, value in KEY.items() if value is not None}
    transport = Slow(issuer, wait)
    return AsyncHeidi(
        base_url=BASE_URL, http_client=httpx.AsyncClient(transport=transport), **options, **more
    )


def test_tasks_share_one_request_for_a_token() -> None:
    issuer = Issuer()
    client = async_client(issuer, lambda: asyncio.sleep(0.05))

    async def many() -> None:
        await asyncio.gather(*(get(client) for _ in range(50)))

    asyncio.run(many())
    assert (1, 50) == (issuer.issued, len(issuer.calls))


def test_event_loops_share_one_request_for_a_token() -> None:
    issuer = Issuer()
    client = async_client(issuer, lambda: asyncio.sleep(0.1))

    def loop(_: int) -> None:
        async def some() -> None:
            await asyncio.gather(*(get(client) for _ in range(5)))

        asyncio.run(some())

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(loop, range(4)))
    assert (1, 20) == (issuer.issued, len(issuer.calls))


def test_concurrent_401s_lead_to_one_request_for_a_new_token() -> None:
    issuer = Issuer()
    issuer.revoked = {"Bearer token-1"}
    client = async_client(issuer, lambda: asyncio.sleep(0.02))

    async def many() -> None:
        await asyncio.gather(*(get(client) for _ in range(20)))

    asyncio.run(many())
    assert 2 == issuer.issued


def user(number: int) -> dict[str, str]:
    return {"email": f"dr.{number}@clinic.test", "third_party_internal_id": str(number)}


ALONE: dict[str, Any] = {"token": None, "api_key": "partner-key"}


def test_each_of_many_concurrent_users_gets_one_token() -> None:
    issuer = Issuer(delay=0.01)
    root = Driver("sync", issuer).client(**ALONE)
    with ThreadPoolExecutor(32) as threads:
        list(threads.map(lambda n: get(root.as_user(**user(n % 64))), range(256)))
    asked = [r.url.params["email"] for r in issuer.requests if r.url.path.endswith("/jwt")]
    assert {user(n)["email"] for n in range(64)} == set(asked)
    assert (64, 256) == (len(asked), len(issuer.calls))
    assert {4} == {issuer.calls.count(each) for each in issuer.calls}


def test_each_of_many_users_in_one_event_loop_gets_one_token() -> None:
    issuer = Issuer()

    async def run() -> None:
        root = async_client(issuer, lambda: asyncio.sleep(0.01))
        users = [root.as_user(**user(n % 64)) for n in range(256)]
        await asyncio.gather(*map(get, users))

    asyncio.run(run())
    assert (64, 256, 64) == (issuer.issued, len(issuer.calls), len(set(issuer.calls)))


def test_a_client_of_a_user_shares_connections_and_options(driver: Callable[..., Driver]) -> None:
    issuer = Issuer()
    drive = driver(issuer)
    root = drive.client(**KEY, default_headers={"x-clinic": "1"}, max_retries=0)
    one = root.as_user(**user(1)).with_options(timeout=3)
    drive.wait(lambda: get(one))
    assert type(root) is type(one)
    assert root._engine.pool is one._engine.pool
    assert ["1", "1"] == [request.headers["x-clinic"] for request in issuer.requests]
    assert "dr.1@clinic.test" == issuer.requests[0].url.params["email"]
    drive.wait(lambda: get(root))
    assert "dr+who@clinic.test" == issuer.requests[2].url.params["email"]
    drive.wait(lambda: get(one.as_user(**user(1))))
    assert 2 == issuer.issued


def test_a_key_without_a_user_says_so_when_it_is_used(driver: Callable[..., Driver]) -> None:
    issuer = Issuer()
    with pytest.raises(ConfigurationError, match=r"^no user: set HEIDI_EMAIL .* or call as_user$"):
        driver(issuer).run(get, **ALONE)
    assert [] == issuer.requests


@pytest.mark.parametrize(
    ("options", "named", "message"),
    [
        ({"token": "t"}, {}, "as_user: a token is for one user; give api_key="),
        (ALONE, {"email": ""}, "email is missing"),
        (ALONE, {"third_party_internal_id": 7}, "third_party_internal_id must be a string"),
    ],
)
def test_an_invalid_user_is_refused(
    driver: Callable[..., Driver], options: dict[str, Any], named: dict[str, Any], message: str
) -> None:
    client = driver(Issuer()).client(**options)
    with pytest.raises(ConfigurationError, match=f"^{message}"):
        client.as_user(**{**user(1), **named})


def test_the_tokens_of_the_first_users_are_dropped_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_issuer, "MAX_USERS", 2)
    issuer = Issuer()
    root = Driver("sync", issuer).client(**ALONE)
    for number in (1, 2, 3, 3, 2, 1):
        get(root.as_user(**user(number)))
    assert 4 == issuer.issued


def test_a_task_that_is_cancelled_leaves_the_request_to_the_next() -> None:
    issuer = Issuer()
    started = asyncio.Event()

    async def wait() -> None:
        started.set()
        await asyncio.sleep(0.05)

    async def scenario() -> list[Any]:
        client = async_client(issuer, wait)
        leader = asyncio.create_task(get(client))
        await started.wait()
        followers = [asyncio.create_task(get(client)) for _ in range(3)]
        await asyncio.sleep(0)
        followers.pop().cancel()
        leader.cancel()
        return await asyncio.wait_for(asyncio.gather(*followers), 5)

    assert 2 == len(asyncio.run(scenario()))
    assert 1 == issuer.issued


def test_a_failure_to_get_a_token_is_shared_by_all_that_wait_for_it() -> None:
    issuer = Issuer(delay=0.1)
    issuer.failures = [failure(403, "KeyError")]
    client = Driver("sync", issuer).client(**KEY)
    errors: list[Exception] = []

    barrier = threading.Barrier(4)

    def call(_: int) -> None:
        barrier.wait()
        try:
            get(client)
        except TokenError as error:
            errors.append(error)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(call, range(4)))
    assert 4 == len({id(error) for error in errors})
    assert 1 == len(issuer.requests)


def test_a_refused_key_is_a_token_error_that_shows_no_email(
    driver: Callable[..., Driver],
) -> None:
    issuer = Issuer()
    response = failure(401, "InvalidKeyError", **{"x-request-id": "r-1"})
    issuer.failures = [response]
    with pytest.raises(TokenError) as caught:
        driver(issuer).run(get, **KEY)
    error = caught.value
    assert (
        "GET heidi.test/api/jwt: no token was issued, 401 InvalidKeyError (request id r-1)"
        in str(error)
    )
    assert (401, "InvalidKeyError", "issueToken") == (
        error.status_code,
        error.type,
        error.operation,
    )
    assert [] == issuer.calls


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"{}",
        b'{"token": "t"}',
        b'{"token": null, "expiration_time": "2044-08-01T00:00:00.000Z"}',
        b'{"token": "t", "expiration_time": "tomorrow"}',
        b'{"token": "a b\\nc", "expiration_time": "2044-08-01T00:00:00.000Z"}',
        b'{"token": "", "expiration_time": "2044-08-01T00:00:00.000Z"}',
    ],
)
def test_a_response_without_a_usable_token_is_a_token_error(
    driver: Callable[..., Driver], body: bytes
) -> None:
    issuer = Issuer()
    issuer.failures = [httpx.Response(200, content=body)]
    with pytest.raises(TokenError, match=r"^GET heidi\.test/api/jwt: "):
        driver(issuer).run(get, **KEY)
    assert 1 == len(issuer.requests)


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize(
    "step",
    [
        failure(500),
        failure(429, **{"retry-after": "1"}),
        failure(503),
        httpx.ReadTimeout("x"),
        httpx.ConnectError("x"),
    ],
)
def test_a_temporary_failure_to_get_a_token_is_retried_for_any_call(
    driver: Callable[..., Driver], step: Any
) -> None:
    issuer = Issuer()
    issuer.failures = [step]
    driver(issuer).run(lambda c: c.sessions.update("1", duration=1), **KEY)
    assert ["Bearer token-1"] == issuer.calls


@pytest.mark.usefixtures("clock")
def test_no_response_from_the_token_endpoint_means_that_the_call_was_not_made(
    driver: Callable[..., Driver],
) -> None:
    issuer = Issuer()
    issuer.failures = [httpx.ReadTimeout("x")] * 3
    with pytest.raises(APITimeoutError) as caught:
        driver(issuer).run(lambda c: c.sessions.create(), **KEY)
    assert (False, 2) == (caught.value.may_have_arrived, caught.value.retries_taken)


def test_a_provider_is_asked_before_every_request(driver: Callable[..., Driver]) -> None:
    tokens = iter(["one", "two", "three"])
    issuer = Issuer()
    driver(issuer).run(twice, token=None, token_provider=lambda: next(tokens))
    assert ["Bearer one", "Bearer two"] == issuer.calls


def test_a_provider_is_asked_once_more_after_a_401(driver: Callable[..., Driver]) -> None:
    tokens = iter(["one", "two", "three"])
    issuer = Issuer()
    issuer.revoked = {"Bearer one"}
    driver(issuer).run(get, token=None, token_provider=lambda: next(tokens))
    assert ["Bearer one", "Bearer two"] == issuer.calls


def test_a_provider_that_returns_the_refused_token_is_not_asked_again() -> None:
    issuer = Issuer()
    issuer.revoked = {"Bearer one"}
    with pytest.raises(AuthenticationError, match=r"check what token_provider returns$"):
        Driver("sync", issuer).run(get, token=None, token_provider=lambda: "one")
    assert ["Bearer one"] == issuer.calls


def test_a_provider_may_be_a_coroutine_function() -> None:
    async def provide() -> str:
        await asyncio.sleep(0)
        return "one"

    issuer = Issuer()
    Driver("async", issuer).run(get, token=None, token_provider=provide)
    assert ["Bearer one"] == issuer.calls


def test_a_coroutine_function_needs_the_async_client() -> None:
    async def provide() -> str:
        return "one"

    with pytest.raises(TokenError, match="AsyncHeidi takes it"):
        Driver("sync", Issuer()).run(get, token=None, token_provider=provide)


@pytest.mark.parametrize("kind", ["sync", "async", "coroutine"])
def test_a_provider_that_fails_is_named_and_is_the_cause(kind: str) -> None:
    cause = LookupError("vault is sealed")

    def provide() -> str:
        raise cause

    async def provide_async() -> str:
        raise cause

    driver = Driver("sync" if kind == "sync" else "async", Issuer())
    provider = provide_async if kind == "coroutine" else provide
    with pytest.raises(TokenError, match=r"^token_provider: failed with LookupError$") as caught:
        driver.run(get, token=None, token_provider=provider)
    assert cause is caught.value.__cause__


@pytest.mark.parametrize("text", ["", "a b", "x\r\nHost: evil", None, 7, b"bytes", "Bearer x"])
def test_a_provider_that_gives_no_token_is_refused(
    driver: Callable[..., Driver], text: Any
) -> None:
    issuer = Issuer()
    with pytest.raises(TokenError, match="not a bearer token"):
        driver(issuer).run(get, token=None, token_provider=lambda: text)
    assert [] == issuer.requests


@pytest.mark.skipif(sys.platform == "win32", reason="processes are not forked there")
def test_a_child_process_gets_a_token_although_its_parent_was_getting_one() -> None:
    entered, leave = threading.Event(), threading.Event()
    issuer = Issuer()
    issue = issuer.issue
    parent = os.getpid()

    def issue_slowly() -> httpx.Response:
        if os.getpid() == parent:
            entered.set()
            leave.wait(10)
        return issue()

    issuer.issue = issue_slowly  # type: ignore[method-assign]  # slower, in the parent only
    client = Driver("sync", issuer).client(**KEY)
    asking = threading.Thread(target=get, args=(client,))
    asking.start()
    assert entered.wait(10)

    def in_child() -> None:
        os._exit(0 if get(client).session_id == "1234567890" else 1)

    child = multiprocessing.get_context("fork").Process(target=in_child)
    child.start()
    child.join(10)
    exit_code = child.exitcode
    child.kill()
    child.join()
    leave.set()
    asking.join(10)
    assert 0 == exit_code


def test_an_interrupted_request_for_a_token_is_made_again() -> None:
    issuer = Issuer()
    issuer.failures = [MistakeError()]
    client = Driver("sync", issuer).client(**KEY)
    with pytest.raises(MistakeError):
        get(client)
    get(client)
    assert 1 == issuer.issued


class MistakeError(Exception):
    """Something that cannot be sorted."""


def test_no_redirect_is_followed_even_if_the_users_client_would(
    driver: Callable[..., Driver],
) -> None:
    issuer = Issuer()
    issuer.failures = [httpx.Response(302, headers={"location": "https://evil.test/"})]
    drive = driver(issuer)
    client = drive.client(**KEY)
    client._engine.pool._given.follow_redirects = True
    with pytest.raises(TokenError, match=r"302"):
        drive.wait(lambda: get(client))
    assert {"heidi.test"} == {request.url.host for request in issuer.requests}


def test_connection_errors_at_the_token_endpoint_name_its_route() -> None:
    issuer = Issuer()
    issuer.failures = [httpx.ConnectError("x")]
    with pytest.raises(APIConnectionError, match=r"^GET heidi\.test/api/jwt: no response, Con"):
        Driver("sync", issuer).run(get, **KEY, max_retries=0)


UNENCODABLE = "\udcff@clinic.test"


@pytest.mark.parametrize("name", ["email", "third_party_internal_id"])
def test_a_user_that_utf_8_cannot_encode_is_refused(
    driver: Callable[..., Driver], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    with pytest.raises(ConfigurationError, match=f"^{name} must .* UTF-8") as caught:
        driver(Issuer()).client(**KEY | {name: UNENCODABLE})
    assert UNENCODABLE not in repr(caught.value)
    with pytest.raises(ConfigurationError, match=f"^{name} must .* UTF-8"):
        driver(Issuer()).client(**ALONE).as_user(**user(1) | {name: UNENCODABLE})
    for option in KEY.keys() - {"token"}:
        monkeypatch.setenv(f"HEIDI_{option.upper()}", {**KEY, name: UNENCODABLE}[option])
    with pytest.raises(ConfigurationError, match=f"^{name} must .* UTF-8"):
        driver(Issuer()).client(token=None)


@pytest.mark.parametrize("mistake", [MistakeError, KeyboardInterrupt])
def test_a_failed_request_for_a_token_does_not_block_the_next_call(
    driver: Callable[..., Driver],
    monkeypatch: pytest.MonkeyPatch,
    mistake: type[BaseException],
) -> None:
    issuer = Issuer()
    drive = driver(issuer)
    client = drive.client(**KEY, deadline=5)

    def fail(*_: object) -> None:
        raise mistake

    with monkeypatch.context() as patched:
        patched.setattr(_issuer.Issuer, "request", fail)
        with pytest.raises(mistake):
            drive.wait(lambda: get(client))
    drive.wait(lambda: get(client))
    assert 1 == issuer.issued


async def outcome(call: Awaitable[Any]) -> Any:
    try:
        return await call
    except APIConnectionError as error:
        return error


def test_a_call_waits_for_the_token_of_another_no_longer_than_its_deadline() -> None:
    issuer = Issuer()

    async def scenario() -> list[Any]:
        gate = asyncio.Event()
        client = async_client(issuer, gate.wait, max_retries=0)
        leader = asyncio.create_task(get(client))
        await asyncio.sleep(0)
        hasty = await outcome(client.sessions.get("1", deadline=0.1))
        assert not leader.done()
        gate.set()
        return [hasty, await outcome(leader)]

    hasty, patient = asyncio.run(scenario())
    assert isinstance(hasty, APITimeoutError)
    assert ("issueToken", False) == (hasty.operation, hasty.may_have_arrived)
    assert "1234567890" == patient.session_id


def test_a_thread_waits_for_the_token_of_another_no_longer_than_its_deadline() -> None:
    gate = threading.Event()
    issuer = Issuer(gate=gate)
    client = Driver("sync", issuer).client(**KEY, max_retries=0)
    leader = threading.Thread(target=get, args=(client,))
    leader.start()
    while not issuer.requests:
        time.sleep(0.001)
    with pytest.raises(APITimeoutError) as caught:
        client.sessions.get("1", deadline=0.1)
    assert leader.is_alive()
    gate.set()
    leader.join()
    assert ("issueToken", False) == (caught.value.operation, caught.value.may_have_arrived)


@pytest.mark.parametrize("limits", [{"deadline": 0.1}, {"timeout": 0.1}])
def test_a_call_with_a_shorter_deadline_does_not_affect_others(limits: dict[str, Any]) -> None:
    issuer = Issuer()

    async def wait() -> None:
        if not issuer.calls and len(waited) < 1:
            waited.append(1)
            await asyncio.sleep(0.1)
            raise httpx.ReadTimeout("x")

    waited: list[int] = []

    async def scenario() -> list[Any]:
        client = async_client(issuer, wait, max_retries=0)
        calls = (client.sessions.get("1", **limits), client.sessions.get("1"), get(client))
        return await asyncio.gather(*map(outcome, calls))

    hasty, *others = asyncio.run(scenario())
    assert isinstance(hasty, APITimeoutError)
    assert not hasty.may_have_arrived
    assert ["1234567890"] * 2 == [each.session_id for each in others]
    assert 1 == issuer.issued


def test_a_shared_timeout_is_the_failure_of_all_calls() -> None:
    issuer = Issuer()
    issuer.failures = [httpx.ReadTimeout("x")]

    async def scenario() -> list[Any]:
        client = async_client(issuer, lambda: asyncio.sleep(0.05), max_retries=0)
        return await asyncio.gather(*(outcome(get(client)) for _ in range(3)))

    assert [APITimeoutError] * 3 == [type(each) for each in asyncio.run(scenario())]
    assert 1 == len(issuer.requests)


def test_a_provider_that_takes_too_long_leaves_nothing_to_send(
    driver: Callable[..., Driver], clock: Clock
) -> None:
    issuer = Issuer()
    drive = driver(issuer)

    def provide() -> str:
        clock.sleep(1 if issuer.calls else 0)
        return "one"

    client = drive.client(token=None, token_provider=provide)
    drive.wait(lambda: get(client))
    with pytest.raises(APITimeoutError, match="the deadline passed before it was sent") as caught:
        drive.wait(lambda: client.sessions.create(deadline=0.5))
    assert ("createSession", False) == (caught.value.operation, caught.value.may_have_arrived)
    assert 1 == len(issuer.requests)


def test_a_coroutine_that_provides_a_token_is_cancelled_at_the_deadline() -> None:
    ended: list[bool] = []

    async def provide() -> str:
        try:
            await asyncio.sleep(60)
        finally:
            ended.append(True)
        return "one"

    issuer = Issuer()
    with pytest.raises(APITimeoutError) as caught:
        Driver("async", issuer).run(get, token=None, token_provider=provide, deadline=0.1)
    assert ("getSession", False) == (caught.value.operation, caught.value.may_have_arrived)
    assert ([True], []) == (ended, issuer.requests)


def test_a_timeout_within_a_provider_is_a_failure_of_the_provider() -> None:
    async def provide() -> str:
        raise TimeoutError

    with pytest.raises(TokenError, match=r"^token_provider: failed with TimeoutError$"):
        Driver("async", Issuer()).run(get, token=None, token_provider=provide)
