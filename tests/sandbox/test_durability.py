"""What was acknowledged is there afterwards, whatever ended the server."""

import threading
from pathlib import Path

import httpx
from heidi_sandbox import serving

from tests.sandbox.api import Api
from tests.sandbox.process import started

WRITERS = 4
ROUNDS = 4


def test_a_restart_keeps_sessions_tokens_and_pages(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/x.db"
    with serving(url) as sandbox, Api(sandbox.url, sandbox.token()) as api:
        created = [api.create() for _ in range(3)]
        session = api.update(created[0], {"patient": {"name": "John\0Doe"}, "duration": 0.1})
        first = api.page(page_size=2)
        token = api.headers["authorization"].split()[1]
    with serving(url) as again, Api(again.url, token) as api:
        assert session == api.session(created[0])
        assert first == api.page(page_size=2)
        assert [session] == api.page(page_size=2, page=first["next_page"])["sessions"]
        assert "Session 4" == api.session(api.create())["session_name"]


def test_a_sandbox_in_memory_forgets(tmp_path: Path) -> None:
    with serving() as sandbox, Api(sandbox.url, sandbox.token()) as api:
        session_id = api.create()
    with serving() as sandbox, Api(sandbox.url, sandbox.token()) as api:
        assert 404 == api.get(f"/sessions/{session_id}").status_code


def write_until_the_end(url: str, token: str, acknowledged: dict[str, float]) -> None:
    """Create sessions and count them up, noting what the server said is done."""
    with Api(url, token) as api:
        try:
            while True:
                session_id = api.create()
                acknowledged[session_id] = 0
                for duration in range(1, 4):
                    acknowledged[session_id] = api.update(session_id, {"duration": duration})[
                        "duration"
                    ]
        except httpx.TransportError:
            return


def test_kill_9_loses_no_acknowledged_write(tmp_path: Path) -> None:
    acknowledged: dict[str, float] = {}
    for _ in range(ROUNDS):
        with started(tmp_path) as process, process.api() as api:
            token = api.headers["authorization"].split()[1]
            before = len(acknowledged)
            writers = [
                threading.Thread(
                    target=write_until_the_end, args=(process.url, token, acknowledged)
                )
                for _ in range(WRITERS)
            ]
            for writer in writers:
                writer.start()
            while len(acknowledged) < before + 20:
                writers[0].join(0.01)
            process.running.kill()
            for writer in writers:
                writer.join()
    with started(tmp_path) as process, process.api() as api:
        kept = {
            session["session_id"]: session["duration"]
            for page in api.walk(100)
            for session in page["sessions"]
        }
        total = api.page()["total_count"]
    lost = [one for one, duration in acknowledged.items() if kept.get(one, -1) < duration]
    assert [] == lost
    assert len(acknowledged) >= ROUNDS * 20
    assert total == len(kept)
