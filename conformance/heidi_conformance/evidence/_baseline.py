"""Comparison with the findings of an earlier run."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from heidi_conformance._verdict import CannotJudgeError, Finding, Grade, Result, Stability, Verdict


@dataclass(frozen=True)
class Comparison:
    """The findings of two runs, matched by fingerprint.

    fixed: their rule was tested again on the operation without them. unseen: it was not.
    """

    new: tuple[Finding, ...]
    stayed: tuple[Finding, ...]
    fixed: tuple[Finding, ...]
    unseen: tuple[Finding, ...]


def load(path: Path) -> Verdict:
    """Return the verdict in a report.json. Raises CannotJudgeError."""
    try:
        verdict = Verdict.from_json(path.read_text(encoding="utf-8"))
        check_types(verdict)
    except OSError as error:
        raise CannotJudgeError(f"{path} cannot be read ({error.strerror})") from None
    except (ValueError, TypeError, RecursionError):
        raise CannotJudgeError(
            f"{path} is no report; give the report.json of a run of heidi-conformance"
        ) from None
    return verdict


def check_types(verdict: Verdict) -> None:
    """Raise ValueError where a file was written by something else."""
    levels: list[object] = [verdict.level]
    seconds: list[object] = [verdict.seconds]
    texts: list[object] = [verdict.target, *verdict.notes, *verdict.gaps, *verdict.shards]
    numbers: list[object] = [verdict.seed, verdict.requests, verdict.sessions_created]
    for finding in verdict.findings:
        levels.append(finding.level)
        texts += [finding.rule, finding.operation, finding.title, finding.expected, finding.got]
        texts += [finding.code, finding.detail, finding.python, finding.row, *finding.requests]
        texts += [finding.words.pointer, finding.words.source, finding.words.promise]
        numbers.append(finding.seen)
    for outcome in verdict.outcomes:
        texts += [outcome.rule, outcome.operation, outcome.why]
    for statuses in verdict.answers.values():
        numbers += statuses.values()
    typed = (
        all(isinstance(text, str) for text in texts),
        all(isinstance(number, int) for number in numbers),
        all(isinstance(item, int | float) for item in seconds),
        set(levels) <= set(get_args(Grade)),
        {outcome.result for outcome in verdict.outcomes} <= set(get_args(Result)),
        {finding.stability for finding in verdict.findings} <= set(get_args(Stability)),
        all(re.fullmatch(r"[0-9]{1,6}/[0-9]{1,6}", shard) for shard in verdict.shards),
    )
    if not all(typed):
        raise ValueError("a property of another type")


def baseline(path: Path, level: Grade) -> Verdict:
    """Return the verdict to compare with. Raises CannotJudgeError if the levels differ."""
    old = load(path)
    if old.level != level:
        raise CannotJudgeError(
            f"{path} is of level {old.level} and this run of level {level}; "
            "give a baseline of the same level"
        )
    return old


def compare(old: Verdict, new: Verdict) -> Comparison:
    """Tell which findings came, stayed and went."""

    def mark(finding: Finding) -> str:
        # Reports of earlier versions have no codes.
        coded = all(item.code for item in old.findings)
        return finding.fingerprint if coded else f"{finding.rule} {finding.operation}"

    before = {mark(finding): finding for finding in old.findings}
    after = {mark(finding) for finding in new.findings}
    tried = {(item.rule, item.operation) for item in new.outcomes if item.result != "skipped"}
    gone = [finding for key, finding in before.items() if key not in after]
    return Comparison(
        new=tuple(finding for finding in new.findings if mark(finding) not in before),
        stayed=tuple(finding for finding in new.findings if mark(finding) in before),
        fixed=tuple(item for item in gone if (item.rule, item.operation) in tried),
        unseen=tuple(item for item in gone if (item.rule, item.operation) not in tried),
    )


def as_members(comparison: Comparison) -> dict[str, object]:
    """Return what a comparison adds to report.json: marks of current findings, and the others."""
    return {
        "new": [finding.fingerprint for finding in comparison.new],
        "stayed": [finding.fingerprint for finding in comparison.stayed],
        "fixed": [finding.members() for finding in comparison.fixed],
        "unseen": [finding.members() for finding in comparison.unseen],
    }
