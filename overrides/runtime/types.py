"""What requests are made of, and UNSET."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence  # noqa: TC003  # types of a public class
from datetime import date
from enum import Enum
from types import MappingProxyType
from typing import Any, Final, Literal, Protocol, TypeAlias
from urllib.parse import quote

from attrs import frozen

Scalar: TypeAlias = str | int | float | date | Enum
"""An argument that a path, query or header carries; bool is an int, a datetime is a date."""


class Unset(Enum):
    """The type of `UNSET`, its only member: `x is UNSET` narrows the type of x."""

    UNSET = "UNSET"

    def __bool__(self) -> Literal[False]:
        """Be false, so that `x or default` reads well."""
        return False

    def __repr__(self) -> str:
        return "UNSET"

    __str__ = __repr__


UNSET: Final = Unset.UNSET
"""Left out of a request or a response, which is not the same as null."""


class Timeout(Protocol):
    """How long connecting, sending, and each wait for more may take: an httpx.Timeout."""

    def as_dict(self) -> dict[str, float | None]: ...


@frozen(kw_only=True, eq=False)
class Operation:
    """One method and path of the document."""

    id: str
    """Its operationId."""

    method: str
    """In upper case."""

    route: str
    """The path with the names of its parameters, below the URL of the server; safe to log."""

    empty: bool = False
    """Whether a successful response may have no body."""


class Request:
    """One call of an operation, ready to send. Its repr shows no argument.

    Attributes:
        path: below the URL of the server, quoted.
        params: the query; a list holds each value of a name that is sent several times.
        json: the body, or None if none is sent.
        headers: the header parameters, with names in lower case.
    """

    __slots__ = ("headers", "json", "operation", "params", "path")

    def __init__(
        self,
        *,
        operation: Operation,
        path: str,
        params: Mapping[str, str | int | list[str | int]],
        json: dict[str, Any] | None,
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.operation = operation
        self.path = path
        self.params = params
        self.json = json
        self.headers = headers

    def __repr__(self) -> str:
        return f"Request({self.operation.method} {self.operation.route})"


class MismatchError(ValueError):
    """A response is not what the document says. The message never holds a value of it."""

    def __init__(self, path: str, expected: str, found: str) -> None:
        """Take the place, in JSON path notation, and the types of value expected and found."""
        super().__init__(path, expected, found)
        self.path = path
        self.expected = expected
        self.found = found

    def __str__(self) -> str:
        return f"{self.path}: expected {self.expected}, found {self.found}"


def path_segment(name: str, value: object) -> str:
    """Quote an argument so that it stays within its segment of the path.

    Raises:
        TypeError: the value is not a string.
        ValueError: it is empty, `.` or `..`, or holds half a surrogate pair.
    """
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a string")
    if value in {"", ".", ".."}:
        raise ValueError(f"{name} must not be empty, '.' or '..'")
    return quote(_unicode(name, value), safe="")


def _unicode(name: str, value: str) -> str:
    if not is_unicode(value):
        raise ValueError(f"{name} must not hold half a surrogate pair")
    return value


def is_unicode(value: str) -> bool:
    """Say whether UTF-8 can encode a string: it holds no half of a surrogate pair."""
    return value.isascii() or not re.search("[\ud800-\udfff]", value)


def text(name: str, value: object) -> str:
    """Write an argument as a string: booleans as JSON has them, dates as RFC 3339 has them.

    Raises:
        TypeError: the value is not a string, number, boolean or date, nor a member of an enum.
        ValueError: it holds half a surrogate pair.
    """
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, date):  # a datetime is a date too
        return value.isoformat()
    if isinstance(value, str):
        return _unicode(name, str.__str__(value))
    if isinstance(value, (int, float)):
        return str(value)
    raise TypeError(f"{name} must be a string, number, boolean, date or enum value")


def header(name: str, value: object) -> str:
    """Write an argument as the value of a header.

    Raises:
        TypeError: see `text`.
        ValueError: it holds a character that no header can carry.
    """
    written = text(name, value)
    if not re.fullmatch(HEADER_VALUE, written):
        raise ValueError(f"{name} must hold printable ASCII only, without spaces at either end")
    return written


HEADER_VALUE: Final = r"([\x21-\x7e]([\t\x20-\x7e]*[\x21-\x7e])?)?"
"""A pattern; RFC 9110, section 5: what else is in a header breaks it."""


def headers(arguments: Mapping[str, Scalar | Unset]) -> dict[str, str]:
    """Make the headers of a request: without what is left out."""
    return {
        name: header(name, value)
        for name, value in arguments.items()
        if not isinstance(value, Unset)
    }


def query(
    arguments: Mapping[str, Scalar | Sequence[Scalar] | Unset],
) -> dict[str, str | int | list[str | int]]:
    """Make the query of a request: without what is left out, an item of an array at a time."""
    return {
        name: [_query_value(name, item) for item in value]
        if isinstance(value, (list, tuple))
        else _query_value(name, value)
        for name, value in arguments.items()
        if not isinstance(value, Unset)
    }


def _query_value(name: str, value: object) -> str | int:
    return value if type(value) is int else text(name, value)


def joined(name: str, values: Sequence[Scalar] | Unset, separator: str) -> str | Unset:
    """Write an array as one value of the query.

    Raises:
        TypeError: see `text`.
        ValueError: an item holds the separator.
    """
    if isinstance(values, Unset):
        return values
    if isinstance(values, str):
        raise TypeError(f"{name} must be a list of values")
    items = [text(name, value) for value in values]
    if any(separator in item for item in items):
        raise ValueError(f"{name} must not hold {separator!r} in an item, which separates them")
    return separator.join(items)


def deep_object(name: str, values: Mapping[str, Any] | Unset) -> dict[str, Any]:
    """Write an object as parameters of the query, a property each, named `object[property]`."""
    if isinstance(values, Unset):
        return {}
    return {f"{name}[{key}]": value for key, value in values.items()}
