"""The error classes that the documents ask for: one for each status, and one for each type."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from openapi_python_client.strings import ClassName

from scripts.generator.facts import facts_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from scripts.generator.facts import Facts
    from scripts.generator.vocabulary import Failure

USUAL: Final[Mapping[int, tuple[str, str]]] = {
    400: ("BadRequestError", "the request cannot be read"),
    401: (
        "AuthenticationError",
        "the token is missing, wrong or expired, and a fresh one did not help",
    ),
    403: ("PermissionDeniedError", "the token is valid, but does not allow this"),
    404: ("NotFoundError", "it does not exist"),
    422: (
        "UnprocessableEntityError",
        "the request can be read, but the operation does not accept its content",
    ),
    429: ("RateLimitError", "too many requests; `retry_after` says how long to wait"),
}
"""The classes that every client has, with the usual names, whatever its document says."""

NAMES: Final[Mapping[int, str]] = {409: "ConflictError", 413: "ContentTooLargeError"}
"""Names that differ from those of HTTPStatus, or from those of one version of Python."""

TOKEN_ERROR: Final = "TokenError"  # noqa: S105  # opens nothing

ROOTS: Final = (
    *("HeidiError", "ConfigurationError", "ClosedClientError", TOKEN_ERROR, "PaginationError"),
    *(
        "APIConnectionError",
        "APITimeoutError",
        "APIResponseValidationError",
        "APIStatusError",
        "InternalServerError",
    ),
)
"""Classes that are written in the template."""

STATUS_ERROR: Final = "APIStatusError"
SERVER_ERROR: Final = "InternalServerError"


@dataclass(frozen=True, kw_only=True)
class ErrorClass:
    """A class that the template writes."""

    name: str
    base: str
    text: str
    label: str
    status: int | None = None
    type: str | None = None


def error_classes(client: Facts, strict: Facts) -> list[ErrorClass]:
    """List the classes, those of a status before those of its types."""
    by_status = {each.status: each for each in _of_statuses(strict)}
    taken = {*ROOTS, *(each.name for each in by_status.values())}
    found = [*by_status.values()]
    described = _types(strict)
    for type_, failure in _types(client).items():
        name = class_name(type_)
        status = by_status.get(failure.status)
        if status is not None and status.name == name:
            continue
        while name in taken:
            name = f"API{name}"
        taken.add(name)
        text = _sentence(described.get(type_, failure))
        found.append(
            ErrorClass(
                name=name,
                base=status.name if status else STATUS_ERROR,
                text=f"{text} Chosen by the type, whatever the status.",
                label="by its type, whatever the status",
                type=type_,
            )
        )
    return found


def error_names(client: dict[str, Any], strict: dict[str, Any]) -> list[str]:
    """Name all error classes, so that no model is called like one of them."""
    found = error_classes(facts_of(client, client), facts_of(client, strict))
    return [*ROOTS, *(each.name for each in found)]


def class_name(type_: str) -> str:
    """Name the class for a type: NoLinkedUserException is a NoLinkedUserError."""
    name = ClassName(type_, "Api")
    for ending in ("Exception", "Error"):
        name = ClassName(name.removesuffix(ending) or name, "Api")
    return f"{name}Error"


def raised_by(status: int | None, type_: str | None, classes: list[ErrorClass]) -> str:
    """Name the class that a failure is raised as."""
    by_type = [each.name for each in classes if each.type and each.type == type_]
    by_status = [each.name for each in classes if each.status and each.status == status]
    return (by_type or by_status or [STATUS_ERROR])[0]


def tree(classes: list[ErrorClass]) -> list[str]:
    """Draw the classes below APIStatusError, a line each."""
    children: dict[str, list[tuple[str, str]]] = {}
    server = ErrorClass(name=SERVER_ERROR, base=STATUS_ERROR, text="", label="5xx")
    typed = [each for each in classes if each.type and each.base == STATUS_ERROR]
    for each in (*(one for one in classes if one not in typed), server, *typed):
        children.setdefault(each.base, []).append((each.name, each.label))
    return list(_drawn(STATUS_ERROR, children, ""))


def _drawn(name: str, children: Mapping[str, list[tuple[str, str]]], indent: str) -> Iterator[str]:
    below = children.get(name, [])
    for index, (child, label) in enumerate(below):
        last = index == len(below) - 1
        branch = f"{indent}{'└' if last else '├'}── {child}"
        yield f"{branch:<31} {label}".rstrip()
        yield from _drawn(child, children, indent + ("    " if last else "│   "))


def _of_statuses(strict: Facts) -> list[ErrorClass]:
    documented = {
        failure.status: failure
        for operation in reversed(strict.operations)
        for failure in reversed(operation.failures)
        if failure.status is not None
    }
    found: list[ErrorClass] = []
    for status in sorted(USUAL.keys() | documented.keys()):
        name, text = USUAL.get(status) or (_name(status), _sentence(documented[status]))
        if name == SERVER_ERROR:  # 500, by its name; the class is for all of 5xx
            continue
        found.append(
            ErrorClass(
                name=name,
                base=SERVER_ERROR if status >= 500 else STATUS_ERROR,
                text=f"{status}: {text.rstrip('.')}.",
                label=str(status),
                status=status,
            )
        )
    return found


def _name(status: int) -> str:
    if status in NAMES:
        return NAMES[status]
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        return f"Status{status}Error"
    return class_name(phrase)


def _types(client: Facts) -> dict[str, Failure]:
    found: dict[str, Failure] = {}
    for operation in client.operations:
        for failure in operation.failures:
            if failure.type is not None:
                found.setdefault(failure.type, failure)
    return found


def _sentence(failure: Failure) -> str:
    return failure.description or (failure.message or str(failure.type)).rstrip(".") + "."
