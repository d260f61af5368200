"""Small documents: the package is generated, imported and used with values."""

from __future__ import annotations

import ast
import builtins
import copy
import datetime
import importlib
import inspect
import json
import keyword
import pickle
import sys
from typing import TYPE_CHECKING, Any, get_type_hints

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scripts.generator.methods import OPTIONS
from scripts.generator.properties import RESERVED_ATTRIBUTES, RESERVED_CLASSES
from scripts.steps.client import OUTPUT, ROOT, main, render

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from types import ModuleType

STRING: dict[str, Any] = {"type": "string"}
SERVERS: list[dict[str, Any]] = [
    {"url": "https://example.com"},
    {"url": "https://{region}.example.com", "variables": {"region": {"default": "a", "enum": ["a"]}}},
]  # fmt: skip


def reference(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


def an_object(properties: dict[str, Any], required: list[str] | None = None) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": required or []}


def a_map(schema: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": schema}


def parameter(place: str, name: str, schema: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"in": place, "name": name, "schema": schema, "required": place == "path", **more}


def responses(*codes: str, schema: dict[str, Any] | None = None) -> dict[str, Any]:
    content = {"application/json": {"schema": reference("Thing") if schema is None else schema}}
    return {code: {"description": "", "content": content} for code in codes}


def operation(id_: str, *parameters: dict[str, Any], **more: Any) -> dict[str, Any]:
    node = {"operationId": id_, "tags": ["Things"], "parameters": [*parameters]}
    return {"responses": responses("200"), **node, **more}


def document(paths: dict[str, Any], schemas: dict[str, Any], **components: Any) -> dict[str, Any]:
    return {
        "openapi": "3.1.0",
        "info": {"title": "Things", "version": "1.0.0"},
        "servers": SERVERS,
        "paths": paths,
        "components": {"schemas": {"Thing": an_object({"id": STRING}), **schemas}, **components},
    }


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Any]]:
    """Generate a document once, and import a module of the package."""
    folder = tmp_path_factory.mktemp("generated")
    sys.path.insert(0, str(folder))
    packages = dict[str, str]()

    def load(content: dict[str, Any], module: str) -> ModuleType:
        text = json.dumps(content)
        if text not in packages:
            name = f"generated_{len(packages)}"
            (folder / f"{name}.json").write_text(text, "utf-8")
            for path, code in render(folder / f"{name}.json").items():
                (folder / name / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / name / path).write_bytes(code)
            packages[text] = name
        return importlib.import_module(f"{packages[text]}.{module}")

    yield load
    sys.path.remove(str(folder))
    for name in [each for each in sys.modules if each.partition(".")[0] in packages.values()]:
        del sys.modules[name]


# Names


def names_of_generated_modules() -> set[str]:
    """Every name that the committed modules define, import or use."""
    found = set[str]()
    for path in (ROOT / OUTPUT).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            match node:
                case ast.Name(id=name) | ast.arg(arg=name) | ast.Attribute(attr=name):
                    found.add(name)
                case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                    found.add(name)
                case ast.alias(name=name, asname=other):
                    found |= {name.rpartition(".")[2], other or name}
                case _:
                    pass
    return {name for name in found if name.isidentifier()}


def distinct(names: set[str]) -> list[str]:
    """Leave out names that differ only in case and underscores, which have their own test."""
    return sorted(
        {
            name.replace("_", "").lower(): name
            for name in sorted(sorted(names), key=len, reverse=True)
        }.values()
    )


HARD = {
    *(*dir(builtins), *keyword.kwlist, *keyword.softkwlist, *names_of_generated_modules()),
    *("new", "full_date", "are", "read_all", "by_value", "self", "cls", "data", "get", "consume"),
    *("data_", "name_", "unset", "body", "url", "client", "strict", "response", "error"),
}
NAMES = distinct(HARD - {"_"})
LOWER = [name for name in NAMES if name == name.lower() and not name.startswith("_")]
CLASSES = sorted(name for name in names_of_generated_modules() if name[0].isupper())

HARD_NAMES = document(
    {
        "/query": {"get": operation("query", *(parameter("query", name, STRING) for name in NAMES))},
        "/header": {"get": operation("header", *(parameter("header", f"X-{name}", STRING) for name in NAMES))},
        "/lower": {"get": operation("lower", *(parameter("header", name, STRING) for name in LOWER))},
        "/" + "/".join(f"{{{name}}}" for name in NAMES): {
            "get": operation("path", *(parameter("path", name, STRING) for name in NAMES))
        },
    },
    {
        "Required": an_object(dict.fromkeys(NAMES, STRING), NAMES),
        "Optional": an_object(dict.fromkeys(NAMES, STRING)),
        "Nested": an_object(
            {
                name: an_object({name: {"type": "string", "format": "date"}}, [name])
                for name in NAMES
            },
            NAMES,
        ),
        "Mixed": an_object(
            {
                name: [
                    {"type": "array", "items": reference("Required")},
                    {"type": ["string", "null"], "format": "date"},
                    {"type": "array", "items": STRING},
                    {"type": "string", "format": "date-time"},
                    reference("Color"),
                ][index % 5]
                for index, name in enumerate(NAMES)
            },
            NAMES[::2],
        ),
        "Color": {"type": "string", "enum": ["red", "green"]},
    },
)  # fmt: skip


