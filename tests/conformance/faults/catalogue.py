"""How a fault is entered in the catalogue."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal, TypeVar, cast

from tests.conformance.caller import Caller
from tests.conformance.reference import Api, Fault, Request, Response, User

Level = Literal["documented", "strict"]
Session = dict[str, Any]
Witness = Callable[[Caller], object]
Showing = Callable[[Session, str], object]
Changing = Callable[[Session, Session], object]
Defect = TypeVar("Defect", bound=Callable[..., Any])

DOCUMENTED: Level = "documented"
STRICT: Level = "strict"
CREATE, GET, PATCH, LIST = "createSession", "getSession", "updateSession", "listLinkedUserSessions"


@dataclass(frozen=True)
class Planted:
    """A server with one fault.

    id: the class of the fault and its name.
    sentence: what the server does wrong.
    rows: what it breaks: decisions (`S7`), lines of the vendor's page (`L145`), schemas, rules.
    level: the lowest level at which it can be seen.
    server: the faulty server.
    witness: returns whether a server does right what this one does wrong.
    slow: takes long, or needs requests that overlap.
    """

    id: str
    sentence: str
    rows: tuple[str, ...]
    level: Level
    server: type[Api]
    witness: Witness
    slow: bool = False


@dataclass
class Catalogue:
    """The faults of one class."""

    name: str
    faults: list[Planted] = field(default_factory=list[Planted])

    def __iter__(self) -> Iterator[Planted]:
        return iter(self.faults)

    def add(
        self,
        name: str,
        sentence: str,
        rows: str,
        level: Level,
        server: type[Api],
        witness: Witness,
        *,
        slow: bool = False,
    ) -> None:
        planted = Planted(
            f"{self.name}.{name}", sentence, tuple(rows.split()), level, server, witness, slow
        )
        self.faults.append(planted)

    def enter(self, *rows: tuple[str, str, str, Level, type[Api], Witness]) -> None:
        """Enter a fault for each row of a table."""
        for row in rows:
            self.add(*row)

    def fault(
        self, rows: str, level: Level, witness: Witness, *, slow: bool = False
    ) -> Callable[[Defect], Defect]:
        """Enter a subclass of `Api`, or a function between a request and the server."""

        def enter(defect: Defect) -> Defect:
            whole = isinstance(defect, type)
            server = cast("type[Api]", defect) if whole else between(cast("Fault", defect))
            self.add(*title(defect), rows, level, server, witness, slow=slow)
            return defect

        return enter

    def shown(self, rows: str, level: Level, witness: Witness) -> Callable[[Showing], Showing]:
        """Enter a function that changes a session in a response."""

        def enter(defect: Showing) -> Showing:
            self.add(*title(defect), rows, level, showing(defect), witness)
            return defect

        return enter

    def sent(self, rows: str, level: Level, witness: Witness) -> Callable[[Changing], Changing]:
        """Enter a function that changes a session, or the request, before an update."""

        def enter(defect: Changing) -> Changing:
            self.add(*title(defect), rows, level, changing(defect), witness)
            return defect

        return enter


def kept(witness: Witness, caller: Caller) -> bool:
    """Ask a witness; a response that it cannot even read breaks its claim."""
    try:
        return bool(witness(caller))
    except (LookupError, TypeError, ValueError):
        return False


def title(defect: Callable[..., object]) -> tuple[str, str]:
    name = re.sub(r"(?<!^)(?=[A-Z])", "_", defect.__name__).lower()
    sentence = defect.__doc__
    if sentence is None:
        raise ValueError(f"{name} has no sentence")
    return name, " ".join(sentence.split())


def between(fault: Fault) -> type[Api]:
    return instead(handle=lambda api, request: fault(request, partial(Api.handle, api)))


def showing(spoil: Showing) -> type[Api]:
    def shown(api: Api, session: Session, operation: str) -> Session:
        told = Api.shown(api, session, operation)
        spoil(told, operation)
        return told

    return instead(shown=shown)


def telling(
    path: str, value: Any, *operations: str, when: Callable[[Session], object] | None = None
) -> type[Api]:
    """Return a server that shows another value of a property, or the result of a function.

    operations: those that do; none means all. `...` leaves the property out. when: says of
    a session whether it is shown so.
    """

    def spoil(told: Session, operation: str) -> None:
        fields, name = place_in(told, path)
        if name not in fields or (operations and operation not in operations):
            return
        if when is None or when(told):
            fields[name] = value(fields[name]) if callable(value) else value
            if fields[name] is ...:
                del fields[name]

    return showing(spoil)


def paged(spoil: Callable[[Session, Request], Session]) -> type[Api]:
    """Return a server whose pages say something else, given the page and the request."""

    def page(api: Api, user: User, request: Request) -> Any:
        told = Api.page(api, user, request)
        return told | spoil(told, request)

    return instead(page=page)


def changing(spoil: Changing) -> type[Api]:
    def change(api: Api, session: Session, sent: Session) -> None:
        spoil(session, sent)
        Api.change(api, session, sent)

    return instead(change=change)


def responding(
    change: Callable[[Response], Response], operation: str = "", status: int | None = None
) -> type[Api]:
    """Return a server that changes responses, of one operation or status if given."""

    def handle(api: Api, request: Request) -> Response:
        reply = Api.handle(api, request)
        concerned = operation in {"", operation_of(request)} and status in {None, reply.status}
        return change(reply) if concerned else reply

    return instead(handle=handle)


def to(**changes: Any) -> Callable[[Response], Response]:
    return lambda reply: reply.but(**changes)


class Remembering(Api):
    """A server that can remember something."""

    def __init__(self) -> None:
        super().__init__()
        self.memory: dict[Any, Any] = {}


def instead(**fields: Any) -> type[Api]:
    """Return a server with other methods or attributes; a method may call that of `Api`."""
    return type("Instead", (Api,), fields)


def place_in(content: Session, path: str) -> tuple[Any, str]:
    """Return the object that holds a property, which may be in the patient, and its name there."""
    outer, _, inner = path.rpartition(".")
    return (content.get(outer, {}) if outer else content), inner


def nested(path: str, value: Any) -> Session:
    outer, _, inner = path.rpartition(".")
    return {outer: {inner: value}} if outer else {inner: value}


def keeps(path: str, value: Any) -> Witness:
    """Return a witness that all operations show what an update sends."""
    return lambda caller: caller.keeps(**nested(path, value))


def opening(path: str, value: Any) -> type[Api]:
    """Return a server whose new sessions have another value; a function is given what was sent."""

    def opened(api: Api, user: User, sent: Session) -> Session:
        session = Api.opened(api, user, sent)
        fields, name = place_in(session, path)
        fields[name] = value(sent) if callable(value) else value
        if fields[name] is ...:
            del fields[name]
        return session

    return instead(opened=opened)


def losing(path: str, when: Callable[[Session, Session], object] | None = None) -> type[Api]:
    """Return a server that drops a property of an update, given the session and what was sent."""

    def lose(session: Session, sent: Session) -> None:
        fields, name = place_in(sent, path)
        if name in fields and (when is None or when(session, sent)):
            del fields[name]

    return changing(lose)


def turning(path: str, turn: Callable[[Any, Any], Any]) -> type[Api]:
    """Return a server that stores another value, given the current and the sent one."""

    def change(session: Session, sent: Session) -> None:
        fields, name = place_in(sent, path)
        if name in fields:
            before = place_in(session, path)[0].get(name)
            fields[name] = turn(before, fields[name])

    return changing(change)


def refusing_bodies(method: str, when: Callable[[Session], object]) -> type[Api]:
    """Return a server that refuses some objects, sent with a method, with 422."""

    def parsed(api: Api, request: Request) -> Any:
        body = Api.parsed(api, request)
        if request.method == method and isinstance(body, dict) and when(cast("Session", body)):
            raise api.invalid("body", body)
        return body

    return instead(parsed=parsed)


def operation_of(request: Request) -> str:
    """Name the operation that a request is meant for, or nothing."""
    inside = request.path.startswith("/sessions/")
    if request.path == "/sessions/linked-user":
        return "listLinkedUserSessions" if request.method == "GET" else ""
    if request.path == "/sessions":
        return "createSession" if request.method == "POST" else ""
    return {"GET": "getSession", "PATCH": "updateSession"}.get(request.method, "") if inside else ""
