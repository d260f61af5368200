"""A run has two tokens of its first user, if it has a key or is given both."""

import heidi_sandbox
import pytest
from heidi_conformance import judge
from heidi_conformance._access import Client
from heidi_conformance._credentials import credentials
from heidi_conformance._wire import Wire

from .faults.auth import OneTokenAtATime
from .reference import Api, serving


@pytest.mark.parametrize("lane", [1, 2])
def test_a_key_is_exchanged_for_two_tokens_of_one_user(lane: int) -> None:
    with heidi_sandbox.serving() as sandbox:
        with Wire(sandbox.url) as wire:
            tokens = credentials(Client(wire), {"--api-key": sandbox.api_key}, lane)
        verdict = judge(
            sandbox.url,
            level="strict",
            token=tokens["first"],
            same_user_token=tokens["same"],
            rules_only=True,
            rules=("created-exists",),
        )
    assert () == verdict.findings


def test_a_reproducer_names_the_second_token_and_does_not_show_it() -> None:
    api = OneTokenAtATime()
    ended, token = api.token(), api.token()
    with serving(api.handle) as url:
        verdict = judge(
            url,
            level="strict",
            token=token,
            same_user_token=ended,
            rules_only=True,
            rules=("created-exists",),
        )
    findings = [item for item in verdict.findings if item.operation == "getSession"]
    assert ["works"] == [item.rule for item in findings]
    assert "$HEIDI_SAME_USER_TOKEN" in findings[0].requests[-1]
    assert ended not in verdict.to_json()


def test_a_token_of_one_character_is_judged_like_any_other() -> None:
    api = Api()
    api.tokens["x"] = api.tokens[api.token()]
    with serving(api.handle) as url:
        verdict = judge(url, level="strict", token="x", rules_only=True, rules=("token-first",))
    assert () == verdict.findings
