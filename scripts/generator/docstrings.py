"""The document's prose as docstrings of the generated code."""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from openapi_python_client.schema.untrusted_string import UntrustedString
from openapi_python_client.strings import safe_for_docstring

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Follow: TypeAlias = "Callable[[Any], dict[str, Any]]"

WIDTH: Final = 100
QUOTES: Final = '"""'


def prose(text: UntrustedString | str | None) -> str:
    """Join the lines of each paragraph; `docstring` wraps them again."""
    if isinstance(text, UntrustedString):
        text = text.get_untrusted_value()
    paragraphs = re.split(r"\n\s*\n", (text or "").strip())
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def paragraphs(*texts: str) -> str:
    """Join paragraphs, those that are there."""
    return "\n\n".join(text for text in texts if text)


def section(title: str, entries: dict[str, str]) -> str:
    """Write a section such as Args, an entry a line; nothing if there are none."""
    lines = [f"    {name}: {text}" for name, text in entries.items()]
    return "\n".join([f"{title}:", *lines]) if lines else ""


def deprecation(node: Mapping[str, Any]) -> str:
    """Say that the document advises against something; nothing where it does not."""
    return "Deprecated." if node.get("deprecated") is True else ""


def bounds(schema: Mapping[str, Any], follow: Follow) -> str:
    """Describe the values that a schema allows, also for items and values inside it.

    Args:
        follow: returns what a schema refers to.
    """
    found = [words.format(schema[word]) for word, words in _SINGLE.items() if word in schema]
    for low, high, *units in _PAIRS:
        least, most = schema.get(low), schema.get(high)
        unit = units[1 in (least, most) and None in (least, most)]
        match least is not None, most is not None:
            case True, True:
                found.append(f"{least} to {most}{unit}")
            case True, False:
                found.append(f"{least}{unit} or more")
            case False, True:
                found.append(f"{most}{unit} or less")
            case _:
                pass
    if schema.get("uniqueItems") is True:
        found.append("no item twice")
    if (form := schema.get("format")) in _FORMATS:
        found.append(f"in the format `{form}`")
    for word, words in _INNER.items():
        inner = schema.get(word)
        if isinstance(inner, dict) and (text := bounds(follow(inner), follow)):
            found.append(f"{words} {text}")
    return ", ".join(found)


_SINGLE: Final = {
    "exclusiveMinimum": "above {}",
    "exclusiveMaximum": "below {}",
    "multipleOf": "a multiple of {}",
    "pattern": "matching `{}`",
}
_PAIRS: Final = (
    ("minimum", "maximum", "", ""),
    ("minLength", "maxLength", " characters", " character"),
    ("minItems", "maxItems", " items", " item"),
    ("minProperties", "maxProperties", " properties", " property"),
)
# The formats of strings that are checked and have no type of their own.
_FORMATS: Final = frozenset(
    "email hostname idn-email idn-hostname ipv4 ipv6 iri iri-reference json-pointer regex"
    " relative-json-pointer time uri uri-reference uri-template".split()
)
_INNER: Final = {"items": "each item", "additionalProperties": "each value"}


def docstring(text: str, indent: int) -> str:
    """Write a docstring: one line if the text fits, otherwise wrapped, with its quotes.

    Args:
        text: paragraphs and sections, an empty line between them.
        indent: columns to the left of it; the first line does not get them.
    """
    margin = " " * indent
    lines = [wrapped for line in text.splitlines() for wrapped in _wrap(line, WIDTH - indent)]
    if len(lines) == 1 and len(lines[0]) + indent + 6 <= WIDTH and not lines[0].endswith('"'):
        return f"{QUOTES}{lines[0]}{QUOTES}"
    body = "\n".join(f"{margin}{line}".rstrip() for line in [*lines, QUOTES])
    return QUOTES + body.lstrip()


def _wrap(line: str, width: int) -> list[str]:
    margin = line[: len(line) - len(line.lstrip())]
    return textwrap.wrap(
        safe_for_docstring(line.strip()),
        # The opening quotes precede the first line.
        width - len(QUOTES),
        initial_indent=margin,
        subsequent_indent=margin * 2,
        break_long_words=False,
        break_on_hyphens=False,
    ) or [""]
