"""Acknowledged writes survive, whatever ended the server or its database.

HEIDI_DURABILITY_ROUNDS is how often each is killed.
"""

import os
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from heidi_sandbox import serving

from scripts.bench.postgresql import Postgresql
from tests.sandbox.api import Api
from tests.sandbox.process import started

WRITERS = 16
ROUNDS = int(os.environ.get("HEIDI_DURABILITY_ROUNDS", "1"))
AWAY = {"StoreUnavailableError", "UnknownOutcomeError"}


def test_a_restart_keeps_sessions_tokens_and_pages(kept_url: str) -> None:
    with serving(kept_url) as sandbox, Api(sandbox.url, sandbox.token()) as api:
        created = [api.create() for _ in range(3)]
        session = api.update(created[0], {"patient": {"name": "John\0Doe"}, "duration": 0.1})
        first = api.page(page_size=2)
        token = api.headers["authorization"].split()[1]
    with serving(kept_url) as again, Api(again.url, token) as api:
        assert session == api.session(created[0])
        assert first == api.page(page_size=2)
        assert [session] == api.page(page_size=2, page=first["next_page"])["sessions"]
        assert "Session 4" == api.session(api.create())["session_name"]


def test_a_sandbox_in_memory_keeps_nothing(tmp_path: Path) -> None:
    with serving() as sandbox, Api(sandbox.url, sandbox.token()) as api:
        session_id = api.create()
    with serving() as sandbox, Api(sandbox.url, sandbox.token()) as api:
        assert 404 == api.get(f"/sessions/{session_id}").status_code


class Writers:
    """Clients that create sessions and increment them, and record acknowledged writes."""

    def __init__(self) -> None:
        self.acknowledged: dict[str, float] = {}
        self.refusals: set[str] = set()
        self._stopped = threading.Event()

    @contextmanager
    def writing(self, url: str, token: str) -> Generator[None]:
        """Let them write during the block; at its end the server is gone or they stop."""
        self._stopped.clear()
        threads = [threading.Thread(target=self._write, args=(url, token)) for _ in range(WRITERS)]
        for one in threads:
            one.start()
        try:
            yield
        finally:
            self._stopped.set()
            for one in threads:
                one.join()

    def wait_for(self, more: int) -> None:
        """Return when that many more sessions are acknowledged."""
        enough = len(self.acknowledged) + more
        deadline = time.monotonic() + 60
        while len(self.acknowledged) < enough:
            assert time.monotonic() < deadline
            time.sleep(0.005)

    def lost(self, api: Api) -> list[str]:
        """Return the sessions that differ from what the server acknowledged."""
        pages = list(api.walk(100))
        sessions = [session for page in pages for session in page["sessions"]]
        kept = {one["session_id"]: one["duration"] for one in sessions}
        assert len(kept) == len(sessions) == pages[0]["total_count"]
        return [one for one, duration in self.acknowledged.items() if kept.get(one, -1) < duration]

    def _write(self, url: str, token: str) -> None:
        with Api(url, token) as api:
            while not self._stopped.is_set():
                try:
                    self._write_one(api)
                except httpx.TransportError:
                    return

    def _write_one(self, api: Api) -> None:
        response = api.post("/sessions")
        if self._refused(response):
            return
        session_id = response.json()["session_id"]
        self.acknowledged[session_id] = 0
        for duration in range(1, 4):
            if self._refused(api.patch(f"/sessions/{session_id}", json={"duration": duration})):
                return
            self.acknowledged[session_id] = duration

    def _refused(self, response: httpx.Response) -> bool:
        if response.status_code == 200:
            return False
        self.refusals.add(response.json()["detail"]["type"])
        self._stopped.wait(0.02)
        return True


@pytest.mark.slow
def test_kill_9_loses_no_acknowledged_write(tmp_path: Path, kept_url: str) -> None:
    writers = Writers()
    for _ in range(ROUNDS):
        with started(tmp_path, "--database-url", kept_url) as process, process.api() as api:
            assert 200 == api.get("/sessions/linked-user").status_code
            with writers.writing(process.url, api.headers["authorization"].split()[1]):
                writers.wait_for(50)
                process.running.kill()
    with started(tmp_path, "--database-url", kept_url) as process, process.api() as api:
        assert [] == writers.lost(api)
    assert len(writers.acknowledged) >= ROUNDS * 50
    assert set() == writers.refusals


@pytest.mark.slow
def test_kill_9_of_postgresql_loses_no_acknowledged_write(
    tmp_path: Path, postgresql: Postgresql
) -> None:
    writers = Writers()
    with (
        postgresql.database() as url,
        started(tmp_path, "--database-url", url) as process,
        process.api() as api,
        writers.writing(process.url, api.headers["authorization"].split()[1]),
    ):
        for _ in range(ROUNDS):
            writers.wait_for(50)
            postgresql.kill()
            postgresql.start()
            writers.wait_for(1)
        writers.wait_for(50)
        code, _, err = process.stop()
        assert 0 == code
        assert "Traceback" not in err
        with started(tmp_path, "--database-url", url) as again, again.api() as reader:
            assert [] == writers.lost(reader)
    assert writers.refusals <= AWAY
    assert len(writers.acknowledged) >= ROUNDS * 50
