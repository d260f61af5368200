"""Find parts that are the same in both documents, including everything they refer to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from heidi_spec_tools.nodes import as_list, as_object

if TYPE_CHECKING:
    from collections.abc import Iterable

    from heidi_spec_tools.differences.source import Source
    from heidi_spec_tools.documents import Json


class Unchanged:
    """Gives equal parts of two documents the same number, each part once.

    Numbers keep apart what Python holds equal, such as 1 and true.
    """

    def __init__(self, old: Source, new: Source) -> None:
        self._numbers: dict[Any, int] = {}
        self._known: dict[int, int] = {}
        self._references: dict[int, frozenset[str]] = {}
        self._kept: list[Any] = []
        roots = [self._number(source.root) for source in (old, new)]
        references = self._references[roots[1]]
        plain = old.plain and new.plain
        self._changed = self._changed_references(references, old, new) if plain else references

    def __call__(self, old: Any, new: Any) -> bool:
        """Say whether two parts are the same, and all that they refer to."""
        number = self._number(old)
        return number == self._number(new) and not self._references[number] & self._changed

    def _number(self, part: Json) -> int:
        if part is None or isinstance(part, bool | int | float | str):
            return self._numbered((type(part), part), ())
        if id(part) not in self._known:
            self._kept.append(part)  # or its id might be given to another one
            self._known[id(part)] = self._numbered_part(part)
        return self._known[id(part)]

    def _numbered_part(self, part: Json) -> int:
        properties, items = as_object(part), as_list(part)
        numbers = [self._number(child) for child in (*properties.values(), *items)]
        below = (self._references[number] for number in numbers)
        own = [str(properties[word]) for word in ("$ref", "$dynamicRef") if word in properties]
        if isinstance(part, list):
            return self._numbered(tuple(numbers), below)
        return self._numbered(frozenset(zip(properties, numbers, strict=True)), (own, *below))

    def _numbered(self, form: Any, references: Iterable[Iterable[str]]) -> int:
        if form not in self._numbers:
            number = self._numbers[form] = len(self._numbers)
            self._references[number] = frozenset().union(*references)
        return self._numbers[form]

    def _changed_references(
        self, references: frozenset[str], old: Source, new: Source
    ) -> frozenset[str]:
        """Return the references whose target changed, or what their target refers to."""
        leads: dict[str, frozenset[str]] = {}
        changed: set[str] = set()
        for reference in references:
            try:
                targets = [source.target({"$ref": reference}) for source in (old, new)]
            except LookupError:  # an example, or a component that came
                changed.add(reference)
                continue
            before, after = map(self._number, targets)
            leads[reference] = self._references[after]
            if before != after:
                changed.add(reference)
        users: dict[str, list[str]] = {}
        for reference, below in leads.items():
            for used in below:
                users.setdefault(used, []).append(reference)
        found = list(changed)
        while found:
            come = set(users.get(found.pop(), ())) - changed
            changed |= come
            found += come
        return frozenset(changed)
