"""The requests as a Postman collection (schema 2.1.0), with a test on each response."""

from __future__ import annotations

import itertools
import uuid
from typing import TYPE_CHECKING, Any, Final

from heidi_spec_tools.documents import dump_json

from scripts.publication.operations import JSON, javascript, type_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scripts.publication.operations import Response
    from scripts.publication.requests import Collection, Request

NAME: Final = "collections/heidi-sessions.postman_collection.json"
SCHEMA: Final = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
DESCRIPTION: Final = """\
Runs from top to bottom against the sandbox, which `make sandbox` starts. Set the variable \
`apiKey` to the key that the sandbox prints; the first requests get the tokens that the others \
send. Each request tests the status of its response, and the first of each operation shows \
the responses that the document knows."""


def file(collection: Collection) -> str:
    """Return the collection as JSON."""
    kept = {name: "" for request in collection.requests for name in request.keeps}
    folders = itertools.groupby(collection.requests, lambda request: request.folder)
    return dump_json(
        {
            "info": {
                # Postman replaces a collection by one of the same id.
                "_postman_id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{SCHEMA}#{collection.title}")),
                "name": f"{collection.title} {collection.version}",
                "description": DESCRIPTION,
                "schema": SCHEMA,
            },
            "item": [
                {"name": folder, "item": [_item(request) for request in requests]}
                for folder, requests in folders
            ],
            "variable": [
                {"key": key, "value": value, "type": "string"}
                for key, value in (kept | dict(collection.variables)).items()
            ],
        }
    )


def _item(request: Request) -> dict[str, Any]:
    sent: dict[str, Any] = {
        "method": request.method,
        "header": [{"key": key, "value": value} for key, value in request.headers.items()],
        "url": _url(request),
    }
    if request.body is not None:
        sent["body"] = {
            "mode": "raw",
            "raw": request.body,
            "options": {"raw": {"language": "json"}},
        }
    script = {"type": "text/javascript", "exec": list(_tests(request))}
    return {
        "name": request.name,
        "request": sent,
        "response": [_shown(request, response, sent) for response in request.documented],
        "event": [{"listen": "test", "script": script}],
    }


def _shown(request: Request, response: Response, sent: dict[str, Any]) -> dict[str, Any]:
    """Write a response as a saved one."""
    error = type_of(response, request.error_at)
    return {
        "name": " ".join(filter(None, [str(response.status), error or response.description])),
        "originalRequest": sent,
        "code": response.status,
        "header": [{"key": "Content-Type", "value": JSON}] if response.has_body else [],
        "body": "" if response.example is None else dump_json(response.example),
        "_postman_previewlanguage": "json",
    }


def _url(request: Request) -> dict[str, Any]:
    query: list[dict[str, Any]] = [{"key": k, "value": v} for k, v in request.query.items()]
    raw = "&".join(f"{pair['key']}={pair['value']}" for pair in query)
    query += [{"key": k, "value": v, "disabled": True} for k, v in request.optional.items()]
    return {
        "raw": f"{{{{baseUrl}}}}{request.path}" + (f"?{raw}" if raw else ""),
        "host": ["{{baseUrl}}"],
        "path": request.path.strip("/").split("/"),
        **({"query": query} if query else {}),
    }


def _tests(request: Request) -> Iterator[str]:
    yield f'pm.test("{request.status}", () => pm.response.to.have.status({request.status}));'
    if request.has_body:
        yield 'pm.test("JSON", () => pm.response.to.be.json);'
    if request.error:
        found = javascript("pm.response.json()", request.error_at)
        assertion = f'pm.expect({found}).to.equal("{request.error}")'
        yield f'pm.test("{request.error}", () => {assertion});'
    for name, pointer in request.keeps.items():
        found = javascript("pm.response.json()", pointer)
        yield f'pm.collectionVariables.set("{name}", {found});'
