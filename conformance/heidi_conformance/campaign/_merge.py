"""Several verdicts about one server or client as one."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from heidi_conformance._verdict import CannotJudgeError, Finding, Grade, Outcome, Subject, Verdict
from heidi_conformance.evidence._proven import order
from heidi_conformance.run._run import unjudged
from heidi_conformance.run._shards import missing

# The limits of an endless campaign: the rest is only counted.
MOST_FINDINGS = 500
MOST_NOTES = 50
RANKS = {"failed": 0, "passed": 1, "skipped": 2}
STABLE = {"confirmed": 0, "flaky": 1, "untried": 2}


@dataclass
class Sum:
    """What verdicts about one thing amount to; its size does not grow with their number."""

    level: Grade
    target: str
    seed: int
    subject: Subject = "server"
    findings: dict[str, Finding] = field(default_factory=dict[str, Finding])
    outcomes: dict[tuple[str, str], Outcome] = field(default_factory=dict[tuple[str, str], Outcome])
    answers: dict[str, Counter[int]] = field(default_factory=dict[str, Counter[int]])
    notes: dict[str, None] = field(default_factory=dict[str, None])
    gaps: dict[str, None] = field(default_factory=dict[str, None])
    shards: set[tuple[int, int]] = field(default_factory=set[tuple[int, int]])
    versions: dict[str, str] = field(default_factory=dict[str, str])
    whole: bool = False
    requests: int = 0
    sessions: int = 0
    tagged: int = 0
    seconds: float = 0
    left_out: int = 0

    def add(self, verdict: Verdict) -> None:
        """Take one verdict. Raises CannotJudgeError if it is about something else."""
        for name in ("subject", "level", "target"):
            known, other = getattr(self, name), getattr(verdict, name)
            if known != other:
                raise CannotJudgeError(
                    f"the reports are of different {name}s, {known} and {other}; "
                    f"give reports of one {self.subject} at one level"
                )
        for finding in verdict.findings:
            self.add_finding(finding)
        for outcome in verdict.outcomes:
            self.add_outcome(outcome)
        for operation, statuses in verdict.answers.items():
            self.answers.setdefault(operation, Counter()).update(statuses)
        for note in verdict.notes[: MOST_NOTES - len(self.notes)]:
            self.notes[note] = None
        for gap in verdict.gaps[: MOST_NOTES - len(self.gaps)]:
            self.gaps[gap] = None
        self.add_shards(verdict.shards)
        self.seed = min(self.seed, verdict.seed)
        self.versions |= verdict.versions
        self.requests += verdict.requests
        self.sessions += verdict.sessions_created
        self.tagged += verdict.sessions_tagged
        self.seconds += verdict.seconds

    def add_finding(self, finding: Finding) -> None:
        """Count a finding; of two that show one cause, keep the better proof."""
        mark = finding.fingerprint
        known = self.findings.get(mark)
        if known is None and len(self.findings) >= MOST_FINDINGS:
            self.left_out += 1
        else:
            best = min((item for item in (known, finding) if item), key=worth)
            seen = finding.seen + (known.seen if known else 0)
            self.findings[mark] = replace(best, seen=seen)

    def add_outcome(self, outcome: Outcome) -> None:
        """Combine the outcomes of a rule: failed before passed, passed before skipped."""
        place = outcome.rule, outcome.operation
        known = self.outcomes.get(place, outcome)
        self.outcomes[place] = min(known, outcome, key=weight)

    def add_shards(self, shards: Iterable[str]) -> None:
        """Remember the parts; those beyond the last have no rules, so none is missing."""
        parts = [tuple(map(int, shard.split("/"))) for shard in shards]
        self.whole = self.whole or not parts
        self.shards |= {(number, of) for number, of in parts if number <= of}

    def verdict(self) -> Verdict:
        """Return all of it as one verdict."""
        ordered = sorted(self.findings.values(), key=order)
        notes = [*self.notes]
        if self.left_out:
            notes.append(f"{self.left_out} more sightings, of yet other causes, are left out")
        answers = {name: dict(sorted(numbers.items())) for name, numbers in self.answers.items()}
        partial = self.parts() or self.subject == "client"
        whole = () if partial else unjudged(self.level, answers)
        return Verdict(
            level=self.level,
            seed=self.seed,
            target=self.target,
            findings=tuple(ordered),
            outcomes=tuple(self.outcomes.values()),
            answers=answers,
            requests=self.requests,
            sessions_created=self.sessions,
            sessions_tagged=self.tagged,
            seconds=round(self.seconds, 2),
            notes=tuple(notes),
            gaps=tuple(dict.fromkeys((*self.gaps, *whole))),
            versions=self.versions,
            shards=self.parts(),
            subject=self.subject,
        )

    def parts(self) -> tuple[str, ...]:
        """Return the parts that are there, none where they make a whole."""
        parts = tuple(f"{number}/{of}" for number, of in sorted(self.shards))
        return () if self.whole or not missing(parts) else parts


def worth(finding: Finding) -> tuple[int, int, int]:
    return STABLE[finding.stability], len(finding.requests), sum(map(len, finding.requests))


def weight(outcome: Outcome) -> tuple[int, bool]:
    return RANKS[outcome.result], outcome.reason == "elsewhere"


def merge(verdicts: Iterable[Verdict]) -> Verdict:
    """Join verdicts about one server or client; requests, sessions, seconds and sightings add up.

    Raises CannotJudgeError if levels or targets differ, or a shard is missing.
    """
    sums: Sum | None = None
    for verdict in verdicts:
        sums = sums or Sum(verdict.level, verdict.target, verdict.seed, verdict.subject)
        sums.add(verdict)
    if sums is None:
        raise CannotJudgeError("there is no report to join; give the report.json of each shard")
    joined = sums.verdict()
    if joined.shards:
        raise CannotJudgeError(
            f"the report of shard {', '.join(missing(joined.shards))} is missing; "
            "give the reports of all shards"
        )
    return joined
