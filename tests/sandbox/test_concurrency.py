"""S12, S16, S17: many callers at once."""

from concurrent.futures import ThreadPoolExecutor

import httpx

from tests.sandbox.api import TRUST, Api

MEMBERS = (
    "transcribe_mode",
    "ehr_patient_id",
    "ehr_appt_id",
    "recording_status",
    "session_status",
    "created_time_local",
    "language_code",
    "output_language_code",
)


def test_s17_concurrent_updates_of_different_members_all_survive(api: Api) -> None:
    session_id = api.create()

    def update(member: str) -> list[str]:
        with httpx.Client(base_url=api.base_url, headers=api.headers, verify=TRUST) as client:
            return [
                client.patch(f"/sessions/{session_id}", json={member: f"en-x{number:03}"}).json()[
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

    with ThreadPoolExecutor(len(MEMBERS) + 2) as threads:
        times = [
            *threads.map(update, MEMBERS),
            *threads.map(rename, ("name", "demographic_details")),
        ]
    session = api.session(session_id)
    assert ["en-x024"] * len(MEMBERS) == [session[member] for member in MEMBERS]
    assert "name" == session["patient"]["name"]
    assert "demographic_details" == session["patient"]["demographic_details"]
    # S12: each of the accepted changes has a moment of its own.
    every = [time for some in times for time in some]
    assert len(MEMBERS) * 25 + 2 == len(set(every))
    assert max(every) == session["updated_at"]


def test_s16_concurrent_creates_are_all_counted_and_named_apart(api: Api) -> None:
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
