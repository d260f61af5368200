"""A second resource gets its own methods, objects, errors and lists in the client."""

from __future__ import annotations

import importlib
import inspect
import json
import subprocess
import sys
from datetime import date
from typing import TYPE_CHECKING, Any, get_type_hints
from uuid import UUID

import heidi_spec
import pytest
from heidi_generated import metadata

from scripts.steps.client import main, render

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STRING = {"type": "string"}
DATE = {"type": "string", "format": "date"}
BOUNDED = {"type": "integer", "minimum": 1, "multipleOf": 5}
CODE = "#/components/schemas/Code"
PART = "#/components/schemas/Part"
SCHEMAS = {
    "Template": {
        "type": "object",
        "required": ["template_id"],
        "properties": {
            "template_id": STRING,
            "title": STRING,
            "parts": {"type": "array", "items": {"$ref": "#/components/schemas/Part"}},
            "grid": {"type": "array", "items": {"type": "array", "items": {"$ref": PART}}},
            "labels": {"type": "object", "additionalProperties": {"$ref": PART}},
            "maybe": {"anyOf": [{"$ref": PART}, {"type": "null"}]},
        },
        "x-semantics": {"id": "template_id", "owner": "bearerAuth"},
    },
    "TemplateRequest": {
        "type": "object",
        "required": ["title"],
        "properties": {
            **dict.fromkeys(("title", "class", "self", "list", "date", "path"), STRING),
            "day": DATE,
            "kinds": {"type": "array", "items": {"$ref": "#/components/schemas/Kind"}},
            "limits": {"$ref": "#/components/schemas/Limits"},
            "nothing": {"type": ["integer", "null"]},
            "key": {"type": "string", "format": "uuid"},
            "scores": {"type": "object", "additionalProperties": {"type": "integer"}},
            "parts": {
                "type": "object",
                "additionalProperties": {"$ref": "#/components/schemas/Limits"},
            },
            "step": {"type": "number", "exclusiveMinimum": 0, "maximum": 2, "multipleOf": 0.5},
            "codes": {"type": "array", "maxItems": 9, "items": {"$ref": CODE}},
            "counts": {"type": "object", "minProperties": 1, "additionalProperties": BOUNDED},
            "steps": {
                "type": "array",
                "items": {"type": "object", "properties": {"code": {"$ref": CODE}, "n": BOUNDED}},
            },
            "open": {
                "type": "object",
                "properties": {"day": DATE},
                "additionalProperties": DATE,
            },
        },
    },
    "Part": {
        "type": "object",
        "required": ["size", "inner"],
        "properties": {
            "size": {"type": "integer", "minimum": 2, "multipleOf": 5},
            "inner": {"type": "object", "properties": {"day": DATE}},
        },
    },
    "Code": {"type": ["string", "null"], "pattern": r"^[A-Z]\d$", "minLength": 2},
    "Kind": {"type": "string", "enum": ["a", "b"]},
    "Limits": {
        "type": "object",
        "required": ["low"],
        "properties": {"low": {"type": "integer"}, "odd name": STRING, "date": DATE},
    },
    "TemplateList": {
        "type": "object",
        "required": ["found"],
        "properties": {
            "found": {"type": "array", "items": {"$ref": "#/components/schemas/Template"}},
            "meta": {"type": "object", "properties": {"after": {"type": ["string", "null"]}}},
        },
    },
}


def responses(status: str, schema: str | None, **errors: str) -> dict[str, Any]:
    def media(name: str) -> dict[str, Any]:
        return {"schema": {"$ref": f"#/components/schemas/{name}"}}

    shape = next(n for n, s in CLIENT["components"]["schemas"].items() if _is_error(s))
    found: dict[str, Any] = {status: {"description": "It."}}
    if schema:
        found[status]["content"] = {"application/json": media(schema)}
    for code, type_ in errors.items():
        example = {"detail": {"msg": "m", "type": type_}}
        content = {"application/json": media(shape) | {"example": example}}
        found[code.strip("_")] = {"description": f"{type_}.", "content": content}
    return found


def _is_error(schema: dict[str, Any]) -> bool:
    return "error" in schema.get("x-semantics", {})


CLIENT = heidi_spec.load("client")


def parameter(name: str, place: str, schema: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"name": name, "in": place, "schema": schema, **more}


def operation(id_: str, action: str, **parts: Any) -> dict[str, Any]:
    semantics = {"action": action, "resource": "Template", **parts.pop("semantics", {})}
    common = {"operationId": id_, "tags": ["Templates"], "security": [{"bearerAuth": []}]}
    return common | parts | {"x-semantics": semantics}


