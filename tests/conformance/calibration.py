"""Judge every fault of the catalogue by the rules alone, and count what is caught.

    python -m tests.conformance.calibration [--class patch] [--id patch.x] [--shard 1/8]
    python -m tests.conformance.calibration --correct [--id slow] [--seeds 20]

The second form judges all correct servers, of which none may be accused; with `--seeds`, by the
random requests of all layers too, once for each seed. Each fault stands behind
a socket of its own and is judged at its level, until a finding names one of the rows that it
breaks. Findings are not reduced there: that is what takes the time of a run.
"""

import argparse
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from heidi_conformance import CannotJudgeError
from heidi_conformance._campaign import Campaign
from heidi_conformance._findings import Case
from heidi_conformance._reduce import Proof
from heidi_conformance._settings import SEED, Plan
from heidi_conformance._wire import Wire
from heidi_conformance.rules import RULES, SCRIPTS, Script

from .correct import accusations, correct_servers
from .faults import CATALOGUE, Planted
from .faults.catalogue import Level
from .reference import serving
from .standing import plan, tokens

# Faults that no run of the rules can fairly be asked to see, each with the reason.
UNSEEN = {
    "auth.token_in_the_query": "it takes a live token in a URL, where every log keeps it",
}
# Faults that break the page's words, and that level strict alone sees, each with the reason.
PAGES = "the page names no way to a second page, and so no walk"
TOTALS = "what `total_count` counts is a decision; the page shows a number"
ISSUER = "the base document does not speak of the issue of tokens"
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
    "creation.same_appointment_same_session": "the page does not say that ids are unique",
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
SOON = 5.0
# Decisions that a rule speaks of besides the one that the table names, if it names one.
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
# Rules of decisions that speak of a page's own words, too: of genders, of a second creation, of
# tokens and of users.
OF_THE_PAGE = {"values", "declared-status", "key-needed", "issued-token", "own-sessions"}


@dataclass(frozen=True)
class Sight:
    """What a run said of a fault: the rule and the row of a finding, and when it was seen."""

    rule: str
    row: str
    title: str
    seconds: float


@dataclass(frozen=True)
class Judgement:
    """What became of one fault.

    first: the earliest finding, whatever it says. fitting: the earliest that names the fault.
    obstacle: why the run broke off, where it did.
    """

    planted: Planted
    first: Sight | None
    fitting: Sight | None
    seconds: float
    obstacle: str = ""
    level: Level = "strict"

    @property
    def result(self) -> str:
        if self.fitting is not None:
            return "caught" if self.level == self.planted.level else "later"
        if self.first is not None:
            return "beside"
        return "refused" if self.obstacle else "missed"


def fits(planted: Planted, rule: str) -> bool:
    """Whether a rule speaks of what a fault breaks: the same decision, or the page's own words."""
    decisions = {name for name in planted.rows if name[0] == "S" and name[1:].isdigit()}
    if decisions:
        return bool(({RULES[rule].row} | KIN.get(rule, set())) & decisions)
    return RULES[rule].level == "documented" or rule in OF_THE_PAGE


class Trial(Campaign):
    """A run that ends as soon as a finding fits, and takes every finding as it comes."""

    def __init__(self, plan: Plan, planted: Planted, *, near_first: bool) -> None:
        super().__init__(plan, lambda _: None)
        self.planted = planted
        self.near_first = near_first
        self.first: Sight | None = None
        self.fitting: Sight | None = None

    def scripts(self) -> Sequence[Script]:
        """Return the scripts, those first that are there for what the fault breaks."""
        if not self.near_first:
            return SCRIPTS
        return sorted(SCRIPTS, key=lambda script: not self.is_near(script))

    def is_near(self, script: Script) -> bool:
        rows = {RULES[rule].row for rule in script.rules} - {""}
        return bool(rows & set(self.planted.rows))

    def run_script(self, script: Script, wire: Wire) -> bool:
        goes_on = super().run_script(script, wire)
        sights = [self.sight(case) for case in self.cases.apart()]
        self.first = self.first or next(iter(sights), None)
        self.fitting = next((item for item in sights if fits(self.planted, item.rule)), None)
        return goes_on and self.fitting is None

    def sight(self, case: Case) -> Sight:
        rule = RULES[case.complaint.rule]
        return Sight(rule.id, rule.row, case.title, self.spent())

    def proof(self, reducer: object, case: Case) -> Proof:
        return Proof(tuple(case.history[case.at : case.at + 1]), "untried")