def test_the_names_under_test_are_those_that_can_clash() -> None:
    wanted = {"new", "are", "self", "type", "list", "members", "to_dict", "datetime", "class"}
    assert wanted <= set(NAMES)
    assert {"Any", "Mapping", "Model", "UNSET", "OPERATION"} <= set(CLASSES)


@pytest.mark.slow
@pytest.mark.parametrize("model", ["Required", "Optional", "Nested"])
def test_a_property_with_any_name_is_read_written_and_set(
    generated: Callable[..., Any], model: str
) -> None:
    make = getattr(generated(HARD_NAMES, "models"), model)
    sent: dict[str, Any] = {name: f"value of {name}" for name in NAMES}
    if model == "Nested":
        sent = {name: {name: "2020-02-29"} for name in NAMES}
    read = make.from_dict(copy.deepcopy(sent))
    assert read.mismatch() is None
    assert sent == read.to_dict()
    hints = get_type_hints(make)
    for name in NAMES:
        attribute = make.members[name].attribute
        value = getattr(read, attribute)
        if model == "Nested":
            inner = value.members[name].attribute
            assert datetime.date(2020, 2, 29) == getattr(value, inner)
            assert hints[attribute] is type(value)
        else:
            assert sent[name] == value
            setattr(read, attribute, "another")
            assert "another" == read.to_dict()[name]


@pytest.mark.slow
def test_a_model_of_any_names_is_made_by_keyword(generated: Callable[..., Any]) -> None:
    make = generated(HARD_NAMES, "models").Optional
    assert not {"_kept", "_additional"} & set(inspect.signature(make).parameters)
    for name in NAMES:
        made = make(**{make.members[name].attribute: "value"})
        assert {name: "value"} == made.to_dict()


@pytest.mark.slow
def test_both_readers_agree_for_any_name_and_type(
    generated: Callable[..., Any],
) -> None:
    models = generated(HARD_NAMES, "models")
    inner = dict.fromkeys(NAMES, "x")
    values = [[inner], "2020-02-29", ["a", "b"], "2020-02-29T00:00:00Z", "red"]
    sent = {name: values[index % 5] for index, name in enumerate(NAMES)}
    for each in (sent, {name: sent[name] for name in NAMES[::2]}, {}, dict.fromkeys(NAMES, 7)):
        read = models.Mixed.from_dict(copy.deepcopy(each))
        assert each == read.to_dict()
        assert read == models.Mixed._from_table(copy.deepcopy(each))
    get_type_hints(models.Mixed)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("module", "names"),
    [("query", NAMES), ("header", [f"X-{name}" for name in NAMES]), ("lower", LOWER), ("path", NAMES)],
)  # fmt: skip
def test_a_parameter_of_any_name_is_sent(
    generated: Callable[..., Any], module: str, names: list[str]
) -> None:
    operation = operation_in(generated, HARD_NAMES, module)
    values = [f"value{index}" for index, _ in enumerate(names)]
    if module == "path":
        assert "/" + "/".join(values) == operation.build(values, {}).path
        return
    arguments = {**operation.query, **operation.headers}
    assert all(name.isidentifier() and not keyword.iskeyword(name) for name in arguments)
    request = operation.build((), dict(zip(arguments, values, strict=True)))
    if module == "query":
        assert dict(zip(names, values, strict=True)) == request.params
    else:
        assert dict(zip(map(str.lower, names), values, strict=True)) == request.headers


@pytest.mark.slow
def test_a_schema_of_any_name_works(generated: Callable[..., Any]) -> None:
    schemas = {
        name: an_object({"id": STRING}, ["id"])
        for name in distinct({*CLASSES})
        if name not in {"Thing", "ClassVar"}
    }
    envelope = an_object({f"the_{name}": reference(name) for name in schemas}, [])
    paths = {
        f"/{name}": {"get": operation(f"get{index}", responses=responses("200", schema=reference(name)))}
        for index, name in enumerate(schemas)
    }  # fmt: skip
    content = document(paths, {**schemas, "Envelope": envelope})
    sent = {f"the_{name}": {"id": name} for name in schemas}
    assert sent == generated(content, "models").Envelope.from_dict(sent).to_dict()
    for each in generated(content, "api").OPERATIONS:
        assert each.id.startswith("get")


def test_the_reserved_names_are_those_of_every_model_and_module(
    generated: Callable[..., Any],
) -> None:
    model = generated(TYPED, "decoding").Model
    attributes = {name for name in dir(model) if not name.startswith("_")}
    assert attributes | {*OPTIONS} == RESERVED_ATTRIBUTES
    unused = {"AsyncHeidi", "Heidi", "Literal", "Sequence", "UUID"}
    assert {*RESERVED_CLASSES} - {*CLASSES} <= unused


