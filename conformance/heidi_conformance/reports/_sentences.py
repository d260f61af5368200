"""The words for violations; no other module has any.

A row says what the operation should do, and what it does instead. The names in braces are the
fields and the detail of a violation, what it expects and got, the noun of the resource,
and the names that the document gives to the properties of a page and the instants of a resource.
"""
# ruff: noqa: E501  # tables read better in rows

from collections.abc import Iterable
from typing import Any, NamedTuple, cast

from heidi_conformance._text import with_article
from heidi_conformance.contract._operations import ISSUER, MAIN, OPERATIONS, UNLINKED
from heidi_conformance.oracle import Violation
from heidi_conformance.rules import RULES

MOST_FIELDS = 6
TOKENS = {
    "none": "without a token",
    "scheme": "with a token of another scheme than `Bearer`",
    "wrong": "with a wrong token",
    "expired": "with an expired token",
}
TYPES = {
    "string": "a string", "boolean": "a boolean", "number": "a number", "integer": "an integer",
    "array": "an array", "object": "an object", "null": "null", "nothing": "no such property",
}  # fmt: skip
# What is wrong with a request, by the kind of its problem. A JSON type is a value of that type.
PROBLEMS = {
    "value": "an invalid {field}",
    "missing": "a request without {field}",
    "repeated": "{field} given twice",
    "unknown-parameter": "the unknown parameter {field}",
    "too-large": "a body of more than 1 MiB",
    "media-type": "a body of another media type",
    "no-media-type": "a body without a media type",
    "charset": "a body in another encoding than UTF-8",
    "empty": "an empty body",
    "byte-order-mark": "a body with a byte order mark",
    "duplicate-key": "a body with a duplicate key",
    "too-deep": "a body that is nested too deeply",
    "encoding": "a body that is not UTF-8",
    "syntax": "a body that is not JSON",
    "constant": "a body with NaN or Infinity",
    "surrogate": "half of a surrogate pair",
    "inexact": "a number that no double holds, as {field}",
    "fraction": "a whole number with a fraction, as {field}",
    "year-0": "a date in the year 0, as {field}",
    "foreign-id": "an id that is no {noun} of the caller",
}
# How a property of a resource differs.
DIFFERENCES = {
    "missing": "leaves out {field}",
    "changed": "shows {field} changed",
    "ignored": "does not change {field}",
}
SENT, BEFORE = ("{expected}, as it was sent", "{got}"), ("{expected}, as it was before", "{got}")
STATUS = ("{expected}", "status {got}")
SENTENCES: dict[str, tuple[str, str, str]] = {
    # any response
    "answers": ("does not respond", "a response", "{got}"),
    "no-server-error": ("responds with {detail} to a valid request", "no 5xx", "status {detail}"),
    "no-server-error/invalid": ("responds with {detail} to an invalid request", "no 5xx", "status {detail}"),
    "works": ("refuses with {detail} what the page shows", "success", "status {detail}"),
    "declared-status": ("responds with {detail}, which the document does not declare", "a declared status", "status {detail}"),
    "retry-after": ("responds with 429 and without `Retry-After` in seconds", "`Retry-After: <seconds>`", "none"),
    # the shape of a response
    "*/media-type": ("responds with {field} and another media type than application/json", "application/json", "{got}"),
    "*/no-media-type": ("responds with {field} and without a Content-Type", "application/json", "no Content-Type"),
    "*/syntax": ("responds with {field} and a body that is not JSON", "JSON", "a body that is not JSON"),
    "*/encoding": ("responds with {field} and a body that is not UTF-8", "JSON", "a body that is not UTF-8"),
    "*/too-deep": ("responds with {field} and JSON that is nested too deeply", "JSON of at most 100 levels", "more levels"),
    "*/too-large": ("responds with {field} and JSON of too many values", "JSON of at most 200,000 values", "more values"),
    "*/constant": ("responds with {field} and NaN or Infinity, which JSON does not have", "JSON", "NaN or Infinity"),
    "*/duplicate-key": ("responds with {field} and JSON with a duplicate key", "each key once", "a duplicate key"),
    "answer-schema/required": ("responds with {detail} without the required property {field}", "the property", "no such property"),
    "answer-schema/type": ("responds with {detail} and {got} at {field}", "{expected}", "{got}"),
    "answer-schema/value": ("responds with {detail} and an invalid value at {field}", "{expected}", "{got} that breaks it"),
    "answer-schema/hidden": ("responds with {detail} and shows {field}, which is writeOnly", "no such property", "{got}"),
    "answer-schema/header": ("responds with {detail} and without the required header {field}", "the header", "no such header"),
    "error-shape/required": ("responds with {field} and without the required property `{detail}`", "the property", "no such property"),
    "error-shape/type": ("responds with {field} and {got} at `{detail}`", "{expected}", "{got}"),
    "error-shape/value": ("responds with {field} and an invalid value at `{detail}`", "{expected}", "{got} that breaks it"),
    "error-shape/hidden": ("responds with {field} and shows `{detail}`, which is writeOnly", "no such property", "{got}"),
    "error-shape/unknown-path": ("responds with success to a path that does not exist", *STATUS),
    # tokens
    "token-needed": ("accepts a request {field}", *STATUS),
    "expired-token": ("accepts a request {field}", *STATUS),
    "token-first": ("responds to a request {field} with another status than 401", *STATUS),
    "challenge": ("responds with 401 and without `WWW-Authenticate: Bearer`", "`WWW-Authenticate: Bearer`", "none, or another one"),
    "challenge/type": ("responds with 401 and another type than {expected}", "{expected}", "another type"),
    "key-needed": ("issues a token without a key", *STATUS),
    "key-needed/status": ("responds to a missing or wrong key with another status than 401", *STATUS),
    "key-needed/wrong": ("issues a token for a wrong key", *STATUS),
    "issued-token/nobody": ("issues a token without a user", "a refusal", "status {got}"),
    "issued-token/zone": ("tells the end of a token in another zone than UTC", "UTC", "another zone"),
    "issued-token/past": ("issues a token that has already expired", "a future `{expires}`", "a past one"),
    "issued-token/characters": ("issues a token that no header can carry", "visible ASCII", "other characters"),
    "issued-token/refused": ("issues a token that {detail} refuses at once", "{detail} accepts it", "status 401"),
    # paths and methods
    "methods": ("responds to the undocumented method {field} with another status than 405", *STATUS),
    "allow": ("responds with 405 and an `Allow` with other methods", "{expected}", "other methods"),
    "allow/missing": ("responds with 405 and without `Allow`", "{expected}", "no `Allow`"),
    "head/body": ("sends a body with the response to HEAD", "no body", "a body"),
    "head/refused": ("refuses HEAD of what GET shows", "success or 405", "status {got}"),
    "head/unknown": ("responds with success to HEAD of what does not exist", "404 or 405", "status {got}"),
    "exact-lookup/slash": ("takes a slash inside an id for a step in the path", *STATUS),
    "exact-lookup/path": ("shows a {noun} at another path than its own", *STATUS),
    "exact-lookup/shows": ("shows a {noun} by an id that differs from its own", *STATUS),
    "exact-lookup/changes": ("changes a {noun} by an id that differs from its own", *STATUS),
    # whose a resource is, and whether it is there
    "created-exists": ("responds with 404 for a {noun} that was created", "the {noun}", "status {got}"),
    "created-exists/another": ("responds with another {noun} than was asked for", "the {noun}", "another one"),
    "created-exists/rounded": ("lists a {noun} by an id that a double has rounded", "the id of its creation", "another id"),
    "unknown-id/accepted": ("responds with success for an unknown id", *STATUS),
    "unknown-id/type": ("responds with 404 and another type than {expected}", "{expected}", "another type"),
    "unknown-alike": ("responds differently for a {noun} of another user and for one that never was", "the same refusal", "another one"),
    "unknown-alike/header": ("responds with another {field} for a {noun} of another user than for one that never was", "the same headers", "another {field}"),
    "deleted/lists": ("lists a {noun} that was deleted", "nothing of it", "the {noun}"),
    "deleted/shows": ("shows a {noun} that was deleted", *STATUS),
    "deleted/changes": ("changes a {noun} that was deleted", *STATUS),
    "own-list": ("lists a {noun} of another user", "{noun}s of the caller", "others"),
    "own-sessions/accepted": ("responds with success for a {noun} of another user", *STATUS),
    "own-sessions/shows": ("shows a {noun} of another user", *STATUS),
    "own-sessions/changes": ("changes a {noun} of another user", *STATUS),
    "own-sessions/head": ("responds with success to HEAD of a {noun} of another user", "404 or 405", "status {got}"),
    "own-sessions/text": ("shows what another user wrote", "nothing of it", "the text"),
    "own-sessions/token": ("issues one token for two users", "a token for each", "the same token"),
    "own-sessions/*": ("changes {field} of a {noun} of another user", *BEFORE),
    "unlinked": ("responds with {detail} to a user who is not linked", "{unlinked}", "status {detail}"),
    "unlinked/error": ("responds with {detail} and another {got} than the page shows, to a user who is not linked", "{expected}", "another {got}"),
    "forbidden": ("responds to a user who is not linked with another status than {expected}", *STATUS),
    "forbidden/unlinked": ("responds with 403 to a user who is not linked, which only a list does", "success", "status 403"),
    "forbidden/allowed": ("responds with 403 to a user who has access", "success", "status 403"),
    # requests that must, or must not, be refused
    "*/accepted": ("accepts {problem}", *STATUS),
    "*/unread": ("accepts {problem}", *STATUS),
    "*/status": ("responds with {detail} to {problems}", *STATUS),
    "*/refused": ("refuses a valid {field} with {detail}", "success", "status {detail}"),
    "*/request-refused": ("refuses a valid request with {detail}", "success", "status {detail}"),
    "works/without-body": ("refuses a request without a body with {detail}", "success", "status {detail}"),
    "message-names": ("responds with 422 and a message that does not name {field}", "the name", "no name"),
    "message-quotes": ("responds with {field} and a message with a value of the request", "the name of the property", "its value"),
    # updates
    "update-answer/*": ("{difference} in the response to the update that sends it", *SENT),
    "strings/*": ("{difference} in the response to the update that sends it", *SENT),
    "numbers/*": ("{difference} in the response to the update that sends it", *SENT),
    "values/*": ("{difference} in the response to the update that sends it", *SENT),
    "update-read/not-modified": ("responds with 304 after an update", "the {noun} as it is now", "status 304"),
    "update-read/*": ("{difference} after an update whose response was right", *SENT),
    "update-listed/not-modified": ("responds with 304 after an update", "the page as it is now", "status 304"),
    "update-listed/*": ("{difference} where another operation showed it right", "{expected}, as it was shown there", "{got}"),
    "update-keeps/*": ("{difference} though the update does not send it", *BEFORE),
    "rejected-update/*": ("changes {field} although it rejects the update", *BEFORE),
    "one-session/*": ("changes {field} of another {noun}", *BEFORE),
    "created-at/*": ("shows another {field} than before", *BEFORE),
    "reading/*": ("{difference} though nothing was sent since", *BEFORE),
    "concurrent/*": ("loses {field} of an update that runs at the same time as others", *SENT),
    "concurrent/half": ("shows half of an update to a read at the same time", "the {noun} before or after", "some properties of each"),
    "concurrent/refused": ("refuses an update that runs at the same time as others", "success", "status {got}"),
    "unknown-members/*": ("lets a request write {field}, which only the server may write", *BEFORE),
    "unknown-members/kept": ("keeps a property that no document knows", "no such property", "the value sent"),
    "unknown-members/taken": ("keeps {field}, which its requests do not have", "no such value", "the value sent"),
    "unknown-members/id": ("responds with another {noun} than was asked for: the one whose id was sent", "the {noun}", "another one"),
    "updated-at/before-creation": ("shows an {updated} before {created}", "the instant of {created}, or a later one", "an earlier instant"),
    "updated-at/back": ("shows an {updated} that went back", "the instant that was shown before, or a later one", "an earlier instant"),
    "updated-at/still": ("does not let {updated} grow with a change", "a later instant than before the update", "the same instant"),
    # creations
    "new-session": ("makes a {noun} with another {field} than a new one has", "{expected}, as a new {noun} has", "{got}"),
    "appointment": ("does not keep {field}", *SENT),
    "appointment/renamed": ("does not keep {field} as {kept}", *SENT),
    "id-form": ("gives an id that is not a 128-bit number in decimal", "a 128-bit number in decimal", "another id"),
    "id-unique": ("gives an id twice", "a new id", "a known one"),
    "id-random": ("gives ids that can be guessed from each other", "128 random bits", "a pattern"),
    # pages
    "page-bound": ("puts more {noun}s on a page than {size}", "at most {expected}", "{got} {noun}s"),
    "page-size/default-long": ("puts more {noun}s on a page without {size} than the default", "at most {expected}", "{got} {noun}s"),
    "page-size/default-short": ("leaves a page without {size} short that is not the last", "{expected} {noun}s", "{got}"),
    "full-pages": ("leaves a page short that is not the last", "{expected} {noun}s", "{got}"),
    "counts": ("tells a {count} that is not the number of {noun}s on the page", "{count} {expected}", "{count} {got}"),
    "totals": ("tells a {total} that is not the number of {noun}s of the caller", "{total} {expected}", "{total} {got}"),
    "next-page": ("tells {more} and {next} that contradict each other", "{more} {expected}, by {next}", "{more} {got}"),
    "next-page/missing": ("has no next page although {noun}s are left", "a {next} after {got} of {expected} {noun}s", "null"),
    "page-token": ("accepts a {token} of a form that is never issued", *STATUS),
    "walks/twice": ("shows a {noun} twice on one page", "{expected} {noun}s, each with an id of its own", "{got} different ids"),
    "walks/again": ("shows another page when asked again, though nothing was written in between", "the same {expected} {noun}s in the same order", "{got}"),
    "walks/repeated": ("repeats {noun}s on a later page of a walk", "{expected} {noun}s that no earlier page showed", "{got} of them shown before"),
    "walks/endless": ("does not end its pages", "{next} null after {expected} pages", "a {next} on page {got}"),
    "walks/lost": ("leaves out {noun}s that were there throughout a walk", "at least {expected} {noun}s", "{got}"),
    "walks/more": ("shows more {noun}s in a walk than {total} says there are", "at most {expected}", "{got}"),
    "walks/refused": ("refuses the page that it offered", "the page", "status {got}"),
}  # fmt: skip


