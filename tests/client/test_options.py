from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from heidi_sessions import AsyncHeidi, ConfigurationError, Heidi

from .harness import BASE_URL, Script, envelope

if TYPE_CHECKING:
    from collections.abc import Callable

KEY: dict[str, Any] = {"api_key": "k", "email": "e@clinic.test", "third_party_internal_id": "7"}
CLIENTS: list[type[Heidi | AsyncHeidi]] = [Heidi, AsyncHeidi]


def where(**options: Any) -> httpx.URL:
    script = Script(envelope())
    client = Heidi(http_client=httpx.Client(transport=httpx.MockTransport(script)), **options)
    client.sessions.get("1")
    return script.requests[-1].url


def sent(**options: Any) -> httpx.Request:
    script = Script(envelope())
    options = {"base_url": BASE_URL, "token": "t"} | options
    client = Heidi(http_client=httpx.Client(transport=httpx.MockTransport(script)), **options)
    client.sessions.get("1")
    return script.requests[-1]


@pytest.mark.parametrize("client", CLIENTS)
def test_options_are_keywords_only(client: Callable[..., object]) -> None:
    with pytest.raises(TypeError, match="positional"):
        client("token")


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize(
    ("method", "call"),
    [
        ("__init__", lambda client, **options: client(**options)),
        ("with_options", lambda client, **options: client(token="t").with_options(**options)),
        ("as_user", lambda client, **options: client(**KEY).as_user(**options)),
    ],
)
def test_an_unknown_option_is_an_error_of_the_class_that_users_know(
    client: type[Heidi | AsyncHeidi], method: str, call: Callable[..., object]
) -> None:
    with pytest.raises(TypeError) as caught:
        call(client, api_kye="s3cret")
    problem = f"{client.__name__}.{method}() got an unexpected keyword argument 'api_kye'"
    assert str(caught.value).startswith(problem)  # Python 3.13 adds the option that was meant
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("client", CLIENTS)
def test_without_credentials_the_error_names_every_way_to_give_them(
    client: Callable[..., object],
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        client()
    for word in ("token=", "token_provider=", "api_key=", "HEIDI_TOKEN", "HEIDI_API_KEY"):
        assert word in str(caught.value)


def test_a_missing_key_says_where_to_set_it() -> None:
    with pytest.raises(ConfigurationError, match=r"; or give api_key=$") as caught:
        Heidi(**{name: value for name, value in KEY.items() if name != "api_key"})
    problem = "is missing; set HEIDI_API_KEY"
    assert ("api_key", problem) == (caught.value.option, caught.value.problem)


@pytest.mark.parametrize("missing", ["email", "third_party_internal_id"])
def test_half_a_user_in_the_environment_says_how_to_name_a_whole_one(
    missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in KEY.keys() - {missing}:
        monkeypatch.setenv(f"HEIDI_{name.upper()}", "x")
    problem = f"{missing} is missing; set HEIDI_{missing.upper()}"
    together = "give email= and third_party_internal_id= together"
    with pytest.raises(ConfigurationError, match=f"^{problem}; or {together}$"):
        Heidi()


@pytest.mark.parametrize("missing", ["email", "third_party_internal_id"])
def test_half_a_user_is_not_completed_from_the_environment(
    missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"HEIDI_{missing.upper()}", "of another user")
    problem = "is missing; give email= and third_party_internal_id= together"
    with pytest.raises(ConfigurationError, match=f"^{missing} {problem}$") as caught:
        Heidi(**{name: value for name, value in KEY.items() if name != missing})
    assert missing == caught.value.option


@pytest.mark.parametrize(
    "options",
    [
        {"token": "t", **KEY},
        {"token": "t", "token_provider": lambda: "t"},
        {"token_provider": lambda: "t", "email": "e@clinic.test"},
    ],
)
def test_two_ways_to_authenticate_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match="more than one way"):
        Heidi(**options)


def test_the_environment_provides_options_that_are_not_passed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HEIDI_TOKEN", "from-environment")
    monkeypatch.setenv("HEIDI_BASE_URL", "https://environment.test/api")
    assert "https://environment.test/api/sessions/1" == str(where())
    assert "Bearer from-environment" == sent(token=None).headers["authorization"]


def test_an_argument_overrides_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEIDI_TOKEN", "from-environment")
    monkeypatch.setenv("HEIDI_API_KEY", "k")
    monkeypatch.setenv("HEIDI_BASE_URL", "https://environment.test/api")
    monkeypatch.setenv("HEIDI_REGION", "eu")
    assert "Bearer passed" == sent(token="passed").headers["authorization"]
    assert "eu.api.heidihealth.com" != where(token="t", base_url=BASE_URL).host


def test_a_key_can_come_half_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEIDI_API_KEY", "k")
    monkeypatch.setenv("HEIDI_TOKEN", "t")
    options = {name: KEY[name] for name in ("email", "third_party_internal_id")}
    assert "Heidi" in repr(Heidi(**options))


@pytest.mark.parametrize(
    ("first", "second"), [("HEIDI_TOKEN", "HEIDI_API_KEY"), ("HEIDI_BASE_URL", "HEIDI_REGION")]
)
def test_an_environment_that_contradicts_itself_is_refused(
    monkeypatch: pytest.MonkeyPatch, first: str, second: str
) -> None:
    monkeypatch.setenv("HEIDI_TOKEN", "t")
    monkeypatch.setenv(first, "au")
    monkeypatch.setenv(second, "au")
    with pytest.raises(ConfigurationError, match=f"{first} and {second} are both set"):
        Heidi()


def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEIDI_TOKEN", "")
    with pytest.raises(ConfigurationError, match="no credentials"):
        Heidi()


def test_without_base_url_and_region_the_server_of_the_document_is_used() -> None:
    expected = "https://registrar.api.heidihealth.com/api/v2/ml-scribe/open-api/sessions/1"
    assert expected == str(where(token="t"))


@pytest.mark.parametrize("region", ["au", "us", "ca", "eu", "uk"])
def test_a_region_selects_the_server_of_the_document(region: str) -> None:
    assert f"{region}.api.heidihealth.com" == where(token="t", region=region).host


def test_an_unknown_region_is_refused_and_the_known_ones_are_named() -> None:
    with pytest.raises(ConfigurationError, match="au, us, ca, eu, uk"):
        Heidi(token="t", region="mars")  # type: ignore[arg-type]  # that is the test


def test_base_url_and_region_together_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="base_url and region are both set"):
        Heidi(token="t", region="au", base_url=BASE_URL)


