"""The generated models, against the document they were generated from."""

from __future__ import annotations

import copy
import datetime
import json
import operator
import pickle
import types
import typing
from functools import reduce
from typing import Any, Literal, get_args, get_origin, get_type_hints

import heidi_generated.models as generated
import heidi_spec
import jsonschema_rs
import pytest
from heidi_generated.decoding import Model
from heidi_generated.models import (
    ConsultNote,
    ErrorResponse,
    Gender,
    IssuedToken,
    Patient,
    PatientUpdate,
    Session,
    SessionEnvelope,
    SessionPage,
    SessionUpdate,
)
from heidi_generated.types import UNSET, MismatchError, Unset
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.pretty import pretty_repr

DOCUMENT = heidi_spec.load("client")
SCHEMAS: dict[str, dict[str, Any]] = DOCUMENT["components"]["schemas"]
MODELS: dict[str, type[Model]] = {
    name: model
    for name in SCHEMAS
    if isinstance(model := getattr(generated, name), type) and issubclass(model, Model)
}
SAMPLE: dict[str, Any] = DOCUMENT["components"]["examples"]["getSession.200"]["value"]["session"]

# Strategies

TEXTS = st.text()
NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=10,
)
OFFSETS = st.sampled_from(["Z", "z", "+00:00", "-03:30"])
STRINGS = {
    None: TEXTS,
    "date": st.dates().map(str),
    "date-time": st.builds(
        "{}{}{}".format, st.datetimes().map(lambda t: f"{t:%Y-%m-%dT%H:%M:%S}".zfill(19)),
        st.sampled_from(["", ".0", ".000", ".123456789"]), OFFSETS,
    ),
    "date-time-local": st.datetimes().map(datetime.datetime.isoformat),
}  # fmt: skip
TYPES = {
    "null": st.none(),
    "boolean": st.booleans(),
    "integer": st.integers() | st.integers(-(10**6), 10**6).map(float),
    "number": NUMBERS,
}


