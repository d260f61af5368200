"""Additions of an owner to the document, to test that everything follows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from heidi_spec_tools.documents import dump_yaml, load

from scripts.steps.documents import SPEC

if TYPE_CHECKING:
    from pathlib import Path

ERROR = {
    "description": "Another user changes the letter.",
    "content": {
        "application/json": {
            "schema": {"$ref": "#/components/schemas/ErrorResponse"},
            "examples": {
                "sample": {"value": {"detail": {"msg": "in use", "type": "LetterInUseError"}}}
            },
        }
    },
}
LETTER = {"$ref": "#/components/schemas/Letter"}
ID = {"name": "letter_id", "in": "path", "required": True, "schema": {"type": "string"}}
SECURITY = [{"bearerAuth": list[str]()}]


def media(schema: Any, example: Any) -> dict[str, Any]:
    """Return the content of a body."""
    return {"application/json": {"schema": schema, "examples": {"sample": {"value": example}}}}


def operation(name: str, action: str, status: str, content: Any, **rest: Any) -> dict[str, Any]:
    """Return an operation on letters."""
    body = rest.pop("body", None)
    semantics = {"action": action, "resource": "Letter", **rest.pop("semantics", {})}
    response = {"description": "Done.", **({"content": content} if content else {})}
    return {
        "operationId": name,
        "tags": ["Letters"],
        "summary": f"{name} works",
        "description": "An operation on letters.",
        "security": SECURITY,
        "responses": {status: response},
        "x-semantics": semantics,
        **({"requestBody": {"required": True, "content": body}} if body else {}),
        **rest,
    }


def add_to(root: Path) -> None:
    """Add a second resource, an operation without semantics and an error type to the sources."""
    document: Any = load(root / SPEC)
    text = {"type": "string", "description": "The words."}
    schemas = document["components"]["schemas"]
    schemas["Letter"] = {
        "type": "object",
        "description": "A letter to a colleague.",
        "required": ["letter_id", "text"],
        "properties": {"letter_id": {"type": "string"}, "text": text},
        "x-semantics": {"id": "letter_id", "owner": "bearerAuth"},
    }
    schemas["LetterChange"] = {
        "type": "object",
        "description": "What a letter says.",
        "properties": {
            "text": text,
            "copies": {"type": "integer", "minimum": 2},
            "seal": {"type": "string", "pattern": "^[A-Z]{2}-[0-9]$"},
            "to": {"type": "object", "properties": {"ward": {"type": "string"}}},
        },
    }
    change = media({"$ref": "#/components/schemas/LetterChange"}, {"text": "Dear colleague"})
    letter = media(LETTER, {"letter_id": "1", "text": "Dear colleague"})
    page = {
        "type": "object",
        "properties": {
            "letters": {"type": "array", "items": LETTER},
            "cursor": {"type": ["string", "null"], "description": "The next page."},
        },
    }
    names = {"items": "/letters", "size": "limit", "token": "after", "next": "/cursor"}
    query = [
        {"name": "limit", "in": "query", "schema": {"type": "integer", "maximum": 7}},
        {"name": "after", "in": "query", "schema": {"type": "string"}},
        {"name": "since", "in": "query", "schema": {"type": "string", "format": "date"}},
    ]
    whole = {"result": ""}
    document["paths"]["/letters"] = {
        "post": operation("writeLetter", "create", "201", letter, body=change, semantics=whole),
        "get": operation(
            "listLetters",
            "list",
            "200",
            media(page, {"letters": [], "cursor": None}),
            parameters=query,
            semantics={"page": names},
        ),
    }
    edited = operation("editLetter", "update", "200", letter, body=change, semantics=whole)
    edited["responses"]["409"] = ERROR
    document["paths"]["/letters/{letter_id}"] = {
        "parameters": [ID],
        "get": operation("readLetter", "read", "200", letter, semantics=whole),
        "patch": edited,
        "delete": operation("burnLetter", "delete", "204", None),
    }
    sent = operation("sendLetter", "act", "202", None, parameters=[ID])
    del sent["x-semantics"]
    document["paths"]["/letters/{letter_id}/sendings"] = {"post": sent}
    (root / SPEC).write_text(dump_yaml(document), encoding="utf-8")