def document() -> dict[str, Any]:
    root = heidi_spec.load("client")
    root["components"]["schemas"] |= SCHEMAS
    body = {"application/json": {"schema": {"$ref": "#/components/schemas/TemplateRequest"}}}
    page = {"items": "/found", "size": "limit", "token": "after", "next": "/meta/after"}
    whole = {"result": ""}
    root["paths"]["/templates"] = {
        "post": operation(
            "createTemplate",
            "create",
            semantics=whole,
            requestBody={"required": True, "content": body},
            responses=responses("201", "Template"),
        ),
        "get": operation(
            "listTemplates",
            "list",
            semantics={"page": page},
            parameters=[
                parameter("limit", "query", {"type": "integer"}),
                parameter("after", "query", STRING),
                parameter("since", "query", DATE),
                parameter("kind", "query", {"$ref": "#/components/schemas/Kind"}, required=True),
                parameter("X-Clinic", "header", STRING),
            ],
            responses=responses("200", "TemplateList"),
        ),
    }
    root["paths"]["/templates/{template_id}"] = {
        "parameters": [parameter("template_id", "path", STRING, required=True)],
        "get": operation(
            "getTemplate",
            "read",
            semantics=whole,
            responses=responses("200", "Template", _404="TemplateNotFoundError"),
        ),
        "delete": operation(
            "deleteTemplate", "delete", responses=responses("204", None, _409="TemplateInUse")
        ),
    }
    return root


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("facade")
    (folder / "client.json").write_text(json.dumps(document()), "utf-8")
    for path, code in render(folder / "client.json").items():
        (folder / "with_templates" / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / "with_templates" / path).write_bytes(code)
    sys.path.insert(0, str(folder))
    yield "with_templates"
    sys.path.remove(str(folder))
    for name in [each for each in sys.modules if each.partition(".")[0] == "with_templates"]:
        del sys.modules[name]


class Response:
    def __init__(self, call: Any, body: object) -> None:
        self.call, self.body = call, body

    def parse(self) -> Any:
        return self.call.decode(self.body)


class Sender:
    """Keeps each call, and responds with one body."""

    def __init__(self, body: object = None) -> None:
        self.body = body
        self.requests: list[Any] = []

    def send(self, call: Any) -> Response:
        self.requests.append(call.request)
        return Response(call, self.body)

    def walk(self, query: Any, max_items: int | None, progress: object) -> Any:
        return query


@pytest.fixture
def templates(generated: str) -> Any:
    module = importlib.import_module(f"{generated}.resources")
    return lambda body=None: (sender := Sender(body), module.Templates(sender))


def test_every_argument_reaches_the_request_by_the_name_of_the_document(templates: Any) -> None:
    sender, resource = templates({"template_id": "7"})
    created = resource.create(
        title="t", class_="c", self_="s", list_="l", date="d", path="p",
        day=date(2024, 1, 31), kinds=("a",), nothing=None,
        limits={"low": 1, "odd name": "o", "date": date(2024, 1, 31)},
        key=UUID(int=7), scores={"a": 1}, parts={"a": {"low": 1}},
        open_={"day": date(2024, 1, 31), "b": date(2024, 1, 31)},
    )  # fmt: skip
    assert "7" == created.template_id
    assert {
        "title": "t",
        "class": "c",
        "self": "s",
        "list": "l",
        "date": "d",
        "path": "p",
        "day": "2024-01-31",
        "kinds": ["a"],
        "nothing": None,
        "limits": {"low": 1, "odd name": "o", "date": "2024-01-31"},
        "key": "00000000-0000-0000-0000-000000000007",
        "scores": {"a": 1},
        "parts": {"a": {"low": 1}},
        "open": {"day": "2024-01-31", "b": "2024-01-31"},
    } == sender.requests[0].json


