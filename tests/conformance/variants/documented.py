"""Variants that obey the vendor's page, but not all of our decisions."""

import itertools
import uuid
from collections.abc import Callable
from typing import Any

from tests.conformance.caller import Caller
from tests.conformance.faults.auth import SealWithAnyPadding, seal_with_other_padding
from tests.conformance.faults.catalogue import (
    CREATE,
    LIST,
    PATCH,
    Session,
    Witness,
    between,
    instead,
    opening,
    paged,
    responding,
    showing,
    telling,
    to,
)
from tests.conformance.reference import (
    UPDATE,
    Api,
    Handler,
    RefusalError,
    Request,
    Response,
    User,
    respond,
)

from .catalogue import DOCUMENTED_ONLY, enter
from .strict import invalid


def with_ids(new_id: Callable[[], str]) -> type[Api]:
    return instead(__init__=lambda api: Api.__init__(api, new_id))


def is_new(name: str, value: Any) -> Witness:
    return lambda caller: caller.created().get(name, ...) == value


def changed(**fields: Any) -> Callable[[Caller], Session]:
    return lambda caller: caller.patched(caller.create(), **fields)


def stays(first: str, second: str) -> Witness:
    """Return a witness that after an update an instant equals another one from before."""

    def witness(caller: Caller) -> bool:
        session_id = caller.create()
        before = caller.read(session_id)[first]
        return bool(caller.patched(session_id, duration=3)[second] == before)

    return witness


def first_of_two(caller: Caller) -> Session:
    caller.several(2)
    return caller.listed(page_size="1")


def body_is_required(request: Request, handle: Handler) -> Response:
    if request.method == "POST" and request.path == "/sessions" and not request.body:
        return respond(422, {"detail": {"msg": "body is missing", "type": "ValidationError"}})
    return handle(request)


def something_is_required(request: Request, handle: Handler) -> Response:
    empty = request.method == "PATCH" and not request.body.strip(b"{} ")
    return invalid("body").response if empty else handle(request)


def size_is_required(request: Request, handle: Handler) -> Response:
    listed = request.path == "/sessions/linked-user"
    missing = listed and "page_size" not in request.query
    return invalid("page_size").response if missing else handle(request)


def as_problems(reply: Response) -> Response:
    """Send the error that the page shows under the media type of RFC 9457."""
    media_type = {"content-type": "application/problem+json"}
    return reply.but(headers=media_type) if reply.status >= 400 else reply


# Only the properties of the base document are shown, not all those of an update.
HIDDEN = {
    *UPDATE.keys()
    - {"duration", "language_code", "output_language_code", "patient"}
    - {"clinician_notes", "ehr_patient_id", "ehr_appt_id"}
}


def hide(told: Session, _: str) -> None:
    for name in HIDDEN:
        told.pop(name, None)
    told["patient"].pop("demographic_details", None)


def next_page(change: Callable[[Any], Any]) -> type[Api]:
    return paged(lambda page, _: {"next_page": change(page["next_page"])})


def capped(api: Api, request: Request) -> int:
    text = request.query.get("page_size", ["10"])[0]
    big = text.isdecimal() and int(text) > 50
    return 50 if big else Api.page_size(api, request)


def coerced(api: Api, request: Request) -> Any:
    body = Api.parsed(api, request)
    if isinstance(body, dict) and str(body.get("duration", "")).isdecimal():
        return body | {"duration": int(body["duration"])}
    return body


def forbidding(api: Api, user: User, session_id: str) -> Session:
    known = any(session_id in other.sessions for other in api.users.values())
    if known and session_id not in user.sessions:
        raise RefusalError(403, "Forbidden", "not yours")
    return Api.find(api, user, session_id)


LATER = {
    "status": "GENERATED",
    "result": "…",
    "voice_style": "GOLDILOCKS",
    "brain": "LEFT",
    "template_id": "t1",
    "ai_command_id": "c1",
    "ai_command_text": "Shorter",
    "feedback": {"stars": 5},
}


def further_on(api: Api, user: User, sent: Session) -> Session:
    session = Api.opened(api, user, sent)
    session["consult_note"] |= LATER
    return session | {"session_name": "", "audio": [{"id": 1}], "documents": [{"id": 2}]}


