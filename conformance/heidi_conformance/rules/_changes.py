"""Small requests, of whatever properties the document gives a creation and an update."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, cast

from heidi_conformance._document import Json
from heidi_conformance.contract._operations import CREATE, LABEL, OPERATIONS, READ, UPDATE, is_text


def leaves(schema: Json, above: str = "") -> Iterator[tuple[str, Json]]:
    """Yield the properties that a body can set, spelled `outer.inner`, with their schemas."""
    for name, inner in schema.get("properties", {}).items():
        if "properties" in inner:
            yield from leaves(inner, f"{above}{name}.")
        else:
            yield above + name, inner


def first(names: Iterator[str]) -> str:
    """Return an inner property where there is one: what merges objects shows more."""
    every = list(names)
    return next((name for name in every if "." in name), next(iter(every), ""))


_body = OPERATIONS[UPDATE].body
FIELDS = dict(leaves(_body.schema if _body else {}))
NUMBERS = [name for name, schema in FIELDS.items() if schema.get("type") in ("number", "integer")]
TEXTS = [name for name, schema in FIELDS.items() if is_text(schema)]
CHOICES = {name: schema["enum"] for name, schema in FIELDS.items() if "enum" in schema}
LISTS = [
    name
    for name, schema in FIELDS.items()
    if schema.get("type") == "array" and is_text(schema.get("items", {}))
]
DATES = [name for name, schema in FIELDS.items() if schema.get("format") == "date"]
# One of each, empty where an update has none.
NUMBER = next(iter(NUMBERS), "")
TEXT = first(iter(TEXTS))
CHOICE = first(iter(CHOICES))
LIST = next(iter(LISTS), "")
# A property that a session shows and only the server writes.
TITLE = next(
    (name for name, schema in leaves(OPERATIONS[READ].result_schema) if is_text(schema)), ""
)


def nested(changes: dict[str, Any]) -> Json:
    """Return a body that sets properties; those without a name are left out."""
    body: Json = {}
    for name, value in changes.items():
        *outer, inner = name.split(".")
        at = body
        for part in outer:
            at = at.setdefault(part, {})
        if inner:
            at[inner] = value
    return body


def change(
    number: float | None = None, text: str | None = None, others: Mapping[str, Any] | None = None
) -> Json:
    """Return a small update: a number, a text, or both; a text for both without a number."""
    if not NUMBER and number is not None and text is None:
        text = str(number)
    told = {NUMBER: number, TEXT: text}
    return nested(
        {name: value for name, value in told.items() if value is not None} | dict(others or {})
    )


def wrong(value: str = "x") -> Json:
    """Return an update with a string for a number, or a number for a string."""
    return nested({NUMBER: value} if NUMBER else {TEXT: 5})


def raw(name: str, value: bytes) -> bytes:
    """Return a body that sets one property to a value as it is written."""
    for part in reversed((name or "x_unknown").split(".")):
        value = b"{%s: %s}" % (json.dumps(part).encode(), value)
    return value


def opening(text: Any = None) -> Json:
    """Return the body of a creation, with a text in it if it takes one."""
    least = cast("Json", OPERATIONS[CREATE].least or {})
    return least if text is None or not LABEL else {**least, LABEL: text}
