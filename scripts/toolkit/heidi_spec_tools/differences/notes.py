"""Compare what a node says beside its rules: defaults, deprecation, words, extensions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from heidi_spec_tools.differences import words
from heidi_spec_tools.differences.facets import canonical

if TYPE_CHECKING:
    from collections.abc import Iterator

TEXTS: Final = (
    "title",
    "summary",
    "description",
    "example",
    "examples",
    "externalDocs",
    "$comment",
    "bearerFormat",
)
"""Properties that are there for people."""

IGNORED: Final = frozenset({"x-provenance", "x-derived-from"})
"""Extensions that say where a document comes from; they are not part of what it promises."""

_ABSENT: Final = object()


def compare_notes(old: dict[str, Any], new: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield kind and words of each difference between the notes of two nodes."""
    yield from _default(old, new)
    if bool(old.get("deprecated")) != bool(new.get("deprecated")):
        yield "deprecated" if new.get("deprecated") else "undeprecated", {}
    if old.get("xml") != new.get("xml"):
        yield "xml-changed", {}
    yield from compare_texts(old, new)


def compare_texts(old: dict[str, Any], new: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the differences in words and extensions."""
    if old == new:
        return
    for keyword in TEXTS:
        if old.get(keyword) != new.get(keyword):
            yield "text-changed", {"keyword": keyword}
    for keyword in sorted({**old, **new}):
        if not keyword.startswith("x-") or keyword in IGNORED:
            continue
        if old.get(keyword, _ABSENT) != new.get(keyword, _ABSENT):
            yield "extension-changed", {"keyword": keyword}


def _default(old: dict[str, Any], new: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    before, after = (
        canonical(notes["default"]) if "default" in notes else None for notes in (old, new)
    )
    if before != after:
        kind = "added" if before is None else "removed" if after is None else "changed"
        said = {
            name: words.value(notes.get("default")) for name, notes in (("old", old), ("new", new))
        }
        yield f"default-{kind}", said
