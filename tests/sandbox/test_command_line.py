"""`heidi-sandbox serve`, as a person or a script runs it."""

import contextlib
import shlex
import shutil
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from heidi_sandbox._chaos import GRAMMAR

from tests.sandbox.api import TRUST
from tests.sandbox.process import COMMAND, environment, failed, free_port, run, started

GENERATED = 30  # characters, at least


def test_it_prints_the_base_url_the_key_and_a_command_that_gets_a_token(tmp_path: Path) -> None:
    with started(tmp_path) as process:
        assert "/api/v2/ml-scribe/open-api" == urlsplit(process.url).path
        assert len(process.api_key) > GENERATED
        command = process.lines[2].removeprefix("Get a token: ")
        response = subprocess.run(["sh", "-c", command], capture_output=True, check=True)  # noqa: S607
        assert response.stdout.startswith(b'{"token":"')
        with process.api() as api:
            assert api.session(api.create())


@pytest.mark.slow
def test_it_prints_the_settings_of_a_client_and_env_prints_them_again(tmp_path: Path) -> None:
    with started(tmp_path) as process:
        port = str(urlsplit(process.url).port)
        said = f"For a client, in its shell; heidi-sandbox env --port {port} prints it again:\n"
        assert said == process.lines[3]
        again = run(tmp_path, ["env", "--port", port])
        assert (0, process.lines[4], "") == (again.returncode, again.stdout, again.stderr)
    after = run(tmp_path, ["env", "--port", port])
    assert process.lines[4] == after.stdout
    program = "from heidi_sessions import Heidi; print(Heidi().sessions.create().session_id)"
    with started(tmp_path) as process:
        command = f"{process.lines[4]}exec {sys.executable} -c '{program}'"
        made = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True)  # noqa: S607
    assert made.stdout.strip().isdigit()


def test_the_printed_env_command_finds_the_same_database(tmp_path: Path) -> None:
    with started(tmp_path, "--database-url", "sqlite:///a b.db") as process:
        command = (
            process.lines[3].partition("; heidi-sandbox ")[2].removesuffix(" prints it again:\n")
        )
        assert process.lines[4] == run(tmp_path, shlex.split(command)).stdout


def test_env_of_another_machine_lets_the_client_use_http(tmp_path: Path) -> None:
    with started(tmp_path, "--host", "0.0.0.0") as process:  # noqa: S104  # that is the test
        words = process.lines[3].split()
        assert "127.0.0.1" == urlsplit(process.url).hostname
        assert "HEIDI_ALLOW_HTTP" not in process.lines[4]
        assert process.running.stdout is not None
        said = [process.running.stdout.readline() for _ in range(2)]
    port = words[words.index("--port") + 1]
    assert said[0].startswith("For a client on another machine, ")
    assert f"HEIDI_BASE_URL=http://{socket.gethostname()}:{port}/api" in said[1]
    assert f" HEIDI_ALLOW_HTTP=1 HEIDI_API_KEY={process.api_key} " in said[1]
    there = run(tmp_path, ["env", "--port", port, "--host", "build-box"]).stdout
    assert f"HEIDI_BASE_URL=http://build-box:{port}/api" in there
    assert " HEIDI_ALLOW_HTTP=1 " in there


