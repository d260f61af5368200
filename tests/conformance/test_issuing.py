"""How tokens are issued is judged as well, where the run has the key."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from heidi_conformance import Verdict, judge
from heidi_conformance._credentials import credentials
from heidi_conformance.reports import write_reports

from .faults import CATALOGUE
from .reference import Answer, Api, Request, User, answer, serving

PLANTED = {planted.id: planted.server for planted in CATALOGUE}
ISSUE = "issueToken"


def judged(api: Api, url: str, **settings: Any) -> Verdict:
    return judge(
        url, level="strict", token=api.token(), api_key=api.api_key, rules_only=True, **settings
    )


class OneTokenForAll(Api):
    """Users who share an address share a token."""

    def token(
        self,
        email: str = "clinician@example.com",
        internal_id: str = "1",
        lifetime: float | None = None,
    ) -> str:
        user = self.users.get((email, "1"))
        known = next((token for token, owner in self.tokens.items() if owner is user), None)
        return known or super().token(email, "1", lifetime)


class InAnotherZone(Api):
    """The end of a token is told in the time of Berlin."""

    def expiration(self, token: str) -> str:
        return super().expiration(token).replace("Z", "+01:00")


class Issuer(Api):
    """Answers of the issue are changed."""

    def handle(self, request: Request) -> Answer:
        reply = super().handle(request)
        return self.changed(request, reply) if request.path == "/jwt" else reply

    def changed(self, request: Request, reply: Answer) -> Answer:
        raise NotImplementedError


class Told(Issuer):
    """A wrong key is repeated to whoever sent it."""

    def changed(self, request: Request, reply: Answer) -> Answer:
        msg = f"no such key: {request.headers.get('heidi-api-key')}"
        detail = {"detail": {"msg": msg, "type": "AuthenticationError"}}
        return reply.but(content=detail) if reply.status == 401 else reply


class InPlainText(Issuer):
    """A wrong key is refused in plain text."""

    def changed(self, request: Request, reply: Answer) -> Answer:
        text = {"content-type": "text/plain"}
        return reply.but(headers=text, body=b"no") if reply.status == 401 else reply


class Crashing(Issuer):
    """Without a user, the issue of a token is 500."""

    def changed(self, request: Request, reply: Answer) -> Answer:
        return reply.but(status=500) if reply.status == 422 else reply


class Registered(Issuer):
    """Tokens are issued for users whom the server knows, and it knows no invented ones."""

    def changed(self, request: Request, reply: Answer) -> Answer:
        unknown = {"detail": {"msg": "no such user", "type": "ValidationError"}}
        return answer(422, unknown) if reply.status == 200 else reply


@pytest.mark.parametrize(
    ("server", "rule", "title"),
    [
        (PLANTED["auth.key_is_optional"], "key-needed", "issues a token without a key"),
        (PLANTED["auth.short_key"], "key-needed", "issues a token for a wrong key"),
        (PLANTED["auth.shorter_than_told"], "issued-token", "issues a token that is refused"),
        (PLANTED["auth.expiration_as_seconds"], "answer-schema", "at `$.expiration_time`"),
        (PLANTED["auth.expiration_without_zone"], "answer-schema", "at `$.expiration_time`"),
        (PLANTED["auth.internal_id_is_the_user"], "own-sessions", "session of another user"),
        (OneTokenForAll, "own-sessions", "issues one token for two users"),
        (InAnotherZone, "issued-token", "in another zone than UTC"),
        (Told, "message-quotes", "with a value of the request"),
        (InPlainText, "error-shape", "as something else than application/json"),
        (Crashing, "no-server-error", "answers 500"),
    ],
)
def test_a_fault_of_the_issue_is_a_finding_that_keeps_the_secrets(
    server: type[Api], rule: str, title: str, tmp_path: Path
) -> None:
    api = server()
    with serving(api.handle) as url:
        asked = ("issued-token", "key-needed", "own-sessions", "no-server-error")
        verdict = judged(api, url, rules=asked)
        again = {item.title: run_again(item.python, api) for item in verdict.findings}

    findings = {item.rule: item for item in verdict.findings}
    assert title in findings[rule].title
    assert {"confirmed"} == {item.stability for item in verdict.findings}
    for item in verdict.findings:
        _, status, number = item.got.partition("status ")
        assert not status or f"{number} " in again[item.title]
    write_reports(verdict, tmp_path)
    written = "".join(path.read_text() for path in tmp_path.iterdir())
    assert not [secret for secret in (api.api_key, *api.tokens) if secret in written]


def run_again(program: str, api: Api) -> str:
    """Run what a finding prints, and return what that prints."""
    secrets = {"HEIDI_API_KEY": api.api_key, "HEIDI_TOKEN": api.token()}
    run = [sys.executable, "-c", program]
    done = subprocess.run(run, env=os.environ | secrets, check=True, capture_output=True, text=True)
    return done.stdout


def test_a_proof_takes_the_token_from_the_answer_and_the_key_from_the_environment() -> None:
    api = PLANTED["auth.internal_id_is_the_user"]()
    with serving(api.handle) as url:
        verdict = judged(api, url, rules=("own-sessions",))

    (finding,) = [item for item in verdict.findings if item.operation == "getSession"]
    first, session, stranger, reading = finding.requests
    assert first.startswith("u1=$(curl")
    assert first.endswith("| jq -r .token)")
    assert '"Heidi-Api-Key: $HEIDI_API_KEY"' in first
    assert '"Authorization: Bearer $u1"' in session
    assert (name := stranger.partition("=$(curl")[0])
    assert f'"Authorization: Bearer ${name}"' in reading
    assert 'u1 = answer.json()["token"]' in finding.python


def test_without_the_key_the_issue_is_not_exercised_and_the_reason_is_told(api: Api) -> None:
    with serving(api.handle) as url:
        verdict = judge(url, level="strict", token=api.token(), rules_only=True)

    outcomes = [item for item in verdict.outcomes if item.operation == ISSUE]
    assert outcomes
    assert {("skipped", "give the key that tokens are issued for (HEIDI_API_KEY)")} == {
        (item.result, item.why) for item in outcomes
    }


def test_with_the_key_every_rule_about_the_issue_is_exercised(api: Api) -> None:
    with serving(api.handle) as url:
        verdict = judged(api, url)

    assert () == verdict.findings
    assert {"passed"} == {item.result for item in verdict.outcomes if item.operation == ISSUE}
    assert verdict.sessions_created == verdict.sessions_tagged


def test_a_server_that_does_not_know_invented_users_is_not_accused() -> None:
    api = Registered()
    with serving(api.handle) as url:
        verdict = judged(api, url)

    assert () == verdict.findings
    outcomes = {item.rule: item for item in verdict.outcomes if item.operation == ISSUE}
    assert ("skipped", "the server did not answer what the next request needs") == (
        outcomes["key-needed"].result,
        outcomes["key-needed"].why,
    )


def test_a_token_that_ends_long_after_its_issue_is_no_fault_of_the_issue() -> None:
    class Forgetful(Api):
        """Tokens are good for three requests, but for the first one."""

        def __init__(self) -> None:
            super().__init__()
            self.lasting = self.token()
            self.used: Counter[str] = Counter()

        def owner(self, token: str) -> User | None:
            self.used[token] += 1
            ended = self.used[token] > 3 and token != self.lasting
            return None if ended else super().owner(token)

    api = Forgetful()
    with serving(api.handle) as url:
        verdict = judge(
            url, level="strict", token=api.lasting, api_key=api.api_key, rules_only=True,
            rules=("own-sessions",),
        )  # fmt: skip

    assert "issued-token" not in {item.rule for item in verdict.findings}


def test_keys_are_tried_where_nothing_may_be_created(api: Api) -> None:
    with serving(api.handle) as url:
        verdict = judged(api, url, read_only=True)

    outcomes = {item.rule: item.result for item in verdict.outcomes if item.operation == ISSUE}
    assert "passed" == outcomes["key-needed"]
    assert "skipped" == outcomes["own-sessions"]
    assert {"GET"} == {request.method for request in api.requests}


@pytest.mark.parametrize("given", [{"--api-key": "KEY"}, {}])
def test_the_key_comes_along_with_the_tokens(
    given: dict[str, str], api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not given:
        monkeypatch.setenv("HEIDI_TOKEN", "a-token")
        monkeypatch.setenv("HEIDI_API_KEY", api.api_key)
    with serving(api.handle) as url:
        tokens = credentials(url, dict.fromkeys(given, api.api_key))

    assert api.api_key == tokens["key"]
    assert given or "a-token" == tokens["first"]


def test_the_key_of_a_token_that_was_given_is_not_guessed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEIDI_API_KEY", "of-another-server")

    assert {"first": "a-token"} == credentials("http://127.0.0.1:1", {"--token": "a-token"})


def test_the_report_names_the_words_of_the_page_about_tokens() -> None:
    api = PLANTED["auth.short_key"]()
    with serving(api.handle) as url:
        report = json.loads(judged(api, url, rules=("key-needed",)).to_json())

    (finding,) = report["findings"]
    assert ("/paths/~1jwt/get/security", "page:authentication") == (
        finding["words"]["pointer"],
        finding["words"]["source"],
    )