def test_names_that_differ_in_case_or_punctuation_each_have_an_attribute(
    generated: Callable[..., Any],
) -> None:
    names = ["fooBar", "foo_bar", "FooBar", "members_", "members"]
    content = document({}, {"Twins": an_object(dict.fromkeys(names, STRING), names)})
    sent = {name: f"value of {name}" for name in names}
    twins = generated(content, "models").Twins.from_dict(sent)
    assert sent == twins.to_dict()
    assert "value of foo_bar" == twins.foo_bar
    assert len(names) == len({field.attribute for field in twins.members.values()})


# Types of property


def as_text(value: object) -> str:
    """Write JSON, in which 1, 1.0 and true differ."""
    return json.dumps(value, sort_keys=True)


COLOR = {"type": "string", "enum": ["red", "light blue"]}
LEVEL = {"type": "integer", "enum": [0, 1, 2]}
NULL = {"type": "null"}
DATE = {"type": "string", "format": "date"}
DATE_TIME = {"type": "string", "format": "date-time"}

TYPES: dict[str, tuple[dict[str, Any], list[Any], list[Any]]] = {
    # property: schema, valid values, invalid values
    "string": (STRING, ["", "a"], [1, None, True, ["a"]]),
    "bounded": ({"type": "integer", "minimum": 1, "maximum": 9}, [1, 9, 1.0], ["1", 1.5, True]),
    "number": ({"type": "number", "exclusiveMinimum": 0}, [1, 0.5], ["1", False]),
    "boolean": ({"type": "boolean"}, [True, False], [0, "true", None]),
    "date": (DATE, ["2020-02-29"], ["2021-02-29", "20200229", 1]),
    "instant": (DATE_TIME, ["2020-02-29T01:02:03Z", "2020-02-29t01:02:03.123456789+01:00"], ["2020-02-29", 1]),
    "uuid": ({"type": "string", "format": "uuid"}, ["4f8e3a5c-0b1d-4c1e-9a53-0e0a5d1f2b3c"], [1]),
    "open_format": ({"type": "string", "format": "phone"}, ["+44"], [44]),
    "named_enum": (reference("Color"), ["red", "light blue"], ["green", 1, None]),
    "inline_enum": (COLOR, ["red", "light blue"], ["green", 1, None]),
    "integer_enum": (LEVEL, [0, 1, 2, 1.0], [3, "1", True, None]),
    "null_enum": ({"oneOf": [reference("Color"), NULL]}, ["red", None], ["green", 1]),
    "null_inline_enum": ({"type": ["string", "null"], "enum": ["a", None]}, ["a", None], ["b", 1]),
    "constant": ({"const": "a"}, ["a"], [1]),
    "strings": ({"type": "array", "items": STRING}, [[], ["a", "b"]], ["a", [1], None]),
    "enums": ({"type": "array", "items": reference("Color")}, [[], ["red", "red"]], [["green"], [1]]),
    "inline_enums": ({"type": "array", "items": COLOR}, [["light blue"]], [["green"]]),
    "dates": ({"type": "array", "items": DATE}, [["2020-02-29"]], [["2021-02-29"]]),
    "anythings": ({"type": "array", "items": {}}, [[1, "a", None, {}]], [1]),
    "arrays": ({"type": "array", "items": {"type": "array", "items": reference("Thing")}}, [[[{"id": "a"}], []]], [[{}]]),
    "null_array": ({"type": ["array", "null"], "items": STRING}, [None, ["a"]], [1, [1]]),
    "object": (reference("Thing"), [{"id": "a"}, {}, {"other": 1}], [1, []]),
    "only_ref": ({"allOf": [reference("Thing")], "description": "One."}, [{"id": "a"}], [1]),
    "null_object": ({"oneOf": [reference("Thing"), NULL]}, [{"id": "a"}, None], [1, []]),
    "any_object": ({"anyOf": [reference("Thing"), NULL]}, [{"id": "a"}, None], [1]),
    "inline_object": (an_object({"deep": an_object({"deeper": DATE})}), [{"deep": {"deeper": "2020-02-29"}}], [1, {"deep": 1}, {"deep": {"deeper": "x"}}]),
    "objects": ({"type": "array", "items": an_object({"a": {"type": "boolean"}})}, [[], [{"a": True}]], [[{"a": 1}], [1]]),
    "merged": (reference("Merged"), [{"id": "a", "more": 1}], [{"id": "a"}, {"more": "1"}]),
    "map": (a_map({"type": "integer"}), [{}, {"a": 1, "": 2}], [1, {"a": 1, "b": "1"}, {"": None}]),
    "map_of_dates": (a_map(DATE), [{"a": "2020-02-29"}], [{"a": "2021-02-29"}]),
    "map_of_enums": (a_map(reference("Color")), [{"a": "red"}], [{"a": "green"}, {"a": 1}]),
    "map_of_objects": (a_map(an_object({"id": STRING}, ["id"])), [{"a": {"id": "x"}}], [{"a": {}}, {"a": 1}]),
    "map_of_maps": (a_map(a_map(a_map({"type": "boolean"}))), [{"a": {"b": {"c": True}}}], [{"a": {"b": {"c": 1}}}]),
    "map_of_anything": (a_map({}), [{"a": [1]}], [1]),
    "named_and_others": ({**an_object({"id": STRING}, ["id"]), **a_map({"type": "integer"})}, [{"id": "a", "b": 1}], [{"id": "a", "b": "c"}, {"b": 1}]),
    "free": ({"type": "object"}, [{}, {"a": [1]}], [1, None]),
    "anything": ({}, [1, None, "a", [], {}], []),
    "either": ({"type": ["integer", "string"]}, [1, "a"], [1.5, True, []]),
}  # fmt: skip

