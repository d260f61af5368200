"""Status codes, content types and bodies of answers."""

import gzip
import json
import unicodedata
import zlib

from tests.conformance.caller import Caller, is_error
from tests.conformance.reference import Answer, Handler, Request, answer

from .catalogue import DOCUMENTED, STRICT, Catalogue, operation_of

FAULTS = Catalogue("transport")
PATIENT = {"name": "Zoë Ångström", "gender": "OTHER", "dob": "1990-01-01"}


def is_json(reply: Answer) -> bool:
    media_type = reply.headers.get("content-type", "").partition(";")[0].strip().lower()
    return media_type == "application/json" and isinstance(reply.content, dict)


def reads(caller: Caller) -> bool:
    return is_json(caller.get(caller.create()))


def lists(caller: Caller) -> bool:
    caller.several(3)
    return is_json(caller.page())


def updates(caller: Caller) -> bool:
    return is_json(caller.patch(caller.create(), {"duration": 5}))


@FAULTS.fault("S21", STRICT, lambda c: c.post({}).status == 200)
def created_is_201(request: Request, handle: Handler) -> Answer:
    """The creation answers 201, which the strict document does not declare."""
    reply = handle(request)
    return (
        reply.but(status=201)
        if operation_of(request) == "createSession" and reply.status == 200
        else reply
    )


@FAULTS.fault("S21", STRICT, lambda c: c.patch(c.create(), {"duration": 5}).status == 200)
def update_is_202(request: Request, handle: Handler) -> Answer:
    """An update answers 202, as if the change were still to come."""
    reply = handle(request)
    return (
        reply.but(status=202)
        if operation_of(request) == "updateSession" and reply.status == 200
        else reply
    )


@FAULTS.fault("ErrorResponse L90-L97", DOCUMENTED, lambda c: c.get(c.id_of_nobody).status == 404)
def missing_session_is_200(request: Request, handle: Handler) -> Answer:
    """The error of an unknown session comes with status 200."""
    reply = handle(request)
    return (
        reply.but(status=200)
        if operation_of(request) == "getSession" and reply.status == 404
        else reply
    )


@FAULTS.fault("S2", STRICT, lambda c: c.get(c.id_of_nobody).status == 404)
def missing_session_is_410(request: Request, handle: Handler) -> Answer:
    """A session that never was is said to be gone."""
    reply = handle(request)
    return (
        reply.but(status=410)
        if operation_of(request) == "getSession" and reply.status == 404
        else reply
    )


@FAULTS.fault("SessionEnvelope", DOCUMENTED, lambda c: c.get(c.create()).status == 200)
def redirects_reads(request: Request, handle: Handler) -> Answer:
    """A session is not answered but redirected to, with a slash at the end."""
    reply = handle(request)
    if operation_of(request) != "getSession" or reply.status != 200:
        return reply
    return Answer(307, b"", {"location": request.path + "/"})


@FAULTS.fault("SessionEnvelope", DOCUMENTED, updates)
def update_without_content(request: Request, handle: Handler) -> Answer:
    """An update answers 204 and no session."""
    reply = handle(request)
    return (
        Answer(204, b"", {})
        if operation_of(request) == "updateSession" and reply.status == 200
        else reply
    )


@FAULTS.fault("SessionEnvelope", DOCUMENTED, reads)
def session_as_html(request: Request, handle: Handler) -> Answer:
    """A session is sent as text/html."""
    reply = handle(request)
    html = {"content-type": "text/html; charset=utf-8"}
    return reply.but(headers=html) if operation_of(request) == "getSession" else reply


@FAULTS.fault("SessionPage", DOCUMENTED, lists)
def page_as_plain_text(request: Request, handle: Handler) -> Answer:
    """The list is sent as text/plain."""
    reply = handle(request)
    plain = {"content-type": "text/plain"}
    return reply.but(headers=plain) if operation_of(request) == "listLinkedUserSessions" else reply


@FAULTS.fault("SessionEnvelope", DOCUMENTED, updates)
def update_without_content_type(request: Request, handle: Handler) -> Answer:
    """The answer to an update has no Content-Type."""
    reply = handle(request)
    return (
        Answer(reply.status, reply.body, {}) if operation_of(request) == "updateSession" else reply
    )


@FAULTS.fault("SessionCreated", DOCUMENTED, lambda c: is_json(c.post({})))
def creation_as_problem_json(request: Request, handle: Handler) -> Answer:
    """A success of the creation is labelled application/problem+json."""
    reply = handle(request)
    problem = {"content-type": "application/problem+json"}
    return reply.but(headers=problem) if operation_of(request) == "createSession" else reply


@FAULTS.fault("SessionPage", DOCUMENTED, lists)
def long_page_is_cut(request: Request, handle: Handler) -> Answer:
    """A page of more than 2,000 bytes is cut off there, in the middle of the JSON."""
    reply = handle(request)
    return (
        reply.but(body=reply.body[:2000])
        if operation_of(request) == "listLinkedUserSessions"
        else reply
    )


@FAULTS.fault("SessionEnvelope", DOCUMENTED, reads)
def byte_order_mark(request: Request, handle: Handler) -> Answer:
    """A session begins with a byte order mark, which is not JSON."""
    reply = handle(request)
    return (
        reply.but(body=b"\xef\xbb\xbf" + reply.body)
        if operation_of(request) == "getSession"
        else reply
    )


@FAULTS.fault(
    "SessionEnvelope S13", DOCUMENTED, lambda c: is_json(c.patch(c.create(), {"patient": PATIENT}))
)
def latin_1_answers(request: Request, handle: Handler) -> Answer:
    """The answer to an update is encoded as Latin-1 wherever its text allows that."""
    reply = handle(request)
    if operation_of(request) != "updateSession" or reply.status != 200:
        return reply
    text = json.dumps(reply.content, ensure_ascii=False)
    return reply.but(body=text.encode("latin-1", "backslashreplace"))


