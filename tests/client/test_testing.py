"""What users get for their own tests."""

from __future__ import annotations

import asyncio
import inspect
import re
import time
from datetime import date
from typing import TYPE_CHECKING, Any

import heidi_spec
import pytest
from heidi_generated import factories, metadata
from heidi_generated.models import SessionEnvelope
from heidi_sessions import (
    APIConnectionError,
    APIResponseValidationError,
    APIStatusError,
    APITimeoutError,
    ConfigurationError,
    Heidi,
    RateLimitError,
    SessionNotFoundError,
    UnprocessableEntityError,
    testing,
)
from heidi_sessions._http._mock import mock_client
from heidi_sessions.testing import (
    HeidiMock,
    Step,
    cut_off,
    fails,
    make_session,
    malformed,
    rate_limited,
    refused,
    slow,
    times_out,
    unavailable,
)
from heidi_sessions.testing._server import RefusalError, _check

if TYPE_CHECKING:
    from heidi_sessions.testing.plugin import Sandbox

pytest_plugins = ["pytester", "heidi_sessions.testing.plugin"]


def test_a_made_session_is_the_documents_own_sample() -> None:
    sample = heidi_spec.load("client")["components"]["examples"]["getSession.200"]["value"]
    assert sample["session"] == make_session().to_dict()
    assert SessionEnvelope.from_dict(sample).session == make_session()


def test_a_made_session_has_the_given_values() -> None:
    made = make_session(session_id="7", patient={"name": "A"}, duration=3)
    assert ("7", "A", None, 3) == (
        made.session_id,
        made.patient.name,
        made.patient.dob,
        made.duration,
    )
    assert "" == make_session().patient.name


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"duratoin": 3}, "Session has no duratoin; did you mean duration?"),
        ({"patient": {"nmae": "A"}}, "Session has no patient.nmae; did you mean patient.name?"),
        ({"consult_note": {"x": 1}}, "Session has no consult_note.x; did you mean consult_note."),
        ({"ehr_appointment_id": "E"}, "no ehr_appointment_id; did you mean ehr_appt_id?"),
    ],
)
def test_a_misspelt_property_of_a_made_session_is_an_error_that_names_the_closest(
    fields: dict[str, Any], message: str
) -> None:
    with pytest.raises(TypeError, match=re.escape(message)):
        make_session(**fields)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"duration": -1}, "Session: duration: "),
        ({"patient": {"gender": "X"}}, "Session: patient.gender: must be one of MALE, "),
    ],
)
def test_a_made_session_has_only_values_that_the_document_allows(
    fields: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(message)) as caught:
        make_session(**fields)
    assert str(caught.value).endswith("to try it, use Session.from_dict")


def test_a_made_session_takes_a_date_of_birth_as_a_date() -> None:
    born = date(1990, 1, 31)
    assert born == make_session(patient={"dob": born}).patient.dob
    assert born == make_session(patient={"dob": "1990-01-31"}).patient.dob


def test_the_mock_knows_the_four_calls(heidi_mock: HeidiMock) -> None:
    client = heidi_mock.client(strict_responses=True)
    created = client.sessions.create(ehr_appointment_id="E").session_id
    client.sessions.update(created, patient={"name": "A"})
    client.sessions.update(created, patient={"gender": "OTHER"}, duration=5)
    found = client.sessions.get(created)
    assert ("E", "A", "OTHER", 5) == (
        found.ehr_appt_id,
        found.patient.name,
        found.patient.gender,
        found.duration,
    )
    assert [created] == [session.session_id for session in client.sessions.list()]
    with pytest.raises(SessionNotFoundError):
        client.sessions.get("0")
    methods = [request.method for request in heidi_mock.requests]
    assert ["POST", "PATCH", "PATCH", "GET", "GET", "GET"] == methods


def test_the_mock_lists_in_pages(heidi_mock: HeidiMock) -> None:
    heidi_mock.add(*(make_session(session_id=str(number)) for number in range(25)))
    client = heidi_mock.client(strict_responses=True)
    newest_first = [str(number) for number in reversed(range(25))]
    assert newest_first == [session.session_id for session in client.sessions.list()]
    assert 3 == len(heidi_mock.requests)
    assert newest_first == [s.session_id for s in client.sessions.list(page_size=7)]


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"duration": -1}, "duration"),
        ({"language_code": "EN"}, "language_code"),
        ({"duration": "60"}, "duration"),
        ({"patient": {"dob": "1990-02-30"}}, "patient.dob"),
        ({"clinician_notes": [1]}, "clinician_notes[0]"),
        ({"patient": {"gender": "secret"}}, "patient.gender: must be one of MALE, FEMALE, OTHER"),
        ({"patient": {"gender": None}}, "patient.gender"),
    ],
)
def test_the_mock_refuses_what_the_strict_document_refuses(
    heidi_mock: HeidiMock, body: dict[str, Any], place: str
) -> None:
    heidi_mock.add(make_session(session_id="7"))
    url = "https://heidi.test/api/sessions/7"
    headers = {"Authorization": "Bearer mock"}

    with mock_client(heidi_mock._handle) as client:
        refused = client.patch(url, json=body, headers=headers)

    assert 422 == refused.status_code
    message = refused.json()["detail"]["msg"]
    assert message.startswith(place)
    assert "secret" not in message
    assert make_session(session_id="7") == heidi_mock.client().sessions.get("7")


