"""One run of Schemathesis against one server: all phases, one worker, one seed."""

from __future__ import annotations

import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any

import schemathesis
from hypothesis.configuration import set_hypothesis_home_dir
from schemathesis.core.transport import Response
from schemathesis.engine import Status, events, from_schema
from schemathesis.engine.recorder import ScenarioRecorder
from schemathesis.engine.run import TESTING_PHASES

from . import _access, _document
from ._requests import VARIABLE, sequence
from ._rules import RULES, TRANSPORT, Rule
from ._sentences import Keys, Sentence, Sighting, sentences
from ._verdict import CouldNotRun, Finding, Level, Outcome, Progress, Verdict

TIMEOUT = 10.0
# A broken answer fails several checks; the first of these names the cause, the later ones repeat it.
CAUSES = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "positive_data_acceptance",
)
# Where a vague finding may be explained by another rule than its own.
EXPLAINED_BY = {"missing_required_header": "ignored_auth"}
EXACT = 2**53


@dataclass(frozen=True)
class Plan:
    """What a run is to do. examples: per operation when fuzzing, and chains of calls when stateful."""

    url: str
    level: Level
    token: str = field(repr=False)
    seed: int
    examples: int
    budget: float


@dataclass
class Tally:
    """What a run has seen so far."""

    answers: Counter[tuple[str, int]] = field(default_factory=Counter[tuple[str, int]])
    checked: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    findings: dict[tuple[str, str], Finding] = field(default_factory=dict[tuple[str, str], Finding])
    vague: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    requests: int = 0

    def add(self, finding: Finding, *, vague: bool) -> None:
        """Count a finding; of the requests that show it, keep the shortest."""
        key = finding.rule, finding.title
        known = self.findings.get(key)
        if known is not None:
            requests = min(known.requests, finding.requests, key=lambda texts: (len(texts), sum(map(len, texts))))
            finding = replace(known, requests=requests, seen=known.seen + 1)
        self.findings[key] = finding
        if vague:
            self.vague.add(key)

    def precise(self) -> tuple[Finding, ...]:
        """Return the findings, without the vague ones that precise ones explain."""
        explained = {(item.rule, item.operation) for key, item in self.findings.items() if key not in self.vague}
        return tuple(
            sorted(
                (
                    item
                    for key, item in self.findings.items()
                    if key not in self.vague or (EXPLAINED_BY.get(item.rule, item.rule), item.operation) not in explained
                ),
                key=lambda item: (item.rule, item.operation, item.title),
            )
        )


def configuration(plan: Plan) -> dict[str, Any]:
    """Return the settings of Schemathesis."""
    # Ids come from the sessions that the run itself created, never from a list: those may be of real patients.
    own_sessions_only = {"extra-data-sources": {"responses": False}}
    enabled = {rule.id: rule_settings(rule, plan.level) for rule in RULES}
    return {
        "seed": plan.seed,
        "base-url": plan.url,
        "headers": {"Authorization": f"Bearer {plan.token}"},
        "workers": 1,
        "continue-on-failure": True,
        "request-timeout": TIMEOUT,
        "max-redirects": 0,
        "rate-limit": "auto",
        "cache": {"enabled": False},
        "generation": {
            # What the document does not describe is sent at strict alone: the page does not say what becomes of it.
            "mode": "all" if plan.level == "strict" else "positive",
            "max-examples": plan.examples,
            "deterministic": True,
            "no-shrink": True,
            "database": "none",
        },
        "phases": {
            "examples": own_sessions_only,
            "coverage": own_sessions_only,
            "fuzzing": own_sessions_only,
            "stateful": {"inference": {"algorithms": []}},
        },
        "checks": enabled,
    }


def rule_settings(rule: Rule, level: Level) -> dict[str, Any]:
    """Return the settings of one check."""
    settings: dict[str, Any] = {"enabled": level not in rule.skipped}
    if rule.statuses:
        settings["expected-statuses"] = list(rule.statuses)
    return settings


