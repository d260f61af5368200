"""Checks of every request of a client and all output of its driver, in any scenario."""
# ruff: noqa: E501  # tables read better in rows

import json
import stat
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus, unquote_plus

from heidi_conformance._text import printable
from heidi_conformance.contract._document import Json, as_object
from heidi_conformance.contract._operations import (
    ISSUE,
    KEY_HEADER,
    LIST,
    UPDATE,
    Operation,
    route,
)
from heidi_conformance.contract._parameters import fits
from heidi_conformance.contract._schemas import Field, branches, kinds
from heidi_conformance.oracle import Violation
from heidi_conformance.oracle._differences import kind

from ._process import can_list_processes
from ._proxy import Exchange, Proxy
from ._scenario import Scenario
from ._trial import Session, Trial, User

# A log, not an archive.
# A part of a token that is enough to recognize it.
PART = 40
LARGEST_FILE = 16 * 2**20

WATCHES = (
    Scenario("key-place", "documented", ISSUE or LIST, "page:authentication", "the key goes to the issue of tokens alone, in its header"),
    Scenario("token-place", "documented", LIST, "page:authentication", "the token goes as `Authorization: Bearer` to operations alone that need it"),
    Scenario("user-place", "practice", LIST, "OWASP API Security Top 10, API3:2023", "who the user is goes to the issue of tokens alone"),
    Scenario("patient-place", "practice", UPDATE, "RFC 9110, section 17.9", "nothing about a patient is in a URL or a header"),
    Scenario("documented-requests", "documented", UPDATE, "the document", "methods, paths, parameters and properties are those of the document"),
    Scenario("request-schema", "documented", UPDATE, "the document", "values have the types and formats of the document"),
    Scenario("request-body", "documented", UPDATE, "RFC 8259, section 8.1", "a body is JSON in UTF-8, sent as application/json"),
    Scenario("cookies", "practice", LIST, "RFC 6750, section 2", "no cookie is carried: the token says who asks"),
    Scenario("output-secrets", "practice", LIST, "OWASP Logging Cheat Sheet", "no key, token or email is in messages, logs or files"),
    Scenario("output-patients", "practice", UPDATE, "OWASP Logging Cheat Sheet", "nothing about a patient is in messages, logs or files"),
    Scenario("process-list", "practice", LIST, "CWE-214", "no key, token or patient is in the arguments of a process"),
)  # fmt: skip
IDS = frozenset(item.id for item in WATCHES)


def requests(
    exchanges: Iterable[Exchange], proxy: Proxy, user: User, patients: Collection[str]
) -> Iterator[Violation]:
    """Yield violations of requests. patients: values that reveal something about a patient."""
    for exchange in exchanges:
        if exchange.stranger:
            continue
        yield from secrets_in(exchange, user, [*filter(None, proxy.tokens)])
        yield from patients_in(exchange, patients)
        yield from undocumented(exchange)
        if exchange.operation is not None:
            yield from unfit(exchange, exchange.operation)
            yield from body_of(exchange, exchange.operation)
        if exchange.header("cookie"):
            yield Violation("cookies", about(exchange))


def users(session: Session) -> Iterator[Violation]:
    """Yield a violation if a client asks for the token of a user other than its own."""
    for exchange in session.proxy.exchanges:
        if exchange.name == ISSUE and not exchange.stranger:
            for name, text in session.user.names.items():
                if exchange.parameter(name) != text:
                    yield Violation("user-place/changed", ISSUE, name)


def arguments(trial: Trial, session: Session) -> Iterator[Violation]:
    """Yield what everybody on the machine can read in the list of processes."""
    for word, texts in (("secrets", secrets_of(session)), ("patients", (trial.marker,))):
        if any(text.encode() in told for told in session.driver.arguments for text in texts):
            yield Violation("process-list", trial.operation, detail=word)


def about(exchange: Exchange) -> str:
    """Return the operation that a request is about, or that it resembles most."""
    if exchange.name:
        return exchange.name
    others = [*route(exchange.target).methods.values()]
    return others[0].id if others else LIST


def secrets_of(session: Session) -> tuple[str, ...]:
    return session.user.key, session.user.secret, *session.proxy.tokens


def secrets_in(exchange: Exchange, user: User, tokens: Collection[str]) -> Iterator[Violation]:
    """Yield which secrets a request has in a place where they do not belong."""
    name = about(exchange)
    target = unquote_plus(exchange.target)
    body = exchange.body.decode(errors="replace")
    headers = {key.lower(): text for key, text in exchange.headers}
    at_issue = name == ISSUE
    if user.key in target:
        yield Violation("key-place/url", name)
    own = headers.get(KEY_HEADER.lower(), "") if at_issue else ""
    if user.key in body or any(user.key in text for text in headers.values() if text != own):
        yield Violation("key-place/elsewhere", name)
    if any(token in target for token in tokens):
        yield Violation("token-place/url", name)
    usual = "" if at_issue else headers.get("authorization", "")
    if any(
        token in text for token in tokens for text in (body, *headers.values()) if text != usual
    ):
        yield Violation("token-place/elsewhere", name)
    if not at_issue and not exchange.token and exchange.operation and exchange.operation.scheme:
        yield Violation("token-place/missing", name)
    if (
        user.secret in body
        or any(user.secret in text for text in headers.values())
        or (user.secret in target and not at_issue)
    ):
        yield Violation("user-place", name)


