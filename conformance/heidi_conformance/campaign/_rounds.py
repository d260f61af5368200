"""A campaign: shards first, then rounds of other seeds, for as long as the budget lasts."""

import math
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from heidi_conformance._judge import judge
from heidi_conformance._settings import BUDGET, SESSIONS
from heidi_conformance._verdict import CannotJudgeError, Progress, Verdict
from heidi_conformance.run._shards import Shard, missing

from ._merge import Sum

TICK = 0.25
# Rounds in a row that may fail before a campaign gives up.
MOST_FAILURES = 3
# Seconds between two states of the reports while a campaign goes on.
WRITING = 2.0


@dataclass(frozen=True)
class Task:
    """One run for one worker. settings: what `judge` takes, tokens and key among it."""

    url: str
    settings: dict[str, Any] = field(repr=False)
    shard: Shard = field(default_factory=Shard)

    def perform(self, on_progress: Callable[[Progress], None]) -> "Result":
        """Judge; whatever goes wrong is a result too."""
        last: list[Progress] = []

        def follow(progress: Progress) -> None:
            last[:] = [progress]
            on_progress(progress)

        try:
            verdict = judge(self.url, **self.settings, shard=self.shard, on_progress=follow)
        except CannotJudgeError as error:
            return Result(None, str(error), last[0].requests if last else 0)
        except Exception as error:  # noqa: BLE001  # its text may hold what a server said
            return Result(None, f"the judge failed ({type(error).__name__}); this is its defect")
        return Result(verdict, "", verdict.requests)


@dataclass(frozen=True)
class Result:
    """The result of a task: a verdict, or the reason why there is none."""

    verdict: Verdict | None
    reason: str
    requests: int = 0


class Workers(Protocol):
    """A worker that performs tasks. progress: how far the unfinished ones are, by shard number."""

    progress: dict[int, Progress]

    def start(self, task: Task) -> Future[Result]:
        """Begin a task."""
        ...


@dataclass(frozen=True)
class Budget:
    """What a campaign may use in all.

    sessions: the most that it creates, never exceeded. The other limits may be, because the cost of
    a run is estimated from earlier ones. extra: whether it continues when all shards are done.
    """

    requests: int | None = None
    seconds: float | None = None
    sessions: int = SESSIONS
    extra: bool = False