class Sentence(NamedTuple):
    """A violation in words: what the operation does, and how that is wrong."""

    title: str
    expected: str
    got: str


def sentence(violation: Violation, fields: Iterable[str] = ()) -> Sentence:
    """Say what a violation is; fields: those of all that have its cause."""
    operation = OPERATIONS[violation.operation]
    rule, _, variant = violation.code.partition("/")
    row = next(
        (
            SENTENCES[code]
            for code in (violation.code, f"*/{variant}", f"{rule}/*")
            if code in SENTENCES
        ),
        (f"breaks the rule `{rule}`: {in_short(rule)}", "{expected}", "{got}"),
    )
    resource = operation.resource or MAIN
    named = listed(in_words(field) for field in fields or [violation.field] if field)
    words = {
        "field": named,
        "detail": violation.detail,
        "expected": spelled(violation.expected),
        "got": got_in_words(violation),
        "noun": resource.noun,
        "created": f"`{resource.created}`",
        "updated": f"`{resource.updated}`",
        "kept": f"`{stored_as(violation)}`",
        "expires": str(ISSUER.semantics["expires"]).rpartition("/")[2],
        "unlinked": UNLINKED.type if UNLINKED else "a refusal",
        **operation.page.spelled.__dict__,
    }
    words["problem"] = in_request(violation.detail, named, words["noun"])
    words["problems"] = problems(fields or [violation.field], words["noun"])
    words["difference"] = DIFFERENCES.get(variant, "shows {field} changed").format_map(words)
    told = (with_article(text.format_map(words), resource.noun) for text in row)
    title, expected, got = told
    return Sentence(f"{operation.id} {title}", expected, got)


