"""The document a server is judged by, and the places in it."""

import json
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, cast

import heidi_spec
import yaml

from heidi_conformance._verdict import CannotJudgeError, Level, Words

Json = dict[str, Any]
# Provenance of what the vendor's page says; anything else is our reading.
SAID = ("documented", "example")
# Provenance of what the vendor does not say, or contradicts.
READINGS = ("inferred", "unknown", "anomaly")
# A folder with other documents to judge by, read once in a process.
FOLDER = os.environ.get("HEIDI_DOCUMENTS", "")
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


def load(level: Level) -> Json:
    """Return the document of a level, with the operations that issue tokens.

    The base document leaves those to an overlay, and no finding of its level is about them.
    Raises CannotJudgeError if the folder that is named does not hold it.
    """
    if level == "strict":
        return parsed("strict")
    document, complete = parsed("base"), parsed("client", "strict")
    for path, item in complete["paths"].items():
        document["paths"].setdefault(path, item)
    for kind, named in complete["components"].items():
        document["components"][kind] = named | document["components"].get(kind, {})
    return document


def parsed(*names: Literal["base", "client", "strict"]) -> Json:
    """Return the first of some documents that exists, parsed at each call."""
    if not FOLDER:
        return heidi_spec.load(names[0])
    for name in names:
        for suffix in (".json", ".yaml"):
            path = Path(FOLDER, name + suffix)
            if path.exists():
                return read_document(path)
    raise CannotJudgeError(
        f"{FOLDER} has no {names[-1]}.yaml; give a folder with base.yaml and strict.yaml"
    )


def read_document(path: Path) -> Json:
    """Return a document in JSON or YAML. Raises CannotJudgeError."""
    try:
        text = path.read_text(encoding="utf-8")
        told = json.loads(text) if path.suffix == ".json" else yaml.load(text, Loader)  # noqa: S506  # plain
        # Aliases are copied, so that no two places share an object.
        return cast("Json", json.loads(json.dumps(told)))
    except (OSError, TypeError, ValueError, yaml.YAMLError):
        raise CannotJudgeError(f"{path} is not a document that can be read") from None


class Loader(yaml.SafeLoader):
    """Reads YAML as JSON: what looks like a date stays a string."""


Loader.yaml_implicit_resolvers = {
    mark: [(tag, form) for tag, form in known if not tag.endswith(("timestamp", "bool"))]
    for mark, known in Loader.yaml_implicit_resolvers.items()
}
Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("true|false"), ["t", "f"])  # pyright: ignore[reportUnknownMemberType]  # untyped


def open_to(document: Json, scheme: str) -> Json:
    """Leave out the operations that ask for another credential than that of a security scheme."""
    usual = document.get("security", [])
    for method, path, operation in list(operations(document)):
        needs = operation.get("security", usual)
        if needs and not any(scheme in need for need in needs):
            del document["paths"][path][method]
    document["paths"] = {
        path: item for path, item in document["paths"].items() if item.keys() & {*METHODS}
    }
    return document


def operations(document: Json) -> Iterator[tuple[str, str, Json]]:
    """Yield method, path and operation of every operation."""
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield method, path, item[method]


def asserted(document: Json, level: Level) -> Json:
    """Return what the level asserts of the document. At `strict`, all of it.

    At `documented` only what the vendor's page says:
    - A node, or a keyword of it, that is our reading is left out.
    - The page prints bodies and no status codes, so any 2xx is the success that is described.
    - It shows two errors and no rule for others, so what only `default` covers has any body.
    - A body that may be left out by our reading alone is sent.
    """
    if level == "strict":
        return document
    for _, _, operation in operations(document):
        responses = operation["responses"]
        if "default" in responses:
            responses["default"] = {"description": responses["default"]["description"]}
        success = [status for status in responses if status.startswith("2")]
        if len(success) == 1 and is_reading(responses[success[0]]):
            operation["responses"] = {
                "2XX" if status in success else status: node for status, node in responses.items()
            }
        if "requestBody" in operation and is_reading(operation["requestBody"]):
            operation["requestBody"]["required"] = True
    schemas = document["components"]["schemas"]
    document["components"]["schemas"] = {name: said(node) for name, node in schemas.items()}
    return document


