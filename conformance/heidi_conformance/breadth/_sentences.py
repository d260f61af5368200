"""From what a check saw to sentences: what was wrong, where it is written, what came instead.

A sentence never repeats a value that the server answered: on a real server that may be a patient's.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, cast

from schemathesis import Response
from schemathesis.core import failures as core
from schemathesis.openapi import checks

from heidi_conformance import _document
from heidi_conformance._document import Json
from heidi_conformance._text import json_path, kind_of, printable
from heidi_conformance.contract._operations import CREATE, MAIN, OPERATIONS

from ._defects import schema_at, unfit_part
from ._sighting import Keys, Sighting


@dataclass(frozen=True)
class Sentence:
    """A finding in words.

    text: what the operation did. keys: the way to the place in the document.
    vague: whether it gives way to one that says more.
    """

    text: str
    keys: Keys
    expected: str
    got: str
    vague: bool = False


def sentences(sighting: Sighting) -> Iterator[Sentence]:
    """Yield one sentence for each cause that a failed check shows."""
    for kind in type(sighting.failure).__mro__:
        if kind in SPEAKERS:
            yield from SPEAKERS[kind](sighting, sighting.failure)
            return


def server_error(seen: Sighting, _: core.Failure) -> Iterator[Sentence]:
    request = (
        "a request that the document allows"
        if seen.valid
        else "a request that the document does not allow"
    )
    yield Sentence(
        f"answered {seen.status} to {request}",
        seen.keys,
        "no 5xx",
        f"status {seen.status}",
        vague=not seen.valid,
    )


def undeclared_status(seen: Sighting, failure: checks.UndefinedStatusCode) -> Iterator[Sentence]:
    yield Sentence(
        f"answered {seen.status}, which the document does not declare",
        [*seen.keys, "responses"],
        "one of " + ", ".join(failure.defined_status_codes),
        f"status {seen.status}",
    )


def wrong_media_type(seen: Sighting, _: core.Failure) -> Iterator[Sentence]:
    sent = "".join(header(seen.response, "Content-Type")[:1]).partition(";")[0].strip()
    got = f"as {printable(sent)}" if sent else "without a Content-Type"
    yield Sentence(
        f"answered {seen.status} {got}, not as application/json",
        [*seen.response_keys, "content"],
        "application/json",
        got,
    )


def not_json(seen: Sighting, _: core.Failure) -> Iterator[Sentence]:
    yield Sentence(
        f"answered {seen.status} with a body that is not JSON",
        [*seen.response_keys, "content", "application/json"],
        "JSON",
        f"{len(seen.response.content)} bytes that are not JSON",
    )


def wrong_body(seen: Sighting, failure: checks.JsonSchemaError) -> Iterator[Sentence]:
    root: Keys = [*seen.response_keys, "content", "application/json", "schema"]
    keys, schema = schema_at(seen.document, root, failure.instance_path)
    where = json_path(failure.instance_path)
    keyword = str(failure.schema_path[-1]) if failure.schema_path else "schema"
    answered = f"answered {seen.status}"
    if keyword == "required" and isinstance(failure.instance, dict):
        for name in schema.get("required", []):
            if name not in failure.instance:
                title = f"{answered} without the required member `{name}` at {where}"
                yield Sentence(title, [*keys, "required"], f"`{name}`", "no such member")
        return
    allowed = json.dumps(schema.get(keyword), ensure_ascii=True)
    if keyword == "type":
        got = kind_of(failure.instance)
        title = f"{answered} with {got} at {where}, where the document has {types(schema)}"
        yield Sentence(title, [*keys, "type"], types(schema), got)
        return
    title = f"{answered} with a value at {where} that breaks `{keyword}` of the document"
    yield Sentence(
        title,
        [*keys, keyword],
        f"{keyword}: {allowed}",
        f"{kind_of(failure.instance)} that does not fit",
    )


def header(response: Response, name: str) -> list[str]:
    """Return the values of a header, none where it is missing."""
    return response.headers.get(name.lower()) or []


def ignored_token(seen: Sighting, failure: checks.IgnoredAuth) -> Iterator[Sentence]:
    request = (
        "without a token"
        if failure.scenario == checks.AuthScenario.NO_AUTH
        else "with an invented token"
    )
    if seen.success:
        title = f"accepted a request {request}, with {seen.status}"
    else:
        title = f"answered {seen.status} to a request {request}"
    yield Sentence(
        title, ["components", "securitySchemes", MAIN.owner], "401", f"status {seen.status}"
    )


def missing_token(seen: Sighting, failure: checks.MissingHeaderNotRejected) -> Iterator[Sentence]:
    yield Sentence(
        f"answered {seen.status} to a request without {failure.header_name}",
        [*seen.keys, "responses", "401"],
        ", ".join(map(str, failure.expected_statuses)),
        f"status {seen.status}",
        vague=True,
    )


def wrong_method(seen: Sighting, failure: checks.UnsupportedMethodResponse) -> Iterator[Sentence]:
    fault = "without the header `Allow`" if failure.allow_header_present is False else "and not 405"
    answered = f"has a path that answered {seen.status}"
    yield Sentence(
        f"{answered} to a method that it does not have, {fault}",
        [*seen.keys, "responses", "405"],
        "405 with Allow",
        f"status {seen.status} to {failure.method}",
    )


def wrong_allow(seen: Sighting, failure: checks.AllowHeaderMismatch) -> Iterator[Sentence]:
    yield Sentence(
        "has a path whose `Allow` names other methods than it has",
        [*seen.keys, "responses", "405"],
        ", ".join(
            method.upper()
            for method in _document.METHODS
            if method in seen.document["paths"][seen.path]
        ),
        printable(failure.allow_header) or "none",
    )


def refused(seen: Sighting, failure: checks.RejectedPositiveData) -> Iterator[Sentence]:
    yield Sentence(
        f"refused a request that the document allows, with {seen.status}",
        seen.keys,
        ", ".join(failure.allowed_statuses),
        f"status {seen.status}",
    )


def accepted(seen: Sighting, _: core.Failure) -> Iterator[Sentence]:
    keys, what = unfit_part(seen)
    yield Sentence(
        f"accepted {what or 'an invalid request'}, with {seen.status}",
        keys,
        "400, 415 or 422",
        f"status {seen.status}",
        vague=not what,
    )


def vanished(seen: Sighting, _: core.Failure) -> Iterator[Sentence]:
    yield Sentence(
        f"answered {seen.status} for a session that had just been created",
        link_to(seen),
        "the session",
        f"status {seen.status}",
    )


def link_to(seen: Sighting) -> Keys:
    """Return the way to the link from the creation to an operation, or to the creation."""
    creation = OPERATIONS[CREATE]
    for status in creation.success:
        for name, link in creation.responses[status].get("links", {}).items():
            if link.get("operationId") == seen.operation:
                return [*creation.place, "responses", status, "links", name]
    return [*creation.place]


def anything_else(seen: Sighting, failure: core.Failure) -> Iterator[Sentence]:
    yield Sentence(
        f"answered {seen.status}: {failure.kind_title}",
        seen.keys,
        seen.rule,
        f"status {seen.status}",
    )


SPEAKERS: dict[type[core.Failure], Callable[[Sighting, Any], Iterator[Sentence]]] = {
    core.ServerError: server_error,
    core.MalformedJson: not_json,
    core.AcceptedNegativeData: accepted,
    core.Failure: anything_else,
    checks.UndefinedStatusCode: undeclared_status,
    checks.UndefinedContentType: wrong_media_type,
    checks.MissingContentType: wrong_media_type,
    checks.MalformedMediaType: wrong_media_type,
    checks.ContentDeserializationError: not_json,
    checks.JsonSchemaError: wrong_body,
    checks.IgnoredAuth: ignored_token,
    checks.MissingHeaderNotRejected: missing_token,
    checks.UnsupportedMethodResponse: wrong_method,
    checks.AllowHeaderMismatch: wrong_allow,
    checks.RejectedPositiveData: refused,
    checks.EnsureResourceAvailability: vanished,
}


def types(schema: Json) -> str:
    """Name the types that a schema allows."""
    allowed = schema.get("type", "another type")
    return " or ".join(cast("list[str]", allowed)) if isinstance(allowed, list) else str(allowed)
