"""Four linters read every document, and none of them can fall silent unnoticed."""

from __future__ import annotations

import copy
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import scripts.lint
from scripts.documents import DocumentError, dump_json, load
from scripts.lint import Finding, LintError, lint
from scripts.nodes import pointer_of

ROOT = Path(__file__).parents[2]
SPEC = ROOT / "openapi" / "openapi.yaml"
DERIVED = [
    ROOT / "generated" / "heidi_spec" / f"{name}.{suffix}"
    for name in ("base", "client", "strict")
    for suffix in ("json", "yaml")
]
CONFIGS = ROOT / "scripts" / "node"
NO_NETWORK = Path(__file__).parent / "lint" / "no_network.cjs"
REMOVED: Any = object()

SCHEMAS = "#/components/schemas"
COUNT = f"{SCHEMAS}/SessionPage/properties/count"
CREATE = "#/paths/~1sessions/post"
SESSION = "#/paths/~1sessions~1{session_id}"
LIST = "#/paths/~1sessions~1linked-user/get"
LINK = f"{CREATE}/responses/200/links/getSession"
SAMPLE = "#/components/examples/createSession.200/value"
ID: Any = {
    "name": "id",
    "in": "path",
    "required": True,
    "schema": {"type": "string"},
    "x-provenance": {"status": "documented", "source": "seed:L1"},
}


class Plant(NamedTuple):
    """A fault: where it is planted, what, and which rules fire; the first one at `place`."""

    target: str
    value: Any
    place: str
    rules: list[str]


PLANTS = {
    "an undeclared tag": Plant(
        f"{CREATE}/tags",
        ["Sesions"],
        f"{CREATE}/tags/0",
        ["redocly/operation-tag-defined", "spectral/operation-tag-defined"],
    ),
    "no word about failures": Plant(
        f"{CREATE}/responses/default",
        REMOVED,
        f"{CREATE}/responses",
        ["redocly/rule/operation-failure-declared"],
    ),
    "paths that overlap": Plant(
        "#/paths/~1{id}~1linked-user",
        {"parameters": [ID]},
        "#/paths/~1{id}~1linked-user",
        ["redocly/no-ambiguous-paths"],
    ),
    "no description": Plant(
        f"{CREATE}/description", REMOVED, CREATE, ["spectral/operation-description"]
    ),
    "an array without items": Plant(
        f"{SCHEMAS}/SessionPage/properties/sessions/items",
        REMOVED,
        f"{SCHEMAS}/SessionPage/properties/sessions",
        ["spectral/array-items"],
    ),
    "an unknown member": Plant(
        f"{CREATE}/sumary",
        "Create",
        CREATE,
        ["openapi-spec-validator/OpenAPIValidationError", "redocly/struct", "spectral/oas3-schema"],
    ),
    "a member named twice": Plant(
        f"{SCHEMAS}/SessionCreated/required",
        ["session_id", "session_id"],
        "#/required",
        ["openapi-spec-validator/uniqueItems"],
    ),
    "a reference to nothing": Plant(
        f"{SCHEMAS}/SessionPage/properties/sessions/items/$ref",
        f"{SCHEMAS}/Sesion",
        f"{SCHEMAS}/SessionPage/properties/sessions/items",
        ["redocly/no-unresolved-refs", "openapi-spec-validator/unresolvable", "spectral/invalid-ref"],
    ),
    "a variable of a path that no parameter declares": Plant(
        f"{SESSION}/parameters/0/name",
        "session",
        f"{SESSION}/get/parameters",
        [],
    ),
    "a parameter that the path does not have": Plant(
        "#/paths/~1sessions~1linked-user/parameters",
        [ID],
        "",
        [],
    ),
    "an operationId given twice": Plant(
        f"{LIST}/operationId",
        "getSession",
        LIST,
        [],
    ),
    "operationIds that make one name": Plant(
        f"{LIST}/operationId", "get_session", LIST, ["checks/operation-id-is-unique"]
    ),
    "maxLength on an integer": Plant(
        f"{COUNT}/maxLength", 3, f"{COUNT}/maxLength", ["checks/keyword-fits-type"]
    ),
    "a default of another type": Plant(
        f"{COUNT}/default",
        "ten",
        f"{COUNT}/default",
        ["checks/value-fits-schema"],
    ),
    "a sample that breaks its schema": Plant(
        f"{SAMPLE}/session_id",
        1234567890,
        f"{SAMPLE}/session_id",
        ["checks/value-fits-schema"],
    ),
    "a tag without operations": Plant(
        "#/tags/1", {"name": "Other", "description": "Other."}, "#/tags/1", ["checks/tag-is-used"]
    ),
    "an unused security scheme": Plant(
        "#/components/securitySchemes/other",
        {"type": "http", "scheme": "basic"},
        "#/components/securitySchemes/other",
        ["checks/component-is-reachable"],
    ),
    "a link to no operation": Plant(
        f"{LINK}/operationId", "readSession", LINK, ["checks/link-leads-somewhere"]
    ),
    "a property from nowhere": Plant(
        f"{COUNT}/x-provenance", REMOVED, COUNT, ["checks/provenance-is-complete"]
    ),
    "a source that cannot be looked up": Plant(
        f"{COUNT}/x-provenance/source",
        "seed:219",
        f"{COUNT}/x-provenance/source",
        ["checks/provenance-is-well-formed"],
    ),
}


def plant(document: Any, fault: Plant) -> Any:
    document = copy.deepcopy(document)
    *above, last = pointer_of(fault.target) or ()
    node = document
    for token in above:
        node = node[int(str(token)) if isinstance(node, list) else token]
    if isinstance(node, list):
        node.insert(int(str(last)), fault.value)
    elif fault.value is REMOVED:
        del node[last]
    else:
        node[last] = fault.value
    return document


def rule(finding: Finding) -> str:
    return f"{finding.tool}/{finding.rule}"


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Finding]]:
    """What is found in each planted document; all in one run, in a folder with a hard name."""
    folder = tmp_path_factory.mktemp("a (b)[c]{d,e}") / ".hidden"
    folder.mkdir()
    base = load(SPEC)
    paths = {name: folder / f"{name}.json" for name in PLANTS}
    for name, path in paths.items():
        path.write_text(dump_json(plant(base, PLANTS[name])), encoding="utf-8")
    findings = lint(list(paths.values()))
    return {name: [it for it in findings if it.path == path] for name, path in paths.items()}


@pytest.mark.parametrize("name", PLANTS)
def test_a_planted_fault_is_found_by_each_linter_that_can_see_it(
    name: str, found: dict[str, list[Finding]]
) -> None:
    assert set(PLANTS[name].rules) == {rule(finding) for finding in found[name]}
    place, first = PLANTS[name].place, PLANTS[name].rules[0]
    assert place in [finding.place for finding in found[name] if rule(finding) == first]