SAMPLE = {name: values[0] for name, (_, values, _) in TYPES.items()}
TYPED = document(
    {},
    {
        "Color": COLOR,
        "Merged": {"allOf": [reference("Thing"), an_object({"more": {"type": "integer"}}, ["more"])]},
        "All": an_object({name: schema for name, (schema, _, _) in TYPES.items()}, [*TYPES]),
        "Some": an_object({name: schema for name, (schema, _, _) in TYPES.items()}),
    },
)  # fmt: skip


@pytest.mark.parametrize("model", ["All", "Some"])
@pytest.mark.parametrize("name", TYPES)
def test_a_property_of_each_type_keeps_valid_and_invalid_values(
    generated: Callable[..., Any], name: str, model: str
) -> None:
    read = getattr(generated(TYPED, "models"), model).from_dict
    _, fitting, misfitting = TYPES[name]
    for value, fits in [
        *((each, True) for each in fitting),
        *((each, False) for each in misfitting),
    ]:
        sent = {**SAMPLE, name: value}
        made = read(copy.deepcopy(sent))
        assert as_text(sent) == as_text(made.to_dict())
        mismatch = made.mismatch()
        assert fits == (mismatch is None), value
        assert mismatch is None or mismatch.path.startswith(f"$.{name}")


@pytest.mark.parametrize("name", TYPES)
def test_a_missing_required_property_is_a_mismatch(
    generated: Callable[..., Any], name: str
) -> None:
    models = generated(TYPED, "models")
    sent = {each: value for each, value in SAMPLE.items() if each != name}
    assert f"$.{name}" == models.All.from_dict(dict(sent)).mismatch().path
    assert models.Some.from_dict(dict(sent)).mismatch() is None
    for model in (models.All, models.Some):
        assert sent == model.from_dict(copy.deepcopy(sent)).to_dict()


def test_values_of_each_type_are_python_values(generated: Callable[..., Any]) -> None:
    models = generated(TYPED, "models")
    read = models.All.from_dict(
        copy.deepcopy({**SAMPLE, "arrays": [[{"id": "a"}]], "bounded": 2.0})
    )
    assert datetime.date(2020, 2, 29) == read.date
    assert datetime.datetime(2020, 2, 29, 1, 2, 3, tzinfo=datetime.UTC) == read.instant
    assert read.named_enum is models.Color.RED
    assert 0 == read.integer_enum.value
    assert "a" == read.arrays[0][0].id
    assert int is type(read.bounded)
    assert datetime.date(2020, 2, 29) == read.inline_object.deep.deeper
    maps = {
        "map": {"a": 1.0, "b": "1"},
        "map_of_dates": {"a": "2020-02-29"},
        "map_of_objects": {"a": {"id": "x"}},
        "named_and_others": {"id": "x", "b": 2.0, "c": "d"},
    }
    read = models.All.from_dict(copy.deepcopy({**SAMPLE, **maps}))
    assert {"a": 1, "b": None} == read.map_.additional_properties
    assert datetime.date(2020, 2, 29) == read.map_of_dates.additional_properties["a"]
    assert "x" == read.map_of_objects.additional_properties["a"].id
    assert {"b": 2, "c": None} == read.named_and_others.additional_properties


def test_a_value_of_a_map_is_changed_added_and_removed(generated: Callable[..., Any]) -> None:
    sent = {**SAMPLE, "map_of_dates": {"secret": "wrong", "kept": "wrong", "b": "2020-02-29"}}
    read = generated(TYPED, "models").All.from_dict(copy.deepcopy(sent))
    mismatch = read.mismatch()
    assert ("$.map_of_dates.*", "a date") == (mismatch.path, mismatch.expected)
    values = read.map_of_dates.additional_properties
    values["secret"] = values["c"] = datetime.date(2024, 1, 31)
    del values["b"]
    expected = {"secret": "2024-01-31", "kept": "wrong", "c": "2024-01-31"}
    assert expected == read.map_of_dates.to_dict()
    del values["kept"], values["secret"]
    assert {"c": "2024-01-31"} == read.map_of_dates.to_dict()
    assert read.mismatch() is None


