"""What the documents say about operations and resources, as data.

Schemas, statuses, samples and errors are those of the strict document; names and columns those of
the client document. A pointer is a JSON Pointer (RFC 6901).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """A parameter of an operation."""

    name: str

    keyword: str
    """The argument of the client's method."""

    place: Literal["path", "query", "header", "cookie"]

    required: bool

    description: str

    schema: Mapping[str, Any]
    """Strict; see `self_contained`."""


@dataclass(frozen=True, kw_only=True)
class Failure:
    """An error response: the document's example of it."""

    status: int | None
    """None: any status that is not declared by its number."""

    description: str

    type: str | None
    """The name of the failure, None if the document shows none."""

    message: str | None

    body: Any
    """All that is sent."""

    headers: Mapping[str, str]
    """Those that the document declares, with its examples."""


@dataclass(frozen=True, kw_only=True)
class Paging:
    """The parameters of a list, and pointers into a page."""

    items: str

    size: str
    """The query parameter for the largest number of items on a page."""

    token: str
    """The query parameter that takes the next token."""

    next: str

    more: str | None = None

    count: str | None = None

    total: str | None = None


@dataclass(frozen=True, kw_only=True)
class Issue:
    """How an operation issues tokens."""

    user: tuple[str, ...]
    """The query parameters that together name the user."""

    token: str

    expires: str

    header: str
    """Carries the key."""


@dataclass(frozen=True, kw_only=True)
class Operation:
    """An operation and what it means."""

    id: str
    """Its operationId."""

    method: str
    """In upper case."""

    route: str
    """The path with the names of its parameters, below the URL of the server."""

    tag: str

    action: Literal["create", "read", "update", "delete", "list", "act", "issue"] | None
    """None: the document does not say."""

    resource: str | None
    """The name of its resource, a key of `RESOURCES`."""

    client_method: str | None
    """Such as `sessions.create`; None if only the client itself calls it."""

    summary: str

    parameters: tuple[Parameter, ...]

    body: Mapping[str, Any] | None
    """The strict schema of the request body, None if there is none; see `self_contained`."""

    body_required: bool

    keywords: Mapping[str, str]
    """By property of the body, the argument of the client's method."""

    status: int
    """Of the success response."""

    sample: Any
    """The success response: the document's example, else the smallest value; None for no body."""

    headers: Mapping[str, str]
    """Those of the success response that the document declares, with its examples."""

    result: str | None
    """Points to the resource in the success response."""

    id_at: str | None
    """Points to the id of a new resource, where the response shows no more of it."""

    page: Paging | None

    issue: Issue | None

    failures: tuple[Failure, ...]

    def failure(self, status: int) -> Failure | None:
        """Return the error response for a status, None if none is declared."""
        return next((each for each in self.failures if each.status == status), None)


@dataclass(frozen=True, kw_only=True)
class Resource:
    """Something that operations create, read, update, list and delete."""

    name: str
    """That of its component schema and its model."""

    id: str
    """The property that names it."""

    parameter: str
    """The path parameter that carries the id."""

    sample: Mapping[str, Any]
    """The document's sample: copy it before you change it."""

    parts: Mapping[str, Any]
    """The smallest value of each object inside it, by its place, such as `parts[]` for an item."""

    initial: Mapping[str, Any]
    """By pointer, the values of a new resource that differ from the sample; `{number}` stands for
    its number."""

    replaced: tuple[str, ...]
    """Points to the objects that an update replaces whole, and does not merge."""

    properties: tuple[str, ...]
    """Its properties in the strict document."""

    stored_as: Mapping[str, str]
    """By property of a request, the property of the resource that shows it by another name."""

    columns: tuple[str, ...]
    """The paths of its properties, those of inner objects as `object.property`."""

    harmless: tuple[str, ...]
    """Those of its columns that tell nothing about a patient, a user or a secret."""


def value_at(value: Any, pointer: str | None) -> Any:
    """Return what a pointer leads to, None if there is none or it leads nowhere."""
    if pointer is None:
        return None
    for token in pointer.split("/")[1:]:
        key: Any = token.replace("~1", "/").replace("~0", "~")
        try:
            value = value[int(key) if isinstance(value, list) else key]
        except (LookupError, TypeError, ValueError):
            return None
    return value
