"""Compare the operations of two documents, and their contents."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from heidi_spec_tools.differences.changes import PUSHED, REQUEST, Findings, Place
from heidi_spec_tools.differences.contract import request, response, unnamed
from heidi_spec_tools.differences.messages import Messages
from heidi_spec_tools.differences.notes import compare_notes, compare_texts
from heidi_spec_tools.differences.parameters import Parameters
from heidi_spec_tools.differences.schemas import Schemas
from heidi_spec_tools.differences.security import Security
from heidi_spec_tools.differences.servers import compare_servers
from heidi_spec_tools.differences.witnesses import Spot
from heidi_spec_tools.nodes import METHODS, as_list, as_object

if TYPE_CHECKING:
    from heidi_spec_tools.differences.facets import Schema
    from heidi_spec_tools.differences.source import Source
    from heidi_spec_tools.documents import Json

_DIALECT: Final = "https://spec.openapis.org/oas/3.1/dialect/base"
_ITEM_WORDS: Final = ("summary", "description")

Operation = tuple[str, str, "dict[str, Json]", "dict[str, Json]"]
"""Path, method, path item and operation."""


class Operations:
    """Compares operations, wherever they stand: below paths, webhooks or callbacks."""

    def __init__(self, old: Source, new: Source, findings: Findings) -> None:
        self.old, self.new, self.findings = old, new, findings
        schemas = Schemas(old, new)
        self._parameters = Parameters(old, new, schemas, findings)
        self._messages = Messages(old, new, schemas, self._parameters, findings)
        self._security = Security(old, new, findings)

    def compare(self) -> None:
        """Compare the operations that partners call, and those that are sent to them."""
        self._security.compare_schemes()
        self._paths()
        self._webhooks()

    # Paths

    def _paths(self) -> None:
        olds, news = (self._operations(source) for source in (self.old, self.new))
        moved = _moved(olds, news)
        for key, old in olds.items():
            new = news.get(moved.get(key, key))
            if new is None:
                place = Place(_name(old), REQUEST, f"`{_name(old)}`")
                place = place.showing(self._request(self.old, old), False)
                self.findings.add("operation-removed", place, self.old.place(old[3]))
                continue
            place = self._placed(old, new, Place(_name(new), REQUEST, f"`{_name(new)}`"))
            if key in moved:
                path = self.new.place(new[3])
                self.findings.add(
                    "operation-moved", place, path, old=f"`{_name(old)}`", new=f"`{_name(new)}`"
                )
            self._compare(old, new, place)
        for key, new in news.items():
            if key not in olds and key not in moved.values():
                place = Place(_name(new), REQUEST, f"`{_name(new)}`")
                self.findings.add("operation-added", place, self.new.place(new[3]))

    def _operations(self, source: Source) -> dict[tuple[str, str], Operation]:
        """Return the operations by their method and their path without the names of variables."""
        return {
            (method, unnamed(path)): (path, method, item, operation)
            for path, value in as_object(source.root.get("paths")).items()
            if path.startswith("/")
            for item in [source.resolve(value)]
            for method, operation in _methods(item).items()
        }

    def _webhooks(self) -> None:
        olds, news = (as_object(source.root.get("webhooks")) for source in (self.old, self.new))
        for name in {**olds, **news}:
            place = Place(f"webhook {name}", PUSHED, f"the webhook `{name}`")
            if name not in olds:
                self.findings.add("webhook-added", place, self.new.place(news[name]), name=name)
            elif name not in news:
                here = place.showing({"const": place.operation}, False)
                self.findings.add("webhook-removed", here, self.old.place(olds[name]), name=name)
            else:
                self._item(olds[name], news[name], place)

    def _item(self, old: Json, new: Json, place: Place) -> None:
        """Compare the operations of a webhook or of a callback."""
        one, other = self.old.resolve(old), self.new.resolve(new)
        before, after = _methods(one), _methods(other)
        for method in {**before, **after}:
            here = place.named(f"the {method.upper()} request of {place.subject}")
            if method not in before:
                self.findings.add("operation-added", here, self.new.place(after[method]))
            elif method not in after:
                here = here.showing({"const": here.subject}, False)
                self.findings.add("operation-removed", here, self.old.place(before[method]))
            else:
                pair = ("", method, one, before[method]), ("", method, other, after[method])
                self._compare(*pair, self._placed(*pair, here))

    # One operation

    def _placed(self, old: Operation, new: Operation, place: Place) -> Place:
        """Return a place that knows the schemas of request and response."""
        pair = ((self.old, old), (self.new, new))
        requests = (self._request(source, operation, place) for source, operation in pair)
        responses = (response(source, place.subject.strip("`"), each[3]) for source, each in pair)
        return replace(place, spot=Spot(*requests), back=Spot(*responses))

    def _request(self, source: Source, operation: Operation, place: Place | None = None) -> Schema:
        path, _, item, node = operation
        parameters = self._parameters.of(source, (path, item, node))
        name = unnamed(_name(operation)) if path or place is None else place.subject
        return request(source, name, parameters, node)

    def _compare(self, old: Operation, new: Operation, place: Place) -> None:
        (old_path, _, old_item, one), (new_path, _, new_item, other) = old, new
        self._identity(one, other, place)
        self._words(old_item, new_item, one, other, place)
        self._parameters.compare((old_path, old_item, one), (new_path, new_item, other), place)
        self._messages.compare(one, other, place)
        if place.reading == REQUEST:
            self._security.compare_operation(one, other, place)
        if any("servers" in node for node in (old_item, new_item, one, other)):
            before = _servers(one, old_item, self.old.root)
            after = _servers(other, new_item, self.new.root)
            compare_servers(before, after, place, self.new.place(other), self.findings)
        self._callbacks(one, other, place)

    def _identity(self, one: dict[str, Any], other: dict[str, Any], place: Place) -> None:
        before, after = one.get("operationId"), other.get("operationId")
        if before != after:
            kind = "added" if before is None else "removed" if after is None else "changed"
            path = self.new.place(other)
            self.findings.add(f"operation-id-{kind}", place, path, old=before, new=after)

    def _words(
        self,
        old_item: dict[str, Any],
        new_item: dict[str, Any],
        one: dict[str, Any],
        other: dict[str, Any],
        place: Place,
    ) -> None:
        path = self.new.place(other)
        before, after = (
            {**{k: v for k, v in item.items() if k in _ITEM_WORDS or k.startswith("x-")}, **node}
            for item, node in ((old_item, one), (new_item, other))
        )
        self.findings.take(compare_notes(before, after), place, path)
        if set(before.get("tags", [])) != set(after.get("tags", [])):
            self.findings.add("tags-changed", place, path)

    def _callbacks(self, one: dict[str, Any], other: dict[str, Any], place: Place) -> None:
        before, after = (
            {
                (name, expression): item
                for name, callback in as_object(node.get("callbacks")).items()
                for expression, item in source.resolve(callback).items()
                if not expression.startswith("x-")
            }
            for source, node in ((self.old, one), (self.new, other))
        )
        for name, expression in {**before, **after}:
            here = Place(place.operation, PUSHED, f"the callback `{name}` of {place.subject}")
            key = (name, expression)
            if key not in before:
                self.findings.add("callback-added", here, self.new.place(after[key]), name=name)
            elif key not in after:
                here = here.showing({"const": here.subject}, False)
                self.findings.add("callback-removed", here, self.old.place(before[key]), name=name)
            else:
                self._item(before[key], after[key], here)


def compare_document(old: Source, new: Source, findings: Findings) -> None:
    """Compare what concerns the whole document."""
    place = Place(None, REQUEST, "the document")
    before, after = old.root, new.root
    if before["openapi"] != after["openapi"]:
        said: dict[str, Any] = {"old": before["openapi"], "new": after["openapi"]}
        findings.add("openapi-version-changed", place, "#/openapi", **said)
    dialects = [root.get("jsonSchemaDialect", _DIALECT) for root in (before, after)]
    if dialects[0] != dialects[1]:
        said = {"old": dialects[0], "new": dialects[1]}
        findings.add("dialect-changed", place, "#/jsonSchemaDialect", **said)
    findings.take(compare_texts(before, after), place, "#")
    _information(before, after, findings)
    servers, now = (as_list(root.get("servers")) for root in (before, after))
    compare_servers(servers, now, place, "#/servers", findings)


def _information(before: dict[str, Any], after: dict[str, Any], findings: Findings) -> None:
    place = Place(None, REQUEST, "the document")
    one, other = (as_object(root.get("info")) for root in (before, after))
    findings.take(compare_texts(one, other), place, "#/info")
    for keyword in ("termsOfService", "contact", "license"):
        if one.get(keyword) != other.get(keyword):
            findings.add("text-changed", place, f"#/info/{keyword}", keyword=keyword)
    tags, now = (
        {str(as_object(tag).get("name")): as_object(tag) for tag in as_list(root.get("tags"))}
        for root in (before, after)
    )
    if tags.keys() != now.keys():
        findings.add("text-changed", place, "#/tags", keyword="tags")
    for name in sorted(tags.keys() & now.keys()):
        here = place.named(f"the tag `{name}`")
        findings.take(compare_texts(tags[name], now[name]), here, "#/tags")


def _servers(*nodes: dict[str, Json]) -> list[Json]:
    """Return the servers of the innermost node that names some."""
    for node in nodes:
        if "servers" in node:
            return as_list(node["servers"])
    return []


def _methods(item: dict[str, Json]) -> dict[str, dict[str, Json]]:
    return {
        method: as_object(item[method]) for method in METHODS if isinstance(item.get(method), dict)
    }


def _name(operation: Operation) -> str:
    return f"{operation[1].upper()} {operation[0]}"


def _moved(
    olds: dict[tuple[str, str], Operation], news: dict[tuple[str, str], Operation]
) -> dict[tuple[str, str], tuple[str, str]]:
    """Find the operations that keep their operationId elsewhere."""
    homes = {
        operation[3]["operationId"]: key
        for key, operation in news.items()
        if key not in olds and isinstance(operation[3].get("operationId"), str)
    }
    return {
        key: homes[str(operation[3].get("operationId"))]
        for key, operation in olds.items()
        if key not in news and str(operation[3].get("operationId")) in homes
    }
