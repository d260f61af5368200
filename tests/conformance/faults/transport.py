"""Status codes, content types and bodies of responses."""

import contextlib
import gzip
import json
import unicodedata
from collections.abc import Callable

from tests.conformance.caller import Caller, is_error
from tests.conformance.reference import Handler, Request, Response, respond

from .catalogue import (
    CREATE,
    DOCUMENTED,
    GET,
    LIST,
    PATCH,
    STRICT,
    Catalogue,
    between,
    operation_of,
    responding,
    to,
)

FAULTS = Catalogue("transport")
PATIENT = {"name": "Zoë Ångström", "gender": "OTHER", "dob": "1990-01-01"}


def is_json(reply: Response) -> bool:
    media_type = reply.headers.get("content-type", "").partition(";")[0].strip().lower()
    return media_type == "application/json" and isinstance(reply.content, dict)


def reads(caller: Caller) -> bool:
    return is_json(caller.get(caller.create()))


def lists(caller: Caller) -> bool:
    caller.several(3)
    return is_json(caller.page())


def updates(caller: Caller) -> bool:
    return is_json(caller.patch(caller.create(), {"duration": 5}))


def of_type(media_type: str) -> Callable[[Response], Response]:
    return to(headers={"content-type": media_type})


def created(caller: Caller) -> bool:
    return caller.post({}).status == 200


def patched(caller: Caller) -> bool:
    return caller.patch(caller.create(), {"duration": 5}).status == 200


def missing(caller: Caller) -> bool:
    return caller.get(caller.id_of_nobody).status == 404


def names_patient(caller: Caller) -> bool:
    return is_json(caller.patch(caller.create(), {"patient": PATIENT}))


def spelled(reply: Response) -> str:
    return json.dumps(reply.content, ensure_ascii=False)


def for_browsers(request: Request, handle: Handler) -> Response:
    reply = handle(request)
    if not request.headers.get("accept", "").startswith("text/html"):
        return reply
    return reply.but(body=b"<pre>" + reply.body, headers={"content-type": "text/html"})


def whole_though_compressed(caller: Caller) -> bool:
    caller.create()
    reply = caller.send("GET", "/sessions/linked-user", accept_encoding="gzip")
    if reply.headers.get("content-encoding", "identity") == "identity":
        return True
    with contextlib.suppress(EOFError):
        return gzip.decompress(reply.body).endswith(b"}")
    return False


def cut_gzip(request: Request, handle: Handler) -> Response:
    reply = handle(request)
    asked = "gzip" in request.headers.get("accept-encoding", "")
    if operation_of(request) != LIST or not asked:
        return reply
    body = gzip.compress(reply.body, mtime=0)[:-20]
    return reply.but(body=body, headers={"content-encoding": "gzip"})


def not_an_empty_list(reply: Response) -> Response:
    nothing = {"detail": {"msg": "nothing here", "type": "NotFound"}}
    return respond(404, nothing) if b'"sessions": []' in reply.body else reply


def loses_updates(request: Request, handle: Handler) -> Response:
    """Close the connection on an update that sets a duration, and drop it."""
    lost = operation_of(request) == PATCH and b'"duration"' in request.body
    return Response(503, b"", {}, pieces=(b"",)) if lost else handle(request)


