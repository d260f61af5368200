"""Pages: their size, their ends, and walks while sessions come and change."""

import itertools
import re
import time
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.conformance.caller import Caller, is_error
from tests.conformance.reference import Api, RefusalError, Request, User

from .catalogue import DOCUMENTED, STRICT, Catalogue, Level, Remembering, Session, instead, paged

FAULTS = Catalogue("paging")
TURNS = itertools.cycle((1, -1))
AGE = 0.5  # seconds that a session stays in the list


def text_of(request: Request, name: str) -> str | None:
    return request.query.get(name, [None])[-1]


def sized(read: Callable[[str], int | None]) -> type[Api]:
    """Return a server that reads some of `page_size` in its own way."""

    def page_size(api: Api, request: Request) -> int:
        text = text_of(request, "page_size")
        size = None if text is None else read(text)
        return Api.page_size(api, request) if size is None else size

    return instead(page_size=page_size)


def refuses(text: str) -> Callable[[Caller], object]:
    return lambda caller: is_error(caller.page(page_size=text), 422)


def only(pattern: str, read: Callable[[str], int] = int) -> Callable[[str], int | None]:
    return lambda text: read(text) if re.fullmatch(pattern, text) else None


SIZES: tuple[tuple[str, str, Callable[[str], int | None], str], ...] = (
    ("zero", "A `page_size` of 0 is the default.", only("0", lambda _: 10), "0"),
    ("zero_is_none", "A `page_size` of 0 is accepted as it is.", only("0"), "0"),
    ("negative", "A negative `page_size` is taken without its sign.", only("-[1-9][0-9]*", lambda t: -int(t)), "-5"),
    ("above_a_hundred", "A `page_size` of 101 is accepted.", only("1[0-9][1-9]"), "101"),
    ("capped", "A `page_size` beyond 100 is 100.", only("[1-9][0-9]{2,}", lambda t: min(int(t), 100)), "1000"),
    ("plus_sign", "A `page_size` may have a plus sign.", only(r"\+[0-9]+"), "+5"),
    ("arabic_digits", "A `page_size` may be written in Arabic digits.", only("[\u0660-\u0669]+"), "\u0665"),
    ("wide_digits", "A `page_size` may be written in full-width digits.", only("[\uff10-\uff19]+", lambda t: int(unicodedata.normalize("NFKC", t))), "\uff15"),
    ("superscripts", "A `page_size` may be a superscript: it passes isdigit.", only("[\u00b2\u00b3\u2074-\u2079]+", lambda t: int(unicodedata.normalize("NFKC", t))), "\u2075"),
    ("spaces", "A `page_size` may have spaces round it.", only(" +[0-9]+ *"), " 5"),
    ("trailing_newline", "A `page_size` may end with a newline.", only("[0-9]+\n"), "5\n"),
    ("underscore", "A `page_size` may have an underscore.", only("[0-9]+_[0-9]+"), "1_0"),
    ("fraction", "A `page_size` may be 5.0.", only(r"[0-9]+\.[0-9]+", lambda t: int(float(t))), "5.0"),
    ("fraction_cut", "A `page_size` of 5.9 is 5.", only(r"[0-9]+\.[1-9]", lambda t: int(float(t))), "5.9"),
    ("exponent", "A `page_size` may be 1e1.", only("[0-9]e[0-9]", lambda t: int(float(t))), "1e1"),
    ("hexadecimal", "A `page_size` may be hexadecimal.", only("0x[0-9a-f]+", lambda t: int(t, 16)), "0xa"),
    ("units", "What follows the digits of a `page_size` is ignored.", only("[1-9][0-9]*[a-z]+", lambda t: int(re.sub("[a-z]", "", t))), "5abc"),
    ("empty", "An empty `page_size` is the default.", only("", lambda _: 10), ""),
    ("word", "A `page_size` that is not a number is the default.", only("[a-z]+", lambda _: 10), "abc"),
    ("true", "A `page_size` of true is 1.", only("true", lambda _: 1), "true"),
    ("null", "A `page_size` of null is the default.", only("null", lambda _: 10), "null"),
    ("all", "A `page_size` of `all` shows everything.", only("all", lambda _: 10**6), "all"),
    ("thirty_two_bits", "A `page_size` of 2^32 + 5 is 5.", only("4294967301", lambda _: 5), "4294967301"),
    ("quoted", "A `page_size` may be in quotes.", only('"[0-9]+"', lambda t: int(t.strip('"'))), '"5"'),
    ("list", "A `page_size` may be a list, whose first item counts.", only("[0-9]+,[0-9]+", lambda t: int(t.split(",")[0])), "5,6"),
)  # fmt: skip
for name, sentence, read, text in SIZES:
    FAULTS.add(f"size_{name}", sentence, "S7", STRICT, sized(read), refuses(text))


