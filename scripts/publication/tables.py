"""The tables of the guides, from the strict document.

    python -m scripts.publication.tables [--check]

A guide holds a table between `<!-- table: NAME -->` and `<!-- /table -->`, so that it reads well
wherever Markdown is shown. Exit codes: 0 fine, 1 `--check` found a difference, 2 a guide or a
source cannot be used.
"""

from __future__ import annotations

import argparse
import itertools
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from heidi_spec_tools.dereference import dereference
from heidi_spec_tools.documents import DocumentError, write
from heidi_spec_tools.nodes import pointer_of

from scripts.generator.facts import facts_of
from scripts.generator.failures import TOKEN_ERROR, error_classes, raised_by
from scripts.publication.markdown import cell
from scripts.publication.operations import JSON, error_of, error_type, operations
from scripts.publication.requests import base_url
from scripts.publication.workflows import steps
from scripts.steps.documents import ROOT, derive

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from heidi_spec_tools.documents import Json

    from scripts.generator.failures import ErrorClass
    from scripts.publication.operations import Operation

GUIDES: Final = Path("openapi/guides")
TABLE: Final = re.compile(
    r"^<!-- table: (?P<name>[\w-]+) -->\n(?P<old>.*?)^<!-- /table -->$", re.DOTALL | re.MULTILINE
)


def tables(root: Path = ROOT, strict: Json = None) -> dict[str, str]:
    """Return each table by name, in Markdown.

    Args:
        root: the root of the repository.
        strict: its strict document, if it is already derived.

    Raises:
        DocumentError: a source cannot be used.
    """
    whole = cast("dict[str, Any]", strict or derive("strict", root))
    client = cast("dict[str, Any]", derive("client", root))
    document = cast("dict[str, Any]", dereference(whole))
    found = operations(document)
    classes = error_classes(facts_of(client, client), facts_of(client, whole))
    return {
        "errors": _errors(document, found, classes),
        "operations": _table(
            ("operation", "request", "what it does"),
            ((f"`{each.id}`", f"`{each.request}`", each.title) for each in found),
        ),
        "workflows": _table(("workflow", "step", "then"), steps(document)),
        "pages": "\n".join(_page(each) for each in found if each.action == "list"),
        "servers": _table(
            ("region", "base URL"),
            ((description, f"`{url}`") for url, description in servers(document)),
        ),
    }


def servers(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    """List the servers, one for each value that a variable may have, and the sandbox."""
    found: list[tuple[str, str]] = []
    for server in document["servers"]:
        choices = {
            name: [str(value) for value in variable["enum"]]
            for name, variable in server.get("variables", {}).items()
            if "enum" in variable
        }
        for values in itertools.product(*choices.values()):
            url = str(server["url"])
            for name, value in zip(choices, values, strict=True):
                url = url.replace(f"{{{name}}}", value)
            named = (f"`{value}`" for value in values)
            found.append((url, ", ".join(named) or server.get("description", "").rstrip(".")))
    return [*found, (base_url(document), "The sandbox")]


def filled(text: str, known: Mapping[str, str], name: str) -> str:
    """Return a guide with its tables up to date.

    Raises:
        DocumentError: it names a table that does not exist.
    """

    def table(match: re.Match[str]) -> str:
        if match["name"] not in known:
            names = ", ".join(known)
            raise DocumentError(f"{name}: no table {match['name']}; name one of {names}")
        return f"<!-- table: {match['name']} -->\n{known[match['name']]}<!-- /table -->"

    return TABLE.sub(table, text)


def stale(root: Path = ROOT) -> dict[Path, str]:
    """Return the guides whose tables differ from the document, each with its new text.

    Raises:
        DocumentError: a guide or a source cannot be used.
    """
    known = tables(root)
    texts = {path: path.read_text(encoding="utf-8") for path in (root / GUIDES).glob("*.md")}
    fresh = {path: filled(text, known, path.name) for path, text in sorted(texts.items())}
    return {path: text for path, text in fresh.items() if text != texts[path]}


def refresh(root: Path = ROOT) -> list[str]:
    """Write the tables of the guides; return the guides that changed.

    Raises:
        DocumentError: a guide or a source cannot be used.
    """
    changed = stale(root)
    for path, text in changed.items():
        write(path, text)
    return [path.name for path in changed]


def _errors(
    document: Mapping[str, Any], found: Sequence[Operation], classes: list[ErrorClass]
) -> str:
    at, _ = error_type(document)
    issuing = {each.id for each in found if each.action == "issue"}
    rows: dict[tuple[int, str, str], list[str]] = {}
    for operation in found:
        for status, response in operation.responses.items():
            if status >= 400:
                error = error_of(operation, response, found, at) or ""
                rows.setdefault((status, error, response.description), []).append(operation.id)
    return _table(
        ("status", "type", "what it means", "operations", "in Python"),
        (
            (
                str(status),
                f"`{error}`" if error else "",
                meaning,
                _names(names, found),
                f"`{TOKEN_ERROR if issuing >= {*names} else raised_by(status, error, classes)}`",
            )
            for (status, error, meaning), names in sorted(rows.items())
        ),
    )


def _names(names: Sequence[str], found: Sequence[Operation]) -> str:
    return "all" if len(names) == len(found) else ", ".join(f"`{name}`" for name in names)


def _page(operation: Operation) -> str:
    page = operation.semantics["page"]
    rows = [
        (f"`{each['name']}`", "query", _said(each, each.get("schema", {})))
        for word in ("size", "token")
        for each in operation.parameters_in("query")
        if each["name"] == page[word]
    ]
    response = operation.value["responses"][str(operation.success.status)]
    for word in ("items", "count", "total", "next", "more"):
        if word in page:
            tokens = [str(token) for token in pointer_of(f"#{page[word]}") or ()]
            schema = response["content"][JSON]["schema"]
            for token in tokens:
                schema = schema["properties"][token]
            rows.append((f"`{'.'.join(tokens)}`", "response", _said(schema, {})))
    return f"`{operation.request}`:\n\n{_table(('name', 'in', 'what it says'), rows)}"


def _said(node: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    """Return the description of a parameter or a property, with bounds and default."""
    bounds = [
        f"{word} {schema[key]}"
        for key, word in (("minimum", "at least"), ("maximum", "at most"), ("default", "default"))
        if key in schema
    ]
    description = " ".join(str(node.get("description", "")).split())
    return f"{description} {', '.join(bounds).capitalize()}{'.' if bounds else ''}".strip()


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return "".join(_lines(heads, rows))


def _lines(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    for row in (heads, ["---"] * len(heads), *rows):
        yield f"| {' | '.join(cell(each) for each in row)} |\n"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser("python -m scripts.publication.tables", description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare only, write nothing")
    arguments = parser.parse_args(argv)
    try:
        names = [path.name for path in stale()] if arguments.check else refresh()
    except (DocumentError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    for name in names:
        verb = "a table differs; run `make generate`" if arguments.check else "changed"
        print(f"{GUIDES / name}: {verb}")
    return 1 if arguments.check and names else 0


if __name__ == "__main__":
    sys.exit(main())
