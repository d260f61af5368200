"""Several verdicts about one server or client as one."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from heidi_conformance._verdict import CannotJudgeError, Finding, Outcome, Verdict
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
    """What verdicts about one thing amount to; its size does not grow with their number.

    told: what they say together, but for what is gathered by itself below; None before the first.
    """

    told: Verdict | None = None
    findings: dict[str, Finding] = field(default_factory=dict[str, Finding])
    outcomes: dict[tuple[str, str], Outcome] = field(default_factory=dict[tuple[str, str], Outcome])
    shards: set[tuple[int, int]] = field(default_factory=set[tuple[int, int]])
    whole: bool = False
    left_out: int = 0

    def add(self, verdict: Verdict) -> None:
        """Take one verdict. Raises CannotJudgeError if it is about something else."""
        told = self.told
        self.told = started(verdict) if told is None else joined(told, verdict)
        for finding in verdict.findings:
            self.add_finding(finding)
        for outcome in verdict.outcomes:
            self.add_outcome(outcome)
        self.add_shards(verdict.shards)

    def add_finding(self, finding: Finding) -> None:
        """Count a finding; of two that show one cause, keep the better reproducer."""
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
        """Return all of it as one verdict. Raises CannotJudgeError if there was none."""
        told, parts = self.told, self.parts()
        if told is None:
            raise CannotJudgeError("there is no report to join; give the report.json of each shard")
        more = f"{self.left_out} more sightings, of yet other causes, are left out"
        partial = parts or told.subject == "client"
        whole = () if partial else unjudged(told.level, told.answers)
        return replace(
            told,
            findings=tuple(sorted(self.findings.values(), key=order)),
            outcomes=tuple(self.outcomes.values()),
            seconds=round(told.seconds, 2),
            notes=(*told.notes, *([more] if self.left_out else [])),
            gaps=tuple(dict.fromkeys((*told.gaps, *whole))),
            shards=parts,
        )

    def parts(self) -> tuple[str, ...]:
        """Return the parts that are there, none where they make a whole."""
        parts = tuple(f"{number}/{of}" for number, of in sorted(self.shards))
        return () if self.whole or not missing(parts) else parts


def started(verdict: Verdict) -> Verdict:
    """Return a verdict without what is gathered by itself."""
    return replace(
        verdict,
        findings=(),
        outcomes=(),
        shards=(),
        answers=counted({}, verdict.answers),
        notes=verdict.notes[:MOST_NOTES],
        gaps=verdict.gaps[:MOST_NOTES],
    )


def about(verdict: Verdict) -> dict[str, str]:
    """Return what a verdict is about, by the words of a message."""
    return {"subject": verdict.subject, "level": verdict.level, "target": verdict.target}


def joined(told: Verdict, verdict: Verdict) -> Verdict:
    """Return two verdicts as one. Raises CannotJudgeError if they are about different things."""
    for name, known in about(told).items():
        other = about(verdict)[name]
        if known != other:
            raise CannotJudgeError(
                f"the reports are of different {name}s, {known} and {other}; "
                f"give reports of one {told.subject} at one level"
            )
    return replace(
        told,
        seed=min(told.seed, verdict.seed),
        answers=counted(told.answers, verdict.answers),
        requests=told.requests + verdict.requests,
        sessions_created=told.sessions_created + verdict.sessions_created,
        sessions_tagged=told.sessions_tagged + verdict.sessions_tagged,
        seconds=told.seconds + verdict.seconds,
        notes=tuple(dict.fromkeys((*told.notes, *verdict.notes)))[:MOST_NOTES],
        gaps=tuple(dict.fromkeys((*told.gaps, *verdict.gaps)))[:MOST_NOTES],
        versions=told.versions | verdict.versions,
    )


def counted(
    answers: dict[str, dict[int, int]], more: dict[str, dict[int, int]]
) -> dict[str, dict[int, int]]:
    """Add up the responses, by operation and status."""
    total = {name: Counter(statuses) for name, statuses in answers.items()}
    for name, statuses in more.items():
        total.setdefault(name, Counter()).update(statuses)
    return {name: dict(sorted(statuses.items())) for name, statuses in total.items()}


def worth(finding: Finding) -> tuple[int, int, int]:
    return STABLE[finding.stability], len(finding.requests), sum(map(len, finding.requests))


def weight(outcome: Outcome) -> tuple[int, bool]:
    return RANKS[outcome.result], outcome.reason == "elsewhere"


def merge(verdicts: Iterable[Verdict]) -> Verdict:
    """Join verdicts about one server or client; requests, sessions, seconds and sightings add up.

    Raises CannotJudgeError if levels or targets differ, or a shard is missing.
    """
    sums = Sum()
    for verdict in verdicts:
        sums.add(verdict)
    joined = sums.verdict()
    if joined.shards:
        raise CannotJudgeError(
            f"the report of shard {', '.join(missing(joined.shards))} is missing; "
            "give the reports of all shards"
        )
    return joined