class Campaign:
    """Run Schemathesis and turn its events into a verdict."""

    def __init__(self, plan: Plan, on_progress: Callable[[Progress], None]) -> None:
        self.plan = plan
        self.on_progress = on_progress
        self.document = _document.load(plan.level)
        self.operations = {
            f"{method.upper()} {path}": (path, method, operation["operationId"])
            for method, path, operation in _document.operations(self.document)
        }
        self.tally = Tally()
        self.phase = ""
        self.started = time.monotonic()

    def run(self) -> Verdict:
        """Judge the server. Raises CouldNotRun where no verdict can be had."""
        contact = _access.introduce(self.plan.url, self.plan.token)
        self.tally.answers.update(contact.answers)
        self.tally.requests += contact.answers.total()
        document = _document.asserted(deepcopy(self.document), self.plan.level)
        document = _document.naming(document, contact.examples)
        interrupted = self.consume(document)
        findings = self.tally.precise()
        notes = list(self.unjudged(interrupted))
        if notes and not findings:
            raise CouldNotRun(f"nothing wrong was found, but the run proves too little: {notes[0]}")
        return Verdict(
            level=self.plan.level,
            seed=self.plan.seed,
            target=_access.target(self.plan.url),
            findings=findings,
            outcomes=tuple(self.outcomes(findings)),
            answers=self.answers(),
            requests=self.tally.requests,
            sessions_created=sum(
                number
                for (name, status), number in self.tally.answers.items()
                if name == "createSession" and _access.ok(status)
            ),
            seconds=round(time.monotonic() - self.started, 2),
            notes=tuple([*notes, *self.unlinked()]),
        )

    def consume(self, document: _document.Json) -> bool:
        """Take every event of the run; return whether the time ran out."""
        schema = schemathesis.openapi.from_dict(
            document,
            config=schemathesis.Config.from_dict(configuration(self.plan)),
        )
        stream = from_schema(schema).execute()
        spent = threading.Event()

        def stop() -> None:
            spent.set()
            stream.stop()

        timer = threading.Timer(self.plan.budget, stop)
        timer.start()
        try:
            with quiet_hypothesis():
                for event in stream:
                    self.take(event, spent)
        finally:
            timer.cancel()
            timer.join()
        return spent.is_set()

    def take(self, event: events.EngineEvent, spent: threading.Event) -> None:
        if isinstance(event, events.PhaseStarted):
            self.phase = event.phase.name.value if event.phase.name in TESTING_PHASES else self.phase
        elif isinstance(event, events.ScenarioFinished):
            self.hear(event.recorder)
        elif isinstance(event, events.NonFatalError):
            self.broken(event)
        elif isinstance(event, events.FatalError):
            raise CouldNotRun(f"Schemathesis failed ({type(event.exception).__name__}); this is a defect of the judge")
        elif isinstance(event, events.Interrupted) and not spent.is_set():
            raise KeyboardInterrupt
        self.on_progress(
            Progress(
                self.phase, self.tally.requests, len(self.tally.findings), round(time.monotonic() - self.started, 1)
            )
        )

    def hear(self, recorder: ScenarioRecorder) -> None:
        """Take the requests of one scenario."""
        for case_id, interaction in recorder.interactions.items():
            self.tally.requests += 1
            if interaction.response is not None and case_id in recorder.cases:
                case = recorder.cases[case_id].value
                if case.method.lower() == case.operation.method.lower():
                    self.tally.answers[self.operations[case.operation.label][2], interaction.response.status_code] += 1
        for case_id, results in recorder.checks.items():
            name = self.operations[recorder.cases[case_id].value.operation.label][2]
            self.tally.checked.update((result.name, name) for result in results)
            failed = [
                sighting
                for result in results
                if result.status is Status.FAILURE and result.failure_info is not None
                for sighting in [self.sighting(recorder, case_id, result.name, result.failure_info.failure)]
                if not excused(sighting, self.plan.level)
            ]
            for sighting in causes(failed):
                related = sighting.failure.related_case_ids()
                requests = sequence(recorder, case_id, related, self.plan.token)
                for sentence in sentences(sighting):
                    self.tally.add(self.finding(sighting.rule, sighting.operation, sentence, requests), vague=sentence.vague)

    def sighting(self, recorder: ScenarioRecorder, case_id: str, rule: str, failure: Any) -> Sighting:
        case = recorder.cases[case_id].value
        interaction = recorder.interactions[case_id]
        path, method, name = self.operations[case.operation.label]
        response = interaction.response
        assert isinstance(response, Response)  # noqa: S101  # a check has no result without an answer
        return Sighting(
            self.document, rule, failure, case, response, interaction.request.body, path, method, name
        )

    def finding(self, rule: str, operation: str, sentence: Sentence, requests: tuple[str, ...]) -> Finding:
        def clean(text: str) -> str:
            return text.replace(self.plan.token, VARIABLE)

        return Finding(
            rule=rule,
            level=self.plan.level,
            operation=operation,
            title=clean(sentence.title),
            words=_document.words(self.document, sentence.keys),
            expected=clean(sentence.expected),
            got=clean(sentence.got),
            requests=tuple(map(clean, requests)),
        )

    def broken(self, event: events.NonFatalError) -> None:
        """Take a request that got no answer; anything else is a defect of the judge."""
        kind = type(event.value)
        if kind.__module__.partition(".")[0] != "requests" or event.label not in self.operations:
            raise CouldNotRun(f"Schemathesis failed ({kind.__name__}); this is a defect of the judge")
        path, method, name = self.operations[event.label]
        keys: Keys = ["paths", path, method]
        late = "Timeout" in kind.__name__
        got = f"no answer within {TIMEOUT:g} seconds" if late else "a connection that broke"
        title = f"{name} gave {got}"
        self.tally.add(self.finding(TRANSPORT, name, Sentence(title, keys, "an answer", got), ()), vague=False)

    def unjudged(self, interrupted: bool) -> Iterator[str]:
        """Yield what stands in the way of saying that a server conforms."""
        if interrupted:
            yield f"the run was cut short after {self.plan.budget:g} seconds; raise --time-budget"
        for name in ("createSession", "getSession", "updateSession"):
            if not self.succeeded(name):
                statuses = ", ".join(map(str, sorted(self.answers().get(name, {})))) or "nothing"
                yield f"{name} never succeeded (answered {statuses})"

    def unlinked(self) -> Iterator[str]:
        """Yield what an unlinked user leaves unjudged."""
        if not self.succeeded("listLinkedUserSessions"):
            yield "listLinkedUserSessions never succeeded, so its pages are not judged; is the user of the token linked?"

    def succeeded(self, name: str) -> bool:
        return any(_access.ok(status) for status in self.answers().get(name, {}))

    def answers(self) -> dict[str, dict[int, int]]:
        table: dict[str, dict[int, int]] = {}
        for (name, status), number in sorted(self.tally.answers.items()):
            table.setdefault(name, {})[status] = number
        return table

    def outcomes(self, findings: tuple[Finding, ...]) -> Iterator[Outcome]:
        """Yield what became of every rule on every operation."""
        failed = {(finding.rule, finding.operation) for finding in findings}
        for rule in (*RULES, Rule(TRANSPORT, {})):
            for _, _, name in self.operations.values():
                if (rule.id, name) in failed:
                    yield Outcome(rule.id, name, "failed")
                elif self.plan.level in rule.skipped:
                    yield Outcome(rule.id, name, "skipped", rule.skipped[self.plan.level])
                elif (rule.id, name) in self.tally.checked or rule.id == TRANSPORT:
                    yield Outcome(rule.id, name, "passed")
                else:
                    yield Outcome(rule.id, name, "skipped", "No request of this run called for it.")


