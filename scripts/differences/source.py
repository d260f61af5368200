"""A document to compare: read, checked, its references resolved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from scripts.dereference import ANNOTATIONS
from scripts.differences.forms import misfit
from scripts.documents import DocumentError, Json, json_path, load
from scripts.nodes import Document, Node, Pointer, as_object, find, place, pointer_of

if TYPE_CHECKING:
    from pathlib import Path


class Source:
    """A self-contained OpenAPI 3.1 document.

    Raises:
        DocumentError: the document is not OpenAPI 3.1, a member has a form that the
            specification does not know, or a reference leads nowhere, out, or to itself.
    """

    def __init__(self, root: Json, name: str) -> None:
        self.name = name
        self.root = _openapi(root, name)
        self._document = Document(self.root)
        self._pointers: dict[int, Pointer] = {}
        self._resolved: dict[int, dict[str, Json]] = {}
        self._kept: list[object] = []  # what is made here must outlive its id
        self._sound: set[tuple[bool, str]] = set()
        self._anchors = _anchors(self._document)
        for node in self._document.nodes:
            self._pointers[id(node.value)] = node.pointer
            if (fault := misfit(node)) is not None:
                member, reason = fault
                raise DocumentError(f"{name}: {json_path((*node.pointer, member))}: {reason}")
            self._refuse_reference(node)

    @classmethod
    def read(cls, path: Path) -> Source:
        """Read a file, YAML or JSON."""
        return cls(load(path), str(path))

    def place(self, value: object, *below: str | int) -> str:
        """Say where something of this document stands, as `#/paths/~1sessions`."""
        return place((*self._pointers.get(id(value), ()), *below))

    def keep(self, made: Any, like: object) -> Any:
        """Let something made for a comparison stand where its source stands."""
        self._kept.append(made)
        self._pointers[id(made)] = self._pointers.get(id(like), ())
        return made

    def resolve(self, value: Json) -> dict[str, Json]:
        """Return an object that may be a reference; what stands beside the `$ref` wins."""
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

    def target(self, node: dict[str, Json]) -> Json:
        """Return what a `$ref` leads to."""
        reference = str(node["$ref"])
        if reference in self._anchors:
            return self._anchors[reference][0]
        return find(self.root, pointer_of(reference) or ())

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
            reference = node.value[keyword]
            where = f"{self.name}: {json_path((*node.pointer, keyword))}"
            if not isinstance(reference, str):
                raise DocumentError(f"{where}: must be text; mend it")
            self._follow(reference, where, is_schema=node.kind in _SCHEMAS)

    def _follow(self, reference: Json, where: str, *, is_schema: bool) -> None:
        seen: set[tuple[bool, str]] = set()
        while isinstance(reference, str) and (is_schema, reference) not in self._sound:
            if (is_schema, reference) in seen:
                raise DocumentError(f"{where}: {reference} leads to itself; break the cycle")
            seen.add((is_schema, reference))
            target = as_object(self._found(reference, where))
            if is_schema and target.keys() - {"$ref"}:
                break  # a cycle through it is met, if there is one, where the schema is read
            reference = target.get("$ref")
        self._sound |= seen

    def _found(self, reference: str, where: str) -> Json:
        if len(self._anchors.get(reference, ())) == 1:
            return self._anchors[reference][0]
        pointer = pointer_of(reference)
        if pointer is None:
            reason = "leads out of the document; copy in what it names"
            if reference.startswith("#"):
                reason = "names no anchor, or several; write a JSON pointer"
            raise DocumentError(f"{where}: {reference} {reason}")
        try:
            value = find(self.root, pointer)
        except LookupError as error:
            raise DocumentError(f"{where}: {reference} leads nowhere; mend it") from error
        if not isinstance(value, dict | bool):
            raise DocumentError(f"{where}: {reference} leads to no object; mend it")
        return value


_SCHEMAS: Final = frozenset({"schema", "property"})
_NAMING: Final = frozenset(
    {"schemas", "properties", "examples", "parameters", "headers", "links", "callbacks"}
)
"""Maps whose keys are names, `$ref` among them."""


def _anchors(document: Document) -> dict[str, list[dict[str, Json]]]:
    anchors: dict[str, list[dict[str, Json]]] = {}
    for node in document.of(*_SCHEMAS):
        for keyword in ("$anchor", "$dynamicAnchor"):
            if keyword in node.value:
                anchors.setdefault(f"#{node.value[keyword]}", []).append(node.value)
    return anchors


def _openapi(root: Json, name: str) -> dict[str, Json]:
    if not isinstance(root, dict):
        raise DocumentError(f"{name}: $: is no object; name an OpenAPI 3.1 document")
    if "swagger" in root:
        version = f"Swagger {root['swagger']}"
    elif "openapi" in root:
        version = f"OpenAPI {root['openapi']}"
    else:
        raise DocumentError(f"{name}: $: has no `openapi`; name an OpenAPI 3.1 document")
    if not str(root.get("openapi")).startswith("3.1."):
        where = "$.swagger" if "swagger" in root else "$.openapi"
        mend = "write 3.1.0" if root.get("openapi") == 3.1 else "convert it to OpenAPI 3.1"
        raise DocumentError(f"{name}: {where}: is {version}; {mend}")
    return root
