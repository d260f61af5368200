"""Prove that client, sandbox and collections have everything in the document.

    python -m scripts.steps.check

Each operation has a method of the client, each of its parameters and request properties a keyword,
and the collections a request. Then a separate program calls every operation once with all of them
against the sandbox: the values of an update must be read and listed afterwards. Exit codes: 0 it is
complete, 1 something is missing, 2 it could not be tried.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from heidi_spec_tools.dereference import dereference
from heidi_spec_tools.documents import DocumentError, load
from heidi_spec_tools.nodes import as_object, find, follow, place
from heidi_spec_tools.values import Values
from jsonschema_rs import Draft202012Validator

from scripts.generator.facts import method_names, python_name
from scripts.library.readable import readable_value
from scripts.library.running import StepFailure
from scripts.library.semantics import KEY
from scripts.library.serving import ServingError, serving
from scripts.publication.operations import JSON, Operation, operations, value_of, whole_body_of
from scripts.publication.requests import collection
from scripts.steps.documents import OUTPUT, ROOT, written_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from heidi_spec_tools.documents import Json
    from heidi_spec_tools.nodes import Pointer

CLIENT: Final = OUTPUT / "client.json"
STRICT: Final = OUTPUT / "strict.json"
TRIAL: Final = Path("scripts/library/trial.py")
ORDER: Final = ("create", "update", "read", "list", "act", "", "delete")
"""The actions in an order that satisfies their dependencies."""

METHODS_FROM: Final = "overrides/templates/resources.py.jinja"
"""The template of the client's methods."""

REFUSED_BY_CLIENT: Final = ("TypeError", "ValueError")
"""What a method raises for an argument that it does not take, before it sends anything."""

USER: Final = {"HEIDI_EMAIL": "trial@example.com", "HEIDI_THIRD_PARTY_INTERNAL_ID": "1"}


class Subject(NamedTuple):
    """An operation that the client has, and the name of its method."""

    operation: Operation
    method: str


def check() -> str:
    """Check the derived documents, and return what there is in a few words.

    Raises:
        StepFailure: something is missing, one line for each, with the place and the fix.
    """
    document: Any = load(ROOT / CLIENT)
    strict: Any = load(ROOT / STRICT)
    subjects, tried = subjects_of(document), subjects_of(strict)
    done = _tried([*_calls(strict, tried)])
    faults = [
        *missing_keywords(document, subjects, done["methods"]),
        *missing_requests(strict),
        *failed_calls(strict, tried, done["results"]),
    ]
    if faults:
        raise StepFailure(1, "operations or properties are missing", faults)
    count = sum(len([*_keywords(document, each.operation)]) for each in subjects)
    return f"{len(subjects)} methods with {count} keywords, each called against the sandbox"


def subjects_of(document: dict[str, Any]) -> list[Subject]:
    """Return the operations of the client, in an order that satisfies their dependencies."""
    names = method_names(document)
    found = [
        Subject(each, names[each.path, each.method])
        for each in operations(cast("dict[str, Any]", dereference(document)))
        if (each.path, each.method) in names
    ]
    created = _resources_of(found, "create")
    return sorted(found, key=lambda subject: _turn(subject, created))


def _turn(subject: Subject, created: set[str]) -> tuple[int, int]:
    """Order operations by their action; what contains others is created first and deleted last.

    What no operation creates is listed first.
    """
    operation = subject.operation
    depth = operation.path.count("/")
    if operation.action == "list" and operation.semantics["resource"] not in created:
        return ORDER.index("create"), depth
    return ORDER.index(operation.action), -depth if operation.action == "delete" else depth


def _resources_of(subjects: Sequence[Subject], action: str) -> set[str]:
    """Return the resources of the operations with an action."""
    said = [each.operation.semantics for each in subjects if each.operation.action == action]
    return {semantics["resource"] for semantics in said}


# What must be there


