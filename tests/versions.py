"""Releases of a copy of the sources, whatever the version of the document is today."""

from __future__ import annotations

import re
import shutil
from importlib.metadata import version
from typing import TYPE_CHECKING, Final

from scripts.steps.documents import SPEC
from scripts.steps.version import RELEASES, freeze

if TYPE_CHECKING:
    from pathlib import Path

WHEEL: Final = f"./heidi_sessions-{version('heidi-sessions')}-py3-none-any.whl"
"""What `make dist` builds and the site offers, as the guides install it."""


def set_version(root: Path, number: str) -> None:
    """Write `info.version` in the copy under `root`."""
    path = root / SPEC
    text = path.read_text(encoding="utf-8")
    text, count = re.subn(r"(?m)^(info:\n(?:  .*\n)*?  version: ).*$", rf"\g<1>{number}", text)
    assert 1 == count
    path.write_text(text, encoding="utf-8")


def release_first(root: Path, number: str) -> None:
    """Make `number` the only release in the copy under `root`."""
    shutil.rmtree(root / RELEASES)
    set_version(root, number)
    freeze(root)