def more_methods(api: Api, below: list[str]) -> dict[str, Callable[[User, Request], Any]]:
    known = Api.methods(api, below)
    if "PATCH" not in known:
        return known
    removes = {"DELETE": lambda user, _: (user.sessions.pop(below[0], None) and {}) or {}}
    return known | {"PUT": known["PATCH"]} | removes


def with_other_choices(request: Request, handle: Handler) -> Response:
    """Choose differently wherever the vendor's page leaves a choice."""
    reply = handle(request)
    if not request.path.startswith("/sessions"):
        return reply
    if reply.status == 200:
        status = 201 if request.method == "POST" else 200
        return reply.but(status=status, content=retold(reply.content))
    if reply.status == 401:
        return Response(404, b"<h1>Nothing here</h1>", {"content-type": "text/html"})
    if reply.status == 404 or b"NoLinkedUser" in reply.body:
        return reply.but(status=404)
    return respond(400, {"detail": [{"loc": ["body"], "msg": "invalid", "type": "value_error"}]})


def retold(content: Any) -> Any:
    """Show whole seconds, new properties, and values where the page only shows null."""
    if isinstance(content, list):
        return [retold(item) for item in content]
    if not isinstance(content, dict):
        return content
    told = {name: retold(value) for name, value in content.items()}
    changes: dict[str, Any] = {"added_later": {"by": "the vendor"}}
    for name in ("created_at", "updated_at"):
        if name in told:
            changes[name] = told[name].partition(".")[0]
    if "voice_style" in told:
        changes |= {"voice_style": {"id": 7}, "feedback": [1], "status": "A_NEW_STATUS"}
    if told.get("next_page") is not None:
        changes["next_page"] = {"after": told["next_page"]}
    if "documents" in told:
        changes |= {"documents": {"count": 0}, "has_next_page": True}
    told.pop("audio", None)
    return told | changes


def as_sampled(request: Request, handle: Handler) -> Response:
    """Respond as the page's samples do where they contradict themselves."""
    reply = handle(request)
    if reply.status != 200 or request.method == "POST" or request.path == "/jwt":
        return reply
    content = reply.content
    if "sessions" in content:
        return reply.but(content=content | {"has_next_page": True, "next_page": None, "count": 10})
    session = content["session"] | {"clinician_notes": []}
    session.pop("audio")
    return reply.but(content={"session": session})


