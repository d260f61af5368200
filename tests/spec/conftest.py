"""The document and the vendor's page, as the tests of the spec read them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from heidi_spec_tools.documents import load

ROOT = Path(__file__).parents[2]
OPENAPI = ROOT / "openapi"
LINES = re.compile(r"L(\d+)(?:-L(\d+))?")
PAGE = ROOT.parent / "shared" / "seed" / "heidi-api-sessions.txt"


@pytest.fixture(scope="session")
def base() -> Any:
    return load(OPENAPI / "openapi.yaml")


@pytest.fixture(scope="session")
def on_page(base: Any) -> Any:
    """The document without the parts from sources other than the Sessions page."""
    return without_other_sources(base)


@pytest.fixture(scope="session")
def schemas(on_page: Any) -> Any:
    return on_page["components"]["schemas"]


def cites_page(node: Any) -> bool:
    """Tell whether a node is from the Sessions page, or cites nothing."""
    provenance = node.get("x-provenance") if isinstance(node, dict) else None
    return provenance is None or "seed:" in provenance["source"]


def without_other_sources(node: Any) -> Any:
    """Copy a node without the nodes below it that cite only other sources."""
    if isinstance(node, list):
        return [without_other_sources(each) for each in node if cites_page(each)]
    if not isinstance(node, dict):
        return node
    kept = {key: without_other_sources(each) for key, each in node.items() if cites_page(each)}
    gone = node.get("properties", {}).keys() - kept.get("properties", {}).keys()
    if "required" in kept and gone:
        kept["required"] = [name for name in kept["required"] if name not in gone]
    return kept


def lines_of(provenance: dict[str, str]) -> set[int]:
    """Return the numbers of the lines of the page that a source cites."""
    spans = LINES.findall(provenance["source"])
    return {n for a, b in spans for n in range(int(a), int(b or a) + 1)}


def cited(provenance: dict[str, str], page: list[str]) -> str:
    """Return the lines of the page that a source cites."""
    return "\n".join(page[number - 1] for number in sorted(lines_of(provenance)))


def read_repairs() -> dict[str, dict[str, str]]:
    ledger: dict[str, dict[str, str]] = yaml.safe_load(
        (OPENAPI / "examples" / "repairs.yaml").read_text(encoding="utf-8")
    )
    return ledger


@pytest.fixture(scope="session")
def repairs() -> dict[str, dict[str, str]]:
    return read_repairs()


@pytest.fixture(scope="session")
def page() -> list[str]:
    """The lines of the vendor's page, which may not be kept in this repository."""
    if not PAGE.exists():
        pytest.skip("the vendor's page is missing (../shared/seed/heidi-api-sessions.txt)")
    return PAGE.read_text(encoding="utf-8").splitlines()
