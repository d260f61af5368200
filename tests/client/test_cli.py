from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from heidi_sandbox import serving
from heidi_sessions import (
    BadRequestError,
    ErrorDetail,
    Heidi,
    Patient,
    SessionNotFoundError,
    __version__,
    _clock,
)
from heidi_sessions.cli import main
from heidi_sessions.cli._export import _cell
from heidi_sessions.cli._rows import flat
from heidi_sessions.cli._view import in_one_line, show
from heidi_sessions.testing import HeidiMock, fails

if TYPE_CHECKING:
    from collections.abc import Iterator

    from heidi_sandbox import Sandbox

PATIENT = {"name": "Ottoline Vandersloot", "gender": "FEMALE", "dob": "1931-07-19"}
NOTE = "allergic to moonlight"
PHI = [PATIENT["name"], PATIENT["dob"], NOTE]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with serving() as sandbox:
        yield sandbox


@pytest.fixture
def session_id(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> str:
    """A session with a patient, of a new user whom the environment names."""
    token = sandbox.token(email=f"{abs(hash(request.node.name))}@clinic.test")
    monkeypatch.setenv("HEIDI_BASE_URL", sandbox.url)
    monkeypatch.setenv("HEIDI_TOKEN", token)
    monkeypatch.setenv("COLUMNS", "300")
    with Heidi() as client:
        created = client.sessions.create(ehr_appointment_id="EHR1234").session_id
        client.sessions.update(
            created,
            patient={"name": PATIENT["name"], "gender": "FEMALE", "dob": PATIENT["dob"]},
            ehr_patient_id="\x1b[2J",
            clinician_notes=[NOTE, '\x1b[31mred, "quoted"\nnext line'],
        )
        return created


def shown(text: str) -> list[str]:
    return [word for word in PHI if word in text]


@pytest.mark.parametrize("command", ["list", "get"])
def test_patient_data_is_hidden_unless_it_is_asked_for(
    session_id: str, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    arguments = [command] if command == "list" else [command, session_id]
    assert 0 == main(arguments)
    hidden = capsys.readouterr().out
    assert session_id in hidden
    assert [] == shown(hidden)
    assert 0 == main([*arguments, "--show-phi"])
    if command == "get":
        assert PHI == shown(capsys.readouterr().out)


def test_no_output_controls_the_terminal(
    session_id: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert 0 == main(["get", session_id, "--show-phi"])
    assert "\x1b" not in capsys.readouterr().out


def test_create_prints_the_id(
    session_id: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO('{"ehr_appointment_id": "EHR9"}'))
    assert 0 == main(["create", "--input", "-"])
    created = capsys.readouterr().out.strip()
    assert created != session_id
    with Heidi() as client:
        assert "EHR9" == client.sessions.get(created).ehr_appt_id


def test_update_reads_the_changes_from_a_file(
    session_id: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changes = tmp_path / "changes.json"
    changes.write_text(json.dumps({"duration": 75, "patient": {"name": "B"}}))
    assert 0 == main(["update", session_id, "--input", str(changes)])
    assert "75" in capsys.readouterr().out
    with Heidi() as client:
        session = client.sessions.get(session_id)
    assert (75, "B", "1931-07-19") == (
        session.duration,
        session.patient.name,
        str(session.patient.dob),
    )


def test_update_reads_the_changes_from_stdin(
    session_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO('{"duration": 76}'))
    assert 0 == main(["update", session_id])
    with Heidi() as client:
        assert 76 == client.sessions.get(session_id).duration


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_update_says_that_it_waits_for_a_terminal(
    session_id: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal("{}"))
    assert 0 == main(["update", session_id])
    assert "from this terminal; --input reads a file" in capsys.readouterr().err


def test_a_variable_that_is_not_utf_8_is_one_line_and_exit_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("HEIDI_TOKEN", raising=False)
    monkeypatch.setenv("HEIDI_API_KEY", "k")
    monkeypatch.setenv("HEIDI_EMAIL", "\udcff@x")
    monkeypatch.setenv("HEIDI_THIRD_PARTY_INTERNAL_ID", "1")
    assert 2 == main(["list"])
    assert 1 == len(capsys.readouterr().err.splitlines())


def test_every_command_prints_json_and_hides_patient_data_in_it(
    session_id: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def printed(*arguments: str) -> Any:
        monkeypatch.setattr(sys, "stdin", io.StringIO("{}"))
        assert 0 == main([*arguments, "--json"])
        return json.loads(capsys.readouterr().out)

    assert session_id == printed("get", session_id)["session_id"]
    assert PATIENT["name"] == printed("get", session_id, "--show-phi")["patient"]["name"]
    assert [session_id] == [each["session_id"] for each in printed("list")]
    assert session_id == printed("update", session_id)["session_id"]
    assert {"session_id"} == printed("create").keys()
    assert [] == shown(json.dumps([printed("list"), printed("get", session_id)]))


@pytest.mark.usefixtures("session_id")
def test_a_list_says_how_many_are_left_and_all_shows_them(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with Heidi() as client:
        for _ in range(24):
            client.sessions.create()
    assert 0 == main(["list"])
    assert "20 of 25 shown; --all shows all\n" == capsys.readouterr().err
    assert 0 == main(["list", "--max-items", "2", "--json"])
    out, err = capsys.readouterr()
    assert (2, "2 of 25 shown; --all shows all\n") == (len(json.loads(out)), err)
    assert 0 == main(["list", "--all", "--json"])
    out, err = capsys.readouterr()
    assert (25, "") == (len(json.loads(out)), err)


@pytest.mark.usefixtures("session_id")
def test_a_list_asks_for_as_many_at_once_as_it_is_told(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with Heidi() as client:
        client.sessions.create()
    caplog.set_level("INFO", "heidi_sessions")
    assert 0 == main(["list", "--page-size", "1", "--json"])
    assert 2 == len(json.loads(capsys.readouterr().out))
    lists = [one for one in caplog.messages if "linked-user" in one]
    assert 2 == len(lists)


@pytest.mark.parametrize("arguments", [["get", "{}"], ["list", "--json"], ["export", "{}"]])
def test_a_person_is_told_what_is_hidden_and_a_program_is_not(
    session_id: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    words = [word.format(session_id) for word in arguments]
    assert 0 == main(words)
    assert "" == capsys.readouterr().err
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert 0 == main(words)
    err = capsys.readouterr().err
    assert "hidden: session_name, patient, audio, " in err
    assert "; --show-phi shows them\n" in err
    assert 0 == main([*words, "--show-phi"])
    assert "hidden" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "output"), [(["list"], ""), (["list", "--json"], "[]\n"), (["export", "-"], "")]
)
def test_of_an_empty_list_nothing_is_hidden(
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    output: str,
) -> None:
    monkeypatch.setenv("HEIDI_BASE_URL", sandbox.url)
    monkeypatch.setenv("HEIDI_TOKEN", sandbox.token("nobody@clinic.example"))
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert 0 == main(arguments)
    out, err = capsys.readouterr()
    assert output == out
    assert (arguments == ["list"]) is ("the list is empty\n" in err)
    assert "hidden" not in err


def test_a_table_fits_a_terminal_of_80_columns(
    session_id: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert 0 == main(["list"])
    out = capsys.readouterr().out
    assert 80 >= max(map(len, out.splitlines()))
    assert session_id in out
    assert "no room for " in out
    assert "language_code" in out
    assert 0 == main(["get", session_id, "--show-phi"])
    assert 80 >= max(map(len, capsys.readouterr().out.splitlines()))


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (["lst"], "list"),
        (["get", "1", "--show-phy"], "--show-phi"),
        (["list", "--max-item=x", "--jsn"], None),
        (["export", "x", "--format", "cvs"], "csv"),
        (["list", "--page-sizes", "5"], "--page-size"),
        (["list", "s3cret"], None),
        (["cvs"], None),
    ],
)
def test_a_misspelt_word_gets_a_suggestion(
    capsys: pytest.CaptureFixture[str], arguments: list[str], meant: str | None
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert 2 == caught.value.code
    *_, line = capsys.readouterr().err.splitlines()
    assert line.endswith(f"; did you mean {meant}?") is (meant is not None)
    assert "s3cret" not in line


def test_a_wrong_option_of_a_command_comes_with_the_usage_of_that_command(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        main(["list", "--s3cret=x"])
    usage, *_, line = capsys.readouterr().err.splitlines()
    assert usage.startswith("usage: heidi-sessions list ")
    assert "heidi-sessions list: error: unknown: --s3cret" == line


@pytest.mark.usefixtures("session_id")
def test_the_server_is_named_before_a_command_or_after_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    server = ["--base-url", os.environ["HEIDI_BASE_URL"]]
    monkeypatch.delenv("HEIDI_BASE_URL")
    for arguments in ([*server, "list", "--json"], ["list", "--json", *server]):
        assert 0 == main(arguments)
        assert 1 == len(json.loads(capsys.readouterr().out))


@pytest.mark.usefixtures("session_id")
@pytest.mark.parametrize("text", ["", ".", "..", "\udcff"])
@pytest.mark.parametrize("command", ["get", "update"])
def test_an_invalid_id_is_one_line_and_exit_2(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, command: str, text: str
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("{}"))
    assert 2 == main([command, text])
    message = capsys.readouterr().err
    assert "session_id must not" in message
    assert 1 == len(message.splitlines())


@pytest.mark.usefixtures("session_id")
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
@pytest.mark.parametrize("arguments", [["list"], ["export", "-"]])
def test_an_output_that_cannot_be_written_is_one_line_and_exit_2(arguments: list[str]) -> None:
    run = [sys.executable, "-m", "heidi_sessions", *arguments]
    with open("/dev/full", "w", encoding="utf-8") as full:  # noqa: PTH123  # a device
        done = subprocess.run(run, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (2, 1) == (done.returncode, len(done.stderr.splitlines()))
    assert "cannot be written: No space left" in done.stderr


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "is not JSON, see line 1, column 2\n"),
        ("[" * 100_000, "is not JSON"),
        ("[]", "must be a JSON object"),
        ("\n", "is empty; --input names a file"),
        ('{"durations": 1}', "did you mean duration?"),
        ('{"patient": {"dob": "19 July 1931"}}', "patient.dob"),
    ],
)
def test_changes_that_cannot_be_used_are_one_line_and_exit_2(
    session_id: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, problem: str
) -> None:
    changes = tmp_path / "changes.json"
    changes.write_text(text)
    assert 2 == main(["update", session_id, "--input", str(changes)])
    message = capsys.readouterr().err
    assert problem in message
    assert 1 == len(message.splitlines())
    assert "July" not in message


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_a_file_that_cannot_be_read_is_named(
    session_id: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes | None
) -> None:
    changes = tmp_path / "changes.json"
    if content is not None:
        changes.write_bytes(content)
    assert 2 == main(["update", session_id, "--input", str(changes)])
    assert f"heidi-sessions: {changes}: " in capsys.readouterr().err


def export(*arguments: str) -> list[dict[str, Any]]:
    assert 0 == main(["export", *arguments])
    with open(arguments[0], encoding="utf-8", newline="") as file:  # noqa: PTH123  # newline
        if "csv" in arguments:
            return list(csv.DictReader(file))
        return [json.loads(line) for line in file]


def test_jsonl_holds_every_session_as_the_api_gives_it(session_id: str, tmp_path: Path) -> None:
    with Heidi() as client:
        for _ in range(4):
            client.sessions.create()
        expected = [session.to_dict() for session in client.sessions.list()]
    output = tmp_path / "out.jsonl"
    assert expected == export(str(output), "--show-phi", "--page-size", "2")
    assert session_id in [fields["session_id"] for fields in expected]


def test_csv_holds_every_property_of_every_session(session_id: str, tmp_path: Path) -> None:
    (line,) = export(str(tmp_path / "out.csv"), "--format", "csv", "--show-phi")
    assert session_id == line["session_id"]
    assert (PATIENT["name"], PATIENT["dob"]) == (line["patient.name"], line["patient.dob"])
    assert "\x1b[2J" == line["ehr_patient_id"]
    assert [NOTE, '\x1b[31mred, "quoted"\nnext line'] == json.loads(line["clinician_notes"])
    with Heidi() as client:
        fields = client.sessions.get(session_id).to_dict()
    additional = json.loads(line["additional_properties"] or "{}")
    flat = {name.partition(".")[0] for name in [*line, *additional]}
    assert set(fields) <= flat


@pytest.mark.usefixtures("session_id")
def test_a_file_that_ends_in_csv_is_csv_unless_another_format_is_named(tmp_path: Path) -> None:
    assert 0 == main(["export", str(tmp_path / "out.CSV")])
    assert (tmp_path / "out.CSV").read_text().startswith("session_id,")
    assert 0 == main(["export", str(tmp_path / "out.csv"), "--format", "jsonl"])
    assert (tmp_path / "out.csv").read_text().startswith('{"session_id"')


FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\uff1d1+1"]


@pytest.mark.parametrize("text", FORMULAS)
def test_no_string_is_a_formula_in_csv_and_jsonl_stays_exact(
    session_id: str, tmp_path: Path, text: str
) -> None:
    with Heidi() as client:
        client.sessions.update(session_id, patient={"name": text}, duration=1.5)
    (line,) = export(str(tmp_path / "out.csv"), "--format", "csv", "--show-phi")
    assert ("'" + text, "1.5") == (line["patient.name"], line["duration"])
    (exact,) = export(str(tmp_path / "out.jsonl"), "--show-phi")
    assert (text, 1.5) == (exact["patient"]["name"], exact["duration"])


def test_an_object_without_properties_is_one_cell() -> None:
    properties = {"patient": {"name": "A"}, "labels": {"ward": "north"}}
    assert {"patient.name": "A", "labels": {"ward": "north"}} == flat(properties, ["labels"])


def test_a_response_that_may_not_be_shown_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    show([ErrorDetail(msg="a", type_="b")], None, show_phi=False)
    assert "b" in capsys.readouterr().out
    show([Patient(name="A", gender=None, dob=None)], None, show_phi=False)
    assert "nothing to show without --show-phi\n" == capsys.readouterr().out


def test_a_number_below_zero_is_a_number_in_csv() -> None:
    assert ["-5", "-0.5", "a=b"] == [_cell(-5), _cell(-0.5), _cell("a=b")]


def test_the_help_says_what_csv_does_to_formulas(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["export", "--help"])
    assert "formula" in capsys.readouterr().out


@pytest.mark.parametrize("format_", ["csv", "jsonl"])
def test_an_export_hides_patient_data_unless_it_is_asked_for(
    session_id: str, tmp_path: Path, format_: str
) -> None:
    output = tmp_path / "out"
    (line,) = export(str(output), "--format", format_)
    assert session_id == line["session_id"]
    assert [] == shown(output.read_text(encoding="utf-8"))
    assert "session_name" not in line


@pytest.mark.usefixtures("session_id")
@pytest.mark.parametrize("format_", ["jsonl", "csv"])
def test_an_export_says_as_json_what_it_wrote(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], format_: str
) -> None:
    output = str(tmp_path / "out")
    assert 0 == main(["export", output, "--format", format_, "--json"])
    assert {"file": output, "items": 1} == json.loads(capsys.readouterr().out)
    assert 0 == main(["export", output, "--format", format_])
    assert "" == capsys.readouterr().out


@pytest.mark.usefixtures("session_id")
def test_an_export_to_stdout_writes_nothing_else_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert 2 == main(["export", "-", "--json"])
    out, err = capsys.readouterr()
    expected = "heidi-sessions: --json: stdout has the items themselves; name a file\n"
    assert ("", expected) == (out, err)


def test_unusable_changes_from_stdin_are_named(
    session_id: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO('{"duration": "x"}'))
    assert 2 == main(["update", session_id])
    assert "heidi-sessions: stdin: duration must be a number\n" == capsys.readouterr().err


@pytest.mark.usefixtures("session_id")
def test_an_exported_file_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    output = tmp_path / "out.jsonl"
    assert 0 == main(["export", str(output)])
    assert 0o600 == output.stat().st_mode & 0o777


def test_an_export_that_fails_leaves_the_file_as_it_was(
    session_id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "out.jsonl"
    output.write_text("before")
    monkeypatch.setenv("HEIDI_TOKEN", "wrong")
    assert 1 == main(["export", str(output)])
    assert ("before", ["out.jsonl"]) == (
        output.read_text(),
        [file.name for file in tmp_path.iterdir()],
    )
    assert session_id


@pytest.mark.usefixtures("session_id")
def test_an_export_can_go_to_stdout_and_progress_goes_elsewhere(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert 0 == main(["export", "-"])
    out = capsys.readouterr().out
    assert 1 == len([json.loads(line) for line in out.splitlines()])


@pytest.mark.usefixtures("session_id")
def test_a_missing_folder_is_one_line_and_exit_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert 2 == main(["export", str(tmp_path / "no" / "out")])
    assert "cannot be written" in capsys.readouterr().err


NO_SERVER = "http://127.0.0.1:1"


@pytest.mark.parametrize(
    ("variables", "arguments", "said"),
    [
        ({}, [], "no credentials: set HEIDI_TOKEN, or HEIDI_API_KEY with HEIDI_EMAIL and HEIDI_T"),
        ({"HEIDI_API_KEY": "k", "HEIDI_EMAIL": "e"}, [], "_id is missing; set HEIDI_THIRD_P"),
        ({"HEIDI_API_KEY": "k"}, ["--base-url", NO_SERVER], "no user: set HEIDI_EMAIL and HEIDI_"),
        ({"HEIDI_TOKEN": "t"}, ["--base-url", NO_SERVER], "; check the base URL"),
        ({"HEIDI_TOKEN": "t"}, ["--base-url", "x"], "--base-url must be a URL such as https://"),
        ({"HEIDI_TOKEN": "t"}, ["--region", "x"], "--region must be one of au, us"),
        ({"HEIDI_TOKEN": "t", "HEIDI_REGION": "x"}, [], "HEIDI_REGION must be one of au, us"),
        ({"HEIDI_TOKEN": "a b"}, [], "HEIDI_TOKEN is not a bearer token"),
        (
            {"HEIDI_TOKEN": "t"},
            ["--base-url", "x", "--region", "au"],
            "--base-url and region are both set",
        ),
        ({"HEIDI_TOKEN": "t"}, ["--base-url", "http://x"], "--base-url must use https: http"),
    ],
)
def test_a_message_has_the_words_of_the_command_line(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    variables: dict[str, str],
    arguments: list[str],
    said: str,
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(_clock, "sleep", lambda _: None)
    assert 0 != main([*arguments, "list"])
    err = capsys.readouterr().err
    assert said in err
    assert not any(word in err for word in ("token=", "email=", "as_user", "base_url", "region="))


def place() -> str:
    return os.environ["HEIDI_BASE_URL"].partition("://")[2]


def test_an_error_of_the_api_is_one_line_and_exit_1(
    session_id: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert 1 == main(["get", session_id + "0"])
    expected = f"heidi-sessions: GET {place()}/sessions/{{session_id}}: 404 SessionNotFoundError"
    assert capsys.readouterr().err.startswith(expected)


@pytest.mark.parametrize("scenario", ["gateway", "dropped"])
def test_a_write_that_may_have_been_done_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], scenario: str
) -> None:
    with serving(scenario=scenario) as failing:
        monkeypatch.setenv("HEIDI_BASE_URL", failing.url)
        monkeypatch.setenv("HEIDI_TOKEN", failing.token("ann@clinic.test"))
        assert 1 == main(["create"])
        assert capsys.readouterr().err.endswith("all the same: look before you repeat it\n")
        assert 1 == main(["get", "1"])
        assert "look before" not in capsys.readouterr().err


def test_the_message_of_a_server_is_shown_only_with_patient_data(
    session_id: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changes = tmp_path / "changes.json"
    changes.write_text('{"duration": -1}')
    arguments = ["update", session_id, "--input", str(changes)]
    route = f"PATCH {place()}/sessions/{{session_id}}"
    problem = f"heidi-sessions: {route}: 422 InvalidRequestError"
    assert 1 == main(arguments)
    hint = "; run again with --show-phi to see the server's message\n"
    assert problem + hint == capsys.readouterr().err
    assert 1 == main([*arguments, "--show-phi"])
    message = capsys.readouterr().err
    assert message.startswith(problem + ": ")
    assert "duration" in message


def test_a_message_of_a_server_is_one_line_that_cannot_control_the_terminal() -> None:
    mock = HeidiMock()
    mock.next(fails(400, msg="\x1b[2Ja\nb"))
    with pytest.raises(BadRequestError) as caught:
        mock.client().sessions.create()
    assert "POST heidi.test/api/sessions: 400 Error: \\x1b[2Ja\\nb" == in_one_line(
        caught.value, show_phi=True
    )


def test_a_clear_failure_has_no_hint() -> None:
    mock = HeidiMock()
    with pytest.raises(SessionNotFoundError) as caught:
        mock.client().sessions.get("7")
    assert str(caught.value) == in_one_line(caught.value, show_phi=False)


def test_missing_credentials_are_one_line_and_exit_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert 2 == main(["list"])
    assert "HEIDI_TOKEN" in capsys.readouterr().err


@pytest.mark.usefixtures("session_id")
def test_without_the_extra_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for module in [name for name in sys.modules if name.partition(".")[0] == "rich"]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "rich", None)
    assert 2 == main(["list"])
    assert "needs the extra heidi-sessions[cli]" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["list", "--max-items", "0"], ["get"], ["nonsense"]])
def test_bad_usage_exits_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert 2 == caught.value.code


@pytest.mark.usefixtures("session_id")
@pytest.mark.parametrize(
    "arguments",
    [["export", "-"], ["--print-completion", "powershell"], ["--help"], ["list", "--help"]],
    ids=" ".join,
)
def test_a_closed_pipe_gives_no_traceback(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    run = [sys.executable, "-m", "heidi_sessions", *arguments]
    with subprocess.Popen(
        run, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        message = process.stderr.read()
    assert (1, "") == (process.returncode, message)


def test_it_runs_as_a_module() -> None:
    run = [sys.executable, "-m", "heidi_sessions", "--version"]
    assert (
        f"heidi-sessions {__version__}\n"
        == subprocess.run(run, capture_output=True, text=True, check=True).stdout
    )


def completed(words: str) -> list[str]:
    """Ask a shell what may come after some words of the command line."""
    script = subprocess.run(
        [sys.executable, "-m", "heidi_sessions", "--print-completion", "bash"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    ask = f"COMP_WORDS=(heidi-sessions {words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))"
    run = "complete -p heidi-sessions | grep -o '_shtab[a-z_]*'"
    done = subprocess.run(
        ["/bin/bash", "-c", f'{script}\n{ask}; "$({run})"; printf "%s\\n" "${{COMPREPLY[@]}}"'],
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.split()


@pytest.mark.parametrize(
    ("words", "offered"),
    [("li", ["list"]), ("list --ma", ["--max-items"]), ("export --format c", ["csv"])],
)
def test_bash_completes_commands_options_and_choices(words: str, offered: list[str]) -> None:
    assert offered == completed(words)


def test_an_unknown_shell_is_one_line_and_exit_2(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--print-completion", "csh"])

    assert caught.value.code == 2
    assert "choose from 'bash', 'zsh', 'fish', 'powershell'" in capsys.readouterr().err