# Copies


@pytest.mark.slow
@pytest.mark.parametrize("model", ["All", "Some"])
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_an_invalid_model_is_copied_pickled_and_converted_to_a_dict(
    generated: Callable[..., Any], model: str, data: st.DataObject
) -> None:
    choices = {
        name: st.sampled_from([*fitting, *misfitting])
        for name, (_, fitting, misfitting) in TYPES.items()
    }
    sent = data.draw(st.fixed_dictionaries({}, optional={**choices, "unknown": st.just([1])}))
    made = getattr(generated(TYPED, "models"), model).from_dict(copy.deepcopy(sent))
    for twin in (copy.copy(made), copy.deepcopy(made), pickle.loads(pickle.dumps(made))):  # noqa: S301
        assert made == twin
        assert as_text(made.to_dict()) == as_text(twin.to_dict())
    plain = attrs.asdict(made)
    assert {field.attribute for field in made.members.values()} <= plain.keys()
    assert plain["string"] == made.string


def test_kept_values_are_not_arguments(generated: Callable[..., Any]) -> None:
    make = generated(TYPED, "models").Some
    assert {*TYPES} == {name.rstrip("_") for name in inspect.signature(make).parameters}
    with pytest.raises(TypeError):
        make(_kept={})
    with pytest.raises(TypeError):
        make(_additional={})


# Parameters

ARRAY = {"type": "array", "items": STRING}
DEEP = an_object({"from": DATE, "tags": ARRAY, "new": {"type": "boolean"}})
NOON = datetime.datetime(2020, 2, 29, 12, tzinfo=datetime.UTC)
DAY = datetime.date(2020, 2, 29)

QUERIES: dict[str, tuple[dict[str, Any], dict[str, Any], Any, dict[str, Any]]] = {
    # argument: schema, other keywords of the parameter, value, what is sent
    "string": (STRING, {}, "a b", {"string": "a b"}),
    "integer": ({"type": "integer"}, {}, 7, {"integer": 7}),
    "number": ({"type": "number"}, {}, 1.5, {"number": "1.5"}),
    "boolean": ({"type": "boolean"}, {}, True, {"boolean": "true"}),
    "date": (DATE, {}, DAY, {"date": "2020-02-29"}),
    "instant": (DATE_TIME, {}, NOON, {"instant": "2020-02-29T12:00:00+00:00"}),
    "instant_as_string": (DATE_TIME, {}, "2020-02-29T12:00:00Z", {"instant_as_string": "2020-02-29T12:00:00Z"}),
    "named_enum": (reference("Color"), {}, "light blue", {"named_enum": "light blue"}),
    "inline_enum": (COLOR, {}, "red", {"inline_enum": "red"}),
    "integer_enum": (LEVEL, {}, 2, {"integer_enum": 2}),
    "either": ({"type": ["integer", "string"]}, {}, "x", {"either": "x"}),
    "strings": (ARRAY, {}, ["a", "b"], {"strings": ["a", "b"]}),
    "no_strings": (ARRAY, {}, [], {"no_strings": []}),
    "exploded": (ARRAY, {"style": "form", "explode": True}, ["a"], {"exploded": ["a"]}),
    "joined": (ARRAY, {"explode": False}, ["a", "b"], {"joined": "a,b"}),
    "spaced": (ARRAY, {"style": "spaceDelimited"}, ["a", "b"], {"spaced": "a b"}),
    "piped": (ARRAY, {"style": "pipeDelimited"}, ["a", "b"], {"piped": "a|b"}),
    "enums": ({"type": "array", "items": reference("Color")}, {}, ["red"], {"enums": ["red"]}),
    "dates": ({"type": "array", "items": DATE}, {"explode": False}, [DAY, DAY], {"dates": "2020-02-29,2020-02-29"}),
    "flags": ({"type": "array", "items": {"type": "boolean"}}, {}, [True, False], {"flags": ["true", "false"]}),
    "deep": (reference("Deep"), {"style": "deepObject"}, {"from": DAY, "tags": ["a", "b"], "new": False},
             {"deep[from]": "2020-02-29", "deep[tags]": ["a", "b"], "deep[new]": "false"}),
}  # fmt: skip
HEADERS: dict[str, tuple[dict[str, Any], Any, str]] = {
    "X-String": (STRING, "a b", "a b"),
    "X-Integer": ({"type": "integer"}, 7, "7"),
    "X-Boolean": ({"type": "boolean"}, False, "false"),
    "X-Enum": (reference("Color"), "light blue", "light blue"),
    "X-Date": (DATE, DAY, "2020-02-29"),
}
PATHS: dict[str, tuple[dict[str, Any], Any, str]] = {
    "string": (STRING, "a/b {c}", "a%2Fb%20%7Bc%7D"),
    "integer": ({"type": "integer"}, 7, "7"),
    "enum": (COLOR, "light blue", "light%20blue"),
    "date": (DATE, DAY, "2020-02-29"),
}


