"""What judge and driver write to each other, one JSON object a line; see `protocol.schema.json`."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from typing import Any, cast

PROTOCOL = 1
UNSUPPORTED = "unsupported"
# What a driver can say went wrong, besides that it does not know an operation.
ERRORS = ("not_found", "not_linked", "refused", "unavailable", "protocol")
NOTHING: Any = object()


class GarbageError(Exception):
    """A line that is not of the protocol; the text says what it is instead."""


@dataclass(frozen=True)
class Step:
    """A call that the driver is to make, by the names of the document."""

    operation: str
    path: Mapping[str, Any] = field(default_factory=dict[str, Any])
    query: Mapping[str, Any] = field(default_factory=dict[str, Any])
    body: Any = NOTHING

    def members(self, number: int) -> dict[str, Any]:
        """Return the step as JSON has it."""
        told: dict[str, Any] = {"id": number, "operation": self.operation}
        told |= {name: dict(given) for name, given in self.given if given}
        return told if self.body is NOTHING else told | {"body": self.body}

    @property
    def given(self) -> tuple[tuple[str, Mapping[str, Any]], ...]:
        return ("path", self.path), ("query", self.query)


@dataclass(frozen=True)
class Result:
    """What a caller of the client gets: a value, or a kind of error with a message."""

    id: int
    value: Any = None
    error: str = ""
    message: str = ""

    @property
    def ok(self) -> bool:
        return not self.error


@dataclass(frozen=True)
class Greeting:
    """The first line of a driver. client: its name. again: whether it takes new settings."""

    client: str
    again: bool


def line(members: Mapping[str, Any]) -> bytes:
    """Spell a line for a driver."""
    return json.dumps(members, ensure_ascii=False).encode(errors="replace") + b"\n"


def read_line(text: bytes) -> Result | Greeting:
    """Return what a line of a driver says.

    Raises GarbageError.
    """
    try:
        told = json.loads(text.decode())
    except (UnicodeDecodeError, RecursionError, ValueError):
        raise GarbageError("a line that is not JSON") from None
    if not isinstance(told, dict):
        raise GarbageError("a line that is not a JSON object")
    members = cast("dict[str, Any]", told)
    if "protocol" in members:
        if members["protocol"] != PROTOCOL:
            raise GarbageError("a version of the protocol other than 1")
        return Greeting(str(members.get("client", "")), members.get("again") is True)
    number, error = members.get("id"), members.get("error", "")
    if not isinstance(number, int) or isinstance(number, bool):
        raise GarbageError("a line without the id of a step")
    if ("error" in members) == ("value" in members):
        raise GarbageError("a line that needs either value or error")
    if "error" in members and error not in (*ERRORS, UNSUPPORTED):
        raise GarbageError(f"an error other than {', '.join(ERRORS)} and {UNSUPPORTED}")
    return Result(number, members.get("value"), error, str(members.get("message") or ""))


def schema() -> Any:
    """Return the JSON Schema of the lines in both directions."""
    home = resources.files("heidi_conformance.client")
    return json.loads(home.joinpath("protocol.schema.json").read_text(encoding="utf-8"))
