"""The main job ends with what a person needs to know."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from scripts import build, derive
from scripts.library.running import Step, StepFailure
from scripts.steps.documents import OUTPUT, ROOT, SPEC
from scripts.steps.lint import Finding
from scripts.steps.version import Verdict

if TYPE_CHECKING:
    from pathlib import Path


def _fine() -> str:
    return "fine"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A git checkout with a committed file below generated/, a guide, and one beside them."""
    for name in ("generated/a.py", "openapi/guides/a.md", "other.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).write_text("1\n")
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
    for command in (["init", "-q"], ["add", "."], [*identity, "commit", "-qm", "all"]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)  # noqa: S607
    return tmp_path


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    monkeypatch.setattr(build, "MEMORY", tmp_path / "steps.json")
    return monkeypatch


def test_unchanged_files_do_not_count(checkout: Path) -> None:
    (checkout / "other.py").write_text("2\n")
    assert build.uncommitted(checkout) == []


def test_a_changed_and_a_new_generated_file_and_a_guide_count(checkout: Path) -> None:
    names = ["generated/a.py", "generated/b.py", "openapi/guides/a.md"]
    for name in names:
        (checkout / name).write_text("2\n")
    assert names == sorted(build.uncommitted(checkout))


def test_outside_a_checkout_nothing_differs(tmp_path: Path) -> None:
    assert build.uncommitted(tmp_path) == []


def test_the_summary_says_whether_derived_files_are_current_and_where_to_look() -> None:
    assert "what is derived is current" in build.summary([])
    stale = build.summary(["generated/a.py", "generated/b.py"])
    assert "what is derived is not as committed: 2 files; commit them" in stale
    for text in ("reports/sandbox/", "make preview", "make conformance URL="):
        assert text in stale


def test_every_step_of_the_main_job_is_there_in_order() -> None:
    assert [step.name for step in build.STEPS] == [
        "documents",
        "lint",
        "client",
        "check",
        "site",
        "sandbox",
        "version",
    ]


def test_every_input_pattern_of_a_step_matches_something() -> None:
    idle = [p for step in build.STEPS for p in step.inputs if not any(ROOT.glob(p))]
    assert idle == []


def test_no_step_depends_on_its_own_output() -> None:
    inputs = [path for step in build.STEPS for p in step.inputs for path in ROOT.glob(p)]
    assert [] == [path for path in inputs if path.is_file() and "__pycache__" in path.parts]


@pytest.mark.parametrize("code", [1, 2])
def test_a_failed_step_is_shown_as_it_is_written_and_gives_the_exit_code(
    code: int, steps: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> str:
        raise StepFailure(code, "1 finding", ["$.paths['/x']: [red]not markup[/]"])

    steps.setattr(build, "STEPS", (Step("lint", fail),))
    assert build.main([]) == code
    expected = "✗ lint: 1 finding\n    $.paths['/x']: [red]not markup[/]\n"
    assert expected == capsys.readouterr().out


def test_a_version_that_is_too_low_fails_after_everything_else_ran(
    steps: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    verdict = Verdict("a.yaml: info.version is 0.1.1; write 0.2.0 or higher", ("one", "two"))
    steps.setattr("scripts.steps.version.check", lambda: verdict)
    steps.setattr(
        build,
        "STEPS",
        tuple(replace(each, run=_fine, inputs=()) for each in build.STEPS[:-1]) + build.STEPS[-1:],
    )
    assert build.main([]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert len(build.STEPS) + 1 == len(lines)
    assert lines[-2:] == [
        "✗ version: a.yaml: info.version is 0.1.1; write 0.2.0 or higher: one",
        "    two",
    ]


def test_findings_that_derived_documents_have_from_the_source_are_reported_once() -> None:
    def finding(path: Path, rule: str) -> Finding:
        return Finding(path, "#/info", "checks", rule, "message")

    derived, other = OUTPUT / "base.yaml", OUTPUT / "strict.yaml"
    findings = [finding(path, "same") for path in (derived, other, SPEC)]
    findings += [finding(derived, "derived"), finding(other, "derived")]
    expected = [finding(SPEC, "same"), finding(derived, "derived")]
    assert expected == build.distinct(findings)


def test_what_several_linters_say_of_one_place_is_reported_once() -> None:
    def finding(place: str, tool: str, rule: str = "rule") -> Finding:
        return Finding(SPEC, place, tool, rule, f"{tool} {rule}")

    own = finding("#/a", "checks", "value-fits-schema")
    second = finding("#/a", "checks", "other")
    only = finding("#/b", "redocly")
    vague = finding("#", "openapi-spec-validator")
    elsewhere = finding("#/c", "spectral", "oas3-valid-media-example")
    repeated = [finding("#/a", "redocly"), finding("#/b", "spectral"), vague, elsewhere]

    assert [second, own, only] == build.distinct(sorted([own, second, only, *repeated]))
    within = finding("#/properties/size", "openapi-spec-validator")
    assert [only] == build.distinct([within, only])
    whole = finding("#/info", "openapi-spec-validator")
    assert [only, whole] == build.distinct([only, whole])
    assert [vague] == build.distinct([vague])
    assert [within] == build.distinct([within])
    assert [elsewhere] == build.distinct([elsewhere])


def test_all_that_the_first_linter_says_of_a_place_and_all_other_places_are_reported() -> None:
    def finding(place: str, tool: str, rule: str = "rule") -> Finding:
        return Finding(SPEC, place, tool, rule, f"{tool} {rule}")

    of_one_place = [finding("#/paths/~1a/get", "redocly", rule) for rule in ("id", "summary")]
    elsewhere = finding("#/paths/~1b/get", "openapi-spec-validator")
    repeated = [finding("#/paths/~1a/get", tool) for tool in ("openapi-spec-validator", "spectral")]

    assert [*of_one_place, elsewhere] == build.distinct(
        sorted([*of_one_place, elsewhere, *repeated])
    )


def test_ctrl_c_ends_in_one_line(
    steps: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt() -> str:
        raise KeyboardInterrupt

    steps.setattr(build, "STEPS", (Step("lint", interrupt),))
    assert build.main([]) == 130
    assert capsys.readouterr().out == "✗ interrupted; what was finished stays\n"


def test_a_setting_that_the_generator_does_not_know_is_one_line_and_code_2(
    steps: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "generator.yaml").write_text("projekt_name_override: x\n")
    steps.setattr("scripts.steps.client.CONFIG", tmp_path / "generator.yaml")
    steps.setattr(build, "STEPS", (Step("client", build.regenerate),))
    assert build.main([]) == 2
    assert "generator.yaml: unknown key projekt_name_override of" in capsys.readouterr().out


def test_a_job_without_failure_ends_with_the_summary(
    steps: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    steps.setattr(build, "STEPS", (Step("site", lambda: "written"),))
    steps.setattr(build, "uncommitted", lambda: ["generated/a.py"])
    assert build.main([]) == 0
    first, *rest = capsys.readouterr().out.splitlines()
    assert first.startswith("✓ site       written ")
    assert rest == build.summary(["generated/a.py"]).splitlines()


# One command derives everything that is committed, and stops at what fails.


def test_all_parts_run_with_the_same_arguments_until_one_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ran: list[tuple[str, list[str]]] = []

    def part(name: str, code: int) -> object:
        def main(argv: list[str]) -> int:
            ran.append((name, argv))
            return code

        return main

    monkeypatch.setattr(derive, "PARTS", (part("one", 0), part("two", 2), part("three", 0)))
    assert 2 == derive.main(["--check"])
    assert [("one", ["--check"]), ("two", ["--check"])] == ran


def test_the_committed_files_are_derived_from_the_sources(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert 0 == derive.main(["--check"])
    assert "" == capsys.readouterr().out
