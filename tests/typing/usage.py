"""Ordinary use. Nothing runs here: mypy and pyright read it, both at their strictest."""

from __future__ import annotations

import os
from datetime import date
from typing import TYPE_CHECKING, Any, assert_type

import httpx
from heidi_sessions import (
    UNSET,
    APIStatusError,
    AsyncHeidi,
    AsyncSessionList,
    Gender,
    Heidi,
    NoLinkedUserError,
    Page,
    PatientFields,
    PatientUpdate,
    RateLimitError,
    RawResponse,
    Region,
    Session,
    SessionCreated,
    SessionList,
    SessionNotFoundError,
)
from heidi_sessions.testing import HeidiMock, Received, Sandbox, make_session

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator


def create_read_update() -> None:
    with Heidi(token="t", region="au", timeout=5, max_retries=0) as client:
        created = client.sessions.create(ehr_appointment_id="EHR1234")
        assert_type(created, SessionCreated)
        assert_type(created.session_id, str)
        session = client.sessions.get(created.session_id)
        assert_type(session, Session)
        assert_type(session.duration, float)
        assert_type(session.patient.name, str)
        assert_type(session.patient.dob, date | None)
        assert_type(session.created_at, str)
        assert_type(session.clinician_notes, list[str])
        assert_type(session.ehr_appt_id, str | None)
        assert_type(session.consult_note.feedback, Any)
        changed = client.sessions.update(
            created.session_id,
            duration=60,
            patient={"name": "A", "gender": "FEMALE", "dob": date(1990, 1, 1)},
            clinician_notes=["one", "two"],
            timeout=httpx.Timeout(5),
            deadline=None,
            extra_headers={"X-Clinic": "1"},
            extra_query={"dry_run": True},
            extra_body={"new": 1},
            is_consent=True if session.duration else UNSET,
        )
        assert_type(changed, Session)


def patients(client: Heidi) -> None:
    fields: PatientFields = {"gender": Gender.OTHER}
    fields["dob"] = "1990-01-31"
    client.sessions.update("1", patient=fields)
    client.sessions.update("1", patient=PatientUpdate(name="A", dob=date(1990, 1, 1)))
    client.sessions.update("1", patient={"name": "A" if fields else UNSET, "gender": UNSET})
    client.sessions.update("1", clinician_notes=("a", "tuple"))


def users(client: Heidi, other: AsyncHeidi) -> None:
    one = client.as_user(email="dr.a@clinic.test", third_party_internal_id="1")
    assert_type(one, Heidi)
    assert_type(other.as_user(email="dr.a@clinic.test", third_party_internal_id="1"), AsyncHeidi)


def count_up(seen: int, total: int) -> None:
    """Has no place for a list whose length the server does not say."""


def lists(client: Heidi) -> Iterator[str]:
    client.sessions.list(progress=count_up)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    sessions = client.sessions.list(page_size=50, max_items=10, progress=print)
    page = sessions.first_page()
    assert_type(page, Page[Session])
    assert_type(page.items[0], Session)
    assert_type(page.total_count, int)
    assert_type(sessions.next_page(page), Page[Session] | None)
    for page in sessions.pages():
        assert_type(page, Page[Session])
    for session in sessions:
        assert_type(session, Session)
        yield session.session_id


def options(client: Heidi) -> None:
    derived = client.with_options(timeout=httpx.Timeout(5), max_retries=0, retry_writes=True)
    assert_type(derived, Heidi)
    response = derived.sessions.with_raw_response.get("1")
    assert_type(response, RawResponse[Session])
    assert_type(response.parse(), Session)
    assert_type(response.status_code, int)
    assert_type(response.headers["x-request-id"], str)
    assert_type(response.retries_taken, int)
    page = client.sessions.with_raw_response.list(page_size=10, page="cursor")
    assert_type(page.parse(), Page[Session])


def errors(client: Heidi) -> float | None:
    try:
        client.sessions.get("1")
    except (SessionNotFoundError, NoLinkedUserError):
        return None
    except RateLimitError as error:
        return error.retry_after
    except APIStatusError as error:
        assert_type(error.status_code, int)
        assert_type(error.type, str | None)
        assert_type(error.request_id, str | None)
        if error.detail is not None:
            assert_type(error.detail.msg, str)
    return None


def clients() -> list[Heidi]:
    return [
        Heidi(),
        Heidi(api_key=os.environ.get("KEY"), email="e", third_party_internal_id="7"),
        Heidi(token_provider=lambda: "t", default_headers={"X-Clinic": "1"}),
        Heidi(token="t", http_client=httpx.Client(http2=True), strict_responses=True),
    ]


def annotations_can_be_written(region: Region, mock: HeidiMock, sandbox: Sandbox) -> None:
    with Heidi(token=sandbox.token(), base_url=sandbox.url) as client:
        sessions: SessionList = client.sessions.list()
        assert_type(sessions, SessionList)
    other: AsyncSessionList = AsyncHeidi(region=region).sessions.list()
    assert_type(other, AsyncSessionList)
    received: Received = mock.requests[0]
    assert_type(received.path, str)
    assert_type(make_session(duration=3), Session)


async def provide() -> str:
    return "t"


async def asynchronously() -> AsyncIterator[Session]:
    async with AsyncHeidi(token_provider=provide) as client:
        created = await client.sessions.create()
        assert_type(created.session_id, str)
        assert_type(await client.sessions.get(created.session_id), Session)
        assert_type(await client.sessions.update(created.session_id, duration=1.5), Session)
        raw = await client.with_options(timeout=1).sessions.with_raw_response.get("1")
        assert_type(raw.parse(), Session)
        assert_type(await client.sessions.list().first_page(), Page[Session])
        async for session in client.sessions.list(prefetch=True):
            assert_type(session, Session)
            yield session


def refused(client: Heidi) -> None:
    """Each line is an error of both checkers; mypy reports an ignore that it does not need."""
    client.sessions.update("1", duration="60")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    client.sessions.update("1", durations=60)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    client.sessions.update("1", patient={"nmae": "A"})  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    client.sessions.update("1", patient={"gender": "X"})  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    client.sessions.get(1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    client.sessions.list(page_size="1")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    client.sessions.list(page=None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
