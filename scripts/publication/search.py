"""What the search of the site looks through: a small list, so that no engine is needed."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from scripts.publication.markdown import Text

METHODS: Final = frozenset("get put post delete options head patch trace".split())
WORD: Final = re.compile(r"[\w'-]+")


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
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method not in METHODS:
                continue
            named = [parameter["name"] for parameter in operation.get("parameters", [])]
            said = [operation["summary"], operation["description"], *named, *operation["responses"]]
            yield Entry(
                f"{operation['operationId']} · {method.upper()} {path}",
                "operation",
                f"{page}#operation/{operation['operationId']}",
                words(" ".join(said)),
            )


def schemas(document: Mapping[str, Any], page: str) -> Iterator[Entry]:
    """List the schemas of a document, with their members."""
    for name, schema in document["components"]["schemas"].items():
        members = schema.get("properties", {})
        said = [schema["description"], *members]
        said += [member.get("description", "") for member in members.values()]
        yield Entry(name, "schema", f"{page}#schema/{name}", words(" ".join(said)))


def script(entries: Iterable[Entry]) -> str:
    """Return the entries as a script: a page that was opened as a file may load nothing else."""
    listed = [entry._asdict() for entry in entries]
    return f"window.heidiSearch = {json.dumps(listed, ensure_ascii=False)};\n"


def words(text: str) -> str:
    """Return the words of a text in lower case, each once, in order."""
    return " ".join(dict.fromkeys(WORD.findall(text.lower())))
