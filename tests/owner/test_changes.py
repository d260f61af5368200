"""A rename, a removal, a new requirement or another limit in the document has effect everywhere."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.owner.edits import objects, schemas
from tests.owner.group import Found, Group, edited
from tests.owner.project import Project
from tests.owner.proxy import Fault
from tests.owner.subject import (
    CREATE,
    ERROR,
    ID,
    LIST,
    PAGE,
    READ,
    RESOURCE,
    UPDATE,
    at,
    one,
)

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

OLD, NEW = one(UPDATE.body, "array", also=RESOURCE), "renamed_strings"
REMOVED = (
    one(UPDATE.body, "boolean", not_of=RESOURCE),
    one(RESOURCE, "array", not_of=UPDATE.body),
)
"""A property of only the request, and one of only the resource."""
BOUNDED, BOUND = one(UPDATE.body, "number"), 7200
REQUIRED = one(CREATE.body, "string")
BODY = {REQUIRED: "5eb7cf5a86d9755df3a6c593"}


def edit(document: dict[str, Any]) -> None:
    """Rename one property, remove two, require one on create, and bound one."""
    for schema in schemas(document).values():
        properties = schema.get("properties", {})
        if OLD in schema.get("required", ()):
            schema["required"][schema["required"].index(OLD)] = NEW
        for name in [*properties]:
            value = properties.pop(name)
            if name not in REMOVED:
                properties[NEW if name == OLD else name] = value
    for example in document["components"]["examples"].values():
        for each in objects(example["value"]):
            if OLD in each:
                each[NEW] = each.pop(OLD)
            for name in REMOVED:
                each.pop(name, None)
    schemas(document)[CREATE.body]["required"] = [REQUIRED]
    document["paths"][CREATE.path]["post"]["requestBody"]["required"] = True
    schemas(document)[UPDATE.body]["properties"][BOUNDED]["maximum"] = BOUND


RUN = (
    Found(Fault("forget", UPDATE.method, UPDATE.path, f"/{NEW}"), UPDATE.name, NEW),
    Found(Fault("accept", UPDATE.method, UPDATE.path, f"/{BOUNDED}"), UPDATE.name, BOUNDED),
    Found(
        Fault("fill", CREATE.method, CREATE.path, f"/{REQUIRED}", BODY[REQUIRED]),
        CREATE.name,
        REQUIRED,
    ),
)


@pytest.fixture(scope="module")
def group(tmp_path_factory: pytest.TempPathFactory) -> Generator[Group]:
    """The copy with these changes."""
    with edited(edit, tmp_path_factory) as group:
        yield group


@pytest.mark.slow
def test_the_right_server_is_not_accused(group: Group) -> None:
    assert [] == group.accused()


@pytest.mark.slow
@pytest.mark.parametrize("found", RUN, ids=lambda found: found.word)
def test_the_judge_finds_a_server_that_ignores_the_change(group: Group, found: Found) -> None:
    assert group.findings(RUN, found.operation, found.word)


# A rename


@pytest.mark.slow
def test_a_renamed_property_is_sent_and_shown_by_the_client(group: Group) -> None:
    _, updated, read = group.user.call(
        [CREATE.call, BODY], [UPDATE.call, f"$0.{ID}", {NEW: ["A"]}], [READ.call, f"$0.{ID}"]
    )
    assert ["A"] == updated[NEW] == read[NEW]
    assert OLD not in read


def test_the_old_name_is_no_longer_a_keyword(group: Group) -> None:
    keywords = group.user.keywords(UPDATE.call)
    assert NEW in keywords
    assert OLD not in keywords


def test_a_renamed_property_is_shown_by_the_command_line(group: Group) -> None:
    result = group.user.command(
        *(UPDATE.command, group.user.create(BODY), "--input", "-", "--show-phi"),
        stdin=json.dumps({NEW: ["A"]}),
    )
    assert 0 == result.returncode, result.stderr
    assert NEW in result.stdout


def test_the_sandbox_ignores_the_old_name(group: Group) -> None:
    status, updated = group.user.update(group.user.create(BODY), {OLD: ["A"], NEW: ["B"]})
    assert (200, ["B"]) == (status, updated[NEW])
    assert OLD not in updated


# A removal


@pytest.mark.parametrize("name", REMOVED)
def test_a_removed_property_has_no_trace(group: Group, name: str) -> None:
    created, read = group.user.call([CREATE.call, BODY], [READ.call, f"$0.{ID}"])
    assert name not in read
    status, updated = group.user.update(created[ID], {name: True})
    assert 200 == status
    assert name not in updated
    assert name not in group.user.keywords(UPDATE.call)


def test_a_removed_property_is_not_a_field_of_the_command_line(group: Group) -> None:
    result = group.user.command(READ.command, group.user.create(BODY), "--show-phi")
    assert 0 == result.returncode, result.stderr
    assert [] == [name for name in REMOVED if name in result.stdout]


# A requirement


def test_a_required_property_is_a_required_keyword(group: Group) -> None:
    assert group.user.keywords(CREATE.call)[REQUIRED]


def test_a_required_property_is_required_by_the_command_line(group: Group) -> None:
    refused = group.user.command(CREATE.command, "--input", "-", stdin="{}")
    assert 0 != refused.returncode
    assert REQUIRED in refused.stderr
    result = group.user.command(CREATE.command, "--input", "-", stdin=json.dumps(BODY))
    assert 0 == result.returncode, result.stderr


@pytest.mark.parametrize("body", [{}, {"other": "1"}])
def test_the_sandbox_refuses_a_create_without_it_and_names_it(
    group: Group, body: dict[str, str]
) -> None:
    status, shown = group.user.ask(CREATE.method, CREATE.path, json=body)
    assert 422 == status
    assert REQUIRED in at(shown, ERROR["message"])


# A bound


def test_the_sandbox_checks_the_new_limit(group: Group) -> None:
    identifier = group.user.create(BODY)
    assert 200 == group.user.update(identifier, {BOUNDED: BOUND})[0]
    status, message = group.user.update(identifier, {BOUNDED: BOUND + 1})
    assert 422 == status
    assert BOUNDED in message


def test_client_and_command_line_show_the_message_about_the_limit(group: Group) -> None:
    _, failed = group.user.call(
        [CREATE.call, BODY], [UPDATE.call, f"$0.{ID}", {BOUNDED: BOUND + 1}]
    )
    assert 422 == failed["status"]
    result = group.user.command(
        *(UPDATE.command, group.user.create(BODY), "--input", "-"),
        stdin=json.dumps({BOUNDED: BOUND + 1}),
    )
    assert 0 != result.returncode
    assert "422" in result.stderr


# Decisions for a person


@pytest.mark.slow
@pytest.mark.parametrize("change", ["rename", "removal"])
def test_a_change_that_breaks_an_overlay_fails_with_the_place(tmp_path: Path, change: str) -> None:
    project = Project(tmp_path)

    def edit_(document: dict[str, Any]) -> None:
        operation = document["paths"][LIST.path]["get"]
        if change == "removal":
            operation["parameters"] = []
        else:
            (size,) = (each for each in operation["parameters"] if each["name"] == PAGE["size"])
            size["name"] = "limit"

    project.edit(edit_)
    result = project.run(["scripts/steps/documents.py"])
    assert 2 == result.returncode
    (line,) = result.stderr.splitlines()
    assert "overrides/overlays/" in line.partition(": ")[0]
    assert "fix the target" in line
