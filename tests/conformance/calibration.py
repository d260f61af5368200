"""Judge every fault of the catalogue by the rules alone, and count what is caught.

    python -m tests.conformance.calibration [--class patch] [--id patch.x] [--shard 1/8]
    python -m tests.conformance.calibration --correct [--id slow]

The second form judges all correct servers, of which none may be accused. Each fault stands behind
a socket of its own and is judged at its level, until a finding names one of the rows that it
breaks. Findings are not reduced there: that is what takes the time of a run.
"""

import argparse
import contextlib
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial

import heidi_sandbox
from heidi_conformance import CannotJudgeError
from heidi_conformance._campaign import Campaign
from heidi_conformance._findings import Case
from heidi_conformance._reduce import Proof
from heidi_conformance._settings import Plan
from heidi_conformance._wire import Wire
from heidi_conformance.rules import RULES, SCRIPTS, Script

from . import independent
from .faults import CATALOGUE, Planted
from .faults.catalogue import Level
from .reference import Api, Request, serving
from .variants import VARIANTS

# Where a server stands, and the tokens of its users, as long as it stands.
Standing = Callable[[], AbstractContextManager[tuple[str, dict[str, str]]]]

# Faults that no run of the rules can fairly be asked to see, each with the reason.
KEY = (
    "it is about the exchange of keys for tokens; a run is given tokens, and no rule is about /jwt"
)
USERS = "it takes several users of one address; a run holds one token of each user"
UNSEEN: dict[str, str] = {
    "auth.key_is_optional": KEY,
    "auth.short_key": KEY,
    "auth.expiration_without_zone": KEY,
    "auth.expiration_as_seconds": KEY,
    "auth.shorter_than_told": KEY,
    "auth.email_is_the_user": USERS,
    "auth.internal_id_is_the_user": USERS,
    "auth.new_token_new_user": "it takes two tokens of one user; a run holds one",
    "auth.one_token_at_a_time": "it takes two tokens of one user; a run holds one",
    "auth.token_in_the_query": "a run writes no token into a URL, which every log would show",
    "methods.crashes_on_unknown_methods": "one invented word of many is 500; a run tries another",
    "robustness.crash_long_path": "one id of 2,000 digits is 500; a run tries another",
    "robustness.crash_latin_1_token": "a proxy may refuse bytes beyond ASCII in a header",
    "ids.random_start_only": "nobody guesses 96 random bits; a UUIDv7 has fewer",
}
# Faults that break the page's words, and show in requests that only level strict sends.
PAGES = "the page names no way to a second page, and so no walk"
TOTALS = "what `total_count` counts is a decision; the page shows a number"
STRICT_ONLY = {
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
# Decisions that a rule speaks of besides the one that the table names.
KIN = {
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
    row = RULES[rule].row
    decisions = {name for name in planted.rows if name[0] == "S" and name[1:].isdigit()}
    rows = {row} | KIN.get(rule, set())
    return bool(rows & decisions) or not row or not decisions


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


def users(issue: Callable[[str, str], str]) -> dict[str, str]:
    """Return the tokens of users who may do something, by the names that a run knows them by."""
    return {
        "second": issue("other@example.com", "2"),
        "unlinked": issue("nobody+unlinked@example.com", "3"),
        "first": issue("clinician@example.com", "1"),
    }


def tokens(api: Api) -> dict[str, str]:
    """Return the tokens of all users that a run can have; a faulty server may prefer some user."""
    expired = api.token(lifetime=0.02)
    given = {**users(api.token), "expired": expired}
    # It was good once, and has been used.
    used = {"authorization": f"Bearer {given['expired']}"}
    api.handle(Request("GET", "/sessions/linked-user", {}, used, b""))
    time.sleep(0.03)
    return given


def judged(planted: Planted, *, near_first: bool = False, level: Level | None = None) -> Judgement:
    """Judge the server of a fault."""
    api = planted.server()
    started = time.monotonic()
    with serving(api.handle) as url:
        plan = Plan(url, level or planted.level, tokens(api), budget=BUDGET, rules_only=True)
        trial = Trial(plan, planted, near_first=near_first)
        obstacle = ""
        try:
            trial.run()
        except CannotJudgeError as error:
            obstacle = str(error)
    seconds = time.monotonic() - started
    return Judgement(planted, trial.first, trial.fitting, seconds, obstacle, plan.level)


def judged_at_both(planted: Planted, *, near_first: bool) -> Judgement:
    """Judge the server of a fault at its level and, where nothing is seen, at the stricter one."""
    judgement = judged(planted, near_first=near_first)
    if judgement.fitting is None and planted.level == "documented":
        return judged(planted, near_first=near_first, level="strict")
    return judgement


# --- correct servers ---


@contextlib.contextmanager
def sandbox() -> Generator[tuple[str, dict[str, str]]]:
    with heidi_sandbox.serving() as running:
        expired = running.token("clinician@example.com", "1", lifetime=0)
        yield running.url, {**users(running.token), "expired": expired}


@contextlib.contextmanager
def by_hand() -> Generator[tuple[str, dict[str, str]]]:
    with independent.serving() as running:
        issue = running.practice.issue
        expired = issue("clinician@example.com", "1", 0.0)
        yield running.url, {**users(issue), "expired": expired}


@contextlib.contextmanager
def standing(server: type[Api]) -> Generator[tuple[str, dict[str, str]]]:
    api = server()
    with serving(api.handle) as url:
        yield url, tokens(api)


def correct_servers(*, quick: bool) -> Iterator[tuple[str, Level, Standing]]:
    """Yield name, level and server of everything that must not be accused."""
    for variant in VARIANTS:
        if quick and not variant.steady:
            continue
        for level in variant.levels:
            yield variant.id, level, partial(standing, variant.server)
    for name, server in (
        ("reference", partial(standing, Api)),
        ("sandbox", sandbox),
        ("independent", by_hand),
    ):
        for level in ("documented", "strict"):
            yield name, level, server


class Part(Campaign):
    """A run of some of the scripts."""

    part = slice(None)

    def scripts(self) -> Sequence[Script]:
        """Return the scripts of this part."""
        return SCRIPTS[self.part]


def accusations(server: Standing, level: Level, part: slice = slice(None)) -> list[str]:
    """Return what a run of the rules, or of a part of them, says against a correct server."""
    with server() as (url, given):
        campaign = Part(Plan(url, level, given, rules_only=True), lambda _: None)
        campaign.part = part
        try:
            return [f"{item.rule} ({item.row}) {item.title}" for item in campaign.run().findings]
        except CannotJudgeError as error:
            return [str(error)]


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


def main_of_correct(names: Sequence[str], *, quick: bool) -> int:
    """Judge correct servers, print what is said against them, and return 1 where there is any."""
    wrong = 0
    for name, level, server in correct_servers(quick=quick):
        if names and name not in names:
            continue
        started = time.monotonic()
        said = accusations(server, level)
        wrong += len(said)
        lines = "".join(f"\n    {item[:150]}" for item in said)
        sys.stdout.write(f"{time.monotonic() - started:6.2f} s  {name} at {level}{lines}\n")
        sys.stdout.flush()
    sys.stdout.write(f"{wrong} false accusations\n")
    return 1 if wrong else 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Judge, print, and return 1 where a fault was missed that can be seen."""
    parser = argparse.ArgumentParser(prog="python -m tests.conformance.calibration")
    parser.add_argument("--class", dest="classes", action="append", default=[])
    parser.add_argument("--id", dest="names", action="append", default=[])
    parser.add_argument("--shard", default="1/1", help="K/N: every Nth fault, from the Kth on")
    parser.add_argument("--near-first", action="store_true", help="scripts of the row come first")
    parser.add_argument("--quick", action="store_true", help="without servers that are slow")
    parser.add_argument("--correct", action="store_true", help="judge the correct servers instead")
    given = parser.parse_args(arguments)
    if given.correct:
        return main_of_correct(given.names, quick=given.quick)
    judgements: list[Judgement] = []
    for planted in chosen(given.names, given.classes, given.shard):
        judgements.append(judged_at_both(planted, near_first=given.near_first))
        sys.stdout.write(line(judgements[-1]) + "\n")
        sys.stdout.flush()
    sys.stdout.write("\n".join(table(judgements)) + "\n")
    open_ones = [item for item in judgements if not item.fitting and item.planted.id not in UNSEEN]
    return 1 if open_ones else 0


if __name__ == "__main__":
    sys.exit(main())
