"""The engine against the Overlay Specification 1.1.0, sentence by sentence."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from heidi_spec_tools.documents import load
from heidi_spec_tools.overlay import OverlayError, apply

if TYPE_CHECKING:
    from heidi_spec_tools.documents import Json

OFFICIAL = Path(__file__).parents[3] / "shared" / "data" / "overlay-compliant-sets"
CASES = sorted(path.name for path in OFFICIAL.glob("*") if path.is_dir())


def overlay(*actions: Any, version: str = "1.1.0", **fields: Any) -> dict[str, Any]:
    return {
        "overlay": version,
        "info": {"title": "Test", "version": "1"},
        "actions": list(actions),
    } | fields


def applied(document: Json, *actions: Any, version: str = "1.1.0", strict: bool = False) -> Json:
    return apply(document, overlay(*actions, version=version), strict_targets=strict)


def refusal(document: Json, patch: Json, *, strict: bool = False) -> str:
    with pytest.raises(OverlayError) as caught:
        apply(document, patch, strict_targets=strict)
    message = str(caught.value)
    assert [message] == message.splitlines()
    return message


def exact(value: Json) -> str:
    """Tell 1 from true and 1.0, and one order of keys from another."""
    return json.dumps(value)


def update(target: str, value: Json) -> dict[str, Json]:
    return {"target": target, "update": value}


def remove(target: str) -> dict[str, Json]:
    return {"target": target, "remove": True}


def duplicate(target: str, source: str) -> dict[str, Json]:
    return {"target": target, "copy": source}


# The official cases


@pytest.mark.skipif(not CASES, reason=f"the official cases are not at {OFFICIAL}")
@pytest.mark.parametrize("strict", [False, True], ids=["lenient", "strict"])
@pytest.mark.parametrize("case", CASES or ["absent"])
def test_an_official_case_gives_its_official_output(case: str, strict: bool) -> None:
    folder = OFFICIAL / case
    patch = load(folder / "overlay.yaml")
    expected = load(folder / "output.yaml")
    actual = apply(load(folder / "openapi.yaml"), patch, strict_targets=strict)
    assert expected == actual


# Versions and fields


@pytest.mark.parametrize("version", ["1.0.0", "1.0.1", "1.1.0", "1.1.27"])
def test_the_patch_version_is_ignored(version: str) -> None:
    assert exact({"a": 1}) == exact(applied({}, update("$", {"a": 1}), version=version))


@pytest.mark.parametrize(
    "version",
    [
        "",
        "1",
        "1.1",
        "1.1.0-rc1",
        "1.1.0.0",
        " 1.1.0",
        "1.1.0\n",
        "1.2.0",
        "2.0.0",
        "1.1.x",
        "v1.1.0",
    ],
)
def test_another_version_is_refused(version: str) -> None:
    message = refusal({}, overlay(update("$", {}), version=version))
    assert f"overlay: version {version!r} is not supported; write 1.0.0 or 1.1.0" == message


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in overlay(update("$", {})).items() if key != name}


INVALID: dict[str, tuple[Any, str]] = {
    "null": (None, "the overlay: must be an object"),
    "array": ([], "the overlay: must be an object"),
    "text": ("overlay", "the overlay: must be an object"),
    "no version": (without("overlay"), "the overlay: 'overlay' is missing"),
    "no info": (without("info"), "the overlay: 'info' is missing"),
    "no actions": (without("actions"), "the overlay: 'actions' is missing"),
    "number as version": (overlay({}) | {"overlay": 1.1}, "'overlay' must be a string, not 1.1"),
    "list as info": (overlay({}, info=[]), "'info' must be an object, not []"),
    "no title": (overlay({}, info={"version": "1"}), "info: 'title' is missing"),
    "no version of info": (overlay({}, info={"title": "T"}), "info: 'version' is missing"),
    "number as title": (overlay({}, info={"title": 1, "version": "1"}), "'title' must be a string"),
    "number as version of info": (
        overlay({}, info={"title": "T", "version": 1.0}),
        "info: 'version' must be a string, not 1.0",
    ),
    "number as description of info": (
        overlay({}, info={"title": "T", "version": "1", "description": 1}),
        "info: 'description' must be a string",
    ),
    "misspelt info": (
        overlay({}, info={"titel": "T"}),
        "unknown field 'titel'; did you mean 'title'?",
    ),
    "number as extends": (overlay({}, extends=1), "'extends' must be a string"),
    "object as actions": (overlay({}) | {"actions": {}}, "'actions' must be an array"),
    "empty actions": (overlay(), "actions: is empty"),
    "misspelt root": (overlay({}, action=[]), "unknown field 'action'; did you mean 'actions'?"),
    "upper case": (overlay({}, Extends="a"), "unknown field 'Extends'; did you mean 'extends'?"),
    "unknown root": (overlay({}, zebra=1), "'zebra'; remove it, or start its name with x-"),
    "almost an extension": (overlay({}, xa=1), "'xa'; remove it, or start its name with x-"),
    "null action": (overlay(None), "actions[0]: must be an object"),
    "no target": (overlay({"update": 1}), "actions[0]: 'target' is missing"),
    "number as target": (overlay({"target": 1}), "actions[0]: 'target' must be a string"),
    "list as description": (
        overlay({"target": "$", "description": []}),
        "actions[0]: 'description' must be a string",
    ),
    "text as remove": (
        overlay({"target": "$.a", "remove": "true"}),
        "actions[0]: 'remove' must be true or false, not 'true'",
    ),
    "number as remove": (overlay({"target": "$.a", "remove": 1}), "must be true or false, not 1"),
    "null as remove": (overlay({"target": "$.a", "remove": None}), "must be true or false"),
    "null as copy": (overlay({"target": "$", "copy": None}), "'copy' must be a string, not None"),
    "misspelt action": (
        overlay(update("$", {}), {"target": "$", "udpate": {}}),
        "actions[1]: unknown field 'udpate'; did you mean 'update'?",
    ),
}


@pytest.mark.parametrize(("patch", "reason"), INVALID.values(), ids=INVALID)
def test_an_overlay_of_the_wrong_shape_is_refused(patch: Any, reason: str) -> None:
    assert reason in refusal({"a": 1}, patch)


def test_extensions_are_allowed_in_every_object() -> None:
    patch: Any = overlay(update("$", {"a": 1}) | {"x-a": None}) | {"x-b": [], "x-": 1}
    patch["info"]["x-c"] = {}
    assert exact({"a": 1}) == exact(apply({}, patch))


def test_descriptions_change_nothing() -> None:
    patch = overlay(update("$", {"a": 1}) | {"description": "Add a."})
    patch["info"]["description"] = "Adds a."
    assert exact({"a": 1}) == exact(apply({}, patch))


def test_a_message_names_the_action_by_its_number_and_description() -> None:
    patch = overlay(
        update("$", {"a": 1}),
        update("$.a", []) | {"description": "Tag every\n  operation, " + "and so on, " * 20},
    )
    assert refusal({}, patch).startswith("actions[1] (Tag every operation, and so on, and so on")


# Targets


@pytest.mark.parametrize(
    "query",
    [
        "",
        "info",
        "info.title",
        "$.",
        "$.a ",
        "$[",
        "$.a.length()",
        "$[?(@.a === 1)]",
        "$.a[(@.length-1)]",
        "$.a^",
        "$[?@.a =~ /x/]",
        "$[01]",
        "$[?unknown(@)]",
        "$[?@ == 1e400]",
        "$[?" + "(" * 5000 + "@" + ")" * 5000 + "]",
    ],
)
@pytest.mark.parametrize("field", ["target", "copy"])
def test_a_query_that_violates_rfc_9535_is_refused(query: str, field: str) -> None:
    message = refusal({"a": {}}, overlay({"target": "$", "copy": "$"} | {field: query}))
    assert message.startswith("actions[0]: ")
    assert message.endswith("; fix this RFC 9535 query")


def test_a_wrong_query_is_reported_before_any_action_runs() -> None:
    patch = overlay(update("$.a", {}), update("$.", 1))
    assert refusal({"a": 1}, patch).startswith("actions[1]: ")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("$[?@]", []),
        ("$[?!@]", [0, 1, "", False, None, [], {}, "a"]),
        ("$[?@ == false]", [0, 1, "", None, [], {}, "a"]),
        ("$[?@ == 0]", [1, "", False, None, [], {}, "a"]),
        ("$[?@ == null]", [0, 1, "", False, [], {}, "a"]),
        ("$[?count(@) == 1]", []),
        ("$[?length(@) == 0]", [0, 1, False, None, "a"]),
        ("$[?match(@, '[a-z]')]", [0, 1, "", False, None, [], {}]),
        ("$[-1, 0]", [1, "", False, None, [], {}]),
        ("$[::2]", [1, False, [], "a"]),
    ],
)
def test_a_filter_selects_what_rfc_9535_says(query: str, expected: Json) -> None:
    document: Json = [0, 1, "", False, None, [], {}, "a"]
    assert exact(expected) == exact(applied(document, remove(query)))


def test_a_query_reaches_names_that_need_quotes() -> None:
    document: Json = {"paths": {"/a/{b}": {"it's": {"✓": 1}}}}
    actual = applied(document, update("""$.paths['/a/{b}']["it's"]['\\u2713']""", 2))
    assert exact({"paths": {"/a/{b}": {"it's": {"✓": 2}}}}) == exact(actual)


def test_a_descendant_query_reaches_the_deepest_document_that_can_be_loaded() -> None:
    document: Json = {"tag": 1}
    for _ in range(99):
        document = {"a": document}
    assert "'tag'" not in str(applied(document, remove("$..tag")))


@pytest.mark.parametrize(
    "change", [{"update": [1]}, {"copy": "$.a"}, {"copy": "$.no"}, {"remove": True}]
)
def test_a_target_that_selects_nothing_changes_nothing(change: dict[str, Json]) -> None:
    assert exact({"a": {}}) == exact(applied({"a": {}}, {"target": "$.b", **change}))


@pytest.mark.parametrize("change", [{"update": [1]}, {"copy": "$.a"}, {"remove": True}])
def test_a_strict_target_selects_something(change: dict[str, Json]) -> None:
    message = refusal({"a": {}}, overlay({"target": "$.b", **change}), strict=True)
    assert message.startswith("actions[0]: $['b'] selects nothing; ")


@pytest.mark.parametrize("change", [{}, {"remove": False}, {"update": {"b": 1}, "copy": "$.a"}])
def test_a_strict_action_has_something_to_do(change: dict[str, Json]) -> None:
    message = refusal({"a": {}}, overlay({"target": "$", **change}), strict=True)
    assert message.startswith("actions[0]: has nothing to do; give one of update, copy and remove")


def test_a_node_selected_twice_is_changed_once() -> None:
    document: dict[str, Json] = {"a": [1, 2, 3]}
    assert exact({"a": [1, 2, 3, 4]}) == exact(applied(document, update("$['a','a']", 4)))
    assert exact({"a": [2, 3]}) == exact(applied(document, remove("$.a[0,0,-3]")))
    assert exact({"a": [1, 2, 3], "b": 3}) == exact(
        applied(document | {"b": 0}, duplicate("$.b", "$.a[2,-1]"))
    )


# Sequence


def test_each_action_is_applied_to_the_result_of_the_previous_one() -> None:
    actual = applied(
        {"a": {"old": 1}}, remove("$.a"), update("$", {"a": {"new": 2}}), update("$.a.new", 3)
    )
    assert exact({"a": {"new": 3}}) == exact(actual)


def test_identical_actions_are_each_applied() -> None:
    assert exact([3]) == exact(applied([1, 2, 3], remove("$[0]"), remove("$[0]")))


# Update


@pytest.mark.parametrize(
    ("target", "value", "expected"),
    [
        ({"a": 1}, {}, {"a": 1}),
        ({"a": 1}, {"b": 2}, {"a": 1, "b": 2}),
        ({"a": 1}, {"a": 2}, {"a": 2}),
        ({"a": 1}, {"a": None}, {"a": None}),
        ({"a": None}, {"a": 1}, {"a": 1}),
        ({"a": 1}, {"a": True}, {"a": True}),
        ({"a": "x"}, {"a": 0}, {"a": 0}),
        ({"a": [1]}, {"a": [2, 1]}, {"a": [1, 2, 1]}),
        ({"a": [1]}, {"a": []}, {"a": [1]}),
        ({"a": [[1]]}, {"a": [[2]]}, {"a": [[1], [2]]}),
        ({"a": [{"b": 1}]}, {"a": [{"b": 1}]}, {"a": [{"b": 1}, {"b": 1}]}),
        ({"a": {"b": {"c": 1}}}, {"a": {"b": {"d": 2}}}, {"a": {"b": {"c": 1, "d": 2}}}),
        ({"a": {}}, {"b": None, "c": [], "d": {}}, {"a": {}, "b": None, "c": [], "d": {}}),
    ],
)
@pytest.mark.parametrize("version", ["1.0.0", "1.1.0"])
@pytest.mark.parametrize("where", ["$", "$.deep[0]"])
def test_an_object_is_merged_recursively(
    target: Json, value: Json, expected: Json, version: str, where: str
) -> None:
    if where == "$":
        assert exact(expected) == exact(applied(target, update(where, value), version=version))
    else:
        actual = applied({"deep": [target]}, update(where, value), version=version)
        assert exact({"deep": [expected]}) == exact(actual)


IMPOSSIBLE = [
    ({"a": {"b": 1}}, {"a": 1}, "$.a: a primitive cannot be merged into an object"),
    ({"a": {}}, {"a": None}, "$.a: a primitive cannot be merged into an object"),
    ({"a": {}}, {"a": []}, "$.a: an array cannot be merged into an object"),
    ({"a": []}, {"a": 1}, "$.a: a primitive cannot be merged into an array"),
    ({"a": []}, {"a": {}}, "$.a: an object cannot be merged into an array"),
    ({"a": 1}, {"a": {}}, "$.a: an object cannot be merged into a primitive"),
    ({"a": None}, {"a": {}}, "$.a: an object cannot be merged into a primitive"),
    ({"a": "x"}, {"a": []}, "$.a: an array cannot be merged into a primitive"),
    ({"/a": {"b c": 1}}, {"/a": {"b c": []}}, "$['/a']['b c']: an array cannot be merged"),
    ({}, [], "$: an array cannot be merged into an object"),
    ({}, 1, "$: a primitive cannot be merged into an object"),
    ({}, None, "$: a primitive cannot be merged into an object"),
]


@pytest.mark.parametrize(("target", "value", "reason"), IMPOSSIBLE)
@pytest.mark.parametrize("version", ["1.0.0", "1.1.0"])
def test_an_impossible_merge_is_refused(
    target: Json, value: Json, reason: str, version: str
) -> None:
    patch = overlay(update("$", value), version=version)
    assert f"actions[0]: {reason}" in refusal(target, patch)


@pytest.mark.parametrize(("target", "value", "reason"), IMPOSSIBLE)
def test_an_impossible_copy_is_refused(target: Json, value: Json, reason: str) -> None:
    message = refusal({"t": target, "s": value}, overlay(duplicate("$.t", "$.s")))
    assert f"actions[0]: {reason.replace('$', '$.t', 1)}" in message


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"b": 1}, [{"a": 1}, {"b": 1}]),
        ({}, [{"a": 1}, {}]),
        ("text", [{"a": 1}, "text"]),
        (0, [{"a": 1}, 0]),
        (False, [{"a": 1}, False]),
        (None, [{"a": 1}, None]),
        ([], [{"a": 1}]),
        ([2, [3]], [{"a": 1}, 2, [3]]),
    ],
)
def test_an_array_is_concatenated_with_an_array_and_takes_any_other_value_as_an_entry(
    value: Json, expected: Json
) -> None:
    document: Json = {"list": [{"a": 1}], "value": value}
    assert exact({"list": expected, "value": value}) == exact(
        applied(document, update("$.list", value))
    )
    assert exact({"list": expected, "value": value}) == exact(
        applied(document, duplicate("$.list", "$.value"))
    )


def test_an_array_may_be_the_root() -> None:
    assert exact([1, 2]) == exact(applied([1], update("$", 2)))


@pytest.mark.parametrize("old", ["text", 0, 1.5, True, None])
@pytest.mark.parametrize("new", ["other", 7, 2.5, False, None])
def test_a_primitive_is_replaced_by_a_primitive(old: Json, new: Json) -> None:
    assert exact({"a": [new]}) == exact(applied({"a": [old]}, update("$.a[0]", new)))
    assert exact({"a": new, "b": new}) == exact(
        applied({"a": old, "b": new}, duplicate("$.a", "$.b"))
    )
    assert exact(new) == exact(applied(old, update("$", new)))


@pytest.mark.parametrize("value", [{}, {"b": 1}, [], [1]])
def test_a_primitive_is_replaced_by_nothing_but_a_primitive(value: Json) -> None:
    assert "cannot be merged into a primitive" in refusal({"a": 1}, overlay(update("$.a", value)))


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ({"a": {}, "b": []}, "selects an array ($.b) and an object ($.a); select one kind"),
        ({"a": {}, "b": 1}, "selects a primitive ($.b) and an object ($.a); select one kind"),
        ([[], None], "selects a primitive ($[1]) and an array ($[0]); select one kind"),
    ],
)
@pytest.mark.parametrize("change", [{"update": {}}, {"copy": "$"}])
def test_the_nodes_of_an_update_or_a_copy_are_of_one_kind(
    document: Json, reason: str, change: dict[str, Json]
) -> None:
    assert f"actions[0]: {reason}" == refusal(document, overlay({"target": "$.*", **change}))


def test_the_primitives_of_an_update_may_be_of_several_types() -> None:
    assert exact([0, 0, 0, 0]) == exact(applied([1, "a", None, True], update("$.*", 0)))


def test_every_target_gets_its_own_copy() -> None:
    actual = applied(
        {"a": {}, "b": {}}, update("$.*", {"tags": {"list": []}}), update("$.a.tags.list", 1)
    )
    assert exact({"a": {"tags": {"list": [1]}}, "b": {"tags": {"list": []}}}) == exact(actual)


def test_every_array_gets_its_own_entry() -> None:
    actual = applied({"a": [], "b": []}, update("$.*", {"n": 1}), update("$.a[0].n", 2))
    assert exact({"a": [{"n": 2}], "b": [{"n": 1}]}) == exact(actual)
    actual = applied({"a": [], "b": []}, update("$.*", [{"n": 1}]), update("$.a[0].n", 2))
    assert exact({"a": [{"n": 2}], "b": [{"n": 1}]}) == exact(actual)


def test_an_object_that_occurs_in_two_places_is_changed_in_one() -> None:
    shared: dict[str, Json] = {"n": 1}
    assert exact({"a": {"n": 2}, "b": {"n": 1}}) == exact(
        applied({"a": shared, "b": shared}, update("$.a.n", 2))
    )


def test_a_selected_node_inside_a_selected_node_is_updated_too() -> None:
    document: Json = {"type": "object", "properties": {"a": {"type": "object", "properties": {}}}}
    inner: Json = {"type": "object", "properties": {}, "x": [1]}
    expected: Json = {"type": "object", "properties": {"a": inner}, "x": [1]}
    actual = applied({"s": document}, update("$..[?@.type == 'object']", {"x": [1]}))
    assert exact({"s": expected}) == exact(actual)


def test_nodes_that_an_update_creates_are_not_targets_of_it() -> None:
    assert exact({"a": {"b": {}}}) == exact(applied({"a": {}}, update("$..a", {"b": {}})))
    assert exact({"a": {"a": {}}}) == exact(applied({"a": {}}, update("$..a", {"a": {}})))


def test_keys_keep_their_order_and_new_ones_follow_in_the_order_of_the_update() -> None:
    actual = applied({"z": 1, "a": 2, "m": {"y": 1}}, update("$", {"k": 0, "m": {"b": 0}, "z": 9}))
    assert exact({"z": 9, "a": 2, "m": {"y": 1, "b": 0}, "k": 0}) == exact(actual)


# Remove


@pytest.mark.parametrize(
    ("document", "target", "expected"),
    [
        ({"a": 1, "b": 2}, "$.a", {"b": 2}),
        ({"a": {"b": [1]}}, "$.a.b", {"a": {}}),
        ([0, 1, 2, 3], "$[1]", [0, 2, 3]),
        ([0, 1, 2, 3], "$[-1]", [0, 1, 2]),
        ([0, 1, 2, 3], "$[0, 2]", [1, 3]),
        ([0, 1, 2, 3], "$[2, 0]", [1, 3]),
        ([0, 1, 2, 3], "$[::-1]", []),
        ([0, 1, 2, 3], "$[1:3]", [0, 3]),
        (list(range(12)), "$[?@ > 1]", [0, 1]),
        ({"a": ["x", "dummy", "y", "dummy"]}, "$.a[?@ == 'dummy']", {"a": ["x", "y"]}),
        ({"a": {"a": {"b": 1}}}, "$..a", {}),
        ({"a": [[1, 2], [3]], "b": [4]}, "$..[0]", {"a": [[]], "b": []}),
        ({"a": 1, "b": [], "c": {}, "d": None}, "$.*", {}),
        ({"a": [{"x": 1}, {"x": 2, "y": 3}]}, "$.a[*].x", {"a": [{}, {"y": 3}]}),
        ([None, False, 0, ""], "$[*]", []),
    ],
)
@pytest.mark.parametrize("version", ["1.0.0", "1.1.0"])
def test_every_selected_node_is_removed_from_its_map_or_array(
    document: Json, target: str, expected: Json, version: str
) -> None:
    assert exact(expected) == exact(applied(document, remove(target), version=version))


@pytest.mark.parametrize("document", [{"a": 1}, [1], None, "text"])
def test_the_root_cannot_be_removed(document: Json) -> None:
    assert "actions[0]: $: the root is in no map or array" in refusal(
        document, overlay(remove("$"))
    )


@pytest.mark.parametrize("change", [{}, {"remove": False}])
def test_an_action_without_a_modifier_changes_nothing(change: dict[str, Json]) -> None:
    assert exact({"a": 1}) == exact(applied({"a": 1}, {"target": "$.a", **change}))


def test_remove_false_does_not_disable_the_update() -> None:
    assert exact({"a": 2}) == exact(applied({"a": 1}, update("$.a", 2) | {"remove": False}))
    actual = applied({"a": 1, "b": 2}, duplicate("$.a", "$.b") | {"remove": False})
    assert exact({"a": 2, "b": 2}) == exact(actual)


@pytest.mark.parametrize(
    "change", [{"update": {"b": 1}}, {"update": []}, {"copy": "$.c"}, {"copy": "$.*"}]
)
def test_remove_disables_update_and_copy(change: dict[str, Json]) -> None:
    assert exact({"c": {}}) == exact(applied({"a": {}, "c": {}}, remove("$.a") | change))


# Copy


def test_a_copy_merges_the_source_into_each_target() -> None:
    paths: Json = {
        "/items": {"get": {"n": [1]}},
        "/some": {"delete": {}},
        "/other": {"get": {"n": [0]}},
    }
    expected: Json = {
        "/items": {"get": {"n": [1]}},
        "/some": {"delete": {}, "get": {"n": [1]}},
        "/other": {"get": {"n": [0, 1]}},
    }
    actual = applied({"paths": paths}, duplicate("$.paths['/some', '/other']", "$.paths['/items']"))
    assert exact({"paths": expected}) == exact(actual)


def test_a_copy_reads_the_result_of_earlier_actions() -> None:
    actual = applied(
        {"paths": {"/items": {"get": 1}}},
        update("$.paths", {"/new": {}}),
        duplicate("$.paths['/new']", "$.paths['/items']"),
        remove("$.paths['/items']"),
    )
    assert exact({"paths": {"/new": {"get": 1}}}) == exact(actual)


@pytest.mark.parametrize(
    ("source", "count"), [("$.missing", 0), ("$.*", 2), ("$.a[*]", 2), ("$..z", 0)]
)
def test_a_copy_has_exactly_one_source(source: str, count: int) -> None:
    message = refusal({"a": [1, 2], "b": {}}, overlay(duplicate("$.b", source)))
    assert message.startswith("actions[0]: copy: $")
    assert message.endswith(f"selects {count} nodes; select exactly one")


def test_a_copy_does_not_follow_later_changes_of_its_source() -> None:
    actual = applied({"a": {"n": []}, "b": {}}, duplicate("$.b", "$.a"), update("$.a.n", 1))
    assert exact({"a": {"n": [1]}, "b": {"n": []}}) == exact(actual)


def test_a_source_may_contain_its_target_or_be_it() -> None:
    assert exact({"a": {"a": {}, "b": 1}, "b": 1}) == exact(
        applied({"a": {}, "b": 1}, duplicate("$.a", "$"))
    )
    actual = applied({"a": {"b": {"c": 1}}}, duplicate("$", "$.a"))
    assert exact({"a": {"b": {"c": 1}}, "b": {"c": 1}}) == exact(actual)
    assert exact([1, 2, 1, 2]) == exact(applied([1, 2], duplicate("$", "$")))


def test_a_source_is_read_before_the_first_target_changes() -> None:
    actual = applied({"a": [1], "b": [2]}, duplicate("$.*", "$.a"))
    assert exact({"a": [1, 1], "b": [2, 1]}) == exact(actual)


def test_update_and_copy_together_do_nothing() -> None:
    actual = applied({"a": {}, "b": {"c": 1}}, update("$.a", {"d": 1}) | {"copy": "$.b"})
    assert exact({"a": {}, "b": {"c": 1}}) == exact(actual)
    actual = applied({"a": {}, "b": {"c": 1}}, update("$.a", None) | {"copy": "$.b"})
    assert exact({"a": {}, "b": {"c": 1}}) == exact(actual)


# Where 1.0 differs


def test_1_0_has_no_copy() -> None:
    message = refusal({"a": {}}, overlay(duplicate("$", "$.a"), version="1.0.0"))
    expected = "actions[0]: 'copy' is new in 1.1; write overlay: 1.1.0"
    assert expected == message


def test_1_0_has_no_description_of_the_overlay() -> None:
    info = {"title": "T", "version": "1", "description": "D"}
    message = refusal({}, overlay(update("$", {}), version="1.0.0", info=info))
    expected = "info: 'description' is new in 1.1; write overlay: 1.1.0"
    assert expected == message


@pytest.mark.parametrize("value", [1, "text", None, False])
def test_1_0_updates_no_primitive(value: Json) -> None:
    message = refusal({"a": value}, overlay(update("$.a", 2), version="1.0.1"))
    expected = "actions[0]: $.a: 1.0 updates no primitive; write overlay: 1.1.0"
    assert expected == message


def test_1_0_appends_an_array_to_an_array_as_one_entry() -> None:
    assert exact({"a": [1, [2]]}) == exact(applied({"a": [1]}, update("$.a", [2]), version="1.0.0"))
    assert exact({"a": [1, 2]}) == exact(applied({"a": [1]}, update("$.a", 2), version="1.0.0"))


def test_1_0_concatenates_arrays_inside_objects() -> None:
    assert exact({"a": [1, 2]}) == exact(
        applied({"a": [1]}, update("$", {"a": [2]}), version="1.0.0")
    )


def test_1_0_updates_objects_and_arrays_together() -> None:
    actual = applied({"a": {}, "b": []}, update("$.*", {"c": 1}), version="1.0.0")
    assert exact({"a": {"c": 1}, "b": [{"c": 1}]}) == exact(actual)


# Purity


def test_the_arguments_are_not_changed_and_share_nothing_with_the_result() -> None:
    document: Json = {"a": {"b": [1]}, "c": [{"d": 1}]}
    patch: Json = overlay(
        update("$.a.b", [{"e": []}]), update("$", {"f": {"g": []}}), duplicate("$.f", "$.a")
    )
    before = copy.deepcopy((document, patch))
    result = apply(document, patch)
    after = apply(result, overlay(update("$..[?@.e].e", 1), update("$.f.g", 1), remove("$.c[0].d")))
    assert result != after
    assert before == (document, patch)


def test_a_refused_overlay_does_not_change_the_arguments() -> None:
    document: Json = {"a": {"b": 1}}
    refusal(document, overlay(update("$.a", {"b": 2}), update("$.a", [])))
    assert exact({"a": {"b": 1}}) == exact(document)


def test_a_document_that_grows_too_deep_is_refused_in_one_line() -> None:
    doubling = [duplicate(f"$.{'a.' * (2**n - 1)}a", "$") for n in range(12)]
    assert "nests too deep" in refusal({"a": {}}, overlay(*doubling))
