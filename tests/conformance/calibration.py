"""Judge every fault of the catalogue by the rules alone, and count what is caught.

    python -m tests.conformance.calibration [--class patch] [--id patch.x] [--shard 1/8]
    python -m tests.conformance.calibration --correct [--id slow] [--seeds 20]

The second form judges all correct servers and fails if one is accused; with `--seeds`, it also
sends the random requests of all layers, once for each seed. Each fault is judged at its level,
until a
finding names one of the rows that it breaks; findings are not shortened. `--processes 2` does
either on two processors.
"""

import argparse
import multiprocessing
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

from heidi_conformance import CannotJudgeError
from heidi_conformance._settings import SEED, Plan
from heidi_conformance._wire import Wire
from heidi_conformance.evidence._findings import Case
from heidi_conformance.evidence._reduce import Proof
from heidi_conformance.reports._sentences import sentence
from heidi_conformance.rules import RULES, SCRIPTS, Script
from heidi_conformance.run._run import Run

from .correct import OWN, accusations, correct_servers
from .faults import CATALOGUE, Planted
from .faults.catalogue import Level
from .standing import Put, place, plan, tokens

PLANTED = {planted.id: planted for planted in CATALOGUE}

# Faults that no run of the rules can be expected to see, each with the reason.
UNSEEN = {
    "auth.ends_sooner_than_told": "`Date` is too inexact to show a difference of two seconds",
    "auth.token_in_the_query": "it takes a live token in a URL, where every log keeps it",
}
# Faults that break the page's words but show only at level strict, each with the reason.
PAGES = "the page documents no way to a second page"
TOTALS = "what `total_count` counts is a decision; the page shows a number"
ISSUER = "the base document does not describe how tokens are issued"
NOTES = "the page contradicts itself about what is shown of the notes"
INSTANT = "the page shows instants, and does not say that every instant has their form"
STRICT_ONLY = {
    "auth.key_is_optional": ISSUER,
    "auth.short_key": ISSUER,
    "auth.expiration_without_zone": ISSUER,
    "auth.expiration_as_seconds": ISSUER,
    "auth.shorter_than_told": ISSUER,
    "auth.internal_id_is_the_user": ISSUER,
    "creation.notes_are_null": NOTES,
    "shape.empty_notes_are_null": NOTES,
    "shape.one_note_is_a_text": NOTES,
    "shape.notes_as_objects": NOTES,
    "shape.more_is_a_number": "the page contradicts itself about `has_next_page`",
    "timestamps.with_z": INSTANT,
    "timestamps.with_offset": INSTANT,
    "timestamps.with_a_space": INSTANT,
    "timestamps.nanoseconds": INSTANT,
    "timestamps.date_alone": INSTANT,
    "timestamps.to_the_minute": INSTANT,
    "timestamps.as_http": INSTANT,
    "timestamps.with_a_comma": INSTANT,
    "creation.body_is_required": "the page always shows a body, and no creation without one",
    "creation.template_is_a_number": "the page shows `template_id` as null alone, and so no type",
    "creation.creates_two": TOTALS,
    "creation.profile_is_required": "a server may not know the patient or appointment of the page",
    "creation.new_sessions_are_listed_later": TOTALS,
    "creation.second_creation_is_a_conflict": "a server may refuse the appointment of the page",
    "paging.appointments_are_elsewhere": TOTALS,
    "paging.cursors_name_the_user": PAGES,
    "paging.done_is_archived": TOTALS,
    "views.stale_second_page": PAGES,
}
BUDGET = 60.0
# How many servers use one socket, one after the other.
IN_TURN = 16
# In a quick run, each variant meets a third of the scripts, and others than the one before it.
THIRDS = 3
# One second, and the requests that an idle machine sends in it: to a server in the same process, to
# one in its own, and a number beyond both.
SOON, FEW = 1.0, (650, 1000, 2000)
# Further decisions that a rule is about, besides the one in its table.
KIN = {
    "answer-schema": {"S8", "S9", "S10", "S12", "S13", "S15", "S16", "S18", "S20"},
    "json-answers": {"S13"},
    "works": {"S1", "S8", "S11"},
    "key-needed": {"S1"},
    "issued-token": {"S1"},
    "created-exists": {"S2"},
    "body-shape": {"S9"},
    "no-coercion": {"S5"},
    "unknown-id": {"S2"},
    "totals": {"S2"},
    "values": {"S13"},
    "full-pages": {"S7"},
    "no-server-error": {"S4", "S5"},
    "update-answer": {"S13"},
    "strings": {"S11"},
}
# Rules of decisions that also judge what the page says: of genders, of a second creation, of
# tokens and of users.
OF_THE_PAGE = {"values", "declared-status", "key-needed", "issued-token", "own-sessions"}


