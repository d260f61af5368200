from __future__ import annotations

import inspect
import json
import traceback
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import heidi_spec
import httpx
import pytest
from heidi_generated.models import PatientUpdate, SessionCreate, SessionUpdate
from heidi_sessions import (
    UNSET,
    APIResponseValidationError,
    AsyncHeidi,
    ConfigurationError,
    Gender,
    Heidi,
    PatientFields,
    RawResponse,
    Session,
)

from .harness import BASE_URL, Driver, Script, drain, envelope, page, session

if TYPE_CHECKING:
    from collections.abc import Callable

CREATED = httpx.Response(200, json={"session_id": "9"})

OPTIONS = {"extra_headers", "extra_query", "extra_body", "timeout", "deadline"}
EVERY_FIELD: dict[str, Any] = {
    "duration": 60.5,
    "language_code": "en",
    "output_language_code": "es",
    "transcribe_mode": "X",
    "patient": {
        "name": "John Doe",
        "gender": "OTHER",
        "dob": date(1990, 1, 1),
        "demographic_details": "none",
    },
    "clinician_notes": ["one", "two"],
    "ehr_patient_id": "p",
    "ehr_appt_id": "a",
    "generate_output_without_recording": False,
    "recording_status": "R",
    "session_status": "S",
    "is_consent": True,
    "created_time_local": "now",
    "linked_sessions_for_context": ["1"],
}


def schema(name: str) -> Any:
    return heidi_spec.load("client")["components"]["schemas"][name]["properties"]


def keywords(method: Callable[..., object]) -> set[str]:
    parameters = inspect.signature(method).parameters.values()
    return {p.name for p in parameters if p.kind is inspect.Parameter.KEYWORD_ONLY}


def test_create_sends_what_is_given_and_returns_the_id(driver: Callable[..., Driver]) -> None:
    script = Script(CREATED)
    created = driver(script).run(
        lambda c: c.sessions.create(patient_profile_id="p", ehr_appointment_id="EHR1234")
    )
    assert "9" == created.session_id
    (request,) = script.requests
    assert ("POST", f"{BASE_URL}/sessions") == (request.method, str(request.url))
    assert [{"patient_profile_id": "p", "ehr_appointment_id": "EHR1234"}] == script.bodies
    assert "application/json" == request.headers["content-type"]
    assert "Bearer t0ken" == request.headers["authorization"]


def test_create_sends_nothing_that_is_left_out(driver: Callable[..., Driver]) -> None:
    script = Script(CREATED)
    driver(script).run(lambda c: c.sessions.create(ehr_appointment_id=UNSET))
    assert [{}] == script.bodies


def test_get_returns_the_session_itself(driver: Callable[..., Driver]) -> None:
    script = Script(envelope("7", duration=3))
    found = driver(script).run(lambda c: c.sessions.get("7"))
    assert isinstance(found, Session)
    assert ("7", 3) == (found.session_id, found.duration)
    assert f"{BASE_URL}/sessions/7" == str(script.requests[0].url)
    assert b"" == script.requests[0].content


def test_update_sends_every_field_and_returns_the_session(driver: Callable[..., Driver]) -> None:
    script = Script(envelope("7"))
    changed = driver(script).run(lambda c: c.sessions.update("7", **EVERY_FIELD))
    assert "7" == changed.session_id
    expected = EVERY_FIELD | {"patient": EVERY_FIELD["patient"] | {"dob": "1990-01-01"}}
    assert [expected] == script.bodies
    assert ("PATCH", "/api/sessions/7") == (script.requests[0].method, script.requests[0].url.path)


@pytest.mark.parametrize("field", EVERY_FIELD)
def test_update_sends_a_single_field(field: str) -> None:
    script = Script(envelope())
    Driver("sync", script).run(lambda c: c.sessions.update("1", **{field: EVERY_FIELD[field]}))
    assert [[field]] == [list(body) for body in script.bodies]


def test_false_and_empty_values_are_sent() -> None:
    script = Script(envelope())
    falsy = {
        "duration": 0,
        "is_consent": False,
        "clinician_notes": [],
        "ehr_appt_id": "",
        "patient": {},
    }
    Driver("sync", script).run(lambda c: c.sessions.update("1", **falsy))
    assert [falsy] == script.bodies


