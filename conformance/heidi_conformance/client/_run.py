"""All scenarios put to one client, several at the same time, and the verdict on it."""

import asyncio
import contextlib
import tempfile
import time
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import get_args

from heidi_conformance._document import words
from heidi_conformance._text import on_one_line
from heidi_conformance._verdict import (
    CannotJudgeError,
    Finding,
    Grade,
    Outcome,
    Progress,
    Result,
    Verdict,
    Words,
)
from heidi_conformance.contract._operations import CREATE, OPERATIONS, STRICT
from heidi_conformance.oracle import Violation
from heidi_conformance.reports._clients import sentence

from ._certificate import certificate
from ._process import Driver, DriverError
from ._proxy import Exchange, Proxy
from ._scenario import Scenario
from ._trial import PATIENCE, Session, StopError, Trial, UnsupportedError, User
from ._upstream import Upstream, server
from ._watch import WATCHES, exercised, output, watch
from .scenarios import PROBE, RULES, SCENARIOS

JOBS = 6
LEVELS: Sequence[Grade] = get_args(Grade)
UNSEEN = "this system does not show the arguments of processes"
# What nobody can go on after.
FATAL = ("garbage", "floods")


@dataclass(frozen=True)
class Plan:
    """What a run is to do.

    command: starts the driver. level: the scenarios of this level and those below it. only: their
    ids, all where empty. upstream, key: the server behind, a sandbox where empty. patience: seconds
    that a step may take. jobs: how many scenarios go on at the same time.
    """

    command: tuple[str, ...]
    level: Grade = "practice"
    only: frozenset[str] = frozenset()
    upstream: str = ""
    key: str = field(default="", repr=False)
    patience: float = PATIENCE
    jobs: int = JOBS

    def asks(self, scenario: Scenario) -> bool:
        """Whether a scenario is put to the client."""
        known = LEVELS.index(scenario.level) <= LEVELS.index(self.level)
        return known and (not self.only or scenario.id in self.only)


@dataclass
class Record:
    """What became of one scenario.

    history: what happened in it, a line each. why: the reason where it was skipped.
    """

    scenario: Scenario
    violations: list[Violation] = field(default_factory=list[Violation])
    history: tuple[str, ...] = ()
    why: str = ""
    client: str = ""
    exchanges: list[Exchange] = field(default_factory=list[Exchange])


def judge_client(plan: Plan, on_progress: Callable[[Progress], None] = lambda _: None) -> Verdict:
    """Judge the client that a driver drives.

    Raises CannotJudgeError where the driver or the server does not do its part.
    """
    return asyncio.run(Run(plan, on_progress).go())


