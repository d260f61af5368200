"""S12, S16, S17: many callers at once, and many processes on one PostgreSQL database.

HEIDI_CONCURRENT_UPDATES says how many updates two processes make at once.
"""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from scripts.bench.postgresql import Postgresql
from tests.sandbox.api import TRUST, Api
from tests.sandbox.process import started
from tests.sandbox.stores import with_store

UPDATES = int(os.environ.get("HEIDI_CONCURRENT_UPDATES", "160"))

PROPERTIES = (
    "transcribe_mode",
    "ehr_patient_id",
    "ehr_appt_id",
    "recording_status",
    "session_status",
    "created_time_local",
    "language_code",
    "output_language_code",
)


def test_s17_concurrent_updates_of_different_properties_all_survive(api: Api) -> None:
    session_id = api.create()

    def update(key: str) -> list[str]:
        with httpx.Client(base_url=api.base_url, headers=api.headers, verify=TRUST) as client:
            return [
                client.patch(f"/sessions/{session_id}", json={key: f"en-x{number:03}"}).json()[
                    "session"
                ]["updated_at"]
                for number in range(25)
            ]

    def rename(name: str) -> list[str]:
        with httpx.Client(base_url=api.base_url, headers=api.headers, verify=TRUST) as client:
            body = {"patient": {name: name}}
            return [
                client.patch(f"/sessions/{session_id}", json=body).json()["session"]["updated_at"]
            ]

    with ThreadPoolExecutor(len(PROPERTIES) + 2) as threads:
        times = [
            *threads.map(update, PROPERTIES),
            *threads.map(rename, ("name", "demographic_details")),
        ]
    session = api.session(session_id)
    assert ["en-x024"] * len(PROPERTIES) == [session[key] for key in PROPERTIES]
    assert "name" == session["patient"]["name"]
    assert "demographic_details" == session["patient"]["demographic_details"]
    # S12: each of the accepted changes has its own instant.
    every = [time for some in times for time in some]
    assert len(PROPERTIES) * 25 + 2 == len(set(every))
    assert max(every) == session["updated_at"]


def test_s16_concurrent_creates_are_all_counted_and_have_different_names(api: Api) -> None:
    def create(_: int) -> list[str]:
        with httpx.Client(base_url=api.base_url, headers=api.headers, verify=TRUST) as client:
            return [client.post("/sessions").json()["session_id"] for _ in range(10)]

    with ThreadPoolExecutor(8) as threads:
        created = [one for some in threads.map(create, range(8)) for one in some]
    sessions = [session for page in api.walk(33) for session in page["sessions"]]
    assert sorted(created) == sorted(session["session_id"] for session in sessions)
    assert [f"Session {number}" for number in range(80, 0, -1)] == [
        session["session_name"] for session in sessions
    ]
    assert 80 == api.page()["total_count"]


def test_two_processes_that_start_together_on_an_empty_database_share_it(
    tmp_path: Path, postgresql: Postgresql
) -> None:
    with postgresql.database() as url, ExitStack() as running:
        # Each waits for its greeting, so they start in threads to start together.
        with ThreadPoolExecutor(2) as threads:
            one, other = threads.map(
                lambda _: running.enter_context(started(tmp_path, "--database-url", url)), range(2)
            )
        assert one.api_key == other.api_key
        with one.api() as mine, Api(other.url, mine.headers["authorization"].split()[1]) as same:
            created = [mine.create(), same.create()]
            page = mine.page(page_size=1)
            rest = same.page(page_size=1, page=page["next_page"])
            listed = [session["session_id"] for session in page["sessions"] + rest["sessions"]]
            assert created[::-1] == listed
            assert "Session 2" == mine.session(created[1])["session_name"]
        assert [(0, "", "")] * 2 == [process.stop() for process in (one, other)]


@pytest.mark.slow
def test_s17_two_processes_lose_no_update_of_one_session(
    tmp_path: Path, postgresql: Postgresql
) -> None:
    each = UPDATES // len(PROPERTIES)
    with postgresql.database() as url, ExitStack() as running:
        processes = [
            running.enter_context(started(tmp_path, "--database-url", url)) for _ in range(2)
        ]
        api = running.enter_context(processes[0].api())
        session_id = api.create()

        def update(numbered: tuple[int, str]) -> list[str]:
            index, key = numbered
            token = api.headers["authorization"].split()[1]
            with Api(processes[index % 2].url, token) as client:
                return [
                    client.update(session_id, {key: f"en-x{number:05}"})["updated_at"]
                    for number in range(each)
                ]

        with ThreadPoolExecutor(len(PROPERTIES)) as threads:
            times = [time for some in threads.map(update, enumerate(PROPERTIES)) for time in some]
        session = api.session(session_id)
        assert [f"en-x{each - 1:05}"] * len(PROPERTIES) == [session[key] for key in PROPERTIES]
        assert len(PROPERTIES) * each == len(set(times))
        assert max(times) == session["updated_at"]
        assert [(0, "", "")] * 2 == [process.stop() for process in processes]


INCREMENT = """
import asyncio, sys
from heidi_sandbox import open_store

async def main(url, times):
    store = await open_store(url)
    await asyncio.gather(*(
        store.update("ann", "1", lambda old: b"%d" % (int(old) + 1)) for _ in range(times)))
    await asyncio.gather(*(
        store.create("ann", f"{sys.argv[3]} {n}", lambda number: b"%d" % number)
        for n in range(times)))
    await store.close()

asyncio.run(main(sys.argv[1], int(sys.argv[2])))
"""


def test_two_processes_lose_no_increment_and_number_sessions_without_a_gap(
    postgresql: Postgresql,
) -> None:
    with postgresql.database() as url:
        with_store(url, lambda store: store.create("ann", "1", lambda _: b"0"))
        running = [
            subprocess.Popen(
                [sys.executable, "-W", "error", "-c", INCREMENT, url, str(UPDATES), name]
            )
            for name in ("one", "other")
        ]
        assert [0, 0] == [process.wait(60) for process in running]
        assert b"%d" % (2 * UPDATES) == with_store(url, lambda store: store.get("ann", "1"))
        page = with_store(url, lambda store: store.page("ann", None, 3 * UPDATES))
    assert 2 * UPDATES + 1 == page.total
    expected = [b"%d" % number for number in range(2 * UPDATES + 1, 1, -1)]
    assert expected == list(page.documents[:-1])