def test_a_key_of_your_own_is_printed_by_env_alone(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("mine\n")
    with started(tmp_path, "--api-key-file", "key") as process:
        command = process.lines[3].partition("; heidi-sandbox ")[2]
        words = shlex.split(command.removesuffix(" prints it with the key:\n"))
        said = run(tmp_path, words).stdout
    assert "mine" not in "".join(process.lines)
    assert process.lines[4] == said.replace(" HEIDI_API_KEY=mine", "")
    variables = {"HEIDI_SANDBOX_API_KEY": "yours"}
    assert " HEIDI_API_KEY=yours " in run(tmp_path, ["env"], variables=variables).stdout


def test_nothing_prints_again_the_key_of_a_database_in_memory(tmp_path: Path) -> None:
    with started(tmp_path, "--database-url", "sqlite:///:memory:") as process:
        assert "For a client, in its shell:\n" == process.lines[3]


def test_a_busy_port_says_how_to_choose_another(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        line = failed(tmp_path, "serve", "--port", str(busy.getsockname()[1]))
    assert line.endswith(": Address already in use; choose another one with --port\n")


def test_env_says_that_no_key_is_kept(tmp_path: Path) -> None:
    assert "heidi-sandbox.db: no key is kept there; start " in failed(tmp_path, "env")
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_it_gracefully_with_exit_code_0(tmp_path: Path, number: int) -> None:
    with started(tmp_path) as process, process.api() as api:
        api.create()
        process.running.send_signal(number)
        out, err = process.running.communicate(timeout=20)
        assert (0, "", "") == (process.running.returncode, out, err)
    assert {"heidi-sandbox.db", "heidi-sandbox.db-lock"} == {one.name for one in tmp_path.iterdir()}


@pytest.mark.slow
def test_key_and_secret_are_made_at_first_start_and_readable_only_by_the_owner(
    tmp_path: Path,
) -> None:
    with started(tmp_path) as process:
        key = process.api_key
        with process.api() as api:
            session_id = api.create()
            token = api.headers["authorization"]
        modes = {one.name: stat.S_IMODE(one.stat().st_mode) for one in tmp_path.glob("*.db*")}
        assert {"heidi-sandbox.db": 0o600, "heidi-sandbox.db-wal": 0o600}.items() <= modes.items()
        process.stop()
    with started(tmp_path) as process:
        assert key == process.api_key
        headers = {"authorization": token}
        assert (
            200
            == httpx.get(
                f"{process.url}/sessions/{session_id}", headers=headers, verify=TRUST
            ).status_code
        )
    with started(tmp_path, "--database-url", "sqlite:///other.db") as process:
        assert key != process.api_key


def test_a_key_comes_from_a_file_or_the_environment_and_is_not_shown(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("from-file\n")
    variables = {"HEIDI_SANDBOX_API_KEY": "from-environment"}
    for arguments, key in ((["--api-key-file", "key"], "from-file"), ([], "from-environment")):
        with started(tmp_path, *arguments, variables=variables) as process:
            with process.api(api_key=key) as api:
                assert api.create()
            assert key not in "".join(process.lines)


def test_a_key_that_was_given_is_not_kept(tmp_path: Path) -> None:
    with started(tmp_path, variables={"HEIDI_SANDBOX_API_KEY": "from-environment"}) as process:
        process.stop()
    with started(tmp_path) as process:
        assert len(process.api_key) > GENERATED


def test_no_flag_takes_a_key(tmp_path: Path) -> None:
    line = failed(tmp_path, "serve", "--api-key", "hunter2")
    assert "unknown: --api-key" in line
    assert "hunter2" not in line


def test_a_database_url_comes_from_a_file_or_the_environment(tmp_path: Path) -> None:
    (tmp_path / "url").write_text("sqlite:///from-file.db\n")
    variables = {"HEIDI_SANDBOX_DATABASE_URL": "sqlite:///from-environment.db"}
    for arguments, file in (
        (["--database-url", "sqlite:///from-flag.db"], "from-flag.db"),
        (["--database-url-file", "url"], "from-file.db"),
        ([], "from-environment.db"),
    ):
        with started(tmp_path, *arguments, variables=variables) as process:
            assert (0, "", "") == process.stop()
        assert (tmp_path / file).is_file()


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:hunter2@h/d",
        "postgresql://u:hunter2@[::1/d",
        "postgresql://h/d?user=u&password=hunter2",
    ],
)
def test_a_password_on_the_command_line_is_refused(tmp_path: Path, url: str) -> None:
    line = failed(tmp_path, "serve", "--port", "0", "--database-url", url)
    assert "--database-url-file" in line
    assert "HEIDI_SANDBOX_DATABASE_URL" in line
    assert "hunter2" not in line


def test_a_worker_that_cannot_serve_says_so_in_one_line(tmp_path: Path) -> None:
    arguments = ["serve", "--port", "0", "--workers", "3", "--database-url", "no-database"]
    assert "the database URL must read" in failed(tmp_path, *arguments)


def test_an_argument_that_may_be_a_key_is_not_repeated(tmp_path: Path) -> None:
    assert "hunter2" not in failed(tmp_path, "serve", "--apikey", "hunter2")


def test_a_file_that_is_not_ours_is_not_changed(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("hi")
    before = file.stat()
    failed(tmp_path, "serve", "--port", "0", "--database-url", "sqlite:///notes.txt")
    after = file.stat()
    assert (before.st_mtime_ns, before.st_mode) == (after.st_mtime_ns, after.st_mode)
    assert [file] == list(tmp_path.iterdir())


def test_a_database_that_others_could_read_is_made_private(tmp_path: Path) -> None:
    with started(tmp_path) as process:
        process.stop()
    file = tmp_path / "heidi-sandbox.db"
    file.chmod(0o666)
    with started(tmp_path):
        assert 0o600 == stat.S_IMODE(file.stat().st_mode)


@pytest.mark.parametrize(
    ("flag", "number"), [("--port", "0" * 20 + "99999"), ("--token-lifetime", "0" * 20 + "9" * 15)]
)
def test_a_number_is_read_completely(tmp_path: Path, flag: str, number: str) -> None:
    assert "must be a whole number from" in failed(tmp_path, "serve", flag, number)


def test_an_empty_host_does_not_mean_every_address(tmp_path: Path) -> None:
    assert "--host: must be an address" in failed(tmp_path, "serve", "--host", "")


def test_tokens_live_as_long_as_the_option_says(tmp_path: Path) -> None:
    with started(tmp_path, "--token-lifetime", "2") as process, process.api() as api:
        assert 404 == api.get("/sessions/1").status_code
        time.sleep(2)
        assert 401 == api.get("/sessions/1").status_code


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ([], "required: COMMAND"),
        (["bake"], "invalid choice"),
        (["serv"], "; did you mean serve?; see heidi-sandbox --help"),
        (["serve", "--prot", "1"], "--prot; did you mean --port?; see heidi-sandbox serve --help"),
        (["serve", "--scenario", "ratelimit"], "; did you mean rate-limit?; see"),
        (["serve", "hunter2"], "unknown: a word without a flag; see heidi-sandbox serve --help"),
        (["serve", "--port", "x"], "--port"),
        (["serve", "--port", "65536"], "--port"),
        (["serve", "--port", "-1"], "--port"),
        (["serve", "--port", "٨٠"], "--port"),
        (["serve", "--host", "256.256.256.256"], "cannot listen on 256.256.256.256"),
        (["serve", "--host", "a..b"], "cannot listen on a..b"),
        (["serve", "--host", "\udcff"], "cannot listen on"),
        (["serve", "--host", "203.0.113.1", "--port", "0"], "--host must be an address of this"),
        (["serve", "--token-lifetime", "0"], "--token-lifetime"),
        (["serve", "--token-lifetime", "9" * 30], "--token-lifetime"),
        (["serve", "--port", "0", "--database-url", "x.db"], "sqlite:///FILE"),
        (["serve", "--port", "0", "--database-url", "sqlite:///"], "sqlite:///FILE"),
        (["serve", "--port", "0", "--database-url", "mysql://u:hunter2@h/d"], "see the password"),
        (["serve", "--port", "0", "--database-url-file", "missing"], "missing: cannot be read"),
        (["serve", "--database-url", "a", "--database-url-file", "b"], "not allowed with"),
        (["serve", "--workers", "0"], "--workers"),
        (["serve", "--workers", "2"], "a SQLite database has one process"),
        (["serve", "--chaos-rate", "0.1"], "need --chaos"),
        (["serve", "--chaos-seed", "1"], "need --chaos"),
        (["serve", "--chaos", "--chaos-rate", "1.1"], "from 0 to 1"),
        (["serve", "--chaos", "--chaos-rate", "nan"], "from 0 to 1"),
        (["serve", "--chaos", "--chaos-seed", "x"], "--chaos-seed"),
        (["serve", "--port", "0", "--database-url", "sqlite:///no/such/x.db"], "no such folder"),
        (["serve", "--port", "0", "--database-url", "sqlite:///."], "cannot be used"),
        (["serve", "--port", "0", "--api-key-file", "missing"], "missing: cannot be read"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(
    tmp_path: Path, arguments: list[str], reason: str
) -> None:
    line = failed(tmp_path, *arguments)
    assert reason in line
    assert line.startswith("heidi-sandbox")
    assert "hunter2" not in line


@pytest.mark.parametrize("key", ["", " ", "a\nb", "\u043a\u043b\u044e\u0447"])
def test_a_key_that_no_header_holds_is_refused(tmp_path: Path, key: str) -> None:
    (tmp_path / "key").write_text(key, encoding="utf-8")
    assert "the API key must be" in failed(tmp_path, "serve", "--api-key-file", "key")


def test_a_port_in_use_is_one_line_and_exit_2(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert f"port {port}: Address already in use" in failed(
            tmp_path, "serve", "--port", str(port)
        )
    assert [] == list(tmp_path.iterdir())


def test_a_second_process_on_the_same_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "link.db").symlink_to("heidi-sandbox.db")
    with started(tmp_path) as process, process.api() as api:
        session_id = api.create()
        for name in ("heidi-sandbox.db", "./heidi-sandbox.db", "link.db"):
            line = failed(tmp_path, "serve", "--port", "0", "--database-url", f"sqlite:///{name}")
            assert "another heidi-sandbox uses this database" in line
        assert api.session(session_id)


def foreign(path: Path) -> None:
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE sessions (x)")
    db.close()


def newer(path: Path) -> None:
    with started(path.parent, "--database-url", f"sqlite:///{path.name}") as process:
        process.stop()
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 999")
    db.close()


def text(path: Path) -> None:
    path.write_text("Dear diary, " * 1000)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (foreign, "belongs to another program"),
        (newer, "made by a newer heidi-sandbox"),
        (text, "belongs to another program"),
    ],
)
def test_a_file_that_is_not_ours_is_refused_and_not_changed(
    tmp_path: Path, make: object, reason: str
) -> None:
    assert callable(make)
    path = tmp_path / "x.db"
    make(path)
    before = path.read_bytes()
    assert reason in failed(tmp_path, "serve", "--port", "0", "--database-url", "sqlite:///x.db")
    assert before == path.read_bytes()


def test_help_says_where_secrets_come_from_and_which_faults_there_are(tmp_path: Path) -> None:
    done = run(tmp_path, ["serve", "--help"])
    assert 0 == done.returncode
    assert "process list" in " ".join(done.stdout.split())
    assert "HEIDI_SANDBOX_API_KEY" in done.stdout
    assert GRAMMAR in done.stdout


def test_neither_output_nor_process_list_shows_a_secret_or_a_patient(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("hunter2hunter2")
    with started(tmp_path, "--api-key-file", "key", "--access-log") as process:
        with process.api("zaphod77@example.com", "hunter2hunter2") as api:
            token = api.headers["authorization"].split()[1]
            session_id = api.create({"ehr_appointment_id": "zaphod77"})
            api.update(session_id, {"patient": {"name": "zaphod77"}})
            api.get("/zaphod77?zaphod77=zaphod77")
            api.patch(f"/sessions/{session_id}?zaphod77", json={"duration": "zaphod77"})
            httpx.get(
                f"{process.url}/jwt?email=zaphod77",
                headers={"Heidi-Api-Key": "zaphod77"},
                verify=TRUST,
            )
        arguments = Path(f"/proc/{process.running.pid}/cmdline").read_bytes()
        code, out, err = process.stop()
    assert (0, "") == (code, out)
    assert "updateSession 422" in err
    assert "issueToken 401" in err
    for secret in ("zaphod77", token, session_id, "hunter2"):
        assert secret not in err
    assert b"hunter2" not in arguments


def test_a_deleted_folder_is_one_line(tmp_path: Path) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    script = 'rmdir ../gone; exec "$@"'
    command = ["sh", "-c", script, "sh", *COMMAND, "serve", "--port", "0"]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=20, check=False
    )
    assert (2, "") == (done.returncode, done.stdout)
    assert ["the current folder is gone" in line for line in done.stderr.splitlines()] == [True]


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("setpriv") is None, reason="setpriv (util-linux) is not installed")
def test_a_file_that_the_user_may_not_read_or_write_is_one_line(tmp_path: Path) -> None:
    with started(tmp_path) as process:
        process.stop()
    (tmp_path / "heidi-sandbox.db").chmod(0o400)
    (tmp_path / "locked").mkdir(mode=0)
    # Root may write everything, so the tests run as another user.
    ordinary = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]
    for command, name, reason in (
        (["serve", "--port", "0"], "heidi-sandbox.db", "readonly"),
        (["serve", "--port", "0"], "locked/in/x.db", "Permission denied"),
        (["reset", "--yes"], "locked/x.db", "Permission denied"),
    ):
        done = subprocess.run(
            [*ordinary, *COMMAND, *command, "--database-url", f"sqlite:///{name}"],
            cwd=tmp_path,
            env=environment(),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (2, "") == (done.returncode, done.stdout)
        assert 1 == done.stderr.count("\n"), done.stderr
        assert reason in done.stderr


def test_the_version_is_that_of_the_distribution(tmp_path: Path) -> None:
    done = run(tmp_path, ["--version"])
    said = f"heidi-sandbox {version('heidi-sessions')}\n"
    assert (0, said, "") == (done.returncode, done.stdout, done.stderr)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.parametrize("closing", ["> /dev/full", ">&-"])
def test_a_closed_stdout_does_not_end_a_command(tmp_path: Path, closing: str) -> None:
    def quiet(*arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            ["sh", "-c", f'exec "$@" {closing}', "sh", *COMMAND, *arguments],  # noqa: S607
            cwd=tmp_path,
            env=environment(),
            stderr=subprocess.PIPE,
            text=True,
        )

    with quiet("seed", "--sessions", "3") as seeding:
        assert ("", 0) == (seeding.communicate(timeout=20)[1], seeding.returncode)
    port = free_port()
    with quiet("serve", "--port", str(port)) as serving:
        try:
            until_ready(f"http://127.0.0.1:{port}/readyz")
        finally:
            serving.terminate()
            err = serving.communicate(timeout=20)[1]
        assert ("", 0) == (err, serving.returncode)


def until_ready(url: str) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(url, verify=TRUST).status_code == 200:
                return
        time.sleep(0.05)
    raise AssertionError(f"{url} is not ready")
