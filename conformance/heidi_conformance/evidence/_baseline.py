"""Comparison with the findings of an earlier run."""

from dataclasses import dataclass
from pathlib import Path

from heidi_conformance._verdict import CannotJudgeError, Finding, Grade, Verdict


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
        return Verdict.from_json(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CannotJudgeError(f"{path} cannot be read ({error.strerror})") from None
    except (ValueError, RecursionError):
        raise CannotJudgeError(
            f"{path} is not a report; give the report.json of a run of heidi-conformance"
        ) from None


def baseline(path: Path | None, level: Grade) -> Verdict | None:
    """Return the verdict to compare with, if any. Raises CannotJudgeError if the levels differ."""
    if path is None:
        return None
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