def holds(number: int, sessions: int, **query: str) -> Callable[[Caller], object]:
    """Return a witness for how many sessions the first page holds."""

    def witness(caller: Caller) -> bool:
        caller.several(sessions)
        return len(caller.listed(**query)["sessions"]) == number

    return witness


def crashes(status: int) -> Callable[[str], int]:
    def refuse(_: str) -> int:
        raise RefusalError(status, "Error", "cannot do that")

    return refuse


ALTERED: tuple[
    tuple[str, str, Level, Callable[[str], int | None], Callable[[Caller], object]], ...
] = (
    ("ignored", "`page_size` is ignored.", DOCUMENTED, lambda _: 10, holds(1, 3, page_size="1")),
    ("one_more", "A page holds one session more than asked for.", DOCUMENTED, only("[1-9][0-9]?", lambda t: int(t) + 1), holds(2, 4, page_size="2")),
    ("one_less", "A page holds one session less than asked for.", STRICT, only("[2-9]|[1-9][0-9]+", lambda t: int(t) - 1), holds(3, 4, page_size="3")),
    ("fifty_at_most", "A page never holds more than 50 sessions.", STRICT, only("5[1-9]|[6-9][0-9]|100", lambda _: 50), holds(51, 51, page_size="60")),
    ("ninety_nine", "A `page_size` of 100 is refused.", STRICT, only("100", crashes(422)), holds(0, 0, page_size="100")),
    ("no_single_pages", "A `page_size` of 1 is refused.", STRICT, only("1", crashes(422)), holds(1, 2, page_size="1")),
    ("even_sizes", "An odd `page_size` is rounded up.", DOCUMENTED, only("[0-9]*[13579]", lambda t: int(t) + 1), holds(3, 5, page_size="3")),
    ("crash_on_huge", "A `page_size` of many digits is 500.", STRICT, only("[0-9]{20,}", crashes(500)), refuses("9" * 25)),
    ("crash_on_word", "A `page_size` that is not a number is 500.", STRICT, only("[a-z]+", crashes(500)), refuses("ten")),
)  # fmt: skip
for name, sentence, level, read, witness in ALTERED:
    rows = "S19 S7" if "crash" in name else "S7 L205"
    FAULTS.add(f"size_{name}", sentence, rows, level, sized(read), witness)
FAULTS.enter(
    ("default_of_twenty", "Without `page_size`, a page holds 20 sessions.", "S7", STRICT, instead(default_page_size=20), holds(10, 12)),
    ("default_of_all", "Without `page_size`, a page holds up to 100 sessions.", "S7", STRICT, instead(default_page_size=100), holds(10, 12)),
)  # fmt: skip


# --- totals and ends ---


def page_of(spoil: Callable[[Session, int, int], Session]) -> type[Api]:
    """Return a server whose pages say something else, given where they end and of how many."""

    def told(api: Api, chosen: list[Session], sessions: list[Session], end: int) -> Any:
        page = Api.page_of(api, chosen, sessions, end)
        return page | spoil(page, end, len(sessions))

    return instead(page_of=told)


def starts(place: Callable[[int], int]) -> type[Api]:
    """Return a server whose pages begin at another place."""
    return instead(start=lambda api, request: place(Api.start(api, request)))


