"""The list that the search of the site indexes, with lunr in the browser."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from heidi_spec_tools.dereference import dereference

from scripts.publication.operations import operations as read

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from scripts.publication.markdown import Text

WORD: Final = re.compile(r"[\w'-]+")
PART: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
"""A word within a name in snake_case or camelCase."""


class Entry(NamedTuple):
    """One thing to find: its title and kind as shown, its address, and its words, each once."""

    title: str
    kind: str
    url: str
    text: str


def texts(pages: Iterable[tuple[str, str, Text]]) -> Iterator[Entry]:
    """List the sections of texts, given the page, the kind and the text of each."""
    for name, kind, text in pages:
        for heading in text.headings:
            at = f"{name}#{heading.anchor}" if heading.level > 1 else name
            title = heading.text if heading.level == 1 else f"{heading.text} · {text.title}"
            yield Entry(title, kind, at, words(heading.body))


def operations(document: Mapping[str, Any], page: str) -> Iterator[Entry]:
    """List the operations of a document, with their parameters and statuses."""
    for operation in read(cast("dict[str, Any]", dereference(dict(document)))):
        said = [operation.title, operation.value.get("description", "")]
        for parameter in operation.parameters:
            said += [parameter["name"], parameter.get("description", "")]
        for status, response in operation.value["responses"].items():
            said += [status, response["description"]]
        yield Entry(
            f"{operation.id} · {operation.request}",
            "operation",
            f"{page}#operation/{operation.id}",
            words(" ".join(said)),
        )


def schemas(document: Mapping[str, Any], page: str) -> Iterator[Entry]:
    """List the schemas of a document, with their properties."""
    for name, schema in document["components"]["schemas"].items():
        properties = schema.get("properties", {})
        said = [schema.get("description", ""), *properties]
        said += [each.get("description", "") for each in properties.values()]
        yield Entry(name, "schema", f"{page}#schema/{name}", words(" ".join(said)))


def errors(table: str, url: str) -> Iterator[Entry]:
    """List the rows of the table of errors: by status and type."""
    found: dict[str, str] = {}
    for line in table.splitlines()[2:]:
        status, kind, *_ = (each.strip(" `") for each in line.strip("|").split("|"))
        found[f"{status} {kind}"] = found.get(f"{status} {kind}", "") + line
    for title, text in found.items():
        yield Entry(f"{title} · Errors", "error", url, words(text))


def script(entries: Iterable[Entry]) -> str:
    """Return the entries as a script: a page that was opened as a file may load nothing else."""
    listed = [entry._asdict() for entry in entries]
    return f"window.heidiSearch = {json.dumps(listed, ensure_ascii=False)};\n"


def words(text: str) -> str:
    """Return the words of a text in lower case, and those within names, each once, in order."""
    found = [each for word in WORD.findall(text) for each in (word, *PART.findall(word))]
    return " ".join(dict.fromkeys(word.lower() for word in found))