numbers = itertools.count(1234567890)
enter(
    DOCUMENTED_ONLY,
    ("created_is_201", "The creation responds with 201.", responding(to(status=201), CREATE, 200), lambda c: c.post({}).status == 201),
    ("updated_is_202", "An update responds with 202.", responding(to(status=202), PATCH, 200), lambda c: c.patch(c.create(), {}).status == 202),
    ("listed_is_203", "The list responds with 203, as through a proxy that changes it.", responding(to(status=203), LIST, 200), lambda c: c.page().status == 203),
    ("body_is_required", "A creation without a body is 422.", between(body_is_required), lambda c: c.post().status == 422),
    ("something_is_required", "An update that sends nothing is 422.", between(something_is_required), lambda c: c.patch(c.create(), {}).status == 422),
    ("size_is_required", "A list without `page_size` is 422.", between(size_is_required), lambda c: c.page().status == 422),
    ("errors_as_problems", "Errors are `application/problem+json`, in the shape that the page shows.", responding(as_problems), lambda c: "problem" in c.get(c.id_of_nobody).headers["content-type"]),
    ("uuid_ids", "Ids are UUIDs.", with_ids(lambda: str(uuid.uuid4())), lambda c: c.create().count("-") == 4),
    ("prefixed_ids", "Ids begin with `ses_`.", with_ids(lambda: f"ses_{uuid.uuid4().hex}"), lambda c: c.create().startswith("ses_")),
    ("short_ids", "Ids are ten digits, as in a sample.", with_ids(lambda: str(next(numbers))), lambda c: len(c.create()) < 12),
    ("seconds_stay", "Timestamps have whole seconds, and stay within the second.", showing(lambda told, _: told.update({n: told[n].partition(".")[0] for n in ("created_at", "updated_at")})), stays("created_at", "updated_at")),
    ("instants_end_with_z", "Instants end with Z.", showing(lambda told, _: told.update({n: f"{told[n]}Z" for n in ("created_at", "updated_at")})), lambda c: c.created()["updated_at"].endswith("Z")),
    ("instants_with_offset", "Instants have an offset.", showing(lambda told, _: told.update({n: f"{told[n]}+10:00" for n in ("created_at", "updated_at")})), lambda c: c.created()["updated_at"].endswith("+10:00")),
    ("updated_stays", "`updated_at` does not move, as in the samples.", instead(touch=lambda api, session: None), stays("updated_at", "updated_at")),
    ("empty_documents", "`documents` is an empty array, not null.", opening("documents", []), is_new("documents", [])),
    ("no_audio", "Sessions have no `audio`, which one sample lacks.", telling("audio", ...), is_new("audio", ...)),
    ("notes_are_not_shown", "Notes are stored and not shown, as in the sample of the update.", telling("clinician_notes", []), lambda c: changed(clinician_notes=["a"])(c)["clinician_notes"] == []),
    ("updates_are_not_all_shown", "Properties that only an update names are not shown.", showing(hide), lambda c: "is_consent" not in changed(is_consent=True)(c)),
    ("appointment_is_not_shown", "`ehr_appointment_id` does not come back, as in the samples.", opening("ehr_appt_id", None), lambda c: c.created(ehr_appointment_id="A")["ehr_appt_id"] is None),
    ("no_next_page", "`has_next_page` is true beside a `next_page` of null, as in the sample.", next_page(lambda _: None), lambda c: (p := first_of_two(c))["has_next_page"] and p["next_page"] is None),
    ("objects_for_pages", "`next_page` is an object.", next_page(lambda page: page and {"after": page}), lambda c: isinstance(first_of_two(c)["next_page"], dict)),
    ("newest_first_by_offset", "The newest session comes first and pages are offsets, whatever is created meanwhile.", instead(ordered=lambda api, user: Api.ordered(api, user)[::-1]), lambda c: c.several(2)[-1] == c.walk("1")[0]),
    ("caps_page_sizes", "A `page_size` beyond 50 is 50.", instead(page_size=capped), lambda c: c.page(page_size="101").status == 200),
    ("coerces", "A duration may be sent as text.", instead(parsed=coerced), lambda c: c.patch(c.create(), {"duration": "60"}).status == 200),
    ("forbids_others", "A session of another user is 403.", instead(find=forbidding), lambda c: c.another().get(c.create()).status == 403),
    ("other_words_without_link", "A user who is not linked gets another message.", responding(to(content={"detail": {"msg": "link first", "type": "NoLinkedUserException"}}), LIST, 403), lambda c: c.unlinked().page().content["detail"]["msg"] == "link first"),
    ("other_statuses", "A user who is not linked gets 400, and so does any wrong request.", instead(handle=lambda api, request: reply.but(status=400) if (reply := Api.handle(api, request)).status in {403, 405, 413, 415, 422} else reply), lambda c: c.unlinked().page().status == 400),
    ("later_notes", "Notes are further on: a text, a style, a template, and unknown values.", instead(opened=further_on), lambda c: c.created()["consult_note"]["voice_style"] is not None),
    ("more_methods", "A session can also be replaced by PUT, and deleted.", instead(methods=more_methods), lambda c: c.send("PUT", f"/sessions/{c.create()}", {"duration": 3}).status == 200),
    ("other_choices", "Whatever the page leaves open is otherwise: statuses, errors, forms, values where null was shown.", between(with_other_choices), lambda c: c.get(c.id_of_nobody, authorization=None).status == 404),
    ("padded_tokens", "Tokens are a JWT, and the unused last bits of its base64 are ignored.", SealWithAnyPadding, lambda c: not seal_with_other_padding(c)),
    ("as_the_samples", "Where the samples contradict themselves, so does the server.", between(as_sampled), lambda c: c.listed()["count"] == 10),
)  # fmt: skip