def adds_up(sessions: int, page_size: str = "2") -> Callable[[Caller], object]:
    """Return a witness for the counts and cursors of all pages of a walk."""

    def witness(caller: Caller) -> bool:
        ids = caller.several(sessions)
        pages = caller.pages(page_size)
        size = int(page_size)
        shown = [session["session_id"] for page in pages for session in page["sessions"]]
        return (
            sorted(shown) == sorted(ids)
            and all(page["count"] == len(page["sessions"]) for page in pages)
            and all(page["total_count"] == sessions for page in pages)
            and all(page["has_next_page"] == (page["next_page"] is not None) for page in pages)
            and all(len(page["sessions"]) == size for page in pages[:-1])
            # Whether a full last page leads to an empty one is a choice.
            and len(pages) in {max(1, -(-sessions // size)), sessions // size + 1}
        )

    return witness


def first(request: Request) -> bool:
    return "page" not in request.query


def ends(page: Session) -> bool:
    return page["next_page"] is None


ARITHMETIC: tuple[tuple[str, str, Callable[[Session, Request], Session], int], ...] = (
    ("count_is_the_total", "`count` is that of all pages.", lambda p, r: {"count": p["total_count"]}, 3),
    ("count_is_the_size", "`count` is the `page_size`, also on a page that is not full.", lambda p, r: {"count": int(text_of(r, "page_size") or 10)}, 3),
    ("count_of_the_rest", "`count` counts the pages, not the sessions.", lambda p, r: {"count": 1}, 3),
    ("total_is_the_count", "`total_count` is that of the page.", lambda p, r: {"total_count": p["count"]}, 3),
    ("total_is_one_off", "`total_count` is one too high on all pages but the first.", lambda p, r: {} if first(r) else {"total_count": p["total_count"] + 1}, 3),
    ("total_on_the_first_page", "`total_count` is 0 on all pages but the first.", lambda p, r: {} if first(r) else {"total_count": 0}, 3),
    ("total_of_what_remains", "`total_count` counts only the sessions that follow.", lambda p, r: {"total_count": p["total_count"] - int(text_of(r, "page") or 0)}, 3),
    ("total_is_rounded", "A `total_count` above 10 is rounded to tens.", lambda p, r: {"total_count": p["total_count"] // 10 * 10} if p["total_count"] > 10 else {}, 11),
    ("more_at_the_end", "`has_next_page` is true on the last page.", lambda p, r: {"has_next_page": True}, 3),
    ("never_more", "`has_next_page` is always false.", lambda p, r: {"has_next_page": False}, 3),
    ("more_when_full", "`has_next_page` is true on a last page that is full.", lambda p, r: {"has_next_page": p["count"] == int(text_of(r, "page_size") or 10)}, 4),
    ("next_at_the_end", "`next_page` is not null on the last page.", lambda p, r: {"next_page": p["next_page"] or "99"}, 3),
    ("empty_next_at_the_end", "`next_page` is empty on the last page.", lambda p, r: {"next_page": p["next_page"] or ""}, 3),
    ("no_next", "`next_page` is always null, as in the sample.", lambda p, r: {"next_page": None}, 3),
    ("first_page_again", "`next_page` of the second page leads back to the second page.", lambda p, r: {} if first(r) or ends(p) else {"next_page": text_of(r, "page")}, 5),
    ("round_and_round", "The last page leads to the first.", lambda p, r: ({"next_page": "0", "has_next_page": True} if ends(p) and p["total_count"] > 2 else {}), 3),
    ("nine_pages", "There is no page after the third.", lambda p, r: ({"next_page": None, "has_next_page": False} if int(text_of(r, "page") or 0) >= 6 else {}), 10),
    ("last_page_misses_one", "A last page of two sessions shows one.", lambda p, r: ({"sessions": p["sessions"][:1], "count": 1} if ends(p) and not first(r) and p["count"] == 2 else {}), 4),
    ("short_second_page", "The second page of three is not full.", lambda p, r: ({"sessions": p["sessions"][:1], "count": 1} if not first(r) and not ends(p) else {}), 5),
    ("overlap", "Each page but the first shows a session twice.", lambda p, r: ({} if first(r) else {"sessions": [p["sessions"][0], *p["sessions"]], "count": p["count"] + 1}), 3),
)  # fmt: skip
for name, sentence, spoil, number in ARITHMETIC:
    FAULTS.add(name, sentence, "S16", STRICT, paged(spoil), adds_up(number))


LAST = {"next_page": None, "has_next_page": False}
FAULTS.enter(
    ("last_full_page_is_lost", "Where the sessions fill the last page, the walk ends before it.", "S16", STRICT, page_of(lambda p, end, total: LAST if end + p["count"] == total else {}), adds_up(4)),
    ("skips_one", "Each page begins one session after where the one before ended.", "S16", STRICT, starts(lambda start: start and start + 1), adds_up(5)),
    ("repeats_one", "Each page begins with the last session of the one before.", "S16", STRICT, starts(lambda start: max(0, start - 1)), adds_up(3)),
)  # fmt: skip


@FAULTS.fault("S16", STRICT, adds_up(12, "5"))
class TenthIsSkipped(Api):
    """The tenth session is not listed, but counted."""

    def page(self, user: User, request: Request) -> Any:
        page = super().page(user, request)
        tenth = list(user.sessions)[9:10]
        page["sessions"] = [s for s in page["sessions"] if s["session_id"] not in tenth]
        return page | {"count": len(page["sessions"])}


def counts_what_came(caller: Caller) -> object:
    caller.create()
    caller.listed()
    caller.create()
    return caller.listed()["total_count"] == 2


@FAULTS.fault("S16", STRICT, counts_what_came)
class CountedOnce(Remembering):
    """`total_count` is counted at the first list of a user, and stays."""

    def page(self, user: User, request: Request) -> Any:
        page = super().page(user, request)
        return page | {"total_count": self.memory.setdefault(id(user), page["total_count"])}


# --- walks while sessions come and change ---


def exactly_once(
    between: Callable[[Caller, list[str]], Callable[[int], object]],
) -> Callable[[Caller], object]:
    """Return a witness that a walk shows what existed throughout, exactly once."""

    def witness(caller: Caller) -> bool:
        ids = caller.several(6)
        shown = caller.walk("2", between(caller, ids))
        return sorted(session_id for session_id in shown if session_id in ids) == sorted(ids)

    return witness


def creating(caller: Caller, _: list[str]) -> Callable[[int], object]:
    return lambda number: caller.create() if number < 4 else None


def updating(index: int) -> Callable[[Caller, list[str]], Callable[[int], object]]:
    return lambda caller, ids: lambda number: caller.patch(ids[index], {"duration": number})


def renaming(caller: Caller, ids: list[str]) -> Callable[[int], object]:
    return lambda number: [
        caller.patch(i, {"patient": {"name": f"{n * 5 % 7}"}}) for n, i in enumerate(ids)
    ]


def making_appointments(caller: Caller, _: list[str]) -> Callable[[int], object]:
    return lambda number: caller.create(ehr_appointment_id="A") if number < 4 else None


def ordered(order: Callable[[list[Session]], list[Session]]) -> type[Api]:
    """Return a server whose list has sessions in another order, or not all of them."""
    return instead(ordered=lambda api, user: order(Api.ordered(api, user)))


def sorted_by(key: Callable[[Session], Any], *, reverse: bool = False) -> type[Api]:
    return ordered(lambda sessions: sorted(sessions, key=key, reverse=reverse))


FAULTS.enter(
    ("newest_first_by_offset", "The newest session comes first, and pages are offsets: a new one shifts the others.", "S16", STRICT, ordered(lambda sessions: sessions[::-1]), exactly_once(creating)),
    ("last_changed_last", "Sessions are in the order of their last change: what changes during a walk comes again.", "S16", STRICT, sorted_by(lambda s: s["updated_at"]), exactly_once(updating(0))),
    ("last_changed_first", "The session that changed last comes first: one that changes during a walk is missed.", "S16", STRICT, sorted_by(lambda s: s["updated_at"], reverse=True), exactly_once(updating(0))),
    ("ordered_by_name", "Sessions are in the order of their patients' names, which may change during a walk.", "S16", STRICT, sorted_by(lambda s: s["patient"]["name"]), exactly_once(renaming)),
    ("appointments_first", "Sessions with an appointment come first: a new one pushes another onto the next page.", "S16", STRICT, sorted_by(lambda s: s["ehr_appt_id"] is None), exactly_once(making_appointments)),
)  # fmt: skip


@FAULTS.fault("S16", STRICT, adds_up(8, "3"))
class OrderFlips(Api):
    """Every second list is in the opposite order."""

    flipped = True

    def ordered(self, user: User) -> list[Session]:
        self.flipped = not self.flipped
        return super().ordered(user)[:: -1 if self.flipped else 1]


@FAULTS.fault("S16", STRICT, exactly_once(creating))
class NewSessionEndsTheWalk(Remembering):
    """A page requested after a new session was created is empty and the last."""

    def page(self, user: User, request: Request) -> Any:
        if first(request):
            self.memory[id(user)] = len(user.sessions)
        page = super().page(user, request)
        if self.memory.get(id(user)) == len(user.sessions):
            return page
        return page | {"sessions": [], "count": 0} | LAST


@FAULTS.fault("S16", STRICT, exactly_once(updating(3)))
class ChangedSessionsLeave(Api):
    """A session that was changed during a walk is left out of the rest of it."""

    since = ""

    def page(self, user: User, request: Request) -> Any:
        page = super().page(user, request)
        if first(request):
            self.since = max([str(s["updated_at"]) for s in user.sessions.values()], default="")
            return page
        page["sessions"] = [s for s in page["sessions"] if s["updated_at"] <= self.since]
        return page | {"count": len(page["sessions"])}


def walk_ends(caller: Caller) -> bool:
    caller.several(5)
    return caller.pages("2", lambda number: caller.create())[-1]["next_page"] is None


@FAULTS.fault("S16", STRICT, walk_ends)
class StartsAgain(Remembering):
    """A walk starts again whenever a session was created since its last page."""

    def page(self, user: User, request: Request) -> Any:
        if self.memory.get(id(user), 0) < len(user.sessions):
            query = {name: text for name, text in request.query.items() if name != "page"}
            request = replace(request, query=query)
        self.memory[id(user)] = len(user.sessions)
        return super().page(user, request)


# --- what is sent back as `page` ---

PAGES: tuple[tuple[str, str, str, Callable[[str], int], str], ...] = (
    ("garbage_is_the_start", "A `page` that was never issued is the first page.", "[a-z].*", lambda _: 0, "never-issued"),
    ("empty_page", "An empty `page` is the first page.", "", lambda _: 0, ""),
    ("negative_page", "A negative `page` counts from the end.", "-[0-9]+", lambda _: 0, "-1"),
    ("fraction_of_a_page", "A `page` may be 1.5.", r"[0-9]+\.[0-9]+", lambda t: int(float(t)), "1.5"),
    ("arabic_page", "A `page` may be written in Arabic digits.", "[\u0660-\u0669]+", int, "\u0661"),
    ("null_page", "A `page` of null is the first page.", "null", lambda _: 0, "null"),
    ("page_with_sql", "What follows the digits of a `page` is ignored.", "[0-9]+ .*", lambda _: 0, "1 OR 1=1"),
    ("plus_before_a_page", "A `page` may have a plus sign.", r"\+[0-9]+", int, "+1"),
    ("minus_zero_page", "A `page` may be -0.", "-0", int, "-0"),
    ("spaces_round_a_page", "A `page` may have spaces round it.", " +[0-9]+ *|[0-9]+ +", int, " 1"),
    ("zeros_before_a_page", "A `page` may begin with zeros.", "0+[1-9][0-9]*", int, "01"),
    ("page_to_the_point", "Everything after a dot in a `page` is ignored.", r"[0-9]+\.[a-z]+", lambda t: int(t.split(".")[0]), "1.json"),
    ("page_in_quotes", "A `page` may be in quotes.", '"[0-9]+"', lambda t: int(t.strip('"')), '"1"'),
    ("page_of_words", "A `page` may be `last` or `first`.", "last|first", lambda t: 0, "last"),
    ("crash_on_negative_page", "A `page` below zero is 500.", "-[1-9][0-9]*", crashes(500), "-1"),
    ("crash_on_far_page", "A `page` of twenty digits is 500.", "[0-9]{20,}", crashes(500), "9" * 24),
    ("crash_on_garbage", "A `page` that was never issued is 500.", "!+", crashes(500), "!!!"),
    ("crash_on_nul", "A `page` with NUL is 500.", ".*\0.*", crashes(500), "a\0"),
    ("crash_on_long_page", "A `page` of many characters is 500.", "x{1000,}", crashes(500), "x" * 4000),
    ("crash_on_emoji", "A `page` beyond ASCII is 500.", "[\U0001f300-\U0001faff]+", crashes(500), "\U0001f600"),
)  # fmt: skip


def starting(pattern: str, place: Callable[[str], int]) -> type[Api]:
    """Return a server that accepts more values of `page` than it issues."""

    def start(api: Api, request: Request) -> int:
        sent = text_of(request, "page")
        if sent is None or not re.fullmatch(pattern, sent, re.DOTALL):
            return Api.start(api, request)
        return place(sent)

    return instead(start=start)


def refuses_page(text: str) -> Callable[[Caller], object]:
    return lambda caller: caller.several(2) and is_error(caller.page(page_size="1", page=text), 422)


for name, sentence, pattern, place, text in PAGES:
    rows = "S19 S7" if "crash" in name else "S7"
    FAULTS.add(name, sentence, rows, STRICT, starting(pattern, place), refuses_page(text))


def cursor_of_another(caller: Caller) -> bool:
    """Say whether the next page of one user shows nothing to another."""
    mine, other = caller.several(2), caller.another()
    theirs = other.several(2)
    reply = other.page(page_size="1", page=str(caller.listed(page_size="1")["next_page"]))
    shown = reply.content["sessions"] if reply.status == 200 else []
    return all(s["session_id"] in theirs and s["session_id"] not in mine for s in shown)


@FAULTS.fault("S2 L199", DOCUMENTED, cursor_of_another)
class CursorsNameTheUser(Remembering):
    """A `next_page` names its user: anyone who sends it back gets that user's sessions."""

    def page(self, user: User, request: Request) -> Any:
        owner, _, start = (text_of(request, "page") or "").partition(":")
        if owner in self.memory:
            user = self.memory[owner]
            query = {**request.query, "page": [start]}
            request = replace(request, query=query)
        page = super().page(user, request)
        name = f"u{id(user)}"
        self.memory[name] = user
        return page | ({"next_page": f"{name}:{page['next_page']}"} if page["next_page"] else {})


def default_size_again(caller: Caller) -> bool:
    caller.several(13)
    following = str(caller.listed(page_size="2")["next_page"])
    return len(caller.listed(page=following)["sessions"]) == 10


@FAULTS.fault("S7", STRICT, default_size_again)
class PagesKeepTheirSize(Remembering):
    """Without `page_size`, a page has the size of the page that offered it."""

    def page(self, user: User, request: Request) -> Any:
        following = "".join(request.query.get("page", []))
        if "page_size" not in request.query and following in self.memory:
            query = {**request.query, "page_size": [self.memory[following]]}
            request = replace(request, query=query)
        page = super().page(user, request)
        if page["next_page"]:
            self.memory[str(page["next_page"])] = str(self.page_size(request))
        return page


def first_page_again(caller: Caller) -> bool:
    caller.several(3)
    first, again = (caller.listed(page_size="2")["sessions"] for _ in range(2))
    return bool(first == again)


@FAULTS.fault("S12 S16", STRICT, first_page_again)
class CursorsAreUsedUp(Remembering):
    """The same request for the first page shows the second one next time."""

    def start(self, request: Request) -> int:
        if not first(request):
            return super().start(request)
        place = int(self.memory.get(len(self.users), 0))
        self.memory[len(self.users)] = 0 if place else self.page_size(request)
        return place


def page_again(caller: Caller) -> bool:
    caller.several(3)
    following = str(caller.listed(page_size="2")["next_page"])
    return [caller.page(page_size="2", page=following).status for _ in range(2)] == [200, 200]


@FAULTS.fault("S12 S16", STRICT, page_again)
class PagesOnlyOnce(Api):
    """A `next_page` can be sent back once; a client that tries again gets 422."""

    used: frozenset[str] = frozenset()

    def start(self, request: Request) -> int:
        start = super().start(request)
        sent = text_of(request, "page")
        if sent in self.used:
            raise RefusalError(422, "ValidationError", "page is not valid")
        self.used |= {sent} if sent else frozenset()
        return start


def done_is_listed(caller: Caller) -> bool:
    ids = caller.several(2)
    caller.patch(ids[0], {"session_status": "DONE"})
    return sorted(caller.walk()) == sorted(ids)


FAULTS.enter(("done_is_archived", "A session whose `session_status` is DONE is no longer in the list.", "L199 S16", DOCUMENTED, ordered(lambda sessions: [s for s in sessions if s.get("session_status") != "DONE"]), done_is_listed))  # fmt: skip


@FAULTS.fault(
    "L199 S16", DOCUMENTED, lambda c: c.created(ehr_appointment_id="A")["session_id"] in c.walk()
)
class AppointmentsAreElsewhere(Api):
    """A session that was created for an appointment is not in the list."""

    def opened(self, user: User, sent: Session) -> Session:
        session = super().opened(user, sent)
        session["ehr_provider"] += " " * bool(sent.get("ehr_appointment_id"))
        return session

    def ordered(self, user: User) -> list[Session]:
        return [s for s in super().ordered(user) if not s["ehr_provider"].endswith(" ")]


def lists_more_than_a_page(caller: Caller) -> bool:
    ids = caller.several(101)
    return sorted(caller.walk("100")) == sorted(ids)


@FAULTS.fault("S16", STRICT, lists_more_than_a_page)
class AHundredAndNoMore(Api):
    """The list ends after a hundred sessions, but counts all of them."""

    def page_of(self, chosen: list[Session], sessions: list[Session], end: int) -> Any:
        page = super().page_of(chosen[: max(0, 100 - end + len(chosen))], sessions, end)
        return page if end < 100 else page | LAST


def foreign_page_is_refused_or_own(caller: Caller) -> bool:
    caller.several(3)
    other = caller.another()
    other.several(2)
    return other.page(page_size="1", page=str(next_of(caller))).status in {200, 422}


def next_of(caller: Caller) -> Any:
    return caller.listed(page_size="1")["next_page"]


@FAULTS.fault("S19 S7", STRICT, foreign_page_is_refused_or_own)
class CrashOnForeignPage(Remembering):
    """A `next_page` of another user is 500."""

    def page(self, user: User, request: Request) -> Any:
        name, _, start = (text_of(request, "page") or "").partition("-")
        if start:
            if name in self.memory and self.memory[name] is not user:
                raise RefusalError(500, "InternalError", "internal error")
            query = {**request.query, "page": [start]}
            request = replace(request, query=query)
        page = super().page(user, request)
        mark = f"w{id(user)}"
        self.memory[mark] = user
        return page | ({"next_page": f"{mark}-{page['next_page']}"} if page["next_page"] else {})


def total_is_own(caller: Caller) -> bool:
    other = caller.another()
    other.several(3)
    caller.several(2)
    page = caller.page(page_size="1", page=str(next_of(other)))
    return page.status != 200 or page.content["total_count"] == 2


@FAULTS.fault("S2 S16", STRICT, total_is_own)
class TotalsTravel(Api):
    """`next_page` holds the total of the walk, and is believed from any user."""

    def start(self, request: Request) -> int:
        text, _, total = (text_of(request, "page") or "0").partition("of")
        if total and not total.isdigit():
            raise RefusalError(422, "ValidationError", "page is not valid")
        return super().start(replace(request, query={**request.query, "page": [text]}))

    def page(self, user: User, request: Request) -> Any:
        page = super().page(user, request)
        total = (text_of(request, "page") or "").partition("of")[2]
        following = page["next_page"] and f"{page['next_page']}of{page['total_count']}"
        told = {"total_count": int(total)} if total else {}
        return page | {"next_page": following} | told


def in_turns(page: Session, _: Request) -> Session:
    """Reverse the sessions of every second page."""
    return {"sessions": page["sessions"][:: next(TURNS)]}


def leaves_after(seconds: float) -> Callable[[Caller], object]:
    """Return a witness that a session is still in the list some seconds after it was created."""

    def witness(caller: Caller) -> bool:
        session_id = caller.create()
        time.sleep(seconds)
        return session_id in caller.walk("100")

    return witness


def still_young(session: Session) -> bool:
    age = datetime.now(UTC).replace(tzinfo=None) - datetime.fromisoformat(session["updated_at"])
    return age < timedelta(seconds=AGE)


FAULTS.enter(
    ("old_ones_leave", "A session that has not changed for half a second leaves the list.", "L199 S16", STRICT, ordered(lambda sessions: [s for s in sessions if still_young(s)]), leaves_after(AGE * 1.1)),
    ("order_within_pages", "Every second page shows its sessions in the opposite order.", "S12 S16", STRICT, paged(in_turns), first_page_again),
    ("newest_thirty", "The list has only the thirty newest sessions, and counts only them.", "S16", STRICT, ordered(lambda sessions: sessions[-30:]), lambda c: len(c.several(32)) == c.listed()["total_count"]),
)  # fmt: skip