@FAULTS.fault("SessionEnvelope", DOCUMENTED, reads)
def json_in_json(request: Request, handle: Handler) -> Answer:
    """A session is encoded twice: what is sent is one JSON string."""
    reply = handle(request)
    if operation_of(request) == "getSession" and reply.status == 200:
        return reply.but(body=json.dumps(reply.body.decode()).encode())
    return reply


@FAULTS.fault("SessionEnvelope", DOCUMENTED, lambda c: "session" in c.get(c.create()).content)
def no_envelope(request: Request, handle: Handler) -> Answer:
    """GET answers the session itself, without the member `session` around it."""
    reply = handle(request)
    if operation_of(request) == "getSession" and reply.status == 200:
        return reply.but(content=reply.content["session"])
    return reply


@FAULTS.fault("SessionPage", DOCUMENTED, lists)
def bare_list(request: Request, handle: Handler) -> Answer:
    """The list is a bare array of sessions."""
    reply = handle(request)
    if operation_of(request) == "listLinkedUserSessions" and reply.status == 200:
        return reply.but(content=reply.content["sessions"])
    return reply


@FAULTS.fault(
    "SessionEnvelope", DOCUMENTED, lambda c: b"NaN" not in c.patch(c.create(), {"duration": 0}).body
)
def not_a_number(request: Request, handle: Handler) -> Answer:
    """After an update to zero seconds, the duration in the answer is NaN."""
    reply = handle(request)
    if operation_of(request) != "updateSession" or reply.status != 200:
        return reply
    return reply.but(body=reply.body.replace(b'"duration": 0,', b'"duration": NaN,'))


@FAULTS.fault(
    "SessionPage",
    DOCUMENTED,
    lambda c: c.page().headers.get("content-encoding", "identity") == "identity",
)
def gzip_that_is_none(request: Request, handle: Handler) -> Answer:
    """The list is announced as gzip and is not compressed."""
    reply = handle(request)
    coded = {"content-encoding": "gzip"}
    return reply.but(headers=coded) if operation_of(request) == "listLinkedUserSessions" else reply


@FAULTS.fault(
    "SessionEnvelope",
    DOCUMENTED,
    lambda c: is_json(c.get(c.create(), accept="text/html,application/xml;q=0.9,*/*;q=0.8")),
)
def page_for_browsers(request: Request, handle: Handler) -> Answer:
    """Who would rather have HTML gets the answer as a page to browse."""
    reply = handle(request)
    if not request.headers.get("accept", "").startswith("text/html"):
        return reply
    return reply.but(body=b"<pre>" + reply.body, headers={"content-type": "text/html"})


def whole_though_compressed(caller: Caller) -> bool:
    caller.create()
    reply = caller.send("GET", "/sessions/linked-user", accept_encoding="gzip")
    if reply.headers.get("content-encoding", "identity") == "identity":
        return True
    return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(reply.body).endswith(b"}")


@FAULTS.fault("SessionPage", DOCUMENTED, whole_though_compressed)
def gzip_that_is_cut(request: Request, handle: Handler) -> Answer:
    """A list is compressed where that is accepted, and its last bytes are never flushed."""
    reply = handle(request)
    asked = "gzip" in request.headers.get("accept-encoding", "")
    if operation_of(request) != "listLinkedUserSessions" or not asked:
        return reply
    body = gzip.compress(reply.body, mtime=0)[:-20]
    return reply.but(body=body, headers={"content-encoding": "gzip"})


@FAULTS.fault("SessionEnvelope", DOCUMENTED, reads)
def debug_toolbar(request: Request, handle: Handler) -> Answer:
    """Behind the JSON of a session stands an HTML comment."""
    reply = handle(request)
    return (
        reply.but(body=reply.body + b"\n<!-- 3 queries -->")
        if operation_of(request) == "getSession"
        else reply
    )


@FAULTS.fault(
    "SessionEnvelope S13", DOCUMENTED, lambda c: is_json(c.patch(c.create(), {"patient": PATIENT}))
)
def length_in_characters(request: Request, handle: Handler) -> Answer:
    """Content-Length counts characters, so that an answer with an accent loses its end."""
    reply = handle(request)
    if operation_of(request) != "updateSession" or reply.status != 200:
        return reply
    text = json.dumps(reply.content, ensure_ascii=False)
    return reply.but(body=text.encode()[: len(text)])


@FAULTS.fault("S13", STRICT, lambda c: c.keeps(patient={"name": "e\u0301"}))
def composing_proxy(request: Request, handle: Handler) -> Answer:
    """A proxy normalises the text of every answer to composed characters."""
    reply = handle(request)
    text = json.dumps(reply.content, ensure_ascii=False)
    return reply.but(body=unicodedata.normalize("NFC", text).encode())


@FAULTS.fault("SessionPage", DOCUMENTED, lambda c: c.page().status == 200)
def empty_list_is_404(request: Request, handle: Handler) -> Answer:
    """A user without sessions gets 404 from the list."""
    reply = handle(request)
    if operation_of(request) == "listLinkedUserSessions" and b'"sessions": []' in reply.body:
        return answer(404, {"detail": {"msg": "nothing here", "type": "NotFound"}})
    return reply


@FAULTS.fault("S21 S18", STRICT, lambda c: is_error(c.send("GET", "/sessions/1/notes"), 404))
def unknown_path_is_200(request: Request, handle: Handler) -> Answer:
    """A path that does not exist answers 200 and an empty object, as a single-page app does."""
    reply = handle(request)
    return answer(200, {}) if b'"NotFound"' in reply.body else reply
