"""The requests as a `.http` file, as JetBrains' HTTP Client and httpYac read it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from scripts.documents import dump_json
from scripts.publication.requests import REQUESTS, VARIABLES, Request, body_of

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME: Final = "collections/heidi-sessions.http"
ENVIRONMENT: Final = "collections/http-client.env.json"
SECRETS: Final = "http-client.private.env.json"

HEAD: Final = """\
# {title} {version}, for JetBrains' HTTP Client and for httpYac (VS Code or command line).
# Runs from top to bottom against the sandbox, which `make sandbox` starts. Put its key into
# {secrets} beside this file: {{"sandbox": {{"apiKey": "..."}}}}
# Then choose the environment `sandbox`. The first requests get the tokens that the others send.
"""


def http_file(document: Mapping[str, Any]) -> dict[str, str]:
    """Return the file, and the environment that it reads its variables from."""
    info = document["info"]
    head = HEAD.format(title=info["title"], version=info["version"], secrets=SECRETS)
    return {
        NAME: head + "".join(_block(request, document) for request in REQUESTS),
        ENVIRONMENT: dump_json({"sandbox": dict(VARIABLES)}),
    }


def _block(request: Request, document: Mapping[str, Any]) -> str:
    query = urlencode(request.query, safe="{}")
    lines = [
        "",
        f"### {request.folder}: {request.name}",
        f"{request.method} {{{{baseUrl}}}}{request.path}" + (f"?{query}" if query else ""),
        *(f"{name}: {value}" for name, value in request.headers.items()),
        "",
    ]
    body = body_of(request, document)
    if body is not None:
        lines += [body, ""]
    return "\n".join([*lines, "> {%", *_checks(request), "%}", ""])


def _checks(request: Request) -> list[str]:
    checks = [_check(str(request.status), f"response.status === {request.status}")]
    if request.error:
        checks.append(_check(request.error, f'response.body.detail.type === "{request.error}"'))
    return checks + [
        f'  client.global.set("{name}", response.body.{member});'
        for name, member in request.keeps.items()
    ]


def _check(name: str, condition: str) -> str:
    return f'  client.test("{name}", () => client.assert({condition}));'
