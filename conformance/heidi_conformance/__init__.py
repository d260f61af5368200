"""Judge any server of the Heidi Sessions API."""

from ._judge import judge
from ._verdict import CannotJudgeError, Finding, Level, Outcome, Progress, Verdict, Words
from .reports import write_reports

__all__ = [
    "CannotJudgeError",
    "Finding",
    "Level",
    "Outcome",
    "Progress",
    "Verdict",
    "Words",
    "judge",
    "write_reports",
]
