"""A resource inside of another, with an integer for an id and a map, is judged like any other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.owner.edits import (
    SAID,
    add,
    content,
    error,
    operation,
    parameter,
    prop,
    record,
    ref,
    response,
    schemas,
)
from tests.owner.proxy import Fault
from tests.owner.subject import MEANING, READ

if TYPE_CHECKING:
    from tests.owner.conftest import Group

SEVERAL = f"{READ.path}/attachments"
ONE = f"{SEVERAL}/{{attachment_id}}"
SAMPLE = {"attachment_id": 12, "title": "Blood count", "labels": {"kind": "lab"}}
PAGE = {"data": [SAMPLE], "next_cursor": None}


def edit(document: dict[str, Any]) -> None:
    """Add attachments, before the first resource and below it."""
    document["tags"].append({**prop(), "name": "Attachments"})
    known = dict(schemas(document))
    schemas(document).clear()
    schemas(document)["Attachment"] = record((*SAMPLE,))
    schemas(document).update(known)
    schemas(document)["AttachmentCreate"] = record(("title",))
    schemas(document)["AttachmentUpdate"] = record()
    schemas(document)["AttachmentPage"] = record((*PAGE,))
    add(document, "attachment_id", "Attachment", type="integer", minimum=1)
    both = ("Attachment", "AttachmentCreate", "AttachmentUpdate")
    add(document, "title", *both, type="string", minLength=1, maxLength=100)
    labels = {"type": "object", "additionalProperties": {"type": "string"}}
    add(document, "labels", *both, **labels)
    add(document, "data", "AttachmentPage", type="array", items=ref("Attachment"))
    add(document, "next_cursor", "AttachmentPage", type=["string", "null"])
    schemas(document)["Attachment"]["x-semantics"] = {
        "id": "attachment_id",
        "owner": MEANING["owner"],
    }
    outer = document["paths"][READ.path]["parameters"]
    found = {"200": response("Attachment", SAMPLE), "404": error("AttachmentNotFoundError")}
    said = {"resource": "Attachment"}
    document["paths"][SEVERAL] = {
        "parameters": outer,
        "post": operation(
            "addAttachment",
            "Attachments",
            {"201": response("Attachment", SAMPLE)},
            requestBody=body("AttachmentCreate", {"title": "Blood count"}),
        )
        | {"x-semantics": {"action": "create", **said, "result": ""}},
        "get": operation(
            "listAttachments",
            "Attachments",
            {"200": response("AttachmentPage", PAGE)},
            parameters=[
                parameter("limit", type="integer", minimum=1, maximum=50, default=20),
                parameter("cursor", type="string"),
            ],
        )
        | {
            "x-semantics": {
                "action": "list",
                **said,
                "page": {
                    "items": "/data",
                    "size": "limit",
                    "token": "cursor",
                    "next": "/next_cursor",
                },
            }
        },
    }
    document["paths"][ONE] = {
        "parameters": [*outer, parameter("attachment_id", "path", type="integer", minimum=1)],
        "get": operation("getAttachment", "Attachments", found)
        | {"x-semantics": {"action": "read", **said, "result": ""}},
        "put": operation(
            "changeAttachment",
            "Attachments",
            found,
            requestBody=body("AttachmentUpdate", {"title": "Blood count of May"}),
        )
        | {"x-semantics": {"action": "update", **said, "result": ""}},
        "delete": operation("deleteAttachment", "Attachments", {"204": response()})
        | {"x-semantics": {"action": "delete", **said}},
    }


def body(schema: str, example: Any) -> dict[str, Any]:
    return {
        "required": True,
        "description": "New.",
        "x-provenance": dict(SAID),
        "content": content(schema, example),
    }


SPOILS = {
    "forget": (Fault("forget", "PUT", ONE, "/title"),),
    "share": (Fault("share", "GET", ONE), Fault("share", "PUT", ONE)),
}


def test_the_right_server_is_not_accused(group: Group) -> None:
    assert [] == group.accused()


@pytest.mark.parametrize(
    ("run", "name", "word"),
    [
        ("forget", "changeAttachment", "title"),
        ("share", "getAttachment", ""),
        ("share", "changeAttachment", ""),
    ],
)
def test_the_judge_finds_a_spoilt_server(group: Group, run: str, name: str, word: str) -> None:
    assert group.findings(run, name, word)
