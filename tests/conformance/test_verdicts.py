"""Correct servers pass, other sessions stay unchanged, and a run can be repeated."""

import contextlib
import time
from typing import get_args

import heidi_sandbox
import pytest
from heidi_conformance import CannotJudgeError, Level, Progress, judge
from heidi_conformance._settings import Plan
from heidi_conformance._wire import Wire
from heidi_conformance.contract._operations import UPDATE
from heidi_conformance.rules import RULES, SCRIPTS, TABLE, Script
from heidi_conformance.run import _run
from heidi_conformance.run._machine import Machine
from heidi_conformance.run._probe import Limits, Probe, Setting, Sighting
from heidi_conformance.run._run import Run

from .conftest import Judged
from .faults import simple
from .faults.simple import TOKEN
from .reference import Api, Handler, Request, Response, faulty, new_session, serving

LEVELS: tuple[Level, ...] = get_args(Level)


@pytest.mark.slow
def test_the_sandbox_conforms_to_the_page() -> None:
    with heidi_sandbox.serving() as sandbox:
        other = sandbox.token("other@example.com", "2")
        verdict = judge(sandbox.url, token=sandbox.token(), other_token=other, rules_only=True)

    assert () == verdict.findings


def test_what_is_found_is_told_before_its_script_has_ended(api: Api) -> None:
    told: list[Progress] = []

    def fault(request: Request, handle: Handler) -> Response:
        time.sleep(0.005)
        return handle(request).but(headers={"content-type": "text/plain"})

    with serving(faulty(api, fault)) as url:
        judge(url, token=TOKEN, rules=("update-listed",), time_budget=20, on_progress=told.append)
    first = next(step for step in told if step.findings)
    end = max(step.requests for step in told if step.phase == "rules")
    assert first.requests < end / 2


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 10))
def test_random_sequences_find_nothing_on_a_correct_server(seed: int, api: Api) -> None:
    with heidi_sandbox.serving() as sandbox:
        second = sandbox.token("other@example.com", "2")
        assert [] == sequences(sandbox.url, {"first": sandbox.token(), "second": second}, seed)
    with serving(api.handle) as url:
        second = api.token("other@example.com", "2")
        assert [] == sequences(url, {"first": TOKEN, "second": second}, seed)


def sequences(url: str, tokens: dict[str, str], seed: int) -> list[Sighting]:
    with Wire(url) as wire:
        probe = Probe(wire, Setting("strict", tokens), Limits(100), seed)
        Machine(probe).run(120)
    return probe.sightings


@pytest.mark.slow
def test_a_user_without_link_is_judged_on_everything_but_the_pages(api: Api) -> None:
    with serving(api.handle) as url:
        token = api.token("clinician+unlinked@example.com")
        verdict = judge(url, level="strict", token=token, max_examples=2)

    assert () == verdict.findings
    (gap,) = verdict.gaps
    assert "listLinkedUserSessions never succeeded" in gap


@pytest.mark.slow
@pytest.mark.parametrize("level", LEVELS)
def test_the_reference_conforms_and_its_other_sessions_are_neither_read_nor_changed(
    level: Level, api: Api, judged: Judged
) -> None:
    user = api.tokens[TOKEN]
    for number in range(3):
        session_id = f"7777{number}"
        user.sessions[session_id] = new_session(session_id, number)
    before = [dict(session) for session in user.sessions.values()]

    verdict = judged(level=level, max_examples=1)

    assert ((), (), ()) == (verdict.findings, verdict.notes, verdict.gaps)
    assert verdict.conforms
    assert before == list(user.sessions.values())[:3]
    assert not [request.path for request in api.requests if "/7777" in request.path]
    assert len(api.requests) == verdict.requests
    created = sum(len(each.sessions) for each in api.users.values()) - 3
    assert created == verdict.sessions_created == verdict.answers["createSession"][200]
    assert {"createSession", "getSession", "updateSession", "listLinkedUserSessions"} == set(
        verdict.answers
    )


def test_every_rule_of_every_operation_is_accounted_for(judged: Judged) -> None:
    verdict = judged(level="documented")

    told = {(outcome.rule, outcome.operation) for outcome in verdict.outcomes}
    assert len(told) == len(verdict.outcomes)
    assert {(rule.id, name) for rule in TABLE for name in rule.operations} <= told
    assert all(outcome.why for outcome in verdict.outcomes if outcome.result == "skipped")
    passed = {outcome.rule for outcome in verdict.outcomes if outcome.result == "passed"}
    assert {"answer-schema", "token-needed", "no-server-error"} <= passed


@pytest.mark.parametrize(
    ("scripts", "why"),
    [((), "No request of this run tests it."), (SCRIPTS, "the run was read-only.")],
)
def test_a_rule_that_was_not_put_to_the_server_says_why(
    scripts: tuple[Script, ...], why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_run, "SCRIPTS", scripts)
    plan = Plan("http://127.0.0.1:1", "strict", {"first": TOKEN}, read_only=True)
    skip = Run(plan, lambda _: None).skip(RULES["update-keeps"], UPDATE)
    assert skip is not None
    assert skip.why.endswith(why)


def test_a_server_that_refuses_all_requests_does_not_conform(judged: Judged) -> None:
    def refuses(request: Request, handle: Handler) -> Response:
        reply = handle(request)
        return reply.but(status=400) if request.method == "POST" else reply

    (finding,) = judged(refuses, level="documented").findings
    assert ("works", "createSession") == (finding.rule, finding.operation)


def test_a_server_that_goes_away_does_not_conform(api: Api) -> None:
    with contextlib.ExitStack() as running:
        url = running.enter_context(serving(api.handle))

        def stop_server(step: Progress) -> None:
            if step.requests > 20:
                running.close()

        # Between two scenarios it could not be judged, within one it broke the connection.
        try:
            verdict = judge(url, token=TOKEN, rules_only=True, on_progress=stop_server)
            outcome = {finding.rule for finding in verdict.findings}
        except CannotJudgeError as error:
            outcome = {str(error).rpartition(": ")[2]}
    assert {"answers"} == outcome


def test_an_incomplete_run_does_not_conform(api: Api) -> None:
    with (
        serving(api.handle) as url,
        pytest.raises(CannotJudgeError, match=r"cut short .*--time-budget"),
    ):
        judge(url, token=TOKEN, max_examples=1000, time_budget=1)


@pytest.mark.slow
def test_a_verdict_never_has_the_token_even_if_the_server_repeats_it(judged: Judged) -> None:
    verdict = judged(simple.parrot, rules=("works", "json-answers", "error-shape"))

    assert verdict.findings
    assert TOKEN not in repr(verdict)
