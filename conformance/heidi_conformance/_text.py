"""Text that a server had a part in, made safe to show: nothing in it acts, nothing hides."""

import re

# Controls, what turns the direction of text, what has no width, and halves of characters.
UNFIT = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\ud800-\udfff\ufeff\ufff9-\ufffb\ufffe\uffff\U000e0000-\U000e007f]"
)


def visible(text: str) -> str:
    """Spell what does not show; lines and tabs stay."""
    return UNFIT.sub(spelled, text)


def on_one_line(text: str) -> str:
    """Spell what does not show, lines and tabs too."""
    return visible(text).replace("\n", "\\n").replace("\t", "\\t")


def spelled(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
