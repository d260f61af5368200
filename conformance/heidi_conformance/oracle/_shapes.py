"""Whether a response has the shape that the document gives it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from typing import Any

import jsonschema_rs

from heidi_conformance._text import printable
from heidi_conformance._verdict import Level
from heidi_conformance._wire import Reply, UnreadableError
from heidi_conformance.contract import _document
from heidi_conformance.contract._document import Json, without
from heidi_conformance.contract._operations import ERROR_NAME, OPERATIONS, READ, UPDATE

from ._reading import json_type, keyword_of
from ._violation import Violation

ONE = (READ, UPDATE)
# A date without an offset, which no validator knows.
LOCAL = "date-time-local"
JSON = "application/json"
# Keywords whose violation has words of its own; `hidden` is a property that no response shows.
NAMED = ("required", "type", "hidden")
HIDDEN: Json = {"not": {"writeOnly": True}}
ERROR_SCHEMA: Json = {"$ref": f"#/components/schemas/{ERROR_NAME}"}


@dataclass(frozen=True)
class Misfit:
    """What breaks the schema of a response.

    steps: names and positions on the way to it; of a missing property, its own name the last.
    keyword: of the schema that it breaks. expected: what that asks for. got: a JSON type.
    """

    steps: tuple[str | int, ...]
    keyword: str
    expected: Any
    got: str

    @property
    def place(self) -> str:
        """The place, with every position of an array alike: `$.sessions[*].patient`."""
        return "$" + "".join(
            "[*]" if isinstance(step, int) else f".{printable(step)}" for step in self.steps
        )

    def within(self, operation: str) -> str:
        """Return the property of the resource that has the wrong shape, empty where none has."""
        root = OPERATIONS[operation].shown_at
        inside = self.place.startswith(f"{root}.")
        return self.place.removeprefix(f"{root}.").partition("[")[0] if inside else ""


def misshapen(
    level: Level, operation: str, reply: Reply, *, shown: bool = False
) -> list[Violation]:
    """Return the violations of the body of a response, by the document of a level.

    shown: whether it is an error that the page shows.
    """
    return judged(level, operation, reply, shown=shown)[0]


def judged(
    level: Level, operation: str, reply: Reply, *, shown: bool = False
) -> tuple[list[Violation], set[str]]:
    """Return the violations of a body, and the properties of the resource with a wrong shape."""
    success = reply.ok
    shown = shown or (reply.status == 404 and operation in ONE)
    if not success and level == "documented" and not shown:
        # The page shows the bodies of two errors, and no rule for others.
        return [], set()
    if not (fit := media_types(level, operation, reply.status)):
        # The document describes no body; 204 has none.
        return [], set()
    media_type = (reply.header("content-type") or "").partition(";")[0].strip().lower()
    of_error = not success and level == "strict"
    rule = "error-shape" if of_error else "json-answers"
    # Errors have one shape, whatever their status; what a resource lacks is many things.
    status = f":{reply.status}"
    if media_type in fit - {JSON}:
        return [], set()
    # The page shows JSON in its errors; that they are sent as `application/json` is a decision.
    untold = not success and level == "documented" and reply.content is not None
    if media_type != JSON and not untold:
        code = f"{rule}/{'media-type' if media_type else 'no-media-type'}"
        return [Violation(code, operation, status, got=printable(media_type))], set()
    value = reply.read
    if isinstance(value, UnreadableError):
        return [Violation(f"{rule}/{value.code}", operation, status)], set()
    misfits = [*violations(level, operation, reply.status, reply.plain)]
    rule = "error-shape" if of_error else "answer-schema"
    found = [
        Violation(
            f"{rule}/{item.keyword if item.keyword in NAMED else 'value'}",
            operation,
            field=status if of_error else item.place,
            detail=item.place if of_error else str(reply.status),
            expected=item.expected,
            got=item.got,
        )
        for item in misfits
    ]
    wrong = {item.within(operation) for item in misfits} - {""}
    return found, wrong if success else set()


def lacking(level: Level, operation: str, reply: Reply) -> Iterator[Violation]:
    """Yield the headers that a response of success must have, and has not."""
    for name in required_headers(level, operation, reply.status):
        if reply.header(name.lower()) is None:
            yield Violation("answer-schema/header", operation, name, str(reply.status))


def violations(level: Level, operation: str, status: int, plain: Any) -> Iterator[Misfit]:
    """Yield what breaks the schema of a response, which any validator takes."""
    checks = validator(level, operation, status)
    if checks is None or checks.is_valid(plain):
        return
    for error in checks.iter_errors(plain):
        steps = tuple(error.instance_path)
        keyword, got = keyword_of(error), json_type(error.instance)
        if isinstance(error.kind, jsonschema_rs.ValidationErrorKind.FalseSchema):
            # Its path ends with the name of a property, which may be that of a keyword.
            yield Misfit(steps, "false", "no value", got)
        elif keyword == "not" and {keyword: getattr(error.kind, "schema", None)} == HIDDEN:
            yield Misfit(steps, "hidden", "", got)
        elif keyword == "required":
            name = str(getattr(error.kind, "property", ""))
            yield Misfit((*steps, name), keyword, "", "nothing")
        elif keyword == "type":
            yield Misfit(steps, keyword, list(getattr(error.kind, "types", ())), got)
        else:
            limit = getattr(error.kind, "value", None)
            bound = limit if isinstance(limit, str | int | float) else ""
            yield Misfit(steps, keyword, f"{keyword} {bound}".strip(), got)


@lru_cache(maxsize=4096)
def is_date(text: str) -> bool:
    """Whether a string is an instant of a calendar, or does not look like one."""
    return not re.match(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}", text) or is_instant(text)


def is_instant(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


@cache
def asserted(level: Level) -> Json:
    return _document.asserted(_document.load(level), level)


@cache
def returned(level: Level) -> Json:
    """Return the components of a document, in which properties that are writeOnly are forbidden."""
    document = asserted(level)
    components: Json = without(document, document["components"], "writeOnly", HIDDEN)
    return components


@cache
def response(level: Level, operation: str, status: int) -> Json | None:
    """Return what a document says of a response; None if it does not."""
    document = asserted(level)
    _, path, method = OPERATIONS[operation].place
    responses = document["paths"][path][method]["responses"]
    success = 200 <= status < 300
    keys = [str(status), f"{status // 100}XX", *([] if success else ["default"])]
    if level == "strict":
        keys += OPERATIONS[operation].success if success else ["401", "404"]
    key = next((key for key in keys if key in responses), None)
    return None if key is None else _document.resolved(document, [], responses[key])[1]


@cache
def required_headers(level: Level, operation: str, status: int) -> tuple[str, ...]:
    """Return the headers that the document requires of a response."""
    node = response(level, operation, status) or {}
    return tuple(
        name
        for name, header in node.get("headers", {}).items()
        if _document.resolved(asserted(level), [], header)[1].get("required")
    )


@cache
def media_types(level: Level, operation: str, status: int) -> frozenset[str]:
    """Return the media types that a response may have; none where it may be empty."""
    node = response(level, operation, status)
    if node is None or "content" not in node:
        success = 200 <= status < 300
        return frozenset() if success and node is not None else frozenset({JSON})
    return frozenset(node["content"])


@cache
def validator(
    level: Level, operation: str, status: int
) -> jsonschema_rs.Draft202012Validator | None:
    """Return what the body of a response must satisfy; None if the document does not say."""
    node = response(level, operation, status)
    if node is None:
        return None
    schema = node.get("content", {}).get(JSON, {}).get("schema")
    if level == "documented" and status >= 400:
        # Required only of the errors that the page shows.
        schema = ERROR_SCHEMA
    if schema is None:
        return None
    return jsonschema_rs.Draft202012Validator(
        {
            **without(asserted(level), schema, "writeOnly", HIDDEN),
            "components": returned(level),
        },
        validate_formats=True,
        formats={LOCAL: is_date},
    )
