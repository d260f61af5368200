"""Operations, the requests they make, and UNSET."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence  # noqa: TC003  # types of a public class
from datetime import date
from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol, TypeAlias
from urllib.parse import quote

from attrs import field, frozen

if TYPE_CHECKING:
    from .decoding import Model, Shape

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


@frozen(eq=False)
class Parameter:
    """How an argument is sent."""

    name: str
    """Its name in the document; that of a header is in lower case."""

    shape: Shape
    separator: str = ""
    """Between the items of an array that is one value of the query."""

    def pairs(self, value: Any) -> Iterator[tuple[str, Any]]:
        """Yield the names and values of the query: of an object, those of its properties.

        Raises:
            ValueError: an item holds the separator.
        """
        if self.shape.model is not None:
            yield from ((f"{self.name}[{key}]", each) for key, each in value.items())
        elif self.separator:
            items = [text(self.name, item) for item in value]
            if any(self.separator in item for item in items):
                raise ValueError(
                    f"{self.name} must not hold {self.separator!r} in an item, which separates them"
                )
            yield self.name, self.separator.join(items)
        else:
            yield self.name, value


@frozen(kw_only=True, eq=False)
class Operation:
    """One method and path of the document: how it is requested, and how its response is read."""

    id: str
    """Its operationId."""

    method: str
    """In upper case."""

    route: str
    """The path with the names of its parameters, below the URL of the server; safe to log."""

    path: Mapping[str, Parameter] = field(factory=dict[str, Parameter])
    """The parameters in the path, by the names of the arguments, in their order."""

    query: Mapping[str, Parameter] = field(factory=dict[str, Parameter])
    headers: Mapping[str, Parameter] = field(factory=dict[str, Parameter])

    body: type[Model] | None = None
    """Its properties are arguments."""

    model_from: Callable[[Any], Model] | None = None
    """Makes a model of a successful response; None where none has a body."""

    empty: bool = False
    """Whether a successful response may have no body."""

    def build(
        self,
        segments: Sequence[object],
        arguments: Mapping[str, Any],
        body: dict[str, Any] | None = None,
    ) -> Request:
        """Make a request of checked arguments.

        Args:
            segments: those in the path.
            arguments: those in the query and the headers, as JSON has them; what is not sent is
                left out.
            body: the JSON of the body; None for a request without one.

        Raises:
            TypeError, ValueError: one cannot be sent where it belongs.
        """
        path = self.route
        for (argument, parameter), value in zip(self.path.items(), segments, strict=True):
            path = path.replace(f"{{{parameter.name}}}", path_segment(argument, value))
        sent = {
            name: value
            for argument, parameter in self.query.items()
            if argument in arguments
            for name, value in parameter.pairs(arguments[argument])
        }
        headers = {
            parameter.name: header(parameter.name, arguments[argument])
            for argument, parameter in self.headers.items()
            if argument in arguments
        }
        return Request(operation=self, path=path, params=query(sent), json=body, headers=headers)

    def decode(self, data: object, *, strict: bool = False) -> Model | None:
        """Read a successful response.

        Args:
            data: the body, as a JSON parser returns it, or None if there is none. Its arrays are
                changed in place, so do not use it afterwards.
            strict: refuse what breaks the document, instead of reading it leniently.

        Raises:
            MismatchError: `strict`, and the response breaks the document. The message names the
                place and never a value.
        """
        if self.model_from is None or (data is None and self.empty):
            return None
        response = self.model_from(data)
        error = response.mismatch() if strict else None
        del data  # a traceback that shows variables must show no patient
        if error is not None:
            raise error
        return response


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
        TypeError: see `text`.
        ValueError: it is empty, `.` or `..`, or holds half a surrogate pair.
    """
    written = text(name, value)
    if written in {"", ".", ".."}:
        raise ValueError(f"{name} must not be empty, '.' or '..'")
    return quote(written, safe="")


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
        if not is_unicode(value):
            raise ValueError(f"{name} must not hold half a surrogate pair")
        return str.__str__(value)
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


def query(
    arguments: Mapping[str, Scalar | Sequence[Scalar]],
) -> dict[str, str | int | list[str | int]]:
    """Make the query of a request, an item of an array at a time."""
    return {
        name: [_query_value(name, item) for item in value]
        if isinstance(value, (list, tuple))
        else _query_value(name, value)
        for name, value in arguments.items()
    }


def _query_value(name: str, value: object) -> str | int:
    return value if type(value) is int else text(name, value)
