"""The scenarios, each with what it asks of a client and what it judges; a topic has a module."""

from heidi_conformance.client._scenario import Scenario, scenario
from heidi_conformance.client._trial import Trial
from heidi_conformance.client._watch import WATCHES
from heidi_conformance.contract._operations import CREATE, READ

from . import _errors, _paging, _reading, _retries, _safety, _sending, _tokens


@scenario("documented", CREATE, "the document", "a created resource can be read")
async def probe(trial: Trial) -> None:
    made = await trial.make()
    result = await trial.do(trial.reading(made))
    trial.due(result, READ)
    trial.faithful(result, READ)


PROBE = probe
SCENARIOS: tuple[Scenario, ...] = tuple(
    item
    for topic in (_tokens, _retries, _paging, _reading, _sending, _errors, _safety)
    for item in topic.SCENARIOS
)
RULES = {item.id: item for item in (PROBE, *SCENARIOS, *WATCHES)}
