"""Users who see, count or change sessions of others, and users who are not linked."""

import copy
from collections.abc import Callable
from typing import Any

from tests.conformance.caller import Caller, is_error, shows
from tests.conformance.reference import Api, RefusalError, Request, Response, User, respond

from .catalogue import (
    CREATE,
    DOCUMENTED,
    GET,
    LIST,
    PATCH,
    STRICT,
    Catalogue,
    Remembering,
    Session,
    Witness,
    instead,
    operation_of,
    responding,
    to,
)

FAULTS = Catalogue("tenants")


def everybody(api: Api) -> dict[str, Session]:
    """Return the sessions of all users, by id."""
    return {name: session for user in api.users.values() for name, session in user.sessions.items()}


def unreadable(caller: Caller) -> bool:
    return is_error(caller.another().get(caller.create()), 404, "SessionNotFoundError")


def unwritable(caller: Caller) -> bool:
    mine = caller.create()
    reply = caller.another().patch(mine, {"patient": {"name": "Other"}})
    return is_error(reply, 404) and shows(caller.read(mine), {"patient": {"name": ""}})


def unlisted(caller: Caller) -> bool:
    mine, other = caller.create(), caller.another()
    theirs = other.create()
    return other.walk("100") == [theirs] and caller.walk("100") == [mine]


def uncounted(caller: Caller) -> object:
    other = caller.another()
    other.create()
    caller.several(2)
    return caller.listed()["total_count"] == 2


@FAULTS.fault("S2 S6", STRICT, unwritable)
class WritesAndDenies(Api):
    """A change of another user's session gets 404, and is made."""

    def update(self, user: User, session_id: str, request: Request) -> Any:
        session = everybody(self).get(session_id)
        if session is not None and session_id not in user.sessions:
            self.change(session, self.checked(self.parsed(request), self.update_shape))
        return super().update(user, session_id, request)


def at_slash(api: Api, user: User, session_id: str) -> Any:
    name = session_id.removesuffix("/")
    others = foreign(api, name) if name != session_id else {}
    return Api.read(api, User(user.linked, user.sessions | others), name if others else session_id)


def same_error(caller: Caller) -> bool:
    other = caller.another()
    theirs, nobodys = other.get(caller.create()), other.get(caller.id_of_nobody)
    return theirs.status == nobodys.status and theirs.content["detail"] == nobodys.content["detail"]


def with_all(method: str) -> type[Api]:
    """Return a server with one method that does not check the owner of a session."""

    def act(api: Api, user: User, *rest: Any) -> Any:
        return getattr(Api, method)(api, User(True, everybody(api)), *rest)

    return instead(**{method: act})


def finding(status: int, msg: str) -> type[Api]:
    """Return a server with a special error for a session of another user."""

    def find(api: Api, user: User, session_id: str) -> Session:
        if session_id not in user.sessions and session_id in everybody(api):
            raise RefusalError(status, "SessionNotFoundError", msg)
        return Api.find(api, user, session_id)

    return instead(find=find)


def shown_unchanged(api: Api, user: User, session_id: str, request: Request) -> Any:
    session = everybody(api).get(session_id)
    if session is not None and session_id not in user.sessions:
        return {"session": session}
    return Api.update(api, user, session_id, request)


def refuses_others(caller: Caller) -> bool:
    return is_error(caller.another().patch(caller.create(), {"patient": {"name": "x"}}), 404)


FAULTS.enter(
    ("reads_all", "Anyone who knows the id can read a session of another user.", "S2", STRICT, with_all("read"), unreadable),
    ("reads_all_at_slash", "A session of another user is shown at its id with an encoded slash.", "S2", STRICT, instead(read=at_slash), lambda c: c.another().get(f"{c.create()}%2F").status >= 300),
    ("writes_all", "Anyone who knows the id can change a session of another user.", "S2", STRICT, with_all("update"), unwritable),
    ("empty_answer_to_writes", "A change of another user's session returns the session, and is not made.", "S2", STRICT, instead(update=shown_unchanged), refuses_others),
    ("forbidden_for_others", "A session of another user is 403, which tells that it exists.", "S2", STRICT, finding(403, "Session not found"), unreadable),
    ("other_words_for_others", "404 for another user's session has another message than for one that does not exist.", "S2", STRICT, finding(404, "Session not found for this user"), same_error),
    ("lists_all", "The list shows the sessions of all users.", "S2 L199", DOCUMENTED, instead(ordered=lambda api, user: list(everybody(api).values())), unlisted),
    ("counts_all", "`total_count` counts the sessions of all users.", "S2", STRICT, instead(page=lambda api, user, request: Api.page(api, user, request) | {"total_count": len(everybody(api))}), uncounted),
)  # fmt: skip


