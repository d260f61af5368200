"""What became of the findings of an earlier run."""

from dataclasses import dataclass
from pathlib import Path

from ._verdict import CannotJudgeError, Finding, Level, Verdict


@dataclass(frozen=True)
class Comparison:
    """The findings of two runs, matched by fingerprint.

    fixed: their rule was put to the same operation again, and they did not show.
    unseen: their rule was not put to it this time, so nothing is known of them.
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
            f"{path} is no report; give the report.json of a run of heidi-conformance"
        ) from None


def baseline(path: Path, level: Level) -> Verdict:
    """Return the verdict to compare with. Raises CannotJudgeError where the levels differ."""
    old = load(path)
    if old.level != level:
        raise CannotJudgeError(
            f"{path} is of level {old.level} and this run of level {level}; "
            "give a baseline of the same level"
        )
    return old


def compare(old: Verdict, new: Verdict) -> Comparison:
    """Tell which findings came, stayed and went."""
    before = {finding.fingerprint: finding for finding in old.findings}
    after = {finding.fingerprint for finding in new.findings}
    tried = {(item.rule, item.operation) for item in new.outcomes if item.result != "skipped"}
    gone = [finding for mark, finding in before.items() if mark not in after]
    return Comparison(
        new=tuple(finding for finding in new.findings if finding.fingerprint not in before),
        stayed=tuple(finding for finding in new.findings if finding.fingerprint in before),
        fixed=tuple(item for item in gone if (item.rule, item.operation) in tried),
        unseen=tuple(item for item in gone if (item.rule, item.operation) not in tried),
    )


def as_members(comparison: Comparison) -> dict[str, object]:
    """Return what a comparison adds to report.json: what is in it by its mark, the rest whole."""
    return {
        "new": [finding.fingerprint for finding in comparison.new],
        "stayed": [finding.fingerprint for finding in comparison.stayed],
        "fixed": [finding.members() for finding in comparison.fixed],
        "unseen": [finding.members() for finding in comparison.unseen],
    }
