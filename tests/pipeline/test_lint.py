"""Four linters read every document, and none of them can stop working unnoticed."""

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
from heidi_spec_tools.documents import DocumentError, dump_json, load
from heidi_spec_tools.nodes import Document, place, pointer_of

import scripts.steps.lint
from scripts.library.checks import CHECKS
from scripts.publication.operations import JSON
from scripts.steps.lint import LINTERS, NODE, REDOCLY, Finding, LintError, lint, main
from tests.owner import subject

ROOT = Path(__file__).parents[2]
SPEC = ROOT / "openapi" / "openapi.yaml"
CONFIGS = ROOT / "scripts" / "node"
NO_NETWORK = Path(__file__).parent / "lint" / "no_network.cjs"
REMOVED: Any = object()

SCHEMAS = "#/components/schemas"
CREATED = subject.CREATE.shown
ID_SHOWN = subject.CREATE.semantics["id"]
PAGES = f"{SCHEMAS}/{subject.LIST.shown}"
SESSIONS = f"{PAGES}/properties{subject.PAGE['items']}"
COUNT = f"{PAGES}/properties{subject.PAGE['count']}"
SESSION = place(("paths", subject.READ.path))
LISTED = place(("paths", subject.LIST.path))
LIST = f"{LISTED}/get"
CREATE = f"{place(('paths', subject.CREATE.path))}/post"
LINK = f"{CREATE}/responses/200/links/{subject.READ.name}"
SAMPLE = f"#/components/examples/{subject.CREATE.name}.200/value"
ID: Any = {
    "name": "id",
    "in": "path",
    "required": True,
    "schema": {"type": "string"},
    "x-provenance": {"status": "documented", "source": "seed:L1"},
}


def update_of_an_id() -> Any:
    """Return the update, with an id that it takes and that its resource does not allow."""
    document: Any = load(SPEC)
    operation = document["paths"][subject.UPDATE.path][subject.UPDATE.method.lower()]
    media = operation["requestBody"]["content"][JSON]
    source = {"x-provenance": ID["x-provenance"]}
    properties = {subject.ID: {"type": "boolean", **source}}
    media["schema"] = {"allOf": [media["schema"], {"properties": properties, **source}], **source}
    return {**operation, "x-semantics": subject.UPDATE.semantics}


