"""What a run has to say: values, and nothing that prints or sends."""

from dataclasses import dataclass, field
from typing import Literal

Level = Literal["documented", "strict"]
Result = Literal["passed", "failed", "skipped"]


class CannotJudgeError(Exception):
    """The server cannot be judged; the text is one line: what, where and how to mend it."""


@dataclass(frozen=True)
class Words:
    """The place in the document that a finding rests on.

    pointer: RFC 6901, into the document of the level (`base` or `strict`).
    source: where the document has it from, such as `seed:L56` or `decision:S4`.
    """

    pointer: str
    source: str


@dataclass(frozen=True)
class Finding:
    """One rule broken, for one cause, however many requests show it.

    title: a sentence that names operation, status and what is wrong.
    requests: the shortest sequence seen that shows it, as curl with the token as `$HEIDI_TOKEN`.
    seen: how many requests of the run showed it.
    """

    rule: str
    level: Level
    operation: str
    title: str
    words: Words
    expected: str
    got: str
    requests: tuple[str, ...]
    seen: int = 1


@dataclass(frozen=True)
class Outcome:
    """What became of one rule on one operation; `why` says it where the rule was skipped."""

    rule: str
    operation: str
    result: Result
    why: str = ""


@dataclass(frozen=True)
class Verdict:
    """The result of a run.

    requests: all that were sent.
    sessions_created: answers that created a session; the API cannot delete them.
    answers: operation to status to number of answers.
    notes: what was left unjudged, in sentences.
    """

    level: Level
    seed: int
    target: str
    findings: tuple[Finding, ...]
    outcomes: tuple[Outcome, ...]
    answers: dict[str, dict[int, int]]
    requests: int
    sessions_created: int
    seconds: float
    notes: tuple[str, ...] = ()
    versions: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def conforms(self) -> bool:
        """Whether there is no finding."""
        return not self.findings


@dataclass(frozen=True)
class Progress:
    """How far a run has come."""

    phase: str
    requests: int
    findings: int
    seconds: float
