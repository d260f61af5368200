"""The document and the vendor's page, as the tests of the spec read them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts.documents import load

ROOT = Path(__file__).parents[2]
OPENAPI = ROOT / "openapi"
PAGE = ROOT.parent / "shared" / "seed" / "heidi-api-sessions.txt"


@pytest.fixture(scope="session")
def base() -> Any:
    return load(OPENAPI / "openapi.yaml")


@pytest.fixture(scope="session")
def schemas(base: Any) -> Any:
    return base["components"]["schemas"]


@pytest.fixture(scope="session")
def repairs() -> dict[str, dict[str, str]]:
    ledger: dict[str, dict[str, str]] = yaml.safe_load(
        (OPENAPI / "examples" / "repairs.yaml").read_text(encoding="utf-8")
    )
    return ledger


@pytest.fixture(scope="session")
def page() -> list[str]:
    """The lines of the vendor's page, which is not ours to keep in this repository."""
    if not PAGE.exists():
        pytest.skip("the vendor's page is not at hand (../shared/seed/heidi-api-sessions.txt)")
    return PAGE.read_text(encoding="utf-8").splitlines()
