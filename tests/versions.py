"""Releases of a copy of the sources, whatever the version of the document is today."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

from scripts.bundle import SPEC
from scripts.releases import RELEASES, freeze

if TYPE_CHECKING:
    from pathlib import Path


def set_version(root: Path, version: str) -> None:
    """Write `info.version` in the copy under `root`."""
    path = root / SPEC
    text = path.read_text(encoding="utf-8")
    text, count = re.subn(r"(?m)^(info:\n(?:  .*\n)*?  version: ).*$", rf"\g<1>{version}", text)
    assert 1 == count
    path.write_text(text, encoding="utf-8")


def release_first(root: Path, version: str) -> None:
    """Make `version` the only release in the copy under `root`."""
    shutil.rmtree(root / RELEASES)
    set_version(root, version)
    freeze(root)
