"""A document with added properties of every kind, and a server of it that reads no document.

    HEIDI_DOCUMENTS=FOLDER python -m tests.conformance.grown

judges that server, and the same with a fault, by the document that `write` left in FOLDER, and
prints the rules that each broke as JSON.
"""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import heidi_spec

from .reference import CREATE, UPDATE, Api, RefusalError, Shape, User, is_date, is_text
from .standing import print_findings

Json = dict[str, Any]
SAID = {"x-provenance": {"status": "documented", "source": "seed:L1"}}
ROOM: Json = {
    "type": "object",
    "required": ["floor"],
    "properties": {
        "floor": {"type": "integer"},
        "label": {"type": "string", "maxLength": 12},
        "plan": {
            "type": "object",
            "properties": {"code": {"type": "string", "pattern": "^[A-Z]{3}-[0-9]{4}$"}},
        },
    },
}
ADDED: dict[str, Json] = {
    "priority": {"type": "integer", "minimum": 1, "maximum": 5},
    "urgent": {"type": "boolean"},
    "tags": {
        "type": "array",
        "items": {"type": "string", "enum": ["RED", "BLUE"]},
        "maxItems": 3,
        "uniqueItems": True,
    },
    "room": ROOM,
    "reference": {"type": "string", "format": "uuid"},
    "due": {"type": ["string", "null"], "format": "date"},
    "rate": {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
    "step": {"type": "integer", "multipleOf": 5, "minimum": 0},
}
# Only in the resource; the server writes it.
READ_ONLY: dict[str, Json] = {"level": {"type": "integer", "minimum": 0}}
# Only in the creation, and required.
CREATE_ONLY: dict[str, Json] = {"site": {"type": "string", "minLength": 2}}


def grown(document: Json) -> Json:
    """Add the properties to a document."""
    schemas = document["components"]["schemas"]
    for name, added in {
        "SessionUpdate": ADDED,
        "Session": ADDED | READ_ONLY,
        "SessionCreate": CREATE_ONLY,
    }.items():
        schemas[name]["properties"] |= {key: node | SAID for key, node in added.items()}
    schemas["SessionCreate"]["required"] = [*CREATE_ONLY]
    return document


def write(folder: Path) -> None:
    """Write the documents, grown, into a folder."""
    for name in ("base", "client", "strict"):
        (folder / f"{name}.json").write_text(json.dumps(grown(heidi_spec.load(name))))


# The server


def whole(value: Any, low: int, high: float) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def tags(value: Any) -> bool:
    known = isinstance(value, list) and all(item in ("RED", "BLUE") for item in value)
    return known and len(set(value)) == len(value) <= 3


def matches(pattern: str) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and re.fullmatch(pattern, value) is not None


SHAPE: Shape = {
    "priority": lambda value: whole(value, 1, 5),
    "urgent": lambda value: isinstance(value, bool),
    "tags": tags,
    "room": {
        "floor": lambda value: whole(value, -(2**53), 2**53),
        "label": lambda value: is_text(value) and len(value) <= 12,
        "plan": {"code": matches(r"[A-Z]{3}-[0-9]{4}")},
    },
    "reference": matches(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"),
    "due": lambda value: value is None or is_date(value),
    "rate": lambda value: (
        isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= 1
    ),
    "step": lambda value: whole(value, 0, 2**53) and value % 5 == 0,
}


class Grown(Api):
    """A correct server of the grown document."""

    create_shape = CREATE | {"site": lambda value: is_text(value) and len(value) >= 2}
    update_shape = UPDATE | SHAPE

    def checked(self, value: Any, shape: Shape, where: str = "body") -> Json:
        fields = super().checked(value, shape, where)
        needed = {"body": CREATE_ONLY if shape is self.create_shape else (), "body.room": ["floor"]}
        for name in needed.get(where, ()):
            if name not in fields:
                raise RefusalError(422, "ValidationError", f"{where}.{name} is needed")
        return fields

    def opened(self, user: User, sent: Json) -> Json:
        return super().opened(user, sent) | {"level": 3}

    def change(self, session: Json, sent: Json) -> None:
        room = session.get("room", {}) | sent.get("room", {})
        plan = session.get("room", {}).get("plan", {}) | sent.get("room", {}).get("plan", {})
        super().change(session, sent)
        if room:
            session["room"] = room | ({"plan": plan} if plan else {})


class ForgetsAnInteger(Grown):
    """Does not store `priority`."""

    def change(self, session: Json, sent: Json) -> None:
        super().change(session, {name: item for name, item in sent.items() if name != "priority"})


class ForgetsAnInnerString(Grown):
    """Replaces `room.plan`, and loses properties that are not sent."""

    def change(self, session: Json, sent: Json) -> None:
        super().change(session, sent)
        if "room" in sent and "plan" not in sent["room"]:
            session["room"].pop("plan", None)


class TakesBeyondABound(Grown):
    """Takes a `priority` of 6."""

    update_shape = Grown.update_shape | {"priority": lambda value: whole(value, 1, 6)}


class TakesAnyTag(Grown):
    """Takes any strings as `tags`."""

    update_shape = Grown.update_shape | {
        "tags": lambda value: isinstance(value, list) and all(map(is_text, value))
    }


class TakesAStringForABoolean(Grown):
    """Takes "true" as `urgent`."""

    update_shape = Grown.update_shape | {"urgent": lambda value: value in (True, False, "true")}


class TakesAnyCode(Grown):
    """Takes any string as `room.plan.code`."""

    update_shape = Grown.update_shape | {
        "room": {**Grown.update_shape["room"], "plan": {"code": is_text}}
    }


class NeedsNoSite(Grown):
    """Creates a session without `site`."""

    def checked(self, value: Any, shape: Shape, where: str = "body") -> Json:
        if shape is self.create_shape and isinstance(value, dict):
            value = {"site": "anywhere", **value}
        return super().checked(value, shape, where)


class Leaks(Grown):
    """Quotes a wrong `reference`."""

    def invalid(self, where: str, value: object) -> RefusalError:
        quoted = f"{where} is not valid: {value}" if "reference" in where else f"{where} is wrong"
        return RefusalError(422, "ValidationError", quoted)


class Misshapes(Grown):
    """Lists `tags` as a string."""

    def shown(self, session: Json, operation: str) -> Json:
        told = super().shown(session, operation)
        if "tags" in told and operation == "listLinkedUserSessions":
            told["tags"] = ",".join(told["tags"])
        return told


class WritesReadOnly(Grown):
    """Lets an update write `level`."""

    update_shape = Grown.update_shape | {"level": lambda value: whole(value, 0, 2**53)}


SERVERS: tuple[tuple[type[Grown], str], ...] = (
    (ForgetsAnInteger, "update-answer"),
    (ForgetsAnInnerString, "update-keeps"),
    (TakesBeyondABound, "values"),
    (TakesAnyTag, "values"),
    (TakesAStringForABoolean, "no-coercion"),
    (TakesAnyCode, "values"),
    (NeedsNoSite, "body-shape"),
    (Leaks, "message-quotes"),
    (Misshapes, "update-listed"),
    (WritesReadOnly, "unknown-members"),
)


def tokens_of(api: Grown) -> dict[str, str]:
    return {
        "token": api.token(),
        "other_token": api.token("other@example.com", "2"),
        "unlinked_token": api.token("nobody+unlinked@example.com", "3"),
    }


if __name__ == "__main__":
    print_findings(Grown, SERVERS, tokens_of)
