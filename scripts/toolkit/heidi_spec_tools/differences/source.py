"""A document to compare: read, checked, its references resolved."""

from __future__ import annotations

import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final, TypeVar

from heidi_spec_tools.dereference import ANNOTATIONS
from heidi_spec_tools.differences.forms import misfit
from heidi_spec_tools.differences.resources import SCHEMAS, Resources
from heidi_spec_tools.documents import DocumentError, Json, json_path, load
from heidi_spec_tools.nodes import Document, Node, Pointer, as_object, place

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Result = TypeVar("Result")


class Source:
    """A self-contained OpenAPI 3.1 document.

    Raises:
        DocumentError: the document is not OpenAPI 3.1, a property has a form that the
            specification does not know, or a reference does not exist, leaves the document or
            leads to itself.
    """

    def __init__(self, root: Json, name: str) -> None:
        self.name = name
        self.root = _openapi(root, name)
        self._document = Document(self.root)
        self._pointers: dict[int, Pointer] = {}
        self._targets: dict[tuple[int, str], Json] = {}
        self._meant: dict[int, Json] = {}
        self._resolved: dict[int, dict[str, Json]] = {}
        self._kept: list[object] = []  # what is made here must outlive its id
        self._sound: set[tuple[bool, int]] = set()
        self._resources = Resources(self._document, self.keep)
        for node in self._document.nodes:
            self._pointers[id(node.value)] = node.pointer
            if (fault := misfit(node)) is not None:
                field, reason = fault
                raise DocumentError(f"{name}: {json_path((*node.pointer, field))}: {reason}")
            self._refuse_reference(node)

    @classmethod
    def read(cls, path: Path) -> Source:
        """Read a file, YAML or JSON."""
        return cls(deeply(lambda: load(path, _LEVELS)), str(path))

    def place(self, value: object, *below: str | int) -> str:
        """Say where something of this document is, as `#/paths/~1sessions`."""
        return place((*self._pointers.get(id(value), ()), *below))

    def keep(self, made: Any, like: object) -> Any:
        """Give something made for a comparison the place of its source."""
        self._kept.append(made)
        self._pointers[id(made)] = self._pointers.get(id(like), ())
        return made

    def resolve(self, value: Json) -> dict[str, Json]:
        """Return an object that may be a reference; what is beside the `$ref` wins."""
        node = as_object(value)
        if "$ref" not in node:
            return node
        if id(value) not in self._resolved:
            target = self.resolve(self.target(node))
            beside = {
                key: child
                for key, child in node.items()
                if key in ANNOTATIONS or key.startswith("x-")
            }
            self._resolved[id(value)] = self.keep({**target, **beside}, target)
        return self._resolved[id(value)]

    @property
    def plain(self) -> bool:
        """Whether a reference leads to the same schema wherever it is."""
        return self._resources.plain

    def target(self, node: dict[str, Json], keyword: str = "$ref") -> Json:
        """Return what a reference leads to."""
        key = (id(node), keyword)
        if key not in self._targets:
            self._kept.append(node)
            self._targets[key] = self._resources.target(node, keyword)
        return self._targets[key]

    def meant(self, schema: Json) -> Json:
        """Return the schema that a bare reference leads to."""
        if isinstance(schema, dict) and schema.keys() == {"$ref"}:
            if id(schema) not in self._meant:
                target = self.target(schema)
                self._meant[id(schema)] = target if target is schema else self.meant(target)
            return self._meant[id(schema)]
        return schema

    def unclear(self, value: object, reason: str) -> DocumentError:
        """Return the error for something that cannot be compared."""
        where = json_path(self._pointers.get(id(value), ()))
        return DocumentError(f"{self.name}: {where}: {reason}")

    def _refuse_reference(self, node: Node) -> None:
        if node.kind in _NAMING:
            return
        for keyword in ("$ref", "$dynamicRef"):
            if keyword not in node.value:
                continue
            where = f"{self.name}: {json_path((*node.pointer, keyword))}"
            if not isinstance(node.value[keyword], str):
                raise DocumentError(f"{where}: must be a string; fix it")
            self._follow(node.value, keyword, where, is_schema=node.kind in SCHEMAS)

    def _follow(self, node: dict[str, Json], keyword: str, where: str, *, is_schema: bool) -> None:
        seen: set[tuple[bool, int]] = set()
        while isinstance(node.get(keyword), str) and (is_schema, id(node)) not in self._sound:
            if (is_schema, id(node)) in seen:
                reason = f"{node[keyword]} leads to itself; break the cycle"
                raise DocumentError(f"{where}: {reason}")
            seen.add((is_schema, id(node)))
            node, keyword = as_object(self._found(node, keyword, where)), "$ref"
            if is_schema and node.keys() - {"$ref"}:
                break  # a cycle through it is met, if there is one, where the schema is read
        self._sound |= seen

    def _found(self, node: dict[str, Json], keyword: str, where: str) -> Json:
        reference = node[keyword]
        try:
            value = self.target(node, keyword)
        except LookupError as error:
            reason = "leads out of the document; copy in what it names"
            if str(reference).startswith("#"):
                reason = "does not exist; fix it"
            raise DocumentError(f"{where}: {reference} {reason}") from error
        except ValueError as error:
            reason = "names no anchor, or several; write a JSON pointer"
            raise DocumentError(f"{where}: {reference} {reason}") from error
        if not isinstance(value, dict | bool):
            raise DocumentError(f"{where}: {reference} leads to no object; fix it")
        return value


def deeply(work: Callable[[], Result]) -> Result:
    """Work with room for schemas that hold or refer to each other thousands of times in a row."""
    limit, size = sys.getrecursionlimit(), threading.stack_size(_STACK)
    sys.setrecursionlimit(_DEEPEST)
    try:
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(work).result()
    finally:
        sys.setrecursionlimit(limit)
        threading.stack_size(size)


_STACK: Final = 256 * 1024 * 1024  # bytes; memory is taken only for those in use
_DEEPEST: Final = 50_000
_LEVELS: Final = 5_000
"""A thousand `allOf` inside each other are 2,000 levels."""

_NAMING: Final = frozenset(
    {"schemas", "properties", "examples", "parameters", "headers", "links", "callbacks"}
)
"""Maps whose keys are names, `$ref` among them."""


def _openapi(root: Json, name: str) -> dict[str, Json]:
    if not isinstance(root, dict):
        raise DocumentError(f"{name}: $: is not an object; name an OpenAPI 3.1 document")
    if "swagger" in root:
        version = f"Swagger {root['swagger']}"
    elif "openapi" in root:
        version = f"OpenAPI {root['openapi']}"
    else:
        raise DocumentError(f"{name}: $: has no `openapi`; name an OpenAPI 3.1 document")
    if not str(root.get("openapi")).startswith("3.1."):
        where = "$.swagger" if "swagger" in root else "$.openapi"
        fix = "write 3.1.0" if root.get("openapi") == 3.1 else "convert it to OpenAPI 3.1"
        raise DocumentError(f"{name}: {where}: is {version}; {fix}")
    return root
