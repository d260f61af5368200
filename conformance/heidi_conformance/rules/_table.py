"""The rules: what a server must do, on which words that rests, and at which level it is asked."""
# ruff: noqa: E501  # tables read better in rows

from dataclasses import dataclass

from heidi_conformance._verdict import Level
from heidi_conformance.contract._operations import CREATE, ISSUE, LIST, UPDATE
from heidi_conformance.contract._operations import READ as GET

EVERY = (CREATE, GET, UPDATE, LIST)
BODIES = (CREATE, UPDATE)
ONE = (GET, UPDATE)
SHOWN = (GET, UPDATE, LIST)
ALL = (*EVERY, ISSUE)


@dataclass(frozen=True)
class Rule:
    """One thing that a server must do.

    level: `documented` rests on a line of the base document, `strict` on a decision, or on what
    the vendor's page about tokens says. row: the decision, S1 to S21, that says it at level strict;
    empty where only a page of the vendor does.
    words: the promise in short. place: where in an operation of the document it is made.
    """

    id: str
    level: Level
    row: str
    operations: tuple[str, ...]
    words: str
    place: tuple[str, ...] = ()


def promised(rule: str, row: str, operations: tuple[str, ...], words: str, *place: str) -> Rule:
    """Return a rule that rests on the base document."""
    return Rule(rule, "documented", row, operations, words, place)


def decided(rule: str, row: str, operations: tuple[str, ...], words: str) -> Rule:
    """Return a rule that rests on a decision."""
    return Rule(rule, "strict", row, operations, words)


def issuing(rule: str, words: str, *place: str) -> Rule:
    """Return a rule about the issue of tokens, of which the base document does not speak."""
    return Rule(rule, "strict", "", (ISSUE,), words, place)


TABLE = (
    promised("answers", "S19", ALL, "every request gets one whole answer"),
    promised("no-server-error", "S19", ALL, "no input yields a 5xx"),
    promised("works", "", EVERY, "a request as the page shows it succeeds", "responses", "200"),
    promised("json-answers", "", ALL, "answers are application/json", "responses", "200", "content"),
    promised("answer-schema", "", ALL, "an answer has the members and types of the document", "responses", "200"),
    promised("token-needed", "S1", EVERY, "an operation asks for a token", "security"),
    decided("token-first", "S1", EVERY, "401 before all else on a known path"),
    decided("expired-token", "S1", EVERY, "401 for an expired token"),
    decided("challenge", "S1", EVERY, "401 has `WWW-Authenticate: Bearer` and type AuthenticationError"),
    issuing("key-needed", "a token is issued for the right key alone", "security"),
    issuing("issued-token", "a token is issued for a user, accepted until its end, and that told in UTC", "responses", "200"),
    promised("own-list", "S2", (LIST,), "the list holds sessions of the caller alone"),
    decided("own-sessions", "S2", (*SHOWN, ISSUE), "a session of another user is 404, and nowhere else to be seen"),
    decided("unknown-alike", "S2", ONE, "a session of another user is the same 404 as one that never was"),
    promised("unlinked", "S3", (LIST,), "a user who is not linked gets NoLinkedUserException from the list"),
    decided("forbidden", "S3", EVERY, "403 for a user who is not linked, from the list and only there"),
    decided("methods", "S4", EVERY, "405 for a method that the path has not"),
    decided("allow", "S4", EVERY, "405 has `Allow` with the documented methods"),
    decided("media-type", "S5", BODIES, "a body is application/json or 415"),
    decided("json-syntax", "S5", BODIES, "broken JSON, NaN and Infinity are 400"),
    decided("body-shape", "S5", BODIES, "valid JSON of the wrong shape is 422"),
    decided("body-size", "S5", BODIES, "a body over 1 MiB is 413, and one of 1 MiB is not"),
    decided("rejected-update", "S6", (UPDATE,), "a rejected PATCH changes nothing"),
    promised("page-bound", "S7", (LIST,), "a page holds at most `page_size` sessions", "parameters"),
    decided("page-size", "S7", (LIST,), "`page_size` is an integer from 1 to 100, default 10"),
    decided("page-token", "S7", (LIST,), "a `page` of a form that is never issued is 422"),
    decided("values", "S8", (UPDATE,), "durations, language codes and dates of birth have their forms"),
    decided("no-coercion", "S9", BODIES, "no type is coerced"),
    decided("unknown-members", "S10", SHOWN, "unknown and read-only members are never stored or returned"),
    promised("update-answer", "S11", (UPDATE,), "an update changes the members that are sent, and its answer shows it"),
    promised("update-keeps", "S11", (UPDATE,), "what is not sent stays"),
    promised("update-read", "S11", (GET,), "a later GET shows an update"),
    promised("one-session", "S11", ONE, "an update changes one session"),
    promised("update-listed", "S11", (LIST,), "the list shows an update", "responses", "200"),
    decided("updated-at", "S12", SHOWN, "`updated_at` grows with every accepted change and never goes back"),
    decided("created-at", "S12", SHOWN, "`created_at` never changes"),
    decided("reading", "S12", (GET, LIST), "GET changes nothing"),
    decided("strings", "S13", BODIES, "strings come back code point for code point"),
    decided("numbers", "S13", (UPDATE,), "numbers come back exact, or are refused beyond 2^53"),
    decided("appointment", "S14", (CREATE,), "`ehr_appointment_id` comes back as `ehr_appt_id`"),
    promised("created-exists", "S15", ONE, "a session can be read and updated by the id of its creation"),
    promised("unknown-id", "S15", ONE, "an unknown id is no session", "responses", "404"),
    decided("id-form", "S15", (CREATE,), "ids are 128-bit decimal strings"),
    decided("id-unique", "S15", (CREATE,), "ids are unique"),
    decided("id-random", "S15", (CREATE,), "ids cannot be guessed"),
    decided("exact-lookup", "S15", ONE, "a lookup is exact"),
    decided("counts", "S16", (LIST,), "`count` is the number of sessions in this answer"),
    decided("totals", "S16", (LIST,), "`total_count` is the number of sessions of the caller"),
    decided("next-page", "S16", (LIST,), "`has_next_page` is true exactly when `next_page` is not null"),
    decided("full-pages", "S16", (LIST,), "every page but the last is full"),
    decided("walks", "S16", (LIST,), "a walk ends, and yields each session exactly once"),
    decided("concurrent", "S17", (UPDATE,), "concurrent PATCHes of different members all survive"),
    decided("error-shape", "S18", ALL, "every error is {\"detail\": {\"msg\", \"type\"}} as application/json"),
    decided("message-names", "S18", (CREATE, UPDATE, LIST), "a message names the member"),
    decided("message-quotes", "S18", ALL, "a message never repeats the value sent"),
    decided("new-session", "S20", (CREATE,), "a new session is empty, in the form of the sample"),
    decided("declared-status", "S21", EVERY, "a status is declared on the operation that answers it"),
    decided("retry-after", "S21", EVERY, "429 carries `Retry-After` in seconds"),
)  # fmt: skip

RULES = {rule.id: rule for rule in TABLE}
