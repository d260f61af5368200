"""The reports agree with the verdict, and are written completely or not at all."""

import io
import json
import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from heidi_conformance import CannotJudgeError, Finding, Outcome, Verdict, Words, write_reports
from heidi_conformance._terminal import summarise
from heidi_conformance._text import visible
from heidi_conformance.evidence._proven import order
from rich.console import Console

FINDING = Finding(
    rule="status_code_conformance",
    level="strict",
    operation="getSession",
    title="getSession responded with 418, which the document does not declare",
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
    findings=(FINDING, replace(FINDING, title="getSession responded with \x00\ud800<419>")),
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


def test_what_is_confirmed_comes_before_what_the_rest_depends_on() -> None:
    confirmed = replace(FINDING, rule="walks", stability="confirmed")
    first = replace(FINDING, rule="works", stability="confirmed")
    untried = replace(FINDING, rule="answers", stability="untried")
    flaky = replace(FINDING, rule="answers", stability="flaky")

    found = sorted([flaky, untried, confirmed, first], key=order)

    assert [first, confirmed, untried, flaky] == found


def test_the_json_report_says_what_the_verdict_says(tmp_path: Path) -> None:
    path, *_ = write_reports(VERDICT, tmp_path)

    report = json.loads(path.read_text())
    assert report["conforms"] is False
    assert [FINDING.title, "getSession responded with \x00\ud800<419>"] == [
        finding["title"] for finding in report["findings"]
    ]
    words = {"pointer": FINDING.words.pointer, "source": "seed:L39-L97", "promise": "it is so"}
    assert words == report["findings"][0]["words"]
    assert (4, 2, 1.5) == (report["requests"], report["sessions_created"], report["seconds"])
    assert ("strict", 1, "127.0.0.1:8000") == (report["level"], report["seed"], report["target"])
    assert {"schemathesis": "1"} == report["versions"]
    assert ["failed", "passed", "skipped"] == [rule["result"] for rule in report["rules"]]


def test_the_junit_report_has_a_test_for_every_rule_and_every_finding(tmp_path: Path) -> None:
    _, path, *_ = write_reports(VERDICT, tmp_path)

    (suite,) = ET.fromstring(path.read_text())  # noqa: S314  # written by the line above
    assert {"tests": "4", "failures": "2", "skipped": "1"} == {
        name: suite.get(name) for name in ("tests", "failures", "skipped")
    }
    failures = suite.findall("testcase/failure")
    assert [FINDING.title, "getSession responded with \\x00\\ud800<419>"] == [
        failure.get("message") for failure in failures
    ]
    assert FINDING.requests[0] in (failures[0].text or "")


def test_a_second_run_replaces_the_reports_and_leaves_nothing_else(tmp_path: Path) -> None:
    write_reports(VERDICT, tmp_path)
    write_reports(replace(VERDICT, findings=()), tmp_path)

    assert ["junit.xml", "report.html", "report.json", "report.sarif"] == sorted(
        path.name for path in tmp_path.iterdir()
    )
    assert json.loads((tmp_path / "report.json").read_text())["conforms"] is True


def test_a_report_that_cannot_be_moved_into_place_leaves_no_temporary_file(tmp_path: Path) -> None:
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
def test_json_that_is_not_a_verdict_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"not a verdict|Expecting value"):
        Verdict.from_json(text)


def test_a_report_of_a_later_version_with_new_properties_is_read() -> None:
    fields = json.loads(VERDICT.to_json())
    fields["new"] = fields["findings"][0]["colour"] = fields["rules"][0]["weight"] = "?"

    assert VERDICT == Verdict.from_json(json.dumps(fields))


def test_junit_has_a_finding_whose_rule_has_no_outcome(tmp_path: Path) -> None:
    _, path, *_ = write_reports(replace(VERDICT, outcomes=()), tmp_path)

    (suite,) = ET.fromstring(path.read_text())  # noqa: S314  # written by the line above
    assert 2 == len(suite.findall("testcase/failure"))


