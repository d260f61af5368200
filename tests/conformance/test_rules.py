"""Every rule names a fault of the catalogue, by the rules alone."""

import itertools
import re
import time
from typing import Any

import pytest
from heidi_conformance import Level, Verdict, judge
from heidi_conformance._wire import Wire
from heidi_conformance.contract._operations import ISSUE
from heidi_conformance.evidence import _reduce
from heidi_conformance.evidence._findings import Case
from heidi_conformance.evidence._history import create, listing
from heidi_conformance.evidence._reduce import Reducer
from heidi_conformance.oracle import Violation
from heidi_conformance.rules import EARLY, LATE, RULES, SCRIPTS, TABLE
from heidi_conformance.run._probe import Limits, Setting, Sighting

from .faults import CATALOGUE
from .faults.catalogue import paged
from .reference import Request, serving
from .standing import standing

PLANTED = {planted.id: planted.server for planted in CATALOGUE}
# A fault, and the rule that names it.
NAMED = {
    "transport.gzip_that_is_cut": "answers",
    "robustness.crash_nul_in_texts": "no-server-error",
    "creation.profile_is_required": "works",
    "transport.page_as_plain_text": "json-answers",
    "shape.no_provider_in_updates": "answer-schema",
    "auth.no_token_getSession": "token-needed",
    "auth.folded_token": "token-needed",
    "auth.media_type_first": "token-first",
    "auth.expired_token_getSession": "expired-token",
    "auth.basic_challenge": "challenge",
    "auth.key_is_optional": "key-needed",
    "auth.shorter_than_told": "issued-token",
    "tenants.reads_all": "own-sessions",
    "tenants.lists_all": "own-list",
    "tenants.other_words_for_others": "unknown-alike",
    "tenants.unlinked_list_is_empty": "unlinked",
    "tenants.unlinked_list_is_404": "forbidden",
    "methods.deletes": "methods",
    "methods.no_allow": "allow",
    "validation.type_plain_text": "media-type",
    "validation.trailing_comma": "json-syntax",
    "validation.null_body": "body-shape",
    "validation.no_limit": "body-size",
    "patch.half_done_duration": "rejected-update",
    "paging.size_one_more": "page-bound",
    "paging.size_zero": "page-size",
    "paging.garbage_is_the_start": "page-token",
    "validation.thirtieth_of_february": "values",
    "validation.duration_as_text": "no-coercion",
    "patch.writes_color": "unknown-members",
    "patch.writes_session_name": "unknown-members",
    "patch.ignores_duration": "update-answer",
    "patch.resets_the_duration": "update-keeps",
    "views.cached_reads": "update-read",
    "patch.newest_changes": "one-session",
    "views.cached_list": "update-listed",
    "timestamps.updated_stays": "updated-at",
    "timestamps.created_moves": "created-at",
    "timestamps.reading_touches": "reading",
    "fidelity.trims_names": "strings",
    "fidelity.no_astral": "strings",
    "fidelity.milliseconds": "numbers",
    "creation.appointment_is_lost": "appointment",
    "ids.other_id_in_creation": "created-exists",
    "transport.missing_session_is_410": "unknown-id",
    "ids.prefixed_ids": "id-form",
    "ids.tenth_id_again": "id-unique",
    "ids.sequential": "id-random",
    "ids.trims": "exact-lookup",
    "paging.count_is_the_total": "counts",
    "paging.total_is_the_count": "totals",
    "paging.more_at_the_end": "next-page",
    "paging.never_more": "next-page",
    "paging.short_second_page": "full-pages",
    "paging.newest_first_by_offset": "walks",
    "concurrency.lost_updates": "concurrent",
    "errors.framework_405": "error-shape",
    "errors.names_no_member": "message-names",
    "errors.echoes_the_value": "message-quotes",
    "creation.untitled": "new-session",
    "transport.created_is_201": "declared-status",
    "robustness.silent_limit": "retry-after",
    "robustness.wordy_limit": "retry-after",
    # Those that say so themselves.
    **{planted.id: row for planted in CATALOGUE for row in planted.rows if row in RULES},
}


def test_a_script_whose_turn_is_named_exists() -> None:
    named, known = (*EARLY, *LATE), {script.id for script in SCRIPTS}
    assert set() == set(named) - known
    assert len(set(named)) == len(named)


def judged(fault: str, level: Level = "strict", rules: tuple[str, ...] = ()) -> Verdict:
    """Judge the server of a fault with every user that a run can have."""
    with standing(PLANTED[fault]) as (url, given):
        return judge(
            url,
            level=level,
            token=given["first"],
            other_token=given["second"],
            unlinked_token=given["unlinked"],
            expired_token=given["expired"],
            api_key=given["key"],
            rules_only=True,
            rules=rules,
        )


def test_every_rule_names_a_fault() -> None:
    assert RULES.keys() == {*NAMED.values()}


def test_every_rule_but_the_passive_ones_has_a_script() -> None:
    scripted = {rule for script in SCRIPTS for rule in script.rules}

    assert {"retry-after"} == RULES.keys() - scripted
    assert scripted <= RULES.keys()


