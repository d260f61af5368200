from __future__ import annotations

import ast
import inspect
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from heidi_spec_tools.documents import dump_json, dump_yaml, load

from scripts.generator.facts import python_name
from scripts.steps import client as step
from scripts.steps import documents
from scripts.steps.client import ROOT, TEMPLATES, main, render
from tests.owner.subject import CREATE, ERROR_SCHEMA, READ, RESOURCE, UPDATE, enumeration, one

SCRIPT = Path(step.__file__)
DOCUMENT = ROOT / step.DOCUMENT
OUTPUT = ROOT / step.OUTPUT
ENUM, _ = enumeration()
NUMBER = one(UPDATE.body, "number", also=RESOURCE)


READ_MODULE = python_name(READ.name)


def model(schema: str) -> str:
    return f"models/{python_name(schema)}.py"


@pytest.fixture
def document() -> dict[str, Any]:
    """The client document, for tests to change."""
    loaded: dict[str, Any] = json.loads(DOCUMENT.read_text("utf-8"))
    return loaded


@pytest.fixture
def templates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the templates, for tests to break."""
    copy = tmp_path / "templates"
    shutil.copytree(TEMPLATES, copy)
    monkeypatch.setattr(step, "TEMPLATES", copy)
    return copy


def save(folder: Path, document: object) -> Path:
    path = folder / "client.json"
    path.write_text(json.dumps(document), "utf-8")
    return path


def run(path: Path, output: Path, *options: str) -> int:
    return main(["--document", str(path), "--output", str(output), *options])


def tree(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def texts(module: bytes) -> set[str]:
    """All strings of a module, with the indentation of docstrings taken away."""
    return {
        inspect.cleandoc(node.value).strip()
        for node in ast.walk(ast.parse(module))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def test_the_committed_package_is_generated_from_the_committed_document() -> None:
    assert 0 == main(["--check"])


@pytest.mark.slow
def test_the_output_does_not_depend_on_the_hash_seed(tmp_path: Path) -> None:
    # Every process has its own seed: the one that made the committed files, and this one.
    command = [sys.executable, str(SCRIPT), "--output", str(tmp_path / "package")]
    environment = {**os.environ, "PYTHONHASHSEED": "1"}
    subprocess.run(command, env=environment, check=True, capture_output=True)
    assert tree(OUTPUT) == tree(tmp_path / "package")


def test_every_module_says_where_to_edit_instead() -> None:
    for name, content in tree(OUTPUT).items():
        if name != "py.typed":
            first, second, *_ = content.decode().splitlines()
            assert "ed by scripts/steps/client.py; changes made here are lost." in first
            assert "make generate" in second


def test_the_package_is_replaced_and_a_stale_file_is_removed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "package"
    (output / "models").mkdir(parents=True)
    (output / "models/stale.py").write_text("stale = True\n")
    assert 0 == run(DOCUMENT, output)
    assert f"{output}: generated\n" == capsys.readouterr().out
    assert tree(OUTPUT) == tree(output)
    assert 0 == run(DOCUMENT, output)
    assert f"{output}: is current\n" == capsys.readouterr().out


def test_check_names_each_file_that_differs_and_the_fix_and_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "package"
    shutil.copytree(OUTPUT, output, ignore=shutil.ignore_patterns("__pycache__"))
    (output / "types.py").write_text("edited = True\n")
    (output / model(ENUM)).unlink()
    (output / "extra.py").write_text("")
    before = tree(output)
    assert 1 == run(DOCUMENT, output, "--check")
    fix = "differs from what the document gives; run `make generate`"
    expected = [f"{output / name}: {fix}" for name in ("extra.py", model(ENUM), "types.py")]
    assert expected == capsys.readouterr().out.splitlines()
    assert before == tree(output)


@pytest.mark.slow
def test_a_changed_description_changes_only_that_model(
    tmp_path: Path, document: dict[str, Any]
) -> None:
    document["components"]["schemas"][RESOURCE]["properties"][NUMBER]["description"] = "Changed."
    shutil.copy(DOCUMENT.with_name(step.STRICT), tmp_path)
    changed = render(save(tmp_path, document))
    before = tree(OUTPUT)
    shown = [name for name in before if before[name] != changed[name]]
    assert [model(RESOURCE)] == shown
    assert before.keys() == changed.keys()
    assert b"Changed." in changed[model(RESOURCE)]


def test_hostile_text_of_the_document_stays_text(tmp_path: Path, document: dict[str, Any]) -> None:
    text = 'Quotes """ and \\ and {braces} and {{ jinja }} and a "'
    document["info"]["version"] = '1"\\{x}'
    document["paths"][CREATE.path]["post"]["description"] = text
    schemas = document["components"]["schemas"]
    schemas[RESOURCE]["description"] = text
    schemas[RESOURCE]["properties"][NUMBER]["description"] = text
    schemas[ENUM]["description"] = text
    schemas[ERROR_SCHEMA]["properties"]['odd "name"\\'] = {"type": "string"}
    files = render(save(tmp_path, document))
    assert {text} <= texts(files[model(ENUM)])
    status = schemas[RESOURCE]["properties"][NUMBER]["x-provenance"]["status"]
    assert {f"{text}\n\nSpec: {RESOURCE}.{NUMBER} ({status})."} <= texts(files[model(RESOURCE)])
    assert {'1"\\{x}'} <= texts(files["document.py"])
    assert {'odd "name"\\'} <= texts(files[model(ERROR_SCHEMA)])


