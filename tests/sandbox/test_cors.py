"""A page in a browser may call the sandbox, and nothing else changes."""

from collections.abc import Iterator

import httpx
import pytest
from heidi_sandbox import Sandbox, serving

from tests.sandbox.api import TRUST, Api

PAGE = {"origin": "https://docs.example.com"}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with serving(chaos=True) as running:
        yield running


def preflight(sandbox: Sandbox, path: str, **headers: str) -> httpx.Response:
    return httpx.options(f"{sandbox.url}{path}", headers={**PAGE, **headers}, verify=TRUST)


def test_a_preflight_request_needs_no_token(sandbox: Sandbox) -> None:
    response = preflight(sandbox, "/sessions/1", **{"access-control-request-method": "PATCH"})
    assert (204, b"") == (response.status_code, response.content)
    assert "*" == response.headers["access-control-allow-origin"]
    assert "GET, PATCH, POST" == response.headers["access-control-allow-methods"]
    assert (
        "authorization, content-type, heidi-api-key, heidi-sandbox-chaos"
        == (response.headers["access-control-allow-headers"])
    )


def test_options_that_is_not_a_preflight_is_an_ordinary_request(sandbox: Sandbox) -> None:
    assert 401 == preflight(sandbox, "/sessions/1").status_code


@pytest.mark.parametrize("path", ["/sessions/linked-user", "/sessions/0", "/nowhere"])
def test_a_page_may_read_every_response(sandbox: Sandbox, path: str) -> None:
    with Api(sandbox.url, sandbox.token()) as api:
        for headers in ({}, {"authorization": "Bearer wrong"}):
            response = api.get(path, headers={**PAGE, **headers})
            assert "*" == response.headers["access-control-allow-origin"]
            assert (
                "allow, location, retry-after, www-authenticate"
                == (response.headers["access-control-expose-headers"])
            )


def test_faults_on_demand_are_readable_as_well(sandbox: Sandbox) -> None:
    with Api(sandbox.url, sandbox.token()) as api:
        response = api.get("/sessions/0", headers={**PAGE, "heidi-sandbox-chaos": "rate-limited"})
    assert (429, "*") == (response.status_code, response.headers["access-control-allow-origin"])


def test_other_clients_get_no_cors_headers(sandbox: Sandbox) -> None:
    with Api(sandbox.url, sandbox.token()) as api:
        headers = api.get("/sessions/linked-user").headers
    assert [] == [name for name in headers if name.startswith("access-control-")]