def is_reading(node: Any) -> bool:
    """Whether a node of the document is our reading, not the vendor's statement."""
    return property_of(property_of(node, "x-provenance"), "status") in READINGS


def said(node: Any) -> Any:
    """Return what the vendor says of a schema: without nodes and keywords that are our reading."""
    if isinstance(node, list):
        return [said(item) for item in cast("list[object]", node)]
    if not isinstance(node, dict):
        return node
    schema = cast("Json", node)
    if is_reading(schema):
        return {word: schema[word] for word in ("description", "x-provenance") if word in schema}
    inferred = property_of(schema.get("x-provenance"), "inferred") or ()
    return {word: said(item) for word, item in schema.items() if word not in inferred}


def expanded(document: Json, node: Any, within: tuple[str, ...] = ()) -> Any:
    """Return a node with references replaced by what they lead to; one to itself is left out.

    The parts of an `allOf` are merged where that says the same.
    """
    if isinstance(node, list):
        return [expanded(document, item, within) for item in cast("list[object]", node)]
    if not isinstance(node, dict):
        return node
    known = cast("Json", node)
    reference = known.get("$ref")
    if not isinstance(reference, str):
        return composed({name: expanded(document, item, within) for name, item in known.items()})
    if reference in within:
        return {}
    _, target = resolved(document, [], {"$ref": reference})
    beside = {name: item for name, item in known.items() if name != "$ref"}
    return {**expanded(document, target, (*within, reference)), **beside}


def composed(schema: Json) -> Json:
    """Return an expanded schema with its `allOf` in it, but for parts that merging would change."""
    parts = as_array(schema.get("allOf"))
    if parts is None or CLOSING & schema.keys():
        return schema
    told = {word: item for word, item in schema.items() if word != "allOf"}
    apart: list[Any] = []
    for part in parts:
        known = as_object(part)
        if known is None or CLOSING & known.keys() or not agree(told, known):
            apart.append(part)
            continue
        properties = {**known.get("properties", {}), **told.get("properties", {})}
        required = [*dict.fromkeys((*told.get("required", ()), *known.get("required", ())))]
        told = {**known, **told}
        told |= {"properties": properties} if properties else {}
        told |= {"required": required} if required else {}
    return {**told, "allOf": apart} if apart else told


# With these keywords, a schema also covers the properties or items beside them.
CLOSING = {
    "additionalProperties", "patternProperties", "unevaluatedItems", "unevaluatedProperties",
}  # fmt: skip
# What one of these says depends on the others of its group.
GROUPS = (
    {"items", "prefixItems"},
    {"contains", "minContains", "maxContains"},
    {"if", "then", "else"},
)
# These do not decide what is valid, so that the nearest one holds.
ANNOTATIONS = {"title", "description", "examples", "default", "deprecated"}


def agree(one: Json, other: Json) -> bool:
    """Whether no keyword of two schemas says two things."""
    known = one.get("properties", {})
    properties = other.get("properties", {})
    shared = (one.keys() & other.keys()) - ANNOTATIONS - {"properties", "required"}
    both = [(one.keys() & group, other.keys() & group) for group in GROUPS]
    return (
        all(one[word] == other[word] for word in shared if not word.startswith("x-"))
        and all(known[name] == properties[name] for name in known.keys() & properties.keys())
        and all(mine == theirs for mine, theirs in both if mine and theirs)
    )


NONE: frozenset[str] = frozenset()