def full_page_stays_own(caller: Caller) -> bool:
    caller.another().create()
    mine = caller.several(3)
    return sorted(caller.walk("2")) == sorted(mine)


@FAULTS.fault("S2 S16", STRICT, full_page_stays_own)
class FillsUpWithOthers(Api):
    """A last page that is not full is filled up with the sessions of others."""

    def page(self, user: User, request: Request) -> Any:
        page = super().page(user, request)
        others = [s for name, s in everybody(self).items() if name not in user.sessions]
        if page["sessions"] and not page["has_next_page"]:
            room = self.page_size(request) - page["count"]
            page["sessions"] += others[:room]
            page["count"] = len(page["sessions"])
        return page


def cache_is_mine(caller: Caller) -> bool:
    other = caller.another()
    mine = caller.create()
    caller.listed(page_size="7")
    return mine not in [
        session["session_id"] for session in other.listed(page_size="7")["sessions"]
    ]


@FAULTS.fault("S2 L199", DOCUMENTED, cache_is_mine)
class OneCacheForAll(Remembering):
    """The response to a list is kept by its URL: the next user with the same URL gets it."""

    def page(self, user: User, request: Request) -> Any:
        owner, page = self.memory.pop(str(request.query), (user, None))
        if page is not None and owner is not user:
            return page
        page = super().page(user, request)
        self.memory[str(request.query)] = (user, page)
        return page


def linked_stays_hidden(caller: Caller) -> bool:
    """Say whether a link to another user's session reveals nothing of it."""
    theirs = caller.another()
    hidden = theirs.create()
    theirs.patch(hidden, {"patient": {"name": "Marigold"}})
    mine = caller.create()
    linked = caller.patch(mine, {"linked_sessions_for_context": [hidden]})
    shown = linked.body + caller.get(mine).body
    return b"Marigold" not in shown and is_error(caller.get(hidden), 404)


@FAULTS.fault("S2", STRICT, linked_stays_hidden)
class LinkedSessionsAreShown(Api):
    """A session shows the patients of the sessions linked to it, of any user."""

    def shown(self, session: Session, operation: str) -> Session:
        known = everybody(self)
        linked = [
            known[name] for name in session.get("linked_sessions_for_context", []) if name in known
        ]
        context = [other["patient"] for other in linked]
        return super().shown(session, operation) | ({"context": context} if context else {})


@FAULTS.fault("S2", STRICT, linked_stays_hidden)
class LinkingGrantsReading(Api):
    """Linking a session of another user makes it readable."""

    def lookup(self, user: User, session_id: str) -> Session | None:
        linked = [
            name
            for s in user.sessions.values()
            for name in s.get("linked_sessions_for_context", [])
        ]
        others = everybody(self) if session_id in linked else {}
        return super().lookup(user, session_id) or others.get(session_id)


def foreign(api: Api, session_id: str) -> dict[str, Session]:
    """Return the session of an id, whosever it is."""
    known = everybody(api)
    return {session_id: known[session_id]} if session_id in known else {}


@FAULTS.fault("S2", STRICT, linked_stays_hidden)
class LinkingGrantsOnlyReading(Api):
    """Linking a session of another user makes it readable to GET alone."""

    def read(self, user: User, session_id: str) -> Any:
        links = [s.get("linked_sessions_for_context", []) for s in user.sessions.values()]
        others = foreign(self, session_id) if [session_id] in links else {}
        return super().read(User(user.linked, user.sessions | others), session_id)


def appointment_is_no_key(caller: Caller) -> bool:
    other = caller.another()
    mine, theirs = caller.create(), other.create()
    for user, name in ((caller, mine), (other, theirs)):
        user.patch(name, {"ehr_appt_id": "A1"})
    return is_error(caller.get(theirs), 404)