def causes(failed: list[Sighting]) -> Iterator[Sighting]:
    """Yield the failed checks of one answer, without those that repeat an earlier cause."""
    named = min((CAUSES.index(item.rule) for item in failed if item.rule in CAUSES), default=len(CAUSES))
    for item in failed:
        if item.rule not in CAUSES or CAUSES.index(item.rule) == named:
            yield item


def excused(sighting: Sighting, level: Level) -> bool:
    """Whether the contract lets a server do what a check minds."""
    if sighting.rule == "ignored_auth" and level == "documented":
        # That it must be refused follows from the page; with which status does not.
        return not _access.ok(sighting.status)
    if sighting.rule != "positive_data_acceptance":
        return False
    if sighting.operation == "listLinkedUserSessions":
        # S3: the user may have no link. S7: only a page that was issued is one.
        return sighting.status == 403 or (sighting.status == 422 and "page" in (sighting.case.query or {}))
    # S13: a number that no double holds exactly may be refused.
    body = sighting.case.body
    duration = body.get("duration") if isinstance(body, dict) else None
    return sighting.status == 422 and isinstance(duration, int | float) and abs(duration) > EXACT


@contextmanager
def quiet_hypothesis() -> Iterator[None]:
    """Keep what Hypothesis stores out of the working directory."""
    with tempfile.TemporaryDirectory(prefix="heidi-conformance-") as folder:
        set_hypothesis_home_dir(folder)
        try:
            yield
        finally:
            set_hypothesis_home_dir(None)