@pytest.mark.parametrize("nullable", ["oneOf", "anyOf"])
def test_the_mock_names_all_values_of_an_enum_that_may_be_null(nullable: str) -> None:
    schema = {nullable: [{"type": "null"}, {"enum": ["a", "b", "c", "d", "e"]}]}
    with pytest.raises(RefusalError, match=r"^it\[0\]: must be one of a, b, c, d, e$"):
        _check(metadata.OPERATIONS[0], {"items": schema}, ["secret"], "it")


def test_the_mock_says_which_methods_a_path_has(heidi_mock: HeidiMock) -> None:
    with mock_client(heidi_mock._handle) as client:
        response = client.delete("https://heidi.test/api/sessions/7")
    assert (405, "GET, PATCH") == (response.status_code, response.headers["allow"])


def test_a_new_session_of_the_mock_is_in_its_initial_state(heidi_mock: HeidiMock) -> None:
    client = heidi_mock.client()
    made = [client.sessions.get(client.sessions.create().session_id) for _ in range(2)]
    assert ["Session 1", "Session 2"] == [session.session_name for session in made]
    assert [(0, "")] * 2 == [(session.duration, session.consult_note.result) for session in made]


@pytest.mark.parametrize(
    ("query", "field"), [({"page_size": 101}, "page_size"), ({"page": "x"}, "page")]
)
def test_the_mock_refuses_an_invalid_page(
    heidi_mock: HeidiMock, query: dict[str, Any], field: str
) -> None:
    with pytest.raises(UnprocessableEntityError) as caught:
        heidi_mock.client().sessions.with_raw_response.list(**query)
    assert caught.value.detail
    assert caught.value.detail.msg.startswith(f"{field}: ")


@pytest.mark.parametrize("method", ["client", "async_client"])
def test_a_client_of_the_mock_takes_no_http_client(heidi_mock: HeidiMock, method: str) -> None:
    with pytest.raises(TypeError, match="http_client: a mock has its own"):
        getattr(heidi_mock, method)(http_client=None)


def test_any_user_of_the_mock_is_its_one_user(heidi_mock: HeidiMock) -> None:
    heidi_mock.add(make_session(session_id="7"))
    heidi_mock.next(unavailable())
    client = heidi_mock.client()
    user = client.as_user(email="ann@clinic.example", third_party_internal_id="1")
    assert "7" == user.sessions.get("7").session_id
    assert 2 == len(heidi_mock.requests)
    with pytest.raises(ConfigurationError, match="email is missing"):
        client.as_user(email="", third_party_internal_id="1")


def test_any_user_of_the_mock_is_its_one_user_in_asyncio(heidi_mock: HeidiMock) -> None:
    client = heidi_mock.async_client()
    user = client.as_user(email="ann@clinic.example", third_party_internal_id="1")
    assert asyncio.run(user.sessions.create()).session_id


def test_a_token_that_a_test_gives_the_mock_is_for_one_user(heidi_mock: HeidiMock) -> None:
    with pytest.raises(ConfigurationError, match="a token is for one user"):
        heidi_mock.client(token="t").as_user(email="a", third_party_internal_id="1")


def test_a_key_that_a_test_gives_the_mock_asks_for_a_token_for_each_user(
    heidi_mock: HeidiMock,
) -> None:
    client = heidi_mock.client(api_key="k")
    for number in "1", "2", "1":
        client.as_user(email="a", third_party_internal_id=number).sessions.create()
    assert ["GET", "POST"] * 2 + ["POST"] == [request.method for request in heidi_mock.requests]


def test_a_token_that_the_mock_refuses_is_renewed(heidi_mock: HeidiMock) -> None:
    heidi_mock.add(make_session(session_id="7"))
    client = heidi_mock.client(api_key="k", email="a", third_party_internal_id="1")
    client.sessions.get("7")
    heidi_mock.next(fails(401))
    assert 1 == client.sessions.with_raw_response.get("7").retries_taken
    tokens = [request.headers.get("authorization") for request in heidi_mock.requests]
    assert [None, "Bearer mock-1", "Bearer mock-1", None, "Bearer mock-2"] == tokens