@pytest.mark.parametrize(
    "url",
    [
        "http://heidi.test",
        "http://127.0.0.1.evil.test",
        "http://10.0.0.1",
        "http://localhost.evil.test",
        "ftp://heidi.test",
        "heidi.test",
        "",
        "https://",
        "https://user:pass@heidi.test",
        "https://heidi.test?x=1",
        "https://heidi.test#x",
        "https://heidi.test/p#",
        "https://heidi.test/p?",
        "https://heidi.test/a b",
        " https://heidi.test",
        "https://heidi.test\n",
        "https://heidi.test/\x7f",
        "https://heidi.test\x00",
        "https://heidi.test/\udcff",
        "https://[::1",
        "https://heidi.test:port",
    ],
)
def test_an_unsafe_base_url_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="base_url"):
        Heidi(token="t", base_url=url)


@pytest.mark.parametrize(
    "url", ["http://localhost:1", "http://127.0.0.1:1/x", "http://[::1]:1", "https://heidi.test/x/"]
)
def test_https_anywhere_and_http_on_this_machine_are_accepted(url: str) -> None:
    assert url.rstrip("/") + "/sessions/1" == str(where(token="t", base_url=url))


@pytest.mark.parametrize("url", ["http://sandbox:8080", "http://10.0.0.1"])
def test_http_to_another_machine_is_accepted_if_it_is_allowed(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    assert f"{url}/sessions/1" == str(where(token="t", base_url=url, allow_http=True))
    monkeypatch.setenv("HEIDI_ALLOW_HTTP", "1")
    assert f"{url}/sessions/1" == str(where(token="t", base_url=url))
    with pytest.raises(ConfigurationError, match="set HEIDI_ALLOW_HTTP=1 for a server without"):
        where(token="t", base_url=url, allow_http=False)
    monkeypatch.setenv("HEIDI_ALLOW_HTTP", "0")
    with pytest.raises(ConfigurationError, match=r"^base_url must use https"):
        where(token="t", base_url=url)


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"HEIDI_ALLOW_HTTP": "yes"}, "HEIDI_ALLOW_HTTP must be 1 or 0"),
        ({"HEIDI_BASE_URL": "http://heidi.test"}, "HEIDI_BASE_URL must use https"),
        ({"HEIDI_BASE_URL": "heidi.test"}, "HEIDI_BASE_URL must be a URL"),
        ({"HEIDI_TOKEN": "x\n"}, "HEIDI_TOKEN is not a bearer token; leave out the word"),
        ({"HEIDI_TOKEN": "", "HEIDI_API_KEY": "k\n"}, "HEIDI_API_KEY holds a space, a line"),
        ({"HEIDI_BASE_URL": "", "HEIDI_REGION": "AU"}, "HEIDI_REGION must be one of au, us"),
    ],
)
def test_a_variable_that_cannot_be_used_is_named(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], said: str
) -> None:
    monkeypatch.setenv("HEIDI_BASE_URL", BASE_URL)
    monkeypatch.setenv("HEIDI_TOKEN", "t")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError, match=f"^{said}"):
        Heidi()


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"timeout": 0}, "timeout"),
        ({"allow_http": "1"}, "allow_http"),
        ({"timeout": -1}, "timeout"),
        ({"timeout": float("inf")}, "timeout"),
        ({"timeout": float("nan")}, "timeout"),
        ({"timeout": None}, "timeout"),
        ({"timeout": True}, "timeout"),
        ({"max_retries": -1}, "max_retries"),
        ({"max_retries": 1.5}, "max_retries"),
        ({"max_retries": True}, "max_retries"),
        ({"default_headers": {"Authorization": "x"}}, "default_headers"),
        ({"default_headers": {"HEIDI-API-KEY": "x"}}, "default_headers"),
        ({"default_headers": {"x": 1}}, "default_headers"),
        ({"default_headers": "x"}, "default_headers"),
        ({"default_headers": {"x": "Zürich"}}, "default_headers"),
        ({"default_headers": {"x": "a\nb"}}, "default_headers"),
        ({"default_headers": {"x y": "a"}}, "default_headers"),
        ({"base_url": httpx.URL(BASE_URL)}, "base_url"),
        ({"page_parameter": ""}, "page_parameter"),
        ({"page_parameter": "\udcff"}, "page_parameter"),
        ({"retry_writes": "false"}, "retry_writes"),
        ({"retry_writes": 1}, "retry_writes"),
        ({"strict_responses": None}, "strict_responses"),
        ({"token": 7}, "token"),
        ({"token": "Bearer x"}, "token"),
        ({"token": "x\nHost: evil"}, "token"),
        ({"token": None, "token_provider": "t"}, "token_provider"),
        ({"token": None, **KEY, "api_key": "k\r\n"}, "api_key"),
        ({"http_client": object()}, "http_client"),
    ],
)
@pytest.mark.parametrize("client", CLIENTS)
def test_an_option_of_the_wrong_kind_is_named(
    client: Callable[..., object], options: dict[str, Any], named: str
) -> None:
    with pytest.raises(ConfigurationError, match=f"^{named}"):
        client(**{"token": "t", "base_url": BASE_URL} | options)


