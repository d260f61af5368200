"""The shape of errors, and what they reveal."""

import contextlib
import json
from collections.abc import Callable
from typing import Any

from tests.conformance.caller import Caller, is_error
from tests.conformance.reference import Api, RefusalError, Request, Response

from .auth import without_its_id
from .catalogue import (
    DOCUMENTED,
    GET,
    LIST,
    PATCH,
    STRICT,
    Catalogue,
    Witness,
    instead,
    nested,
    operation_of,
    responding,
    to,
)

FAULTS = Catalogue("errors")
SECRET = "Marigold Featherstonehaugh"


def bad_gender(caller: Caller) -> Response:
    return caller.patch(caller.create(), {"patient": {"gender": SECRET}})


def retold(status: int, detail: Any, operation: str = "") -> type[Api]:
    """Return a server whose errors of one status have another body."""
    return responding(to(content=detail), operation, status)


def labelled(status: int, media_type: str, **changes: Any) -> type[Api]:
    """Return a server whose errors of one status are of another type."""
    return responding(to(headers={"content-type": media_type}, **changes), "", status)


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
FAULTS.enter(
    ("detail_is_text", "The detail of 404 is a string.", "ErrorResponse L93", DOCUMENTED, retold(404, {"detail": "Session not found"}), unknown),
    ("other_type_for_404", "An unknown session has the type `NotFound`.", "L95 S2", DOCUMENTED, retold(404, {"detail": MSG | {"type": "NotFound"}}), unknown),
    ("other_type_for_403", "A user who is not linked gets the type `Forbidden`.", "L230 S3", DOCUMENTED, retold(403, {"detail": MSG | {"type": "Forbidden"}}), not_linked),
    ("other_msg_in_403", "A user who is not linked gets another message.", "S3 unlinked", STRICT, retold(403, {"detail": MSG | {"type": "NoLinkedUserException"}}), lambda c: c.unlinked().page().content["detail"]["msg"] == "error: no linked user"),
    ("no_msg_in_403", "The error of a user who is not linked has no `msg`.", "ErrorDetail L229 S18", DOCUMENTED, retold(403, {"detail": {"type": "NoLinkedUserException"}}), not_linked),
    ("error_for_detail", "The property of 403 is called `error`.", "ErrorResponse L228 S18", DOCUMENTED, retold(403, {"error": MSG | {"type": "NoLinkedUserException"}}), not_linked),
    ("null_type_in_401", "The type of 401 is null.", "S1 S18", STRICT, retold(401, {"detail": {"msg": "no", "type": None}}), without_token),
    ("other_type_for_401", "401 has the type `Unauthorized`.", "S1", STRICT, retold(401, {"detail": MSG | {"type": "Unauthorized"}}), without_token),
    ("framework_405", "405 has the body of the framework, a detail of text.", "S18", STRICT, retold(405, {"detail": "Method Not Allowed"}), put),
    ("no_type_in_415", "415 has no type.", "S18", STRICT, retold(415, {"detail": {"msg": "no"}}), as_text),
    ("bare_400", "400 is an object without detail.", "S18", STRICT, retold(400, {"msg": "broken", "type": "Broken"}), broken),
    ("numbered_413", "The type of 413 is a number.", "S18", STRICT, retold(413, {"detail": {"msg": "no", "type": 413}}), oversize),
    ("list_of_failures", "422 of an update is a list of failures, as a framework makes it.", "S18", STRICT, retold(422, LIST_OF_FAILURES, PATCH), mistyped),
    ("list_of_failures_in_query", "422 of the list is a list of failures; that of a body is not.", "S18", STRICT, retold(422, LIST_OF_FAILURES, LIST), bad_page_size),
    ("other_shape_for_unknown_update", "PATCH of an unknown session has no type; GET has.", "L95 S18", DOCUMENTED, retold(404, {"detail": {"msg": "Session not found"}}, PATCH), unknown_updated),
    ("html_404", "An unknown session is an HTML page.", "ErrorResponse L90", DOCUMENTED, labelled(404, "text/html", body=b"<h1>404</h1>"), unknown),
    ("empty_405", "405 has no body.", "S18", STRICT, labelled(405, "text/plain", body=b" "), put),
    ("plain_401", "401 has the right body and is labelled text/plain.", "S18", STRICT, labelled(401, "text/plain"), without_token),
    ("problem_422", "422 is labelled application/problem+json.", "S18", STRICT, labelled(422, "application/problem+json"), mistyped),
    ("html_413", "413 is the HTML page of a proxy.", "S18", STRICT, labelled(413, "text/html", body=b"<h1>413</h1>"), oversize),
)  # fmt: skip


