"""Correct servers are not accused, nothing is harmed, and a run can be repeated."""

import contextlib
from typing import get_args

import heidi_sandbox
import pytest
from heidi_conformance import CannotJudgeError, Level, Progress, judge

from . import faults, variants
from .conftest import Judged
from .faults import TOKEN
from .reference import Answer, Api, Fault, Handler, Request, faulty, new_session, serving

LEVELS: tuple[Level, ...] = get_args(Level)


@pytest.mark.parametrize("level", LEVELS)
def test_the_reference_conforms(level: Level, judged: Judged) -> None:
    verdict = judged(level=level, max_examples=10)

    assert () == verdict.findings
    assert verdict.conforms
    assert () == verdict.notes


@pytest.mark.parametrize("level", LEVELS)
def test_the_sandbox_conforms(level: Level) -> None:
    with heidi_sandbox.serving() as sandbox:
        verdict = judge(sandbox.url, level=level, token=sandbox.token(), max_examples=10)

    assert () == verdict.findings


@pytest.mark.parametrize(
    ("variant", "level"),
    [
        (variants.with_other_choices, "documented"),
        (variants.without_vendor_consistency, "documented"),
        (variants.strict_in_its_own_way, "strict"),
    ],
)
def test_a_correct_variant_is_not_accused(variant: Fault, level: Level, judged: Judged) -> None:
    assert () == judged(variant, level=level, max_examples=10).findings


def test_ids_of_another_form_are_not_accused_at_level_documented() -> None:
    api = variants.api_with_other_ids()
    with serving(api.handle) as url:
        verdict = judge(url, token=api.token(), max_examples=2)

    assert () == verdict.findings


def test_a_user_without_link_is_judged_on_all_but_the_pages(api: Api) -> None:
    with serving(api.handle) as url:
        token = api.token("clinician+unlinked@example.com")
        verdict = judge(url, level="strict", token=token, max_examples=5)

    assert () == verdict.findings
    (note,) = verdict.notes
    assert "listLinkedUserSessions never succeeded" in note


@pytest.mark.parametrize("level", LEVELS)
def test_sessions_that_the_run_did_not_create_are_neither_read_nor_changed(
    level: Level, api: Api, judged: Judged
) -> None:
    user = api.tokens[TOKEN]
    for number in range(3):
        session_id = f"7777{number}"
        user.sessions[session_id] = new_session(session_id, number)
    before = [dict(session) for session in user.sessions.values()]

    verdict = judged(level=level, max_examples=10)

    assert verdict.conforms
    assert before == list(user.sessions.values())[:3]
    assert not [request.path for request in api.requests if "/7777" in request.path]


def test_the_verdict_counts_requests_sessions_and_answers(api: Api, judged: Judged) -> None:
    verdict = judged()

    # One request more is Schemathesis asking what the server makes of odd paths.
    assert len(api.requests) - 1 == verdict.requests
    assert len(api.tokens[TOKEN].sessions) == verdict.sessions_created
    assert verdict.sessions_created == verdict.answers["createSession"][200]
    assert {"createSession", "getSession", "updateSession", "listLinkedUserSessions"} == set(
        verdict.answers
    )


def test_the_same_seed_sends_the_same_requests_and_finds_the_same() -> None:
    first, second, other = (recorded(seed) for seed in (1, 1, 2))

    assert first == second
    assert first[0] != other[0]


def recorded(seed: int) -> tuple[list[object], list[str]]:
    """Return the requests of a run and its findings, with the ids of sessions numbered."""
    numbers = iter(range(1000))
    api = Api(new_id=lambda: str(10**30 + next(numbers)))
    api.tokens[TOKEN] = api.tokens[api.token()]
    with serving(faulty(api, faults.crash_on_empty_text)) as url:
        verdict = judge(url, level="strict", token=TOKEN, seed=seed, max_examples=4)
    requests: list[object] = [
        (item.method, item.path, item.query, item.body) for item in api.requests
    ]
    return requests, [finding.title for finding in verdict.findings]


def test_every_rule_of_every_operation_is_accounted_for(judged: Judged) -> None:
    verdict = judged(level="documented")

    rules = {outcome.rule for outcome in verdict.outcomes}
    assert 4 * len(rules) == len(verdict.outcomes)
    assert all(outcome.why for outcome in verdict.outcomes if outcome.result == "skipped")
    passed = {outcome.rule for outcome in verdict.outcomes if outcome.result == "passed"}
    assert {"response_schema_conformance", "ignored_auth", "not_a_server_error"} <= passed


def test_a_server_that_refuses_all_work_is_not_said_to_conform(judged: Judged) -> None:
    def refuses(request: Request, handle: Handler) -> Answer:
        reply = handle(request)
        return reply.but(status=400) if request.method == "POST" else reply

    with pytest.raises(CannotJudgeError, match=r"createSession never succeeded .*400"):
        judged(refuses, level="documented")


def test_a_server_that_goes_away_is_not_said_to_conform(api: Api) -> None:
    with contextlib.ExitStack() as running:
        url = running.enter_context(serving(api.handle))

        def stop_server(step: Progress) -> None:
            if step.requests > 100:
                running.close()

        # Between two scenarios it could not be judged, within one it broke the connection.
        try:
            verdict = judge(url, token=TOKEN, max_examples=20, on_progress=stop_server)
            outcome = {finding.rule for finding in verdict.findings}
        except CannotJudgeError as error:
            outcome = {str(error).rpartition(": ")[2]}
    assert outcome in (
        {"transport"},
        {"the server stopped answering before the run was over"},
    )


def test_a_run_that_is_cut_short_is_not_said_to_conform(api: Api) -> None:
    with (
        serving(api.handle) as url,
        pytest.raises(CannotJudgeError, match=r"cut short .*--time-budget"),
    ):
        judge(url, token=TOKEN, max_examples=1000, time_budget=1)


def test_the_token_is_in_no_part_of_a_verdict_though_the_server_repeats_it(judged: Judged) -> None:
    verdict = judged(faults.parrot)

    assert verdict.findings
    assert TOKEN not in repr(verdict)
