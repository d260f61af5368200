"""Judge any server of the Heidi Sessions API."""

from ._judge import judge
from ._reports import write_reports
from ._verdict import CouldNotRun, Finding, Level, Outcome, Progress, Verdict, Words

__all__ = [
    "CouldNotRun",
    "Finding",
    "Level",
    "Outcome",
    "Progress",
    "Verdict",
    "Words",
    "judge",
    "write_reports",
]
