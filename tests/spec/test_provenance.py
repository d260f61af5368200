"""Every node says where it comes from, and the page says so at that place."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import heidi_spec
import pytest

from .conftest import OPENAPI

if TYPE_CHECKING:
    from collections.abc import Iterator

LINES = re.compile(r"L(\d+)(?:-L(\d+))?")


def cited(provenance: dict[str, str], page: list[str]) -> str:
    """Return the lines of the page that a source cites."""
    source = provenance["source"]
    spans = LINES.findall(source) if source.startswith("seed:") else []
    return "\n".join("\n".join(page[int(a) - 1 : int(b or a)]) for a, b in spans)


def sourced(node: Any, place: str = "$") -> Iterator[tuple[str, dict[str, str]]]:
    """Yield every node that cites a source, with its place."""
    if isinstance(node, dict):
        if "source" in (provenance := node.get("x-provenance", {})):
            yield place, provenance
        for key, child in node.items():
            if key != "x-provenance":
                yield from sourced(child, f"{place}.{key}")
    elif isinstance(node, list):
        for index, child in enumerate(node):
            yield from sourced(child, f"{place}[{index}]")


def named(base: Any) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Yield the place, the name and the provenance of every parameter and property."""
    for schema, node in base["components"]["schemas"].items():
        for name, child in node.get("properties", {}).items():
            yield f"{schema}.{name}", name, child["x-provenance"]
    for path, item in base["paths"].items():
        for holder in item.values():
            parameters = holder if isinstance(holder, list) else holder.get("parameters", [])
            for parameter in parameters:
                name = parameter["name"]
                yield f"{path} {name}", name, parameter["x-provenance"]


def test_the_lines_that_a_node_cites_name_the_node(base: Any, page: list[str]) -> None:
    wrong = [place for place, name, source in named(base) if name not in cited(source, page)]
    assert wrong == []


def test_each_single_line_that_a_property_cites_names_it(base: Any, page: list[str]) -> None:
    wrong = [
        (place, line)
        for place, name, provenance in named(base)
        for line, end in LINES.findall(provenance["source"])
        if not end
        and name not in page[int(line) - 1]
        # L210 promises the members of a list item without naming one.
        and line != "210"
    ]
    assert wrong == []


def test_an_operation_cites_the_lines_that_give_its_method_and_path(
    base: Any, page: list[str]
) -> None:
    for path, item in base["paths"].items():
        for method, operation in item.items():
            if method != "parameters":
                text = cited(operation["x-provenance"], page)
                assert f"Method: {method.upper()}" in text
                assert f"Path: {path}\n" in text


def test_no_source_cites_a_line_beyond_the_page(base: Any, page: list[str]) -> None:
    numbers = [
        int(number)
        for _, provenance in sourced(base)
        for span in LINES.findall(provenance["source"])
        for number in span
        if number
    ]
    assert 1 <= min(numbers)
    assert max(numbers) <= len(page)


def test_the_base_document_rests_on_the_vendor_alone(base: Any) -> None:
    statuses = {provenance["status"] for _, provenance in sourced(base)}
    assert {"documented", "example", "inferred", "unknown", "anomaly"} == statuses
    assert [p for p, provenance in sourced(base) if "decision:" in provenance["source"]] == []


@pytest.mark.parametrize("name", ["base", "client", "strict"])
def test_every_decision_that_a_document_cites_has_its_row(name: heidi_spec.Name) -> None:
    rows = set(re.findall(r"^\| (S\d+) \|", (OPENAPI / "DECISIONS.md").read_text(), re.MULTILINE))
    assert {f"S{n}" for n in range(1, 22)} == rows
    assert set(re.findall(r"decision:(S\d+)", heidi_spec.read(name))) <= rows
