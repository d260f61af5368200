"""What the judge covers: each decision and each place of the page, its rules, and their faults.

    python -m tests.conformance.matrix [--check]

Writes openapi/guides/coverage.md from the rules, the base document and the catalogue of faults.
"""

import argparse
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import heidi_spec
from heidi_conformance.contract._operations import OPERATIONS
from heidi_conformance.rules import TABLE

from .faults import CATALOGUE

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "openapi" / "guides" / "coverage.md"
DECISIONS = ROOT / "openapi" / "DECISIONS.md"
SAID = ("documented", "example")
METHODS = ("get", "post", "patch")
# How many faults are named; of the rest, only the number is shown.
NAMED = 3
SHOWS = ("answer-schema",)
# Rules about a property that a request sends, by what the operation does.
SENDS = {
    "create": ("works", "appointment"),
    "update": ("update-answer", "update-read", "update-keeps", "update-listed"),
}
LINES = re.compile(r"L(\d+)(?:-L(\d+))?")


@dataclass(frozen=True)
class Row:
    """One place of the page, or one decision.

    place: its name for readers. source: lines of the page, empty for a decision. rules, faults:
    their ids.
    """

    place: str
    source: str
    rules: tuple[str, ...]
    faults: tuple[str, ...]


def decisions() -> Iterator[Row]:
    """Yield a row for each decision."""
    for name, words in re.findall(r"^\| (S\d+) \| (.*?) \|$", DECISIONS.read_text(), re.MULTILINE):
        rules = tuple(rule.id for rule in TABLE if rule.row == name)
        faults = tuple(planted.id for planted in CATALOGUE if name in planted.rows)
        yield Row(f"{name}: {words}", "", rules, faults)


def places() -> Iterator[Row]:
    """Yield a row for each place of the base document that the vendor's page says or shows."""
    document = heidi_spec.load("base")
    schemas = document["components"]["schemas"]
    rules_of: dict[str, tuple[str, ...]] = dict.fromkeys(schemas, SHOWS)
    for item in document["paths"].values():
        for operation in (item[method] for method in METHODS if method in item):
            name = operation["operationId"]
            promised = (rule for rule in TABLE if rule.level == "documented")
            rules = tuple(rule.id for rule in promised if name in rule.operations)
            yield from row(name, operation, rules, {name})
            for parameter in operation.get("parameters", []):
                place = f"{name}.{parameter['name']}"
                yield from row(place, parameter, ("page-bound",), {parameter["name"]})
            sent = reached(document, operation.get("requestBody", {}))
            rules_of |= dict.fromkeys(sent, SENDS.get(OPERATIONS[name].action, SHOWS))
    for name, schema in schemas.items():
        yield from row(name, schema, rules_of[name], {name})
        for property_, node in schema.get("properties", {}).items():
            words = {property_, f"{name.removesuffix('Update').lower()}.{property_}"}
            yield from row(f"{name}.{property_}", node, rules_of[name], words, frozenset({name}))


def row(
    place: str,
    node: Any,
    rules: tuple[str, ...],
    words: set[str],
    outer: frozenset[str] = frozenset(),
) -> Iterator[Row]:
    """Yield the row of a place where the page says or shows it.

    words: its names in faults. outer: the names of what contains it, whose faults count if it has
    none.
    """
    provenance = node.get("x-provenance", {})
    source = str(provenance.get("source", ""))
    if provenance.get("status") in SAID and source.startswith("seed:"):
        lines = source.removeprefix("seed:")
        faults = [
            item.id
            for item in CATALOGUE
            if words & {*item.rows} or any(holds(lines, row_) for row_ in item.rows)
        ]
        faults = faults or [item.id for item in CATALOGUE if outer & {*item.rows}]
        yield Row(place, lines, rules, tuple(faults))


def holds(lines: str, row_: str) -> bool:
    """Whether lines of the page include those that a fault breaks."""
    broken = LINES.fullmatch(row_)
    return broken is not None and any(
        int(first) <= int(broken[1]) and int(broken[2] or broken[1]) <= int(last or first)
        for first, last in LINES.findall(lines)
    )


def reached(document: Any, node: Any) -> set[str]:
    """Return the schemas that a node refers to, directly or transitively."""
    names: set[str] = set()
    pending = [node]
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            name = str(value.get("$ref", "")).rpartition("/schemas/")[2]
            if name in document["components"]["schemas"] and name not in names:
                names.add(name)
                pending.append(document["components"]["schemas"][name])
            pending += value.values()
        elif isinstance(value, list):
            pending += value
    return names


def page() -> str:
    """Return the guide."""
    return f"""# What heidi-conformance covers

<!-- Written by `python -m tests.conformance.matrix`; changes made here are lost. -->

Each rule of `heidi-conformance` rests on lines of the vendor's page or on a decision of ours.
{len(CATALOGUE)} faulty servers prove the rules: it must find the fault of every one before a change
of it is published.

## Decisions

Asked for at level `strict`. [DECISIONS.md](../DECISIONS.md) has the reasons.

{table(("decision",), decisions())}
## The vendor's page

Asked for at level `documented`, and at `strict` as well.

{table(("place", "lines"), places())}"""


def table(heads: tuple[str, ...], rows: Iterator[Row]) -> str:
    columns = (*heads, "rules", "faults that prove them")
    lines = [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    for item in rows:
        place = [f"`{item.place}`", item.source] if item.source else [item.place]
        rules = ", ".join(f"`{rule}`" for rule in item.rules)
        lines.append(f"| {' | '.join([*place, rules, proofs(item)])} |")
    return "\n".join(lines) + "\n"


def proofs(item: Row) -> str:
    named = ", ".join(f"`{name}`" for name in item.faults[:NAMED])
    more = len(item.faults) - NAMED
    return f"{named} and {more} more" if more > 0 else named


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the guide, or return 1 if it is not current."""
    parser = argparse.ArgumentParser(prog="python -m tests.conformance.matrix")
    parser.add_argument("--check", action="store_true", help="write nothing")
    if not parser.parse_args(arguments).check:
        PAGE.write_text(page(), encoding="utf-8")
    elif PAGE.read_text(encoding="utf-8") != page():
        sys.stderr.write(f"{PAGE.name} is not current; run python -m tests.conformance.matrix\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
