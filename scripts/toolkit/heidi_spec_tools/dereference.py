"""Replace every reference in a document by what it refers to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from heidi_spec_tools.documents import DocumentError, Json, json_path
from heidi_spec_tools.nodes import find, pointer_of

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMED: Final = frozenset(
    "$defs callbacks content dependentSchemas encoding examples headers links parameters"
    " pathItems paths patternProperties properties requestBodies responses schemas"
    " securitySchemes variables webhooks".split()
)
"""Fields whose value maps names of the author's choice; a name is never a keyword."""

LITERAL: Final = frozenset({"const", "default", "enum", "example", "value", "examples"})
"""Fields whose value is data; a `$ref` in there is a string like any other."""

ANNOTATIONS: Final = frozenset(
    "$comment default deprecated description examples readOnly summary title writeOnly".split()
)
"""Fields that say something and assert nothing, as extensions do."""


def dereference(document: Json) -> Json:
    """Return a copy without references.

    Beside a `$ref`, an annotation replaces the one of the target; an assertion that differs from
    the target's makes an `allOf` of both.

    Raises:
        DocumentError: a reference does not exist, leaves the document or contains itself.
    """
    return _Dereferencer(document).walk(document, (), ())


class _Dereferencer:
    def __init__(self, document: Json) -> None:
        self.document = document

    def walk(
        self, node: Json, place: tuple[str | int, ...], via: tuple[str, ...], names: bool = False
    ) -> Json:
        """Copy a node. `via`: the references that led here; `names`: its keys are mere names."""
        if isinstance(node, list):
            return [self.walk(child, (*place, i), via) for i, child in enumerate(node)]
        if not isinstance(node, dict):
            return node
        reference = node.get("$ref")
        if isinstance(reference, str) and not names:
            return self._resolved(node, reference, place, via)
        return dict(self._properties(node, place, via, names))

    def _properties(
        self, node: dict[str, Json], place: tuple[str | int, ...], via: tuple[str, ...], names: bool
    ) -> Iterator[tuple[str, Json]]:
        for key, child in node.items():
            maps_names = not names and key in NAMED and isinstance(child, dict)
            literal = not names and key in LITERAL and not maps_names
            yield key, child if literal else self.walk(child, (*place, key), via, maps_names)

    def _resolved(
        self,
        node: dict[str, Json],
        reference: str,
        place: tuple[str | int, ...],
        via: tuple[str, ...],
    ) -> Json:
        if reference in via:
            raise DocumentError(f"{json_path(place)}: {reference} contains itself; break the cycle")
        target = self.walk(self._target(reference, place), place, (*via, reference))
        beside = {key: child for key, child in node.items() if key != "$ref"}
        if not beside:
            return target
        if not isinstance(target, dict):
            where = json_path(place)
            raise DocumentError(f"{where}: {reference} is not an object; remove what is beside it")
        properties = dict(self._properties(beside, place, via, names=False))
        disputed = (key for key, child in properties.items() if target.get(key, child) != child)
        if all(key in ANNOTATIONS or key.startswith("x-") for key in disputed):
            return {**target, **properties}
        return {"allOf": [target, properties]}

    def _target(self, reference: str, place: tuple[str | int, ...]) -> Json:
        where, pointer = json_path(place), pointer_of(reference)
        if not pointer:
            raise DocumentError(f"{where}: {reference} leaves the document; bundle it first")
        try:
            return find(self.document, pointer)
        except LookupError as error:
            raise DocumentError(f"{where}: {reference} does not exist; fix it") from error
