"""The shape of errors, and what they give away."""

import json
from typing import Any

from tests.conformance.caller import Caller, is_error
from tests.conformance.reference import Answer, Api, Handler, RefusalError, Request

from .catalogue import DOCUMENTED, STRICT, Catalogue, Level, Witness, operation_of

FAULTS = Catalogue("errors")
SECRET = "Marigold Featherstonehaugh"


def bad_gender(caller: Caller) -> Answer:
    return caller.patch(caller.create(), {"patient": {"gender": SECRET}})


def retold(status: int, detail: Any, *operations: str) -> type[Api]:
    """Return a server whose errors of one status have another body."""

    class Retold(Api):
        def handle(self, request: Request) -> Answer:
            reply = super().handle(request)
            concerned = not operations or operation_of(request) in operations
            return reply.but(content=detail) if reply.status == status and concerned else reply

    return Retold


def unknown(caller: Caller) -> bool:
    return is_error(caller.get(caller.id_of_nobody), 404, "SessionNotFoundError")


def unknown_updated(caller: Caller) -> bool:
    return is_error(caller.patch(caller.id_of_nobody, {}), 404, "SessionNotFoundError")


def without_token(caller: Caller) -> bool:
    return is_error(caller.page_without_token(), 401, "AuthenticationError")


def put(caller: Caller) -> bool:
    return is_error(caller.send("PUT", "/sessions", {}), 405)


def as_text(caller: Caller) -> bool:
    return is_error(caller.patch_raw(caller.create(), b"{}", content_type="text/plain"), 415)


def broken(caller: Caller) -> bool:
    return is_error(caller.patch_raw(caller.create(), b"{"), 400)


def not_linked(caller: Caller) -> bool:
    return is_error(caller.unlinked().page(), 403, "NoLinkedUserException")


def oversize(caller: Caller) -> bool:
    body = b'{"x": "' + b"x" * (1024 * 1024) + b'"}'
    return is_error(caller.patch_raw(caller.create(), body), 413)


def mistyped(caller: Caller) -> bool:
    return is_error(bad_gender(caller), 422)


def bad_page_size(caller: Caller) -> bool:
    return is_error(caller.page(page_size="x"), 422)


MSG = {"msg": "error", "type": "Error"}
LIST_OF_FAILURES = {"detail": [{"loc": ["body"], "msg": "wrong", "type": "value_error"}]}
ROWS: tuple[tuple[str, str, str, Level, int, Any, Witness], ...] = (
    (
        "detail_is_text",
        "The detail of 404 is a text.",
        "ErrorResponse L93",
        DOCUMENTED,
        404,
        {"detail": "Session not found"},
        unknown,
    ),
    (
        "other_type_for_404",
        "An unknown session has the type `NotFound`.",
        "L95 S2",
        DOCUMENTED,
        404,
        {"detail": MSG | {"type": "NotFound"}},
        unknown,
    ),
    (
        "other_type_for_403",
        "A user who is not linked gets the type `Forbidden`.",
        "L230 S3",
        DOCUMENTED,
        403,
        {"detail": MSG | {"type": "Forbidden"}},
        not_linked,
    ),
    (
        "no_msg_in_403",
        "The error of a user who is not linked has no `msg`.",
        "ErrorDetail L229 S18",
        DOCUMENTED,
        403,
        {"detail": {"type": "NoLinkedUserException"}},
        not_linked,
    ),
    (
        "error_for_detail",
        "The member of 403 is called `error`.",
        "ErrorResponse L228 S18",
        DOCUMENTED,
        403,
        {"error": MSG | {"type": "NoLinkedUserException"}},
        not_linked,
    ),
    (
        "null_type_in_401",
        "The type of 401 is null.",
        "S1 S18",
        STRICT,
        401,
        {"detail": {"msg": "no", "type": None}},
        without_token,
    ),
    (
        "other_type_for_401",
        "401 has the type `Unauthorized`.",
        "S1",
        STRICT,
        401,
        {"detail": MSG | {"type": "Unauthorized"}},
        without_token,
    ),
    (
        "framework_405",
        "405 has the body of the framework, a detail of text.",
        "S18",
        STRICT,
        405,
        {"detail": "Method Not Allowed"},
        put,
    ),
    ("no_type_in_415", "415 has no type.", "S18", STRICT, 415, {"detail": {"msg": "no"}}, as_text),
    (
        "bare_400",
        "400 is an object without detail.",
        "S18",
        STRICT,
        400,
        {"msg": "broken", "type": "Broken"},
        broken,
    ),
    (
        "numbered_413",
        "The type of 413 is a number.",
        "S18",
        STRICT,
        413,
        {"detail": {"msg": "no", "type": 413}},
        oversize,
    ),
)
for name, sentence, rows, level, status, detail, witness in ROWS:
    FAULTS.add(name, sentence, rows, level, retold(status, detail), witness)
FAULTS.add(
    "list_of_failures",
    "422 of an update is a list of failures, as a framework makes it.",
    "S18",
    STRICT,
    retold(422, LIST_OF_FAILURES, "updateSession"),
    mistyped,
)
FAULTS.add(
    "list_of_failures_in_query",
    "422 of the list is a list of failures; that of a body is not.",
    "S18",
    STRICT,
    retold(422, LIST_OF_FAILURES, "listLinkedUserSessions"),
    bad_page_size,
)
FAULTS.add(
    "other_shape_for_unknown_update",
    "PATCH of an unknown session has no type; GET has.",
    "L95 S18",
    DOCUMENTED,
    retold(404, {"detail": {"msg": "Session not found"}}, "updateSession"),
    unknown_updated,
)


