"""`serve --import` and `--export-on-exit`: a file of users and sessions, in and out."""

import json
import os
import signal
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from heidi_sandbox import CannotServeError, Size, Store, _transfer, serving
from heidi_sandbox._document import read_document
from heidi_sandbox._transfer import export_file, read_file

from scripts.bench.postgresql import Postgresql
from tests.sandbox.api import Api
from tests.sandbox.process import failed, started
from tests.sandbox.stores import OpenStore, with_store
from tests.sandbox.test_documents import Client, document

MEMORY = ("--database-url", "sqlite:///:memory:")
ANN = {"email": "ann@example.com", "third_party_internal_id": "1"}
BOB = {"email": "bob@example.com", "third_party_internal_id": "é"}


def content(*users: object, version: object = 1) -> dict[str, Any]:
    return {"version": version, "users": users}


def of(user: object, *sessions: object) -> dict[str, Any]:
    return {"user": user, "resources": {"Session": sessions}}


def write(file: Path, value: object) -> Path:
    file.write_text(json.dumps(value))
    return file


def sessions_of(url: str, user: dict[str, str]) -> list[Any]:
    with serving(url) as sandbox, Api(sandbox.url, sandbox.token(*user.values())) as api:
        return [session for page in api.walk(50) for session in page["sessions"]]


def size_of(url: str) -> Size:
    return with_store(url, lambda store: store.size())


def test_an_imported_export_is_equal_and_is_exported_equally(tmp_path: Path, kept_url: str) -> None:
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    first.touch(0o644)
    with serving(export_file=first) as sandbox:
        for user in (ANN, BOB):
            with Api(sandbox.url, sandbox.token(*user.values())) as api:
                for number in range(60):
                    session_id = api.create()
                    api.update(session_id, {"duration": number, "patient": {"name": "Zoë\0\n"}})
    assert 0o600 == first.stat().st_mode & 0o777
    assert [first] == list(tmp_path.glob("*.json"))
    with (
        serving(kept_url, import_file=first, export_file=second) as again,
        Api(again.url, again.token(*BOB.values())) as api,
    ):
        sessions = [session for page in api.walk(50) for session in page["sessions"]]
        assert [*range(59, -1, -1)] == [session["duration"] for session in sessions]
    assert first.read_text() == second.read_text()
    assert [ANN, BOB] == [one["user"] for one in json.loads(first.read_text())["users"]]
    assert Size(2, 120) == size_of(kept_url)


def test_a_property_that_a_file_omits_is_as_in_a_new_session(tmp_path: Path, kept_url: str) -> None:
    given = {"session_id": "7", "duration": 60, "patient": {"name": "A"}}
    file = write(tmp_path / "x.json", content(of(ANN, {}, given), of(BOB)))
    with serving(kept_url, import_file=file) as sandbox:
        assert (Size(1, 2), 0) == sandbox.imported
    newest, oldest = sessions_of(kept_url, ANN)
    assert [] == sessions_of(kept_url, BOB)
    assert ("Session 2", "Session 1") == (newest["session_name"], oldest["session_name"])
    assert ("7", 60) == (oldest["session_id"], oldest["duration"])
    assert {"name": "A", "gender": None, "dob": None} == oldest["patient"]


def test_a_second_import_adds_what_is_new_and_changes_nothing(
    tmp_path: Path, kept_url: str
) -> None:
    file = write(tmp_path / "x.json", content(of(ANN, {"session_id": "7"}, {})))
    with (
        serving(kept_url, import_file=file) as sandbox,
        Api(sandbox.url, sandbox.token(*ANN.values())) as api,
    ):
        api.update("7", {"duration": 5})
    write(file, content(of(ANN, {"session_id": "7"}, {}, {"session_id": "8"}), of(BOB, {})))
    with serving(kept_url, import_file=file) as sandbox:
        assert (Size(2, 2), 2) == sandbox.imported
    durations = {one["session_id"]: one["duration"] for one in sessions_of(kept_url, ANN)}
    assert (3, 5) == (len(durations), durations["7"])