class Run:
    """A run. records: of the scenarios that are done."""

    def __init__(self, plan: Plan, on_progress: Callable[[Progress], None]) -> None:
        self.plan = plan
        self.on_progress = on_progress
        self.records: list[Record] = []
        self.began = time.monotonic()

    async def go(self) -> Verdict:
        """Put the scenarios to the client, and return the verdict."""
        scenarios = [item for item in SCENARIOS if self.plan.asks(item)]
        async with server(self.plan.upstream, self.plan.key) as upstream:
            await self.put(PROBE, upstream)
            turns = asyncio.Semaphore(self.plan.jobs)

            async def in_turn(scenario: Scenario) -> None:
                async with turns:
                    await self.put(scenario, upstream)

            try:
                async with asyncio.TaskGroup() as group:
                    for scenario in scenarios:
                        group.create_task(in_turn(scenario))
            except BaseExceptionGroup as errors:
                raise errors.exceptions[0] from None
        return self.verdict()

    async def put(self, scenario: Scenario, upstream: Upstream) -> None:
        """Put a scenario to the client."""
        record = Record(scenario)
        with tempfile.TemporaryDirectory(prefix="heidi-conformance-") as folder:
            async with self.trial(scenario, upstream, Path(folder)) as trial:
                try:
                    await scenario.script(trial)
                    await finish(trial)
                except StopError:
                    pass
                except UnsupportedError as error:
                    record.why = f"the driver does not know {error}"
                except DriverError as error:
                    self.fail(scenario, trial, error)
                    trial.accuse(error.kind)
                if failed := [name for item in sessions(trial) for name in item.proxy.failures]:
                    raise CannotJudgeError(
                        f"the proxy failed in scenario {scenario.id} ({failed[0]}); "
                        "is the server still there?"
                    )
                if not record.why:
                    for session in sessions(trial):
                        trial.violations += watch(trial, session)
                        trial.violations += output(trial, session, Path(folder))
            record.violations = trial.violations
            record.history = history(trial)
            record.client = trial.own.driver.client
            record.exchanges = [one for item in sessions(trial) for one in item.proxy.exchanges]
        self.records.append(record)
        self.tell(scenario)

    @contextlib.asynccontextmanager
    async def trial(
        self, scenario: Scenario, upstream: Upstream, folder: Path
    ) -> AsyncGenerator[Trial]:
        """Start proxy and driver; at the end of the block, nothing of them is left."""
        async with contextlib.AsyncExitStack() as stack:

            async def start(user: User) -> Session:
                driver: list[Driver] = []
                proxy = Proxy(upstream, user.key, lambda: driver[0].arguments() if driver else b"")
                if scenario.tls:
                    proxy.tls = certificate()
                await proxy.open()
                stack.push_async_callback(proxy.close)
                variables = (
                    user.variables(proxy.url)
                    | {**scenario.variables}
                    | dict.fromkeys(("TMPDIR", "TMP", "TEMP"), str(folder))
                )
                driver.append(await Driver.start(self.plan.command, variables, user.key))
                stack.push_async_callback(driver[0].stop)
                return Session(driver[0], proxy, user)

            own = await start(User.new(linked=scenario.linked))
            yield Trial(scenario.operation, scenario.id, own, upstream, start, self.plan.patience)

    def fail(self, scenario: Scenario, trial: Trial, error: DriverError) -> None:
        """Raise CannotJudgeError where a driver cannot be judged any further."""
        if scenario is PROBE or error.kind in FATAL:
            last = last_words(trial)
            raise CannotJudgeError(
                f"the driver {error} (scenario {scenario.id})"
                + (f"; its last words: {last}" if last else "")
            )

    def tell(self, scenario: Scenario) -> None:
        requests = sum(len(item.exchanges) for item in self.records)
        found = len(causes(self.records))
        self.on_progress(Progress(scenario.id, requests, found, time.monotonic() - self.began))

    # --- the verdict ---

    def verdict(self) -> Verdict:
        """Return what became of all scenarios."""
        order = [item.id for item in SCENARIOS]
        records = sorted(self.records[1:], key=lambda item: order.index(item.scenario.id))
        records = [self.records[0], *records]
        exchanges = [one for record in records for one in record.exchanges]
        answers: dict[str, Counter[int]] = {}
        for one in exchanges:
            if one.name and not one.reply.gone:
                answers.setdefault(one.name, Counter())[one.reply.status] += 1
        findings = tuple(found(group) for group in causes(records) if self.asks(group[0][0].rule))
        skipped = [record for record in records if record.why]
        return Verdict(
            level=self.plan.level,
            seed=0,
            target=f"the client {records[0].client or Path(self.plan.command[0]).name}",
            findings=findings,
            outcomes=tuple(self.outcomes(records, findings)),
            answers={
                name: dict(sorted(counts.items())) for name, counts in sorted(answers.items())
            },
            requests=len(exchanges),
            sessions_created=sum(one.done for one in exchanges if one.name == CREATE),
            seconds=round(time.monotonic() - self.began, 2),
            versions={"heidi-sessions": version("heidi-sessions")},
            gaps=tuple(f"scenario {item.scenario.id}: {item.why}" for item in skipped),
            subject="client",
        )

    def asks(self, rule: str) -> bool:
        """Whether a run judges by a scenario, or by what is watched in all of them."""
        return LEVELS.index(RULES[rule].level) <= LEVELS.index(self.plan.level)

    def outcomes(self, records: Iterable[Record], findings: Iterable[Finding]) -> Iterator[Outcome]:
        """Yield what became of each scenario, and of what is watched in all of them."""
        failed = {item.rule for item in findings}
        rows = [(item.scenario, item.why) for item in records if item.scenario is not PROBE]
        unseen = {item.id: "" if exercised(item.id) else UNSEEN for item in WATCHES}
        rows += [(item, unseen[item.id]) for item in WATCHES if self.asks(item.id)]
        for scenario, why in rows:
            result: Result = "skipped" if why else "passed"
            if scenario.id in failed:
                result = "failed"
            yield Outcome(scenario.id, scenario.operation, result, why)


