"""Faults on demand: what goes wrong, and what does not."""

import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from heidi_sandbox import Sandbox, serving
from heidi_sandbox._chaos import GRAMMAR, SCENARIOS, Fault, parse

from tests.sandbox.api import TRUST, Api, error_of, message_of, new_user
from tests.sandbox.process import failed, started

HEADER = "Heidi-Sandbox-Chaos"


@pytest.fixture(scope="module")
def chaotic() -> Iterator[Sandbox]:
    with serving(chaos=True) as running:
        yield running


@pytest.fixture
def user(chaotic: Sandbox) -> Iterator[Api]:
    with new_user(chaotic) as api:
        yield api


def ask(api: Api, faults: str, method: str = "POST", path: str = "/sessions") -> httpx.Response:
    return api.request(method, path, headers={HEADER: faults})


def test_without_the_flag_the_header_is_ignored(api: Api) -> None:
    for faults in ("drop", "rate-limited", "nonsense"):
        assert 200 == ask(api, faults).status_code


def test_without_the_header_all_is_well(user: Api) -> None:
    assert 0 == user.session(user.create())["duration"]


def test_latency_waits_and_then_continues(user: Api) -> None:
    begun = time.monotonic()
    assert 200 == ask(user, "latency=300ms").status_code
    assert 0.3 <= time.monotonic() - begun
    assert 1 == user.page()["total_count"]


@pytest.mark.parametrize(
    ("faults", "seconds"), [("rate-limited", "1"), ("rate-limited; retry-after=7", "7")]
)
def test_a_limited_rate_is_429_with_retry_after(user: Api, faults: str, seconds: str) -> None:
    response = ask(user, faults)
    assert (429, "RateLimitedError") == error_of(response)
    assert seconds == response.headers["retry-after"]
    assert 0 == user.page()["total_count"]


@pytest.mark.parametrize(
    ("faults", "seconds"), [("unavailable", None), ("unavailable;retry-after=2", "2")]
)
def test_unavailable_is_503_with_retry_after_if_requested(
    user: Api, faults: str, seconds: str | None
) -> None:
    response = ask(user, faults)
    assert (503, "ServiceUnavailableError") == error_of(response)
    assert seconds == response.headers.get("retry-after")
    assert 0 == user.page()["total_count"]


@pytest.mark.parametrize(("faults", "created"), [("drop", 0), ("drop=after", 1)])
def test_drop_closes_the_connection_before_or_after_the_write(
    user: Api, caplog: pytest.LogCaptureFixture, faults: str, created: int
) -> None:
    with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
        ask(user, faults)
    assert created == user.page()["total_count"]
    assert not [one for one in caplog.records if one.levelname in {"WARNING", "ERROR"}]


def test_drop_closes_no_other_connection(chaotic: Sandbox, user: Api) -> None:
    with new_user(chaotic) as other:
        other.create()
        for _ in range(3):
            with pytest.raises(httpx.RemoteProtocolError):
                ask(user, "drop")
            # A client that must reconnect would not notice: the pool shows it.
            assert 1 == other.page()["total_count"]


