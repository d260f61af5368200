"""The published document works with the generators of partners, and failures are reported.

`make portability` tries Go and C# as well; their compilers are too large for any run here.
"""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import httpx
import pytest
from heidi_spec_tools.dereference import dereference

from scripts.library.serving import Served, serving
from scripts.portability.__main__ import DOCUMENT, DOCUMENTED, PAGE, access_to, main
from scripts.portability.page import page
from scripts.portability.proofs import (
    EXPECTED,
    Content,
    Outcome,
    Proof,
    State,
    check_completeness,
    check_walk,
    check_warnings,
    prove,
)
from scripts.portability.targets import NEWER, PROGRAMS, TARGETS, Note, Target
from scripts.portability.tools import LOCKS, AbsentError, PortabilityError, javac, run, version
from scripts.publication.operations import operations

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

PROVEN: Final = Outcome(State.PROVEN)
OTHERS: Final = ("openapi-typescript", "hey-api", "java")
"""Generators that are tried every night, and by `make portability` with each change in CI."""

SEEN: Final[dict[str, Any]] = json.loads(
    EXPECTED.read_text("utf-8").replace("FIRST", "1").replace("SECOND", "2")
) | {"created": ["1", "2"]}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Served]:
    with serving([sys.executable, str(NEWER)]) as sandbox:
        yield sandbox


def copying(
    check: Callable[[Path], object] = lambda _: None,
    walk: Callable[[Path, Mapping[str, str]], str] | None = lambda _, __: json.dumps(SEEN),
) -> Target:
    """Make a target whose generator copies the document."""
    return Target(
        language="JSON",
        package="openapi-typescript",
        command="copy -c 'import shutil, sys; shutil.copy(*sys.argv[1:])' {document} {output}",
        program=lambda _: [sys.executable],
        schema=r'"{name}": ',
        operation=r'"operationId": "{name}"',
        suffix=".json",
        copies={},
        checker="reads",
        check=check,
        run=walk,
        notes=(),
    )


def tried(target: Target, folder: Path, document: Path = DOCUMENT) -> Proof:
    return prove("copy", target, document, folder / "work", dict)


def spoilt(folder: Path, spoil: Callable[[Any], object]) -> Path:
    document = json.loads(DOCUMENT.read_text("utf-8"))
    spoil(document)
    path = folder / "spoilt.json"
    path.write_text(json.dumps(document), "utf-8")
    return path


def fails(reason: str) -> Callable[..., Any]:
    def fail(*_: object) -> object:
        raise PortabilityError(reason)

    return fail


# The real ones


@pytest.mark.parametrize("document", DOCUMENTED)
@pytest.mark.parametrize(
    "name",
    [
        pytest.param("python", marks=pytest.mark.slow),
        *(pytest.param(name, marks=pytest.mark.long) for name in OTHERS),
    ],
)
def test_a_client_is_generated_passes_its_checker_and_runs_against_the_sandbox(
    name: str, document: str, sandbox: Served, tmp_path: Path
) -> None:
    if name == "java":
        try:
            javac()
        except AbsentError as error:
            pytest.skip(str(error))
    access = access_to(sandbox, f"{document}-{name}")
    target = TARGETS[name].knowing(*DOCUMENTED[document])
    path = DOCUMENT.with_name(f"{document}.json")
    proof = prove(name, target, path, tmp_path / "work", lambda: access)
    assert Proof(name, PROVEN, PROVEN, PROVEN) == proof


def test_a_property_of_another_type_is_reported_by_the_checker(tmp_path: Path) -> None:
    def spoil(document: Any) -> None:
        document["components"]["schemas"]["SessionUpdate"]["properties"]["duration"] = {
            "type": "string"
        }

    document = spoilt(tmp_path, spoil)
    proof = prove("python", TARGETS["python"], document, tmp_path / "work", dict)
    assert (PROVEN, State.FAILED) == (proof.generated, proof.checked.state)
    assert '"duration"' in proof.checked.reason


