"""Values that random choice would hardly hit, by the name of the parameter or member."""

from collections.abc import Iterator
from typing import Any

from heidi_conformance._document import METHODS, Json
from heidi_conformance._history import NEAR, UnboundError, near_miss
from heidi_conformance.contract._operations import LIST, MAIN, OPERATIONS
from heidi_conformance.contract._values import STRINGS, sendable

Values = list[str | int | float]
# How often a value comes from here: all else is left to chance.
PROBABILITY = 0.3
IDS = ("0", "-1", "null", "9" * 39, "Linked-User", "linked_user", "\u0661", "%00")
SIZES = (1, 2, 9, 10, 11, 99, 100, 0, -1, 101, 2**31, 2**63, "ten", "1.0", "1e1", "\u0661\u0660")
PAGES = ("0", "1", "-1", "99999999", "null", "no-such-page", "\u0661", "a" * 300)
ODD = ("0x10", "\u0000", "\ufeff", "' OR '1'='1", "${x}", "../..")


def near(resource_id: str) -> Iterator[str]:
    """Yield ids that are almost that of a session."""
    yield resource_id
    for name in NEAR:
        try:
            yield near_miss(name, resource_id)
        except UnboundError:
            continue
    yield from (f"0{resource_id}", f"{resource_id} ", f"{resource_id}.0", f"+{resource_id}")


def dictionaries(document: Json, examples: dict[str, Any]) -> dict[str, Values]:
    """Return values by parameter, spelled `query.name` or `body.outer.inner`.

    examples: values that this server knows, by the name of the parameter.
    """
    words, parameter = OPERATIONS[LIST].page, MAIN.parameter
    known = examples.get(parameter)
    pages = [examples[words.token]] if words.token in examples else []
    parameters: dict[str, Values] = {
        f"path.{parameter}": [*IDS, *(near(known) if known else ())],
        f"query.{words.size}": [*SIZES],
        f"query.{words.token}": [*pages, *PAGES, *ODD],
    }
    declared = {
        f"{node['in']}.{node['name']}"
        for item in document["paths"].values()
        for part in (item, *(item[method] for method in METHODS if method in item))
        for node in part.get("parameters", [])
    }
    texts = [text for text in STRINGS if len(text) < 100]
    send = sendable()
    members = {
        f"body.{name}": [
            *filter(scalar, (*values, *send.invalid.get(name, ()))),
            *(texts if name in send.texts else ()),
        ]
        for name, values in send.valid.items()
    }
    return {name: values for name, values in parameters.items() if name in declared} | {
        name: values for name, values in members.items() if values
    }


def scalar(value: Any) -> bool:
    """Whether a dictionary can hold a value."""
    return isinstance(value, str | int | float) and not isinstance(value, bool)


def settings_of(values: dict[str, Values]) -> dict[str, Any]:
    """Return dictionaries as the settings of Schemathesis have them."""
    return {
        "dictionaries": {name: {"values": items} for name, items in values.items()},
        "parameters": {name: {"dictionary": name, "probability": PROBABILITY} for name in values},
    }
