"""Whatever client, sandbox or collections lack of the document is named with its place."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

import pytest
from heidi_spec_tools.documents import load
from heidi_spec_tools.nodes import find, pointer_of

from scripts.library.running import StepFailure
from scripts.library.serving import Served, serving
from scripts.publication.operations import JSON, value_of
from scripts.publication.requests import collection
from scripts.steps import check as step
from scripts.steps.check import CLIENT, STRICT, Subject, check, failed_calls, missing_keywords
from scripts.steps.documents import ROOT
from tests.owner.proxy import Fault, spoiling

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return cast("dict[str, Any]", load(ROOT / CLIENT))


@pytest.fixture(scope="module")
def subjects(document: dict[str, Any]) -> list[Subject]:
    return step.subjects_of(document)


def subject(subjects: list[Subject], action: str) -> Subject:
    return next(each for each in subjects if each.operation.action == action)


def complete(subjects: list[Subject]) -> dict[str, list[str]]:
    """Return the methods of a complete client; some keywords end with an underscore."""
    return {
        each.method: [
            *(f"{p['name']}_" for p in each.operation.parameters),
            *((each.operation.body or {}).get("schema", {}).get("properties", {})),
        ]
        for each in subjects
    }


def test_everything_exists_and_works() -> None:
    assert " keywords, each called against the sandbox" in check()


def test_a_client_with_every_keyword_is_complete(
    document: dict[str, Any], subjects: list[Subject]
) -> None:
    assert [] == [*missing_keywords(document, subjects, complete(subjects))]


def test_a_missing_method_is_named_with_its_operation(
    document: dict[str, Any], subjects: list[Subject]
) -> None:
    operation, method = subject(subjects, "update")
    methods = complete(subjects)
    del methods[method]
    (line,) = missing_keywords(document, subjects, methods)
    path = operation.path.replace("/", "~1")
    expected = (
        f"openapi/openapi.yaml: #/paths/{path}/{operation.method}: the client has no {method}; "
    )
    assert line.startswith(expected)


def test_a_missing_keyword_is_named_with_its_property(
    document: dict[str, Any], subjects: list[Subject]
) -> None:
    _, method = subject(subjects, "update")
    methods = complete(subjects)
    name = methods[method].pop()
    (line,) = missing_keywords(document, subjects, methods)
    assert line.startswith("openapi/openapi.yaml: #/components/schemas/")
    assert f"/properties/{name}: {method} has no keyword {name}; fix overrides/" in line


def test_a_missing_parameter_is_named(document: dict[str, Any], subjects: list[Subject]) -> None:
    operation, method = subject(subjects, "list")
    name = operation.semantics["page"]["size"]
    (line,) = missing_keywords(document, subjects, {**complete(subjects), method: []})
    assert f"{method} has no keyword {name}; " in line


def test_the_token_of_a_page_is_not_a_keyword(
    document: dict[str, Any], subjects: list[Subject]
) -> None:
    operation, method = subject(subjects, "list")
    token = operation.semantics["page"]["token"]
    methods = complete(subjects)
    methods[method].remove(f"{token}_")
    assert [] == [*missing_keywords(document, subjects, methods)]


def test_an_operation_without_a_request_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    strict: Any = load(ROOT / STRICT)
    whole = collection(strict)
    gone = whole.requests[0].operation
    kept = tuple(each for each in whole.requests if each.operation != gone)
    monkeypatch.setattr(step, "collection", lambda _: whole._replace(requests=kept))
    (line,) = step.missing_requests(strict)
    assert f": the collections have no {gone}; fix scripts/publication/requests.py" in line


def test_a_property_without_a_known_value_is_named(subjects: list[Subject]) -> None:
    strict: Any = load(ROOT / STRICT)
    operation, _ = subject(subjects, "update")
    node = strict["paths"][operation.path][operation.method]["requestBody"]["content"][JSON]
    schema = find(strict, pointer_of(node["schema"]["$ref"]) or ())
    riddle = {"type": "string", "pattern": "^a$", "minLength": 2}
    cast("dict[str, Any]", schema)["properties"]["riddle"] = riddle
    (line,) = step.missing_requests(strict)
    assert "/properties/riddle: no value of riddle is known; give it an example" in line


def test_a_call_that_fails_is_named_with_its_error(
    document: dict[str, Any], subjects: list[Subject]
) -> None:
    results: list[dict[str, Any]] = [{"error": "TypeError: no"} for _ in subjects]
    lines = [*failed_calls(document, subjects, results)]
    assert len(subjects) == len(lines)
    assert f"{subjects[0].method} failed: TypeError: no; fix scripts/generator/" in lines[0]


@pytest.mark.parametrize("number", [0, -1])
def test_a_sandbox_that_forgets_a_property_is_found(
    subjects: list[Subject], monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    operation, method = subject(subjects, "update")
    name = [*step._sent(operation)][number]
    sample: Any = value_of(operation.body or {})
    assert (name in sample) == (number == 0)
    fault = Fault("forget", operation.method.upper(), operation.path, f"/{name}")

    @contextmanager
    def forgetful(*arguments: Any) -> Generator[Served]:
        with serving(*arguments) as served, spoiling(served.url, fault) as url:
            yield Served(url, served.key)

    monkeypatch.setattr(step, "serving", forgetful)
    with pytest.raises(StepFailure) as caught:
        check()
    assert 1 == caught.value.code
    assert f"{method} does not show {name}, which an update sent; fix sandbox/" in str(caught.value)


def test_what_no_response_shows_is_not_asked_for(subjects: list[Subject]) -> None:
    document: Any = load(ROOT / STRICT)
    operation, method = subject(subjects, "update")
    name, number = "new", {"type": "number", "examples": [7]}
    resource = document["components"]["schemas"][operation.semantics["resource"]]

    def lines(node: dict[str, Any]) -> list[str]:
        resource["properties"][name] = node
        known = {"type": "object", "properties": {name: node}}
        body = {"requestBody": {"content": {JSON: {"schema": known}}}}
        updating = Subject(operation._replace(value={**operation.value, **body}), method)
        return [*failed_calls(document, [updating], [{"value": {}}])]

    (line,) = lines(number)
    assert f"{method} does not show {name}, which an update sent" in line
    assert [] == lines({**number, "writeOnly": True})
    # An object is merged, so that an empty one changes nothing.
    assert [] == lines({"type": "object", "examples": [{}]})


@pytest.mark.parametrize(
    ("shown", "is_lost"),
    [
        ({"place": {"street": "A"}}, False),
        ({"place": {"street": "A", "door": {}}}, False),
        ({"place": {"street": "A", "door": "B"}}, True),
        ({"place": {"street": "B"}}, True),
        ({"place": "A"}, True),
        ({"place": None}, True),
        ({}, True),
    ],
)
def test_an_object_is_shown_without_what_is_only_written(
    subjects: list[Subject], shown: dict[str, Any], *, is_lost: bool
) -> None:
    document: Any = load(ROOT / STRICT)
    operation, method = subject(subjects, "update")
    pin = {"type": "string", "writeOnly": True, "examples": ["1"]}
    door = {"type": "object", "properties": {"pin": pin}}
    street = {"type": "string", "examples": ["A"]}
    part = {"type": "object", "properties": {"street": street, "pin": pin}}
    place = {"allOf": [part], "properties": {"door": door}}
    nullable = {"oneOf": [place, {"type": "null"}]}
    body = {"type": "object", "properties": {"place": nullable}}
    document["components"]["schemas"][operation.semantics["resource"]] = body
    sent = {"requestBody": {"content": {JSON: {"schema": body}}}}
    updating = Subject(operation._replace(value={**operation.value, **sent}), method)

    lines = [*failed_calls(document, [updating], [{"value": shown}])]

    assert is_lost == any("does not show place, which an update sent" in line for line in lines)


PINNED: Any = {
    "type": "object",
    "properties": {
        "a": {"type": "integer"},
        "pin": {"type": "string", "writeOnly": True},
    },
}


@pytest.mark.parametrize(
    ("schema", "sent", "shown", "is_lost"),
    [
        ({"additionalProperties": PINNED}, {"k": {"a": 1, "pin": "2"}}, {"k": {"a": 1}}, False),
        ({"additionalProperties": PINNED}, {"k": {"a": 1, "pin": "2"}}, {"k": {}}, True),
        ({"oneOf": [PINNED, {"type": "string"}]}, {"a": 1, "pin": "2"}, {"a": 1}, False),
        ({"oneOf": [PINNED, {"type": "string"}]}, {"a": 1, "pin": "2"}, {"a": 2}, True),
        ({"items": PINNED}, [{"a": 1, "pin": "2"}], [{"a": 1, "id": 7}], False),
        ({"items": PINNED}, [{"a": 1, "pin": "2"}], [{"a": 2, "id": 7}], True),
        ({"items": PINNED}, [{"a": 1}], [], True),
        ({"items": PINNED}, [{"a": 1}], {"a": 1}, True),
        ({"oneOf": [{"type": "integer"}, {"type": "null"}], "writeOnly": True}, 1, 2, False),
    ],
)
def test_what_is_only_written_is_not_asked_for_in_maps_branches_and_items(
    subjects: list[Subject], schema: Any, sent: Any, shown: Any, *, is_lost: bool
) -> None:
    document: Any = load(ROOT / STRICT)
    operation, method = subject(subjects, "update")
    node = {**schema, "examples": [sent]}
    whole = {"type": "object", "properties": {"it": node}}
    document["components"]["schemas"][operation.semantics["resource"]] = whole
    body = {"requestBody": {"content": {JSON: {"schema": whole}}}}
    updating = Subject(operation._replace(value={**operation.value, **body}), method)

    lines = [*failed_calls(document, [updating], [{"value": {"it": shown}}])]

    assert is_lost == any("does not show it, which an update sent" in line for line in lines)


def test_a_client_that_cannot_be_imported_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "heidi_sessions.py").write_text("import nothing_of_that_name\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(StepFailure, match=r"cannot be imported: ModuleNotFoundError: .*; fix ov"):
        check()