def test_a_file_is_read_once(tmp_path: Path) -> None:
    pipe, text = tmp_path / "pipe", json.dumps(content(of(ANN, {})))
    os.mkfifo(pipe)  # what is read from it is gone
    writing = Thread(target=pipe.write_text, args=(text,), daemon=True)
    writing.start()
    with serving(import_file=pipe) as sandbox:
        assert (Size(1, 1), 0) == sandbox.imported
    writing.join(5)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("{", "not JSON, at line 1, column 2"),
        ("\0", "not JSON"),
        ('{"version": 1, "version": 1}', "an object has a duplicate key"),
        ([], "must be an object"),
        ({"users": []}, "version is missing"),
        (content(version=2), "was written by a newer heidi-sandbox; update this one"),
        (content(version="1"), "version must be 1"),
        (content(7), "users[0] must be an object"),
        (content({"user": ANN}), "users[0].resources is missing"),
        (content(of({"email": "a"})), "users[0].user.third_party_internal_id is missing"),
        (content(of({**ANN, "email": 7})), "users[0].user.email must be a string"),
        (content(of("ann")), "users[0].user must"),
        (content({**of(ANN), "resources": {"Sesion": []}}), "there is Session"),
        (content({**of(ANN), "resources": {"Session": {}}}), "must be an array"),
        (content({**of(ANN), "resources": {"Session/7": []}}), "Session/7 must be Session"),
        (content(of(ANN, 7)), "users[0].resources.Session[0] must be an object"),
        (content(of(ANN, {}, {"duration": -1})), "Session[1].duration must be at least 0"),
        (content(of(ANN, {"durration": 1})), "Session[0].durration is not a property of a Session"),
        (content(of(ANN, {"a\nb": 1})), "Session[0].* is not a property of a Session"),
        (content(of(ANN, {"patient": {"nme": ""}})), "Session[0].patient.nme is not a property"),
        (content(of(ANN, {"session_id": "x"})), "Session[0].session_id must"),
        (content(of(ANN, {"session_id": 7})), "Session[0].session_id must be a string"),
        (
            content(of(ANN, {"session_id": "7"}), of(BOB, {"session_id": "7"})),
            "users[1].resources.Session[0].session_id is a duplicate id",
        ),
        (
            json.dumps(content(of(ANN, {"duration": 9}))).replace("9", "9007199254740993"),
            "Session[0].duration has more digits than a double holds",
        ),
    ],
)
def test_an_invalid_file_is_one_line_and_changes_nothing(
    tmp_path: Path, value: object, reason: str
) -> None:
    file, url = tmp_path / "x.json", f"sqlite:///{tmp_path}/x.db"
    file.write_text(value if isinstance(value, str) else json.dumps(value))
    with pytest.raises(CannotServeError) as caught, serving(url, import_file=file):
        pass
    (line,) = str(caught.value).splitlines()
    assert line.startswith(f"{file}: ")
    assert reason in line
    assert line.endswith("; nothing was imported")
    assert [file] == [*tmp_path.iterdir()]


def test_an_id_of_another_user_imports_nothing(tmp_path: Path, kept_url: str) -> None:
    file = write(tmp_path / "x.json", content(of(ANN, {"session_id": "7"})))
    with serving(kept_url, import_file=file):
        pass
    write(file, content(of(ANN, {}), of(BOB, {"session_id": "7"})))
    with (
        pytest.raises(CannotServeError, match="belongs to another user"),
        serving(kept_url, import_file=file),
    ):
        pass
    assert Size(1, 1) == size_of(kept_url)


def test_a_user_of_an_earlier_version_keeps_the_sessions(tmp_path: Path, kept_url: str) -> None:
    with serving(kept_url) as sandbox, Api(sandbox.url, sandbox.token(*ANN.values())) as api:
        api.create()
    file = tmp_path / "x.json"

    async def forget(store: Store) -> None:
        held = await store.collections()
        documents = (await store.page(held[0].name, None, 1)).documents
        await store.clear(settings=False)
        await store.create(held[0].name, "1", lambda _: documents[0])
        await export_file(file, store)
        await store.clear(settings=False)
        await read_file(file)(store)

    with_store(kept_url, forget)
    (user,) = json.loads(file.read_text())["users"]
    assert 64 == len(user["user"])
    assert 1 == len(sessions_of(kept_url, ANN))