def test_a_document_that_cannot_be_used_leaves_the_package_as_it_was(
    document: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "package"
    output.mkdir()
    (output / "types.py").write_text("the old one\n")
    document["servers"] = []
    assert 2 == run(save(tmp_path, document), output)
    assert 1 == capsys.readouterr().err.count("\n")
    assert {"types.py": b"the old one\n"} == tree(output)


ANIMAL = {"oneOf": [{"$ref": "#/components/schemas/Session"}, {"type": "object"}]}


@pytest.mark.parametrize(
    ("source", "added", "words"),
    [
        ("openapi/openapi.yaml", ANIMAL, "#/components/schemas/Animal: one of several objects"),
        ("overrides/overlays/auth.yaml", ANIMAL, "#/components/schemas/Animal: one of several"),
        (
            "overrides/overlays/pagination.yaml",
            {"properties": {"itself": {"$ref": "#/components/schemas/Animal"}}},
            "the schema Animal > Animal contains itself",
        ),
    ],
)
def test_a_refusal_names_the_file_that_an_owner_edits(
    source: str,
    added: dict[str, Any],
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for folder in ("openapi", "overrides/overlays"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    content: Any = load(tmp_path / source)
    if "overlay" in content:
        schemas = {"target": "$.components.schemas", "update": {"Animal": added}}
        content["actions"].append({"description": "New.", **schemas})
    else:
        content["components"]["schemas"]["Animal"] = added
    (tmp_path / source).write_text(dump_yaml(content), "utf-8")
    derived = tmp_path / step.DOCUMENT
    derived.parent.mkdir(parents=True)
    derived.write_text(dump_json(documents.derive("client", tmp_path)), "utf-8")
    monkeypatch.setattr(step, "ROOT", tmp_path)
    assert 2 == main([])
    printed = capsys.readouterr().err
    assert printed.startswith(f"{source}: {words}")
    assert 1 == printed.count("\n")


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", '{"paths": 1}', "\xff", '{"openapi": "3.1.0", "paths": {"/": 1}}'],
)
def test_a_file_without_a_document_is_one_line(
    content: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "client.json"
    path.write_bytes(content.encode("latin-1"))
    assert 2 == run(path, tmp_path / "package")
    message = capsys.readouterr().err
    assert 1 == message.count("\n")
    assert str(path) in message
    assert not (tmp_path / "package").exists()


def test_a_missing_document_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert 2 == run(tmp_path / "nothing.json", tmp_path / "package")
    assert 1 == capsys.readouterr().err.count("\n")


BROKEN_TEMPLATES = {
    "package_init.py.jinja": ('"""The', "{{ openapi }}", "printed an object instead of its text"),
    "page.py.jinja": ("class Page", "classy Page", "page.py: invalid Python"),
    "fields.py.jinja": ("from typing import", "from typewriting import", "cannot be imported"),
    "api_init.py.jinja": (
        "    {{ endpoint.name }}.OPERATION,",
        f"    {{{{ (endpoint.name ~ '.OPERATION,') if endpoint.name != '{READ_MODULE}' }}}}",
        f"document and output differ in {READ.name}",
    ),
    "document.py.jinja": ("{{ servers.base_url", "{{ servers.nothing.base_url", "Undefined"),
}


@pytest.mark.slow
@pytest.mark.parametrize("template", BROKEN_TEMPLATES)
def test_a_broken_template_is_one_line_that_names_what_it_broke(
    template: str, templates: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new, reason = BROKEN_TEMPLATES[template]
    path = templates / template
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")
    assert 2 == run(DOCUMENT, tmp_path / "package")
    message = capsys.readouterr().err
    assert reason in message
    assert 1 == message.count("\n")


def test_fixed_modules_are_copied_unchanged() -> None:
    copied = {path.name: path.read_text("utf-8") for path in step.RUNTIME.glob("*.py")}
    rendered = tree(OUTPUT)
    assert {"arguments.py", "decoding.py", "facade.py", "types.py"} == copied.keys()
    for name, text in copied.items():
        assert f"{step.COPIED}{text}" == rendered[name].decode()
    assert step.BANNER in rendered["page.py"].decode()
    assert step.BANNER in rendered["models/__init__.py"].decode()


def test_a_copied_module_that_cannot_be_imported_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / "runtime"
    shutil.copytree(step.RUNTIME, copy)
    monkeypatch.setattr(step, "RUNTIME", copy)
    module = copy / "decoding.py"
    module.write_text(
        module.read_text("utf-8").replace("from enum import", "from enumeration import")
    )
    assert 2 == run(DOCUMENT, tmp_path / "package")
    message = capsys.readouterr().err
    assert "cannot be imported" in message
    assert 1 == message.count("\n")


def test_a_key_that_the_generator_does_not_know_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "generator.yaml"
    config.write_text("post_hook: []\n")
    monkeypatch.setattr(step, "CONFIG", config)
    assert 2 == run(DOCUMENT, tmp_path / "package")
    assert f"{config}: unknown key post_hook" in capsys.readouterr().err


def test_every_template_replaces_a_stock_one_or_is_rendered_by_us_and_states_its_reason() -> None:
    import openapi_python_client  # noqa: PLC0415

    stock = Path(openapi_python_client.__file__).parent / "templates"
    for path in TEMPLATES.iterdir():
        own = path.name.removesuffix(".jinja") in step.OWN_MODULES
        assert own or (stock / path.name).exists(), path.name
        assert path.read_text("utf-8").startswith("{# " + ("Not a stock" if own else "Stock: "))
