"""A call of each operation in curl, Python and TypeScript, from the document.

The call that issues tokens keeps one in the variable `token`, which those of the others take.
"""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING, Any, Final, cast

from heidi_spec_tools.dereference import dereference
from heidi_spec_tools.nodes import as_object, pointer_of

from scripts.generator.facts import method_names, python_name
from scripts.publication.markdown import LANGUAGES
from scripts.publication.operations import javascript, operations, value_of
from scripts.publication.requests import calls, is_sent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from heidi_spec_tools.documents import Json
    from heidi_spec_tools.nodes import Pointer

    from scripts.publication.operations import Operation
    from scripts.publication.requests import Request

BASE_URL: Final = "HEIDI_BASE_URL"
SHELL: Final = {"{{token}}": "$token", "{{apiKey}}": "$HEIDI_API_KEY"}
TYPESCRIPT: Final = {"{{token}}": "token", "{{apiKey}}": "process.env.HEIDI_API_KEY!"}
"""The placeholder of the secret in a header of a request."""

PRISM: Final = {"sh": "bash", "python": "python", "ts": "javascript"}
"""What Redoc calls the languages, to colour them; it does not know TypeScript."""

IMPORT: Final = "from heidi_sessions import Heidi"
WIDTH: Final = 60
"""Of a call of Python in one line: a column of the reference is narrow."""


def samples(document: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Write a call of each operation.

    Returns:
        For each method and path the call, by the name of the language in Markdown.

    Raises:
        DocumentError: a reference has no target, or an operation has another security scheme.
    """
    plain = cast("dict[str, Any]", dereference(dict(document)))
    methods = method_names(plain)
    requests = calls(plain)
    return {
        each.request: {
            "sh": _curl(requests[each.request], _issued(each)),
            "python": _python(each, methods.get((each.path, each.method), "")),
            "ts": _typescript(requests[each.request], _issued(each)),
        }
        for each in operations(plain)
    }


def as_extension(shown: Mapping[str, str]) -> list[dict[str, str]]:
    """Return the calls of an operation as `x-codeSamples`."""
    return [
        {"lang": PRISM[language], "label": LANGUAGES[language], "source": source}
        for language, source in shown.items()
    ]


def _issued(operation: Operation) -> Pointer:
    """Return where the response has a token, if the operation issues one."""
    return pointer_of(f"#{operation.semantics.get('token', '')}") or ()


def _url(request: Request, base: str) -> str:
    query = "&".join(f"{name}={value}" for name, value in request.query.items())
    return f"{base}{request.path}" + (f"?{query}" if query else "")


def _curl(request: Request, token: Pointer) -> str:
    lines = [f'curl -sS "{_url(request, f"${BASE_URL}")}"']
    for name, value in request.headers.items():
        lines += _curl_header(name, value)
    if request.method != ("GET" if request.body is None else "POST"):
        lines.append(f"--request {request.method}")
    if request.body is not None:
        lines.append(f"--json @- <<'END'\n{request.body}\nEND")
    call = " \\\n  ".join(lines)
    return f"token=$({call} | jq -r {javascript('', token)})" if token else call


def _curl_header(name: str, value: str) -> list[str]:
    """Write a header; what is secret comes from a file, since arguments show in process lists."""
    if name == "Content-Type":
        return []
    for variable, known in SHELL.items():
        if variable in value:
            shown = value.replace(variable, "%s")
            return [f"--header @<(printf '{name}: {shown}' \"{known}\")"]
    return [f"--header '{name}: {value}'"]


def _typescript(request: Request, token: Pointer) -> str:
    options: list[str] = []
    if request.method != "GET":
        options.append(f'method: "{request.method}",')
    if request.headers:
        options.append("headers: {")
        options += [f"  {_key(name)}: {_text(value)}," for name, value in request.headers.items()]
        options.append("},")
    if request.body is not None:
        options += f"body: JSON.stringify({request.body}),".splitlines()
    url = _url(request, f"${{process.env.{BASE_URL}}}")
    given = f", {{\n{textwrap.indent(chr(10).join(options), '  ')}\n}}" if options else ""
    name = "issued" if token else "response"
    call = f"const {name} = await fetch(`{url}`{given});\n"
    if token:
        return f"{call}const token = {javascript('(await issued.json())', token)};"
    body = ", await response.json()" if request.has_body else ""
    return f"{call}console.log(response.status{body});"


def _key(name: str) -> str:
    return name if name.isidentifier() else f'"{name}"'


def _text(value: str) -> str:
    """Write the value of a header, which may hold a secret of the environment."""
    for variable, known in TYPESCRIPT.items():
        if value == variable:
            return known
        if variable in value:
            return f"`{value.replace(variable, f'${{{known}}}')}`"
    return json.dumps(value, ensure_ascii=False)


def _python(operation: Operation, method: str) -> str:
    sent = [each for each in operation.parameters if each["in"] != "path" and is_sent(each)]
    given = {each["name"]: value_of(each) for each in sent}
    if not method:
        user = [each for each in operation.semantics.get("user", ()) if each in given]
        comment = "    # The client gets a token when it needs one, and renews it."
        opened = _called("Heidi", [_keyword(name, given[name]) for name in user])
        return "\n".join([IMPORT, "", f"with {opened} as client:", comment, "    ..."])
    path = [_literal(str(value_of(each))) for each in operation.parameters_in("path")]
    body = as_object(value_of(operation.body)) if operation.body is not None else {}
    keywords = [_keyword(name, value) for name, value in {**given, **body}.items()]
    call = _called(f"client.{method}", [*path, *keywords])
    resource = python_name(operation.semantics.get("resource", "result"))
    if operation.action == "list":
        lines = [f"for {resource} in {call}:", f"    print({resource})"]
    else:
        lines = [f"{resource} = {call}"] if operation.success.has_body else [call]
    inner = textwrap.indent("\n".join(lines), "    ")
    return "\n".join([IMPORT, "", "with Heidi() as client:", inner])


def _called(name: str, arguments: Sequence[str]) -> str:
    line = f"{name}({', '.join(arguments)})"
    if len(line) <= WIDTH:
        return line
    return "\n".join([f"{name}(", *(f"    {each}," for each in arguments), ")"])


def _keyword(name: str, value: Json) -> str:
    return f"{python_name(name)}={_literal(value)}"


def _literal(value: Json) -> str:
    """Write a value as Python does, strings in double quotes."""
    if isinstance(value, dict):
        parts = (f"{_literal(key)}: {_literal(child)}" for key, child in value.items())
        return f"{{{', '.join(parts)}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_literal, value))}]"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)