@pytest.mark.parametrize("client", [Heidi(token="t"), AsyncHeidi(token="t")])
@pytest.mark.parametrize("view", ["sessions", "sessions.with_raw_response"])
def test_update_and_create_have_a_keyword_for_each_property_of_the_document(
    client: object, view: str
) -> None:
    sessions: Any = client
    for name in view.split("."):
        sessions = getattr(sessions, name)
    assert set(schema("SessionUpdate")) == keywords(sessions.update) - OPTIONS == set(EVERY_FIELD)
    assert set(schema("SessionCreate")) == keywords(sessions.create) - OPTIONS


def test_the_patient_dict_has_a_key_for_each_property_of_the_document() -> None:
    assert set(schema("PatientUpdate")) == set(PatientFields.__annotations__)


@pytest.mark.parametrize(
    ("model", "name"),
    [
        (SessionUpdate, "SessionUpdate"),
        (SessionCreate, "SessionCreate"),
        (PatientUpdate, "PatientUpdate"),
    ],
)
def test_request_models_have_no_property_that_the_document_lacks(model: Any, name: str) -> None:
    known = {parameter for parameter in inspect.signature(model).parameters if parameter[0] != "_"}
    assert set(schema(name)) == known - {"additional_properties"}


def test_a_patient_can_be_a_model() -> None:
    script = Script(envelope())
    patient = PatientUpdate(name="A", gender=Gender.FEMALE, dob=date(1990, 1, 1))
    Driver("sync", script).run(lambda c: c.sessions.update("1", patient=patient))
    expected = {"patient": {"name": "A", "gender": "FEMALE", "dob": "1990-01-01"}}
    assert [expected] == script.bodies


@pytest.mark.parametrize("dob", [date(1990, 1, 31), "1990-01-31"])
@pytest.mark.parametrize("gender", [Gender.MALE, "MALE"])
def test_a_patient_dict_takes_strings_and_their_types(dob: Any, gender: Any) -> None:
    script = Script(envelope())
    Driver("sync", script).run(
        lambda c: c.sessions.update("1", patient={"dob": dob, "gender": gender})
    )
    assert [{"patient": {"dob": "1990-01-31", "gender": "MALE"}}] == script.bodies


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"patient": {"dbo": date(1990, 1, 1)}}, "'dbo'"),
        ({"patient": {"dob": "31/01/1990"}}, "patient.dob"),
        ({"patient": {"dob": "1990-02-30"}}, "patient.dob"),
        ({"patient": {"dob": datetime(1990, 1, 1, 12)}}, "patient.dob"),  # noqa: DTZ001
        ({"patient": {"gender": "secret"}}, "patient.gender"),
        ({"patient": ["secret"]}, "patient"),
        ({"patient": {1: "secret"}}, "patient must have strings as keys: name, gender, dob"),
        ({"patient": {1: "secret", "a": "secret"}}, "patient must have strings as keys"),
        ({"patient": {"gender": ["secret"]}}, "patient.gender must be one of MALE, FEMALE, OTHER"),
        ({"patient": {"gender": None}}, "patient.gender must be one of .*, not None; leave it out"),
        (
            {"patient": {"name": None, "demographic_details": "secret"}},
            "patient.name must be a string, not None",
        ),
        ({"patient": {"name": {"secret"}}}, "patient.name must be a string"),
        (
            {"clinician_notes": "secret"},
            "clinician_notes must be a list, each item a string, not one",
        ),
        ({"clinician_notes": ["secret", None]}, r"clinician_notes\[1\] must be a string"),
        ({"clinician_notes": 1}, "clinician_notes must be a list"),
        ({"linked_sessions_for_context": "secret"}, "linked_sessions_for_context"),
        ({"duration": float("nan")}, "duration must be a finite number"),
        ({"duration": float("inf")}, "duration must be a finite number"),
        ({"duration": object()}, "duration must be a number"),
        ({"unheard_of": 1}, "unheard_of"),
    ],
)
def test_an_invalid_argument_is_refused_by_name_before_anything_is_sent(
    driver: Callable[..., Driver], fields: dict[str, Any], named: str
) -> None:
    script = Script(envelope())
    with pytest.raises((TypeError, ValueError), match=named) as caught:
        driver(script).run(lambda c: c.sessions.update("1", **fields))
    assert "secret" not in str(caught.value)
    assert [] == script.requests