def sending(*, required: bool) -> dict[str, dict[str, Any]]:
    parameters = [
        *(parameter("query", name, schema, **{**more, "required": required}) for name, (schema, more, _, _) in QUERIES.items()),
        *(parameter("header", name, schema, required=required) for name, (schema, _, _) in HEADERS.items()),
    ]  # fmt: skip
    return {"get": operation("required" if required else "optional", *parameters)}


ROUTE = "/x{y}/" + "/".join(f"{{{name}}}" for name in PATHS)
SENT = document(
    {
        "/required": sending(required=True),
        "/optional": sending(required=False),
        ROUTE.replace("{y}", "y"): {
            "parameters": [{"$ref": "#/components/parameters/String"}],
            "get": operation("path", *(parameter("path", name, schema) for name, (schema, _, _) in PATHS.items() if name != "string")),
        },
        "/twice/{id}": {"post": operation("twice", parameter("path", "id", STRING), parameter("query", "id", STRING), parameter("query", "body", STRING), parameter("header", "Id", STRING), requestBody={"content": {"application/json": {"schema": reference("Thing")}}})},
    },
    {"Color": COLOR, "Deep": DEEP},
    parameters={"String": parameter("path", "string", STRING, description="Of all.")},
)  # fmt: skip


def operation_in(generated: Callable[..., Any], source: dict[str, Any], name: str) -> Any:
    package = generated(source, "types").__package__
    return importlib.import_module(f"{package}.api.things.{name}").OPERATION


def built(generated: Callable[..., Any], name: str, *path: Any, **keywords: Any) -> Any:
    """Make a request as a method does."""
    facade = generated(SENT, "facade")
    method = facade.Method(operation=operation_in(generated, SENT, name))
    return facade.checked(method.prepare(None, path, **keywords)).request


def arguments(generated: Callable[..., Any]) -> dict[str, Any]:
    deep = generated(SENT, "models").Deep
    given = {name: value for name, (_, _, value, _) in QUERIES.items()}
    given["deep"] = deep(from_=DAY, tags=["a", "b"], new=False)
    return given | {
        name.lower().replace("-", "_"): value for name, (_, value, _) in HEADERS.items()
    }


@pytest.mark.parametrize("name", ["required", "optional"])
def test_query_and_header_parameters_of_each_type_are_sent(
    generated: Callable[..., Any], name: str
) -> None:
    request = built(generated, name, **arguments(generated))
    expected = {key: value for *_, sent in QUERIES.values() for key, value in sent.items()}
    assert json.dumps(expected) == json.dumps(request.params)
    assert {name.lower(): sent for name, (_, _, sent) in HEADERS.items()} == request.headers


def test_parameters_that_are_left_out_are_not_sent(generated: Callable[..., Any]) -> None:
    request = built(generated, "optional")
    assert ({}, {}) == (request.params, request.headers)
    with pytest.raises(TypeError):
        generated(SENT, "resources").Things(None).required()


def test_path_parameters_of_each_type_stay_within_their_segment(
    generated: Callable[..., Any],
) -> None:
    request = built(generated, "path", *(value for _, value, _ in PATHS.values()))
    assert ROUTE.replace("{y}", "y") == request.operation.route
    assert "/xy/" + "/".join(sent for _, _, sent in PATHS.values()) == request.path
    assert "Of all." in generated(SENT, "resources").Things.path.__doc__


def test_parameters_with_the_same_name_are_named_for_their_places(
    generated: Callable[..., Any],
) -> None:
    request = built(generated, "twice", "a", body="b", id_query="c", id_="d", id="x")
    assert ("/twice/a", {"id": "c", "body": "b"}) == (request.path, request.params)
    assert ({"id": "d"}, {"id": "x"}) == (request.headers, request.json)


