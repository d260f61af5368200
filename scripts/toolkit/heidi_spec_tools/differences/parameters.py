"""Compare parameters and headers: where they stand, how they are written, what they hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from heidi_spec_tools.differences import words
from heidi_spec_tools.differences.contract import positions, schema_of, value
from heidi_spec_tools.differences.notes import compare_notes
from heidi_spec_tools.nodes import as_list

if TYPE_CHECKING:
    from heidi_spec_tools.differences.changes import Findings, Place
    from heidi_spec_tools.differences.facets import Schema
    from heidi_spec_tools.differences.schemas import Schemas
    from heidi_spec_tools.differences.source import Source
    from heidi_spec_tools.documents import Json

    Owner = tuple[str, dict[str, Json], dict[str, Json]]
    Key = tuple[str, str]

_STYLES: Final = {"query": "form", "cookie": "form", "path": "simple", "header": "simple"}
_RESERVED: Final = frozenset({"accept", "content-type", "authorization"})
_FLAGS: Final = {
    "allowReserved": "reserved characters",
    "allowEmptyValue": "an empty value",
}
_KINDS: Final = {True: "parameter", False: "header"}


class Parameters:
    """Compares the parameters of operations, and the headers of responses."""

    def __init__(self, old: Source, new: Source, schemas: Schemas, findings: Findings) -> None:
        self.old, self.new, self.schemas, self.findings = old, new, schemas, findings

    def compare(self, old: Owner, new: Owner, place: Place) -> None:
        """Compare the parameters of one operation; of a path variable only the place counts."""
        olds, news = self.of(self.old, old), self.of(self.new, new)
        moved = _moved(olds, news)
        for key, one in olds.items():
            other = news.get(moved.get(key, key))
            if other is None:
                self._gone("removed", one, place.named(_subject(one)), self.old, key)
                continue
            here = place.named(_subject(other)).at(key[0])
            if key in moved:
                said = {"old": _subject(one), "new": _subject(other)}
                about = here.about(key[1])
                self.findings.add("parameter-moved", about, self.new.place(other), **said)
            self.pair(one, other, here, "parameter", moved.get(key, key)[1])
        for key, other in news.items():
            if key not in olds and key not in moved.values():
                self._gone("added", other, place.named(_subject(other)), self.new, key)

    def _gone(
        self, word: str, node: dict[str, Json], place: Place, source: Source, key: Key
    ) -> None:
        kind = f"{'required-' * bool(node.get('required'))}parameter-{word}"
        self.findings.add(kind, place.at(key[0]).about(key[1]), source.place(node))

    def of(self, source: Source, owner: Owner) -> dict[Key, dict[str, Json]]:
        """Return the parameters by place and name, path variables by their position."""
        path, item, operation = owner
        known = positions(path)
        found: dict[Key, dict[str, Json]] = {}
        for each in (*as_list(item.get("parameters")), *as_list(operation.get("parameters"))):
            node = source.resolve(each)
            where, name = str(node.get("in")), str(node.get("name"))
            if where == "header":
                name = name.casefold()
                if name in _RESERVED:
                    continue
            found[where, known.get(name, name) if where == "path" else name] = node
        return found

    def pair(
        self, one: dict[str, Any], other: dict[str, Any], place: Place, what: str, name: str
    ) -> None:
        """Compare two parameters or two headers that go together; their place holds them."""
        path = self.new.place(other)
        required = [bool(node.get("required")) for node in (one, other)]
        if required[0] != required[1]:
            word = "required" if required[1] else "optional"
            self.findings.add(f"{what}-{word}", place.about(name), path)
        place = place.at(name)
        notes = compare_notes(_without_default(one), _without_default(other))
        self.findings.take(notes, place, path)
        self._form(one, other, place, path)
        self._schema(one, other, place, path)

    def _form(self, one: dict[str, Any], other: dict[str, Any], place: Place, path: str) -> None:
        forms = [_form_of(node) for node in (one, other)]
        schemas = [(schema_of(node), form) for node, form in zip((one, other), forms, strict=True)]
        for keyword in ("style", "explode"):
            before, after = (form[keyword] for form in forms)
            if before != after and (keyword == "style" or self._explodes(*schemas)):
                said = {"keyword": f"`{keyword}`", "old": before, "new": after}
                here = place.showing(*({"const": {keyword: form[keyword]}} for form in forms))
                self.findings.add("parameter-form-changed", here, path, **said)
        for keyword, thing in _FLAGS.items():
            flags = [bool(node.get(keyword)) for node in (one, other)]
            if flags[0] != flags[1]:
                word = "widened" if flags[1] else "narrowed"
                wide: Schema = {"examples": ["", "a/b"]}
                narrow = {**wide, "minLength": 1, "pattern": "^[^/]*$"}
                here = place.showing(*(wide if flag else narrow for flag in flags))
                self.findings.add(f"parameter-form-{word}", here, path, keyword=thing)

    def _explodes(self, *values: tuple[Schema, dict[str, Any]]) -> bool:
        """Say whether `explode` makes a difference for values in their styles."""
        shapes = self.schemas.shapes(*(schema for schema, _ in values))
        return any(
            shape.of("object") or (shape.of("array") and form["style"] != "simple")
            for shape, (_, form) in zip(shapes, values, strict=True)
        )

    def _schema(self, one: dict[str, Any], other: dict[str, Any], place: Place, path: str) -> None:
        (before, old), (after, new) = value(one), value(other)
        if before != after:
            said = {"keyword": "the media type", "old": before or "none", "new": after or "none"}
            here = place.showing({"const": before}, {"const": after})
            self.findings.add("parameter-form-changed", here, path, **said)
            return
        kind = None if after else self._as_text(old, new)
        if kind is None:
            self.schemas.compare(old, new, place, self.findings)
        else:
            types = [words.types(shape.types()) for shape in self.schemas.shapes(old, new)]
            self.findings.add(kind, place, path, old=types[0], new=types[1])

    def _as_text(self, old: Schema, new: Schema) -> str | None:
        """See whether only the type changed, to or from any text: on the wire, all is text."""
        shapes = self.schemas.shapes(old, new)
        scalar = [set(shape.types()) <= {"number", "boolean"} != set() for shape in shapes]
        free = [
            shape.types().keys() == {"string"} and not any(case.facets for case in shape.cases)
            for shape in shapes
        ]
        if scalar[0] and free[1]:
            return "text-form-widened"
        return "text-form-narrowed" if free[0] and scalar[1] else None


def _moved(olds: dict[Key, Any], news: dict[Key, Any]) -> dict[Key, Key]:
    """Find the parameters that keep their name in another place."""
    gone = [key for key in olds if key not in news]
    come = {name.casefold(): (where, name) for where, name in news if (where, name) not in olds}
    return {
        (where, name): come[name.casefold()]
        for where, name in gone
        if name.casefold() in come and not name.startswith("{")
    }


def _subject(node: dict[str, Any]) -> str:
    where = "path variable" if node.get("in") == "path" else f"{node.get('in')} parameter"
    where = "header" if node.get("in") == "header" else where
    return f"the {where} `{node.get('name')}`"


def _without_default(node: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in node.items() if key not in {"default", "xml"}}


def _form_of(node: dict[str, Any]) -> dict[str, Any]:
    style = node.get("style", _STYLES.get(str(node.get("in")), "simple"))
    return {"style": style, "explode": node.get("explode", style == "form")}
