"""Publish a version: documents, overlays, collections, a site for people, checksums for all.

    python scripts/publish.py

Writes build/publish/<version>/, whole or not at all. The same sources give the same bytes; the
one date in there is that of SOURCE_DATE_EPOCH, or none. No page makes a foreign request.
Exit codes: 0 fine, 2 a source, a bundle or a setting cannot be used.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from heidi_spec_tools.documents import DocumentError

from scripts.bundle import ROOT, derive
from scripts.outputs import replace
from scripts.publication import http_file, postman, reference, sbom
from scripts.publication.documents import documents, overlays
from scripts.publication.requests import collection
from scripts.publication.site import CHANGELOG, Site

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

OUTPUT: Final = Path("build/publish")
SAMPLES: Final = Path("openapi/examples")
SUMS: Final = "SHA256SUMS"
VERSION: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z.+-]*")
"""What a version may be, since it names a folder."""


def publish(root: Path = ROOT) -> tuple[Path, list[str]]:
    """Write the publication of the document's version.

    Returns:
        Its folder, and the files that changed.

    Raises:
        DocumentError: a source, a bundle or a setting cannot be used.
        OSError: a file cannot be read or written.
    """
    base: Any = derive("base", root)
    version = str(base["info"]["version"])
    if not VERSION.fullmatch(version):
        raise DocumentError(f"info.version: {version!r} cannot name a folder; write one like 1.2.0")
    notes = (root / CHANGELOG).read_text(encoding="utf-8")
    complete: Any = derive("client", root)
    sandbox: Any = derive("strict", root)
    requests = collection(sandbox)
    downloads = _encoded(
        documents(root)
        | overlays(root)
        | {postman.NAME: postman.file(requests)}
        | http_file.files(requests)
        | _samples(root)
        | {CHANGELOG.name: notes, sbom.NAME: sbom.sbom(root)}
    )
    pages = _encoded(
        Site(root, base, complete, sandbox, notes=notes, downloads=downloads).files()
        | reference.settings(complete, sandbox)
        | reference.bundles(root)
    )
    files = downloads | pages
    folder = root / OUTPUT / version
    return folder, replace(folder, files | {SUMS: _checksums(files)})


def _samples(root: Path) -> dict[str, str]:
    paths = sorted((root / SAMPLES).iterdir())
    return {f"samples/{path.name}": path.read_text(encoding="utf-8") for path in paths}


def _encoded(files: Mapping[str, str]) -> dict[str, bytes]:
    return {name: text.encode() for name, text in files.items()}


def _checksums(files: Mapping[str, bytes]) -> bytes:
    lines = [f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(files)]
    return "".join(lines).encode()


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line."""
    argparse.ArgumentParser(prog="publish.py", description=__doc__).parse_args(argv)
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
