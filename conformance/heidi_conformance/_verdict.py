"""The result of a run, as values; nothing here prints or sends."""

import hashlib
import json
import re
from dataclasses import asdict, dataclass, field, is_dataclass
from typing import Any, Literal, Self, cast, get_args, get_origin, get_type_hints

Level = Literal["documented", "strict"]
# The source of a rule; for clients, good practice is one as well.
Grade = Literal["documented", "strict", "practice"]
Subject = Literal["server", "client"]
Result = Literal["passed", "failed", "skipped"]
# Why a rule was skipped: the run was given too little, the server did not give what its requests
# need, another shard takes it, or anything else.
Reason = Literal["not-given", "unanswered", "elsewhere", ""]
# Whether the requests of a finding showed it twice more, on new sessions.
Stability = Literal["confirmed", "flaky", "untried"]


SHARD = re.compile("[0-9]{1,6}/[0-9]{1,6}")


class CannotJudgeError(Exception):
    """The server cannot be judged; the message is one line with the place and the fix."""


@dataclass(frozen=True)
class Words:
    """The place in the document that a finding rests on.

    pointer: RFC 6901, into the document of the level (`base` or `strict`).
    source: where the document has it from, such as `seed:L56` or `decision:S4`.
    promise: what it says, in short.
    """

    pointer: str
    source: str
    promise: str = ""


@dataclass(frozen=True)
class Finding:
    """One rule broken, for one cause, however many requests show it.

    code: the rule, and where it can be broken in several ways `/` and which; empty in reports of
    earlier versions. detail: what else distinguishes causes with the same code.
    title: a sentence that names operation, status and what is wrong.
    level: the level of the rule. row: the decision it breaks, S1 to S21, where there is one.
    fix: what to do about it, where that is known.
    requests: the shortest sequence found that shows it, as curl with the token as `$HEIDI_TOKEN`;
    a comment says what else it takes.
    python: the same as a program. stability: whether the sequence showed it again.
    seen: how many requests of the run showed it.
    """

    rule: str
    level: Grade
    operation: str
    title: str
    words: Words
    expected: str
    got: str
    requests: tuple[str, ...]
    seen: int = 1
    row: str = ""
    python: str = ""
    stability: Stability = "untried"
    code: str = ""
    detail: str = ""
    fix: str = ""

    @property
    def fingerprint(self) -> str:
        """Name code, operation and detail, the same in every run: 16 hexadecimal digits."""
        text = "\0".join((self.code or self.rule, self.operation, self.detail))
        return hashlib.sha256(text.encode(errors="replace")).hexdigest()[:16]

    def members(self) -> dict[str, Any]:
        """Return the finding as JSON has it."""
        return {**asdict(self), "fingerprint": self.fingerprint}


@dataclass(frozen=True)
class Outcome:
    """The outcome of one rule on one operation.

    why: the sentence that says it where the rule was skipped. reason: its kind.
    """

    rule: str
    operation: str
    result: Result
    why: str = ""
    reason: Reason = ""


@dataclass(frozen=True)
class Verdict:
    """The result of a run.

    requests: all that were sent.
    sessions_created: responses that created a session; the API cannot delete them.
    sessions_tagged: those of them that have `heidi-conformance` for their `ehr_appt_id` now.
    answers: operation to status to number of responses.
    notes: what else a reader must know, in sentences.
    gaps: what could not be judged although the run was asked to, in sentences.
    subject: what was judged.
    shards: the parts of a campaign that this is about, such as `2/4`; none where it is whole.
    """

    level: Grade
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
    shards: tuple[str, ...] = ()
    sessions_tagged: int = 0
    gaps: tuple[str, ...] = ()
    subject: Subject = "server"

    @property
    def conforms(self) -> bool:
        """Whether there is no finding."""
        return not self.findings

    @property
    def judgement(self) -> str:
        """The verdict in some words that follow the name of the server or client."""
        number = len(self.findings)
        if number:
            return f"does not conform: {number:,} finding{'s' * (number != 1)}"
        return "conforms, as far as it was judged" if self.gaps else "conforms"

    def to_json(self) -> str:
        """Return the verdict as JSON; properties may be added, none is taken away."""
        return json.dumps(self.members(), indent=2) + "\n"

    def members(self) -> dict[str, Any]:
        """Return the verdict as `to_json` writes it."""
        members: dict[str, Any] = asdict(self)
        members["findings"] = [found.members() for found in self.findings]
        outcomes = members.pop("outcomes")
        return {"conforms": self.conforms, **members, "rules": outcomes}

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the verdict that `to_json` wrote. Raises ValueError for any other text."""
        try:
            members: dict[str, Any] = json.loads(text)
            verdict = cast("Self", typed(cls, {**members, "outcomes": members["rules"]}))
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"not a verdict: {type(error).__name__}") from None
        if not all(map(SHARD.fullmatch, verdict.shards)):
            raise ValueError("not a verdict: the number of a shard")
        return verdict


def typed(kind: Any, value: Any) -> Any:
    """Return a value of JSON as a value of a type; a later version may write more properties.

    Raises ValueError, TypeError or AttributeError where it is of another type.
    """
    outer, inner = get_origin(kind), get_args(kind)
    if is_dataclass(kind):
        kinds = get_type_hints(kind)
        known = {name: item for name, item in value.items() if name in kinds}
        return cast("Any", kind)(**{name: typed(kinds[name], item) for name, item in known.items()})
    if outer is tuple and isinstance(value, list):
        return tuple(typed(inner[0], item) for item in cast("list[object]", value))
    if outer is dict:
        return {inner[0](name): typed(inner[1], item) for name, item in value.items()}
    if outer is Literal and (current := RENAMED.get(value, value)) in inner:
        return current
    if outer is Literal and type(value) is str and "" in inner:
        # A kind that only a later version knows.
        return ""
    if type(value) in ((int, float) if kind is float else (kind,)):
        return value
    raise ValueError(f"a property of another type than {kind}")


# What older versions wrote.
RENAMED = {"unstable": "flaky"}


@dataclass(frozen=True)
class Progress:
    """How far a run has come."""

    phase: str
    requests: int
    findings: int
    seconds: float