@pytest.mark.parametrize(
    ("name", "value", "error", "message"),
    [
        ("string", None, TypeError, "string must be a string, not None; leave it out instead"),
        ("strings", [None], TypeError, r"strings\[0\] must be a string"),
        ("joined", "a,b", TypeError, "joined must be a list, each item a string, not one string"),
        ("joined", ["a,b"], ValueError, "joined must not hold ',' in an item"),
        ("x_string", "a\r\nB: c", ValueError, "x-string must hold printable ASCII only"),
        ("x_string", "caf\u00e9", ValueError, "x-string must hold printable ASCII only"),
    ],
)
def test_an_argument_that_cannot_be_sent_is_refused_without_its_value(
    generated: Callable[..., Any], name: str, value: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        built(generated, "optional", **{name: value})


# Responses

BODY = {"id": "a"}
FREE = {"type": "object"}
RESPONSES: dict[str, tuple[dict[str, Any], list[tuple[Any, Any]], bool]] = {
    # operation: responses, pairs of a body and what it decodes to, whether it may be empty
    "one": (responses("200"), [(BODY, BODY)], False),
    "created": (responses("201"), [(BODY, BODY)], False),
    "accepted": (responses("202", "default"), [(BODY, BODY)], False),
    "several": (responses("200", "201", "202"), [(BODY, BODY)], False),
    "any2": (responses("2XX"), [(BODY, BODY)], False),
    "none": ({"204": {"description": ""}}, [(None, None)], True),
    "nothing": ({"200": {"description": ""}, "404": {"description": ""}}, [(None, None)], True),
    "named": ({"204": {"$ref": "#/components/responses/Nothing"}}, [(None, None)], True),
    "maybe": ({**responses("200"), "204": {"description": ""}}, [(BODY, BODY), (None, None)], True),
    "free": (responses("200", schema=FREE), [({"a": [1]}, {"a": [1]}), ({}, {})], False),
    "inline": (responses("200", schema=an_object({"new": DATE})), [({"new": "2020-02-29"}, {"new": "2020-02-29"})], False),
}  # fmt: skip
WITH_RESPONSE = document(
    {
        f"/{name}": {"post": operation(name, responses=node)}
        for name, (node, _, _) in RESPONSES.items()
    },
    {},
    responses={"Nothing": {"description": ""}},
)


@pytest.mark.parametrize("name", RESPONSES)
def test_a_successful_response_of_each_kind_is_decoded(
    generated: Callable[..., Any], name: str
) -> None:
    operation = operation_in(generated, WITH_RESPONSE, name)
    _, pairs, empty = RESPONSES[name]
    assert empty == operation.empty
    for body, expected in pairs:
        for strict in (True, False):
            decoded = operation.decode(copy.deepcopy(body), strict=strict)
            assert expected == (None if decoded is None else decoded.to_dict())


# Refusals


def with_query(schema: dict[str, Any], **more: Any) -> dict[str, Any]:
    return document({"/a": {"get": operation("a", parameter("query", "q", schema, **more))}}, {})


def with_parameter(place: str, name: str, schema: dict[str, Any], **more: Any) -> dict[str, Any]:
    route = f"/a/{{{name}}}" if place == "path" else "/a"
    node = parameter(place, name, schema, **more)
    return document({route: {"get": operation("a", node)}}, {"Pair": PAIR})


def with_response(node: dict[str, Any]) -> dict[str, Any]:
    return document({"/a": {"get": operation("a", responses=node)}}, {})


def with_body(content: dict[str, Any]) -> dict[str, Any]:
    return document({"/a": {"post": operation("a", requestBody={"content": content})}}, {})


def with_property(schema: dict[str, Any]) -> dict[str, Any]:
    return document({}, {"T": an_object({"p": schema}), "Pair": PAIR})


PAIR = an_object({"id": STRING, "thing": reference("Thing")})
JSON = {"application/json": {"schema": reference("Thing")}}
PLACE = "#/paths/~1a/get/"
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "another credential": (document({"/a": {"get": operation("a", security=[{"key": []}])}}, {}), "#/paths/~1a/get: the client sends bearer tokens, and no credential for key; demand a bearer token, or remove the operation"),
    "cookie": (with_parameter("cookie", "c", STRING), f"{PLACE}parameters/0: cookie parameters are not supported; send it in the query or a header"),
    "content in place of schema": (document({"/a": {"get": operation("a", {"in": "query", "name": "q", "content": JSON})}}, {}), f"{PLACE}parameters/0: a parameter must have a schema; write `schema`"),
    "ignored header": (with_parameter("header", "Accept", STRING), f"{PLACE}parameters/0: OpenAPI ignores a header parameter of this name; remove it"),
    "bad header": (with_parameter("header", "X Y", STRING), f"{PLACE}parameters/0: the name is not valid for a header; rename it"),
    "array in a header": (with_parameter("header", "X", ARRAY), "GET /a: the header parameter X must be a string, number, boolean, date or enum; change its schema"),
    "array in the path": (with_parameter("path", "x", ARRAY), "GET /a/{x}: the path parameter x must be a string, number"),
    "style of the path": (with_parameter("path", "x", STRING, style="label"), "GET /a/{x}: the path parameter x has style label; write `style: simple`"),
    "object in the path": (with_parameter("path", "x", reference("Thing")), "GET /a/{x}: the path parameter x must be a string, number"),
    "null in the query": (with_query({"type": ["string", "null"]}), "GET /a: the query parameter q must be a string, number"),
    "anything in the query": (with_query({}), "GET /a: the query parameter q must be a string, number"),
    "arrays of arrays": (with_query({"type": "array", "items": ARRAY}), "GET /a: the query parameter q must be an array of strings, numbers, booleans or dates"),
    "array of objects": (with_query({"type": "array", "items": reference("Thing")}), "GET /a: the query parameter q must be an array of"),
    "style of an array": (with_query(ARRAY, style="deepObject"), "GET /a: the query parameter q has style deepObject; write one of form, spaceDelimited, pipeDelimited"),
    "object as a form": (with_query(reference("Thing")), "GET /a: the query parameter q is an object; write `style: deepObject`"),
    "object in an object": (with_parameter("query", "q", reference("Pair"), style="deepObject"), "GET /a: the query parameter q has an object in thing; leave it out"),
    "lost parameter": (document({"/a": {"get": operation("a", {"$ref": "#/components/parameters/X"})}}, {}), f"{PLACE}parameters/0: $ref #/components/parameters/X not found; correct it"),
    "form": (with_body({"application/x-www-form-urlencoded": JSON["application/json"]}), "#/paths/~1a/post/requestBody: the client sends application/json alone"),
    "multipart": (with_body({"multipart/form-data": JSON["application/json"]}), "#/paths/~1a/post/requestBody: the client sends application/json alone"),
    "several bodies": (with_body({**JSON, "text/plain": {"schema": STRING}}), "#/paths/~1a/post/requestBody: the client sends application/json alone"),
    "array as a body": (with_body({"application/json": {"schema": ARRAY}}), "POST /a: the request body must be one object; write `type: object`"),
    "text as a response": (with_response({"200": {"description": "", "content": {"text/plain": {"schema": STRING}}}}), f"{PLACE}responses: the client reads application/json alone"),
    "array as a response": (with_response(responses("200", schema=ARRAY)), "GET /a: the body of response 200 must be one JSON object; write `type: object` with the value as a property"),
    "string as a response": (with_response(responses("200", schema=STRING)), "GET /a: the body of response 200 must be one JSON object"),
    "anything as a response": (with_response(responses("200", schema={})), "GET /a: the body of response 200 must be one JSON object"),
    "responses that differ": (with_response({**responses("200"), **responses("202", schema=FREE)}), "GET /a: the successful responses 200, 202 have different schemas, Thing, AResponse202; write one schema for all"),
    "no success": (with_response({"404": {"description": ""}}), f"{PLACE}responses: there is no successful response; write one, such as 200 or 204"),
    "one of two objects": (with_property({"oneOf": [reference("Thing"), reference("Pair")]}), "#/components/schemas/T/properties/p: one of several objects is not supported; write one object with the properties of all"),
    "one of two objects by a property": (with_property({"anyOf": [reference("Thing"), an_object({"id": STRING}), NULL], "discriminator": {"propertyName": "id"}}), "#/components/schemas/T/properties/p: one of several objects is not supported"),
    "enum of numbers": (with_property({"enum": [1.5]}), "#/components/schemas/T/properties/p: an enum must hold strings or integers, and not both; correct it"),
    "enum of two types": (with_property({"enum": ["a", 1]}), "#/components/schemas/T/properties/p: an enum must hold strings or integers"),
    "tuple": (with_property({"type": "array", "prefixItems": [STRING], "items": STRING}), "#/components/schemas/T/properties/p: prefixItems is not supported; write `items`"),
    "array of what": (with_property({"type": "array"}), "#/components/schemas/T/properties/p: an array must have `items`; write `items: {}` for any items"),
    "file": (with_property({"type": "string", "format": "binary"}), "#/components/schemas/T/properties/p: files are not supported; write another format"),
    "lost schema": (with_property(reference("Nobody")), "#/components/schemas/T/properties/p: $ref #/components/schemas/Nobody not found; correct it"),
    "itself in a map": (with_property(a_map(reference("T"))), "the schema T > TP > T contains itself"),
    "map as a body": (with_body({"application/json": {"schema": a_map(STRING)}}), "POST /a: the request body is a map; put it into a property"),
    "itself": (with_property(reference("T")), "the schema T > T contains itself; write `type: object` in place of one $ref"),
    "twins": (document({}, {"T": an_object({"type": STRING, "type_": STRING})}), "#/components/schemas/T: two properties have the same name in Python; rename one"),
    "schemas by case": (document({}, {"FooBar": PAIR, "FOOBar": PAIR}), "the schemas FooBar and FOOBar differ in case only; rename one"),
    "schema that attrs mistakes for a ClassVar": (document({}, {"ClassVariant": PAIR, "Pair": PAIR}), "the schema ClassVariant has a name that starts with ClassVar; rename it"),
    "no operationId": (document({"/a": {"get": {"responses": responses("200")}}}, {}), "GET /a has no operationId; write one"),
    "operationId twice": (document({"/a": {"get": operation("a")}, "/b": {"get": operation("A")}}, {}), "GET /b and GET /a have the same operationId in Python, a; rename one"),
    "no server": (document({}, {}) | {"servers": []}, "servers must hold one without variables and one for each {region}"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_an_unsupported_schema_is_one_line_with_file_place_and_fix(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content, message = REFUSED[name]
    path = tmp_path / "client.json"
    path.write_text(json.dumps(content), "utf-8")
    assert 2 == main(["--document", str(path), "--output", str(tmp_path / "package")])
    printed = capsys.readouterr().err
    assert printed.startswith(f"{path}: {message}")
    assert 1 == printed.count("\n")
    assert "; " in printed
    assert not (tmp_path / "package").exists()
