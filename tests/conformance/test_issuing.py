"""The issue of tokens is judged as well, if the run has the key."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from heidi_conformance import CannotJudgeError, Verdict, judge
from heidi_conformance._access import Client, Renewal
from heidi_conformance._credentials import credentials, options
from heidi_conformance._settings import Issued, Plan
from heidi_conformance._wire import Wire
from heidi_conformance.evidence._history import Bindings, create, read
from heidi_conformance.reports import write_reports
from heidi_conformance.rules import RULES
from heidi_conformance.run import _probe
from heidi_conformance.run._probe import Limits, Probe, Setting

from .faults import CATALOGUE
from .reference import Api, Request, Response, User, respond, serving

PLANTED = {planted.id: planted.server for planted in CATALOGUE}
ISSUE = "issueToken"
ABOUT = tuple(rule.id for rule in RULES.values() if ISSUE in rule.operations)
"""The rules about the issue of tokens, some of them about other operations as well."""
EMAIL = "clinician@example.com"


def judged(api: Api, url: str, **settings: Any) -> Verdict:
    return judge(
        url, level="strict", token=api.token(), api_key=api.api_key, rules_only=True, **settings
    )


class Issuer(Api):
    """Responses that issue tokens are changed."""

    def handle(self, request: Request) -> Response:
        reply = super().handle(request)
        return self.changed(request, reply) if request.path == "/jwt" else reply

    def changed(self, request: Request, reply: Response) -> Response:
        raise NotImplementedError


class Scarce(Issuer):
    """Three tokens, then none for a minute."""

    def changed(self, request: Request, reply: Response) -> Response:
        asked = sum(item.path == "/jwt" for item in self.requests)
        busy = {"detail": {"msg": "wait", "type": "TooManyRequests"}}
        return respond(429, busy).but(headers={"retry-after": "60"}) if asked > 3 else reply


class Elsewhere(Issuer):
    """Tokens are issued by another host."""

    def changed(self, request: Request, reply: Response) -> Response:
        return Response(307, b"", {"location": "https://tokens.invalid/jwt"})


class Registered(Issuer):
    """Tokens are issued only for users whom the server knows."""

    def changed(self, request: Request, reply: Response) -> Response:
        unknown = {"detail": {"msg": "no such user", "type": "ValidationError"}}
        return respond(422, unknown) if reply.status == 200 else reply


@pytest.mark.slow
@pytest.mark.parametrize(
    ("server", "code"),
    [
        (PLANTED["auth.key_is_optional"], "key-needed"),
        (PLANTED["auth.short_key"], "key-needed/wrong"),
        (PLANTED["auth.shorter_than_told"], "issued-token/refused"),
        (PLANTED["auth.expiration_as_seconds"], "answer-schema/type"),
        (PLANTED["auth.expiration_without_zone"], "answer-schema/value"),
        (PLANTED["auth.internal_id_is_the_user"], "own-sessions/shows"),
        (PLANTED["auth.one_token_for_all"], "own-sessions/token"),
        (PLANTED["auth.ends_in_berlin"], "issued-token/zone"),
        (PLANTED["errors.echoes_the_key"], "message-quotes"),
        (PLANTED["errors.echoes_the_email"], "message-quotes"),
        (PLANTED["auth.key_refused_in_text"], "error-shape/media-type"),
        (PLANTED["auth.crash_without_a_user"], "no-server-error"),
        (PLANTED["auth.email_is_optional"], "issued-token/nobody"),
        (PLANTED["auth.ended_long_ago"], "issued-token/past"),
        (PLANTED["auth.key_is_a_token"], "token-needed"),
        (PLANTED["auth.tokens_buy_tokens"], "key-needed"),
        (PLANTED["auth.namesakes_only_by_id"], "own-sessions/shows"),
        (PLANTED["auth.issued_empty"], "issued-token/characters"),
        (PLANTED["auth.issued_two_words"], "issued-token/characters"),
        (PLANTED["auth.issued_two_lines"], "issued-token/characters"),
        (PLANTED["auth.issued_too_long"], "issued-token/characters"),
        (PLANTED["auth.issued_a_number"], "answer-schema/type"),
    ],
)
def test_a_fault_of_the_issue_is_a_finding_without_secrets(
    server: type[Api], code: str, tmp_path: Path
) -> None:
    api = server()
    with serving(api.handle) as url:
        asked = ("issued-token", "key-needed", "own-sessions", "no-server-error")
        verdict = judged(api, url, rules=asked)
        again = {item.title: run_again(item.python, api) for item in verdict.findings}

    assert code in {item.code for item in verdict.findings}
    assert {"confirmed"} == {item.stability for item in verdict.findings}
    for item in verdict.findings:
        _, status, number = item.got.partition("status ")
        assert not status or f"{number} " in again[item.title]
    write_reports(verdict, tmp_path)
    written = "".join(path.read_text() for path in tmp_path.iterdir())
    assert not [secret for secret in (api.api_key, *api.tokens) if secret in written]


def run_again(program: str, api: Api) -> str:
    """Run the script of a finding, and return its output."""
    secrets = {"HEIDI_API_KEY": api.api_key, "HEIDI_TOKEN": api.token()}
    run = [sys.executable, "-c", program]
    done = subprocess.run(run, env=os.environ | secrets, check=True, capture_output=True, text=True)
    return done.stdout


def test_a_reproducer_takes_the_token_from_the_response_and_the_key_from_the_environment() -> None:
    api = PLANTED["auth.internal_id_is_the_user"]()
    with serving(api.handle) as url:
        verdict = judged(api, url, rules=("own-sessions",))

    (finding,) = [item for item in verdict.findings if item.code == "own-sessions/shows"]
    first, session, stranger, reading = finding.requests
    assert first.startswith("u1=$(curl")
    assert first.endswith("| jq -r .token)")
    assert '"Heidi-Api-Key: $HEIDI_API_KEY"' in first
    assert '"Authorization: Bearer $u1"' in session
    assert (name := stranger.partition("=$(curl")[0])
    assert f'"Authorization: Bearer ${name}"' in reading
    assert 'u1 = value(response, "token")' in finding.python


def test_without_the_key_the_issue_is_not_exercised_and_the_reason_is_given(api: Api) -> None:
    with serving(api.handle) as url:
        verdict = judge(url, level="strict", token=api.token(), rules_only=True, rules=ABOUT)

    outcomes = [item for item in verdict.outcomes if item.operation == ISSUE]
    assert outcomes
    assert {
        ("skipped", "give the key that tokens are issued for (HEIDI_API_KEY or --api-key-file)")
    } == {(item.result, item.why) for item in outcomes}


@pytest.mark.slow
def test_with_the_key_every_rule_about_the_issue_is_exercised(api: Api) -> None:
    with serving(api.handle) as url:
        verdict = judged(api, url, rules=ABOUT)

    assert () == verdict.findings
    assert {"passed"} == {item.result for item in verdict.outcomes if item.operation == ISSUE}
    assert verdict.sessions_created == verdict.sessions_tagged


@pytest.mark.parametrize(
    ("server", "why"),
    [
        (Registered, "an earlier response lacked the id that the next request needs"),
        (Elsewhere, "an earlier response lacked the id that the next request needs"),
        (Scarce, "the server limits how many tokens it issues"),
    ],
)
def test_a_server_that_issues_no_tokens_to_invented_users_is_not_accused(
    server: type[Api], why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_probe, "wait_of", lambda _: pytest.fail("it waits for a token"))
    api = server()
    with serving(api.handle) as url:
        verdict = judged(api, url, rules=ABOUT)

    assert () == verdict.findings
    outcomes = {item.rule: item for item in verdict.outcomes if item.operation == ISSUE}
    assert ("skipped", why) == (outcomes["key-needed"].result, outcomes["key-needed"].why)


@pytest.mark.parametrize("told", [1, 3600])
def test_a_token_may_expire_when_the_server_said_and_not_before(told: int) -> None:
    class ForOneRequest(Api):
        """Issued tokens are good for one request."""

        def issue_token(self, request: Request) -> Response:
            reply = super().issue_token(request)
            token = reply.content["token"]
            self.spent[token] = 0
            self.expiries[token] = time.time() + told
            end = {"expiration_time": self.expiration(token)}
            self.expiries[token] = time.time() + 3600
            return reply.but(content=reply.content | end)

        def owner(self, token: str) -> User | None:
            if token in self.spent:
                self.spent[token] += 1
            return None if self.spent.get(token, 0) > 1 else super().owner(token)

        def __init__(self) -> None:
            super().__init__()
            self.spent: dict[str, int] = {}

    api = ForOneRequest()
    with serving(api.handle) as url:
        verdict = judged(api, url, rules=("issued-token", "own-sessions"))

    assert (told > 1) == ("works" in {item.rule for item in verdict.findings})
    assert told > 1 or verdict.findings == ()


def test_no_token_that_was_ever_issued_is_in_a_report(tmp_path: Path) -> None:
    class Echo(Issuer):
        """Wrong keys get a token too, which also occurs elsewhere in the response."""

        def changed(self, request: Request, reply: Response) -> Response:
            token = self.token()
            told = reply.but(content={"token": token}, headers={"content-type": f"text/{token}"})
            return told if reply.status == 401 else reply

    api = Echo()
    with serving(api.handle) as url:
        verdict = judged(api, url, rules=("key-needed",))

    assert "text/$HEIDI_TOKEN" in {item.got for item in verdict.findings}
    write_reports(verdict, tmp_path)
    written = "".join(path.read_text() for path in tmp_path.iterdir())
    assert not [secret for secret in (api.api_key, *api.tokens) if secret in written]


def test_half_a_surrogate_pair_in_a_response_is_a_finding() -> None:
    class Halved(Api):
        def expiration(self, token: str) -> str:
            return "\ud800"

    api = Halved()
    with serving(api.handle) as url:
        findings = judged(api, url, rules=("issued-token",)).findings

    assert ["answer-schema"] == [item.rule for item in findings]


def test_sessions_are_marked_by_the_last_token_of_their_user() -> None:
    api = PLANTED["auth.one_token_at_a_time"]()
    with serving(api.handle) as url:
        verdict = judged(api, url, rules=("own-sessions",))

    assert verdict.sessions_created == verdict.sessions_tagged


def test_a_rule_about_messages_also_applies_to_the_issue_alone() -> None:
    api = PLANTED["errors.echoes_the_key"]()
    with serving(api.handle) as url:
        verdict = judged(api, url, rules=("message-quotes",))

    assert {("message-quotes", ISSUE)} == {(item.rule, item.operation) for item in verdict.findings}


def test_users_who_share_an_address_stand_in_for_a_second_user(api: Api) -> None:
    with serving(api.handle) as url:
        verdict = judged(api, url, rules=("own-sessions", "own-list"))

    outcomes = {(item.rule, item.operation): item.result for item in verdict.outcomes}
    assert "passed" == outcomes["own-sessions", "getSession"]
    assert "passed" == outcomes["own-list", "listLinkedUserSessions"]


def test_the_key_and_the_tokens_are_not_in_the_repr_of_a_run() -> None:
    setting = Setting("strict", {"first": "s3cret-token"}, key="s3cret-key")
    limits = Limits(9, latest={"/jwt?a": "s3cret-1"}, secrets={"s3cret-2"})
    plan = Plan("http://localhost", "strict", {"first": "s3cret-token"}, api_key="s3cret-key")
    bound = Bindings(setting.secrets)

    assert "s3cret" not in repr((setting, limits, plan, bound))


def test_level_documented_neither_sends_nor_reads_the_key(api: Api) -> None:
    with serving(api.handle) as url:
        judge(url, token=api.token(), api_key="no key \n", rules_only=True)

    assert "/jwt" not in {request.path for request in api.requests}


def test_keys_are_tried_in_a_read_only_run(api: Api) -> None:
    with serving(api.handle) as url:
        verdict = judged(api, url, read_only=True)

    outcomes = {item.rule: item.result for item in verdict.outcomes if item.operation == ISSUE}
    assert "passed" == outcomes["key-needed"]
    assert "skipped" == outcomes["own-sessions"]
    assert "passed" == outcomes["issued-token"]
    assert {"GET"} == {request.method for request in api.requests}


@pytest.mark.parametrize("flags", [{}, {"--token": "a-token", "--api-key": "KEY"}])
def test_the_key_and_a_token_can_be_given_together(
    flags: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    if not flags:
        monkeypatch.setenv("HEIDI_TOKEN", "a-token")
        monkeypatch.setenv("HEIDI_API_KEY", "KEY")

    assert {"first": "a-token", "key": "KEY"} == credentials(
        Client(Wire("http://127.0.0.1:1")), flags
    )


def test_the_key_is_given_together_with_the_tokens_that_it_buys(api: Api) -> None:
    with serving(api.handle) as url, Wire(url) as wire:
        tokens = credentials(Client(wire), {"--api-key": api.api_key})

    assert api.api_key == tokens["key"]
    assert {"first", "same", "second", "unlinked", "key"} == tokens.keys()


def ended(api: Api) -> str:
    """Return a token that the server has ended."""
    token = api.token(EMAIL, "1")
    del api.tokens[token]
    return token


def test_a_token_that_ends_is_replaced_where_the_key_issued_it(api: Api) -> None:
    token = ended(api)
    issued = {token: Issued(EMAIL, "1", due=0)}
    rules = ("created-exists",)
    with serving(api.handle) as url:
        verdict = judge(url, token=token, api_key=api.api_key, issued=issued, rules=rules)
        with pytest.raises(CannotJudgeError, match="refuses the token"):
            judge(url, token=token, api_key=api.api_key, rules=rules)

    assert () == verdict.findings
    assert verdict.sessions_created == verdict.sessions_tagged


def test_a_history_goes_on_with_the_tokens_that_replace_its_own(api: Api) -> None:
    with serving(api.handle) as url, Wire(url) as wire:
        client = Client(wire)
        before = client.mint(api.api_key, EMAIL, "1")
        renewal = Renewal(client, api.api_key, {"first": before})
        probe = Probe(wire, Setting("strict", renewal.tokens, renewal=renewal), Limits(1))
        probe.send(create("s1"))
        assert 0 == renewal.times
        client.issued[before] = Issued(EMAIL, "1", due=0)
        del api.tokens[before]
        response = probe.send(read("s1"))

    assert response is not None
    assert response.ok
    assert [] == probe.sightings
    assert 1 == renewal.times


def test_a_token_that_cannot_be_replaced_stays(api: Api) -> None:
    with serving(api.handle) as url, Wire(url) as wire:
        client = Client(wire)
        client.issued["a-token"] = Issued(EMAIL, "1", due=0)
        renewal = Renewal(client, "a-wrong-key", {"first": "a-token"})
        renewal.renew()
        renewal.renew()

    assert {"first": "a-token"} == renewal.tokens
    assert 1 == len(api.requests)


def test_a_token_is_tried_until_one_response_accepts_it(api: Api) -> None:
    with serving(api.handle) as url, Wire(url) as wire:
        client = Client(wire)
        assert client.admits(api.token())
        assert 1 == client.requests
        assert not client.admits("a-token")
        assert 3 == client.requests


def test_only_tokens_that_the_key_issued_are_replaced() -> None:
    of = Issued(EMAIL, "1", due=0)
    given = options({"first": "one", "second": "given"}, {"one": of, "of-another-lane": of})

    assert {"one": of} == given["issued"]


def test_the_key_of_a_token_that_was_given_is_not_guessed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEIDI_API_KEY", "of-another-server")

    assert {"first": "a-token"} == credentials(
        Client(Wire("http://127.0.0.1:1")), {"--token": "a-token"}
    )


def test_the_report_quotes_the_words_of_the_page_about_tokens() -> None:
    api = PLANTED["auth.short_key"]()
    with serving(api.handle) as url:
        report = json.loads(judged(api, url, rules=("key-needed",)).to_json())

    (finding,) = report["findings"]
    assert ("/paths/~1jwt/get/security", "page:authentication") == (
        finding["words"]["pointer"],
        finding["words"]["source"],
    )


def test_in_sarif_it_is_an_error_in_the_document_that_has_the_operation(
    tmp_path: Path,
) -> None:
    api = PLANTED["auth.short_key"]()
    with serving(api.handle) as url:
        write_reports(judged(api, url, rules=("key-needed",)), tmp_path)

    (result,) = json.loads((tmp_path / "report.sarif").read_text())["runs"][0]["results"]
    place = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert ("error", "heidi_spec/client.yaml") == (result["level"], place)
