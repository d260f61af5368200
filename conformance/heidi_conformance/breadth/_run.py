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
from schemathesis import Case, Response
from schemathesis.engine import Status, events, from_schema
from schemathesis.engine.errors import ServerUnavailable
from schemathesis.engine.recorder import ScenarioRecorder
from schemathesis.engine.run import TESTING_PHASES

from heidi_conformance import _document
from heidi_conformance._checks import TRANSPORT
from heidi_conformance._findings import Cases
from heidi_conformance._probe import Limits, Setting
from heidi_conformance._settings import TIMEOUT, Plan, settings
from heidi_conformance._verdict import CannotJudgeError
from heidi_conformance.contract._operations import MAIN, OPERATIONS
from heidi_conformance.oracle import Complaint

from ._dictionaries import dictionaries, settings_of
from ._interim import interim_answers_passed_over
from ._opinions import Opinions, Witness
from ._watcher import Watcher


class Breadth:
    """Run Schemathesis, show every exchange to the oracle, and take what its checks say as well.

    checked: check and operation of everything that was judged.
    """

    def __init__(
        self,
        plan: Plan,
        setting: Setting,
        cases: Cases,
        limits: Limits,
        on_step: Callable[[str], None],
    ) -> None:
        self.plan = plan
        self.cases = cases
        self.on_step = on_step
        self.watcher = Watcher(setting, cases, limits, plan.url)
        self.document = _document.open_to(_document.load(plan.level), MAIN.owner)
        self.opinions = Opinions(self.document, plan.level)
        self.operations = {
            f"{method.upper()} {path}": operation["operationId"]
            for method, path, operation in _document.operations(self.document)
        }
        self.checked: set[tuple[str, str]] = set()
        self.phase = ""
        self.obstacles: list[str] = []

    def run(self, examples: dict[str, Any], budget: float) -> None:
        """Judge the server within a number of seconds. Raises CannotJudgeError."""
        if MAIN.parameter in examples:
            self.watcher.adopt(examples[MAIN.parameter])
        document = _document.asserted(deepcopy(self.document), self.plan.level)
        words = settings_of(dictionaries(document, examples))
        # Of a session that is no more, no other operation would say anything.
        deletes = [item.id for item in OPERATIONS.values() if item.method == "DELETE"]
        if deletes:
            words["operations"] = [{"include-operation-id": deletes, "enabled": False}]
        self.consume(_document.naming(document, examples), settings(self.plan) | words, budget)

    def consume(self, document: _document.Json, chosen: dict[str, Any], budget: float) -> None:
        """Take every event of the run, or as many as fit into its budget."""
        # Schemathesis types its settings as a bare dict.
        config = schemathesis.Config.from_dict(chosen)  # pyright: ignore[reportUnknownMemberType]
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
            with hypothesis_elsewhere(), interim_answers_passed_over():
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
        elif not self.checked:
            self.obstacles.append(
                "Schemathesis told of no answer that it checked; install the version that "
                "heidi-sessions[conformance] asks for, or leave it out (--rules-only)"
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
        self.on_step(self.phase)

    def hear(self, recorder: ScenarioRecorder) -> None:
        """Take the requests of one scenario, and what the checks said of their answers."""
        places = {
            case_id: self.watcher.watch(interaction)
            for case_id, interaction in recorder.interactions.items()
        }
        for case_id in recorder.checks:
            self.weigh(recorder, case_id, places[case_id])

    def weigh(self, recorder: ScenarioRecorder, case_id: str, at: int) -> None:
        """Take what the checks said of one answer."""
        case = case_of(recorder.cases, case_id)
        interaction = recorder.interactions[case_id]
        results = recorder.checks[case_id]
        operation = self.operations[case.operation.label]
        self.checked |= {(result.name, operation) for result in results}
        failed = [
            (result.name, result.failure_info.failure)
            for result in results
            if result.status is Status.FAILURE and result.failure_info is not None
        ]
        response = interaction.response
        # Of what the oracle minds already, a check has nothing to say that is new.
        if not failed or at in self.watcher.told or not isinstance(response, Response):
            return
        history = self.watcher.history
        for complaint in self.opinions.on(case, response, interaction.request.body, failed):
            witness = Witness(self.opinions, complaint.rule, case, history[at])
            self.cases.add(complaint, history, at, witness=witness)

    def mishap(self, error: Exception, label: str) -> None:
        """Take the news of a request without an answer; any other is a defect of the judge."""
        if isinstance(error, ServerUnavailable):
            self.obstacles.append("the server stopped answering before the run was over")
        elif isinstance(error, RequestException) and label in self.operations:
            self.cases.add(unanswered(self.operations[label]), (), 0)
        else:
            name = type(error).__name__
            raise CannotJudgeError(f"Schemathesis failed ({name}); this is a defect of the judge")


def unanswered(operation: str) -> Complaint:
    """Return what is said of a request that got no answer, and that nobody wrote down."""
    what = f"gave no answer: the connection broke, or nothing came within {TIMEOUT:g} seconds"
    return Complaint(TRANSPORT, operation, what, "", "an answer", "none")


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