def test_resources_within_others_are_exported_and_imported(
    store: OpenStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = Client(store, document())
    ann.make()
    uid = ann.make()["uid"]
    parts = [ann.send("POST", f"/widgets/{uid}/parts").json() for _ in range(3)]
    monkeypatch.setattr(_transfer, "load_document", lambda: read_document(document()))
    file = tmp_path / "x.json"

    async def keep(store: Store) -> bytes:
        return await store.setting("secret", b"s" * 32)  # that of the client

    store.run(keep)
    assert Size(1, 5) == store.run(lambda one: export_file(file, one))
    (user,) = json.loads(file.read_text())["users"]
    assert {"who": "ann", "where": "1"} == user["user"]
    assert {"Widget", f"Part/{uid}"} == user["resources"].keys()
    store.run(lambda one: one.clear(settings=False))
    assert Size(1, 5) == store.run(read_file(file)).added
    assert parts[::-1] == ann.send("GET", f"/widgets/{uid}/parts?limit=9").json()["rows"]
    assert uid == ann.send("GET", "/widgets").json()["data"]["rows"][0]["uid"]
    file.write_text(json.dumps({"version": 1, "users": [{**user, "resources": {"Part": parts}}]}))
    with pytest.raises(CannotServeError, match=r"Part must be Part/<id of a Widget>"):
        read_file(file)


def test_a_failed_export_does_not_change_file_and_database(tmp_path: Path) -> None:
    file, url = tmp_path / "out.json", f"sqlite:///{tmp_path}/x.db"
    file.write_text("old")

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    def fail(patch: pytest.MonkeyPatch) -> None:
        with serving(url, export_file=file) as sandbox, Api(sandbox.url, sandbox.token()) as api:
            api.create()
            patch.setattr(os, "fsync", refuse)

    with (
        pytest.MonkeyPatch.context() as patch,
        pytest.raises(CannotServeError, match="No space left on device; what was there is unchan"),
    ):
        fail(patch)
    assert "old" == file.read_text()
    assert {"out.json", "x.db", "x.db-lock"} == {one.name for one in tmp_path.iterdir()}
    assert Size(1, 1) == size_of(url)


def test_an_invalid_target_of_the_export_is_one_line_before_anything_is_served(
    tmp_path: Path,
) -> None:
    (tmp_path / "folder").mkdir()
    for file, reason in (
        ("folder", "it is not a regular file"),
        ("/dev/null", "it is not a regular file"),
        ("missing/out.json", "No such file or directory"),
    ):
        line = failed(tmp_path, "serve", "--port", "0", *MEMORY, "--export-on-exit", file)
        assert f"heidi-sandbox: {file}: cannot be exported to: {reason}\n" == line
    assert "missing.json: cannot be imported: No such file" in failed(
        tmp_path, "serve", "--port", "0", *MEMORY, "--import", "missing.json"
    )


def test_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    link = tmp_path / "out.json"
    link.symlink_to("there/real.json")
    with serving(export_file=link):
        pass
    assert link.is_symlink()
    assert {"version": 1, "users": []} == json.loads((tmp_path / "there/real.json").read_text())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_each_signal_that_stops_it_causes_the_export(tmp_path: Path, number: int) -> None:
    write(tmp_path / "x.json", content(of(ANN, {})))
    flags = ("--import", "x.json", "--export-on-exit", "x.json")
    with started(tmp_path, *MEMORY, *flags) as process:
        assert process.running.stdout is not None
        assert "Imported 1 session of 1 user from x.json.\n" == process.running.stdout.readline()
        with process.api(ANN["email"]) as api:
            api.create()
        process.running.send_signal(number)
        out, err = process.running.communicate(timeout=20)
    assert (0, "Exported 2 sessions of 1 user to x.json.\n", "") == (
        process.running.returncode,
        out,
        err,
    )
    assert 2 == len(
        json.loads((tmp_path / "x.json").read_text())["users"][0]["resources"]["Session"]
    )


@pytest.mark.slow
def test_workers_import_once_and_export_once(tmp_path: Path, postgresql: Postgresql) -> None:
    write(tmp_path / "x.json", content(of(ANN, {}), of(BOB, {})))
    with postgresql.database() as url:
        flags = ("--workers", "2", "--import", "x.json", "--export-on-exit", "y.json")
        for line in ("Imported 2 sessions of 2 users", "Imported 0 sessions of 0 users"):
            with started(tmp_path, "--database-url", url, *flags) as process:
                assert process.running.stdout is not None
                assert process.running.stdout.readline().startswith(line)
                code, out, err = process.stop()
            assert (0, "Exported 2 sessions of 2 users to y.json.\n", "") == (code, out, err)
    assert 2 == len(json.loads((tmp_path / "y.json").read_text())["users"])
