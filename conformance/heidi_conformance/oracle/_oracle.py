"""The oracle: it follows every exchange of a run and says which rules an answer breaks.

It knows what the contract allows after all that went before, and every choice that is left open.
What a server showed it takes for what the server has, so that one cause is reported once.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, cast

from heidi_conformance._document import member
from heidi_conformance._history import Exchange, digits, strings
from heidi_conformance._verdict import Level
from heidi_conformance._wire import Reply, Silence

from ._complaint import Complaint
from ._gate import nowhere, too_many, without_link, wrong_method
from ._messages import message_faults
from ._newborn import ID, guessable, newborn
from ._overlap import torn
from ._pages import LIST, Shelf, ids_of, page_faults
from ._reading import Reading, understand
from ._sessions import (
    ABSENT,
    AFTER_UPDATE,
    Flat,
    Known,
    flattened,
    instant,
    misfits,
    ordinary,
    same,
)
from ._shapes import declared, misshapen

NEVER: Any = None
# Stands in texts that one user alone writes.
MARK = "of-nobody-else"
# A server, or what stands before it, may refuse a URL that it cannot decode.
MALFORMED = (400, 404, 414, 422)
# Two updates closer to each other than this may have the same instant: clocks tick in milliseconds.
TICK = 0.005


class Oracle:
    """Judge the exchanges of one history, in their order.

    tokens: user by token. unlinked: users whose list is refused.
    checked: rule and operation of everything that an answer was held to.
    """

    def __init__(self, level: Level, tokens: dict[str, str], unlinked: Iterable[str] = ()) -> None:
        self.level: Level = level
        self.strict = level == "strict"
        self.tokens = tokens
        self.unlinked = frozenset(unlinked)
        self.sessions: dict[str, Known] = {}
        self.shelves: dict[str, Shelf] = defaultdict(Shelf)
        self.strangers: dict[tuple[str, str], Any] = {}
        self.written: dict[str, set[str]] = defaultdict(set)

    def adopt(self, session_id: str, user: str) -> None:
        """Take note of a session that was created elsewhere."""
        self.sessions[session_id] = Known(user, -1)

    def judge(self, exchange: Exchange) -> list[Complaint]:
        """Return what one exchange breaks."""
        return list(self.complaints(exchange, together=False))

    def judge_batch(self, exchanges: list[Exchange]) -> list[list[Complaint]]:
        """Return what exchanges break that happened at the same time, for each of them."""
        halves = torn(exchanges, self.sessions) if self.strict else {}
        judged = [
            [*self.complaints(exchange, together=True), *halves.get(place, ())]
            for place, exchange in enumerate(exchanges)
        ]
        for exchange in exchanges:
            reading = understand(exchange.message)
            known = self.sessions.get(reading.session_id)
            if reading.operation != "updateSession" or known is None:
                continue
            if isinstance(exchange.answer, Reply) and exchange.answer.ok:
                known.shown |= reading.sent
                known.shown.pop("updated_at", None)
                known.together |= reading.sent.keys()
        return judged

    def complaints(self, exchange: Exchange, *, together: bool) -> Iterator[Complaint]:
        reading = understand(exchange.message)
        answer = exchange.answer
        if isinstance(answer, Silence):
            self.doubt(reading)
            if "body-size" not in {problem.rule for problem in reading.problems}:
                operation = reading.operation or LIST
                yield Complaint(
                    "answers",
                    operation,
                    f"gives no answer: {answer.reason}",
                    "",
                    "an answer",
                    "none",
                )
            return
        user = self.tokens.get(reading.token or "")
        if answer.status >= 500:
            self.doubt(reading)
            valid = (
                "a request that the contract allows"
                if reading.method_known and not reading.problems
                else "a request that the contract refuses"
            )
            yield Complaint(
                "no-server-error",
                reading.operation or LIST,
                f"answers {answer.status} to {valid}",
                "",
                "no 5xx",
                f"status {answer.status}",
            )
            if answer.status == 501 and reading.path and user is not None:
                yield from self.if_strict(wrong_method(reading, answer))
        elif answer.status == 429:
            yield from self.if_strict(too_many(reading, answer))
        elif not reading.path:
            yield from self.if_strict(nowhere(reading, answer))
        elif user is None or user == "expired":
            yield from self.stranger(reading, answer)
        elif not reading.method_known:
            if answer.ok and reading.message.method not in ("HEAD", "OPTIONS"):
                self.doubt(reading)
            yield from self.if_strict(wrong_method(reading, answer))
        else:
            yield from self.known_user(reading, answer, user, exchange, together=together)
        if self.strict and answer.ok and user is not None:
            yield from self.leaks(answer, user)
        if self.strict and answer.status >= 400:
            yield from message_faults(reading, answer, known=reading.token in self.tokens)

    def leaks(self, answer: Reply, user: str) -> Iterator[Complaint]:
        """Yield that an answer holds what another user wrote, wherever it stands."""
        others = [texts for name, texts in self.written.items() if name != user]
        foreign = set[str]().union(*others) - self.written[user]
        if any(text.encode() in answer.body for text in foreign):
            yield Complaint(
                "own-sessions",
                "getSession",
                "shows what another user wrote",
                "",
                "nothing of it",
                "the text",
            )

    def if_strict(self, complaints: Iterator[Complaint]) -> Iterator[Complaint]:
        """Yield complaints that only level strict has."""
        if self.strict:
            yield from complaints

    def doubt(self, reading: Reading) -> None:
        """Whether the request did what it asked for is not known."""
        user = self.tokens.get(reading.token or "", "")
        self.shelves[user].walk = None
        self.shelves[user].order.clear()
        if reading.operation == "createSession":
            self.shelves[user].total = None
        elif reading.operation == "updateSession" and reading.session_id in self.sessions:
            self.sessions[reading.session_id].settled = False

    # --- before the operation ---

    def stranger(self, reading: Reading, answer: Reply) -> Iterator[Complaint]:
        """A request without a token that the judge knows to be valid."""
        if reading.message.method in ("OPTIONS", "HEAD") and not answer.ok:
            return
        if reading.message.method == "OPTIONS":
            return
        if answer.status == 400 and not (reading.token or "").isascii():
            # What stands before a server may refuse bytes beyond ASCII.
            return
        how = "without a token" if reading.token is None else "with a wrong token"
        expired = self.tokens.get(reading.token or "") == "expired"
        how = "with an expired token" if expired else how
        operation = reading.operation
        if answer.ok:
            rule = "expired-token" if expired else "token-needed"
            yield Complaint(
                rule, operation, f"accepts a request {how}", "", "401", f"status {answer.status}"
            )
            self.doubt(reading)
            if operation == "createSession":
                for shelf in self.shelves.values():
                    shelf.total = None
        elif self.strict and answer.status != 401:
            yield Complaint(
                "token-first",
                operation,
                f"answers {{}} to a request {how}",
                str(answer.status),
                "401",
                f"status {answer.status}",
            )
        elif self.strict:
            challenge = answer.header("www-authenticate") or ""
            if not re.search(r"(^|,\s*)bearer\b", challenge, re.IGNORECASE):
                yield Complaint(
                    "challenge",
                    operation,
                    "answers 401 without `WWW-Authenticate: Bearer`",
                    "",
                    "`WWW-Authenticate: Bearer`",
                    "none, or another one",
                )
            if (kind := error_type(answer)) is not None and kind != "AuthenticationError":
                yield Complaint(
                    "challenge",
                    operation,
                    "answers 401 with another type than AuthenticationError",
                    "",
                    "AuthenticationError",
                    "another type",
                )
            yield from misshapen("strict", operation, answer)

    # --- the operation ---

    def known_user(
        self, reading: Reading, answer: Reply, user: str, exchange: Exchange, *, together: bool
    ) -> Iterator[Complaint]:
        self.written[user] |= {text for text in strings(dict(reading.sent)) if MARK in text}
        known = self.sessions.get(reading.session_id)
        own = known is not None and known.owner == user
        elsewhere = "{session_id}" in reading.path and not own
        refusals = reading.refusals | ({404} if elsewhere else set[int]())
        malformed = reading.malformed and answer.status in MALFORMED
        if malformed:
            self.note_refusal(reading, user, known)
            return
        if reading.operation == LIST and user in self.unlinked:
            if answer.status != 422 or not (reading.problems or reading.asks_page):
                yield from without_link(self.level, answer)
            return
        unfit = list(
            self.if_strict(unfit_status(reading, answer, elsewhere=elsewhere, together=together))
        )
        yield from unfit
        if unfit and not answer.ok:
            return
        misfit = list(misshapen(self.level, reading.operation, answer))
        yield from misfit
        if not answer.ok:
            self.note_refusal(reading, user, known)
            yield from self.refused(reading, answer, user, known, refusals)
            if elsewhere and answer.status == 404:
                yield from self.not_found(reading, answer, known)
            return
        if elsewhere:
            yield from self.found_elsewhere(reading, answer, known)
            return
        if self.strict and (problem := reading.sure) is not None:
            yield Complaint(
                problem.rule,
                reading.operation,
                f"accepts {problem.what}",
                "",
                " or ".join(map(str, sorted(problem.statuses))),
                f"status {answer.status}",
            )
        skip = places(misfit)
        if reading.operation == "createSession":
            yield from self.created(reading, answer, user)
        elif reading.operation == LIST:
            yield from self.listed(reading, answer, user, skip)
        elif known is not None:
            yield from self.shown(reading, answer, known, exchange, skip, together=together)

    def note_refusal(self, reading: Reading, user: str, known: Known | None) -> None:
        if reading.operation == "updateSession" and known is not None:
            known.attempts.add("rejected" if known.owner == user else "foreign")

    def refused(
        self,
        reading: Reading,
        answer: Reply,
        user: str,
        known: Known | None,
        refusals: Iterable[int],
    ) -> Iterator[Complaint]:
        """Yield what is wrong with a refusal; nothing, where the contract asks for it."""
        operation, status = reading.operation, answer.status
        allowed = set(refusals)
        if operation == LIST and reading.asks_page:
            allowed.add(422)
            if self.strict and self.shelves[user].offers(reading):
                yield Complaint(
                    "walks", LIST, "refuses the page that it offered", "", "the page",
                    f"status {status}",
                )  # fmt: skip
        if status in allowed:
            return
        problem = reading.sure
        if problem is not None or (reading.session_id and (known is None or known.owner != user)):
            if self.strict:
                rule = (
                    problem.rule
                    if problem is not None
                    else "own-sessions"
                    if known is not None
                    else "unknown-id"
                )
                what = (
                    problem.what
                    if problem is not None
                    else "an id that is no session of the caller"
                )
                yield Complaint(
                    rule,
                    operation,
                    f"answers {status} to {what}",
                    "",
                    " or ".join(map(str, sorted(allowed))),
                    f"status {status}",
                )
            return
        if status == 404 and known is not None:
            yield Complaint(
                "created-exists",
                operation,
                "answers 404 for a session that was created",
                "",
                "the session",
                "status 404",
            )
        elif status == 403 and self.strict:
            yield Complaint(
                "forbidden", operation, "answers 403 to a user who may", "", "success", "status 403"
            )
        elif self.strict:
            rule = reading.special or ("page-size" if reading.query else "works")
            subject = f"`{next(iter(reading.sent))}`" if len(reading.sent) == 1 else ""
            what = "a valid {}" if subject else "a valid request"
            yield Complaint(
                rule,
                operation,
                f"refuses {what} with {status}",
                subject,
                "success",
                f"status {status}",
            )
        elif plain(reading) and error_type(answer) != "NoLinkedUserException":
            yield Complaint(
                "works", operation, "refuses what the page shows", "", "success", f"status {status}"
            )

    def not_found(
        self, reading: Reading, answer: Reply, known: Known | None
    ) -> Iterator[Complaint]:
        """Yield how the refusal of an id says too much, or the wrong thing."""
        operation = reading.operation
        if "%2F" in reading.message.target:
            # Many servers take it for a slash, and so for a path that they do not have.
            return
        documented = self.strict or operation == "getSession"
        if documented and error_type(answer) not in (None, "SessionNotFoundError"):
            yield Complaint(
                "unknown-id",
                operation,
                "answers 404 with another type than SessionNotFoundError",
                "",
                "SessionNotFoundError",
                "another type",
            )
        kind = "never" if known is None else "foreign"
        self.strangers[operation, kind] = answer.content
        both = [self.strangers.get((operation, name)) for name in ("never", "foreign")]
        if self.strict and None not in both and both[0] != both[1]:
            del self.strangers[operation, kind]
            yield Complaint(
                "unknown-alike",
                operation,
                "answers differently for a session of another user and for none",
                "",
                "the same 404",
                "another one",
            )

    def found_elsewhere(
        self, reading: Reading, answer: Reply, known: Known | None
    ) -> Iterator[Complaint]:
        """A request for no session of the caller succeeded."""
        verb = "shows" if reading.operation == "getSession" else "changes"
        if known is not None:
            known.attempts.add("foreign")
            if self.strict:
                yield Complaint(
                    "own-sessions",
                    reading.operation,
                    f"{verb} a session of another user",
                    "",
                    "404",
                    f"status {answer.status}",
                )
            return
        real = member(member(answer.content, "session"), "session_id")
        if isinstance(real, str) and real in self.sessions:
            self.sessions[real].settled = False
            if self.strict:
                yield Complaint(
                    "exact-lookup",
                    reading.operation,
                    f"{verb} a session by an id that is not quite its own",
                    "",
                    "404",
                    f"status {answer.status}",
                )
            return
        yield Complaint(
            "unknown-id",
            reading.operation,
            "answers an unknown id with success",
            "",
            "404",
            f"status {answer.status}",
        )

    def created(self, reading: Reading, answer: Reply, user: str) -> Iterator[Complaint]:
        self.shelves[user].added()
        session_id = member(answer.content, "session_id")
        if not isinstance(session_id, str):
            return
        if self.strict and not (ID.fullmatch(session_id) and int(session_id) < 2**128):
            yield Complaint(
                "id-form",
                "createSession",
                "gives an id that is no 128-bit number in decimal",
                "",
                "a 128-bit number in decimal",
                "another id",
            )
        if session_id in self.sessions:
            if self.strict:
                yield Complaint(
                    "id-unique", "createSession", "gives an id twice", "", "a new id", "a known one"
                )
            return
        known = Known(user, len(self.sessions), reading.sent.get("ehr_appointment_id"))
        known.shown = {"session_id": session_id}
        known.strange = dict(reading.strange)
        self.sessions[session_id] = known
        for other in self.sessions.values():
            if other is not known:
                other.attempts.add("other")
        if self.strict and guessable(
            [key for key, item in self.sessions.items() if item.order >= 0]
        ):
            yield Complaint(
                "id-random",
                "createSession",
                "gives ids that can be guessed from each other",
                "",
                "128 random bits",
                "a pattern",
            )

    def shown(
        self,
        reading: Reading,
        answer: Reply,
        known: Known,
        exchange: Exchange,
        skip: set[str],
        *,
        together: bool,
    ) -> Iterator[Complaint]:
        """A session of the caller is shown, by getSession or updateSession."""
        got = flattened(member(answer.content, "session"))
        sent = reading.sent
        updates = reading.operation == "updateSession"
        if updates:
            self.updated(reading, known)
        if not got:
            known.settled = False
            return
        if reading.sure is not None or (
            updates and "json-syntax" in {p.rule for p in reading.problems}
        ):
            known.settled = False
        if got.get("session_id", reading.session_id) != reading.session_id:
            written = self.strict and same(
                known.strange.get("session_id", ABSENT), got["session_id"]
            )
            yield Complaint(
                "unknown-members" if written else "created-exists",
                reading.operation,
                "answers with another session than was asked for",
                "",
                "the session",
                "another one",
            )
            return
        if together and not updates:
            # It may show what was there before, or after.
            return
        if together:
            for name, value in sent.items():
                if name not in skip and not same(value, got.get(name, ABSENT)):
                    yield Complaint(
                        "update-answer",
                        "updateSession",
                        "does not show {} in the answer to the update that sends it",
                        f"`{name}`",
                        "what was sent",
                        "another value",
                    )
            return
        if len(known.shown) == 1 and not updates and not known.sent:
            yield from self.if_strict(newborn(known, got, skip))
        yield from misfits(reading.operation, known, sent, got, strict=self.strict, skip=skip)
        late = list(self.instants(reading, known, got, exchange, sent))
        yield from late
        self.settle(known, got, sent, skip, exchange if updates else None)
        if late:
            known.shown.pop("updated_at", None)

    def updated(self, reading: Reading, known: Known) -> None:
        """An update was accepted."""
        shelf = self.shelves[known.owner]
        shelf.order.clear()
        known.strange |= reading.strange
        for other in self.sessions.values():
            if other is not known:
                other.attempts.add("other")

    def settle(
        self, known: Known, got: Flat, sent: Any, skip: set[str], update: Exchange | None
    ) -> None:
        known.see(got, sent, skip)
        if update is not None:
            known.sent = {**known.sent, **sent}
            known.unread |= {(name, operation) for name in sent for operation in AFTER_UPDATE}
            known.together -= sent.keys()
            known.changed = update.seconds[1]
        else:
            known.together.clear()
            known.read_by("getSession")

    def instants(
        self, reading: Reading, known: Known, got: Flat, exchange: Exchange, sent: Any
    ) -> Iterator[Complaint]:
        """Yield what is wrong with `updated_at`."""
        now, before = instant(got.get("updated_at")), instant(known.shown.get("updated_at"))
        made = instant(got.get("created_at"))
        if not self.strict or now is None:
            return
        if made is not None and now < made:
            yield Complaint(
                "updated-at", reading.operation, "shows an `updated_at` before `created_at`"
            )
        if before is None:
            return
        if now < before:
            yield Complaint("updated-at", reading.operation, "shows an `updated_at` that went back")
        elif reading.operation == "updateSession":
            changes = any(
                not same(value, known.shown.get(name, ABSENT)) for name, value in sent.items()
            )
            if changes and now == before and exchange.seconds[0] - known.changed >= TICK:
                yield Complaint(
                    "updated-at", "updateSession", "does not let `updated_at` grow with a change"
                )
        elif now != before and known.settled:
            if "foreign" in known.attempts:
                yield Complaint(
                    "own-sessions",
                    "updateSession",
                    "changes {} of a session of another user",
                    "`updated_at`",
                )
            elif "rejected" in known.attempts:
                yield Complaint(
                    "rejected-update",
                    "updateSession",
                    "changes {} although it rejects the update",
                    "`updated_at`",
                )
            elif "other" in known.attempts:
                yield Complaint(
                    "one-session", "updateSession", "changes {} of another session", "`updated_at`"
                )
            else:
                yield Complaint(
                    "reading",
                    reading.operation,
                    "shows another `updated_at` though nothing was sent since",
                )

    def listed(
        self, reading: Reading, answer: Reply, user: str, skip: set[str]
    ) -> Iterator[Complaint]:
        """A page of the caller's sessions is shown."""
        page = answer.content
        ids = ids_of(page)
        sizes = [text for name, text in reading.query if name == "page_size"]
        bounded = sizes and reading.sure is None and sizes[0].isdigit()
        if not self.strict and bounded and len(ids) > int(sizes[0]):
            yield Complaint("page-bound", LIST, "puts more sessions on a page than `page_size`")
        if any(
            self.sessions[session_id].owner != user
            for session_id in ids
            if session_id in self.sessions
        ):
            yield Complaint(
                "own-list",
                LIST,
                "lists a session of another user",
                "",
                "sessions of the caller",
                "others",
            )
        if reading.sure is not None:
            return
        if any(self.rounded(session_id) for session_id in ids):
            yield Complaint(
                "created-exists",
                LIST,
                "lists a session by an id that a double has rounded",
                "",
                "the id of its creation",
                "another one",
            )
        if self.strict and self.unissued(reading, ids, self.shelves[user]):
            yield Complaint(
                "page-token",
                LIST,
                "accepts a `page` of a form that is never issued",
                "",
                "422",
                f"status {answer.status}",
            )
        there = frozenset(key for key, known in self.sessions.items() if known.owner == user)
        yield from self.if_strict(page_faults(self.shelves[user], reading, page, there))
        for session in cast("list[object]", member(page, "sessions") or []):
            got = flattened(session)
            session_id = got.get("session_id")
            if not isinstance(session_id, str):
                continue
            known = self.sessions.setdefault(session_id, Known(user, -1))
            if known.owner != user:
                continue
            if len(known.shown) == 1 and not known.sent:
                yield from self.if_strict(newborn(known, got, skip))
            yield from misfits(LIST, known, {}, got, strict=self.strict, skip=skip)
            yield from self.instants(reading, known, got, NEVER, {})
            known.see(got, {}, skip)
            known.read_by(LIST)

    def rounded(self, session_id: str) -> bool:
        """Whether an id is what a double makes of that of a session."""
        if session_id in self.sessions or not digits(session_id) or len(session_id) < 17:
            return False
        known = (key for key in self.sessions if digits(key))
        return any(session_id == str(int(float(key))) for key in known)

    def unissued(self, reading: Reading, ids: list[str], shelf: Shelf) -> bool:
        """Whether a `page` that was accepted has a form that no server issues."""
        tokens = [text for name, text in reading.query if name == "page"]
        if not tokens:
            return False
        token = tokens[-1]
        if token in ("", " ") or not token.isascii() or token.startswith("no-such-page"):
            return True
        if token.startswith("-") and token[1:].isdigit():
            return bool(ids)
        return shelf.numbers and not token.isdigit()


