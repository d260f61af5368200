"""The schemas that a document names: by pointer, by anchor, by `$id`, by the way that led there."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from urllib.parse import urldefrag, urljoin

from heidi_spec_tools.nodes import Document, Node, find, pointer_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from heidi_spec_tools.documents import Json

Home: TypeAlias = "tuple[str, tuple[str, ...]]"
"""The resource that a schema is in, and those that led to it, the outermost first."""

SCHEMAS: Final = frozenset({"schema", "property"})
_ROOT: Final[Home] = ("", ("",))


class Resources:
    """The resources of a document: the document itself, and each schema with an `$id`.

    kept: takes a copy of something of the document, and what it is a copy of.
    """

    def __init__(self, document: Document, kept: Callable[[Json, object], object]) -> None:
        self._kept = kept
        self._roots: dict[str, Json] = {"": document.root}
        self._anchors: dict[tuple[str, str], list[Json]] = {}
        self._dynamic: dict[tuple[str, str], Json] = {}
        self._homes: dict[int, Home] = {}
        self._copies: dict[tuple[int, tuple[str, ...]], Json] = {}
        for node in document.of(*SCHEMAS):
            self._enter(node)

    @property
    def plain(self) -> bool:
        """Whether a reference leads to the same schema wherever it is."""
        return len(self._roots) == 1 and not self._dynamic

    def _enter(self, node: Node) -> None:
        schema = node.value
        base, _ = self._homes.get(id(schema), _ROOT)
        if isinstance(name := schema.get("$id"), str):
            base = urldefrag(urljoin(base, name)).url
            self._roots[base] = schema
        if base:
            self._settle(node, (base, ("", base)))
        for keyword in ("$anchor", "$dynamicAnchor"):
            if isinstance(name := schema.get(keyword), str):
                self._anchors.setdefault((base, name), []).append(schema)
                if keyword == "$dynamicAnchor":
                    self._dynamic[base, name] = schema

    def _settle(self, node: Node, home: Home) -> None:
        for below in node.descendants():
            self._homes[id(below.value)] = home

    def target(self, node: dict[str, Json], keyword: str = "$ref") -> Json:
        """Return what a reference leads to.

        Raises:
            LookupError: it does not exist, or leads out of the document.
            ValueError: its anchor is missing, or occurs several times.
        """
        base, scope = self._homes.get(id(node), _ROOT)
        url, name = urldefrag(urljoin(base, str(node[keyword])))
        if url not in self._roots:
            raise LookupError(url)
        if name and not name.startswith("/"):
            if len(self._anchors.get((url, name), ())) != 1:
                raise ValueError(name)
            found = self._anchors[url, name][0]
            if keyword == "$dynamicRef" and (url, name) in self._dynamic:
                outer = (place for place in (*scope, url) if (place, name) in self._dynamic)
                url = next(outer)
                found = self._dynamic[url, name]
        else:
            found = find(self._roots[url], pointer_of(f"#{name}") or ())
        if not self._dynamic or not isinstance(found, dict):
            return found
        base, _ = self._homes.get(id(found), (url, ()))
        return self._seen_from((*scope, base) if base not in scope else scope, base, found)

    def _seen_from(self, scope: tuple[str, ...], base: str, schema: dict[str, Any]) -> Json:
        """Return a schema with the path that its dynamic references need."""
        if scope == self._homes.get(id(schema), _ROOT)[1]:
            return schema
        if (id(schema), scope) not in self._copies:
            twin = copy.deepcopy(schema)
            self._copies[id(schema), scope] = twin
            originals = Node("schema", (), schema).descendants()
            for original, below in zip(
                originals, Node("schema", (), twin).descendants(), strict=True
            ):
                self._kept(below.value, original.value)
                inner, _ = self._homes.get(id(original.value), (base, scope))
                self._homes[id(below.value)] = (inner, scope if inner in scope else (*scope, inner))
        return self._copies[id(schema), scope]
