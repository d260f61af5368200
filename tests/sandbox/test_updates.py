"""S6, S8 to S14 and S20: updates and their responses."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import heidi_spec
import pytest
from heidi_sandbox._document import load_document
from heidi_sandbox._resources import Resource
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.sandbox.api import Api, error_of, message_of

INVALID = (422, "InvalidRequestError")
EVERYTHING: dict[str, Any] = {
    "duration": 61.5,
    "language_code": "es-419",
    "output_language_code": "de",
    "transcribe_mode": "live",
    "patient": {
        "name": "John Doe",
        "gender": "MALE",
        "dob": "1990-01-01",
        "demographic_details": "left-handed",
    },
    "clinician_notes": ["Note 2", "Note 1", "Note 2"],
    "ehr_patient_id": "P1",
    "ehr_appt_id": "A1",
    "generate_output_without_recording": True,
    "recording_status": "done",
    "session_status": "open",
    "is_consent": True,
    "created_time_local": "yesterday, at noon",
    "linked_sessions_for_context": ["2", "1"],
}
EMPTY: dict[str, Any] = {
    "duration": 0,
    "transcribe_mode": "",
    "patient": {"name": "", "demographic_details": ""},
    "clinician_notes": [],
    "ehr_patient_id": "",
    "ehr_appt_id": "",
    "generate_output_without_recording": False,
    "is_consent": False,
    "linked_sessions_for_context": [],
}
WRONG: list[tuple[str, object]] = [
    ("duration", "60"),
    ("duration", True),
    ("duration", None),
    ("duration", -1),
    ("duration", -0.001),
    ("language_code", "EN"),
    ("language_code", "e"),
    ("language_code", "en\n"),
    ("language_code", "en_US"),
    ("language_code", "en-"),
    ("language_code", "éñ"),
    ("output_language_code", ""),
    ("output_language_code", 1),
    ("transcribe_mode", 1),
    ("patient", None),
    ("patient", []),
    ("patient", "John"),
    ("patient.name", 1),
    ("patient.name", None),
    ("patient.gender", "male"),
    ("patient.gender", ""),
    ("patient.gender", None),
    ("patient.dob", "1990-02-30"),
    ("patient.dob", "1900-02-29"),
    ("patient.dob", "0000-01-01"),
    ("patient.dob", "19900101"),
    ("patient.dob", "1990-1-1"),
    ("patient.dob", "1990-W01-1"),
    ("patient.dob", "1990-01-01\n"),
    ("patient.dob", "\u0661\u0669\u0669\u0660-01-01"),
    ("patient.dob", ""),
    ("patient.dob", None),
    ("patient.demographic_details", {}),
    ("clinician_notes", "Note"),
    ("clinician_notes[1]", ["Note", 1]),
    ("clinician_notes[0]", [None]),
    ("clinician_notes", {"0": "Note"}),
    ("ehr_patient_id", 7),
    ("ehr_appt_id", None),
    ("generate_output_without_recording", "true"),
    ("generate_output_without_recording", 1),
    ("is_consent", 0),
    ("is_consent", "false"),
    ("created_time_local", 1700000000),
    ("linked_sessions_for_context", [1]),
]


def body_of(place: str, value: object) -> dict[str, object]:
    outer, _, inner = place.partition("[")[0].partition(".")
    return {outer: {inner: value}} if inner else {outer: value}


@pytest.mark.parametrize(("place", "value"), WRONG)
def test_s5_s8_s9_a_value_of_the_wrong_shape_is_422_and_s6_changes_nothing(
    api: Api, place: str, value: object
) -> None:
    session_id = api.create()
    before = api.update(session_id, EVERYTHING)
    body = {"session_status": "changed", **body_of(place, value)}
    response = api.patch(f"/sessions/{session_id}", json=body)
    assert INVALID == error_of(response)
    assert message_of(response).startswith(place.partition("[")[0])
    assert before == api.session(session_id)


def test_half_a_million_errors_are_returned_as_fast_as_one(api: Api) -> None:
    body = '{"clinician_notes": [' + "1," * 500_000 + "1]}"
    response = api.patch_raw(api.create(), body)
    assert INVALID == error_of(response)
    assert response.elapsed < timedelta(seconds=3)


@pytest.mark.parametrize("code", ["en", "es", "yue", "zh-Hant-TW", "es-419", "sl-rozaj-biske"])
def test_s8_a_language_code_comes_back_as_sent(api: Api, code: str) -> None:
    session = api.update(api.create(), {"language_code": code, "output_language_code": code})
    assert (code, code) == (session["language_code"], session["output_language_code"])


def test_s8_the_29th_of_february_exists_in_leap_years(api: Api) -> None:
    assert (
        "2024-02-29"
        == api.update(api.create(), {"patient": {"dob": "2024-02-29"}})["patient"]["dob"]
    )


def test_s10_unknown_and_read_only_properties_are_neither_stored_nor_returned(api: Api) -> None:
    session_id = api.create({"session_id": "1", "session_name": "mine", "extra": 1})
    before = api.session(session_id)
    after = api.update(
        session_id,
        {
            "session_id": "1",
            "session_name": "mine",
            "audio": ["x"],
            "consult_note": {"result": "mine"},
            "created_at": "2000-01-01T00:00:00",
            "updated_at": "2000-01-01T00:00:00",
            "documents": [],
            "ehr_provider": "mine",
            "ehr_appointment_id": "mine",
            "patient_profile_id": "mine",
            "extra": {"deep": [1, 10**400]},
            "patient": {"extra": 1, "age": 7},
        },
    )
    assert before == after
    assert before == api.session(session_id)
    assert "extra" not in before


def test_s10_an_ignored_property_does_not_prevent_others_from_being_set(api: Api) -> None:
    session = api.update(
        api.create(), {"extra": 1, "patient": {"name": "J", "extra": 1}, "duration": 3}
    )
    assert 3 == session["duration"]
    assert {"name": "J", "gender": None, "dob": None} == session["patient"]


def test_s11_everything_sent_shows_in_the_response_in_get_and_in_the_list(api: Api) -> None:
    session_id = api.create()
    updated = api.update(session_id, EVERYTHING)
    assert EVERYTHING == {name: updated[name] for name in EVERYTHING}
    assert updated == api.session(session_id)
    assert [updated] == api.page()["sessions"]


def test_s11_empty_and_false_values_count_as_sent(api: Api) -> None:
    session_id = api.create()
    api.update(session_id, EVERYTHING)
    updated = api.update(session_id, EMPTY)
    patient = {**EVERYTHING["patient"], **EMPTY["patient"]}
    assert {**EMPTY, "patient": patient} == {name: updated[name] for name in EMPTY}
    assert updated == api.session(session_id)


@pytest.mark.parametrize("prop", sorted(EVERYTHING))
def test_s11_properties_that_are_not_sent_stay(api: Api, prop: str) -> None:
    session_id = api.create()
    before = api.update(session_id, EVERYTHING)
    after = api.update(session_id, {prop: EMPTY.get(prop, EVERYTHING[prop])})
    changing = {prop, "updated_at"}
    assert {name: before[name] for name in before if name not in changing} == {
        name: after[name] for name in after if name not in changing
    }


def test_s11_the_patient_is_merged_property_by_property(api: Api) -> None:
    session_id = api.create()
    api.update(session_id, {"patient": {"name": "John"}})
    api.update(session_id, {"patient": {"dob": "1990-01-01"}})
    patient = api.update(session_id, {"patient": {"gender": "OTHER"}})["patient"]
    assert {"name": "John", "gender": "OTHER", "dob": "1990-01-01"} == patient


def test_s11_arrays_are_replaced_and_keep_their_order(api: Api) -> None:
    session_id = api.create()
    api.update(session_id, {"clinician_notes": ["1", "2", "3"]})
    assert ["3", "1", "3"] == api.update(session_id, {"clinician_notes": ["3", "1", "3"]})[
        "clinician_notes"
    ]


@pytest.mark.parametrize("body", [{}, {"extra": 1}, {"patient": {}}])
def test_s11_an_update_without_a_property_is_accepted_and_changes_nothing(
    api: Api, body: dict[str, object]
) -> None:
    session_id = api.create()
    before = api.session(session_id)
    assert before == api.update(session_id, body)


def test_s12_updated_at_grows_with_every_accepted_change_and_created_at_never(api: Api) -> None:
    session_id = api.create()
    first = api.session(session_id)
    times = [first["updated_at"]]
    for duration in (1, 1, 2, 2, 3):  # setting the same value is a change as well
        session = api.update(session_id, {"duration": duration})
        assert first["created_at"] == session["created_at"]
        times.append(session["updated_at"])
        api.patch(f"/sessions/{session_id}", json={"duration": "wrong"})
        assert session == api.session(session_id) == api.session(session_id)
    assert sorted(set(times)) == times
    moments = [datetime.fromisoformat(time) for time in times]
    assert all(moment.tzinfo is None for moment in moments)
    assert all(len("2024-12-11T03:57:57.921000") == len(time) for time in times)


# Every code point but the surrogates, which are not characters.
TEXT = st.text(st.characters(codec="utf-8"))


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=TEXT, notes=st.lists(TEXT, max_size=4))
def test_s13_strings_come_back_code_point_for_code_point(
    api: Api, name: str, notes: list[str]
) -> None:
    session_id = api.create({"ehr_appointment_id": name})
    sent = {"patient": {"name": name}, "clinician_notes": notes}
    for session in (
        api.update(session_id, sent),
        api.session(session_id),
        api.page()["sessions"][0],
    ):
        assert (name, notes) == (session["patient"]["name"], session["clinician_notes"])
        assert name == session["ehr_appt_id"]


@pytest.mark.parametrize(
    "text",
    [
        "\0",
        "a\0b",
        "\U0001f600",
        "e\u0301",
        "é",
        " a ",
        "\r\n\t",
        "\u2028",
        "\ufeff",
        "\x7f",
        '"\\/',
    ],
)
def test_s13_a_difficult_string_comes_back_as_sent_escaped_or_not(api: Api, text: str) -> None:
    session_id = api.create()
    for ascii_only in (True, False):
        body = json.dumps({"patient": {"name": text}}, ensure_ascii=ascii_only)
        assert text == api.patch_raw(session_id, body.encode()).json()["session"]["patient"]["name"]


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.one_of(
        st.integers(0, 2**53),
        st.floats(0, 2**53),
        st.floats(0, allow_infinity=False, allow_nan=False),
    )
)
def test_s13_a_number_comes_back_exact(api: Api, duration: float) -> None:
    session_id = api.create()
    assert duration == api.update(session_id, {"duration": duration})["duration"]
    text = api.get(f"/sessions/{session_id}").text
    assert duration == json.loads(text)["session"]["duration"]


@pytest.mark.parametrize(
    "number",
    [
        "9007199254740993",
        "9007199254740993.0",
        "36893488147419103233",
        "0.10000000000000000000000000001",
        "1e999",
        "1e-999",
        "1E+99999999999999999999",
        "1" * 400,
        "1" * 5000,
        "-" + "1" * 5000,
        "0." + "1" * 5000,
    ],
)
def test_s13_a_number_that_no_double_holds_is_refused(api: Api, number: str) -> None:
    session_id = api.create()
    response = api.patch_raw(session_id, f'{{"duration": {number}}}')
    assert INVALID == error_of(response)
    assert message_of(response).startswith("duration ")
    assert 0 == api.session(session_id)["duration"]


@pytest.mark.parametrize(
    "number",
    [
        "9007199254740992",
        "36893488147419103232",
        "1e308",
        "0.1",
        "0.10000000000000001",
        "0.1000000000000000055511151231257827021181583404541015625",
        "-0.0",
    ],
)
def test_s13_a_number_that_a_double_holds_is_exact(api: Api, number: str) -> None:
    response = api.patch_raw(api.create(), f'{{"duration": {number}}}')
    assert json.loads(number) == response.json()["session"]["duration"]


@pytest.mark.parametrize("text", ['"\\ud800"', '"\\udc00\\ud800"', '"a\\uDFFFb"'])
@pytest.mark.parametrize(
    "body", ['{{"patient": {{"name": {}}}}}', '{{"extra": [{}]}}', "{{{}: 1}}"]
)
def test_s13_a_lone_surrogate_is_refused(api: Api, body: str, text: str) -> None:
    session_id = api.create()
    assert (400, "MalformedRequestError") == error_of(api.patch_raw(session_id, body.format(text)))
    assert "" == api.session(session_id)["patient"]["name"]


def test_s13_a_pair_of_surrogates_is_one_character(api: Api) -> None:
    response = api.patch_raw(api.create(), '{"patient": {"name": "\\ud83d\\ude00"}}')
    assert "\U0001f600" == response.json()["session"]["patient"]["name"]


def test_s14_the_appointment_of_the_create_comes_back_as_ehr_appt_id(api: Api) -> None:
    session_id = api.create({"patient_profile_id": "p", "ehr_appointment_id": "EHR1234"})
    assert "EHR1234" == api.session(session_id)["ehr_appt_id"]
    assert "EHR99" == api.update(session_id, {"ehr_appt_id": "EHR99"})["ehr_appt_id"]


@pytest.mark.parametrize(
    "body",
    [
        {"ehr_appointment_id": 1},
        {"ehr_appointment_id": None},
        {"patient_profile_id": []},
        [],
        None,
        1,
    ],
)
def test_an_invalid_create_creates_nothing(api: Api, body: object) -> None:
    response = api.post(
        "/sessions", content=json.dumps(body), headers={"content-type": "application/json"}
    )
    assert INVALID == error_of(response)
    assert 0 == api.page()["total_count"]


@pytest.mark.parametrize("body", [None, {}])
def test_s20_a_new_session_is_as_the_contract_says(api: Api, body: object) -> None:
    ids = [api.create(body) for _ in range(3)]
    for number, session_id in enumerate(ids, start=1):
        session = api.session(session_id)
        assert session["created_at"] == session["updated_at"]
        server_side = {name: session[name] for name in ("session_id", "created_at", "updated_at")}
        assert session_id == session["session_id"]
        assert {**initial_session(number), **server_side} == session


def initial_session(number: int) -> Any:
    """Return the vendor's sample of a session, with the initial values of the document."""
    strict = heidi_spec.load("strict")
    schemas = strict["components"]["schemas"]
    session = strict["components"]["examples"]["getSession.200"]["value"]["session"]
    for schema, shown in (("Session", session), ("ConsultNote", session["consult_note"])):
        for name, node in schemas[schema]["properties"].items():
            initial = node.get("x-semantics", {}).get("initial", shown.get(name))
            if name in shown:
                text = isinstance(initial, str)
                shown[name] = initial.replace("{number}", str(number)) if text else initial
    return session


