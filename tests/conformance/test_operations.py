"""Operations that a document adds are judged by what holds for any operation.

The document is edited in a copy of the sources; its sandbox is the right server, and a proxy in
front of it the spoilt ones.
"""

from collections.abc import Generator
from typing import Any

import pytest

from scripts.serving import Served
from tests.owner.edits import error, operation, parameter, prop, record, response
from tests.owner.project import Project
from tests.owner.proxy import Fault, spoiling
from tests.owner.subject import LIST, MEANING, READ, RESOURCE, UPDATE

ONE = READ.path
EMPTY = {"200": response("Part", {"part": "one"})}


def meaning(action: str, resource: str = RESOURCE, **rest: str) -> dict[str, Any]:
    return {"x-semantics": {"action": action, "resource": resource, **rest}}


def edit(document: dict[str, Any]) -> None:
    """Add a sub-resource, an action, a deletion, parameters, an error and a second resource."""
    paths, tag, schemas = document["paths"], READ.tag, document["components"]["schemas"]
    text, number = prop(type="string"), prop(type="integer")
    schemas["Part"] = record(("part",), part=text)
    schemas["PlanCreate"] = record(("title",), title=text, weight=number)
    schemas["Plan"] = record(("plan_id", "title"), plan_id=text, title=text)
    schemas["Plan"]["x-semantics"] = {"id": "plan_id", "owner": MEANING["owner"]}
    plan = response("Plan", {"plan_id": "p1", "title": "one"})
    body = {"content": response("PlanCreate", {"title": "one"})["content"]}
    since = parameter("since", type="string", format="date")
    shared = paths[ONE]["parameters"]
    paths[f"{ONE}/parts"] = {"parameters": shared, "get": operation("getParts", tag, EMPTY)}
    act = operation("archiveIt", tag, EMPTY, **meaning("act"))
    paths[f"{ONE}/archive"] = {"parameters": shared, "post": act}
    gone = {"204": response()}
    paths[ONE]["delete"] = operation("deleteIt", tag, gone, **meaning("delete"))
    paths["/parts"] = {"get": operation("listParts", tag, EMPTY, parameters=[since])}
    required = {"required": True, "description": "New.", **body}
    rest = meaning("create", "Plan", result="")
    create = operation("createPlan", tag, {"201": plan}, requestBody=required, **rest)
    paths["/plans"] = {"post": create}
    shown = {"200": plan, "404": error("PlanNotFoundError")}
    paths["/plans/{plan_id}"] = {
        "parameters": [parameter("plan_id", "path", type="string")],
        "get": operation("getPlan", tag, shown, **meaning("read", "Plan", result="")),
    }
    paths[LIST.path]["get"]["parameters"].append(parameter("archived", type="boolean"))
    paths[UPDATE.path]["patch"]["responses"]["409"] = error("ConflictError")


# Each run has one fault of an operation, with the finding that it must lead to.
RUNS: dict[str, tuple[tuple[Fault, str, str], ...]] = {
    "one": (
        (Fault("open", "GET", f"{ONE}/parts"), "getParts", "token-needed"),
        (Fault("share", "POST", f"{ONE}/archive"), "archiveIt", "own-sessions"),
        (Fault("ignore", "DELETE", ONE, status=204), READ.name, "deleted"),
        (Fault("accept", "GET", "/parts", "since"), "listParts", "parameters"),
        (Fault("accept", "GET", LIST.path, "archived"), LIST.name, "parameters"),
        (Fault("accept", "POST", "/plans", "/weight"), "createPlan", "no-coercion"),
        (Fault("share", "GET", "/plans/{plan_id}"), "getPlan", "own-sessions"),
    ),
    "another": (
        (Fault("share", "GET", f"{ONE}/parts"), "getParts", "own-sessions"),
        (
            Fault("answer", "POST", f"{ONE}/archive", value={"part": "one"}, status=202),
            "archiveIt",
            "declared-status",
        ),
        (Fault("open", "GET", "/parts"), "listParts", "token-needed"),
        (Fault("misshape", "GET", "/plans/{plan_id}", "/title", 5), "getPlan", "answer-schema"),
    ),
    "a third": (
        (
            Fault("answer", "GET", f"{ONE}/parts", value={"part": "one"}),
            "getParts",
            "unknown-id",
        ),
        (Fault("misshape", "GET", "/parts", "/part", 5), "listParts", "answer-schema"),
        (Fault("open", "DELETE", ONE), "deleteIt", "token-needed"),
    ),
}


@pytest.fixture(scope="module")
def edited(tmp_path_factory: pytest.TempPathFactory) -> Generator[tuple[Project, Served]]:
    project = Project(tmp_path_factory.mktemp("operations"))
    project.edit(edit)
    assert 0 == project.run(["scripts/bundle.py"]).returncode
    with project.sandbox() as served:
        yield project, served


def test_the_right_server_is_not_accused_and_all_is_judged(edited: tuple[Project, Served]) -> None:
    project, served = edited
    report = project.judge(served.url, served.credentials())
    assert [] == [found["title"] for found in report["findings"]]
    assert [] == report["notes"]
    passed = {row["operation"] for row in report["rules"] if row["result"] == "passed"}
    assert {"getParts", "archiveIt", "deleteIt", "listParts", "createPlan", "getPlan"} <= passed


@pytest.mark.parametrize("run", RUNS)
def test_a_spoilt_server_is_found(edited: tuple[Project, Served], run: str) -> None:
    project, served = edited
    with spoiling(served.url, *(fault for fault, _, _ in RUNS[run])) as url:
        report = project.judge(url, served.credentials())
    found = {(item["operation"], item["rule"]) for item in report["findings"]}
    assert set() == {(name, rule) for _, name, rule in RUNS[run]} - found
