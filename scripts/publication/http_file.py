"""The requests as a `.http` file, as JetBrains' HTTP Client and httpYac read it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from heidi_spec_tools.documents import dump_json

from scripts.publication.operations import javascript, type_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from scripts.publication.requests import Collection, Request

NAME: Final = "collections/heidi-sessions.http"
ENVIRONMENT: Final = "collections/http-client.env.json"
SECRETS: Final = "http-client.private.env.json"

HEAD: Final = """\
# {title} {version}, for JetBrains' HTTP Client and for httpYac (VS Code or command line).
# Runs from top to bottom against the sandbox, which `make sandbox` starts. Put its key into
# {secrets} beside this file: {{"sandbox": {{"apiKey": "..."}}}}
# Then choose the environment `sandbox`. The first requests get the tokens that the others send.
"""


def files(collection: Collection) -> dict[str, str]:
    """Return the file, and the environment that it reads its variables from."""
    head = HEAD.format(title=collection.title, version=collection.version, secrets=SECRETS)
    known = {name: value for name, value in collection.variables.items() if value}
    return {
        NAME: head + "".join(_block(request) for request in collection.requests),
        ENVIRONMENT: dump_json({"sandbox": dict(known)}),
    }


def _block(request: Request) -> str:
    query, optional = map(_spelled, (request.query, request.optional))
    lines = [
        "",
        f"### {request.folder}: {request.name}",
        *_documented(request),
        *([f"# The query may also have {optional}"] if optional else ()),
        f"{request.method} {{{{baseUrl}}}}{request.path}" + (f"?{query}" if query else ""),
        *(f"{name}: {value}" for name, value in request.headers.items()),
        "",
    ]
    if request.body is not None:
        lines += [request.body, ""]
    return "\n".join([*lines, "> {%", *_checks(request), "%}", ""])


def _spelled(query: Mapping[str, str]) -> str:
    return "&".join(f"{name}={value}" for name, value in query.items())


def _documented(request: Request) -> Iterator[str]:
    """Write a comment for each response that the document knows."""
    for response in request.documented:
        error = type_of(response, request.error_at)
        yield " ".join(filter(None, ["#", str(response.status), error, response.description]))


def _checks(request: Request) -> Iterator[str]:
    yield _check(str(request.status), f"response.status === {request.status}")
    if request.error:
        found = javascript("response.body", request.error_at)
        yield _check(request.error, f'{found} === "{request.error}"')
    for name, pointer in request.keeps.items():
        yield f'  client.global.set("{name}", {javascript("response.body", pointer)});'


def _check(name: str, condition: str) -> str:
    return f'  client.test("{name}", () => client.assert({condition}));'