def patients_in(exchange: Exchange, patients: Collection[str]) -> Iterator[Violation]:
    target = unquote_plus(exchange.target)
    if any(text in target for text in patients):
        yield Violation("patient-place/url", about(exchange))
    headers = "\n".join(text for _, text in exchange.headers)
    if any(text in headers for text in patients):
        yield Violation("patient-place/header", about(exchange))


def undocumented(exchange: Exchange) -> Iterator[Violation]:
    """Yield what a request has that the document does not have."""
    operation = exchange.operation
    if operation is None:
        variant = "method" if route(exchange.target).methods else "path"
        yield Violation(f"documented-requests/{variant}", about(exchange), detail=exchange.method)
        return
    known = {item.name for item in operation.parameters if item.where == "query"}
    for name in {name for name, _ in exchange.query} - known:
        yield Violation("documented-requests/parameter", operation.id, detail=printable(name))
    if operation.body is not None:
        for name in unknown(exchange.content, operation.body.schema):
            yield Violation("documented-requests/property", operation.id, detail=printable(name))
    if operation.body is None and exchange.body:
        yield Violation("documented-requests/body", operation.id)


def unknown(value: Any, schema: Json, at: str = "") -> Iterator[str]:
    """Yield the properties of a value that its schema does not name."""
    named: dict[str, Json] = {}
    for branch in branches(schema):
        named |= branch.get("properties", {})
    for name, item in (as_object(value) or {}).items() if named else ():
        if name not in named:
            yield at + name
        else:
            yield from unknown(item, named[name], f"{at}{name}.")


def unfit(exchange: Exchange, operation: Operation) -> Iterator[Violation]:
    """Yield which values do not fit their schema."""
    for parameter in operation.parameters:
        texts = [text for name, text in exchange.query if name == parameter.name]
        if parameter.where != "query":
            continue
        if not texts and parameter.required:
            yield Violation("request-schema/missing", operation.id, parameter.name)
        elif texts and fits(parameter, texts) is not True:
            yield Violation("request-schema/parameter", operation.id, parameter.name)
    body = operation.body
    if body is None or not exchange.body or exchange.content is None:
        return
    for error in Field("body", body.schema).validator.iter_errors(exchange.content):
        place = ".".join(str(part) for part in error.instance_path if isinstance(part, str))
        known = sorted(kinds_at(body.schema, place))
        yield Violation(
            "request-schema/value",
            operation.id,
            place,
            expected=" or ".join(known),
            got=kind(error.instance),
        )


def kinds_at(schema: Json, place: str) -> frozenset[str]:
    """Return the JSON types that a schema takes at a place."""
    for step in filter(None, place.split(".")):
        inner: list[Json] = [branch.get("properties", {}) for branch in branches(schema)]
        nothing: Json = {}
        schema = next((named[step] for named in inner if step in named), nothing)
    return kinds(schema)


def body_of(exchange: Exchange, operation: Operation) -> Iterator[Violation]:
    """Yield violations in the headers and the form of a body."""
    if operation.body is None:
        return
    if not exchange.body:
        if not operation.body.optional:
            yield Violation("request-body/missing", operation.id)
        return
    media_type, *_ = (exchange.header("content-type") or "").partition(";")
    if media_type.strip().lower() != "application/json":
        yield Violation("request-body/media-type", operation.id)
    try:
        text = exchange.body.decode()
    except UnicodeDecodeError:
        yield Violation("request-body/encoding", operation.id)
        return
    try:
        json.loads(text, parse_constant=refuse)
    except (RecursionError, ValueError):
        yield Violation("request-body/syntax", operation.id)


def refuse(_: str) -> None:
    raise ValueError


def output(trial: Trial, session: Session, folder: Path) -> Iterator[Violation]:
    """Yield secrets and patient data in what a driver writes: messages, standard error and files."""
    messages = "\n".join(result.message for result in trial.results)
    places = {"message": messages.encode(), "stderr": bytes(session.driver.stderr)}
    for place, text in places.items():
        if any(spelled in text for secret in secrets_of(session) for spelled in spellings(secret)):
            yield Violation("output-secrets", trial.operation, detail=place)
        if trial.marker.encode() in text:
            yield Violation(trial.leaks, trial.operation, detail=place)
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or path.is_symlink() or path.stat().st_size > LARGEST_FILE:
            continue
        text = path.read_bytes()
        # Tokens may be kept in a file that only their owner can read.
        closed = not path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)
        told = (session.user.key,) if closed else secrets_of(session)
        if any(spelled in text for secret in told for spelled in spellings(secret)):
            yield Violation("output-secrets", trial.operation, detail="file")
        if trial.marker.encode() in text:
            yield Violation("output-patients", trial.operation, detail="file")


def spellings(secret: str) -> tuple[bytes, ...]:
    """Return the forms of a secret in a log: encoded, or in part."""
    whole = (secret, quote_plus(secret))
    head, _, rest = secret.partition(".")
    # The first part of a token is the same in all of them.
    parts = [rest[:PART]] if head.startswith("eyJ") and len(rest) > PART else []
    return tuple(text.encode() for text in (*whole, *parts))


def exercised(name: str) -> bool:
    """Whether a watch can see anything on this system."""
    return name != "process-list" or can_list_processes()
