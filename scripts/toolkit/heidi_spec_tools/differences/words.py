"""Put what differs into words."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable
    from fractions import Fraction

    from heidi_spec_tools.differences.facets import Bound, Case

_LONGEST: Final = 60  # characters of a value
_MOST: Final = 8  # values of a list

_TYPES: Final = {
    "null": "null",
    "boolean": "a boolean",
    "number": "a number",
    "string": "a string",
    "array": "an array",
    "object": "an object",
}


def types(names: dict[str, bool]) -> str:
    """Name types, numbers as integers if only those are valid."""
    if not any(names.values()) and len(names) == len(_TYPES):
        return "anything"
    return join([number(names[name]) if name == "number" else _TYPES[name] for name in names], "or")


def number(whole: bool) -> str:
    """Name the numbers, or the whole ones alone."""
    return "an integer" if whole else _TYPES["number"]


def within(steps: tuple[str, ...], subject: str) -> str:
    """Name a property: "`owner.name` in the request body"."""
    path = "".join(step for step in steps if not step.startswith(" ")).removeprefix(".")
    notes = "".join(step for step in steps if step.startswith(" "))
    return f"`{path}`{notes} in {subject}" if path else f"{subject}{notes}"


def case(alternative: Case) -> str:
    """Name an alternative of a union."""
    kind = _TYPES[alternative.type]
    return f"`{alternative.name}`" if alternative.name else f"{kind} of another form"


def value(thing: Any) -> str:
    """Write a value, short."""
    text = json.dumps(thing, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def values(things: Iterable[Any]) -> str:
    """Write some values, and how many more there are."""
    texts = [value(thing) for thing in things]
    if len(texts) > _MOST:
        return f"{', '.join(texts[:_MOST])} and {len(texts) - _MOST} more"
    return join(texts, "or")


def names(things: Iterable[str], none: str) -> str:
    """Write some names, and something else for none."""
    return join([f"`{thing}`" for thing in sorted(things)], "and") or none


def bound(limit: Bound | None, name: str) -> str:
    """Write a bound; a pair holds a number and whether it is excluded."""
    if limit is None:
        return "any"
    number, excluded = limit
    side = "above" if name.startswith("min") else "below"
    return f"{side} {number}" if excluded else str(number)


def reach(limit: Bound | None, name: str) -> str:
    """Say how far values may go."""
    side, way = ("a lower", "down") if name.startswith("min") else ("an upper", "up")
    return f"without {side} limit" if limit is None else f"{way} to {bound(limit, name)}"


def scopes(names: Iterable[str]) -> str:
    """Name scopes: the scope "read"."""
    texts = [value(name) for name in sorted(names)]
    return f"the scope{'s' * (len(texts) > 1)} {join(texts, 'and')}"


def factor(number: Fraction | None, kind: str) -> str:
    """Write the factor of multipleOf."""
    if number is None:
        return "any number"
    text = str(number if number.denominator == 1 else float(number))
    return f"a multiple of {text}" if kind == "loosened" else text


def join(texts: list[str], last: str) -> str:
    """Write a list as people do: a, b or c."""
    if len(texts) < 2:
        return "".join(texts)
    return f"{', '.join(texts[:-1])} {last} {texts[-1]}"