def missing_keywords(
    document: dict[str, Any], subjects: Sequence[Subject], methods: Mapping[str, Sequence[str]]
) -> Iterator[str]:
    """Yield a line for each method and keyword that the client does not have."""
    for operation, method in subjects:
        if method not in methods:
            yield f"{_where(_place(operation))}: the client has no {method}; fix {METHODS_FROM}"
            continue
        known = {name.rstrip("_") for name in methods[method]}
        for name, pointer in _keywords(document, operation):
            keyword = _keyword(name)
            if keyword not in known:
                yield f"{_where(pointer)}: {method} has no keyword {keyword}; fix {METHODS_FROM}"


def missing_requests(strict: dict[str, Any]) -> Iterator[str]:
    """Yield a line for each operation and property that the collections do not have."""
    requested = {request.operation for request in collection(strict).requests}
    for each in operations(cast("dict[str, Any]", dereference(strict))):
        if each.id not in requested:
            fix = "fix scripts/publication/requests.py"
            yield f"{_where(_place(each))}: the collections have no {each.id}; {fix}"
        for name, pointer, schema in _inputs(strict, each):
            if value_of(schema) is None and not Draft202012Validator(schema).is_valid(None):
                yield f"{_where(pointer)}: no value of {name} is known; give it an example"


def _keywords(document: dict[str, Any], operation: Operation) -> Iterator[tuple[str, Pointer]]:
    """Yield the parameters of a method: each name, with its place in the document."""
    token = operation.semantics.get("page", {}).get("token")
    for name, pointer, _ in _inputs(document, operation):
        if name != token:  # the pager sends it
            yield name, pointer


def _inputs(
    document: dict[str, Any], operation: Operation
) -> Iterator[tuple[str, Pointer, dict[str, Any]]]:
    """Yield the name, the place and the schema of each parameter and request property."""
    for parameter in operation.parameters:
        yield parameter["name"], _place(operation), parameter.get("schema", {})
    if operation.body is not None:
        body = _leads(document, (*_place(operation), "requestBody"))
        pointer = _leads(document, (*body, "content", JSON, "schema"))
        for name, schema in operation.body.get("schema", {}).get("properties", {}).items():
            yield name, (*pointer, "properties", name), schema


def _leads(document: dict[str, Any], pointer: Pointer) -> Pointer:
    return follow(document, find(document, pointer), pointer)[0]


def _keyword(name: str) -> str:
    """Spell a name as a keyword, without a trailing underscore."""
    return python_name(name).rstrip("_")


# What must work


def _calls(document: dict[str, Any], subjects: Sequence[Subject]) -> Iterator[dict[str, Any]]:
    """Yield what scripts/library/trial.py takes: a call of each operation."""
    resources = {
        name: schema[KEY]
        for name, schema in document["components"]["schemas"].items()
        if "id" in schema.get(KEY, {})
    }
    named = {meaning.get("parameter", meaning["id"]): name for name, meaning in resources.items()}
    known = _resources_of(subjects, "create") | _resources_of(subjects, "list")
    for operation, method in subjects:
        resource = operation.semantics.get("resource")
        shows = operation.action in ("create", "list")
        yield {
            "method": method,
            "path": [
                {"of": named[each["name"]]} if named.get(each["name"]) in known else value_of(each)
                for each in operation.parameters_in("path")
            ],
            "keywords": {_keyword(name): value for name, value in _sent(operation).items()},
            "several": operation.action == "list",
            "keeps": resources[resource]["id"] if shows else "",
            "resource": resource,
        }


def _sent(operation: Operation) -> dict[str, Any]:
    """Return what a call sends: every parameter but those in the path, and the whole body."""
    token = operation.semantics.get("page", {}).get("token")
    parameters = {
        each["name"]: value_of(each)
        for each in operation.parameters
        if each["in"] != "path" and each["name"] != token
    }
    return {**parameters, **as_object(whole_body_of(operation))}


