"""What a document says about properties: who writes them, which values fit, the initial state."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import heidi_spec
import pytest
from heidi_conformance._wire import Reply
from heidi_conformance.breadth import _dictionaries
from heidi_conformance.contract import _document
from heidi_conformance.contract._document import composed, expanded, without
from heidi_conformance.contract._fields import MAIN_FIELDS, Fields, fields_by_resource
from heidi_conformance.contract._operations import LIST, OPERATIONS, READ, read_operations, samples
from heidi_conformance.contract._schemas import Field, values_of, walk
from heidi_conformance.contract._values import known_items, nested
from heidi_conformance.oracle import _shapes
from heidi_conformance.oracle._memory import Known
from heidi_conformance.oracle._reading import sorted_out
from heidi_conformance.run._machine import beside

from .grown import ADDED, SERVERS, grown, write
from .standing import printed_findings


def derived() -> Fields:
    document = grown(heidi_spec.load("strict"))
    (fields,) = fields_by_resource(document, read_operations(document, document)).values()
    return fields


FIELDS = derived()


def test_the_writer_of_a_property_follows_from_the_requests_that_have_it() -> None:
    assert "level" in FIELDS.of_server
    assert {"site"} <= FIELDS.create_only
    assert not FIELDS.create_only & FIELDS.shows.keys()
    assert FIELDS.creates["site"].required
    assert {"priority", "room.floor", "room.plan.code"} <= FIELDS.leaves.keys()
    assert not {"room", "room.plan"} & FIELDS.leaves.keys()
    assert "level" in FIELDS.optional
    assert "priority" not in FIELDS.optional
    assert FIELDS.steady >= {"priority", "room.plan.code"}


def test_no_request_sets_what_is_read_only_and_no_response_shows_what_is_write_only() -> None:
    document = grown(heidi_spec.load("strict"))
    schemas = document["components"]["schemas"]
    text = {"type": "string"}
    schemas["Place"] = {
        "type": "object",
        "required": ["street", "verified"],
        "properties": {
            "street": text,
            "verified": {**text, "readOnly": True},
            "pin": {"writeOnly": True, "type": "object", "properties": {"code": text}},
        },
    }
    update = next(item for item in read_operations(document, document) if item.action == "update")
    assert update.resource
    change = schemas[
        document["paths"][update.path][update.method.lower()]["requestBody"]["content"][
            "application/json"
        ]["schema"]["$ref"].rpartition("/")[2]
    ]
    for owner in (schemas[update.resource.name], change):
        owner["properties"]["place"] = {"$ref": "#/components/schemas/Place"}
    (fields,) = fields_by_resource(document, read_operations(document, document)).values()

    assert {"place.street", "place.pin.code"} <= fields.updates.keys()
    assert "place.verified" not in fields.updates
    assert {"place.street", "place.verified"} <= fields.shows.keys()
    assert not {"place.pin", "place.pin.code"} & fields.shows.keys()
    assert {"place.pin", "place.pin.code"} <= fields.unseen
    sent = {"place.street": "A", "place.pin.code": "1"}
    assert {"place.street": "A"} == fields.as_stored(sent)
    assert fields.updates["place"].fits({"street": "A"})


PERSON = {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}
DOCTOR = {
    "type": "object",
    "required": ["role"],
    "properties": {"role": {"enum": ["lead", "locum"]}},
}


TO_NODE = {"$ref": "#/components/schemas/Node"}
RECURSIVE: tuple[Any, ...] = (
    {"id": "flag", "parent": {"allOf": [TO_NODE]}},
    {"id": "flag", "child": {"allOf": [TO_NODE], "properties": {"x": "flag"}}},
    {"next": {"allOf": [TO_NODE, {"properties": {"id": "flag"}}]}},
)


def test_the_parts_of_an_all_of_are_properties_like_any_other() -> None:
    document = {"components": {"schemas": {"Person": PERSON}}}
    doctor = {"allOf": [{"$ref": "#/components/schemas/Person"}, DOCTOR], "description": "One."}
    schema = expanded(document, {"type": "object", "properties": {"doctor": doctor}})
    fields = {field.name: field for field in walk(schema)}
    assert ["doctor", "doctor.name", "doctor.role"] == sorted(fields)
    assert fields["doctor.name"].needed
    assert fields["doctor.role"].needed
    assert ("lead", "locum") == values_of(fields["doctor.role"]).valid[:2]
    assert not fields["doctor"].fits({"name": "Ann"})


@pytest.mark.parametrize(
    "part",
    [
        {"additionalProperties": False, "properties": {"role": {}}},
        {"properties": {"name": {"maxLength": 3}}},
        {"minProperties": 2},
        {"prefixItems": [{}]},
        {"minContains": 2},
        {"unevaluatedItems": False},
        {"if": {}, "then": {}},
    ],
)
def test_a_part_of_an_all_of_that_merging_would_change_stays_apart(part: dict[str, Any]) -> None:
    with_groups = {**PERSON, "minProperties": 1, "items": {}, "contains": {}, "else": {}}
    schema = {**with_groups, "allOf": [part, {"properties": {"role": {}}}]}
    assert {"name", "role"} == composed(schema)["properties"].keys()
    assert [part] == composed(schema)["allOf"]


def test_the_initial_state_is_the_sample_with_the_values_of_semantics() -> None:
    semantics = {
        name: field.semantics["initial"]
        for name, field in FIELDS.shows.items()
        if "initial" in field.semantics
    }
    server = {FIELDS.id, FIELDS.created, FIELDS.updated}
    varying = {name for name, field in FIELDS.shows.items() if field.semantics.get("varies")}
    assert semantics
    assert varying
    assert {name: FIELDS.initial[name] for name in semantics} == semantics
    assert FIELDS.initial.keys() == FIELDS.sample.keys() - server - varying


VALUES: dict[str, tuple[list[Any], list[Any]]] = {
    "priority": ([1, 5], [0, 6, 1.5, "60", True, None]),
    "urgent": ([True, False], ["true", 1, 0, None]),
    "tags": (
        [[], ["RED"], ["RED", "BLUE"]],
        [["RED", "BLUE", "RED"], ["red"], ["RED", "red"], "x", None],
    ),
    "room": ([], [None, [], "x"]),
    "room.floor": ([0, -1], [1.5, "60", None]),
    "room.label": (["", "x" * 12, "\U0001f468" * 12], ["x" * 13, 5, None]),
    "room.plan.code": (["AAA-0000", "ZZZ-9999"], ["aaa-0000", "AAA-0000\n", "AAA-0000x", "", 5]),
    "reference": (["123e4567-e89b-42d3-a456-426614174000"], ["1", "", 5, None]),
    "due": (["2000-02-29", None], ["1990-02-30", "19900101", 19900101]),
    "rate": ([1, 0.5], [0, 2, -1, "60", True]),
    "step": ([0, 5, 10], [1, 7.5, -1]),
}


@pytest.mark.parametrize("name", VALUES)
def test_values_are_sorted_by_the_schema_of_an_added_property(name: str) -> None:
    valid, invalid = VALUES[name]
    told = values_of(FIELDS.updates[name])

    assert set(ADDED) == {each.partition(".")[0] for each in VALUES}
    for expected, got in ((valid, told.valid), (invalid, told.invalid)):
        spelled = set(map(json.dumps, got))
        assert [value for value in expected if json.dumps(value) not in spelled] == []


def test_a_body_has_the_properties_that_its_others_require() -> None:
    assert FIELDS.update({"room.label": "x"})["room"].keys() == {"label", "floor"}
    assert FIELDS.update({"priority": 1}) == {"priority": 1}
    assert FIELDS.creation({}).keys() == {"site"}


def test_an_object_without_a_required_property_is_no_value_of_its_schema() -> None:
    lacking = [value for value in values_of(FIELDS.updates["room"]).invalid if value]
    assert [value for value in lacking if isinstance(value, dict) and "floor" not in value]


def test_values_sent_for_read_only_properties_differ_from_the_initial_ones() -> None:
    written = FIELDS.read_only
    assert written.keys() == FIELDS.of_server.keys()
    shown = nested(FIELDS.initial)
    assert [name for name, value in written.items() if value == shown.get(name)] == []


@pytest.mark.parametrize(
    ("schema", "kinds"),
    [
        ({"type": ["string", "null"]}, {"string", "null"}),
        ({"oneOf": [{"type": "integer"}, {"type": "null"}]}, {"integer"}),
        ({"anyOf": [{"type": "integer"}, {"type": "string"}]}, {"integer", "string"}),
        ({"enum": ["A", 1]}, {"string", "integer"}),
        ({"const": True}, {"boolean"}),
        ({}, set()),
    ],
)
def test_the_types_that_a_schema_takes_are_read_through_its_choices(
    schema: dict[str, Any], kinds: set[str]
) -> None:
    assert Field("any", schema).kinds == kinds


@pytest.mark.slow
def test_a_server_of_an_edited_document_is_judged_by_it(tmp_path: Path) -> None:
    write(tmp_path)
    told = printed_findings("tests.conformance.grown", tmp_path)

    assert told["documented"] == []
    assert told["strict"] == []
    for server, rule in SERVERS:
        wanted = {rule, "answer-schema"} if rule == "update-listed" else {rule}
        assert wanted & {item.partition(":")[0] for item in told[server.__name__]}, server.__doc__


def test_an_unknown_property_inside_an_array_may_be_kept_or_dropped() -> None:
    item = {"type": "object", "properties": {"code": {"type": "string"}}}
    schema = {"type": "array", "items": item}
    told = [{"code": "A", "unknown": 1}, "no object"]
    assert known_items(told, schema) == [{"code": "A"}, "no object"]
    assert known_items(told, {"type": "array", "items": {}}) == told
    assert known_items([{"any": 1}], {"items": {**item, "additionalProperties": True}}) == [
        {"any": 1}
    ]


def test_a_replaced_object_loses_the_properties_that_an_update_does_not_send() -> None:
    labels = Field("labels", {"type": "object", "x-semantics": {"replaced": True}})
    shows = {**MAIN_FIELDS.shows, "labels": labels}
    shown = {"labels.ward": "3", "labels.bed": "7", "other": 1}
    sent = {"labels.bed": "8"}

    replaced = Known("first", 0, replace(MAIN_FIELDS, shows=shows), shown=shown)
    merged = Known("first", 0, MAIN_FIELDS, shown=shown)

    assert {"labels.bed": "8", "other": 1} == replaced.expected(sent)
    assert {"labels.ward": "3", "labels.bed": "8", "other": 1} == merged.expected(sent)


def test_an_empty_map_replaces_what_was_there_or_changes_nothing() -> None:
    labels = Field("labels", {"additionalProperties": {}, "x-semantics": {"replaced": True}})
    other = Field("other", {"additionalProperties": {}})
    schema = {"properties": {"labels": labels.schema, "other": other.schema, "room": PERSON}}
    sent, _ = sorted_out(schema, {"labels": {}, "other": {}, "room": {}})

    shows = {**MAIN_FIELDS.shows, "labels": labels, "other": other}
    known = Known("first", 0, replace(MAIN_FIELDS, shows=shows))
    known.shown = {"labels.ward": "3", "other.bed": "7"}
    expected = known.expected(known.fields.as_stored(sent))

    assert {"labels": {}, "other.bed": "7"} == expected


def test_schemathesis_gets_no_dictionary_for_a_name_that_it_refuses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = {name: Field(name, {"type": "string"}) for name in ("a b", "a-b", "größe")}
    fields = replace(MAIN_FIELDS, updates={**MAIN_FIELDS.updates, **text})
    monkeypatch.setattr(_dictionaries, "MAIN_FIELDS", fields)
    made = _dictionaries.dictionaries(heidi_spec.load("strict"))["dictionaries"]
    assert {"body.a-b", "body.größe"} <= made.keys()
    assert "body.a b" not in made


def test_an_object_is_sent_whole_or_by_its_properties() -> None:
    change = {"room.plan.code": 1, "room.plan": 2, "room": 3, "roomy": 4}
    assert {"roomy": 4} == beside("room", change)
    assert {"roomy": 4} == beside("room.plan.code", change)


def test_a_header_that_the_document_requires_must_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    headers = {"X-Total": {"required": True}, "X-Other": {}}
    monkeypatch.setattr(_shapes, "response", lambda *_: {"headers": headers})
    _shapes.required_headers.cache_clear()

    (violation,) = _shapes.lacking("strict", LIST, Reply(200))
    assert ("answer-schema/header", "X-Total") == (violation.code, violation.field)
    assert [] == [*_shapes.lacking("strict", LIST, Reply(200, (("x-total", "1"),)))]
    _shapes.required_headers.cache_clear()


@pytest.fixture
def strict(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """The strict document, by which responses are judged as the test leaves it."""
    document = heidi_spec.load("strict")
    caches = (_shapes.asserted, _shapes.returned, _shapes.response, _shapes.validator)
    with monkeypatch.context() as patch:
        patch.setattr(_document, "load", lambda _: document)
        for each in caches:
            each.cache_clear()
        yield document
    for each in caches:
        each.cache_clear()


SHOWN = samples(OPERATIONS[READ].responses["200"])[0]["session"]
PIN = {"type": "string", "writeOnly": True}
CODE = {"$ref": "#/components/schemas/Code"}
LOCK = {"$ref": "#/components/schemas/Lock"}


@pytest.mark.parametrize(
    "lock",
    [
        {"properties": {"pin": PIN}, "required": ["pin"]},
        {"properties": {"pin": CODE}, "required": ["pin"]},
        {"properties": {"pin": {"allOf": [CODE]}}, "required": ["pin"]},
        {"allOf": [{"properties": {"pin": PIN}}], "required": ["pin"]},
        {"allOf": [LOCK], "required": ["pin"]},
        {**LOCK, "required": ["pin"]},
        {"properties": {"pin": PIN}, "allOf": [{"required": ["pin"]}]},
        {"properties": {"pin": PIN}, "$ref": "#/components/schemas/Locked"},
        {"properties": {"pin": PIN}, "allOf": [{"$ref": "#/components/schemas/Locked"}]},
    ],
)
def test_a_response_must_not_show_what_is_write_only(
    strict: dict[str, Any], lock: dict[str, Any]
) -> None:
    schemas = strict["components"]["schemas"]
    schemas["Code"] = PIN
    itself = {"$ref": "#/components/schemas/Lock"}
    schemas["Lock"] = {"properties": {"pin": CODE, "inner": itself}, "required": ["pin"]}
    schemas["Locked"] = {"required": ["pin"]}
    schemas["Session"]["properties"]["lock"] = {"type": "object", **lock}

    assert [] == [*_shapes.violations("strict", READ, 200, {"session": SHOWN | {"lock": {}}})]
    shown = {"session": SHOWN | {"lock": {"pin": "1234"}}}
    misfits = {*_shapes.violations("strict", READ, 200, shown)}
    assert {("$.session.lock.pin", "hidden")} == {(one.place, one.keyword) for one in misfits}


def test_what_an_owner_forbids_is_not_said_to_be_write_only(strict: dict[str, Any]) -> None:
    strict["components"]["schemas"]["Session"]["properties"]["type"] = False
    body = json.dumps({"session": SHOWN | {"type": "1"}}).encode()
    response = Reply(200, (("content-type", "application/json"),), body)
    (violation,) = _shapes.misshapen("strict", READ, response)
    assert ("answer-schema/value", "$.session.type") == (violation.code, violation.field)


@pytest.mark.parametrize("flag", ["readOnly", "writeOnly"])
@pytest.mark.parametrize("properties", RECURSIVE)
def test_a_schema_within_itself_keeps_a_reference(flag: Any, properties: Any) -> None:
    text = json.dumps({"properties": properties}).replace('"flag"', f'{{"{flag}": true}}')
    document = {"components": {"schemas": {"Node": json.loads(text)}}}
    left = without(document, document, flag)["components"]["schemas"]["Node"]
    assert '"#/components/schemas/Node"' in json.dumps(left)
    assert flag not in json.dumps(left)


@pytest.mark.parametrize(("now", "alike"), [(1, True), (True, False), (1.5, False)])
def test_a_listed_resource_is_unchanged_only_with_the_same_types(now: Any, alike: bool) -> None:
    known = Known("first", 0, listed=repr({"session_id": "7", "of_the_server": 1}))
    known.attempts["foreign"] = [{}]
    assert alike is known.stands_as_listed({"session_id": "7", "of_the_server": now})
    known.settled = False
    assert not known.stands_as_listed({"session_id": "7", "of_the_server": 1})
