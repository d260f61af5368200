"""What the sandbox reads of an HTTP request: its body and its credentials."""

from collections.abc import Iterator
from typing import Any, Final

from heidi_sandbox._asgi import Receive, Scope
from heidi_sandbox._errors import (
    ContentTooLargeError,
    MalformedRequestError,
    UnsupportedMediaTypeError,
)
from heidi_sandbox._json import MalformedJsonError, parse
from heidi_sandbox._rules import Body

LARGEST_BODY: Final = 1024 * 1024  # bytes


class DisconnectedError(Exception):
    """The caller is gone before the request was complete."""


def header(scope: Scope, name: bytes) -> str | None:
    """Return the one value of a header; None where it is missing or given twice."""
    values = list(_values(scope, name))
    return values[0] if len(values) == 1 else None


async def read_body(scope: Scope, receive: Receive, rules: Body) -> dict[str, Any]:
    """Return the members of the body that the document names; none where it may be left out.

    Raises:
        ApiError: the body is too large, of another media type, not JSON, or not as documented.
        DisconnectedError: nobody waits for the answer.
    """
    raw = await _read_raw(scope, receive)
    if not raw and not rules.required:
        return {}
    media_type = (header(scope, b"content-type") or "").partition(";")[0].strip().lower()
    if media_type not in rules.media_types:
        raise UnsupportedMediaTypeError(
            f"the body must be {' or '.join(sorted(rules.media_types))}"
        )
    try:
        value = parse(raw)
    except MalformedJsonError as error:
        raise MalformedRequestError(f"body: {error}") from None
    return rules.read(value)


async def _read_raw(scope: Scope, receive: Receive) -> bytes:
    declared = header(scope, b"content-length") or ""
    if declared.isdecimal() and int(declared) > LARGEST_BODY:
        raise _too_large()
    body = bytearray()
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise DisconnectedError
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > LARGEST_BODY:
            raise _too_large()
    return bytes(body)


def _too_large() -> ContentTooLargeError:
    return ContentTooLargeError(f"the body has more than {LARGEST_BODY} bytes")


def _values(scope: Scope, name: bytes) -> Iterator[str]:
    return (value.decode("latin-1") for key, value in scope["headers"] if key == name)
