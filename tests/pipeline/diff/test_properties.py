"""What holds of any two schemas, checked against a validator on any value."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, Final

import jsonschema_rs
import pytest
from heidi_spec_tools.dereference import dereference
from heidi_spec_tools.differences import KINDS, Level
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tests.pipeline.diff.samples import compared, holding, kinds

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMES: Final = ("a", "b", "c")
RELAXED: Final = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.filter_too_much,
        HealthCheck.nested_given,
    ],
)

NEW_PROPERTIES: Final = frozenset(
    {"member-added", "required-member-added", "member-removed", "required-member-removed"}
)
"""A new property counts as new, although an open object allowed it before."""

values = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-3, 8),
        st.sampled_from([0.5, 1.5, 2.0]),
        st.sampled_from(["", "a", "b", "ab", "abc"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(NAMES), inner, max_size=3)
    ),
    max_leaves=4,
)
small = st.integers(0, 3)
scalars = st.sampled_from([None, True, 0, 1, 2, "a", "ab"])


def some(**properties: Any) -> st.SearchStrategy[dict[str, Any]]:
    """Make objects with some of these properties."""
    return st.fixed_dictionaries({}, optional=properties)


def schema_of(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Make schemas that hold others."""
    lists = st.lists(inner, min_size=1, max_size=3)
    known = st.dictionaries(st.sampled_from(NAMES), inner, max_size=2)
    needed = st.lists(st.sampled_from(NAMES), max_size=2, unique=True)
    return st.one_of(
        some(
            type=st.just("object"),
            properties=known,
            required=needed,
            additionalProperties=st.one_of(st.booleans(), inner),
            minProperties=small,
            maxProperties=small,
            propertyNames=st.just({"maxLength": 1}),
            patternProperties=st.dictionaries(st.just("^a"), inner, max_size=1),
            dependentRequired=st.dictionaries(st.just("a"), needed, max_size=1),
        ),
        some(
            type=st.just("array"),
            items=inner,
            prefixItems=lists,
            minItems=small,
            maxItems=small,
            uniqueItems=st.booleans(),
            contains=inner,
        ),
        st.builds(
            lambda of, parts: {of: parts}, st.sampled_from(["allOf", "anyOf", "oneOf"]), lists
        ),
        st.builds(lambda part, rest: {"not": part, **rest}, inner, some(type=st.just("string"))),
        st.builds(lambda a, b, c: {"if": a, "then": b, "else": c}, inner, inner, inner),
    )


leaves = st.one_of(
    st.booleans(),
    some(
        type=st.sampled_from(["null", "boolean", "string", "number", "integer", ["string", "null"]])
    ),
    some(
        type=st.sampled_from(["number", "integer", ["integer", "null"]]),
        minimum=small,
        maximum=small,
        exclusiveMinimum=small,
        exclusiveMaximum=small,
        multipleOf=st.sampled_from([0.5, 1, 2]),
    ),
    some(
        type=st.just("string"),
        minLength=small,
        maxLength=small,
        pattern=st.sampled_from(["^a", "b$"]),
    ),
    st.builds(lambda listed: {"enum": listed}, st.lists(scalars, min_size=1, max_size=3)),
    st.builds(lambda value: {"const": value}, scalars),
    st.sampled_from(["Short", "Cat", "Dog"]).map(lambda n: {"$ref": f"#/components/schemas/{n}"}),
)
schemas = st.recursive(leaves, schema_of, max_leaves=5)


NESTING: Final = frozenset(
    "properties patternProperties allOf anyOf oneOf prefixItems items contains additionalProperties"
    " propertyNames not if then else".split()
)


@st.composite
def mutations(draw: st.DrawFn) -> tuple[Any, Any]:
    """Make a schema, and the same one with another schema somewhere inside."""
    old = draw(schemas)
    holder = {"not": copy.deepcopy(old)}
    node, key = draw(st.sampled_from(list(spots(holder))))
    node[key] = draw(schemas)
    return old, holder["not"]


def spots(schema: Any) -> Iterator[tuple[Any, Any]]:
    """Yield each place of a schema that holds another schema."""
    for keyword in sorted(NESTING & schema.keys()):
        below = schema[keyword]
        plain = keyword not in {"properties", "patternProperties"} and not isinstance(below, list)
        holder = schema if plain else below
        keys = [keyword] if plain else range(len(below)) if isinstance(below, list) else below
        for key in keys:
            yield holder, key
            if isinstance(holder[key], dict):
                yield from spots(holder[key])


pairs = st.one_of(mutations(), st.tuples(schemas, schemas))


def validator(schema: Any) -> Any:
    document = holding(schema, sent=True)
    whole: Any = dereference({"schema": schema, "components": _plain(document["components"])})
    return jsonschema_rs.Draft202012Validator({"properties": {"it": whole["schema"]}})


def _plain(components: Any) -> Any:
    schemas_ = components["schemas"]
    return {"schemas": {name: schemas_[name] for name in ("Short", "Cat", "Dog")}}


@RELAXED
@given(schemas, st.booleans())
def test_a_document_does_not_differ_from_itself(schema: Any, sent: bool) -> None:
    assert [] == kinds(compared(holding(schema, sent=sent), holding(schema, sent=sent)))


@RELAXED
@given(schemas, st.booleans())
def test_a_dereferenced_document_does_not_differ(schema: Any, sent: bool) -> None:
    whole = holding(schema, sent=sent)
    for name in ("Tree", "ShortTree", "Nest", "PatternNest"):
        del whole["components"]["schemas"][name]
    assert [] == kinds(compared(whole, dereference(whole)))
    assert [] == kinds(compared(dereference(whole), whole))


@pytest.mark.slow
@RELAXED
@given(pairs, st.booleans())
def test_the_way_back_names_the_kinds_of_the_way_back(pair: tuple[Any, Any], sent: bool) -> None:
    # Alternatives are compared with those that fit best, which need not be the same ones back.
    assume(not any(union in str(pair) for union in ("anyOf", "oneOf", "not", "if")))
    old, new = (holding(schema, sent=sent) for schema in pair)
    there, back = compared(old, new), compared(new, old)
    assert sorted(KINDS[name].reverse for name in kinds(there)) == kinds(back)


@pytest.mark.slow
@settings(RELAXED, max_examples=200)
@given(pairs, st.booleans(), st.lists(values, min_size=1, max_size=25))
def test_what_a_change_breaks_is_never_called_harmless(
    pair: tuple[Any, Any], sent: bool, samples: list[Any]
) -> None:
    # Where both overlap, `oneOf` is read as its authors mean it: as alternatives.
    assume(not all("oneOf" in str(schema) for schema in pair))
    comparison = compared(*(holding(schema, sent=sent) for schema in pair))
    assume(not NEW_PROPERTIES & set(kinds(comparison)))
    old, new = map(validator, pair)
    accepted, accepting = (old, new) if sent else (new, old)
    broken = [
        v for v in samples if accepted.is_valid({"it": v}) and not accepting.is_valid({"it": v})
    ]
    if broken:
        assert comparison.reaches(Level.UNCERTAIN), broken[0]
