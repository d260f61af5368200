"""The rules: what a server must do, on which words that rests, and at which level it is asked."""
# ruff: noqa: E501  # tables read better in rows

from dataclasses import dataclass

from heidi_conformance._verdict import Level
from heidi_conformance.contract._operations import (
    CREATE,
    DELETES,
    ISSUE,
    LABEL,
    LIST,
    MAIN,
    OPERATIONS,
    OTHERS,
    PARAMETERS,
    UNLINKED,
    UPDATE,
)
from heidi_conformance.contract._operations import READ as GET
from heidi_conformance.oracle import Judge

STATEFUL = (CREATE, GET, UPDATE, LIST)
EVERY = (*STATEFUL, *OTHERS)
# Those that ask for a token, that take a body, and that are about one resource.
TOKEN = tuple(name for name in EVERY if OPERATIONS[name].scheme)
BODIES = tuple(name for name in EVERY if OPERATIONS[name].body)
ONE = (GET, UPDATE, *(name for name in OTHERS if OPERATIONS[name].owned))
CREATES, READS, UPDATES, LISTS = (
    tuple(name for name in EVERY if OPERATIONS[name].action == action)
    for action in ("create", "read", "update", "list")
)
SHOWN = (*READS, *UPDATES, *LISTS)
ALL = (*EVERY, ISSUE)


@dataclass(frozen=True)
class Rule:
    """One thing that a server must do.

    level: `documented` rests on a line of the base document, `strict` on a decision, or on what
    the vendor's page about tokens says. row: the decision, S1 to S21, that says it at level strict;
    empty where only a page of the vendor does.
    words: the promise in short. place: where in an operation of the document it is made.
    judge: what it says of one request and its response, where it needs no others to say it.
    """

    id: str
    level: Level
    row: str
    operations: tuple[str, ...]
    words: str
    place: tuple[str, ...] = ()
    judge: Judge | None = None


def promised(rule: str, row: str, operations: tuple[str, ...], words: str, *place: str) -> Rule:
    """Return a rule that rests on the base document."""
    return Rule(rule, "documented", row, operations, words, place)


def decided(rule: str, row: str, operations: tuple[str, ...], words: str) -> Rule:
    """Return a rule that rests on a decision."""
    return Rule(rule, "strict", row, operations, words)


def issuing(rule: str, words: str, *place: str) -> Rule:
    """Return a rule about the issue of tokens, of which the base document does not speak."""
    return Rule(rule, "strict", "", (ISSUE,), words, place)