@dataclass(frozen=True)
class Sight:
    """What a run said of a fault: the rule and the row of a finding, and when it was seen.

    requests: after how many.
    """

    rule: str
    row: str
    title: str
    seconds: float
    requests: int = 0


@dataclass(frozen=True)
class Judgement:
    """The result for one fault.

    first: the earliest finding, whatever it says. fitting: the earliest that names the fault.
    obstacle: why the run broke off, where it did. result: the outcome, in a word.
    """

    id: str
    first: Sight | None
    fitting: Sight | None
    seconds: float
    obstacle: str = ""
    level: Level = "strict"

    @property
    def planted(self) -> Planted:
        return PLANTED[self.id]

    @property
    def result(self) -> str:
        if self.fitting is not None:
            return "caught" if self.level == self.planted.level else "later"
        if self.id in UNSEEN:
            return "unseen"
        if self.first is not None:
            return "beside"
        return "refused" if self.obstacle else "missed"


def fits(planted: Planted, rule: str) -> bool:
    """Whether a rule is about what a fault breaks: the same decision, or the page's own words."""
    decisions = {name for name in planted.rows if name[0] == "S" and name[1:].isdigit()}
    if decisions:
        return bool(({RULES[rule].row} | KIN.get(rule, set())) & decisions)
    return RULES[rule].level == "documented" or rule in OF_THE_PAGE


# Which scripts named the faults of a class or row so far, and how often: they may see the next one.
NAMED: defaultdict[str, Counter[str]] = defaultdict(Counter)


class NamedError(Exception):
    """A finding names the fault: the rest of the run has nothing to add."""


class Trial(Run):
    """A run that ends as soon as a finding fits, and takes every finding as it comes."""

    def __init__(self, plan: Plan, planted: Planted, *, quick: bool) -> None:
        super().__init__(plan, lambda _: None)
        self.planted = planted
        self.quick = quick
        self.first: Sight | None = None
        self.fitting: Sight | None = None

    def scripts(self) -> Sequence[Script]:
        """Return the scripts; for a quick run, those first that are likely to name the fault."""
        if not self.quick:
            return SCRIPTS
        named = sum((NAMED[name] for name in self.kinds), Counter[str]())
        return sorted(SCRIPTS, key=lambda script: (not self.is_near(script), -named[script.id]))

    @property
    def kinds(self) -> tuple[str, ...]:
        return class_of(self.planted), *self.planted.rows

    def is_near(self, script: Script) -> bool:
        return any(fits(self.planted, rule) for rule in script.rules)

    def run_script(self, script: Script, wire: Wire) -> bool:
        goes_on = super().run_script(script, wire)
        if self.look():
            for name in self.kinds:
                NAMED[name][script.id] += 1
            raise NamedError
        return goes_on

    def take(self) -> None:
        super().take()
        if self.first is None and self.cases.known:
            self.look()

    def look(self) -> bool:
        """Read the findings so far, and say whether one names the fault."""
        sights = [self.sight(case) for case in self.cases.apart()]
        self.first = self.first or next(iter(sights), None)
        self.fitting = next((item for item in sights if fits(self.planted, item.rule)), None)
        return self.fitting is not None

    def finish_rules(self, wire: Wire) -> None:
        super().finish_rules(wire)
        self.look()

    def sight(self, case: Case) -> Sight:
        rule = RULES[case.violation.rule]
        title = sentence(case.violation, case.fields).title
        return Sight(rule.id, rule.row, title, self.spent(), self.limits.requests)

    def proof(self, reducer: object, case: Case) -> Proof:
        return Proof(tuple(case.history[case.at : case.at + 1]), "untried")


