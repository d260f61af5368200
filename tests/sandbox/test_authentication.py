"""S1, and how a token is issued."""

import base64
import re
import string
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from heidi_sandbox import Sandbox

from tests.sandbox.api import TRUST, Api, error_of, message_of

UNAUTHENTICATED = (401, "AuthenticationError")
OPERATIONS = [
    ("POST", "/sessions"),
    ("GET", "/sessions/1"),
    ("PATCH", "/sessions/1"),
    ("GET", "/sessions/linked-user"),
]


def buy(sandbox: Sandbox, key: str | None, **query: str) -> httpx.Response:
    headers = {} if key is None else {"Heidi-Api-Key": key}
    return httpx.get(f"{sandbox.url}/jwt", params=query, headers=headers, verify=TRUST)


def ask(sandbox: Sandbox, authorization: str) -> httpx.Response:
    return httpx.get(
        f"{sandbox.url}/sessions/1", headers={"authorization": authorization}, verify=TRUST
    )


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_s1_every_operation_needs_a_token(sandbox: Sandbox, method: str, path: str) -> None:
    response = httpx.request(method, sandbox.url + path, verify=TRUST)
    assert UNAUTHENTICATED == error_of(response)
    assert "Bearer" == response.headers["www-authenticate"]


@pytest.mark.parametrize(
    ("method", "path"),
    [("DELETE", "/sessions/1"), ("PATCH", "/sessions"), ("GET", "/sessions/linked-user?page=x")],
)
def test_s1_a_token_is_checked_before_method_query_and_body(
    sandbox: Sandbox, method: str, path: str
) -> None:
    response = httpx.request(method, sandbox.url + path, content=b"{", verify=TRUST)
    assert UNAUTHENTICATED == error_of(response)


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", "{token}", "Basic {token}", "Token {token}", "Bearer{token}"],
)
def test_s1_any_scheme_but_bearer_is_refused(sandbox: Sandbox, authorization: str) -> None:
    response = ask(sandbox, authorization.format(token=sandbox.token()))
    assert UNAUTHENTICATED == error_of(response)


def test_s1_the_scheme_is_read_in_any_case(sandbox: Sandbox) -> None:
    assert 404 == ask(sandbox, f"bEaReR {sandbox.token()}").status_code


def test_s1_a_token_with_any_one_character_changed_is_refused(sandbox: Sandbox) -> None:
    token = sandbox.token()
    with httpx.Client(verify=TRUST) as client:
        for index, character in enumerate(token):
            changed = "A" if character != "A" else "B"
            near = token[:index] + changed + token[index + 1 :]
            response = client.get(
                f"{sandbox.url}/sessions/1", headers={"authorization": f"Bearer {near}"}
            )
            assert UNAUTHENTICATED == error_of(response), index


def test_s1_the_last_character_has_one_valid_value(sandbox: Sandbox) -> None:
    """Two of its six bits are unused, so three others decode to the same signature."""
    token = sandbox.token()
    accepted = [
        last
        for last in string.ascii_letters + string.digits + "-_+/=."
        if ask(sandbox, f"Bearer {token[:-1]}{last}").status_code == 404
    ]
    assert [token[-1]] == accepted


@pytest.mark.parametrize("spelling", ["{}=", "{}!", "{}.", ".{}", "{} x", "x{}", "{},"])
def test_s1_a_token_with_something_added_is_refused(sandbox: Sandbox, spelling: str) -> None:
    assert UNAUTHENTICATED == error_of(ask(sandbox, "Bearer " + spelling.format(sandbox.token())))


def test_s1_two_tokens_are_refused(sandbox: Sandbox) -> None:
    headers = [("authorization", f"Bearer {sandbox.token()}")] * 2
    assert UNAUTHENTICATED == error_of(
        httpx.get(f"{sandbox.url}/sessions/1", headers=headers, verify=TRUST)
    )


def test_s1_an_unsigned_token_is_refused(sandbox: Sandbox) -> None:
    none = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0"  # {"alg":"none","typ":"JWT"}
    payload = sandbox.token().split(".")[1]
    assert UNAUTHENTICATED == error_of(ask(sandbox, f"Bearer {none}.{payload}."))


