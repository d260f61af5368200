"""Compare bodies and responses: media types, statuses, headers, links."""

from __future__ import annotations

import re
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Final

from heidi_spec_tools.differences.contract import (
    headers,
    media_types,
    positions,
    responses,
    unnamed,
)
from heidi_spec_tools.differences.notes import compare_notes, compare_texts
from heidi_spec_tools.nodes import as_object, pointer_of

if TYPE_CHECKING:
    from heidi_spec_tools.differences.changes import Findings, Place
    from heidi_spec_tools.differences.facets import Schema
    from heidi_spec_tools.differences.parameters import Parameters
    from heidi_spec_tools.differences.schemas import Schemas
    from heidi_spec_tools.differences.shapes import Shape
    from heidi_spec_tools.differences.source import Source
    from heidi_spec_tools.documents import Json

_ERRORS: Final = re.compile(r"[45]")


class Messages:
    """Compares the bodies of requests, and the responses."""

    def __init__(
        self,
        old: Source,
        new: Source,
        schemas: Schemas,
        parameters: Parameters,
        findings: Findings,
    ) -> None:
        self.old, self.new, self.findings = old, new, findings
        self.schemas, self.parameters = schemas, parameters

    def compare(self, one: dict[str, Any], other: dict[str, Any], place: Place) -> None:
        """Compare the requests and the responses of an operation."""
        self._body(one.get("requestBody"), other.get("requestBody"), place.named(_body(place)))
        self._responses(one, other, place)

    def _body(self, old: Json, new: Json, place: Place) -> None:
        one, other = self.old.resolve(old), self.new.resolve(new)
        required = [bool(node.get("required")) for node in (one, other)]
        if old is None or new is None:
            if old is not new:
                word = "added" if old is None else "removed"
                path = self.old.place(one) if new is None else self.new.place(other)
                kind = f"{'required-' * any(required)}body-{word}"
                self.findings.add(kind, place.about("content"), path)
            return
        path = self.new.place(other)
        if required[0] != required[1]:
            word = "required" if required[1] else "optional"
            self.findings.add(f"body-{word}", place.about("content"), path)
        self.findings.take(compare_texts(one, other), place, path)
        self._content(one, other, place)

    # Media types

    def _content(self, one: dict[str, Any], other: dict[str, Any], place: Place) -> None:
        place = place.at("content")
        olds, news = (media_types(node.get("content")) for node in (one, other))
        pairs = _paired(olds, news)
        several = len({**olds, **news}) > 1
        for old, new in pairs:
            subject = f"{place.subject} (`{new}`)" if several else place.subject
            if old != new:
                self._ranged(old, new, place.named(subject), other)
            exact = min(old, new, key=lambda name: "*" in name)
            here = replace(place, subject=subject, xml="xml" in new).at(exact)
            self._media(olds[old], news[new], here)
            self._encodings(new, olds[old], news[new], here)
        for name in sorted(olds.keys() - {old for old, _ in pairs}):
            path = self.old.place(olds[name])
            self.findings.add("media-type-removed", place.about(name), path, name=name)
        for name in sorted(news.keys() - {new for _, new in pairs}):
            path = self.new.place(news[name])
            self.findings.add("media-type-added", place, path, name=name)

    def _ranged(self, old: str, new: str, place: Place, other: dict[str, Any]) -> None:
        kind = "widened" if fnmatchcase(old, new) else "narrowed"
        path = self.new.place(other)
        self.findings.add(f"media-type-{kind}", place, path, old=old, new=new)

    def _media(self, one: dict[str, Any], other: dict[str, Any], place: Place) -> None:
        path = self.new.place(other)
        self.schemas.compare(
            one.get("schema", True), other.get("schema", True), place, self.findings
        )
        before, after = (
            {**node, "examples": self._examples(source, node)}
            for source, node in ((self.old, one), (self.new, other))
        )
        self.findings.take(compare_texts(before, after), place, path)

    def _examples(self, source: Source, node: dict[str, Any]) -> dict[str, Any]:
        return {
            name: _promised(source.resolve(example))
            for name, example in as_object(node.get("examples")).items()
        }

    def _encodings(
        self, media: str, one: dict[str, Any], other: dict[str, Any], place: Place
    ) -> None:
        """Compare how the properties of a form are written."""
        keywords = next((_FORMS[form] for form in _FORMS if fnmatchcase(media, form)), None)
        if keywords is None:
            return
        olds, news = (as_object(node.get("encoding")) for node in (one, other))
        shapes = self.schemas.shapes(one.get("schema", True), other.get("schema", True))
        before, after = (
            {
                name: child
                for case in shape.of("object")
                for name, child in case.layout.named.items()
            }
            for shape in shapes
        )
        for name in {**olds, **news}:
            if (name in before) != (name in after):
                continue  # the property comes or goes, and its encoding with it
            children = self.schemas.shapes(before.get(name, True), after.get(name, True))
            items = self.schemas.shapes(*map(_items, children))
            forms = [
                _encoding(source, encoding.get(name), shape, _content_type(shape, inner))
                for source, encoding, shape, inner in zip(
                    (self.old, self.new), (olds, news), children, items, strict=True
                )
            ]
            forms = [{keyword: form[keyword] for keyword in keywords} for form in forms]
            if forms[0] != forms[1]:
                here = place.showing(*({"const": {name: form}} for form in forms))
                self.findings.add("encoding-changed", here, self.new.place(other), name=name)

    # Responses

    def _responses(self, one: dict[str, Any], other: dict[str, Any], place: Place) -> None:
        olds, news = responses(self.old, one), responses(self.new, other)
        for status, response in olds.items():
            here = place.response(_named(status)).at("response")
            cover = status if status in news else _cover(status, news)
            split = any(name not in olds and _cover(name, olds) == status for name in news)
            if cover != status and not split:
                self._uncovered("removed", status, cover, here, self.old.place(response))
            if cover is not None:
                self._response(response, news[cover], here.at(_example(status, cover, news)))
        for status, response in news.items():
            if status not in olds:
                here = place.response(_named(status)).at("response")
                cover = _cover(status, olds)
                self._uncovered("added", status, cover, here, self.new.place(response))
                if cover is not None:
                    self._response(olds[cover], response, here.at(_example(status, cover, olds)))

    def _uncovered(
        self, word: str, status: str, cover: str | None, place: Place, path: str
    ) -> None:
        if status == "default":
            kind = f"other-answers-{'described' if word == 'added' else 'undescribed'}"
        elif cover is None:
            kind = f"{'error' if _ERRORS.match(status) else 'success'}-status-{word}"
        else:
            kind = "status-named" if word == "added" else "status-unnamed"
        here = place.about(*([status] if status.isdigit() else []))
        said = {"name": _named(status), "old": cover, "new": cover}
        self.findings.add(kind, here, path, **said)

    def _response(self, one: dict[str, Any], other: dict[str, Any], place: Place) -> None:
        path = self.new.place(other)
        self.findings.take(compare_notes(one, other), place, path)
        self._content(one, other, place)
        self._headers(one, other, place)
        self._links(one, other, place)

    def _headers(self, one: dict[str, Any], other: dict[str, Any], place: Place) -> None:
        olds, news = (
            {key: header for key, header in found.items() if key != "content-type"}
            for found in (headers(self.old, one), headers(self.new, other))
        )
        names = {
            name.casefold(): name
            for node in (one, other)
            for name in as_object(node.get("headers"))
        }
        for key in {**olds, **news}:
            here = place.named(f"the header `{names[key]}` of {place.subject}").at("headers")
            if key not in olds:
                self.findings.add("header-added", here, self.new.place(news[key]))
            elif key not in news:
                self.findings.add("header-removed", here.about(key), self.old.place(olds[key]))
            else:
                self.parameters.pair(olds[key], news[key], here, "header", key)

    def _links(self, one: dict[str, Any], other: dict[str, Any], place: Place) -> None:
        olds, news = (
            {name: source.resolve(link) for name, link in as_object(node.get("links")).items()}
            for source, node in ((self.old, one), (self.new, other))
        )
        for name in {**olds, **news}:
            if name not in olds:
                self.findings.add("link-added", place, self.new.place(news[name]), name=name)
            elif name not in news:
                self.findings.add("link-removed", place, self.old.place(olds[name]), name=name)
            else:
                path = self.new.place(news[name])
                if self._link(self.old, olds[name]) != self._link(self.new, news[name]):
                    self.findings.add("link-changed", place, path, name=name)
                here = place.named(f"the link `{name}` of {place.subject}")
                self.findings.take(compare_texts(olds[name], news[name]), here, path)

    def _link(self, source: Source, link: dict[str, Any]) -> dict[str, Any]:
        """Return what a link does; path variables count by their position."""
        promised = _promised(link)
        path, method = _operation_of(source, promised)
        known = positions(path)
        promised["parameters"] = {
            known.get(name.removeprefix("path."), name): value
            for name, value in as_object(promised.get("parameters")).items()
        }
        if path:
            promised["operationId"] = (unnamed(path), method)
            promised.pop("operationRef", None)
        return promised