class Plant(NamedTuple):
    """A fault: its place, its content, and the rules that fire; the first one at `place`."""

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
    "semantics of an unknown action": Plant(
        f"{CREATE}/x-semantics",
        {"action": "invent"},
        f"{CREATE}/x-semantics/action",
        ["checks/semantics-lead-somewhere"],
    ),
    "a request that its resource does not allow": Plant(
        f"{SESSION}/{subject.UPDATE.method.lower()}",
        update_of_an_id(),
        f"{SCHEMAS}/{subject.RESOURCE}/properties/{subject.ID}",
        ["checks/requests-fit-resources"],
    ),
    "no description": Plant(
        f"{CREATE}/description", REMOVED, CREATE, ["spectral/operation-description"]
    ),
    "an array without items": Plant(
        f"{SESSIONS}/items",
        REMOVED,
        SESSIONS,
        ["spectral/array-items"],
    ),
    "an unknown member": Plant(
        f"{CREATE}/sumary",
        "Create",
        CREATE,
        ["openapi-spec-validator/OpenAPIValidationError", "redocly/struct", "spectral/oas3-schema"],
    ),
    "a property named twice": Plant(
        f"{SCHEMAS}/{CREATED}/required",
        [ID_SHOWN[1:], ID_SHOWN[1:]],
        "#/required",
        [
            "openapi-spec-validator/uniqueItems",
            "spectral/oas3-schema",
            "spectral/oas3-valid-media-example",
        ],
    ),
    "a reference to nothing": Plant(
        f"{SESSIONS}/items/$ref",
        f"{SCHEMAS}/Sesion",
        f"{SESSIONS}/items",
        [
            "redocly/no-unresolved-refs",
            "openapi-spec-validator/unresolvable",
            "spectral/invalid-ref",
        ],
    ),
    "a variable of a path that no parameter declares": Plant(
        f"{SESSION}/parameters/0/name",
        "session",
        f"{SESSION}/get/parameters",
        [
            "redocly/path-parameters-defined",
            "spectral/path-params",
            "openapi-spec-validator/UnresolvableParameterError",
            "checks/link-leads-somewhere",
        ],
    ),
    "a parameter that the path does not have": Plant(
        f"{LISTED}/parameters",
        [ID],
        f"{LISTED}/parameters/0/name",
        [
            "redocly/path-parameters-defined",
            "spectral/path-params",
            "openapi-spec-validator/UnresolvableParameterError",
        ],
    ),
    "an operationId given twice": Plant(
        f"{LIST}/operationId",
        subject.CREATE.name,
        LIST,
        [
            "checks/operation-id-is-unique",
            "openapi-spec-validator/DuplicateOperationIDError",
            "redocly/operation-operationId-unique",
            "spectral/operation-operationId-unique",
        ],
    ),
    "operationIds that make one name": Plant(
        f"{LIST}/operationId",
        re.sub("[A-Z]", r"_\g<0>", subject.READ.name).lower(),
        LIST,
        ["checks/operation-id-is-unique"],
    ),
    "maxLength on an integer": Plant(
        f"{COUNT}/maxLength", 3, f"{COUNT}/maxLength", ["checks/keyword-fits-type"]
    ),
    "a default of another type": Plant(
        f"{COUNT}/default",
        "ten",
        f"{COUNT}/default",
        [
            "checks/value-fits-schema",
            "openapi-spec-validator/type",
            "spectral/oas3-valid-schema-example",
        ],
    ),
    "a sample that breaks its schema": Plant(
        f"{SAMPLE}{ID_SHOWN}",
        1234567890,
        f"{SAMPLE}{ID_SHOWN}",
        [
            "checks/value-fits-schema",
            "redocly/no-invalid-media-type-examples",
            "spectral/oas3-valid-media-example",
        ],
    ),
    "a tag without operations": Plant(
        "#/tags/1", {"name": "Other", "description": "Other."}, "#/tags/1", ["checks/tag-is-used"]
    ),
    "an unused security scheme": Plant(
        "#/components/securitySchemes/other",
        {"type": "http", "scheme": "basic"},
        "#/components/securitySchemes/other",
        ["checks/component-is-reachable", "redocly/no-unused-components"],
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
    pointer: Any = pointer_of(fault.target)
    *above, last = pointer
    node: Any = document
    for token in above:
        node = node[int(token) if hasattr(node, "insert") else token]
    if hasattr(node, "insert"):
        node.insert(int(last), fault.value)
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


@pytest.mark.slow
@pytest.mark.parametrize("name", PLANTS)
def test_a_planted_fault_is_found_by_each_linter_that_can_see_it(
    name: str, found: dict[str, list[Finding]]
) -> None:
    assert set(PLANTS[name].rules) == {rule(finding) for finding in found[name]}
    place, first = PLANTS[name].place, PLANTS[name].rules[0]
    assert place in [finding.place for finding in found[name] if rule(finding) == first]


@pytest.mark.slow
@pytest.mark.parametrize("tool", LINTERS)
def test_each_linter_finds_a_fault(tool: str, found: dict[str, list[Finding]]) -> None:
    assert tool in {finding.tool for findings in found.values() for finding in findings}


@pytest.mark.slow
def test_each_of_our_checks_finds_a_fault(found: dict[str, list[Finding]]) -> None:
    fired = {it.rule for findings in found.values() for it in findings if it.tool == "checks"}
    assert set(CHECKS) == fired


@pytest.mark.slow
def test_findings_come_in_the_same_order_each_time(found: dict[str, list[Finding]]) -> None:
    assert all(findings == sorted(set(findings)) for findings in found.values())


@pytest.mark.slow
@pytest.mark.parametrize(("value", "step", "wrong"), [(12.35, 0.05, 0), (12.36, 0.05, 1)])
def test_multiples_are_exact_and_not_computed_with_floats(
    value: float, step: float, wrong: int, tmp_path: Path
) -> None:
    document: Any = load(SPEC)
    schema = {"type": "number", "multipleOf": step, "examples": [value], "default": value}
    price = {**schema, "x-provenance": ID["x-provenance"]}
    document["components"]["schemas"][CREATED]["properties"]["price"] = price
    for parameter in document["paths"][subject.LIST.path]["get"]["parameters"]:
        parameter.update(schema=schema, example=value)
    document["components"]["examples"][SAMPLE.split("/")[3]]["value"]["price"] = value
    path = tmp_path / "x.json"
    path.write_text(dump_json(document), encoding="utf-8")
    # Each default, each example of a schema, that of the parameter, and the sample.
    assert [*["checks/value-fits-schema"] * wrong * 6] == [rule(each) for each in lint([path])]


def off(config: str) -> list[tuple[str, str]]:
    """Return each rule that a configuration turns off, with the line above it."""
    lines = (CONFIGS / config).read_text(encoding="utf-8").splitlines()
    rules = [re.fullmatch(r"\s*(\S+):\s*[\"']?(?:off|false)[\"']?\s*(?:#.*)?", it) for it in lines]
    return [(it[1], lines[number - 1].strip()) for number, it in enumerate(rules) if it]


@pytest.mark.parametrize("config", ["redocly.yaml", "spectral.yaml"])
def test_a_disabled_rule_has_its_reason_above_it(config: str) -> None:
    assert [] == [name for name, above in off(config) if not above.startswith("# ")]


@pytest.mark.slow
def test_each_disabled_rule_would_report_something(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected: set[str] = set()
    for config in ("redocly.yaml", "spectral.yaml"):
        names = [name for name, _ in off(config)]
        expected |= {f"{config.partition('.')[0]}/{name}" for name in names}
        text = (CONFIGS / config).read_text(encoding="utf-8")
        kept = [it for it in text.splitlines() if it.strip().partition(":")[0] not in names]
        (tmp_path / config).write_text("\n".join(kept), encoding="utf-8")
    monkeypatch.setattr(scripts.steps.lint, "_TOOLS", tmp_path)
    assert expected == {rule(finding) for finding in lint([SPEC])}


# What cannot run


def use_only(tool: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scripts.steps.lint, "LINTERS", {tool: LINTERS[tool]})


def refusal(path: Path) -> str:
    with pytest.raises((DocumentError, LintError)) as caught:
        lint([path])
    text = str(caught.value)
    assert "\n" not in text
    return text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("openapi: 3.1.0\ninfo: [\n", "not YAML"),
        ("openapi: 3.0.3\ninfo: {}\n", "is not an OpenAPI 3.1 document; name one"),
        ("swagger: '2.0'\n", "is not an OpenAPI 3.1 document; name one"),
        ("- openapi\n", "is not an OpenAPI 3.1 document; name one"),
        (
            "openapi: 3.1.0\nx: [{$ref: 'https://127.0.0.1/a.yaml#/b'}]\n",
            "$.x[0].$ref: leads out of the document; copy in what it names",
        ),
        (
            "openapi: 3.1.0\nx: {$ref: other.yaml}\n",
            "$.x.$ref: leads out of the document; copy in what it names",
        ),
    ],
)
def test_a_document_with_external_references_is_refused(
    text: str, reason: str, tmp_path: Path
) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(text, encoding="utf-8")
    assert reason in refusal(path)
    assert str(path) in refusal(path)


