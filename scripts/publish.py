"""Publish the base document: files for programs, a page for people, checksums for both.

    python scripts/publish.py

Writes build/publish/<version>/, whole or not at all. The page makes no foreign request.
Exit codes: 0 fine, 2 a source or the reference bundle cannot be used.
"""

from __future__ import annotations

import argparse
import hashlib
import html
import json
import sys
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any, Final

from scripts.bundle import ROOT, derive
from scripts.dereference import dereference
from scripts.documents import DocumentError, Json, dump_json, dump_yaml
from scripts.outputs import replace

if TYPE_CHECKING:
    from collections.abc import Sequence

OUTPUT: Final = Path("build/publish")
PAGE: Final = Path("scripts/site/index.html")
REDOC: Final = Path("scripts/node/node_modules/redoc/bundles")

LOGO: Final = "https://cdn.redoc.ly/redoc/logo-mini.svg"
"""The one address that Redoc loads by itself; without an image it shows its name alone."""

OPTIONS: Final = {
    "expandResponses": "200",
    "hideDownloadButtons": True,
    "jsonSamplesExpandLevel": 4,
    "schemasExpansionLevel": 1,
    "showExtensions": ["x-provenance"],
    "theme": {
        "colors": {"primary": {"main": "#0b6285"}},
        "typography": {
            "fontFamily": "system-ui, sans-serif",
            "headings": {"fontFamily": "inherit"},
        },
    },
}


def publish(root: Path = ROOT) -> tuple[Path, list[str]]:
    """Write the publication of the document's version.

    Returns:
        Its folder, and the files that changed.

    Raises:
        DocumentError: a document cannot be derived, or the reference bundle is not what it was.
        OSError: a file cannot be read or written.
    """
    document: Any = derive("base", root)
    files = {
        "index.html": _page(document, root),
        "openapi.dereferenced.json": dump_json(dereference(document)),
        "openapi.json": dump_json(document),
        "openapi.yaml": dump_yaml(document),
        "redoc.standalone.js": _redoc(root),
        "redoc.standalone.js.LICENSE.txt": _read(root / REDOC / "redoc.standalone.js.LICENSE.txt"),
        "reference.js": _script(document),
    }
    content = {name: text.encode() for name, text in files.items()}
    content["SHA256SUMS"] = _checksums(content)
    folder = root / OUTPUT / document["info"]["version"]
    return folder, replace(folder, content)


def _page(document: Any, root: Path) -> str:
    info = {key: html.escape(document["info"][key]) for key in ("title", "version")}
    return Template(_read(root / PAGE)).substitute(info)


def _script(document: Any) -> str:
    values = (_with_readable_provenance(document), OPTIONS)
    arguments = ", ".join(json.dumps(value, ensure_ascii=False) for value in values)
    return f'Redoc.init({arguments}, document.getElementById("reference"));\n'


def _with_readable_provenance(node: Json) -> Json:
    """Turn each `x-provenance` into one line, since Redoc shows an extension as it is."""
    if isinstance(node, list):
        return [_with_readable_provenance(child) for child in node]
    if not isinstance(node, dict):
        return node
    shown = {key: _with_readable_provenance(child) for key, child in node.items()}
    if isinstance(provenance := node.get("x-provenance"), dict):
        shown["x-provenance"] = ", ".join(map(str, provenance.values()))
    return shown


def _redoc(root: Path) -> str:
    if not (root / REDOC).exists():
        raise DocumentError(f"{REDOC}: is not installed; run `make tools`")
    bundle = _read(root / REDOC / "redoc.standalone.js")
    if bundle.count(LOGO) != 1:
        raise DocumentError(f"{REDOC}: does not load {LOGO} once; look at what it loads instead")
    return bundle.replace(LOGO, "data:,")


def _checksums(files: dict[str, bytes]) -> bytes:
    lines = [f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(files)]
    return "".join(lines).encode()


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line."""
    argparse.ArgumentParser(prog="publish.py", description=__doc__).parse_args(argv)
    try:
        folder, changed = publish()
    except (DocumentError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{folder.relative_to(ROOT)}: {len(changed)} files changed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
