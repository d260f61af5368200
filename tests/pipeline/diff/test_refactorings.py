"""The same document in other words is no change; one narrower schema, however deep, is a change."""

from __future__ import annotations

import copy
from random import Random
from typing import TYPE_CHECKING, Any, Final

import pytest
from heidi_spec_tools.differences import Level
from hypothesis import given
from hypothesis import strategies as st

from tests.pipeline.diff.samples import compared, holding
from tests.pipeline.diff.test_documents import PETS
from tests.pipeline.diff.test_properties import RELAXED, schemas, spots

if TYPE_CHECKING:
    from collections.abc import Callable


LISTS_WITHOUT_ORDER: Final = frozenset({"required", "enum", "type", "tags", "anyOf", "oneOf"})


# Refactorings; each changes a document in place, but not its meaning.


def spot(document: Any, random: Random) -> tuple[Any, Any]:
    """Choose the place of a schema."""
    media = document["paths"]["/it"]["post"]["requestBody"]["content"]["application/json"]
    return random.choice([(media, "schema"), *spots(media["schema"])])


def extract(document: Any, random: Random) -> None:
    holder, key = spot(document, random)
    name = f"New{len(document['components']['schemas'])}"
    document["components"]["schemas"][name] = holder[key]
    holder[key] = {"$ref": f"#/components/schemas/{name}"}


def inline(document: Any, random: Random) -> None:
    media = document["paths"]["/it"]["post"]["requestBody"]["content"]["application/json"]
    references = [
        (holder, key)
        for holder, key in [(media, "schema"), *spots(media["schema"])]
        if isinstance(holder[key], dict) and "$ref" in holder[key]
    ]
    if references:
        holder, key = random.choice(references)
        name = holder[key]["$ref"].rsplit("/", 1)[-1]
        holder[key] = copy.deepcopy(document["components"]["schemas"][name])


def wrap(document: Any, random: Random) -> None:
    holder, key = spot(document, random)
    holder[key] = {random.choice(["allOf", "anyOf", "oneOf"]): [holder[key]]}


def shuffle(document: Any, random: Random) -> None:
    for key, child in random.sample(list(document.items()), len(document)):
        document[key] = document.pop(key)
        if isinstance(child, dict):
            shuffle(child, random)
        elif isinstance(child, list):
            for item in child:
                if isinstance(item, dict):
                    shuffle(item, random)
            if key in LISTS_WITHOUT_ORDER:
                random.shuffle(child)


def add_unused(document: Any, random: Random) -> None:
    name = f"Unused{random.randrange(1000)}"
    document["components"]["schemas"][name] = {"type": "string", "maxLength": 1}


def rename_variable(document: Any, random: Random) -> None:
    old = next(path for path in document["paths"] if path.startswith("/pets/"))
    name = f"id{random.randrange(1000)}"
    item = document["paths"].pop(old)
    for parameter in (*item.get("parameters", []), *item["get"].get("parameters", [])):
        parameter["name"] = name
    document["paths"][f"/pets/{{{name}}}"] = item


def move_parameters(document: Any, random: Random) -> None:
    item = next(item for path, item in document["paths"].items() if path.startswith("/pets/"))
    places = [item, item["get"]]
    random.shuffle(places)
    to, source = places
    to["parameters"] = [*to.get("parameters", []), *source.pop("parameters", [])]


REFACTORINGS: Final[tuple[Callable[[Any, Random], None], ...]] = (
    extract,
    inline,
    wrap,
    shuffle,
    add_unused,
    rename_variable,
    move_parameters,
)


@pytest.mark.slow
@RELAXED
@given(
    schemas,
    st.lists(st.sampled_from(REFACTORINGS), min_size=1, max_size=6),
    st.randoms(use_true_random=False),
)
def test_a_refactoring_is_no_change(
    schema: Any, steps: list[Callable[[Any, Random], None]], random: Random
) -> None:
    old = holding(schema, sent=True)
    old["paths"] |= copy.deepcopy(PETS["paths"])
    new = copy.deepcopy(old)
    for step in steps:
        step(new, random)
    assert [] == [change.message for change in compared(old, new).changes]
    assert [] == [change.message for change in compared(new, old).changes]


# Contexts; each puts a schema deeper.

CONTEXTS: Final[dict[str, Callable[[Any], Any]]] = {
    "property": lambda inner: {"type": "object", "properties": {"a": inner}, "required": ["a"]},
    "other property": lambda inner: {"type": "object", "additionalProperties": inner},
    "item": lambda inner: {"type": "array", "items": inner},
    "first item": lambda inner: {"type": "array", "prefixItems": [inner]},
    "part": lambda inner: {"allOf": [inner, {"title": "Whole"}]},
    "or null": lambda inner: {"oneOf": [{"type": "null"}, inner]},
    "or a number": lambda inner: {"anyOf": [inner, {"type": "number"}]},
}

NARROWER: Final[dict[str, tuple[Any, Any]]] = {
    "length": ({"type": "string", "maxLength": 9}, {"type": "string", "maxLength": 8}),
    "least length": ({"type": "string"}, {"type": "string", "minLength": 1}),
    "pattern": ({"type": "string"}, {"type": "string", "pattern": "^a"}),
    "format": ({"type": "string"}, {"type": "string", "format": "uuid"}),
    "values": ({"enum": ["a", "b"]}, {"enum": ["a"]}),
    "list of values": ({"type": "string"}, {"type": "string", "enum": ["a"]}),
    "type": ({"type": ["string", "boolean"]}, {"type": "string"}),
    "items": ({"type": "array"}, {"type": "array", "maxItems": 3}),
    "required": (
        {"type": "object", "properties": {"b": {}}},
        {"type": "object", "properties": {"b": {}}, "required": ["b"]},
    ),
    "closed": ({"type": "object"}, {"type": "object", "additionalProperties": False}),
}


@pytest.mark.slow
@RELAXED
@given(
    st.sampled_from(sorted(NARROWER)),
    st.lists(st.sampled_from(sorted(CONTEXTS)), max_size=4),
    st.booleans(),
)
def test_one_narrower_schema_breaks_who_sends_and_never_who_reads(
    name: str, contexts: list[str], sent: bool
) -> None:
    wide, narrow = NARROWER[name]
    for context in contexts:
        wide, narrow = CONTEXTS[context](wide), CONTEXTS[context](narrow)
    old, new = holding(wide, sent=sent), holding(narrow, sent=sent)
    for before, after, breaks in ((old, new, sent), (new, old, not sent)):
        comparison = compared(before, after)
        assert breaks == comparison.breaking
        assert comparison.reaches(Level.MINOR)


@pytest.mark.parametrize("refactoring", REFACTORINGS)
def test_a_refactoring_changes_the_document(
    refactoring: Callable[[Any, Random], None],
) -> None:
    """A refactoring that did nothing would prove nothing."""
    random = Random(1)  # noqa: S311 -- no secret, only a choice
    old = holding({"allOf": [{"$ref": "#/components/schemas/Short"}]}, sent=True)
    old["paths"] |= copy.deepcopy(PETS["paths"])
    new = copy.deepcopy(old)
    refactoring(new, random)
    assert str(old) != str(new)
