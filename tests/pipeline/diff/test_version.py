"""The gate: the version moves at least as far as the documents do."""

from __future__ import annotations

import contextlib
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from heidi_spec_tools.documents import DocumentError, dump_yaml, load

from scripts import build
from scripts.library.running import StepFailure
from scripts.steps import version as step
from scripts.steps.documents import OVERLAYS, ROOT, SPEC
from scripts.steps.version import Version, check, freeze, last
from tests.versions import release_first, set_version

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path


def probe() -> dict[str, Any]:
    """An operation that no document has."""
    size = {"name": "size", "in": "query", "schema": {"type": "integer", "maximum": 100}}
    color = {"type": "string", "enum": ["RED", "GREEN"]}
    schema = {"type": "object", "properties": {"color": color}}
    content = {"application/json": {"schema": schema}}
    return {
        "operationId": "probe",
        "summary": "Probe.",
        "parameters": [size],
        "responses": {"200": {"description": "Probed.", "content": content}},
        "x-provenance": {"status": "documented", "source": "seed:L1"},
    }


def color_of(operation: Any) -> Any:
    content = operation["responses"]["200"]["content"]
    return content["application/json"]["schema"]["properties"]["color"]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the sources with an operation more, released as version 1.2.3."""
    for path in (SPEC.parent, OVERLAYS):
        shutil.copytree(ROOT / path, tmp_path / path)
    with edited(tmp_path / SPEC) as document:
        document["paths"]["/probe"] = {"get": probe()}
    release_first(tmp_path, "1.2.3")
    return tmp_path


@contextlib.contextmanager
def edited(path: Path) -> Generator[Any]:
    """Lend what a file holds, and write it back."""
    content = load(path)
    yield content
    path.write_text(dump_yaml(content), encoding="utf-8")


def change(project: Path, how: Callable[[Any], object]) -> None:
    """Change the operation that is in no other document."""
    with edited(project / SPEC) as document:
        how(document["paths"]["/probe"]["get"])


def breaking(operation: Any) -> None:
    color_of(operation)["enum"].append("BLUE")


def new(operation: Any) -> None:
    other = {"name": "other", "in": "query", "schema": {"type": "string"}}
    operation["parameters"].append(other)


def words(operation: Any) -> None:
    operation["summary"] = "Probe it."


@pytest.mark.slow
@pytest.mark.parametrize(
    ("how", "version", "enough"),
    [
        (breaking, "1.2.3", False),
        (breaking, "1.3.0", False),
        (breaking, "2.0.0", True),
        (new, "1.2.4", False),
        (new, "1.3.0", True),
        (words, "1.2.3", False),
        (words, "1.2.4", True),
        (words, "3.0.0", True),
        (words, "1.2.2", False),
    ],
)
def test_the_version_must_move_as_far_as_the_change(
    project: Path, how: Callable[[Any], None], version: str, enough: bool
) -> None:
    change(project, how)
    set_version(project, version)
    verdict = check(project)
    assert enough == (not verdict.faults)
    if not enough:
        assert verdict.summary.startswith(f"{SPEC}: info.version is {version}; write ")


def test_the_gate_names_the_change(project: Path) -> None:
    change(project, breaking)
    fault = (
        'breaking: GET /probe: Handle "BLUE" in `color` in the response 200. (enum-value-added)'
        " in base and strict"
    )
    assert fault in check(project).faults


def test_nothing_changed_needs_no_other_version(project: Path) -> None:
    assert str(check(project)) == (
        "base 1.2.3: no change since its release; strict 1.2.3: no change since its release"
    )


def test_a_version_that_goes_back_is_refused(project: Path) -> None:
    set_version(project, "1.2.2")
    assert ("the version went back from 1.2.3 in base and strict",) == check(project).faults


def test_a_change_of_the_strict_document_alone_counts(project: Path) -> None:
    target = "$.paths['/probe'].get.parameters[0].schema"
    with edited(project / OVERLAYS / "strict.yaml") as overlay:
        overlay["actions"].append({"target": target, "update": {"maximum": 50}})
    verdict = check(project)
    assert verdict.summary == f"{SPEC}: info.version is 1.2.3; write 2.0.0 or higher"
    assert verdict.faults[0].endswith("(maximum-lowered) in strict")


def test_the_highest_release_counts_not_the_last_by_name(project: Path) -> None:
    for name in step.FOLDERS:
        path, _ = last(name, project)
        shutil.copy(path, path.with_name("1.10.0.yaml"))
    assert Version(1, 10, 0) == last("base", project)[1]


@pytest.mark.parametrize(
    ("version", "bump", "expected"),
    [
        ((1, 2, 3), "major", (2, 0, 0)),
        ((1, 2, 3), "minor", (1, 3, 0)),
        ((1, 2, 3), "patch", (1, 2, 4)),
        ((1, 2, 3), "none", (1, 2, 3)),
        ((0, 2, 3), "major", (0, 3, 0)),
        ((0, 2, 3), "minor", (0, 2, 4)),
        ((0, 2, 3), "patch", (0, 2, 4)),
    ],
)
def test_below_1_a_breaking_change_moves_the_second_number(
    version: tuple[int, int, int], bump: str, expected: tuple[int, int, int]
) -> None:
    assert Version(*expected) == Version(*version).next(bump)


def test_a_release_is_never_rewritten(project: Path) -> None:
    change(project, words)
    with pytest.raises(DocumentError, match=r"not frozen: \S+: info\.version is 1\.2\.3"):
        freeze(project)
    set_version(project, "1.2.4")
    freeze(project)
    assert Version(1, 2, 4) == last("strict", project)[1]


def test_freezing_the_same_again_changes_nothing(project: Path) -> None:
    path, _ = last("base", project)
    before = path.read_bytes()
    freeze(project)
    assert before == path.read_bytes()


def test_a_change_of_provenance_passes_the_gate_but_is_not_released_again(project: Path) -> None:
    change(project, lambda operation: operation["x-provenance"].update(source="seed:L2"))
    assert not check(project).faults
    with pytest.raises(DocumentError, match="is released with other words"):
        freeze(project)


def test_without_a_release_the_gate_says_how_to_make_one(project: Path) -> None:
    shutil.rmtree(project / step.RELEASES)
    with pytest.raises(
        DocumentError, match=r"openapi/releases: holds no release; run .make freeze"
    ):
        check(project)


@pytest.mark.parametrize("version", ["1.2", "v1.2.3", "1.02.3", "next"])
def test_what_is_no_version_is_refused(project: Path, version: str) -> None:
    set_version(project, version)
    with pytest.raises(DocumentError, match="is not a version; write three numbers"):
        check(project)


def test_our_documents_pass_the_gate(capsys: pytest.CaptureFixture[str]) -> None:
    assert 0 == step.main([])
    assert capsys.readouterr().out.startswith("base ")


def test_a_failed_gate_ends_with_1_and_stops_the_main_job(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    change(project, breaking)
    verdict = check(project)
    monkeypatch.setattr(step, "check", lambda: verdict)
    assert 1 == step.main([])
    assert "(enum-value-added)" in capsys.readouterr().err
    monkeypatch.setattr(step, "check", lambda: verdict)
    with pytest.raises(StepFailure, match=r"is 1\.2\.3; write 2\.0\.0 or higher") as failure:
        build.compare_with_release()
    assert 1 == failure.value.code
