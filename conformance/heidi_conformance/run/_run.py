"""One run against one server: rules, random sequences, breadth; and what they amount to."""

import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import version
from typing import cast

from heidi_conformance import _access
from heidi_conformance._settings import STEPS, Plan
from heidi_conformance._verdict import (
    CannotJudgeError,
    Finding,
    Grade,
    Outcome,
    Progress,
    Reason,
    Verdict,
)
from heidi_conformance._wire import OutOfPatienceError, Wire
from heidi_conformance.breadth import Inventor, NothingInventedError
from heidi_conformance.contract._operations import (
    CREATE,
    ISSUE,
    LIST,
    MAIN,
    OPERATIONS,
    OTHERS,
    READ,
    UNJUDGED,
    UPDATE,
)
from heidi_conformance.evidence._findings import Case, Cases
from heidi_conformance.evidence._history import UnboundError
from heidi_conformance.evidence._proven import finding, order
from heidi_conformance.evidence._recipes import VARIABLES
from heidi_conformance.evidence._reduce import FOR_ALL, Proof, Reducer, essential
from heidi_conformance.rules import SCRIPTS, TABLE, Rule, Script

from ._machine import Machine
from ._probe import Limits, Probe, Setting, TooManySessionsError, TooManyTokensError
from ._resources import resources_of
from ._shards import Shard
from ._tags import tag

Proven = tuple[Case, Finding]
# Without these, there is nothing to judge; the list is another matter: a user may have no link.
ESSENTIAL = (CREATE, READ, UPDATE)
# No secret has fewer characters, and a shorter text may be a word of a sentence.
SHORTEST = 8
# The parts of the time budget, and the most seconds, that go into making findings short (requests
# run out before), and into marking the sessions that were created.
REDUCING, LONGEST_REDUCTION = 0.2, 20.0
LAST, LONGEST_FAREWELL = 0.1, 10.0
# Seconds between two progress messages.
PACE = 0.1
ENDED = (
    "a token expired during the run; its 401s are not counted as findings; "
    "give one that lives longer, or leave something out (--rules-only, --shard)"
)
GIVE = {
    "second": "give the token of a second user (HEIDI_OTHER_TOKEN)",
    "same": "give another token of the same user (HEIDI_SAME_USER_TOKEN)",
    "unlinked": "give the token of a user who is not linked (HEIDI_UNLINKED_TOKEN)",
    "expired": "give a token that has expired (HEIDI_EXPIRED_TOKEN)",
    "linked": "the user of the token has no list",
    "key": "give the key that tokens are issued for (HEIDI_API_KEY or --api-key-file)",
}


@dataclass(frozen=True)
class Skip:
    """Why a script was not run, or only in part: a sentence, and its kind."""

    why: str
    reason: Reason = ""


