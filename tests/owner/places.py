"""Where hand-written code names what the document says.

    python -m tests.owner.places

Counted is each line of code that has the name of a property or parameter, an enum value or an
operationId in an identifier or a string. A name of one plain word counts only where a string is
that word and nothing else, since such a word means many things. Docstrings and comments do not
count.
"""

from __future__ import annotations

import ast
import json
import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).parents[2]
FOLDERS: Final = (
    "overrides/heidi_sessions",
    "overrides/runtime",
    "overrides/templates",
    "sandbox",
    "conformance",
    "scripts",
)
SUFFIXES: Final = frozenset({".py", ".jinja", ".js", ".mjs", ".html"})
DISTINCT: Final = re.compile(r"[A-Za-z]+(?:_|[a-z][A-Z])\w*")
"""A name of several words, which means nothing else."""

COMMON: Final = {
    "au ca eu uk us": "regions, two letters each, which servers, languages and packages have too",
    "name type": "keywords of OpenAPI and JSON Schema, which every reader of a document names",
    "count detail page result session sessions status token": "words of HTTP, of paging and of the"
    " vocabulary of x-semantics",
    "documents": "what the pipeline derives",
    "email": "a format of JSON Schema, and an option of Heidi that callers write",
}
"""Plain words that never mean the property where they are a string."""
ALLOWED: Final = {
    ("conformance/drivers/", None): "programs of partners, as they write them by hand",
    ("scripts/bench/", None): "servers and requests of the benches are written by hand",
    ("scripts/portability/", None): "programs against generated clients: a rename does not compile",
    (
        "overrides/heidi_sessions/",
        "third_party_internal_id",
    ): "an option of Heidi, which users write",
    ("overrides/heidi_sessions/_pages.py", "total_count"): "a public attribute of PaginationError",
    ("overrides/templates/errors.py.jinja", "total_count"): "a public attribute of PaginationError",
    ("overrides/runtime/facade.py", "next_page"): "a public method of lists",
    ("sandbox/heidi_sandbox/_migrations.py", "session_id"): "a column of databases that exist",
}
"""Places that must name something, by the start of their path and the name, None for any."""

COMMON_WORDS: Final = frozenset(word for words in COMMON for word in words.split())


@dataclass(frozen=True, order=True)
class Place:
    """One line that names something."""

    path: str
    line: int
    name: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.name}"


def allowed(place: Place) -> tuple[str, str | None] | None:
    """Return the entry of `ALLOWED` for a place, None if there is none."""
    return next(
        (key for key in ALLOWED if place.path.startswith(key[0]) and key[1] in (None, place.name)),
        None,
    )


def names(root: Path = ROOT) -> set[str]:
    """Return every property, parameter, enum value and operationId of the three documents."""
    found: set[str] = set()
    for path in sorted((root / "generated/heidi_spec").glob("*.json")):
        found.update(_names(json.loads(path.read_text(encoding="utf-8"))))
    return found - COMMON_WORDS


def _names(node: Any) -> Iterator[str]:
    if isinstance(node, list):
        for each in node:
            yield from _names(each)
    if not isinstance(node, dict):
        return
    if isinstance(node.get("properties"), dict):
        yield from node["properties"]
    if node.get("in") in ("path", "query"):
        yield node["name"]
    if isinstance(node.get("operationId"), str):
        yield node["operationId"]
    yield from (each for each in node.get("enum", ()) if isinstance(each, str))
    for key, each in node.items():
        if key not in ("example", "examples", "value"):
            yield from _names(each)


def places(root: Path = ROOT) -> list[Place]:
    """Return each place, in the order of files and lines."""
    known = names(root)
    distinct = frozenset(name for name in known if DISTINCT.fullmatch(name))
    plain = known - distinct
    found: set[Place] = set()
    for path in _files(root):
        text = path.read_text(encoding="utf-8")
        where = path.relative_to(root).as_posix()
        for line, identifier, string in _words(path, text):
            words = {identifier, *re.findall(r"\w+", string)} & distinct
            found.update(Place(where, line, name) for name in words | {string} & plain)
    return sorted(found)


def _files(root: Path) -> Iterator[Path]:
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in SUFFIXES and "node_modules" not in path.parts:
                yield path


def _words(path: Path, text: str) -> Iterator[tuple[int, str, str]]:
    """Yield the line, the identifier and the string of each word of a program."""
    if path.suffix == ".py":
        yield from _python(ast.parse(text))
        return
    for number, line in enumerate(text.splitlines(), 1):
        code = re.sub(r"\{#.*?#\}|^\s*(//|\*|/\*).*", "", line)
        for string in re.findall(r"""["'`]([^"'`]*)["'`]""", code):
            yield number, "", string
        for word in re.findall(r"\w+", code):
            yield number, word, ""


def _python(tree: ast.Module) -> Iterator[tuple[int, str, str]]:
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant):
            if isinstance(node.value, str) and id(node) not in prose:
                yield node.lineno, "", node.value
            continue
        for key in ("id", "attr", "arg", "name", "asname"):
            word = getattr(node, key, None)
            if isinstance(word, str):
                yield getattr(node, "lineno", 0), word, ""


def main() -> None:
    """Print each place that is not allowed, the files with the most first."""
    by_file: dict[str, list[Place]] = defaultdict(list)
    for place in places():
        if allowed(place) is None:
            by_file[place.path].append(place)
    print(f"{sum(map(len, by_file.values()))} places in {len(by_file)} files")
    for path, found in sorted(by_file.items(), key=lambda item: -len(item[1])):
        print(f"{len(found):4} {path}")
        print("\n".join(f"       {place.line}: {place.name}" for place in found))


if __name__ == "__main__":
    main()
