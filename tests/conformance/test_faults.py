"""Every planted fault yields a finding that names it."""

import os
import re
import subprocess
import sys
from typing import NamedTuple

import pytest
from heidi_conformance import Level

from . import faults
from .conftest import Judged
from .faults import TOKEN
from .reference import Answer, Api, Fault, Handler, Request, answer, faulty, serving


class Case(NamedTuple):
    """A fault, and the code, operation, title and place of the finding that must name it."""

    fault: Fault
    code: str
    operation: str
    title: str
    pointer: str
    level: Level = "strict"


PATCH = "/paths/~1sessions~1{session_id}/patch"
CASES = {
    "undeclared status": Case(
        faults.undeclared_status,
        "declared-status",
        "getSession",
        "getSession responds with 418, which the document does not declare",
        "/paths/~1sessions~1{session_id}/get",
    ),
    "missing required member": Case(
        faults.session_without_id,
        "answer-schema/required",
        "getSession",
        "getSession responds with 200 without the required property `$.session.session_id`",
        "/paths/~1sessions~1{session_id}/get/responses/200",
        "documented",
    ),
    "wrong type": Case(
        faults.duration_as_text,
        "answer-schema/type",
        "updateSession",
        "updateSession responds with 200 and a string at `$.session.duration`",
        f"{PATCH}/responses/200",
        "documented",
    ),
    "wrong body with another status of success": Case(
        faults.created_without_id,
        "answer-schema/required",
        "createSession",
        "createSession responds with 201 without the required property `$.session_id`",
        "/paths/~1sessions/post/responses/200",
        "documented",
    ),
    "value outside an enum": Case(
        faults.unknown_gender,
        "answer-schema/value",
        "listLinkedUserSessions",
        "listLinkedUserSessions responds with 200 and an invalid value at "
        "`$.sessions[*].patient.gender`",
        "/paths/~1sessions~1linked-user/get/responses/200",
        "documented",
    ),
    "wrong media type": Case(
        faults.page_as_html,
        "json-answers/media-type",
        "listLinkedUserSessions",
        "listLinkedUserSessions responds with 200 and another media type than application/json",
        "/paths/~1sessions~1linked-user/get/responses/200/content",
        "documented",
    ),
    "broken JSON": Case(
        faults.broken_json,
        "json-answers/syntax",
        "createSession",
        "createSession responds with 200 and a body that is not JSON",
        "/paths/~1sessions/post/responses/200/content",
        "documented",
    ),
    "server error": Case(
        faults.crash_on_empty_text,
        "no-server-error",
        "updateSession",
        "updateSession responds with 500 to a valid request",
        PATCH,
        "documented",
    ),
    "coercion": Case(
        faults.text_as_number,
        "no-coercion/accepted",
        "updateSession",
        "updateSession accepts a string as `duration`",
        PATCH,
    ),
    "error that is not JSON": Case(
        faults.plain_errors,
        "json-answers/media-type",
        "getSession",
        "getSession responds with 404 and another media type than application/json",
        "/paths/~1sessions~1{session_id}/get/responses/200/content",
        "documented",
    ),
    "any token will do": Case(
        faults.any_token,
        "token-needed",
        "updateSession",
        "updateSession accepts a request with a wrong token, without a token",
        f"{PATCH}/security",
        "documented",
    ),
    "sessions get lost": Case(
        faults.lost_sessions,
        "created-exists",
        "getSession",
        "getSession responds with 404 for a session that was created",
        "/paths/~1sessions~1{session_id}/get",
        "documented",
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_planted_fault_is_found_and_named(case: Case, judged_once: Judged) -> None:
    verdict = judged_once(case.fault, case.level)

    found = {finding.title: finding for finding in verdict.findings}
    assert case.title in found
    finding = found[case.title]
    assert (case.code, case.operation) == (finding.code, finding.operation)
    assert case.pointer == finding.words.pointer
    assert finding.words.source
    assert not verdict.conforms


def test_one_cause_is_one_finding_however_many_requests_show_it(judged_once: Judged) -> None:
    verdict = judged_once(faults.duration_as_text, "documented")

    (finding,) = verdict.findings
    assert finding.seen > 10


def test_a_refusal_of_what_is_allowed_names_what_was_refused(judged_once: Judged) -> None:
    findings = judged_once(faults.refuses_empty_text, "strict").findings

    refusals = [item for item in findings if item.code.endswith("/refused")]
    assert any("`patient.name`" in item.title for item in refusals)


def test_a_server_error_is_one_finding_though_its_status_is_not_declared_either(
    judged_once: Judged,
) -> None:
    verdict = judged_once(faults.crash_on_empty_text, "strict")

    assert ["no-server-error"] == [finding.rule for finding in verdict.findings]


def test_a_finding_shows_the_shortest_requests_and_they_showed_it_again(
    judged_once: Judged,
) -> None:
    (finding,) = judged_once(faults.duration_as_text, "documented").findings

    assert "confirmed" == finding.stability
    create, update = finding.requests
    assert create.startswith("s1=$(curl -sS -X POST ")
    assert '-H @<(echo "Authorization: Bearer $HEIDI_TOKEN")' in create
    assert "-X PATCH" in update
    assert "/sessions/$s1" in update


def test_a_finding_that_does_not_show_again_is_marked_flaky(judged: Judged) -> None:
    broken = iter([False] * 60 + [True])

    def once(request: Request, handle: Handler) -> Answer:
        return answer(500, {}) if next(broken, False) else handle(request)

    (finding,) = judged(once).findings
    assert ("no-server-error", "flaky") == (finding.rule, finding.stability)


def test_a_finding_repeats_no_value_that_the_server_answered(judged_once: Judged) -> None:
    verdict = judged_once(faults.unknown_gender, "documented")

    assert verdict.findings
    assert faults.SECRET_VALUE not in repr(verdict)


def test_requests_without_a_token_are_one_finding_of_an_operation(judged_once: Judged) -> None:
    verdict = judged_once(faults.no_token_needed, "strict")

    assert ["token-needed"] * 4 == [finding.rule for finding in verdict.findings]


def test_the_requests_of_a_finding_run_as_a_program_and_show_it(
    api: Api, judged_once: Judged
) -> None:
    finding = judged_once(faults.any_token, "strict").findings[-1]
    with serving(faulty(api, faults.any_token)) as url:
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


def test_random_requests_find_what_no_script_asks_for(judged: Judged) -> None:
    def crash(request: Request, handle: Handler) -> Answer:
        duration = re.search(rb'"duration": ([0-9]{6})[,}]', request.body)
        return answer(500, {}) if duration else handle(request)

    assert () == judged(crash).findings
    assert ["no-server-error"] == [item.rule for item in judged(crash, max_examples=1).findings]
