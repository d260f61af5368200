"""All scenarios put to one client, several at the same time, and the verdict on it."""

import asyncio
import contextlib
import itertools
import tempfile
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from heidi_conformance._text import on_one_line
from heidi_conformance._verdict import CannotJudgeError, Grade, Progress, Verdict
from heidi_conformance.oracle import Violation
from heidi_conformance.run._shards import WHOLE, Shard

from ._certificate import certificate
from ._process import MOST_REQUESTS, Driver, DriverError, Drivers
from ._proxy import Proxy
from ._report import Record, causes, known, verdict
from ._scenario import Scenario
from ._trial import PATIENCE, TIMEOUT, Session, StopError, Trial, UnsupportedError, User
from ._upstream import Upstream, server
from ._watch import arguments, output, requests, secrets_of, users
from .scenarios import PROBE, SCENARIOS

JOBS = 6
# Failures of a driver that end the run.
FATAL = ("garbage", "floods")
# Timing failures are repeated with this many scenarios at once, when little else runs.
TIMED = frozenset(
    {"hangs", "ends", "early", "late", "gives-up", "hurries", "hammers", "backoff-jitter"}
)
FEW = 2
# The factor by which a driver may start more slowly than in the probe: several start at once.
STARTS = 10


@dataclass(frozen=True)
class Plan:
    """What a run is to do.

    command: starts the driver. level: the scenarios of this level and those below it. only: their
    ids, all where empty. upstream, key: the server behind, a sandbox where empty. patience: seconds
    that a step may take. jobs: how many scenarios go on at the same time. shard: the part of them.
    """

    command: tuple[str, ...]
    level: Grade = "practice"
    only: frozenset[str] = frozenset()
    upstream: str = ""
    key: str = field(default="", repr=False)
    patience: float = PATIENCE
    jobs: int = JOBS
    shard: Shard = WHOLE

    @property
    def scenarios(self) -> Sequence[Scenario]:
        """The scenarios to put to the client."""
        chosen = [
            item
            for item in SCENARIOS
            if known(item.id, self.level) and (not self.only or item.id in self.only)
        ]
        return self.shard.part(chosen)


def judge_client(plan: Plan, on_progress: Callable[[Progress], None] = lambda _: None) -> Verdict:
    """Judge the client that a driver drives.

    Raises CannotJudgeError if the driver or the server does not do its part.
    """
    return asyncio.run(Run(plan, on_progress).go())


