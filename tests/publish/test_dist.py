"""A release has what it must and nothing else, and is tried before it is published.

`make dist` tries every extra and runs the judge; here the core and one extra are enough.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
import tomllib
from email.parser import HeaderParser
from pathlib import Path
from typing import Any, Final

import pytest
from heidi_sandbox import serving

from scripts.dist import licences
from scripts.dist.__main__ import LOCKS, check_bytes, checksums, licence_page, main
from scripts.dist.archives import (
    PACKAGES,
    Built,
    DistError,
    build,
    build_wheel,
    faults_of_sdist,
    faults_of_wheel,
    files_of,
    uv,
)
from scripts.dist.environments import (
    EXTRAS,
    PROGRAMS,
    Environment,
    check_imports,
    check_programs,
    check_readme,
    check_toolkit,
    create,
)
from scripts.steps.documents import ROOT

SOURCES: Final = (
    "generated",
    "overrides/heidi_sessions",
    "sandbox",
    "conformance",
    "scripts/toolkit",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("dist")


@pytest.fixture(scope="module")
def built(folder: Path) -> Built:
    return build(folder / "built")


@pytest.fixture(scope="module")
def constraints(folder: Path) -> str:
    """Names the file with the locked versions, which are downloaded already."""
    path = folder / "constraints.txt"
    options = ("--locked", "--all-extras", "--no-dev", "--no-hashes", "--no-emit-project")
    uv("export", *options, "--project", str(ROOT), "--output-file", str(path))
    return str(path)


@pytest.fixture(scope="module")
def sandbox_alone(folder: Path, built: Built, constraints: str) -> Environment:
    options = ("--constraints", constraints)
    return create("sandbox", built.wheel, folder / "environments", sys.executable, *options)


@pytest.fixture(scope="module")
def core_alone(folder: Path, built: Built, constraints: str) -> Environment:
    options = ("--constraints", constraints)
    return create("core", built.wheel, folder / "environments", sys.executable, *options)


# The archives


@pytest.mark.slow
def test_the_sdist_builds_the_wheel_that_the_source_builds(built: Built, folder: Path) -> None:
    check_bytes(built, built, build_wheel(folder / "direct"))


@pytest.mark.slow
def test_archives_that_differ_by_one_byte_are_reported(built: Built, tmp_path: Path) -> None:
    other = tmp_path / "other.whl"
    other.write_bytes(built.wheel.read_bytes() + b"\0")
    with pytest.raises(DistError, match="the wheels of the sdist and of the source differ"):
        check_bytes(built, built, other)
    with pytest.raises(DistError, match="two builds of the sdist differ"):
        check_bytes(built, Built(built.wheel, other), built.wheel)


@pytest.mark.slow
def test_the_archives_hold_what_they_must_and_nothing_else(built: Built) -> None:
    wheel, sdist = files_of(built.wheel), files_of(built.sdist)
    assert [] == faults_of_wheel(wheel)
    assert [] == faults_of_sdist(sdist, wheel)
    assert set(PACKAGES) < {name.partition("/")[0] for name in wheel}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "body", "fault"),
    [
        ("tests/test_x.py", b"", "which does not belong there"),
        ("heidi_sandbox/heidi-sandbox.db", b"", "which does not belong there"),
        ("heidi_sessions/__pycache__/x.cpython-311.pyc", b"", "which does not belong there"),
        ("heidi_sessions/.env", b"", "which does not belong there"),
        ("heidi_spec/seed.txt", b"", "which does not belong there"),
        ("heidi_spec/old.json", b"", "which does not belong there"),
        ("shared/contract.md", b"", "which does not belong there"),
        ("heidi_sessions/_key.py", b"-----BEGIN RSA PRIVATE KEY-----", "looks like a secret"),
        (
            "heidi_sessions/_key.py",
            b"eyJhbGciOiJIUzI1NiIsInR5cCI6.eyJzdWIiOiIxMjM0NTY3ODkwIiwi.SflKxwRJSMeKKF2QT4fwpMeJf",
            "looks like a secret",
        ),
        ("heidi_sessions/_path.py", f"x = {str(ROOT)!r}".encode(), "a path of this machine"),
    ],
)
def test_a_file_that_does_not_belong_in_a_wheel_is_named(
    name: str, body: bytes, fault: str, built: Built
) -> None:
    faults = faults_of_wheel(files_of(built.wheel) | {name: body})
    assert [True] == [name in each and fault in each for each in faults]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["heidi_spec/strict.yaml", "heidi_sandbox/py.typed"])
def test_a_file_that_a_wheel_lacks_is_named(name: str, built: Built) -> None:
    files = files_of(built.wheel)
    del files[name]
    assert [f"the wheel lacks {name}"] == faults_of_wheel(files)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["tests/test_x.py", "scripts/dist/archives.py", "openapi/seed.txt", "sandbox/x.db"]
)
def test_a_file_that_does_not_belong_in_an_sdist_is_named(name: str, built: Built) -> None:
    wheel, sdist = files_of(built.wheel), files_of(built.sdist)
    expected = [f"the sdist holds {name}, which does not belong there"]
    assert expected == faults_of_sdist(sdist | {name: b""}, wheel)
    del sdist["generated/heidi_spec/base.json"]
    assert ["the sdist lacks heidi_spec/base.json"] == faults_of_sdist(sdist, wheel)


@pytest.mark.slow
def test_stray_files_of_the_source_are_in_neither_archive(tmp_path: Path) -> None:
    root = tmp_path / "root"
    for source in SOURCES:
        shutil.copytree(ROOT / source, root / source)
    for name in (".gitignore", "CHANGELOG.md", "LICENSE", "README.md", "pyproject.toml"):
        shutil.copy(ROOT / name, root / name)
    for name in ("heidi-sandbox.db", "secrets.txt", "tests/x.py", "shared/contract.md"):
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text("none of your business")
    built = build(tmp_path / "built", root)
    wheel = files_of(built.wheel)
    assert [] == [*faults_of_wheel(wheel), *faults_of_sdist(files_of(built.sdist), wheel)]


def test_a_build_uses_only_dependencies_with_known_hashes(tmp_path: Path) -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    uv = re.findall(r"^\[tool\.uv\]\n.*?^\]\n", text, re.MULTILINE | re.DOTALL)
    build = re.findall(r"^\[build-system\]\n.*?\n\n", text, re.DOTALL)
    project = '[project]\nname = "small"\nversion = "1"\nrequires-python = ">=3.11"\n'
    whole = "".join([*build, project, *uv])
    (tmp_path / "small").mkdir()
    (tmp_path / "small/__init__.py").touch()

    def built(name: str, text: str) -> Path:
        (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8")
        return build_wheel(tmp_path / name, tmp_path)

    assert "small-1-py3-none-any.whl" == built("whole", whole).name
    (pluggy,) = re.findall(r'  \{ requirement = "pluggy==.*?\] \},\n', whole, re.DOTALL)
    with pytest.raises(DistError, match="no trusted hash was provided for: `pluggy`"):
        built("without", whole.replace(pluggy, ""))
    other = re.sub(r"sha256:.{8}", "sha256:00000000", pluggy)
    with pytest.raises(DistError, match="Hash mismatch for `pluggy=="):
        built("changed", whole.replace(pluggy, other))


@pytest.mark.slow
def test_the_metadata_of_the_wheel_are_those_of_pyproject(built: Built) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    files = files_of(built.wheel)
    (text,) = (body for name, body in files.items() if name.endswith(".dist-info/METADATA"))
    metadata = HeaderParser().parsestr(text.decode())
    assert (project["version"], project["requires-python"], project["license"]) == (
        metadata["Version"],
        metadata["Requires-Python"],
        metadata["License-Expression"],
    )
    extras = project["optional-dependencies"]
    assert set(extras) == set(metadata.get_all("Provides-Extra") or ())
    assert set(extras) | {"core"} == set(EXTRAS)
    assert set(project["scripts"]) == set(PROGRAMS)


# The environments


@pytest.mark.slow
def test_the_core_installs_alone_and_runs_the_readme(core_alone: Environment) -> None:
    check_imports(core_alone, "core")
    check_programs(core_alone, "core")
    readme = (ROOT / "README.md").read_text("utf-8")
    with serving() as sandbox:
        access = {
            "HEIDI_BASE_URL": sandbox.url,
            "HEIDI_API_KEY": sandbox.api_key,
            "HEIDI_EMAIL": "user@clinic.example",
            "HEIDI_THIRD_PARTY_INTERNAL_ID": "1",
        }
        check_readme(core_alone, readme, access)
        with pytest.raises(DistError, match="TokenError"):
            check_readme(core_alone, readme, {**access, "HEIDI_API_KEY": "wrong"})


@pytest.mark.slow
def test_an_extra_installs_alone(sandbox_alone: Environment) -> None:
    check_imports(sandbox_alone, "sandbox")
    check_programs(sandbox_alone, "sandbox")


@pytest.mark.slow
def test_the_toolkit_works_without_the_sources(
    built: Built, folder: Path, constraints: str, core_alone: Environment
) -> None:
    options = ("--constraints", constraints)
    alone = create("spec", built.wheel, folder / "environments", sys.executable, *options)
    check_imports(alone, "spec")
    check_programs(alone, "spec")
    check_toolkit(alone)
    with pytest.raises(DistError, match=r"heidi-spec apply: .*the extra heidi-sessions\[spec\]"):
        check_toolkit(core_alone)


@pytest.mark.slow
def test_a_package_that_an_environment_lacks_is_named(core_alone: Environment) -> None:
    with pytest.raises(DistError, match="No module named 'asyncpg'"):
        check_imports(core_alone, "sandbox")
    with pytest.raises(DistError, match="heidi-sandbox: "):
        check_programs(core_alone, "sandbox")


def test_a_package_of_the_source_does_not_count_as_the_wheel(tmp_path: Path) -> None:
    # The tools' own environment holds an editable installation.
    here = Environment(Path(sys.prefix), tmp_path)
    with pytest.raises(DistError, match="something is imported from"):
        check_imports(here, "core")


@pytest.mark.slow
@pytest.mark.parametrize("program", ["heidi-sandbox", "heidi-conformance"])
def test_a_command_whose_extra_is_missing_says_so_in_one_line(
    program: str, core_alone: Environment
) -> None:
    done = core_alone.run([program, "--help"])
    assert (2, 1) == (done.returncode, len(done.stderr.splitlines()))


@pytest.mark.slow
def test_a_readme_without_python_proves_nothing(core_alone: Environment) -> None:
    with pytest.raises(DistError, match="shows no Python"):
        check_readme(core_alone, "# Nothing\n", {})
    with pytest.raises(DistError, match="prints nothing"):
        check_readme(core_alone, "```python\nx = 1\n```\n", {})


def test_the_checksums_are_of_the_files() -> None:
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert f"{empty}  a.whl\n".encode() == checksums({"a.whl": b""})


@pytest.mark.slow
def test_a_release_that_cannot_be_tried_is_not_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert 1 == main(["--python", "true"], tmp_path / "dist")
    assert capsys.readouterr().err.startswith("dist: uv venv: ")
    assert [] == list(tmp_path.iterdir())


def test_a_missing_interpreter_is_refused_before_anything_is_built(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["--python", str(tmp_path / "python")], tmp_path / "dist")
    shown = capsys.readouterr()
    assert shown.err.endswith("python is not a program; name an interpreter\n")
    assert "" == shown.out
    assert [] == list(tmp_path.iterdir())


# The licences


def package(**said: Any) -> dict[str, Any]:
    return {
        "name": "x",
        "version": "1",
        "expression": "",
        "licence": "",
        "classifiers": [],
        **said,
    }


@pytest.mark.parametrize(
    ("said", "expression"),
    [
        ({"expression": "MPL-2.0 AND (Apache-2.0 OR MIT)"}, "MPL-2.0 AND (Apache-2.0 OR MIT)"),
        ({"licence": "Apache 2.0"}, "Apache-2.0"),
        ({"licence": "Permission is hereby granted, free of charge, to any…"}, "MIT"),
        ({"classifiers": ["License :: OSI Approved :: MIT License"]}, "MIT"),
        ({"name": "decko"}, "MIT"),
        ({"expression": "GPL-3.0-only OR MIT"}, "GPL-3.0-only OR MIT"),
    ],
)
def test_a_licence_is_read_from_any_place_where_a_package_states_it(
    said: Any, expression: str
) -> None:
    (licence,) = licences.of_python([package(**said)])
    assert (expression, []) == (licence.expression, licences.refused([licence]))


@pytest.mark.parametrize(
    "expression",
    [
        "GPL-3.0-only",
        "MIT AND GPL-3.0-only",
        "(MIT OR ISC) AND (AGPL-3.0-only OR SSPL-1.0)",
        "MIT OR-ELSE",
        "TRUE",
        "Proprietary",
        "",
    ],
)
def test_a_licence_that_is_not_allowed_is_refused(expression: str) -> None:
    refused = licences.refused(licences.of_python([package(expression=expression)]))
    name = expression or "unknown"
    assert [f"x 1: licence {name} is not allowed; read it, and add it to"] == [
        line.rpartition(" scripts/")[0] for line in refused
    ]


def test_the_licences_of_everything_here_are_allowed(tmp_path: Path) -> None:
    tools = Environment(Path(sys.prefix), tmp_path).python(licences.LIST_INSTALLED)
    page = licence_page("[]", tools)
    names = {each["name"] for each in json.loads(tools)} - {"heidi-sessions"}
    assert names <= set(re.findall(r"^\| (\S+) \| \S+ \| \S", page, re.MULTILINE))
    assert "| redoc | " in page
    assert all(licences.of_node(lock) for lock in LOCKS)


def test_one_forbidden_licence_stops_the_release() -> None:
    with pytest.raises(DistError, match=r"x 1: licence SSPL-1\.0 is not allowed"):
        licence_page(json.dumps([package(expression="SSPL-1.0")]), "[]")