def judged(
    planted: Planted, put: Put, *, quick: bool = False, level: Level | None = None
) -> Judgement:
    """Judge the server of a fault at one level."""
    api = planted.server()
    url = put(api.handle)
    started = time.monotonic()
    whole = plan(url, level or planted.level, tokens(api), time_budget=BUDGET, rules_only=True)
    trial = Trial(whole, planted, quick=quick)
    obstacle = ""
    try:
        trial.run()
    except CannotJudgeError as error:
        obstacle = str(error)
    except NamedError:
        pass
    seconds = time.monotonic() - started
    return Judgement(planted.id, trial.first, trial.fitting, seconds, obstacle, whole.level)


def judged_at_both(planted: Planted, put: Put, *, quick: bool) -> Judgement:
    """Judge the server of a fault at its level and, where nothing is seen, at the stricter one."""
    level: Level = "strict" if planted.id in STRICT_ONLY and quick else planted.level
    judgement = judged(planted, put, quick=quick, level=level)
    if judgement.fitting is not None:
        return judgement
    if quick:
        # A script may depend on what earlier scripts have seen.
        return judged_at_both(planted, put, quick=False)
    if level == "documented":
        return judged(planted, put, level="strict")
    return judgement


def judged_in_turn(names: Sequence[str], *, quick: bool) -> list[Judgement]:
    """Judge faults behind one socket."""
    with place() as put:
        return [judged_at_both(PLANTED[name], put, quick=quick) for name in names]


def accused_in_turn(
    servers: Sequence[tuple[int, str, Level]], *, seeds: Sequence[int] | None, quick: bool
) -> list[tuple[str, list[str]]]:
    """Judge correct servers; return the name and the findings of each run, in short."""
    told: list[tuple[str, list[str]]] = []
    known = correct_servers(quick=False)
    for seed in seeds or (SEED,):
        for number, name, level in servers:
            whole = not quick or name in OWN
            part = slice(None) if whole else slice(number % THIRDS, None, THIRDS)
            started = time.monotonic()
            said = accusations(
                known[name, level], level, part=part, seed=seed, rules_only=seeds is None
            )
            seconds = time.monotonic() - started
            text = f"{seconds:6.2f} s  {name} at {level}, seed {seed}"
            told.append((text, [item[:150] for item in said]))
    return told


# --- what is printed ---


def chosen(names: Sequence[str], classes: Sequence[str], shard: str) -> list[Planted]:
    """Return the faults that the command line asks for."""
    number, _, shards = shard.partition("/")
    picked = [
        planted
        for planted in CATALOGUE
        if (not names or planted.id in names) and (not classes or class_of(planted) in classes)
    ]
    return picked[int(number) - 1 :: int(shards)]


def class_of(planted: Planted | Judgement) -> str:
    return planted.id.partition(".")[0]


def parted(items: Sequence[Any]) -> list[Sequence[Any]]:
    """Distribute items so that those of one class, which take equally long, are apart."""
    parts = -(-len(items) // IN_TURN)
    return [items[number::parts] for number in range(parts)]


def each(work: Callable[[Any], Any], parts: Sequence[Any], processes: int) -> Iterator[Any]:
    """Yield the result of each part, in order."""
    if processes == 1:
        yield from map(work, parts)
        return
    apart = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=apart) as pool:
        yield from pool.map(work, parts)


def line(judgement: Judgement) -> str:
    """Describe the result of a fault in one line."""
    sight = judgement.fitting or judgement.first
    said = f"{sight.rule} ({sight.row}) {sight.seconds:.2f} s: {sight.title[:110]}" if sight else ""
    why = UNSEEN.get(judgement.id, "") or judgement.obstacle
    rows = " ".join(judgement.planted.rows)
    text = said if judgement.fitting else f"{judgement.planted.sentence} {said} {why}"
    return f"{judgement.result:8}{judgement.seconds:6.2f} s  {judgement.id} [{rows}] {text}"


def table(judgements: Sequence[Judgement]) -> Iterator[str]:
    """Yield the totals of each class.

    caught: at the level of the fault; later: only at strict. beside: a finding names another row.
    """
    results: dict[str, Counter[str]] = defaultdict(Counter)
    for judgement in judgements:
        results[class_of(judgement)][judgement.result] += 1
        results["all"][judgement.result] += 1
    heads = ("caught", "later", "beside", "missed", "refused", "unseen")
    yield f"{'class':14}" + "".join(f"{head:>9}" for head in heads)
    for name in (*(name for name in results if name != "all"), "all"):
        yield f"{name:14}" + "".join(f"{results[name][head]:9}" for head in heads)


