"""The released documents, and how far `info.version` must move from them.

`openapi/releases/<version>.yaml` is the base document of a release as it was derived, with its
provenance; `openapi/releases/strict/<version>.yaml` the strict one, which the sandbox obeys and
the judge holds servers to. Both are promises, so both are compared.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from scripts.bundle import ROOT, derive
from scripts.differences import Change, Comparison, Source, compare
from scripts.documents import DocumentError, dump_yaml, write
from scripts.nodes import as_object

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scripts.documents import Json

RELEASES: Final = Path("openapi/releases")
FOLDERS: Final = {"base": RELEASES, "strict": RELEASES / "strict"}
"""Where the released forms of each document stand."""

BANNER: Final = (
    "# A released document: what partners were promised. Never edit it;\n"
    "# `python scripts/diff.py --freeze` writes the next one.\n"
)
_VERSION: Final = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)", re.ASCII)


class Version(NamedTuple):
    """A semantic version, without label."""

    major: int
    minor: int
    patch: int

    def __str__(self) -> str:
        """Write it with dots."""
        return ".".join(map(str, self))

    @classmethod
    def parse(cls, text: object, where: str) -> Version:
        """Read a version.

        Raises:
            DocumentError: it has not the form of one.
        """
        match = _VERSION.fullmatch(str(text))
        if match is None:
            raise DocumentError(f"{where}: {text} is no version; write three numbers, as 0.2.0")
        return cls(*map(int, match.groups()))

    def next(self, bump: str) -> Version:
        """Return the least version that a bump asks for.

        Below 1.0.0, a breaking change moves the second number and all else the third.
        """
        if bump == "none":
            return self
        if bump == "major":
            return Version(self.major + 1, 0, 0) if self.major else Version(0, self.minor + 1, 0)
        if bump == "minor" and self.major:
            return Version(self.major, self.minor + 1, 0)
        return Version(self.major, self.minor, self.patch + 1)


@dataclass(frozen=True)
class Verdict:
    """What the gate found.

    faults: one line each; none when the version moved far enough.
    """

    summary: str
    faults: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Write the summary, then the faults."""
        return "\n".join([self.summary, *(f"    {fault}" for fault in self.faults)])


def check(root: Path = ROOT) -> Verdict:
    """Compare the derived documents with those of the last release.

    Raises:
        DocumentError: there is no release, or a document cannot be compared.
    """
    verdicts = [_check(name, root) for name in FOLDERS]
    faults = tuple(fault for verdict in verdicts for fault in verdict.faults)
    said = [verdict.summary for verdict in verdicts if bool(verdict.faults) == bool(faults)]
    return Verdict("; ".join(said), faults)


def _check(name: str, root: Path) -> Verdict:
    path, released = last(name, root)
    document = derive(name, root)
    current = _version(document)
    comparison = compare(Source.read(path), Source(document, name))
    least = released.next(comparison.bump)
    if current >= least:
        told = (
            f"{name} moved from {released} to {current}"
            if current > released
            else f"{name} {current}"
        )
        return Verdict(f"{told}, {_counted(comparison)}")
    summary = (
        f"{name}: info.version is {current}; write {least} or more, since {released} has changed:"
    )
    gravest = comparison.changes[0].level
    changes = [change for change in comparison.changes if change.level == gravest]
    return Verdict(summary, tuple(map(_line, changes)))


def last(name: str, root: Path = ROOT) -> tuple[Path, Version]:
    """Return the last release of a document.

    Raises:
        DocumentError: there is none, or a file there is not named by a version.
    """
    versions = {Version.parse(path.stem, str(path)): path for path in _files(name, root)}
    if not versions:
        where = FOLDERS[name]
        raise DocumentError(f"{where}: holds no release; run `python scripts/diff.py --freeze`")
    return versions[max(versions)], max(versions)


def freeze(root: Path = ROOT) -> list[Path]:
    """Write the derived documents as the release of their version.

    Raises:
        DocumentError: the version is released already with other content, or it has moved less
            than the changes ask; nothing is written then.
    """
    if any(True for name in FOLDERS for _ in _files(name, root)):
        verdict = check(root)
        if verdict.faults:
            raise DocumentError(f"not frozen: {verdict.summary} {verdict.faults[0]}")
    texts: dict[Path, str] = {}
    for name, folder in FOLDERS.items():
        document = derive(name, root)
        path = folder / f"{_version(document)}.yaml"
        texts[path] = BANNER + dump_yaml(document)
        if (root / path).exists() and (root / path).read_text(encoding="utf-8") != texts[path]:
            raise DocumentError(
                f"{path}: is released with other words; raise info.version, or delete the file"
                " if this version was never published"
            )
    for path, text in texts.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        write(root / path, text)
    return list(texts)


def _files(name: str, root: Path) -> Iterator[Path]:
    yield from sorted((root / FOLDERS[name]).glob("*.yaml"))


def _version(document: Json) -> Version:
    info = as_object(as_object(document).get("info"))
    return Version.parse(info.get("version"), "openapi/openapi.yaml: $.info.version")


def _line(change: Change) -> str:
    where = f"{change.operation}: " if change.operation else ""
    return f"{change.level}: {where}{change.message} ({change.id})"


def _counted(comparison: Comparison) -> str:
    count = len(comparison.changes)
    if not count:
        return "no change since"
    return f"{count} change{'s' * (count > 1)}, {comparison.bump}"
