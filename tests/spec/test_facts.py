"""The facts of the vendor's page: the base document has them all, and no others.

These tables are the only second copy of the page. Nodes that cite other sources are free to change.
"""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

JSON = "application/json"

OPERATIONS = {
    "createSession": ("post", "/sessions", "SessionCreate", False, "SessionCreated"),
    "getSession": ("get", "/sessions/{session_id}", None, None, "SessionEnvelope"),
    "updateSession": ("patch", "/sessions/{session_id}", "SessionUpdate", True, "SessionEnvelope"),
    "listLinkedUserSessions": ("get", "/sessions/linked-user", None, None, "SessionPage"),
}

PROPERTIES = {
    "SessionCreate": "patient_profile_id ehr_appointment_id",
    "SessionCreated": "session_id",
    "SessionEnvelope": "session",
    "Session": "session_id session_name patient audio clinician_notes consult_note duration"
    " created_at updated_at language_code output_language_code documents ehr_appt_id ehr_provider"
    " ehr_patient_id",
    "Patient": "name gender dob",
    "ConsultNote": "status result heading brain voice_style generation_method template_id"
    " ai_command_id ai_command_text feedback dictation_cleanup_mode",
    "SessionUpdate": "duration language_code output_language_code transcribe_mode patient"
    " clinician_notes ehr_patient_id ehr_appt_id generate_output_without_recording"
    " recording_status session_status is_consent created_time_local linked_sessions_for_context",
    "PatientUpdate": "name gender dob demographic_details",
    "SessionPage": "sessions count total_count next_page has_next_page",
    "ErrorResponse": "detail",
    "ErrorDetail": "msg type",
}
OPTIONAL = {"Session": {"audio"}}
REQUESTS = {"SessionCreate", "SessionUpdate", "PatientUpdate"}

NULLABLE = {
    "Session": {"documents", "ehr_appt_id", "ehr_patient_id"},
    "Patient": {"gender", "dob"},
    "ConsultNote": {
        "voice_style",
        "template_id",
        "ai_command_id",
        "ai_command_text",
        "feedback",
        "dictation_cleanup_mode",
    },
    "SessionPage": {"next_page"},
}
OPEN_TYPE = {("ConsultNote", "feedback"), ("SessionPage", "next_page")}

EXTENSIBLE = [
    ("ConsultNote", "status"),
    ("ConsultNote", "brain"),
    ("ConsultNote", "generation_method"),
    ("SessionUpdate", "transcribe_mode"),
    ("SessionUpdate", "recording_status"),
    ("SessionUpdate", "session_status"),
]

TYPES = {
    ("SessionUpdate", "duration"): "number",
    ("Session", "duration"): "number",
    ("SessionPage", "count"): "integer",
    ("SessionPage", "total_count"): "integer",
    ("SessionPage", "has_next_page"): "boolean",
    ("SessionUpdate", "is_consent"): "boolean",
    ("SessionUpdate", "generate_output_without_recording"): "boolean",
    ("SessionUpdate", "clinician_notes"): "array",
    ("SessionUpdate", "linked_sessions_for_context"): "array",
    ("Session", "session_id"): "string",
    ("SessionCreated", "session_id"): "string",
}


def operations(base: Any) -> dict[str, tuple[str, str, Any]]:
    return {
        operation["operationId"]: (method, path, operation)
        for path, item in base["paths"].items()
        for method, operation in item.items()
        if method != "parameters"
    }


def accepts(base: Any, schema: str, prop: str, value: Any) -> bool:
    reference = f"#/components/schemas/{schema}/properties/{prop}"
    return jsonschema_rs.Draft202012Validator(
        {"$ref": reference, "components": base["components"]}, validate_formats=True
    ).is_valid(value)


def test_the_document_is_valid_openapi_3_1(base: Any) -> None:
    assert base["openapi"].startswith("3.1.")
    assert list(OpenAPIV31SpecValidator(base).iter_errors()) == []


