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
# First those that find most with few requests, and those that read whole lists, while they are
# short; last what creates many, what is odd, and what tries keys: a server may close its door.
EARLY = (
    "basics", "operations", "no-token", "vanishing", "documented-properties", "all-at-once", "heads", "expired-tokens",
    "unlinked-user", "counted-openings", "unfit-bodies", "sizes", "issued-tokens", "namesakes", "requests-for-nobody",
    "page-sizes", "documented-pages", "merging", "canaries", "unknown-properties", "many-ids", "ids-in-turn",
    "seen-everywhere", "page-tokens", "broken-bodies", "numbers", "media-types", "near-ids", "unfit-openings", "methods",
    "unfit-properties", "near-tokens", "concurrency", "strings", "page-lengths",
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