def test_a_note_that_is_no_longer_true_is_reported(tmp_path: Path) -> None:
    def spoil(document: Any) -> None:
        del document["components"]["schemas"]["Session"]["properties"]["created_at"]["format"]

    document = spoilt(tmp_path, spoil)
    proof = prove("python", TARGETS["python"], document, tmp_path / "work", dict)
    assert proof.generated.state is State.FAILED
    assert "no longer true: `created_at`" in proof.generated.reason


def test_the_sandbox_adds_properties_that_no_document_names(sandbox: Served) -> None:
    headers = {"Authorization": f"Bearer {sandbox.token('newer@clinic.example')}"}
    created = httpx.post(f"{sandbox.url}/sessions", headers=headers).json()
    read = httpx.get(f"{sandbox.url}/sessions/{created['session_id']}", headers=headers).json()
    objects = (created, read, read["session"], read["session"]["consult_note"])
    assert all("not_yet_known" in each for each in objects)


# What is seen


def test_data_that_the_generator_leaves_out_is_named(tmp_path: Path) -> None:
    target, content = copying(), Content(("getSession",), ("Session", "Gender"))
    output = tmp_path / "output.json"
    output.write_text('"operationId": "getSession", "Session": {}, "Gender": {}')
    check_completeness(target, tmp_path, content)
    for name in ("getSession", "Session", "Gender"):
        output.write_text(output.read_text().replace(f'"{name}"', '"Other"', 1))
        with pytest.raises(PortabilityError, match=f"left out {name}"):
            check_completeness(target, tmp_path, content)
        output.write_text(output.read_text().replace('"Other"', f'"{name}"', 1))


def test_the_content_of_the_document_is_complete() -> None:
    document = json.loads(DOCUMENT.read_text("utf-8"))
    content = Content.of(document)
    found = operations(cast("dict[str, Any]", dereference(document)))
    assert [each.id for each in found] == list(content.operations)
    assert set(document["components"]["schemas"]) == set(content.schemas)
    assert "Session" in content.schemas


@pytest.mark.parametrize(
    "line", ["[main] WARN  a.B - odd", "x.py:1: UserWarning: odd", "warning: odd", "⚠ odd"]
)
def test_a_warning_that_nobody_named_stops_the_proof(line: str) -> None:
    target = copying()
    check_warnings(target, "all is well\n1 file forewarned")
    with pytest.raises(PortabilityError, match=r"warns: .*odd"):
        check_warnings(target, f"fine\n{line}\nfine")
    check_warnings(dataclasses.replace(target, warnings=("odd",)), line)


def test_a_warning_of_the_generator_stops_its_proof(tmp_path: Path) -> None:
    target = dataclasses.replace(copying(), command="copy -c 'print(\"warning: odd\")'")
    expected = Outcome(State.FAILED, "openapi-typescript: warns: warning: odd")
    assert expected == tried(target, tmp_path).generated


@pytest.mark.parametrize("name", SEEN)
def test_a_program_that_does_not_read_what_it_sent_is_no_proof(name: str) -> None:
    check_walk(f"a log line\n{json.dumps(SEEN)}\n")
    for other in ({**SEEN, name: "otherwise"}, {key: SEEN[key] for key in SEEN.keys() - {name}}):
        with pytest.raises(PortabilityError, match="saw something else in"):
            check_walk(json.dumps(other))


@pytest.mark.parametrize("printed", ["", "Traceback\n", "\n\n"])
def test_a_program_that_prints_nothing_of_use_is_no_proof(printed: str) -> None:
    with pytest.raises(PortabilityError, match="printed no JSON"):
        check_walk(printed)


def test_a_note_needs_its_evidence(tmp_path: Path) -> None:
    note = Note("`duration` is a number.", "duration: number")
    target = dataclasses.replace(copying(), notes=(note,))
    assert tried(target, tmp_path).generated == Outcome(
        State.FAILED, "openapi-typescript: no longer true: `duration` is a number."
    )


# The stages and the command line