class Rounds:
    """Keep workers busy, and add up what they find.

    tasks: one for each lane, with users of its own: two runs at a time would else see each other's
    sessions. on_state: called with the verdict so far, not too often.
    """

    def __init__(
        self,
        workers: Workers,
        tasks: list[Task],
        shards: int,
        budget: Budget,
        on_state: Callable[[Verdict], object],
    ) -> None:
        self.workers = workers
        self.free = list(tasks)
        self.shards = shards
        self.budget = budget
        self.on_state = on_state
        self.started = self.written = time.monotonic()
        self.pending: dict[Future[Result], tuple[Task, float]] = {}
        self.sum = Sum()
        self.unheard: dict[int, str] = {}
        self.begun = self.done = self.requests = self.sessions = self.failures = 0
        self.busy = 0.0

    def run(self, on_progress: Callable[[Progress], None]) -> Verdict:
        """Run the campaign. Raises CannotJudgeError if no verdict can be had."""
        try:
            while True:
                while self.free and self.wants_more():
                    self.start()
                if not self.pending:
                    break
                finished, _ = wait(self.pending, timeout=TICK, return_when=FIRST_COMPLETED)
                for future in finished:
                    self.take(future)
                on_progress(self.progress())
        finally:
            for future in self.pending:
                future.cancel()
        return self.verdict()

    # --- remaining tasks ---

    def wants_more(self) -> bool:
        """Whether the budget has room for one more task."""
        left = (self.budget.seconds or math.inf) - self.spent()
        most = self.budget.requests or math.inf
        average = self.requests / max(1, self.done)
        expected = self.requests + len(self.pending) * average
        if self.failures >= MOST_FAILURES or left <= 0 or expected >= most:
            return False
        if self.begun < self.shards:
            return self.unreserved() > 0
        fits = expected + average <= most and self.busy / max(1, self.done) < left
        return self.budget.extra and self.done > 0 and fits and not self.lacks_sessions()

    def unreserved(self) -> int:
        """Return how many sessions may be created beside those that running tasks may create."""
        reserved: int = sum(task.settings["max_sessions"] for task, _ in self.pending.values())
        return self.budget.sessions - self.sessions - reserved

    def lacks_sessions(self) -> bool:
        """Whether the next task would need more sessions than there are for it."""
        usual = self.sessions / max(1, self.done)
        return self.unreserved() // max(1, len(self.free)) < max(1, usual)

    def spent(self) -> float:
        return time.monotonic() - self.started

    def start(self) -> None:
        """Give the next shard, or the next seed, to a lane that is free."""
        share = self.share()
        lane = self.free.pop()
        left = (self.budget.seconds or math.inf) - self.spent()
        task = replace(
            lane,
            settings={
                **lane.settings,
                "time_budget": max(1.0, min(BUDGET, left)),
                "max_sessions": share,
            },
            shard=Shard(self.begun + 1, self.shards),
        )
        self.pending[self.workers.start(task)] = task, time.monotonic()
        self.begun += 1

    def share(self) -> int:
        """Return how many sessions the next task may create."""
        if self.begun < self.shards:
            return max(1, self.unreserved() // max(len(self.free), self.shards - self.begun))
        usual = self.sessions // self.done
        return min(self.unreserved() // len(self.free), 4 * usual + 10)

    # --- results ---

    def take(self, future: Future[Result]) -> None:
        """Add up what a task found."""
        task, begun = self.pending.pop(future)
        self.free.append(task)
        self.workers.progress.pop(task.shard.number, None)
        if error := future.exception():
            result = Result(None, f"its process ended ({type(error).__name__})")
        else:
            result = future.result()
        self.done += 1
        self.busy += time.monotonic() - begun
        self.requests += result.requests
        if result.verdict is None:
            self.failures += 1
            # The number that it created is unknown.
            self.sessions += task.settings["max_sessions"]
            # Of rounds without rules, only the last reason is kept.
            self.unheard[min(task.shard.number, self.shards + 1)] = result.reason
            return
        self.failures = 0
        verdict = result.verdict
        self.sessions += verdict.sessions_created
        self.sum.add(verdict)
        if time.monotonic() - self.written > WRITING:
            self.on_state(self.state())
            self.written = time.monotonic()

    def progress(self) -> Progress:
        """Return the progress of the whole campaign."""
        running = [*self.workers.progress.values()]
        return Progress(
            f"{self.done} runs done",
            self.requests + sum(item.requests for item in running),
            max([len(self.sum.findings), *(item.findings for item in running)]),
            round(self.spent(), 1),
        )

    def state(self) -> Verdict:
        """Return the verdict so far; its seconds are those that passed."""
        verdict = self.sum.verdict()
        reasons = (f"a run came to no verdict: {why}" for why in self.unheard.values())
        return replace(
            verdict,
            requests=max(self.requests, verdict.requests),
            seconds=round(self.spent(), 2),
            notes=(*verdict.notes, *dict.fromkeys(reasons)),
        )

    def verdict(self) -> Verdict:
        """Return the verdict at the end. Raises CannotJudgeError if too little was judged."""
        if self.sum.told is None:
            raise CannotJudgeError(next(iter(self.unheard.values()), "the budget allows no run"))
        verdict = self.state()
        if self.budget.extra and self.lacks_sessions():
            note = f"it ended because {self.sessions} sessions were created; see --max-sessions"
            verdict = replace(verdict, notes=(*verdict.notes, note))
        lost = missing(verdict.shards)
        if not lost:
            return verdict
        reasons = [why for number, why in sorted(self.unheard.items()) if number <= self.shards]
        spent = "the budget was spent; raise --requests, --time-budget or --max-sessions"
        why = reasons[0] if reasons else spent
        said = f"shard {', '.join(lost)} came to no verdict: {why}"
        if not verdict.findings:
            raise CannotJudgeError(f"no fault was found, but {said}")
        return replace(verdict, notes=(*verdict.notes, said), shards=verdict.shards)