def unfit_status(
    reading: Reading, answer: Reply, *, elsewhere: bool, together: bool
) -> Iterator[Complaint]:
    """Yield what is wrong with a status, whatever else was sent before.

    Where a refusal is right, or wrong for another reason, that rule says which status it has.
    """
    status = answer.status
    right = reading.sure is not None or elsewhere
    if together and reading.operation == "updateSession" and not (answer.ok or right):
        yield Complaint(
            "concurrent",
            "updateSession",
            "refuses an update that runs at the same time as others",
            "",
            "success",
            f"status {status}",
        )
    elif str(status) not in declared(reading.operation) and (
        answer.ok or not (right or status == 403)
    ):
        yield Complaint(
            "declared-status",
            reading.operation,
            f"answers {status}, which the document does not declare",
            "",
            "a declared status",
            f"status {status}",
        )


def error_type(answer: Reply) -> Any:
    return member(member(answer.content, "detail"), "type")


def places(complaints: list[Complaint]) -> set[str]:
    """Return the members of sessions that have the wrong shape, and so no value to compare."""
    told: set[str] = set()
    for complaint in complaints:
        for match in re.finditer(r"\$\.sessions?(?:\[\*\])?\.([\w.]+)", complaint.subject):
            told |= {match[1], match[1].partition(".")[0]}
        if missing := re.match(
            r"`(\w+)` at \$\.sessions?(?:\[\*\])?(?:\.(\w+))?", complaint.subject
        ):
            told.add(f"{missing[2]}.{missing[1]}" if missing[2] else missing[1])
    return told


def plain(reading: Reading) -> bool:
    """Whether a request is such as the page shows."""
    return (
        not reading.strange
        and not reading.problems
        and all(name == "page_size" and text == "10" for name, text in reading.query)
        and all(
            (ordinary(name, value) and value)
            or name in ("clinician_notes", "generate_output_without_recording")
            for name, value in reading.sent.items()
        )
        and not {"ehr_appointment_id", "patient_profile_id", "ehr_appt_id", "ehr_patient_id"}
        & reading.sent.keys()
    )