_FORMS: Final = {
    "application/x-www-form-urlencoded": ("contentType", "style", "explode", "allowReserved"),
    "multipart/*": ("contentType", "headers"),
}
"""The media types whose properties have an encoding, and what counts of it there."""


def _encoding(source: Source, node: Json, shape: Shape, usual: str) -> dict[str, Any]:
    """Return an encoding with its defaults."""
    encoding = as_object(node)
    style = encoding.get("style", "form")
    return {
        "contentType": encoding.get("contentType", usual),
        "style": style,
        "explode": encoding.get("explode", style == "form")
        and bool(_NESTED & shape.types().keys()),
        "allowReserved": encoding.get("allowReserved", False),
        "headers": headers(source, encoding),
    }


def _items(shape: Shape) -> Schema:
    """Return the schema of the items of a list."""
    return next((case.layout.others() for case in shape.of("array")), True)


def _content_type(shape: Shape, items: Shape) -> str:
    """Return the content type that a property has where none is said."""
    if shape.types().keys() == {"array"}:
        shape = items
    if any("contentEncoding" in case.facets for case in shape.cases):
        return _BYTES
    types = shape.types().keys()
    return next((media for media, known in _USUAL.items() if types <= known), _BYTES)


_BYTES: Final = "application/octet-stream"
_USUAL: Final = {"text/plain": {"string", "number", "boolean"}, "application/json": {"object"}}
_NESTED: Final = {"array", "object"}


