"""Small changes of the correct driver: faults to be caught, and variants to be left alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

RIGHT = Path(__file__).with_name("right.py")


@dataclass(frozen=True)
class Change:
    """The correct driver with some of its text replaced.

    id: class and name. sentence: what it does. scenarios: the class of scenario that catches a
    fault, empty for a variant. edits: each pair is a text that occurs once in the driver, and
    its replacement.
    """

    id: str
    sentence: str
    scenarios: str
    edits: tuple[tuple[str, str], ...]

    def text(self) -> str:
        """Return the changed driver.

        Raises:
            ValueError: a text is in the driver several times, or not at all.
        """
        changed = RIGHT.read_text(encoding="utf-8")
        for old, new in self.edits:
            if changed.count(old) != 1:
                raise ValueError(f"{self.id}: stands {changed.count(old)} times: {old!r}")
            changed = changed.replace(old, new)
        return changed

    def run(self) -> None:
        """Run the changed driver, as the main program."""
        code = compile(self.text(), f"right.py with {self.id}", "exec")
        exec(code, {"__name__": "__main__"})  # noqa: S102  # a program of this folder


def fault(id_: str, sentence: str, *edits: tuple[str, str], scenarios: str = "") -> Change:
    """Return a fault, which scenarios of its own class catch unless others are named."""
    return Change(id_, sentence, scenarios or id_.partition(".")[0], edits)


def variant(id_: str, sentence: str, *edits: tuple[str, str]) -> Change:
    """Return a variant of style, which nothing catches."""
    return Change(id_, sentence, "", edits)


def mapped(
    call: tuple[str, str],
    before: str,
    expression: str,
    keep: str = "True",
    items: str = "[mapped(each, name) for each in value]",
) -> tuple[tuple[str, str], ...]:
    """Return edits that change each value of some JSON.

    Args:
        call: the edit that calls the function `mapped`.
        before: the text that the function precedes.
        expression: of `name` and `value`, for what is neither an object nor an array.
        keep: whether a property stays, by its `name` and `value`.
        items: what becomes of an array, the `value` of the property `name`.
    """
    function = f"""def mapped(value, name=""):
    if isinstance(value, dict):
        return {{name: mapped(value, name) for name, value in value.items() if {keep}}}
    if isinstance(value, list):
        return {items}
    return {expression}


"""
    return call, (before, function + before)