@pytest.mark.parametrize("session_id", ["", ".", ".."])
def test_an_id_that_would_leave_its_path_is_refused(
    driver: Callable[..., Driver], session_id: str
) -> None:
    script = Script(envelope())
    with pytest.raises(ValueError, match="session_id"):
        driver(script).run(lambda c: c.sessions.get(session_id))
    assert [] == script.requests


@pytest.mark.parametrize("session_id", ["a/b", "../x", "a?b=c", "a#b", "ü", "%2e%2e", "a b"])
def test_an_id_stays_in_its_own_segment_of_the_path(session_id: str) -> None:
    script = Script(envelope())
    Driver("sync", script).run(lambda c: c.sessions.get(session_id))
    path, _, query = script.requests[0].url.raw_path.partition(b"?")
    assert (3, b"") == (path.count(b"/"), query)
    assert f"/api/sessions/{session_id}" == script.requests[0].url.path


def test_the_raw_response_has_status_headers_and_the_parsed_body(
    driver: Callable[..., Driver],
) -> None:
    response = envelope("7")
    response.headers["X-Request-Id"] = "r-1"
    raw = driver(Script(response)).run(lambda c: c.sessions.with_raw_response.get("7"))
    assert isinstance(raw, RawResponse)
    assert (200, "r-1", 0) == (raw.status_code, raw.headers["X-REQUEST-ID"], raw.retries_taken)
    assert "r-1" == raw.request_id
    assert "7" == raw.parse().session_id
    assert session("7") == json.loads(raw.content)["session"]


def test_every_call_has_a_raw_form(driver: Callable[..., Driver]) -> None:
    drive = driver(Script(CREATED, envelope(), page(["1"], 1, None)))
    raw = [
        drive.run(lambda c: c.sessions.with_raw_response.create()).parse().session_id,
        drive.run(lambda c: c.sessions.with_raw_response.update("1", duration=1)).parse().duration,
        drive.run(lambda c: c.sessions.with_raw_response.list(page_size=1, page=2)).parse().count,
    ]
    assert ["9", 16, 1] == raw


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (b"", "$"),
        (b"<html>Sign in</html>", "$"),
        (b'{"session": ', "$"),
        (b"\xff\xfe", "$"),
        (b"[" * 100_000, "$"),
        (b"NaN", "$"),
        (b"[]", "$.session"),
        (b"{}", "$.session"),
        (b'{"session": null}', "$.session"),
        (b'{"session": ["x"]}', "$.session"),
    ],
)
def test_a_response_that_holds_no_session_is_an_error_that_keeps_the_status(
    driver: Callable[..., Driver], body: bytes, path: str
) -> None:
    script = Script(httpx.Response(203, content=body, headers={"x-request-id": "r-1"}))
    with pytest.raises(APIResponseValidationError, match=r" \(request id r-1\)") as caught:
        driver(script).run(lambda c: c.sessions.get("1"))
    assert (203, "getSession", "r-1", path) == (
        caught.value.status_code,
        caught.value.operation,
        caught.value.request_id,
        caught.value.path,
    )
    assert body == caught.value.body


def test_a_created_session_without_an_id_is_an_error() -> None:
    with pytest.raises(APIResponseValidationError, match=r"\$.session_id$"):
        Driver("sync", Script(httpx.Response(200, json={}))).run(lambda c: c.sessions.create())


def test_a_page_without_sessions_is_an_error() -> None:
    drive = Driver("sync", Script(httpx.Response(200, json={"count": 1})))
    with pytest.raises(APIResponseValidationError, match=r"\$.sessions$"):
        drive.run(lambda c: c.sessions.list().first_page())


def test_responses_are_read_leniently_unless_strictness_is_asked_for(
    driver: Callable[..., Driver],
) -> None:
    drive = driver(Script(envelope("1", duration="sixty", new_property=1)))
    assert None is drive.run(lambda c: c.sessions.get("1")).duration
    with pytest.raises(APIResponseValidationError, match=r"\$.session.duration$") as caught:
        drive.run(lambda c: c.sessions.get("1"), strict_responses=True)
    assert "sixty" not in str(caught.value)