def as_type(status: int, media_type: str, body: bytes) -> type[Api]:
    class AsType(Api):
        def handle(self, request: Request) -> Answer:
            reply = super().handle(request)
            if reply.status != status:
                return reply
            return reply.but(body=body or reply.body, headers={"content-type": media_type})

    return AsType


FAULTS.add(
    "html_404",
    "An unknown session is an HTML page.",
    "ErrorResponse L90",
    DOCUMENTED,
    as_type(404, "text/html", b"<h1>404</h1>"),
    unknown,
)
FAULTS.add("empty_405", "405 has no body.", "S18", STRICT, as_type(405, "text/plain", b" "), put)
FAULTS.add(
    "plain_401",
    "401 has the right body and is labelled text/plain.",
    "S18",
    STRICT,
    as_type(401, "text/plain", b""),
    without_token,
)
FAULTS.add(
    "problem_422",
    "422 is labelled application/problem+json.",
    "S18",
    STRICT,
    as_type(422, "application/problem+json", b""),
    mistyped,
)
FAULTS.add(
    "html_413",
    "413 is the HTML page of a proxy.",
    "S18",
    STRICT,
    as_type(413, "text/html", b"<h1>413</h1>"),
    oversize,
)


@FAULTS.fault("S18", STRICT, lambda c: is_error(c.send("GET", "/patients"), 404))
def framework_404(request: Request, handle: Handler) -> Answer:
    """A path that does not exist has the error body of the framework."""
    reply = handle(request)
    return reply.but(content={"detail": "Not Found"}) if b'"NotFound"' in reply.body else reply


@FAULTS.fault("S18", STRICT, lambda c: SECRET.encode() not in bad_gender(c).body)
class EchoesTheValue(Api):
    """The message of 422 repeats the value that was sent."""

    def invalid(self, where: str, value: object) -> RefusalError:
        return RefusalError(422, "ValidationError", f"{where} cannot be {value!r}")


@FAULTS.fault(
    "S18",
    STRICT,
    lambda c: (
        SECRET.encode() not in c.patch(c.create(), {"clinician_notes": ["a", SECRET, 1]}).body
    ),
)
class EchoesTheNotes(Api):
    """The message of 422 repeats `clinician_notes`, and no other value."""

    def invalid(self, where: str, value: object) -> RefusalError:
        told = f": {value!r}" if where.endswith("clinician_notes") else ""
        return RefusalError(422, "ValidationError", f"{where} is not valid{told}")


@FAULTS.fault(
    "S18",
    STRICT,
    lambda c: SECRET.encode() not in c.patch_raw(c.create(), f'{{"{SECRET}"'.encode()).body,
)
class EchoesTheBrokenBody(Api):
    """The message of 400 shows the text round the place where the JSON breaks."""

    def parsed(self, request: Request) -> Any:
        try:
            return super().parsed(request)
        except RefusalError as refusal:
            if refusal.answer.status != 400:
                raise
            near = request.body[:40].decode(errors="replace")
            raise RefusalError(400, "MalformedRequest", f"not JSON near {near}") from None


@FAULTS.fault(
    "S18", STRICT, lambda c: c.token[:-1].encode() not in c.using(c.token[:-1]).page().body
)
class EchoesTheToken(Api):
    """The message of 401 repeats the token."""

    def handle(self, request: Request) -> Answer:
        reply = super().handle(request)
        if reply.status != 401:
            return reply
        sent = request.headers.get("authorization", "none")
        detail = {"msg": f"not valid: {sent}", "type": "AuthenticationError"}
        return reply.but(content={"detail": detail})


@FAULTS.fault("S18", STRICT, lambda c: b"Featherstonehaugh" not in c.get("Featherstonehaugh").body)
class EchoesTheId(Api):
    """The message of 404 repeats the id that was asked for."""

    def handle(self, request: Request) -> Answer:
        reply = super().handle(request)
        if reply.status != 404 or operation_of(request) != "getSession":
            return reply
        asked = request.path.rpartition("/")[2]
        detail = {"msg": f"Session {asked} not found", "type": "SessionNotFoundError"}
        return reply.but(content={"detail": detail})


@FAULTS.fault(
    "S18",
    STRICT,
    lambda c: "duration" in c.patch(c.create(), {"duration": "x"}).content["detail"]["msg"],
)
class NamesNoMember(Api):
    """The message of 422 does not say which member is wrong."""

    def invalid(self, where: str, value: object) -> RefusalError:
        return RefusalError(422, "ValidationError", "the request is not valid")


@FAULTS.fault("S18", STRICT, lambda c: SECRET.encode() not in c.page(page_size=SECRET).body)
class EchoesTheQuery(Api):
    """The error of a wrong `page_size` carries the value in a further member."""

    def handle(self, request: Request) -> Answer:
        reply = super().handle(request)
        if reply.status != 422 or operation_of(request) != "listLinkedUserSessions":
            return reply
        told = reply.content["detail"]
        told["msg"] += " " + json.dumps(dict(request.query))
        return reply.but(content={"detail": told})