def test_one_verdict_gives_the_same_bytes_each_time(tmp_path: Path) -> None:
    first = [path.read_bytes() for path in write_reports(VERDICT, tmp_path / "a")]

    assert first == [path.read_bytes() for path in write_reports(VERDICT, tmp_path / "b")]


@pytest.mark.parametrize("width", [30, 60, 100])
def test_a_card_fits_the_width_of_a_terminal_except_what_is_copied(width: int) -> None:
    out = shown(replace(VERDICT, findings=(replace(FINDING, title="long " * 40),)), width=width)

    lines = [line for line in out.splitlines() if not line.startswith("  $ ")]
    assert [] == [line for line in lines if len(line) > width]
    assert f"  $ {FINDING.requests[0]}" in out


def test_of_many_requests_the_terminal_has_the_first_and_the_last_and_the_report_has_all(
    tmp_path: Path,
) -> None:
    requests = tuple(f"curl {number}" for number in range(1, 245))
    verdict = replace(VERDICT, findings=(replace(FINDING, requests=requests),))
    lines = [
        line for line in shown(verdict, None).splitlines() if line.startswith(("  $ curl", "  # "))
    ]
    path, *_ = write_reports(verdict, tmp_path)

    between = "# … 229 requests are left out here; report.json has all 244"
    first, last = ([f"  $ {line}" for line in some] for some in (requests[:3], requests[-12:]))
    assert [*first, f"  {between}", *last] == lines
    assert [*requests] == json.loads(path.read_text())["findings"][0]["requests"]


def test_requests_are_left_out_only_where_that_makes_a_card_shorter() -> None:
    requests = tuple(f"curl {number}" for number in range(16))
    verdict = replace(VERDICT, findings=(replace(FINDING, requests=requests),))

    assert "left out" not in shown(verdict, None)


def test_a_pipe_gets_full_lines_without_colour() -> None:
    out = shown(replace(VERDICT, findings=(replace(FINDING, title="long " * 40),)), width=None)

    assert "\x1b" not in out
    assert any(line.startswith("✗ " + "long " * 39) for line in out.splitlines())


@pytest.mark.parametrize("width", [80, None])
def test_nothing_from_a_server_controls_the_terminal(width: int | None) -> None:
    hostile = "\x1b[2J\x07\r\x9b1m\u202e\nreports: forged"
    finding = replace(FINDING, title=hostile, expected=hostile, got=hostile, requests=(hostile,))
    note = replace(VERDICT, findings=(finding,), notes=(hostile,), target="host")

    out = re.sub(r"\x1b\[[0-9;]*m", "", shown(note, width))

    assert not set("\x1b\x07\r\x9b\u202e") & set(out)
    assert 1 == len([line for line in out.splitlines() if line.startswith("reports:")])


def test_a_long_line_continues_with_its_own_indentation() -> None:
    out = shown(replace(VERDICT, findings=(replace(FINDING, expected="word " * 30),)), width=60)

    lines = out.splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith("  expected  word"))
    assert lines[at + 1].startswith(" " * 12 + "word")


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        ("\x00\x7f\x9f\xad", "\\x00\\x7f\\x9f\\xad"),
        ("\u200b\u202e\u2066\u2028\ufeff", "\\u200b\\u202e\\u2066\\u2028\\ufeff"),
        ("\ud800\udbff\udfff", "\\ud800\\udbff\\udfff"),
        ("\U000e0041", "\\U000e0041"),
        ("a\u0301 \u05d0 \U0001f468 \n\t", "a\u0301 \u05d0 \U0001f468 \n\t"),
    ],
)
def test_only_invisible_characters_are_escaped(text: str, spelled: str) -> None:
    assert spelled == visible(text)


def shown(verdict: Verdict, width: int | None) -> str:
    """Return what a terminal of some width shows, without its styles; None is a pipe."""
    file = io.StringIO()
    terminal = width is not None
    summarise(
        Console(
            file=file,
            force_terminal=terminal,
            width=width,
            color_system=None if terminal else "auto",
            _environ={},  # a dumb terminal has another width
        ),
        verdict,
        (Path("reports/report.json"),),
    )
    return file.getvalue()