class Run:
    """A run.

    records: of the scenarios that are done. shown: the causes of what fresh drivers did wrong.
    """

    def __init__(self, plan: Plan, on_progress: Callable[[Progress], None]) -> None:
        self.plan = plan
        self.on_progress = on_progress
        self.records: list[Record] = []
        self.shown: set[tuple[str, ...]] = set()
        self.began = time.monotonic()
        self.drivers = Drivers(plan.command, plan.patience)

    async def go(self) -> Verdict:
        """Put the scenarios to the client, and return the verdict."""
        scenarios = self.plan.scenarios
        async with server(self.plan.upstream, self.plan.key) as upstream:
            await self.put(PROBE, upstream)
            self.drivers.grace = STARTS * self.records[0].first
            waiting = deque(sorted(filter(waits, scenarios), key=waits, reverse=True))
            working = deque(item for item in scenarios if not item.waits)
            # While some wait, others work.
            lanes = itertools.cycle(((waiting, working), (working, waiting)))
            try:
                await self.all(upstream, itertools.islice(lanes, self.plan.jobs))
                await self.drivers.close()
                doubtful = [item for item in self.records if item.violations and hurried(item)]
                self.records = [item for item in self.records if item not in doubtful]
                again = deque(item.scenario for item in doubtful)
                await self.all(upstream, [[again]] * FEW, fresh=True)
            finally:
                await self.drivers.close()
        order = {item.id: place for place, item in enumerate((PROBE, *SCENARIOS))}
        records = sorted(self.records, key=lambda item: order[item.scenario.id])
        name = records[0].client or Path(self.plan.command[0]).name
        said = verdict(records, self.plan.level, f"the client {name}", self.began)
        return replace(said, shards=self.plan.shard.name)

    async def all(
        self,
        upstream: Upstream,
        lanes: Iterable[Sequence[deque[Scenario]]],
        *,
        fresh: bool = False,
    ) -> None:
        """Put scenarios to the client; each lane takes from its queues, one after the other."""

        async def go(queues: Iterable[deque[Scenario]]) -> None:
            for queue in queues:
                while queue:
                    await self.put(queue.popleft(), upstream, fresh=fresh)

        try:
            async with asyncio.TaskGroup() as group:
                for queues in lanes:
                    group.create_task(go(queues))
        except BaseExceptionGroup as errors:
            raise errors.exceptions[0] from None

    async def put(self, scenario: Scenario, upstream: Upstream, *, fresh: bool = False) -> None:
        """Test the client with a scenario; fresh: with new drivers."""
        fresh = fresh or scenario is PROBE or bool(scenario.variables)
        record = await self.tried(scenario, upstream, fresh=fresh)
        if record.renewed and self.doubts(record):
            # State that another scenario left behind is not a fault.
            record = await self.tried(scenario, upstream, fresh=True)
        if not record.renewed:
            self.shown |= {item.cause for item in record.violations}
        self.records.append(record)
        self.tell(scenario)

    def doubts(self, record: Record) -> bool:
        """Whether it has a violation that no fresh driver has shown."""
        return any(item.cause not in self.shown for item in record.violations)

    async def tried(self, scenario: Scenario, upstream: Upstream, *, fresh: bool) -> Record:
        """Test the client with a scenario once; fresh: with new drivers."""
        record = Record(scenario)
        with tempfile.TemporaryDirectory(prefix="heidi-conformance-") as folder:
            async with self.trial(record, upstream, Path(folder), fresh=fresh) as trial:
                try:
                    await scenario.script(trial)
                    await finish(trial, fresh=fresh)
                    record.done = True
                except StopError:
                    pass
                except UnsupportedError as error:
                    record.why = f"the driver does not know {error}"
                except DriverError as error:
                    self.fail(scenario, error, last_words(trial))
                    most = MOST_REQUESTS if error.kind == "loops" else ""
                    trial.accuse(error.kind, expected=most, got="more" if most else "")
                if failed := [name for item in sessions(trial) for name in item.proxy.failures]:
                    raise CannotJudgeError(
                        f"the proxy failed in scenario {scenario.id} ({failed[0]}); "
                        "is the server still there?"
                    )
                both = sessions(trial)
                for session in both if not record.why else ():
                    secrets, patients = secrets_of(session), (trial.marker,)
                    proxy, user = session.proxy, session.user
                    record.violations += requests(proxy.exchanges, proxy, user, patients)
                    record.violations += users(session)
                    record.violations += arguments(trial, session)
                    record.violations += output(trial, session, Path(folder))
                    record.hidden = (*record.hidden, *secrets, *patients)
                record.violations += trial.violations
                record.events = trial.history
                record.client = trial.own.driver.client
                record.renewed = any(session.driver.renewed for session in both)
                record.exchanges = [one for item in both for one in item.proxy.exchanges]
        return record

    @contextlib.asynccontextmanager
    async def trial(
        self, record: Record, upstream: Upstream, folder: Path, *, fresh: bool
    ) -> AsyncGenerator[Trial]:
        """Provide proxy and driver; after the block, the driver is ended, or ready for another."""
        scenario = record.scenario

        def blame(error: DriverError) -> None:
            self.fail(scenario, error)
            record.violations.append(Violation(f"{scenario.id}/{error.kind}", scenario.operation))

        async def release(driver: Driver) -> None:
            if driver.again and record.done and not self.doubts(record) and not fresh:
                self.drivers.keep(driver, blame)
            else:
                await driver.stop()

        async with contextlib.AsyncExitStack() as stack:

            async def start(user: User) -> Session:
                driver: list[Driver] = []
                proxy = Proxy(upstream, user.key, lambda: driver[0].request() if driver else None)
                if scenario.tls:
                    proxy.tls = certificate()
                await proxy.open()
                stack.push_async_callback(proxy.close)
                variables = (
                    user.variables(proxy.url)
                    | {**scenario.variables}
                    | dict.fromkeys(("TMPDIR", "TMP", "TEMP"), str(folder))
                )
                driver.append(await self.drivers.take(variables, user.key, fresh=fresh))
                stack.push_async_callback(release, driver[0])
                return Session(driver[0], proxy, user)

            own = await start(User.new(linked=scenario.linked))
            yield Trial(scenario.operation, scenario.id, own, upstream, start, self.plan.patience)

    def fail(self, scenario: Scenario, error: DriverError, words: str = "") -> None:
        """Raise CannotJudgeError where a driver cannot be judged any further."""
        if scenario is PROBE or error.kind in FATAL:
            raise CannotJudgeError(
                f"the driver {error} (scenario {scenario.id})"
                + (f"; its last words: {words}" if words else "")
            )

    def tell(self, scenario: Scenario) -> None:
        requests = sum(len(item.exchanges) for item in self.records)
        found = len(causes(self.records))
        self.on_progress(Progress(scenario.id, requests, found, time.monotonic() - self.began))


def hurried(record: Record) -> bool:
    """Whether a busy machine may have caused the violations."""
    return any(map(timed, record.violations)) or any(
        item.ended - item.at > TIMEOUT / 2 for item in record.exchanges
    )


def timed(violation: Violation) -> bool:
    rule, _, variant = violation.code.partition("/")
    return variant in TIMED or rule in TIMED or violation.got == "unavailable"


def waits(scenario: Scenario) -> float:
    return scenario.waits


def sessions(trial: Trial) -> list[Session]:
    return [trial.own, *trial.others]


async def finish(trial: Trial, *, fresh: bool) -> None:
    """End all drivers that serve no other scenario as the protocol says. Raises DriverError."""
    for session in sessions(trial):
        if fresh or not session.driver.again:
            await session.driver.finish()
        await session.driver.pause()
        session.driver.check_stderr()


def last_words(trial: Trial) -> str:
    """Return the last line of the standard error of a driver, without what is secret."""
    lines = bytes(trial.own.driver.stderr[-4096:]).decode(errors="replace").strip().splitlines()
    text = lines[-1] if lines else ""
    user = trial.own.user
    for secret in (user.key, user.secret, trial.marker, *trial.proxy.tokens):
        text = text.replace(secret, "…")
    return on_one_line(text[:160])
