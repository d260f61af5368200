"""Names for what an answer held, that never repeat a value of it."""

import re
from typing import Any

KINDS: dict[object, str] = {
    bool: "a boolean",
    int: "an integer",
    float: "a number",
    str: "a string",
    list: "an array",
    dict: "an object",
    type(None): "null",
}


def kind_of(value: Any) -> str:
    """Name the JSON type of a value."""
    return KINDS.get(value.__class__, "a value")


def json_path(steps: list[str | int]) -> str:
    """Spell a place as a path in which every position of an array is the same place."""
    return "$" + "".join(
        "[*]" if isinstance(step, int) else f".{printable(step)}" for step in steps
    )


def printable(text: str) -> str:
    """Keep what is fit to print of a name that a server chose."""
    return re.sub(r"[^\x21-\x7e ]", "?", text)[:80]
