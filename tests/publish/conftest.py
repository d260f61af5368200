"""A publication for these tests, made once from a copy of the sources."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from heidi_sandbox import serving

from scripts.publication import reference
from scripts.steps.documents import ROOT
from scripts.steps.site import publish

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from heidi_sandbox import Sandbox

FOLDERS = ("openapi", "overrides/overlays", "conformance/drivers", "scripts/site")
FILES = (
    "CHANGELOG.md",
    "pyproject.toml",
    "uv.lock",
    reference.REDOC,
    reference.REDOC_LICENCE,
    reference.SCALAR,
    reference.SCALAR_LICENCE,
    reference.LUNR,
    reference.LUNR_LICENCE,
)


def copy_sources(root: Path) -> Path:
    """Copy the sources of a publication."""
    for folder in FOLDERS:
        shutil.copytree(ROOT / folder, root / folder)
    for file in FILES:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / file, root / file)
    return root


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The root of the copy, and the folder of the publication."""
    root = copy_sources(tmp_path_factory.mktemp("root"))
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("SOURCE_DATE_EPOCH", raising=False)
        return root, publish(root)[0]


@pytest.fixture(scope="session")
def site(published: tuple[Path, Path]) -> Path:
    return published[1]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with serving() as sandbox:
        yield sandbox