Case = tuple[Violation, Record]


def causes(records: Iterable[Record]) -> list[list[Case]]:
    """Return violations by their cause."""
    told: dict[tuple[str, ...], list[Case]] = {}
    for record in records:
        for violation in record.violations:
            told.setdefault(violation.cause, []).append((violation, record))
    return [*told.values()]


def found(cases: Sequence[Case]) -> Finding:
    """Return the finding that violations of one cause are."""
    violation, record = cases[0]
    scenario = RULES[violation.rule]
    said = sentence(violation, [item.field for item, _ in cases])
    return Finding(
        rule=scenario.id,
        level=scenario.level,
        operation=violation.operation,
        title=said.title,
        words=Words(place(violation.operation), scenario.source, scenario.words),
        expected=said.expected,
        got=said.got,
        requests=(
            f"heidi-conformance client --scenario {record.scenario.id} -- COMMAND",
            *record.history,
        ),
        seen=len(cases),
        code=violation.code,
        detail=violation.detail,
        fix=said.fix,
    )


def place(operation: str) -> str:
    return words(STRICT, OPERATIONS[operation].place).pointer


def sessions(trial: Trial) -> list[Session]:
    return [trial.own, *trial.others]


async def finish(trial: Trial) -> None:
    """End all drivers as the protocol says. Raises DriverError."""
    for session in sessions(trial):
        await session.driver.finish()
        session.driver.check_stderr()


def last_words(trial: Trial) -> str:
    """Return the last line of the standard error of a driver, without what is secret."""
    lines = bytes(trial.own.driver.stderr[-4096:]).decode(errors="replace").strip().splitlines()
    text = lines[-1] if lines else ""
    user = trial.own.user
    for secret in (user.key, user.secret, trial.marker, *trial.proxy.tokens):
        text = text.replace(secret, "…")
    return on_one_line(text[:160])


def history(trial: Trial) -> tuple[str, ...]:
    """Return what happened in a scenario, a line each, without a value of anything."""
    events = [*trial.history]
    for session in sessions(trial):
        for item in session.proxy.exchanges:
            query = "&".join(dict.fromkeys(name for name, _ in item.query))
            path = (
                item.operation.path
                if item.operation
                else "(a path that the document does not have)"
            )
            where = f"{item.method[:10]} {path}{'?' if query else ''}{query}"
            events.append(
                (
                    item.at,
                    f"  {'to another host: ' if item.stranger else ''}{where} → {response(item)}",
                )
            )
    start = min((at for at, _ in events), default=0.0)
    return tuple(f"# {at - start:6.3f} s {on_one_line(text)[:160]}" for at, text in sorted(events))


def response(exchange: Exchange) -> str:
    """Say what the proxy responded with."""
    reply = exchange.reply
    if reply.gone:
        return "connection closed" + (", though it was done" if exchange.done else "")
    extra = [f"{name}: {text}" for name, text in reply.headers if name.lower() == "retry-after"]
    how = (
        "and stops in the middle"
        if reply.stalls
        else "and breaks off"
        if reply.cut is not None
        else ""
    )
    return " ".join(filter(None, (str(reply.status), *extra, how)))