def failed_calls(
    document: dict[str, Any], subjects: Sequence[Subject], results: Sequence[Mapping[str, Any]]
) -> Iterator[str]:
    """Yield a line for each call that failed, or did not show what an update sent."""
    updates: dict[str, dict[str, Any]] = {}
    for (operation, method), result in zip(subjects, results, strict=True):
        where = _where(_place(operation))
        resource = operation.semantics.get("resource", "")
        if "error" in result:
            by_client = result["error"].startswith(REFUSED_BY_CLIENT)
            fix = "scripts/generator/" if by_client else "sandbox/heidi_sandbox/"
            yield f"{where}: {method} failed: {result['error']}; fix {fix}"
            continue
        if operation.action == "update":
            updates[resource] = _shown(document, operation)
        if operation.action in ("update", "read", "list") and resource in updates:
            value: Any = result["value"]
            shown = value if operation.action == "list" else [value]
            for name in _lost(updates[resource], shown):
                fix = "fix sandbox/heidi_sandbox/"
                yield f"{where}: {method} does not show {name}, which an update sent; {fix}"


def _shown(document: dict[str, Any], operation: Operation) -> dict[str, Any]:
    """Return the values of an update that a resource shows, by the names of the resource."""
    resource = document["components"]["schemas"][operation.semantics["resource"]]
    known = Values(document).flat(resource).get("properties", {})
    schema: dict[str, Any] = operation.body["schema"] if operation.body else {}
    sent = as_object(readable_value([schema], whole_body_of(operation)))
    properties = _flat(schema).get("properties", {})
    named = {
        properties.get(name, {}).get(KEY, {}).get("stored_as", name): value
        for name, value in sent.items()
    }
    return {name: value for name, value in named.items() if name in known}


def _flat(schema: Any) -> dict[str, Any]:
    """Return a schema, or what it makes nullable, with every part of its `allOf` in one object."""
    return Values().flat(follow({}, schema)[1])


def _lost(sent: Mapping[str, Json], shown: Sequence[Json]) -> list[str]:
    """Name the properties that none of the values shows."""
    return [
        name
        for name, value in sent.items()
        if not any(_holds(each, {name: value}) for each in shown)
    ]


def _holds(shown: Json, sent: Json) -> bool:
    """Tell whether a value shows what was sent, and perhaps more in an object.

    An object of which nothing shows may be absent.
    """
    if isinstance(sent, list):
        return isinstance(shown, list) and len(shown) == len(sent) and all(map(_holds, shown, sent))
    if not isinstance(sent, dict):
        return shown == sent
    return isinstance(shown, dict) and all(
        _holds(shown.get(name, {}), value) for name, value in sent.items()
    )


# The trial


def _tried(calls: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Start the sandbox, and run scripts/library/trial.py against it."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("HEIDI_")}
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "log")
        try:
            with serving([sys.executable, "-m", "heidi_sandbox"], log, os.environ) as sandbox:
                result = subprocess.run(
                    [sys.executable, str(ROOT / TRIAL)],
                    env={
                        **others,
                        **USER,
                        "HEIDI_BASE_URL": sandbox.url,
                        "HEIDI_API_KEY": sandbox.key,
                    },
                    input=json.dumps(calls),
                    capture_output=True,
                    text=True,
                    check=False,
                )
        except ServingError as error:
            raise StepFailure(2, str(error)) from None
    if result.returncode != 0:
        last = (result.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise StepFailure(1, f"the client cannot be imported: {last}; fix overrides/")
    done: dict[str, Any] = json.loads(result.stdout)
    return done


def _place(operation: Operation) -> Pointer:
    return ("paths", operation.path, operation.method)


def _where(pointer: Pointer) -> str:
    """Name a place in the file that an owner edits or, if it is in none, in the derived one."""

    def shows(document: Any) -> bool:
        try:
            find(document, pointer)
        except LookupError:
            return False
        return True

    return f"{written_in('client', shows) or CLIENT}: {place(pointer)}"


def main() -> int:
    """Run the command line."""
    try:
        print(f"check: {check()}")
    except StepFailure as failure:
        print(f"check: {failure}", file=sys.stderr)
        return failure.code
    except DocumentError as error:
        print(f"check: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
