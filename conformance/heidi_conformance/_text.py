"""Text for a reader: safe to show even if a server wrote it, and not too long."""

import re

# Control characters, marks of direction, characters without width, and half surrogate pairs.
UNFIT = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\ud800-\udfff\ufeff\ufff9-\ufffb\ufffe\uffff\U000e0000-\U000e007f]"
)
# How many of many requests are shown.
FIRST, LAST = 3, 12


def visible(text: str) -> str:
    """Escape what does not show; lines and tabs stay."""
    return UNFIT.sub(escaped, text)


def on_one_line(text: str) -> str:
    """Escape what does not show, lines and tabs too."""
    return visible(text).replace("\n", "\\n").replace("\t", "\\t")


def escaped(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def printable(text: str) -> str:
    """Return a name that a server chose, short and in printable ASCII."""
    return re.sub(r"[^\x21-\x7e ]", "?", text)[:80]


def counted(number: int, noun: str) -> str:
    """Spell a number of things."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def with_article(text: str, noun: str) -> str:
    """Write `an` in place of `a` before a noun that begins with a vowel."""
    return re.sub(rf"\ba (?={re.escape(noun)}\b)", "an ", text) if noun[0] in "aeiou" else text


def excerpt(requests: tuple[str, ...]) -> tuple[str, ...]:
    """Return the first and the last of many requests, and between them a comment for the shell."""
    number = len(requests) - FIRST - LAST
    if number <= 1:
        return requests
    between = f"# … {number} requests are left out here; report.json has all {len(requests)}"
    return *requests[:FIRST], between, *requests[-LAST:]
