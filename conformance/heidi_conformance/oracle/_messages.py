"""Check that the message of an error says neither too much nor too little."""

import re
from collections.abc import Iterator
from typing import Any

from heidi_conformance._wire import Reply, read_json
from heidi_conformance.contract._fields import MAIN_FIELDS
from heidi_conformance.contract._operations import (
    KEY_HEADER,
    LIST,
    OPERATIONS,
    error_message,
    error_type,
)
from heidi_conformance.contract._values import flattened
from heidi_conformance.evidence._history import strings

from ._reading import Reading, as_float, numbers_in
from ._violation import Violation

# What these headers say is not about the values of a request.
STANDARD = frozenset(
    "allow connection content-length content-location content-type date keep-alive location server "
    "transfer-encoding www-authenticate".split()
)
# Query parameters of the document.
TOLD = frozenset(
    parameter.name
    for operation in OPERATIONS.values()
    for parameter in operation.parameters
    if parameter.where == "query"
)
# Part of values that an error could repeat, whole or in part. No part of it is in any other
# text: a random id has no tilde.
CANARY = "qz7~jx9~kw4~93x"
PARTS = {CANARY[at : at + 5] for at in range(len(CANARY) - 4)}
EXAMPLE = re.compile(r"\s*\d{4}-\d\d-\d\d|application/", re.IGNORECASE)
# A reference to this one error, such as the id of a request.
REFERENCE = re.compile(r"[\w-]*\d[\w-]*")
# Values that every new resource has are not secret.
NEW = [form for field in MAIN_FIELDS.shows.values() if (form := field.initial_form)]


def message_faults(reading: Reading, response: Reply, *, known: bool) -> Iterator[Violation]:
    """Yield what a message says too much or too little."""
    operation = reading.operation or LIST
    message = error_message(response.content)
    wheres = {problem.where for problem in reading.problems}
    wheres |= {reading.declared.page.token} if reading.asks_page else set[str]()
    # A number that no double holds may be where no document knows a property.
    known = known and not any(where in reading.strange for where in wheres)
    if response.status == 422 and isinstance(message, str) and len(wheres) == 1 and known:
        where = next(iter(wheres)).rpartition(".")[2]
        if where and where not in message:
            yield Violation("message-names", operation, field=where)
    path = reading.message.target.partition("?")[0]
    told = [
        # A property may name the path; the message may not.
        *(text for text in strings(response.content) if text == message or not text.endswith(path)),
        *(text for name, text in response.headers if name not in STANDARD),
    ]
    heard = "\n".join(told).casefold()
    token, challenge = reading.token or "", response.header("www-authenticate") or ""
    repeated = len(token) >= 8 and token.casefold() in challenge.casefold()
    if repeated or any(value.casefold() in heard for value in secrets_of(reading)):
        yield Violation("message-quotes", operation, field=f":{response.status}")


def wording(error: Any) -> Any:
    """Return type, message and properties of an error, without what is the id of a request."""
    kind, message = error_type(error), error_message(error)
    if isinstance(message, str):
        message = REFERENCE.sub("#", message)
    return error if kind is message is None else (kind, message, frozenset(flattened(error)))


def is_example(text: str) -> bool:
    return bool(EXAMPLE.match(text)) or any(form.match(text) for form in NEW)


def secrets_of(reading: Reading) -> Iterator[str]:
    """Yield the recognisable values of a request, which an error must not repeat."""
    message = reading.message
    if CANARY in f"{message.target} {message.headers} {message.body!r}":
        yield from PARTS
    if len(reading.one[1]) > 15 and reading.one[1].isdigit():
        yield reading.one[1]
    values: list[str] = [text for name, text in reading.query if name in TOLD]
    values += [text for name, text in message.headers if name == KEY_HEADER]
    if reading.token:
        values.append(reading.token)
    if len(message.body) < 65536:
        try:
            value = read_json(message.body)
        except (ValueError, RecursionError):
            value = re.findall(r'"([^"\\]{8,})"', message.body.decode("utf-8", "replace"))
        values += strings(value)
        values += [
            f"{as_float(number):f}".rstrip("0")
            for _, number in numbers_in(value)
            if len(str(number).lstrip("-")) > 8
        ]
    # A date or a media type may be in a message as an example.
    told = (text for text in values if 8 <= len(text) < 500 and not is_example(text))
    yield from (text for text in told if any(map(str.isdigit, text)) and not text.isdigit())