def _promised(node: dict[str, Any]) -> dict[str, Any]:
    """Leave out words and extensions."""
    return {
        key: value
        for key, value in node.items()
        if key not in {"description", "summary"} and not key.startswith("x-")
    }


def _operation_of(source: Source, link: dict[str, Any]) -> tuple[str, str]:
    """Return path and method of the operation that a link leads to, empty for none of these."""
    match pointer_of(str(link.get("operationRef"))):
        case ("paths", str() as path, str() as method):
            return path, method
        case _:
            pass
    for path, value in as_object(source.root.get("paths")).items():
        for method, operation in source.resolve(value).items():
            name = as_object(operation).get("operationId")
            if name is not None and name == link.get("operationId"):
                return path, method
    return "", ""


def _paired(olds: dict[str, Any], news: dict[str, Any]) -> list[tuple[str, str]]:
    """Pair media types: the same ones, then one with the range that covers it."""
    pairs = [(name, name) for name in olds if name in news]
    for old in olds:
        if old not in news:
            pairs += [(old, new) for new in news if "*" in new and fnmatchcase(old, new)][:1]
    for new in news:
        if new not in olds and new not in {taken for _, taken in pairs}:
            pairs += [(old, new) for old in olds if "*" in old and fnmatchcase(new, old)][:1]
    return pairs


def _cover(status: str, responses: dict[str, Any]) -> str | None:
    """Return what describes a status that is not named."""
    ranges = [f"{status[0]}XX", f"{status[0]}xx", "default"]
    return next((name for name in ranges if name in responses and name != status), None)


def _example(status: str, cover: str, named: dict[str, Any]) -> str:
    """Return a status that two descriptions share."""
    for name in (status, cover):
        if name.isdigit():
            return name
    first = next((name[0] for name in (status, cover) if name != "default"), "4")
    return next(n for n in (f"{first}{i:02}" for i in range(99, 0, -1)) if n not in named)


def _named(status: str) -> str:
    return "any other response" if status == "default" else f"the response {status}"


def _body(place: Place) -> str:
    return "the request body" if place.reading.sent else f"the body of {place.subject}"
