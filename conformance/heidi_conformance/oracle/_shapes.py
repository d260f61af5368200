"""Whether an answer has the shape that the document gives it."""

import re
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from typing import Any

import jsonschema_rs

from heidi_conformance import _document
from heidi_conformance._document import Json
from heidi_conformance._text import json_path, kind_of, printable
from heidi_conformance._verdict import Level
from heidi_conformance._wire import Reply, UnreadableError, read_json
from heidi_conformance.contract._operations import ERROR_NAME, OPERATIONS, READ, UPDATE

from ._complaint import Complaint
from ._reading import plainly

ONE = (READ, UPDATE)
# A date without an offset, which no validator knows.
LOCAL = "date-time-local"
JSON = "application/json"
ERROR_SCHEMA: Json = {"$ref": f"#/components/schemas/{ERROR_NAME}"}


def misshapen(
    level: Level, operation: str, reply: Reply, *, shown: bool = False
) -> Iterator[Complaint]:
    """Yield what is wrong with the body of an answer, by the document of a level.

    shown: whether it is an error that the page shows.
    """
    status, success = str(reply.status), reply.ok
    shown = shown or (reply.status == 404 and operation in ONE)
    if not success and level == "documented" and not shown:
        # The page shows the bodies of two errors, and no rule for others.
        return
    if not (fit := media_types(level, operation, reply.status)):
        # The document says of no body; there is none with 204.
        return
    media_type = (reply.header("content-type") or "").partition(";")[0].strip().lower()
    rule = "json-answers" if success or level == "documented" else "error-shape"
    if media_type in fit - {JSON}:
        return
    if media_type != JSON:
        got = f"as {printable(media_type)}" if media_type else "without a Content-Type"
        how = "as something else than" if media_type else "without a Content-Type, not as"
        what = f"answers {{}} {how} application/json"
        yield Complaint(rule, operation, what, status, "application/json", got)
        return
    try:
        value = read_json(reply.body)
    except UnreadableError as error:
        yield Complaint(rule, operation, f"answers {{}} with {error}", status, "JSON", str(error))
        return
    rule = "answer-schema" if success or level == "documented" else "error-shape"
    for place, pattern, expected, got in violations(level, operation, reply.status, value):
        # Errors have one shape, whatever their status; what a session lacks is many things.
        if success:
            yield Complaint(rule, operation, f"answers {status} {pattern}", place, expected, got)
        else:
            what = f"answers {{}} {pattern.format(place)}"
            yield Complaint(rule, operation, what, status, expected, got)


def violations(
    level: Level, operation: str, status: int, value: Any
) -> Iterator[tuple[str, str, str, str]]:
    """Yield place, pattern, expected and got of what breaks the schema of an answer."""
    checks = validator(level, operation, status)
    if checks is None:
        return
    for error in checks.iter_errors(plainly(value)):
        place = json_path(error.instance_path)
        keyword = str(error.schema_path[-1]) if error.schema_path else ""
        if keyword == "required":
            name = getattr(error.kind, "property", "")
            yield f"`{name}` at {place}", "without the required member {}", f"`{name}`", "none"
        elif getattr(error.kind, "format", None) == LOCAL:
            yield f"`{place}`", "with a date at {} that no calendar has", "a date", "none"
        elif keyword == "type":
            got = kind_of(error.instance)
            types = " or ".join(getattr(error.kind, "types", ()))
            yield f"`{place}`", f"with {got} at {{}}", types, got
        else:
            yield (
                f"`{place}`",
                f"with a value at {{}} that breaks `{keyword}`",
                limit(keyword, getattr(error.kind, "value", None)),
                f"{kind_of(error.instance)} that does not fit",
            )


def limit(keyword: str, value: Any) -> str:
    """Spell what a keyword of the document asks for, where it is short."""
    return f"{keyword} {value}" if isinstance(value, str | int | float) else keyword


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
def response(level: Level, operation: str, status: int) -> Json | None:
    """Return what a document says of a response; None where it does not."""
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
    """Return what the body of a response must satisfy; None where the document does not say."""
    node = response(level, operation, status)
    if node is None:
        return None
    schema = node.get("content", {}).get(JSON, {}).get("schema")
    if level == "documented" and status >= 400:
        # Asked of those errors alone that the page shows.
        schema = ERROR_SCHEMA
    if schema is None:
        return None
    return jsonschema_rs.Draft202012Validator(
        {**schema, "components": asserted(level)["components"]},
        validate_formats=True,
        formats={LOCAL: is_date},
    )


def places(operation: str, complaints: list[Complaint]) -> set[str]:
    """Return the properties of a resource that have the wrong shape, and so no value to compare."""
    root = re.escape(OPERATIONS[operation].shown_at)
    told: set[str] = set()
    for complaint in complaints:
        if wrong := re.match(rf"`{root}\.([\w.]+)", complaint.subject):
            told.add(wrong[1])
        elif missing := re.match(rf"`(\w+)` at {root}(?:\.([\w.]+))?$", complaint.subject):
            told.add(f"{missing[2]}.{missing[1]}" if missing[2] else missing[1])
    return told
