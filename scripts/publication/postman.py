"""The requests as a Postman collection (schema 2.1.0), with a test on each answer."""

from __future__ import annotations

import itertools
import uuid
from typing import TYPE_CHECKING, Any, Final

from scripts.documents import dump_json
from scripts.publication.requests import REQUESTS, VARIABLES, Request, body_of

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME: Final = "collections/heidi-sessions.postman_collection.json"
SCHEMA: Final = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
DESCRIPTION: Final = """\
Runs from top to bottom against the sandbox, which `make sandbox` starts. Set the variable \
`apiKey` to the key that the sandbox prints; the first requests get the tokens that the others \
send. Each request tests the status of its answer."""


def collection(document: Mapping[str, Any]) -> str:
    """Return the collection as JSON."""
    info = document["info"]
    known = {**VARIABLES, "apiKey": ""}
    kept = {name: "" for request in REQUESTS for name in request.keeps}
    folders = itertools.groupby(REQUESTS, lambda request: request.folder)
    return dump_json(
        {
            "info": {
                # Postman replaces a collection by one of the same id.
                "_postman_id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{SCHEMA}#{info['title']}")),
                "name": f"{info['title']} {info['version']}",
                "description": DESCRIPTION,
                "schema": SCHEMA,
            },
            "item": [
                {"name": folder, "item": [_item(request, document) for request in requests]}
                for folder, requests in folders
            ],
            "variable": [
                {"key": key, "value": value, "type": "string"}
                for key, value in (known | kept).items()
            ],
        }
    )


def _item(request: Request, document: Mapping[str, Any]) -> dict[str, Any]:
    sent: dict[str, Any] = {
        "method": request.method,
        "header": [{"key": key, "value": value} for key, value in request.headers.items()],
        "url": _url(request),
    }
    body = body_of(request, document)
    if body is not None:
        sent["body"] = {"mode": "raw", "raw": body, "options": {"raw": {"language": "json"}}}
    script = {"type": "text/javascript", "exec": _tests(request)}
    return {"name": request.name, "request": sent, "event": [{"listen": "test", "script": script}]}


def _url(request: Request) -> dict[str, Any]:
    query = [{"key": key, "value": value} for key, value in request.query.items()]
    raw = "&".join(f"{pair['key']}={pair['value']}" for pair in query)
    return {
        "raw": f"{{{{baseUrl}}}}{request.path}" + (f"?{raw}" if raw else ""),
        "host": ["{{baseUrl}}"],
        "path": request.path.strip("/").split("/"),
        **({"query": query} if query else {}),
    }


def _tests(request: Request) -> list[str]:
    tests = [
        f'pm.test("{request.status}", () => pm.response.to.have.status({request.status}));',
        'pm.test("JSON", () => pm.response.to.be.json);',
    ]
    if request.error:
        assertion = f'pm.expect(pm.response.json().detail.type).to.equal("{request.error}")'
        tests.append(f'pm.test("{request.error}", () => {assertion});')
    tests += [
        f'pm.collectionVariables.set("{name}", pm.response.json().{member});'
        for name, member in request.keeps.items()
    ]
    return tests