def test_there_are_four_operations_and_no_more(on_page: Any) -> None:
    found = {name: entry[:2] for name, entry in operations(on_page).items()}
    assert {name: entry[:2] for name, entry in OPERATIONS.items()} == found


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_takes_and_returns_what_the_contract_says(name: str, on_page: Any) -> None:
    *_, body, required, response = OPERATIONS[name]
    operation = operations(on_page)[name][2]
    taken = operation.get("requestBody")
    if body is None:
        assert taken is None
    else:
        assert taken["required"] is required
        assert taken["content"][JSON]["schema"] == {"$ref": f"#/components/schemas/{body}"}
    success = operation["responses"]["200"]["content"][JSON]["schema"]
    assert success == {"$ref": f"#/components/schemas/{response}"}


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_status_but_success_has_an_error_response(name: str, on_page: Any) -> None:
    responses = operations(on_page)[name][2]["responses"]
    not_found = {"404"} if name in {"getSession", "updateSession"} else set()
    assert {"200", "default"} | not_found == responses.keys()
    for status in responses.keys() - {"200"}:
        schema = responses[status]["content"][JSON]["schema"]
        assert schema == {"$ref": "#/components/schemas/ErrorResponse"}
        assert responses[status]["x-provenance"]["status"] == "inferred"


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_repeats_its_tag_and_its_security(name: str, on_page: Any) -> None:
    operation = operations(on_page)[name][2]
    assert operation["tags"] == ["Sessions"]
    assert operation["security"] == [{"bearerAuth": []}]


def test_the_security_scheme_is_a_bearer_jwt(on_page: Any) -> None:
    scheme = on_page["components"]["securitySchemes"]["bearerAuth"]
    assert (scheme["type"], scheme["scheme"], scheme["bearerFormat"]) == ("http", "bearer", "JWT")


def test_the_servers_are_the_shared_one_and_one_for_each_region(base: Any) -> None:
    shared, regional = base["servers"]
    path = ".api.heidihealth.com/api/v2/ml-scribe/open-api"
    assert shared["url"] == f"https://registrar{path}"
    assert regional["url"] == f"https://{{region}}{path}"
    assert set(regional["variables"]["region"]["enum"]) == {"au", "us", "ca", "eu", "uk"}


def test_the_schemas_are_those_of_the_contract(schemas: Any) -> None:
    assert PROPERTIES.keys() | {"Gender"} == schemas.keys()


@pytest.mark.parametrize("name", PROPERTIES)
def test_a_schema_has_the_properties_of_the_contract_and_is_open(name: str, schemas: Any) -> None:
    assert list(schemas[name]["properties"]) == PROPERTIES[name].split()
    assert "additionalProperties" not in schemas[name]


@pytest.mark.parametrize("name", PROPERTIES)
def test_required_properties_are_those_of_every_sample_and_none_in_a_request(
    name: str, schemas: Any
) -> None:
    names = set() if name in REQUESTS else set(PROPERTIES[name].split())
    assert names - OPTIONAL.get(name, set()) == set(schemas[name].get("required", []))


@pytest.mark.parametrize("name", PROPERTIES)
def test_null_is_valid_only_where_a_sample_shows_it(name: str, on_page: Any) -> None:
    nullable = {prop for prop in PROPERTIES[name].split() if accepts(on_page, name, prop, None)}
    assert NULLABLE.get(name, set()) == nullable


@pytest.mark.parametrize("name", NULLABLE)
def test_only_properties_that_are_always_null_have_any_type(name: str, on_page: Any) -> None:
    values: list[Any] = ["text", 1, [], {}, True]
    open_type = {
        prop
        for prop in PROPERTIES[name].split()
        if all(accepts(on_page, name, prop, value) for value in values)
    }
    assert {prop for schema, prop in OPEN_TYPE if schema == name} == open_type


