"""The oracle: it follows every exchange of a run and says which rules a response breaks.

It knows what the contract allows after all that went before, and every choice that is left open.
It assumes that the server stores what it last showed, so that one cause is reported once.
"""

from collections.abc import Callable, Iterable, Iterator

from heidi_conformance._wire import Reply, Silence
from heidi_conformance.contract._document import property_of
from heidi_conformance.contract._operations import (
    ISSUE,
    LIST,
    OPERATIONS,
    READ,
    UNLINKED,
)
from heidi_conformance.evidence._history import Exchange, strings

from ._differences import instant, unread
from ._gate import broken, nowhere, silent, too_many, unauthenticated, without_link, wrong_method
from ._issuing import issuing
from ._issuing import refused as refused_token
from ._memory import Memory
from ._messages import message_faults
from ._reading import SLASH, Reading, understand
from ._refusals import (
    accepted,
    found_elsewhere,
    glimpsed,
    not_found,
    note_refusal,
    plain,
    refused,
    told_apart,
    unfit_status,
)
from ._shapes import judged, lacking
from ._showing import affected, created, listed, shown, torn
from ._violation import Violation

# A mark in strings that only one user writes.
MARK = "of-nobody-else"
# A server, or what comes before it, may refuse a URL that it cannot decode.
MALFORMED = (400, 404, 414, 422, 431)
# How a rule judges one exchange, given what earlier ones showed.
Judge = Callable[[Reading, Reply, Memory], Iterable[Violation]]