@FAULTS.fault("S2", STRICT, appointment_is_no_key)
class AppointmentsAreShared(Api):
    """A session of another user can be read by whoever has one with the same appointment."""

    def read(self, user: User, session_id: str) -> Any:
        mine = {s["ehr_appt_id"] for s in user.sessions.values()} - {None}
        others = {n: s for n, s in foreign(self, session_id).items() if s["ehr_appt_id"] in mine}
        return super().read(User(user.linked, others | user.sessions), session_id)


def linking_back(*, mine: bool) -> type[Api]:
    """Return a server where a link also leads back, from sessions of the caller or of others."""

    def update(api: Api, user: User, session_id: str, request: Request) -> Any:
        told = Api.update(api, user, session_id, request)
        for name in told["session"].get("linked_sessions_for_context", []):
            for key, other in foreign(api, name).items():
                if (key in user.sessions) is mine:
                    other["linked_sessions_for_context"] = [session_id]
        return told

    return instead(update=update)


def links_one_way(kind: str) -> Witness:
    def witness(caller: Caller) -> bool:
        other = caller if kind == "own" else caller.another()
        mine, linked = caller.create(), other.create()
        other.patch(linked, {"linked_sessions_for_context": ["a"]})
        caller.patch(mine, {"linked_sessions_for_context": [linked]})
        return bool(other.read(linked)["linked_sessions_for_context"] == ["a"])

    return witness


def patient_stays(caller: Caller) -> bool:
    other = caller.another()
    theirs, mine = other.create(), caller.create()
    other.patch(theirs, {"ehr_patient_id": "P1", "patient": {"name": "Ann"}})
    return bool(caller.patched(mine, ehr_patient_id="P1")["patient"]["name"] == "")


@FAULTS.fault("S2 S11", STRICT, patient_stays)
class PatientOfAnotherUser(Api):
    """An update with the `ehr_patient_id` of another user's session copies the patient from it."""

    def change(self, session: Session, sent: Session) -> None:
        super().change(session, sent)
        if "patient" not in sent and "ehr_patient_id" in sent:
            owners = [user for user in self.users.values() if session in user.sessions.values()]
            others = [s for s in everybody(self).values() if s not in owners[0].sessions.values()]
            same = [s for s in others if s["ehr_patient_id"] == sent["ehr_patient_id"]]
            session["patient"] = copy.deepcopy((same or [session])[0]["patient"])


def query_is_no_path(caller: Caller) -> bool:
    mine, theirs = caller.create(), caller.another().create()
    reply = caller.send("GET", f"/sessions/{mine}", query={"session_id": theirs})
    return theirs.encode() not in reply.body


@FAULTS.fault("S2", STRICT, query_is_no_path)
class QueryNamesTheSession(Api):
    """GET shows the session that the query names, whosever it is."""

    def route(self, request: Request) -> Response:
        self.authenticate(request) if request.path.startswith("/sessions/") else None
        known = foreign(self, request.query.get("session_id", [""])[0])
        if known and request.method == "GET":
            return respond(200, self.read(User(True, known), *known))
        return super().route(request)


def list_is_mine(caller: Caller) -> bool:
    theirs = caller.another()
    name, (email, internal_id) = theirs.create(), (theirs.email, "1")
    response = caller.page(email=email, third_party_internal_id=internal_id)
    return name not in response.body.decode()


@FAULTS.fault("S2", STRICT, list_is_mine)
class QueryNamesTheUser(Api):
    """The list shows the sessions of the user that the query names."""

    def page(self, user: User, request: Request) -> Any:
        named = (request.query.get(name, [""])[0] for name in ("email", "third_party_internal_id"))
        email, internal_id = named
        return super().page(self.users.get((email, internal_id), user), request)


TELLING = ("x-owner", "cache-control")


def same_headers(caller: Caller) -> bool:
    other = caller.another()
    both = [other.get(name).headers for name in (caller.create(), caller.id_of_nobody)]
    return all(len({headers.get(name) for headers in both}) == 1 for name in TELLING)


def marking(headers: dict[str, str], usual: dict[str, str]) -> type[Api]:
    """Return a server whose 404 has special headers for a session of another user."""

    def handle(api: Api, request: Request) -> Response:
        reply = Api.handle(api, request)
        if reply.status != 404:
            return reply
        known = foreign(api, request.path.rpartition("/")[2])
        return reply.but(headers=headers if known else usual)

    return instead(handle=handle)