def test_s1_an_expired_token_is_refused(sandbox: Sandbox) -> None:
    assert UNAUTHENTICATED == error_of(ask(sandbox, f"Bearer {sandbox.token(lifetime=-1)}"))
    assert 404 == ask(sandbox, f"Bearer {sandbox.token(lifetime=30)}").status_code


@pytest.mark.parametrize("email", ["a+expired@example.com", "a+expired"])
def test_a_user_who_is_called_expired_gets_a_token_that_has_expired(
    sandbox: Sandbox, email: str
) -> None:
    issued = buy(sandbox, sandbox.api_key, email=email, third_party_internal_id="1").json()
    assert datetime.fromisoformat(issued["expiration_time"]) < datetime.now(UTC)
    assert UNAUTHENTICATED == error_of(ask(sandbox, f"Bearer {issued['token']}"))
    assert UNAUTHENTICATED == error_of(ask(sandbox, f"Bearer {sandbox.token(email)}"))


def test_a_token_for_the_key_works(sandbox: Sandbox) -> None:
    response = buy(sandbox, sandbox.api_key, email="a@example.com", third_party_internal_id="7")
    assert 200 == response.status_code
    with Api(sandbox.url, response.json()["token"]) as api:
        assert api.session(api.create())["session_id"]


def test_each_token_is_another_one_also_within_a_second(sandbox: Sandbox) -> None:
    assert 10 == len({sandbox.token("renewed@example.com", "1") for _ in range(10)})


def test_the_response_has_the_expiry_of_the_token_in_utc(sandbox: Sandbox) -> None:
    before = datetime.now(UTC)
    text = buy(sandbox, sandbox.api_key, email="a", third_party_internal_id="b").json()[
        "expiration_time"
    ]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", text)
    lifetime = datetime.fromisoformat(text) - before
    assert abs(lifetime - timedelta(days=1)) < timedelta(seconds=30)


def test_a_wrong_or_missing_key_gets_no_token(sandbox: Sandbox) -> None:
    key = sandbox.api_key
    for wrong in (None, "", key[:-1], key + "x", key.swapcase(), "ключ".encode().decode("latin-1")):
        headers = [] if wrong is None else [(b"Heidi-Api-Key", wrong.encode("latin-1"))]
        response = httpx.get(
            f"{sandbox.url}/jwt?email=a&third_party_internal_id=b", headers=headers, verify=TRUST
        )
        assert UNAUTHENTICATED == error_of(response)


def test_a_token_needs_both_email_and_id(sandbox: Sandbox) -> None:
    for query, missing in (
        ({"email": "a"}, "third_party_internal_id"),
        ({"third_party_internal_id": "b"}, "email"),
    ):
        response = buy(sandbox, sandbox.api_key, **query)
        assert (422, "InvalidRequestError") == error_of(response)
        assert message_of(response).startswith(f"{missing} is missing")


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (("a@example.com", "1"), ("a@example.com", "2")),
        (("a@example.com", "1"), ("A@example.com", "1")),
        (("ab", "c"), ("a", "bc")),
        (("a", "b c"), ("a b", "c")),
        (("a", "1"), ("a", "01")),
        (("a\0", "1"), ("a", "1")),
    ],
)
def test_email_and_id_together_identify_the_user_exactly(
    sandbox: Sandbox, one: tuple[str, str], two: tuple[str, str]
) -> None:
    tokens = [
        buy(sandbox, sandbox.api_key, email=email, third_party_internal_id=internal_id).json()[
            "token"
        ]
        for email, internal_id in (one, two, one)
    ]
    with (
        Api(sandbox.url, tokens[0]) as first,
        Api(sandbox.url, tokens[1]) as second,
        Api(sandbox.url, tokens[2]) as again,
    ):
        session_id = first.create()
        assert 404 == second.get(f"/sessions/{session_id}").status_code
        assert 200 == again.get(f"/sessions/{session_id}").status_code


def test_a_token_reveals_nothing_about_its_user(sandbox: Sandbox) -> None:
    payload = sandbox.token("somebody@example.com", "internal-77").split(".")[1]
    claims = base64.urlsafe_b64decode(payload + "==")
    assert b"somebody" not in claims
    assert b"internal-77" not in claims
