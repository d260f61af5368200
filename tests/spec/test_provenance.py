"""Every node has its source, and the page confirms it at that place."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import heidi_spec
import pytest

from .conftest import LINES, OPENAPI, cited, lines_of, without_other_sources

if TYPE_CHECKING:
    from collections.abc import Iterator


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


def named(on_page: Any) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Yield the place, the name and the provenance of every parameter and property."""
    for schema, node in on_page["components"]["schemas"].items():
        for name, child in node.get("properties", {}).items():
            yield f"{schema}.{name}", name, child["x-provenance"]
    for path, item in on_page["paths"].items():
        for holder in item.values():
            parameters = holder if isinstance(holder, list) else holder.get("parameters", [])
            for parameter in parameters:
                name = parameter["name"]
                yield f"{path} {name}", name, parameter["x-provenance"]


def test_the_cited_lines_name_the_node(on_page: Any, page: list[str]) -> None:
    wrong = [place for place, name, source in named(on_page) if name not in cited(source, page)]
    assert wrong == []


def test_each_single_line_that_a_property_cites_names_it(on_page: Any, page: list[str]) -> None:
    wrong = [
        (place, line)
        for place, name, provenance in named(on_page)
        for line, end in LINES.findall(provenance["source"])
        if not end
        and name not in page[int(line) - 1]
        # L210 mentions the properties of a list item without naming one.
        and line != "210"
    ]
    assert wrong == []


def test_an_operation_cites_the_lines_that_give_its_method_and_path(
    on_page: Any, page: list[str]
) -> None:
    for path, item in on_page["paths"].items():
        for method, operation in item.items():
            if method != "parameters":
                text = cited(operation["x-provenance"], page)
                assert f"Method: {method.upper()}" in text
                assert f"Path: {path}\n" in text


def test_no_source_cites_a_line_beyond_the_page(base: Any, page: list[str]) -> None:
    numbers = {number for _, provenance in sourced(base) for number in lines_of(provenance)}
    assert 1 <= min(numbers)
    assert max(numbers) <= len(page)


def test_the_base_document_cites_only_the_vendor(base: Any) -> None:
    statuses = {provenance["status"] for _, provenance in sourced(base)}
    assert statuses <= {"documented", "example", "inferred", "unknown", "anomaly"}
    assert [p for p, provenance in sourced(base) if "decision:" in provenance["source"]] == []


@pytest.mark.parametrize("name", ["base", "client", "strict"])
def test_every_cited_decision_has_its_row(name: heidi_spec.Name) -> None:
    rows = set(re.findall(r"^\| (S\d+) \|", (OPENAPI / "DECISIONS.md").read_text(), re.MULTILINE))
    assert {f"S{n}" for n in range(1, len(rows) + 1)} == rows
    assert set(re.findall(r"decision:(S\d+)", heidi_spec.read(name))) <= rows


def test_facts_of_other_sources_are_not_compared_with_the_page() -> None:
    seed, other = ({"x-provenance": {"source": source}} for source in ("seed:L1", "page:other"))
    schema = {"required": ["a", "b"], "properties": {"a": seed, "b": other, "c": {}}}
    kept = {"required": ["a"], "properties": {"a": seed, "c": {}}}
    assert {"all": [kept, 1]} == without_other_sources({"all": [schema, other, 1], "no": other})
