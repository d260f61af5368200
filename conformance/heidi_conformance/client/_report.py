"""Turn the results of scenarios into a verdict."""

import dataclasses
import time
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import get_args

from heidi_conformance._text import on_one_line
from heidi_conformance._verdict import Finding, Grade, Outcome, Reason, Result, Verdict, Words
from heidi_conformance.contract._document import words
from heidi_conformance.contract._operations import CREATE, OPERATIONS, STRICT
from heidi_conformance.oracle import Violation
from heidi_conformance.reports._clients import sentence

from ._proxy import Exchange
from ._scenario import Scenario
from ._watch import WATCHES, exercised
from .scenarios import PROBE, RULES

LEVELS: Sequence[Grade] = get_args(Grade)
UNSEEN = "this system does not show the arguments of processes"
HIDDEN = "…"
Event = tuple[float, str]


@dataclass
class Record:
    """The result of one scenario.

    done: whether it went on to its end. renewed: whether a driver served another one before.
    events: what happened beside requests, with its time. why: the reason where it was skipped.
    hidden: what no report may show.
    """

    scenario: Scenario
    violations: list[Violation] = field(default_factory=list[Violation])
    events: list[Event] = field(default_factory=list[Event])
    exchanges: list[Exchange] = field(default_factory=list[Exchange])
    why: str = ""
    client: str = ""
    done: bool = False
    renewed: bool = False
    hidden: Collection[str] = ()

    @property
    def history(self) -> tuple[str, ...]:
        """The events, one line each, without values."""
        events = [*self.events, *((item.at, f"  {told(item)}") for item in self.exchanges)]
        start = min((at for at, _ in events), default=0.0)
        lines = (f"# {at - start:6.3f} s {on_one_line(text)[:160]}" for at, text in sorted(events))
        return tuple(self.scrubbed(text) for text in lines)

    @property
    def first(self) -> float:
        """Seconds that the first step took, with the start of the driver."""
        (began, _), (ended, _), *_ = self.events
        return ended - began

    def scrubbed(self, text: str) -> str:
        """Return a string without secrets."""
        for secret in self.hidden:
            text = text.replace(secret, HIDDEN)
        return text


def known(rule: str, level: Grade) -> bool:
    """Whether a level holds a client to a rule."""
    return LEVELS.index(RULES[rule].level) <= LEVELS.index(level)


def verdict(
    records: Sequence[Record], level: Grade, target: str, began: float, gaps: Iterable[str] = ()
) -> Verdict:
    """Return the verdict on a client; began: when, by the monotonic clock."""
    findings = tuple(found(group) for group in causes(records) if known(group[0][0].rule, level))
    exchanges = [one for record in records for one in record.exchanges]
    answers: dict[str, Counter[int]] = {}
    for one in exchanges:
        if one.name and not one.reply.gone:
            answers.setdefault(one.name, Counter())[one.reply.status] += 1
    skipped = (f"scenario {item.scenario.id}: {item.why}" for item in records if item.why)
    return Verdict(
        level=level,
        seed=0,
        target=target,
        findings=findings,
        outcomes=tuple(outcomes(records, findings, level)),
        answers={name: dict(sorted(counts.items())) for name, counts in sorted(answers.items())},
        requests=len(exchanges),
        sessions_created=sum(one.done for one in exchanges if one.name == CREATE),
        seconds=round(time.monotonic() - began, 2),
        versions={"heidi-sessions": version("heidi-sessions")},
        gaps=(*skipped, *gaps),
        subject="client",
    )


def outcomes(
    records: Iterable[Record], findings: Iterable[Finding], level: Grade
) -> Iterator[Outcome]:
    """Yield the outcome of each scenario, and of each watch."""
    failed = {item.rule for item in findings}
    rows = [(item.scenario, item.why) for item in records if item.scenario is not PROBE]
    rows += [
        (item, "" if exercised(item.id) else UNSEEN) for item in WATCHES if known(item.id, level)
    ]
    for scenario, why in rows:
        result: Result = "skipped" if why else "passed"
        if scenario.id in failed:
            result = "failed"
        reason: Reason = "not-given" if result == "skipped" and why != UNSEEN else ""
        yield Outcome(scenario.id, scenario.operation, result, why, reason)


Case = tuple[Violation, Record]


def causes(records: Iterable[Record]) -> list[list[Case]]:
    """Return violations by their cause."""
    by_cause: dict[tuple[str, ...], list[Case]] = {}
    for record in records:
        for violation in record.violations:
            by_cause.setdefault(violation.cause, []).append((violation, record))
    return [*by_cause.values()]


def found(cases: Sequence[Case]) -> Finding:
    """Return the finding that violations of one cause are."""
    first, record = cases[0]
    violation = dataclasses.replace(first, detail=record.scrubbed(first.detail))
    scenario = RULES[violation.rule]
    said = sentence(violation, [each.scrubbed(item.field) for item, each in cases])
    place = words(STRICT, OPERATIONS[violation.operation].place).pointer
    return Finding(
        rule=scenario.id,
        level=scenario.level,
        operation=violation.operation,
        title=said.title,
        words=Words(place, scenario.source, scenario.words),
        expected=said.expected,
        got=said.got,
        requests=(*record.scenario.command, *record.history),
        seen=len(cases),
        code=violation.code,
        detail=violation.detail,
        fix=said.fix,
    )


def told(exchange: Exchange) -> str:
    """Describe a request and the response of the proxy, without values."""
    operation = exchange.operation
    path = operation.path if operation else "(a path that the document does not have)"
    query = "&".join(dict.fromkeys(name for name, _ in exchange.query))
    where = f"{exchange.method[:10]} {path}{'?' if query else ''}{query}"
    reply = exchange.reply
    if reply.gone:
        came = "connection closed" + (", though it was done" if exchange.done else "")
    else:
        waits = [text for name, text in reply.headers if name.lower() == "retry-after"]
        came = " Retry-After: ".join((str(reply.status), *waits))
    end = " and stops in the middle" if reply.stalls else ""
    end = " and breaks off" if reply.cut is not None and not end else end
    end = " and has no end" if reply.more else end
    return f"{'to another host: ' if exchange.stranger else ''}{where} → {came}{end}"
