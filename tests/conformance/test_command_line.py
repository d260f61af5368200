"""heidi-conformance as a user runs it."""

import json
import os
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

import pytest
from heidi_conformance.__main__ import main, out_of_sight
from heidi_conformance._credentials import SECRETS

from .faults import simple
from .faults.simple import TOKEN
from .reference import Api, Handler, Request, Response, faulty, new_session, serving

FEW = ("--rules-only",)


@pytest.fixture(autouse=True)
def clean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run in an empty folder, without the variables of the environment."""
    monkeypatch.chdir(tmp_path)
    for name in SECRETS.values():
        monkeypatch.delenv(name, raising=False)


def everything_written(folder: Path) -> str:
    return "".join(path.read_text() for path in folder.rglob("*") if path.is_file())


@pytest.mark.slow
def test_a_server_that_conforms_gives_exit_code_0_and_two_reports(
    api: Api, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEIDI_TOKEN", TOKEN)
    with serving(api.handle) as url:
        assert 0 == main(["run", url, "--max-examples", "1"])

    folder = tmp_path / "reports/conformance"
    assert ["junit.xml", "report.html", "report.json", "report.sarif"] == sorted(
        path.name for path in folder.iterdir()
    )
    assert json.loads((folder / "report.json").read_text())["conforms"] is True
    out, err = capsys.readouterr()
    assert "conforms (level documented" in out
    assert "reports/conformance/report.json" in out
    phases = {line.partition(":")[0] for line in err.splitlines()}
    assert {"first steps", "rules", "sequences", "generated requests"} <= phases
    assert [folder.parent] == list(tmp_path.iterdir())


def test_a_faulty_server_gives_exit_code_1_and_a_card_for_each_finding(
    api: Api, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(faulty(api, simple.session_without_id)) as url:
        assert 1 == main(["run", url, "--token", TOKEN, "--report", "here", *FEW])

    out = capsys.readouterr().out
    assert "getSession responds with 200 without the required property" in out
    assert "/paths/~1sessions~1{session_id}/get/responses/200" in out
    assert "answer-schema, seen " in out
    assert "does not conform: 1 finding (level documented" in out
    assert 1 == len(json.loads((tmp_path / "here/report.json").read_text())["findings"])


def test_a_key_is_exchanged_for_a_token_of_an_invented_user(api: Api) -> None:
    with serving(api.handle) as url:
        assert 0 == main(["run", url, "--api-key", api.api_key, *FEW])

    issued = [request for request in api.requests if request.path == "/jwt"]
    assert 3 == len({request.query["email"][0] for request in issued})
    assert all(request.query["email"][0].endswith(".invalid") for request in issued)


def test_a_file_holds_the_token_as_well(api: Api, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    (tmp_path / "other").write_text(api.token("other@example.com", "2"))
    with serving(api.handle) as url:
        run = ["run", url, "--token-file", "token", "--other-token-file", "other"]
        assert 0 == main([*run, "--rule", "own-list", *FEW])

    assert 2 == len({request.headers["authorization"] for request in api.requests})


def test_a_file_holds_the_key_as_well(api: Api, tmp_path: Path) -> None:
    (tmp_path / "key").write_text(api.api_key)
    with serving(api.handle) as url:
        assert 0 == main(["run", url, "--api-key-file", "key", "--rule", "works", *FEW])

    assert "/jwt" in {request.path for request in api.requests}


@pytest.mark.parametrize("content", [None, b"", b" \n", b"\xff"])
def test_a_file_without_a_secret_gives_exit_code_2_and_its_name_is_not_printed(
    content: bytes | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if content is not None:
        (tmp_path / TOKEN).write_bytes(content)

    assert 2 == main(["run", "http://127.0.0.1:1/api", "--token-file", TOKEN])
    message = capsys.readouterr().err
    assert "--token-file" in message
    assert TOKEN not in message


def test_a_token_beside_the_file_of_a_key_is_the_one_that_is_used(api: Api, tmp_path: Path) -> None:
    (tmp_path / "key").write_text(api.api_key)
    flags = ["--token", TOKEN, "--api-key-file", "key", "--rule", "works", *FEW]
    with serving(api.handle) as url:
        command = [sys.executable, "-m", "heidi_conformance", "run", url, *flags]
        environment = os.environ | {"HEIDI_TOKEN": "of-somebody-else"}
        done = subprocess.run(command, cwd=tmp_path, env=environment, check=False)

    assert 0 == done.returncode
    used = {request.headers.get("authorization") for request in api.requests}
    assert used == {f"Bearer {TOKEN}"}


@pytest.mark.slow
def test_rules_that_could_not_be_judged_are_named_and_fail_where_all_were_asked_for(
    api: Api, capsys: pytest.CaptureFixture[str]
) -> None:
    unlinked = api.token("clinician+unlinked@example.com")
    with serving(api.handle) as url:
        run = ["run", url, "--token", unlinked, *FEW]
        assert [0, 2] == [main(run), main([*run, "--complete"])]

    out = capsys.readouterr().out
    assert "conforms, as far as it was judged (level documented" in out
    assert "not judged: listLinkedUserSessions never succeeded" in out


def test_the_version_is_that_of_the_distribution(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])

    assert 0 == ended.value.code
    assert f"heidi-conformance {version('heidi-sessions')}\n" == capsys.readouterr().out


@pytest.mark.slow
def test_every_session_of_a_run_is_marked_at_its_end_as_the_summary_says(
    api: Api, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with serving(api.handle) as url:
        assert 0 == main(["run", url, "--api-key", api.api_key, "--max-examples", "1"])

    sessions = [session for user in api.users.values() for session in user.sessions.values()]
    assert sessions
    assert {"heidi-conformance"} == {session["ehr_appt_id"] for session in sessions}
    report = json.loads((tmp_path / "reports/conformance/report.json").read_text())
    assert len(sessions) == report["sessions_tagged"] == report["sessions_created"]
    told = f"{len(sessions)} of {len(sessions)} created have `ehr_appt_id` heidi-conformance"
    assert told in " ".join(capsys.readouterr().out.split())


def test_a_linked_user_of_a_key_does_not_count_as_unlinked(api: Api) -> None:
    def always_linked(request: Request, handle: Handler) -> Response:
        for user in api.users.values():
            user.linked = True
        return handle(request)

    with serving(faulty(api, always_linked)) as url:
        key = ("--api-key", api.api_key, "--level", "strict")
        assert 0 == main(["run", url, *key, "--rule", "unlinked", "--rule", "forbidden", *FEW])


def test_a_read_only_run_sends_only_get(api: Api) -> None:
    for number in range(5):
        api.tokens[TOKEN].sessions[str(number)] = new_session(str(number), number)
    with serving(api.handle) as url:
        run = ["run", url, "--token", TOKEN, "--level", "strict", "--read-only"]
        assert 0 == main(run)

    assert {"GET"} == {request.method for request in api.requests}
    assert 5 == len(api.tokens[TOKEN].sessions)


def test_no_more_sessions_are_created_than_allowed(
    api: Api, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(api.handle) as url:
        run = ["run", url, "--token", TOKEN, "--level", "strict", "--max-sessions", "9", *FEW]
        assert 2 == main(run)

    assert 9 == len(api.tokens[TOKEN].sessions)
    assert "--max-sessions" in capsys.readouterr().err


@pytest.mark.slow
def test_rules_that_could_not_be_run_are_named_with_the_reason(
    api: Api, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(api.handle) as url:
        assert 0 == main(["run", url, "--token", TOKEN, "--level", "strict", *FEW])

    out = " ".join(capsys.readouterr().out.split())
    assert "skipped: own-list, own-sessions, unknown-alike: give the token of a second user" in out
    assert "skipped: issueToken: give the key that tokens are issued for (HEIDI_API_KEY or" in out
    assert "skipped: expired-token: give a token that has expired (HEIDI_EXPIRED_TOKEN)" in out


@pytest.mark.slow
def test_no_secret_is_written_or_printed_though_the_server_repeats_it(
    api: Api, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with serving(faulty(api, simple.parrot)) as url:
        assert 1 == main(["run", url, "--token", TOKEN, "--level", "strict", *FEW])

    out, err = capfd.readouterr()
    written = everything_written(tmp_path)
    assert "$HEIDI_TOKEN" in written
    assert TOKEN not in written + out + err


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc").is_dir(), reason="reads the process list of Linux")
def test_no_secret_is_in_the_process_list_and_only_reports_remain(api: Api, tmp_path: Path) -> None:
    with serving(api.handle) as url:
        process = subprocess.Popen(
            [sys.executable, "-m", "heidi_conformance", "run", url, "--token", TOKEN, *FEW],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        while not api.requests and process.poll() is None:
            time.sleep(0.01)
        listed = Path(f"/proc/{process.pid}/cmdline").read_text()
        output, _ = process.communicate(timeout=60)

    assert url in listed
    assert TOKEN not in listed
    assert 0 == process.returncode
    assert TOKEN not in output
    assert ["reports"] == [path.name for path in tmp_path.iterdir()]


@pytest.mark.parametrize(
    "flags", [["--token", "s3cret"], ["--token=s3cret"], ["--token", "old", "--token", "s3cret"]]
)
def test_secrets_move_from_the_arguments_to_the_environment(flags: list[str]) -> None:
    command, variables = out_of_sight(["python", "-m", "heidi_conformance", "run", "URL", *flags])

    assert ["python", "-m", "heidi_conformance", "run", "URL"] == command
    assert {"HEIDI_TOKEN_OF_THIS_RUN": "s3cret"} == variables


GARBAGE = {
    "no command": ([], "command"),
    "no URL": (["run"], "URL"),
    "unknown flag": (["run", "http://localhost", "--frobnicate"], "--frobnicate"),
    "misspelt flag": (
        ["run", "http://localhost", "--levl", "s3cret"],
        "unknown: --levl; did you mean --level?; see heidi-conformance run --help",
    ),
    "misspelt secret": (["run", "http://localhost", "--tokn", "s3cret"], "--tokn"),
    "misspelt command": (["rum"], "did you mean run?; see heidi-conformance --help"),
    "misspelt scenario": (
        ["client", "--scenario", "token-revokd", "--", "true"],
        "'token-revokd' is not a scenario; did you mean token-revoked? --list prints them all",
    ),
    "no such scenario": (
        ["client", "--scenario", "zzz", "--", "true"],
        "'zzz' is not a scenario; --list prints them all",
    ),
    "one word too many": (["run", "http://localhost", "s3cret"], "too many"),
    "unknown level": (["run", "http://localhost", "--level", "lax"], "--level"),
    "no number": (["run", "http://localhost", "--max-examples", "many"], "--max-examples"),
    "zero": (["run", "http://localhost", "--max-examples", "0"], "--max-examples"),
    "negative": (["run", "http://localhost", "--seed", "-1"], "--seed"),
    "two secrets": (["run", "http://localhost", "--token", "a", "--token-file", "b"], "--token"),
    "no such rule": (
        ["run", "http://localhost", "--token", "s3cret", "--rule", "S99"],
        "unknown rule",
    ),
    "unfit other token": (
        ["run", "http://localhost", "--token", "a", "--other-token", "s3cret\r\n"],
        "--other-token",
    ),
    "no scheme": (["run", "localhost:8000"], "http"),
    "other scheme": (["run", "ftp://localhost"], "http"),
    "broken host": (["run", "http://[::1"], "not valid"),
    "broken port": (["run", "http://localhost:port"], "not valid"),
    "password": (["run", "http://me:s3cret@localhost"], "password"),
    "query": (["run", "http://localhost/?token=s3cret"], "query"),
    "no token": (["run", "http://localhost"], "HEIDI_TOKEN"),
    "empty token": (["run", "http://localhost", "--token", ""], "HEIDI_TOKEN"),
    "unfit token": (["run", "http://localhost", "--token", "s3cret\r\nx: y"], "token"),
    "unfit key": (["run", "http://localhost", "--api-key", "s3cret\u20ac"], "key"),
    "another machine": (["run", "https://api.example", "--token", "s3cret"], "--allow-writes"),
    "silent server": (["run", "http://127.0.0.1:1", "--token", "s3cret"], "does not respond to"),
    "silent issuer": (["run", "http://127.0.0.1:1", "--api-key", "s3cret"], "does not respond to"),
}


@pytest.mark.parametrize(("arguments", "named"), GARBAGE.values(), ids=GARBAGE)
def test_an_unusable_option_gives_exit_code_2_and_one_line_that_names_it(
    arguments: list[str], named: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert 2 == main(arguments)

    out, err = capsys.readouterr()
    assert "" == out
    assert err.startswith("heidi-conformance: ")
    assert 1 == len(err.splitlines())
    assert named in err
    assert "s3cret" not in err
    assert [] == list(tmp_path.iterdir())


SERVERS = {
    "wrong token": (Api().handle, "refuses the token"),
    "web site": (lambda _: Response(200, b"<h1>Hi</h1>", {"content-type": "text/html"}), "path"),
    "other API": (lambda _: Response(404, b'{"detail":"Not Found"}'), "path"),
    "another JSON": (lambda _: Response(200, b"[1, 2]"), "path"),
    "broken server": (lambda _: Response(500, b"oops", {"content-type": "text/plain"}), "its log"),
}


@pytest.mark.parametrize(("handle", "named"), SERVERS.values(), ids=SERVERS)
def test_a_server_that_cannot_be_judged_gives_exit_code_2_before_anything_is_created(
    handle: Handler, named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    methods: set[str] = set()

    def watched(request: Request) -> Response:
        methods.add(request.method)
        return handle(request)

    with serving(watched) as url:
        assert 2 == main(["run", url, "--token", "s3cret"])

    err = capsys.readouterr().err
    assert 1 == len(err.splitlines())
    assert named in err
    assert "s3cret" not in err
    assert {"GET"} == methods


def test_a_wrong_key_gives_exit_code_2_and_one_line(
    api: Api, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(api.handle) as url:
        assert 2 == main(["run", url, "--api-key", "s3cret"])

    err = capsys.readouterr().err
    assert "refuses the key (401)" in err
    assert "s3cret" not in err


@pytest.mark.slow
def test_the_installed_command_exits_with_the_code_of_its_verdict(api: Api, tmp_path: Path) -> None:
    command = str(Path(sys.executable).with_name("heidi-conformance"))
    environment = os.environ | {"HEIDI_TOKEN": TOKEN}

    def code(url: str) -> int:
        run = [command, "run", url, "--rule", "answer-schema"]
        return subprocess.run(run, cwd=tmp_path, env=environment, check=False).returncode

    with serving(api.handle) as good, serving(faulty(api, simple.session_without_id)) as bad:
        assert [0, 1] == [code(good), code(bad)]
    assert 2 == code(good)


def test_help_explains_the_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as leaving:
        main(["run", "--help"])

    assert 0 == leaving.value.code
    assert "0 it conforms, 1 there are findings, 2 it could not be judged" in " ".join(
        capsys.readouterr().out.split()
    )


def test_help_does_not_wait_for_schemathesis() -> None:
    code = "import heidi_conformance.__main__, sys; sys.exit('schemathesis' in sys.modules)"

    assert (
        0
        == subprocess.run(
            [sys.executable, "-c", code], check=False, env=dict(os.environ)
        ).returncode
    )