def test_a_derived_client_shares_the_connections_and_does_not_change_the_first() -> None:
    script = Script(envelope())
    with httpx.Client(transport=httpx.MockTransport(script)) as own:
        client = Heidi(token="t", base_url=BASE_URL, http_client=own)
        derived = client.with_options(max_retries=0, timeout=5, strict_responses=True)
        derived.sessions.get("1")
        client.sessions.get("1")
    assert client._engine.pool is derived._engine.pool
    assert (2, 0) == (client._engine.settings.max_retries, derived._engine.settings.max_retries)


@pytest.mark.parametrize("kind", [Heidi, AsyncHeidi])
def test_a_derived_client_has_the_same_class_and_attributes(kind: Any) -> None:
    class Clinic(kind):  # type: ignore[misc]  # one of two, known when it runs
        clinic = ""

    client = Clinic(token="t")
    client.clinic = "north"
    derived = client.with_options(timeout=1)
    assert (Clinic, "north") == (type(derived), derived.clinic)


def test_methods_have_their_own_signature_and_docstring() -> None:
    client = Heidi(token="t")
    assert "session_id" in inspect.signature(client.sessions.get).parameters
    assert "Session" == inspect.signature(client.sessions.get).return_annotation
    raw = inspect.signature(client.sessions.with_raw_response.get)
    assert "RawResponse[Session]" == raw.return_annotation
    assert "Spec: getSession" in (client.sessions.get.__doc__ or "")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"ehr_patient_id": None}, "ehr_patient_id must be a string, not None; leave it out"),
        ({"clinician_notes": None}, "clinician_notes must be a list, .*, not None; leave it out"),
        ({"duration": Decimal("1.5")}, "duration must be a number"),
        ({"is_consent": 1}, "is_consent must be a boolean"),
    ],
)
def test_a_value_that_cannot_be_sent_names_its_property(
    fields: dict[str, Any], message: str
) -> None:
    with Heidi(token="t", base_url=BASE_URL) as client, pytest.raises(TypeError, match=message):
        client.sessions.update("1", **fields)


def test_an_id_that_is_a_number_is_refused_by_name() -> None:
    number: Any = 123
    with (
        Heidi(token="t", base_url=BASE_URL) as client,
        pytest.raises(TypeError, match="session_id must be a string"),
    ):
        client.sessions.get(number)


def test_a_call_can_have_its_own_headers_query_body_and_timeout(
    driver: Callable[..., Driver],
) -> None:
    script = Script(envelope())
    drive = driver(script)
    client = drive.client(default_headers={"X-One": "1"}, timeout=9)
    own: dict[str, Any] = {
        "extra_headers": {"X-Two": "2"},
        "extra_query": {"fields": ["a", "b"], "flag": True},
        "extra_body": {"new": date(2024, 1, 31)},
        "timeout": 5,
    }
    drive.wait(lambda: client.sessions.update("1", duration=1, **own))
    drive.wait(lambda: client.sessions.update("1", duration=1))
    first, second = script.requests
    assert ("1", "2") == (first.headers["x-one"], first.headers["x-two"])
    assert [("fields", "a"), ("fields", "b"), ("flag", "true")] == first.url.params.multi_items()
    assert [{"duration": 1, "new": "2024-01-31"}, {"duration": 1}] == script.bodies
    assert [5, 9] == [each.extensions["timeout"]["read"] for each in script.requests]
    assert "x-two" not in second.headers


def test_a_list_sends_its_own_options_with_every_page(
    driver: Callable[..., Driver],
) -> None:
    script = Script(page(["1"], 2, "next"), page(["2"], 2, None))
    own: dict[str, Any] = {"extra_headers": {"X-Two": "2"}, "extra_query": {"q": "x"}}
    driver(script).collect(lambda c: c.sessions.list(**own))
    assert ["2", "2"] == [each.headers["x-two"] for each in script.requests]
    assert ["x", "x"] == [each.url.params["q"] for each in script.requests]