@pytest.mark.parametrize(
    ("target", "states"),
    [
        (copying(), (State.PROVEN, State.PROVEN, State.PROVEN)),
        (copying(walk=None), (State.PROVEN, State.PROVEN, State.NONE)),
        (copying(check=fails("type error")), (State.PROVEN, State.FAILED, State.UNTRIED)),
        (copying(walk=fails("crash")), (State.PROVEN, State.PROVEN, State.FAILED)),
        (
            dataclasses.replace(copying(), command="copy -c 'raise SystemExit(3)'"),
            (State.FAILED, State.UNTRIED, State.UNTRIED),
        ),
    ],
)
def test_a_stage_that_fails_ends_the_proof(
    target: Target, states: tuple[State, ...], tmp_path: Path
) -> None:
    assert states == tuple(outcome.state for outcome in tried(target, tmp_path).outcomes)


def test_a_tool_that_is_not_installed_is_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    targets, path = {"copy": copying(check=lambda _: javac())}, tmp_path / "page.md"
    assert 0 == main([], targets, path)
    assert "copy: not tried: no javac on this machine; install a JDK" in capsys.readouterr().out
    assert not path.exists()


def test_the_proven_version_is_written_and_current(tmp_path: Path) -> None:
    targets, path = {"copy": copying()}, tmp_path / "page.md"
    assert 1 == main(["--check"], targets, path)
    assert 0 == main([], targets, path)
    assert "| JSON | openapi-typescript 7" in path.read_text()
    assert 0 == main(["--check"], targets, path)


def test_a_failure_exits_1_and_does_not_change_the_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    targets = {"copy": copying(check=fails("a type error"))}
    assert 1 == main([], targets, tmp_path / "page.md")
    assert "copy: NO: a type error\n" in capsys.readouterr().out
    assert [] == list(tmp_path.iterdir())


def test_a_command_that_fails_says_the_first_error_in_one_line(tmp_path: Path) -> None:
    program = "print('fine'); print('x:  error: odd'); print('1 error'); raise SystemExit(1)"
    with pytest.raises(PortabilityError, match=r"^python[0-9.]*: x: error: odd$"):
        run([sys.executable, "-c", program], tmp_path)


def test_typescript_is_checked_at_its_strictest() -> None:
    options = json.loads((PROGRAMS / "tsconfig.json").read_text("utf-8"))["compilerOptions"]
    # skipLibCheck would leave out what openapi-typescript writes.
    assert (True, None) == (options["strict"], options.get("skipLibCheck"))


# What is committed


def test_the_page_agrees_with_the_targets_and_locks_of_its_version() -> None:
    text = PAGE.read_text("utf-8")
    # A changed document is proven when `make portability` runs next, before a release.
    (proven,) = re.findall(r"^## What is proven of version (\S+)$", text, re.MULTILINE)
    assert page(TARGETS, proven) == text


def test_every_generator_and_its_version_is_in_a_lock() -> None:
    assert all(version(target.package) for target in TARGETS.values())
    with pytest.raises(PortabilityError, match="no-such-thing: is in no lock"):
        version("no-such-thing")


def test_the_lock_of_the_node_packages_names_no_host() -> None:
    lock = json.loads((LOCKS / "package-lock.json").read_text("utf-8"))
    packages = {name: each for name, each in lock["packages"].items() if name}
    assert packages
    assert [name for name, each in packages.items() if "resolved" in each] == []
    assert [name for name, each in packages.items() if "integrity" not in each] == []


@pytest.mark.slow
@pytest.mark.parametrize("name", ["base", *DOCUMENTED])
def test_openapi_python_client_leaves_nothing_of_a_document_out(name: str, tmp_path: Path) -> None:
    document, program = DOCUMENT.with_stem(name), Path(sys.executable).parent
    options: list[str | Path] = [
        "--path",
        document,
        "--output-path",
        tmp_path / "made",
        "--meta",
        "none",
    ]
    said = run([program / "openapi-python-client", "generate", *options], tmp_path)
    assert "warning" not in said.lower()
    models = "".join(path.read_text("utf-8") for path in tmp_path.glob("made/models/*.py"))
    for schema in json.loads(document.read_text("utf-8"))["components"]["schemas"]:
        assert f"class {schema}" in models
