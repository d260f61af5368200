"""Every planted fault yields a finding that names it."""
# ruff: noqa: E501  # the table of faults reads better in rows

import os
import re
import subprocess
import sys

import pytest
from heidi_conformance import Finding, Level, Progress, judge

from .conftest import Judged
from .faults import CATALOGUE, simple
from .faults.simple import TOKEN
from .reference import Api, Fault, Handler, Request, Response, faulty, respond, serving

CREATE = "/paths/~1sessions/post"
GET = "/paths/~1sessions~1{session_id}/get"
LIST = "/paths/~1sessions~1linked-user/get"
PATCH = "/paths/~1sessions~1{session_id}/patch"
# A fault, its level, and the code, the operation and the place of the finding that must name it.
CASES: tuple[tuple[Fault, Level, str, str, str], ...] = (
    (simple.undeclared_status, "strict", "declared-status", "getSession", GET),
    (simple.session_without_id, "documented", "answer-schema/required", "getSession", f"{GET}/responses/200"),
    (simple.duration_as_text, "documented", "answer-schema/type", "updateSession", f"{PATCH}/responses/200"),
    (simple.created_without_id, "documented", "answer-schema/required", "createSession", f"{CREATE}/responses/200"),
    (simple.unknown_gender, "documented", "answer-schema/value", "listLinkedUserSessions", f"{LIST}/responses/200"),
    (simple.page_as_html, "documented", "json-answers/media-type", "listLinkedUserSessions", f"{LIST}/responses/200/content"),
    (simple.broken_json, "documented", "json-answers/syntax", "createSession", f"{CREATE}/responses/200/content"),
    (simple.text_as_number, "strict", "no-coercion/accepted", "updateSession", PATCH),
    (simple.plain_errors, "documented", "json-answers/media-type", "getSession", f"{GET}/responses/200/content"),
    (simple.any_token, "documented", "token-needed", "updateSession", f"{PATCH}/security"),
    (simple.lost_sessions, "documented", "created-exists", "getSession", GET),
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "level", "code", "operation", "pointer"),
    CASES,
    ids=lambda item: getattr(item, "__name__", ""),
)
def test_a_planted_fault_is_found_and_named(
    fault: Fault, level: Level, code: str, operation: str, pointer: str, judged_once: Judged
) -> None:
    verdict = judged_once(fault, level, (code.partition("/")[0],))

    named = [item for item in verdict.findings if (item.code, item.operation) == (code, operation)]
    assert pointer in {item.words.pointer for item in named}
    assert all(item.words.source for item in named)
    assert not verdict.conforms


def test_one_cause_is_one_finding_however_many_requests_show_it(judged_once: Judged) -> None:
    verdict = judged_once(simple.duration_as_text, "documented")

    (finding,) = verdict.findings
    assert finding.seen > 10


def findings_of(name: str, rules: tuple[str, ...] = ()) -> tuple[Finding, ...]:
    """Judge a server of the catalogue by some rules, or by all."""
    api = next(planted.server for planted in CATALOGUE if planted.id == name)()
    with serving(api.handle) as url:
        token = api.token()
        return judge(url, level="strict", token=token, rules=rules, rules_only=True).findings


@pytest.mark.slow
def test_what_an_update_does_not_read_is_not_accepted() -> None:
    rules = ("update-answer", "values", "no-coercion", "body-shape", "rejected-update")
    findings = findings_of("patch.reads_ten_properties", rules)

    assert "update-answer/ignored" in {item.code for item in findings}
    assert not [item for item in findings if item.code.endswith(("/accepted", "/unread"))]


def test_a_creation_that_keeps_what_only_an_update_sets_is_blamed_for_it() -> None:
    (finding,) = findings_of("creation.creation_takes_consent", ("unknown-members",))

    told = "createSession keeps `is_consent`, which its requests do not have"
    assert told == finding.title


