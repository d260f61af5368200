"""Several processes on one address and one PostgreSQL database."""

import os
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from scripts.bench.postgresql import Postgresql
from tests.sandbox.api import Api
from tests.sandbox.process import Process, started

WORKERS = 2


@pytest.fixture
def process(postgresql: Postgresql, tmp_path: Path) -> Iterator[Process]:
    with postgresql.database() as url:
        variables = {"HEIDI_SANDBOX_DATABASE_URL": url}
        arguments = ("--workers", str(WORKERS), "--access-log")
        with started(tmp_path, *arguments, variables=variables) as running:
            yield running


def children(process: Process) -> list[int]:
    """Return the ids of the workers; without helpers of multiprocessing."""
    threads = Path(f"/proc/{process.running.pid}/task").glob("*/children")
    text = " ".join(one.read_text() for one in threads)
    command = (Path(f"/proc/{child}/cmdline") for child in text.split())
    return [int(path.parent.name) for path in command if b"spawn_main" in path.read_bytes()]


def test_every_worker_knows_the_writes_of_the_others(process: Process) -> None:
    with process.api() as api:
        session_id = api.create()
        token = api.headers["authorization"].split()[1]
        for number in range(20):  # each on its own connection, so that all workers get some
            with Api(process.url, token) as other:
                assert number == other.update(session_id, {"duration": number})["duration"]
    assert WORKERS == len(children(process))
    code, out, err = process.stop()
    assert (0, "") == (code, out)
    assert 20 == err.count("updateSession 200")


@pytest.mark.slow
def test_concurrent_updates_of_different_properties_all_survive(process: Process) -> None:
    with process.api() as api:
        session_id = api.create()
        token = api.headers["authorization"].split()[1]

    def write(key: str, values: Sequence[object]) -> None:
        for value in values:
            with Api(process.url, token) as own:
                own.update(session_id, {key: value})

    properties: dict[str, Sequence[object]] = {
        "duration": list(range(25)),
        "clinician_notes": [[str(number)] for number in range(25)],
        "language_code": ["en", "de"] * 12 + ["fr"],
        "output_language_code": ["en", "de"] * 12 + ["it"],
    }
    writers = [threading.Thread(target=write, args=pair) for pair in properties.items()]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    with Api(process.url, token) as api:
        session = api.session(session_id)
    assert {name: values[-1] for name, values in properties.items()} == {
        name: session[name] for name in properties
    }


def kill_one(process: Process) -> int:
    """Kill a worker, and return its id once there are as many as before."""
    before = children(process)
    os.kill(before[0], signal.SIGKILL)
    deadline = time.monotonic() + 30
    while before[0] in children(process) or len(children(process)) < WORKERS:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return before[0]


@pytest.mark.slow
def test_a_worker_that_dies_is_named_and_replaced(process: Process) -> None:
    with process.api() as api:
        token = api.headers["authorization"].split()[1]
    killed = kill_one(process)
    time.sleep(3)  # until the new one serves
    for _ in range(20):
        with Api(process.url, token) as api:
            api.create()
    code, out, err = process.stop()
    assert (0, "") == (code, out)
    named = f"worker {killed} ended (SIGKILL); another one takes its place"
    assert 1 == err.count(named) == err.count("another one")


@pytest.mark.slow
def test_workers_that_die_repeatedly_stop_all_with_exit_code_2(process: Process) -> None:
    for _ in range(5):
        kill_one(process)
    os.kill(children(process)[0], signal.SIGKILL)
    out, err = process.running.communicate(timeout=30)
    assert (2, "") == (process.running.returncode, out)
    assert 5 == err.count("another one takes its place")
    *_, reason, last = err.splitlines()
    assert reason.endswith("ended (SIGKILL), the last of too many")
    assert "heidi-sandbox: the server ended by itself; its log says why" == last


@pytest.mark.slow
def test_a_closed_terminal_stops_all_workers(process: Process) -> None:
    every = [process.running.pid, *children(process)]
    for pid in every:
        os.kill(pid, signal.SIGHUP)
    out, err = process.running.communicate(timeout=20)
    assert (0, "", "") == (process.running.returncode, out, err)


@pytest.mark.slow
def test_workers_end_with_their_parent(process: Process) -> None:
    workers = children(process)
    process.running.kill()
    process.running.wait(timeout=20)
    for worker in workers:
        ended = threading.Event()
        for _ in range(200):
            if not Path(f"/proc/{worker}").exists():
                break
            ended.wait(0.05)
        assert not Path(f"/proc/{worker}").exists()


@pytest.mark.slow
def test_no_secret_shows_in_the_process_list(process: Process) -> None:
    for pid in (process.running.pid, *children(process)):
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes()
        assert process.api_key.encode() not in arguments
        assert b"postgresql" not in arguments
