"""Folders of generated files: replaced as a whole, or compared with what the sources give."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

Files: TypeAlias = "Mapping[str, bytes]"
"""The content of every file of a folder, by its path below the folder."""


def differences(folder: Path, files: Files) -> list[str]:
    """Name the files of a folder that are not what they should be, sorted.

    Files below `__pycache__` do not count.
    """
    present = {
        path.relative_to(folder).as_posix(): path
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    return sorted(
        name
        for name in present.keys() | files.keys()
        if name not in present or files.get(name) != present[name].read_bytes()
    )


def replace(folder: Path, files: Files) -> list[str]:
    """Give a folder new content in one step; one that already has it is not touched.

    A reader sees the old folder or the new one, or for an instant none, but never a mixture. When
    writing fails, the old one stays.

    Returns:
        The files that changed, sorted.
    """
    changed = differences(folder, files)
    if not changed:
        return []
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as temporary:
        fresh, stale = Path(temporary, "new"), Path(temporary, "old")
        for name, content in files.items():
            path = fresh / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        if folder.exists():
            folder.rename(stale)
        try:
            fresh.rename(folder)
        except OSError:
            if stale.exists():
                stale.rename(folder)
            raise
        shutil.rmtree(stale, ignore_errors=True)
    return changed
