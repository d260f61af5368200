"""From failed checks of Schemathesis to complaints: in a run, and when requests are sent again."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import requests
from schemathesis import Case, Response
from schemathesis.checks import CHECKS  # pyright: ignore[reportUnknownVariableType]  # see below
from schemathesis.core.failures import Failure, FailureGroup

from heidi_conformance import _document
from heidi_conformance._history import Exchange, Request
from heidi_conformance._verdict import Level
from heidi_conformance._wire import Reply
from heidi_conformance.oracle import Complaint

from ._fairness import causes, excused
from ._sentences import sentences
from ._sighting import Sighting

Failed = list[tuple[str, Failure]]


@dataclass(frozen=True)
class Opinions:
    """What the checks say, by the document of a level."""

    document: _document.Json
    level: Level

    def on(
        self, case: Case[Any], response: Response, body: bytes | None, failed: Failed
    ) -> list[Complaint]:
        """Return the complaints that failed checks of one answer amount to."""
        path, method = case.operation.path, case.operation.method
        operation = self.document["paths"][path][method]["operationId"]
        seen = [
            Sighting(self.document, rule, failure, case, response, body, path, method, operation)
            for rule, failure in failed
        ]
        fair = [sighting for sighting in seen if not excused(sighting, self.level)]
        return [
            Complaint(
                sighting.rule,
                operation,
                sentence.text,
                "",
                sentence.expected,
                sentence.got,
                place=tuple(sentence.keys),
                vague=sentence.vague,
            )
            for sighting in causes(fair)
            for sentence in sentences(sighting)
        ]


@dataclass(frozen=True)
class Witness:
    """Makes one check again, of the answer to one request when it is sent again."""

    opinions: Opinions
    rule: str
    case: Case[Any]
    request: Request

    def __call__(self, exchange: Exchange) -> Iterator[Complaint]:
        """Yield what the check says of an answer; nothing of those to other requests."""
        if exchange.request != self.request or not isinstance(exchange.answer, Reply):
            return
        response = as_response(exchange, exchange.answer)
        # Schemathesis types both too loosely for a check that is known by its name.
        case: Any = self.case
        check = cast("Any", CHECKS).get_one(self.rule)
        try:
            case.validate_response(response, checks=[check])
        except FailureGroup as group:
            failed = [(self.rule, failure) for failure in group.exceptions]
            yield from self.opinions.on(self.case, response, exchange.message.body, failed)


def as_response(exchange: Exchange, reply: Reply) -> Response:
    """Return an answer as Schemathesis has it."""
    message = exchange.message
    sent = requests.Request(message.method, "http://host" + message.target, dict(message.headers))
    headers: dict[str, list[str]] = {}
    for name, text in reply.headers:
        headers.setdefault(name, []).append(text)
    return Response(reply.status, headers, reply.body, sent.prepare(), elapsed=0, verify=True)