@pytest.mark.parametrize(
    ("own", "error", "message"),
    [
        (
            {"extra_headers": {"Authorization": "s3cret"}},
            ConfigurationError,
            "extra_headers must not",
        ),
        ({"extra_headers": {"x": "s3cret\n"}}, ConfigurationError, "extra_headers holds"),
        ({"extra_headers": "s3cret"}, ConfigurationError, "extra_headers must be a mapping"),
        ({"timeout": 0}, ConfigurationError, "timeout must be more"),
        ({"deadline": -1}, ConfigurationError, "deadline must be more"),
        ({"extra_query": ["s3cret"]}, TypeError, "extra_query must be a dict"),
        ({"extra_query": {"q": {"k": {"s3cret"}}}}, TypeError, "extra_query.q.k must be JSON"),
        ({"extra_body": "s3cret"}, TypeError, "extra_body must be a dict"),
    ],
)
def test_the_options_of_a_call_are_checked_before_anything_is_sent(
    own: dict[str, Any], error: type[Exception], message: str
) -> None:
    script = Script(envelope())
    with pytest.raises(error, match=f"^{message}") as caught:
        Driver("sync", script).run(lambda c: c.sessions.update("1", **own))
    assert [] == script.requests
    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    frames = [each for each in shown.stack if "/tests/" not in each.filename]
    assert "s3cret" not in "".join(repr(each.locals) for each in frames)


def test_a_result_and_a_page_have_the_request_id(driver: Callable[..., Driver]) -> None:
    known = envelope()
    known.headers["x-request-id"] = "r-7"
    result = driver(Script(known)).run(lambda c: c.sessions.get("1"))
    assert ("r-7", None) == (result._request_id, result.patient._request_id)
    assert result == driver(Script(envelope())).run(lambda c: c.sessions.get("1"))
    listed = page(["1"], 1, None)
    listed.headers["request-id"] = "r-8"
    assert "r-8" == driver(Script(listed)).run(lambda c: c.sessions.list().first_page())._request_id


def test_a_raw_response_is_json_and_says_how_long_it_took(driver: Callable[..., Driver]) -> None:
    raw = driver(Script(envelope("7"))).run(lambda c: c.sessions.with_raw_response.get("7"))
    assert session("7") == raw.json()["session"]
    assert 0 < raw.elapsed.total_seconds() < 30
    html = httpx.Response(200, content=b"<html>")
    other = driver(Script(html)).run(lambda c: c.sessions.with_raw_response.get("7"))
    with pytest.raises(APIResponseValidationError):
        other.json()


def test_a_model_is_written_as_json() -> None:
    found = Driver("sync", Script(envelope("7"))).run(lambda c: c.sessions.get("7"))
    assert found.to_dict() == json.loads(found.to_json(indent=2))
    found.additional_properties["x"] = float("inf")
    with pytest.raises(ValueError, match="not JSON compliant"):
        found.to_json()


@pytest.mark.parametrize(
    "number", ["123456789012345678901234567890", "-18446744073709551617", "0.1"]
)
def test_a_number_keeps_all_its_digits(driver: Callable[..., Driver], number: str) -> None:
    body = json.dumps({"session": session("7", x=[{"y": 0}])}).replace('"y": 0', f'"y": {number}')
    found = driver(Script(httpx.Response(200, text=body))).run(lambda c: c.sessions.get("7"))
    assert f'[{{"y": {number}}}]' == json.dumps(found.additional_properties["x"])


@pytest.mark.parametrize("number", ["1e400", "-1e400", "NaN", "Infinity"])
def test_a_number_that_no_float_can_hold_is_refused(
    driver: Callable[..., Driver], number: str
) -> None:
    body = json.dumps({"session": session("7", x=0)}).replace('"x": 0', f'"x": {number}')
    with pytest.raises(APIResponseValidationError):
        driver(Script(httpx.Response(200, text=body))).run(lambda c: c.sessions.get("7"))


def test_a_string_that_utf_8_cannot_encode_is_refused_by_name(
    driver: Callable[..., Driver],
) -> None:
    script = Script(page([], 0, None))
    with pytest.raises(ValueError, match=r"^x must not hold half a surrogate pair$"):
        driver(script).run(lambda c: drain(c.sessions.list(extra_query={"x": "\udcff"})))
    assert [] == script.requests
