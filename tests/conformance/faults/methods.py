"""Methods that a path does not have."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tests.conformance.caller import Caller, is_error
from tests.conformance.reference import Api, Handler, Request, Response, User, respond

from .catalogue import DOCUMENTED, GET, STRICT, Catalogue, Witness, between, instead, operation_of

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


def offering(
    offers: Callable[[Api, list[str], dict[str, Operation]], dict[str, Operation]],
) -> type[Api]:
    """Return a server with more methods, given the path below `/sessions` and the methods that it has."""

    def methods(api: Api, below: list[str]) -> dict[str, Operation]:
        known = Api.methods(api, below)
        return known | offers(api, below, known)

    return instead(methods=methods)


def as_patch(method: str) -> type[Api]:
    return offering(lambda _, __, known: {method: known["PATCH"]} if "PATCH" in known else {})


def removing(_: Api, below: list[str], known: dict[str, Operation]) -> dict[str, Operation]:
    removes: dict[str, Operation] = {"DELETE": lambda user, _: user.sessions.pop(below[0], {})}
    return removes if "PATCH" in known else {}


def listing(api: Api, below: list[str], _: dict[str, Operation]) -> dict[str, Operation]:
    every = [session for user in api.users.values() for session in user.sessions.values()]
    known: dict[str, Operation] = {"GET": lambda user, request: {"sessions": every}}
    return {} if below else known


def id_of_the_list(api: Api, below: list[str], known: dict[str, Operation]) -> dict[str, Operation]:
    return Api.methods(api, ["0"]) | known if below == ["linked-user"] else {}


def with_405(change: Callable[[Response, Request], Response]) -> type[Api]:
    def handle(api: Api, request: Request) -> Response:
        reply = Api.handle(api, request)
        return change(reply, request) if reply.status == 405 else reply

    return instead(handle=handle)


def without_allow(reply: Response) -> Response:
    kept = {name: text for name, text in reply.headers.items() if name != "allow"}
    return Response(reply.status, reply.body, kept)


# RFC 9110, and RFC 5789.
KNOWN = "CONNECT DELETE GET HEAD OPTIONS PATCH POST PUT TRACE".split()
ROWS: tuple[tuple[str, str, Callable[[Response, Request], Response], Witness], ...] = (
    ("no_allow", "405 has no Allow.", lambda reply, _: without_allow(reply), refused("DELETE", "/sessions")),
    ("allow_names_all", "Allow names every HTTP method.", lambda reply, _: reply.but(headers={"allow": "GET, POST, PUT, PATCH, DELETE"}), refused("DELETE")),
    ("allow_names_one", "Allow of a session names GET alone, the first of the two routes.", lambda reply, _: reply.but(headers={"allow": reply.headers["allow"].partition(",")[0]}), refused("PUT", content={})),
    ("is_404", "A method that the path does not have is 404.", lambda reply, _: reply.but(status=404), refused("DELETE")),
    ("is_501", "A method that the path does not have is 501.", lambda reply, _: reply.but(status=501), refused("PUT", "/sessions", {})),
    ("is_200_for_the_list", "Any method reads the list.", lambda reply, request: (respond(200, {"sessions": []}) if "linked-user" in request.path else reply), refused("DELETE", "/sessions/linked-user")),
    ("crashes_on_unknown_methods", "A method that HTTP does not know is 500.", lambda reply, request: reply if request.method in KNOWN else reply.but(status=500), refused("FROBNICATE", "/sessions")),
    ("crashes_on_head", "HEAD of the creation is 500.", lambda reply, request: reply.but(status=500) if request.method == "HEAD" else reply, lambda caller: caller.send("HEAD", "/sessions").status < 500),
)  # fmt: skip
for name, sentence, change, witness in ROWS:
    rows = "S19 S4" if "crashes" in name else "S4"
    FAULTS.add(name, sentence, rows, STRICT, with_405(change), witness)


def head(caller: Caller, session_id: str) -> int:
    return caller.send("HEAD", f"/sessions/{session_id}").status


def not_overridden(caller: Caller) -> object:
    session_id = caller.create()
    caller.send("GET", f"/sessions/{session_id}", {"duration": 9}, x_http_method_override="PATCH")
    return caller.read(session_id)["duration"] == 0


def query_changes_nothing(caller: Caller) -> object:
    session_id = caller.create()
    caller.send("GET", f"/sessions/{session_id}", query={"session_name": "x"})
    return caller.read(session_id)["session_name"] != "x"


def overridden(request: Request) -> Request:
    return replace(request, method=request.headers.get("x-http-method-override", request.method))


def only_all(request: Request, handle: Handler) -> Response:
    asked = request.headers.get("accept", "")
    if operation_of(request) != GET or "application/json" not in asked:
        return handle(request)
    return respond(406, {"detail": {"msg": "not acceptable", "type": "NotAcceptable"}})


def traced(request: Request, handle: Handler) -> Response:
    return respond(200, dict(request.headers)) if request.method == "TRACE" else handle(request)


FAULTS.enter(
    ("put_is_patch", "PUT of a session is taken for PATCH.", "S4", STRICT, as_patch("PUT"), refused("PUT", content={"duration": 3})),
    ("post_is_patch", "POST to a session is taken for PATCH.", "S4", STRICT, as_patch("POST"), refused("POST", content={"duration": 3})),
    ("deletes", "DELETE removes a session.", "S4", STRICT, offering(removing), refused("DELETE")),
    ("lists_all_sessions", "GET /sessions returns the sessions of everybody.", "S4", STRICT, offering(listing), refused("GET", "/sessions")),
    ("linked_user_is_an_id", "PATCH /sessions/linked-user looks for a session with that id, and returns 404.", "S4", STRICT, offering(id_of_the_list), refused("PATCH", "/sessions/linked-user", {})),
    ("head_finds_nothing", "HEAD of a session is 404.", "S4 head", STRICT, between(lambda request, handle: respond(404, {}) if request.method == "HEAD" else handle(request)), lambda c: head(c, c.create()) in (200, 405)),
    ("head_finds_anything", "HEAD of a session that does not exist is 200.", "S4 head", STRICT, offering(lambda _, __, known: {"HEAD": lambda *_: {}} if "PATCH" in known else {}), lambda c: head(c, c.id_of_nobody) in (404, 405)),
    ("creates_in_the_list", "POST to the list creates a session.", "S4", STRICT, offering(lambda api, below, _: {"POST": api.create} if below == ["linked-user"] else {}), refused("POST", "/sessions/linked-user", {})),
    ("traces", "TRACE sends the request back, the token with it.", "S4 S18", STRICT, between(traced), lambda c: c.token.encode() not in c.send("TRACE", "/sessions").body),
    ("method_in_a_header", "GET with X-HTTP-Method-Override: PATCH changes the session.", "S12", STRICT, between(lambda request, handle: handle(overridden(request))), not_overridden),
    ("accepts_anything_but_json", "GET with Accept: application/json is 406; only */* is served.", "L47", DOCUMENTED, between(only_all), lambda c: c.get(c.create(), accept="application/json").status == 200),
)  # fmt: skip


@FAULTS.fault("S12", STRICT, query_changes_nothing)
class QueryIsPatch(Api):
    """The query of GET is written into the session."""

    def handle(self, request: Request) -> Response:
        reply = super().handle(request)
        if operation_of(request) == GET and reply.status == 200:
            session = self.find(self.authenticate(request), request.path.rpartition("/")[2])
            session.update({name: text[0] for name, text in request.query.items()})
        return reply


# --- method overrides ---


def overridden_by(**headers: Any) -> Callable[[Caller], object]:
    """Return a witness that neither GET nor POST of a session becomes PATCH by a header."""

    def witness(caller: Caller) -> bool:
        session_id = caller.create()
        for method in ("GET", "POST"):
            caller.send(method, f"/sessions/{session_id}", {"duration": 9}, **headers)
        return bool(caller.read(session_id)["duration"] == 0)

    return witness


def by_query(caller: Caller) -> bool:
    session_id = caller.create()
    caller.send("GET", f"/sessions/{session_id}", {"duration": 9}, query={"_method": "PATCH"})
    return bool(caller.read(session_id)["duration"] == 0)


def stays_readable(caller: Caller) -> bool:
    session_id = caller.create()
    caller.send("POST", f"/sessions/{session_id}", x_http_method_override="DELETE")
    caller.send("GET", f"/sessions/{session_id}", x_http_method_override="DELETE")
    return caller.get(session_id).status == 200


def with_method(name: str, *methods: str) -> type[Api]:
    """Return a server that takes the method from a header, for requests of some methods."""

    def handle(request: Request, handle: Handler) -> Response:
        other = request.headers.get(name, "").upper()
        return handle(
            replace(request, method=other) if other and request.method in methods else request
        )

    return between(handle)


def method_in_query(request: Request, handle: Handler) -> Response:
    return handle(replace(request, method=request.query.get("_method", [request.method])[-1]))


class DeletesByHeader(Api):
    """A session is deleted by X-HTTP-Method-Override: DELETE."""

    def handle(self, request: Request) -> Response:
        reply = super().handle(replace(request, method="GET", body=b""))
        other = request.headers.get("x-http-method-override", "")
        if other != "DELETE" or reply.status != 200:
            return super().handle(request)
        self.authenticate(request).sessions.pop(request.path.rpartition("/")[2], None)
        return respond(200, {})


FAULTS.enter(
    ("post_by_override", "POST of a session with X-HTTP-Method-Override: PATCH changes it.", "S4", STRICT, with_method("x-http-method-override", "POST"), overridden_by(x_http_method_override="PATCH")),
    ("x_method_override", "GET with X-Method-Override: PATCH changes the session.", "S12", STRICT, with_method("x-method-override", "GET"), overridden_by(x_method_override="PATCH")),
    ("x_http_method", "POST of a session with X-HTTP-Method: PATCH changes it.", "S4", STRICT, with_method("x-http-method", "POST"), overridden_by(x_http_method="PATCH")),
    ("method_in_the_query", "GET with `_method=PATCH` in its query changes the session.", "S12", STRICT, between(method_in_query), by_query),
    ("deletes_by_override", "A session is deleted by X-HTTP-Method-Override: DELETE.", "S4", STRICT, DeletesByHeader, stays_readable),
)  # fmt: skip