def test_an_argument_is_annotated_with_all_its_types(generated: str) -> None:
    resources = importlib.import_module(f"{generated}.resources")
    hints = resources.Templates.create.__annotations__
    wanted = {
        "day": "date | str | Unset",
        "key": "UUID | str | Unset",
        "scores": "TemplateRequestScores | Mapping[str, int] | Unset",
        "parts": "TemplateRequestParts | Mapping[str, Limits | LimitsFields] | Unset",
        "open_": "TemplateRequestOpen | TemplateRequestOpenFields | Mapping[str, Any] | Unset",
    }
    assert wanted == {name: hints[name] for name in wanted}
    assert get_type_hints(resources.Templates.create)


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        ({}, TypeError, "missing 1 required keyword-only argument: 'title'"),
        ({"title": None}, TypeError, "title must be a string, not None"),
        ({"title": "t", "day": "31.1.2024"}, ValueError, "day must be a date such as 1990-01-31"),
        ({"title": "t", "kinds": "a"}, TypeError, "kinds must be a list, .* not one string"),
        ({"title": "t", "kinds": ["c"]}, ValueError, r"kinds\[0\] must be one of a, b"),
        ({"title": "t", "limits": {}}, TypeError, "limits.low is missing; add it"),
        ({"title": "t", "limits": {"hi": 1}}, TypeError, "limits has no property 'hi'; use one of"),
        ({"title": "t", "limits": {"low": 1.5}}, TypeError, "limits.low must be an integer"),
        ({"title": "t", "limits": 1}, TypeError, "limits must be a dict or Limits"),
        ({"title": "t", "nothing": "1"}, TypeError, "nothing must be an integer"),
        ({"title": "t", "scores": {"a": "1"}}, TypeError, r"^scores\.\* must be an integer$"),
        ({"title": "t", "scores": {1: 1}}, TypeError, "^scores must have strings as keys$"),
        ({"title": "t", "parts": {"a": {}}}, TypeError, r"^parts\.\*\.low is missing; add it$"),
        ({"title": "t", "open_": {"b": "x"}}, ValueError, r"open_\.\* must be a date such as"),
    ],
)
def test_an_invalid_argument_is_refused_with_its_place_and_the_fix(
    templates: Any, arguments: dict[str, Any], kind: type[Exception], message: str
) -> None:
    sender, resource = templates()
    with pytest.raises(kind, match=message):
        resource.create(**arguments)
    assert [] == sender.requests


def test_a_response_without_a_body_is_none(templates: Any) -> None:
    sender, resource = templates()
    assert None is resource.delete("7")
    assert ("DELETE", "/templates/7") == (
        sender.requests[0].operation.method,
        sender.requests[0].path,
    )


def test_a_list_takes_every_parameter_but_the_token_and_finds_the_next_page(
    generated: str, templates: Any
) -> None:
    _, resource = templates()
    pager = resource.list(kind="a", limit=2, since=date(2024, 1, 31), x_clinic="north")
    query = pager._query
    first = query.call().request
    assert {"kind": "a", "limit": 2, "since": "2024-01-31"} == first.params
    assert {"x-clinic": "north"} == first.headers
    assert {"kind": "a", "limit": 2, "since": "2024-01-31", "after": "x"} == (
        query.call("x").request.params
    )
    page = {"found": [{"template_id": "1"}], "meta": {"after": "x"}}
    outlook = importlib.import_module(f"{generated}.page").outlook
    first_page = query.listing.read(page)
    assert ("x", True, None) == outlook(first_page)
    assert 1 == first_page.count
    assert ["1"] == [each.template_id for each in first_page.items]
    assert (None, False, None) == outlook(query.listing.read({"found": []}))
    for wrong in ({"kind": "c"}, {"kind": "a", "limit": 0}):
        with pytest.raises(ValueError, match="must be"):
            resource.list(**wrong)


def test_the_client_has_an_attribute_and_the_errors_have_classes(generated: str) -> None:
    client = importlib.import_module(f"{generated}.client")
    assert {"sessions", "templates"} == set(client.Resources.__annotations__)
    assert {"sessions", "templates"} == set(client.AsyncResources.__annotations__)
    errors = importlib.import_module(f"{generated}.errors")
    assert issubclass(errors.TemplateNotFoundError, errors.NotFoundError)
    assert issubclass(errors.TemplateInUseError, errors.ConflictError)
    assert errors.TemplateInUseError is errors.status_error(500, "TemplateInUse")
    assert errors.ConflictError is errors.status_error(409, None)
    public = importlib.import_module(f"{generated}.public")
    assert {"Template", "TemplateList", "AsyncTemplateList", "LimitsFields"} <= {*public.__all__}
    assert sorted(public.__all__) == public.__all__
    assert "first_page" in dir(public.TemplateList)