def test_a_get_is_whole_for_hooks_and_headers_of_your_own_client() -> None:
    script = Script(envelope())
    seen: list[tuple[bytes, str]] = []

    def hook(request: httpx.Request) -> None:
        seen.append((request.content, request.headers["host"]))

    own = httpx.Client(transport=httpx.MockTransport(script), event_hooks={"request": [hook]})
    client = Heidi(token="t", base_url=BASE_URL, http_client=own)
    client.sessions.get("1")
    own.headers["Host"] = "clinic.example"
    client.sessions.get("1")
    assert [(b"", "heidi.test"), (b"", "clinic.example")] == seen
    assert "content-length" not in script.requests[0].headers


def test_every_client_takes_only_an_http_client_of_its_own_kind() -> None:
    with httpx.Client() as wrong, pytest.raises(ConfigurationError, match=r"httpx\.AsyncClient"):
        AsyncHeidi(token="t", http_client=wrong)  # type: ignore[arg-type]  # that is the test


def test_the_timeout_is_finite_unless_your_own_client_says_otherwise() -> None:
    timeouts: list[Any] = []

    class Recorder(httpx.MockTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            timeouts.append(request.extensions["timeout"]["read"])
            return envelope()

    own = httpx.Client(transport=Recorder(lambda _: envelope()), timeout=7)
    client = Heidi(token="t", base_url=BASE_URL, http_client=own)
    client.sessions.get("1")
    client.with_options(timeout=3).sessions.get("1")
    client.with_options(timeout=httpx.Timeout(4)).sessions.get("1")
    Heidi(token="t", base_url=BASE_URL, timeout=5, http_client=own).sessions.get("1")
    assert [7, 3, 4, 5] == timeouts
    assert 30.0 == Heidi(token="t")._engine.settings.timeout.read  # type: ignore[union-attr]  # set


def test_every_request_has_a_user_agent() -> None:
    assert sent().headers["user-agent"].startswith("heidi-sessions/")
    assert "application/json" == sent().headers["accept"]


def test_a_default_header_replaces_ours_in_whatever_case_it_is_written() -> None:
    request = sent(default_headers={"USER-AGENT": "mine", "Content-TYPE": "text/plain"})
    assert ["mine"] == request.headers.get_list("user-agent")


def test_default_headers_travel_with_every_request_and_add_up() -> None:
    script = Script(envelope())
    client = Heidi(
        base_url=BASE_URL,
        token="t",
        default_headers={"X-One": "1"},
        http_client=httpx.Client(transport=httpx.MockTransport(script)),
    )
    client.with_options(default_headers={"X-Two": "2"}).sessions.get("1")
    client.sessions.get("1")
    both, one = (request.headers for request in script.requests)
    assert ("1", "2") == (both["x-one"], both["x-two"])
    assert ("1", None) == (one["x-one"], one.get("x-two"))


def test_no_environment_variable_remains_between_tests() -> None:
    # HEIDI_REQUIRE_... are for the tests themselves.
    ours = {name for name in os.environ if name.startswith("HEIDI_")}
    assert set() == {name for name in ours if not name.startswith("HEIDI_REQUIRE_")}
