"""Methods that a path does not have."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tests.conformance.caller import Caller, is_error
from tests.conformance.reference import Answer, Api, Handler, Request, User, answer

from .catalogue import DOCUMENTED, STRICT, Catalogue, Witness, operation_of

FAULTS = Catalogue("methods")
Operation = Callable[[User, Request], Any]


def refused(method: str, path: str = "", content: Any = ...) -> Callable[[Caller], object]:
    """Return a witness that a method is refused; without a path, of a session."""

    def witness(caller: Caller) -> bool:
        at = path or f"/sessions/{caller.create()}"
        reply = caller.send(method, at, content)
        allowed = {name.strip() for name in reply.headers.get("allow", "").split(",")}
        documented = {"/sessions": {"POST"}, "/sessions/linked-user": {"GET"}}.get(
            at, {"GET", "PATCH"}
        )
        return is_error(reply, 405) and documented <= allowed <= documented | {"HEAD", "OPTIONS"}

    return witness


@FAULTS.fault("S4", STRICT, refused("PUT", content={"duration": 3}))
class PutIsPatch(Api):
    """PUT of a session is taken for PATCH."""

    def methods(self, below: list[str]) -> dict[str, Operation]:
        known = super().methods(below)
        return known | {"PUT": known["PATCH"]} if "PATCH" in known else known


@FAULTS.fault("S4", STRICT, refused("POST", content={"duration": 3}))
class PostIsPatch(Api):
    """POST to a session is taken for PATCH."""

    def methods(self, below: list[str]) -> dict[str, Operation]:
        known = super().methods(below)
        return known | {"POST": known["PATCH"]} if "PATCH" in known else known


@FAULTS.fault("S4", STRICT, refused("DELETE"))
class Deletes(Api):
    """DELETE removes a session."""

    def methods(self, below: list[str]) -> dict[str, Operation]:
        known = super().methods(below)
        removes: dict[str, Operation] = {"DELETE": lambda user, _: user.sessions.pop(below[0], {})}
        return known | removes if "PATCH" in known else known


@FAULTS.fault("S4", STRICT, refused("GET", "/sessions"))
class ListsAllSessions(Api):
    """GET /sessions answers the sessions of everybody."""

    def methods(self, below: list[str]) -> dict[str, Operation]:
        every = [session for user in self.users.values() for session in user.sessions.values()]
        known: dict[str, Operation] = {"GET": lambda user, request: {"sessions": every}}
        return super().methods(below) | ({} if below else known)


@FAULTS.fault("S4", STRICT, refused("PATCH", "/sessions/linked-user", {}))
class LinkedUserIsAnId(Api):
    """PATCH /sessions/linked-user looks for a session of that id, and says 404."""

    def methods(self, below: list[str]) -> dict[str, Operation]:
        known = super().methods(below)
        return super().methods(["0"]) | known if below == ["linked-user"] else known


@FAULTS.fault("S4", STRICT, refused("POST", "/sessions/linked-user", {}))
class CreatesInTheList(Api):
    """POST to the list creates a session."""

    def methods(self, below: list[str]) -> dict[str, Operation]:
        known = super().methods(below)
        return known | {"POST": self.create} if below == ["linked-user"] else known


def with_405(change: Callable[[Answer, Request], Answer]) -> type[Api]:
    class Changed(Api):
        def handle(self, request: Request) -> Answer:
            reply = super().handle(request)
            return change(reply, request) if reply.status == 405 else reply

    return Changed


def without_allow(reply: Answer) -> Answer:
    kept = {name: text for name, text in reply.headers.items() if name != "allow"}
    return Answer(reply.status, reply.body, kept)


# RFC 9110, and RFC 5789.
KNOWN = "CONNECT DELETE GET HEAD OPTIONS PATCH POST PUT TRACE".split()
ROWS: tuple[tuple[str, str, Callable[[Answer, Request], Answer], Witness], ...] = (
    (
        "no_allow",
        "405 has no Allow.",
        lambda reply, _: without_allow(reply),
        refused("DELETE", "/sessions"),
    ),
    (
        "allow_names_all",
        "Allow names every method there is.",
        lambda reply, _: reply.but(headers={"allow": "GET, POST, PUT, PATCH, DELETE"}),
        refused("DELETE"),
    ),
    (
        "allow_names_one",
        "Allow of a session names GET alone, the first of the two routes.",
        lambda reply, _: reply.but(headers={"allow": reply.headers["allow"].partition(",")[0]}),
        refused("PUT", content={}),
    ),
    (
        "is_404",
        "A method that is not there is 404.",
        lambda reply, _: reply.but(status=404),
        refused("DELETE"),
    ),
    (
        "is_501",
        "A method that is not there is 501.",
        lambda reply, _: reply.but(status=501),
        refused("PUT", "/sessions", {}),
    ),
    (
        "is_200_for_the_list",
        "Any method reads the list.",
        lambda reply, request: (
            answer(200, {"sessions": []}) if "linked-user" in request.path else reply
        ),
        refused("DELETE", "/sessions/linked-user"),
    ),
    (
        "crashes_on_unknown_methods",
        "A method that HTTP does not know is 500.",
        lambda reply, request: reply if request.method in KNOWN else reply.but(status=500),
        refused("FROBNICATE", "/sessions"),
    ),
    (
        "crashes_on_head",
        "HEAD of the creation is 500.",
        lambda reply, request: reply.but(status=500) if request.method == "HEAD" else reply,
        lambda caller: caller.send("HEAD", "/sessions").status < 500,
    ),
)
for name, sentence, change, witness in ROWS:
    rows = "S19 S4" if "crashes" in name else "S4"
    FAULTS.add(name, sentence, rows, STRICT, with_405(change), witness)


@FAULTS.fault("S4 S18", STRICT, lambda c: c.token.encode() not in c.send("TRACE", "/sessions").body)
def traces(request: Request, handle: Handler) -> Answer:
    """TRACE sends the request back, the token with it."""
    if request.method != "TRACE":
        return handle(request)
    return answer(200, dict(request.headers))


def head(caller: Caller, session_id: str) -> int:
    return caller.send("HEAD", f"/sessions/{session_id}").status


@FAULTS.fault("S4 head", STRICT, lambda c: head(c, c.create()) in (200, 405))
def head_finds_nothing(request: Request, handle: Handler) -> Answer:
    """HEAD of a session is 404."""
    return answer(404, {}) if request.method == "HEAD" else handle(request)


@FAULTS.fault("S4 head", STRICT, lambda c: head(c, c.id_of_nobody) in (404, 405))
class HeadFindsAnything(Api):
    """HEAD of a session that never was is 200."""

    def methods(self, below: list[str]) -> dict[str, Operation]:
        known = super().methods(below)
        return known | {"HEAD": lambda *_: {}} if "PATCH" in known else known


def not_overridden(caller: Caller) -> object:
    session_id = caller.create()
    caller.send("GET", f"/sessions/{session_id}", {"duration": 9}, x_http_method_override="PATCH")
    return caller.read(session_id)["duration"] == 0


@FAULTS.fault("S12", STRICT, not_overridden)
def method_in_a_header(request: Request, handle: Handler) -> Answer:
    """GET with X-HTTP-Method-Override: PATCH changes the session."""
    method = request.headers.get("x-http-method-override", request.method)
    return handle(replace(request, method=method))


def query_changes_nothing(caller: Caller) -> object:
    session_id = caller.create()
    caller.send("GET", f"/sessions/{session_id}", query={"session_name": "x"})
    return caller.read(session_id)["session_name"] != "x"


@FAULTS.fault("S12", STRICT, query_changes_nothing)
class QueryIsPatch(Api):
    """The query of GET is written into the session."""

    def handle(self, request: Request) -> Answer:
        reply = super().handle(request)
        if operation_of(request) == "getSession" and reply.status == 200:
            session = self.find(self.authenticate(request), request.path.rpartition("/")[2])
            session.update({name: text[0] for name, text in request.query.items()})
        return reply


@FAULTS.fault(
    "L47", DOCUMENTED, lambda c: c.get(c.create(), accept="application/json").status == 200
)
def accepts_anything_but_json(request: Request, handle: Handler) -> Answer:
    """GET with Accept: application/json is 406; only */* is served."""
    if operation_of(request) == "getSession" and "application/json" in request.headers.get(
        "accept", ""
    ):
        return answer(406, {"detail": {"msg": "not acceptable", "type": "NotAcceptable"}})
    return handle(request)
