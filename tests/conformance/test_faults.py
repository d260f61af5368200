"""Every planted fault yields a finding that names it."""

from typing import NamedTuple

import pytest
from heidi_conformance import Level

from . import faults
from .conftest import Judged
from .reference import Fault


class Case(NamedTuple):
    """A fault, the rule that must catch it, and what its finding must say."""

    fault: Fault
    rule: str
    operation: str
    title: str
    pointer: str
    level: Level = "strict"


CASES = {
    "undeclared status": Case(
        faults.undeclared_status,
        "status_code_conformance",
        "getSession",
        "getSession answered 418, which the document does not declare",
        "/paths/~1sessions~1{session_id}/get/responses",
    ),
    "missing required member": Case(
        faults.session_without_id,
        "response_schema_conformance",
        "getSession",
        "getSession answered 200 without the required member `session_id` at $.session",
        "/components/schemas/Session/required",
        "documented",
    ),
    "wrong type": Case(
        faults.duration_as_text,
        "response_schema_conformance",
        "updateSession",
        "updateSession answered 200 with a string at $.session.duration, "
        "where the document has number",
        "/components/schemas/Session/properties/duration/type",
        "documented",
    ),
    "wrong body with another status of success": Case(
        faults.created_without_id,
        "response_schema_conformance",
        "createSession",
        "createSession answered 201 without the required member `session_id` at $",
        "/components/schemas/SessionCreated/required",
        "documented",
    ),
    "value outside an enum": Case(
        faults.unknown_gender,
        "response_schema_conformance",
        "listLinkedUserSessions",
        "listLinkedUserSessions answered 200 with a value at $.sessions[*].patient.gender "
        "that breaks `oneOf` of the document",
        "/components/schemas/Patient/properties/gender/oneOf",
        "documented",
    ),
    "wrong media type": Case(
        faults.page_as_html,
        "content_type_conformance",
        "listLinkedUserSessions",
        "listLinkedUserSessions answered 200 as text/html, not as application/json",
        "/paths/~1sessions~1linked-user/get/responses/200/content",
        "documented",
    ),
    "broken JSON": Case(
        faults.broken_json,
        "response_schema_conformance",
        "createSession",
        "createSession answered 200 with a body that is not JSON",
        "/paths/~1sessions/post/responses/200/content/application~1json",
        "documented",
    ),
    "server error": Case(
        faults.crash_on_empty_text,
        "not_a_server_error",
        "updateSession",
        "updateSession answered 500 to a request that the document allows",
        "/paths/~1sessions~1{session_id}/patch",
        "documented",
    ),
    "coercion": Case(
        faults.text_as_number,
        "negative_data_rejection",
        "updateSession",
        "updateSession accepted an invalid value at $.duration, with 200",
        "/components/schemas/SessionUpdate/properties/duration",
    ),
    "unchecked query": Case(
        faults.any_page_size,
        "negative_data_rejection",
        "listLinkedUserSessions",
        "listLinkedUserSessions accepted an invalid `page_size` in the query, with 200",
        "/paths/~1sessions~1linked-user/get/parameters/0",
    ),
    "refusal of what is allowed": Case(
        faults.refuses_empty_text,
        "positive_data_acceptance",
        "updateSession",
        "updateSession refused a request that the document allows, with 422",
        "/paths/~1sessions~1{session_id}/patch",
    ),
    "error that is not JSON": Case(
        faults.plain_errors,
        "content_type_conformance",
        "getSession",
        "getSession answered 404 as text/plain, not as application/json",
        "/paths/~1sessions~1{session_id}/get/responses/404/content",
        "documented",
    ),
    "no WWW-Authenticate": Case(
        faults.without_header("www-authenticate"),
        "response_headers_conformance",
        "createSession",
        "createSession answered 401 without the required header `WWW-Authenticate`",
        "/components/headers/WWW-Authenticate",
    ),
    "wrong WWW-Authenticate": Case(
        faults.wrong_challenge,
        "response_headers_conformance",
        "createSession",
        "createSession answered 401 with a header `WWW-Authenticate` that breaks `pattern`",
        "/components/headers/WWW-Authenticate/schema",
    ),
    "no Allow": Case(
        faults.without_header("allow"),
        "unsupported_method",
        "createSession",
        "createSession: its path answered 405 to a method that it does not have, "
        "without the header `Allow`",
        "/components/responses/MethodNotAllowed",
    ),
    "hidden method": Case(
        faults.deletes,
        "unsupported_method",
        "getSession",
        "getSession: its path answered 200 to a method that it does not have, and not 405",
        "/components/responses/MethodNotAllowed",
    ),
    "no token needed": Case(
        faults.no_token_needed,
        "ignored_auth",
        "getSession",
        "getSession accepted a request without a token, with 200",
        "/components/securitySchemes/bearerAuth",
    ),
    "any token will do": Case(
        faults.any_token,
        "ignored_auth",
        "updateSession",
        "updateSession accepted a request with an invented token, with 200",
        "/components/securitySchemes/bearerAuth",
        "documented",
    ),
    "sessions get lost": Case(
        faults.lost_sessions,
        "ensure_resource_availability",
        "getSession",
        "getSession answered 404 for a session that had just been created",
        "/paths/~1sessions/post/responses/200/links/getSession",
        "documented",
    ),
    "half an answer": Case(
        faults.half_an_answer,
        "transport",
        "updateSession",
        "updateSession gave no answer: the connection broke, or nothing came within 10 seconds",
        "/paths/~1sessions~1{session_id}/patch",
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_planted_fault_is_found_and_named(case: Case, judged_once: Judged) -> None:
    verdict = judged_once(case.fault, case.level)

    found = {finding.title: finding for finding in verdict.findings}
    assert case.title in found
    finding = found[case.title]
    assert (case.rule, case.operation) == (finding.rule, finding.operation)
    assert case.level == finding.level
    assert case.pointer == finding.words.pointer
    assert finding.words.source
    assert not verdict.conforms


def test_one_cause_is_one_finding_however_many_requests_show_it(judged_once: Judged) -> None:
    verdict = judged_once(faults.duration_as_text, "documented")

    (finding,) = verdict.findings
    assert finding.seen > 10


def test_a_server_error_is_one_finding_though_its_status_is_not_declared_either(
    judged_once: Judged,
) -> None:
    verdict = judged_once(faults.crash_on_empty_text, "strict")

    assert ["not_a_server_error"] == [finding.rule for finding in verdict.findings]


def test_a_finding_shows_the_shortest_requests_that_lead_to_it(judged_once: Judged) -> None:
    verdict = judged_once(faults.duration_as_text, "documented")

    (request,) = verdict.findings[0].requests
    assert request.startswith('curl -X PATCH -H "Authorization: Bearer $HEIDI_TOKEN"')
    assert "--data-binary '{}'" in request


def test_a_finding_that_takes_two_requests_shows_both(judged_once: Judged) -> None:
    verdict = judged_once(faults.lost_sessions, "documented")

    shown = next(item for item in verdict.findings if item.rule == "ensure_resource_availability")
    assert ["POST", "GET"] == [request.split()[2] for request in shown.requests]


def test_a_finding_repeats_no_value_that_the_server_answered(judged_once: Judged) -> None:
    verdict = judged_once(faults.unknown_gender, "documented")

    assert verdict.findings
    assert faults.SECRET_VALUE not in repr(verdict)


def test_requests_without_a_token_are_one_finding_of_an_operation(judged_once: Judged) -> None:
    verdict = judged_once(faults.no_token_needed, "strict")

    assert ["ignored_auth"] * 4 == [finding.rule for finding in verdict.findings]