@pytest.mark.parametrize("name", ["sessions.with_raw_response", "close.everything"])
def test_a_method_that_the_client_needs_for_itself_is_refused_in_one_line(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = document()
    root["paths"]["/templates"]["get"]["x-semantics"]["method"] = name
    (tmp_path / "client.json").write_text(json.dumps(root), "utf-8")
    arguments = ["--document", str(tmp_path / "client.json"), "--output", str(tmp_path / "out")]
    assert 2 == main(arguments)
    message = capsys.readouterr().err
    assert f"GET /templates: {name} is a name that the client needs; write another" in message
    assert 1 == message.count("\n")


def test_a_docstring_says_what_each_value_may_be_also_inside_arrays_and_maps(
    generated: str,
) -> None:
    create = importlib.import_module(f"{generated}.resources").Templates.create
    text = " ".join((inspect.getdoc(create) or "").split())
    code = r"matching `^[A-Z]\d$`, 2 characters or more"
    limits = {
        "step": "above 0, a multiple of 0.5, 2 or less",
        "codes": f"9 items or less, each item {code}",
        "counts": "1 property or more, each value a multiple of 5, 1 or more",
    }
    for name, words in limits.items():
        assert f"{name}: In the strict document: {words}." in text
    fields = importlib.import_module(f"{generated}.fields").TemplateRequestStepsItemFields
    text = " ".join((inspect.getdoc(fields) or "").split())
    assert f"code: In the strict document: {code}." in text
    assert "n: In the strict document: a multiple of 5, 1 or more." in text
    model = importlib.import_module(f"{generated}.models").TemplateRequestStepsItem
    assert "a multiple of 5" in inspect.getsource(sys.modules[model.__module__])


@pytest.fixture
def make_template(generated: str) -> Any:
    return importlib.import_module(f"{generated}.factories").make_template


def test_a_made_object_is_complete_at_any_place(make_template: Any) -> None:
    day = {"inner": {"day": date(2024, 1, 31)}}
    whole = {"size": 5, "inner": {"day": "2024-01-31"}}
    made = make_template(
        parts=[{"size": 10}, day], grid=[[], [day]], labels={"a": day}, maybe={"size": 15}
    )
    assert {
        "template_id": "",
        "parts": [{"size": 10, "inner": {}}, whole],
        "grid": [[], [whole]],
        "labels": {"a": whole},
        "maybe": {"size": 15, "inner": {}},
    } == made.to_dict()
    assert made.mismatch() is None
    assert made == make_template(
        parts=made.parts, grid=made.grid, labels=made.labels, maybe=made.maybe
    )


@pytest.mark.parametrize(
    ("properties", "message"),
    [
        (
            {"parts": [{"size": 5}, {"sise": 5}]},
            r"parts\[\]\.sise; did you mean parts\[\]\.size\?$",
        ),
        ({"grid": [[{"inner": {"dya": 1}}]]}, r"grid\[\]\[\]\.inner\.dya; did you mean .*\.day\?$"),
        ({"labels": {"a": {"x": 1}}}, r"labels\.\*\.x; did you mean labels\.\*\."),
        ({"maybe": {"x": 1}}, r"maybe\.x; did you mean maybe\."),
    ],
)
def test_a_misspelt_property_of_any_object_in_a_made_one_names_the_closest(
    make_template: Any, properties: dict[str, Any], message: str
) -> None:
    with pytest.raises(TypeError, match=f"^Template has no {message}"):
        make_template(**properties)


def run(tmp_path: Path, root: dict[str, Any], program: str) -> list[str]:
    """Generate a client, and run a program that imports it instead of the committed one."""
    (tmp_path / "client.json").write_text(json.dumps(root), "utf-8")
    output = str(tmp_path / "heidi_generated")
    assert 0 == main(["--document", str(tmp_path / "client.json"), "--output", output])
    result = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": str(tmp_path), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ("", 0) == (result.stderr, result.returncode)
    return result.stdout.splitlines()


WITH_TOKENS_ALONE = """
from heidi_sessions import ConfigurationError, Heidi
from heidi_sessions.testing import HeidiMock, make_template
for keywords in ({}, {"token": "t", "token_provider": str}, {"api_key": "k", "email": "e"}):
    try:
        Heidi(**keywords)
    except ConfigurationError as error:
        print(error)
mock = HeidiMock()
mock.add(make_template(template_id="7", title="given"))
print(mock.client(token="t").templates.get("7").title)
"""


@pytest.mark.slow
def test_without_an_operation_that_issues_tokens_the_client_takes_a_token(tmp_path: Path) -> None:
    root = document()
    root["paths"] = {
        route: item for route, item in root["paths"].items() if "issue" not in json.dumps(item)
    }
    assert len(root["paths"]) < len(document()["paths"])
    assert [
        "no credentials: set HEIDI_TOKEN; or give token= or token_provider=",
        "more than one way to authenticate: give token= or token_provider=",
        "no operation of the document issues tokens for a key: give token= or token_provider=",
        "given",
    ] == run(tmp_path, root, WITH_TOKENS_ALONE)


HEADERS = {
    "X-Example": {"schema": STRING, "example": "shown"},
    "X-Examples": {"schema": STRING, "examples": {"one": {"value": "first"}}},
    "X-Schema": {"schema": {"type": "integer", "minimum": 3}},
    "X-Flag": {"schema": {"type": "boolean", "default": True}},
    "X-List": {"schema": {"type": "array", "items": STRING, "examples": [["a", "b"]]}},
    "X-Named": {"$ref": "#/components/headers/Named"},
    "X-Pattern": {"schema": {"type": "string", "pattern": "^made$"}},
    "Content-Type": {"schema": STRING, "example": "ignored"},
}
SENT = """
from heidi_sessions import BadRequestError
from heidi_sessions.testing import HeidiMock, make_template
mock = HeidiMock()
mock.add(make_template(template_id="7"))
templates = mock.client().templates.with_raw_response
for response in (templates.get("7"), templates.delete("7")):
    names = [name for name in response.headers if name.startswith("x-")]
    print(response.headers.get("content-type"), {name: response.headers[name] for name in names})
"""


@pytest.mark.slow
def test_the_mock_sends_the_headers_that_the_document_declares(tmp_path: Path) -> None:
    root = document()
    root["components"]["headers"] = {"Named": {"schema": {"const": "always"}}}
    item = root["paths"]["/templates/{template_id}"]
    item["get"]["responses"]["200"]["headers"] = HEADERS
    item["delete"]["responses"]["204"]["headers"] = {"X-Gone": {"schema": {"const": "yes"}}}
    sent = {
        "x-example": "shown",
        "x-examples": "first",
        "x-schema": "3",
        "x-flag": "true",
        "x-list": "a,b",
        "x-named": "always",
        "x-pattern": "made",
    }
    gone = {"x-gone": "yes"}
    assert [f"application/json {sent}", f"None {gone}"] == run(tmp_path, root, SENT)


UPDATED = """
from heidi_sessions.testing import HeidiMock, make_template
mock = HeidiMock()
mock.add(make_template(template_id="7", scores={"a": 1}, limits={"low": 1, "marks": {"b": 2}}))
changed = mock.client().templates.update("7", scores={"c": 3}, limits={"marks": {"d": 4}})
print(changed.scores.to_dict(), changed.limits.to_dict())
"""


@pytest.mark.slow
def test_the_mock_merges_an_object_unless_the_document_says_that_it_is_replaced(
    tmp_path: Path,
) -> None:
    root = document()
    counts = {"type": "object", "additionalProperties": {"type": "integer"}}
    replaced = {**counts, "x-semantics": {"replaced": True}}
    low = {"low": {"type": "integer"}}
    schemas = root["components"]["schemas"]
    schemas["Template"]["properties"] |= {
        "scores": replaced,
        "limits": {"type": "object", "properties": {**low, "marks": replaced}},
    }
    limits = {"type": "object", "properties": {**low, "marks": counts}}
    schemas["TemplateUpdate"] = {
        "type": "object",
        "properties": {"scores": counts, "limits": limits},
    }
    schema = {"$ref": "#/components/schemas/TemplateUpdate"}
    root["paths"]["/templates/{template_id}"]["patch"] = operation(
        "updateTemplate",
        "update",
        semantics={"result": ""},
        requestBody={"required": True, "content": {"application/json": {"schema": schema}}},
        responses=responses("200", "Template"),
    )
    said = "{'c': 3} {'low': 1, 'marks': {'d': 4}}"
    assert [said] == run(tmp_path, root, UPDATED)


def test_a_user_of_one_parameter_is_refused_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = document()
    issuing = next(item["get"] for item in root["paths"].values() if "issue" in json.dumps(item))
    issuing["x-semantics"]["user"].pop()
    (tmp_path / "client.json").write_text(json.dumps(root), "utf-8")
    arguments = ["--document", str(tmp_path / "client.json"), "--output", str(tmp_path / "out")]
    assert 2 == main(arguments)
    assert "name two in x-semantics.user\n" in capsys.readouterr().err


def test_the_committed_client_has_an_attribute_for_each_resource_of_the_document() -> None:
    from heidi_generated.client import Resources  # noqa: PLC0415

    methods = [each.client_method for each in metadata.OPERATIONS if each.client_method]
    assert {name.partition(".")[0] for name in methods} == set(Resources.__annotations__)