FAULTS.enter(
    ("links_back", "A link to a session of the caller also leads back.", "S11", STRICT, linking_back(mine=True), links_one_way("own")),
    ("links_back_from_others", "A link to a session of another user also leads back from that one.", "S2 S11", STRICT, linking_back(mine=False), links_one_way("foreign")),
    ("owner_in_a_header", "404 for another user's session has a header that tells so.", "S2", STRICT, marking({"x-owner": "other"}, {}), same_headers),
    ("caching_tells", "404 may be kept for longer where no session has the id.", "S2", STRICT, marking({"cache-control": "no-store"}, {"cache-control": "max-age=60"}), same_headers),
)  # fmt: skip


def same_appointment(caller: Caller) -> bool:
    other = caller.another()
    mine, theirs = caller.create(ehr_appointment_id="A1"), other.create(ehr_appointment_id="A1")
    caller.patch(mine, {"patient": {"name": "Mine"}})
    return mine != theirs and other.read(theirs)["patient"]["name"] == ""


@FAULTS.fault("S2 S15", STRICT, same_appointment)
class OneSessionPerAppointment(Api):
    """A creation for an appointment that another user has returns that user's session."""

    def opened(self, user: User, sent: Session) -> Session:
        wanted = sent.get("ehr_appointment_id")
        same = [s for s in everybody(self).values() if wanted and s["ehr_appt_id"] == wanted]
        return same[0] if same else super().opened(user, sent)


def not_moved(caller: Caller) -> bool:
    mine = caller.create()
    return caller.another().create(session_id=mine) != mine


@FAULTS.fault("S2", STRICT, not_moved)
class TakesOver(Api):
    """A creation that sends the `session_id` of another user's session takes it over."""

    def create(self, user: User, request: Request) -> Any:
        sent = self.parsed(request) if request.body else {}
        wanted = sent.get("session_id") if isinstance(sent, dict) else None
        taken = everybody(self).get(str(wanted))
        if taken is not None:
            user.sessions[str(wanted)] = taken
            return {"session_id": wanted}
        return super().create(user, request)


# --- users who are not linked ---


def linked_only(operation: str) -> type[Api]:
    """Return a server on which an operation besides the list requires a linked user."""

    def authenticate(api: Api, request: Request) -> User:
        user = Api.authenticate(api, request)
        if operation_of(request) == operation and not user.linked:
            raise RefusalError(403, "NoLinkedUserException", "error: no linked user")
        return user

    return instead(authenticate=authenticate)


def unlinked_is(status: int) -> Witness:
    return lambda caller: caller.unlinked().page().status == status


NOTHING = {"sessions": [], "count": 0, "total_count": 0, "next_page": None, "has_next_page": False}
BEARER = {"www-authenticate": "Bearer"}
FAULTS.enter(
    ("unlinked_list_is_empty", "A user who is not linked gets an empty list.", "S3 L225-L232", DOCUMENTED, responding(lambda _: respond(200, NOTHING), LIST, 403), lambda c: c.unlinked().page().status >= 400),
    ("unlinked_list_is_404", "The list of a user who is not linked is 404.", "S3", STRICT, responding(to(status=404), LIST, 403), unlinked_is(403)),
    ("unlinked_is_401", "The list of a user who is not linked is 401.", "S3 S1", STRICT, responding(to(status=401, headers=BEARER), LIST, 403), unlinked_is(403)),
    ("creates_for_linked_only", "A user who is not linked cannot create a session.", "S3", STRICT, linked_only(CREATE), lambda c: c.unlinked().post({}).status == 200),
    ("reads_for_linked_only", "A user who is not linked gets 403 from GET.", "S3", STRICT, linked_only(GET), lambda c: is_error(c.unlinked().get(c.id_of_nobody), 404)),
    ("updates_for_linked_only", "A user who is not linked gets 403 from PATCH.", "S3", STRICT, linked_only(PATCH), lambda c: is_error(c.unlinked().patch(c.id_of_nobody, {}), 404)),
)  # fmt: skip


def unlinked_with_sessions(caller: Caller) -> bool:
    user = caller.unlinked()
    user.create()
    return user.page().status >= 400