@pytest.mark.parametrize("script", ["REDOCLY", "SPECTRAL"])
@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("", "ended with status 0: no output"),
        ("process.exit(1)", "ended with status 1: no output"),
        ("console.error('out of\\nmemory'); process.exit(134)", "status 134: out of memory"),
        ("console.log('{}'); process.exit(2)", "ended with status 2"),
        ("console.log('No problems.')", "prints JSON of an unknown form"),
        ("console.log('[{}]')", "prints JSON of an unknown form"),
        ("console.log('[')", "prints JSON of an unknown form"),
    ],
)
def test_a_tool_that_crashes_or_prints_nothing_is_an_error(
    script: str, program: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tool.cjs").write_text(program, encoding="utf-8")
    monkeypatch.setattr(scripts.steps.lint, script, tmp_path / "tool.cjs")
    use_only(script.lower(), monkeypatch)
    assert reason in refusal(SPEC)


@pytest.mark.parametrize(
    ("script", "output", "reason"),
    [
        ("REDOCLY", '{"totals": {}, "problems": []}', "Redocly: reported on 1 of 2 documents"),
        ("SPECTRAL", "[]", "Spectral: did not read "),
    ],
)
def test_a_tool_that_skips_a_document_is_an_error(
    script: str, output: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tool.cjs").write_text(f"console.log('{output}')", encoding="utf-8")
    monkeypatch.setattr(scripts.steps.lint, script, tmp_path / "tool.cjs")
    other = shutil.copy(SPEC, tmp_path)
    with pytest.raises(LintError, match=re.escape(reason)):
        LINTERS[script.lower()]({path: Document({}) for path in (SPEC, Path(other))})


@pytest.mark.parametrize(
    ("missing", "tool"), [("NODE", "redocly"), ("REDOCLY", "redocly"), ("SPECTRAL", "spectral")]
)
def test_a_tool_that_is_not_installed_is_named_with_the_fix(
    missing: str, tool: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scripts.steps.lint, missing, tmp_path / "nowhere")
    use_only(tool, monkeypatch)
    assert f"{tmp_path / 'nowhere'} is not installed; run `make`" in refusal(SPEC)


def test_a_tool_that_never_ends_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tool.cjs").write_text("setInterval(() => {}, 1000)", encoding="utf-8")
    monkeypatch.setattr(scripts.steps.lint, "REDOCLY", tmp_path / "tool.cjs")
    monkeypatch.setattr(scripts.steps.lint, "_TIMEOUT", 0.5)
    assert "Redocly: did not end within 0.5 s; try again" == refusal(SPEC)


def test_a_misspelt_rule_in_the_configuration_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (CONFIGS / "redocly.yaml").read_text(encoding="utf-8")
    (tmp_path / "redocly.yaml").write_text(text.replace("tag-defined", "tag-define"))
    monkeypatch.setattr(scripts.steps.lint, "_TOOLS", tmp_path)
    use_only("redocly", monkeypatch)
    assert "operation-tag-define" in refusal(SPEC)


def test_problems_that_an_ignore_file_hides_are_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(CONFIGS / "redocly.yaml", tmp_path)
    path = tmp_path / "x.json"
    path.write_text(dump_json(plant(load(SPEC), PLANTS["an undeclared tag"])), encoding="utf-8")
    ignored = f"x.json: {{operation-tag-defined: ['{CREATE}/tags/0']}}"
    (tmp_path / ".redocly.lint-ignore.yaml").write_text(ignored, encoding="utf-8")
    monkeypatch.setattr(scripts.steps.lint, "_TOOLS", tmp_path)
    use_only("redocly", monkeypatch)
    assert "Redocly: holds problems back; delete .redocly.lint-ignore.yaml" == refusal(path)


def test_a_validator_that_crashes_before_it_finds_anything_is_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    use_only("openapi-spec-validator", monkeypatch)
    monkeypatch.setattr(scripts.steps.lint, "OpenAPIV31SpecValidator", repr)
    assert "openapi-spec-validator: crashed" in refusal(SPEC)


def test_a_validator_that_crashes_after_reporting_is_not_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.json"
    fault = Plant(f"{CREATE}/responses/200/content", [{}], "", [])
    path.write_text(dump_json(plant(load(SPEC), fault)), encoding="utf-8")
    use_only("openapi-spec-validator", monkeypatch)
    assert {"openapi-spec-validator"} == {finding.tool for finding in lint([path])}


# The command


@pytest.mark.slow
def test_without_findings_the_command_exits_0_and_nothing_leaves_the_machine(
    tmp_path: Path,
) -> None:
    log = tmp_path / "network.log"
    watch = {
        "NETWORK_LOG": str(log),
        "NODE_OPTIONS": f"--require={NO_NETWORK}",
        "REDOCLY_TELEMETRY": "on",
    }
    done = subprocess.run(
        [sys.executable, "scripts/steps/lint.py", "openapi/openapi.yaml"],
        capture_output=True,
        check=False,
        cwd=ROOT,
        encoding="utf-8",
        env=os.environ | watch,
    )
    assert ("documents: 1, findings: 0\n", "", 0) == (done.stdout, done.stderr, done.returncode)
    assert not log.exists()
    # Proof that the watch works: without settings, Redocly calls home.
    tool = [str(NODE), str(REDOCLY)]
    command = [*tool, "lint", "openapi/openapi.yaml"]
    subprocess.run(command, check=False, capture_output=True, cwd=ROOT, env=os.environ | watch)
    assert log.exists()


def test_with_findings_the_command_prints_a_line_for_each_and_exits_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use_only("checks", monkeypatch)
    path = tmp_path / "x.json"
    path.write_text(dump_json(plant(load(SPEC), PLANTS["maxLength on an integer"])))
    assert 1 == main([str(path)])
    what = "maxLength is for string, and the schema allows integer; drop one of them"
    line = f"{path}: {COUNT}/maxLength: {what} (checks/keyword-fits-type)"
    printed = capsys.readouterr()
    assert ([line, "documents: 1, findings: 1"], "") == (printed.out.splitlines(), printed.err)


def test_an_unreadable_file_exits_2_with_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert 2 == main([str(SPEC), str(tmp_path / "nowhere.yaml")])
    reason = "cannot be read: No such file or directory; name a readable file"
    assert ("", f"{tmp_path / 'nowhere.yaml'}: {reason}\n") == capsys.readouterr()


def test_without_documents_the_command_exits_2() -> None:
    with pytest.raises(SystemExit) as ended:
        main([])
    assert 2 == ended.value.code
