"""The derived documents are what their sources give, and nothing else."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from heidi_spec_tools.documents import DocumentError, load
from heidi_spec_tools.nodes import METHODS

from scripts.steps.documents import DOCUMENTS, ROOT, bundle, derive, main

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    for folder in ("openapi", "overrides/overlays"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    return tmp_path


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_the_committed_documents_are_derived_from_the_sources() -> None:
    assert main(["--check"]) == 0


def test_base_is_the_source_with_a_note_of_its_origin() -> None:
    source: Any = load(ROOT / "openapi" / "openapi.yaml")
    assert derive("base") == {**source, "x-derived-from": ["openapi/openapi.yaml"]}


def test_a_document_names_its_sources_in_the_order_in_which_they_were_applied() -> None:
    client: Any = derive("client")
    overlays = [f"overrides/overlays/{name}.yaml" for name in DOCUMENTS["client"]]
    assert client["x-derived-from"] == ["openapi/openapi.yaml", *overlays]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_yaml_and_json_hold_the_same_document(name: str, tmp_path: Path) -> None:
    files = bundle()
    for suffix in ("yaml", "json"):
        (tmp_path / f"{name}.{suffix}").write_bytes(files[f"{name}.{suffix}"])
    assert load(tmp_path / f"{name}.yaml") == load(tmp_path / f"{name}.json") == derive(name)


def test_every_python_and_yaml_file_says_where_to_edit_instead() -> None:
    for name, content in bundle().items():
        if name.endswith((".py", ".yaml")) and content:
            assert b"Edit openapi/openapi.yaml or overrides/overlays/" in content


def test_the_bytes_do_not_depend_on_the_seed_of_the_hash() -> None:
    script = "from scripts.steps import documents; print(documents.bundle(), end='')"
    outputs = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={"PYTHONHASHSEED": seed},
            cwd=ROOT,
            check=True,
            capture_output=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert outputs == {repr(bundle()).encode()}


def test_a_changed_description_changes_each_document_in_that_place_only(sources: Path) -> None:
    before = bundle(sources)
    edit(sources / "openapi/openapi.yaml", "A name for people to read.", "A readable name.")
    after = bundle(sources)
    changed = {name for name in before if before[name] != after[name]}
    assert {f"{name}.{suffix}" for name in DOCUMENTS for suffix in ("json", "yaml")} == changed
    for name in changed:
        old, new = before[name].decode(), after[name].decode()
        assert old.replace("A name for people to read.", "A readable name.") == new


def test_an_overlay_action_that_selects_nothing_is_an_error_that_names_it(sources: Path) -> None:
    path = sources / "overrides/overlays/strict.yaml"
    edit(path, "target: $.paths.*.*.responses.default", "target: $.components.nothing")
    at = r"^overrides/overlays/strict\.yaml: actions\[\d+\] .*selects nothing"
    with pytest.raises(DocumentError, match=at):
        bundle(sources)


def test_an_overlay_that_no_document_uses_is_an_error(sources: Path) -> None:
    (sources / "overrides/overlays/extra.yaml").write_text("overlay: 1.1.0\n")
    with pytest.raises(DocumentError, match=r"^overrides/overlays/extra\.yaml: is in no document"):
        bundle(sources)


def test_the_strict_document_declares_every_status_and_no_catch_all() -> None:
    strict: Any = derive("strict")
    for path, item in strict["paths"].items():
        parameters = item.get("parameters", [])
        for operation in (item[method] for method in METHODS if method in item):
            places = {each["in"] for each in (*parameters, *operation.get("parameters", []))}
            expected = {"401", "405", "429"}
            expected |= {"404"} if "path" in places else set()
            expected |= {"422"} if "query" in places else set()
            expected |= {"400", "413", "415", "422"} if "requestBody" in operation else set()
            declared = set(operation["responses"])
            assert expected <= declared, path
            assert "default" not in declared, path


def test_a_declared_status_is_not_changed(sources: Path) -> None:
    edit(
        sources / "openapi/openapi.yaml",
        "        default:\n          description: The session was not created.",
        "        '422': {description: Ours.}\n        default:\n          description: Refused.",
    )

    strict: Any = derive("strict", sources)

    assert {"description": "Ours."} == strict["paths"]["/sessions"]["post"]["responses"]["422"]


def test_every_overlay_action_is_described() -> None:
    for path in (ROOT / "overrides/overlays").glob("*.yaml"):
        overlay: Any = load(path)
        silent = [action["target"] for action in overlay["actions"] if "description" not in action]
        assert silent == [], path.name


def test_check_names_each_file_that_differs_and_the_fix(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {**bundle(), "base.yaml": b"other"}
    monkeypatch.setattr("scripts.steps.documents.bundle", lambda: files)
    assert main(["--check"]) == 1
    expected = "generated/heidi_spec/base.yaml: differs from its sources; run `make generate`\n"
    assert expected == capsys.readouterr().out


def test_check_names_files_that_no_source_gives(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scripts.steps.documents.OUTPUTS", frozenset({"heidi_spec"}))
    assert main(["--check"]) == 1
    assert capsys.readouterr().out == "generated/heidi_generated: nothing makes this; remove it\n"


def test_a_faulty_source_is_one_line_and_code_2(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, sources: Path
) -> None:
    (sources / "openapi/openapi.yaml").write_text("openapi: 3.1.0\nopenapi: 3.1.0\n")
    faulty = lambda: bundle(sources)  # noqa: E731
    monkeypatch.setattr("scripts.steps.documents.bundle", faulty)
    assert main([]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert "openapi.yaml:2:1" in captured.err