@FAULTS.fault("S3 L225-L232", DOCUMENTED, unlinked_with_sessions)
class LinkedByCreating(Api):
    """The list refuses a user who is not linked only while that user has no session."""

    def page(self, user: User, request: Request) -> Any:
        return super().page(User(user.linked or bool(user.sessions), user.sessions), request)


def own_on_every_page(caller: Caller) -> bool:
    other = caller.another()
    mine: list[str] = []
    for _ in range(3):
        other.create()
        mine.append(caller.create())
    return sorted(caller.walk("2")) == sorted(mine)


@FAULTS.fault("S2 S16", STRICT, own_on_every_page)
class OthersBehindTheFirstPage(Api):
    """The first page has the sessions of the caller, and later pages those of all users."""

    def page(self, user: User, request: Request) -> Any:
        if "page" not in request.query:
            return super().page(user, request)
        own, start = list(user.sessions), self.start(request)
        if not 0 < start <= len(own):
            return super().page(user, request)
        last = own[start - 1]
        everything = sorted(everybody(self).values(), key=lambda session: session["created_at"])
        behind = [s for s in everything if s["created_at"] > user.sessions[last]["created_at"]]
        size = self.page_size(request)
        shown = behind[:size]
        ahead = [name for name in own if name not in {s["session_id"] for s in behind[size:]}]
        more = len(behind) > size and len(ahead) < len(own)
        return {
            "sessions": [self.shown(session, "listLinkedUserSessions") for session in shown],
            "count": len(shown),
            "total_count": len(own),
            "next_page": str(len(ahead)) if more else None,
            "has_next_page": more,
        }


def unreadable_each(caller: Caller) -> bool:
    other = caller.another()
    return all(is_error(other.get(name), 404) for name in caller.several(100))


@FAULTS.fault("S2", STRICT, unreadable_each)
class OneInEightIsOpen(Api):
    """One of eight shards that hold sessions does not check their owner."""

    def lookup(self, user: User, session_id: str) -> Session | None:
        open_to_all = session_id.isdigit() and int(session_id) % 8 == 0
        return everybody(self).get(session_id) if open_to_all else super().lookup(user, session_id)


def twins_apart(caller: Caller) -> bool:
    one, two = (caller.create(patient_profile_id="5eb7cf5a86d9755df3a6c593") for _ in range(2))
    caller.patch(one, {"patient": {"name": "Ann"}})
    return bool(caller.read(two)["patient"]["name"] == "")


@FAULTS.fault("S11 S20", STRICT, twins_apart)
class OnePatientForAProfile(Remembering):
    """An update of the patient shows in every session with the same profile."""

    def opened(self, user: User, sent: Session) -> Session:
        session = super().opened(user, sent)
        profile = sent.get("patient_profile_id")
        if profile is not None:
            session["patient"] = self.memory.setdefault((id(user), profile), session["patient"])
        return session

    def change(self, session: Session, sent: Session) -> None:
        session["patient"].update(sent.get("patient", {}))
        session.update({name: value for name, value in sent.items() if name != "patient"})


def unseen_by_head(caller: Caller) -> bool:
    return caller.another().send("HEAD", f"/sessions/{caller.create()}").status in (404, 405)


@FAULTS.fault("S2", STRICT, unseen_by_head)
class HeadTellsWhatExists(Api):
    """HEAD checks that a session exists, but not its owner."""

    def methods(self, below: list[str]) -> dict[str, Callable[[User, Request], Any]]:
        known = super().methods(below)
        if len(below) != 1 or below == ["linked-user"]:
            return known
        everyone = User(True, everybody(self))
        return known | {"HEAD": lambda *_: self.read(everyone, below[0])}


def refused_alike(caller: Caller) -> bool:
    mine, other = caller.create(), caller.another()
    ids = (mine, caller.id_of_nobody)
    return len({other.patch(name, {"duration": "x"}).status for name in ids}) == 1


@FAULTS.fault("S2", STRICT, refused_alike)
class ChecksOnlyWhatExists(Api):
    """A wrong update of another user's session is 422, and of one that does not exist 404."""

    def update(self, user: User, session_id: str, request: Request) -> Any:
        if session_id in everybody(self):
            self.checked(self.parsed(request), self.update_shape)
        return super().update(user, session_id, request)