@pytest.mark.slow
@pytest.mark.parametrize(("fault", "rule"), NAMED.items(), ids=NAMED)
def test_a_fault_is_found_by_its_rule(fault: str, rule: str) -> None:
    verdict = judged(fault, rules=(rule,) if rule != "retry-after" else ("works", "walks"))

    found = {finding.rule: finding for finding in verdict.findings}
    assert rule in found
    finding = found[rule]
    assert (RULES[rule].row, RULES[rule].words) == (finding.row, finding.words.promise)
    assert finding.requests
    assert "failed" == next(
        item.result
        for item in verdict.outcomes
        if (item.rule, item.operation) == (rule, finding.operation)
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    "fault",
    [
        "shape.no_provider_in_updates",
        "patch.ignores_duration",
        "patch.resets_the_duration",
        "views.cached_reads",
        "patch.newest_changes",
        "paging.size_one_more",
        "auth.no_token_getSession",
        "tenants.lists_all",
        "tenants.unlinked_list_is_empty",
        "views.cached_list",
    ],
)
def test_rules_of_the_page_find_their_faults_at_level_documented_too(fault: str) -> None:
    rule = NAMED[fault]
    assert rule in {item.rule for item in judged(fault, "documented", (rule,)).findings}


@pytest.mark.slow
@pytest.mark.parametrize(
    "fault",
    [
        "concurrency.lost_updates",
        "timestamps.created_moves",
        "tenants.reads_all",
        "patch.half_done_duration",
        "patch.writes_session_name",
    ],
)
def test_level_documented_finds_nothing_that_only_a_decision_forbids(fault: str) -> None:
    levels = {finding.level for finding in judged(fault, "documented").findings}
    assert levels <= {"documented"}


def test_levels_and_rows_are_those_of_the_contract() -> None:
    rows = {f"S{number}" for number in range(1, 22)}

    assert rows == {rule.row for rule in TABLE} - {""}
    without = {rule.id for rule in TABLE if rule.level == "strict" and not rule.row}
    assert {rule.id for rule in TABLE if rule.operations == (ISSUE,)} == without


# For each fault: the code, and the words for a reader.
TOLD = {
    "paging.count_is_the_total": ("counts", r"`count` \d+", r"`count` \d+"),
    "paging.overlap": (
        "walks/twice",
        r"\d+ sessions, each with an id of its own",
        r"\d+ different ids",
    ),
    "paging.order_within_pages": (
        "walks/again",
        r"the same \d+ sessions in the same order",
        "another order",
    ),
    "paging.newest_first_by_offset": (
        "walks/repeated",
        r"\d+ sessions that no earlier page showed",
        r"\d+ of them shown before",
    ),
    "paging.last_page_misses_one": ("walks/lost", r"at least \d+ sessions", r"\d+"),
    "timestamps.updated_stays": (
        "updated-at/still",
        "a later instant than before the update",
        "the same instant",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "code", "expected", "got"), [(name, *told) for name, told in TOLD.items()], ids=TOLD
)
def test_a_finding_says_what_was_expected_and_what_was_received(
    fault: str, code: str, expected: str, got: str
) -> None:
    findings = judged(fault, rules=(code.partition("/")[0],)).findings

    finding = next(item for item in findings if item.code == code)
    assert re.fullmatch(expected, finding.expected)
    assert re.fullmatch(got, finding.got)


def test_the_numbers_of_a_finding_are_those_of_the_requests_that_show_it() -> None:
    told: list[int] = []

    def counts_up(page: dict[str, Any], _: Request) -> dict[str, Any]:
        told.append(1000 + len(told))
        return {"count": told[-1]}

    api = paged(counts_up)()
    seen = Violation("counts", "listLinkedUserSessions", expected=3, got=7)
    case = Case(seen, (listing(),), 0)
    with serving(api.handle) as url, Wire(url) as wire:
        setting = Setting("strict", {"first": api.token()})
        proof = Reducer(wire, setting, Limits(1), time.monotonic() + 10).proof(case)

    assert "confirmed" == proof.stability
    assert told[-1] == case.violation.got


@pytest.mark.parametrize(
    ("again", "stability"), [((True, True), "confirmed"), ((True, False), "flaky")]
)
def test_requests_that_show_a_finding_twice_more_are_confirmed(
    again: tuple[bool, bool], stability: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    history = (create("s1", {}),)
    violation = Violation("rule", "operation")
    shown = itertools.chain([True, *again], itertools.repeat(False))
    seen = [Sighting(violation, 0)]
    monkeypatch.setattr(_reduce, "replay", lambda *_, **__: seen if next(shown) else [])
    setting = Setting("strict", {"first": "a-token"})
    until = time.monotonic() + 60
    reducer = Reducer(Wire("http://127.0.0.1:1"), setting, Limits(9), until)

    proof = reducer.proof(Case(violation, history, 0))
    assert history == proof.requests
    assert stability == proof.stability