def judged(planted: Planted, *, near_first: bool = False, level: Level | None = None) -> Judgement:
    """Judge the server of a fault."""
    api = planted.server()
    started = time.monotonic()
    with serving(api.handle) as url:
        whole = plan(url, level or planted.level, tokens(api), budget=BUDGET, rules_only=True)
        trial = Trial(whole, planted, near_first=near_first)
        obstacle = ""
        try:
            trial.run()
        except CannotJudgeError as error:
            obstacle = str(error)
    seconds = time.monotonic() - started
    return Judgement(planted, trial.first, trial.fitting, seconds, obstacle, whole.level)


def judged_at_both(planted: Planted, *, near_first: bool) -> Judgement:
    """Judge the server of a fault at its level and, where nothing is seen, at the stricter one."""
    judgement = judged(planted, near_first=near_first)
    if judgement.fitting is None and planted.level == "documented":
        return judged(planted, near_first=near_first, level="strict")
    return judgement


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


def class_of(planted: Planted) -> str:
    return planted.id.partition(".")[0]


def line(judgement: Judgement) -> str:
    """Say in a line what became of a fault."""
    sight = judgement.fitting or judgement.first
    said = f"{sight.rule} ({sight.row}) {sight.seconds:.2f} s: {sight.title[:110]}" if sight else ""
    why = UNSEEN.get(judgement.planted.id, "") or judgement.obstacle
    rows = " ".join(judgement.planted.rows)
    text = said if judgement.fitting else f"{judgement.planted.sentence} {said} {why}"
    return f"{judgement.result:8}{judgement.seconds:6.2f} s  {judgement.planted.id} [{rows}] {text}"


def table(judgements: Sequence[Judgement]) -> Iterator[str]:
    """Yield the totals of each class.

    caught: at the level of the fault; later: only at strict. beside: a finding names another row.
    """
    results: dict[str, Counter[str]] = defaultdict(Counter)
    for judgement in judgements:
        unseen = judgement.fitting is None and judgement.planted.id in UNSEEN
        result = "unseen" if unseen else judgement.result
        results[class_of(judgement.planted)][result] += 1
    heads = ("caught", "later", "beside", "missed", "refused", "unseen")
    yield f"{'class':14}" + "".join(f"{head:>9}" for head in heads)
    total: Counter[str] = Counter()
    for name, counts in results.items():
        yield f"{name:14}" + "".join(f"{counts[head]:9}" for head in heads)
        total += counts
    yield f"{'all':14}" + "".join(f"{total[head]:9}" for head in heads)


def soon(judgements: Sequence[Judgement]) -> str:
    """Tell how many faults had a finding, whatever it said, within so many seconds of a run."""
    seen = [judgement.first.seconds for judgement in judgements if judgement.first]
    early = sum(seconds <= SOON for seconds in seen)
    return (
        f"first finding within {SOON:g} s: {early} of {len(seen)}, {early / max(len(seen), 1):.1%}"
    )


def main_of_correct(given: argparse.Namespace) -> int:
    """Judge correct servers, print what is said against them, and return 1 where there is any."""
    wrong = runs = 0
    # Seed by seed: a run that is broken off has judged every server with as many seeds.
    for seed in given.seeds or (SEED,):
        for name, level, server in correct_servers(quick=given.quick):
            if given.names and name not in given.names:
                continue
            started = time.monotonic()
            said = accusations(server, level, seed=seed, rules_only=given.seeds is None)
            wrong += len(said)
            runs += 1
            lines = "".join(f"\n    {item[:150]}" for item in said)
            seconds = time.monotonic() - started
            sys.stdout.write(f"{seconds:6.2f} s  {name} at {level}, seed {seed}{lines}\n")
            sys.stdout.flush()
    sys.stdout.write(f"{wrong} false accusations in {runs} runs\n")
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
    parser.add_argument("--near-first", action="store_true", help="scripts of the row come first")
    parser.add_argument("--quick", action="store_true", help="without servers that are slow")
    parser.add_argument("--correct", action="store_true", help="judge the correct servers instead")
    parser.add_argument(
        "--seeds",
        type=seeds,
        help="with --correct: all layers, with the seeds 1 to N, or A-B; default: the rules alone",
    )
    given = parser.parse_args(arguments)
    if given.correct:
        return main_of_correct(given)
    judgements: list[Judgement] = []
    for planted in chosen(given.names, given.classes, given.shard):
        judgements.append(judged_at_both(planted, near_first=given.near_first))
        sys.stdout.write(line(judgements[-1]) + "\n")
        sys.stdout.flush()
    lines = [*table(judgements)] if given.near_first else [*table(judgements), soon(judgements)]
    sys.stdout.write("\n".join(lines) + "\n")
    open_ones = [item for item in judgements if not item.fitting and item.planted.id not in UNSEEN]
    return 1 if open_ones else 0


if __name__ == "__main__":
    sys.exit(main())