def without(
    document: Json,
    node: Any,
    flag: Literal["readOnly", "writeOnly"],
    instead: Json | None = None,
    beside: frozenset[str] = NONE,
    *,
    within: frozenset[str] = NONE,
) -> Any:
    """Return a node without the properties of a flag, or with another schema for each.

    No request sets what is `readOnly`, and no response shows what is `writeOnly`. A property that
    has the flag in one part of an `allOf` has it in all parts. beside: names that are hidden in the
    schema whose `allOf` holds this one. within: references that were replaced on the way here.
    """
    if isinstance(node, list):
        each = cast("list[object]", node)
        return [without(document, item, flag, instead, beside, within=within) for item in each]
    if not isinstance(node, dict):
        return node
    schema = cast("Json", node)
    hidden = beside | flagged(document, schema, flag)
    reference = schema.get("$ref")
    if isinstance(reference, str) and reference not in within:
        target = pointed(document, reference[1:])
        if hidden > flagged(document, target, flag):
            # It may require what is hidden in this place alone.
            schema = {**schema, "allOf": [*schema.get("allOf", ()), target]}
            del schema["$ref"]
            within |= {reference}
    copy: Json = {
        word: without(
            document, item, flag, instead, hidden if word == "allOf" else NONE, within=within
        )
        for word, item in schema.items()
    }
    if hidden and (known := as_object(copy.get("properties"))):
        left = {name: item for name, item in known.items() if name not in hidden}
        forbidden = dict.fromkeys(known.keys() & hidden, instead)
        copy["properties"] = left if instead is None else left | forbidden
    if hidden and "required" in copy:
        copy["required"] = [name for name in copy["required"] if name not in hidden]
    return copy


def flagged(document: Json, schema: Any, flag: str) -> frozenset[str]:
    """Return the properties of a schema, in whichever part of it, that have a flag."""
    return frozenset(
        name
        for part in parts_of(document, schema)
        for name, item in (as_object(part.get("properties")) or {}).items()
        if any(each.get(flag) is True for each in parts_of(document, item))
    )


def parts_of(document: Json, schema: Any) -> Iterator[Json]:
    """Yield a schema, what it refers to, and the parts of its `allOf`, with theirs."""
    known = as_object(schema)
    if known is None:
        return
    yield known
    reference = known.get("$ref")
    target = pointed(document, reference[1:]) if isinstance(reference, str) else None
    for part in (target, *(as_array(known.get("allOf")) or ())):
        yield from parts_of(document, part)


def pointed(value: Any, pointer: str) -> Any:
    """Return what a JSON Pointer (RFC 6901) leads to in a value; None if there is nothing there."""
    for part in pointer.split("/")[1:]:
        value = property_of(value, part.replace("~1", "/").replace("~0", "~"))
    return value


def resolved(document: Json, pointer: list[str], node: Any) -> tuple[list[str], Any]:
    """Follow a reference to where it leads; anything else stays."""
    while reference := property_of(node, "$ref"):
        parts = reference.removeprefix("#/").split("/")
        pointer = [part.replace("~1", "/").replace("~0", "~") for part in parts]
        node = document
        for part in pointer:
            node = node[part]
    return pointer, node


def words(document: Json, keys: Sequence[str]) -> Words:
    """Return the place that the keys lead to, as far as the document goes, with its source.

    That is the nearest one on the way there.
    """
    pointer: list[str] = []
    node: Any = document
    source = ""
    for key in keys:
        if property_of(node, key) is None:
            break
        pointer, node = resolved(document, [*pointer, key], node[key])
        source = property_of(property_of(node, "x-provenance"), "source") or source
    return Words(as_pointer(pointer), source)


def property_of(value: Any, name: str) -> Any:
    """Return a property of an object; None of anything else."""
    return cast("Json", value).get(name) if isinstance(value, dict) else None


def as_id(value: Any) -> str | None:
    """Return an id as a path has it, a string or an integer; None for anything else."""
    whole = isinstance(value, int) and not isinstance(value, bool)
    return str(value) if whole else value if isinstance(value, str) else None


def as_object(value: Any) -> Json | None:
    """Return a value that is an object, None for any other."""
    return cast("Json", value) if isinstance(value, dict) else None


def as_array(value: Any) -> list[Any] | None:
    """Return a value that is an array, None for any other."""
    return cast("list[object]", value) if isinstance(value, list) else None


def as_pointer(parts: Sequence[str]) -> str:
    """Spell a pointer: RFC 6901."""
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in parts)
