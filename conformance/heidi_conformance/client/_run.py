"""All scenarios put to one client, several at the same time, and the verdict on it."""

import asyncio
import contextlib
import tempfile
import time
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from pathlib import Path

from heidi_conformance._text import on_one_line
from heidi_conformance._verdict import CannotJudgeError, Grade, Progress, Verdict

from ._certificate import certificate
from ._process import Driver, DriverError
from ._proxy import Proxy
from ._report import Record, causes, known, verdict
from ._scenario import Scenario
from ._trial import PATIENCE, Session, StopError, Trial, UnsupportedError, User
from ._upstream import Upstream, server
from ._watch import arguments, output, requests, secrets_of, users
from .scenarios import PROBE, SCENARIOS

JOBS = 6
# Failures of a driver that end the run.
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
        return known(scenario.id, self.level) and (not self.only or scenario.id in self.only)


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
        order = {item.id: place for place, item in enumerate((PROBE, *SCENARIOS))}
        records = sorted(self.records, key=lambda item: order[item.scenario.id])
        name = records[0].client or Path(self.plan.command[0]).name
        return verdict(records, self.plan.level, f"the client {name}", self.began)

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
            record.exchanges = [one for item in both for one in item.proxy.exchanges]
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
                proxy = Proxy(upstream, user.key, lambda: driver[0].look() if driver else None)
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
