"""A second top-level resource, with numeric ids and other new features, is supported everywhere."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

from scripts.publication.requests import collection
from tests.owner.edits import (
    SAID,
    add,
    body,
    error,
    operation,
    pages,
    parameter,
    prop,
    record,
    ref,
    response,
    schemas,
)
from tests.owner.group import Found, Group, edited
from tests.owner.proxy import Fault
from tests.owner.subject import MEANING

if TYPE_CHECKING:
    from collections.abc import Generator

SEVERAL = "/note-templates"
ONE = f"{SEVERAL}/{{template_id}}"
PUBLISH, BULK = f"{ONE}/publish", f"{SEVERAL}/bulk-archive"
METHODS = "generated/heidi_generated/resources.py"
TAG = '"33a64df5"'
LAYOUT = {"margins": {"top": 20}, "paper": "A4"}
SAMPLE = {
    "id": 42,
    "object": "note_template",
    "title": "Letter",
    "layout": None,
    "tags": [],
    "homepage": None,
    "changed_at": "2026-01-01T00:00:00Z",
}
PAGE = {"data": [SAMPLE], "meta": {"next_cursor": None, "total": 1}}
RESULTS = {"results": [{"id": 42, "outcome": "ARCHIVED"}]}


def edit(document: dict[str, Any]) -> None:
    """Add note templates, and an operation that archives several of them."""
    document["tags"].append({**prop(), "name": "Templates"})
    _add_schemas(document)
    document["components"]["parameters"] = {
        "IfMatch": parameter("If-Match", "header", type="string", minLength=3, examples=[TAG])
    }
    named = parameter("template_id", "path", type="integer", format="int64", minimum=1)
    found = {"200": _tagged("200"), "404": error("TemplateNotFoundError")}
    document["paths"] |= {
        SEVERAL: {
            "post": _does("create", "createTemplate", {"201": _tagged("201")}, result="")
            | {"requestBody": body("TemplateCreate", {"title": "Letter", "layout": LAYOUT})},
            "get": _list(),
        },
        BULK: {
            "post": operation(
                "archiveTemplates",
                "Templates",
                {"200": response("Archived", RESULTS)},
                requestBody=body("Archive", {"ids": [42], "reason": "DUPLICATE"}),
            )
        },
        ONE: {
            "parameters": [named],
            "get": _does("read", "getTemplate", found, result=""),
            "patch": _does(
                "update",
                "updateTemplate",
                {**found, "412": error("TemplateChangedError")},
                result="",
            )
            | {
                "parameters": [ref("IfMatch", "parameters")],
                "requestBody": body("TemplateUpdate", {"title": "Letter to the GP"}),
            },
            "delete": _does("delete", "deleteTemplate", {"204": response()}),
        },
        PUBLISH: {
            "post": _does(
                "act", "publishTemplate", {"202": response("Template", SAMPLE)}, result=""
            )
            | {"parameters": [named], "requestBody": body("Publication")}
        },
    }


def _add_schemas(document: dict[str, Any]) -> None:
    known = schemas(document)
    known["Layout"] = record(("margins", "paper"))
    margin = {"type": "integer", "minimum": 0, "maximum": 99}
    add(document, "margins", "Layout", type="object", additionalProperties=margin)
    add(document, "paper", "Layout", type="string", enum=["A4", "LETTER"])
    known["Template"] = record((*SAMPLE,))
    known["TemplateCreate"], known["TemplateUpdate"] = record(("title",)), record()
    known["Template"]["x-semantics"] = {
        "id": "id",
        "parameter": "template_id",
        "owner": MEANING["owner"],
        "updated": "changed_at",
    }
    both = ("TemplateCreate", "TemplateUpdate")
    add(document, "id", "Template", type="integer", format="int64", minimum=1, examples=[42])
    add(document, "object", "Template", type="string", const="note_template")
    add(document, "title", "Template", *both, type="string", minLength=1, maxLength=80)
    add(document, "layout", "Template", oneOf=[ref("Layout"), {"type": "null"}])
    for name in both:
        known[name]["properties"]["layout"] = ref("Layout") | {"x-provenance": dict(SAID)}
    text = {"type": "string", "minLength": 1}
    tags = {"type": "array", "maxItems": 10, "uniqueItems": True, "items": text}
    add(document, "tags", "Template", *both, **tags)
    page = {"type": ["string", "null"], "format": "uri", "deprecated": True}
    add(document, "homepage", "Template", *both, **page)
    add(document, "changed_at", "Template", type="string", format="date-time", readOnly=True)
    known["Publication"] = record(("teams",))
    teams = {"type": "object", "additionalProperties": {"type": "integer"}}
    add(document, "teams", "Publication", **teams)
    known["TemplatePage"] = record((*PAGE,))
    add(document, "data", "TemplatePage", type="array", items=ref("Template"))
    known["PageMeta"] = record(("next_cursor", "total"))
    add(document, "next_cursor", "PageMeta", type=["string", "null"])
    add(document, "total", "PageMeta", type="integer", minimum=0)
    known["TemplatePage"]["properties"]["meta"] = ref("PageMeta") | {"x-provenance": dict(SAID)}
    known["Archive"], known["Archived"] = record(("ids", "reason")), record(("results",))
    ids = {"type": "array", "minItems": 1, "uniqueItems": True, "items": {"type": "integer"}}
    add(document, "ids", "Archive", **ids)
    add(document, "kind", "Archive", type="string", const="all")
    add(document, "reason", "Archive", type="string", enum=["DUPLICATE", "EXPIRED"])
    known["Outcome"] = record(("id", "outcome"))
    add(document, "id", "Outcome", type="integer")
    add(document, "outcome", "Outcome", type="string", enum=["ARCHIVED", "FAILED"])
    add(document, "results", "Archived", type="array", items=ref("Outcome"))


def _does(action: str, name: str, responses: dict[str, Any], **said: str) -> dict[str, Any]:
    semantics = {"action": action, "resource": "Template", **said}
    return operation(name, "Templates", responses) | {"x-semantics": semantics}


def _list() -> dict[str, Any]:
    page = {"items": "/data", "size": "limit", "token": "cursor"}
    page |= {"next": "/meta/next_cursor", "total": "/meta/total"}
    made = operation(
        "listTemplates",
        "Templates",
        {"200": response("TemplatePage", PAGE)},
        parameters=[
            *pages("cursor", 20),
            parameter("changed_since", type="string", format="date-time"),
            parameter("sort", type="string", enum=["title", "-title"], default="title"),
        ],
    )
    return made | {"x-semantics": {"action": "list", "resource": "Template", "page": page}}


def _tagged(status: str) -> dict[str, Any]:
    header = {"description": "New.", "required": True, "x-provenance": dict(SAID)}
    headers = {"ETag": {**header, "schema": {"type": "string", "examples": [TAG]}}}
    if status == "201":
        headers["Location"] = {**header, "schema": {"type": "string", "format": "uri-reference"}}
    return response("Template", SAMPLE) | {"headers": headers}


RUN = (
    Found(Fault("forget", "PATCH", ONE, "/layout"), "updateTemplate", "layout"),
    Found(Fault("share", "GET", ONE), "getTemplate", "another user"),
    Found(Fault("accept", "GET", SEVERAL, "sort"), "listTemplates", "sort"),
    Found(Fault("misshape", "POST", PUBLISH, "/tags", 5), "publishTemplate", "tags"),
    Found(Fault("open", "POST", BULK), "archiveTemplates", "token"),
    Found(Fault("accept", "POST", SEVERAL, "/layout"), "createTemplate", "layout.margins"),
)


@pytest.fixture(scope="module")
def group(tmp_path_factory: pytest.TempPathFactory) -> Generator[Group]:
    """The copy with note templates."""
    with edited(edit, tmp_path_factory) as group:
        yield group


@pytest.mark.slow
def test_the_right_server_is_not_accused(group: Group) -> None:
    assert [] == group.accused()


@pytest.mark.slow
@pytest.mark.parametrize("found", RUN, ids=lambda found: found.operation)
def test_the_judge_finds_a_faulty_server(group: Group, found: Found) -> None:
    assert group.findings(RUN, found.operation, found.word)


def test_the_sandbox_has_no_sequential_ids(group: Group) -> None:
    """Otherwise the next one could be guessed, and a small range would soon be used up."""
    made = [group.user.ask("POST", SEVERAL, json={"title": "A"})[1]["id"] for _ in range(8)]
    assert max(made) > 2**40
    assert len({*made}) == len(made)


def test_what_is_missing_has_the_same_name_for_every_operation(group: Group) -> None:
    for method in ("GET", "DELETE"):
        status, body, *_ = group.user.ask(method, f"{SEVERAL}/7")
        assert (404, "TemplateNotFoundError") == (status, body["detail"]["type"])


@pytest.mark.slow
def test_a_client_is_judged_with_existing_resources(group: Group) -> None:
    driver = "conformance/drivers/python.py"
    command = ["-m", "heidi_conformance", "client", "--scenario", "operations"]
    result = group.project.run([*command, "--", sys.executable, driver])
    assert 0 == result.returncode, result.stdout + result.stderr


def test_the_client_documents_deprecated_unique_and_formatted_properties(group: Group) -> None:
    text = " ".join((group.project.root / METHODS).read_text(encoding="utf-8").split())
    assert "homepage: New. Deprecated. In the strict document: in the format `uri`." in text
    assert "10 items or less, no item twice, each item 1 character or more." in text
    assert 'kind: Literal["all"] | Unset = UNSET' in text


def test_an_enum_names_negative_values_whatever_their_order(group: Group) -> None:
    code = "from heidi_generated.models import ListTemplatesSort as Sort; print(*Sort.__members__)"
    assert ["TITLE", "MINUS_TITLE"] == group.project.run(["-c", code]).stdout.split()


def test_no_collection_uses_an_id_or_a_state_that_a_server_may_have(group: Group) -> None:
    """Otherwise the request for an unknown id could remove a real resource."""
    requests = collection(group.project.document("strict")).requests
    assert not [each.name for each in requests if "If-Match" in each.headers]
    unknown = [each for each in requests if each.name.endswith("unknown id")]
    asked = {each.path for each in unknown if each.path.startswith(SEVERAL)}
    assert {f"{SEVERAL}/{2**31 - 1}", f"{SEVERAL}/{2**31 - 1}/publish"} == asked


@pytest.mark.slow
def test_the_mock_sends_the_location_and_a_factory_refuses_invalid_values(
    group: Group,
) -> None:
    code = """
from heidi_sessions.testing import HeidiMock, make_template
made = HeidiMock().client().templates.with_raw_response.create(title="A")
print(made.headers["location"])
try:
    make_template(layout={"margins": {"top": 100}, "paper": "A4"})
except ValueError as error:
    print(error)
"""
    place, refusal = group.project.run(["-c", code]).stdout.splitlines()
    assert place.endswith(f"{SEVERAL}/1")
    assert refusal.startswith("Template: layout.margins.top: ")