class Oracle(Memory):
    """Judge the exchanges of one history, in their order.

    judges: of rules that need no more than one exchange.
    """

    judges: tuple[Judge, ...] = ()

    def judge(self, exchange: Exchange) -> list[Violation]:
        """Return what one exchange breaks."""
        return self.asserted(self.violations(exchange, together=False))

    def judge_batch(self, exchanges: list[Exchange]) -> list[list[Violation]]:
        """Return the violations of each of some concurrent exchanges."""
        halves = torn(exchanges, self)
        readings = [understand(exchange) for exchange in exchanges]
        self.moving = {reading.one for reading in readings if reading.action == "update"}
        found = [
            self.asserted((*self.violations(exchange, together=True), *halves.get(place, ())))
            for place, exchange in enumerate(exchanges)
        ]
        self.moving = set()
        for exchange, reading in zip(exchanges, readings, strict=True):
            known = self.resources.get(reading.one)
            if reading.action != "update" or known is None:
                continue
            if isinstance(exchange.response, Reply) and exchange.response.ok:
                fields = known.fields
                sent = fields.as_stored(reading.sent)
                known.shown, known.listed = known.expected(sent), ""
                known.shown.pop(fields.updated, None)
                shown = OPERATIONS[reading.operation].shown(exchange.response.content)
                told = instant(property_of(shown, fields.updated))
                known.latest = max(filter(None, (known.latest, told)), default=None)
                known.together |= sent.keys()
                known.unread |= unread(fields, sent)
        return found

    def violations(self, exchange: Exchange, *, together: bool) -> Iterator[Violation]:
        reading = understand(exchange)
        response = exchange.response
        if isinstance(response, Silence):
            self.doubt(reading)
            yield from silent(reading, response)
            return
        told = [item for judge in self.judges for item in judge(reading, response, self)]
        user = self.tokens.get(reading.token or "")
        if response.status >= 500:
            self.doubt(reading)
            yield from broken(reading, response)
            if response.status == 501 and reading.path and user is not None:
                yield from wrong_method(reading, response)
        elif response.status == 429:
            yield from too_many(reading, response)
        elif not reading.path:
            yield from nowhere(reading, response)
        elif reading.operation == ISSUE:
            yield from issuing(self, reading, response)
        elif self.unsure.intersection(reading.named) or not self.asserts(reading):
            self.doubt(reading)
        else:
            yield from self.asked_by(user, reading, response, exchange, together=together)
        if response.ok and user is not None:
            yield from self.leaks(reading, response, user)
        if response.status >= 400:
            yield from message_faults(reading, response, known=reading.token in self.tokens)
        yield from told

    def requires(self, reading: Reading) -> bool:
        """Whether the level says that a valid request is one that a server takes."""
        return self.strict or plain(reading)

    def asserts(self, reading: Reading) -> bool:
        """Whether the level says something of an operation."""
        return self.strict or reading.declared.documented

    def asked_by(
        self,
        user: str | None,
        reading: Reading,
        response: Reply,
        exchange: Exchange,
        *,
        together: bool,
    ) -> Iterator[Violation]:
        of_token = refused_token(self, reading) if response.status == 401 else None
        if response.status != 401 and (issue := self.issued.get(reading.token or "")):
            issue.used = True
        if reading.method_known and not reading.declared.scheme:
            owner = self.owner(reading.named[-1]) if reading.named else None
            yield from self.known_user(reading, response, owner or "", exchange, together=together)
        elif user is None or user == "expired":
            yield from unauthenticated(self, reading, response)
        elif of_token is not None:
            yield from of_token
        elif not reading.method_known:
            if response.ok and reading.message.method not in ("HEAD", "OPTIONS"):
                self.doubt(reading)
            yield from wrong_method(reading, response)
            yield from glimpsed(self, reading, response, user)
        else:
            yield from self.known_user(reading, response, user, exchange, together=together)

    def leaks(self, reading: Reading, response: Reply, user: str) -> Iterator[Violation]:
        """Yield that a response contains data that another user wrote."""
        others = [texts for name, texts in self.written.items() if name != user]
        foreign = set[str]().union(*others) - self.written[user]
        if any(text.encode() in response.body for text in foreign):
            yield Violation("own-sessions/text", reading.operation or READ)

    def known_user(
        self, reading: Reading, response: Reply, user: str, exchange: Exchange, *, together: bool
    ) -> Iterator[Violation]:
        self.written[user] |= {text for text in strings(dict(reading.sent)) if MARK in text}
        known = self.resources.get(reading.one)
        elsewhere = any(self.owner(named) != user for named in reading.named)
        # Whether anything else that a path names exists is not known.
        open_path = len(reading.declared.ids) > len(reading.named)
        refusals = reading.refusals | ({404} if elsewhere or open_path else set[int]())
        malformed = reading.malformed and response.status in MALFORMED
        moved = exchange.message.path.endswith(SLASH) and 300 <= response.status < 400
        if malformed or moved:
            note_refusal(reading, user, known)
            return
        if reading.operation == LIST and user in self.unlinked and UNLINKED is not None:
            excused = bool(reading.problems) or reading.asks_page or not self.requires(reading)
            if response.status != 422 or not excused:
                yield from without_link(self.level, UNLINKED, response)
            return
        # What changes nothing cannot conflict with others.
        races = together and known is not None and known.moves(known.fields.as_stored(reading.sent))
        unfit = self.asserted(unfit_status(reading, response, elsewhere=elsewhere, together=races))
        yield from unfit
        if unfit and not response.ok:
            return
        misshapen, skip = judged(self.level, reading.operation, response)
        yield from misshapen
        yield from lacking(self.level, reading.operation, response) if response.ok else ()
        if not response.ok:
            note_refusal(reading, user, known)
            yield from refused(
                self, reading, response, user, known=known, elsewhere=elsewhere, refusals=refusals
            )
            if elsewhere and response.status == 404:
                yield from not_found(self, reading, response)
            elif elsewhere and reading.problems:
                yield from told_apart(self, reading, response)
            return
        if elsewhere:
            yield from found_elsewhere(self, reading, response, known)
            return
        yield from accepted(reading.sure, reading, response)
        if reading.action == "create":
            yield from created(self, reading, response, user)
        elif reading.action == "list":
            yield from listed(self, reading, response, user, skip)
        elif reading.action not in ("read", "update"):
            yield from affected(self, reading, response, user)
        elif known is not None:
            yield from shown(self, reading, response, known, exchange, skip=skip, together=together)