class Run:
    """Judge a server in layers, and make a verdict."""

    def __init__(
        self, plan: Plan, on_progress: Callable[[Progress], None], shard: Shard | None = None
    ) -> None:
        self.plan = plan
        self.shard = shard or Shard()
        self.seed = plan.seed + self.shard.number - 1
        self.on_progress = on_progress
        self.cases = Cases()
        self.limits = Limits(plan.max_sessions)
        key = plan.api_key if plan.level == "strict" else ""
        self.setting = Setting(plan.level, {**plan.tokens}, key=key, reads=plan.read_only)
        self.started = self.said = time.monotonic()
        self.phase = ""
        self.obstacles: list[str] = []
        self.notes: list[str] = []
        self.skipped: dict[Script, Skip] = {}
        self.broken_off: dict[Script, Skip] = {}
        self.unfinished: list[tuple[Probe, Iterator[object]]] = []
        self.probe: Probe | None = None

    def run(self) -> Verdict:
        """Judge the server. Raises CannotJudgeError if no verdict can be had."""
        ends = self.started + self.plan.time_budget
        with Wire(self.plan.way, ends - self.proving - self.farewell, self.tick) as wire:
            client = _access.Client(wire)
            client.issued |= self.plan.issued
            renewal = _access.Renewal(client, self.plan.api_key, self.setting.tokens)
            renewal.renew()
            self.setting = replace(self.setting, renewal=renewal)
            self.meet(client)
            if not self.plan.read_only:
                self.probed(first_steps, wire, "first steps")
            self.run_layers(wire)
            self.phase = "reproducers"
            wire.deadline = min(time.monotonic() + self.proving, ends - self.farewell)
            proven = list(self.proven(wire))
            self.phase = "marking"
            wire.deadline = ends
            renewal.renew()
            tagged = tag(wire, self.setting.tokens | self.limits.latest, self.limits)
            if proven and not all(map(client.admits, self.live.values())):
                proven = self.without_refusals(proven)
        self.limits.requests += client.requests
        findings = [item for _, item in proven]
        obstacles = [*self.obstacles, *self.unreached()]
        if obstacles and not findings:
            raise CannotJudgeError(f"no fault was found, but too little was seen: {obstacles[0]}")
        ordered = tuple(sorted(findings, key=order))
        return Verdict(
            level=self.plan.level,
            seed=self.seed,
            target=_access.target(self.plan.url),
            findings=ordered,
            outcomes=tuple(self.outcomes(ordered)),
            answers=self.statuses(),
            requests=self.limits.requests,
            sessions_created=self.limits.created,
            sessions_tagged=tagged.marked,
            seconds=round(time.monotonic() - self.started, 2),
            notes=tuple(dict.fromkeys((*obstacles, *self.notes, *tagged.notes()))),
            gaps=tuple(dict.fromkeys(self.gaps())),
            versions={name: version(name) for name in ("heidi-sessions", "schemathesis")},
            shards=self.shard.name,
        )

    def meet(self, client: _access.Client) -> None:
        """Try the tokens, and see who has a list. Raises CannotJudgeError."""
        linked = client.introduce(self.setting.tokens["first"])
        for name, token in self.live.items():
            if name != "first" and not client.admits(token):
                raise CannotJudgeError(
                    f"the server refuses the token of the {name} user; give another"
                )
        closed = {"unlinked"} if linked else {"unlinked", "first"}
        self.setting = replace(self.setting, unlinked=frozenset(closed))

    @property
    def live(self) -> dict[str, str]:
        """The tokens that must be valid; if the second one of a user expired, that is a finding."""
        ended = ("expired", "same")
        return {name: text for name, text in self.setting.tokens.items() if name not in ended}

    @property
    def farewell(self) -> float:
        """Seconds in which the resources that were created are marked."""
        return min(LONGEST_FAREWELL, self.plan.time_budget * LAST)

    @property
    def proving(self) -> float:
        """Seconds in which findings are made short."""
        return min(LONGEST_REDUCTION, self.plan.time_budget * REDUCING)

    def without_refusals(self, proven: list[Proven]) -> list[Proven]:
        """Return the findings that a token's expiry during the run cannot have caused.

        Raises CannotJudgeError if there is no other.
        """
        others = [(case, item) for case, item in proven if not case.refused]
        if not others:
            raise CannotJudgeError(ENDED)
        self.notes.append(ENDED)
        return others

    # --- layers ---

    def run_layers(self, wire: Wire) -> None:
        """Test the server with rules, random sequences, and the requests of Schemathesis."""
        if self.plan.invents:
            with Inventor(replace(self.plan, seed=self.seed)) as inventor:
                if self.run_rules(wire):
                    self.run_machine(wire)
                if not self.obstacles:
                    self.probed(inventor.send, wire, "generated requests")
        else:
            self.run_rules(wire)
        self.finish_rules(wire)

    def run_rules(self, wire: Wire) -> bool:
        """Run every script that can be run; return whether the server was there to the end."""
        for script in self.scripts():
            if self.plan.read_only and not script.reads:
                continue
            if self.plan.level == "documented" and script.level == "strict":
                continue
            if self.plan.rules and not self.plan.rules & set(script.rules):
                self.skipped[script] = Skip("The run was about other rules.")
                continue
            if not self.shard.takes(script):
                why = f"Another shard puts it to the server; this was shard {self.shard}."
                self.skipped[script] = Skip(why, "elsewhere")
                continue
            missing = next((need for need in script.needs if not self.has(need)), None)
            if missing is not None:
                self.skipped[script] = Skip(GIVE[missing], "not-given")
                continue
            if not self.run_script(script, wire):
                return False
        return not self.obstacles

    def finish_rules(self, wire: Wire) -> None:
        """Send what scripts have left for the end, when time has passed."""
        while self.unfinished and not self.obstacles:
            probe, rest = self.unfinished.pop()
            self.probed(partial(exhaust, rest), wire, "rules", probe)

    def scripts(self) -> Sequence[Script]:
        """Return the scripts in the order in which they run."""
        return SCRIPTS

    def run_script(self, script: Script, wire: Wire) -> bool:
        """Run a script against a server, and say whether the run continues."""
        ends = [self.probed(part, wire, "rules") for part in script.parts(self.setting)]
        if ends and ends[0]:
            self.skipped[script] = ends[0]
        if end := next(filter(None, ends), None):
            self.broken_off[script] = end
        return not self.obstacles

    def run_machine(self, wire: Wire) -> None:
        """Take random steps; a server that creates no session has none to take them on."""
        steps = STEPS if self.plan.level == "strict" else 0
        self.probed(lambda probe: Machine(probe).run(steps), wire, "sequences")

    def probed(
        self, run: Callable[[Probe], object], wire: Wire, phase: str, probe: Probe | None = None
    ) -> Skip | None:
        """Run something with a new history; return why it stopped early, None if it did not.

        probe: of what ran before, and goes on. A script that has more to send at the end is a
        generator.
        """
        # Scripts are the same in every shard and every round; only random requests differ.
        seed = self.plan.seed if phase == "rules" else self.seed
        self.phase = phase
        probe = self.probe = probe or Probe(wire, self.setting, self.limits, seed)
        end: Skip | None = None
        try:
            rest = run(probe)
            if isinstance(rest, Iterator):
                pending = cast("Iterator[object]", rest)
                next(pending, None)
                self.unfinished.append((probe, pending))
        except UnboundError:
            why = "an earlier response lacked the id that the next request needs"
            end = Skip(why, "unanswered")
        except TooManyTokensError:
            end = Skip("the server limits how many tokens it issues")
        except TooManySessionsError:
            end = Skip(f"{self.plan.max_sessions} sessions were created, and no more may be")
            self.obstacles.append(f"{end.why}; raise --max-sessions")
        except NothingInventedError as error:
            end = Skip(str(error))
            self.obstacles.append(end.why)
        except OutOfPatienceError as error:
            end = Skip(str(error))
            spent = f"the run was cut short after {self.spent():.0f} seconds, see --time-budget"
            self.obstacles.append(f"{end.why}; {spent}")
        finally:
            probe.close()
        probe.judge()
        self.step(phase)
        self.cases.sent += probe.history
        return end

    def has(self, need: str) -> bool:
        """Whether a run was given what a script needs."""
        if need == "linked":
            return "first" not in self.setting.unlinked
        return need in self.setting.secrets

    def tick(self) -> None:
        """Report progress from time to time."""
        if self.phase and time.monotonic() - self.said > PACE:
            self.step(self.phase)

    def take(self) -> None:
        """Take what was seen since; nothing found waits for the end of a script."""
        if self.probe is not None:
            for sighting in self.probe.news():
                self.cases.add(sighting, self.probe.history)

    def step(self, phase: str) -> None:
        self.take()
        self.phase, self.said = phase, time.monotonic()
        seconds = round(self.spent(), 1)
        findings = len(self.cases.known)
        self.on_progress(Progress(phase, self.limits.requests, findings, seconds))

    def spent(self) -> float:
        return time.monotonic() - self.started

    # --- the verdict ---

    def proven(self, wire: Wire) -> Iterator[Proven]:
        """Yield what was found, each with the shortest requests that show it."""
        reducer = Reducer(wire, self.setting, self.limits, wire.deadline)
        # Those that wait come last, so that they take no time from the others.
        for case in sorted(self.cases.apart(), key=lambda case: case.pause):
            proof = self.proof(reducer, case)
            told = finding(case, proof, self.plan.level, self.plan.url, self.secrets())
            yield case, told
        if reducer.late:
            self.notes.append(
                f"the time for reproducers was over after {self.proving:.0f} seconds, so what is "
                "not confirmed may differ in another run; see --time-budget"
            )
        if reducer.used_up:
            self.notes.append(
                f"the {FOR_ALL} requests for reproducers were used up, so what comes last is not "
                "confirmed; fix the first ones, and run again"
            )

    def secrets(self) -> dict[str, str]:
        """Return the secrets, in lower case, and the variable that replaces each."""
        texts = dict.fromkeys(self.limits.secrets, VARIABLES["first"])
        ended = self.setting.renewal.ended if self.setting.renewal else {}
        texts |= {text: VARIABLES[name] for text, name in ended.items()}
        texts |= {text: VARIABLES[name] for name, text in self.setting.secrets.items()}
        return {text.lower(): f"${name}" for text, name in texts.items() if len(text) >= SHORTEST}

    def proof(self, reducer: Reducer, case: Case) -> Proof:
        if self.plan.read_only or self.obstacles:
            return Proof(essential(tuple(case.history[: case.at + 1])), "untried")
        return reducer.proof(case)

    def statuses(self) -> dict[str, dict[int, int]]:
        """Return how often each operation responded with each status."""
        table: dict[str, dict[int, int]] = {}
        for (operation, status), number in sorted(self.limits.answers.items()):
            table.setdefault(operation, {})[status] = number
        return table

    def succeeded(self, operation: str) -> bool:
        return any(200 <= status < 300 for status in self.statuses().get(operation, {}))

    def unreached(self) -> Iterator[str]:
        """Yield the operations that never succeeded, which therefore cannot conform."""
        essential_here = () if self.plan.read_only else ESSENTIAL
        for operation in essential_here:
            if not self.succeeded(operation):
                statuses = ", ".join(map(str, self.statuses().get(operation, {}))) or "nothing"
                yield f"{operation} never succeeded (statuses: {statuses})"

    def gaps(self) -> Iterator[str]:
        """Yield what could not be judged, although the run was asked to."""
        reasons: dict[str, dict[str, None]] = {}
        for script, end in self.broken_off.items():
            reasons.setdefault(end.why, {}).update(dict.fromkeys(script.rules))
        for why, rules in reasons.items():
            yield f"{', '.join(rules)}: not all of their requests could be sent, as {why}"
        if not (self.plan.read_only or self.plan.rules or self.shard.of > 1):
            yield from unjudged(self.plan.level, self.statuses())

    # --- outcomes ---

    def outcomes(self, findings: tuple[Finding, ...]) -> Iterator[Outcome]:
        """Yield the outcome of every rule on each of its operations."""
        failed = {(item.rule, item.operation) for item in findings}
        for rule in TABLE:
            named = {operation for name, operation in failed if name == rule.id}
            for operation in dict.fromkeys((*rule.operations, *sorted(named))):
                skip = self.skip(rule, operation)
                if operation in named:
                    yield Outcome(rule.id, operation, "failed")
                elif skip is not None:
                    yield Outcome(rule.id, operation, "skipped", skip.why, skip.reason)
                else:
                    yield Outcome(rule.id, operation, "passed")

    def skip(self, rule: Rule, operation: str) -> Skip | None:
        """Return why a rule was not put to the server; None if it was."""
        strict = rule.level == "strict" or not OPERATIONS[operation].documented
        if self.plan.level == "documented" and strict:
            topic = "speak of tokens" if operation == ISSUE else "say so"
            return Skip(f"The page does not {topic}; level strict asks for it.")
        if rule.id == "retry-after":
            busy = any(status == 429 for _, status in self.limits.answers)
            return None if busy else Skip("The server never responded with 429.")
        if operation in OTHERS and not self.succeeded(operation):
            why = "The operation never succeeded, so there was nothing to judge."
            return Skip(why, "unanswered")
        scripts = [
            script
            for script in SCRIPTS
            if rule.id in script.rules
            and (operation != ISSUE or "key" in script.needs)
            and script.covers(operation, self.setting)
        ]
        run = [script for script in scripts if script.reads or not self.plan.read_only]
        if not run:
            only_reads = "It takes more than GET, and the run was read-only."
            return Skip(only_reads if scripts else "No request of this run tests it.")
        if self.plan.level == "documented":
            run = [script for script in run if script.level == "documented"] or run
        if all(script in self.skipped for script in run):
            # With what most of its rules lack, most of it can be tested.
            return self.skipped[max(run, key=lambda script: len(script.rules))]
        return None


def exhaust(rest: Iterator[object], _: Probe) -> None:
    """Send the remaining requests of a script."""
    deque(rest, maxlen=0)


def first_steps(probe: Probe) -> None:
    """Create, read, update and list, to know in every part of a run whether that works."""
    on = resources_of(probe, MAIN.name)
    name = on.new()
    on.read(name)
    on.update(name, on.fields.change())
    on.page()


def unjudged(level: Grade, statuses: Mapping[str, Mapping[int, int]]) -> Iterator[str]:
    """Yield which operations were not judged, or only by their refusals."""
    for operation in (LIST, *OTHERS):
        told = statuses.get(operation, {})
        asked = level == "strict" or OPERATIONS[operation].documented
        if asked and not any(200 <= status < 300 for status in told):
            got = ", ".join(map(str, told)) or "nothing"
            why = "; is the user of the token linked?" if operation == LIST else ""
            yield f"{operation} never succeeded (statuses: {got}), so it is not judged{why}"
    for operation in UNJUDGED:
        yield f"{operation} is not judged: it asks for {OPERATIONS[operation].scheme}"
