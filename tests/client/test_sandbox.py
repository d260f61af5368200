"""Both clients against the running sandbox."""

from __future__ import annotations

import asyncio
import inspect
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from heidi_sandbox import serving
from heidi_sessions import (
    AsyncHeidi,
    AuthenticationError,
    Heidi,
    NoLinkedUserError,
    SessionNotFoundError,
    TokenError,
    UnprocessableEntityError,
)

from .harness import drain
from .test_calls import EVERY_FIELD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from heidi_sandbox import Sandbox


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with serving() as sandbox:
        yield sandbox


class Clinic:
    """One user of the sandbox, and one of the two clients for them."""

    def __init__(self, kind: str, sandbox: Sandbox, email: str) -> None:
        self.kind = kind
        self.options: dict[str, Any] = {
            "base_url": sandbox.url,
            "api_key": sandbox.api_key,
            "email": email,
            "third_party_internal_id": kind,
            "strict_responses": True,
        }

    def run(self, *actions: Callable[[Any], Any], **options: Any) -> Any:
        """Do one thing after the other with one client; return what the last one gives."""

        async def run() -> Any:
            given = self.options | options
            chosen = {name: value for name, value in given.items() if value is not None}
            client: Any = Heidi(**chosen) if self.kind == "sync" else AsyncHeidi(**chosen)
            try:
                result = None
                for action in actions:
                    result = action(client)
                    if inspect.isawaitable(result):
                        result = await result
                return result
            finally:
                closing = client.close()
                if inspect.isawaitable(closing):
                    await closing
                    await asyncio.sleep(0)

        return asyncio.run(run())


@pytest.fixture(params=["sync", "async"])
def clinic(request: pytest.FixtureRequest, sandbox: Sandbox) -> Clinic:
    return Clinic(request.param, sandbox, f"{request.node.name}@clinic.test")


def test_a_session_is_created_read_and_updated(clinic: Clinic) -> None:
    created = clinic.run(lambda c: c.sessions.create(ehr_appointment_id="EHR1234")).session_id
    found = clinic.run(lambda c: c.sessions.get(created))
    assert (created, "EHR1234", 0) == (found.session_id, found.ehr_appt_id, found.duration)
    patient = {"name": "John Doe", "gender": "OTHER", "dob": date(1990, 1, 1)}
    changed = clinic.run(lambda c: c.sessions.update(created, duration=60, patient=patient))
    assert (60, "John Doe", "OTHER", date(1990, 1, 1)) == (
        changed.duration,
        changed.patient.name,
        changed.patient.gender,
        changed.patient.dob,
    )
    assert changed == clinic.run(lambda c: c.sessions.get(created))


def test_every_field_of_an_update_is_accepted(clinic: Clinic) -> None:
    created = clinic.run(lambda c: c.sessions.create()).session_id
    changed = clinic.run(lambda c: c.sessions.update(created, **EVERY_FIELD))
    shown = changed.to_dict()
    for name in ("duration", "language_code", "output_language_code", "clinician_notes"):
        assert EVERY_FIELD[name] == shown[name]


def test_every_page_is_walked(clinic: Clinic) -> None:
    create = [lambda c: c.sessions.create()] * 7
    clinic.run(*create)
    sessions = clinic.run(lambda c: drain(c.sessions.list(page_size=3)))
    assert 7 == len({session.session_id for session in sessions})
    first = clinic.run(lambda c: c.sessions.list(page_size=3).first_page())
    assert (3, 3, 7, True) == (
        len(first.items),
        first.count,
        first.total_count,
        first.has_next_page,
    )
    assert 5 == len(clinic.run(lambda c: drain(c.sessions.list(page_size=2, max_items=5))))


def test_an_unknown_session_is_not_found(clinic: Clinic) -> None:
    for action in (lambda c: c.sessions.get("1"), lambda c: c.sessions.update("1", duration=1)):
        with pytest.raises(SessionNotFoundError) as caught:
            clinic.run(action)
        assert 404 == caught.value.status_code


def test_a_wrong_token_is_refused(clinic: Clinic) -> None:
    by_token = {"api_key": None, "email": None, "third_party_internal_id": None, "token": "wrong"}
    with pytest.raises(AuthenticationError) as caught:
        clinic.run(lambda c: c.sessions.get("1"), **by_token)
    assert (401, "AuthenticationError") == (caught.value.status_code, caught.value.type)


def test_a_wrong_key_gets_no_token(clinic: Clinic) -> None:
    with pytest.raises(TokenError) as caught:
        clinic.run(lambda c: c.sessions.get("1"), api_key="wrong")
    assert 401 == caught.value.status_code


def test_a_token_of_the_sandbox_works_without_a_key(clinic: Clinic, sandbox: Sandbox) -> None:
    token = sandbox.token(email="other@clinic.test", third_party_internal_id="9")
    by_token = {"api_key": None, "email": None, "third_party_internal_id": None, "token": token}
    created = clinic.run(lambda c: c.sessions.create(), **by_token)
    assert created.session_id


def test_a_user_who_is_not_linked_has_no_list(clinic: Clinic) -> None:
    with pytest.raises(NoLinkedUserError) as caught:
        clinic.run(lambda c: drain(c.sessions.list()), email="someone+unlinked@clinic.test")
    assert "NoLinkedUserException" == caught.value.type


def test_a_refusal_of_the_server_is_a_validation_error(clinic: Clinic) -> None:
    created = clinic.run(lambda c: c.sessions.create()).session_id
    with pytest.raises(UnprocessableEntityError):
        clinic.run(lambda c: c.sessions.update(created, duration=-1))
    with pytest.raises(UnprocessableEntityError):
        clinic.run(lambda c: drain(c.sessions.list(page_size=101)))


def test_an_expired_token_is_replaced_during_a_call(clinic: Clinic) -> None:
    with serving(token_lifetime=1) as short:
        short_lived = {"base_url": short.url, "api_key": short.api_key}
        clinic.run(
            lambda c: c.sessions.create(),
            lambda _: asyncio.sleep(1.2),
            lambda c: drain(c.sessions.list()),
            **short_lived,
        )