def test_a_nullable_enum_is_a_choice_of_the_enum_and_null(schemas: Any) -> None:
    gender = schemas["Patient"]["properties"]["gender"]["oneOf"]
    assert gender == [{"$ref": "#/components/schemas/Gender"}, {"type": "null"}]


def test_only_gender_is_a_closed_enum(on_page: Any, schemas: Any) -> None:
    assert schemas["Gender"]["enum"] == ["MALE", "FEMALE", "OTHER"]
    enums = [name for name, schema in schemas.items() if "'enum'" in str(schema)]
    assert enums == ["Gender"]


@pytest.mark.parametrize(("schema", "prop"), EXTENSIBLE)
def test_an_open_enum_is_a_string_that_says_so(schema: str, prop: str, schemas: Any) -> None:
    node = schemas[schema]["properties"][prop]
    assert node["type"] == "string"
    assert node["description"].startswith("Extensible enum.")


@pytest.mark.parametrize(("place", "expected"), TYPES.items())
def test_a_property_has_the_type_of_the_contract(
    place: tuple[str, str], expected: str, schemas: Any
) -> None:
    assert expected == schemas[place[0]]["properties"][place[1]]["type"]


@pytest.mark.parametrize("prop", ["created_at", "updated_at"])
@pytest.mark.parametrize(
    ("value", "valid"),
    [
        ("2024-12-11T03:57:57.921000", True),
        ("2024-12-11T03:57:57", True),
        ("2024-12-11T03:57:57.921000Z", False),
        ("2024-12-11T03:57:57+10:00", False),
        ("2024-12-11T03:57:57.", False),
        ("2024-12-11T03:57:57.9210001", False),
        ("2024-12-11", False),
    ],
)
def test_a_timestamp_is_local_and_carries_no_offset(
    prop: str, value: str, valid: bool, on_page: Any
) -> None:
    assert on_page["components"]["schemas"]["Session"]["properties"][prop]["format"] == (
        "date-time-local"
    )
    assert valid is accepts(on_page, "Session", prop, value)


@pytest.mark.parametrize("schema", ["Patient", "PatientUpdate"])
def test_a_date_of_birth_is_a_real_date(schema: str, on_page: Any) -> None:
    assert accepts(on_page, schema, "dob", "1990-01-01")
    assert not accepts(on_page, schema, "dob", "1990-02-30")


def test_the_two_names_of_the_appointment_refer_to_each_other(
    schemas: Any,
) -> None:
    create = schemas["SessionCreate"]["properties"]["ehr_appointment_id"]["description"]
    assert "ehr_appt_id" in create
    for schema in ("Session", "SessionUpdate"):
        assert "ehr_appointment_id" in schemas[schema]["properties"]["ehr_appt_id"]["description"]


def test_the_list_has_a_page_size_and_no_page(on_page: Any) -> None:
    parameters = operations(on_page)["listLinkedUserSessions"][2]["parameters"]
    assert [(p["name"], p["in"], p["required"]) for p in parameters] == [
        ("page_size", "query", False)
    ]


def test_a_creation_links_to_reading_and_updating_the_session(on_page: Any) -> None:
    links = operations(on_page)["createSession"][2]["responses"]["200"]["links"]
    assert {name: link["parameters"] for name, link in links.items()} == {
        name: {"session_id": "$response.body#/session_id"}
        for name in ("getSession", "updateSession")
    }


def test_every_operation_and_schema_and_property_is_described(base: Any) -> None:
    schemas = base["components"]["schemas"]
    silent = [name for name, (*_, op) in operations(base).items() if not op.get("description")]
    for name, schema in schemas.items():
        silent += [name] if not schema.get("description") else []
        for prop, node in schema.get("properties", {}).items():
            target = node.get("$ref", "").rpartition("/")[2]
            described = node.get("description") or schemas.get(target, {}).get("description")
            silent += [] if described else [f"{name}.{prop}"]
    assert silent == []
