"""The reports say what the verdict says, and are whole or not there."""

import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from heidi_conformance import CannotJudgeError, Finding, Outcome, Verdict, Words, write_reports

FINDING = Finding(
    rule="status_code_conformance",
    level="strict",
    operation="getSession",
    title="getSession answered 418, which the document does not declare",
    words=Words("/paths/~1sessions~1{session_id}/get/responses", "seed:L39-L97", "it is so"),
    expected="one of 200, 404",
    got="status 418",
    requests=('curl -X GET -H "Authorization: Bearer $HEIDI_TOKEN" http://127.0.0.1/sessions/1',),
    seen=3,
)
VERDICT = Verdict(
    level="strict",
    seed=1,
    target="127.0.0.1:8000",
    findings=(FINDING, replace(FINDING, title="getSession answered \x00\ud800<419>")),
    outcomes=(
        Outcome("status_code_conformance", "getSession", "failed"),
        Outcome("ignored_auth", "getSession", "passed"),
        Outcome("use_after_free", "getSession", "skipped", "The API deletes nothing."),
    ),
    answers={"getSession": {200: 3, 418: 1}},
    requests=4,
    sessions_created=2,
    seconds=1.5,
    versions={"schemathesis": "1"},
)


def test_the_json_report_says_what_the_verdict_says(tmp_path: Path) -> None:
    path, _ = write_reports(VERDICT, tmp_path)

    report = json.loads(path.read_text())
    assert report["conforms"] is False
    assert [FINDING.title, "getSession answered \x00\ud800<419>"] == [
        finding["title"] for finding in report["findings"]
    ]
    words = {"pointer": FINDING.words.pointer, "source": "seed:L39-L97", "promise": "it is so"}
    assert words == report["findings"][0]["words"]
    assert (4, 2, 1.5) == (report["requests"], report["sessions_created"], report["seconds"])
    assert ("strict", 1, "127.0.0.1:8000") == (report["level"], report["seed"], report["target"])
    assert {"schemathesis": "1"} == report["versions"]
    assert ["failed", "passed", "skipped"] == [rule["result"] for rule in report["rules"]]


def test_the_junit_report_has_a_test_for_every_rule_and_every_finding(tmp_path: Path) -> None:
    _, path = write_reports(VERDICT, tmp_path)

    (suite,) = ET.fromstring(path.read_text())  # noqa: S314  # written by the line above
    assert {"tests": "4", "failures": "2", "skipped": "1"} == {
        name: suite.get(name) for name in ("tests", "failures", "skipped")
    }
    failures = suite.findall("testcase/failure")
    assert [FINDING.title, "getSession answered ??<419>"] == [
        failure.get("message") for failure in failures
    ]
    assert FINDING.requests[0] in (failures[0].text or "")


def test_a_second_run_replaces_the_reports_and_leaves_nothing_else(tmp_path: Path) -> None:
    write_reports(VERDICT, tmp_path)
    write_reports(replace(VERDICT, findings=()), tmp_path)

    assert ["junit.xml", "report.json"] == sorted(path.name for path in tmp_path.iterdir())
    assert json.loads((tmp_path / "report.json").read_text())["conforms"] is True


def test_a_report_that_cannot_be_put_in_its_place_leaves_no_draft(tmp_path: Path) -> None:
    (tmp_path / "report.json").mkdir()

    with pytest.raises(CannotJudgeError, match=r"cannot be written"):
        write_reports(VERDICT, tmp_path)
    assert ["report.json"] == [path.name for path in tmp_path.iterdir()]


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(CannotJudgeError, match=r"cannot be written to .*file"):
        write_reports(VERDICT, tmp_path / "file")


def test_a_verdict_is_read_back_from_its_json() -> None:
    assert VERDICT == Verdict.from_json(VERDICT.to_json())


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"conforms": true}', "null"])
def test_what_is_no_verdict_is_not_read_as_one(text: str) -> None:
    with pytest.raises(ValueError, match=r"not a verdict|Expecting value"):
        Verdict.from_json(text)
