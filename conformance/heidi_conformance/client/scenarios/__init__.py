"""The scenarios, each with what it asks of a client and what it judges; a topic has a module."""

from heidi_conformance.client._scenario import Scenario, scenario
from heidi_conformance.client._trial import Trial
from heidi_conformance.client._watch import WATCHES
from heidi_conformance.contract._operations import CREATE, READ

from . import _errors, _paging, _reading, _retries, _safety, _sending, _tokens


# What a driver must be able to do before anything is judged; it has no row of its own.
@scenario("documented", CREATE, "the document", "a created resource can be read")
async def probe(trial: Trial) -> None:
    made = await trial.make()
    result = await trial.do(trial.reading(made))
    trial.due(result, READ)
    trial.faithful(result, READ)


PROBE = probe
TOPICS: dict[str, tuple[Scenario, ...]] = {
    "tokens": _tokens.SCENARIOS,
    "retries": _retries.SCENARIOS,
    "paging": _paging.SCENARIOS,
    "reading": _reading.SCENARIOS,
    "sending": _sending.SCENARIOS,
    "errors": _errors.SCENARIOS,
    "safety": _safety.SCENARIOS,
}
SCENARIOS = tuple(item for scenarios in TOPICS.values() for item in scenarios)
RULES = {item.id: item for item in (PROBE, *SCENARIOS, *WATCHES)}
