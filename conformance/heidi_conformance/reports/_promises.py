"""What a rule asks for, as far as the table of rules says."""

from typing import NamedTuple

from heidi_conformance._verdict import Level
from heidi_conformance.rules import RULES


class Promise(NamedTuple):
    """level, row: of the rule; of one that this version does not have, neither is known."""

    words: str = ""
    level: Level | None = None
    row: str = ""


def promise(rule: str) -> Promise:
    """Return what a rule asks for; nothing of one that is not in the table."""
    known = RULES.get(rule)
    return Promise(known.words, known.level, known.row) if known else Promise()
