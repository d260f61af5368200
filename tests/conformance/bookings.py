"""A server of another API, written by hand from its document, and the same with faults.

    HEIDI_DOCUMENTS=FOLDER python -m tests.conformance.bookings

judges each of them by the documents that `write` left in FOLDER, and prints what was found as JSON.
"""

import copy
import json
import re
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import unquote

import yaml

from tests.conformance.reference import Request, Response, respond
from tests.conformance.standing import print_findings

Json = dict[str, Any]
SEVERAL, LIMIT = "/tables/bookings", 1024 * 1024
MAIL = re.compile(r"[A-Za-z0-9.+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
EXTRAS = ("CHAIR", "CAKE", "PRAM")


def write(folder: Path) -> None:
    """Write the documents of the API into a folder: the strict one, and what a page would say."""
    text = Path(__file__).with_suffix(".yaml").read_text()
    (folder / "strict.yaml").write_text(text)
    base = yaml.safe_load(text)
    for item in base["paths"].values():
        for operation in (node for node in item.values() if isinstance(node, dict)):
            said = {name: node for name, node in operation["responses"].items() if name < "3"}
            operation["responses"] = {**said, "default": {"description": "It is refused."}}
    (folder / "base.json").write_text(json.dumps(base))


class TroubleError(Exception):
    def __init__(self, status: int, code: str, text: str, **headers: str) -> None:
        super().__init__(text)
        told = respond(status, {"error": {"code": code, "text": text}})
        self.response = told.but(
            headers={name.replace("_", "-"): it for name, it in headers.items()}
        )


def wrong(where: str) -> TroubleError:
    return TroubleError(422, "INVALID", f"{where} is not valid")


def is_text(value: Any, most: int = LIMIT) -> bool:
    plain = isinstance(value, str) and len(value) <= most
    return plain and not any("\ud800" <= mark <= "\udfff" for mark in value)


def is_seats(value: Any) -> bool:
    whole = isinstance(value, int) and not isinstance(value, bool)
    return whole and 1 <= value <= 12


def is_extras(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(it, str) and it in EXTRAS for it in value)


GUEST: Json = {"name": is_text, "mail": lambda it: is_text(it) and MAIL.fullmatch(it)}
NEW: Json = {"guest": GUEST, "seats": is_seats, "remark": lambda it: is_text(it, 200)}
CHANGE: Json = {
    "guest": GUEST,
    "seats": is_seats,
    "note": lambda it: is_text(it, 200),
    "extras": is_extras,
    "quiet": lambda it: isinstance(it, bool),
}


def stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def refuse(_: str) -> Any:
    raise ValueError


@dataclass
class Tables:
    """A correct server."""

    shape: ClassVar[Json] = CHANGE
    known: dict[str, dict[str, Json]] = field(default_factory=dict[str, dict[str, Json]])

    def token(self, user: str) -> str:
        token = f"{user}-{secrets.token_hex(16)}"
        self.known[token] = {}
        return token

    def handle(self, request: Request) -> Response:
        try:
            return self.route(request)
        except TroubleError as trouble:
            return trouble.response

    def route(self, request: Request) -> Response:
        below = request.path.removeprefix(SEVERAL)
        one = re.fullmatch("/([^/]+)", below)
        if not request.path.startswith(SEVERAL) or (below and not one):
            raise TroubleError(404, "NO_SUCH_PATH", "no such path")
        mine = self.mine(request.headers.get("authorization", ""))
        every = {"GET": self.page, "POST": self.book} if one is None else {}
        single = {"GET": self.read, "PUT": self.change, "DELETE": self.cancel} if one else {}
        ways = {**every, **single}
        if request.method not in ways:
            raise TroubleError(405, "NO_SUCH_METHOD", "no such method", allow=", ".join(ways))
        return ways[request.method](mine, request)

    def mine(self, credentials: str) -> dict[str, Json]:
        scheme, _, token = credentials.partition(" ")
        if scheme.lower() != "bearer" or token not in self.known:
            raise TroubleError(401, "WHO_ARE_YOU", "give a token", www_authenticate="Bearer")
        return self.known[token]

    def sent(self, request: Request, shape: Json) -> Json:
        media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if len(request.body) > LIMIT:
            raise TroubleError(413, "TOO_LARGE", "the body is too large")
        if media_type != "application/json":
            raise TroubleError(415, "NOT_JSON", "send application/json")
        try:
            value = json.loads(request.body.decode(), parse_constant=refuse)
        except (ValueError, RecursionError):
            raise TroubleError(400, "NOT_JSON", "the body is not JSON") from None
        return self.fit(value, shape, "the body")

    def fit(self, value: Any, shape: Json, where: str) -> Json:
        if not isinstance(value, dict):
            raise wrong(where)
        told: Json = {}
        for name, check in shape.items():
            if name in value and isinstance(check, dict):
                told[name] = self.fit(value[name], check, name)
            elif name in value:
                if not check(value[name]):
                    raise wrong(name)
                told[name] = value[name]
        return told

    def book(self, mine: dict[str, Json], request: Request) -> Response:
        sent = self.sent(request, NEW)
        for name, there in (("guest", sent), ("seats", sent), ("name", sent.get("guest", {}))):
            if name not in there:
                raise wrong(name)
        now = stamp(datetime.now(UTC))
        guest = {"mail": None, **sent["guest"]}
        booking = {
            "ref": f"BK-{secrets.token_hex(12).upper()}", "guest": guest, "seats": sent["seats"],
            "note": sent.get("remark", ""), "extras": [], "quiet": False, "state": "OPEN",
            "made": now, "changed": now,
        }  # fmt: skip
        self.keep(mine, booking)
        return respond(201, {"booking": booking})

    def keep(self, mine: dict[str, Json], booking: Json) -> None:
        mine[booking["ref"]] = booking

    def find(self, mine: dict[str, Json], request: Request) -> Json:
        ref = unquote(request.path.rpartition("/")[2], errors="replace")
        if ref not in mine:
            raise TroubleError(404, "NO_SUCH_BOOKING", "no such booking")
        return mine[ref]

    def read(self, mine: dict[str, Json], request: Request) -> Response:
        return respond(200, {"booking": self.find(mine, request)})

    def change(self, mine: dict[str, Json], request: Request) -> Response:
        booking = self.find(mine, request)
        sent = self.sent(request, self.shape)
        self.merge(booking, sent)
        before = datetime.fromisoformat(booking["changed"])
        booking["changed"] = stamp(max(datetime.now(UTC), before + timedelta(microseconds=1)))
        return respond(200, {"booking": booking})

    def merge(self, booking: Json, sent: Json) -> None:
        guest = booking["guest"] | sent.get("guest", {})
        booking.update(sent, guest=guest)

    def cancel(self, mine: dict[str, Json], request: Request) -> Response:
        del mine[self.find(mine, request)["ref"]]
        return Response(204, b"", {})

    def page(self, mine: dict[str, Json], request: Request) -> Response:
        text = request.query.get("limit", ["20"])[-1]
        if not re.fullmatch("[1-9][0-9]?", text) or int(text) > 50:
            raise wrong("limit")
        after = request.query.get("after", [""])[-1]
        if "after" in request.query and not re.fullmatch("after-BK-[0-9A-F]{24}", after):
            raise wrong("after")
        return respond(200, self.told([*mine.values()], int(text), after.removeprefix("after-")))

    def told(self, bookings: list[Json], size: int, after: str) -> Json:
        refs = [booking["ref"] for booking in bookings]
        start = refs.index(after) + 1 if after in refs else 0 if not after else len(refs)
        data = bookings[start : start + size]
        more = start + size < len(bookings)
        token = f"after-{data[-1]['ref']}" if more else None
        return {"data": data, "paging": {"after": token, "all": len(refs), "here": len(data)}}


# --- faults ---


class Forgets(Tables):
    """Does not keep `quiet`."""

    def merge(self, booking: Json, sent: Json) -> None:
        super().merge(booking, {name: item for name, item in sent.items() if name != "quiet"})


class Replaces(Tables):
    """Replaces a guest, and loses the properties that were not sent."""

    def merge(self, booking: Json, sent: Json) -> None:
        guest = {"name": "", "mail": None, **sent["guest"]} if "guest" in sent else booking["guest"]
        super().merge(booking, sent | {"guest": guest})


class TakesATable(Tables):
    """Takes 13 seats."""

    shape: ClassVar[Json] = CHANGE | {"seats": lambda it: is_seats(it) or it == 13}


class Opens(Tables):
    """Shows bookings to any user."""

    def read(self, mine: dict[str, Json], request: Request) -> Response:
        every = {ref: item for others in self.known.values() for ref, item in others.items()}
        return super().read(every, request)


class Counts(Tables):
    """Tells no more than 7 bookings in all."""

    def told(self, bookings: list[Json], size: int, after: str) -> Json:
        page = super().told(bookings, size, after)
        page["paging"]["all"] = min(7, page["paging"]["all"])
        return page


class Repeats(Tables):
    """Begins a page with the last booking of the page before."""

    def told(self, bookings: list[Json], size: int, after: str) -> Json:
        refs = [booking["ref"] for booking in bookings]
        if size > 1 and after in refs and refs.index(after):
            after = refs[refs.index(after) - 1]
        return super().told(bookings, size, after)


class Revives(Tables):
    """Keeps what was cancelled."""

    def cancel(self, mine: dict[str, Json], request: Request) -> Response:
        self.find(mine, request)
        return Response(204, b"", {})


class Quotes(Tables):
    """Repeats a wrong note."""

    def fit(self, value: Any, shape: Json, where: str) -> Json:
        try:
            return super().fit(value, shape, where)
        except TroubleError as trouble:
            said = trouble.response.content["error"]["text"]
            raise TroubleError(422, "INVALID", f"{said}: {value}") from None


class Drops(Tables):
    """Does not keep the remark of a new booking."""

    def book(self, mine: dict[str, Json], request: Request) -> Response:
        made = super().book(mine, request)
        booking = mine[made.content["booking"]["ref"]]
        booking["note"] = ""
        return respond(201, {"booking": booking})


class Vanishes(Tables):
    """Has room for forty bookings of a user."""

    def keep(self, mine: dict[str, Json], booking: Json) -> None:
        super().keep(mine, booking)
        while len(mine) > 40:
            del mine[next(iter(mine))]


class Leaks(Tables):
    """Makes a booking with the extras of the one before."""

    def keep(self, mine: dict[str, Json], booking: Json) -> None:
        last = next(reversed(mine.values()), None)
        super().keep(mine, booking | {"extras": copy.deepcopy(last["extras"]) if last else []})


class Prefixes(Tables):
    """Finds a booking by the beginning of its reference."""

    def find(self, mine: dict[str, Json], request: Request) -> Json:
        asked = request.path.rpartition("/")[2]
        found = (item for ref, item in mine.items() if len(asked) > 6 and ref.startswith(asked))
        return next(found, None) or super().find(mine, request)


SERVERS: tuple[tuple[type[Tables], str], ...] = (
    (Forgets, "update-answer"),
    (Replaces, "update-keeps"),
    (TakesATable, "values"),
    (Opens, "own-sessions"),
    (Counts, "totals"),
    (Repeats, "walks"),
    (Revives, "deleted"),
    (Quotes, "message-quotes"),
    (Drops, "appointment"),
    (Vanishes, "created-exists"),
    (Leaks, "new-session"),
    (Prefixes, "exact-lookup"),
)


def tokens_of(tables: Tables) -> dict[str, str]:
    return {"token": tables.token("ann"), "other_token": tables.token("bob")}


if __name__ == "__main__":
    print_findings(Tables, SERVERS, tokens_of)
