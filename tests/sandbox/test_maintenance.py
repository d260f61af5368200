"""`heidi-sandbox reset` and `heidi-sandbox seed`, as a person or a script runs them."""

import os
import pty
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from heidi_sandbox import serving
from heidi_sandbox.__main__ import main

from scripts.bench.postgresql import PASSWORD, Postgresql
from tests.sandbox.api import Api
from tests.sandbox.process import COMMAND, environment, failed, run
from tests.sandbox.stores import with_store

Heidi = Callable[..., tuple[int, str, str]]


@pytest.fixture
def heidi(capsys: pytest.CaptureFixture[str]) -> Heidi:
    """Run the command line; return its exit code and what it printed."""

    def call(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        printed = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return ended.value.code, printed.out, printed.err

    return call


def refusal(outcome: tuple[int, str, str]) -> str:
    code, out, err = outcome
    assert (2, "") == (code, out)
    assert 1 == err.count("\n"), err
    return err


def sessions_of(url: str, email: str) -> list[Any]:
    """Return every session of a user, as the server shows them: checked against the document."""
    with serving(url) as sandbox, Api(sandbox.url, sandbox.token(email)) as api:
        pages = list(api.walk(100))
        sessions = [session for page in pages for session in page["sessions"]]
        assert {len(sessions)} == {page["total_count"] for page in pages}
        return sessions


def size_of(url: str) -> tuple[int, int]:
    return with_store(url, lambda store: store.size())


def test_seeded_sessions_belong_to_known_users_and_obey_the_document(
    heidi: Heidi, kept_url: str
) -> None:
    code, out, err = heidi("seed", "--sessions", "250", "--users", "3", "--database-url", kept_url)
    assert (0, "") == (code, err)
    users = "clinician1@example.com to clinician3@example.com, third_party_internal_id 1"
    assert f"Added 250 sessions of 3 users: {users}.\n" == out
    by_user = [sessions_of(kept_url, f"clinician{n}@example.com") for n in (1, 2, 3)]
    assert [84, 83, 83] == [len(sessions) for sessions in by_user]
    every = [session for sessions in by_user for session in sessions]
    assert 250 == len({session["session_id"] for session in every})
    assert len({session["patient"]["name"] for session in every}) > 50
    names = [f"Session {number}" for number in range(84, 0, -1)]
    assert names == [session["session_name"] for session in by_user[0]]
    created = [session["created_at"] for session in by_user[0]]
    assert sorted(created, reverse=True) == created
    assert all(session["updated_at"] > session["created_at"] for session in every)


def test_seeding_again_adds_more(heidi: Heidi, kept_url: str) -> None:
    for _ in range(2):
        code, _, _ = heidi(
            "seed", "--sessions", "5", "--random-seed", "1", "--database-url", kept_url
        )
        assert 0 == code
    sessions = sessions_of(kept_url, "clinician1@example.com")
    assert [f"Session {number}" for number in range(10, 0, -1)] == [
        session["session_name"] for session in sessions
    ]


def test_the_same_seed_makes_the_same_sessions_and_no_seed_makes_others(
    heidi: Heidi, tmp_path: Path
) -> None:
    made: list[list[Any]] = []
    for number, seed in enumerate((["--random-seed", "1"], ["--random-seed", "1"], [], [])):
        url = f"sqlite:///{tmp_path}/{number}.db"
        heidi("seed", "--sessions", "20", "--users", "2", *seed, "--database-url", url)
        made.append(sessions_of(url, "clinician2@example.com"))
    ids = [frozenset(session["session_id"] for session in sessions) for sessions in made]
    assert made[0] == made[1]
    assert 3 == len(set(ids))
    assert 30 == len(frozenset.union(*ids))


def test_large_numbers_are_added_in_several_commits(
    heidi: Heidi, kept_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("heidi_sandbox._maintenance._LARGEST_CHUNK", 7)
    heidi("seed", "--sessions", "100", "--users", "3", "--database-url", kept_url)
    assert (3, 100) == size_of(kept_url)
    assert 34 == len(sessions_of(kept_url, "clinician1@example.com"))


@pytest.mark.slow
def test_an_interrupted_seed_keeps_complete_commits_and_correct_totals(
    tmp_path: Path, kept_url: str, request: pytest.FixtureRequest
) -> None:
    def has_begun() -> bool:
        if kept_url.startswith("sqlite"):
            log = tmp_path / "x.db-wal"
            return log.exists() and log.stat().st_size > 1_000_000
        server: Postgresql = request.getfixturevalue("postgresql")
        query = "SELECT pg_relation_size(to_regclass('heidi_sandbox.users')) > 0"
        return bool(server.fetch(query, kept_url)[0][0])

    arguments = ["seed", "--sessions", "1000000", "--users", "1000", "--database-url", kept_url]
    with subprocess.Popen(
        [*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        try:
            while not has_begun():
                assert running.poll() is None
                time.sleep(0.01)
            running.send_signal(signal.SIGINT)
            out, err = running.communicate(timeout=30)
        finally:
            running.kill()
    assert (130, "") == (running.returncode, out)
    assert "heidi-sandbox: interrupted; what was done is kept\n" == err
    users, sessions = size_of(kept_url)
    assert 1000 * users == sessions
    assert users < 1000
    if users:
        assert 1000 == len(sessions_of(kept_url, "clinician1@example.com"))


def test_reset_deletes_sessions_and_keeps_key_and_tokens(heidi: Heidi, kept_url: str) -> None:
    with serving(kept_url) as sandbox, Api(sandbox.url, sandbox.token()) as api:
        session_id = api.create()
        key, token = sandbox.api_key, api.headers["authorization"].split()[1]
    assert (0, "Deleted 1 session of 1 user; key and tokens stay valid.\n", "") == heidi(
        "reset", "--yes", "--database-url", kept_url
    )
    with serving(kept_url) as sandbox, Api(sandbox.url, token) as api:
        assert key == sandbox.api_key
        assert 404 == api.get(f"/sessions/{session_id}").status_code
        assert 0 == api.page()["total_count"]
        assert "Session 1" == api.session(api.create())["session_name"]


def test_reset_all_forgets_key_and_tokens_as_well(heidi: Heidi, kept_url: str) -> None:
    with serving(kept_url) as sandbox:
        key, token = sandbox.api_key, sandbox.token()
    code, out, _ = heidi("reset", "--yes", "--all", "--database-url", kept_url)
    assert (0, True) == (code, "the key and the secret of tokens too" in out)
    with serving(kept_url) as sandbox, Api(sandbox.url, token) as api:
        assert key != sandbox.api_key
        assert 401 == api.get("/sessions/1").status_code


def test_reset_does_not_ask_without_a_terminal(heidi: Heidi, kept_url: str) -> None:
    heidi("seed", "--sessions", "3", "--database-url", kept_url)
    assert "write --yes" in refusal(heidi("reset", "--database-url", kept_url))
    assert (1, 3) == size_of(kept_url)


@pytest.mark.parametrize(
    ("typed", "code", "left"), [("y", 0, 0), ("yes", 0, 0), ("n", 1, 3), ("", 1, 3), ("yep", 1, 3)]
)
def test_reset_asks_at_a_terminal_and_continues_only_after_yes(
    tmp_path: Path,
    heidi: Heidi,
    monkeypatch: pytest.MonkeyPatch,
    typed: str,
    code: int,
    left: int,
) -> None:
    url = f"sqlite:///{tmp_path}/x.db"
    heidi("seed", "--sessions", "3", "--database-url", url)
    person, terminal = pty.openpty()
    os.write(person, f"{typed}\n".encode())
    with open(terminal) as stdin:  # noqa: PTH123  # a descriptor, no path
        monkeypatch.setattr("sys.stdin", stdin)
        ended, out, err = heidi("reset", "--database-url", url)
    os.close(person)
    assert (code, "") == (ended, err)
    assert out.startswith("Delete 3 sessions of 1 user? [y/N] ")
    assert ("Nothing was deleted." in out) is (left > 0)
    assert left == size_of(url)[1]


def test_ctrl_c_means_no(tmp_path: Path, heidi: Heidi) -> None:
    url = f"sqlite:///{tmp_path}/x.db"
    heidi("seed", "--sessions", "3", "--database-url", url)
    person, terminal = pty.openpty()
    with subprocess.Popen(
        [*COMMAND, "reset", "--database-url", url],
        env=environment(),
        stdin=terminal,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as running:
        assert running.stdout is not None
        assert b"Delete 3" == running.stdout.read(8)
        time.sleep(0.2)  # until it reads
        running.send_signal(signal.SIGINT)
        time.sleep(0.2)
        os.write(person, b"y\n")
        out, err = running.communicate(timeout=20)
    os.close(person)
    os.close(terminal)
    assert (1, b"") == (running.returncode, err)
    assert out.endswith(b"Nothing was deleted.\n")
    assert (1, 3) == size_of(url)


def test_a_disk_that_is_full_is_one_line_that_says_so(
    heidi: Heidi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path}/x.db"
    heidi("seed", "--sessions", "3", "--database-url", url)
    connect: Callable[..., sqlite3.Connection] = sqlite3.connect

    def on_a_small_disk(file: object, **options: Any) -> sqlite3.Connection:
        connection = connect(file, **options)
        connection.execute("PRAGMA max_page_count = 20")
        return connection

    monkeypatch.setattr("heidi_sandbox._sqlite.sqlite3.connect", on_a_small_disk)
    line = refusal(heidi("seed", "--sessions", "500", "--database-url", url))
    assert "the database cannot be used: database or disk is full" in line
    monkeypatch.undo()
    assert (1, 3) == size_of(url)


def test_a_disk_that_fails_during_the_work_is_one_line(tmp_path: Path) -> None:
    on_a_small_disk = ["sh", "-c", 'ulimit -f 200; exec "$@"', "sh", *COMMAND]
    # Coverage would write more than fits.
    own = {name: text for name, text in environment().items() if not name.startswith("COV")}
    done = subprocess.run(
        [*on_a_small_disk, "seed", "--sessions", "500"],
        cwd=tmp_path,
        env=own,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (2, "") == (done.returncode, done.stdout)
    assert 1 == done.stderr.count("\n"), done.stderr
    assert "heidi-sandbox: the database cannot be used: disk I/O error" in done.stderr
    assert 1 == done.stderr.count("what was written last")
    assert (0, 0) == size_of(f"sqlite:///{tmp_path}/heidi-sandbox.db")


def test_reset_works_beside_servers_on_postgresql(heidi: Heidi, postgresql: Postgresql) -> None:
    with (
        postgresql.database() as url,
        serving(url) as sandbox,
        Api(sandbox.url, sandbox.token()) as api,
    ):
        session_id = api.create()
        assert 0 == heidi("reset", "--yes", "--database-url", url)[0]
        assert 404 == api.get(f"/sessions/{session_id}").status_code
        assert "Session 1" == api.session(api.create())["session_name"]


def test_reset_does_not_create_a_database(heidi: Heidi, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/missing.db"
    assert "there is no such database" in refusal(heidi("reset", "--yes", "--database-url", url))
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize("command", [["reset", "--yes"], ["seed"]])
def test_a_foreign_or_newer_database_is_refused_in_one_line(
    heidi: Heidi, tmp_path: Path, command: list[str]
) -> None:
    def refused(url: str) -> str:
        return refusal(heidi(*command, "--database-url", url))

    url = f"sqlite:///{tmp_path}/x.db"
    with serving(url):
        assert "another heidi-sandbox uses this database" in refused(url)
    (tmp_path / "notes.txt").write_text("hi")
    assert "belongs to another program" in refused(f"sqlite:///{tmp_path}/notes.txt")
    assert "hi" == (tmp_path / "notes.txt").read_text()
    db = sqlite3.connect(tmp_path / "x.db")
    db.execute("PRAGMA user_version = 99")
    db.close()
    before = (tmp_path / "x.db").read_bytes()
    assert "made by a newer heidi-sandbox" in refused(url)
    assert before == (tmp_path / "x.db").read_bytes()
    assert "name a file" in refused("sqlite:///:memory:")
    assert "must read" in refused("mysql://hunter2")
    assert "start it" in refused(f"postgresql:///x?host={tmp_path}&user=heidi")


@pytest.mark.parametrize("command", [["reset", "--yes"], ["seed"]])
def test_a_file_that_can_hold_no_database_is_one_line(
    heidi: Heidi, tmp_path: Path, command: list[str]
) -> None:
    (tmp_path / "circle.db").symlink_to("elcric.db")
    (tmp_path / "elcric.db").symlink_to("circle.db")
    (tmp_path / "folder.db").mkdir()
    (tmp_path / "one.db").touch()
    (tmp_path / "two.db").hardlink_to(tmp_path / "one.db")
    os.mkfifo(tmp_path / "pipe.db", mode=0o644)
    before = {one.name: one.lstat().st_mode for one in tmp_path.iterdir()}
    for name in ("circle.db", "folder.db", "pipe.db", "one.db", f"{'a' * 300}.db"):
        line = refusal(heidi(*command, "--database-url", f"sqlite:///{tmp_path}/{name}"))
        assert name in line
        assert "cannot be used as a database: " in line
    assert before == {one.name: one.lstat().st_mode for one in tmp_path.iterdir()}


@pytest.mark.parametrize("command", [["reset", "--yes"], ["seed"]])
@pytest.mark.parametrize("url", ["sqlite:///a\0b.db", "sqlite:///a.db\nsqlite:///b.db"])
def test_a_url_of_several_lines_is_refused(
    heidi: Heidi, tmp_path: Path, command: list[str], url: str
) -> None:
    (tmp_path / "url").write_text(url)
    line = refusal(heidi(*command, "--database-url-file", f"{tmp_path}/url"))
    assert "control character" in line
    assert ["url"] == [one.name for one in tmp_path.iterdir()]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--sessions", "0"], "--sessions"),
        (["--sessions", "10000001"], "--sessions"),
        (["--users", "-1"], "--users"),
        (["--random-seed", "x"], "--random-seed"),
        (["--sessions", "2", "--users", "3"], "--users: there must be a session for each"),
        (["--database-url", "a", "--database-url-file", "b"], "not allowed with"),
        (["--database-url-file", "missing"], "missing: cannot be read as a database URL"),
        (["--database-url", "postgresql://ann:hunter2@h/d"], "can see the password"),
        (["--database-url", "postgresql:///d?password=hunter2"], "can see the password"),
        (["--database-url", "postgresql:///d?pass%77ord=hunter2"], "can see the password"),
        (["--database-url", "postgresql://[hunter2/d"], "can see the password"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(
    heidi: Heidi,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    reason: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    line = refusal(heidi("seed", *arguments))
    assert reason in line
    assert "hunter2" not in line
    assert [] == list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_password_comes_from_a_file_or_the_environment_and_is_shown_nowhere(
    tmp_path: Path, postgresql: Postgresql
) -> None:
    with postgresql.database() as url:
        postgresql.execute("CREATE SCHEMA heidi_sandbox AUTHORIZATION guarded", url)
        bare = url.replace("user=heidi", "user=guarded")
        whole = f"{bare}&password={PASSWORD}"
        (tmp_path / "url").write_text(f"{whole}\n")
        for arguments, variables in (
            (["--database-url-file", "url"], {}),
            ([], {"HEIDI_SANDBOX_DATABASE_URL": whole}),
            (["--database-url", bare], {"PGPASSWORD": PASSWORD}),
        ):
            done = run(tmp_path, ["seed", "--sessions", "2", *arguments], variables)
            assert (0, "") == (done.returncode, done.stderr)
            assert PASSWORD not in done.stdout
        assert (1, 6) == size_of(url)
        refused = failed(tmp_path, "seed", "--database-url", bare, variables={"PGPASSWORD": "no"})
        assert "refuses the user or the password" in refused
    assert ["url"] == [one.name for one in tmp_path.iterdir()]


def test_a_terminal_sees_a_progress_bar(tmp_path: Path) -> None:
    person, terminal = pty.openpty()
    with subprocess.Popen(
        [*COMMAND, "seed", "--sessions", "20"],
        cwd=tmp_path,
        env=environment(TERM="xterm"),
        stdout=subprocess.PIPE,
        stderr=terminal,
    ) as running:
        assert running.stdout is not None
        out = running.stdout.read()
    os.close(terminal)
    shown = os.read(person, 65536)
    os.close(person)
    assert 0 == running.returncode
    assert b"20/20" in shown
    assert out.startswith(b"Added 20 sessions of 1 user")
