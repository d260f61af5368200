"""One run of requests, built from the contract, and what is the same about any server's answers.

`@a@` in a path, a query or a body stands for the id, or the `next_page`, that was saved as `a`.
What the contract leaves open is told alike: ids, timestamps, messages, the order of the list and
the types of errors that it does not name.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, cast

from .caller import Caller, Server
from .faults import fidelity, patch, robustness, validation
from .reference import Answer

MARK = re.compile("@([a-z0-9_]+)@")
TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?", re.ASCII)
NAMED_TYPES = {"AuthenticationError", "SessionNotFoundError", "NoLinkedUserException"}
LIST = "/sessions/linked-user"
MEBIBYTE = 1024 * 1024
# What the contract lets a server take or refuse: depth, members sent twice, numbers that no double
# holds, half a surrogate pair where nobody looks at it.
CHOICES = {
    "deep_arrays",
    "deep_objects",
    "deep_and_broken",
    "duplicate_members",
    "long_integers",
    "long_unknown_integers",
    "huge_exponents",
    "tiny_exponents",
    "lone_surrogates",
    "lone_surrogates_in_notes",
    "surrogates_in_names",
    "year_zero",
}


@dataclass(frozen=True)
class Recorded:
    """A request.

    who: `ann` and `bob` are linked users, `eve` is not.
    saves: what to call the id or the `next_page` that the answer names.
    free: statuses between which the contract lets a server choose; the rest is then left open.
    walk: the walk that this page belongs to; what a walk shows is told at its end.
    """

    method: str
    path: str
    body: bytes = b""
    who: str = "ann"
    query: dict[str, str] = field(default_factory=dict[str, str])
    headers: dict[str, str | None] = field(default_factory=dict[str, str | None])
    saves: str = ""
    free: frozenset[int] = frozenset()
    walk: str = ""


def sent(content: Any) -> bytes:
    return json.dumps(content).encode()


def update(content: Any, session: str = "a", **more: Any) -> Recorded:
    return Recorded("PATCH", f"/sessions/@{session}@", sent(content), **more)


def raw(body: bytes, **more: Any) -> Recorded:
    return Recorded("PATCH", "/sessions/@a@", body, **more)


def read(session: str = "a", **more: Any) -> Recorded:
    return Recorded("GET", f"/sessions/@{session}@", **more)


def create(saves: str = "", content: Any = ..., **more: Any) -> Recorded:
    body = b"" if content is ... else sent(content)
    return Recorded("POST", "/sessions", body, saves=saves, **more)


def page(
    saves: str = "",
    who: str = "ann",
    free: tuple[int, ...] = (),
    walk: str = "",
    **query: str,
) -> Recorded:
    return Recorded("GET", LIST, who=who, query=query, saves=saves, free=frozenset(free), walk=walk)


def creations() -> Iterator[Recorded]:
    yield page()
    yield create("a")
    yield create("b", {}, who="bob")
    yield create("e", {"ehr_appointment_id": ""}, who="eve")
    members = (
        {"patient_profile_id": "5eb7cf5a86d9755df3a6c593"},
        {"ehr_appointment_id": "EHR 1\0é"},
        {"x": 1, "duration": 9, "session_id": "1"},
    )
    for number, content in enumerate(members):
        yield create(f"c{number}", content)
        yield read(f"c{number}")
    for content in (
        [],
        "x",
        1,
        None,
        True,
        {"ehr_appointment_id": 1},
        {"ehr_appointment_id": None},
        {"patient_profile_id": ["x"]},
        {"patient_profile_id": False},
    ):
        yield create("", content)
    for body in (b"{", b'{"x": NaN}', b"{}{}", b"\xff", b" " * (MEBIBYTE + 1)):
        yield Recorded("POST", "/sessions", body)
    yield Recorded("POST", "/sessions", b"{}", headers={"content_type": "text/plain"})
    yield read()
    yield page()


def strangers() -> Iterator[Recorded]:
    good = {
        "POST /sessions": b"{}",
        "GET /sessions/@a@": b"",
        "PATCH /sessions/@a@": b"{}",
        f"GET {LIST}": b"",
        "PUT /sessions": b"{}",
        f"DELETE {LIST}": b"",
        "PATCH /sessions/1": b"[",
        "GET /sessions/1": b"",
    }
    wrong = (
        None,
        "",
        "Bearer",
        "Bearer x",
        "Bearer @token@x",
        "Basic @token@",
        "@token@",
        "Bearer null",
        "Bearer a.b.c",
        "Bearer eyJhbGciOiJub25lIn0.e30.",
    )
    for line, body in good.items():
        method, _, path = line.partition(" ")
        for text in wrong:
            yield Recorded(method, path, body, headers={"authorization": text})


def neighbours() -> Iterator[Recorded]:
    for who, session in (("bob", "a"), ("ann", "b"), ("eve", "a"), ("eve", "e")):
        yield read(session, who=who)
        yield update({"duration": 3}, session, who=who)
    yield read()
    yield page(who="eve")
    yield page(who="bob")
    for path in (
        "0",
        "-1",
        "x",
        "9" * 60,
        "%00",
        "%ff",
        "%20@a@",
        "@a@%20",
        "0@a@",
        "%2B@a@",
        "@a@.0",
        "@a@.json",
        "@a@%0a",
        "@a@x",
        "LINKED-USER",
        "%D9%A1",
        "@a@%00",
        "7" * 2000,
    ):
        yield Recorded("GET", f"/sessions/{path}")
        yield Recorded("PATCH", f"/sessions/{path}", b'{"duration": 1}')


def methods() -> Iterator[Recorded]:
    for method in ("PUT", "DELETE", "TRACE", "FROB", "POST", "GET", "PATCH"):
        for path in ("/sessions", "/sessions/@a@", LIST):
            known = {"/sessions": ["POST"], LIST: ["GET"]}.get(path, ["GET", "PATCH"])
            if method not in known:
                yield Recorded(method, path)
    for path in ("/", "/session", "/sessions/@a@/notes", "/jwt/x"):
        yield Recorded("GET", path)


def updates() -> Iterator[Recorded]:
    """Every member and what it must keep, each with what GET says afterwards."""
    yield update({})
    kept: list[tuple[str, Any]] = [*patch.MEMBERS.items(), *patch.READ_ONLY.items()]
    kept += [(f"patient.{name}", value) for name, value in patch.PATIENT.items()]
    kept += [(member, falsy) for member, _, falsy in patch.FALSY]
    kept += [(row[4], row[6]) for row in validation.REFUSED]
    kept += [
        (
            row[2],
            [row[4]] if row[2] in {"clinician_notes", "linked_sessions_for_context"} else row[4],
        )
        for row in fidelity.TEXTS
    ]
    kept += [("duration", row[4]) for row in fidelity.NUMBERS if row[4] <= 2**53]
    kept += [("patient", {}), ("x", 1), ("patient.x", 1), ("updated_at", "2000-01-01T00:00:00")]
    for member, value in kept:
        yield update(validation.nested(member, value))
    yield read()
    yield update(patch.MEMBERS | {"patient": patch.PATIENT})
    yield read()


def refusals() -> Iterator[Recorded]:
    for row in validation.TAKEN:
        yield update(validation.nested(row[3], row[6]))
    yield read()
    for _, _, _, _, body in validation.BODIES:
        yield raw(body)
    lenient = frozenset({200, 400, 422})
    for name, _, _, body in robustness.BODIES:
        yield raw(body, free=lenient if name in CHOICES else frozenset())
        # Whatever was chosen, from here on all servers hold the same again.
        yield update({"duration": 7, "ehr_appt_id": "7"})
    for number in (2**53 + 1, 2**64, 10**30):
        yield update({"duration": number}, free=frozenset({200, 422}))
    yield update({"duration": 8})
    yield raw(b"", headers={"content_type": "application/json"}, free=frozenset({400, 415, 422}))
    for _, _, _, content_type, _ in validation.MEDIA_TYPES:
        yield raw(b'{"duration": 4}', headers={"content_type": content_type})
    for size in (MEBIBYTE - 1, MEBIBYTE, MEBIBYTE + 1, 2 * MEBIBYTE):
        yield raw(b'{"duration": 6}'.ljust(size))
    yield read()


def pages() -> Iterator[Recorded]:
    for number in range(21):
        yield create(f"p{number}", who="bob")
    yield page("n1", "bob", walk="tens")
    yield page("n2", "bob", walk="tens", page="@n1@")
    yield page("", "bob", walk="tens", page="@n2@")
    for size in ("1", "5", "10", "21", "22", "50", "99", "100"):
        yield page("", "bob", page_size=size)
    yield page("m1", "bob", page_size="11")
    yield create("late", who="bob")
    yield update({"duration": 1}, "p3", who="bob")
    yield page("", "bob", (200,), page_size="11", page="@m1@")
    for size in (
        "0",
        "-1",
        "101",
        "1000",
        "5.0",
        "5.5",
        "1e1",
        "",
        "x",
        "null",
        "true",
        " 5",
        "5 ",
        "+5",
        "\u0665",
        "\uff15",
        "0x5",
        "5,5",
        "1_0",
        "9" * 30,
        "NaN",
        "\0",
    ):
        yield page("", "bob", page_size=size)
    for text in (
        "",
        "x",
        "-1",
        "1.5",
        "null",
        "@n1@ ",
        "\u0661",
        "\0",
        "\U0001f600",
        "x" * 3000,
        "{}",
        "'",
    ):
        yield page("", "bob", page=text)
    yield page("", "bob", (200, 422), page="999")
    yield page(who="eve")
    yield page(page_size="100")


RUN: tuple[Recorded, ...] = (
    *creations(),
    *strangers(),
    *neighbours(),
    *methods(),
    *updates(),
    *refusals(),
    *pages(),
)


# --- playing it ---


class Tape:
    """The run on one server."""

    def __init__(self, server: Server) -> None:
        self.who: dict[str, Caller] = {
            "ann": server.caller(),
            "bob": server.caller(),
            "eve": server.caller("+unlinked"),
        }
        self.saved = {"token": self.who["ann"].token}
        self.walks: dict[str, list[str]] = {}

    def play(self) -> list[Any]:
        told = [self.outcome(item) for item in RUN]
        return [*told, {name: sorted(shown) for name, shown in self.walks.items()}]

    def filled(self, text: str) -> str:
        return MARK.sub(lambda mark: self.saved.get(mark[1], mark[0]), text)

    def outcome(self, item: Recorded) -> Any:
        headers = {
            n: None if text is None else self.filled(text) for n, text in item.headers.items()
        }
        reply = self.who[item.who].send(
            item.method,
            self.filled(item.path),
            body=item.body,
            query={name: self.filled(text) for name, text in item.query.items()},
            **headers,
        )
        if reply.status in item.free:
            return sorted(item.free)
        if item.saves and reply.status == 200:
            content = reply.content
            self.saved[item.saves] = str(content.get("session_id") or content["next_page"])
        if item.walk:
            shown = self.sessions(reply.content["sessions"])
            self.walks[item.walk] = self.walks.get(item.walk, []) + shown
        return self.told(reply)

    def told(self, reply: Answer) -> Any:
        headers = {
            "www-authenticate": reply.headers.get("www-authenticate", "").partition(" ")[0],
            "allow": sorted(
                set(reply.headers.get("allow", "").replace(" ", "").split(","))
                - {"HEAD", "OPTIONS", ""}
            ),
            "content-type": reply.headers.get("content-type", "").partition(";")[0].lower(),
        }
        return {"status": reply.status, **headers, "content": self.same("", reply.content)}

    def same(self, name: str, value: Any) -> Any:  # noqa: PLR0911  # a table of cases
        """Tell a value without what each server may choose."""
        names = {session_id: label for label, session_id in self.saved.items()}
        match name, value:
            case "msg", str():
                return "a message"
            case "type", str():
                return value if value in NAMED_TYPES else "a type"
            case "created_at" | "updated_at", str():
                return "a time" if TIME.fullmatch(value) else value
            case "session_name", str():
                return re.sub("[0-9]+", "n", value)
            case "ehr_provider", str():
                return "a provider"
            case "next_page", str() | int():
                return "another page"
            case "session_id", str():
                return names.get(value, "an id" if re.fullmatch("[0-9]{1,39}", value) else value)
            case "sessions", list():
                return self.sessions(value)
            case _, dict():
                members = cast("dict[str, Any]", value)
                if len(members.get("sessions", [])) < members.get("total_count", 0):
                    # Which sessions a page holds is a choice.
                    members.pop("sessions")
                return {key: self.same(key, inner) for key, inner in members.items()}
            case _, bool():
                return str(value)
            case _:
                return value

    def sessions(self, sessions: list[Any]) -> list[str]:
        """Tell sessions in an order that does not depend on that of the list."""
        return sorted(json.dumps(self.same("", told), sort_keys=True) for told in sessions)
