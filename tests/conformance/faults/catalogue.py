"""How a fault is entered in the catalogue."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar, cast

from tests.conformance.caller import Caller
from tests.conformance.reference import Answer, Api, Fault, Request

Level = Literal["documented", "strict"]
Session = dict[str, Any]
Witness = Callable[[Caller], object]
Showing = Callable[[Session, str], object]
Changing = Callable[[Session, Session], object]
Defect = TypeVar("Defect", bound=Callable[..., Any])

DOCUMENTED: Level = "documented"
STRICT: Level = "strict"


@dataclass(frozen=True)
class Planted:
    """A server with one fault.

    id: the class of the fault and its name.
    sentence: what the server does wrong.
    rows: what it breaks: decisions (`S7`), lines of the vendor's page (`L145`), schemas, rules.
    level: the lowest level at which it can be seen.
    server: the faulty server.
    witness: says whether a server keeps what this one breaks.
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
        """Enter a function that spoils what an operation shows of a session."""

        def enter(defect: Showing) -> Showing:
            self.add(*title(defect), rows, level, showing(defect), witness)
            return defect

        return enter

    def sent(self, rows: str, level: Level, witness: Witness) -> Callable[[Changing], Changing]:
        """Enter a function that spoils a session, or what was sent, before an update."""

        def enter(defect: Changing) -> Changing:
            self.add(*title(defect), rows, level, changing(defect), witness)
            return defect

        return enter


def kept(witness: Witness, caller: Caller) -> bool:
    """Ask a witness; an answer that it cannot even read breaks its claim."""
    try:
        return bool(witness(caller))
    except (LookupError, TypeError, ValueError):
        return False


def title(defect: Callable[..., object]) -> tuple[str, str]:
    name = re.sub(r"(?<!^)(?=[A-Z])", "_", defect.__name__).lower()
    sentence = defect.__doc__
    if sentence is None:
        raise ValueError(f"{name} says nothing of itself")
    return name, " ".join(sentence.split())


def between(fault: Fault) -> type[Api]:
    class Between(Api):
        def handle(self, request: Request) -> Answer:
            return fault(request, super().handle)

    return Between


def showing(spoil: Showing) -> type[Api]:
    class Showing(Api):
        def shown(self, session: Session, operation: str) -> Session:
            told = super().shown(session, operation)
            spoil(told, operation)
            return told

    return Showing


def changing(spoil: Changing) -> type[Api]:
    class Changing(Api):
        def change(self, session: Session, sent: Session) -> None:
            spoil(session, sent)
            super().change(session, sent)

    return Changing


def operation_of(request: Request) -> str:
    """Name the operation that a request is meant for, or nothing."""
    inside = request.path.startswith("/sessions/")
    if request.path == "/sessions/linked-user":
        return "listLinkedUserSessions" if request.method == "GET" else ""
    if request.path == "/sessions":
        return "createSession" if request.method == "POST" else ""
    return {"GET": "getSession", "PATCH": "updateSession"}.get(request.method, "") if inside else ""
