"""The documents at the root are true."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import heidi_sandbox
import pytest

from scripts.steps.documents import ROOT
from tests.versions import WHEEL

DOCUMENTS = (
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "SECURITY.md",
    "openapi/DECISIONS.md",
    *(f"openapi/guides/{path.name}" for path in sorted((ROOT / "openapi/guides").glob("*.md"))),
)


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(name: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text(name), re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_no_document_installs_us_from_an_index(name: str) -> None:
    named = re.findall(r"pip install (?:-\S+ )*'?([^\s'\[]+)", text(name))
    ours = [each for each in named if re.search(r"heidi[-_]sessions", each)]
    assert {*ours} <= {WHEEL}


def test_no_program_says_to_install_from_an_index() -> None:
    folders = ("overrides", "sandbox", "conformance", "generated")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    assert [] == [path for path in files if "pip install" in path.read_text(encoding="utf-8")]


def targets() -> set[str]:
    return set(re.findall(r"^\.PHONY: (\S+)$", text("Makefile"), re.MULTILINE))


def test_the_eight_lines_of_the_readme_run_against_the_sandbox(tmp_path: Path) -> None:
    (lines,) = blocks("README.md", "python")
    assert len([line for line in lines.splitlines() if line.strip()]) == 8
    with heidi_sandbox.serving() as sandbox:
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", lines],
            env={
                "PATH": os.environ["PATH"],
                "HEIDI_BASE_URL": sandbox.url,
                "HEIDI_API_KEY": sandbox.api_key,
                "HEIDI_EMAIL": "user@example.com",
                "HEIDI_THIRD_PARTY_INTERNAL_ID": "user-1",
            },
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
    assert (done.returncode, done.stderr) == (0, "")
    duration, session_id = done.stdout.split()
    assert duration == "60"
    assert session_id.isdecimal()


@pytest.mark.slow
def test_a_partner_applies_an_overlay_as_the_readme_says(tmp_path: Path) -> None:
    (commands,) = [block for block in blocks("README.md", "sh") if "heidi-spec" in block]
    (guide,) = [b for b in blocks("openapi/guides/documents.md", "sh") if "overlay: 1.1.0" in b]
    (overlay,) = re.findall(r"<<'END'\n(.*?)^END$", guide, re.DOTALL | re.MULTILINE)
    (tmp_path / "clinic.overlay.yaml").write_text(overlay, encoding="utf-8")
    for line in commands.replace("../", f"{tmp_path}/").splitlines():
        program, *arguments = line.split()
        command = [str(Path(sys.executable).parent / Path(program).name), *arguments]
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    model = (tmp_path / "clinic/heidi_generated/models/session.py").read_text(encoding="utf-8")
    (name,) = re.findall(r"^      (\w+): \{type: string", overlay, re.MULTILINE)
    assert f"    {name}: str" in model


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_make_target_that_a_document_names_exists(name: str) -> None:
    named = re.findall(r"`make ([a-z-]+)|^make ([a-z-]+)", text(name), re.MULTILINE)
    assert {target for pair in named for target in pair if target} <= targets()


def leads_somewhere(name: str, path: str) -> bool:
    return any((folder / path).exists() for folder in (ROOT, (ROOT / name).parent))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_link_and_every_path_in_a_document_leads_somewhere(name: str) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", text(name))
    paths = re.findall(
        r"`((?:openapi|overrides|generated|scripts|sandbox|conformance|tests)/[\w./-]*)`",
        text(name),
    )
    assert [path for path in links + paths if not leads_somewhere(name, path)] == []


def test_make_help_lists_every_target() -> None:
    shown = subprocess.run(
        ["make", "help"],  # noqa: S607
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert targets() == set(re.findall(r"^  make (\S+)", shown, re.MULTILINE))


def test_ci_runs_the_commands_of_the_readme_and_compares_generated_files() -> None:
    ci = text(".ci/run").splitlines()
    assert ["make", "make test"] == blocks("README.md", "sh")[0].split("\n")[:2]
    assert {"make", "make test-all"} <= set(ci)
    assert ci.index("make check-generated") < ci.index("make")  # which would hide stale files
    assert "bash .ci/run" in text(".github/workflows/ci.yml")


def test_every_test_that_ci_leaves_out_exists() -> None:
    array = re.search(r"^ *left_out=\(.*?\)", text(".ci/run"), re.DOTALL | re.MULTILINE)
    assert array
    expand = f'{array[0]}; printf "%s\\n" "${{left_out[@]}}"'
    paths = subprocess.run(
        ["bash", "-c", expand],  # noqa: S607
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert paths
    assert [path for path in paths if not (ROOT / path).is_file()] == []


def test_every_action_is_named_by_its_digest() -> None:
    actions = re.findall(r"uses: (\S+)", text(".github/workflows/ci.yml"))
    assert actions
    assert all(re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", one) for one in actions)


def test_every_install_of_uv_has_the_locked_version() -> None:
    group = tomllib.loads(text("pyproject.toml"))["dependency-groups"]["dev"]
    (locked,) = [line for line in group if line.startswith("uv==")]
    assert f"\n{locked} \\\n" in text("scripts/bootstrap.txt")


def test_the_licence_is_that_of_the_distribution() -> None:
    assert tomllib.loads(text("pyproject.toml"))["project"]["license"] == "Apache-2.0"
    assert "Apache License" in text("LICENSE").splitlines()[1]