def soon(judgements: Sequence[Judgement]) -> str:
    """Tell of how many faults the first finding came soon, and named the fault."""
    seen = [(judgement, first) for judgement in judgements if (first := judgement.first)]
    early = sum(first.seconds <= SOON for _, first in seen)
    few = {most: sum(first.requests <= most for _, first in seen) for most in FEW}
    true = sum(fits(judgement.planted, first.rule) for judgement, first in seen)
    share = f"of {len(seen)}, {{:.1%}}"
    counts = {
        f"within {SOON:g} s": early,
        **{f"within {most} requests": number for most, number in few.items()},
        "names the fault": true,
    }
    return "\n".join(
        f"first finding {what}: {number} {share.format(number / max(len(seen), 1))}"
        for what, number in counts.items()
    )


def tell(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main_of_faults(given: argparse.Namespace) -> int:
    """Judge faults, print the result of each, and return 1 if one was missed."""
    names = [planted.id for planted in chosen(given.names, given.classes, given.shard)]
    names = [name for name in names if not given.quick or name not in UNSEEN]
    work = partial(judged_in_turn, quick=given.quick)
    judgements: list[Judgement] = []
    for part in each(work, parted(names), given.processes):
        judgements += part
        if not given.brief:
            tell("\n".join(map(line, part)))
    for text in table(judgements):
        tell(text)
    if not given.quick:
        tell(soon(judgements))
    missed = [item for item in judgements if item.result in {"beside", "missed", "refused"}]
    for judgement in missed:
        tell(line(judgement))
    return 1 if missed else 0


def main_of_correct(given: argparse.Namespace) -> int:
    """Judge correct servers, print their findings, and return 1 if there are any."""
    names = enumerate(correct_servers(quick=given.quick))
    servers = [(n, name, level) for n, (name, level) in names if name in (given.names or [name])]
    # Seed by seed: a run that is broken off has judged every server with as many seeds.
    work = partial(accused_in_turn, seeds=given.seeds, quick=given.quick)
    wrong = runs = 0
    for part in each(work, parted(servers), given.processes):
        for text, said in part:
            runs += 1
            wrong += len(said)
            if said or not given.brief:
                tell("\n    ".join((text, *said)))
    tell(f"{wrong} false accusations in {runs} runs")
    return 1 if wrong else 0


def seeds(text: str) -> range:
    """Read `20`, the seeds 1 to 20, or `5-20`."""
    first, dash, last = text.partition("-")
    return range(int(first), int(last) + 1) if dash else range(1, int(first) + 1)


def main(arguments: Sequence[str] | None = None) -> int:
    """Judge, print, and return 1 where a fault was missed that can be seen."""
    parser = argparse.ArgumentParser(prog="python -m tests.conformance.calibration")
    parser.add_argument("--class", dest="classes", action="append", default=[])
    parser.add_argument("--id", dest="names", action="append", default=[])
    parser.add_argument("--shard", default="1/1", help="K/N: every Nth fault, from the Kth on")
    parser.add_argument(
        "--quick",
        action="store_true",
        help="likely scripts first, no fault that is known to be unseen; of correct servers none "
        "that is slow, and each variant by a third of the scripts",
    )
    parser.add_argument("--brief", action="store_true", help="name only what is wrong")
    parser.add_argument("--processes", type=int, default=1, help="how many to judge with")
    parser.add_argument("--correct", action="store_true", help="judge the correct servers instead")
    parser.add_argument(
        "--seeds",
        type=seeds,
        help="with --correct: all layers, with the seeds 1 to N, or A-B; default: the rules alone",
    )
    given = parser.parse_args(arguments)
    servers = {name for name, _ in correct_servers(quick=given.quick)}
    known = servers if given.correct else {planted.id for planted in CATALOGUE}
    for name in given.names:
        if name not in known:
            parser.error(f"--id {name}: there is no such {'server' if given.correct else 'fault'}")
    for name in given.classes:
        if name not in {class_of(planted) for planted in CATALOGUE}:
            parser.error(f"--class {name}: there is no such class")
    return main_of_correct(given) if given.correct else main_of_faults(given)


if __name__ == "__main__":
    sys.exit(main())
