"""Requests in the words of a document: what a script creates, reads, updates and lists."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from heidi_conformance._wire import Reply
from heidi_conformance.contract._document import pointed
from heidi_conformance.contract._fields import (
    FIELDS,
    MAIN_FIELDS,
    Fields,
    body,
    fields_of,
    fields_of_body,
)
from heidi_conformance.contract._operations import EVERY, OPERATIONS, STATEFUL, Operation
from heidi_conformance.contract._schemas import Field, first
from heidi_conformance.contract._values import Flat
from heidi_conformance.evidence._history import Request, UnboundError, as_json, paged, request_of
from heidi_conformance.oracle import MARK

from ._probe import TAG, Probe

# The values of a path, by parameter: ids by the name that they are bound to, or strings.
Names = dict[str, str]
LABELLED: Any = object()
# A placeholder for bytes that Python's JSON would write differently.
HOLE = "@hole@"
# The number of values that are worth a request everywhere.
FEW = 4


class Resources:
    """Create, read, update and list resources of one kind.

    operations: by action, those that the level covers. first: whether
    it is the resource that a run begins with. places: by name, what is in a path besides.
    """

    def __init__(self, probe: Probe, fields: Fields) -> None:
        self.probe = probe
        self.fields = fields
        self.operations = {
            action: operation
            for action, operation in fields.operations.items()
            if probe.setting.asks(operation)
        }
        self.first = fields is MAIN_FIELDS
        self.places: dict[str, Names] = {}
        self.above: dict[str, Names] = {}
        self.shared: dict[str, str] = {}

    # --- requests ---

    def request(self, action: str, name: str = "", body: Any = None, **settings: Any) -> Request:
        """Return a request about one resource, or about all of them; bytes are sent as they are."""
        operation = self.operations[action]
        names = {**self.place(name, settings.get("user", "first"))}
        names[self.fields.resource.parameter] = name
        if body is not None:
            settings.setdefault("media_type", "application/json")
            settings["body"] = body if isinstance(body, bytes) else as_json(body)
        return request_of(operation, *(names[each] for each in operation.ids), **settings)

    def place(self, name: str, user: str) -> Names:
        """Return the parameters in the path of a resource besides its id."""
        if name in self.places:
            return self.places[name]
        if user not in self.above:
            self.above[user] = {}
            for operation in self.operations.values():
                own = self.fields.resource.parameter
                self.above[user] |= made(self.probe, operation, user, but=own)
        return self.above[user]

    def create(self, name: str, properties: Flat | bytes | None, **settings: Any) -> Reply | None:
        """Create one under a name. properties: None for as little as may be said."""
        operation = self.operations.get("create")
        if operation is None:
            return None
        sent: Any = properties
        if properties is None:
            bare = operation.bare(self.probe.setting.level)
            sent = None if bare else self.fields.creation({})
        elif not isinstance(properties, bytes):
            sent = self.fields.creation(properties)
        self.places[name] = self.place("", settings.get("user", "first"))
        return self.probe.send(self.request("create", name, sent, binds=name, **settings))

    def new(self, properties: Flat | bytes | None = LABELLED, user: str = "first") -> str:
        """Create one and return its name; one that the list shows, where none can be created.

        Raises UnboundError if nothing says how.
        """
        name = self.probe.name()
        if self.probe.setting.reads or "create" not in self.operations:
            if self.page(10, user=user, binds=name) is None:
                raise UnboundError
        else:
            self.create(name, self.label(user) if properties is LABELLED else properties, user=user)
        return name

    def label(self, user: str) -> Flat:
        """Return the properties of a creation that mark it as one of the judge, by user."""
        text = f"{TAG}-{self.probe.names}" + (f" {MARK}" if user == "second" else "")
        return {self.fields.label: text} if self.fields.label else {}

    def item(self, user: str) -> str:
        """Return the name of the shared resource; the first call creates and reads it."""
        if user not in self.shared:
            self.shared[user] = self.new(user=user)
            self.read(self.shared[user], user=user)
        return self.shared[user]

    def read(self, name: str, **settings: Any) -> Reply | None:
        """Read one, by its name or by an id."""
        if "read" not in self.operations:
            return None
        return self.probe.send(self.request("read", name, **settings))

    def update(self, name: str, properties: Flat | bytes, **settings: Any) -> Reply | None:
        """Update one; `{self}` and `{other}` in it stand for its id and for that of another."""
        if "update" not in self.operations:
            return None
        return self.probe.send(self.changing(name, properties, **settings))

    def changing(self, name: str, properties: Flat | bytes, **settings: Any) -> Request:
        """Return the request for an update."""
        raw = properties
        if not isinstance(raw, bytes):
            other = next((one for one in self.places if one != name), name)
            raw = as_json(self.fields.update(raw))
            raw = raw.replace(b"{self}", b"{%s}" % name.encode())
            raw = raw.replace(b"{other}", b"{%s}" % other.encode())
        return self.request("update", name, raw, **settings)

    def raw(self, properties: Mapping[str, Any], hole: bytes) -> bytes:
        """Return the body of an update, with bytes where a value is the hole."""
        return as_json(self.fields.update(properties)).replace(as_json(HOLE), hole)

    # --- pages ---

    def page(self, size: Any = None, token: Any = None, **settings: Any) -> Reply | None:
        """Ask for a page; nothing, of a user who has no list."""
        if not self.lists(settings.get("user", "first")):
            return None
        return self.probe.send(self.paging(size, token, **settings))

    def lists(self, user: str = "first") -> bool:
        """Whether a user has a list."""
        closed = self.first and user in self.probe.setting.unlinked
        return "list" in self.operations and not closed

    def shows(self, page: Reply | None, name: str) -> bool:
        """Whether one is on a page."""
        ids = self.operations["list"].ids_on(page.content) if page is not None else []
        return self.probe.bindings.values.get(name) in ids

    def paging(self, size: Any = None, token: Any = None, **settings: Any) -> Request:
        """Return the request for a page."""
        query = paged(size, token, self.operations["list"].id)
        return self.request("list", **{"query": query, **settings})

    def try_page(self, size: Any = None, token: Any = None, **settings: Any) -> Reply | None:
        """Ask for a page, where a response offered what its token names."""
        return self.probe.try_send(self.paging(size, token, **settings))

    def total(self, user: str) -> int:
        """Return how many a user has, 0 where the list does not say it."""
        response, words = self.page(1, user=user), self.operations["list"].page
        told = pointed(response.content, words.total) if response and words.total else None
        return told if isinstance(told, int) and not isinstance(told, bool) else 0

    @property
    def most(self) -> Any:
        """The size of the largest page, None if the list takes no size."""
        size = self.operations["list"].size if "list" in self.operations else {}
        return size.get("maximum", 100) if size else None

    def walk(
        self,
        size: Any = None,
        user: str = "first",
        between: Callable[[int], None] = lambda _: None,
        pages: int = 40,
    ) -> None:
        """Walk through the list; call `between` after each page but the last."""
        token: str | None = None
        for number in range(1, pages + 1):
            response = self.page(size, token and "{next}", user=user)
            token = self.probe.bindings.values.get("next")
            if response is None or not response.ok or token is None:
                break
            between(number)
            self.probe.bindings.values["next"] = token

    def look(self, *names: str, user: str = "first") -> None:
        """Read some, and all of them on pages."""
        for name in names:
            self.read(name, user=user)
        self.page(self.most, user=user)


@dataclass(frozen=True)
class Call:
    """An operation, and what its path names."""

    probe: Probe
    operation: Operation
    names: Names

    @property
    def first(self) -> bool:
        """Whether it is one of the four operations that a run begins with."""
        return self.operation.id in EVERY[:4]

    @property
    def fields(self) -> Mapping[str, Field]:
        """The properties of its body."""
        return fields_of_body(self.operation.id)

    def send(self, names: Names | None = None, **settings: Any) -> Reply | None:
        """Send it as the document shows it, but for some settings; nothing, where that fails."""
        return self.probe.try_send(self.request(names, **settings))

    def request(self, names: Names | None = None, **settings: Any) -> Request:
        """Return the request, with the body that the document shows."""
        if self.operation.body is not None:
            settings.setdefault("media_type", "application/json")
            settings.setdefault("body", as_json(self.body(60)))
        if self.operation.action == "create":
            settings.setdefault("binds", self.probe.name())
        path = self.names if names is None else names
        return request_of(self.operation, *(path[name] for name in self.operation.ids), **settings)

    def body(self, number: int, text: str | None = None) -> Any:
        """Return a body that fits; number, text: tell those of an update from each other."""
        fields, shown = fields_of(self.operation.id), self.operation.body
        if fields is not None and self.operation.action == "create":
            return fields.creation({})
        if fields is not None and self.operation.action == "update" and fields.leaves:
            return fields.update(fields.change(number, text))
        if shown is None:
            return None
        return shown.samples[0] if shown.samples else first(shown.schema)

    def raw(self, kind: str, hole: bytes) -> bytes:
        """Return a body with bytes as the value of a property of a type, or of an unknown one."""
        fit = (name for name, field in self.fields.items() if kind in field.kinds)
        name = next(fit, "x_unknown")
        made = body(self.fields, {name: HOLE}, self.operation.least)
        return as_json(made).replace(as_json(HOLE), hole)

    def unknown(self) -> Iterator[Names]:
        """Yield names with an id that does not exist."""
        for parameter, resource in self.operation.owned.items():
            yield {**self.names, parameter: resource.unknown}


def calls(probe: Probe, owner: str = "first", among: Iterable[str] = EVERY) -> Iterator[Call]:
    """Yield the operations that the level covers, each with what its path names; then look.

    Resources that cannot be created are left out. Those that a script shares resources with do not
    remove any.
    """
    seen: dict[str, dict[str, None]] = {}
    for operation in map(OPERATIONS.__getitem__, among):
        if probe.setting.asks(operation):
            shared = operation.action in STATEFUL
            try:
                names = made(probe, operation, owner, shared=shared)
            except UnboundError:
                continue
            yield Call(probe, operation, names)
            for resource in filter(None, (operation.resource, *operation.owned.values())):
                seen.setdefault(resource.name, {})[names.get(resource.parameter, "")] = None
    for kind, known in seen.items():
        with suppress(UnboundError):
            resources_of(probe, kind).look(*filter(None, known), user=owner)


def made(
    probe: Probe, operation: Operation, user: str = "first", *, but: str = "", shared: bool = True
) -> Names:
    """Make what the path of an operation names, but for one parameter.

    shared: whether others may do something with it, too. Raises UnboundError if that fails.
    """
    names: Names = {}
    samples = {item.name: item.sample for item in operation.parameters if item.where == "path"}
    # The innermost one knows the resources around it.
    for parameter in operation.ids[::-1]:
        if parameter in names or parameter == but:
            continue
        resource = operation.owned.get(parameter)
        if resource is None:
            names[parameter] = quote(str(samples[parameter]), safe="")
            continue
        on = resources_of(probe, resource.name)
        name = on.item(user) if shared else on.new(user=user)
        if not shared:
            on.read(name, user=user)
        names |= {**on.place(name, user), parameter: name}
    return names


def resources_of(probe: Probe, kind: str) -> Resources:
    """Return what drives the resources of a kind in a history."""
    if kind not in probe.resources:
        probe.resources[kind] = Resources(probe, FIELDS[kind])
    return probe.resources[kind]


def some(of: Resources | Call, values: Iterable[Any], number: int = FEW) -> list[Any]:
    """Return values: all for the resource that a run begins with, of another one the first."""
    return [*values][: None if of.first else number]
