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

# What others rest on comes first among the findings of a run; what is not named comes last.
RANKS = (
    "answers", "no-server-error", "works", "json-answers", "answer-schema", "token-needed", "token-first", "expired-token",
    "challenge", "key-needed", "issued-token", "own-list", "own-sessions", "unknown-alike", "unlinked", "forbidden", "methods",
    "allow", "head", "media-type", "json-syntax", "body-shape", "body-size", "rejected-update", "page-bound", "page-size",
    "page-token", "parameters", "values", "no-coercion", "unknown-members", "update-answer", "update-keeps", "update-read",
    "one-session", "update-listed", "updated-at", "created-at", "reading", "strings", "numbers", "appointment",
    "created-exists", "unknown-id", "id-form", "id-unique", "id-random", "deleted", "exact-lookup", "counts", "totals",
    "next-page", "full-pages", "walks", "concurrent", "error-shape", "message-names", "message-quotes", "new-session",
    "declared-status", "retry-after",
)  # fmt: skip
TOPICS = (
    _responses, _tokens, _issuing, _users, _methods, _bodies, _pages, _parameters, _values, _updates, _creations, _ids, _errors,
)  # fmt: skip
# A rule about no operation of the document is none.
FOUND = {rule.id: rule for topic in TOPICS for rule in topic.RULES if rule.operations}
TABLE = tuple(FOUND[name] for name in dict.fromkeys((*RANKS, *FOUND)) if name in FOUND)
RULES = {rule.id: rule for rule in TABLE}
# Lists first, while they are short; what creates many and what is odd last.
ORDER: tuple[Script, ...] = (
    *_responses.SCRIPTS, *_tokens.FIRST, *_creations.FIRST, *_pages.SCRIPTS, *_updates.FIRST, *_ids.SCRIPTS, *_users.SCRIPTS,
    *_updates.SCRIPTS, *_creations.SCRIPTS, *_values.SCRIPTS, *_errors.SCRIPTS, *_tokens.SCRIPTS, *_methods.SCRIPTS,
    *_bodies.SCRIPTS, *_parameters.SCRIPTS, *_responses.LAST, *_bodies.LAST, *_parameters.LAST, *_pages.LAST, *_issuing.SCRIPTS,
)  # fmt: skip

SCRIPTS = tuple(
    replace(script, rules=known)
    for script in ORDER
    if (known := tuple(name for name in script.rules if name in RULES))
)

__all__ = [
    "EVERY",
    "RULES",
    "SCRIPTS",
    "TABLE",
    "Rule",
    "Script",
]