def test_malformed_is_the_first_half_of_the_response(user: Api) -> None:
    whole = ask(user, "latency=0ms", "GET", f"/sessions/{user.create()}")
    half = ask(user, "malformed", "GET", whole.request.url.path.removeprefix(user.base_url.path))
    assert (200, "application/json") == (half.status_code, half.headers["content-type"])
    assert whole.content[: len(whole.content) // 2] == half.content


def test_malformed_html_is_a_page(user: Api) -> None:
    response = ask(user, "malformed=html")
    assert (200, "text/html; charset=utf-8") == (
        response.status_code,
        response.headers["content-type"],
    )
    assert response.text.startswith("<!doctype html>")
    assert 1 == user.page()["total_count"]


def test_an_expired_token_is_401(user: Api) -> None:
    response = ask(user, "expired-token")
    assert (401, "AuthenticationError") == error_of(response)
    assert "Bearer" == response.headers["www-authenticate"]
    assert 0 == user.page()["total_count"]


def test_next_page_null_hides_the_next_page(user: Api) -> None:
    for _ in range(3):
        user.create()
    for size, more in ((2, True), (3, False)):
        path = f"/sessions/linked-user?page_size={size}"
        page = ask(user, "next-page-null", "GET", path).json()
        assert (None, more, size) == (page["next_page"], page["has_next_page"], page["count"])


def test_next_page_null_does_not_change_other_responses(user: Api) -> None:
    session_id = user.create()
    whole = user.get(f"/sessions/{session_id}")
    assert whole.content == ask(user, "next-page-null", "GET", f"/sessions/{session_id}").content


def test_several_faults_are_applied_from_left_to_right(user: Api) -> None:
    begun = time.monotonic()
    assert 429 == ask(user, "latency=200ms, rate-limited").status_code
    assert 0.2 <= time.monotonic() - begun
    assert 429 == ask(user, "rate-limited, latency=60s").status_code


def test_times_is_the_number_of_faults_before_a_success(user: Api) -> None:
    statuses = [ask(user, "rate-limited; times=2").status_code for _ in range(6)]
    assert [429, 429, 200, 429, 429, 200] == statuses


def test_times_counts_for_each_user_and_header_separately(chaotic: Sandbox, user: Api) -> None:
    with new_user(chaotic) as other:
        for api in (user, other):
            assert 503 == ask(api, "unavailable; times=1").status_code
            assert 429 == ask(api, "rate-limited; times=1").status_code
        for api in (user, other):
            assert 200 == ask(api, "unavailable; times=1").status_code
            assert 200 == ask(api, "rate-limited; times=1").status_code


@pytest.mark.parametrize(
    ("faults", "reason"),
    [
        ("nonsense", "there are latency, rate-limited, unavailable, drop, malformed"),
        ("drop,", "no such fault"),
        ("latency", "latency=500ms or latency=2s, up to 60s"),
        ("latency=61s", "latency=500ms or latency=2s, up to 60s"),
        ("latency=5", "latency=500ms"),
        ("latency=-5ms", "latency=500ms"),
        ("drop=never", "drop is written drop or drop=after"),
        ("malformed=xml", "malformed or malformed=html"),
        ("rate-limited=1", "rate-limited is written rate-limited"),
        ("drop; retry-after=1", "drop takes times"),
        ("rate-limited; after=1", "rate-limited takes times and retry-after"),
        ("rate-limited; retry-after=soon", "retry-after must be a whole number"),
        ("rate-limited; times=-1", "times must be a whole number"),
    ],
)
def test_an_unknown_fault_is_400_and_names_the_known_ones(
    user: Api, faults: str, reason: str
) -> None:
    response = ask(user, faults)
    assert (400, "MalformedRequestError") == error_of(response)
    assert message_of(response).startswith("Heidi-Sandbox-Chaos: ")
    assert reason in message_of(response)
    assert 0 == user.page()["total_count"]


def test_health_and_the_page_have_no_faults(chaotic: Sandbox) -> None:
    for path in ("/", "/healthz", "/openapi.json"):
        url = httpx.URL(chaotic.url).join(path)
        assert 200 == httpx.get(url, headers={HEADER: "unavailable"}, verify=TRUST).status_code


def test_every_fault_of_the_grammar_is_valid() -> None:
    lines = [line.split()[0] for line in GRAMMAR.splitlines() if line.startswith("    ")][2:]
    assert 9 == len(lines)
    for line in lines:
        name, _, value = line.partition("=")
        assert [Fault(name, value)] == parse(line)


def outcomes(rate: float, seed: int, requests: int = 60) -> list[object]:
    """Return how each of many requests ends; None if the connection was closed."""
    ends: list[object] = []
    with (
        serving(chaos=True, chaos_rate=rate, chaos_seed=seed) as sandbox,
        new_user(sandbox) as api,
    ):
        for _ in range(requests):
            try:
                response = api.post("/sessions")
            except httpx.RemoteProtocolError:
                ends.append(None)
            else:
                ends.append((response.status_code, response.headers["content-type"]))
    return ends


def test_the_same_seed_gives_the_same_faults() -> None:
    ends = outcomes(0.5, 1)
    assert ends == outcomes(0.5, 1)
    assert ends != outcomes(0.5, 2)
    assert {None, (200, "application/json"), (429, "application/json")} <= set(ends)
    assert {(503, "application/json"), (401, "application/json")} <= set(ends)


def test_a_rate_of_zero_gives_no_fault() -> None:
    assert {(200, "application/json")} == set(outcomes(0, 1, 20))


def test_faults_that_are_counted_do_not_fill_the_memory(chaotic: Sandbox, user: Api) -> None:
    for number in range(1100):
        assert 503 == ask(user, f"unavailable; times={number % 9999 + 1}").status_code
    assert 503 == ask(user, "unavailable; times=1").status_code  # forgotten


def test_chaos_comes_from_the_command_line_as_well(tmp_path: Path) -> None:
    flags = ["--chaos", "--access-log"]
    with started(tmp_path, *flags) as process, process.api() as api:
        assert 429 == ask(api, "rate-limited").status_code
        assert 200 == ask(api, "latency=0ms").status_code
        code, _, err = process.stop()
    assert 0 == code
    assert "chaos: rate-limited" in err
    flags = ["--chaos", "--chaos-rate", "1", "--chaos-seed", "3"]
    with started(tmp_path, *flags) as process:
        response = httpx.get(f"{process.url}/sessions/1", verify=TRUST)
        assert response.status_code in {200, 401, 429, 503}
        assert 200 == httpx.get(httpx.URL(process.url).join("/healthz"), verify=TRUST).status_code


# The results of eleven requests, the creation of a session first; "ok" if nothing fails.
MET = {
    "deploy": ["503", "503", *["ok"] * 8, "503"],
    "dropped": ["dropped", "ok", "ok"] * 3 + ["dropped", "ok"],
    "expired-tokens": ["401", "ok", "ok"] * 3 + ["401", "ok"],
    "gateway": ["html", "ok", "ok"] * 3 + ["html", "ok"],
    "paging": ["ok"] * 11,
    "rate-limit": ["429", "ok", "ok"] * 3 + ["429", "ok"],
    "truncated": ["half", "ok", "ok"] * 3 + ["half", "ok"],
}


def met(api: Api) -> str:
    try:
        response = api.post("/sessions")
    except httpx.RemoteProtocolError:
        return "dropped"
    if response.headers["content-type"].startswith("text/html"):
        return "html"
    if response.status_code in {429, 503}:
        assert "1" == response.headers["retry-after"]
    if response.status_code == 200:
        return "ok" if response.text.endswith("}") else "half"
    return str(response.status_code)


@pytest.mark.parametrize("name", MET)
def test_a_scenario_needs_no_header(name: str) -> None:
    with serving(scenario=name) as sandbox, new_user(sandbox) as api:
        assert MET[name] == [met(api) for _ in range(11)]


def test_the_scenario_of_paging_contradicts_itself_on_each_page_that_has_a_next() -> None:
    with serving(scenario="paging") as sandbox, new_user(sandbox) as api:
        for _ in range(3):
            api.create()
        for size, more in ((2, True), (3, False)):
            page = api.page(page_size=size)
            assert (more, None) == (page["has_next_page"], page["next_page"])


def test_the_scenario_that_is_slow_waits_3_seconds() -> None:
    with serving(scenario="slow") as sandbox, new_user(sandbox) as api:
        begun = time.monotonic()
        api.create()
        assert 3 <= time.monotonic() - begun


def test_each_scenario_is_tried_and_one_excludes_the_issue_of_tokens() -> None:
    assert SCENARIOS.keys() == {*MET, "slow"}
    query = {"email": "a@example.com", "third_party_internal_id": "1"}
    for name, status in (("expired-tokens", 200), ("rate-limit", 429)):
        with serving(scenario=name) as sandbox:
            headers = {"Heidi-Api-Key": sandbox.api_key}
            response = httpx.get(f"{sandbox.url}/jwt", params=query, headers=headers, verify=TRUST)
            assert status == response.status_code


def test_a_request_can_ask_for_a_fault_during_a_scenario_only_with_chaos() -> None:
    with serving(scenario="deploy", chaos=True) as sandbox, new_user(sandbox) as api:
        assert 401 == ask(api, "expired-token").status_code
    with serving(scenario="deploy") as sandbox, new_user(sandbox) as api:
        assert 503 == ask(api, "expired-token").status_code


def test_a_scenario_comes_from_the_command_line_which_names_them_all(tmp_path: Path) -> None:
    with started(tmp_path, "--scenario", "rate-limit") as process:
        response = httpx.post(f"{process.url}/sessions", verify=TRUST)
        assert (429, "RateLimitedError") == error_of(response)
        assert process.running.stdout is not None
        text = f"Scenario rate-limit: {SCENARIOS['rate-limit'].text}.\n"
        assert text == process.running.stdout.readline()
        assert (0, "", "") == process.stop()
    line = failed(tmp_path, "serve", "--scenario", "nonsense")
    assert all(name in line for name in SCENARIOS)
    both = ("--scenario", "slow", "--chaos", "--chaos-rate", "1")
    assert "one of them decides" in failed(tmp_path, "serve", *both)
