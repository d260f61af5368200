"""Publish a version: documents, overlays, collections, a site for people, checksums for all.

    python -m scripts.steps.site

Writes build/publish/<version>/ completely or not at all. The same sources give the same bytes; the
only date is that of SOURCE_DATE_EPOCH, if set. No page makes a foreign request. Exit codes: 0 fine,
2 a source, a bundle or a setting cannot be used.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from heidi_spec_tools.documents import DocumentError

from scripts.library.outputs import replace
from scripts.publication import http_file, postman, reference, sbom, workflows
from scripts.publication.documents import documents, generators, overlays
from scripts.publication.requests import collection
from scripts.publication.samples import samples
from scripts.publication.site import CHANGELOG, Site
from scripts.steps.documents import DOCUMENTS, ROOT, derive
from scripts.steps.version import FOLDERS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

OUTPUT: Final = Path("build/publish")
COPIED: Final = {"samples": Path("openapi/examples"), "drivers": Path("conformance/drivers")}
"""Folders of the publication, and those that they are copies of."""
DIST: Final = Path("dist")
SUMS: Final = "SHA256SUMS"
UNRELEASED: Final = re.compile(r"^## Unreleased$", re.MULTILINE)
VERSION: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z.+-]*")
"""The form of a version, which names a folder."""


def publish(root: Path = ROOT) -> tuple[Path, list[str]]:
    """Write the publication of the document's version.

    Returns:
        Its folder, and the files that changed.

    Raises:
        DocumentError: a source, a bundle or a setting cannot be used.
        OSError: a file cannot be read or written.
    """
    derived: dict[str, Any] = {name: derive(name, root) for name in DOCUMENTS}
    version = str(derived["base"]["info"]["version"])
    if not VERSION.fullmatch(version):
        raise DocumentError(f"info.version: {version!r} cannot name a folder; write one like 1.2.0")
    notes = _notes(root, version)
    requests = collection(derived["strict"])
    calls = samples(derived["client"])
    downloads = _encoded(
        documents(root, derived)
        | overlays(root)
        | generators(derived["client"], calls)
        | {postman.NAME: postman.file(requests)}
        | http_file.files(requests)
        | workflows.files(derived["strict"])
        | _copied(root)
        | {CHANGELOG.name: notes, sbom.NAME: sbom.sbom(root)}
    )
    downloads |= _package(root)
    pages = _encoded(
        Site(root, derived, calls=calls, notes=notes, downloads=downloads).files()
        | reference.settings(derived["client"], derived["strict"], calls)
        | reference.bundles(root)
    )
    files = downloads | pages
    folder = root / OUTPUT / version
    return folder, replace(folder, files | {SUMS: _checksums(files)})


def _notes(root: Path, version: str) -> str:
    """Return the changelog; in the publication of a release, nothing in it is unreleased."""
    notes = (root / CHANGELOG).read_text(encoding="utf-8")
    if not (root / FOLDERS["base"] / f"{version}.yaml").exists():
        return notes
    return UNRELEASED.sub(f"## {version}", notes)


def _copied(root: Path) -> dict[str, str]:
    return {
        f"{name}/{path.name}": path.read_text(encoding="utf-8")
        for name, folder in COPIED.items()
        for path in sorted((root / folder).iterdir())
        if path.is_file()
    }


def _package(root: Path) -> dict[str, bytes]:
    """Return the wheel and the source archive of the current version, if `make dist` built them."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    stem = f"{project['name'].replace('-', '_')}-{project['version']}"
    names = (f"{stem}-py3-none-any.whl", f"{stem}.tar.gz")
    paths = [root / DIST / name for name in names]
    return {f"package/{path.name}": path.read_bytes() for path in paths if path.exists()}


def _encoded(files: Mapping[str, str]) -> dict[str, bytes]:
    return {name: text.encode() for name, text in files.items()}


def _checksums(files: Mapping[str, bytes]) -> bytes:
    lines = [f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(files)]
    return "".join(lines).encode()


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line."""
    argparse.ArgumentParser(prog="scripts.steps.site", description=__doc__).parse_args(argv)
    try:
        folder, changed = publish()
    except (DocumentError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("publish: interrupted; what was published stays", file=sys.stderr)
        return 130
    print(f"{folder.relative_to(ROOT)}: {len(changed)} files changed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