def test_the_size_of_a_session_is_limited(api: Api) -> None:
    session_id = api.create()
    a_megabyte = "a" * 1_000_000
    api.update(session_id, {"patient": {"name": a_megabyte}})
    before = api.update(session_id, {"clinician_notes": [a_megabyte]})
    response = api.patch(f"/sessions/{session_id}", json={"ehr_patient_id": a_megabyte})
    assert (413, "ContentTooLargeError") == error_of(response)
    assert before == api.session(session_id)
    assert [] == api.update(session_id, {"clinician_notes": []})["clinician_notes"]
    assert a_megabyte == api.update(session_id, {"ehr_patient_id": a_megabyte})["ehr_patient_id"]


# Resources and their changes, without a server.


NOW = datetime(2024, 12, 11, 3, 57, 57, 921000, tzinfo=UTC)


@pytest.fixture(scope="module")
def resource() -> Resource:
    document = load_document()
    return Resource(document, next(document.of("create")).semantics["resource"])


@pytest.mark.parametrize("seconds", [0, -1, -86400])
def test_s12_updated_at_grows_even_if_the_clock_stops_or_goes_back(
    resource: Resource, seconds: int
) -> None:
    session = resource.new("1", 1, NOW, {})
    changed = resource.changed(session, {"duration": 1}, NOW + timedelta(seconds=seconds))
    assert "2024-12-11T03:57:57.921001" == changed["updated_at"]
    assert "2024-12-11T03:57:57.921000" == changed["created_at"]
    again = resource.changed(changed, {"duration": 1}, NOW + timedelta(seconds=1))
    assert "2024-12-11T03:57:58.921000" == again["updated_at"]


def test_an_update_does_not_change_the_session_that_it_is_given(resource: Resource) -> None:
    session = resource.new("1", 1, NOW, {})
    resource.changed(session, {"patient": {"name": "John"}, "clinician_notes": ["x"]}, NOW)
    assert resource.new("1", 1, NOW, {}) == session


def test_the_whole_second_is_written_with_its_microseconds(resource: Resource) -> None:
    session = resource.new("1", 1, NOW.replace(microsecond=0), {})
    assert "2024-12-11T03:57:57.000000" == session["created_at"]


def test_the_literal_path_comes_before_the_one_with_a_parameter() -> None:
    base = load_document().base_path
    found = load_document().find(f"{base}/sessions/linked-user".encode())
    assert found is not None
    assert {"GET"} == found[0].operations.keys()
