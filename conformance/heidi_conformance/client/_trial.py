"""One scenario with one client: its steps, and the violations in their results."""

import json
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from heidi_conformance._verdict import CannotJudgeError
from heidi_conformance.contract._document import as_array, pointed, property_of
from heidi_conformance.contract._fields import FIELDS, MAIN_FIELDS, fields_of
from heidi_conformance.contract._operations import (
    CREATE,
    EVERY,
    ISSUE,
    ISSUER,
    KEY_HEADER,
    LIST,
    MAIN,
    OPERATIONS,
    READ,
    UPDATE,
    Operation,
)
from heidi_conformance.contract._schemas import kinds, values_of
from heidi_conformance.oracle import Violation
from heidi_conformance.oracle._differences import kind

from ._compare import differences
from ._process import Driver
from ._protocol import UNSUPPORTED, Result, Step
from ._proxy import Exchange, Proxy
from ._upstream import Upstream

# Seconds. The longest wait that a response asks of a client, and the longest of the judge.
TIMEOUT = 2.0
PATIENCE = 10.0


class UnsupportedError(Exception):
    """The driver does not know an operation; the text names it."""


class StopError(Exception):
    """The failure leaves nothing to judge in the rest of the scenario."""


@dataclass(frozen=True)
class User:
    """Who a client is: the key and what names the user, by environment variable."""

    key: str
    names: Mapping[str, str]
    marker: str

    @classmethod
    def new(cls, like: "User | None" = None, *, linked: bool = True) -> "User":
        """Return a new user; like: one with the same key and first name."""
        marker = like.marker if like else secrets.token_hex(6)
        own = secrets.token_hex(4)
        first, *others = ISSUER.semantics["user"] or ("",)
        names = dict.fromkeys(others, f"Id {own}/+%")
        tag = "Tag" if linked else "unlinked"
        names[first] = f"User-{marker}+{tag}@heidi-conformance.invalid"
        return cls(like.key if like else f"key-{secrets.token_urlsafe(24)}", names, marker)

    @property
    def secret(self) -> str:
        """What only the issuer of tokens may see: the first of its names."""
        return self.names[str(ISSUER.semantics["user"][0])]

    def variables(self, url: str) -> dict[str, str]:
        """Return the environment of a driver."""
        return {
            "HEIDI_BASE_URL": url,
            "HEIDI_API_KEY": self.key,
            "HEIDI_TIMEOUT": f"{TIMEOUT:g}",
            **{f"HEIDI_{name.upper()}": text for name, text in self.names.items()},
        }


@dataclass
class Session:
    """A driver of a user, and the proxy that it talks to."""

    driver: Driver
    proxy: Proxy
    user: User