def in_short(rule: str) -> str:
    """Return the words of a rule, spelled so that none of them is a field of a sentence."""
    words = RULES[rule].words if rule in RULES else rule
    return words.replace("{", "{{").replace("}", "}}")


def stored_as(violation: Violation) -> str:
    """Return the property that shows what a creation sends."""
    property_ = OPERATIONS[violation.operation].properties.get(violation.field, {})
    return str(property_.get("x-semantics", {}).get("stored_as", ""))


def in_request(kind: str, field: str, noun: str) -> str:
    """Say what is wrong with a request: a kind of problem, or a JSON type."""
    if kind in PROBLEMS:
        return PROBLEMS[kind].replace("{field}", field).replace("{noun}", noun)
    return f"{spelled(kind)} as {field or 'the body'}"


def problems(fields: Iterable[str], noun: str) -> str:
    """Say what is wrong with requests: properties with invalid values, and other kinds."""
    known = [*fields]
    named = listed(in_words(field) for field in known if not field.startswith(":"))
    kinds = [in_request(field[1:], "", noun) for field in known if field.startswith(":")]
    return listed([*([f"an invalid {named}"] if named else []), *kinds])


def listed(known: Iterable[str]) -> str:
    """List words: of many, the first."""
    each = [word for word in dict.fromkeys(known) if word]
    left = f" and {len(each) - MOST_FIELDS} more" if len(each) > MOST_FIELDS else ""
    return ", ".join(each[:MOST_FIELDS]) + left


def in_words(field: str) -> str:
    word = field.removeprefix(":")
    return TOKENS.get(word, word) if field.startswith(":") else f"`{field}`"


def got_in_words(violation: Violation) -> str:
    """Describe the received value: by its type, or as another value if the type is right."""
    got = violation.got
    if violation.code == "walks/again":
        lost, others = got
        return f"{lost} missing and {others} others there" if lost or others else "another order"
    if got in TYPES and got == violation.expected:
        return f"another {got}"
    return spelled(got)


def spelled(value: Any) -> str:
    """Spell a number, a type, statuses or names."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | frozenset):
        known: list[Any] = sorted(cast("list[Any]", value), key=str)
        words = ["success" if item == 200 else spelled(item) for item in known]
        return (", " if any(str(item).isupper() for item in known) else " or ").join(words)
    return TYPES.get(value, str(value)) if isinstance(value, str) else str(value)
