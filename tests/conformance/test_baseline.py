"""What is new since an earlier run, and what is fixed."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from heidi_conformance import Finding, Outcome, Verdict
from heidi_conformance.__main__ import main
from heidi_conformance.evidence._baseline import compare

from .faults import simple
from .faults.simple import TOKEN
from .reference import Api, Fault, faulty, serving
from .test_html import FINDING, VERDICT

FEW = ("--level", "strict", "--rules-only", "--rule", "answer-schema", "--rule", "works")


@pytest.fixture(autouse=True)
def clean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HEIDI_TOKEN", TOKEN)


def judged(api: Api, fault: Fault | None, *arguments: str) -> int:
    with serving(api.handle if fault is None else faulty(api, fault)) as url:
        return main(["run", url, *FEW, *arguments])


@pytest.mark.parametrize(
    "again",
    [
        replace(FINDING, requests=(), python="", seen=99, got="another value"),
        replace(FINDING, title="listLinkedUserSessions tells it of other members"),
        replace(FINDING, stability="flaky"),
    ],
)
def test_a_cause_keeps_its_fingerprint_whichever_request_shows_it(again: Finding) -> None:
    assert FINDING.fingerprint == again.fingerprint


@pytest.mark.parametrize(
    "other",
    [
        replace(FINDING, code="counts/otherwise"),
        replace(FINDING, operation="getSession"),
        replace(FINDING, detail="500"),
    ],
)
def test_another_rule_operation_or_cause_has_another_fingerprint(other: Finding) -> None:
    assert FINDING.fingerprint != other.fingerprint


def test_a_finding_of_an_earlier_version_is_found_again_by_rule_and_operation() -> None:
    old = replace(VERDICT, findings=(replace(FINDING, code="", title="said otherwise"),))
    gone = replace(VERDICT, findings=(replace(FINDING, operation="getSession"),))

    assert (FINDING,) == compare(old, VERDICT).stayed
    assert () == compare(old, gone).stayed


def test_a_finding_that_was_not_exercised_is_not_reported_as_fixed() -> None:
    passed = Outcome("a", "getSession", "passed")
    skipped = Outcome("b", "getSession", "skipped", "give a token")
    gone = [
        replace(FINDING, rule=rule, code=rule, operation="getSession")
        for rule in ("a", "b", "unheard-of")
    ]
    old = replace(VERDICT, findings=tuple(gone))

    change = compare(old, replace(VERDICT, findings=(FINDING,), outcomes=(passed, skipped)))

    assert ((FINDING,), ()) == (change.new, change.stayed)
    assert (gone[0],) == change.fixed
    assert tuple(gone[1:]) == change.unseen


def test_only_new_findings_give_exit_code_1_and_are_marked_in_the_reports(
    api: Api, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert 1 == judged(api, simple.session_without_id, "--report", "old")
    assert 0 == judged(api, simple.session_without_id, "--baseline", "old/report.json")
    same = json.loads((tmp_path / "reports/conformance/report.json").read_text())
    assert "since the baseline: 0 new, 0 fixed" in capsys.readouterr().out

    code = judged(api, simple.duration_as_text, "--baseline", "old/report.json", "--report", "now")

    assert 1 == code
    out = capsys.readouterr().out
    report = json.loads((tmp_path / "now/report.json").read_text())
    assert [] == same["new"]
    assert [] == same["fixed"]
    assert same["stayed"] == [finding["fingerprint"] for finding in same["findings"]]
    assert report["new"] == [finding["fingerprint"] for finding in report["findings"]]
    assert report["new"]
    old = json.loads((tmp_path / "old/report.json").read_text())["findings"]
    assert [finding["title"] for finding in old] == [
        finding["title"] for finding in report["fixed"]
    ]
    assert f"fixed: {old[0]['title']}" in out
    assert "Since the baseline" in (tmp_path / "now/report.html").read_text()
    # A report with a comparison in it is a baseline too.
    assert 0 == judged(api, simple.duration_as_text, "--baseline", "now/report.json")


BAD = {
    "missing": (None, "cannot be read"),
    "no JSON": ("<testsuite/>", "is not a report"),
    "other JSON": ('{"findings": 7}', "is not a report"),
    "a list": ("[]", "is not a report"),
    "deep": ("[" * 100_000, "is not a report"),
    "odd text": (VERDICT.to_json().replace('"strict"', "7"), "is not a report"),
    "odd number": (VERDICT.to_json().replace('"seen": 3', '"seen": "3"'), "is not a report"),
    "odd result": (VERDICT.to_json().replace('"passed"', '"fine"'), "is not a report"),
    "odd responses": (VERDICT.to_json().replace('"404": 1', '"404": []'), "is not a report"),
    "other level": (replace(VERDICT, level="documented").to_json(), "baseline of the same level"),
}


@pytest.mark.parametrize(("text", "named"), BAD.values(), ids=BAD)
def test_an_unusable_baseline_gives_exit_code_2_and_one_line_before_anything_is_sent(
    text: str | None, named: str, api: Api, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if text is not None:
        (tmp_path / "old.json").write_text(text)

    assert 2 == judged(api, None, "--baseline", "old.json")

    err = capsys.readouterr().err
    assert 1 == len(err.splitlines())
    assert "old.json" in err
    assert named in err
    assert [] == api.requests


def test_a_report_of_an_early_version_can_be_a_baseline() -> None:
    fields = json.loads(VERDICT.to_json())
    del fields["shards"]
    for finding in fields["findings"]:
        del finding["code"], finding["detail"], finding["fingerprint"], finding["python"]

    assert not Verdict.from_json(json.dumps(fields)).conforms


def test_a_report_of_a_later_version_may_have_other_reasons() -> None:
    fields = json.loads(VERDICT.to_json())
    fields["rules"] = [{**fields["rules"][0], "result": "skipped", "reason": "of-tomorrow"}]

    (outcome,) = Verdict.from_json(json.dumps(fields)).outcomes
    assert ("skipped", "") == (outcome.result, outcome.reason)
