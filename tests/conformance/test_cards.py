"""One cause is one card, with requests that show it again, whoever complained of it."""

import pytest
from heidi_conformance import Verdict, _reduce, judge

from . import faults
from .reference import serving

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


def test_a_report_says_that_the_requests_for_proofs_were_used_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_reduce, "FOR_ALL", 5)
    verdict = judged_as_planted("views.answers_the_defaults", ("update-read",))
    assert {"untried"} == {item.stability for item in verdict.findings}
    assert any("requests for proofs were used up" in note for note in verdict.notes)
