"""Compare the derived documents with the last release, or make them the next one.

    python -m scripts.steps.version [--freeze]

`info.version` must have moved as far as the changes since the last release ask. With --freeze,
the derived documents become the release that the next run compares with.
`heidi-spec diff OLD NEW` compares any two documents.
Exit codes: 0 fine, 1 the version must move, 2 a document cannot be compared.

`openapi/releases/<version>.yaml` is the base document of a release as it was derived, with its
provenance; `openapi/releases/strict/<version>.yaml` the strict one, which the sandbox obeys and
the judge holds servers to. Both are promises, so both are compared.
"""

from __future__ import annotations

import argparse
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from heidi_spec_tools.differences import Change, Comparison, Source, compare
from heidi_spec_tools.documents import DocumentError, dump_yaml, write
from heidi_spec_tools.nodes import as_object

from scripts.steps.documents import ROOT, SPEC, derive

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from heidi_spec_tools.documents import Json

RELEASES: Final = Path("openapi/releases")
FOLDERS: Final = {"base": RELEASES, "strict": RELEASES / "strict"}
"""The folders of the releases of each document."""

COVERAGE: Final = Path("openapi/guides/coverage.md")
"""What the judge covered is kept beside the documents that it was judged by."""

BANNER: Final = (
    "# A released document: what partners were promised. Never edit it;\n"
    "# `make freeze` writes the next one.\n"
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
            DocumentError: it is malformed.
        """
        match = _VERSION.fullmatch(str(text))
        if match is None:
            raise DocumentError(
                f"{where}: {text} is not a version; write three numbers such as 0.2.0"
            )
        return cls(*map(int, match.groups()))

    def next(self, bump: str) -> Version:
        """Return the least version that a bump asks for.

        Below 1.0.0, a breaking change raises the second number and any other the third.
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
    """The result of the gate.

    faults: the changes that ask for another version; none when it moved far enough.
    """

    summary: str
    faults: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Write the summary with the first fault in one line, then the other faults."""
        first = ": ".join([self.summary, *self.faults[:1]])
        return "\n".join([first, *(f"    {fault}" for fault in self.faults[1:])])


def check(root: Path = ROOT) -> Verdict:
    """Compare the derived documents with those of the last release.

    Raises:
        DocumentError: there is no release, or a document cannot be compared.
    """
    found = [_compared(name, root) for name in FOLDERS]
    short = [each for each in found if each.current < each.least]
    if not short:
        return Verdict("; ".join(map(str, found)))
    current, least = found[0].current, max(each.least for each in short)
    faults: dict[str, list[str]] = {}
    for each in short:
        for fault in each.gravest():
            faults.setdefault(fault, []).append(each.name)
    return Verdict(
        f"{SPEC}: info.version is {current}; write {least} or higher",
        tuple(f"{fault} in {' and '.join(names)}" for fault, names in faults.items()),
    )


@dataclass(frozen=True)
class _Compared:
    """The comparison of one document with its last release."""

    name: str
    released: Version
    current: Version
    comparison: Comparison

    @property
    def least(self) -> Version:
        return self.released.next(self.comparison.bump)

    def gravest(self) -> list[str]:
        """Return the changes that require the next version: those of the gravest level."""
        changes = self.comparison.changes
        if not changes:
            return [f"the version went back from {self.released}"]
        return [_line(change) for change in changes if change.level == changes[0].level]

    def __str__(self) -> str:
        moved = f"since {self.released}" if self.current > self.released else "since its release"
        count = len(self.comparison.changes)
        changes = f"{count} change{'s' * (count > 1)}" if count else "no change"
        return f"{self.name} {self.current}: {changes} {moved}"


def _compared(name: str, root: Path) -> _Compared:
    path, released = last(name, root)
    document = derive(name, root)
    comparison = compare(Source.read(path), Source(document, name))
    return _Compared(name, released, _version(document), comparison)


def last(name: str, root: Path = ROOT) -> tuple[Path, Version]:
    """Return the last release of a document.

    Raises:
        DocumentError: there is none, or a file there is not named by a version.
    """
    versions = {Version.parse(path.stem, str(path)): path for path in _files(name, root)}
    if not versions:
        where = FOLDERS[name]
        raise DocumentError(f"{where}: holds no release; run `make freeze`")
    return versions[max(versions)], max(versions)


def freeze(root: Path = ROOT) -> list[Path]:
    """Write the derived documents as the release of their version, and what the judge covers.

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
    (version,) = {path.stem for path in texts}
    covered = RELEASES / "coverage" / f"{version}.md"
    if (root / COVERAGE).exists() and not (root / covered).exists():
        texts[covered] = (root / COVERAGE).read_text(encoding="utf-8")
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


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="scripts.steps.version",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--freeze", action="store_true", help="make the current state a release")
    arguments = parser.parse_args(argv)
    try:
        if arguments.freeze:
            print("\n".join(f"{path}: frozen" for path in freeze()))
            return 0
        verdict = check()
    except DocumentError as error:
        print(error, file=sys.stderr)
        return 2
    print(verdict, file=sys.stderr if verdict.faults else sys.stdout)
    return 1 if verdict.faults else 0


if __name__ == "__main__":
    sys.exit(main())