def test_the_mock_serves_the_async_client_too(heidi_mock: HeidiMock) -> None:
    heidi_mock.add(make_session(session_id="7"))
    heidi_mock.next(rate_limited())

    async def get() -> str:
        async with heidi_mock.async_client() as client:
            return (await client.sessions.get("7")).session_id

    assert "7" == asyncio.run(get())
    assert [1] == heidi_mock.waits


@pytest.mark.parametrize(("step", "name"), [(rate_limited, "rate_limited"), (429, "int")])
def test_the_mock_takes_outcomes_alone(heidi_mock: HeidiMock, step: Any, name: str) -> None:
    with pytest.raises(TypeError, match=f"{name} is not an outcome"):
        heidi_mock.next(step)


@pytest.mark.parametrize(
    ("step", "error"),
    [
        (rate_limited(7), RateLimitError),
        (unavailable(), APIStatusError),
        (fails(422, "ValidationError"), APIStatusError),
        (malformed(), APIResponseValidationError),
        (times_out(), APITimeoutError),
        (refused(), APIConnectionError),
        (cut_off(), APIConnectionError),
        (slow(30), APITimeoutError),
    ],
)
def test_the_mock_fails_once_on_request(
    heidi_mock: HeidiMock, step: Step, error: type[Exception]
) -> None:
    heidi_mock.add(make_session())
    client = heidi_mock.client(max_retries=0, timeout=10)
    heidi_mock.next(step)
    start = time.monotonic()
    with pytest.raises(error):
        client.sessions.get("1234567890")
    assert time.monotonic() - start < 5
    assert client.sessions.get("1234567890").session_id


def test_a_slow_response_reaches_a_patient_client(heidi_mock: HeidiMock) -> None:
    heidi_mock.add(make_session())
    heidi_mock.next(slow(30))
    assert heidi_mock.client(timeout=60).sessions.get("1234567890").session_id


def test_waits_between_attempts_take_no_time_and_are_recorded(heidi_mock: HeidiMock) -> None:
    heidi_mock.add(make_session())
    heidi_mock.next(rate_limited(50), unavailable(40))
    start = time.monotonic()
    heidi_mock.client().sessions.get("1234567890")
    assert time.monotonic() - start < 5
    assert [50, 40] == heidi_mock.waits


def test_the_sandbox_runs_in_this_process(heidi_sandbox: Sandbox) -> None:
    with Heidi(base_url=heidi_sandbox.url, token=heidi_sandbox.token()) as client:
        created = client.sessions.create().session_id
        assert created == client.sessions.get(created).session_id


@pytest.mark.slow
def test_the_plugin_works_in_another_project(pytester: pytest.Pytester) -> None:
    pytester.makeconftest('pytest_plugins = ["heidi_sessions.testing.plugin"]')
    pytester.makepyfile(
        """
        def test_mock(heidi_mock):
            assert heidi_mock.client().sessions.create().session_id

        def test_sandbox(heidi_sandbox):
            assert heidi_sandbox.url.startswith("http://127.0.0.1")
        """
    )
    pytester.runpytest_subprocess().assert_outcomes(passed=2)


def test_without_the_extra_the_sandbox_says_what_to_install(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(
        """
        import sys
        sys.modules["heidi_sandbox"] = None
        pytest_plugins = ["heidi_sessions.testing.plugin"]
        """
    )
    pytester.makepyfile("def test_sandbox(heidi_sandbox): pass")
    result = pytester.runpytest_inprocess()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*needs the extra heidi-sessions?sandbox?*"])


def test_the_names_for_tests_are_sorted_and_complete() -> None:
    public = {
        name
        for name, value in vars(testing).items()
        if not name.startswith("_") and not inspect.ismodule(value) and name != "annotations"
    }
    made = factories.__all__
    own = [name for name in testing.__all__ if name not in made]
    assert (sorted(made), sorted(own)) == (made, own)
    assert set(testing.__all__) == public


@pytest.mark.parametrize("name", testing.__all__)
def test_every_name_for_tests_is_documented(name: str) -> None:
    thing = getattr(testing, name)
    assert inspect.getdoc(thing)
    methods = inspect.getmembers(thing, inspect.isfunction) if inspect.isclass(thing) else []
    undocumented = [n for n, method in methods if n[0] != "_" and not inspect.getdoc(method)]
    assert [] == undocumented


@pytest.mark.parametrize(
    "credentials",
    [
        {"token_provider": lambda: "mine"},
        {"api_key": "k", "email": "a@example.com", "third_party_internal_id": "1"},
    ],
)
def test_a_client_of_the_mock_may_authenticate_in_every_way(
    heidi_mock: HeidiMock, credentials: dict[str, Any]
) -> None:
    heidi_mock.add(make_session(session_id="7"))
    with heidi_mock.client(**credentials) as client:
        assert "7" == client.sessions.get("7").session_id