def test_the_page_does_not_say_that_a_creation_needs_no_body(judged: Judged) -> None:
    def needs_a_body(request: Request, handle: Handler) -> Response:
        bare = request.method == "POST" and not request.body
        refusal = {"detail": {"msg": "no body", "type": "MalformedRequest"}}
        return respond(400, refusal) if bare else handle(request)

    findings = judged(needs_a_body, rules=("works",)).findings
    assert [("works/without-body", "strict")] == [(item.code, item.level) for item in findings]
    assert not judged(needs_a_body, "documented", rules=("works",)).findings


@pytest.mark.slow
def test_a_refusal_of_an_allowed_value_names_its_property(judged_once: Judged) -> None:
    findings = judged_once(simple.refuses_empty_text, "strict", ("values", "works")).findings

    refusals = [item for item in findings if item.code.endswith("/refused")]
    assert any("`ehr_patient_id`" in item.title for item in refusals)


@pytest.mark.slow
def test_a_server_error_is_one_finding_though_its_status_is_not_declared_either(
    judged_once: Judged,
) -> None:
    rules = ("no-server-error", "declared-status", "values", "strings")
    (finding,) = judged_once(simple.crash_on_empty_text, "strict", rules).findings

    assert ("no-server-error", "updateSession") == (finding.code, finding.operation)
    assert PATCH == finding.words.pointer


def test_a_finding_has_the_shortest_requests_that_reproduce_it(
    judged_once: Judged,
) -> None:
    (finding,) = judged_once(simple.duration_as_text, "documented").findings

    assert "confirmed" == finding.stability
    create, update = finding.requests
    assert create.startswith("s1=$(curl -sS -X POST ")
    assert '-H @<(echo "Authorization: Bearer $HEIDI_TOKEN")' in create
    assert "-X PATCH" in update
    assert "/sessions/$s1" in update


@pytest.mark.slow
def test_a_finding_that_is_not_reproduced_is_marked_flaky(judged: Judged) -> None:
    broken = iter([False] * 60 + [True])

    def once(request: Request, handle: Handler) -> Response:
        return respond(500, {}) if next(broken, False) else handle(request)

    (finding,) = judged(once, rules=("update-read",)).findings
    assert ("no-server-error", "flaky") == (finding.rule, finding.stability)


def test_a_finding_repeats_no_value_that_the_server_returned(judged_once: Judged) -> None:
    verdict = judged_once(simple.unknown_gender, "documented")

    assert verdict.findings
    assert simple.SECRET_VALUE not in repr(verdict)


@pytest.mark.slow
def test_requests_without_a_token_are_one_finding_for_an_operation(judged_once: Judged) -> None:
    rules = ("token-needed", "token-first", "expired-token", "works")
    verdict = judged_once(simple.no_token_needed, "strict", rules)

    assert ["token-needed"] * 4 == [finding.rule for finding in verdict.findings]


@pytest.mark.slow
def test_the_requests_of_a_finding_run_as_a_script_and_reproduce_it(
    api: Api, judged_once: Judged
) -> None:
    finding = judged_once(simple.any_token, "strict", ("token-needed",)).findings[-1]
    with serving(faulty(api, simple.any_token)) as url:
        program = re.sub(r"base_url='[^']*'", f"base_url={url!r}", finding.python)
        shown = subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "HEIDI_TOKEN": TOKEN, "HEIDI_OTHER_TOKEN": TOKEN},
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    assert "token-needed" == finding.rule
    assert "200" == shown.splitlines()[-1].split()[0]


@pytest.mark.slow
def test_random_requests_find_a_fault_that_no_script_finds(api: Api) -> None:
    def crash(request: Request, handle: Handler) -> Response:
        duration = re.search(rb'"duration": ([0-9]{6})[,}]', request.body)
        return respond(500, {}) if duration else handle(request)

    told: list[Progress] = []
    with serving(faulty(api, crash)) as url:
        verdict = judge(url, level="strict", token=TOKEN, max_examples=1, on_progress=told.append)
    assert ["no-server-error"] == [item.rule for item in verdict.findings]
    first = next(step for step in told if step.findings)
    assert first.phase in {"sequences", "generated requests"}
