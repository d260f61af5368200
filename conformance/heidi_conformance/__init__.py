"""Judge any server of the Heidi Sessions API.

Needs the extra heidi-sessions[conformance]. Each name is imported when it is asked
for, so that the command can say that the extra is missing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
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

_HOMES: Final = {
    "CannotJudgeError": "_verdict",
    "Finding": "_verdict",
    "Level": "_verdict",
    "Outcome": "_verdict",
    "Progress": "_verdict",
    "Verdict": "_verdict",
    "Words": "_verdict",
    "judge": "_judge",
    "write_reports": "reports",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