HTML = "text/html,application/xml;q=0.9,*/*;q=0.8"
FAULTS.enter(
    ("created_is_201", "The creation responds with 201, which the strict document does not declare.", "S21", STRICT, responding(to(status=201), CREATE, 200), created),
    ("update_is_202", "An update responds with 202, as if the change were still to come.", "S21", STRICT, responding(to(status=202), PATCH, 200), patched),
    ("missing_session_is_200", "The error of an unknown session comes with status 200.", "ErrorResponse L90-L97", DOCUMENTED, responding(to(status=200), GET, 404), missing),
    ("missing_session_is_410", "A session that does not exist is 410.", "S2", STRICT, responding(to(status=410), GET, 404), missing),
    ("redirects_reads", "A session is not returned but redirected to another path.", "SessionEnvelope", DOCUMENTED, responding(lambda _: Response(307, b"", {"location": "elsewhere/"}), GET, 200), reads),
    ("update_without_content", "An update responds with 204 and no session.", "SessionEnvelope", DOCUMENTED, responding(lambda _: Response(204, b"", {}), PATCH, 200), updates),
    ("session_as_html", "A session is sent as text/html.", "SessionEnvelope", DOCUMENTED, responding(of_type("text/html; charset=utf-8"), GET), reads),
    ("page_as_plain_text", "The list is sent as text/plain.", "SessionPage", DOCUMENTED, responding(of_type("text/plain"), LIST), lists),
    ("update_without_content_type", "The response to an update has no Content-Type.", "SessionEnvelope", DOCUMENTED, responding(lambda r: Response(r.status, r.body, {}), PATCH), updates),
    ("creation_as_problem_json", "A success of the creation is labelled application/problem+json.", "SessionCreated", DOCUMENTED, responding(of_type("application/problem+json"), CREATE), lambda c: is_json(c.post({}))),
    ("long_page_is_cut", "A page of more than 2,000 bytes is cut off there, in the middle of the JSON.", "SessionPage", DOCUMENTED, responding(lambda r: r.but(body=r.body[:2000]), LIST), lists),
    ("byte_order_mark", "A session begins with a byte order mark, which is not JSON.", "SessionEnvelope", DOCUMENTED, responding(lambda r: r.but(body=b"\xef\xbb\xbf" + r.body), GET), reads),
    ("latin_1_answers", "The response to an update is encoded as Latin-1 wherever its text allows that.", "SessionEnvelope S13", DOCUMENTED, responding(lambda r: r.but(body=spelled(r).encode("latin-1", "backslashreplace")), PATCH, 200), names_patient),
    ("json_in_json", "A session is encoded twice: what is sent is one JSON string.", "SessionEnvelope", DOCUMENTED, responding(lambda r: r.but(content=r.body.decode()), GET, 200), reads),
    ("no_envelope", "GET returns the session itself, without the property `session` around it.", "SessionEnvelope", DOCUMENTED, responding(lambda r: r.but(content=r.content["session"]), GET, 200), lambda c: "session" in c.get(c.create()).content),
    ("bare_list", "The list is a bare array of sessions.", "SessionPage", DOCUMENTED, responding(lambda r: r.but(content=r.content["sessions"]), LIST, 200), lists),
    ("not_a_number", "After an update to zero seconds, the duration in the response is NaN.", "SessionEnvelope", DOCUMENTED, responding(lambda r: r.but(body=r.body.replace(b'"duration": 0,', b'"duration": NaN,')), PATCH, 200), lambda c: b"NaN" not in c.patch(c.create(), {"duration": 0}).body),
    ("gzip_that_is_none", "The list is announced as gzip and is not compressed.", "SessionPage", DOCUMENTED, responding(to(headers={"content-encoding": "gzip"}), LIST), lambda c: c.page().headers.get("content-encoding", "identity") == "identity"),
    ("page_for_browsers", "A client that prefers HTML gets the response as an HTML page.", "SessionEnvelope", DOCUMENTED, between(for_browsers), lambda c: is_json(c.get(c.create(), accept=HTML))),
    ("gzip_that_is_cut", "A list is compressed where that is accepted, and its last bytes are never flushed.", "SessionPage", DOCUMENTED, between(cut_gzip), whole_though_compressed),
    ("debug_toolbar", "An HTML comment follows the JSON of a session.", "SessionEnvelope", DOCUMENTED, responding(lambda r: r.but(body=r.body + b"\n<!-- 3 queries -->"), GET), reads),
    ("length_in_characters", "Content-Length counts characters, so that a response with an accent loses its end.", "SessionEnvelope S13", DOCUMENTED, responding(lambda r: r.but(body=spelled(r).encode()[: len(spelled(r))]), PATCH, 200), names_patient),
    ("loses_updates", "An update that sets a duration gets no response, and changes nothing.", "L99", DOCUMENTED, between(loses_updates), updates),
    ("composing_proxy", "A proxy normalises the text of every response to composed characters.", "S13", STRICT, responding(lambda r: r.but(body=unicodedata.normalize("NFC", spelled(r)).encode())), lambda c: c.keeps(patient={"name": "e\u0301"})),
    ("empty_list_is_404", "A user without sessions gets 404 from the list.", "SessionPage", DOCUMENTED, responding(not_an_empty_list, LIST), lambda c: c.page().status == 200),
    ("unknown_path_is_200", "A path that does not exist responds with 200 and an empty object, as a single-page app does.", "S21 S18", STRICT, responding(lambda r: respond(200, {}) if b'"NotFound"' in r.body else r), lambda c: is_error(c.send("GET", "/sessions/1/notes"), 404)),
)  # fmt: skip