@dataclass
class Trial:
    """A scenario that is put to a client.

    marker: in all strings that tell something about a patient. own: the driver that most scenarios
    have; others: further ones. patience: seconds that a step may take. token: of the server behind.
    there: ids of resources, by kind.
    leaks: the rule that patient data in the output of the driver breaks.
    """

    operation: str
    code: str
    own: Session
    upstream: Upstream
    start: Callable[[User], Awaitable[Session]]
    patience: float = PATIENCE
    history: list[tuple[float, str]] = field(default_factory=list[tuple[float, str]])
    violations: list[Violation] = field(default_factory=list[Violation])
    results: list[Result] = field(default_factory=list[Result])
    others: list[Session] = field(default_factory=list[Session])
    token: str = ""
    there: dict[str, str] = field(default_factory=dict[str, str])
    leaks: str = "output-patients"
    _number: int = 0
    marker: str = field(default_factory=lambda: f"zq{secrets.token_hex(8)}")

    @property
    def proxy(self) -> Proxy:
        return self.own.proxy

    # --- steps of the client ---

    async def do(self, *steps: Step, of: Session | None = None) -> Any:
        """Let the client make calls, several at the same time; return their results.

        Raises UnsupportedError, DriverError.
        """
        session = of or self.own
        first = self._number + 1
        members = [step.members(first + at) for at, step in enumerate(steps)]
        self._number += len(steps)
        ids = [item["id"] for item in members]
        told: Mapping[str, Any] = members[0]
        if len(steps) > 1:
            self._number += 1
            told = {"id": self._number, "together": members}
        self.note(f"step: {', '.join(step.operation for step in steps[:3])}, {len(steps)} in all")
        found = await session.driver.ask(told, ids, self.patience)
        results = [found[number] for number in ids]
        self.note(f"result: {', '.join(result.error or 'a value' for result in results[:3])}")
        for step, result in zip(steps, results, strict=True):
            if result.error == UNSUPPORTED:
                raise UnsupportedError(step.operation)
        self.results += results
        return results[0] if len(steps) == 1 else results

    async def second(self) -> Session:
        """Start another driver, for another user of the same partner with the same first name."""
        session = await self.start(User.new(self.own.user))
        self.others.append(session)
        return session

    def note(self, text: str) -> None:
        """Keep what happened."""
        self.history.append((time.monotonic(), text))

    def creation(self, members: Mapping[str, Any] | None = None, of: str = MAIN.name) -> Step:
        """Return the step that creates a resource."""
        told = members if members is not None else self.label(of)
        return Step(FIELDS[of].named("create"), body=FIELDS[of].creation(told))

    def label(self, of: str = MAIN.name) -> dict[str, Any]:
        """Return what a creation sends that tells something about a patient."""
        label = FIELDS[of].label
        return {label: f"{label} {self.marker}"} if label else {}

    def reading(self, id_: str) -> Step:
        return Step(READ, path={named(READ): id_})

    def updating(self, id_: str, members: Mapping[str, Any]) -> Step:
        return Step(UPDATE, path={named(UPDATE): id_}, body=MAIN_FIELDS.update(members))

    def listing(self, size: int = 10) -> Step:
        page = OPERATIONS[LIST].page
        return Step(LIST, query={page.size: size} if page.size else {})

    def change(self) -> dict[str, Any]:
        """Return what an update sends, with something about a patient in it."""
        return MAIN_FIELDS.change(75, f"Zoë {self.marker}")

    def everything(self, action: str, turn: int = 0) -> dict[str, Any]:
        """Return a value of every property of a request, with something about a patient in them.

        turn: which of its values; neighbours have different ones.
        """
        values = MAIN_FIELDS
        fields = values.creates if action == "create" else values.updates
        told: dict[str, Any] = {}
        for name, field_ in fields.items():
            known = () if field_.inner else values_of(field_).valid
            if known:
                free = "string" in field_.kinds and not field_.restricted
                value = known[turn % len(known)]
                told[name] = f"{value} {self.marker}" if free else value
                if name in values.lists:
                    told[name] = [*value, self.marker]
                turn += 1
        return told

    def step(self, operation: str, made: str, *, everything: bool = False) -> Step:
        """Return a call of any operation; everything: with all that it takes."""
        item = OPERATIONS[operation]
        if operation == CREATE:
            return self.creation(self.everything("create") if everything else None)
        if operation == UPDATE:
            return self.updating(made, self.everything("update") if everything else self.change())
        path: dict[str, Any] = {}
        query: dict[str, Any] = {}
        for parameter in item.parameters:
            if parameter.where == "path":
                own = item.owned.get(parameter.name)
                known = made if own is MAIN else self.there.get(own.name) if own else None
                value = parameter.sample if known is None else known
                path[parameter.name] = int(value) if "integer" in kinds(parameter.schema) else value
            elif (
                parameter.where == "query" and parameter.name != item.page.token and everything
            ) or (parameter.where == "query" and parameter.required):
                query[parameter.name] = parameter.sample
        body = item.body
        if body is None:
            return Step(operation, path, query)
        return Step(
            operation, path, query, body.samples[0] if body.samples and everything else body.least
        )

    async def make(self, of: Session | None = None) -> str:
        """Let the client create a resource, and return its id. Raises StopError."""
        result = await self.do(self.creation(), of=of)
        self.due(result, CREATE)
        return self.id_of(result)

    def id_of(self, result: Result) -> str:
        """Return the id that a creation gave. Raises StopError."""
        operation = OPERATIONS[CREATE]
        value = operation.made(result.value)
        if value is None:
            value = property_of(result.value, MAIN.id) or result.value
        if isinstance(value, str) and value:
            return value
        self.accuse("value", CREATE, got=kind(value), expected="string", field=MAIN.id)
        raise StopError

    # --- requests behind the client ---

    async def issue(self) -> str:
        """Return a token of the server behind."""
        key = [(KEY_HEADER, self.upstream.key)]
        query = "&".join(
            f"{name}={quote(text, safe='')}" for name, text in self.own.user.names.items()
        )
        response = await self.upstream.send("GET", f"{ISSUER.path}?{query}", key)
        token = pointed(response.json() if response.is_success else None, ISSUER.semantics["token"])
        if not isinstance(token, str):
            raise CannotJudgeError(
                f"the server issues no token ({response.status_code}); check HEIDI_API_KEY"
            )
        return token

    async def surround(self, made: str) -> None:
        """Create one resource of each other kind that an operation names, around one that is there.

        One that is below another is created below that.
        """
        self.there[MAIN.name] = made
        named = [one.name for name in EVERY for one in OPERATIONS[name].owned.values()]
        makers = {of: FIELDS[of].operations["create"] for of in named if FIELDS[of].named("create")}
        for of, maker in sorted(makers.items(), key=lambda item: len(item[1].owned)):
            around = {one.name for one in maker.owned.values()}
            if of not in self.there and around <= self.there.keys():
                [self.there[of]] = await self.prepare(1, of)

    async def prepare(self, number: int, of: str = MAIN.name) -> list[str]:
        """Create resources of the user, not by the client; return their ids."""
        self.token = self.token or await self.issue()
        operation = FIELDS[of].operations["create"]
        path = operation.path
        for name, one in operation.owned.items():
            path = path.replace(f"{{{name}}}", quote(self.there[one.name], safe=""))
        step = self.creation(of=of)
        headers = [("Authorization", f"Bearer {self.token}"), ("Content-Type", "application/json")]
        ids: list[str] = []
        for _ in range(number):
            body = json.dumps(step.body).encode()
            response = await self.upstream.send(operation.method, path, headers, body)
            ids.append(str(operation.made(response.json())))
        return ids

    # --- results ---

    def seen(self, operation: str = "", of: Session | None = None) -> list[Exchange]:
        """Return the requests of an operation; without one, of all but the issue of tokens."""
        exchanges = (of or self.own).proxy.exchanges
        return [
            item
            for item in exchanges
            if not item.stranger
            and (item.name == operation or (not operation and item.name != ISSUE))
        ]

    @property
    def issues(self) -> list[Exchange]:
        return self.seen(ISSUE)

    # --- violations ---

    def accuse(
        self,
        variant: str,
        operation: str = "",
        *,
        field: str = "",
        expected: Any = "",
        got: Any = "",
    ) -> None:
        """Record a violation of the rule of this scenario."""
        code = f"{self.code}/{variant}" if variant else self.code
        place = operation or self.operation
        self.violations.append(Violation(code, place, field, expected=expected, got=got))

    def due(self, result: Result, operation: str = "") -> Result:
        """See that a call gave a value. Raises StopError if it did not."""
        if not result.ok:
            self.accuse("error", operation, got=result.error)
            raise StopError
        return result

    def refused(self, result: Result, *kinds: str, operation: str = "") -> None:
        """See that a call failed, and in one of some ways."""
        if result.ok:
            self.accuse("no-error", operation, expected=" or ".join(kinds))
        elif result.error not in kinds:
            self.accuse("kind", operation, expected=" or ".join(kinds), got=result.error)

    def faithful(self, result: Result, operation: str) -> bool:
        """See that a value is what the last response of an operation shows."""
        shown = [item for item in self.seen(operation) if item.ok]
        if not shown:
            self.accuse("value", operation, expected="a response", got="none")
            return False
        self.same(result.value, shown[-1].reply.content, OPERATIONS[operation])
        return True

    def same(self, got: Any, content: Any, operation: Operation) -> None:
        """See that a value is what a response shows."""
        fields = fields_of(operation.id)
        if "result" in operation.semantics and fields is not None:
            expected = operation.shown(content)
            own = operation.shown(got)
            inner = got if own is None else own
            for place, want, has in differences(expected, inner, fields):
                self.accuse("value", operation.id, field=place, expected=want, got=has)

    def faithful_list(self, result: Result) -> None:
        """See that a list shows what its pages show."""
        values = {property_of(one, MAIN.id): one for one in result.value or ()}
        for exchange in self.seen(LIST)[-1:]:
            for shown in OPERATIONS[LIST].listed(exchange.reply.content):
                has = values.get(property_of(shown, MAIN.id))
                for place, want, came in differences(shown, has, MAIN_FIELDS):
                    self.accuse("value", LIST, field=place, expected=want, got=came)

    def listed(self, result: Result) -> list[str]:
        """Return the ids of a list that a client gave. Raises StopError if it gave none."""
        self.due(result, LIST)
        items = as_array(result.value)
        if items is None:
            self.accuse("value", LIST, expected="array", got=kind(result.value))
            raise StopError
        return [str(property_of(item, MAIN.id)) for item in items]

    def all_listed(self, result: Result, ids: Sequence[str]) -> None:
        """See that a list has resources exactly once each, whatever else it has."""
        shown = self.listed(result)
        lost = len(set(ids) - set(shown))
        again = len(shown) - len(set(shown))
        if lost:
            self.accuse("lost", LIST, expected=len(ids), got=len(ids) - lost)
        if again:
            self.accuse("again", LIST, expected=len(set(shown)), got=len(shown))


def named(operation: str) -> str:
    """Return the path parameter that names the resource of an operation."""
    return next(iter(OPERATIONS[operation].owned), "") or OPERATIONS[operation].ids[-1]
