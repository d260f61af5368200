"""Values: strings and numbers that are hard to keep, and objects by property, as `outer.inner`."""
# ruff: noqa: E501  # tables read better in rows

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from decimal import Decimal
from functools import cache
from typing import Any, cast

from ._document import Json
from ._schemas import branch

Flat = dict[str, Any]
ABSENT: Any = object()
# The beginning of a text for a property that a request does not know: no server has it by default.
FOREIGN = "kept by the caller?"
STRINGS = (
    "two  spaces   inside", "C:\\new\\table \\n \\t", " leading and trailing ", "\t\n", "\r\n", "line\r\nbreak\rend\n", "nul\u0000inside", "\u0000",
    "\u0001\u001f\u007f\u0085", "astral \U0001f468\u200d\u2695\ufe0f \U00020000", "combining e\u0301 a\u030a",
    "composed \u00e9 \u00e5 \ufb01 \u212b", "\u202eright to left\u200f \u05d0\u0628", "\ufeffmark of order",
    "\ufffe\uffff \ue000", "<script>alert('x')</script> &amp; &lt;b&gt;", "%20 %00 %s {0} {{x}} ${y} \\u0041 \\",
    "Robert'); DROP TABLE sessions;--", '"quoted" \'single\' `tick`', "null", "true", "0", "007", "1e5", "NaN",
    "2024-01-01T00:00:00Z", "2024-12-11T03:57:57+11:00", "2024-12-11T03:57", "2024-12-11 3:57 PM", "2024-12-11T24:00:00.125",
    "NA", "N/A", "None", "nan", "-", "1.0", "1/2", "=1+1", "+61 2", "943 476 5919", "943-476-5919", "MAR1", '{"a":1}', "**no** fever... fine :) since 03/02/1990",
    "\u2018single\u2019 \u201cdouble\u201d \u2013 \u2026", "soft\u00ad \u200c\u2060 \U000e0041\U000e007f e\u0301\u0301\u0301\u0301\u0301\u0301 \u1112\u1161\u11ab",
    "\a\b\v\f\u001a\u001b[0m \U000f0000\U0010fffd \uff21\uff11", "100%% &#65; it''s a+b%20c", '"in quotes"', "[x]", "2024-01-01T00:00:00",
    "4111 1111 1111 1111 ann@example.com 000-12-3456",
    "\u0410nn\u0430 \u0421", "\u2028\u2029", "\u00a0\u3000", "\u0130\u0131\u00df\u1e9e", "x" * 300, "\u00e9" * 5000,
    "long " * 14_000,
)  # fmt: skip
# Shorter strings of printable ASCII are not hard.
ORDINARY = 100
EXACT = (1, 59, 86_400, 2**31 - 1, 2**31, 2**32, 2**53 - 1, 2**53, 0.1, 0.5, 1.25, 3.141592653589793, 1e-7, 0.30000000000000004, 123456.789)  # fmt: skip
# As text: Python would spell some of them otherwise.
BEYOND = ("9007199254740993", "18446744073709551616", "1e21", "1e308", "1e400", "1" + "0" * 400, "5e-324", "0.1000000000000000055511151231257827")  # fmt: skip


def flattened(value: Any, at: str = "") -> Flat:
    """Spell what is in an object as `outer.inner`; an empty object inside is a value."""
    if not isinstance(value, dict):
        return {}
    told: Flat = {}
    for name, item in cast("dict[str, Any]", value).items():
        place = f"{at}.{name}" if at else name
        if isinstance(item, dict) and item:
            told |= flattened(item, place)
        else:
            told[place] = item
    return told


def known_items(value: Any, schema: Json) -> Any:
    """Return a value whose objects in arrays have the properties alone that the schema names."""
    if not value or not isinstance(value, list | dict):
        return value  # pyright: ignore[reportUnknownVariableType]  # JSON
    inner = branch(schema)
    named = inner.get("properties")
    if isinstance(value, list) and "items" in inner:
        return [known_items(item, inner["items"]) for item in cast("list[object]", value)]
    if isinstance(value, dict) and named and not inner.get("additionalProperties"):
        item = cast("Json", value)
        return {name: known_items(item[name], named[name]) for name in item if name in named}
    return value  # pyright: ignore[reportUnknownVariableType]  # JSON


def is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def is_ordinary_text(value: Any) -> bool:
    """Whether all strings are short and of printable ASCII; other values are not checked."""
    if isinstance(value, list):
        return all(map(is_ordinary_text, cast("list[object]", value)))
    return not isinstance(value, str) or (
        len(value) < ORDINARY
        and value.isascii()
        and (value == value.strip())
        and value.isprintable()
    )


def nested(properties: Mapping[str, Any]) -> Json:
    """Return the object that `flattened` spells so."""
    told: Json = {}
    for name, value in properties.items():
        *outer, last = name.split(".")
        place = told
        for step in outer:
            place = place.setdefault(step, {})
        place[last] = value
    return told


@cache
def outers(name: str) -> tuple[str, ...]:
    """Return the properties that contain a property."""
    steps = name.split(".")
    return tuple(".".join(steps[:end]) for end in range(1, len(steps)))


def within(name: str, names: AbstractSet[str]) -> bool:
    """Whether a property, or one that contains it, is among those."""
    return name in names or not names.isdisjoint(outers(name))