def conforming(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Anything that a schema allows, including properties that it does not name."""
    if "$ref" in schema:
        return conforming(SCHEMAS[schema["$ref"].rpartition("/")[2]])
    for keyword in ("oneOf", "anyOf", "allOf"):
        if keyword in schema:
            return st.one_of(*map(conforming, schema[keyword]))
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    kinds = schema.get("type", [])
    choices = [_of(kind, schema) for kind in ([kinds] if isinstance(kinds, str) else kinds)]
    return st.one_of(*choices) if choices else JSON


def _of(kind: str, schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    if kind == "object":
        fields = {name: conforming(each) for name, each in schema.get("properties", {}).items()}
        return _objects(fields, set(schema.get("required", ())))
    if kind == "array":
        return st.lists(conforming(schema["items"]), max_size=3)
    if kind == "string":
        return STRINGS.get(schema.get("format"), TEXTS)
    return TYPES[kind]


def _objects(
    fields: dict[str, st.SearchStrategy[Any]], required: set[str]
) -> st.SearchStrategy[dict[str, Any]]:
    named = st.fixed_dictionaries(
        {name: fields[name] for name in fields if name in required},
        optional={name: fields[name] for name in fields if name not in required},
    )
    others = st.dictionaries(TEXTS.filter(lambda name: name not in fields), JSON, max_size=2)
    return st.builds(lambda one, other: {**other, **one}, named, others)


def broken(name: str) -> st.SearchStrategy[Any]:
    """An object that may break its schema: any property may have any value, or be missing."""
    fields = SCHEMAS[name]["properties"]
    return _objects({each: conforming(fields[each]) | JSON for each in fields}, set())


PROPERTY = settings(max_examples=25)
ANY_MODEL = pytest.mark.parametrize("name", MODELS)


def as_text(value: object) -> str:
    """JSON, in which 1, 1.0 and true differ."""
    return json.dumps(value, sort_keys=True)


def fits(value: object, annotation: Any) -> bool:
    """Whether a value is of a type, as type checkers see it."""
    origin = get_origin(annotation)
    if origin in {typing.Union, types.UnionType}:
        return any(fits(value, each) for each in get_args(annotation))
    if origin is list:
        return isinstance(value, list) and all(
            fits(item, get_args(annotation)[0]) for item in value
        )
    if annotation is float:
        return type(value) in {float, int}
    if annotation in {int, bool, str}:
        return type(value) is annotation
    return annotation is Any or isinstance(value, annotation)


def attributes(model: Model) -> typing.Iterator[tuple[object, Any]]:
    """The value and the type of every attribute, also of the objects inside."""
    hints = get_type_hints(type(model))
    for field in model.members.values():
        value = getattr(model, field.attribute)
        yield value, hints[field.attribute]
        for inner in value if isinstance(value, list) else [value]:
            if isinstance(inner, Model):
                yield from attributes(inner)


# Nothing is lost


@pytest.mark.slow
@ANY_MODEL
@PROPERTY
@given(data=st.data())
def test_valid_data_round_trips(name: str, data: st.DataObject) -> None:
    sent = data.draw(conforming(SCHEMAS[name]))
    model = MODELS[name].from_dict(sent)
    assert as_text(sent) == as_text(model.to_dict())
    assert model.mismatch() is None


@pytest.mark.slow
@ANY_MODEL
@PROPERTY
@given(data=st.data())
def test_invalid_data_round_trips_too(name: str, data: st.DataObject) -> None:
    sent = data.draw(broken(name))
    before = as_text(sent)
    assert before == as_text(MODELS[name].from_dict(sent).to_dict())
    assert before == as_text(sent)


@pytest.mark.slow
@ANY_MODEL
@PROPERTY
@given(data=st.data())
def test_an_attribute_is_of_its_type_or_none(name: str, data: st.DataObject) -> None:
    model = MODELS[name].from_dict(data.draw(broken(name) | JSON))
    wrong = [
        value for value, kind in attributes(model) if value is not None and not fits(value, kind)
    ]
    assert [] == wrong


@pytest.mark.slow
@ANY_MODEL
@PROPERTY
@given(data=st.data())
def test_the_generated_reader_agrees_with_the_table(name: str, data: st.DataObject) -> None:
    sent = data.draw(broken(name) | conforming(SCHEMAS[name]) | JSON)
    by_table = Model.from_dict.__func__(MODELS[name], sent)  # type: ignore[attr-defined]
    assert by_table == MODELS[name].from_dict(sent)


@pytest.mark.slow
@ANY_MODEL
@PROPERTY
@given(data=st.data())
def test_models_pickle_copy_and_compare(name: str, data: st.DataObject) -> None:
    sent = data.draw(broken(name) | conforming(SCHEMAS[name]))
    model = MODELS[name].from_dict(sent)
    for twin in (pickle.loads(pickle.dumps(model)), copy.copy(model), copy.deepcopy(model)):  # noqa: S301
        assert model == twin
        assert as_text(sent) == as_text(twin.to_dict())
    assert model == MODELS[name].from_dict(copy.deepcopy(sent))


def test_models_with_different_additional_data_differ() -> None:
    assert Patient.from_dict({"dob": "1"}) != Patient.from_dict({"dob": "2"})
    assert Patient.from_dict({"a": 1}) != Patient.from_dict({"a": 2})
    assert Patient.from_dict({"dob": None}) != Patient.from_dict({})


def test_reading_empty_additional_properties_changes_nothing() -> None:
    one, other = Session.from_dict(SAMPLE), Session.from_dict(SAMPLE)
    assert {} == one.additional_properties
    assert one == other


# Reading leniently


def patient(**fields: Any) -> Patient:
    return Patient.from_dict({"name": "A", "gender": None, "dob": None, **fields})


def test_a_missing_or_null_property_reads_as_none() -> None:
    for sent in ({**SAMPLE, "ehr_provider": None}, {**SAMPLE}):
        sent.pop("ehr_provider") if sent["ehr_provider"] else None
        session = Session.from_dict(sent)
        assert session.ehr_provider is None
        assert sent == session.to_dict()


def test_an_optional_property_that_is_missing_is_unset() -> None:
    sent = {name: value for name, value in SAMPLE.items() if name != "audio"}
    session = Session.from_dict(sent)
    assert session.audio is UNSET
    assert session.mismatch() is None
    assert sent == session.to_dict()


@pytest.mark.parametrize(
    "dob", ["", "1990-13-01", "31/12/1990", "19900101", "1990-W01-1", "1990-01-01T00:00", 7, [], {}]
)
def test_an_invalid_date_reads_as_none_and_is_kept(dob: object) -> None:
    model = patient(dob=dob)
    assert model.dob is None
    assert dob == model.to_dict()["dob"]


def test_a_string_that_the_enum_does_not_know_reads_as_that_string() -> None:
    model = patient(gender="UNKNOWN")
    assert "UNKNOWN" == model.gender
    assert "UNKNOWN" == model.to_dict()["gender"]
    assert Gender.MALE is patient(gender="MALE").gender


@pytest.mark.parametrize("sent", [None, "text", 7, True, [], [{}], ["a"]])
def test_a_value_that_is_not_an_object_reads_as_an_empty_one_and_is_kept(sent: Any) -> None:
    envelope = SessionEnvelope.from_dict({"session": sent})
    empty: Any = envelope.session
    assert (None, None) == (empty.duration, empty.patient.name)
    assert envelope.lacks("session")
    assert {"session": sent} == envelope.to_dict()
    assert "$.session: expected an object" in str(envelope.mismatch())
    assert None is ErrorResponse.from_dict(sent).detail.msg
    twin = pickle.loads(pickle.dumps(envelope))  # noqa: S301  # our own
    assert envelope == twin
    envelope.session.patient.name = "A"
    assert "A" == envelope.to_dict()["session"]["patient"]["name"]


def test_an_object_that_is_left_out_reads_as_an_empty_one() -> None:
    sent = {name: value for name, value in SAMPLE.items() if name != "patient"}
    session = Session.from_dict(sent)
    assert None is session.patient.name
    assert sent == session.to_dict()
    assert "$.patient: expected an object, found nothing" == str(session.mismatch())
    assert not Session.from_dict(SAMPLE).lacks("patient")


def test_an_array_with_a_wrong_item_reads_as_none_and_is_kept() -> None:
    sent = {"sessions": [SAMPLE, "no session"], "count": 2}
    page = SessionPage.from_dict(sent)
    assert page.sessions is None
    assert sent == page.to_dict()


def test_a_property_that_the_document_does_not_name_is_an_additional_property() -> None:
    session = Session.from_dict({**SAMPLE, "to_dict": "x", "__class__": [1], "": None})
    assert {"to_dict": "x", "__class__": [1], "": None} == session.additional_properties


def test_setting_an_attribute_replaces_the_kept_value() -> None:
    model = patient(dob="unknown", gender="UNKNOWN")
    model.dob = datetime.date(1990, 1, 1)
    model.gender = Gender.OTHER
    assert {"name": "A", "gender": "OTHER", "dob": "1990-01-01"} == model.to_dict()


def test_a_token_has_its_expiry_and_keeps_the_original_string() -> None:
    sent = {"token": "t", "expiration_time": "2024-08-01T00:00:00.000Z"}
    token = IssuedToken.from_dict(sent)
    assert datetime.datetime(2024, 8, 1, tzinfo=datetime.UTC) == token.expiration_time
    assert sent == token.to_dict()
    token.expiration_time += datetime.timedelta(days=1)
    assert "2024-08-02T00:00:00+00:00" == token.to_dict()["expiration_time"]


def test_an_id_of_39_digits_stays_exact() -> None:
    sent = {**SAMPLE, "session_id": "135814281990413956785027749853284386585"}
    assert sent["session_id"] == Session.from_dict(sent).session_id


# Writing


def test_a_request_has_only_what_was_set() -> None:
    update = SessionUpdate(
        duration=0,
        clinician_notes=[],
        patient=PatientUpdate(gender=Gender.MALE, dob=datetime.date(1990, 1, 1)),
    )
    expected = {
        "duration": 0,
        "patient": {"gender": "MALE", "dob": "1990-01-01"},
        "clinician_notes": [],
    }
    assert expected == update.to_dict()
    assert {str} == {type(value) for value in update.to_dict()["patient"].values()}
    assert {} == SessionUpdate().to_dict()


def test_additional_properties_are_sent_and_never_hide_a_named_one() -> None:
    update = SessionUpdate(duration=1)
    update.additional_properties |= {"new": [1], "duration": 2}
    assert {"duration": 1, "new": [1]} == update.to_dict()


def test_changing_a_written_dict_does_not_change_the_model() -> None:
    update = SessionUpdate(clinician_notes=["a"])
    update.to_dict()["clinician_notes"].append("b")
    assert ["a"] == update.clinician_notes


def test_a_misspelt_attribute_is_refused() -> None:
    with pytest.raises(TypeError):
        SessionUpdate(duraton=1)  # type: ignore[call-arg]
    with pytest.raises(AttributeError):
        SessionUpdate().duraton = 1  # type: ignore[attr-defined]


# Finding where a response breaks the document


def paths(name: str, value: dict[str, Any]) -> typing.Iterator[tuple[str, ...]]:
    """The place of every required property of a conforming object."""
    for field in SCHEMAS[name]["required"]:
        yield (field,)
        schema = SCHEMAS[name]["properties"][field]
        if "$ref" in schema:
            for rest in paths(schema["$ref"].rpartition("/")[2], value[field]):
                yield (field, *rest)


REQUIRED = list(paths("SessionEnvelope", {"session": SAMPLE}))


@pytest.mark.parametrize("path", REQUIRED, ids=".".join)
def test_a_property_that_is_missing_is_named(path: tuple[str, ...]) -> None:
    sent = {"session": copy.deepcopy(SAMPLE)}
    *outer, last = path
    del reduce(operator.getitem, outer, sent)[last]
    error = SessionEnvelope.from_dict(sent).mismatch()
    assert error is not None
    assert (".".join(("$", *path)), "nothing") == (error.path, error.found)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"duration": "60"}, "$.duration: expected a number, found a string"),
        ({"duration": True}, "$.duration: expected a number, found a boolean"),
        ({"audio": None}, "$.audio: expected an array, each item anything, found null"),
        (
            {"clinician_notes": ["a", 1]},
            "$.clinician_notes[1]: expected a string, found an integer",
        ),
        ({"ehr_appt_id": 1.5}, "$.ehr_appt_id: expected a string or null, found a number"),
        ({"patient": []}, "$.patient: expected an object, found an array"),
        (
            {"patient": {"name": "", "gender": "X", "dob": None}},
            "$.patient.gender: expected one of MALE, FEMALE, OTHER or null, found a string",
        ),
        (
            {"patient": {"name": "", "gender": None, "dob": "1990-02-30"}},
            "$.patient.dob: expected a date or null, found a string",
        ),
    ],
)
def test_a_property_of_another_type_is_named_and_its_value_is_not(
    change: dict[str, Any], message: str
) -> None:
    assert message == str(Session.from_dict({**SAMPLE, **change}).mismatch())


def test_the_first_mismatch_of_the_document_is_found_in_arrays_too() -> None:
    second = {**SAMPLE, "session_id": 7, "ehr_provider": 7}
    page = SessionPage.from_dict({"sessions": [SAMPLE, second], "count": "2"})
    assert "$.sessions[1].session_id: expected a string, found an integer" == str(page.mismatch())


def test_a_value_that_is_not_an_object_is_named() -> None:
    no_object: Any = ["x"]
    assert "$: expected an object, found an array" == str(Session.from_dict(no_object).mismatch())


CHECKED = ("$ref", "type", "enum", "required", "items", "oneOf", "anyOf", "allOf", "properties")


def checked(schema: Any) -> Any:
    """A schema with the keywords that models check, and no others."""
    if isinstance(schema, list):
        return [checked(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {key: checked(schema[key]) for key in CHECKED if key in schema and key != "properties"}
    if "properties" in schema:
        kept["properties"] = {name: checked(each) for name, each in schema["properties"].items()}
    if schema.get("format") in {"date", "date-time"}:
        kept["format"] = schema["format"]
    return kept


@pytest.mark.slow
@ANY_MODEL
@PROPERTY
@given(data=st.data())
def test_there_is_a_mismatch_exactly_where_a_schema_validator_finds_one(
    name: str, data: st.DataObject
) -> None:
    validator = jsonschema_rs.Draft202012Validator(
        {
            "$ref": f"#/components/schemas/{name}",
            "components": {"schemas": {each: checked(SCHEMAS[each]) for each in SCHEMAS}},
        },
        validate_formats=True,
    )
    sent = data.draw(broken(name) | conforming(SCHEMAS[name]) | JSON)
    assert validator.is_valid(sent) == (MODELS[name].from_dict(sent).mismatch() is None)


def test_a_mismatch_pickles() -> None:
    error = MismatchError("$.a", "a string", "null")
    twin = pickle.loads(pickle.dumps(error))  # noqa: S301
    assert (str(error), "$.a") == (str(twin), twin.path)


# What repr shows

SECRET = "Ümit Özdemir"


def shown(name: str) -> list[str]:
    fields = SCHEMAS[name]["properties"]
    return [each for each in fields if fields[each].get("x-semantics", {}).get("private") is False]


@ANY_MODEL
def test_repr_shows_only_what_the_document_marks(name: str) -> None:
    every: dict[str, Any] = {**dict.fromkeys(SCHEMAS[name]["properties"], SECRET), SECRET: SECRET}
    hidden = {each: None if each in shown(name) else value for each, value in every.items()}
    model = MODELS[name].from_dict(hidden)
    assert SECRET not in repr(model) + str(model) + f"{model}"
    assert SECRET not in pretty_repr(model)
    for text in (repr(model), pretty_repr(model)):
        assert [f"{model.members[each].attribute}=" in text for each in shown(name)] == [
            True for _ in shown(name)
        ]


def test_repr_names_the_session_and_hides_the_patient() -> None:
    session = Session.from_dict({**SAMPLE, "patient": {"name": SECRET}, "ehr_patient_id": SECRET})
    assert repr(session).startswith("Session(session_id='1234567890', ")
    assert SECRET not in repr(session)
    assert SECRET not in repr([session]) + repr(session.patient)
    note = ConsultNote.from_dict({"result": SECRET})
    assert "ConsultNote(...)" == repr(note) == pretty_repr(note)


# UNSET


def test_unset_is_a_falsy_singleton_even_in_copies() -> None:
    twins = (pickle.loads(pickle.dumps(UNSET)), copy.copy(UNSET), copy.deepcopy([UNSET])[0])  # noqa: S301
    assert all(twin is UNSET for twin in twins)
    assert isinstance(UNSET, Unset)
    assert not UNSET
    assert "UNSET" == repr(UNSET) == str(UNSET)
    value: Literal["a"] | Unset = UNSET
    assert "default" == (value or "default")
