"""Values that random choice would hardly hit, by the name of the parameter or property."""

import re
from typing import Any

from heidi_conformance.contract._document import METHODS, Json, resolved
from heidi_conformance.contract._fields import MAIN_FIELDS
from heidi_conformance.contract._operations import LIST, OPERATIONS
from heidi_conformance.contract._values import STRINGS
from heidi_conformance.evidence._history import NEAR

# Schemathesis takes no other names of properties for a dictionary.
NAMEABLE = re.compile(r"[\w.-]+")
# How often a value comes from here; the others are random.
PROBABILITY = 0.3
IDS = ("0", "-1", "null", "9" * 39, "Linked-User", "linked_user", "%D9%A1", "%2500")
SIZES = (1, 2, 9, 10, 11, 99, 100, 0, -1, 101, 2**31, 2**63, "ten", "1.0", "1e1", "\u0661\u0660")
PAGES = ("{next}", "0", "1", "-1", "99999999", "null", "no-such-page", "\u0661", "a" * 300)
ODD = ("0x10", "\u0000", "\ufeff", "' OR '1'='1", "${x}", "../..")


def near(name: str) -> tuple[str, ...]:
    """Return near misses of the id of a name, and strings that are not ids."""
    misses = (f"{{{name}:{change}}}" for change in NEAR)
    return (*misses, *(text % f"{{{name}}}" for text in ("0%s", "%s%%20", "%s.0", "+%s")), *IDS)


def dictionaries(document: Json) -> dict[str, Any]:
    """Return values by parameter, as the settings of Schemathesis have them."""
    words, send = OPERATIONS[LIST].page, MAIN_FIELDS
    values: dict[str, list[Any]] = {
        f"query.{words.size}": [*SIZES],
        f"query.{words.token}": [*PAGES, *ODD],
    }
    declared = {
        f"{node['in']}.{node['name']}"
        for item in document["paths"].values()
        for part in (item, *(item[method] for method in METHODS if method in item))
        for _, node in (resolved(document, [], each) for each in part.get("parameters", []))
    }
    values = {name: known for name, known in values.items() if name in declared}
    texts = [text for text in STRINGS if len(text) < 100]
    for name, valid in send.valid.items():
        if not NAMEABLE.fullmatch(name):
            continue
        each = (*valid, *send.invalid.get(name, ()), *(texts if name in send.texts else ()))
        if scalars := [*filter(is_scalar, each)]:
            values[f"body.{name}"] = scalars
    return {
        "dictionaries": {name: {"values": known} for name, known in values.items()},
        "parameters": {name: {"dictionary": name, "probability": PROBABILITY} for name in values},
    }


def is_scalar(value: Any) -> bool:
    """Whether a dictionary can hold a value."""
    return isinstance(value, str | int | float) and not isinstance(value, bool)
