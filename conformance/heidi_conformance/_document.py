"""The document a server is judged by, and the places in it."""

from collections.abc import Iterator, Sequence
from typing import Any, cast

import heidi_spec

from ._verdict import Level, Words

Json = dict[str, Any]
ISSUER = "/jwt"
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


def load(level: Level) -> Json:
    """Return the document of a level, base or strict, without the operation that issues tokens.

    A bearer token, which all random requests carry, says nothing to that operation.
    """
    document = heidi_spec.load("base" if level == "documented" else "strict")
    document["paths"].pop(ISSUER, None)
    return document


def with_issuer(document: Json) -> Json:
    """Add the operation that issues tokens, which the documents of both levels leave to auth."""
    auth = heidi_spec.load("client")
    document["paths"][ISSUER] = auth["paths"][ISSUER]
    document["components"]["schemas"]["IssuedToken"] = auth["components"]["schemas"]["IssuedToken"]
    return document


def operations(document: Json) -> Iterator[tuple[str, str, Json]]:
    """Yield method, path and operation of every operation."""
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield method, path, item[method]


def naming(document: Json, examples: dict[str, Any]) -> Json:
    """Give parameters an example that this server knows, so that requests get past them."""
    for item in document["paths"].values():
        for part in (item, *(item[method] for method in METHODS if method in item)):
            for parameter in part.get("parameters", []):
                if parameter["name"] in examples:
                    parameter["schema"]["examples"] = [examples[parameter["name"]]]
    return document


def asserted(document: Json, level: Level) -> Json:
    """Return what the level asserts of the document. At `strict`, all of it.

    At `documented` only what the vendor's page says:
    - The page prints bodies and no status codes, so any 2xx is the success that is described.
    - It shows two errors and no rule for others, so what only `default` covers has any body.
    - What it only ever showed as null has no type that an answer could break.
    """
    if level == "strict":
        return document
    for _, _, operation in operations(document):
        responses = operation["responses"]
        responses["default"] = {"description": responses["default"]["description"]}
        operation["responses"] = {
            "2XX" if status == "200" else status: response for status, response in responses.items()
        }
    for schema in document["components"]["schemas"].values():
        for name, member in schema.get("properties", {}).items():
            if member.get("x-provenance", {}).get("status") == "unknown":
                schema["properties"][name] = {"description": member["description"]}
    return document


def places(document: Json, keys: Sequence[str | int]) -> Iterator[tuple[list[str], Any]]:
    """Yield pointer and node for the root and each key on the way, going through references."""
    pointer: list[str] = []
    node: Any = document
    yield pointer, node
    for key in keys:
        pointer, node = resolved(document, [*pointer, str(key)], node[key])
        yield pointer, node


def at(document: Json, keys: Sequence[str | int]) -> Any:
    """Return the node that the keys lead to."""
    *_, (_, node) = places(document, keys)
    return node


def resolved(document: Json, pointer: list[str], node: Any) -> tuple[list[str], Any]:
    """Follow a reference to where it leads; anything else stays."""
    while reference := member(node, "$ref"):
        parts = reference.removeprefix("#/").split("/")
        pointer = [part.replace("~1", "/").replace("~0", "~") for part in parts]
        node = document
        for part in pointer:
            node = node[part]
    return pointer, node


def words(document: Json, keys: Sequence[str | int]) -> Words:
    """Return the place that the keys lead to, with the nearest source on the way there."""
    source = ""
    pointer: list[str] = []
    for pointer, node in places(document, keys):  # noqa: B007  # the last place is wanted below
        source = member(member(node, "x-provenance"), "source") or source
    return Words(as_pointer(pointer), source)


def member(value: Any, name: str) -> Any:
    """Return a member of an object; None of anything else."""
    return cast("Json", value).get(name) if isinstance(value, dict) else None


def as_pointer(parts: Sequence[str]) -> str:
    """Spell a pointer: RFC 6901."""
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in parts)
