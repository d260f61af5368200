"""The samples of the reference run against the sandbox, each operation in each language."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import httpx
import pytest
from heidi_spec_tools.dereference import dereference

from scripts.portability import tools
from scripts.portability.targets import PROGRAMS
from scripts.portability.tools import PortabilityError
from scripts.publication.operations import operations, value_of
from scripts.publication.samples import samples
from scripts.steps.documents import ROOT, derive
from tests.owner.subject import CREATE, at

if TYPE_CHECKING:
    from heidi_sandbox import Sandbox

DOCUMENT = cast("dict[str, Any]", derive("client"))
OPERATIONS = operations(cast("dict[str, Any]", dereference(DOCUMENT)))
WRITTEN = samples(DOCUMENT)
EXAMPLES = {str(value_of(each)) for o in OPERATIONS for each in o.parameters_in("path")}
"""The ids that the samples show."""


def joined(language: str) -> str:
    """Return one program with all samples; the one that gets a token comes first."""
    first = [WRITTEN[each.request][language] for each in OPERATIONS if each.action == "issue"]
    others = [WRITTEN[each.request][language] for each in OPERATIONS if each.action != "issue"]
    if language == "ts":  # names of a block are local
        others = [f"{{\n{text}\n}}" for text in others]
    return "\n".join([*first, *others])


@pytest.fixture
def environment(sandbox: Sandbox) -> dict[str, str]:
    """The settings that a reader has from the sandbox."""
    return {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "HEIDI_BASE_URL": sandbox.url,
        "HEIDI_API_KEY": sandbox.api_key,
        "HEIDI_EMAIL": "clinician@example.com",
        "HEIDI_THIRD_PARTY_INTERNAL_ID": "1",
    }


@pytest.fixture
def session(sandbox: Sandbox) -> str:
    """The id of a session of the user that the samples name."""
    headers = {"Authorization": f"Bearer {sandbox.token()}"}
    response = httpx.post(sandbox.url + CREATE.path, headers=headers)
    return str(at(response.raise_for_status().json(), CREATE.semantics["id"]))


def run(
    language: str, session: str, environment: dict[str, str], folder: Path
) -> subprocess.CompletedProcess[str]:
    """Run the samples of all operations, with a session that exists."""
    program = joined(language)
    for example in EXAMPLES:
        program = re.sub(rf"\b{re.escape(example)}\b", session, program)
    file = folder / "samples.mts"
    file.write_text(program, encoding="utf-8")
    command = {
        "sh": ["bash", "-euo", "pipefail", "-c", program],
        "python": [sys.executable, "-W", "error", "-c", program],
        "ts": ["node", str(file)],
    }[language]
    return subprocess.run(
        command,
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def test_every_operation_has_a_sample_in_each_language() -> None:
    assert {each.request for each in OPERATIONS} == WRITTEN.keys()
    assert {("sh", "python", "ts")} == {tuple(shown) for shown in WRITTEN.values()}
    assert all(
        "client." in WRITTEN[each.request]["python"]
        for each in OPERATIONS
        if each.action != "issue"
    )


def successes(language: str, output: str) -> int:
    """Count the printed responses that are not errors."""
    if language == "ts":
        return len(re.findall(r"^200 ", output, re.MULTILINE))
    lines = output.replace("}{", "}\n{").splitlines()
    return sum("detail" not in json.loads(line) for line in lines)


@pytest.mark.parametrize("language", ["sh", "python", "ts"])
def test_the_samples_of_all_operations_succeed(
    language: str, session: str, environment: dict[str, str], tmp_path: Path
) -> None:
    done = run(language, session, environment, tmp_path)
    assert ("", 0) == (done.stderr, done.returncode)
    if language != "python":  # so that an error ends the program
        assert len(OPERATIONS) - 1 == successes(language, done.stdout)


@pytest.mark.parametrize("language", ["sh", "python", "ts"])
def test_a_failed_sample_is_reported(
    language: str, environment: dict[str, str], tmp_path: Path
) -> None:
    with pytest.raises(AssertionError):
        test_the_samples_of_all_operations_succeed(language, "1", environment, tmp_path)


def test_no_secret_and_no_patient_is_an_argument_of_a_program() -> None:
    for shown in WRITTEN.values():
        assert not re.search(r"\$(token|HEIDI_API_KEY)\b(?!\"\))|--json [^@]", shown["sh"])


# Types of TypeScript

HOME = ROOT / "openapi/guides/home.md"
SNIPPETS = re.findall(
    r"^```ts\n(.*?)^```$", HOME.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
)


def type_check(program: str, folder: Path) -> None:
    """Type-check a program at its strictest, with the compiler of the portability lock."""
    (folder / "node_modules").symlink_to(tools.node(), target_is_directory=True)
    (folder / "samples.mts").write_text(program, encoding="utf-8")
    options = json.loads((PROGRAMS / "tsconfig.json").read_text("utf-8"))["compilerOptions"]
    settings = {"compilerOptions": {**options, "noEmit": True}, "files": ["samples.mts"]}
    (folder / "tsconfig.json").write_text(json.dumps(settings), encoding="utf-8")
    tools.run([*tools.script("tsc"), "--project", "tsconfig.json"], folder)


@pytest.mark.long
@pytest.mark.parametrize("program", [joined("ts"), *SNIPPETS], ids=["reference", "first page"])
def test_the_typescript_of_the_site_is_type_checked(program: str, tmp_path: Path) -> None:
    type_check(program, tmp_path)


@pytest.mark.long
def test_typescript_with_a_wrong_type_is_reported(tmp_path: Path) -> None:
    wrong = joined("ts").replace("HEIDI_API_KEY!", "HEIDI_API_KEY")
    with pytest.raises(PortabilityError, match="error TS2"):
        type_check(wrong, tmp_path)