def invalid(tell: Callable[[str, object], str]) -> type[Api]:
    """Return a server with another message where a property is wrong, given its place and value."""
    return instead(
        invalid=lambda api, where, value: RefusalError(422, "ValidationError", tell(where, value))
    )


def retelling(status: int, operation: str, tell: Callable[[Request, str], str]) -> type[Api]:
    """Return a server with another message for a status, given the request and the message."""

    def handle(api: Api, request: Request) -> Response:
        reply = Api.handle(api, request)
        if reply.status != status or operation not in {"", operation_of(request)}:
            return reply
        detail = reply.content["detail"]
        return reply.but(content={"detail": detail | {"msg": tell(request, detail["msg"])}})

    return instead(handle=handle)


def silent_on(secret: str, ask: Callable[[Caller], Response]) -> Witness:
    return lambda caller: secret.encode() not in ask(caller).body


def challenge_with_token(api: Api, request: Request) -> Response:
    reply, told = Api.handle(api, request), request.headers.get("authorization", "")
    text = f'Bearer error="invalid_token", error_description="{told.partition(" ")[2]}"'
    return reply.but(headers={"www-authenticate": text}) if reply.status == 401 else reply


def near_challenge(caller: Caller) -> bool:
    near = caller.token[:-1]
    return near not in caller.using(near).page().headers["www-authenticate"]


def near_token(caller: Caller) -> bool:
    near = caller.token[:-1]
    return near.encode() not in caller.using(near).page().body


FAULTS.enter(
    ("framework_404", "A path that does not exist has the error body of the framework.", "S18", STRICT, responding(lambda reply: reply.but(content={"detail": "Not Found"}) if b'"NotFound"' in reply.body else reply), lambda c: is_error(c.send("GET", "/patients"), 404)),
    ("echoes_the_value", "The message of 422 repeats the value that was sent.", "S18", STRICT, invalid(lambda where, value: f"{where} cannot be {value!r}"), silent_on(SECRET, bad_gender)),
    ("echoes_the_notes", "The message of 422 repeats `clinician_notes`, and no other value.", "S18", STRICT, invalid(lambda where, value: f"{where} is not valid: {value!r}" if where.endswith("clinician_notes") else f"{where} is not valid"), silent_on(SECRET, lambda c: c.patch(c.create(), {"clinician_notes": ["a", SECRET, 1]}))),
    ("echoes_the_broken_body", "The message of 400 shows the text around the place where the JSON breaks.", "S18", STRICT, retelling(400, "", lambda request, _: f"not JSON near {request.body[:40].decode(errors='replace')}"), silent_on(SECRET, lambda c: c.patch_raw(c.create(), f'{{"{SECRET}"'.encode()))),
    ("echoes_the_token", "The message of 401 repeats the token.", "S18", STRICT, retelling(401, "", lambda request, _: f"not valid: {request.headers.get('authorization', 'none')}"), near_token),
    ("echoes_in_the_challenge", "The challenge of 401 repeats the token.", "S18", STRICT, instead(handle=challenge_with_token), near_challenge),
    ("echoes_the_id", "The message of 404 repeats the id that was asked for.", "S18", STRICT, retelling(404, GET, lambda request, _: f"Session {request.path.rpartition('/')[2]} not found"), silent_on("Featherstonehaugh", lambda c: c.get("Featherstonehaugh"))),
    ("names_no_member", "The message of 422 does not say which property is wrong.", "S18", STRICT, invalid(lambda where, value: "the request is not valid"), lambda c: "duration" in c.patch(c.create(), {"duration": "x"}).content["detail"]["msg"]),
    ("echoes_the_query", "The error of a wrong `page_size` carries the value in a further property.", "S18", STRICT, retelling(422, LIST, lambda request, msg: f"{msg} {json.dumps(dict(request.query))}"), silent_on(SECRET, lambda c: c.page(page_size=SECRET))),
)  # fmt: skip


# --- messages that repeat a part of the request ---


def of_property(field: str, tell: Callable[[Any], str]) -> type[Api]:
    """Return a server whose message about one property reveals something of its value."""
    return invalid(
        lambda where, value: (
            f"{where} is not valid{tell(value) if where == f'body.{field}' else ''}"
        )
    )


