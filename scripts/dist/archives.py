"""Build wheel and sdist, and look into them."""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from scripts.steps.documents import DOCUMENTS, ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping

PACKAGES: Final = (
    "heidi_conformance",
    "heidi_conformance_pytest",
    "heidi_generated",
    "heidi_sandbox",
    "heidi_sessions",
    "heidi_spec",
    "heidi_spec_tools",
)
FILES: Final = tuple(
    f"heidi_spec/{name}.{suffix}" for name in DOCUMENTS for suffix in ("json", "yaml")
)
DATA: Final = (
    "heidi_conformance/client/protocol.schema.json",
    "heidi_conformance/reports/page.css",
    "heidi_conformance/reports/page.html.jinja",
    "heidi_conformance/reports/page.js",
    "heidi_conformance/schemathesis.toml",
    "heidi_sandbox/page.css",
    "heidi_sandbox/page.html",
)
"""Data files of the packages, such as the templates of their pages."""

METADATA: Final = ("METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE")
"""What a wheel says of itself."""

FOLDERS: Final = ("generated", "overrides", "sandbox", "conformance", "scripts/toolkit")
"""Where an sdist keeps the packages."""

OWN_FILES: Final = frozenset(
    {".gitignore", "CHANGELOG.md", "LICENSE", "PKG-INFO", "README.md", "pyproject.toml"}
)
"""What else an sdist holds; hatchling adds .gitignore, which decides what it leaves out."""

_MODULE: Final = re.compile(rf"(?:{'|'.join(PACKAGES)})(?:/[a-z_]+)*/[a-z_]+\.py")
_SECRET: Final = re.compile(
    rb"BEGIN [A-Z ]*PRIVATE KEY|\bAKIA[0-9A-Z]{16}\b|\beyJ[\w-]{20,}\.[\w-]{20,}\.[\w-]{20,}"
)


class DistError(Exception):
    """The distribution is wrong, or could not be built; the message is one line."""


@dataclass(frozen=True)
class Built:
    """A wheel and the sdist that belongs to it."""

    wheel: Path
    sdist: Path


def build(folder: Path, root: Path = ROOT) -> Built:
    """Build the sdist, and the wheel from it, into a folder that has neither.

    Raises:
        DistError: they cannot be built.
    """
    uv("build", *_where(folder, root))
    return Built(_only(folder, "*.whl"), _only(folder, "*.tar.gz"))


def build_wheel(folder: Path, root: Path = ROOT) -> Path:
    """Build the wheel directly from the source tree.

    Raises:
        DistError: it cannot be built.
    """
    uv("build", "--wheel", *_where(folder, root))
    return _only(folder, "*.whl")


def _where(folder: Path, root: Path) -> list[str]:
    # Without --project, the hashes of build dependencies are those of the folder it is called in.
    return ["--project", str(root), "--out-dir", str(folder), str(root)]


def uv(*arguments: str) -> str:
    """Run uv and return what it printed.

    Raises:
        DistError: it failed.
    """
    done = subprocess.run(
        [sys.executable, "-m", "uv", arguments[0], "--quiet", *arguments[1:]],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        lines = [line.strip(" ×╰─▶") for line in done.stderr.splitlines() if line.strip()]  # noqa: RUF001  uv draws its errors
        raise DistError(f"uv {arguments[0]}: {' '.join(lines)[:800] or done.returncode}")
    return done.stdout


def _only(folder: Path, pattern: str) -> Path:
    found = list(folder.glob(pattern))
    if len(found) != 1:
        raise DistError(f"{folder}: holds {len(found)} files {pattern} where one was built")
    return found[0]


def files_of(archive: Path) -> dict[str, bytes]:
    """Read every file of a wheel or of an sdist, by its name below the archive's own folder."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            return {name: wheel.read(name) for name in wheel.namelist()}
    with tarfile.open(archive) as sdist:
        members = {member.name.partition("/")[2]: sdist.extractfile(member) for member in sdist}
        return {name: file.read() for name, file in members.items() if file}


def faults_of_wheel(files: Mapping[str, bytes]) -> list[str]:
    """Return a line for each file that a wheel lacks, or that does not belong in it."""
    wanted = {*FILES, *DATA, *(f"{package}/py.typed" for package in PACKAGES)}
    plain = {_without_version(name): body for name, body in files.items()}
    information = {f"dist-info/{name}" for name in METADATA}
    lacking = sorted((wanted | information) - plain.keys())
    foreign = sorted(
        name for name in plain.keys() - wanted - information if not _MODULE.fullmatch(name)
    )
    return [*_faults("the wheel", lacking, foreign), *_secrets("the wheel", plain)]


def faults_of_sdist(files: Mapping[str, bytes], wheel: Mapping[str, bytes]) -> list[str]:
    """Return a line for each file that an sdist lacks, or that does not belong in it."""
    packages = {name: body for name, body in wheel.items() if ".dist-info/" not in name}
    sources = {_in_wheel(name): name for name in files if name.startswith(FOLDERS)}
    lacking = sorted((packages.keys() - sources.keys()) | (OWN_FILES - files.keys()))
    foreign = sorted(
        name
        for name in files.keys() - OWN_FILES
        if _in_wheel(name) not in packages or name not in sources.values()
    )
    return [*_faults("the sdist", lacking, foreign), *_secrets("the sdist", files)]


def _in_wheel(name: str) -> str:
    return next(
        (name.removeprefix(f"{folder}/") for folder in FOLDERS if name.startswith(f"{folder}/")),
        name,
    )


def _without_version(name: str) -> str:
    return re.sub(r"^heidi_sessions-[^/]+\.dist-info/", "dist-info/", name)


def _faults(archive: str, lacking: list[str], foreign: list[str]) -> list[str]:
    return [
        *(f"{archive} lacks {name}" for name in lacking),
        *(f"{archive} holds {name}, which does not belong there" for name in foreign),
    ]


def _secrets(archive: str, files: Mapping[str, bytes]) -> list[str]:
    home = str(Path.home()).encode()
    here = str(ROOT).encode()
    return [
        f"{archive} holds {what} in {name}"
        for name, body in sorted(files.items())
        for what, found in (
            ("what looks like a secret", _SECRET.search(body)),
            ("a path of this machine", here in body or (len(home) > 1 and home + b"/" in body)),
        )
        if found
    ]