PAGE = OPERATIONS[LIST].page
TOKENS, SIZE, NEXT, MORE, COUNT, TOTAL = (
    getattr(PAGE.spelled, word) for word in ("token", "size", "next", "more", "count", "total")
)
LEAST, MOST, DEFAULT = (
    OPERATIONS[LIST].size.get(word, "any") for word in ("minimum", "maximum", "default")
)
CREATED, UPDATED = f"`{MAIN.created}`", f"`{MAIN.updated}`"
_label = OPERATIONS[CREATE].properties.get(LABEL, {}).get("x-semantics", {})
KEPT: str = _label.get("stored_as", LABEL)
WHOLE_TABLE = (
    promised("answers", "S19", ALL, "every request gets one whole answer"),
    promised("no-server-error", "S19", ALL, "no input yields a 5xx"),
    promised("works", "", EVERY, "a request as the page shows it succeeds", "responses", "2XX"),
    promised("json-answers", "", ALL, "answers are application/json", "responses", "2XX", "content"),
    promised("answer-schema", "", ALL, "an answer has the members and types of the document", "responses", "2XX"),
    promised("token-needed", "S1", TOKEN, "an operation asks for a token", "security"),
    decided("token-first", "S1", TOKEN, "401 before all else on a known path"),
    decided("expired-token", "S1", TOKEN, "401 for an expired token"),
    decided("challenge", "S1", TOKEN, f"401 has `WWW-Authenticate: Bearer` and type {OPERATIONS[GET].error_type(401)}"),
    issuing("key-needed", "a token is issued for the right key alone", "security"),
    issuing("issued-token", "a token is issued for a user, accepted until its end, and that told in UTC", "responses", "2XX"),
    promised("own-list", "S2", LISTS, "the list holds sessions of the caller alone"),
    decided("own-sessions", "S2", tuple(dict.fromkeys((GET, UPDATE, *LISTS, *ONE[2:], ISSUE))), "a session of another user is 404, and nowhere else to be seen"),
    decided("unknown-alike", "S2", ONE, "a session of another user is the same 404 as one that never was"),
    promised("unlinked", "S3", (LIST,), f"a user who is not linked gets {UNLINKED.type if UNLINKED else 'an error'} from the list"),
    decided("forbidden", "S3", STATEFUL, "403 for a user who is not linked, from the list and only there"),
    decided("methods", "S4", EVERY, "405 for a method that the path has not"),
    decided("allow", "S4", EVERY, "405 has `Allow` with the documented methods"),
    decided("media-type", "S5", BODIES, "a body is application/json or 415"),
    decided("json-syntax", "S5", BODIES, "broken JSON, NaN and Infinity are 400"),
    decided("body-shape", "S5", BODIES, "valid JSON of the wrong shape is 422"),
    decided("body-size", "S5", BODIES, "a body over 1 MiB is 413, and one of 1 MiB is not"),
    decided("rejected-update", "S6", UPDATES, "a rejected PATCH changes nothing"),
    promised("page-bound", "S7", LISTS, f"a page holds at most {SIZE} sessions", "parameters"),
    decided("page-size", "S7", LISTS, f"{SIZE} is an integer from {LEAST} to {MOST}, default {DEFAULT}"),
    decided("page-token", "S7", LISTS, f"a {TOKENS} of a form that is never issued is 422"),
    decided("parameters", "S7", PARAMETERS, "a parameter that does not fit is 422"),
    decided("values", "S8", tuple(name for name in BODIES if name != CREATE), "durations, language codes and dates of birth have their forms"),
    decided("no-coercion", "S9", BODIES, "no type is coerced"),
    decided("unknown-members", "S10", SHOWN, "unknown and read-only members are never stored or returned"),
    promised("update-answer", "S11", UPDATES, "an update changes the members that are sent, and its answer shows it"),
    promised("update-keeps", "S11", UPDATES, "what is not sent stays"),
    promised("update-read", "S11", READS, "a later GET shows an update"),
    promised("one-session", "S11", (*READS, *UPDATES), "an update changes one session"),
    promised("update-listed", "S11", LISTS, "the list shows an update", "responses", "2XX"),
    decided("updated-at", "S12", SHOWN, f"{UPDATED} grows with every accepted change and never goes back"),
    decided("created-at", "S12", SHOWN, f"{CREATED} never changes"),
    decided("reading", "S12", (*READS, *LISTS), "GET changes nothing"),
    decided("strings", "S13", BODIES, "strings come back code point for code point"),
    decided("numbers", "S13", UPDATES, "numbers come back exact, or are refused beyond 2^53"),
    decided("appointment", "S14", CREATES, f"`{LABEL}` comes back as `{KEPT}`"),
    promised("created-exists", "S15", ONE, "a session can be read and updated by the id of its creation"),
    promised("unknown-id", "S15", ONE, "an unknown id is no session", "responses", "404"),
    decided("id-form", "S15", (CREATE,), "ids are 128-bit decimal strings"),
    decided("id-unique", "S15", CREATES, "ids are unique"),
    decided("id-random", "S15", (CREATE,), "ids cannot be guessed"),
    decided("deleted", "S15", DELETES, "what was deleted is found no more"),
    decided("exact-lookup", "S15", (*READS, *UPDATES), "a lookup is exact"),
    decided("counts", "S16", LISTS, f"{COUNT} is the number of sessions in this answer"),
    decided("totals", "S16", LISTS, f"{TOTAL} is the number of sessions of the caller"),
    decided("next-page", "S16", LISTS, f"{MORE} is true exactly when {NEXT} is not null"),
    decided("full-pages", "S16", LISTS, "every page but the last is full"),
    decided("walks", "S16", LISTS, "a walk ends, and yields each session exactly once"),
    decided("concurrent", "S17", UPDATES, "concurrent PATCHes of different members all survive"),
    decided("error-shape", "S18", ALL, "every error is {\"detail\": {\"msg\", \"type\"}} as application/json"),
    decided("message-names", "S18", (*CREATES, *UPDATES, *LISTS), "a message names the member"),
    decided("message-quotes", "S18", ALL, "a message never repeats the value sent"),
    decided("new-session", "S20", CREATES, "a new session is empty, in the form of the sample"),
    decided("declared-status", "S21", EVERY, "a status is declared on the operation that answers it"),
    decided("retry-after", "S21", EVERY, "429 carries `Retry-After` in seconds"),
)  # fmt: skip

# A rule about no operation of the document is none.
TABLE = tuple(rule for rule in WHOLE_TABLE if rule.operations)
RULES = {rule.id: rule for rule in TABLE}