def sent(field: str, value: Any) -> Callable[[Caller], Response]:
    return lambda caller: caller.patch(caller.create(), nested(field, value))


def with_header(name: str) -> Callable[[Request, str], str]:
    return lambda request, msg: f"{msg}: {request.headers.get(name, '')}"


def with_query(name: str) -> Callable[[Request, str], str]:
    return lambda request, msg: f"{msg}: {request.query.get(name, [''])[-1]}"


def where_it_breaks(request: Request, msg: str) -> str:
    """Quote the characters around the place where a body stops being JSON."""
    with contextlib.suppress(UnicodeDecodeError, RecursionError):
        try:
            json.loads(request.body)
        except json.JSONDecodeError as error:
            return f"{msg}: unexpected {error.doc[max(0, error.pos - 12) : error.pos + 4]!r}"
    return msg


def wrong_key(caller: Caller) -> Response:
    return caller.issue(key=SECRET)


FAULTS.enter(
    ("echoes_the_date", "The message about a `dob` repeats it, as a library of dates does.", "S18", STRICT, of_property("patient.dob", lambda v: f": day is out of range for month: {v}"), silent_on("1987-02-30", sent("patient.dob", "1987-02-30"))),
    ("echoes_the_day", "The message about a `dob` repeats the day.", "S18", STRICT, of_property("patient.dob", lambda v: f": there is no day {str(v)[8:]}"), silent_on("no day 77", sent("patient.dob", "1987-02-77"))),
    ("echoes_the_language", "The message about a language repeats its first ten characters.", "S18", STRICT, of_property("language_code", lambda v: f": {str(v)[:10]}"), silent_on(SECRET[:10], sent("language_code", SECRET))),
    ("echoes_the_item", "The message about an array repeats an item that is not a string.", "S18", STRICT, of_property("clinician_notes", lambda v: "".join(f": {item}" for item in v if not isinstance(item, str)) if isinstance(v, list) else ""), silent_on(SECRET, sent("clinician_notes", ["a", {"b": SECRET}]))),
    ("echoes_the_end", "The message about a gender repeats the last five characters of it.", "S18", STRICT, of_property("patient.gender", lambda v: f": …{str(v)[-5:]}"), silent_on(SECRET[-5:], sent("patient.gender", SECRET))),
    ("echoes_the_duration", "The message about a duration repeats it.", "S18", STRICT, of_property("duration", lambda v: f": {v} is below 0"), silent_on("-73410000007341", sent("duration", -73410000007341))),
    ("echoes_in_capitals", "The message about a gender repeats it in capitals.", "S18", STRICT, of_property("patient.gender", lambda v: f": {str(v).upper()}"), silent_on(SECRET.upper(), sent("patient.gender", SECRET))),
    ("echoes_where_it_breaks", "The message of 400 repeats some characters before the place where JSON breaks.", "S18", STRICT, retelling(400, "", where_it_breaks), silent_on("stonehaugh", lambda c: c.patch_raw(c.create(), f'{{"ehr_appt_id": "{SECRET}"'.encode() + b" oops}"))),
    ("echoes_the_size", "The message about a `page_size` repeats it.", "S18", STRICT, retelling(422, LIST, with_query("page_size")), silent_on("73410000007341", lambda c: c.page(page_size="73410000007341"))),
    ("echoes_the_page", "The message about a `page` repeats it.", "S18", STRICT, retelling(422, LIST, with_query("page")), silent_on(SECRET, lambda c: c.page(page=SECRET))),
    ("echoes_the_media_type", "The message of 415 repeats the content type.", "S18", STRICT, retelling(415, "", with_header("content-type")), silent_on("marigold", lambda c: c.patch_raw(c.create(), b"{}", content_type="text/marigold"))),
    ("echoes_the_key", "The message about a wrong key repeats it.", "S18 S1", STRICT, retelling(401, "", lambda request, msg: f"{msg}: {request.headers.get('heidi-api-key')}" if request.path == "/jwt" else msg), silent_on(SECRET, wrong_key)),
    ("echoes_the_email", "The message about a missing id repeats the email.", "S18", STRICT, retelling(422, "", with_query("email")), lambda c: c.email.encode() not in without_its_id(c).body),
)  # fmt: skip
