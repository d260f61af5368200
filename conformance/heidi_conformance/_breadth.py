"""One run of Schemathesis against one server."""

import tempfile
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from typing import Any

import schemathesis
from hypothesis.configuration import set_hypothesis_home_dir
from requests import RequestException
from schemathesis import Case
from schemathesis.core.failures import Failure
from schemathesis.core.transport import Response
from schemathesis.engine import Status, events, from_schema
from schemathesis.engine.errors import ServerUnavailable
from schemathesis.engine.recorder import ScenarioRecorder
from schemathesis.engine.run import TESTING_PHASES

from . import _document
from ._checks import TRANSPORT
from ._fairness import causes, excused
from ._quoting import VARIABLE
from ._requests import sequence
from ._sentences import Sentence, Sighting, sentences
from ._settings import TIMEOUT, Plan, settings
from ._tally import Tally
from ._verdict import CannotJudgeError, Finding
from ._watcher import Watcher


class Breadth:
    """Run Schemathesis, take what its checks say, and show every exchange to the oracle."""

    def __init__(
        self, plan: Plan, watcher: Watcher, on_step: Callable[[str, int, int], None]
    ) -> None:
        self.plan = plan
        self.watcher = watcher
        self.on_step = on_step
        self.document = _document.load(plan.level)
        self.operations = {
            f"{method.upper()} {path}": (path, method, operation["operationId"])
            for method, path, operation in _document.operations(self.document)
        }
        self.tally = Tally()
        self.phase = ""
        self.obstacles: list[str] = []

    def run(self, examples: dict[str, Any], budget: float) -> None:
        """Judge the server within a number of seconds. Raises CannotJudgeError."""
        document = _document.asserted(deepcopy(self.document), self.plan.level)
        self.consume(_document.naming(document, examples), budget)

    def consume(self, document: _document.Json, budget: float) -> None:
        """Take every event of the run, or as many as fit into its budget."""
        # Schemathesis types its settings as a bare dict.
        config = schemathesis.Config.from_dict(settings(self.plan))  # pyright: ignore[reportUnknownMemberType]
        schema = schemathesis.openapi.from_dict(document, config=config)
        # Ids come from sessions that the run created, never from a list: those may be real ones.
        # No setting says so for all phases: the stateful one draws from earlier answers regardless.
        schema.create_extra_data_source = nothing  # type: ignore[method-assign]  # as said above
        stream = from_schema(schema).execute()
        spent = threading.Event()

        def stop() -> None:
            spent.set()
            stream.stop()

        timer = threading.Timer(budget, stop)
        timer.start()
        try:
            with hypothesis_elsewhere():
                for event in stream:
                    if isinstance(event, events.Interrupted) and not spent.is_set():
                        raise KeyboardInterrupt
                    self.take(event)
        finally:
            timer.cancel()
            timer.join()
        if spent.is_set():
            self.obstacles.append(
                f"the run was cut short after {self.plan.budget:g} seconds; raise --time-budget"
            )

    def take(self, event: events.EngineEvent) -> None:
        """Take one event."""
        if isinstance(event, events.PhaseStarted) and event.phase.name in TESTING_PHASES:
            self.phase = event.phase.name.value
        elif isinstance(event, events.ScenarioFinished):
            self.hear(event.recorder)
        elif isinstance(event, events.NonFatalError):
            self.mishap(event.value, event.label)
        elif isinstance(event, events.FatalError):
            self.mishap(event.exception, "")
        self.on_step(self.phase, self.tally.requests, len(self.tally.found))

    def hear(self, recorder: ScenarioRecorder) -> None:
        """Take the requests of one scenario, and what the checks said of their answers."""
        for case_id, interaction in recorder.interactions.items():
            self.tally.requests += 1
            case = case_of(recorder.cases, case_id)
            self.watcher.watch(interaction)
            if interaction.response is None:
                requests = sequence(recorder, case_id, self.plan.token)
                self.unanswered(case.operation.label, requests)
            elif case.method.lower() == case.operation.method.lower():
                operation = self.operations[case.operation.label][-1]
                self.tally.answers[operation, interaction.response.status_code] += 1
        for case_id in recorder.checks:
            self.weigh(recorder, case_id)

    def weigh(self, recorder: ScenarioRecorder, case_id: str) -> None:
        """Take what the checks said of one answer."""
        failed: list[Sighting] = []
        operation = self.operations[case_of(recorder.cases, case_id).operation.label][-1]
        for result in recorder.checks[case_id]:
            self.tally.checked.add((result.name, operation))
            if result.status is Status.FAILURE and result.failure_info is not None:
                failure = result.failure_info.failure
                failed.append(self.sighting(recorder, case_id, result.name, failure))
        fair = [sighting for sighting in failed if not excused(sighting, self.plan.level)]
        for sighting in causes(fair):
            requests = sequence(recorder, case_id, self.plan.token)
            for sentence in sentences(sighting):
                finding = self.finding(sighting.rule, operation, sentence, requests)
                self.tally.add(finding, vague=sentence.vague)

    def sighting(
        self, recorder: ScenarioRecorder, case_id: str, rule: str, failure: Failure
    ) -> Sighting:
        case = case_of(recorder.cases, case_id)
        interaction = recorder.interactions[case_id]
        response = interaction.response
        if not isinstance(response, Response):
            raise CannotJudgeError(
                f"{rule} failed without an answer; this is a defect of the judge"
            )
        path, method, operation = self.operations[case.operation.label]
        body = interaction.request.body
        return Sighting(self.document, rule, failure, case, response, body, path, method, operation)

    def finding(
        self, rule: str, operation: str, sentence: Sentence, requests: tuple[str, ...]
    ) -> Finding:
        """Make a finding of a sentence; wherever a server repeats the token, it is taken out."""

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

    def mishap(self, error: Exception, label: str) -> None:
        """Take the news of a request without an answer; any other is a defect of the judge."""
        if isinstance(error, ServerUnavailable):
            self.obstacles.append("the server stopped answering before the run was over")
        elif isinstance(error, RequestException) and label in self.operations:
            self.unanswered(label, ())
        else:
            name = type(error).__name__
            raise CannotJudgeError(f"Schemathesis failed ({name}); this is a defect of the judge")

    def unanswered(self, label: str, requests: tuple[str, ...]) -> None:
        """Count a request that got no answer."""
        path, method, operation = self.operations[label]
        sentence = Sentence(
            f"{operation} gave no answer: the connection broke, "
            f"or nothing came within {TIMEOUT:g} seconds",
            ["paths", path, method],
            "an answer",
            "none",
        )
        self.tally.add(self.finding(TRANSPORT, operation, sentence, requests))


def nothing() -> None:
    """Offer no values to draw from."""


def case_of(nodes: Mapping[str, Any], case_id: str) -> Case[Any]:
    """Return a recorded request, of whose type Schemathesis says too little."""
    case: Case[Any] = nodes[case_id].value
    return case


@contextmanager
def hypothesis_elsewhere() -> Generator[None]:
    """Keep what Hypothesis stores out of the working directory."""
    with tempfile.TemporaryDirectory(prefix="heidi-conformance-") as folder:
        set_hypothesis_home_dir(folder)
        try:
            yield
        finally:
            set_hypothesis_home_dir(None)
