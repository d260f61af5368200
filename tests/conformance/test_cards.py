"""One cause is one card, with requests that show it again, whoever complained of it."""

from collections.abc import Iterator
from typing import Any

import pytest
from heidi_conformance import Verdict, _reduce, judge
from heidi_conformance.oracle import _listing, _oracle, _showing

from . import faults
from .conftest import Judged
from .reference import Answer, Handler, Request, serving

PLANTED = {planted.id: planted for planted in faults.CATALOGUE}
# Of each fault: the rules whose scripts show what follows from it, and those that name it.
CARDS = {
    "ids.grouped_in_update": (("reading", "new-session", "one-session"), {"answer-schema"}),
    "transport.byte_order_mark": (("error-shape",), {"json-answers"}),
    "transport.missing_session_is_410": (("own-sessions",), {"unknown-id"}),
    "views.no_region_in_list": (("values",), {"update-listed"}),
    "views.answers_the_defaults": (("update-read", "update-listed"), {"update-keeps"}),
    "validation.wrong_member_is_400": (
        ("body-shape", "no-coercion"),
        {"body-shape", "no-coercion", "values"},
    ),
}


def judged_as_planted(name: str, rules: tuple[str, ...]) -> Verdict:
    api = PLANTED[name].server()
    first, second, unlinked = (
        api.token("clinician@example.com", "1"),
        api.token("other@example.com", "2"),
        api.token("nobody+unlinked@example.com", "3"),
    )
    with serving(api.handle) as url:
        return judge(
            url,
            level="strict",
            token=first,
            other_token=second,
            unlinked_token=unlinked,
            rules_only=True,
            rules=rules,
        )


@pytest.mark.parametrize("name", CARDS)
def test_a_fault_of_one_cause_is_one_card_and_it_is_confirmed(name: str) -> None:
    asked, named = CARDS[name]
    findings = judged_as_planted(name, asked).findings

    assert sorted(named) == sorted(finding.rule for finding in findings)
    assert {"confirmed"} == {finding.stability for finding in findings}
    assert all(len(finding.requests) <= 5 for finding in findings)


def test_what_follows_from_a_session_that_never_shows_is_one_card_of_each_operation() -> None:
    findings = judged_as_planted("ids.other_id_in_creation", ("media-type", "json-syntax")).findings

    assert {"created-exists"} == {item.rule for item in findings}
    assert ["getSession", "updateSession"] == sorted(item.operation for item in findings)


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("ids.sequential", "id-random"),
        ("ids.rounded_in_list", "walks"),
        ("tenants.fills_up_with_others", "own-list"),
        ("tenants.lists_all", "own-list"),
    ],
)
def test_what_many_sessions_show_is_confirmed(name: str, rule: str) -> None:
    findings = judged_as_planted(name, (rule,)).findings

    first = next(item for item in findings if item.rule == rule)
    assert "confirmed" == first.stability


@pytest.mark.parametrize(
    ("name", "told"),
    [("transport.page_for_browsers", "json-answers"), ("transport.bare_list", "answer-schema")],
)
def test_nothing_is_said_of_the_numbers_of_what_is_no_page(name: str, told: str) -> None:
    findings = judged_as_planted(name, ("works", "walks", "counts", "totals")).findings

    assert {told} == {finding.rule for finding in findings}


def provider_as_number(request: Request, handle: Handler) -> Answer:
    """Show a number in the place of a text, in the answer to every update."""
    reply = handle(request)
    if request.method != "PATCH" or reply.status != 200:
        return reply
    content = reply.content
    content["session"]["ehr_provider"] = 5
    return reply.but(content=content)


@pytest.fixture
def blind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take from the oracle its eye for shapes, and for members that change."""

    def nothing(*_: Any, **__: Any) -> Iterator[Any]:
        return iter(())

    monkeypatch.setattr(_oracle, "misshapen", nothing)
    monkeypatch.setattr(_showing, "misfits", nothing)
    monkeypatch.setattr(_listing, "misfits", nothing)


@pytest.mark.usefixtures("blind")
def test_what_only_a_check_of_schemathesis_sees_is_made_short_and_confirmed(
    judged: Judged,
) -> None:
    findings = judged(provider_as_number, max_examples=1).findings

    assert ["response_schema_conformance"] == [finding.rule for finding in findings]
    (finding,) = findings
    assert "confirmed" == finding.stability
    create, update = finding.requests
    assert create.startswith("s")
    assert "-X PATCH" in update
    assert "HEIDI_TOKEN" in finding.python
    assert "updateSession " + finding.cause == finding.title
    assert finding.words.pointer.endswith("/properties/ehr_provider/type")


@pytest.mark.usefixtures("blind")
def test_what_a_check_saw_and_does_not_see_again_is_unstable(judged: Judged) -> None:
    seen: list[Request] = []

    def at_first(request: Request, handle: Handler) -> Answer:
        random = "x-schemathesis-testcaseid" in request.headers
        if request.method != "PATCH" or not random or seen:
            return handle(request)
        reply = provider_as_number(request, handle)
        seen.extend([request] if reply.status == 200 else [])
        return reply

    (finding,) = judged(at_first, max_examples=1).findings
    assert ("response_schema_conformance", "unstable") == (finding.rule, finding.stability)


def test_an_answer_that_a_rule_minds_is_no_finding_of_a_check_as_well(judged: Judged) -> None:
    findings = judged(provider_as_number, max_examples=1).findings

    assert ["answer-schema"] == [finding.rule for finding in findings]


def test_a_report_says_that_the_requests_for_proofs_were_used_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_reduce, "FOR_ALL", 5)
    verdict = judged_as_planted("views.answers_the_defaults", ("update-read",))
    assert {"untried"} == {item.stability for item in verdict.findings}
    assert any("requests for proofs were used up" in note for note in verdict.notes)
