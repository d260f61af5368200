"""The rules, each with what it sends and what it judges; a topic has a module."""
# ruff: noqa: E501  # tables read better in rows

from dataclasses import replace

from heidi_conformance.contract._operations import EVERY

from . import (
    _bodies,
    _creations,
    _errors,
    _ids,
    _issuing,
    _methods,
    _pages,
    _parameters,
    _responses,
    _tokens,
    _updates,
    _users,
    _values,
)
from ._rule import Rule, Script

# Causes come first among the findings of a run; rules that are not named come last.
RANKS = (
    "answers", "no-server-error", "works", "json-answers", "answer-schema", "token-needed", "expired-token", "token-first",
    "challenge", "key-needed", "issued-token", "own-list", "own-sessions", "unknown-alike", "unlinked", "forbidden", "methods",
    "allow", "head", "media-type", "json-syntax", "body-shape", "body-size", "rejected-update", "page-bound",
    "parameters", "values", "no-coercion", "unknown-members", "update-answer", "update-read", "update-keeps",
    "one-session", "update-listed", "updated-at", "created-at", "reading", "strings", "numbers", "appointment",
    "created-exists", "unknown-id", "id-form", "id-unique", "id-random", "deleted", "exact-lookup", "counts", "totals",
    "page-size", "page-token", "next-page", "full-pages", "walks", "concurrent", "error-shape", "message-names", "message-quotes", "new-session",
    "declared-status", "retry-after",
)  # fmt: skip
TOPICS = (
    _responses, _tokens, _issuing, _users, _methods, _bodies, _pages, _parameters, _values, _updates, _creations, _ids, _errors,
)  # fmt: skip
# A rule that applies to no operation of the document is left out.
FOUND = {rule.id: rule for topic in TOPICS for rule in topic.RULES if rule.operations}
TABLE = tuple(FOUND[name] for name in dict.fromkeys((*RANKS, *FOUND)) if name in FOUND)
RULES = {rule.id: rule for rule in TABLE}
# The order in which scripts run. `basics` sends what the document shows, so that its findings take the
# fewest words. Each of the next adds most faults of the catalogue per request, as calibrations count
# them; but the bodies of `sizes` take long to send. Last: what creates many, what is odd, and what
# tries keys, since a server may close its door.
EARLY = (
    "basics", "operations", "vanishing", "all-at-once", "users-in-queries", "unfit-requests", "heads", "twins", "expired-tokens",
    "nulls", "unlinked-user", "near-ids", "tokens-for-the-list", "documented-properties", "conditions",
    "canaries", "unknown-properties", "namesakes", "openings", "issued-tokens", "overrides", "spelled-bodies", "no-token",
    "page-sizes", "unfit-openings", "other-users", "token-before-all", "media-types", "page-tokens", "odd-ids",
    "unfit-properties", "strings", "sizes", "broken-bodies", "numbers", "lists-of-users", "seen-everywhere", "methods",
    "many-ids", "atomic-rejection", "merging", "wrong-tokens", "properties", "tokens-for-others", "ids-in-turn",
)  # fmt: skip
LATE = (
    "write-while-walking", "odd-paths", "odd-bodies", "odd-queries", "beyond-a-page", "wrong-keys",
)  # fmt: skip


def turn(script: Script) -> tuple[bool, int]:
    """Return the position of a script."""
    known = LATE if script.id in LATE else EARLY
    return known is LATE, known.index(script.id) if script.id in known else len(known)


SCRIPTS = tuple(
    replace(script, rules=known)
    for script in sorted((item for topic in TOPICS for item in topic.SCRIPTS), key=turn)
    if (known := tuple(name for name in script.rules if name in RULES))
)

__all__ = [
    "EARLY",
    "EVERY",
    "LATE",
    "RULES",
    "SCRIPTS",
    "TABLE",
    "Rule",
    "Script",
]
